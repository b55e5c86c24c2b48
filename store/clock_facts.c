#include "store/clock_facts.h"

#include "store/hash.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FACTS_VERSION 1

/* ---- what is read ---- */

size_t dk_clock_obligations(const dk_catalogue *catalogue, const dk_kind *kind,
                            const dk_obligation *ret_obligations[DK_MAX_OBLIGATIONS])
{
    size_t n = 0;
    for (size_t i = 0; i < catalogue->n_obligations; i++)
        if (catalogue->obligations[i].enabled && catalogue->obligations[i].about == kind)
            ret_obligations[n++] = &catalogue->obligations[i];
    return n;
}

static uint32_t bit(const dk_kind *kind)
{
    return UINT32_C(1) << kind->index;
}

uint32_t dk_clock_sources(const dk_catalogue *catalogue, const dk_kind *kind)
{
    const dk_obligation *obligations[DK_MAX_OBLIGATIONS];
    const size_t n = dk_clock_obligations(catalogue, kind, obligations);
    const dk_regime_by *by = dk_catalogue_regime_by(catalogue, kind);
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        const dk_obligation *o = obligations[i];
        if (o->item->applies_kind != NULL)
            bits |= bit(o->item->applies_kind);
        for (size_t j = 0; j < o->n_events; j++)
            bits |= bit(o->events[j].kind);
        for (size_t j = 0; j < o->n_proofs; j++)
            bits |= bit(o->proofs[j].kind);
        for (size_t j = 0; j < o->n_exemptions; j++)
            bits |= bit(o->exemptions[j].kind);
    }
    for (size_t i = 0; n > 0 && by != NULL && i < by->n_sources; i++)
        bits |= bit(by->sources[i].kind);
    return n > 0 ? bits | bit(kind) : 0;
}

/* What bytes of facts can only be read by: the obligations and the regimes, in their order. */
static uint32_t layout_of(const dk_catalogue *catalogue, const dk_obligation *const *obligations, size_t n)
{
    uint64_t hash = FACTS_VERSION;
    for (size_t i = 0; i < n; i++)
        hash = dk_hash64(obligations[i]->id, strlen(obligations[i]->id), hash + obligations[i]->n_exemptions);
    for (size_t i = 0; i < catalogue->n_regimes; i++)
        hash = dk_hash64(catalogue->regimes[i].id, strlen(catalogue->regimes[i].id), hash);
    return (uint32_t)hash;
}

static void depend(const dk_kind *kind, const dk_kind *on, int field, uint64_t *fields)
{
    if (on == kind && field >= 0)
        *fields |= UINT64_C(1) << field;
}

static void depend_on_rows(const dk_kind *kind, const dk_dated_rows *rows, uint64_t *fields)
{
    depend(kind, rows->kind, rows->date_field, fields);
    depend(kind, rows->kind, rows->end_field, fields);
    for (size_t i = 0; i < rows->where.n_fields; i++)
        depend(kind, rows->kind, rows->where.fields[i].field, fields);
}

