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

/* The first zoom at which a distance in world units is more than half a unit of a tile, of which 2^(20-z) are one. */
static int shown_from(double distance)
{
    int zoom = 0;
    while (zoom < 20 && !(distance > DK_TOLERANCE * ldexp(1, 20 - zoom)))
        zoom++;
    return zoom;
}

static void line_of(dk_outline *outline, const uint32_t *xy, size_t n)
{
    ring_of(outline, xy, n);
    outline->kind = DK_LINES;
}

/* One outline is wanted, and lies on one side of a larger one: beyond its border by as much as is still matched. Where
 * its corners lie on that border three borders meet, and they are always kept. */
static void corners_on_the_border_of_one_that_is_not_wanted_are_kept(void **state)
{
    (void)state;
    const uint32_t o = ORIGIN, side = 100, far = 5000, off = DK_MATCH_UNITS;
    const uint32_t square[] = {o, o, o + side, o, o + side, o + side, o, o + side};
    const uint32_t others[4][8] = {
        {o - far, o - far, o - off, o - far, o - off, o + far, o - far, o + far},               /* west */
        {o + side + off, o - far, o + far, o - far, o + far, o + far, o + side + off, o + far}, /* east */
        {o - far, o - far, o + far, o - far, o + far, o - off, o - far, o - off},               /* north */
        {o - far, o + side + off, o + far, o + side + off, o + far, o + far, o - far, o + far}, /* south */
    };
    static const size_t on[4][2] = {{0, 3}, {1, 2}, {0, 1}, {3, 2}};
    dk_topology *t = dk_topology_create();
    dk_outline source, out;
    dk_outline_init(&source);
    dk_outline_init(&out);
    for (size_t i = 0; i < 5; i++) { /* the last by itself: the lowest corner and the one farthest from it stay */
        size_t mine, ignored;
        dk_topology_clear(t);
        ring_of(&source, square, 4);
        assert_int_equal(dk_topology_add(t, &source, true, &mine), DK_OK);
        if (i < 4) {
            ring_of(&source, others[i], 4);
            assert_int_equal(dk_topology_add(t, &source, false, &ignored), DK_OK);
        }
        assert_int_equal(dk_topology_build(t), DK_OK);
        assert_int_equal(dk_topology_get(t, mine, &out), DK_OK);
        assert_int_equal(out.n_points, 4);
        for (size_t k = 0; k < 4; k++) {
            const bool node = i < 4 ? k == on[i][0] || k == on[i][1] : k == 0 || k == 2;
            const int zoom = zoom_at(&out, square[2 * k], square[2 * k + 1]);
            assert_true(node ? zoom == 0 : zoom > 0);
        }
    }
    dk_topology_free(t);
    dk_outline_finish(&source);
    dk_outline_finish(&out);
}

