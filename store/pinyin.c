#include "store/pinyin.h"

#include "store/pinyin_table.h"

#include <string.h>

#include <utf8proc.h>

enum {
    MOST_CHARACTERS = 24, /* of a text: names are shorter */
    MOST_WAYS = 4
};

size_t dk_pinyin_readings(uint32_t character, const char *ret_readings[DK_PINYIN_READINGS])
{
    uint16_t list = 0;
    if (character >= DK_PINYIN_FIRST && character <= DK_PINYIN_LAST) {
        list = dk_pinyin_of[character - DK_PINYIN_FIRST];
    } else if (character > 0x7F) {
        size_t low = 0, high = dk_pinyin_n_rares;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            if (dk_pinyin_rares[middle].character < character)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < dk_pinyin_n_rares && dk_pinyin_rares[low].character == character)
            list = dk_pinyin_rares[low].list;
    }
    size_t n = 0;
    while (n < DK_PINYIN_READINGS && dk_pinyin_lists[list][n] != 0) {
        ret_readings[n] = dk_pinyin_syllables[dk_pinyin_lists[list][n]];
        n++;
    }
    return n;
}

static bool is_letter(int32_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_plain(int32_t c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* The next character, in small letters; 0 at the end and where it is no UTF-8. */
static int32_t next_character(const char *text, size_t size, size_t *at)
{
    utf8proc_int32_t c = 0;
    if (*at >= size)
        return 0;
    const utf8proc_ssize_t length =
        utf8proc_iterate((const utf8proc_uint8_t *)text + *at, (utf8proc_ssize_t)(size - *at), &c);
    if (length <= 0) {
        *at = size;
        return 0;
    }
    *at += (size_t)length;
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool dk_pinyin_typed(const char *text, size_t size, char ret_typed[DK_PINYIN_SOUND + 1])
{
    size_t n = 0, at = 0;
    bool letter = false;
    while (at < size) {
        int32_t c = next_character(text, size, &at);
        if (c == ' ' || c == '\'' || c == 0x2019)
            continue;
        if (c == 0xFC || c == 0xDC) /* ü */
            c = 'v';
        if (!is_plain(c))
            return false;
        letter |= is_letter(c);
        if (n < DK_PINYIN_SOUND)
            ret_typed[n++] = (char)c;
    }
    ret_typed[n] = '\0';
    return letter && n >= 2;
}

/* A character as it can be typed: its readings, or itself where it is a letter or digit. None: it is passed over. */
typedef struct spoken {
    const char *readings[DK_PINYIN_READINGS];
    size_t n;
    char self[2];
} spoken;

static bool speak(int32_t c, spoken *ret)
{
    ret->self[0] = is_plain(c) ? (char)c : '\0';
    ret->self[1] = '\0';
    ret->n = 0;
    if (ret->self[0] != '\0')
        ret->readings[ret->n++] = ret->self;
    else
        ret->n = dk_pinyin_readings((uint32_t)c, ret->readings);
    return ret->n > 0;
}

/* Whether the rest of a text can be typed so. */
static bool by_initials(const char *text, size_t size, const char *typed)
{
    for (size_t at = 0; *typed != '\0';) {
        spoken own;
        const int32_t c = next_character(text, size, &at);
        if (c == 0)
            return false;
        if (!speak(c, &own))
            continue;
        size_t i = 0;
        while (i < own.n && own.readings[i][0] != *typed)
            i++;
        if (i == own.n)
            return false;
        typed++;
    }
    return true;
}

static bool in_full(const char *text, size_t size, const char *typed, unsigned depth)
{
    if (*typed == '\0')
        return true;
    size_t at = 0;
    spoken own;
    int32_t c;
    do {
        if ((c = next_character(text, size, &at)) == 0)
            return false;
    } while (!speak(c, &own));
    for (size_t i = 0; i < own.n; i++) {
        const size_t length = strlen(own.readings[i]), left = strlen(typed);
        if (strncmp(own.readings[i], typed, left < length ? left : length) != 0)
            continue;
        if (left <= length || (depth < DK_PINYIN_SOUND && in_full(text + at, size - at, typed + length, depth + 1)))
            return true;
    }
    return false;
}

bool dk_pinyin_match(const char *text, size_t size, const char *typed, size_t *ret_from)
{
    size_t at = 0;
    for (size_t from = 0; from < MOST_CHARACTERS && at < size; from++) {
        const size_t start = at;
        const int32_t c = next_character(text, size, &at);
        const char *readings[DK_PINYIN_READINGS];
        const size_t n = c > 0x7F ? dk_pinyin_readings((uint32_t)c, readings) : 0;
        bool begins = false;
        for (size_t i = 0; i < n; i++)
            begins |= readings[i][0] == typed[0];
        if (begins &&
            (by_initials(text + start, size - start, typed) || in_full(text + start, size - start, typed, 0))) {
            if (ret_from != NULL)
                *ret_from = from;
            return true;
        }
    }
    return false;
}

/* Ways of reading a text that is looked at character by character. */
typedef struct ways {
    char sounds[MOST_WAYS][DK_PINYIN_SOUND + 1];
    size_t n;
} ways;

static void append(char sound[DK_PINYIN_SOUND + 1], const char *more, size_t size)
{
    const size_t length = strlen(sound);
    const size_t n = size < DK_PINYIN_SOUND - length ? size : DK_PINYIN_SOUND - length;
    memcpy(sound + length, more, n);
    sound[length + n] = '\0';
}

/* Each way goes on with each reading, as far as there is room; the first reading of all stays. */
static void go_on(ways *w, const spoken *own, bool initials)
{
    const size_t before = w->n;
    for (size_t i = own->n; i-- > 0;) {
        bool again = false; /* an initial that an earlier reading has too */
        for (size_t j = 0; initials && j < i; j++)
            again |= own->readings[j][0] == own->readings[i][0];
        const size_t size = initials ? 1 : strlen(own->readings[i]);
        for (size_t k = 0; k < before && !again; k++) {
            if (i == 0) {
                append(w->sounds[k], own->readings[i], size);
            } else if (w->n < MOST_WAYS) {
                memcpy(w->sounds[w->n], w->sounds[k], sizeof w->sounds[k]);
                append(w->sounds[w->n++], own->readings[i], size);
            }
        }
    }
}

void dk_pinyin_sounds(const char *text, size_t size, bool (*each)(const char *sound, size_t size, void *user),
                      void *user)
{
    size_t at = 0;
    for (size_t from = 0; from < MOST_CHARACTERS && at < size; from++) {
        const size_t start = at;
        spoken own;
        const int32_t first = next_character(text, size, &at);
        if (first <= 0x7F || !speak(first, &own))
            continue;
        for (int initials = 1; initials >= 0; initials--) {
            ways w = {.n = 1};
            size_t here = start;
            for (size_t i = from; i < MOST_CHARACTERS && here < size; i++)
                if (speak(next_character(text, size, &here), &own))
                    go_on(&w, &own, initials);
            for (size_t i = 0; i < w.n; i++)
                if (!each(w.sounds[i], strlen(w.sounds[i]), user))
                    return;
        }
    }
}
