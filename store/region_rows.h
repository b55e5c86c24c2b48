/* What a region meets in a layer, with the area in common.
 *
 * Rows come from the cell index by their boxes; GEOS decides the rest. The area in common is that of the intersection
 * of the stored outlines, computed in degrees, in which edges are straight by definition, with the official formula on
 * its vertices (store/area.h). That formula takes an edge between two vertices for straight in the equal-area plane
 * (longitude, area from the equator), so that a vertex on an edge changes it: at 35° N and 45° by 7 m² times the cube
 * of the edge's length in kilometres, which is 0.01 m² for 110 m. An intersection has vertices where borders cross;
 * areas of parts of a polygon with edges of kilometres therefore do not add up to its own to the square metre, and no
 * choice of the vertices would make them agree with both. */
#ifndef DK_STORE_REGION_ROWS_H
#define DK_STORE_REGION_ROWS_H

#include "store/query.h"
#include "store/region.h"

#define DK_MEET_ROWS 10000       /* rows of a layer that a region meets; more are left out */
#define DK_MEET_VERTICES 2000000 /* of the rows that are met, in all layers of one question */
#define DK_MEET_LEAST_M2 0.005   /* an area in common of less is none: it is the inaccuracy of positions */

typedef struct dk_met_row {
    int64_t row;
    uint64_t
        feature; /* of rows with as much in common the smaller comes first: what few see must not tell their order */
    double shared_m2, row_m2; /* both 0 unless row and region have areas */
    bool touches_only;        /* they have borders in common and no area; of points and lines: a border */
    uint32_t class;           /* number in dk_met.classes */
} dk_met_row;

/* Rows with the same value of the layer's classify field, as the viewer sees it. */
typedef struct dk_met_class {
    char *value;      /* as text; NULL: none, or not seen */
    size_t rows;      /* with an area in common; of points and lines: all */
    double shared_m2; /* area in common with any of them: where rows overlap one another it counts once */
} dk_met_class;

typedef struct dk_met {
    dk_met_row *rows; /* by falling area in common, those that only touch last */
    size_t n, capacity;
    dk_met_class *classes; /* by falling area; a layer without a classify field has one */
    size_t n_classes, classes_capacity;
    bool complete; /* false: there are more than DK_MEET_ROWS, and the figures are those of the rows given */
    bool areas;    /* layer and region have areas */
} dk_met;

/* Replaces ret_met, which may be all zeros; freed with dk_met_finish. generation: dk_index_begin. without: a row that
 * does not count, 0: none. *vertices counts those of the rows that are met, from layer to layer. DK_BUSY with a
 * sentence when the thread's time (store/geos_time.h) is over, DK_LIMIT when there are too many vertices. */
dk_status dk_region_meet(dk_store *store, dk_region *region, const dk_kind *layer, const dk_viewer *viewer,
                         int64_t generation, int64_t without, size_t *vertices, dk_met *ret_met, dk_error *err);
void dk_met_finish(dk_met *met);

/* Gives the first `limit` rows as the viewer sees them, without geometry. */
typedef bool (*dk_met_fn)(const dk_row *row, const dk_met_row *met, void *user);
dk_status dk_met_give(dk_store *store, const dk_kind *layer, const dk_viewer *viewer, int64_t generation,
                      const dk_met *met, size_t limit, dk_met_fn each, void *user, dk_error *err);

/* The region of a stored row as the viewer sees it, and its number. DK_NOT_FOUND: not published, or not for them;
 * DK_INVALID: it has no outline yet. */
dk_status dk_region_of_row(dk_store *store, const dk_kind *layer, const char *key, const dk_viewer *viewer,
                           int64_t generation, dk_region **ret_region, int64_t *ret_row, dk_error *err);

#endif
