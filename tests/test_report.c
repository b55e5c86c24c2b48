/* What a quality report says of a batch, to who reads the page and to programs. */
#include "ingest/reason.h"
#include "ingest/report.h"
#include "tests/store_fixture.h"

static bool goes_on(void *user)
{
    return *(const bool *)user;
}

/* A batch of two parcels, the second on a half of the first, that was loaded at 23:30 of the last day of February, UTC.
 */
static void describe(fixture *f, dk_report *report, bool go_on)
{
    unsigned char wkb[93];
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 0; i < 2; i++) {
        const size_t size = square_wkb(wkb, 116.5 + 0.0005 * i, 34.5, 0.001);
        load_row(f, load, "parcel", wkb, size, "id", i == 0 ? "A" : "B", "project_id", "P", NULL);
    }
    const int64_t batch = load_finish(f, load);
    assert_int_equal(dk_report_describe(report, f->store, batch, f->catalogue, &f->err), DK_OK);
    snprintf(report->created_at, sizeof report->created_at, "2024-02-29T23:30:00Z");
    assert_true(dk_report_count(report, "read", 5) && dk_report_count(report, "loaded", 2));
    const dk_status status = dk_report_check(report, f->store, batch, goes_on, &go_on, &f->err);
    assert_int_equal(status, go_on ? DK_OK : DK_LIMIT);
}

static const char *html_of(const dk_report *report, dk_buf *out)
{
    dk_buf_clear(out);
    dk_report_html(report, out);
    return dk_buf_cstr(out);
}

static void says(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        fail_msg("%s: not in %s", words, strstr(text, "<h1>") != NULL ? strstr(text, "<h1>") : text);
}

static void says_nothing_of(const char *text, const char *words)
{
    if (strstr(text, words) != NULL)
        fail_msg("%s", strstr(text, words));
}

static void files_that_were_left_out_are_no_rows(void **state)
{
    dk_report report = {0};
    dk_buf out;
    dk_buf_init(&out);
    describe(*state, &report, true);
    for (int i = 0; i < 3; i++) { /* of five rows read, three; a file has no row and no key */
        const dk_reject row = {.source = "a.csv", .key = "C", .source_row = 4 + i, .reason = "id: \"x\" is no number"};
        assert_true(dk_report_reject(&report, &row));
    }
    const dk_reject file = {.source = "b.csv", .key = "", .reason = "b.csv: the file is damaged"};
    assert_true(dk_report_reject(&report, &file) && dk_report_count(&report, "rejected", 3) &&
                dk_report_count(&report, "files_failed", 1));
    const char *html = html_of(&report, &out);
    says(html, "发布前请核对：未入库的行 3；本批内部重叠 1；未能读取的文件 1。");
    says(html, "<h2>未入库的行：3，未能读取的文件：1</h2>");
    says(html, "<td>b.csv</td><td class=\"n\">整个文件</td>");
    dk_buf_finish(&out);
    dk_report_finish(&report);
}

static void what_the_map_has_no_room_for_is_said(void **state)
{
    enum { DRAWN = 1000 }; /* of rejected rows and of overlaps */
    static const double place[2] = {116.5, 34.5};
    dk_report report = {0};
    dk_buf out;
    dk_buf_init(&out);
    describe(*state, &report, true); /* with an overlap */
    for (int i = 0; i < DRAWN + 3; i++) {
        const dk_reject row = {.source = "a.csv",
                               .key = "C",
                               .source_row = i,
                               .reason = "id: \"x\" is no number",
                               .outline = i > 0 ? place : NULL,
                               .n_points = i > 0 ? 1 : 0};
        assert_true(dk_report_reject(&report, &row));
        if (i == DRAWN - 2)
            says_nothing_of(html_of(&report, &out), "处因过多未画");
        dk_report_map_add(&report.map, DK_MAP_OVERLAP, place, 1, NULL);
    }
    const char *html = html_of(&report, &out);
    says(html, "未入库的行中 3 行没有可用坐标，或因过多未画");
    says(html, "重叠处中 4 处因过多未画");
    dk_buf_finish(&out);
    dk_report_finish(&report);
}

