/* Generalisation: what both sides of a border get, compared with each other, with brute force, and with GEOS. */
#include "store/topology.h"
#include "store/topology_match.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t random_state = 7;

static double random_unit(void)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static void ring_of(dk_outline *outline, const uint32_t *xy, size_t n)
{
    dk_outline_clear(outline);
    outline->kind = DK_POLYGONS;
    assert_true(dk_outline_reserve(outline, n));
    for (size_t i = 0; i < n; i++)
        dk_outline_put(outline, xy[2 * i], xy[2 * i + 1], 0);
    dk_outline_close(outline, 0, false);
}

/* The zoom of a position in an outline, -1: it is not there. */
static int zoom_at(const dk_outline *outline, uint32_t x, uint32_t y)
{
    for (size_t i = 0; i < outline->n_points; i++)
        if (outline->xy[2 * i] == x && outline->xy[2 * i + 1] == y)
            return outline->zoom[i];
    return -1;
}

enum { ORIGIN = 1000000000 };

static void a_position_on_the_neighbours_edge_becomes_a_vertex_of_it(void **state)
{
    (void)state;
    const uint32_t o = ORIGIN;
    /* The right one has a vertex in the middle of the common border, a unit off it, and corners a unit off. */
    const uint32_t left[] = {o, o, o + 10000, o, o + 10000, o + 10000, o, o + 10000};
    const uint32_t right[] = {o + 10001, o + 1,     o + 20000, o,         o + 20000,
                              o + 10000, o + 10000, o + 10001, o + 10001, o + 5000};
    dk_topology *t = dk_topology_create();
    dk_outline a, b, source;
    dk_outline_init(&a);
    dk_outline_init(&b);
    dk_outline_init(&source);
    size_t first, second;
    ring_of(&source, left, 4);
    assert_int_equal(dk_topology_add(t, &source, true, &first), DK_OK);
    ring_of(&source, right, 5);
    assert_int_equal(dk_topology_add(t, &source, true, &second), DK_OK);
    assert_int_equal(dk_topology_build(t), DK_OK);
    assert_int_equal(dk_topology_get(t, first, &a), DK_OK);
    assert_int_equal(dk_topology_get(t, second, &b), DK_OK);
    assert_int_equal(a.n_points, 5);
    assert_int_equal(b.n_points, 5);
    /* Corners of the lower (x, y) win; both have them as nodes. */
    assert_int_equal(zoom_at(&a, o + 10000, o), 0);
    assert_int_equal(zoom_at(&b, o + 10000, o), 0);
    assert_int_equal(zoom_at(&a, o + 10000, o + 10000), 0);
    assert_int_equal(zoom_at(&b, o + 10000, o + 10000), 0);
    assert_true(zoom_at(&a, o + 10001, o + 5000) >= 19);
    assert_int_equal(zoom_at(&a, o + 10001, o + 5000), zoom_at(&b, o + 10001, o + 5000));
    dk_topology_free(t);
    dk_outline_finish(&a);
    dk_outline_finish(&b);
    dk_outline_finish(&source);
}

/* A coverage of n x n cells with wiggly borders; a third of the cells have additional vertices, and noise of a unit. */
enum { N = 8, STEP = 40000, MOST = 400 };

typedef struct cell {
    uint32_t xy[2 * MOST];
    size_t n;
} cell;

static uint64_t mix(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t h = a * UINT64_C(0x9E3779B97F4A7C15) ^ b * UINT64_C(0xD6E8FEB86659FD93) ^ c * UINT64_C(0xA0761D6478BD642F);
    h ^= h >> 29;
    h *= UINT64_C(0xBF58476D1CE4E5B9);
    return h ^ h >> 32;
}

static double unit_of(uint64_t h)
{
    return (double)(h >> 11) / 9007199254740992.0 - 0.5;
}

static void corner(int i, int j, double *x, double *y)
{
    *x = ORIGIN + i * STEP + unit_of(mix((uint64_t)i, (uint64_t)j, 1)) * STEP * 0.4;
    *y = ORIGIN + j * STEP + unit_of(mix((uint64_t)i, (uint64_t)j, 2)) * STEP * 0.4;
}

