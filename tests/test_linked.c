/* Fields that follow from linked rows: what a parcel says of its approvals and of what was paid for it, as these are
 * published, replaced and withdrawn. What is expected is written down here, row by row. */
#include "store_fixture.h"

#include "store/batch_rows.h"
#include "store/block.h"
#include "store/catalogue_change.h"
#include "store/handle.h"
#include "store/index.h"
#include "store/linked.h"
#include "store/overlap.h"
#include "store/preview.h"

#include <sqlite3.h>

static const char linked_yaml[] =
    "title: t\npublisher: p\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: parcel\n    title: 地块\n    geometry: polygon\n    key: {field: id}\n    division: division\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true, search: true}\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public, search: true}\n"
    "      - {name: division, title: 区划, type: division, audience: public}\n"
    "      - {name: approved_on, title: 批准日期, type: date, audience: public, tiles: true, linked: {field: approval.approved_on, as: min}}\n"
    "      - {name: paid, title: 支付, type: text, audience: public, tiles: true, index: true, values: [付清, 部分, 未付],\n"
    "         linked: {field: payment.paid_on, as: state}}\n"
    "      - {name: last_paid, title: 末次, type: date, audience: public, linked: {field: payment.paid_on, as: max}}\n"
    "      - {name: bank, title: 银行, type: text, audience: staff, linked: {field: payment.bank, as: only}}\n"
    "      - {name: most, title: 最多, type: number, unit: yuan, audience: staff, linked: {field: payment.total, as: max}}\n"
    "records:\n"
    "  - name: approval\n    title: 批复\n    key: {field: approval_no}\n"
    "    fields:\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public, required: true}\n"
    "      - {name: approved_on, title: 日期, type: date, audience: public}\n"
    "  - name: payment\n    title: 补偿\n    key: {field: id}\n    division: division\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: parcel, title: 地块, type: text, audience: public}\n"
    "      - {name: division, title: 区划, type: division, audience: public}\n"
    "      - {name: bank, title: 银行, type: text, audience: staff}\n"
    "      - {name: total, title: 总额, type: number, unit: yuan, audience: staff}\n"
    "      - {name: paid_on, title: 日期, type: date, audience: public}\n"
    "links:\n"
    "  - from: parcel\n    to: approval\n    on:\n"
    "      - match: {approval_no: approval_no}\n"
    "  - from: payment\n    to: parcel\n    on:\n"
    "      - match: {parcel: key}\n";

static int setup(void **state)
{
    return fixture_begin(state, linked_yaml);
}

/* ---- what is loaded ---- */

/* Parcels P1 … Pn a hundredth of a degree apart, of the approvals "A" and "B" in turn, three of them without one. */
static const char *approval_of(int parcel)
{
    return parcel % 4 == 0 ? "" : parcel % 2 != 0 ? "皖政地〔2020〕1号" : "皖政地〔2020〕2号";
}

static void add_parcel(fixture *f, dk_load *load, int n, double size)
{
    char id[16];
    unsigned char wkb[93];
    snprintf(id, sizeof id, "P%d", n);
    const size_t bytes = square_wkb(wkb, 116.1 + 0.01 * n, 34.5, size);
    const dk_row_report report =
        load_row(f, load, "parcel", wkb, bytes, "id", id, "approval_no", approval_of(n), "division", "341321100", NULL);
    assert_true(report.outcome == DK_LOADED || report.outcome == DK_REPLACED);
}

static int64_t load_parcels(fixture *f, int from, int to, bool replace, double size)
{
    dk_load *load = load_begin(f, "parcel", replace);
    for (int n = from; n <= to; n++)
        add_parcel(f, load, n, size);
    return load_finish(f, load);
}

static int64_t load_approval(fixture *f, const char *no, const char *date, bool replace)
{
    dk_load *load = load_begin(f, "approval", replace);
    load_row(f, load, "approval", NULL, 0, "approval_no", no, "approved_on", date, NULL);
    return load_finish(f, load);
}

typedef struct payment {
    const char *id, *parcel, *division, *bank, *total, *paid_on;
} payment;

static int64_t load_payments(fixture *f, const payment *payments, size_t n, bool replace)
{
    dk_load *load = load_begin(f, "payment", replace);
    for (size_t i = 0; i < n; i++)
        load_row(f, load, "payment", NULL, 0, "id", payments[i].id, "parcel", payments[i].parcel, "division",
                 payments[i].division, "bank", payments[i].bank, "total", payments[i].total, "paid_on",
                 payments[i].paid_on, NULL);
    return load_finish(f, load);
}

