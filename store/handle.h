/* Inside the store library: the open handle, prepared statements and the tables' names. SQL is spoken only in files
 * that include this header. */
#ifndef DK_STORE_HANDLE_H
#define DK_STORE_HANDLE_H

#include "store/id_list.h"
#include "store/index.h"
#include "store/query.h"
#include "store/sheet_cache.h"
#include "store/shelf.h"
#include "store/store.h"

#include <sqlite3.h>

#define DK_STORE_VERSION 16
#define DK_BUSY_WAIT_MS 10000 /* for another process's lock */

/* The derived tables of a layer that hold bytes by cell: sheets (sheet.c). */
typedef enum dk_sheet {
    DK_SHEET_BLOCK,  /* store/block.h */
    DK_SHEET_PIECE,  /* the same, of pieces */
    DK_SHEET_GRID,   /* store/grid.h; level is the tile's zoom */
    DK_SHEET_RAISED, /* u16: the rank (store/room.h) below which nothing is drawn; then a grid of what is left out */
    DK_SHEET_RAISED_PLATE, /* the u16 of a tile of CGCS2000Quad */
    DK_SHEET_OVERVIEW,     /* store/overview.h; level is the tile's zoom */
    DK_SHEETS
} dk_sheet;

#define DK_CACHED_STMTS 32