/* From corner to corner, the last left out; backward walks the same positions. */
static void border(cell *c, int i0, int j0, int i1, int j1, bool backward, bool extra, bool noisy)
{
    double ax, ay, bx, by;
    corner(i0, j0, &ax, &ay);
    corner(i1, j1, &bx, &by);
    const int n = 12;
    double xy[80][2];
    int m = 0;
    for (int k = 0; k <= n; k++) {
        const double t = (double)k / n,
                     off = unit_of(mix((uint64_t)(i0 * 64 + j0), (uint64_t)(i1 * 64 + j1), (uint64_t)k)) * 0.4 * t *
                           (1 - t);
        const double x = ax + (bx - ax) * t - (by - ay) * off, y = ay + (by - ay) * t + (bx - ax) * off;
        if (extra && k > 0 && k % 3 == 0) {
            xy[m][0] = (xy[m - 1][0] + x) / 2;
            xy[m][1] = (xy[m - 1][1] + y) / 2;
            m++;
        }
        xy[m][0] = x;
        xy[m][1] = y;
        m++;
    }
    for (int k = 0; k < m - 1; k++) {
        const int at = backward ? m - 1 - k : k;
        c->xy[2 * c->n] = (uint32_t)floor(xy[at][0] + 0.5) + (noisy ? (uint32_t)(at * 7 + i0) % 2 : 0);
        c->xy[2 * c->n + 1] = (uint32_t)floor(xy[at][1] + 0.5) + (noisy ? (uint32_t)(at * 5 + j0) % 2 : 0);
        c->n++;
    }
}

static void make_cell(cell *c, int i, int j)
{
    const bool odd = (i + 2 * j) % 3 == 0;
    c->n = 0;
    border(c, i, j, i + 1, j, false, odd, odd);
    border(c, i + 1, j, i + 1, j + 1, false, odd, odd);
    border(c, i, j + 1, i + 1, j + 1, true, odd, odd);
    border(c, i, j, i, j + 1, true, odd, odd);
}

/* Starts the ring at its lowest position and turns it one way, so that results can be compared. */
static void normalise(dk_outline *o)
{
    size_t low = 0;
    double area = 0;
    const size_t n = o->n_points;
    for (size_t i = 0; i < n; i++) {
        const size_t k = (i + 1) % n;
        area += (double)o->xy[2 * i] * o->xy[2 * k + 1] - (double)o->xy[2 * k] * o->xy[2 * i + 1];
        if (o->xy[2 * i] < o->xy[2 * low] || (o->xy[2 * i] == o->xy[2 * low] && o->xy[2 * i + 1] < o->xy[2 * low + 1]))
            low = i;
    }
    uint32_t *xy = malloc(n * 8);
    uint8_t *zoom = malloc(n);
    for (size_t i = 0; i < n; i++) {
        const size_t from = area > 0 ? (low + i) % n : (low + n - i) % n;
        memcpy(xy + 2 * i, o->xy + 2 * from, 8);
        zoom[i] = o->zoom[from];
    }
    memcpy(o->xy, xy, n * 8);
    memcpy(o->zoom, zoom, n);
    free(xy);
    free(zoom);
}

static void assert_same(dk_outline *a, dk_outline *b)
{
    normalise(a);
    normalise(b);
    assert_int_equal(a->n_points, b->n_points);
    assert_memory_equal(a->xy, b->xy, a->n_points * 8);
    assert_memory_equal(a->zoom, b->zoom, a->n_points);
}

static void add_cell(dk_topology *t, const cell *c, dk_outline *source, bool wanted, bool turned, size_t start,
                     size_t *ret_index)
{
    uint32_t xy[2 * MOST];
    for (size_t i = 0; i < c->n; i++) {
        const size_t from = turned ? (start + c->n - i) % c->n : (start + i) % c->n;
        memcpy(xy + 2 * i, c->xy + 2 * from, 8);
    }
    ring_of(source, xy, c->n);
    assert_int_equal(dk_topology_add(t, source, wanted, ret_index), DK_OK);
}

