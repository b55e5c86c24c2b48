#include "ingest/esri_shape.h"

#include "ingest/arcs.h"
#include "ingest/ring_polygons.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GENERAL 50 /* from here on, bits beside the number say what a shape has */
#define HAS_Z 0x80000000u
#define HAS_M 0x40000000u
#define HAS_CURVES 0x20000000u

typedef enum kind { NONE, POINT, MULTIPOINT, LINES, POLYGONS, UNREAD } kind;
enum { ARC = 1, BEZIER = 4, ELLIPSE = 5 };                                           /* segments */
enum { ARC_EMPTY = 1, ARC_CCW = 8, ARC_LINE = 32, ARC_POINT = 64, ARC_INNER = 128 }; /* bits of an arc */

static const char cut_off[] = "its shape is cut off or damaged", no_number[] = "a coordinate of its shape is no number",
                  too_many[] = "its shape has more than 20,000,000 points; divide it",
                  other_curve[] =
                      "its shape has Bezier curves or arcs of ellipses, which are not read; densify it in ArcGIS";

static uint32_t u32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static double f64(const unsigned char *at)
{
    const uint64_t bits = (uint64_t)u32(at) | (uint64_t)u32(at + 4) << 32;
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static kind kind_of(uint32_t type, bool *ret_z, bool *ret_m)
{
    static const struct {
        unsigned char number, kind;
        bool z, m;
    } kinds[] = {{0, NONE, 0, 0},        {1, POINT, 0, 0},      {9, POINT, 1, 0},       {11, POINT, 1, 1},
                 {21, POINT, 0, 1},      {8, MULTIPOINT, 0, 0}, {20, MULTIPOINT, 1, 0}, {18, MULTIPOINT, 1, 1},
                 {28, MULTIPOINT, 0, 1}, {3, LINES, 0, 0},      {10, LINES, 1, 0},      {13, LINES, 1, 1},
                 {23, LINES, 0, 1},      {5, POLYGONS, 0, 0},   {19, POLYGONS, 1, 0},   {15, POLYGONS, 1, 1},
                 {25, POLYGONS, 0, 1},   {50, LINES, 0, 0},     {51, POLYGONS, 0, 0},   {52, POINT, 0, 0},
                 {53, MULTIPOINT, 0, 0}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].number == (type & 0xFF)) {
            const bool general = kinds[i].number >= GENERAL;
            *ret_z = general ? (type & HAS_Z) != 0 : kinds[i].z;
            *ret_m = general ? (type & HAS_M) != 0 : kinds[i].m;
            return (kind)kinds[i].kind;
        }
    *ret_z = *ret_m = false;
    return UNREAD;
}

/* ---- parts of points ---- */

typedef struct part {
    size_t first, n; /* of points in xy */
} part;

typedef struct paths {
    const unsigned char *points; /* as in the shape, n_points */
    size_t n_points;
    const unsigned char *starts; /* of the parts, n_parts */
    size_t n_parts;
    const unsigned char *curves, *end; /* the segments that are no straight lines; NULL: none */
    uint32_t n_curves;
    dk_buf xy; /* doubles */
    part *parts;
    size_t n_arcs;
} paths;

static void add_point(paths *self, double x, double y)
{
    dk_buf_append(&self->xy, &x, sizeof x);
    dk_buf_append(&self->xy, &y, sizeof y);
}

static double point_x(const paths *self, size_t i)
{
    return f64(self->points + 16 * i);
}

static double point_y(const paths *self, size_t i)
{
    return f64(self->points + 16 * i + 8);
}

