/* GCJ-02 against the values that other implementations of the public algorithm are tested with. */
#include "ingest/gcj02.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* github.com/googollee/eviltransform, python/test.py: Shanghai, Shenzhen, Beijing (longitude, latitude). */
static const double published[][2][2] = {{{121.5272106, 31.1774276}, {121.531541859215, 31.17530398364597}},
                                         {{113.912316, 22.543847}, {113.9171764808363, 22.540796131694766}},
                                         {{116.377817, 39.911954}, {116.38404722455657, 39.91334545536069}}};

static void assert_at(const double found[2], const double expected[2], double most)
{
    if (!(fabs(found[0] - expected[0]) <= most && fabs(found[1] - expected[1]) <= most))
        fail_msg("%.12f %.12f, not %.12f %.12f", found[0], found[1], expected[0], expected[1]);
}

static void three_cities_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        double forth[2] = {published[i][0][0], published[i][0][1]}, back[2] = {published[i][1][0], published[i][1][1]};
        dk_gcj02_shift(forth);
        assert_at(forth, published[i][1], 1e-13);
        dk_gcj02_undo(back, 1);
        assert_at(back, published[i][0], 1e-12);
    }
}

/* All of China in steps of a sixth of a degree, which falls on other phases of the waves each time: 0.1 mm is 1e-9. */
static void undoing_is_exact_everywhere(void **state)
{
    (void)state;
    for (double lat = 3.5; lat < 53.6; lat += 0.171)
        for (double lon = 73.5; lon < 135.1; lon += 0.173) {
            const double was[2] = {lon, lat};
            double at[2] = {lon, lat};
            dk_gcj02_shift(at);
            assert_true(hypot(at[0] - lon, at[1] - lat) > 1e-4);
            dk_gcj02_undo(at, 1);
            assert_at(at, was, 1e-11);
        }
}

static void abroad_and_nowhere_nothing_is_shifted(void **state)
{
    (void)state;
    double lonlat[8] = {2.35, 48.85, 151.2, -33.9, HUGE_VAL, 31, 117, NAN};
    dk_gcj02_undo(lonlat, 4);
    assert_true(lonlat[0] == 2.35 && lonlat[1] == 48.85 && lonlat[2] == 151.2 && lonlat[3] == -33.9);
    assert_true(isinf(lonlat[4]) && lonlat[6] == 117 && isnan(lonlat[7]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_cities_as_published),
        cmocka_unit_test(undoing_is_exact_everywhere),
        cmocka_unit_test(abroad_and_nowhere_nothing_is_shifted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
