#include "ingest/load_file.h"

#include "ingest/crs.h"
#include "ingest/crs_set.h"
#include "ingest/doubt.h"
#include "ingest/geometry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading all of the file, which goes on while it is opened and its rows are read: only their provenance waits for it.
 */
typedef struct hashing {
    dk_fingerprint *fingerprint;
    pthread_t thread;
    bool threaded; /* and not yet waited for */
    atomic_bool stop;
    dk_status status;
    dk_error err;
} hashing;

struct dk_load_file {
    dk_load_file_options options;
    dk_scratch *scratch; /* what was unpacked for it */
    char *path;          /* to open */
    dk_fingerprint fingerprint;
    hashing hashing;
    dk_source *source;
    dk_mapping mapping;
    dk_set_values set;
    dk_crs crs;
    dk_crs_policy policy; /* what is allowed of old datums */
    dk_transformer *transformer;
    dk_crs_set *own_crs;   /* of rows that say their own system */
    dk_outlines *outlines; /* for rows that may be read in two ways; NULL: none */
    dk_geos *geos;
    dk_geometry_reader reader;
    dk_reading *reading;
    dk_buf notes;
    bool spreadsheet, lacks, told; /* told: the notes have what is known at the end */

    bool threaded; /* and not yet waited for */
    pthread_t thread;
    dk_status status; /* of opening */
    dk_error err;
};

static bool is_known_column(const char *name, void *user)
{
    const dk_load_file *file = user;
    const dk_column_options *columns = &file->options.settings.columns;
    for (size_t i = 0; i < columns->n_fields; i++)
        if (dk_column_same(columns->fields[i].value, name))
            return true;
    if (file->options.join_key != NULL && dk_column_same(file->options.join_key, name))
        return true;
    return dk_column_known(file->options.kind, name);
}

/* ---- opening ---- */

/* Whether --crs names the system that a file says. */
static bool says_the_same(OGRSpatialReferenceH own, const char *text)
{
    const dk_crs_policy any = {.any_datum = true};
    dk_crs of_file = {0}, given = {0};
    return dk_crs_from_srs(own, "", &any, &of_file, NULL) == DK_OK &&
           dk_crs_from_text(text, &any, &given, NULL) == DK_OK && of_file.datum == given.datum && !given.gcj02 &&
           strcmp(of_file.pipeline, given.pipeline) == 0;
}

/* The system that the file says. */
static dk_status take_own(dk_load_file *file, OGRSpatialReferenceH own, dk_error *err)
{
    const char *path = file->options.set->shown;
    const dk_status status = dk_crs_from_srs(own, path, &file->policy, &file->crs, err);
    return status == DK_OK && dk_source_datum_only(file->source)
               ? dk_fail(err, DK_INVALID, "%s: %s", path, dk_source_crs_problem(file->source))
               : status;
}

static dk_status choose_crs(dk_load_file *file, dk_error *err)
{
    const dk_load_file_options *o = &file->options;
    const char *path = o->set->shown;
    OGRSpatialReferenceH own = dk_source_crs(file->source);
    const bool json = dk_source_format(file->source) == DK_FORMAT_GEOJSON;
    const dk_crs_policy *policy = &file->policy;
    if (o->settings.crs == NULL) {
        if (own != NULL && !dk_crs_unsaid(own))
            return take_own(file, own, err);
        if (dk_source_crs_problem(file->source) != NULL)
            return dk_fail(err, DK_INVALID, "%s: %s", path, dk_source_crs_problem(file->source));
        return dk_fail(err, DK_INVALID,
                       "%s: the file does not say its coordinate system%s; say it with --crs EPSG:N, for example --crs "
                       "EPSG:4527 (CGCS2000, 3-degree zone 39) or --crs EPSG:4490 (CGCS2000 degrees)",
                       path,
                       dk_source_format(file->source) == DK_FORMAT_SHAPEFILE ? " (there is no readable .prj beside it)"
                                                                             : "");
    }
    if (own != NULL && dk_crs_unsaid(own))
        own = NULL;
    dk_status status;
    if (own != NULL && dk_crs_other_datum(own)) { /* what a file says of an old datum counts */
        if (dk_source_zone_given(file->source))
            return dk_crs_from_text(o->settings.crs, policy, &file->crs, err);
        status = take_own(file, own, err);
        if (status == DK_OK && !says_the_same(own, o->settings.crs))
            dk_buf_format(&file->notes, "the file says %s, which is used, whatever --crs says\n", file->crs.name);
        return status;
    }
    status = dk_crs_from_text(o->settings.crs, policy, &file->crs, err);
    dk_crs said = {0};
    if (status == DK_OK && own != NULL && !json && dk_crs_from_srs(own, path, policy, &said, NULL) == DK_OK &&
        (strcmp(said.pipeline, file->crs.pipeline) != 0 || file->crs.gcj02))
        dk_buf_format(&file->notes, "the file says %s; %s is used, as --crs says\n", said.name, file->crs.name);
    return status;
}

