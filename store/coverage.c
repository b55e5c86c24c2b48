#include "store/coverage.h"

#include "store/approval_no.h"
#include "store/clock.h"
#include "store/day.h"
#include "store/handle.h"
#include "store/succession.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const dk_kind *dk_coverage_kind(const dk_catalogue *catalogue)
{
    bool reversed;
    for (size_t i = catalogue->n_layers; i < catalogue->n_kinds; i++) {
        const dk_kind *kind = &catalogue->kinds[i];
        for (size_t l = 0; kind->fields[kind->key_field].type == DK_FIELD_APPROVAL_NO && l < catalogue->n_layers; l++)
            if (dk_catalogue_link(catalogue, kind, &catalogue->kinds[l], &reversed) != NULL)
                return kind;
    }
    return NULL;
}

/* ---- counties and years ---- */

void dk_county_on(const dk_catalogue *catalogue, const char *code, const char *day, char ret_county[7])
{
    char now[13];
    dk_division_on(catalogue, code, day, now); /* that of what nothing is in the place of is the last there was */
    snprintf(ret_county, 7, "%.6s", now);
}

/* The county of all divisions that the catalogue has on a day, "" if they have several or there are none. */
static void only_county(const dk_catalogue *catalogue, const char *day, char ret_county[8])
{
    char county[7];
    ret_county[0] = '\0';
    for (size_t i = 0; i < catalogue->n_divisions; i++) {
        const dk_division *division = &catalogue->divisions[i];
        if (division->valid_from != NULL && strcmp(division->valid_from, day) > 0)
            continue;
        dk_county_on(catalogue, division->code, day, county);
        if (ret_county[0] != '\0' && strcmp(county, ret_county) != 0) {
            ret_county[0] = '\0';
            return;
        }
        snprintf(ret_county, sizeof county, "%s", county);
    }
}

static int four_digits(const char *text)
{
    return strspn(text, "0123456789") >= 4
               ? (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0')
               : 0;
}

typedef struct years {
    int year;
    bool disagree;
} years;

static bool take_year(const char *number, size_t size, void *user)
{
    static const char open[] = "〔";
    years *into = user;
    const char *bracket = memmem(number, size, open, sizeof open - 1);
    const int year = bracket != NULL ? four_digits(bracket + sizeof open - 1) : 0;
    if (year > 0) {
        into->disagree = into->disagree || (into->year != 0 && into->year != year);
        into->year = year;
    }
    return true;
}

static int year_of(const dk_kind *kind, const dk_stored_row *row)
{
    years found = {0};
    if (kind->date_field >= 0 && row->values[kind->date_field].type == DK_TEXT &&
        (found.year = four_digits(row->values[kind->date_field].text.data)) > 0)
        return found.year;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].type == DK_FIELD_APPROVAL_NO && row->values[i].type == DK_TEXT)
            dk_approval_no_each(row->values[i].text.data, take_year, &found);
    return found.disagree ? 0 : found.year;
}

/* ---- lines ---- */

static int rank(const char *county)
{
    return county[0] == '\0' ? 2 : strcmp(county, DK_COUNTY_SEVERAL) == 0 ? 1 : 0;
}

static int compare(const dk_coverage_line *line, const char *county, int year)
{
    if (rank(line->county) != rank(county))
        return rank(line->county) - rank(county);
    const int order = strcmp(line->county, county);
    if (order != 0 || line->year == year)
        return order;
    return line->year == 0 || (year != 0 && line->year > year) ? 1 : -1;
}

/* The line of a county and year, made if it is not there. NULL: out of memory. */
static dk_coverage_line *line_of(dk_coverage *coverage, const char *county, int year)
{
    size_t low = 0, high = coverage->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(&coverage->lines[middle], county, year) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < coverage->n && compare(&coverage->lines[low], county, year) == 0)
        return &coverage->lines[low];
    if (!dk_grow(&coverage->lines, &coverage->capacity, coverage->n + 1, sizeof *coverage->lines))
        return NULL;
    dk_coverage_line *line = &coverage->lines[low];
    memmove(line + 1, line, (coverage->n - low) * sizeof *line);
    coverage->n++;
    *line = (dk_coverage_line){.year = year};
    snprintf(line->county, sizeof line->county, "%s", county);
    return line;
}

/* ---- rows ---- */

typedef struct reading {
    dk_store *store;
    const dk_kind *kind;
    dk_coverage *coverage;
    sqlite3_stmt *documents; /* kind, key -> a row if there is one */
    sqlite3_stmt
        *drawings[DK_MAX_KINDS]; /* of layers: row -> whether it is drawn (an empty geometry is shorter), division */
    char fallback[8];            /* county of what says none */
    char today[DK_DAY_TEXT];
    dk_error *err;
} reading;

/* Adds a division to what is known of a row's county. */
static void add_county(const reading *r, const char *division, char county[8])
{
    char own[7];
    if (!dk_division_code_valid(division))
        return;
    dk_county_on(r->store->catalogue, division, r->today, own);
    if (county[0] == '\0')
        snprintf(county, 8, "%s", own);
    else if (strcmp(county, own) != 0)
        snprintf(county, 8, "%s", DK_COUNTY_SEVERAL);
}

