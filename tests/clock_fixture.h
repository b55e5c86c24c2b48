/* A store with a disclosure clock, and beside it everything that was ever published in it as plain rows in memory, from
 * which the facts of a row are found by looking at every other row. Only dk_obligation_outcome is shared with the
 * store, which test_obligation.c checks. */
#ifndef DK_TESTS_CLOCK_FIXTURE_H
#define DK_TESTS_CLOCK_FIXTURE_H

#include "store_fixture.h"

#include "store/clock.h"

#include <sqlite3.h>

static const char clock_yaml[] =
    "title: t\npublisher: p\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: parcel\n    title: 地块\n    geometry: polygon\n    key: {field: id}\n    division: division\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: project, title: 项目, type: text, audience: public, tiles: true}\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public, search: true}\n"
    "      - {name: division, title: 区划, type: division, audience: public}\n"
    "      - {name: approved_on, title: 批准日期, type: date, audience: public, tiles: true, linked: {field: approval.approved_on, as: min}}\n"
    "      - {name: disclosure, title: 公开, type: text, audience: public, tiles: true, index: true, computed: disclosure,\n"
    "         values: [missing, late, short, soon, due, unknown, met, waiting, not_applicable]}\n"
    "records:\n"
    "  - name: project\n    title: 项目\n    key: {field: id}\n    division: division\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: regime, title: 程序, type: text, audience: public, values: [旧法, 新法]}\n"
    "      - {name: kind, title: 类型, type: text, audience: public, values: [单独选址, 增减挂钩]}\n"
    "      - {name: hearing, title: 听证, type: text, audience: public, values: [是, 否]}\n"
    "      - {name: surveyed_on, title: 调查, type: date, audience: public}\n"
    "      - {name: stands, title: 公开, type: text, audience: public, computed: disclosure,\n"
    "         values: [met, soon, waiting, late, due, missing, not_applicable, short, unknown]}\n"
    "      - {name: division, title: 区划, type: division, audience: public}\n"
    "  - name: approval\n    title: 批复\n    key: {field: no}\n    date: approved_on\n"
    "    fields:\n"
    "      - {name: no, title: 文号, type: approval_no, audience: public, required: true}\n"
    "      - {name: project, title: 项目, type: text, audience: public}\n"
    "      - {name: approved_on, title: 批准, type: date, audience: public}\n"
    "      - {name: received_on, title: 收到, type: date, audience: public}\n"
    "  - name: notice\n    title: 公告\n    key: {field: id}\n    date: published_on\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: project, title: 项目, type: text, audience: public}\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public}\n"
    "      - {name: kind, title: 类型, type: text, audience: public}\n"
    "      - {name: channel, title: 渠道, type: text, audience: public}\n"
    "      - {name: published_on, title: 发布, type: date, audience: public}\n"
    "      - {name: ended_on, title: 撤下, type: date, audience: public}\n"
    "      - {name: held_on, title: 听证日, type: date, audience: public}\n"
    "  - name: certificate\n    title: 证书\n    key: {field: id}\n    date: issued_on\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: of, title: 项目, type: text, audience: public}\n"
    "      - {name: issued_on, title: 发证, type: date, audience: public}\n"
    "links:\n"
    "  - from: parcel\n    to: approval\n    on:\n"
    "      - match: {approval_no: no}\n"
    "      - {match: {project: project}, unless: {approval_no: no}}\n"
    "  - from: notice\n    to: parcel\n    on:\n"
    "      - match: {approval_no: approval_no}\n"
    "      - {match: {project: project}, unless: {approval_no: approval_no}}\n"
    "  - {from: parcel, to: project, on: [{match: {project: id}}]}\n"
    "  - {from: notice, to: project, on: [{match: {project: id}}]}\n"
    "  - {from: certificate, to: project, on: [{match: {of: key}}]}\n"
    "items:\n"
    "  - {id: announced, title: 征收土地公告, about: parcel, proved_by: [{record: notice, where: {kind: 公告, channel: [网站, 公示栏]}}]}\n"
    "  - {id: announced_old, title: 征收土地公告, about: parcel, proved_by: [{record: notice, where: {kind: [公告, 通告]}}]}\n"
    "  - {id: compensated, title: 补偿安置公告, about: parcel, proved_by: [{record: notice, where: {kind: 补偿}}]}\n"
    "  - {id: heard, title: 听证, about: parcel, applies: {project.hearing: [是]}, proved_by: [{record: notice, where: {kind: 听证}}]}\n"
    "  - {id: surveyed, title: 现状调查, about: parcel, proved_by: [{record: notice, where: {kind: 调查}}]}\n"
    "  - {id: told, title: 告知, about: project, proved_by: [{record: notice, where: {kind: 告知}, date: held_on}]}\n"
    "  - {id: certified, title: 证书, about: project, proved_by: [{record: certificate}]}\n"
    "calendars: [{id: cn, title: 放假安排, file: cn.yaml}]\n"
    "regimes:\n"
    "  - {id: old, title: 旧法, until: 2021-08-31, steps: [announced_old, surveyed, heard]}\n"
    "  - {id: new, title: 新法, from: 2021-09-01, steps: [announced, compensated, heard]}\n"
    "regime_by: {parcel: [project.regime, approval.received_on, parcel.approved_on]}\n"
    "obligations:\n"
    "  - {id: announced, item: announced, after: approval.received_on, within: 15 working days, calendar: cn}\n"
    "  - {id: announced_old, item: announced_old, after: [approval.received_on, approval.approved_on], take: last, within: 10 days, calendar: cn}\n"
    "  - {id: compensated, item: compensated, before: approval.approved_on, lasts: 30 days, ends: ended_on,\n"
    "     exempt: [{when: {project.kind: [增减挂钩]}, why: 增减挂钩另有规定}]}\n"
    "  - {id: heard, item: heard, before: [{record: notice, where: {kind: 听证}, date: held_on}, approval.approved_on], scheduled: true,\n"
    "     ahead: 7 working days, calendar: cn}\n"
    "  - {id: surveyed, item: surveyed, after: project.surveyed_on, within: 5 working days, lasts: 10 working days, ends: ended_on,\n"
    "     calendar: cn, from: 2020-03-01}\n"
    "  - {id: later, item: surveyed, after: project.surveyed_on, within: 1 day, unconfirmed: 期限, enabled: false}\n"
    "  - {id: told, item: told, after: project.surveyed_on, within: 10 days}\n"
    "  - {id: certified, item: certified, after: project.surveyed_on, within: 20 days}\n"
    "---\n"
    "calendar: cn\n"
    "years:\n"
    "  2019: {off: [01-01, 10-01/10-07]}\n"
    "  2020: {off: [01-01, 01-24/01-31, 10-01/10-08], work: [01-19, 09-27, 10-10]}\n"
    "  2021: {off: [01-01, 02-11/02-17, 10-01/10-07], work: [02-07, 02-20, 09-26, 10-09]}\n"
    "  2022: {off: [01-03, 01-31/02-06, 10-01/10-07], work: [01-29, 01-30, 10-08, 10-09]}\n"
    "  2024: {off: [01-01]}\n"
    "  2025: {off: [01-01]}\n"
    "  2026: {off: [01-01]}\n"
    "  2027: {off: [01-01]}\n";

