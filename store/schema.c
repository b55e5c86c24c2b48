/* The tables of a store, inside a GeoPackage 1.3 (OGC 12-128r17).
 *
 *   dikuai_meta        name, value: version of this format
 *   dikuai_catalogue   the catalogue's YAML, by the generation from which it holds; dikuai_stricter: what holds one
 * back (catalogue_version.h) dikuai_generation  each publish, withdraw or catalogue change: number, time, actor, what,
 * batch, reason dikuai_batch       each load and its state dikuai_source      the sources of a batch dikuai_file the
 * files that a source consists of, with their SHA-256 dikuai_count, dikuai_note, dikuai_reject   what the load of a
 * batch counted, noted and rejected (facts.h) dikuai_pending     one row while a publish or withdraw is under way, so
 * that a killed one can be undone dikuai_touched     boxes (world coordinates) in which a generation's tiles differ
 * from those of the one before dikuai_summary     rows published, their box and how many have no outline yet, by kind
 * and generation dikuai_document    the files in STORE.documents by the digest of their bytes, and what they are
 * (document.h) dikuai_act         who did what with a batch, and when (act.h) dikuai_finding     personal data that was
 * found in open fields of a batch's rows (findings.h); dikuai_scan: which fields of a batch were looked through
 *   dikuai_brought     how many rows and documents of each division a batch brings (brought.h)
 *   dikuai_taken       from which batches that were not published its rows took values (taken.h)
 *   dikuai_asked       which batches their load was to publish at once (asked.h)
 *   dikuai_schedule    when a batch is to be published, and by whom (review.h)
 *   dikuai_attachment  which row, by kind and key, has which document, under which name and for whom, since when and
 *                      by whom, of which batch, and in which generations it is published
 *   log_…              the publication log (log_table.h)
 *
 * and for each layer and record kind K of the catalogue:
 *
 *   row_K    every version of every row; written once by a load (versions of linked.h: by a publish), never changed.
 * feature is the row number of the key's first version: the stable number of the feature. replaces: the version that it
 * takes the place of. row_K_moved finds the versions that are not the first repair_K (row, rule …): (layers) what was
 * repaired in a row's geometry when it was loaded version_K (row, of): (kinds with linked fields) rows that are another
 * row with other linked values (linked.h); of the same batch, source and feature asked_K  (batch, generation, day):
 * (the same kinds) by which generation, and for which day, a batch's linked values were found at its load life_K (row,
 * born, died): in which generations a row is published; died 0: still. A version that comes back when a later batch is
 * withdrawn gets a further life term_K, post_K   folded values of the fields that links, totals, search and filters
 * use, and the rows that have them: their features, with the row in `moved` unless it is the feature's first version
 * (then 0). So the rows of a term come in the order in which pages of rows are given. gram_K, hidden_K, sound_K   the
 * terms of searched fields by the three characters in a row in them, and by their sound (search_index.h); gramlist_K
 * and hiddenlist_K list the grams. Rows of any state are in: who reads checks the life clockset_K, clockuse_K, clock_K,
 * score_K   the disclosure clock: facts of obligations, and counters (clock_sets.h) block_K, piece_K, grid_K, raised_K,
 * overview_K   (layers) the cell index (index.h, sheet.c): bytes by cell, each version with the generations in which it
 * was born and died. Derived: reindex makes it anew weight_K   (layers) what tiles weigh, for the next publish
 * (weights.h). Derived too dead_K   (layers) sheets by the generation in which they died, to be taken away when no
 * reader needs them K        a view of the rows published now, without the fields of audience never: what GeoPackage
 * readers see
 *
 * A reader at generation g sees a life or sheet if born <= g and (died = 0 or died > g). Publish and withdraw write
 * lives and sheets of generation g + 1 in bounded transactions; nobody sees them until one small commit adds that
 * generation to dikuai_generation. */
#include "store/clock_sets.h"
#include "store/handle.h"
#include "store/log_table.h"
#include "store/search_index.h"

#include <stdio.h>
#include <string.h>

