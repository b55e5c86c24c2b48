/* progress: how many approvals are known, drawn and documented, by county and year. */
#include "ingest/commands.h"

#include "ingest/json.h"
#include "ingest/text_table.h"
#include "store/coverage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct report {
    const dk_catalogue *catalogue;
    const dk_kind *kind;
    dk_coverage coverage;
} report;

static void add_line(dk_coverage_line *sum, const dk_coverage_line *line)
{
    sum->known += line->known;
    sum->drawn += line->drawn;
    sum->documented += line->documented;
}

/* The lines of one county from `from` on: gives where the next begins. */
static size_t sum_county(const report *r, size_t from, dk_coverage_line *ret_sum)
{
    size_t i = from;
    *ret_sum = (dk_coverage_line){0};
    memcpy(ret_sum->county, r->coverage.lines[from].county, sizeof ret_sum->county);
    for (; i < r->coverage.n && strcmp(r->coverage.lines[i].county, ret_sum->county) == 0; i++)
        add_line(ret_sum, &r->coverage.lines[i]);
    return i;
}

static dk_coverage_line sum_all(const report *r)
{
    dk_coverage_line sum = {0};
    for (size_t i = 0; i < r->coverage.n; i++)
        add_line(&sum, &r->coverage.lines[i]);
    return sum;
}

/* NULL: the catalogue has no name for it. */
static const char *name_of(const report *r, const char *county)
{
    const dk_division *division = dk_catalogue_division(r->catalogue, county);
    return division != NULL ? division->name : NULL;
}

/* ---- for people ---- */

static void add_row(dk_text_table *table, const char *county, const char *name, const char *year,
                    const dk_coverage_line *line)
{
    char number[24];
    const int64_t counts[] = {line->known, line->drawn, line->documented};
    dk_text_table_add(table, county);
    dk_text_table_add(table, name);
    dk_text_table_add(table, year);
    for (size_t i = 0; i < 3; i++) {
        snprintf(number, sizeof number, "%" PRId64, counts[i]);
        dk_text_table_add(table, number);
    }
}

static void write_table(const report *r, dk_buf *out)
{
    static const char *const heads[] = {"county", "name", "year", "known", "drawn", "documented"};
    dk_text_table table = {.n_columns = 6, .numbers = 0x3C};
    for (size_t i = 0; i < 6; i++)
        dk_text_table_add(&table, heads[i]);
    for (size_t i = 0; i < r->coverage.n;) {
        dk_coverage_line sum;
        const size_t from = i, end = sum_county(r, i, &sum);
        const bool several = strcmp(sum.county, DK_COUNTY_SEVERAL) == 0;
        const char *code = several || sum.county[0] == '\0' ? "-" : sum.county, *name = name_of(r, sum.county);
        if (code[0] == '-')
            name = several ? "several counties" : "no county";
        for (; i < end; i++) {
            char year[16];
            snprintf(year, sizeof year, "%d", r->coverage.lines[i].year);
            add_row(&table, code, name != NULL ? name : "", r->coverage.lines[i].year > 0 ? year : "no year",
                    &r->coverage.lines[i]);
        }
        if (end - from > 1)
            add_row(&table, code, name != NULL ? name : "", "all", &sum);
    }
    const dk_coverage_line sum = sum_all(r);
    add_row(&table, "total", "", "", &sum);
    if (!dk_text_table_write(&table, out))
        out->failed = true;
}

/* ---- for programs ---- */

static void write_counts(const dk_coverage_line *line, dk_buf *out)
{
    dk_buf_format(out, "\"known\":%" PRId64 ",\"drawn\":%" PRId64 ",\"documented\":%" PRId64 "}", line->known,
                  line->drawn, line->documented);
}

static void write_county(const report *r, const char *county, dk_buf *out)
{
    dk_buf_text(out, "{\"county\":");
    dk_json_string(county[0] != '\0' ? county : NULL, out);
    dk_buf_text(out, ",\"name\":");
    dk_json_string(name_of(r, county), out);
}

