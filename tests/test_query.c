/* Links in both directions, audiences, totals and filters, on rows as ledgers have them. */
#include "search_fixture.h"

#include "store/conditions.h"
#include "store/region_rows.h"
#include "store/statistics.h"

#include <math.h>

static void parcel(fixture *f, dk_load *load, const char *id, const char *project, const char *approval,
                   const char *division, const char *village, const char *owner)
{
    static int n;
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, 116.2 + (n++ % 500) * 0.001, 34.5, 0.0005);
    const dk_row_report report =
        load_row(f, load, "parcel", wkb, size, "id", id, "project_id", project, "approval_no", approval, "division",
                 division, "village", village, "owner", owner, "phone", "10012345678", NULL);
    if (report.outcome != DK_LOADED)
        fail_msg("%s", report.message);
}

static void approval(fixture *f, const char *number, const char *project, const char *date)
{
    dk_load *load = load_begin(f, "approval", false);
    assert_int_equal(
        load_row(f, load, "approval", NULL, 0, "approval_no", number, "project_id", project, "approved_on", date, NULL)
            .outcome,
        DK_LOADED);
    publish(f, load_finish(f, load));
}

static void a_number_in_other_brackets_links(void **state)
{
    fixture *f = *state;
    approval(f, "皖政地[2020]０123号", "P1", "2020-06-15");
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK001", "P1", "皖政地（2020）123号", "341321100", "一村", "张三");
    publish(f, load_finish(f, load));
    assert_string_equal(linked_keys(f, "parcel", "P1:DK001", "approval").text, "皖政地〔2020〕123号");
    assert_string_equal(linked_keys(f, "approval", "皖政地〔2020〕123号", "parcel").text, "P1:DK001");
}

static void a_parcel_with_two_approvals_and_an_approval_with_fifty_parcels(void **state)
{
    fixture *f = *state;
    approval(f, "国土资函[2013]620号", "P1", "2013-05-01");
    approval(f, "皖政地[2013]550号", "P1", "2013-06-01");
    dk_load *load = load_begin(f, "parcel", false);
    char id[16];
    for (int i = 1; i <= 50; i++) {
        snprintf(id, sizeof id, "DK%03d", i);
        parcel(f, load, id, "P1", i == 1 ? "国土资函[2013]620号、皖政地[2013]550号" : "皖政地〔2013〕550号",
               "341321100", "一村", "甲");
    }
    publish(f, load_finish(f, load));
    assert_string_equal(linked_keys(f, "parcel", "P1:DK001", "approval").text,
                        "国土资函〔2013〕620号 皖政地〔2013〕550号");
    assert_int_equal(linked_keys(f, "approval", "皖政地〔2013〕550号", "parcel").n, 50);
    assert_string_equal(linked_keys(f, "approval", "国土资函〔2013〕620号", "parcel").text, "P1:DK001");
}

static void a_notice_without_a_number_links_by_project_and_joins_the_approval_later(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK001", "P1", "", "341321100", "一村", "甲");
    parcel(f, load, "DK002", "P1", "皖政地〔2022〕7号", "341321100", "一村", "甲");
    parcel(f, load, "DK003", "P1", "皖政地〔2022〕8号", "341321100", "一村", "甲");
    publish(f, load_finish(f, load));
    load = load_begin(f, "notice", false);
    load_row(f, load, "notice", NULL, 0, "id", "预1", "project_id", "P1", "published_on", "2022-01-04", NULL);
    load_row(f, load, "notice", NULL, 0, "id", "征1", "project_id", "P1", "approval_no", "皖政地[2022]7号",
             "published_on", "2022-06-04", NULL);
    publish(f, load_finish(f, load));
    assert_string_equal(linked_keys(f, "parcel", "P1:DK001", "notice").text, "征1 预1");
    assert_string_equal(linked_keys(f, "parcel", "P1:DK002", "notice").text, "征1 预1");
    /* The notice of approval 7 is not one of approval 8, though both belong to the project. */
    assert_string_equal(linked_keys(f, "parcel", "P1:DK003", "notice").text, "预1");
    assert_string_equal(linked_keys(f, "notice", "征1", "parcel").text, "P1:DK001 P1:DK002");
}

/* Rows are one another's, or they are not: what a ledger calls ｐ１：ｄｋ１ is P1:DK1 from both sides. A key that a
 * file's name qualifies has to be written as it is. */
static void a_key_written_otherwise_links_in_both_directions(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK1", "P1", "", "341321100", "一村", "甲");
    parcel(f, load, "DK2", "P1", "", "341321100", "一村", "甲");
    parcel(f, load, "DK1", "P2", "", "341321100", "一村", "甲");
    parcel(f, load, "DK1", "", "", "341321100", "一村", "甲");
    parcel(f, load, "A:1", "P:3", "", "341321100", "一村", "甲");
    publish(f, load_finish(f, load));
    static const struct {
        const char *id, *parcel, *linked;
    } rows[] = {{"1", "P1:DK1", "P1:DK1"},
                {"2", "p1:dk1", "P1:DK1"},
                {"3", "Ｐ１：ＤＫ１", "P1:DK1"},
                {"4", "p2:DK1", "P2:DK1"},
                {"5", "source:DK1", "source:DK1"},
                {"6", "SOURCE:DK1", ""},
                {"7", "p:3:a:1", "P:3:A:1"},
                {"8", "P1:DK", ""},
                {"9", "P1：DK2", "P1:DK2"},
                {"10", "P1:DK1 DK2", ""},
                {"11", "DK1", ""}};
    load = load_begin(f, "compensation", false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        load_row(f, load, "compensation", NULL, 0, "id", rows[i].id, "parcel_id", rows[i].parcel, "approval_no",
                 "皖政地〔2020〕1号", NULL);
    publish(f, load_finish(f, load));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char key[64];
        snprintf(key, sizeof key, "皖政地〔2020〕1号:%s", rows[i].id);
        assert_string_equal(linked_keys(f, "compensation", key, "parcel").text, rows[i].linked);
    }
#define B(id) "皖政地〔2020〕1号:" id
    assert_string_equal(linked_keys(f, "parcel", "P1:DK1", "compensation").text, B("1") " " B("2") " " B("3"));
    assert_string_equal(linked_keys(f, "parcel", "P1:DK2", "compensation").text, B("9"));
    assert_string_equal(linked_keys(f, "parcel", "P2:DK1", "compensation").text, B("4"));
    assert_string_equal(linked_keys(f, "parcel", "source:DK1", "compensation").text, B("5"));
    assert_string_equal(linked_keys(f, "parcel", "P:3:A:1", "compensation").text, B("7"));
#undef B
}

/* However many there are: it was by the first 64 that a row linked, and by all that it was linked to. */
static void a_row_of_very_many_numbers_links_by_all_of_them(void **state)
{
    fixture *f = *state;
    char numbers[4096] = "";
    for (int i = 1; i <= 100; i++)
        snprintf(numbers + strlen(numbers), sizeof numbers - strlen(numbers), "%s皖政地〔2020〕%d号", i > 1 ? "、" : "",
                 i);
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK1", "P1", "皖政地〔2020〕100号", "341321100", "一村", "甲");
    publish(f, load_finish(f, load));
    load = load_begin(f, "notice", false);
    load_row(f, load, "notice", NULL, 0, "id", "公1", "approval_no", numbers, NULL);
    publish(f, load_finish(f, load));
    assert_string_equal(linked_keys(f, "parcel", "P1:DK1", "notice").text, "公1");
    assert_string_equal(linked_keys(f, "notice", "公1", "parcel").text, "P1:DK1");
}

