#include "store/search_query.h"

#include "store/approval_no.h"
#include "store/text.h"

#include <string.h>

#include <utf8proc.h>

enum {
    MOST_CHARACTERS = 120, /* of a text that may be a 文号 */
    OPEN = 0x3014,
    CLOSE = 0x3015,
    YEAR = 0x5E74,    /* 年 */
    ORDINAL = 0x7B2C, /* 第 */
    NUMBER = 0x53F7,  /* 号 */
    OLD_NUMBER = 0x865F
};

static bool is_one_of(int32_t c, const int32_t *list)
{
    for (; *list != 0; list++)
        if (c == *list)
            return true;
    return false;
}

static bool is_open(int32_t c)
{
    static const int32_t list[] = {OPEN, '[', '(', 0x3010, 0x3016, 0x2768, '{', '<', 0x3008, 0x300A, 0x300C, 0x300E, 0};
    return is_one_of(c, list);
}

static bool is_close(int32_t c)
{
    static const int32_t list[] = {CLOSE, ']',    ')',    0x3011, 0x3017, 0x2769, '}',
                                   '>',   0x3009, 0x300B, 0x300D, 0x300F, 0};
    return is_one_of(c, list);
}

static bool is_digit(int32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_dash(int32_t c)
{
    return c == '-' || c == '_' || c == '/' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

static bool is_han(int32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x3FFFF);
}

typedef struct letters {
    int32_t at[MOST_CHARACTERS + 1]; /* 0 behind the last */
    size_t n;
} letters;

static bool decode(const char *text, size_t size, letters *ret)
{
    ret->n = 0;
    for (size_t at = 0; at < size; ret->n++) {
        utf8proc_int32_t c;
        const utf8proc_ssize_t length =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &c);
        if (length <= 0 || ret->n == MOST_CHARACTERS)
            return false;
        ret->at[ret->n] = c;
        at += (size_t)length;
    }
    ret->at[ret->n] = 0;
    return true;
}

static void put(dk_buf *out, int32_t c)
{
    utf8proc_uint8_t bytes[4];
    dk_buf_append(out, bytes, (size_t)utf8proc_encode_char(c, bytes));
}

static size_t skip_blank(const letters *text, size_t at)
{
    return text->at[at] == ' ' ? at + 1 : at;
}

/* A serial, or as much of it as is there, to the end of the text: 第 0123-1 号. */
static bool put_serial(const letters *text, size_t at, dk_buf *out)
{
    at = skip_blank(text, at);
    if (text->at[at] == ORDINAL)
        at = skip_blank(text, at + 1);
    while (text->at[at] == '0')
        at++;
    bool digits = false;
    for (; is_digit(text->at[at]); at++, digits = true)
        put(out, text->at[at]);
    if (digits && is_dash(text->at[at])) {
        put(out, '-');
        for (at++; is_digit(text->at[at]); at++)
            put(out, text->at[at]);
    }
    at = skip_blank(text, at);
    if (digits && (text->at[at] == NUMBER || text->at[at] == OLD_NUMBER)) {
        put(out, NUMBER);
        at = skip_blank(text, at + 1);
    }
    return at == text->n;
}

/* A year of four digits, and no fifth. */
static bool is_year(const letters *text, size_t at)
{
    for (size_t i = 0; i < 4; i++)
        if (!is_digit(text->at[at + i])) /* the end is no digit */
            return false;
    return !is_digit(text->at[at + 4]) &&
           ((text->at[at] == '1' && text->at[at + 1] == '9') || (text->at[at] == '2' && text->at[at + 1] == '0'));
}

/* An agency of Chinese characters or none, then a year in brackets, or as much of that as is typed, then a serial. */
static bool put_bracketed(const letters *text, dk_buf *out)
{
    size_t at = 0;
    while (is_han(text->at[at]))
        put(out, text->at[at++]);
    at = skip_blank(text, at);
    if (!is_open(text->at[at]))
        return false;
    put(out, OPEN);
    at = skip_blank(text, at + 1);
    for (size_t n = 0; n < 4 && is_digit(text->at[at]); n++)
        put(out, text->at[at++]);
    at = skip_blank(text, at);
    if (text->at[at] == YEAR)
        at = skip_blank(text, at + 1);
    if (text->at[at] == 0)
        return true;
    if (!is_close(text->at[at]))
        return false;
    put(out, CLOSE);
    return put_serial(text, at + 1, out);
}

