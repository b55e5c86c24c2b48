#include "store/conditions.h"

#include "store/search_query.h"
#include "store/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dk_conditions_finish(dk_conditions *conditions)
{
    dk_buf_finish(&conditions->json);
    conditions->n = 0;
}

void dk_conditions_filter(const dk_conditions *conditions, dk_buf *out)
{
    if (conditions->n > 1)
        dk_buf_text(out, "{\"op\":\"and\",\"args\":[");
    dk_buf_append(out, conditions->json.data, conditions->json.size);
    if (conditions->n > 1)
        dk_buf_text(out, "]}");
    out->failed |= conditions->json.failed;
}

static dk_buf *begin(dk_conditions *conditions)
{
    if (conditions->n++ > 0)
        dk_buf_byte(&conditions->json, ',');
    return &conditions->json;
}

/* RFC 8259, 7. */
static void append_characters(const char *text, size_t size, dk_buf *json)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < 0x20)
            dk_buf_format(json, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            dk_buf_format(json, "\\%c", c);
        else
            dk_buf_byte(json, c);
    }
}

static void append_text(const char *text, size_t size, dk_buf *json)
{
    dk_buf_byte(json, '"');
    append_characters(text, size, json);
    dk_buf_byte(json, '"');
}

static void begin_comparison(const char *op, const dk_field *field, dk_buf *json)
{
    dk_buf_format(json, "{\"op\":\"%s\",\"args\":[{\"property\":\"%s\"},", op, field->name);
}

static bool is_number(const char *text, size_t size)
{
    if (size == 0 || size > 40 || strspn(text, "+-.0123456789eE") < size)
        return false;
    char *end = NULL;
    const double value = strtod(text, &end);
    return end == text + size && isfinite(value);
}

/* A number as JSON has it, which is_number is true of: for a field of whole numbers to its last digit, of which a
 * double keeps 15. */
static void append_number(const dk_field *field, const char *text, dk_buf *json)
{
    char *end = NULL;
    errno = 0;
    const long long whole = strtoll(text, &end, 10);
    if (field->type == DK_FIELD_INTEGER && errno == 0 && *end == '\0')
        dk_buf_format(json, "%lld", whole);
    else
        dk_buf_format(json, "%.17g", strtod(text, NULL));
}

/* YYYY-MM-DD of a day that there is. */
static bool is_date(const char *text, size_t size)
{
    char day[11];
    if (size != sizeof day - 1)
        return false;
    dk_text_copy(day, sizeof day, text, size);
    return dk_date_valid(day);
}

static void append_date(const char *text, size_t size, dk_buf *json)
{
    dk_buf_text(json, "{\"date\":");
    append_text(text, size, json);
    dk_buf_byte(json, '}');
}

dk_status dk_condition_equal(const dk_kind *kind, int index, const char *value, dk_conditions *conditions,
                             dk_error *err)
{
    const dk_field *field = &kind->fields[index];
    while (*value == ' ')
        value++;
    size_t size = strlen(value);
    while (size > 0 && value[size - 1] == ' ')
        size--;
    if (!dk_utf8_valid(value, size))
        return dk_fail(err, DK_INVALID, "the value for %s is not valid UTF-8", field->name);
    const bool numeric = field->type == DK_FIELD_INTEGER || field->type == DK_FIELD_NUMBER;
    if (numeric && !is_number(value, size))
        return dk_fail(err, DK_INVALID, "the field %s is compared with a number, such as 12.5", field->name);
    if (field->type == DK_FIELD_DATE && !is_date(value, size))
        return dk_fail(err, DK_INVALID, "the field %s is compared with a date that there is, such as 2020-06-15",
                       field->name);
    dk_buf *json = begin(conditions);
    begin_comparison("=", field, json);
    if (numeric) {
        char text[48];
        dk_text_copy(text, sizeof text, value, size); /* without the blanks; 40 bytes at most */
        append_number(field, text, json);
    } else if (field->type == DK_FIELD_DATE)
        append_date(value, size, json);
    else
        append_text(value, size, json);
    dk_buf_text(json, "]}");
    return DK_OK;
}

void dk_condition_box(const double bounds[4], dk_conditions *conditions)
{
    dk_buf_format(
        begin(conditions),
        "{\"op\":\"s_intersects\",\"args\":[{\"property\":\"geometry\"},{\"bbox\":[%.17g,%.17g,%.17g,%.17g]}]}",
        bounds[0], bounds[1], bounds[2], bounds[3]);
}

/* ---- words ---- */

