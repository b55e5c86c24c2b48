#include "ingest/when.h"

#include "store/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool dk_when_day(const char *text, bool after, int64_t *ret_seconds)
{
    if (strlen(text) != 10 || !dk_date_valid(text))
        return false;
    struct tm day = {.tm_year = atoi(text) - 1900,
                     .tm_mon = atoi(text + 5) - 1,
                     .tm_mday = atoi(text + 8) + (after ? 1 : 0),
                     .tm_isdst = -1};
    const time_t seconds = mktime(&day);
    if (seconds == (time_t)-1)
        return false;
    *ret_seconds = seconds;
    return true;
}

bool dk_when_expires(const char *text, int64_t now, int64_t *ret_seconds)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 60 * 60, 24 * 60 * 60};
    if (strcmp(text, "never") == 0) {
        *ret_seconds = 0;
        return true;
    }
    const size_t digits = strspn(text, "0123456789");
    const char *unit = digits > 0 && digits <= 6 && text[digits] != '\0' ? strchr(units, text[digits]) : NULL;
    if (unit == NULL || text[digits + 1] != '\0')
        return dk_when_day(text, true, ret_seconds);
    const int64_t n = strtoll(text, NULL, 10);
    *ret_seconds = now + n * seconds[unit - units];
    return n > 0;
}

void dk_when_text(int64_t seconds, bool day_only, char ret_text[DK_WHEN_SIZE])
{
    const time_t time = seconds;
    struct tm local;
    ret_text[0] = '\0';
    if (seconds != 0 && localtime_r(&time, &local) != NULL)
        strftime(ret_text, DK_WHEN_SIZE, day_only ? "%Y-%m-%d" : "%Y-%m-%d %H:%M:%S%z", &local);
}
