/* Pieces of large outlines in the cell index, as others come and go in the same cells. */
#include "store_fixture.h"

#include "store/index.h"

#include <math.h>

enum { VERTICES = 1500, ROWS = 7, SINGLE = 4 };

/* A ring with bays around a place. */
static void add_large(fixture *f, dk_load *load, int id, double lon, double lat)
{
    enum { SIZE = 13 + 16 * (VERTICES + 1) };
    unsigned char *wkb = malloc(SIZE);
    const unsigned char head[9] = {1, 3, 0, 0, 0, 1, 0, 0, 0};
    const uint32_t n = VERTICES + 1;
    char name[16];
    assert_non_null(wkb);
    memcpy(wkb, head, sizeof head);
    memcpy(wkb + 9, &n, 4);
    for (int i = 0; i <= VERTICES; i++) {
        const double angle = 2 * M_PI * (i % VERTICES) / VERTICES,
                     r = 0.05 * (1 + 0.1 * sin(23 * angle) + 0.02 * sin(211 * angle));
        const double at[2] = {lon + r * cos(angle), lat + r * sin(angle)};
        memcpy(wkb + 13 + 16 * i, at, sizeof at);
    }
    snprintf(name, sizeof name, "G%d", id);
    const dk_row_report report = load_row(f, load, "parcel", wkb, SIZE, "id", name, "project_id", "P", NULL);
    assert_int_equal(report.outcome, DK_LOADED);
    free(wkb);
}

static const double places[ROWS][2] = {{116.5, 34.5},   {116.53, 34.5},  {116.5, 34.53}, {116.51, 34.51},
                                       {116.52, 34.52}, {116.49, 34.49}, {116.5, 34.48}};

/* A batch of rows first to last. */
static int64_t large(fixture *f, int first, int last)
{
    dk_load *load = load_begin(f, "parcel", false);
    for (int i = first; i <= last; i++)
        add_large(f, load, i, places[i][0], places[i][1]);
    return load_finish(f, load);
}

/* The pieces of each row: how many, and the sum of their bytes by their places. */
typedef struct pieces {
    const dk_kind *layer;
    size_t n[ROWS];
    uint64_t sum[ROWS];
} pieces;

static bool note(const dk_block *block, int level, uint32_t x, uint32_t y, void *user)
{
    pieces *p = user;
    for (uint32_t i = 0; i < block->n_entries; i++) {
        const dk_entry_head *head = &block->heads[i];
        dk_value values[DK_MAX_FIELDS];
        assert_int_equal(dk_entry_values(p->layer, block, i, UINT64_MAX, values), DK_OK);
        const int id = atoi(values[0].text.data + 1);
        uint64_t sum = (uint64_t)level * 31 + x * UINT64_C(1000003) + y;
        for (uint32_t k = 0; k < head->drawing_size; k++)
            sum = sum * 33 + block->data[head->drawing + k];
        p->n[id]++;
        p->sum[id] += sum; /* in whatever order */
    }
    return true;
}

static pieces look(fixture *f)
{
    pieces p = {.layer = dk_catalogue_kind(f->catalogue, "parcel")};
    dk_world_box box = {0};
    int64_t generation;
    dk_world_from_lonlat(116.3, 34.7, &box.x0, &box.y0);
    dk_world_from_lonlat(116.8, 34.3, &box.x1, &box.y1);
    assert_int_equal(dk_index_begin(f->store, DK_NEWEST, &generation, &f->err), DK_OK);
    assert_int_equal(dk_index_pieces(f->store, p.layer, &box, 18, note, &p, &f->err), DK_OK);
    dk_index_end(f->store);
    return p;
}

static void assert_as(const pieces *a, const pieces *b, int id)
{
    assert_true(a->n[id] == b->n[id] && a->sum[id] == b->sum[id]);
}

/* Whatever shares its cells comes or goes: none of the others' pieces is lost, doubled or changed. */
static void pieces_of_others_stay_as_they_are(void **state)
{
    fixture *f = *state;
    pieces after[SINGLE], now;
    int64_t batches[SINGLE], generation;
    for (int i = 0; i < SINGLE; i++) {
        batches[i] = large(f, i, i);
        publish(f, batches[i]);
        after[i] = look(f);
        assert_true(after[i].n[i] > 20);
        for (int k = 0; k < i; k++)
            assert_as(&after[i], &after[k], k);
        for (int k = i + 1; k < ROWS; k++)
            assert_int_equal(after[i].n[k], 0);
    }
    /* Several come at once, and go at once. */
    const int64_t several = large(f, SINGLE, ROWS - 1);
    publish(f, several);
    now = look(f);
    for (int i = 0; i < ROWS; i++)
        assert_true(i < SINGLE ? now.sum[i] == after[SINGLE - 1].sum[i] : now.n[i] > 20);
    assert_int_equal(dk_store_withdraw(f->store, several, "tester", "test", NULL, NULL, &generation, &f->err), DK_OK);
    now = look(f);
    for (int i = 0; i < ROWS; i++)
        assert_as(&now, &after[SINGLE - 1], i);
    /* The first and the third go. */
    for (int i = 0; i < SINGLE; i += 2) {
        assert_int_equal(dk_store_withdraw(f->store, batches[i], "tester", "test", NULL, NULL, &generation, &f->err),
                         DK_OK);
        now = look(f);
        assert_int_equal(now.n[i], 0);
        assert_as(&now, &after[1], 1);
        assert_as(&now, &after[3], 3);
    }
    assert_int_equal(findings(f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pieces_of_others_stay_as_they_are, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
