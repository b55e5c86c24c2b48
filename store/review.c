#include "store/review.h"

#include "store/handle.h"
#include "store/taken.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MOST_REASON 1000

static bool note_strong(const dk_personal_hit *hit, void *user)
{
    dk_personal_hit *found = user;
    if (!hit->strong)
        return true;
    *found = *hit;
    return false;
}

dk_status dk_review_reason(const char *what, const char *reason, dk_error *err)
{
    if (reason == NULL || reason[strspn(reason, " \t\r\n")] == '\0')
        return dk_fail(err, DK_INVALID, "%s TEXT is needed: why?", what);
    if (strlen(reason) > MOST_REASON)
        return dk_fail(err, DK_INVALID, "%s: the reason has more than %d bytes; say it shorter", what, MOST_REASON);
    dk_personal_hit found = {.size = 0};
    dk_personal_find(reason, strlen(reason), 0, note_strong, &found);
    if (found.size > 0)
        return dk_fail(
            err, DK_INVALID,
            "%s: the reason holds personal data itself (%s %s), and reasons are kept and shown; say it without", what,
            dk_personal_kind_title(found.kind), found.masked);
    return DK_OK;
}

static dk_status kind_of(dk_store *store, int64_t batch, const dk_kind **ret_kind, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, "SELECT kind FROM dikuai_batch WHERE id=?1", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    if ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        *ret_kind = dk_catalogue_kind(store->catalogue, (const char *)sqlite3_column_text(stmt, 0));
        if (*ret_kind == NULL)
            status = dk_fail(err, DK_INVALID, "batch %" PRId64 " is of a kind that the catalogue no longer has", batch);
    }
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_review_begin(dk_store *store, int64_t batch, const dk_kind **ret_kind, dk_error *err)
{
    dk_batch_life life;
    dk_status status = dk_batch_life_of(store, batch, &life, err);
    if (status == DK_OK && life.state != 's')
        status = dk_fail(err, DK_CONFLICT, "batch %" PRId64 " is %s: only a staged batch is reviewed", batch,
                         life.state == 'p'   ? "published already"
                         : life.state == 'w' ? "withdrawn"
                                             : "not fully loaded");
    if (status == DK_OK)
        status = kind_of(store, batch, ret_kind, err);
    return status == DK_OK ? dk_findings_complete(store, *ret_kind, batch, err) : status;
}

dk_status dk_review_justify(dk_store *store, int64_t batch, const char *where, const char *reason, const char *actor,
                            int64_t *ret_n, dk_error *err)
{
    const dk_kind *kind = NULL;
    char field[80] = "";
    const char *colon = strchr(where, ':'), *place = colon != NULL ? colon + 1 : NULL;
    const size_t size = colon != NULL ? (size_t)(colon - where) : strlen(where);
    const bool all = size == 3 && memcmp(where, "all", 3) == 0;
    int64_t act = 0;
    bool by_number;
    dk_status status = dk_review_reason("--justify", reason, err);
    if (status == DK_OK)
        status = dk_review_begin(store, batch, &kind, err);
    if (status != DK_OK)
        return status;
    if (size < sizeof field)
        snprintf(field, sizeof field, "%.*s", (int)size, where);
    if (!all && strcmp(field, DK_FINDING_KEY) != 0 && strcmp(field, DK_FINDING_DOCUMENT) != 0 &&
        dk_kind_field(kind, field) < 0)
        return dk_fail(err, DK_INVALID, "--justify %.100s: it begins with a field of %s, or is all", where, kind->name);
    dk_buf text;
    dk_buf_init(&text);
    dk_buf_format(&text, "%s: %s", where, reason);
    const char *kept = dk_buf_cstr(&text);
    status = kept != NULL ? dk_sql_begin(store, err) : dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK) {
        status = dk_act_write(store, batch, DK_ACT_JUSTIFIED, actor, kept, 0, &act, err);
        if (status == DK_OK)
            status = dk_findings_justify(store, kind, batch, all ? NULL : field, place, act, ret_n, &by_number, err);
        if (status == DK_OK && *ret_n > 0)
            status = dk_sql_commit(store, err);
        else
            dk_sql_rollback(store); /* nothing to be justified, nothing to be noted */
    }
    dk_buf_finish(&text);
    return status;
}

typedef struct first_finding {
    dk_buf text;
    bool strong_only, any;
} first_finding;

static bool note_first(const dk_finding *finding, void *user)
{
    first_finding *first = user;
    if (first->strong_only && !finding->strong)
        return true;
    first->any = true;
    dk_buf_format(&first->text, "%.80s, row %" PRId64 ", %s (%s): %s %s", finding->source, finding->source_row,
                  finding->field, finding->title, finding->kind_title, finding->masked);
    return false;
}

