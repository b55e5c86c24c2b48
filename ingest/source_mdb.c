/* ESRI personal geodatabases as sources: an Access database whose table GDB_GeomColumns names the tables with shapes.
 * By a reader of our own: GDAL's PGeo needs the ODBC driver of mdbtools, which finds no table with a Chinese name,
 * gives amounts of money as NULL and rare characters as question marks. */
#include "ingest/source_internal.h"

#include "ingest/esri_shape.h"
#include "ingest/jet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_LAYERS 10000

typedef struct feature_class {
    char *table, *field; /* field: of the shapes; NULL: a table without */
    int64_t srid;
} feature_class;

typedef struct geodatabase {
    dk_jet *jet;
    dk_jet_table *table;
    dk_jet_column *columns; /* of table */
    size_t n_columns;
    int shape, id; /* columns; -1: there is none */
    feature_class *layers;
    size_t n_layers, layers_capacity;
    int64_t n_bad;
    dk_buf notes;
} geodatabase;

/* ---- rows ---- */

static void problem_in(dk_source *source, const char *column, const char *what)
{
    if (source->problem[0] == '\0')
        snprintf(source->problem, sizeof source->problem, "column %s: %s", column, what);
}

/* Appends to the arena and leaves the cell pointing there. */
static void text_cell(dk_source *source, dk_cell *cell, const dk_jet_column *column, const dk_jet_value *value)
{
    const size_t at = source->arena.size;
    int year, month, day;
    if (column->type != DK_JET_DATE) {
        dk_jet_text(column, value, &source->arena);
        cell->type = DK_CELL_TEXT;
    } else if (dk_jet_date(value, &year, &month, &day)) {
        dk_buf_format(&source->arena, "%04d-%02d-%02d", year, month, day);
        cell->type = DK_CELL_DATE;
    } else {
        problem_in(source, column->name, "it holds no date");
        return;
    }
    cell->size = source->arena.size - at;
    cell->integer = (int64_t)at;
    cell->text = NULL; /* dk_source_fix */
    dk_buf_byte(&source->arena, 0);
}

static void set_cell(dk_source *source, size_t i, const dk_jet_column *column, const dk_jet_value *value)
{
    dk_cell *cell = &source->raw[i];
    *cell = (dk_cell){.type = DK_CELL_EMPTY, .text = ""};
    if (value->bad)
        problem_in(source, column->name, "its value cannot be read: the file is damaged there");
    if (value->null)
        return;
    switch (column->type) {
    case DK_JET_BOOL:
    case DK_JET_BYTE:
    case DK_JET_INT:
    case DK_JET_LONG:
        cell->type = DK_CELL_INTEGER;
        cell->integer = dk_jet_integer(column, value);
        break;
    case DK_JET_SINGLE:
    case DK_JET_DOUBLE:
        cell->real = dk_jet_real(column, value);
        if (isfinite(cell->real))
            cell->type = DK_CELL_REAL;
        else
            problem_in(source, column->name, "it holds no number");
        break;
    case DK_JET_TEXT:
    case DK_JET_MEMO:
        if (value->size > 0)
            *cell = (dk_cell){.type = DK_CELL_TEXT, .text = (const char *)value->data, .size = value->size};
        break;
    case DK_JET_MONEY:
    case DK_JET_NUMERIC:
    case DK_JET_GUID:
    case DK_JET_DATE:
        text_cell(source, cell, column, value);
        break;
    default:
        break; /* not wanted */
    }
}

static dk_status read_shape(dk_source *source, const dk_jet_column *column, const dk_jet_value *value, dk_error *err)
{
    const char *problem = NULL;
    bool arcs = false;
    if (value->bad)
        problem_in(source, column->name, "its value cannot be read: the file is damaged there");
    if (value->null)
        return DK_OK;
    if (dk_esri_shape(value->data, value->size, &source->geometry, &arcs, &problem) != DK_OK)
        return dk_fail(err, DK_NOMEM, "%s, row %lld: out of memory", source->path, (long long)source->row);
    source->chorded += arcs;
    if (problem != NULL)
        problem_in(source, column->name, problem);
    return DK_OK;
}

