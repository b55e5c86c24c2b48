#include "store/score_counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int dk_score_levels[DK_SCORE_LEVELS] = {0, 2, 4, 6, 9, 12};

/* ---- entries ---- */

static int32_t first_of_month(int32_t day)
{
    return dk_day_of(dk_day_year(day), dk_day_month(day), 1);
}

bool dk_score_entry_of(const dk_obligation *obligation, const dk_obligation_facts *facts, int32_t base,
                       dk_score_entry *ret_entry)
{
    dk_outcome outcome;
    if (dk_facts_settled(obligation, facts) > base)
        return false;
    dk_obligation_outcome(obligation, facts, DK_FAR_DAY, &outcome);
    dk_disclosure state = dk_outcome_state(&outcome, base);
    if (state == DK_MISSING)
        state = DK_DUE;
    *ret_entry = (dk_score_entry){obligation, facts->regime, state, outcome.due};
    if (outcome.due != DK_NO_DAY && state != DK_DUE)
        ret_entry->due = first_of_month(outcome.due);
    return true;
}

/* From above: obligation 8 bits, regime + 1 6 bits, state 4 bits, the due day from a day on that is before all others,
 * 32 bits; 0: none. */
#define BEFORE_ALL (DK_FIRST_DAY - 100000)

uint64_t dk_score_pack(const dk_score_entry *entry)
{
    const dk_catalogue *catalogue = entry->obligation->about->catalogue;
    const uint64_t regime = entry->regime != NULL ? (uint64_t)(entry->regime - catalogue->regimes) + 1 : 0;
    const uint64_t due = entry->due != DK_NO_DAY ? (uint64_t)((int64_t)entry->due - BEFORE_ALL) : 0;
    return (uint64_t)entry->obligation->index << 42 | regime << 36 | (uint64_t)entry->state << 32 | due;
}

bool dk_score_unpack(const dk_catalogue *catalogue, uint64_t packed, dk_score_entry *ret_entry)
{
    const uint64_t obligation = packed >> 42, regime = packed >> 36 & 63, state = packed >> 32 & 15,
                   due = packed & UINT32_MAX;
    if (obligation >= catalogue->n_obligations || regime > catalogue->n_regimes || state >= DK_DISCLOSURES ||
        due > INT32_MAX)
        return false;
    ret_entry->obligation = &catalogue->obligations[obligation];
    ret_entry->regime = regime > 0 ? &catalogue->regimes[regime - 1] : NULL;
    ret_entry->state = (dk_disclosure)state;
    ret_entry->due = due > 0 ? (int32_t)((int64_t)due + BEFORE_ALL) : DK_NO_DAY;
    return true;
}

/* ---- sums ---- */

static struct dk_score_sum *place_of(const dk_score_sums *sums, uint64_t packed)
{
    size_t at = (packed * UINT64_C(0x9e3779b97f4a7c15)) >> 20 & (sums->n_places - 1);
    while (sums->places[at].packed != 0 && sums->places[at].packed != packed + 1)
        at = (at + 1) & (sums->n_places - 1);
    return &sums->places[at];
}

bool dk_score_sums_add(dk_score_sums *sums, uint64_t packed, int64_t n)
{
    if (2 * (sums->n + 1) > sums->n_places) {
        dk_score_sums larger = {.n = sums->n, .n_places = sums->n_places > 0 ? 2 * sums->n_places : 256};
        if ((larger.places = calloc(larger.n_places, sizeof *larger.places)) == NULL)
            return false;
        for (size_t i = 0; i < sums->n_places; i++)
            if (sums->places[i].packed != 0)
                *place_of(&larger, sums->places[i].packed - 1) = sums->places[i];
        free(sums->places);
        *sums = larger;
    }
    struct dk_score_sum *place = place_of(sums, packed);
    sums->n += place->packed == 0;
    place->packed = packed + 1;
    place->n += n;
    return true;
}

void dk_score_sums_clear(dk_score_sums *sums)
{
    if (sums->n_places > 0)
        memset(sums->places, 0, sums->n_places * sizeof *sums->places);
    sums->n = 0;
}

void dk_score_sums_finish(dk_score_sums *sums)
{
    free(sums->places);
    *sums = (dk_score_sums){0};
}

static int by_packed(const void *a, const void *b)
{
    const struct dk_score_sum *x = a, *y = b;
    return (x->packed > y->packed) - (x->packed < y->packed);
}

