/* Coded bodies are the bodies again for zlib and zstd, and the tables that tiles are coded by suit them. */
#include "tiler/coding.h"
#include "tiler/tile_symbols.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

enum { ROOM = 300000, LITERALS = 256 };

static dk_coder *coder;
static dk_buf coded;
static unsigned char body[ROOM], again[ROOM];
static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 32) % n);
}

static size_t unzip(void)
{
    z_stream z = {.next_in = coded.data, .avail_in = (uInt)coded.size, .next_out = again, .avail_out = sizeof again};
    assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    const size_t size = z.total_out;
    inflateEnd(&z);
    return size;
}

/* Bytes of a source without memory, in which they are as frequent as said; returns the fewest bits for one (Shannon).
 */
static double fill(const uint32_t *frequencies, size_t size)
{
    uint32_t sum = 0;
    double bits = 0;
    for (size_t i = 0; i < LITERALS; i++)
        sum += frequencies[i];
    for (size_t i = 0; i < LITERALS; i++)
        if (frequencies[i] > 0)
            bits -= frequencies[i] * log2((double)frequencies[i] / sum) / sum;
    for (size_t i = 0; i < size; i++) {
        uint32_t at = random_below(sum), byte = 0;
        while (at >= frequencies[byte])
            at -= frequencies[byte++];
        body[i] = (unsigned char)byte;
    }
    return bits;
}

/* Half of the bytes are copied from before, so that there is something to find. */
static void fill_with_repeats(size_t size, uint32_t alphabet)
{
    for (size_t i = 0; i < size;) {
        const size_t n = 1 + random_below(40), back = 1 + random_below(60000);
        const bool copied = back <= i && random_below(2) == 0;
        for (size_t k = 0; k < n && i < size; k++, i++)
            body[i] = copied ? body[i - back] : (unsigned char)random_below(alphabet);
    }
}

static void what_is_coded_is_the_body_again(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,
                                   2,
                                   15,
                                   16,
                                   17,
                                   199,
                                   200,
                                   383,
                                   384,
                                   385,
                                   1000,
                                   5999,
                                   6000,
                                   32767,
                                   32768,
                                   32769,
                                   65535,
                                   65536,
                                   65537,
                                   200000,
                                   DK_TILE_TABLES_MAX,
                                   DK_TILE_TABLES_MAX + 1};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (uint32_t alphabet = 2; alphabet <= 256; alphabet *= 2)
            for (int matter = DK_MATTER_TEXT; matter <= DK_MATTER_TILE; matter++) {
                fill_with_repeats(sizes[s], alphabet);
                if (dk_coder_code(coder, DK_GZIP, (dk_matter)matter, body, sizes[s], &coded)) {
                    assert_true(coded.size < sizes[s]);
                    assert_int_equal(unzip(), sizes[s]);
                    assert_memory_equal(again, body, sizes[s]);
                } else {
                    assert_int_equal(coded.size, 0);
                    assert_true(sizes[s] < 1000 || alphabet == 256);
                }
                if (dk_coder_code(coder, DK_ZSTD, (dk_matter)matter, body, sizes[s], &coded)) {
                    assert_int_equal(ZSTD_decompress(again, sizeof again, coded.data, coded.size), sizes[s]);
                    assert_memory_equal(again, body, sizes[s]);
                }
            }
}

static void noise_is_sent_as_it_is(void **state)
{
    (void)state;
    for (size_t size = 1; size < 200000; size = size * 3 + 1) {
        for (size_t i = 0; i < size; i++)
            body[i] = (unsigned char)random_below(256);
        for (int matter = DK_MATTER_TEXT; matter <= DK_MATTER_TILE; matter++)
            assert_false(dk_coder_code(coder, DK_GZIP, (dk_matter)matter, body, size, &coded));
    }
}

static void noise_is_coded_where_it_must_be(void **state)
{
    (void)state;
    for (size_t size = 1; size < 200000; size = size * 3 + 1) {
        for (size_t i = 0; i < size; i++)
            body[i] = (unsigned char)random_below(256);
        for (int matter = DK_MATTER_TEXT; matter <= DK_MATTER_TILE; matter++) {
            assert_true(dk_coder_must_code(coder, DK_GZIP, (dk_matter)matter, body, size, &coded));
            assert_int_equal(unzip(), size);
            assert_memory_equal(again, body, size);
            assert_true(dk_coder_must_code(coder, DK_ZSTD, (dk_matter)matter, body, size, &coded));
            assert_int_equal(ZSTD_decompress(again, sizeof again, coded.data, coded.size), size);
            assert_memory_equal(again, body, size);
        }
    }
}

/* Tables from the frequencies of symbols take hardly more bits than such bytes hold, and so do those that were chosen
 * from some of the bytes: the others would take more. */
static void bytes_of_tiles_take_hardly_more_than_they_hold(void **state)
{
    (void)state;
    const uint32_t *kinds[] = {dk_attribute_symbols, dk_outline_symbols};
    for (size_t k = 0; k < 2; k++)
        for (size_t size = 20000; size <= DK_TILE_TABLES_MAX; size += 20000) {
            const double bits = fill(kinds[k], size);
            assert_true(dk_coder_code(coder, DK_GZIP, DK_MATTER_TILE, body, size, &coded));
            assert_true((double)coded.size * 8 < (double)size * bits * 1.03 + 2000);
        }
}

static void the_same_tile_gives_the_same_bytes(void **state)
{
    (void)state;
    fill_with_repeats(30000, 64);
    assert_true(dk_coder_code(coder, DK_GZIP, DK_MATTER_TILE, body, 30000, &coded));
    memcpy(again, coded.data, coded.size);
    const size_t size = coded.size;
    dk_coder *other = dk_coder_create();
    assert_non_null(other);
    assert_true(dk_coder_code(other, DK_GZIP, DK_MATTER_TILE, body, 30000, &coded));
    dk_coder_free(other);
    assert_int_equal(coded.size, size);
    assert_memory_equal(coded.data, again, size);
}

static int set_up(void **state)
{
    (void)state;
    random_state = 88172645463325252u;
    dk_buf_init(&coded);
    coder = dk_coder_create();
    return coder == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    dk_buf_finish(&coded);
    dk_coder_free(coder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_coded_is_the_body_again),
        cmocka_unit_test(noise_is_sent_as_it_is),
        cmocka_unit_test(noise_is_coded_where_it_must_be),
        cmocka_unit_test(bytes_of_tiles_take_hardly_more_than_they_hold),
        cmocka_unit_test(the_same_tile_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
