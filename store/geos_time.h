/* A time limit for GEOS: an operation on hostile or very large polygons may take minutes. */
#ifndef DK_STORE_GEOS_TIME_H
#define DK_STORE_GEOS_TIME_H

#include <stdbool.h>

/* Seconds of a clock that only goes forward. */
double dk_seconds_now(void);

/* From now on, GEOS operations of this thread fail soon after that time (dk_seconds_now); 0: they take as long as they
 * take. */
void dk_geos_until(double until);
/* Whether the time that this thread set has passed. */
bool dk_geos_late(void);

#endif
