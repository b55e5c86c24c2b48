/* Tile matrix sets: how tiles are numbered (OGC 17-083r4, Two Dimensional Tile Matrix Set and Tile Set Metadata 2.0).
 *
 * WebMercatorQuad: EPSG:3857, matrix z has 2^z columns and 2^z rows.
 * CGCS2000Quad: EPSG:4490, numbered as 天地图's layers of the group `c`: matrix z has 2^z columns of 360/2^z degrees
 * and half as many rows of the same height, from 180° W and 90° N. Matrix 0 is one tile of which the northern half is
 * the world. */
#ifndef DK_TILER_TILE_MATRIX_H
#define DK_TILER_TILE_MATRIX_H

#include "store/geometry.h"

#define DK_TILE_MAX_ZOOM 22
#define DK_TILE_BUFFER 64 /* tile units (of 4096) drawn beyond each edge */

typedef enum dk_tile_matrix_set { DK_WEBMERCATORQUAD, DK_CGCS2000QUAD } dk_tile_matrix_set;

typedef struct dk_tile_address {
    dk_tile_matrix_set set;
    int z;         /* 0 to DK_TILE_MAX_ZOOM */
    uint32_t x, y; /* column and row; row 0 in the north */
} dk_tile_address;

/* Whether there is such a tile. */
bool dk_tile_exists(const dk_tile_address *tile);
/* The tile and its buffer (buffer: in tile units, 0: without) in world coordinates, not beyond the world's edge. Of
 * CGCS2000Quad the smallest box of world units that holds it. */
dk_world_box dk_tile_box(const dk_tile_address *tile, int buffer);
/* "WebMercatorQuad", "CGCS2000Quad"; false when there is no set of that name. */
const char *dk_tile_matrix_set_name(dk_tile_matrix_set set);
bool dk_tile_matrix_set_find(const char *name, dk_tile_matrix_set *ret_set);

#endif
