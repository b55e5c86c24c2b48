/* Loading, publishing, replacing, withdrawing; what a killed writer leaves behind. */
#include "store_fixture.h"

#include "store/access.h"
#include "store/index.h"
#include "store/log_keys.h"
#include "store/sha256.h"
#include "tests/sampled.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

static dk_row_report parcel(fixture *f, dk_load *load, const char *id, const char *project, double west)
{
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, west, 34.5, 0.001);
    return load_row(f, load, "parcel", wkb, size, "id", id, "project_id", project, "division", "341321100", NULL);
}

static int64_t one_parcel(fixture *f, const char *id, const char *project, double west, bool replace)
{
    dk_load *load = load_begin(f, "parcel", replace);
    parcel(f, load, id, project, west);
    return load_finish(f, load);
}

static void nobody_sees_a_staged_batch(void **state)
{
    fixture *f = *state;
    const int64_t batch = one_parcel(f, "DK001", "P1", 116.5, false);
    assert_string_equal(all_keys(f, "parcel").text, "");
    assert_int_equal(publish(f, batch), 1);
    assert_string_equal(all_keys(f, "parcel").text, "P1:DK001");
    assert_int_equal(findings(f), 0);
}

static void two_projects_may_use_one_number(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    publish(f, one_parcel(f, "DK001", "P2", 116.6, false));
    assert_string_equal(all_keys(f, "parcel").text, "P1:DK001 P2:DK001");
}

static void without_a_project_the_file_name_qualifies(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK001", "", 116.5, false));
    assert_string_equal(all_keys(f, "parcel").text, "source:DK001");
}

/* "<first non-empty qualifier>:<key field>" (store/catalogue.h), whatever their types are. */
static void numbers_are_keys_and_qualify_them(void **state)
{
    fixture *f = *state;
    static const char yaml[] = "title: t\npublisher: p\nextent: [116, 34, 117, 35]\n"
                               "records:\n"
                               "  - name: card\n    title: 卡\n    key: {field: no, qualify: [book, source]}\n"
                               "    fields:\n"
                               "      - {name: no, title: 号, type: number, audience: public, required: true}\n"
                               "      - {name: book, title: 册, type: integer, audience: public}\n";
    dk_store_close(f->store);
    snprintf(f->path, sizeof f->path, "%s/b.dk", f->dir);
    assert_int_equal(dk_store_create(f->path, yaml, strlen(yaml), "cards.yaml", &f->err), DK_OK);
    fixture_open(f, DK_WRITE);
    dk_load *load = load_begin(f, "card", false);
    load_row(f, load, "card", NULL, 0, "no", "#7", "book", "#1", NULL);
    load_row(f, load, "card", NULL, 0, "no", "#7", "book", "#2", NULL);
    load_row(f, load, "card", NULL, 0, "no", "#7.5", "book", "#0", NULL);
    load_row(f, load, "card", NULL, 0, "no", "#7", NULL);
    assert_int_equal(load_row(f, load, "card", NULL, 0, "no", "#7", "book", "#2", NULL).outcome, DK_REJECTED);
    publish(f, load_finish(f, load));
    assert_string_equal(all_keys(f, "card").text, "1:7 2:7 0:7.5 source:7");
    assert_int_equal(findings(f), 0);
}

/* To load it without --draw would make two parcels of one. */
static void what_lacks_the_beginning_of_its_key_is_told_so(void **state)
{
    fixture *f = *state;
    const dk_load_options undrawn = {.source = "ledger.csv", .undrawn = true}, draw = {.source = "d.shp", .draw = true};
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, "parcel");
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, 116.5, 34.5, 0.001);
    dk_load *load = NULL;
    assert_int_equal(dk_load_begin(f->store, kind, &undrawn, &load, &f->err), DK_OK);
    load_row(f, load, "parcel", NULL, 0, "id", "DK001", "project_id", "P1", NULL);
    publish(f, load_finish(f, load));
    assert_int_equal(dk_load_begin(f->store, kind, &draw, &load, &f->err), DK_OK);
    dk_row_report report = load_row(f, load, "parcel", wkb, size, "id", "DK001", NULL);
    assert_int_equal(report.outcome, DK_REJECTED);
    assert_non_null(
        strstr(report.message, "there is no d:DK001 to be drawn; keys begin with project_id (项目), which"));
    assert_null(strstr(report.message, "without --draw"));
    report = load_row(f, load, "parcel", wkb, size, "id", "DK002", "project_id", "P1", NULL);
    assert_non_null(strstr(report.message, "there is no P1:DK002 to be drawn; load it first"));
    report = load_row(f, load, "parcel", wkb, size, "id", "DK001", "project_id", "P1", NULL);
    assert_int_equal(report.outcome, DK_REPLACED);
    load_finish(f, load);
}

