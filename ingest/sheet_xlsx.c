/* XLSX: ECMA-376 part 1 (SpreadsheetML), part 2 (packages). */
#include "ingest/sheet_internal.h"

#include "ingest/xml_part.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_STRINGS_BYTES = 512 << 20, /* shared strings, all of which stay in memory */
    MAX_STYLES = 1 << 17
};

typedef struct relation {
    char *id, *member;
} relation;

typedef struct format_code {
    unsigned id;
    dk_sheet_format format;
} format_code;

typedef struct xlsx {
    dk_sheet *sheet;
    dk_xml_part *part; /* the sheet's, or whichever is being read */
    char *base;        /* folder of the workbook, with a slash at its end */
    relation *relations;
    size_t n_relations, relations_capacity;
    char *workbook, *strings_member, *styles_member;
    char **members; /* of the sheets */
    size_t n_members, members_capacity;

    dk_buf strings; /* each NUL-terminated */
    size_t *string_places;
    size_t n_strings, strings_capacity;
    format_code *formats;
    size_t n_formats, formats_capacity;
    dk_sheet_format *styles; /* by the number of a cell's style */
    size_t n_styles, styles_capacity;

    /* while parsing */
    bool nomem, in_cell_styles, capture, in_phonetic, in_row, has_value, has_formula;
    dk_buf text;
    int64_t row;
    size_t column, next_column, style;
    char type;
} xlsx;

static void out_of_memory(xlsx *self)
{
    dk_xml_part_fail(self->part, DK_NOMEM, "out of memory");
}

static void ignore_end(void *user, const char *name)
{
    (void)user, (void)name;
}

/* ---- relations: which member is what ---- */

/* Resolves a target against the folder of what names it; .. is not seen in practice, and then the member is not found.
 */
