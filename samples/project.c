#include "samples/project.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *what, *purpose, *land_kind;
} uses[] = {
    {"工业园", "工业用地", "城镇分批次"},
    {"安置小区", "城镇住宅用地", "城镇分批次"},
    {"中学", "教育用地", "城镇分批次"},
    {"变电站", "公用设施用地", "单独选址"},
    {"公路改建", "交通运输用地", "单独选址"},
    {"水厂", "公用设施用地", "城镇分批次"},
    {"物流园", "仓储用地", "城镇分批次"},
    {"沟渠整治", "水利设施用地", "单独选址"},
    {"拆旧复垦建新", "商业服务业用地", "增减挂钩"},
};
enum { N_USES = sizeof uses / sizeof uses[0] };

static const int role_years[] = {2018, 2020, 2022, 2022, 2023, 2021, 2024, 2021, 2019, 2022};

static const gen_approval province = {.agency = "皖政地", .authority = "安徽省人民政府"};

static unsigned next_serial(unsigned *serials, int year)
{
    /* Real numbers of one year end far below 9000: an invented one cannot be taken for a real one. */
    return 9001 + serials[year - GEN_FIRST_YEAR]++;
}

/* Everything that the law wants was done, and in time. */
static bool gen_complete(const gen_project *project)
{
    return project->role <= GEN_COMPLETE_NEW;
}

void gen_project_init(gen_project *project, gen_serials *serials, uint64_t seed, uint64_t number,
                      const gen_region *region)
{
    char chinese[96];
    memset(project, 0, sizeof *project);
    project->number = number;
    project->role = number < GEN_ORDINARY ? (gen_role)number : GEN_ORDINARY;
    project->random.state = gen_hash(seed, 41, number, 0);
    project->clock.state = gen_hash(seed, 42, number, 0);
    gen_random *random = &project->random;

    const int year = project->role == GEN_ORDINARY ? gen_pick(random, GEN_FIRST_YEAR, GEN_FIRST_YEAR + GEN_N_YEARS - 1)
                                                   : role_years[project->role];
    project->year = year;
    /* From March to July, or from October: never a day that could fall into another regime than its neighbours'. */
    int month = gen_pick(random, 0, 1) ? gen_pick(random, 3, 7) : gen_pick(random, 10, 12);
    if (project->role == GEN_FEW_ROWS)
        month = 11;
    else if (project->role == GEN_UNKNOWN_APPROVAL)
        month = 5;
    project->approved = gen_day(year, month, gen_pick(random, 1, 28));
    project->received = project->approved + gen_pick(random, 4, 16);
    project->regime = year < 2020                               ? "2020年前"
                      : project->approved < gen_day(2021, 9, 1) ? "2020至2021年8月"
                                                                : "2021年9月起";
    project->hearing = project->role == GEN_COMPLETE_OLD ||
                       (project->role == GEN_ORDINARY && year < 2020 && gen_pick(random, 1, 4) == 1);

    const int use = project->role == GEN_TWO_APPROVALS || project->role == GEN_NO_PREEXAMINATION
                        ? 4
                        : gen_pick(random, 0, N_USES - 1);
    project->purpose = uses[use].purpose;
    project->land_kind = uses[use].land_kind;
    project->needs_preexamination = strcmp(project->land_kind, "单独选址") == 0;
    snprintf(project->id, sizeof project->id, "XM%d%03u", year, ++serials->projects[year - GEN_FIRST_YEAR]);
    snprintf(project->name, sizeof project->name, "%s示例%s号%s项目", region->province ? "安徽省" : "砀山县",
             gen_chinese_number(chinese, sizeof chinese, number + 1), uses[use].what);
    snprintf(project->batch, sizeof project->batch, "%d年度第%s批次（示例数据）", year,
             gen_chinese_number(chinese, sizeof chinese, serials->projects[year - GEN_FIRST_YEAR]));

    if (project->role == GEN_PENDING)
        return;
    project->published = gen_disclosed(&project->clock, project->received, 12, 35, gen_complete(project));
    project->approvals[0] = province;
    project->approvals[0].year = year;
    project->approvals[0].serial = next_serial(serials->provincial, year);
    project->n_approvals = 1;
    if (project->role == GEN_TWO_APPROVALS || (project->role == GEN_ORDINARY && gen_pick(random, 1, 30) == 1)) {
        project->approvals[1] = (gen_approval){.agency = year < 2018 ? "国土资函" : "自然资函",
                                               .authority = "国务院",
                                               .year = year,
                                               .serial = next_serial(serials->national, year)};
        project->n_approvals = 2;
    }
}

