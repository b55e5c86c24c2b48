/* ODS: OpenDocument 1.2 part 1, chapter 9 (tables) and 19 (their attributes). */
#include "ingest/ods_styles.h"
#include "ingest/sheet_internal.h"
#include "ingest/xml_part.h"
#include "store/day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns up to one, behind those of the range before, and the style of their cells that have none of their own. */
typedef struct column_range {
    size_t end, style;
} column_range;

typedef struct ods {
    dk_sheet *sheet;
    dk_xml_part *part;
    dk_ods_styles *styles;
    bool common; /* styles.xml is read, not content.xml */
    column_range *ranges;
    size_t n_ranges, ranges_capacity;
    size_t row_style, style; /* of the row under way, and of the cell */
    size_t wanted, n_tables; /* the table that is read; tables begun so far */
    bool listing;            /* names of the tables are collected */
    dk_buf table_style;      /* the style under way, if it is one of a table */
    dk_buf hidden_styles;    /* names of those that hide it, each with a NUL behind */
    int depth;               /* of tables within each other: only the outermost count */
    int aside;               /* depth within notes, drawings and what else is no text of a cell */

    int64_t row;           /* the last one given */
    long repeat, repeated; /* of the row under way, and how often it was given */
    size_t column;
    bool in_row, in_cell;

    long cell_repeat;
    dk_cell_type type;
    double number;
    bool covered, in_paragraph, has_text, has_formula, has_string, is_error;
    size_t n_paragraphs;
    dk_buf text;
    char given[64]; /* a value that an attribute gives: date or boolean */
} ods;

static long count_of(const char **attributes, const char *name, long most)
{
    const char *value = dk_xml_attribute(attributes, name);
    const long n = value != NULL ? strtol(value, NULL, 10) : 1;
    return n < 1 ? 1 : n > most ? most : n;
}

static bool reads(const ods *self)
{
    return !self->listing && self->depth == 1 && self->n_tables == self->wanted + 1;
}

static size_t style_of(const ods *self, const char **attributes, const char *attribute)
{
    return dk_ods_style_find(self->styles, dk_xml_attribute(attributes, attribute));
}

/* 19.615: a cell's own style, that of its row, that of its column. */
static size_t cell_style(const ods *self, const char **attributes)
{
    const char *name = dk_xml_attribute(attributes, "style-name");
    if (name != NULL || self->row_style != DK_ODS_NO_STYLE)
        return name != NULL ? dk_ods_style_find(self->styles, name) : self->row_style;
    size_t low = 0, high = self->n_ranges;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (self->ranges[middle].end <= self->column)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->n_ranges ? self->ranges[low].style : DK_ODS_NO_STYLE;
}

static void add_columns(ods *self, const char **attributes)
{
    const size_t before = self->n_ranges > 0 ? self->ranges[self->n_ranges - 1].end : 0,
                 end = before + (size_t)count_of(attributes, "number-columns-repeated", DK_SHEET_MAX_COLUMNS);
    const char *visibility = dk_xml_attribute(attributes, "visibility"); /* visible, collapse or filter */
    if (before >= DK_SHEET_MAX_COLUMNS)
        return;
    if (visibility != NULL && strcmp(visibility, "visible") != 0 &&
        !dk_sheet_hide_columns(self->sheet, before, end - 1))
        dk_xml_part_fail(self->part, DK_NOMEM, "out of memory");
    if (!dk_grow(&self->ranges, &self->ranges_capacity, self->n_ranges + 1, sizeof *self->ranges))
        dk_xml_part_fail(self->part, DK_NOMEM, "out of memory");
    else
        self->ranges[self->n_ranges++] = (column_range){end, style_of(self, attributes, "default-cell-style-name")};
}

static void append(ods *self, const char *text, size_t size)
{
    if (self->text.size + size > DK_SHEET_MAX_TEXT)
        dk_xml_part_fail(self->part, DK_LIMIT, "a cell holds more than 1 MiB; take it out");
    else
        dk_buf_append(&self->text, text, size);
}