static void a_line_keeps_its_ends_and_where_others_meet_it(void **state)
{
    (void)state;
    const uint32_t o = ORIGIN;
    /* A bend 8 units off the straight way to where a lane ends on the road, beyond that one of 65; what ends on the way
     * back from its end to its beginning, which a line has not, does not meet it. */
    const uint32_t road[] = {o, o, o + 1000, o + 8, o + 3000, o, o + 4000, o + 65, o + 5000, o};
    const uint32_t lane[] = {o + 2000, o + 7000, o + 2000, o + 4};
    const uint32_t apart[] = {o + 2000, o, o + 2000, o - 900};
    dk_topology *t = dk_topology_create();
    dk_outline source, out;
    dk_outline_init(&source);
    dk_outline_init(&out);
    size_t first, second, third;
    line_of(&source, road, 5);
    assert_int_equal(dk_topology_add(t, &source, true, &first), DK_OK);
    line_of(&source, lane, 2);
    assert_int_equal(dk_topology_add(t, &source, true, &second), DK_OK);
    line_of(&source, apart, 2);
    assert_int_equal(dk_topology_add(t, &source, true, &third), DK_OK);
    assert_int_equal(dk_topology_build(t), DK_OK);
    assert_int_equal(dk_topology_get(t, first, &out), DK_OK);
    const uint32_t expected[] = {o, o, o + 1000, o + 8, o + 2000, o + 4, o + 3000, o, o + 4000, o + 65, o + 5000, o};
    /* 6.0 off the edge from the beginning to the lane; 63.7 off that from there to the end; 34.5 off that to the bend.
     */
    const int zooms[] = {0, shown_from(6), 0, shown_from(34.5), shown_from(63.7), 0};
    assert_int_equal(out.kind, DK_LINES);
    assert_int_equal(out.n_parts, 1);
    assert_int_equal(out.n_points, 6);
    assert_memory_equal(out.xy, expected, sizeof expected);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(out.zoom[i], zooms[i]);
    assert_int_equal(dk_topology_get(t, second, &out), DK_OK);
    assert_int_equal(out.n_points, 2);
    assert_memory_equal(out.xy, lane, sizeof lane);
    assert_memory_equal(out.zoom, "\0\0", 2);
    assert_int_equal(dk_topology_get(t, third, &out), DK_OK);
    assert_int_equal(out.n_points, 2);
    assert_memory_equal(out.xy, apart, sizeof apart);
    dk_topology_free(t);
    dk_outline_finish(&source);
    dk_outline_finish(&out);
}

/* Of lines of three vertices, the middle one between the ends or beyond one of them; along x and along y. */
static void a_vertex_is_kept_from_the_zoom_on_at_which_it_lies_off_by_more_than_half_a_unit(void **state)
{
    (void)state;
    static const struct {
        int along, across;
        double distance; /* from the way from (0, 0) to (1000, 0) */
    } cases[] = {
        {500, 3, 3},    {500, 4, 4},        {500, 5, 5},       {500, -8, 8},     {500, -9, 9},      {500, 16, 16},
        {500, 64, 64},  {500, 65, 65},      {500, 1024, 1024}, {-300, 400, 500}, {1300, -400, 500}, {-60, 11, 61},
        {1060, 11, 61}, {-960, -40, 960.8}, {1960, 40, 960.8}, {1003, 400, 400}, {-3, -400, 400},
    };
    dk_topology *t = dk_topology_create();
    dk_outline source, out;
    dk_outline_init(&source);
    dk_outline_init(&out);
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        const size_t x = i % 2, y = 1 - x;
        uint32_t line[] = {ORIGIN, ORIGIN, ORIGIN, ORIGIN, ORIGIN, ORIGIN};
        size_t index;
        line[2 + x] += (uint32_t)cases[i / 2].along;
        line[2 + y] += (uint32_t)cases[i / 2].across;
        line[4 + x] += 1000;
        dk_topology_clear(t);
        line_of(&source, line, 3);
        assert_int_equal(dk_topology_add(t, &source, true, &index), DK_OK);
        assert_int_equal(dk_topology_build(t), DK_OK);
        assert_int_equal(dk_topology_get(t, index, &out), DK_OK);
        assert_int_equal(out.n_points, 3);
        assert_int_equal(out.zoom[1], shown_from(cases[i / 2].distance));
    }
    dk_topology_free(t);
    dk_outline_finish(&source);
    dk_outline_finish(&out);
}

/* Of two vertices of a border that lie equally far off, the one nearer to the border's lower end comes first, whichever
 * way a ring is walked: here to the border's ends, of the same x, the lower of which has the lower y. */