static void loading_again_changes_nothing(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    dk_load *load = load_begin(f, "parcel", false);
    assert_int_equal(parcel(f, load, "DK001", "P1", 116.5).outcome, DK_UNCHANGED);
    assert_int_equal(load_finish(f, load), 0);
    assert_int_equal(generation_of(f), 1);
}

static void a_ring_that_begins_elsewhere_or_turns_round_is_the_same(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    unsigned char wkb[93];
    double ring[10], other[10];
    const size_t size = square_wkb(wkb, 116.5, 34.5, 0.001);
    memcpy(ring, wkb + 13, sizeof ring);
    for (int start = 0; start < 4; start++)
        for (int turn = -1; turn <= 1; turn += 2) {
            for (int i = 0; i < 5; i++) {
                const int at = ((start + turn * i) % 4 + 4) % 4;
                other[2 * i] = ring[2 * at];
                other[2 * i + 1] = ring[2 * at + 1];
            }
            memcpy(wkb + 13, other, sizeof other);
            dk_load *load = load_begin(f, "parcel", false);
            const dk_row_report report = load_row(f, load, "parcel", wkb, size, "id", "DK001", "project_id", "P1",
                                                  "division", "341321100", NULL);
            assert_int_equal(report.outcome, DK_UNCHANGED);
            dk_load_abandon(load);
        }
}

static void another_content_needs_replace(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    dk_load *load = load_begin(f, "parcel", false);
    const dk_row_report report = parcel(f, load, "DK001", "P1", 116.5005);
    assert_int_equal(report.outcome, DK_REJECTED);
    assert_non_null(strstr(report.message, "--replace"));
    assert_int_equal(load_finish(f, load), 0);
}

static void replace_never_moves_a_parcel_elsewhere(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    dk_load *load = load_begin(f, "parcel", true);
    const dk_row_report report = parcel(f, load, "DK001", "P1", 116.7);
    assert_int_equal(report.outcome, DK_REJECTED);
    assert_non_null(strstr(report.message, "does not touch"));
    assert_int_equal(load_finish(f, load), 0);
}

static void a_key_may_come_once_in_a_load(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", true);
    assert_int_equal(parcel(f, load, "DK001", "P1", 116.5).outcome, DK_LOADED);
    const dk_row_report report = parcel(f, load, "DK001", "P1", 116.5);
    assert_int_equal(report.outcome, DK_REJECTED);
    assert_non_null(strstr(report.message, "P1:DK001"));
    load_finish(f, load);
}

/* West edge and feature number of the published parcel. */
typedef struct place {
    double west;
    uint64_t feature;
    size_t n;
} place;

static bool note_place(const dk_row *row, void *user)
{
    place *p = user;
    p->west = row->bounds[0];
    p->feature = row->feature;
    p->n++;
    return true;
}

static place place_of(fixture *f, const char *key, int64_t generation)
{
    place p = {0};
    const dk_viewer viewer = dk_viewer_public();
    const dk_status status = dk_query_row(f->store, dk_catalogue_kind(f->catalogue, "parcel"), key, &viewer, generation,
                                          true, note_place, &p, &f->err);
    assert_true(status == DK_OK || status == DK_NOT_FOUND);
    return p;
}

typedef struct counting {
    dk_world_box box;
    size_t n;
} counting;

static bool count_entries(const dk_block *block, void *user)
{
    counting *c = user;
    for (uint32_t i = 0; i < block->n_entries; i++) {
        const dk_entry_head *head = &block->heads[i];
        c->n += head->x0 <= c->box.x1 && head->x1 >= c->box.x0 && head->y0 <= c->box.y1 && head->y1 >= c->box.y0;
    }
    return true;
}

static size_t drawn_at(fixture *f, double lon, double lat, int64_t generation)
{
    counting c = {0};
    dk_world_from_lonlat(lon, lat, &c.box.x0, &c.box.y0);
    c.box.x1 = c.box.x0, c.box.y1 = c.box.y0;
    assert_int_equal(dk_index_begin(f->store, generation, NULL, &f->err), DK_OK);
    assert_int_equal(dk_index_blocks(f->store, dk_catalogue_kind(f->catalogue, "parcel"), &c.box, DK_EVERY_ZOOM,
                                     count_entries, &c, &f->err),
                     DK_OK);
    dk_index_end(f->store);
    return c.n;
}

