#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "store/status.h"
#include "store/text.h"

static void every_status_has_its_own_words(void **state)
{
    (void)state;
    for (int i = 0; i < DK_STATUS_COUNT; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(dk_status_text((dk_status)i), dk_status_text((dk_status)k));
    assert_string_equal(dk_status_text((dk_status)-1), dk_status_text(DK_STATUS_COUNT));
    assert_non_null(dk_status_text((dk_status)1000));
}

static void a_failure_returns_its_status_and_writes_its_sentence(void **state)
{
    (void)state;
    dk_error err;
    assert_int_equal(dk_fail(&err, DK_IO, "%s, row %d: %s", "a.csv", 3, "no key"), DK_IO);
    assert_int_equal(err.status, DK_IO);
    assert_string_equal(err.text, "a.csv, row 3: no key");
    assert_int_equal(dk_fail(NULL, DK_FULL, "nobody listens"), DK_FULL);
}

static void a_message_can_be_wrapped_into_a_longer_one(void **state)
{
    (void)state;
    dk_error err;
    dk_fail(&err, DK_INVALID, "no key");
    dk_fail(&err, err.status, "row 3: %s", err.text);
    assert_string_equal(err.text, "row 3: no key");
}

static void a_long_message_is_cut_at_a_character(void **state)
{
    (void)state;
    /* 地 takes three bytes and 𠮷 four: at every offset of the cut the text stays valid UTF-8 */
    static const char *const characters[] = {"\xE5\x9C\xB0", "\xF0\xA0\xAE\xB7", "\xC3\xA9"};
    for (size_t c = 0; c < 3; c++) {
        char name[2 * DK_ERROR_TEXT];
        const size_t size = strlen(characters[c]);
        for (size_t lead = 0; lead < size; lead++) {
            memset(name, 'x', lead);
            size_t n = lead;
            for (; n + size < sizeof name; n += size)
                memcpy(name + n, characters[c], size);
            name[n] = '\0';
            dk_error err;
            dk_fail(&err, DK_INVALID, "%s", name);
            const size_t kept = strlen(err.text);
            assert_true(kept < DK_ERROR_TEXT && kept + size >= DK_ERROR_TEXT);
            assert_true(dk_utf8_valid(err.text, kept));
            assert_memory_equal(err.text, name, kept);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_words),
        cmocka_unit_test(a_failure_returns_its_status_and_writes_its_sentence),
        cmocka_unit_test(a_message_can_be_wrapped_into_a_longer_one),
        cmocka_unit_test(a_long_message_is_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
