/* Rows as GeoJSON (RFC 7946): what the viewer may see of them. */
#include "store/preview.h"
#include "tiler/http.h"

#include <string.h>

static const char *const change_names[] = {"added", "changed", "removed"};

static double ring_area2(const double *lonlat, size_t n)
{
    double area = 0;
    for (size_t i = 0; i + 1 < n; i++)
        area += (lonlat[2 * i] - lonlat[0]) * (lonlat[2 * i + 3] - lonlat[1]) -
                (lonlat[2 * i + 2] - lonlat[0]) * (lonlat[2 * i + 1] - lonlat[1]);
    return area;
}

/* How coordinates are written. */
typedef struct form {
    dk_json *json;
    bool degrees;     /* else metres */
    bool north_first; /* turns exteriors that run counter-clockwise into ones that run clockwise in these numbers */
} form;

static void write_number(const form *f, double value)
{
    if (f->degrees)
        dk_json_degrees(f->json, value);
    else
        dk_json_metres(f->json, value);
}

static void write_position(const form *f, const double *position)
{
    dk_json_position(f->json, position, f->degrees);
}

static void write_positions(const form *f, const double *lonlat, size_t n, bool backwards)
{
    dk_json_array_begin(f->json);
    for (size_t i = 0; i < n; i++)
        write_position(f, lonlat + 2 * (backwards ? n - 1 - i : i));
    dk_json_array_end(f->json);
}

/* 3.1.6: exteriors counter-clockwise on the ground, holes clockwise. */
static void write_ring(const form *f, const dk_shape *shape, const dk_part *part)
{
    const double *lonlat = shape->lonlat + 2 * part->start;
    const bool clockwise = (ring_area2(lonlat, part->count) < 0) != f->north_first;
    write_positions(f, lonlat, part->count, clockwise != part->hole);
}

static void write_polygons(const form *f, const dk_shape *shape, bool multiple)
{
    dk_json *json = f->json;
    if (multiple)
        dk_json_array_begin(json);
    for (size_t i = 0; i < shape->n_parts;) {
        dk_json_array_begin(json);
        write_ring(f, shape, &shape->parts[i++]);
        while (i < shape->n_parts && shape->parts[i].hole)
            write_ring(f, shape, &shape->parts[i++]);
        dk_json_array_end(json);
    }
    if (multiple)
        dk_json_array_end(json);
}

static void write_geometry(const form *f, const dk_shape *shape)
{
    dk_json *json = f->json;
    size_t n = 0; /* members: polygons, lines or points */
    for (size_t i = 0; i < shape->n_parts; i++)
        n += shape->parts[i].hole ? 0 : 1;
    if (n == 0) {
        dk_json_null(json);
        return;
    }
    const bool multiple = n > 1;
    const char *type = shape->kind == DK_POLYGONS ? (multiple ? "MultiPolygon" : "Polygon")
                       : shape->kind == DK_LINES  ? (multiple ? "MultiLineString" : "LineString")
                                                  : (multiple ? "MultiPoint" : "Point");
    dk_json_object_begin(json);
    dk_json_member_text(json, "type", type);
    dk_json_key(json, "coordinates");
    if (shape->kind == DK_POLYGONS) {
        write_polygons(f, shape, multiple);
    } else if (shape->kind == DK_LINES) {
        if (multiple)
            dk_json_array_begin(json);
        for (size_t i = 0; i < shape->n_parts; i++)
            write_positions(f, shape->lonlat + 2 * shape->parts[i].start, shape->parts[i].count, false);
        if (multiple)
            dk_json_array_end(json);
    } else if (multiple) {
        write_positions(f, shape->lonlat, shape->n_points, false);
    } else {
        write_position(f, shape->lonlat);
    }
    dk_json_object_end(json);
}

static void write_link(dk_context *ctx, const char *rel, dk_buf *path, const char *type, const char *title)
{
    const char *text = dk_buf_cstr(path);
    if (text != NULL)
        dk_write_link(ctx, rel, text, type, title);
    else
        ctx->json.buf->failed = true;
}

static void write_links(dk_context *ctx, const dk_row *row)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_json *json = &ctx->json;
    dk_buf path;
    dk_buf_init(&path);
    dk_append_item_path(&path, row->kind, row->key);

    dk_json_key(json, "links");
    dk_json_array_begin(json);
    write_link(ctx, "self", &path, "application/geo+json", row->label);
    dk_buf_text(&path, "?f=html");
    write_link(ctx, "alternate", &path, "text/html", row->label);
    dk_buf_clear(&path);
    dk_append_item_path(&path, row->kind, row->key);
    dk_buf_text(&path, "/dossier");
    write_link(ctx, "describedby", &path, "application/json", "一地一档");
    dk_buf_text(&path, "?f=html");
    write_link(ctx, "describedby", &path, "text/html", "一地一档（可打印）");
    dk_buf_clear(&path);
    dk_buf_text(&path, "/collections/");
    dk_append_encoded(&path, row->kind->name);
    write_link(ctx, "collection", &path, "application/json", row->kind->title);
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const dk_kind *other = &catalogue->kinds[i];
        bool reversed;
        if (!dk_context_sees(ctx, other) || dk_catalogue_link(catalogue, row->kind, other, &reversed) == NULL)
            continue;
        dk_buf_clear(&path);
        dk_append_item_path(&path, row->kind, row->key);
        dk_buf_byte(&path, '/');
        dk_append_encoded(&path, other->name);
        write_link(ctx, "related", &path, "application/geo+json", other->title);
    }
    dk_json_array_end(json);
    dk_buf_finish(&path);
}

