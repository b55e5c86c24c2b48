#include "store/clock_turn.h"

#include "store/clock_change.h"
#include "store/linked.h"
#include "store/publication_log.h"

static bool sees_all(const dk_kind *kind, const dk_viewer *viewer)
{
    if (viewer == NULL)
        return true;
    const dk_view view = dk_view_of(kind, viewer);
    return dk_view_every_row(&view);
}

dk_status dk_clock_right_until(dk_store *store, const dk_viewer *viewer, int32_t *ret_day, dk_error *err)
{
    const dk_catalogue *catalogue = store->catalogue;
    dk_status status = DK_OK;
    *ret_day = DK_FAR_DAY;
    for (size_t k = 0; status == DK_OK && k < catalogue->n_kinds; k++) {
        sqlite3_stmt *stmt = NULL;
        if (catalogue->kinds[k].disclosure_field < 0 || !sees_all(&catalogue->kinds[k], viewer))
            continue;
        status = dk_clock_prepare(
            store, &catalogue->kinds[k],
            "SELECT turns FROM clockset_$ s WHERE turns<2147483647 AND EXISTS(SELECT 1 FROM clockuse_$ u WHERE"
            " u.facts=s.id AND u.rows>0) ORDER BY turns LIMIT 1",
            &stmt, err);
        if (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK &&
            sqlite3_column_int(stmt, 0) <= *ret_day)
            *ret_day = sqlite3_column_int(stmt, 0) - 1;
        sqlite3_finalize(stmt);
        status = status == DK_END ? DK_OK : status;
    }
    return status;
}

static dk_status begin(dk_linked_follower *f, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_store_generation(f->store, &f->generation, err);
    if (status == DK_OK)
        status = dk_sql_prepare(f->store, "INSERT INTO dikuai_pending(generation,action,batch) VALUES(?1,'clock',0)",
                                &stmt, err);
    if (status == DK_OK) {
        f->generation++;
        sqlite3_bind_int64(stmt, 1, f->generation);
        status = dk_sql_done(f->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    if (status == DK_OK)
        status = dk_publication_log_open(f->store, f->generation, &f->log, err);
    return status == DK_OK ? dk_clock_change_open(f->store, f->generation, &f->clock, err) : status;
}

static dk_status add_generation(dk_linked_follower *f, const char *actor, const char *now, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(f->store, "INSERT INTO dikuai_generation VALUES(?1,?2,?3,'clock',NULL,NULL)", &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, f->generation);
        sqlite3_bind_text(stmt, 2, now, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 3, actor, -1, SQLITE_STATIC);
        status = dk_sql_done(f->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

/* The small commit after which readers see it; synced to disk. */
static dk_status finish(dk_linked_follower *f, const char *actor, dk_error *err)
{
    char now[24];
    dk_now(now);
    dk_status status = dk_sql_begin_synced(f->store, err);
    if (status == DK_OK)
        status = add_generation(f, actor, now, err);
    if (status == DK_OK)
        status = dk_clock_change_finish(f->clock, err);
    if (status == DK_OK)
        status = dk_touched_forget(f->store, f->generation, err);
    if (status == DK_OK)
        status = dk_publication_log_finish(f->log, now, err);
    if (status == DK_OK)
        status = dk_sql_run(f->store, "DELETE FROM dikuai_pending", err);
    return dk_sql_end_synced(f->store, status, err);
}

static dk_status turn(dk_store *store, const char *actor, dk_clock_turned *ret_turned, dk_error *err)
{
    dk_linked_follower f = {.store = store};
    dk_error ignored;
    dk_status status = begin(&f, err);
    if (status == DK_OK)
        status = dk_clock_change_follow(f.clock, err);
    if (status == DK_OK)
        status = dk_linked_turn(&f, &ret_turned->rows, err);
    if (status == DK_OK)
        status = dk_linked_index(&f, NULL, NULL, NULL, err);
    if (status == DK_OK)
        status = finish(&f, actor, err);
    dk_linked_finish(&f);
    dk_publication_log_close(f.log);
    dk_clock_change_close(f.clock);
    if (status != DK_OK) {
        dk_sql_rollback(store);
        dk_pending_undo(store, &ignored); /* what cannot be undone now is undone by the next writer's open */
        return status;
    }
    ret_turned->generation = f.generation;
    dk_sheet_purge(store, f.generation - 1, &ignored); /* that it fails would not undo the change */
    return DK_OK;
}

dk_status dk_store_turn_clock(dk_store *store, const char *actor, dk_clock_turned *ret_turned, dk_error *err)
{
    *ret_turned = (dk_clock_turned){.until = DK_FAR_DAY};
    dk_status status = dk_clock_right_until(store, NULL, &ret_turned->until, err);
    if (status != DK_OK || ret_turned->until >= dk_clock_today(store))
        return status;
    status = turn(store, actor, ret_turned, err);
    return status == DK_OK ? dk_clock_right_until(store, NULL, &ret_turned->until, err) : status;
}
