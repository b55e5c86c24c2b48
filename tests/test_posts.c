/* Posts in blocks against a plain list of them: written in any order, read from anywhere, joined, dropped, damaged. */
#include "store_fixture.h"

#include "store/posts.h"

enum { TERMS = 5, MOST = 6000 };

/* What is there, in the order of terms and places. */
typedef struct model {
    dk_post posts[MOST];
    size_t n;
    uint64_t seed;
} model;

static uint64_t number(model *m, uint64_t below)
{
    m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (m->seed >> 33) % below;
}

static int by_post(const void *a, const void *b)
{
    const dk_post *p = a, *q = b;
    return p->term != q->term ? (p->term > q->term) - (p->term < q->term) : dk_place_compare(p->place, q->place);
}

static void model_add(model *m, const dk_post *posts, size_t n)
{
    assert_true(m->n + n <= MOST);
    memcpy(m->posts + m->n, posts, n * sizeof *posts);
    m->n += n;
    qsort(m->posts, m->n, sizeof *m->posts, by_post);
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++)
        if (kept == 0 || by_post(&m->posts[i], &m->posts[kept - 1]) != 0)
            m->posts[kept++] = m->posts[i];
    m->n = kept;
}

static void write_posts(fixture *f, model *m, dk_post *posts, size_t n, int64_t new_from)
{
    qsort(posts, n, sizeof *posts, by_post);
    if (dk_sql_begin(f->store, &f->err) != DK_OK ||
        dk_posts_add(f->store, f->catalogue->kinds, posts, n, new_from, &f->err) != DK_OK ||
        dk_sql_commit(f->store, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    model_add(m, posts, n);
}

/* Rows of many features, of which some have moved, several times. */
static dk_post any_post(model *m)
{
    const int64_t feature = (int64_t)number(m, 1500) * 3 + 1;
    const int64_t moved = number(m, 4) == 0 ? feature + 1 + (int64_t)number(m, 100000) : 0;
    return (dk_post){1 + (int64_t)number(m, TERMS), {feature, moved}};
}

static void fill(fixture *f, model *m)
{
    dk_post posts[900];
    for (size_t round = 0; round < 6; round++) {
        const size_t n = 1 + number(m, round % 2 == 0 ? 900 : 40);
        for (size_t i = 0; i < n; i++)
            posts[i] = any_post(m);
        write_posts(f, m, posts, n, round == 0 ? 1 : INT64_MAX);
    }
}

static void assert_reads(fixture *f, model *m)
{
    static dk_place read[MOST];
    for (size_t i = 0; i < 400; i++) {
        const int64_t term = 1 + (int64_t)number(m, TERMS + 1); /* the last one has nothing */
        const dk_place from = i % 4 == 0 ? (dk_place){0} : any_post(m).place;
        const size_t most = 1 + number(m, i % 2 == 0 ? 3 : 1000);
        size_t n = 0, wanted = 0;
        if (dk_post_seek(f->store, f->catalogue->kinds, term, from, read, most, &n, &f->err) != DK_OK)
            fail_msg("%s", f->err.text);
        for (size_t p = 0; p < m->n && wanted < most; p++) {
            if (m->posts[p].term != term || dk_place_compare(m->posts[p].place, from) < 0)
                continue;
            assert_true(wanted < n);
            assert_int_equal(dk_place_compare(read[wanted], m->posts[p].place), 0);
            wanted++;
        }
        assert_int_equal(n, wanted);
        dk_place last = {0}, expected = {0};
        bool found = false, any = false;
        assert_int_equal(dk_post_last(f->store, f->catalogue->kinds, term, &last, &found, &f->err), DK_OK);
        for (size_t p = 0; p < m->n; p++)
            if (m->posts[p].term == term) {
                expected = m->posts[p].place;
                any = true;
            }
        assert_int_equal(found, any);
        assert_true(!any || dk_place_compare(last, expected) == 0);
    }
}

static bool model_has(const model *m, int64_t term, dk_place place)
{
    const dk_post post = {term, place};
    return bsearch(&post, m->posts, m->n, sizeof *m->posts, by_post) != NULL;
}

static void what_was_written_in_any_order_is_read_from_anywhere(void **state)
{
    fixture *f = *state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        model m = {.seed = seed};
        fill(f, &m);
        assert_reads(f, &m);
        assert_int_equal(dk_posts_drop(f->store, f->catalogue->kinds, 0, INT64_MAX, &f->err), DK_OK);
        m.n = 0;
        assert_reads(f, &m);
    }
}

static void places_that_all_terms_have(void **state)
{
    fixture *f = *state;
    model m = {.seed = 7};
    fill(f, &m);
    for (size_t i = 0; i < 60; i++) {
        int64_t terms[3];
        const size_t n = 1 + i % 3;
        for (size_t t = 0; t < n; t++)
            terms[t] = 1 + (int64_t)number(&m, TERMS);
        const int64_t after = i % 2 == 0 ? 0 : (int64_t)number(&m, 4500);
        dk_post_join *join = dk_post_join_create(f->store, f->catalogue->kinds, terms, n, after);
        assert_non_null(join);
        dk_place place = {0};
        bool found = true;
        size_t given = 0;
        for (size_t p = 0; p < m.n; p++) { /* in the order of the first term's places */
            if (m.posts[p].term != terms[0] || m.posts[p].place.feature <= after)
                continue;
            bool all = true;
            for (size_t t = 1; all && t < n; t++)
                all = model_has(&m, terms[t], m.posts[p].place);
            if (!all)
                continue;
            if (given++ % 5 == 4) /* by a leap to the very place */
                assert_int_equal(dk_post_join_seek(join, m.posts[p].place, &place, &found, &f->err), DK_OK);
            else
                assert_int_equal(dk_post_join_next(join, &place, &found, &f->err), DK_OK);
            assert_true(found);
            assert_int_equal(dk_place_compare(place, m.posts[p].place), 0);
        }
        for (int again = 0; again < 2; again++) {
            assert_int_equal(dk_post_join_next(join, &place, &found, &f->err), DK_OK);
            assert_false(found);
        }
        dk_post_join_free(join);
    }
}

static void rows_that_go_take_their_posts_along(void **state)
{
    fixture *f = *state;
    model m = {.seed = 11};
    fill(f, &m);
    const int64_t ranges[][2] = {{1, 1}, {40, 900}, {4000, 60000}, {2000, INT64_MAX}};
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
        assert_int_equal(dk_posts_drop(f->store, f->catalogue->kinds, ranges[r][0], ranges[r][1], &f->err), DK_OK);
        size_t kept = 0;
        for (size_t i = 0; i < m.n; i++) {
            const int64_t row = dk_place_row(m.posts[i].place);
            if (row < ranges[r][0] || row > ranges[r][1])
                m.posts[kept++] = m.posts[i];
        }
        assert_true(kept < m.n || r == 0);
        m.n = kept;
        assert_reads(f, &m);
    }
    int64_t rows[50]; /* single ones, some of them twice */
    size_t n = 0, kept = 0;
    for (size_t i = m.n; i-- > 0 && n < 50;)
        if (i % 3 == 0)
            rows[n++] = dk_place_row(m.posts[i].place);
    assert_int_equal(dk_posts_drop_rows(f->store, f->catalogue->kinds, rows, 0, &f->err), DK_OK);
    assert_reads(f, &m);
    assert_int_equal(dk_posts_drop_rows(f->store, f->catalogue->kinds, rows, n, &f->err), DK_OK);
    for (size_t i = 0; i < m.n; i++) {
        bool gone = false;
        for (size_t k = 0; k < n; k++)
            gone = gone || rows[k] == dk_place_row(m.posts[i].place);
        if (!gone)
            m.posts[kept++] = m.posts[i];
    }
    assert_true(n > 0 && kept > 0 && kept < m.n);
    m.n = kept;
    assert_reads(f, &m);
    dk_post again[300]; /* into what has been thinned */
    for (size_t i = 0; i < 300; i++)
        again[i] = any_post(&m);
    write_posts(f, &m, again, 300, INT64_MAX);
    assert_reads(f, &m);
}

