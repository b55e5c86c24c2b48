/* What the names of a filter mean to its viewer, and whether types fit. What is constant is worked out here, and
 * literals are brought into the form in which they are compared. */
#include "store/approval_no.h"
#include "store/cql2_geometry.h"
#include "store/cql2_tree.h"
#include "store/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_FOLDS 8       /* CASEI and ACCENTI in each other */
#define MOST_PATTERN 10000 /* bytes of a LIKE pattern: it is compared with every row */

typedef struct checker {
    dk_cql2_reader *r;
    dk_cql2 *filter;
    const dk_cql2_crs *crs;
} checker;

static bool check(checker *c, dk_cql2_node *node);

/* Always false. */
static bool refuse(checker *c, const dk_cql2_node *node, const char *sentence)
{
    dk_cql2_refuse(c->r, DK_INVALID, node, node->place, "%s", sentence);
    return false;
}

static void become_boolean(dk_cql2_node *node, bool value)
{
    node->op = DK_OP_BOOLEAN;
    node->type = DK_TYPE_CONDITION;
    node->first = node->last = NULL;
    node->n = 0;
    node->boolean = value;
}

/* ---- names ---- */

uint64_t dk_cql2_seen_fields(const dk_kind *kind, const dk_view *view)
{
    const bool some_inside = view->division[0] == '\0' || kind->division_field >= 0;
    return (view->unseen_outside ? 0 : view->outside) | (some_inside && !view->unseen_inside ? view->inside : 0);
}

uint64_t dk_cql2_open_fields(const dk_kind *kind, const dk_view *view)
{
    (void)kind;
    return view->division[0] == '\0' ? view->inside : view->inside & view->outside;
}

static bool is_outline(const char *name)
{
    return strcmp(name, "geometry") == 0 || strcmp(name, "geom") == 0;
}

static bool check_property(checker *c, dk_cql2_node *node)
{
    const dk_kind *kind = c->filter->kind;
    const int field = dk_kind_field(kind, node->text.data);
    if (field >= 0 && (dk_cql2_seen_fields(kind, &c->filter->view) & UINT64_C(1) << field) != 0) {
        node->field = field;
        switch (kind->fields[field].type) {
        case DK_FIELD_INTEGER:
        case DK_FIELD_NUMBER:
            node->type = DK_TYPE_NUMBER;
            break;
        case DK_FIELD_DATE:
            node->type = DK_TYPE_DATE;
            break;
        default:
            node->type = DK_TYPE_TEXT;
        }
        return true;
    }
    if (kind->geometry != DK_NO_GEOMETRY && is_outline(node->text.data)) {
        node->type = DK_TYPE_GEOMETRY;
        return true;
    }
    /* Of a field that is hidden, and of one that is not there: the same sentence. */
    dk_cql2_refuse(c->r, DK_INVALID, node, node->place,
                   "%s has no property %.*s to be asked for; /collections/%s/queryables lists those that it has",
                   kind->name, dk_utf8_fit(node->text.data, 60), node->text.data, kind->name);
    return false;
}

/* ---- types ---- */

static const char *type_name(const dk_cql2_node *node)
{
    switch (node->type) {
    case DK_TYPE_CONDITION:
        return "a condition";
    case DK_TYPE_NUMBER:
        return "a number";
    case DK_TYPE_TEXT:
        return "a text";
    case DK_TYPE_DATE:
        return "a date";
    case DK_TYPE_TIMESTAMP:
        return "a time";
    case DK_TYPE_INTERVAL:
        return "an interval";
    case DK_TYPE_GEOMETRY:
        return "a geometry";
    default:
        return "an array";
    }
}

/* "area_ha is a number". */
static void describe(const dk_cql2_node *node, char *out, size_t size)
{
    if (node->op == DK_OP_PROPERTY)
        snprintf(out, size, "%.*s is %s", dk_utf8_fit(node->text.data, 60), node->text.data, type_name(node));
    else if (node->op == DK_OP_TEXT)
        snprintf(out, size, "'%.*s' is a text", dk_utf8_fit(node->text.data, 60), node->text.data);
    else
        snprintf(out, size, "what stands here is %s", type_name(node));
}

