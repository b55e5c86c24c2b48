#include "ingest/cell.h"

#include <inttypes.h>
#include <math.h>
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
