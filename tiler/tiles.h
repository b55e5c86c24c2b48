/* What the resources of tiles share. */
#ifndef DK_TILER_TILES_H
#define DK_TILER_TILES_H

#include "tiler/http.h"

/* NAME, or NAME_grid, of a layer that the viewer may see; false: there is none. */
bool dk_find_tile_layer(dk_context *ctx, const char *name, size_t size, dk_tile_layer *ret_layer);

#endif
