#include "store/provenance.h"

#include "store/handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the row lies in the scope of staff. */
static dk_status in_scope(dk_store *store, const dk_kind *kind, int64_t row, const dk_viewer *viewer, bool *ret_in,
                          dk_error *err)
{
    dk_stored_row stored = {0};
    const dk_status status = dk_stored_row_read(store, kind, row, false, &stored, err);
    if (status != DK_OK)
        return status;
    const int field = kind->division_field;
    const char *division = field >= 0 && stored.values[field].type == DK_TEXT ? stored.values[field].text.data : NULL;
    *ret_in = dk_viewer_told_origin(kind, viewer, division);
    dk_stored_row_release(&stored);
    return DK_OK;
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text != NULL ? text : "";
}

static dk_status read_files(dk_store *store, int64_t source, dk_source_file *files, dk_buf *names, dk_origin *origin,
                            dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    size_t places[DK_ORIGIN_FILES];
    dk_status status =
        dk_sql_prepare(store, "SELECT name,bytes,sha256 FROM dikuai_file WHERE source=?1 ORDER BY number", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, source);
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        if (origin->files_in_all++ >= DK_ORIGIN_FILES)
            continue;
        const char *name = text_of(stmt, 0);
        places[origin->n_files] = names->size;
        dk_buf_append(names, name, strlen(name) + 1);
        files[origin->n_files].bytes = sqlite3_column_int64(stmt, 1);
        snprintf(files[origin->n_files].sha256, sizeof files->sha256, "%s", text_of(stmt, 2));
        origin->n_files++;
    }
    sqlite3_finalize(stmt);
    if (status == DK_END)
        status = names->failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
    for (size_t i = 0; status == DK_OK && i < origin->n_files; i++)
        files[i].name = (const char *)names->data + places[i];
    origin->files = files;
    return status;
}

static dk_status give_origin(dk_store *store, const dk_kind *kind, int64_t row,
                             void (*each)(const dk_origin *origin, void *user), void *user, dk_error *err)
{
    dk_source_file files[DK_ORIGIN_FILES] = {0};
    dk_origin origin = {0};
    sqlite3_stmt *stmt = NULL;
    dk_buf sql, names;
    dk_buf_init(&sql);
    dk_buf_init(&names);
    const bool layer = kind->geometry != DK_NO_GEOMETRY;
    dk_buf_format(
        &sql,
        "SELECT r.batch,b.datum,s.name,r.source_row,r.source,%s FROM row_%s r JOIN dikuai_batch b ON b.id=r.batch"
        " LEFT JOIN dikuai_source s ON s.id=r.source ",
        layer ? "p.rule,p.detail,p.before_m2,p.after_m2" : "NULL,NULL,NULL,NULL", kind->name);
    if (layer)
        dk_buf_format(&sql, "LEFT JOIN repair_%s p ON p.row=r.row ", kind->name);
    dk_buf_text(&sql, "WHERE r.row=?1");
    const char *text = dk_buf_cstr(&sql);
    dk_status status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, row);
        status = dk_sql_step(store, stmt, err);
        if (status == DK_END)
            status = dk_fail(err, DK_CORRUPT, "%s: a row of %s is missing; run dikuai-ingest check", store->path,
                             kind->name);
    }
    if (status == DK_OK) {
        origin.batch = sqlite3_column_int64(stmt, 0);
        origin.datum = text_of(stmt, 1);
        origin.source = text_of(stmt, 2);
        origin.source_row = sqlite3_column_int64(stmt, 3);
        if (sqlite3_column_type(stmt, 5) == SQLITE_TEXT)
            origin.repair = (dk_repair){text_of(stmt, 5), text_of(stmt, 6), sqlite3_column_double(stmt, 7),
                                        sqlite3_column_double(stmt, 8)};
        status = read_files(store, sqlite3_column_int64(stmt, 4), files, &names, &origin, err);
    }
    if (status == DK_OK)
        each(&origin, user);
    sqlite3_finalize(stmt);
    dk_buf_finish(&sql);
    dk_buf_finish(&names);
    return status;
}

dk_status dk_query_origin(dk_store *store, const dk_kind *kind, const char *key, const dk_viewer *viewer,
                          int64_t generation, void (*each)(const dk_origin *origin, void *user), void *user,
                          dk_error *err)
{
    int64_t row = 0;
    bool covered = false;
    dk_status status = dk_row_of_key(store, kind, key, generation, &row, err);
    if (status == DK_OK && row != 0)
        status = in_scope(store, kind, row, viewer, &covered, err);
    if (status == DK_OK && !covered)
        status = dk_fail(err, DK_NOT_FOUND, "there is no %s with the key %.200s", kind->name, key);
    return status == DK_OK ? give_origin(store, kind, row, each, user, err) : status;
}