/* Statements that a handle keeps prepared, per kind where they name a kind's tables (schema.c). */
typedef enum dk_stmt_id {
    DK_STMT_ROW,          /* row -> key, feature, batch, replaces, geom, fields… */
    DK_STMT_ROWS,         /* rows of row (feed_table.h) -> row, the same, in that order */
    DK_STMT_ROW_BOX,      /* row -> the GeoPackage envelope: 4 doubles */
    DK_STMT_ROW_META,     /* row -> key, feature, batch, replaces */
    DK_STMT_LIVE_META,    /* row, generation, field -> key, batch, the field, of a row that lives then */
    DK_STMT_ROW_FIELDS,   /* row -> key, feature, batch, replaces, NULL, fields… */
    DK_STMT_OUTLINES,     /* row from, to -> row, geom, the classify field or NULL, the division or NULL ; by row */
    DK_STMT_KEY_ROWS,     /* key -> row, batch, source_row, feature ; newest first */
    DK_STMT_LIFE,         /* row, generation -> born, died of the life that holds then */
    DK_STMT_LIFE_INSERT,  /* row, born */
    DK_STMT_LIVES_INSERT, /* rows of row (feed_table.h), born */
    DK_STMT_LIFE_END,     /* row, generation: ends the open life */
    DK_STMT_INSERT_ROWS,  /* rows of every column, feature to source_row, geom, fields (feed_table.h) */
    DK_STMT_BATCH_ROWS,   /* batch, row > ?, at most ? -> row, key, replaces, feature, the GeoPackage envelope; without
                             the   versions of linked.h */
    DK_STMT_TERM,         /* field, text -> term */
    DK_STMT_TERM_INSERT,  /* field, text */
    DK_STMT_TERM_FROM,    /* field, text >= ? in order -> term, text */
    DK_STMT_TERM_DELETE,  /* term */
    DK_STMT_TERMS_UNUSED, /* term, n -> term, field, text of the n terms behind that no row has, in order */
    DK_STMT_GRAM_INSERT,  /* term, text */
    DK_STMT_GRAM_DELETE,  /* the same */
    DK_STMT_GRAM_FIND,    /* FTS5 query, part, fields -> term, field, text (search_index.c, as the next five) */
    DK_STMT_GRAM_LIST,    /* gram -> grams from it on in order */
    DK_STMT_HIDDEN_INSERT,
    DK_STMT_HIDDEN_DELETE,
    DK_STMT_HIDDEN_FIND,
    DK_STMT_HIDDEN_LIST,
    DK_STMT_SOUND_INSERT,    /* hidden, sound, term */
    DK_STMT_SOUND_FIND,      /* hidden, typed, fields -> term, field, text; the shortest sound first */
    DK_STMT_POSTS_TEXT,      /* field, text -> first, data, term of its blocks in order (posts.c, as the next eight) */
    DK_STMT_POSTS_TEXT_FROM, /* field, text, feature -> the same, from the one on where the feature would be */
    DK_STMT_POSTS,           /* term -> first, data of its blocks in order */
    DK_STMT_POSTS_FROM,      /* term, feature -> first, data of its blocks from the one on where the feature would be */
    DK_STMT_POSTS_LAST,      /* term -> first, data of its last block */
    DK_STMT_POSTS_OF,        /* term, feature -> first, data of the block where it would be, first of the next block */
    DK_STMT_POSTS_FIRST,     /* term -> first, data of its first block, first of the next block */
    DK_STMT_POSTS_WRITE,     /* term, first, data */
    DK_STMT_POSTS_DELETE,    /* term, first */
    DK_STMT_POSTS_ALL,       /* term, first, n -> term, first, data of the n blocks behind */
    DK_STMT_ROW_EXISTS,      /* row -> 1 */
    DK_STMT_ANY_MOVED,       /* -> a row if any is not the first version of its feature */
    DK_STMT_VERSION_OF,      /* row -> the row that it is a version of (linked.h, as the next four) */
    DK_STMT_VERSION_ROWS,    /* row -> its versions */
    DK_STMT_VERSION_INSERT,  /* row, linked values…: a copy with these */
    DK_STMT_VERSION_REPAIR,  /* version, row: a copy of the repair */
    DK_STMT_VERSION_NOTE,    /* version, row */
    DK_STMT_SHEET_SCAN, /* + dk_sheet: id from, to, columns from, to, rows from, to, generation, size -> id, data, or
                           its size where that is larger, or NULL */
    DK_STMT_SHEET_OPEN = DK_STMT_SHEET_SCAN + DK_SHEETS,   /* id from, id to -> id, born, data of the one that lives */
    DK_STMT_SHEET_INSERT = DK_STMT_SHEET_OPEN + DK_SHEETS, /* id, born, data */
    DK_STMT_SHEET_CHANGE = DK_STMT_SHEET_INSERT + DK_SHEETS, /* id, data */
    DK_STMT_SHEET_END = DK_STMT_SHEET_CHANGE + DK_SHEETS,    /* id, generation */
    DK_STMT_SHEET_DELETE = DK_STMT_SHEET_END + DK_SHEETS,    /* id */
    DK_STMT_SHEET_NEXT = DK_STMT_SHEET_DELETE + DK_SHEETS,   /* the first id not below ? */
    DK_STMT_SHEET_IDS = DK_STMT_SHEET_NEXT + DK_SHEETS,      /* from id, to id, how many */
    DK_STMT_DEAD_INSERT = DK_STMT_SHEET_IDS + DK_SHEETS,     /* generation, sheet, id */
    DK_STMT_TOUCHED_INSERT,                                  /* generation, kind, x0, y0, x1, y1 */
    DK_STMT_WEIGHT,                                          /* number of a tile -> drawn, whole (weights.c) */
    DK_STMT_WEIGHT_ADD,                                      /* number of a tile, drawn, whole */
    DK_STMT_WEIGHT_SET,                                      /* the same, in the place of what is there */
    DK_STMT_SHEETS_KEPT,    /* -> the generation up to which dead sheets are gone, how often the index was built anew */
    DK_STMT_SUMMARY,        /* generation -> rows, west, south, east, north */
    DK_STMT_BATCH,          /* batch -> state, published_in, withdrawn_in */
    DK_STMT_DOCUMENTS,      /* kind, generation, key -> sha256, size, media_type, pages, name, audience, attached_at,
                               actor, kind, key */
    DK_STMT_DOCUMENT,       /* sha256, generation -> the same; the widest audience first */
    DK_STMT_DOCUMENT_KINDS, /* generation -> names of kinds */
    DK_STMT_COUNT
} dk_stmt_id;

