/* What the cache of tiles may still give after a publication, and what it must not: all by one thread, so that what
 * another would do in between stands in the test. */
#include "tiler/tile_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PARCEL, ZONE, LIMIT = 32 * 100000, ZOOM = 13 }; /* kinds; 100,000 bytes a shard */

static dk_tile_cache *cache;

static int set_up(void **state)
{
    (void)state;
    alarm(20); /* who waits for a tile that nobody makes waits for ever */
    cache = dk_tile_cache_create(LIMIT);
    return cache == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    dk_tile_cache_free(cache);
    alarm(0);
    return 0;
}

static dk_tile_request tile_of(const char *layers, dk_tile_matrix_set set, int z, uint32_t x, uint32_t y)
{
    return (dk_tile_request){
        .layers = layers, .layers_size = strlen(layers), .tile = {.set = set, .z = z, .x = x, .y = y}};
}

static bool has(const dk_tile_request *request, dk_coding coding)
{
    dk_tile_entry *entry = NULL;
    const dk_cache_result result = dk_tile_cache_begin(cache, request, coding, &entry);
    if (result == DK_CACHE_HIT)
        dk_tile_cache_release(cache, entry);
    else
        dk_tile_cache_fail(cache, entry);
    return result == DK_CACHE_HIT;
}

/* Makes one that shows these kinds in a generation. */
static void make(const dk_tile_request *request, dk_coding coding, uint64_t layers, int64_t generation)
{
    dk_tile_entry *entry = NULL;
    assert_int_equal(dk_tile_cache_begin(cache, request, coding, &entry), DK_CACHE_MISS);
    entry->body_size = 500;
    dk_tile_cache_put(cache, entry, layers, generation);
    dk_tile_cache_release(cache, entry);
}

static void a_tile_is_that_of_its_address_and_coding_alone(void **state)
{
    (void)state;
    const dk_tile_request one = tile_of("parcel", DK_WEBMERCATORQUAD, ZOOM, 6740, 3300);
    const dk_tile_request others[] = {
        tile_of("parcel", DK_CGCS2000QUAD, ZOOM, 6740, 3300),
        tile_of("parcel", DK_WEBMERCATORQUAD, ZOOM + 1, 6740, 3300),
        tile_of("parcel", DK_WEBMERCATORQUAD, ZOOM, 6741, 3300),
        tile_of("parcel", DK_WEBMERCATORQUAD, ZOOM, 6740, 3301),
        tile_of("mining", DK_WEBMERCATORQUAD, ZOOM, 6740, 3300),
        tile_of("parcel,zone", DK_WEBMERCATORQUAD, ZOOM, 6740, 3300),
    };
    make(&one, DK_GZIP, 1 << PARCEL, 1);
    assert_true(has(&one, DK_GZIP));
    assert_false(has(&one, DK_ZSTD));
    assert_false(has(&one, DK_IDENTITY));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(has(&others[i], DK_GZIP));
}

/* Boxes beside the tile, by so many units of the world from its edge; it is drawn with a buffer of 1/64. */
static void what_touches_a_tile_or_its_buffer_drops_it(void **state)
{
    (void)state;
    const dk_tile_request request = tile_of("parcel", DK_WEBMERCATORQUAD, ZOOM, 6740, 3300);
    const uint32_t side = UINT32_C(1) << (32 - ZOOM), west = 6740 * side, north = 3300 * side, buffer = side / 64;
    for (int axis = 0; axis < 2; axis++)
        for (int after = 0; after < 2; after++)
            for (int way = -1; way <= 1; way++) {
                /* A box of a unit that lies just within the buffer, or just beyond: 2 units, however it is rounded. */
                const uint32_t at[2] = {west, north};
                uint32_t place[2] = {west + side / 2, north + side / 2};
                place[axis] =
                    after ? at[axis] + side + buffer + 2 * (uint32_t)way : at[axis] - buffer - 2 * (uint32_t)way;
                const dk_touched_box box = {PARCEL, {place[0], place[1], place[0], place[1]}};
                const dk_touched_box other = {ZONE, {0, 0, UINT32_MAX, UINT32_MAX}};
                make(&request, DK_GZIP, 1 << PARCEL, 1);
                dk_tile_cache_touch(cache, 1, &other, 1);
                assert_true(has(&request, DK_GZIP)); /* it does not show that kind */
                dk_tile_cache_touch(cache, 1, &box, 1);
                if (way != 0)
                    assert_int_equal(has(&request, DK_GZIP), way > 0);
                dk_tile_cache_touch(cache, 1, NULL, SIZE_MAX);
                assert_false(has(&request, DK_GZIP));
            }
}