size_t dk_score_sums_sorted(dk_score_sums *sums)
{
    size_t n = 0;
    for (size_t i = 0; i < sums->n_places; i++)
        if (sums->places[i].packed != 0 && sums->places[i].n != 0)
            sums->places[n++] = sums->places[i];
    if (n > 1)
        qsort(sums->places, n, sizeof *sums->places, by_packed);
    return n;
}

/* ---- rows of the table ---- */

dk_status dk_score_data_each(const void *data, size_t size, bool (*each)(uint64_t packed, int64_t n, void *user),
                             void *user)
{
    const unsigned char *at = data, *end = size > 0 ? at + size : at;
    for (uint64_t packed = 0; at < end;) {
        uint64_t more, n;
        if (!dk_read_varint(&at, end, &more) || !dk_read_varint(&at, end, &n) || n > INT64_MAX ||
            packed + more < packed)
            return DK_CORRUPT;
        packed += more;
        if (!each(packed, (int64_t)n, user))
            return DK_NOMEM;
    }
    return DK_OK;
}

typedef struct applying {
    dk_store *store;
    const dk_kind *kind;
    sqlite3_stmt *read, *write, *drop;
    dk_buf data;
} applying;

static bool add_sum(uint64_t packed, int64_t n, void *user)
{
    return dk_score_sums_add(user, packed, n);
}

