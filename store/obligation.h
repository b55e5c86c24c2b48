/* What an obligation of the catalogue gives for one row: when it is due, whether and when it was met, and how that
 * stands on any day. Pure functions: no store, no clock, no memory of their own; the same facts give the same outcome
 * always and everywhere, so that a third party can compute it again (README, "The disclosure clock").
 *
 * How is counted
 * - The day of an event, and of a publication, is not counted (民法典 article 201). N days after E is E+N; N working
 * days after E is the N-th working day after it. Backwards the same: the N-th before.
 * - `within` days that would end on a day off end on the next working day, if the obligation has a calendar (article
 * 203).
 * - What lasts N days is shown from P to the N-th day after it, that day included. Before an event, it is due to begin
 * on the last day from which that is complete on the event's day.
 * - Late by N, early by N: the days, or working days, from one day to the other, the first not counted; late is at
 * least 1.
 * - Years that a calendar does not have are not guessed: the outcome is unknown, and says which year. */
#ifndef DK_STORE_OBLIGATION_H
#define DK_STORE_OBLIGATION_H

#include "store/catalogue_clock.h"

/* How a disclosure stands on a day. The numbers are kept in stores. */
typedef enum dk_disclosure {
    DK_WAITING = 0,    /* 未到期: no event yet */
    DK_DUE,            /* 应于…公开: the limit runs, or what must be shown for some time is being shown */
    DK_MET,            /* 已按期公开 */
    DK_LATE,           /* 逾期公开 */
    DK_SHORT,          /* 公示期不足: taken down too early */
    DK_MISSING,        /* 逾期未公开: not there, and the limit is over */
    DK_NOT_APPLICABLE, /* 不适用 */
    DK_UNKNOWN         /* 无法计算 */
} dk_disclosure;
#define DK_DISCLOSURES 8

/* "waiting", "due", "met", "late", "short", "missing", "not_applicable", "unknown". */
const char *dk_disclosure_name(dk_disclosure state);
/* 未到期 … as above; that of DK_DUE is 待公开. */
const char *dk_disclosure_title(dk_disclosure state);
/* By its name; false: there is none. */
bool dk_disclosure_named(const char *name, dk_disclosure *ret_state);

/* Why an obligation does not apply, or cannot be computed. Kept in stores, too. */
typedef enum dk_reason_of_outcome {
    DK_WHY_NOTHING = 0,
    DK_WHY_CONDITION,    /* not applicable: the item's own condition is not met */
    DK_WHY_REGIME,       /* not applicable: the item is no step of the regime that holds */
    DK_WHY_EXEMPT,       /* not applicable: an exemption; detail is its index */
    DK_WHY_NOT_IN_FORCE, /* not applicable: the event is not between `from` and `until` */
    DK_WHY_NO_REGIME,    /* unknown: nothing says which regime holds */
    DK_WHY_NO_EVENT,     /* unknown: it is published, but the date of the event is not there */
    DK_WHY_NO_DATE,      /* unknown: what proves it has no date */
    DK_WHY_NO_YEAR       /* unknown: detail is a year that the calendar does not have */
} dk_reason_of_outcome;

/* When something was shown. */
typedef struct dk_shown {
    int32_t from;  /* DK_NO_DAY: it is there, but its date is not */
    int32_t until; /* the last day; DK_FAR_DAY: it still is */
} dk_shown;

/* What a row that meets a proof's condition shows: its date and, with end_field, its end, as texts or NULL for none.
 * false: nothing. Without its kind's own date it is a publication nobody knows the day of; a date that the proof names
 * by itself
 * (`date: published_on`) and that is empty says that it is not published. */
bool dk_shown_read(const dk_dated_rows *proof, const char *from, const char *until, dk_shown *ret_shown);

/* What is known of one row and obligation. */
typedef struct dk_obligation_facts {
    bool applies;            /* the item's condition; true if it has none, and if no row says anything of it */
    int exemption;           /* index of the first exemption that holds; -1: none */
    const dk_regime *regime; /* NULL: nothing says which; see dk_regime_said */
    const int32_t *events;   /* dates of the first of the obligation's events that has any; in any order */
    size_t n_events;
    const dk_shown *proofs; /* in any order */
    size_t n_proofs;
} dk_obligation_facts;

/* The outcome, without a day on which one asks: all days together. For a kept outcome, the state on a day needs these
 * integers alone (dk_outcome_state). DK_NO_DAY: there is no such day. */
typedef struct dk_outcome {
    dk_disclosure
        final; /* the state behind all days: DK_WAITING without an event, DK_MISSING with nothing shown; never DK_DUE */
    dk_reason_of_outcome reason;
    int32_t detail;
    bool before; /* the obligation's. Until the event comes, what is published before it waits; what is to follow it,
                  * and is there already, is unknown */
    int32_t event;
    int32_t
        known_from; /* from this day on the event counts; DK_FAR_DAY: never. Of an unknown one: from when it is that */
    int32_t due;    /* last day to publish, or to begin with showing */
    int32_t soon_from;    /* from this day on it is due soon */
    int32_t shown_from;   /* of the best proof: met before late before short, of equals the earliest */
    int32_t shown_until;  /* DK_FAR_DAY: it still is */
    int32_t needed_until; /* what has begun on shown_from is complete on this day; DK_NO_DAY: publishing is enough */
} dk_outcome;

/* Facts dated after as_of do not count (an event that is scheduled does); DK_FAR_DAY: all do. */
void dk_obligation_outcome(const dk_obligation *obligation, const dk_obligation_facts *facts, int32_t as_of,
                           dk_outcome *ret_outcome);

/* How the outcome of all facts stands on a day: events and publications after it do not count. Where something was
 * taken down too early and shown again, only the better proof is in the outcome; for days before that one, ask
 * dk_obligation_outcome as of that day. */
dk_disclosure dk_outcome_state(const dk_outcome *outcome, int32_t day);
/* Whether it is due on that day, nothing is shown yet, and the limit is near. */
bool dk_outcome_soon(const dk_outcome *outcome, int32_t day);

/* The state with the day that goes with it, and how many days. */
typedef struct dk_standing {
    dk_disclosure state;
    /* due: the last day to publish, or until when it must be shown; met: when it was published, or complete; late: when
     * it was published; short: the last day on which it was shown; missing: the day on which it was due. Else
     * DK_NO_DAY. */
    int32_t day;
    /* due: left; met: early; late and missing: too late; short: too early. -1: not known (met before the event, or for
     * want of a year in the calendar), or it does not go with the state. */
    int32_t n;
    bool working;     /* n counts working days */
    bool being_shown; /* due: it is there, and must stay */
    bool soon;
} dk_standing;
void dk_outcome_standing(const dk_obligation *obligation, const dk_outcome *outcome, int32_t day,
                         dk_standing *ret_standing);

/* The longest text below, with its NUL. */
#define DK_STANDING_TEXT 400
/* In Chinese: 应于2024-10-15前公开, 逾期3个工作日公开 … Gives out. */
const char *dk_standing_text(const dk_standing *standing, char out[DK_STANDING_TEXT]);
/* Why, in Chinese; "" if the outcome has no reason. Gives out. */
const char *dk_outcome_reason(const dk_obligation *obligation, const dk_outcome *outcome, char out[DK_STANDING_TEXT]);

/* The regime that a value of a source of dk_regime_by states: a title, or a date within it. NULL: none. Of several rows
 * of one source, the regime that comes first in the catalogue holds. */
const dk_regime *dk_regime_said(const dk_catalogue *catalogue, const dk_field *field, const char *text);

#endif