static keys linked_at(fixture *f, int64_t generation, const char *kind, const char *key, const char *other)
{
    keys k = {0};
    const dk_viewer viewer = dk_viewer_public();
    if (dk_query_linked(f->store, dk_catalogue_kind(f->catalogue, kind), key, dk_catalogue_kind(f->catalogue, other),
                        &viewer, generation, NULL, 10000, false, keys_add, &k, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return k;
}

/* Readers keep what they found of the row asked for last (store/anchor.h): another row, another kind, the same key of
 * another kind, and another generation are asked anew. */
static void a_reader_that_stays_open_sees_each_generation_as_it_is(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK001", "P1", "皖政地〔2020〕1号", "341321100", "一村", "甲");
    parcel(f, load, "DK002", "P2", "皖政地〔2020〕2号", "341321100", "一村", "乙");
    publish(f, load_finish(f, load));
    approval(f, "皖政地〔2020〕1号", "P1", "2020-06-15");
    fixture reader = *f;
    assert_int_equal(dk_store_open(f->path, DK_READ, &reader.store, &reader.err), DK_OK);
    reader.catalogue = dk_store_catalogue(reader.store);
    const int64_t before = generation_of(f);
    int64_t generation;
    generation = before;
    assert_string_equal(linked_at(&reader, generation, "parcel", "P1:DK001", "approval").text, "皖政地〔2020〕1号");
    assert_string_equal(linked_at(&reader, generation, "parcel", "P1:DK001", "approval").text, "皖政地〔2020〕1号");
    assert_string_equal(linked_at(&reader, generation, "parcel", "P2:DK002", "approval").text, "");
    assert_string_equal(linked_at(&reader, generation, "approval", "皖政地〔2020〕1号", "parcel").text, "P1:DK001");
    assert_string_equal(linked_at(&reader, generation, "parcel", "P1:DK001", "notice").text, "");
    approval(f, "皖政地〔2020〕2号", "P2", "2020-07-15");
    load = load_begin(f, "parcel", false);
    parcel(f, load, "DK003", "P1", "皖政地〔2020〕1号", "341321100", "一村", "丙");
    publish(f, load_finish(f, load));
    assert_string_equal(linked_at(&reader, generation, "parcel", "P2:DK002", "approval").text, "");
    assert_string_equal(linked_at(&reader, generation, "approval", "皖政地〔2020〕1号", "parcel").text, "P1:DK001");
    generation = generation_of(f);
    assert_string_equal(linked_at(&reader, generation, "parcel", "P2:DK002", "approval").text, "皖政地〔2020〕2号");
    assert_string_equal(linked_at(&reader, generation, "approval", "皖政地〔2020〕1号", "parcel").text,
                        "P1:DK001 P1:DK003");
    generation = before;
    assert_string_equal(linked_at(&reader, generation, "approval", "皖政地〔2020〕1号", "parcel").text, "P1:DK001");
    dk_store_close(reader.store);
}

static void a_row_that_matches_nothing_is_said_to_be_unlinked(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "compensation", false);
    const dk_row_report report = load_row(f, load, "compensation", NULL, 0, "id", "1", "parcel_id", "DK404",
                                          "approval_no", "皖政地〔2022〕7号", NULL);
    assert_int_equal(report.outcome, DK_LOADED);
    assert_true(report.notes & DK_NOTE_UNLINKED);
    assert_non_null(strstr(report.message, "parcel"));
    dk_load_abandon(load);
}

static void a_whole_key_links_in_both_directions(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK001", "P1", "", "341321100", "一村", "甲");
    parcel(f, load, "DK001", "P2", "", "341321100", "一村", "甲");
    publish(f, load_finish(f, load));
    load = load_begin(f, "compensation", false);
    const dk_row_report report = load_row(f, load, "compensation", NULL, 0, "id", "1", "parcel_id", "P2:DK001",
                                          "approval_no", "皖政地〔2022〕7号", NULL);
    assert_int_equal(report.notes, 0);
    publish(f, load_finish(f, load));
    assert_string_equal(linked_keys(f, "compensation", "皖政地〔2022〕7号:1", "parcel").text, "P2:DK001");
    assert_string_equal(linked_keys(f, "parcel", "P2:DK001", "compensation").text, "皖政地〔2022〕7号:1");
    assert_string_equal(linked_keys(f, "parcel", "P1:DK001", "compensation").text, "");
}

/* A county of two towns with compensation rows: two collectives, one of them with too few rows to be shown. */
static void load_county(fixture *f)
{
    approval(f, "皖政地〔2020〕1号", "P1", "2020-06-15");
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK001", "P1", "皖政地〔2020〕1号", "341321100", "一村", "张三");
    parcel(f, load, "DK002", "P1", "皖政地〔2020〕1号", "341321101", "二村", "李四");
    publish(f, load_finish(f, load));
    load = load_begin(f, "compensation", false);
    char id[16];
    for (int i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "%d", i);
        load_row(f, load, "compensation", NULL, 0, "id", id, "parcel_id", i < 4 ? "DK001" : "DK002", "approval_no",
                 "皖政地[2020]1号", "collective", i < 4 ? "一村" : "二村", "payee", "户主甲", "total", "#1000.5", NULL);
    }
    publish(f, load_finish(f, load));
}

typedef struct seen_row {
    char payee[64];
    dk_value_type total;
    uint64_t visible;
    size_t n;
} seen_row;

static bool note_row(const dk_row *row, void *user)
{
    seen_row *s = user;
    const int payee = dk_kind_field(row->kind, "payee"), total = dk_kind_field(row->kind, "total");
    snprintf(s->payee, sizeof s->payee, "%s", row->values[payee].type == DK_TEXT ? row->values[payee].text.data : "");
    s->total = row->values[total].type;
    s->visible = row->visible;
    s->n++;
    return true;
}

static seen_row compensation_as(fixture *f, const dk_viewer *viewer, const char *key)
{
    seen_row s = {0};
    assert_int_equal(dk_query_row(f->store, dk_catalogue_kind(f->catalogue, "compensation"), key, viewer,
                                  generation_of(f), false, note_row, &s, &f->err),
                     DK_OK);
    return s;
}

static void staff_see_amounts_in_their_division_and_nobody_else_does(void **state)
{
    fixture *f = *state;
    load_county(f);
    const dk_viewer everyone = dk_viewer_public();
    dk_viewer county, town;
    assert_true(dk_viewer_staff("341321", &county));
    assert_true(dk_viewer_staff("341321100", &town));
    const char *first = "皖政地〔2020〕1号:0", *last = "皖政地〔2020〕1号:5";
    assert_string_equal(compensation_as(f, &everyone, first).payee, "");
    assert_int_equal(compensation_as(f, &everyone, first).total, DK_NULL);
    assert_string_equal(compensation_as(f, &county, first).payee, "户主甲");
    assert_int_equal(compensation_as(f, &county, last).total, DK_REAL);
    assert_string_equal(compensation_as(f, &town, first).payee, "户主甲"); /* its division comes from its parcel */
    assert_string_equal(compensation_as(f, &town, last).payee, "");
    assert_int_equal(compensation_as(f, &town, last).total, DK_NULL);
}

