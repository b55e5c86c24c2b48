#include "ingest/ods_styles.h"

#include "ingest/xml_part.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_CASES = 4,     /* conditions of a format; spreadsheet programs write two */
    MAX_PARENTS = 32,  /* styles that inherit from each other; a circle ends here */
    MAX_BEHIND = 1024, /* bytes of the text behind a number */
};

typedef enum style_kind { CELL_STYLE, DATA_STYLE } style_kind;

/* style:map: for some numbers another format holds. */
typedef struct format_case {
    char op[3]; /* < <= > >= = != */
    double bound;
    char *name;
    size_t style;
} format_case;

typedef struct style {
    style_kind kind;
    bool automatic;
    char *name;
    /* CELL_STYLE */
    char *parent, *data_name;
    size_t data; /* the data style that counts */
    /* DATA_STYLE */
    dk_sheet_format format;
    format_case cases[MAX_CASES];
    size_t n_cases;
} style;

struct dk_ods_styles {
    style *all; /* sorted once they are resolved */
    size_t n, capacity;

    /* while they come */
    enum { OUTSIDE, IN_STYLES } where;
    int depth; /* of elements within the data style under way; 0: within none */
    bool has_digits, scaled, divided, in_text, in_digits, failed; /* scaled: what is shown is another number */
    bool has_year, has_day, no_day; /* a day is shown, or no more of it than its month or year */
    bool whole;                     /* numbers are shown in plain whole digits */
    bool exponent;
    unsigned digits, decimals;
    dk_buf before, behind; /* texts before and behind the digits */
};

dk_ods_styles *dk_ods_styles_create(void)
{
    dk_ods_styles *styles = calloc(1, sizeof *styles);
    if (styles != NULL)
        dk_buf_init(&styles->before), dk_buf_init(&styles->behind);
    return styles;
}

void dk_ods_styles_free(dk_ods_styles *styles)
{
    if (styles == NULL)
        return;
    for (size_t i = 0; i < styles->n; i++) {
        style *at = &styles->all[i];
        for (size_t k = 0; k < at->n_cases; k++)
            free(at->cases[k].name);
        free(at->name);
        free(at->parent);
        free(at->data_name);
    }
    free(styles->all);
    dk_buf_finish(&styles->before);
    dk_buf_finish(&styles->behind);
    free(styles);
}

/* ---- as they come ---- */

static bool copy(dk_ods_styles *styles, const char *text, char **ret)
{
    if (text != NULL && (*ret = strdup(text)) == NULL)
        styles->failed = true;
    return *ret != NULL;
}

static style *add(dk_ods_styles *styles, style_kind kind, bool automatic, const char *name)
{
    if (name == NULL || styles->failed)
        return NULL;
    if (styles->n == DK_ODS_MAX_STYLES ||
        !dk_grow(&styles->all, &styles->capacity, styles->n + 1, sizeof *styles->all)) {
        styles->failed = true;
        return NULL;
    }
    style *added = &styles->all[styles->n];
    *added = (style){.kind = kind, .automatic = automatic, .data = DK_ODS_NO_STYLE};
    if (!copy(styles, name, &added->name))
        return NULL;
    styles->n++;
    return added;
}

