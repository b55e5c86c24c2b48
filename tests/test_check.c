/* What check finds of a store that is damaged, what it does not mistake for damage, and what reindex mends. Tiles are
 * full of a few zones with long notes. */
#include "store_fixture.h"

#include "store/catalogue_change.h"
#include "store/redact.h"
#include "store/reindex.h"

#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { NOTE = 60000, FULL = 20, LARGE = 400 }; /* bytes; zones that fill a tile; a batch of more than one transaction */

static const char yaml[] =
    "title: t\npublisher: p\nmap_approval_no: none\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: zone\n    title: 分区\n    geometry: polygon\n    key: {field: id}\n    grid: [amount]\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true}\n"
    "      - {name: note, title: 说明, type: text, audience: public, tiles: true}\n"
    "      - {name: amount, title: 金额, type: number, audience: public}\n"
    "      - {name: plan_no, title: 规划, type: text, audience: public}\n"
    "      - {name: plan, title: 规划名称, type: text, audience: public, inherit: plan.name}\n"
    "  - name: mining\n    title: 矿业权\n    geometry: polygon\n    key: {field: id}\n    audience: %s\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true}\n"
    "      - {name: note, title: 说明, type: text, audience: public, tiles: true}\n"
    "records:\n"
    "  - name: plan\n    title: 规划\n    key: {field: plan_no}\n"
    "    fields:\n"
    "      - {name: plan_no, title: 规划, type: text, audience: public, required: true}\n"
    "      - {name: name, title: 名称, type: text, audience: public}\n"
    "links:\n"
    "  - from: zone\n    to: plan\n    on:\n      - match: {plan_no: plan_no}\n";

static void catalogue_of(const char *mining_is_for, char *ret_text, size_t size)
{
    snprintf(ret_text, size, yaml, mining_is_for);
}

static int set_up_for(void **state, const char *mining_is_for)
{
    char text[sizeof yaml + 20];
    if (fixture_setup(state) != 0)
        return -1;
    fixture *f = *state;
    dk_store_close(f->store);
    unlink(f->path);
    catalogue_of(mining_is_for, text, sizeof text);
    if (dk_store_create(f->path, text, strlen(text), "check.yaml", &f->err) != DK_OK) {
        print_error("%s\n", f->err.text);
        return -1;
    }
    fixture_open(f, DK_WRITE);
    return 0;
}

static int set_up(void **state)
{
    return set_up_for(state, "public");
}

static int set_up_for_staff(void **state)
{
    return set_up_for(state, "staff");
}

/* Squares of 400 m beside each other, all in one tile of zoom 8, from which on they are drawn. */
static int64_t squares(fixture *f, const char *kind, int first, int n, size_t note_size)
{
    static char note[NOTE + 1];
    dk_load *load = load_begin(f, kind, false);
    for (int i = first; i < first + n; i++) {
        unsigned char wkb[93];
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        memset(note, 'n', note_size);
        memcpy(note, id, strlen(id) < note_size ? strlen(id) : note_size);
        note[note_size] = '\0';
        const size_t size = square_wkb(wkb, 116.05 + i % 20 * 0.005, 34.35 + i / 20 * 0.005, 0.004);
        const bool zone = strcmp(kind, "zone") == 0;
        assert_int_equal(
            load_row(f, load, kind, wkb, size, "id", id, "note", note, zone ? "amount" : NULL, "#2.5", NULL).outcome,
            DK_LOADED);
    }
    return load_finish(f, load);
}

static int64_t plan(fixture *f, const char *number, const char *name, bool replace)
{
    dk_load *load = load_begin(f, "plan", replace);
    load_row(f, load, "plan", NULL, 0, "plan_no", number, "name", name, NULL);
    return load_finish(f, load);
}

static sqlite3 *open_beside(fixture *f)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
}

/* Damages the store: some row must be another then. */
static void damage(fixture *f, const char *sql)
{
    sqlite3 *db = open_beside(f);
    run(db, sql);
    assert_true(sqlite3_changes(db) > 0);
    sqlite3_close(db);
}