/* Points between the ends of a circular arc, as of those in formats that GDAL reads. */
static dk_status add_arc(paths *self, size_t from, double x, double y, uint32_t bits, const char **ret_problem)
{
    const double ax = point_x(self, from), ay = point_y(self, from), bx = point_x(self, from + 1),
                 by = point_y(self, from + 1);
    if ((bits & ARC_INNER) == 0) { /* x, y is the centre */
        const double a = atan2(ay - y, ax - x), radius = hypot(bx - x, by - y);
        double b = atan2(by - y, bx - x);
        if (bits & ARC_CCW)
            b += a >= b ? 2 * M_PI : 0;
        else
            b -= a <= b ? 2 * M_PI : 0;
        x += radius * cos((a + b) / 2);
        y += radius * sin((a + b) / 2);
    }
    /* The shape does not say its unit; nothing in metres lies so near to where they begin. */
    const bool degrees = fabs(ax) <= 360 && fabs(ay) <= 90;
    OGRGeometryH line = dk_arc_to_chords((double[]){ax, ay}, (double[]){x, y}, (double[]){bx, by}, degrees);
    if (line == NULL)
        return DK_NOMEM;
    self->n_arcs++;
    for (int i = 1; i + 1 < OGR_G_GetPointCount(line) && *ret_problem == NULL; i++) {
        x = OGR_G_GetX(line, i), y = OGR_G_GetY(line, i);
        if (!isfinite(x) || !isfinite(y)) /* of numbers too large */
            *ret_problem = no_number;
        else
            add_point(self, x, y);
    }
    OGR_G_DestroyGeometry(line);
    if (self->xy.size / 16 > DK_SHAPE_MAX_POINTS)
        *ret_problem = too_many;
    return DK_OK;
}

/* The segment behind point i, where it is no straight line; the segments come in the order of their points. */
static dk_status add_segment(paths *self, size_t i, bool last, const char **ret_problem)
{
    if (self->n_curves == 0)
        return DK_OK;
    if (self->end - self->curves < 8) {
        *ret_problem = cut_off;
        return DK_OK;
    }
    const uint32_t at = u32(self->curves), type = u32(self->curves + 4);
    if (at > i)
        return DK_OK;
    if (type == BEZIER || type == ELLIPSE) {
        *ret_problem = other_curve;
        return DK_OK;
    }
    if (at < i || last || type != ARC || self->end - self->curves < 28) {
        *ret_problem = cut_off;
        return DK_OK;
    }
    const double x = f64(self->curves + 8), y = f64(self->curves + 16);
    const uint32_t bits = u32(self->curves + 24);
    self->curves += 28;
    self->n_curves--;
    if ((bits & ARC_INNER) == 0 && (bits & (ARC_EMPTY | ARC_LINE | ARC_POINT)) != 0)
        return DK_OK;
    if (!isfinite(x) || !isfinite(y)) {
        *ret_problem = no_number;
        return DK_OK;
    }
    return add_arc(self, i, x, y, bits, ret_problem);
}

static dk_status read_paths(paths *self, const unsigned char *data, size_t size, bool has_z, bool has_m,
                            const char **ret_problem)
{
    if (size < 44) {
        *ret_problem = cut_off;
        return DK_OK;
    }
    self->n_parts = u32(data + 36);
    self->n_points = u32(data + 40);
    uint64_t at = 44 + 4 * (uint64_t)self->n_parts;
    const uint64_t more = (has_z + has_m) * (16 + 8 * (uint64_t)self->n_points);
    self->starts = data + 44;
    if (at + 16 * (uint64_t)self->n_points > size || self->n_parts > self->n_points) {
        *ret_problem = cut_off;
        return DK_OK;
    }
    if (self->n_points > DK_SHAPE_MAX_POINTS) {
        *ret_problem = too_many;
        return DK_OK;
    }
    self->points = data + at;
    at += 16 * (uint64_t)self->n_points;
    if (has_z && at + 16 + 8 * (uint64_t)self->n_points > size) {
        *ret_problem = cut_off;
        return DK_OK;
    }
    if (u32(data) & HAS_CURVES && (u32(data) & 0xFF) >= GENERAL) {
        if (at + more + 4 > size) {
            *ret_problem = cut_off;
            return DK_OK;
        }
        self->curves = data + at + more + 4;
        self->end = data + size;
        self->n_curves = u32(self->curves - 4);
    }
    self->parts = calloc(self->n_parts + 1, sizeof *self->parts);
    if (self->parts == NULL)
        return DK_NOMEM;
    for (size_t k = 0; k < self->n_parts; k++) {
        const size_t from = u32(self->starts + 4 * k),
                     to = k + 1 < self->n_parts ? u32(self->starts + 4 * (k + 1)) : self->n_points;
        if (from >= to || to > self->n_points || (k == 0 && from != 0)) {
            *ret_problem = cut_off;
            return DK_OK;
        }
        self->parts[k].first = self->xy.size / 16;
        for (size_t i = from; i < to; i++) {
            if (!isfinite(point_x(self, i)) || !isfinite(point_y(self, i))) {
                *ret_problem = no_number;
                return DK_OK;
            }
            if (i + 1 < to && !(isfinite(point_x(self, i + 1)) && isfinite(point_y(self, i + 1)))) {
                *ret_problem = no_number;
                return DK_OK;
            }
            add_point(self, point_x(self, i), point_y(self, i));
            const dk_status status = add_segment(self, i, i + 1 == to, ret_problem);
            if (status != DK_OK || *ret_problem != NULL)
                return status;
        }
        self->parts[k].n = self->xy.size / 16 - self->parts[k].first;
    }
    if (self->n_curves > 0)
        *ret_problem = cut_off;
    return self->xy.failed ? DK_NOMEM : DK_OK;
}