/* ---- what was published, as plain rows ---- */

enum { PARCEL, PROJECT, APPROVAL, NOTICE, CERTIFICATE, CLOCK_KINDS };
static const char *const clock_kinds[CLOCK_KINDS] = {"parcel", "project", "approval", "notice", "certificate"};

enum { MOST_FIELDS = 9, MOST_ROWS = 400, MOST_BATCHES = 120, NAME_SIZE = 40 };

/* A row: its fields by name, "" for none. */
typedef struct plain_row {
    char key[NAME_SIZE];
    struct {
        char name[16], text[NAME_SIZE];
    } fields[MOST_FIELDS];
    size_t n;
} plain_row;

static inline const char *get(const plain_row *row, const char *name)
{
    for (size_t i = 0; i < row->n; i++)
        if (strcmp(row->fields[i].name, name) == 0)
            return row->fields[i].text;
    return "";
}

static inline void set(plain_row *row, const char *name, const char *text)
{
    snprintf(row->fields[row->n].name, sizeof row->fields[row->n].name, "%s", name);
    snprintf(row->fields[row->n].text, sizeof row->fields[row->n].text, "%s", text);
    if (row->n++ == 0)
        snprintf(row->key, sizeof row->key, "%s", text);
}

/* A load: its rows, and when it was published. */
typedef struct plain_batch {
    int kind;
    int64_t id, order; /* order: of its publication; 0: it is staged, -1: withdrawn or refused */
    plain_row *rows;
    size_t n;
} plain_batch;