static bool refuse_pair(checker *c, const dk_cql2_node *a, const dk_cql2_node *b)
{
    char first[160], second[160];
    const char *advice = "compare values of one type";
    describe(a, first, sizeof first);
    describe(b, second, sizeof second);
    const dk_cql2_node *text = a->op == DK_OP_TEXT ? a : b;
    const dk_cql2_type other = text == a ? b->type : a->type;
    if (text->op == DK_OP_TEXT && other == DK_TYPE_NUMBER)
        advice = "write a number without quotes";
    else if (text->op == DK_OP_TEXT && (other == DK_TYPE_DATE || other == DK_TYPE_TIMESTAMP))
        advice = "write a date as DATE('2020-12-31')";
    dk_cql2_refuse(c->r, DK_INVALID, b, b->place, "%s, and %s; %s", first, second, advice);
    return false;
}

static bool want(checker *c, const dk_cql2_node *node, dk_cql2_type type, const char *wanted)
{
    char given[160];
    if (node->type == type)
        return true;
    describe(node, given, sizeof given);
    dk_cql2_refuse(c->r, DK_INVALID, node, node->place, "%s is wanted here, and %s", wanted, given);
    return false;
}

/* Looks at the text of a DATE or TIMESTAMP. */
static bool check_instant(checker *c, dk_cql2_node *node)
{
    char text[40];
    if (node->op == DK_OP_DATE) {
        node->type = DK_TYPE_DATE;
        return dk_cql2_date_valid(node->text.data, node->text.size) ||
               refuse(c, node, "a date is written as '2020-12-31', and must exist");
    }
    node->type = DK_TYPE_TIMESTAMP;
    if (!dk_cql2_timestamp(node->text.data, node->text.size, text))
        return refuse(c, node, "a time is written in UTC, as '2020-12-31T08:00:00Z', and must exist");
    return dk_cql2_set_text(c->r, node, text, strlen(text));
}

/* A text that stands beside dates, as one. */
static bool become_instant(checker *c, dk_cql2_node *node)
{
    if (dk_cql2_date_valid(node->text.data, node->text.size))
        node->op = DK_OP_DATE;
    else
        node->op = DK_OP_TIMESTAMP;
    return check_instant(c, node);
}

static void become_day(dk_cql2_node *node)
{
    ((char *)node->text.data)[10] = '\0';
    node->text.size = 10;
    node->op = DK_OP_DATE;
    node->type = DK_TYPE_DATE;
}

/* Calls visit for the instants of a node's operands, those of intervals too. */
static bool each_instant(checker *c, dk_cql2_node *node, bool (*visit)(checker *c, dk_cql2_node *node, void *user),
                         void *user)
{
    for (dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (operand->op == DK_OP_INTERVAL ? !each_instant(c, operand, visit, user) : !visit(c, operand, user))
            return false;
    }
    return true;
}

static bool find_dates(checker *c, dk_cql2_node *node, void *user)
{
    (void)c;
    *(bool *)user |= node->type == DK_TYPE_DATE;
    return true;
}

static bool make_days(checker *c, dk_cql2_node *node, void *user)
{
    (void)c;
    (void)user;
    if (node->op == DK_OP_TIMESTAMP)
        become_day(node);
    return true;
}

/* Where one of several instants is a date, all are compared as days. */
static bool settle_instants(checker *c, dk_cql2_node *node)
{
    bool dates = false;
    each_instant(c, node, find_dates, &dates);
    return !dates || each_instant(c, node, make_days, NULL);
}

