#include "store/disclosure.h"

#include <string.h>

#define SOON DK_DISCLOSURES

const char *dk_disclosure_word(size_t i)
{
    return i == SOON ? "soon" : dk_disclosure_name((dk_disclosure)i);
}

const char *dk_disclosure_word_title(size_t i)
{
    return i == SOON ? "即将到期" : dk_disclosure_title((dk_disclosure)i);
}

const char *dk_disclosure_title_of(const char *word)
{
    for (size_t i = 0; i < DK_DISCLOSURE_WORDS; i++)
        if (strcmp(dk_disclosure_word(i), word) == 0)
            return dk_disclosure_word_title(i);
    return NULL;
}

const char *dk_disclosure_value_title(const dk_field *field, const char *value)
{
    return field->computed == DK_COMPUTED_DISCLOSURE ? dk_disclosure_title_of(value) : NULL;
}

int dk_disclosure_of(const dk_kind *kind, const dk_clock_facts *facts, int32_t day)
{
    int first = -1;
    for (size_t i = 0; i < facts->n; i++) {
        dk_outcome outcome;
        dk_obligation_outcome(facts->obligations[i], &facts->facts[i], day, &outcome);
        const size_t word = dk_outcome_soon(&outcome, day) ? SOON : (size_t)dk_outcome_state(&outcome, day);
        const int place = kind->disclosure_order[word];
        first = first < 0 || place < first ? place : first;
    }
    return first;
}

/* Keeps the earliest of the days behind `after`. */
static void consider(int32_t day, int32_t after, int32_t *next)
{
    if (day > after && day < *next)
        *next = day;
}

static int32_t day_behind(int32_t day)
{
    return day == DK_NO_DAY || day == DK_FAR_DAY ? day : day + 1;
}

/* Until that day, that day not included, an obligation stands as it does on `after`: no event or publication is between
 * them, and of the same facts the state changes on these days of the outcome alone. */
static void consider_obligation(const dk_obligation *obligation, const dk_obligation_facts *facts, int32_t after,
                                int32_t *next)
{
    dk_outcome o;
    for (size_t i = 0; i < facts->n_events; i++)
        consider(facts->events[i], after, next);
    for (size_t i = 0; i < facts->n_proofs; i++) {
        consider(facts->proofs[i].from, after, next);
        consider(day_behind(facts->proofs[i].until), after, next);
    }
    dk_obligation_outcome(obligation, facts, after, &o);
    const int32_t days[] = {o.known_from,  o.soon_from, day_behind(o.due), o.shown_from, day_behind(o.shown_until),
                            o.needed_until};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        consider(days[i], after, next);
}

int32_t dk_disclosure_turns(const dk_kind *kind, const dk_clock_facts *facts, int32_t after)
{
    if (kind->disclosure_field < 0)
        return DK_FAR_DAY;
    const int now = dk_disclosure_of(kind, facts, after);
    for (int32_t day = after;;) {
        int32_t next = DK_FAR_DAY;
        for (size_t i = 0; i < facts->n; i++)
            consider_obligation(facts->obligations[i], &facts->facts[i], day, &next);
        if (next == DK_FAR_DAY || dk_disclosure_of(kind, facts, next) != now)
            return next;
        day = next;
    }
}
