/* Nodes of a filter's tree. */
#include "store/cql2_tree.h"

#include "store/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[DK_OP_COUNT] = {
    [DK_OP_FOLD] = "fold",
    [DK_OP_CASEI] = "casei",
    [DK_OP_ACCENTI] = "accenti",
    [DK_OP_ADD] = "+",
    [DK_OP_SUBTRACT] = "-",
    [DK_OP_MULTIPLY] = "*",
    [DK_OP_DIVIDE] = "/",
    [DK_OP_INTEGER_DIVIDE] = "div",
    [DK_OP_MODULO] = "%",
    [DK_OP_POWER] = "^",
    [DK_OP_AND] = "and",
    [DK_OP_OR] = "or",
    [DK_OP_NOT] = "not",
    [DK_OP_EQ] = "=",
    [DK_OP_NE] = "<>",
    [DK_OP_LT] = "<",
    [DK_OP_GT] = ">",
    [DK_OP_LE] = "<=",
    [DK_OP_GE] = ">=",
    [DK_OP_LIKE] = "like",
    [DK_OP_BETWEEN] = "between",
    [DK_OP_IN] = "in",
    [DK_OP_IS_NULL] = "isNull",
    [DK_OP_S_INTERSECTS] = "s_intersects",
    [DK_OP_S_EQUALS] = "s_equals",
    [DK_OP_S_DISJOINT] = "s_disjoint",
    [DK_OP_S_TOUCHES] = "s_touches",
    [DK_OP_S_WITHIN] = "s_within",
    [DK_OP_S_OVERLAPS] = "s_overlaps",
    [DK_OP_S_CROSSES] = "s_crosses",
    [DK_OP_S_CONTAINS] = "s_contains",
    [DK_OP_T_AFTER] = "t_after",
    [DK_OP_T_BEFORE] = "t_before",
    [DK_OP_T_DISJOINT] = "t_disjoint",
    [DK_OP_T_EQUALS] = "t_equals",
    [DK_OP_T_INTERSECTS] = "t_intersects",
    [DK_OP_T_CONTAINS] = "t_contains",
    [DK_OP_T_DURING] = "t_during",
    [DK_OP_T_FINISHEDBY] = "t_finishedBy",
    [DK_OP_T_FINISHES] = "t_finishes",
    [DK_OP_T_MEETS] = "t_meets",
    [DK_OP_T_METBY] = "t_metBy",
    [DK_OP_T_OVERLAPPEDBY] = "t_overlappedBy",
    [DK_OP_T_OVERLAPS] = "t_overlaps",
    [DK_OP_T_STARTEDBY] = "t_startedBy",
    [DK_OP_T_STARTS] = "t_starts",
    [DK_OP_A_EQUALS] = "a_equals",
    [DK_OP_A_CONTAINS] = "a_contains",
    [DK_OP_A_CONTAINEDBY] = "a_containedBy",
    [DK_OP_A_OVERLAPS] = "a_overlaps",
};

const char *dk_cql2_op_name(dk_cql2_op op)
{
    return op < DK_OP_COUNT ? names[op] : NULL;
}

static bool same_word(const char *name, const char *text, size_t size)
{
    return strlen(name) == size && strncasecmp(name, text, size) == 0;
}

dk_cql2_op dk_cql2_op_of(const char *name, size_t size)
{
    for (int op = DK_OP_CASEI; op < DK_OP_COUNT; op++)
        if (same_word(names[op], name, size))
            return (dk_cql2_op)op;
    return DK_OP_FUNCTION;
}

bool dk_cql2_is_spatial(dk_cql2_op op)
{
    return op >= DK_OP_S_INTERSECTS && op <= DK_OP_S_CONTAINS;
}

bool dk_cql2_is_temporal(dk_cql2_op op)
{
    return op >= DK_OP_T_AFTER && op <= DK_OP_T_STARTS;
}

bool dk_cql2_is_array(dk_cql2_op op)
{
    return op >= DK_OP_A_EQUALS && op <= DK_OP_A_OVERLAPS;
}

bool dk_cql2_is_comparison(dk_cql2_op op)
{
    return op >= DK_OP_EQ && op <= DK_OP_GE;
}

bool dk_cql2_is_arithmetic(dk_cql2_op op)
{
    return op >= DK_OP_ADD && op <= DK_OP_POWER;
}

