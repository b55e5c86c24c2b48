/* Tables, sheets and CSV, as people keep them: titles above a header of one row or several, merged cells, a line that
 * says the unit, rows of totals. What is decided is said in the notes; nothing is moved and no row vanishes uncounted.
 */
#include "ingest/source_internal.h"

#include "ingest/columns.h"
#include "ingest/mining_boundary.h"
#include "ingest/unit_line.h"
#include "ingest/values.h"
#include "store/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    HEADER_ROWS = 20, /* how far down a header is looked for */
    NAMED_ROWS = 20,  /* so many rows that were left out are named one by one */
    MOST_HEAD = 4096  /* bytes of one cell of the header that count */
};

typedef struct head_row {
    int64_t number;
    char **texts; /* "" where there is nothing */
    size_t n;
    bool units; /* of the header: the row that says the units of the columns */
} head_row;

/* A merged cell's value, for the rows below the first. */
typedef struct held {
    dk_sheet_merge merge; /* last_row 0: nothing is held */
    dk_cell cell;
    dk_buf text;
} held;

/* The label of a group of rows stands above them, a footer below all. */
typedef enum row_role { ROW_DATA, ROW_TOTAL, ROW_LABEL, ROW_FOOTER, ROW_HEADER } row_role;

/* Rows that a note names. */
typedef struct named_rows {
    int64_t n, first[NAMED_ROWS];
} named_rows;

struct dk_source_table {
    head_row rows[HEADER_ROWS]; /* the first of the file */
    size_t n_rows, top, bottom; /* top to bottom are the header */
    int64_t *last;              /* of each raw column of a sheet, the last row with a value in it */
    size_t n_last;
    dk_sheet_merge *merges; /* by first row, first column */
    size_t n_merges, next_merge;
    held *held; /* by raw column */
    size_t n_held;
    dk_unit units[DK_UNIT_LINE_MOST]; /* that a line above the header gives */
    size_t n_units;
    int64_t unclear_row; /* one that says 单位, and what is not understood; 0: none */
    int64_t late_units;  /* a row below the table that says units of it; 0: none */
    named_rows left_out, hidden;
    named_rows files; /* of a rejects file: rows that stand for a file that was left out */
    size_t spanned;   /* columns with names that one merged cell of the row covers */
    bool data_begun;  /* a row of data has come since the header, or since it came again */
    dk_buf notes, scratch;
};

static dk_status no_memory(const dk_source *source, dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
}

/* ---- the first rows ---- */

static const char *text_at(const head_row *row, size_t column)
{
    return column < row->n ? row->texts[column] : "";
}

/* Under NFKC, without blanks. NULL: out of memory. */
static const char *fold(struct dk_source_table *table, const char *text)
{
    return dk_column_fold(text, &table->scratch) ? (const char *)table->scratch.data : NULL;
}

static dk_status keep_head(dk_source *source, struct dk_source_table *table, dk_error *err)
{
    head_row *row = &table->rows[table->n_rows];
    row->number = source->row;
    row->texts = calloc(source->n_raw + 1, sizeof *row->texts);
    if (row->texts == NULL)
        return no_memory(source, err);
    table->n_rows++;
    dk_buf text;
    dk_buf_init(&text);
    for (; row->n < source->n_raw; row->n++) {
        dk_buf_clear(&text);
        if (!dk_cell_blank(&source->raw[row->n]))
            dk_cell_append(&source->raw[row->n], &text);
        const char *whole = dk_buf_cstr(&text);
        if (whole == NULL || (row->texts[row->n] = strndup(whole, MOST_HEAD)) == NULL) {
            dk_buf_finish(&text);
            return no_memory(source, err);
        }
    }
    dk_buf_finish(&text);
    return DK_OK;
}

/* Room for a text at a place of a head row. */
static bool widen(head_row *row, size_t n)
{
    if (n <= row->n)
        return true;
    char **texts = realloc(row->texts, (n + 1) * sizeof *texts);
    if (texts == NULL)
        return false;
    row->texts = texts;
    for (; row->n < n; row->n++)
        if ((row->texts[row->n] = strdup("")) == NULL)
            return false;
    return true;
}

/* A merged cell of the head stands in all its places. */
static dk_status spread_heads(dk_source *source, struct dk_source_table *table, dk_error *err)
{
    enum { MOST_COLUMNS = 16384 };
    for (size_t m = 0; m < table->n_merges; m++) {
        const dk_sheet_merge *merge = &table->merges[m];
        const char *text = NULL;
        for (size_t i = 0; i < table->n_rows; i++) {
            head_row *row = &table->rows[i];
            if (row->number < merge->first_row || row->number > merge->last_row)
                continue;
            if (row->number == merge->first_row)
                text = text_at(row, merge->first_column);
            if (text == NULL || *text == '\0' || merge->last_column >= MOST_COLUMNS)
                continue;
            char *copy = strdup(text); /* widening may move what text points to */
            bool good = copy != NULL && widen(row, merge->last_column + 1);
            for (size_t c = merge->first_column; good && c <= merge->last_column; c++)
                if (row->texts[c][0] == '\0') {
                    free(row->texts[c]);
                    good = (row->texts[c] = strdup(copy)) != NULL;
                    if (!good)
                        row->texts[c] = NULL, row->n = c;
                }
            free(copy);
            if (!good)
                return no_memory(source, err);
            if (row->number == merge->first_row)
                text = text_at(row, merge->first_column);
        }
    }
    return DK_OK;
}