static void withdrawing_brings_back_what_was_replaced(void **state)
{
    fixture *f = *state;
    int64_t generation = 0;
    const int64_t first = one_parcel(f, "DK001", "P1", 116.5, false);
    publish(f, first);
    const int64_t second = one_parcel(f, "DK001", "P1", 116.5005, true);
    publish(f, second);
    const place old = place_of(f, "P1:DK001", 1), new = place_of(f, "P1:DK001", 2);
    assert_true(old.west < new.west);
    assert_true(old.feature == new.feature);
    assert_int_equal(drawn_at(f, 116.5001, 34.5005, 2), 0);
    assert_int_equal(drawn_at(f, 116.5014, 34.5005, 2), 1);
    assert_int_equal(dk_store_withdraw(f->store, second, "tester", "wrong survey", NULL, NULL, &generation, &f->err),
                     DK_OK);
    assert_int_equal(generation, 3);
    assert_true(place_of(f, "P1:DK001", 3).west == old.west);
    assert_int_equal(drawn_at(f, 116.5001, 34.5005, 3), 1);
    assert_int_equal(drawn_at(f, 116.5014, 34.5005, 3), 0);
    /* The past is as it was. */
    assert_int_equal(drawn_at(f, 116.5014, 34.5005, 2), 1);
    assert_int_equal(findings(f), 0);
    assert_int_equal(dk_store_withdraw(f->store, first, "tester", "twice", NULL, NULL, &generation, &f->err), DK_OK);
    assert_int_equal(place_of(f, "P1:DK001", 4).n, 0);
    assert_int_equal(findings(f), 0);
}

static void the_version_below_a_withdrawn_one_does_not_come_back(void **state)
{
    fixture *f = *state;
    int64_t generation = 0;
    const int64_t first = one_parcel(f, "DK001", "P1", 116.5, false);
    publish(f, first);
    const int64_t second = one_parcel(f, "DK001", "P1", 116.5002, true);
    publish(f, second);
    const int64_t third = one_parcel(f, "DK001", "P1", 116.5004, true);
    publish(f, third);
    assert_int_equal(dk_store_withdraw(f->store, second, "t", "r", NULL, NULL, &generation, &f->err), DK_OK);
    assert_true(place_of(f, "P1:DK001", generation).west == 116.5004);
    assert_int_equal(dk_store_withdraw(f->store, third, "t", "r", NULL, NULL, &generation, &f->err), DK_OK);
    assert_true(place_of(f, "P1:DK001", generation).west == 116.5);
    assert_int_equal(findings(f), 0);
}

/* Each touches the one before, and the third not the first. */
static void a_key_does_not_move_elsewhere_by_way_of_a_staged_batch(void **state)
{
    fixture *f = *state;
    int64_t generation = 0;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    const int64_t second = one_parcel(f, "DK001", "P1", 116.5008, true),
                  third = one_parcel(f, "DK001", "P1", 116.5016, true);
    assert_int_equal(dk_store_publish(f->store, third, "t", NULL, NULL, &generation, &f->err), DK_CONFLICT);
    assert_non_null(strstr(f->err.text, "does not touch the outline that is published under its key now"));
    assert_true(place_of(f, "P1:DK001", 1).west == 116.5);
    publish(f, second);
    assert_true(place_of(f, "P1:DK001", publish(f, third)).west == 116.5016);
    assert_int_equal(findings(f), 0);
}

static int64_t a_ledger_or_a_drawing(fixture *f, bool draw, bool replace, const char *village, double west)
{
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, west, 34.5, 0.001);
    const dk_load_options options = {.source = "dir/source.csv", .replace = replace, .undrawn = !draw, .draw = draw};
    dk_load *load = NULL;
    assert_int_equal(dk_load_begin(f->store, dk_catalogue_kind(f->catalogue, "parcel"), &options, &load, &f->err),
                     DK_OK);
    load_row(f, load, "parcel", draw ? wkb : NULL, draw ? size : 0, "id", "DK001", "project_id", "P1", "division",
             "341321100", draw ? NULL : "village", village, NULL);
    return load_finish(f, load);
}

/* The ledger was compared with the row that had no outline yet, the drawing with the ledger. */
static void a_ledger_that_was_staged_before_an_outline_came_does_not_take_it_away(void **state)
{
    fixture *f = *state;
    int64_t generation = 0;
    publish(f, a_ledger_or_a_drawing(f, false, false, "东村", 0));
    const int64_t ledger = a_ledger_or_a_drawing(f, false, true, "西村", 0),
                  drawing = a_ledger_or_a_drawing(f, true, false, "", 116.5);
    publish(f, drawing);
    assert_int_equal(drawn_at(f, 116.5005, 34.5005, 2), 1);
    assert_int_equal(dk_store_publish(f->store, ledger, "t", NULL, NULL, &generation, &f->err), DK_CONFLICT);
    assert_int_equal(drawn_at(f, 116.5005, 34.5005, 2), 1);
    assert_int_equal(findings(f), 0);
}

