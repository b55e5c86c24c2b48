/* /xyz: vector tiles and their TileJSON. */
#include "tiler/tiles.h"

#include "tiler/item_query.h"
#include "tiler/row_sets.h"
#include "tiler/tile_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool dk_find_tile_layer(dk_context *ctx, const char *text, size_t size, dk_tile_layer *ret_layer)
{
    static const char grid[] = "_grid";
    char name[80];
    if (size == 0 || size >= sizeof name)
        return false;
    memcpy(name, text, size);
    name[size] = '\0';
    *ret_layer = (dk_tile_layer){.kind = dk_catalogue_kind(ctx->worker->catalogue, name)};
    if (ret_layer->kind == NULL && size > strlen(grid) && strcmp(name + size - strlen(grid), grid) == 0) {
        name[size - strlen(grid)] = '\0';
        *ret_layer = (dk_tile_layer){.kind = dk_catalogue_kind(ctx->worker->catalogue, name), .grid = true};
    }
    const dk_kind *kind = ret_layer->kind;
    return kind != NULL && kind->geometry != DK_NO_GEOMETRY && dk_context_sees(ctx, kind);
}

/* Splits layer,layer: DK_NOT_FOUND for a name that is no layer, DK_INVALID for one given twice. */
static dk_status parse_layers(dk_context *ctx, const char *text, size_t size,
                              dk_tile_layer ret_layers[2 * DK_MAX_KINDS], size_t *ret_n)
{
    size_t n = 0;
    for (const char *at = text, *const end = text + size; at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        dk_tile_layer layer;
        if (!dk_find_tile_layer(ctx, at, (size_t)(stop - at), &layer))
            return dk_fail(&ctx->error, DK_NOT_FOUND, "There is no layer \"%.*s\"; /catalogue lists them.",
                           stop - at < 100 ? (int)(stop - at) : 100, at);
        for (size_t i = 0; i < n; i++)
            if (ret_layers[i].kind == layer.kind && ret_layers[i].grid == layer.grid)
                return dk_fail(&ctx->error, DK_INVALID, "The layer \"%.*s\" is given twice; give it once.",
                               (int)(stop - at), at);
        ret_layers[n++] = layer;
        at = stop + 1;
    }
    *ret_n = n;
    return DK_OK;
}

/* ---- filtered ---- */

/* The parameters that say which rows, as they were written: the same text, the same rows. */
static void append_params(const dk_request *request, dk_buf *out)
{
    unsigned char separator = '?';
    for (size_t i = 0; i < request->n_params; i++) {
        if (strcmp(request->params[i].name, "f") == 0)
            continue;
        dk_buf_byte(out, separator);
        separator = '&';
        dk_append_encoded(out, request->params[i].name);
        dk_buf_byte(out, '=');
        dk_append_encoded(out, request->params[i].value);
    }
}

static dk_status take_rows(dk_context *ctx, const dk_kind *kind, dk_shared_set **ret_shared,
                           const dk_row_set **ret_rows)
{
    dk_item_query asked;
    dk_buf name;
    int64_t rebuilt = 0; /* reindex finds rows that were missing from what they are found by */
    dk_status status = dk_index_rebuilt(ctx->worker->store, &rebuilt, &ctx->error);
    if (status != DK_OK)
        return status;
    dk_buf_init(&name);
    dk_buf_format(&name, "%s/%d/%s/%lld", kind->name, (int)ctx->viewer.audience, ctx->viewer.division,
                  (long long)rebuilt);
    append_params(ctx->request, &name);
    const char *text = dk_buf_cstr(&name);
    status = dk_item_query_read(ctx, kind, DK_ROWS, NULL, &asked);
    if (status == DK_OK)
        status = text == NULL ? dk_fail(&ctx->error, DK_NOMEM, "out of memory")
                              : dk_row_sets_take(ctx->sets, text, ctx->worker->store, &asked.query, ret_shared,
                                                 ret_rows, &ctx->error);
    dk_item_query_finish(&asked);
    dk_buf_finish(&name);
    return status;
}

