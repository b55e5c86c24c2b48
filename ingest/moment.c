#include "ingest/moment.h"

#include "store/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Two digits up to a limit. */
static bool two_digits(const char *text, int most, int *ret_value)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *ret_value = (text[0] - '0') * 10 + text[1] - '0';
    return *ret_value <= most;
}

bool dk_moment_read(const char *text, char ret_utc[24])
{
    char date[11];
    int hour, minute, second = 0, zone_hours = 0, zone_minutes = 0, sign = 0;
    if (strlen(text) < 17)
        return false;
    memcpy(date, text, 10);
    date[10] = '\0';
    if (!dk_date_valid(date) || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
        !two_digits(text + 11, 23, &hour) || text[13] != ':' || !two_digits(text + 14, 59, &minute))
        return false;
    text += 16;
    if (*text == ':') {
        if (!two_digits(text + 1, 59, &second))
            return false;
        text += 3;
    }
    if ((*text == '+' || *text == '-') && two_digits(text + 1, 14, &zone_hours) && text[3] == ':' &&
        two_digits(text + 4, 59, &zone_minutes)) {
        sign = *text == '+' ? 1 : -1;
        text += 6;
    } else if (*text == 'Z' || *text == 'z') {
        text++;
    } else {
        return false;
    }
    struct tm moment = {.tm_hour = hour, .tm_min = minute, .tm_sec = second};
    if (*text != '\0' || sscanf(date, "%d-%d-%d", &moment.tm_year, &moment.tm_mon, &moment.tm_mday) != 3 ||
        moment.tm_year < 1970 || moment.tm_year > 9998)
        return false;
    moment.tm_year -= 1900;
    moment.tm_mon -= 1;
    const time_t utc = timegm(&moment) - sign * (zone_hours * 3600 + zone_minutes * 60);
    return gmtime_r(&utc, &moment) != NULL && strftime(ret_utc, 24, "%Y-%m-%dT%H:%M:%SZ", &moment) > 0;
}
