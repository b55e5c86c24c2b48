/* Search: what finds what, in which order, and for whom. */
#include "search_fixture.h"

#include "store/search_query.h"

/* A field of villages that sound, hidden ones, and divisions that are searched. */
static char *yaml_with_sounds(void)
{
    char *yaml = malloc(2 * sizeof fixture_yaml);
    strcpy(yaml, fixture_yaml);
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"title: 村, type: text, audience: public, search: true",
         "title: 村, type: text, audience: public, search: true, pinyin: true"},
        {"title: 户主, type: text, audience: staff, tiles: true, search: true",
         "title: 户主, type: text, audience: staff, search: true, pinyin: true"},
        {"title: 区划, type: division, audience: public, tiles: true",
         "title: 区划, type: division, audience: public, search: true"},
        {"title: 项目, type: text, audience: public, tiles: true",
         "title: 项目, type: text, audience: public, search: true"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *at = strstr(yaml, changes[i].from);
        assert_non_null(at);
        const size_t from = strlen(changes[i].from), to = strlen(changes[i].to);
        memmove(at + to, at + from, strlen(at + from) + 1);
        memcpy(at, changes[i].to, to);
    }
    return yaml;
}

static int setup_with_sounds(void **state)
{
    char *yaml = yaml_with_sounds();
    const int result = fixture_begin(state, yaml);
    free(yaml);
    return result;
}

/* 周寨镇 is a part of 赵屯镇 now, but for one of its villages, which is one of 砀城镇. */
static int setup_with_former_divisions(void **state)
{
    static const char former[] = "  - {code: '341321105', name: 周寨镇, valid_to: 2019-12-31, successor: '341321101'}\n"
                                 "  - {code: '341321105201', name: 陈楼村委会}\n"
                                 "  - {code: '341321105202', name: 苗庄村委会, successor: '341321100009'}\n"
                                 "  - {code: '341321100009', name: 苗庄社区}\n"
                                 "  - {code: '341321106', name: 开发区（东区）}\n"
                                 "  - {code: '341321107', name: Ａ区街道}\n";
    char yaml[sizeof fixture_yaml + sizeof former];
    snprintf(yaml, sizeof yaml, "%s%s", fixture_yaml, former);
    return fixture_begin(state, yaml);
}

static int setup_with_villages(void **state)
{
    char yaml[2 * sizeof fixture_yaml];
    int n = snprintf(yaml, sizeof yaml, "%s", fixture_yaml);
    for (int i = 0; i < 20; i++)
        n += snprintf(yaml + n, sizeof yaml - (size_t)n, "  - {code: '341321101%03d', name: %c寨村}\n", 200 + i,
                      'a' + i);
    return fixture_begin(state, yaml);
}

static void add_parcel(fixture *f, dk_load *load, const char *id, const char *project, const char *approval,
                       const char *division, const char *village, const char *owner)
{
    static int n;
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, 116.2 + (n++ % 500) * 0.001, 34.5, 0.0005);
    const dk_row_report report = load_row(f, load, "parcel", wkb, size, "id", id, "project_id", project, "approval_no",
                                          approval, "division", division, "village", village, "owner", owner, NULL);
    if (report.outcome != DK_LOADED)
        fail_msg("%s", report.message);
}

static void add_approval(fixture *f, const char *number, const char *project)
{
    dk_load *load = load_begin(f, "approval", false);
    load_row(f, load, "approval", NULL, 0, "approval_no", number, "project_id", project, NULL);
    publish(f, load_finish(f, load));
}

static void load_county(fixture *f)
{
    add_approval(f, "皖政地〔2020〕1号", "P1");
    dk_load *load = load_begin(f, "parcel", false);
    add_parcel(f, load, "DK001", "P1", "皖政地〔2020〕1号", "341321100", "一村", "张三");
    add_parcel(f, load, "DK002", "P1", "皖政地〔2020〕1号", "341321101", "二村", "李四");
    publish(f, load_finish(f, load));
}

