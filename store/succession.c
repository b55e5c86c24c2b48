#include "store/succession.h"

#include <stdio.h>
#include <string.h>

/* The division that says what became of a code: the longest that the code begins with and that has a successor. NULL:
 * nothing took its place. */
static const dk_division *leaves_by(const dk_catalogue *catalogue, const char *code)
{
    char prefix[13];
    for (size_t size = strlen(code); size >= 6 && size <= 12; size = size > 9 ? 9 : size > 6 ? 6 : 0) {
        snprintf(prefix, sizeof prefix, "%.*s", (int)size, code);
        const dk_division *division = dk_catalogue_division(catalogue, prefix);
        if (division != NULL && division->successor != NULL)
            return division;
    }
    return NULL;
}

bool dk_division_next(const dk_catalogue *catalogue, const char *code, char ret_code[13])
{
    char own[13];
    if (catalogue == NULL || catalogue->n_successors == 0 || strlen(code) > 12)
        return false;
    snprintf(own, sizeof own, "%s", code);
    const dk_division *division = leaves_by(catalogue, own);
    if (division == NULL)
        return false;
    /* What stands behind belongs to the old numbering of a place of the same kind; of another kind it says nothing. */
    const size_t size = strlen(division->code);
    snprintf(ret_code, 13, "%s%s", division->successor, strlen(division->successor) == size ? own + size : "");
    return true;
}

void dk_division_last(const dk_catalogue *catalogue, const char *code, char ret_code[13])
{
    snprintf(ret_code, 13, "%s", code);
    for (int steps = 0; steps < DK_MOST_SUCCESSORS && dk_division_next(catalogue, ret_code, ret_code); steps++)
        continue;
}

bool dk_division_ended(const dk_catalogue *catalogue, const char *code, const char *day)
{
    char prefix[13];
    for (size_t size = strlen(code); size >= 6 && size <= 12; size = size > 9 ? 9 : size > 6 ? 6 : 0) {
        snprintf(prefix, sizeof prefix, "%.*s", (int)size, code);
        const dk_division *division = dk_catalogue_division(catalogue, prefix);
        if (division != NULL &&
            (division->valid_to != NULL ? strcmp(division->valid_to, day) < 0 : division->successor != NULL))
            return true;
    }
    return false;
}

bool dk_division_on(const dk_catalogue *catalogue, const char *code, const char *day, char ret_code[13])
{
    snprintf(ret_code, 13, "%s", code);
    for (int steps = 0; steps <= DK_MOST_SUCCESSORS; steps++) {
        if (!dk_division_ended(catalogue, ret_code, day))
            return true;
        if (!dk_division_next(catalogue, ret_code, ret_code))
            break;
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

/* ---- the way back ---- */

typedef struct way_back {
    const dk_catalogue *catalogue;
    const char *to; /* where it ends */
    bool parts;
    bool (*each)(const char *former, void *user);
    void *user;
} way_back;

/* The first in the order of successors whose successor is this code or comes behind it. */
static size_t first_to(const dk_catalogue *catalogue, const char *code)
{
    size_t low = 0, high = catalogue->n_successors;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(catalogue->by_successor[middle]->successor, code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool go_back(const way_back *way, const char *code, int steps);

/* A code that old may have led on, and those before it. */
static bool came_by(const way_back *way, const dk_division *old, const char *code, int steps)
{
    if (leaves_by(way->catalogue, code) != old) /* one of its own took it elsewhere */
        return true;
    if (way->parts ? begins_with(code, way->to) : is(code, way->to))
        return true;
    return go_back(way, code, steps + 1) && way->each(code, way->user);
}

/* What led to a beginning of the code that is as long as a division's, size digits. */
static bool back_from_beginning(const way_back *way, const char *code, size_t size, int steps)
{
    const dk_catalogue *catalogue = way->catalogue;
    const dk_division *const end = catalogue->divisions + catalogue->n_divisions;
    char beginning[13], former[25];
    bool good = true;
    snprintf(beginning, sizeof beginning, "%.*s", (int)size, code);
    for (size_t i = first_to(catalogue, beginning); good && i < catalogue->n_successors; i++) {
        const dk_division *old = catalogue->by_successor[i];
        if (!is(old->successor, beginning))
            break;
        if (strlen(old->code) == size) { /* its parts kept their last digits */
            snprintf(former, sizeof former, "%s%s", old->code, code + size);
            good = came_by(way, old, former, steps);
        } else if (code[size] == '\0') { /* they lost them: those that are listed */
            for (const dk_division *part = old; good && part < end && begins_with(part->code, old->code); part++)
                good = came_by(way, old, part->code, steps);
        }
    }
    return good;
}

/* Each code has one that follows it, so that the way back is a tree. steps from its root. */
static bool go_back(const way_back *way, const char *code, int steps)
{
    const dk_catalogue *catalogue = way->catalogue;
    const size_t size = strlen(code);
    bool good = true;
    if (steps == DK_MOST_SUCCESSORS)
        return true;
    for (size_t i = way->parts ? first_to(catalogue, code) : catalogue->n_successors;
         good && i < catalogue->n_successors && begins_with(catalogue->by_successor[i]->successor, code); i++)
        good = came_by(way, catalogue->by_successor[i], catalogue->by_successor[i]->code, steps);
    for (size_t first = 6; good && first <= 12 && (way->parts ? first < size : first <= size); first += 3)
        good = back_from_beginning(way, code, first, steps);
    return good;
}

void dk_division_former(const dk_catalogue *catalogue, const char *code, bool parts,
                        bool (*each)(const char *former, void *user), void *user)
{
    const way_back way = {catalogue, code, parts, each, user};
    if (strlen(code) <= 12)
        go_back(&way, code, 0);
}
