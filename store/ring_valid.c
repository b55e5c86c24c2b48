#include "store/ring_valid.h"

#include <stdlib.h>
#include <string.h>

typedef struct dk_edge {
    int32_t x0, x1, y0, y1; /* box, along the axis of the sweep first */
    int32_t ax, ay, bx, by;
    uint32_t part, index; /* the ring, and the place in it */
} dk_edge;

enum {
    SMALL = 24,    /* edges up to which all pairs are cheaper than sorting */
    FEW_RINGS = 16 /* rings up to which all pairs are compared */
};

void dk_valid_work_finish(dk_valid_work *work)
{
    free(work->edges);
    free(work->sorted);
    free(work->keys);
    memset(work, 0, sizeof *work);
}

/* Positive if c lies to one side of a-b, negative on the other, 0 on the line. */
static inline int64_t side(int32_t ax, int32_t ay, int32_t bx, int32_t by, int32_t cx, int32_t cy)
{
    return ((int64_t)bx - ax) * ((int64_t)cy - ay) - ((int64_t)by - ay) * ((int64_t)cx - ax);
}

static inline bool straight(const int32_t *a, const int32_t *b, const int32_t *c)
{
    return side(a[0], a[1], b[0], b[1], c[0], c[1]) == 0;
}

size_t dk_ring_reduce(int32_t *xy, size_t n)
{
    /* A stack: each new position may make its predecessors superfluous. Equal positions are also "straight". */
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t x = xy[2 * i], y = xy[2 * i + 1];
        const int32_t position[2] = {x, y};
        while (m >= 2 && straight(xy + 2 * (m - 2), xy + 2 * (m - 1), position))
            m--;
        if (m == 1 && xy[0] == x && xy[1] == y)
            continue;
        if (m >= 1 && xy[2 * m - 2] == x && xy[2 * m - 1] == y)
            continue;
        xy[2 * m] = x;
        xy[2 * m + 1] = y;
        m++;
    }
    /* The same where the end meets the start, from both sides. */
    size_t first = 0;
    for (bool changed = true; changed && m - first >= 3;) {
        changed = false;
        if (straight(xy + 2 * (m - 2), xy + 2 * (m - 1), xy + 2 * first)) {
            m--;
            changed = true;
        } else if (straight(xy + 2 * (m - 1), xy + 2 * first, xy + 2 * (first + 1))) {
            first++;
            changed = true;
        }
    }
    if (m - first < 3)
        return 0;
    if (first > 0)
        memmove(xy, xy + 2 * first, (m - first) * 2 * sizeof *xy);
    return m - first;
}

static bool edges_touch(const dk_edge *a, const dk_edge *b)
{
    const int64_t d1 = side(a->ax, a->ay, a->bx, a->by, b->ax, b->ay);
    const int64_t d2 = side(a->ax, a->ay, a->bx, a->by, b->bx, b->by);
    if ((d1 > 0 && d2 > 0) || (d1 < 0 && d2 < 0))
        return false;
    const int64_t d3 = side(b->ax, b->ay, b->bx, b->by, a->ax, a->ay);
    const int64_t d4 = side(b->ax, b->ay, b->bx, b->by, a->bx, a->by);
    return !((d3 > 0 && d4 > 0) || (d3 < 0 && d4 < 0));
}

/* Whether an edge ends where another begins, of a ring of n. */
static inline bool leads_to(const dk_edge *a, const dk_edge *b, uint32_t n)
{
    return a->index + 1 == (b->index != 0 ? b->index : n);
}

/* Whether two edges whose boxes meet are in conflict. */
static bool conflict(const dk_edge *a, const dk_edge *b, const dk_part *parts)
{
    if (a->part == b->part) {
        const uint32_t n = (uint32_t)parts[a->part].count;
        const dk_edge *first = NULL, *second = NULL;
        if (leads_to(a, b, n))
            first = a, second = b;
        else if (leads_to(b, a, n))
            first = b, second = a;
        if (first != NULL) {
            /* Neighbours meet in their common end; they must not fold back onto each other. */
            return side(first->ax, first->ay, first->bx, first->by, second->bx, second->by) == 0;
        }
    }
    return edges_touch(a, b);
}

/* Sorts keys by merging, with n more as room; returns where they lie then. Written out, as qsort calls a function for
 * each comparison. */
