#include "store/clock_sets.h"

#include "store/hash.h"
#include "store/succession.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dk_clock_append_tables(const dk_kind *kind, dk_buf *sql)
{
    const char *k = kind->name;
    dk_buf_format(sql,
                  "CREATE TABLE clockset_%s(id INTEGER PRIMARY KEY, digest INTEGER NOT NULL, settled INTEGER NOT NULL,"
                  " turns INTEGER NOT NULL, facts BLOB NOT NULL);"
                  "CREATE INDEX clockset_%s_digest ON clockset_%s(digest);"
                  "CREATE INDEX clockset_%s_settled ON clockset_%s(settled);"
                  "CREATE INDEX clockset_%s_turns ON clockset_%s(turns) WHERE turns<2147483647;", /* DK_FAR_DAY */
                  k, k, k, k, k, k, k);
    dk_buf_format(sql,
                  "CREATE TABLE clockuse_%s(id INTEGER PRIMARY KEY, facts INTEGER NOT NULL, division TEXT NOT NULL,"
                  " rows INTEGER NOT NULL);"
                  "CREATE UNIQUE INDEX clockuse_%s_facts ON clockuse_%s(facts,division);"
                  "CREATE INDEX clockuse_%s_division ON clockuse_%s(division);",
                  k, k, k, k, k);
    dk_buf_format(sql,
                  "CREATE TABLE clock_%s(feature INTEGER NOT NULL, born INTEGER NOT NULL, died INTEGER NOT NULL,"
                  " use INTEGER NOT NULL, PRIMARY KEY(feature,born)) WITHOUT ROWID;"
                  "CREATE INDEX clock_%s_use ON clock_%s(use);"
                  "CREATE TABLE score_%s(level INTEGER NOT NULL, division TEXT NOT NULL, data BLOB NOT NULL,"
                  " PRIMARY KEY(level,division));",
                  k, k, k, k);
}

/* ---- what the counters hold for ---- */

static const char *const held_names[] = {"clock_generation", "clock_catalogue", "clock_from", "clock_day"};

dk_status dk_clock_held_read(dk_store *store, dk_clock_held *ret_held, dk_error *err)
{
    int64_t values[4] = {-1, -1, 0, DK_NO_DAY};
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_cached(store, "SELECT value FROM dikuai_meta WHERE name=?1", &stmt, err);
    for (size_t i = 0; status == DK_OK && i < 4; i++) {
        sqlite3_bind_text(stmt, 1, held_names[i], -1, SQLITE_STATIC);
        if ((status = dk_sql_step(store, stmt, err)) == DK_OK)
            values[i] = sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
        status = status == DK_END ? DK_OK : status;
    }
    if (status == DK_OK)
        *ret_held = (dk_clock_held){values[0], values[1], values[2], (int32_t)values[3]};
    return status;
}

