#include "store/filter_text.h"

#include "store/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void begin(dk_buf *filter)
{
    if (filter->size > 0)
        dk_buf_text(filter, " AND ");
}

/* A character literal: its quotes are doubled. */
static void append_text(const char *text, size_t size, dk_buf *filter)
{
    dk_buf_byte(filter, '\'');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\'')
            dk_buf_byte(filter, '\'');
        dk_buf_byte(filter, (unsigned char)text[i]);
    }
    dk_buf_byte(filter, '\'');
}

static bool is_number(const char *text, size_t size)
{
    if (size == 0 || size > 40 || strspn(text, "+-.0123456789eE") < size)
        return false;
    char *end = NULL;
    const double value = strtod(text, &end);
    return end == text + size && isfinite(value);
}

/* YYYY-MM-DD by its form; whether there is such a day is found where the filter is read. */
static bool is_date(const char *text, size_t size)
{
    static const char form[] = "0000-00-00";
    if (size != sizeof form - 1)
        return false;
    for (size_t i = 0; i < size; i++)
        if (form[i] == '-' ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    return true;
}

dk_status dk_filter_equal(const dk_kind *kind, int index, const char *value, dk_buf *filter, dk_error *err)
{
    const dk_field *field = &kind->fields[index];
    while (*value == ' ')
        value++;
    size_t size = strlen(value);
    while (size > 0 && value[size - 1] == ' ')
        size--;
    if (!dk_utf8_valid(value, size))
        return dk_fail(err, DK_INVALID, "the value for %s is not valid UTF-8", field->name);
    begin(filter);
    dk_buf_format(filter, "\"%s\"=", field->name);
    switch (field->type) {
    case DK_FIELD_INTEGER:
    case DK_FIELD_NUMBER: {
        if (!is_number(value, size))
            return dk_fail(err, DK_INVALID, "the field %s is compared with a number, such as 12.5", field->name);
        dk_buf_format(filter, "%.17g", strtod(value, NULL));
        break;
    }
    case DK_FIELD_DATE:
        if (!is_date(value, size))
            return dk_fail(err, DK_INVALID, "the field %s is compared with a date, such as 2020-06-15", field->name);
        dk_buf_text(filter, "DATE(");
        append_text(value, size, filter);
        dk_buf_byte(filter, ')');
        break;
    default:
        append_text(value, size, filter);
    }
    return DK_OK;
}

void dk_filter_box(const double bounds[4], dk_buf *filter)
{
    begin(filter);
    dk_buf_format(filter, "S_INTERSECTS(geometry,BBOX(%.17g,%.17g,%.17g,%.17g))", bounds[0], bounds[1], bounds[2],
                  bounds[3]);
}

void dk_filter_word(const dk_kind *kind, uint64_t fields, const char *word, size_t size, dk_buf *filter)
{
    begin(filter);
    dk_buf_byte(filter, '(');
    bool first = true;
    for (size_t i = 0; i < kind->n_fields; i++) {
        if ((fields >> i & 1) == 0)
            continue;
        dk_buf_format(filter, "%sCASEI(\"%s\") LIKE CASEI('%%", first ? "" : " OR ", kind->fields[i].name);
        first = false;
        for (size_t j = 0; j < size; j++) {
            if (word[j] == '%' || word[j] == '_' || word[j] == '\\')
                dk_buf_byte(filter, '\\');
            if (word[j] == '\'')
                dk_buf_byte(filter, '\'');
            dk_buf_byte(filter, (unsigned char)word[j]);
        }
        dk_buf_text(filter, "%')");
    }
    dk_buf_byte(filter, ')');
}

void dk_filter_days(const dk_kind *kind, const char *first, const char *last, dk_buf *filter)
{
    if (kind->date_field < 0 || (first == NULL && last == NULL))
        return;
    const char *name = kind->fields[kind->date_field].name;
    begin(filter);
    dk_buf_format(filter, "(\"%s\" IS NULL OR ", name);
    if (first != NULL)
        dk_buf_format(filter, "\"%s\">=DATE('%s')", name, first);
    if (first != NULL && last != NULL)
        dk_buf_text(filter, " AND ");
    if (last != NULL)
        dk_buf_format(filter, "\"%s\"<=DATE('%s')", name, last);
    dk_buf_byte(filter, ')');
}
