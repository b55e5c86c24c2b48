/* Folding gives valid, trimmed text and is idempotent, and folds what is tidy as the original; our UTF-8 is
 * utf8proc's; the dates are those of the C library. */
#include "fuzz_check.h"

#include <string.h>
#include <time.h>

#include <utf8proc.h>

#include "store/text.h"

static bool utf8proc_accepts(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        utf8proc_int32_t c;
        const utf8proc_ssize_t n = utf8proc_iterate(data + at, (utf8proc_ssize_t)(size - at), &c);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static void check_date(const char *text)
{
    struct tm tm = {0};
    int year, month, day, n = 0;
    const bool valid = dk_date_valid(text);
    const bool shaped = strlen(text) == 10 && strspn(text, "0123456789-") == 10 && text[4] == '-' && text[7] == '-' &&
                        strchr(text + 8, '-') == NULL && strchr(text, '-') == text + 4 &&
                        strchr(text + 5, '-') == text + 7;
    if (!shaped || sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &n) != 3 || n != 10) {
        CHECK(!valid);
        return;
    }
    tm.tm_year = year - 1900, tm.tm_mon = month - 1, tm.tm_mday = day;
    timegm(&tm); /* moves what does not exist to a date that does */
    CHECK(valid == (tm.tm_year == year - 1900 && tm.tm_mon == month - 1 && tm.tm_mday == day));
}

static void check_folded(const char *text, size_t size, void (*fold)(const char *, size_t, dk_buf *))
{
    dk_buf once, twice;
    dk_buf_init(&once);
    dk_buf_init(&twice);
    fold(text, size, &once);
    CHECK(!once.failed && dk_utf8_valid((const char *)once.data, once.size));
    CHECK(once.size == 0 || (once.data[0] != ' ' && once.data[once.size - 1] != ' '));
    CHECK(once.size == 0 || memmem(once.data, once.size, "  ", 2) == NULL);
    fold((const char *)once.data, once.size, &twice);
    CHECK(once.size == twice.size && (once.size == 0 || memcmp(once.data, twice.data, once.size) == 0));
    dk_buf_finish(&once);
    dk_buf_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    char *const text = malloc(size + 1);
    CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';

    CHECK(dk_utf8_valid(text, size) == utf8proc_accepts(data, size));
    check_folded(text, size, dk_text_fold);
    check_folded(text, size, dk_text_tidy);
    check_date(text);
    const size_t n = strlen(text);
    CHECK(dk_division_code_valid(text) == ((n == 6 || n == 9 || n == 12) && strspn(text, "0123456789") == n));

    dk_buf tidy, tidy_folded, folded;
    dk_buf_init(&tidy);
    dk_buf_init(&tidy_folded);
    dk_buf_init(&folded);
    dk_text_tidy(text, size, &tidy);
    dk_text_fold((const char *)tidy.data, tidy.size, &tidy_folded);
    dk_text_fold(text, size, &folded);
    CHECK(folded.size == tidy_folded.size);
    CHECK(folded.size == 0 || memcmp(folded.data, tidy_folded.data, folded.size) == 0);
    dk_buf_finish(&tidy);
    dk_buf_finish(&tidy_folded);
    dk_buf_finish(&folded);
    free(text);
    return 0;
}
