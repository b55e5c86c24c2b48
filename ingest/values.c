#include "ingest/values.h"

#include "store/day.h"
#include "store/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool dk_date_in_china(char date[11], int minute, int offset)
{
    enum { CHINA = 8 * 60, DAY = 24 * 60 };
    int32_t day;
    const int there = minute - offset + CHINA;
    if (!dk_day_read(date, &day))
        return false;
    day += there < 0 ? -1 : there >= DAY;
    if (day < DK_FIRST_DAY || day > DK_LAST_DAY)
        return false;
    dk_day_write(day, date);
    return true;
}

/* A time of day, 08:30 with seconds or not, and perhaps how far its clock is before UTC: Z, +08:00, +0800, +08. To the
 * end of the text. */
static bool read_clock(const char *text, int *ret_minute, bool *ret_zoned, int *ret_offset)
{
    unsigned hour = 0, minute = 0, hours = 0, minutes = 0;
    int used = 0;
    if (sscanf(text, "%2u:%2u%n", &hour, &minute, &used) != 2 || hour > 24 || minute > 59)
        return false;
    const char *at = text + used + strspn(text + used, "0123456789:.");
    const char sign = *at;
    *ret_minute = (int)(hour * 60 + minute);
    *ret_zoned = sign == 'z' || sign == 'Z' || sign == '+' || sign == '-';
    if (sign == '+' || sign == '-') {
        used = 0;
        if (sscanf(at + 1, "%2u%n", &hours, &used) != 1)
            return false;
        at += 1 + used;
        at += *at == ':';
        used = 0;
        if (*at != '\0' && sscanf(at, "%2u%n", &minutes, &used) != 1)
            return false;
        at += used;
        if (hours > 14 || minutes > 59)
            return false;
    } else if (*ret_zoned) {
        at++;
    }
    *ret_offset = (sign == '-' ? -1 : 1) * (int)(hours * 60 + minutes);
    return *at == '\0';
}

/* 2020-06-15, also with . / and 年月日, an optional time of day behind it, or eight digits. */
bool dk_date_from_text(const char *text, char ret_date[11])
{
    static const char *const first[] = {"-", ".", "/", "年"}, *const second[] = {"-", ".", "/", "月"};
    unsigned year = 0, month = 0, day = 0;
    int minute = 0, offset = 0;
    bool zoned = false;
    const char *at = text;
    size_t digits = strspn(at, "0123456789");
    if (digits == 8) {
        if (sscanf(at, "%4u%2u%2u", &year, &month, &day) != 3)
            return false;
        at += 8;
    } else if (digits == 4) {
        year = (unsigned)strtoul(at, NULL, 10);
        at += 4;
        size_t form = 0;
        while (form < 4 && strncmp(at, first[form], strlen(first[form])) != 0)
            form++;
        if (form == 4)
            return false;
        at += strlen(first[form]);
        at += strspn(at, " ");
        digits = strspn(at, "0123456789");
        if (digits < 1 || digits > 2)
            return false;
        month = (unsigned)strtoul(at, NULL, 10);
        at += digits;
        if (strncmp(at, second[form], strlen(second[form])) != 0)
            return false;
        at += strlen(second[form]);
        at += strspn(at, " ");
        digits = strspn(at, "0123456789");
        if (digits < 1 || digits > 2)
            return false;
        day = (unsigned)strtoul(at, NULL, 10);
        at += digits;
        if (form == 3) {
            if (strncmp(at, "日", strlen("日")) == 0)
                at += strlen("日");
            else if (strncmp(at, "号", strlen("号")) == 0)
                at += strlen("号");
            else
                return false;
        }
    } else {
        return false;
    }
    if (*at == ' ' || *at == 'T' || *at == 't') { /* a time of day; an announcement's date does not need it */
        at += 1 + strspn(at + 1, " ");
        if (!read_clock(at, &minute, &zoned, &offset))
            return false;
        at += strlen(at);
    }
    if (*at != '\0' || year > 9999 || month > 99 || day > 99)
        return false;
    char date[16];
    snprintf(date, sizeof date, "%04u-%02u-%02u", year, month, day);
    if (!dk_date_valid(date) || (zoned && !dk_date_in_china(date, minute, offset)))
        return false;
    memcpy(ret_date, date, 11);
    return true;
}

