/* Coordinate TXT as a source: its parcels as rows, their lines as row numbers. */
#include "ingest/crs.h"
#include "ingest/source_internal.h"

#include <cpl_error.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CROSSING_TRIES 20000000 /* pairs of edges that are compared to name those that cross */

static dk_status name_columns(dk_source *source, dk_error *err)
{
    const char *const *keys, *const *values;
    const size_t n_project = dk_survey_project(source->survey, &keys, &values);
    const size_t room = DK_SURVEY_VALUES + n_project;
    source->columns = calloc(room, sizeof *source->columns);
    source->raw_index = calloc(room, sizeof *source->raw_index);
    source->cells = calloc(room, sizeof *source->cells);
    source->survey_values = calloc(room, sizeof *source->survey_values);
    if (source->columns == NULL || source->raw_index == NULL || source->cells == NULL || source->survey_values == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i < room; i++) {
        const bool own = i < DK_SURVEY_VALUES;
        if (i == DK_SURVEY_POINT_COUNT || i == DK_SURVEY_SHAPE) /* for the reader, who checks them */
            continue;
        if (own && i > DK_SURVEY_NAME && !dk_survey_has(source->survey, (int)i))
            continue;
        if (!own && values[i - DK_SURVEY_VALUES][0] == '\0')
            continue;
        char *name = strdup(own ? dk_survey_names[i] : keys[i - DK_SURVEY_VALUES]);
        if (name == NULL)
            return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
        const size_t n = source->n_columns++;
        source->columns[n] = (dk_column){.name = name, .optional = i != DK_SURVEY_ID};
        source->raw_index[n] = n;
        source->survey_values[n] = own ? (int)i : -1 - (int)(i - DK_SURVEY_VALUES);
    }
    return DK_OK;
}

dk_status dk_source_survey_open(dk_source *source, const dk_source_options *options, dk_error *err)
{
    const char *problem;
    dk_status status = dk_survey_open(source->file, options->encoding, options->north_first, &source->survey, err);
    if (status != DK_OK)
        return status;
    source->encoding = dk_survey_encoding(source->survey);
    if (dk_survey_either(source->survey))
        source->either_note = dk_encoding_either_note(NULL);
    const int epsg = dk_survey_epsg(source->survey, &problem);
    if (epsg != 0) {
        source->crs = OSRNewSpatialReference(NULL);
        if (source->crs == NULL || OSRImportFromEPSG(source->crs, epsg) != OGRERR_NONE)
            return dk_fail(err, DK_INTERNAL, "%s: EPSG:%d is not known to PROJ", source->path, epsg);
        source->datum_only = problem != NULL;
        source->zone_given = source->datum_only && dk_source_names_zone(source, options->crs, true);
        source->crs_given = source->zone_given || (source->crs_given && !dk_crs_other_datum(source->crs));
    }
    if (source->crs_given)
        dk_survey_overrule(source->survey);
    return name_columns(source, err);
}

/* ---- geometry ---- */

static OGRGeometryH add_part(OGRGeometryH whole, OGRwkbGeometryType type)
{
    OGRGeometryH part = OGR_G_CreateGeometry(type);
    if (part != NULL && OGR_G_AddGeometryDirectly(whole, part) != OGRERR_NONE) {
        OGR_G_DestroyGeometry(part);
        part = NULL;
    }
    return part;
}

static void add_points(OGRGeometryH part, const dk_survey_point *points, size_t n, bool close)
{
    OGR_G_SetPointCount(part, (int)(n + close));
    for (size_t i = 0; i < n + close; i++)
        OGR_G_SetPoint_2D(part, (int)i, points[i % n].x, points[i % n].y);
}

static bool add_ring(OGRGeometryH polygon, const dk_survey_parcel *parcel, const dk_survey_ring *ring)
{
    OGRGeometryH line = add_part(polygon, wkbLinearRing);
    if (line != NULL)
        add_points(line, parcel->points + ring->first, ring->n, true);
    return line != NULL;
}

static bool add_polygon(OGRGeometryH whole, const dk_survey_parcel *parcel, size_t exterior)
{
    OGRGeometryH polygon = add_part(whole, wkbPolygon);
    bool good = polygon != NULL && add_ring(polygon, parcel, &parcel->rings[exterior]);
    for (size_t i = 0; i < parcel->n_rings && good; i++)
        if (parcel->rings[i].outer == (int)exterior)
            good = add_ring(polygon, parcel, &parcel->rings[i]);
    return good;
}

static OGRGeometryH build(const dk_survey_parcel *parcel)
{
    static const OGRwkbGeometryType types[] = {wkbMultiPolygon, wkbMultiLineString, wkbMultiPoint};
    OGRGeometryH whole = OGR_G_CreateGeometry(types[parcel->shape]);
    bool good = whole != NULL;
    for (size_t i = 0; i < parcel->n_rings && good; i++) {
        const dk_survey_ring *ring = &parcel->rings[i];
        OGRGeometryH part;
        switch (parcel->shape) {
        case DK_SURVEY_POLYGON:
            good = ring->outer >= 0 || add_polygon(whole, parcel, i);
            break;
        case DK_SURVEY_LINE:
            part = add_part(whole, wkbLineString);
            good = part != NULL;
            if (good)
                add_points(part, parcel->points + ring->first, ring->n, false);
            break;
        case DK_SURVEY_POINTS:
            for (size_t k = 0; k < ring->n && good; k++) {
                part = add_part(whole, wkbPoint);
                good = part != NULL;
                if (good)
                    add_points(part, parcel->points + ring->first + k, 1, false);
            }
        }
    }
    if (!good && whole != NULL)
        OGR_G_DestroyGeometry(whole);
    return good ? whole : NULL;
}

