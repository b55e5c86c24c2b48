#include "store/catalogue_change.h"

#include "store/act.h"
#include "store/catalogue_difference.h"
#include "store/catalogue_follow.h"
#include "store/catalogue_rules.h"
#include "store/catalogue_stricter.h"
#include "store/catalogue_version.h"
#include "store/handle.h"
#include "store/publication_log.h"
#include "store/review.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct changing {
    dk_store *store;
    const dk_catalogue_change *change;
    dk_catalogue_changed *result;
    const char *yaml; /* the new one */
    size_t size;
    dk_error *err;
    int64_t
        *numbered; /* of each justification: the batch in which its place was the number of a row; 0: in none so far */
    /* of the batch that is looked through */
    const dk_kind *kind;
    int64_t batch;
    uint64_t opened;
    bool documents, keys;
} changing;

/* ---- the transactions ---- */

static dk_status insert_generation(changing *c, int64_t generation, const char *at, const char *reason)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(c->store, "INSERT INTO dikuai_generation VALUES(?1,?2,?3,'catalogue',0,?4)", &stmt, c->err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, generation);
        sqlite3_bind_text(stmt, 2, at, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 3, c->change->actor, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 4, reason, -1, SQLITE_STATIC);
        status = dk_sql_done(c->store, stmt, c->err);
    }
    sqlite3_finalize(stmt);
    return status == DK_OK
               ? dk_act_write(c->store, 0, DK_ACT_CATALOGUE, c->change->actor, reason, generation, NULL, c->err)
               : status;
}

/* Undone, whatever was done: the handle has the catalogue that is in force. */
static void undo(changing *c, dk_status *status)
{
    dk_error again;
    dk_sql_rollback(c->store);
    if (dk_store_catalogue_again(c->store, &again) != DK_OK && *status == DK_OK)
        *status = dk_fail(c->err, again.status, "%s", again.text);
}

/* What the new catalogue shows less, at once. before: the one in force, which is narrowed here. */
static dk_status hold_back(changing *c, const dk_catalogue *new)
{
    dk_catalogue *before = NULL;
    char *text = NULL, now[24];
    size_t size = 0;
    int64_t generation = 0, since;
    bool held_back = false;
    dk_publication_log *log = NULL;
    dk_now(now);
    dk_status status = dk_catalogue_at(c->store, INT64_MAX, &before, &since, c->err);
    if (status != DK_OK || !dk_catalogue_hold_back(before, new))
        goto out;
    status = dk_store_generation(c->store, &generation, c->err);
    if (status == DK_OK)
        status = dk_catalogue_text_at(c->store, INT64_MAX, &text, &size, &held_back, c->err);
    if (status == DK_OK)
        status = dk_sql_begin(c->store, c->err);
    if (status != DK_OK)
        goto out;
    generation++;
    status = dk_catalogue_add_version(c->store, generation, text, size, c->yaml, c->size, generation - 1, c->err);
    if (status == DK_OK)
        status = dk_store_catalogue_again(c->store, c->err);
    if (status == DK_OK)
        status = dk_schema_follow(c->store, before, c->err);
    if (status == DK_OK)
        status = insert_generation(c, generation, now, "what the new catalogue shows less");
    if (status == DK_OK)
        status = dk_publication_log_open(c->store, generation, &log, c->err);
    if (status == DK_OK)
        status = dk_publication_log_finish(log, now, c->err);
    dk_publication_log_close(log);
    if (status == DK_OK)
        status = dk_sql_commit(c->store, c->err);
    if (status != DK_OK)
        undo(c, &status);
    else
        c->result->held_back = generation;
out:
    free(text);
    dk_catalogue_free(before);
    return status;
}

/* ---- personal data in what it opens ---- */

static void find_opened(changing *c, const dk_kind *kind, const dk_kind *before)
{
    const uint64_t now = dk_findings_watched(kind), was = dk_findings_watched(before);
    dk_viewer below;
    dk_viewer_scoped(DK_ON_REQUEST, "", &below);
    c->opened = 0;
    for (size_t i = 0; i < kind->n_fields; i++) {
        const int k = dk_kind_field(before, kind->fields[i].name);
        if ((now >> i & 1) != 0 && (k < 0 || (was >> k & 1) == 0))
            c->opened |= UINT64_C(1) << i;
    }
    c->documents = dk_view_documents(kind, &below) && !dk_view_documents(before, &below);
    c->keys = kind->qualify_by_source && dk_kind_seen(kind, &below) && !dk_kind_seen(before, &below);
}

static bool note_finding(const dk_finding *finding, void *user)
{
    changing *c = user;
    const int field = dk_kind_field(c->kind, finding->field);
    const bool opened = field >= 0                                         ? (c->opened >> field & 1) != 0
                        : strcmp(finding->field, DK_FINDING_DOCUMENT) == 0 ? c->documents
                                                                           : c->keys;
    if (!opened || (!finding->strong && !c->store->catalogue->review_required))
        return true;
    c->result->findings++;
    if (c->change->found != NULL)
        c->change->found(c->kind, c->batch, finding, c->change->user);
    return true;
}