static uint64_t *sort_keys(uint64_t *keys, size_t n, uint64_t *room)
{
    enum { RUN = 8 };
    for (size_t start = 0; start < n; start += RUN) {
        const size_t end = n - start < RUN ? n : start + RUN;
        for (size_t i = start + 1; i < end; i++) {
            const uint64_t key = keys[i];
            size_t j = i;
            for (; j > start && keys[j - 1] > key; j--)
                keys[j] = keys[j - 1];
            keys[j] = key;
        }
    }
    for (size_t width = RUN; width < n; width *= 2) {
        for (size_t start = 0; start < n; start += 2 * width) {
            const size_t middle = n - start < width ? n : start + width,
                         end = n - start < 2 * width ? n : start + 2 * width;
            size_t a = start, b = middle;
            for (size_t to = start; to < end; to++) {
                const bool first = b == end || (a < middle && keys[a] <= keys[b]);
                room[to] = keys[first ? a : b];
                a += first;
                b += !first;
            }
        }
        uint64_t *merged = room;
        room = keys;
        keys = merged;
    }
    return keys;
}

/* The edges in the order in which they begin; n is that of work->edges. */
static dk_edge *sort_edges(dk_valid_work *work, size_t n)
{
    for (size_t i = 0; i < n; i++)
        work->keys[i] = (uint64_t)((uint32_t)work->edges[i].x0 ^ UINT32_C(0x80000000)) << 32 | (uint32_t)i;
    const uint64_t *keys = sort_keys(work->keys, n, work->keys + n);
    for (size_t i = 0; i < n; i++)
        work->sorted[i] = work->edges[(uint32_t)keys[i]];
    return work->sorted;
}

/* All pairs. Which boxes meet cannot be foreseen, so they are told apart without a branch. */
static bool few_clear(const dk_edge *edges, size_t n, const dk_part *parts)
{
    unsigned char near[SMALL];
    for (size_t i = 0; i < n; i++) {
        const dk_edge *a = &edges[i];
        size_t n_near = 0;
        for (size_t j = i + 1; j < n; j++) {
            const dk_edge *b = &edges[j];
            near[n_near] = (unsigned char)j;
            n_near += (size_t)((b->x0 <= a->x1) & (b->x1 >= a->x0) & (b->y0 <= a->y1) & (b->y1 >= a->y0));
        }
        for (size_t k = 0; k < n_near; k++)
            if (conflict(a, &edges[near[k]], parts))
                return false;
    }
    return true;
}

/* *ret_turned: the sweep goes along y. */
static bool edges_clear(dk_valid_work *work, size_t n, const dk_part *parts, bool *ret_turned)
{
    dk_edge *edges = work->edges;
    *ret_turned = false;
    if (n > SMALL) {
        /* Sweep along the axis in which the edges are shorter, so that fewer are open at a time. */
        int64_t width = 0, height = 0;
        for (size_t i = 0; i < n; i++) {
            width += (int64_t)edges[i].x1 - edges[i].x0;
            height += (int64_t)edges[i].y1 - edges[i].y0;
        }
        *ret_turned = height < width;
        if (*ret_turned) {
            for (size_t i = 0; i < n; i++) {
                const dk_edge e = edges[i];
                edges[i].x0 = e.y0, edges[i].x1 = e.y1;
                edges[i].y0 = e.x0, edges[i].y1 = e.x1;
            }
        }
        edges = sort_edges(work, n);
    }
    if (n <= SMALL)
        return few_clear(edges, n, parts);
    for (size_t i = 0; i < n; i++) {
        const dk_edge *a = &edges[i];
        for (size_t j = i + 1; j < n && edges[j].x0 <= a->x1; j++) {
            const dk_edge *b = &edges[j];
            if (b->x1 >= a->x0 && b->y0 <= a->y1 && b->y1 >= a->y0 && conflict(a, b, parts))
                return false;
        }
    }
    return true;
}

/* Whether the position lies inside the ring; it is on none of its edges. Crossings of a ray to the east. */
static bool inside(const int32_t *ring, size_t n, const int32_t *position)
{
    bool in = false;
    const int32_t x = position[0], y = position[1];
    for (size_t i = 0, j = n - 1; i < n; j = i++) {
        const int32_t *a = ring + 2 * i, *b = ring + 2 * j;
        if ((a[1] > y) == (b[1] > y))
            continue;
        const int64_t d = side(a[0], a[1], b[0], b[1], x, y);
        if ((b[1] > a[1]) == (d > 0))
            in = !in;
    }
    return in;
}

/* The polygon whose exterior is parts[first], up to but not including parts[end]. */
static bool in_polygon(const int32_t *xy, const dk_part *parts, size_t first, size_t end, const int32_t *position)
{
    if (!inside(xy + 2 * parts[first].start, parts[first].count, position))
        return false;
    for (size_t i = first + 1; i < end; i++)
        if (inside(xy + 2 * parts[i].start, parts[i].count, position))
            return false;
    return true;
}