static void search_finds_a_number_in_any_brackets_then_prefixes_then_parts(void **state)
{
    fixture *f = *state;
    load_county(f);
    const dk_viewer everyone = dk_viewer_public();
    const struct {
        const char *text, *keys;
    } cases[] = {
        {"皖政地(2020)1号", "皖政地〔2020〕1号 P1:DK001 P1:DK002"},
        {"皖政地〔2020", "P1:DK001 P1:DK002 皖政地〔2020〕1号"},
        {"DK002", "P1:DK002"},
        {"dk002", "P1:DK002"},
        {"ＤＫ００２", "P1:DK002"},
        {"P1:DK002", "P1:DK002"},
        {"二", "P1:DK002"},
        {"村", "P1:DK001 P1:DK002"},
        {"没有", ""},
        {"%", ""},
        /* three characters and more are sought by their grams */
        {"政地〔", "P1:DK001 P1:DK002 皖政地〔2020〕1号"},
        {"政地〔2020", "P1:DK001 P1:DK002 皖政地〔2020〕1号"},
        {"政地〔2021", ""},
        {"地政〔2020", ""},
        {"\"\"\"\"", ""},
        {"政地〔\" OR \"皖政地", ""},
        {"政地* NOT 皖政", ""},
        {"ﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺ", ""}, /* ten times as long when folded */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        keys k = {0};
        bool complete = false;
        assert_int_equal(search_for(f, cases[i].text, &everyone, 10, &k, &complete), DK_OK);
        if (strcmp(k.text, cases[i].keys) != 0)
            fail_msg("%s: expected '%s', got '%s'", cases[i].text, cases[i].keys, k.text);
        assert_int_equal(complete,
                         i + 1 < sizeof cases / sizeof *cases); /* the last has more words than are looked at */
    }
}

typedef struct search_case {
    const char *text, *keys;
} search_case;

static void check_cases(fixture *f, const dk_viewer *viewer, const search_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        keys k = {0};
        bool complete = false;
        if (search_for(f, cases[i].text, viewer, 40, &k, &complete) != DK_OK)
            fail_msg("%s: %s", cases[i].text, f->err.text);
        if (strcmp(k.text, cases[i].keys) != 0)
            fail_msg("%s: expected '%s', got '%s'", cases[i].text, cases[i].keys, k.text);
        assert_true(complete);
    }
}

static void load_villages(fixture *f)
{
    add_approval(f, "皖政地〔2020〕123号", "P1");
    add_approval(f, "皖政地〔2020〕1234号", "P2");
    add_approval(f, "国土资函〔2019〕123号", "P3");
    dk_load *load = load_begin(f, "parcel", false);
    add_parcel(f, load, "DK1", "P1", "皖政地〔2020〕123号", "341321100", "薛楼村", "张三");
    add_parcel(f, load, "DK2", "P1", "皖政地〔2020〕123号", "341321100", "薛楼村一组", "李四");
    add_parcel(f, load, "DK3", "P2", "皖政地〔2020〕1234号", "341321101", "李庄", "张三丰");
    add_parcel(f, load, "DK4", "P3", "国土资函〔2019〕123号", "341321101", "东李庄村", "王五");
    publish(f, load_finish(f, load));
}

static void words_of_any_length_find_what_contains_them(void **state)
{
    fixture *f = *state;
    const dk_viewer everyone = dk_viewer_public();
    load_villages(f);
    static const search_case cases[] = {
        {"村", "P1:DK1 P3:DK4 P1:DK2"},
        {"薛", "P1:DK1 P1:DK2"},
        {"庄", "P2:DK3 P3:DK4"},
        {"李庄", "P2:DK3 P3:DK4"},
        {"庄村", "P3:DK4"},
        {"楼村一", "P1:DK2"},
        {"一组", "P1:DK2"},
        {"李庄村", "P3:DK4"},
        {"村庄", ""},
        {"楼薛", ""},
        {"薛楼村一组", "P1:DK2"},
    };
    check_cases(f, &everyone, cases, sizeof cases / sizeof *cases);
}

