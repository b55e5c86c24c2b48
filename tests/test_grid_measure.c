/* What a row brings to its layer's grid, and what it takes away when it goes. */
#include "store/grid_measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] =
    "title: t\npublisher: p\nextent: [116, 34, 117, 35]\nlayers:\n"
    "  - name: parcel\n    title: 地块\n    geometry: polygon\n    key: {field: id}\n"
    "    grid: [paid, area_ha, households]\n    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public}\n"
    "      - {name: households, title: 户数, type: integer, audience: public}\n"
    "      - {name: area_ha, title: 面积, type: number, unit: ha, audience: public}\n"
    "      - {name: paid, title: 付清, type: text, audience: public, values: [已付清, 部分付清, 未付清]}\n";
enum { PAID, PARTLY, UNPAID, AREA, HOUSEHOLDS, N };

static dk_catalogue *catalogue;

static int read_catalogue(void **state)
{
    (void)state;
    dk_error err = {0};
    return dk_catalogue_parse(text, strlen(text), "c.yaml", &catalogue, &err) == DK_OK ? 0 : -1;
}

static int free_catalogue(void **state)
{
    (void)state;
    dk_catalogue_free(catalogue);
    return 0;
}

static void assert_brings(const dk_value *households, const dk_value *area, const dk_value *paid,
                          const dk_grid_sum *expected)
{
    const dk_value values[] = {dk_value_text("DK1"), *households, *area, *paid};
    dk_grid_sum sums[N] = {0};
    dk_grid_measures_of(&catalogue->kinds[0], values, sums);
    for (size_t i = 0; i < N; i++)
        assert_true(sums[i] == expected[i]);
}

static void a_row_brings_its_numbers_and_one_for_its_value(void **state)
{
    (void)state;
    const dk_value none = dk_value_null(), four = dk_value_integer(4), area = dk_value_real(1.23456);
    dk_value paid = dk_value_text("部分付清");
    assert_brings(&four, &area, &paid, (dk_grid_sum[N]){[PARTLY] = 1, [AREA] = 12346, [HOUSEHOLDS] = 40000});
    assert_brings(&none, &none, &none, (dk_grid_sum[N]){0});
    /* A text that has the value's bytes and no more of them behind: what is read of a store need not end with a NUL. */
    paid = (dk_value){.type = DK_TEXT, .text = {"已付清了", strlen("已付清")}};
    assert_brings(&none, &none, &paid, (dk_grid_sum[N]){[PAID] = 1});
    /* Values from before the catalogue had a list. */
    paid = dk_value_text("付清");
    assert_brings(&none, &none, &paid, (dk_grid_sum[N]){0});
    paid = dk_value_text("");
    assert_brings(&none, &none, &paid, (dk_grid_sum[N]){0});
    const dk_value no = dk_value_integer(0);
    assert_brings(&none, &none, &no, (dk_grid_sum[N]){0});
    /* No number is so large that a sum would not hold it. */
    const dk_value huge = dk_value_real(-1e300);
    assert_brings(&none, &huge, &none, (dk_grid_sum[N]){[AREA] = -(dk_grid_sum)1e23});
    /* The largest that a row can have, a number of 10^15 and an integer of 64 bits, are what they are. */
    const dk_value number = dk_value_real(-1e15), integer = dk_value_integer(INT64_C(1) << 62);
    assert_brings(
        &integer, &number, &none,
        (dk_grid_sum[N]){
            [AREA] = -(dk_grid_sum)INT64_C(1000000000000000) * 10000, [HOUSEHOLDS] = ((dk_grid_sum)1 << 62) * 10000});
    /* The price of a coal field, 16 thousand million yuan, and the square metres of a region are what they are. */
    const dk_value price = dk_value_integer(16000000000), region = dk_value_real(595000000000.25);
    assert_brings(&price, &region, &none,
                  (dk_grid_sum[N]){[AREA] = INT64_C(5950000000002500), [HOUSEHOLDS] = INT64_C(160000000000000)});
}

static void figures_of_fields_bring_the_same_as_values_do(void **state)
{
    (void)state;
    const dk_kind *layer = &catalogue->kinds[0];
    const double figures[] = {2, -7.5, 3}; /* 未付清; in the order of the grid */
    dk_grid_sum sums[N] = {0};
    dk_grid_measures_add(layer, figures, sums);
    dk_grid_measures_add(layer, figures, sums);
    for (size_t i = 0; i < N; i++)
        assert_true(sums[i] == ((dk_grid_sum[N]){[UNPAID] = 2, [AREA] = -150000, [HOUSEHOLDS] = 60000})[i]);
}

static void a_tile_says_sums_in_full_and_leaves_counts_of_0_out(void **state)
{
    (void)state;
    const dk_grid_measure *measures = catalogue->kinds[0].grid_measures;
    dk_value value = dk_grid_measure_value(&measures[UNPAID], 3);
    assert_true(value.type == DK_INTEGER && value.integer == 3);
    assert_int_equal(dk_grid_measure_value(&measures[UNPAID], 0).type, DK_NULL);
    value = dk_grid_measure_value(&measures[AREA], 12346);
    assert_true(value.type == DK_REAL && value.real == 1.2346);
    value = dk_grid_measure_value(&measures[AREA],
                                  (dk_grid_sum)INT64_C(10000000000000000) * 1000); /* a thousand of 10^12 */
    assert_true(value.type == DK_REAL && value.real == 1e15);
    value = dk_grid_measure_value(&measures[HOUSEHOLDS], 0);
    assert_true(value.type == DK_REAL && value.real == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_brings_its_numbers_and_one_for_its_value),
        cmocka_unit_test(figures_of_fields_bring_the_same_as_values_do),
        cmocka_unit_test(a_tile_says_sums_in_full_and_leaves_counts_of_0_out),
    };
    return cmocka_run_group_tests(tests, read_catalogue, free_catalogue);
}
