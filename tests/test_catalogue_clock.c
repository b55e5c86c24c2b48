/* The disclosure clock in a catalogue: calendars, regimes, obligations. What they say for a row is in
 * test_obligation.c. */
#include "store/buf.h"
#include "store/catalogue_clock.h"
#include "store/catalogue_difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* As in test_catalogue.c: the wrong ones below are made from it by one change. */
/* clang-format off */
static const char base[] =
    /*  1 */ "title: 示例\n"
    /*  2 */ "publisher: 示例局\n"
    /*  3 */ "extent: [116, 34, 117, 35]\n"
    /*  4 */ "layers:\n"
    /*  5 */ "  - name: parcel\n"
    /*  6 */ "    title: 地块\n"
    /*  7 */ "    geometry: polygon\n"
    /*  8 */ "    key: {field: id}\n"
    /*  9 */ "    fields:\n"
    /* 10 */ "      - {name: id, title: 编号, type: text, audience: public}\n"
    /* 11 */ "      - {name: regime, title: 适用程序, type: text, audience: public, values: [旧法, 新法]}\n"
    /* 12 */ "      - {name: area, title: 面积, type: number, audience: public}\n"
    /* 13 */ "      - {name: inspected_on, title: 内部检查, type: date, audience: staff}\n"
    /* 14 */ "records:\n"
    /* 15 */ "  - name: approval\n"
    /* 16 */ "    title: 批复\n"
    /* 17 */ "    key: {field: no}\n"
    /* 18 */ "    date: approved_on\n"
    /* 19 */ "    fields:\n"
    /* 20 */ "      - {name: no, title: 文号, type: text, audience: public}\n"
    /* 21 */ "      - {name: approved_on, title: 批准, type: date, audience: public}\n"
    /* 22 */ "      - {name: received_on, title: 收到, type: date, audience: public}\n"
    /* 23 */ "  - name: notice\n"
    /* 24 */ "    title: 公告\n"
    /* 25 */ "    key: {field: id}\n"
    /* 26 */ "    date: shown_from\n"
    /* 27 */ "    fields:\n"
    /* 28 */ "      - {name: id, title: 编号, type: text, audience: public}\n"
    /* 29 */ "      - {name: kind, title: 类型, type: text, audience: public, values: [征收土地公告, 补偿安置公告]}\n"
    /* 30 */ "      - {name: channel, title: 渠道, type: text, audience: public}\n"
    /* 31 */ "      - {name: shown_from, title: 发布, type: date, audience: public}\n"
    /* 32 */ "      - {name: shown_until, title: 撤下, type: date, audience: public}\n"
    /* 33 */ "      - {name: clerk, title: 经办, type: text, audience: staff}\n"
    /* 34 */ "  - name: permit\n"
    /* 35 */ "    title: 许可\n"
    /* 36 */ "    key: {field: id}\n"
    /* 37 */ "    fields:\n"
    /* 38 */ "      - {name: id, title: 编号, type: text, audience: public}\n"
    /* 39 */ "  - name: memo\n"
    /* 40 */ "    title: 备忘\n"
    /* 41 */ "    audience: staff\n"
    /* 42 */ "    key: {field: id}\n"
    /* 43 */ "    date: written_on\n"
    /* 44 */ "    fields:\n"
    /* 45 */ "      - {name: id, title: 编号, type: text, audience: staff}\n"
    /* 46 */ "      - {name: written_on, title: 日期, type: date, audience: staff}\n"
    /* 47 */ "links:\n"
    /* 48 */ "  - {from: parcel, to: approval, on: [{match: {id: no}}]}\n"
    /* 49 */ "  - {from: parcel, to: notice, on: [{match: {id: id}}]}\n"
    /* 50 */ "  - {from: parcel, to: permit, on: [{match: {id: id}}]}\n"
    /* 51 */ "items:\n"
    /* 52 */ "  - id: announcement\n"
    /* 53 */ "    title: 征收土地公告\n"
    /* 54 */ "    basis: 实施条例第三十一条\n"
    /* 55 */ "    about: parcel\n"
    /* 56 */ "    proved_by: [{record: notice, where: {kind: 征收土地公告, channel: [政府网站, 征地信息公开平台]}}]\n"
    /* 57 */ "  - id: compensation\n"
    /* 58 */ "    title: 补偿安置公告\n"
    /* 59 */ "    about: parcel\n"
    /* 60 */ "    proved_by: [{record: notice, where: {kind: 补偿安置公告}}]\n"
    /* 61 */ "  - {id: unproved, title: 其他, about: parcel}\n"
    /* 62 */ "  - {id: certificate, title: 许可结果, about: permit, proved_by: [{record: permit}]}\n"
    /* 63 */ "calendars:\n"
    /* 64 */ "  - {id: cn, title: 放假安排, file: cn.yaml}\n"
    /* 65 */ "regimes:\n"
    /* 66 */ "  - {id: old, title: 旧法, until: 2021-08-31, steps: [announcement]}\n"
    /* 67 */ "  - {id: new, title: 新法, from: 2021-09-01, steps: [compensation, announcement]}\n"
    /* 68 */ "regime_by:\n"
    /* 69 */ "  parcel: [parcel.regime, approval.received_on]\n"
    /* 70 */ "obligations:\n"
    /* 71 */ "  - id: announced\n"
    /* 72 */ "    item: announcement\n"
    /* 73 */ "    after: [approval.received_on, {record: approval, date: approved_on}]\n"
    /* 74 */ "    take: last\n"
    /* 75 */ "    within: 15 working days\n"
    /* 76 */ "    calendar: cn\n"
    /* 77 */ "    exempt: [{when: {parcel.regime: [旧法]}, why: 历史项目}]\n"
    /* 78 */ "    from: 2019-05-15\n"
    /* 79 */ "  - id: compensated\n"
    /* 80 */ "    item: compensation\n"
    /* 81 */ "    before: approval.approved_on\n"
    /* 82 */ "    lasts: 30 days\n"
    /* 83 */ "    ends: shown_until\n"
    /* 84 */ "    basis: 土地管理法第四十七条\n"
    /* 85 */ "    unconfirmed: 起算日\n"
    /* 86 */ "    enabled: false\n"
    /* 87 */ "---\n"
    /* 88 */ "calendar: cn\n"
    /* 89 */ "source: 国办发明电\n"
    /* 90 */ "years:\n"
    /* 91 */ "  2025: {off: [01-01, 01-28/02-04], work: [01-26, 02-08]}\n"
    /* 92 */ "  2024:\n"
    /* 93 */ "    off: [01-01]\n";

