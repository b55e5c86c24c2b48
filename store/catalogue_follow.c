#include "store/catalogue_follow.h"

#include "store/catalogue_stricter.h"
#include "store/clock_change.h"
#include "store/handle.h"
#include "store/linked.h"
#include "store/publication_log.h"
#include "store/reindex.h"

#include <stdio.h>
#include <string.h>

/* ---- what differs ---- */

static const char *field_name(const dk_kind *kind, int field)
{
    return kind != NULL && field >= 0 ? kind->fields[field].name : field == DK_LINK_KEY ? "*key" : "";
}

static const char *kind_name(const dk_kind *kind)
{
    return kind != NULL ? kind->name : "";
}

/* The same field in the same place: what is derived knows fields by their numbers. */
static bool same_field(const dk_kind *a, int i, const dk_kind *b, int k)
{
    return i == k && strcmp(field_name(a, i), field_name(b, k)) == 0;
}

static bool same_rules(const dk_link *a, const dk_link *b)
{
    if (strcmp(a->from->name, b->from->name) != 0 || strcmp(a->to->name, b->to->name) != 0 || a->n_rules != b->n_rules)
        return false;
    for (size_t r = 0; r < a->n_rules; r++) {
        const dk_link_rule *x = &a->rules[r], *y = &b->rules[r];
        bool same = x->n_match == y->n_match &&
                    strcmp(field_name(a->from, x->unless.from), field_name(b->from, y->unless.from)) == 0 &&
                    strcmp(field_name(a->to, x->unless.to), field_name(b->to, y->unless.to)) == 0;
        for (size_t m = 0; same && m < x->n_match; m++)
            same = strcmp(field_name(a->from, x->match[m].from), field_name(b->from, y->match[m].from)) == 0 &&
                   strcmp(field_name(a->to, x->match[m].to), field_name(b->to, y->match[m].to)) == 0;
        if (!same)
            return false;
    }
    return true;
}

static bool same_links(const dk_catalogue *a, const dk_catalogue *b)
{
    for (size_t i = 0; i < a->n_links && a->n_links == b->n_links; i++)
        if (!same_rules(&a->links[i], &b->links[i]))
            return false;
    return a->n_links == b->n_links;
}

static bool is_linked_by_key(const dk_catalogue *catalogue, const dk_kind *kind)
{
    bool by_key = false;
    for (size_t l = 0; l < catalogue->n_links; l++)
        for (size_t r = 0; r < catalogue->links[l].n_rules; r++) {
            const dk_link *link = &catalogue->links[l];
            const dk_link_rule *rule = &link->rules[r];
            for (size_t m = 0; m < rule->n_match; m++)
                by_key |= (link->from == kind && rule->match[m].from == DK_LINK_KEY) ||
                          (link->to == kind && rule->match[m].to == DK_LINK_KEY);
        }
    return by_key;
}

/* Whether keys that link rows are found by their folded form as they were (store/folded_key.h): by the terms of the
 * fields that they are made of, which are the same fields as before. */
static bool same_folded_keys(const dk_catalogue *a, const uint64_t *indexed_a, const dk_catalogue *b,
                             const uint64_t *indexed_b)
{
    for (size_t k = 0; k < b->n_kinds; k++) {
        const dk_kind *now = &b->kinds[k], *was = dk_catalogue_kind(a, now->name);
        if (was == NULL || !is_linked_by_key(b, now))
            continue;
        uint64_t parts = UINT64_C(1) << now->key_field;
        for (size_t i = 0; i < now->n_qualifiers; i++)
            parts |= UINT64_C(1) << now->qualifiers[i];
        for (size_t i = 0; i < now->n_fields; i++) {
            const int before = dk_kind_field(was, now->fields[i].name);
            if ((parts >> i & 1) != 0 && before >= 0 &&
                (indexed_a[was->index] >> before & 1) != (indexed_b[now->index] >> i & 1))
                return false;
        }
    }
    return true;
}

