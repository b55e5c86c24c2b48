/* Who is shown what waits: staff within their scope, and nobody else. */
#include "tests/store_fixture.h"

#include "store/findings.h"
#include "store/preview.h"
#include "store/review.h"

static bool count_batch(const dk_pending *pending, void *user)
{
    int64_t *counts = user;
    counts[0]++;
    counts[1] += pending->added;
    counts[2] += pending->changed;
    return true;
}

static bool count_change(const dk_change *change, void *user)
{
    (void)change;
    ++*(int64_t *)user;
    return true;
}

static void only_staff_in_whose_scope_it_lies(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 0; i < 3; i++) {
        unsigned char wkb[93];
        char id[16];
        snprintf(id, sizeof id, "U%d", i);
        const size_t size = square_wkb(wkb, 116.2 + 0.01 * i, 34.5, 0.001);
        assert_int_equal(
            load_row(f, load, "parcel", wkb, size, "id", id, "project_id", "P", "division", "341321100", NULL).outcome,
            DK_LOADED);
    }
    const int64_t batch = load_finish(f, load);
    static const struct {
        dk_audience audience;
        const char *division;
        bool seen;
    } viewers[] = {{DK_STAFF, "", true},          {DK_STAFF, "3413", true},       {DK_STAFF, "341321", true},
                   {DK_STAFF, "341321100", true}, {DK_STAFF, "341321101", false}, {DK_STAFF, "3401", false},
                   {DK_GROUP, "", false},         {DK_GROUP, "341321", false},    {DK_ON_REQUEST, "", false},
                   {DK_ON_REQUEST, "3413", false}};
    for (size_t i = 0; i <= sizeof viewers / sizeof *viewers; i++) {
        dk_viewer viewer = dk_viewer_public();
        const bool seen = i < sizeof viewers / sizeof *viewers && viewers[i].seen;
        if (i < sizeof viewers / sizeof *viewers)
            assert_true(dk_viewer_scoped(viewers[i].audience, viewers[i].division, &viewer));
        int64_t counts[3] = {0}, changes = 0, next = 0;
        const dk_status listed = dk_preview_batches(f->store, &viewer, true, count_batch, counts, &f->err);
        assert_int_equal(listed, viewer.audience == DK_STAFF ? DK_OK : DK_NOT_FOUND);
        assert_int_equal(counts[0], seen ? 1 : 0);
        assert_int_equal(counts[1], seen ? 3 : 0);
        assert_int_equal(dk_preview_batch(f->store, &viewer, batch, count_batch, counts, &f->err),
                         seen ? DK_OK : DK_NOT_FOUND);
        const dk_preview preview = {.viewer = &viewer, .batch = batch, .limit = 100};
        assert_int_equal(dk_preview_changes(f->store, &preview, count_change, &changes, &next, &f->err),
                         seen ? DK_OK : DK_NOT_FOUND);
        assert_int_equal(changes, seen ? 3 : 0);
        assert_int_equal(next, 0);
    }
}