/* What is published, by kind. */
typedef struct plain_state {
    const plain_row *rows[CLOCK_KINDS][MOST_ROWS];
    size_t n[CLOCK_KINDS];
} plain_state;

typedef struct clock_world {
    fixture f;
    plain_batch batches[MOST_BATCHES];
    size_t n_batches;
    uint64_t random;
} clock_world;

static inline uint32_t draw(clock_world *w, uint32_t n)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(w->random >> 33) % n;
}

/* The newest published version of each key that is not withdrawn. */
static inline void plain_published(const clock_world *w, plain_state *state)
{
    memset(state, 0, sizeof *state);
    for (size_t b = 0; b < w->n_batches; b++) {
        const plain_batch *batch = &w->batches[b];
        if (batch->order <= 0)
            continue;
        for (size_t r = 0; r < batch->n; r++) {
            const plain_row *row = &batch->rows[r];
            bool newest = true;
            for (size_t c = 0; newest && c < w->n_batches; c++)
                for (size_t q = 0; newest && w->batches[c].kind == batch->kind && w->batches[c].order > batch->order &&
                                   q < w->batches[c].n;
                     q++)
                    newest = strcmp(w->batches[c].rows[q].key, row->key) != 0;
            if (newest)
                state->rows[batch->kind][state->n[batch->kind]++] = row;
        }
    }
}

/* ---- facts, by looking at everything ---- */

static inline bool same(const char *a, const char *b)
{
    return a[0] != '\0' && strcmp(a, b) == 0;
}

/* By number, or by project unless both have a number. */
static inline bool by_number(const plain_row *a, const char *a_no, const plain_row *b, const char *b_no)
{
    const char *x = get(a, a_no), *y = get(b, b_no);
    return same(x, y) || (same(get(a, "project"), get(b, "project")) && (x[0] == '\0' || y[0] == '\0'));
}

static inline bool plain_linked(int kind, const plain_row *row, int other, const plain_row *of)
{
    if (kind == PARCEL && other == APPROVAL)
        return by_number(row, "approval_no", of, "no");
    if (kind == PARCEL && other == NOTICE)
        return by_number(row, "approval_no", of, "approval_no");
    if (kind == PARCEL && other == PROJECT)
        return same(get(row, "project"), get(of, "id"));
    if (kind == PROJECT && other == NOTICE)
        return same(get(row, "id"), get(of, "project"));
    if (kind == PROJECT && other == CERTIFICATE)
        return same(row->key, get(of, "of"));
    return kind == other && row == of;
}

static inline int32_t day(const char *text)
{
    int32_t d = DK_NO_DAY;
    dk_day_read(text, &d);
    return d;
}

typedef struct plain_facts {
    int32_t events[MOST_ROWS];
    dk_shown proofs[MOST_ROWS];
    dk_obligation_facts facts;
} plain_facts;

