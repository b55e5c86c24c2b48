#include "ingest/geometry.h"

#include "ingest/arcs.h"
#include "ingest/repair_rule.h"
#include "store/planar.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTSIDE_REMEDY "; correct it, %s, or load it into a store whose catalogue holds that place"

/* What to do about a coordinate system that is not that of the numbers. */
static const char *say_system(const dk_geometry_reader *reader)
{
    return reader->crs_stands ? "correct what the file says of its coordinate system, which counts whatever --crs says"
                              : "say the right coordinate system with --crs";
}

void dk_geometry_reader_finish(dk_geometry_reader *reader)
{
    dk_buf_finish(&reader->raw);
    dk_buf_finish(&reader->lonlat);
}

/* ---- walking the coordinates of WKB that OGR wrote: little-endian, two-dimensional ---- */

typedef struct cursor {
    unsigned char *at, *end;
    double shift;             /* added to x before transformation */
    double ring_m2, plane_m2; /* in the source's plane: of the last points, and of the polygons so far */
    size_t n_rings, n_thin;   /* thin: that may enclose nothing */
    double west, east;        /* degrees */
    dk_geometry_fault fault;
    double bad[2]; /* as in the source, before shift */
    double bad_lonlat[2];
} cursor;

static bool take_u32(cursor *from, uint32_t *ret)
{
    if (from->end - from->at < 4)
        return false;
    memcpy(ret, from->at, 4); /* dikuai runs on little-endian machines only, as its store's packed form does */
    from->at += 4;
    return true;
}

static bool inside(const double *extent, double lon, double lat)
{
    return lon >= extent[0] && lon <= extent[2] && lat >= extent[1] && lat <= extent[3];
}

/* Transforms n points at the cursor; stops at the first that lies outside. */
static bool points(dk_geometry_reader *reader, cursor *from, size_t n)
{
    const size_t size = n * 2 * sizeof(double);
    if ((size_t)(from->end - from->at) / (2 * sizeof(double)) < n)
        return false;
    dk_buf_clear(&reader->lonlat);
    double *xy = (double *)(void *)dk_buf_reserve(&reader->lonlat, size + sizeof(double));
    if (xy == NULL)
        return false;
    memcpy(xy, from->at, size);
    for (size_t i = 0; i < n; i++) {
        if (reader->axes_yx) {
            const double y = xy[2 * i];
            xy[2 * i] = xy[2 * i + 1];
            xy[2 * i + 1] = y;
        }
        xy[2 * i] += from->shift;
    }
    /* Rows of one file may be of several datums. */
    const double *holds = reader->crs->stamp[0] != '\0' ? reader->holds : NULL;
    from->ring_m2 = dk_plane_ring_area_m2(xy, n);
    dk_transform(reader->transformer, xy, n);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(xy[2 * i]) || !isfinite(xy[2 * i + 1]) || !inside(reader->extent, xy[2 * i], xy[2 * i + 1]) ||
            (holds != NULL && !inside(holds, xy[2 * i], xy[2 * i + 1]))) {
            from->fault = DK_GEOMETRY_OUTSIDE;
            memcpy(from->bad, from->at + i * 2 * sizeof(double), sizeof from->bad);
            memcpy(from->bad_lonlat, xy + 2 * i, sizeof from->bad_lonlat);
            return false;
        }
        from->west = fmin(from->west, xy[2 * i]);
        from->east = fmax(from->east, xy[2 * i]);
    }
    memcpy(from->at, xy, size);
    from->at += size;
    return true;
}

/* What encloses more than this in its plane, encloses something. */
static double thin_m2(const dk_crs *crs)
{
    return crs->degrees ? 1e-10 : 1;
}