struct dk_store {
    sqlite3 *db;
    char *path;        /* as it was given, for messages */
    char *file;        /* where that leads: beside it is what is kept beside a store */
    char account[128]; /* DK_ACT_NAME of store/act.h; "": not asked for yet */
    dk_open_mode mode;
    int lock;      /* descriptor of STORE-lock, -1 for readers */
    char *log_key; /* file of private keys; NULL: STORE.log-key, if it is there (log_keys.h) */
    dk_catalogue *catalogue;
    int64_t catalogue_since; /* the generation from which it holds */
    sqlite3_stmt *statements[DK_MAX_KINDS][DK_STMT_COUNT];
    sqlite3_stmt *generation, *begin_reading, *end_reading;
    uint64_t indexed[DK_MAX_KINDS]; /* fields whose terms are kept: those of links, totals and search */
    /* What the reading session knows of a layer's sheets; asked once a generation (index_read.c). */
    struct dk_sheet_levels {
        int64_t generation;
        uint64_t bits[DK_SHEETS]; /* levels that have sheets */
        struct dk_known_cell {
            uint64_t cell;
            uint8_t cut; /* from this zoom on its block is not wanted, as far as known; 255: never */
        } * cells;       /* of the shelves of blocks that have few, one shelf after the other, ascending */
        size_t cells_capacity;
        uint32_t first_cell[DK_SHELVES], n_cells[DK_SHELVES]; /* UINT32_MAX: many */
        bool known;
    } levels[DK_MAX_KINDS];
    /* While blocks are given of which overviews have taken a part: only entries with their label in this tile are
     * drawn. */
    struct dk_label_tile {
        bool only;
        int zoom;
        uint32_t x, y;
    } labels;
    dk_sheet_stamp session;   /* of the reading session under way */
    dk_sheet_cache *sheets;   /* of the process; NULL: none */
    bool in_session;          /* dk_index_begin began the transaction */
    struct dk_wal *wal;       /* a writer's, about the write-ahead log (wal.h) */
    struct dk_raised *raised; /* thresholds read lately (index_read.c) */
    dk_buf large;             /* a large sheet (sheet_scan.c) */
    /* Statements of questions, by their text, which values are no part of; the one used last is the first. */
    struct dk_cached_stmt {
        char *sql;
        sqlite3_stmt *stmt;
    } cached[DK_CACHED_STMTS];
    /* The kinds whose rows have documents, as bits; asked once a generation (document.c). */
    struct dk_document_kinds {
        int64_t generation;
        uint32_t bits;
        bool known;
    } document_kinds;
    struct dk_anchor *anchor; /* the row that was looked up last (anchor.h); NULL: none yet */
    double deadline;          /* of the question under way, seconds of the monotonic clock; 0: none */
    double answer_deadline;   /* of the answer that it is for; 0: none */
    bool late;                /* it was interrupted */
    int32_t today;            /* of tests (clock.h); 0: the real one */
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
/* Appends the text of DK_STMT_BATCH_ROWS with further columns: the fields of these bits, in their order. */
void dk_sql_append_batch_rows(const dk_kind *kind, uint64_t fields, dk_buf *sql);
/* The same as a kept one for a text made for a question; valid until DK_CACHED_STMTS others were asked for. No two uses
 * at once: clear the bindings after use. */
dk_status dk_sql_cached(dk_store *store, const char *sql, sqlite3_stmt **ret_stmt, dk_error *err);
/* Statements that run longer than so many seconds from now, all together, fail with DK_LIMIT. dk_sql_unlimited
 * ends that and says whether it came to it; the limit of the answer, if there is one (dk_store_read_begin), goes on. */
void dk_sql_limit(dk_store *store, double seconds);
bool dk_sql_unlimited(dk_store *store);
/* The limit of a whole answer; 0 ends it. */
void dk_sql_limit_answer(dk_store *store, double seconds);
/* What to say when a question was interrupted: DK_LIMIT (query.c). */
dk_status dk_query_too_slow(dk_error *err);
/* Steps once: DK_OK with a row, DK_END, or a failure. */
dk_status dk_sql_step(dk_store *store, sqlite3_stmt *stmt, dk_error *err);
/* Binds a value; its text is borrowed. */
void dk_sql_bind(sqlite3_stmt *stmt, int column, const dk_value *value);
/* A statement without result rows: binds nothing, steps, resets. */
dk_status dk_sql_done(dk_store *store, sqlite3_stmt *stmt, dk_error *err);
dk_status dk_sql_begin(dk_store *store, dk_error *err);
dk_status dk_sql_commit(dk_store *store, dk_error *err);
void dk_sql_rollback(dk_store *store);
/* A transaction whose commit is synced to disk: the one that makes a generation. end commits if status is DK_OK, and
 * rolls back otherwise; gives status, or why it could not be committed. */
dk_status dk_sql_begin_synced(dk_store *store, dk_error *err);
dk_status dk_sql_end_synced(dk_store *store, dk_status status, dk_error *err);
/* A transaction that only reads; both do nothing but run a kept statement. */
dk_status dk_sql_begin_reading(dk_store *store, dk_error *err);
void dk_sql_end_reading(dk_store *store);
void dk_sql_finalize_all(dk_store *store);

/* ---- schema (schema.c) ---- */

dk_status dk_schema_create(dk_store *store, const char *yaml, size_t size, dk_error *err);
/* Makes the tables fit the catalogue that the store has now, where another one was before: what that had and no row has
 * a value in may go, what is new is empty. Within the caller's transaction. */
dk_status dk_schema_follow(dk_store *store, const dk_catalogue *before, dk_error *err);
/* Which fields of each kind have terms. */
void dk_schema_indexed(const dk_catalogue *catalogue, uint64_t *ret_indexed);

/* ---- batches and recovery (store.c) ---- */

dk_status dk_batch_life_of(dk_store *store, int64_t batch, dk_batch_life *ret_life, dk_error *err);
/* Takes a batch and all its rows away: a load that was given up. kind NULL: one the catalogue no longer has. */
dk_status dk_batch_drop(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err);
/* Undoes a publish or withdraw that did not reach its last commit. */
dk_status dk_pending_undo(dk_store *store, dk_error *err);
/* Takes the catalogue that is in force now (in the transaction under way, too) in place of the one that the handle has:
 * all that points into that one is invalid. After a failure the handle can only be closed. */
dk_status dk_store_catalogue_again(dk_store *store, dk_error *err);
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
    /* Made by dk_row_seen for a viewer: */
    dk_buf coarse;                           /* the outline that they are shown */
    char masks[DK_MAX_FIELDS][DK_MASK_SIZE]; /* and the texts */
    sqlite3_stmt *stmt;                      /* holds the memory; reset by dk_stored_row_release */
} dk_stored_row;
dk_status dk_stored_row_read(dk_store *store, const dk_kind *kind, int64_t row, bool with_geometry,
                             dk_stored_row *ret_row, dk_error *err);