static inline void add_events(const plain_state *s, int kind, const plain_row *row, int other, const char *field,
                              const char *of_kind, plain_facts *p)
{
    if (p->facts.n_events > 0)
        return;
    for (size_t i = 0; i < s->n[other]; i++) {
        const plain_row *r = s->rows[other][i];
        const int32_t d = day(get(r, field));
        if (d != DK_NO_DAY && plain_linked(kind, row, other, r) && (of_kind == NULL || same(get(r, "kind"), of_kind)))
            p->events[p->facts.n_events++] = d;
    }
}

static inline const dk_regime *plain_regime(const clock_world *w, const plain_state *s, const plain_row *row)
{
    const dk_catalogue *catalogue = w->f.catalogue;
    const dk_regime *regime = NULL;
    int32_t approved = DK_NO_DAY;
    for (size_t i = 0; i < s->n[PROJECT]; i++)
        if (plain_linked(PARCEL, row, PROJECT, s->rows[PROJECT][i]))
            regime = dk_catalogue_regime_titled(catalogue, get(s->rows[PROJECT][i], "regime"));
    for (size_t i = 0; regime == NULL && i < s->n[APPROVAL]; i++) /* one old one is enough */
        if (plain_linked(PARCEL, row, APPROVAL, s->rows[APPROVAL][i]) &&
            day(get(s->rows[APPROVAL][i], "received_on")) != DK_NO_DAY &&
            day(get(s->rows[APPROVAL][i], "received_on")) <= day("2021-08-31"))
            regime = &catalogue->regimes[0];
    for (size_t i = 0; regime == NULL && i < s->n[APPROVAL]; i++)
        if (plain_linked(PARCEL, row, APPROVAL, s->rows[APPROVAL][i]))
            regime = dk_catalogue_regime_on(catalogue, day(get(s->rows[APPROVAL][i], "received_on")));
    for (size_t i = 0; i < s->n[APPROVAL]; i++) {
        const int32_t d = day(get(s->rows[APPROVAL][i], "approved_on"));
        if (plain_linked(PARCEL, row, APPROVAL, s->rows[APPROVAL][i]) && d != DK_NO_DAY &&
            (approved == DK_NO_DAY || d < approved))
            approved = d;
    }
    return regime != NULL ? regime : dk_catalogue_regime_on(catalogue, approved);
}

static inline bool channel_counts(const char *channel)
{
    return strstr(channel, "网站") != NULL || strstr(channel, "公示栏") != NULL;
}