static bool walk(dk_geometry_reader *reader, cursor *from, int depth)
{
    uint32_t type, n, m;
    if (depth > 2 || from->end - from->at < 5 || *from->at != 1)
        return false;
    from->at++;
    if (!take_u32(from, &type))
        return false;
    switch (type) {
    case wkbPoint:
        return points(reader, from, 1);
    case wkbLineString:
        return take_u32(from, &n) && points(reader, from, n);
    case wkbPolygon:
        if (!take_u32(from, &n))
            return false;
        for (uint32_t i = 0; i < n; i++) {
            if (!take_u32(from, &m) || !points(reader, from, m))
                return false;
            from->plane_m2 += i == 0 ? from->ring_m2 : -from->ring_m2;
            from->n_rings++;
            from->n_thin += from->ring_m2 <= thin_m2(reader->crs);
        }
        return true;
    case wkbMultiPoint:
    case wkbMultiLineString:
    case wkbMultiPolygon:
        if (!take_u32(from, &n))
            return false;
        for (uint32_t i = 0; i < n; i++)
            if (!walk(reader, from, depth + 1))
                return false;
        return true;
    default:
        return false;
    }
}

/* Whether areas are measured in the source's plane: it is the zone of 3 degrees in which the middle of the
 * geometry's box lies. */
static bool measured_in_plane(const dk_crs *crs, const cursor *from)
{
    return crs->datum == DK_DATUM_CGCS2000 && crs->gauss && crs->zone3 != 0 && crs->stamp[0] == '\0' &&
           dk_central_meridian((from->west + from->east) / 2.0) == 3.0 * crs->zone3;
}

/* Whether it encloses nothing in the source's plane, but for what its numbers are rounded by: its corners lie on one
 * line. In degrees, which are curved against the plane, it may enclose square metres, and be valid. */
static bool encloses_nothing(OGRGeometryH geometry, const dk_crs *crs, double plane_m2)
{
    OGREnvelope box;
    const bool as_it_is = crs->degrees && crs->pipeline[0] == '\0' && !crs->gcj02; /* and GEOS has looked at it */
    if (as_it_is || plane_m2 > thin_m2(crs))
        return false;
    OGR_G_GetEnvelope(geometry, &box);
    const double farthest = fmax(fmax(fabs(box.MinX), fabs(box.MaxX)), fmax(fabs(box.MinY), fabs(box.MaxY)));
    return plane_m2 <= 4 * DBL_EPSILON * farthest * (box.MaxX - box.MinX + box.MaxY - box.MinY);
}

/* ---- what is wrong with a coordinate outside the extent ---- */

static bool inside_when_swapped(dk_geometry_reader *reader, double x, double y)
{
    double swapped[2] = {y, x}, shift;
    int prefix;
    dk_crs_zone_fix(reader->crs, swapped[0], &shift, &prefix);
    swapped[0] += shift;
    dk_transform(reader->transformer, swapped, 1);
    return isfinite(swapped[0]) && isfinite(swapped[1]) && inside(reader->extent, swapped[0], swapped[1]);
}

static bool seven_digits(double value)
{
    return value >= 1e6 && value < 1e7;
}