/* What the rows of a layer that are linked to a row say of it. county NULL: it is known already. */
static dk_status look_at_layer(reading *r, const dk_stored_row *row, const dk_kind *layer, bool *drawn, char *county)
{
    dk_key_list linked = {0};
    sqlite3_stmt *stmt = r->drawings[layer->index];
    dk_status status = dk_linked_rows(r->store, r->kind, row->key, row->values, layer, r->coverage->generation,
                                      SIZE_MAX, &linked, r->err);
    for (size_t i = 0; status == DK_OK && i < linked.n; i++) {
        if (*drawn && (county == NULL || strcmp(county, DK_COUNTY_SEVERAL) == 0))
            break;
        sqlite3_bind_int64(stmt, 1, linked.entries[i].row);
        if ((status = dk_sql_step(r->store, stmt, r->err)) == DK_OK) {
            *drawn = *drawn || sqlite3_column_int(stmt, 0) != 0;
            if (county != NULL)
                add_county(r, (const char *)sqlite3_column_text(stmt, 1), county);
        }
        sqlite3_reset(stmt);
        if (status == DK_END)
            status = DK_OK;
    }
    dk_key_list_finish(&linked);
    return status;
}

static dk_status has_document(reading *r, const char *key, bool *ret_has)
{
    sqlite3_bind_text(r->documents, 1, r->kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(r->documents, 2, key, -1, SQLITE_STATIC);
    sqlite3_bind_int64(r->documents, 3, r->coverage->generation);
    const dk_status status = dk_sql_step(r->store, r->documents, r->err);
    *ret_has = status == DK_OK;
    sqlite3_reset(r->documents);
    return status == DK_END ? DK_OK : status;
}

static dk_status count_row(reading *r, int64_t number)
{
    const dk_catalogue *catalogue = r->store->catalogue;
    dk_stored_row row;
    bool drawn = false, documented = false;
    char county[8] = "";
    dk_status status = dk_stored_row_read(r->store, r->kind, number, false, &row, r->err);
    if (status != DK_OK)
        return status;
    if (r->kind->division_field >= 0 && row.values[r->kind->division_field].type == DK_TEXT)
        add_county(r, row.values[r->kind->division_field].text.data, county);
    const bool known = county[0] != '\0';
    for (size_t i = 0; status == DK_OK && i < catalogue->n_layers; i++)
        if (r->drawings[i] != NULL)
            status = look_at_layer(r, &row, &catalogue->kinds[i], &drawn, known ? NULL : county);
    if (status == DK_OK)
        status = has_document(r, row.key, &documented);
    if (status == DK_OK) {
        dk_coverage_line *line = line_of(r->coverage, county[0] != '\0' ? county : r->fallback, year_of(r->kind, &row));
        if (line == NULL) {
            status = dk_fail(r->err, DK_NOMEM, "out of memory");
        } else {
            line->known++;
            line->drawn += drawn;
            line->documented += documented;
        }
    }
    dk_stored_row_release(&row);
    return status;
}

/* ---- all of it ---- */

static dk_status prepare(reading *r)
{
    const dk_catalogue *catalogue = r->store->catalogue;
    size_t n = 0;
    dk_status status = dk_sql_prepare(r->store,
                                      "SELECT 1 FROM dikuai_attachment WHERE kind=?1 AND key=?2 AND born>0 AND born<=?3"
                                      " AND (died=0 OR died>?3) LIMIT 1",
                                      &r->documents, r->err);
    for (size_t i = 0; status == DK_OK && i < catalogue->n_layers; i++) {
        const dk_kind *layer = &catalogue->kinds[i];
        bool reversed;
        if (dk_catalogue_link(catalogue, r->kind, layer, &reversed) == NULL)
            continue;
        char sql[300];
        const bool divided = layer->division_field >= 0;
        snprintf(sql, sizeof sql, "SELECT length(geom)>=40,%s%s FROM row_%s WHERE row=?1", divided ? "f_" : "NULL",
                 divided ? layer->fields[layer->division_field].name : "", layer->name);
        status = dk_sql_prepare(r->store, sql, &r->drawings[i], r->err);
        n++;
    }
    if (status == DK_OK && n == 0)
        status = dk_fail(r->err, DK_INVALID, "%s: the catalogue links it to no layer, so nothing tells what is drawn",
                         r->kind->name);
    return status;
}

static dk_status count_rows(reading *r)
{
    char sql[300];
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof sql, "SELECT row FROM life_%s WHERE born<=?1 AND (died=0 OR died>?1) ORDER BY row",
             r->kind->name);
    dk_status status = dk_sql_prepare(r->store, sql, &stmt, r->err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, r->coverage->generation);
    while (status == DK_OK && (status = dk_sql_step(r->store, stmt, r->err)) == DK_OK)
        status = count_row(r, sqlite3_column_int64(stmt, 0));
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_coverage_read(dk_store *store, const dk_kind *kind, dk_coverage *ret_coverage, dk_error *err)
{
    dk_coverage coverage = {0};
    reading r = {.store = store, .kind = kind, .coverage = &coverage, .err = err};
    if (kind->geometry != DK_NO_GEOMETRY)
        return dk_fail(err, DK_INVALID, "%s: is a layer; progress is about records, such as approvals", kind->name);
    dk_day_write(dk_clock_today(store), r.today);
    only_county(store->catalogue, r.today, r.fallback);
    dk_status status = dk_sql_begin_reading(store, err);
    if (status != DK_OK)
        return status;
    status = dk_store_generation(store, &coverage.generation, err);
    if (status == DK_OK)
        status = prepare(&r);
    if (status == DK_OK)
        status = count_rows(&r);
    sqlite3_finalize(r.documents);
    for (size_t i = 0; i < DK_MAX_KINDS; i++)
        sqlite3_finalize(r.drawings[i]);
    dk_sql_end_reading(store);
    if (status == DK_OK)
        *ret_coverage = coverage;
    else
        dk_coverage_finish(&coverage);
    return status;
}

void dk_coverage_finish(dk_coverage *coverage)
{
    free(coverage->lines);
    *coverage = (dk_coverage){0};
}
