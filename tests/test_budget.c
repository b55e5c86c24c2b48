/* Full tiles: what gives way in them, where that shows, and that the order in which rows came leaves no trace. Rows
 * with long texts, so that a few hundred fill a tile. */
#include "store_fixture.h"

#include "store/index.h"
#include "store/room.h"

#include <math.h>

static const char yaml[] =
    "title: t\npublisher: p\nmap_approval_no: none\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: parcel\n    title: 地块\n    geometry: polygon\n    zooms: [8, 16]\n"
    "    key: {field: id}\n    grid: [households]\n    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true}\n"
    "      - {name: households, title: 户数, type: integer, audience: public}\n"
    "      - {name: note, title: 说明, type: text, audience: public, tiles: true}\n";

enum { ZOOM = 13, LETTERS = 3000, MOST = 400 };

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 20) % below);
}

static int begin(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *parent = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/dikuai-test-XXXXXX", parent != NULL && strlen(parent) < 40 ? parent : "/tmp");
    if (mkdtemp(f->dir) == NULL)
        return -1;
    snprintf(f->path, sizeof f->path, "%s/a.dk", f->dir);
    if (dk_store_create(f->path, yaml, strlen(yaml), "budget.yaml", &f->err) != DK_OK)
        return -1;
    fixture_open(f, DK_WRITE);
    *state = f;
    return 0;
}

/* A rectangle in tiles of the zoom, from the tile in which all of this happens. */
typedef struct place {
    double x0, y0, x1, y1;
} place;

static void origin(uint32_t *ret_x, uint32_t *ret_y)
{
    const uint32_t side = UINT32_C(1) << (32 - ZOOM);
    dk_world_from_lonlat(116.5, 34.5, ret_x, ret_y);
    *ret_x = *ret_x / side * side;
    *ret_y = *ret_y / side * side;
}

static void add(fixture *f, dk_load *load, int id, place at)
{
    const double side = ldexp(1, 32 - ZOOM);
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
    const uint32_t side = UINT32_C(1) << (32 - ZOOM);
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
        gone += before.zooms[i] >> ZOOM & ~(after.zooms[i] >> ZOOM) & 1;
        beside += before.boxes[i].x1 >> (32 - ZOOM) > x >> (32 - ZOOM);
    }
    assert_true(gone > 20 && beside > 0);
    /* The smallest give way: of all that lies in this tile, none that is left is of a lower class than one that is not.
     */
    uint8_t largest_gone = 0, smallest_left = UINT8_MAX;
    for (int i = 0; i < 240; i++) {
        if ((after.zooms[i] >> ZOOM & 1) != 0)
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

/* Long ones that reach from two tiles and more away over a tile that is nearly full: they are settled there, but weigh.
 */
static void long_ones(fixture *f, double over)
{
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = 300; i < 330; i++)
        add(f, load, i, (place){-3, 0.03 * (i - 300), over, 0.03 * (i - 300) + 0.02});
    publish(f, load_finish(f, load));
}

static void what_is_settled_in_a_tile_weighs_in_it_in_whatever_order_it_came(void **state)
{
    fixture *one = *state, *other;
    void *second = NULL;
    assert_int_equal(begin(&second), 0);
    other = second;
    static shown a, b, alone, without;
    crowd(one, 0, 150, 0.25, 0.95);
    look(one, &alone);
    long_ones(one, 0.2);
    long_ones(other, 0.2);
    crowd(other, 0, 150, 0.25, 0.95);
    look(one, &a);
    look(other, &b);
    assert_memory_equal(a.zooms, b.zooms, sizeof a.zooms);
    int gone = 0;
    for (int i = 0; i < 150; i++)
        gone += alone.zooms[i] >> ZOOM & ~(a.zooms[i] >> ZOOM) & 1;
    assert_true(gone > 5);
    int64_t generation = -1;
    assert_int_equal(dk_store_withdraw(other->store, 1, "tester", "test", NULL, NULL, &generation, &other->err), DK_OK);
    look(other, &without);
    assert_memory_equal(without.zooms, alone.zooms, sizeof alone.zooms);
    assert_int_equal(findings(one), 0);
    assert_int_equal(findings(other), 0);
    fixture_teardown(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(where_rows_give_way_tiles_are_touched, begin, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_settled_in_a_tile_weighs_in_it_in_whatever_order_it_came, begin,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