/* Brings the operands of a comparison to one type. */
static bool settle(checker *c, dk_cql2_node *node)
{
    bool instants = false;
    for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next)
        instants |= operand->type == DK_TYPE_DATE || operand->type == DK_TYPE_TIMESTAMP;
    for (dk_cql2_node *operand = node->first; instants && operand != NULL; operand = operand->next) {
        char ignored[40];
        if (operand->op == DK_OP_TEXT &&
            (dk_cql2_date_valid(operand->text.data, operand->text.size) ||
             dk_cql2_timestamp(operand->text.data, operand->text.size, ignored)) &&
            !become_instant(c, operand))
            return false;
    }
    if (instants && !settle_instants(c, node))
        return false;
    for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (operand->type == DK_TYPE_INTERVAL || operand->type == DK_TYPE_GEOMETRY || operand->type == DK_TYPE_ARRAY) {
            char given[160];
            describe(operand, given, sizeof given);
            dk_cql2_refuse(c->r, DK_INVALID, operand, operand->place,
                           "%s, which is compared by functions, such as T_INTERSECTS, S_INTERSECTS and A_CONTAINS",
                           given);
            return false;
        }
        if (operand->type != node->first->type)
            return refuse_pair(c, node->first, operand);
    }
    return true;
}

/* ---- fields that are equal in ways of their own ---- */

typedef struct collector {
    checker *c;
    const char **texts;
    size_t n, most;
} collector;

static bool collect(const char *number, size_t size, void *user)
{
    collector *to = user;
    const char *copy = dk_arena_text(to->c->r->arena, number, size);
    if (copy == NULL || to->n == to->most) {
        dk_cql2_no_memory(to->c->r);
        return false;
    }
    to->texts[to->n++] = copy;
    return true;
}

static const dk_field *field_of(const checker *c, const dk_cql2_node *node)
{
    return node->op == DK_OP_PROPERTY && node->field >= 0 ? &c->filter->kind->fields[node->field] : NULL;
}

static const dk_cql2_texts *new_texts(checker *c, size_t most, collector *ret_to)
{
    dk_cql2_texts *texts = dk_arena_alloc(c->r->arena, 1, sizeof *texts);
    const char **places = dk_arena_alloc(c->r->arena, most, sizeof *places);
    if (texts == NULL || places == NULL) {
        dk_cql2_no_memory(c->r);
        return NULL;
    }
    texts->texts = places;
    *ret_to = (collector){c, places, 0, most};
    return texts;
}

/* Adds the text of a literal, in the form of a field's values. */
static bool add_text(collector *to, const dk_field *field, const char *text, size_t size)
{
    if (field->type != DK_FIELD_APPROVAL_NO)
        return collect(text, size, to);
    dk_buf normal;
    dk_buf_init(&normal);
    dk_approval_no_normalise(text, size, &normal);
    const char *number = dk_buf_cstr(&normal);
    bool good = number != NULL && collect(number, normal.size, to);
    if (number == NULL)
        dk_cql2_no_memory(to->c->r);
    dk_buf_finish(&normal);
    return good;
}

/* Whether a field's equality is not that of texts. */
static bool is_special(const checker *c, const dk_field *field)
{
    return field != NULL && (field->type == DK_FIELD_APPROVAL_NO ||
                             (field->type == DK_FIELD_DIVISION && c->filter->kind->catalogue != NULL &&
                              c->filter->kind->catalogue->n_successors > 0));
}

/* property = literal (either way round), property IN (literals). The property comes first afterwards. */
static bool take_special(checker *c, dk_cql2_node *node)
{
    if (node->op != DK_OP_EQ && node->op != DK_OP_NE && node->op != DK_OP_IN)
        return true;
    dk_cql2_node *property = node->first;
    if (node->op != DK_OP_IN && field_of(c, property) == NULL)
        property = node->last;
    const dk_field *field = field_of(c, property);
    if (!is_special(c, field))
        return true;
    for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next)
        if (operand != property && operand->op != DK_OP_TEXT)
            return true;
    collector to;
    dk_cql2_texts *texts = (dk_cql2_texts *)new_texts(c, node->n, &to);
    for (const dk_cql2_node *operand = node->first; texts != NULL && operand != NULL; operand = operand->next)
        if (operand != property && !add_text(&to, field, operand->text.data, operand->text.size))
            return false;
    if (texts == NULL)
        return false;
    texts->n = to.n;
    node->any_of = texts;
    node->divisions = field->type == DK_FIELD_DIVISION;
    if (property != node->first) {
        dk_cql2_node *literal = node->first;
        node->first = property;
        property->next = literal;
        literal->next = NULL;
        node->last = literal;
    }
    return true;
}

