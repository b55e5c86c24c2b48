/* The answer to a question for a place, before it is written: shared by JSON (overlaps.c) and the page
 * (overlaps_page.c). */
#ifndef DK_TILER_OVERLAPS_H
#define DK_TILER_OVERLAPS_H

#include "store/region_rows.h"
#include "tiler/http.h"

typedef struct dk_overlaps {
    dk_region *region;
    const dk_kind *kind; /* of the stored row that is asked about; NULL: a place of the client's */
    const char *key;
    size_t limit; /* rows listed of each layer */
    const dk_kind *layers[DK_MAX_KINDS];
    dk_met met[DK_MAX_KINDS]; /* beside layers */
    size_t n_layers;
} dk_overlaps;

/* Fields of a row that are shown beside its key and label: those that tiles carry and the viewer sees. */
bool dk_overlap_field(const dk_row *row, size_t field);
/* The field that tells kinds of a layer's rows apart, if the viewer sees it in any: else -1, and its name is not told.
 */
int dk_overlap_classify(const dk_context *ctx, const dk_kind *layer);
/* Writes a page to be printed, 压覆、占用分析, without a script. */
dk_status dk_write_overlaps_page(dk_context *ctx, const dk_overlaps *overlaps);

#endif
