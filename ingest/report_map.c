#include "ingest/report_map.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 900, HEIGHT = 560, MARGIN = 16, CELLS = 180, LABELS = 20, DRAWN_REJECTS = 1000 };

void dk_report_map_finish(dk_report_map *map)
{
    for (int i = 0; i < DK_MAP_CLASSES; i++)
        dk_buf_finish(&map->outlines[i]);
    dk_buf_finish(&map->middles);
    dk_buf_finish(&map->labels);
}

void dk_html_text(const char *text, dk_buf *out)
{
    for (const char *c = text; *c != '\0'; c++)
        switch (*c) {
        case '&':
            dk_buf_text(out, "&amp;");
            break;
        case '<':
            dk_buf_text(out, "&lt;");
            break;
        case '>':
            dk_buf_text(out, "&gt;");
            break;
        case '"':
            dk_buf_text(out, "&quot;");
            break;
        case '\'':
            dk_buf_text(out, "&#39;");
            break;
        default:
            dk_buf_byte(out, (unsigned char)*c < 0x20 && *c != '\n' && *c != '\t' ? ' ' : (unsigned char)*c);
        }
}

size_t dk_map_outline(const void *wkb, size_t size, double *ret_lonlat)
{
    dk_shape shape;
    size_t n = 0, best = 0;
    double largest = -1;
    dk_shape_init(&shape);
    if (wkb != NULL && dk_shape_from_wkb(wkb, size, &shape, NULL) == DK_OK)
        for (size_t i = 0; i < shape.n_parts; i++) {
            const dk_part *part = &shape.parts[i];
            const double *at = shape.lonlat + 2 * part->start;
            double box[4] = {INFINITY, INFINITY, -INFINITY, -INFINITY};
            for (size_t k = 0; k < part->count; k++) {
                box[0] = fmin(box[0], at[2 * k]), box[2] = fmax(box[2], at[2 * k]);
                box[1] = fmin(box[1], at[2 * k + 1]), box[3] = fmax(box[3], at[2 * k + 1]);
            }
            const double extent = part->count > 0 && !part->hole ? box[2] - box[0] + box[3] - box[1] : -1;
            if (extent > largest) {
                largest = extent;
                best = i;
            }
        }
    if (largest >= 0) {
        const dk_part *part = &shape.parts[best];
        n = part->count < DK_MAP_POINTS ? part->count : DK_MAP_POINTS;
        for (size_t k = 0; k < n; k++) {
            const size_t from = part->start + (n > 1 ? k * (part->count - 1) / (n - 1) : 0);
            memcpy(ret_lonlat + 2 * k, shape.lonlat + 2 * from, 2 * sizeof *ret_lonlat);
        }
    }
    dk_shape_finish(&shape);
    return n;
}

void dk_report_map_add(dk_report_map *map, dk_map_class class, const double *lonlat, size_t n, const char *label)
{
    double sum[2] = {0, 0};
    const uint32_t count = (uint32_t)n;
    if (n == 0)
        return;
    map->n[class]++;
    for (size_t i = 0; i < n; i++) {
        sum[0] += lonlat[2 * i];
        sum[1] += lonlat[2 * i + 1];
    }
    if (class == DK_MAP_ROW) {
        const float middle[2] = {(float)(sum[0] / (double)n), (float)(sum[1] / (double)n)};
        dk_buf_append(&map->middles, middle, sizeof middle);
    }
    if (map->n[class] > (class == DK_MAP_ROW ? DK_MAP_OUTLINES : DRAWN_REJECTS)) {
        map->left_out[class]++;
        return;
    }
    dk_buf_append(&map->outlines[class], &count, sizeof count);
    dk_buf_append(&map->outlines[class], lonlat, n * 2 * sizeof *lonlat);
    if (class == DK_MAP_REJECT)
        dk_buf_append(&map->labels, label != NULL ? label : "", strlen(label != NULL ? label : "") + 1);
}

dk_report_map_place dk_report_map_mark(const dk_report_map *map)
{
    return (dk_report_map_place){map->outlines[DK_MAP_REJECT].size, map->labels.size, map->n[DK_MAP_REJECT],
                                 map->left_out[DK_MAP_REJECT]};
}