/* ---- which of them are the header ---- */

static bool is_known(const dk_source_options *options, const char *text)
{
    return *text != '\0' && options->is_column != NULL && options->is_column(text, options->user);
}

static size_t count_known(const head_row *row, const dk_source_options *options)
{
    size_t n = 0;
    for (size_t c = 0; c < row->n; c++)
        n += is_known(options, row->texts[c]) && (c == 0 || strcmp(row->texts[c], row->texts[c - 1]) != 0);
    return n;
}

/* The first column that has something; n: none. */
static size_t first_text(const head_row *row)
{
    size_t c = 0;
    while (c < row->n && row->texts[c][0] == '\0')
        c++;
    return c;
}

static size_t count_different(const head_row *row)
{
    size_t n = 0;
    for (size_t c = 0; c < row->n; c++)
        n += row->texts[c][0] != '\0' && (c == 0 || strcmp(row->texts[c], row->texts[c - 1]) != 0);
    return n;
}

/* Whether some merged cell reaches from one row into the other. */
static bool tied(const struct dk_source_table *table, int64_t above, int64_t below)
{
    for (size_t m = 0; m < table->n_merges && table->merges[m].first_row <= above; m++)
        if (table->merges[m].last_row >= below)
            return true;
    return false;
}

/* The merged cell that spans several columns of one row at a column; NULL: none. */
static const dk_sheet_merge *span_at(const struct dk_source_table *table, int64_t row, size_t column)
{
    for (size_t m = 0; m < table->n_merges && table->merges[m].first_row <= row; m++) {
        const dk_sheet_merge *merge = &table->merges[m];
        if (merge->last_row >= row && merge->last_column > merge->first_column && column >= merge->first_column &&
            column <= merge->last_column)
            return merge;
    }
    return NULL;
}

static bool has_span(const struct dk_source_table *table, const head_row *row)
{
    for (size_t c = 0; c < row->n; c++)
        if (span_at(table, row->number, c) != NULL)
            return true;
    return false;
}

/* Adds what a text says about units. */
static void read_unit_line(struct dk_source_table *table, const char *text, bool title, dk_unit_line *line)
{
    dk_buf_clear(&table->scratch);
    dk_text_fold(text, strlen(text), &table->scratch);
    const char *folded = dk_buf_cstr(&table->scratch);
    if (folded != NULL)
        dk_unit_line_read(folded, title, line);
}

/* A line that says the units of the table, or who fills it in, in merged cells side by side: it is above the header,
 * not of it. Heads may say units, too, but in brackets behind a name: 补偿费用（单位：万元）, or beside names of
 * columns. */
static bool is_line_of_units(struct dk_source_table *table, const dk_source_options *options, const head_row *row)
{
    const bool heads = count_known(row, options) > 0;
    for (size_t c = 0; c < row->n; c++) {
        const char *text = fold(table, row->texts[c]), *label = text != NULL ? strstr(text, "单位") : NULL;
        const char *bracket = label != NULL ? strchr(text, '(') : NULL;
        dk_unit_line line = {.n = 0};
        if (label == NULL ? heads : bracket != NULL && bracket > text && bracket < label)
            continue;
        if (label != NULL && strcmp(label, "单位:") == 0) /* the next cell goes on */
            return true;
        read_unit_line(table, row->texts[c], false, &line);
        if (line.n > 0 || line.unclear)
            return true;
    }
    return false;
}

/* A unit alone, perhaps in brackets: its text goes to ret. */
static bool is_unit(struct dk_source_table *table, const char *text, char ret[32])
{
    const char *folded = fold(table, text);
    size_t size = folded != NULL ? strlen(folded) : 0;
    if (size > 2 && folded[0] == '(' && folded[size - 1] == ')') {
        folded++;
        size -= 2;
    }
    dk_unit unit;
    if (size == 0 || size >= 32 || !dk_unit_parse_said(folded, size, &unit))
        return false;
    memcpy(ret, folded, size);
    ret[size] = '\0';
    return true;
}

/* What stands in a row of units where a column has none, or is counted. */
static bool is_no_unit(struct dk_source_table *table, const char *text)
{
    static const char *const words[] = {"单位",   "计量单位", "-",  "—",  "——", "/", "无",
                                        "年月日", "户",       "人", "宗", "个", "%"};
    const char *folded = fold(table, text);
    for (size_t i = 0; folded != NULL && i < sizeof words / sizeof *words; i++)
        if (strcmp(folded, words[i]) == 0)
            return true;
    return false;
}

static bool only_units(struct dk_source_table *table, const head_row *row)
{
    size_t n = 0;
    char unit[32];
    for (size_t c = 0; c < row->n; c++)
        if (row->texts[c][0] != '\0' && is_unit(table, row->texts[c], unit))
            n++;
        else if (row->texts[c][0] != '\0' && !is_no_unit(table, row->texts[c]))
            return false;
    return n > 0;
}