static void a_second_withdraw_or_publish_is_refused(void **state)
{
    fixture *f = *state;
    int64_t generation = 0;
    const int64_t batch = one_parcel(f, "DK001", "P1", 116.5, false);
    publish(f, batch);
    assert_int_equal(dk_store_publish(f->store, batch, "t", NULL, NULL, &generation, &f->err), DK_CONFLICT);
    assert_int_equal(dk_store_withdraw(f->store, batch, "t", "r", NULL, NULL, &generation, &f->err), DK_OK);
    assert_int_equal(dk_store_withdraw(f->store, batch, "t", "r", NULL, NULL, &generation, &f->err), DK_CONFLICT);
    assert_int_equal(dk_store_publish(f->store, batch, "t", NULL, NULL, &generation, &f->err), DK_CONFLICT);
    assert_int_equal(dk_store_publish(f->store, 99, "t", NULL, NULL, &generation, &f->err), DK_NOT_FOUND);
}

/* Runs work in a child that ends as if by kill -9, and reopens the store. */
static void killed(fixture *f, void (*work)(fixture *f))
{
    dk_store_close(f->store);
    f->store = NULL;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fixture_open(f, DK_WRITE);
        work(f);
        _exit(0); /* not reached */
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    fixture_open(f, DK_WRITE);
}

static void load_and_die(fixture *f)
{
    dk_load *load = load_begin(f, "parcel", false);
    char id[16];
    for (int i = 0; i < 25000; i++) { /* over a transaction's rows: some are committed */
        snprintf(id, sizeof id, "DK%05d", i);
        parcel(f, load, id, "P9", 116.1 + i * 1e-5);
    }
    kill(getpid(), SIGKILL);
}

static void a_load_killed_in_the_middle_leaves_nothing(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    killed(f, load_and_die);
    assert_string_equal(all_keys(f, "parcel").text, "P1:DK001");
    assert_int_equal(findings(f), 0);
    const int64_t again = one_parcel(f, "DK00001", "P9", 116.1, false);
    assert_true(again > 0);
    publish(f, again);
    assert_string_equal(all_keys(f, "parcel").text, "P1:DK001 P9:DK00001");
}

static void die(int64_t done, int64_t total, void *user)
{
    (void)total, (void)user;
    if (done >= DK_COUNT(5000, 4))
        kill(getpid(), SIGKILL);
}

/* The weights of all tiles as one text, to be freed by the caller. */
static char *weights_of(fixture *f)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT group_concat(printf('%d:%d,%d', number, drawn, whole), ' ') FROM"
                                        " (SELECT * FROM weight_parcel WHERE whole<>0 ORDER BY number)",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const char *text = (const char *)sqlite3_column_text(stmt, 0);
    char *weights = strdup(text ? text : "");
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return weights;
}

/* Whether the weights that publishing has kept up are those that a rebuild finds. */
static void weights_are_right(fixture *f)
{
    char *kept = weights_of(f);
    assert_int_equal(dk_store_reindex(f->store, NULL, NULL, &f->err), DK_OK);
    char *anew = weights_of(f);
    assert_string_equal(kept, anew);
    free(kept);
    free(anew);
}

static void the_weights_of_tiles_follow_what_is_published(void **state)
{
    fixture *f = *state;
    int64_t generation;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    const int64_t neighbour = one_parcel(f, "DK002", "P2", 116.501, false);
    publish(f, neighbour);
    weights_are_right(f);
    publish(f, one_parcel(f, "DK001", "P1", 116.4995, true));
    weights_are_right(f);
    assert_int_equal(dk_store_withdraw(f->store, neighbour, "t", "r", NULL, NULL, &generation, &f->err), DK_OK);
    weights_are_right(f);
    for (int64_t batch = 1; batch <= 3; batch += 2)
        assert_int_equal(dk_store_withdraw(f->store, batch, "t", "r", NULL, NULL, &generation, &f->err), DK_OK);
    char *nothing = weights_of(f);
    assert_string_equal(nothing, "");
    free(nothing);
}

static void publish_and_die(fixture *f)
{
    int64_t generation;
    dk_store_publish(f->store, 2, "t", die, NULL, &generation, &f->err);
}

static void a_publish_killed_in_the_middle_is_undone(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK00000", "P9", 116.1, false));
    dk_load *load = load_begin(f, "parcel", true);
    char id[16];
    for (int i = 0; i < DK_COUNT(8000, 4); i++) {
        snprintf(id, sizeof id, "DK%05d", i);
        parcel(f, load, id, "P9", 116.1001 + i * 1e-5);
    }
    assert_int_equal(load_finish(f, load), 2);
    killed(f, publish_and_die);
    assert_int_equal(generation_of(f), 1);
    assert_string_equal(all_keys(f, "parcel").text, "P9:DK00000");
    assert_int_equal(drawn_at(f, 116.10005, 34.5005, 1), 1);
    assert_int_equal(findings(f), 0);
    assert_int_equal(publish(f, 2), 2);
    assert_int_equal(all_keys(f, "parcel").n, DK_COUNT(8000, 4));
    assert_int_equal(findings(f), 0);
    weights_are_right(f);
}