static const char base_tables[] =
    "CREATE TABLE gpkg_spatial_ref_sys("
    " srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,"
    " organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);"
    "CREATE TABLE gpkg_contents("
    " table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT "
    "'',"
    " last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),"
    " min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,"
    " CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));"
    "CREATE TABLE gpkg_geometry_columns("
    " table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,"
    " z TINYINT NOT NULL, m TINYINT NOT NULL,"
    " CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),"
    " CONSTRAINT uk_gc_table_name UNIQUE (table_name),"
    " CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),"
    " CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));"
    "INSERT INTO gpkg_spatial_ref_sys VALUES"
    "('Undefined Cartesian SRS',-1,'NONE',-1,'undefined','undefined Cartesian coordinate reference system'),"
    "('Undefined geographic SRS',0,'NONE',0,'undefined','undefined geographic coordinate reference system'),"
    "('WGS 84',4326,'EPSG',4326,'GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,"
    "AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0],"
    "UNIT[\"degree\",0.0174532925199433],AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],"
    "AUTHORITY[\"EPSG\",\"4326\"]]',NULL),"
    "('China Geodetic Coordinate System 2000',4490,'EPSG',4490,'GEOGCS[\"China Geodetic Coordinate System 2000\","
    "DATUM[\"China_2000\",SPHEROID[\"CGCS2000\",6378137,298.257222101,AUTHORITY[\"EPSG\",\"1024\"]],"
    "AUTHORITY[\"EPSG\",\"1043\"]],PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433],"
    "AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],AUTHORITY[\"EPSG\",\"4490\"]]',NULL);"
    "CREATE TABLE dikuai_meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE dikuai_catalogue(generation INTEGER PRIMARY KEY, yaml TEXT NOT NULL);"
    "CREATE TABLE dikuai_stricter(generation INTEGER NOT NULL, number INTEGER NOT NULL, yaml TEXT NOT NULL,"
    " PRIMARY KEY(generation,number)) WITHOUT ROWID;"
    "CREATE TABLE dikuai_generation(number INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT, action TEXT NOT NULL,"
    " batch INTEGER, reason TEXT);"
    "CREATE TABLE dikuai_batch(id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, title TEXT NOT NULL,"
    " source TEXT NOT NULL, state TEXT NOT NULL CHECK(state IN ('loading','staged','published','withdrawn')),"
    " created_at TEXT NOT NULL, rows INTEGER NOT NULL DEFAULT 0, published_in INTEGER NOT NULL DEFAULT 0,"
    " withdrawn_in INTEGER NOT NULL DEFAULT 0, datum TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE dikuai_source(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, name TEXT NOT NULL);"
    "CREATE INDEX dikuai_source_batch ON dikuai_source(batch);"
    "CREATE TABLE dikuai_file(source INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY(source,number)) WITHOUT ROWID;"
    "CREATE TABLE dikuai_count(batch INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
    " PRIMARY KEY(batch,name)) WITHOUT ROWID;"
    "CREATE TABLE dikuai_note(batch INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY(batch,number)) WITHOUT ROWID;"
    "CREATE TABLE dikuai_reject(batch INTEGER NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL,"
    " source_row INTEGER NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, outline BLOB,"
    " PRIMARY KEY(batch,number)) WITHOUT ROWID;"
    "CREATE TABLE dikuai_pending(generation INTEGER PRIMARY KEY, action TEXT NOT NULL, batch INTEGER NOT NULL);"
    "CREATE TABLE dikuai_touched(generation INTEGER NOT NULL, kind TEXT NOT NULL, x0 INTEGER NOT NULL,"
    " y0 INTEGER NOT NULL, x1 INTEGER NOT NULL, y1 INTEGER NOT NULL);"
    "CREATE INDEX dikuai_touched_generation ON dikuai_touched(generation);"
    "CREATE TABLE dikuai_summary(kind TEXT NOT NULL, generation INTEGER NOT NULL, rows INTEGER NOT NULL,"
    " west REAL, south REAL, east REAL, north REAL, undrawn INTEGER NOT NULL, PRIMARY KEY(kind,generation))"
    " WITHOUT ROWID;"
    "CREATE TABLE dikuai_document(sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL, media_type TEXT NOT NULL,"
    " pages INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE dikuai_act(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, act TEXT NOT NULL, actor TEXT NOT NULL,"
    " account TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL, generation INTEGER NOT NULL);"
    "CREATE INDEX dikuai_act_batch ON dikuai_act(batch);"
    "CREATE TABLE dikuai_finding(batch INTEGER NOT NULL, row INTEGER NOT NULL, field TEXT NOT NULL, byte INTEGER NOT NULL,"
    " character INTEGER NOT NULL, kind TEXT NOT NULL, strong INTEGER NOT NULL, masked TEXT NOT NULL,"
    " justified INTEGER NOT NULL, PRIMARY KEY(batch,row,field,byte)) WITHOUT ROWID;"
    "CREATE TABLE dikuai_brought(batch INTEGER NOT NULL, division TEXT NOT NULL, added INTEGER NOT NULL,"
    " changed INTEGER NOT NULL, documents INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(batch,division)) WITHOUT ROWID;"
    "CREATE TABLE dikuai_scan(batch INTEGER PRIMARY KEY, fields TEXT NOT NULL);"
    "CREATE TABLE dikuai_schedule(batch INTEGER PRIMARY KEY, due TEXT NOT NULL, actor TEXT NOT NULL,"
    " account TEXT NOT NULL);"
    "CREATE TABLE dikuai_attachment(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL,"
    " sha256 TEXT NOT NULL, name TEXT NOT NULL, audience INTEGER NOT NULL,"
    " attached_at TEXT NOT NULL, actor TEXT NOT NULL, batch INTEGER NOT NULL, born INTEGER NOT NULL DEFAULT 0,"
    " died INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX dikuai_attachment_row ON dikuai_attachment(kind,key);"
    "CREATE INDEX dikuai_attachment_sha256 ON dikuai_attachment(sha256);"
    "CREATE INDEX dikuai_attachment_batch ON dikuai_attachment(batch);";

