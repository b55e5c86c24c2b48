#include "store/working_calendar.h"

#include <string.h>

void dk_working_year_begin(dk_working_year *ret_year, int year)
{
    memset(ret_year, 0, sizeof *ret_year);
    ret_year->year = year;
    ret_year->first = dk_day_of(year, 1, 1);
    ret_year->n_days = dk_day_of(year + 1, 1, 1) - ret_year->first;
    for (int i = 0; i < ret_year->n_days; i++)
        if (dk_day_weekday(ret_year->first + i) <= 5)
            dk_working_year_set(ret_year, ret_year->first + i, true);
}

void dk_working_year_set(dk_working_year *year, int32_t day, bool working)
{
    const int i = day - year->first;
    const uint64_t bit = UINT64_C(1) << (i % 64);
    if (((year->working[i / 64] & bit) != 0) == working)
        return;
    year->working[i / 64] ^= bit;
    year->n_working += working ? 1 : -1;
}

static bool works(const dk_working_year *year, int32_t day)
{
    const int i = day - year->first;
    return (year->working[i / 64] >> (i % 64) & 1) != 0;
}

/* The year of a day; NULL: the calendar does not have it. */
static const dk_working_year *year_of(const dk_working_calendar *calendar, int32_t day, int *ret_missing)
{
    size_t low = 0, high = calendar->n_years;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const dk_working_year *year = &calendar->years[middle];
        if (day < year->first)
            high = middle;
        else if (day >= year->first + year->n_days)
            low = middle + 1;
        else
            return year;
    }
    *ret_missing = dk_day_year(day);
    return NULL;
}

bool dk_working_day(const dk_working_calendar *calendar, int32_t day, bool *ret_working, int *ret_missing)
{
    const dk_working_year *year = year_of(calendar, day, ret_missing);
    if (year == NULL)
        return false;
    *ret_working = works(year, day);
    return true;
}

/* Working days of a year before a day of it. */
static int before(const dk_working_year *year, int32_t day)
{
    const int i = day - year->first;
    int n = 0;
    for (int word = 0; word < i / 64; word++)
        n += __builtin_popcountll(year->working[word]);
    return i % 64 == 0 ? n : n + __builtin_popcountll(year->working[i / 64] << (64 - i % 64));
}

bool dk_working_days_from(const dk_working_calendar *calendar, int32_t day, int32_t n, int32_t *ret_day,
                          int *ret_missing)
{
    const int step = n < 0 ? -1 : 1;
    int64_t left = n < 0 ? -(int64_t)n : n;
    int32_t at = day;
    while (left > 0) {
        at += step;
        const dk_working_year *year = year_of(calendar, at, ret_missing);
        if (year == NULL)
            return false;
        /* Whole years at once, for periods of years. */
        if (step > 0 && at == year->first && left > year->n_working) {
            left -= year->n_working;
            at += year->n_days - 1;
        } else if (step < 0 && at == year->first + year->n_days - 1 && left > year->n_working) {
            left -= year->n_working;
            at = year->first;
        } else if (works(year, at)) {
            left--;
        }
    }
    *ret_day = at;
    return true;
}

bool dk_working_days_between(const dk_working_calendar *calendar, int32_t from, int32_t to, int32_t *ret_n,
                             int *ret_missing)
{
    const bool backwards = to < from;
    const int32_t last = backwards ? from : to;
    int32_t at = (backwards ? to : from) + 1, n = 0;
    while (at <= last) {
        const dk_working_year *year = year_of(calendar, at, ret_missing);
        if (year == NULL)
            return false;
        const int32_t next = year->first + year->n_days;
        n += (next <= last ? year->n_working : before(year, last) + works(year, last)) - before(year, at);
        at = next;
    }
    *ret_n = backwards ? -n : n;
    return true;
}

bool dk_working_day_not_before(const dk_working_calendar *calendar, int32_t day, int32_t *ret_day, int *ret_missing)
{
    bool working = false;
    if (!dk_working_day(calendar, day, &working, ret_missing))
        return false;
    if (!working)
        return dk_working_days_from(calendar, day, 1, ret_day, ret_missing);
    *ret_day = day;
    return true;
}