/* The first column of all rows as one text, to be freed by the caller. */
static char *text_of(fixture *f, const char *sql)
{
    sqlite3 *db = open_beside(f);
    sqlite3_stmt *stmt = NULL;
    dk_buf text;
    dk_buf_init(&text);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        dk_buf_format(&text, "%s\n", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    char *copy = strdup(dk_buf_cstr(&text));
    dk_buf_finish(&text);
    return copy;
}

/* The thresholds of all tiles, and what they leave out. */
static char *thresholds_of(fixture *f)
{
    return text_of(
        f, "SELECT 'zone '||(id>>17)||' '||hex(data) FROM raised_zone WHERE died=0 UNION ALL"
           " SELECT 'mining '||(id>>17)||' '||hex(data) FROM raised_mining WHERE died=0 UNION ALL"
           " SELECT 'zone plate '||(id>>17)||' '||hex(data) FROM raised_plate_zone WHERE died=0 UNION ALL"
           " SELECT 'mining plate '||(id>>17)||' '||hex(data) FROM raised_plate_mining WHERE died=0 ORDER BY 1");
}

static void reindex(fixture *f)
{
    if (dk_store_reindex(f->store, NULL, NULL, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
}

static void thresholds_are_those_of_a_rebuild(fixture *f)
{
    char *kept = thresholds_of(f);
    assert_true(strlen(kept) > 0);
    reindex(f);
    char *anew = thresholds_of(f);
    assert_string_equal(kept, anew);
    free(kept);
    free(anew);
}

static void keep_finding(const char *sentence, void *user)
{
    dk_buf_format(user, "%s\n", sentence);
}

static void finds(fixture *f, const char *part)
{
    int64_t n = 0;
    dk_buf told;
    dk_buf_init(&told);
    assert_int_equal(dk_store_check(f->store, keep_finding, &told, &n, &f->err), DK_OK);
    if (n == 0 || strstr(dk_buf_cstr(&told), part) == NULL)
        fail_msg("'%s' instead of '%s'", dk_buf_cstr(&told), part);
    dk_buf_finish(&told);
}

/* ---- what is no damage ---- */

static void die_before_thresholds(int64_t done, int64_t total, void *user)
{
    (void)user;
    if (done >= total)
        kill(getpid(), SIGKILL);
}

static void a_publication_that_was_killed_is_no_finding(void **state)
{
    fixture *f = *state;
    publish(f, squares(f, "zone", 0, FULL, NOTE));
    const int64_t batch = squares(f, "zone", FULL, LARGE, NOTE);
    dk_store_close(f->store);
    f->store = NULL;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int64_t generation;
        fixture_open(f, DK_WRITE);
        dk_store_publish(f->store, batch, "t", die_before_thresholds, NULL, &generation, &f->err);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    char *begun = text_of(f, "SELECT count(*)>0 FROM block_zone WHERE born=2");
    assert_string_equal(begun, "1\n");
    free(begun);
    char *overviews = text_of(f, "SELECT count(*)>0 FROM overview_zone WHERE died=0");
    assert_string_equal(overviews, "1\n");
    free(overviews);
    fixture_open(f, DK_READ); /* who only reads undoes nothing */
    assert_int_equal(findings(f), 0);
    dk_store_close(f->store);
    fixture_open(f, DK_WRITE);
    assert_int_equal(findings(f), 0);
}

/* ---- what is ---- */

static void rows_that_full_tiles_leave_out_are_counted_as_they_are(void **state)
{
    fixture *f = *state;
    publish(f, squares(f, "zone", 0, FULL, NOTE));
    assert_int_equal(findings(f), 0);
    damage(f, "UPDATE raised_zone SET data=substr(data,1,2) WHERE died=0 AND id>>57=8 AND length(data)>2");
    finds(f, "the grid of zone at zoom 8 has 0 as count instead of ");
    reindex(f);
    assert_int_equal(findings(f), 0);
}

static void rows_are_counted_where_they_are(void **state)
{
    fixture *f = *state;
    publish(f, squares(f, "zone", 0, 3, 10));
    assert_int_equal(findings(f), 0);
    damage(f, "UPDATE grid_zone SET id=id+(1<<17) WHERE id>>57=5"); /* the tile beside it */
    finds(f, "the grid of zone at zoom 5 counts rows elsewhere than they are; run dikuai-ingest reindex");
    reindex(f);
    assert_int_equal(findings(f), 0);
}

/* A circle of so many positions that it is kept in pieces. */
static int64_t circle(fixture *f, const char *id)
{
    enum { N = 1500 };
    static unsigned char wkb[13 + 16 * (N + 1)];
    const unsigned char head[9] = {1, 3, 0, 0, 0, 1, 0, 0, 0};
    const uint32_t n = N + 1;
    memcpy(wkb, head, sizeof head);
    memcpy(wkb + 9, &n, 4);
    for (int i = 0; i <= N; i++) {
        const double angle = i % N * 2 * 3.14159265358979 / N,
                     at[2] = {116.5 + 0.05 * cos(angle), 34.5 + 0.05 * sin(angle)};
        memcpy(wkb + 13 + 16 * i, at, sizeof at);
    }
    dk_load *load = load_begin(f, "zone", false);
    assert_int_equal(load_row(f, load, "zone", wkb, sizeof wkb, "id", id, NULL).outcome, DK_LOADED);
    return load_finish(f, load);
}

static void pieces_are_those_of_published_outlines(void **state)
{
    fixture *f = *state;
    int64_t generation;
    const int64_t batch = circle(f, "C");
    publish(f, batch);
    publish(f, squares(f, "zone", 0, 1, 10));
    assert_int_equal(findings(f), 0);
    damage(f, "INSERT INTO piece_zone SELECT id+(1<<25),born,0,data FROM piece_zone ORDER BY id LIMIT 1");
    finds(f, "pieces of outlines instead of ");
    reindex(f);
    assert_int_equal(findings(f), 0);
    sqlite3 *db = open_beside(f);
    run(db, "CREATE TEMP TABLE kept AS SELECT * FROM piece_zone");
    assert_int_equal(dk_store_withdraw(f->store, batch, "t", "r", NULL, NULL, &generation, &f->err), DK_OK);
    run(db, "INSERT OR REPLACE INTO piece_zone SELECT id,born,0,data FROM kept");
    sqlite3_close(db);
    finds(f, "zone row 1 has pieces in the cell index and is not published; run dikuai-ingest reindex");
    reindex(f);
    assert_int_equal(findings(f), 0);
}

static void rows_are_found_by_what_they_say(void **state)
{
    static const char *const damages[] = {
        "DELETE FROM post_plan WHERE term=(SELECT term FROM term_plan WHERE text='g2')",
        "DELETE FROM term_plan WHERE text='g2'",
        "UPDATE post_plan SET first=1 WHERE term=(SELECT term FROM term_plan WHERE text='g2')",
        "UPDATE term_plan SET text='g3' WHERE text='g2'"};
    fixture *f = *state;
    publish(f, plan(f, "G1", "一", false));
    publish(f, plan(f, "G2", "二", false));
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        assert_int_equal(findings(f), 0);
        damage(f, damages[i]);
        finds(f, "plan: the lists by which filters, links and search find rows are not those of the rows; run "
                 "dikuai-ingest reindex");
        reindex(f);
    }
    assert_int_equal(findings(f), 0);
}

static void an_index_that_cannot_be_read_does_not_end_the_check(void **state)
{
    fixture *f = *state;
    publish(f, squares(f, "zone", 0, 1, 10));
    publish(f, squares(f, "mining", 0, 1, 10));
    damage(f, "UPDATE block_zone SET data=x'00'");
    damage(f, "DELETE FROM block_mining");
    finds(f, "the cell index of zone is damaged; run dikuai-ingest reindex");
    finds(f, "mining row 1 is missing from the cell index; run dikuai-ingest reindex");
    reindex(f);
    assert_int_equal(findings(f), 0);
}

/* Whether the store's file, or its write-ahead log, has a word. */
static bool file_has(fixture *f, const char *word)
{
    static const char *const ends[] = {"", "-wal"};
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        char path[120];
        snprintf(path, sizeof path, "%s%s", f->path, ends[i]);
        FILE *file = fopen(path, "rb");
        dk_buf bytes;
        dk_buf_init(&bytes);
        char some[4096];
        for (size_t n; file != NULL && (n = fread(some, 1, sizeof some, file)) > 0;)
            dk_buf_append(&bytes, some, n);
        if (file != NULL)
            fclose(file);
        found |= bytes.size > 0 && memmem(bytes.data, bytes.size, word, strlen(word)) != NULL;
        dk_buf_finish(&bytes);
    }
    return found;
}

/* As one leaves it that is killed behind its last commit: the word in pages that nobody uses, and a document. */
static void what_a_redaction_that_was_stopped_has_left_is_overwritten_by_the_next(void **state)
{
    fixture *f = *state;
    dk_redacted redacted;
    dk_buf told;
    char sql[200], folder[120], document[200], digest[65];
    publish(f, plan(f, "G1", "一", false));
    memset(digest, 'a', 64);
    digest[64] = '\0';
    snprintf(folder, sizeof folder, "%s.documents", f->path);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(folder, sizeof folder, "%s.documents/aa", f->path);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(document, sizeof document, "%s/%s", folder, digest + 2);
    fclose(fopen(document, "w"));
    damage(f, "INSERT INTO dikuai_meta VALUES('redacted',1)");
    snprintf(sql, sizeof sql, "INSERT INTO dikuai_meta VALUES('redacted_documents','%s')", digest);
    damage(f, sql);
    sqlite3 *db = open_beside(f);
    run(db, "PRAGMA secure_delete=OFF;CREATE TABLE x(t);INSERT INTO x VALUES('ERASEDWORD');DROP TABLE x");
    sqlite3_close(db);
    assert_true(file_has(f, "ERASEDWORD"));
    finds(f, "generation 1 erased a row, and copies in the file are not overwritten yet");
    dk_buf_init(&told);
    assert_int_equal(dk_store_redact(f->store, dk_catalogue_kind(f->catalogue, "plan"), "G9", "t", "误公开", false,
                                     keep_finding, &told, &redacted, &f->err),
                     DK_NOT_FOUND);
    assert_non_null(strstr(f->err.text, "is overwritten now"));
    dk_buf_finish(&told);
    assert_false(file_has(f, "ERASEDWORD"));
    assert_int_equal(access(document, F_OK), -1);
    assert_int_equal(findings(f), 0);
    rmdir(folder);
    *strrchr(folder, '/') = '\0';
    rmdir(folder);
}

/* ---- what reindex mends ---- */

static void what_is_damaged_of_another_layer_does_not_stop_reindex(void **state)
{
    static const char *const damages[] = {"UPDATE grid_mining SET data=x'00'", "UPDATE block_mining SET data=x'00'",
                                          "UPDATE grid_zone SET data=x'00'", "UPDATE block_zone SET data=x'00'"};
    fixture *f = *state;
    publish(f, squares(f, "zone", 0, 3, 10));
    publish(f, squares(f, "mining", 0, 3, 10));
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        damage(f, damages[i]);
        reindex(f);
        assert_int_equal(findings(f), 0);
    }
}

