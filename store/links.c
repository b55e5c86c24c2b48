/* Links: which rows of two kinds belong together.
 *
 * A link rule holds when, for each of its pairs of fields, the two rows share a term. Candidates are the
 * intersection of the posting lists of the other side's terms, walked by leaps: each list is asked for its first row
 * not below the other's, so a parcel number that a thousand projects use costs a few seeks, not a thousand rows.
 *
 * A link is seen from both sides alike. Keys are compared as terms are, folded, where they are found so (folded_key.h),
 * and otherwise as they are written. */
#include "store/approval_no.h"
#include "store/folded_key.h"
#include "store/handle.h"
#include "store/posts.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The terms of one row's field, as a list of texts one after the other. */
typedef struct term_list {
    dk_buf texts; /* NUL-terminated */
    size_t n;
} term_list;

static bool collect_term(const char *term, size_t size, void *user)
{
    term_list *list = user;
    dk_buf_append(&list->texts, term, size);
    dk_buf_byte(&list->texts, 0);
    list->n++;
    return true;
}

/* What one side of a pair offers to the other: folded terms where the other side is a field, and texts as they are
 * where it is a key, which may have to be found as it is written. */
static void terms_of_side(const dk_kind *kind, int field, const char *key, const dk_value *values, bool other_is_key,
                          term_list *list)
{
    list->n = 0;
    dk_buf_clear(&list->texts);
    const dk_value own_key = dk_value_text(key);
    const dk_value *value = field == DK_LINK_KEY ? &own_key : &values[field];
    const dk_field *typed = field == DK_LINK_KEY ? NULL : &kind->fields[field];
    if (!other_is_key || value->type != DK_TEXT)
        dk_terms_of(typed, value, collect_term, list);
    else if (typed != NULL && typed->type == DK_FIELD_APPROVAL_NO)
        dk_approval_no_each(value->text.data, collect_term, list);
    else if (value->text.size > 0)
        collect_term(value->text.data, value->text.size, list);
}

static bool has_value(const dk_value *value)
{
    return value->type != DK_NULL && !(value->type == DK_TEXT && value->text.size == 0);
}

typedef struct linking {
    dk_store *store;
    const dk_kind *kind, *other;
    const char *key;
    const dk_value *values;
    int64_t generation;
    size_t most;
    dk_key_list *list;
    dk_buf memory;
    /* Of the rule under way: fields of this and the other row that exclude it (-1: none), and those of the other row
     * that must have this row's key as it is written. */
    int unless_mine, unless_other;
    int written[4];
    size_t n_written;
    const char *folded; /* the other row's key must be this, folded; NULL: whatever it is */
    dk_error *err;
} linking;

/* The key and the batch of a row that is in the generation, and whether it has a value in a field (-1: none is asked
 * for). *ret_alive false: it is not in the generation. */
static dk_status read_candidate(linking *l, int64_t row, int field, char *key, size_t size, int64_t *ret_batch,
                                bool *ret_has, bool *ret_alive)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(l->store, l->other, DK_STMT_LIVE_META, &stmt, l->err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    sqlite3_bind_int64(stmt, 2, l->generation);
    sqlite3_bind_int(stmt, 3, field);
    status = dk_sql_step(l->store, stmt, l->err);
    *ret_alive = status == DK_OK;
    if (status == DK_OK) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        const size_t length = strnlen(text, size - 1);
        memcpy(key, text, length);
        key[length] = '\0';
        *ret_batch = sqlite3_column_int64(stmt, 1);
        *ret_has = sqlite3_column_type(stmt, 2) != SQLITE_NULL && sqlite3_column_bytes(stmt, 2) > 0;
    }
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

/* The same of any row, which lives then or not. */
static dk_status read_any_candidate(linking *l, int64_t row, int field, char *key, size_t size, int64_t *ret_batch,
                                    bool *ret_has)
{
    dk_stored_row stored;
    const dk_status status = dk_stored_row_read(l->store, l->other, row, false, &stored, l->err);
    if (status != DK_OK)
        return status;
    snprintf(key, size, "%s", stored.key);
    *ret_batch = stored.batch;
    *ret_has = field >= 0 && has_value(&stored.values[field]);
    dk_stored_row_release(&stored);
    return DK_OK;
}

