/* load: source files -> clean rows -> one staged batch. */
#include "ingest/commands.h"
#include "ingest/datasets.h"
#include "ingest/fingerprint.h"
#include "ingest/geometry.h"
#include "ingest/join.h"
#include "ingest/load_report.h"
#include "ingest/placement.h"
#include "ingest/progress.h"
#include "ingest/reading.h"
#include "ingest/rejects.h"
#include "ingest/source.h"
#include "ingest/summary.h"
#include "ingest/transformation.h"
#include "ingest/values.h"
#include "store/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_FINDINGS 5 /* so many unlinked rows and the like are named one by one */
#define OVER_SOURCE "%s: the rejects would be written over this file; choose another place with --rejects FILE"
#define ALL_WRONG_AFTER 20 /* when so many first geometries are all wrong in the same way, the file is */

typedef struct loader {
    const dk_options *options;
    const dk_kind *kind;
    dk_load *load;
    dk_geos *geos;
    dk_transformation *transformation; /* --transformation; NULL: none */
    dk_placement *placement;           /* NULL: nothing to compare with */
    bool gcj02;                        /* a file was declared so */
    const double *extent;
    dk_rejects *rejects;
    dk_datasets **datasets; /* options->n_sources; of each source */
    size_t n_datasets;      /* of all of them */
    dk_join *join;          /* NULL for none */
    dk_fingerprint ledger;  /* that is joined */
    dk_summary summary;
    dk_report report;
    bool read_all;     /* the rows of all files: there is something to report */
    size_t first_note; /* of the summary that is not about the transformation */
    dk_progress_bar bar;
    dk_value *set_values; /* kind->n_fields; what --set gives */
    bool *is_set;
    dk_buf set_memory;
    size_t *set_offsets;
    dk_buf key;
    int64_t named[3]; /* unlinked, area differs, ambiguous */
    char first_reason[700];
} loader;

/* One source while it is loaded. */
typedef struct file {
    dk_source *source;
    dk_mapping mapping;
    dk_crs crs;
    dk_transformer *transformer;
    dk_geometry_reader reader;
    bool spreadsheet, by_source;
    int64_t n_rows, n_shapes; /* rows read; geometries tried */
    int64_t n_wrong;          /* geometries with the fault below */
    dk_geometry_fault wrong;
    char wrong_text[512];
} file;

static bool is_known_column(const char *name, void *user)
{
    const loader *self = user;
    const dk_column_options *columns = &self->options->columns;
    for (size_t i = 0; i < columns->n_fields; i++)
        if (strcmp(columns->fields[i].value, name) == 0)
            return true;
    const char *key = self->options->on != NULL ? strchr(self->options->on, '=') : NULL;
    if (self->options->on != NULL && strcmp(key != NULL ? key + 1 : self->options->on, name) == 0)
        return true;
    return dk_column_known(self->kind, name);
}

static dk_status reject(loader *self, const file *from, const dk_ready_row *ready, const char *key, const char *reason,
                        dk_error *err)
{
    const dk_source_row *row = &ready->source;
    self->summary.rejected++;
    if (self->first_reason[0] == '\0')
        snprintf(self->first_reason, sizeof self->first_reason, "%.300s, row %lld: %.380s",
                 dk_source_path(from->source), (long long)row->number, reason);
    const dk_status status =
        dk_load_report_reject(&self->report, from->source, &from->mapping, ready, key, reason, err);
    return status == DK_OK ? dk_rejects_add(self->rejects, from->source, row, key, reason, err) : status;
}

/* ---- before the rows ---- */

