/* Which tile an address asks for. */
#ifndef DK_TILER_TILE_REQUEST_H
#define DK_TILER_TILE_REQUEST_H

#include "tiler/request.h"
#include "tiler/tile_matrix.h"

typedef struct dk_tile_request {
    const char *layers; /* names joined by commas, borrowed from the request; not yet looked up */
    size_t layers_size;
    dk_tile_address tile;
    bool filtered; /* has parameters that say which rows: any but f */
} dk_tile_request;

/* /xyz/{layers}/{z}/{x}/{y} and /collections/{layer}/tiles/{tileMatrixSet}/{tileMatrix}/{tileRow}/{tileCol}, each
 * perhaps with .mvt or .pbf behind. DK_NOT_FOUND with a sentence when it is not the address of a tile that exists,
 * DK_INVALID when the parameter f asks for another format than mvt (or pbf, as the ending may say, too). */
dk_status dk_tile_request_parse(const dk_request *request, dk_tile_request *ret_tile, dk_error *err);

#endif
