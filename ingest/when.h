/* Points in time as users write them: days of this machine's time zone, and spans from now on. */
#ifndef DK_INGEST_WHEN_H
#define DK_INGEST_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* A day YYYY-MM-DD: its first second, or that of the day after it; seconds since 1970. */
bool dk_when_day(const char *text, bool after, int64_t *ret_seconds);
/* The end of such a day; 90d, 12h, 30m or 45s from `now` on; or never: 0. */
bool dk_when_expires(const char *text, int64_t now, int64_t *ret_seconds);
/* In this machine's time zone: YYYY-MM-DD HH:MM:SS with the offset from UTC, or the day only; "" for 0. */
#define DK_WHEN_SIZE 40
void dk_when_text(int64_t seconds, bool day_only, char ret_text[DK_WHEN_SIZE]);

#endif