static void explain(dk_geometry_reader *reader, const cursor *from, dk_geometry_fault *ret_fault, char *out,
                    size_t size)
{
    const double *bad = from->bad;
    const double x = reader->axes_yx ? bad[1] : bad[0], y = reader->axes_yx ? bad[0] : bad[1];
    const bool degrees = reader->crs->degrees;
    /* A place before and after a transformation: many of them would give its parameters away. */
    const bool old = reader->crs->stamp[0] != '\0';
    const bool eastings = y >= 1e5 && y < 1e8 && !seven_digits(y);
    if (!isfinite(x) || !isfinite(y)) {
        *ret_fault = DK_GEOMETRY_BAD;
        snprintf(out, size, "a coordinate is not a number; correct it in the source");
        return;
    }
    if (inside_when_swapped(reader, x, y) || (degrees && fabs(y) > 90 && fabs(y) <= 180 && fabs(x) <= 90) ||
        (!degrees && seven_digits(x) && eastings)) {
        *ret_fault = DK_GEOMETRY_SWAPPED;
        snprintf(out, size, "x and y are swapped: the coordinate (%.10g, %.10g) has the %s first; %s", bad[0], bad[1],
                 degrees ? "latitude" : "northing",
                 reader->axes_yx ? "load it without --axes yx" : "load it with --axes yx");
        return;
    }
    if (degrees && (fabs(x) > 360 || fabs(y) > 360)) {
        *ret_fault = DK_GEOMETRY_UNIT;
        snprintf(out, size,
                 "the coordinate (%.10g, %.10g) is in metres, but the coordinate system, %s, is in degrees; %s%s",
                 bad[0], bad[1], reader->crs->name, say_system(reader),
                 reader->crs_stands ? "" : ", for example --crs EPSG:4527 (CGCS2000, 3-degree zone 39)");
        return;
    }
    if (!degrees && fabs(x) <= 180 && fabs(y) <= 180) {
        *ret_fault = DK_GEOMETRY_UNIT;
        snprintf(out, size,
                 "the coordinate (%.10g, %.10g) is in degrees, but the coordinate system, %s, is in metres; %s%s",
                 bad[0], bad[1], reader->crs->name, say_system(reader),
                 reader->crs_stands ? "" : ", for example --crs EPSG:4490 (CGCS2000 degrees)");
        return;
    }
    *ret_fault = DK_GEOMETRY_OUTSIDE;
    if (isfinite(from->bad_lonlat[0]) && inside(reader->extent, from->bad_lonlat[0], from->bad_lonlat[1]))
        snprintf(out, size,
                 "the coordinate (%.10g, %.10g) lies outside the extent in which the transformation holds; use the "
                 "transformation of its area",
                 bad[0], bad[1]);
    else if (degrees || (old && isfinite(from->bad_lonlat[0])))
        snprintf(out, size,
                 "the coordinate (%.10g, %.10g) lies outside the catalogue's extent (%g, %g, %g, %g)" OUTSIDE_REMEDY,
                 bad[0], bad[1], reader->extent[0], reader->extent[1], reader->extent[2], reader->extent[3],
                 say_system(reader));
    else if (isfinite(from->bad_lonlat[0]))
        snprintf(out, size,
                 "the coordinate (%.10g, %.10g), that is %.6f, %.6f degrees, lies outside the catalogue's extent (%g, "
                 "%g, %g, %g)" OUTSIDE_REMEDY,
                 bad[0], bad[1], from->bad_lonlat[0], from->bad_lonlat[1], reader->extent[0], reader->extent[1],
                 reader->extent[2], reader->extent[3], say_system(reader));
    else
        snprintf(out, size, "the coordinate (%.10g, %.10g) lies nowhere in %s; correct it, or %s", bad[0], bad[1],
                 reader->crs->name, say_system(reader));
}

/* ---- reading ---- */

static bool kind_fits(OGRwkbGeometryType type, dk_geometry_kind kind)
{
    switch (kind) {
    case DK_POLYGONS:
        return type == wkbPolygon || type == wkbMultiPolygon;
    case DK_LINES:
        return type == wkbLineString || type == wkbMultiLineString;
    case DK_POINTS:
        return type == wkbPoint || type == wkbMultiPoint;
    case DK_NO_GEOMETRY:
        break;
    }
    return false;
}

/* Looks over a geometry at the cursor and gives its first position. false: a part or a ring of it has fewer positions
 * than is_there asks for, or it is none that walk reads. */
