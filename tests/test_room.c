/* The tiles in which a feature takes up room, against the boxes of tiles that are drawn (tiler/tile_matrix.h). */
#include "store/room.h"
#include "tiler/tile_matrix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*state >> 32) % below);
}

/* A box about as large as tiles of a zoom, its label somewhere in it; now and then it ends where a tile does. */
static dk_entry_head random_feature(uint64_t *random, int zoom)
{
    const uint32_t side = UINT32_C(1) << (32 - zoom), buffer = side / 64;
    const uint32_t x = (1u << 30) + draw(random, 1u << 30), y = (1u << 30) + draw(random, 1u << 29);
    dk_entry_head head = {.x0 = x,
                          .y0 = y,
                          .x1 = x + draw(random, side),
                          .y1 = y + draw(random, side),
                          .cut_zoom = UINT8_MAX,
                          .last_zoom = UINT8_MAX};
    if (draw(random, 4) == 0)
        head.x0 = head.x0 / side * side + side + buffer + draw(random, 3) - 1;
    if (draw(random, 4) == 0)
        head.y0 = head.y0 / side * side + side + buffer + draw(random, 3) - 1;
    head.x1 = head.x1 < head.x0 ? head.x0 : head.x1;
    head.y1 = head.y1 < head.y0 ? head.y0 : head.y1;
    head.label_x = head.x0 + draw(random, head.x1 - head.x0 + 1);
    head.label_y = head.y0 + draw(random, head.y1 - head.y0 + 1);
    return head;
}

static bool meets(const dk_entry_head *head, const dk_world_box *box)
{
    return head->x0 <= box->x1 && head->x1 >= box->x0 && head->y0 <= box->y1 && head->y1 >= box->y0;
}

static void a_feature_takes_up_room_in_the_tiles_that_draw_it(void **state)
{
    (void)state;
    uint64_t random = 7;
    int met[2] = {0}, beyond[2] = {0};
    for (int round = 0; round < 20000; round++) {
        const int zoom = 4 + (int)draw(&random, 16);
        const dk_entry_head head = random_feature(&random, zoom);
        const int shift = 32 - zoom;
        for (int set = 0; set < DK_ROOM_SETS; set++) {
            const dk_cell_range rooms = dk_rooms_of(&head, zoom, (dk_room_set)set);
            const uint32_t own_x = head.label_x >> shift,
                           own_y = (set == DK_ROOM_PLATE ? dk_plate_y(head.label_y) : head.label_y) >> shift;
            for (uint32_t y = own_y - 1; y <= own_y + 1; y++)
                for (uint32_t x = own_x - 1; x <= own_x + 1; x++) {
                    const dk_tile_address tile = {
                        .set = set == DK_ROOM_PLATE ? DK_CGCS2000QUAD : DK_WEBMERCATORQUAD, .z = zoom, .x = x, .y = y};
                    const dk_world_box box = dk_tile_box(&tile, DK_TILE_BUFFER),
                                       own = dk_room_box((dk_room_set)set, zoom, x, y);
                    const bool room = x >= rooms.x0 && x <= rooms.x1 && y >= rooms.y0 && y <= rooms.y1;
                    if (meets(&head, &box)) {
                        met[set]++;
                        assert_true(room);
                    } else {
                        beyond[set] += room; /* rounded to plate units, by some of the world's */
                    }
                    assert_true(own.x0 <= box.x0 && own.y0 <= box.y0 && own.x1 >= box.x1 && own.y1 >= box.y1);
                    assert_true(!room || meets(&head, &own));
                }
        }
    }
    assert_true(met[DK_ROOM_MERCATOR] > 30000 && met[DK_ROOM_PLATE] > 30000);
    assert_int_equal(beyond[DK_ROOM_MERCATOR], 0);
    assert_in_range(beyond[DK_ROOM_PLATE], 0, 200);
}

/* Whether the box stays within the tiles around that of the label, by the edges of these in whole numbers. */
static bool stays(const dk_entry_head *head, int zoom)
{
    const int64_t side = INT64_C(1) << (32 - zoom), west = (head->label_x / side - 1) * side,
                  north = (head->label_y / side - 1) * side;
    return head->x0 >= west && head->x1 < west + 3 * side && head->y0 >= north && head->y1 < north + 3 * side;
}