/* A filter for a viewer; NULL if it cannot be read. */
static dk_cql2 *filter_as(fixture *f, const dk_kind *kind, const dk_viewer *viewer, const char *text)
{
    dk_cql2 *filter = NULL;
    return dk_cql2_read(text, strlen(text), DK_CQL2_TEXT, kind, viewer, NULL, &filter, &f->err) == DK_OK ? filter
                                                                                                         : NULL;
}

static keys page_of(fixture *f, const dk_query *query, dk_buf *next)
{
    keys k = {0};
    if (dk_query_page(f->store, query, keys_add, &k, next, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return k;
}

static keys filtered(fixture *f, const char *name, const dk_viewer *viewer, const char *text)
{
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, name);
    dk_cql2 *filter = filter_as(f, kind, viewer, text);
    if (filter == NULL)
        fail_msg("%s", f->err.text);
    const dk_query query = {.kind = kind,
                            .viewer = viewer,
                            .generation = generation_of(f),
                            .filters = {filter},
                            .n_filters = 1,
                            .limit = 1000};
    dk_buf next;
    dk_buf_init(&next);
    const keys k = page_of(f, &query, &next);
    int64_t n = -1;
    assert_int_equal(dk_query_count(f->store, &query, 10, &n, &f->err), DK_OK);
    assert_int_equal(n, k.n);
    dk_buf_finish(&next);
    dk_cql2_free(filter);
    return k;
}

static void nothing_can_be_asked_about_a_hidden_field(void **state)
{
    fixture *f = *state;
    load_county(f);
    const dk_viewer everyone = dk_viewer_public();
    dk_viewer town, whole;
    dk_viewer_staff("341321100", &town);
    dk_viewer_staff("", &whole);
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "parcel");
    assert_null(filter_as(f, kind, &everyone, "owner='李四'"));
    const dk_error hidden = f->err;
    assert_null(filter_as(f, kind, &everyone, "ownar='李四'"));
    assert_int_equal(strlen(hidden.text), strlen(f->err.text));     /* the same words for what does not exist */
    assert_null(filter_as(f, kind, &whole, "phone='10012345678'")); /* never: not even for the whole store's staff */
    /* 李四 lives in the other town: its clerk does not learn it from a filter, an order, a count or the search. */
    assert_string_equal(filtered(f, "parcel", &town, "owner='李四'").text, "");
    assert_string_equal(filtered(f, "parcel", &town, "owner='张三'").text, "P1:DK001");
    assert_string_equal(filtered(f, "parcel", &town, "NOT owner='张三'").text, "");
    assert_string_equal(filtered(f, "parcel", &town, "owner IS NULL").text, "P1:DK002");
    assert_string_equal(filtered(f, "parcel", &whole, "owner='李四'").text, "P1:DK002");
    dk_query query = {.kind = kind,
                      .viewer = &everyone,
                      .generation = generation_of(f),
                      .orders = {{dk_kind_field(kind, "owner"), false}},
                      .n_orders = 1,
                      .limit = 10};
    keys k = {0};
    dk_buf next;
    dk_buf_init(&next);
    assert_int_equal(dk_query_page(f->store, &query, keys_add, &k, &next, &f->err), DK_NOT_FOUND);
    query.viewer = &town;
    assert_string_equal(page_of(f, &query, &next).text, "P1:DK002 P1:DK001"); /* as if it had no owner */
    dk_buf_finish(&next);
    bool complete = false;
    assert_int_equal(search_for(f, "李四", &town, 10, &k, &complete), DK_OK);
    assert_int_equal(search_for(f, "张三", &everyone, 10, &k, &complete), DK_OK);
    assert_string_equal(k.text, "");
    assert_int_equal(search_for(f, "张三", &town, 10, &k, &complete), DK_OK);
    assert_string_equal(k.text, "P1:DK001");
}

typedef struct total_seen {
    char text[512];
} total_seen;

static bool note_total(const dk_total_row *row, void *user)
{
    total_seen *t = user;
    const size_t used = strlen(t->text);
    const char *group = row->by[row->total->n_by - 1].text.data;
    if (row->suppressed)
        snprintf(t->text + used, sizeof t->text - used, "%s:- ", group);
    else
        snprintf(t->text + used, sizeof t->text - used, "%s:%lld:%.1f ", group, (long long)row->rows, row->sums[0]);
    return true;
}

static total_seen totals_as(fixture *f, const dk_viewer *viewer, const char *key)
{
    total_seen t = {0};
    assert_int_equal(dk_query_totals(f->store, dk_catalogue_kind(f->catalogue, "parcel"), key,
                                     dk_catalogue_kind(f->catalogue, "compensation"), viewer, generation_of(f),
                                     note_total, &t, &f->err),
                     DK_OK);
    return t;
}

static void the_public_sees_totals_and_small_groups_are_withheld(void **state)
{
    fixture *f = *state;
    load_county(f);
    const dk_viewer everyone = dk_viewer_public();
    dk_viewer county, town;
    dk_viewer_staff("341321", &county);
    dk_viewer_staff("341321100", &town);
    /* 二村 has two rows, too few to be shown; 一村 is withheld with it, for project less 一村 would be 二村. */
    assert_string_equal(totals_as(f, &everyone, "P1:DK001").text, "P1:6:6003.0 一村:- ");
    assert_string_equal(totals_as(f, &everyone, "P1:DK002").text, "P1:6:6003.0 二村:- ");
    assert_string_equal(totals_as(f, &county, "P1:DK002").text, "P1:6:6003.0 二村:2:2001.0 ");
    /* The clerk sees 一村's four amounts: the project's sum would tell 二村's two. */
    assert_string_equal(totals_as(f, &town, "P1:DK002").text, "P1:- 二村:- ");
}

static bool note_sum(const dk_total_row *row, void *user)
{
    if (row->total->n_by == 1)
        *(double *)user = row->suppressed ? -1 : row->sums[0];
    return true;
}

static bool note_statistic(const dk_statistic *group, void *user)
{
    *(double *)user = group->sums[0];
    return true;
}

static void sums_are_exact_in_decimals_however_many_these_are(void **state)
{
    fixture *f = *state;
    load_county(f);
    dk_load *load = load_begin(f, "compensation", false);
    char id[16];
    for (int i = 0; i < 4; i++) { /* amounts in a unit of which the fen is the sixth decimal, as of 万元 */
        snprintf(id, sizeof id, "s%d", i);
        load_row(f, load, "compensation", NULL, 0, "id", id, "parcel_id", "DK001", "approval_no", "皖政地[2020]1号",
                 "collective", "一村", "total", "#0.123456", NULL);
    }
    publish(f, load_finish(f, load));
    const dk_viewer everyone = dk_viewer_public();
    dk_viewer county;
    assert_true(dk_viewer_staff("341321", &county));
    const dk_kind *compensation = dk_catalogue_kind(f->catalogue, "compensation");
    double sum = 0;
    assert_int_equal(dk_query_totals(f->store, dk_catalogue_kind(f->catalogue, "parcel"), "P1:DK001", compensation,
                                     &everyone, generation_of(f), note_sum, &sum, &f->err),
                     DK_OK);
    assert_true(sum == 6003.493824); /* 6 * 1000.5 and 4 * 0.123456 */
    const dk_query query = {.kind = compensation, .viewer = &county, .generation = generation_of(f)};
    const int total = dk_kind_field(compensation, "total");
    sum = 0;
    assert_int_equal(dk_query_statistics(f->store, &query, NULL, 0, &total, 1, note_statistic, &sum, &f->err), DK_OK);
    assert_true(sum == 6003.493824);
}