/* Serial 61 is 1900-03-01; smaller ones suffer from the 29th of February 1900 that never was. */
bool dk_date_from_serial(double serial, char ret_date[11])
{
    if (!(serial >= 61 && serial < 2958466)) /* 9999-12-31 and later */
        return false;
    /* Days since 1899-12-30 to a civil date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
    const long days = (long)serial - 25569 + 719468;
    const long era = days / 146097;
    const long of_era = days - era * 146097;
    const long year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const long day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const long shifted = (5 * day_of_year + 2) / 153;
    const long day = day_of_year - (153 * shifted + 2) / 5 + 1;
    const long month = shifted < 10 ? shifted + 3 : shifted - 9;
    const long year = year_of_era + era * 400 + (month <= 2);
    char date[64];
    snprintf(date, sizeof date, "%04ld-%02ld-%02ld", year, month, day);
    memcpy(ret_date, date, 11);
    return true;
}

bool dk_number_from_text(const char *text, double *ret_number, const char **ret_unit)
{
    char plain[400]; /* programs that calculate in decimals write a hundred of them */
    size_t n = 0;
    const char *at = text;
    if (*at == '+' || *at == '-') {
        if (*at == '-')
            plain[n++] = '-';
        at++;
    }
    size_t lead = strspn(at, "0123456789"), digits = 0;
    if (at[lead] == ',' && (lead < 1 || lead > 3))
        return false;
    while (lead > 0 && n + lead < 63) { /* no value of a table has more before its point */
        memcpy(plain + n, at, lead);
        n += lead, digits += lead, at += lead;
        lead = 0;
        if (*at == ',') { /* then exactly three digits, so that 1,5 is not read as 15 */
            lead = strspn(at + 1, "0123456789");
            if (lead != 3)
                return false;
            at++;
        }
    }
    if (lead > 0)
        return false;
    if (*at == '.') {
        const size_t decimals = strspn(at + 1, "0123456789");
        digits += decimals;
        if (n + 1 + decimals >= sizeof plain)
            return false;
        memcpy(plain + n, at, 1 + decimals);
        n += 1 + decimals, at += 1 + decimals;
    }
    if (digits == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        size_t sign = at[1] == '+' || at[1] == '-';
        const size_t exponent = strspn(at + 1 + sign, "0123456789");
        if (exponent > 0 && exponent <= 4 && n + 1 + sign + exponent < sizeof plain) {
            memcpy(plain + n, at, 1 + sign + exponent);
            n += 1 + sign + exponent, at += 1 + sign + exponent;
        }
    }
    plain[n] = '\0';
    const double number = strtod(plain, NULL);
    if (!isfinite(number))
        return false;
    while (*at == ' ')
        at++;
    *ret_number = number;
    *ret_unit = at;
    return true;
}

bool dk_number_mangled(const char *text, size_t size)
{
    size_t digits = 0, at = 0, significant = 0;
    while (at < size && isdigit((unsigned char)text[at])) {
        at++;
        if (text[at - 1] != '0')
            significant = at;
    }
    digits = at;
    if (at == size)
        return digits >= 16 && significant <= 15 && significant > 0;
    if (at != 1)
        return false;
    if (text[at] == '.') {
        at++;
        while (at < size && isdigit((unsigned char)text[at]))
            at++;
    }
    if (at + 2 >= size || (text[at] != 'E' && text[at] != 'e') || text[at + 1] != '+')
        return false;
    at += 2;
    const size_t exponent = at;
    while (at < size && isdigit((unsigned char)text[at]))
        at++;
    return at == size && size - exponent <= 3 && strtoul(text + exponent, NULL, 10) >= 10;
}