/* Whether a row is on the list already: rules mostly find the same rows, and looking is cheaper than reading it again.
 * Of a long list sorting drops what is there twice. */
static bool is_listed(const dk_key_list *list, int64_t row)
{
    enum { LOOKED_AT = 64 };
    for (size_t i = 0; i < list->n && i < LOOKED_AT; i++)
        if (list->entries[i].row == row)
            return true;
    return false;
}

typedef struct own_key {
    const char *key;
    bool found;
} own_key;

static bool is_own_key(const char *text, size_t size, void *user)
{
    own_key *own = user;
    own->found = strlen(own->key) == size && memcmp(own->key, text, size) == 0;
    return !own->found;
}

/* Whether a candidate row has this row's key as it is written, in all fields that must. */
static dk_status has_written_key(linking *l, int64_t row, bool *ret_has)
{
    dk_stored_row stored;
    dk_status status = DK_OK;
    *ret_has = true;
    if (l->n_written == 0 || (status = dk_stored_row_read(l->store, l->other, row, false, &stored, l->err)) != DK_OK)
        return status;
    for (size_t i = 0; *ret_has && i < l->n_written; i++) {
        const dk_value *value = &stored.values[l->written[i]];
        own_key own = {l->key, value->type != DK_TEXT}; /* a number is written in one way */
        if (value->type == DK_TEXT && l->other->fields[l->written[i]].type == DK_FIELD_APPROVAL_NO)
            dk_approval_no_each(value->text.data, is_own_key, &own);
        else if (value->type == DK_TEXT)
            is_own_key(value->text.data, value->text.size, &own);
        *ret_has = own.found;
    }
    dk_stored_row_release(&stored);
    return status;
}

/* Whether a candidate row counts, and adds it. */
static dk_status take_candidate(linking *l, int64_t row)
{
    if (is_listed(l->list, row))
        return DK_OK;
    const int field = l->unless_mine >= 0 && has_value(&l->values[l->unless_mine]) ? l->unless_other : -1;
    bool excluded = false, alive = true, named = true;
    char key[512];
    int64_t batch = 0;
    dk_status status = l->generation == DK_ANY_GENERATION
                           ? read_any_candidate(l, row, field, key, sizeof key, &batch, &excluded)
                           : read_candidate(l, row, field, key, sizeof key, &batch, &excluded, &alive);
    if (status != DK_OK || !alive || excluded)
        return status;
    if (l->folded != NULL)
        status = dk_key_folds_to(key, l->folded, &l->memory, &named, l->err);
    if (status == DK_OK && named)
        status = has_written_key(l, row, &named);
    if (status != DK_OK || !named)
        return status;
    if (l->generation == DK_ANY_GENERATION) {
        dk_batch_life life;
        if ((status = dk_batch_life_of(l->store, batch, &life, l->err)) != DK_OK || life.state == 'w')
            return status;
        dk_newest newest;
        if ((status = dk_row_newest(l->store, l->other, key, &newest, l->err)) != DK_OK || newest.row != row)
            return status;
    }
    return dk_key_list_add(l->list, row, key, l->err);
}

/* All rows that have every one of n terms. */
static dk_status intersect(linking *l, const dk_post_text *terms, size_t n)
{
    dk_post_join *join = dk_post_join_texts(l->store, l->other, terms, n);
    dk_status status = join == NULL ? dk_fail(l->err, DK_NOMEM, "out of memory") : DK_OK;
    while (status == DK_OK && l->list->n < l->most) {
        dk_place place;
        bool found;
        status = dk_post_join_next(join, &place, &found, l->err);
        if (status != DK_OK || !found)
            break;
        status = take_candidate(l, dk_place_row(place));
    }
    dk_post_join_free(join);
    return status;
}