static void a_total_that_is_not_public_counts_rows_in_scope_only(void **state)
{
    fixture *f = *state;
    load_county(f);
    dk_viewer whole, town, none;
    assert_true(dk_viewer_scoped(DK_STAFF, "", &whole));
    assert_true(dk_viewer_scoped(DK_GROUP, "341321100", &town));
    assert_true(dk_viewer_scoped(DK_GROUP, "341399", &none));
    /* The catalogue is the store's; here its total is made one of a group. */
    dk_kind *compensation = (dk_kind *)dk_catalogue_kind(f->catalogue, "compensation");
    for (size_t i = 0; i < compensation->n_totals; i++) {
        compensation->totals[i].audience = DK_GROUP;
        compensation->totals[i].min_rows = 2;
    }
    assert_string_equal(totals_as(f, &whole, "P1:DK001").text, "P1:6:6003.0 一村:4:4002.0 ");
    /* 一村's four rows; two more of the project are in the other town. */
    assert_string_equal(totals_as(f, &town, "P1:DK001").text, "P1:4:4002.0 一村:4:4002.0 ");
    assert_string_equal(totals_as(f, &town, "P1:DK002").text, "");
    assert_string_equal(totals_as(f, &none, "P1:DK001").text, "");
    /* Were the two too few to be shown, so would be what the public's sum less 一村's tells of them. */
    for (size_t i = 0; i < compensation->n_totals; i++)
        compensation->totals[i].min_rows = 3;
    assert_string_equal(totals_as(f, &town, "P1:DK001").text, "P1:- 一村:4:4002.0 ");
}

static void no_more_is_withheld_than_hides_the_small_ones(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK001", "P1", "皖政地〔2020〕1号", "341321100", "一村", "甲");
    publish(f, load_finish(f, load));
    load = load_begin(f, "compensation", false);
    const struct {
        const char *collective;
        int rows;
    } groups[] = {{"一村", 5}, {"二村", 4}, {"三村", 2}, {"四村", 3}}; /* min_rows is 3 */
    for (size_t g = 0; g < 4; g++)
        for (int i = 0; i < groups[g].rows; i++) {
            char id[32];
            snprintf(id, sizeof id, "%zu-%d", g, i);
            load_row(f, load, "compensation", NULL, 0, "id", id, "parcel_id", "DK001", "approval_no", "皖政地[2020]1号",
                     "collective", groups[g].collective, "total", "#0.1", NULL);
        }
    publish(f, load_finish(f, load));
    const dk_viewer everyone = dk_viewer_public();
    assert_string_equal(totals_as(f, &everyone, "P1:DK001").text, "P1:14:1.4 一村:5:0.5 二村:4:0.4 三村:- 四村:- ");
}

static void gaps_and_rows_that_are_seen_hide_nobody(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK001", "P1", "皖政地〔2020〕1号", "341321100", "一村", "甲");
    parcel(f, load, "DK002", "P1", "皖政地〔2020〕1号", "341321101", "二村", "甲");
    publish(f, load_finish(f, load));
    load = load_begin(f, "compensation", false);
    for (int i = 0; i < 4; i++) { /* one amount and three gaps; three rows of one town and one of the other */
        char id[16], other[16];
        snprintf(id, sizeof id, "%d", i);
        snprintf(other, sizeof other, "x%d", i);
        load_row(f, load, "compensation", NULL, 0, "id", id, "parcel_id", "DK001", "approval_no", "皖政地[2020]1号",
                 "collective", "缺村", i == 0 ? "total" : "payee", i == 0 ? "#888.5" : "甲", NULL);
        load_row(f, load, "compensation", NULL, 0, "id", other, "parcel_id", i < 3 ? "DK001" : "DK002", "approval_no",
                 "皖政地[2020]1号", "collective", "跨村", "total", i < 3 ? "#100" : "#777", NULL);
    }
    publish(f, load_finish(f, load));
    const dk_viewer everyone = dk_viewer_public();
    dk_viewer town;
    dk_viewer_staff("341321100", &town);
    assert_null(strstr(totals_as(f, &everyone, "P1:DK001").text, "888.5"));
    /* The clerk sees three of 跨村's four amounts, so the sum would tell the fourth. */
    assert_null(strstr(totals_as(f, &town, "P1:DK001").text, "1077"));
    assert_null(strstr(totals_as(f, &town, "P1:DK001").text, "P1:8"));
}

/* The rows with a word in these fields; looked_up: by the terms that contain it, which the fields must be searched for.
 */
static keys with_word(fixture *f, const char *name, const char *const fields[2], const char *word, bool looked_up)
{
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, name);
    const dk_viewer everyone = dk_viewer_public();
    dk_query query = {.kind = kind, .viewer = &everyone, .generation = generation_of(f), .n_filters = 1, .limit = 1000};
    uint64_t bits = 0;
    for (size_t i = 0; i < 2 && fields[i] != NULL; i++)
        bits |= UINT64_C(1) << dk_kind_field(kind, fields[i]);
    dk_conditions conditions = {.n = 0};
    dk_buf json, next;
    dk_buf_init(&json);
    dk_buf_init(&next);
    dk_condition_word(kind, bits, word, strlen(word), &conditions);
    dk_conditions_filter(&conditions, &json);
    dk_cql2 *filter = NULL;
    if (dk_cql2_read((const char *)json.data, json.size, DK_CQL2_OWN, kind, &everyone, NULL, &filter, &f->err) != DK_OK)
        fail_msg("%s: %s", word, f->err.text);
    query.filters[0] = filter;
    if (looked_up) {
        query.word.text = word;
        query.word.size = strlen(word);
        query.word.fields = bits;
    }
    const keys k = page_of(f, &query, &next);
    dk_cql2_free(filter);
    dk_conditions_finish(&conditions);
    dk_buf_finish(&json);
    dk_buf_finish(&next);
    return k;
}

