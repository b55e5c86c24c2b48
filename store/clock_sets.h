/* The tables in which a store keeps the facts of the rows of each kind K (schema.c):
 *
 *   clockset_K  sets of facts (clock_facts.h): id, digest of the bytes, settled, facts; and turns, the day on which the
 * kind's field of how disclosure stands changes next (disclosure.h), behind clock_day for all that are in use
 *   clockuse_K  which rows have it: id, facts, division, and how many rows of the current generation. Rows of one set
 * and one division are one use: what is counted by division is counted by uses, of which there are far fewer than rows
 *   clock_K     feature, born, died, use: in which generations a row had which facts
 *   score_K     counters (score_counters.h)
 *
 * and in dikuai_meta what the counters hold for: clock_generation, the last that changed them; clock_catalogue, the
 * catalogue of that generation; clock_day, from which day on they hold (score_counters.h); clock_from, before which
 * generation facts were erased. */
#ifndef DK_STORE_CLOCK_SETS_H
#define DK_STORE_CLOCK_SETS_H

#include "store/clock_facts.h"
#include "store/disclosure.h"

/* Appends the tables of a kind. */
void dk_clock_append_tables(const dk_kind *kind, dk_buf *sql);

/* What the counters hold for. Without any yet, generation is -1 and day DK_NO_DAY. */
typedef struct dk_clock_held {
    int64_t generation, catalogue, from;
    int32_t day;
} dk_clock_held;
dk_status dk_clock_held_read(dk_store *store, dk_clock_held *ret_held, dk_error *err);
dk_status dk_clock_held_write(dk_store *store, const dk_clock_held *held, dk_error *err);
/* The generation with which the catalogue in force came. */
dk_status dk_clock_catalogue(dk_store *store, int64_t *ret_generation, dk_error *err);

/* The day for which a change of the store finds things: today, or the one that they hold for already. */
dk_status dk_clock_day(dk_store *store, int32_t *ret_day, dk_error *err);

/* Prepares a statement in which $ stands for the kind's name. */
dk_status dk_clock_prepare(dk_store *store, const dk_kind *kind, const char *format, sqlite3_stmt **ret_stmt,
                           dk_error *err);
/* The same, run at once with up to two numbers bound. */
dk_status dk_clock_run(dk_store *store, const dk_kind *kind, const char *format, int64_t a, int64_t b, dk_error *err);

/* The day from which on nothing more happens to an obligation of these facts, but that what is due becomes missing:
 * every event and publication is over, and what must be shown for some time was. DK_NO_DAY: it never does. */
int32_t dk_facts_settled(const dk_obligation *obligation, const dk_obligation_facts *facts);
/* The last such day of all obligations. */
int32_t dk_clock_facts_settled(const dk_clock_facts *facts);

/* The division by which a row is counted: the one that took the place of its own (succession.h); "" if it has none. */
void dk_clock_division(const dk_kind *kind, const dk_value *values, char ret_division[13]);

/* ---- finding the use of rows ---- */

/* Remembers what it has found: rows with equal values where it matters have equal facts. Valid for one generation. */
typedef struct dk_clock_finder dk_clock_finder;
/* day: on which it is asked how disclosure stands. NULL: out of memory */
dk_clock_finder *dk_clock_finder_create(dk_store *store, const dk_kind *kind, int32_t day);
void dk_clock_finder_free(dk_clock_finder *finder);   /* NULL-safe */
void dk_clock_finder_forget(dk_clock_finder *finder); /* when linked rows have changed */
/* The use of a row with these values, by the rows that are published in a generation. writing: one that is not there
 * yet is added, within the caller's transaction; else *ret_use is 0 then. */
dk_status dk_clock_find(dk_clock_finder *finder, const char *key, const dk_value *values, int64_t generation,
                        bool writing, int64_t *ret_use, dk_error *err);
/* The same of a row by its number, of which only what matters is read; adds what is not there yet. */
dk_status dk_clock_find_row(dk_clock_finder *finder, int64_t row, int64_t generation, int64_t *ret_feature,
                            int64_t *ret_use, dk_error *err);

/* What matters of a row, from whoever reads it anyway: the row itself need not be read then. */
typedef struct dk_clock_mark {
    uint64_t hash[2];
    char division[13];
} dk_clock_mark;
/* The fields of which a mark is made, as bits. */
uint64_t dk_clock_mark_fields(const dk_clock_finder *finder);
/* From a row of a statement that has these fields from a column on, in their order. */
dk_status dk_clock_mark_take(dk_clock_finder *finder, const char *key, sqlite3_stmt *stmt, int column,
                             dk_clock_mark *ret_mark, dk_error *err);
/* As dk_clock_find of the row that has this mark. *ret_use 0: no row like it has been found yet; dk_clock_find_row
 * does. */
dk_status dk_clock_find_marked(dk_clock_finder *finder, const dk_clock_mark *mark, int64_t *ret_use, dk_error *err);

/* How disclosure of a row with these values stands on the finder's day, as the kind's field says it. Writes nothing. */
dk_status dk_clock_find_state(dk_clock_finder *finder, const char *key, const dk_value *values, int64_t generation,
                              dk_value *ret_state, dk_error *err);

/* Calls each for the rows of a kind that are published in a generation, by row number. born: of the life that holds. */
dk_status dk_clock_each_alive(dk_store *store, const dk_kind *kind, int64_t generation,
                              dk_status (*each)(const dk_stored_row *row, int64_t born, void *user, dk_error *err),
                              void *user, dk_error *err);

#endif