static void damaged_terms_of_another_kind_do_not_stop_what_is_taken_over(void **state)
{
    fixture *f = *state;
    unsigned char wkb[93];
    dk_load *load = load_begin(f, "zone", false);
    load_row(f, load, "zone", wkb, square_wkb(wkb, 116.5, 34.5, 0.001), "id", "Z", "plan_no", "G1", NULL);
    publish(f, load_finish(f, load));
    publish(f, plan(f, "G1", "总体规划", false));
    damage(f, "UPDATE post_plan SET data=x'80'");
    reindex(f);
    char *taken = text_of(f, "SELECT plan FROM zone");
    assert_string_equal(taken, "总体规划\n");
    free(taken);
    assert_int_equal(findings(f), 0);
}

static void damaged_terms_and_a_load_that_was_killed_do_not_keep_reindex_from_beginning(void **state)
{
    fixture *f = *state;
    publish(f, plan(f, "G1", "一", false));
    assert_int_equal(plan(f, "G2", "二", false), 2);
    damage(f, "UPDATE post_plan SET data=x'80'");
    damage(f, "UPDATE dikuai_batch SET state='loading' WHERE id=2");
    dk_store_close(f->store);
    fixture_open(f, DK_WRITE);
    reindex(f);
    assert_string_equal(all_keys(f, "plan").text, "G1");
    assert_int_equal(findings(f), 0);
}

