/* A table of a sheet or CSV while its header is found and its rows are read. Private to source_table.c and table_*.c.
 */
#ifndef DK_INGEST_TABLE_INTERNAL_H
#define DK_INGEST_TABLE_INTERNAL_H

#include "ingest/source_internal.h"
#include "ingest/unit_line.h"

enum {
    DK_HEADER_ROWS = 20, /* how far down a header is looked for */
    DK_NAMED_ROWS = 20,  /* so many rows that were left out are named one by one */
};

typedef struct dk_table_head {
    int64_t number;
    char **texts; /* "" where there is nothing */
    size_t n;
    bool units; /* of the header: the row that says the units of the columns */
} dk_table_head;

/* A merged cell's value, for the rows below the first. */
typedef struct dk_table_held {
    dk_sheet_merge merge; /* last_row 0: nothing is held */
    dk_cell cell;
    dk_buf text;
} dk_table_held;

/* The label of a group of rows stands above them, a footer below all. */
typedef enum dk_row_role { DK_ROW_DATA, DK_ROW_TOTAL, DK_ROW_LABEL, DK_ROW_FOOTER, DK_ROW_HEADER } dk_row_role;

/* Rows that a note names. */
typedef struct dk_named_rows {
    int64_t n, first[DK_NAMED_ROWS];
} dk_named_rows;

struct dk_source_table {
    dk_table_head rows[DK_HEADER_ROWS]; /* the first of the file */
    size_t n_rows, top, bottom;         /* top to bottom are the header */
    int64_t *last;                      /* of each raw column of a sheet, the last row with a value in it */
    size_t n_last;
    dk_sheet_merge *merges; /* by first row, first column */
    size_t n_merges, next_merge;
    dk_table_held *held; /* by raw column */
    size_t n_held;
    dk_unit units[DK_UNIT_LINE_MOST]; /* that a line above the header gives */
    size_t n_units;
    int64_t unclear_row; /* one that says 单位, and what is not understood; 0: none */
    int64_t late_units;  /* a row below the table that says units of it; 0: none */
    dk_named_rows left_out, hidden;
    dk_named_rows files; /* of a rejects file: rows that stand for a file that was left out */
    size_t spanned;      /* columns with names that one merged cell of the row covers */
    bool data_begun;     /* a row of data has come since the header, or since it came again */
    dk_buf notes, scratch;
};

dk_status dk_table_no_memory(const dk_source *source, dk_error *err); /* DK_NOMEM */
/* Under NFKC, without blanks; valid until the next is folded. NULL: out of memory. */
const char *dk_table_fold(struct dk_source_table *table, const char *text);
/* Adds what a text says about units. title: it may be one, 补偿明细（万元）. */
void dk_table_read_unit_line(struct dk_source_table *table, const char *text, bool title, dk_unit_line *line);

/* ---- the header (table_header.c), in this order ---- */

/* Keeps the row that was read last as one of the first. */
dk_status dk_table_keep_head(dk_source *source, struct dk_source_table *table, dk_error *err);
/* A merged cell of the head stands in all its places. */
dk_status dk_table_spread_heads(dk_source *source, struct dk_source_table *table, dk_error *err);
/* Of the first rows the one with the most known names, else the first; then those above and below that belong to it. */
void dk_table_find_header(struct dk_source_table *table, const dk_source_options *options);
/* What lines above it say about units. */
void dk_table_read_units(struct dk_source_table *table);
/* A head over several columns that is not merged, as in a CSV or where it is centred across them, stands in the first
 * alone: it goes on over the next ones that have a head below and none here. */
dk_status dk_table_continue_heads(const dk_source *source, struct dk_source_table *table, dk_error *err);
/* The source's columns. */
dk_status dk_table_name_columns(dk_source *source, struct dk_source_table *table, const dk_source_options *options,
                                dk_error *err);
/* The text of a row of the header in a column; "": none. */
const char *dk_table_head_text(const dk_table_head *row, size_t column);

/* ---- merged cells (table_merged.c) ---- */

dk_status dk_table_keep_merges(dk_source *source, struct dk_source_table *table, dk_error *err);
/* The merged cell that spans several columns of one row at a column; NULL: none. */
const dk_sheet_merge *dk_table_span_at(const struct dk_source_table *table, int64_t row, size_t column);
/* Whether the row has something that is not a merged cell's of a row above; fills in what is. */
dk_status dk_table_fill_merged(dk_source *source, bool *ret_own, dk_error *err);

/* ---- what a row is (table_role.c) ---- */

/* Of the table's data, or none of them. */
dk_row_role dk_table_role_of(const dk_source *source);
/* The row below a header that numbers the columns, all but one at most: 1 2 3 4, or 甲 乙 1 2 3 where the first hold
 * words. */
bool dk_table_numbers_columns(const dk_source *source);
/* Rows below another header or under other units would be read as those of the first: DK_INVALID. *ret_left_out: it is
 * a line of the same units. */
dk_status dk_table_check_second(const dk_source *source, bool *ret_left_out, dk_error *err);
/* DK_INVALID with the sentence for it; units: it has others, else other columns. */
dk_status dk_table_second(const dk_source *source, bool units, dk_error *err);
/* What a row of one cell or two says about units; returns the number of its cells, 3 for more. A unit alone is said by
 * one cell: beside another it may be data, 青苗 and 亩. title: one that ends in （万元） says it, too. */
size_t dk_table_units_of_row(const dk_source *source, bool title, dk_unit_line *ret_line);
/* Whether a label or footer says other units than those above the header; 元 where nothing is said there is none. */
bool dk_table_says_other_units(const dk_source *source, dk_unit_line *line);

#endif