static inline void plain_facts_of(const clock_world *w, const plain_state *s, int kind, const plain_row *row,
                                  const dk_obligation *o, plain_facts *p)
{
    memset(&p->facts, 0, sizeof p->facts);
    p->facts.applies = true;
    p->facts.exemption = -1;
    p->facts.events = p->events;
    p->facts.proofs = p->proofs;
    p->facts.regime = kind == PARCEL ? plain_regime(w, s, row) : NULL;
    const char *id = o->id, *proof = "";
    int proofs = NOTICE;
    bool ends = false;
    if (strcmp(id, "announced") == 0) {
        add_events(s, kind, row, APPROVAL, "received_on", NULL, p);
        proof = "公告";
    } else if (strcmp(id, "announced_old") == 0) {
        add_events(s, kind, row, APPROVAL, "received_on", NULL, p);
        add_events(s, kind, row, APPROVAL, "approved_on", NULL, p);
        proof = "公告 通告";
    } else if (strcmp(id, "compensated") == 0) {
        add_events(s, kind, row, APPROVAL, "approved_on", NULL, p);
        proof = "补偿";
        ends = true;
        for (size_t i = 0; i < s->n[PROJECT]; i++)
            if (plain_linked(kind, row, PROJECT, s->rows[PROJECT][i]) &&
                same(get(s->rows[PROJECT][i], "kind"), "增减挂钩"))
                p->facts.exemption = 0;
    } else if (strcmp(id, "heard") == 0) {
        add_events(s, kind, row, NOTICE, "held_on", "听证", p);
        add_events(s, kind, row, APPROVAL, "approved_on", NULL, p);
        proof = "听证";
        for (size_t i = 0; i < s->n[PROJECT]; i++)
            if (plain_linked(kind, row, PROJECT, s->rows[PROJECT][i]) && get(s->rows[PROJECT][i], "hearing")[0] != '\0')
                p->facts.applies = same(get(s->rows[PROJECT][i], "hearing"), "是");
    } else if (strcmp(id, "surveyed") == 0) {
        add_events(s, kind, row, PROJECT, "surveyed_on", NULL, p);
        proof = "调查";
        ends = true;
    } else if (strcmp(id, "told") == 0) {
        add_events(s, kind, row, PROJECT, "surveyed_on", NULL, p);
        proof = "告知";
    } else {
        add_events(s, kind, row, PROJECT, "surveyed_on", NULL, p);
        proofs = CERTIFICATE;
    }
    for (size_t i = 0; i < s->n[proofs]; i++) {
        const plain_row *r = s->rows[proofs][i];
        if (!plain_linked(kind, row, proofs, r) ||
            (proofs == NOTICE && (get(r, "kind")[0] == '\0' || strstr(proof, get(r, "kind")) == NULL)))
            continue;
        if (strcmp(id, "announced") == 0 && !channel_counts(get(r, "channel")))
            continue;
        if (strcmp(id, "told") == 0 &&
            get(r, "held_on")[0] == '\0') /* that it has a date of its own says whether it happened */
            continue;
        const int32_t until = ends ? day(get(r, "ended_on")) : DK_NO_DAY;
        p->proofs[p->facts.n_proofs++] = (dk_shown){day(get(r, strcmp(id, "told") == 0 ? "held_on"
                                                               : proofs == NOTICE      ? "published_on"
                                                                                       : "issued_on")),
                                                    until == DK_NO_DAY ? DK_FAR_DAY : until};
    }
}

/* ---- what happens at random ---- */

static inline void random_date(clock_world *w, char text[NAME_SIZE])
{
    /* Around the change of regimes, in a year without calendar, and around the days on which the test runs. */
    static const int years[] = {2019, 2020, 2020, 2021, 2021, 2021, 2022, 2022, 2023, 2026};
    text[0] = '\0';
    if (draw(w, 8) > 0)
        snprintf(text, NAME_SIZE, "%04d-%02u-%02u", years[draw(w, 10)], (unsigned)(1 + draw(w, 12)) % 13,
                 (unsigned)(1 + draw(w, 28)) % 29);
}

static inline const char *random_of(clock_world *w, const char *const *texts, uint32_t n)
{
    return texts[draw(w, n)];
}

static inline void random_number(clock_world *w, char text[NAME_SIZE], bool empty)
{
    text[0] = '\0';
    if (!empty || draw(w, 3) > 0)
        snprintf(text, NAME_SIZE, "皖政地〔2021〕%u号", (unsigned)(1 + draw(w, 6)) % 100);
}

static inline void random_project(clock_world *w, char text[NAME_SIZE], bool empty)
{
    text[0] = '\0';
    if (!empty || draw(w, 8) > 0)
        snprintf(text, NAME_SIZE, "X%u", (unsigned)draw(w, 8) % 100);
}

