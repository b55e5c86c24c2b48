#include "ingest/reading.h"

#include "ingest/values.h"
#include "store/processors.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_ROWS = 256,      /* rows that are handed over together */
    CHUNK_BYTES = 1 << 20, /* or as many bytes */
    CHUNKS = 64,           /* that are read ahead at most, 16,000 rows: the store's thread stops for a disk at times */
    LEAST_CHUNKS = 4,      /* of a table of many columns, */
    CELL_BYTES = 48 << 20, /* whose cells take no more than this */
    LARGE_CHUNKS = 24      /* behind so many a source is a large one */
};

#define NOWHERE SIZE_MAX

/* Places in a chunk's bytes, which move while it is filled. */
typedef struct place {
    size_t start, size;
} place;

typedef struct row_place {
    place reasons, wkb, fault_text, repair_detail;
    bool has_wkt;
} row_place;

typedef struct chunk {
    dk_ready_row rows[CHUNK_ROWS];
    row_place places[CHUNK_ROWS];
    size_t n_rows;
    dk_cell *cells; /* of each row those of the columns, then that of the WKT */
    dk_value *values;
    size_t *cell_places, *value_places; /* of their texts, or NOWHERE */
    dk_buf bytes;
    dk_status end; /* what comes behind the rows: DK_OK another chunk, DK_END or a failure */
    dk_error err;
} chunk;

/* Cells of a column that may be something else than was meant: how many, and where the first stands. */
typedef struct doubts {
    int64_t n, row;
    int64_t
        among; /* numbers as long, of which such are doubtful if they are many: one in a thousand ends in three zeros */
    char year[5]; /* of the first, if it is a day */
} doubts;

struct dk_reading {
    dk_reading_options options;
    size_t n_columns, n_fields;
    /* Of each field: texts that a sheet has as days, days of which it shows no year, digits of which it has made zeros.
     */
    doubts *days, *yearless, *zeros;
    doubts *powers;      /* of numbers, those that are texts with an exponent */
    dk_buf wkb, reasons; /* of the row under way */
    bool *same;          /* of its columns: the cell is the text that the row before it in the chunk has */
    bool *plain; /* of the fields of the row before: the value is its cell's text, of which there is nothing to say */
    dk_shape shape; /* to measure it */
    bool measures;  /* this thread is ahead of the store's, and takes the measuring from it */
    chunk chunks[CHUNKS];
    size_t n_chunks; /* of them in use */
    chunk *now;      /* the one whose rows are given out */
    size_t at;       /* the next of them */

    bool threaded; /* else chunks are filled when they are needed */
    pthread_t thread;
    pthread_mutex_t mutex; /* for what follows */
    pthread_cond_t changed;
    size_t n_filled, n_emptied; /* chunks so far; the next is that number modulo n_chunks */
    bool stop;
};

/* ---- filling ---- */

static place keep(dk_buf *bytes, const void *data, size_t size)
{
    const place kept = {bytes->size, size};
    dk_buf_append(bytes, data, size);
    dk_buf_byte(bytes, 0);
    return kept;
}

static bool is_text_alone(const dk_cell *cell)
{
    return cell->type == DK_CELL_TEXT && cell->size > 0 && !cell->no_number && cell->unread == NULL && !cell->error &&
           cell->merged_rows == 0;
}

/* Neighbours share most of their texts: village, project, 文号. */
static bool is_text_of(const chunk *c, size_t before, const dk_cell *cell)
{
    return is_text_alone(cell) && is_text_alone(&c->cells[before]) && cell->size == c->cells[before].size &&
           memcmp(c->bytes.data + c->cell_places[before], cell->text, cell->size) == 0;
}

/* kept: where its text is already, or NOWHERE. */
static void keep_cell(chunk *c, size_t at, const dk_cell *cell, size_t kept)
{
    c->cells[at] = *cell;
    c->cell_places[at] = kept;
    if (kept == NOWHERE && cell->text != NULL && cell->size > 0)
        c->cell_places[at] = keep(&c->bytes, cell->text, cell->size).start;
}

static void add_reason(dk_buf *reasons, const char *column, const char *problem)
{
    dk_buf_format(reasons, "%s%s%s%s", reasons->size > 0 ? "; " : "", column ? column : "", column ? ": " : "",
                  problem);
}