/* Passes so many digits; false: there are less or more. */
static bool skip_digits(const char **at, size_t least, size_t most)
{
    const size_t n = strspn(*at, "0123456789");
    *at += n;
    return n >= least && n <= most;
}

static bool skip_word(const char **at, const char *word)
{
    if (strncmp(*at, word, strlen(word)) != 0)
        return false;
    *at += strlen(word);
    return true;
}

static bool skip_month(const char **at)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (size_t i = 0; i < sizeof months / sizeof *months; i++)
        if (skip_word(at, months[i]))
            return true;
    return false;
}

dk_mangled dk_name_mangled(const char *text, size_t size)
{
    char plain[24];
    const char *at = plain;
    while (size > 0 && isspace((unsigned char)*text))
        text++, size--;
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        size--;
    if (size < 5 || size >= sizeof plain ||
        (memcmp(text + size - 3, "日", 3) != 0 && memchr(text, '-', size) == NULL && memchr(text, '+', size) == NULL))
        return DK_MANGLED_NOT; /* as most */
    memcpy(plain, text, size);
    plain[size] = '\0';
    if (skip_digits(&at, 1, 2) && skip_word(&at, "月") && skip_digits(&at, 1, 2) && skip_word(&at, "日") && *at == '\0')
        return DK_MANGLED_DAY;
    at = plain;
    if (skip_digits(&at, 1, 2) && skip_word(&at, "-") && skip_month(&at) && *at == '\0')
        return DK_MANGLED_DAY;
    at = plain;
    if (skip_month(&at) && skip_word(&at, "-") && skip_digits(&at, 2, 2) && *at == '\0')
        return DK_MANGLED_DAY;
    at = plain;
    if (!skip_digits(&at, 1, 1) || (skip_word(&at, ".") && !skip_digits(&at, 1, 15)))
        return DK_MANGLED_NOT;
    return skip_word(&at, "E+") && skip_digits(&at, 2, 3) && *at == '\0' ? DK_MANGLED_POWER : DK_MANGLED_NOT;
}

static void trim(const char **text, size_t *size)
{
    size_t n;
    while ((n = dk_blank_at(*text, *size)) > 0)
        *text += n, *size -= n;
    for (bool again = true; again;) {
        again = false;
        for (n = 1; n <= 3 && n <= *size; n++)
            if (dk_blank_at(*text + *size - n, n) == n) {
                *size -= n;
                again = true;
                break;
            }
    }
}

/* For messages: a few characters of the text, cut at a character. */
static int shown(const char *text, size_t size)
{
    if (size <= 60)
        return (int)size;
    size_t n = 60;
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return (int)n;
}

static bool keep_text(const char *text, size_t size, dk_buf *memory, dk_value *ret_value, size_t *ret_offset)
{
    *ret_offset = memory->size;
    dk_buf_append(memory, text, size);
    dk_buf_byte(memory, 0);
    *ret_value = dk_value_text("");
    ret_value->text.data = NULL;
    ret_value->text.size = size;
    return true;
}

/* Serials of 1949-10-01 and 2100-01-01. A number that no cell's format makes a date of and that lies elsewhere is
 * rather a year, a year and a month, or a number: 2020 would be a day of 1905. */
#define FIRST_SERIAL 18172
#define LAST_SERIAL 73051

bool dk_date_from_count(const dk_cell *cell, char ret_date[11])
{
    double count = cell->real;
    if (cell->type == DK_CELL_INTEGER)
        count = (double)cell->integer;
    else if (cell->type == DK_CELL_TEXT && cell->size == 5 && strspn(cell->text, "0123456789") == 5)
        count = strtod(cell->text, NULL);
    else if (cell->type != DK_CELL_REAL)
        return false;
    count += cell->day_zero;
    return count >= FIRST_SERIAL && count < LAST_SERIAL && dk_date_from_serial(count, ret_date);
}

