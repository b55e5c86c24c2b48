#include "samples/generate.h"
#include "samples/people.h"
#include "samples/project.h"
#include "samples/zones.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

static const gen_column zone_columns[] = {
    {"BSM", GEN_TEXT, 18, 0},   {"GHFQMC", GEN_TEXT, 80, 0},   {"GHWH", GEN_TEXT, 60, 0},
    {"FQLX", GEN_TEXT, 30, 0},  {"YDYHFLDM", GEN_TEXT, 10, 0}, {"FLBB", GEN_TEXT, 4, 0},
    {"GHMC", GEN_TEXT, 120, 0}, {"PZRQ", GEN_DATE, 0, 0},      {"XZQDM", GEN_TEXT, 12, 0},
};
static const char *const plan_columns[] = {"规划批准文号", "规划名称", "批准机关",    "批准时间",
                                           "规划文本",     "规划图件", "行政区划代码"};
static const char *const notice_columns[] = {"公示编号", "规划批准文号", "公示类型",
                                             "公示时间", "公示结束时间", "公示渠道"};

static const struct {
    const char *name, *code;
    bool local; /* drawn by the town's plan */
} zone_kinds[] = {
    [GEN_FARMLAND] = {"永久基本农田", "01", false}, [GEN_ECOLOGY] = {"生态保护红线", "17", false},
    [GEN_TOWN] = {"城镇开发边界", "07", false},     [GEN_VILLAGE] = {"村庄建设区", "0703", true},
    [GEN_AGRICULTURE] = {"一般农业区", "02", true},
};

/* A plan of the county (of each county in a province), or of a town. */
typedef struct plan {
    char number[96], name[160];
    const char *authority, *division;
    long approved_on;
    char approved[16];
} plan;

static plan plan_of(const gen_region *region, bool local, size_t town)
{
    const gen_division *towns = gen_towns;
    plan p;
    const char *name = region->province ? gen_counties[town].division.name : local ? towns[town].name : "砀山县";
    gen_approval_no(p.number, sizeof p.number, local ? "宿政秘" : "皖政秘", local ? 2024 : 2023,
                    9001 + (unsigned)(local || region->province ? town : 0), local ? GEN_SQUARE : GEN_TORTOISE);
    snprintf(p.name, sizeof p.name, "%s%s（2021—2035年）（示例数据）", name,
             local ? "乡级国土空间总体规划" : "国土空间总体规划");
    p.authority = local ? "市人民政府（示例）" : "安徽省人民政府";
    p.division = region->province ? gen_counties[town].division.code : local ? towns[town].code : "341321";
    p.approved_on = gen_day(local ? 2024 : 2023, 6, 1) + (long)(town * 3 % 80);
    gen_date(p.approved, sizeof p.approved, p.approved_on);
    return p;
}

typedef struct zone_work {
    const gen_options *options;
    gen_counts *counts;
    gen_layer *layer;
} zone_work;

static bool add_zone(const gen_shape *shape, const gen_zone *zone, void *user)
{
    zone_work *w = user;
    const bool province = w->options->region.province, local = zone_kinds[zone->kind].local;
    const plan p = plan_of(&w->options->region, local, zone->town_number);
    char id[32], name[160];
    /* A red line crosses towns and is the county's. */
    const gen_division *division =
        zone->kind == GEN_ECOLOGY && !province ? &(gen_division){"341321", "砀山县"} : zone->town;
    snprintf(id, sizeof id, "%.6s%02d%010llu", division->code, (int)zone->kind + 1,
             (unsigned long long)++w->counts->zones);
    snprintf(name, sizeof name, "%s%s示例%llu", division->name, zone_kinds[zone->kind].name,
             (unsigned long long)w->counts->zones);
    const gen_value values[N_OF(zone_columns)] = {{.text = id},
                                                  {.text = name},
                                                  {.text = p.number},
                                                  {.text = zone_kinds[zone->kind].name},
                                                  {.text = zone_kinds[zone->kind].code},
                                                  {.text = local ? "2023" : "2020"},
                                                  {.text = p.name},
                                                  {.text = p.approved},
                                                  {.text = division->code}};
    return gen_layer_add(w->layer, shape, values);
}

