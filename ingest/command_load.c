/* load: source files -> clean rows -> one staged batch. */
#include "ingest/commands.h"
#include "ingest/datasets.h"
#include "ingest/events.h"
#include "ingest/fingerprint.h"
#include "ingest/join.h"
#include "ingest/load_file.h"
#include "ingest/load_report.h"
#include "ingest/paths.h"
#include "ingest/placement.h"
#include "ingest/profile.h"
#include "ingest/progress.h"
#include "ingest/rejects.h"
#include "ingest/say.h"
#include "ingest/scratch.h"
#include "ingest/summary.h"
#include "ingest/transformation.h"
#include "store/load.h"
#include "store/log_keys.h"
#include "store/provenance.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMED_FINDINGS 5   /* so many unlinked rows and the like are named one by one */
#define NAMED_REMARKS 1000 /* and so many rows with remarks, which no report lists */
#define OVER_SOURCE "%s: the rejects would be written over this file; choose another place with --rejects FILE"
#define OVER_PROFILE "%s: the profile would be written over this file; choose another name with --save-profile FILE"
#define ALL_WRONG_AFTER 20 /* when so many first geometries are all wrong in the same way, the file is */
#define MOST_AHEAD 8       /* files that are read at a time */

typedef struct loader {
    const dk_options *options;
    const dk_kind *kind;
    dk_load *load;
    struct {
        const char *path;
        dk_transformation *transformation;
    } * transformations; /* that settings name, each once */
    size_t n_transformations, transformations_capacity;
    dk_placement *placement; /* NULL: nothing to compare with */
    bool gcj02;              /* a file was declared so */
    const double *extent;
    dk_rejects *rejects;
    dk_datasets **datasets; /* options->n_sources; of each source */
    struct job *jobs;
    size_t n_jobs, jobs_capacity;
    dk_profile *profile;       /* NULL for none */
    dk_profile_writer *writer; /* NULL for none */
    dk_join *join;             /* NULL for none */
    dk_fingerprint ledger;     /* that is joined */
    dk_fingerprint archive;    /* in which the data set at hand came, if it came in one */
    const char *archive_path;
    dk_summary summary;
    dk_report report;
    bool read_all; /* the rows of all files: there is something to report */
    dk_progress_bar bar;
    dk_events events;
    uint64_t bytes, bytes_done; /* of all data sets; of those behind us */
    dk_buf key;
    struct told {
        int64_t named[3]; /* unlinked, area differs, ambiguous */
        int64_t remarks;  /* on rows, that no report lists */
    } told;
    int64_t copies;   /* of files that came before, under other names */
    uint64_t amounts; /* fields of money or area */
    char first_reason[700];
} loader;

/* A data set to load. */
typedef struct job {
    const dk_dataset *set;
    const char *given; /* the word of the command that it was found by */
    dk_file_settings settings;
    const dk_transformation *transformation; /* NULL: none */
    bool one_of_many;                        /* of a folder: if it cannot be read, the others are all the same */
    dk_load_file *file;                      /* when it is begun */
    bool left_out;
} job;

/* One source while its rows are loaded. */
typedef struct rows {
    dk_load_file *file;
    const char *path;
    const char *name;         /* for the store; NULL: that of the one source */
    bool rejects;             /* a file of rejects, whose first column says where its rows come from */
    int64_t n_rows, n_shapes; /* rows read; geometries tried */
    int64_t n_wrong;          /* geometries with the fault below */
    dk_geometry_fault wrong;
    char wrong_text[512];
    bool spoilt; /* the failure is the file's, not the store's */
} rows;

static dk_status reject(loader *self, const rows *from, const dk_ready_row *ready, const char *key, const char *why,
                        dk_error *err)
{
    const dk_source_row *row = &ready->source;
    dk_source *source = dk_load_file_source(from->file);
    char *reason = strdup(why);
    if (reason == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_text_clean(reason); /* it may repeat what stands in the file */
    self->summary.rejected++;
    if (self->first_reason[0] == '\0')
        snprintf(self->first_reason, sizeof self->first_reason, "%.300s, row %lld: %.380s", from->path,
                 (long long)row->number, reason);
    dk_status status =
        dk_load_report_reject(&self->report, source, dk_load_file_mapping(from->file), ready, key, reason, err);
    const dk_rejects_source read = {.source = source,
                                    .kind = self->kind,
                                    .mapping = dk_load_file_mapping(from->file),
                                    .options = &dk_load_file_settings(from->file)->columns};
    if (status == DK_OK)
        status = dk_rejects_add(self->rejects, &read, row, key, reason, err);
    free(reason);
    return status;
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

/* ---- rows ---- */

static const char *row_key(loader *self, const rows *from, const dk_source_row *row)
{
    dk_buf_clear(&self->key);
    const int column =
        self->kind->key_field >= 0 ? dk_load_file_mapping(from->file)->column[self->kind->key_field] : -1;
    if (column >= 0)
        dk_cell_append(&row->cells[column], &self->key);
    const char *key = dk_buf_cstr(&self->key);
    return key != NULL ? key : "";
}

/* Counts geometries that are wrong in a way that concerns the file. */
static void watch_fault(rows *from, const dk_ready_row *row)
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

static bool all_wrong(const rows *from, bool at_end)
{
    return from->n_wrong > 0 && from->n_wrong == from->n_shapes && (at_end || from->n_wrong >= ALL_WRONG_AFTER);
}

static void count_outcome(loader *self, const rows *from, const dk_source_row *row, const dk_row_report *report)
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
        summary->staged_apart |= summary->staged > 0 && summary->staged_batch != report->batch;
        summary->staged++;
        summary->staged_batch = report->batch;
    }
    summary->unlinked += (report->notes & DK_NOTE_UNLINKED) != 0;
    summary->area_differs += (report->notes & DK_NOTE_AREA_DIFFERS) != 0;
    summary->ambiguous += (report->notes & DK_NOTE_AMBIGUOUS) != 0;
    bool name = false;
    for (size_t i = 0; i < 3; i++)
        if ((report->notes & findings[i].note) && self->told.named[i] < NAMED_FINDINGS) {
            self->told.named[i]++;
            name = true;
        }
    if (name && report->message[0] != '\0')
        dk_summary_note(summary, "%s, row %lld: %s", from->path, (long long)row->number, report->message);
    if ((report->notes & DK_NOTE_REMARK) && self->told.remarks++ < NAMED_REMARKS)
        dk_summary_note_apart(summary, "%s, row %lld: %s", from->path, (long long)row->number, report->remark);
}