/* A merged cell over several rows: false if the field's value is none of this row's, which would be counted again. */
static bool takes_merged(dk_reading *r, const dk_field *field, const dk_cell *cell, const char *column)
{
    const dk_merged whose = dk_merged_amount(field, cell, r->options.merged, r->options.n_merged);
    if (whose != DK_MERGED_UNSAID)
        return whose == DK_MERGED_OWN;
    char problem[300];
    snprintf(
        problem, sizeof problem,
        "one merged cell over %lld rows, and how much of it is this row's is not said; take the cells apart, or say "
        "with --merged %s=first that all of it is the first row's, or with --merged %s=each that each row has it",
        (long long)cell->merged_rows, field->name, field->name);
    add_reason(&r->reasons, column, problem);
    return false;
}

/* Whether a cell is a day, or a number with an exponent, where a number or name belongs that rows are found by. */
static dk_mangled is_mangled(const dk_reading *r, size_t field, const dk_cell *cell, bool sheet)
{
    const dk_kind *kind = r->options.kind;
    const dk_field *of = &kind->fields[field];
    if (cell->type == DK_CELL_TEXT && of->type == DK_FIELD_TEXT && of->identifies)
        return dk_name_mangled(cell->text, cell->size);
    return cell->type == DK_CELL_DATE && of->type != DK_FIELD_DATE &&
                   (field == (size_t)kind->key_field || (sheet && of->identifies))
               ? DK_MANGLED_DAY
               : DK_MANGLED_NOT;
}

static void add_doubt(doubts *found, const dk_source_row *row, const dk_cell *cell)
{
    if (found->n++ > 0)
        return;
    found->row = row->number;
    dk_text_copy(found->year, sizeof found->year, cell->text, cell->size);
}

/* 341321198001011000, as a spreadsheet writes a number of 18 digits into a CSV; one of 16 may well end in a zero. */
static void look_at_zeros(doubts *zeros, const dk_source_row *row, const dk_cell *cell)
{
    if (cell->type != DK_CELL_TEXT || cell->size < 17 || strspn(cell->text, "0123456789") != cell->size)
        return;
    zeros->among++;
    if (dk_number_mangled(cell->text, cell->size))
        add_doubt(zeros, row, cell);
}

/* 1.23E+06, as a spreadsheet writes a number into a CSV that it shows so: what is not shown is lost. */
static void look_at_power(doubts *powers, const dk_source_row *row, const dk_cell *cell)
{
    if (cell->type == DK_CELL_TEXT && dk_name_mangled(cell->text, cell->size) == DK_MANGLED_POWER)
        add_doubt(powers, row, cell);
}

