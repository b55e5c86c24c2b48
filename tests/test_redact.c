/* What is left of a row that was erased, table by table: nothing that has its number, its place, or a word of it; and
 * what the reason, which is published, may not say. */
#include "store_fixture.h"

#include "store/redact.h"

#include <sqlite3.h>

static const char yaml[] =
    "title: t\npublisher: p\nmap_approval_no: none\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: parcel\n    title: 地块\n    geometry: polygon\n    key: {field: id, qualify: [project_id]}\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true, search: true}\n"
    "      - {name: project_id, title: 项目, type: text, audience: public}\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public}\n"
    "      - {name: owner, title: 户主, type: text, audience: staff, search: true}\n"
    "      - {name: state, title: 状态, type: text, audience: staff, values: [已付清, 未付清]}\n"
    "      - {name: approved_on, title: 批准日期, type: date, audience: public, linked: {field: approval.approved_on, as: min}}\n"
    "records:\n"
    "  - name: approval\n    title: 批复\n    key: {field: approval_no}\n    fields:\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public, required: true}\n"
    "      - {name: approved_on, title: 日期, type: date, audience: public}\n"
    "links:\n"
    "  - from: parcel\n    to: approval\n    on:\n      - match: {approval_no: approval_no}\n";

static int begin(void **state)
{
    return fixture_begin(state, yaml);
}

static void add(fixture *f, dk_load *load, const char *id, double west, const char *owner)
{
    const dk_repair repair = {"self_intersection", "Self-intersection[116.50012345 34.50012345]", 10, 9};
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, west, 34.5, 0.001);
    dk_load_repaired(load, &repair);
    const dk_row_report report = load_row(f, load, "parcel", wkb, size, "id", id, "project_id", "XM1", "approval_no",
                                          "皖政地〔2020〕1号", "owner", owner, "state", "未付清", NULL);
    assert_int_equal(report.outcome, DK_LOADED);
}

static sqlite3 *beside(fixture *f)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return db;
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* How many rows of tables of the layer, and of what the scanner found, have one of these numbers in a column named row
 * or of. */
static int64_t mentions(sqlite3 *db, const char *rows)
{
    sqlite3_stmt *stmt;
    int64_t n = 0, tables = 0;
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT t.name,c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE"
                                        " t.type='table' AND c.name IN ('row','of') AND"
                                        " (t.name LIKE '%\\_parcel' ESCAPE '\\' OR t.name='dikuai_finding')",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    for (; sqlite3_step(stmt) == SQLITE_ROW; tables++) {
        char sql[300];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE %s IN (%s)",
                 (const char *)sqlite3_column_text(stmt, 0), (const char *)sqlite3_column_text(stmt, 1), rows);
        n += number_of(db, sql);
    }
    sqlite3_finalize(stmt);
    assert_true(tables >= 5); /* rows, lives, repairs, versions, findings */
    return n;
}

static void ignore(const char *sentence, void *user)
{
    (void)sentence, (void)user;
}

static dk_status redact(fixture *f, const char *key, const char *reason, dk_redacted *ret_redacted)
{
    return dk_store_redact(f->store, dk_catalogue_kind(f->catalogue, "parcel"), key, "tester", reason, false, ignore,
                           NULL, ret_redacted, &f->err);
}

