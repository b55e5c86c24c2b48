/* What falls due soon, and what is late already, in the order of its days: for reminders. */
#ifndef DK_STORE_FALLING_DUE_H
#define DK_STORE_FALLING_DUE_H

#include "store/score.h"

typedef struct dk_falling_row {
    const dk_kind *kind;
    const char *key, *label; /* owned by the list; label may be "" */
    char division[13];       /* "": none */
    const dk_obligation *obligation;
    int32_t due;
    dk_standing standing; /* DK_DUE or DK_MISSING, on the day of the question */
} dk_falling_row;

typedef struct dk_falling {
    dk_falling_row *rows; /* by due day, then division, obligation, key */
    size_t n;
    bool complete; /* false: there are more than were wanted */
    void *texts;
} dk_falling;

typedef struct dk_falling_question {
    const char *division; /* prefix; "": all */
    int32_t today;
    int32_t within; /* days: due on today … today + within */
    bool missing;   /* also what was due before and is not there */
    size_t most;    /* rows of each of the two */
    int64_t generation;
} dk_falling_question;

/* Caller frees with dk_falling_finish, also after a failure. */
dk_status dk_falling_due(dk_store *store, const dk_falling_question *question, dk_falling *ret_list, dk_error *err);
void dk_falling_finish(dk_falling *list);

#endif