void dk_report_map_undo(dk_report_map *map, const dk_report_map_place *place)
{
    map->outlines[DK_MAP_REJECT].size = place->outlines;
    map->labels.size = place->labels;
    map->n[DK_MAP_REJECT] = place->n;
    map->left_out[DK_MAP_REJECT] = place->left_out;
}

/* ---- drawing ---- */

typedef struct frame {
    double west, south, east, north;
    double x_scale, y_scale; /* picture units a degree */
    dk_buf *out;
    const char *label;
    size_t n_labels;
} frame;

typedef void (*outline_fn)(frame *f, const double *lonlat, size_t n);

static void each_outline(frame *f, const dk_buf *outlines, outline_fn each)
{
    for (size_t at = 0; at + 4 <= outlines->size;) {
        double lonlat[2 * DK_MAP_POINTS];
        uint32_t n;
        memcpy(&n, outlines->data + at, 4);
        memcpy(lonlat, outlines->data + at + 4, n * 2 * sizeof(double));
        each(f, lonlat, n);
        at += 4 + n * 2 * sizeof(double);
    }
}

static void widen(frame *f, const double *lonlat, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        f->west = fmin(f->west, lonlat[2 * i]), f->east = fmax(f->east, lonlat[2 * i]);
        f->south = fmin(f->south, lonlat[2 * i + 1]), f->north = fmax(f->north, lonlat[2 * i + 1]);
    }
}

static double x_of(const frame *f, double lon)
{
    return MARGIN + (lon - f->west) * f->x_scale;
}

static double y_of(const frame *f, double lat)
{
    return MARGIN + (f->north - lat) * f->y_scale;
}

/* One path of all, for each closed ring a sub-path; positions closer than half a unit are left out. */
static void draw_ring(frame *f, const double *lonlat, size_t n)
{
    double x0 = INFINITY, y0 = INFINITY;
    for (size_t i = 0; i < n; i++) {
        const double x = x_of(f, lonlat[2 * i]), y = y_of(f, lonlat[2 * i + 1]);
        if (i > 0 && fabs(x - x0) < 0.5 && fabs(y - y0) < 0.5)
            continue;
        dk_buf_format(f->out, "%s%.1f %.1f", i == 0 ? "M" : "L", x, y);
        x0 = x, y0 = y;
    }
    dk_buf_byte(f->out, 'Z');
}

static void middle_of(const frame *f, const double *lonlat, size_t n, double *ret_x, double *ret_y)
{
    double x = 0, y = 0;
    for (size_t i = 0; i < n; i++) {
        x += x_of(f, lonlat[2 * i]);
        y += y_of(f, lonlat[2 * i + 1]);
    }
    *ret_x = x / (double)n;
    *ret_y = y / (double)n;
}

