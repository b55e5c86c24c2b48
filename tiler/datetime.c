#include "tiler/datetime.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Reads n digits at *at into a number from least to most. */
static bool number(const char **at, int n, int least, int most, int *ret)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        const char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += n;
    *ret = value;
    return value >= least && value <= most;
}

static bool take(const char **at, const char *any)
{
    if (**at == '\0' || strchr(any, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static dk_status read_day(const char *text, const char **at, dk_error *err)
{
    int year, month, day;
    if (!number(at, 4, 1, 9999, &year) || !take(at, "-") || !number(at, 2, 1, 12, &month) || !take(at, "-") ||
        !number(at, 2, 1, 31, &day))
        return dk_fail(err, DK_INVALID,
                       "The parameter \"datetime\" has \"%.40s\", which begins with no date YYYY-MM-DD.", text);
    if (day > days_of_month(year, month))
        return dk_fail(err, DK_INVALID, "The parameter \"datetime\" has \"%.10s\", a day that the month does not have.",
                       text);
    return DK_OK;
}

/* Time and zone behind the T. */
static bool read_time(const char **at)
{
    int n;
    if (!number(at, 2, 0, 23, &n) || !take(at, ":") || !number(at, 2, 0, 59, &n) || !take(at, ":") ||
        !number(at, 2, 0, 60, &n))
        return false;
    if (take(at, ".")) {
        const size_t digits = strspn(*at, "0123456789");
        if (digits == 0)
            return false;
        *at += digits;
    }
    if (take(at, "Zz"))
        return true;
    return take(at, "+-") && number(at, 2, 0, 23, &n) && take(at, ":") && number(at, 2, 0, 59, &n);
}

/* One end: a date, perhaps with a time. */
static dk_status read_instant(const char *text, char ret_day[11], dk_error *err)
{
    const char *at = text;
    const dk_status status = read_day(text, &at, err);
    if (status != DK_OK)
        return status;
    if (take(&at, "Tt") && *at != '\0' && !read_time(&at))
        return dk_fail(err, DK_INVALID,
                       "The parameter \"datetime\" has \"%.40s\", whose time is none of RFC 3339: a date or "
                       "YYYY-MM-DDThh:mm:ssZ%s.",
                       text,
                       strchr(text, ' ') != NULL ? "; the + of a zone is written %2B in an address"
                                                 : ", with Z or a zone such as +08:00");
    if (*at != '\0')
        return dk_fail(err, DK_INVALID, "The parameter \"datetime\" has \"%.40s\": \"%.30s\" is too much.", text, at);
    memcpy(ret_day, text, 10);
    ret_day[10] = '\0';
    return DK_OK;
}

/* An end of an interval: "" and ".." are open. */
static dk_status read_end(const char *text, char ret_day[11], dk_error *err)
{
    ret_day[0] = '\0';
    return text[0] == '\0' || strcmp(text, "..") == 0 ? DK_OK : read_instant(text, ret_day, err);
}

dk_status dk_datetime_read(const char *text, dk_datetime *ret, dk_error *err)
{
    dk_datetime found;
    char copy[DK_DATETIME_MAX + 1];
    const size_t size = strlen(text);
    if (size > DK_DATETIME_MAX)
        return dk_fail(err, DK_INVALID, "The parameter \"datetime\" is longer than %d bytes.", DK_DATETIME_MAX);
    memcpy(copy, text, size + 1);
    char *slash = strchr(copy, '/');
    dk_status status;
    if (slash == NULL) {
        if ((status = read_instant(copy, found.first, err)) != DK_OK)
            return status;
        memcpy(found.last, found.first, sizeof found.last);
        *ret = found;
        return DK_OK;
    }
    *slash = '\0';
    if ((status = read_end(copy, found.first, err)) != DK_OK ||
        (status = read_end(slash + 1, found.last, err)) != DK_OK)
        return status;
    if (found.first[0] == '\0' && found.last[0] == '\0')
        return dk_fail(err, DK_INVALID,
                       "The parameter \"datetime\" is open at both ends; leave it out to get all rows.");
    if (found.first[0] != '\0' && found.last[0] != '\0' && strcmp(found.first, found.last) > 0)
        return dk_fail(err, DK_INVALID, "The parameter \"datetime\" begins with %s, behind its end %s.", found.first,
                       found.last);
    *ret = found;
    return DK_OK;
}
