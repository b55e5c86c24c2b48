/* /styles: MapLibre styles of the layers, as far as the viewer has these, for maps on other sites. (The map page has
 * them as they are written, web/assets.txt, and fits them to the catalogue itself.) */
#include "tiler/assets.h"
#include "tiler/http.h"
#include "tiler/tiles.h"

#include "store/geometry.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* How the address of a source is written: /xyz/LAYER,LAYER.json */
static const char path[] = "/xyz/", ending[] = ".json";

static bool is_there(dk_context *ctx, const char *name, size_t size)
{
    dk_tile_layer layer;
    return dk_find_tile_layer(ctx, name, size, &layer);
}

/* The source's layers that there are, with an address that leads here from any page: the specification resolves none,
 * and for one layer that there is not the address has nothing. *ret_left: whether there are any. */
static dk_status fit_source(dk_context *ctx, json_t *source, bool *ret_left)
{
    const char *url = json_string_value(json_object_get(source, "url"));
    const size_t size = url != NULL ? strlen(url) : 0, around = strlen(path) + strlen(ending);
    dk_buf address;
    *ret_left = false;
    if (size <= around || strncmp(url, path, strlen(path)) != 0 || strcmp(url + size - strlen(ending), ending) != 0)
        return dk_fail(&ctx->error, DK_INTERNAL, "a style has a source that is not /xyz/LAYERS.json");
    dk_buf_init(&address);
    dk_append_base(ctx, &address);
    dk_buf_text(&address, path);
    for (const char *at = url + strlen(path), *const end = url + size - strlen(ending); at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma != NULL ? comma : end;
        if (is_there(ctx, at, (size_t)(stop - at))) {
            if (*ret_left)
                dk_buf_byte(&address, ',');
            dk_buf_append(&address, at, (size_t)(stop - at));
            *ret_left = true;
        }
        at = stop + 1;
    }
    dk_buf_text(&address, ending);
    const char *text = dk_buf_cstr(&address);
    const bool set = text != NULL && json_object_set_new(source, "url", json_string(text)) == 0;
    dk_buf_finish(&address);
    return set ? DK_OK : dk_fail(&ctx->error, DK_NOMEM, "out of memory");
}

/* Takes away what draws layers that there are not. *ret_left: whether anything is drawn. */
static dk_status fit_style(dk_context *ctx, json_t *style, bool *ret_left)
{
    json_t *const sources = json_object_get(style, "sources"), *const layers = json_object_get(style, "layers"),
                  *source;
    const char *name;
    void *next;
    *ret_left = false;
    json_object_foreach_safe(sources, next, name, source)
    {
        bool left;
        const dk_status status = fit_source(ctx, source, &left);
        if (status != DK_OK)
            return status;
        *ret_left |= left;
        if (!left)
            json_object_del(sources, name);
    }
    for (size_t i = json_array_size(layers); i-- > 0;) {
        const char *of = json_string_value(json_object_get(json_array_get(layers, i), "source-layer"));
        if (of != NULL && !is_there(ctx, of, strlen(of)))
            json_array_remove(layers, i);
    }
    return DK_OK;
}

/* Where a map opens: the middle of the extent, at the zoom at which it fills a window of 512 pixels, as wide as
 * MapLibre's world at zoom 0. */
static bool set_view(json_t *style, const double extent[4])
{
    uint32_t x0, y0, x1, y1;
    dk_world_from_lonlat(extent[0], extent[3], &x0, &y0);
    dk_world_from_lonlat(extent[2], extent[1], &x1, &y1);
    const double larger = fmax((double)x1 - x0, (double)y1 - y0), zoom = 32 - log2(fmax(larger, 1));
    return json_object_set_new(style, "center",
                               json_pack("[ff]", (extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2)) == 0 &&
           json_object_set_new(style, "zoom", json_real(floor(fmax(zoom, 0) * 10) / 10)) == 0;
}

static int append(const char *bytes, size_t size, void *user)
{
    dk_buf *out = user;
    dk_buf_append(out, bytes, size);
    return out->failed ? -1 : 0;
}

dk_status dk_get_style(dk_context *ctx)
{
    enum { DIGITS = 12 }; /* of coordinates, to a micrometre */
    static const char *const params[] = {"v", NULL};
    dk_status status = dk_context_params(ctx, params);
    if (status != DK_OK)
        return status;
    const dk_asset *asset = dk_asset_find("styles", ctx->request->path[1]);
    if (asset == NULL)
        return dk_fail(&ctx->error, DK_NOT_FOUND, "There is no such style.");
    json_t *style = json_loadb((const char *)asset->data, (size_t)(asset->data_end - asset->data), 0, NULL);
    bool left = false;
    status = style != NULL ? fit_style(ctx, style, &left)
                           : dk_fail(&ctx->error, DK_INTERNAL, "the style %s cannot be read", asset->name);
    if (status == DK_OK && !left)
        status = dk_fail(&ctx->error, DK_NOT_FOUND,
                         "There is none of the layers that this style draws; /catalogue lists those that there are.");
    if (status == DK_OK) {
        dk_answer_json(ctx, asset->type);
        if (!set_view(style, ctx->worker->catalogue->extent) ||
            json_dump_callback(style, append, &ctx->worker->body, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) != 0)
            status = dk_fail(&ctx->error, DK_NOMEM, "out of memory");
    }
    json_decref(style);
    return status;
}