/* Rows of a file that was given up are counted by nobody, neither are findings in them. */
static void rows_that_were_taken_back(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "approval", false);
    dk_load_abandon(load);
    load = load_begin(f, "parcel", false);
    dk_load_place mark = dk_load_mark(load);
    for (int i = 0; i < 5; i++) {
        unsigned char wkb[93];
        char id[16];
        snprintf(id, sizeof id, "U%d", i);
        if (i == 3)
            mark = dk_load_mark(load);
        const size_t size = square_wkb(wkb, 116.2 + 0.01 * i, 34.5, 0.001);
        assert_int_equal(load_row(f, load, "parcel", wkb, size, "id", id, "project_id", "P", "division",
                                  i < 2 ? "341321100" : "341321101", "village", "13800000000", NULL)
                             .outcome,
                         DK_LOADED);
    }
    dk_finding_count found;
    assert_int_equal(dk_load_findings(load, &found, &f->err), DK_OK);
    assert_int_equal(found.strong, 5);
    assert_int_equal(dk_load_undo(load, &mark, &f->err), DK_OK);
    assert_int_equal(dk_load_findings(load, &found, &f->err), DK_OK);
    assert_int_equal(found.strong, 3);
    const int64_t batch = load_finish(f, load);
    static const struct {
        const char *division;
        int64_t rows;
    } scopes[] = {{"", 3}, {"341321", 3}, {"341321100", 2}, {"341321101", 1}};
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        dk_viewer viewer;
        int64_t counts[3] = {0};
        assert_true(dk_viewer_staff(scopes[i].division, &viewer));
        assert_int_equal(dk_preview_batch(f->store, &viewer, batch, count_batch, counts, &f->err), DK_OK);
        assert_int_equal(counts[1], scopes[i].rows);
    }
    int64_t generation;
    assert_int_equal(dk_store_publish(f->store, batch, "t", NULL, NULL, &generation, &f->err), DK_CONFLICT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Two files have a row 2, one a row 3, and the other a row whose key is 3. All say a telephone number. */
static void a_row_that_is_justified_is_one_row(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *source, *id;
        int64_t row;
    } rows[] = {{"d/a.csv", "U1", 2}, {"d/b.csv", "U2", 2}, {"d/a.csv", "U3", 3}, {"d/b.csv", "3", 5}};
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "notice");
    dk_load *load = load_begin(f, "notice", false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dk_value values[DK_MAX_FIELDS] = {0};
        dk_row_report report;
        values[dk_kind_field(kind, "id")] = dk_value_text(rows[i].id);
        values[dk_kind_field(kind, "project_id")] = dk_value_text("13800000000");
        assert_int_equal(dk_load_row(load, values, NULL, 0, rows[i].source, rows[i].row, &report, &f->err), DK_OK);
        assert_int_equal(report.outcome, DK_LOADED);
    }
    const int64_t batch = load_finish(f, load);
    int64_t n = 0;
    dk_finding_count open;
    assert_int_equal(dk_review_justify(f->store, batch, "project_id:2", "村委会公开电话", "张", &n, &f->err),
                     DK_CONFLICT);
    assert_string_equal(f->err.text,
                        "--justify project_id:2: 2 is a row of d/a.csv and one of d/b.csv; say which by its key");
    assert_int_equal(dk_findings_count(f->store, kind, batch, &open, &f->err), DK_OK);
    assert_int_equal(open.strong, 4);
    /* By its key, by a number that one row has, though it is another's key, and then by this key. */
    static const char *const places[] = {"project_id:U2", "project_id:2", "project_id:3", "project_id:3",
                                         "project_id:3"};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(dk_review_justify(f->store, batch, places[i], "村委会公开电话", "张", &n, &f->err), DK_OK);
        assert_int_equal(n, i < 4);
        assert_int_equal(dk_findings_count(f->store, kind, batch, &open, &f->err), DK_OK);
        assert_int_equal(open.strong, i < 4 ? 3 - i : 0);
    }
}

static bool keep_reasons(const dk_act *act, void *user)
{
    char *text = user;
    const size_t used = strlen(text);
    snprintf(text + used, 400 - used, "%s(%s) ", act->kind, act->reason);
    return true;
}