static void a_reader_keeps_the_old_generation_during_a_publish(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    dk_store *reader = NULL;
    assert_int_equal(dk_store_open(f->path, DK_READ, &reader, &f->err), DK_OK);
    publish(f, one_parcel(f, "DK002", "P1", 116.6, false));
    keys k = {0};
    const dk_viewer viewer = dk_viewer_public();
    dk_query query = {.kind = dk_catalogue_kind(dk_store_catalogue(reader), "parcel"),
                      .viewer = &viewer,
                      .generation = 1,
                      .limit = 10};
    dk_buf next;
    dk_buf_init(&next);
    assert_int_equal(dk_query_page(reader, &query, keys_add, &k, &next, &f->err), DK_OK);
    dk_buf_finish(&next);
    assert_string_equal(k.text, "P1:DK001");
    dk_store_close(reader);
}

typedef struct overlap {
    dk_store *readers[2];
    atomic_bool stop;
    dk_status status;
} overlap;

/* Reads from two handles, of which one at least is in the middle of it at any time. */
static void *read_without_pause(void *user)
{
    overlap *o = user;
    int64_t generation;
    dk_error err;
    for (unsigned i = 0; !atomic_load(&o->stop); i++) {
        o->status = dk_index_begin(o->readers[i % 2], DK_NEWEST, &generation, &err);
        if (o->status != DK_OK)
            break;
        usleep(200);
        dk_index_end(o->readers[(i + 1) % 2]);
    }
    dk_index_end(o->readers[0]);
    dk_index_end(o->readers[1]);
    return NULL;
}

