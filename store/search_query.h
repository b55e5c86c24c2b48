/* What a text in the search box asks for: the text as it is compared with values, its words, and the 文号 or the sound
 * that a part of it may be. */
#ifndef DK_STORE_SEARCH_QUERY_H
#define DK_STORE_SEARCH_QUERY_H

#include "store/buf.h"
#include "store/pinyin.h"
#include "store/status.h"

#define DK_SEARCH_TEXT 200 /* bytes of a query, at most */
#define DK_SEARCH_WORDS 8  /* at most; what stands behind the eighth is left out */

/* A text in its forms, all folded (store/text.h). */
typedef struct dk_search_word {
    const char *text; /* NUL-terminated, as the others; owned by the query */
    size_t size;
    /* The same as it stands in 文号: brackets of any kind as 〔〕, blanks beside them and zeros before the serial left
     * out; "2020-123号" and "皖政地 2020 123" with the brackets that they lack. NULL: it is no part of a 文号 that is
     * written otherwise than text. */
    const char *number;
    size_t number_size;
    char typed[DK_PINYIN_SOUND + 1]; /* as pinyin; "" : it is none */
} dk_search_word;

typedef struct dk_search_query {
    dk_search_word whole;
    /* Parts between blanks, without 、 , ; beside these; of several 文号 (1号、 2号) each. */
    dk_search_word words[DK_SEARCH_WORDS];
    size_t n_words;
    bool cut;             /* there were more words */
    const char *exact_no; /* the whole text as a 文号 in canonical form, not folded; NULL: it is none, or has other
                             words beside one */
    dk_buf memory;
} dk_search_query;

/* DK_NOMEM is the only failure; a text of nothing but blanks has no words. The caller ends with finish. */
dk_status dk_search_query_read(const char *text, dk_search_query *ret_query, dk_error *err);
void dk_search_query_finish(dk_search_query *query);

/* Appends the part of a 文号 that a folded text is, as said above. false: it is none, or written so already. */
bool dk_search_number(const char *text, size_t size, dk_buf *out);

#endif