/* The draft, shown for thirty days before the approval, and the plan itself, published within twenty working days of
 * it. Some were taken down too early, some came late, some are missing; those of the county's own plan are as they
 * should be. */
static bool add_plan_notices(gen_table *table, const gen_options *options, const plan *p, size_t number)
{
    gen_random random = {gen_hash(options->seed, 63, number, 0)};
    const int luck = number == 0 ? 0 : gen_pick(&random, 1, 8), more = gen_pick(&random, 0, 5);
    const long shown = p->approved_on - (luck == 1 ? 25 : 60 + 3 * more), ended = shown + (luck == 2 ? 29 : 30 + more);
    const long published = gen_disclosed(&random, p->approved_on, 26, 60, number == 0);
    char ids[2][32], dates[3][16];
    snprintf(ids[0], sizeof ids[0], "GS%05zu-1", number + 1);
    snprintf(ids[1], sizeof ids[1], "GS%05zu-2", number + 1);
    const char *const draft[] = {ids[0],
                                 p->number,
                                 "批前公示",
                                 gen_date(dates[0], sizeof dates[0], shown),
                                 gen_date(dates[1], sizeof dates[1], ended),
                                 "政府网站、规划展示厅"};
    const char *const final[] = {ids[1], p->number, "批后公布", gen_date(dates[2], sizeof dates[2], published),
                                 "",     "政府网站"};
    return (luck == 3 || gen_table_add(table, draft)) && (published == 0 || gen_table_add(table, final));
}

static bool write_plans(const gen_options *options)
{
    char path[4096];
    if (!gen_path(path, sizeof path, options, "plans", "csv"))
        return false;
    gen_table *table = gen_table_create(path, GEN_CSV_UTF8, NULL, plan_columns, N_OF(plan_columns));
    gen_table *notices = gen_path(path, sizeof path, options, "plan_notices", "csv")
                             ? gen_table_create(path, GEN_CSV_UTF8_BOM, NULL, notice_columns, N_OF(notice_columns))
                             : NULL;
    bool ok = table != NULL && notices != NULL;
    const size_t n_towns = options->region.province ? gen_n_counties : gen_n_towns;
    for (size_t k = 0; ok && k < 2 * n_towns; k++) {
        const bool local = k >= n_towns;
        const size_t town = k % n_towns;
        /* The last town's plan is not in the ledger: its zones show what an unpublished plan looks like. */
        if ((!local && !options->region.province && town > 0) || (local && town + 1 == n_towns))
            continue;
        const plan p = plan_of(&options->region, local, town);
        char text_url[128], map_url[128];
        snprintf(text_url, sizeof text_url, "https://example.invalid/plan/%zu/text", k + 1);
        snprintf(map_url, sizeof map_url, "https://example.invalid/plan/%zu/map", k + 1);
        const char *const values[] = {p.number, p.name, p.authority, p.approved, text_url, map_url, p.division};
        ok = gen_table_add(table, values) && add_plan_notices(notices, options, &p, k);
    }
    const bool closed = gen_table_close(table);
    return gen_table_close(notices) && closed && ok;
}

bool gen_write_zones(const gen_options *options, gen_counts *counts)
{
    zone_work w = {.options = options, .counts = counts};
    gen_shape shape = {0};
    char path[4096];
    if (!gen_path(path, sizeof path, options, "zones", gen_format_extension(options->zone_format)))
        return false;
    w.layer =
        gen_layer_create(path, options->zone_format, "zones", zone_columns, N_OF(zone_columns), options->gbk, false);
    bool ok = w.layer && gen_zones_draw(&options->region, &shape, add_zone, &w);
    if (!gen_layer_close(w.layer))
        ok = false;
    gen_shape_free(&shape);
    return ok && write_plans(options);
}

