/* What the catalogue says of time: calendars, regimes and obligations (store/catalogue_clock.h), for /catalogue. */
#ifndef DK_TILER_CLOCK_JSON_H
#define DK_TILER_CLOCK_JSON_H

#include "tiler/http.h"

/* The members "calendars", "regimes", "regime_by" and "obligations" of the object that is open; none if the catalogue
 * has no obligations. They are about what everyone sees (the catalogue's parser makes sure). */
void dk_write_clock(dk_context *ctx);

/* Whether the viewer sees of a kind how the disclosure of its rows stands (store/disclosure.h). */
bool dk_sees_disclosure(const dk_context *ctx, const dk_kind *kind);
/* The members "disclosure_right_until", the last day on which that is right as it is (not written if it does not change
 * by itself), and "today", in China, which is behind it if the clock was not turned in time. */
dk_status dk_write_right_until(dk_context *ctx);

#endif