static void mark(frame *f, const double *lonlat, size_t n)
{
    double x, y;
    middle_of(f, lonlat, n, &x, &y);
    dk_buf_format(f->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", x, y);
}

static void mark_with_label(frame *f, const double *lonlat, size_t n)
{
    double x, y;
    mark(f, lonlat, n);
    if (f->label == NULL)
        return;
    middle_of(f, lonlat, n, &x, &y);
    if (f->n_labels++ < LABELS) {
        const bool right = x < WIDTH * 0.8;
        dk_buf_format(f->out, "<text x=\"%.1f\" y=\"%.1f\"%s>", right ? x + 7 : x - 7, y + 4,
                      right ? "" : " text-anchor=\"end\"");
        dk_html_text(f->label, f->out);
        dk_buf_text(f->out, "</text>");
    }
    f->label += strlen(f->label) + 1;
}

/* Where there are rows, by squares of a grid over the picture. */
static void draw_squares(frame *f, const dk_buf *middles)
{
    bool there[CELLS * CELLS] = {false};
    const double side = (double)(WIDTH - 2 * MARGIN) / CELLS;
    for (size_t at = 0; at < middles->size; at += 2 * sizeof(float)) {
        float middle[2];
        memcpy(middle, middles->data + at, sizeof middle);
        const double x = (x_of(f, middle[0]) - MARGIN) / side, y = (y_of(f, middle[1]) - MARGIN) / side;
        if (x >= 0 && y >= 0 && x < CELLS && y < CELLS)
            there[(size_t)y * CELLS + (size_t)x] = true;
    }
    for (size_t i = 0; i < CELLS * CELLS; i++)
        if (there[i])
            dk_buf_format(f->out, "M%.1f %.1fh%.1fv%.1fh-%.1fZ", MARGIN + (double)(i % CELLS) * side,
                          MARGIN + (double)(i / CELLS) * side, side, side, side);
}

/* A round length of at most a fifth of the picture. */
static void draw_scale(const frame *f)
{
    const double metres = (WIDTH - 2 * MARGIN) / f->y_scale * 110900.0 / 5;
    double length = pow(10, floor(log10(metres)));
    length *= metres / length >= 5 ? 5 : metres / length >= 2 ? 2 : 1;
    const double units = length / 110900.0 * f->y_scale;
    dk_buf_format(f->out, "<path class=\"scale\" d=\"M%d %dv6h%.1fv-6\"/><text x=\"%.1f\" y=\"%d\">%g %s</text>",
                  MARGIN, HEIGHT - 14, units, MARGIN + units + 6, HEIGHT - 8, length >= 1000 ? length / 1000 : length,
                  length >= 1000 ? "千米" : "米");
}

static void fit(frame *f)
{
    const double least = 1e-5, middle = (f->south + f->north) / 2;
    const double narrow = cos(middle * acos(-1.0) / 180);
    const double width = fmax(f->east - f->west, least) * narrow, height = fmax(f->north - f->south, least);
    f->y_scale = fmin((WIDTH - 2 * MARGIN) / width, (HEIGHT - 2 * MARGIN - 20) / height);
    f->x_scale = f->y_scale * narrow;
    /* In the middle of the picture. */
    const double spare = ((WIDTH - 2 * MARGIN) - (f->east - f->west) * f->x_scale) / 2 / f->x_scale;
    f->west -= spare;
}

void dk_report_map_svg(const dk_report_map *map, dk_buf *out)
{
    frame f = {INFINITY, INFINITY, -INFINITY, -INFINITY, 0, 0, out, NULL, 0};
    for (int i = 0; i < DK_MAP_CLASSES; i++)
        each_outline(&f, &map->outlines[i], widen);
    const bool squares = map->n[DK_MAP_ROW] > DK_MAP_OUTLINES;
    for (size_t at = 0; squares && at < map->middles.size; at += 2 * sizeof(float)) {
        float middle[2];
        memcpy(middle, map->middles.data + at, sizeof middle);
        const double lonlat[2] = {middle[0], middle[1]};
        widen(&f, lonlat, 1);
    }
    if (!(f.west <= f.east))
        return;
    fit(&f);
    dk_buf_format(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"本批数据的位置\">", WIDTH, HEIGHT);
    dk_buf_text(out, "<path class=\"row\" d=\"");
    if (squares)
        draw_squares(&f, &map->middles);
    else
        each_outline(&f, &map->outlines[DK_MAP_ROW], draw_ring);
    dk_buf_text(out, "\"/><path class=\"reject\" d=\"");
    each_outline(&f, &map->outlines[DK_MAP_REJECT], draw_ring);
    dk_buf_text(out, "\"/><g class=\"overlap\">");
    each_outline(&f, &map->outlines[DK_MAP_OVERLAP], mark);
    dk_buf_text(out, "</g><g class=\"reject\">");
    f.label = map->labels.size > 0 ? (const char *)map->labels.data : NULL;
    each_outline(&f, &map->outlines[DK_MAP_REJECT], mark_with_label);
    dk_buf_text(out, "</g>");
    draw_scale(&f);
    dk_buf_text(out, "</svg>");
    out->failed |= map->outlines[DK_MAP_ROW].failed || map->outlines[DK_MAP_REJECT].failed ||
                   map->outlines[DK_MAP_OVERLAP].failed || map->middles.failed || map->labels.failed;
}