static char *resolve(const char *base, const char *target)
{
    char *member = NULL;
    if (target[0] == '/')
        return strdup(target + 1);
    return asprintf(&member, "%s%s", base, target) < 0 ? NULL : member;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

static void on_relation(void *user, const char *name, const char **attributes)
{
    xlsx *self = user;
    const char *id = dk_xml_attribute(attributes, "Id"), *type = dk_xml_attribute(attributes, "Type"),
               *target = dk_xml_attribute(attributes, "Target");
    if (strcmp(name, "Relationship") != 0 || id == NULL || type == NULL || target == NULL)
        return;
    char **slot = ends_with(type, "/officeDocument")  ? &self->workbook
                  : ends_with(type, "/sharedStrings") ? &self->strings_member
                  : ends_with(type, "/styles")        ? &self->styles_member
                                                      : NULL;
    char *member = resolve(self->base, target);
    if (member != NULL && slot != NULL) {
        free(*slot);
        *slot = member;
    } else if (member != NULL && ends_with(type, "/worksheet") &&
               dk_grow(&self->relations, &self->relations_capacity, self->n_relations + 1, sizeof *self->relations)) {
        char *copy = strdup(id);
        if (copy != NULL) {
            self->relations[self->n_relations++] = (relation){copy, member};
        } else {
            free(member);
            out_of_memory(self);
        }
    } else {
        if (member == NULL || ends_with(type, "/worksheet"))
            out_of_memory(self);
        free(member);
    }
}

/* ---- the workbook ---- */

/* xsd:boolean; NULL: the attribute is not there, and its default is false. */
static bool is_true(const char *value)
{
    return value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

static void on_workbook(void *user, const char *name, const char **attributes)
{
    xlsx *self = user;
    if (strcmp(name, "workbookPr") == 0) {
        const char *value = dk_xml_attribute(attributes, "date1904");
        self->sheet->day_zero = is_true(value) ? DK_SHEET_1904 : 0;
    }
    if (strcmp(name, "sheet") != 0)
        return;
    const char *title = dk_xml_attribute(attributes, "name"), *state = dk_xml_attribute(attributes, "state"),
               *id = NULL;
    const bool hidden = state != NULL && (strcmp(state, "hidden") == 0 || strcmp(state, "veryHidden") == 0);
    for (size_t i = 0; attributes[i] != NULL; i += 2) /* r:id, not sheetId */
        if (ends_with(attributes[i], ":id"))
            id = attributes[i + 1];
    for (size_t i = 0; i < self->n_relations && title != NULL && id != NULL; i++) {
        if (strcmp(self->relations[i].id, id) != 0)
            continue; /* chart sheets have another relation */
        if (!dk_grow(&self->members, &self->members_capacity, self->n_members + 1, sizeof *self->members) ||
            (self->members[self->n_members] = strdup(self->relations[i].member)) == NULL) {
            out_of_memory(self);
            return;
        }
        self->n_members++;
        if (dk_sheet_add_name(self->sheet, title, hidden, NULL) != DK_OK)
            out_of_memory(self);
        return;
    }
}

/* ---- styles: which of them show a day ---- */

static void on_style(void *user, const char *name, const char **attributes)
{
    xlsx *self = user;
    if (strcmp(name, "cellXfs") == 0)
        self->in_cell_styles = true;
    const char *id = dk_xml_attribute(attributes, "numFmtId");
    const unsigned number = id != NULL ? (unsigned)strtoul(id, NULL, 10) : 0; /* an xf may leave it out */
    if (strcmp(name, "numFmt") == 0) {
        const char *code = dk_xml_attribute(attributes, "formatCode");
        if (id == NULL || code == NULL || self->n_formats == MAX_STYLES)
            return;
        if (!dk_grow(&self->formats, &self->formats_capacity, self->n_formats + 1, sizeof *self->formats))
            out_of_memory(self);
        else
            self->formats[self->n_formats++] = (format_code){number, dk_sheet_format_of(number, code)};
    } else if (strcmp(name, "xf") == 0 && self->in_cell_styles && self->n_styles < MAX_STYLES) {
        dk_sheet_format format = dk_sheet_format_of(number, NULL);
        for (size_t i = 0; i < self->n_formats; i++)
            if (self->formats[i].id == number)
                format = self->formats[i].format;
        if (!dk_grow(&self->styles, &self->styles_capacity, self->n_styles + 1, sizeof *self->styles))
            out_of_memory(self);
        else
            self->styles[self->n_styles++] = format;
    }
}

static void on_style_end(void *user, const char *name)
{
    if (strcmp(name, "cellXfs") == 0)
        ((xlsx *)user)->in_cell_styles = false;
}

/* ---- texts ---- */

static int hex_digit(unsigned char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* What XML cannot hold is written _xHHHH_ (ST_Xstring, ECMA-376 part 1, 22.9.2.19), line ends of Windows too. In place;
 * control characters but tab and line end become a blank. */
static void unescape(dk_buf *text, size_t start)
{
    size_t to = start;
    for (size_t from = start; from < text->size; from++) {
        const unsigned char *at = text->data + from;
        unsigned code = 0;
        bool escaped = text->size - from >= 7 && at[0] == '_' && at[1] == 'x' && at[6] == '_';
        for (size_t i = 2; i < 6 && escaped; i++) {
            const int digit = hex_digit(at[i]);
            escaped = digit >= 0;
            code = code * 16 + (unsigned)digit;
        }
        if (!escaped || code >= 0x80 || code == 0) { /* others than ASCII are never written so */
            text->data[to++] = at[0];
            continue;
        }
        from += 6;
        if (code != '\r')
            text->data[to++] = (unsigned char)(code >= 0x20 || code == '\t' || code == '\n' ? code : ' ');
    }
    text->size = to;
}

/* ---- shared strings ---- */

static void on_string(void *user, const char *name, const char **attributes)
{
    xlsx *self = user;
    (void)attributes;
    if (strcmp(name, "si") == 0) {
        if (!dk_grow(&self->string_places, &self->strings_capacity, self->n_strings + 1, sizeof *self->string_places))
            out_of_memory(self);
        else
            self->string_places[self->n_strings++] = self->strings.size;
    } else if (strcmp(name, "rPh") == 0) { /* how it is pronounced */
        self->in_phonetic = true;
    } else if (strcmp(name, "t") == 0) {
        self->capture = !self->in_phonetic && self->n_strings > 0;
    }
}

static void on_string_end(void *user, const char *name)
{
    xlsx *self = user;
    if (strcmp(name, "si") == 0) {
        if (self->n_strings > 0)
            unescape(&self->strings, self->string_places[self->n_strings - 1]);
        dk_buf_byte(&self->strings, 0);
    } else if (strcmp(name, "rPh") == 0)
        self->in_phonetic = false;
    else if (strcmp(name, "t") == 0)
        self->capture = false;
    if (self->strings.failed)
        out_of_memory(self);
}

static void on_string_text(void *user, const char *text, size_t size)
{
    xlsx *self = user;
    if (!self->capture)
        return;
    if (self->strings.size + size > MAX_STRINGS_BYTES)
        dk_xml_part_fail(self->part, DK_LIMIT,
                         "its texts are over 512 MiB; split the workbook, or save the sheet as CSV");
    else
        dk_buf_append(&self->strings, text, size);
}

/* ---- the sheet ---- */

/* B5, or a part of A1:C3. Column from 0, row from 1; false: no reference. */
static bool parse_reference(const char **at, size_t *ret_column, int64_t *ret_row)
{
    size_t column = 0;
    int64_t row = 0;
    const char *from = *at;
    for (; *from == '$' || isalpha((unsigned char)*from); from++)
        if (*from != '$' && (column = column * 26 + (size_t)(toupper((unsigned char)*from) - 'A') + 1) > 65536)
            return false;
    for (; *from == '$' || isdigit((unsigned char)*from); from++)
        if (*from != '$' && (row = row * 10 + (*from - '0')) > DK_SHEET_MAX_ROWS)
            return false;
    if (column == 0 || column > DK_SHEET_MAX_COLUMNS || row == 0)
        return false;
    *ret_column = column - 1;
    *ret_row = row;
    *at = from;
    return true;
}

static void start_cell(xlsx *self, const char **attributes)
{
    const char *reference = dk_xml_attribute(attributes, "r"), *style = dk_xml_attribute(attributes, "s"),
               *type = dk_xml_attribute(attributes, "t");
    self->column = self->next_column;
    int64_t row = self->row;
    if (reference != NULL && (!parse_reference(&reference, &self->column, &row) || row != self->row)) {
        dk_xml_part_fail(self->part, DK_INVALID, "a cell is not in the row that it says; save the file again");
        return;
    }
    if (self->column < self->next_column || self->column >= DK_SHEET_MAX_COLUMNS) {
        dk_xml_part_fail(self->part, DK_INVALID, "the cells of a row are out of order; save the file again");
        return;
    }
    self->next_column = self->column + 1;
    self->style = style != NULL ? strtoul(style, NULL, 10) : 0;
    /* b, d, e, n, s, str, inlineStr */
    self->type = type == NULL ? 'n' : strcmp(type, "str") == 0 ? 't' : type[0];
    self->has_value = self->has_formula = false;
    dk_buf_clear(&self->text);
}

static void on_cell(void *user, const char *name, const char **attributes)
{
    xlsx *self = user;
    if (strcmp(name, "row") == 0) {
        const char *number = dk_xml_attribute(attributes, "r");
        const long long row = number != NULL ? strtoll(number, NULL, 10) : self->row + 1;
        if (row <= self->row || row > DK_SHEET_MAX_ROWS) {
            dk_xml_part_fail(self->part, DK_INVALID, "its rows are out of order; save the file again");
            return;
        }
        self->row = row;
        self->next_column = 0;
        self->in_row = true;
        dk_sheet_begin_row(self->sheet, row, is_true(dk_xml_attribute(attributes, "hidden")));
    } else if (strcmp(name, "c") == 0 && self->in_row) {
        start_cell(self, attributes);
    } else if (strcmp(name, "f") == 0) {
        self->has_formula = true;
    } else if (strcmp(name, "rPh") == 0) {
        self->in_phonetic = true;
    } else if (strcmp(name, "v") == 0 || (strcmp(name, "t") == 0 && !self->in_phonetic)) {
        self->capture = self->has_value = true;
    } else if (strcmp(name, "col") == 0 && is_true(dk_xml_attribute(attributes, "hidden"))) { /* 18.3.1.13 */
        const char *first = dk_xml_attribute(attributes, "min"), *last = dk_xml_attribute(attributes, "max");
        const unsigned long from = first != NULL ? strtoul(first, NULL, 10) : 0;
        const unsigned long to = last != NULL ? strtoul(last, NULL, 10) : 0;
        if (from > 0 && to >= from && !dk_sheet_hide_columns(self->sheet, from - 1, to - 1))
            out_of_memory(self);
    } else if (strcmp(name, "mergeCell") == 0) {
        const char *reference = dk_xml_attribute(attributes, "ref");
        dk_sheet_merge merge;
        if (reference == NULL || !parse_reference(&reference, &merge.first_column, &merge.first_row) ||
            *reference++ != ':' || !parse_reference(&reference, &merge.last_column, &merge.last_row) ||
            merge.last_row < merge.first_row || merge.last_column < merge.first_column)
            return; /* one cell, or no reference at all: nothing is merged */
        if (!dk_sheet_add_merge(self->sheet, &merge))
            dk_xml_part_fail(self->part, DK_LIMIT, "it has over a million merged cells; split the workbook");
    }
}

static bool add_number(xlsx *self, const char *text)
{
    char *end;
    const double number = strtod(text, &end);
    if (*end != '\0' || end == text)
        return dk_sheet_add_cell(self->sheet, self->column, DK_CELL_TEXT, 0, text, strlen(text));
    if (self->style < self->n_styles)
        return dk_sheet_add_number(self->sheet, self->column, number, &self->styles[self->style]);
    return dk_sheet_add_cell(self->sheet, self->column, DK_CELL_REAL, number, NULL, 0);
}

static void end_cell(xlsx *self)
{
    dk_sheet *sheet = self->sheet;
    if (!self->has_value) {
        if (self->has_formula) {
            dk_sheet_cell_problem(sheet, self->column,
                                  "its formula has no result in the file; open the file in a spreadsheet program and "
                                  "save it again");
            dk_sheet_add_cell(sheet, self->column, DK_CELL_EMPTY, 0, NULL, 0);
        }
        return;
    }
    unescape(&self->text, 0);
    const char *text = dk_buf_cstr(&self->text);
    bool added = false;
    if (text == NULL) {
        out_of_memory(self);
        return;
    }
    switch (self->type) {
    case 's': {
        char *end;
        const unsigned long index = strtoul(text, &end, 10);
        if (*end != '\0' || end == text || index >= self->n_strings) {
            dk_xml_part_fail(self->part, DK_INVALID, "a cell names a text that the file does not have; save it again");
            return;
        }
        const char *string = (const char *)self->strings.data + self->string_places[index];
        const size_t size = strlen(string);
        added = dk_sheet_add_cell(sheet, self->column, size > 0 ? DK_CELL_TEXT : DK_CELL_EMPTY, 0, string, size);
        break;
    }
    case 'n':
        added = self->text.size == 0 || add_number(self, text);
        break;
    case 'b':
        text = text[0] == '1' ? "TRUE" : "FALSE";
        added = dk_sheet_add_cell(sheet, self->column, DK_CELL_TEXT, 0, text, strlen(text));
        break;
    case 'e':
        added = dk_sheet_add_error(sheet, self->column, text, self->text.size);
        break;
    case 'd':
        added = dk_sheet_add_cell(sheet, self->column, self->text.size == 10 ? DK_CELL_DATE : DK_CELL_TEXT, 0, text,
                                  self->text.size);
        break;
    default:
        added = dk_sheet_add_cell(sheet, self->column, self->text.size > 0 ? DK_CELL_TEXT : DK_CELL_EMPTY, 0, text,
                                  self->text.size);
    }
    if (!added)
        out_of_memory(self);
}

static void on_cell_end(void *user, const char *name)
{
    xlsx *self = user;
    if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        self->capture = false;
    } else if (strcmp(name, "rPh") == 0) {
        self->in_phonetic = false;
    } else if (strcmp(name, "c") == 0 && self->in_row) {
        end_cell(self);
    } else if (strcmp(name, "row") == 0) {
        self->in_row = false;
        dk_xml_part_pause(self->part);
    }
}

static void on_cell_text(void *user, const char *text, size_t size)
{
    xlsx *self = user;
    if (!self->capture)
        return;
    if (self->text.size + size > DK_SHEET_MAX_TEXT)
        dk_xml_part_fail(self->part, DK_LIMIT, "a cell holds more than 1 MiB; take it out");
    else
        dk_buf_append(&self->text, text, size);
}

static dk_status start(dk_sheet *sheet, size_t index, dk_error *err)
{
    xlsx *self = sheet->own;
    const dk_xml_calls calls = {on_cell, on_cell_end, on_cell_text, self};
    dk_xml_part_close(self->part);
    self->part = NULL;
    self->row = 0;
    self->in_row = self->capture = self->in_phonetic = false;
    return dk_xml_part_open(sheet->path, self->members[index], &calls, &self->part, err);
}

static dk_status next(dk_sheet *sheet, dk_error *err)
{
    xlsx *self = sheet->own;
    return dk_xml_part_run(self->part, err);
}

static double progress(const dk_sheet *sheet)
{
    return dk_xml_part_progress(((const xlsx *)sheet->own)->part);
}

static void close_xlsx(dk_sheet *sheet)
{
    xlsx *self = sheet->own;
    if (self == NULL)
        return;
    dk_xml_part_close(self->part);
    for (size_t i = 0; i < self->n_relations; i++) {
        free(self->relations[i].id);
        free(self->relations[i].member);
    }
    for (size_t i = 0; i < self->n_members; i++)
        free(self->members[i]);
    free(self->relations);
    free(self->members);
    free(self->base);
    free(self->workbook);
    free(self->strings_member);
    free(self->styles_member);
    free(self->string_places);
    free(self->formats);
    free(self->styles);
    dk_buf_finish(&self->strings);
    dk_buf_finish(&self->text);
    free(self);
}

/* folder/_rels/name.rels beside folder/name. */
static char *relations_of(const char *member)
{
    char *path = NULL;
    const char *slash = strrchr(member, '/');
    const size_t folder = slash != NULL ? (size_t)(slash - member) + 1 : 0;
    return asprintf(&path, "%.*s_rels/%s.rels", (int)folder, member, member + folder) < 0 ? NULL : path;
}

static dk_status read_parts(xlsx *self, dk_error *err)
{
    dk_sheet *sheet = self->sheet;
    const dk_xml_calls relations = {on_relation, ignore_end, NULL, self},
                       workbook = {on_workbook, ignore_end, NULL, self}, styles = {on_style, on_style_end, NULL, self},
                       strings = {on_string, on_string_end, on_string_text, self};
    dk_status status = dk_xml_part_read(sheet->path, "_rels/.rels", &relations, &self->part, err);
    if (status == DK_NOT_FOUND || (status == DK_OK && self->workbook == NULL))
        return dk_fail(err, DK_INVALID,
                       "%s: an archive without a workbook in it; the file is damaged or no XLSX: save it again",
                       sheet->path);
    if (status == DK_OK && ends_with(self->workbook, ".bin"))
        return dk_fail(err, DK_INVALID, "%s: an XLSB; open it in a spreadsheet program and save it as XLSX",
                       sheet->path);
    if (status != DK_OK)
        return status;
    char *path = relations_of(self->workbook);
    const char *slash = strrchr(self->workbook, '/');
    free(self->base);
    self->base = strndup(self->workbook, slash != NULL ? (size_t)(slash - self->workbook) + 1 : 0);
    if (path == NULL || self->base == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path);
    else
        status = dk_xml_part_read(sheet->path, path, &relations, &self->part, err);
    free(path);
    if (status == DK_OK)
        status = dk_xml_part_read(sheet->path, self->workbook, &workbook, &self->part, err);
    if (status == DK_OK && self->styles_member != NULL)
        status = dk_xml_part_read(sheet->path, self->styles_member, &styles, &self->part, err);
    if (status == DK_OK && self->strings_member != NULL)
        status = dk_xml_part_read(sheet->path, self->strings_member, &strings, &self->part, err);
    return status == DK_NOT_FOUND ? DK_INVALID : status;
}

dk_status dk_sheet_open_xlsx(dk_sheet *sheet, dk_error *err)
{
    static const dk_sheet_reader reader = {start, next, progress, close_xlsx};
    xlsx *self = calloc(1, sizeof *self);
    if (self == NULL || (self->base = strdup("")) == NULL) {
        free(self);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path);
    }
    dk_buf_init(&self->strings);
    dk_buf_init(&self->text);
    self->sheet = sheet;
    sheet->own = self;
    sheet->reader = &reader;
    return read_parts(self, err);
}
