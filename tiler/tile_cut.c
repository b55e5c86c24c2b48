/* The ring is walked from a position outside. What lies inside falls into chains, each from where the ring enters the
 * square to where it leaves it. Along the square's border, ways in and out alternate; from each way out the border
 * leads on, the way the ring goes round, to the next way in. */
#include "tiler/tile_cut.h"

#include "store/buf.h"
#include "tiler/mvt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct dk_cut_chain {
    size_t start, count; /* positions in work->xy, the two on the border included */
    size_t next;         /* the chain to which the border leads from this one's end */
    int64_t leaves, enters;
    bool used;
} dk_cut_chain;

typedef struct dk_cut_crossing {
    int64_t place; /* along the border */
    size_t chain;
    bool leaves;
} dk_cut_crossing;

typedef struct square {
    int32_t low, high;
} square;

enum { WEST = 1, EAST = 2, NORTH = 4, SOUTH = 8 };

void dk_cut_work_finish(dk_cut_work *work)
{
    free(work->xy);
    free(work->chains);
    free(work->crossings);
    *work = (dk_cut_work){0};
}

static inline unsigned outside(const square *s, const int32_t *p)
{
    return (p[0] <= s->low ? WEST : 0) | (p[0] >= s->high ? EAST : 0) | (p[1] <= s->low ? NORTH : 0) |
           (p[1] >= s->high ? SOUTH : 0);
}

/* The place of a position on the border: from the north-west corner eastwards and round. */
static int64_t place_of(const square *s, const int32_t *p)
{
    const int64_t side = (int64_t)s->high - s->low;
    if (p[1] == s->low)
        return p[0] - s->low;
    if (p[0] == s->high)
        return side + p[1] - s->low;
    if (p[1] == s->high)
        return 2 * side + s->high - p[0];
    return 3 * side + s->high - p[1];
}

static void corner(const square *s, int64_t number, int32_t *to)
{
    to[0] = number == 1 || number == 2 ? s->high : s->low;
    to[1] = number >= 2 ? s->high : s->low;
}

/* Where the line a-b has the coordinate `bound` in an axis: the other coordinate, halves up. The same from b to a. */
static int32_t at_bound(const int32_t *a, const int32_t *b, int axis, int32_t bound, const square *s)
{
    int64_t run = (int64_t)b[axis] - a[axis], rise = ((int64_t)b[1 - axis] - a[1 - axis]) * ((int64_t)bound - a[axis]);
    if (run < 0)
        run = -run, rise = -rise;
    const int64_t twice = 2 * rise + run;
    int64_t to = twice / (2 * run);
    to -= twice < 0 && to * 2 * run != twice;
    to += a[1 - axis];
    return (int32_t)(to < s->low ? s->low : to > s->high ? s->high : to);
}

/* The part of an edge within the square, by Liang and Barsky, A New Concept and Method for Line Clipping, 1984. from,
 * to: its ends, of which those on the border are computed and rounded. false: it stays outside. */
static bool cut_edge(const square *s, const int32_t *a, const int32_t *b, int32_t *from, int32_t *to)
{
    double enter = 0, leave = 1;
    int enter_axis = -1, leave_axis = -1;
    int32_t enter_bound = 0, leave_bound = 0;
    for (int axis = 0; axis < 2; axis++) {
        const double run = (double)b[axis] - a[axis];
        if (run == 0) {
            if (a[axis] <= s->low || a[axis] >= s->high)
                return false;
            continue;
        }
        const int32_t near = run > 0 ? s->low : s->high, far = run > 0 ? s->high : s->low;
        const double t0 = ((double)near - a[axis]) / run, t1 = ((double)far - a[axis]) / run;
        if (t0 >= enter && t0 >= 0)
            enter = t0, enter_axis = axis, enter_bound = near;
        if (t1 <= leave && t1 <= 1)
            leave = t1, leave_axis = axis, leave_bound = far;
    }
    if (enter >= leave)
        return false;
    memcpy(from, a, 2 * sizeof *a);
    memcpy(to, b, 2 * sizeof *b);
    if (enter_axis >= 0) {
        from[enter_axis] = enter_bound;
        from[1 - enter_axis] = at_bound(a, b, enter_axis, enter_bound, s);
    }
    if (leave_axis >= 0) {
        to[leave_axis] = leave_bound;
        to[1 - leave_axis] = at_bound(a, b, leave_axis, leave_bound, s);
    }
    return true;
}

