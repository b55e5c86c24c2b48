#include "tiler/tile_matrix.h"

#include <string.h>

static const char *const names[] = {[DK_WEBMERCATORQUAD] = "WebMercatorQuad", [DK_CGCS2000QUAD] = "CGCS2000Quad"};

bool dk_tile_exists(const dk_tile_address *tile)
{
    if (tile->z < 0 || tile->z > DK_TILE_MAX_ZOOM || tile->x >> tile->z != 0)
        return false;
    return tile->set == DK_WEBMERCATORQUAD || tile->z == 0 ? tile->y >> tile->z == 0 : tile->y >> (tile->z - 1) == 0;
}

static uint32_t clamp(int64_t position)
{
    return position < 0 ? 0 : position > UINT32_MAX ? UINT32_MAX : (uint32_t)position;
}

/* From first to last row of units; the last unit of the tile belongs to it only with a buffer: its edge is the next
 * tile's first. */
dk_world_box dk_tile_box(const dk_tile_address *tile, int buffer)
{
    const int64_t size = INT64_C(1) << (32 - tile->z);
    const int64_t more = (int64_t)buffer * size / 4096, edge = buffer > 0 ? 0 : 1;
    const int64_t x0 = tile->x * size - more, y0 = tile->y * size - more;
    const int64_t x1 = (tile->x + INT64_C(1)) * size + more - edge, y1 = (tile->y + INT64_C(1)) * size + more - edge;
    dk_world_box box = {clamp(x0), clamp(y0), clamp(x1), clamp(y1)};
    if (tile->set == DK_CGCS2000QUAD) {
        /* Rounding to plate units and back may be one off. */
        const uint32_t one = buffer > 0 ? 1 : 0;
        box.y0 = dk_world_y_of_plate(box.y0);
        box.y1 = dk_world_y_of_plate(box.y1);
        box.y0 -= box.y0 > 0 ? one : 0;
        box.y1 += box.y1 < UINT32_MAX ? one : 0;
    }
    return box;
}

const char *dk_tile_matrix_set_name(dk_tile_matrix_set set)
{
    return names[set];
}

bool dk_tile_matrix_set_find(const char *name, dk_tile_matrix_set *ret_set)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *ret_set = (dk_tile_matrix_set)i;
            return true;
        }
    return false;
}
