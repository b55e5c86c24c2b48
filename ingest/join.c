#include "ingest/join.h"

#include "ingest/columns.h"
#include "ingest/datasets.h"
#include "store/approval_no.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED 20 /* rows without partner that are named */

typedef struct row {
    size_t key; /* place in bytes, folded */
    int64_t number;
    size_t cells;   /* place in cells */
    size_t problem; /* place in bytes; 0: none */
    int64_t found;  /* how often */
} row;

struct dk_join {
    char *path, *on, *key; /* key: the ledger's column */
    bool sheet;
    dk_unit *units; /* of a line above the header */
    size_t n_units;
    dk_unit **shown; /* that number formats of cells show, each once */
    size_t n_shown, shown_capacity;
    char *notes;
    dk_column *columns;
    size_t *from; /* column of the ledger of each */
    size_t n_columns, key_column;
    row *rows; /* by key, then number */
    size_t n_rows, rows_capacity;
    dk_cell *cells;
    size_t n_cells, cells_capacity;
    dk_buf bytes; /* texts, each with a NUL behind it; the first is "" */
    size_t n_keyless;
    bool marked;
    uint32_t *since; /* rows that were found since a place was marked, the first of each key */
    size_t n_since, since_capacity;
    char *amount;  /* that it gives, or NULL */
    dk_buf folded; /* scratch */
};

/* Folds a text without its blanks behind what out holds, with a NUL. */
static void fold(const char *text, size_t size, dk_buf *out)
{
    const size_t start = out->size;
    dk_text_fold(text, size, out);
    size_t to = start;
    for (size_t i = start; i < out->size; i++)
        if (out->data[i] != ' ')
            out->data[to++] = out->data[i];
    out->size = to;
    dk_buf_byte(out, 0);
}

/* A key that is 文号 and nothing else is the same in whatever brackets it is written, as in links. */
static void fold_cell(const dk_cell *cell, dk_buf *out)
{
    dk_approval_rest rest;
    dk_buf text, numbers;
    dk_buf_init(&text);
    dk_buf_init(&numbers);
    dk_cell_append(cell, &text);
    const bool whole = cell->type == DK_CELL_TEXT &&
                       dk_approval_no_read((const char *)text.data, text.size, &numbers, &rest) > 0 &&
                       rest.left[0] == '\0';
    const dk_buf *from = whole ? &numbers : &text;
    fold((const char *)from->data, from->size, out);
    out->failed = out->failed || text.failed || numbers.failed;
    dk_buf_finish(&text);
    dk_buf_finish(&numbers);
}

static dk_status nomem(const dk_join *join, dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "%s: out of memory", join->path);
}

static dk_status take_columns(dk_join *join, const dk_source *source, dk_error *err)
{
    const dk_column *columns;
    const size_t n = dk_source_columns(source, &columns);
    join->key_column = dk_column_find(columns, n, join->key);
    join->columns = calloc(n + 1, sizeof *join->columns);
    join->from = calloc(n + 1, sizeof *join->from);
    if (join->columns == NULL || join->from == NULL)
        return nomem(join, err);
    const bool named_alike = dk_column_same(join->on, join->key);
    for (size_t i = 0; i < n; i++) {
        const bool is_key = join->key_column == i;
        if (is_key && named_alike)
            continue; /* the source has it */
        dk_column *to = &join->columns[join->n_columns];
        *to = columns[i];
        to->optional = to->optional || is_key; /* it has done its work, whether or not a field knows it */
        to->name = strdup(columns[i].name);
        if (to->name == NULL)
            return nomem(join, err);
        join->from[join->n_columns++] = i;
    }
    if (join->key_column < n)
        return DK_OK;
    dk_buf list;
    dk_buf_init(&list);
    for (size_t i = 0; i < n; i++)
        dk_buf_format(&list, "%s%s", i > 0 ? ", " : "", columns[i].name);
    const char *names = dk_buf_cstr(&list);
    const dk_status status = dk_fail(err, DK_NOT_FOUND, "%s: --on %s: the ledger has no such column; it has: %s",
                                     join->path, join->key, names ? names : "");
    dk_buf_finish(&list);
    return status;
}