void dk_clock_depends(const dk_catalogue *catalogue, const dk_kind *kind, uint64_t *ret_fields, bool *ret_key)
{
    const dk_obligation *obligations[DK_MAX_OBLIGATIONS];
    const size_t n = dk_clock_obligations(catalogue, kind, obligations);
    const uint32_t sources = dk_clock_sources(catalogue, kind);
    const dk_regime_by *by = dk_catalogue_regime_by(catalogue, kind);
    uint64_t fields = 0;
    bool key = false;
    for (size_t i = 0; i < n; i++) {
        const dk_obligation *o = obligations[i];
        depend(kind, o->item->applies_kind, o->item->applies_field, &fields);
        for (size_t j = 0; j < o->n_events; j++)
            depend_on_rows(kind, &o->events[j], &fields);
        for (size_t j = 0; j < o->n_proofs; j++)
            depend_on_rows(kind, &o->proofs[j], &fields);
        for (size_t j = 0; j < o->n_exemptions; j++)
            depend(kind, o->exemptions[j].kind, o->exemptions[j].field, &fields);
    }
    for (size_t i = 0; by != NULL && i < by->n_sources; i++)
        depend(kind, by->sources[i].kind, by->sources[i].field, &fields);
    for (size_t l = 0; l < catalogue->n_links; l++) {
        const dk_link *link = &catalogue->links[l];
        const bool reversed = link->to == kind;
        const dk_kind *other = reversed ? link->from : link->to;
        if ((link->from != kind && link->to != kind) || (sources & bit(other)) == 0)
            continue;
        for (size_t r = 0; r < link->n_rules; r++) {
            const dk_link_rule *rule = &link->rules[r];
            for (size_t m = 0; m < rule->n_match; m++) {
                const int mine = reversed ? rule->match[m].to : rule->match[m].from;
                key |= mine == DK_LINK_KEY;
                depend(kind, kind, mine, &fields);
            }
            depend(kind, kind, reversed ? rule->unless.to : rule->unless.from, &fields);
        }
    }
    *ret_fields = fields;
    *ret_key = key;
}

/* ---- gathering ---- */

/* Sorted, each once, as soon as there are twice as many as there were then. */
typedef struct gathered {
    bool told, holds; /* the item's condition: some row says something of it, and it is met */
    int exemption;    /* the first that holds; -1: none */
    size_t event;     /* which of the obligation's events; n_events: none yet */
    int32_t *events;
    size_t n_events, events_capacity, events_sorted;
    dk_shown *proofs;
    size_t n_proofs, proofs_capacity, proofs_sorted;
} gathered;

struct dk_clock_gatherer {
    dk_store *store;
    const dk_kind *kind;
    uint32_t sources;
    const dk_regime_by *by;
    size_t regime_source; /* the one that has said something; by->n_sources: none has */
    const dk_regime *regime;
    uint32_t layout;
    size_t n;
    const dk_obligation *obligations[DK_MAX_OBLIGATIONS];
    gathered gathered[DK_MAX_OBLIGATIONS];
    bool failed; /* out of memory */
};

dk_clock_gatherer *dk_clock_gatherer_create(dk_store *store, const dk_kind *kind)
{
    dk_clock_gatherer *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->store = store;
    g->kind = kind;
    g->sources = dk_clock_sources(store->catalogue, kind);
    g->by = dk_catalogue_regime_by(store->catalogue, kind);
    g->n = dk_clock_obligations(store->catalogue, kind, g->obligations);
    g->layout = layout_of(store->catalogue, g->obligations, g->n);
    return g;
}

void dk_clock_gatherer_free(dk_clock_gatherer *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++) {
        free(g->gathered[i].events);
        free(g->gathered[i].proofs);
    }
    free(g);
}

static void begin(dk_clock_gatherer *g)
{
    g->regime_source = g->by != NULL ? g->by->n_sources : 0;
    g->regime = NULL;
    g->failed = false;
    for (size_t i = 0; i < g->n; i++) {
        gathered *of = &g->gathered[i];
        of->told = of->holds = false;
        of->exemption = -1;
        of->event = g->obligations[i]->n_events;
        of->n_events = of->n_proofs = of->events_sorted = of->proofs_sorted = 0;
    }
}

static int by_day(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int by_shown(const void *a, const void *b)
{
    const dk_shown *x = a, *y = b;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
                              : (x->until > y->until) - (x->until < y->until);
}

static size_t sorted(void *array, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    unsigned char *bytes = array;
    size_t kept = 0;
    if (n > 1)
        qsort(array, n, size, compare);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare(bytes + (kept - 1) * size, bytes + i * size) != 0)
            memmove(bytes + kept++ * size, bytes + i * size, size);
    return kept;
}

#define SORTED_FROM 64