static size_t polygon_end(const dk_part *parts, size_t n_parts, size_t first)
{
    size_t end = first + 1;
    while (end < n_parts && parts[end].hole)
        end++;
    return end;
}

/* No edges touch, so that one position of a ring stands for all of it. */
static bool nesting_right(const int32_t *xy, const dk_part *parts, size_t n_parts)
{
    for (size_t first = 0, end; first < n_parts; first = end) {
        end = polygon_end(parts, n_parts, first);
        if (parts[first].hole)
            return false;
        for (size_t i = first + 1; i < end; i++) {
            const int32_t *position = xy + 2 * parts[i].start;
            if (!inside(xy + 2 * parts[first].start, parts[first].count, position))
                return false;
            for (size_t j = first + 1; j < end; j++)
                if (j != i && inside(xy + 2 * parts[j].start, parts[j].count, position))
                    return false;
        }
        for (size_t other = 0, other_end; other < n_parts; other = other_end) {
            other_end = polygon_end(parts, n_parts, other);
            if (other != first && in_polygon(xy, parts, other, other_end, xy + 2 * parts[first].start))
                return false;
        }
    }
    return true;
}

/* ---- the same of many rings, in one sweep over the sorted edges ---- */

/* u: along the sweep; v: across it. */
typedef struct span {
    int32_t u, v, end_u, end_v; /* u < end_u */
    uint32_t part;
} span;

/* The lowest of a ring's first positions. */
typedef struct ring_start {
    int32_t u, v;
    uint32_t part;
} ring_start;

typedef struct sweep {
    span *open; /* edges that begin where the sweep is or before, and end behind it */
    size_t n_open;
    ring_start *starts;
    int32_t *container; /* of rings that have begun: the innermost ring around them; -1: none */
} sweep;

static int by_start(const void *a, const void *b)
{
    const ring_start *p = a, *q = b;
    if (p->u != q->u)
        return p->u < q->u ? -1 : 1;
    return p->v < q->v ? -1 : p->v > q->v;
}

static ring_start start_of(const int32_t *xy, const dk_part *parts, uint32_t part, bool turned)
{
    ring_start start = {INT32_MAX, INT32_MAX, part};
    for (size_t i = parts[part].start; i < parts[part].start + parts[part].count; i++) {
        const ring_start here = {xy[2 * i + turned], xy[2 * i + !turned], part};
        if (by_start(&here, &start) < 0)
            start = here;
    }
    return start;
}

static void open_edge(sweep *s, const dk_edge *edge, bool turned)
{
    const span there = turned ? (span){edge->ay, edge->ax, edge->by, edge->bx, edge->part}
                              : (span){edge->ax, edge->ay, edge->bx, edge->by, edge->part};
    if (there.u < there.end_u)
        s->open[s->n_open++] = there;
    else if (there.u > there.end_u)
        s->open[s->n_open++] = (span){there.end_u, there.end_v, there.u, there.v, there.part};
}

static bool is_below(const span *edge, int32_t u, int32_t v)
{
    return side(edge->u, edge->v, edge->end_u, edge->end_v, u, v) > 0;
}

/* Which of two edges that the sweep is on lies higher. They do not touch, so the beginning of the later one tells. */
static bool is_higher(const span *a, const span *b)
{
    return a->u >= b->u ? is_below(b, a->u, a->v) : !is_below(a, b->u, b->v);
}

/* The innermost ring around one that begins: the ring of the next edge below, or the one around that, which has begun
 * before. */
static int32_t find_container(sweep *s, const ring_start *start)
{
    const span *next = NULL;
    size_t n = 0;
    for (size_t i = 0; i < s->n_open; i++)
        if (s->open[i].end_u > start->u)
            s->open[n++] = s->open[i];
    s->n_open = n;
    for (size_t i = 0; i < n; i++)
        if (s->open[i].part != start->part && is_below(&s->open[i], start->u, start->v) &&
            (next == NULL || is_higher(&s->open[i], next)))
            next = &s->open[i];
    if (next == NULL)
        return -1;
    bool in = false;
    for (size_t i = 0; i < n; i++)
        in ^= s->open[i].part == next->part && is_below(&s->open[i], start->u, start->v);
    return in ? (int32_t)next->part : s->container[next->part];
}