typedef struct post_findings {
    size_t missing, damaged;
    int64_t row;
} post_findings;

static void count_finding(int64_t row, void *user)
{
    post_findings *found = user;
    if (row == 0)
        found->damaged++;
    else
        found->missing++;
    found->row = row;
}

static void posts_of_no_row_and_damaged_blocks_are_found(void **state)
{
    fixture *f = *state;
    const dk_kind *kind = f->catalogue->kinds;
    model m = {.seed = 13};
    post_findings found = {0};
    uint64_t sum;
    dk_post post[] = {{1, {77, 0}}};
    write_posts(f, &m, post, 1, 1);
    assert_int_equal(dk_posts_verify(f->store, kind, INT64_MAX, count_finding, &found, &sum, &f->err), DK_OK);
    assert_int_equal(found.missing, 1);
    assert_int_equal(found.row, 77);

    static const char *const damage[] = {
        "x'ff'",                     /* a varint that does not end */
        "x'0000'",                   /* the same place twice */
        "x'0001'",                   /* a moved row that is not said */
        "x'0100'",                   /* a row that moved by nothing */
        "x'00feffffffffffffffff01'", /* a feature beyond all numbers */
        "x'01ffffffffffffffffff01'", /* a row beyond all numbers */
    };
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "UPDATE post_parcel SET data=%s", damage[i]);
        assert_int_equal(dk_sql_run(f->store, sql, &f->err), DK_OK);
        dk_place place;
        size_t n = 1;
        assert_int_equal(dk_post_seek(f->store, kind, 1, (dk_place){0}, &place, 1, &n, &f->err), DK_CORRUPT);
        assert_int_equal(n, 0);
        assert_non_null(strstr(f->err.text, "reindex"));
        found = (post_findings){0};
        assert_int_equal(dk_posts_verify(f->store, kind, INT64_MAX, count_finding, &found, &sum, &f->err), DK_OK);
        assert_int_equal(found.damaged, 1);
    }
    assert_int_equal(dk_sql_run(f->store, "UPDATE post_parcel SET first=-5", &f->err), DK_OK);
    found = (post_findings){0};
    assert_int_equal(dk_posts_verify(f->store, kind, INT64_MAX, count_finding, &found, &sum, &f->err), DK_OK);
    assert_int_equal(found.damaged, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_in_any_order_is_read_from_anywhere, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(places_that_all_terms_have, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_that_go_take_their_posts_along, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(posts_of_no_row_and_damaged_blocks_are_found, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
