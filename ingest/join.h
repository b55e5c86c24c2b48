/* A ledger held in memory, to give its columns to the rows of other sources by a key that both have: shapes without
 * attributes, and a table with them. Keys are compared under NFKC, without regard to case and blanks, and 文号 in their
 * normal form. */
#ifndef DK_INGEST_JOIN_H
#define DK_INGEST_JOIN_H

#include "ingest/source.h"

#define DK_JOIN_MAX_ROWS 2000000
#define DK_JOIN_MAX_BYTES (512u << 20)

typedef struct dk_join dk_join;

typedef struct dk_join_options {
    const char *path;  /* of the ledger */
    const char *on;    /* KEY, a column of both, or COLUMN=KEY: that of the source, that of the ledger */
    const char *layer; /* sheet or layer of the ledger; NULL: the only one */
    const dk_encoding *encoding;
    bool (*is_column)(const char *name, void *user); /* as for a source, to find the ledger's header */
    void *user;
} dk_join_options;

/* Reads all of the ledger. DK_INVALID etc. with a sentence that names it. */
dk_status dk_join_open(const dk_join_options *options, dk_join **ret_join, dk_error *err);
void dk_join_close(dk_join *join); /* NULL-safe */

const char *dk_join_path(const dk_join *join);
/* The name of the key in a source. */
const char *dk_join_on(const dk_join *join);
/* The name of the key in the ledger. */
const char *dk_join_key(const dk_join *join);
/* The ledger's columns, but for a key that is called the same in the source; names are owned by the join. */
size_t dk_join_columns(const dk_join *join, const dk_column **ret_columns);
bool dk_join_is_sheet(const dk_join *join);
/* The units that a line above the ledger's header gives for all its columns that say none. */
size_t dk_join_units(const dk_join *join, const dk_unit **ret_units);
/* What was decided in reading it, one sentence a line. */
const char *dk_join_notes(const dk_join *join);

typedef struct dk_join_row {
    int64_t number;       /* in the ledger */
    const dk_cell *cells; /* one for each column; valid as long as the join */
    const char *problem;  /* a sentence why the row cannot be read, or NULL */
    int64_t again;        /* another row with this key, or 0 */
} dk_join_row;
/* The row of a key, which then has a partner. false: there is none. DK_NOMEM through *ret_nomem. */
bool dk_join_find(dk_join *join, const dk_cell *key, dk_join_row *ret_row, bool *ret_nomem);

/* Marks a place, and takes back the partners that rows have had since, for a file that is left out. Neither while rows
 * are looked for by another thread. */
void dk_join_mark(dk_join *join);
void dk_join_undo(dk_join *join);

/* One of the ledger's columns gives an amount or an area, which is then counted for each row that it is given to; the
 * first one that is said is told of. name: of the field, to be said. false: out of memory. */
bool dk_join_gives_amount(dk_join *join, const char *name);

/* Rows without partner so far: how many, and sentences about the ledger's rows, a line each: which have no partner, no
 * key, or give an amount to several rows. */
size_t dk_join_left(const dk_join *join, dk_buf *out);

#endif
