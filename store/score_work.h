/* What the scorecard and the rows behind it have in common. Private to score*.c. */
#ifndef DK_STORE_SCORE_WORK_H
#define DK_STORE_SCORE_WORK_H

#include "store/score.h"
#include "store/score_counters.h"

/* A question under way: one read transaction, with a limit of time. */
typedef struct dk_scoring {
    dk_store *store;
    const dk_score_query *query;
    int64_t generation;
    dk_clock_held held;
    bool current; /* held.generation is what the question sees: clockuse_K.rows count */
    bool began;   /* the transaction is ours */
    bool empty;   /* nothing was published yet */
    dk_clock_facts *facts;
    char division[16]; /* the query's, or what took its place */
    char behind[16];   /* the first text behind all that begin with it */
    dk_error *err;
} dk_scoring;

dk_status dk_scoring_begin(dk_scoring *s, dk_store *store, const dk_score_query *query, int64_t generation,
                           dk_error *err);
/* Gives status, or what became of the time. */
dk_status dk_scoring_end(dk_scoring *s, dk_status status);

/* Whether rows of a kind are told apart by division: everyone sees it, or those who ask may. */
bool dk_scoring_places(const dk_scoring *s, const dk_kind *kind);
/* Whether the question is about a kind at all, and about facts of an obligation that is due then. */
bool dk_scoring_asks(const dk_scoring *s, const dk_kind *kind);
bool dk_scoring_wants(const dk_scoring *s, const dk_obligation *obligation, const dk_regime *regime, int32_t due);

/* Calls each for the uses of facts within the question's division, s->facts being read. unsettled: only sets that are
 * not settled by the counters' base. */
typedef dk_status (*dk_scoring_use_fn)(dk_scoring *s, int64_t use, int64_t set, const char *division, int64_t rows,
                                       void *user);
dk_status dk_scoring_uses(dk_scoring *s, const dk_kind *kind, bool unsettled, dk_scoring_use_fn each, void *user);

/* Reads facts that a statement gives. */
dk_status dk_scoring_facts(dk_scoring *s, const dk_kind *kind, sqlite3_stmt *stmt, int column);

#endif