static void add_event(dk_clock_gatherer *g, const dk_obligation *obligation, gathered *of, size_t event, int32_t day)
{
    if (event > of->event)
        return;
    if (event < of->event)
        of->n_events = of->events_sorted = 0;
    of->event = event;
    if (!obligation->take_last && of->n_events > 0) { /* the earliest is the first on every day */
        of->events[0] = day < of->events[0] ? day : of->events[0];
        return;
    }
    if (of->n_events >= SORTED_FROM && of->n_events >= 2 * of->events_sorted)
        of->n_events = of->events_sorted = sorted(of->events, of->n_events, sizeof *of->events, by_day);
    if (!dk_grow(&of->events, &of->events_capacity, of->n_events + 1, sizeof *of->events))
        g->failed = true;
    else
        of->events[of->n_events++] = day;
}

static void add_proof(dk_clock_gatherer *g, const dk_obligation *obligation, gathered *of, dk_shown shown)
{
    if (shown.from == DK_NO_DAY || obligation->lasts.n <= 0)
        shown.until = DK_FAR_DAY;
    /* Of what need not stay the earliest is the best, and one that has no date says no more than another. */
    for (size_t i = 0; (shown.from == DK_NO_DAY || obligation->lasts.n <= 0) && i < of->n_proofs; i++)
        if ((of->proofs[i].from == DK_NO_DAY) == (shown.from == DK_NO_DAY)) {
            if (shown.from < of->proofs[i].from)
                of->proofs[i].from = shown.from;
            return;
        }
    if (of->n_proofs >= SORTED_FROM && of->n_proofs >= 2 * of->proofs_sorted)
        of->n_proofs = of->proofs_sorted = sorted(of->proofs, of->n_proofs, sizeof *of->proofs, by_shown);
    if (!dk_grow(&of->proofs, &of->proofs_capacity, of->n_proofs + 1, sizeof *of->proofs))
        g->failed = true;
    else
        of->proofs[of->n_proofs++] = shown;
}

/* Whether a field holds the text, or lists it; numbers are compared as the catalogue writes them. */
static bool holds(const dk_value *value, const char *text)
{
    char number[40];
    switch (value->type) {
    case DK_TEXT: /* mostly it does not hold it at all */
        return strstr(value->text.data, text) != NULL && dk_text_lists(value->text.data, text);
    case DK_INTEGER:
        snprintf(number, sizeof number, "%lld", (long long)value->integer);
        return strcmp(number, text) == 0;
    case DK_REAL:
        return strtod(text, NULL) == value->real;
    case DK_NULL:
    default:
        return false;
    }
}

static bool holds_any(const dk_value *value, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (holds(value, texts[i]))
            return true;
    return false;
}

static bool meets(const dk_value *values, const dk_where *where)
{
    for (size_t i = 0; i < where->n_fields; i++)
        if (!holds_any(&values[where->fields[i].field], (const char *const *)where->fields[i].values,
                       where->fields[i].n_values))
            return false;
    return true;
}

static bool is_given(const dk_value *value)
{
    return value->type != DK_NULL && !(value->type == DK_TEXT && value->text.size == 0);
}

/* NULL: there is none. */
static const char *text_of(const dk_value *values, int field)
{
    return field >= 0 && values[field].type == DK_TEXT ? values[field].text.data : NULL;
}

