/* Which rows of a batch overlap each other, and which overlap rows that are published. Boxes find the pairs, GEOS the
 * area that two have in common. */
#ifndef DK_STORE_OVERLAP_H
#define DK_STORE_OVERLAP_H

#include "store/store.h"

/* Less is no overlap but the inaccuracy of two surveys of one border: an area in common of less than a square metre, or
 * one that is on average narrower than 0.1 m (twice the area by the perimeter), and has no part that is not. */
#define DK_OVERLAP_M2 1.0
#define DK_OVERLAP_WIDTH_M 0.1

typedef struct dk_overlap {
    const char *key, *other; /* other: of the same batch if batch is 0; valid inside the callback */
    int64_t batch;           /* that the other, which is published, came with */
    double area_m2;          /* on the ellipsoid */
    double share;            /* of the smaller one of the two, 0 to 1 */
    double lon, lat;         /* a place in it, degrees */
} dk_overlap;

typedef struct dk_overlap_counts {
    int64_t within, published; /* pairs */
    int64_t unknown;           /* pairs that GEOS could not intersect */
} dk_overlap_counts;

/* Each pair once. Rows that the batch replaces do not count, nor do those of withdrawn or staged batches and other
 * versions of its own rows. 64 bytes a row of the batch and of what is published in its box, and 64 MB of outlines,
 * with what the large ones of them are cut to. step is told how many boxes are done, often. A status other than DK_OK
 * from each or step ends the search and is returned. A layer of lines or points has no overlaps. */
dk_status dk_batch_overlaps(dk_store *store, const dk_kind *layer, int64_t batch,
                            dk_status (*each)(const dk_overlap *overlap, void *user),
                            dk_status (*step)(int64_t done, int64_t total, void *user), void *user,
                            dk_overlap_counts *ret_counts, dk_error *err);

#endif