static void a_feature_is_settled_where_it_reaches_further(void **state)
{
    (void)state;
    uint64_t random = 17;
    int settled = 0, open = 0;
    for (int round = 0; round < 20000; round++) {
        const int zoom = 8 + (int)draw(&random, 13);
        dk_entry_head head = random_feature(&random, zoom - (int)draw(&random, 6));
        head.first_zoom = (uint8_t)draw(&random, 6);
        const int decides = dk_room_zoom(&head, zoom);
        assert_in_range(decides, head.first_zoom, zoom);
        settled += decides < zoom;
        open += decides == zoom;
        assert_true(decides == head.first_zoom || stays(&head, decides));
        for (int beyond = decides + 1; beyond <= zoom; beyond++)
            assert_false(stays(&head, beyond));
        /* Where it is decided it takes up room in what it meets of the tiles around, and in none beyond, though the
         * buffer of some is met, too. */
        const uint32_t own_x = head.label_x >> (32 - decides), own_y = head.label_y >> (32 - decides);
        for (int set = 0; set < DK_ROOM_SETS && decides > 1; set++) {
            const dk_cell_range own = dk_rooms_of(&head, decides, (dk_room_set)set),
                                met = dk_rooms_met(&head, decides, (dk_room_set)set);
            assert_int_equal(own.x0, met.x0 + 1 < own_x ? own_x - 1 : met.x0);
            assert_int_equal(own.x1, met.x1 > own_x + 1 ? own_x + 1 : met.x1);
            if (set == DK_ROOM_MERCATOR) {
                assert_int_equal(own.y0, met.y0 + 1 < own_y ? own_y - 1 : met.y0);
                assert_int_equal(own.y1, met.y1 > own_y + 1 ? own_y + 1 : met.y1);
            }
        }
        for (int set = 0; set < DK_ROOM_SETS; set++) {
            const dk_cell_range rooms = dk_rooms_met(&head, zoom, (dk_room_set)set);
            for (int i = 0; i < 20; i++) {
                const uint32_t x = rooms.x0 - 1 + draw(&random, rooms.x1 - rooms.x0 + 3),
                               y = rooms.y0 - 1 + draw(&random, rooms.y1 - rooms.y0 + 3);
                const dk_tile_address tile = {
                    .set = set == DK_ROOM_PLATE ? DK_CGCS2000QUAD : DK_WEBMERCATORQUAD, .z = zoom, .x = x, .y = y};
                const dk_world_box box = dk_tile_box(&tile, DK_TILE_BUFFER);
                const bool room = x >= rooms.x0 && x <= rooms.x1 && y >= rooms.y0 && y <= rooms.y1;
                assert_true(room || !meets(&head, &box));
                assert_true(set == DK_ROOM_PLATE || room == meets(&head, &box));
            }
        }
    }
    assert_true(settled > 1000 && open > 1000);
}

static void what_came_or_went_is_looked_for_where_it_takes_up_room(void **state)
{
    (void)state;
    uint64_t random = 11;
    for (int round = 0; round < 20000; round++) {
        const int zoom = 1 + (int)draw(&random, 20);
        const dk_entry_head head = random_feature(&random, zoom);
        const uint64_t change = dk_budget_change(&head);
        uint32_t x, y, first, last;
        dk_morton_split(change & ~UINT64_C(0xff), &x, &y);
        const dk_cell_range near = dk_rooms_near(x, y, UINT64_C(1) << (change & 0xff), zoom, true),
                            met = dk_rooms_of(&head, zoom, DK_ROOM_MERCATOR),
                            plate = dk_rooms_of(&head, zoom, DK_ROOM_PLATE);
        assert_true(near.x0 <= met.x0 && near.x1 >= met.x1 && near.y0 <= met.y0 && near.y1 >= met.y1);
        dk_rooms_plate_rows(near.y0, near.y1, zoom, &first, &last);
        assert_true(first <= plate.y0 && last >= plate.y1);
        assert_true(near.x0 <= plate.x0 && near.x1 >= plate.x1);
        assert_true(last - first < 10); /* budget.c has room for so many */
    }
}

