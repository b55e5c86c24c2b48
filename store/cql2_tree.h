/* Inside the store library: a CQL2 filter as a tree, which both languages are read into, and what is made of it.
 *
 *   cql2_text.c, cql2_json.c   read a text into a tree
 *   cql2_tree.c                its nodes, bounds, and the place of a node for messages
 *   cql2_check.c               looks up names and types, and folds what is constant
 *   cql2_literal.c             brings texts, dates and times into the form in which they are compared
 *   cql2_geometry.c            geometries of the filter, and their relations to those of rows
 *   cql2_needs.c               what the index may be asked for
 *   cql2_sql.c, cql2_functions.c   the tree as SQL */
#ifndef DK_STORE_CQL2_TREE_H
#define DK_STORE_CQL2_TREE_H

#include "store/arena.h"
#include "store/buf.h"
#include "store/cql2.h"

#include <stdint.h>

typedef enum dk_cql2_op {
    /* values */
    DK_OP_TEXT = 0,
    DK_OP_INTEGER,
    DK_OP_REAL,
    DK_OP_BOOLEAN,
    DK_OP_DATE,      /* text YYYY-MM-DD */
    DK_OP_TIMESTAMP, /* text YYYY-MM-DDThh:mm:ss, a fraction without zeros at its end, no Z */
    DK_OP_OPEN,      /* .. of an interval */
    DK_OP_GEOMETRY,
    DK_OP_BBOX,
    DK_OP_PROPERTY,
    DK_OP_FUNCTION, /* one that the standard does not define */
    DK_OP_INTERVAL, /* start, end */
    DK_OP_ARRAY,
    /* of texts */
    DK_OP_FOLD, /* of DK_CQL2_OWN; the standard's begin behind it */
    DK_OP_CASEI,
    DK_OP_ACCENTI,
    /* of numbers */
    DK_OP_ADD,
    DK_OP_SUBTRACT,
    DK_OP_MULTIPLY,
    DK_OP_DIVIDE,
    DK_OP_INTEGER_DIVIDE,
    DK_OP_MODULO,
    DK_OP_POWER,
    /* conditions */
    DK_OP_AND,
    DK_OP_OR,
    DK_OP_NOT,
    DK_OP_EQ,
    DK_OP_NE,
    DK_OP_LT,
    DK_OP_GT,
    DK_OP_LE,
    DK_OP_GE,
    DK_OP_LIKE,
    DK_OP_BETWEEN,
    DK_OP_IN, /* value, then those of the list */
    DK_OP_IS_NULL,
    DK_OP_S_INTERSECTS,
    DK_OP_S_EQUALS,
    DK_OP_S_DISJOINT,
    DK_OP_S_TOUCHES,
    DK_OP_S_WITHIN,
    DK_OP_S_OVERLAPS,
    DK_OP_S_CROSSES,
    DK_OP_S_CONTAINS,
    DK_OP_T_AFTER,
    DK_OP_T_BEFORE,
    DK_OP_T_DISJOINT,
    DK_OP_T_EQUALS,
    DK_OP_T_INTERSECTS,
    DK_OP_T_CONTAINS, /* from here on of intervals only (clause 7.8.3) */
    DK_OP_T_DURING,
    DK_OP_T_FINISHEDBY,
    DK_OP_T_FINISHES,
    DK_OP_T_MEETS,
    DK_OP_T_METBY,
    DK_OP_T_OVERLAPPEDBY,
    DK_OP_T_OVERLAPS,
    DK_OP_T_STARTEDBY,
    DK_OP_T_STARTS,
    DK_OP_A_EQUALS,
    DK_OP_A_CONTAINS,
    DK_OP_A_CONTAINEDBY,
    DK_OP_A_OVERLAPS,
    DK_OP_COUNT
} dk_cql2_op;