/* Gives a node the text of a literal in another form, in its place where that is long enough. */
static bool take_text(checker *c, dk_cql2_node *node, const dk_cql2_node *literal, dk_buf *text)
{
    bool good = !text->failed;
    if (good && text->size <= literal->text.size) {
        char *place = (char *)literal->text.data;
        if (text->size > 0)
            memcpy(place, text->data, text->size);
        place[text->size] = '\0';
        node->text.data = place;
        node->text.size = text->size;
    } else if (good) {
        good = dk_cql2_set_text(c->r, node, (const char *)text->data, text->size);
    } else {
        dk_cql2_no_memory(c->r);
    }
    dk_buf_finish(text);
    return good;
}

/* ---- operators ---- */

static bool check_operands(checker *c, dk_cql2_node *node)
{
    for (dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next)
        if (!check(c, operand))
            return false;
    return true;
}

static bool check_comparison(checker *c, dk_cql2_node *node)
{
    if (!check_operands(c, node) || !settle(c, node))
        return false;
    node->type = DK_TYPE_CONDITION;
    return take_special(c, node);
}

/* CASEI, ACCENTI and our own. Of a literal, it is a literal. */
static bool check_fold(checker *c, dk_cql2_node *node)
{
    int folds = 0;
    for (const dk_cql2_node *at = node; at != NULL && at->op >= DK_OP_FOLD && at->op <= DK_OP_ACCENTI; at = at->first)
        if (++folds > MOST_FOLDS) {
            dk_cql2_refuse(c->r, DK_LIMIT, node, node->place, "CASEI and ACCENTI stand in each other more than %d deep",
                           MOST_FOLDS);
            return false;
        }
    if (!check_operands(c, node) || !want(c, node->first, DK_TYPE_TEXT, "a text"))
        return false;
    node->type = DK_TYPE_TEXT;
    const dk_cql2_node *operand = node->first;
    if (operand->op != DK_OP_TEXT)
        return true;
    dk_buf folded;
    dk_buf_init(&folded);
    if (node->op == DK_OP_FOLD)
        dk_text_fold(operand->text.data, operand->text.size, &folded);
    else if (node->op == DK_OP_CASEI)
        dk_cql2_casei(operand->text.data, operand->text.size, &folded);
    else
        dk_cql2_accenti(operand->text.data, operand->text.size, &folded);
    node->op = DK_OP_TEXT;
    node->first = node->last = NULL;
    node->n = 0;
    return take_text(c, node, operand, &folded);
}

static bool check_like(checker *c, dk_cql2_node *node)
{
    if (!check_operands(c, node) || !want(c, node->first, DK_TYPE_TEXT, "a text"))
        return false;
    const dk_cql2_node *pattern = node->last;
    node->type = DK_TYPE_CONDITION;
    if (pattern->op != DK_OP_TEXT)
        return refuse(c, pattern, "the pattern of LIKE must be a text in quotes, or CASEI or ACCENTI of one");
    if (pattern->text.size > MOST_PATTERN) {
        dk_cql2_refuse(c->r, DK_LIMIT, pattern, pattern->place, "the pattern of LIKE is longer than %d bytes",
                       MOST_PATTERN);
        return false;
    }
    const dk_field *field = field_of(c, node->first);
    if (!is_special(c, field) || dk_cql2_has_wildcards(pattern->text.data, pattern->text.size))
        return true;
    collector to;
    dk_cql2_texts *texts = (dk_cql2_texts *)new_texts(c, 1, &to);
    dk_buf plain;
    dk_buf_init(&plain);
    dk_cql2_unescape(pattern->text.data, pattern->text.size, &plain);
    const char *text = dk_buf_cstr(&plain);
    if (text == NULL)
        dk_cql2_no_memory(c->r);
    const bool good = texts != NULL && text != NULL && add_text(&to, field, text, plain.size);
    dk_buf_finish(&plain);
    if (good) {
        texts->n = to.n;
        node->any_of = texts;
        node->divisions = field->type == DK_FIELD_DIVISION;
    }
    return good;
}

