/* What a VCT file is read into, and what its polygons are made of. Private to vct*.c. */
#ifndef DK_INGEST_VCT_WORK_H
#define DK_INGEST_VCT_WORK_H

#include "ingest/rings.h"
#include "ingest/vct.h"

#define DK_VCT_VALUE 96 /* bytes of a value of the head */

typedef struct dk_vct_code {
    char *code, *name, *table; /* table: "" for none */
    bool polygons, wanted;
    int64_t n; /* polygons of it */
} dk_vct_code;

typedef struct dk_vct_table {
    char *name;
    char **fields;
    bool *numbers; /* of each field: its type is one of numbers */
    size_t n_fields;
} dk_vct_table;

/* A line that polygons may be made of. */
typedef struct dk_vct_edge {
    int64_t id;
    size_t first, n; /* of points; n 0: it is drawn in a way that is not read */
} dk_vct_edge;

typedef struct dk_vct_part {
    size_t first, n; /* of points */
} dk_vct_part;

typedef struct dk_vct_outline {
    int64_t line, id;
    enum { DK_VCT_COORDINATES, DK_VCT_LINES, DK_VCT_UNREAD } kind;
    size_t first, n; /* of parts or refs */
} dk_vct_outline;

typedef struct dk_vct_row {
    int64_t id, line;
    size_t text; /* place in texts: the values, each with a NUL behind it */
    size_t n;    /* values that are kept; 0: their number does not fit */
    size_t found;
    bool bad, used; /* used: of a polygon that was read */
} dk_vct_row;

/* What the rows of a table begin and end with, which writers do differently. */
typedef enum dk_vct_row_form {
    DK_VCT_ID_IS_FIELD,     /* 标识码 is the first field */
    DK_VCT_ID_BEFORE,       /* it stands before the first field */
    DK_VCT_ID_IS_FIELD_END, /* it is the first, and a separator stands behind the last, too */
    DK_VCT_FORM_UNKNOWN     /* as many rows are of one form as of another */
} dk_vct_row_form;

struct dk_vct {
    dk_text_lines *lines;
    dk_encoding encoding;
    bool either;
    char *path;
    dk_text_line line;

    char mark[DK_VCT_VALUE], version[DK_VCT_VALUE], projection[DK_VCT_VALUE], spheroid[DK_VCT_VALUE],
        parameters[DK_VCT_VALUE * 2];
    char x_axis[DK_VCT_VALUE], y_axis[DK_VCT_VALUE], offset[DK_VCT_VALUE];
    char separator;
    bool swapped; /* x is north */

    dk_vct_code *codes;
    size_t n_codes, codes_capacity;
    dk_vct_table *tables;
    size_t n_tables, tables_capacity;
    const dk_vct_table *table; /* of the layer; NULL for none */

    bool counting; /* the first reading */
    double *points;
    size_t n_points, points_capacity; /* in pairs; in doubles */
    dk_vct_edge *edges;
    size_t n_edges, edges_capacity;
    dk_vct_part *parts;
    size_t n_parts, parts_capacity;
    int64_t *refs;
    size_t n_refs, refs_capacity;
    dk_vct_outline *polygons;
    size_t n_polygons, polygons_capacity;
    dk_vct_row *attributes;
    size_t n_attributes, attributes_capacity;
    dk_vct_row_form form;
    dk_buf texts;

    /* reading the polygons */
    size_t at;
    double *chain; /* pairs */
    size_t n_chain, chain_capacity;
    dk_vct_part *chain_parts; /* of chain */
    size_t n_chain_parts, chain_parts_capacity;
    dk_vct_ring *rings;
    size_t rings_capacity;
    dk_ring *shapes;
    size_t shapes_capacity;
    int *outer, *depth;
    size_t outer_capacity, depth_capacity;
    const char **values;
    dk_buf scratch;
    char problem[400];
    int64_t n_turned, n_without_row;

    int epsg;
    char crs_problem[700];
    dk_buf notes;
    bool noted;
};

dk_status dk_vct_nomem(const dk_vct *vct, dk_error *err);
/* A whole number, with blanks behind it perhaps. */
bool dk_vct_parse_integer(const char *text, int64_t *ret_value);
/* Whether two places are one, as ends of lines are. */
bool dk_vct_same_place(const double *a, const double *b);

/* Reads all of the file, once, from where its lines are. counting: head, codes and tables, and how many polygons a code
 * has; else what the layer wants of the rest. */
dk_status dk_vct_read_sections(dk_vct *vct, dk_error *err);
/* Leaves of what stands behind a code's geometry type the name of its table. */
void dk_vct_settle_tables(dk_vct *vct);
/* NULL: there is none of that name. */
dk_vct_table *dk_vct_find_table(const dk_vct *vct, const char *name, size_t size);

/* Finds the coordinate system out of head and numbers: epsg, or 0 and crs_problem; and notes. */
void dk_vct_decide_crs(dk_vct *vct);

/* Puts lines and rows of the table in order, when all is read, so that they are found. */
void dk_vct_order(dk_vct *vct);

#endif
