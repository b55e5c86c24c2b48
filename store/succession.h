/* What became of divisions (行政区划): codes change when a division is merged, moved or renamed, and rows keep the code
 * that they were loaded with. A code that the catalogue gives a successor stands for that one too, and so on; a code
 * that begins with such a code, a village of a township that is no more, follows with its own digits behind. */
#ifndef DK_STORE_SUCCESSION_H
#define DK_STORE_SUCCESSION_H

#include "store/catalogue.h"

/* Successors that are followed from a code, at most: a catalogue in which more follow each other is refused. */
#define DK_MOST_SUCCESSORS 16

/* The code that took the place of this one (12 digits at most); false: none did. ret_code may be code itself. */
bool dk_division_next(const dk_catalogue *catalogue, const char *code, char ret_code[13]);
/* The last of the codes that took its place, one after the other (12 digits at most); itself if none did. catalogue
 * NULL: it has no successors. */
void dk_division_last(const dk_catalogue *catalogue, const char *code, char ret_code[13]);
/* Whether a code, or what it is a part of, has ended before a day (YYYY-MM-DD), whether anything took its place or not.
 * One with a successor that does not say when it ended has. */
bool dk_division_ended(const dk_catalogue *catalogue, const char *code, const char *day);
/* The code of that day for this one (12 digits at most): it itself, or the first of those that took its place that has
 * not ended either. false: nothing is in its place then. */
bool dk_division_on(const dk_catalogue *catalogue, const char *code, const char *day, char ret_code[13]);
/* Whether a code, or one that took its place, begins with prefix / is wanted. catalogue NULL: it has no successors. */
bool dk_division_within(const dk_catalogue *catalogue, const char *code, const char *prefix);
bool dk_division_answers(const dk_catalogue *catalogue, const char *code, const char *wanted);
/* Calls each with the codes whose place this one took, directly or not; false from it stops. parts: for who looks for
 * all codes that begin with this one, which may be the beginning of one, and with what each is given: also with those
 * whose place a part of it took, as a town does that comes to a county. */
void dk_division_former(const dk_catalogue *catalogue, const char *code, bool parts,
                        bool (*each)(const char *former, void *user), void *user);

#endif