static bool check_is_null(checker *c, dk_cql2_node *node)
{
    if (!check_operands(c, node))
        return false;
    const dk_cql2_node *operand = node->first;
    if (operand->type == DK_TYPE_INTERVAL || operand->type == DK_TYPE_ARRAY)
        return refuse(c, operand, "IS NULL is asked of a property or value, not of intervals and arrays");
    node->type = DK_TYPE_CONDITION;
    if (operand->op <= DK_OP_BBOX) /* a literal has a value */
        become_boolean(node, false);
    return true;
}

static bool check_logic(checker *c, dk_cql2_node *node)
{
    if (!check_operands(c, node))
        return false;
    node->type = DK_TYPE_CONDITION;
    for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next)
        if (!want(c, operand, DK_TYPE_CONDITION, "a condition, such as area > 1,"))
            return false;
    return true;
}

static bool check_arithmetic(checker *c, dk_cql2_node *node)
{
    if (!check_operands(c, node))
        return false;
    node->type = DK_TYPE_NUMBER;
    for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next)
        if (!want(c, operand, DK_TYPE_NUMBER, "a number"))
            return false;
    return true;
}

static bool check_interval(checker *c, dk_cql2_node *node)
{
    dk_cql2_node *start = node->first, *end = node->last;
    for (dk_cql2_node *at = start; at != NULL; at = at->next) {
        if (at->op == DK_OP_OPEN)
            continue;
        if (!check(c, at))
            return false;
        if (at->type != DK_TYPE_DATE && at->type != DK_TYPE_TIMESTAMP)
            return want(c, at, DK_TYPE_DATE, "a date, a time or '..'");
    }
    node->type = DK_TYPE_INTERVAL;
    const bool start_given = start->op == DK_OP_DATE || start->op == DK_OP_TIMESTAMP;
    const bool end_given = end->op == DK_OP_DATE || end->op == DK_OP_TIMESTAMP;
    if (start_given && end_given && start->op != end->op)
        return refuse(c, node, "both ends of an interval must be dates, or both times");
    if (start_given && end_given && strcmp(start->text.data, end->text.data) > 0)
        return refuse(c, node, "the interval ends before it begins");
    return true;
}

static bool check_temporal(checker *c, dk_cql2_node *node)
{
    if (!check_operands(c, node))
        return false;
    for (dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next) {
        char ignored[40];
        if (operand->op == DK_OP_TEXT &&
            (dk_cql2_date_valid(operand->text.data, operand->text.size) ||
             dk_cql2_timestamp(operand->text.data, operand->text.size, ignored)) &&
            !become_instant(c, operand))
            return false;
        if (operand->type != DK_TYPE_DATE && operand->type != DK_TYPE_TIMESTAMP && operand->type != DK_TYPE_INTERVAL)
            return want(c, operand, DK_TYPE_INTERVAL, "a date, a time or an interval");
        if (node->op >= DK_OP_T_CONTAINS && operand->type != DK_TYPE_INTERVAL) {
            dk_cql2_refuse(c->r, DK_INVALID, operand, operand->place,
                           "%s relates intervals; of a date or time ask T_INTERSECTS, T_BEFORE, T_AFTER, T_EQUALS or "
                           "T_DISJOINT, or make it INTERVAL(a, a)",
                           dk_cql2_op_name(node->op));
            return false;
        }
    }
    node->type = DK_TYPE_CONDITION;
    return settle_instants(c, node);
}

static bool is_geometry_literal(const dk_cql2_node *node)
{
    return node->op == DK_OP_GEOMETRY || node->op == DK_OP_BBOX;
}

