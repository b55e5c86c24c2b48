/* /overlaps and /collections/{layer}/items/{key}/overlaps: what a place or a stored row touches, layer by layer. */
#include "tiler/overlaps.h"

#include "store/geos_time.h"
#include "tiler/body.h"
#include "tiler/convert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECONDS 2.0 /* that a question may take */
#define LISTED 1000 /* rows of a layer, unless limit says otherwise */

/* ---- the question ---- */

/* Numbers joined by commas, exactly n. */
static bool read_numbers(const char *text, double *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *end;
        if (*text == '\0' || strchr("+-.0123456789", *text) == NULL)
            return false;
        numbers[i] = strtod(text, &end);
        if (end == text || !isfinite(numbers[i]) || memchr(text, 'x', (size_t)(end - text)) != NULL ||
            *end != (i + 1 < n ? ',' : '\0'))
            return false;
        text = end + 1;
    }
    return true;
}

static dk_status read_point(dk_context *ctx, const char *text, dk_region **ret_region)
{
    double at[2];
    if (!read_numbers(text, at, 2) || fabs(at[0]) > 180 || fabs(at[1]) > 90)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"point\" is longitude,latitude in degrees.");
    return dk_region_of_point(at[0], at[1], ret_region, &ctx->error);
}

static dk_status read_box(dk_context *ctx, const char *text, dk_region **ret_region)
{
    double box[4];
    if (!read_numbers(text, box, 4) || !(box[0] < box[2] && box[1] < box[3]) || box[0] < -180 || box[2] > 180 ||
        box[1] < -90 || box[3] > 90)
        return dk_fail(
            &ctx->error, DK_INVALID,
            "The parameter \"bbox\" is west,south,east,north in degrees, with west < east and south < north.");
    return dk_region_of_box(box, ret_region, &ctx->error);
}

static dk_status to_lonlat(void *user, double *xy, size_t n, dk_error *err)
{
    return dk_crs_to_lonlat(user, xy, n, err);
}

static dk_status read_text(dk_context *ctx, dk_region_format format, const char *text, size_t size,
                           dk_region **ret_region)
{
    const char *uri = dk_request_param(ctx->request, "crs");
    const dk_crs *crs = dk_crs_default();
    const dk_status status = uri != NULL ? dk_crs_read("crs", uri, &crs, &ctx->error) : DK_OK;
    const dk_region_crs turned = {to_lonlat, (void *)crs};
    return status == DK_OK
               ? dk_region_read(format, text, size, dk_crs_is_lonlat(crs) ? NULL : &turned, ret_region, &ctx->error)
               : status;
}

/* What only GDAL can read goes through the converter, which answers in GeoJSON of longitude and latitude. */
static dk_status read_converted(dk_context *ctx, const char *suffix, dk_region **ret_region)
{
    dk_buf geojson;
    dk_buf_init(&geojson);
    dk_status status = DK_OK;
    if (dk_request_param(ctx->request, "crs") != NULL)
        status =
            dk_fail(&ctx->error, DK_INVALID,
                    "The parameter \"crs\" is for GeoJSON and WKT; such a file says its coordinate system itself.");
    if (status == DK_OK && atomic_fetch_add(ctx->config->converting, 1) >= ctx->config->most_converting)
        status = dk_fail(&ctx->error, DK_BUSY, "Other files are being read; send this one again in a few seconds.");
    else if (status == DK_OK)
        status = dk_convert_upload(ctx->config, ctx->upload.data, ctx->upload.size, suffix, &geojson, &ctx->error);
    if (dk_request_param(ctx->request, "crs") == NULL)
        atomic_fetch_sub(ctx->config->converting, 1);
    if (status == DK_BUSY)
        ctx->problem = 503;                    /* its sentence says why */
    dk_geos_until(dk_seconds_now() + SECONDS); /* converting has a limit of its own */
    if (status == DK_OK)
        status =
            dk_region_read(DK_REGION_GEOJSON, (const char *)geojson.data, geojson.size, NULL, ret_region, &ctx->error);
    dk_buf_finish(&geojson);
    return status;
}

