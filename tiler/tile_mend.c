#include "tiler/tile_mend.h"

#include "store/ring_valid.h"
#include "tiler/mvt.h"

#include <stdlib.h>
#include <string.h>

typedef struct position {
    int32_t x, y;
} position;

enum { MOST_RINGS = DK_MEND_POINTS / 3, MOST_NODED = 2 * DK_MEND_POINTS, MOST_LEFT_OUT = 8 };

typedef struct span {
    size_t start, n; /* in mending.points */
    bool positive;
} span;

/* All that mending needs, for few positions. */
typedef struct mending {
    position points[DK_MEND_POINTS];
    span rings[MOST_RINGS];
    size_t n_rings;
    position noded[MOST_NODED]; /* a ring, with a vertex wherever another one touches it */
    size_t n_noded;
    position stack[MOST_NODED];
} mending;

static inline bool same(position a, position b)
{
    return a.x == b.x && a.y == b.y;
}

/* Positive if c lies to one side of a-b, negative on the other, 0 on the line. */
static inline int64_t side(position a, position b, position c)
{
    return ((int64_t)b.x - a.x) * ((int64_t)c.y - a.y) - ((int64_t)b.y - a.y) * ((int64_t)c.x - a.x);
}

static inline bool between(int32_t a, int32_t b, int32_t c)
{
    return (a <= c && c <= b) || (b <= c && c <= a);
}

/* Whether c lies on a-b but not at its ends. */
static inline bool within(position a, position b, position c)
{
    return between(a.x, b.x, c.x) && between(a.y, b.y, c.y) && side(a, b, c) == 0 && !same(a, c) && !same(b, c);
}

static inline bool opposite(int64_t a, int64_t b)
{
    return (a > 0 && b < 0) || (a < 0 && b > 0);
}

/* Whether the edges cross in a point inside both. */
static bool cross(position a, position b, position c, position d)
{
    return opposite(side(a, b, c), side(a, b, d)) && opposite(side(c, d, a), side(c, d, b));
}

static inline position vertex(const mending *m, const span *r, size_t i)
{
    return m->points[r->start + (i < r->n ? i : i - r->n)];
}

/* The next pair of edges that cross: of ring r and vertex i, ring q and vertex k. */
static bool find_crossing(const mending *m, size_t *r, size_t *i, size_t *q, size_t *k)
{
    for (*r = 0; *r < m->n_rings; ++*r)
        for (*i = 0; *i < m->rings[*r].n; ++*i) {
            const position a = vertex(m, &m->rings[*r], *i), b = vertex(m, &m->rings[*r], *i + 1);
            for (*q = *r; *q < m->n_rings; ++*q)
                for (*k = *q == *r ? *i + 1 : 0; *k < m->rings[*q].n; ++*k)
                    if (cross(a, b, vertex(m, &m->rings[*q], *k), vertex(m, &m->rings[*q], *k + 1)))
                        return true;
        }
    return false;
}

/* Twice the area that leaving out a vertex adds or takes away; -1: it lies more than a unit from the new edge. */
static int64_t cost(const mending *m, const span *r, size_t i)
{
    const position a = vertex(m, r, i + r->n - 1), b = vertex(m, r, i), c = vertex(m, r, i + 1);
    const int64_t area = llabs(side(a, c, b)), dx = llabs((int64_t)c.x - a.x), dy = llabs((int64_t)c.y - a.y);
    return area <= (dx > dy ? dx : dy) ? area : -1;
}

static void leave_out(mending *m, span *r, size_t i)
{
    position *const at = m->points + r->start;
    memmove(at + i, at + i + 1, (r->n - i - 1) * sizeof *at);
    r->n = dk_ring_reduce(&at->x, r->n - 1);
}

/* Leaves out vertices until no edges cross. */
static bool uncross(mending *m)
{
    for (int left_out = 0;; left_out++) {
        size_t r, i, q, k;
        if (!find_crossing(m, &r, &i, &q, &k))
            return true;
        if (left_out == MOST_LEFT_OUT)
            return false;
        const struct {
            span *ring;
            size_t vertex;
        } choice[4] = {{&m->rings[r], i},
                       {&m->rings[r], (i + 1) % m->rings[r].n},
                       {&m->rings[q], k},
                       {&m->rings[q], (k + 1) % m->rings[q].n}};
        int best = -1;
        int64_t least = INT64_MAX;
        for (int c = 0; c < 4; c++) {
            const int64_t area = cost(m, choice[c].ring, choice[c].vertex);
            if (area >= 0 && area < least) {
                least = area;
                best = c;
            }
        }
        if (best < 0)
            return false;
        leave_out(m, choice[best].ring, choice[best].vertex);
    }
}