/* The two that a row of a page has: short, and made from what they have in common, for there are a hundred of them. */
static void write_row_links(dk_context *ctx, const dk_row *row)
{
    dk_buf *const path = &ctx->worker->path, *const body = ctx->json.buf;
    dk_buf_clear(path);
    dk_buf_text(path, ctx->config->base_path);
    dk_append_item_path(path, row->kind, row->key);
    const char *href = dk_buf_cstr(path);
    if (href == NULL) {
        body->failed = true;
        return;
    }
    dk_json_key(&ctx->json, "links");
    dk_buf_text(body, "[{\"rel\":\"self\",\"href\":");
    dk_json_text_n(&ctx->json, href, path->size);
    dk_buf_text(body, ",\"type\":\"application/geo+json\"},{\"rel\":\"describedby\",\"href\":");
    dk_buf_text(path, "/dossier");
    ctx->json.separate = false;
    dk_json_text_n(&ctx->json, (const char *)path->data, path->size);
    dk_buf_text(body, ",\"type\":\"application/json\"}]");
    body->failed |= path->failed;
}

static form form_of(dk_context *ctx)
{
    const dk_crs *crs = ctx->answer.crs != NULL ? ctx->answer.crs : dk_crs_default();
    return (form){&ctx->json, dk_crs_is_degrees(crs), dk_crs_is_north_first(crs)};
}

static bool turns(const dk_context *ctx)
{
    return ctx->answer.crs != NULL && !dk_crs_is_lonlat(ctx->answer.crs);
}

static void write_bounds(const form *f, const double bounds[4])
{
    dk_json_array_begin(f->json);
    for (int i = 0; i < 4; i++)
        write_number(f, bounds[i]);
    dk_json_array_end(f->json);
}

dk_status dk_write_box(dk_context *ctx, const double bounds[4])
{
    const form f = form_of(ctx);
    double box[4];
    memcpy(box, bounds, sizeof box);
    const dk_status status = turns(ctx) ? dk_crs_box_from_lonlat(ctx->answer.crs, bounds, box, &ctx->error) : DK_OK;
    if (status == DK_OK)
        write_bounds(&f, box);
    return status;
}

/* What is there now, of a row that a batch changes, and in what it differs. */
static dk_status write_change(dk_context *ctx)
{
    const dk_change *change = ctx->change;
    dk_json *json = &ctx->json;
    dk_json_member_text(json, "change", change_names[change->kind]);
    if (change->conflict) {
        dk_json_key(json, "conflict");
        dk_json_bool(json, true);
    }
    if (change->kind != DK_CHANGE_CHANGED || change->now == NULL)
        return DK_OK;
    dk_json_key(json, "differs");
    dk_json_array_begin(json);
    for (size_t i = 0; i < change->now->kind->n_fields; i++)
        if (change->differs >> i & 1)
            dk_json_text(json, change->now->kind->fields[i].name);
    dk_json_array_end(json);
    dk_json_key(json, "outline_differs");
    dk_json_bool(json, change->outline);
    dk_json_key(json, "before");
    ctx->change = NULL;
    const dk_status status = dk_write_feature(ctx, change->now, false);
    ctx->change = change;
    return status;
}

dk_status dk_write_feature(dk_context *ctx, const dk_row *row, bool single)
{
    dk_json *json = &ctx->json;
    dk_shape *shape = &ctx->worker->shape;
    const form f = form_of(ctx);
    const bool geometry = row->wkb != NULL && row->wkb_size > 0;
    dk_status status = DK_OK;
    if (geometry)
        status = dk_shape_from_wkb(row->wkb, row->wkb_size, shape, &ctx->error);
    if (status == DK_OK && geometry && turns(ctx))
        status = dk_crs_from_lonlat(ctx->answer.crs, shape->lonlat, shape->n_points, &ctx->error);
    if (status != DK_OK)
        return status;
    dk_json_object_begin(json);
    dk_json_member_text(json, "type", "Feature");
    dk_json_member_text(json, "id", row->key);
    dk_json_key(json, "geometry");
    if (geometry)
        write_geometry(&f, shape);
    else
        dk_json_null(json);
    dk_json_key(json, "properties");
    dk_json_object_begin(json);
    if (ctx->change != NULL) /* no field has such a name */
        dk_json_member_text(json, "dk_change", change_names[ctx->change->kind]);
    for (size_t i = 0; i < row->kind->n_fields; i++) {
        if ((row->visible >> i & 1) == 0 || row->values[i].type == DK_NULL)
            continue;
        dk_json_key(json, row->kind->fields[i].name);
        dk_json_value(json, &row->values[i]);
    }
    dk_json_object_end(json);
    dk_json_key(json, "feature");
    dk_json_integer(json, (int64_t)row->feature);
    dk_json_member_text(json, "label", row->label);
    if (row->undrawn) {
        dk_json_key(json, "undrawn");
        dk_json_bool(json, true);
    } else if (geometry) {
        dk_json_key(json, "bbox");
        if (turns(ctx)) {
            double bounds[4];
            dk_shape_bounds(shape, bounds);
            write_bounds(&f, bounds);
        } else if ((status = dk_write_box(ctx, row->bounds)) != DK_OK) {
            return status;
        }
    }
    if (single) {
        dk_json_member_integer(json, "generation", ctx->worker->generation.number);
        status = dk_write_origin(ctx, row);
        if (status != DK_OK)
            return status;
        write_links(ctx, row);
    } else if (ctx->row_links) {
        write_row_links(ctx, row);
    }
    if (ctx->change != NULL && (status = write_change(ctx)) != DK_OK)
        return status;
    dk_json_object_end(json);
    return DK_OK;
}