static bool is_type(const char *type, const char *wanted)
{
    const size_t n = strlen(wanted);
    return type != NULL && strncasecmp(type, wanted, n) == 0 && (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

/* WKT begins with the name of a geometry; coordinate TXT with a bracket or a number. */
static bool is_wkt(const char *text, size_t size)
{
    size_t at = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < size && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n'))
        at++;
    return at < size && ((text[at] >= 'A' && text[at] <= 'Z') || (text[at] >= 'a' && text[at] <= 'z'));
}

static dk_status read_upload(dk_context *ctx, dk_region **ret_region)
{
    const dk_upload *upload = &ctx->upload;
    if (upload->size == 0)
        return dk_fail(&ctx->error, DK_INVALID, "The body is empty; it is the area that is asked about.");
    if (upload->coded) { /* RFC 9110, 15.5.16 */
        ctx->problem = 415;
        return dk_fail(&ctx->error, DK_INVALID,
                       "The body is compressed, as its Content-Encoding says; send it as it is, or as a zipped "
                       "shapefile (application/zip) without Content-Encoding.");
    }
    if (is_type(upload->type, "application/geo+json") || is_type(upload->type, "application/json"))
        return read_text(ctx, DK_REGION_GEOJSON, upload->data, upload->size, ret_region);
    if (is_type(upload->type, "text/plain") && is_wkt(upload->data, upload->size))
        return read_text(ctx, DK_REGION_WKT, upload->data, upload->size, ret_region);
    if (is_type(upload->type, "text/plain"))
        return read_converted(ctx, "txt", ret_region);
    if (is_type(upload->type, "application/zip") || is_type(upload->type, "application/x-zip-compressed"))
        return read_converted(ctx, "zip", ret_region);
    ctx->problem = 415;
    return dk_fail(
        &ctx->error, DK_INVALID,
        "The body is GeoJSON (application/geo+json), WKT or coordinate TXT (text/plain), or a zipped shapefile "
        "(application/zip); say which with Content-Type.");
}

static dk_status read_question(dk_context *ctx, dk_region **ret_region)
{
    static const char *const names[] = {"point", "bbox", "wkt"};
    const char *values[3];
    size_t n = ctx->upload.data != NULL ? 1 : 0;
    for (size_t i = 0; i < 3; i++) {
        values[i] = dk_request_param(ctx->request, names[i]);
        n += values[i] != NULL ? 1 : 0;
    }
    if (n != 1)
        return dk_fail(&ctx->error, DK_INVALID,
                       "Ask about one place: with the parameter \"point\" (longitude,latitude), \"bbox\" "
                       "(west,south,east,north) or \"wkt\", or with a POSTed area.");
    if ((values[0] != NULL || values[1] != NULL) && dk_request_param(ctx->request, "crs") != NULL)
        return dk_fail(
            &ctx->error, DK_INVALID,
            "The parameter \"crs\" is for GeoJSON and WKT: \"%s\" is in degrees, longitude first; leave crs out, or ask "
            "with \"wkt\".",
            values[0] != NULL ? names[0] : names[1]);
    if (values[0] != NULL)
        return read_point(ctx, values[0], ret_region);
    if (values[1] != NULL)
        return read_box(ctx, values[1], ret_region);
    if (values[2] != NULL)
        return read_text(ctx, DK_REGION_WKT, values[2], strlen(values[2]), ret_region);
    return read_upload(ctx, ret_region);
}

static dk_status add_layer(dk_context *ctx, dk_overlaps *overlaps, const char *name, size_t size)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    for (size_t i = 0; i < catalogue->n_layers; i++) {
        const dk_kind *layer = &catalogue->kinds[i];
        if (strlen(layer->name) != size || memcmp(layer->name, name, size) != 0 || !dk_context_sees(ctx, layer))
            continue;
        for (size_t j = 0; j < overlaps->n_layers; j++)
            if (overlaps->layers[j] == layer)
                return dk_fail(&ctx->error, DK_INVALID, "The parameter \"layers\" names \"%s\" twice.", layer->name);
        overlaps->layers[overlaps->n_layers++] = layer;
        return DK_OK;
    }
    return dk_fail(&ctx->error, DK_INVALID,
                   "The parameter \"layers\" names \"%.*s\", which is no layer; /collections lists them.",
                   size < 100 ? (int)size : 100, name);
}

static dk_status read_layers(dk_context *ctx, dk_overlaps *overlaps)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const char *text = dk_request_param(ctx->request, "layers");
    dk_status status = DK_OK;
    if (text == NULL) {
        for (size_t i = 0; i < catalogue->n_layers; i++)
            if (dk_context_sees(ctx, &catalogue->kinds[i]))
                overlaps->layers[overlaps->n_layers++] = &catalogue->kinds[i];
        return DK_OK;
    }
    for (;; text++) {
        const size_t size = strcspn(text, ",");
        if ((status = add_layer(ctx, overlaps, text, size)) != DK_OK)
            return status;
        text += size;
        if (*text == '\0')
            return DK_OK;
    }
}