long gen_disclosed(gen_random *random, long day, int in_time, int late, bool always)
{
    const int luck = gen_pick(random, 1, 20), early = gen_pick(random, 1, in_time),
              after = gen_pick(random, in_time + 1, late);
    return always || luck <= 15 ? day + early : luck <= 18 ? day + after : 0;
}

typedef struct step {
    const char *kind;
    int from, to; /* days after the approval, or after its receipt when it names the approval */
    bool names_approval, hearing;
} step;

/* 2019 guide on the procedure before 2020: two announcements and one registration after the approval. */
static const step steps_old[] = {
    {"拟征收土地告知", -240, -185, false, false},  {"拟征收土地现状调查", -175, -150, false, false},
    {"拟征地听证", -140, -120, false, true},       {"征地报批材料", 3, 12, true, false},
    {"征收土地公告", 4, 13, true, false},          {"征地补偿登记", 16, 30, true, false},
    {"征地补偿安置方案公告", 18, 44, true, false}, {"征地补偿安置方案听证", 60, 75, true, true},
};
/* 土地管理法 of 2019, article 47: the plan is announced before the application. */
static const step steps_2020[] = {
    {"拟征收土地告知", -300, -255, false, false},   {"拟征收土地现状调查", -245, -215, false, false},
    {"征地补偿安置公告", -200, -150, false, false}, {"征地报批材料", 3, 12, true, false},
    {"征收土地公告", 4, 13, true, false},
};
/* 实施条例 of 2021, articles 26 to 31. */
static const step steps_new[] = {
    {"征收土地预公告", -330, -265, false, false},   {"拟征收土地现状调查", -250, -220, false, false},
    {"征地补偿安置公告", -205, -150, false, false}, {"征地报批材料", 3, 12, true, false},
    {"征收土地公告", 5, 17, true, false},
};

/* How long it was shown, and the hearing that it is for. Ten working days and thirty days are what the law wants, and a
 * notice of a hearing seven working days ahead. */
static void add_days(gen_project *project, gen_notice *notice)
{
    gen_random *random = &project->clock;
    const int luck = gen_pick(random, 1, 10), more = gen_pick(random, 0, 6);
    const bool good = gen_complete(project) || luck <= 8;
    if (strcmp(notice->kind, "征收土地预公告") == 0 && project->role != GEN_PENDING)
        notice->ended = notice->published + (good ? 26 + more : 5 + more);
    else if (strcmp(notice->kind, "征地补偿安置公告") == 0)
        notice->ended = notice->published + (good ? 30 + more : luck == 9 ? 29 : 20 + more);
    else if (strstr(notice->kind, "听证"))
        notice->held = notice->published + (good ? 19 + more : 4);
}

size_t gen_project_notices(gen_project *project, gen_notice notices[GEN_MAX_NOTICES])
{
    const step *steps = steps_new;
    size_t n_steps = sizeof steps_new / sizeof steps_new[0], n = 0;
    if (project->year < 2020) {
        steps = steps_old;
        n_steps = sizeof steps_old / sizeof steps_old[0];
    } else if (project->approved < gen_day(2021, 9, 1)) {
        steps = steps_2020;
        n_steps = sizeof steps_2020 / sizeof steps_2020[0];
    }
    for (size_t i = 0; i < n_steps; i++) {
        const long after = gen_pick(&project->random, steps[i].from, steps[i].to);
        const bool forgotten = project->role == GEN_ORDINARY && gen_pick(&project->random, 1, 12) == 1;
        if (forgotten || (steps[i].hearing && !project->hearing) ||
            (project->role == GEN_NOTICE_MISSING && strcmp(steps[i].kind, "征地补偿安置公告") == 0) ||
            (project->role == GEN_PENDING && i > 0))
            continue;
        gen_notice *notice = &notices[n++];
        *notice = (gen_notice){.kind = steps[i].kind,
                               .published = (steps[i].names_approval ? project->received : project->approved) + after,
                               .names_approval = steps[i].names_approval};
        add_days(project, notice);
    }
    return n;
}
