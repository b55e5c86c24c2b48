#include "tiler/tile_request.h"

#include <string.h>

/* A whole number without sign or leading zeros; text may go on behind it. */
static bool parse_number(const char *text, uint32_t *ret_value, const char **ret_rest)
{
    uint32_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (at - text == 9)
            return false;
        value = value * 10 + (uint32_t)(*at - '0');
    }
    if (at == text || (text[0] == '0' && at - text > 1))
        return false;
    *ret_value = value;
    *ret_rest = at;
    return true;
}

/* Three numbers, the last one perhaps with the ending of a format. */
static bool parse_numbers(const char *const *texts, uint32_t ret_values[3])
{
    const char *rest;
    for (size_t i = 0; i < 3; i++) {
        if (!parse_number(texts[i], &ret_values[i], &rest))
            return false;
        if (*rest != '\0' && (i < 2 || (strcmp(rest, ".mvt") != 0 && strcmp(rest, ".pbf") != 0)))
            return false;
    }
    return true;
}

dk_status dk_tile_request_parse(const dk_request *request, dk_tile_request *ret_tile, dk_error *err)
{
    const char *const *path = request->path;
    uint32_t n[3];
    *ret_tile = (dk_tile_request){.layers = path[1], .layers_size = strlen(path[1])};
    dk_tile_address *tile = &ret_tile->tile;
    if (strcmp(path[0], "xyz") == 0) {
        if (!parse_numbers(path + 2, n))
            return dk_fail(
                err, DK_NOT_FOUND,
                "A tile's address is /xyz/LAYERS/Z/X/Y with whole numbers, perhaps with .mvt or .pbf behind.");
        *tile = (dk_tile_address){DK_WEBMERCATORQUAD, n[0] > DK_TILE_MAX_ZOOM ? -1 : (int)n[0], n[1], n[2]};
    } else {
        if (!dk_tile_matrix_set_find(path[3], &tile->set))
            return dk_fail(err, DK_NOT_FOUND, "There is no tile matrix set \"%.100s\"; /tileMatrixSets lists them.",
                           path[3]);
        if (memchr(path[1], ',', ret_tile->layers_size) != NULL || !parse_numbers(path + 4, n))
            return dk_fail(err, DK_NOT_FOUND,
                           "A tile's address is /collections/LAYER/tiles/%s/TILEMATRIX/TILEROW/TILECOL with whole "
                           "numbers, perhaps with .mvt or .pbf behind.",
                           path[3]);
        tile->z = n[0] > DK_TILE_MAX_ZOOM ? -1 : (int)n[0];
        tile->y = n[1];
        tile->x = n[2];
    }
    if (!dk_tile_exists(tile))
        return dk_fail(err, DK_NOT_FOUND,
                       tile->set == DK_WEBMERCATORQUAD
                           ? "There is no such tile: zooms go from 0 to %d, and x and y are below 2^z."
                           : "There is no such tile: matrices go from 0 to %d, with 2^z columns and 2^(z-1) rows.",
                       DK_TILE_MAX_ZOOM);
    const char *format = request->n_params > 0 ? dk_request_param(request, "f") : NULL;
    if (format != NULL && strcmp(format, "mvt") != 0 && strcmp(format, "pbf") != 0)
        return dk_fail(err, DK_INVALID, "The parameter \"f\" can only be mvt here.");
    ret_tile->filtered = request->n_params > (format != NULL ? 1 : 0);
    return DK_OK;
}
