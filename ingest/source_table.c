/* Tables, sheets and CSV, as people keep them: titles above a header of one row or several, merged cells, a line that
 * says the unit, rows of totals. What is decided is said in the notes; nothing is moved and no row vanishes uncounted.
 */
#include "ingest/table_internal.h"

#include "ingest/columns.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dk_status dk_table_no_memory(const dk_source *source, dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
}

const char *dk_table_fold(struct dk_source_table *table, const char *text)
{
    return dk_column_fold(text, &table->scratch) ? (const char *)table->scratch.data : NULL;
}

void dk_table_read_unit_line(struct dk_source_table *table, const char *text, bool title, dk_unit_line *line)
{
    dk_buf_clear(&table->scratch);
    dk_text_fold(text, strlen(text), &table->scratch);
    const char *folded = dk_buf_cstr(&table->scratch);
    if (folded != NULL)
        dk_unit_line_read(folded, title, line);
}

/* ---- opening ---- */

/* Remembers which columns the row has values in. */
static bool note_filled(const dk_source *source, struct dk_source_table *table)
{
    if (source->n_raw > table->n_last) {
        int64_t *more = realloc(table->last, source->n_raw * sizeof *more);
        if (more == NULL)
            return false;
        table->last = more;
        memset(more + table->n_last, 0, (source->n_raw - table->n_last) * sizeof *more);
        table->n_last = source->n_raw;
    }
    for (size_t i = 0; i < source->n_raw; i++)
        if (source->raw[i].type != DK_CELL_EMPTY)
            table->last[i] = source->row;
    return true;
}

dk_status dk_source_table_open(dk_source *source, const dk_source_options *options, dk_error *err)
{
    struct dk_source_table *table = source->table = calloc(1, sizeof *table);
    if (table == NULL)
        return dk_table_no_memory(source, err);
    dk_buf_init(&table->notes);
    dk_buf_init(&table->scratch);
    dk_status status = DK_OK;
    /* A sheet is gone through once: its merged cells may stand behind its rows. */
    while ((table->n_rows < DK_HEADER_ROWS || source->sheet != NULL) &&
           (status = dk_source_raw_next(source, err)) == DK_OK) {
        bool blank = true;
        for (size_t i = 0; i < source->n_raw && blank; i++)
            blank = dk_cell_blank(&source->raw[i]);
        if (source->sheet != NULL && !note_filled(source, table))
            return dk_table_no_memory(source, err);
        if (!blank && table->n_rows < DK_HEADER_ROWS && (status = dk_table_keep_head(source, table, err)) != DK_OK)
            return status;
    }
    if (status != DK_OK && status != DK_END)
        return status;
    if (table->n_rows == 0)
        return dk_fail(err, DK_INVALID, "%s: the table is empty", source->path);
    if ((status = dk_table_keep_merges(source, table, err)) != DK_OK ||
        (status = dk_table_spread_heads(source, table, err)) != DK_OK)
        return status;
    dk_table_find_header(table, options);
    dk_table_read_units(table);
    if ((status = dk_table_continue_heads(source, table, err)) != DK_OK ||
        (status = dk_table_name_columns(source, table, options, err)) != DK_OK)
        return status;
    status = source->csv != NULL ? dk_csv_rewind(source->csv, err) : dk_sheet_rewind(source->sheet, err);
    do {
        if (status == DK_OK)
            status = dk_source_raw_next(source, err);
        if (status == DK_OK && source->problem[0] != '\0' && source->row >= table->rows[table->top].number)
            status =
                dk_fail(err, DK_INVALID, "%s, row %lld: %s", source->path, (long long)source->row, source->problem);
    } while (status == DK_OK && source->row < source->header_row);
    return status;
}

void dk_source_table_close(struct dk_source_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->n_rows; i++) {
        for (size_t c = 0; c < table->rows[i].n; c++)
            free(table->rows[i].texts[c]);
        free(table->rows[i].texts);
    }
    for (size_t i = 0; i < table->n_held; i++)
        dk_buf_finish(&table->held[i].text);
    free(table->held);
    free(table->last);
    free(table->merges);
    dk_buf_finish(&table->notes);
    dk_buf_finish(&table->scratch);
    free(table);
}

/* ---- rows ---- */

/* Whether the row of a rejects file stands for a file that could not be read: it names that and the reason alone. */
static bool names_file(const dk_source *source)
{
    const size_t n = dk_columns_of_rejects(source->columns, source->n_columns);
    if (n == 0 || dk_cell_blank(&source->raw[source->raw_index[0]]))
        return false;
    for (size_t c = 0; c < source->n_raw; c++)
        if (c != source->raw_index[0] && c != source->raw_index[n - 1] && !dk_cell_blank(&source->raw[c]))
            return false;
    return true;
}

/* Cells outside the header's columns are not dropped without a word. */
static void check_outside(dk_source *source)
{
    size_t column = 0;
    for (size_t i = 0; i < source->n_raw && source->problem[0] == '\0'; i++) {
        while (column < source->n_columns && source->raw_index[column] < i)
            column++;
        const bool named = (column < source->n_columns && source->raw_index[column] == i) ||
                           (int)i == source->wkt_index || (int)i == source->boundary_index;
        if (!named && !dk_cell_blank(&source->raw[i]))
            snprintf(
                source->problem, sizeof source->problem,
                "there is a value in column %zu, which has no name in the header (row %lld); name the column, or take "
                "the value out",
                i + 1, (long long)source->header_row);
    }
}

