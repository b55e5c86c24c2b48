/* What a filter lets the index be asked for: values that a matching row must have, and a box that it must meet. Only
 * what is joined by AND from the root on says so. */
#include "store/cql2_geometry.h"
#include "store/cql2_tree.h"
#include "store/handle.h"
#include "store/succession.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct finder {
    dk_cql2 *filter;
    /* values of the need under way */
    const char **texts;
    size_t n, capacity;
    const dk_field *field;
    bool failed, hopeless; /* hopeless: some value has no term, so the index does not know its rows */
    /* boxes: all of the row lies in `inside`; it meets `met`, the smallest of those */
    bool has_inside, has_met;
    double inside[4], met[4];
} finder;

static bool add_term(const char *term, size_t size, void *user)
{
    finder *f = user;
    const char *copy = dk_arena_text(f->filter->arena, term, size);
    if (copy == NULL || f->n == f->capacity) {
        f->failed = true;
        return false;
    }
    f->texts[f->n++] = copy;
    return false; /* of several 文号, a row has the first, too */
}

static void add_value(finder *f, const dk_value *value)
{
    const size_t before = f->n;
    dk_terms_of(f->field, value, add_term, f);
    f->hopeless |= f->n == before;
}

static bool count_former(const char *code, void *user)
{
    (void)code;
    ++*(size_t *)user;
    return true;
}

static bool add_former(const char *code, void *user)
{
    const dk_value value = dk_value_text(code);
    add_value(user, &value);
    return true;
}

/* A literal as the field would hold it; false: the index says nothing about it. */
static bool literal_value(const finder *f, const dk_cql2_node *node, dk_value *ret_value)
{
    switch (node->op) {
    case DK_OP_TEXT:
    case DK_OP_DATE:
        *ret_value = dk_value_text(node->text.data);
        return true;
    case DK_OP_INTEGER:
        *ret_value = dk_value_integer(node->integer);
        return f->field->type == DK_FIELD_INTEGER;
    case DK_OP_REAL:
        if (f->field->type != DK_FIELD_INTEGER || node->real != floor(node->real) || fabs(node->real) > 9e15)
            return false;
        *ret_value = dk_value_integer((int64_t)node->real);
        return true;
    default:
        return false;
    }
}

static bool make_room(finder *f, size_t n)
{
    f->texts = dk_arena_alloc(f->filter->arena, n, sizeof *f->texts);
    f->capacity = n;
    f->n = 0;
    f->failed |= f->texts == NULL;
    return f->texts != NULL;
}

static void keep_need(finder *f, int field)
{
    dk_cql2 *filter = f->filter;
    if (f->failed || f->hopeless)
        return;
    dk_cql2_need *needs = dk_arena_alloc(filter->arena, filter->n_needs + 1, sizeof *needs);
    if (needs == NULL) {
        f->failed = true;
        return;
    }
    if (filter->n_needs > 0)
        memcpy(needs, filter->needs, filter->n_needs * sizeof *needs);
    needs[filter->n_needs++] = (dk_cql2_need){field, f->texts, f->n};
    filter->needs = needs;
}

/* property = literal, property IN (literals). */
static void find_equal(finder *f, const dk_cql2_node *node)
{
    enum { MOST_NEEDS = 64 };
    const dk_cql2_node *property = node->first;
    if (property->op != DK_OP_PROPERTY && node->op == DK_OP_EQ)
        property = node->last;
    if (property->op != DK_OP_PROPERTY || property->field < 0 || f->filter->n_needs == MOST_NEEDS)
        return;
    const dk_catalogue *catalogue = f->filter->kind->catalogue;
    f->field = &f->filter->kind->fields[property->field];
    f->hopeless = f->field->type == DK_FIELD_NUMBER;
    size_t n = 0;
    if (node->any_of != NULL) {
        n = node->any_of->n;
        for (size_t i = 0; node->divisions && i < node->any_of->n; i++)
            dk_division_former(catalogue, node->any_of->texts[i], false, count_former, &n);
    } else {
        n = node->n - 1;
    }
    if (f->hopeless || !make_room(f, n))
        return;
    if (node->any_of != NULL) {
        for (size_t i = 0; i < node->any_of->n; i++) {
            const dk_value value = dk_value_text(node->any_of->texts[i]);
            add_value(f, &value);
            if (node->divisions)
                dk_division_former(catalogue, node->any_of->texts[i], false, add_former, f);
        }
    } else {
        for (const dk_cql2_node *operand = node->first; operand != NULL && !f->hopeless; operand = operand->next) {
            dk_value value;
            if (operand == property)
                continue;
            if (literal_value(f, operand, &value))
                add_value(f, &value);
            else
                f->hopeless = true;
        }
    }
    keep_need(f, property->field);
}

static double area(const double box[4])
{
    return (box[2] - box[0]) * (box[3] - box[1]);
}

/* A row within a box lies in it with all it has; otherwise two boxes that it meets need not meet each other. */
static void find_bounds(finder *f, const dk_cql2_spatial *spatial)
{
    double box[4];
    if (spatial->op == DK_OP_S_DISJOINT)
        return;
    dk_cql2_literal_bounds(spatial->literal, box);
    if (spatial->op != DK_OP_S_WITHIN && spatial->op != DK_OP_S_EQUALS) {
        if (!f->has_met || area(box) < area(f->met))
            memcpy(f->met, box, sizeof box);
        f->has_met = true;
        return;
    }
    for (int i = 0; i < 4; i++)
        if (!f->has_inside || (i < 2 ? box[i] > f->inside[i] : box[i] < f->inside[i]))
            f->inside[i] = box[i];
    f->has_inside = true;
}

static void find(finder *f, const dk_cql2_node *node)
{
    if (node->op == DK_OP_AND)
        for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next)
            find(f, operand);
    else if (node->op == DK_OP_EQ || node->op == DK_OP_IN)
        find_equal(f, node);
    else if (node->spatial != NULL)
        find_bounds(f, node->spatial);
}

dk_status dk_cql2_find_needs(dk_cql2 *filter, dk_error *err)
{
    finder f = {.filter = filter};
    find(&f, filter->root);
    if (f.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    filter->bounded = f.has_inside || f.has_met;
    double *box = filter->bounds;
    memcpy(box, f.has_inside ? f.inside : f.met, sizeof f.met);
    if (f.has_inside && f.has_met) {
        double both[4];
        for (int i = 0; i < 4; i++)
            both[i] = i < 2 ? fmax(f.inside[i], f.met[i]) : fmin(f.inside[i], f.met[i]);
        if (both[0] <= both[2] && both[1] <= both[3])
            memcpy(box, both, sizeof both);
    }
    /* Boxes that have nothing in common: no row is in all of them, and any box will do. */
    if (box[0] > box[2] || box[1] > box[3])
        for (int i = 2; i < 4; i++)
            box[i] = box[i - 2];
    return DK_OK;
}

size_t dk_cql2_needs(const dk_cql2 *filter, dk_cql2_need *ret_needs, size_t most)
{
    for (size_t i = 0; i < filter->n_needs && i < most; i++)
        ret_needs[i] = filter->needs[i];
    return filter->n_needs;
}

bool dk_cql2_bounds(const dk_cql2 *filter, double ret_bounds[4])
{
    if (filter->bounded)
        memcpy(ret_bounds, filter->bounds, sizeof filter->bounds);
    return filter->bounded;
}