/* The same from a result of columns key, feature, batch, replaces, outline, fields, which begin at `column`. The
 * statement is not reset by dk_stored_row_release. */
void dk_stored_row_columns(sqlite3_stmt *stmt, int column, const dk_kind *kind, int64_t row, dk_stored_row *ret_row);
/* These rows with their geometry, one after the other in this order, with one statement; each is told of and released.
 * What each gives ends the reading, if it is not DK_OK. */
dk_status dk_stored_rows_read(dk_store *store, const dk_kind *kind, const int64_t *rows, size_t n,
                              dk_status (*each)(const dk_stored_row *row, void *user), void *user, dk_error *err);
/* One of them; a text is valid until the statement is stepped. */
dk_value dk_column_value(sqlite3_stmt *stmt, int column);
/* Appends those columns of the table `alias`. */
void dk_row_columns(const dk_kind *kind, const char *alias, bool with_geometry, dk_buf *sql);
void dk_stored_row_release(dk_stored_row *row);

/* Whether a row is published in a generation. */
dk_status dk_row_alive(dk_store *store, const dk_kind *kind, int64_t row, int64_t generation, bool *ret_alive,
                       dk_error *err);
/* The row that is published under a key in a generation, 0: none. */
dk_status dk_row_of_key(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t *ret_row,
                        dk_error *err);