static void add_named(dk_named_rows *rows, int64_t row)
{
    if (rows->n < DK_NAMED_ROWS)
        rows->first[rows->n] = row;
    rows->n++;
}

/* rows 3, 5, 7 and 12 more were */
static void name_rows(const dk_named_rows *rows, dk_buf *notes)
{
    dk_buf_text(notes, rows->n == 1 ? "row " : "rows ");
    for (int64_t i = 0; i < rows->n && i < DK_NAMED_ROWS; i++)
        dk_buf_format(notes, "%s%lld", i > 0 ? ", " : "", (long long)rows->first[i]);
    if (rows->n > DK_NAMED_ROWS)
        dk_buf_format(notes, " and %lld more", (long long)(rows->n - DK_NAMED_ROWS));
    dk_buf_text(notes, rows->n == 1 ? " was " : " were ");
}

dk_status dk_source_table_next(dk_source *source, dk_error *err)
{
    struct dk_source_table *table = source->table;
    for (;;) {
        bool own = false;
        dk_status status = dk_source_raw_next(source, err);
        if (status != DK_OK || (status = dk_table_fill_merged(source, &own, err)) != DK_OK)
            return status;
        if (!own)
            continue;
        if (names_file(source)) {
            add_named(&table->files, source->row);
            continue;
        }
        dk_unit_line line;
        const dk_row_role role = dk_table_role_of(source);
        bool left_out = role != DK_ROW_DATA || (!table->data_begun && dk_table_numbers_columns(source));
        if (!left_out && (status = dk_table_check_second(source, &left_out, err)) != DK_OK)
            return status;
        if (role == DK_ROW_LABEL || role == DK_ROW_FOOTER) {
            dk_table_units_of_row(source, role == DK_ROW_LABEL, &line);
            const bool other = dk_table_says_other_units(source, &line);
            if (other && role == DK_ROW_LABEL)
                return dk_table_second(source, true, err);
            if (other && table->late_units == 0)
                table->late_units = source->row;
        }
        table->data_begun = !left_out;
        if (!left_out) {
            check_outside(source);
            if (source->hidden)
                add_named(&table->hidden, source->row);
            return DK_OK;
        }
        add_named(&table->left_out, source->row);
    }
}

int64_t dk_source_left_out(const dk_source *source)
{
    return source->table != NULL ? source->table->left_out.n + source->table->files.n : 0;
}

size_t dk_source_units(const dk_source *source, const dk_unit **ret_units)
{
    *ret_units = source->table != NULL ? source->table->units : NULL;
    return source->table != NULL ? source->table->n_units : 0;
}

static void name_hidden_columns(const dk_source *source)
{
    enum { NAMED = 20 };
    dk_buf *notes = &source->table->notes;
    size_t n = 0;
    for (size_t i = 0; source->sheet != NULL && i < source->n_columns; i++)
        if (source->raw_index[i] != SIZE_MAX && dk_sheet_column_hidden(source->sheet, source->raw_index[i]) &&
            n++ < NAMED)
            dk_buf_format(notes, "%s%s", n > 1 ? ", " : "the sheet hides columns that count like the others, ",
                          source->columns[i].name);
    if (n > NAMED)
        dk_buf_format(notes, " and %zu more", n - NAMED);
    if (n > 0)
        dk_buf_text(notes, ": leave out with --ignore what is no part of the table\n");
}

const char *dk_source_table_notes(dk_source *source)
{
    struct dk_source_table *table = source->table;
    dk_buf_clear(&table->notes);
    if (table->left_out.n > 0) {
        name_rows(&table->left_out, &table->notes);
        dk_buf_text(
            &table->notes,
            "left out: totals (合计), the header again, numbers of the columns, labels of groups, or what stands below a table\n");
    }
    if (table->files.n > 0) {
        name_rows(&table->files, &table->notes);
        dk_buf_format(&table->notes, "left out: %s of a file that could not be read; load that file itself\n",
                      table->files.n == 1 ? "it tells" : "they tell");
    }
    if (table->hidden.n > 0) {
        name_rows(&table->hidden, &table->notes);
        dk_buf_format(
            &table->notes,
            "read like the others, though the sheet hides %s, by a filter or by hand; if %s no part of the table, delete "
            "%s there\n",
            table->hidden.n == 1 ? "it" : "them", table->hidden.n == 1 ? "it is" : "they are",
            table->hidden.n == 1 ? "it" : "them");
    }
    name_hidden_columns(source);
    if (table->unclear_row > 0)
        dk_buf_format(
            &table->notes,
            "row %lld above the header says 单位, but not which in words that are known, or two of one kind, so nothing "
            "was converted by that; say the unit in the names of the columns, such as 补偿总额（万元）\n",
            (long long)table->unclear_row);
    if (table->late_units > 0)
        dk_buf_format(
            &table->notes,
            "row %lld, below the table, says units, and nothing was converted by that; say them above the header, or in "
            "the names of the columns, such as 补偿总额（万元）\n",
            (long long)table->late_units);
    if (source->mining != NULL)
        dk_buf_text(&table->notes, dk_source_mining_notes(source));
    const char *text = dk_buf_cstr(&table->notes);
    return text != NULL ? text : "";
}
