/* Coarse outlines: what the public is shown of a layer that the catalogue gives a precision (public: {precision: 5}).
 *
 * Every vertex is moved to the middle of its cell in one fixed grid: world coordinates (store/geometry.h) divided into
 * squares of 2^level units. The level is the least at which a cell is, anywhere in the catalogue's extent, at least as
 * wide and high as the precision says, so that it is less than twice that (5 m at 34 degrees north: 1024 units, 7.9 m).
 * A power of two, and cells that begin where tiles and the cells of grids begin: which tile or cell a vertex lies in
 * says nothing more than its coarse place. Vertices are moved one by one, so that borders in common stay in common.
 *
 * What else is made of an outline is made of the moved vertices alone: positions twice in a row are dropped, then rings
 * without area, holes too; a polygon of which nothing is left becomes the strip between the first and the last of its
 * cells, and what is left is made valid. The exact outline cannot be had back from any number of answers: each is
 * computed from the same coarse one. */
#ifndef DK_STORE_COARSE_H
#define DK_STORE_COARSE_H

#include "store/geometry.h"

#define DK_COARSEST 31

/* The level for a precision in metres in an extent of west, south, east, north in degrees; 1 to DK_COARSEST. */
int dk_coarse_level(double metres, const double extent[4]);
/* The middle of the cell of a coordinate. */
uint32_t dk_coarse_place(uint32_t world, int level);
/* How far, in degrees and in world units, a coarse outline reaches beyond the box of the exact one at most. */
double dk_coarse_reach_degrees(int level);
uint32_t dk_coarse_reach(int level);
void dk_coarse_widen(dk_world_box *box, int level); /* by so much */
/* Makes a box in degrees (west, south, east, north) that of whole cells. */
void dk_coarse_bounds(double bounds[4], int level);

/* Moves a shape's vertices, in place. Polygons may be invalid then. DK_NOMEM. */
dk_status dk_coarse_shape(dk_shape *shape, int level);
/* Appends the coarse, valid outline of a GeoPackage geometry as another one. An empty geometry stays one. */
dk_status dk_coarse_gpkg(const void *blob, size_t size, int level, dk_buf *out, dk_error *err);

#endif