static bool look_over(cursor *from, double first[2], int depth)
{
    const size_t position = 2 * sizeof(double);
    uint32_t type, n = 1, m;
    if (depth > 2 || from->end - from->at < 5 || *from->at != 1)
        return false;
    from->at++;
    if (!take_u32(from, &type) || (type != wkbPoint && (!take_u32(from, &n) || n == 0)))
        return false;
    const bool in_parts = type == wkbMultiPoint || type == wkbMultiLineString || type == wkbMultiPolygon;
    if (!in_parts && type != wkbPoint && type != wkbLineString && type != wkbPolygon)
        return false;
    for (uint32_t i = 0; i < (in_parts || type == wkbPolygon ? n : 1); i++) {
        if (in_parts) {
            if (!look_over(from, first, depth + 1))
                return false;
            continue;
        }
        m = n;
        if ((type == wkbPolygon && !take_u32(from, &m)) || (size_t)(from->end - from->at) / position < m)
            return false;
        if (m > 0 && isnan(first[0]))
            memcpy(first, from->at, position);
        if ((type == wkbPolygon && m < 4) ||
            (type == wkbPoint && isnan(first[0]))) /* NaN: how an empty one is written */
            return false;
        from->at += m * position;
    }
    return true;
}

static bool is_polygon(OGRGeometryH geometry)
{
    return wkbFlatten(OGR_G_GetGeometryType(geometry)) == wkbPolygon;
}

/* What a geometry is looked through for. */
typedef struct lack {
    dk_geometry_reader *reader; /* to look at what rings enclose in their plane, too; NULL: not to */
    bool collapsed;             /* a ring that is there no more has points all the same, the first of them at x and y */
    double x, y;
} lack;

static bool is_flat(dk_geometry_reader *reader, OGRGeometryH ring)
{
    const size_t n = (size_t)OGR_G_GetPointCount(ring), stride = 2 * sizeof(double);
    dk_buf_clear(&reader->raw);
    double *xy = (double *)(void *)dk_buf_reserve(&reader->raw, n * stride);
    if (xy == NULL)
        return false; /* which the next who needs memory tells */
    OGR_G_GetPoints(ring, xy, (int)stride, xy + 1, (int)stride, NULL, 0);
    return encloses_nothing(ring, reader->crs, dk_plane_ring_area_m2(xy, n));
}

/* Whether a part, or a ring of a polygon, is there: other programs accept some without points, and rings that have
 * collapsed to a line or a point, and the store does not. */
static bool is_there(const lack *of, OGRGeometryH part, OGRGeometryH in)
{
    return !OGR_G_IsEmpty(part) &&
           (!is_polygon(in) || (OGR_G_GetPointCount(part) >= 4 && (of->reader == NULL || !is_flat(of->reader, part))));
}

/* Whether a part or a ring is not there. */
static bool lacks_parts(lack *of, OGRGeometryH geometry)
{
    bool lacks = false;
    for (int i = 0; i < OGR_G_GetGeometryCount(geometry); i++) {
        OGRGeometryH part = OGR_G_GetGeometryRef(geometry, i);
        if (is_there(of, part, geometry)) {
            lacks |= lacks_parts(of, part);
            continue;
        }
        lacks = true;
        if (!of->collapsed && !OGR_G_IsEmpty(part)) {
            of->collapsed = true;
            of->x = OGR_G_GetX(part, 0);
            of->y = OGR_G_GetY(part, 0);
        }
    }
    return lacks;
}

/* Whether a polygon has no outline, but a hole, which would become it. */
static bool is_hole_alone(const lack *of, OGRGeometryH geometry)
{
    const int n = OGR_G_GetGeometryCount(geometry);
    bool alone = false;
    if (is_polygon(geometry) && (n == 0 || is_there(of, OGR_G_GetGeometryRef(geometry, 0), geometry)))
        return false;
    for (int i = 0; i < n; i++) {
        OGRGeometryH part = OGR_G_GetGeometryRef(geometry, i);
        alone |= is_polygon(geometry) ? is_there(of, part, geometry) : is_hole_alone(of, part);
    }
    return alone;
}

/* A copy of a geometry without them, which is empty where nothing is left; the caller destroys it. NULL: out of
 * memory. */