static int64_t withdraw(fixture *f, int64_t batch)
{
    int64_t generation = -1;
    if (dk_store_withdraw(f->store, batch, "tester", "更正", NULL, NULL, &generation, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return generation;
}

/* ---- what is seen ---- */

typedef struct seen {
    char text[256];
} seen;

static bool see(const dk_row *row, void *user)
{
    static const char *const fields[] = {"approved_on", "paid", "last_paid", "bank"};
    seen *s = user;
    size_t used = strlen(s->text);
    for (size_t i = 0; i < 4; i++) {
        const dk_value *value = &row->values[dk_kind_field(row->kind, fields[i])];
        used += (size_t)snprintf(s->text + used, sizeof s->text - used, "%s%s", i > 0 ? " " : "",
                                 value->type == DK_TEXT ? value->text.data : "-");
    }
    return true;
}

/* approved_on, paid, last_paid and bank of a parcel as staff of the county see it in a generation; "" if it is not
 * there. */
static seen parcel_at(fixture *f, const char *key, int64_t generation)
{
    dk_viewer viewer;
    seen s = {0};
    assert_true(dk_viewer_staff("341321", &viewer));
    const dk_status status = dk_query_row(f->store, dk_catalogue_kind(f->catalogue, "parcel"), key, &viewer, generation,
                                          false, see, &s, &f->err);
    if (status != DK_OK && status != DK_NOT_FOUND)
        fail_msg("%s", f->err.text);
    return s;
}

static void expect(fixture *f, const char *key, const char *text)
{
    const seen s = parcel_at(f, key, generation_of(f));
    if (strcmp(s.text, text) != 0)
        fail_msg("%s: %s instead of %s", key, s.text, text);
}

/* What the entry of a parcel in the cell index says: the tile's attributes. */
typedef struct drawn {
    const dk_kind *kind;
    const char *key;
    char text[256];
    int n;
} drawn;

static bool look(const dk_block *block, void *user)
{
    drawn *d = user;
    for (uint32_t i = 0; i < block->n_entries; i++) {
        dk_value values[DK_MAX_FIELDS];
        assert_int_equal(dk_entry_values(d->kind, block, i, UINT64_MAX, values), DK_OK);
        if (strcmp(values[dk_kind_field(d->kind, "id")].text.data, d->key) != 0)
            continue;
        const dk_value *approved = &values[dk_kind_field(d->kind, "approved_on")],
                       *paid = &values[dk_kind_field(d->kind, "paid")];
        snprintf(d->text, sizeof d->text, "%s %s", approved->type == DK_TEXT ? approved->text.data : "-",
                 paid->type == DK_TEXT ? paid->text.data : "-");
        d->n++;
    }
    return true;
}

static void expect_drawn(fixture *f, const char *key, const char *text)
{
    drawn d = {.kind = dk_catalogue_kind(f->catalogue, "parcel"), .key = key};
    const dk_world_box world = {0, 0, UINT32_MAX, UINT32_MAX};
    int64_t generation = 0;
    assert_int_equal(dk_index_begin(f->store, DK_NEWEST, &generation, &f->err), DK_OK);
    assert_int_equal(dk_index_blocks(f->store, d.kind, &world, DK_EVERY_ZOOM, look, &d, &f->err), DK_OK);
    dk_index_end(f->store);
    assert_int_equal(d.n, 1);
    assert_string_equal(d.text, text);
}

static int64_t ask(fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

static void run_sql(fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* ---- situations ---- */

static void a_parcel_follows_what_comes_and_goes_around_it(void **state)
{
    fixture *f = *state;
    const int64_t parcels = publish(f, load_parcels(f, 1, 4, false, 0.001));
    expect(f, "P1", "- - - -");
    const int64_t approval = load_approval(f, "皖政地〔2020〕1号", "2020-03-01", false);
    const int64_t approved = publish(f, approval);
    expect(f, "P1", "2020-03-01 - - -");
    expect(f, "P2", "- - - -");
    expect(f, "P3", "2020-03-01 - - -");
    expect_drawn(f, "P1", "2020-03-01 -");
    expect_drawn(f, "P2", "- -");

    const payment first[] = {{"a", "P1", "341321100", "农行", "#10", "2021-01-05"},
                             {"b", "P1", "341321100", "农行", "#20", ""},
                             {"c", "P2", "341321100", "工行", "#30", ""}};
    const int64_t some_batch = load_payments(f, first, 3, false);
    const int64_t some = publish(f, some_batch);
    expect(f, "P1", "2020-03-01 部分 2021-01-05 农行");
    expect(f, "P2", "- 未付 - 工行");
    expect(f, "P3", "2020-03-01 - - -");
    expect_drawn(f, "P1", "2020-03-01 部分");

    const payment second[] = {{"b", "P1", "341321100", "工行", "#20", "2021-02-01"}};
    const int64_t all_batch = load_payments(f, second, 1, true);
    const int64_t all = publish(f, all_batch);
    expect(f, "P1", "2020-03-01 付清 2021-02-01 -");
    expect_drawn(f, "P1", "2020-03-01 付清");
    assert_int_equal(findings(f), 0);

    /* Every generation has its own values. */
    assert_string_equal(parcel_at(f, "P1", parcels).text, "- - - -");
    assert_string_equal(parcel_at(f, "P1", approved).text, "2020-03-01 - - -");
    assert_string_equal(parcel_at(f, "P1", some).text, "2020-03-01 部分 2021-01-05 农行");
    assert_string_equal(parcel_at(f, "P1", all).text, "2020-03-01 付清 2021-02-01 -");

    withdraw(f, all_batch);
    expect(f, "P1", "2020-03-01 部分 2021-01-05 农行");
    withdraw(f, approval);
    expect(f, "P1", "- 部分 2021-01-05 农行");
    expect(f, "P3", "- - - -");
    withdraw(f, some_batch);
    expect(f, "P1", "- - - -");
    expect(f, "P2", "- - - -");
    expect_drawn(f, "P1", "- -");
    assert_int_equal(findings(f), 0);
    assert_string_equal(all_keys(f, "parcel").text, "P1 P2 P3 P4");
}

static void a_value_that_comes_back_takes_up_the_version_that_had_it(void **state)
{
    fixture *f = *state;
    publish(f, load_parcels(f, 1, 1, false, 0.001));
    for (int i = 0; i < 6; i++) {
        const int64_t batch = load_approval(f, "皖政地〔2020〕1号", i % 2 ? "2020-01-01" : "2020-02-02", false);
        publish(f, batch);
        expect(f, "P1", i % 2 ? "2020-01-01 - - -" : "2020-02-02 - - -");
        withdraw(f, batch);
        expect(f, "P1", "- - - -");
    }
    assert_int_equal(ask(f, "SELECT count(*) FROM row_parcel"), 3);
    assert_int_equal(ask(f, "SELECT count(*) FROM version_parcel"), 2);
    assert_int_equal(findings(f), 0);
}

static void only_rows_that_are_linked_change_and_only_their_tiles(void **state)
{
    fixture *f = *state;
    publish(f, load_parcels(f, 1, 40, false, 0.001));
    const payment few[] = {{"a", "P7", "341321100", "", "#10", "2021-01-05"}, {"b", "P31", "341321100", "", "#20", ""}};
    const int64_t generation = publish(f, load_payments(f, few, 2, false));
    assert_int_equal(ask(f, "SELECT count(*) FROM version_parcel"), 2);
    char sql[400];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM dikuai_touched WHERE generation=%lld", (long long)generation);
    assert_int_equal(ask(f, sql), 2);
    /* A thousandth of a degree of 2^32 units in 360 degrees; P7 begins at 116.17, P31 at 116.41. */
    static const double west[] = {116.17, 116.41};
    for (size_t i = 0; i < 2; i++) {
        const double x = (west[i] + 180) / 360 * 4294967296.0, width = 0.001 / 360 * 4294967296.0;
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM dikuai_touched WHERE generation=%lld AND kind='parcel' AND"
                 " abs(x0-%.0f)<100 AND abs(x1-%.0f)<100",
                 (long long)generation, x, x + width);
        assert_int_equal(ask(f, sql), 1);
    }
    /* A payment of a parcel that is paid already changes nothing of it. */
    const payment more[] = {{"c", "P7", "341321100", "", "#5", "2021-01-05"}};
    snprintf(sql, sizeof sql, "SELECT count(*) FROM dikuai_touched WHERE generation=%lld",
             (long long)publish(f, load_payments(f, more, 1, false)));
    assert_int_equal(ask(f, sql), 0);
    assert_int_equal(findings(f), 0);
}

static void who_loads_parcels_last_finds_all_values_at_once(void **state)
{
    fixture *f = *state;
    publish(f, load_approval(f, "皖政地〔2020〕1号", "2020-03-01", false));
    const int64_t batch = load_parcels(f, 1, 3, false, 0.001);
    publish(f, batch);
    expect(f, "P1", "2020-03-01 - - -");
    assert_int_equal(ask(f, "SELECT count(*) FROM row_parcel"), 3); /* no version was needed */
    assert_int_equal(findings(f), 0);
}

static void what_came_between_load_and_publication_counts(void **state)
{
    fixture *f = *state;
    const int64_t batch = load_parcels(f, 1, 3, false, 0.001);
    publish(f, load_approval(f, "皖政地〔2020〕1号", "2020-03-01", false));
    publish(f, batch);
    expect(f, "P1", "2020-03-01 - - -");
    expect(f, "P2", "- - - -");
    expect_drawn(f, "P3", "2020-03-01 -");
    assert_string_equal(all_keys(f, "parcel").text, "P1 P2 P3");
    assert_int_equal(findings(f), 0);
    /* The same file again is unchanged: what follows from other rows is not compared. */
    dk_load *load = load_begin(f, "parcel", false);
    unsigned char wkb[93];
    const size_t bytes = square_wkb(wkb, 116.11, 34.5, 0.001);
    assert_int_equal(load_row(f, load, "parcel", wkb, bytes, "id", "P1", "approval_no", approval_of(1), "division",
                              "341321100", NULL)
                         .outcome,
                     DK_UNCHANGED);
    assert_int_equal(load_finish(f, load), 0);
}

static void a_replaced_parcel_that_comes_back_has_the_values_of_today(void **state)
{
    fixture *f = *state;
    publish(f, load_parcels(f, 1, 2, false, 0.001));
    publish(f, load_approval(f, "皖政地〔2020〕1号", "2020-03-01", false));
    const int64_t larger = load_parcels(f, 1, 1, true, 0.002);
    publish(f, larger);
    expect(f, "P1", "2020-03-01 - - -");
    const payment paid[] = {{"a", "P1", "341321100", "农行", "#10", "2021-01-05"}};
    publish(f, load_payments(f, paid, 1, false));
    expect(f, "P1", "2020-03-01 付清 2021-01-05 农行");
    withdraw(f, larger);
    expect(f, "P1", "2020-03-01 付清 2021-01-05 农行");
    assert_int_equal(ask(f, "SELECT count(*) FROM life_parcel WHERE died=0"), 2);
    assert_int_equal(findings(f), 0);
    withdraw(f, 1); /* and the batch of both, which is there in other versions */
    assert_string_equal(all_keys(f, "parcel").text, "");
    assert_int_equal(ask(f, "SELECT count(*) FROM life_parcel WHERE died=0"), 0);
    assert_int_equal(findings(f), 0);
}

typedef struct previewed {
    seen then;
    uint64_t differs;
    size_t n;
} previewed;

static bool see_change(const dk_change *change, void *user)
{
    previewed *p = user;
    p->then = (seen){""};
    see(change->then, &p->then);
    p->differs = change->differs;
    p->n++;
    return true;
}

static previewed preview_of(fixture *f, int64_t batch, bool withdraw)
{
    dk_viewer staff;
    previewed p = {.n = 0};
    int64_t next;
    assert_true(dk_viewer_staff("341321", &staff));
    const dk_preview preview = {
        .viewer = &staff, .batch = batch, .withdraw = withdraw, .generation = generation_of(f), .limit = 10};
    if (dk_preview_changes(f->store, &preview, see_change, &p, &next, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    assert_int_equal(p.n, 1);
    return p;
}

/* What is shown of a batch that waits, or of one that may be withdrawn, is what comes of it, and not what was so when
 * its rows were loaded. */
static void a_preview_says_of_linked_fields_what_will_be(void **state)
{
    fixture *f = *state;
    publish(f, load_parcels(f, 1, 1, false, 0.001));
    const int64_t larger = load_parcels(f, 1, 1, true, 0.002);
    publish(f, load_approval(f, "皖政地〔2020〕1号", "2020-03-01", false));
    const payment paid[] = {{"a", "P1", "341321100", "农行", "#10", "2021-01-05"}};
    publish(f, load_payments(f, paid, 1, false));
    previewed p = preview_of(f, larger, false);
    assert_string_equal(p.then.text, "2020-03-01 付清 2021-01-05 农行");
    assert_int_equal(p.differs, 0); /* but the outline */
    publish(f, larger);
    expect(f, "P1", p.then.text);
    const payment later[] = {{"b", "P1", "341321100", "农行", "#10", ""}};
    publish(f, load_payments(f, later, 1, false));
    p = preview_of(f, larger, true);
    assert_string_equal(p.then.text, "2020-03-01 部分 2021-01-05 农行");
    assert_int_equal(p.differs, 0);
    withdraw(f, larger);
    expect(f, "P1", p.then.text);
}

static void tell_nobody(const char *sentence, void *user)
{
    (void)sentence, (void)user;
}

static void take_catalogue(fixture *f, const char *text)
{
    const dk_catalogue_change change = {.actor = "tester", .tell = tell_nobody};
    dk_catalogue_changed changed;
    if (dk_store_change_catalogue(f->store, text, strlen(text), "linked.yaml", &change, &changed, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    f->catalogue = dk_store_catalogue(f->store);
}

/* A key is known in other letters where it is looked up; whether it is, a new catalogue may say. */
static void what_is_linked_by_a_key_in_other_letters_follows_the_catalogue(void **state)
{
    fixture *f = *state;
    static const char searched[] = "tiles: true, search: true}";
    char without[sizeof linked_yaml];
    const char *at = strstr(linked_yaml, searched);
    assert_non_null(at);
    const size_t before = (size_t)(at - linked_yaml) + strlen("tiles: true");
    snprintf(without, sizeof without, "%.*s%s", (int)before, linked_yaml, at + strlen(searched) - 1);
    publish(f, load_parcels(f, 1, 1, false, 0.001));
    const payment paid[] = {{"a", "ｐ1", "341321100", "农行", "#10", "2021-01-05"}};
    publish(f, load_payments(f, paid, 1, false));
    expect(f, "P1", "- 付清 2021-01-05 农行");
    take_catalogue(f, without);
    expect(f, "P1", "- - - -");
    assert_int_equal(findings(f), 0);
    take_catalogue(f, linked_yaml);
    expect(f, "P1", "- 付清 2021-01-05 农行");
    assert_int_equal(findings(f), 0);
}

static const char taken_yaml[] =
    "title: t\npublisher: p\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: parcel\n    title: 地块\n    geometry: polygon\n    key: {field: id}\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: project, title: 项目, type: text, audience: public}\n"
    "      - {name: price, title: 地价, type: number, unit: yuan/mu, audience: public, inherit: project.price}\n"
    "      - {name: people, title: 人数, type: integer, audience: public, index: true, inherit: project.people}\n"
    "      - {name: most, title: 最多, type: integer, audience: public, linked: {field: project.people, as: max}}\n"
    "      - {name: all, title: 一致, type: integer, audience: public, linked: {field: project.people, as: only}}\n"
    "records:\n"
    "  - name: project\n    title: 项目\n    key: {field: id}\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: project, title: 项目, type: text, audience: public}\n"
    "      - {name: price, title: 地价, type: number, unit: yuan/mu, audience: public}\n"
    "      - {name: people, title: 人数, type: integer, audience: public}\n"
    "links:\n"
    "  - {from: parcel, to: project, on: [{match: {project: project}}]}\n";

static bool see_numbers(const dk_row *row, void *user)
{
    seen *s = user;
    const dk_value *price = &row->values[dk_kind_field(row->kind, "price")];
    const dk_value *people = &row->values[dk_kind_field(row->kind, "people")];
    const size_t used = strlen(s->text);
    char number[2][32] = {"-", "-"};
    if (price->type == DK_REAL)
        snprintf(number[0], sizeof number[0], "%g", price->real);
    if (people->type == DK_INTEGER)
        snprintf(number[1], sizeof number[1], "%lld", (long long)people->integer);
    snprintf(s->text + used, sizeof s->text - used, "%s%s %s %s", used > 0 ? ", " : "", row->key, number[0], number[1]);
    return true;
}

static void expect_numbers(fixture *f, const char *text)
{
    seen s = {""};
    const dk_viewer viewer = dk_viewer_public();
    const dk_query query = {.kind = dk_catalogue_kind(f->catalogue, "parcel"),
                            .viewer = &viewer,
                            .generation = generation_of(f),
                            .limit = 10};
    dk_buf next;
    dk_buf_init(&next);
    assert_int_equal(dk_query_page(f->store, &query, see_numbers, &s, &next, &f->err), DK_OK);
    dk_buf_finish(&next);
    assert_string_equal(s.text, text);
}

static void take_parcel(fixture *f, dk_load *load, const char *id, const char *project, const char *price)
{
    unsigned char wkb[93];
    const size_t bytes = square_wkb(wkb, 116.1 + 0.01 * id[1], 34.5, 0.001);
    load_row(f, load, "parcel", wkb, bytes, "id", id, "project", project, price != NULL ? "price" : NULL, price, NULL);
}

/* A store beside the fixture's, which the test closes. */
static fixture other_store(const fixture *beside, const char *text)
{
    fixture f = *beside;
    snprintf(f.path, sizeof f.path, "%s/b.dk", f.dir);
    if (dk_store_create(f.path, text, strlen(text), "other.yaml", &f.err) != DK_OK)
        fail_msg("%s", f.err.text);
    fixture_open(&f, DK_WRITE);
    return f;
}

/* A price and a number of people are taken over as texts are: where the source has none, and all rows that it is linked
 * to say the same. */
static void numbers_are_taken_over_too(void **state)
{
    fixture f = other_store(*state, taken_yaml);
    dk_load *load = load_begin(&f, "parcel", false);
    take_parcel(&f, load, "P0", "G1", NULL);
    publish(&f, load_finish(&f, load));
    load = load_begin(&f, "project", false);
    load_row(&f, load, "project", NULL, 0, "id", "a", "project", "G1", "price", "#35000.5", "people", "#12", NULL);
    load_row(&f, load, "project", NULL, 0, "id", "b", "project", "G2", "price", "#1.5", "people", "#2", NULL);
    load_row(&f, load, "project", NULL, 0, "id", "c", "project", "G2", "price", "#1.5", "people", "#3", NULL);
    publish(&f, load_finish(&f, load));
    load = load_begin(&f, "parcel", false);
    take_parcel(&f, load, "P1", "G1", NULL);
    take_parcel(&f, load, "P2", "G2", NULL);
    take_parcel(&f, load, "P3", "G1", "#7");
    publish(&f, load_finish(&f, load));
    expect_numbers(&f, "P0 - -, P1 35000.5 12, P2 1.5 -, P3 7 12");
    assert_int_equal(findings(&f), 0);
    assert_int_equal(dk_store_reindex(f.store, NULL, NULL, &f.err), DK_OK);
    expect_numbers(&f, "P0 35000.5 12, P1 35000.5 12, P2 1.5 -, P3 7 12");
    assert_int_equal(findings(&f), 0);
    dk_store_close(f.store);
}

static const char yearly_yaml[] =
    "title: t\npublisher: p\nextent: [116, 34, 117, 35]\nlayers: []\n"
    "records:\n"
    "  - name: ruling\n    title: 裁决\n    key: {field: id, qualify: [year, source]}\n    label: id\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: number, audience: public, search: true}\n"
    "      - {name: year, title: 年度, type: integer, audience: public, index: true}\n"
    "  - name: appeal\n    title: 复议\n    key: {field: id}\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, search: true}\n"
    "      - {name: ruling, title: 裁决, type: text, audience: public}\n"
    "links:\n"
    "  - {from: appeal, to: ruling, on: [{match: {ruling: key}}]}\n";

static bool is_named_1(const dk_row *row, void *user)
{
    *(bool *)user = strcmp(row->label, "1") == 0;
    return true;
}

static void numbers_make_keys(void **state)
{
    fixture f = other_store(*state, yearly_yaml);
    dk_load *load = load_begin(&f, "ruling", false);
    load_row(&f, load, "ruling", NULL, 0, "id", "#1", "year", "#2020", NULL);
    load_row(&f, load, "ruling", NULL, 0, "id", "#1", "year", "#2021", NULL);
    load_row(&f, load, "ruling", NULL, 0, "id", "#1", NULL);
    publish(&f, load_finish(&f, load));
    assert_string_equal(all_keys(&f, "ruling").text, "2020:1 2021:1 source:1");
    load = load_begin(&f, "appeal", false);
    load_row(&f, load, "appeal", NULL, 0, "id", "a", "ruling", "２０２１：１", NULL);
    publish(&f, load_finish(&f, load));
    assert_string_equal(linked_keys(&f, "appeal", "a", "ruling").text, "2021:1");
    assert_string_equal(linked_keys(&f, "ruling", "2021:1", "appeal").text, "a");
    bool named = false;
    const dk_viewer viewer = dk_viewer_public();
    assert_int_equal(dk_query_row(f.store, dk_catalogue_kind(f.catalogue, "ruling"), "2021:1", &viewer,
                                  generation_of(&f), false, is_named_1, &named, &f.err),
                     DK_OK);
    assert_true(named); /* as the catalogue's label says */
    dk_store_close(f.store);
}

static bool see_long_numbers(const dk_row *row, void *user)
{
    const dk_value *most = &row->values[dk_kind_field(row->kind, "most")];
    const dk_value *all = &row->values[dk_kind_field(row->kind, "all")];
    assert_int_equal(most->type, DK_INTEGER);
    assert_true(most->integer == 341321198001011235);
    assert_int_equal(all->type, DK_NULL); /* they are not one number */
    ++*(int *)user;
    return true;
}

static void numbers_of_eighteen_digits_are_told_apart(void **state)
{
    fixture f = other_store(*state, taken_yaml);
    dk_load *load = load_begin(&f, "parcel", false);
    take_parcel(&f, load, "P0", "G1", NULL);
    publish(&f, load_finish(&f, load));
    load = load_begin(&f, "project", false);
    load_row(&f, load, "project", NULL, 0, "id", "a", "project", "G1", "people", "#341321198001011234", NULL);
    load_row(&f, load, "project", NULL, 0, "id", "b", "project", "G1", "people", "#341321198001011235", NULL);
    publish(&f, load_finish(&f, load));
    int n = 0;
    const dk_viewer viewer = dk_viewer_public();
    assert_int_equal(dk_query_row(f.store, dk_catalogue_kind(f.catalogue, "parcel"), "P0", &viewer, generation_of(&f),
                                  false, see_long_numbers, &n, &f.err),
                     DK_OK);
    assert_int_equal(n, 1);
    dk_store_close(f.store);
}

static void a_staff_value_stays_in_its_division(void **state)
{
    fixture *f = *state;
    publish(f, load_parcels(f, 1, 3, false, 0.001)); /* in 341321100 */
    const payment payments[] = {
        {"a", "P1", "341321100", "农行", "#10", "2021-01-05"},
        {"b", "P2", "341321101", "工行", "#10", "2021-01-05"}, /* staff of the parcel's division do not see it */
        {"c", "P3", "", "中行", "#10", "2021-01-05"}};
    publish(f, load_payments(f, payments, 3, false));
    expect(f, "P1", "- 付清 2021-01-05 农行");
    expect(f, "P2", "- 付清 2021-01-05 -"); /* dates are public */
    expect(f, "P3", "- 付清 2021-01-05 -");
    assert_int_equal(findings(f), 0);
}

/* Keys of the parcels for which a filter holds in a generation. */
static keys filtered(fixture *f, const char *text, int64_t generation)
{
    keys k = {0};
    dk_cql2 *filter = NULL;
    dk_buf next;
    const dk_viewer viewer = dk_viewer_public();
    const dk_kind *parcel = dk_catalogue_kind(f->catalogue, "parcel");
    if (dk_cql2_read(text, strlen(text), DK_CQL2_TEXT, parcel, &viewer, NULL, &filter, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    const dk_query query = {
        .kind = parcel, .viewer = &viewer, .generation = generation, .filters = {filter}, .n_filters = 1, .limit = 100};
    dk_buf_init(&next);
    if (dk_query_page(f->store, &query, keys_add, &k, &next, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    dk_buf_finish(&next);
    dk_cql2_free(filter);
    return k;
}

static void a_filter_finds_each_row_once_in_every_generation(void **state)
{
    fixture *f = *state;
    const int64_t before = publish(f, load_parcels(f, 1, 10, false, 0.001));
    const payment payments[] = {{"a", "P1", "341321100", "", "#10", "2021-01-05"},
                                {"b", "P2", "341321100", "", "#10", ""}};
    const int64_t batch = load_payments(f, payments, 2, false), paid = publish(f, batch);
    const int64_t after = withdraw(f, batch);
    const struct {
        const char *filter, *before, *paid;
    } table[] = {
        {"paid = '付清'", "", "P1"}, /* looked up */
        {"paid IN ('付清', '未付')", "", "P1 P2"},
        {"last_paid >= DATE('2021-01-01')", "", "P1"}, /* compared */
        {"paid IS NULL", "P1 P2 P3 P4 P5 P6 P7 P8 P9 P10", "P3 P4 P5 P6 P7 P8 P9 P10"},
        {"approval_no = '皖政地〔2020〕1号'", "P1 P3 P5 P7 P9", "P1 P3 P5 P7 P9"},
        {"S_INTERSECTS(geometry, BBOX(116.1095, 34.4, 116.1305, 34.6))", "P1 P2 P3", "P1 P2 P3"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_string_equal(filtered(f, table[i].filter, before).text, table[i].before);
        assert_string_equal(filtered(f, table[i].filter, paid).text, table[i].paid);
        assert_string_equal(filtered(f, table[i].filter, after).text, table[i].before);
    }
}

static void check_finds_a_wrong_value_and_reindex_mends_it(void **state)
{
    fixture *f = *state;
    publish(f, load_parcels(f, 1, 3, false, 0.001));
    publish(f, load_approval(f, "皖政地〔2020〕1号", "2020-03-01", false));
    dk_store_close(f->store);
    run_sql(
        f,
        "UPDATE row_parcel SET f_approved_on='1999-01-01', f_paid='付清' WHERE key='P3' AND row IN (SELECT row FROM life_parcel WHERE died=0)");
    fixture_open(f, DK_WRITE);
    assert_true(findings(f) >= 2);
    assert_int_equal(dk_store_reindex(f->store, NULL, NULL, &f->err), DK_OK);
    assert_int_equal(findings(f), 0);
    expect(f, "P3", "2020-03-01 - - -");
    expect_drawn(f, "P3", "2020-03-01 -");
}

/* What a publish left that was killed after its versions were written: lives of a generation that never came. */
static void a_killed_publish_leaves_nothing_that_shows(void **state)
{
    fixture *f = *state;
    publish(f, load_parcels(f, 1, 3, false, 0.001));
    const int64_t batch = load_approval(f, "皖政地〔2020〕1号", "2020-03-01", false);
    publish(f, batch);
    const int64_t generation = generation_of(f);
    dk_store_close(f->store);
    char sql[400];
    snprintf(
        sql, sizeof sql,
        "DELETE FROM dikuai_generation WHERE number=%lld; DELETE FROM dikuai_summary WHERE generation=%lld;"
        "DELETE FROM log_generation WHERE generation=%lld;"
        "INSERT INTO dikuai_pending VALUES(%lld,'publish',%lld); UPDATE dikuai_batch SET state='staged' WHERE id=%lld",
        (long long)generation, (long long)generation, (long long)generation, (long long)generation, (long long)batch,
        (long long)batch);
    run_sql(f, sql);
    fixture_open(f, DK_WRITE);
    expect(f, "P1", "- - - -");
    expect_drawn(f, "P1", "- -");
    assert_int_equal(findings(f), 0);
    publish(f, batch);
    expect(f, "P1", "2020-03-01 - - -");
    expect_drawn(f, "P1", "2020-03-01 -");
    assert_int_equal(ask(f, "SELECT count(*) FROM version_parcel"), 2);
    assert_int_equal(findings(f), 0);
}

static void a_parcel_without_an_outline_follows_too(void **state)
{
    fixture *f = *state;
    dk_load *load = NULL;
    const dk_load_options options = {.source = "a.csv", .undrawn = true};
    assert_int_equal(dk_load_begin(f->store, dk_catalogue_kind(f->catalogue, "parcel"), &options, &load, &f->err),
                     DK_OK);
    load_row(f, load, "parcel", NULL, 0, "id", "P1", "approval_no", approval_of(1), NULL);
    publish(f, load_finish(f, load));
    publish(f, load_approval(f, "皖政地〔2020〕1号", "2020-03-01", false));
    assert_string_equal(parcel_at(f, "P1", generation_of(f)).text, "2020-03-01 - - -");
    assert_int_equal(ask(f, "SELECT undrawn FROM dikuai_summary WHERE kind='parcel' ORDER BY generation DESC LIMIT 1"),
                     1);
    assert_int_equal(findings(f), 0);
}

static dk_status ignore_overlap(const dk_overlap *overlap, void *user)
{
    (void)overlap, (void)user;
    return DK_OK;
}

static dk_status ignore_step(int64_t done, int64_t total, void *user)
{
    (void)done, (void)total, (void)user;
    return DK_OK;
}

static dk_overlap_counts overlaps_of(fixture *f, int64_t batch)
{
    dk_overlap_counts counts = {0};
    if (dk_batch_overlaps(f->store, dk_catalogue_kind(f->catalogue, "parcel"), batch, ignore_overlap, ignore_step, NULL,
                          &counts, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return counts;
}

static dk_status count_row(const dk_batch_row *row, void *user)
{
    (void)row;
    ++*(int64_t *)user;
    return DK_OK;
}

static bool count_batch_rows(fixture *f, int64_t batch, int64_t *ret_n)
{
    *ret_n = 0;
    return dk_batch_rows(f->store, dk_catalogue_kind(f->catalogue, "parcel"), batch, count_row, ret_n, &f->err) ==
           DK_OK;
}

/* Squares of a hundredth of a degree and a half overlap their neighbours on both sides. */
static void a_batch_is_reported_without_its_versions(void **state)
{
    fixture *f = *state;
    const int64_t batch = load_parcels(f, 1, 3, false, 0.015);
    publish(f, batch);
    assert_int_equal(overlaps_of(f, batch).within, 2);
    publish(f, load_approval(f, "皖政地〔2020〕1号", "2020-03-01", false));
    assert_int_equal(ask(f, "SELECT count(*) FROM version_parcel"), 2);
    int64_t n = 0;
    assert_true(count_batch_rows(f, batch, &n));
    assert_int_equal(n, 3);
    dk_overlap_counts counts = overlaps_of(f, batch);
    assert_int_equal(counts.within, 2);
    assert_int_equal(counts.published, 0);
    /* What replaces P1 overlaps P2, and not the version of itself that is published. */
    counts = overlaps_of(f, load_parcels(f, 1, 1, true, 0.016));
    assert_int_equal(counts.within, 0);
    assert_int_equal(counts.published, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

/* Versions that a publication makes are not there yet for the threads that make contents of the log ahead. */
static void versions_of_thousands_of_rows_are_in_the_log(void **state)
{
    enum { ROWS = 6001 };
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 0; i < ROWS; i++) {
        char id[16];
        unsigned char wkb[93];
        snprintf(id, sizeof id, "P%d", i);
        load_row(f, load, "parcel", wkb,
                 square_wkb(wkb, 116.1 + 0.0001 * (i % 1000), 34.5 + 0.0001 * (i / 1000), 0.00008), "id", id,
                 "approval_no", approval_of(i), "division", "341321100", NULL);
    }
    const int64_t parcels = load_finish(f, load);
    publish(f, load_approval(f, "皖政地〔2020〕1号", "2020-01-15", false));
    publish(f, parcels);
    int64_t rows = 0;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(
                         f->store->db,
                         "SELECT count(*) FROM log_content e JOIN version_parcel v ON v.row=e.row AND e.kind='parcel'",
                         -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    rows = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    assert_int_equal(rows, ROWS / 2); /* those with an odd number are of that approval */
    assert_int_equal(findings(f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_parcel_follows_what_comes_and_goes_around_it),
        TEST(a_value_that_comes_back_takes_up_the_version_that_had_it),
        TEST(only_rows_that_are_linked_change_and_only_their_tiles),
        TEST(who_loads_parcels_last_finds_all_values_at_once),
        TEST(what_came_between_load_and_publication_counts),
        TEST(a_replaced_parcel_that_comes_back_has_the_values_of_today),
        TEST(a_preview_says_of_linked_fields_what_will_be),
        TEST(what_is_linked_by_a_key_in_other_letters_follows_the_catalogue),
        TEST(numbers_are_taken_over_too),
        TEST(numbers_make_keys),
        TEST(numbers_of_eighteen_digits_are_told_apart),
        TEST(a_staff_value_stays_in_its_division),
        TEST(a_filter_finds_each_row_once_in_every_generation),
        TEST(check_finds_a_wrong_value_and_reindex_mends_it),
        TEST(a_killed_publish_leaves_nothing_that_shows),
        TEST(a_parcel_without_an_outline_follows_too),
        TEST(a_batch_is_reported_without_its_versions),
        TEST(versions_of_thousands_of_rows_are_in_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