static inline void random_row(clock_world *w, int kind, plain_row *row)
{
    static const char *const divisions[] = {
        "341321100201", "341321100202", "341321101201", "341321101", "340111001002", "340111", "", "341302001001"};
    static const char *const regimes[] = {"旧法", "新法", ""}, *const kinds[] = {"单独选址", "增减挂钩", "", ""},
                             *const hearings[] = {"是", "是", "否", ""}, *const notices[] = {"公告", "公告", "通告",
                                                                                             "补偿", "补偿", "听证",
                                                                                             "调查", "调查", "告知",
                                                                                             "其他"},
                             *const channels[] = {"网站", "公示栏；广播", "广播", "报纸、网站", ""};
    char text[NAME_SIZE];
    memset(row, 0, sizeof *row);
    switch (kind) {
    case PARCEL:
        snprintf(text, sizeof text, "P%u", (unsigned)draw(w, 60) % 100);
        set(row, "id", text);
        random_project(w, text, true);
        set(row, "project", text);
        random_number(w, text, true);
        set(row, "approval_no", text);
        set(row, "division", random_of(w, divisions, 8));
        break;
    case PROJECT:
        random_project(w, text, false);
        set(row, "id", text);
        set(row, "regime", random_of(w, regimes, 3));
        set(row, "kind", random_of(w, kinds, 4));
        set(row, "hearing", random_of(w, hearings, 4));
        random_date(w, text);
        set(row, "surveyed_on", text);
        set(row, "division", random_of(w, divisions, 8));
        break;
    case APPROVAL:
        random_number(w, text, false);
        set(row, "no", text);
        random_project(w, text, true);
        set(row, "project", text);
        random_date(w, text);
        set(row, "approved_on", text);
        random_date(w, text);
        set(row, "received_on", text);
        break;
    case NOTICE:
        snprintf(text, sizeof text, "N%u", (unsigned)draw(w, 90) % 100);
        set(row, "id", text);
        random_project(w, text, true);
        set(row, "project", text);
        random_number(w, text, true);
        set(row, "approval_no", text);
        set(row, "kind", random_of(w, notices, 10));
        set(row, "channel", random_of(w, channels, 5));
        random_date(w, text);
        set(row, "published_on", text);
        random_date(w, text);
        set(row, "ended_on", draw(w, 3) > 0 ? text : "");
        random_date(w, text);
        set(row, "held_on", text);
        break;
    default:
        snprintf(text, sizeof text, "C%u", (unsigned)draw(w, 20) % 100);
        set(row, "id", text);
        random_project(w, text, true);
        set(row, "of", text);
        random_date(w, text);
        set(row, "issued_on", text);
        break;
    }
}

static inline bool has_key(const plain_batch *batch, const char *key)
{
    for (size_t i = 0; i < batch->n; i++)
        if (strcmp(batch->rows[i].key, key) == 0)
            return true;
    return false;
}

static inline void load_plain(clock_world *w, plain_batch *batch, dk_load *load, const plain_row *row)
{
    const dk_kind *kind = dk_catalogue_kind(w->f.catalogue, clock_kinds[batch->kind]);
    dk_value values[DK_MAX_FIELDS];
    for (size_t i = 0; i < kind->n_fields; i++)
        values[i] = dk_value_null();
    for (size_t i = 0; i < row->n; i++)
        if (row->fields[i].text[0] != '\0')
            values[dk_kind_field(kind, row->fields[i].name)] = dk_value_text(row->fields[i].text);
    unsigned char wkb[93];
    size_t size = 0;
    if (batch->kind == PARCEL)
        size = square_wkb(wkb, 116.1 + 0.01 * atoi(row->key + 1), 34.5, 0.001);
    dk_row_report report;
    if (dk_load_row(load, values, size > 0 ? wkb : NULL, size, NULL, (int64_t)batch->n + 1, &report, &w->f.err) !=
        DK_OK)
        fail_msg("%s", w->f.err.text);
    if (report.outcome == DK_LOADED || report.outcome == DK_REPLACED)
        batch->rows[batch->n++] = *row;
}

/* Loads rows of a kind at random, some of them of keys that are there already; gives the batch. */
static inline plain_batch *random_load(clock_world *w, int kind, size_t n)
{
    plain_batch *batch = &w->batches[w->n_batches++];
    *batch = (plain_batch){.kind = kind, .rows = calloc(n, sizeof *batch->rows)};
    dk_load *load = load_begin(&w->f, clock_kinds[kind], true);
    for (size_t i = 0; i < n; i++) {
        plain_row row;
        random_row(w, kind, &row);
        if (!has_key(batch, row.key))
            load_plain(w, batch, load, &row);
    }
    batch->id = load_finish(&w->f, load);
    return batch;
}

