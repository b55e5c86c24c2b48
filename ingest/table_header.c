/* The header of a table: which of its first rows it is, what lines above it say about units, and the names of columns
 * that its rows make together. */
#include "ingest/table_internal.h"

#include "ingest/columns.h"
#include "ingest/mining_boundary.h"
#include "store/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_HEAD = 4096 }; /* bytes of one cell of the header that count */

/* ---- the first rows ---- */

const char *dk_table_head_text(const dk_table_head *row, size_t column)
{
    return column < row->n ? row->texts[column] : "";
}

dk_status dk_table_keep_head(dk_source *source, struct dk_source_table *table, dk_error *err)
{
    dk_table_head *row = &table->rows[table->n_rows];
    row->number = source->row;
    row->texts = calloc(source->n_raw + 1, sizeof *row->texts);
    if (row->texts == NULL)
        return dk_table_no_memory(source, err);
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
            return dk_table_no_memory(source, err);
        }
    }
    dk_buf_finish(&text);
    return DK_OK;
}

/* Room for a text at a place of a head row. */
static bool widen(dk_table_head *row, size_t n)
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

dk_status dk_table_spread_heads(dk_source *source, struct dk_source_table *table, dk_error *err)
{
    enum { MOST_COLUMNS = 16384 };
    for (size_t m = 0; m < table->n_merges; m++) {
        const dk_sheet_merge *merge = &table->merges[m];
        const char *text = NULL;
        for (size_t i = 0; i < table->n_rows; i++) {
            dk_table_head *row = &table->rows[i];
            if (row->number < merge->first_row || row->number > merge->last_row)
                continue;
            if (row->number == merge->first_row)
                text = dk_table_head_text(row, merge->first_column);
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
                return dk_table_no_memory(source, err);
            if (row->number == merge->first_row)
                text = dk_table_head_text(row, merge->first_column);
        }
    }
    return DK_OK;
}

/* ---- which of them are the header ---- */

static bool is_known(const dk_source_options *options, const char *text)
{
    return *text != '\0' && options->is_column != NULL && options->is_column(text, options->user);
}

static size_t count_known(const dk_table_head *row, const dk_source_options *options)
{
    size_t n = 0;
    for (size_t c = 0; c < row->n; c++)
        n += is_known(options, row->texts[c]) && (c == 0 || strcmp(row->texts[c], row->texts[c - 1]) != 0);
    return n;
}

/* The first column that has something; n: none. */
static size_t first_text(const dk_table_head *row)
{
    size_t c = 0;
    while (c < row->n && row->texts[c][0] == '\0')
        c++;
    return c;
}

static size_t count_different(const dk_table_head *row)
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

static bool has_span(const struct dk_source_table *table, const dk_table_head *row)
{
    for (size_t c = 0; c < row->n; c++)
        if (dk_table_span_at(table, row->number, c) != NULL)
            return true;
    return false;
}

/* A line that says the units of the table, or who fills it in, in merged cells side by side: it is above the header,
 * not of it. Heads may say units, too, but in brackets behind a name: 补偿费用（单位：万元）, or beside names of
 * columns. */
static bool is_line_of_units(struct dk_source_table *table, const dk_source_options *options, const dk_table_head *row)
{
    const bool heads = count_known(row, options) > 0;
    for (size_t c = 0; c < row->n; c++) {
        const char *text = dk_table_fold(table, row->texts[c]), *label = text != NULL ? strstr(text, "单位") : NULL;
        const char *bracket = label != NULL ? strchr(text, '(') : NULL;
        dk_unit_line line = {.n = 0};
        if (label == NULL ? heads : bracket != NULL && bracket > text && bracket < label)
            continue;
        if (label != NULL && strcmp(label, "单位:") == 0) /* the next cell goes on */
            return true;
        dk_table_read_unit_line(table, row->texts[c], false, &line);
        if (line.n > 0 || line.unclear)
            return true;
    }
    return false;
}

/* A unit alone, perhaps in brackets: its text goes to ret. */
static bool is_unit(struct dk_source_table *table, const char *text, char ret[32])
{
    const char *folded = dk_table_fold(table, text);
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
    const char *folded = dk_table_fold(table, text);
    for (size_t i = 0; folded != NULL && i < sizeof words / sizeof *words; i++)
        if (strcmp(folded, words[i]) == 0)
            return true;
    return false;
}

static bool only_units(struct dk_source_table *table, const dk_table_head *row)
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
static bool below_spans(const struct dk_source_table *table, const dk_table_head *above, const dk_table_head *row)
{
    size_t n = 0;
    for (size_t c = 0; c < row->n; c++)
        if (row->texts[c][0] != '\0') {
            const dk_sheet_merge *span = dk_table_span_at(table, above->number, c);
            if (span == NULL || span->last_row >= row->number)
                return false;
            n++;
        }
    return n > 0;
}

/* Whether what a row has stands below single heads, as data do: a label beside a table may be merged over header and
 * rows. */
static bool below_leaves(const struct dk_source_table *table, const dk_table_head *above, const dk_table_head *row)
{
    size_t own = 0, leaves = 0;
    for (size_t c = 0; c < row->n; c++) {
        const char *text = row->texts[c], *head = dk_table_head_text(above, c);
        if (*text == '\0' || strcmp(text, head) == 0)
            continue;
        own++;
        leaves += *head != '\0' && dk_table_span_at(table, above->number, c) == NULL;
    }
    return leaves >= 2 && 2 * leaves > own;
}