typedef struct wrong_case {
    const char *from, *to; /* the change to base */
    const char *message;   /* as it must be, after "c.yaml:" */
} wrong_case;

static const wrong_case wrong_cases[] = {
    {"calendars:\n  - {id: cn, title: 放假安排, file: cn.yaml}", "calendars: [{id: cn, title: a}]",
     "63: calendars[0]: 'file' is missing; add it"},
    {"file: cn.yaml}", "file: cn.yaml}\n  - {id: cn, title: b, file: c}",
     "65: calendars[1].id: 'cn' is the id of calendars[0] already; choose another"},
    {"file: cn.yaml}", "file: cn.yaml}\n  - {id: hk, title: b, file: hk.yaml}",
     "65: calendars[1]: the document of this calendar, hk.yaml, is missing; append the file behind a line ---"},
    {"calendar: cn\nsource", "calendar: hk\nsource",
     "88: calendar: 'hk' is not a calendar of this catalogue; add it under 'calendars' or leave this document out"},
    {"calendar: cn\nsource", "source",
     "88: 'calendar' is missing; add it"},
    {"    off: [01-01]\n", "    off: [01-01]\n---\ncalendar: cn\nyears: {2026: {off: []}}\n",
     "95: calendar: 'cn' has a document already; keep one of them"},
    {"    off: [01-01]\n", "    off: [01-01]\n    holiday: []\n",
     "94: years.2024.holiday: 'holiday' is not a key here; use off or work"},
    {"    off: [01-01]\n", "    off: [02-30]\n",
     "93: years.2024.off[0]: '02-30' is no day of 2024; write MM-DD, or MM-DD/MM-DD from the first to the last"},
    {"    off: [01-01]\n", "    off: [1-1]\n",
     "93: years.2024.off[0]: '1-1' is no day of 2024; write MM-DD, or MM-DD/MM-DD from the first to the last"},
    {"    off: [01-01]\n", "    off: [2024-01-01]\n",
     "93: years.2024.off[0]: '2024-01-01' is no day of 2024; write MM-DD, or MM-DD/MM-DD from the first to the last"},
    {"    off: [01-01]\n", "    off: [02-10/02-04]\n",
     "93: years.2024.off[0]: 02-10/02-04 ends before it begins; write the first day and then the last"},
    {"    off: [01-01]\n", "    off: [02-10/02-14, 02-12]\n",
     "93: years.2024.off[1]: 02-12 is in the list twice; keep one of them"},
    {"    off: [01-01]\n", "    off: [02-10/02-14]\n    work: [02-11]\n",
     "94: years.2024.work[0]: 02-11 is a day off as well; keep it in one of the lists"},
    {"    off: [01-01]\n", "    off: [02-10/02-14]\n    work: [02-15]\n",
     "94: years.2024.work[0]: 2024-02-15 is a Thursday, a working day anyway; here stand Saturdays and Sundays "
     "that are worked, remove it or correct the year"},
    {"  2024:\n", "  2025:\n",
     "92: years: '2025' is written twice; keep one of them"},
    {"  2024:\n", "  02025:\n",
     "92: years: 2025 is written twice; keep one of them"},
    {"  2024:\n", "  1024:\n",
     "92: years: 1024 is out of range; use 1949 to 2199"},
    {"  2024:\n", "  all:\n",
     "92: years: 'all' is not a number; write digits, without quotes"},
    {"{id: new, title: 新法, from: 2021-09-01", "{id: old, title: 新法, from: 2021-09-01",
     "67: regimes[1].id: 'old' is the id of regimes[0] already; choose another"},
    {"{id: new, title: 新法, from: 2021-09-01", "{id: new, title: 旧法, from: 2021-09-01",
     "67: regimes[1].title: '旧法' is the title of regimes[0] already; choose another"},
    {"from: 2021-09-01", "from: 2021-08-31",
     "67: regimes[1].from: regimes[0] holds until 2021-08-31; let it end before this one begins, and write them in "
     "the order of time"},
    {", until: 2021-08-31", "",
     "67: regimes[1].from: regimes[0] holds until further notice; let it end before this one begins, and write "
     "them in the order of time"},
    {", from: 2021-09-01", "",
     "67: regimes[1]: 'from' is missing; add it"},
    {"until: 2021-08-31", "until: 2021-08-32",
     "66: regimes[0].until: '2021-08-32' is not a date of the calendar; write YYYY-MM-DD"},
    {"until: 2021-08-31", "from: 2022-01-01, until: 2021-08-31",
     "66: regimes[0].until: 2021-08-31 is before from, 2022-01-01; correct one of them"},
    {"steps: [announcement]", "steps: [anouncement]",
     "66: regimes[0].steps[0]: 'anouncement' is not an item of this catalogue; use announcement, compensation, "
     "unproved or certificate"},
    {"steps: [announcement]", "steps: [announcement, announcement]",
     "66: regimes[0].steps[1]: 'announcement' is in the list twice; keep one of them"},
    {"parcel: [parcel.regime", "parcels: [parcel.regime",
     "69: regime_by: 'parcels' is not a layer or record of this catalogue; use parcel, approval, notice, permit or "
     "memo"},
    {"[parcel.regime, approval", "[parcel.area, approval",
     "69: regime_by.parcel[0]: 'area' is of type number; use a date, or a text that is the title of a regime"},
    {"[parcel.regime, approval", "[parcel.inspected_on, approval",
     "69: regime_by.parcel[0]: 'inspected_on' has audience: staff, but what is due is told from what everyone sees "
     "alone, so that anyone can check it; use what is public"},
    {"[parcel.regime, approval", "[memo.written_on, approval",
     "69: regime_by.parcel[0]: parcel and memo are not linked; add a link between them under 'links'"},
    {"values: [旧法, 新法]", "values: [旧法, 新规]",
     "69: regime_by.parcel[0]: '新规', a value of regime, is not the title of a regime; correct one of the two"},
    {"regime_by:\n  parcel: [parcel.regime, approval.received_on]\n", "",
     "70: obligations[0].item: 'announcement' is a step of some regimes, but nothing says which holds for a "
     "parcel; add parcel under 'regime_by'"},
    {"regimes:\n  - {id: old, title: 旧法, until: 2021-08-31, steps: [announcement]}\n  - {id: new, title: 新法, from: 2021-09-01, steps: [compensation, announcement]}\n", "",
     "66: regime_by: the catalogue has no regimes; add them under 'regimes' or remove 'regime_by'"},
    {"  - id: compensated", "  - id: announced",
     "79: obligations[1].id: 'announced' is the id of obligations[0] already; choose another"},
    {"item: announcement", "item: announced",
     "72: obligations[0].item: 'announced' is not an item of this catalogue; use announcement, compensation, "
     "unproved or certificate"},
    {"    item: announcement", "    item: unproved",
     "72: obligations[0].item: nothing proves 'unproved'; add 'proved_by' here or to the item"},
    {"    item: announcement\n    after: [approval.received_on, {record: approval, date: approved_on}]", "    item: certificate\n    after: permit.id",
     "73: obligations[0].after: 'id' is of type text; use a field of type date"},
    {"    item: announcement\n    after: [approval.received_on, {record: approval, date: approved_on}]", "    item: certificate\n    after: permit",
     "73: obligations[0].after: 'permit' names no field of another kind; write kind.field"},
    {"    item: announcement\n    after: [approval.received_on, {record: approval, date: approved_on}]", "    item: certificate\n    after: {record: permit}",
     "73: obligations[0].after: permit has no date of its own; name a field of type date: {record: permit, date: …}"},
    {"{record: approval, date: approved_on}", "{record: approval, date: no}",
     "73: obligations[0].after[1].date: 'no' is of type text; use a field of type date"},
    {"{record: approval, date: approved_on}", "{record: memo}",
     "73: obligations[0].after[1].record: parcel and memo are not linked; add a link between them under 'links'"},
    {"[approval.received_on, ", "[parcel.inspected_on, ",
     "73: obligations[0].after[0]: 'inspected_on' has audience: staff, but what is due is told from what everyone "
     "sees alone, so that anyone can check it; use what is public"},
    {"where: {kind: 征收土地公告, channel: [政府网站, 征地信息公开平台]}", "where: {kind: 征收土地公告, clerk: 甲}",
     "72: obligations[0].item: 'clerk' has audience: staff, but what is due is told from what everyone sees alone, "
     "so that anyone can check it; use what is public"},
    {"    about: parcel\n    proved_by: [{record: notice, where: {kind: 征收", "    about: parcel\n    applies: {notice.clerk: [甲]}\n    proved_by: [{record: notice, where: {kind: 征收",
     "73: obligations[0].item: 'clerk' has audience: staff, but what is due is told from what everyone sees alone, "
     "so that anyone can check it; use what is public"},
    {"    after: [approval.received_on, {record: approval, date: approved_on}]\n", "",
     "71: obligations[0]: names no event; add 'after' or 'before'"},
    {"    before: approval.approved_on\n", "    before: approval.approved_on\n    after: approval.approved_on\n",
     "79: obligations[1]: has both 'after' and 'before'; keep one of them"},
    {"    within: 15 working days\n", "",
     "73: obligations[0].after: says after what, but not within how long; add within: 15 working days"},
    {"    lasts: 30 days\n", "",
     "81: obligations[1].before: says before what, but neither how long ahead nor for how long; add 'ahead' or "
     "'lasts'"},
    {"    lasts: 30 days\n", "    within: 30 days\n",
     "82: obligations[1].within: goes with 'after' alone; write 'ahead' or change 'before'"},
    {"    within: 15 working days\n", "    ahead: 15 working days\n",
     "75: obligations[0].ahead: goes with 'before' alone; write 'within' or change 'after'"},
    {"15 working days", "15 workdays",
     "75: obligations[0].within: '15 workdays' is not a period; write, for example, 15 working days or 30 days"},
    {"15 working days", "'15'",
     "75: obligations[0].within: '15' is not a period; write, for example, 15 working days or 30 days"},
    {"15 working days", "15",
     "75: obligations[0].within: 15 is a number here, not a text; write it in quotes: '15'"},
    {"15 working days", "5000 working days",
     "75: obligations[0].within: 5000 working days is out of range; write 0 to 3650 days"},
    {"lasts: 30 days", "lasts: 0 days",
     "82: obligations[1].lasts: 0 days is out of range; write 1 to 3650 days"},
    {"    calendar: cn\n    exempt", "    exempt",
     "75: obligations[0].within: working days are counted in a calendar; add 'calendar'"},
    {"    calendar: cn\n    exempt", "    calendar: us\n    exempt",
     "76: obligations[0].calendar: 'us' is not a calendar of this catalogue; use cn"},
    {"    calendar: cn\n    exempt", "    calendar: cn\n    ends: shown_until\n    exempt",
     "77: obligations[0].ends: only what is shown for some time ends; add 'lasts' or remove 'ends'"},
    {"ends: shown_until", "ends: clerk",
     "83: obligations[1].ends: 'clerk' is of type text; use a field of type date"},
    {"take: last", "take: all",
     "74: obligations[0].take: 'all' is not a choice; use first or last"},
    {"parcel.regime: [旧法]}, why", "parcel.regime: [老法]}, why",
     "77: obligations[0].exempt[0].when.regime[0]: '老法' is not a value of regime; use 旧法 or 新法"},
    {"{when: {parcel.regime: [旧法]}, why: 历史项目}", "{when: {parcel.regime: [旧法]}}",
     "77: obligations[0].exempt[0]: 'why' is missing; add it"},
    {"{when: {parcel.regime: [旧法]}, why", "{when: {notice.clerk: [甲]}, why",
     "77: obligations[0].exempt[0].when: 'clerk' has audience: staff, but what is due is told from what everyone "
     "sees alone, so that anyone can check it; use what is public"},
    {"from: 2019-05-15", "from: 2019-05-15\n    until: 2019-01-01",
     "79: obligations[0].until: 2019-01-01 is before from, 2019-05-15; correct one of them"},
    {"    enabled: false\n", "",
     "85: obligations[1].unconfirmed: what is not confirmed is not held against anyone; add enabled: false, or "
     "remove this when it is confirmed"},
    {"    from: 2019-05-15\n", "    from: 2019-05-15\n    proved_by: []\n",
     "79: obligations[0].proved_by: has 0 entries; write at least 1"},
    {"channel: [政府网站, 征地信息公开平台]", "channel: []",
     "56: items[0].proved_by[0].where.channel: has 0 entries; write at least 1"},
    {"where: {kind: 征收土地公告, channel", "where: {kind: [征收土地公告, 预公告], channel",
     "56: items[0].proved_by[0].where.kind[1]: '预公告' is not a value of kind; use 征收土地公告 or 补偿安置公告"},
    {"where: {kind: 征收土地公告, channel: [政府网站, 征地信息公开平台]}", "where: {kind: 征收土地公告, channel: a, id: b, clerk: c, shown_from: d}",
     "56: items[0].proved_by[0].where: has 5 pairs; write 1 to 4"},
};
/* clang-format on */