/* ---- geometries ---- */

static OGRGeometryH make_line(const double *xy, size_t n)
{
    OGRGeometryH line = OGR_G_CreateGeometry(wkbLineString);
    if (line != NULL)
        OGR_G_SetPoints(line, (int)n, xy, 2 * sizeof *xy, xy + 1, 2 * sizeof *xy, NULL, 0);
    return line;
}

static bool add(OGRGeometryH whole, OGRGeometryH one)
{
    if (one == NULL)
        return false;
    if (OGR_G_AddGeometryDirectly(whole, one) == OGRERR_NONE)
        return true;
    OGR_G_DestroyGeometry(one);
    return false;
}

static OGRGeometryH make_lines(const paths *self, const double *xy)
{
    OGRGeometryH whole = OGR_G_CreateGeometry(wkbMultiLineString);
    bool good = whole != NULL;
    for (size_t k = 0; k < self->n_parts && good; k++)
        good = add(whole, make_line(xy + 2 * self->parts[k].first, self->parts[k].n));
    if (!good && whole != NULL)
        OGR_G_DestroyGeometry(whole);
    return good ? whole : NULL;
}

/* A single ring is an exterior, and so is one that encloses nothing: that it is not valid is said further on. */
static OGRGeometryH make_polygons(const paths *self, const double *xy)
{
    const size_t n = self->n_parts;
    size_t n_real = 0, n_alone = 0; /* those alone stand at the end */
    dk_buf scratch;
    dk_buf_init(&scratch);
    dk_ring *rings = calloc(n + 1, sizeof *rings);
    int *outer = calloc(n + 1, sizeof *outer), *depth = calloc(n + 1, sizeof *depth);
    OGRGeometryH whole = NULL;
    bool good = rings != NULL && outer != NULL && depth != NULL;
    for (size_t k = 0; k < n && good; k++) {
        const double *from = xy + 2 * self->parts[k].first;
        size_t count = self->parts[k].n;
        if (count > 1 && from[0] == from[2 * (count - 1)] && from[1] == from[2 * (count - 1) + 1])
            count--;
        dk_ring ring = {.xy = from, .n = count};
        if (n > 1 && dk_ring_measure(&ring, &scratch))
            rings[n_real++] = ring;
        else
            rings[n - ++n_alone] = ring;
        good = !scratch.failed;
    }
    good = good && dk_ring_nest(rings, n_real, outer, depth);
    if (good)
        whole = dk_ring_polygons(rings, n_real, outer, depth);
    good = whole != NULL;
    for (size_t i = 0; i < n_alone && good; i++)
        good = dk_ring_polygons_add(whole, &rings[n - 1 - i]);
    if (!good && whole != NULL)
        OGR_G_DestroyGeometry(whole);
    free(rings);
    free(outer);
    free(depth);
    dk_buf_finish(&scratch);
    return good ? whole : NULL;
}