/* The row's values. Problems are appended to reasons, one sentence each. */
static void read_values(dk_reading *r, chunk *c, const dk_source_row *row)
{
    const dk_reading_options *o = &r->options;
    dk_value *values = c->values + c->n_rows * r->n_fields;
    size_t *places = c->value_places + c->n_rows * r->n_fields;
    const dk_column *columns;
    dk_source_columns(o->source, &columns);
    for (size_t i = 0; i < r->n_fields; i++) {
        const int column = o->mapping->column[i];
        values[i] = dk_value_null();
        places[i] = NOWHERE;
        const dk_field *field = &o->kind->fields[i];
        const bool sheet = o->spreadsheet || (column >= 0 && columns[column].sheet);
        if (column >= 0 && r->same[column] && r->plain[i] && !sheet) {
            values[i] = *(&values[i] - r->n_fields);
            places[i] = *(&places[i] - r->n_fields);
            continue;
        }
        const int64_t zeros = r->zeros[i].among;
        const size_t reasons = r->reasons.size;
        const dk_mangled mangled = column >= 0 ? is_mangled(r, i, &row->cells[column], sheet) : DK_MANGLED_NOT;
        if (mangled != DK_MANGLED_NOT) {
            add_reason(
                &r->reasons, columns[column].name,
                mangled == DK_MANGLED_DAY
                    ? "a date, which a spreadsheet makes of a number such as 1-2; format the column as text and enter it "
                      "again"
                    : "a number with an exponent, which a spreadsheet makes of a name such as 2020E1; format the column as "
                      "text and enter it again");
        } else if (column >= 0 && takes_merged(r, field, &row->cells[column], columns[column].name)) {
            const dk_value_context context = {.spreadsheet = sheet, .column_unit = o->mapping->units[column]};
            char problem[300];
            if (sheet && field->type == DK_FIELD_TEXT && row->cells[column].type == DK_CELL_DATE)
                add_doubt(&r->days[i], row, &row->cells[column]);
            if (field->type == DK_FIELD_TEXT)
                look_at_zeros(&r->zeros[i], row, &row->cells[column]);
            else if (field->type == DK_FIELD_NUMBER || field->type == DK_FIELD_INTEGER)
                look_at_power(&r->powers[i], row, &row->cells[column]);
            if (!dk_value_from_cell(field, &row->cells[column], &context, &c->bytes, &values[i], &places[i], problem,
                                    sizeof problem)) {
                add_reason(&r->reasons, columns[column].name, problem);
                values[i] = dk_value_null();
            } else if (field->type == DK_FIELD_DATE && row->cells[column].no_year)
                add_doubt(&r->yearless[i], row, &row->cells[column]);
            if (values[i].type != DK_TEXT)
                places[i] = NOWHERE;
        }
        r->plain[i] = !sheet && column >= 0 && is_text_alone(&row->cells[column]) && values[i].type == DK_TEXT &&
                      field->type != DK_FIELD_DATE && r->zeros[i].among == zeros && r->reasons.size == reasons;
        if (values[i].type == DK_NULL && o->is_set[i])
            values[i] = o->set_values[i];
    }
}

/* The code of the row's division, "" for none. */
static void find_division(dk_reading *r, const dk_source_row *row, char *ret_code, size_t size)
{
    const dk_reading_options *o = &r->options;
    const int field = o->kind->division_field;
    const int column = field >= 0 ? o->mapping->column[field] : -1;
    char problem[300];
    size_t at = 0;
    dk_value value = dk_value_null();
    ret_code[0] = '\0';
    dk_buf_clear(&r->wkb);
    if (column >= 0) {
        const dk_value_context context = {.spreadsheet = o->spreadsheet};
        if (!dk_value_from_cell(&o->kind->fields[field], &row->cells[column], &context, &r->wkb, &value, &at, problem,
                                sizeof problem))
            return;
    }
    if (value.type == DK_TEXT && value.text.size < size)
        dk_text_copy(ret_code, size, (const char *)r->wkb.data + at, value.text.size);
    else if (field >= 0 && value.type == DK_NULL && o->is_set[field] && o->set_values[field].type == DK_TEXT)
        dk_text_copy(ret_code, size, o->set_values[field].text.data, o->set_values[field].text.size);
}

/* A row that may be read in two ways. */
static dk_status settle_row(dk_reading *r, dk_source_row *row, dk_error *err)
{
    char division[16], why[300];
    dk_verdict verdict;
    find_division(r, row, division, sizeof division);
    const dk_status status = dk_doubt_settle(r->options.geometry, r->options.outlines, division, row->geometry,
                                             row->other->geometry, row->epsg, &verdict, why, sizeof why, err);
    if (status != DK_OK)
        return status;
    if (verdict == DK_VERDICT_UNDECIDED)
        dk_source_unsettled(r->options.source, why, row);
    else
        dk_source_settle(r->options.source, verdict == DK_VERDICT_SECOND, why, row);
    return DK_OK;
}