/* DK_CONFLICT if findings are open. */
static dk_status refuse_findings(dk_store *store, const dk_kind *kind, int64_t batch, bool strong_only, dk_error *err)
{
    dk_finding_count count = {0};
    dk_status status = dk_findings_count(store, kind, batch, &count, err);
    const int64_t n = strong_only ? count.strong : count.strong + count.weak;
    if (status != DK_OK || n == 0)
        return status;
    first_finding first = {.strong_only = strong_only};
    dk_buf_init(&first.text);
    status = dk_findings(store, kind, batch, true, note_first, &first, err);
    const char *text = dk_buf_cstr(&first.text);
    if (status == DK_OK)
        status =
            dk_fail(err, DK_CONFLICT,
                    "batch %" PRId64 " holds what looks like personal data where the public would see it, in %" PRId64
                    " place%s; the first: %s. See dikuai-ingest review %.200s %" PRId64
                    ", then mask the field, correct the data, or say why it may be seen: --justify",
                    batch, n, n == 1 ? "" : "s", text != NULL ? text : "", store->path, batch);
    dk_buf_finish(&first.text);
    return status;
}

/* The last verdict on a batch, if there is one: 'a', 'r', 'l' for one that has lapsed, or 0. */
typedef struct verdict {
    char what;
    char actor[DK_ACT_NAME], account[DK_ACT_NAME], reason[300];
} verdict;