int dk_cql2_shape_type_of(const char *name, size_t size)
{
    static const char *const types[] = {[DK_SHAPE_POINT] = "Point",
                                        [DK_SHAPE_LINE] = "LineString",
                                        [DK_SHAPE_POLYGON] = "Polygon",
                                        [DK_SHAPE_POINTS] = "MultiPoint",
                                        [DK_SHAPE_LINES] = "MultiLineString",
                                        [DK_SHAPE_POLYGONS] = "MultiPolygon",
                                        [DK_SHAPE_COLLECTION] = "GeometryCollection"};
    for (int type = DK_SHAPE_POINT; type <= DK_SHAPE_COLLECTION; type++)
        if (same_word(types[type], name, size))
            return type;
    return 0;
}

/* ---- places ---- */

/* How a node is reached in JSON: args[1].args[0]. */
static void append_path(const dk_cql2_node *node, dk_buf *out)
{
    const dk_cql2_node *parent = node->parent;
    if (parent == NULL)
        return;
    append_path(parent, out);
    if (parent->op == DK_OP_ARRAY) {
        dk_buf_format(out, "[%zu]", node->index);
        return;
    }
    if (out->size > 0)
        dk_buf_byte(out, '.');
    if (parent->op == DK_OP_INTERVAL)
        dk_buf_format(out, "interval[%zu]", node->index);
    else if (parent->op == DK_OP_IN && node->index > 0)
        dk_buf_format(out, "args[1][%zu]", node->index - 1);
    else
        dk_buf_format(out, "args[%zu]", node->index);
}

static size_t characters_before(const char *text, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)text[i] & 0xC0u) != 0x80;
    return n;
}