static void of_equals_both_sides_keep_the_same(void **state)
{
    (void)state;
    const uint32_t o = ORIGIN;
    const uint32_t west[] = {o, o, o + 8, o + 100, o + 8, o + 200, o, o + 300, o - 400, o + 300, o - 400, o};
    const uint32_t east[] = {o, o, o + 8, o + 100, o + 8, o + 200, o, o + 300, o + 400, o + 300, o + 400, o};
    dk_topology *t = dk_topology_create();
    dk_outline source, out;
    dk_outline_init(&source);
    dk_outline_init(&out);
    for (int turned = 0; turned < 4; turned++) {
        size_t index[2];
        dk_topology_clear(t);
        for (size_t i = 0; i < 2; i++) {
            uint32_t xy[12];
            for (size_t k = 0; k < 6; k++)
                memcpy(xy + 2 * k, (i == 0 ? west : east) + 2 * (turned >> i & 1 ? 5 - k : k), 8);
            ring_of(&source, xy, 6);
            assert_int_equal(dk_topology_add(t, &source, true, &index[i]), DK_OK);
        }
        assert_int_equal(dk_topology_build(t), DK_OK);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(dk_topology_get(t, index[i], &out), DK_OK);
            assert_int_equal(zoom_at(&out, o, o), 0);
            assert_int_equal(zoom_at(&out, o, o + 300), 0);
            assert_int_equal(zoom_at(&out, o + 8, o + 100), shown_from(8));
            assert_int_equal(zoom_at(&out, o + 8, o + 200), shown_from(3.99)); /* off the rest, which is 200 long */
        }
    }
    /* Two corners of a ring lie 500 from its lowest: the lower one of them stays, and the other is 400 off. */
    const uint32_t triangle[] = {o, o, o + 500, o, o + 300, o + 400, o, o};
    for (size_t turned = 0; turned < 2; turned++) {
        size_t index;
        dk_topology_clear(t);
        ring_of(&source, triangle, 3);
        for (size_t k = 0; turned && k < 3; k++)
            memcpy(source.xy + 2 * k, triangle + 2 * (3 - k), 8);
        assert_int_equal(dk_topology_add(t, &source, true, &index), DK_OK);
        assert_int_equal(dk_topology_build(t), DK_OK);
        assert_int_equal(dk_topology_get(t, index, &out), DK_OK);
        assert_int_equal(zoom_at(&out, o, o), 0);
        assert_int_equal(zoom_at(&out, o + 300, o + 400), 0);
        assert_int_equal(zoom_at(&out, o + 500, o), shown_from(400));
    }
    dk_topology_free(t);
    dk_outline_finish(&source);
    dk_outline_finish(&out);
}

static void parts_and_holes_keep_their_order_and_a_ring_does_not_end_where_it_began(void **state)
{
    (void)state;
    const uint32_t o = ORIGIN;
    /* A square with a hole, and a square beside it, each with its last position a unit beside its first. */
    const uint32_t rings[3][10] = {
        {o, o, o + 9000, o, o + 9000, o + 9000, o, o + 9000, o, o + 1},
        {o + 3000, o + 3000, o + 3000, o + 6000, o + 6000, o + 6000, o + 6000, o + 3000, o + 3001, o + 3000},
        {o + 20000, o, o + 29000, o, o + 29000, o + 9000, o + 20000, o + 9000, o + 20001, o + 1},
    };
    dk_topology *t = dk_topology_create();
    dk_outline source, out;
    dk_outline_init(&source);
    dk_outline_init(&out);
    source.kind = DK_POLYGONS;
    for (size_t i = 0; i < 3; i++) {
        assert_true(dk_outline_reserve(&source, 5));
        for (size_t k = 0; k < 5; k++)
            dk_outline_put(&source, rings[i][2 * k], rings[i][2 * k + 1], 0);
        dk_outline_close(&source, 5 * i, i == 1);
    }
    size_t index;
    assert_int_equal(dk_topology_add(t, &source, true, &index), DK_OK);
    assert_int_equal(dk_topology_build(t), DK_OK);
    assert_int_equal(dk_topology_get(t, index, &out), DK_OK);
    assert_int_equal(dk_topology_get(t, 1, &out), DK_INVALID);
    assert_int_equal(dk_topology_get(t, index, &out), DK_OK);
    assert_int_equal(out.n_parts, 3);
    assert_int_equal(out.n_points, 12);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(out.parts[i].start, 4 * i);
        assert_int_equal(out.parts[i].count, 4);
        assert_int_equal(out.parts[i].hole, i == 1);
        assert_memory_equal(out.xy + 8 * i, rings[i], 32);
    }
    dk_topology_free(t);
    dk_outline_finish(&source);
    dk_outline_finish(&out);
}