static void where_pieces_stand_for_a_feature_only_its_label_counts(void **state)
{
    (void)state;
    uint64_t random = 13;
    for (int round = 0; round < 1000; round++) {
        const int zoom = 4 + (int)draw(&random, 16), shift = 32 - zoom;
        dk_entry_head head = random_feature(&random, zoom);
        const dk_rank whole = dk_rank_of(&head);
        head.cut_zoom = (uint8_t)zoom;
        dk_entry_head wide = head; /* and it is decided at each zoom, however far it reaches */
        wide.x0 = wide.y0 = 0;
        assert_int_equal(dk_room_zoom(&wide, zoom), zoom);
        wide.cut_zoom = UINT8_MAX;
        assert_true(dk_room_zoom(&wide, zoom) < zoom);
        wide.last_zoom = 20;
        assert_int_equal(dk_room_zoom(&wide, zoom), zoom);
        for (int piece = 0; piece < 2; piece++) {
            const dk_cell_range rooms = dk_rooms_of(&head, zoom, DK_ROOM_MERCATOR),
                                plate = dk_rooms_of(&head, zoom, DK_ROOM_PLATE);
            assert_true(rooms.x0 == rooms.x1 && rooms.y0 == rooms.y1 && rooms.x0 == head.label_x >> shift &&
                        rooms.y0 == head.label_y >> shift);
            assert_true(plate.x0 == plate.x1 && plate.y0 == plate.y1 && plate.y0 == dk_plate_y(head.label_y) >> shift);
            assert_int_equal(dk_rank_of(&head), whole);
            head = (dk_entry_head){.x0 = head.x0,
                                   .y0 = head.y0,
                                   .x1 = head.x0,
                                   .y1 = head.y0,
                                   .label_x = head.label_x,
                                   .label_y = head.label_y,
                                   .size_class = head.size_class,
                                   .cut_zoom = UINT8_MAX,
                                   .last_zoom = 20};
        }
    }
}

/* Of a line or a square along which its vertices lie: as much as the tile's side is of its length. */
static void a_tile_shows_a_share_of_what_is_larger(void **state)
{
    (void)state;
    for (int zoom = 4; zoom <= 20; zoom++) {
        const uint32_t side = UINT32_C(1) << (32 - zoom), x = 77, y = 99;
        const struct {
            uint32_t width, height;
            double share;
        } cases[] = {{side, side, 1},     {side / 2, side / 4, 1}, {4 * side, 4 * side, 0.25}, {8 * side, 0, 0.25},
                     {0, 8 * side, 0.25}, {side, 3 * side, 0.5},   {3 * side, side, 0.5}};
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            const dk_entry_head head = {.x0 = x, .y0 = y, .x1 = x + cases[i].width, .y1 = y + cases[i].height};
            assert_true(dk_room_share(&head, zoom) == cases[i].share);
        }
    }
}

/* What came or went is also looked for in all tiles that it may meet, where it is settled. */
static void what_is_settled_is_looked_for_wherever_it_is(void **state)
{
    (void)state;
    uint64_t random = 19;
    for (int round = 0; round < 5000; round++) {
        const int zoom = 8 + (int)draw(&random, 13);
        const dk_entry_head head = random_feature(&random, zoom - (int)draw(&random, 6));
        const uint64_t change = dk_budget_change(&head);
        uint32_t x, y;
        dk_morton_split(change & ~UINT64_C(0xff), &x, &y);
        const dk_cell_range all = dk_rooms_near(x, y, UINT64_C(1) << (change & 0xff), zoom, false),
                            met = dk_rooms_met(&head, zoom, DK_ROOM_MERCATOR);
        assert_true(all.x0 <= met.x0 && all.x1 >= met.x1 && all.y0 <= met.y0 && all.y1 >= met.y1);
        const dk_cell_range near = dk_rooms_near(x, y, UINT64_C(1) << (change & 0xff), zoom, true);
        const uint32_t own_x = head.label_x >> (32 - zoom), own_y = head.label_y >> (32 - zoom);
        assert_true(near.x0 + 1 >= own_x && near.x1 <= own_x + 1 && near.y0 + 1 >= own_y && near.y1 <= own_y + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_feature_takes_up_room_in_the_tiles_that_draw_it),
        cmocka_unit_test(a_feature_is_settled_where_it_reaches_further),
        cmocka_unit_test(what_came_or_went_is_looked_for_where_it_takes_up_room),
        cmocka_unit_test(a_tile_shows_a_share_of_what_is_larger),
        cmocka_unit_test(what_is_settled_is_looked_for_wherever_it_is),
        cmocka_unit_test(where_pieces_stand_for_a_feature_only_its_label_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