static dk_status parse_sets(loader *self, dk_error *err)
{
    const dk_column_options *columns = &self->options->columns;
    const dk_value_context context = {0};
    for (size_t i = 0; i < columns->n_fields + columns->n_sets; i++) {
        const bool set = i >= columns->n_fields;
        const dk_pair *pair = set ? &columns->sets[i - columns->n_fields] : &columns->fields[i];
        const int field = dk_kind_field(self->kind, pair->name);
        if (field < 0) {
            dk_buf list;
            dk_buf_init(&list);
            for (size_t k = 0; k < self->kind->n_fields; k++)
                dk_buf_format(&list, "%s%s", k > 0 ? ", " : "", self->kind->fields[k].name);
            const char *names = dk_buf_cstr(&list);
            const dk_status status =
                dk_fail(err, DK_NOT_FOUND, "%s %s: %s has no such field; it has: %s", set ? "--set" : "--field",
                        pair->name, self->kind->name, names ? names : "");
            dk_buf_finish(&list);
            return status;
        }
        if (self->kind->fields[field].computed)
            return dk_fail(err, DK_INVALID, "%s %s: this field is computed from the geometry",
                           set ? "--set" : "--field", pair->name);
        if (!set)
            continue;
        if (self->is_set[field])
            return dk_fail(err, DK_INVALID, "--set %s is given twice", pair->name);
        const dk_cell cell = {.type = DK_CELL_TEXT, .text = pair->value, .size = strlen(pair->value)};
        char problem[300];
        if (!dk_value_from_cell(&self->kind->fields[field], &cell, &context, &self->set_memory,
                                &self->set_values[field], &self->set_offsets[field], problem, sizeof problem))
            return dk_fail(err, DK_INVALID, "--set %s: %s", pair->name, problem);
        self->is_set[field] = true;
    }
    for (size_t i = 0; i < self->kind->n_fields; i++)
        if (self->is_set[i] && self->set_values[i].type == DK_TEXT)
            self->set_values[i].text.data = (const char *)self->set_memory.data + self->set_offsets[i];
    return DK_OK;
}

static dk_status choose_crs(loader *self, file *from, dk_error *err)
{
    const char *path = dk_source_path(from->source);
    OGRSpatialReferenceH own = dk_source_crs(from->source);
    const bool json = dk_source_format(from->source) == DK_FORMAT_GEOJSON;
    const dk_crs_policy policy = {.transformation = self->transformation, .accept_error = self->options->accept_datum_error};
    if (self->options->crs == NULL) {
        if (own != NULL && !dk_crs_unsaid(own))
            return dk_crs_from_srs(own, path, &policy, &from->crs, err);
        if (dk_source_crs_problem(from->source) != NULL)
            return dk_fail(err, DK_INVALID, "%s: %s", path, dk_source_crs_problem(from->source));
        return dk_fail(err, DK_INVALID,
                       "%s: the file does not say its coordinate system%s; say it with --crs EPSG:N, for example --crs "
                       "EPSG:4527 (CGCS2000, 3-degree zone 39) or --crs EPSG:4490 (CGCS2000 degrees)",
                       path,
                       dk_source_format(from->source) == DK_FORMAT_SHAPEFILE ? " (there is no readable .prj beside it)"
                                                                             : "");
    }
    if (own != NULL && dk_crs_unsaid(own))
        own = NULL;
    dk_status status;
    if (own != NULL && dk_crs_other_datum(own)) { /* what a file says of an old datum counts */
        if ((status = dk_crs_from_srs(own, path, &policy, &from->crs, err)) == DK_OK)
            dk_summary_note(&self->summary, "%s: the file says %s, which is used, whatever --crs says", path,
                            from->crs.name);
        return status;
    }
    status = dk_crs_from_text(self->options->crs, &policy, &from->crs, err);
    dk_crs said = {0};
    if (status == DK_OK && own != NULL && !json && dk_crs_from_srs(own, path, &policy, &said, NULL) == DK_OK &&
        (strcmp(said.pipeline, from->crs.pipeline) != 0 || from->crs.gcj02))
        dk_summary_note(&self->summary, "%s: the file says %s; %s is used, as --crs says", path, said.name,
                        from->crs.name);
    return status;
}