/* What a word may be in a row, one of which must hold. */
typedef struct alternatives {
    dk_buf json; /* with commas between them */
    size_t n;
} alternatives;

static dk_buf *begin_alternative(alternatives *a)
{
    if (a->n++ > 0)
        dk_buf_byte(&a->json, ',');
    return &a->json;
}

/* word: folded */
static void add_like(const dk_field *field, const char *word, size_t size, alternatives *a)
{
    dk_buf *json = begin_alternative(a);
    dk_buf_format(json, "{\"op\":\"like\",\"args\":[{\"op\":\"fold\",\"args\":[{\"property\":\"%s\"}]},\"%%",
                  field->name);
    for (size_t i = 0; i < size; i++) {
        if (word[i] == '%' || word[i] == '_' || word[i] == '\\')
            append_characters("\\", 1, json);
        append_characters(word + i, 1, json);
    }
    dk_buf_text(json, "%\"]}");
}

/* A number is looked for as search knows it, as it is written without more digits than it needs. */
static void add_number(const dk_field *field, const char *word, size_t size, alternatives *a)
{
    char text[48];
    if (!is_number(word, size)) /* 40 bytes at most */
        return;
    dk_buf written;
    dk_buf_init(&written);
    dk_text_copy(text, sizeof text, word, size);
    append_number(field, text, &written);
    const char *number = dk_buf_cstr(&written);
    a->json.failed |= number == NULL;
    if (number != NULL && strcmp(text, number) == 0) {
        begin_comparison("=", field, begin_alternative(a));
        dk_buf_format(&a->json, "%s]}", number);
    }
    dk_buf_finish(&written);
}

static void add_date(const dk_field *field, const char *word, size_t size, alternatives *a)
{
    if (!is_date(word, size))
        return;
    begin_comparison("=", field, begin_alternative(a));
    append_date(word, size, &a->json);
    dk_buf_text(&a->json, "]}");
}

void dk_condition_word(const dk_kind *kind, uint64_t fields, const char *word, size_t size, dk_conditions *conditions)
{
    alternatives a = {.n = 0};
    dk_buf folded, number;
    dk_buf_init(&a.json);
    dk_buf_init(&folded);
    dk_buf_init(&number);
    dk_text_fold(word, size, &folded);
    const char *const text = dk_buf_cstr(&folded), *const narrow =
                                                       text != NULL ? text : ""; /* numbers are read up to a NUL */
    const size_t n = text != NULL ? folded.size : 0;
    const bool is_part = n > 0 && dk_search_number(narrow, n, &number);
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        if ((fields >> i & 1) == 0)
            continue;
        if (field->type == DK_FIELD_INTEGER || field->type == DK_FIELD_NUMBER) {
            add_number(field, narrow, n, &a);
        } else if (field->type == DK_FIELD_DATE) {
            add_date(field, narrow, n, &a);
        } else {
            if (n > 0)
                add_like(field, narrow, n, &a);
            if (is_part && field->type == DK_FIELD_APPROVAL_NO)
                add_like(field, (const char *)number.data, number.size, &a);
        }
    }
    dk_buf *json = begin(conditions);
    if (a.n > 1)
        dk_buf_text(json, "{\"op\":\"or\",\"args\":[");
    if (a.n == 0) /* no number and no day is such a word */
        dk_buf_text(json, "false");
    dk_buf_append(json, a.json.data, a.json.size);
    if (a.n > 1)
        dk_buf_text(json, "]}");
    json->failed |= a.json.failed || folded.failed || number.failed;
    dk_buf_finish(&a.json);
    dk_buf_finish(&folded);
    dk_buf_finish(&number);
}

/* ---- days ---- */

/* The field is empty, or compares so with a day. */
static void append_day(const dk_field *field, const char *op, const char *day, dk_buf *json)
{
    dk_buf_format(json, "{\"op\":\"or\",\"args\":[{\"op\":\"isNull\",\"args\":[{\"property\":\"%s\"}]},", field->name);
    begin_comparison(op, field, json);
    append_date(day, strlen(day), json);
    dk_buf_text(json, "]}]}");
}

void dk_condition_days(const dk_kind *kind, bool with_end, const char *first, const char *last,
                       dk_conditions *conditions)
{
    if (kind->date_field < 0)
        return;
    const int end = with_end && kind->date_end_field >= 0 ? kind->date_end_field : kind->date_field;
    if (first != NULL)
        append_day(&kind->fields[end], ">=", first, begin(conditions));
    if (last != NULL)
        append_day(&kind->fields[kind->date_field], "<=", last, begin(conditions));
}