static void start_cell(ods *self, const char *name, const char **attributes)
{
    self->in_cell = true;
    self->style = cell_style(self, attributes);
    self->covered = strcmp(name, "covered-table-cell") == 0;
    self->cell_repeat = count_of(attributes, "number-columns-repeated", DK_SHEET_MAX_COLUMNS);
    self->type = DK_CELL_EMPTY;
    self->n_paragraphs = 0;
    self->has_text = self->in_paragraph = false;
    self->has_formula = dk_xml_attribute(attributes, "formula") != NULL;
    self->has_string = self->is_error = false;
    self->given[0] = '\0';
    dk_buf_clear(&self->text);
    for (size_t i = 0; attributes[i] != NULL;
         i += 2) { /* office:value-type is string where calcext:value-type is error */
        const char *colon = strrchr(attributes[i], ':');
        self->is_error |= colon != NULL && strcmp(colon, ":value-type") == 0 && strcmp(attributes[i + 1], "error") == 0;
    }
    const char *type = dk_xml_attribute(attributes, "value-type"), *value = dk_xml_attribute(attributes, "value"),
               *date = dk_xml_attribute(attributes, "date-value"),
               *flag = dk_xml_attribute(attributes, "boolean-value");
    if (type != NULL && strcmp(type, "date") == 0 && date != NULL && strlen(date) >= 10) {
        self->type = DK_CELL_DATE;
        snprintf(self->given, sizeof self->given, "%.10s", date);
    } else if (type != NULL && strcmp(type, "boolean") == 0 && flag != NULL) {
        self->type = DK_CELL_TEXT;
        snprintf(self->given, sizeof self->given, "%s", strcmp(flag, "true") == 0 ? "TRUE" : "FALSE");
    } else if (type != NULL && value != NULL && strcmp(type, "string") != 0) { /* float, percentage, currency */
        char *end;
        self->number = strtod(value, &end);
        self->type = *end == '\0' && end != value ? DK_CELL_REAL : DK_CELL_TEXT;
    } else if (type != NULL) {
        self->type = DK_CELL_TEXT;
        const char *string = dk_xml_attribute(attributes, "string-value"); /* 19.387: it counts, not what is shown */
        self->has_string = string != NULL && *string != '\0';
        if (self->has_string)
            append(self, string, strlen(string));
    }
    const long rows = count_of(attributes, "number-rows-spanned", DK_SHEET_MAX_ROWS),
               columns = count_of(attributes, "number-columns-spanned", DK_SHEET_MAX_COLUMNS);
    const dk_sheet_merge merge = {self->row + 1, self->row + rows, self->column, self->column + (size_t)columns - 1};
    if (!self->covered && !dk_sheet_add_merge(self->sheet, &merge))
        dk_xml_part_fail(self->part, DK_LIMIT, "it has over a million merged cells; split the workbook");
}

/* The day 0 of a number that is shown as a date (9.4.4): 1899-12-30, unless said otherwise. */
static void set_null_date(ods *self, const char **attributes)
{
    const char *value = dk_xml_attribute(attributes, "date-value");
    char day[DK_DAY_TEXT];
    int32_t zero;
    snprintf(day, sizeof day, "%.10s", value != NULL ? value : ""); /* a time of day may follow */
    if (dk_day_read(day, &zero))
        self->sheet->day_zero = zero - dk_day_of(1899, 12, 30);
}

static void styles_failed(ods *self)
{
    dk_xml_part_fail(self->part, DK_LIMIT, "it has more styles than can be kept; save the sheet as CSV");
}

/* What stands in a paragraph and is no text of it. All else is shown with it: spans, links, fields, the base of a ruby.
 */