static void write_json(const report *r, dk_buf *out)
{
    dk_buf_text(out, "{\"kind\":");
    dk_json_string(r->kind->name, out);
    dk_buf_format(out, ",\"generation\":%" PRId64 ",\"lines\":[", r->coverage.generation);
    for (size_t i = 0; i < r->coverage.n; i++) {
        const dk_coverage_line *line = &r->coverage.lines[i];
        dk_buf_text(out, i > 0 ? "," : "");
        write_county(r, line->county, out);
        if (line->year > 0)
            dk_buf_format(out, ",\"year\":%d,", line->year);
        else
            dk_buf_text(out, ",\"year\":null,");
        write_counts(line, out);
    }
    dk_buf_text(out, "],\"counties\":[");
    for (size_t i = 0; i < r->coverage.n;) {
        dk_coverage_line sum;
        dk_buf_text(out, i > 0 ? "," : "");
        i = sum_county(r, i, &sum);
        write_county(r, sum.county, out);
        dk_buf_byte(out, ',');
        write_counts(&sum, out);
    }
    dk_buf_text(out, "],\"total\":{");
    const dk_coverage_line sum = sum_all(r);
    write_counts(&sum, out);
    dk_buf_text(out, ",\"error\":null}\n");
}

/* RFC 4180; the mark of UTF-8 is for Excel, which takes a CSV for the system's own encoding without it. */
static void write_csv(const report *r, dk_buf *out)
{
    dk_buf_text(out, "\xEF\xBB\xBF"
                     "county,name,year,known,drawn,documented\r\n");
    for (size_t i = 0; i < r->coverage.n; i++) {
        const dk_coverage_line *line = &r->coverage.lines[i];
        const char *name = name_of(r, line->county);
        dk_buf_format(out, "%s,\"", line->county);
        for (const char *at = name != NULL ? name : ""; *at != '\0'; at++) {
            if (*at == '"')
                dk_buf_byte(out, '"');
            dk_buf_byte(out, (unsigned char)*at);
        }
        dk_buf_text(out, "\",");
        if (line->year > 0)
            dk_buf_format(out, "%d", line->year);
        dk_buf_format(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 "\r\n", line->known, line->drawn, line->documented);
    }
}

/* ---- the command ---- */

static dk_status find_kind(const dk_options *options, report *r, dk_error *err)
{
    r->kind = options->name != NULL ? dk_catalogue_kind(r->catalogue, options->name) : dk_coverage_kind(r->catalogue);
    if (r->kind != NULL)
        return DK_OK;
    if (options->name != NULL)
        return dk_fail(err, DK_NOT_FOUND, "%s: the catalogue has no record of that name", options->name);
    return dk_fail(
        err, DK_NOT_FOUND,
        "%s: the catalogue has no record whose key is a 文号 and that is linked to a layer; name the one that "
        "progress is about",
        options->store);
}

int dk_command_progress(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    report r = {0};
    dk_buf out;
    dk_buf_init(&out);
    dk_status status = dk_store_open(options->store, DK_READ, &store, &err);
    if (status == DK_OK) {
        r.catalogue = dk_store_catalogue(store);
        status = find_kind(options, &r, &err);
    }
    if (status == DK_OK)
        status = dk_coverage_read(store, r.kind, &r.coverage, &err);
    if (status == DK_OK) {
        (options->json ? write_json : options->csv ? write_csv : write_table)(&r, &out);
        if (out.failed)
            status = dk_fail(&err, DK_NOMEM, "out of memory");
        else
            fwrite(out.data, 1, out.size, stdout); /* main sees whether it arrived */
    }
    dk_buf_finish(&out);
    dk_coverage_finish(&r.coverage);
    dk_store_close(store);
    return status == DK_OK ? DK_EXIT_DONE : dk_command_failed(options, &err);
}