/* The newest version of a key that is staged or published (whatever the generation), row 0: none. any: the last one of
 * those that were withdrawn too. */
typedef struct dk_newest {
    int64_t row, batch, source_row, any;
} dk_newest;
dk_status dk_row_newest(dk_store *store, const dk_kind *kind, const char *key, dk_newest *ret_newest, dk_error *err);
/* The newest published version of a key that is neither withdrawn nor of this batch, 0: none: what a withdrawal of the
 * batch brings back (publish.c). */
dk_status dk_row_previous(dk_store *store, const dk_kind *kind, const char *key, int64_t of_batch, int64_t *ret_row,
                          dk_error *err);
/* A row's division, NULL: none. */
const char *dk_row_division(const dk_kind *kind, const dk_stored_row *row);
/* Whether the viewer sees a stored row at all: look before dk_row_seen. */
bool dk_row_in_view(const dk_kind *kind, const dk_stored_row *row, const dk_view *view);
/* What the viewer sees of a stored row: the one function through which a row leaves the store. seen->values points to
 * values, which must have DK_MAX_FIELDS places. Of a row that they do not see, and of an outline that cannot be shown
 * as coarse as it must, nothing is seen. */
void dk_row_seen(const dk_kind *kind, dk_stored_row *row, const dk_view *view, bool with_geometry, dk_value *values,
                 char *label, size_t label_size, dk_row *ret_seen);

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

/* ---- terms (terms.c) ---- */

/* Calls each for the terms of a field's value: folded text, one per 文号. Stops when it returns false. */
typedef bool (*dk_term_fn)(const char *term, size_t size, void *user);
void dk_terms_of(const dk_field *field, const dk_value *value, dk_term_fn each, void *user);
/* The number of a folded text, 0: no row has it. */
dk_status dk_term_find(dk_store *store, const dk_kind *kind, int field, const char *text, size_t size,
                       int64_t *ret_term, dk_error *err);
/* Writes the terms of one kind's rows. What was written is there for readers after dk_terms_flush, which is due before
 * each commit. A rollback ends the writer's use, for it remembers terms. */
typedef struct dk_term_writer dk_term_writer;
dk_term_writer *dk_term_writer_create(dk_store *store, const dk_kind *kind);
void dk_term_writer_free(dk_term_writer *writer); /* NULL-safe */
dk_status dk_terms_write(dk_term_writer *writer, int64_t row, uint64_t feature, const dk_value *values, dk_error *err);
dk_status dk_terms_flush(dk_term_writer *writer, dk_error *err);
/* Terms were taken away, with which the writer is not to go on: it looks for all of them anew. Nothing waits to be
 * flushed. */
void dk_term_writer_forget(dk_term_writer *writer);
/* Takes away the terms that no row has, and what search knows of them: those of rows that were dropped. Left, they
 * would be looked at before terms that rows have. In bounded transactions, unless one is open. */
dk_status dk_terms_drop_unused(dk_store *store, const dk_kind *kind, dk_error *err);
/* The sum of dk_post_number (posts.h) of the posts that the rows below `before` should have; *ret_lacking: some of them
 * have a value of which there is no term. */
dk_status dk_terms_sum(dk_store *store, const dk_kind *kind, int64_t before, uint64_t *ret_sum, bool *ret_lacking,
                       dk_error *err);

/* A row's place among those of a term. */
typedef struct dk_place {
    int64_t feature;
    int64_t moved; /* the row, unless it is the feature's first version: then 0 */
} dk_place;
dk_place dk_place_of(int64_t row, uint64_t feature);
int64_t dk_place_row(dk_place place);
int dk_place_compare(dk_place a, dk_place b); /* in the order of the posts */

/* ---- links (links.c) ---- */

/* Instead of a generation: the rows that would count if every staged batch were published (for a load's checks). */
#define DK_ANY_GENERATION (-1)
/* The rows of another kind that are linked to a row with these stored values, unsorted, at most `most`. */
dk_status dk_linked_rows(dk_store *store, const dk_kind *kind, const char *key, const dk_value *values,
                         const dk_kind *other, int64_t generation, size_t most, dk_key_list *list, dk_error *err);
