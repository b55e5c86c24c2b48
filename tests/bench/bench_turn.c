/* What a night costs: bench_turn STORE DAY [DAYS]. Publishes the staged batches of a store, as on that day, and then
 * turns its clock for so many days (30), one after the other, as if they had come. Prints the rows that say another
 * word then, and processor seconds: median and greatest of a day. */
#include "store/clock.h"
#include "store/clock_turn.h"
#include "store/day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#define MOST_BATCHES 100
typedef struct staged {
    int64_t numbers[MOST_BATCHES];
    size_t n;
} staged;

static bool keep_staged(const dk_batch *batch, void *user)
{
    staged *list = user;
    if (strcmp(batch->state, "staged") == 0 && list->n < MOST_BATCHES)
        list->numbers[list->n++] = batch->id;
    return true;
}

static dk_status publish_all(dk_store *store, dk_error *err)
{
    staged list = {.n = 0};
    int64_t generation;
    dk_status status = dk_store_batches(store, keep_staged, &list, err);
    for (size_t i = 0; status == DK_OK && i < list.n; i++)
        status = dk_store_publish(store, list.numbers[i], "bench", NULL, NULL, &generation, err);
    return status;
}

int main(int argc, char **argv)
{
    const int days = argc > 3 ? atoi(argv[3]) : 30;
    int32_t today;
    dk_store *store = NULL;
    dk_error err;
    if (argc < 3 || !dk_day_read(argv[2], &today) || days < 1 || days > 10000) {
        fprintf(stderr, "usage: bench_turn STORE DAY [DAYS]\n");
        return 2;
    }
    double *taken = calloc((size_t)days, sizeof *taken);
    dk_status status =
        taken == NULL ? dk_fail(&err, DK_NOMEM, "out of memory") : dk_store_open(argv[1], DK_WRITE, &store, &err);
    if (status == DK_OK) {
        dk_clock_set_today(store, today);
        status = publish_all(store, &err);
    }
    int64_t rows = 0, most = 0, generations = 0;
    for (int i = 0; status == DK_OK && i < days; i++) {
        dk_clock_turned turned;
        const double from = seconds();
        dk_clock_set_today(store, today + 1 + i);
        status = dk_store_turn_clock(store, "bench", &turned, &err);
        taken[i] = seconds() - from;
        rows += turned.rows;
        most = turned.rows > most ? turned.rows : most;
        generations += turned.generation > 0;
    }
    if (status == DK_OK) {
        qsort(taken, (size_t)days, sizeof *taken, ascending);
        printf(
            "%d days: %lld rows say something else on %lld of them, %lld at most; processor seconds a day: median %.3f, greatest %.3f\n",
            days, (long long)rows, (long long)generations, (long long)most, taken[days / 2], taken[days - 1]);
    } else {
        fprintf(stderr, "bench_turn: %s\n", err.text);
    }
    dk_store_close(store);
    free(taken);
    return status == DK_OK ? 0 : 1;
}
