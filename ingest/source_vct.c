/* VCT as a source: the polygons of a layer as rows, with the fields of its table. */
#include "ingest/source_internal.h"

#include "ingest/crs.h"
#include "ingest/ring_polygons.h"
#include "ingest/vct.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct exchange {
    dk_vct *vct;
    char id[24]; /* 标识码 of the polygon at hand */
} exchange;

/* NULL: out of memory. */
static OGRGeometryH build(const dk_vct_polygon *from)
{
    const size_t n = from->n_rings;
    dk_ring *rings = calloc(n + 1, sizeof *rings);
    int *outer = calloc(n + 1, sizeof *outer), *depth = calloc(n + 1, sizeof *depth);
    OGRGeometryH whole = NULL;
    if (rings != NULL && outer != NULL && depth != NULL) {
        for (size_t i = 0; i < n; i++) {
            rings[i] = (dk_ring){.xy = from->rings[i].xy, .n = from->rings[i].n};
            outer[i] = from->rings[i].outer;
            depth[i] = outer[i] >= 0; /* a hole is in no other */
        }
        whole = dk_ring_polygons(rings, n, outer, depth);
    }
    free(rings);
    free(outer);
    free(depth);
    return whole;
}

static dk_status next(dk_source *source, dk_error *err)
{
    exchange *self = source->own;
    dk_vct_polygon from;
    const dk_status status = dk_vct_next(self->vct, &from, err);
    if (status != DK_OK)
        return status;
    source->row = from.line;
    source->n_read++;
    if (!dk_source_raw_room(source, source->n_columns))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    snprintf(self->id, sizeof self->id, "%lld", (long long)from.id);
    for (size_t i = 0; i < source->n_columns; i++) {
        const char *text = i == 0 ? self->id : from.values[i - 1];
        source->raw[i] =
            (dk_cell){.type = text[0] != '\0' ? DK_CELL_TEXT : DK_CELL_EMPTY, .text = text, .size = strlen(text)};
    }
    if (source->geometry != NULL)
        OGR_G_DestroyGeometry(source->geometry);
    source->geometry = NULL;
    if (from.problem != NULL) {
        snprintf(source->problem, sizeof source->problem, "the polygon %s: %s", self->id, from.problem);
    } else if (source->want_geometry) {
        source->geometry = build(&from);
        if (source->geometry == NULL)
            return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", source->path, (long long)from.line);
    }
    return DK_OK;
}

static void close_exchange(dk_source *source)
{
    exchange *self = source->own;
    dk_vct_close(self->vct);
    free(self);
}

static const char *notes(dk_source *source)
{
    const exchange *self = source->own;
    return dk_vct_notes(self->vct);
}

static const char *crs_problem(const dk_source *source)
{
    const exchange *self = source->own;
    const char *problem;
    dk_vct_epsg(self->vct, &problem);
    return problem;
}

static const dk_own_reader reader = {
    .next = next, .close = close_exchange, .notes = notes, .crs_problem = crs_problem, .has_geometry = true};

static dk_status name_columns(dk_source *source, dk_error *err)
{
    const exchange *self = source->own;
    const char *const *fields;
    const size_t n = dk_vct_fields(self->vct, &fields) + 1;
    source->columns = calloc(n, sizeof *source->columns);
    source->raw_index = calloc(n, sizeof *source->raw_index);
    source->cells = calloc(n, sizeof *source->cells);
    if (source->columns == NULL || source->raw_index == NULL || source->cells == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i < n; i++) {
        char *name = strdup(i == 0 ? "对象标识码" : fields[i - 1]);
        if (name == NULL)
            return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
        source->columns[i] = (dk_column){.name = name, .optional = i == 0};
        source->raw_index[i] = i;
        source->n_columns++;
    }
    return DK_OK;
}

dk_status dk_source_vct_open(dk_source *source, const dk_source_options *options, dk_error *err)
{
    const char *problem;
    exchange *self = calloc(1, sizeof *self);
    if (self == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    source->own = self;
    source->reader = &reader;
    const dk_status status = dk_vct_open(source->file, options->encoding, options->layer, &self->vct, err);
    if (status != DK_OK)
        return status;
    source->encoding = dk_vct_encoding(self->vct);
    if (dk_vct_either(self->vct))
        source->either_note = dk_encoding_either_note(NULL);
    source->n_total = (int64_t)dk_vct_polygons(self->vct);
    const int epsg = dk_vct_epsg(self->vct, &problem);
    if (epsg != 0) {
        source->crs = OSRNewSpatialReference(NULL);
        if (source->crs == NULL || OSRImportFromEPSG(source->crs, epsg) != OGRERR_NONE)
            return dk_fail(err, DK_INTERNAL, "%s: EPSG:%d is not known to PROJ", source->path, epsg);
    }
    if (source->crs_given && (source->crs == NULL || !dk_crs_other_datum(source->crs)))
        dk_vct_overrule(self->vct);
    return name_columns(source, err);
}