/* How an operator is written: in JSON, and in text where it looks like a function; compared without regard to case. */
const char *dk_cql2_op_name(dk_cql2_op op); /* NULL: it is a value */
/* DK_OP_FUNCTION: no operator of this name. */
dk_cql2_op dk_cql2_op_of(const char *name, size_t size);
bool dk_cql2_is_spatial(dk_cql2_op op);
bool dk_cql2_is_temporal(dk_cql2_op op);
bool dk_cql2_is_array(dk_cql2_op op);
bool dk_cql2_is_comparison(dk_cql2_op op); /* = <> < > <= >= */
bool dk_cql2_is_arithmetic(dk_cql2_op op);

/* Types of WKB and of GEOS' making. */
typedef enum dk_cql2_shape_type {
    DK_SHAPE_POINT = 1,
    DK_SHAPE_LINE,
    DK_SHAPE_POLYGON,
    DK_SHAPE_POINTS,
    DK_SHAPE_LINES,
    DK_SHAPE_POLYGONS,
    DK_SHAPE_COLLECTION
} dk_cql2_shape_type;
/* Without regard to case; 0: no such type. "POINT", "LINESTRING" … */
int dk_cql2_shape_type_of(const char *name, size_t size);

/* A geometry as it is written: nothing is checked but that it has the form of its type. */
typedef struct dk_cql2_shape {
    dk_cql2_shape_type type;
    double *xy; /* n pairs */
    size_t n;
    size_t *line_ends; /* the position behind each line or ring; of points: none */
    size_t n_lines;
    size_t *polygon_ends; /* the ring behind each polygon */
    size_t n_polygons;
    struct dk_cql2_shape *members, *next; /* of a collection */
} dk_cql2_shape;

typedef enum dk_cql2_type {
    DK_TYPE_NONE = 0,
    DK_TYPE_CONDITION,
    DK_TYPE_NUMBER,
    DK_TYPE_TEXT,
    DK_TYPE_DATE,
    DK_TYPE_TIMESTAMP,
    DK_TYPE_INTERVAL,
    DK_TYPE_GEOMETRY,
    DK_TYPE_ARRAY
} dk_cql2_type;

typedef struct dk_cql2_texts {
    const char **texts;
    size_t n;
} dk_cql2_texts;

typedef struct dk_cql2_spatial dk_cql2_spatial; /* cql2_geometry.h */

/* What an array function compares; NULL: the field's numbers, which are its argument in SQL. */
typedef struct dk_cql2_arrays {
    dk_cql2_op op;
    const dk_cql2_texts *a, *b;
} dk_cql2_arrays;

typedef struct dk_cql2_node {
    dk_cql2_op op;
    dk_cql2_type type; /* after the check */
    unsigned depth;    /* 1: without operands */
    size_t place;      /* text: the byte where it begins */
    struct dk_cql2_node *parent, *first, *last, *next;
    size_t n, index; /* operands; which of its parent's it is */
    union {
        struct {
            const char *data; /* a NUL follows */
            size_t size;
        } text; /* also of names, dates and times */
        int64_t integer;
        double real;
        bool boolean;
        dk_cql2_shape *shape;
        double box[4];
    };
    /* after the check */
    int field;                      /* of a property; -1: the outline */
    const dk_cql2_texts *any_of;    /* = <> IN LIKE: compared by dk_has_number or dk_answers with these */
    bool divisions;                 /* by dk_answers */
    const dk_cql2_spatial *spatial; /* of a spatial function with one literal */
    const dk_cql2_arrays *arrays;
} dk_cql2_node;

/* What is being read. Readers stop at the first failure, which stays. */
typedef struct dk_cql2_reader {
    dk_arena *arena;
    dk_cql2_language language;
    const char *text;
    size_t size;
    size_t n_nodes, n_vertices;
    unsigned depth; /* of recursion */
    /* the geometry under way */
    double *xy;
    size_t n_xy, xy_capacity;
    size_t *line_ends, n_lines, lines_capacity;
    size_t *polygon_ends, n_polygons, polygons_capacity;
    dk_status status;
    dk_error *err;
} dk_cql2_reader;

