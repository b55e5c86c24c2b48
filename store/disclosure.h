/* The field of a kind that says how disclosure stands (`computed: disclosure` in the catalogue): of how all enabled
 * obligations about a row stand (store/obligation.h), what comes first in the order of the field's values. The office
 * orders them, so that one word says what matters most of a row.
 *
 * It is a value like those that follow from linked rows (store/linked.h): filters, tiles, statistics and downloads read
 * it like any other, and where it changes, another version of the row takes its place. It changes with what is
 * published and withdrawn, and with the day: dk_store_turn_clock brings it up to today. Between two such generations it
 * is that of every day, for a set of facts says when it changes next (table clockset_K, turns). */
#ifndef DK_STORE_DISCLOSURE_H
#define DK_STORE_DISCLOSURE_H

#include "store/clock_facts.h"

/* In the order of dk_catalogue's disclosure_order: dk_disclosure's names, then "soon": due, and the limit is near. */
const char *dk_disclosure_word(size_t i);
const char *dk_disclosure_word_title(size_t i); /* 未到期 … 即将到期 */
/* By the word; NULL: it is none. */
const char *dk_disclosure_title_of(const char *word);
/* How people read this value of a field: the word's title. NULL: as it is; the field says something else, or the value
 * is none of the words. */
const char *dk_disclosure_value_title(const dk_field *field, const char *value);

/* The place among the values of the kind's field of how these facts stand on a day; -1: no obligation is about the
 * kind. */
int dk_disclosure_of(const dk_kind *kind, const dk_clock_facts *facts, int32_t day);
/* The first day behind `after` on which that is another than on `after`; DK_FAR_DAY: it never is, or the kind has no
 * such field. */
int32_t dk_disclosure_turns(const dk_kind *kind, const dk_clock_facts *facts, int32_t after);

#endif
