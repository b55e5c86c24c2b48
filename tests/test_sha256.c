#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "store/sha256.h"

/* In pieces of a given size, for how bytes arrive must not matter. */
static void assert_digest(const char *text, size_t repeats, size_t piece, const char *expected)
{
    dk_sha256 hash;
    char digest[DK_SHA256_HEX];
    dk_sha256_start(&hash);
    for (size_t r = 0; r < repeats; r++)
        for (size_t at = 0, size = strlen(text); at < size; at += piece)
            dk_sha256_add(&hash, text + at, size - at < piece ? size - at : piece);
    dk_sha256_end_hex(&hash, digest);
    assert_string_equal(digest, expected);
}

/* NIST, Cryptographic Algorithm Validation Program, examples of FIPS 180-2 appendix B and its additional vectors. */
static void published_digests(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 3, 55, 56, 63, 64, 65, 1000};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const size_t piece = pieces[i];
        assert_digest("", 1, piece, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_digest("abc", 1, piece, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, piece,
                      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        assert_digest(
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsm"
            "nopqrstnopqrstu",
            1, piece, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    }
    assert_digest("aaaaaaaaaa", 100000, 7, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_digests)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