static bool is_aside(const char *name)
{
    static const char *const names[] = {"annotation",   "note",    "ruby-text", "frame", "g",
                                        "custom-shape", "control", "rect",      "line"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* A table that is hidden has a style that says so (17.15). */
static void note_table_style(ods *self, const char *name, const char **attributes)
{
    const char *family = dk_xml_attribute(attributes, "family"), *own = dk_xml_attribute(attributes, "name"),
               *display = dk_xml_attribute(attributes, "display");
    if (strcmp(name, "style") == 0) {
        dk_buf_clear(&self->table_style);
        if (family != NULL && strcmp(family, "table") == 0 && own != NULL)
            dk_buf_append(&self->table_style, own, strlen(own) + 1);
    } else if (strcmp(name, "table-properties") == 0 && display != NULL && strcmp(display, "false") == 0 &&
               self->table_style.size > 0) {
        dk_buf_append(&self->hidden_styles, self->table_style.data, self->table_style.size);
    }
    if (self->table_style.failed || self->hidden_styles.failed)
        dk_xml_part_fail(self->part, DK_NOMEM, "out of memory");
}

static bool is_hidden(const ods *self, const char **attributes)
{
    const char *style = dk_xml_attribute(attributes, "style-name");
    for (size_t at = 0; style != NULL && at < self->hidden_styles.size;) {
        const char *name = (const char *)self->hidden_styles.data + at;
        if (strcmp(name, style) == 0)
            return true;
        at += strlen(name) + 1;
    }
    return false;
}

static void on_start(void *user, const char *name, const char **attributes)
{
    ods *self = user;
    if (self->listing && self->n_tables == 0) {
        if (!dk_ods_styles_start(self->styles, !self->common, name, attributes))
            styles_failed(self);
        note_table_style(self, name, attributes);
        if (strcmp(name, "null-date") == 0)
            set_null_date(self, attributes);
    }
    if (self->common)
        return;
    if (strcmp(name, "table") == 0) {
        const char *title = dk_xml_attribute(attributes, "name");
        if (self->depth++ > 0)
            return;
        self->n_tables++;
        if (self->listing &&
            dk_sheet_add_name(self->sheet, title != NULL ? title : "", is_hidden(self, attributes), NULL) != DK_OK)
            dk_xml_part_fail(self->part, DK_NOMEM, "out of memory");
        return;
    }
    if (!reads(self))
        return;
    if (self->aside > 0) {
        self->aside++;
    } else if (strcmp(name, "table-column") == 0 && !self->in_row) {
        add_columns(self, attributes);
    } else if (strcmp(name, "table-row") == 0 && !self->in_row) {
        self->in_row = true;
        self->row_style = style_of(self, attributes, "default-cell-style-name");
        self->repeat = count_of(attributes, "number-rows-repeated", DK_SHEET_MAX_ROWS);
        self->repeated = 0;
        self->column = 0;
        const char *visibility = dk_xml_attribute(attributes, "visibility"); /* visible, collapse or filter */
        dk_sheet_begin_row(self->sheet, self->row + 1, visibility != NULL && strcmp(visibility, "visible") != 0);
    } else if (self->in_row && !self->in_cell &&
               (strcmp(name, "table-cell") == 0 || strcmp(name, "covered-table-cell") == 0)) {
        start_cell(self, name, attributes);
    } else if (self->in_cell && !self->in_paragraph && !self->has_string && strcmp(name, "p") == 0) {
        if (self->n_paragraphs++ > 0)
            append(self, "\n", 1);
        self->in_paragraph = self->has_text = true;
    } else if (self->in_paragraph && strcmp(name, "s") == 0) {
        for (long n = count_of(attributes, "c", 1000); n > 0; n--)
            append(self, " ", 1);
    } else if (self->in_paragraph && (strcmp(name, "tab") == 0 || strcmp(name, "line-break") == 0)) {
        append(self, name[0] == 't' ? "\t" : "\n", 1);
    } else if (self->in_cell && (!self->in_paragraph || is_aside(name))) {
        self->aside = 1; /* an annotation, a picture */
    }
}

static void end_cell(ods *self)
{
    dk_sheet *sheet = self->sheet;
    self->in_cell = false;
    const size_t first = self->column;
    self->column += (size_t)self->cell_repeat;
    if (self->column > DK_SHEET_MAX_COLUMNS)
        self->column = DK_SHEET_MAX_COLUMNS;
    if (self->type == DK_CELL_EMPTY && self->has_text) /* a writer that leaves the type out */
        self->type = DK_CELL_TEXT;
    if (self->type == DK_CELL_EMPTY && self->has_formula)
        dk_sheet_cell_problem(
            sheet, first,
            "its formula has no result in the file; open the file in a spreadsheet program and save it "
            "again");
    const char *text = self->given[0] != '\0' ? self->given : dk_buf_cstr(&self->text);
    const size_t size = self->given[0] != '\0' ? strlen(self->given) : self->text.size;
    bool added = text != NULL;
    if (self->type == DK_CELL_TEXT && size == 0)
        self->type = DK_CELL_EMPTY;
    const bool number = self->type == DK_CELL_REAL;
    const dk_sheet_format *format = number || self->type == DK_CELL_DATE
                                        ? dk_ods_style_format(self->styles, self->style, number ? self->number : 0)
                                        : NULL;
    for (size_t c = first; c < self->column && self->type != DK_CELL_EMPTY && added; c++) {
        added = number && format != NULL ? dk_sheet_add_number(sheet, c, self->number, format)
                : self->is_error         ? dk_sheet_add_error(sheet, c, text, size)
                                         : dk_sheet_add_cell(sheet, c, self->type, self->number, text, size);
        if (added && self->type == DK_CELL_DATE && format != NULL && format->is_date)
            dk_sheet_check_day(sheet, c, format);
    }
    if (!added)
        dk_xml_part_fail(self->part, DK_NOMEM, "out of memory");
}

static void on_end(void *user, const char *name)
{
    ods *self = user;
    if (self->listing && self->n_tables == 0 && !dk_ods_styles_end(self->styles, name))
        styles_failed(self);
    if (self->common)
        return;
    if (strcmp(name, "table") == 0) {
        self->depth--;
        return;
    }
    if (!reads(self))
        return;
    if (self->aside > 0) {
        self->aside--;
    } else if (self->in_paragraph) {
        if (strcmp(name, "p") == 0)
            self->in_paragraph = false;
    } else if (self->in_cell) {
        if (strcmp(name, "table-cell") == 0 || strcmp(name, "covered-table-cell") == 0)
            end_cell(self);
    } else if (self->in_row && strcmp(name, "table-row") == 0) {
        self->in_row = false;
        dk_xml_part_pause(self->part);
    }
}

static void on_text(void *user, const char *text, size_t size)
{
    ods *self = user;
    if (self->listing && self->n_tables == 0)
        dk_ods_styles_text(self->styles, text, size);
    else if (reads(self) && self->in_paragraph && self->aside == 0)
        append(self, text, size);
}

static dk_status start(dk_sheet *sheet, size_t index, dk_error *err)
{
    ods *self = sheet->own;
    const dk_xml_calls calls = {on_start, on_end, on_text, self};
    dk_xml_part_close(self->part);
    self->part = NULL;
    self->wanted = index;
    self->n_tables = 0;
    self->depth = self->aside = 0;
    self->row = 0;
    self->repeat = self->repeated = 0;
    self->n_ranges = 0;
    self->row_style = DK_ODS_NO_STYLE;
    self->listing = self->in_row = self->in_cell = self->in_paragraph = false;
    return dk_xml_part_open(sheet->path, "content.xml", &calls, &self->part, err);
}

static dk_status next(dk_sheet *sheet, dk_error *err)
{
    ods *self = sheet->own;
    if (self->repeated < self->repeat && self->repeated > 0 && sheet->n_cells > 0) {
        self->repeated++; /* the same again */
        sheet->row_number = ++self->row;
        return DK_OK;
    }
    self->row += self->repeat - self->repeated; /* empty ones need not be given */
    self->repeat = self->repeated = 0;
    const dk_status status = dk_xml_part_run(self->part, err);
    if (status != DK_OK)
        return status;
    if (self->row + self->repeat > DK_SHEET_MAX_ROWS && sheet->n_cells > 0)
        return dk_fail(err, DK_LIMIT, "%s: it has over a million rows; split the sheet, or save it as CSV",
                       sheet->path);
    self->repeated = 1;
    sheet->row_number = ++self->row;
    return DK_OK;
}

static double progress(const dk_sheet *sheet)
{
    return dk_xml_part_progress(((const ods *)sheet->own)->part);
}

static void close_ods(dk_sheet *sheet)
{
    ods *self = sheet->own;
    if (self == NULL)
        return;
    dk_xml_part_close(self->part);
    dk_ods_styles_free(self->styles);
    free(self->ranges);
    dk_buf_finish(&self->text);
    dk_buf_finish(&self->table_style);
    dk_buf_finish(&self->hidden_styles);
    free(self);
}

dk_status dk_sheet_open_ods(dk_sheet *sheet, dk_error *err)
{
    static const dk_sheet_reader reader = {start, next, progress, close_ods};
    ods *self = calloc(1, sizeof *self);
    if (self == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path);
    dk_buf_init(&self->text);
    dk_buf_init(&self->table_style);
    dk_buf_init(&self->hidden_styles);
    self->sheet = sheet;
    sheet->own = self;
    sheet->reader = &reader;
    self->styles = dk_ods_styles_create();
    if (self->styles == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path);
    self->listing = self->common = true;
    const dk_xml_calls calls = {on_start, on_end, on_text, self};
    dk_status status = dk_xml_part_read(sheet->path, "styles.xml", &calls, &self->part, err);
    self->common = false;
    if (status == DK_OK || status == DK_NOT_FOUND) /* which some writers leave out */
        status = dk_xml_part_read(sheet->path, "content.xml", &calls, &self->part, err);
    self->listing = false;
    dk_ods_styles_resolve(self->styles);
    return status == DK_NOT_FOUND ? DK_INVALID : status;
}
