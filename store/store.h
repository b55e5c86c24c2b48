/* The store: one SQLite file in WAL mode that is a valid GeoPackage 1.3 (its tables: schema.c).
 *
 * Every row version carries the generation in which it was born and the one in which it died; readers name the
 * generation they want and see exactly what was published then. Nothing is overwritten.
 *
 * Threads: one dk_store per thread at a time; different handles on one file are independent. One process writes
 * at a time (a lock on STORE-lock); any number reads, also while it writes. */
#ifndef DK_STORE_STORE_H
#define DK_STORE_STORE_H

#include "store/audience.h"
#include "store/catalogue.h"
#include "store/status.h"
#include "store/value.h"

typedef struct dk_store dk_store;

typedef enum dk_open_mode { DK_READ, DK_WRITE } dk_open_mode;

/* Once in a process, before any store is opened: SQLite then keeps no statistics of its memory, which all its threads
 * would take turns for, and takes no locks for handles. */
void dk_store_process_begin(void);

/* Makes a new store, readable by its owner only; refuses a path that exists. catalogue_yaml is kept in the store as
 * generation 0's catalogue. */
dk_status dk_store_create(const char *path, const char *catalogue_yaml, size_t size, const char *origin, dk_error *err);

/* The file that a path leads to: the path itself, unless it is a link. What is kept beside a store (STORE-lock,
 * STORE.documents, STORE.access, STORE.log-key) is beside that file, as what SQLite keeps is: by whatever link two
 * programs come, they meet there. NULL: out of memory. The caller frees it. */
char *dk_store_file(const char *path);

/* Opens a store. DK_WRITE takes the writer's lock (DK_BUSY if another process has it) and clears away what a
 * killed load or publish left behind. Caller closes with dk_store_close. */
dk_status dk_store_open(const char *path, dk_open_mode mode, dk_store **ret_store, dk_error *err);
void dk_store_close(dk_store *store); /* NULL-safe */

/* The catalogue in force when the store was opened; valid until the store is closed. */
const dk_catalogue *dk_store_catalogue(const dk_store *store);

/* The number of the last publish, withdraw or catalogue change; 0 for a new store. */
dk_status dk_store_generation(dk_store *store, int64_t *ret_generation, dk_error *err);
/* When that generation came about, UTC, YYYY-MM-DDTHH:MM:SSZ, and its catalogue version (the generation it came with).
 */
typedef struct dk_generation {
    int64_t number, catalogue;
    char at[24];
} dk_generation;
dk_status dk_store_generation_info(dk_store *store, dk_generation *ret_info, dk_error *err);

/* What is read until the end is read from one snapshot of the file, and cheaper: otherwise each of the many small steps
 * of an answer takes and gives up one of its own. For the time of one answer: a writer's log cannot be shortened
 * meanwhile. What takes longer than so many seconds fails with DK_LIMIT; 0: nothing does. */
dk_status dk_store_read_begin(dk_store *store, double seconds, dk_error *err);
void dk_store_read_end(dk_store *store);

/* A batch: one load. */
typedef struct dk_batch {
    int64_t id;
    const char *kind, *title, *source;        /* valid inside the callback */
    const char *state;                        /* loading, staged, reviewed, rejected, published, withdrawn */
    const char *created_at;                   /* UTC */
    int64_t rows, published_in, withdrawn_in; /* generations; 0: not yet */
    const char *datum;             /* how coordinates of an old datum became CGCS2000's; "": they were not of one */
    const char *loader, *reviewer; /* who; "": nobody yet */
    const char *reason;            /* of a rejection or withdrawal; "": none */
    const char *due;               /* when it is to be published, UTC; "": it is not scheduled */
    bool overdue;                  /* that is over, and nobody has done it */
} dk_batch;
dk_status dk_store_batches(dk_store *store, bool (*each)(const dk_batch *batch, void *user), void *user, dk_error *err);

/* Publishes a staged batch / withdraws a published or staged one, as one new generation. Withdrawing brings back,
 * for each key, the newest published version that is not withdrawn, and needs a reason. What stands in the way of a
 * publication is DK_CONFLICT: store/review.h. progress may be NULL. */
typedef void (*dk_progress)(int64_t done, int64_t total, void *user);
dk_status dk_store_publish(dk_store *store, int64_t batch, const char *actor, dk_progress progress, void *user,
                           int64_t *ret_generation, dk_error *err);
dk_status dk_store_withdraw(dk_store *store, int64_t batch, const char *actor, const char *reason, dk_progress progress,
                            void *user, int64_t *ret_generation, dk_error *err);

/* Verifies the file, the generations, the cell index and the link terms against the rows; each finding is one
 * sentence. DK_OK with *ret_findings = 0 is a sound store. */
dk_status dk_store_check(dk_store *store, void (*finding)(const char *sentence, void *user), void *user,
                         int64_t *ret_findings, dk_error *err);
/* Builds the derived tables (cell index, link terms) anew from the rows. */
dk_status dk_store_reindex(dk_store *store, dk_progress progress, void *user, dk_error *err);

#endif