/* ---- the answer as JSON ---- */

bool dk_overlap_field(const dk_row *row, size_t field)
{
    return row->kind->fields[field].in_tiles && (row->visible >> field & 1) != 0 && row->values[field].type != DK_NULL;
}

static void write_area(dk_json *json, const char *name, double area_m2)
{
    dk_json_key(json, name);
    dk_json_number(json, round(area_m2 * 100) / 100);
}

/* A share from 0 to 1, to the millionth. */
static void write_share(dk_json *json, const char *name, double part, double whole)
{
    if (!(whole > 0))
        return;
    dk_json_key(json, name);
    dk_json_number(json, fmin(round(part / whole * 1e6) / 1e6, 1));
}

typedef struct writer {
    dk_context *ctx;
    const dk_overlaps *overlaps;
    bool areas;
} writer;

static bool write_row(const dk_row *row, const dk_met_row *met, void *user)
{
    writer *w = user;
    dk_context *ctx = w->ctx;
    dk_json *json = &ctx->json;
    dk_buf path;
    dk_buf_init(&path);
    dk_buf_text(&path, ctx->config->base_path);
    dk_append_item_path(&path, row->kind, row->key);
    dk_json_object_begin(json);
    dk_json_member_text(json, "key", row->key);
    dk_json_member_text(json, "label", row->label);
    dk_json_key(json, "feature");
    dk_json_integer(json, (int64_t)row->feature);
    dk_json_key(json, "properties");
    dk_json_object_begin(json);
    for (size_t i = 0; i < row->kind->n_fields; i++) {
        if (!dk_overlap_field(row, i))
            continue;
        dk_json_key(json, row->kind->fields[i].name);
        dk_json_value(json, &row->values[i]);
    }
    dk_json_object_end(json);
    if (w->areas) {
        write_area(json, "area_m2", met->shared_m2);
        write_share(json, "share_of_question", met->shared_m2, dk_region_area_m2(w->overlaps->region));
        write_area(json, "item_area_m2", met->row_m2);
        write_share(json, "share_of_item", met->shared_m2, met->row_m2);
    }
    dk_json_key(json, "touches_only");
    dk_json_bool(json, met->touches_only);
    dk_json_key(json, "href");
    dk_json_text_n(json, (const char *)path.data, path.size);
    dk_json_object_end(json);
    json->buf->failed = json->buf->failed || path.failed;
    dk_buf_finish(&path);
    return json->buf->size < DK_BODY_MAX && !json->buf->failed;
}

int dk_overlap_classify(const dk_context *ctx, const dk_kind *layer)
{
    const int field = layer->classify_field;
    return field >= 0 && (dk_context_fields(ctx, layer) >> field & 1) != 0 ? field : -1;
}