static dk_status fill_row(dk_reading *r, chunk *c, dk_source_row *row, dk_error *err)
{
    if (row->other != NULL && r->options.kind->geometry != DK_NO_GEOMETRY) {
        const dk_status status = settle_row(r, row, err);
        if (status != DK_OK)
            return status;
    }
    dk_ready_row *ready = &c->rows[c->n_rows];
    row_place *places = &c->places[c->n_rows];
    const size_t cells = c->n_rows * (r->n_columns + 1);
    *ready = (dk_ready_row){.source = {.number = row->number}};
    *places = (row_place){.has_wkt = row->wkt != NULL};
    dk_buf_clear(&r->reasons);
    if (row->problem != NULL)
        dk_buf_text(&r->reasons, row->problem);
    for (size_t i = 0; i < r->n_columns; i++) {
        const size_t before = c->n_rows > 0 ? cells - (r->n_columns + 1) + i : 0;
        r->same[i] = c->n_rows > 0 && !c->bytes.failed && is_text_of(c, before, &row->cells[i]);
        keep_cell(c, cells + i, &row->cells[i], r->same[i] ? c->cell_places[before] : NOWHERE);
    }
    if (row->wkt != NULL)
        keep_cell(c, cells + r->n_columns, row->wkt, NOWHERE);
    read_values(r, c, row);
    /* A geometry that cannot be read has its own sentence: "there is no geometry" would add nothing. */
    const bool unread = row->problem != NULL && row->geometry == NULL && (row->wkt == NULL || !dk_cell_blank(row->wkt));
    const bool none =
        row->geometry == NULL ? row->wkt == NULL || dk_cell_blank(row->wkt) : OGR_G_IsEmpty(row->geometry);
    const bool undrawn = r->options.undrawn && none;
    if (r->options.kind->geometry != DK_NO_GEOMETRY && !unread && !undrawn) {
        char problem[480];
        const dk_status status = dk_geometry_read(r->options.geometry, row->geometry, row->epsg, &r->wkb, &ready->fault,
                                                  problem, sizeof problem, err);
        if (status != DK_OK)
            return status;
        ready->has_geometry = row->geometry != NULL;
        if (ready->fault != DK_GEOMETRY_GOOD) {
            places->fault_text = keep(&c->bytes, problem, strlen(problem));
            add_reason(&r->reasons, NULL, problem);
        }
        places->wkb = keep(&c->bytes, r->wkb.data, r->wkb.size);
        const double plane_m2 = r->options.geometry->plane_m2;
        if (!isnan(plane_m2))
            ready->areas = (dk_areas){.planar_known = true, .planar_m2 = plane_m2};
        if (r->measures && ready->fault == DK_GEOMETRY_GOOD)
            dk_areas_measure(r->options.kind, r->wkb.data, r->wkb.size, &r->shape, &ready->areas);
        ready->repair = r->options.geometry->repair;
        if (ready->repair.rule != NULL)
            places->repair_detail = keep(&c->bytes, ready->repair.detail, strlen(ready->repair.detail));
    }
    places->reasons = keep(&c->bytes, r->reasons.data, r->reasons.size);
    ready->progress = dk_source_progress(r->options.source);
    if (c->bytes.failed || r->reasons.failed)
        return dk_fail(err, DK_NOMEM, "%s, row %lld: out of memory", dk_source_path(r->options.source),
                       (long long)row->number);
    c->n_rows++;
    return DK_OK;
}

/* Points everything to its bytes, which no longer move. */
static void settle(dk_reading *r, chunk *c)
{
    const char *bytes = (const char *)c->bytes.data;
    for (size_t i = 0; i < c->n_rows; i++) {
        dk_ready_row *ready = &c->rows[i];
        const row_place *places = &c->places[i];
        dk_cell *cells = c->cells + i * (r->n_columns + 1);
        dk_value *values = c->values + i * r->n_fields;
        for (size_t k = 0; k < r->n_columns + places->has_wkt; k++)
            cells[k].text = c->cell_places[i * (r->n_columns + 1) + k] == NOWHERE
                                ? ""
                                : bytes + c->cell_places[i * (r->n_columns + 1) + k];
        for (size_t k = 0; k < r->n_fields; k++)
            if (c->value_places[i * r->n_fields + k] != NOWHERE)
                values[k].text.data = bytes + c->value_places[i * r->n_fields + k];
        ready->source.cells = cells;
        ready->source.wkt = places->has_wkt ? cells + r->n_columns : NULL;
        ready->values = values;
        ready->reasons = places->reasons.size > 0 ? bytes + places->reasons.start : NULL;
        ready->wkb = places->wkb.size > 0 ? bytes + places->wkb.start : NULL;
        ready->wkb_size = places->wkb.size;
        ready->fault_text = bytes + places->fault_text.start;
        ready->repair.detail = bytes + places->repair_detail.start;
    }
}

