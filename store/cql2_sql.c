/* The tree as SQL. One walk writes the text, and the same one binds the parameters.
 *
 * SQLite's parser keeps at most 100 symbols at once and its expressions are at most 1000 deep, so conditions are
 * written flat: NOT is carried down to what it denies, the deepest operand of AND and OR comes first, where it stands
 * on nothing, and the others follow in groups. What is deeper all the same is refused when the filter is read. */
#include "store/cql2_sql.h"

#include "store/cql2_tree.h"
#include "store/geometry.h"

#include <stdlib.h>
#include <string.h>

enum {
    GROUP = 32,            /* operands side by side */
    MOST_SYMBOLS = 70,     /* on the parser's stack; the rest is for what stands around the filter */
    MOST_SQL = 600 * 1024, /* bytes */
    EMPTY_OUTLINE = 8 + DK_EMPTY_WKB_SIZE
};

typedef struct emitter {
    const dk_cql2 *filter;
    dk_buf *sql;        /* NULL: binds */
    sqlite3_stmt *stmt; /* NULL: writes */
    int next;           /* parameter */
    unsigned symbols, most_symbols;
    int code; /* of SQLite */
    bool failed;
} emitter;

/* ---- pieces ---- */

static void put(emitter *e, const char *text)
{
    if (e->sql != NULL)
        dk_buf_text(e->sql, text);
}

/* Symbols that the parser keeps while it reads what follows. */
static void hold(emitter *e, unsigned n)
{
    e->symbols += n;
    if (e->symbols > e->most_symbols)
        e->most_symbols = e->symbols;
}

static void drop(emitter *e, unsigned n)
{
    e->symbols -= n;
}

static int parameter(emitter *e)
{
    if (e->sql != NULL)
        dk_buf_format(e->sql, "?%d", e->next);
    return e->next++;
}

static void bound(emitter *e, int code)
{
    if (e->code == SQLITE_OK)
        e->code = code;
}

static void put_text(emitter *e, const dk_cql2_node *node)
{
    const int n = parameter(e);
    if (e->stmt != NULL)
        bound(e, sqlite3_bind_text64(e->stmt, n, node->text.data, node->text.size, SQLITE_STATIC, SQLITE_UTF8));
}

static void put_pointer(emitter *e, const void *pointer, const char *type)
{
    const int n = parameter(e);
    if (e->stmt != NULL)
        bound(e, sqlite3_bind_pointer(e->stmt, n, (void *)pointer, type, NULL));
}

void dk_visible_sql(const dk_kind *kind, const dk_view *view, int field, dk_buf *sql)
{
    const uint64_t bit = UINT64_C(1) << field;
    const size_t digits = strspn(view->division, "0123456789");
    if (dk_cql2_open_fields(kind, view) & bit)
        dk_buf_format(sql, "r.f_%s", kind->fields[field].name);
    else if ((dk_cql2_seen_fields(kind, view) & bit) == 0 || kind->division_field < 0 || view->division[digits] != '\0')
        dk_buf_text(sql, "NULL");
    else /* the scope is of digits, as dk_viewer_staff has it */
        dk_buf_format(sql, "CASE WHEN dk_in_scope(r.f_%s,'%s') THEN r.f_%s END",
                      kind->fields[kind->division_field].name, view->division, kind->fields[field].name);
}

/* dk_in_scope(division): whether a row is in the viewer's scope. Only for views with one: others have no outside. */
static void put_in_scope(const dk_kind *kind, const dk_view *view, dk_buf *sql)
{
    dk_buf_format(sql, "dk_in_scope(r.f_%s,'%s')", kind->fields[kind->division_field].name, view->division);
}

static bool has_scope(const dk_kind *kind, const dk_view *view)
{
    return view->division[0] != '\0' && kind->division_field >= 0 &&
           view->division[strspn(view->division, "0123456789")] == '\0';
}

void dk_outline_sql(const dk_kind *kind, const dk_view *view, dk_buf *sql)
{
    if (!dk_view_any_coarse(view))
        dk_buf_text(sql, "r.geom");
    else if (view->coarse_inside == view->coarse_outside || !has_scope(kind, view))
        dk_buf_format(sql, "dk_coarse(r.geom,%d)", kind->public_coarse);
    else {
        dk_buf_text(sql, "CASE WHEN ");
        put_in_scope(kind, view, sql);
        dk_buf_format(sql, " THEN r.geom ELSE dk_coarse(r.geom,%d) END", kind->public_coarse);
    }
}

