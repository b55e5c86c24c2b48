/* The publication log in the store: what was published, in order, and nothing taken back. Tables:
 *
 *   log_leaf        entry -> its leaf (store/log_leaf.h): 32 bytes, which stay for ever
 *   log_content     entry -> kind and row, event and generation, salt, seal, content: what erasing takes away. The
 *                   content of a row's entry is not kept (NULL) but made of the row again, which never changes
 *                   (store/log_row.h): kept, it would be 0.8 KB a parcel, as much as the row itself
 *   log_tile        tiles of level 1 and above; those of level 0 are the hashes of the leaves, made when asked for
 *   log_checkpoint  the checkpoints that were signed
 *   log_generation  generation -> how many entries there were with it
 *   log_key         the public keys (store/log_keys.h)
 *
 * Entries are numbered from 0. Writing is part of the caller's transaction: a publish adds its rows in the transactions
 * in which it writes them, and signs a checkpoint in the small one that advances the generation. Until then no
 * generation counts them, no checkpoint has them, and what undoes an interrupted publish takes them away. */
#ifndef DK_STORE_LOG_TABLE_H
#define DK_STORE_LOG_TABLE_H

#include "store/checkpoint.h"
#include "store/log_leaf.h"
#include "store/log_tree.h"
#include "store/store.h"

/* Makes the tables; in a transaction of the caller or none. */
dk_status dk_log_create(dk_store *store, dk_error *err);

/* Statements on these tables, and the tree. Borrows the store, which is closed after it; one thread at a time. A store
 * that may only be read is enough for what does not write. */
typedef struct dk_log dk_log;
struct dk_log_rows;
dk_status dk_log_open(dk_store *store, dk_log **ret_log, dk_error *err);
void dk_log_close(dk_log *log); /* NULL-safe */
/* Looks how many entries there are now, those of a publish under way too: for writers, also after a transaction was
 * rolled back. */
dk_status dk_log_refresh(dk_log *log, int64_t *ret_size, dk_error *err);
/* How many there were with a generation: for readers, at the begin of each answer. The log is then of that size. */
dk_status dk_log_refresh_at(dk_log *log, int64_t generation, int64_t *ret_size, dk_error *err);
/* For roots and proofs of any earlier size; valid until the log is closed. */
dk_log_tree *dk_log_tree_of(dk_log *log);
/* What contents of rows are made with (store/log_row.h). */
struct dk_log_rows *dk_log_rows_of(dk_log *log);

/* ---- writing ---- */

typedef struct dk_log_entry {
    const char *kind;    /* name of a layer or record; "": neither */
    int64_t row;         /* its row version (store/query.h), or whatever number the caller finds it by */
    const void *content; /* canonical JSON (store/log_content.h) */
    size_t size;
    /* Of a row, whose content is made of it again and not kept; NULL: content is. */
    const struct dk_log_task *made; /* store/log_ahead.h */
} dk_log_entry;

/* Adds entries in this order, those whose content is kept each with a salt of its own; the first gets number
 * *ret_first. Cost goes with n. After a failure: roll back, then dk_log_refresh. */
dk_status dk_log_add(dk_log *log, const dk_log_entry *entries, size_t n, int64_t *ret_first, dk_error *err);
/* Notes how many entries there are with a generation. */
dk_status dk_log_count(dk_log *log, int64_t generation, dk_error *err);
/* Takes away what no generation counts: of a publish that was interrupted. Within the caller's transaction. */
dk_status dk_log_cut(dk_store *store, dk_error *err);
/* Keeps the contents of a row's entries as they are now: before the row changes in place, or what the public sees of
 * it. Those that are not what was published stay as they are. */
dk_status dk_log_keep(dk_log *log, const char *kind, int64_t row, dk_error *err);
/* Takes salt and content of an entry away, and overwrites them in the file (secure_delete). The bytes are still in the
 * file's write-ahead log until it is checkpointed and truncated, which is the caller's. Erasing what is erased is no
 * failure; DK_NOT_FOUND: no such entry. */
dk_status dk_log_erase(dk_log *log, int64_t entry, dk_error *err);
/* Signs how the log is now, and keeps that. Refuses (DK_CONFLICT) if the log does not begin with what the last
 * checkpoint says: a log must never sign both. The origin is the name of the first key. A second checkpoint of the same
 * size replaces the first (another key). at: UTC. */
dk_status dk_log_sign(dk_log *log, const dk_note_key *keys, size_t n, const char *at, dk_error *err);

/* ---- reading ---- */

typedef struct dk_log_record {
    dk_digest leaf;
    bool erased; /* the following are empty */
    dk_salt salt;
    const char *kind;
    int64_t row;
    const char *event; /* of a row whose content is made of it again; else "" */
    int64_t generation;
    const void *content;
    size_t size;
} dk_log_record;

/* Whether a record that was read is what its leaf says; false also when out of memory. */
bool dk_log_record_holds(dk_log *log, const dk_log_record *record);
/* Whether everyone may be shown the content of a record: of a row, whether the catalogue in force shows the public the
 * same of it. */
dk_status dk_log_record_public(dk_log *log, const dk_log_record *record, bool *ret_public, dk_error *err);
/* Texts are valid until the log is used again, and hold a snapshot of the store until then. DK_NOT_FOUND: no such
 * entry. DK_CORRUPT: the row that its content is made of is no more, or not as it must be. */
dk_status dk_log_read(dk_log *log, int64_t entry, dk_log_record *ret_record, dk_error *err);
/* Its leaf alone. */
dk_status dk_log_leaf_at(dk_log *log, int64_t entry, dk_digest *ret_leaf, dk_error *err);
/* The newest entry of a row among the first size ones. DK_NOT_FOUND: there is none that is not erased. */
dk_status dk_log_find(dk_log *log, const char *kind, int64_t row, int64_t size, int64_t *ret_entry, dk_error *err);
/* Appends a tile or bundle of entries as it is served. DK_NOT_FOUND: the log does not have it, or not so wide. */
dk_status dk_log_tile_bytes(dk_log *log, const dk_log_tile *tile, dk_buf *out, dk_error *err);
/* When a checkpoint of this size was signed: UTC, as the store has it; "": there is none. */
dk_status dk_log_signed_at(dk_log *log, int64_t size, char ret_at[24], dk_error *err);
/* Appends the newest signed checkpoint of at most so many entries, and gives its size. DK_NOT_FOUND: none yet. */
dk_status dk_log_checkpoint(dk_log *log, int64_t at_most, dk_buf *out, int64_t *ret_size, dk_error *err);

/* ---- checking (log_check.c) ---- */

typedef struct dk_log_found {
    int64_t entries, erased, checkpoints, findings;
} dk_log_found;

/* Reads all of it, as far as it was looked at last (dk_log_refresh_at): whether each content is what its leaf says,
 * each tile what is below it, and each checkpoint the root of its size, signed by one of the keys (n 0: signatures are
 * not looked at). Each finding is a sentence that names the entry, tile or checkpoint. */
dk_status dk_log_check(dk_log *log, const dk_note_key *keys, size_t n, void (*tell)(const char *sentence, void *user),
                       void *user, dk_log_found *ret_found, dk_error *err);
/* Whether the log begins with what an earlier checkpoint says, which somebody kept. DK_CONFLICT: it does not, or has
 * fewer entries. */
dk_status dk_log_holds(dk_log *log, const dk_checkpoint *earlier, dk_error *err);

#endif