/* The same without brackets, which have to be told from other numbers: agency and year, or year and serial, with
 * something between them. */
static bool put_bare(const letters *text, dk_buf *out)
{
    size_t at = 0;
    while (is_han(text->at[at]))
        put(out, text->at[at++]);
    const bool agency = at > 0;
    at = skip_blank(text, at);
    if (!is_year(text, at))
        return false;
    put(out, OPEN);
    for (size_t n = 0; n < 4; n++)
        put(out, text->at[at++]);
    if (text->at[at] == 0)
        return agency;
    put(out, CLOSE);
    const size_t behind = at;
    at = skip_blank(text, at);
    if (text->at[at] == YEAR || is_dash(text->at[at]))
        at++;
    else if (at == behind && text->at[at] != ORDINAL)
        return false;
    const size_t before = out->size;
    return put_serial(text, at, out) && out->size > before;
}

bool dk_search_number(const char *text, size_t size, dk_buf *out)
{
    letters decoded;
    const size_t start = out->size;
    if (!decode(text, size, &decoded))
        return false;
    bool is_number = put_bracketed(&decoded, out);
    if (!is_number) {
        out->size = start;
        is_number = put_bare(&decoded, out);
    }
    if (is_number && !out->failed && (out->size - start != size || memcmp(out->data + start, text, size) != 0))
        return true;
    out->size = start;
    return false;
}

/* The forms of a word: texts go into memory, their places into the word until memory stays where it is. */
static void read_word(dk_search_query *query, const char *text, size_t size, dk_search_word *word, size_t *ret_at,
                      size_t *ret_number_at)
{
    *ret_at = query->memory.size;
    word->size = size;
    dk_buf_append(&query->memory, text, size);
    dk_buf_byte(&query->memory, 0);
    *ret_number_at = query->memory.size;
    word->number_size = dk_search_number(text, size, &query->memory) ? query->memory.size - *ret_number_at : 0;
    dk_buf_byte(&query->memory, 0);
    if (!dk_pinyin_typed(text, size, word->typed))
        word->typed[0] = '\0';
}

typedef struct reading {
    dk_search_query *query;
    size_t at[DK_SEARCH_WORDS + 1], number_at[DK_SEARCH_WORDS + 1]; /* the last: of the whole text */
} reading;

/* false: there is no room for it. */
static bool add_word(const char *text, size_t size, void *user)
{
    reading *r = user;
    dk_search_query *query = r->query;
    query->cut = query->n_words == DK_SEARCH_WORDS;
    if (query->cut)
        return false;
    read_word(query, text, size, &query->words[query->n_words], &r->at[query->n_words], &r->number_at[query->n_words]);
    query->n_words++;
    return true;
}

/* The numbers, if the text is several and nothing else: rows are known by each of theirs, and not by all in one. */
static bool add_numbers(const char *text, size_t size, reading *r)
{
    dk_buf numbers;
    dk_approval_rest rest;
    dk_buf_init(&numbers);
    const bool several = dk_approval_no_read(text, size, &numbers, &rest) > 1 && rest.left[0] == '\0';
    const char *list = several ? dk_buf_cstr(&numbers) : NULL;
    if (list != NULL)
        dk_approval_no_each(list, add_word, r);
    r->query->memory.failed |= numbers.failed;
    dk_buf_finish(&numbers);
    return several;
}

static size_t part_size(const char *text)
{
    return strcspn(text, " ");
}

/* What stands between things that are listed: 、 , ; which is nothing that is looked for. Bytes of the one that text
 * begins with, 0: with none. */
static size_t comma_at(const char *text)
{
    static const char fullwidth[] = "、";
    return text[0] == ',' || text[0] == ';'                      ? 1
           : strncmp(text, fullwidth, sizeof fullwidth - 1) == 0 ? sizeof fullwidth - 1
                                                                 : 0;
}

static size_t comma_before(const char *text, size_t size)
{
    for (size_t n = 1; n <= 3 && n <= size; n += 2)
        if (comma_at(text + size - n) == n)
            return n;
    return 0;
}

