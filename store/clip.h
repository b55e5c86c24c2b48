/* Clipping to an upright square. Coordinates are tile units as doubles, x east, y south. */
#ifndef DK_STORE_CLIP_H
#define DK_STORE_CLIP_H

#include "store/geometry.h"

/* Parts of positions, reused from feature to feature. */
typedef struct dk_parts {
    double *xy;
    size_t n_points, points_capacity;
    dk_part *parts; /* rings are not closed */
    size_t n_parts, parts_capacity;
    double *work; /* of the clipping itself */
    size_t work_capacity;
} dk_parts;

void dk_parts_init(dk_parts *parts);
void dk_parts_finish(dk_parts *parts);
void dk_parts_clear(dk_parts *parts);
/* Room for n more positions and one more part: false when out of memory. */
bool dk_parts_reserve(dk_parts *parts, size_t n);
/* Ends a part that holds the positions from start on. */
void dk_parts_close(dk_parts *parts, size_t start, bool hole);

typedef struct dk_square {
    double low, high; /* the same for x and y, inclusive */
} dk_square;

/* Each appends to out what of the part lies in the square; false when out of memory.
 * Ring, by Sutherland and Hodgman: pieces of a ring that the square cuts apart stay joined by edges along the
 * square's sides, so that the result may need repair; its area is right. */
bool dk_clip_ring(const double *xy, size_t n, bool hole, const dk_square *square, dk_parts *out);
bool dk_clip_line(const double *xy, size_t n, const dk_square *square, dk_parts *out);
bool dk_clip_points(const double *xy, size_t n, const dk_square *square, dk_parts *out);

/* Memory of dk_clip_polygons, reused. */
typedef struct dk_clip_work {
    dk_parts turn[2];
    double *xy;
    size_t n_xy, xy_capacity;
    struct dk_chain *chains;
    size_t n_chains, chains_capacity;
    struct dk_crossing *crossings;
    size_t crossings_capacity;
    size_t *whole; /* holes that no line has met */
    size_t n_whole, whole_capacity;
} dk_clip_work;
void dk_clip_work_finish(dk_clip_work *work);

typedef enum dk_clip_result {
    DK_CLIP_DONE,
    DK_CLIP_UNCLEAR, /* the polygons are not valid, or cross a side twice at one point: use dk_clip_ring, and repair */
    DK_CLIP_NOMEM
} dk_clip_result;

/* Clips valid polygons, exteriors each followed by their holes, so that what is cut apart comes apart and holes that
 * are cut open become part of the border. *ret_out is `in` where all of it lies inside, else it belongs to work until
 * the next call, to which it may be given. */
dk_clip_result dk_clip_polygons(dk_clip_work *work, const dk_parts *in, const dk_square *square,
                                const dk_parts **ret_out);
/* The same between two rows, either of which may be infinite. */
dk_clip_result dk_clip_polygons_to_rows(dk_clip_work *work, const dk_parts *in, double low, double high,
                                        const dk_parts **ret_out);

#endif
