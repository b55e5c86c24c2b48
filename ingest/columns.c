#include "ingest/columns.h"

#include "store/text.h"

#include <stdlib.h>
#include <string.h>

bool dk_column_fold(const char *name, dk_buf *out)
{
    dk_buf_clear(out);
    dk_text_fold(name, strlen(name), out);
    size_t to = 0;
    for (size_t i = 0; i < out->size; i++)
        if (out->data[i] != ' ')
            out->data[to++] = out->data[i];
    out->size = to;
    return dk_buf_cstr(out) != NULL;
}

bool dk_column_same(const char *a, const char *b)
{
    dk_buf one, other;
    dk_buf_init(&one);
    dk_buf_init(&other);
    const bool same = dk_column_fold(a, &one) && dk_column_fold(b, &other) &&
                      strcmp((const char *)one.data, (const char *)other.data) == 0;
    dk_buf_finish(&one);
    dk_buf_finish(&other);
    return same;
}

size_t dk_column_find(const dk_column *columns, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(columns[i].name, name) == 0)
            return i;
    for (size_t i = 0; i < n; i++)
        if (dk_column_same(columns[i].name, name))
            return i;
    return n;
}

static bool equal(const char *folded, const char *name, dk_buf *scratch)
{
    return dk_column_fold(name, scratch) && strcmp(folded, (const char *)scratch->data) == 0;
}

static bool begins(const char *folded, const char *name, dk_buf *scratch)
{
    const size_t size = strlen(folded);
    return dk_column_fold(name, scratch) && size > 0 && scratch->size > size &&
           memcmp(folded, scratch->data, size) == 0;
}

typedef bool (*name_match)(const char *folded, const char *name, dk_buf *scratch);

static bool field_matches(const dk_field *field, const char *folded, name_match match, dk_buf *scratch)
{
    if (match(folded, field->name, scratch) || (field->title != NULL && match(folded, field->title, scratch)))
        return true;
    for (size_t i = 0; i < field->n_aliases; i++)
        if (match(folded, field->aliases[i], scratch))
            return true;
    return false;
}

/* The field of a name; -1 none, -2 several. A field's own name comes before its title and aliases. */
static int find_field(const dk_kind *kind, const char *folded, name_match match, dk_buf *scratch)
{
    int found = -1;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (equal(folded, kind->fields[i].name, scratch))
            return (int)i;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (field_matches(&kind->fields[i], folded, match, scratch)) {
            if (found >= 0)
                return -2;
            found = (int)i;
        }
    return found;
}

/* Takes a unit in brackets off the end of a folded name: 面积(亩), 面积(单位:亩). */
static bool split_unit(char *folded, dk_unit *ret_unit)
{
    const size_t size = strlen(folded);
    char *open = strrchr(folded, '(');
    if (open == NULL || open == folded || size < 3 || folded[size - 1] != ')')
        return false;
    if (!dk_unit_parse_said(open + 1, size - (size_t)(open - folded) - 2, ret_unit))
        return false;
    *open = '\0';
    return true;
}

/* Whether what ends before a unit makes it another, 百万元, 万亩, 公亩, 美元, or one of two: 公顷/亩. */
static bool makes_another(const char *text, size_t size)
{
    static const char *const words[] = {"十", "百", "千", "万", "亿", "公", "英", "美", "港", "欧", "日"};
    dk_unit other;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t n = strlen(words[i]);
        if (size >= n && memcmp(text + size - n, words[i], n) == 0)
            return true;
    }
    for (size_t at = 1; size > 0 && text[size - 1] == '/' && at < size; at++)
        if (dk_unit_parse(text + at, size - 1 - at, &other))
            return true;
    return false;
}

/* The unit with which the name of a field's column ends otherwise than in round brackets, as users name columns to
 * --field and in aliases: 总额/万元, 总额[万元], 面积亩, area_mu. It counts if it is one of what the field measures;
 * Latin letters need a mark before them, for they may be the end of a word. *ret_unknown: it is another that ends
 * alike. */
