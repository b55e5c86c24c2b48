/* CQL2 text (OGC 21-065r2, Annex B) by recursive descent, a function for each level of precedence. The grammar's rules
 * for what may stand in a comparison, a list or a function are left to the check of types. */
#include "store/cql2_tree.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <utf8proc.h>

typedef struct scan {
    dk_cql2_reader *r;
    const char *text;
    size_t size, at;
} scan;

static dk_cql2_node *read_condition(scan *s);
static dk_cql2_node *read_sum(scan *s);

/* ---- characters ---- */

/* The character at a place, -1 at the end. The text is valid UTF-8. */
static int32_t character(const scan *s, size_t at, size_t *ret_size)
{
    utf8proc_int32_t c = -1;
    *ret_size = 0;
    if (at >= s->size)
        return -1;
    const utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)s->text + at, (utf8proc_ssize_t)(s->size - at), &c);
    *ret_size = n > 0 ? (size_t)n : 1;
    return n > 0 ? c : 0xFFFD;
}

/* Rule whitespace. */
static bool is_space(int32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Rule identifierStart. */
static bool starts_name(int32_t c)
{
    static const int32_t ranges[][2] = {{'A', 'Z'},       {'a', 'z'},        {0xC0, 0xD6},     {0xD8, 0xF6},
                                        {0xF8, 0x2FF},    {0x370, 0x37D},    {0x37F, 0x1FFE},  {0x200C, 0x200D},
                                        {0x2070, 0x218F}, {0x2C00, 0x2FEF},  {0x3001, 0xD7FF}, {0xF900, 0xFDCF},
                                        {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF}};
    if (is_space(c))
        return false;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return c == ':' || c == '_';
}

static bool continues_name(int32_t c)
{
    return starts_name(c) || c == '.' || (c >= '0' && c <= '9') || (c >= 0x300 && c <= 0x36F) || c == 0x203F ||
           c == 0x2040;
}

static void skip_space(scan *s)
{
    size_t n;
    while (is_space(character(s, s->at, &n)))
        s->at += n;
}

static char peek(scan *s)
{
    skip_space(s);
    return s->at < s->size ? s->text[s->at] : '\0';
}

static bool take(scan *s, char c)
{
    if (peek(s) != c || c == '\0')
        return false;
    s->at++;
    return true;
}

/* The length of the name at the scan's place, 0: there is none. */
static size_t name_size(scan *s)
{
    size_t n, at;
    skip_space(s);
    if (!starts_name(character(s, s->at, &n)))
        return 0;
    for (at = s->at + n; continues_name(character(s, at, &n));)
        at += n;
    return at - s->at;
}

static bool is_word(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

static bool take_word(scan *s, const char *word)
{
    const size_t size = name_size(s);
    if (!is_word(s->text + s->at, size, word))
        return false;
    s->at += size;
    return true;
}

/* ---- failing ---- */

static void *expected(scan *s, const char *what)
{
    size_t n;
    skip_space(s);
    if (character(s, s->at, &n) < 0)
        dk_cql2_refuse(s->r, DK_INVALID, NULL, s->at, "the filter ends where %s is expected", what);
    else
        dk_cql2_refuse(s->r, DK_INVALID, NULL, s->at, "%s is expected here, not %.*s", what, (int)n, s->text + s->at);
    return NULL;
}

static bool must_take(scan *s, char c, const char *what)
{
    if (take(s, c))
        return true;
    expected(s, what);
    return false;
}

/* Brackets in each other are bounded, for each is a call of this reader. */
static bool enter(scan *s)
{
    if (++s->r->depth > DK_CQL2_MOST_DEPTH)
        dk_cql2_refuse(s->r, DK_LIMIT, NULL, s->at, "brackets stand in each other more than %d deep; write it flatter",
                       DK_CQL2_MOST_DEPTH);
    return s->r->status == DK_OK;
}

static void leave(scan *s)
{
    s->r->depth--;
}

/* ---- literals ---- */

/* Reads what stands between quotes, with \' '' and the escapes of requirement /req/cql2-text/escaping. A backslash
 * before another character stays, as LIKE needs it. */
static bool read_quoted(scan *s, dk_buf *out)
{
    static const char escapes[] = "abtnvfr", meant[] = "\a\b\t\n\v\f\r";
    const size_t from = s->at++;
    for (; s->at < s->size; s->at++) {
        const char c = s->text[s->at], next = s->at + 1 < s->size ? s->text[s->at + 1] : '\0';
        const char *escape = c == '\\' && next != '\0' ? strchr(escapes, next) : NULL;
        if (c == '\'' && next != '\'') {
            s->at++;
            return true;
        }
        if (c == '\'' || (c == '\\' && (next == '\'' || next == '\\'))) {
            dk_buf_byte(out, (unsigned char)next);
            s->at++;
        } else if (escape != NULL) {
            dk_buf_byte(out, (unsigned char)meant[escape - escapes]);
            s->at++;
        } else {
            dk_buf_byte(out, (unsigned char)c);
        }
    }
    dk_cql2_refuse(s->r, DK_INVALID, NULL, from, "the text that begins here has no closing quote");
    return false;
}

static dk_cql2_node *read_text(scan *s, dk_cql2_op op)
{
    dk_cql2_node *node = dk_cql2_node_new(s->r, op, NULL, s->at);
    dk_buf text;
    dk_buf_init(&text);
    bool good = node != NULL && read_quoted(s, &text);
    if (good && text.failed) {
        dk_cql2_no_memory(s->r);
        good = false;
    }
    good = good && dk_cql2_set_text(s->r, node, (const char *)text.data, text.size);
    dk_buf_finish(&text);
    return good ? node : NULL;
}

/* The end of a number without sign at a place; the place itself: there is none. ret_whole: it has digits only. */
static size_t number_end(const scan *s, size_t at, bool *ret_whole)
{
    size_t end = at, digits = 0;
    *ret_whole = true;
    for (; end < s->size && isdigit((unsigned char)s->text[end]); end++)
        digits++;
    if (end < s->size && s->text[end] == '.') {
        *ret_whole = false;
        for (end++; end < s->size && isdigit((unsigned char)s->text[end]); end++)
            digits++;
    }
    if (digits == 0)
        return at;
    if (end < s->size && (s->text[end] == 'E' || s->text[end] == 'e')) {
        size_t exponent = end + 1;
        if (exponent < s->size && (s->text[exponent] == '+' || s->text[exponent] == '-'))
            exponent++;
        if (exponent < s->size && isdigit((unsigned char)s->text[exponent])) {
            *ret_whole = false;
            for (end = exponent; end < s->size && isdigit((unsigned char)s->text[end]);)
                end++;
        }
    }
    return end;
}

/* Reads a number, with a sign if it may have one. false: there is none, or none that is finite. */
static bool read_number(scan *s, bool with_sign, bool *ret_whole, int64_t *ret_integer, double *ret_real)
{
    skip_space(s);
    size_t digits = s->at;
    if (with_sign && digits < s->size && (s->text[digits] == '-' || s->text[digits] == '+'))
        digits++;
    const size_t end = number_end(s, digits, ret_whole);
    if (end == digits)
        return expected(s, "a number") != NULL;
    char copy[400];
    if (end - s->at >= sizeof copy) {
        dk_cql2_refuse(s->r, DK_INVALID, NULL, s->at, "the number has too many digits");
        return false;
    }
    memcpy(copy, s->text + s->at, end - s->at);
    copy[end - s->at] = '\0';
    errno = 0;
    if (*ret_whole)
        *ret_integer = strtoll(copy, NULL, 10);
    *ret_real = strtod(copy, NULL);
    if (!isfinite(*ret_real) || (*ret_whole && errno == ERANGE)) {
        dk_cql2_refuse(s->r, DK_INVALID, NULL, s->at, "the number is too large");
        return false;
    }
    s->at = end;
    return true;
}

static dk_cql2_node *read_numeric(scan *s, bool negative)
{
    bool whole;
    int64_t integer = 0;
    double real = 0;
    const size_t place = s->at;
    if (!read_number(s, false, &whole, &integer, &real))
        return NULL;
    dk_cql2_node *node = dk_cql2_node_new(s->r, whole ? DK_OP_INTEGER : DK_OP_REAL, NULL, place);
    if (node == NULL)
        return NULL;
    if (whole)
        node->integer = negative ? -integer : integer;
    else
        node->real = negative ? -real : real;
    return node;
}

/* DATE('…') and TIMESTAMP('…'), behind the word. */
static dk_cql2_node *read_instant(scan *s, dk_cql2_op op)
{
    if (!must_take(s, '(', "an opening bracket"))
        return NULL;
    if (peek(s) != '\'')
        return expected(s, op == DK_OP_DATE ? "a date such as '2020-12-31'" : "a time such as '2020-12-31T08:00:00Z'");
    dk_cql2_node *node = read_text(s, op);
    return node != NULL && must_take(s, ')', "a closing bracket") ? node : NULL;
}

static dk_cql2_node *read_interval(scan *s, size_t place)
{
    dk_cql2_node *node = dk_cql2_node_new(s->r, DK_OP_INTERVAL, NULL, place);
    if (node == NULL || !must_take(s, '(', "an opening bracket"))
        return NULL;
    for (int i = 0; i < 2; i++) {
        if (i == 1 && !must_take(s, ',', "a comma"))
            return NULL;
        dk_cql2_node *end = peek(s) == '\'' ? read_text(s, DK_OP_TEXT) : read_sum(s);
        if (end == NULL)
            return NULL;
        if (end->op == DK_OP_TEXT) /* which of the three it is, the text says */
            end->op = strcmp(end->text.data, "..") == 0     ? DK_OP_OPEN
                      : strchr(end->text.data, 'T') != NULL ? DK_OP_TIMESTAMP
                                                            : DK_OP_DATE;
        dk_cql2_node_add(s->r, node, end);
    }
    return must_take(s, ')', "a closing bracket") ? node : NULL;
}

/* ---- geometries ---- */

static bool read_position(scan *s)
{
    double xyz[3];
    bool whole;
    int64_t integer;
    for (int i = 0; i < 2; i++)
        if (!read_number(s, true, &whole, &integer, &xyz[i]))
            return false;
    const char c = peek(s);
    if ((c == '-' || c == '+' || c == '.' || isdigit((unsigned char)c)) &&
        !read_number(s, true, &whole, &integer, &xyz[2])) /* a height, which says nothing here */
        return false;
    return dk_cql2_shape_position(s->r, xyz[0], xyz[1]);
}

/* ( item , item … ) */
static bool read_list(scan *s, bool (*item)(scan *s))
{
    if (!must_take(s, '(', "an opening bracket"))
        return false;
    do {
        if (!item(s))
            return false;
    } while (take(s, ','));
    return must_take(s, ')', "a closing bracket");
}

static bool read_line(scan *s)
{
    return read_list(s, read_position) && dk_cql2_shape_line_end(s->r);
}

static bool read_polygon(scan *s)
{
    return read_list(s, read_line) && dk_cql2_shape_polygon_end(s->r);
}

static bool read_point(scan *s)
{
    if (peek(s) != '(') /* MULTIPOINT(1 2, 3 4), as older WKT has it */
        return read_position(s);
    s->at++;
    return read_position(s) && must_take(s, ')', "a closing bracket");
}

static dk_cql2_shape *read_shape(scan *s);

static dk_cql2_shape *read_collection(scan *s)
{
    if (!enter(s) || !must_take(s, '(', "an opening bracket"))
        return NULL;
    dk_cql2_shape *first = NULL, **place = &first;
    do {
        *place = read_shape(s);
        if (*place == NULL)
            return NULL;
        place = &(*place)->next;
    } while (take(s, ','));
    if (!must_take(s, ')', "a closing bracket"))
        return NULL;
    leave(s);
    dk_cql2_shape_begin(s->r);
    dk_cql2_shape *shape = dk_cql2_shape_end(s->r, DK_SHAPE_COLLECTION);
    if (shape != NULL)
        shape->members = first;
    return shape;
}

/* What follows the word POINT, POLYGON … */
static dk_cql2_shape *read_tagged(scan *s, int type)
{
    bool good = false;
    if (name_size(s) == 1)
        take_word(s, "Z");
    dk_cql2_shape_begin(s->r);
    switch (type) {
    case DK_SHAPE_POINT:
        good = must_take(s, '(', "an opening bracket") && read_position(s) && must_take(s, ')', "a closing bracket");
        break;
    case DK_SHAPE_LINE:
        good = read_line(s);
        break;
    case DK_SHAPE_POLYGON:
        good = read_polygon(s);
        break;
    case DK_SHAPE_POINTS:
        good = read_list(s, read_point);
        break;
    case DK_SHAPE_LINES:
        good = read_list(s, read_line);
        break;
    case DK_SHAPE_POLYGONS:
        good = read_list(s, read_polygon);
        break;
    default:
        return read_collection(s);
    }
    return good ? dk_cql2_shape_end(s->r, (dk_cql2_shape_type)type) : NULL;
}

/* The type that a word names, which may have the Z of three dimensions behind it. */
static int shape_word(const char *text, size_t size)
{
    const int type = dk_cql2_shape_type_of(text, size);
    return type != 0 || size < 2 || (text[size - 1] != 'Z' && text[size - 1] != 'z')
               ? type
               : dk_cql2_shape_type_of(text, size - 1);
}

static dk_cql2_shape *read_shape(scan *s)
{
    const size_t size = name_size(s);
    const int type = shape_word(s->text + s->at, size);
    if (type == 0)
        return expected(s, "a geometry such as POINT(116.3 34.5)");
    s->at += size;
    return read_tagged(s, type);
}

static dk_cql2_node *read_geometry(scan *s, int type, size_t place)
{
    dk_cql2_node *node = dk_cql2_node_new(s->r, DK_OP_GEOMETRY, NULL, place);
    if (node == NULL)
        return NULL;
    node->shape = read_tagged(s, type);
    return node->shape != NULL ? node : NULL;
}

static dk_cql2_node *read_bbox(scan *s, size_t place)
{
    double numbers[6];
    size_t n = 0;
    bool whole;
    int64_t integer;
    dk_cql2_node *node = dk_cql2_node_new(s->r, DK_OP_BBOX, NULL, place);
    if (node == NULL || !must_take(s, '(', "an opening bracket"))
        return NULL;
    do {
        double number;
        if (!read_number(s, true, &whole, &integer, &number))
            return NULL;
        if (n < 6)
            numbers[n] = number;
        n++;
    } while (take(s, ','));
    if (!must_take(s, ')', "a closing bracket"))
        return NULL;
    if (n != 4 && n != 6) {
        dk_cql2_refuse(s->r, DK_INVALID, NULL, place,
                       "BBOX has 4 numbers (west, south, east, north), or 6 with heights, not %zu", n);
        return NULL;
    }
    for (size_t i = 0; i < 4; i++)
        node->box[i] = numbers[n == 4 || i < 2 ? i : i + 1];
    return node;
}

/* ---- expressions ---- */

/* ( … ): an expression in brackets, or an array: of more than one element, of none, or where one is wanted. */
static dk_cql2_node *read_brackets(scan *s, bool as_array)
{
    const size_t place = s->at++;
    if (!enter(s))
        return NULL;
    dk_cql2_node *array = NULL;
    if (as_array || peek(s) == ')') {
        array = dk_cql2_node_new(s->r, DK_OP_ARRAY, NULL, place);
        if (array == NULL)
            return NULL;
    }
    dk_cql2_node *element = NULL;
    if (peek(s) != ')') {
        do {
            if (element != NULL && array == NULL) {
                array = dk_cql2_node_new(s->r, DK_OP_ARRAY, NULL, place);
                dk_cql2_node_add(s->r, array, element);
            }
            element = read_condition(s);
            if (element == NULL)
                return NULL;
            dk_cql2_node_add(s->r, array, element);
        } while (take(s, ','));
    }
    if (!must_take(s, ')', "a comma or closing bracket"))
        return NULL;
    leave(s);
    return s->r->status != DK_OK ? NULL : array != NULL ? array : element;
}

/* The arguments of a function, behind its name. most 0: any number. */
static dk_cql2_node *read_call(scan *s, dk_cql2_op op, const char *name, size_t name_length, size_t place, size_t most)
{
    dk_cql2_node *node = dk_cql2_node_new(s->r, op, NULL, place);
    if (node == NULL || (op == DK_OP_FUNCTION && !dk_cql2_set_text(s->r, node, name, name_length)) || !enter(s))
        return NULL;
    s->at++; /* the bracket, which was seen */
    if (peek(s) != ')') {
        do {
            dk_cql2_node *argument =
                dk_cql2_is_array(op) && peek(s) == '(' ? read_brackets(s, true) : read_condition(s);
            if (argument == NULL)
                return NULL;
            dk_cql2_node_add(s->r, node, argument);
        } while (take(s, ','));
    }
    if (!must_take(s, ')', "a comma or closing bracket"))
        return NULL;
    leave(s);
    if (most != 0 && node->n != most) {
        dk_cql2_refuse(s->r, DK_INVALID, NULL, place, "%.*s takes %zu argument%s, not %zu", (int)name_length, name,
                       most, most == 1 ? "" : "s", node->n);
        return NULL;
    }
    return node;
}

static bool is_reserved(const char *text, size_t size)
{
    static const char *const words[] = {"AND", "OR", "NOT", "IN", "IS", "LIKE", "BETWEEN", "NULL", "DIV"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_word(text, size, words[i]))
            return true;
    return false;
}

/* What begins with a name: a literal that has a word, a function or a property. */
static dk_cql2_node *read_named(scan *s, size_t size)
{
    const size_t place = s->at;
    const char *name = s->text + place;
    s->at += size;
    const bool called = peek(s) == '(';
    const int type = shape_word(name, size);
    if (type != 0 && (called || (name_size(s) == 1 && (s->text[s->at] == 'Z' || s->text[s->at] == 'z'))))
        return read_geometry(s, type, place);
    if (called) {
        if (is_word(name, size, "DATE") || is_word(name, size, "TIMESTAMP"))
            return read_instant(s, size == 4 ? DK_OP_DATE : DK_OP_TIMESTAMP);
        if (is_word(name, size, "INTERVAL"))
            return read_interval(s, place);
        if (is_word(name, size, "BBOX"))
            return read_bbox(s, place);
        if (!is_reserved(name, size)) {
            const dk_cql2_op op = dk_cql2_op_of(name, size);
            const bool standard = op == DK_OP_CASEI || op == DK_OP_ACCENTI || dk_cql2_is_spatial(op) ||
                                  dk_cql2_is_temporal(op) || dk_cql2_is_array(op);
            return read_call(s, standard ? op : DK_OP_FUNCTION, name, size, place,
                             !standard                                  ? 0
                             : op == DK_OP_CASEI || op == DK_OP_ACCENTI ? 1
                                                                        : 2);
        }
    }
    if (is_reserved(name, size)) {
        dk_cql2_refuse(
            s->r, DK_INVALID, NULL, place,
            "a value is expected here, and %.*s is a word of the language; a property of that name is written "
            "in double quotes",
            (int)size, name);
        return NULL;
    }
    const bool yes = is_word(name, size, "TRUE");
    dk_cql2_node *node =
        dk_cql2_node_new(s->r, yes || is_word(name, size, "FALSE") ? DK_OP_BOOLEAN : DK_OP_PROPERTY, NULL, place);
    if (node == NULL)
        return NULL;
    if (node->op == DK_OP_BOOLEAN)
        node->boolean = yes;
    else if (!dk_cql2_set_text(s->r, node, name, size))
        return NULL;
    return node;
}

static dk_cql2_node *read_quoted_name(scan *s)
{
    const size_t place = s->at++;
    const char *from = s->text + s->at, *end = memchr(from, '"', s->size - s->at);
    if (end == NULL || end == from) {
        dk_cql2_refuse(s->r, DK_INVALID, NULL, place,
                       end == NULL ? "the name that begins here has no closing double quote"
                                   : "there is no name between these double quotes");
        return NULL;
    }
    s->at += (size_t)(end - from) + 1;
    dk_cql2_node *node = dk_cql2_node_new(s->r, DK_OP_PROPERTY, NULL, place);
    return node != NULL && dk_cql2_set_text(s->r, node, from, (size_t)(end - from)) ? node : NULL;
}

static dk_cql2_node *read_factor(scan *s)
{
    const char c = peek(s);
    const size_t place = s->at;
    if (c == '(')
        return read_brackets(s, false);
    if (c == '\'')
        return read_text(s, DK_OP_TEXT);
    if (c == '"')
        return read_quoted_name(s);
    if (isdigit((unsigned char)c) || c == '.')
        return read_numeric(s, false);
    if (c == '+' || c == '-') {
        s->at++;
        const char next = peek(s);
        if (isdigit((unsigned char)next) || next == '.')
            return read_numeric(s, c == '-');
        if (c == '+')
            return expected(s, "a number");
        if (next == '+' || next == '-')
            return expected(s, "a name or number");
        dk_cql2_node *node = dk_cql2_node_new(s->r, DK_OP_MULTIPLY, NULL, place);
        dk_cql2_node *minus = dk_cql2_node_new(s->r, DK_OP_INTEGER, node, place);
        dk_cql2_node *operand = minus != NULL ? read_factor(s) : NULL;
        if (operand == NULL)
            return NULL;
        minus->integer = -1;
        dk_cql2_node_add(s->r, node, operand);
        return node;
    }
    const size_t size = name_size(s);
    return size > 0 ? read_named(s, size) : expected(s, "a name or value");
}

static dk_cql2_node *join(scan *s, dk_cql2_op op, dk_cql2_node *left, dk_cql2_node *right)
{
    if (left == NULL || right == NULL)
        return NULL;
    dk_cql2_node *node = dk_cql2_node_new(s->r, op, NULL, left->place);
    dk_cql2_node_add(s->r, node, left);
    dk_cql2_node_add(s->r, node, right);
    return s->r->status == DK_OK ? node : NULL;
}

static dk_cql2_node *read_power(scan *s)
{
    dk_cql2_node *left = read_factor(s);
    if (left == NULL || !take(s, '^'))
        return left;
    return join(s, DK_OP_POWER, left, read_factor(s));
}

static dk_cql2_node *read_term(scan *s)
{
    dk_cql2_node *left = read_power(s);
    while (left != NULL) {
        const dk_cql2_op op = take(s, '*')          ? DK_OP_MULTIPLY
                              : take(s, '/')        ? DK_OP_DIVIDE
                              : take(s, '%')        ? DK_OP_MODULO
                              : take_word(s, "DIV") ? DK_OP_INTEGER_DIVIDE
                                                    : DK_OP_COUNT;
        if (op == DK_OP_COUNT)
            break;
        left = join(s, op, left, read_power(s));
    }
    return left;
}

static dk_cql2_node *read_sum(scan *s)
{
    dk_cql2_node *left = read_term(s);
    while (left != NULL) {
        const dk_cql2_op op = take(s, '+') ? DK_OP_ADD : take(s, '-') ? DK_OP_SUBTRACT : DK_OP_COUNT;
        if (op == DK_OP_COUNT)
            break;
        left = join(s, op, left, read_term(s));
    }
    return left;
}

static dk_cql2_op take_comparison(scan *s)
{
    if (take(s, '='))
        return DK_OP_EQ;
    if (take(s, '<')) {
        const char next = peek(s);
        s->at += next == '>' || next == '=';
        return next == '>' ? DK_OP_NE : next == '=' ? DK_OP_LE : DK_OP_LT;
    }
    if (take(s, '>'))
        return take(s, '=') ? DK_OP_GE : DK_OP_GT;
    return DK_OP_COUNT;
}

/* IN (…), BETWEEN … AND …, LIKE …, behind the word. */
static dk_cql2_node *read_word_predicate(scan *s, dk_cql2_op op, dk_cql2_node *left)
{
    dk_cql2_node *node = dk_cql2_node_new(s->r, op, NULL, left->place);
    dk_cql2_node_add(s->r, node, left);
    if (node == NULL || (op == DK_OP_IN && !must_take(s, '(', "an opening bracket")))
        return NULL;
    for (;;) {
        dk_cql2_node *operand = read_sum(s);
        if (operand == NULL)
            return NULL;
        dk_cql2_node_add(s->r, node, operand);
        if (op == DK_OP_LIKE || (op == DK_OP_BETWEEN && node->n == 3))
            break;
        if (op == DK_OP_BETWEEN) {
            if (!take_word(s, "AND"))
                return expected(s, "AND and the upper bound");
        } else if (!take(s, ',')) {
            break;
        }
    }
    return op == DK_OP_IN && !must_take(s, ')', "a comma or closing bracket") ? NULL : node;
}

static dk_cql2_node *negate(scan *s, dk_cql2_node *operand, size_t place)
{
    if (operand == NULL)
        return NULL;
    dk_cql2_node *node = dk_cql2_node_new(s->r, DK_OP_NOT, NULL, place);
    dk_cql2_node_add(s->r, node, operand);
    return s->r->status == DK_OK ? node : NULL;
}

static dk_cql2_node *read_comparison(scan *s)
{
    dk_cql2_node *left = read_sum(s);
    if (left == NULL)
        return NULL;
    const dk_cql2_op comparison = take_comparison(s);
    if (comparison != DK_OP_COUNT)
        return join(s, comparison, left, read_sum(s));
    if (take_word(s, "IS")) {
        const bool not = take_word(s, "NOT");
        if (!take_word(s, "NULL"))
            return expected(s, not ? "NULL" : "NULL or NOT NULL");
        dk_cql2_node *node = dk_cql2_node_new(s->r, DK_OP_IS_NULL, NULL, left->place);
        dk_cql2_node_add(s->r, node, left);
        return not ? negate(s, node, left->place) : node;
    }
    const bool not = take_word(s, "NOT");
    const dk_cql2_op op = take_word(s, "LIKE")      ? DK_OP_LIKE
                          : take_word(s, "BETWEEN") ? DK_OP_BETWEEN
                          : take_word(s, "IN")      ? DK_OP_IN
                                                    : DK_OP_COUNT;
    if (op == DK_OP_COUNT)
        return not ? expected(s, "LIKE, BETWEEN or IN") : left;
    dk_cql2_node *node = read_word_predicate(s, op, left);
    return not ? negate(s, node, left->place) : node;
}

static dk_cql2_node *read_negation(scan *s)
{
    skip_space(s);
    const size_t place = s->at;
    if (!take_word(s, "NOT"))
        return read_comparison(s);
    if (!enter(s))
        return NULL;
    dk_cql2_node *node = negate(s, read_negation(s), place);
    leave(s);
    return node;
}

/* Operands of the same operator side by side are one node. */
static dk_cql2_node *read_chain(scan *s, dk_cql2_op op, dk_cql2_node *(*operand)(scan *s))
{
    const char *word = dk_cql2_op_name(op);
    dk_cql2_node *first = operand(s), *node = NULL;
    while (first != NULL && take_word(s, word)) {
        if (node == NULL) {
            node = dk_cql2_node_new(s->r, op, NULL, first->place);
            dk_cql2_node_add(s->r, node, first);
        }
        dk_cql2_node *next = operand(s);
        if (next == NULL)
            return NULL;
        dk_cql2_node_add(s->r, node, next);
    }
    return node != NULL ? node : first;
}

static dk_cql2_node *read_conjunction(scan *s)
{
    return read_chain(s, DK_OP_AND, read_negation);
}

static dk_cql2_node *read_condition(scan *s)
{
    return read_chain(s, DK_OP_OR, read_conjunction);
}

dk_cql2_node *dk_cql2_text_read(dk_cql2_reader *reader)
{
    scan s = {.r = reader, .text = reader->text, .size = reader->size};
    dk_cql2_node *root = read_condition(&s);
    if (root == NULL)
        return NULL;
    skip_space(&s);
    return s.at == s.size ? root : expected(&s, "AND, OR or the end");
}