/* What never holds. Of a plain 0 SQLite makes one of all that it is joined to by AND as it reads the statement, and
 * does then not find by which index it was told to go (selection.c). */
#define NEVER "(1=0)"

void dk_in_view_sql(const dk_kind *kind, const dk_view *view, dk_buf *sql)
{
    if (dk_view_every_row(view))
        return;
    dk_buf_text(sql, " AND ");
    if (!view->unseen_inside && has_scope(kind, view))
        put_in_scope(kind, view, sql);
    else
        dk_buf_text(sql, NEVER);
}

/* ---- values ---- */

static void put_condition(emitter *e, const dk_cql2_node *node, bool denied);
static void put_value(emitter *e, const dk_cql2_node *node);

static void put_property(emitter *e, const dk_cql2_node *node)
{
    hold(e, 8);
    if (node->field < 0 && e->sql != NULL)
        dk_outline_sql(e->filter->kind, &e->filter->view, e->sql);
    else if (e->sql != NULL)
        dk_visible_sql(e->filter->kind, &e->filter->view, node->field, e->sql);
    drop(e, 8);
}

/* name(a) or name(a,b). */
static void put_call(emitter *e, const char *name, const dk_cql2_node *a, const dk_cql2_node *b)
{
    put(e, name);
    put(e, "(");
    hold(e, 3);
    put_value(e, a);
    if (b != NULL) {
        put(e, ",");
        hold(e, 2);
        put_value(e, b);
        drop(e, 2);
    }
    drop(e, 3);
    put(e, ")");
}

static void put_infix(emitter *e, const char *sign, const dk_cql2_node *a, const dk_cql2_node *b)
{
    put(e, "(");
    hold(e, 1);
    put_value(e, a);
    put(e, sign);
    hold(e, 2);
    put_value(e, b);
    drop(e, 3);
    put(e, ")");
}

static void put_arithmetic(emitter *e, const dk_cql2_node *node)
{
    const dk_cql2_node *a = node->first, *b = node->last;
    switch (node->op) {
    case DK_OP_ADD:
    case DK_OP_MULTIPLY: /* the order says nothing: the deeper one first */
        put_infix(e, node->op == DK_OP_ADD ? "+" : "*", a->depth >= b->depth ? a : b, a->depth >= b->depth ? b : a);
        break;
    case DK_OP_SUBTRACT:
        put_infix(e, "-", a, b);
        break;
    case DK_OP_DIVIDE:
        put_call(e, "dk_divide", a, b);
        break;
    case DK_OP_INTEGER_DIVIDE:
        put_call(e, "dk_div", a, b);
        break;
    case DK_OP_MODULO:
        put_call(e, "dk_mod", a, b);
        break;
    default:
        put_call(e, "dk_pow", a, b);
    }
}

static void put_value(emitter *e, const dk_cql2_node *node)
{
    switch (node->op) {
    case DK_OP_TEXT:
    case DK_OP_DATE:
    case DK_OP_TIMESTAMP:
        put_text(e, node);
        return;
    case DK_OP_INTEGER: {
        const int n = parameter(e);
        if (e->stmt != NULL)
            bound(e, sqlite3_bind_int64(e->stmt, n, node->integer));
        return;
    }
    case DK_OP_REAL: {
        const int n = parameter(e);
        if (e->stmt != NULL)
            bound(e, sqlite3_bind_double(e->stmt, n, node->real));
        return;
    }
    case DK_OP_PROPERTY:
        put_property(e, node);
        return;
    case DK_OP_FOLD:
        put_call(e, "dk_fold", node->first, NULL);
        return;
    case DK_OP_CASEI:
    case DK_OP_ACCENTI:
        put_call(e, node->op == DK_OP_CASEI ? "dk_casei" : "dk_accenti", node->first, NULL);
        return;
    default:
        break;
    }
    if (dk_cql2_is_arithmetic(node->op)) {
        put_arithmetic(e, node);
        return;
    }
    put(e, "(");
    hold(e, 1);
    put_condition(e, node, false);
    drop(e, 1);
    put(e, ")");
}