static bool date_value(const dk_cell *cell, const dk_value_context *context, const char *text, size_t size,
                       const char *folded, dk_buf *memory, dk_value *ret_value, size_t *ret_offset, char *ret_problem,
                       size_t problem_size)
{
    char date[11];
    dk_cell counted = *cell;
    if (cell->no_day) {
        snprintf(
            ret_problem, problem_size,
            "\"%.7s\" is no date: the sheet shows no day of it, and keeps the first of the month; write it as 2020-06-15",
            text);
        return false;
    }
    if (cell->type == DK_CELL_TEXT) /* without the blanks at its ends, in plain digits */
        counted.text = folded, counted.size = strlen(folded);
    const bool found = dk_date_from_text(folded, date) || (context->spreadsheet && dk_date_from_count(&counted, date));
    if (!found) {
        snprintf(ret_problem, problem_size, "\"%.*s\" is no date; write it as 2020-06-15", shown(text, size), text);
        return false;
    }
    if (strcmp(date, "1900-01-01") < 0) {
        snprintf(
            ret_problem, problem_size,
            "\"%.*s\" is a day before 1900, as programs write where there is none; leave it empty, or correct the year",
            shown(text, size), text);
        return false;
    }
    return keep_text(date, 10, memory, ret_value, ret_offset);
}

/* Whether digits are held apart otherwise than by one blank before each three of a whole number, as in 1 234 567.5:
 * then they are two numbers in one cell, of which one must not be made. text: folded. */
static bool apart(const char *text)
{
    size_t run = 0; /* digits since the last mark */
    bool grouped = false, point = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (isdigit((unsigned char)*at)) {
            run++;
        } else if (*at == ' ' && run > 0) {
            const size_t blanks = strspn(at, " "), next = strspn(at + blanks, "0123456789");
            if (next > 0 && (point || blanks > 1 || next != 3 || run > 3 || (grouped && run != 3)))
                return true;
            grouped = true;
            run = 0;
            at += blanks - 1;
        } else {
            point = *at == '.' || (point && *at == ',');
            grouped = *at == ',' || (grouped && *at == '.');
            run = 0;
        }
    }
    return false;
}

/* A digit or point, also a wide one, that ends before at or begins there. */
static bool ends_number(const char *text, size_t at)
{
    return (at > 0 && (isdigit((unsigned char)text[at - 1]) || text[at - 1] == '.')) ||
           (at >= 3 && memcmp(text + at - 3, "\xEF\xBC", 2) == 0 && (unsigned char)text[at - 1] >= 0x8E &&
            (unsigned char)text[at - 1] <= 0x99);
}

static bool begins_number(const char *text, size_t size, size_t at)
{
    return (at < size && (isdigit((unsigned char)text[at]) || text[at] == '.')) ||
           (at + 3 <= size && memcmp(text + at, "\xEF\xBC", 2) == 0 && (unsigned char)text[at + 2] >= 0x8E &&
            (unsigned char)text[at + 2] <= 0x99);
}

/* Whether a number stands on each side of the end of a line, or of a tab, of which folding makes a blank. */
static bool lines_apart(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t end = i, n;
        bool line = false;
        while ((n = dk_blank_at(text + end, size - end)) > 0) {
            line |= text[end] == '\n' || text[end] == '\r' || text[end] == '\t';
            end += n;
        }
        if (line && ends_number(text, i) && begins_number(text, size, end))
            return true;
        i = end > i ? end : i + 1;
    }
    return false;
}

/* Takes the blanks out: 1 234.5 公 顷 */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != ' ')
            *to++ = *from;
    *to = '\0';
}

