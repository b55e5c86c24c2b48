/* How long the scorecard takes: bench_score STORE [TIMES]. Prints a line for each question: medians in milliseconds,
 * and how many groups or rows were given. */
#include "store/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool count_group(const dk_score_row *row, void *user)
{
    (void)row;
    ++*(long *)user;
    return true;
}

static bool count_row(const dk_clock_row *row, void *user)
{
    (void)row;
    ++*(long *)user;
    return true;
}

typedef struct question {
    const char *title, *division;
    int level, by, days_ago;
    bool by_obligation, rows;
    dk_disclosure state;
} question;

static int ask(dk_store *store, const question *q, int times, int64_t generation)
{
    dk_error err;
    double *taken = calloc((size_t)times, sizeof *taken);
    long n = 0;
    const dk_score_query query = {.division = q->division,
                                  .level = q->level,
                                  .from = DK_NO_DAY,
                                  .until = DK_FAR_DAY,
                                  .by = q->by,
                                  .by_obligation = q->by_obligation,
                                  .as_of = dk_clock_today(store) - q->days_ago};
    dk_status status = taken == NULL ? DK_NOMEM : DK_OK;
    for (int i = 0; status == DK_OK && i < times; i++) {
        const double from = milliseconds();
        n = 0;
        status = q->rows ? dk_score_rows(store, &query, generation, q->state, NULL, 100, count_row, &n, &err)
                         : dk_score(store, &query, generation, count_group, &n, &err);
        taken[i] = milliseconds() - from;
    }
    if (status != DK_OK) {
        fprintf(stderr, "bench_score: %s: %s\n", q->title, status == DK_NOMEM ? "out of memory" : err.text);
    } else {
        qsort(taken, (size_t)times, sizeof *taken, ascending);
        printf("%-58s %9.2f %9.2f %7ld\n", q->title, taken[times / 2], taken[0], n);
    }
    free(taken);
    return status == DK_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const question questions[] = {
        {.title = "the province, by county", .division = "", .level = 6},
        {.title = "the province, by county and obligation", .division = "", .level = 6, .by_obligation = true},
        {.title = "the province, by county and quarter", .division = "", .level = 6, .by = DK_SCORE_QUARTER},
        {.title = "the province, by obligation and month", .division = "", .by_obligation = true, .by = DK_SCORE_MONTH},
        {.title = "the province, by township", .division = "", .level = 9},
        {.title = "a county, by village", .division = "341321", .level = 12},
        {.title = "the province, by county, as of a year ago (from facts)",
         .division = "",
         .level = 6,
         .days_ago = 365},
        {.title = "a county, by village, as of a year ago (from facts)",
         .division = "341321",
         .level = 12,
         .days_ago = 365},
        {.title = "100 rows that are missing, the province", .division = "", .rows = true, .state = DK_MISSING},
        {.title = "100 rows that are missing, a county", .division = "341321", .rows = true, .state = DK_MISSING},
    };
    const int times = argc > 2 ? atoi(argv[2]) : 21;
    dk_store *store = NULL;
    dk_error err;
    int64_t generation = 0;
    int failed = 0;
    if (argc < 2 || times < 1) {
        fprintf(stderr, "usage: bench_score STORE [TIMES]\n");
        return 2;
    }
    dk_store_process_begin();
    if (dk_store_open(argv[1], DK_READ, &store, &err) != DK_OK ||
        dk_store_generation(store, &generation, &err) != DK_OK) {
        fprintf(stderr, "bench_score: %s\n", err.text);
        return 1;
    }
    printf("%-58s %9s %9s %7s\n", "ms", "median", "least", "given");
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        failed |= ask(store, &questions[i], times, generation);
    dk_store_close(store);
    return failed;
}