/* Whether the innermost ring around every hole is its exterior, and around every exterior a hole or none. */
static bool containers_right(const sweep *s, const dk_part *parts, size_t n_parts)
{
    int32_t exterior = -1;
    for (size_t i = 0; i < n_parts; i++) {
        const int32_t container = s->container[i];
        if (parts[i].hole ? container < 0 || container != exterior : container >= 0 && !parts[container].hole)
            return false;
        if (!parts[i].hole)
            exterior = (int32_t)i;
    }
    return true;
}

static bool nesting_swept(const dk_valid_work *work, size_t n, const int32_t *xy, const dk_part *parts, size_t n_parts,
                          bool turned)
{
    sweep s = {.open = calloc(n, sizeof *s.open),
               .starts = calloc(n_parts, sizeof *s.starts),
               .container = calloc(n_parts, sizeof *s.container)};
    bool right = s.open != NULL && s.starts != NULL && s.container != NULL;
    for (uint32_t i = 0; right && i < n_parts; i++)
        s.starts[i] = start_of(xy, parts, i, turned);
    if (right)
        qsort(s.starts, n_parts, sizeof *s.starts, by_start);
    size_t at = 0;
    for (size_t i = 0; right && i < n_parts; i++) {
        for (; at < n && work->sorted[at].x0 <= s.starts[i].u; at++)
            open_edge(&s, &work->sorted[at], turned);
        s.container[s.starts[i].part] = find_container(&s, &s.starts[i]);
    }
    right = right && containers_right(&s, parts, n_parts);
    free(s.open);
    free(s.starts);
    free(s.container);
    return right;
}

static bool reserve(dk_valid_work *work, size_t n)
{
    size_t capacity = 256;
    while (capacity < n)
        capacity *= 2;
    dk_valid_work_finish(work);
    if (capacity > UINT32_MAX || capacity > SIZE_MAX / (2 * sizeof *work->edges))
        return false;
    work->edges = malloc(capacity * sizeof *work->edges);
    work->sorted = malloc(capacity * sizeof *work->sorted);
    work->keys = malloc(2 * capacity * sizeof *work->keys);
    if (work->edges == NULL || work->sorted == NULL || work->keys == NULL) {
        dk_valid_work_finish(work);
        return false;
    }
    work->capacity = capacity;
    return true;
}

/* A reduced ring of four: its opposite edges do not meet. */
static bool quadrangle_valid(const int32_t *xy)
{
    const dk_edge edges[4] = {{.ax = xy[0], .ay = xy[1], .bx = xy[2], .by = xy[3]},
                              {.ax = xy[2], .ay = xy[3], .bx = xy[4], .by = xy[5]},
                              {.ax = xy[4], .ay = xy[5], .bx = xy[6], .by = xy[7]},
                              {.ax = xy[6], .ay = xy[7], .bx = xy[0], .by = xy[1]}};
    return !edges_touch(&edges[0], &edges[2]) && !edges_touch(&edges[1], &edges[3]);
}

bool dk_rings_valid(const int32_t *xy, const dk_part *parts, size_t n_parts, dk_valid_work *work)
{
    size_t n = 0;
    for (size_t i = 0; i < n_parts; i++)
        n += parts[i].count;
    if (n == 3 && n_parts == 1)
        return true; /* a reduced triangle */
    if (n == 4 && n_parts == 1)
        return quadrangle_valid(xy + 2 * parts[0].start);
    if (n > work->capacity && !reserve(work, n))
        return false;
    dk_edge *edge = work->edges;
    for (size_t i = 0; i < n_parts; i++) {
        const int32_t *ring = xy + 2 * parts[i].start;
        for (size_t j = 0; j < parts[i].count; j++, edge++) {
            const int32_t *a = ring + 2 * j, *b = ring + 2 * (j + 1 < parts[i].count ? j + 1 : 0);
            edge->ax = a[0], edge->ay = a[1], edge->bx = b[0], edge->by = b[1];
            edge->x0 = a[0] < b[0] ? a[0] : b[0];
            edge->x1 = a[0] < b[0] ? b[0] : a[0];
            edge->y0 = a[1] < b[1] ? a[1] : b[1];
            edge->y1 = a[1] < b[1] ? b[1] : a[1];
            edge->part = (uint32_t)i;
            edge->index = (uint32_t)j;
        }
    }
    bool turned;
    if (!edges_clear(work, n, parts, &turned))
        return false;
    if (n_parts > FEW_RINGS && n_parts <= INT32_MAX) /* of so many the edges are sorted */
        return nesting_swept(work, n, xy, parts, n_parts, turned);
    return n_parts < 2 || nesting_right(xy, parts, n_parts);
}
