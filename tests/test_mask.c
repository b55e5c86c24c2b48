/* Masks and coarse places: what is shown, and that it says no more. */
#include "store/coarse.h"
#include "store/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void what_is_shown_of_names_and_numbers(void **state)
{
    (void)state;
    static const struct {
        dk_mask mask;
        const char *text, *shown;
    } table[] = {
        {DK_MASK_NAME, "张三", "张*"},
        {DK_MASK_NAME, "张三丰", "张**"},
        {DK_MASK_NAME, "欧阳娜娜", "欧***"},
        {DK_MASK_NAME, "张", "张*"},
        {DK_MASK_NAME, " 张三　", "张*"},
        {DK_MASK_NAME, "　\t　张三 　", "张*"},
        {DK_MASK_NAME, "　", ""},
        {DK_MASK_NAME, "砀山县砀城镇东关村第一村民小组", "砀*******"}, /* how long it is is not told beyond that */
        {DK_MASK_NAME, "𠮷田", "𠮷*"},
        {DK_MASK_NAME, "\xFF\xFE", "*"}, /* no UTF-8 */
        {DK_MASK_NAME, "", ""},
        {DK_MASK_NAME, "  ", ""},
        {DK_MASK_ID_NUMBER, "341321199001011234", "341***********1234"},
        {DK_MASK_ID_NUMBER, "34132119900101123X", "341***********123X"},
        {DK_MASK_ID_NUMBER, "341321900101123", "341********1123"},
        {DK_MASK_ID_NUMBER, "123456789012", "123*****9012"},
        {DK_MASK_ID_NUMBER, "12345678901", "****"},
        {DK_MASK_ID_NUMBER, "３４１３２１１９９００１０１１２３４", "****"},
        {DK_MASK_PHONE, "13812345678", "138****5678"},
        {DK_MASK_PHONE, "+8613812345678", "+86****5678"},
        {DK_MASK_PHONE, "8024567", "****"},
        {DK_MASK_PHONE, "0557802456", "****"},
        {DK_MASK_ACCOUNT, "6222020200112233445", "****3445"},
        {DK_MASK_ACCOUNT, "12345678", "****5678"},
        {DK_MASK_ACCOUNT, "1234567", "****"},
        {DK_MASK_ACCOUNT, "6222 0202 0011", "****"}, /* blanks inside: not a number as such */
        {DK_MASK_HIDDEN, "张三", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char shown[DK_MASK_SIZE];
        const size_t size = dk_mask_text(table[i].mask, table[i].text, strlen(table[i].text), shown);
        if (strcmp(shown, table[i].shown) != 0 || size != strlen(shown))
            fail_msg("%s is shown as %s, not %s", table[i].text, shown, table[i].shown);
    }
}

static void no_mask_is_too_long_for_its_place(void **state)
{
    (void)state;
    char text[300], shown[DK_MASK_SIZE];
    memset(text, '1', sizeof text);
    for (int mask = 0; mask < DK_MASKS; mask++)
        for (size_t size = 0; size <= sizeof text; size++)
            assert_true(dk_mask_text((dk_mask)mask, text, size, shown) < DK_MASK_SIZE);
}

/* A degree of longitude at 34 N is 92.4 km, one of latitude 110.9 km (GRS 80). */
static void a_cell_is_at_least_as_large_as_the_precision(void **state)
{
    (void)state;
    const double extent[4] = {116, 33, 117, 34};
    const double metres[] = {0.1, 1, 5, 10, 50, 100, 1000};
    for (size_t i = 0; i < sizeof metres / sizeof *metres; i++) {
        const int level = dk_coarse_level(metres[i], extent);
        double lon[2], lat[2];
        uint32_t x, y;
        dk_world_from_lonlat(116.5, 34, &x, &y);
        const uint32_t size = UINT32_C(1) << level;
        dk_lonlat_from_world(x, y, &lon[0], &lat[0]);
        dk_lonlat_from_world((double)x + size, (double)y + size, &lon[1], &lat[1]);
        const double width = (lon[1] - lon[0]) * 92385, height = (lat[0] - lat[1]) * 110924;
        if (width < metres[i] || height < metres[i] || width > 2.1 * metres[i])
            fail_msg("for %g m a cell is %g by %g m", metres[i], width, height);
    }
}

static void positions_of_one_cell_are_one_place(void **state)
{
    (void)state;
    for (int level = 1; level <= DK_COARSEST; level++) {
        const uint32_t first = UINT32_C(1) << level & UINT32_C(0xC0000000) ? 0 : UINT32_C(3) << level;
        const uint32_t last = first + ((UINT32_C(1) << level) - 1);
        assert_int_equal(dk_coarse_place(first, level), dk_coarse_place(last, level));
        assert_int_not_equal(dk_coarse_place(first, level), dk_coarse_place(last + 1, level));
        assert_int_equal(dk_coarse_place(dk_coarse_place(first, level), level), dk_coarse_place(first, level));
    }
}

/* Rings that cross themselves on the grid, or vanish, come out valid: judged by GEOS. */
#include "store/repair.h"

static size_t put_polygon(unsigned char *wkb, const double (*ring)[2], uint32_t n)
{
    const unsigned char head[9] = {1, 3, 0, 0, 0, 1, 0, 0, 0};
    memcpy(wkb, head, sizeof head);
    memcpy(wkb + 9, &n, 4);
    memcpy(wkb + 13, ring, n * 2 * sizeof(double));
    return 13 + n * 2 * sizeof(double);
}

static void coarse_outlines_are_valid_and_on_the_grid(void **state)
{
    (void)state;
    dk_geos *geos = dk_geos_create();
    const int level = 10;
    uint64_t random = 42;
    for (int round = 0; round < 400; round++) {
        enum { N = 12 };
        double ring[N + 1][2];
        const double radius = 0.00002 + 0.00002 * (round % 12); /* 2 to 25 m: a few cells */
        for (int i = 0; i < N; i++) { /* a star, valid, whose spikes fall together on the grid */
            random = random * 6364136223846793005u + 1442695040888963407u;
            const double r = radius * (0.2 + 0.8 * (double)(random >> 40) / (1 << 24)), a = i * 6.283185307179586 / N;
            ring[i][0] = 116.5 + r * __builtin_cos(a);
            ring[i][1] = 34.5 + r * __builtin_sin(a);
        }
        memcpy(ring[N], ring[0], sizeof ring[0]);
        unsigned char wkb[13 + sizeof ring];
        const size_t size = put_polygon(wkb, (const double(*)[2])ring, N + 1);
        dk_shape shape;
        dk_buf blob, coarse;
        dk_error err;
        char reason[200];
        bool valid = false;
        dk_shape_init(&shape);
        dk_buf_init(&blob);
        dk_buf_init(&coarse);
        assert_int_equal(dk_shape_from_wkb(wkb, size, &shape, &err), DK_OK);
        dk_gpkg_append(wkb, size, &shape, &blob);
        if (dk_coarse_gpkg(blob.data, blob.size, level, &coarse, &err) != DK_OK)
            fail_msg("%s", err.text);
        size_t out_size = 0;
        const unsigned char *out = dk_gpkg_wkb(coarse.data, coarse.size, &out_size);
        assert_non_null(out);
        assert_int_equal(dk_geos_valid(geos, out, out_size, &valid, reason, sizeof reason), DK_OK);
        if (!valid)
            fail_msg("round %d: %s", round, reason);
        assert_int_equal(dk_shape_from_wkb(out, out_size, &shape, &err), DK_OK);
        assert_true(shape.n_points >= 4);
        dk_buf_finish(&blob);
        dk_buf_finish(&coarse);
        dk_shape_finish(&shape);
    }
    dk_geos_free(geos);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_of_names_and_numbers),
        cmocka_unit_test(no_mask_is_too_long_for_its_place),
        cmocka_unit_test(a_cell_is_at_least_as_large_as_the_precision),
        cmocka_unit_test(positions_of_one_cell_are_one_place),
        cmocka_unit_test(coarse_outlines_are_valid_and_on_the_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
