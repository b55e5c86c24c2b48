/* Where a hit lies that has no geometry of its own: the joint box of some rows of layers. Bounded work. */
#ifndef DK_STORE_SEARCH_BOX_H
#define DK_STORE_SEARCH_BOX_H

#include "store/handle.h"

#define DK_BOX_ROWS 64 /* looked at for one box */

typedef struct dk_joint_box {
    double bounds[4]; /* west, south, east, north; only where n > 0 */
    size_t n;         /* rows in it */
} dk_joint_box;

/* All of what the viewer sees, as they see it. Of the rows of all layers that are linked to a row with these stored
 * values, `most` of each layer. */
dk_status dk_box_of_links(dk_store *store, const dk_kind *kind, const char *key, const dk_value *values,
                          const dk_viewer *viewer, int64_t generation, size_t most, dk_joint_box *box, dk_error *err);
/* Of a division: its published outline, or else rows of layers in it, where their division fields have terms; `most` of
 * each layer, spread over all where there are more. */
dk_status dk_box_of_division(dk_store *store, const char *code, const dk_viewer *viewer, int64_t generation,
                             size_t most, dk_joint_box *box, dk_error *err);

#endif