static void no_table_has_the_row_or_its_place_any_more(void **state)
{
    fixture *f = *state;
    dk_redacted redacted;
    char sql[400], rows[100] = "", others[100] = "";
    dk_load *load = load_begin(f, "parcel", false);
    add(f, load, "DK0001", 116.5, "欧阳娜娜");
    add(f, load, "DK0002", 116.6, "王五");
    publish(f, load_finish(f, load));
    load = load_begin(f, "approval", false);
    load_row(f, load, "approval", NULL, 0, "approval_no", "皖政地〔2020〕1号", "approved_on", "2020-03-01", NULL);
    publish(f, load_finish(f, load)); /* of which both parcels get a version */
    sqlite3 *db = beside(f);
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT row,key FROM row_parcel ORDER BY row", -1, &stmt, NULL), SQLITE_OK);
    int n = 0;
    for (; sqlite3_step(stmt) == SQLITE_ROW; n++) {
        char *to = strstr((const char *)sqlite3_column_text(stmt, 1), "DK0001") != NULL ? rows : others;
        snprintf(to + strlen(to), 50 - strlen(to), "%s%d", to[0] != '\0' ? "," : "", sqlite3_column_int(stmt, 0));
    }
    sqlite3_finalize(stmt);
    assert_int_equal(n, 4);
    for (int which = 0; which < 2; which++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO dikuai_finding SELECT 1,row,'owner',0,0,'name',1,'x',0 FROM row_parcel WHERE row IN (%s)",
                 which == 0 ? rows : others);
        run(db, sql);
    }
    run(db, "INSERT INTO dikuai_note VALUES(1,1,'欧阳娜娜 is not in the list'),(1,2,'王五 is not in the list'),"
            "(1,3,'XM1:DK0001 has a note'),(1,4,'XM1:DK0002 has a note')");
    run(db, "INSERT INTO dikuai_reject VALUES(1,1,'s.csv',3,'','欧阳娜娜 has no outline',NULL),"
            "(1,2,'s.csv',4,'','an amount of 未付清 has no number',NULL),"
            "(1,3,'s.csv',5,'','it overlaps XM1:DK0001',NULL),(1,4,'s.csv',6,'XM1:DK0001','x',NULL),"
            "(1,5,'s.csv',7,'DK0001','x',NULL),(1,6,'s.csv',8,'XM1:DK0002','x',NULL)");
    const int64_t before = generation_of(f);
    const int64_t kept = mentions(db, others);
    assert_true(mentions(db, rows) >= 2 * 4);
    sqlite3_close(db);

    assert_int_equal(redact(f, "XM1:DK0001", "应权利人要求", &redacted), DK_OK);
    assert_true(redacted.versions == 2 && redacted.published && redacted.notes == 2 && redacted.rejects == 4);
    db = beside(f);
    assert_int_equal(mentions(db, rows), 0);
    assert_int_equal(mentions(db, others), kept);
    assert_int_equal(number_of(db, "SELECT count(*) FROM dikuai_note"), 2);
    assert_int_equal(number_of(db, "SELECT count(*) FROM dikuai_reject"), 2);
    /* Boxes from before are gone, and that of now is of whole squares of 2^16 units, in which the place is. */
    uint32_t x, y;
    dk_world_from_lonlat(116.5005, 34.5005, &x, &y);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM dikuai_touched WHERE generation<=%lld", (long long)before);
    assert_int_equal(number_of(db, sql), 0);
    assert_int_equal(number_of(db, "SELECT count(*) FROM dikuai_touched WHERE x0%65536<>0 OR y0%65536<>0 OR"
                                   " (x1+1)%65536<>0 OR (y1+1)%65536<>0"),
                     0);
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM dikuai_touched WHERE generation=%lld AND x0<=%u AND x1>=%u AND y0<=%u AND y1>=%u",
             (long long)redacted.generation, x, x, y, y);
    assert_int_equal(number_of(db, sql), 1);
    sqlite3_close(db);
    assert_int_equal(findings(f), 0);
}

static void the_reason_does_not_say_what_is_erased(void **state)
{
    fixture *f = *state;
    dk_redacted redacted;
    dk_load *load = load_begin(f, "parcel", false);
    add(f, load, "DK0001", 116.5, "张三");
    publish(f, load_finish(f, load));
    static const char *const refused[] = {"XM1:DK0001 误公开", "地块dk0001误公开", "ＤＫ０００１误公开",
                                          "张三要求删除"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(redact(f, "XM1:DK0001", refused[i], &redacted), DK_INVALID);
    assert_string_equal(all_keys(f, "parcel").text, "XM1:DK0001");
    /* A word of a list says nothing of a person, and a project is public. */
    assert_int_equal(redact(f, "XM1:DK0001", "XM1 未付清部分误公开", &redacted), DK_OK);
    assert_int_equal(all_keys(f, "parcel").n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_table_has_the_row_or_its_place_any_more, begin, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_reason_does_not_say_what_is_erased, begin, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