size_t dk_cut_places(const int32_t a[2], const int32_t b[2], int32_t low, int32_t high, int32_t ret_xy[4])
{
    const square s = {low, high};
    const unsigned code_a = outside(&s, a), code_b = outside(&s, b);
    int32_t from[2], to[2];
    size_t n = 0;
    if ((code_a | code_b) == 0 || (code_a & code_b) != 0 || !cut_edge(&s, a, b, from, to))
        return 0;
    if (code_a != 0)
        memcpy(ret_xy + 2 * n++, from, sizeof from);
    if (code_b != 0)
        memcpy(ret_xy + 2 * n++, to, sizeof to);
    return n;
}

/* Whether a ring that stays outside the square comes within a unit of it. */
static bool comes_near(const square *s, const int32_t *xy, size_t n)
{
    const square wide = {s->low - 1, s->high + 1};
    const int32_t *a = xy + 2 * (n - 1);
    unsigned code_a = outside(&wide, a);
    for (size_t i = 0; i < n; i++) {
        const int32_t *b = xy + 2 * i;
        const unsigned code_b = outside(&wide, b);
        int32_t from[2], to[2];
        if ((code_a & code_b) == 0 && cut_edge(&wide, a, b, from, to))
            return true;
        a = b;
        code_a = code_b;
    }
    return false;
}

static bool winds_around(const int32_t *xy, size_t n, int32_t x, int32_t y)
{
    bool in = false;
    for (size_t i = 0, j = n - 1; i < n; j = i++) {
        const int32_t *a = xy + 2 * i, *b = xy + 2 * j;
        if ((a[1] > y) == (b[1] > y))
            continue;
        const int64_t d = ((int64_t)b[0] - a[0]) * ((int64_t)y - a[1]) - ((int64_t)b[1] - a[1]) * ((int64_t)x - a[0]);
        if ((b[1] > a[1]) == (d > 0))
            in = !in;
    }
    return in;
}

static bool begin_chain(dk_cut_work *work, size_t n_chains, size_t at, const int32_t *from)
{
    if (!dk_grow(&work->chains, &work->chains_capacity, n_chains + 1, sizeof *work->chains))
        return false;
    work->chains[n_chains] = (dk_cut_chain){.start = at};
    memcpy(work->xy + 2 * at, from, 2 * sizeof *from);
    return true;
}

/* Walks the ring from a position that lies outside. */
static bool walk(dk_cut_work *work, const int32_t *xy, size_t n, size_t first, const square *s, size_t *ret_chains)
{
    size_t at = 0, n_chains = 0;
    const int32_t *a = xy + 2 * first;
    unsigned code_a = outside(s, a);
    for (size_t i = 1; i <= n; i++) {
        const int32_t *b = xy + 2 * (first + i < n ? first + i : first + i - n);
        const unsigned code_b = outside(s, b);
        if ((code_a | code_b) == 0) {
            memcpy(work->xy + 2 * at++, b, 2 * sizeof *b);
        } else if ((code_a & code_b) == 0) {
            int32_t from[2], to[2];
            if (cut_edge(s, a, b, from, to)) {
                if (code_a != 0) {
                    if (!begin_chain(work, n_chains, at, from))
                        return false;
                    at++;
                }
                memcpy(work->xy + 2 * at++, to, sizeof to);
                if (code_b != 0) {
                    work->chains[n_chains].count = at - work->chains[n_chains].start;
                    n_chains++;
                }
            }
        }
        a = b;
        code_a = code_b;
    }
    *ret_chains = n_chains;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const dk_cut_crossing *p = a, *q = b;
    return p->place < q->place ? -1 : p->place > q->place;
}