/* Finds the rows of each layer's kind, once for the layer and its grid. */
static dk_status filter_layers(dk_context *ctx, dk_tile_layer *layers, size_t n, dk_shared_set **ret_shared)
{
    for (size_t i = 0; i < n; i++) {
        size_t same = 0;
        while (layers[same].kind != layers[i].kind)
            same++;
        const dk_status status = same < i ? DK_OK : take_rows(ctx, layers[i].kind, &ret_shared[i], &layers[i].rows);
        if (status != DK_OK)
            return status;
        layers[i].rows = layers[same].rows;
    }
    return DK_OK;
}

dk_status dk_get_tile(dk_context *ctx)
{
    dk_tile_layer layers[2 * DK_MAX_KINDS];
    dk_shared_set *shared[2 * DK_MAX_KINDS] = {0};
    size_t n = 0;
    dk_tile_request request;
    int64_t generation = DK_NEWEST;
    dk_status status = dk_tile_request_parse(ctx->request, &request, &ctx->error);
    if (status == DK_OK)
        status = parse_layers(ctx, request.layers, request.layers_size, layers, &n);
    if (status == DK_OK && request.filtered) {
        generation = ctx->worker->generation.number; /* the one for which the rows are found */
        status = filter_layers(ctx, layers, n, shared);
    }
    if (status == DK_OK)
        status = dk_render_tile(ctx->worker->render, ctx->worker->store, layers, n, &request.tile, &ctx->viewer,
                                generation, &ctx->worker->body, &ctx->answer.generation, &ctx->error);
    for (size_t i = 0; i < n; i++)
        dk_row_sets_release(ctx->sets, shared[i]);
    if (status != DK_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        ctx->answer.kinds |= UINT64_C(1) << layers[i].kind->index;
    ctx->answer.type = "application/vnd.mapbox-vector-tile";
    ctx->answer.matter = DK_MATTER_TILE;
    if (ctx->worker->body.size == 0) {
        ctx->answer.status = 204;
        ctx->answer.type = NULL;
    }
    return DK_OK;
}

static void write_vector_layer(dk_context *ctx, const dk_kind *layer)
{
    dk_json *json = &ctx->json;
    const uint64_t visible = dk_context_fields(ctx, layer);
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", layer->name);
    dk_json_member_text(json, "description", layer->title);
    dk_json_member_integer(json, "minzoom", layer->min_zoom);
    dk_json_member_integer(json, "maxzoom", dk_context_max_zoom(ctx, layer));
    dk_json_key(json, "fields");
    dk_json_object_begin(json);
    for (size_t i = 0; i < layer->n_fields; i++) {
        const dk_field *field = &layer->fields[i];
        if (!field->in_tiles || (visible >> i & 1) == 0)
            continue;
        dk_json_member_text(json, field->name,
                            field->type == DK_FIELD_INTEGER || field->type == DK_FIELD_NUMBER ? "Number" : "String");
    }
    dk_json_object_end(json);
    dk_json_object_end(json);
}

static void write_grid_layer(dk_context *ctx, const dk_kind *layer)
{
    dk_json *json = &ctx->json;
    const uint64_t visible = dk_context_fields(ctx, layer);
    bool counts = false;
    for (size_t i = 0; i < layer->n_grid_measures; i++)
        counts |= layer->grid_measures[i].value >= 0 && (visible >> layer->grid_measures[i].field & 1) != 0;
    char name[80], title[400];
    snprintf(name, sizeof name, "%s_grid", layer->name);
    snprintf(title, sizeof title, "%.280s（统计格网%s）", layer->title, counts ? "；各取值的个数为 0 时不写" : "");
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", name);
    dk_json_member_text(json, "description", title);
    dk_json_member_integer(json, "minzoom", 0);
    dk_json_member_integer(json, "maxzoom", dk_context_max_zoom(ctx, layer));
    dk_json_key(json, "fields");
    dk_json_object_begin(json);
    dk_json_member_text(json, "count", "Number");
    if (layer->geometry == DK_POLYGONS && !dk_context_coarse(ctx, layer))
        dk_json_member_text(json, "area_m2", "Number");
    for (size_t i = 0; i < layer->n_grid_measures; i++)
        if (visible >> layer->grid_measures[i].field & 1)
            dk_json_member_text(json, layer->grid_measures[i].name, "Number");
    dk_json_object_end(json);
    dk_json_object_end(json);
}

dk_status dk_get_tilejson(dk_context *ctx)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const char *name = ctx->request->path[1];
    const size_t size = strlen(name) - strlen(".json"); /* the route has seen the ending */
    dk_tile_layer layers[2 * DK_MAX_KINDS];
    size_t n = 0;
    dk_status status = dk_context_json_only(ctx);
    if (status == DK_OK)
        status = parse_layers(ctx, name, size, layers, &n);
    for (size_t i = 0; status == DK_OK && i < n; i++) { /* what the tiles would refuse is refused here */
        dk_item_query asked;
        status = dk_item_query_read(ctx, layers[i].kind, DK_ROWS, NULL, &asked);
        dk_item_query_finish(&asked);
    }
    if (status != DK_OK)
        return status;

    double bounds[4] = {0, 0, 0, 0};
    bool any = false;
    int min_zoom = DK_TILE_MAX_ZOOM, max_zoom = 0;
    for (size_t i = 0; i < n; i++) {
        dk_summary own;
        const dk_summary *const summary = &own;
        const dk_kind *kind = layers[i].kind;
        const int last = dk_context_max_zoom(ctx, kind);
        if ((status = dk_context_summary(ctx, kind, &own)) != DK_OK)
            return status;
        const int first = layers[i].grid ? 0 : kind->min_zoom;
        min_zoom = first < min_zoom ? first : min_zoom;
        max_zoom = last > max_zoom ? last : max_zoom;
        if (summary->rows == summary->undrawn)
            continue;
        for (int k = 0; k < 4; k++)
            if (!any || (k < 2 ? summary->bounds[k] < bounds[k] : summary->bounds[k] > bounds[k]))
                bounds[k] = summary->bounds[k];
        any = true;
    }
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "tilejson", "3.0.0");
    dk_json_member_text(json, "name", n == 1 ? layers[0].kind->title : catalogue->title);
    dk_json_member_text(json, "attribution", catalogue->publisher);
    dk_json_member_text(json, "scheme", "xyz");
    dk_json_key(json, "tiles");
    dk_json_array_begin(json);
    dk_buf address;
    dk_buf_init(&address);
    dk_append_base(ctx, &address);
    dk_buf_text(&address, "/xyz/");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            dk_buf_byte(&address, ',');
        dk_append_encoded(&address, layers[i].kind->name);
        if (layers[i].grid)
            dk_buf_text(&address, "_grid");
    }
    dk_buf_text(&address, "/{z}/{x}/{y}.mvt");
    append_params(ctx->request, &address);
    dk_json_text_n(json, address.data != NULL ? (const char *)address.data : "", address.size);
    if (address.failed)
        json->buf->failed = true;
    dk_buf_finish(&address);
    dk_json_array_end(json);
    dk_json_member_integer(json, "minzoom", min_zoom);
    dk_json_member_integer(json, "maxzoom", max_zoom);
    const double *box = any ? bounds : catalogue->extent;
    dk_json_key(json, "bounds");
    dk_json_array_begin(json);
    for (int k = 0; k < 4; k++)
        dk_json_degrees(json, box[k]);
    dk_json_array_end(json);
    dk_json_key(json, "vector_layers");
    dk_json_array_begin(json);
    for (size_t i = 0; i < n; i++)
        if (layers[i].grid)
            write_grid_layer(ctx, layers[i].kind);
        else
            write_vector_layer(ctx, layers[i].kind);
    dk_json_array_end(json);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    dk_json_object_end(json);
    return DK_OK;
}
