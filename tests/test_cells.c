/* The cell index against the plain definition: every feature whose box meets the query's, once, and no other. */
#include "store_fixture.h"

#include "store/cells.h"

static uint64_t random_state = 42;

static double random_unit(void)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static void a_box_touches_at_most_four_cells_of_its_level(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        const uint32_t size = (uint32_t)(1u << (int)(random_unit() * 31));
        const uint32_t x = (uint32_t)(random_unit() * (4294967295.0 - size)),
                       y = (uint32_t)(random_unit() * (4294967295.0 - size));
        const dk_world_box box = {x, y, x + (uint32_t)(random_unit() * size), y + size};
        const int level = dk_cell_level(&box);
        if (level == 0)
            continue;
        const int shift = 32 - level;
        assert_true((box.x1 >> shift) - (box.x0 >> shift) <= 1);
        assert_true((box.y1 >> shift) - (box.y0 >> shift) <= 1);
        /* One level deeper it would not fit, unless that is the deepest. */
        assert_true(level == DK_CELL_MAX_LEVEL || size >= UINT32_C(1) << (shift - 1));
    }
}

static void morton_codes_interleave(void **state)
{
    (void)state;
    assert_true(dk_morton(0, 0) == 0);
    assert_true(dk_morton(1, 0) == 1);
    assert_true(dk_morton(0, 1) == 2);
    assert_true(dk_morton(3, 5) == 0x27); /* x 011, y 101: y2x2 y1x1 y0x0 = 10 01 11 */
    assert_true(dk_morton(UINT32_MAX, UINT32_MAX) == UINT64_MAX);
}

#define N 3000

typedef struct hits {
    unsigned char times[N + 1];
    uint64_t order[2 * N], n;
} hits;

static bool count_hit(const dk_cell_feature *feature, void *user)
{
    hits *h = user;
    assert_true(feature->feature <= N);
    h->times[feature->feature]++;
    h->order[h->n++] = feature->feature;
    return true;
}

static void a_scan_gives_every_feature_of_a_box_once(void **state)
{
    fixture *f = *state;
    static dk_world_box boxes[N + 1];
    static hits h, again;
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 1; i <= N; i++) {
        unsigned char wkb[93];
        char id[16];
        /* From a metre to half the extent, most of them small. */
        const double size = i % 100 == 0 ? random_unit() * 0.4 : 1e-5 + random_unit() * random_unit() * 0.01;
        const double west = 116 + random_unit() * (1 - size), south = 34 + random_unit() * (1 - size);
        const size_t n = square_wkb(wkb, west, south, size);
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(load_row(f, load, "parcel", wkb, n, "id", id, "project_id", "P", "division", "341321100",
                                  "owner", "甲", NULL)
                             .outcome,
                         DK_LOADED);
        dk_world_from_lonlat(west, south + size, &boxes[i].x0, &boxes[i].y0);
        dk_world_from_lonlat(west + size, south, &boxes[i].x1, &boxes[i].y1);
    }
    publish(f, load_finish(f, load));
    const dk_kind *layer = dk_catalogue_kind(f->catalogue, "parcel");
    const dk_viewer everyone = dk_viewer_public();
    for (int q = 0; q < 300; q++) {
        dk_world_box box;
        const double size = q % 10 == 0 ? 1 : q % 3 == 0 ? 0 : random_unit() * 0.1;
        const double west = 116 + random_unit() * (1 - size), south = 34 + random_unit() * (1 - size);
        dk_world_from_lonlat(west, south + size, &box.x0, &box.y0);
        dk_world_from_lonlat(west + size, south, &box.x1, &box.y1);
        memset(&h, 0, sizeof h);
        assert_int_equal(dk_cells_scan(f->store, layer, &box, &everyone, 1, count_hit, &h, &f->err), DK_OK);
        for (int i = 1; i <= N; i++) {
            const bool meets =
                boxes[i].x0 <= box.x1 && box.x0 <= boxes[i].x1 && boxes[i].y0 <= box.y1 && box.y0 <= boxes[i].y1;
            if (h.times[i] != meets)
                fail_msg("query %d: feature %d came %d times, expected %d", q, i, h.times[i], meets);
        }
        memset(&again, 0, sizeof again);
        dk_cells_scan(f->store, layer, &box, &everyone, 1, count_hit, &again, &f->err);
        assert_memory_equal(h.order, again.order, sizeof h.order);
    }
    assert_int_equal(findings(f), 0);
}

typedef struct attributes {
    uint64_t visible;
    bool owner, division;
} attributes;

static bool note_attributes(const dk_cell_feature *feature, void *user)
{
    attributes *a = user;
    a->visible = feature->visible;
    a->division = feature->values[3].type == DK_TEXT && strcmp(feature->values[3].text.data, "341321100") == 0;
    a->owner = feature->values[5].type == DK_TEXT;
    return true;
}

static void tile_attributes_are_selected_by_the_viewer(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    unsigned char wkb[93];
    const size_t n = square_wkb(wkb, 116.5, 34.5, 0.001);
    load_row(f, load, "parcel", wkb, n, "id", "1", "project_id", "P", "division", "341321100", "owner", "甲", NULL);
    publish(f, load_finish(f, load));
    const dk_kind *layer = dk_catalogue_kind(f->catalogue, "parcel");
    const dk_world_box world = {0, 0, UINT32_MAX, UINT32_MAX};
    dk_viewer viewers[3] = {dk_viewer_public()};
    dk_viewer_staff("341321100", &viewers[1]);
    dk_viewer_staff("341321101", &viewers[2]);
    for (int i = 0; i < 3; i++) {
        attributes a = {0};
        assert_int_equal(dk_cells_scan(f->store, layer, &world, &viewers[i], 1, note_attributes, &a, &f->err), DK_OK);
        assert_true(a.division);
        assert_int_equal(a.owner, i == 1);
        assert_int_equal(a.visible >> 5 & 1, i == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_touches_at_most_four_cells_of_its_level),
        cmocka_unit_test(morton_codes_interleave),
        cmocka_unit_test_setup_teardown(a_scan_gives_every_feature_of_a_box_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(tile_attributes_are_selected_by_the_viewer, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