static bool check_spatial(checker *c, dk_cql2_node *node)
{
    const dk_cql2_literal *literals[2] = {NULL, NULL};
    if (!check_operands(c, node))
        return false;
    for (dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (!want(c, operand, DK_TYPE_GEOMETRY, "a geometry"))
            return false;
        if (is_geometry_literal(operand) &&
            dk_cql2_literal_make(c->r, c->filter->shapes, operand, c->crs, &literals[operand->index & 1]) != DK_OK)
            return false;
    }
    node->type = DK_TYPE_CONDITION;
    if (literals[0] != NULL && literals[1] != NULL) {
        const dk_cql2_answer answer = dk_cql2_literals_answer(node->op, literals[0], literals[1]);
        if (answer == DK_ANSWER_FAILED)
            return refuse(c, node, "these two geometries cannot be related to each other; ask about their members");
        become_boolean(node, answer == DK_ANSWER_YES);
        return true;
    }
    if (literals[0] == NULL && literals[1] == NULL)
        return true;
    dk_cql2_spatial *spatial = dk_arena_alloc(c->r->arena, 1, sizeof *spatial);
    if (spatial == NULL) {
        dk_cql2_no_memory(c->r);
        return false;
    }
    spatial->op = node->op;
    if (literals[0] != NULL) /* what the outline is to the literal */
        spatial->op = node->op == DK_OP_S_WITHIN     ? DK_OP_S_CONTAINS
                      : node->op == DK_OP_S_CONTAINS ? DK_OP_S_WITHIN
                                                     : node->op;
    spatial->literal = literals[0] != NULL ? literals[0] : literals[1];
    node->spatial = spatial;
    return true;
}

/* ---- arrays ---- */

/* The element of an array of literals as a text that equal ones share. */
static bool add_element(checker *c, collector *to, const dk_cql2_node *element)
{
    char text[40];
    dk_buf key;
    bool good;
    switch (element->op) {
    case DK_OP_TEXT:
    case DK_OP_DATE:
    case DK_OP_TIMESTAMP:
        dk_buf_init(&key);
        dk_buf_byte(&key, element->op == DK_OP_TEXT ? 't' : 'd');
        dk_buf_append(&key, element->text.data, element->text.size);
        if (key.failed)
            dk_cql2_no_memory(c->r);
        good = !key.failed && collect((const char *)key.data, key.size, to);
        dk_buf_finish(&key);
        return good;
    case DK_OP_INTEGER:
        snprintf(text, sizeof text, "n%" PRId64, element->integer);
        return collect(text, strlen(text), to);
    case DK_OP_REAL:
        if (element->real == floor(element->real) && fabs(element->real) < 9e15)
            snprintf(text, sizeof text, "n%" PRId64, (int64_t)element->real);
        else
            snprintf(text, sizeof text, "n%.17g", element->real);
        return collect(text, strlen(text), to);
    case DK_OP_BOOLEAN:
        return collect(element->boolean ? "b1" : "b0", 2, to);
    default:
        return refuse(c, element, "an element of an array must be a text, number, date, time, TRUE or FALSE");
    }
}

static const dk_cql2_texts *elements_of(checker *c, const dk_cql2_node *array)
{
    collector to;
    dk_cql2_texts *texts = (dk_cql2_texts *)new_texts(c, array->n, &to);
    for (const dk_cql2_node *element = array->first; texts != NULL && element != NULL; element = element->next)
        if (!add_element(c, &to, element))
            return NULL;
    if (texts != NULL)
        texts->n = to.n;
    return texts;
}

static bool count_number(const char *number, size_t size, void *user)
{
    (void)number;
    (void)size;
    ++*(size_t *)user;
    return true;
}

/* The 文号 of an array of texts, in normal form. */
static const dk_cql2_texts *numbers_of(checker *c, const dk_cql2_node *array)
{
    dk_buf all;
    dk_buf_init(&all);
    for (const dk_cql2_node *element = array->first; element != NULL; element = element->next) {
        if (element->op != DK_OP_TEXT) {
            refuse(c, element, "an element of an array of 文号 must be a text");
            dk_buf_finish(&all);
            return NULL;
        }
        if (all.size > 0)
            dk_buf_text(&all, "、");
        dk_approval_no_normalise(element->text.data, element->text.size, &all);
    }
    const char *text = dk_buf_cstr(&all);
    size_t n = 0;
    collector to;
    dk_cql2_texts *texts = NULL;
    if (text == NULL) {
        dk_cql2_no_memory(c->r);
    } else {
        dk_approval_no_each(text, count_number, &n);
        texts = (dk_cql2_texts *)new_texts(c, n, &to);
    }
    if (texts != NULL) {
        dk_approval_no_each(text, collect, &to);
        texts->n = to.n;
    }
    dk_buf_finish(&all);
    return c->r->status == DK_OK ? texts : NULL;
}