/* Whether all that the row has lies under heads that span several columns. */
static bool below_spans(const struct dk_source_table *table, const head_row *above, const head_row *row)
{
    size_t n = 0;
    for (size_t c = 0; c < row->n; c++)
        if (row->texts[c][0] != '\0') {
            const dk_sheet_merge *span = span_at(table, above->number, c);
            if (span == NULL || span->last_row >= row->number)
                return false;
            n++;
        }
    return n > 0;
}

/* Whether what a row has stands below single heads, as data do: a label beside a table may be merged over header and
 * rows. */
static bool below_leaves(const struct dk_source_table *table, const head_row *above, const head_row *row)
{
    size_t own = 0, leaves = 0;
    for (size_t c = 0; c < row->n; c++) {
        const char *text = row->texts[c], *head = text_at(above, c);
        if (*text == '\0' || strcmp(text, head) == 0)
            continue;
        own++;
        leaves += *head != '\0' && span_at(table, above->number, c) == NULL;
    }
    return leaves >= 2 && 2 * leaves > own;
}

/* Whether a name ends in a unit in brackets, perhaps with others behind it, 费用(万元)(含税): its text goes to ret. */
static bool unit_of(struct dk_source_table *table, const char *name, char ret[32])
{
    char text[256], end[34]; /* is_unit folds into the same scratch */
    const char *folded = fold(table, name);
    size_t size = folded != NULL && strlen(folded) < sizeof text ? strlen(folded) : 0;
    memcpy(text, size > 0 ? folded : "", size);
    while (size > 0 && text[size - 1] == ')') {
        const char *open = memrchr(text, '(', size);
        if (open == NULL || open == text)
            return false;
        const size_t group = size - (size_t)(open - text);
        if (group > 2 && group < sizeof end) {
            dk_text_copy(end, sizeof end, open, group);
            if (is_unit(table, end, ret))
                return true;
        }
        size -= group;
    }
    return false;
}

/* Whether a row has heads over those of the row below, though nothing is merged, as in a CSV: one says a unit at its
 * end, or known names stand where the row below has none. What stands over the first column and says a unit is a title,
 * and a known name over a name a label of something else: 项目名称, with the project's name beside it. */
static bool has_heads_over(struct dk_source_table *table, const dk_source_options *options, const head_row *above,
                           const head_row *row)
{
    char unit[32];
    size_t units = 0, beside = 0;
    const size_t first = first_text(row);
    for (size_t c = 0; c < above->n; c++) {
        const char *text = above->texts[c];
        if (*text == '\0')
            continue;
        const bool known = is_known(options, text), over = *text_at(row, c) != '\0';
        if (known == over && strcmp(text, text_at(row, c)) != 0)
            return false;
        units += over && c != first && unit_of(table, text, unit);
        beside += !over;
    }
    return units + beside > 0;
}

/* Of the first rows the one with the most known names, else the first; then those above and below that belong to it. */
static void find_header(struct dk_source_table *table, const dk_source_options *options)
{
    size_t best = 0, most = 0;
    for (size_t i = 0; i < table->n_rows; i++) {
        const size_t known = count_known(&table->rows[i], options);
        if (known > most) {
            best = i;
            most = known;
        }
    }
    table->top = table->bottom = best;
    while (table->top > 0 && most > 0) {
        const head_row *above = &table->rows[table->top - 1], *row = &table->rows[table->top];
        const size_t different = count_different(above);
        if (is_line_of_units(table, options, above) ||
            (!tied(table, above->number, row->number) && !(different >= 2 && has_span(table, above)) &&
             !(different >= 2 && count_known(above, options) == different) &&
             !(different >= 2 && has_heads_over(table, options, above, row))))
            break;
        table->top--;
    }
    while (table->bottom + 1 < table->n_rows) {
        const head_row *row = &table->rows[table->bottom];
        head_row *below = &table->rows[table->bottom + 1];
        const size_t different = count_different(below);
        below->units = only_units(table, below);
        if (!(tied(table, row->number, below->number) && !below_leaves(table, row, below)) && !below->units &&
            !below_spans(table, row, below) && !(different > 0 && count_known(below, options) == different))
            break;
        table->bottom++;
    }
}

/* Whether a head has heads of its own below it: something else than itself and a unit. */
static bool is_over(const struct dk_source_table *table, size_t row, size_t column)
{
    const char *text = text_at(&table->rows[row], column);
    for (size_t i = row + 1; i <= table->bottom; i++) {
        const char *below = text_at(&table->rows[i], column);
        if (*below != '\0' && !table->rows[i].units && strcmp(below, text) != 0)
            return true;
    }
    return false;
}

static bool same_above(const struct dk_source_table *table, size_t row, size_t column)
{
    for (size_t i = table->top; i < row; i++)
        if (strcmp(text_at(&table->rows[i], column), text_at(&table->rows[i], column - 1)) != 0)
            return false;
    return true;
}

/* A head over several columns that is not merged, as in a CSV or where it is centred across them, stands in the first
 * alone: it goes on over the next ones that have a head below and none here. */