static bool tail_unit(const dk_field *field, const char *folded, size_t size, dk_unit *ret_unit, bool *ret_unknown)
{
    static const char *const closing[] = {")", "]", "】", "〕"};
    dk_unit own, found;
    if (field->unit == NULL || !dk_unit_parse(field->unit, strlen(field->unit), &own))
        return false;
    for (size_t i = 0; i < sizeof closing / sizeof *closing; i++) {
        const size_t n = strlen(closing[i]);
        if (size > n && memcmp(folded + size - n, closing[i], n) == 0)
            size -= n;
    }
    for (size_t at = 1; at < size; at++) /* the longest first */
        if (((unsigned char)folded[at] >= 0xC0 || strchr("_-/([", folded[at - 1]) != NULL) &&
            dk_unit_parse(folded + at, size - at, &found) && found.dimension == own.dimension) {
            if ((unsigned char)folded[at] < 0x80 && found.num * own.den == own.num * found.den)
                return false; /* area_ha of a field in ha, as files of a GIS have it: nothing is converted */
            *ret_unknown = makes_another(folded, at);
            if (*ret_unknown)
                return false;
            *ret_unit = found;
            return true;
        }
    const size_t qing = strlen("顷"); /* a hundred 亩, or what someone calls a hectare */
    *ret_unknown = own.dimension == DK_UNIT_AREA && size > qing && memcmp(folded + size - qing, "顷", qing) == 0;
    return false;
}

/* Gives a column the unit with which its name ends. */
static dk_status take_tail_unit(const dk_field *field, const char *folded, const char *column, const char *path,
                                dk_unit *ret_unit, dk_error *err)
{
    bool unknown = false;
    size_t size = strlen(folded);
    /* 总面积(亩)(约): what stands in brackets behind a unit takes nothing from it. */
    while (!tail_unit(field, folded, size, ret_unit, &unknown) && !unknown && folded[size - 1] == ')') {
        const char *open = memrchr(folded, '(', size);
        if (open == NULL || open == folded)
            break;
        size = (size_t)(open - folded);
    }
    return unknown
               ? dk_fail(
                     err, DK_INVALID,
                     "%s: the column %s ends in a unit that is not known; give its numbers in one that is (元, 千元, 万元, "
                     "亿元, 平方米, 亩, 公顷, 平方公里), and name that",
                     path, column)
               : DK_OK;
}

/* A head over several columns says the unit of those that have one, and not of 户数 or a date. */
static void take_unit_over(const dk_field *field, const dk_column *column, dk_unit *unit)
{
    if (column->unit_over && field->unit == NULL)
        *unit = (dk_unit){0};
}

bool dk_column_known(const dk_kind *kind, const char *name)
{
    dk_buf folded, scratch;
    dk_buf_init(&folded);
    dk_buf_init(&scratch);
    bool known = false;
    if (dk_column_fold(name, &folded)) {
        known = find_field(kind, (const char *)folded.data, equal, &scratch) != -1;
        dk_unit unit;
        if (!known && split_unit((char *)folded.data, &unit))
            known = find_field(kind, (const char *)folded.data, equal, &scratch) != -1;
    }
    dk_buf_finish(&folded);
    dk_buf_finish(&scratch);
    return known;
}

static bool in_list(const char *folded, const char *const *names, size_t n, dk_buf *scratch)
{
    for (size_t i = 0; i < n; i++)
        if (equal(folded, names[i], scratch))
            return true;
    return false;
}

static const dk_pair *set_of(const dk_column_options *options, const char *field)
{
    for (size_t i = 0; i < options->n_sets; i++)
        if (strcmp(options->sets[i].name, field) == 0)
            return &options->sets[i];
    return NULL;
}

static void list_aliases(const dk_field *field, dk_buf *out)
{
    dk_buf_text(out, field->name);
    if (field->title != NULL)
        dk_buf_format(out, ", %s", field->title);
    for (size_t i = 0; i < field->n_aliases; i++)
        if (field->title == NULL || strcmp(field->title, field->aliases[i]) != 0)
            dk_buf_format(out, ", %s", field->aliases[i]);
}