static char *changed(const char *from, const char *to)
{
    const char *at = strstr(base, from);
    assert_non_null(at);
    char *text = NULL;
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from)) > 0);
    return text;
}

static dk_catalogue *parse_good(const char *text)
{
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    const dk_status status = dk_catalogue_parse(text, strlen(text), "c.yaml", &catalogue, &err);
    if (status != DK_OK)
        fail_msg("%s", err.text);
    return catalogue;
}

static void every_mistake_is_named_with_line_and_key(void **state)
{
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < sizeof wrong_cases / sizeof *wrong_cases; i++) {
        char *text = changed(wrong_cases[i].from, wrong_cases[i].to);
        char expected[DK_ERROR_TEXT];
        snprintf(expected, sizeof expected, "c.yaml:%s", wrong_cases[i].message);
        dk_catalogue *catalogue = NULL;
        dk_error err = {0};
        const dk_status status = dk_catalogue_parse(text, strlen(text), "c.yaml", &catalogue, &err);
        if (status != DK_INVALID || strcmp(err.text, expected) != 0 || catalogue != NULL) {
            print_error("case %zu (%s)\n  expected: %s\n  got %d:    %s\n", i, wrong_cases[i].to, expected, status,
                        err.text);
            failures++;
        }
        dk_catalogue_free(catalogue);
        free(text);
    }
    assert_int_equal(failures, 0);
}