/* SQLite affinity of a field's column. */
static const char *column_type(const dk_field *field)
{
    switch (field->type) {
    case DK_FIELD_INTEGER:
        return "INTEGER";
    case DK_FIELD_NUMBER:
        return "REAL";
    case DK_FIELD_DATE:
        return "DATE"; /* numeric affinity: a text YYYY-MM-DD stays text; GeoPackage readers know a date by it */
    default:
        return "TEXT";
    }
}

static const char *geometry_type(const dk_kind *kind)
{
    switch (kind->geometry) {
    case DK_POLYGONS:
        return "MULTIPOLYGON";
    case DK_LINES:
        return "MULTILINESTRING";
    default:
        return "MULTIPOINT";
    }
}

/* Kind and field names are [a-z][a-z0-9_]* by the catalogue's rules, so they can stand in SQL; dates and such words
 * as "right" or "plan" are quoted all the same. */
static void append_view(const dk_kind *kind, dk_buf *sql);
static void append_versions(const dk_kind *kind, dk_buf *sql);

static void append_kind(const dk_kind *kind, dk_buf *sql)
{
    const char *k = kind->name;
    const bool layer = kind->geometry != DK_NO_GEOMETRY;
    dk_buf_format(sql,
                  "CREATE TABLE row_%s(row INTEGER PRIMARY KEY, feature INTEGER NOT NULL, key TEXT NOT NULL,"
                  " batch INTEGER NOT NULL, replaces INTEGER NOT NULL, source INTEGER, source_row INTEGER",
                  k);
    for (size_t i = 0; i < kind->n_fields; i++)
        dk_buf_format(sql, ",f_%s %s", kind->fields[i].name, column_type(&kind->fields[i]));
    dk_buf_format(sql,
                  ",geom BLOB);" /* last: who reads fields does not pass over a long outline */
                  "CREATE INDEX row_%s_key ON row_%s(key);CREATE INDEX row_%s_batch ON row_%s(batch);"
                  "CREATE INDEX row_%s_moved ON row_%s(feature,row) WHERE feature<>row;",
                  k, k, k, k, k, k);
    if (layer)
        dk_buf_format(sql,
                      "CREATE TABLE repair_%s(row INTEGER PRIMARY KEY, rule TEXT NOT NULL, detail TEXT NOT NULL,"
                      " before_m2 REAL NOT NULL, after_m2 REAL NOT NULL);",
                      k);
    if (kind->has_linked)
        append_versions(kind, sql);
    dk_buf_format(sql,
                  "CREATE TABLE life_%s(row INTEGER NOT NULL, born INTEGER NOT NULL, died INTEGER NOT NULL,"
                  " PRIMARY KEY(row,born)) WITHOUT ROWID;",
                  k);
    dk_buf_format(sql,
                  "CREATE TABLE term_%s(term INTEGER PRIMARY KEY, field INTEGER NOT NULL, text TEXT NOT NULL,"
                  " UNIQUE(field,text));"
                  "CREATE TABLE post_%s(term INTEGER NOT NULL, first INTEGER NOT NULL, data BLOB NOT NULL,"
                  " PRIMARY KEY(term,first)) WITHOUT ROWID;",
                  k, k);
    dk_search_append_tables(kind, sql);
    dk_clock_append_tables(kind, sql);
    for (unsigned t = 0; layer && t < DK_SHEETS; t++)
        dk_buf_format(sql,
                      "CREATE TABLE %s_%s(id INTEGER PRIMARY KEY, born INTEGER NOT NULL, died INTEGER NOT NULL,"
                      " data BLOB NOT NULL);",
                      dk_sheet_table((dk_sheet)t), k);
    if (layer)
        dk_buf_format(sql,
                      "CREATE TABLE weight_%s(number INTEGER PRIMARY KEY, drawn INTEGER NOT NULL,"
                      " whole INTEGER NOT NULL);",
                      k);
    if (layer)
        dk_buf_format(sql,
                      "CREATE TABLE dead_%s(generation INTEGER NOT NULL, sheet INTEGER NOT NULL, id INTEGER NOT NULL,"
                      " PRIMARY KEY(generation,sheet,id)) WITHOUT ROWID;",
                      k);
    append_view(kind, sql);
}