/* What one row says of one obligation. */
static void look_at_obligation(dk_clock_gatherer *g, size_t i, const dk_kind *kind, const dk_value *values)
{
    const dk_obligation *o = g->obligations[i];
    const dk_item *item = o->item;
    gathered *of = &g->gathered[i];
    if (item->applies_kind == kind && is_given(&values[item->applies_field])) {
        of->told = true;
        of->holds |=
            holds_any(&values[item->applies_field], (const char *const *)item->applies_values, item->n_applies_values);
    }
    for (size_t j = 0; j < o->n_exemptions && (of->exemption < 0 || (int)j < of->exemption); j++) {
        const dk_exemption *exemption = &o->exemptions[j];
        if (exemption->kind == kind &&
            holds_any(&values[exemption->field], (const char *const *)exemption->values, exemption->n_values))
            of->exemption = (int)j;
    }
    for (size_t j = 0; j < o->n_events && j <= of->event; j++) {
        int32_t day;
        if (o->events[j].kind == kind && dk_day_read(text_of(values, o->events[j].date_field), &day) &&
            meets(values, &o->events[j].where))
            add_event(g, o, of, j, day);
    }
    for (size_t j = 0; j < o->n_proofs; j++) {
        const dk_dated_rows *proof = &o->proofs[j];
        dk_shown shown;
        if (proof->kind == kind && meets(values, &proof->where) &&
            dk_shown_read(proof, text_of(values, proof->date_field), text_of(values, proof->end_field), &shown))
            add_proof(g, o, of, shown);
    }
}

/* What one row, the subject itself or one that is linked to it, says of everything. */
static void look_at_row(dk_clock_gatherer *g, const dk_kind *kind, const dk_value *values)
{
    for (size_t s = 0; g->by != NULL && s < g->by->n_sources && s <= g->regime_source; s++) {
        if (g->by->sources[s].kind != kind)
            continue;
        const int field = g->by->sources[s].field;
        const dk_regime *said = values[field].type == DK_TEXT
                                    ? dk_regime_said(g->store->catalogue, &kind->fields[field], values[field].text.data)
                                    : NULL;
        /* Of one source the regime that comes first in the catalogue. */
        if (said != NULL && (s < g->regime_source || said < g->regime)) {
            g->regime_source = s;
            g->regime = said;
        }
    }
    for (size_t i = 0; i < g->n; i++)
        look_at_obligation(g, i, kind, values);
}

static dk_status look_at_linked(dk_clock_gatherer *g, const char *key, const dk_value *values, const dk_kind *other,
                                int64_t generation, dk_error *err)
{
    dk_key_list list = {0};
    dk_status status = dk_linked_rows(g->store, g->kind, key, values, other, generation, SIZE_MAX, &list, err);
    dk_key_list_sort(&list); /* two rules may give one row */
    for (size_t i = 0; status == DK_OK && i < list.n; i++) {
        dk_stored_row linked;
        if ((status = dk_stored_row_read(g->store, other, list.entries[i].row, false, &linked, err)) != DK_OK)
            break;
        look_at_row(g, other, linked.values);
        dk_stored_row_release(&linked);
    }
    dk_key_list_finish(&list);
    return status;
}

/* ---- bytes: version, layout, regime, then of each obligation: whether it applies, exemption, events, proofs ---- */

static void write_day(dk_buf *bytes, int32_t day)
{
    const uint64_t zigzag = (uint64_t)day << 1 ^ (uint64_t)((int64_t)day >> 63);
    dk_buf_varint(bytes, day == DK_NO_DAY ? 0 : day == DK_FAR_DAY ? 1 : (zigzag & 0x1ffffffff) + 2);
}

static void write_facts(dk_clock_gatherer *g, dk_buf *bytes)
{
    dk_buf_clear(bytes);
    dk_buf_byte(bytes, FACTS_VERSION);
    dk_buf_append(bytes, &g->layout, sizeof g->layout);
    dk_buf_varint(bytes, g->regime != NULL ? (uint64_t)(g->regime - g->store->catalogue->regimes) + 1 : 0);
    for (size_t i = 0; i < g->n; i++) {
        gathered *of = &g->gathered[i];
        const bool applies = g->obligations[i]->item->applies_kind == NULL || of->holds || !of->told;
        of->n_events = sorted(of->events, of->n_events, sizeof *of->events, by_day);
        of->n_proofs = sorted(of->proofs, of->n_proofs, sizeof *of->proofs, by_shown);
        dk_buf_varint(bytes, (uint64_t)(of->exemption + 1) << 1 | applies);
        dk_buf_varint(bytes, of->n_events);
        for (size_t j = 0; j < of->n_events; j++)
            write_day(bytes, of->events[j]);
        dk_buf_varint(bytes, of->n_proofs);
        for (size_t j = 0; j < of->n_proofs; j++) {
            write_day(bytes, of->proofs[j].from);
            write_day(bytes, of->proofs[j].until);
        }
    }
}