/* ---- copies ---- */

/* The part of a name that qualifies keys: without folder and ending. */
static const char *stem_of(const char *name, int *ret_size)
{
    const char *slash = strrchr(name, '/'), *base = slash != NULL ? slash + 1 : name, *dot = strrchr(base, '.');
    *ret_size = dot != NULL && dot > base ? (int)(dot - base) : (int)strlen(base);
    return base;
}

static bool same_stem(const char *a, const char *b)
{
    int a_size, b_size;
    const char *one = stem_of(a, &a_size), *other = stem_of(b, &b_size);
    return a_size == b_size && memcmp(one, other, (size_t)a_size) == 0;
}

/* Whether a row of the batch has a key that the source's name qualifies. */
static dk_status qualifies(dk_store *store, const dk_kind *kind, int64_t batch, int64_t source, const char *name,
                           bool *ret_does, dk_error *err)
{
    char sql[160];
    int size;
    sqlite3_stmt *stmt = NULL;
    dk_buf prefix;
    dk_buf_init(&prefix);
    const char *stem = stem_of(name, &size);
    dk_buf_format(&prefix, "%.*s:", size, stem);
    snprintf(sql, sizeof sql,
             "SELECT 1 FROM row_%s WHERE batch=?1 AND source=?2 AND substr(key,1,length(?3))=?3 LIMIT 1", kind->name);
    const char *text = dk_buf_cstr(&prefix);
    dk_status status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, sql, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, batch);
        sqlite3_bind_int64(stmt, 2, source);
        sqlite3_bind_text(stmt, 3, text, -1, SQLITE_STATIC);
        status = dk_sql_step(store, stmt, err);
        *ret_does = status == DK_OK;
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&prefix);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_source_copies(dk_store *store, const dk_kind *kind, int64_t batch,
                           void (*each)(const char *source, const char *earlier, int64_t batch, void *user), void *user,
                           dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    if (!kind->qualify_by_source)
        return DK_OK;
    /* The largest file tells: a .prj or .cpg is the same for many. So written, SQLite makes an index of the digests;
     * else it would compare each file with each. What came in an archive has the archive's bytes, as all else in it,
     * and tells nothing: its pairs would be millions. */
    dk_status status = dk_sql_prepare(
        store,
        "WITH f AS MATERIALIZED (SELECT source,name,sha256 FROM dikuai_file) SELECT n.id,n.name,nf.name,o.name,f.name,o.batch FROM dikuai_source n"
        " CROSS JOIN dikuai_file nf ON nf.source=n.id AND nf.bytes=(SELECT max(bytes) FROM dikuai_file"
        " WHERE source=n.id) AND instr(n.name,nf.name||'/')=0"
        " CROSS JOIN f ON f.sha256=nf.sha256 AND +f.source<n.id"
        " CROSS JOIN dikuai_source o ON o.id=f.source CROSS JOIN dikuai_batch b ON b.id=o.batch"
        " WHERE n.batch=?1 AND b.kind=?2 AND b.state<>'withdrawn' GROUP BY n.id ORDER BY n.id",
        &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_text(stmt, 2, kind->name, -1, SQLITE_STATIC);
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const char *name = text_of(stmt, 1), *earlier = text_of(stmt, 3);
        bool does = false;
        /* What came in an archive has the archive's bytes, as all else in it. */
        if (!same_stem(name, text_of(stmt, 2)) || !same_stem(earlier, text_of(stmt, 4)) || same_stem(name, earlier))
            continue;
        if ((status = qualifies(store, kind, batch, sqlite3_column_int64(stmt, 0), name, &does, err)) != DK_OK)
            break;
        if (does)
            each(name, earlier, sqlite3_column_int64(stmt, 5), user);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* ---- sources under other keys ---- */

enum { MOST_SOURCES = 20, OUTLINE_BYTES = 40 /* a geometry without positions is shorter */ };

/* A source of the batch and an earlier one with its bytes, as a statement has them. */
typedef struct pair {
    int64_t batch, source, earlier_batch, earlier_source;
    const char *name;
} pair;

/* The first row with an outline of a source, and the key of the same row in the earlier one, if it has the same outline
 * there and another key. *ret_keys: both, NUL-terminated; empty: there is none. */
static dk_status other_key(dk_store *store, const dk_kind *kind, const pair *of, dk_buf *ret_keys, dk_error *err)
{
    char sql[300];
    sqlite3_stmt *first = NULL, *same = NULL;
    dk_buf_clear(ret_keys);
    snprintf(
        sql, sizeof sql,
        "SELECT row,key,source_row FROM row_%s WHERE batch=?1 AND source=?2 AND length(geom)>=%d ORDER BY row LIMIT 1",
        kind->name, OUTLINE_BYTES);
    dk_status status = dk_sql_prepare(store, sql, &first, err);
    snprintf(sql, sizeof sql,
             "SELECT key FROM row_%s WHERE batch=?1 AND source=?2 AND source_row=?3 AND key<>?4"
             " AND geom=(SELECT geom FROM row_%s WHERE row=?5) LIMIT 1",
             kind->name, kind->name);
    if (status == DK_OK)
        status = dk_sql_prepare(store, sql, &same, err);
    if (status != DK_OK)
        goto out;
    sqlite3_bind_int64(first, 1, of->batch);
    sqlite3_bind_int64(first, 2, of->source);
    if ((status = dk_sql_step(store, first, err)) != DK_OK)
        goto out;
    const char *key = text_of(first, 1);
    sqlite3_bind_int64(same, 1, of->earlier_batch);
    sqlite3_bind_int64(same, 2, of->earlier_source);
    sqlite3_bind_int64(same, 3, sqlite3_column_int64(first, 2));
    sqlite3_bind_text(same, 4, key, -1, SQLITE_STATIC);
    sqlite3_bind_int64(same, 5, sqlite3_column_int64(first, 0));
    if ((status = dk_sql_step(store, same, err)) != DK_OK)
        goto out;
    const char *earlier = text_of(same, 0);
    dk_buf_append(ret_keys, key, strlen(key) + 1);
    dk_buf_append(ret_keys, earlier, strlen(earlier) + 1);
    if (ret_keys->failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
out:
    sqlite3_finalize(first);
    sqlite3_finalize(same);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_source_rekeyed(dk_store *store, const dk_kind *kind, int64_t batch,
                            bool (*each)(const char *source, const char *key, const char *earlier, int64_t batch,
                                         void *user),
                            void *user, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_buf keys;
    if (kind->geometry == DK_NO_GEOMETRY)
        return DK_OK;
    dk_buf_init(&keys);
    /* The largest file tells. What came in an archive has the archive's bytes, as all else in it: its name belongs to
     * them. */
#define SAME(file, source)                                                                                             \
    file ".sha256||CASE WHEN instr(" source ".name," file ".name||'/')>0 THEN " source ".name ELSE '' END"
    dk_status status = dk_sql_prepare(
        store,
        "WITH o AS MATERIALIZED (SELECT s.id,s.name,s.batch," SAME(
            "f",
            "s") " AS same FROM dikuai_file f JOIN dikuai_source s"
                 " ON s.id=f.source WHERE s.batch<>?1) SELECT n.id,n.name,o.id,o.name,o.batch FROM dikuai_source n"
                 " CROSS JOIN dikuai_file f ON f.source=n.id AND f.bytes=(SELECT max(bytes) FROM dikuai_file WHERE source=n.id)"
                 " CROSS JOIN o ON o.same=" SAME(
                     "f", "n") " CROSS JOIN dikuai_batch b ON b.id=o.batch"
                               " WHERE n.batch=?1 AND b.kind=?2 AND b.state<>'withdrawn' ORDER BY n.id,o.id",
        &stmt, err);
#undef SAME
    if (status != DK_OK)
        goto out;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_text(stmt, 2, kind->name, -1, SQLITE_STATIC);
    for (int looked_at = 0; looked_at < MOST_SOURCES && (status = dk_sql_step(store, stmt, err)) == DK_OK;) {
        const pair of = {batch, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 4),
                         sqlite3_column_int64(stmt, 2), text_of(stmt, 1)};
        if (!same_stem(of.name, text_of(stmt, 3)))
            continue;
        looked_at++;
        if ((status = other_key(store, kind, &of, &keys, err)) != DK_OK)
            break;
        const char *key = (const char *)keys.data;
        if (keys.size > 0 && !each(of.name, key, key + strlen(key) + 1, of.earlier_batch, user))
            break;
    }
out:
    sqlite3_finalize(stmt);
    dk_buf_finish(&keys);
    return status == DK_END ? DK_OK : status;
}
