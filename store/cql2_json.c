/* CQL2 JSON (OGC 21-065r2, Annex C): jansson reads the JSON, this file what it means. Members that the schema does not
 * name are passed over, as in GeoJSON. */
#include "store/cql2_tree.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

/* Brackets of JSON in each other, at most: each operator has two, and a geometry five. jansson calls itself for each.
 */
#define MOST_BRACKETS (2 * DK_CQL2_MOST_DEPTH + 40)

static bool read_value(dk_cql2_reader *r, const json_t *json, dk_cql2_node *parent, dk_cql2_node **ret_root);

static bool refuse(dk_cql2_reader *r, const dk_cql2_node *node, const char *sentence)
{
    dk_cql2_refuse(r, DK_INVALID, node, 0, "%s", sentence);
    return false;
}

/* ---- geometries ---- */

static bool read_number(dk_cql2_reader *r, const json_t *json, const dk_cql2_node *node, double *ret_number)
{
    if (!json_is_number(json))
        return refuse(r, node, "a coordinate must be a number");
    *ret_number = json_number_value(json);
    return true;
}

static bool read_position(dk_cql2_reader *r, const json_t *json, const dk_cql2_node *node)
{
    double x, y;
    if (!json_is_array(json) || json_array_size(json) < 2)
        return refuse(r, node, "a position must be an array of two numbers, or three with a height");
    return read_number(r, json_array_get(json, 0), node, &x) && read_number(r, json_array_get(json, 1), node, &y) &&
           dk_cql2_shape_position(r, x, y);
}

/* An array of positions (levels 1) or of lines (2). */
static bool read_positions(dk_cql2_reader *r, const json_t *json, const dk_cql2_node *node, int levels, bool of_points)
{
    if (!json_is_array(json))
        return refuse(r, node, "the coordinates of a geometry do not have the arrays of its type");
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *item = json_array_get(json, i);
        if (levels == 1 ? !read_position(r, item, node) : !read_positions(r, item, node, levels - 1, false))
            return false;
    }
    return levels > 1 || of_points || dk_cql2_shape_line_end(r);
}

static bool read_polygons(dk_cql2_reader *r, const json_t *json, const dk_cql2_node *node)
{
    if (!json_is_array(json))
        return refuse(r, node, "the coordinates of a geometry do not have the arrays of its type");
    for (size_t i = 0; i < json_array_size(json); i++)
        if (!read_positions(r, json_array_get(json, i), node, 2, false) || !dk_cql2_shape_polygon_end(r))
            return false;
    return true;
}

static dk_cql2_shape *read_shape(dk_cql2_reader *r, const json_t *json, const dk_cql2_node *node);

static dk_cql2_shape *read_members(dk_cql2_reader *r, const json_t *json, const dk_cql2_node *node)
{
    const json_t *geometries = json_object_get(json, "geometries");
    dk_cql2_shape *first = NULL, **place = &first;
    if (!json_is_array(geometries)) {
        refuse(r, node, "a GeometryCollection must have an array \"geometries\"");
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(geometries); i++) {
        *place = read_shape(r, json_array_get(geometries, i), node);
        if (*place == NULL)
            return NULL;
        place = &(*place)->next;
    }
    dk_cql2_shape_begin(r);
    dk_cql2_shape *shape = dk_cql2_shape_end(r, DK_SHAPE_COLLECTION);
    if (shape != NULL)
        shape->members = first;
    return shape;
}

static dk_cql2_shape *read_shape(dk_cql2_reader *r, const json_t *json, const dk_cql2_node *node)
{
    const json_t *name = json_object_get(json, "type"), *coordinates = json_object_get(json, "coordinates");
    const int type =
        json_is_string(name) ? dk_cql2_shape_type_of(json_string_value(name), json_string_length(name)) : 0;
    bool good = false;
    if (type == 0) {
        refuse(r, node,
               "a geometry must have a \"type\" of GeoJSON: Point, LineString, Polygon, MultiPoint, "
               "MultiLineString, MultiPolygon or GeometryCollection");
        return NULL;
    }
    dk_cql2_shape_begin(r);
    switch (type) {
    case DK_SHAPE_POINT:
        good = read_position(r, coordinates, node);
        break;
    case DK_SHAPE_LINE:
        good = read_positions(r, coordinates, node, 1, false);
        break;
    case DK_SHAPE_POLYGON:
        good = read_positions(r, coordinates, node, 2, false) && dk_cql2_shape_polygon_end(r);
        break;
    case DK_SHAPE_POINTS:
        good = read_positions(r, coordinates, node, 1, true);
        break;
    case DK_SHAPE_LINES:
        good = read_positions(r, coordinates, node, 2, false);
        break;
    case DK_SHAPE_POLYGONS:
        good = read_polygons(r, coordinates, node);
        break;
    default:
        return read_members(r, json, node);
    }
    return good ? dk_cql2_shape_end(r, (dk_cql2_shape_type)type) : NULL;
}