static dk_status next(dk_source *source, dk_error *err)
{
    geodatabase *self = source->own;
    const dk_jet_value *values;
    bool bad;
    dk_status status = dk_jet_next(self->table, &values, &bad, err);
    if (source->geometry != NULL)
        OGR_G_DestroyGeometry(source->geometry);
    source->geometry = NULL;
    if (status != DK_OK)
        return status;
    source->n_read++;
    source->row = self->id >= 0 && !values[self->id].null ? dk_jet_integer(&self->columns[self->id], &values[self->id])
                                                          : source->n_read;
    if (!dk_source_raw_room(source, self->n_columns))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    if (bad)
        snprintf(source->problem, sizeof source->problem, "the row, the %lldth of its table, is damaged in the file",
                 (long long)source->n_read);
    for (size_t i = 0; i < self->n_columns; i++)
        set_cell(source, i, &self->columns[i], &values[i]);
    if (self->shape >= 0 && source->want_geometry)
        status = read_shape(source, &self->columns[self->shape], &values[self->shape], err);
    return status == DK_OK ? dk_source_fix(source, err) : status;
}

static void close_geodatabase(dk_source *source)
{
    geodatabase *self = source->own;
    dk_jet_table_close(self->table);
    dk_jet_close(self->jet);
    for (size_t i = 0; i < self->n_layers; i++) {
        free(self->layers[i].table);
        free(self->layers[i].field);
    }
    free(self->layers);
    dk_buf_finish(&self->notes);
    free(self);
}

static const char *notes(dk_source *source)
{
    geodatabase *self = source->own;
    const char *text = dk_buf_cstr(&self->notes);
    return text != NULL ? text : "";
}

static const char *crs_problem(const dk_source *source)
{
    (void)source;
    return NULL;
}

static const dk_own_reader with_shapes = {
    .next = next, .close = close_geodatabase, .notes = notes, .crs_problem = crs_problem, .has_geometry = true};
static const dk_own_reader without_shapes = {
    .next = next, .close = close_geodatabase, .notes = notes, .crs_problem = crs_problem, .has_geometry = false};

/* ---- opening ---- */

static bool starts_with(const char *name, const char *start)
{
    return strncasecmp(name, start, strlen(start)) == 0;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcasecmp(name + n - m, end) == 0;
}

/* What Access and ArcGIS keep for themselves. */
static bool is_private(const char *name)
{
    return starts_with(name, "MSys") || starts_with(name, "GDB_") || name[0] == '~' ||
           ends_with(name, "_Shape_Index") || strcasecmp(name, "Selections") == 0 ||
           strcasecmp(name, "SelectedObjects") == 0;
}

static dk_status add_layer(dk_source *source, const char *table, const char *field, int64_t srid, dk_error *err)
{
    geodatabase *self = source->own;
    if (self->n_layers == MAX_LAYERS)
        return dk_fail(err, DK_LIMIT, "%s: more than %d layers are in it", source->path, MAX_LAYERS);
    if (!dk_grow(&self->layers, &self->layers_capacity, self->n_layers + 1, sizeof *self->layers))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    feature_class *layer = &self->layers[self->n_layers++];
    *layer = (feature_class){.table = strdup(table), .field = field != NULL ? strdup(field) : NULL, .srid = srid};
    return layer->table != NULL && (field == NULL || layer->field != NULL)
               ? DK_OK
               : dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
}

static dk_status incomplete(const dk_source *source, const char *table, dk_error *err)
{
    return dk_fail(
        err, DK_INVALID,
        "%s: the table %s of the personal geodatabase is not as ArcGIS writes it; the file is damaged: copy it again",
        source->path, table);
}

/* Finds columns of a system table by their names and leaves all others unread. */
static dk_status open_system_table(const dk_source *source, const char *name, const char *const *wanted, int *ret_at,
                                   dk_jet_table **ret_table, dk_jet_column **ret_columns, dk_error *err)
{
    const geodatabase *self = source->own;
    dk_status status = dk_jet_table_open(self->jet, name, ret_table, err);
    if (status != DK_OK)
        return status;
    const size_t n = dk_jet_columns(*ret_table, ret_columns);
    for (size_t i = 0; i < n; i++)
        (*ret_columns)[i].wanted = false;
    for (size_t k = 0; wanted[k] != NULL; k++) {
        ret_at[k] = dk_jet_column_of(*ret_table, wanted[k]);
        if (ret_at[k] < 0)
            status = incomplete(source, name, err);
        else
            (*ret_columns)[ret_at[k]].wanted = true;
    }
    return status;
}

static bool is_text(const dk_jet_column *column)
{
    return column->type == DK_JET_TEXT || column->type == DK_JET_MEMO;
}

