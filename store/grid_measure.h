/* What a row brings to the measures of its layer's grid (dk_kind.grid_measures): the number in a field, or one to the
 * count of the value that it has. */
#ifndef DK_STORE_GRID_MEASURE_H
#define DK_STORE_GRID_MEASURE_H

#include "store/catalogue.h"
#include "store/grid.h"
#include "store/value.h"

#define DK_GRID_SUM_SCALE 10000 /* a sum of 1 is kept as this many; a count is kept as it is */

/* Whether a measure is the first one of its field: those of one field follow each other. */
static inline bool dk_grid_measure_first(const dk_grid_measure *measure)
{
    return measure->value <= 0;
}

/* What all measures of a field need of a row: the number, 0 if there is none; or which of the field's values it is, -1
 * if it is none of them. */
double dk_grid_field_figure(const dk_field *field, const dk_value *value);

/* Adds a row to sums, one for each of the layer's measures. figures: of their fields, in the order of the measures. */
void dk_grid_measures_add(const dk_kind *layer, const double *figures, dk_grid_sum *sums);

/* The same from the values of a row, one for each field of the layer. */
void dk_grid_measures_of(const dk_kind *layer, const dk_value *values, dk_grid_sum *sums);

/* What a tile says of a measure. */
dk_value dk_grid_measure_value(const dk_grid_measure *measure, dk_grid_sum sum);

#endif
