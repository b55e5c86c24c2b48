/* Rows that have all words of a query, each in some searched field that the viewer sees in them, or in the name of their
 * division. */
#ifndef DK_STORE_SEARCH_WORDS_H
#define DK_STORE_SEARCH_WORDS_H

#include "store/handle.h"
#include "store/search_query.h"

typedef struct dk_word_rows {
    struct dk_word_row {
        int64_t row;
        unsigned length; /* characters of the shortest value with each word, together */
        size_t key;      /* offset in keys */
    } * rows;
    size_t n, capacity;
    dk_buf keys;
    bool complete; /* false: there may be more; set by whoever begins */
} dk_word_rows;

/* fields: the searched ones that the viewer sees in some row. Appends at most `most` rows. */
dk_status dk_search_words(dk_store *store, const dk_kind *kind, const dk_view *view, uint64_t fields,
                          const dk_search_query *query, int64_t generation, size_t most, dk_word_rows *ret_rows,
                          dk_error *err);
void dk_word_rows_finish(dk_word_rows *rows);

#endif
