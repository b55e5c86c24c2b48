/* A moment as people write it on a command line (RFC 3339, ISO 8601). */
#ifndef DK_INGEST_MOMENT_H
#define DK_INGEST_MOMENT_H

#include <stdbool.h>

/* YYYY-MM-DDTHH:MM[:SS] with Z or ±HH:MM, which must be there: the machine's zone may not be the writer's. A blank may
 * stand for the T. Gives UTC as YYYY-MM-DDTHH:MM:SSZ; false: it is none, or not of the years 1970 to 9998. */
bool dk_moment_read(const char *text, char ret_utc[24]);

#endif
