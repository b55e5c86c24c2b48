#include "store/succession.h"

#include <stdio.h>
#include <string.h>

bool dk_division_next(const dk_catalogue *catalogue, const char *code, char ret_code[13])
{
    char own[13], prefix[13];
    if (catalogue == NULL || catalogue->n_successors == 0 || strlen(code) > 12)
        return false;
    snprintf(own, sizeof own, "%s", code);
    for (size_t size = strlen(own); size >= 6; size = size > 9 ? 9 : size > 6 ? 6 : 0) {
        snprintf(prefix, sizeof prefix, "%.*s", (int)size, own);
        const dk_division *division = dk_catalogue_division(catalogue, prefix);
        if (division == NULL || division->successor == NULL)
            continue;
        /* What stands behind belongs to the old numbering of a place of the same kind; of another kind it says nothing.
         */
        snprintf(ret_code, 13, "%s%s", division->successor, strlen(division->successor) == size ? own + size : "");
        return true;
    }
    return false;
}

bool dk_division_ended(const dk_catalogue *catalogue, const char *code, const char *day)
{
    char prefix[13];
    for (size_t size = strlen(code); size >= 6 && size <= 12; size = size > 9 ? 9 : size > 6 ? 6 : 0) {
        snprintf(prefix, sizeof prefix, "%.*s", (int)size, code);
        const dk_division *division = dk_catalogue_division(catalogue, prefix);
        if (division != NULL && division->valid_to != NULL && strcmp(division->valid_to, day) < 0)
            return true;
    }
    return false;
}

typedef bool (*code_test)(const char *code, const char *text);

static bool some_step(const dk_catalogue *catalogue, const char *code, code_test test, const char *text)
{
    char at[13];
    if (strlen(code) > 12)
        return test(code, text);
    snprintf(at, sizeof at, "%s", code);
    for (int steps = 0; steps <= DK_MOST_SUCCESSORS; steps++) {
        if (test(at, text))
            return true;
        if (!dk_division_next(catalogue, at, at))
            break;
    }
    return false;
}

static bool begins_with(const char *code, const char *prefix)
{
    return strncmp(code, prefix, strlen(prefix)) == 0;
}

static bool is(const char *code, const char *wanted)
{
    return strcmp(code, wanted) == 0;
}

bool dk_division_within(const dk_catalogue *catalogue, const char *code, const char *prefix)
{
    return some_step(catalogue, code, begins_with, prefix);
}

bool dk_division_answers(const dk_catalogue *catalogue, const char *code, const char *wanted)
{
    return some_step(catalogue, code, is, wanted);
}

void dk_division_former(const dk_catalogue *catalogue, const char *code, bool parts,
                        bool (*each)(const char *former, void *user), void *user)
{
    const size_t size = strlen(code);
    for (size_t i = 0; size <= 12 && catalogue->n_successors > 0 && i < catalogue->n_divisions; i++) {
        const dk_division *old = &catalogue->divisions[i];
        char at[13], former[32];
        if (old->successor == NULL)
            continue;
        snprintf(at, sizeof at, "%s", old->code);
        for (int steps = 0; steps < DK_MOST_SUCCESSORS && dk_division_next(catalogue, at, at); steps++) {
            const size_t own = strlen(old->code), now = strlen(at);
            if (parts && begins_with(at, code)) {
                if (!begins_with(old->code, code) && !each(old->code, user))
                    return;
                break;
            }
            if (!begins_with(code, at) || (size > now && own != now) || own + size - now > 12)
                continue;
            snprintf(former, sizeof former, "%s%s", old->code, code + now);
            /* A longer code with a successor of its own may have gone elsewhere. */
            if (dk_division_answers(catalogue, former, code) && !each(former, user))
                return;
            break;
        }
    }
}
