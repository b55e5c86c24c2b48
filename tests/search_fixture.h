/* Searching in the store of a test. */
#ifndef DK_TESTS_SEARCH_FIXTURE_H
#define DK_TESTS_SEARCH_FIXTURE_H

#include "store_fixture.h"

#include "store/search.h"

static inline bool add_hit(const dk_hit *hit, void *user)
{
    if (hit->row != NULL)
        return keys_add(hit->row, user);
    keys *k = user; /* a division: its code */
    const size_t used = strlen(k->text);
    snprintf(k->text + used, sizeof k->text - used, "%s%s", used ? " " : "", hit->division->code);
    k->n++;
    return true;
}

static inline dk_status search_for(fixture *f, const char *text, const dk_viewer *viewer, size_t limit, keys *k,
                                   bool *ret_complete)
{
    const dk_search search = {.text = text, .viewer = viewer, .generation = generation_of(f), .limit = limit};
    return dk_search_run(f->store, &search, add_hit, k, ret_complete, &f->err);
}

#endif