static dk_status no_column(const dk_column *columns, size_t n_columns, const dk_pair *named, const char *path,
                           dk_error *err)
{
    dk_buf list;
    dk_buf_init(&list);
    for (size_t k = 0; k < n_columns; k++)
        dk_buf_format(&list, "%s%s", k > 0 ? ", " : "", columns[k].name);
    const char *text = dk_buf_cstr(&list);
    const dk_status status = dk_fail(err, DK_NOT_FOUND, "%s: --field %s=%s: there is no such column; there are: %s",
                                     path, named->name, named->value, text ? text : "");
    dk_buf_finish(&list);
    return status;
}

/* The column that --field names, folded: one that is called so to the letter comes before others, and then one of the
 * source before one that the format adds. */
static dk_status find_column(const dk_column *columns, size_t n_columns, const dk_pair *named, const dk_buf *folded,
                             dk_buf *scratch, const char *path, size_t *ret_column, dk_error *err)
{
    size_t best = n_columns, rival = n_columns;
    int best_rank = 0;
    for (size_t c = 0; c < n_columns; c++) {
        if (!equal((const char *)folded->data, columns[c].name, scratch))
            continue;
        const int rank = 1 + 2 * (strcmp(columns[c].name, named->value) == 0) + !columns[c].optional;
        if (rank == best_rank)
            rival = c;
        if (rank <= best_rank)
            continue;
        best = c;
        best_rank = rank;
        rival = n_columns;
    }
    if (best == n_columns)
        return no_column(columns, n_columns, named, path, err);
    if (rival < n_columns)
        return dk_fail(err, DK_INVALID,
                       "%s: --field %s=%s: two columns, %s and %s, are called so; rename one of them in the source",
                       path, named->name, named->value, columns[best].name, columns[rival].name);
    *ret_column = best;
    return DK_OK;
}

/* --field name=column */
static dk_status map_explicit(const dk_kind *kind, const dk_column *columns, size_t n_columns,
                              const dk_column_options *options, const char *path, dk_mapping *mapping, dk_buf *folded,
                              dk_buf *scratch, dk_error *err)
{
    for (size_t i = 0; i < options->n_fields; i++) {
        const int field = dk_kind_field(kind, options->fields[i].name); /* checked by the caller */
        if (field < 0)
            return dk_fail(err, DK_NOT_FOUND, "--field %s: %s has no such field", options->fields[i].name, kind->name);
        if (!dk_column_fold(options->fields[i].value, folded))
            return dk_fail(err, DK_NOMEM, "out of memory");
        size_t c = 0;
        const dk_status found = find_column(columns, n_columns, &options->fields[i], folded, scratch, path, &c, err);
        if (found != DK_OK)
            return found;
        if (mapping->column[field] >= 0)
            return dk_fail(err, DK_INVALID, "--field %s is given twice", options->fields[i].name);
        mapping->column[field] = (int)c;
        mapping->field[c] = field;
        if (!split_unit((char *)folded->data, &mapping->units[c])) { /* --field area=面积(亩) says the unit too */
            const dk_status status = take_tail_unit(&kind->fields[field], (const char *)folded->data, columns[c].name,
                                                    path, &mapping->units[c], err);
            if (status != DK_OK)
                return status;
        }
        take_unit_over(&kind->fields[field], &columns[c], &mapping->units[c]);
    }
    return DK_OK;
}

