/* Cells of a source made into typed values of fields. */
#ifndef DK_INGEST_VALUES_H
#define DK_INGEST_VALUES_H

#include "ingest/cell.h"
#include "ingest/units.h"
#include "store/catalogue.h"
#include "store/value.h"

typedef struct dk_value_context {
    bool spreadsheet;    /* numbers went through Excel: dates may be serials, long numbers are mangled */
    dk_unit column_unit; /* from the column's name; DK_UNIT_NONE: none */
} dk_value_context;

/* The value of a field from a cell. Text values are appended to memory, NUL-terminated: *ret_offset says where, and
 * ret_value->text.data is NULL until the caller, when memory no longer grows, sets it to memory->data + *ret_offset.
 * An empty or blank cell gives DK_NULL. false: the cell is no such value, and ret_problem (problem_size bytes) gets a
 * sentence without file and row. Text and URL fields are trimmed; 文号 and division codes are left to the store. */
bool dk_value_from_cell(const dk_field *field, const dk_cell *cell, const dk_value_context *context, dk_buf *memory,
                        dk_value *ret_value, size_t *ret_offset, char *ret_problem, size_t problem_size);

/* Parts of it, for other callers and tests. text is NFKC-folded, without blanks at its ends. */
bool dk_date_from_text(const char *text, char ret_date[11]); /* 2020-06-15, 2020.6.15, 2020年6月15日, 20200615 … */
/* The day that it is in China at a minute of a date whose clock is so many minutes before UTC's, -720 to 840; programs
 * write midnight of the 15th as 2020-06-14T16:00:00Z. false: no day of the calendar. */
bool dk_date_in_china(char date[11], int minute, int offset);
bool dk_date_from_serial(double serial, char ret_date[11]); /* Excel's 1900 system, from 1900-03-01 on */
/* The day that a number, or five digits, of a sheet counts though its format shows none, in the system of its workbook.
 * false: it is rather a year, or a number: it counts no day of 1949-10-01 to 2099-12-31. */
bool dk_date_from_count(const dk_cell *cell, char ret_date[11]);
/* A number with optional thousands commas, followed by an optional unit whose text is returned. */
bool dk_number_from_text(const char *text, double *ret_number, const char **ret_unit);
/* Digits that Excel has lost: 3.41321E+17, or more than 15 digits of which those from the 16th on are zeros. */
bool dk_number_mangled(const char *text, size_t size);
/* What a spreadsheet writes into a CSV where someone has entered 1-2 (1月2日, 2-Jan, Jan-02) or 2020E1 (2.02E+04). */
typedef enum dk_mangled { DK_MANGLED_NOT, DK_MANGLED_DAY, DK_MANGLED_POWER } dk_mangled;
dk_mangled dk_name_mangled(const char *text, size_t size);

#endif