static void a_clock_is_what_the_catalogue_says(void **state)
{
    (void)state;
    dk_catalogue *c = parse_good(base);
    const dk_kind *parcel = dk_catalogue_kind(c, "parcel"), *approval = dk_catalogue_kind(c, "approval");
    const dk_kind *notice = dk_catalogue_kind(c, "notice");
    assert_int_equal(c->n_calendars, 1);
    assert_string_equal(c->calendars[0].id, "cn");
    assert_string_equal(c->calendars[0].source, "国办发明电");
    const dk_working_calendar *days = &c->calendars[0].days;
    assert_int_equal(days->n_years, 2);
    assert_true(days->years[0].year == 2024 && days->years[1].year == 2025); /* sorted */

    assert_int_equal(c->n_regimes, 2);
    assert_true(c->regimes[0].from == DK_NO_DAY && c->regimes[0].until == dk_day_of(2021, 8, 31));
    assert_true(c->regimes[1].from == dk_day_of(2021, 9, 1) && c->regimes[1].until == DK_FAR_DAY);
    assert_true(c->regimes[1].n_steps == 2 && c->regimes[1].steps[0] == &c->items[1]);
    assert_ptr_equal(dk_catalogue_regime_on(c, dk_day_of(2021, 8, 31)), &c->regimes[0]);
    assert_ptr_equal(dk_catalogue_regime_on(c, dk_day_of(2021, 9, 1)), &c->regimes[1]);
    assert_null(dk_catalogue_regime_on(c, DK_NO_DAY));
    assert_ptr_equal(dk_catalogue_regime_titled(c, "新法"), &c->regimes[1]);
    assert_null(dk_catalogue_regime_titled(c, "新"));
    const dk_regime_by *by = dk_catalogue_regime_by(c, parcel);
    assert_non_null(by);
    assert_true(by->n_sources == 2 && by->sources[0].kind == parcel && by->sources[1].kind == approval);
    assert_int_equal(by->sources[1].field, dk_kind_field(approval, "received_on"));
    assert_null(dk_catalogue_regime_by(c, notice));

    const dk_obligation *announced = dk_catalogue_obligation(c, "announced");
    assert_ptr_equal(announced, &c->obligations[0]);
    assert_true(announced->item == &c->items[0] && announced->about == parcel && announced->index == 0);
    assert_string_equal(announced->basis, "实施条例第三十一条");
    assert_true(announced->enabled && announced->unconfirmed == NULL && announced->take_last && !announced->before);
    assert_int_equal(announced->regimes, 3);
    assert_int_equal(announced->n_events, 2);
    assert_int_equal(announced->events[0].date_field, dk_kind_field(approval, "received_on"));
    assert_int_equal(announced->events[1].date_field, dk_kind_field(approval, "approved_on"));
    assert_true(announced->within.n == 15 && announced->within.working && announced->ahead.n == -1 &&
                announced->lasts.n == -1);
    assert_true(announced->soon.n == 5 && !announced->soon.working);
    assert_ptr_equal(announced->calendar, &c->calendars[0]);
    assert_true(announced->from == dk_day_of(2019, 5, 15) && announced->until == DK_FAR_DAY);
    assert_int_equal(announced->n_exemptions, 1);
    assert_string_equal(announced->exemptions[0].why, "历史项目");
    assert_int_equal(announced->n_proofs, 1);
    const dk_where *where = &announced->proofs[0].where;
    assert_true(where->n_fields == 2 && where->fields[1].n_values == 2 && announced->proofs[0].end_field == -1);
    assert_string_equal(where->fields[1].values[1], "征地信息公开平台");
    assert_int_equal(announced->proofs[0].date_field, dk_kind_field(notice, "shown_from")); /* the kind's date */

    const dk_obligation *compensated = dk_catalogue_obligation(c, "compensated");
    assert_non_null(compensated);
    assert_string_equal(compensated->basis, "土地管理法第四十七条");
    assert_true(!compensated->enabled && compensated->before && compensated->calendar == NULL);
    assert_int_equal(compensated->regimes, 2);
    assert_true(compensated->lasts.n == 30 && !compensated->lasts.working && compensated->ahead.n == 0);
    assert_int_equal(compensated->proofs[0].end_field, dk_kind_field(notice, "shown_until"));
    assert_int_equal(c->items[1].proofs[0].end_field, -1); /* the item's own stays as it is */
    dk_catalogue_free(c);
}