/* The reader of a sheet keeps the units of its cells no longer than itself. */
static bool keep_unit(dk_join *join, dk_cell *cell)
{
    const dk_unit *unit = cell->unit;
    for (size_t i = 0; unit != NULL && i < join->n_shown && cell->unit == unit; i++)
        if (dk_unit_same(join->shown[i], unit))
            cell->unit = join->shown[i];
    if (unit == NULL || cell->unit != unit)
        return true;
    dk_unit *own = malloc(sizeof *own);
    if (own == NULL || !dk_grow(&join->shown, &join->shown_capacity, join->n_shown + 1, sizeof *join->shown)) {
        free(own);
        return false;
    }
    *own = *unit;
    join->shown[join->n_shown++] = own;
    cell->unit = own;
    return true;
}

static dk_status add_row(dk_join *join, const dk_source_row *from, dk_error *err)
{
    if (join->n_rows == DK_JOIN_MAX_ROWS || join->bytes.size > DK_JOIN_MAX_BYTES)
        return dk_fail(err, DK_LIMIT, "%s, row %lld: the ledger has more than %d rows or %u MiB; join it in parts",
                       join->path, (long long)from->number, DK_JOIN_MAX_ROWS, DK_JOIN_MAX_BYTES >> 20);
    row made = {.key = join->bytes.size, .number = from->number, .cells = join->n_cells};
    fold_cell(&from->cells[join->key_column], &join->bytes);
    if (!join->bytes.failed && join->bytes.data[made.key] == '\0') {
        join->n_keyless++;
        join->bytes.size = made.key;
        return DK_OK;
    }
    if (from->problem != NULL) {
        made.problem = join->bytes.size;
        dk_buf_append(&join->bytes, from->problem, strlen(from->problem) + 1);
    }
    if (!dk_grow(&join->rows, &join->rows_capacity, join->n_rows + 1, sizeof *join->rows) ||
        !dk_grow(&join->cells, &join->cells_capacity, join->n_cells + join->n_columns + 1, sizeof *join->cells))
        return nomem(join, err);
    for (size_t i = 0; i < join->n_columns; i++) {
        dk_cell *to = &join->cells[join->n_cells++];
        *to = from->cells[join->from[i]];
        to->text = "";
        if (!keep_unit(join, to))
            return nomem(join, err);
        if (to->size == 0)
            continue;
        const size_t place = join->bytes.size;
        dk_buf_append(&join->bytes, from->cells[join->from[i]].text, to->size);
        dk_buf_byte(&join->bytes, 0);
        to->integer = (int64_t)place; /* until all bytes are there, and no longer move */
    }
    join->rows[join->n_rows++] = made;
    return join->bytes.failed ? nomem(join, err) : DK_OK;
}

/* A row with its key's text, while they are sorted. */
typedef struct keyed {
    const char *key;
    row row;
} keyed;

static int by_key(const void *a, const void *b)
{
    const keyed *one = a, *other = b;
    const int order = strcmp(one->key, other->key);
    if (order != 0)
        return order;
    return (one->row.number > other->row.number) - (one->row.number < other->row.number);
}

static dk_status settle(dk_join *join, dk_error *err)
{
    keyed *sorted = calloc(join->n_rows + 1, sizeof *sorted);
    if (sorted == NULL)
        return nomem(join, err);
    for (size_t i = 0; i < join->n_cells; i++)
        if (join->cells[i].size > 0)
            join->cells[i].text = (const char *)join->bytes.data + join->cells[i].integer;
    for (size_t i = 0; i < join->n_rows; i++)
        sorted[i] = (keyed){(const char *)join->bytes.data + join->rows[i].key, join->rows[i]};
    if (join->n_rows > 0)
        qsort(sorted, join->n_rows, sizeof *sorted, by_key);
    for (size_t i = 0; i < join->n_rows; i++)
        join->rows[i] = sorted[i].row;
    free(sorted);
    return DK_OK;
}

