/* Comparing the cell index with what the rows that are published would give: what is told, and whether grids, pieces
 * and overviews are right. Entries are compared where they are made (index_write.c). Private to index_*.c. */
#ifndef DK_STORE_INDEX_COMPARE_H
#define DK_STORE_INDEX_COMPARE_H

#include "store/index_rows.h"
#include "store/index_work.h"

#define DK_REINDEX "run dikuai-ingest reindex"
#define DK_LOAD_AGAIN "withdraw its batch, and load that again"

typedef void (*dk_index_tell_fn)(const char *sentence, void *user);

typedef struct dk_index_comparing {
    dk_store *store;
    const dk_kind *layer;
    int64_t generation;
    const uint64_t *levels;    /* dk_sheet_levels of each sheet */
    const dk_index_rows *rows; /* that are published */
    dk_index_tell_fn tell;
    void *user;
    dk_error *err;
    /* Of all rows, when their entries have been compared: */
    dk_grid_sum (*measured)[DK_GRID_MAX_SUMS]; /* what grids sum up, by the zoom that they are drawn from; owned by the
                                                  caller, DK_FINEST_ZOOM + 2 */
    size_t n_pieces;                           /* that there should be */
    bool differs;                              /* something was told of a row */
} dk_index_comparing;

/* A sentence about a row: what is wrong, and what to do. */
void dk_index_tell_row(const dk_kind *layer, int64_t row, const char *what, const char *advice, dk_index_tell_fn tell,
                       void *user);
/* The same of one that differs, to be made anew; DK_OK. */
dk_status dk_index_differs(dk_index_comparing *c, int64_t row, const char *what);
/* DK_CORRUPT, with a sentence. */
dk_status dk_index_damaged(const dk_store *store, const dk_kind *layer, dk_error *err);

/* Compares what there is besides entries, and tells each difference: whether grids count what is not drawn at every
 * zoom, there are no other pieces and entries than those of the rows, and overviews show what is published. */
dk_status dk_index_compare_sheets(dk_index_comparing *c);

#endif
