/* Rows in memory as a table that a statement writes from, and rows of a kind that wait to be written so. */
#include "store/feed_table.h"
#include "store/row_writer.h"
#include "tests/store_fixture.h"

/* Five values of a row, by its number: a whole number, a real one, a text with a NUL in it, bytes, nothing. */
static void value_of(const void *rows, size_t i, int column, sqlite3_context *ret_value)
{
    const int64_t row = ((const int64_t *)rows)[i];
    switch (column) {
    case 0:
        sqlite3_result_int64(ret_value, row);
        break;
    case 1:
        sqlite3_result_double(ret_value, (double)row / 4);
        break;
    case 2:
        sqlite3_result_text(ret_value, "a\0b", 3, SQLITE_STATIC);
        break;
    case 3:
        sqlite3_result_blob(ret_value, &((const int64_t *)rows)[i], 8, SQLITE_STATIC);
        break;
    default:
        break;
    }
}

/* The only number that a question gives. */
static int64_t number(fixture *f, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    if (dk_sql_prepare(f->store, sql, &stmt, &f->err) != DK_OK || dk_sql_step(f->store, stmt, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    const int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static void every_value_of_every_row_is_written(void **state)
{
    fixture *f = *state;
    enum { N = 1000 };
    int64_t rows[N];
    for (size_t i = 0; i < N; i++)
        rows[i] = (int64_t)(N - i) * 3; /* not in the order of the table */
    const dk_feed feed = {rows, N, value_of}, none = {rows, 0, value_of};
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(dk_sql_run(f->store,
                                "CREATE TABLE t(a INTEGER PRIMARY KEY,b REAL,c TEXT,d BLOB,e,f INTEGER NOT NULL)",
                                &f->err),
                     DK_OK);
    assert_int_equal(
        dk_sql_prepare(f->store, "INSERT OR FAIL INTO t SELECT c0,c1,c2,c3,c4,?2 FROM dk_feed(?1)", &stmt, &f->err),
        DK_OK);
    sqlite3_bind_int64(stmt, 2, 7);
    assert_int_equal(dk_feed_run(f->store, stmt, &none, &f->err), DK_OK);
    assert_int_equal(number(f, "SELECT count(*) FROM t"), 0);
    assert_int_equal(dk_feed_run(f->store, stmt, &feed, &f->err), DK_OK);
    assert_int_equal(
        number(
            f,
            "SELECT count(*) FROM t WHERE b=a/4.0 AND c='a'||char(0)||'b' AND typeof(d)='blob' AND e IS NULL AND f=7"),
        N);
    assert_int_equal(number(f, "SELECT sum(a) FROM t"), 3 * (N * (N + 1) / 2));
    assert_int_equal(number(f, "SELECT count(*) FROM t WHERE substr(d,1,1)=CAST(char(a&127) AS BLOB) AND a<128"), 42);
    /* What is bound else stays, so the same rows come again: a key twice. */
    assert_int_equal(dk_feed_run(f->store, stmt, &feed, &f->err), DK_INTERNAL);
    assert_non_null(strstr(f->err.text, "UNIQUE constraint failed"));
    sqlite3_finalize(stmt);
}

static void a_failure_in_the_middle_is_undone_with_its_transaction(void **state)
{
    fixture *f = *state;
    const int64_t rows[] = {1, 2, 3, 2, 4};
    const dk_feed feed = {rows, 5, value_of};
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(dk_sql_run(f->store, "CREATE TABLE t(a INTEGER PRIMARY KEY)", &f->err), DK_OK);
    assert_int_equal(dk_sql_prepare(f->store, "INSERT OR FAIL INTO t SELECT c0 FROM dk_feed(?1)", &stmt, &f->err),
                     DK_OK);
    assert_int_equal(dk_sql_begin(f->store, &f->err), DK_OK);
    assert_int_equal(dk_feed_run(f->store, stmt, &feed, &f->err), DK_INTERNAL);
    dk_sql_rollback(f->store);
    assert_int_equal(number(f, "SELECT count(*) FROM t"), 0);
    sqlite3_finalize(stmt);
}

static void nothing_but_a_statement_of_ours_reads_it(void **state)
{
    fixture *f = *state;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(number(f, "SELECT count(*) FROM dk_feed(NULL)"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM dk_feed(12345)"), 0);
    assert_int_not_equal(dk_sql_prepare(f->store, "SELECT c0 FROM dk_feed", &stmt, &f->err), DK_OK);
    assert_int_equal(dk_sql_run(f->store, "CREATE VIEW v AS SELECT c0 FROM dk_feed(1)", &f->err), DK_OK);
    assert_int_not_equal(dk_sql_prepare(f->store, "SELECT * FROM v", &stmt, &f->err), DK_OK);
    assert_non_null(strstr(f->err.text, "unsafe use of virtual table"));
}

static void rows_wait_and_are_found_by_key_until_they_are_written(void **state)
{
    fixture *f = *state;
    enum { N = 600 };
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "parcel");
    dk_row_writer *writer = dk_row_writer_create(f->store, kind, 5);
    dk_value values[DK_MAX_FIELDS] = {{0}};
    char key[20], text[40], large[3000];
    memset(large, 'x', sizeof large);
    assert_non_null(writer);
    assert_int_equal(dk_sql_begin(f->store, &f->err), DK_OK);
    assert_false(dk_row_writer_has(writer, "k1"));
    for (int i = 1; i <= N; i++) {
        snprintf(key, sizeof key, "k%d", i);
        snprintf(text, sizeof text, "村%d", i);
        values[dk_kind_field(kind, "village")] = dk_value_text(text);
        values[dk_kind_field(kind, "area_ha")] = dk_value_real(i / 8.0);
        values[dk_kind_field(kind, "owner")] = i % 3 ? dk_value_null() : dk_value_text("");
        const dk_new_row row = {i, 1000 + i, i % 2, 9, 2 * i, key, large, (size_t)(i % 2) * sizeof large, values};
        assert_int_equal(dk_row_writer_add(writer, &row, &f->err), DK_OK);
        memset(text, '?', sizeof text); /* all was copied */
        memset(key, '?', 2);
    }
    const int64_t written = number(f, "SELECT count(*) FROM row_parcel");
    assert_true(written > 0 && written < N); /* those in full hundreds, and not the last */
    snprintf(key, sizeof key, "k%d", N);
    assert_true(dk_row_writer_has(writer, key));
    assert_false(dk_row_writer_has(writer, "k1"));
    assert_false(dk_row_writer_has(writer, "k"));
    assert_int_equal(dk_row_writer_flush(writer, &f->err), DK_OK);
    assert_false(dk_row_writer_has(writer, key));
    assert_int_equal(dk_row_writer_flush(writer, &f->err), DK_OK);
    assert_int_equal(
        number(f,
               "SELECT count(*) FROM row_parcel WHERE key='k'||row AND feature=1000+row AND batch=5 AND replaces=row%2"
               " AND source=9 AND source_row=2*row AND f_village='村'||row AND f_area_ha=row/8.0 AND f_id IS NULL"
               " AND f_owner IS CASE row%3 WHEN 0 THEN '' END"
               " AND ifnull(length(geom),0)=row%2*3000 AND typeof(geom)=CASE row%2 WHEN 1 THEN 'blob' ELSE 'null' END"),
        N);
    assert_int_equal(dk_sql_commit(f->store, &f->err), DK_OK);
    /* What waits when it is closed is not written. */
    const dk_new_row row = {N + 1, N + 1, 0, 9, 1, "last", NULL, 0, values};
    values[dk_kind_field(kind, "village")] = dk_value_null();
    assert_int_equal(dk_row_writer_add(writer, &row, &f->err), DK_OK);
    dk_row_writer_free(writer);
    dk_row_writer_free(NULL);
    assert_int_equal(number(f, "SELECT count(*) FROM row_parcel"), N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_value_of_every_row_is_written, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failure_in_the_middle_is_undone_with_its_transaction, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_but_a_statement_of_ours_reads_it, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_wait_and_are_found_by_key_until_they_are_written, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