static void write_totals(writer *w, const dk_kind *layer, const dk_met *met)
{
    dk_json *json = &w->ctx->json;
    const int classify = dk_overlap_classify(w->ctx, layer);
    dk_json_key(json, "totals");
    dk_json_array_begin(json);
    for (size_t i = 0; i < met->n_classes; i++) {
        const dk_met_class *class = &met->classes[i];
        if (class->rows == 0)
            continue;
        dk_json_object_begin(json);
        if (classify >= 0) {
            dk_json_member_text(json, "field", layer->fields[classify].name);
            dk_json_member_text(json, "value", class->value);
        }
        dk_json_member_integer(json, "rows", (int64_t) class->rows);
        if (met->areas) {
            write_area(json, "area_m2", class->shared_m2);
            write_share(json, "share_of_question", class->shared_m2, dk_region_area_m2(w->overlaps->region));
        }
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
}

static dk_status write_layer(dk_context *ctx, const dk_overlaps *overlaps, size_t i)
{
    dk_json *json = &ctx->json;
    const dk_kind *layer = overlaps->layers[i];
    const dk_met *met = &overlaps->met[i];
    writer w = {ctx, overlaps, met->areas};
    dk_json_object_begin(json);
    dk_json_member_text(json, "layer", layer->name);
    dk_json_member_text(json, "title", layer->title);
    dk_json_member_integer(json, "numberMatched", (int64_t)met->n);
    dk_json_member_integer(json, "numberReturned", (int64_t)(met->n < overlaps->limit ? met->n : overlaps->limit));
    dk_json_key(json, "complete");
    dk_json_bool(json, met->complete);
    write_totals(&w, layer, met);
    dk_json_key(json, "items");
    dk_json_array_begin(json);
    const dk_status status = dk_met_give(ctx->worker->store, layer, &ctx->viewer, ctx->worker->generation.number, met,
                                         overlaps->limit, write_row, &w, &ctx->error);
    dk_json_array_end(json);
    dk_json_object_end(json);
    return status;
}

static dk_status write_json(dk_context *ctx, const dk_overlaps *overlaps)
{
    dk_json *json = &ctx->json;
    const dk_region *region = overlaps->region;
    const dk_geometry_kind kind = dk_region_kind(region);
    bool complete = true;
    dk_status status = DK_OK;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_key(json, "question");
    dk_json_object_begin(json);
    dk_json_member_text(json, "type", kind == DK_POLYGONS ? "polygon" : kind == DK_LINES ? "line" : "point");
    if (overlaps->kind != NULL) {
        dk_json_member_text(json, "layer", overlaps->kind->name);
        dk_json_member_text(json, "key", overlaps->key);
    }
    if (kind == DK_POLYGONS)
        write_area(json, "area_m2", dk_region_area_m2(region));
    dk_json_member_integer(json, "vertices", (int64_t)dk_region_vertices(region));
    dk_json_key(json, "bbox");
    dk_json_array_begin(json);
    for (int i = 0; i < 4; i++)
        dk_json_degrees(json, dk_region_bounds(region)[i]);
    dk_json_array_end(json);
    dk_json_object_end(json);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    for (size_t i = 0; i < overlaps->n_layers; i++)
        complete = complete && overlaps->met[i].complete;
    dk_json_key(json, "complete");
    dk_json_bool(json, complete);
    dk_json_key(json, "layers");
    dk_json_array_begin(json);
    for (size_t i = 0; status == DK_OK && i < overlaps->n_layers; i++)
        status = write_layer(ctx, overlaps, i);
    dk_json_array_end(json);
    dk_json_object_end(json);
    if (status == DK_OK && json->buf->size >= DK_BODY_MAX)
        status = dk_fail(&ctx->error, DK_LIMIT, "The answer is larger than %u MiB; ask for fewer rows with \"limit\".",
                         DK_BODY_MAX >> 20);
    return status;
}

/* ---- both resources ---- */

/* Asks the layers and writes the answer. without: the number of the row that is asked about, 0: none. */
static dk_status answer(dk_context *ctx, dk_overlaps *overlaps, int64_t without)
{
    const char *format = dk_request_param(ctx->request, "f");
    size_t vertices = 0;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < overlaps->n_layers; i++)
        status = dk_region_meet(ctx->worker->store, overlaps->region, overlaps->layers[i], &ctx->viewer,
                                ctx->worker->generation.number, overlaps->layers[i] == overlaps->kind ? without : 0,
                                &vertices, &overlaps->met[i], &ctx->error);
    for (size_t i = 0; i < overlaps->n_layers; i++)
        ctx->rows += overlaps->met[i].n < overlaps->limit ? overlaps->met[i].n : overlaps->limit;
    ctx->counted = true;
    if (status == DK_OK)
        status = format != NULL && strcmp(format, "html") == 0 ? dk_write_overlaps_page(ctx, overlaps)
                                                               : write_json(ctx, overlaps);
    return status;
}