static bool read_bbox(dk_cql2_reader *r, const json_t *json, dk_cql2_node *node)
{
    const size_t n = json_array_size(json);
    if (!json_is_array(json) || (n != 4 && n != 6))
        return refuse(r, node, "bbox must be an array of 4 numbers (west, south, east, north), or 6 with heights");
    for (size_t i = 0; i < n; i++) {
        double number;
        if (!read_number(r, json_array_get(json, i), node, &number))
            return false;
        if (n == 4 || i % 3 < 2)
            node->box[n == 4 ? i : i < 2 ? i : i - 1] = number;
    }
    return true;
}

/* ---- values ---- */

static bool set_text(dk_cql2_reader *r, dk_cql2_node *node, const json_t *json, const char *sentence)
{
    if (!json_is_string(json))
        return refuse(r, node, sentence);
    return dk_cql2_set_text(r, node, json_string_value(json), json_string_length(json));
}

static bool read_interval(dk_cql2_reader *r, const json_t *json, dk_cql2_node *node)
{
    if (!json_is_array(json) || json_array_size(json) != 2)
        return refuse(r, node, "interval must be an array of two: dates, times, \"..\" or properties");
    for (size_t i = 0; i < 2; i++) {
        const json_t *end = json_array_get(json, i);
        if (!json_is_string(end)) {
            if (!read_value(r, end, node, NULL))
                return false;
            continue;
        }
        const char *text = json_string_value(end);
        const dk_cql2_op op = strcmp(text, "..") == 0     ? DK_OP_OPEN
                              : strchr(text, 'T') != NULL ? DK_OP_TIMESTAMP
                                                          : DK_OP_DATE;
        dk_cql2_node *instant = dk_cql2_node_new(r, op, node, 0);
        if (instant == NULL || !dk_cql2_set_text(r, instant, text, json_string_length(end)))
            return false;
    }
    return true;
}

/* How many operands an operator has; 0: any number, of which there must be two. */
static size_t operands_of(dk_cql2_op op)
{
    switch (op) {
    case DK_OP_AND:
    case DK_OP_OR:
        return 0;
    case DK_OP_NOT:
    case DK_OP_IS_NULL:
    case DK_OP_FOLD:
    case DK_OP_CASEI:
    case DK_OP_ACCENTI:
        return 1;
    case DK_OP_BETWEEN:
        return 3;
    default:
        return 2;
    }
}