static dk_status continue_heads(const dk_source *source, struct dk_source_table *table, dk_error *err)
{
    size_t n = 0;
    for (size_t i = table->top; i <= table->bottom; i++)
        n = table->rows[i].n > n ? table->rows[i].n : n;
    for (size_t i = table->top; i < table->bottom; i++) {
        head_row *row = &table->rows[i];
        for (size_t c = 1; c < n; c++) {
            if (*text_at(row, c) != '\0' || *text_at(row, c - 1) == '\0' ||
                span_at(table, row->number, c - 1) != NULL || !is_over(table, i, c - 1) || !is_over(table, i, c) ||
                !same_above(table, i, c))
                continue;
            char *copy = strdup(row->texts[c - 1]);
            if (copy == NULL || !widen(row, c + 1)) {
                free(copy);
                return no_memory(source, err);
            }
            free(row->texts[c]);
            row->texts[c] = copy;
        }
    }
    return DK_OK;
}

/* ---- the names of the columns ---- */

/* The unit that a head over several columns says otherwise than at the end in brackets: 补偿费/万元, 补偿费：万元. */
static bool unit_of_span(struct dk_source_table *table, const char *name, char ret[32])
{
    static const char *const marks[] = {"/", ":", ",", "、", "[", "【"};
    const char *folded = fold(table, name), *mark = NULL, *unit = NULL;
    for (size_t i = 0; folded != NULL && i < sizeof marks / sizeof *marks; i++)
        for (const char *at = folded; (at = strstr(at, marks[i])) != NULL; at += strlen(marks[i]))
            if (at > folded && (mark == NULL || at > mark)) {
                mark = at;
                unit = at + strlen(marks[i]);
            }
    const size_t yuan = strlen("元");
    if (mark == NULL || (*mark == '/' && (size_t)(mark - folded) >= yuan && memcmp(mark - yuan, "元", yuan) == 0))
        return false; /* 地价元/亩 */
    char end[32];
    const size_t size = strcspn(unit, "]");
    const char *wide = strstr(unit, "】");
    dk_text_copy(end, sizeof end, unit, wide != NULL && (size_t)(wide - unit) < size ? (size_t)(wide - unit) : size);
    return is_unit(table, end, ret);
}

typedef struct column_name {
    const char *parts[HEADER_ROWS]; /* from above, each but once */
    size_t n;
    char unit[32];
    bool unit_over; /* of a head over several columns */
} column_name;

/* Whether a column is but the right part of a wide one: its head is merged with that of the column before it, and
 * nothing stands below. */
static bool is_right_part(const struct dk_source_table *table, size_t column)
{
    const int64_t header_row = table->rows[table->bottom].number;
    if (table->n_merges == 0 || (column < table->n_last && table->last[column] > header_row))
        return false;
    for (size_t i = table->bottom + 1; i-- > table->top;)
        if (*text_at(&table->rows[i], column) != '\0') {
            const dk_sheet_merge *span = span_at(table, table->rows[i].number, column);
            return !table->rows[i].units && span != NULL && span->first_column < column;
        }
    return false;
}

static void name_parts(struct dk_source_table *table, size_t column, column_name *ret)
{
    const char *alone = NULL; /* a unit above all names, over several of them: 万元 */
    char over[32] = "";
    ret->n = 0;
    ret->unit[0] = '\0';
    ret->unit_over = false;
    if (is_right_part(table, column))
        return;
    for (size_t i = table->top; i <= table->bottom; i++) {
        const char *text = text_at(&table->rows[i], column);
        char unit[32];
        if (*text == '\0' || (ret->n > 0 && strcmp(ret->parts[ret->n - 1], text) == 0))
            continue;
        if (is_unit(table, text, unit)) {
            memcpy(ret->n > 0 ? ret->unit : over, unit, sizeof unit);
            alone = ret->n > 0 ? alone : text;
        } else if (!table->rows[i].units) {
            ret->parts[ret->n++] = text;
        }
    }
    if (ret->n == 0 && alone != NULL)
        ret->parts[ret->n++] = alone, over[0] = '\0';
    /* The nearest head that says a unit says it for what is below. */
    ret->unit_over = ret->unit[0] == '\0';
    for (size_t i = ret->n; i-- > 0 && ret->unit[0] == '\0';)
        if (unit_of(table, ret->parts[i], ret->unit) && i + 1 == ret->n)
            ret->unit[0] = '\0'; /* stands in the name itself */
        else if (ret->unit[0] != '\0' || (i + 1 < ret->n && unit_of_span(table, ret->parts[i], ret->unit)))
            break;
    if (ret->unit[0] == '\0')
        memcpy(ret->unit, over, sizeof over);
}

static bool own_unit(struct dk_source_table *table, const column_name *name)
{
    char unit[32];
    return name->n > 0 && unit_of(table, name->parts[name->n - 1], unit);
}

typedef struct lowest_head {
    const char *text;
    size_t column;
} lowest_head;

static int by_text(const void *a, const void *b)
{
    return strcmp(((const lowest_head *)a)->text, ((const lowest_head *)b)->text);
}