/* One column by its name. Leaves DK_COLUMN_IGNORED - 1 when it is not known. */
static dk_status map_column(const dk_kind *kind, const dk_column *columns, size_t c, const dk_column_options *options,
                            const char *path, dk_mapping *mapping, dk_buf *folded, dk_buf *scratch, dk_error *err)
{
    const dk_column *column = &columns[c];
    if (!dk_column_fold(column->name, folded))
        return dk_fail(err, DK_NOMEM, "out of memory");
    char *name = (char *)folded->data;
    if (in_list(name, options->ignore, options->n_ignore, scratch)) {
        mapping->field[c] = DK_COLUMN_IGNORED;
        return DK_OK;
    }
    bool by_prefix = false;
    int field = find_field(kind, name, equal, scratch);
    if (field == -1 && in_list(name, kind->ignored_columns, kind->n_ignored_columns, scratch)) {
        mapping->field[c] = DK_COLUMN_IGNORED;
        return DK_OK;
    }
    /* The unit counts also where an alias has it in its name: 面积(亩). */
    if (split_unit(name, &mapping->units[c]) && field == -1) {
        field = find_field(kind, name, equal, scratch);
        if (field == -1)
            mapping->units[c] = (dk_unit){0};
    }
    if (field == -1 && column->cut) {
        field = find_field(kind, name, begins, scratch);
        by_prefix = field >= 0;
        if (field == -1 && kind->n_ignored_columns > 0)
            for (size_t i = 0; i < kind->n_ignored_columns; i++)
                if (begins(name, kind->ignored_columns[i], scratch)) {
                    mapping->field[c] = DK_COLUMN_IGNORED;
                    return DK_OK;
                }
    }
    if (field == -2)
        return dk_fail(err, DK_INVALID,
                       "%s: the column %s could be several fields of %s; say which with --field FIELD=%s", path,
                       column->name, kind->name, column->name);
    if (field == -1)
        return DK_OK;
    if (dk_field_derived(&kind->fields[field])) {
        dk_buf_format(&mapping->notes, "the column %s was not read: %s %s\n", column->name, kind->fields[field].name,
                      kind->fields[field].computed ? "is computed from the geometry" : "follows from linked rows");
        mapping->field[c] = DK_COLUMN_IGNORED;
        return DK_OK;
    }
    if (mapping->column[field] >= 0 && column->optional) {
        dk_buf_format(&mapping->notes, "%s was left out: %s comes from %s\n", column->name, kind->fields[field].name,
                      columns[mapping->column[field]].name);
        mapping->field[c] = DK_COLUMN_IGNORED;
        return DK_OK;
    }
    if (mapping->column[field] >= 0) {
        const char *other = columns[mapping->column[field]].name;
        if (strcmp(other, column->name) == 0) /* no option could tell them apart */
            return dk_fail(
                err, DK_INVALID,
                "%s: two columns are called %s, and both give the field %s; rename one of them in the source", path,
                other, kind->fields[field].name);
        return dk_fail(err, DK_INVALID,
                       "%s: the columns %s and %s both give the field %s; choose: --field %s=%s --ignore %s", path,
                       other, column->name, kind->fields[field].name, kind->fields[field].name, other, column->name);
    }
    mapping->column[field] = (int)c;
    mapping->field[c] = field;
    const dk_field *taken = &kind->fields[field];
    take_unit_over(taken, column, &mapping->units[c]);
    /* 土地补偿费 of a DBF may be all of the name, or what is left of 土地补偿费（万元） or 土地补偿费标准. */
    const bool unit_lost = column->cut && taken->unit != NULL && mapping->units[c].dimension == DK_UNIT_NONE;
    if (by_prefix || unit_lost) {
        dk_buf_format(&mapping->notes, "the column %s, %s %u bytes, was taken for %s", column->name,
                      by_prefix ? "cut off at" : "whose name may be cut off at", column->cut, taken->name);
        if (taken->title != NULL)
            dk_buf_format(&mapping->notes, " (%s)", taken->title);
        if (unit_lost)
            dk_buf_format(&mapping->notes,
                          ", in %s; if its name said another unit, load the table as XLSX or CSV, with the whole name",
                          taken->unit);
        dk_buf_byte(&mapping->notes, '\n');
    }
    if (mapping->units[c].dimension == DK_UNIT_NONE && !by_prefix)
        return take_tail_unit(&kind->fields[field], name, column->name, path, &mapping->units[c], err);
    return DK_OK;
}

/* The fields that may still be given, with their titles. Valid until scratch is used again. */
static const char *free_fields(const dk_kind *kind, const dk_mapping *mapping, dk_buf *scratch)
{
    dk_buf_clear(scratch);
    for (size_t i = 0; i < kind->n_fields; i++)
        if (mapping->column[i] < 0 && !dk_field_derived(&kind->fields[i]))
            dk_buf_format(scratch, "%s%s (%s)", scratch->size > 0 ? ", " : "", kind->fields[i].name,
                          kind->fields[i].title != NULL ? kind->fields[i].title : "");
    const char *text = dk_buf_cstr(scratch);
    return text != NULL && *text != 0 ? text : "none";
}

