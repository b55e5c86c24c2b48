#include "ingest/sheet_internal.h"

#include "ingest/columns.h"

#include "ingest/values.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void dk_sheet_cell_name(size_t column, int64_t row, char ret[32])
{
    char letters[8];
    size_t n = sizeof letters - 1;
    letters[n] = '\0';
    for (size_t rest = column + 1; rest > 0 && n > 0; rest = (rest - 1) / 26)
        letters[--n] = (char)('A' + (rest - 1) % 26);
    snprintf(ret, 32, "%s%lld", letters + n, (long long)row);
}

/* ---- for the readers ---- */

dk_status dk_sheet_add_name(dk_sheet *sheet, const char *name, bool hidden, dk_error *err)
{
    if (!dk_grow(&sheet->names, &sheet->names_capacity, sheet->n_names + 1, sizeof *sheet->names) ||
        !dk_grow(&sheet->hidden, &sheet->hidden_capacity, sheet->n_names + 1, sizeof *sheet->hidden) ||
        (sheet->names[sheet->n_names] = strdup(name)) == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path);
    sheet->hidden[sheet->n_names++] = hidden;
    return DK_OK;
}

void dk_sheet_begin_row(dk_sheet *sheet, int64_t number, bool hidden)
{
    sheet->row_number = number;
    sheet->row_hidden = hidden;
    sheet->n_cells = 0;
    sheet->problem[0] = '\0';
    dk_buf_clear(&sheet->text);
}

bool dk_sheet_add_cell(dk_sheet *sheet, size_t column, dk_cell_type type, double number, const char *text, size_t size)
{
    if (column >= DK_SHEET_MAX_COLUMNS)
        return false;
    if (column >= sheet->capacity) {
        const size_t capacity = column < 32 ? 64 : 2 * column;
        dk_cell *cells = realloc(sheet->cells, capacity * sizeof *cells);
        if (cells != NULL)
            sheet->cells = cells;
        size_t *places = cells != NULL ? realloc(sheet->places, capacity * sizeof *places) : NULL;
        if (places == NULL)
            return false;
        sheet->places = places;
        sheet->capacity = capacity;
    }
    for (; sheet->n_cells <= column; sheet->n_cells++)
        sheet->cells[sheet->n_cells] = (dk_cell){.text = ""};
    const bool text_cell = type == DK_CELL_TEXT || type == DK_CELL_DATE;
    if (!text_cell)
        size = 0;
    sheet->cells[column] = (dk_cell){.type = type, .real = number, .size = size, .day_zero = sheet->day_zero};
    sheet->places[column] = sheet->text.size;
    if (size > DK_SHEET_MAX_ROW_TEXT - sheet->text.size) {
        /* one text named by thousands of cells is small in the file */
        sheet->cells[column] = (dk_cell){.text = ""};
        dk_sheet_cell_problem(sheet, column, "the texts of this row are over 16 MiB together; shorten them");
    } else if (text_cell) {
        dk_buf_append(&sheet->text, text, size);
        dk_buf_byte(&sheet->text, 0);
    }
    return !sheet->text.failed;
}

bool dk_sheet_add_error(dk_sheet *sheet, size_t column, const char *text, size_t size)
{
    if (!dk_sheet_add_cell(sheet, column, DK_CELL_TEXT, 0, text, size))
        return false;
    sheet->cells[column].error = true;
    return true;
}

void dk_sheet_cell_problem(dk_sheet *sheet, size_t column, const char *sentence)
{
    char name[32];
    if (sheet->problem[0] != '\0')
        return;
    dk_sheet_cell_name(column, sheet->row_number, name);
    snprintf(sheet->problem, sizeof sheet->problem, "cell %s: %s", name, sentence);
}

bool dk_sheet_add_merge(dk_sheet *sheet, const dk_sheet_merge *merge)
{
    if (sheet->merges_known || (merge->first_row == merge->last_row && merge->first_column == merge->last_column))
        return true;
    if (sheet->n_merges == DK_SHEET_MAX_MERGES ||
        !dk_grow(&sheet->merges, &sheet->merges_capacity, sheet->n_merges + 1, sizeof *sheet->merges))
        return false;
    sheet->merges[sheet->n_merges++] = *merge;
    return true;
}

