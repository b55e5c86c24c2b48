/* What somebody types into the search box: its words, and the 文号 or pinyin that it may be. */
#include "fuzz_check.h"
#include "store/search_query.h"
#include "store/text.h"

#include <stdlib.h>
#include <string.h>

static bool check_sound(const char *sound, size_t size, void *user)
{
    (void)user;
    CHECK(size <= DK_PINYIN_SOUND && strlen(sound) == size);
    CHECK(strspn(sound, "abcdefghijklmnopqrstuvwxyz0123456789") == size);
    return true;
}

static void check_word(const dk_search_word *word)
{
    CHECK(dk_utf8_valid(word->text, word->size) && strlen(word->text) <= word->size);
    CHECK(strlen(word->typed) <= DK_PINYIN_SOUND);
    if (word->number != NULL) {
        CHECK(word->number_size > 0 && dk_utf8_valid(word->number, word->number_size));
        dk_buf again;
        dk_buf_init(&again);
        CHECK(!dk_search_number(word->number, word->number_size, &again)); /* it is written so already */
        dk_buf_finish(&again);
    }
    if (word->typed[0] != '\0')
        dk_pinyin_match(word->text, word->size, word->typed, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > DK_SEARCH_TEXT)
        return 0;
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    dk_search_query query;
    dk_error err;
    if (dk_search_query_read(text, &query, &err) == DK_OK) {
        CHECK(query.n_words <= DK_SEARCH_WORDS);
        check_word(&query.whole);
        for (size_t i = 0; i < query.n_words; i++) {
            CHECK(query.words[i].size > 0 && strchr(query.words[i].text, ' ') == NULL);
            check_word(&query.words[i]);
        }
        dk_search_query_finish(&query);
    }
    dk_pinyin_sounds(text, size, check_sound, NULL);
    dk_pinyin_match(text, size, "zh", NULL);
    free(text);
    return 0;
}