static void words_are_asked_for_as_search_finds_them(void **state)
{
    fixture *f = *state;
    load_county(f);
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK003", "P2", "皖政地〔2021〕12号、国土资函〔2020〕1号", "341321100", "３号地（二标段）", "张三");
    publish(f, load_finish(f, load));
    load = load_begin(f, "compensation", false);
    load_row(f, load, "compensation", NULL, 0, "id", "9", "parcel_id", "DK003", "approval_no", "皖政地〔2021〕12号",
             "collective", "2020", "group_no", "#2020", NULL);
    load_row(f, load, "compensation", NULL, 0, "id", "10", "parcel_id", "DK003", "approval_no", "皖政地〔2021〕12号",
             "group_no", "#341321198001011234", NULL);
    load_row(f, load, "compensation", NULL, 0, "id", "11", "parcel_id", "DK003", "approval_no", "皖政地〔2021〕12号",
             "group_no", "#341321198001011235", NULL);
    publish(f, load_finish(f, load));
    static const struct {
        const char *kind, *fields[2], *word, *keys;
        bool searched;
    } cases[] = {
        {"parcel", {"id", "approval_no"}, "皖政地(2020)1号", "P1:DK001 P1:DK002", true},
        {"parcel", {"id", "approval_no"}, "[2021]第012", "P2:DK003", true},
        {"parcel", {"id", "approval_no"}, "2020-1号", "P1:DK001 P1:DK002 P2:DK003", true},
        {"parcel", {"id", "approval_no"}, "国土资函〔2020", "P2:DK003", true},
        {"parcel", {"id", "approval_no"}, "ＤＫ００２", "P1:DK002", true},
        {"parcel", {"id", "approval_no"}, "dk002", "P1:DK002", true},
        {"parcel", {"id", "approval_no"}, "2022-1号", "", true},
        {"parcel", {"id", "approval_no"}, "皖政地〔2021〕12号、国土资函〔2020〕1号", "P2:DK003", true},
        {"parcel", {"id", "approval_no"}, "12号、国土", "P2:DK003", true},
        {"parcel", {"id"}, "2020-1号", "", true},
        {"parcel", {"village"}, "3号地", "P2:DK003", true},
        {"parcel", {"village"}, "３号", "P2:DK003", true},
        {"parcel", {"village"}, "地(二标段)", "P2:DK003", true},
        {"parcel", {"village"}, "%", "", true},
        {"compensation", {"group_no"}, "2020", "皖政地〔2021〕12号:9", false},
        {"compensation", {"group_no"}, "２０２０", "皖政地〔2021〕12号:9", false},
        {"compensation", {"group_no"}, "202", "", false},
        {"compensation", {"group_no"}, "341321198001011235", "皖政地〔2021〕12号:11", false},
        {"compensation", {"group_no"}, "341321198001011200", "", false},
        {"compensation", {"group_no"}, "2020.0", "", false},
        {"compensation", {"group_no"}, "一村", "", false},
        {"compensation", {"group_no", "collective"}, "02", "皖政地〔2021〕12号:9", false},
        {"approval", {"approved_on"}, "2020-06-15", "皖政地〔2020〕1号", false},
        {"approval", {"approved_on"}, "2020-06-31", "", false},
        {"approval", {"approved_on"}, "一村", "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int looked_up = 0; looked_up <= cases[i].searched; looked_up++) {
            const keys k = with_word(f, cases[i].kind, cases[i].fields, cases[i].word, looked_up);
            if (strcmp(k.text, cases[i].keys) != 0)
                fail_msg("%s: expected '%s', got '%s'", cases[i].word, cases[i].keys, k.text);
        }
}

static void load_payments(fixture *f, const char *field, const char *const values[3])
{
    static const int rows[] = {1, 2, 5};
    dk_load *load = load_begin(f, "parcel", false);
    parcel(f, load, "DK001", "P1", "皖政地〔2020〕1号", "341321100", "一村", "甲");
    publish(f, load_finish(f, load));
    load = load_begin(f, "compensation", false);
    for (int g = 0; g < 3; g++)
        for (int i = 0; i < rows[g]; i++) {
            char id[16];
            snprintf(id, sizeof id, "%d-%d", g, i);
            load_row(f, load, "compensation", NULL, 0, "id", id, "parcel_id", "DK001", "approval_no", "皖政地[2020]1号",
                     field, values[g], g == 1 ? "payee" : "total",
                     g == 0   ? "#777"
                     : g == 1 ? "甲"
                              : "#100",
                     NULL);
        }
    publish(f, load_finish(f, load));
}

/* One amount, two rows in which it is not known yet, five amounts: the project's sum less that of the five would be the
 * one, though three rows are withheld. min_rows is 3. */
static void gaps_hide_no_amount_from_subtraction(void **state)
{
    fixture *f = *state;
    load_payments(f, "collective", (const char *const[]){"甲组", "乙组", "丙组"});
    const dk_viewer everyone = dk_viewer_public();
    assert_string_equal(totals_as(f, &everyone, "P1:DK001").text, "P1:8:1277.0 甲组:- 乙组:- 丙组:- ");
}

static bool note_shown(const dk_total_row *row, void *user)
{
    if (!row->suppressed)
        *(double *)user = row->sums[0];
    return true;
}

/* The same where groups have numbers and no names. */
static void groups_by_a_number_are_withheld_together_too(void **state)
{
    fixture *f = *state;
    load_payments(f, "group_no", (const char *const[]){"#1", "#2", "#3"});
    dk_kind *compensation = (dk_kind *)dk_catalogue_kind(f->catalogue, "compensation");
    compensation->totals[1].by[1] = dk_kind_field(compensation, "group_no");
    const dk_viewer everyone = dk_viewer_public();
    double shown = 0;
    assert_int_equal(dk_query_totals(f->store, dk_catalogue_kind(f->catalogue, "parcel"), "P1:DK001", compensation,
                                     &everyone, generation_of(f), note_shown, &shown, &f->err),
                     DK_OK);
    assert_true(shown == 1277); /* of the project: that of group 3 would be the last one shown */
}

/* 450 parcels in two villages and three owners, in an order of their own. */
static void load_many(fixture *f)
{
    dk_load *load = load_begin(f, "parcel", false);
    char id[16];
    for (int i = 0; i < 450; i++) {
        snprintf(id, sizeof id, "DK%03d", (i * 7) % 450);
        parcel(f, load, id, "P1", (i * 7) % 3 ? "皖政地〔2020〕1号" : "皖政地〔2020〕2号", "341321100",
               (i * 7) % 2 ? "一村" : "二村",
               i % 3 == 0   ? "甲"
               : i % 3 == 1 ? "乙"
                            : "");
    }
    publish(f, load_finish(f, load));
}

/* Follows the pages to the end; ret_keys gets every key, once each time that it was met. */
static size_t follow(fixture *f, dk_query *query, keys *ret_keys)
{
    size_t pages = 0;
    char after[400] = "";
    dk_buf next;
    dk_buf_init(&next);
    *ret_keys = (keys){0};
    do {
        query->after = after[0] != '\0' ? after : NULL;
        if (dk_query_page(f->store, query, keys_add, ret_keys, &next, &f->err) != DK_OK)
            fail_msg("%s", f->err.text);
        snprintf(after, sizeof after, "%s", next.size > 0 ? dk_buf_cstr(&next) : "");
        pages++;
    } while (after[0] != '\0');
    dk_buf_finish(&next);
    query->after = NULL;
    return pages;
}

static void pages_lead_through_all_rows_in_every_order(void **state)
{
    fixture *f = *state;
    load_many(f);
    dk_viewer whole;
    dk_viewer_staff("", &whole);
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "parcel");
    dk_cql2 *two = filter_as(f, kind, &whole, "approval_no='皖政地[2020]02号' AND village='二村'");
    assert_non_null(two);
    for (int pass = 0; pass < 2; pass++) { /* all rows, then the filtered ones: 75 = multiples of 6 below 450 */
        dk_query query = {.kind = kind, .viewer = &whole, .generation = generation_of(f), .limit = 40};
        query.filters[0] = two;
        query.n_filters = pass ? 1 : 0;
        keys plain, sorted, again;
        assert_int_equal(follow(f, &query, &plain), pass ? 2 : 12);
        assert_int_equal(plain.n, pass ? 75 : 450);
        int64_t count = 0;
        assert_int_equal(dk_query_count(f->store, &query, 10, &count, &f->err), DK_OK);
        assert_int_equal(count, plain.n);
        query.orders[0] = (dk_order){dk_kind_field(kind, "owner"), true};
        query.orders[1] = (dk_order){dk_kind_field(kind, "id"), false};
        query.n_orders = 2;
        assert_int_equal(follow(f, &query, &sorted), pass ? 2 : 12);
        assert_int_equal(sorted.n, pass ? 75 : 450);
        query.limit = 1000; /* the same in one page */
        assert_int_equal(follow(f, &query, &again), 1);
        assert_string_equal(sorted.text, again.text);
        if (!pass) { /* 甲 (E7 94 B2) comes after 乙 (E4 B9 99), none last; the rest by number */
            assert_memory_equal(sorted.text, "P1:DK000 P1:DK003 ", 18);
            assert_non_null(strstr(sorted.text, "P1:DK447 P1:DK001 P1:DK004 "));
        }
    }
    dk_cql2_free(two);
}