static void finish(dk_overlaps *overlaps)
{
    for (size_t i = 0; i < overlaps->n_layers; i++)
        dk_met_finish(&overlaps->met[i]);
    dk_region_free(overlaps->region);
    free(overlaps);
}

static dk_status begin(dk_context *ctx, const char *const *params, dk_overlaps **ret_overlaps)
{
    const char *format = dk_request_param(ctx->request, "f");
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK && format != NULL && strcmp(format, "json") != 0 && strcmp(format, "html") != 0)
        status = dk_fail(&ctx->error, DK_INVALID, "The parameter \"f\" is json or html.");
    dk_overlaps *overlaps = calloc(1, sizeof *overlaps);
    if (overlaps == NULL)
        return dk_fail(&ctx->error, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = dk_context_limit(ctx, LISTED, DK_LIMIT_MAX, &overlaps->limit);
    if (status == DK_OK)
        status = read_layers(ctx, overlaps);
    if (status != DK_OK) {
        finish(overlaps);
        return status;
    }
    *ret_overlaps = overlaps;
    return DK_OK;
}

/* Of a question that ran out of time: the server is well, and so is the request, but not the two together. */
static dk_status end(dk_context *ctx, dk_overlaps *overlaps, dk_status status)
{
    if (status == DK_BUSY && dk_geos_late())
        ctx->problem = 503;
    dk_geos_until(0);
    finish(overlaps);
    return status;
}

dk_status dk_get_overlaps(dk_context *ctx)
{
    static const char *const params[] = {"point", "bbox", "wkt", "layers", "crs", "limit", "f", NULL};
    dk_overlaps *overlaps = NULL;
    dk_status status = begin(ctx, params, &overlaps);
    if (status != DK_OK)
        return status;
    dk_geos_until(dk_seconds_now() + SECONDS);
    status = read_question(ctx, &overlaps->region);
    if (status == DK_OK)
        status = answer(ctx, overlaps, 0);
    return end(ctx, overlaps, status);
}

dk_status dk_get_item_overlaps(dk_context *ctx)
{
    static const char *const params[] = {"layers", "limit", "f", NULL};
    const dk_kind *kind;
    dk_overlaps *overlaps = NULL;
    dk_status status = dk_context_kind(ctx, ctx->request->path[1], &kind);
    if (status == DK_OK && kind->geometry == DK_NO_GEOMETRY)
        status = dk_fail(&ctx->error, DK_NOT_FOUND, "The collection \"%s\" has no geometry, so nothing overlaps.",
                         kind->name);
    if (status == DK_OK)
        status = begin(ctx, params, &overlaps);
    if (status != DK_OK)
        return status;
    dk_geos_until(dk_seconds_now() + SECONDS);
    int64_t row = 0;
    overlaps->kind = kind;
    overlaps->key = ctx->request->path[3];
    status = dk_region_of_row(ctx->worker->store, kind, overlaps->key, &ctx->viewer, ctx->worker->generation.number,
                              &overlaps->region, &row, &ctx->error);
    if (status == DK_NOT_FOUND)
        status = dk_fail(&ctx->error, DK_NOT_FOUND, "The collection \"%s\" has no such published item.", kind->name);
    if (status == DK_OK)
        status = answer(ctx, overlaps, row);
    return end(ctx, overlaps, status);
}
