#include "ingest/arcs.h"

#include <math.h>

#define OFF_METRES 0.001
#define METRES_OF_DEGREE 111320.0
#define COARSEST 1.0 /* degrees that a chord turns by */
#define FINEST 0.5   /* a full circle of 720 chords */
#define MOST_CHORDS 720
#define MOST_POINTS 20000000

/* The radius, and the angle that the arc turns by in degrees. false: the three are in one line. */
static bool measure(const double a[2], const double b[2], const double c[2], double *ret_radius, double *ret_angle)
{
    const double ux = b[0] - a[0], uy = b[1] - a[1], vx = c[0] - a[0], vy = c[1] - a[1];
    if (vx == 0 && vy == 0) { /* a circle, of which b is opposite */
        *ret_radius = hypot(ux, uy) / 2;
        *ret_angle = 360;
        return *ret_radius > 0;
    }
    const double cross = ux * vy - uy * vx;
    if (cross == 0)
        return false;
    *ret_radius = hypot(ux, uy) * hypot(vx, vy) * hypot(vx - ux, vy - uy) / (2 * fabs(cross));
    /* The angle at b over the chord is half of what the arc leaves of the circle. */
    const double at_b = atan2(fabs(cross), -ux * (vx - ux) - uy * (vy - uy));
    *ret_angle = 360 - 2 * at_b * 180 / M_PI;
    return isfinite(*ret_radius) && isfinite(*ret_angle);
}

/* By halves of 1 degree, so that rounding does not tell one direction of an arc from the other. */
static double step_of(const double a[2], const double b[2], const double c[2], bool degrees)
{
    double radius, angle;
    if (!measure(a, b, c, &radius, &angle))
        return COARSEST;
    const double off = degrees ? OFF_METRES / METRES_OF_DEGREE : OFF_METRES;
    const double wanted = radius > off ? 2 * acos(1 - off / radius) * 180 / M_PI : COARSEST;
    double step = COARSEST;
    while (step > wanted && angle / (step / 2) <= MOST_CHORDS)
        step /= 2;
    return step;
}

OGRGeometryH dk_arc_to_chords(const double a[2], const double b[2], const double c[2], bool degrees)
{
    OGRGeometryH arc = OGR_G_CreateGeometry(wkbCircularString);
    if (arc == NULL)
        return NULL;
    OGR_G_AddPoint_2D(arc, a[0], a[1]);
    OGR_G_AddPoint_2D(arc, b[0], b[1]);
    OGR_G_AddPoint_2D(arc, c[0], c[1]);
    OGRGeometryH line = OGR_G_GetLinearGeometry(arc, step_of(a, b, c, degrees), NULL);
    OGR_G_DestroyGeometry(arc);
    return line;
}

/* Appends the points of a line, an arc or several of them, the first not again where it is the last of those before. */
static bool append(OGRGeometryH to, OGRGeometryH from, bool degrees, int depth)
{
    const int n = OGR_G_GetPointCount(from);
    switch (wkbFlatten(OGR_G_GetGeometryType(from))) {
    case wkbCompoundCurve:
        for (int i = 0; i < OGR_G_GetGeometryCount(from); i++)
            if (depth > 0 || !append(to, OGR_G_GetGeometryRef(from, i), degrees, depth + 1))
                return false;
        return true;
    case wkbCircularString:
        for (int i = 0; i + 2 < n; i += 2) {
            double at[3][2];
            for (int k = 0; k < 3; k++)
                OGR_G_GetPoint(from, i + k, &at[k][0], &at[k][1], NULL);
            OGRGeometryH chords = dk_arc_to_chords(at[0], at[1], at[2], degrees);
            const bool good = chords != NULL && append(to, chords, degrees, depth + 1);
            if (chords != NULL)
                OGR_G_DestroyGeometry(chords);
            if (!good)
                return false;
        }
        return true;
    default:
        for (int i = 0; i < n; i++) {
            const int last = OGR_G_GetPointCount(to) - 1;
            const double x = OGR_G_GetX(from, i), y = OGR_G_GetY(from, i);
            if (last >= MOST_POINTS)
                return false;
            if (i > 0 || last < 0 || OGR_G_GetX(to, last) != x || OGR_G_GetY(to, last) != y)
                OGR_G_AddPoint_2D(to, x, y);
        }
        return true;
    }
}

static OGRwkbGeometryType linear_type(OGRGeometryH geometry, bool ring)
{
    switch (wkbFlatten(OGR_G_GetGeometryType(geometry))) {
    case wkbCircularString:
    case wkbCompoundCurve:
    case wkbLineString:
        return ring ? wkbLinearRing : wkbLineString;
    case wkbPolygon:
    case wkbCurvePolygon:
        return wkbPolygon;
    case wkbMultiSurface:
        return wkbMultiPolygon;
    case wkbMultiCurve:
        return wkbMultiLineString;
    case wkbGeometryCollection:
        return wkbGeometryCollection;
    default:
        return wkbUnknown;
    }
}

static OGRGeometryH copy(OGRGeometryH geometry, bool degrees, bool ring, int depth)
{
    const OGRwkbGeometryType type = linear_type(geometry, ring);
    if (type == wkbUnknown) /* of what has no arcs, or of a surface that no layer takes */
        return OGR_G_HasCurveGeometry(geometry, FALSE) ? OGR_G_GetLinearGeometry(geometry, FINEST, NULL)
                                                       : OGR_G_Clone(geometry);
    OGRGeometryH made = OGR_G_CreateGeometry(type);
    bool good = made != NULL && depth < 32;
    if (type == wkbLineString || type == wkbLinearRing) {
        good = good && append(made, geometry, degrees, 0);
    } else {
        for (int i = 0; i < OGR_G_GetGeometryCount(geometry) && good; i++) {
            OGRGeometryH part = copy(OGR_G_GetGeometryRef(geometry, i), degrees, type == wkbPolygon, depth + 1);
            good = part != NULL && OGR_G_AddGeometryDirectly(made, part) == OGRERR_NONE;
            if (!good && part != NULL)
                OGR_G_DestroyGeometry(part);
        }
    }
    if (!good && made != NULL)
        OGR_G_DestroyGeometry(made);
    return good ? made : NULL;
}

OGRGeometryH dk_arcs_to_chords(OGRGeometryH geometry, bool degrees)
{
    return copy(geometry, degrees, false, 0);
}