/* Whether a name ends in a unit in brackets, perhaps with others behind it, 费用(万元)(含税): its text goes to ret. */
static bool unit_of(struct dk_source_table *table, const char *name, char ret[32])
{
    char text[256], end[34]; /* is_unit folds into the same scratch */
    const char *folded = dk_table_fold(table, name);
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
static bool has_heads_over(struct dk_source_table *table, const dk_source_options *options, const dk_table_head *above,
                           const dk_table_head *row)
{
    char unit[32];
    size_t units = 0, beside = 0;
    const size_t first = first_text(row);
    for (size_t c = 0; c < above->n; c++) {
        const char *text = above->texts[c];
        if (*text == '\0')
            continue;
        const bool known = is_known(options, text), over = *dk_table_head_text(row, c) != '\0';
        if (known == over && strcmp(text, dk_table_head_text(row, c)) != 0)
            return false;
        units += over && c != first && unit_of(table, text, unit);
        beside += !over;
    }
    return units + beside > 0;
}

void dk_table_find_header(struct dk_source_table *table, const dk_source_options *options)
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
        const dk_table_head *above = &table->rows[table->top - 1], *row = &table->rows[table->top];
        const size_t different = count_different(above);
        if (is_line_of_units(table, options, above) ||
            (!tied(table, above->number, row->number) && !(different >= 2 && has_span(table, above)) &&
             !(different >= 2 && count_known(above, options) == different) &&
             !(different >= 2 && has_heads_over(table, options, above, row))))
            break;
        table->top--;
    }
    while (table->bottom + 1 < table->n_rows) {
        const dk_table_head *row = &table->rows[table->bottom];
        dk_table_head *below = &table->rows[table->bottom + 1];
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
    const char *text = dk_table_head_text(&table->rows[row], column);
    for (size_t i = row + 1; i <= table->bottom; i++) {
        const char *below = dk_table_head_text(&table->rows[i], column);
        if (*below != '\0' && !table->rows[i].units && strcmp(below, text) != 0)
            return true;
    }
    return false;
}

static bool same_above(const struct dk_source_table *table, size_t row, size_t column)
{
    for (size_t i = table->top; i < row; i++)
        if (strcmp(dk_table_head_text(&table->rows[i], column), dk_table_head_text(&table->rows[i], column - 1)) != 0)
            return false;
    return true;
}

dk_status dk_table_continue_heads(const dk_source *source, struct dk_source_table *table, dk_error *err)
{
    size_t n = 0;
    for (size_t i = table->top; i <= table->bottom; i++)
        n = table->rows[i].n > n ? table->rows[i].n : n;
    for (size_t i = table->top; i < table->bottom; i++) {
        dk_table_head *row = &table->rows[i];
        for (size_t c = 1; c < n; c++) {
            if (*dk_table_head_text(row, c) != '\0' || *dk_table_head_text(row, c - 1) == '\0' ||
                dk_table_span_at(table, row->number, c - 1) != NULL || !is_over(table, i, c - 1) ||
                !is_over(table, i, c) || !same_above(table, i, c))
                continue;
            char *copy = strdup(row->texts[c - 1]);
            if (copy == NULL || !widen(row, c + 1)) {
                free(copy);
                return dk_table_no_memory(source, err);
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
    const char *folded = dk_table_fold(table, name), *mark = NULL, *unit = NULL;
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
    const char *parts[DK_HEADER_ROWS]; /* from above, each but once */
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
        if (*dk_table_head_text(&table->rows[i], column) != '\0') {
            const dk_sheet_merge *span = dk_table_span_at(table, table->rows[i].number, column);
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
        const char *text = dk_table_head_text(&table->rows[i], column);
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

dk_status dk_table_name_columns(dk_source *source, struct dk_source_table *table, const dk_source_options *options,
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
        return dk_table_no_memory(source, err);
    bool *repeated = find_repeated(table, n);
    if (repeated == NULL)
        return dk_table_no_memory(source, err);
    for (size_t c = 0; c < n; c++) {
        bool unit_over;
        char *name = name_of(table, options, c, repeated[c], &unit_over);
        if (name == NULL) {
            free(repeated);
            return dk_table_no_memory(source, err);
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
        return dk_table_no_memory(source, err);
    source->columns[source->n_columns] = (dk_column){.name = rings, .optional = true, .made = true};
    source->raw_index[source->n_columns++] = SIZE_MAX;
    return dk_source_mining_open(source, source->n_columns - 1, err);
}

/* ---- units above it ---- */

void dk_table_read_units(struct dk_source_table *table)
{
    dk_unit_line line = {.n = 0};
    for (size_t i = 0; i < table->top; i++) {
        for (size_t c = 0; c < table->rows[i].n; c++) {
            if (*table->rows[i].texts[c] == '\0' ||
                (c > 0 && strcmp(table->rows[i].texts[c], table->rows[i].texts[c - 1]) == 0))
                continue; /* merged cells stand in all their places */
            line.unclear = false;
            dk_table_read_unit_line(table, table->rows[i].texts[c], true,
                                    &line); /* what stands above the header may be a title */
            if (line.unclear && table->unclear_row == 0)
                table->unclear_row = table->rows[i].number;
        }
    }
    memcpy(table->units, line.units, sizeof table->units);
    table->n_units = line.n;
}
