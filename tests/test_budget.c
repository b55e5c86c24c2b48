/* Full tiles: what gives way in them, where that shows, and that the order in which rows came leaves no trace. Rows
 * with long texts, so that a few hundred fill a tile. */
#include "store_fixture.h"

#include "store/index.h"
#include "store/room.h"

#include <math.h>
#include <sqlite3.h>

static const char yaml[] =
    "title: t\npublisher: p\nmap_approval_no: none\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: parcel\n    title: 地块\n    geometry: polygon\n    zooms: [8, 16]\n"
    "    key: {field: id}\n    grid: [households]\n    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true}\n"
    "      - {name: households, title: 户数, type: integer, audience: public}\n"
    "      - {name: note, title: 说明, type: text, audience: public, tiles: true}\n";

enum { LETTERS = 3000, MOST = 400 };

/* The zoom of the tile in which all of this happens: beyond 12 what it holds is read, up to 12 its weight is kept. */
static int tile_zoom = 13;
static double origin_lon;

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 20) % below);
}

static int begin(void **state)
{
    tile_zoom = 13;
    origin_lon = 116.5;
    return fixture_begin(state, yaml);
}

/* A rectangle in tiles of the zoom, from the tile in which all of this happens. */
typedef struct place {
    double x0, y0, x1, y1;
} place;

static void origin(uint32_t *ret_x, uint32_t *ret_y)
{
    const uint32_t side = UINT32_C(1) << (32 - tile_zoom);
    dk_world_from_lonlat(origin_lon, 34.5, ret_x, ret_y);
    *ret_x = (*ret_x + 9) / side * side; /* of a border that very one, however it is rounded */
    *ret_y = *ret_y / side * side;
}