/* "compensation.payee:12" of the kind; false: of another. */
static bool read_where(const char *where, const char *kind, char ret_field[80], const char **ret_place)
{
    const size_t size = strlen(kind);
    if (strncmp(where, kind, size) != 0 || where[size] != '.')
        return false;
    const char *field = where + size + 1, *colon = strchr(field, ':');
    const size_t length = colon != NULL ? (size_t)(colon - field) : strlen(field);
    if (length >= 80)
        return false;
    memcpy(ret_field, field, length);
    ret_field[length] = '\0';
    *ret_place = colon != NULL ? colon + 1 : NULL;
    return true;
}

static dk_status check_justifications(changing *c, const dk_catalogue *new)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < c->change->n_justify; i++) {
        const char *where = c->change->justify[i].where, *place;
        char field[80];
        bool known = false;
        for (size_t k = 0; !known && k < new->n_kinds; k++)
            known = read_where(where, new->kinds[k].name, field, &place) &&
                    (dk_kind_field(&new->kinds[k], field) >= 0 || strcmp(field, DK_FINDING_KEY) == 0 ||
                     strcmp(field, DK_FINDING_DOCUMENT) == 0);
        if (!known)
            status =
                dk_fail(c->err, DK_INVALID,
                        "--justify %.100s: it names a field of a kind, such as compensation.remark, and perhaps a row, "
                        "such as compensation.remark:12",
                        where);
        else
            status = dk_review_reason("--justify", c->change->justify[i].why, c->err);
    }
    return status;
}

/* A row's number means one row: of several batches the key says which. */
static dk_status take_number(changing *c, size_t i)
{
    const char *where = c->change->justify[i].where;
    const int64_t before = c->numbered[i];
    if (before == 0) {
        c->numbered[i] = c->batch;
        return DK_OK;
    }
    return dk_fail(c->err, DK_CONFLICT,
                   "--justify %.200s: batches %" PRId64 " and %" PRId64
                   " have a row of that number; say which by its key",
                   where, before, c->batch);
}

static dk_status justify(changing *c)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < c->change->n_justify; i++) {
        const char *place = NULL;
        char field[80], text[1400];
        int64_t act = 0, n = 0;
        bool by_number = false;
        if (!read_where(c->change->justify[i].where, c->kind->name, field, &place))
            continue;
        snprintf(text, sizeof text, "%.200s: %s", c->change->justify[i].where, c->change->justify[i].why);
        status = dk_act_write(c->store, c->batch, DK_ACT_JUSTIFIED, c->change->actor, text, 0, &act, c->err);
        if (status == DK_OK)
            status = dk_findings_justify(c->store, c->kind, c->batch, field, place, act, &n, &by_number, c->err);
        if (status == DK_OK && by_number && (status = take_number(c, i)) != DK_OK)
            break;
        if (status == DK_OK && n == 0) { /* nothing to be justified, nothing to be noted */
            snprintf(text, sizeof text, "DELETE FROM dikuai_act WHERE id=%" PRId64, act);
            status = dk_sql_run(c->store, text, c->err);
        }
    }
    return status;
}

/* The published batches of a kind after a number. */
static dk_status next_batch(changing *c, const dk_kind *kind, int64_t *batch)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        c->store, "SELECT id FROM dikuai_batch WHERE kind=?1 AND state='published' AND id>?2 ORDER BY id LIMIT 1",
        &stmt, c->err);
    if (status == DK_OK) {
        sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, *batch);
        status = dk_sql_step(c->store, stmt, c->err);
    }
    if (status == DK_OK)
        *batch = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return status;
}

/* Looks through what the catalogue that the store has now opens. Staged batches are looked through when they are
 * published, withdrawn ones are not seen. */
static dk_status look_through(changing *c, const dk_catalogue *before)
{
    const dk_catalogue *catalogue = c->store->catalogue;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < catalogue->n_kinds; i++) {
        const dk_kind *kind = &catalogue->kinds[i], *was = dk_catalogue_kind(before, kind->name);
        if (was == NULL)
            continue;
        find_opened(c, kind, was);
        c->kind = kind;
        c->batch = 0;
        const bool any = c->opened != 0 || c->documents || c->keys;
        while (any && status == DK_OK && (status = next_batch(c, kind, &c->batch)) == DK_OK) {
            status = dk_findings_complete_within(c->store, kind, c->batch, c->err);
            if (status == DK_OK)
                status = justify(c);
            if (status == DK_OK)
                status = dk_findings(c->store, kind, c->batch, true, note_finding, c, c->err);
        }
        status = status == DK_END ? DK_OK : status;
    }
    if (status != DK_OK || c->result->findings == 0)
        return status;
    char in_force[160] = "nothing was changed";
    if (c->result->held_back > 0)
        snprintf(in_force, sizeof in_force,
                 "what the catalogue shows less is in force, as generation %" PRId64 ", all else of it is not",
                 c->result->held_back);
    return dk_fail(c->err, DK_CONFLICT,
                   "the catalogue would show what looks like personal data, in %" PRId64
                   " place%s; %s. Mask the field or leave its audience, correct the rows, or say why it may be seen: "
                   "--justify KIND.FIELD=WHY or KIND.FIELD:ROW=WHY",
                   c->result->findings, c->result->findings == 1 ? "" : "s", in_force);
}

