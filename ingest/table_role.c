/* What a row of a table is: data, or a total, a label, a footer, the header again; or the head of a second table. */
#include "ingest/table_internal.h"
#include "ingest/table_words.h"
#include "ingest/values.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool repeats_header(const dk_source *source)
{
    const struct dk_source_table *table = source->table;
    dk_buf text;
    dk_buf_init(&text);
    bool found = false;
    for (size_t i = table->top; i <= table->bottom && !found; i++) {
        size_t n = 0;
        bool same = true;
        for (size_t c = 0; c < source->n_raw && same; c++) {
            const dk_cell *cell = &source->raw[c];
            if (dk_cell_blank(cell) || (cell->merged_rows > 0 && !cell->merged_first))
                continue;
            dk_buf_clear(&text);
            dk_cell_append(cell, &text);
            const char *written = dk_buf_cstr(&text);
            same = written != NULL && strcmp(written, dk_table_head_text(&table->rows[i], c)) == 0;
            n++;
        }
        found = same && n >= 2;
    }
    dk_buf_finish(&text);
    return found;
}

/* 1, (1), ① and 3=1+2 as the number of a column. */
static bool is_column_number(struct dk_source_table *table, const dk_cell *cell, long wanted)
{
    dk_buf text;
    dk_buf_init(&text);
    dk_cell_append(cell, &text);
    const char *written = dk_buf_cstr(&text), *folded = written != NULL ? dk_table_fold(table, written) : NULL;
    bool same = false;
    if (folded != NULL) {
        char *end;
        folded += *folded == '(';
        same = isdigit((unsigned char)*folded) && strtol(folded, &end, 10) == wanted &&
               (*end == '\0' || *end == '=' || strcmp(end, ")") == 0);
    }
    dk_buf_finish(&text);
    return same;
}

bool dk_table_numbers_columns(const dk_source *source)
{
    static const char *const words[] = {"甲", "乙", "丙", "丁", "戊", "栏次", "列次", "栏号"};
    long numbers = 0;
    size_t first = 0;
    for (size_t c = 0; c < source->n_raw; c++) {
        const dk_cell *cell = &source->raw[c];
        if (dk_cell_blank(cell))
            continue;
        if (is_column_number(source->table, cell, numbers + 1)) {
            numbers++;
            continue;
        }
        char word[64];
        bool known = false;
        dk_table_squeeze(cell, word);
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            known |= strcmp(word, words[i]) == 0;
        if (numbers > 0 || !known)
            return false;
        first++;
    }
    return numbers >= 3 && first + (size_t)numbers >= 4 && first + (size_t)numbers + 1 >= source->n_columns;
}

/* ---- a second table below the first ---- */

/* Whether a cell says what a column's name says, units and brackets aside. */
static bool is_name(const struct dk_source_table *table, const dk_cell *cell)
{
    if (cell->type != DK_CELL_TEXT || cell->size == 0)
        return false;
    size_t n = strcspn(cell->text, "(/");
    const char *wide = strstr(cell->text, "（");
    n = wide != NULL && (size_t)(wide - cell->text) < n ? (size_t)(wide - cell->text) : n;
    for (size_t i = table->top; n > 0 && i <= table->bottom; i++)
        for (size_t c = 0; c < table->rows[i].n; c++) {
            const char *name = table->rows[i].texts[c];
            if (strncmp(name, cell->text, n) == 0 &&
                (name[n] == '\0' || name[n] == '(' || name[n] == '/' || strncmp(name + n, "（", 3) == 0))
                return true;
        }
    return false;
}

/* Names of columns, most of the row's cells: a header that is not the first one again. */
static bool is_other_header(const dk_source *source)
{
    size_t own = 0, names = 0;
    for (size_t c = 0; c < source->n_raw; c++) {
        const dk_cell *cell = &source->raw[c];
        if (dk_cell_blank(cell) || (cell->merged_rows > 0 && !cell->merged_first))
            continue;
        own++;
        names += is_name(source->table, cell);
        if (own == 2 && names == 0) /* as in all rows but headers */
            return false;
    }
    return names >= 2 && 2 * names > own;
}

static bool is_own(const dk_cell *cell)
{
    return !dk_cell_blank(cell) && (cell->merged_rows == 0 || cell->merged_first);
}

size_t dk_table_units_of_row(const dk_source *source, bool title, dk_unit_line *ret_line)
{
    static const char *const saying[] = {"单位", ":", "：", "以"};
    size_t own = 0;
    *ret_line = (dk_unit_line){.n = 0};
    for (size_t c = 0; c < source->n_raw && own <= 2; c++)
        own += is_own(&source->raw[c]);
    for (size_t c = 0; c < source->n_raw && own <= 2; c++) {
        const dk_cell *cell = &source->raw[c];
        bool says = own == 1;
        if (cell->type != DK_CELL_TEXT || !is_own(cell))
            continue;
        for (size_t i = 0; i < sizeof saying / sizeof *saying && !says; i++)
            says = memmem(cell->text, cell->size, saying[i], strlen(saying[i])) != NULL;
        if (says)
            dk_table_read_unit_line(source->table, cell->text, title, ret_line);
    }
    return own;
}