/* The same of any of these rows, published or not: row numbers, ascending, each once, in what list has already. */
dk_status dk_linked_rows_of(dk_store *store, const dk_kind *kind, const int64_t *rows, size_t n, const dk_kind *other,
                            int64_t generation, dk_id_list *list, dk_error *err);
/* Fills empty fields that inherit over a link, if all rows agree that are linked in a generation, or in
 * DK_ANY_GENERATION: never that for a row that is published, which would show what is not. memory keeps the texts.
 * ret_unpublished: of each field the batch from which it was taken, if none that is published says the same; 0. */
dk_status dk_inherit(dk_store *store, const dk_kind *kind, const char *key, dk_value *values, int64_t generation,
                     dk_buf *memory, bool *ret_disagree, int64_t ret_unpublished[DK_MAX_FIELDS], dk_error *err);
/* Rows that have a term in a field, in the order of their features. each returns false to stop. */
dk_status dk_rows_of_term(dk_store *store, const dk_kind *kind, int field, const char *term, size_t size,
                          bool (*each)(int64_t row, void *user), void *user, dk_error *err);

/* ---- sheets (sheet.c, sheet_scan.c) ---- */

#define DK_SHEET_MAX_LEVEL 20 /* the Morton code then has 40 bits */

extern const int64_t dk_sheet_column_bits, dk_sheet_row_bits; /* of a sheet's id: the cell's column and row */
const char *dk_sheet_table(dk_sheet sheet);                   /* "block" of block_K */

/* The living version of a cell's sheet, also one that the change under way has written. Replaces ret_data; no bytes:
 * there is none. */
dk_status dk_sheet_read(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level, uint64_t cell,
                        dk_buf *ret_data, dk_error *err);
/* Writes the version of a generation that is not yet committed; size 0: from then on there is none. */
dk_status dk_sheet_write(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level, uint64_t cell,
                         int64_t generation, const void *data, size_t size, dk_error *err);
/* Takes away what died in `until` or before: no reader of a later generation sees it. In bounded transactions. */
dk_status dk_sheet_purge(dk_store *store, int64_t until, dk_error *err);
/* The levels (of blocks: shelves) that have sheets of a table, as bits. Wherever a sheet of blocks or pieces has a
 * level, it is the number of its shelf (store/shelf.h). */
dk_status dk_sheet_levels(dk_store *store, const dk_kind *layer, dk_sheet sheet, uint64_t *ret_bits, dk_error *err);
/* The cells of a level that have sheets, dead ones too, ascending. *ret_all: whether these are all of them, as it is
 * where there are `most` sheets at most, versions counted. */
dk_status dk_sheet_cells(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level, uint64_t *ret_cells,
                         size_t most, size_t *ret_n, bool *ret_all, dk_error *err);
/* Calls each for the sheets of the cells x0..x1, y0..y1 of a level that a generation sees (DK_NEWEST: those that live,
 * of the change under way too), in the order of Morton codes. Data is valid inside the callback, which may not write
 * sheets; DK_END from it stops the scan and is returned as DK_OK. */
typedef struct dk_cell_range {
    uint32_t x0, y0, x1, y1;
} dk_cell_range;
typedef dk_status (*dk_sheet_fn)(int level, uint64_t cell, const void *data, size_t size, void *user);
dk_status dk_sheet_scan(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level, const dk_cell_range *range,
                        int64_t generation, dk_sheet_fn each, void *user, dk_error *err);
/* The same, but a sheet of more than DK_LARGE_SHEET bytes is read only if `wanted` says so of its beginning, the first
 * DK_SHEET_BEGINNING bytes; the others are not asked about. */
#define DK_LARGE_SHEET 65536
#define DK_SHEET_BEGINNING 4096
typedef bool (*dk_sheet_wanted_fn)(int level, uint64_t cell, const void *beginning, void *user);
dk_status dk_sheet_scan_wanted(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level,
                               const dk_cell_range *range, int64_t generation, dk_sheet_wanted_fn wanted,
                               dk_sheet_fn each, void *user, dk_error *err);