/* A road around a park comes back to its beginning on the park's border: that position both keep. */
static void where_a_closed_line_begins_what_lies_along_it_keeps_the_position(void **state)
{
    (void)state;
    const uint32_t o = ORIGIN;
    const uint32_t park[] = {o, o, o + 500, o - 3, o + 1000, o, o + 1000, o + 1000, o, o + 1000};
    const uint32_t road[] = {o + 500, o - 3, o + 1000, o, o + 1000, o + 1000, o, o + 1000, o, o, o + 500, o - 3};
    dk_topology *t = dk_topology_create();
    dk_outline source, out;
    dk_outline_init(&source);
    dk_outline_init(&out);
    size_t index[2];
    ring_of(&source, park, 5);
    assert_int_equal(dk_topology_add(t, &source, true, &index[0]), DK_OK);
    line_of(&source, road, 6);
    assert_int_equal(dk_topology_add(t, &source, true, &index[1]), DK_OK);
    assert_int_equal(dk_topology_build(t), DK_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(dk_topology_get(t, index[i], &out), DK_OK);
        assert_int_equal(out.n_points, i == 0 ? 5 : 6);
        assert_int_equal(zoom_at(&out, o + 500, o - 3), 0);
    }
    dk_topology_free(t);
    dk_outline_finish(&source);
    dk_outline_finish(&out);
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

/* What lies on an edge comes in the order in which one walks it, and the other way round in the other order; what lies
 * equally far along it, by (x, y) from its lower end. */
static void assert_on_edge(dk_matching *m, const uint32_t *from, const uint32_t *to, const uint32_t *expected, size_t n)
{
    uint32_t a, b;
    const uint32_t *on;
    size_t found;
    assert_true(dk_matching_vertex(m, from[0], from[1], &a));
    assert_true(dk_matching_vertex(m, to[0], to[1], &b));
    for (int turned = 0; turned < 2; turned++) {
        assert_true(dk_matching_on_edge(m, turned ? b : a, turned ? a : b, &on, &found));
        assert_int_equal(found, n);
        for (size_t i = 0; i < n; i++)
            assert_memory_equal(m->xy + 2 * (size_t)on[turned ? n - 1 - i : i], expected + 2 * i, 8);
    }
}

static void what_lies_on_an_edge_comes_in_its_order(void **state)
{
    (void)state;
    const uint32_t o = ORIGIN / 2048 * 2048, off = DK_MATCH_UNITS; /* o: the first of a bucket */
    const uint32_t level[] = {o, o, o + 9000, o}, upright[] = {o, o + 100000, o, o + 109000},
                   below[] = {o, o + 20479, o + 9000, o + 20479},
                   before[] = {o + 20479, o + 200000, o + 20479, o + 209000};
    const uint32_t on_level[] = {o + 700, o - off, o + 700, o + off, o + 2000, o, o + 8000, o - off};
    const uint32_t on_upright[] = {o,          o + 100400, o - off,    o + 100900, o + off,
                                   o + 100900, o - off,    o + 101000, o,          o + 108000};
    const uint32_t on_below[] = {o + 100, o + 20481, o + 300, o + 20477, o + 5000, o + 20481};
    /* Over the corner of four buckets: what lies beside it lies in the other column. */
    const uint32_t steep[] = {o + 81830, o - 9000, o + 82010, o + 9000};
    const uint32_t on_steep[] = {o + 81920, o - 190, o + 81919, o + 90};
    const uint32_t on_before[] = {o + 20481, o + 200100, o + 20477, o + 200300, o + 20481, o + 205000};
    const struct {
        const uint32_t *edge, *on;
        size_t n;
    } cases[] = {{level, on_level, 4},
                 {upright, on_upright, 5},
                 {below, on_below, 3},
                 {before, on_before, 3},
                 {steep, on_steep, 2}};
    dk_matching m = {0};
    uint32_t vertex;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t k = 0; k < 2; k++)
            assert_true(dk_matching_vertex(&m, cases[i].edge[2 * k], cases[i].edge[2 * k + 1], &vertex));
        for (size_t k = 0; k < cases[i].n; k++) { /* in no order */
            const uint32_t *at = cases[i].on + 2 * ((k + cases[i].n / 2) % cases[i].n);
            assert_true(dk_matching_vertex(&m, at[0], at[1], &vertex));
        }
    }
    for (uint32_t i = 0; i < 200; i++) /* enough for edges to be walked by buckets */
        assert_true(dk_matching_vertex(&m, o + 5000000 + 100 * i, o, &vertex));
    assert_true(dk_matching_build(&m));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_on_edge(&m, cases[i].edge, cases[i].edge + 2, cases[i].on, cases[i].n);
    dk_matching_finish(&m);
}