/* What the ledger says about itself, before it is closed. */
static dk_status take_words(dk_join *join, dk_source *source, dk_error *err)
{
    const dk_unit *units;
    const char *encoding = dk_source_encoding_note(source);
    join->n_units = dk_source_units(source, &units);
    join->units = calloc(join->n_units + 1, sizeof *join->units);
    if (join->units == NULL ||
        asprintf(&join->notes, "%s%s%s", encoding, *encoding != '\0' ? "\n" : "", dk_source_notes(source)) < 0)
        return nomem(join, err);
    if (join->n_units > 0)
        memcpy(join->units, units, join->n_units * sizeof *units);
    return DK_OK;
}

static dk_status read_ledger(dk_join *join, const dk_join_options *options, dk_error *err)
{
    const dk_source_options how = {
        .layer = options->layer, .encoding = options->encoding, .is_column = options->is_column, .user = options->user};
    dk_source *source = NULL;
    dk_source_row from;
    if (dk_datasets_holds(options->path))
        return dk_fail(err, DK_INVALID, "%s: a ledger to join is one file; unpack it, and give the table inside",
                       options->path);
    dk_status status = dk_source_open(options->path, &how, &source, err);
    if (status != DK_OK)
        return status;
    join->sheet = dk_source_format(source) == DK_FORMAT_SHEET;
    dk_buf_byte(&join->bytes, 0);
    status = take_columns(join, source, err);
    while (status == DK_OK && (status = dk_source_next(source, &from, err)) == DK_OK)
        status = add_row(join, &from, err);
    const dk_status taken = status == DK_END ? take_words(join, source, err) : DK_OK;
    dk_source_close(source);
    if (taken != DK_OK)
        return taken;
    if (status != DK_END)
        return status;
    if (join->n_rows == 0)
        return dk_fail(err, DK_INVALID, "%s: the ledger has no row with a value in %s; is it the right one, and whole?",
                       join->path, join->key);
    return settle(join, err);
}