/* Which of n columns have the lowest head of another, too. Owned by the caller; NULL: out of memory. */
static bool *find_repeated(struct dk_source_table *table, size_t n)
{
    size_t n_heads = 0;
    column_name name;
    bool *repeated = calloc(n + 1, sizeof *repeated);
    lowest_head *heads = calloc(n + 1, sizeof *heads);
    for (size_t c = 0; c < n && repeated != NULL && heads != NULL; c++) {
        name_parts(table, c, &name);
        if (name.n > 0)
            heads[n_heads++] = (lowest_head){name.parts[name.n - 1], c};
    }
    if (n_heads > 0)
        qsort(heads, n_heads, sizeof *heads, by_text);
    for (size_t i = 1; i < n_heads; i++)
        if (strcmp(heads[i - 1].text, heads[i].text) == 0)
            repeated[heads[i - 1].column] = repeated[heads[i].column] = true;
    if (heads == NULL) {
        free(repeated);
        repeated = NULL;
    }
    free(heads);
    return repeated;
}

/* The name of a column, owned by the caller; "" for none. NULL: out of memory. */
static char *name_of(struct dk_source_table *table, const dk_source_options *options, size_t column, bool repeated,
                     bool *ret_unit_over)
{
    column_name name;
    name_parts(table, column, &name);
    *ret_unit_over = false;
    dk_buf out;
    dk_buf_init(&out);
    if (name.n == 0)
        return strdup("");
    const char *lowest = name.parts[name.n - 1];
    bool whole = false; /* all parts in one */
    if (name.n > 1) {
        for (size_t i = 0; i < name.n; i++)
            dk_buf_text(&out, name.parts[i]);
        const char *joined = dk_buf_cstr(&out);
        whole = joined != NULL && is_known(options, joined) && (repeated || !is_known(options, lowest));
        if (!whole) {
            dk_buf_clear(&out);
            if (repeated)
                dk_buf_format(&out, "%s/", name.parts[name.n - 2]);
        }
    }
    if (!whole)
        dk_buf_text(&out, lowest);
    if (name.unit[0] != '\0' && !own_unit(table, &name)) {
        dk_buf_format(&out, "(%s)", name.unit);
        *ret_unit_over = name.unit_over;
    }
    const char *text = dk_buf_cstr(&out);
    char *copy = text != NULL ? strdup(text) : NULL;
    dk_buf_finish(&out);
    return copy;
}