/* Rows whose key equals a text, if they also have the given terms. */
static dk_status by_written_key(linking *l, const char *key, const dk_post_text *texts, size_t n)
{
    enum { FEW = 64 }; /* versions of a key: more are seldom */
    dk_place few[FEW], *many = NULL;
    int64_t terms[4];
    size_t n_rows = 0, capacity = 0;
    sqlite3_stmt *stmt = NULL;
    dk_status status = DK_OK;
    for (size_t i = 0; i < n; i++) {
        status = dk_term_find(l->store, l->other, texts[i].field, texts[i].text, texts[i].size, &terms[i], l->err);
        if (status != DK_OK || terms[i] == 0)
            return status;
    }
    if ((status = dk_sql_kept(l->store, l->other, DK_STMT_KEY_ROWS, &stmt, l->err)) != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
    while ((status = dk_sql_step(l->store, stmt, l->err)) == DK_OK) {
        const dk_place place = dk_place_of(sqlite3_column_int64(stmt, 0), (uint64_t)sqlite3_column_int64(stmt, 3));
        if (n_rows < FEW) {
            few[n_rows++] = place;
            continue;
        }
        if (!dk_grow(&many, &capacity, n_rows + 1, sizeof *many)) {
            status = dk_fail(l->err, DK_NOMEM, "out of memory");
            break;
        }
        if (n_rows == FEW)
            memcpy(many, few, sizeof few);
        many[n_rows++] = place;
    }
    sqlite3_reset(stmt);
    status = status == DK_END ? DK_OK : status;
    const dk_place *rows = many != NULL ? many : few;
    for (size_t r = 0; status == DK_OK && r < n_rows; r++) {
        bool all = true;
        for (size_t i = 0; status == DK_OK && all && i < n; i++) {
            dk_place place;
            size_t found = 0;
            status = dk_post_seek(l->store, l->other, terms[i], rows[r], &place, 1, &found, l->err);
            all = status == DK_OK && found == 1 && dk_place_compare(place, rows[r]) == 0;
        }
        if (status == DK_OK && all)
            status = take_candidate(l, dk_place_row(rows[r]));
    }
    free(many);
    return status;
}

static dk_status take_folded(int64_t row, void *user)
{
    linking *l = user;
    return l->list->n < l->most ? take_candidate(l, row) : DK_END;
}

/* The same by what a text is, folded. */
static dk_status by_folded_key(linking *l, const char *key, const dk_post_text *texts, size_t n)
{
    dk_buf folded;
    dk_buf_init(&folded);
    dk_text_fold(key, strlen(key), &folded);
    const char *text = dk_buf_cstr(&folded);
    l->folded = text;
    dk_status status = text == NULL ? dk_fail(l->err, DK_NOMEM, "out of memory")
                                    : dk_folded_key_rows(l->store, l->other, text, texts, n, take_folded, l, l->err);
    l->folded = NULL;
    dk_buf_finish(&folded);
    return status == DK_END ? DK_OK : status;
}

static dk_status by_key(linking *l, const char *key, const dk_post_text *texts, size_t n, bool folded)
{
    const dk_status status = by_written_key(l, key, texts, n);
    return status == DK_OK && folded ? by_folded_key(l, key, texts, n) : status;
}

/* Applies one rule, for every combination of the terms of its pairs. */
static dk_status apply_rule(linking *l, const dk_link_rule *rule, bool reversed)
{
    term_list lists[4] = {0};
    const char *at[4], *start[4];
    size_t index[4] = {0};
    bool folded = true; /* keys of the other kind may be written otherwise */
    dk_status status = DK_OK;
    l->unless_mine = reversed ? rule->unless.to : rule->unless.from;
    l->unless_other = reversed ? rule->unless.from : rule->unless.to;
    l->n_written = 0;
    for (size_t m = 0; m < rule->n_match; m++) {
        const int mine = reversed ? rule->match[m].to : rule->match[m].from;
        const int theirs = reversed ? rule->match[m].from : rule->match[m].to;
        if (mine == DK_LINK_KEY && !dk_key_is_folded(l->store, l->kind, l->values)) {
            folded = folded && theirs != DK_LINK_KEY;
            if (theirs != DK_LINK_KEY)
                l->written[l->n_written++] = theirs;
        }
        terms_of_side(l->kind, mine, l->key, l->values, theirs == DK_LINK_KEY, &lists[m]);
        if (lists[m].texts.failed)
            status = dk_fail(l->err, DK_NOMEM, "out of memory");
        if (lists[m].n == 0 || status != DK_OK)
            goto out;
        at[m] = start[m] = (const char *)lists[m].texts.data;
    }
    for (;;) {
        dk_post_text terms[4];
        size_t n_terms = 0;
        const char *key = NULL;
        bool possible = true;
        for (size_t m = 0; possible && m < rule->n_match; m++) {
            const int other_field = reversed ? rule->match[m].from : rule->match[m].to;
            if (other_field == DK_LINK_KEY) {
                /* Two pairs on the key can only agree on one text. */
                possible = key == NULL || strcmp(key, at[m]) == 0;
                key = at[m];
                continue;
            }
            terms[n_terms++] = (dk_post_text){other_field, at[m], strlen(at[m])};
        }
        if (possible &&
            (status = key != NULL ? by_key(l, key, terms, n_terms, folded) : intersect(l, terms, n_terms)) != DK_OK)
            goto out;
        /* The next combination, as an odometer. */
        size_t m = 0;
        while (m < rule->n_match && ++index[m] == lists[m].n) {
            index[m] = 0;
            at[m] = start[m];
            m++;
        }
        if (m == rule->n_match)
            break;
        at[m] += strlen(at[m]) + 1;
    }
out:
    for (size_t m = 0; m < rule->n_match; m++)
        dk_buf_finish(&lists[m].texts);
    return status;
}

dk_status dk_linked_rows(dk_store *store, const dk_kind *kind, const char *key, const dk_value *values,
                         const dk_kind *other, int64_t generation, size_t most, dk_key_list *list, dk_error *err)
{
    bool reversed = false;
    const dk_link *link = dk_catalogue_link(store->catalogue, kind, other, &reversed);
    if (link == NULL)
        return dk_fail(err, DK_NOT_FOUND, "%s and %s are not linked in the catalogue", kind->name, other->name);
    linking l = {.store = store,
                 .kind = kind,
                 .other = other,
                 .key = key,
                 .values = values,
                 .generation = generation,
                 .most = most,
                 .list = list,
                 .err = err};
    dk_status status = DK_OK;
    for (size_t r = 0; status == DK_OK && r < link->n_rules; r++)
        status = apply_rule(&l, &link->rules[r], reversed);
    dk_buf_finish(&l.memory);
    return status;
}

/* Whether a value of a linked row that few see may stand in a row of this division (NULL: none): everyone who sees it
 * here sees it there. */
static bool is_carried(const dk_catalogue *catalogue, const dk_kind *kind, const char *division, const dk_field *field,
                       const dk_value *linked)
{
    const dk_kind *other = field->inherit_kind;
    if (other->fields[field->inherit_field].audience == DK_PUBLIC || field->audience == DK_NEVER)
        return true;
    const int mine = kind->division_field, theirs = other->division_field;
    if (mine >= 0 && division == NULL && kind->fields[mine].inherit_kind != NULL)
        return false; /* which division it gets is not known yet */
    return dk_scope_carries(catalogue, division,
                            theirs >= 0 && linked[theirs].type == DK_TEXT ? linked[theirs].text.data : NULL);
}

dk_status dk_inherit(dk_store *store, const dk_kind *kind, const char *key, dk_value *values, int64_t generation,
                     dk_buf *memory, bool *ret_disagree, int64_t ret_unpublished[DK_MAX_FIELDS], dk_error *err)
{
    *ret_disagree = false;
    dk_buf_clear(memory);
    dk_value taken[DK_MAX_FIELDS]; /* of a text the size, and its place in memory in offsets */
    size_t offsets[DK_MAX_FIELDS];
    uint64_t filled = 0;
    dk_status status = DK_OK;
    dk_key_list list = {0};
    const dk_kind *listed = NULL; /* the kind whose linked rows list holds: fields mostly inherit from one */
    const int mine = kind->division_field;
    for (size_t k = mine >= 0 ? 0 : 1; status == DK_OK && k <= kind->n_fields; k++) {
        const size_t i = k > 0 ? k - 1 : (size_t)mine; /* the division first: what may be taken depends on it */
        if (k > 0 && (int)i == mine)
            continue;
        const dk_field *field = &kind->fields[i];
        ret_unpublished[i] = 0;
        if (field->inherit_kind == NULL || has_value(&values[i]))
            continue;
        if (listed != field->inherit_kind) {
            dk_key_list_finish(&list);
            status = dk_linked_rows(store, kind, key, values, field->inherit_kind, generation, SIZE_MAX, &list, err);
            dk_key_list_sort(&list);
            listed = field->inherit_kind;
        }
        /* Rows that disagree say nothing. */
        bool agree = list.n > 0, carried = true, published = false;
        int64_t batch = 0;
        const size_t at = memory->size;
        for (size_t r = 0; status == DK_OK && agree && r < list.n; r++) {
            dk_stored_row row;
            status = dk_stored_row_read(store, field->inherit_kind, list.entries[r].row, false, &row, err);
            if (status != DK_OK)
                break;
            const dk_value *value = &row.values[field->inherit_field];
            dk_batch_life life;
            if ((status = dk_batch_life_of(store, row.batch, &life, err)) != DK_OK) {
                dk_stored_row_release(&row);
                break;
            }
            published |= life.state == 'p';
            batch = row.batch;
            const char *division = mine < 0                              ? NULL
                                   : values[mine].type == DK_TEXT        ? values[mine].text.data
                                   : (filled & UINT64_C(1) << mine) != 0 ? (const char *)memory->data + offsets[mine]
                                                                         : NULL;
            carried = carried && is_carried(store->catalogue, kind, division, field, row.values);
            if (value->type == DK_NULL) {
                agree = false;
            } else if (r == 0) {
                taken[i] = *value;
                if (value->type == DK_TEXT)
                    dk_buf_append(memory, value->text.data, value->text.size + 1);
                if (memory->failed)
                    status = dk_fail(err, DK_NOMEM, "out of memory");
            } else {
                if (taken[i].type == DK_TEXT)
                    taken[i].text.data = (const char *)memory->data + at;
                agree = dk_value_equal(&taken[i], value);
                *ret_disagree |= !agree;
            }
            dk_stored_row_release(&row);
        }
        if (agree && carried && status == DK_OK) {
            offsets[i] = at;
            ret_unpublished[i] = published ? 0 : batch;
            filled |= UINT64_C(1) << i;
        } else {
            memory->size = at;
        }
    }
    dk_key_list_finish(&list);
    /* Only now is memory at its final place. */
    for (size_t i = 0; status == DK_OK && i < kind->n_fields; i++)
        if (filled & UINT64_C(1) << i)
            values[i] = taken[i].type == DK_TEXT ? dk_value_text((const char *)memory->data + offsets[i]) : taken[i];
    return status;
}

static dk_status add_linked(dk_store *store, const dk_kind *kind, int64_t row, const dk_kind *other, int64_t generation,
                            dk_id_list *list, dk_error *err)
{
    dk_stored_row stored;
    dk_key_list linked = {0};
    dk_status status = dk_stored_row_read(store, kind, row, false, &stored, err);
    if (status != DK_OK)
        return status;
    status = dk_linked_rows(store, kind, stored.key, stored.values, other, generation, SIZE_MAX, &linked, err);
    dk_stored_row_release(&stored);
    for (size_t i = 0; status == DK_OK && i < linked.n; i++)
        if (!dk_id_list_add(list, linked.entries[i].row))
            status = dk_fail(err, DK_NOMEM, "out of memory");
    dk_key_list_finish(&linked);
    return status;
}

dk_status dk_linked_rows_of(dk_store *store, const dk_kind *kind, const int64_t *rows, size_t n, const dk_kind *other,
                            int64_t generation, dk_id_list *list, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = 0, most = 1 << 20; status == DK_OK && i < n; i++) {
        status = add_linked(store, kind, rows[i], other, generation, list, err);
        if (list->n > most) { /* the rows of one approval have the same parcels as it had before, and so on */
            dk_id_list_sort(list);
            most = 2 * list->n > most ? 2 * list->n : most;
        }
    }
    dk_id_list_sort(list);
    return status;
}
