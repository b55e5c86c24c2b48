#include "ingest/report.h"

#include "ingest/new_file.h"
#include "ingest/reason.h"
#include "store/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

void dk_report_begin(dk_report *report, const dk_catalogue *catalogue, const dk_kind *kind)
{
    static const dk_report_column rejected[] = {{"source", "来源文件", 's'},
                                                {"row", "行", 'i'},
                                                {"key", "编号", 's'},
                                                {"kind", "类别", 'k'},
                                                {"reason", "原因", 's'}};
    *report = (dk_report){.catalogue = catalogue, .kind = kind};
    dk_report_table *table = dk_report_table_begin(report, "rejected", "未入库的行", rejected, 5);
    table->fault = true;
}

void dk_report_finish(dk_report *report)
{
    for (size_t i = 0; i < report->n_sources; i++) {
        dk_report_source *source = &report->sources[i];
        for (size_t k = 0; k < source->n_files; k++)
            free((void *)(uintptr_t)source->files[k].name);
        free(source->files);
        free(source->name);
    }
    free(report->sources);
    for (size_t i = 0; i < report->n_tables; i++)
        dk_buf_finish(&report->tables[i].cells);
    dk_buf_finish(&report->datum);
    dk_buf_finish(&report->notes);
    dk_buf_finish(&report->outlines);
    dk_buf_finish(&report->folders);
    dk_report_map_finish(&report->map);
    free(report->rejects);
    *report = (dk_report){0};
}

typedef struct description {
    dk_report *report;
    const dk_catalogue *catalogue;
    int64_t batch;
    bool found, known;
} description;

static bool take_batch(const dk_batch *batch, void *user)
{
    description *d = user;
    dk_report *report = d->report;
    if (batch->id != d->batch)
        return true;
    d->found = true;
    const dk_kind *kind = d->catalogue != NULL ? dk_catalogue_kind(d->catalogue, batch->kind) : report->kind;
    d->known = kind != NULL;
    if (!d->known)
        return false;
    if (d->catalogue != NULL)
        dk_report_begin(report, d->catalogue, kind);
    report->batch = batch->id;
    snprintf(report->title, sizeof report->title, "%.*s", dk_utf8_fit(batch->title, sizeof report->title - 1),
             batch->title);
    snprintf(report->state, sizeof report->state, "%s", batch->state);
    snprintf(report->created_at, sizeof report->created_at, "%s", batch->created_at);
    if (batch->datum[0] != '\0')
        dk_buf_append(&report->datum, batch->datum, strlen(batch->datum) + 1);
    return false;
}

