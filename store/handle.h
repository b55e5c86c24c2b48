/* Inside the store library: the open handle, prepared statements and the tables' names. SQL is spoken only in files
 * that include this header. */
#ifndef DK_STORE_HANDLE_H
#define DK_STORE_HANDLE_H

#include "store/cells.h"
#include "store/query.h"
#include "store/store.h"

#include <sqlite3.h>

#define DK_STORE_VERSION 1

/* Statements that a handle keeps prepared, per kind where they name a kind's tables (schema.c). */
typedef enum dk_stmt_id {
    DK_STMT_ROW,         /* row -> key, feature, batch, replaces, geom, fields… */
    DK_STMT_ROW_META,    /* row -> key, feature, batch, replaces */
    DK_STMT_ROW_FIELDS,  /* row -> key, feature, batch, replaces, NULL, fields… */
    DK_STMT_KEY_ROWS,    /* key -> row, batch, source_row ; newest first */
    DK_STMT_KEYS_AFTER,  /* (key, row) after (?, ?) in order, at most ? -> row, key */
    DK_STMT_LIFE,        /* row, generation -> born, died of the life that holds then */
    DK_STMT_LIFE_INSERT, /* row, born */
    DK_STMT_LIFE_END,    /* row, generation: ends the open life */
    DK_STMT_INSERT_ROW,  /* every column */
    DK_STMT_BATCH_ROWS,  /* batch, row > ? -> row, key, replaces */
    DK_STMT_TERM,        /* field, text -> term */
    DK_STMT_TERM_INSERT, /* field, text */
    DK_STMT_TERM_FROM,   /* field, text >= ? in order -> term, text */
    DK_STMT_TERM_ALL,    /* field, term > ? -> term, text */
    DK_STMT_POST_INSERT, /* term, row */
    DK_STMT_POST_ROWS,   /* term -> rows in order */
    DK_STMT_POST_SEEK,   /* term, row -> the first row not below it */
    DK_STMT_CELL_SCAN,   /* level, cell from, cell to */
    DK_STMT_CELL_NEXT,   /* the first level above ? that has cells */
    DK_STMT_CELL_INSERT,
    DK_STMT_CELL_END, /* level, cell, row, generation */
    DK_STMT_SUMMARY,  /* generation -> rows, west, south, east, north */
    DK_STMT_BATCH,    /* batch -> state, published_in, withdrawn_in */
    DK_STMT_COUNT
} dk_stmt_id;

struct dk_store {
    sqlite3 *db;
    char *path;
    dk_open_mode mode;
    int lock; /* descriptor of STORE-lock, -1 for readers */
    dk_catalogue *catalogue;
    sqlite3_stmt *statements[DK_MAX_KINDS][DK_STMT_COUNT];
    sqlite3_stmt *generation;
    uint64_t indexed[DK_MAX_KINDS]; /* fields whose terms are kept: those of links, totals and search */
    /* Levels that have cells, as a bit set, as of a generation. */
    struct {
        int64_t generation;
        uint32_t bits;
        bool known;
    } levels[DK_MAX_KINDS];
};

/* One batch's place in time, as readers of rows need it. state: l, s, p, w for loading, staged, published, withdrawn.
 */
typedef struct dk_batch_life {
    char state;
    int64_t published_in, withdrawn_in;
} dk_batch_life;

/* ---- statements (sql.c) ---- */

/* The message of the last SQLite error on the handle, as a status. doing: "reading parcels". */
dk_status dk_sql_fail(dk_store *store, dk_error *err, const char *doing);
dk_status dk_sql_run(dk_store *store, const char *sql, dk_error *err);
dk_status dk_sql_prepare(dk_store *store, const char *sql, sqlite3_stmt **ret_stmt, dk_error *err);
/* A kept statement, reset and with its bindings cleared. Reset it after use, so that no snapshot is held. */
dk_status dk_sql_kept(dk_store *store, const dk_kind *kind, dk_stmt_id id, sqlite3_stmt **ret_stmt, dk_error *err);
/* Steps once: DK_OK with a row, DK_END, or a failure. */
dk_status dk_sql_step(dk_store *store, sqlite3_stmt *stmt, dk_error *err);
/* A statement without result rows: binds nothing, steps, resets. */
dk_status dk_sql_done(dk_store *store, sqlite3_stmt *stmt, dk_error *err);
dk_status dk_sql_begin(dk_store *store, dk_error *err);
dk_status dk_sql_commit(dk_store *store, dk_error *err);
void dk_sql_rollback(dk_store *store);
void dk_sql_finalize_all(dk_store *store);

/* ---- schema (schema.c) ---- */

dk_status dk_schema_create(dk_store *store, const char *yaml, size_t size, dk_error *err);
/* Which fields of each kind have terms. */
void dk_schema_indexed(const dk_catalogue *catalogue, uint64_t *ret_indexed);

/* ---- batches and recovery (store.c) ---- */