static void add(fixture *f, dk_load *load, int id, place at)
{
    const double side = ldexp(1, 32 - tile_zoom);
    uint32_t x, y;
    double west, south, east, north;
    char name[16], note[LETTERS + 1];
    unsigned char wkb[93];
    origin(&x, &y);
    dk_lonlat_from_world(x + at.x0 * side, y + at.y1 * side, &west, &south);
    dk_lonlat_from_world(x + at.x1 * side, y + at.y0 * side, &east, &north);
    square_wkb(wkb, west, south, 1);
    const double ring[10] = {west, south, east, south, east, north, west, north, west, south};
    memcpy(wkb + 13, ring, sizeof ring);
    snprintf(name, sizeof name, "P%d", id);
    random_state = (uint64_t)(id + 1) * 0x9E3779B97F4A7C15u; /* the same row every time */
    for (size_t i = 0; i < LETTERS; i++)
        note[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[draw(52)];
    note[LETTERS] = '\0';
    const dk_row_report report =
        load_row(f, load, "parcel", wkb, sizeof wkb, "id", name, "households", "#3", "note", note, NULL);
    assert_string_equal(report.message, "");
}

/* Rows first to last in a grid of places between two columns of the tile; each a little larger than the one before. */
static int64_t crowd(fixture *f, int first, int last, double west, double east)
{
    dk_load *load = load_begin(f, "parcel", false);
    const int columns = 8;
    const double step = (east - west) / columns;
    for (int i = first; i < last; i++) {
        const double x = west + (i - first) % columns * step, y = 0.05 + (i - first) / columns * 0.03,
                     size = 0.01 + 0.00005 * (i - first);
        add(f, load, i, (place){x, y, x + size, y + size});
    }
    return publish(f, load_finish(f, load));
}

/* What is drawn of each row, bit z for zoom z, and what is counted. */
typedef struct shown {
    uint32_t zooms[MOST];
    dk_world_box boxes[MOST];
    uint8_t classes[MOST];
    int64_t counted[16], households[16];
    int zoom;
    size_t n;
    fixture *f;
} shown;

static bool note_block(const dk_block *block, void *user)
{
    shown *s = user;
    const dk_kind *layer = dk_catalogue_kind(s->f->catalogue, "parcel");
    for (uint32_t i = 0; i < block->n_entries; i++) {
        const dk_entry_head *head = &block->heads[i];
        dk_value values[DK_MAX_FIELDS];
        assert_int_equal(dk_entry_values(layer, block, i, UINT64_MAX, values), DK_OK);
        const int id = atoi(values[0].text.data + 1);
        assert_true(id < MOST && s->boxes[id].x1 == 0);
        s->boxes[id] = (dk_world_box){head->x0, head->y0, head->x1, head->y1};
        s->classes[id] = head->size_class;
        for (int zoom = 0; zoom <= DK_FINEST_ZOOM; zoom++)
            s->zooms[id] |= (uint32_t)dk_index_drawn(s->f->store, layer, head, zoom) << zoom;
        s->n++;
    }
    return true;
}

static bool note_cell(const dk_grid_place *at, void *user)
{
    shown *s = user;
    s->counted[s->zoom] += at->cell->count;
    s->households[s->zoom] += (int64_t)(at->cell->sums[0] / 10000);
    return true;
}

static void look(fixture *f, shown *s)
{
    const uint32_t side = UINT32_C(1) << (32 - tile_zoom);
    const dk_kind *layer = dk_catalogue_kind(f->catalogue, "parcel");
    int64_t generation;
    uint32_t x, y;
    origin(&x, &y);
    const dk_world_box all = {x - 4 * side, y - side, x + 2 * side, y + 2 * side};
    memset(s, 0, sizeof *s);
    s->f = f;
    assert_int_equal(dk_index_begin(f->store, DK_NEWEST, &generation, &f->err), DK_OK);
    assert_int_equal(dk_index_blocks(f->store, layer, &all, DK_EVERY_ZOOM, note_block, s, &f->err), DK_OK);
    for (s->zoom = 8; s->zoom <= 15; s->zoom++) {
        int64_t drawn = 0;
        assert_int_equal(dk_index_grid(f->store, layer, &all, s->zoom, note_cell, s, &f->err), DK_OK);
        for (size_t i = 0; i < MOST; i++)
            drawn += s->zooms[i] >> s->zoom & 1;
        /* Whatever gives way is counted, and nothing twice. */
        assert_int_equal(drawn + s->counted[s->zoom], s->n);
        assert_int_equal(3 * drawn + s->households[s->zoom], 3 * s->n);
    }
    dk_index_end(f->store);
}

typedef struct touched {
    dk_world_box boxes[200];
    size_t n;
} touched;

static void note_touched(const dk_kind *layer, const dk_world_box *box, void *user)
{
    (void)layer;
    touched *t = user;
    assert_true(t->n < 200);
    t->boxes[t->n++] = *box;
}

static bool is_touched(const touched *t, const dk_world_box *box)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->boxes[i].x0 <= box->x1 && t->boxes[i].x1 >= box->x0 && t->boxes[i].y0 <= box->y1 &&
            t->boxes[i].y1 >= box->y0)
            return true;
    return false;
}

/* A server keeps tiles that a generation does not touch: where rows give way to others that came elsewhere in the same
 * tile, or come back when those go, they must be touched, also for the tile beside it that shows them. */