static dk_status list_feature_classes(dk_source *source, dk_error *err)
{
    static const char name[] = "GDB_GeomColumns";
    static const char *const wanted[] = {"TableName", "FieldName", "SRID", NULL};
    const geodatabase *self = source->own;
    dk_jet_table *table = NULL;
    dk_jet_column *columns;
    const dk_jet_value *values;
    int at[3];
    bool bad;
    if (dk_jet_find(self->jet, name) == NULL)
        return dk_fail(
            err, DK_INVALID,
            "%s: an Access database, but no personal geodatabase: there is no table %s; export its tables as CSV "
            "or XLSX, and load these",
            source->path, name);
    dk_status status = open_system_table(source, name, wanted, at, &table, &columns, err);
    if (status == DK_OK &&
        (!is_text(&columns[at[0]]) || !is_text(&columns[at[1]]) || columns[at[2]].type != DK_JET_LONG))
        status = incomplete(source, name, err);
    while (status == DK_OK && (status = dk_jet_next(table, &values, &bad, err)) == DK_OK) {
        const dk_jet_value *of = &values[at[0]], *field = &values[at[1]], *srid = &values[at[2]];
        if (bad || of->null || field->null)
            status = incomplete(source, name, err);
        else if (!is_private((const char *)of->data))
            status = add_layer(source, (const char *)of->data, (const char *)field->data,
                               srid->null ? -1 : dk_jet_integer(&columns[at[2]], srid), err);
    }
    dk_jet_table_close(table);
    return status == DK_END ? DK_OK : status;
}

/* Tables without shapes, which records may come from. */
static dk_status list_tables(dk_source *source, dk_error *err)
{
    const geodatabase *self = source->own;
    const char *const *names;
    const size_t n = dk_jet_tables(self->jet, &names), n_classes = self->n_layers;
    dk_status status = DK_OK;
    for (size_t i = 0; i < n && status == DK_OK; i++) {
        bool known = is_private(names[i]);
        for (size_t k = 0; k < n_classes && !known; k++)
            known = strcasecmp(self->layers[k].table, names[i]) == 0;
        if (!known)
            status = add_layer(source, names[i], NULL, -1, err);
    }
    return status;
}

/* The layer that is named, else the only one; where outlines are wanted, tables without do not count. */
static dk_status choose_layer(dk_source *source, const dk_source_options *options, const feature_class **ret_layer,
                              dk_error *err)
{
    const geodatabase *self = source->own;
    const feature_class *only = NULL, *found = NULL;
    size_t n = 0;
    dk_buf names;
    dk_buf_init(&names);
    for (size_t i = 0; i < self->n_layers; i++) {
        const feature_class *layer = &self->layers[i];
        dk_buf_format(&names, "%s%s", i > 0 ? ", " : "", layer->table);
        if (options->layer != NULL && strcmp(options->layer, layer->table) == 0)
            found = layer;
        if (layer->field != NULL || !options->want_geometry) {
            only = layer;
            n++;
        }
    }
    const char *list = dk_buf_cstr(&names);
    dk_status status = DK_OK;
    if (self->n_layers == 0)
        status =
            dk_fail(err, DK_INVALID, "%s: there is no layer in it; the personal geodatabase is empty", source->path);
    else if (options->layer != NULL && found == NULL)
        status = dk_fail(err, DK_NOT_FOUND, "%s: there is no layer \"%s\"; there are: %s", source->path, options->layer,
                         list != NULL ? list : "");
    else if (options->layer == NULL && n == 0)
        status = dk_fail(err, DK_INVALID,
                         "%s: no feature class is in the personal geodatabase, only tables without outlines: %s",
                         source->path, list != NULL ? list : "");
    else if (options->layer == NULL && n != 1)
        status = dk_fail(err, DK_INVALID, "%s: the file has %zu layers; choose one with --layer: %s", source->path,
                         self->n_layers, list != NULL ? list : "");
    else
        *ret_layer = options->layer != NULL ? found : only;
    dk_buf_finish(&names);
    return status;
}

/* Of GDB_SpatialRefs. What is no definition, as of an unknown system, leaves source->crs NULL. */
static dk_status read_crs(dk_source *source, int64_t srid, dk_error *err)
{
    static const char name[] = "GDB_SpatialRefs";
    static const char *const wanted[] = {"SRID", "SRTEXT", NULL};
    const geodatabase *self = source->own;
    dk_jet_table *table = NULL;
    dk_jet_column *columns;
    const dk_jet_value *values;
    int at[2];
    bool bad;
    if (dk_jet_find(self->jet, name) == NULL)
        return DK_OK;
    dk_status status = open_system_table(source, name, wanted, at, &table, &columns, err);
    if (status == DK_OK && (columns[at[0]].type != DK_JET_LONG || !is_text(&columns[at[1]])))
        status = incomplete(source, name, err);
    while (status == DK_OK && (status = dk_jet_next(table, &values, &bad, err)) == DK_OK) {
        const dk_jet_value *text = &values[at[1]];
        if (bad || text->bad) {
            status = incomplete(source, name, err);
        } else if (source->crs == NULL && !values[at[0]].null && !text->null && text->size > 0 &&
                   text->data[0] != '{' && dk_jet_integer(&columns[at[0]], &values[at[0]]) == srid) {
            char *wkt = (char *)(uintptr_t)text->data; /* read only, though the prototype is not const */
            source->crs = OSRNewSpatialReference(NULL);
            if (source->crs == NULL)
                status = dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
            else if (OSRImportFromWkt(source->crs, &wkt) != OGRERR_NONE)
                status = dk_fail(
                    err, DK_INVALID,
                    "%s: the definition of its coordinate system in %s cannot be read; the file is damaged: copy "
                    "it again",
                    source->path, name);
        }
    }
    dk_jet_table_close(table);
    return status == DK_END ? DK_OK : status;
}