static void an_item_of_no_regime_is_due_under_each(void **state)
{
    (void)state;
    char *text = changed("steps: [compensation, announcement]", "steps: [announcement]");
    dk_catalogue *c = parse_good(text);
    assert_int_equal(c->obligations[1].regimes, UINT32_MAX);
    dk_catalogue_free(c);
    free(text);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* The text that a store keeps holds the calendars, wherever the files are later. */
static void calendar_files_are_taken_into_the_text(void **state)
{
    (void)state;
    char folder[] = "/tmp/dikuai-calendar-XXXXXX", path[300];
    assert_non_null(mkdtemp(folder));
    char *whole = changed("file: cn.yaml", "file: ../days/cn.yaml");
    char *second = strstr(whole, "---\n");
    *second = '\0';
    snprintf(path, sizeof path, "%s/county", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/days", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(folder, "county/c.yaml", whole);
    snprintf(path, sizeof path, "%s/county/c.yaml", folder);
    static const struct {
        const char *text, *message; /* NULL: it is good */
    } files[] = {
        {NULL, "there is no such file; put the years of calendar cn there, or correct its 'file' in "},
        {"calendar: cn\nyears: {2024: {off: [1]}}\n", "days/cn.yaml:2: years.2024.off[0]: 1 is a number here"},
        {"calendar: hk\nyears: {2024: {off: []}}\n",
         "days/cn.yaml:1: calendar: 'hk' is another calendar than the catalogue names for this file; write cn or correct the"},
        {"\n\ncalendar: cn\n...\n---\nyears: {}\n", "days/cn.yaml:5: a second document begins here; keep one document"},
        {"calendar: cn\nyears: {2024: {off: [\n", "days/cn.yaml:3: this is not YAML"},
        {"", "days/cn.yaml:1: the calendar is empty; write at least calendar and years"},
        {"calendar: cn\nyears: {2024: {off: []}}\n", NULL},
        {"\xef\xbb\xbf# made by hand\r\ncalendar: cn\r\nyears: {2024: {off: []}}\r\n", NULL},
        {"%YAML 1.1\n---\ncalendar: cn\nyears: {2024: {off: []}}\n...\n", NULL},
        {"--- # years\ncalendar: cn\nyears: {2024: {off: []}}", NULL},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        dk_catalogue *c = NULL, *again = NULL;
        char *text = NULL;
        dk_error err = {0};
        if (files[i].text != NULL)
            write_file(folder, "days/cn.yaml", files[i].text);
        const dk_status status = dk_catalogue_read(path, &c, &text, &err);
        if (files[i].message != NULL) {
            assert_int_equal(status, files[i].text == NULL ? DK_NOT_FOUND : DK_INVALID);
            if (strstr(err.text, files[i].message) == NULL)
                fail_msg("%zu: %s", i, err.text);
            assert_true(c == NULL && text == NULL);
            continue;
        }
        if (status != DK_OK)
            fail_msg("%zu: %s", i, err.text);
        assert_int_equal(c->calendars[0].days.n_years, 1);
        assert_int_equal(dk_catalogue_parse(text, strlen(text), "store", &again, &err), DK_OK);
        assert_int_equal(again->calendars[0].days.years[0].year, 2024);
        dk_catalogue_free(again);
        /* What was exported so is read without the file. */
        write_file(folder, "alone.yaml", text);
        char alone[300];
        snprintf(alone, sizeof alone, "%s/alone.yaml", folder);
        again = NULL;
        if (dk_catalogue_read(alone, &again, NULL, &err) != DK_OK)
            fail_msg("%zu: %s", i, err.text);
        assert_int_equal(again->calendars[0].days.n_years, 1);
        dk_catalogue_free(again);
        dk_catalogue_free(c);
        free(text);
    }
    static const char *const left[] = {"county/c.yaml", "days/cn.yaml", "alone.yaml", "county", "days", ""};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, left[i]);
        assert_int_equal(remove(path), 0);
    }
    free(whole);
}

