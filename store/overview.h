/* Overviews: where a tile of a small zoom has a threshold (budget.c), most of what lies in it is not drawn there, and
 * the blocks that hold it are a hundred times what is. So what is drawn of the tile's features stands in a block of its
 * own besides, with the values of their tile attributes and the vertices of that zoom.
 *
 * The overview of a tile of the matrix of WebMercatorQuad holds the entries that have their label position there, that
 * are drawn at its zoom, and whose blocks are of levels above the zoom: those reach a quarter of a tile at most. Pieces
 * and outlines that pieces stand for are not in it. head.last_zoom is the zoom. It is written with the threshold, and
 * follows from the same entries. */
#ifndef DK_STORE_OVERVIEW_H
#define DK_STORE_OVERVIEW_H

#include "store/handle.h"

#define DK_OVERVIEW_ZOOM 8 /* the last zoom that has any: from there on thresholds are few and tiles small */

/* Of a tile under way: added entry by entry, in any order. One per writer. */
typedef struct dk_overview dk_overview;
dk_overview *dk_overview_create(void);        /* NULL: out of memory. Caller frees with dk_overview_free */
void dk_overview_free(dk_overview *overview); /* NULL-safe */

void dk_overview_begin(dk_overview *overview, const dk_kind *layer, int zoom);
/* Entry i of a block of a shelf, which is drawn at the zoom; passed over if it is none for an overview. */
dk_status dk_overview_add(dk_overview *overview, const dk_block *block, uint32_t i, int shelf);
/* Writes what was added as the overview of a tile, if it differs from the one that is there; nothing added: there is
 * none. */
dk_status dk_overview_write(dk_overview *overview, dk_store *store, uint64_t tile, int64_t generation, dk_error *err);
/* Whether a generation sees that already; DK_NEWEST: that of the change under way. */
dk_status dk_overview_compare(dk_overview *overview, dk_store *store, uint64_t tile, int64_t generation, bool *ret_same,
                              dk_error *err);

#endif