/* Finds where the border leads from each chain's end: eastwards from the north-west corner where forward. */
static dk_cut_result link_chains(dk_cut_work *work, size_t n_chains, const square *s, bool forward)
{
    const size_t n = 2 * n_chains;
    if (!dk_grow(&work->crossings, &work->crossings_capacity, n, sizeof *work->crossings))
        return DK_CUT_NOMEM;
    for (size_t i = 0; i < n_chains; i++) {
        dk_cut_chain *chain = &work->chains[i];
        const int32_t *from = work->xy + 2 * chain->start, *to = from + 2 * (chain->count - 1);
        /* From border to border along a side. */
        if (chain->count == 2 && ((from[0] == to[0] && (from[0] == s->low || from[0] == s->high)) ||
                                  (from[1] == to[1] && (from[1] == s->low || from[1] == s->high))))
            return DK_CUT_UNCLEAR;
        chain->enters = place_of(s, from);
        chain->leaves = place_of(s, to);
        work->crossings[2 * i] = (dk_cut_crossing){chain->enters, i, false};
        work->crossings[2 * i + 1] = (dk_cut_crossing){chain->leaves, i, true};
    }
    qsort(work->crossings, n, sizeof *work->crossings, by_place);
    for (size_t i = 0; i < n; i++) {
        const dk_cut_crossing *here = &work->crossings[i], *next = &work->crossings[i + 1 < n ? i + 1 : 0];
        if (here->place == next->place || here->leaves == next->leaves)
            return DK_CUT_UNCLEAR;
        const dk_cut_crossing *leaving = forward ? here : next, *entering = forward ? next : here;
        if (leaving->leaves)
            work->chains[leaving->chain].next = entering->chain;
    }
    return DK_CUT_DONE;
}

/* Positive if c lies to one side of a-b, negative on the other, 0 on the line. */
static inline int64_t side_of(const int32_t *a, const int32_t *b, const int32_t *c)
{
    return ((int64_t)b[0] - a[0]) * ((int64_t)c[1] - a[1]) - ((int64_t)b[1] - a[1]) * ((int64_t)c[0] - a[0]);
}

static bool edges_touch(const int32_t *a, const int32_t *b, const int32_t *c, const int32_t *d)
{
    const int64_t d1 = side_of(a, b, c), d2 = side_of(a, b, d);
    if ((d1 > 0 && d2 > 0) || (d1 < 0 && d2 < 0))
        return false;
    const int64_t d3 = side_of(c, d, a), d4 = side_of(c, d, b);
    return !((d3 > 0 && d4 > 0) || (d3 < 0 && d4 < 0));
}

/* Whether the edge from position `edge` of a chain to the next touches no other edge. */
static bool edge_clear(const dk_cut_work *work, size_t n_chains, size_t chain, size_t edge)
{
    const int32_t *a = work->xy + 2 * (work->chains[chain].start + edge), *b = a + 2;
    const int32_t x0 = a[0] < b[0] ? a[0] : b[0], x1 = a[0] < b[0] ? b[0] : a[0];
    const int32_t y0 = a[1] < b[1] ? a[1] : b[1], y1 = a[1] < b[1] ? b[1] : a[1];
    for (size_t k = 0; k < n_chains; k++) {
        const int32_t *c = work->xy + 2 * work->chains[k].start;
        for (size_t i = 0; i + 1 < work->chains[k].count; i++, c += 2) {
            if ((c[0] < x0 && c[2] < x0) || (c[0] > x1 && c[2] > x1) || (c[1] < y0 && c[3] < y0) ||
                (c[1] > y1 && c[3] > y1) || c == a)
                continue;
            /* Neighbours meet at their common end; in one line one of them is too many. */
            if (c + 2 == a || c == b ? (c + 2 == a ? side_of(c, a, b) : side_of(a, b, c + 2)) == 0
                                     : edges_touch(a, b, c, c + 2))
                return false;
        }
    }
    return true;
}

static bool ends_clear(const dk_cut_work *work, size_t n_chains)
{
    for (size_t i = 0; i < n_chains; i++) {
        const size_t last = work->chains[i].count - 2;
        if (!edge_clear(work, n_chains, i, 0) || (last > 0 && !edge_clear(work, n_chains, i, last)))
            return false;
    }
    return true;
}