/* Wherever a page ends: at a whole number, at one with a fraction or an exponent, at none. */
static void pages_lead_through_numbers_in_their_order(void **state)
{
    static const char *const totals[] = {"#4000",    "#-3", "", "#0.1",          "#4000", "#999999999999999",
                                         "#-2.5e-7", "#0",  "", "#123456789.25", "#-0.0", "#7"};
    enum { N = sizeof totals / sizeof *totals };
    static const char upwards[] = "N:02 N:08 N:01 N:06 N:07 N:10 N:03 N:11 N:00 N:04 N:09 N:05";
    static const char downwards[] = "N:05 N:09 N:00 N:04 N:11 N:03 N:07 N:10 N:06 N:01 N:02 N:08";
    fixture *f = *state;
    dk_load *load = load_begin(f, "compensation", false);
    for (int i = 0; i < N; i++) {
        char id[8];
        snprintf(id, sizeof id, "%02d", i);
        const bool given = totals[i][0] != '\0';
        const dk_row_report report = load_row(f, load, "compensation", NULL, 0, "id", id, "parcel_id", "DK001",
                                              "approval_no", "N", given ? "total" : NULL, totals[i], NULL);
        assert_int_equal(report.outcome, DK_LOADED);
    }
    publish(f, load_finish(f, load));
    dk_viewer whole;
    dk_viewer_staff("", &whole);
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "compensation");
    for (size_t limit = 1; limit <= N; limit++) {
        dk_query query = {
            .kind = kind, .viewer = &whole, .generation = generation_of(f), .limit = limit, .n_orders = 1};
        keys found;
        query.orders[0] = (dk_order){dk_kind_field(kind, "total"), false};
        follow(f, &query, &found);
        assert_string_equal(found.text, upwards);
        query.orders[0].descending = true;
        follow(f, &query, &found);
        assert_string_equal(found.text, downwards);
    }
}

static void nobody_is_met_twice_or_missed_while_batches_are_published(void **state)
{
    fixture *f = *state;
    load_many(f);
    const dk_viewer everyone = dk_viewer_public();
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "parcel");
    for (int pass = 0; pass < 2; pass++) {
        dk_cql2 *second = filter_as(f, kind, &everyone, "village='二村'");
        dk_query query = {.kind = kind, .viewer = &everyone, .generation = generation_of(f), .limit = 100};
        query.filters[0] = second;
        query.n_filters = pass ? 1 : 0;
        keys seen = {0};
        char after[64] = "";
        dk_buf next;
        dk_buf_init(&next);
        for (size_t pages = 0; pages == 0 || after[0] != '\0'; pages++) {
            /* Rows of the pages before and of the pages behind get new versions, with another name. */
            dk_load *load = load_begin(f, "parcel", true);
            char id[16];
            for (int i = 0; i < 450; i += 15) {
                unsigned char wkb[93];
                const size_t size = square_wkb(wkb, 116.1, 34.2 + 0.0001 * (double)pages + pass * 0.001, 0.7);
                snprintf(id, sizeof id, "DK%03d", i);
                const dk_row_report report =
                    load_row(f, load, "parcel", wkb, size, "id", id, "project_id", "P1", "approval_no",
                             i % 3 ? "皖政地〔2020〕1号" : "皖政地〔2020〕2号", "division", "341321100", "village",
                             i % 2 ? "一村" : "二村", "owner", "丙", NULL);
                if (report.outcome != DK_LOADED && report.outcome != DK_REPLACED)
                    fail_msg("%s", report.message);
            }
            publish(f, load_finish(f, load));
            query.generation = generation_of(f);
            query.after = after[0] != '\0' ? after : NULL;
            assert_int_equal(dk_query_page(f->store, &query, keys_add, &seen, &next, &f->err), DK_OK);
            snprintf(after, sizeof after, "%s", next.size > 0 ? dk_buf_cstr(&next) : "");
        }
        assert_int_equal(seen.n, pass ? 225 : 450);
        char id[32];
        for (int i = 0; i < 450; i += pass ? 2 : 1) {
            snprintf(id, sizeof id, "P1:DK%03d", i);
            const char *first = strstr(seen.text, id);
            assert_non_null(first);
            assert_null(strstr(first + 1, id));
        }
        dk_buf_finish(&next);
        dk_cql2_free(second);
    }
}

static void what_never_holds_finds_nothing_also_among_new_versions(void **state)
{
    fixture *f = *state;
    load_county(f);
    const dk_viewer everyone = dk_viewer_public();
    const size_t all = all_keys(f, "parcel").n;
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, 116.1, 34.2, 0.7);
    dk_load *load = load_begin(f, "parcel", true);
    assert_int_equal(load_row(f, load, "parcel", wkb, size, "id", "DK001", "project_id", "P1", "division", "341321100",
                              "village", "三村", NULL)
                         .outcome,
                     DK_REPLACED);
    publish(f, load_finish(f, load));
    assert_int_equal(all_keys(f, "parcel").n, all);
    static const char *const never[] = {"FALSE", "NOT TRUE", "FALSE AND village='三村'",
                                        "village='三村' AND NOT (TRUE OR id IS NULL)", "A_EQUALS((1),(2))"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_int_equal(filtered(f, "parcel", &everyone, never[i]).n, 0);
    assert_int_equal(filtered(f, "parcel", &everyone, "NOT FALSE").n, all);
    assert_string_equal(filtered(f, "parcel", &everyone, "FALSE OR village='三村'").text, "P1:DK001");
}