/* A store of the fixture's catalogue, but in which notices belong to parcels by 文号 and project together. */
static void reopen_with_both_numbers(fixture *f)
{
    static const char link[] = "  - from: notice\n    to: parcel\n    on:\n", next[] = "  - from: compensation\n";
    static const char rule[] = "      - match: {approval_no: approval_no, project_id: project_id}\n";
    char yaml[sizeof fixture_yaml + sizeof rule];
    const char *from = strstr(fixture_yaml, link), *end = from != NULL ? strstr(from, next) : NULL;
    assert_non_null(end);
    snprintf(yaml, sizeof yaml, "%.*s%s%s", (int)(from + strlen(link) - fixture_yaml), fixture_yaml, rule, end);
    dk_store_close(f->store);
    f->path[strlen(f->path) - strlen("a.dk")] = 'b';
    if (dk_store_create(f->path, yaml, strlen(yaml), "fixture.yaml", &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    fixture_open(f, DK_WRITE);
}

static void a_row_that_lacks_one_of_two_numbers_names_no_partner(void **state)
{
    fixture *f = *state;
    static const char first[] = "皖政地〔2020〕1号", second[] = "皖政地〔2020〕2号";
    unsigned char wkb[93];
    bool go_on = true;
    dk_report report = {0};
    reopen_with_both_numbers(f);
    dk_load *load = load_begin(f, "parcel", false);
    load_row(f, load, "parcel", wkb, square_wkb(wkb, 116.5, 34.5, 0.001), "id", "A", "approval_no", first, "project_id",
             "P", NULL);
    load_finish(f, load);
    load = load_begin(f, "notice", false);
    load_row(f, load, "notice", NULL, 0, "id", "1", "approval_no", first, "project_id", "P", NULL);
    load_row(f, load, "notice", NULL, 0, "id", "2", "approval_no", second, "project_id", "P", NULL);
    load_row(f, load, "notice", NULL, 0, "id", "3", "approval_no", first, NULL);
    const int64_t batch = load_finish(f, load);
    assert_int_equal(dk_report_describe(&report, f->store, batch, f->catalogue, &f->err), DK_OK);
    assert_int_equal(dk_report_check(&report, f->store, batch, goes_on, &go_on, &f->err), DK_OK);
    const dk_report_table *table = &report.tables[report.n_tables - 1];
    assert_string_equal(table->check, "no_partner");
    assert_int_equal(table->count, 1);
    assert_int_equal(table->passed_over, 1);
    assert_string_equal(table->cells.data, "2");
    dk_report_finish(&report);
}

/* 23:30 UTC is 07:30 of the next day in China, whose time is UTC+8. */
static void the_page_says_the_time_that_it_was_in_china_and_of_what_was_not_loaded_none(void **state)
{
    dk_report report = {0};
    dk_buf out;
    dk_buf_init(&out);
    describe(*state, &report, true);
    says(html_of(&report, &out), "入库 2024年3月1日 07:30</p>");
    report.batch = 0;
    report.dry_run = true;
    says_nothing_of(html_of(&report, &out), "2024");
    dk_buf_finish(&out);
    dk_report_finish(&report);
}

static void what_was_not_checked_is_not_called_free_of_faults(void **state)
{
    fixture *f = *state;
    dk_report report = {0};
    dk_buf out;
    dk_buf_init(&out);
    /* All rows are there already: no batch, and nothing to look at. */
    dk_report_begin(&report, f->catalogue, dk_catalogue_kind(f->catalogue, "parcel"));
    assert_true(dk_report_count(&report, "read", 2) && dk_report_count(&report, "unchanged", 2));
    says(html_of(&report, &out), "与库中相同，没有要检查的数据。");
    says_nothing_of(html_of(&report, &out), "未发现错误");
    dk_report_finish(&report);
    /* Stopped while the rows were compared: some of what there is to find may be missing. */
    describe(f, &report, false);
    says(html_of(&report, &out), "检查没有做完。");
    says_nothing_of(html_of(&report, &out), "未发现错误");
    dk_buf_clear(&out);
    dk_report_json(&report, &out);
    says(dk_buf_cstr(&out), "{\"check\":\"overlap_within\",\"made\":false,\"count\":null");
    dk_buf_finish(&out);
    dk_report_finish(&report);
}

static void rows_that_are_not_loaded_have_a_kind_that_fits(void **state)
{
    (void)state;
    static const char *const kinds[][2] = {
        {"division says 341321101, and XM1:A is there with 341321100; correct one of them, or load with --replace",
         "key_exists"},
        {"XM1:A has another outline already (batch 1); load with --replace to replace it", "drawn"},
        {"XM1:A is there already (batch 1) and does not touch this geometry: it is another feature under the same key, "
         "which --replace does not replace",
         "key_moved"},
        {"there is no XM1:A to be drawn; load it first, or load this file without --draw", "not_there"},
        {"总额: \"#REF!\" is the error of a formula; correct it in the sheet", "cell"},
        {"面积: its unit does not fit the field's, which is yuan", "amount_unit"},
        {"remark has 70000 bytes; a field holds at most 65536", "too_long"},
        {"a polygon of it has a hole and no outline; correct it in the source", "invalid_geometry"},
        {"a coordinate is not a number; correct it in the source", "invalid_geometry"},
        {"区域坐标: ring 1, point 3: these are no two coordinates", "geometry"},
        {"区域坐标: ring 1 has fewer than 3 points that differ", "geometry"},
        {"区域坐标: ring 2: \"3\" is no flag; it is 1 (圈入) or -1 (扣除)", "geometry"},
        {"区域坐标: there are no coordinates in it", "geometry"},
        {"the polyline A2 on layer 红线: it is not closed; close it in the drawing, or leave it out of the layer",
         "geometry"},
        {"what nobody has thought of", "other"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const dk_reason_kind *kind = dk_reason_kind_of(kinds[i][0]);
        assert_string_equal(kind->name, kinds[i][1]);
        assert_string_equal(dk_reason_kind_named(kind->name)->title, kind->title);
    }
}

/* A name may be a person's, in a sheet of which the header was taken for another row. */
static void columns_of_files_are_not_repeated(void **state)
{
    (void)state;
    dk_buf out;
    dk_buf_init(&out);
    dk_reason_of_file(
        "f/a.csv: --field total=张三: two columns, 张三 and 张 三, are called so; rename one of them in the "
        "source",
        "f/a.csv", &out);
    says(dk_buf_cstr(&out), "f/a.csv: its columns do not fit");
    says_nothing_of(dk_buf_cstr(&out), "张");
    dk_buf_finish(&out);
}

/* What was 其他 to the version that loaded it may have a kind of its own now: it has one kind all the same. */
static void kinds_add_up_to_the_rows_whatever_version_loaded_them(void **state)
{
    fixture *f = *state;
    unsigned char wkb[93];
    const dk_reject row = {
        .source = "a.csv", .key = "C", .source_row = 4, .reason = "区域坐标: there are no coordinates in it"};
    for (int left_out = 0; left_out < 2; left_out++) { /* of the second batch more were rejected than are kept */
        dk_report report = {0};
        dk_load *load = load_begin(f, "parcel", false);
        const int64_t batch = dk_load_batch(load), rejected = left_out ? DK_REJECTS_KEPT + 5 : 1;
        load_row(f, load, "parcel", wkb, square_wkb(wkb, 116.5, 34.5 + 0.01 * left_out, 0.001), "id",
                 left_out ? "B" : "A", NULL);
        assert_int_equal(dk_facts_count(f->store, batch, "rejected", rejected, &f->err), DK_OK);
        assert_int_equal(dk_facts_count(f->store, batch, "rejected:other", rejected, &f->err), DK_OK);
        assert_int_equal(dk_facts_reject(f->store, batch, 0, &row, &f->err), DK_OK);
        load_finish(f, load);
        assert_int_equal(dk_report_describe(&report, f->store, batch, f->catalogue, &f->err), DK_OK);
        assert_int_equal(dk_report_read(&report, f->store, batch, &f->err), DK_OK);
        assert_int_equal(report.tables[0].count, rejected);
        assert_int_equal(report.n_kinds, 1);
        assert_string_equal(report.kinds[0].name, left_out ? "other" : "geometry");
        assert_int_equal(report.kinds[0].count, rejected);
        dk_report_finish(&report);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(files_that_were_left_out_are_no_rows),
        CASE(what_the_map_has_no_room_for_is_said),
        CASE(a_row_that_lacks_one_of_two_numbers_names_no_partner),
        CASE(the_page_says_the_time_that_it_was_in_china_and_of_what_was_not_loaded_none),
        CASE(what_was_not_checked_is_not_called_free_of_faults),
        CASE(kinds_add_up_to_the_rows_whatever_version_loaded_them),
        cmocka_unit_test(rows_that_are_not_loaded_have_a_kind_that_fits),
        cmocka_unit_test(columns_of_files_are_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
