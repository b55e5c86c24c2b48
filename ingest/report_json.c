/* The report as JSON (RFC 8259). */
#include "ingest/json.h"
#include "ingest/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void member(const char *name, const char *text, dk_buf *out)
{
    dk_buf_format(out, ",\"%s\":", name);
    dk_json_string(text[0] != '\0' ? text : NULL, out);
}

static void write_cell(const dk_report_column *column, const char *cell, dk_buf *out)
{
    char key[120];
    dk_buf_format(out, "\"%s\":", column->name);
    if (column->type == 's') {
        dk_json_string(cell, out);
    } else if (column->type == 'k') {
        snprintf(key, sizeof key, "%.*s", (int)strcspn(cell, " "), cell);
        dk_json_string(key, out);
    } else {
        dk_buf_text(out, cell);
    }
}

static void write_table(const dk_report *report, const dk_report_table *table, dk_buf *out)
{
    dk_buf_format(out, "{\"check\":\"%s\"", table->check);
    if (table->other != NULL)
        dk_buf_format(out, ",\"partner\":\"%s\"", table->other->name);
    dk_buf_format(out, ",\"made\":%s,\"count\":", table->not_made ? "false" : "true");
    if (table->not_made)
        dk_buf_text(out, "null");
    else
        dk_buf_format(out, "%" PRId64, table->count);
    if (table->lacking != NULL && !table->not_made)
        dk_buf_format(out, ",\"passed_over\":%" PRId64, table->passed_over);
    if (table == &report->tables[0]) {
        dk_buf_text(out, ",\"kinds\":{");
        for (size_t i = 0; i < report->n_kinds; i++)
            dk_buf_format(out, "%s\"%s\":%" PRId64, i > 0 ? "," : "", report->kinds[i].name, report->kinds[i].count);
        dk_buf_byte(out, '}');
    }
    dk_buf_format(out, ",\"left_out\":%" PRId64 ",\"rows\":[", table->count - (int64_t)table->n_rows);
    const char *cell = (const char *)table->cells.data;
    for (size_t i = 0; i < table->n_rows; i++) {
        dk_buf_text(out, i > 0 ? ",\n{" : "\n{");
        for (size_t c = 0; c < table->n_columns; c++) {
            if (c > 0)
                dk_buf_byte(out, ',');
            write_cell(&table->columns[c], cell, out);
            cell += strlen(cell) + 1;
        }
        dk_buf_byte(out, '}');
    }
    dk_buf_text(out, "]}");
}

static void write_sources(const dk_report *report, dk_buf *out)
{
    dk_buf_text(out, ",\n\"sources\":[");
    for (size_t i = 0; i < report->n_sources; i++) {
        const dk_report_source *source = &report->sources[i];
        dk_buf_text(out, i > 0 ? ",{\"name\":" : "{\"name\":");
        dk_json_string(source->name, out);
        dk_buf_text(out, ",\"files\":[");
        for (size_t k = 0; k < source->n_files; k++) {
            dk_buf_text(out, k > 0 ? ",{\"name\":" : "{\"name\":");
            dk_json_string(source->files[k].name, out);
            dk_buf_format(out, ",\"bytes\":%" PRId64 ",\"sha256\":\"%s\"}", source->files[k].bytes,
                          source->files[k].sha256);
        }
        dk_buf_text(out, "]}");
    }
    dk_buf_byte(out, ']');
}

void dk_report_json(const dk_report *report, dk_buf *out)
{
    dk_buf_format(out, "{\"report\":1,\"kind\":\"%s\",\"batch\":", report->kind->name);
    if (report->batch > 0)
        dk_buf_format(out, "%" PRId64, report->batch);
    else
        dk_buf_text(out, "null");
    dk_buf_format(out, ",\"dry_run\":%s", report->dry_run ? "true" : "false");
    member("title", report->title, out);
    member("state", report->state, out);
    member("created_at", report->created_at, out);
    dk_buf_format(out, ",\"checked\":{\"generation\":%" PRId64 ",\"seconds\":%.3f}", report->generation,
                  report->seconds);
    dk_buf_text(out, ",\"datum\":");
    dk_json_string(report->datum.size > 0 ? (const char *)report->datum.data : NULL, out);
    write_sources(report, out);
    dk_buf_text(out, ",\n\"counts\":{");
    for (size_t i = 0; i < report->n_counts; i++)
        dk_buf_format(out, "%s\"%s\":%" PRId64, i > 0 ? "," : "", report->counts[i].name, report->counts[i].value);
    dk_buf_text(out, "},\n\"checks\":[");
    for (size_t i = 0; i < report->n_tables; i++) {
        dk_buf_text(out, i > 0 ? ",\n" : "\n");
        write_table(report, &report->tables[i], out);
    }
    dk_buf_text(out, "],\n\"notes\":[");
    for (size_t at = 0; at < report->notes.size;) {
        const char *note = (const char *)report->notes.data + at;
        if (at > 0)
            dk_buf_byte(out, ',');
        dk_json_string(note, out);
        at += strlen(note) + 1;
    }
    dk_buf_text(out, "],\"rejects\":");
    dk_json_string(report->rejects, out);
    dk_buf_text(out, "}\n");
}