static void append_versions(const dk_kind *kind, dk_buf *sql)
{
    const char *k = kind->name;
    dk_buf_format(
        sql,
        "CREATE TABLE version_%s(row INTEGER PRIMARY KEY, of INTEGER NOT NULL);"
        "CREATE INDEX version_%s_of ON version_%s(of);"
        "CREATE TABLE asked_%s(batch INTEGER PRIMARY KEY, generation INTEGER NOT NULL, day INTEGER NOT NULL);",
        k, k, k, k);
}

static void append_view(const dk_kind *kind, dk_buf *sql)
{
    const char *k = kind->name;
    const bool layer = kind->geometry != DK_NO_GEOMETRY;
    /* GDAL takes a view's OGC_FID for the feature id. */
    dk_buf_format(sql, "CREATE VIEW \"%s\" AS SELECT r.row AS OGC_FID, r.key AS \"key\"", k);
    if (layer)
        dk_buf_text(sql, ", r.geom AS geom");
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].audience != DK_NEVER)
            dk_buf_format(sql, ", r.f_%s AS \"%s\"", kind->fields[i].name, kind->fields[i].name);
    dk_buf_format(sql,
                  " FROM life_%s l JOIN row_%s r ON r.row=l.row"
                  " WHERE l.born<=(SELECT max(number) FROM dikuai_generation)"
                  " AND (l.died=0 OR l.died>(SELECT max(number) FROM dikuai_generation));",
                  k, k);
}

static dk_status register_kind(dk_store *store, const dk_kind *kind, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store,
                                      "INSERT INTO gpkg_contents(table_name,data_type,identifier,description,srs_id)"
                                      " VALUES(?1,?2,?3,?3,?4)",
                                      &stmt, err);
    if (status != DK_OK)
        return status;
    const bool layer = kind->geometry != DK_NO_GEOMETRY;
    char identifier[300];
    snprintf(identifier, sizeof identifier, "%s (%s)", kind->title, kind->name); /* must be unique in the file */
    sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, layer ? "features" : "attributes", -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, identifier, -1, SQLITE_STATIC);
    if (layer)
        sqlite3_bind_int(stmt, 4, 4490);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    if (status != DK_OK || !layer)
        return status;
    status = dk_sql_prepare(store, "INSERT INTO gpkg_geometry_columns VALUES(?1,'geom',?2,4490,0,0)", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, geometry_type(kind), -1, SQLITE_STATIC);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

