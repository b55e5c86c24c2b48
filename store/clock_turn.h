/* Bringing what the store says by the day up to today: how disclosure of rows stands (disclosure.h). Every publish,
 * withdrawal and redaction does it too; this is for a timer, soon after midnight in China. */
#ifndef DK_STORE_CLOCK_TURN_H
#define DK_STORE_CLOCK_TURN_H

#include "store/audience.h"
#include "store/store.h"

typedef struct dk_clock_turned {
    int64_t generation; /* with action "clock"; 0: nothing was to be changed, and none was made */
    int64_t rows;       /* that say another word now; after many days it may be the same again for all */
    int32_t until;      /* the last day on which all is right as it is now; DK_FAR_DAY: it does not change by itself */
} dk_clock_turned;
dk_status dk_store_turn_clock(dk_store *store, const char *actor, dk_clock_turned *ret_turned, dk_error *err);

/* The last day on which what the store says by the day is right as it is: before today if the clock was not turned in
 * time. DK_FAR_DAY: always. viewer: of the kinds of which they see every row, for a day of others would tell of these;
 * NULL: of all. */
dk_status dk_clock_right_until(dk_store *store, const dk_viewer *viewer, int32_t *ret_day, dk_error *err);

#endif