/* Money that was paid back is kept as it is; a slip of the keyboard, too. */
static void note_negative(loader *self, const rows *from, const dk_ready_row *row)
{
    for (size_t i = 0; i < self->kind->n_fields; i++) {
        const dk_value *value = &row->values[i];
        const double number = value->type == DK_INTEGER ? (double)value->integer
                              : value->type == DK_REAL  ? value->real
                                                        : 0;
        if (!(self->amounts & UINT64_C(1) << i) || !(number < 0) || self->told.remarks++ >= NAMED_REMARKS)
            continue;
        const dk_field *field = &self->kind->fields[i];
        dk_summary_note_apart(
            &self->summary,
            "%s, row %lld: %s (%s) is %.15g %s, less than nothing; it is kept, so correct it if it is wrong",
            from->path, (long long)row->source.number, field->name, field->title, number, field->unit);
    }
}

static dk_status load_row(loader *self, rows *from, const dk_ready_row *row, dk_error *err)
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
    dk_load_measured(self->load, &row->areas);
    if (from->rejects && source->cells[0].type == DK_CELL_TEXT)
        dk_load_key_source(self->load, source->cells[0].text);
    const dk_status status =
        dk_load_row(self->load, row->values, row->wkb, row->wkb_size, from->name, source->number, &report, err);
    if (status != DK_OK)
        return status;
    if (report.outcome == DK_REJECTED)
        return reject(self, from, row, report.key[0] != '\0' ? report.key : row_key(self, from, source), report.message,
                      err);
    count_outcome(self, from, source, &report);
    if (self->amounts != 0)
        note_negative(self, from, row);
    self->summary.undrawn += row->wkb_size == 0 && self->kind->geometry != DK_NO_GEOMETRY;
    self->summary.repaired += report.outcome != DK_UNCHANGED && row->repair.rule != NULL; /* as the store keeps it */
    if (report.outcome == DK_UNCHANGED || row->wkb_size == 0)
        return DK_OK;
    return dk_placement_add(self->placement, report.division, row->wkb, row->wkb_size, err);
}

static void show_progress(loader *self, const rows *from, double part)
{
    const uint64_t size = from->path != NULL && self->bytes > 0 ? self->bytes : 1;
    uint64_t own = 0;
    for (size_t i = 0; i < self->n_jobs; i++)
        if (self->jobs[i].file == from->file)
            own = self->jobs[i].set->size;
    const double whole = self->n_jobs > 1 ? ((double)self->bytes_done + part * (double)own) / (double)size : part;
    dk_progress_show(&self->bar, whole, self->summary.read);
    dk_events_progress(&self->events, whole, self->summary.read);
}

static dk_status load_rows(loader *self, rows *from, dk_error *err)
{
    dk_ready_row row;
    dk_status status = DK_OK;
    while (status == DK_OK && !all_wrong(from, false)) {
        status = dk_load_file_next(from->file, &row, err);
        from->spoilt = status != DK_OK;
        if (status != DK_OK)
            break;
        status = *self->options->stop ? dk_fail(err, DK_LIMIT, "interrupted: nothing was kept of this load")
                                      : load_row(self, from, &row, err);
        if (from->n_rows % 256 == 0)
            show_progress(self, from, row.progress);
    }
    if (status != DK_OK && status != DK_END)
        return status;
    from->spoilt = true;
    if (all_wrong(from, true))
        return from->n_shapes == 1
                   ? dk_fail(err, DK_INVALID, "%s, %s", from->path, from->wrong_text)
                   : dk_fail(err, DK_INVALID, "%s, %s; all %lld geometries looked at are wrong like this", from->path,
                             from->wrong_text, (long long)from->n_shapes);
    if (from->n_rows == 0)
        return dk_fail(err, DK_INVALID, "%s: the file has no rows; is it the right one, and whole?", from->path);
    return DK_OK;
}

