/* Geometries of filters. GEOS answers; a collection of points, lines and polygons, which GEOS relates to nothing, is
 * asked by the three parts that it has, each a union of what is of one dimension. */
#include "store/cql2_geometry.h"

#include "store/geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <geos_c.h>

#define MOST_PARTS 3
#define SIDE_STEPS 16 /* a side of a box in a projection is no straight line in degrees */

struct dk_cql2_literal {
    dk_cql2_shapes *shapes;
    GEOSGeometry *parts[MOST_PARTS];
    const GEOSPreparedGeometry *prepared[MOST_PARTS];
    size_t n_parts;
    double bounds[4];
    dk_cql2_literal *next;
};

struct dk_cql2_shapes {
    GEOSContextHandle_t geos;
    GEOSWKBReader *reader;
    dk_cql2_literal *literals;
};

static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

dk_cql2_shapes *dk_cql2_shapes_create(void)
{
    dk_cql2_shapes *shapes = calloc(1, sizeof *shapes);
    if (shapes == NULL)
        return NULL;
    shapes->geos = GEOS_init_r();
    if (shapes->geos != NULL) {
        GEOSContext_setErrorMessageHandler_r(shapes->geos, ignore, NULL);
        GEOSContext_setNoticeMessageHandler_r(shapes->geos, ignore, NULL);
        shapes->reader = GEOSWKBReader_create_r(shapes->geos);
    }
    if (shapes->reader == NULL) {
        dk_cql2_shapes_free(shapes);
        return NULL;
    }
    return shapes;
}

static void literal_free(GEOSContextHandle_t geos, dk_cql2_literal *literal)
{
    for (size_t i = 0; i < literal->n_parts; i++) {
        if (literal->prepared[i] != NULL)
            GEOSPreparedGeom_destroy_r(geos, literal->prepared[i]);
        GEOSGeom_destroy_r(geos, literal->parts[i]);
    }
    free(literal);
}

void dk_cql2_shapes_free(dk_cql2_shapes *shapes)
{
    if (shapes == NULL)
        return;
    while (shapes->literals != NULL) {
        dk_cql2_literal *next = shapes->literals->next;
        literal_free(shapes->geos, shapes->literals);
        shapes->literals = next;
    }
    if (shapes->reader != NULL)
        GEOSWKBReader_destroy_r(shapes->geos, shapes->reader);
    if (shapes->geos != NULL)
        GEOS_finish_r(shapes->geos);
    free(shapes);
}

/* ---- making ---- */

typedef struct maker {
    dk_cql2_reader *reader;
    GEOSContextHandle_t geos;
    const dk_cql2_node *node;
    const dk_cql2_crs *crs;
    /* members, by dimension */
    GEOSGeometry **members[MOST_PARTS];
    size_t n[MOST_PARTS], capacity[MOST_PARTS];
} maker;

static void refuse(maker *m, const char *sentence)
{
    dk_cql2_refuse(m->reader, DK_INVALID, m->node, m->node->place, "%s", sentence);
}

