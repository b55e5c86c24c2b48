/* Drawings as a source: their outlines as rows. */
#include "ingest/source_internal.h"

#include "ingest/crs.h"
#include "ingest/dwg.h"
#include "ingest/dxf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_LAYER = 0, COLUMN_TEXT, COLUMN_HANDLE, COLUMNS };

typedef struct own {
    dk_drawing *drawing;
    size_t at; /* the next outline */
    char crs_problem[400];
} own;

/* A drawing never says its coordinate system; its numbers show what it may be. */
static void explain_crs(own *self)
{
    const dk_drawing_outline *outlines;
    const size_t n = dk_drawing_outlines(self->drawing, &outlines);
    size_t i = 0;
    while (i < n && outlines[i].n == 0)
        i++;
    const double x = i < n ? outlines[i].xy[0] : 0, y = i < n ? outlines[i].xy[1] : 0;
    dk_crs_suggest(x, y, self->crs_problem, sizeof self->crs_problem);
}

static OGRGeometryH add_part(OGRGeometryH whole, OGRwkbGeometryType type, const dk_drawing_outline *from, bool close)
{
    OGRGeometryH part = OGR_G_CreateGeometry(type);
    if (part == NULL)
        return NULL;
    OGR_G_SetPointCount(part, (int)(from->n + close));
    for (size_t i = 0; i < from->n + close; i++)
        OGR_G_SetPoint_2D(part, (int)i, from->xy[2 * (i % from->n)], from->xy[2 * (i % from->n) + 1]);
    if (whole != NULL && OGR_G_AddGeometryDirectly(whole, part) != OGRERR_NONE) {
        OGR_G_DestroyGeometry(part);
        return NULL;
    }
    return part;
}

/* The outline with its holes. NULL: out of memory. */
static OGRGeometryH build(const dk_drawing_outline *outlines, size_t at, bool lines)
{
    if (lines)
        return add_part(NULL, wkbLineString, &outlines[at], outlines[at].closed);
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon);
    bool good = polygon != NULL && add_part(polygon, wkbLinearRing, &outlines[at], true) != NULL;
    for (int i = outlines[at].next_hole; i >= 0 && good; i = outlines[i].next_hole)
        good = add_part(polygon, wkbLinearRing, &outlines[i], true) != NULL;
    if (!good && polygon != NULL) {
        OGR_G_DestroyGeometry(polygon);
        return NULL;
    }
    return polygon;
}

static dk_status next(dk_source *source, dk_error *err)
{
    own *self = source->own;
    const dk_drawing_outline *outlines;
    const size_t n = dk_drawing_outlines(self->drawing, &outlines);
    while (self->at < n && outlines[self->at].outer >= 0)
        self->at++; /* a hole comes with what it is a hole of */
    if (self->at == n)
        return DK_END;
    const dk_drawing_outline *from = &outlines[self->at];
    const char *const texts[COLUMNS] = {
        [COLUMN_LAYER] = from->layer, [COLUMN_TEXT] = from->text, [COLUMN_HANDLE] = from->handle};
    source->row = from->row;
    if (!dk_source_raw_room(source, COLUMNS))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i < COLUMNS; i++)
        source->raw[i] = (dk_cell){
            .type = texts[i][0] != '\0' ? DK_CELL_TEXT : DK_CELL_EMPTY, .text = texts[i], .size = strlen(texts[i])};
    if (source->geometry != NULL)
        OGR_G_DestroyGeometry(source->geometry);
    source->geometry = NULL;
    if (from->problem != NULL) {
        snprintf(source->problem, sizeof source->problem, "the polyline %.*s on layer %.*s: %s",
                 dk_utf8_fit(from->handle, 40), from->handle, dk_utf8_fit(from->layer, 200), from->layer,
                 from->problem);
    } else if (from->bad_text != 0) {
        snprintf(source->problem, sizeof source->problem,
                 "column %s: its bytes (%s) are not text in %s; correct them, or say which encoding it is with "
                 "--encoding",
                 source->columns[COLUMN_TEXT].name, dk_drawing_place_of(self->drawing, from->bad_text).text,
                 dk_encoding_name(source->encoding));
    }
    if (from->problem == NULL && source->want_geometry) {
        source->geometry = build(outlines, self->at, source->want_lines);
        if (source->geometry == NULL)
            return dk_fail(err, DK_NOMEM, "%s, row %lld: out of memory", source->path, (long long)from->row);
    }
    self->at++;
    source->n_read++;
    return DK_OK;
}

static void close_own(dk_source *source)
{
    own *self = source->own;
    dk_drawing_close(self->drawing);
    free(self);
}

static const char *notes(dk_source *source)
{
    const own *self = source->own;
    return dk_drawing_notes(self->drawing);
}

static const char *crs_problem(const dk_source *source)
{
    const own *self = source->own;
    return self->crs_problem;
}

static const dk_own_reader reader = {
    .next = next, .close = close_own, .notes = notes, .crs_problem = crs_problem, .has_geometry = true};

static dk_status name_columns(dk_source *source, dk_error *err)
{
    static const char *const names[COLUMNS] = {
        [COLUMN_LAYER] = "图层", [COLUMN_TEXT] = "文字", [COLUMN_HANDLE] = "句柄"};
    source->columns = calloc(COLUMNS, sizeof *source->columns);
    source->raw_index = calloc(COLUMNS, sizeof *source->raw_index);
    source->cells = calloc(COLUMNS, sizeof *source->cells);
    if (source->columns == NULL || source->raw_index == NULL || source->cells == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i < COLUMNS; i++) {
        char *name = strdup(names[i]);
        if (name == NULL)
            return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
        source->columns[i] = (dk_column){.name = name, .optional = true};
        source->raw_index[i] = i;
        source->n_columns++;
    }
    return DK_OK;
}

dk_status dk_source_drawing_open(dk_source *source, const dk_source_options *options, dk_error *err)
{
    const dk_drawing_wanted wanted = {.layer = options->layer, .lines = options->want_lines, .holes = options->holes};
    own *self = calloc(1, sizeof *self);
    if (self == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    source->own = self;
    source->reader = &reader;
    const dk_drawing_outline *outlines;
    dk_status status = source->format == DK_FORMAT_DWG
                           ? dk_dwg_open(source->file, options->encoding, &self->drawing, err)
                           : dk_dxf_open(source->file, options->encoding, &self->drawing, err);
    if (status == DK_OK)
        status = dk_drawing_choose(self->drawing, &wanted, err);
    if (status != DK_OK)
        return status;
    source->encoding = dk_drawing_encoding(self->drawing);
    source->n_total = (int64_t)dk_drawing_outlines(self->drawing, &outlines);
    explain_crs(self);
    return name_columns(source, err);
}