/* Whose staff may carry what is not public from row to row follows from these (dk_scope_carries). */
static bool same_successors(const dk_catalogue *a, const dk_catalogue *b)
{
    return (a->n_successors == 0) == (b->n_successors == 0);
}

static const dk_field *field_of(const dk_kind *kind, const char *name)
{
    const int i = dk_kind_field(kind, name);
    return i >= 0 ? &kind->fields[i] : NULL;
}

static bool same_inheritance(const dk_kind *a, const dk_kind *b)
{
    for (size_t i = 0; i < b->n_fields; i++) {
        const dk_field *now = &b->fields[i], *was = field_of(a, now->name);
        if (now->inherit_kind != NULL &&
            (was == NULL || strcmp(kind_name(was->inherit_kind), now->inherit_kind->name) != 0 ||
             strcmp(field_name(was->inherit_kind, was->inherit_field),
                    field_name(now->inherit_kind, now->inherit_field)) != 0))
            return false;
    }
    return true;
}

static bool inherits(const dk_kind *kind)
{
    bool any = false;
    for (size_t i = 0; i < kind->n_fields; i++)
        any = any || kind->fields[i].inherit_kind != NULL;
    return any;
}

/* Whether the linked fields of a kind follow from the same values, and in the same way (store/linked.c). */
static bool same_linked(const dk_kind *a, const dk_kind *b)
{
    if (!same_field(a, a->division_field, b, b->division_field) && (a->division_field >= 0 || b->division_field >= 0))
        return false;
    for (size_t i = 0; i < b->n_fields; i++) {
        const dk_field *now = &b->fields[i], *was = field_of(a, now->name);
        if (now->linked_kind == NULL)
            continue;
        if (was == NULL || was->linked_kind == NULL || strcmp(was->linked_kind->name, now->linked_kind->name) != 0 ||
            strcmp(field_name(was->linked_kind, was->linked_field), field_name(now->linked_kind, now->linked_field)) !=
                0 ||
            was->linked_as != now->linked_as || (was->audience == DK_NEVER) != (now->audience == DK_NEVER) ||
            (was->linked_kind->fields[was->linked_field].audience == DK_PUBLIC) !=
                (now->linked_kind->fields[now->linked_field].audience == DK_PUBLIC) ||
            strcmp(field_name(was->linked_kind, was->linked_kind->division_field),
                   field_name(now->linked_kind, now->linked_kind->division_field)) != 0)
            return false;
        for (size_t v = 0; now->linked_as == DK_LINKED_STATE && v < 3; v++) /* the texts of the states */
            if (strcmp(was->values[v], now->values[v]) != 0)
                return false;
    }
    return true;
}

static bool same_terms(const dk_kind *a, uint64_t indexed_a, const dk_kind *b, uint64_t indexed_b)
{
    if (indexed_a != indexed_b)
        return false;
    for (size_t i = 0; i < b->n_fields; i++) {
        const dk_field *was = i < a->n_fields ? &a->fields[i] : NULL, *now = &b->fields[i];
        if ((indexed_b >> i & 1) == 0)
            continue;
        if (was == NULL || strcmp(was->name, now->name) != 0 || was->in_search != now->in_search)
            return false;
        if (now->in_search &&
            (was->pinyin != now->pinyin || (was->audience == DK_PUBLIC) != (now->audience == DK_PUBLIC)))
            return false;
    }
    return true;
}

static bool same_index(const dk_kind *a, const dk_kind *b)
{
    if (a->min_zoom != b->min_zoom || a->max_zoom != b->max_zoom || a->draw_all != b->draw_all ||
        a->public_coarse != b->public_coarse || dk_budget_shares(a) != dk_budget_shares(b) ||
        a->n_grid_measures != b->n_grid_measures || !same_field(a, a->division_field, b, b->division_field))
        return false;
    for (size_t i = 0; i < b->n_grid_measures; i++) {
        const dk_grid_measure *was = &a->grid_measures[i], *now = &b->grid_measures[i];
        if (!same_field(a, was->field, b, now->field) || was->value != now->value || strcmp(was->name, now->name) != 0)
            return false;
    }
    for (size_t i = 0; i < a->n_fields || i < b->n_fields; i++) {
        const dk_field *was = i < a->n_fields && a->fields[i].in_tiles ? &a->fields[i] : NULL;
        const dk_field *now = i < b->n_fields && b->fields[i].in_tiles ? &b->fields[i] : NULL;
        if ((was == NULL) != (now == NULL) || (was != NULL && strcmp(was->name, now->name) != 0))
            return false;
    }
    return true;
}