/* ---- temporal functions ---- */

/* Of each function the comparisons that must all hold: s and e are the start and end of the first operand, S and E of
 * the second (OWL-Time, which clause 7.8.3 refers to). */
static const char *const temporal[DK_OP_COUNT] = {[DK_OP_T_AFTER] = "s>E",
                                                  [DK_OP_T_BEFORE] = "e<S",
                                                  [DK_OP_T_EQUALS] = "s=S e=E",
                                                  [DK_OP_T_CONTAINS] = "s<S e>E",
                                                  [DK_OP_T_DURING] = "s>S e<E",
                                                  [DK_OP_T_FINISHEDBY] = "s<S e=E",
                                                  [DK_OP_T_FINISHES] = "s>S e=E",
                                                  [DK_OP_T_MEETS] = "e=S",
                                                  [DK_OP_T_METBY] = "s=E",
                                                  [DK_OP_T_OVERLAPPEDBY] = "s>S s<E e>E",
                                                  [DK_OP_T_OVERLAPS] = "s<S e>S e<E",
                                                  [DK_OP_T_STARTEDBY] = "s=S e>E",
                                                  [DK_OP_T_STARTS] = "s=S e<E"};

/* An end that is open lies before, or behind, every date. */
static void put_instant(emitter *e, const dk_cql2_node *node, bool end)
{
    const dk_cql2_node *instant = node->op != DK_OP_INTERVAL ? node : end ? node->last : node->first;
    if (instant->op == DK_OP_OPEN)
        put(e, end ? "'~'" : "''");
    else
        put_value(e, instant);
}

static void put_temporal(emitter *e, const dk_cql2_node *node, bool denied)
{
    const dk_cql2_node *operands[2] = {node->first, node->last};
    const dk_cql2_op op = node->op;
    if (op == DK_OP_T_DISJOINT || op == DK_OP_T_INTERSECTS) {
        const bool apart = (op == DK_OP_T_DISJOINT) != denied;
        put(e, "(");
        hold(e, 3);
        put_instant(e, operands[0], true);
        put(e, apart ? "<" : ">=");
        put_instant(e, operands[1], false);
        put(e, apart ? " OR " : " AND ");
        put_instant(e, operands[0], false);
        put(e, apart ? ">" : "<=");
        put_instant(e, operands[1], true);
        drop(e, 3);
        put(e, ")");
        return;
    }
    put(e, denied ? "NOT (" : "(");
    hold(e, 6);
    for (const char *at = temporal[op];; at += 4) {
        const char sign[2] = {at[1], '\0'};
        put_instant(e, operands[0], at[0] == 'e');
        put(e, sign);
        put_instant(e, operands[1], at[2] == 'E');
        if (at[3] == '\0')
            break;
        put(e, " AND ");
    }
    drop(e, 6);
    put(e, ")");
}

/* ---- conditions ---- */

static void put_comparison(emitter *e, const dk_cql2_node *node, bool denied)
{
    static const char *const signs[] = {"=", "<>", "<", ">", "<=", ">="};
    static const char *const opposites[] = {"<>", "=", ">=", "<=", ">", "<"};
    if (node->any_of != NULL) {
        put(e, node->divisions ? "dk_answers(" : "dk_has_number(");
        hold(e, 4);
        put_value(e, node->first);
        put(e, ",");
        put_pointer(e, node->any_of, "dk_cql2_texts");
        drop(e, 4);
        put(e, (node->op == DK_OP_NE) != denied ? ")=0" : ")=1");
        return;
    }
    put_value(e, node->first);
    put(e, (denied ? opposites : signs)[node->op - DK_OP_EQ]);
    hold(e, 2);
    put_value(e, node->last);
    drop(e, 2);
}

static void put_list(emitter *e, const dk_cql2_node *node, bool denied)
{
    const dk_cql2_node *first = node->first->next;
    put_value(e, node->first);
    put(e, denied ? " NOT IN (" : " IN (");
    hold(e, 5);
    for (const dk_cql2_node *operand = first; operand != NULL; operand = operand->next) {
        if (operand != first)
            put(e, ",");
        put_value(e, operand);
    }
    drop(e, 5);
    put(e, ")");
}