size_t dk_columns_of_rejects(const dk_column *columns, size_t n_columns)
{
    static const char *const heads[] = {"source", "row", "key", "reason"};
    const size_t n = sizeof heads / sizeof *heads;
    for (size_t i = 0; i < n; i++)
        if (n_columns <= n || strcmp(columns[i].name, heads[i]) != 0)
            return 0;
    return n;
}

dk_status dk_mapping_resolve(const dk_kind *kind, const dk_column *columns, size_t n_columns,
                             const dk_column_options *options, const char *path, dk_mapping *ret_mapping, dk_error *err)
{
    const int unknown = DK_COLUMN_IGNORED - 1;
    dk_mapping mapping = {.n_columns = n_columns};
    dk_buf folded, scratch, list;
    dk_buf_init(&folded);
    dk_buf_init(&scratch);
    dk_buf_init(&list);
    dk_buf_init(&mapping.notes);
    dk_status status = DK_OK;
    mapping.field = calloc(n_columns + 1, sizeof *mapping.field);
    mapping.units = calloc(n_columns + 1, sizeof *mapping.units);
    mapping.above = calloc(n_columns + 1, sizeof *mapping.above);
    mapping.column = calloc(kind->n_fields + 1, sizeof *mapping.column);
    if (mapping.field == NULL || mapping.units == NULL || mapping.above == NULL || mapping.column == NULL) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < n_columns; i++)
        mapping.field[i] = unknown;
    for (size_t i = 0; i < kind->n_fields; i++)
        mapping.column[i] = -1;
    status = map_explicit(kind, columns, n_columns, options, path, &mapping, &folded, &scratch, err);
    const size_t n_rejects = dk_columns_of_rejects(columns, n_columns); /* someone has put them right to load them */
    if (n_rejects > 0) {
        for (size_t c = 0; c < n_rejects; c++)
            if (mapping.field[c] == unknown)
                mapping.field[c] = DK_COLUMN_IGNORED;
        dk_buf_text(&mapping.notes, "its first columns are those of a rejects file and were not read\n");
    }
    for (size_t i = 0; i < 2 * n_columns && status == DK_OK; i++) { /* those that the format adds give way to others */
        const size_t c = i % n_columns;
        if (mapping.field[c] == unknown && columns[c].optional == (i >= n_columns))
            status = map_column(kind, columns, c, options, path, &mapping, &folded, &scratch, err);
    }
    if (status != DK_OK)
        goto out;
    bool ignore_all = false;
    for (size_t i = 0; i < options->n_ignore; i++)
        ignore_all = ignore_all || strcmp(options->ignore[i], "*") == 0;
    size_t n_unknown = 0, first = 0;
    for (size_t c = 0; c < n_columns; c++)
        if (mapping.field[c] == unknown && columns[c].optional) {
            dk_buf_format(&mapping.notes, "%s was left out: %s knows no field for it\n", columns[c].name, kind->name);
            mapping.field[c] = DK_COLUMN_IGNORED;
        } else if (mapping.field[c] == unknown) {
            if (n_unknown++ == 0)
                first = c;
            dk_buf_format(&list, "%s%s", n_unknown > 1 ? ", " : "", columns[c].name);
            mapping.field[c] = DK_COLUMN_IGNORED;
        }
    if (list.failed || mapping.notes.failed) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    if (n_unknown > 0 && !ignore_all) {
        status =
            dk_fail(err, DK_INVALID,
                    "%s: %s knows no field for the column%s %s; either say which field it is (--field FIELD=%s), or "
                    "add the name to a field's aliases in the catalogue (dikuai-ingest catalogue), or leave it out "
                    "(--ignore %s). Fields that no column gives yet: %s",
                    path, kind->name, n_unknown > 1 ? "s" : "", dk_buf_cstr(&list), columns[first].name,
                    columns[first].name, free_fields(kind, &mapping, &scratch));
        goto out;
    }
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        if (!field->required || mapping.column[i] >= 0 || set_of(options, field->name) != NULL ||
            field->inherit_kind != NULL || field->computed || (options->key_only && (int)i != kind->key_field))
            continue;
        dk_buf_clear(&list);
        list_aliases(field, &list);
        const char *names = dk_buf_cstr(&list);
        status = dk_fail(err, DK_INVALID,
                         "%s: no column gives the required field %s; looked for: %s; say which it is with --field "
                         "%s=COLUMN, or give every row the same value with --set %s=VALUE",
                         path, field->name, names ? names : "", field->name, field->name);
        goto out;
    }
    *ret_mapping = mapping;
    mapping = (dk_mapping){0};