static dk_status open_file(loader *self, const dk_dataset *set, file *from, dk_error *err)
{
    const dk_options *options = self->options;
    const char *path = set->shown != NULL ? set->shown : set->path;
    const bool layer = self->kind->geometry != DK_NO_GEOMETRY;
    const dk_source_options how = {.shown = set->shown,
                                   .encoding = options->has_encoding ? &options->encoding : NULL,
                                   .layer = options->layer,
                                   .is_column = is_known_column,
                                   .user = self,
                                   .north_first = options->axes_yx,
                                   .want_geometry = layer,
                                   .want_lines = self->kind->geometry == DK_LINES,
                                   .holes = options->holes};
    dk_status status = dk_source_open(set->path, &how, &from->source, err);
    if (status != DK_OK)
        return status;
    const dk_format format = dk_source_format(from->source);
    if (options->has_encoding && !dk_source_encoding_varies(from->source))
        dk_summary_note(&self->summary, "%s: --encoding was not needed: files of this format are UTF-8", path);
    if (layer && !dk_source_has_geometry(from->source)) {
        return dk_fail(err, DK_INVALID, "%s: %s is a layer, and this file has no geometry%s", path, self->kind->name,
                       format == DK_FORMAT_CSV   ? "; a CSV may have it as WKT in a column named wkt"
                       : format == DK_FORMAT_DBF ? "; give the .shp"
                                                 : "");
    }
    if (!layer && dk_source_has_geometry(from->source))
        dk_summary_note(&self->summary, "%s: its geometries were not read: %s is a kind of record", path,
                        self->kind->name);
    from->spreadsheet = format == DK_FORMAT_SHEET;
    if (self->join != NULL && (status = dk_source_join(from->source, self->join, err)) != DK_OK)
        return status;
    const dk_column *columns;
    const size_t n = dk_source_columns(from->source, &columns);
    status = dk_mapping_resolve(self->kind, columns, n, &options->columns, path, &from->mapping, err);
    if (status == DK_OK) {
        const dk_unit *units;
        const size_t n_units = dk_source_units(from->source, &units);
        dk_mapping_units(&from->mapping, self->kind, units, n_units);
    }
    if (status != DK_OK || !layer)
        return status;
    status = choose_crs(self, from, err);
    self->gcj02 |= status == DK_OK && from->crs.gcj02;
    if (status == DK_OK && from->crs.stamp[0] != '\0') {
        dk_summary_note(&self->summary, "%s: %s%s", path, from->crs.stamp,
                        from->crs.gcj02                ? "; the batch is marked"
                        : self->transformation == NULL ? ": it may lie tens of metres off, and the batch is marked"
                                                       : "");
        if (self->load != NULL)
            status = dk_load_datum(self->load, from->crs.stamp, err);
    }
    if (status == DK_OK)
        status = dk_transformer_create(&from->crs, &from->transformer, err);
    from->reader =
        (dk_geometry_reader){.crs = &from->crs,
                             .transformer = from->transformer,
                             .geos = self->geos,
                             .extent = self->extent,
                             .holds = from->crs.stamp[0] != '\0' && self->transformation != NULL && !from->crs.gcj02
                                          ? dk_transformation_extent(self->transformation)
                                          : NULL,
                             .kind = self->kind->geometry,
                             .axes_yx = options->axes_yx && format != DK_FORMAT_SURVEY_TXT};
    return status;
}

static void close_file(file *from)
{
    dk_mapping_finish(&from->mapping);
    dk_geometry_reader_finish(&from->reader);
    dk_transformer_free(from->transformer);
    dk_source_close(from->source);
}