/* Reads a tree without looking at what its names mean. *ret_root lives in the arena. */
dk_status dk_cql2_tree_read(const char *text, size_t size, dk_cql2_language language, dk_arena *arena,
                            dk_cql2_node **ret_root, dk_error *err);
dk_cql2_node *dk_cql2_text_read(dk_cql2_reader *reader); /* NULL: reader->status says why */
dk_cql2_node *dk_cql2_json_read(dk_cql2_reader *reader);

/* A new node, the last operand of parent if that is not NULL. NULL: over a bound or out of memory. */
dk_cql2_node *dk_cql2_node_new(dk_cql2_reader *reader, dk_cql2_op op, dk_cql2_node *parent, size_t place);
/* Makes a node an operand; NULL of either is passed over. */
void dk_cql2_node_add(dk_cql2_reader *reader, dk_cql2_node *parent, dk_cql2_node *operand);
bool dk_cql2_set_text(dk_cql2_reader *reader, dk_cql2_node *node, const char *text, size_t size);

void dk_cql2_shape_begin(dk_cql2_reader *reader);
bool dk_cql2_shape_position(dk_cql2_reader *reader, double x, double y);
bool dk_cql2_shape_line_end(dk_cql2_reader *reader);
bool dk_cql2_shape_polygon_end(dk_cql2_reader *reader);
dk_cql2_shape *dk_cql2_shape_end(dk_cql2_reader *reader, dk_cql2_shape_type type);

/* Fails with "the filter, character 12: …". at: the place in a text. node: in JSON, the node that it belongs to or
 * NULL. */
dk_status dk_cql2_refuse(dk_cql2_reader *reader, dk_status status, const dk_cql2_node *node, size_t at,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));
dk_status dk_cql2_no_memory(dk_cql2_reader *reader);

/* ---- what is made of it ---- */

struct dk_cql2 {
    dk_arena *arena;
    const dk_kind *kind;
    dk_view view;
    dk_cql2_node *root;
    struct dk_cql2_shapes *shapes; /* the geometries; cql2_geometry.h */
    struct dk_cql2_need *needs;
    size_t n_needs;
    bool bounded;
    double bounds[4];
};

/* The fields that the viewer sees in some row; and in every row. */
uint64_t dk_cql2_seen_fields(const dk_kind *kind, const dk_view *view);
uint64_t dk_cql2_open_fields(const dk_kind *kind, const dk_view *view);

dk_status dk_cql2_check(dk_cql2_reader *reader, dk_cql2 *filter, const dk_cql2_crs *crs);
dk_status dk_cql2_find_needs(dk_cql2 *filter, dk_error *err);

/* ---- literals (cql2_literal.c) ---- */

/* Whether it is YYYY-MM-DD, or a time in UTC (RFC 3339, with Z), which is then brought into the form of a node. */
bool dk_cql2_date_valid(const char *text, size_t size);
bool dk_cql2_timestamp(const char *text, size_t size, char ret_text[40]);
/* Appends a text under full case folding, without accents, or composed (NFC). Invalid UTF-8 is appended as it is. */
void dk_cql2_casei(const char *text, size_t size, dk_buf *out);
void dk_cql2_accenti(const char *text, size_t size, dk_buf *out);
void dk_cql2_compose(const char *text, size_t size, dk_buf *out);
/* LIKE: % for any characters, _ for one, a backslash before one of these for itself. */
bool dk_cql2_like(const char *text, size_t size, const char *pattern, size_t pattern_size);
bool dk_cql2_has_wildcards(const char *pattern, size_t size);
void dk_cql2_unescape(const char *pattern, size_t size, dk_buf *out); /* of a pattern without wildcards */
/* Whether two sets of texts are in the relation. */
bool dk_cql2_sets(dk_cql2_op op, const dk_cql2_texts *a, const dk_cql2_texts *b);

#endif