dk_status dk_report_describe(dk_report *report, dk_store *store, int64_t batch, const dk_catalogue *catalogue,
                             dk_error *err)
{
    description d = {.report = report, .catalogue = catalogue, .batch = batch};
    const dk_status status = dk_store_batches(store, take_batch, &d, err);
    if (status != DK_OK)
        return status;
    if (!d.found)
        return dk_fail(err, DK_NOT_FOUND, "there is no batch %lld; see dikuai-ingest batches", (long long)batch);
    if (!d.known)
        return dk_fail(err, DK_NOT_FOUND, "batch %lld is of a kind that the catalogue no longer has", (long long)batch);
    return report->datum.failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

/* ---- what the load says ---- */

bool dk_report_source_begin(dk_report *report, const char *name)
{
    if (!dk_grow(&report->sources, &report->sources_capacity, report->n_sources + 1, sizeof *report->sources))
        return false;
    dk_report_source *source = &report->sources[report->n_sources];
    *source = (dk_report_source){.name = strdup(name)};
    if (source->name == NULL)
        return false;
    report->n_sources++;
    return true;
}

bool dk_report_source_file(dk_report *report, const char *name, int64_t bytes, const char *sha256)
{
    dk_report_source *source = &report->sources[report->n_sources - 1];
    if (!dk_grow(&source->files, &source->capacity, source->n_files + 1, sizeof *source->files))
        return false;
    dk_source_file file = {.name = strdup(name), .bytes = bytes};
    if (file.name == NULL)
        return false;
    snprintf(file.sha256, sizeof file.sha256, "%s", sha256);
    source->files[source->n_files++] = file;
    return true;
}

bool dk_report_count(dk_report *report, const char *name, int64_t value)
{
    if (report->n_counts == DK_REPORT_COUNTS)
        return true; /* of a later version: what is not known is not shown */
    snprintf(report->counts[report->n_counts].name, sizeof report->counts->name, "%s", name);
    report->counts[report->n_counts++].value = value;
    return true;
}

int64_t dk_report_counted(const dk_report *report, const char *name)
{
    for (size_t i = 0; i < report->n_counts; i++)
        if (strcmp(report->counts[i].name, name) == 0)
            return report->counts[i].value;
    return 0;
}

bool dk_report_note(dk_report *report, const char *text)
{
    dk_buf_append(&report->notes, text, strlen(text) + 1);
    return !report->notes.failed;
}

static void count_kind(dk_report *report, const dk_reason_kind *kind, int64_t by)
{
    size_t i = 0;
    while (i < report->n_kinds && strcmp(report->kinds[i].name, kind->name) != 0)
        i++;
    if (i == report->n_kinds && i < DK_REPORT_KINDS) {
        report->kinds[i].name = kind->name;
        report->kinds[i].title = kind->title;
        report->n_kinds++;
    }
    if (i < report->n_kinds)
        report->kinds[i].count += by;
}

bool dk_report_reject(dk_report *report, const dk_reject *reject)
{
    const dk_reason_kind *kind = dk_reason_kind_of(reject->reason);
    dk_report_table *table = &report->tables[0];
    const bool listed = table->n_rows < DK_REPORT_ROWS;
    char named[120];
    snprintf(named, sizeof named, "%s %s", kind->name, kind->title);
    count_kind(report, kind, 1);
    dk_report_add(table, reject->source, reject->source_row, reject->key, named, reject->reason);
    if (listed) {
        dk_buf_append(&report->outlines, &reject->n_points, sizeof reject->n_points);
        if (reject->n_points > 0)
            dk_buf_append(&report->outlines, reject->outline, reject->n_points * 2 * sizeof *reject->outline);
    }
    if (reject->n_points > 0 && reject->n_points <= DK_MAP_POINTS)
        dk_report_map_add(&report->map, DK_MAP_REJECT, reject->outline, reject->n_points, reject->key);
    return !table->cells.failed && !report->outlines.failed;
}

dk_report_place dk_report_mark(const dk_report *report)
{
    const dk_report_table *table = &report->tables[0];
    dk_report_place place = {.count = table->count,
                             .n_kinds = report->n_kinds,
                             .n_rows = table->n_rows,
                             .cells = table->cells.size,
                             .outlines = report->outlines.size,
                             .map = dk_report_map_mark(&report->map)};
    for (size_t i = 0; i < report->n_kinds; i++)
        place.kinds[i] = report->kinds[i].count;
    return place;
}

void dk_report_undo(dk_report *report, const dk_report_place *place)
{
    dk_report_table *table = &report->tables[0];
    table->count = place->count;
    table->n_rows = place->n_rows;
    table->cells.size = place->cells;
    report->outlines.size = place->outlines;
    report->n_kinds = place->n_kinds;
    for (size_t i = 0; i < DK_REPORT_KINDS; i++)
        report->kinds[i].count = place->kinds[i];
    dk_report_map_undo(&report->map, &place->map);
}

/* ---- keeping ---- */

#define KIND_PREFIX "rejected:"

dk_status dk_report_keep(const dk_report *report, dk_store *store, int64_t batch, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < report->n_counts; i++)
        status = dk_facts_count(store, batch, report->counts[i].name, report->counts[i].value, err);
    for (size_t i = 0; status == DK_OK && i < report->n_kinds; i++) {
        char name[60];
        snprintf(name, sizeof name, KIND_PREFIX "%s", report->kinds[i].name);
        status = dk_facts_count(store, batch, name, report->kinds[i].count, err);
    }
    int64_t number = 0;
    for (size_t at = 0; status == DK_OK && at < report->notes.size; number++) {
        const char *text = (const char *)report->notes.data + at;
        status = dk_facts_note(store, batch, number, text, err);
        at += strlen(text) + 1;
    }
    const dk_report_table *table = &report->tables[0];
    const char *cell = (const char *)table->cells.data;
    const unsigned char *outline = report->outlines.data;
    for (size_t i = 0; status == DK_OK && i < table->n_rows; i++) {
        const char *cells[5];
        double lonlat[2 * DK_MAP_POINTS];
        dk_reject reject = {.outline = lonlat};
        for (size_t c = 0; c < 5; c++) {
            cells[c] = cell;
            cell += strlen(cell) + 1;
        }
        memcpy(&reject.n_points, outline, sizeof reject.n_points);
        outline += sizeof reject.n_points;
        if (reject.n_points > 0)
            memcpy(lonlat, outline, reject.n_points * 2 * sizeof *lonlat);
        outline += reject.n_points * 2 * sizeof *lonlat;
        reject.source = cells[0];
        reject.source_row = strtoll(cells[1], NULL, 10);
        reject.key = cells[2];
        reject.reason = cells[4];
        status = dk_facts_reject(store, batch, (int64_t)i, &reject, err);
    }
    return status;
}

static bool read_source(const char *name, void *user)
{
    return dk_report_source_begin(user, name);
}

static bool read_file(const char *name, int64_t bytes, const char *sha256, void *user)
{
    return dk_report_source_file(user, name, bytes, sha256);
}

static bool read_count(const char *name, int64_t value, void *user)
{
    return strncmp(name, KIND_PREFIX, sizeof KIND_PREFIX - 1) == 0 || dk_report_count(user, name, value);
}

static bool read_note(const char *text, void *user)
{
    return dk_report_note(user, text);
}