/* A number as a sheet shows it, which keeps fifteen digits: its file has 1.13 * 10000 as 11299.999999999998. */
static double number_of(const dk_cell *cell, const dk_value_context *context)
{
    char digits[40];
    if (!context->spreadsheet || (fabs(cell->real) < 1e15 && cell->real == floor(cell->real)))
        return cell->real;
    snprintf(digits, sizeof digits, "%.15g", cell->real);
    return strtod(digits, NULL);
}

/* A number that stands as one, with no unit to convert from and nothing to be said about it, as in most files of a GIS:
 * no text is made of it. */
static bool plain_number(const dk_field *field, const dk_cell *cell, const dk_value_context *context,
                         dk_value *ret_value)
{
    if ((field->type != DK_FIELD_NUMBER && field->type != DK_FIELD_INTEGER) ||
        context->column_unit.dimension != DK_UNIT_NONE || cell->unit != NULL)
        return false;
    if (cell->type == DK_CELL_INTEGER)
        *ret_value =
            field->type == DK_FIELD_INTEGER ? dk_value_integer(cell->integer) : dk_value_real((double)cell->integer);
    else if (cell->type == DK_CELL_REAL && field->type == DK_FIELD_NUMBER && isfinite(cell->real))
        *ret_value = dk_value_real(number_of(cell, context));
    else
        return false;
    return true;
}

/* A whole number in plain digits, to its last one: a double keeps fifteen. */
static bool is_plain_whole(const char *text, int64_t *ret_whole)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return false;
    errno = 0;
    *ret_whole = strtoll(text, NULL, 10);
    return errno == 0;
}

static bool number_value(const dk_field *field, const dk_cell *cell, const dk_value_context *context, const char *text,
                         size_t size, char *folded, dk_value *ret_value, char *ret_problem, size_t problem_size)
{
    double number = 0;
    dk_unit unit = cell->unit != NULL ? *cell->unit : context->column_unit, own = {0};
    if (cell->divided && unit.num != unit.den) { /* 元 and m² are what is kept, whatever is shown */
        snprintf(
            ret_problem, problem_size,
            "\"%.*s\" is shown in thousands or more, so whether it or what is shown is in its column's unit cannot be told; "
            "give the cell a plain number format, and the number in that unit",
            shown(text, size), text);
        return false;
    }
    if (cell->type == DK_CELL_REAL) {
        number = number_of(cell, context);
    } else if (cell->type == DK_CELL_INTEGER) {
        number = (double)cell->integer;
    } else {
        const char *suffix = "";
        if (dk_text_has_raised_digit(text, size)) {
            snprintf(ret_problem, problem_size,
                     "\"%.*s\" has a digit that may be the mark of a note; write the number alone, in plain digits",
                     shown(text, size), text);
            return false;
        }
        if (apart(folded) || lines_apart(text, size)) {
            snprintf(ret_problem, problem_size,
                     "\"%.*s\" may be two numbers; write one in a cell, and blanks in it only before each three digits",
                     shown(folded, strlen(folded)), folded);
            return false;
        }
        squeeze(folded);
        const char *from = strncmp(folded, "¥", strlen("¥")) == 0 ? folded + strlen("¥") : folded;
        int64_t whole;
        if (field->type == DK_FIELD_INTEGER && unit.dimension == DK_UNIT_NONE && is_plain_whole(from, &whole)) {
            *ret_value = dk_value_integer(whole);
            return true;
        }
        if (!dk_number_from_text(from, &number, &suffix)) {
            snprintf(ret_problem, problem_size, "\"%.*s\" is no number", shown(text, size), text);
            return false;
        }
        if (*suffix != '\0' && !dk_unit_parse(suffix, strlen(suffix), &unit)) {
            snprintf(ret_problem, problem_size, "\"%.*s\": \"%s\" behind the number is no known unit",
                     shown(text, size), text, suffix);
            return false;
        }
    }
    if (unit.dimension != DK_UNIT_NONE) {
        const bool has = field->unit != NULL && dk_unit_parse(field->unit, strlen(field->unit), &own);
        if (!has || !dk_unit_convert(number, &unit, &own, &number)) {
            snprintf(ret_problem, problem_size, "\"%.*s\": its unit does not fit the field's, which is %s",
                     shown(text, size), text, field->unit ? field->unit : "none");
            return false;
        }
    }
    if (!isfinite(number)) {
        snprintf(ret_problem, problem_size, "\"%.*s\" is no finite number", shown(text, size), text);
        return false;
    }
    if (field->type == DK_FIELD_NUMBER) {
        *ret_value = dk_value_real(number);
        return true;
    }
    if (cell->type == DK_CELL_INTEGER && unit.dimension == DK_UNIT_NONE) {
        *ret_value = dk_value_integer(cell->integer);
        return true;
    }
    if (number != floor(number)) {
        snprintf(ret_problem, problem_size, "\"%.*s\" is no whole number", shown(text, size), text);
        return false;
    }
    /* It may have been another: a sheet keeps fifteen digits, and a double not every number from 2^53 on. */
    if (fabs(number) >= (cell->type == DK_CELL_REAL && context->spreadsheet ? 1e15 : 9007199254740992.0)) {
        snprintf(
            ret_problem, problem_size,
            "\"%.*s\" is a number of more digits than are certain here; write it in plain digits, and as text in a spreadsheet",
            shown(text, size), text);
        return false;
    }
    *ret_value = dk_value_integer((int64_t)number);
    return true;
}

