/* Chance, shapes and the region: what the whole generator rests on.
 *
 * Every position is a function of the seed and of lattice numbers, never of what was drawn before. So two
 * neighbours compute a common border alike, nothing has to be remembered, and the same arguments give the same
 * bytes. Coordinates: EPSG:4527, x metres east with the zone's prefix 39, y metres north. */
#ifndef DK_SAMPLES_PLACE_H
#define DK_SAMPLES_PLACE_H

#include "samples/divisions.h"

#include <stdbool.h>
#include <stdint.h>

/* A well-mixed number of the seed and three others. */
uint64_t gen_hash(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);
double gen_unit(uint64_t hash); /* 0 <= result < 1 */

/* A sequence of numbers (splitmix64). */
typedef struct gen_random {
    uint64_t state;
} gen_random;
uint64_t gen_next(gen_random *random);
double gen_between(gen_random *random, double low, double high);
int gen_pick(gen_random *random, int low, int high); /* low <= result <= high */

typedef struct gen_point {
    double x, y;
} gen_point;

/* Polygons as rings. The first ring of a part is its outer one; rings are closed (last point = first). */
typedef struct gen_ring {
    size_t first, n_points;
    bool outer;
} gen_ring;
typedef struct gen_shape {
    gen_point *points;
    gen_ring *rings;
    size_t n_points, points_capacity, n_rings, rings_capacity, n_parts;
} gen_shape;
void gen_shape_clear(gen_shape *shape);
void gen_shape_free(gen_shape *shape);
/* false: out of memory. A point equal to the one before it in its ring is left out. */
bool gen_shape_begin_ring(gen_shape *shape, bool outer);
bool gen_shape_add(gen_shape *shape, gen_point point);
/* Closes the ring; outer rings are turned counter-clockwise, holes clockwise. */
bool gen_shape_end_ring(gen_shape *shape);
/* Whether edges of a ring cross or touch that are no neighbours. */
bool gen_shape_crosses(const gen_shape *shape);
double gen_shape_area(const gen_shape *shape); /* in the plane of the projection, m2 */

/* The region that is filled: an outline (closed, no holes) and its box. */
typedef struct gen_region {
    const gen_point *outline;
    size_t n_outline;
    double min_x, min_y, max_x, max_y;
    double area; /* m2 */
    bool province;
    uint64_t seed;
} gen_region;
void gen_region_init(gen_region *region, bool province, uint64_t seed);
bool gen_region_contains(const gen_region *region, gen_point point);

/* Bends the plane a little, so that what was drawn on straight lattices curves; then rounds to millimetres. */
gen_point gen_warp(const gen_region *region, gen_point point);

/* Smooth noise between -1 and 1 that changes over about `length` metres. */
double gen_noise(uint64_t seed, gen_point at, double length);

/* Where a place belongs. The centres of towns and villages are invented. */
typedef struct gen_place {
    const gen_division *town;    /* the county itself in a province */
    const gen_division *village; /* what a parcel carries; the town or county where there is none smaller */
    size_t town_number;
    double town_distance; /* m */
} gen_place;
gen_place gen_place_of(const gen_region *region, gen_point point);

#endif