/* A reason names a row of another division, and says what was found in it. */
static void what_was_justified_in_rows_of_others(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 0; i < 2; i++) {
        unsigned char wkb[93];
        const size_t size = square_wkb(wkb, 116.2 + 0.01 * i, 34.5, 0.001);
        assert_int_equal(load_row(f, load, "parcel", wkb, size, "id", i == 0 ? "U0" : "U1", "project_id", "P",
                                  "division", i == 0 ? "341321100" : "341321101", "village", "13800000000", NULL)
                             .outcome,
                         DK_LOADED);
    }
    const int64_t batch = load_finish(f, load);
    int64_t n = 0;
    assert_int_equal(dk_review_justify(f->store, batch, "village:P:U1", "村委会公开电话", "张", &n, &f->err), DK_OK);
    assert_int_equal(n, 1);
    static const struct {
        const char *division, *reasons;
    } viewers[] = {{"341321", "loaded() justified(village:P:U1: 村委会公开电话) "},
                   {"341321100", "loaded() justified() "}};
    for (size_t i = 0; i < sizeof viewers / sizeof *viewers; i++) {
        char text[400] = "";
        dk_viewer viewer;
        assert_true(dk_viewer_staff(viewers[i].division, &viewer));
        assert_int_equal(dk_preview_acts(f->store, &viewer, batch, keep_reasons, text, &f->err), DK_OK);
        assert_string_equal(text, viewers[i].reasons);
    }
    char none[400] = "";
    dk_viewer elsewhere;
    assert_true(dk_viewer_staff("3401", &elsewhere));
    assert_int_equal(dk_preview_acts(f->store, &elsewhere, batch, keep_reasons, none, &f->err), DK_NOT_FOUND);
    assert_string_equal(none, "");
}

static bool keep_whole(const dk_pending *pending, void *user)
{
    *(bool *)user = pending->whole;
    return false;
}

/* A row of 341321101 that comes to 341321100 is no matter of the latter alone: its token does not cover the batch.
 * Those of the other division are shown none of it, as before. */
static void a_row_that_is_taken_from_another_division(void **state)
{
    fixture *f = *state;
    for (int again = 0; again < 3; again++) { /* in the second round rows are taken back, and counted again */
        char id[16];
        snprintf(id, sizeof id, "%d", again);
        dk_load *load = load_begin(f, "compensation", false);
        load_row(f, load, "compensation", NULL, 0, "id", id, "parcel_id", "X", "approval_no", "皖政地〔2020〕1号",
                 "division", "341321101", NULL);
        publish(f, load_finish(f, load));
        load = load_begin(f, "compensation", true);
        load_row(f, load, "compensation", NULL, 0, "id", id, "parcel_id", "X", "approval_no", "皖政地〔2020〕1号",
                 "division", "341321100", NULL);
        const dk_load_place mark = dk_load_mark(load);
        if (again == 1) {
            load_row(f, load, "compensation", NULL, 0, "id", "9", "parcel_id", "X", "approval_no", "皖政地〔2020〕1号",
                     "division", "341321100", NULL);
            assert_int_equal(dk_load_undo(load, &mark, &f->err), DK_OK);
        }
        int64_t batch = load_finish(f, load);
        if (again == 2) { /* nor by way of a batch that waits */
            load = load_begin(f, "compensation", true);
            load_row(f, load, "compensation", NULL, 0, "id", id, "parcel_id", "X", "approval_no", "皖政地〔2020〕1号",
                     "division", "341321100", "payee", "甲", NULL);
            batch = load_finish(f, load);
        }
        dk_viewer here, there, both;
        bool whole = true;
        int64_t counts[3] = {0};
        dk_viewer_staff("341321100", &here);
        dk_viewer_staff("341321101", &there);
        dk_viewer_staff("341321", &both);
        assert_int_equal(dk_preview_batch(f->store, &here, batch, keep_whole, &whole, &f->err), DK_OK);
        assert_false(whole);
        assert_int_equal(dk_preview_batch(f->store, &here, batch, count_batch, counts, &f->err), DK_OK);
        assert_int_equal(counts[1], 0);
        assert_int_equal(counts[2], 1);
        assert_int_equal(dk_preview_batch(f->store, &there, batch, keep_whole, &whole, &f->err), DK_NOT_FOUND);
        assert_int_equal(dk_preview_batch(f->store, &both, batch, keep_whole, &whole, &f->err), DK_OK);
        assert_true(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_that_is_justified_is_one_row),
        TEST(only_staff_in_whose_scope_it_lies),
        TEST(rows_that_were_taken_back),
        TEST(what_was_justified_in_rows_of_others),
        TEST(a_row_that_is_taken_from_another_division),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