static bool read_operands(dk_cql2_reader *r, const json_t *args, dk_cql2_node *node)
{
    const size_t n = json_array_size(args);
    if (node->op != DK_OP_FUNCTION) {
        const size_t wanted = operands_of(node->op);
        if (wanted == 0 ? n < 2 : n != wanted) {
            dk_cql2_refuse(r, DK_INVALID, node, 0, "\"%s\" has %zu operands in \"args\", and must have %s%zu",
                           dk_cql2_op_name(node->op), n, wanted == 0 ? "at least " : "", wanted == 0 ? 2 : wanted);
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *arg = json_array_get(args, i);
        if (node->op != DK_OP_IN || i == 0) {
            if (!read_value(r, arg, node, NULL))
                return false;
            continue;
        }
        if (!json_is_array(arg) || json_array_size(arg) == 0)
            return refuse(r, node, "the second operand of \"in\" must be an array of values");
        for (size_t k = 0; k < json_array_size(arg); k++)
            if (!read_value(r, json_array_get(arg, k), node, NULL))
                return false;
    }
    return true;
}

static bool read_operator(dk_cql2_reader *r, const json_t *json, dk_cql2_node *node)
{
    const json_t *name = json_object_get(json, "op"), *args = json_object_get(json, "args");
    if (!json_is_string(name))
        return refuse(r, node, "\"op\" must be a text");
    if (!json_is_array(args))
        return refuse(r, node, "an object with \"op\" must have an array \"args\"");
    node->op = r->language == DK_CQL2_OWN && strcmp(json_string_value(name), dk_cql2_op_name(DK_OP_FOLD)) == 0
                   ? DK_OP_FOLD
                   : dk_cql2_op_of(json_string_value(name), json_string_length(name));
    if (node->op == DK_OP_FUNCTION && !dk_cql2_set_text(r, node, json_string_value(name), json_string_length(name)))
        return false;
    return read_operands(r, args, node);
}

static bool read_object(dk_cql2_reader *r, const json_t *json, dk_cql2_node *node)
{
    const json_t *member;
    if (json_object_get(json, "op") != NULL)
        return read_operator(r, json, node);
    if ((member = json_object_get(json, "property")) != NULL) {
        node->op = DK_OP_PROPERTY;
        return set_text(r, node, member, "\"property\" must be the name of one");
    }
    if ((member = json_object_get(json, "date")) != NULL) {
        node->op = DK_OP_DATE;
        return set_text(r, node, member, "\"date\" must be a text such as \"2020-12-31\"");
    }
    if ((member = json_object_get(json, "timestamp")) != NULL) {
        node->op = DK_OP_TIMESTAMP;
        return set_text(r, node, member, "\"timestamp\" must be a text such as \"2020-12-31T08:00:00Z\"");
    }
    if ((member = json_object_get(json, "interval")) != NULL) {
        node->op = DK_OP_INTERVAL;
        return read_interval(r, member, node);
    }
    if (json_object_get(json, "type") != NULL) {
        node->op = DK_OP_GEOMETRY;
        node->shape = read_shape(r, json, node);
        return node->shape != NULL;
    }
    if ((member = json_object_get(json, "bbox")) != NULL) {
        node->op = DK_OP_BBOX;
        return read_bbox(r, member, node);
    }
    return refuse(r, node,
                  "an object must have \"op\", \"property\", \"date\", \"timestamp\", \"interval\", \"bbox\" or "
                  "the \"type\" of a geometry");
}

static bool read_value(dk_cql2_reader *r, const json_t *json, dk_cql2_node *parent, dk_cql2_node **ret_root)
{
    dk_cql2_node *node = dk_cql2_node_new(r, DK_OP_ARRAY, parent, 0);
    if (node == NULL)
        return false;
    if (ret_root != NULL)
        *ret_root = node;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return read_object(r, json, node);
    case JSON_ARRAY:
        for (size_t i = 0; i < json_array_size(json); i++)
            if (!read_value(r, json_array_get(json, i), node, NULL))
                return false;
        return true;
    case JSON_STRING:
        node->op = DK_OP_TEXT;
        return dk_cql2_set_text(r, node, json_string_value(json), json_string_length(json));
    case JSON_INTEGER:
        node->op = DK_OP_INTEGER;
        node->integer = json_integer_value(json);
        return true;
    case JSON_REAL:
        node->op = DK_OP_REAL;
        node->real = json_real_value(json);
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        node->op = DK_OP_BOOLEAN;
        node->boolean = json_is_true(json);
        return true;
    default:
        return refuse(r, node, "null is no value; whether a property has one is asked with \"isNull\"");
    }
}

/* ---- the text ---- */

static bool shallow(dk_cql2_reader *r)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < r->size; i++) {
        const char c = r->text[i];
        if (quoted)
            i += c == '\\';
        if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++depth > MOST_BRACKETS) {
            dk_cql2_refuse(r, DK_LIMIT, NULL, 0, "brackets stand in each other more than %d deep; write it flatter",
                           MOST_BRACKETS);
            return false;
        } else if (!quoted && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return true;
}

static void refuse_json(dk_cql2_reader *r, const json_error_t *error)
{
    const char *what = "this is not JSON; check brackets, commas and quotes";
    switch (json_error_code(error)) {
    case json_error_out_of_memory:
        dk_cql2_no_memory(r);
        return;
    case json_error_duplicate_key:
        what = "an object has the same member twice; leave one out";
        break;
    case json_error_numeric_overflow:
        what = "a number is too large";
        break;
    case json_error_premature_end_of_input:
        what = "the JSON ends too early; check brackets and quotes";
        break;
    case json_error_end_of_input_expected:
        what = "something follows the end of the JSON; leave it out";
        break;
    case json_error_null_character:
        what = "a text has a character of value 0; leave it out";
        break;
    default:
        break;
    }
    r->status = dk_fail(r->err, DK_INVALID, "the filter, line %d, column %d: %s", error->line, error->column, what);
}

dk_cql2_node *dk_cql2_json_read(dk_cql2_reader *reader)
{
    json_error_t error;
    dk_cql2_node *root = NULL;
    if (!shallow(reader))
        return NULL;
    json_t *json = json_loadb(reader->text, reader->size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL) {
        refuse_json(reader, &error);
        return NULL;
    }
    const bool good = read_value(reader, json, NULL, &root);
    json_decref(json);
    return good ? root : NULL;
}