/* A sheet's file has 0.1 + 0.2 as 0.30000000000000004, and shows 0.3. */
static bool is_double_residue(const char *text, size_t size)
{
    size_t digits = 0, dots = 0;
    for (size_t i = 0; i < size; i++) {
        digits += isdigit((unsigned char)text[i]) != 0;
        dots += text[i] == '.';
    }
    return dots == 1 && digits + 1 == size && digits >= 16 && size < 40 && text[0] != '.' && text[size - 1] != '.';
}

static bool text_value(const dk_field *field, const dk_cell *cell, const dk_value_context *context, const char *text,
                       size_t size, dk_buf *memory, dk_value *ret_value, size_t *ret_offset, char *ret_problem,
                       size_t problem_size)
{
    const bool number = cell->type == DK_CELL_REAL || cell->type == DK_CELL_INTEGER;
    /* A double holds 15 digits for certain; an integer of a database is exact, one of a spreadsheet was a double. */
    bool lost = cell->type == DK_CELL_REAL && fabs(cell->real) >= 1e15;
    if (cell->type == DK_CELL_INTEGER && context->spreadsheet)
        lost = cell->integer >= 1000000000000000 || cell->integer <= -1000000000000000;
    if (!number && field->type != DK_FIELD_URL)
        lost = dk_number_mangled(text, size) && memchr(text, '+', size) != NULL; /* digits that are text are as typed */
    if (lost) {
        snprintf(
            ret_problem, problem_size,
            "\"%.*s\" has lost digits: a number keeps 15 of them; format the column as text and enter the number again",
            shown(text, size), text);
        return false;
    }
    if (number && cell->exponent) {
        snprintf(
            ret_problem, problem_size,
            "\"%.*s\" is shown with an exponent, as a spreadsheet makes it of a text such as 3E12; format the column as text "
            "and enter it again",
            shown(text, size), text);
        return false;
    }
    char rounded[40];
    if (context->spreadsheet && cell->type == DK_CELL_TEXT && is_double_residue(text, size)) {
        snprintf(rounded, sizeof rounded, "%.15g", strtod(text, NULL));
        return keep_text(rounded, strlen(rounded), memory, ret_value, ret_offset);
    }
    return keep_text(text, size, memory, ret_value, ret_offset);
}