/* The corners from one place on the border to another, those at either left out. Returns how many. */
static size_t corners(const square *s, int64_t from, int64_t to, bool forward, int32_t *xy)
{
    const int64_t side = (int64_t)s->high - s->low, round = 4 * side;
    size_t n = 0;
    if (forward) {
        const int64_t end = to > from ? to : to + round;
        for (int64_t k = from / side + 1; k * side < end; k++)
            corner(s, k % 4, xy + 2 * n++);
    } else {
        const int64_t end = to < from ? to : to - round;
        for (int64_t k = (from + side - 1) / side - 1; k * side > end; k--)
            corner(s, (k + 4) % 4, xy + 2 * n++);
    }
    return n;
}

static bool reserve(dk_grid_shape *shape, size_t n_points, size_t n_parts)
{
    return dk_grow(&shape->xy, &shape->points_capacity, n_points, 2 * sizeof *shape->xy) &&
           dk_grow(&shape->parts, &shape->parts_capacity, n_parts, sizeof *shape->parts);
}

static void close_part(dk_grid_shape *shape, size_t start)
{
    shape->parts[shape->n_parts++] = (dk_part){.start = start, .count = shape->n_points - start};
}

dk_cut_result dk_cut_ring(dk_cut_work *work, const int32_t *xy, size_t n, int32_t low, int32_t high,
                          dk_grid_shape *ret_shape)
{
    const square s = {low, high};
    size_t first = 0, n_chains = 0;
    ret_shape->n_points = ret_shape->n_parts = 0;
    while (first < n && outside(&s, xy + 2 * first) == 0)
        first++;
    if (first == n) {
        if (!reserve(ret_shape, n, 1))
            return DK_CUT_NOMEM;
        memcpy(ret_shape->xy, xy, n * 2 * sizeof *xy);
        ret_shape->n_points = n;
        close_part(ret_shape, 0);
        return DK_CUT_DONE;
    }
    /* An edge gives three positions at most. */
    if (n > SIZE_MAX / 8 || !dk_grow(&work->xy, &work->capacity, 3 * n, 2 * sizeof *work->xy) ||
        !walk(work, xy, n, first, &s, &n_chains))
        return DK_CUT_NOMEM;
    if (n_chains == 0) {
        if (comes_near(&s, xy, n))
            return DK_CUT_UNCLEAR;
        if (!winds_around(xy, n, low, low))
            return DK_CUT_DONE;
        if (!reserve(ret_shape, 4, 1))
            return DK_CUT_NOMEM;
        for (int k = 0; k < 4; k++)
            corner(&s, k, ret_shape->xy + 2 * k);
        ret_shape->n_points = 4;
        close_part(ret_shape, 0);
        return DK_CUT_DONE;
    }
    const bool forward = dk_ring_area2(xy, n) > 0; /* y runs south */
    const dk_cut_result linked = link_chains(work, n_chains, &s, forward);
    if (linked != DK_CUT_DONE)
        return linked;
    if (!ends_clear(work, n_chains))
        return DK_CUT_UNCLEAR;
    size_t total = 4 * n_chains;
    for (size_t i = 0; i < n_chains; i++)
        total += work->chains[i].count;
    if (!reserve(ret_shape, total, n_chains))
        return DK_CUT_NOMEM;
    for (size_t i = 0; i < n_chains; i++) {
        const size_t start = ret_shape->n_points;
        for (dk_cut_chain *chain = &work->chains[i]; !chain->used; chain = &work->chains[chain->next]) {
            memcpy(ret_shape->xy + 2 * ret_shape->n_points, work->xy + 2 * chain->start, chain->count * 2 * sizeof *xy);
            ret_shape->n_points += chain->count;
            ret_shape->n_points += corners(&s, chain->leaves, work->chains[chain->next].enters, forward,
                                           ret_shape->xy + 2 * ret_shape->n_points);
            chain->used = true;
        }
        if (ret_shape->n_points > start)
            close_part(ret_shape, start);
    }
    return DK_CUT_DONE;
}
