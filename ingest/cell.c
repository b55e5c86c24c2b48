#include "ingest/cell.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dk_cell_append(const dk_cell *cell, dk_buf *out)
{
    switch (cell->type) {
    case DK_CELL_EMPTY:
        break;
    case DK_CELL_TEXT:
    case DK_CELL_DATE:
        dk_buf_append(out, cell->text, cell->size);
        break;
    case DK_CELL_INTEGER:
        dk_buf_format(out, "%" PRId64, cell->integer);
        break;
    case DK_CELL_REAL:
        if (cell->size > 0) {
            dk_buf_append(out, cell->text, cell->size);
            break;
        }
        /* Whole numbers without an exponent, so that a 地块编号 kept as a number reads as its digits. */
        if (fabs(cell->real) < 1e15 && cell->real == floor(cell->real))
            dk_buf_format(out, "%.0f", cell->real);
        else
            dk_buf_format(out, "%.15g", cell->real);
        break;
    }
}

bool dk_cell_blank(const dk_cell *cell)
{
    return cell->type == DK_CELL_EMPTY || (cell->type == DK_CELL_TEXT && strspn(cell->text, " \t\r\n") == cell->size);
}

double dk_cell_single(double number)
{
    char text[40];
    if (!(fabs(number) <= FLT_MAX) || (double)(float)number != number)
        return number;
    const float single = (float)number;
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtof(text, NULL) == single)
            break;
    }
    return strtod(text, NULL);
}