static bool is_added(const char *name)
{
    return strcasecmp(name, "OBJECTID") == 0 || starts_with(name, "SHAPE_Leng") || strcasecmp(name, "SHAPE_Area") == 0;
}

static dk_status name_columns(dk_source *source, dk_error *err)
{
    geodatabase *self = source->own;
    const size_t n = self->n_columns;
    source->columns = calloc(n, sizeof *source->columns);
    source->raw_index = calloc(n, sizeof *source->raw_index);
    source->cells = calloc(n, sizeof *source->cells);
    if (source->columns == NULL || source->raw_index == NULL || source->cells == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i < n; i++) {
        dk_jet_column *from = &self->columns[i];
        if ((int)i == self->shape) {
            from->wanted = source->want_geometry;
            continue;
        }
        switch (from->type) {
        case DK_JET_BOOL:
        case DK_JET_BYTE:
        case DK_JET_INT:
        case DK_JET_LONG:
        case DK_JET_MONEY:
        case DK_JET_SINGLE:
        case DK_JET_DOUBLE:
        case DK_JET_DATE:
        case DK_JET_TEXT:
        case DK_JET_MEMO:
        case DK_JET_GUID:
        case DK_JET_NUMERIC:
            break;
        default:
            from->wanted = false;
            dk_buf_format(&self->notes, "column %s was left out: it holds objects or bytes, no values\n", from->name);
            continue;
        }
        char *name = strdup(from->name);
        if (name == NULL)
            return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
        source->columns[source->n_columns] = (dk_column){.name = name, .optional = is_added(name)};
        source->raw_index[source->n_columns++] = i;
    }
    return DK_OK;
}

static dk_status open_layer(dk_source *source, const feature_class *layer, dk_error *err)
{
    geodatabase *self = source->own;
    dk_status status = dk_jet_table_open(self->jet, layer->table, &self->table, err);
    if (status == DK_NOT_FOUND)
        return dk_fail(
            err, DK_INVALID,
            "%s: the table of the layer %s is missing; the file is damaged: copy it again, or export the layer "
            "from ArcGIS",
            source->path, layer->table);
    if (status != DK_OK)
        return status;
    self->n_columns = dk_jet_columns(self->table, &self->columns);
    source->n_total = dk_jet_rows(self->table);
    self->id = dk_jet_column_of(self->table, "OBJECTID");
    if (self->id >= 0 && self->columns[self->id].type != DK_JET_LONG)
        self->id = -1;
    if (layer->field != NULL) {
        self->shape = dk_jet_column_of(self->table, layer->field);
        if (self->shape < 0 || self->columns[self->shape].type != DK_JET_OLE)
            return dk_fail(err, DK_INVALID,
                           "%s: the layer %s has no column %s of shapes; the file is damaged: copy it again",
                           source->path, layer->table, layer->field);
        source->reader = &with_shapes;
        if (layer->srid >= 0 && source->want_geometry)
            status = read_crs(source, layer->srid, err);
    }
    return status == DK_OK ? name_columns(source, err) : status;
}

dk_status dk_source_mdb_open(dk_source *source, const dk_source_options *options, dk_error *err)
{
    const feature_class *layer = NULL;
    geodatabase *self = calloc(1, sizeof *self);
    if (self == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    dk_buf_init(&self->notes);
    self->shape = self->id = -1;
    source->own = self;
    source->reader = &without_shapes;
    source->encoding = DK_ENCODING_UTF8;
    dk_status status = dk_jet_open(source->file, &self->jet, err);
    if (status == DK_OK)
        status = list_feature_classes(source, err);
    if (status == DK_OK)
        status = list_tables(source, err);
    if (status == DK_OK)
        status = choose_layer(source, options, &layer, err);
    return status == DK_OK ? open_layer(source, layer, err) : status;
}