/* ---- what follows ---- */

/* A catalogue before. What is derived was made by that one or, since it was held back, by this one: both count. */
typedef struct earlier {
    const dk_catalogue *catalogue;
    uint64_t indexed[DK_MAX_KINDS];
    const dk_kind *was[DK_MAX_KINDS]; /* of the kind of this number now; NULL: there was none, and it has no rows */
    bool links;                       /* they join rows otherwise than now */
} earlier;

typedef struct following {
    dk_store *store;
    earlier earlier[2];
    size_t n_earlier;
    bool changed[DK_MAX_KINDS]; /* values of its rows are others now */
    dk_clock_change *clock;
    int64_t generation;
    dk_publication_log *log;
    dk_progress progress;
    void *user;
} following;

static bool was_there(const following *f, const dk_kind *kind)
{
    return f->earlier[0].was[kind->index] != NULL;
}

static bool links_differ(const following *f)
{
    bool differ = false;
    for (size_t i = 0; i < f->n_earlier; i++)
        differ = differ || f->earlier[i].links;
    return differ;
}

/* 1. What rows are found by. */
static dk_status follow_terms(following *f, const dk_kind *kind, dk_error *err)
{
    bool same = true;
    for (size_t i = 0; i < f->n_earlier; i++) {
        const dk_kind *was = f->earlier[i].was[kind->index];
        same = same && same_terms(was, f->earlier[i].indexed[was->index], kind, f->store->indexed[kind->index]);
    }
    return same ? DK_OK : dk_reindex_terms(f->store, kind, err);
}

/* 2. What rows take over from others. */
static dk_status follow_inheritance(following *f, const dk_kind *kind, dk_error *err)
{
    bool same = !links_differ(f);
    for (size_t i = 0; i < f->n_earlier; i++)
        same = same && same_inheritance(f->earlier[i].was[kind->index], kind);
    if (same || !inherits(kind))
        return DK_OK;
    const dk_status status = dk_reindex_inherited(f->store, kind, f->generation, f->log, err);
    f->changed[kind->index] = true;
    return status == DK_OK ? dk_reindex_terms(f->store, kind, err) : status;
}

static dk_status mend(following *f, const dk_kind *kind, dk_error *err)
{
    char sql[100];
    int64_t mended = 0;
    snprintf(sql, sizeof sql, "DELETE FROM asked_%s", kind->name);
    dk_status status = dk_sql_run(f->store, sql, err);
    if (status == DK_OK)
        status = dk_linked_mend(f->store, kind, f->generation, f->log, f->clock, &mended, err);
    if (status == DK_OK && mended > 0) {
        f->changed[kind->index] = true;
        status = dk_reindex_terms(f->store, kind, err);
    }
    return status;
}

/* 3. What follows from linked rows. Staged batches are asked again when they are published. */
static dk_status follow_linked(following *f, const dk_kind *kind, dk_error *err)
{
    bool same = !links_differ(f);
    for (size_t i = 0; i < f->n_earlier; i++)
        same = same && same_linked(f->earlier[i].was[kind->index], kind) &&
               same_successors(f->earlier[i].catalogue, f->store->catalogue);
    for (size_t i = 0; i < kind->n_fields; i++) /* what it follows from has other values, or may have */
        same = same && (kind->fields[i].linked_kind == NULL || !f->changed[kind->fields[i].linked_kind->index]);
    return same || !kind->has_linked ? DK_OK : mend(f, kind, err);
}