static void add_sentence(const char *sentence, void *user)
{
    dk_buf_format(user, "%s\n", sentence);
}

/* What changes in a calendar is told year by year, when a catalogue gets a new version. */
static void a_new_year_of_a_calendar_is_told(void **state)
{
    (void)state;
    char *changed_text = changed("  2024:\n    off: [01-01]\n",
                                 "  2024:\n    off: [01-01, 02-12]\n  2026: {off: [01-01], work: [01-04]}\n");
    dk_buf told;
    dk_error err = {0};
    dk_buf_init(&told);
    assert_int_equal(
        dk_catalogue_difference(base, strlen(base), changed_text, strlen(changed_text), add_sentence, &told, &err),
        DK_OK);
    assert_string_equal(dk_buf_cstr(&told), "calendar cn: 2024 {off: [01-01]} -> {off: [01-01, 02-12]}\n"
                                            "calendar cn: 2026 not given -> {off: [01-01], work: [01-04]}\n");
    dk_buf_clear(&told);
    assert_int_equal(dk_catalogue_difference(base, strlen(base), base, strlen(base), add_sentence, &told, &err), DK_OK);
    assert_int_equal(told.size, 0);
    dk_buf_finish(&told);
    free(changed_text);
}

/* Villages of one name are many: each is told by its code. */
static void divisions_of_one_name_are_told_apart(void **state)
{
    (void)state;
#define DIVISIONS(text) "title: t\npublisher: p\nextent: [116, 34, 117, 35]\ndivisions:\n" text
    static const char before[] =
        DIVISIONS("  - {code: '341321101', name: 李庄}\n  - {code: '341321102', name: 李庄}\n");
    static const struct {
        const char *after, *told;
    } cases[] = {
        {DIVISIONS("  - {code: '341321101', name: 李庄}\n  - {code: '341321102', name: 李庄}\n"
                   "  - {code: '341321103', name: 李庄}\n"),
         "division 341321103: new {code: 341321103, name: 李庄}\n"},
        {DIVISIONS("  - {code: '341321100', name: 李庄}\n"
                   "  - {code: '341321101', name: 李庄}\n  - {code: '341321102', name: 李庄}\n"),
         "division 341321100: new {code: 341321100, name: 李庄}\n"},
        {DIVISIONS("  - {code: '341321102', name: 李庄}\n"), "division 341321101: removed\n"},
        {DIVISIONS("  - {code: '341321101', name: 李庄}\n  - {code: '341321102', name: 李庄镇}\n"),
         "division 341321102: name 李庄 -> 李庄镇\n"},
    };
#undef DIVISIONS
    dk_buf told;
    dk_error err = {0};
    dk_buf_init(&told);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_buf_clear(&told);
        assert_int_equal(dk_catalogue_difference(before, strlen(before), cases[i].after, strlen(cases[i].after),
                                                 add_sentence, &told, &err),
                         DK_OK);
        assert_string_equal(dk_buf_cstr(&told), cases[i].told);
    }
    dk_buf_finish(&told);
}