/* When it is filled first: most files of a folder need one. */
static dk_status make_cells(const dk_reading *r, chunk *c)
{
    if (c->cells != NULL)
        return DK_OK;
    c->cells = calloc((r->n_columns + 1) * CHUNK_ROWS, sizeof *c->cells);
    c->cell_places = calloc((r->n_columns + 1) * CHUNK_ROWS, sizeof *c->cell_places);
    c->values = calloc((r->n_fields + 1) * CHUNK_ROWS, sizeof *c->values);
    c->value_places = calloc((r->n_fields + 1) * CHUNK_ROWS, sizeof *c->value_places);
    return c->cells != NULL && c->cell_places != NULL && c->values != NULL && c->value_places != NULL
               ? DK_OK
               : dk_fail(&c->err, DK_NOMEM, "%s: out of memory", dk_source_path(r->options.source));
}

static void fill(dk_reading *r, chunk *c)
{
    dk_source_row row;
    c->n_rows = 0;
    c->end = make_cells(r, c);
    dk_buf_clear(&c->bytes);
    while (c->end == DK_OK && c->n_rows < CHUNK_ROWS && c->bytes.size < CHUNK_BYTES)
        if ((c->end = dk_source_next(r->options.source, &row, &c->err)) == DK_OK)
            c->end = fill_row(r, c, &row, &c->err);
    settle(r, c);
}

/* ---- the thread ---- */

static void *read_ahead(void *user)
{
    dk_reading *r = user;
    for (bool more = true; more;) {
        pthread_mutex_lock(&r->mutex);
        while (!r->stop && r->n_filled - r->n_emptied == r->n_chunks)
            pthread_cond_wait(&r->changed, &r->mutex);
        const bool stop = r->stop;
        chunk *c = &r->chunks[r->n_filled % r->n_chunks];
        r->measures = r->n_filled - r->n_emptied > r->n_chunks / 4;
        pthread_mutex_unlock(&r->mutex);
        if (stop)
            break;
        if (r->n_filled == LARGE_CHUNKS) /* only this thread changes it */
            dk_thread_gives_way();
        fill(r, c);
        more = c->end == DK_OK;
        pthread_mutex_lock(&r->mutex);
        r->n_filled++;
        pthread_cond_signal(&r->changed);
        pthread_mutex_unlock(&r->mutex);
    }
    return NULL;
}

/* The next chunk; the one before is given back. */
static chunk *take_chunk(dk_reading *r)
{
    if (!r->threaded) {
        fill(r, &r->chunks[0]);
        return &r->chunks[0];
    }
    pthread_mutex_lock(&r->mutex);
    if (r->now != NULL) {
        r->n_emptied++;
        pthread_cond_signal(&r->changed);
    }
    while (r->n_filled == r->n_emptied)
        pthread_cond_wait(&r->changed, &r->mutex);
    chunk *c = &r->chunks[r->n_emptied % r->n_chunks];
    pthread_mutex_unlock(&r->mutex);
    return c;
}

/* ---- for the caller ---- */

static size_t chunks_of(const dk_reading *r)
{
    const size_t row = (r->n_columns + 1) * (sizeof(dk_cell) + sizeof(size_t)) +
                       (r->n_fields + 1) * (sizeof(dk_value) + sizeof(size_t));
    const size_t n = CELL_BYTES / (row * CHUNK_ROWS);
    return n > CHUNKS ? CHUNKS : n < LEAST_CHUNKS ? LEAST_CHUNKS : n;
}

