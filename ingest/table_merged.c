/* Merged cells of a sheet: their value stands in all rows, and nothing of what they cover is read. */
#include "ingest/table_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_place(const void *a, const void *b)
{
    const dk_sheet_merge *p = a, *q = b;
    return p->first_row != q->first_row        ? (p->first_row < q->first_row ? -1 : 1)
           : p->first_column < q->first_column ? -1
                                               : p->first_column > q->first_column;
}

dk_status dk_table_keep_merges(dk_source *source, struct dk_source_table *table, dk_error *err)
{
    const dk_sheet_merge *merges;
    const size_t n = source->sheet != NULL ? dk_sheet_merges(source->sheet, &merges) : 0;
    if (n == 0)
        return DK_OK;
    table->merges = malloc(n * sizeof *table->merges);
    if (table->merges == NULL)
        return dk_table_no_memory(source, err);
    memcpy(table->merges, merges, n * sizeof *merges);
    table->n_merges = n;
    qsort(table->merges, n, sizeof *table->merges, by_place);
    return DK_OK;
}

const dk_sheet_merge *dk_table_span_at(const struct dk_source_table *table, int64_t row, size_t column)
{
    for (size_t m = 0; m < table->n_merges && table->merges[m].first_row <= row; m++) {
        const dk_sheet_merge *merge = &table->merges[m];
        if (merge->last_row >= row && merge->last_column > merge->first_column && column >= merge->first_column &&
            column <= merge->last_column)
            return merge;
    }
    return NULL;
}

static size_t named_columns(const dk_source *source, size_t first, size_t last, const char *ret_names[2])
{
    size_t n = 0;
    for (size_t i = 0; i < source->n_columns; i++)
        if (source->raw_index[i] >= first && source->raw_index[i] <= last) {
            if (n < 2)
                ret_names[n] = source->columns[i].name;
            n++;
        }
    return n;
}

static bool hold(struct dk_source_table *table, const dk_sheet_merge *merge, const dk_cell *cell)
{
    const size_t column = merge->first_column;
    if (column >= table->n_held) {
        dk_table_held *more = realloc(table->held, (column + 1) * sizeof *more);
        if (more == NULL)
            return false;
        table->held = more;
        for (; table->n_held <= column; table->n_held++) {
            table->held[table->n_held] = (dk_table_held){0};
            dk_buf_init(&table->held[table->n_held].text);
        }
    }
    dk_table_held *h = &table->held[column];
    h->merge = *merge;
    h->cell = *cell;
    h->cell.merged_first = false;
    dk_buf_clear(&h->text);
    dk_buf_append(&h->text, cell->text, cell->size);
    return dk_buf_cstr(&h->text) != NULL;
}

/* What a merged cell covers is not shown, and nobody sees that it is in the file: WPS and the format brush leave it
 * there. */
static void clear_covered(dk_source *source, size_t first, size_t last)
{
    for (size_t c = first; c <= last && c < source->n_raw; c++)
        source->raw[c] = (dk_cell){.text = ""};
}

/* How many columns with names a merged cell lies over; of a value that may be of several of them the row has a problem.
 */
static size_t check_span(dk_source *source, const dk_sheet_merge *merge)
{
    const char *names[2] = {"", ""};
    const size_t named = merge->last_column > merge->first_column
                             ? named_columns(source, merge->first_column, merge->last_column, names)
                             : 0;
    if (named > 1 && source->problem[0] == '\0') {
        char from[32], to[32];
        dk_sheet_cell_name(merge->first_column, merge->first_row, from);
        dk_sheet_cell_name(merge->last_column, merge->last_row, to);
        snprintf(source->problem, sizeof source->problem,
                 "the cells %s to %s are merged over the columns %.100s and %.100s, so whose value it is cannot be "
                 "told; take the cells apart",
                 from, to, names[0], names[1]);
    }
    return named;
}

/* Merged cells that begin in the row, or in one before it that the file does not have. */
static bool begin_merges(dk_source *source)
{
    struct dk_source_table *table = source->table;
    const dk_cell nothing = {.text = ""};
    table->spanned = 0;
    for (; table->next_merge < table->n_merges && table->merges[table->next_merge].first_row <= source->row;
         table->next_merge++) {
        const dk_sheet_merge *merge = &table->merges[table->next_merge];
        const bool begins = merge->first_row == source->row;
        if (merge->last_row < source->row)
            continue;
        clear_covered(source, merge->first_column + begins, merge->last_column);
        if (!begins || merge->first_column >= source->n_raw || dk_cell_blank(&source->raw[merge->first_column])) {
            if (merge->last_row > source->row && !hold(table, merge, &nothing))
                return false;
            continue;
        }
        dk_cell *cell = &source->raw[merge->first_column];
        const size_t named = check_span(source, merge);
        table->spanned = named > table->spanned ? named : table->spanned;
        if (merge->last_row > merge->first_row) {
            cell->merged_rows = merge->last_row - merge->first_row + 1;
            cell->merged_first = true;
            if (!hold(table, merge, cell))
                return false;
        }
    }
    return true;
}

dk_status dk_table_fill_merged(dk_source *source, bool *ret_own, dk_error *err)
{
    struct dk_source_table *table = source->table;
    bool own = false;
    for (size_t c = 0; c < table->n_held; c++)
        if (table->held[c].merge.last_row >= source->row)
            clear_covered(source, c, table->held[c].merge.last_column);
    if (!begin_merges(source))
        return dk_table_no_memory(source, err);
    for (size_t i = 0; i < source->n_raw && !own; i++)
        own = !dk_cell_blank(&source->raw[i]);
    for (size_t c = 0; own && c < table->n_held; c++) {
        dk_table_held *h = &table->held[c];
        if (h->merge.last_row < source->row || h->cell.merged_rows == 0)
            continue;
        if (!dk_source_raw_extend(source, c + 1))
            return dk_table_no_memory(source, err);
        if (!dk_cell_blank(&source->raw[c]))
            continue;
        check_span(source, &h->merge);
        source->raw[c] = h->cell;
        source->raw[c].text = (const char *)h->text.data;
    }
    *ret_own = own;
    return DK_OK;
}
