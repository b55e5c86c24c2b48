/* Days as numbers: since 1970-01-01, which is 0, in the proleptic Gregorian calendar. Two days are compared and
 * subtracted as integers. */
#ifndef DK_STORE_DAY_H
#define DK_STORE_DAY_H

#include <stdbool.h>
#include <stdint.h>

#define DK_NO_DAY INT32_MIN  /* none, or not known; before every day */
#define DK_FAR_DAY INT32_MAX /* behind every day: an end that is open */

/* The days that can be written, 0000-01-01 and 9999-12-31. */
#define DK_FIRST_DAY (-719528)
#define DK_LAST_DAY 2932896

#define DK_DAY_TEXT 11 /* bytes of YYYY-MM-DD with its NUL */

/* Reads YYYY-MM-DD. false, and *ret_day is left: this is no date of the calendar (dk_date_valid). NULL is none. */
bool dk_day_read(const char *text, int32_t *ret_day);
/* Writes it; "" for what is not between DK_FIRST_DAY and DK_LAST_DAY. Gives out. */
const char *dk_day_write(int32_t day, char out[DK_DAY_TEXT]);

/* month 1 to 12, day from 1; the caller has checked that the date exists. */
int32_t dk_day_of(int year, int month, int day);
int dk_day_year(int32_t day);
int dk_day_month(int32_t day); /* 1 to 12 */
/* 1, Monday, to 7, Sunday (ISO 8601). */
int dk_day_weekday(int32_t day);
/* Days of the month, leap years seen to. */
int dk_days_of_month(int year, int month);

#endif