static void all_words_must_be_in_a_row_each_in_some_field(void **state)
{
    fixture *f = *state;
    const dk_viewer everyone = dk_viewer_public();
    load_villages(f);
    static const search_case cases[] = {
        {"薛楼 DK2", "P1:DK2"},
        {"DK2 薛楼", "P1:DK2"},
        {"薛楼 2020", "P1:DK1 P1:DK2"},
        {"李庄 2019", "P3:DK4"},
        {"李庄 2021", ""},
        {"李庄 皖政地", "P2:DK3"},
        {"P1 楼 组", "P1:DK2"},
        {"薛楼 李庄", ""},
        {"李庄 (2019)123", "P3:DK4"},
        {"赵屯 国土", "P3:DK4"},
        {"砀城镇 一组", "P1:DK2"},
        {"lz 2019", "P3:DK4"},
        {"DK2 皖政地〔2020〕123号", "P1:DK2"},
        {"p1:dk2", "P1:DK2"},
        {"Ｐ１：ＤＫ２ ", "P1:DK2"},
        {"P1:DK", ""},
        {"皖政地（2020）123号 一组", "P1:DK2"},
        {"DK3 皖政地〔2020〕123号", ""},
        {"一 二 三 四 五 六 七 八 九", ""},
    };
    for (size_t i = 0; i + 1 < sizeof cases / sizeof *cases; i++)
        check_cases(f, &everyone, &cases[i], 1);
    keys k = {0};
    bool complete = true;
    assert_int_equal(search_for(f, cases[sizeof cases / sizeof *cases - 1].text, &everyone, 40, &k, &complete), DK_OK);
    assert_false(complete); /* the ninth word was not looked at */
}

static void a_number_is_found_however_it_is_typed(void **state)
{
    fixture *f = *state;
    const dk_viewer everyone = dk_viewer_public();
    load_villages(f);
    static const char *const whole[] = {"皖政地〔2020〕123号", "皖政地(2020)123号",      "皖政地（2020）123号",
                                        "皖政地[2020]123号",   "皖政地【2020】123",      "皖政地 2020 123号",
                                        "皖政地2020-123号",    "皖政地〔2020〕第0123号", "皖政地{2020}123",
                                        "皖政地＜2020＞123号", "皖政地《2020》123"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        keys k = {0};
        bool complete;
        assert_int_equal(search_for(f, whole[i], &everyone, 3, &k, &complete), DK_OK);
        if (strcmp(k.text, "皖政地〔2020〕123号 P1:DK1 P1:DK2") != 0)
            fail_msg("%s: '%s'", whole[i], k.text);
    }
    static const search_case parts[] = {
        {"〔2020〕123号", "P1:DK1 P1:DK2 皖政地〔2020〕123号"},
        {"2020-123号", "P1:DK1 P1:DK2 皖政地〔2020〕123号"},
        {"(2020)1234", "P2:DK3 皖政地〔2020〕1234号"},
        {"[2019]", "P3:DK4 国土资函〔2019〕123号"},
        {"国土资函(2019", "P3:DK4 国土资函〔2019〕123号"},
        {"国土资函(20", "P3:DK4 国土资函〔2019〕123号"},
        {"2019 123", "P3:DK4 国土资函〔2019〕123号"},
        {"资函2019-12", "P3:DK4 国土资函〔2019〕123号"},
        {"2018-123号", ""},
    };
    check_cases(f, &everyone, parts, sizeof parts / sizeof *parts);
}

/* As a row shows them, and as a ledger writes them. */
static void several_numbers_find_the_rows_that_have_all_of_them(void **state)
{
    fixture *f = *state;
    const dk_viewer everyone = dk_viewer_public();
    dk_load *load = load_begin(f, "parcel", false);
    add_parcel(f, load, "DK1", "P1", "皖政地〔2020〕1号、皖政地〔2020〕12号", "341321100", "薛楼村", "张三");
    add_parcel(f, load, "DK2", "P1", "皖政地〔2020〕1号", "341321100", "薛楼村", "张三");
    add_parcel(f, load, "DK3", "P1", "皖政地〔2020〕11号、皖政地〔2020〕12号", "341321100", "薛楼村", "张三");
    publish(f, load_finish(f, load));
    static const search_case cases[] = {
        {"皖政地〔2020〕1号、皖政地〔2020〕12号", "P1:DK1"},
        {"皖政地(2020)12号，1号", "P1:DK1"},
        {"皖政地［2020］第１、１２号", "P1:DK1"},
        {"皖政地〔2020〕12、11号", "P1:DK3"},
        {"皖政地〔2020〕1号、2号", ""},
        {"薛楼 皖政地〔2020〕1号、皖政地〔2020〕12号", "P1:DK1"},
        {"皖政地[2020]1、12号 薛楼村", "P1:DK1"},
        {"皖政地〔2020〕1号、12号 赵屯", ""},
        {"皖政地〔2020〕1号、 12号 薛楼", "P1:DK1"},
        {"薛楼， 皖政地〔2020〕1号 、12号", "P1:DK1"},
        {"皖政地〔2020〕1号、 薛楼、", "P1:DK2 P1:DK1"}, /* the one that has no other number first */
        {"DK2, 薛楼", "P1:DK2"},
    };
    check_cases(f, &everyone, cases, sizeof cases / sizeof *cases);
}

