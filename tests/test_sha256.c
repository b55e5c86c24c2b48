/* Oracles: the examples of FIPS 180-4 (csrc.nist.gov, SHA256.pdf) and sha256sum over every length around a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/sha256.h"

static void digest(const void *data, size_t size, size_t piece, char hex[65])
{
    dk_sha256 hash;
    dk_sha256_begin(&hash);
    for (size_t at = 0; at < size; at += piece)
        dk_sha256_add(&hash, (const char *)data + at, size - at < piece ? size - at : piece);
    assert_true(dk_sha256_end(&hash, hex));
}

static void the_published_examples(void **state)
{
    (void)state;
    char hex[65];
    digest("", 0, 1, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest("abc", 3, 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, 56, hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = malloc(1000000);
    assert_non_null(million);
    memset(million, 'a', 1000000);
    for (size_t piece = 1; piece < 2000; piece = piece * 3 + 1) {
        digest(million, 1000000, piece, hex);
        assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
    free(million);
}

/* One call of sha256sum for all files. */
static void every_length_around_a_block_as_sha256sum_has_it(void **state)
{
    (void)state;
    enum { LENGTHS = 200 };
    char folder[] = "/tmp/dk-sha256-XXXXXX", path[64], command[200], line[200], expected[LENGTHS][65];
    unsigned char data[LENGTHS];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 37 + 11);
    assert_non_null(mkdtemp(folder));
    for (int n = 0; n < LENGTHS; n++) {
        snprintf(path, sizeof path, "%s/%03d", folder, n);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, (size_t)n, file), n);
        fclose(file);
    }
    snprintf(command, sizeof command, "sha256sum %s/*; rm -r %s", folder, folder);
    FILE *from = popen(command, "r");
    assert_non_null(from);
    int n = 0;
    for (; n < LENGTHS && fgets(line, sizeof line, from) != NULL; n++)
        snprintf(expected[n], sizeof expected[n], "%.64s", line);
    assert_int_equal(pclose(from), 0);
    assert_int_equal(n, LENGTHS);
    for (n = 0; n < LENGTHS; n++) {
        char hex[65];
        digest(data, (size_t)n, 7, hex);
        assert_string_equal(hex, expected[n]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_examples),
        cmocka_unit_test(every_length_around_a_block_as_sha256sum_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