/* text: one sentence a line; may be NULL. */
static void note_lines(loader *self, const char *path, const char *text)
{
    while (text != NULL && *text != '\0') {
        const size_t size = strcspn(text, "\n");
        dk_summary_note(&self->summary, "%s: %.*s", path, (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static void note_file(loader *self, file *from)
{
    const char *path = dk_source_path(from->source);
    note_lines(self, path, dk_buf_cstr(&from->mapping.notes));
    note_lines(self, path, dk_source_notes(from->source));
    if (from->reader.zone_stripped > 0)
        dk_summary_note(
            &self->summary,
            "%s: the eastings of %lld rows begin with the number of their zone, which %s does not have; it was "
            "put right",
            path, (long long)from->reader.zone_stripped, from->crs.name);
    if (from->reader.zone_added > 0)
        dk_summary_note(&self->summary, "%s: the eastings of %lld rows lack the zone %d that %s has; it was added",
                        path, (long long)from->reader.zone_added, from->crs.zone, from->crs.name);
    if (dk_source_cut_texts(from->source) > 0)
        dk_summary_note(&self->summary,
                        "%s: %lld texts fill their column and end in half a character, which was left out", path,
                        (long long)dk_source_cut_texts(from->source));
    self->summary.repaired += from->reader.repaired;
    self->summary.left_out += dk_source_left_out(from->source);
}

/* ---- rows ---- */

static const char *row_key(loader *self, const file *from, const dk_source_row *row)
{
    dk_buf_clear(&self->key);
    const int column = self->kind->key_field >= 0 ? from->mapping.column[self->kind->key_field] : -1;
    if (column >= 0)
        dk_cell_append(&row->cells[column], &self->key);
    const char *key = dk_buf_cstr(&self->key);
    return key != NULL ? key : "";
}

/* Counts geometries that are wrong in a way that concerns the file. */
static void watch_fault(file *from, const dk_ready_row *row)
{
    from->n_shapes++;
    if (row->fault < DK_GEOMETRY_ZONE || (from->n_wrong > 0 && from->wrong != row->fault))
        return;
    if (from->n_wrong++ == 0) {
        from->wrong = row->fault;
        snprintf(from->wrong_text, sizeof from->wrong_text, "row %lld: %.480s", (long long)row->source.number,
                 row->fault_text);
    }
}

static bool all_wrong(const file *from, bool at_end)
{
    return from->n_wrong > 0 && from->n_wrong == from->n_shapes && (at_end || from->n_wrong >= ALL_WRONG_AFTER);
}

static void count_outcome(loader *self, const file *from, const dk_source_row *row, const dk_row_report *report)
{
    static const struct {
        unsigned note;
        const char *what;
    } findings[] = {{DK_NOTE_UNLINKED, "unlinked"}, {DK_NOTE_AREA_DIFFERS, "area"}, {DK_NOTE_AMBIGUOUS, "ambiguous"}};
    dk_summary *summary = &self->summary;
    summary->loaded += report->outcome == DK_LOADED;
    summary->replaced += report->outcome == DK_REPLACED;
    summary->unchanged += report->outcome == DK_UNCHANGED;
    if (report->notes & DK_NOTE_STAGED) {
        summary->staged++;
        summary->staged_batch = report->batch;
    }
    summary->unlinked += (report->notes & DK_NOTE_UNLINKED) != 0;
    summary->area_differs += (report->notes & DK_NOTE_AREA_DIFFERS) != 0;
    summary->ambiguous += (report->notes & DK_NOTE_AMBIGUOUS) != 0;
    bool name = false;
    for (size_t i = 0; i < 3; i++)
        if ((report->notes & findings[i].note) && self->named[i] < NAMED_FINDINGS) {
            self->named[i]++;
            name = true;
        }
    if (name && report->message[0] != '\0')
        dk_summary_note(summary, "%s, row %lld: %s", dk_source_path(from->source), (long long)row->number,
                        report->message);
}

static dk_status load_row(loader *self, file *from, const dk_ready_row *row, dk_error *err)
{
    const dk_source_row *source = &row->source;
    self->summary.read++;
    from->n_rows++;
    if (row->has_geometry)
        watch_fault(from, row);
    if (row->reasons != NULL)
        return reject(self, from, row, row_key(self, from, source), row->reasons, err);
    dk_row_report report;
    memset(&report, 0, sizeof report);
    dk_load_repaired(self->load, &row->repair);
    const dk_status status =
        dk_load_row(self->load, row->values, row->wkb, row->wkb_size,
                    from->by_source ? dk_source_path(from->source) : NULL, source->number, &report, err);
    if (status != DK_OK)
        return status;
    if (report.outcome == DK_REJECTED)
        return reject(self, from, row, report.key[0] != '\0' ? report.key : row_key(self, from, source),
                      report.message, err);
    count_outcome(self, from, source, &report);
    if (report.outcome == DK_UNCHANGED)
        return DK_OK;
    return dk_placement_add(self->placement, report.division, row->wkb, row->wkb_size, err);
}

static dk_status load_rows(loader *self, file *from, dk_error *err)
{
    const dk_reading_options how = {.source = from->source,
                                    .mapping = &from->mapping,
                                    .kind = self->kind,
                                    .geometry = &from->reader,
                                    .spreadsheet = from->spreadsheet,
                                    .merged = self->options->columns.merged,
                                    .n_merged = self->options->columns.n_merged,
                                    .set_values = self->set_values,
                                    .is_set = self->is_set};
    dk_reading *reading = NULL;
    dk_ready_row row;
    dk_status status = dk_reading_open(&how, &reading, err);
    while (status == DK_OK && !all_wrong(from, false) && (status = dk_reading_next(reading, &row, err)) == DK_OK) {
        status = *self->options->stop ? dk_fail(err, DK_LIMIT, "interrupted: nothing was kept of this load")
                                      : load_row(self, from, &row, err);
        if (from->n_rows % 256 == 0)
            dk_progress_show(&self->bar, row.progress, self->summary.read);
    }
    dk_reading_close(reading);
    if (status != DK_OK && status != DK_END)
        return status;
    if (all_wrong(from, true))
        return dk_fail(err, DK_INVALID, "%s, %s; all %lld geometries looked at are wrong like this",
                       dk_source_path(from->source), from->wrong_text, (long long)from->n_shapes);
    if (from->n_rows == 0)
        return dk_fail(err, DK_INVALID, "%s: the file has no rows", dk_source_path(from->source));
    return DK_OK;
}

/* What the rows' files are, for their provenance: those of the data set, or the archive that it came in, and the ledger that
 * is joined. */
static dk_status keep_fingerprint(loader *self, const file *from, const dk_dataset *set, const dk_fingerprint *archive,
                                  dk_error *err)
{
    const char *shown = set->shown != NULL ? set->shown : set->path;
    dk_fingerprint own = {0};
    dk_status status = archive != NULL ? DK_OK : dk_fingerprint_take(set->path, &own, err);
    if (status != DK_OK)
        return status;
    const dk_fingerprint *taken = archive != NULL ? archive : &own;
    const size_t n = taken->n_files + self->ledger.n_files;
    dk_source_file *files = calloc(n + 1, sizeof *files);
    if (files == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", shown);
    } else {
        if (taken->n_files > 0)
            memcpy(files, taken->files, taken->n_files * sizeof *files);
        if (self->ledger.n_files > 0)
            memcpy(files + taken->n_files, self->ledger.files, self->ledger.n_files * sizeof *files);
        status = dk_load_source(self->load, from->by_source ? dk_source_path(from->source) : NULL, files, n, err);
        if (status == DK_OK)
            status = dk_load_report_source(&self->report, shown, files, n, err);
    }
    free(files);
    dk_fingerprint_finish(&own);
    return status;
}

/* archive: in which the data set came; NULL: in none. */
static dk_status load_file(loader *self, const dk_dataset *set, const dk_fingerprint *archive, dk_error *err)
{
    file from = {0};
    from.by_source = self->n_datasets > 1;
    dk_status status = open_file(self, set, &from, err);
    if (status == DK_OK)
        status = keep_fingerprint(self, &from, set, archive, err);
    if (status == DK_OK)
        status = load_rows(self, &from, err);
    if (status == DK_OK)
        note_file(self, &from);
    close_file(&from);
    return status;
}

/* ---- the whole load ---- */

/* Without the slashes that may stand behind a folder's name; *ret_size: of it. */
static const char *base_name(const char *path, int *ret_size)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    *ret_size = (int)(end - start);
    return path + start;
}

/* The title and the source list; both are freed by the caller. */
static bool describe(const dk_options *options, char **ret_title, char **ret_source)
{
    dk_buf source;
    dk_buf_init(&source);
    int size;
    for (size_t i = 0; i < options->n_sources; i++) {
        const char *name = base_name(options->sources[i], &size);
        dk_buf_format(&source, "%s%.*s", i > 0 ? ", " : "", size, name);
    }
    const char *first = base_name(options->sources[0], &size);
    const char *text = dk_buf_cstr(&source);
    *ret_source = text ? strdup(text) : NULL;
    dk_buf_finish(&source);
    if (options->title != NULL)
        *ret_title = strdup(options->title);
    else if (options->n_sources == 1)
        *ret_title = strndup(first, (size_t)size);
    else if (asprintf(ret_title, "%.*s +%zu", size, first, options->n_sources - 1) < 0)
        *ret_title = NULL;
    return *ret_title != NULL && *ret_source != NULL;
}

static dk_status find_kind(const dk_catalogue *catalogue, const char *name, const dk_kind **ret_kind, dk_error *err)
{
    *ret_kind = dk_catalogue_kind(catalogue, name);
    if (*ret_kind != NULL)
        return DK_OK;
    dk_buf list;
    dk_buf_init(&list);
    for (size_t i = 0; i < catalogue->n_kinds; i++)
        dk_buf_format(&list, "%s%s", i > 0 ? ", " : "", catalogue->kinds[i].name);
    const char *names = dk_buf_cstr(&list);
    const dk_status status = dk_fail(err, DK_NOT_FOUND, "%s: the catalogue has no such layer or record; it has: %s",
                                     name, names ? names : "");
    dk_buf_finish(&list);
    return status;
}

/* All data sets are known before the first is read: whether there are several decides about keys. */
static dk_status find_datasets(loader *self, dk_error *err)
{
    const dk_options *options = self->options;
    const dk_datasets_options how = {.layer = self->kind->geometry != DK_NO_GEOMETRY, .store = options->store};
    const dk_dataset *list;
    dk_status status = DK_OK;
    for (size_t i = 0; i < options->n_sources && status == DK_OK; i++) {
        status = dk_datasets_find(options->sources[i], &how, &self->datasets[i], err);
        if (status != DK_OK)
            break;
        const size_t n = dk_datasets_list(self->datasets[i], &list);
        self->n_datasets += n;
        for (size_t k = 0; k < n && status == DK_OK; k++) /* a folder may hold what the rejects would be written over */
            if (dk_same_file(dk_rejects_path(self->rejects), list[k].path))
                status = dk_fail(err, DK_CONFLICT, OVER_SOURCE, dk_rejects_path(self->rejects));
        note_lines(self, options->sources[i], dk_datasets_note(self->datasets[i]));
    }
    return status;
}

static dk_status open_join(loader *self, dk_error *err)
{
    const dk_options *options = self->options;
    const dk_join_options how = {.path = options->join,
                                 .on = options->on,
                                 .layer = options->join_layer,
                                 .encoding = options->has_encoding ? &options->encoding : NULL,
                                 .is_column = is_known_column,
                                 .user = self};
    const dk_status status = options->join != NULL ? dk_join_open(&how, &self->join, err) : DK_OK;
    return status == DK_OK && self->join != NULL ? dk_fingerprint_take(options->join, &self->ledger, err) : status;
}

static dk_status note_join(loader *self, dk_error *err)
{
    dk_buf left;
    if (self->join == NULL)
        return DK_OK;
    dk_buf_init(&left);
    dk_join_left(self->join, &left);
    const char *text = dk_buf_cstr(&left);
    if (text != NULL)
        note_lines(self, self->options->join, text);
    dk_buf_finish(&left);
    return text != NULL ? DK_OK : dk_fail(err, DK_NOMEM, "%s: out of memory", self->options->join);
}

static dk_status load_files(loader *self, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = 0; i < self->options->n_sources && status == DK_OK; i++) {
        const dk_dataset *list;
        const size_t n = dk_datasets_list(self->datasets[i], &list);
        const bool archived = n > 0 && list[0].shown != NULL;
        dk_fingerprint archive = {0};
        if (archived)
            status = dk_fingerprint_take(self->options->sources[i], &archive, err);
        for (size_t k = 0; k < n && status == DK_OK; k++)
            status = load_file(self, &list[k], archived ? &archive : NULL, err);
        dk_fingerprint_finish(&archive);
    }
    return status;
}

static dk_status run(loader *self, dk_store *store, const char *source, dk_error *err)
{
    const dk_options *options = self->options;
    dk_status status = parse_sets(self, err);
    if (status == DK_OK)
        status = find_datasets(self, err);
    if (status == DK_OK)
        status = open_join(self, err);
    if (status != DK_OK)
        return status;
    const dk_load_options how = {
        .title = self->summary.title, .source = source, .replace = options->replace, .dry_run = options->dry_run};
    status = dk_load_begin(store, self->kind, &how, &self->load, err);
    if (status == DK_OK)
        status = dk_placement_create(store, self->kind, &self->placement, err);
    if (status == DK_OK)
        status = load_files(self, err);
    if (status == DK_OK)
        status = note_join(self, err);
    char sentence[480];
    if (status == DK_OK && dk_placement_tell(self->placement, self->gcj02, sentence, sizeof sentence))
        dk_summary_note(&self->summary, "%s", sentence);
    if (status == DK_OK)
        status = dk_rejects_finish(self->rejects, err);
    if (status != DK_OK)
        return status;
    const dk_summary *summary = &self->summary;
    self->summary.rejects = summary->rejected > 0 ? dk_rejects_path(self->rejects) : NULL;
    status = dk_load_report_keep(&self->report, summary, self->first_note, options, store, self->load, err);
    if (status != DK_OK)
        return status;
    self->read_all = true;
    if (summary->loaded + summary->replaced + summary->unchanged == 0)
        return dk_fail(err, DK_INVALID, "no row could be loaded; the first: %s", self->first_reason);
    if (options->dry_run && options->n_reports > 0 && /* what is checked is gone when it is finished */
        ((status = dk_load_settle(self->load, err)) != DK_OK ||
         (status = dk_load_report_check(&self->report, options, store, dk_load_batch(self->load), err)) != DK_OK))
        return status;
    dk_load *load = self->load;
    self->load = NULL;
    status = dk_load_finish(load, &self->summary.batch, err);
    return status == DK_OK ? dk_load_report_check(&self->report, options, store, self->summary.batch, err) : status;
}

static dk_status publish(loader *self, dk_store *store, dk_error *err)
{
    if (!self->options->publish || self->summary.batch == 0)
        return DK_OK;
    if (self->summary.rejected > 0 && !self->options->allow_rejects)
        return DK_OK;
    dk_progress_clear(&self->bar);
    dk_progress_start(&self->bar, "publishing");
    return dk_store_publish(store, self->summary.batch, dk_command_actor(self->options), dk_progress_step, &self->bar,
                            &self->summary.generation, err);
}

static bool allocate(loader *self)
{
    const size_t n = self->kind->n_fields;
    self->geos = dk_geos_create();
    self->datasets = calloc(self->options->n_sources, sizeof(dk_datasets *));
    self->set_values = calloc(n, sizeof *self->set_values);
    self->is_set = calloc(n, sizeof *self->is_set);
    self->set_offsets = calloc(n, sizeof *self->set_offsets);
    return self->geos && self->datasets && self->set_values && self->is_set && self->set_offsets;
}

static void finish(loader *self)
{
    dk_placement_free(self->placement);
    dk_load_abandon(self->load);
    dk_transformation_free(self->transformation);
    for (size_t i = 0; self->datasets != NULL && i < self->options->n_sources; i++)
        dk_datasets_free(self->datasets[i]);
    free(self->datasets);
    dk_join_close(self->join);
    dk_fingerprint_finish(&self->ledger);
    dk_geos_free(self->geos);
    dk_rejects_close(self->rejects);
    dk_summary_finish(&self->summary);
    dk_report_finish(&self->report);
    free(self->set_values);
    free(self->is_set);
    free(self->set_offsets);
    dk_buf_finish(&self->set_memory);
    dk_buf_finish(&self->key);
}

int dk_command_load(const dk_options *options)
{
    dk_error err = {0};
    loader self = {.options = options};
    dk_store *store = NULL;
    char *title = NULL, *source = NULL, *rejects = NULL;
    dk_gdal_start();
    dk_progress_start(&self.bar, options->name);
    self.summary = (dk_summary){.store = options->store, .kind = options->name, .dry_run = options->dry_run};
    dk_status status = dk_store_open(options->store, DK_WRITE, &store, &err);
    if (status == DK_OK)
        status = find_kind(dk_store_catalogue(store), options->name, &self.kind, &err);
    if (status != DK_OK)
        goto out;
    self.extent = dk_store_catalogue(store)->extent;
    dk_report_begin(&self.report, dk_store_catalogue(store), self.kind);
    if (!describe(options, &title, &source) ||
        (rejects = options->rejects ? strdup(options->rejects) : dk_rejects_default_path(options->store, title)) ==
            NULL ||
        (self.rejects = dk_rejects_create(rejects)) == NULL || !allocate(&self)) {
        status = dk_fail(&err, DK_NOMEM, "out of memory");
        goto out;
    }
    self.summary.title = title;
    if (options->transformation != NULL && options->accept_datum_error) {
        status = dk_fail(&err, DK_INVALID, "--transformation and --accept-datum-error exclude each other");
        goto out;
    }
    if (options->transformation != NULL) {
        status = dk_transformation_read(options->transformation, &self.transformation, &err);
        if (status != DK_OK)
            goto out;
        for (const char *note = dk_transformation_notes(self.transformation); *note != '\0';) {
            const size_t size = strcspn(note, "\n");
            dk_summary_note(&self.summary, "%.*s", (int)size, note);
            note += size + (note[size] == '\n');
        }
    }
    self.first_note = self.summary.n_notes;
    status = dk_load_report_paths(options, rejects, &err);
    for (size_t i = 0; i < options->n_sources && status == DK_OK; i++)
        if (dk_same_file(rejects, options->sources[i]) || dk_same_file(rejects, options->store) ||
            dk_beside_store(rejects, options->store))
            status = dk_fail(&err, DK_CONFLICT, OVER_SOURCE, rejects);
    if (status == DK_OK && options->join != NULL && dk_same_file(rejects, options->join))
        status = dk_fail(&err, DK_CONFLICT, OVER_SOURCE, rejects);
    if (status == DK_OK)
        status = run(&self, store, source, &err);
    if (status == DK_OK)
        status = publish(&self, store, &err);
    if (self.read_all && options->n_reports > 0) { /* also of a load that failed: it says why */
        dk_error ignored;
        const dk_status written = dk_load_report_write(&self.report, &self.summary, options, status == DK_OK ? &err : &ignored);
        status = status == DK_OK ? written : status;
        if (self.report.seconds > 0)
            dk_summary_note(&self.summary, "the checks of the report took %.1f s", self.report.seconds);
    }
out:
    dk_progress_clear(&self.bar);
    if (status != DK_OK && err.text[0] == '\0')
        dk_fail(&err, status, "%s: %s", options->store, dk_status_text(status));
    if (status != DK_OK && self.summary.batch == 0) /* nothing was kept, so nothing was loaded */
        self.summary.loaded = self.summary.replaced = self.summary.unlinked = self.summary.area_differs =
            self.summary.ambiguous = 0;
    if (status == DK_OK && self.summary.rejected > 0 && !options->allow_rejects)
        dk_fail(&err, DK_INVALID, "%lld of %lld rows were rejected%s; they are in %s with their reasons",
                (long long)self.summary.rejected, (long long)self.summary.read,
                options->publish && self.summary.batch > 0 ? ", so the batch was not published" : "", rejects);
    else if (status == DK_OK && options->publish && self.summary.staged > 0)
        dk_fail(&err, DK_CONFLICT,
                "%lld rows are not published: they are in batch %lld, which an earlier load staged; publish it with "
                "dikuai-ingest publish %s %lld, or withdraw it",
                (long long)self.summary.staged, (long long)self.summary.staged_batch, options->store,
                (long long)self.summary.staged_batch);
    if (options->json)
        dk_summary_print_json(&self.summary, err.text[0] ? err.text : NULL);
    else if (status == DK_OK || self.summary.batch > 0) /* also when publishing failed: the batch is staged */
        dk_summary_print(&self.summary);
    int code = DK_EXIT_DONE;
    if (err.text[0] != '\0') {
        fprintf(stderr, "dikuai-ingest: %s\n", err.text);
        if (status != DK_OK && self.summary.rejects != NULL)
            fprintf(stderr, "dikuai-ingest: the rejected rows are in %s with their reasons\n", rejects);
        code = DK_EXIT_FAILED;
    }
    finish(&self);
    dk_store_close(store);
    free(title);
    free(source);
    free(rejects);
    dk_gdal_stop();
    return code;
}