/* #REF! and the like, which a CSV has, and ### where a number had no room. */
static bool is_sheet_error(const char *text, size_t size)
{
    static const char *const errors[] = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?",
                                         "#NUM!",  "#N/A",    "#SPILL!", "#CALC!"};
    if (size < 3 || text[0] != '#')
        return false;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strlen(errors[i]) == size && memcmp(text, errors[i], size) == 0)
            return true;
    size_t n = 0;
    while (n < size && text[n] == '#')
        n++;
    return n == size;
}

/* A cell that stands for the one above, which the row by itself does not have. */
static bool is_ditto(const char *text, size_t size)
{
    static const char *const marks[] = {"〃", "″", "〞", "”", "\"", "同上", "同 上", "同　上"};
    if (size > strlen("同　上")) /* as most texts are longer */
        return false;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strlen(marks[i]) == size && memcmp(marks[i], text, size) == 0)
            return true;
    return false;
}

bool dk_value_from_cell(const dk_field *field, const dk_cell *cell, const dk_value_context *context, dk_buf *memory,
                        dk_value *ret_value, size_t *ret_offset, char *ret_problem, size_t problem_size)
{
    bool good = false;
    dk_buf written, folded;
    *ret_offset = 0;
    if (cell->unread != NULL) {
        snprintf(ret_problem, problem_size, "%s", cell->unread);
        return false;
    }
    if (plain_number(field, cell, context, ret_value))
        return true;
    dk_buf_init(&written);
    dk_buf_init(&folded);
    const char *text = cell->text;
    size_t size = cell->size;
    if (cell->type == DK_CELL_INTEGER || cell->type == DK_CELL_REAL) {
        dk_cell_append(cell, &written);
        text = dk_buf_cstr(&written);
        size = written.size;
    } else if (cell->type == DK_CELL_EMPTY) {
        text = "", size = 0;
    }
    if (text != NULL)
        trim(&text, &size);
    if (text == NULL) {
        snprintf(ret_problem, problem_size, "out of memory");
        goto out;
    }
    if (size == 0) {
        *ret_value = dk_value_null();
        good = true;
        goto out;
    }
    if (cell->no_number) {
        snprintf(ret_problem, problem_size, "\"%.*s\" is no number, which its column is for; correct it",
                 shown(text, size), text);
        goto out;
    }
    if (cell->type == DK_CELL_TEXT && (cell->error || is_sheet_error(text, size))) {
        snprintf(ret_problem, problem_size,
                 text[1] == '#' ? "\"%.*s\": the column was too narrow when the file was saved; widen it and save again"
                                : "\"%.*s\" is the error of a formula; correct it in the sheet",
                 shown(text, size), text);
        goto out;
    }
    if (is_ditto(text, size)) {
        snprintf(ret_problem, problem_size, "\"%.*s\" stands for the cell above; write its value here, too", (int)size,
                 text);
        goto out;
    }
    if (field->type == DK_FIELD_DATE || field->type == DK_FIELD_NUMBER || field->type == DK_FIELD_INTEGER) {
        if (size > 200) {
            snprintf(ret_problem, problem_size, "\"%.*s…\" is no %s", shown(text, size), text,
                     field->type == DK_FIELD_DATE ? "date" : "number");
            goto out;
        }
        dk_text_fold(text, size, &folded);
        if (dk_buf_cstr(&folded) == NULL) {
            snprintf(ret_problem, problem_size, "out of memory");
            goto out;
        }
        if (field->type == DK_FIELD_DATE)
            good = date_value(cell, context, text, size, (const char *)folded.data, memory, ret_value, ret_offset,
                              ret_problem, problem_size);
        else
            good = number_value(field, cell, context, text, size, (char *)folded.data, ret_value, ret_problem,
                                problem_size);
    } else {
        good = text_value(field, cell, context, text, size, memory, ret_value, ret_offset, ret_problem, problem_size);
    }
    if (good && memory->failed) {
        snprintf(ret_problem, problem_size, "out of memory");
        good = false;
    }
out:
    dk_buf_finish(&written);
    dk_buf_finish(&folded);
    return good;
}
