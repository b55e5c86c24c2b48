/* One cell as a source gives it, before it becomes a field's value. */
#ifndef DK_INGEST_CELL_H
#define DK_INGEST_CELL_H

#include "ingest/units.h"
#include "store/buf.h"

typedef enum dk_cell_type {
    DK_CELL_EMPTY = 0,
    DK_CELL_TEXT,
    DK_CELL_INTEGER,
    DK_CELL_REAL,
    DK_CELL_DATE /* text YYYY-MM-DD */
} dk_cell_type;

typedef struct dk_cell {
    dk_cell_type type;
    const char *text; /* TEXT, DATE: UTF-8 with a NUL behind it; borrowed until the next row. REAL: what the sheet shows
                         for it, if that is more than the number, DK001, 001 or 3.00E+12; else "" */
    size_t size;      /* bytes of text */
    bool no_number;   /* TEXT: it stands in a column of numbers, and is none */
    const char *unread;  /* a lasting sentence why what stands there cannot be read, and the text is ""; NULL: it can */
    bool error;          /* TEXT: a formula has failed, and this is what the sheet shows for it */
    int64_t integer;     /* INTEGER */
    double real;         /* REAL */
    const dk_unit *unit; /* that the cell's number format shows behind the number, as the reader of the sheet keeps it;
                            NULL: none */
    bool divided;        /* REAL: its number format shows it divided by thousands or more */
    bool exponent;       /* REAL: its number format shows an exponent, 3.00E+12 */
    bool no_day;         /* DATE: the first of a month, of which its number format shows no day */
    bool no_year;        /* DATE: its number format shows no year, which then may be the one in which it was entered */
    int32_t day_zero;    /* of a sheet: the day that its workbook counts as 0, in days since 1899-12-30 */
    int64_t merged_rows; /* that share it, the cells being merged; 0: it is the row's own */
    bool merged_first;   /* this is the first of them, where it stands */
} dk_cell;

/* Appends the cell as one reads it; nothing for an empty one. */
void dk_cell_append(const dk_cell *cell, dk_buf *out);

/* A number that a file keeps in 24 bits, as it was written: 0.1, and not what is nearest to it. One that needs more
 * bits stays as it is. */
double dk_cell_single(double number);

/* Bytes of the blank with which a text begins: ASCII white space, U+00A0, U+3000, U+200B, U+FEFF. 0: there is none. */
size_t dk_blank_at(const char *text, size_t size);

/* Whether it holds nothing but blanks. */
bool dk_cell_blank(const dk_cell *cell);

#endif