/* ---- edges that cross ---- */

typedef struct edge {
    const dk_survey_point *from, *to;
    double min_x, max_x;
} edge;

static int by_x(const void *a, const void *b)
{
    const double x = ((const edge *)a)->min_x, y = ((const edge *)b)->min_x;
    return (x > y) - (x < y);
}

static double side(const dk_survey_point *a, const dk_survey_point *b, const dk_survey_point *c)
{
    return (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x);
}

/* In the inside of both: edges that touch or run along each other are left to the repair. */
static bool cross(const edge *a, const edge *b)
{
    return side(a->from, a->to, b->from) * side(a->from, a->to, b->to) < 0 &&
           side(b->from, b->to, a->from) * side(b->from, b->to, a->to) < 0;
}

/* Two edges that cross. false: none found, or out of memory or tries. */
static bool find_crossing(const dk_survey_parcel *parcel, edge *ret_a, edge *ret_b)
{
    bool found = false;
    int64_t tries = 0;
    size_t n = 0;
    edge *edges = calloc(parcel->n_points, sizeof *edges);
    if (edges == NULL)
        return false;
    for (size_t i = 0; i < parcel->n_rings; i++) {
        const dk_survey_point *p = parcel->points + parcel->rings[i].first;
        for (size_t k = 0; k < parcel->rings[i].n; k++) {
            const dk_survey_point *next = &p[(k + 1) % parcel->rings[i].n];
            edges[n++] = (edge){&p[k], next, fmin(p[k].x, next->x), fmax(p[k].x, next->x)};
        }
    }
    qsort(edges, n, sizeof *edges, by_x);
    for (size_t i = 0; i < n && !found; i++)
        for (size_t k = i + 1; k < n && edges[k].min_x <= edges[i].max_x && !found && tries < CROSSING_TRIES; k++) {
            tries++;
            if (cross(&edges[i], &edges[k])) {
                *ret_a = edges[i];
                *ret_b = edges[k];
                found = true;
            }
        }
    free(edges);
    return found;
}

static void check_crossing(dk_source *source, const dk_survey_parcel *parcel)
{
    edge a = {0}, b = {0};
    /* GEOS has the last word, since it does not round; but it takes longer to look. */
    if (parcel->shape != DK_SURVEY_POLYGON || !find_crossing(parcel, &a, &b))
        return;
    CPLErrorReset();
    if (OGR_G_IsValid(source->geometry))
        return;
    if (a.from->line > b.from->line) {
        const edge other = a;
        a = b;
        b = other;
    }
    snprintf(source->problem, sizeof source->problem,
             "the edge %s-%s (lines %lld, %lld) crosses the edge %s-%s (lines %lld, %lld)",
             parcel->texts + a.from->label, parcel->texts + a.to->label, (long long)a.from->line, (long long)a.to->line,
             parcel->texts + b.from->label, parcel->texts + b.to->label, (long long)b.from->line,
             (long long)b.to->line);
    OGR_G_DestroyGeometry(source->geometry);
    source->geometry = NULL;
}

/* ---- rows ---- */

dk_status dk_source_survey_next(dk_source *source, dk_error *err)
{
    const char *const *keys, *const *project;
    dk_survey_parcel parcel;
    const dk_status status = dk_survey_next(source->survey, &parcel, err);
    if (status != DK_OK)
        return status;
    source->row = parcel.line;
    source->epsg = source->crs_given ? 0 : parcel.epsg;
    source->n_read++;
    if (!dk_source_raw_room(source, source->n_columns))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    dk_survey_project(source->survey, &keys, &project);
    for (size_t i = 0; i < source->n_columns; i++) {
        const int value = source->survey_values[i];
        const char *text = value < 0                 ? project[-1 - value]
                           : value == DK_SURVEY_AREA ? parcel.area_text
                                                     : parcel.values[value];
        source->raw[i] =
            (dk_cell){.type = text[0] != '\0' ? DK_CELL_TEXT : DK_CELL_EMPTY, .text = text, .size = strlen(text)};
    }
    if (source->geometry != NULL)
        OGR_G_DestroyGeometry(source->geometry);
    source->geometry = NULL;
    if (parcel.problem != NULL) {
        snprintf(source->problem, sizeof source->problem, "%s", parcel.problem);
        return DK_OK;
    }
    if (!source->want_geometry)
        return DK_OK;
    source->geometry = build(&parcel);
    if (source->geometry == NULL)
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", source->path, (long long)parcel.line);
    check_crossing(source, &parcel);
    return DK_OK;
}