static bool is_data_style(const char *name)
{
    static const char *const names[] = {"number-style", "currency-style", "percentage-style", "date-style",
                                        "time-style",   "boolean-style",  "text-style"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* value()>=0 and its like (19.468); others are of no number format. */
static void add_case(dk_ods_styles *styles, const char **attributes)
{
    static const char call[] = "value()";
    style *to = &styles->all[styles->n - 1];
    const char *condition = dk_xml_attribute(attributes, "condition"),
               *name = dk_xml_attribute(attributes, "apply-style-name");
    if (condition == NULL || name == NULL || strncmp(condition, call, sizeof call - 1) != 0 || to->n_cases == MAX_CASES)
        return;
    format_case found = {.style = DK_ODS_NO_STYLE};
    const char *at = condition + sizeof call - 1;
    size_t n = 0;
    for (; n < 2 && (*at == '<' || *at == '>' || *at == '=' || *at == '!'); at++)
        found.op[n++] = *at;
    char *end;
    found.bound = strtod(at, &end);
    if (n > 0 && end != at && *end == '\0' && copy(styles, name, &found.name))
        to->cases[to->n_cases++] = found;
}

static void in_data_style(dk_ods_styles *styles, const char *name, const char **attributes)
{
    if (styles->depth > 1) {
        styles->in_digits = strcmp(name, "embedded-text") == 0;
    } else if (strcmp(name, "number") == 0 || strcmp(name, "scientific-number") == 0 || strcmp(name, "fraction") == 0) {
        const char *factor = dk_xml_attribute(attributes, "display-factor"),
                   *places = dk_xml_attribute(attributes, "decimal-places"),
                   *grouping = dk_xml_attribute(attributes, "grouping"),
                   *least = dk_xml_attribute(attributes, "min-integer-digits");
        styles->whole = !styles->has_digits && strcmp(name, "number") == 0 &&
                        (places == NULL || strcmp(places, "0") == 0) &&
                        (grouping == NULL || strcmp(grouping, "false") == 0);
        styles->exponent |= strcmp(name, "scientific-number") == 0;
        styles->decimals = places != NULL ? (unsigned)strtoul(places, NULL, 10) : 0;
        styles->digits = least != NULL ? (unsigned)strtoul(least, NULL, 10) : 0;
        dk_buf_clear(&styles->before);
        if (styles->behind.size > 0)
            dk_buf_append(&styles->before, styles->behind.data, styles->behind.size);
        dk_buf_clear(&styles->behind);
        styles->has_digits = true;
        styles->divided |= factor != NULL && strtod(factor, NULL) != 1;
    } else if (strcmp(name, "text") == 0 || strcmp(name, "currency-symbol") == 0) {
        styles->in_text = true;
    } else if (strcmp(name, "year") == 0 || strcmp(name, "month") == 0 || strcmp(name, "day") == 0) {
        styles->has_day = true;
        styles->no_day &= strcmp(name, "day") != 0;
        styles->has_year |= strcmp(name, "year") == 0;
    } else if (strcmp(name, "map") == 0) {
        add_case(styles, attributes);
    }
}

bool dk_ods_styles_start(dk_ods_styles *styles, bool automatic, const char *name, const char **attributes)
{
    if (styles->where == OUTSIDE) {
        /* the automatic styles of styles.xml are those of its headers and footers */
        if (strcmp(name, automatic ? "automatic-styles" : "styles") == 0)
            styles->where = IN_STYLES;
        return true;
    }
    if (styles->depth > 0) {
        in_data_style(styles, name, attributes);
        styles->depth++;
    } else if (is_data_style(name)) {
        if (add(styles, DATA_STYLE, automatic, dk_xml_attribute(attributes, "name")) != NULL) {
            styles->depth = 1;
            styles->has_digits = styles->in_text = styles->in_digits = styles->whole = styles->divided = false;
            styles->has_day = styles->has_year = false;
            styles->scaled = strcmp(name, "percentage-style") == 0;
            styles->exponent = false;
            styles->decimals = 0;
            styles->no_day = true;
            dk_buf_clear(&styles->before);
            dk_buf_clear(&styles->behind);
        }
    } else if (strcmp(name, "style") == 0) {
        const char *family = dk_xml_attribute(attributes, "family");
        style *added = family != NULL && strcmp(family, "table-cell") == 0
                           ? add(styles, CELL_STYLE, automatic, dk_xml_attribute(attributes, "name"))
                           : NULL;
        if (added != NULL) {
            copy(styles, dk_xml_attribute(attributes, "parent-style-name"), &added->parent);
            copy(styles, dk_xml_attribute(attributes, "data-style-name"), &added->data_name);
        }
    }
    return !styles->failed;
}

void dk_ods_styles_text(dk_ods_styles *styles, const char *text, size_t size)
{
    if (styles->in_digits)
        styles->divided |= memchr(text, '.', size) != NULL; /* 12.5000 is shown for 125000 */
    else if (styles->in_text && size <= MAX_BEHIND - styles->behind.size)
        dk_buf_append(&styles->behind, text, size);
    else if (styles->in_text)
        styles->scaled = true; /* no unit is that long */
}

bool dk_ods_styles_end(dk_ods_styles *styles, const char *name)
{
    if (styles->depth > 1) {
        styles->in_text = styles->in_text && styles->depth > 2;
        styles->in_digits = false;
        styles->depth--;
    } else if (styles->depth == 1) {
        style *ended = &styles->all[styles->n - 1];
        const char *behind = dk_buf_cstr(&styles->behind);
        ended->format.is_date = styles->has_day;
        ended->format.no_day = styles->has_day && styles->no_day;
        ended->format.no_year = styles->has_day && !styles->has_year;
        ended->format.divided = styles->divided && !styles->has_day;
        ended->format.exponent = styles->exponent;
        ended->format.decimals = (unsigned char)(styles->decimals < 15 ? styles->decimals : 15);
        styles->scaled |= styles->divided;
        if (behind == NULL)
            styles->failed = true;
        else if (!styles->has_day && styles->has_digits && !styles->scaled)
            ended->format.unit = dk_sheet_unit_shown(behind);
        if (!styles->has_day && styles->whole && !styles->scaled && ended->n_cases == 0)
            dk_sheet_format_words(&ended->format, styles->digits, &styles->before, &styles->behind);
        styles->depth = 0;
    } else if (strcmp(name, "styles") == 0 || strcmp(name, "automatic-styles") == 0) {
        styles->where = OUTSIDE;
    }
    return !styles->failed;
}

/* ---- when all have come ---- */

static int compare(const void *a, const void *b)
{
    const style *one = a, *other = b;
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1;
    const int order = strcmp(one->name, other->name);
    return order != 0 ? order : (int)other->automatic - (int)one->automatic;
}

/* Of two of a name the automatic one, unless only those of styles.xml may be meant. */
static size_t find(const dk_ods_styles *styles, style_kind kind, const char *name, bool automatic)
{
    const style wanted = {.kind = kind, .name = (char *)name, .automatic = automatic};
    size_t low = 0, high = styles->n;
    while (name != NULL && low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(&styles->all[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return name != NULL && low < styles->n && styles->all[low].kind == kind && strcmp(styles->all[low].name, name) == 0
               ? low
               : DK_ODS_NO_STYLE;
}

void dk_ods_styles_resolve(dk_ods_styles *styles)
{
    if (styles->n > 0)
        qsort(styles->all, styles->n, sizeof *styles->all, compare);
    for (size_t i = 0; i < styles->n; i++) {
        style *at = &styles->all[i];
        for (size_t k = 0; k < at->n_cases; k++)
            at->cases[k].style = find(styles, DATA_STYLE, at->cases[k].name, at->automatic);
        const style *from = at;
        for (int step = 0; at->kind == CELL_STYLE && from != NULL && step < MAX_PARENTS; step++) {
            if (from->data_name != NULL) {
                at->data = find(styles, DATA_STYLE, from->data_name, from->automatic);
                break;
            }
            /* a parent is always one of styles.xml (16.2) */
            const size_t parent = find(styles, CELL_STYLE, from->parent, false);
            from = parent != DK_ODS_NO_STYLE ? &styles->all[parent] : NULL;
        }
    }
}

size_t dk_ods_style_find(const dk_ods_styles *styles, const char *name)
{
    return find(styles, CELL_STYLE, name, true);
}

static bool holds(const format_case *at, double number)
{
    const char first = at->op[0];
    if (at->op[1] == '\0')
        return first == '<' ? number < at->bound : first == '>' ? number > at->bound : number == at->bound;
    return first == '<' ? number <= at->bound : first == '>' ? number >= at->bound : number != at->bound;
}

const dk_sheet_format *dk_ods_style_format(const dk_ods_styles *styles, size_t style_number, double number)
{
    if (style_number == DK_ODS_NO_STYLE || styles->all[style_number].data == DK_ODS_NO_STYLE)
        return NULL;
    const style *data = &styles->all[styles->all[style_number].data];
    for (size_t i = 0; i < data->n_cases; i++)
        if (data->cases[i].style != DK_ODS_NO_STYLE && holds(&data->cases[i], number))
            return &styles->all[data->cases[i].style].format;
    return &data->format;
}
