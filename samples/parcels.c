#include "samples/blocks.h"
#include "samples/generate.h"
#include "samples/project.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 460.0 /* m: a block of 20 ha, fields of half a hectare */
#define SHEET_PROJECTS                                                                                                 \
    10000                   /* more projects than this go into CSV: a sheet is held in memory and has 1,048,576 rows   \
                             */
#define MANY_PARCELS 100000 /* above, one parcel in ten has one compensation row */

/* A block that is taken: one project. */
typedef struct taken {
    uint64_t hash;
    uint32_t column, row;
    int n;
} taken;

static int by_hash(const void *a, const void *b)
{
    const taken *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static int by_place(const void *a, const void *b)
{
    const taken *x = a, *y = b;
    return x->row != y->row ? (x->row < y->row ? -1 : 1) : x->column < y->column ? -1 : x->column > y->column;
}

/* Every block of the region. *ret_parcels: how many parcels they hold. */
static bool list_blocks(const gen_grid *grid, taken **ret_blocks, size_t *ret_n, uint64_t *ret_parcels)
{
    size_t n = 0, capacity = 0;
    taken *blocks = NULL;
    uint64_t parcels = 0;
    for (uint32_t row = 0; row < grid->rows; row++)
        for (uint32_t column = 0; column < grid->columns; column++) {
            gen_block block;
            if (!gen_block_plan(grid, column, row, &block))
                continue;
            if (n == capacity) {
                capacity = capacity ? capacity * 2 : 1024;
                taken *more = realloc(blocks, capacity * sizeof *blocks);
                if (!more) {
                    free(blocks);
                    return gen_fail("out of memory for %zu blocks", capacity);
                }
                blocks = more;
            }
            blocks[n++] = (taken){gen_hash(grid->region->seed, 31, column, row), column, row, block.n_parcels};
            parcels += (uint64_t)block.n_parcels;
        }
    *ret_blocks = blocks;
    *ret_n = n;
    *ret_parcels = parcels;
    return true;
}

/* Chooses blocks that hold exactly so many parcels; one of them, not among the special ones, holds exactly fifty. */
static bool choose_blocks(const gen_options *options, gen_grid *grid, taken **ret_blocks, size_t *ret_n)
{
    enum { SPARE = 200 };
    taken *blocks = NULL;
    size_t n_blocks = 0;
    uint64_t held = 0;
    double cell = BLOCK_SIZE;
    for (;;) {
        gen_grid_init(grid, &options->region, cell);
        if (!list_blocks(grid, &blocks, &n_blocks, &held))
            return false;
        if (held >= options->parcels + SPARE)
            break;
        free(blocks);
        cell *= fmin(0.995, 0.998 * sqrt((double)(held + 1) / (double)(options->parcels + SPARE)));
        if (cell < 20)
            return gen_fail("%llu parcels do not fit into the region: try --province",
                            (unsigned long long)options->parcels);
    }
    /* Where there is room, a project takes only a part of its block. */
    if (held / 5 > options->parcels)
        for (size_t i = 0; i < n_blocks; i++)
            blocks[i].n = (int)(blocks[i].n *
                                (0.45 + 0.55 * gen_unit(gen_hash(options->seed, 32, blocks[i].column, blocks[i].row))));
    qsort(blocks, n_blocks, sizeof *blocks, by_hash);
    uint64_t sum = 0;
    size_t n = 0;
    while (n < n_blocks && sum < options->parcels + SPARE)
        sum += (uint64_t)blocks[n++].n;
    qsort(blocks, n, sizeof *blocks, by_place);
    size_t fifty = SIZE_MAX;
    for (size_t i = GEN_ORDINARY; i < n && fifty == SIZE_MAX; i++)
        if (blocks[i].n >= 50) {
            sum -= (uint64_t)(blocks[i].n - 50);
            blocks[i].n = 50;
            fifty = i;
        }
    for (size_t i = n; i-- > 0 && sum > options->parcels;) {
        if (i == fifty)
            continue;
        const uint64_t excess = sum - options->parcels,
                       drop = excess < (uint64_t)blocks[i].n ? excess : (uint64_t)blocks[i].n;
        blocks[i].n -= (int)drop;
        sum -= drop;
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (blocks[i].n > 0)
            blocks[kept++] = blocks[i];
    *ret_blocks = blocks;
    *ret_n = kept;
    return true;
}

static const gen_column parcel_columns_gbk[] = {
    /* ten bytes are five characters of GBK: 土地征收名称 and 土地征收文号 arrive cut */
    {"OBJECTID", GEN_INTEGER, 9, 0}, {"DKBH", GEN_TEXT, 12, 0},       {"DKMC", GEN_TEXT, 60, 0},
    {"XZQDM", GEN_TEXT, 12, 0},      {"所属村", GEN_TEXT, 40, 0},     {"XMBH", GEN_TEXT, 16, 0},
    {"土地征收名", GEN_TEXT, 80, 0}, {"土地征收文", GEN_TEXT, 60, 0}, {"DKYT", GEN_TEXT, 20, 0},
    {"DLBM", GEN_TEXT, 5, 0},        {"DKMJ", GEN_REAL, 12, 4},       {"Shape_Area", GEN_REAL, 18, 6},
};
static const gen_column parcel_columns_pinyin[] = {
    {"OBJECTID", GEN_INTEGER, 9, 0}, {"DKBH", GEN_TEXT, 12, 0},  {"DKMC", GEN_TEXT, 80, 0},
    {"XZQDM", GEN_TEXT, 12, 0},      {"XZQMC", GEN_TEXT, 60, 0}, {"XMBH", GEN_TEXT, 16, 0},
    {"XMMC", GEN_TEXT, 100, 0},      {"PZWH", GEN_TEXT, 80, 0},  {"DKYT", GEN_TEXT, 30, 0},
    {"DLBM", GEN_TEXT, 5, 0},        {"DKMJ", GEN_REAL, 12, 4},  {"Shape_Area", GEN_REAL, 18, 6},
};
static const gen_column parcel_columns_chinese[] = {
    {"OBJECTID", GEN_INTEGER, 9, 0},  {"地块编号", GEN_TEXT, 0, 0},     {"地块名称", GEN_TEXT, 0, 0},
    {"行政区划代码", GEN_TEXT, 0, 0}, {"所属村", GEN_TEXT, 0, 0},       {"项目编号", GEN_TEXT, 0, 0},
    {"土地征收名称", GEN_TEXT, 0, 0}, {"土地征收文号", GEN_TEXT, 0, 0}, {"地块用途", GEN_TEXT, 0, 0},
    {"地类编码", GEN_TEXT, 0, 0},     {"地块面积", GEN_REAL, 0, 0},     {"Shape_Area", GEN_REAL, 0, 0},
};
enum { N_PARCEL_COLUMNS = sizeof parcel_columns_gbk / sizeof parcel_columns_gbk[0] };

static const char *const project_columns[] = {"项目编号", "项目名称", "批次名称", "用地类型",     "适用程序",
                                              "办理阶段", "是否听证", "启动时间", "调查结束时间", "行政区划代码"};
static const char *const approval_columns[] = {"批准文号", "项目编号", "批准机关", "批准时间", "收到批文时间",
                                               "项目名称", "批次名称", "用地类型", "总面积",   "农用地",
                                               "耕地",     "建设用地", "未利用地", "批复文件", "批文公开时间"};
static const char *const notice_columns[] = {"公告编号", "项目编号", "批准文号", "公告类型",     "公告名称",
                                             "发布时间", "发布渠道", "链接",     "公告结束时间", "听证时间"};
static const char *const compensation_columns[] = {"地块编号",     "批准文号",   "受款单位",   "区片编号",
                                                   "区片综合地价", "土地补偿费", "安置补助费", "青苗和地上附着物补偿费",
                                                   "社会保障费",   "补偿总额",   "支付日期",   "被征地农户",
                                                   "身份证号",     "银行账号",   "补偿编号",   "村民小组",
                                                   "承包合同号"};
static const char *const preexamination_columns[] = {"意见书编号", "项目编号", "核发日期", "公开时间"};

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

typedef struct areas {
    double total, farmland, cultivated, construction, unused; /* ha, rounded to four decimals as declared */
} areas;

typedef struct work {
    const gen_options *options;
    gen_counts *counts;
    gen_serials serials;
    gen_layer *parcels;
    gen_table *projects, *approvals, *notices, *compensations, *preexaminations;
    /* the project that is being written */
    gen_project project;
    gen_place place;
    int n_parcels;
    areas areas, first_parcel;
    gen_notice notices_of[GEN_MAX_NOTICES];
    size_t n_notices;
} work;

static const struct land_class {
    const char *code;
    char group; /* c cultivated, f other farmland, b built, u unused */
} land_classes[] = {{"0102", 'c'}, {"0103", 'c'}, {"0102", 'c'}, {"0201", 'f'},
                    {"0307", 'f'}, {"1104", 'f'}, {"0702", 'b'}, {"1206", 'u'}};

static void add_area(areas *to, double ha, char group)
{
    to->total += ha;
    to->farmland += group == 'c' || group == 'f' ? ha : 0;
    to->cultivated += group == 'c' ? ha : 0;
    to->construction += group == 'b' ? ha : 0;
    to->unused += group == 'u' ? ha : 0;
}

/* The approval numbers of a parcel as its source writes them. */
static void parcel_approvals(const work *w, int number, gen_brackets brackets, char *text, size_t size)
{
    const gen_project *p = &w->project;
    text[0] = 0;
    if (p->role == GEN_UNKNOWN_APPROVAL && number == 1) {
        gen_approval_no(text, size, "皖政地", p->year, 9999, brackets);
    } else if (p->n_approvals > 0) {
        gen_approval_no(text, size, p->approvals[0].agency, p->approvals[0].year, p->approvals[0].serial, brackets);
        if (p->n_approvals > 1 && number == 0) {
            char second[96];
            gen_approval_no(second, sizeof second, p->approvals[1].agency, p->approvals[1].year, p->approvals[1].serial,
                            GEN_SQUARE);
            const size_t length = strlen(text);
            snprintf(text + length, size - length, "、%s", second);
        }
    }
}

/* As clerks type them: 2022-06-05, 2022年6月5日, 2022.6.5. */
static const char *ledger_date(char *text, size_t size, long day, uint64_t row)
{
    static const char *const ways[] = {"%d年%d月%d日", "%d.%d.%d"};
    int year, month, of_month;
    gen_date(text, size, day);
    if (row % 4 < 2 && sscanf(text, "%d-%d-%d", &year, &month, &of_month) == 3)
        snprintf(text, size, ways[row % 4], year, month, of_month);
    return text;
}

static const char *money(char *text, size_t size, double yuan)
{
    snprintf(text, size, "%.2f", yuan);
    return text;
}

/* What is paid for one parcel, household by household. */
static bool add_compensations(work *w, int number, int strip, double ha)
{
    static const char *const zones[] = {"Ⅰ", "Ⅱ", "Ⅲ"};
    static const int prices[] = {54000, 48000, 44000}; /* yuan/mu, invented */
    gen_project *p = &w->project;
    const bool many = w->options->parcels > MANY_PARCELS;
    const bool lonely = p->role == GEN_FEW_ROWS && number + 1 == w->n_parcels;
    if (p->n_approvals == 0 || (many && w->counts->parcels % 10 != 0))
        return true;
    gen_random random = {gen_hash(w->options->seed, 51, p->number, (uint64_t)number)};
    const int rows = lonely ? 2 : many ? 1 : gen_pick(&random, 1, 4);
    const int zone = (int)(w->place.town_number % 3);
    char id[16], approval[160], collective[128], price[16], fees[5][32], paid[16], payee[128], identity[24],
        account[24], row_id[32], group[64], contract[48];
    char chinese[32];
    snprintf(id, sizeof id, "DK%03d", number + 1);
    snprintf(group, sizeof group, "%s村民小组",
             gen_chinese_number(chinese, sizeof chinese, lonely ? 9 : (uint64_t)(strip / 2 + 1)));
    snprintf(collective, sizeof collective, "%s%s", w->place.village->name, group);
    snprintf(price, sizeof price, "%d", prices[zone]);
    for (int i = 0; i < rows; i++) {
        parcel_approvals(w, p->n_approvals > 1 && i > 0 ? 1 : number, GEN_ROUND, approval, sizeof approval);
        const double mu = ha / rows * 15;
        double amounts[5] = {mu * prices[zone] * 0.4, mu * prices[zone] * 0.6, mu * gen_between(&random, 1200, 2600),
                             mu * prices[zone] * 0.15, 0};
        for (int k = 0; k < 4; k++) {
            amounts[k] = round(amounts[k] * 100) / 100;
            amounts[4] += amounts[k];
        }
        for (int k = 0; k < 5; k++)
            money(fees[k], sizeof fees[k], amounts[k]);
        const uint64_t serial = ++w->counts->compensations;
        gen_date(paid, sizeof paid, p->received + 30 + gen_pick(&random, 0, 40));
        if (p->role == GEN_NOTICE_MISSING && serial % 3 == 0) /* what is still open */
            paid[0] = '\0';
        snprintf(contract, sizeof contract, "示例合同%s%06llu", w->place.village->code, (unsigned long long)serial);
        gen_person(payee, sizeof payee, serial);
        gen_identity_number(identity, sizeof identity, serial);
        gen_bank_account(account, sizeof account, serial);
        snprintf(row_id, sizeof row_id, "BC%07llu", (unsigned long long)serial);
        const char *const values[] = {id,       approval, collective, zones[zone], price,   fees[0],
                                      fees[1],  fees[2],  fees[3],    fees[4],     paid,    payee,
                                      identity, account,  row_id,     group,       contract};
        if (!gen_table_add(w->compensations, values))
            return false;
    }
    return true;
}

static bool add_parcel(const gen_shape *shape, int number, int strip, void *user)
{
    work *w = user;
    const gen_project *p = &w->project;
    char id[16], name[96], approval[160];
    const double m2 = gen_shape_area(shape), ha = round(m2) / 10000;
    /* Neighbouring strips are often of one kind. */
    const struct land_class *class =
        &land_classes[gen_hash(w->options->seed, 52, p->number, (uint64_t)(strip / 2 + number / 20 * 8)) %
                      N_OF(land_classes)];
    snprintf(id, sizeof id, "DK%03d", number + 1);
    snprintf(name, sizeof name, "示例地块%d", number + 1);
    parcel_approvals(w, number, (gen_brackets)(p->number % GEN_N_BRACKETS), approval, sizeof approval);
    const bool wrong = p->role == GEN_WRONG_AREA && number == 2;
    const gen_value values[N_PARCEL_COLUMNS] = {{.number = (double)(w->counts->parcels + 1)},
                                                {.text = id},
                                                {.text = name},
                                                {.text = w->place.village->code},
                                                {.text = w->place.village->name},
                                                {.text = p->id},
                                                {.text = p->name},
                                                {.text = approval},
                                                {.text = p->purpose},
                                                {.text = class->code},
                                                {.number = wrong ? round(m2 * 1.1) / 10000 : ha},
                                                {.number = m2}};
    add_area(&w->areas, ha, class->group);
    if (number == 0)
        add_area(&w->first_parcel, ha, class->group);
    if (!gen_layer_add(w->parcels, shape, values) || !add_compensations(w, number, strip, ha))
        return false;
    w->counts->parcels++;
    return true;
}

/* "" for 0. */
static const char *date_or_none(char *text, size_t size, long day)
{
    text[0] = '\0';
    return day != 0 ? gen_date(text, size, day) : text;
}

static bool add_approvals(work *w)
{
    const gen_project *p = &w->project;
    char shown[16];
    for (int i = 0; i < p->n_approvals; i++) {
        static const gen_brackets styles[] = {GEN_TORTOISE, GEN_SQUARE, GEN_FULL_ROUND, GEN_FULL_SQUARE};
        const gen_approval *a = &p->approvals[i];
        const areas *s = i == 0 ? &w->areas : &w->first_parcel;
        char no[96], approved[16], received[16], numbers[5][24], url[96];
        gen_approval_no(no, sizeof no, a->agency, a->year, a->serial, styles[(p->number + (uint64_t)i) % N_OF(styles)]);
        const double ha[5] = {s->total, s->farmland, s->cultivated, s->construction, s->unused};
        for (int k = 0; k < 5; k++)
            snprintf(numbers[k], sizeof numbers[k], "%.4f", ha[k]);
        snprintf(url, sizeof url, "https://example.invalid/approval/%s-%d", p->id, i + 1);
        const char *const values[] = {no,
                                      p->id,
                                      a->authority,
                                      gen_date(approved, sizeof approved, p->approved - 20 * i),
                                      gen_date(received, sizeof received, p->received),
                                      p->name,
                                      p->batch,
                                      p->land_kind,
                                      numbers[0],
                                      numbers[1],
                                      numbers[2],
                                      numbers[3],
                                      numbers[4],
                                      url,
                                      date_or_none(shown, sizeof shown, p->published)};
        if (!gen_table_add(w->approvals, values))
            return false;
        w->counts->approvals++;
    }
    return true;
}

static bool add_notices(work *w)
{
    const gen_notice *notices = w->notices_of;
    for (size_t i = 0; i < w->n_notices; i++) {
        char id[32], approval[160] = "", title[256], date[32], url[96], ended[32] = "", held[32] = "";
        snprintf(id, sizeof id, "GG%06llu", (unsigned long long)++w->counts->notices);
        if (notices[i].names_approval && w->project.n_approvals > 0)
            gen_approval_no(approval, sizeof approval, w->project.approvals[0].agency, w->project.approvals[0].year,
                            w->project.approvals[0].serial, (gen_brackets)((w->project.number + i) % GEN_N_BRACKETS));
        snprintf(title, sizeof title, "%s%s（示例数据）", w->project.name, notices[i].kind);
        snprintf(url, sizeof url, "https://example.invalid/notice/%s", id);
        const char *const values[] = {
            id,
            w->project.id,
            approval,
            notices[i].kind,
            title,
            ledger_date(date, sizeof date, notices[i].published, w->counts->notices),
            i % 2 ? "村公示栏、征地信息公开平台" : "政府网站、村公示栏",
            url,
            notices[i].ended != 0 ? ledger_date(ended, sizeof ended, notices[i].ended, w->counts->notices) : "",
            notices[i].held != 0 ? ledger_date(held, sizeof held, notices[i].held, w->counts->notices) : ""};
        if (!gen_table_add(w->notices, values))
            return false;
    }
    return true;
}

static const gen_notice *notice_of(const work *w, const char *kind)
{
    for (size_t i = 0; i < w->n_notices; i++)
        if (strcmp(w->notices_of[i].kind, kind) == 0)
            return &w->notices_of[i];
    return NULL;
}

/* When the work began, and when the survey ended: the day that the notices of these are judged by. */
static void find_days(work *w, long *ret_started, long *ret_surveyed)
{
    gen_project *p = &w->project;
    const bool good = p->role <= GEN_COMPLETE_NEW;
    const gen_notice *first = notice_of(w, "拟征收土地告知"), *survey = notice_of(w, "拟征收土地现状调查");
    const int before = gen_pick(&p->clock, 1, 10), days = gen_pick(&p->clock, 1, 3);
    if (first == NULL)
        first = notice_of(w, "征收土地预公告");
    *ret_started = first == NULL ? p->approved - 280 : first->published - (good || before < 9 ? 0 : 4);
    *ret_surveyed = p->role == GEN_PENDING ? 0
                    : survey == NULL       ? p->approved - 200
                                           : survey->published - (good || before < 8 ? days : 15);
}

static bool add_project(work *w, const gen_grid *grid, const taken *from, gen_shape *shape)
{
    gen_project *p = &w->project;
    gen_block block;
    gen_project_init(p, &w->serials, w->options->seed, w->counts->projects++, &w->options->region);
    w->place = gen_place_of(&w->options->region, gen_block_centre(grid, from->column, from->row));
    w->n_parcels = from->n;
    w->areas = w->first_parcel = (areas){0};
    w->n_notices = gen_project_notices(p, w->notices_of);
    long started, surveyed;
    char begun[16], ended[16];
    find_days(w, &started, &surveyed);
    const char *const values[] = {p->id,
                                  p->name,
                                  p->batch,
                                  p->land_kind,
                                  p->regime,
                                  p->n_approvals > 0 ? "已批准" : "报批前",
                                  p->hearing ? "是" : "否",
                                  gen_date(begun, sizeof begun, started),
                                  date_or_none(ended, sizeof ended, surveyed),
                                  w->place.town->code};
    if (!gen_table_add(w->projects, values) || !gen_block_plan(grid, from->column, from->row, &block) ||
        !gen_block_draw(grid, &block, from->n, shape, add_parcel, w) || !add_approvals(w) || !add_notices(w))
        return false;
    if (!p->needs_preexamination || p->role == GEN_NO_PREEXAMINATION)
        return true;
    char number[64], date[16], shown[16];
    snprintf(number, sizeof number, "示例用字第341321%d%05llu号", p->year, (unsigned long long)p->number + 1);
    const char *const examined[] = {
        number, p->id, gen_date(date, sizeof date, p->approved - 380),
        date_or_none(shown, sizeof shown, gen_disclosed(&p->clock, p->approved - 380, 8, 25, false))};
    return gen_table_add(w->preexaminations, examined);
}

static gen_table *open_table(const gen_options *options, const char *name, gen_table_format format, const char *sheet,
                             const char *const *columns, size_t n)
{
    char path[4096];
    return gen_path(path, sizeof path, options, name, format == GEN_XLSX ? "xlsx" : "csv")
               ? gen_table_create(path, format, sheet, columns, n)
               : NULL;
}

bool gen_write_parcels(const gen_options *options, gen_counts *counts)
{
    work w = {.options = options, .counts = counts};
    gen_shape shape = {0};
    gen_grid grid;
    taken *blocks = NULL;
    size_t n_blocks = 0;
    char path[4096];
    bool ok = false;
    if (!choose_blocks(options, &grid, &blocks, &n_blocks))
        return false;
    const gen_column *columns = options->parcel_format != GEN_SHAPEFILE ? parcel_columns_chinese
                                : options->gbk                          ? parcel_columns_gbk
                                                                        : parcel_columns_pinyin;
    const gen_table_format sheet = n_blocks > SHEET_PROJECTS ? GEN_CSV_UTF8_BOM : GEN_XLSX;
    if (!gen_path(path, sizeof path, options, "parcels", gen_format_extension(options->parcel_format)))
        goto out;
    w.parcels = gen_layer_create(path, options->parcel_format, "parcels", columns, N_PARCEL_COLUMNS, options->gbk,
                                 options->parcels > MANY_PARCELS);
    w.projects = open_table(options, "projects", GEN_CSV_UTF8_BOM, NULL, project_columns, N_OF(project_columns));
    w.approvals = open_table(options, "approvals", sheet, "批复台账", approval_columns, N_OF(approval_columns));
    w.notices = open_table(options, "notices", sheet, "公告台账", notice_columns, N_OF(notice_columns));
    w.compensations = open_table(options, "compensation", options->gbk ? GEN_CSV_GBK : GEN_CSV_UTF8_BOM, NULL,
                                 compensation_columns, N_OF(compensation_columns));
    w.preexaminations = open_table(options, "preexaminations", GEN_CSV_UTF8_BOM, NULL, preexamination_columns,
                                   N_OF(preexamination_columns));
    ok = w.parcels && w.projects && w.approvals && w.notices && w.compensations && w.preexaminations;
    for (size_t i = 0; ok && i < n_blocks; i++)
        ok = add_project(&w, &grid, &blocks[i], &shape);
out:
    if (!gen_layer_close(w.parcels))
        ok = false;
    gen_table *tables[] = {w.projects, w.approvals, w.notices, w.compensations, w.preexaminations};
    for (size_t i = 0; i < N_OF(tables); i++)
        if (!gen_table_close(tables[i]))
            ok = false;
    gen_shape_free(&shape);
    free(blocks);
    return ok;
}