/* What the rows' files are, for their provenance: those of the data set, or the archive that it came in, and the ledger
 * that is joined. */
static dk_status keep_fingerprint(loader *self, const rows *from, const dk_dataset *set, dk_error *err)
{
    const dk_fingerprint *taken = NULL;
    dk_status status = dk_load_file_fingerprint(from->file, &taken, err);
    if (status == DK_OK) /* else what was read is not what was hashed */
        status = dk_fingerprint_unchanged(taken, from->path, err);
    if (status == DK_OK && set->archive != NULL) { /* which was hashed when the first of it came */
        taken = &self->archive;
        status = dk_fingerprint_unchanged(taken, from->path, err);
    }
    if (status != DK_OK)
        return status;
    const size_t n = taken->n_files + self->ledger.n_files;
    dk_source_file *files = calloc(n + 1, sizeof *files);
    if (files == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", from->path);
    if (taken->n_files > 0)
        memcpy(files, taken->files, taken->n_files * sizeof *files);
    if (self->ledger.n_files > 0)
        memcpy(files + taken->n_files, self->ledger.files, self->ledger.n_files * sizeof *files);
    status = dk_load_source_files(self->load, files, n, err);
    if (status == DK_OK)
        status = dk_load_report_source(&self->report, from->path, files, n, err);
    free(files);
    return status;
}

/* Before the first of its rows is read. */
static dk_status hash_archive(loader *self, const char *archive, dk_error *err)
{
    if (archive == NULL || (self->archive_path != NULL && strcmp(self->archive_path, archive) == 0))
        return DK_OK;
    dk_fingerprint_finish(&self->archive);
    self->archive_path = NULL;
    const dk_status status = dk_fingerprint_take(archive, &self->archive, err);
    if (status == DK_OK)
        self->archive_path = archive;
    return status;
}

/* The name by which the store tells a data set from others, also as the last resort for keys: it is not to change when
 * others come into the folder. NULL: what was given is one file or ZIP, whose own name it is. */
static const char *own_name(const loader *self, const dk_dataset *set)
{
    const char *given = self->options->sources[0];
    const bool one = self->options->n_sources == 1 && self->n_jobs == 1;
    const bool own = strcmp(set->path, given) == 0 || (set->archive != NULL && dk_same_file(set->archive, given));
    return one && own ? NULL : set->shown;
}

/* The rows of an open file; from->spoilt tells whose a failure is. */
static dk_status load_open(loader *self, rows *from, const job *of, dk_error *err)
{
    const dk_dataset *set = of->set;
    dk_load_file *file = from->file;
    dk_source *source = dk_load_file_source(file);
    const bool layer = self->kind->geometry != DK_NO_GEOMETRY;
    const dk_column *columns;
    const size_t n_columns = dk_source_columns(source, &columns);
    from->name = own_name(self, set);
    from->rejects = dk_columns_of_rejects(columns, n_columns) > 0;
    dk_status status = hash_archive(self, set->archive, err);
    if (status == DK_OK)
        status = dk_load_source(self->load, from->name, err);
    if (status == DK_OK)
        status = load_rows(self, from, err);
    if (status == DK_OK)
        status = keep_fingerprint(self, from, set, err);
    if (status != DK_OK)
        return status;
    from->spoilt = false;
    for (size_t i = 0; layer && dk_load_file_stamp(file, i) != NULL; i++) /* not for a file that is left out */
        if ((status = dk_load_datum(self->load, dk_load_file_stamp(file, i), err)) != DK_OK)
            return status;
    self->gcj02 |= layer && dk_load_file_crs(file)->gcj02;
    self->summary.left_out += dk_source_left_out(source);
    dk_source_columns(source, &columns);
    if (self->writer != NULL && !dk_profile_writer_add(self->writer, of->given, set->path, dk_load_file_settings(file),
                                                       self->kind, columns, dk_load_file_mapping(file)))
        return dk_fail(err, DK_NOMEM, "out of memory");
    return DK_OK;
}

/* What there was before a file. */
typedef struct before_file {
    dk_summary summary;
    struct told told;
    dk_load_place rows;
    dk_report_place report;
    off_t rejects;
    bool reason; /* of something that is not loaded */
} before_file;

static before_file mark(loader *self)
{
    dk_placement_mark(self->placement);
    return (before_file){.summary = self->summary,
                         .told = self->told,
                         .rows = dk_load_mark(self->load),
                         .report = dk_report_mark(&self->report),
                         .rejects = dk_rejects_place(self->rejects),
                         .reason = self->first_reason[0] != '\0'};
}

/* What is left of a file of a folder that cannot be read: its reason among the rejects, and none of its rows, also of
 * those that were rejected: how many these are depends on how far it was read, and who corrects one of them in the
 * rejects file has not mended the file. */
static dk_status leave_out(loader *self, const char *path, const before_file *mark, const char *reason, dk_error *err)
{
    const dk_summary *before = &mark->summary;
    dk_summary *now = &self->summary;
    dk_status status = dk_load_undo(self->load, &mark->rows, err);
    if (status == DK_OK)
        status = dk_rejects_undo(self->rejects, mark->rejects, err);
    if (status != DK_OK)
        return status;
    dk_report_undo(&self->report, &mark->report);
    dk_placement_undo(self->placement);
    now->read = before->read;
    now->rejected = before->rejected;
    now->loaded = before->loaded;
    now->replaced = before->replaced;
    now->unchanged = before->unchanged;
    now->staged = before->staged;
    now->staged_batch = before->staged_batch;
    now->staged_apart = before->staged_apart;
    now->unlinked = before->unlinked;
    now->area_differs = before->area_differs;
    now->ambiguous = before->ambiguous;
    now->undrawn = before->undrawn;
    now->repaired = before->repaired;
    now->files_failed++;
    self->told = mark->told; /* there is room for what is to be told of the next */
    dk_summary_forget(now, before->n_notes, before->n_notes_left_out);
    if (!mark->reason)
        snprintf(self->first_reason, sizeof self->first_reason, "%.690s", reason);
    dk_summary_note_apart(now, "left out, as it cannot be read: %s", reason);
    const dk_status told = dk_load_report_left_out(&self->report, path, reason, err);
    return told == DK_OK ? dk_rejects_add_file(self->rejects, path, reason, err) : told;
}

static dk_status load_job(loader *self, job *of, dk_error *err)
{
    rows from = {.file = of->file, .path = of->set->shown};
    const before_file before = mark(self);
    dk_error reason = {0};
    dk_status status = dk_load_file_wait(of->file, &reason);
    from.spoilt = status != DK_OK;
    if (status == DK_OK && !dk_load_file_lacks(of->file))
        status = load_open(self, &from, of, &reason);
    if (status == DK_OK) {
        self->summary.files += !dk_load_file_lacks(of->file);
        note_lines(self, from.path, dk_load_file_notes(of->file));
    } else if (of->one_of_many && from.spoilt && status != DK_NOMEM && status != DK_FULL) {
        of->left_out = true;
        status = leave_out(self, from.path, &before, reason.text, err);
    } else if (err != NULL) {
        *err = reason;
    }
    if (status == DK_OK)
        dk_events_file(&self->events, from.path, self->summary.rejected - before.summary.rejected,
                       self->summary.loaded - before.summary.loaded, reason.text[0] != '\0' ? reason.text : NULL);
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

/* The same of "." and "..", by the folder that they are. Caller frees; NULL: out of memory. */
static char *name_of_source(const char *path)
{
    int size;
    const char *base = base_name(path, &size);
    char *whole =
        (size == 1 && base[0] == '.') || (size == 2 && base[0] == '.' && base[1] == '.') ? realpath(path, NULL) : NULL;
    if (whole != NULL)
        base = base_name(whole, &size);
    char *copy = strndup(base, (size_t)size), *text = copy != NULL ? dk_path_text(copy) : NULL;
    free(copy);
    free(whole);
    return text;
}

/* The title and the source list; both are freed by the caller. */
static bool describe(const dk_options *options, char **ret_title, char **ret_source)
{
    dk_buf source, title;
    dk_buf_init(&source);
    dk_buf_init(&title);
    if (options->title != NULL)
        dk_buf_text(&title, options->title);
    for (size_t i = 0; i < options->n_sources; i++) {
        char *name = name_of_source(options->sources[i]);
        dk_buf_format(&source, "%s%s", i > 0 ? ", " : "", name != NULL ? name : "");
        if (options->title == NULL && i == 0)
            dk_buf_text(&title, name != NULL ? name : "");
        source.failed = source.failed || name == NULL;
        free(name);
    }
    if (options->title == NULL && options->n_sources > 1)
        dk_buf_format(&title, " +%zu", options->n_sources - 1);
    const char *sources = dk_buf_cstr(&source), *text = dk_buf_cstr(&title);
    *ret_source = sources != NULL ? strdup(sources) : NULL;
    *ret_title = text != NULL ? dk_path_text(text) : NULL; /* that of --batch may be GBK, too */
    dk_buf_finish(&source);
    dk_buf_finish(&title);
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

/* One for each path; what it tells is told once. */
static dk_status find_transformation(loader *self, const char *path, const dk_transformation **ret, dk_error *err)
{
    *ret = NULL;
    for (size_t i = 0; i < self->n_transformations && path != NULL; i++)
        if (strcmp(self->transformations[i].path, path) == 0)
            *ret = self->transformations[i].transformation;
    if (path == NULL || *ret != NULL)
        return DK_OK;
    if (!dk_grow(&self->transformations, &self->transformations_capacity, self->n_transformations + 1,
                 sizeof *self->transformations))
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_transformation *made = NULL;
    const dk_status status = dk_transformation_read(path, &made, err);
    if (status != DK_OK)
        return status;
    self->transformations[self->n_transformations].path = path;
    self->transformations[self->n_transformations++].transformation = made;
    /* What it tells of control points is for who loads. */
    for (const char *note = dk_transformation_notes(made); *note != '\0';) {
        const size_t size = strcspn(note, "\n");
        dk_summary_note_apart(&self->summary, "%.*s", (int)size, note);
        note += size + (note[size] == '\n');
    }
    *ret = made;
    return DK_OK;
}

static dk_status add_job(loader *self, const dk_dataset *set, const char *given, bool many, dk_error *err)
{
    const dk_options *options = self->options;
    job made = {.set = set, .given = given, .one_of_many = many};
    bool skip = false;
    /* a folder may hold what the rejects or the profile would be written over */
    if (dk_same_file(dk_rejects_path(self->rejects), set->path))
        return dk_fail(err, DK_CONFLICT, OVER_SOURCE, dk_rejects_path(self->rejects));
    if (options->save_profile != NULL && dk_same_file(options->save_profile, set->path))
        return dk_fail(err, DK_CONFLICT, OVER_PROFILE, options->save_profile);
    dk_status status = dk_profile_settings(self->profile, set->shown, &options->settings, &made.settings, &skip, err);
    if (status != DK_OK)
        return status;
    if (skip) {
        dk_summary_note(&self->summary, "%s: left out, as the profile says", set->shown);
        return self->writer == NULL || dk_profile_writer_skip(self->writer, given, set->path)
                   ? DK_OK
                   : dk_fail(err, DK_NOMEM, "out of memory");
    }
    if ((status = dk_profile_check(self->profile, set->shown, self->kind, err)) != DK_OK ||
        (status = find_transformation(self, made.settings.transformation, &made.transformation, err)) != DK_OK)
        return status;
    if (!dk_grow(&self->jobs, &self->jobs_capacity, self->n_jobs + 1, sizeof *self->jobs))
        return dk_fail(err, DK_NOMEM, "out of memory");
    self->jobs[self->n_jobs++] = made;
    if (many)
        dk_rejects_hold(self->rejects);
    self->bytes += set->size;
    return DK_OK;
}

/* All data sets are known before the first is read: whether there are several decides about keys. */
static dk_status find_jobs(loader *self, dk_error *err)
{
    const dk_options *options = self->options;
    const dk_datasets_options how = {
        .layer = self->kind->geometry != DK_NO_GEOMETRY, .all_formats = options->all_formats, .store = options->store};
    const dk_dataset *list;
    dk_status status = DK_OK;
    for (size_t i = 0; i < options->n_sources && status == DK_OK; i++) {
        status = dk_datasets_find(options->sources[i], &how, &self->datasets[i], err);
        if (status != DK_OK)
            break;
        const size_t n = dk_datasets_list(self->datasets[i], &list);
        for (size_t k = 0; k < n && status == DK_OK; k++)
            status = add_job(self, &list[k], options->sources[i], dk_datasets_many(self->datasets[i]), err);
        note_lines(self, options->sources[i], dk_datasets_note(self->datasets[i]));
    }
    size_t line = 0;
    const size_t n_unused = status == DK_OK ? dk_profile_unused(self->profile, &line) : 0;
    if (n_unused > 0) /* as a slip in a name would leave one */
        dk_summary_note(&self->summary,
                        "%s:%zu: %zu entr%s used for no file%s: none has such a name, or an entry before it fits",
                        options->profile, line, n_unused, n_unused == 1 ? "y was" : "ies were",
                        n_unused == 1 ? "" : ", this is the first");
    if (status == DK_OK && self->n_jobs == 0)
        status = dk_fail(err, DK_INVALID, "there is nothing to load: the profile leaves all files out");
    return status;
}

static bool is_known_column(const char *name, void *user)
{
    const loader *self = user;
    const dk_column_options *columns = &self->options->settings.columns;
    for (size_t i = 0; i < columns->n_fields; i++)
        if (dk_column_same(columns->fields[i].value, name))
            return true;
    const char *key = strchr(self->options->on, '=');
    return dk_column_same(key != NULL ? key + 1 : self->options->on, name) || dk_column_known(self->kind, name);
}

static dk_status open_join(loader *self, dk_error *err)
{
    const dk_options *options = self->options;
    const dk_join_options how = {.path = options->join,
                                 .on = options->on,
                                 .layer = options->join_layer,
                                 .encoding = options->settings.has_encoding ? &options->settings.encoding : NULL,
                                 .is_column = is_known_column,
                                 .user = self};
    if (options->join == NULL)
        return DK_OK;
    dk_error late;
    const dk_status listed = dk_fingerprint_list(options->join, &self->ledger, &late);
    dk_status status = dk_join_open(&how, &self->join, err);
    if (status == DK_OK && (status = listed) != DK_OK)
        dk_fail(err, status, "%s", late.text);
    if (status == DK_OK)
        status = dk_fingerprint_hash(&self->ledger, NULL, err);
    return status == DK_OK ? dk_fingerprint_unchanged(&self->ledger, options->join, err) : status;
}

static dk_status note_join(loader *self, dk_error *err)
{
    dk_buf left;
    if (self->join == NULL)
        return DK_OK;
    note_lines(self, self->options->join, dk_join_notes(self->join));
    dk_buf_init(&left);
    dk_join_left(self->join, &left);
    const char *text = dk_buf_cstr(&left);
    if (text != NULL)
        note_lines(self, self->options->join, text);
    dk_buf_finish(&left);
    return text != NULL ? DK_OK : dk_fail(err, DK_NOMEM, "%s: out of memory", self->options->join);
}

static dk_status note_findings(loader *self, dk_error *err)
{
    dk_finding_count count = {0};
    const dk_status status = dk_load_findings(self->load, &count, err);
    if (status == DK_OK && count.strong > 0)
        dk_summary_note(
            &self->summary,
            "%lld places look like personal data that the public would see%s; dikuai-ingest review lists them",
            (long long)count.strong, count.weak > 0 ? ", and others perhaps" : "");
    return status;
}

static void note_copy(const char *source, const char *earlier, int64_t batch, void *user)
{
    loader *self = user;
    char of[40] = "";
    if (++self->copies > NAMED_FINDINGS)
        return;
    if (batch != dk_load_batch(self->load))
        snprintf(of, sizeof of, " of batch %lld", (long long)batch);
    dk_summary_note(
        &self->summary,
        "%s has the same bytes as %s%s, and its rows other keys, made of its own name: they are there twice; load one "
        "of the two only, or withdraw the batch",
        source, earlier, of);
}

static bool note_rekeyed(const char *source, const char *key, const char *earlier, int64_t batch, void *user)
{
    loader *self = user;
    dk_summary_note(
        &self->summary,
        "%s was loaded before, in batch %lld, and its rows have other keys now (%s was %s): they are there twice; "
        "withdraw one of the two batches",
        source, (long long)batch, key, earlier);
    return false; /* the others of the same load are like it */
}

/* How many files are open at a time: while the store takes the rows of one, others are read. */
static size_t files_ahead(const loader *self)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (self->join != NULL || cores < 2)
        return 1;
    return cores > MOST_AHEAD ? MOST_AHEAD : (size_t)cores;
}

static dk_status load_files(loader *self, dk_error *err)
{
    const size_t ahead = files_ahead(self);
    const bool layer = self->kind->geometry != DK_NO_GEOMETRY;
    size_t begun = 0;
    dk_status status = DK_OK;
    for (size_t i = 0; i < self->n_jobs && status == DK_OK; i++) {
        for (; begun < self->n_jobs && begun < i + ahead && status == DK_OK; begun++) {
            job *next = &self->jobs[begun];
            if (self->join != NULL && next->one_of_many)
                dk_join_mark(self->join);
            const dk_load_file_options how = {.set = next->set,
                                              .kind = self->kind,
                                              .store = self->options->store,
                                              .extent = self->extent,
                                              .settings = next->settings,
                                              .transformation = next->transformation,
                                              .join = self->join,
                                              .join_key = self->join != NULL ? dk_join_key(self->join) : NULL,
                                              .may_lack_outlines = layer && next->one_of_many};
            status = dk_load_file_start(&how, self->n_jobs > 1 && ahead > 1, &next->file, err);
        }
        if (status == DK_OK)
            status = load_job(self, &self->jobs[i], err);
        dk_load_file_close(self->jobs[i].file);
        self->jobs[i].file = NULL;
        if (self->join != NULL && self->jobs[i].left_out) /* nothing reads it any more */
            dk_join_undo(self->join);
        self->bytes_done += self->jobs[i].set->size;
    }
    return status;
}

/* Whether something of the sources is not in the batch. */
static bool incomplete(const loader *self)
{
    return self->summary.rejected > 0 || self->summary.files_failed > 0;
}

/* The same command was interrupted before it published what it had staged: that is what is left to do. */
static void take_up(loader *self)
{
    dk_summary *summary = &self->summary;
    summary->batch = summary->staged_batch;
    if (incomplete(self) && !self->options->allow_rejects)
        return; /* it waits as before */
    dk_summary_note(
        summary,
        "batch %lld is of the same files and was to be published when its load was interrupted; that is taken up "
        "again",
        (long long)summary->batch);
}

static dk_status run(loader *self, dk_store *store, const char *source, dk_error *err)
{
    const dk_options *options = self->options;
    dk_set_values set = {0};
    dk_status status = dk_set_values_parse(self->kind, &options->settings.columns, &set, err);
    dk_set_values_finish(&set);
    if (status == DK_OK && self->kind->geometry == DK_NO_GEOMETRY && (options->draw || options->settings.undrawn))
        status = dk_fail(err, DK_INVALID, "--%s is for layers: rows of %s have no outlines",
                         options->draw ? "draw" : "undrawn", self->kind->name);
    if (status == DK_OK && options->profile != NULL)
        status = dk_profile_read(options->profile, &self->profile, err);
    if (status == DK_OK)
        status = find_jobs(self, err);
    if (status == DK_OK)
        status = open_join(self, err);
    if (status != DK_OK)
        return status;
    dk_events_start(&self->events, options->json && self->n_jobs > 1, self->n_jobs);
    const dk_load_options how = {.title = self->summary.title,
                                 .actor = dk_command_actor(options),
                                 .source = source,
                                 .replace = options->replace,
                                 .publish = options->publish,
                                 .dry_run = options->dry_run,
                                 .undrawn = true,
                                 .draw = options->draw};
    status = dk_load_begin(store, self->kind, &how, &self->load, err);
    if (status == DK_OK)
        status = dk_placement_create(store, self->kind, &self->placement, err);
    if (status == DK_OK)
        status = load_files(self, err);
    if (status == DK_OK)
        status = note_join(self, err);
    if (status == DK_OK && self->told.remarks > NAMED_REMARKS)
        dk_summary_note(&self->summary, "%lld more remarks like these are left out",
                        (long long)(self->told.remarks - NAMED_REMARKS));
    char sentence[480];
    if (status == DK_OK && dk_placement_tell(self->placement, self->gcj02, sentence, sizeof sentence))
        dk_summary_note(&self->summary, "%s", sentence);
    if (status == DK_OK) /* what follows looks at the rows */
        status = dk_load_settle(self->load, err);
    if (status == DK_OK)
        status = dk_source_copies(store, self->kind, dk_load_batch(self->load), note_copy, self, err);
    if (status == DK_OK && self->summary.loaded > 0)
        status = dk_source_rekeyed(store, self->kind, dk_load_batch(self->load), note_rekeyed, self, err);
    if (status == DK_OK && self->copies > NAMED_FINDINGS)
        dk_summary_note(&self->summary, "%lld more files are copies of others, under other names",
                        (long long)(self->copies - NAMED_FINDINGS));
    if (status == DK_OK)
        status = note_findings(self, err);
    if (status == DK_OK)
        status = dk_rejects_finish(self->rejects, err);
    if (status != DK_OK)
        return status;
    const dk_summary *summary = &self->summary;
    self->summary.rejects = incomplete(self) ? dk_rejects_path(self->rejects) : NULL;
    status = dk_load_report_keep(&self->report, summary, options, store, self->load, err);
    if (status != DK_OK)
        return status;
    self->read_all = true;
    if (summary->read == 0 && summary->files_failed == 0)
        return dk_fail(
            err, DK_INVALID,
            "there is nothing to load: %s is a layer, and none of the %zu tables has outlines; a CSV may have them as "
            "WKT in a column named wkt, and --undrawn loads rows that have none yet",
            self->kind->name, self->n_jobs);
    if (summary->loaded + summary->replaced + summary->unchanged == 0)
        return dk_fail(err, DK_INVALID, "no row could be loaded; the first: %s", self->first_reason);
    if (self->writer != NULL && (status = dk_profile_writer_write(self->writer, options->save_profile, err)) != DK_OK)
        return status;
    if (options->dry_run && options->n_reports > 0 && /* what is checked is gone when it is finished */
        (status = dk_load_report_check(&self->report, options, store, dk_load_batch(self->load), err)) != DK_OK)
        return status;
    bool again = false;
    if (options->publish && !options->dry_run && summary->loaded + summary->replaced == 0 && summary->staged > 0 &&
        !summary->staged_apart &&
        (status = dk_load_again(self->load, summary->staged_batch, summary->staged, &again, err)) != DK_OK)
        return status;
    dk_load *load = self->load;
    self->load = NULL;
    status = dk_load_finish(load, &self->summary.batch, err);
    if (status == DK_OK && again)
        take_up(self);
    return status == DK_OK ? dk_load_report_check(&self->report, options, store, self->summary.batch, err) : status;
}

static dk_status publish(loader *self, dk_store *store, dk_error *err)
{
    const dk_status justified = self->summary.batch != 0 ? dk_command_justify(self->options, store, self->summary.batch,
                                                                              dk_command_actor(self->options), err)
                                                         : DK_OK;
    if (justified != DK_OK || !self->options->publish || self->summary.batch == 0)
        return justified;
    if (incomplete(self) && !self->options->allow_rejects)
        return DK_OK;
    dk_progress_clear(&self->bar);
    dk_progress_start(&self->bar, "publishing");
    const dk_status status = dk_store_publish(store, self->summary.batch, dk_command_actor(self->options),
                                              dk_progress_step, &self->bar, &self->summary.generation, err);
    if (status == DK_OK && self->summary.batch == self->summary.staged_batch) /* which was taken up */
        self->summary.staged = 0;
    return status;
}

static bool allocate(loader *self)
{
    self->datasets = calloc(self->options->n_sources, sizeof(dk_datasets *));
    if (self->options->save_profile != NULL && (self->writer = dk_profile_writer_create()) == NULL)
        return false;
    return self->datasets != NULL;
}

static void finish(loader *self)
{
    for (size_t i = 0; i < self->n_jobs; i++) /* also those that are read ahead when a load fails */
        dk_load_file_close(self->jobs[i].file);
    free(self->jobs);
    dk_placement_free(self->placement);
    dk_load_abandon(self->load);
    for (size_t i = 0; i < self->n_transformations; i++)
        dk_transformation_free(self->transformations[i].transformation);
    free(self->transformations);
    for (size_t i = 0; self->datasets != NULL && i < self->options->n_sources; i++)
        dk_datasets_free(self->datasets[i]);
    free(self->datasets);
    dk_profile_free(self->profile);
    dk_profile_writer_free(self->writer);
    dk_join_close(self->join);
    dk_fingerprint_finish(&self->ledger);
    dk_fingerprint_finish(&self->archive);
    dk_report_finish(&self->report);
    dk_rejects_close(self->rejects);
    dk_summary_finish(&self->summary);
    dk_buf_finish(&self->key);
}

static dk_status check_profile_path(const dk_options *options, const char *rejects, dk_error *err)
{
    const char *path = options->save_profile;
    bool over =
        path != NULL && (dk_over_input(path, options) || dk_same_file(path, rejects) || strcmp(path, rejects) == 0);
    for (size_t i = 0; path != NULL && i < options->n_reports; i++)
        over |= dk_same_file(path, options->reports[i]) || strcmp(path, options->reports[i]) == 0;
    return over ? dk_fail(err, DK_CONFLICT, OVER_PROFILE, path) : DK_OK;
}

/* The failure that a load ends with though it went through: something of the sources is not there, or not seen. */
static void say_incomplete(const loader *self, const char *rejects, dk_error *err)
{
    const dk_summary *summary = &self->summary;
    const char *unpublished = self->options->publish && summary->batch > 0 ? ", so the batch was not published" : "";
    if (summary->files_failed > 0 && summary->rejected > 0)
        dk_fail(err, DK_INVALID,
                "%zu of %zu files could not be read and %lld of %lld rows were rejected%s; they are in %s with their "
                "reasons",
                summary->files_failed, summary->files + summary->files_failed, (long long)summary->rejected,
                (long long)summary->read, unpublished, rejects);
    else if (summary->files_failed > 0)
        dk_fail(err, DK_INVALID, "%zu of %zu files could not be read%s; they are in %s with their reasons",
                summary->files_failed, summary->files + summary->files_failed, unpublished, rejects);
    else
        dk_fail(err, DK_INVALID, "%lld of %lld rows were rejected%s; they are in %s with their reasons",
                (long long)summary->rejected, (long long)summary->read, unpublished, rejects);
}

int dk_command_load(const dk_options *options)
{
    dk_error err = {0};
    loader self = {.options = options};
    dk_store *store = NULL;
    char *title = NULL, *source = NULL, *rejects = NULL;
    dk_gdal_start();
    dk_scratch_sweep();
    dk_progress_start(&self.bar, options->name);
    self.summary = (dk_summary){.store = options->store, .kind = options->name, .dry_run = options->dry_run};
    dk_status status = dk_store_open(options->store, DK_WRITE, &store, &err);
    if (status == DK_OK && options->log_key != NULL)
        status = dk_store_log_key(store, options->log_key, &err);
    if (status == DK_OK)
        status = find_kind(dk_store_catalogue(store), options->name, &self.kind, &err);
    if (status != DK_OK)
        goto out;
    self.extent = dk_store_catalogue(store)->extent;
    for (size_t i = 0; i < self.kind->n_fields; i++)
        if (dk_field_is_amount(&self.kind->fields[i]))
            self.amounts |= UINT64_C(1) << i;
    dk_report_begin(&self.report, dk_store_catalogue(store), self.kind);
    if ((status = dk_load_report_begin(&self.report, options, &err)) != DK_OK)
        goto out;
    if (!describe(options, &title, &source) ||
        (rejects = options->rejects ? strdup(options->rejects) : dk_rejects_default_path(options->store, title)) ==
            NULL ||
        (self.rejects = dk_rejects_create(rejects)) == NULL || !allocate(&self)) {
        status = dk_fail(&err, DK_NOMEM, "out of memory");
        goto out;
    }
    self.summary.title = title;
    if (options->settings.transformation != NULL && options->settings.accept_datum_error)
        status = dk_fail(&err, DK_INVALID, "--transformation and --accept-datum-error exclude each other");
    if (status == DK_OK && dk_over_input(rejects, options))
        status = dk_fail(&err, DK_CONFLICT, OVER_SOURCE, rejects);
    if (status == DK_OK)
        status = dk_load_report_paths(options, rejects, &err);
    if (status == DK_OK)
        status = check_profile_path(options, rejects, &err);
    if (status == DK_OK)
        status = run(&self, store, source, &err);
    if (status == DK_OK)
        status = publish(&self, store, &err);
    if (self.read_all && options->n_reports > 0) { /* also of a load that failed: it says why */
        dk_error ignored;
        const dk_status written =
            dk_load_report_write(&self.report, &self.summary, options, status == DK_OK ? &err : &ignored);
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
    if (status == DK_OK && incomplete(&self) && !options->allow_rejects)
        say_incomplete(&self, rejects, &err);
    else if (status == DK_OK && options->publish && self.summary.staged > 0)
        dk_fail(&err, DK_CONFLICT,
                "%lld row%s not published: %s in batch %lld, which an earlier load staged; publish it with "
                "dikuai-ingest publish %s %lld, or withdraw it",
                (long long)self.summary.staged, self.summary.staged == 1 ? " is" : "s are",
                self.summary.staged == 1 ? "it is" : "they are", (long long)self.summary.staged_batch, options->store,
                (long long)self.summary.staged_batch);
    if (options->json)
        dk_summary_print_json(&self.summary, err.text[0] ? err.text : NULL);
    else if (status == DK_OK || self.summary.batch > 0) /* also when publishing failed: the batch is staged */
        dk_summary_print(&self.summary);
    int code = DK_EXIT_DONE;
    if (err.text[0] != '\0') {
        dk_say(stderr, "dikuai-ingest: %s", err.text);
        if (status != DK_OK && self.summary.rejects != NULL)
            dk_say(stderr, "dikuai-ingest: the rejected rows are in %s with their reasons", rejects);
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