/* 4. How disclosure stands, by the obligations that there are now and the values of linked rows. */
static dk_status follow_disclosure(following *f, const dk_kind *kind, dk_error *err)
{
    return kind->disclosure_field < 0 ? DK_OK : mend(f, kind, err);
}

/* 5. Tiles: which attributes they have, from which zoom a feature is drawn, and what the grids sum up and count. */
static dk_status follow_index(following *f, const dk_kind *layer, bool *ret_rebuilt, dk_error *err)
{
    bool same = !f->changed[layer->index];
    for (size_t i = 0; i < f->n_earlier; i++)
        same = same && same_index(f->earlier[i].was[layer->index], layer);
    if (same)
        return DK_OK;
    *ret_rebuilt = true;
    return dk_index_rebuild(f->store, layer, f->generation, f->progress, f->user, err);
}

/* 6. The publication log: what the public sees now. */
static dk_status follow_log(following *f, const dk_kind *kind, dk_error *err)
{
    bool differs = false;
    for (size_t i = 0; i < f->n_earlier; i++)
        differs = differs || dk_kind_public_differs(f->earlier[i].was[kind->index], kind);
    return dk_publication_log_kind(f->log, kind, differs, err);
}

static void add_earlier(following *f, const dk_catalogue *catalogue)
{
    const dk_catalogue *now = f->store->catalogue;
    earlier *e = &f->earlier[f->n_earlier++];
    e->catalogue = catalogue;
    dk_schema_indexed(catalogue, e->indexed);
    e->links = !same_links(catalogue, now) || !same_folded_keys(catalogue, e->indexed, now, f->store->indexed);
    for (size_t i = 0; i < now->n_kinds; i++)
        e->was[i] = dk_catalogue_kind(catalogue, now->kinds[i].name);
}

dk_status dk_catalogue_follow(dk_store *store, const dk_catalogue *before, const dk_catalogue *base, int64_t generation,
                              dk_publication_log *log, dk_progress progress, void *user, dk_error *err)
{
    const dk_catalogue *now = store->catalogue;
    following f = {.store = store, .generation = generation, .log = log, .progress = progress, .user = user};
    dk_status status = DK_OK;
    bool rebuilt = false;
    add_earlier(&f, before);
    if (base != NULL)
        add_earlier(&f, base);
    static dk_status (*const steps[])(following * f, const dk_kind *kind, dk_error *err) = {
        follow_terms, follow_inheritance, follow_linked, follow_disclosure};
    if ((status = dk_clock_change_open(store, generation, &f.clock, err)) != DK_OK)
        return status;
    for (size_t s = 0; s < sizeof steps / sizeof *steps;
         s++) /* each for all kinds: rows are linked to rows of others */
        for (size_t i = 0; status == DK_OK && i < now->n_kinds; i++)
            if (was_there(&f, &now->kinds[i]))
                status = steps[s](&f, &now->kinds[i], err);
    /* Whatever else the store keeps of rows by the catalogue has its place here: it reads rows as they are now, and
     * comes before what shows them. Limits, calendars and regimes are in the counters of scorecards. */
    if (status == DK_OK)
        status = dk_clock_change_rebuild(f.clock, err);
    dk_clock_change_close(f.clock);
    for (size_t i = 0; status == DK_OK && i < now->n_layers; i++)
        if (was_there(&f, &now->kinds[i]))
            status = follow_index(&f, &now->kinds[i], &rebuilt, err);
    for (size_t i = 0; status == DK_OK && i < now->n_kinds; i++)
        if (was_there(&f, &now->kinds[i]))
            status = follow_log(&f, &now->kinds[i], err);
    if (status == DK_OK && rebuilt) { /* sheets of earlier generations are gone */
        char sql[160];
        snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO dikuai_meta VALUES('purged',%lld),('touched_from',%lld)",
                 (long long)generation, (long long)generation);
        status = dk_sql_run(store, sql, err);
    }
    return status;
}