static void villages_and_divisions_are_found_by_their_sound(void **state)
{
    fixture *f = *state;
    const dk_viewer everyone = dk_viewer_public();
    load_villages(f);
    static const search_case cases[] = {
        {"xlc", "P1:DK1 P1:DK2"},
        {"xuelou", "P1:DK1 P1:DK2"},
        {"XUE LOU", "P1:DK1 P1:DK2"},
        {"lz", "P2:DK3 P3:DK4"},
        {"dlzc", "P3:DK4"},
        /* a division itself, then the rows in it */
        {"zhaotun", "341321101 P2:DK3 P3:DK4"},
        {"ztz", "341321101 P2:DK3 P3:DK4"},
        {"赵屯镇", "341321101 P2:DK3 P3:DK4"},
        {"赵屯", "341321101 P2:DK3 P3:DK4"},
        {"屯", "341321101 P2:DK3 P3:DK4"},
        {"341321101", "341321101 P2:DK3 P3:DK4"},
        {"砀城镇", "341321100 P1:DK1 P1:DK2"},
        {"xyz", ""},
    };
    check_cases(f, &everyone, cases, sizeof cases / sizeof *cases);
}

static void a_hidden_field_finds_rows_for_those_who_see_it_there(void **state)
{
    fixture *f = *state;
    const dk_viewer everyone = dk_viewer_public();
    dk_viewer town, county;
    dk_viewer_staff("341321101", &town);
    dk_viewer_staff("341321", &county);
    load_villages(f);
    static const search_case of_public[] = {{"张三", ""}, {"三", ""}, {"zs", ""}, {"张三 薛楼", ""}, {"王五", ""}};
    static const search_case of_town[] = {{"张三", "P2:DK3"}, {"三", "P2:DK3"}, {"zs", "P2:DK3"},  {"zsf", "P2:DK3"},
                                          {"张三 薛楼", ""},  {"李四", ""},     {"wang", "P3:DK4"}};
    static const search_case of_county[] = {
        {"张三", "P1:DK1 P2:DK3"}, {"zs", "P1:DK1 P2:DK3"}, {"张三 薛楼", "P1:DK1"}, {"李四", "P1:DK2"}};
    check_cases(f, &everyone, of_public, sizeof of_public / sizeof *of_public);
    check_cases(f, &town, of_town, sizeof of_town / sizeof *of_town);
    check_cases(f, &county, of_county, sizeof of_county / sizeof *of_county);
}

static bool note_match(const dk_hit *hit, void *user)
{
    char *text = user;
    const size_t used = strlen(text);
    snprintf(text + used, 2000 - used, "%s%s:%s", used ? " " : "", hit->row ? hit->row->key : hit->division->code,
             dk_match_name(hit->match));
    return true;
}

