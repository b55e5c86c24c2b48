/* Search: one box for every kind. What a text finds, best first: rows whose key or number it is; that have it as a value;
 * whose 文号 it is a part of, written otherwise; that have a value beginning with it; that contain all of its words, each in
 * some field; whose names sound like it; and last the rows in a division that is so named. In each of these the shorter
 * value comes first, then the kinds in the catalogue's order, then the keys; each row comes once.
 *
 * A viewer finds a row only by fields that it sees in that row. */
#ifndef DK_STORE_SEARCH_H
#define DK_STORE_SEARCH_H

#include "store/query.h"

typedef enum dk_match {
    DK_MATCH_KEY,
    DK_MATCH_VALUE,
    DK_MATCH_NUMBER,
    DK_MATCH_PREFIX,
    DK_MATCH_WORDS,
    DK_MATCH_PINYIN,
    DK_MATCH_DIVISION,
    DK_MATCHES
} dk_match;
const char *dk_match_name(dk_match match); /* "key", "value" … */

typedef struct dk_hit {
    dk_match match;
    const dk_row *row;           /* NULL: the hit is a division of the catalogue */
    const dk_division *division; /* NULL: it is a row */
    /* West, south, east, north in degrees: of the row; without a geometry of its own, of rows of layers that are linked to it;
     * of a division, its outline or else rows in it. Of more than 64 rows, 64 are looked at. */
    bool has_bounds;
    double bounds[4];
} dk_hit; /* valid inside the callback */

/* Returning false stops, which is not an error. */
typedef bool (*dk_hit_fn)(const dk_hit *hit, void *user);

typedef struct dk_search {
    const char *text; /* UTF-8, at most 200 bytes */
    const dk_viewer *viewer;
    int64_t generation;
    size_t limit;    /* hits, 1 to 1000 */
    size_t per_kind; /* of one kind at most; 0: limit. Divisions count as a kind */
    unsigned milliseconds; /* of work, after which it gives what it has; 0: 200 */
} dk_search;

/* *ret_complete is false when there may be more than was given: a limit was reached, or the time. */
dk_status dk_search_run(dk_store *store, const dk_search *search, dk_hit_fn each, void *user, bool *ret_complete,
                        dk_error *err);

#endif