/* A value that is too long is cut, and still shows what is another in it. */
static void what_changes_far_behind_in_a_value_is_told(void **state)
{
    (void)state;
#define TOTALS(rows, more)                                                                                             \
    "title: t\ntotals: [{by: [project_id], sum: [land_compensation, resettlement, crops, social_security, total], "    \
    "min_rows: 5}, {by: [project_id, village], sum: [land_compensation, 安置补助费, total], min_rows: " rows "}" more  \
    "]\n"
    static const struct {
        const char *after, *told;
    } cases[] = {
        {TOTALS("1", ""), "totals: …min_rows: 5}] -> …min_rows: 1}]\n"},
        {TOTALS("5", ", {by: [village]}"), "totals: …min_rows: 5}] -> …min_rows: 5}, {by: [village]}]\n"},
    };
    dk_buf told;
    dk_error err = {0};
    dk_buf_init(&told);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_buf_clear(&told);
        assert_int_equal(dk_catalogue_difference(TOTALS("5", ""), strlen(TOTALS("5", "")), cases[i].after,
                                                 strlen(cases[i].after), add_sentence, &told, &err),
                         DK_OK);
        assert_string_equal(dk_buf_cstr(&told), cases[i].told);
    }
    dk_buf_finish(&told);
#undef TOTALS
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_named_with_line_and_key),
        cmocka_unit_test(a_clock_is_what_the_catalogue_says),
        cmocka_unit_test(an_item_of_no_regime_is_due_under_each),
        cmocka_unit_test(calendar_files_are_taken_into_the_text),
        cmocka_unit_test(a_new_year_of_a_calendar_is_told),
        cmocka_unit_test(divisions_of_one_name_are_told_apart),
        cmocka_unit_test(what_changes_far_behind_in_a_value_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