static void the_result_depends_on_neighbours_only_and_not_on_order_direction_or_start(void **state)
{
    (void)state;
    static cell cells[N][N];
    dk_topology *whole = dk_topology_create(), *again = dk_topology_create(), *local = dk_topology_create();
    dk_outline a, b, source;
    dk_outline_init(&a);
    dk_outline_init(&b);
    dk_outline_init(&source);
    size_t at[N][N], other[N][N];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            make_cell(&cells[i][j], i, j);
            add_cell(whole, &cells[i][j], &source, true, false, 0, &at[i][j]);
        }
    for (int i = N - 1; i >= 0; i--)
        for (int j = 0; j < N; j++)
            add_cell(again, &cells[i][j], &source, true, (i + j) % 2 == 0, (size_t)(i * 5 + j * 3), &other[i][j]);
    assert_int_equal(dk_topology_build(whole), DK_OK);
    assert_int_equal(dk_topology_build(again), DK_OK);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            assert_int_equal(dk_topology_get(whole, at[i][j], &a), DK_OK);
            assert_int_equal(dk_topology_get(again, other[i][j], &b), DK_OK);
            assert_same(&a, &b);
            /* With its neighbours alone, of which nothing is wanted. */
            size_t mine = 0, ignored;
            dk_topology_clear(local);
            for (int di = -1; di <= 1; di++)
                for (int dj = -1; dj <= 1; dj++)
                    if (i + di >= 0 && i + di < N && j + dj >= 0 && j + dj < N)
                        add_cell(local, &cells[i + di][j + dj], &source, di == 0 && dj == 0, dj == 1, 4,
                                 di == 0 && dj == 0 ? &mine : &ignored);
            assert_int_equal(dk_topology_build(local), DK_OK);
            assert_int_equal(dk_topology_get(local, mine, &b), DK_OK);
            assert_same(&a, &b);
        }
    dk_topology_free(whole);
    dk_topology_free(again);
    dk_topology_free(local);
    dk_outline_finish(&a);
    dk_outline_finish(&b);
    dk_outline_finish(&source);
}

/* Whether an undirected edge of one filtered ring is an edge of another. */
static bool has_edge(const dk_outline *o, int zoom, const uint32_t *p, const uint32_t *q)
{
    const uint32_t *last = NULL, *first = NULL;
    for (size_t i = 0; i <= o->n_points; i++) {
        const uint32_t *at = i < o->n_points ? o->xy + 2 * i : first;
        if (i < o->n_points && o->zoom[i] > zoom)
            continue;
        if (first == NULL)
            first = at;
        if (last != NULL && at != NULL &&
            ((memcmp(last, p, 8) == 0 && memcmp(at, q, 8) == 0) || (memcmp(last, q, 8) == 0 && memcmp(at, p, 8) == 0)))
            return true;
        last = at;
    }
    return false;
}

static void at_every_zoom_every_inner_edge_is_the_edge_of_two(void **state)
{
    (void)state;
    static cell cells[N][N];
    static dk_outline out[N][N];
    dk_outline source;
    dk_outline_init(&source);
    dk_topology *t = dk_topology_create();
    size_t at[N][N];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            make_cell(&cells[i][j], i, j);
            add_cell(t, &cells[i][j], &source, true, (i + j) % 2, (size_t)i, &at[i][j]);
        }
    assert_int_equal(dk_topology_build(t), DK_OK);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            assert_int_equal(dk_topology_get(t, at[i][j], &out[i][j]), DK_OK);
    size_t edges = 0;
    for (int zoom = 4; zoom <= 20; zoom++)
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++) {
                const dk_outline *o = &out[i][j];
                const uint32_t *last = NULL, *first = NULL;
                for (size_t k = 0; k <= o->n_points; k++) {
                    if (k < o->n_points && o->zoom[k] > zoom)
                        continue;
                    const uint32_t *p = k < o->n_points ? o->xy + 2 * k : first;
                    first = first == NULL ? p : first;
                    if (last != NULL && memcmp(last, p, 8) != 0) {
                        int n = 0;
                        for (int di = -1; di <= 1; di++)
                            for (int dj = -1; dj <= 1; dj++)
                                n += (di != 0 || dj != 0) && has_edge(&out[i + di][j + dj], zoom, last, p);
                        assert_int_equal(n, 1);
                        edges++;
                    }
                    last = p;
                }
            }
    assert_true(edges > 5000);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            dk_outline_finish(&out[i][j]);
    dk_outline_finish(&source);
    dk_topology_free(t);
}

