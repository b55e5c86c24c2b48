#include "store/grid_measure.h"

#include <math.h>
#include <string.h>

/* More than a row can have: an integer has 64 bits, and a number is below 10^15 (load_check.c). */
#define MOST_SUMMED 1e19

double dk_grid_field_figure(const dk_field *field, const dk_value *value)
{
    if (field->type != DK_FIELD_TEXT)
        return value->type == DK_INTEGER ? (double)value->integer : value->type == DK_REAL ? value->real : 0;
    for (size_t i = 0; value->type == DK_TEXT && i < field->n_values; i++)
        if (strlen(field->values[i]) == value->text.size &&
            memcmp(field->values[i], value->text.data, value->text.size) == 0)
            return (double)i;
    return -1;
}

static dk_grid_sum brings(const dk_grid_measure *measure, double figure)
{
    if (measure->value >= 0)
        return figure == measure->value;
    return (dk_grid_sum)round(fmin(fmax(figure, -MOST_SUMMED), MOST_SUMMED) * DK_GRID_SUM_SCALE);
}

void dk_grid_measures_add(const dk_kind *layer, const double *figures, dk_grid_sum *sums)
{
    for (size_t i = 0; i < layer->n_grid_measures; i++) {
        if (i > 0 && dk_grid_measure_first(&layer->grid_measures[i]))
            figures++;
        sums[i] = dk_grid_sum_plus(sums[i], brings(&layer->grid_measures[i], *figures), 1);
    }
}

void dk_grid_measures_of(const dk_kind *layer, const dk_value *values, dk_grid_sum *sums)
{
    double figures[DK_GRID_MAX_SUMS];
    size_t n = 0;
    for (size_t i = 0; i < layer->n_grid_measures; i++) {
        const dk_grid_measure *measure = &layer->grid_measures[i];
        if (dk_grid_measure_first(measure))
            figures[n++] = dk_grid_field_figure(&layer->fields[measure->field], &values[measure->field]);
    }
    dk_grid_measures_add(layer, figures, sums);
}

dk_value dk_grid_measure_value(const dk_grid_measure *measure, dk_grid_sum sum)
{
    if (measure->value < 0)
        return dk_value_real((double)sum / DK_GRID_SUM_SCALE);
    return sum == 0 ? dk_value_null() : dk_value_integer((int64_t)sum);
}
