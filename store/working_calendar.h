/* Working days, 工作日: Monday to Friday but for the holidays, and the Saturdays and Sundays that are worked instead
 * (调休), year by year as the State Council's office announces them. What it has not announced is not guessed: whatever
 * needs a year that the calendar does not have fails and names the year.
 *
 * Counting follows 民法典 article 201: the day from which one counts is not counted itself. */
#ifndef DK_STORE_WORKING_CALENDAR_H
#define DK_STORE_WORKING_CALENDAR_H

#include "store/day.h"

#include <stddef.h>

typedef struct dk_working_year {
    int year;
    int32_t first; /* 1 January */
    int n_days;
    int n_working;
    uint64_t working[6]; /* a bit a day from 1 January on */
} dk_working_year;

/* Owned by who made it; immutable once it is made. */
typedef struct dk_working_calendar {
    dk_working_year *years; /* sorted, each once; some may be missing in between */
    size_t n_years;
} dk_working_calendar;

/* A year whose working days are Monday to Friday, before holidays are set. */
void dk_working_year_begin(dk_working_year *ret_year, int year);
/* A day of the year, as day off or as working day. */
void dk_working_year_set(dk_working_year *year, int32_t day, bool working);

/* Each of these gives false, with the year that is missing in *ret_missing, when the calendar does not have it. */
bool dk_working_day(const dk_working_calendar *calendar, int32_t day, bool *ret_working, int *ret_missing);
/* n > 0: the n-th working day after day; n < 0: the -n-th before it; 0: day itself. */
bool dk_working_days_from(const dk_working_calendar *calendar, int32_t day, int32_t n, int32_t *ret_day,
                          int *ret_missing);
/* How many working days there are after from, up to and including to; negative when to is the earlier one: after to, up
 * to and including from. */
bool dk_working_days_between(const dk_working_calendar *calendar, int32_t from, int32_t to, int32_t *ret_n,
                             int *ret_missing);
/* day itself if it is a working day, else the next one: where a period ends (民法典 article 203). */
bool dk_working_day_not_before(const dk_working_calendar *calendar, int32_t day, int32_t *ret_day, int *ret_missing);

#endif