static void better_matches_come_first_and_shorter_values_before_longer(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    add_parcel(f, load, "甲", "P1", "", "341321100", "乙甲村", "张");
    add_parcel(f, load, "丙", "P1", "", "341321100", "甲", "张");
    add_parcel(f, load, "丁", "P1", "", "341321100", "甲村", "张");
    add_parcel(f, load, "戊", "P1", "", "341321100", "甲村一组", "张");
    add_parcel(f, load, "己", "P1", "", "341321100", "乙甲", "张");
    publish(f, load_finish(f, load));
    char text[2000] = "";
    bool complete = false;
    const dk_viewer everyone = dk_viewer_public();
    dk_search search = {.text = "甲", .viewer = &everyone, .generation = generation_of(f), .limit = 10};
    assert_int_equal(dk_search_run(f->store, &search, note_match, text, &complete, &f->err), DK_OK);
    assert_string_equal(text, "P1:甲:key P1:丙:value P1:丁:prefix P1:戊:prefix P1:己:words");
    assert_true(complete);
    /* few, and no more than a number of each kind: the rest is said to be there */
    text[0] = '\0';
    search.limit = 3;
    assert_int_equal(dk_search_run(f->store, &search, note_match, text, &complete, &f->err), DK_OK);
    assert_string_equal(text, "P1:甲:key P1:丙:value P1:丁:prefix");
    assert_false(complete);
    text[0] = '\0';
    search.limit = 10;
    search.per_kind = 2;
    assert_int_equal(dk_search_run(f->store, &search, note_match, text, &complete, &f->err), DK_OK);
    assert_string_equal(text, "P1:甲:key P1:丙:value");
    assert_false(complete);
}

typedef struct box_seen {
    char key[64];
    bool has;
    double bounds[4];
} box_seen;

static bool keep_box(const dk_hit *hit, void *user)
{
    box_seen *b = user;
    if (strcmp(hit->row ? hit->row->key : hit->division->code, b->key) != 0)
        return true;
    b->has = hit->has_bounds;
    memcpy(b->bounds, hit->bounds, sizeof b->bounds);
    return false;
}

static void a_hit_without_a_geometry_lies_where_its_rows_lie(void **state)
{
    fixture *f = *state;
    unsigned char wkb[93];
    const dk_viewer everyone = dk_viewer_public();
    add_approval(f, "皖政地〔2020〕5号", "P1");
    add_approval(f, "皖政地〔2020〕6号", "P9");
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "DK%d", i);
        const size_t size = square_wkb(wkb, 116.25 + 0.125 * i, 34.25, 0.0625);
        load_row(f, load, "parcel", wkb, size, "id", id, "project_id", "P1", "approval_no", "皖政地〔2020〕5号",
                 "division", i < 2 ? "341321100" : "341321101", NULL);
    }
    publish(f, load_finish(f, load));
    const struct {
        const char *text, *key;
        bool has;
        double bounds[4];
    } cases[] = {{"皖政地〔2020〕5号", "皖政地〔2020〕5号", true, {116.25, 34.25, 116.5625, 34.3125}},
                 {"皖政地〔2020〕6号", "皖政地〔2020〕6号", false, {0}},
                 {"DK1", "P1:DK1", true, {116.375, 34.25, 116.4375, 34.3125}},
                 {"砀城镇", "341321100", true, {116.25, 34.25, 116.4375, 34.3125}},
                 {"砀山县", "341321", true, {116.25, 34.25, 116.5625, 34.3125}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        box_seen b = {0};
        bool complete;
        snprintf(b.key, sizeof b.key, "%s", cases[i].key);
        const dk_search search = {
            .text = cases[i].text, .viewer = &everyone, .generation = generation_of(f), .limit = 10};
        assert_int_equal(dk_search_run(f->store, &search, keep_box, &b, &complete, &f->err), DK_OK);
        if (b.has != cases[i].has)
            fail_msg("%s", cases[i].text);
        for (int d = 0; b.has && d < 4; d++)
            assert_true(b.bounds[d] - cases[i].bounds[d] < 1e-9 && cases[i].bounds[d] - b.bounds[d] < 1e-9);
    }
}