/* Brings positions to (lon, lat) and looks that they are in the world. */
static bool place(maker *m, double *xy, size_t n)
{
    for (size_t i = 0; i < 2 * n; i++)
        if (!isfinite(xy[i])) {
            refuse(m, "a coordinate of the geometry is too large");
            return false;
        }
    if (m->crs != NULL && n > 0) {
        dk_error err = {0};
        const dk_status status = m->crs->to_lonlat(m->crs->user, xy, n, &err);
        if (status != DK_OK) {
            dk_cql2_refuse(m->reader, status, m->node, m->node->place, "%s", err.text);
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const double lon = xy[2 * i], lat = xy[2 * i + 1];
        if (lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90)
            continue;
        if (m->crs == NULL)
            dk_cql2_refuse(
                m->reader, DK_INVALID, m->node, m->node->place,
                "the position %g %g lies outside the world; a position is longitude, then latitude, in degrees", lon,
                lat);
        else
            refuse(m, "the geometry lies outside the world; look at the order of its axes and at its CRS");
        return false;
    }
    return true;
}

static GEOSCoordSequence *sequence(maker *m, const double *xy, size_t from, size_t to)
{
    return GEOSCoordSeq_copyFromBuffer_r(m->geos, xy + 2 * from, (unsigned)(to - from), 0, 0);
}

static bool keep(maker *m, GEOSGeometry *member, size_t dimension)
{
    if (member != NULL &&
        dk_grow(&m->members[dimension], &m->capacity[dimension], m->n[dimension] + 1, sizeof *m->members[dimension])) {
        m->members[dimension][m->n[dimension]++] = member;
        return true;
    }
    if (member != NULL)
        GEOSGeom_destroy_r(m->geos, member);
    dk_cql2_no_memory(m->reader);
    return false;
}

static size_t line_start(const dk_cql2_shape *shape, size_t line)
{
    return line == 0 ? 0 : shape->line_ends[line - 1];
}

static bool line_valid(maker *m, const dk_cql2_shape *shape, size_t line, bool ring)
{
    const size_t from = line_start(shape, line), to = shape->line_ends[line];
    if (to - from < (ring ? 4u : 2u)) {
        refuse(m, ring ? "a ring of a polygon needs four positions, of which the last is the first"
                       : "a line needs two positions");
        return false;
    }
    if (ring && (shape->xy[2 * from] != shape->xy[2 * to - 2] || shape->xy[2 * from + 1] != shape->xy[2 * to - 1])) {
        refuse(m, "a ring of the polygon is not closed; its last position must be its first");
        return false;
    }
    return true;
}

static GEOSGeometry *make_line(maker *m, const dk_cql2_shape *shape, size_t line, bool ring)
{
    GEOSCoordSequence *xy = sequence(m, shape->xy, line_start(shape, line), shape->line_ends[line]);
    if (xy == NULL)
        return NULL;
    return ring ? GEOSGeom_createLinearRing_r(m->geos, xy) : GEOSGeom_createLineString_r(m->geos, xy);
}

static GEOSGeometry *make_polygon(maker *m, const dk_cql2_shape *shape, size_t polygon)
{
    const size_t from = polygon == 0 ? 0 : shape->polygon_ends[polygon - 1], to = shape->polygon_ends[polygon];
    GEOSGeometry **rings = calloc(to - from + 1, sizeof *rings), *made = NULL;
    size_t n = 0;
    if (rings != NULL && to > from)
        for (; n < to - from && (rings[n] = make_line(m, shape, from + n, true)) != NULL;)
            n++;
    if (n > 0 && n == to - from)
        made = GEOSGeom_createPolygon_r(m->geos, rings[0], rings + 1, (unsigned)(n - 1));
    else
        for (size_t i = 0; i < n; i++)
            GEOSGeom_destroy_r(m->geos, rings[i]);
    free(rings);
    return made;
}

/* Whether GEOS finds the geometry valid; else its reason and the place. */
static bool look_at(maker *m, const GEOSGeometry *geometry)
{
    char *reason = NULL;
    GEOSGeometry *where = NULL;
    const char valid = GEOSisValidDetail_r(m->geos, geometry, 0, &reason, &where);
    double x = 0, y = 0;
    if (valid == 0 && where != NULL && GEOSGeomGetX_r(m->geos, where, &x) == 1 &&
        GEOSGeomGetY_r(m->geos, where, &y) == 1)
        dk_cql2_refuse(m->reader, DK_INVALID, m->node, m->node->place,
                       "the geometry is not valid: %s at longitude %.8g, latitude %.8g",
                       reason != NULL ? reason : "fault", x, y);
    else if (valid != 1)
        refuse(m, "the geometry is not valid");
    if (reason != NULL)
        GEOSFree_r(m->geos, reason);
    if (where != NULL)
        GEOSGeom_destroy_r(m->geos, where);
    return valid == 1;
}

/* Several members as one geometry of the type. Takes the array's members. */
static GEOSGeometry *gather(maker *m, int type, GEOSGeometry **members, size_t n)
{
    GEOSGeometry *made = n == 1 ? members[0] : GEOSGeom_createCollection_r(m->geos, type, members, (unsigned)n);
    return made;
}

/* The parts of a shape that is no collection, as one geometry. */
static GEOSGeometry *make_plain(maker *m, const dk_cql2_shape *shape)
{
    const bool of_points = shape->type == DK_SHAPE_POINT || shape->type == DK_SHAPE_POINTS;
    const bool of_lines = shape->type == DK_SHAPE_LINE || shape->type == DK_SHAPE_LINES;
    const size_t n = of_points ? shape->n : of_lines ? shape->n_lines : shape->n_polygons;
    for (size_t i = 0; i < shape->n_lines; i++)
        if (!line_valid(m, shape, i, !of_lines))
            return NULL;
    size_t ring = 0;
    for (size_t i = 0; i < shape->n_polygons; ring = shape->polygon_ends[i++])
        if (shape->polygon_ends[i] == ring) {
            refuse(m, "a polygon has no ring");
            return NULL;
        }
    if (n == 0) {
        refuse(m, "the geometry has no positions");
        return NULL;
    }
    if (!place(m, shape->xy, shape->n))
        return NULL;
    GEOSGeometry **made = calloc(n, sizeof *made), *all = NULL;
    size_t i = 0;
    for (; made != NULL && i < n; i++) {
        made[i] = of_points  ? GEOSGeom_createPointFromXY_r(m->geos, shape->xy[2 * i], shape->xy[2 * i + 1])
                  : of_lines ? make_line(m, shape, i, false)
                             : make_polygon(m, shape, i);
        if (made[i] == NULL)
            break;
    }
    if (i == n && made != NULL)
        all = gather(m, of_points ? GEOS_MULTIPOINT : of_lines ? GEOS_MULTILINESTRING : GEOS_MULTIPOLYGON, made, n);
    else
        for (size_t k = 0; made != NULL && k < i; k++)
            GEOSGeom_destroy_r(m->geos, made[k]);
    free(made);
    if (all == NULL)
        refuse(m, "the geometry cannot be made");
    return all;
}

static bool add_shape(maker *m, const dk_cql2_shape *shape)
{
    if (shape->type == DK_SHAPE_COLLECTION) {
        for (const dk_cql2_shape *member = shape->members; member != NULL; member = member->next)
            if (!add_shape(m, member))
                return false;
        return true;
    }
    GEOSGeometry *made = make_plain(m, shape);
    if (made == NULL)
        return false;
    if (!look_at(m, made)) {
        GEOSGeom_destroy_r(m->geos, made);
        return false;
    }
    const bool of_points = shape->type == DK_SHAPE_POINT || shape->type == DK_SHAPE_POINTS;
    return keep(m, made, of_points ? 0 : shape->type == DK_SHAPE_LINE || shape->type == DK_SHAPE_LINES ? 1 : 2);
}

/* ---- boxes ---- */

/* A box in degrees: a polygon, or a line or point where it has no width or height. */
static bool add_degrees(maker *m, double west, double south, double east, double north)
{
    double ring[10] = {west, south, east, south, east, north, west, north, west, south};
    dk_cql2_shape shape = {.type = DK_SHAPE_POLYGON, .xy = ring, .n = 5, .n_lines = 1, .n_polygons = 1};
    size_t line_end = 5, polygon_end = 1;
    shape.line_ends = &line_end;
    shape.polygon_ends = &polygon_end;
    if (west == east && south == north) {
        shape.type = DK_SHAPE_POINT;
        shape.n = 1;
        shape.n_lines = shape.n_polygons = 0;
    } else if (west == east || south == north) {
        shape.type = DK_SHAPE_LINE;
        shape.xy[2] = east;
        shape.xy[3] = north;
        shape.n = line_end = 2;
        shape.n_polygons = 0;
    }
    const dk_cql2_crs *crs = m->crs;
    m->crs = NULL; /* they are degrees already */
    const bool good = add_shape(m, &shape);
    m->crs = crs;
    return good;
}

/* A point, or two sides one upon the other as one line. */
static bool add_narrow_projected(maker *m, const double box[4])
{
    double xy[2 * (SIDE_STEPS + 1)];
    size_t line_end = SIDE_STEPS + 1;
    const bool point = box[0] == box[2] && box[1] == box[3];
    for (size_t i = 0; i <= SIDE_STEPS; i++) {
        const double t = (double)i / SIDE_STEPS;
        xy[2 * i] = box[0] + t * (box[2] - box[0]);
        xy[2 * i + 1] = box[1] + t * (box[3] - box[1]);
    }
    const dk_cql2_shape shape = {.type = point ? DK_SHAPE_POINT : DK_SHAPE_LINE,
                                 .xy = xy,
                                 .n = point ? 1 : line_end,
                                 .line_ends = &line_end,
                                 .n_lines = point ? 0 : 1};
    return add_shape(m, &shape);
}

static bool add_projected(maker *m, const double box[4])
{
    double xy[2 * (4 * SIDE_STEPS + 1)];
    const double corners[5][2] = {
        {box[0], box[1]}, {box[2], box[1]}, {box[2], box[3]}, {box[0], box[3]}, {box[0], box[1]}};
    size_t line_end = 4 * SIDE_STEPS + 1, polygon_end = 1;
    for (size_t i = 0; i < 4 * SIDE_STEPS; i++) {
        const double *from = corners[i / SIDE_STEPS], *to = corners[i / SIDE_STEPS + 1];
        const double t = (double)(i % SIDE_STEPS) / SIDE_STEPS;
        xy[2 * i] = from[0] + t * (to[0] - from[0]);
        xy[2 * i + 1] = from[1] + t * (to[1] - from[1]);
    }
    xy[8 * SIDE_STEPS] = xy[0];
    xy[8 * SIDE_STEPS + 1] = xy[1];
    if (box[0] > box[2] || box[1] > box[3]) {
        refuse(m, "the first corner of a BBOX must lie below the second on both axes");
        return false;
    }
    if (box[0] == box[2] || box[1] == box[3])
        return add_narrow_projected(m, box);
    const dk_cql2_shape shape = {.type = DK_SHAPE_POLYGON,
                                 .xy = xy,
                                 .n = line_end,
                                 .line_ends = &line_end,
                                 .n_lines = 1,
                                 .polygon_ends = &polygon_end,
                                 .n_polygons = 1};
    return add_shape(m, &shape);
}

static bool near(double a, double b)
{
    return fabs(a - b) < 0.01;
}

/* Where the west is larger than the east, the box spans the antimeridian (clause 7.5.1). */
static bool add_box(maker *m, const double box[4])
{
    double corners[4] = {box[0], box[1], box[2], box[3]};
    if (!place(m, corners, 2))
        return false;
    /* A system of degrees gives the numbers back as they are or exchanged, but for the shift of its datum. */
    const bool degrees = m->crs == NULL || (near(corners[0], box[0]) && near(corners[1], box[1])) ||
                         (near(corners[0], box[1]) && near(corners[1], box[0]));
    if (!degrees)
        return add_projected(m, box);
    if (corners[1] > corners[3]) {
        refuse(
            m,
            "the south of the BBOX lies north of its north; its numbers are west, south, east, north, or the same in "
            "the order of the axes of filter-crs");
        return false;
    }
    if (corners[0] <= corners[2])
        return add_degrees(m, corners[0], corners[1], corners[2], corners[3]);
    return add_degrees(m, corners[0], corners[1], 180, corners[3]) &&
           add_degrees(m, -180, corners[1], corners[2], corners[3]);
}

/* What is of one dimension, as one geometry. */
static GEOSGeometry *unite(maker *m, size_t dimension)
{
    GEOSGeometry **members = m->members[dimension];
    const size_t n = m->n[dimension];
    m->n[dimension] = 0;
    if (n == 1)
        return members[0];
    GEOSGeometry *all = GEOSGeom_createCollection_r(m->geos, GEOS_GEOMETRYCOLLECTION, members, (unsigned)n);
    if (all == NULL)
        return NULL;
    GEOSGeometry *united = GEOSUnaryUnion_r(m->geos, all);
    GEOSGeom_destroy_r(m->geos, all);
    return united;
}

static bool finish(maker *m, dk_cql2_literal *literal)
{
    bool bounded = false;
    for (size_t dimension = 0; dimension < MOST_PARTS; dimension++) {
        double box[4];
        if (m->n[dimension] == 0)
            continue;
        GEOSGeometry *part = unite(m, dimension);
        if (part == NULL) {
            refuse(m, "the members of the collection cannot be united; ask about them one by one");
            return false;
        }
        literal->parts[literal->n_parts++] = part;
        literal->prepared[literal->n_parts - 1] = GEOSPrepare_r(m->geos, part);
        if (literal->prepared[literal->n_parts - 1] == NULL || GEOSGeom_getXMin_r(m->geos, part, &box[0]) != 1 ||
            GEOSGeom_getYMin_r(m->geos, part, &box[1]) != 1 || GEOSGeom_getXMax_r(m->geos, part, &box[2]) != 1 ||
            GEOSGeom_getYMax_r(m->geos, part, &box[3]) != 1) {
            refuse(m, "the geometry cannot be made");
            return false;
        }
        for (int i = 0; i < 4; i++)
            if (!bounded || (i < 2 ? box[i] < literal->bounds[i] : box[i] > literal->bounds[i]))
                literal->bounds[i] = box[i];
        bounded = true;
    }
    if (!bounded)
        refuse(m, "the collection has no members");
    return bounded;
}

dk_status dk_cql2_literal_make(dk_cql2_reader *reader, dk_cql2_shapes *shapes, const dk_cql2_node *node,
                               const dk_cql2_crs *crs, const dk_cql2_literal **ret_literal)
{
    maker m = {.reader = reader, .geos = shapes->geos, .node = node, .crs = crs};
    dk_cql2_literal *literal = calloc(1, sizeof *literal);
    if (literal == NULL)
        return dk_cql2_no_memory(reader);
    literal->shapes = shapes;
    const bool good =
        (node->op == DK_OP_BBOX ? add_box(&m, node->box) : add_shape(&m, node->shape)) && finish(&m, literal);
    for (size_t dimension = 0; dimension < MOST_PARTS; dimension++) {
        for (size_t i = 0; i < m.n[dimension]; i++)
            GEOSGeom_destroy_r(shapes->geos, m.members[dimension][i]);
        free(m.members[dimension]);
    }
    if (!good) {
        literal_free(shapes->geos, literal);
        return reader->status != DK_OK ? reader->status : dk_cql2_no_memory(reader);
    }
    literal->next = shapes->literals;
    shapes->literals = literal;
    *ret_literal = literal;
    return DK_OK;
}

void dk_cql2_literal_bounds(const dk_cql2_literal *literal, double ret_bounds[4])
{
    memcpy(ret_bounds, literal->bounds, sizeof literal->bounds);
}

/* ---- relations ---- */

/* One question to GEOS; failing is remembered. */
typedef struct question {
    GEOSContextHandle_t geos;
    const dk_cql2_literal *literal;
    const GEOSGeometry *outline;
    bool failed;
} question;

static bool yes(question *q, char answer)
{
    q->failed |= answer == 2;
    return answer == 1;
}

static bool meets(question *q, size_t part)
{
    return yes(q, GEOSPreparedIntersects_r(q->geos, q->literal->prepared[part], q->outline));
}

static bool touches(question *q, size_t part)
{
    return yes(q, GEOSPreparedTouches_r(q->geos, q->literal->prepared[part], q->outline));
}

static bool relates(question *q, dk_cql2_op op, size_t part)
{
    const GEOSPreparedGeometry *prepared = q->literal->prepared[part];
    switch (op) {
    case DK_OP_S_INTERSECTS:
        return meets(q, part);
    case DK_OP_S_DISJOINT:
        return !meets(q, part);
    case DK_OP_S_TOUCHES:
        return touches(q, part);
    case DK_OP_S_OVERLAPS:
        return yes(q, GEOSPreparedOverlaps_r(q->geos, prepared, q->outline));
    case DK_OP_S_CROSSES:
        return yes(q, GEOSPreparedCrosses_r(q->geos, prepared, q->outline));
    case DK_OP_S_WITHIN:
        return yes(q, GEOSPreparedContains_r(q->geos, prepared, q->outline));
    case DK_OP_S_CONTAINS:
        return yes(q, GEOSPreparedWithin_r(q->geos, prepared, q->outline));
    default:
        return yes(q, GEOSEquals_r(q->geos, q->literal->parts[part], q->outline));
    }
}

/* Whether nothing of the outline is left when the parts are taken away. */
static bool covered_by_parts(question *q)
{
    GEOSGeometry *rest = NULL;
    bool covered = false;
    for (size_t i = 0; i < q->literal->n_parts && !covered; i++) {
        GEOSGeometry *less = GEOSDifference_r(q->geos, rest != NULL ? rest : q->outline, q->literal->parts[i]);
        if (rest != NULL)
            GEOSGeom_destroy_r(q->geos, rest);
        rest = less;
        if (rest == NULL) {
            q->failed = true;
            return false;
        }
        covered = yes(q, GEOSisEmpty_r(q->geos, rest));
    }
    if (rest != NULL)
        GEOSGeom_destroy_r(q->geos, rest);
    return covered;
}

static bool covers_parts(question *q)
{
    for (size_t i = 0; i < q->literal->n_parts; i++)
        if (!yes(q, GEOSPreparedCoveredBy_r(q->geos, q->literal->prepared[i], q->outline)))
            return false;
    return true;
}

/* Whether interiors have a point in common. */
static bool interiors_meet(question *q)
{
    for (size_t i = 0; i < q->literal->n_parts; i++)
        if (meets(q, i) && !touches(q, i))
            return true;
    return false;
}

/* A collection of several dimensions: its interior is that of all its parts. */
static bool collection_relates(question *q, dk_cql2_op op)
{
    const size_t last = q->literal->n_parts - 1; /* the part of the highest dimension */
    bool any = false, all_touch = true;
    switch (op) {
    case DK_OP_S_INTERSECTS:
    case DK_OP_S_DISJOINT:
        for (size_t i = 0; i < q->literal->n_parts && !any; i++)
            any = meets(q, i);
        return any == (op == DK_OP_S_INTERSECTS);
    case DK_OP_S_TOUCHES:
        for (size_t i = 0; i < q->literal->n_parts; i++)
            if (meets(q, i)) {
                any = true;
                all_touch = all_touch && touches(q, i);
            }
        return any && all_touch;
    case DK_OP_S_WITHIN:
        return interiors_meet(q) && covered_by_parts(q);
    case DK_OP_S_CONTAINS:
        return interiors_meet(q) && covers_parts(q);
    case DK_OP_S_EQUALS:
        return covers_parts(q) && covered_by_parts(q);
    default:
        break;
    }
    const int dimension = GEOSGeom_getDimensions_r(q->geos, q->outline);
    const bool same = dimension == GEOSGeom_getDimensions_r(q->geos, q->literal->parts[last]);
    const bool share = same && (relates(q, DK_OP_S_OVERLAPS, last) || relates(q, DK_OP_S_WITHIN, last) ||
                                relates(q, DK_OP_S_CONTAINS, last));
    return (op == DK_OP_S_OVERLAPS ? share : !share && !(same && dimension == 2) && interiors_meet(q)) &&
           !covers_parts(q) && !covered_by_parts(q);
}

static dk_cql2_answer ask(question *q, dk_cql2_op op)
{
    const bool answer = q->literal->n_parts == 1 ? relates(q, op, 0) : collection_relates(q, op);
    return q->failed ? DK_ANSWER_FAILED : answer ? DK_ANSWER_YES : DK_ANSWER_NO;
}

static bool apart(const double a[4], const double b[4])
{
    return a[0] > b[2] || a[2] < b[0] || a[1] > b[3] || a[3] < b[1];
}

static bool box_within(const double a[4], const double b[4])
{
    return a[0] >= b[0] && a[1] >= b[1] && a[2] <= b[2] && a[3] <= b[3];
}

/* Whether boxes leave a relation possible that is not S_DISJOINT. */
static bool boxes_allow(dk_cql2_op op, const double outline[4], const double literal[4])
{
    const bool inside = box_within(outline, literal), around = box_within(literal, outline);
    return !apart(outline, literal) && (op != DK_OP_S_WITHIN || inside) && (op != DK_OP_S_CONTAINS || around) &&
           (op != DK_OP_S_EQUALS || (inside && around));
}

/* The box in the head of a blob that dk_gpkg_append wrote; false: it has none. */
static bool envelope_of(const unsigned char *blob, size_t size, double ret_bounds[4])
{
    double envelope[4]; /* west, east, south, north */
    if (size < 8 + sizeof envelope || blob[3] != 0x03)
        return false;
    memcpy(envelope, blob + 8, sizeof envelope);
    ret_bounds[0] = envelope[0];
    ret_bounds[1] = envelope[2];
    ret_bounds[2] = envelope[1];
    ret_bounds[3] = envelope[3];
    return true;
}

dk_cql2_answer dk_cql2_spatial_answer(const dk_cql2_spatial *spatial, const void *blob, size_t size)
{
    const dk_cql2_literal *literal = spatial->literal;
    double bounds[4];
    size_t wkb_size = 0;
    if (blob == NULL || dk_gpkg_empty(blob, size))
        return DK_ANSWER_NULL;
    if (envelope_of(blob, size, bounds) && !boxes_allow(spatial->op, bounds, literal->bounds))
        return spatial->op == DK_OP_S_DISJOINT ? DK_ANSWER_YES : DK_ANSWER_NO;
    const unsigned char *wkb = dk_gpkg_wkb(blob, size, &wkb_size);
    if (wkb == NULL)
        return DK_ANSWER_FAILED;
    const GEOSContextHandle_t geos = literal->shapes->geos;
    GEOSGeometry *outline = GEOSWKBReader_read_r(geos, literal->shapes->reader, wkb, wkb_size);
    if (outline == NULL)
        return DK_ANSWER_FAILED;
    question q = {.geos = geos, .literal = literal, .outline = outline};
    const dk_cql2_answer answer = ask(&q, spatial->op);
    GEOSGeom_destroy_r(geos, outline);
    return answer;
}

/* What b is to a when a is op to b. */
static dk_cql2_op turned(dk_cql2_op op)
{
    return op == DK_OP_S_WITHIN ? DK_OP_S_CONTAINS : op == DK_OP_S_CONTAINS ? DK_OP_S_WITHIN : op;
}

dk_cql2_answer dk_cql2_literals_answer(dk_cql2_op op, const dk_cql2_literal *a, const dk_cql2_literal *b)
{
    const bool turn = a->n_parts > 1;
    question q = {.geos = a->shapes->geos, .literal = turn ? a : b, .outline = turn ? b->parts[0] : a->parts[0]};
    if (a->n_parts == 1 || b->n_parts == 1)
        return ask(&q, turn ? turned(op) : op);
    if (op != DK_OP_S_INTERSECTS && op != DK_OP_S_DISJOINT)
        return DK_ANSWER_FAILED;
    bool any = false;
    for (size_t i = 0; i < b->n_parts && !any && !q.failed; i++) {
        q.outline = b->parts[i];
        any = collection_relates(&q, DK_OP_S_INTERSECTS);
    }
    return q.failed ? DK_ANSWER_FAILED : any == (op == DK_OP_S_INTERSECTS) ? DK_ANSWER_YES : DK_ANSWER_NO;
}