static bool is_wkt_name(const char *name)
{
    static const char *const names[] = {"wkt", "geometry", "geom", "the_geom"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

static dk_status name_columns(dk_source *source, struct dk_source_table *table, const dk_source_options *options,
                              dk_error *err)
{
    size_t n = 0;
    for (size_t i = table->top; i <= table->bottom; i++)
        n = table->rows[i].n > n ? table->rows[i].n : n;
    source->n_header = n;
    source->header_row = table->rows[table->bottom].number;
    source->columns = calloc(n + 2, sizeof *source->columns); /* one for the rings of boundaries */
    source->raw_index = calloc(n + 2, sizeof *source->raw_index);
    source->cells = calloc(n + 2, sizeof *source->cells);
    if (source->columns == NULL || source->raw_index == NULL || source->cells == NULL)
        return no_memory(source, err);
    bool *repeated = find_repeated(table, n);
    if (repeated == NULL)
        return no_memory(source, err);
    for (size_t c = 0; c < n; c++) {
        bool unit_over;
        char *name = name_of(table, options, c, repeated[c], &unit_over);
        if (name == NULL) {
            free(repeated);
            return no_memory(source, err);
        }
        if (source->csv != NULL && source->wkt_index < 0 && is_wkt_name(name) && !is_known(options, name))
            source->wkt_index = (int)c;
        else if (options->want_geometry && source->boundary_index < 0 && dk_mining_column(name) &&
                 !is_known(options, name))
            source->boundary_index = (int)c;
        if (source->wkt_index == (int)c || source->boundary_index == (int)c) {
            free(source->geometry_column);
            source->geometry_column = name;
            continue;
        }
        if (*name == '\0') {
            free(name);
            continue;
        }
        source->columns[source->n_columns].name = name;
        source->columns[source->n_columns].unit_over = unit_over;
        source->raw_index[source->n_columns++] = c;
    }
    free(repeated);
    if (source->boundary_index < 0 || source->wkt_index >= 0)
        return DK_OK;
    char *rings = strdup("rings");
    if (rings == NULL)
        return no_memory(source, err);
    source->columns[source->n_columns] = (dk_column){.name = rings, .optional = true, .made = true};
    source->raw_index[source->n_columns++] = SIZE_MAX;
    return dk_source_mining_open(source, source->n_columns - 1, err);
}

static void read_units(struct dk_source_table *table)
{
    dk_unit_line line = {.n = 0};
    for (size_t i = 0; i < table->top; i++) {
        for (size_t c = 0; c < table->rows[i].n; c++) {
            if (*table->rows[i].texts[c] == '\0' ||
                (c > 0 && strcmp(table->rows[i].texts[c], table->rows[i].texts[c - 1]) == 0))
                continue; /* merged cells stand in all their places */
            line.unclear = false;
            read_unit_line(table, table->rows[i].texts[c], true,
                           &line); /* what stands above the header may be a title */
            if (line.unclear && table->unclear_row == 0)
                table->unclear_row = table->rows[i].number;
        }
    }
    memcpy(table->units, line.units, sizeof table->units);
    table->n_units = line.n;
}

static int by_place(const void *a, const void *b)
{
    const dk_sheet_merge *p = a, *q = b;
    return p->first_row != q->first_row        ? (p->first_row < q->first_row ? -1 : 1)
           : p->first_column < q->first_column ? -1
                                               : p->first_column > q->first_column;
}

static dk_status keep_merges(dk_source *source, struct dk_source_table *table, dk_error *err)
{
    const dk_sheet_merge *merges;
    const size_t n = source->sheet != NULL ? dk_sheet_merges(source->sheet, &merges) : 0;
    if (n == 0)
        return DK_OK;
    table->merges = malloc(n * sizeof *table->merges);
    if (table->merges == NULL)
        return no_memory(source, err);
    memcpy(table->merges, merges, n * sizeof *merges);
    table->n_merges = n;
    qsort(table->merges, n, sizeof *table->merges, by_place);
    return DK_OK;
}

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
        return no_memory(source, err);
    dk_buf_init(&table->notes);
    dk_buf_init(&table->scratch);
    dk_status status = DK_OK;
    /* A sheet is gone through once: its merged cells may stand behind its rows. */
    while ((table->n_rows < HEADER_ROWS || source->sheet != NULL) &&
           (status = dk_source_raw_next(source, err)) == DK_OK) {
        bool blank = true;
        for (size_t i = 0; i < source->n_raw && blank; i++)
            blank = dk_cell_blank(&source->raw[i]);
        if (source->sheet != NULL && !note_filled(source, table))
            return no_memory(source, err);
        if (!blank && table->n_rows < HEADER_ROWS && (status = keep_head(source, table, err)) != DK_OK)
            return status;
    }
    if (status != DK_OK && status != DK_END)
        return status;
    if (table->n_rows == 0)
        return dk_fail(err, DK_INVALID, "%s: the table is empty", source->path);
    if ((status = keep_merges(source, table, err)) != DK_OK || (status = spread_heads(source, table, err)) != DK_OK)
        return status;
    find_header(table, options);
    read_units(table);
    if ((status = continue_heads(source, table, err)) != DK_OK ||
        (status = name_columns(source, table, options, err)) != DK_OK)
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
        held *more = realloc(table->held, (column + 1) * sizeof *more);
        if (more == NULL)
            return false;
        table->held = more;
        for (; table->n_held <= column; table->n_held++) {
            table->held[table->n_held] = (held){0};
            dk_buf_init(&table->held[table->n_held].text);
        }
    }
    held *h = &table->held[column];
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

/* Whether the row has something that is not a merged cell's of a row above; fills in what is. */
static dk_status fill_merged(dk_source *source, bool *ret_own, dk_error *err)
{
    struct dk_source_table *table = source->table;
    bool own = false;
    for (size_t c = 0; c < table->n_held; c++)
        if (table->held[c].merge.last_row >= source->row)
            clear_covered(source, c, table->held[c].merge.last_column);
    if (!begin_merges(source))
        return no_memory(source, err);
    for (size_t i = 0; i < source->n_raw && !own; i++)
        own = !dk_cell_blank(&source->raw[i]);
    for (size_t c = 0; own && c < table->n_held; c++) {
        held *h = &table->held[c];
        if (h->merge.last_row < source->row || h->cell.merged_rows == 0)
            continue;
        if (!dk_source_raw_extend(source, c + 1))
            return no_memory(source, err);
        if (!dk_cell_blank(&source->raw[c]))
            continue;
        check_span(source, &h->merge);
        source->raw[c] = h->cell;
        source->raw[c].text = (const char *)h->text.data;
    }
    *ret_own = own;
    return DK_OK;
}

/* A text without blanks, short enough to be one of the words below; "" if it is longer. */
static void squeeze(const dk_cell *cell, char ret[64])
{
    size_t n = 0;
    ret[0] = '\0';
    if (cell->type != DK_CELL_TEXT)
        return;
    for (size_t at = 0; at < cell->size && n < 63;) {
        const size_t blank = dk_blank_at(cell->text + at, cell->size - at);
        if (blank == 0)
            ret[n++] = cell->text[at];
        at += blank > 0 ? blank : 1;
    }
    ret[n] = '\0';
}

/* 共12户, 总共4件: digits, and one character at most for what is counted. */
static bool is_count_word(const char *word)
{
    word += strncmp(word, "总", strlen("总")) == 0 ? strlen("总") : 0;
    if (strncmp(word, "共", strlen("共")) != 0)
        return false;
    word += strlen("共");
    const size_t digits = strspn(word, "0123456789");
    return digits > 0 && strlen(word + digits) <= strlen("户");
}

static const char *const total_words[] = {"合计", "小计", "总计", "共计", "累计"};
enum { N_TOTAL_WORDS = sizeof total_words / sizeof *total_words };

/* Bytes of a word without a colon at its end. */
static size_t before_colon(const char *word)
{
    const size_t size = strlen(word);
    if (size > 1 && word[size - 1] == ':')
        return size - 1;
    return size > strlen("：") && strcmp(word + size - strlen("："), "：") == 0 ? size - strlen("：") : size;
}

/* 小计 and no more. */
static bool is_bare_total(const char *word)
{
    const size_t size = before_colon(word);
    for (size_t i = 0; i < N_TOTAL_WORDS; i++)
        if (size == strlen(total_words[i]) && memcmp(word, total_words[i], size) == 0)
            return true;
    return false;
}

/* Whether what stands behind 合计 says more of a sum: of how many, in which words. */
static bool goes_on_total(const char *behind)
{
    static const char *const words[] = {":", "：", "(", "（", "大写", "人民币", "金额", "面积", "数"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(behind, words[i], strlen(words[i])) == 0)
            return true;
    return isdigit((unsigned char)*behind);
}

/* 合计, 周寨镇小计, 合计：12户, 合计大写：壹万元整, and 其中：耕地 below; but 合计户 may be a name. */
static bool is_total_word(const char *word)
{
    static const char part[] = "其中";
    const size_t size = before_colon(word), n_part = sizeof part - 1;
    if (strncmp(word, part, n_part) == 0 && (word[n_part] == ':' || strncmp(word + n_part, "：", strlen("：")) == 0))
        return true;
    for (size_t i = 0; i < N_TOTAL_WORDS; i++) {
        const size_t n = strlen(total_words[i]);
        if (size >= n && memcmp(word + size - n, total_words[i], n) == 0)
            return true;
        if (size > n && memcmp(word, total_words[i], n) == 0 && goes_on_total(word + n))
            return true;
    }
    return false;
}

/* 汇总 below a table, 周寨镇 汇总 below a group: what spreadsheet programs write beside the sums that they make.
 * Without the blank it may end a title. */
static bool is_made_total(const dk_cell *cell)
{
    static const char word[] = "汇总";
    size_t size = cell->type == DK_CELL_TEXT ? cell->size : 0;
    while (size > 0 && cell->text[size - 1] == ' ')
        size--;
    return size >= sizeof word - 1 && memcmp(cell->text + size - (sizeof word - 1), word, sizeof word - 1) == 0 &&
           (size == sizeof word - 1 || cell->text[size - sizeof word] == ' ');
}

/* 第1页, 第1页共2页. */
static bool is_page_word(const char *word)
{
    if (strncmp(word, "第", strlen("第")) != 0)
        return false;
    word += strlen("第");
    const size_t digits = strspn(word, "0123456789");
    return digits > 0 && strncmp(word + digits, "页", strlen("页")) == 0;
}

static bool is_footer_word(const char *word)
{
    static const char *const words[] = {
        "制表",     "填表",       "填报人",    "填报日期", "填报时间", "审核人",     "审核：",       "复核",
        "负责人",   "单位负责人", "经办",      "联系人",   "联系电话", "监督电话",   "举报电话",     "咨询电话",
        "公示单位", "公示时间",   "公示日期",  "公示期",   "日期：",   "日期:",      "注：",         "注:",
        "备注：",   "备注:",      "说明：",    "说明:",    "以下空白", "（以下空白", "(以下空白",    "编制单位",
        "编制人",   "填报单位",   "统计人",    "制单",     "校核",     "校对",       "数据来源",     "领导签",
        "单位盖章", "单位（盖章", "单位(盖章", "打印日期", "打印时间", "人民币大写", "人民币（大写", "人民币(大写",
        "大写金额", "大写：",     "大写:"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(word, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

/* Bytes of the Chinese numeral with which a text begins. */
static size_t numeral_at(const char *text)
{
    static const char *const numerals[] = {"一", "二", "三", "四", "五", "六", "七", "八", "九", "十"};
    for (size_t i = 0; i < sizeof numerals / sizeof *numerals; i++)
        if (strncmp(text, numerals[i], strlen(numerals[i])) == 0)
            return strlen(numerals[i]);
    return 0;
}

/* 一、周寨镇 and （二）单独选址, as groups of rows are called. */
static bool is_ordinal(const char *word)
{
    const size_t open = *word == '(' ? 1 : strncmp(word, "（", strlen("（")) == 0 ? strlen("（") : 0;
    size_t n = open;
    for (size_t numeral; (numeral = numeral_at(word + n)) > 0;)
        n += numeral;
    if (n == open)
        return false;
    return open > 0 ? word[n] == ')' || strncmp(word + n, "）", strlen("）")) == 0
                    : strncmp(word + n, "、", strlen("、")) == 0;
}

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
            same = written != NULL && strcmp(written, text_at(&table->rows[i], c)) == 0;
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
    const char *written = dk_buf_cstr(&text), *folded = written != NULL ? fold(table, written) : NULL;
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

/* The row below a header that numbers the columns, all but one at most: 1 2 3 4, or 甲 乙 1 2 3 where the first hold
 * words. */
static bool numbers_columns(const dk_source *source)
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
        squeeze(cell, word);
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

/* What a row of one cell or two says about units; returns the number of its cells, 3 for more. A unit alone is said by
 * one cell: beside another it may be data, 青苗 and 亩. title: one that ends in （万元） says it, too. */
static size_t units_of_row(const dk_source *source, bool title, dk_unit_line *ret_line)
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
            read_unit_line(source->table, cell->text, title, ret_line);
    }
    return own;
}

/* A line that says nothing but units, perhaps beside a title or a date. */
static bool is_unit_line(const dk_source *source, dk_unit_line *ret_line)
{
    return units_of_row(source, false, ret_line) <= 2 && (ret_line->n > 0 || ret_line->unclear);
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

/* Whether a label or footer says other units than those above the header; 元 where nothing is said there is none. */
static bool says_other_units(const dk_source *source, dk_unit_line *line)
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

static dk_status second_table(const dk_source *source, bool units, dk_error *err)
{
    return dk_fail(
        err, DK_INVALID,
        "%s, row %lld: a second table begins here, with %s than the first; put each table into a sheet or a file of "
        "its own",
        source->path, (long long)source->row, units ? "other units" : "other columns, or in another order or unit,");
}

/* Rows below another header or under other units would be read as those of the first. */
static dk_status check_second_table(const dk_source *source, bool *ret_left_out, dk_error *err)
{
    dk_unit_line line;
    const bool units = is_unit_line(source, &line);
    *ret_left_out = units && same_units(source->table, &line);
    return (units && !*ret_left_out) || is_other_header(source) ? second_table(source, units, err) : DK_OK;
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

/* What a row is, of the table's data or none of them. */
static row_role role_of(const dk_source *source)
{
    size_t own = 0, numbers = 0, leading = 0;
    bool total = false, perhaps = false, footer = false, ordinal = false;
    for (size_t c = 0; c < source->n_raw; c++) {
        const dk_cell *cell = &source->raw[c];
        char word[64];
        if (dk_cell_blank(cell) || (cell->merged_rows > 0 && !cell->merged_first))
            continue;
        squeeze(cell, word);
        const bool number = cell->type == DK_CELL_REAL || cell->type == DK_CELL_INTEGER ||
                            (word[0] != '\0' && strspn(word, "0123456789.,-") == strlen(word));
        total |= perhaps && is_amount(cell, word);
        /* Before the amounts, perhaps behind the number of the row: a column may say 合计 of something else. Where what
         * the rows have in common is written in the sum, too (5, 周寨村, 小计, or 5, 2020, 小计), amounts follow the
         * word. */
        const bool before = numbers == 0 || (numbers == 1 && own == 1);
        if (before || numbers == leading) {
            const bool sum = is_total_word(word) || is_made_total(cell);
            total |= before && (sum || is_count_word(word));
            perhaps |= sum;
        } else {
            perhaps |= is_bare_total(word);
        }
        if (own == 0 && (is_footer_word(word) || is_page_word(word)))
            footer = true;
        ordinal |= own == 0 && is_ordinal(word);
        leading += own == 0 && number;
        own++;
        numbers += number;
    }
    /* 周寨镇 in one cell over most columns, or 一、周寨镇 alone in the first, above the rows of that township */
    const bool label = own == 1 && numbers == 0 &&
                       ((source->table->spanned > 1 && 2 * source->table->spanned >= source->n_columns) ||
                        (ordinal && source->n_columns > 2));
    footer &= numbers == 0 && 2 * own <= source->n_columns + 1;
    return total ? ROW_TOTAL : label ? ROW_LABEL : footer ? ROW_FOOTER : repeats_header(source) ? ROW_HEADER : ROW_DATA;
}

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

static void add_named(named_rows *rows, int64_t row)
{
    if (rows->n < NAMED_ROWS)
        rows->first[rows->n] = row;
    rows->n++;
}

/* rows 3, 5, 7 and 12 more were */
static void name_rows(const named_rows *rows, dk_buf *notes)
{
    dk_buf_text(notes, rows->n == 1 ? "row " : "rows ");
    for (int64_t i = 0; i < rows->n && i < NAMED_ROWS; i++)
        dk_buf_format(notes, "%s%lld", i > 0 ? ", " : "", (long long)rows->first[i]);
    if (rows->n > NAMED_ROWS)
        dk_buf_format(notes, " and %lld more", (long long)(rows->n - NAMED_ROWS));
    dk_buf_text(notes, rows->n == 1 ? " was " : " were ");
}

dk_status dk_source_table_next(dk_source *source, dk_error *err)
{
    struct dk_source_table *table = source->table;
    for (;;) {
        bool own = false;
        dk_status status = dk_source_raw_next(source, err);
        if (status != DK_OK || (status = fill_merged(source, &own, err)) != DK_OK)
            return status;
        if (!own)
            continue;
        if (names_file(source)) {
            add_named(&table->files, source->row);
            continue;
        }
        dk_unit_line line;
        const row_role role = role_of(source);
        bool left_out = role != ROW_DATA || (!table->data_begun && numbers_columns(source));
        if (!left_out && (status = check_second_table(source, &left_out, err)) != DK_OK)
            return status;
        if (role == ROW_LABEL || role == ROW_FOOTER) {
            units_of_row(source, role == ROW_LABEL, &line);
            const bool other = says_other_units(source, &line);
            if (other && role == ROW_LABEL)
                return second_table(source, true, err);
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