static void what_came_to_a_division_is_found_by_its_name_and_lies_in_its_box(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *id, *division, *village;
    } parcels[] = {{"DK1", "341321101", "李庄"},
                   {"DK2", "341321105", "王集"},
                   {"DK3", "341321105201", "陈集"},
                   {"DK4", "341321105202", "苗集"}};
    unsigned char wkb[93];
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 0; i < 4; i++) {
        const size_t size = square_wkb(wkb, 116.25 + 0.0625 * i, 34.25, 0.03125);
        load_row(f, load, "parcel", wkb, size, "id", parcels[i].id, "project_id", "P1", "division", parcels[i].division,
                 "village", parcels[i].village, NULL);
    }
    publish(f, load_finish(f, load));
    static const search_case cases[] = {
        {"赵屯镇", "341321101 P1:DK1 P1:DK2 P1:DK3"},
        {"赵屯镇 集", "P1:DK2 P1:DK3"},
        {"陈 赵屯", "P1:DK3"},
        {"赵屯 苗集", ""},
        {"周寨镇 集", "P1:DK2 P1:DK3 P1:DK4"},
        {"砀城 苗集", "P1:DK4"},
        {"砀城镇", "341321100 P1:DK4"},
        {"苗庄社区", "341321100009 P1:DK4"},
    };
    const dk_viewer everyone = dk_viewer_public();
    check_cases(f, &everyone, cases, sizeof cases / sizeof *cases);
    box_seen b = {.key = "341321101"};
    bool complete;
    const dk_search search = {.text = "赵屯镇", .viewer = &everyone, .generation = generation_of(f), .limit = 10};
    assert_int_equal(dk_search_run(f->store, &search, keep_box, &b, &complete, &f->err), DK_OK);
    assert_true(b.has && b.bounds[0] == 116.25 && b.bounds[2] == 116.40625);
}

/* Brackets and letters of a name in the catalogue are as wide as its writer has them, and those that are typed, too. */
static void the_name_of_a_division_is_found_in_letters_of_any_width(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    add_parcel(f, load, "DK1", "P1", "", "341321106", "王集", "张三");
    add_parcel(f, load, "DK2", "P1", "", "341321107", "李集", "张三");
    publish(f, load_finish(f, load));
    static const search_case cases[] = {
        {"开发区（东区）", "341321106 P1:DK1"}, {"开发区(东区)", "341321106 P1:DK1"},
        {"区（东", "341321106 P1:DK1"},         {"开发区（东区） 王集", "P1:DK1"},
        {"kfqdq", "341321106 P1:DK1"},          {"A区街道", "341321107 P1:DK2"},
        {"Ａ区街道", "341321107 P1:DK2"},       {"a区 李集", "P1:DK2"},
    };
    const dk_viewer everyone = dk_viewer_public();
    check_cases(f, &everyone, cases, sizeof cases / sizeof *cases);
}

/* More divisions than the rows are given of, or looked up of, have the text in their names. */
static void rows_of_many_divisions_named_alike(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    char id[8], code[13];
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "DK%02d", i);
        snprintf(code, sizeof code, "341321101%03d", 200 + i);
        add_parcel(f, load, id, "P1", "", code, i == 19 ? "丙" : "乙", "张三");
    }
    publish(f, load_finish(f, load));
    const dk_viewer everyone = dk_viewer_public();
    keys k = {0};
    bool complete = true;
    assert_int_equal(search_for(f, "寨村", &everyone, 100, &k, &complete), DK_OK);
    assert_true(!complete || strstr(k.text, "P1:DK19") != NULL);
    k = (keys){0};
    assert_int_equal(search_for(f, "寨村 丙", &everyone, 100, &k, &complete), DK_OK);
    assert_string_equal(k.text, "P1:DK19");
    assert_true(complete);
    k = (keys){0};
    assert_int_equal(search_for(f, "寨村 丁", &everyone, 100, &k, &complete), DK_OK);
    assert_string_equal(k.text, "");
    assert_true(complete);
}

static void a_store_that_is_indexed_anew_finds_the_same(void **state)
{
    fixture *f = *state;
    const dk_viewer everyone = dk_viewer_public();
    load_villages(f);
    assert_int_equal(dk_store_reindex(f->store, NULL, NULL, &f->err), DK_OK);
    static const search_case cases[] = {
        {"李庄", "P2:DK3 P3:DK4"}, {"楼村一", "P1:DK2"}, {"xlc", "P1:DK1 P1:DK2"}, {"村", "P1:DK1 P3:DK4 P1:DK2"}};
    check_cases(f, &everyone, cases, sizeof cases / sizeof *cases);
}

/* Of very many rows those that fit are given, and the answer says that there are more; no time at all gives an answer
 * too. */
