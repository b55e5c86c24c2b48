#include "ingest/cell.h"

#include <ctype.h>
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

size_t dk_blank_at(const char *text, size_t size)
{
    static const char *const wide[] = {"\xC2\xA0", "\xE3\x80\x80", "\xE2\x80\x8B", "\xEF\xBB\xBF"};
    if (size > 0 && isspace((unsigned char)text[0]))
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        const size_t n = strlen(wide[i]);
        if (size >= n && memcmp(text, wide[i], n) == 0)
            return n;
    }
    return 0;
}

bool dk_cell_blank(const dk_cell *cell)
{
    size_t at = 0, n;
    if (cell->type != DK_CELL_TEXT)
        return cell->type == DK_CELL_EMPTY;
    while ((n = dk_blank_at(cell->text + at, cell->size - at)) > 0)
        at += n;
    return at == cell->size;
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