static OGRGeometryH without_lacking_parts(const lack *of, OGRGeometryH geometry)
{
    OGRGeometryH copy = OGR_G_CreateGeometry(OGR_G_GetGeometryType(geometry));
    if (OGR_G_GetGeometryCount(geometry) == 0) {
        if (copy != NULL)
            OGR_G_DestroyGeometry(copy);
        return OGR_G_Clone(geometry);
    }
    for (int i = 0; copy != NULL && i < OGR_G_GetGeometryCount(geometry); i++) {
        OGRGeometryH part = OGR_G_GetGeometryRef(geometry, i);
        if (!is_there(of, part, geometry))
            continue;
        OGRGeometryH kept = without_lacking_parts(of, part);
        if (kept != NULL && OGR_G_IsEmpty(kept)) {
            OGR_G_DestroyGeometry(kept);
            continue;
        }
        if (kept == NULL || OGR_G_AddGeometryDirectly(copy, kept) != OGRERR_NONE) {
            if (kept != NULL)
                OGR_G_DestroyGeometry(kept);
            OGR_G_DestroyGeometry(copy);
            return NULL;
        }
    }
    return copy;
}

/* Takes them out of *io_geometry: *io_whole, which is destroyed if it was one before, is then the rest. */
static dk_status leave_out_lacking(lack *of, OGRGeometryH *io_geometry, OGRGeometryH *io_whole,
                                   dk_geometry_fault *ret_fault, char *ret_problem, size_t problem_size, dk_error *err)
{
    if (!lacks_parts(of, *io_geometry))
        return DK_OK;
    if (is_hole_alone(of, *io_geometry)) {
        *ret_fault = DK_GEOMETRY_BAD;
        snprintf(ret_problem, problem_size, "a polygon of it has a hole and no outline; correct it in the source");
        return DK_OK;
    }
    OGRGeometryH rest = without_lacking_parts(of, *io_geometry);
    if (rest == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (OGR_G_IsEmpty(rest)) { /* what it is made of says what is wrong */
        OGR_G_DestroyGeometry(rest);
        return DK_OK;
    }
    if (*io_whole != NULL)
        OGR_G_DestroyGeometry(*io_whole);
    *io_whole = *io_geometry = rest;
    return DK_OK;
}

static dk_status to_wkb(OGRGeometryH geometry, dk_buf *out, dk_error *err)
{
    const int size = OGR_G_WkbSize(geometry);
    dk_buf_clear(out);
    unsigned char *to = size > 0 ? dk_buf_reserve(out, (size_t)size) : NULL;
    if (to == NULL || OGR_G_ExportToIsoWkb(geometry, wkbNDR, to) != OGRERR_NONE)
        return dk_fail(err, DK_NOMEM, "out of memory");
    out->size = (size_t)size;
    return DK_OK;
}

/* Of polygons, valid or not: the sum of their rings, holes taken off. */
static double area_of(const dk_buf *wkb)
{
    dk_shape shape;
    dk_shape_init(&shape);
    const double area = dk_shape_from_wkb(wkb->data, wkb->size, &shape, NULL) == DK_OK ? dk_shape_area_m2(&shape) : 0;
    dk_shape_finish(&shape);
    return area;
}

/* The place in a reason of GEOS as the corner of the source that is nearest to it. Beside the coordinates of the
 * source, which the rejects file may have, places behind a transformation would give its parameters away. */
static dk_status say_corner(OGRGeometryH geometry, const dk_buf *transformed, dk_buf *scratch, char *reason,
                            size_t size, dk_error *err)
{
    dk_shape moved, given;
    double lon, lat, nearest = INFINITY;
    size_t corner = 0;
    char *at = strstr(reason, " at longitude ");
    if (at == NULL || sscanf(at, " at longitude %lf, latitude %lf", &lon, &lat) != 2)
        return DK_OK;
    dk_shape_init(&moved);
    dk_shape_init(&given);
    dk_status status = to_wkb(geometry, scratch, err);
    if (status == DK_OK)
        status = dk_shape_from_wkb(transformed->data, transformed->size, &moved, err);
    if (status == DK_OK)
        status = dk_shape_from_wkb(scratch->data, scratch->size, &given, err);
    for (size_t i = 0; status == DK_OK && i < moved.n_points; i++) {
        const double off = hypot(moved.lonlat[2 * i] - lon, moved.lonlat[2 * i + 1] - lat);
        if (off < nearest)
            nearest = off, corner = i;
    }
    if (status == DK_OK && corner < given.n_points)
        snprintf(at, size - (size_t)(at - reason), " near the corner (%.12g, %.12g)", given.lonlat[2 * corner],
                 given.lonlat[2 * corner + 1]);
    dk_shape_finish(&moved);
    dk_shape_finish(&given);
    return status;
}

static dk_status repair(dk_geometry_reader *reader, OGRGeometryH geometry, dk_buf *out, dk_geometry_fault *ret_fault,
                        char *ret_problem, size_t problem_size, dk_error *err)
{
    char reason[256] = "";
    bool valid = false;
    dk_status status = dk_geos_valid(reader->geos, out->data, out->size, &valid, reason, sizeof reason);
    if (status == DK_NOMEM)
        return dk_fail(err, status, "out of memory");
    if (status == DK_OK && valid)
        return DK_OK;
    if (status == DK_OK && reader->crs->stamp[0] != '\0' &&
        (status = say_corner(geometry, out, &reader->raw, reason, sizeof reason, err)) != DK_OK)
        return status;
    dk_buf_clear(&reader->raw);
    status = dk_geos_make_valid(reader->geos, out->data, out->size, &reader->raw);
    if (status == DK_NOMEM)
        return dk_fail(err, status, "out of memory");
    if (status != DK_OK) {
        *ret_fault = DK_GEOMETRY_BAD;
        snprintf(ret_problem, problem_size,
                 "the polygon is not valid and cannot be repaired%s%s; correct it in the source", reason[0] ? ": " : "",
                 reason);
        return DK_OK;
    }
    const double before = area_of(out), after = area_of(&reader->raw);
    if (!dk_repair_allowed(before, after)) {
        const int decimals = fabs(after - before) >= 0.01 ? 2 : 6; /* so that they differ, of the smallest too */
        *ret_fault = DK_GEOMETRY_BAD;
        snprintf(
            ret_problem, problem_size,
            "the polygon is not valid%s%s, and repairing it would change its area from %.*f to %.*f m2, by more than "
            "%g %%; correct it in the source",
            reason[0] ? ": " : "", reason, decimals, before, decimals, after, DK_REPAIR_AREA * 100);
        return DK_OK;
    }
    dk_buf_clear(out);
    dk_buf_append(out, reader->raw.data, reader->raw.size);
    if (out->failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    snprintf(reader->repair_detail, sizeof reader->repair_detail, "%s", reason);
    reader->repair = (dk_repair){
        .rule = dk_repair_rule(reason), .detail = reader->repair_detail, .before_m2 = before, .after_m2 = after};
    reader->repaired++;
    return DK_OK;
}

/* That a ring which had collapsed was left out, of which GEOS says as much where it has four positions. */
static void note_collapsed(dk_geometry_reader *reader, const lack *of, double shift, const dk_buf *out)
{
    const double x = of->x, y = of->y, area = area_of(out);
    double place[2] = {(reader->axes_yx ? y : x) + shift, reader->axes_yx ? x : y};
    const bool old = reader->crs->stamp[0] != '\0';
    if (!old)
        dk_transform(reader->transformer, place, 1);
    snprintf(reader->repair_detail, sizeof reader->repair_detail,
             old ? "Too few points in geometry component near the corner (%.12g, %.12g)"
                 : "Too few points in geometry component at longitude %.9f, latitude %.9f",
             old ? x : place[0], old ? y : place[1]);
    reader->repair = (dk_repair){.rule = dk_repair_rule(reader->repair_detail),
                                 .detail = reader->repair_detail,
                                 .before_m2 = area,
                                 .after_m2 = area};
    reader->repaired++;
}

/* The coordinate system that the row says, for this row alone. */
static dk_status take_own_crs(dk_geometry_reader *reader, int epsg, dk_geometry_fault *ret_fault, char *ret_problem,
                              size_t problem_size, dk_error *err)
{
    dk_error why = {0};
    const dk_status status = dk_crs_set_get(reader->own, epsg, &reader->crs, &reader->transformer, &why);
    if (status == DK_NOMEM)
        return dk_fail(err, status, "%s", why.text);
    if (status != DK_OK) {
        *ret_fault = DK_GEOMETRY_DATUM;
        snprintf(ret_problem, problem_size, "%s", why.text);
    }
    return DK_OK;
}

/* Brings the WKB to degrees; from says what is added to x, and gets what is found on the way. */
static dk_status to_degrees(dk_geometry_reader *reader, cursor *from, dk_buf *out, dk_geometry_fault *ret_fault,
                            char *ret_problem, size_t problem_size, dk_error *err)
{
    *from = (cursor){
        .at = out->data, .end = out->data + out->size, .shift = from->shift, .west = INFINITY, .east = -INFINITY};
    if (walk(reader, from, 0))
        return DK_OK;
    dk_buf_clear(out); /* half in degrees */
    if (reader->lonlat.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (from->fault != DK_GEOMETRY_GOOD) {
        explain(reader, from, ret_fault, ret_problem, problem_size);
    } else {
        *ret_fault = DK_GEOMETRY_BAD;
        snprintf(ret_problem, problem_size, "the geometry cannot be read; correct it in the source");
    }
    return DK_OK;
}

static dk_status read_geometry(dk_geometry_reader *reader, OGRGeometryH geometry, dk_buf *out,
                               dk_geometry_fault *ret_fault, char *ret_problem, size_t problem_size, dk_error *err)
{
    static const char *const kinds[] = {"no geometry", "polygons", "lines", "points"};
    OGRGeometryH linear = NULL, whole = NULL;
    lack lacking = {.reader = NULL};
    dk_status status = DK_OK;
    *ret_fault = DK_GEOMETRY_GOOD;
    reader->repair.rule = NULL;
    reader->plane_m2 = NAN;
    dk_buf_clear(out);
    if (geometry == NULL || OGR_G_IsEmpty(geometry)) {
        *ret_fault = DK_GEOMETRY_BAD;
        snprintf(ret_problem, problem_size, "there is no geometry; --undrawn loads rows that have none yet");
        return DK_OK;
    }
    if (OGR_G_HasCurveGeometry(geometry, FALSE)) {
        reader->chorded += OGR_G_HasCurveGeometry(geometry, TRUE) != 0;
        linear = dk_arcs_to_chords(geometry, reader->crs->degrees);
        if (linear == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        geometry = linear;
    }
    OGR_G_FlattenTo2D(geometry);
    if (!kind_fits(wkbFlatten(OGR_G_GetGeometryType(geometry)), reader->kind)) {
        *ret_fault = DK_GEOMETRY_BAD;
        snprintf(ret_problem, problem_size,
                 "the geometry is a %s, the layer has %s; leave it out, or make it one in the source",
                 OGR_G_GetGeometryName(geometry), kinds[reader->kind]);
        goto out;
    }
    if (reader->kind == DK_POLYGONS)
        OGR_G_CloseRings(geometry);
    if ((status = to_wkb(geometry, out, err)) != DK_OK)
        goto out;
    double first[2] = {NAN, NAN};
    if (!look_over(&(cursor){.at = out->data, .end = out->data + out->size}, first, 0)) {
        status = leave_out_lacking(&lacking, &geometry, &whole, ret_fault, ret_problem, problem_size, err);
        if (status == DK_OK && *ret_fault == DK_GEOMETRY_GOOD && whole != NULL)
            status = to_wkb(geometry, out, err);
        if (status != DK_OK || *ret_fault != DK_GEOMETRY_GOOD) {
            dk_buf_clear(out);
            goto out;
        }
        first[0] = first[1] = NAN;
        look_over(&(cursor){.at = out->data, .end = out->data + out->size}, first, 0);
    }
    cursor from = {.shift = 0};
    const double x = first[reader->axes_yx];
    int prefix = 0;
    const dk_zone_fix fix = isnan(x) ? DK_ZONE_AS_IS : dk_crs_zone_fix(reader->crs, x, &from.shift, &prefix);
    if (fix == DK_ZONE_CONTRADICTS) {
        dk_buf_clear(out);
        *ret_fault = DK_GEOMETRY_ZONE;
        snprintf(ret_problem, problem_size,
                 "the easting %.10g begins with zone %d, which contradicts the coordinate system, %s; %s", x, prefix,
                 reader->crs->name, reader->crs_stands ? say_system(reader) : "say the right one with --crs");
        goto out;
    }
    status = to_degrees(reader, &from, out, ret_fault, ret_problem, problem_size, err);
    if (status == DK_OK && *ret_fault == DK_GEOMETRY_GOOD && from.n_thin > 0 && from.n_rings > 1) {
        lacking.reader = reader;
        OGRGeometryH before = geometry;
        status = leave_out_lacking(&lacking, &geometry, &whole, ret_fault, ret_problem, problem_size, err);
        if (status == DK_OK && *ret_fault == DK_GEOMETRY_GOOD && geometry != before)
            status = to_wkb(geometry, out, err);
        if (status == DK_OK && *ret_fault == DK_GEOMETRY_GOOD && geometry != before)
            status = to_degrees(reader, &from, out, ret_fault, ret_problem, problem_size, err);
    }
    if (status != DK_OK || *ret_fault != DK_GEOMETRY_GOOD)
        goto out;
    if (reader->kind == DK_POLYGONS)
        status = repair(reader, geometry, out, ret_fault, ret_problem, problem_size, err);
    if (status == DK_OK && reader->kind == DK_POLYGONS && *ret_fault == DK_GEOMETRY_GOOD &&
        encloses_nothing(geometry, reader->crs, from.plane_m2)) { /* what a repair found is the bend of degrees */
        *ret_fault = DK_GEOMETRY_BAD;
        snprintf(ret_problem, problem_size,
                 "the polygon encloses nothing: its corners lie on one line; correct it in the source");
        reader->repaired -= reader->repair.rule != NULL;
        reader->repair.rule = NULL;
    }
    if (reader->kind == DK_POLYGONS && reader->repair.rule == NULL && measured_in_plane(reader->crs, &from))
        reader->plane_m2 = from.plane_m2;
    if (status == DK_OK && *ret_fault == DK_GEOMETRY_GOOD) {
        if (lacking.collapsed && reader->repair.rule == NULL)
            note_collapsed(reader, &lacking, from.shift, out);
        reader->zone_stripped += fix == DK_ZONE_STRIPPED;
        reader->zone_added += fix == DK_ZONE_ADDED;
    }
out:
    if (whole != NULL)
        OGR_G_DestroyGeometry(whole);
    if (linear != NULL)
        OGR_G_DestroyGeometry(linear);
    return status;
}

dk_status dk_geometry_read(dk_geometry_reader *reader, OGRGeometryH geometry, int epsg, dk_buf *out,
                           dk_geometry_fault *ret_fault, char *ret_problem, size_t problem_size, dk_error *err)
{
    const dk_crs *crs = reader->crs;
    dk_transformer *transformer = reader->transformer;
    dk_status status = DK_OK;
    *ret_fault = DK_GEOMETRY_GOOD;
    if (epsg != 0 && geometry != NULL)
        status = take_own_crs(reader, epsg, ret_fault, ret_problem, problem_size, err);
    if (status == DK_OK && *ret_fault == DK_GEOMETRY_GOOD)
        status = read_geometry(reader, geometry, out, ret_fault, ret_problem, problem_size, err);
    reader->crs = crs;
    reader->transformer = transformer;
    return status;
}