static const gen_column mining_columns[] = {
    {"XKZH", GEN_TEXT, 25, 0},  {"矿山名称", GEN_TEXT, 80, 0}, {"SQR", GEN_TEXT, 80, 0}, {"KCZKZMC", GEN_TEXT, 30, 0},
    {"KYQLX", GEN_TEXT, 10, 0}, {"YXQQ", GEN_DATE, 0, 0},      {"YXQZ", GEN_DATE, 0, 0}, {"FZJGMC", GEN_TEXT, 60, 0},
    {"ZMJ", GEN_REAL, 12, 4},   {"XZQDM", GEN_TEXT, 12, 0},    {"DH", GEN_TEXT, 20, 0},  {"YHZH", GEN_TEXT, 30, 0},
    {"DZ", GEN_TEXT, 100, 0},
};
static const gen_column mining_columns_pinyin[] = {
    {"XKZH", GEN_TEXT, 25, 0},  {"KSMC", GEN_TEXT, 80, 0},  {"SQR", GEN_TEXT, 80, 0}, {"KCZKZMC", GEN_TEXT, 30, 0},
    {"KYQLX", GEN_TEXT, 10, 0}, {"YXQQ", GEN_DATE, 0, 0},   {"YXQZ", GEN_DATE, 0, 0}, {"FZJGMC", GEN_TEXT, 60, 0},
    {"ZMJ", GEN_REAL, 12, 4},   {"XZQDM", GEN_TEXT, 12, 0}, {"DH", GEN_TEXT, 20, 0},  {"YHZH", GEN_TEXT, 30, 0},
    {"DZ", GEN_TEXT, 100, 0},
};
static const char *const decision_columns[] = {"审批编号", "许可证号", "审批类型", "审批日期", "审批机关", "公开时间"};
static const char *const minerals[] = {"煤", "地热", "砖瓦用页岩", "建筑用砂", "水泥用灰岩", "铁矿"};

/* A range with straight sides between corners given to the centimetre: the corners of a stretched, turned ring. */
static bool draw_range(gen_shape *shape, gen_random *random, gen_point centre)
{
    static const gen_point directions[] = {{1, 0},         {0.78, 0.62},   {0.22, 0.97}, {-0.43, 0.90}, {-0.90, 0.43},
                                           {-0.97, -0.22}, {-0.62, -0.78}, {0, -1},      {0.62, -0.78}};
    const double size = gen_between(random, 500, 1900), stretch = gen_between(random, 0.5, 1),
                 sine = gen_between(random, -0.7, 0.7);
    const double cosine = sqrt(1 - sine * sine);
    const int corners = gen_pick(random, 4, 9);
    gen_shape_clear(shape);
    if (!gen_shape_begin_ring(shape, true))
        return false;
    for (int i = 0; i < corners; i++) {
        const gen_point d = directions[i * (int)N_OF(directions) / corners];
        const double r = size * gen_between(random, 0.75, 1), x = d.x * r, y = d.y * r * stretch;
        if (!gen_shape_add(shape, (gen_point){round((centre.x + x * cosine - y * sine) * 100) / 100,
                                              round((centre.y + x * sine + y * cosine) * 100) / 100}))
            return false;
    }
    return gen_shape_end_ring(shape);
}

/* In a Shapefile of GBK: a .cpg that says UTF-8, as some converters leave it. */
static bool write_cpg(const gen_options *options)
{
    char path[4096];
    if (!gen_path(path, sizeof path, options, "mining", "cpg"))
        return false;
    FILE *file = fopen(path, "wb");
    bool ok = file && fputs("UTF-8", file) != EOF;
    if (file && fclose(file) != 0)
        ok = false;
    return ok || gen_fail("%s: could not be written", path);
}