/* Several parts as one, if blanks beside commas are all that is between them (1号、 2号) and they are numbers together:
 * the most that are. 0: there are none. */
static size_t add_listed_parts(const char *text, reading *r)
{
    size_t ends[DK_SEARCH_TEXT / 2], n = 0;
    for (size_t end = part_size(text); n < sizeof ends / sizeof *ends; end += 1 + part_size(text + end + 1)) {
        ends[n++] = end;
        if (text[end] == '\0' || (comma_before(text, end) == 0 && comma_at(text + end + 1) == 0))
            break;
    }
    while (n-- > 0)
        if (add_numbers(text, ends[n], r))
            return ends[n];
    return 0;
}

/* Parts between blanks, of a folded text, which has single ones and none at the ends, without commas beside these; of
 * parts that are several numbers each. */
static void add_parts(const char *text, reading *r)
{
    for (size_t size; *text != '\0'; text += size + (text[size] == ' ')) {
        size = add_listed_parts(text, r);
        if (size > 0)
            continue;
        size = part_size(text);
        size_t from = 0, to = size;
        for (size_t n; from < to && (n = comma_at(text + from)) > 0;)
            from += n;
        for (size_t n; from < to && (n = comma_before(text, to)) > 0;)
            to -= n;
        if (from < to && !add_word(text + from, to - from, r))
            return;
    }
}

/* Words, if there is anything but blanks. */
static void add_words(const char *text, size_t size, reading *r)
{
    if (add_numbers(text, size, r))
        return;
    add_parts(text, r);
    if (r->query->n_words == 0 && size > 0)
        add_word(text, part_size(text), r); /* commas alone are what is looked for */
}

static void place_word(const dk_search_query *query, dk_search_word *word, size_t at, size_t number_at)
{
    word->text = (const char *)query->memory.data + at;
    word->number = word->number_size > 0 ? (const char *)query->memory.data + number_at : NULL;
}

dk_status dk_search_query_read(const char *text, dk_search_query *ret_query, dk_error *err)
{
    dk_search_query *query = ret_query;
    reading r = {.query = query};
    size_t *const at = r.at, *const number_at = r.number_at;
    dk_buf folded;
    memset(query, 0, sizeof *query);
    dk_buf_init(&query->memory);
    dk_buf_init(&folded);
    dk_text_fold(text, strlen(text), &folded);
    const char *from = dk_buf_cstr(&folded);
    if (from != NULL) {
        read_word(query, from, folded.size, &query->whole, &at[DK_SEARCH_WORDS], &number_at[DK_SEARCH_WORDS]);
        add_words(from, folded.size, &r);
        const size_t exact_at = query->memory.size;
        const char *as_number = query->whole.number_size > 0
                                    ? (const char *)query->memory.data + number_at[DK_SEARCH_WORDS]
                                    : (const char *)query->memory.data + at[DK_SEARCH_WORDS];
        dk_buf exact;
        dk_approval_rest rest;
        dk_buf_init(&exact);
        const bool is_exact = !query->memory.failed &&
                              dk_approval_no_read(as_number, strlen(as_number), &exact, &rest) == 1 &&
                              (!rest.matters || query->n_words == 1); /* another word narrows it to some of its rows */
        if (is_exact)
            dk_buf_append(&query->memory, exact.data, exact.size);
        dk_buf_byte(&query->memory, 0);
        query->memory.failed |= exact.failed;
        dk_buf_finish(&exact);
        if (!query->memory.failed) {
            place_word(query, &query->whole, at[DK_SEARCH_WORDS], number_at[DK_SEARCH_WORDS]);
            for (size_t i = 0; i < query->n_words; i++)
                place_word(query, &query->words[i], at[i], number_at[i]);
            query->exact_no = is_exact ? (const char *)query->memory.data + exact_at : NULL;
        }
    }
    const bool failed = from == NULL || query->memory.failed;
    dk_buf_finish(&folded);
    if (!failed)
        return DK_OK;
    dk_search_query_finish(query);
    return dk_fail(err, DK_NOMEM, "out of memory");
}

void dk_search_query_finish(dk_search_query *query)
{
    dk_buf_finish(&query->memory);
}