static bool read_reject(const dk_reject *reject, void *user)
{
    double lonlat[2 * DK_MAP_POINTS]; /* a column's bytes are not aligned */
    dk_reject kept = *reject;
    kept.outline = lonlat;
    kept.n_points = reject->n_points <= DK_MAP_POINTS ? reject->n_points : 0;
    if (kept.n_points > 0)
        memcpy(lonlat, reject->outline, kept.n_points * 2 * sizeof *lonlat);
    return dk_report_reject(user, &kept);
}

static bool read_kind(const char *name, int64_t value, void *user)
{
    if (strncmp(name, KIND_PREFIX, sizeof KIND_PREFIX - 1) != 0)
        return true;
    const dk_reason_kind *kind = dk_reason_kind_named(name + sizeof KIND_PREFIX - 1); /* NULL: of a later version */
    if (kind != NULL)
        count_kind(user, kind, value);
    return true;
}

static bool pass_source(const char *name, void *user)
{
    (void)name;
    (void)user;
    return true;
}

static bool pass_file(const char *name, int64_t bytes, const char *sha256, void *user)
{
    (void)bytes;
    (void)sha256;
    return pass_source(name, user);
}

static bool pass_reject(const dk_reject *reject, void *user)
{
    return pass_source(reject->key, user);
}

dk_status dk_report_read(dk_report *report, dk_store *store, int64_t batch, dk_error *err)
{
    const dk_facts_reader all = {read_source, read_file, read_count, read_note, read_reject, report};
    const dk_facts_reader kinds = {pass_source, pass_file, read_kind, pass_source, pass_reject, report};
    const dk_status status = dk_facts_read(store, batch, &all, err);
    if (status != DK_OK)
        return status;
    /* Of which some thousand are listed; files that were left out are among them. */
    const int64_t counted = dk_report_counted(report, "rejected") + dk_report_counted(report, "files_failed");
    if (counted <= report->tables[0].count)
        return DK_OK;
    report->tables[0].count = counted;
    /* Those of all are as the load told them apart, which this version may do better. */
    memset(report->kinds, 0, sizeof report->kinds);
    report->n_kinds = 0;
    return dk_facts_read(store, batch, &kinds, err);
}

/* ---- tables ---- */

dk_report_table *dk_report_table_begin(dk_report *report, const char *check, const char *title,
                                       const dk_report_column *columns, size_t n_columns)
{
    dk_report_table *table = &report->tables[report->n_tables++];
    *table = (dk_report_table){.check = check, .title = title, .columns = columns, .n_columns = n_columns};
    return table;
}

void dk_report_add(dk_report_table *table, ...)
{
    table->count++;
    if (table->n_rows == DK_REPORT_ROWS)
        return;
    table->n_rows++;
    va_list args;
    va_start(args, table);
    for (size_t i = 0; i < table->n_columns; i++) {
        switch (table->columns[i].type) {
        case 's':
        case 'k':
            dk_buf_text(&table->cells, va_arg(args, const char *));
            break;
        case 'i':
            dk_buf_format(&table->cells, "%" PRId64, va_arg(args, int64_t));
            break;
        case 'd':
            dk_buf_format(&table->cells, "%.6f", va_arg(args, double));
            break;
        default:
            dk_buf_format(&table->cells, "%.2f", va_arg(args, double));
        }
        dk_buf_byte(&table->cells, 0);
    }
    va_end(args);
}

/* ---- writing ---- */

static bool ends_with(const char *path, const char *ending)
{
    const size_t size = strlen(path), end = strlen(ending);
    return size > end && strcasecmp(path + size - end, ending) == 0;
}

bool dk_report_is_json(const char *path)
{
    return ends_with(path, ".json");
}

bool dk_report_path(const char *path)
{
    return dk_report_is_json(path) || ends_with(path, ".html");
}

dk_status dk_report_put(const char *path, const dk_buf *text, dk_error *err)
{
    dk_status status = DK_OK;
    char *part = NULL;
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return dk_fail(err, DK_IO, "%s: is no file; choose another place for the report", path);
    if (asprintf(&part, "%s.part", path) < 0)
        return dk_fail(err, DK_NOMEM, "out of memory");
    FILE *file = dk_new_file(part, 0600);
    bool good = file != NULL && fwrite(text->data, 1, text->size, file) == text->size;
    if (file != NULL)
        good = fclose(file) == 0 && good;
    if (!good || rename(part, path) != 0) {
        const int error = errno;
        status = dk_fail(err, error == ENOSPC ? DK_FULL : DK_IO, "%s: the report cannot be written: %s", path,
                         strerror(error));
        if (file != NULL)
            unlink(part);
    }
    free(part);
    return status;
}

dk_status dk_report_write(const dk_report *report, const char *path, dk_error *err)
{
    dk_buf text;
    dk_buf_init(&text);
    if (ends_with(path, ".html"))
        dk_report_html(report, &text);
    else
        dk_report_json(report, &text);
    const dk_status status =
        text.failed ? dk_fail(err, DK_NOMEM, "%s: out of memory", path) : dk_report_put(path, &text, err);
    dk_buf_finish(&text);
    return status;
}