dk_status dk_clock_held_write(dk_store *store, const dk_clock_held *held, dk_error *err)
{
    const int64_t values[4] = {held->generation, held->catalogue, held->from, held->day};
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, "INSERT OR REPLACE INTO dikuai_meta VALUES(?1,?2)", &stmt, err);
    for (size_t i = 0; status == DK_OK && i < 4; i++) {
        sqlite3_bind_text(stmt, 1, held_names[i], -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, values[i]);
        status = dk_sql_done(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_clock_day(dk_store *store, int32_t *ret_day, dk_error *err)
{
    dk_clock_held held;
    const dk_status status = dk_clock_held_read(store, &held, err);
    const int32_t today = dk_clock_today(store);
    if (status == DK_OK)
        *ret_day = held.day > today ? held.day : today;
    return status;
}

dk_status dk_clock_catalogue(dk_store *store, int64_t *ret_generation, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_cached(store, "SELECT max(generation) FROM dikuai_catalogue", &stmt, err);
    if (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK)
        *ret_generation = sqlite3_column_int64(stmt, 0);
    if (stmt != NULL)
        sqlite3_reset(stmt);
    return status;
}

/* ---- of one row ---- */

static dk_status read_kept(dk_store *store, const dk_kind *kind, uint64_t feature, int64_t generation,
                           sqlite3_stmt **ret_stmt, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    const char *k = kind->name;
    dk_buf_format(
        &sql,
        "SELECT s.facts FROM clock_%s c CROSS JOIN clockuse_%s u ON u.id=c.use CROSS JOIN clockset_%s s ON s.id=u.facts"
        " WHERE c.feature=?1 AND c.born<=?2 AND (c.died=0 OR c.died>?2)",
        k, k, k);
    const char *text = dk_buf_cstr(&sql);
    dk_status status =
        text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_cached(store, text, ret_stmt, err);
    dk_buf_finish(&sql);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(*ret_stmt, 1, (int64_t)feature);
    sqlite3_bind_int64(*ret_stmt, 2, generation);
    status = dk_sql_step(store, *ret_stmt, err);
    return status == DK_END ? DK_NOT_FOUND : status;
}

dk_status dk_clock_kept(dk_store *store, const dk_kind *kind, uint64_t feature, int64_t generation, int32_t as_of,
                        dk_clock_outcome ret_outcomes[DK_MAX_OBLIGATIONS], size_t *ret_n, const dk_regime **ret_regime,
                        dk_error *err)
{
    dk_clock_held held;
    int64_t catalogue = 0;
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_clock_held_read(store, &held, err);
    if (status == DK_OK)
        status = dk_clock_catalogue(store, &catalogue, err);
    if (status == DK_OK && (held.generation < 0 || held.catalogue != catalogue || generation < held.from))
        status = DK_NOT_FOUND;
    if (status != DK_OK)
        return status;
    dk_clock_facts *facts = calloc(1, sizeof *facts);
    status = facts == NULL ? dk_fail(err, DK_NOMEM, "out of memory")
                           : read_kept(store, kind, feature, generation, &stmt, err);
    if (status == DK_OK) {
        dk_clock_facts_of(facts, store->catalogue, kind);
        status = dk_clock_facts_read(facts, store->catalogue, sqlite3_column_blob(stmt, 0),
                                     (size_t)sqlite3_column_bytes(stmt, 0));
        if (status != DK_OK)
            dk_fail(err, status,
                    status == DK_NOMEM ? "out of memory"
                                       : "the facts of %s %llu cannot be read; dikuai-ingest reindex finds them anew",
                    kind->name, (unsigned long long)feature);
    }
    for (size_t i = 0; status == DK_OK && i < facts->n; i++) {
        ret_outcomes[i].obligation = facts->obligations[i];
        dk_obligation_outcome(facts->obligations[i], &facts->facts[i], as_of, &ret_outcomes[i].outcome);
    }
    if (status == DK_OK) {
        *ret_n = facts->n;
        *ret_regime = facts->regime;
    }
    if (stmt != NULL)
        sqlite3_reset(stmt);
    if (facts != NULL)
        dk_clock_facts_finish(facts);
    free(facts);
    return status;
}

/* ---- statements ---- */

dk_status dk_clock_prepare(dk_store *store, const dk_kind *kind, const char *format, sqlite3_stmt **ret_stmt,
                           dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    for (const char *at = format; *at != '\0'; at++)
        if (*at == '$')
            dk_buf_text(&sql, kind->name);
        else
            dk_buf_byte(&sql, (unsigned char)*at);
    const char *text = dk_buf_cstr(&sql);
    const dk_status status =
        text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, ret_stmt, err);
    dk_buf_finish(&sql);
    return status;
}

dk_status dk_clock_run(dk_store *store, const dk_kind *kind, const char *format, int64_t a, int64_t b, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_clock_prepare(store, kind, format, &stmt, err);
    if (status != DK_OK)
        return status;
    const int n = sqlite3_bind_parameter_count(stmt);
    if (n >= 1)
        sqlite3_bind_int64(stmt, 1, a);
    if (n >= 2)
        sqlite3_bind_int64(stmt, 2, b);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

/* ---- facts and days ---- */

int32_t dk_facts_settled(const dk_obligation *obligation, const dk_obligation_facts *facts)
{
    int32_t settled = DK_NO_DAY;
    dk_outcome outcome;
    for (size_t i = 0; i < facts->n_events && !obligation->scheduled; i++)
        settled = facts->events[i] > settled ? facts->events[i] : settled;
    for (size_t i = 0; i < facts->n_proofs; i++) {
        const dk_shown *shown = &facts->proofs[i];
        settled = shown->from > settled ? shown->from : settled;
        if (shown->until != DK_FAR_DAY && shown->until != DK_NO_DAY && shown->until >= settled)
            settled = shown->until + 1; /* on its last day it is still shown */
    }
    dk_obligation_outcome(obligation, facts, DK_FAR_DAY, &outcome);
    if (outcome.known_from != DK_FAR_DAY && outcome.known_from > settled)
        settled = outcome.known_from;
    return outcome.needed_until > settled ? outcome.needed_until : settled;
}

int32_t dk_clock_facts_settled(const dk_clock_facts *facts)
{
    int32_t settled = DK_NO_DAY;
    for (size_t i = 0; i < facts->n; i++) {
        const int32_t day = dk_facts_settled(facts->obligations[i], &facts->facts[i]);
        settled = day > settled ? day : settled;
    }
    return settled;
}

void dk_clock_division(const dk_kind *kind, const dk_value *values, char ret_division[13])
{
    const dk_value *value = kind->division_field >= 0 ? &values[kind->division_field] : NULL;
    dk_division_last(kind->catalogue, value != NULL && value->type == DK_TEXT ? value->text.data : "", ret_division);
}

/* ---- what was found, by a hash of 128 bits ---- */

typedef struct known {
    struct {
        uint64_t hash[2];
        int64_t id; /* 0: free */
    } * places;
    size_t n, n_places;
} known;

#define MOST_KNOWN (UINT32_C(1) << 20)

static int64_t *known_place(known *k, const uint64_t hash[2])
{
    size_t at = hash[0] & (k->n_places - 1);
    while (k->places[at].id != 0 && (k->places[at].hash[0] != hash[0] || k->places[at].hash[1] != hash[1]))
        at = (at + 1) & (k->n_places - 1);
    k->places[at].hash[0] = hash[0];
    k->places[at].hash[1] = hash[1];
    return &k->places[at].id;
}

static void known_forget(known *k)
{
    if (k->n > 0)
        memset(k->places, 0, k->n_places * sizeof *k->places);
    k->n = 0;
}

/* 0: not known. */
static int64_t known_get(known *k, const uint64_t hash[2])
{
    return k->n > 0 ? *known_place(k, hash) : 0;
}

static bool known_put(known *k, const uint64_t hash[2], int64_t id)
{
    if (k->n >= MOST_KNOWN)
        known_forget(k);
    if (2 * (k->n + 1) > k->n_places) {
        known larger = {.n = k->n, .n_places = k->n_places > 0 ? 2 * k->n_places : 1024};
        if ((larger.places = calloc(larger.n_places, sizeof *larger.places)) == NULL)
            return false;
        for (size_t i = 0; i < k->n_places; i++)
            if (k->places[i].id != 0)
                *known_place(&larger, k->places[i].hash) = k->places[i].id;
        free(k->places);
        *k = larger;
    }
    *known_place(k, hash) = id;
    k->n++;
    return true;
}

/* ---- finding the use of rows ---- */

enum { FIND_SET, ADD_SET, FIND_USE, ADD_USE, N_STATEMENTS };
static const char *const statements[N_STATEMENTS] = {
    [FIND_SET] = "SELECT id,facts FROM clockset_$ WHERE digest=?1",
    [ADD_SET] = "INSERT INTO clockset_$(digest,settled,turns,facts) VALUES(?1,?2,?3,?4)",
    [FIND_USE] = "SELECT id FROM clockuse_$ WHERE facts=?1 AND division=?2",
    [ADD_USE] = "INSERT INTO clockuse_$(facts,division,rows) VALUES(?1,?2,0)",
};

struct dk_clock_finder {
    dk_store *store;
    const dk_kind *kind;
    int32_t day;
    uint64_t fields;
    bool by_key;
    dk_clock_gatherer *gatherer;
    dk_clock_facts facts;     /* of a new set */
    known sets, uses, states; /* states: the place among the field's values, plus 1 */
    dk_buf like, bytes;       /* what makes a row like another; facts, */
    uint64_t hash[2];         /* those of rows like this one, */
    bool gathered;            /* if there are any */
    sqlite3_stmt *statements[N_STATEMENTS];
    sqlite3_stmt *row; /* what matters of one */
};

dk_clock_finder *dk_clock_finder_create(dk_store *store, const dk_kind *kind, int32_t day)
{
    dk_clock_finder *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->store = store;
    f->kind = kind;
    f->day = day;
    dk_buf_init(&f->like);
    dk_buf_init(&f->bytes);
    dk_clock_depends(store->catalogue, kind, &f->fields, &f->by_key);
    dk_clock_facts_of(&f->facts, store->catalogue, kind);
    if ((f->gatherer = dk_clock_gatherer_create(store, kind)) == NULL) {
        dk_clock_finder_free(f);
        return NULL;
    }
    return f;
}

void dk_clock_finder_free(dk_clock_finder *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < N_STATEMENTS; i++)
        sqlite3_finalize(f->statements[i]);
    sqlite3_finalize(f->row);
    dk_clock_gatherer_free(f->gatherer);
    dk_clock_facts_finish(&f->facts);
    free(f->sets.places);
    free(f->uses.places);
    free(f->states.places);
    dk_buf_finish(&f->like);
    dk_buf_finish(&f->bytes);
    free(f);
}

void dk_clock_finder_forget(dk_clock_finder *f)
{
    known_forget(&f->sets);
    known_forget(&f->states);
    f->gathered = false;
}

static dk_status statement(dk_clock_finder *f, int id, sqlite3_stmt **ret_stmt, dk_error *err)
{
    dk_status status = DK_OK;
    if (f->statements[id] == NULL)
        status = dk_clock_prepare(f->store, f->kind, statements[id], &f->statements[id], err);
    *ret_stmt = f->statements[id];
    return status;
}

/* The hash of what a row's facts depend on. */
static dk_status hash_of(dk_clock_finder *f, const char *key, const dk_value *values, uint64_t ret_hash[2],
                         dk_error *err)
{
    dk_buf_clear(&f->like);
    for (size_t i = 0; i < f->kind->n_fields; i++) {
        const dk_value *value = &values[i];
        if ((f->fields >> i & 1) == 0)
            continue;
        dk_buf_byte(&f->like, (unsigned char)value->type);
        if (value->type == DK_TEXT) {
            dk_buf_varint(&f->like, value->text.size);
            dk_buf_append(&f->like, value->text.data, value->text.size);
        } else if (value->type == DK_INTEGER) {
            dk_buf_append(&f->like, &value->integer, sizeof value->integer);
        } else if (value->type == DK_REAL) {
            dk_buf_append(&f->like, &value->real, sizeof value->real);
        }
    }
    if (f->by_key)
        dk_buf_text(&f->like, key);
    if (f->like.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_hash128(f->like.data, f->like.size, ret_hash);
    return DK_OK;
}

static dk_status add_set(dk_clock_finder *f, int64_t digest, int64_t *ret_id, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_clock_facts_read(&f->facts, f->store->catalogue, f->bytes.data, f->bytes.size);
    if (status != DK_OK)
        return dk_fail(err, status, status == DK_NOMEM ? "out of memory" : "facts cannot be read back");
    if ((status = statement(f, ADD_SET, &stmt, err)) != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, digest);
    sqlite3_bind_int64(stmt, 2, dk_clock_facts_settled(&f->facts));
    sqlite3_bind_int64(stmt, 3, dk_disclosure_turns(f->kind, &f->facts, f->day));
    sqlite3_bind_blob64(stmt, 4, f->bytes.data, f->bytes.size, SQLITE_STATIC);
    if ((status = dk_sql_done(f->store, stmt, err)) == DK_OK)
        *ret_id = sqlite3_last_insert_rowid(f->store->db);
    return status;
}

/* The set of the facts in f->bytes. */
static dk_status find_set(dk_clock_finder *f, bool writing, int64_t *ret_id, dk_error *err)
{
    const int64_t digest = (int64_t)dk_hash64(f->bytes.data, f->bytes.size, 0);
    sqlite3_stmt *stmt = NULL;
    dk_status status = statement(f, FIND_SET, &stmt, err);
    if (status != DK_OK)
        return status;
    *ret_id = 0;
    sqlite3_bind_int64(stmt, 1, digest);
    while (*ret_id == 0 && (status = dk_sql_step(f->store, stmt, err)) == DK_OK)
        if ((size_t)sqlite3_column_bytes(stmt, 1) == f->bytes.size &&
            memcmp(sqlite3_column_blob(stmt, 1), f->bytes.data, f->bytes.size) == 0)
            *ret_id = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    return *ret_id == 0 && writing ? add_set(f, digest, ret_id, err) : DK_OK;
}

static dk_status find_use(dk_clock_finder *f, int64_t set, const char *division, bool writing, int64_t *ret_use,
                          dk_error *err)
{
    uint64_t hash[2] = {dk_hash64(division, strlen(division), (uint64_t)set), (uint64_t)set};
    sqlite3_stmt *stmt = NULL;
    if ((*ret_use = known_get(&f->uses, hash)) != 0)
        return DK_OK;
    dk_status status = statement(f, FIND_USE, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, set);
    sqlite3_bind_text(stmt, 2, division, -1, SQLITE_STATIC);
    if ((status = dk_sql_step(f->store, stmt, err)) == DK_OK)
        *ret_use = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    if (status == DK_END && writing && (status = statement(f, ADD_USE, &stmt, err)) == DK_OK) {
        sqlite3_bind_int64(stmt, 1, set);
        sqlite3_bind_text(stmt, 2, division, -1, SQLITE_STATIC);
        if ((status = dk_sql_done(f->store, stmt, err)) == DK_OK)
            *ret_use = sqlite3_last_insert_rowid(f->store->db);
    }
    if (status == DK_OK && *ret_use != 0 && !known_put(&f->uses, hash, *ret_use))
        status = dk_fail(err, DK_NOMEM, "out of memory");
    return status == DK_END ? DK_OK : status;
}

/* Of a row with this hash, unless they are there from the last one. */
static dk_status gather(dk_clock_finder *f, const char *key, const dk_value *values, int64_t generation,
                        const uint64_t hash[2], dk_error *err)
{
    if (f->gathered && f->hash[0] == hash[0] && f->hash[1] == hash[1])
        return DK_OK;
    f->gathered = false;
    const dk_status status = dk_clock_gather(f->gatherer, key, values, generation, &f->bytes, err);
    if (status == DK_OK) {
        memcpy(f->hash, hash, sizeof f->hash);
        f->gathered = true;
    }
    return status;
}

dk_status dk_clock_find_state(dk_clock_finder *f, const char *key, const dk_value *values, int64_t generation,
                              dk_value *ret_state, dk_error *err)
{
    const dk_field *field = &f->kind->fields[f->kind->disclosure_field];
    uint64_t hash[2];
    dk_status status = hash_of(f, key, values, hash, err);
    if (status != DK_OK)
        return status;
    int64_t found = known_get(&f->states, hash);
    if (found == 0) {
        if ((status = gather(f, key, values, generation, hash, err)) != DK_OK)
            return status;
        if ((status = dk_clock_facts_read(&f->facts, f->store->catalogue, f->bytes.data, f->bytes.size)) != DK_OK)
            return dk_fail(err, status, status == DK_NOMEM ? "out of memory" : "facts cannot be read back");
        found = dk_disclosure_of(f->kind, &f->facts, f->day) + 1;
        if (found > 0 && !f->by_key && !known_put(&f->states, hash, found))
            return dk_fail(err, DK_NOMEM, "out of memory");
    }
    *ret_state = found > 0 ? dk_value_text(field->values[found - 1]) : dk_value_null();
    return DK_OK;
}

dk_status dk_clock_find(dk_clock_finder *f, const char *key, const dk_value *values, int64_t generation, bool writing,
                        int64_t *ret_use, dk_error *err)
{
    uint64_t hash[2];
    char division[13];
    *ret_use = 0;
    dk_status status = hash_of(f, key, values, hash, err);
    if (status != DK_OK)
        return status;
    int64_t set = known_get(&f->sets, hash);
    if (set == 0) {
        status = gather(f, key, values, generation, hash, err);
        if (status == DK_OK)
            status = find_set(f, writing, &set, err);
        if (status == DK_OK && set != 0 && !f->by_key && !known_put(&f->sets, hash, set))
            status = dk_fail(err, DK_NOMEM, "out of memory");
        if (status != DK_OK || set == 0)
            return status;
    }
    dk_clock_division(f->kind, values, division);
    return find_use(f, set, division, writing, ret_use, err);
}

uint64_t dk_clock_mark_fields(const dk_clock_finder *f)
{
    return f->fields | (f->kind->division_field >= 0 ? UINT64_C(1) << f->kind->division_field : 0);
}

/* The values that matter, of columns from one on; the others are null. */
static void take_values(const dk_clock_finder *f, sqlite3_stmt *stmt, int column, dk_value *ret_values)
{
    const uint64_t fields = dk_clock_mark_fields(f);
    for (size_t i = 0; i < f->kind->n_fields; i++)
        ret_values[i] = (fields >> i & 1) != 0 ? dk_column_value(stmt, column++) : dk_value_null();
}

dk_status dk_clock_mark_take(dk_clock_finder *f, const char *key, sqlite3_stmt *stmt, int column,
                             dk_clock_mark *ret_mark, dk_error *err)
{
    dk_value values[DK_MAX_FIELDS];
    take_values(f, stmt, column, values);
    dk_clock_division(f->kind, values, ret_mark->division);
    return hash_of(f, key, values, ret_mark->hash, err);
}

dk_status dk_clock_find_marked(dk_clock_finder *f, const dk_clock_mark *mark, int64_t *ret_use, dk_error *err)
{
    const int64_t set = known_get(&f->sets, mark->hash);
    *ret_use = 0;
    return set != 0 ? find_use(f, set, mark->division, true, ret_use, err) : DK_OK;
}

static dk_status prepare_row(dk_clock_finder *f, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_text(&sql, f->by_key ? "SELECT feature,key" : "SELECT feature,''");
    for (size_t i = 0; i < f->kind->n_fields; i++)
        if ((dk_clock_mark_fields(f) >> i & 1) != 0)
            dk_buf_format(&sql, ",f_%s", f->kind->fields[i].name);
    dk_buf_format(&sql, " FROM row_%s WHERE row=?1", f->kind->name);
    const char *text = dk_buf_cstr(&sql);
    const dk_status status =
        text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(f->store, text, &f->row, err);
    dk_buf_finish(&sql);
    return status;
}

dk_status dk_clock_find_row(dk_clock_finder *f, int64_t row, int64_t generation, int64_t *ret_feature, int64_t *ret_use,
                            dk_error *err)
{
    dk_value values[DK_MAX_FIELDS];
    dk_status status = f->row == NULL ? prepare_row(f, err) : DK_OK;
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(f->row, 1, row);
    status = dk_sql_step(f->store, f->row, err);
    if (status == DK_OK) {
        *ret_feature = sqlite3_column_int64(f->row, 0);
        take_values(f, f->row, 2, values);
        status = dk_clock_find(f, (const char *)sqlite3_column_text(f->row, 1), values, generation, true, ret_use, err);
    } else if (status == DK_END) {
        status = dk_fail(err, DK_CORRUPT, "%s: row %lld of %s is missing; run dikuai-ingest check", f->store->path,
                         (long long)row, f->kind->name);
    }
    sqlite3_reset(f->row);
    return status;
}

dk_status dk_clock_each_alive(dk_store *store, const dk_kind *kind, int64_t generation,
                              dk_status (*each)(const dk_stored_row *row, int64_t born, void *user, dk_error *err),
                              void *user, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_clock_prepare(
        store, kind, "SELECT row,born FROM life_$ WHERE born<=?1 AND (died=0 OR died>?1) ORDER BY row", &stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, generation);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        dk_stored_row stored;
        if ((status = dk_stored_row_read(store, kind, sqlite3_column_int64(stmt, 0), false, &stored, err)) != DK_OK)
            break;
        status = each(&stored, sqlite3_column_int64(stmt, 1), user, err);
        dk_stored_row_release(&stored);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}