static void where_rows_give_way_tiles_are_touched(void **state)
{
    fixture *f = *state;
    static shown before, after, again;
    const int64_t first =
        crowd(f, 0, 120, 0.8, 1.03); /* the last column lies in the next tile and in the buffer of this one */
    look(f, &before);
    const int64_t second = crowd(f, 120, 240, 0.05, 0.3);
    look(f, &after);
    touched t = {0};
    bool known = false;
    int gone = 0, beside = 0;
    uint32_t x, y;
    origin(&x, &y);
    assert_int_equal(dk_index_touched(f->store, first, second, note_touched, &t, &known, &f->err), DK_OK);
    assert_true(known);
    for (int i = 0; i < 120; i++) {
        if (before.zooms[i] == after.zooms[i])
            continue;
        assert_true((before.zooms[i] & after.zooms[i]) == after.zooms[i]); /* at no zoom more than before */
        assert_true(is_touched(&t, &before.boxes[i]));
        gone += before.zooms[i] >> tile_zoom & ~(after.zooms[i] >> tile_zoom) & 1;
        beside += before.boxes[i].x1 >> (32 - tile_zoom) > x >> (32 - tile_zoom);
    }
    assert_true(gone > 20 && beside > 0);
    /* The smallest give way: of all that lies in this tile, none that is left is of a lower class than one that is not.
     */
    uint8_t largest_gone = 0, smallest_left = UINT8_MAX;
    for (int i = 0; i < 240; i++) {
        if ((after.zooms[i] >> tile_zoom & 1) != 0)
            smallest_left = after.classes[i] < smallest_left ? after.classes[i] : smallest_left;
        else
            largest_gone = after.classes[i] > largest_gone ? after.classes[i] : largest_gone;
    }
    assert_true(largest_gone <= smallest_left);
    /* Back again. */
    int64_t third = -1;
    assert_int_equal(dk_store_withdraw(f->store, 2, "tester", "test", NULL, NULL, &third, &f->err), DK_OK);
    look(f, &again);
    assert_memory_equal(again.zooms, before.zooms, sizeof again.zooms);
    t.n = 0;
    assert_int_equal(dk_index_touched(f->store, second, third, note_touched, &t, &known, &f->err), DK_OK);
    for (int i = 0; i < 120; i++)
        assert_true(before.zooms[i] == after.zooms[i] || is_touched(&t, &before.boxes[i]));
}

/* The weights that are kept, of which nothing is 0; those of thresholds (weights.h), which hold for as long as they are
 * not looked for anew, left out. */
static void weights_of(fixture *f, dk_buf *out)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT number,drawn,whole FROM weight_parcel WHERE number>=0 AND number<1<<56"
                                        " AND (drawn<>0 OR whole<>0) ORDER BY number",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        for (int i = 0; i < 3; i++) {
            const int64_t value = sqlite3_column_int64(stmt, i);
            dk_buf_append(out, &value, sizeof value);
        }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

static void assert_weights(fixture *f, const dk_buf *expected)
{
    dk_buf found;
    dk_buf_init(&found);
    weights_of(f, &found);
    assert_true(found.size > 100);
    assert_int_equal(found.size, expected->size);
    assert_memory_equal(found.data, expected->data, found.size);
    dk_buf_finish(&found);
}

/* Long ones that reach from two tiles and more away over a tile that is nearly full: they are settled there, but weigh.
 */
static void long_ones(fixture *f, double over)
{
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 300; i < 330; i++)
        add(f, load, i, (place){-3, 0.03 * (i - 300), over, 0.03 * (i - 300) + 0.02});
    publish(f, load_finish(f, load));
}

static void settle(fixture *one, int zoom)
{
    fixture *other;
    void *second = NULL;
    assert_int_equal(begin(&second), 0);
    tile_zoom = zoom;
    other = second;
    static shown a, b, alone, without;
    dk_buf weights_alone, weights;
    dk_buf_init(&weights_alone);
    dk_buf_init(&weights);
    crowd(one, 0, 150, 0.25, 0.95);
    look(one, &alone);
    weights_of(one, &weights_alone);
    long_ones(one, 0.2);
    long_ones(other, 0.2);
    crowd(other, 0, 150, 0.25, 0.95);
    look(one, &a);
    look(other, &b);
    assert_memory_equal(a.zooms, b.zooms, sizeof a.zooms);
    int gone = 0;
    for (int i = 0; i < 150; i++)
        gone += alone.zooms[i] >> tile_zoom & ~(a.zooms[i] >> tile_zoom) & 1;
    assert_true(gone > 5);
    weights_of(one, &weights);
    assert_weights(other, &weights);
    int64_t generation = -1;
    assert_int_equal(dk_store_withdraw(one->store, 2, "tester", "test", NULL, NULL, &generation, &one->err), DK_OK);
    assert_int_equal(dk_store_withdraw(other->store, 1, "tester", "test", NULL, NULL, &generation, &other->err), DK_OK);
    look(other, &without);
    assert_memory_equal(without.zooms, alone.zooms, sizeof alone.zooms);
    look(one, &without);
    assert_memory_equal(without.zooms, alone.zooms, sizeof alone.zooms);
    assert_weights(one, &weights_alone);
    assert_weights(other, &weights_alone);
    assert_int_equal(findings(one), 0);
    assert_int_equal(findings(other), 0);
    dk_buf_finish(&weights_alone);
    dk_buf_finish(&weights);
    fixture_teardown(&second);
}