static double distance(const uint32_t *p, const uint32_t *a, const uint32_t *b)
{
    const double dx = (double)b[0] - a[0], dy = (double)b[1] - a[1], x = (double)p[0] - a[0], y = (double)p[1] - a[1];
    const double length2 = dx * dx + dy * dy;
    const double t = length2 > 0 ? fmin(fmax((x * dx + y * dy) / length2, 0), 1) : 0;
    return hypot(x - t * dx, y - t * dy);
}

static void what_is_left_out_lies_within_the_tolerance_of_what_is_kept(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        uint32_t xy[2 * 300];
        const size_t n = 20 + (size_t)(random_unit() * 280);
        for (size_t i = 0; i < n; i++) {
            const double a = (double)i / (double)n * 6.283185307,
                         r = 2e5 * (1 + 0.3 * sin(5 * a)) * (1 + 0.02 * random_unit());
            xy[2 * i] = (uint32_t)(ORIGIN + r * cos(a));
            xy[2 * i + 1] = (uint32_t)(ORIGIN + r * sin(a));
        }
        dk_topology *t = dk_topology_create();
        dk_outline source, o;
        dk_outline_init(&source);
        dk_outline_init(&o);
        size_t index;
        ring_of(&source, xy, n);
        assert_int_equal(dk_topology_add(t, &source, true, &index), DK_OK);
        assert_int_equal(dk_topology_build(t), DK_OK);
        assert_int_equal(dk_topology_get(t, index, &o), DK_OK);
        size_t before = 0;
        for (int zoom = 0; zoom <= 20; zoom++) {
            const double tolerance = DK_TOLERANCE * ldexp(1, 20 - zoom);
            size_t kept[300], m = 0;
            for (size_t i = 0; i < o.n_points; i++)
                if (o.zoom[i] <= zoom)
                    kept[m++] = i;
            assert_true(m >= 2 && m >= before);
            before = m;
            for (size_t k = 0; k < m; k++) {
                const size_t from = kept[k], to = kept[(k + 1) % m] + (k + 1 == m ? o.n_points : 0);
                for (size_t i = from + 1; i < to; i++)
                    assert_true(distance(o.xy + 2 * (i % o.n_points), o.xy + 2 * from, o.xy + 2 * (to % o.n_points)) <=
                                tolerance * (1 + 1e-9));
            }
        }
        assert_int_equal(before, o.n_points);
        dk_topology_free(t);
        dk_outline_finish(&source);
        dk_outline_finish(&o);
    }
}

static void degenerate_rings_come_back(void **state)
{
    (void)state;
    const uint32_t o = ORIGIN;
    const uint32_t dot[] = {o, o, o + 1, o, o + 1, o + 1};        /* all within the matching distance */
    const uint32_t line[] = {o, o, o + 9000, o, o + 4000, o + 1}; /* folds back onto itself */
    const uint32_t eight[] = {o, o, o + 5000, o + 5000, o + 5000, o, o, o + 5000};
    const uint32_t *rings[] = {dot, line, eight, dot};
    const size_t counts[] = {3, 3, 4, 1};
    dk_topology *t = dk_topology_create();
    dk_outline source, out;
    dk_outline_init(&source);
    dk_outline_init(&out);
    for (int together = 0; together < 2; together++) {
        size_t index[4];
        for (size_t i = 0; i < 4; i++) {
            if (!together)
                dk_topology_clear(t);
            ring_of(&source, rings[i], counts[i]);
            assert_int_equal(dk_topology_add(t, &source, true, &index[i]), DK_OK);
            assert_int_equal(dk_topology_build(t), DK_OK);
            assert_int_equal(dk_topology_get(t, index[i], &out), DK_OK);
            assert_int_equal(out.n_parts, 1);
            assert_true(out.n_points >= 1 && out.n_points <= 8);
        }
    }
    assert_int_equal(dk_topology_get(t, 99, &out), DK_INVALID);
    dk_topology_free(t);
    dk_outline_finish(&source);
    dk_outline_finish(&out);
}