static dk_status open_source(dk_load_file *file, dk_error *err)
{
    const dk_load_file_options *o = &file->options;
    const dk_file_settings *settings = &o->settings;
    const bool layer = o->kind->geometry != DK_NO_GEOMETRY;
    const dk_source_options how = {.shown = o->set->shown,
                                   .encoding = settings->has_encoding ? &settings->encoding : NULL,
                                   .layer = settings->layer,
                                   .is_column = is_known_column,
                                   .user = file,
                                   .north_first = settings->axes_yx,
                                   .want_geometry = layer,
                                   .want_lines = o->kind->geometry == DK_LINES,
                                   .holes = settings->holes,
                                   .crs = settings->crs};
    dk_status status = dk_dataset_ready(o->set, &file->scratch, &file->path, err);
    if (status == DK_OK)
        status = dk_source_open(file->path, &how, &file->source, err);
    if (status != DK_OK)
        return status;
    const dk_format format = dk_source_format(file->source);
    if (settings->has_encoding && !dk_source_encoding_varies(file->source))
        dk_buf_text(&file->notes, "--encoding was not needed: this format says how its texts are kept\n");
    if (layer && !dk_source_has_geometry(file->source) && !settings->undrawn) {
        file->lacks = o->may_lack_outlines;
        if (!file->lacks)
            return dk_fail(
                err, DK_INVALID, "%s: %s is a layer, and this file has no geometry%s", o->set->shown, o->kind->name,
                format == DK_FORMAT_CSV     ? "; a CSV may have it as WKT in a column named wkt, and --undrawn loads "
                                              "rows that have none yet"
                : format == DK_FORMAT_SHEET ? "; --undrawn loads rows that have none yet"
                : format == DK_FORMAT_DBF   ? "; give the .shp"
                                            : "");
        dk_buf_format(&file->notes, "not read: %s is a layer, and this table has no outlines\n", o->kind->name);
    }
    if (!layer && dk_source_has_geometry(file->source))
        dk_buf_format(&file->notes, "its geometries were not read: %s is a kind of record\n", o->kind->name);
    file->spreadsheet = format == DK_FORMAT_SHEET;
    return DK_OK;
}

static dk_status map_columns(dk_load_file *file, dk_error *err)
{
    const dk_load_file_options *o = &file->options;
    const dk_column *columns;
    const dk_unit *units;
    dk_status status = DK_OK;
    const size_t own = dk_source_columns(file->source, &columns);
    if (o->join != NULL && (status = dk_source_join(file->source, o->join, err)) != DK_OK)
        return status;
    const size_t n = dk_source_columns(file->source, &columns);
    status = dk_mapping_resolve(o->kind, columns, n, &o->settings.columns, o->set->shown, &file->mapping, err);
    if (status == DK_OK) {
        size_t n_units = dk_source_units(file->source, &units);
        dk_mapping_units(&file->mapping, o->kind, 0, own, units, n_units);
        n_units = o->join != NULL ? dk_join_units(o->join, &units) : 0;
        dk_mapping_units(&file->mapping, o->kind, own, n, units, n_units);
    }
    for (size_t c = own; c < n && status == DK_OK; c++) {
        const dk_field *field = file->mapping.field[c] >= 0 ? &o->kind->fields[file->mapping.field[c]] : NULL;
        if (field != NULL && dk_field_is_amount(field) && !dk_join_gives_amount(o->join, field->title))
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", o->set->shown);
    }
    return status;
}

static void note_stamp(dk_load_file *file, const char *stamp, bool gcj02)
{
    const dk_load_file_options *o = &file->options;
    dk_buf_format(&file->notes, "%s%s%s\n", stamp,
                  o->transformation == NULL && !gcj02 ? ": it may lie tens of metres off" : "",
                  o->store == NULL            ? ""
                  : gcj02                     ? "; the batch is marked"
                  : o->transformation == NULL ? ", and the batch is marked"
                                              : "");
}