out:
    dk_buf_finish(&folded);
    dk_buf_finish(&scratch);
    dk_buf_finish(&list);
    dk_mapping_finish(&mapping);
    return status;
}

void dk_mapping_finish(dk_mapping *mapping)
{
    free(mapping->field);
    free(mapping->units);
    free(mapping->above);
    free(mapping->column);
    dk_buf_finish(&mapping->notes);
    *mapping = (dk_mapping){0};
}

bool dk_field_is_amount(const dk_field *field)
{
    dk_unit unit;
    return (field->type == DK_FIELD_NUMBER || field->type == DK_FIELD_INTEGER) && field->unit != NULL &&
           dk_unit_parse(field->unit, strlen(field->unit), &unit) &&
           (unit.dimension == DK_UNIT_AREA || unit.dimension == DK_UNIT_MONEY);
}

dk_merged dk_merged_amount(const dk_field *field, const dk_cell *cell, const dk_pair *merged, size_t n_merged)
{
    if (cell->merged_rows == 0 || !dk_field_is_amount(field))
        return DK_MERGED_OWN;
    for (size_t i = 0; i < n_merged; i++)
        if (strcmp(merged[i].name, field->name) == 0)
            return cell->merged_first || strcmp(merged[i].value, "each") == 0 ? DK_MERGED_OWN : DK_MERGED_OTHERS;
    return DK_MERGED_UNSAID;
}

/* 万元/亩 above a table is a price, or money and area; the columns of either, of which nothing else says the unit, are
 * told. */
static void note_price(dk_mapping *mapping, const dk_kind *kind, size_t first, size_t end)
{
    size_t n = 0;
    for (size_t c = first; c < end; c++) {
        const dk_field *field = mapping->field[c] >= 0 ? &kind->fields[mapping->field[c]] : NULL;
        if (field == NULL || !dk_field_is_amount(field) || mapping->units[c].dimension != DK_UNIT_NONE)
            continue;
        if (n++ == 0)
            dk_buf_text(&mapping->notes,
                        "above the header stands money by area, such as 元/亩, which was taken for a price; no unit "
                        "above it holds for ");
        dk_buf_format(&mapping->notes, "%s%s (%s)", n > 1 ? ", " : "",
                      field->title != NULL ? field->title : field->name, field->unit);
    }
    if (n > 0)
        dk_buf_text(&mapping->notes, ": if two units are meant there, say them in the names of the columns\n");
}

void dk_mapping_units(dk_mapping *mapping, const dk_kind *kind, size_t first, size_t end, const dk_unit *units,
                      size_t n_units)
{
    for (size_t c = first; c < end; c++) {
        const dk_field *field = mapping->field[c] >= 0 ? &kind->fields[mapping->field[c]] : NULL;
        dk_unit own;
        if (field == NULL || field->unit == NULL || mapping->units[c].dimension != DK_UNIT_NONE ||
            !dk_unit_parse(field->unit, strlen(field->unit), &own))
            continue;
        for (size_t i = 0; i < n_units; i++)
            if (units[i].dimension == own.dimension) {
                mapping->units[c] = units[i];
                mapping->above[c] = true;
            }
    }
    for (size_t i = 0; i < n_units; i++)
        if (units[i].dimension == DK_UNIT_MONEY_PER_AREA)
            note_price(mapping, kind, first, end);
}