dk_status dk_cql2_refuse(dk_cql2_reader *reader, dk_status status, const dk_cql2_node *node, size_t at,
                         const char *format, ...)
{
    enum { MOST_PATH = 120 };
    if (reader->status != DK_OK)
        return reader->status;
    char sentence[DK_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    sentence[dk_utf8_fit(sentence, sizeof sentence - 1)] = '\0';
    dk_text_clean(sentence);
    reader->status = status;
    if (reader->language == DK_CQL2_TEXT)
        return dk_fail(reader->err, status, "the filter, character %zu: %s", characters_before(reader->text, at) + 1,
                       sentence);
    dk_buf path;
    dk_buf_init(&path);
    if (node != NULL)
        append_path(node, &path);
    const char *text = dk_buf_cstr(&path);
    if (text == NULL || path.size == 0)
        dk_fail(reader->err, status, "the filter: %s", sentence);
    else
        dk_fail(reader->err, status, "the filter, %s%s: %s", path.size > MOST_PATH ? "…" : "",
                text + (path.size > MOST_PATH ? path.size - MOST_PATH : 0), sentence);
    dk_buf_finish(&path);
    return status;
}

dk_status dk_cql2_no_memory(dk_cql2_reader *reader)
{
    if (reader->status == DK_OK)
        reader->status = dk_fail(reader->err, DK_NOMEM, "out of memory");
    return reader->status;
}

/* ---- nodes ---- */

dk_cql2_node *dk_cql2_node_new(dk_cql2_reader *reader, dk_cql2_op op, dk_cql2_node *parent, size_t place)
{
    if (reader->status != DK_OK)
        return NULL;
    if (++reader->n_nodes > DK_CQL2_MOST_NODES) {
        dk_cql2_refuse(reader, DK_LIMIT, parent, place,
                       "there are more than %d names, values and operators; ask for less at once", DK_CQL2_MOST_NODES);
        return NULL;
    }
    dk_cql2_node *node = dk_arena_alloc(reader->arena, 1, sizeof *node);
    if (node == NULL) {
        dk_cql2_no_memory(reader);
        return NULL;
    }
    node->op = op;
    node->place = place;
    node->depth = 1;
    node->field = -1;
    dk_cql2_node_add(reader, parent, node);
    return reader->status == DK_OK ? node : NULL;
}

void dk_cql2_node_add(dk_cql2_reader *reader, dk_cql2_node *parent, dk_cql2_node *operand)
{
    if (parent == NULL || operand == NULL)
        return;
    operand->parent = parent;
    operand->index = parent->n++;
    if (parent->last != NULL)
        parent->last->next = operand;
    else
        parent->first = operand;
    parent->last = operand;
    /* JSON is read from the root: what lies above grows with what is put below. */
    for (dk_cql2_node *node = operand; node->parent != NULL && node->parent->depth <= node->depth; node = node->parent)
        node->parent->depth = node->depth + 1;
    const dk_cql2_node *top = parent;
    while (top->parent != NULL)
        top = top->parent;
    if (top->depth > DK_CQL2_MOST_DEPTH)
        dk_cql2_refuse(reader, DK_LIMIT, NULL, operand->place,
                       "operators stand in each other more than %d deep; write it flatter", DK_CQL2_MOST_DEPTH);
}

bool dk_cql2_set_text(dk_cql2_reader *reader, dk_cql2_node *node, const char *text, size_t size)
{
    char *copy = dk_arena_text(reader->arena, text, size);
    if (copy == NULL) {
        dk_cql2_no_memory(reader);
        return false;
    }
    node->text.data = copy;
    node->text.size = size;
    return true;
}

/* ---- geometries ---- */

void dk_cql2_shape_begin(dk_cql2_reader *reader)
{
    reader->n_xy = reader->n_lines = reader->n_polygons = 0;
}

bool dk_cql2_shape_position(dk_cql2_reader *reader, double x, double y)
{
    if (reader->status != DK_OK)
        return false;
    if (++reader->n_vertices > DK_CQL2_MOST_VERTICES) {
        reader->status =
            dk_fail(reader->err, DK_LIMIT, "the filter: its geometries have more than %d positions; simplify them",
                    DK_CQL2_MOST_VERTICES);
        return false;
    }
    if (!dk_grow(&reader->xy, &reader->xy_capacity, 2 * reader->n_xy + 2, sizeof *reader->xy)) {
        dk_cql2_no_memory(reader);
        return false;
    }
    reader->xy[2 * reader->n_xy] = x;
    reader->xy[2 * reader->n_xy + 1] = y;
    reader->n_xy++;
    return true;
}

bool dk_cql2_shape_line_end(dk_cql2_reader *reader)
{
    if (reader->status == DK_OK &&
        !dk_grow(&reader->line_ends, &reader->lines_capacity, reader->n_lines + 1, sizeof *reader->line_ends))
        dk_cql2_no_memory(reader);
    if (reader->status != DK_OK)
        return false;
    reader->line_ends[reader->n_lines++] = reader->n_xy;
    return true;
}

bool dk_cql2_shape_polygon_end(dk_cql2_reader *reader)
{
    if (reader->status == DK_OK && !dk_grow(&reader->polygon_ends, &reader->polygons_capacity, reader->n_polygons + 1,
                                            sizeof *reader->polygon_ends))
        dk_cql2_no_memory(reader);
    if (reader->status != DK_OK)
        return false;
    reader->polygon_ends[reader->n_polygons++] = reader->n_lines;
    return true;
}

static void *keep(dk_cql2_reader *reader, const void *data, size_t count, size_t size)
{
    void *copy = dk_arena_alloc(reader->arena, count, size);
    if (copy == NULL)
        dk_cql2_no_memory(reader);
    else if (count > 0)
        memcpy(copy, data, count * size);
    return copy;
}

dk_cql2_shape *dk_cql2_shape_end(dk_cql2_reader *reader, dk_cql2_shape_type type)
{
    if (reader->status != DK_OK)
        return NULL;
    dk_cql2_shape *shape = dk_arena_alloc(reader->arena, 1, sizeof *shape);
    if (shape == NULL) {
        dk_cql2_no_memory(reader);
        return NULL;
    }
    shape->type = type;
    shape->n = reader->n_xy;
    shape->n_lines = reader->n_lines;
    shape->n_polygons = reader->n_polygons;
    shape->xy = keep(reader, reader->xy, 2 * shape->n, sizeof *shape->xy);
    shape->line_ends = keep(reader, reader->line_ends, shape->n_lines, sizeof *shape->line_ends);
    shape->polygon_ends = keep(reader, reader->polygon_ends, shape->n_polygons, sizeof *shape->polygon_ends);
    return reader->status == DK_OK ? shape : NULL;
}

/* ---- reading ---- */

dk_status dk_cql2_tree_read(const char *text, size_t size, dk_cql2_language language, dk_arena *arena,
                            dk_cql2_node **ret_root, dk_error *err)
{
    dk_cql2_reader reader = {.arena = arena, .language = language, .text = text, .size = size, .err = err};
    if (size > DK_CQL2_MOST_BYTES)
        return dk_fail(err, DK_LIMIT, "the filter is longer than %u bytes; ask for less at once", DK_CQL2_MOST_BYTES);
    if (!dk_utf8_valid(text, size))
        return dk_fail(err, DK_INVALID, "the filter is no valid UTF-8");
    if (memchr(text, 0, size) != NULL)
        return dk_fail(err, DK_INVALID, "the filter has a character of value 0; leave it out");
    dk_cql2_node *root = language == DK_CQL2_TEXT ? dk_cql2_text_read(&reader) : dk_cql2_json_read(&reader);
    free(reader.xy);
    free(reader.line_ends);
    free(reader.polygon_ends);
    if (root == NULL || reader.status != DK_OK)
        return reader.status != DK_OK ? reader.status : dk_fail(err, DK_INTERNAL, "the filter was not read");
    *ret_root = root;
    return DK_OK;
}