static dk_status prepare_geometry(dk_load_file *file, dk_error *err)
{
    const dk_load_file_options *o = &file->options;
    dk_status status = choose_crs(file, err);
    if (status == DK_OK && file->crs.stamp[0] != '\0')
        note_stamp(file, file->crs.stamp, file->crs.gcj02);
    dk_error reason = {0};
    if (status == DK_OK && (status = dk_transformer_create(&file->crs, &file->transformer, &reason)) != DK_OK)
        dk_fail(err, status, "%s: %s; say the right coordinate system with --crs", o->set->shown, reason.text);
    if (status == DK_OK)
        status = dk_crs_set_create(&file->policy, &file->own_crs, err);
    if (status == DK_OK && o->store != NULL && dk_source_may_doubt(file->source))
        status = dk_outlines_open(o->store, o->kind, &file->outlines, err);
    if (status == DK_OK && (file->geos = dk_geos_create()) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", o->set->shown);
    OGRSpatialReferenceH own = dk_source_crs(file->source);
    const bool moved = file->crs.stamp[0] != '\0' && o->transformation != NULL && !file->crs.gcj02;
    if (status == DK_OK && o->transformation != NULL && !moved)
        dk_buf_format(&file->notes, "the transformation %s is from %s and was not used: the coordinates are in %s\n",
                      dk_transformation_name(o->transformation),
                      dk_datum_name(dk_transformation_from(o->transformation)), file->crs.name);
    file->reader =
        (dk_geometry_reader){.crs = &file->crs,
                             .crs_stands = own != NULL && !dk_crs_unsaid(own) && dk_crs_other_datum(own) &&
                                           !dk_source_zone_given(file->source),
                             .transformer = file->transformer,
                             .own = file->own_crs,
                             .geos = file->geos,
                             .extent = o->extent,
                             .holds = moved ? dk_transformation_extent(o->transformation) : NULL,
                             .kind = o->kind->geometry,
                             .axes_yx = o->settings.axes_yx && dk_source_format(file->source) != DK_FORMAT_SURVEY_TXT};
    return status;
}

static void *take_fingerprint(void *user)
{
    hashing *h = user;
    h->status = dk_fingerprint_hash(h->fingerprint, &h->stop, &h->err);
    return NULL;
}

static void begin_hashing(dk_load_file *file)
{
    hashing *h = &file->hashing;
    h->fingerprint = &file->fingerprint;
    h->status = dk_fingerprint_list(file->options.set->path, h->fingerprint, &h->err);
    if (h->status != DK_OK || file->options.set->archive != NULL)
        return; /* that is hashed once for all that is in it */
    h->threaded = pthread_create(&h->thread, NULL, take_fingerprint, h) == 0;
    if (!h->threaded)
        take_fingerprint(h);
}

static void end_hashing(hashing *h)
{
    if (h->threaded)
        pthread_join(h->thread, NULL);
    h->threaded = false;
}

static dk_status open_and_map(dk_load_file *file, dk_error *err)
{
    const dk_load_file_options *o = &file->options;
    dk_status status = open_source(file, err);
    if (status != DK_OK || file->lacks)
        return status;
    status = map_columns(file, err);
    if (status == DK_OK && o->kind->geometry != DK_NO_GEOMETRY && dk_source_has_geometry(file->source))
        status = prepare_geometry(file, err);
    return status;
}

static dk_status begin_reading(dk_load_file *file, dk_error *err)
{
    const dk_load_file_options *o = &file->options;
    const dk_reading_options how = {.source = file->source,
                                    .mapping = &file->mapping,
                                    .kind = o->kind,
                                    .geometry = &file->reader,
                                    .outlines = file->outlines,
                                    .spreadsheet = file->spreadsheet,
                                    .undrawn = o->settings.undrawn,
                                    .merged = o->settings.columns.merged,
                                    .n_merged = o->settings.columns.n_merged,
                                    .set_values = file->set.values,
                                    .is_set = file->set.is_set};
    return dk_reading_open(&how, &file->reading, err);
}

static dk_status open_file(dk_load_file *file, dk_error *err)
{
    dk_error reason = {0}; /* of what a profile fills in for this file */
    dk_status status = dk_set_values_parse(file->options.kind, &file->options.settings.columns, &file->set, &reason);
    if (status != DK_OK)
        return dk_fail(err, status, "%s: %s", file->options.set->shown, reason.text);
    begin_hashing(file);
    status = open_and_map(file, err);
    return status == DK_OK && !file->lacks ? begin_reading(file, err) : status;
}

static void *open_apart(void *user)
{
    dk_load_file *file = user;
    file->status = open_file(file, &file->err);
    return NULL;
}

dk_status dk_load_file_start(const dk_load_file_options *options, bool ahead, dk_load_file **ret_file, dk_error *err)
{
    dk_load_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", options->set->shown);
    file->options = *options;
    file->policy = (dk_crs_policy){.transformation = options->transformation,
                                   .accept_error = options->settings.accept_datum_error};
    dk_buf_init(&file->notes);
    file->threaded = ahead && pthread_create(&file->thread, NULL, open_apart, file) == 0;
    if (!file->threaded)
        open_apart(file);
    *ret_file = file;
    return DK_OK;
}

dk_status dk_load_file_wait(dk_load_file *file, dk_error *err)
{
    if (file->threaded)
        pthread_join(file->thread, NULL);
    file->threaded = false;
    if (file->status != DK_OK && err != NULL)
        *err = file->err;
    return file->status;
}

void dk_load_file_close(dk_load_file *file)
{
    if (file == NULL)
        return;
    dk_load_file_wait(file, NULL);
    atomic_store(&file->hashing.stop, true);
    end_hashing(&file->hashing);
    dk_reading_close(file->reading);
    dk_mapping_finish(&file->mapping);
    dk_set_values_finish(&file->set);
    dk_geometry_reader_finish(&file->reader);
    dk_transformer_free(file->transformer);
    dk_crs_set_free(file->own_crs);
    dk_outlines_close(file->outlines);
    dk_geos_free(file->geos);
    dk_source_close(file->source);
    dk_scratch_remove(file->scratch);
    dk_fingerprint_finish(&file->fingerprint);
    free(file->path);
    dk_buf_finish(&file->notes);
    free(file);
}

/* ---- once it is open ---- */

const char *dk_load_file_path(const dk_load_file *file)
{
    return file->options.set->shown;
}

dk_status dk_load_file_fingerprint(dk_load_file *file, const dk_fingerprint **ret_fingerprint, dk_error *err)
{
    end_hashing(&file->hashing);
    *ret_fingerprint = &file->fingerprint;
    if (file->hashing.status != DK_OK && err != NULL)
        *err = file->hashing.err;
    return file->hashing.status;
}

bool dk_load_file_lacks(const dk_load_file *file)
{
    return file->lacks;
}

dk_source *dk_load_file_source(dk_load_file *file)
{
    return file->source;
}

const dk_mapping *dk_load_file_mapping(const dk_load_file *file)
{
    return &file->mapping;
}

const dk_file_settings *dk_load_file_settings(const dk_load_file *file)
{
    return &file->options.settings;
}

const dk_crs *dk_load_file_crs(const dk_load_file *file)
{
    return &file->crs;
}

const char *dk_load_file_stamp(const dk_load_file *file, size_t number)
{
    const char *own, *stamp = file->crs.stamp;
    if (stamp[0] != '\0' && number-- == 0)
        return stamp;
    for (size_t i = 0; file->own_crs != NULL && (own = dk_crs_set_stamp(file->own_crs, i)) != NULL; i++)
        if (strcmp(own, stamp) != 0 && number-- == 0)
            return own;
    return NULL;
}

dk_status dk_load_file_next(dk_load_file *file, dk_ready_row *ret_row, dk_error *err)
{
    return dk_reading_next(file->reading, ret_row, err);
}

int64_t dk_load_file_repaired(const dk_load_file *file)
{
    return file->reader.repaired;
}

static void add_lines(dk_buf *notes, const char *text)
{
    if (text != NULL && *text != '\0') {
        dk_buf_text(notes, text);
        if (text[strlen(text) - 1] != '\n')
            dk_buf_byte(notes, '\n');
    }
}

const char *dk_load_file_notes(dk_load_file *file)
{
    dk_buf *notes = &file->notes;
    if (!file->told && file->source != NULL && !file->lacks) {
        file->told = true;
        add_lines(notes, dk_buf_cstr(&file->mapping.notes));
        add_lines(notes, dk_source_notes(file->source));
        add_lines(notes, dk_source_encoding_note(file->source));
        if (file->reading != NULL)
            dk_reading_notes(file->reading, notes);
        for (size_t i = file->crs.stamp[0] != '\0'; dk_load_file_stamp(file, i) != NULL; i++)
            note_stamp(file, dk_load_file_stamp(file, i), false);
        if (file->reader.zone_stripped > 0)
            dk_buf_format(notes,
                          "the eastings of %lld rows begin with the number of their zone, which %s does not have; it "
                          "was put right\n",
                          (long long)file->reader.zone_stripped, file->crs.name);
        if (file->reader.zone_added > 0)
            dk_buf_format(notes, "the eastings of %lld rows lack the zone %d that %s has; it was added\n",
                          (long long)file->reader.zone_added, file->crs.zone, file->crs.name);
        const int64_t chorded = file->reader.chorded + dk_source_chorded(file->source);
        if (chorded > 0)
            dk_buf_format(notes, "the arcs of %lld rows became chords, 1 mm off them at most, or 720 to an arc\n",
                          (long long)chorded);
        if (dk_source_cut_texts(file->source) > 0)
            dk_buf_format(notes, "%lld texts fill their column and end in half a character, which was left out\n",
                          (long long)dk_source_cut_texts(file->source));
    }
    return dk_buf_cstr(notes);
}