static void a_search_is_bounded(void **state)
{
    fixture *f = *state;
    const dk_viewer everyone = dk_viewer_public();
    dk_load *load = load_begin(f, "parcel", false);
    char id[16], village[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(id, sizeof id, "D%d", i);
        snprintf(village, sizeof village, "%d村", i % 1000);
        add_parcel(f, load, id, "P1", "", "341321100", village, "张");
    }
    publish(f, load_finish(f, load));
    keys k = {0};
    bool complete = true;
    assert_int_equal(search_for(f, "村", &everyone, 20, &k, &complete), DK_OK);
    assert_int_equal(k.n, 20);
    assert_false(complete);
    k = (keys){0};
    assert_int_equal(search_for(f, "D1234 234村", &everyone, 20, &k, &complete), DK_OK);
    assert_string_equal(k.text, "P1:D1234");
    assert_true(complete);
}

/* Terms of rows that nobody sees come before those of rows that are published: in the order of texts, of numbers, and
 * in more beginnings than are looked for at once. */
static void rows_that_wait_do_not_crowd_out_those_that_are_published(void **state)
{
    fixture *f = *state;
    const dk_viewer everyone = dk_viewer_public();
    char id[16], village[64];
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 0; i < 900; i++) { /* 薛楼 and a character of its own, before 村 */
        snprintf(id, sizeof id, "W%d", i);
        snprintf(village, sizeof village, "薛楼%c%c%c周边", '0' + i / 100, '0' + i / 10 % 10, '0' + i % 10);
        add_parcel(f, load, id, "P1", "", "341321100", village, "张三");
        const int c = 0x4E00 + i;
        const char letter[4] = {(char)(0xE0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3F)), (char)(0x80 | (c & 0x3F)), 0};
        snprintf(village, sizeof village, "薛%s庄", letter);
        snprintf(id, sizeof id, "V%d", i);
        add_parcel(f, load, id, "P1", "", "341321100", village, "张三");
    }
    const int64_t waiting = load_finish(f, load);
    load = load_begin(f, "parcel", false);
    for (int i = 0; i < 3; i++) {
        snprintf(id, sizeof id, "DK%d", i);
        snprintf(village, sizeof village, "薛楼村%d组周边", i);
        add_parcel(f, load, id, "P2", "", "341321100", village, "李四");
    }
    publish(f, load_finish(f, load));
    static const char *const texts[] = {"薛楼", "薛", "楼", "薛楼村", "周边", "组周边", "xl"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        keys k = {0};
        bool complete = false;
        const dk_search search = {.text = texts[i],
                                  .viewer = &everyone,
                                  .generation = generation_of(f),
                                  .limit = 20,
                                  .milliseconds = 60000}; /* however slow the machine is */
        assert_int_equal(dk_search_run(f->store, &search, add_hit, &k, &complete, &f->err), DK_OK);
        if (strcmp(k.text, "P2:DK0 P2:DK1 P2:DK2") != 0)
            fail_msg("%s: %s", texts[i], k.text);
    }
    publish(f, waiting);
    keys k = {0};
    bool complete = true;
    assert_int_equal(search_for(f, "薛楼", &everyone, 20, &k, &complete), DK_OK);
    assert_false(complete);
    assert_int_equal(strncmp(k.text, "P1:W", 4), 0);
}