static void an_edge_across_the_world_finds_what_lies_on_it(void **state)
{
    (void)state;
    const uint32_t wide[] = {10, 10, UINT32_MAX - 10, 11, UINT32_MAX / 2, 4000000000u};
    const uint32_t small[] = {ORIGIN, 10, ORIGIN + 3000, 10, ORIGIN + 3000, 4};
    dk_topology *t = dk_topology_create();
    dk_outline source, out;
    dk_outline_init(&source);
    dk_outline_init(&out);
    size_t first, second;
    ring_of(&source, wide, 3);
    assert_int_equal(dk_topology_add(t, &source, true, &first), DK_OK);
    ring_of(&source, small, 3);
    assert_int_equal(dk_topology_add(t, &source, false, &second), DK_OK);
    assert_int_equal(dk_topology_build(t), DK_OK);
    assert_int_equal(dk_topology_get(t, first, &out), DK_OK);
    assert_int_equal(out.n_points, 5);
    assert_int_equal(zoom_at(&out, ORIGIN, 10), 0);
    assert_int_equal(zoom_at(&out, ORIGIN + 3000, 10), 0);
    assert_int_equal(dk_topology_get(t, second, &out), DK_INVALID);
    dk_topology_free(t);
    dk_outline_finish(&source);
    dk_outline_finish(&out);
}

/* Whether a position lies on the edge from a to b, in whole numbers. */
static bool lies_on(const uint32_t *p, const uint32_t *a, const uint32_t *b)
{
    const __int128 dx = (int64_t)b[0] - a[0], dy = (int64_t)b[1] - a[1], x = (int64_t)p[0] - a[0],
                   y = (int64_t)p[1] - a[1];
    const __int128 along = x * dx + y * dy, across = x * dy - y * dx, length2 = dx * dx + dy * dy;
    return along > 0 && along < length2 && across * across <= DK_MATCH_UNITS * DK_MATCH_UNITS * length2;
}

static void edges_of_any_length_among_thousands_of_vertices_find_what_lies_on_them(void **state)
{
    (void)state;
    enum { ENDS = 60, OTHERS = 3000, EXTENT = 200000000 };
    dk_matching m = {0};
    uint32_t ends[ENDS][2], vertex, a, b;
    size_t found = 0;
    for (size_t i = 0; i < ENDS; i++) {
        const double reach = i % 3 == 0 ? EXTENT : i % 3 == 1 ? 3000000 : 20000;
        for (size_t k = 0; k < 2; k++)
            ends[i][k] = ORIGIN + (uint32_t)(reach * random_unit());
        if (i % 10 == 9)
            ends[i][1] = ends[i - 3][1]; /* level */
        assert_true(dk_matching_vertex(&m, ends[i][0], ends[i][1], &vertex));
    }
    for (size_t i = 0; i < OTHERS; i++) {
        const uint32_t *p = ends[(size_t)(random_unit() * ENDS)], *q = ends[(size_t)(random_unit() * ENDS)];
        const double t = random_unit();
        const double x = p[0] + t * ((double)q[0] - p[0]) + 8 * random_unit() - 4,
                     y = p[1] + t * ((double)q[1] - p[1]) + 8 * random_unit() - 4;
        assert_true(dk_matching_vertex(&m, (uint32_t)x, (uint32_t)y, &vertex));
    }
    assert_true(dk_matching_build(&m));
    for (size_t i = 0; i < ENDS; i++)
        for (size_t k = 0; k < i; k++) {
            const uint32_t *on;
            size_t n, expected = 0;
            assert_true(dk_matching_vertex(&m, ends[i][0], ends[i][1], &a));
            assert_true(dk_matching_vertex(&m, ends[k][0], ends[k][1], &b));
            a = dk_matched(&m, a);
            b = dk_matched(&m, b);
            if (a == b)
                continue;
            for (uint32_t v = 0; v < m.n; v++)
                expected += dk_matched(&m, v) == v && v != a && v != b &&
                            lies_on(m.xy + 2 * (size_t)v, m.xy + 2 * (size_t)a, m.xy + 2 * (size_t)b);
            assert_true(dk_matching_on_edge(&m, a, b, &on, &n));
            assert_int_equal(n, expected);
            for (size_t h = 0; h < n; h++)
                assert_true(lies_on(m.xy + 2 * (size_t)on[h], m.xy + 2 * (size_t)a, m.xy + 2 * (size_t)b));
            found += n;
        }
    assert_true(found > OTHERS / 4);
    dk_matching_finish(&m);
}

/* A border from (0, 0) to (10000, 0) that bulges, a position a unit of its way and more: what digitising by a stream
 * gives. */
