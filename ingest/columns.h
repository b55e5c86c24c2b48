/* Which column of a source fills which field of a kind. */
#ifndef DK_INGEST_COLUMNS_H
#define DK_INGEST_COLUMNS_H

#include "ingest/source.h"
#include "ingest/units.h"
#include "store/catalogue.h"

/* A column or field as the command line names it. */
typedef struct dk_pair {
    const char *name;    /* field */
    const char *value;   /* column (--field) or value (--set) */
    const char *written; /* value as a profile has it, with {folder} in it; NULL: as it is */
} dk_pair;

typedef struct dk_column_options {
    const dk_pair *fields; /* --field name=column */
    size_t n_fields;
    const dk_pair *sets; /* --set name=value: the field needs no column */
    size_t n_sets;
    const dk_pair *merged; /* --merged FIELD=first|each */
    size_t n_merged;
    const char *const *ignore; /* --ignore COLUMN; "*" ignores every column that is not known */
    size_t n_ignore;
    bool key_only; /* required fields but the key may lack a column: the rows are there already */
} dk_column_options;

#define DK_COLUMN_IGNORED (-1)

typedef struct dk_mapping {
    int *field;     /* per column: field index or DK_COLUMN_IGNORED */
    dk_unit *units; /* per column: the unit that its name gives, e.g. 面积(亩); DK_UNIT_NONE if none */
    bool *above;    /* per column: not its name gives the unit, but a line above the header */
    size_t n_columns;
    int *column;  /* per field: column index or -1 */
    dk_buf notes; /* one sentence a line about columns that were found by prefix or left out; NUL-free */
} dk_mapping;

/* Resolves the columns. DK_INVALID: unknown column, two columns for one field, a required field without one … in one
 * sentence that begins with path. */
dk_status dk_mapping_resolve(const dk_kind *kind, const dk_column *columns, size_t n_columns,
                             const dk_column_options *options, const char *path, dk_mapping *ret_mapping,
                             dk_error *err);
void dk_mapping_finish(dk_mapping *mapping);

/* Gives the units that hold for a whole table to its columns, which are those from `first` to before `end`, that say
 * none. Notes those of which nothing says the unit where one of the units is a price: 元/亩 may be two. */
void dk_mapping_units(dk_mapping *mapping, const dk_kind *kind, size_t first, size_t end, const dk_unit *units,
                      size_t n_units);
/* How many of the columns, the first ones, are those that a rejects file (ingest/rejects.h) has before those of the
 * source; 0: it is none. */
size_t dk_columns_of_rejects(const dk_column *columns, size_t n_columns);
/* Whether a field is an amount of money or an area, which several rows cannot share without being counted twice. */
bool dk_field_is_amount(const dk_field *field);

/* Of an amount in a cell that is merged over rows: whose it is. A name or a date holds for all of them. */
typedef enum dk_merged {
    DK_MERGED_OWN,    /* the row's, or the cell is not merged, or no amount */
    DK_MERGED_OTHERS, /* the first row's, which is another */
    DK_MERGED_UNSAID  /* nobody has said how it is divided */
} dk_merged;
dk_merged dk_merged_amount(const dk_field *field, const dk_cell *cell, const dk_pair *merged, size_t n_merged);

/* Replaces out by a name as names are compared: under NFKC, without regard to case and blanks, as a sheet's header may
 * be broken into two lines; NUL-terminated. false: out of memory. */
bool dk_column_fold(const char *name, dk_buf *out);

/* Whether two names are the same so. false also: out of memory. */
bool dk_column_same(const char *a, const char *b);

/* The first column of a name: one that is called so to the letter, else one of the same name; n: there is none. */
size_t dk_column_find(const dk_column *columns, size_t n, const char *name);

/* Whether the name alone, without --field or --ignore, is known to the kind: a field, its title or an alias. */
bool dk_column_known(const dk_kind *kind, const char *name);

#endif