static void a_box_and_a_field_narrow_together(void **state)
{
    fixture *f = *state;
    load_many(f);
    const dk_viewer everyone = dk_viewer_public();
    const keys box = filtered(f, "parcel", &everyone, "S_INTERSECTS(geometry,BBOX(116.2,34.4,116.2104,34.6))");
    assert_int_equal(box.n, 11);
    const keys both =
        filtered(f, "parcel", &everyone, "village='二村' AND S_INTERSECTS(geometry,BBOX(116.2,34.4,116.2104,34.6))");
    assert_true(both.n >= 5 && both.n <= 6);
    assert_int_equal(filtered(f, "parcel", &everyone, "S_INTERSECTS(geometry,BBOX(10,34.4,11,34.6))").n, 0);
    /* A parcel reaches into two boxes that lie apart. */
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "parcel");
    dk_cql2 *left = filter_as(f, kind, &everyone, "S_INTERSECTS(geometry,BBOX(116.20001,34.4,116.20002,34.6))");
    dk_cql2 *right = filter_as(f, kind, &everyone, "S_INTERSECTS(geometry,BBOX(116.20003,34.4,116.20004,34.6))");
    const dk_query query = {.kind = kind,
                            .viewer = &everyone,
                            .generation = generation_of(f),
                            .filters = {left, right},
                            .n_filters = 2,
                            .limit = 10};
    dk_buf next;
    dk_buf_init(&next);
    assert_true(page_of(f, &query, &next).n > 0);
    dk_buf_finish(&next);
    dk_cql2_free(left);
    dk_cql2_free(right);
    assert_int_equal(filtered(f, "parcel", &everyone, "village IN ('一村','二村')").n, 450);
    assert_int_equal(filtered(f, "parcel", &everyone, "village IN ('一村','三村') AND id='DK001'").n, 1);
}

/* Two surveys of one border, 15 mm apart, are drawn as one line. What is asked is asked of the outlines: of the strip
 * that both have, and of the area of it. */
static void borders_that_are_drawn_as_one_are_asked_for_as_they_are(void **state)
{
    fixture *f = *state;
    const double west = 116.201 - 1.4e-7;
    dk_load *load = load_begin(f, "parcel", false);
    unsigned char wkb[93];
    load_row(f, load, "parcel", wkb, square_wkb(wkb, 116.2, 34.5, 0.001), "id", "A", "project_id", "P", "division",
             "341321100", NULL);
    load_row(f, load, "parcel", wkb, square_wkb(wkb, west, 34.5, 0.001), "id", "B", "project_id", "P", "division",
             "341321100", NULL);
    publish(f, load_finish(f, load));
    const dk_viewer everyone = dk_viewer_public();
    static const char *const boxes[] = {"116.20099999,34.5002,116.201,34.5003",
                                        "116.20099987,34.5002,116.20099988,34.5003"};
    for (size_t i = 0; i < 2; i++) {
        char filter[120];
        snprintf(filter, sizeof filter, "S_INTERSECTS(geometry,BBOX(%s))", boxes[i]);
        assert_string_equal(filtered(f, "parcel", &everyone, filter).text, "P:A P:B");
    }
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "parcel");
    static const char *const rows[] = {"P:A", "P:B"};
    for (size_t i = 0; i < 2; i++) {
        dk_region *region = NULL;
        dk_met met = {0};
        int64_t row = 0;
        size_t vertices = 0;
        assert_int_equal(dk_region_of_row(f->store, kind, rows[i], &everyone, generation_of(f), &region, &row, &f->err),
                         DK_OK);
        assert_int_equal(
            dk_region_meet(f->store, region, kind, &everyone, generation_of(f), row, &vertices, &met, &f->err), DK_OK);
        assert_int_equal(met.n, 1);
        /* 1.4e-7 by 0.001 degrees, which are 91,839 and 110,931 m to the degree at 34.5005 (GRS 1980). */
        assert_true(fabs(met.rows[0].shared_m2 - 1.4e-7 * 91839 * 0.001 * 110931) < 0.01);
        dk_met_finish(&met);
        dk_region_free(region);
    }
}

/* To the last digit, which a double does not hold. */
static void a_whole_number_is_compared_as_it_is_written(void **state)
{
    static const struct {
        const char *value, *json;
    } cases[] = {{"341321198001011235", "341321198001011235"},
                 {" -9007199254740993 ", "-9007199254740993"},
                 {"+7", "7"},
                 {"007", "7"},
                 {"2e3", "2000"},
                 {"1.50", "1.5"},
                 {"9223372036854775807", "9223372036854775807"},
                 {"123456789012345678901", "1.2345678901234568e+20"}};
    fixture *f = *state;
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "compensation");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_conditions conditions = {.n = 0};
        char wanted[120];
        snprintf(wanted, sizeof wanted, "{\"op\":\"=\",\"args\":[{\"property\":\"group_no\"},%s]}", cases[i].json);
        assert_int_equal(
            dk_condition_equal(kind, dk_kind_field(kind, "group_no"), cases[i].value, &conditions, &f->err), DK_OK);
        assert_string_equal(dk_buf_cstr(&conditions.json), wanted);
        dk_conditions_finish(&conditions);
    }
}

/* What is wrong with a parameter is said of it, and not of a filter that nobody wrote. */
static void a_day_that_there_is_not_is_named_with_its_field(void **state)
{
    fixture *f = *state;
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "approval");
    static const char *const days[] = {"2021-02-29", "2020-13-01", "2020-00-10", "2020-2-9", "20200209", ""};
    dk_conditions conditions = {.n = 0};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        assert_int_equal(dk_condition_equal(kind, dk_kind_field(kind, "approved_on"), days[i], &conditions, &f->err),
                         DK_INVALID);
        assert_non_null(strstr(f->err.text, "approved_on"));
    }
    assert_int_equal(dk_condition_equal(kind, dk_kind_field(kind, "approved_on"), " 2020-02-29 ", &conditions, &f->err),
                     DK_OK);
    dk_conditions_finish(&conditions);
}

static void what_takes_too_long_is_refused_and_harms_nothing(void **state)
{
    fixture *f = *state;
    load_many(f);
    const dk_viewer everyone = dk_viewer_public();
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "parcel");
    dk_query query = {
        .kind = kind, .viewer = &everyone, .generation = generation_of(f), .limit = 1000, .seconds = 1e-9};
    keys k = {0};
    dk_buf next;
    dk_buf_init(&next);
    assert_int_equal(dk_store_read_begin(f->store, 60, &f->err), DK_OK); /* as a server answers */
    assert_int_equal(dk_query_page(f->store, &query, keys_add, &k, &next, &f->err), DK_LIMIT);
    assert_non_null(strstr(f->err.text, "narrow it"));
    assert_null(strstr(f->err.text, f->path));
    dk_cql2 *second = filter_as(f, kind, &everyone, "village LIKE '二%'");
    query.filters[0] = second;
    query.n_filters = 1;
    int64_t n = 0;
    assert_int_equal(dk_query_count(f->store, &query, 1e-9, &n, &f->err), DK_OK);
    assert_int_equal(n, -1);
    query.seconds = 0;
    assert_int_equal(page_of(f, &query, &next).n, 225);
    assert_int_equal(dk_query_count(f->store, &query, 60, &n, &f->err), DK_OK);
    assert_int_equal(n, 225);
    dk_store_read_end(f->store);
    /* The limit of the answer holds for whatever it does, and ends with it. */
    assert_int_equal(dk_store_read_begin(f->store, 1e-9, &f->err), DK_OK);
    assert_int_equal(dk_query_page(f->store, &query, keys_add, &k, &next, &f->err), DK_LIMIT);
    dk_store_read_end(f->store);
    assert_int_equal(page_of(f, &query, &next).n, 225);
    dk_buf_finish(&next);
    dk_cql2_free(second);
}