static void positions_near_each_other_become_the_first_of_them(void **state)
{
    (void)state;
    dk_matching m = {0};
    uint32_t vertex;
    for (uint32_t i = 0; i < 40; i++) { /* beside each other, over each other, and across */
        assert_true(dk_matching_vertex(&m, ORIGIN + 50 * i + 1, ORIGIN, &vertex));
        assert_true(dk_matching_vertex(&m, ORIGIN + 50 * i, ORIGIN + i % 3, &vertex));
    }
    assert_true(dk_matching_build(&m));
    for (uint32_t i = 0; i < 40; i++) {
        assert_true(dk_matching_vertex(&m, ORIGIN + 50 * i + 1, ORIGIN, &vertex));
        const uint32_t *to = m.xy + 2 * (size_t)dk_matched(&m, vertex);
        assert_int_equal(to[0], ORIGIN + 50 * i);
        assert_int_equal(to[1], ORIGIN + i % 3);
    }
    dk_matching_clear(&m);
    for (uint32_t i = 0; i < 40; i++) { /* in a row, each near the next: none moves further than to one that is near */
        assert_true(dk_matching_vertex(&m, ORIGIN + 2 * i, ORIGIN, &vertex));
        assert_true(dk_matching_vertex(&m, ORIGIN, ORIGIN + 900 + 2 * i, &vertex));
    }
    assert_true(dk_matching_build(&m));
    for (uint32_t i = 0; i < m.n; i++) {
        const uint32_t *from = m.xy + 2 * (size_t)i, *to = m.xy + 2 * (size_t)dk_matched(&m, i);
        assert_true(abs((int)(to[0] - from[0])) <= DK_MATCH_UNITS && abs((int)(to[1] - from[1])) <= DK_MATCH_UNITS);
    }
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
        cmocka_unit_test(corners_on_the_border_of_one_that_is_not_wanted_are_kept),
        cmocka_unit_test(a_line_keeps_its_ends_and_where_others_meet_it),
        cmocka_unit_test(a_vertex_is_kept_from_the_zoom_on_at_which_it_lies_off_by_more_than_half_a_unit),
        cmocka_unit_test(of_equals_both_sides_keep_the_same),
        cmocka_unit_test(parts_and_holes_keep_their_order_and_a_ring_does_not_end_where_it_began),
        cmocka_unit_test(where_a_closed_line_begins_what_lies_along_it_keeps_the_position),
        cmocka_unit_test(degenerate_rings_come_back),
        cmocka_unit_test(an_edge_across_the_world_finds_what_lies_on_it),
        cmocka_unit_test(edges_of_any_length_among_thousands_of_vertices_find_what_lies_on_them),
        cmocka_unit_test(what_lies_on_an_edge_comes_in_its_order),
        cmocka_unit_test(positions_near_each_other_become_the_first_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