static size_t fine_border(uint32_t *xy, size_t n, double step, bool backward)
{
    const size_t count = (size_t)(10000 / step) + 1;
    for (size_t k = 0; k < count; k++) {
        const size_t i = backward ? count - 1 - k : k;
        xy[2 * (n + k)] = ORIGIN + (uint32_t)lround((double)i * step);
        xy[2 * (n + k) + 1] = ORIGIN + (uint32_t)lround(800 * sin((double)i * step / 10000 * acos(-1.0)));
    }
    return n + count;
}

static double area_at(const dk_outline *outline)
{
    double sum = 0;
    for (size_t i = 0; i < outline->n_points; i++) {
        const uint32_t *p = outline->xy + 2 * i, *q = outline->xy + 2 * ((i + 1) % outline->n_points);
        sum += ((double)p[0] - ORIGIN) * ((double)q[1] - ORIGIN) - ((double)q[0] - ORIGIN) * ((double)p[1] - ORIGIN);
    }
    return fabs(sum) / 2;
}

/* Positions nearer to each other than those that are matched, thousands in a row, must not become one. */
static void a_border_of_many_positions_in_a_row_keeps_its_shape_on_both_sides(void **state)
{
    (void)state;
    static uint32_t north[2 * 12000], south[2 * 12000];
    static const double steps[] = {1, 1.3, 2, 2.4, 5};
    dk_topology *t = dk_topology_create();
    dk_outline source, a, b;
    dk_outline_init(&source);
    dk_outline_init(&a);
    dk_outline_init(&b);
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        size_t first, second;
        size_t n = fine_border(north, 0, steps[s], false);
        const uint32_t above[] = {ORIGIN + 10000, ORIGIN + 9000, ORIGIN, ORIGIN + 9000};
        memcpy(north + 2 * n, above, sizeof above);
        size_t m = fine_border(south, 0, steps[s], true);
        const uint32_t below[] = {ORIGIN, ORIGIN - 9000, ORIGIN + 10000, ORIGIN - 9000};
        memcpy(south + 2 * m, below, sizeof below);
        dk_topology_clear(t);
        ring_of(&source, north, n + 2);
        const double area = area_at(&source);
        assert_int_equal(dk_topology_add(t, &source, true, &first), DK_OK);
        ring_of(&source, south, m + 2);
        assert_int_equal(dk_topology_add(t, &source, true, &second), DK_OK);
        assert_int_equal(dk_topology_build(t), DK_OK);
        assert_int_equal(dk_topology_get(t, first, &a), DK_OK);
        assert_int_equal(dk_topology_get(t, second, &b), DK_OK);
        assert_true(fabs(area_at(&a) - area) < 2.0 * 12000); /* its length by the way that a position may move */
        /* What the one has of the border has the other, at the same zooms, and each lies where one was before. */
        size_t shared = 0;
        for (size_t i = 0; i < a.n_points; i++) {
            const uint32_t x = a.xy[2 * i], y = a.xy[2 * i + 1];
            if (y > ORIGIN + 8000)
                continue;
            shared++;
            assert_int_equal(zoom_at(&b, x, y), a.zoom[i]);
            bool was = false;
            for (size_t k = 0; k < n && !was; k++)
                was = north[2 * k] == x && north[2 * k + 1] == y;
            assert_true(was);
        }
        assert_int_equal(b.n_points, shared + 2);
        assert_true(shared > 10000 / 7.0 || steps[s] > 4.9);
    }
    dk_topology_free(t);
    dk_outline_finish(&source);
    dk_outline_finish(&a);
    dk_outline_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_border_of_many_positions_in_a_row_keeps_its_shape_on_both_sides),
        cmocka_unit_test(a_position_on_the_neighbours_edge_becomes_a_vertex_of_it),
        cmocka_unit_test(the_result_depends_on_neighbours_only_and_not_on_order_direction_or_start),
        cmocka_unit_test(at_every_zoom_every_inner_edge_is_the_edge_of_two),
        cmocka_unit_test(what_is_left_out_lies_within_the_tolerance_of_what_is_kept),
        cmocka_unit_test(degenerate_rings_come_back),
        cmocka_unit_test(an_edge_across_the_world_finds_what_lies_on_it),
        cmocka_unit_test(edges_of_any_length_among_thousands_of_vertices_find_what_lies_on_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
