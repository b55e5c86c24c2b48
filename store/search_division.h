/* Search among the divisions of the catalogue: by code, by name, by the sound of the name. */
#ifndef DK_STORE_SEARCH_DIVISION_H
#define DK_STORE_SEARCH_DIVISION_H

#include "store/search.h"
#include "store/search_query.h"

typedef struct dk_found_division {
    dk_match match;
    const dk_division *division;
    unsigned length; /* of its name, characters */
} dk_found_division;

/* The divisions that a query finds, by match, then length, then code; at most `most`, the best of them. ret_all is
 * false if there are more. */
size_t dk_search_divisions(const dk_catalogue *catalogue, const dk_search_query *query, dk_found_division *ret_found,
                           size_t most, bool *ret_all);
/* Whether a division's name contains the word or sounds like it. */
bool dk_division_has_word(const dk_division *division, const dk_search_word *word);
/* The same of a division, given by its code, those around it, and those that took the place of one of these. */
bool dk_division_around_has_word(const dk_catalogue *catalogue, const char *code, const dk_search_word *word);

#endif
