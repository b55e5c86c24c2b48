/* OGC API – Tiles Part 1 (OGC 20-057): tile matrix sets, and the tilesets of a layer or of its grid. */
#include "tiler/http.h"
#include "tiler/tile_grid_layer.h"
#include "tiler/tile_matrix.h"
#include "tiler/tiles.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TILE_PIXELS 256
/* Of OGC 17-083r4, 6.1.1: a pixel is 0.28 mm, and metres per unit come from the semi-major axis of WGS 84. */
#define PIXEL_METRES 0.00028
#define SEMI_MAJOR 6378137.0

static const struct set_description {
    const char *title, *uri, *crs, *scales;
} sets[] = {
    [DK_WEBMERCATORQUAD] = {"Google Maps Compatible for the World",
                            "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
                            "http://www.opengis.net/def/crs/EPSG/0/3857",
                            "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"},
    [DK_CGCS2000QUAD] = {"国家大地坐标系 2000 经纬度（天地图 c）", NULL, "http://www.opengis.net/def/crs/EPSG/0/4490",
                         NULL},
};
enum { N_SETS = sizeof sets / sizeof *sets };

/* The units of the set's CRS that a pixel is wide. */
static double cell_size(dk_tile_matrix_set set, int z)
{
    const double world = set == DK_WEBMERCATORQUAD ? 2 * M_PI * SEMI_MAJOR : 360;
    return world / TILE_PIXELS / ldexp(1, z);
}

static double metres_per_unit(dk_tile_matrix_set set)
{
    return set == DK_WEBMERCATORQUAD ? 1 : SEMI_MAJOR * M_PI / 180;
}

static dk_status check(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    const dk_status status = dk_context_params(ctx, params);
    return status != DK_OK ? status : dk_context_json_only(ctx);
}

static void write_path_link(dk_context *ctx, const char *rel, const char *type, const char *title, const char *format,
                            const char *a, const char *b)
{
    char path[400];
    snprintf(path, sizeof path, format, a, b);
    dk_write_link(ctx, rel, path, type, title);
}

/* ---- tile matrix sets ---- */