/* ---- the change ---- */

/* before is the catalogue in force. */
static dk_status lapse_reviews(changing *c, const dk_catalogue *before, int64_t generation)
{
    dk_catalogue *wide = NULL; /* to be narrowed */
    dk_status status = dk_catalogue_parse(c->yaml, c->size, c->store->path, &wide, c->err);
    for (size_t i = 0; status == DK_OK && i < wide->n_kinds; i++) {
        const dk_kind *was = dk_catalogue_kind(before, wide->kinds[i].name);
        if (was != NULL && dk_kind_hold_back(&wide->kinds[i], was))
            status = dk_review_lapse(c->store, was->name, c->change->actor, generation, &c->result->lapsed, c->err);
    }
    dk_catalogue_free(wide);
    return status;
}

static dk_status bring_in(changing *c)
{
    dk_catalogue *before = NULL, *base = NULL;
    dk_publication_log *log = NULL;
    char now[24], *text = NULL;
    size_t size = 0;
    int64_t generation = 0, since = 0;
    bool held_back = false;
    dk_now(now);
    dk_status status = dk_store_generation(c->store, &generation, c->err);
    if (status == DK_OK)
        status = dk_catalogue_at(c->store, INT64_MAX, &before, &since, c->err);
    if (status == DK_OK)
        status = dk_catalogue_text_at(c->store, since, &text, &size, &held_back, c->err);
    if (status == DK_OK && held_back)
        status = dk_catalogue_parse_kept(text, size, c->store->path, &base, c->err);
    if (status == DK_OK)
        status = dk_sql_begin(c->store, c->err);
    if (status != DK_OK)
        goto out;
    generation++;
    status = dk_catalogue_add_version(c->store, generation, c->yaml, c->size, NULL, 0, 0, c->err);
    if (status == DK_OK)
        status = dk_store_catalogue_again(c->store, c->err);
    if (status == DK_OK)
        status = dk_schema_follow(c->store, before, c->err);
    if (status == DK_OK)
        status = look_through(c, before);
    if (status == DK_OK)
        status = lapse_reviews(c, before, generation);
    if (status != DK_OK || c->change->dry_run) {
        undo(c, &status);
        goto out;
    }
    status = dk_publication_log_open(c->store, generation, &log, c->err);
    if (status == DK_OK)
        status =
            dk_catalogue_follow(c->store, before, base, generation, log, c->change->progress, c->change->user, c->err);
    if (status == DK_OK)
        status = dk_catalogue_note_batches(c->store, c->err);
    if (status == DK_OK)
        status = insert_generation(c, generation, now, c->change->reason);
    if (status == DK_OK)
        status = dk_publication_log_finish(log, now, c->err);
    dk_publication_log_close(log);
    if (status == DK_OK)
        status = dk_sql_commit(c->store, c->err);
    if (status != DK_OK)
        undo(c, &status);
    else
        c->result->generation = generation;
out:
    free(text);
    dk_catalogue_free(base);
    dk_catalogue_free(before);
    return status;
}

dk_status dk_store_change_catalogue(dk_store *store, const char *yaml, size_t size, const char *origin,
                                    const dk_catalogue_change *change, dk_catalogue_changed *ret_changed, dk_error *err)
{
    changing c = {.store = store, .change = change, .result = ret_changed, .yaml = yaml, .size = size, .err = err};
    c.numbered = calloc(change->n_justify + 1, sizeof *c.numbered);
    if (c.numbered == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_catalogue *new = NULL;
    char *text = NULL;
    size_t text_size = 0;
    bool held_back = false;
    *ret_changed = (dk_catalogue_changed){.unchanged = false};
    dk_status status = dk_catalogue_parse(yaml, size, origin, &new, err);
    if (status == DK_OK)
        status = dk_catalogue_text_at(store, INT64_MAX, &text, &text_size, &held_back, err);
    if (status == DK_OK && !held_back && text_size == size && memcmp(text, yaml, size) == 0) {
        ret_changed->unchanged = true;
        goto out;
    }
    if (status == DK_OK)
        status = dk_catalogue_difference(text, text_size, yaml, size, change->tell, change->user, err);
    if (status == DK_OK && !change->dry_run) /* else it would be a way around what it asks of batches */
        status = dk_review_token(store, "changes it", err);
    if (status == DK_OK && change->reason != NULL)
        status = dk_review_reason("--reason", change->reason, err);
    if (status == DK_OK)
        status = check_justifications(&c, new);
    if (status == DK_OK)
        status = dk_catalogue_may_follow(store, new, err);
    if (status == DK_OK)
        status = dk_sql_run(store, "PRAGMA synchronous=FULL", err);
    if (status == DK_OK && !change->dry_run)
        status = hold_back(&c, new);
    if (status == DK_OK)
        status = bring_in(&c);
    dk_sql_run(store, "PRAGMA synchronous=NORMAL", NULL);
out:
    dk_catalogue_free(new);
    free(text);
    free(c.numbered);
    return status;
}
