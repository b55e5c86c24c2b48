/* The tables by which search finds terms that contain a text or sound like it: gram_K and hidden_K, which know the
 * three characters in a row of the terms of searched fields, and sound_K. Of fields that the public does not see they
 * are kept apart, so that how long the public's search takes says nothing about them. */
#ifndef DK_STORE_SEARCH_INDEX_H
#define DK_STORE_SEARCH_INDEX_H

#include "store/handle.h"

/* A term that was found: its number, its field, and its length in characters. */
typedef struct dk_found_term {
    int64_t term;
    int field;
    unsigned length;
    bool begins; /* the term begins with what was looked for */
} dk_found_term;

/* Is given a term when it is found. DK_END: no more are wanted. */
typedef dk_status (*dk_found_term_fn)(const dk_found_term *term, bool *ret_counts, void *user);

typedef struct dk_found_terms {
    dk_found_term *terms;
    size_t n, capacity;
    size_t counted; /* of those that were found */
    bool complete;  /* false: there are more; set by whoever begins */
    /* NULL, or gets the terms, which are not kept then: of those that do not count any number is looked at. */
    dk_found_term_fn take;
    void *user;
    bool ended; /* it wants no more */
} dk_found_terms;

void dk_found_terms_finish(dk_found_terms *found);
/* By length, then as found; each once. */
void dk_found_terms_sort(dk_found_terms *found);

/* Whether the kind has any searched field that is not public, or that is found by its sound. */
bool dk_search_has_hidden(const dk_kind *kind);
bool dk_search_has_sounds(const dk_kind *kind);
/* Creates the tables of a kind: appends SQL. */
void dk_search_append_tables(const dk_kind *kind, dk_buf *sql);
/* The same for one of them ("gram", "hidden", "sound"), and taking it away. */
void dk_search_append_table(const dk_kind *kind, const char *table, dk_buf *sql);
void dk_search_append_drop(const char *kind, const char *table, dk_buf *sql);
/* Empties them, for a rebuild: appends SQL. */
void dk_search_append_clearing(const dk_kind *kind, dk_buf *sql);

/* Appends the text by which the grams know a term. */
void dk_search_append_entered(const char *text, size_t size, dk_buf *out);
/* Enters a new term of a field. */
dk_status dk_search_enter(dk_store *store, const dk_kind *kind, int field, int64_t term, const char *text, size_t size,
                          dk_error *err);

/* Takes back what the grams know of a term, by the text that it was entered with; what their index keeps of it goes
 * when it is merged. */
dk_status dk_search_leave(dk_store *store, const dk_kind *kind, int field, int64_t term, const char *text, size_t size,
                          dk_error *err);
/* Takes the sounds away of terms that are no more. */
dk_status dk_search_leave_sounds(dk_store *store, const dk_kind *kind, dk_error *err);

/* Each appends to found what it finds in these fields (bits), at most `most` terms; found->complete becomes false if
 * there are more. Texts are folded. */
dk_status dk_search_equal(dk_store *store, const dk_kind *kind, int field, const char *text, size_t size,
                          dk_found_terms *found, dk_error *err);
dk_status dk_search_beginning(dk_store *store, const dk_kind *kind, int field, const char *text, size_t size,
                              size_t most, dk_found_terms *found, dk_error *err);
/* Of the kind's field of divisions, which it has: the codes that lie in a division, and in those whose place it or a
 * part of it took. */
dk_status dk_search_within(dk_store *store, const dk_kind *kind, const char *code, size_t most, dk_found_terms *found,
                           dk_error *err);
dk_status dk_search_containing(dk_store *store, const dk_kind *kind, uint64_t fields, const char *text, size_t size,
                               size_t most, dk_found_terms *found, dk_error *err);
dk_status dk_search_sounding(dk_store *store, const dk_kind *kind, uint64_t fields, const char *typed, size_t most,
                             dk_found_terms *found, dk_error *err);

#endif