/* Makes every vertex of any ring that touches an edge of ring r a vertex of it. false: there are too many. */
static bool node(mending *m, const span *r)
{
    m->n_noded = 0;
    for (size_t i = 0; i < r->n; i++) {
        const position a = vertex(m, r, i), b = vertex(m, r, i + 1);
        if (m->n_noded == MOST_NODED)
            return false;
        m->noded[m->n_noded++] = a;
        const size_t first = m->n_noded;
        for (size_t q = 0; q < m->n_rings; q++)
            for (size_t k = 0; k < m->rings[q].n; k++) {
                const position c = vertex(m, &m->rings[q], k);
                if (!within(a, b, c))
                    continue;
                /* Into their order along the edge, once. */
                const int64_t distance = llabs((int64_t)c.x - a.x) + llabs((int64_t)c.y - a.y);
                int64_t before = 0;
                size_t at = m->n_noded;
                for (; at > first; at--) {
                    const position d = m->noded[at - 1];
                    before = llabs((int64_t)d.x - a.x) + llabs((int64_t)d.y - a.y);
                    if (before <= distance)
                        break;
                }
                if (at > first && before == distance)
                    continue;
                if (m->n_noded == MOST_NODED)
                    return false;
                memmove(m->noded + at + 1, m->noded + at, (m->n_noded - at) * sizeof *m->noded);
                m->noded[at] = c;
                m->n_noded++;
            }
    }
    return true;
}

/* Adds a ring if it has an area. false: it turns the wrong way, or memory is out. */
static bool add_ring(dk_grid_shape *out, const position *ring, size_t n, bool positive)
{
    if (n < 3)
        return true;
    if (!dk_grow(&out->xy, &out->points_capacity, out->n_points + n, 2 * sizeof *out->xy) ||
        !dk_grow(&out->parts, &out->parts_capacity, out->n_parts + 1, sizeof *out->parts))
        return false;
    int32_t *xy = out->xy + 2 * out->n_points;
    memcpy(xy, ring, n * sizeof *ring);
    const int64_t area = dk_ring_area2(xy, n);
    if (area == 0) /* without repeated positions: a flat one, which nothing else can touch */
        return true;
    out->parts[out->n_parts++] = (dk_part){.start = out->n_points, .count = n, .hole = false};
    out->n_points += n;
    return (area > 0) == positive;
}

/* Where a position lies: 1 inside the ring, 0 on it, -1 outside. In half units, so that middles of edges are whole. */
static int locate(const int32_t *ring, size_t n, int64_t x, int64_t y)
{
    int where = -1;
    for (size_t i = 0, j = n - 1; i < n; j = i++) {
        const int64_t ax = 2 * (int64_t)ring[2 * j], ay = 2 * (int64_t)ring[2 * j + 1];
        const int64_t bx = 2 * (int64_t)ring[2 * i], by = 2 * (int64_t)ring[2 * i + 1];
        const int64_t d = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
        if (d == 0 && (ax <= x || bx <= x) && (ax >= x || bx >= x) && (ay <= y || by <= y) && (ay >= y || by >= y))
            return 0;
        if ((ay > y) != (by > y) && (by > ay) == (d > 0))
            where = -where;
    }
    return where;
}

/* Whether no part of ring b's border lies inside ring a or along its border. Both are noded: an edge lies inside, outside or
 * on the other's as a whole. */
static bool apart(const dk_grid_shape *shape, const dk_part *a, const dk_part *b)
{
    const int32_t *ring = shape->xy + 2 * b->start;
    for (size_t i = 0, j = b->count - 1; i < b->count; j = i++) {
        const int64_t x = (int64_t)ring[2 * i] + ring[2 * j], y = (int64_t)ring[2 * i + 1] + ring[2 * j + 1];
        if (locate(shape->xy + 2 * a->start, a->count, x, y) >= 0)
            return false;
    }
    return true;
}

/* Cuts a noded ring where a vertex comes again: what lies between is a ring of its own. */
static bool cut(mending *m, bool positive, dk_grid_shape *out)
{
    size_t top = 0;
    for (size_t i = 0; i < m->n_noded; i++) {
        size_t at = 0;
        while (at < top && !same(m->stack[at], m->noded[i]))
            at++;
        if (at < top) {
            if (!add_ring(out, m->stack + at, top - at, positive))
                return false;
            top = at;
        }
        m->stack[top++] = m->noded[i];
    }
    return add_ring(out, m->stack, top, positive);
}

bool dk_rings_mend(const int32_t *xy, const dk_part *parts, size_t n_parts, dk_grid_shape *ret_shape)
{
    mending m;
    size_t n = 0;
    ret_shape->n_points = ret_shape->n_parts = 0;
    if (n_parts > MOST_RINGS)
        return false;
    m.n_rings = n_parts;
    for (size_t i = 0; i < n_parts; n += parts[i++].count) {
        if (parts[i].hole || parts[i].count < 3 || parts[i].count > DK_MEND_POINTS - n)
            return false;
        const int32_t *from = xy + 2 * parts[i].start;
        m.rings[i] = (span){n, parts[i].count, dk_ring_area2(from, parts[i].count) > 0};
        memcpy(m.points + n, from, parts[i].count * sizeof *m.points);
    }
    if (!uncross(&m))
        return false;
    for (size_t i = 0; i < n_parts; i++)
        if (!node(&m, &m.rings[i]) || !cut(&m, m.rings[i].positive, ret_shape))
            return false;
    for (size_t i = 0; i < ret_shape->n_parts; i++)
        for (size_t k = 0; k < ret_shape->n_parts; k++)
            if (i != k && !apart(ret_shape, &ret_shape->parts[i], &ret_shape->parts[k]))
                return false;
    /* Vertices that only nodes have made are straight. Rings that touch in them still do, in the same points. */
    for (size_t i = 0; i < ret_shape->n_parts; i++) {
        dk_part *part = &ret_shape->parts[i];
        part->count = dk_ring_reduce(ret_shape->xy + 2 * part->start, part->count);
        if (part->count < 3)
            return false;
    }
    return true;
}