/* Loads these rows, and publishes them. */
static inline plain_batch *publish_rows(clock_world *w, int kind, const plain_row *rows, size_t n)
{
    plain_batch *batch = &w->batches[w->n_batches++];
    *batch = (plain_batch){.kind = kind, .rows = calloc(n, sizeof *batch->rows)};
    dk_load *load = load_begin(&w->f, clock_kinds[kind], true);
    for (size_t i = 0; i < n; i++)
        load_plain(w, batch, load, &rows[i]);
    batch->id = load_finish(&w->f, load);
    batch->order = publish(&w->f, batch->id);
    return batch;
}

/* false: something else of the key was published since it was loaded. */
static inline bool publish_plain(clock_world *w, plain_batch *batch)
{
    int64_t generation = 0;
    const dk_status status = dk_store_publish(w->f.store, batch->id, "tester", NULL, NULL, &generation, &w->f.err);
    if (status != DK_OK && status != DK_CONFLICT)
        fail_msg("%s", w->f.err.text);
    batch->order = status == DK_OK ? generation : -1;
    return status == DK_OK;
}

static inline void withdraw_plain(clock_world *w, plain_batch *batch)
{
    int64_t generation = 0;
    if (dk_store_withdraw(w->f.store, batch->id, "tester", "更正", NULL, NULL, &generation, &w->f.err) != DK_OK)
        fail_msg("%s", w->f.err.text);
    batch->order = -1;
}

/* One change at random: a load of which some are published later, a publication, a withdrawal. false: nothing changed.
 */
static inline bool random_step(clock_world *w)
{
    static const int kinds[] = {PARCEL, PARCEL, PROJECT, APPROVAL, APPROVAL,
                                NOTICE, NOTICE, NOTICE,  NOTICE,   CERTIFICATE};
    const uint32_t what = draw(w, 10);
    if (what < 6 || w->n_batches == 0) {
        if (w->n_batches == MOST_BATCHES)
            return false;
        const int kind = kinds[draw(w, 10)];
        plain_batch *batch = random_load(w, kind, 1 + draw(w, kind == PARCEL ? 25 : 6));
        return draw(w, 5) > 0 && publish_plain(w, batch);
    }
    plain_batch *batch = &w->batches[draw(w, (uint32_t)w->n_batches)];
    if (batch->order == 0)
        return publish_plain(w, batch);
    if (batch->order < 0 || draw(w, 2) == 0)
        return false;
    withdraw_plain(w, batch);
    return true;
}

/* ---- the file itself ---- */

static inline int64_t ask(clock_world *w, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open_v2(w->f.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

static inline void run_sql(clock_world *w, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(w->f.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static inline void tell_nobody(const char *sentence, void *user)
{
    (void)sentence, (void)user;
}

static inline int clock_setup(void **state)
{
    clock_world *w = calloc(1, sizeof *w);
    fixture *f = &w->f;
    snprintf(f->dir, sizeof f->dir, "/tmp/dikuai-test-XXXXXX");
    if (mkdtemp(f->dir) == NULL)
        return -1;
    snprintf(f->path, sizeof f->path, "%s/a.dk", f->dir);
    if (dk_store_create(f->path, clock_yaml, strlen(clock_yaml), "fixture.yaml", &f->err) != DK_OK) {
        print_error("%s\n", f->err.text);
        return -1;
    }
    fixture_open(f, DK_WRITE);
    w->random = 1;
    *state = w;
    return 0;
}

static inline int clock_teardown(void **state)
{
    clock_world *w = *state;
    for (size_t i = 0; i < w->n_batches; i++)
        free(w->batches[i].rows);
    fixture *f = malloc(sizeof *f);
    *f = w->f;
    free(w);
    void *as_fixture = f;
    return fixture_teardown(&as_fixture);
}

#endif
