/* Projects: what a cluster of parcels was taken for, by which approvals, announced when and how. */
#ifndef DK_SAMPLES_PROJECT_H
#define DK_SAMPLES_PROJECT_H

#include "samples/people.h"
#include "samples/place.h"

/* The first projects of every data set are the special cases that samples/dangshan/README.md lists. */
typedef enum gen_role {
    GEN_COMPLETE_OLD = 0,  /* before 2020, everything announced, with hearings */
    GEN_COMPLETE_2020,     /* 2020, everything announced */
    GEN_COMPLETE_NEW,      /* 2022, everything announced */
    GEN_NOTICE_MISSING,    /* 2022, without 征地补偿安置公告 */
    GEN_TWO_APPROVALS,     /* its DK001 stands in two approvals */
    GEN_FEW_ROWS,          /* one collective has only two compensation rows */
    GEN_PENDING,           /* only a 预公告 yet: no approval, no compensation */
    GEN_UNKNOWN_APPROVAL,  /* its DK002 names an approval that no ledger has */
    GEN_WRONG_AREA,        /* its DK003 declares a tenth too much */
    GEN_NO_PREEXAMINATION, /* 单独选址 without 用地预审与选址意见 */
    GEN_ORDINARY
} gen_role;

typedef struct gen_approval {
    const char *agency, *authority;
    int year;
    unsigned serial;
} gen_approval;

typedef struct gen_project {
    uint64_t number; /* from 0 */
    gen_role role;
    gen_random random;
    char id[24], name[128], batch[96];
    const char *purpose, *land_kind, *regime;
    bool hearing, needs_preexamination;
    int year, n_approvals;
    long approved, received; /* days; a pending project's are in the future */
    long published;          /* when the platform showed the approvals; 0: never */
    gen_random clock;        /* for what the disclosure clock needs: whether things were in time */
    gen_approval approvals[2];
} gen_project;

/* Numbers are given out in the order of the projects. */
#define GEN_FIRST_YEAR 2016
#define GEN_N_YEARS 9
typedef struct gen_serials {
    unsigned projects[GEN_N_YEARS], provincial[GEN_N_YEARS], national[GEN_N_YEARS];
} gen_serials;
void gen_project_init(gen_project *project, gen_serials *serials, uint64_t seed, uint64_t number,
                      const gen_region *region);

/* The announcements that the project has, by date of the procedure. approval_no says whether it names one. */
typedef struct gen_notice {
    const char *kind;
    long published, ended, held; /* ended: taken down; held: the day of the hearing that it is for; 0: none */
    bool names_approval;
} gen_notice;
#define GEN_MAX_NOTICES 9
size_t gen_project_notices(gen_project *project, gen_notice notices[GEN_MAX_NOTICES]);

/* What is disclosed so many days after something: in time mostly, sometimes late, seldom never (0). always: in time. */
long gen_disclosed(gen_random *random, long day, int in_time, int late, bool always);

#endif
