#include "store/row_set.h"

#include "store/cql2_sql.h"
#include "store/grid_measure.h"
#include "store/selection.h"

#include <stdlib.h>
#include <string.h>

struct dk_row_set {
    int64_t *rows;   /* ascending */
    double *figures; /* n_figures of each: what the measures of the layer's grid need (grid_measure.h) */
    size_t n, capacity, figures_capacity, n_figures;
    uint64_t *bits; /* of the numbers first_row … */
    int64_t first_row;
    size_t n_bits;
};

/* The figures of a row, from the column of each field that is measured. */
static void read_figures(sqlite3_stmt *stmt, const dk_kind *kind, double *ret_figures)
{
    int column = 2;
    for (size_t i = 0; i < kind->n_grid_measures; i++) {
        const dk_grid_measure *measure = &kind->grid_measures[i];
        if (!dk_grid_measure_first(measure))
            continue;
        const dk_value value = dk_column_value(stmt, column++);
        *ret_figures++ = dk_grid_field_figure(&kind->fields[measure->field], &value);
    }
}

static dk_status read_rows(dk_store *store, sqlite3_stmt *stmt, const dk_kind *kind, size_t most, dk_row_set *set,
                           dk_error *err)
{
    dk_status status = DK_OK;
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        if (set->n == most)
            return dk_fail(err, DK_LIMIT, "the filter holds for more than %zu rows; narrow it", most);
        if (!dk_grow(&set->rows, &set->capacity, set->n + 1, sizeof *set->rows) ||
            !dk_grow(&set->figures, &set->figures_capacity, (set->n + 1) * set->n_figures + 1, sizeof *set->figures))
            return dk_fail(err, DK_NOMEM, "out of memory");
        set->rows[set->n] = sqlite3_column_int64(stmt, 1);
        read_figures(stmt, kind, set->figures + set->n * set->n_figures);
        set->n++;
    }
    return status == DK_END ? DK_OK : status;
}

static dk_status set_bits(dk_row_set *set, dk_error *err)
{
    if (set->n == 0)
        return DK_OK;
    set->first_row = set->rows[0];
    set->n_bits = (size_t)(set->rows[set->n - 1] - set->first_row) + 1;
    set->bits = calloc(set->n_bits / 64 + 1, sizeof *set->bits);
    if (set->bits == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; i < set->n; i++) {
        const size_t bit = (size_t)(set->rows[i] - set->first_row);
        set->bits[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    return DK_OK;
}

dk_status dk_row_set_of(dk_store *store, const dk_query *query, size_t most, dk_row_set **ret_set, dk_error *err)
{
    const dk_kind *kind = query->kind;
    const dk_view view = dk_view_of(kind, query->viewer);
    dk_selection selection = {0};
    sqlite3_stmt *stmt = NULL;
    dk_buf columns, sql;
    dk_buf_init(&columns);
    dk_buf_init(&sql);
    dk_row_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_buf_text(&columns, "r.row AS row");
    for (size_t i = 0; i < kind->n_grid_measures; i++) {
        if (!dk_grid_measure_first(&kind->grid_measures[i]))
            continue;
        dk_buf_byte(&columns, ',');
        dk_visible_sql(kind, &view, kind->grid_measures[i].field, &columns);
        set->n_figures++;
    }
    dk_sql_limit(store, query->seconds > 0 ? query->seconds : DK_QUERY_SECONDS);
    dk_status status = dk_selection_begin(&selection, store, query, 0, err);
    if (status != DK_OK || selection.nothing)
        goto out;
    const char *text = dk_buf_cstr(&columns);
    status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_selection_sql(&selection, text, &sql, err);
    dk_buf_text(&sql, " ORDER BY 2");
    text = dk_buf_cstr(&sql);
    if (status == DK_OK)
        status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_cached(store, text, &stmt, err);
    if (status == DK_OK)
        status = dk_selection_bind(&selection, stmt, err);
    if (status == DK_OK)
        status = read_rows(store, stmt, kind, most, set, err);
    if (status == DK_OK)
        status = set_bits(set, err);
out:
    if (stmt != NULL) {
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
    }
    const bool late = dk_sql_unlimited(store);
    if (status == DK_LIMIT && late)
        status = dk_query_too_slow(err);
    dk_selection_finish(&selection);
    dk_buf_finish(&columns);
    dk_buf_finish(&sql);
    if (status == DK_OK)
        *ret_set = set;
    else
        dk_row_set_free(set);
    return status;
}

void dk_row_set_free(dk_row_set *set)
{
    if (set == NULL)
        return;
    free(set->rows);
    free(set->figures);
    free(set->bits);
    free(set);
}

size_t dk_row_set_count(const dk_row_set *set)
{
    return set->n;
}

size_t dk_row_set_bytes(const dk_row_set *set)
{
    return sizeof *set + set->capacity * sizeof *set->rows + set->figures_capacity * sizeof *set->figures +
           set->n_bits / 8;
}

bool dk_row_set_has(const dk_row_set *set, int64_t row)
{
    const uint64_t bit = (uint64_t)row - (uint64_t)set->first_row;
    return bit < set->n_bits && set->bits[bit / 64] >> bit % 64 & 1;
}

bool dk_row_set_measure(const dk_row_set *set, const dk_kind *kind, int64_t row, dk_grid_sum *sums)
{
    if (!dk_row_set_has(set, row))
        return false;
    size_t low = 0, high = set->n - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (set->rows[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    dk_grid_measures_add(kind, set->figures + low * set->n_figures, sums);
    return true;
}