bool dk_sheet_hide_columns(dk_sheet *sheet, size_t first, size_t last)
{
    enum { MOST = DK_SHEET_MAX_COLUMNS }; /* ranges do not overlap, so that there are no more */
    if (sheet->n_hidden_columns == MOST || first > last)
        return true;
    if (!dk_grow(&sheet->hidden_columns, &sheet->hidden_columns_capacity, sheet->n_hidden_columns + 1,
                 sizeof *sheet->hidden_columns))
        return false;
    sheet->hidden_columns[sheet->n_hidden_columns++] = (dk_sheet_columns){first, last};
    return true;
}

/* ECMA-376 part 1, 18.8.30: 14 to 17 and 22 everywhere, 27 to 31, 36 and 50 to 58 in Chinese; 18 to 21, 32 to 35, 45 to
 * 47, 55 and 56 show a time alone, 17, 27, 36, 50, 52 and 57 a month, and 16, 28, 29, 51, 53, 54 and 58 a day of no
 * year. A code is one of a date if year, month or day stand in it outside quotes. */
static bool is_date(unsigned id, const char *code, bool *ret_no_day, bool *ret_no_year)
{
    *ret_no_year = code == NULL && (id == 16 || id == 28 || id == 29 || id == 51 || id == 53 || id == 54 || id == 58);
    *ret_no_day = code == NULL && (id == 17 || id == 27 || id == 36 || id == 50 || id == 52 || id == 57);
    if (code == NULL)
        return (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 ||
               (id >= 50 && id <= 58 && id != 55 && id != 56);
    bool year = false, era = false, month = false, day = false, clock = false;
    for (const char *at = code; *at != '\0' && *at != ';'; at++) {
        if (*at == '"' || *at == '[') {
            const char *end = strchr(at + 1, *at == '"' ? '"' : ']');
            if (end == NULL)
                break;
            clock |= *at == '[' && at + 1 + strspn(at + 1, "hHmMsS") == end; /* hours that go on: [h]:mm */
            at = end;
        } else if ((*at == '\\' || *at == '_' || *at == '*') && at[1] != '\0') {
            at++;
        } else if (strncasecmp(at, "general", 7) == 0) {
            at += 6;
        } else {
            year |= *at == 'y' || *at == 'Y';
            era |= *at == 'e' || *at == 'E'; /* a year as well, but of other numbers an exponent */
            month |= *at == 'm' || *at == 'M';
            day |= *at == 'd' || *at == 'D';
            clock |= *at == 'h' || *at == 'H' || *at == 's' || *at == 'S';
        }
    }
    *ret_no_day = !day;
    *ret_no_year = !year && !era;
    return year || day || (month && !clock);
}

/* Bytes of the word that stands for the number however it is, in a program's own or in Chinese; 0: it is none. */
static size_t general_at(const char *at)
{
    static const char chinese[] = "G/通用格式";
    return strncasecmp(at, "general", 7) == 0              ? 7
           : strncmp(at, chinese, sizeof chinese - 1) == 0 ? sizeof chinese - 1
                                                           : 0;
}

/* The first section of a code that shows a number, passing over what a condition keeps for a few: [=0]"-";0.00"亩". */
static const char *first_with_digits(const char *code)
{
    bool conditional = false, digits = false;
    for (const char *at = code, *end; *at != '\0'; at++) {
        if (*at == ';' && (digits || !conditional))
            break;
        if (*at == ';') {
            code = at + 1;
            conditional = false;
            continue;
        }
        if (*at == '"' && (end = strchr(at + 1, '"')) != NULL) {
            at = end;
        } else if (*at == '[' && (end = strchr(at + 1, ']')) != NULL) {
            conditional |= strchr("<>=", at[1]) != NULL;
            at = end;
        } else if (strchr("\\!_*", *at) != NULL && at[1] != '\0') {
            at++;
        } else {
            digits |= strchr("0#?", *at) != NULL || general_at(at) > 0;
        }
    }
    return code;
}

/* What stands behind the digits of a code's first section, quotes and escapes aside; false: nothing that is the unit of
 * the number itself. With a comma behind the last digit before the point thousands are shown, and with a point of its
 * own among the digits (0!.0000) ten thousands: *ret_divided. */
static bool text_behind(const char *code, dk_buf *text, bool *ret_divided)
{
    bool percent = false, digits = false, divided = false;
    dk_buf_clear(text);
    for (const char *at = first_with_digits(code); *at != '\0' && *at != ';'; at++) {
        const char *end;
        if (*at == '"' && (end = strchr(at + 1, '"')) != NULL) {
            dk_buf_append(text, at + 1, (size_t)(end - at - 1));
            at = end;
        } else if (*at == '[' && (end = strchr(at + 1, ']')) != NULL) {
            if (at[1] == '$') /* a sign of money, and perhaps its language: [$元-804] */
                dk_buf_append(text, at + 2, strcspn(at + 2, "-]"));
            at = end;
        } else if ((*at == '\\' || *at == '!') && at[1] != '\0') {
            at++;
            dk_buf_byte(text, (unsigned char)*at);
        } else if ((*at == '_' || *at == '*') && at[1] != '\0') {
            at++;
        } else if (*at == '0' || *at == '#' || *at == '?' || general_at(at) > 0) {
            at += general_at(at) > 0 ? general_at(at) - 1 : 0;
            divided |= digits && text->size > 0 && memchr(text->data, '.', text->size) != NULL;
            digits = true;
            dk_buf_clear(text);
        } else if (*at == ',') {
            const char next = at[strspn(at, ",")];
            divided |= digits && (next == '\0' || strchr("0#?", next) == NULL);
        } else if (*at == '%') {
            percent = true;
        } else if ((unsigned char)*at >= 0x80) {
            dk_buf_byte(text, (unsigned char)*at);
        }
    }
    *ret_divided = divided;
    return !percent && !divided && text->size > 0 && !text->failed;
}

/* Whether the first section of a code shows an exponent, and with how many decimals. Built in are 11 and 48. */
static bool shows_exponent(unsigned id, const char *code, unsigned char *ret_decimals)
{
    bool point = false;
    *ret_decimals = code != NULL ? 0 : id == 11 ? 2 : 1;
    if (code == NULL)
        return id == 11 || id == 48;
    for (const char *at = code; *at != '\0' && *at != ';'; at++) {
        const char *end;
        if ((*at == '"' && (end = strchr(at + 1, '"')) != NULL) || (*at == '[' && (end = strchr(at + 1, ']')) != NULL))
            at = end;
        else if (strchr("\\!_*", *at) != NULL && at[1] != '\0')
            at++;
        else if (*at == '.')
            point = true;
        else if (point && (*at == '0' || *at == '#' || *at == '?') && *ret_decimals < 15)
            ++*ret_decimals;
        else if ((*at == 'E' || *at == 'e') && (at[1] == '+' || at[1] == '-'))
            return true;
    }
    return false;
}

/* The first section of a code that shows whole numbers with words or zeros before them; false: it shows anything else.
 */
static bool words_of(const char *code, unsigned *ret_digits, dk_buf *before, dk_buf *behind)
{
    unsigned zeros = 0;
    enum { BEFORE, DIGITS, BEHIND } place = BEFORE;
    for (const char *at = code; *at != '\0' && *at != ';'; at++) {
        const char *end;
        const size_t general = general_at(at);
        if (general > 0 || *at == '0' || *at == '#' || *at == '?') {
            if (place == BEHIND)
                return false;
            place = DIGITS;
            zeros += *at == '0';
            at += general > 0 ? general - 1 : 0;
            continue;
        }
        if (*at ==
            '[') { /* a colour, a language; a condition is about some numbers alone, and DBNum writes them in Chinese */
            if ((end = strchr(at + 1, ']')) == NULL || strpbrk(at, "<>=") != NULL ||
                strncasecmp(at + 1, "dbnum", 5) == 0)
                return false;
            at = end;
            continue;
        }
        if ((*at == '_' || *at == '*') && at[1] != '\0') {
            at++;
            continue;
        }
        if (*at != '\0' && strchr(".,%/@Ee", *at) != NULL)
            return false;
        dk_buf *to = place == BEFORE ? before : behind;
        place = place == DIGITS ? BEHIND : place;
        if (*at == '"' && (end = strchr(at + 1, '"')) != NULL) {
            dk_buf_append(to, at + 1, (size_t)(end - at - 1));
            at = end;
        } else {
            at += (*at == '\\' || *at == '!') && at[1] != '\0';
            dk_buf_byte(to, (unsigned char)*at);
        }
    }
    *ret_digits = zeros;
    return place != BEFORE;
}

void dk_sheet_format_words(dk_sheet_format *format, unsigned digits, const dk_buf *before, const dk_buf *behind)
{
    if ((digits < 2 && before->size == 0) || digits > 15 || before->failed || behind->failed ||
        before->size >= DK_SHEET_WORDS || behind->size >= DK_SHEET_WORDS)
        return;
    format->digits = (unsigned char)(digits > 0 ? digits : 1);
    if (before->size > 0)
        memcpy(format->before, before->data, before->size);
    if (behind->size > 0)
        memcpy(format->behind, behind->data, behind->size);
}

dk_unit dk_sheet_unit_shown(const char *text)
{
    dk_unit unit = {.dimension = DK_UNIT_NONE};
    dk_buf folded;
    dk_buf_init(&folded);
    if (text[0] != '\0' && dk_column_fold(text, &folded)) {
        const char *said = (const char *)folded.data;
        size_t size = folded.size;
        if (size > 2 && said[0] == '(' && said[size - 1] == ')') /* 0.00"（亩）" */
            said++, size -= 2;
        if (!dk_unit_parse(said, size, &unit))
            unit = (dk_unit){.dimension = DK_UNIT_NONE};
    }
    dk_buf_finish(&folded);
    return unit;
}

dk_sheet_format dk_sheet_format_of(unsigned id, const char *code)
{
    dk_sheet_format format = {0};
    dk_buf text;
    format.is_date = is_date(id, code, &format.no_day, &format.no_year);
    dk_buf_init(&text);
    if (code != NULL && !format.is_date && text_behind(code, &text, &format.divided) && dk_buf_cstr(&text) != NULL)
        format.unit = dk_sheet_unit_shown((const char *)text.data);
    dk_buf_finish(&text);
    if (!format.is_date)
        format.exponent = shows_exponent(id, code, &format.decimals);
    unsigned digits = 0;
    dk_buf before, behind;
    dk_buf_init(&before);
    dk_buf_init(&behind);
    if (code != NULL && !format.is_date && words_of(code, &digits, &before, &behind))
        dk_sheet_format_words(&format, digits, &before, &behind);
    dk_buf_finish(&before);
    dk_buf_finish(&behind);
    return format;
}

void dk_sheet_check_day(dk_sheet *sheet, size_t column, const dk_sheet_format *format)
{
    dk_cell *cell = &sheet->cells[column];
    cell->no_day =
        format->no_day && cell->size == 10 && memcmp(sheet->text.data + sheet->places[column] + 7, "-01", 3) == 0;
    cell->no_year = format->no_year;
}

/* A number with what the sheet shows for it. */
static bool add_shown(dk_sheet *sheet, size_t column, double number, const char *shown, int size)
{
    if (!dk_sheet_add_cell(sheet, column, DK_CELL_TEXT, 0, shown, (size_t)size))
        return false;
    sheet->cells[column].type = DK_CELL_REAL;
    sheet->cells[column].real = number;
    return true;
}

bool dk_sheet_add_number(dk_sheet *sheet, size_t column, double number, const dk_sheet_format *format)
{
    char date[11];
    if (format->is_date && dk_date_from_serial(number + sheet->day_zero, date)) {
        if (!dk_sheet_add_cell(sheet, column, DK_CELL_DATE, 0, date, 10))
            return false;
        dk_sheet_check_day(sheet, column, format);
        return true;
    }
    if (format->is_date)
        return dk_sheet_add_cell(sheet, column, DK_CELL_REAL, number, NULL, 0);
    if (!dk_sheet_add_cell(sheet, column, DK_CELL_REAL, number, NULL, 0))
        return false;
    if (format->digits > 0 && number > 0 && number < 1e15 && number == floor(number)) {
        char shown[2 * DK_SHEET_WORDS + 20];
        const int size =
            snprintf(shown, sizeof shown, "%s%0*.0f%s", format->before, format->digits, number, format->behind);
        if (!add_shown(sheet, column, number, shown, size))
            return false;
    }
    if (format->exponent) {
        char shown[40];
        const int size = snprintf(shown, sizeof shown, "%.*E", format->decimals, number);
        if (!add_shown(sheet, column, number, shown, size))
            return false;
    }
    if (format->unit.dimension != DK_UNIT_NONE)
        sheet->cells[column].unit = &format->unit;
    sheet->cells[column].divided = format->divided;
    sheet->cells[column].exponent = format->exponent;
    return true;
}

/* ---- opening ---- */

static dk_status first_bytes(const char *path, unsigned char ret[8], size_t *ret_n, dk_error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    *ret_n = fread(ret, 1, 8, file);
    fclose(file);
    return DK_OK;
}

static dk_status read_whole(const char *path, unsigned char **ret_data, size_t *ret_size, dk_error *err)
{
    enum { MOST = 512 << 20 }; /* an XLS ends at 65536 rows of 256 columns */
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    dk_status status = DK_OK;
    unsigned char *data = NULL;
    long size = -1;
    if (fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0)
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
    else if (size > MOST)
        status = dk_fail(err, DK_LIMIT, "%s: an XLS of more than 512 MiB; save it as XLSX", path);
    else if ((data = malloc(size > 0 ? (size_t)size : 1)) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    else if (fread(data, 1, (size_t)size, file) != (size_t)size)
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
    fclose(file);
    if (status != DK_OK) {
        free(data);
        return status;
    }
    *ret_data = data;
    *ret_size = (size_t)size;
    return DK_OK;
}

/* Whether a ZIP archive is an ODS: its first member is then the uncompressed mimetype (OpenDocument 1.2 part 3, 3.3).
 */
static bool is_ods(const char *path)
{
    static const char type[] = "mimetypeapplication/vnd.oasis.opendocument.spreadsheet";
    char head[30 + sizeof type] = "";
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    const size_t got = fread(head, 1, sizeof head - 1, file);
    fclose(file);
    return got >= 30 + sizeof type - 1 && memcmp(head + 30, type, sizeof type - 1) == 0;
}

static dk_status open_format(dk_sheet *sheet, dk_error *err)
{
    static const unsigned char ole[8] = {0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1};
    unsigned char head[8];
    size_t n = 0;
    dk_status status = first_bytes(sheet->path, head, &n, err);
    if (status != DK_OK)
        return status;
    const char *dot = strrchr(sheet->path, '.');
    if (n == 8 && memcmp(head, ole, 8) == 0) {
        unsigned char *data = NULL;
        size_t size = 0;
        status = read_whole(sheet->path, &data, &size, err);
        if (status == DK_OK)
            status = dk_sheet_open_xls(sheet, data, size, err);
        free(data);
        return status;
    }
    if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0)
        return is_ods(sheet->path) || (dot != NULL && strcasecmp(dot, ".ods") == 0) ? dk_sheet_open_ods(sheet, err)
                                                                                    : dk_sheet_open_xlsx(sheet, err);
    const char *format = dot == NULL                    ? "XLSX"
                         : strcasecmp(dot, ".xls") == 0 ? "XLS"
                         : strcasecmp(dot, ".ods") == 0 ? "ODS"
                                                        : "XLSX";
    const size_t blank = n > 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (n > blank && head[blank] == '<')
        return dk_fail(
            err, DK_INVALID,
            "%s: this is a web page or XML with the name of a sheet; open it in a spreadsheet program and save "
            "it as XLSX",
            sheet->path);
    return dk_fail(
        err, DK_INVALID,
        "%s: cannot be read as %s; the file is damaged, or of another format than its name says; save it again",
        sheet->path, format);
}

static dk_status choose(dk_sheet *sheet, const char *name, dk_error *err)
{
    dk_status status = DK_OK;
    size_t n_filled = 0, filled = 0, n_shown = 0;
    if (sheet->n_names == 0)
        return dk_fail(err, DK_INVALID, "%s: there is no sheet in it; the file is damaged: save it again", sheet->path);
    for (size_t i = 0; i < sheet->n_names && name != NULL; i++)
        if (strcmp(sheet->names[i], name) == 0) {
            sheet->chosen = i;
            return dk_sheet_rewind(sheet, err);
        }
    for (size_t i = 0; i < sheet->n_names; i++)
        if (!sheet->hidden[i]) {
            n_shown++;
            filled = i;
        }
    /* The empty sheets of a new workbook do not count, nor those that nobody sees: WPS keeps pictures of cells in one.
     */
    for (size_t i = 0; i < sheet->n_names && name == NULL && n_shown > 1; i++) {
        dk_sheet_row row;
        if (sheet->hidden[i])
            continue;
        sheet->chosen = i;
        status = dk_sheet_rewind(sheet, err);
        if (status == DK_OK)
            status = dk_sheet_next(sheet, &row, err);
        sheet->n_merges = 0;
        sheet->merges_known = false;
        if (status != DK_OK && status != DK_END)
            return status;
        if (status == DK_OK) {
            n_filled++;
            filled = i;
        }
    }
    sheet->chosen = filled;
    if (name == NULL && (n_shown == 1 || n_filled == 1))
        return dk_sheet_rewind(sheet, err);
    dk_buf list;
    dk_buf_init(&list);
    for (size_t i = 0; i < sheet->n_names; i++)
        dk_buf_format(&list, "%s%s%s", i > 0 ? ", " : "", sheet->names[i], sheet->hidden[i] ? " (hidden)" : "");
    const char *names = dk_buf_cstr(&list);
    if (name != NULL)
        status = dk_fail(err, DK_NOT_FOUND, "%s: there is no sheet \"%s\"; there are: %s", sheet->path, name,
                         names ? names : "");
    else if (n_filled == 0)
        status = dk_fail(err, DK_INVALID, "%s: the table is empty", sheet->path);
    else
        status = dk_fail(err, DK_INVALID, "%s: the file has %zu sheets; choose one with --layer: %s", sheet->path,
                         sheet->n_names, names ? names : "");
    dk_buf_finish(&list);
    return status;
}

static dk_status open_sheet(const char *path, const void *data, size_t size, const char *name, dk_sheet **ret_sheet,
                            dk_error *err)
{
    dk_sheet *sheet = calloc(1, sizeof *sheet);
    if (sheet == NULL || (sheet->path = strdup(path)) == NULL) {
        free(sheet);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    dk_buf_init(&sheet->text);
    dk_status status = data != NULL ? dk_sheet_open_xls(sheet, data, size, err) : open_format(sheet, err);
    if (status == DK_OK)
        status = choose(sheet, name, err);
    if (status != DK_OK) {
        dk_sheet_close(sheet);
        return status;
    }
    *ret_sheet = sheet;
    return DK_OK;
}

dk_status dk_sheet_open(const char *path, const char *name, dk_sheet **ret_sheet, dk_error *err)
{
    return open_sheet(path, NULL, 0, name, ret_sheet, err);
}

dk_status dk_sheet_open_xls_memory(const void *data, size_t size, const char *name, dk_sheet **ret_sheet, dk_error *err)
{
    return open_sheet("(memory)", data, size, name, ret_sheet, err);
}

void dk_sheet_close(dk_sheet *sheet)
{
    if (sheet == NULL)
        return;
    if (sheet->reader != NULL)
        sheet->reader->close(sheet);
    for (size_t i = 0; i < sheet->n_names; i++)
        free(sheet->names[i]);
    free(sheet->names);
    free(sheet->hidden);
    free(sheet->cells);
    free(sheet->places);
    free(sheet->merges);
    free(sheet->hidden_columns);
    dk_buf_finish(&sheet->text);
    free(sheet->path);
    free(sheet);
}

/* ---- reading ---- */

dk_status dk_sheet_rewind(dk_sheet *sheet, dk_error *err)
{
    if (!sheet->merges_known)
        sheet->n_merges = 0;
    sheet->n_hidden_columns = 0;
    return sheet->reader->start(sheet, sheet->chosen, err);
}

dk_status dk_sheet_next(dk_sheet *sheet, dk_sheet_row *ret_row, dk_error *err)
{
    bool empty;
    do {
        const dk_status status = sheet->reader->next(sheet, err);
        if (status == DK_END)
            sheet->merges_known = true;
        if (status != DK_OK)
            return status;
        empty = sheet->problem[0] == '\0';
        for (size_t i = 0; i < sheet->n_cells; i++) {
            dk_cell *cell = &sheet->cells[i];
            if (cell->type == DK_CELL_TEXT || cell->type == DK_CELL_DATE || cell->size > 0)
                cell->text = (const char *)sheet->text.data + sheet->places[i];
            else
                cell->text = "";
            empty = empty && cell->type == DK_CELL_EMPTY;
        }
    } while (empty);
    *ret_row = (dk_sheet_row){.number = sheet->row_number,
                              .cells = sheet->cells,
                              .n = sheet->n_cells,
                              .hidden = sheet->row_hidden,
                              .problem = sheet->problem[0] != '\0' ? sheet->problem : NULL};
    return DK_OK;
}

size_t dk_sheet_merges(const dk_sheet *sheet, const dk_sheet_merge **ret_merges)
{
    *ret_merges = sheet->merges;
    return sheet->n_merges;
}

bool dk_sheet_column_hidden(const dk_sheet *sheet, size_t column)
{
    for (size_t i = 0; i < sheet->n_hidden_columns; i++)
        if (column >= sheet->hidden_columns[i].first && column <= sheet->hidden_columns[i].last)
            return true;
    return false;
}

double dk_sheet_progress(const dk_sheet *sheet)
{
    return sheet->reader->progress(sheet);
}