/* The cells of a shelf whose blocks may have entries that meet a box (index_read.c). */
dk_cell_range dk_cells_reaching(const dk_world_box *box, int shelf);

/* ---- the index, for writers (index_write.c) ---- */

/* A row that a publish or withdraw brings, or takes away: then its number is negative. Small, for there are as many as
 * the batch has rows. */
typedef struct dk_change_row {
    int64_t row;
    uint64_t corner; /* Morton code of the north-west corner of its box */
    uint32_t x1, y1; /* the other corner */
} dk_change_row;

/* envelope: of the row's geometry, as in a GeoPackage header: west, east, south, north. */
dk_change_row dk_change_row_of(int64_t row, int sign, const double envelope[4]);
/* The GeoPackage envelope in a result's column; false: it is none. */
typedef enum dk_outline_state {
    DK_OUTLINE_LOST = 0, /* none where there should be one */
    DK_OUTLINE_UNDRAWN,  /* 无图形: the row was loaded without, and keeps an empty geometry */
    DK_OUTLINE_DRAWN
} dk_outline_state;
dk_outline_state dk_column_envelope(sqlite3_stmt *stmt, int column, double ret_envelope[4]);
dk_status dk_row_without_geometry(dk_store *store, const dk_kind *layer, int64_t row, dk_error *err); /* DK_CORRUPT */

/* Brings the index of a layer up to date: entries, pieces, grids, thresholds and touched boxes of `generation`, in
 * bounded transactions unless one is open. The rows are those that change, and are put in another order; the others
 * that are published are in the index already. */
dk_status dk_index_change(dk_store *store, const dk_kind *layer, dk_change_row *rows, size_t n, int64_t generation,
                          dk_progress progress, void *user, dk_error *err);
/* Forgets where tiles differ of generations so old that nobody asks; in the transaction that makes a generation. */
dk_status dk_touched_forget(dk_store *store, int64_t generation, dk_error *err);
/* Compares the index with what the rows published in a generation would give; tell is told each difference. */
dk_status dk_index_verify(dk_store *store, const dk_kind *layer, int64_t generation,
                          void (*tell)(const char *sentence, void *user), void *user, dk_error *err);
/* Takes all of a layer's index away. */
dk_status dk_index_forget(dk_store *store, const dk_kind *layer, dk_error *err);
/* Makes a layer's index anew from the rows that are published. */
dk_status dk_index_rebuild(dk_store *store, const dk_kind *layer, int64_t generation, dk_progress progress, void *user,
                           dk_error *err);

/* Thresholds of tiles that are too full (budget.c): of features that came or went, each by what dk_budget_change gives
 * for it; they are sorted here. */
dk_status dk_budget_update(dk_store *store, const dk_kind *layer, uint64_t *changed, size_t n, int64_t generation,
                           dk_error *err);
/* Whether a layer shares the budget of a tile with others: not one that draws everything, nor one of which the public
 * sees nothing. */
bool dk_budget_shares(const dk_kind *layer);
/* Where a feature is and how far it reaches, about: the Morton code of its label position, whose last byte gives place
 * to a logarithm. */
uint64_t dk_budget_change(const dk_entry_head *head);
/* Whether the overviews (overview.h) are those of what a generation has published; differs is told of each that is not.
 */
dk_status dk_budget_verify(dk_store *store, const dk_kind *layer, int64_t generation,
                           void (*differs)(int zoom, void *user), void *user, dk_error *err);
/* What thresholds leave out at each zoom, and what is counted of that; DK_FINEST_ZOOM + 1 of each, to which it is
 * added. */
struct dk_grid_tally;
dk_status dk_budget_count(dk_store *store, const dk_kind *layer, int64_t generation, struct dk_grid_tally *left_out,
                          struct dk_grid_tally *counted, dk_error *err);
/* A box in which tiles of a layer differ from the generation before. */
dk_status dk_touched_add(dk_store *store, const dk_kind *layer, int64_t generation, const dk_world_box *box,
                         dk_error *err);

#endif