dk_status dk_batch_life_of(dk_store *store, int64_t batch, dk_batch_life *ret_life, dk_error *err);
/* Takes a batch and all its rows away: a load that was given up. kind NULL: one the catalogue no longer has. */
dk_status dk_batch_drop(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err);
/* Undoes a publish or withdraw that did not reach its last commit. */
dk_status dk_pending_undo(dk_store *store, dk_error *err);
/* UTC now as YYYY-MM-DDTHH:MM:SSZ. */
void dk_now(char ret_text[24]);

/* ---- rows (rows.c) ---- */

/* A row as it is stored, before any audience has looked at it. */
typedef struct dk_stored_row {
    int64_t row, batch, replaces;
    uint64_t feature;
    const char *key;
    const unsigned char *blob; /* GeoPackage geometry or NULL */
    size_t blob_size;
    dk_value values[DK_MAX_FIELDS];
    sqlite3_stmt *stmt; /* holds the memory; reset by dk_stored_row_release */
} dk_stored_row;
dk_status dk_stored_row_read(dk_store *store, const dk_kind *kind, int64_t row, bool with_geometry,
                             dk_stored_row *ret_row, dk_error *err);
void dk_stored_row_release(dk_stored_row *row);

/* Whether a row is published in a generation. */
dk_status dk_row_alive(dk_store *store, const dk_kind *kind, int64_t row, int64_t generation, bool *ret_alive,
                       dk_error *err);
/* The row that is published under a key in a generation, 0: none. */
dk_status dk_row_of_key(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t *ret_row,
                        dk_error *err);
/* The newest version of a key that is staged or published (whatever the generation), 0: none. */
dk_status dk_row_newest(dk_store *store, const dk_kind *kind, const char *key, int64_t *ret_row, int64_t *ret_batch,
                        int64_t *ret_source_row, dk_error *err);
/* What the viewer sees of a stored row. seen->values points to values, which must have DK_MAX_FIELDS places. */
void dk_row_seen(const dk_kind *kind, const dk_stored_row *row, const dk_view *view, bool with_geometry,
                 dk_value *values, char *label, size_t label_size, dk_row *ret_seen);

/* A growing list of row numbers with their keys, for results that must be ordered by key. */
typedef struct dk_key_list {
    struct dk_key_entry {
        int64_t row;
        size_t key; /* offset in keys */
    } * entries;
    size_t n, capacity;
    dk_buf keys;
} dk_key_list;
dk_status dk_key_list_add(dk_key_list *list, int64_t row, const char *key, dk_error *err);
/* By key in bytes; repeated rows are dropped. */
void dk_key_list_sort(dk_key_list *list);
const char *dk_key_list_key(const dk_key_list *list, size_t i);
void dk_key_list_finish(dk_key_list *list);
/* Gives rows of a sorted list from after (NULL: the start), at most limit, through the viewer. */
dk_status dk_key_list_give(dk_store *store, const dk_kind *kind, const dk_key_list *list, const dk_view *view,
                           const char *after, size_t limit, bool with_geometry, dk_row_fn each, void *user,
                           dk_error *err);

/* ---- terms and links (links.c) ---- */

/* Calls each for the terms of a field's value: folded text, one per 文号. Stops when it returns false. */
typedef bool (*dk_term_fn)(const char *term, size_t size, void *user);
void dk_terms_of(const dk_field *field, const dk_value *value, dk_term_fn each, void *user);
/* Writes the terms of a row. cache: one kind's, freed with free(); NULL does without. */
typedef struct dk_term_cache dk_term_cache;
dk_term_cache *dk_term_cache_create(void);
dk_status dk_terms_write(dk_store *store, const dk_kind *kind, dk_term_cache *cache, int64_t row,
                         const dk_value *values, dk_error *err);

/* Instead of a generation: the rows that would count if every staged batch were published (for a load's checks). */
#define DK_ANY_GENERATION (-1)
/* The rows of another kind that are linked to a row with these stored values, unsorted, at most `most`. */
dk_status dk_linked_rows(dk_store *store, const dk_kind *kind, const char *key, const dk_value *values,
                         const dk_kind *other, int64_t generation, size_t most, dk_key_list *list, dk_error *err);
/* Fills empty text fields that inherit over a link, if all linked rows agree. memory keeps the texts. */
dk_status dk_inherit(dk_store *store, const dk_kind *kind, const char *key, dk_value *values, dk_buf *memory,
                     bool *ret_disagree, dk_error *err);
/* Rows that have a term in a field, in row order. each returns false to stop. */
dk_status dk_rows_of_term(dk_store *store, const dk_kind *kind, int field, const char *term, size_t size,
                          bool (*each)(int64_t row, void *user), void *user, dk_error *err);

/* ---- cells (cells.c) ---- */

dk_status dk_cell_insert(dk_store *store, const dk_kind *layer, int64_t row, int64_t born, dk_error *err);
dk_status dk_cell_end(dk_store *store, const dk_kind *layer, int64_t row, int64_t died, dk_error *err);
/* The cell of a box: its level, and the Morton code of the cell that holds its north-west corner. */
void dk_cell_of(const dk_world_box *box, int *ret_level, uint64_t *ret_cell);

#endif