/* ---- thresholds of layers that share tiles ---- */

static void a_publication_that_was_undone_leaves_no_trace_in_thresholds(void **state)
{
    fixture *f = *state;
    int64_t generation;
    publish(f, squares(f, "zone", 0, FULL, NOTE));
    publish(f, squares(f, "mining", 0, FULL, NOTE));
    const int64_t first = plan(f, "G1", "一", false), second = plan(f, "G1", "二", true);
    publish(f, second);
    assert_int_equal(dk_store_publish(f->store, first, "t", NULL, NULL, &generation, &f->err), DK_CONFLICT);
    publish(f, squares(f, "zone", FULL, 1, NOTE));
    assert_int_equal(findings(f), 0);
    thresholds_are_those_of_a_rebuild(f);
}

static void ignore(const char *sentence, void *user)
{
    (void)sentence, (void)user;
}

static void a_layer_that_becomes_public_shares_from_then_on(void **state)
{
    fixture *f = *state;
    char text[sizeof yaml + 20];
    dk_catalogue_changed changed;
    const dk_catalogue_change change = {.actor = "t", .tell = ignore};
    publish(f, squares(f, "zone", 0, FULL, NOTE));
    publish(f, squares(f, "mining", 0, FULL, NOTE));
    catalogue_of("public", text, sizeof text);
    if (dk_store_change_catalogue(f->store, text, strlen(text), "check.yaml", &change, &changed, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    assert_int_equal(findings(f), 0);
    thresholds_are_those_of_a_rebuild(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_publication_that_was_killed_is_no_finding, set_up, fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_that_full_tiles_leave_out_are_counted_as_they_are, set_up,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_are_counted_where_they_are, set_up, fixture_teardown),
        cmocka_unit_test_setup_teardown(pieces_are_those_of_published_outlines, set_up, fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_are_found_by_what_they_say, set_up, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_index_that_cannot_be_read_does_not_end_the_check, set_up, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_a_redaction_that_was_stopped_has_left_is_overwritten_by_the_next, set_up,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_damaged_of_another_layer_does_not_stop_reindex, set_up,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(damaged_terms_of_another_kind_do_not_stop_what_is_taken_over, set_up,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(damaged_terms_and_a_load_that_was_killed_do_not_keep_reindex_from_beginning,
                                        set_up, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_publication_that_was_undone_leaves_no_trace_in_thresholds, set_up,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_layer_that_becomes_public_shares_from_then_on, set_up_for_staff,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