static dk_status register_store(dk_store *store, const char *yaml, size_t size, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, "INSERT INTO dikuai_meta VALUES('version',?1)", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int(stmt, 1, DK_STORE_VERSION);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    if (status != DK_OK)
        return status;
    status = dk_sql_prepare(store, "INSERT INTO dikuai_catalogue VALUES(0,?1)", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text64(stmt, 1, yaml, size, SQLITE_STATIC, SQLITE_UTF8);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    if (status != DK_OK)
        return status;
    char now[24];
    dk_now(now);
    status = dk_sql_prepare(store, "INSERT INTO dikuai_generation VALUES(0,?1,NULL,'create',NULL,NULL)", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, now, -1, SQLITE_STATIC);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_schema_create(dk_store *store, const char *yaml, size_t size, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    dk_status status;
    dk_buf_text(&sql, base_tables);
    for (size_t i = 0; i < store->catalogue->n_kinds; i++)
        append_kind(&store->catalogue->kinds[i], &sql);
    const char *text = dk_buf_cstr(&sql);
    if (text == NULL) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    if ((status = dk_sql_begin(store, err)) != DK_OK)
        goto out;
    status = dk_sql_run(store, text, err);
    for (size_t i = 0; status == DK_OK && i < store->catalogue->n_kinds; i++)
        status = register_kind(store, &store->catalogue->kinds[i], err);
    if (status == DK_OK)
        status = register_store(store, yaml, size, err);
    if (status == DK_OK)
        status = dk_log_create(store, err);
    if (status == DK_OK)
        status = dk_sql_commit(store, err);
    if (status != DK_OK)
        dk_sql_rollback(store);
out:
    dk_buf_finish(&sql);
    return status;
}

/* ---- another catalogue ---- */

/* Whether sqlite_master has a table of this name. */
static dk_status has_table(dk_store *store, const char *prefix, const char *kind, bool *ret_has, dk_error *err)
{
    char name[100];
    sqlite3_stmt *stmt = NULL;
    snprintf(name, sizeof name, "%s_%s", prefix, kind);
    dk_status status = dk_sql_prepare(store, "SELECT 1 FROM sqlite_master WHERE type='table' AND name=?1", &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
        status = dk_sql_step(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    *ret_has = status == DK_OK;
    return status == DK_END ? DK_OK : status;
}

static dk_status run_buf(dk_store *store, dk_buf *sql, dk_error *err)
{
    const char *text = dk_buf_cstr(sql);
    const dk_status status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_run(store, text, err);
    dk_buf_clear(sql);
    return status;
}

/* Those of search that are wanted now and are not there, and the other way round. */
static dk_status follow_search(dk_store *store, const dk_kind *kind, dk_buf *sql, dk_error *err)
{
    const struct {
        const char *name;
        bool wanted;
    } tables[] = {{"hidden", dk_search_has_hidden(kind)}, {"sound", dk_search_has_sounds(kind)}};
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < sizeof tables / sizeof *tables; i++) {
        bool has = false;
        status = has_table(store, tables[i].name, kind->name, &has, err);
        if (status == DK_OK && tables[i].wanted && !has)
            dk_search_append_table(kind, tables[i].name, sql);
        else if (status == DK_OK && !tables[i].wanted && has)
            dk_search_append_drop(kind->name, tables[i].name, sql);
    }
    return status;
}

/* A column that was given up with all its values empty stays, and is taken up again if it is of the same type. */
static dk_status follow_column(dk_store *store, const dk_kind *kind, const dk_field *field, dk_buf *sql, dk_error *err)
{
    char column[80];
    sqlite3_stmt *stmt = NULL;
    snprintf(column, sizeof column, "f_%s", field->name);
    dk_buf text;
    dk_buf_init(&text);
    dk_buf_format(&text, "SELECT type FROM pragma_table_info('row_%s') WHERE name=?1", kind->name);
    const char *question = dk_buf_cstr(&text);
    dk_status status =
        question == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, question, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_text(stmt, 1, column, -1, SQLITE_STATIC);
        status = dk_sql_step(store, stmt, err);
    }
    if (status == DK_OK && strcmp((const char *)sqlite3_column_text(stmt, 0), column_type(field)) != 0) {
        dk_buf_format(sql, "ALTER TABLE row_%s DROP COLUMN %s;", kind->name, column);
        status = DK_END;
    }
    if (status == DK_END)
        dk_buf_format(sql, "ALTER TABLE row_%s ADD COLUMN %s %s;", kind->name, column, column_type(field));
    sqlite3_finalize(stmt);
    dk_buf_finish(&text);
    return status == DK_END ? DK_OK : status;
}

static dk_status follow_kind(dk_store *store, const dk_kind *kind, dk_buf *sql, dk_error *err)
{
    bool has = false;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < kind->n_fields; i++)
        status = follow_column(store, kind, &kind->fields[i], sql, err);
    if (status == DK_OK)
        status = follow_search(store, kind, sql, err);
    if (status == DK_OK)
        status = has_table(store, "version", kind->name, &has, err);
    if (status == DK_OK && kind->has_linked && !has)
        append_versions(kind, sql);
    if (status != DK_OK)
        return status;
    append_view(kind, sql);
    status = run_buf(store, sql, err);
    sqlite3_stmt *stmt = NULL;
    if (status == DK_OK)
        status = dk_sql_prepare(store, "UPDATE gpkg_contents SET identifier=?2,description=?2 WHERE table_name=?1",
                                &stmt, err);
    if (status == DK_OK) {
        char identifier[300];
        snprintf(identifier, sizeof identifier, "%s (%s)", kind->title, kind->name);
        sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 2, identifier, -1, SQLITE_STATIC);
        status = dk_sql_done(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

/* A kind without any row. */
static dk_status drop_kind(dk_store *store, const dk_kind *kind, dk_buf *sql, dk_error *err)
{
    static const char *const tables[] = {"repair", "version", "asked",    "weight",   "dead",  "row",  "life",
                                         "term",   "post",    "clockset", "clockuse", "clock", "score"};
    static const char *const searched[] = {"gram", "hidden", "sound"};
    dk_status status = DK_OK;
    bool has = false;
    for (size_t i = 0; status == DK_OK && i < sizeof searched / sizeof *searched; i++)
        if ((status = has_table(store, searched[i], kind->name, &has, err)) == DK_OK && has)
            dk_search_append_drop(kind->name, searched[i], sql);
    for (size_t i = 0; status == DK_OK && i < sizeof tables / sizeof *tables; i++)
        dk_buf_format(sql, "DROP TABLE IF EXISTS %s_%s;", tables[i], kind->name);
    for (unsigned t = 0; t < DK_SHEETS; t++)
        dk_buf_format(sql, "DROP TABLE IF EXISTS %s_%s;", dk_sheet_table((dk_sheet)t), kind->name);
    dk_buf_format(
        sql,
        "DELETE FROM gpkg_geometry_columns WHERE table_name='%s';DELETE FROM gpkg_contents WHERE table_name='%s';"
        "DELETE FROM dikuai_summary WHERE kind='%s';",
        kind->name, kind->name, kind->name);
    return status == DK_OK ? run_buf(store, sql, err) : status;
}

dk_status dk_schema_follow(dk_store *store, const dk_catalogue *before, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    const dk_catalogue *catalogue = store->catalogue;
    for (size_t i = 0; i < before->n_kinds; i++)
        dk_buf_format(&sql, "DROP VIEW \"%s\";", before->kinds[i].name);
    dk_status status = run_buf(store, &sql, err);
    for (size_t i = 0; status == DK_OK && i < before->n_kinds; i++) {
        const dk_kind *kind = dk_catalogue_kind(catalogue, before->kinds[i].name);
        if (kind == NULL || kind->geometry != before->kinds[i].geometry)
            status = drop_kind(store, &before->kinds[i], &sql, err);
    }
    for (size_t i = 0; status == DK_OK && i < catalogue->n_kinds; i++) {
        const dk_kind *kind = &catalogue->kinds[i], *old = dk_catalogue_kind(before, kind->name);
        if (old != NULL && old->geometry == kind->geometry) {
            status = follow_kind(store, kind, &sql, err);
            continue;
        }
        append_kind(kind, &sql);
        if ((status = run_buf(store, &sql, err)) == DK_OK)
            status = register_kind(store, kind, err);
    }
    dk_buf_finish(&sql);
    return status;
}

void dk_schema_indexed(const dk_catalogue *catalogue, uint64_t *ret_indexed)
{
    for (size_t k = 0; k < catalogue->n_kinds; k++) {
        const dk_kind *kind = &catalogue->kinds[k];
        uint64_t bits = 0;
        for (size_t i = 0; i < kind->n_fields; i++)
            if (kind->fields[i].in_search || kind->fields[i].indexed)
                bits |= UINT64_C(1) << i;
        if (kind->division_field >= 0) /* of all filters the one asked for most */
            bits |= UINT64_C(1) << kind->division_field;
        for (size_t t = 0; t < kind->n_totals; t++)
            bits |= UINT64_C(1) << kind->totals[t].by[0]; /* groups are found by their first field */
        ret_indexed[k] = bits;
    }
    for (size_t i = 0; i < catalogue->n_lists; i++) { /* asked for by group */
        const dk_list *list = &catalogue->lists[i];
        ret_indexed[list->kind->index] |= UINT64_C(1) << list->by;
    }
    for (size_t l = 0; l < catalogue->n_links; l++) {
        const dk_link *link = &catalogue->links[l];
        for (size_t r = 0; r < link->n_rules; r++)
            for (size_t m = 0; m < link->rules[r].n_match; m++) {
                const int from = link->rules[r].match[m].from, to = link->rules[r].match[m].to;
                if (from >= 0)
                    ret_indexed[link->from->index] |= UINT64_C(1) << from;
                if (to >= 0)
                    ret_indexed[link->to->index] |= UINT64_C(1) << to;
            }
    }
}