static void put_between(emitter *e, const dk_cql2_node *node, bool denied)
{
    const dk_cql2_node *low = node->first->next;
    put_value(e, node->first);
    put(e, denied ? " NOT BETWEEN " : " BETWEEN ");
    hold(e, 2);
    put_value(e, low);
    put(e, " AND ");
    hold(e, 2);
    put_value(e, low->next);
    drop(e, 4);
}

static void put_is_null(emitter *e, const dk_cql2_node *node, bool denied)
{
    const dk_cql2_node *operand = node->first;
    if (operand->op == DK_OP_PROPERTY && operand->field < 0) { /* what an empty outline is, its length says */
        if (e->sql != NULL)
            dk_buf_format(e->sql, "ifnull(length(r.geom),0)%s%u", denied ? ">" : "<=", EMPTY_OUTLINE);
        return;
    }
    put(e, "(");
    hold(e, 1);
    put_value(e, operand);
    drop(e, 1);
    put(e, denied ? ") IS NOT NULL" : ") IS NULL");
}

static void put_spatial(emitter *e, const dk_cql2_node *node, bool denied)
{
    if (node->spatial == NULL) { /* the outline and itself */
        const bool holds = node->op == DK_OP_S_INTERSECTS || node->op == DK_OP_S_EQUALS || node->op == DK_OP_S_WITHIN ||
                           node->op == DK_OP_S_CONTAINS;
        if (e->sql != NULL)
            dk_buf_format(e->sql, "CASE WHEN length(r.geom)>%u THEN %d END", EMPTY_OUTLINE, holds != denied);
        return;
    }
    put(e, "dk_spatial(");
    hold(e, 12);
    if (e->sql != NULL)
        dk_outline_sql(e->filter->kind, &e->filter->view, e->sql);
    drop(e, 12);
    put(e, ",");
    put_pointer(e, node->spatial, "dk_cql2_spatial");
    put(e, denied ? ")=0" : ")=1");
}

static void put_array(emitter *e, const dk_cql2_node *node, bool denied)
{
    put(e, "dk_array(");
    put_pointer(e, node->arrays, "dk_cql2_arrays");
    hold(e, 4);
    for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next) {
        put(e, ",");
        if (operand->op == DK_OP_ARRAY)
            put(e, "NULL");
        else
            put_value(e, operand);
    }
    drop(e, 4);
    put(e, denied ? ")=0" : ")=1");
}

/* ---- AND and OR ---- */

typedef struct member {
    const dk_cql2_node *node;
    bool denied;
} member;

typedef struct members {
    member *items;
    size_t n, capacity;
} members;

/* AND, or OR, that a node is when it is denied: NOT (a AND b) is NOT a OR NOT b, with NULL too. */
static dk_cql2_op joint(const dk_cql2_node *node, bool denied)
{
    if (node->op != DK_OP_AND && node->op != DK_OP_OR)
        return DK_OP_COUNT;
    return (node->op == DK_OP_AND) != denied ? DK_OP_AND : DK_OP_OR;
}

static member without_not(const dk_cql2_node *node, bool denied)
{
    for (; node->op == DK_OP_NOT; node = node->first)
        denied = !denied;
    return (member){node, denied};
}

/* What is joined by op from a node on, in brackets or not. */
static bool collect(members *all, const dk_cql2_node *node, bool denied, dk_cql2_op op)
{
    const member at = without_not(node, denied);
    if (joint(at.node, at.denied) != op) {
        if (!dk_grow(&all->items, &all->capacity, all->n + 1, sizeof *all->items))
            return false;
        all->items[all->n++] = at;
        return true;
    }
    for (const dk_cql2_node *operand = at.node->first; operand != NULL; operand = operand->next)
        if (!collect(all, operand, at.denied, op))
            return false;
    return true;
}

/* A member of AND that is an OR stands in brackets; the other way round it need not. */
static void put_member(emitter *e, const member *at, dk_cql2_op op)
{
    const bool brackets = op == DK_OP_AND && joint(at->node, at->denied) == DK_OP_OR;
    if (brackets)
        put(e, "(");
    hold(e, brackets);
    put_condition(e, at->node, at->denied);
    drop(e, brackets);
    if (brackets)
        put(e, ")");
}

