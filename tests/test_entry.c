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
        const uint32_t px = (uint32_t)(x + a * cos(turn) - b * sin(turn)), py = (uint32_t)(y + a * sin(turn) + b * cos(turn));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsound_zooms_are_those_at_which_rings_are_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