static dk_status read_points(const unsigned char *points, size_t n, bool many, OGRGeometryH *ret_geometry,
                             const char **ret_problem)
{
    OGRGeometryH whole = OGR_G_CreateGeometry(many ? wkbMultiPoint : wkbPoint);
    bool good = whole != NULL;
    for (size_t i = 0; i < n && good && *ret_problem == NULL; i++) {
        const double x = f64(points + 16 * i), y = f64(points + 16 * i + 8);
        if (!isfinite(x) || !isfinite(y)) {
            *ret_problem = no_number;
        } else if (many) {
            OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
            if (point != NULL)
                OGR_G_SetPoint_2D(point, 0, x, y);
            good = add(whole, point);
        } else {
            OGR_G_SetPoint_2D(whole, 0, x, y);
        }
    }
    if (whole != NULL && (!good || *ret_problem != NULL))
        OGR_G_DestroyGeometry(whole);
    else
        *ret_geometry = whole;
    return good ? DK_OK : DK_NOMEM;
}

static dk_status read_shape(const unsigned char *data, size_t size, OGRGeometryH *ret_geometry, bool *ret_arcs,
                            const char **ret_problem)
{
    bool has_z, has_m;
    if (size < 4) {
        *ret_problem = size > 0 ? cut_off : NULL;
        return DK_OK;
    }
    const kind is = kind_of(u32(data), &has_z, &has_m);
    if (is == NONE)
        return DK_OK;
    if (is == UNREAD) {
        *ret_problem = "its shape is a multipatch, or of a kind that is not known";
        return DK_OK;
    }
    if (is == POINT) {
        if (size < 20)
            *ret_problem = cut_off;
        else if (isnan(f64(data + 4)) || isnan(f64(data + 12))) /* how an empty one is written */
            return DK_OK;
        return *ret_problem != NULL ? DK_OK : read_points(data + 4, 1, false, ret_geometry, ret_problem);
    }
    if (is == MULTIPOINT) {
        if (size < 40 || 40 + 16 * (uint64_t)u32(data + 36) > size) {
            *ret_problem = cut_off;
            return DK_OK;
        }
        return read_points(data + 40, u32(data + 36), true, ret_geometry, ret_problem);
    }
    paths self = {0};
    dk_buf_init(&self.xy);
    dk_status status = read_paths(&self, data, size, has_z, has_m, ret_problem);
    if (status == DK_OK && *ret_problem == NULL && self.n_parts > 0) {
        const double *xy = (const double *)(const void *)self.xy.data;
        *ret_geometry = is == LINES ? make_lines(&self, xy) : make_polygons(&self, xy);
        status = *ret_geometry != NULL ? DK_OK : DK_NOMEM;
    }
    *ret_arcs = self.n_arcs > 0;
    free(self.parts);
    dk_buf_finish(&self.xy);
    return status;
}

dk_status dk_esri_shape(const unsigned char *data, size_t size, OGRGeometryH *ret_geometry, bool *ret_arcs,
                        const char **ret_problem)
{
    *ret_geometry = NULL;
    *ret_arcs = false;
    *ret_problem = NULL;
    /* ArcGIS may keep one compressed: size unpacked, size packed, zlib's stream. */
    if (size < 14 || data[12] != 0x78 || data[13] != 0xDA || (uint64_t)u32(data + 8) + 12 != size)
        return read_shape(data, size, ret_geometry, ret_arcs, ret_problem);
    uLongf unpacked = u32(data + 4);
    /* zlib cannot pack a thousandfold and a little more. */
    if (unpacked > DK_SHAPE_MAX_BYTES || unpacked > 1100 * (uint64_t)size) {
        *ret_problem = cut_off;
        return DK_OK;
    }
    unsigned char *whole = malloc(unpacked > 0 ? unpacked : 1);
    if (whole == NULL)
        return DK_NOMEM;
    dk_status status = DK_OK;
    if (uncompress(whole, &unpacked, data + 12, (uLong)(size - 12)) != Z_OK)
        *ret_problem = cut_off;
    else
        status = read_shape(whole, unpacked, ret_geometry, ret_arcs, ret_problem);
    free(whole);
    return status;
}