static void put_members(emitter *e, const member *items, size_t n, dk_cql2_op op)
{
    const size_t size = n <= GROUP ? 1 : n <= GROUP * GROUP ? GROUP : GROUP * GROUP;
    for (size_t i = 0; i < n; i += size) {
        const size_t here = n - i < size ? n - i : size;
        if (i > 0)
            put(e, op == DK_OP_AND ? " AND " : " OR ");
        hold(e, i > 0 ? 2 : 0);
        if (size == 1) {
            put_member(e, &items[i], op);
        } else {
            put(e, "(");
            hold(e, 1);
            put_members(e, items + i, here, op);
            drop(e, 1);
            put(e, ")");
        }
        drop(e, i > 0 ? 2 : 0);
    }
}

static void put_joint(emitter *e, const dk_cql2_node *node, bool denied, dk_cql2_op op)
{
    members all = {0};
    if (!collect(&all, node, denied, op)) {
        e->failed = true;
        free(all.items);
        return;
    }
    size_t deepest = 0;
    for (size_t i = 1; i < all.n; i++)
        if (all.items[i].node->depth > all.items[deepest].node->depth)
            deepest = i;
    const member first = all.items[deepest];
    memmove(all.items + 1, all.items, deepest * sizeof *all.items);
    all.items[0] = first;
    put_member(e, &first, op);
    if (all.n > 1) {
        put(e, op == DK_OP_AND ? " AND " : " OR ");
        hold(e, 2);
        if (all.n > 2) {
            put(e, "(");
            hold(e, 1);
            put_members(e, all.items + 1, all.n - 1, op);
            drop(e, 1);
            put(e, ")");
        } else {
            put_member(e, &all.items[1], op);
        }
        drop(e, 2);
    }
    free(all.items);
}

static void put_condition(emitter *e, const dk_cql2_node *start, bool deny)
{
    const member at = without_not(start, deny);
    const dk_cql2_node *node = at.node;
    const bool denied = at.denied;
    const dk_cql2_op op = joint(node, denied);
    if (op != DK_OP_COUNT) {
        put_joint(e, node, denied, op);
        return;
    }
    hold(e, 2);
    if (node->op == DK_OP_BOOLEAN)
        put(e, node->boolean != denied ? "1" : NEVER);
    else if (node->any_of != NULL || dk_cql2_is_comparison(node->op))
        put_comparison(e, node, denied);
    else if (node->op == DK_OP_IN)
        put_list(e, node, denied);
    else if (node->op == DK_OP_BETWEEN)
        put_between(e, node, denied);
    else if (node->op == DK_OP_IS_NULL)
        put_is_null(e, node, denied);
    else if (dk_cql2_is_spatial(node->op))
        put_spatial(e, node, denied);
    else if (dk_cql2_is_temporal(node->op))
        put_temporal(e, node, denied);
    else if (dk_cql2_is_array(node->op))
        put_array(e, node, denied);
    else { /* LIKE */
        put_call(e, "dk_like", node->first, node->last);
        put(e, denied ? "=0" : "=1");
    }
    drop(e, 2);
}

dk_status dk_cql2_sql(const dk_cql2 *filter, int first, dk_buf *sql, int *ret_next, dk_error *err)
{
    emitter e = {.filter = filter, .sql = sql, .next = first};
    const size_t before = sql->size;
    put(&e, "(");
    put_condition(&e, filter->root, false);
    put(&e, ")");
    if (sql->failed || e.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (e.most_symbols > MOST_SYMBOLS)
        return dk_fail(err, DK_LIMIT, "the filter: operators stand too deep in each other; write it flatter");
    if (sql->size - before > MOST_SQL)
        return dk_fail(err, DK_LIMIT, "the filter is too long; ask for less at once");
    *ret_next = e.next;
    return DK_OK;
}

dk_status dk_cql2_bind(const dk_cql2 *filter, int first, sqlite3_stmt *stmt, dk_error *err)
{
    emitter e = {.filter = filter, .stmt = stmt, .next = first};
    put_condition(&e, filter->root, false);
    if (e.failed || e.code == SQLITE_NOMEM)
        return dk_fail(err, DK_NOMEM, "out of memory");
    return e.code == SQLITE_OK ? DK_OK : dk_fail(err, DK_INTERNAL, "a filter does not fit its statement");
}
