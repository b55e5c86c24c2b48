/* What is decided about drawing a feature, compared with trying it out. */
#include "store/entry.h"
#include "store/ring_valid.h"
#include "store/topology.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t state;

static double uniform(double from, double to)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return from + (to - from) * (double)(state >> 11) / 9007199254740992.0;
}

/* A star around a centre, stretched and turned: round, spiky, or so thin that it falls onto a line at most zooms. */
static void make_ring(dk_outline *outline)
{
    const size_t n = (size_t)uniform(3, 24);
    const double size = exp(uniform(log(4), log(2e6))), thin = exp(uniform(log(0.001), 0)), turn = uniform(0, 6.2832);
    const double spiky = uniform(0, 1), x = 3.5e9, y = exp(uniform(log(1e8), log(2.1e9)));
    dk_outline_clear(outline);
    outline->kind = DK_POLYGONS;
    assert_true(dk_outline_reserve(outline, n));
    for (size_t i = 0; i < n; i++) {
        const double angle = 6.2831853 * ((double)i + uniform(0, 0.9)) / (double)n, r = size * uniform(1 - spiky, 1);
        const double a = r * cos(angle), b = thin * r * sin(angle);
        const uint32_t px = (uint32_t)(x + a * cos(turn) - b * sin(turn)),
                       py = (uint32_t)(y + a * sin(turn) + b * cos(turn));
        const size_t m = outline->n_points;
        if (m == 0 || ((px != outline->xy[2 * m - 2] || py != outline->xy[2 * m - 1]) &&
                       (px != outline->xy[0] || py != outline->xy[1])))
            dk_outline_put(outline, px, py, 0);
    }
    dk_outline_close(outline, 0, false);
}

/* The zooms at which the rounded rings are not valid, by looking at each. */
static uint32_t unsound_zooms(const dk_entry_shape *shape, bool plate, dk_grid_shape *rounded, dk_valid_work *valid)
{
    const dk_entry_head *head = &shape->head;
    const dk_world_box box = {head->x0, head->y0, head->x1, head->y1};
    dk_drawing drawing;
    uint32_t bits = 0;
    assert_int_equal(dk_drawing_open(shape->drawings.data, head->drawing_size, &drawing), DK_OK);
    for (int zoom = head->first_zoom; zoom <= DK_FINEST_ZOOM; zoom++) {
        const int64_t unit = INT64_C(1) << (DK_FINEST_ZOOM - zoom), y0 = plate ? dk_plate_y(box.y0) : box.y0;
        assert_int_equal(dk_drawing_round(&drawing, &box, zoom, plate, box.x0 & -unit, y0 & -unit, rounded), DK_OK);
        if (rounded->n_parts == 0 || !dk_rings_valid(rounded->xy, rounded->parts, rounded->n_parts, valid))
            bits |= UINT32_C(1) << zoom;
    }
    return bits;
}

static void unsound_zooms_are_those_at_which_rings_are_not_valid(void **unused)
{
    (void)unused;
    dk_topology *topology = dk_topology_create();
    dk_entry_work *work = dk_entry_work_create();
    dk_outline ring, generalised;
    dk_entry_shape shape;
    dk_grid_shape rounded = {0};
    dk_valid_work valid = {0};
    size_t n_unsound = 0;
    dk_outline_init(&ring);
    dk_outline_init(&generalised);
    dk_entry_shape_init(&shape);
    state = 20240601;
    for (size_t i = 0; i < 30000; i++) {
        size_t index;
        make_ring(&ring);
        dk_topology_clear(topology);
        assert_int_equal(dk_topology_add(topology, &ring, true, &index), DK_OK);
        assert_int_equal(dk_topology_build(topology), DK_OK);
        assert_int_equal(dk_topology_get(topology, index, &generalised), DK_OK);
        assert_int_equal(dk_entry_build(work, &generalised, 0, 4 + (int)(i % 17), &shape), DK_OK);
        const uint32_t drawn = UINT32_MAX << shape.head.first_zoom;
        const uint32_t web = unsound_zooms(&shape, false, &rounded, &valid);
        assert_int_equal(shape.head.unsound & drawn, web);
        assert_int_equal(shape.head.unsound_plate & drawn, unsound_zooms(&shape, true, &rounded, &valid));
        n_unsound += web != 0;
    }
    assert_true(n_unsound > 3000 && n_unsound < 27000); /* both kinds came up */
    dk_grid_shape_finish(&rounded);
    dk_valid_work_finish(&valid);
    dk_entry_shape_finish(&shape);
    dk_outline_finish(&ring);
    dk_outline_finish(&generalised);
    dk_entry_work_free(work);
    dk_topology_free(topology);
}