static void what_is_settled_in_a_tile_weighs_in_it_in_whatever_order_it_came(void **state)
{
    settle(*state, 13);
}

static void so_it_does_where_weights_are_kept(void **state)
{
    settle(*state, 12);
}

/* A small row that reaches into a tile that was full before it came, and has its label in one beside it, where nothing
 * is left out otherwise: it is not drawn, so it must be counted there. On each side, and over each corner. */
static void a_small_one_beside_a_full_tile_is_counted(void **state)
{
    fixture *f = *state;
    static shown s;
    crowd(f, 0, 240, 0.05, 0.95);
    int id = 250;
    for (int y = -1; y <= 1; y++)
        for (int x = -1; x <= 1; x++) {
            if (x == 0 && y == 0)
                continue;
            const double west = x < 0 ? -0.008 : x > 0 ? 0.998 : 0.5, north = y < 0 ? -0.008 : y > 0 ? 0.998 : 0.5;
            dk_load *load = load_begin(f, "parcel", false);
            add(f, load, id, (place){west, north, west + 0.01, north + 0.01 - 1e-4 * (id - 250)});
            publish(f, load_finish(f, load));
            look(f, &s);
            assert_int_equal(s.zooms[id] >> tile_zoom & 1, 0);
            id++;
        }
    for (int64_t batch = 2; batch <= 9; batch++) {
        int64_t generation = -1;
        assert_int_equal(dk_store_withdraw(f->store, batch, "tester", "test", NULL, NULL, &generation, &f->err), DK_OK);
        look(f, &s);
    }
}

/* Rows that reach over the border of two tiles, half of them labelled in each, and none of them drawn at the first
 * zooms: what each tile may get is little, but both show all of them. Of these as many may be drawn as of rows within a
 * tile. */
static int64_t drawn_beside(fixture *f, double shift)
{
    static shown s;
    tile_zoom = 13;
    origin_lon = 116.71875; /* 83 * 360 / 2^8: a border of all zooms from 8 on */
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 0; i < 220; i++) {
        const double x = shift + (i % 2 == 0 ? -0.014 : -0.006), y = 0.1 + i / 2 * 0.003;
        add(f, load, i, (place){x, y, x + 0.02, y + 0.02 + 1e-6 * i});
    }
    publish(f, load_finish(f, load));
    look(f, &s);
    int64_t drawn = 0;
    for (int i = 0; i < 220; i++)
        drawn += s.zooms[i] >> 12 & 1;
    return drawn;
}

static void beside_a_border_no_more_is_drawn_than_within_a_tile(void **state)
{
    void *second = NULL;
    const int64_t across = drawn_beside(*state, 0);
    assert_int_equal(begin(&second), 0);
    const int64_t within = drawn_beside(second, 0.5);
    assert_true(within > 100 && within < 200);
    assert_true(across > 100 && across <= within + 2);
    fixture_teardown(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(where_rows_give_way_tiles_are_touched, begin, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_settled_in_a_tile_weighs_in_it_in_whatever_order_it_came, begin,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(so_it_does_where_weights_are_kept, begin, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_small_one_beside_a_full_tile_is_counted, begin, fixture_teardown),
        cmocka_unit_test_setup_teardown(beside_a_border_no_more_is_drawn_than_within_a_tile, begin, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