static void what_is_typed_is_read_as_words_numbers_and_sounds(void **state)
{
    (void)state;
    const struct {
        const char *text;
        size_t n_words;
        const char *number, *typed, *exact;
    } cases[] = {
        {"  薛楼  仓储 ", 2, NULL, "", NULL},
        {"皖政地 2020 123", 3, "皖政地〔2020〕123", "", "皖政地〔2020〕123号"},
        {"皖政地(2020)123", 1, "皖政地〔2020〕123", "", "皖政地〔2020〕123号"},
        {"皖政地〔2020〕123号", 1, NULL, "", "皖政地〔2020〕123号"},
        {"皖政地［２０２０］第０１２３号", 1, "皖政地〔2020〕123号", "", "皖政地〔2020〕123号"},
        {"2020-123号", 1, "〔2020〕123号", "", NULL},
        {"2020/123", 1, "〔2020〕123", "", NULL},
        {"(2020)", 1, "〔2020〕", "", NULL},
        {"皖政地2020", 1, "皖政地〔2020", "", NULL},
        {"皖政地【20", 1, "皖政地〔20", "", NULL},
        {"2020年第5号", 1, "〔2020〕5号", "", NULL},
        {"2020", 1, NULL, "", NULL},
        {"2020 abc", 2, NULL, "2020abc", NULL},
        {"12020-5", 1, NULL, "", NULL},
        {"1820-5", 1, NULL, "", NULL},
        {"DK001", 1, NULL, "dk001", NULL},
        {"Lu'an", 1, NULL, "luan", NULL},
        {"〔2020〕123号地块", 1, NULL, "", NULL},
        {"皖政地〔2020〕1号、皖政地〔2021〕2号", 2, NULL, "", NULL},
        {"皖政地[2020]第01、2 号和国土资函（2019）3号", 3, NULL, "", NULL},
        {"皖政地〔2020〕1号、2号地块", 1, NULL, "", "皖政地〔2020〕1号"},
        {"DK1 皖政地〔2020〕1号", 2, NULL, "", NULL},
        {"皖政地(2020)1号 薛楼", 2, NULL, "", NULL},
        {"皖政地〔2020〕1号、皖政地〔2021〕2号 薛楼", 3, NULL, "", NULL},
        {"DK1 皖政地〔2020〕1、2号", 3, NULL, "", NULL},
        {"DK1， 皖政地〔2020〕1号、 2号， 5号 薛楼", 5, NULL, "", NULL},
        {"DK1 皖政地〔2020〕1号 ； 2号、 薛楼、", 4, NULL, "", NULL},
        {"薛楼、 赵屯 ， 、DK1、", 3, NULL, "", NULL},
        {"薛楼、赵屯", 1, NULL, "", NULL},
        {"， 、", 1, NULL, "", NULL},
        {"皖政地 〔2020〕 第 1 号 批复", 6, NULL, "", "皖政地〔2020〕1号"},
        {"", 0, NULL, "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_search_query query;
        dk_error err;
        assert_int_equal(dk_search_query_read(cases[i].text, &query, &err), DK_OK);
        const char *const number = query.whole.number != NULL ? query.whole.number : "-";
        const char *const exact = query.exact_no != NULL ? query.exact_no : "-";
        if (query.n_words != cases[i].n_words || strcmp(number, cases[i].number ? cases[i].number : "-") != 0 ||
            strcmp(query.whole.typed, cases[i].typed) != 0 || strcmp(exact, cases[i].exact ? cases[i].exact : "-") != 0)
            fail_msg("%s: %zu words, number %s, typed %s, exact %s", cases[i].text, query.n_words, number,
                     query.whole.typed, exact);
        dk_search_query_finish(&query);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define SOUND_CASE(name) cmocka_unit_test_setup_teardown(name, setup_with_sounds, fixture_teardown)
#define FORMER_CASE(name) cmocka_unit_test_setup_teardown(name, setup_with_former_divisions, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_is_read_as_words_numbers_and_sounds),
        CASE(search_finds_a_number_in_any_brackets_then_prefixes_then_parts),
        SOUND_CASE(words_of_any_length_find_what_contains_them),
        SOUND_CASE(all_words_must_be_in_a_row_each_in_some_field),
        SOUND_CASE(a_number_is_found_however_it_is_typed),
        SOUND_CASE(several_numbers_find_the_rows_that_have_all_of_them),
        SOUND_CASE(rows_that_wait_do_not_crowd_out_those_that_are_published),
        SOUND_CASE(villages_and_divisions_are_found_by_their_sound),
        SOUND_CASE(a_hidden_field_finds_rows_for_those_who_see_it_there),
        SOUND_CASE(better_matches_come_first_and_shorter_values_before_longer),
        SOUND_CASE(a_hit_without_a_geometry_lies_where_its_rows_lie),
        FORMER_CASE(what_came_to_a_division_is_found_by_its_name_and_lies_in_its_box),
        FORMER_CASE(the_name_of_a_division_is_found_in_letters_of_any_width),
        cmocka_unit_test_setup_teardown(rows_of_many_divisions_named_alike, setup_with_villages, fixture_teardown),
        SOUND_CASE(a_store_that_is_indexed_anew_finds_the_same),
        SOUND_CASE(a_search_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