dk_status dk_get_tile_matrix_sets(dk_context *ctx)
{
    const dk_status status = check(ctx);
    if (status != DK_OK)
        return status;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_key(json, "tileMatrixSets");
    dk_json_array_begin(json);
    for (size_t i = 0; i < N_SETS; i++) {
        const char *name = dk_tile_matrix_set_name((dk_tile_matrix_set)i);
        dk_json_object_begin(json);
        dk_json_member_text(json, "id", name);
        dk_json_member_text(json, "title", sets[i].title);
        if (sets[i].uri != NULL)
            dk_json_member_text(json, "uri", sets[i].uri);
        dk_json_member_text(json, "crs", sets[i].crs);
        dk_json_key(json, "links");
        dk_json_array_begin(json);
        write_path_link(ctx, "self", "application/json", sets[i].title, "/tileMatrixSets/%s%s", name, "");
        dk_json_array_end(json);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    dk_json_object_end(json);
    return DK_OK;
}

static void write_matrix(dk_json *json, dk_tile_matrix_set set, int z)
{
    char id[8];
    snprintf(id, sizeof id, "%d", z);
    const double size = cell_size(set, z);
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", id);
    dk_json_key(json, "scaleDenominator");
    dk_json_number(json, size * metres_per_unit(set) / PIXEL_METRES);
    dk_json_key(json, "cellSize");
    dk_json_number(json, size);
    dk_json_member_text(json, "cornerOfOrigin", "topLeft");
    dk_json_key(json, "pointOfOrigin"); /* in the order of the CRS's axes */
    dk_json_array_begin(json);
    dk_json_number(json, set == DK_WEBMERCATORQUAD ? -M_PI * SEMI_MAJOR : 90);
    dk_json_number(json, set == DK_WEBMERCATORQUAD ? M_PI * SEMI_MAJOR : -180);
    dk_json_array_end(json);
    dk_json_member_integer(json, "tileWidth", TILE_PIXELS);
    dk_json_member_integer(json, "tileHeight", TILE_PIXELS);
    dk_json_member_integer(json, "matrixWidth", INT64_C(1) << z);
    dk_json_member_integer(json, "matrixHeight",
                           set == DK_WEBMERCATORQUAD || z == 0 ? INT64_C(1) << z : INT64_C(1) << (z - 1));
    dk_json_object_end(json);
}

static dk_status find_set(dk_context *ctx, const char *name, dk_tile_matrix_set *ret_set)
{
    if (dk_tile_matrix_set_find(name, ret_set))
        return DK_OK;
    return dk_fail(&ctx->error, DK_NOT_FOUND, "There is no tile matrix set \"%.100s\"; /tileMatrixSets lists them.",
                   name);
}

dk_status dk_get_tile_matrix_set(dk_context *ctx)
{
    dk_tile_matrix_set set;
    dk_status status = find_set(ctx, ctx->request->path[1], &set);
    if (status == DK_OK)
        status = check(ctx);
    if (status != DK_OK)
        return status;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", dk_tile_matrix_set_name(set));
    dk_json_member_text(json, "title", sets[set].title);
    if (set == DK_CGCS2000QUAD)
        dk_json_member_text(
            json, "description",
            "Numbered as Tianditu's layers of the group c: matrix z has 2^z columns of 360/2^z degrees.");
    if (sets[set].uri != NULL)
        dk_json_member_text(json, "uri", sets[set].uri);
    dk_json_member_text(json, "crs", sets[set].crs);
    dk_json_key(json, "orderedAxes");
    dk_json_array_begin(json);
    dk_json_text(json, set == DK_WEBMERCATORQUAD ? "E" : "Lat");
    dk_json_text(json, set == DK_WEBMERCATORQUAD ? "N" : "Lon");
    dk_json_array_end(json);
    if (sets[set].scales != NULL)
        dk_json_member_text(json, "wellKnownScaleSet", sets[set].scales);
    dk_json_key(json, "tileMatrices");
    dk_json_array_begin(json);
    for (int z = 0; z <= DK_TILE_MAX_ZOOM; z++)
        write_matrix(json, set, z);
    dk_json_array_end(json);
    dk_json_object_end(json);
    return DK_OK;
}

/* ---- tilesets ---- */

typedef struct tileset {
    dk_tile_layer layer;
    char name[80]; /* of the layer or its grid */
    char title[320];
    int min_zoom, max_zoom;
    double bounds[4]; /* west, south, east, north */
} tileset;

static dk_status find_tileset(dk_context *ctx, tileset *ret)
{
    const char *name = ctx->request->path[1];
    dk_summary own;
    const dk_summary *const summary = &own;
    if (!dk_find_tile_layer(ctx, name, strlen(name), &ret->layer))
        return dk_fail(&ctx->error, DK_NOT_FOUND, "There is no layer \"%.100s\"; /catalogue lists them.", name);
    const dk_kind *kind = ret->layer.kind;
    snprintf(ret->name, sizeof ret->name, "%s%s", kind->name, ret->layer.grid ? "_grid" : "");
    snprintf(ret->title, sizeof ret->title, "%.280s%s", kind->title, ret->layer.grid ? "（统计格网）" : "");
    ret->min_zoom = ret->layer.grid ? 0 : kind->min_zoom;
    ret->max_zoom = dk_context_max_zoom(ctx, kind);
    const dk_status status = dk_context_summary(ctx, kind, &own);
    if (status == DK_OK)
        memcpy(ret->bounds, summary->rows > summary->undrawn ? summary->bounds : ctx->worker->catalogue->extent,
               sizeof ret->bounds);
    return status;
}

static void write_tileset_head(dk_context *ctx, const tileset *t, dk_tile_matrix_set set)
{
    dk_json *json = &ctx->json;
    dk_json_member_text(json, "title", t->title);
    dk_json_member_text(json, "dataType", "vector");
    dk_json_member_text(json, "crs", sets[set].crs);
    if (sets[set].uri != NULL)
        dk_json_member_text(json, "tileMatrixSetURI", sets[set].uri);
}

static void write_set_link(dk_context *ctx, dk_tile_matrix_set set)
{
    write_path_link(ctx, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme", "application/json", sets[set].title,
                    "/tileMatrixSets/%s%s", dk_tile_matrix_set_name(set), "");
}

dk_status dk_get_tilesets(dk_context *ctx)
{
    tileset t;
    dk_status status = find_tileset(ctx, &t);
    if (status == DK_OK)
        status = check(ctx);
    if (status != DK_OK)
        return status;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_key(json, "tilesets");
    dk_json_array_begin(json);
    for (size_t i = 0; i < N_SETS; i++) {
        const dk_tile_matrix_set set = (dk_tile_matrix_set)i;
        dk_json_object_begin(json);
        write_tileset_head(ctx, &t, set);
        dk_json_key(json, "links");
        dk_json_array_begin(json);
        write_path_link(ctx, "self", "application/json", t.title, "/collections/%s/tiles/%s", t.name,
                        dk_tile_matrix_set_name(set));
        write_set_link(ctx, set);
        dk_json_array_end(json);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    write_path_link(ctx, "self", "application/json", t.title, "/collections/%s/tiles%s", t.name, "");
    dk_json_array_end(json);
    dk_json_object_end(json);
    return DK_OK;
}

/* The row of tiles that shows what lies at a position: a grid's square may belong to the row beside it. */
static uint32_t tile_row(const tileset *t, dk_tile_matrix_set set, int z, uint32_t y)
{
    if (t->layer.grid)
        return dk_grid_tile_row(set, z, y >> (32 - dk_grid_level(z)));
    return (uint32_t)((uint64_t)(set == DK_CGCS2000QUAD ? dk_plate_y(y) : y) >> (32 - z));
}

static void write_limits(dk_json *json, const tileset *t, dk_tile_matrix_set set)
{
    uint32_t x0, y0, x1, y1;
    dk_world_from_lonlat(t->bounds[0], t->bounds[3], &x0, &y0);
    dk_world_from_lonlat(t->bounds[2], t->bounds[1], &x1, &y1);
    dk_json_key(json, "tileMatrixSetLimits");
    dk_json_array_begin(json);
    for (int z = t->min_zoom; z <= t->max_zoom; z++) {
        char id[8];
        snprintf(id, sizeof id, "%d", z);
        dk_json_object_begin(json);
        dk_json_member_text(json, "tileMatrix", id);
        dk_json_member_integer(json, "minTileRow", tile_row(t, set, z, y0));
        dk_json_member_integer(json, "maxTileRow", tile_row(t, set, z, y1));
        dk_json_member_integer(json, "minTileCol", (int64_t)((uint64_t)x0 >> (32 - z)));
        dk_json_member_integer(json, "maxTileCol", (int64_t)((uint64_t)x1 >> (32 - z)));
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
}

static void write_corner(dk_json *json, const char *name, double lon, double lat)
{
    dk_json_key(json, name);
    dk_json_array_begin(json);
    dk_json_degrees(json, lon);
    dk_json_degrees(json, lat);
    dk_json_array_end(json);
}

dk_status dk_get_tileset(dk_context *ctx)
{
    tileset t;
    dk_tile_matrix_set set;
    dk_status status = find_tileset(ctx, &t);
    if (status == DK_OK)
        status = find_set(ctx, ctx->request->path[3], &set);
    if (status == DK_OK)
        status = check(ctx);
    if (status != DK_OK)
        return status;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    write_tileset_head(ctx, &t, set);
    dk_json_key(json, "boundingBox");
    dk_json_object_begin(json);
    write_corner(json, "lowerLeft", t.bounds[0], t.bounds[1]);
    write_corner(json, "upperRight", t.bounds[2], t.bounds[3]);
    dk_json_member_text(json, "crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84");
    dk_json_object_end(json);
    dk_json_key(json, "layers");
    dk_json_array_begin(json);
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", t.name);
    dk_json_member_text(json, "title", t.title);
    dk_json_member_text(json, "dataType", "vector");
    dk_json_object_end(json);
    dk_json_array_end(json);
    write_limits(json, &t, set);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    const char *name = dk_tile_matrix_set_name(set);
    write_path_link(ctx, "self", "application/json", t.title, "/collections/%s/tiles/%s", t.name, name);
    char path[400];
    snprintf(path, sizeof path, "/collections/%s/tiles/%s/{tileMatrix}/{tileRow}/{tileCol}", t.name, name);
    dk_write_link_template(ctx, "item", path, "application/vnd.mapbox-vector-tile", t.title);
    write_set_link(ctx, set);
    dk_json_array_end(json);
    dk_json_object_end(json);
    return DK_OK;
}