/* Half of the world and more does not fit onto the grid of zoom 20, where it has to be looked at tile by tile. */
static void an_outline_around_the_world_is_unsound_where_it_is_too_wide_for_the_grid(void **unused)
{
    (void)unused;
    dk_entry_work *work = dk_entry_work_create();
    dk_outline ring;
    dk_entry_shape shape;
    dk_outline_init(&ring);
    dk_entry_shape_init(&shape);
    for (uint32_t times = 0; times < 4; times++) {
        const uint32_t width = UINT32_C(1000000000) << (times < 2 ? times : 2); /* 84, 168 and 335 degrees */
        const uint32_t n = 40;
        dk_outline_clear(&ring);
        ring.kind = DK_POLYGONS;
        assert_true(dk_outline_reserve(&ring, 2 * n));
        for (uint32_t i = 0; i < n; i++)
            dk_outline_put(&ring, 1000 + width / n * i, UINT32_C(1500000000) + i % 2 * 1000000, 0);
        for (uint32_t i = n; i > 0; i--)
            dk_outline_put(&ring, 1000 + width / n * (i - 1), UINT32_C(1600000000) + i % 2 * 1000000, 0);
        dk_outline_close(&ring, 0, false);
        assert_int_equal(dk_entry_build(work, &ring, 0, 20, &shape), DK_OK);
        const uint32_t too_wide = times < 2 ? 0 : UINT32_C(1) << DK_FINEST_ZOOM;
        assert_int_equal(shape.head.unsound, too_wide);
        assert_int_equal(shape.head.unsound_plate, too_wide);
    }
    dk_entry_shape_finish(&shape);
    dk_outline_finish(&ring);
    dk_entry_work_free(work);
}

/* Two polygons, one with a hole, vertices and parts of zooms 3 to 9: at each zoom what is left reads as what was kept
 * by hand. */
static void a_drawing_of_a_zoom_has_what_is_shown_there(void **unused)
{
    (void)unused;
    enum { PARTS = 3 };
    static const size_t counts[PARTS] = {8, 4, 5};
    static const uint8_t part_zooms[PARTS] = {3, 6, 8};
    for (int wide = 0; wide < 2; wide++) {
        dk_outline outline;
        dk_buf all, some;
        dk_drawing from, to;
        dk_outline_init(&outline);
        dk_buf_init(&all);
        dk_buf_init(&some);
        outline.kind = DK_POLYGONS;
        assert_true(dk_outline_reserve(&outline, 17));
        for (uint32_t p = 0, i = 0; p < PARTS; p++) {
            const size_t start = outline.n_points;
            for (size_t k = 0; k < counts[p]; k++, i++)
                dk_outline_put(&outline, 1000 + i * (wide ? 100000 : 7), 2000 + i * i, (uint8_t)(3 + i * 5 % 7));
            dk_outline_close(&outline, start, p == 1);
        }
        const dk_world_box box = dk_outline_box(&outline);
        dk_drawing_encode(&outline, &box, part_zooms, &all);
        assert_int_equal(dk_drawing_open(all.data, all.size, &from), DK_OK);
        assert_int_equal(from.wide, wide);
        for (int zoom = 2; zoom <= 10; zoom++) {
            dk_buf_clear(&some);
            dk_buf_byte(&some, 0xee); /* it is appended */
            dk_drawing_at_zoom(&from, zoom, &some);
            assert_int_equal(dk_drawing_open(some.data + 1, some.size - 1, &to), DK_OK);
            assert_true(to.kind == from.kind && to.wide == from.wide);
            uint32_t parts = 0, points = 0;
            for (uint32_t p = 0, i = 0; p < PARTS; p++) {
                uint32_t kept = 0;
                for (size_t k = 0; k < counts[p]; k++, i++) {
                    if (part_zooms[p] > zoom || 3 + i * 5 % 7 > (uint32_t)zoom)
                        continue;
                    uint32_t xy[2] = {0};
                    if (wide) {
                        memcpy(xy, to.xy + 8 * (size_t)points, 8);
                    } else {
                        uint16_t narrow[2];
                        memcpy(narrow, to.xy + 4 * (size_t)points, 4);
                        xy[0] = narrow[0], xy[1] = narrow[1];
                    }
                    assert_int_equal(box.x0 + xy[0], 1000 + i * (wide ? 100000 : 7));
                    assert_int_equal(box.y0 + xy[1], 2000 + i * i);
                    assert_int_equal(to.zooms[points], 3 + i * 5 % 7);
                    points++, kept++;
                }
                if (part_zooms[p] > zoom)
                    continue;
                uint32_t head;
                memcpy(&head, to.counts + 4 * (size_t)parts, 4);
                assert_int_equal(head, kept << 1 | (p == 1));
                assert_int_equal(to.part_zooms[parts++], part_zooms[p]);
            }
            assert_int_equal(to.n_parts, parts);
            assert_int_equal(to.n_points, points);
            assert_int_equal(dk_drawing_points_at(&to, zoom), points);
        }
        dk_buf_finish(&all);
        dk_buf_finish(&some);
        dk_outline_finish(&outline);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outline_around_the_world_is_unsound_where_it_is_too_wide_for_the_grid),
        cmocka_unit_test(a_drawing_of_a_zoom_has_what_is_shown_there),
        cmocka_unit_test(unsound_zooms_are_those_at_which_rings_are_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