dk_status dk_join_open(const dk_join_options *options, dk_join **ret_join, dk_error *err)
{
    const char *equals = strchr(options->on, '=');
    dk_join *join = calloc(1, sizeof *join);
    if (join == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", options->path);
    dk_buf_init(&join->bytes);
    dk_buf_init(&join->folded);
    join->path = strdup(options->path);
    join->on = equals != NULL ? strndup(options->on, (size_t)(equals - options->on)) : strdup(options->on);
    join->key = strdup(equals != NULL ? equals + 1 : options->on);
    dk_status status = join->path != NULL && join->on != NULL && join->key != NULL
                           ? read_ledger(join, options, err)
                           : dk_fail(err, DK_NOMEM, "%s: out of memory", options->path);
    if (status != DK_OK)
        dk_join_close(join);
    else
        *ret_join = join;
    return status;
}

void dk_join_close(dk_join *join)
{
    if (join == NULL)
        return;
    for (size_t i = 0; i < join->n_columns; i++)
        free((void *)(uintptr_t)join->columns[i].name);
    free(join->columns);
    free(join->from);
    free(join->rows);
    free(join->cells);
    for (size_t i = 0; i < join->n_shown; i++)
        free(join->shown[i]);
    free(join->shown);
    free(join->units);
    free(join->notes);
    dk_buf_finish(&join->bytes);
    dk_buf_finish(&join->folded);
    free(join->path);
    free(join->on);
    free(join->key);
    free(join->amount);
    free(join->since);
    free(join);
}

const char *dk_join_path(const dk_join *join)
{
    return join->path;
}

const char *dk_join_on(const dk_join *join)
{
    return join->on;
}

const char *dk_join_key(const dk_join *join)
{
    return join->key;
}

size_t dk_join_columns(const dk_join *join, const dk_column **ret_columns)
{
    *ret_columns = join->columns;
    return join->n_columns;
}

bool dk_join_is_sheet(const dk_join *join)
{
    return join->sheet;
}

size_t dk_join_units(const dk_join *join, const dk_unit **ret_units)
{
    *ret_units = join->units;
    return join->n_units;
}

const char *dk_join_notes(const dk_join *join)
{
    return join->notes;
}

static const char *key_of(const dk_join *join, size_t i)
{
    return (const char *)join->bytes.data + join->rows[i].key;
}

/* For all rows of the key that begins at first. */
static void count_found(dk_join *join, size_t first, int64_t by)
{
    for (size_t i = first; i < join->n_rows && strcmp(key_of(join, i), key_of(join, first)) == 0; i++)
        join->rows[i].found += by;
}

void dk_join_mark(dk_join *join)
{
    join->marked = true;
    join->n_since = 0;
}

void dk_join_undo(dk_join *join)
{
    while (join->n_since > 0)
        count_found(join, join->since[--join->n_since], -1);
}

bool dk_join_find(dk_join *join, const dk_cell *key, dk_join_row *ret_row, bool *ret_nomem)
{
    dk_buf_clear(&join->folded);
    fold_cell(key, &join->folded);
    *ret_nomem = join->folded.failed;
    if (join->folded.failed)
        return false;
    const char *wanted = (const char *)join->folded.data;
    size_t low = 0, high = join->n_rows;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(key_of(join, middle), wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == join->n_rows || strcmp(key_of(join, low), wanted) != 0)
        return false;
    row *found = &join->rows[low];
    const bool twice = low + 1 < join->n_rows && strcmp(key_of(join, low + 1), wanted) == 0;
    *ret_nomem = join->marked && !dk_grow(&join->since, &join->since_capacity, join->n_since + 1, sizeof *join->since);
    if (*ret_nomem)
        return false;
    if (join->marked)
        join->since[join->n_since++] = (uint32_t)low;
    count_found(join, low, 1);
    *ret_row = (dk_join_row){.number = found->number,
                             .cells = join->cells + found->cells,
                             .problem = found->problem != 0 ? (const char *)join->bytes.data + found->problem : NULL,
                             .again = twice ? join->rows[low + 1].number : 0};
    return true;
}

bool dk_join_gives_amount(dk_join *join, const char *name)
{
    if (join->amount == NULL)
        join->amount = strdup(name);
    return join->amount != NULL;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void tell_shared(const dk_join *join, dk_buf *out)
{
    size_t n = 0;
    const row *first = NULL;
    for (size_t i = 0; join->amount != NULL && i < join->n_rows; i++) {
        if (join->rows[i].found < 2)
            continue;
        n++;
        if (first == NULL || join->rows[i].number < first->number)
            first = &join->rows[i];
    }
    if (first != NULL)
        dk_buf_format(
            out,
            "%zu rows of the ledger were given to several rows each, the first, row %lld, to %lld; %s is then "
            "counted for each of them: leave it out with --ignore if it is that of all together\n",
            n, (long long)first->number, (long long)first->found, join->amount);
}

size_t dk_join_left(const dk_join *join, dk_buf *out)
{
    size_t n = 0;
    int64_t *left = calloc(join->n_rows + 1, sizeof *left);
    if (left == NULL) {
        out->failed = true;
        return 0;
    }
    for (size_t i = 0; i < join->n_rows; i++)
        if (join->rows[i].found == 0)
            left[n++] = join->rows[i].number;
    qsort(left, n, sizeof *left, ascending);
    if (n > 0)
        dk_buf_format(out, "%zu rows of the ledger belong to nothing that was read, by %s: row ", n, join->key);
    for (size_t i = 0; i < n && i < NAMED; i++)
        dk_buf_format(out, "%s%lld", i > 0 ? ", " : "", (long long)left[i]);
    if (n > 0)
        dk_buf_text(out, n > NAMED ? " and more\n" : "\n");
    if (join->n_keyless > 0)
        dk_buf_format(out, "%zu rows of the ledger have nothing in %s\n", join->n_keyless, join->key);
    tell_shared(join, out);
    free(left);
    return n;
}
