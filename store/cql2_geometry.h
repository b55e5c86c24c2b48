/* Inside the store library: geometries of a filter, and whether the outline of a row is in a relation to one. */
#ifndef DK_STORE_CQL2_GEOMETRY_H
#define DK_STORE_CQL2_GEOMETRY_H

#include "store/cql2_tree.h"

/* A geometry of the filter, made for many questions. */
typedef struct dk_cql2_literal dk_cql2_literal;

/* Owns the geometries of a filter; to be used by one thread at a time. NULL: out of memory. */
typedef struct dk_cql2_shapes dk_cql2_shapes;
dk_cql2_shapes *dk_cql2_shapes_create(void);
void dk_cql2_shapes_free(dk_cql2_shapes *shapes); /* NULL-safe */

/* Makes the geometry of a DK_OP_GEOMETRY or DK_OP_BBOX, in degrees. DK_INVALID: it is not valid, or not in the world.
 */
dk_status dk_cql2_literal_make(dk_cql2_reader *reader, dk_cql2_shapes *shapes, const dk_cql2_node *node,
                               const dk_cql2_crs *crs, const dk_cql2_literal **ret_literal);
/* West, south, east, north. */
void dk_cql2_literal_bounds(const dk_cql2_literal *literal, double ret_bounds[4]);

/* A spatial function whose first argument is the row's outline. */
struct dk_cql2_spatial {
    dk_cql2_op op;
    const dk_cql2_literal *literal;
};

typedef enum dk_cql2_answer { DK_ANSWER_NO = 0, DK_ANSWER_YES, DK_ANSWER_NULL, DK_ANSWER_FAILED } dk_cql2_answer;

/* blob: a GeoPackage geometry or NULL. NULL: it has no outline. Failed: the blob is damaged. */
dk_cql2_answer dk_cql2_spatial_answer(const dk_cql2_spatial *spatial, const void *blob, size_t size);
/* Whether one of the filter's geometries is in a relation to another. */
dk_cql2_answer dk_cql2_literals_answer(dk_cql2_op op, const dk_cql2_literal *a, const dk_cql2_literal *b);

#endif