/* A line that says nothing but units, perhaps beside a title or a date. */
static bool is_unit_line(const dk_source *source, dk_unit_line *ret_line)
{
    return dk_table_units_of_row(source, false, ret_line) <= 2 && (ret_line->n > 0 || ret_line->unclear);
}

static bool same_units(const struct dk_source_table *table, const dk_unit_line *line)
{
    bool same = !line->unclear;
    for (size_t i = 0; i < line->n; i++) {
        bool found = false;
        for (size_t k = 0; k < table->n_units; k++)
            found |= line->units[i].dimension == table->units[k].dimension &&
                     line->units[i].num == table->units[k].num && line->units[i].den == table->units[k].den;
        same &= found;
    }
    return same;
}

bool dk_table_says_other_units(const dk_source *source, dk_unit_line *line)
{
    const struct dk_source_table *table = source->table;
    bool money = false;
    for (size_t i = 0; i < table->n_units; i++)
        money |= table->units[i].dimension == DK_UNIT_MONEY;
    for (size_t i = 0; i < line->n && !money; i++)
        if (line->units[i].dimension == DK_UNIT_MONEY && line->units[i].num == line->units[i].den)
            line->units[i] = line->units[--line->n];
    return (line->n > 0 || line->unclear) && !same_units(table, line);
}

dk_status dk_table_second(const dk_source *source, bool units, dk_error *err)
{
    return dk_fail(
        err, DK_INVALID,
        "%s, row %lld: a second table begins here, with %s than the first; put each table into a sheet or a file of "
        "its own",
        source->path, (long long)source->row, units ? "other units" : "other columns, or in another order or unit,");
}

dk_status dk_table_check_second(const dk_source *source, bool *ret_left_out, dk_error *err)
{
    dk_unit_line line;
    const bool units = is_unit_line(source, &line);
    *ret_left_out = units && same_units(source->table, &line);
    return (units && !*ret_left_out) || is_other_header(source) ? dk_table_second(source, units, err) : DK_OK;
}

/* A number, perhaps with its unit; but no date. */
static bool is_amount(const dk_cell *cell, const char *word)
{
    double number;
    const char *behind;
    dk_unit unit;
    return cell->type == DK_CELL_REAL || cell->type == DK_CELL_INTEGER ||
           (dk_number_from_text(word, &number, &behind) &&
            (*behind == '\0' || dk_unit_parse(behind, strlen(behind), &unit)));
}

dk_row_role dk_table_role_of(const dk_source *source)
{
    size_t own = 0, numbers = 0, leading = 0;
    bool total = false, perhaps = false, footer = false, ordinal = false;
    for (size_t c = 0; c < source->n_raw; c++) {
        const dk_cell *cell = &source->raw[c];
        char word[64];
        if (dk_cell_blank(cell) || (cell->merged_rows > 0 && !cell->merged_first))
            continue;
        dk_table_squeeze(cell, word);
        const bool number = cell->type == DK_CELL_REAL || cell->type == DK_CELL_INTEGER ||
                            (word[0] != '\0' && strspn(word, "0123456789.,-") == strlen(word));
        total |= perhaps && is_amount(cell, word);
        /* Before the amounts, perhaps behind the number of the row: a column may say 合计 of something else. Where what
         * the rows have in common is written in the sum, too (5, 周寨村, 小计, or 5, 2020, 小计), amounts follow the
         * word. */
        const bool before = numbers == 0 || (numbers == 1 && own == 1);
        if (before || numbers == leading) {
            const bool sum = dk_is_total_word(word) || dk_is_made_total(cell);
            total |= before && (sum || dk_is_count_word(word));
            perhaps |= sum;
        } else {
            perhaps |= dk_is_bare_total(word);
        }
        if (own == 0 && (dk_is_footer_word(word) || dk_is_page_word(word)))
            footer = true;
        ordinal |= own == 0 && dk_is_ordinal(word);
        leading += own == 0 && number;
        own++;
        numbers += number;
    }
    /* 周寨镇 in one cell over most columns, or 一、周寨镇 alone in the first, above the rows of that township */
    const bool label = own == 1 && numbers == 0 &&
                       ((source->table->spanned > 1 && 2 * source->table->spanned >= source->n_columns) ||
                        (ordinal && source->n_columns > 2));
    footer &= numbers == 0 && 2 * own <= source->n_columns + 1;
    return total                    ? DK_ROW_TOTAL
           : label                  ? DK_ROW_LABEL
           : footer                 ? DK_ROW_FOOTER
           : repeats_header(source) ? DK_ROW_HEADER
                                    : DK_ROW_DATA;
}
