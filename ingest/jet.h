/* Tables of an Access database of the Jet 4 format (.mdb, Access 2000 to 2003), read page by page. Form: HACKING.md of
 * mdbtools, "Jet4". Each row is given or told of: a table whose definition counts other rows than there are is a
 * failure, not an end. */
#ifndef DK_INGEST_JET_H
#define DK_INGEST_JET_H

#include "store/buf.h"
#include "store/status.h"

#define DK_JET_PAGE 4096
#define DK_JET_MAX_TABLES 32768                   /* as Access has it */
#define DK_JET_MAX_COLUMNS 1024                   /* Access has 255 */
#define DK_JET_MAX_VALUE (256u << 20)             /* bytes of a memo or an OLE value */
#define DK_JET_MAX_DEFINITION (DK_JET_PAGE * 256) /* bytes; Access needs some 64 KB at most */

typedef struct dk_jet dk_jet;
typedef struct dk_jet_table dk_jet_table;

typedef enum dk_jet_type { /* as in the file */
                           DK_JET_BOOL = 1,
                           DK_JET_BYTE = 2,
                           DK_JET_INT = 3,  /* 16 bits */
                           DK_JET_LONG = 4, /* 32 bits */
                           DK_JET_MONEY = 5,
                           DK_JET_SINGLE = 6,
                           DK_JET_DOUBLE = 7,
                           DK_JET_DATE = 8,
                           DK_JET_BINARY = 9,
                           DK_JET_TEXT = 10,
                           DK_JET_OLE = 11,
                           DK_JET_MEMO = 12,
                           DK_JET_GUID = 15,
                           DK_JET_NUMERIC = 16
} dk_jet_type;

typedef struct dk_jet_column {
    const char *name; /* UTF-8 */
    int type;         /* a dk_jet_type, or what no Access 2000 writes */
    bool wanted;      /* false: its values are not fetched and are NULL */
    /* where it lies in a row */
    unsigned number, variable, offset, size; /* size: bytes of a text or of bytes, at most; of a fixed one always */
    unsigned char flags, scale;
} dk_jet_column;

typedef struct dk_jet_value {
    bool null;
    bool bad;                  /* it cannot be read: the file is damaged there; then null too */
    const unsigned char *data; /* TEXT and MEMO in UTF-8 with a NUL behind it, others as in the file; BOOL: one byte */
    size_t size;
} dk_jet_value;

/* DK_INVALID with a sentence that begins with path: no Access database, of another version, encrypted, cut off,
 * damaged. */
dk_status dk_jet_open(const char *path, dk_jet **ret_jet, dk_error *err);
/* The same over bytes in memory, which must outlive it. */
dk_status dk_jet_open_memory(const void *data, size_t size, dk_jet **ret_jet, dk_error *err);
void dk_jet_close(dk_jet *jet); /* NULL-safe; after its tables */

/* The names of its tables, those of the system too, in the order of the catalogue. */
size_t dk_jet_tables(const dk_jet *jet, const char *const **ret_names);
/* As it is written there; NULL: there is none. Upper and lower case count as one. */
const char *dk_jet_find(const dk_jet *jet, const char *name);

/* DK_NOT_FOUND: there is none of that name. */
dk_status dk_jet_table_open(dk_jet *jet, const char *name, dk_jet_table **ret_table, dk_error *err);
void dk_jet_table_close(dk_jet_table *table); /* NULL-safe */
/* In the order of the table. The caller may set wanted. */
size_t dk_jet_columns(dk_jet_table *table, dk_jet_column **ret_columns);
/* By name, in any case; -1: there is none. */
int dk_jet_column_of(const dk_jet_table *table, const char *name);
int64_t dk_jet_rows(const dk_jet_table *table); /* that the definition counts */

/* DK_OK with a value for each column, valid until the next; DK_END behind as many rows as the definition counts;
 * DK_INVALID if there are others, or the table cannot be read further. *ret_bad: the row is damaged, and all its values
 * are NULL. */
dk_status dk_jet_next(dk_jet_table *table, const dk_jet_value **ret_values, bool *ret_bad, dk_error *err);

/* What a value that is not NULL says. */
int64_t dk_jet_integer(const dk_jet_column *column, const dk_jet_value *value); /* BOOL (0, 1), BYTE, INT, LONG */
double dk_jet_real(const dk_jet_column *column, const dk_jet_value *value);     /* SINGLE, DOUBLE; perhaps not finite */
/* Appends MONEY and NUMERIC as exact decimals, GUID as {…}. */
void dk_jet_text(const dk_jet_column *column, const dk_jet_value *value, dk_buf *out);
/* false: it is no date from the year 100 to 9999. */
bool dk_jet_date(const dk_jet_value *value, int *ret_year, int *ret_month, int *ret_day);

#endif