dk_status dk_reading_open(const dk_reading_options *options, dk_reading **ret_reading, dk_error *err)
{
    const dk_column *columns;
    dk_reading *r = calloc(1, sizeof *r);
    if (r == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", dk_source_path(options->source));
    r->options = *options;
    r->n_columns = dk_source_columns(options->source, &columns);
    r->n_fields = options->kind->n_fields;
    r->days = calloc(r->n_fields + 1, sizeof *r->days);
    r->yearless = calloc(r->n_fields + 1, sizeof *r->yearless);
    r->zeros = calloc(r->n_fields + 1, sizeof *r->zeros);
    r->powers = calloc(r->n_fields + 1, sizeof *r->powers);
    r->same = calloc(r->n_columns + 1, sizeof *r->same);
    r->plain = calloc(r->n_fields + 1, sizeof *r->plain);
    dk_buf_init(&r->wkb);
    dk_buf_init(&r->reasons);
    dk_shape_init(&r->shape);
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->changed, NULL);
    bool ok = r->days != NULL && r->yearless != NULL && r->zeros != NULL && r->powers != NULL && r->same != NULL &&
              r->plain != NULL;
    r->n_chunks = chunks_of(r);
    if (!ok) {
        dk_reading_close(r);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", dk_source_path(options->source));
    }
    r->threaded = pthread_create(&r->thread, NULL, read_ahead, r) == 0;
    *ret_reading = r;
    return DK_OK;
}

dk_status dk_reading_next(dk_reading *r, dk_ready_row *ret_row, dk_error *err)
{
    while (r->now == NULL || r->at == r->now->n_rows) {
        if (r->now != NULL && r->now->end != DK_OK) {
            if (r->now->end != DK_END && err != NULL)
                *err = r->now->err;
            return r->now->end;
        }
        r->now = take_chunk(r);
        r->at = 0;
    }
    *ret_row = r->now->rows[r->at++];
    return DK_OK;
}

void dk_reading_notes(const dk_reading *r, dk_buf *notes)
{
    const dk_column *columns;
    dk_source_columns(r->options.source, &columns);
    for (size_t i = 0; i < r->n_fields; i++) {
        if (r->yearless[i].n > 0)
            dk_buf_format(
                notes,
                "column %s: the sheet shows no year of the dates in %lld cells of it, the first in row %lld, which has "
                "%s; a spreadsheet takes the year in which they are entered: if it is another, enter them as "
                "2020-06-15\n",
                columns[r->options.mapping->column[i]].name, (long long)r->yearless[i].n, (long long)r->yearless[i].row,
                r->yearless[i].year);
        if (r->zeros[i].n > 0 && 10 * r->zeros[i].n >= r->zeros[i].among)
            dk_buf_format(
                notes,
                "column %s: all digits from the 16th on are zeros in %lld cells of it, the first in row %lld, as "
                "spreadsheets make them of long numbers; if they were others, format the column as text and enter them "
                "again\n",
                columns[r->options.mapping->column[i]].name, (long long)r->zeros[i].n, (long long)r->zeros[i].row);
        if (r->powers[i].n > 0)
            dk_buf_format(notes,
                          "column %s: %lld cells of it have a number with an exponent, the first in row %lld, of which "
                          "a spreadsheet may have written some digits only (1.23E+06 of 1234567); if so, give the "
                          "column a plain number format and save it again\n",
                          columns[r->options.mapping->column[i]].name, (long long)r->powers[i].n,
                          (long long)r->powers[i].row);
        if (r->days[i].n > 0)
            dk_buf_format(
                notes,
                "column %s, of texts: the sheet has dates in %lld cells of it, the first in row %lld, which a "
                "spreadsheet makes of numbers such as 1-2 and 2020-3; if they are none, format the column as text and "
                "enter them again\n",
                columns[r->options.mapping->column[i]].name, (long long)r->days[i].n, (long long)r->days[i].row);
    }
}

void dk_reading_close(dk_reading *r)
{
    if (r == NULL)
        return;
    if (r->threaded) {
        pthread_mutex_lock(&r->mutex);
        r->stop = true;
        pthread_cond_signal(&r->changed);
        pthread_mutex_unlock(&r->mutex);
        pthread_join(r->thread, NULL);
    }
    for (size_t i = 0; i < r->n_chunks; i++) {
        chunk *c = &r->chunks[i];
        free(c->cells);
        free(c->cell_places);
        free(c->values);
        free(c->value_places);
        dk_buf_finish(&c->bytes);
    }
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->mutex);
    dk_buf_finish(&r->wkb);
    dk_buf_finish(&r->reasons);
    dk_shape_finish(&r->shape);
    free(r->days);
    free(r->yearless);
    free(r->zeros);
    free(r->powers);
    free(r->same);
    free(r->plain);
    free(r);
}