static void check_that_the_log_stays_short(fixture *f)
{
    enum { ROWS = 3000, SIZE = 60000 };
    overlap o = {.stop = false};
    pthread_t thread;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(dk_store_open(f->path, DK_READ, &o.readers[i], &f->err), DK_OK);
    assert_int_equal(pthread_create(&thread, NULL, read_without_pause, &o), 0);
    char *village = malloc(SIZE + 1), path[120];
    memset(village, 'v', SIZE);
    village[SIZE] = 0;
    off_t longest = 0;
    struct stat info;
    snprintf(path, sizeof path, "%s-wal", f->path);
    dk_load *load = load_begin(f, "parcel", false);
    for (size_t i = 0; i < ROWS; i++) {
        unsigned char wkb[93];
        char id[20];
        snprintf(id, sizeof id, "DK%05zu", i);
        const size_t size = square_wkb(wkb, 116.1 + 0.0001 * (double)i, 34.5, 0.00005);
        load_row(f, load, "parcel", wkb, size, "id", id, "project_id", "P1", "phone", village, NULL);
        if (stat(path, &info) == 0 && info.st_size > longest)
            longest = info.st_size;
    }
    int64_t batch = 0;
    assert_int_equal(dk_load_finish(load, &batch, &f->err), DK_OK);
    free(village);
    atomic_store(&o.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(o.status, DK_OK);
    for (size_t i = 0; i < 2; i++)
        dk_store_close(o.readers[i]);
    assert_true(longest < 128 << 20); /* of 180 MB that were written */
    assert_int_equal(findings(f), 0);
}

static void the_log_stays_short_while_tiles_are_read(void **state)
{
    check_that_the_log_stays_short(*state);
}

/* Then no other thread copies it. */
static void the_log_stays_short_on_one_processor(void **state)
{
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    check_that_the_log_stays_short(*state);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

/* Each of them leaves the log to its end, and there the one that finds it long waits for those who read. */
static void the_log_stays_short_over_small_loads_while_tiles_are_read(void **state)
{
    enum { LOADS = 5, ROWS = 500, SIZE = 60000 };
    fixture *f = *state;
    overlap o = {.stop = false};
    pthread_t thread;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(dk_store_open(f->path, DK_READ, &o.readers[i], &f->err), DK_OK);
    assert_int_equal(pthread_create(&thread, NULL, read_without_pause, &o), 0);
    char *village = malloc(SIZE + 1), path[120];
    memset(village, 'v', SIZE);
    village[SIZE] = 0;
    off_t longest = 0;
    struct stat info;
    snprintf(path, sizeof path, "%s-wal", f->path);
    for (size_t k = 0; k < LOADS; k++) {
        dk_load *load = load_begin(f, "parcel", false);
        for (size_t i = 0; i < ROWS; i++) {
            unsigned char wkb[93];
            char id[20];
            snprintf(id, sizeof id, "DK%zu-%05zu", k, i);
            load_row(f, load, "parcel", wkb, square_wkb(wkb, 116.1 + 0.0001 * (double)i, 34.5, 0.00005), "id", id,
                     "project_id", "P1", "phone", village, NULL);
        }
        load_finish(f, load);
        dk_store_close(f->store);
        f->store = NULL;
        if (stat(path, &info) == 0 && info.st_size > longest)
            longest = info.st_size;
        assert_int_equal(dk_store_open(f->path, DK_WRITE, &f->store, &f->err), DK_OK);
        f->catalogue = dk_store_catalogue(f->store);
    }
    free(village);
    atomic_store(&o.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(o.status, DK_OK);
    for (size_t i = 0; i < 2; i++)
        dk_store_close(o.readers[i]);
    assert_in_range(longest, 16 << 20, 84 << 20); /* of 150 MB that were written */
}

/* To copy and sync the log takes as long as ten small publications. */
static void a_small_publication_is_seen_before_its_log_is_copied(void **state)
{
    enum { ROWS = 400, SIZE = 60000 };
    fixture *f = *state;
    dk_store *reader = NULL; /* the log stays where it is when the writer closes */
    int64_t generation = 0;
    struct stat before, published, closed;
    assert_int_equal(dk_store_open(f->path, DK_READ, &reader, &f->err), DK_OK);
    assert_int_equal(stat(f->path, &before), 0);
    char *village = malloc(SIZE + 1);
    memset(village, 'v', SIZE);
    village[SIZE] = 0;
    dk_load *load = load_begin(f, "parcel", false);
    for (size_t i = 0; i < ROWS; i++) {
        unsigned char wkb[93];
        char id[20];
        snprintf(id, sizeof id, "DK%05zu", i);
        load_row(f, load, "parcel", wkb, square_wkb(wkb, 116.1 + 0.0001 * (double)i, 34.5, 0.00005), "id", id,
                 "project_id", "P1", "phone", village, NULL);
    }
    free(village);
    publish(f, load_finish(f, load));
    assert_int_equal(dk_store_generation(reader, &generation, &f->err), DK_OK);
    assert_int_equal(generation, 1);
    assert_int_equal(stat(f->path, &published), 0);
    assert_int_equal(published.st_size, before.st_size);
    dk_store_close(f->store);
    f->store = NULL;
    assert_int_equal(stat(f->path, &closed), 0);
    assert_true(closed.st_size > before.st_size + ROWS * SIZE);
    dk_store_close(reader);
}

static void one_writer_at_a_time(void **state)
{
    fixture *f = *state;
    dk_store *second = NULL;
    assert_int_equal(dk_store_open(f->path, DK_WRITE, &second, &f->err), DK_BUSY);
    assert_null(second);
    assert_non_null(strstr(f->err.text, "another dikuai-ingest"));
}

static bool there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

/* SQLite follows a link to the store and would let the second writer take the batch of the first for one of a killed
 * load. */
static void a_link_to_the_store_is_the_store(void **state)
{
    fixture *f = *state;
    char link[120], path[160];
    dk_store *second = NULL;
    snprintf(link, sizeof link, "%s/link.dk", f->dir);
    assert_int_equal(symlink("a.dk", link), 0);
    assert_int_equal(dk_store_open(link, DK_WRITE, &second, &f->err), DK_BUSY);
    dk_store_close(f->store);
    f->store = NULL;
    assert_int_equal(dk_store_open(link, DK_WRITE, &f->store, &f->err), DK_OK);
    assert_int_equal(dk_store_open(f->path, DK_WRITE, &second, &f->err), DK_BUSY);
    assert_int_equal(dk_log_keys_create(f->store, "example.com/log", false, false, &f->err), DK_OK);
    dk_access *access = NULL;
    assert_int_equal(dk_access_open(link, true, &access, &f->err), DK_OK);
    dk_access_close(access);
    static const char *const beside[] = {"-lock", ".log-key", ".access"};
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        snprintf(path, sizeof path, "%s%s", f->path, beside[i]);
        assert_true(there(path));
        snprintf(path, sizeof path, "%s%s", link, beside[i]);
        assert_false(there(path));
    }
}

static void change_file(fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    dk_store_close(f->store);
    f->store = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_store_of_another_version_is_refused(void **state)
{
    fixture *f = *state;
    change_file(f, "UPDATE dikuai_meta SET value=99");
    assert_int_equal(dk_store_open(f->path, DK_READ, &f->store, &f->err), DK_VERSION);
    assert_non_null(strstr(f->err.text, "version 99"));
}

static void a_file_that_is_no_store_is_refused(void **state)
{
    fixture *f = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/noise.dk", f->dir);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a store ", file);
    fclose(file);
    dk_store *store = NULL;
    assert_int_equal(dk_store_open(path, DK_READ, &store, &f->err), DK_CORRUPT);
    assert_int_equal(dk_store_open("/nonexistent/x.dk", DK_READ, &store, &f->err), DK_IO);
    assert_int_equal(dk_store_open(f->dir, DK_READ, &store, &f->err), DK_IO);
}

static void check_finds_a_damaged_index_and_reindex_mends_it(void **state)
{
    fixture *f = *state;
    publish(f, one_parcel(f, "DK001", "P1", 116.5, false));
    publish(f, one_parcel(f, "DK001", "P1", 116.5003, true));
    change_file(f, "DELETE FROM block_parcel;"
                   "UPDATE dikuai_summary SET rows=7 WHERE generation=2");
    fixture_open(f, DK_WRITE);
    assert_true(findings(f) >= 2);
    assert_int_equal(dk_store_reindex(f->store, NULL, NULL, &f->err), DK_OK);
    assert_int_equal(findings(f), 0);
    assert_int_equal(drawn_at(f, 116.5004, 34.5005, 2), 1);
}

static void bad_rows_are_rejected_with_their_reason(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    unsigned char wkb[93], far[93];
    const size_t size = square_wkb(wkb, 116.5, 34.5, 0.001);
    square_wkb(far, 34.5, 16.5, 0.001);
    const struct {
        const char *field, *value, *says;
        const void *geometry;
    } cases[] = {
        {"division", "34132", "division code", wkb},
        {"division", "341321999", "is not a division of the catalogue", wkb},
        {"id", "", "id (编号) is empty", wkb},
        {"village", "\xb5\xd8\xbf\xe9", "not valid UTF-8", wkb},
        {"village", "x", "has no geometry", NULL},
        {"village", "x", "outside the catalogue's extent", far},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dk_row_report report = load_row(f, load, "parcel", cases[i].geometry, cases[i].geometry ? size : 0, "id",
                                              "X", "project_id", "P", cases[i].field, cases[i].value, NULL);
        assert_int_equal(report.outcome, DK_REJECTED);
        if (strstr(report.message, cases[i].says) == NULL)
            fail_msg("expected '%s' in '%s'", cases[i].says, report.message);
    }
    assert_int_equal(load_finish(f, load), 0);
    load = load_begin(f, "approval", false);
    dk_row_report report =
        load_row(f, load, "approval", NULL, 0, "approval_no", "皖政地[2020]1号", "approved_on", "2020-02-30", NULL);
    assert_int_equal(report.outcome, DK_REJECTED);
    assert_non_null(strstr(report.message, "2020-02-30"));
    dk_load_abandon(load);
}

static void a_village_code_padded_with_zeros_is_its_county(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, 116.5, 34.5, 0.001);
    assert_int_equal(
        load_row(f, load, "parcel", wkb, size, "id", "1", "project_id", "P", "division", "341321000000", NULL).outcome,
        DK_LOADED);
    /* The catalogue lists towns, so an unknown town is a mistake; it lists no villages, so any village of a known town
     * is fine. */
    assert_int_equal(
        load_row(f, load, "parcel", wkb, size, "id", "2", "project_id", "P", "division", "341321100203", NULL).outcome,
        DK_LOADED);
    dk_load_abandon(load);
}

static void a_declared_area_is_compared(void **state)
{
    fixture *f = *state;
    dk_load *load = load_begin(f, "parcel", false);
    unsigned char wkb[93];
    const size_t size = square_wkb(wkb, 116.5, 34.5, 0.001); /* about 92 m by 111 m: 1.02 ha */
    dk_row_report report =
        load_row(f, load, "parcel", wkb, size, "id", "1", "project_id", "P", "area_ha", "#10.2", NULL);
    assert_int_equal(report.outcome, DK_LOADED);
    assert_true(report.notes & DK_NOTE_AREA_DIFFERS);
    report = load_row(f, load, "parcel", wkb, size, "id", "2", "project_id", "P", "area_ha", "#1.02", NULL);
    assert_false(report.notes & DK_NOTE_AREA_DIFFERS);
    dk_load_abandon(load);
}

/* SHA-256 of the store's file while nobody has it open. */
static void file_digest(fixture *f, char digest[DK_SHA256_HEX])
{
    dk_sha256 hash;
    unsigned char block[65536];
    dk_store_close(f->store);
    FILE *file = fopen(f->path, "rb");
    assert_non_null(file);
    dk_sha256_begin(&hash);
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
        dk_sha256_add(&hash, block, n);
    fclose(file);
    assert_true(dk_sha256_end(&hash, digest));
    fixture_open(f, DK_WRITE);
}

/* More rows than a load writes in one transaction; and the next batch has the number that it would have had. */
static void a_dry_run_leaves_the_file_as_it_was(void **state)
{
    fixture *f = *state;
    dk_load *load = NULL;
    char before[DK_SHA256_HEX], after[DK_SHA256_HEX], id[24];
    const dk_load_options options = {.source = "a.shp", .dry_run = true};
    file_digest(f, before);
    assert_int_equal(dk_load_begin(f->store, dk_catalogue_kind(f->catalogue, "parcel"), &options, &load, &f->err),
                     DK_OK);
    for (int i = 0; i < 20002; i++) {
        snprintf(id, sizeof id, "DK%d", i);
        assert_int_equal(parcel(f, load, id, "P1", 116.5).outcome, DK_LOADED);
    }
    assert_int_equal(load_finish(f, load), 0);
    file_digest(f, after);
    assert_string_equal(before, after);
    assert_int_equal(dk_load_begin(f->store, dk_catalogue_kind(f->catalogue, "parcel"), &options, &load, &f->err),
                     DK_OK);
    dk_load_abandon(load);
    load = load_begin(f, "parcel", false);
    assert_int_equal(parcel(f, load, "DK001", "P1", 116.5).outcome, DK_LOADED);
    assert_int_equal(load_finish(f, load), 1);
}

static void a_dry_run_keeps_nothing(void **state)
{
    fixture *f = *state;
    dk_load *load = NULL;
    const dk_load_options options = {.source = "a.shp", .dry_run = true};
    assert_int_equal(dk_load_begin(f->store, dk_catalogue_kind(f->catalogue, "parcel"), &options, &load, &f->err),
                     DK_OK);
    assert_int_equal(parcel(f, load, "DK001", "P1", 116.5).outcome, DK_LOADED);
    assert_int_equal(load_finish(f, load), 0);
    dk_load *second = load_begin(f, "parcel", false);
    assert_int_equal(parcel(f, second, "DK001", "P1", 116.5).outcome, DK_LOADED);
    dk_load_abandon(second);
    assert_int_equal(findings(f), 0);
}

static bool note_datum(const dk_batch *batch, void *user)
{
    snprintf(user, 200, "%s", batch->datum);
    return true;
}

static void a_batch_is_marked_by_each_text_once_also_by_the_beginning_of_another(void **state)
{
    fixture *f = *state;
    char datum[200] = "";
    static const char *const marks[] = {"transformed by A2", "transformed by A", "taken as it is", "transformed by A"};
    dk_load *load = load_begin(f, "parcel", false);
    assert_int_equal(parcel(f, load, "DK001", "P1", 116.5).outcome, DK_LOADED);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(dk_load_datum(load, marks[i], &f->err), DK_OK);
    load_finish(f, load);
    assert_int_equal(dk_store_batches(f->store, note_datum, datum, &f->err), DK_OK);
    assert_string_equal(datum, "transformed by A2; transformed by A; taken as it is");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nobody_sees_a_staged_batch),
        CASE(a_batch_is_marked_by_each_text_once_also_by_the_beginning_of_another),
        CASE(two_projects_may_use_one_number),
        CASE(without_a_project_the_file_name_qualifies),
        CASE(numbers_are_keys_and_qualify_them),
        CASE(what_lacks_the_beginning_of_its_key_is_told_so),
        CASE(loading_again_changes_nothing),
        CASE(a_ring_that_begins_elsewhere_or_turns_round_is_the_same),
        CASE(another_content_needs_replace),
        CASE(replace_never_moves_a_parcel_elsewhere),
        CASE(a_key_does_not_move_elsewhere_by_way_of_a_staged_batch),
        CASE(a_ledger_that_was_staged_before_an_outline_came_does_not_take_it_away),
        CASE(a_key_may_come_once_in_a_load),
        CASE(withdrawing_brings_back_what_was_replaced),
        CASE(the_version_below_a_withdrawn_one_does_not_come_back),
        CASE(a_second_withdraw_or_publish_is_refused),
        CASE(a_load_killed_in_the_middle_leaves_nothing),
        CASE(a_publish_killed_in_the_middle_is_undone),
        CASE(a_reader_keeps_the_old_generation_during_a_publish),
        CASE(the_weights_of_tiles_follow_what_is_published),
        CASE(the_log_stays_short_while_tiles_are_read),
        CASE(the_log_stays_short_on_one_processor),
        CASE(the_log_stays_short_over_small_loads_while_tiles_are_read),
        CASE(a_small_publication_is_seen_before_its_log_is_copied),
        CASE(one_writer_at_a_time),
        CASE(a_link_to_the_store_is_the_store),
        CASE(a_store_of_another_version_is_refused),
        CASE(a_file_that_is_no_store_is_refused),
        CASE(check_finds_a_damaged_index_and_reindex_mends_it),
        CASE(bad_rows_are_rejected_with_their_reason),
        CASE(a_village_code_padded_with_zeros_is_its_county),
        CASE(a_declared_area_is_compared),
        CASE(a_dry_run_keeps_nothing),
        CASE(a_dry_run_leaves_the_file_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
