#include "store/search_division.h"

#include "store/succession.h"
#include "store/text.h"

#include <string.h>

/* Digits of a code that are enough to ask for all that begin so: a province has two, a city four. */
#define LEAST_DIGITS 4

static bool begins(const char *text, const char *with, size_t size)
{
    return strncmp(text, with, size) == 0;
}

bool dk_division_has_word(const dk_division *division, const dk_search_word *word)
{
    return strstr(division->folded, word->text) != NULL ||
           (word->typed[0] != '\0' && dk_pinyin_match(division->folded, strlen(division->folded), word->typed, NULL));
}

bool dk_division_around_has_word(const dk_catalogue *catalogue, const char *code, const dk_search_word *word)
{
    static const size_t sizes[] = {12, 9, 6}; /* that codes of the catalogue have */
    char own[13], around[13];
    dk_text_copy(own, sizeof own, code, strlen(code));
    for (int steps = 0; steps <= DK_MOST_SUCCESSORS; steps++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            if (strlen(own) < sizes[i])
                continue;
            dk_text_copy(around, sizeof around, own, sizes[i]);
            const dk_division *division = dk_catalogue_division(catalogue, around);
            if (division != NULL && dk_division_has_word(division, word))
                return true;
        }
        if (!dk_division_next(catalogue, own, own))
            break;
    }
    return false;
}

static dk_match match_of(const dk_division *division, const dk_search_query *query)
{
    const dk_search_word *whole = &query->whole;
    if (strcmp(division->code, whole->text) == 0)
        return DK_MATCH_KEY;
    if (strcmp(division->folded, whole->text) == 0)
        return DK_MATCH_VALUE;
    if (begins(division->folded, whole->text, whole->size) ||
        (whole->size >= LEAST_DIGITS && begins(division->code, whole->text, whole->size)))
        return DK_MATCH_PREFIX;
    size_t i = 0;
    while (i < query->n_words && strstr(division->folded, query->words[i].text) != NULL)
        i++;
    if (i == query->n_words)
        return DK_MATCH_WORDS;
    if (whole->typed[0] != '\0' && dk_pinyin_match(division->folded, strlen(division->folded), whole->typed, NULL))
        return DK_MATCH_PINYIN;
    return DK_MATCHES;
}

static int compare(const dk_found_division *a, const dk_found_division *b)
{
    if (a->match != b->match)
        return a->match < b->match ? -1 : 1;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return strcmp(a->division->code, b->division->code);
}

size_t dk_search_divisions(const dk_catalogue *catalogue, const dk_search_query *query, dk_found_division *ret_found,
                           size_t most, bool *ret_all)
{
    size_t n = 0;
    *ret_all = true;
    if (query->n_words == 0)
        return 0;
    for (size_t i = 0; i < catalogue->n_divisions; i++) {
        const dk_division *division = &catalogue->divisions[i];
        dk_found_division found = {match_of(division, query), division, 0};
        if (found.match == DK_MATCHES)
            continue;
        for (const char *c = division->name; *c != '\0'; c++)
            found.length += ((unsigned char)*c & 0xC0) != 0x80;
        /* Into its place among the best. */
        size_t at = n;
        while (at > 0 && compare(&found, &ret_found[at - 1]) < 0)
            at--;
        if (n == most)
            *ret_all = false;
        if (at == most)
            continue;
        const size_t behind = (n < most ? n : most - 1) - at;
        memmove(&ret_found[at + 1], &ret_found[at], behind * sizeof *ret_found);
        ret_found[at] = found;
        n += n < most;
    }
    return n;
}