static dk_status last_verdict(dk_store *store, int64_t batch, verdict *ret_verdict, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *ret_verdict = (verdict){.what = 0};
    dk_status status = dk_sql_prepare(store,
                                      "SELECT act,actor,account,reason FROM dikuai_act WHERE batch=?1 AND act IN"
                                      " ('approved','rejected','lapsed') ORDER BY id DESC LIMIT 1",
                                      &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    if ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        ret_verdict->what = ((const char *)sqlite3_column_text(stmt, 0))[0];
        snprintf(ret_verdict->actor, sizeof ret_verdict->actor, "%s", (const char *)sqlite3_column_text(stmt, 1));
        snprintf(ret_verdict->account, sizeof ret_verdict->account, "%s", (const char *)sqlite3_column_text(stmt, 2));
        snprintf(ret_verdict->reason, sizeof ret_verdict->reason, "%s", (const char *)sqlite3_column_text(stmt, 3));
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_review_token(dk_store *store, const char *act, dk_error *err)
{
    static const char prefix[] = "token:";
    if (store->catalogue->two_persons != DK_TWO_TOKENS ||
        strncmp(dk_store_account(store), prefix, sizeof prefix - 1) == 0)
        return DK_OK;
    return dk_fail(err, DK_CONFLICT, "the catalogue asks who %s to prove who they are: give --token FILE", act);
}

static dk_status judge(dk_store *store, int64_t batch, dk_act_kind act, const char *actor, const char *reason,
                       dk_error *err)
{
    const dk_kind *kind = NULL;
    dk_status status = dk_review_begin(store, batch, &kind, err);
    if (status == DK_OK)
        status = dk_review_token(store, "reviews", err);
    if (status == DK_OK && act == DK_ACT_APPROVED)
        status = refuse_findings(store, kind, batch, false, err);
    return status == DK_OK ? dk_act_write(store, batch, act, actor, reason, 0, NULL, err) : status;
}

dk_status dk_review_approve(dk_store *store, int64_t batch, const char *actor, dk_error *err)
{
    return judge(store, batch, DK_ACT_APPROVED, actor, NULL, err);
}

dk_status dk_review_reject(dk_store *store, int64_t batch, const char *actor, const char *reason, dk_error *err)
{
    const dk_status status = dk_review_reason("--reason", reason, err);
    return status == DK_OK ? judge(store, batch, DK_ACT_REJECTED, actor, reason, err) : status;
}

dk_status dk_review_gate(dk_store *store, const dk_kind *kind, int64_t batch, const char *actor, dk_error *err)
{
    const dk_catalogue *catalogue = store->catalogue;
    const char *account = dk_store_account(store);
    verdict last;
    dk_status status = last_verdict(store, batch, &last, err);
    if (status != DK_OK)
        return status;
    if (last.what == 'r')
        return dk_fail(err, DK_CONFLICT, "batch %" PRId64 " was rejected by %s: %s; withdraw it, or review it again",
                       batch, last.actor, last.reason);
    if (catalogue->review_required && last.what == 'l')
        return dk_fail(err, DK_CONFLICT,
                       "batch %" PRId64
                       " was reviewed before the catalogue showed more of it; review it again, see dikuai-ingest"
                       " review %.200s %" PRId64,
                       batch, store->path, batch);
    if (catalogue->review_required && last.what == 0)
        return dk_fail(err, DK_CONFLICT,
                       "batch %" PRId64
                       " is not reviewed, and the catalogue asks for it; see dikuai-ingest review %.200s %" PRId64,
                       batch, store->path, batch);
    if ((status = dk_review_token(store, "publishes", err)) != DK_OK)
        return status;
    if (catalogue->two_persons != DK_ONE_PERSON) {
        const bool same_name = actor == NULL || strncmp(actor, last.actor, DK_ACT_NAME - 1) == 0;
        const bool same_account = strncmp(account, last.account, DK_ACT_NAME - 1) == 0;
        if (same_name)
            return dk_fail(err, DK_CONFLICT,
                           "batch %" PRId64 " was reviewed by %s; the catalogue asks for another person to publish it",
                           batch, last.actor);
        if (same_account && catalogue->two_persons != DK_TWO_NAMES)
            return dk_fail(
                err, DK_CONFLICT,
                "batch %" PRId64
                " was reviewed under the account %s, which is yours, too; the catalogue asks for two accounts",
                batch, account);
    }
    if ((status = dk_taken_gate(store, batch, err)) != DK_OK ||
        (status = dk_findings_complete(store, kind, batch, err)) != DK_OK)
        return status;
    return refuse_findings(store, kind, batch, !catalogue->review_required, err);
}

/* The approved batches of a kind that wait, after a number. */
static dk_status next_approved(dk_store *store, const char *kind, int64_t *batch, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(store,
                       "SELECT id FROM dikuai_batch b WHERE kind=?1 AND state='staged' AND id>?2 AND 'approved'="
                       "(SELECT act FROM dikuai_act WHERE batch=b.id AND act IN ('approved','rejected','lapsed')"
                       " ORDER BY id DESC LIMIT 1) ORDER BY id LIMIT 1",
                       &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_text(stmt, 1, kind, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, *batch);
        status = dk_sql_step(store, stmt, err);
    }
    if (status == DK_OK)
        *batch = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_review_lapse(dk_store *store, const char *kind, const char *actor, int64_t generation, int64_t *n,
                          dk_error *err)
{
    dk_status status;
    for (int64_t batch = 0; (status = next_approved(store, kind, &batch, err)) == DK_OK; ++*n)
        if ((status = dk_act_write(store, batch, DK_ACT_LAPSED, actor, NULL, generation, NULL, err)) != DK_OK)
            break;
    return status == DK_END ? DK_OK : status;
}

static dk_status unschedule(dk_store *store, int64_t batch, int64_t *ret_n, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, "DELETE FROM dikuai_schedule WHERE batch=?1", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    status = dk_sql_done(store, stmt, err);
    *ret_n = sqlite3_changes(store->db);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_review_done(dk_store *store, int64_t batch, bool withdrawn, const char *actor, const char *reason,
                         int64_t generation, dk_error *err)
{
    int64_t ignored;
    const dk_status status = unschedule(store, batch, &ignored, err);
    if (status != DK_OK)
        return status;
    return dk_act_write(store, batch, withdrawn ? DK_ACT_WITHDRAWN : DK_ACT_PUBLISHED, actor, reason, generation, NULL,
                        err);
}

/* ---- the schedule ---- */

static dk_status insert_schedule(dk_store *store, int64_t batch, const char *due, const char *actor, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        store, "INSERT OR REPLACE INTO dikuai_schedule(batch,due,actor,account) VALUES(?1,?2,?3,?4)", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_text(stmt, 2, due, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, actor, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, dk_store_account(store), -1, SQLITE_STATIC);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_review_schedule(dk_store *store, int64_t batch, const char *due, const char *actor, dk_error *err)
{
    const dk_kind *kind = NULL;
    int64_t n = 1;
    dk_status status = dk_review_begin(store, batch, &kind, err);
    if (status == DK_OK && due != NULL)
        status = dk_review_token(store, "publishes", err);
    if (status == DK_OK)
        status = dk_sql_begin(store, err);
    if (status != DK_OK)
        return status;
    status = due != NULL ? insert_schedule(store, batch, due, actor, err) : unschedule(store, batch, &n, err);
    if (status == DK_OK && n == 0)
        status = dk_fail(err, DK_CONFLICT, "batch %" PRId64 " is not scheduled", batch);
    if (status == DK_OK)
        status =
            dk_act_write(store, batch, due != NULL ? DK_ACT_SCHEDULED : DK_ACT_UNSCHEDULED, actor, due, 0, NULL, err);
    if (status == DK_OK)
        status = dk_sql_commit(store, err);
    if (status != DK_OK)
        dk_sql_rollback(store);
    return status;
}

dk_status dk_review_due(dk_store *store, const dk_due *after, dk_due *ret_due, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store,
                                      "SELECT batch,due,actor,account FROM dikuai_schedule WHERE (due,batch)>(?1,?2)"
                                      " ORDER BY due,batch LIMIT 1",
                                      &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, after != NULL ? after->due : "", -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, after != NULL ? after->batch : 0);
    if ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        dk_due found = {.batch = sqlite3_column_int64(stmt, 0)};
        snprintf(found.due, sizeof found.due, "%s", (const char *)sqlite3_column_text(stmt, 1));
        snprintf(found.actor, sizeof found.actor, "%s", (const char *)sqlite3_column_text(stmt, 2));
        snprintf(found.account, sizeof found.account, "%s", (const char *)sqlite3_column_text(stmt, 3));
        *ret_due = found;
    }
    sqlite3_finalize(stmt);
    return status;
}
