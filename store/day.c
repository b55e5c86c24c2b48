#include "store/day.h"

#include "store/text.h"

#include <stdio.h>

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the leap day is the last
 * of them, and eras of 400 years are all alike. */
int32_t dk_day_of(int year, int month, int day)
{
    const int y = year - (month <= 2);
    const int era = (y >= 0 ? y : y - 399) / 400;
    const int year_of_era = y - era * 400;
    const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void split(int32_t day, int *ret_year, int *ret_month, int *ret_day)
{
    const int64_t z = (int64_t)day + 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const int day_of_era = (int)(z - era * 146097);
    const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int month = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = (int)(year_of_era + era * 400) + (*ret_month <= 2);
}

bool dk_day_read(const char *text, int32_t *ret_day)
{
    if (!dk_date_valid(text))
        return false;
    const int year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
    *ret_day = dk_day_of(year, (text[5] - '0') * 10 + (text[6] - '0'), (text[8] - '0') * 10 + (text[9] - '0'));
    return true;
}

const char *dk_day_write(int32_t day, char out[DK_DAY_TEXT])
{
    out[0] = '\0';
    if (day < DK_FIRST_DAY || day > DK_LAST_DAY)
        return out;
    int year, month, of_month;
    split(day, &year, &month, &of_month);
    char text[40]; /* whatever int can hold, for the compiler's sake */
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, of_month);
    for (int i = 0; i < DK_DAY_TEXT; i++)
        out[i] = text[i];
    out[DK_DAY_TEXT - 1] = '\0';
    return out;
}

int dk_day_year(int32_t day)
{
    int year, month, of_month;
    split(day, &year, &month, &of_month);
    return year;
}

int dk_day_month(int32_t day)
{
    int year, month, of_month;
    split(day, &year, &month, &of_month);
    return month;
}

int dk_day_weekday(int32_t day)
{
    const int from_thursday = (int)(((int64_t)day % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    return (from_thursday + 3) % 7 + 1;
}

int dk_days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}
