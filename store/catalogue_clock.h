/* What a catalogue says of time: calendars of working days, the regimes of law that follow each other, and the
 * obligations: which item is to be disclosed by when, or for how long (README, "The disclosure clock"). What these
 * give for a row is in store/obligation.h. */
#ifndef DK_STORE_CATALOGUE_CLOCK_H
#define DK_STORE_CATALOGUE_CLOCK_H

#include "store/catalogue.h"
#include "store/working_calendar.h"

#define DK_MAX_REGIMES 32 /* a set of them is a 32-bit mask */
#define DK_MAX_CALENDARS 16
#define DK_MAX_OBLIGATIONS 256

/* Working days. Their years come from a further document of the catalogue's text, which is the calendar's file. */
typedef struct dk_calendar {
    const char *id;
    const char *title;
    const char *file;   /* as the catalogue writes it, relative to the catalogue's own file */
    const char *source; /* where the file's years come from, or NULL */
    dk_working_calendar days;
} dk_calendar;

/* Which law applies: to what happens from `from` until `until`. Regimes follow each other; there may be gaps. */
typedef struct dk_regime {
    const char *id;
    const char *title;
    int32_t from, until;   /* inclusive; DK_NO_DAY and DK_FAR_DAY: open */
    const dk_item **steps; /* in the order of the procedure */
    size_t n_steps;
} dk_regime;

/* How the regime of a kind's rows is found: the first source that says something wins. A field of type text states the
 * regime by its title; one of type date is in it. */
#define DK_REGIME_SOURCES 8
typedef struct dk_regime_by {
    const dk_kind *kind;
    struct {
        const dk_kind *kind; /* that kind, or one linked to it */
        int field;
    } sources[DK_REGIME_SOURCES];
    size_t n_sources;
} dk_regime_by;

typedef struct dk_period {
    int32_t n;    /* -1: the catalogue says nothing */
    bool working; /* working days; else days of the calendar */
} dk_period;

/* Rows of that kind have no such obligation while the field has one of the values. */
typedef struct dk_exemption {
    const dk_kind *kind;
    int field;
    const char **values;
    size_t n_values;
    const char *why;
} dk_exemption;

#define DK_MAX_EVENTS 8
typedef struct dk_obligation {
    const char *id;
    size_t index;            /* in dk_catalogue.obligations */
    const dk_item *item;     /* what is to be disclosed; it says for which rows (applies) */
    const dk_kind *about;    /* the item's subject_kind */
    const char *basis;       /* article; the item's, unless the obligation has its own; or NULL */
    const char *unconfirmed; /* what is not confirmed; NULL: nothing. Such an obligation is not enabled */
    bool enabled;
    uint32_t regimes; /* bit i: it holds under regimes[i]; all: it holds whatever the regime */
    /* The event: of these the first that has a date, and of several such records the first or the last date. */
    dk_dated_rows events[DK_MAX_EVENTS];
    size_t n_events;
    bool take_last;
    bool before;                 /* it is due before the event, else after it */
    bool scheduled;              /* the event's day is set in advance, as a hearing's is, and counts before it comes */
    dk_period within;            /* after the event; n is -1 if before */
    dk_period ahead;             /* of the event; n is -1 unless before, and 0 if the catalogue has lasts alone */
    dk_period lasts;             /* shown for at least so long; n is -1: publishing is enough */
    dk_period soon;              /* it counts as due soon so long before it is due */
    const dk_calendar *calendar; /* NULL: all periods are of days */
    int32_t from, until;         /* it holds for events on these days; DK_NO_DAY and DK_FAR_DAY: open */
    const dk_dated_rows *proofs; /* with end_field where the end of showing counts */
    size_t n_proofs;
    dk_exemption *exemptions;
    size_t n_exemptions;
} dk_obligation;

/* NULL: there is none. */
const dk_regime *dk_catalogue_regime_on(const dk_catalogue *catalogue, int32_t day);
const dk_regime *dk_catalogue_regime_titled(const dk_catalogue *catalogue, const char *title);
const dk_regime_by *dk_catalogue_regime_by(const dk_catalogue *catalogue, const dk_kind *kind);
const dk_obligation *dk_catalogue_obligation(const dk_catalogue *catalogue, const char *id);

#endif