/* Adds sums to what the table has of a division. */
static dk_status apply_division(int level, const char *division, dk_score_sums *sums, void *user, dk_error *err)
{
    applying *a = user;
    sqlite3_bind_int(a->read, 1, level);
    sqlite3_bind_text(a->read, 2, division, -1, SQLITE_STATIC);
    dk_status status = dk_sql_step(a->store, a->read, err), read = DK_OK;
    const bool there = status == DK_OK;
    if (there)
        read = dk_score_data_each(sqlite3_column_blob(a->read, 0), (size_t)sqlite3_column_bytes(a->read, 0), add_sum,
                                  sums);
    sqlite3_reset(a->read);
    if (status != DK_OK && status != DK_END)
        return status;
    if (read != DK_OK)
        return dk_fail(err, read,
                       read == DK_NOMEM ? "out of memory" : "the counters of %s are damaged; run dikuai-ingest reindex",
                       a->kind->name);
    const size_t n = dk_score_sums_sorted(sums);
    dk_buf_clear(&a->data);
    for (size_t i = 0; i < n; i++) {
        if (sums->places[i].n < 0)
            return dk_fail(err, DK_CORRUPT, "the counters of %s do not go with its rows; run dikuai-ingest reindex",
                           a->kind->name);
        dk_buf_varint(&a->data, sums->places[i].packed - 1 - (i > 0 ? sums->places[i - 1].packed - 1 : 0));
        dk_buf_varint(&a->data, (uint64_t)sums->places[i].n);
    }
    if (a->data.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (n == 0 && !there)
        return DK_OK;
    sqlite3_stmt *stmt = n > 0 ? a->write : a->drop;
    sqlite3_bind_int(stmt, 1, level);
    sqlite3_bind_text(stmt, 2, division, -1, SQLITE_STATIC);
    if (n > 0)
        sqlite3_bind_blob64(stmt, 3, a->data.data, a->data.size, SQLITE_STATIC);
    return dk_sql_done(a->store, stmt, err);
}

dk_status dk_score_apply(dk_store *store, const dk_kind *kind, dk_score_change *changes, size_t n, int32_t base,
                         dk_error *err)
{
    applying a = {.store = store, .kind = kind};
    dk_buf_init(&a.data);
    dk_status status =
        n == 0 ? DK_OK
               : dk_clock_prepare(store, kind, "SELECT data FROM score_$ WHERE level=?1 AND division=?2", &a.read, err);
    if (status == DK_OK && n > 0)
        status = dk_clock_prepare(store, kind, "INSERT OR REPLACE INTO score_$(level,division,data) VALUES(?1,?2,?3)",
                                  &a.write, err);
    if (status == DK_OK && n > 0)
        status = dk_clock_prepare(store, kind, "DELETE FROM score_$ WHERE level=?1 AND division=?2", &a.drop, err);
    if (status == DK_OK && n > 0)
        status = dk_score_sum_up(store, kind, changes, n, base, apply_division, &a, err);
    sqlite3_finalize(a.read);
    sqlite3_finalize(a.write);
    sqlite3_finalize(a.drop);
    dk_buf_finish(&a.data);
    return status;
}

/* ---- summing up ---- */

static int by_division(const void *a, const void *b)
{
    const dk_score_change *x = a, *y = b;
    const int order = strcmp(x->division, y->division);
    return order != 0 ? order : (x->set > y->set) - (x->set < y->set);
}

/* The sums of one level that are being made. */
typedef struct summing {
    char division[13];
    bool open;
    dk_score_sums sums;
} summing;

static dk_status close_level(summing *level, int digits, dk_score_division_fn each, void *user, dk_error *err)
{
    if (!level->open)
        return DK_OK;
    level->open = false;
    const dk_status status = each(digits, level->division, &level->sums, user, err);
    dk_score_sums_clear(&level->sums);
    return status;
}

/* Reads the facts of a set. */
static dk_status read_set(dk_store *store, const dk_kind *kind, sqlite3_stmt *stmt, int64_t set, dk_clock_facts *facts,
                          dk_error *err)
{
    sqlite3_bind_int64(stmt, 1, set);
    dk_status status = dk_sql_step(store, stmt, err);
    if (status == DK_OK)
        status = dk_clock_facts_read(facts, store->catalogue, sqlite3_column_blob(stmt, 0),
                                     (size_t)sqlite3_column_bytes(stmt, 0));
    sqlite3_reset(stmt);
    if (status == DK_OK || status == DK_IO)
        return status;
    return status == DK_NOMEM
               ? dk_fail(err, status, "out of memory")
               : dk_fail(err, DK_CORRUPT, "the facts of %s are damaged; run dikuai-ingest reindex", kind->name);
}

static dk_status add_change(summing levels[DK_SCORE_LEVELS], const dk_score_change *change, const dk_clock_facts *facts,
                            int32_t base, dk_score_division_fn each, void *user, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t l = 0; status == DK_OK && l < DK_SCORE_LEVELS; l++) {
        char prefix[13];
        snprintf(prefix, sizeof prefix, "%.*s", dk_score_levels[l], change->division);
        if (levels[l].open && strcmp(levels[l].division, prefix) != 0)
            status = close_level(&levels[l], dk_score_levels[l], each, user, err);
        memcpy(levels[l].division, prefix, sizeof prefix);
        levels[l].open = true;
    }
    for (size_t i = 0; status == DK_OK && i < facts->n; i++) {
        dk_score_entry entry;
        if (!dk_score_entry_of(facts->obligations[i], &facts->facts[i], base, &entry) ||
            (change->since != DK_NO_DAY && dk_facts_settled(facts->obligations[i], &facts->facts[i]) <= change->since))
            continue;
        for (size_t l = 0; status == DK_OK && l < DK_SCORE_LEVELS; l++)
            if (!dk_score_sums_add(&levels[l].sums, dk_score_pack(&entry), change->n))
                status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    return status;
}

dk_status dk_score_sum_up(dk_store *store, const dk_kind *kind, dk_score_change *changes, size_t n, int32_t base,
                          dk_score_division_fn each, void *user, dk_error *err)
{
    summing levels[DK_SCORE_LEVELS] = {0};
    sqlite3_stmt *stmt = NULL;
    dk_clock_facts *facts = calloc(1, sizeof *facts);
    dk_status status = facts == NULL
                           ? dk_fail(err, DK_NOMEM, "out of memory")
                           : dk_clock_prepare(store, kind, "SELECT facts FROM clockset_$ WHERE id=?1", &stmt, err);
    if (status == DK_OK)
        dk_clock_facts_of(facts, store->catalogue, kind);
    if (n > 1)
        qsort(changes, n, sizeof *changes, by_division);
    for (size_t i = 0; status == DK_OK && i < n; i++)
        if ((status = read_set(store, kind, stmt, changes[i].set, facts, err)) == DK_OK)
            status = add_change(levels, &changes[i], facts, base, each, user, err);
    for (size_t l = 0; l < DK_SCORE_LEVELS; l++) {
        if (status == DK_OK)
            status = close_level(&levels[l], dk_score_levels[l], each, user, err);
        dk_score_sums_finish(&levels[l].sums);
    }
    sqlite3_finalize(stmt);
    if (facts != NULL)
        dk_clock_facts_finish(facts);
    free(facts);
    return status;
}