dk_status dk_clock_gather(dk_clock_gatherer *g, const char *key, const dk_value *values, int64_t generation,
                          dk_buf *ret_bytes, dk_error *err)
{
    const dk_catalogue *catalogue = g->store->catalogue;
    dk_status status = DK_OK;
    begin(g);
    look_at_row(g, g->kind, values);
    for (size_t k = 0; status == DK_OK && k < catalogue->n_kinds; k++)
        if (&catalogue->kinds[k] != g->kind && (g->sources & bit(&catalogue->kinds[k])) != 0)
            status = look_at_linked(g, key, values, &catalogue->kinds[k], generation, err);
    if (status != DK_OK)
        return status;
    write_facts(g, ret_bytes);
    return g->failed || ret_bytes->failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

/* ---- facts from their bytes ---- */

void dk_clock_facts_of(dk_clock_facts *facts, const dk_catalogue *catalogue, const dk_kind *kind)
{
    facts->n = dk_clock_obligations(catalogue, kind, facts->obligations);
    facts->layout = layout_of(catalogue, facts->obligations, facts->n);
}

void dk_clock_facts_finish(dk_clock_facts *facts)
{
    free(facts->days);
    free(facts->shown);
    facts->days = NULL;
    facts->shown = NULL;
    facts->n_days = facts->days_capacity = facts->n_shown = facts->shown_capacity = 0;
}

static bool read_day(const unsigned char **at, const unsigned char *end, int32_t *ret_day)
{
    uint64_t coded;
    if (!dk_read_varint(at, end, &coded) || coded > UINT64_C(0xffffffff) + 2)
        return false;
    if (coded < 2) {
        *ret_day = coded == 0 ? DK_NO_DAY : DK_FAR_DAY;
        return true;
    }
    coded -= 2;
    *ret_day = (int32_t)((int64_t)(coded >> 1) ^ -(int64_t)(coded & 1));
    return true;
}

/* A count of things of at least so many bytes each. */
static bool read_count(const unsigned char **at, const unsigned char *end, size_t bytes, size_t *ret_n)
{
    uint64_t n;
    if (!dk_read_varint(at, end, &n) || n > (uint64_t)(end - *at) / bytes)
        return false;
    *ret_n = (size_t)n;
    return true;
}

static dk_status read_obligation(dk_clock_facts *facts, size_t i, const unsigned char **at, const unsigned char *end)
{
    dk_obligation_facts *of = &facts->facts[i];
    uint64_t flags;
    size_t n;
    if (!dk_read_varint(at, end, &flags) || flags >> 1 > facts->obligations[i]->n_exemptions ||
        !read_count(at, end, 1, &n))
        return DK_CORRUPT;
    of->applies = flags & 1;
    of->exemption = (int)(flags >> 1) - 1;
    of->regime = facts->regime;
    if (!dk_grow(&facts->days, &facts->days_capacity, facts->n_days + n, sizeof *facts->days))
        return DK_NOMEM;
    of->n_events = n;
    for (size_t j = 0; j < n; j++)
        if (!read_day(at, end, &facts->days[facts->n_days++]))
            return DK_CORRUPT;
    if (!read_count(at, end, 2, &n))
        return DK_CORRUPT;
    if (!dk_grow(&facts->shown, &facts->shown_capacity, facts->n_shown + n, sizeof *facts->shown))
        return DK_NOMEM;
    of->n_proofs = n;
    for (size_t j = 0; j < n; j++, facts->n_shown++)
        if (!read_day(at, end, &facts->shown[facts->n_shown].from) ||
            !read_day(at, end, &facts->shown[facts->n_shown].until))
            return DK_CORRUPT;
    return DK_OK;
}

dk_status dk_clock_facts_read(dk_clock_facts *facts, const dk_catalogue *catalogue, const void *bytes, size_t size)
{
    const unsigned char *at = bytes, *end = size > 0 ? at + size : at;
    uint64_t regime;
    facts->n_days = facts->n_shown = 0;
    if (size < 1 + sizeof facts->layout || *at++ != FACTS_VERSION)
        return DK_CORRUPT;
    if (memcmp(at, &facts->layout, sizeof facts->layout) != 0)
        return DK_NOT_FOUND;
    at += sizeof facts->layout;
    if (!dk_read_varint(&at, end, &regime) || regime > catalogue->n_regimes)
        return DK_CORRUPT;
    facts->regime = regime == 0 ? NULL : &catalogue->regimes[regime - 1];
    for (size_t i = 0; i < facts->n; i++) {
        const dk_status status = read_obligation(facts, i, &at, end);
        if (status != DK_OK)
            return status;
    }
    if (at != end)
        return DK_CORRUPT;
    /* Only now are they at their final place. */
    for (size_t i = 0, day = 0, shown = 0; i < facts->n; i++) {
        dk_obligation_facts *of = &facts->facts[i];
        of->events = facts->days + day;
        of->proofs = facts->shown + shown;
        day += of->n_events;
        shown += of->n_proofs;
    }
    return DK_OK;
}

/* ---- of one row ---- */

dk_status dk_clock_of_row(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int32_t as_of,
                          dk_clock_outcome ret_outcomes[DK_MAX_OBLIGATIONS], size_t *ret_n,
                          const dk_regime **ret_regime, dk_error *err)
{
    int64_t row = 0;
    dk_stored_row stored;
    bool read = false;
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_clock_gatherer *gatherer = dk_clock_gatherer_create(store, kind);
    dk_clock_facts *facts = calloc(1, sizeof *facts);
    dk_status status = gatherer == NULL || facts == NULL ? dk_fail(err, DK_NOMEM, "out of memory")
                                                         : dk_row_of_key(store, kind, key, generation, &row, err);
    if (status == DK_OK && row == 0)
        status = dk_fail(err, DK_NOT_FOUND, "there is no %s %.200s", kind->name, key);
    if (status == DK_OK && (status = dk_stored_row_read(store, kind, row, false, &stored, err)) == DK_OK)
        read = true;
    if (status == DK_OK)
        status = dk_clock_gather(gatherer, key, stored.values, generation, &bytes, err);
    if (status == DK_OK) {
        dk_clock_facts_of(facts, store->catalogue, kind);
        if ((status = dk_clock_facts_read(facts, store->catalogue, bytes.data, bytes.size)) != DK_OK)
            dk_fail(err, status, status == DK_NOMEM ? "out of memory" : "facts cannot be read back");
    }
    for (size_t i = 0; status == DK_OK && i < facts->n; i++) {
        ret_outcomes[i].obligation = facts->obligations[i];
        dk_obligation_outcome(facts->obligations[i], &facts->facts[i], as_of, &ret_outcomes[i].outcome);
    }
    if (status == DK_OK) {
        *ret_n = facts->n;
        *ret_regime = facts->regime;
    }
    if (read)
        dk_stored_row_release(&stored);
    if (facts != NULL)
        dk_clock_facts_finish(facts);
    free(facts);
    dk_clock_gatherer_free(gatherer);
    dk_buf_finish(&bytes);
    return status;
}

/* ---- today ---- */

int32_t dk_clock_today(const dk_store *store)
{
    enum { DAY = 86400, AHEAD = 8 * 3600 };
    return store->today != 0 ? store->today : (int32_t)(((int64_t)time(NULL) + AHEAD) / DAY);
}

void dk_clock_set_today(dk_store *store, int32_t day)
{
    store->today = day;
}
