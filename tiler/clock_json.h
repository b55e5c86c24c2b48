/* What the catalogue says of time: calendars, regimes and obligations (store/catalogue_clock.h), for /catalogue. */
#ifndef DK_TILER_CLOCK_JSON_H
#define DK_TILER_CLOCK_JSON_H

#include "tiler/http.h"

/* The members "calendars", "regimes", "regime_by" and "obligations" of the object that is open; none if the catalogue has no
 * obligations. They are about what everyone sees (the catalogue's parser makes sure). */
void dk_write_clock(dk_context *ctx);

#endif