bool gen_write_mining(const gen_options *options, gen_counts *counts)
{
    const gen_region *region = &options->region;
    const size_t n = (size_t)fmax(12, region->area / 1e8);
    gen_shape shape = {0};
    char path[4096];
    gen_layer *layer = NULL;
    gen_table *decisions = NULL;
    bool ok = false;
    if (!gen_path(path, sizeof path, options, "mining", gen_format_extension(options->mining_format)))
        goto out;
    layer =
        gen_layer_create(path, options->mining_format, "mining", options->gbk ? mining_columns : mining_columns_pinyin,
                         N_OF(mining_columns), options->gbk, false);
    if (!gen_path(path, sizeof path, options, "mining_decisions", "csv"))
        goto out;
    decisions = gen_table_create(path, GEN_CSV_UTF8_BOM, NULL, decision_columns, N_OF(decision_columns));
    ok = layer && decisions;
    for (size_t i = 0; ok && i < n; i++) {
        gen_random random = {gen_hash(options->seed, 61, i, 0)};
        gen_point centre;
        do {
            centre.x = gen_between(&random, region->min_x + 2500, region->max_x - 2500);
            centre.y = gen_between(&random, region->min_y + 2500, region->max_y - 2500);
        } while (!gen_region_contains(region, centre));
        if (!draw_range(&shape, &random, centre)) {
            ok = false;
            break;
        }
        const gen_place place = gen_place_of(region, centre);
        const bool exploration = gen_pick(&random, 1, 3) == 1, old = i % 4 == 3;
        const char *mineral = minerals[gen_hash(options->seed, 62, i, 0) % N_OF(minerals)];
        const int year = old ? gen_pick(&random, 2014, 2018) : gen_pick(&random, 2020, 2024),
                  month = gen_pick(&random, 1, 12);
        const int term = exploration ? old ? 3 : 5 : 5 * gen_pick(&random, 2, 5), day = gen_pick(&random, 1, 28);
        char licence[48], name[160], holder[128], from[16], to[16], phone[24], account[32], address[160], chinese[96];
        /* 18 characters before the numbering of 2020, 23 since (自然资办发〔2020〕32号); a serial of 99… is invented.
         */
        if (old)
            snprintf(licence, sizeof licence, "%c34420%02d%02d2099%04zu", exploration ? 'T' : 'C', year % 100, month,
                     i + 1);
        else
            snprintf(licence, sizeof licence, "%c341321%d%02d99%08zu", exploration ? 'T' : 'C', year, month, i + 1);
        gen_chinese_number(chinese, sizeof chinese, i + 1);
        /* 铁矿 is a mine already; 煤 becomes 煤矿 */
        const bool mine = strlen(mineral) > 3 && strcmp(mineral + strlen(mineral) - 3, "矿") == 0;
        snprintf(name, sizeof name, "示例%s号%s%s", chinese, mineral, exploration ? "勘查" : mine ? "" : "矿");
        snprintf(holder, sizeof holder, "示例%s矿业有限公司", chinese);
        snprintf(address, sizeof address, "%s示例路%zu号（示例数据）", place.village->name, i + 1);
        const gen_value values[N_OF(mining_columns)] = {
            {.text = licence},
            {.text = name},
            {.text = holder},
            {.text = mineral},
            {.text = exploration ? "探矿权" : "采矿权"},
            {.text = gen_date(from, sizeof from, gen_day(year, month, day))},
            {.text = gen_date(to, sizeof to, gen_day(year + term, month, day) - 1)},
            {.text = old ? "安徽省国土资源厅" : "安徽省自然资源厅"},
            {.number = round(gen_shape_area(&shape) / 100) / 10000},
            {.text = place.town->code},
            {.text = gen_phone(phone, sizeof phone, 7000 + i)},
            {.text = gen_bank_account(account, sizeof account, 900000 + i)},
            {.text = address}};
        ok = gen_layer_add(layer, &shape, values);
        counts->mining++;
        gen_random clock = {gen_hash(options->seed, 64, i, 0)};
        /* The second right has no decision in the ledger; every fifth one has been changed since. */
        for (int k = 0; ok && k < (i == 1 ? 0 : i % 5 == 0 ? 2 : 1); k++) {
            char id[32], decided[16], shown[16] = "";
            const long day_decided = gen_day(year, month, day) - 10 + 200 * k;
            const long published = gen_disclosed(&clock, day_decided, 25, 60, false);
            snprintf(id, sizeof id, "SP%05zu-%d", i + 1, k + 1);
            const char *const row[] = {id,
                                       licence,
                                       k     ? "变更"
                                       : old ? "延续"
                                             : "新立",
                                       gen_date(decided, sizeof decided, day_decided),
                                       old ? "安徽省国土资源厅" : "安徽省自然资源厅",
                                       published != 0 ? gen_date(shown, sizeof shown, published) : shown};
            ok = gen_table_add(decisions, row);
        }
    }
out:
    if (!gen_layer_close(layer))
        ok = false;
    if (!gen_table_close(decisions))
        ok = false;
    gen_shape_free(&shape);
    return ok && (!options->lying_cpg || write_cpg(options));
}