static void what_was_made_of_an_older_generation_is_neither_kept_nor_waited_for(void **state)
{
    (void)state;
    const dk_tile_request request = tile_of("parcel", DK_WEBMERCATORQUAD, ZOOM, 6740, 3300);
    dk_tile_entry *slow = NULL, *quick = NULL;
    dk_cache_counts counts;
    for (int how = 0; how < 2; how++) {
        const int64_t generation = 5 + 10 * how;
        dk_tile_cache_touch(cache, generation, NULL, SIZE_MAX);
        assert_int_equal(dk_tile_cache_begin(cache, &request, DK_GZIP, &slow), DK_CACHE_MISS);
        if (how == 0)
            dk_tile_cache_touch(cache, generation + 1, NULL, 0); /* a publication elsewhere */
        else
            dk_tile_cache_clear(cache); /* the index built anew */
        /* Who asks now has seen that, and makes it anew. */
        assert_int_equal(dk_tile_cache_begin(cache, &request, DK_GZIP, &quick), DK_CACHE_MISS);
        assert_ptr_not_equal(slow, quick);
        dk_tile_cache_put(cache, slow, 1 << PARCEL, generation);
        dk_tile_cache_release(cache, slow);
        dk_tile_cache_put(cache, quick, 1 << PARCEL, generation + 1);
        dk_tile_cache_release(cache, quick);
        assert_true(has(&request, DK_GZIP)); /* the second */
        /* Nobody else has asked for it: what was made of the generation before is not kept. */
        dk_tile_cache_touch(cache, generation + 2, NULL, SIZE_MAX);
        assert_int_equal(dk_tile_cache_begin(cache, &request, DK_GZIP, &slow), DK_CACHE_MISS);
        if (how == 0)
            dk_tile_cache_touch(cache, generation + 3, NULL, 0);
        else
            dk_tile_cache_clear(cache);
        dk_tile_cache_put(cache, slow, 1 << PARCEL, generation + 2);
        dk_tile_cache_release(cache, slow);
        dk_tile_cache_counts(cache, &counts);
        assert_int_equal(counts.entries, 0);
        assert_int_equal(counts.bytes, 0);
        assert_false(has(&request, DK_GZIP));
    }
}

static void memory_is_bounded_and_what_is_used_stays(void **state)
{
    (void)state;
    enum { TILES = 4000 };
    const dk_tile_request used = tile_of("parcel", DK_WEBMERCATORQUAD, ZOOM, 1, 1);
    dk_cache_counts counts;
    make(&used, DK_GZIP, 1 << PARCEL, 1);
    for (uint32_t i = 0; i < TILES; i++) {
        const dk_tile_request request = tile_of("parcel", DK_WEBMERCATORQUAD, ZOOM, 100 + i, 7);
        make(&request, DK_GZIP, 1 << PARCEL, 1);
        assert_true(has(&used, DK_GZIP));
        dk_tile_cache_counts(cache, &counts);
        assert_true(counts.bytes <= LIMIT);
    }
    assert_true(counts.evicted > TILES / 2 && counts.evicted + counts.entries == TILES + 1);
    assert_true(counts.entries > LIMIT / 4000); /* and it is made use of */
    dk_tile_cache_clear(cache);
    dk_tile_cache_counts(cache, &counts);
    assert_true(counts.entries == 0 && counts.bytes == 0);
}

static void thousands_of_tiles_are_all_found(void **state)
{
    (void)state;
    enum { TILES = 12000 };
    dk_cache_counts counts;
    dk_tile_cache_free(cache);
    cache = dk_tile_cache_create(128 << 20);
    assert_non_null(cache);
    for (uint32_t i = 0; i < TILES; i++) {
        const dk_tile_request request = tile_of("parcel", DK_WEBMERCATORQUAD, 16, i % 300, i / 300);
        make(&request, DK_GZIP, 1 << PARCEL, 1);
    }
    for (uint32_t i = 0; i < TILES; i++) {
        const dk_tile_request request = tile_of("parcel", DK_WEBMERCATORQUAD, 16, i % 300, i / 300);
        assert_true(has(&request, DK_GZIP));
    }
    dk_tile_cache_counts(cache, &counts);
    assert_true(counts.entries == TILES && counts.evicted == 0 && counts.hits == TILES && counts.misses == TILES);
    dk_tile_cache_touch(cache, 2, NULL, SIZE_MAX);
    dk_tile_cache_counts(cache, &counts);
    assert_true(counts.entries == 0 && counts.dropped == TILES && counts.bytes == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tile_is_that_of_its_address_and_coding_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_touches_a_tile_or_its_buffer_drops_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_made_of_an_older_generation_is_neither_kept_nor_waited_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(thousands_of_tiles_are_all_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_is_bounded_and_what_is_used_stays, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