static void a_compensation_row_inherits_from_its_parcel_even_if_loaded_first(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "compensation", false);
    load_row(f, load, "compensation", NULL, 0, "id", "1", "parcel_id", "DK001", "approval_no", "皖政地〔2020〕1号",
             "payee", "户主甲", NULL);
    publish(f, load_finish(f, load));
    load = load_begin(f, "parcel", false);
    parcel(f, load, "DK001", "P1", "皖政地〔2020〕1号", "341321100", "一村", "张三");
    publish(f, load_finish(f, load));
    dk_viewer town;
    dk_viewer_staff("341321100", &town);
    assert_string_equal(compensation_as(f, &town, "皖政地〔2020〕1号:1").payee, "");
    /* The ledger has not changed because its parcel has come. */
    load = load_begin(f, "compensation", false);
    const dk_row_report again = load_row(f, load, "compensation", NULL, 0, "id", "1", "parcel_id", "DK001",
                                         "approval_no", "皖政地〔2020〕1号", "payee", "户主甲", NULL);
    assert_int_equal(again.outcome, DK_UNCHANGED);
    dk_load_abandon(load);
    assert_int_equal(dk_store_reindex(f->store, NULL, NULL, &f->err), DK_OK);
    assert_string_equal(compensation_as(f, &town, "皖政地〔2020〕1号:1").payee, "户主甲");
    assert_int_equal(findings(f), 0);
}

/* Seventy parcels of one number and approval, of which the last one lies in another town: what a ledger row takes from
 * them is said by all of them. */
static void what_linked_rows_disagree_about_is_not_taken_over_however_many_they_are(void **state)
{
    enum { N = 70 };
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 0; i < N; i++) {
        char project[16];
        snprintf(project, sizeof project, "P%02d", i);
        parcel(f, load, "DK001", project, "皖政地〔2020〕1号", i + 1 < N ? "341321100" : "341321101", "一村", "张三");
    }
    publish(f, load_finish(f, load));
    load = load_begin(f, "compensation", false);
    load_row(f, load, "compensation", NULL, 0, "id", "1", "parcel_id", "DK001", "approval_no", "皖政地〔2020〕1号",
             "payee", "户主甲", NULL);
    publish(f, load_finish(f, load));
    dk_viewer town, county;
    dk_viewer_staff("341321100", &town);
    dk_viewer_staff("", &county);
    assert_string_equal(compensation_as(f, &town, "皖政地〔2020〕1号:1").payee, "");
    assert_string_equal(compensation_as(f, &county, "皖政地〔2020〕1号:1").payee, "户主甲");
}

/* All later versions are staged. */
static void a_key_links_to_the_version_that_is_published_however_many_came_after_it(void **state)
{
    fixture *f = *state;
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, 116.2, 34.5, 0.0005);
    for (int i = 0; i < 66; i++) {
        char village[16];
        snprintf(village, sizeof village, "%d村", i);
        dk_load *load = load_begin(f, "parcel", i > 0);
        load_row(f, load, "parcel", wkb, size, "id", "DK001", "project_id", "P1", "division", "341321100", "village",
                 village, NULL);
        const int64_t batch = load_finish(f, load);
        if (i > 0)
            continue;
        publish(f, batch);
        load = load_begin(f, "compensation", false);
        load_row(f, load, "compensation", NULL, 0, "id", "1", "parcel_id", "P1:DK001", "approval_no",
                 "皖政地〔2020〕1号", NULL);
        publish(f, load_finish(f, load));
    }
    assert_string_equal(linked_keys(f, "compensation", "皖政地〔2020〕1号:1", "parcel").text, "P1:DK001");
}

static bool note_label(const dk_row *row, void *user)
{
    snprintf(user, 1000, "%s", row->label);
    return true;
}

/* Labels go into titles and lists, where half a character is one that cannot be read. */
static void a_label_that_is_too_long_ends_with_a_whole_character(void **state)
{
    fixture *f = *state;
    static const char own[] = "label: id\n";
    const char *at = strstr(fixture_yaml, own);
    char yaml[sizeof fixture_yaml + 20], name[1000], label[1000] = "";
    assert_non_null(at);
    snprintf(yaml, sizeof yaml, "%.*slabel: village\n%s", (int)(at - fixture_yaml), fixture_yaml, at + sizeof own - 1);
    dk_store_close(f->store);
    snprintf(f->path, sizeof f->path, "%s/labels.dk", f->dir);
    assert_int_equal(dk_store_create(f->path, yaml, strlen(yaml), "labels.yaml", &f->err), DK_OK);
    fixture_open(f, DK_WRITE);
    const dk_viewer everyone = dk_viewer_public();
    for (size_t before = 0; before < 3; before++) { /* wherever in a character the end is */
        char id[2] = {(char)('a' + before), '\0'}, key[8];
        memset(name, 'x', before);
        for (size_t i = before; i < 900; i += 3)
            memcpy(name + i, "地", 4);
        dk_load *load = load_begin(f, "parcel", false);
        parcel(f, load, id, "P1", "", "341321100", name, "甲");
        publish(f, load_finish(f, load));
        snprintf(key, sizeof key, "P1:%s", id);
        assert_int_equal(dk_query_row(f->store, dk_catalogue_kind(f->catalogue, "parcel"), key, &everyone,
                                      generation_of(f), false, note_label, label, &f->err),
                         DK_OK);
        const size_t size = strlen(label);
        assert_in_range(size, 400, 511);
        assert_memory_equal(label + size - 3, "地", 3);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_number_in_other_brackets_links),
        CASE(a_parcel_with_two_approvals_and_an_approval_with_fifty_parcels),
        CASE(a_notice_without_a_number_links_by_project_and_joins_the_approval_later),
        CASE(a_whole_key_links_in_both_directions),
        CASE(a_key_written_otherwise_links_in_both_directions),
        CASE(a_row_of_very_many_numbers_links_by_all_of_them),
        CASE(a_reader_that_stays_open_sees_each_generation_as_it_is),
        CASE(a_row_that_matches_nothing_is_said_to_be_unlinked),
        CASE(staff_see_amounts_in_their_division_and_nobody_else_does),
        CASE(nothing_can_be_asked_about_a_hidden_field),
        CASE(the_public_sees_totals_and_small_groups_are_withheld),
        CASE(sums_are_exact_in_decimals_however_many_these_are),
        CASE(a_total_that_is_not_public_counts_rows_in_scope_only),
        CASE(no_more_is_withheld_than_hides_the_small_ones),
        CASE(gaps_and_rows_that_are_seen_hide_nobody),
        CASE(words_are_asked_for_as_search_finds_them),
        CASE(gaps_hide_no_amount_from_subtraction),
        CASE(groups_by_a_number_are_withheld_together_too),
        CASE(pages_lead_through_all_rows_in_every_order),
        CASE(pages_lead_through_numbers_in_their_order),
        CASE(what_never_holds_finds_nothing_also_among_new_versions),
        CASE(nobody_is_met_twice_or_missed_while_batches_are_published),
        CASE(a_box_and_a_field_narrow_together),
        CASE(borders_that_are_drawn_as_one_are_asked_for_as_they_are),
        CASE(a_whole_number_is_compared_as_it_is_written),
        CASE(a_day_that_there_is_not_is_named_with_its_field),
        CASE(what_takes_too_long_is_refused_and_harms_nothing),
        CASE(a_compensation_row_inherits_from_its_parcel_even_if_loaded_first),
        CASE(what_linked_rows_disagree_about_is_not_taken_over_however_many_they_are),
        CASE(a_key_links_to_the_version_that_is_published_however_many_came_after_it),
        CASE(a_label_that_is_too_long_ends_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