static bool check_array_function(checker *c, dk_cql2_node *node)
{
    bool fields = false;
    if (!check_operands(c, node))
        return false;
    for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next) {
        const dk_field *field = field_of(c, operand);
        const bool is_field = field != NULL && field->type == DK_FIELD_APPROVAL_NO;
        fields |= is_field;
        if (!is_field && operand->op != DK_OP_ARRAY) {
            char given[160];
            describe(operand, given, sizeof given);
            dk_cql2_refuse(c->r, DK_INVALID, operand, operand->place,
                           "an array is wanted here, such as ('a', 'b') or a field of 文号, and %s", given);
            return false;
        }
    }
    dk_cql2_arrays *arrays = dk_arena_alloc(c->r->arena, 1, sizeof *arrays);
    if (arrays == NULL) {
        dk_cql2_no_memory(c->r);
        return false;
    }
    arrays->op = node->op;
    for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (operand->op != DK_OP_ARRAY)
            continue;
        const dk_cql2_texts *texts = fields ? numbers_of(c, operand) : elements_of(c, operand);
        if (texts == NULL)
            return false;
        *(operand == node->first ? &arrays->a : &arrays->b) = texts;
    }
    node->type = DK_TYPE_CONDITION;
    node->arrays = arrays;
    if (!fields)
        become_boolean(node, dk_cql2_sets(node->op, arrays->a, arrays->b));
    return true;
}

/* ---- the tree ---- */

static bool check_text(checker *c, dk_cql2_node *node)
{
    node->type = DK_TYPE_TEXT;
    dk_buf composed;
    dk_buf_init(&composed);
    dk_cql2_compose(node->text.data, node->text.size, &composed);
    return take_text(c, node, node, &composed);
}

static bool check(checker *c, dk_cql2_node *node)
{
    switch (node->op) {
    case DK_OP_TEXT:
        return check_text(c, node);
    case DK_OP_INTEGER:
    case DK_OP_REAL:
        node->type = DK_TYPE_NUMBER;
        return true;
    case DK_OP_BOOLEAN:
        node->type = DK_TYPE_CONDITION;
        return true;
    case DK_OP_DATE:
    case DK_OP_TIMESTAMP:
        return check_instant(c, node);
    case DK_OP_OPEN:
        return refuse(c, node, "'..' is an end of an interval");
    case DK_OP_GEOMETRY:
    case DK_OP_BBOX:
        node->type = DK_TYPE_GEOMETRY;
        return true;
    case DK_OP_PROPERTY:
        return check_property(c, node);
    case DK_OP_FUNCTION:
        dk_cql2_refuse(
            c->r, DK_INVALID, node, node->place,
            "there is no function %.*s here; there are those of CQL2, such as CASEI, S_INTERSECTS and T_BEFORE",
            dk_utf8_fit(node->text.data, 60), node->text.data);
        return false;
    case DK_OP_INTERVAL:
        return check_interval(c, node);
    case DK_OP_ARRAY:
        node->type = DK_TYPE_ARRAY;
        return check_operands(c, node);
    case DK_OP_FOLD:
    case DK_OP_CASEI:
    case DK_OP_ACCENTI:
        return check_fold(c, node);
    case DK_OP_AND:
    case DK_OP_OR:
    case DK_OP_NOT:
        return check_logic(c, node);
    case DK_OP_LIKE:
        return check_like(c, node);
    case DK_OP_IS_NULL:
        return check_is_null(c, node);
    default:
        break;
    }
    if (dk_cql2_is_arithmetic(node->op))
        return check_arithmetic(c, node);
    if (dk_cql2_is_spatial(node->op))
        return check_spatial(c, node);
    if (dk_cql2_is_temporal(node->op))
        return check_temporal(c, node);
    if (dk_cql2_is_array(node->op))
        return check_array_function(c, node);
    return check_comparison(c, node);
}

dk_status dk_cql2_check(dk_cql2_reader *reader, dk_cql2 *filter, const dk_cql2_crs *crs)
{
    checker c = {reader, filter, crs};
    if (check(&c, filter->root))
        want(&c, filter->root, DK_TYPE_CONDITION, "a condition, such as area > 1,");
    return reader->status;
}
