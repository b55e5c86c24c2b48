/* The rings are cut at all points where they touch, into steps with the inside on their positive hand. Steps that are
 * there in both directions go away. Following at each point the step that turns most to the inside walks round one
 * piece of the inside after the other. */
#include "tiler/tile_mend.h"

#include "store/ring_valid.h"
#include "tiler/mvt.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LEFT_OUT = 12 };

typedef struct position {
    int32_t x, y;
} position;

typedef struct dk_mend_ring {
    position *points;
    size_t n;
    bool backwards; /* walked from the last to the first */
} ring_span;

typedef struct dk_mend_edge {
    position a, b;
    int32_t x0, x1, y0, y1;
    uint32_t ring, vertex; /* a */
} mend_edge;

typedef struct dk_mend_touch {
    uint32_t edge;
    int64_t distance; /* from the edge's a, by the longer axis and the other */
    position at;
} mend_touch;

typedef struct dk_mend_step {
    position from, to;
    bool gone, used, branch; /* branch: other steps lead away from the same point */
} mend_step;

typedef struct dk_mend_loop {
    dk_part part; /* of dk_mend_work.loops; hole: it turns the negative way */
    position low, high;
    size_t depth; /* loops that it lies in */
} mend_loop;

void dk_mend_work_finish(dk_mend_work *work)
{
    free(work->rings);
    free(work->edges);
    free(work->touches);
    free(work->steps);
    free(work->stack);
    free(work->found);
    dk_grid_shape_finish(&work->loops);
    memset(work, 0, sizeof *work);
}

static inline bool same(position a, position b)
{
    return a.x == b.x && a.y == b.y;
}

/* Positive if c lies to one side of a-b, negative on the other, 0 on the line. */
static inline int64_t side(position a, position b, position c)
{
    return ((int64_t)b.x - a.x) * ((int64_t)c.y - a.y) - ((int64_t)b.y - a.y) * ((int64_t)c.x - a.x);
}

static int compare(position a, position b)
{
    if (a.x != b.x)
        return a.x < b.x ? -1 : 1;
    return a.y < b.y ? -1 : a.y > b.y;
}

static inline bool opposite(int64_t a, int64_t b)
{
    return (a > 0 && b < 0) || (a < 0 && b > 0);
}

/* Whether the edges cross in a point inside both. */
static bool cross(const mend_edge *e, const mend_edge *f)
{
    return opposite(side(e->a, e->b, f->a), side(e->a, e->b, f->b)) &&
           opposite(side(f->a, f->b, e->a), side(f->a, f->b, e->b));
}

static int by_west_end(const void *p, const void *q)
{
    const mend_edge *a = p, *b = q;
    if (a->x0 != b->x0)
        return a->x0 < b->x0 ? -1 : 1;
    if (a->ring != b->ring)
        return a->ring < b->ring ? -1 : 1;
    return a->vertex < b->vertex ? -1 : a->vertex > b->vertex;
}

/* All edges, from west to east. */
static size_t list_edges(dk_mend_work *work, size_t n_rings)
{
    size_t n = 0;
    for (size_t r = 0; r < n_rings; r++) {
        const ring_span *ring = &work->rings[r];
        for (size_t i = 0; i < ring->n; i++) {
            const position a = ring->points[i], b = ring->points[i + 1 < ring->n ? i + 1 : 0];
            work->edges[n++] = (mend_edge){.a = a,
                                           .b = b,
                                           .x0 = a.x < b.x ? a.x : b.x,
                                           .x1 = a.x < b.x ? b.x : a.x,
                                           .y0 = a.y < b.y ? a.y : b.y,
                                           .y1 = a.y < b.y ? b.y : a.y,
                                           .ring = (uint32_t)r,
                                           .vertex = (uint32_t)i};
        }
    }
    qsort(work->edges, n, sizeof *work->edges, by_west_end);
    return n;
}

/* Twice the area that leaving out a vertex adds or takes away; -1: it lies more than a unit from the new edge. */
static int64_t cost(const ring_span *ring, size_t i)
{
    const position a = ring->points[i > 0 ? i - 1 : ring->n - 1], b = ring->points[i],
                   c = ring->points[i + 1 < ring->n ? i + 1 : 0];
    const int64_t area = llabs(side(a, c, b)), dx = llabs((int64_t)c.x - a.x), dy = llabs((int64_t)c.y - a.y);
    return area <= (dx > dy ? dx : dy) ? area : -1;
}

/* Leaves out the vertex of the two edges that costs least. */
static bool leave_out(dk_mend_work *work, const mend_edge *e, const mend_edge *f)
{
    const mend_edge *const edges[2] = {e, f};
    ring_span *best = NULL;
    size_t vertex = 0;
    int64_t least = INT64_MAX;
    for (size_t k = 0; k < 4; k++) {
        ring_span *ring = &work->rings[edges[k / 2]->ring];
        const size_t i = (edges[k / 2]->vertex + k % 2) % ring->n;
        const int64_t area = cost(ring, i);
        if (area >= 0 && area < least) {
            least = area;
            best = ring;
            vertex = i;
        }
    }
    if (best == NULL)
        return false;
    memmove(best->points + vertex, best->points + vertex + 1, (best->n - vertex - 1) * sizeof *best->points);
    best->n = dk_ring_reduce(&best->points->x, best->n - 1);
    return true;
}

/* Leaves out vertices until no edges cross; then lists which vertices lie on edges. */
static bool find_touches(dk_mend_work *work, size_t n_rings, size_t *ret_n)
{
    for (int left_out = 0; left_out <= MOST_LEFT_OUT; left_out++) {
        const size_t n = list_edges(work, n_rings);
        bool crossing = false;
        work->n_touches = 0;
        for (size_t i = 0; i < n && !crossing; i++) {
            const mend_edge *e = &work->edges[i];
            for (size_t k = i + 1; k < n && work->edges[k].x0 <= e->x1; k++) {
                const mend_edge *f = &work->edges[k];
                if (f->y0 > e->y1 || f->y1 < e->y0)
                    continue;
                if (cross(e, f)) {
                    if (!leave_out(work, e, f))
                        return false;
                    crossing = true;
                    break;
                }
                /* Each vertex is the first of one edge. */
                for (size_t turn = 0; turn < 2; turn++) {
                    const mend_edge *g = turn ? f : e;
                    const position c = turn ? e->a : f->a;
                    if (same(c, g->a) || same(c, g->b) || c.x < g->x0 || c.x > g->x1 || c.y < g->y0 || c.y > g->y1 ||
                        side(g->a, g->b, c) != 0)
                        continue;
                    if (!dk_grow(&work->touches, &work->touches_capacity, work->n_touches + 1, sizeof *work->touches))
                        return false;
                    work->touches[work->n_touches++] = (mend_touch){
                        (uint32_t)(turn ? k : i), llabs((int64_t)c.x - g->a.x) + llabs((int64_t)c.y - g->a.y), c};
                }
            }
        }
        if (!crossing) {
            *ret_n = n;
            return true;
        }
    }
    return false;
}

static int by_edge(const void *p, const void *q)
{
    const mend_touch *a = p, *b = q;
    if (a->edge != b->edge)
        return a->edge < b->edge ? -1 : 1;
    return a->distance < b->distance ? -1 : a->distance > b->distance;
}

static void add_step(dk_mend_work *work, position a, position b, bool backwards)
{
    work->steps[work->n_steps++] = (mend_step){.from = backwards ? b : a, .to = backwards ? a : b};
}

/* By the line that they run along, whichever way. */
static int by_ends(const void *p, const void *q)
{
    const mend_step *a = p, *b = q;
    const bool a_turned = compare(a->from, a->to) > 0, b_turned = compare(b->from, b->to) > 0;
    const int low = compare(a_turned ? a->to : a->from, b_turned ? b->to : b->from);
    if (low != 0)
        return low;
    const int high = compare(a_turned ? a->from : a->to, b_turned ? b->from : b->to);
    return high != 0 ? high : (int)a_turned - (int)b_turned;
}

static int by_from(const void *p, const void *q)
{
    const mend_step *a = p, *b = q;
    const int from = compare(a->from, b->from);
    return from != 0 ? from : compare(a->to, b->to);
}

/* The steps that remain, by where they begin. false: some run twice the same way. */
static bool list_steps(dk_mend_work *work, size_t n_edges)
{
    if (!dk_grow(&work->steps, &work->steps_capacity, n_edges + work->n_touches, sizeof *work->steps))
        return false;
    if (work->n_touches > 1)
        qsort(work->touches, work->n_touches, sizeof *work->touches, by_edge);
    work->n_steps = 0;
    size_t t = 0;
    for (size_t i = 0; i < n_edges; i++) {
        const mend_edge *e = &work->edges[i];
        const bool backwards = work->rings[e->ring].backwards;
        position a = e->a;
        for (; t < work->n_touches && work->touches[t].edge == i; t++)
            if (!same(a, work->touches[t].at)) { /* several vertices may lie there */
                add_step(work, a, work->touches[t].at, backwards);
                a = work->touches[t].at;
            }
        add_step(work, a, e->b, backwards);
    }
    qsort(work->steps, work->n_steps, sizeof *work->steps, by_ends);
    size_t n = 0;
    for (size_t i = 0; i < work->n_steps; i++) {
        const mend_step *s = &work->steps[i], *next = i + 1 < work->n_steps ? s + 1 : NULL;
        if (next != NULL && same(s->from, next->to) && same(s->to, next->from)) {
            i++; /* there and back */
            continue;
        }
        if (n > 0 && ((same(work->steps[n - 1].from, s->from) && same(work->steps[n - 1].to, s->to)) ||
                      (same(work->steps[n - 1].from, s->to) && same(work->steps[n - 1].to, s->from))))
            return false;
        work->steps[n++] = *s;
    }
    work->n_steps = n;
    if (n > 1)
        qsort(work->steps, n, sizeof *work->steps, by_from);
    for (size_t i = 0; i + 1 < n; i++)
        if (same(work->steps[i].from, work->steps[i + 1].from))
            work->steps[i].branch = work->steps[i + 1].branch = true;
    return true;
}

static size_t first_from(const dk_mend_work *work, position at)
{
    size_t low = 0, high = work->n_steps;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(work->steps[middle].from, at) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether, turning from the way back towards the inside, direction p comes before q. */
static bool sooner(position at, position back, position p, position q)
{
    const int64_t sp = side(at, back, p), sq = side(at, back, q);
    /* The inside lies on the positive hand, which is the negative one of the way back. */
    if ((sp < 0) != (sq < 0))
        return sp < 0;
    return side(at, p, q) < 0;
}

/* The step that goes on from step s; n_steps: none. */
static size_t next_step(const dk_mend_work *work, size_t s)
{
    const mend_step *step = &work->steps[s];
    size_t best = work->n_steps;
    for (size_t i = first_from(work, step->to); i < work->n_steps && same(work->steps[i].from, step->to); i++)
        if (!work->steps[i].used &&
            (best == work->n_steps || sooner(step->to, step->from, work->steps[i].to, work->steps[best].to)))
            best = i;
    return best;
}

/* Adds the loop of the last n steps of the stack. */
static bool add_loop(dk_mend_work *work, const uint32_t *steps, size_t n, size_t *n_found)
{
    dk_grid_shape *loops = &work->loops;
    if (n < 3)
        return false;
    if (!dk_grow(&loops->xy, &loops->points_capacity, loops->n_points + n, 2 * sizeof *loops->xy) ||
        !dk_grow(&work->found, &work->found_capacity, *n_found + 1, sizeof *work->found))
        return false;
    mend_loop *loop = &work->found[(*n_found)++];
    *loop = (mend_loop){.part = {.start = loops->n_points, .count = n}};
    int32_t *xy = loops->xy + 2 * loops->n_points;
    loop->low = loop->high = work->steps[steps[0]].from;
    for (size_t i = 0; i < n; i++) {
        const position p = work->steps[steps[i]].from;
        xy[2 * i] = p.x, xy[2 * i + 1] = p.y;
        loop->low.x = p.x < loop->low.x ? p.x : loop->low.x;
        loop->low.y = p.y < loop->low.y ? p.y : loop->low.y;
        loop->high.x = p.x > loop->high.x ? p.x : loop->high.x;
        loop->high.y = p.y > loop->high.y ? p.y : loop->high.y;
    }
    loops->n_points += n;
    const int64_t area = dk_ring_area2(xy, n);
    loop->part.hole = area < 0;
    return area != 0;
}

/* Walks round the inside; where a point comes again, what lies between is a loop of its own. */
static bool walk(dk_mend_work *work, size_t *ret_n_found)
{
    size_t n_found = 0;
    work->loops.n_points = 0;
    if (!dk_grow(&work->stack, &work->stack_capacity, work->n_steps + 1, sizeof *work->stack))
        return false;
    for (size_t first = 0; first < work->n_steps; first++) {
        size_t top = 0;
        for (size_t s = first; !work->steps[s].used;) {
            mend_step *step = &work->steps[s];
            step->used = true;
            work->stack[top++] = (uint32_t)s;
            if (same(step->to, work->steps[first].from) && !work->steps[first].branch)
                break;
            const size_t to = first_from(work, step->to);
            if (to == work->n_steps || !same(work->steps[to].from, step->to))
                return false; /* nothing goes on from here */
            if (work->steps[to].branch) {
                size_t at = top;
                while (at > 0 && !same(work->steps[work->stack[at - 1]].from, step->to))
                    at--;
                if (at > 0) {
                    if (!add_loop(work, work->stack + at - 1, top - at + 1, &n_found))
                        return false;
                    top = at - 1;
                    if (top == 0)
                        break;
                }
            }
            s = next_step(work, s);
            if (s == work->n_steps)
                return false;
        }
        if (top > 0 && !add_loop(work, work->stack, top, &n_found))
            return false;
    }
    *ret_n_found = n_found;
    return true;
}

/* Where a position in half units lies: 1 in the ring, 0 on it, -1 outside. */
static int locate(const int32_t *ring, size_t n, int64_t x, int64_t y)
{
    int where = -1;
    for (size_t i = 0, j = n - 1; i < n; j = i++) {
        const int64_t ax = 2 * (int64_t)ring[2 * j], ay = 2 * (int64_t)ring[2 * j + 1];
        const int64_t bx = 2 * (int64_t)ring[2 * i], by = 2 * (int64_t)ring[2 * i + 1];
        if ((ay > y && by > y) || (ay < y && by < y))
            continue;
        const int64_t d = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
        if (d == 0 && (ax <= x || bx <= x) && (ax >= x || bx >= x))
            return 0;
        if ((ay > y) != (by > y) && (by > ay) == (d > 0))
            where = -where;
    }
    return where;
}

static bool boxed(const mend_loop *a, const mend_loop *b)
{
    return a->low.x >= b->low.x && a->low.y >= b->low.y && a->high.x <= b->high.x && a->high.y <= b->high.y;
}

/* Whether a lies in b. An edge lies in b, outside or on it as a whole, as the rings are cut where they touch;
 * *ret_clear becomes false when some do and others do not, which can be where a hole reached out of its exterior. */
static bool lies_in(const dk_mend_work *work, const mend_loop *a, const mend_loop *b, bool *ret_clear)
{
    if (a->low.x > b->high.x || a->high.x < b->low.x || a->low.y > b->high.y || a->high.y < b->low.y)
        return false;
    /* The larger one does not lie in the smaller; whether they are clear of each other, that one tells. */
    if (!boxed(a, b) && boxed(b, a))
        return false;
    const int32_t *xy = work->loops.xy + 2 * a->part.start, *ring = work->loops.xy + 2 * b->part.start;
    int first = 0;
    for (size_t i = 0, j = a->part.count - 1; i < a->part.count; j = i++) {
        const int64_t x = (int64_t)xy[2 * i] + xy[2 * j], y = (int64_t)xy[2 * i + 1] + xy[2 * j + 1];
        const int where = locate(ring, b->part.count, x, y);
        if (i == 0)
            first = where;
        if (where == 0 || where != first) {
            *ret_clear = false;
            return false;
        }
    }
    return first > 0;
}

static bool add_part(const dk_mend_work *work, const mend_loop *loop, dk_grid_shape *out)
{
    const size_t n = loop->part.count;
    if (!dk_grow(&out->xy, &out->points_capacity, out->n_points + n, 2 * sizeof *out->xy) ||
        !dk_grow(&out->parts, &out->parts_capacity, out->n_parts + 1, sizeof *out->parts))
        return false;
    int32_t *xy = out->xy + 2 * out->n_points;
    memcpy(xy, work->loops.xy + 2 * loop->part.start, n * 2 * sizeof *xy);
    /* Points that only touches have made are straight. Rings that touch there still do. */
    const size_t left = dk_ring_reduce(xy, n);
    out->parts[out->n_parts++] = (dk_part){.start = out->n_points, .count = left, .hole = loop->part.hole};
    out->n_points += left;
    return left >= 3;
}

/* Exteriors, each before its holes. false: loops lie in each other as no polygon's rings do. */
static bool assemble(dk_mend_work *work, size_t n_found, dk_grid_shape *out)
{
    bool clear = true;
    for (size_t i = 0; i < n_found; i++)
        for (size_t k = 0; k < n_found; k++)
            work->found[i].depth += i != k && lies_in(work, &work->found[i], &work->found[k], &clear);
    for (size_t i = 0; i < n_found; i++)
        if (!clear || (work->found[i].depth % 2 == 1) != work->found[i].part.hole)
            return false;
    for (size_t i = 0; i < n_found; i++) {
        const mend_loop *exterior = &work->found[i];
        if (exterior->part.hole)
            continue;
        if (!add_part(work, exterior, out))
            return false;
        for (size_t k = 0; k < n_found; k++) {
            const mend_loop *hole = &work->found[k];
            if (hole->part.hole && hole->depth == exterior->depth + 1 && lies_in(work, hole, exterior, &clear) &&
                !add_part(work, hole, out))
                return false;
        }
    }
    return true;
}

bool dk_rings_mend(dk_mend_work *work, int32_t *xy, const dk_part *parts, size_t n_parts, dk_grid_shape *ret_shape)
{
    size_t n = 0, n_found = 0;
    ret_shape->n_points = ret_shape->n_parts = 0;
    if (!dk_grow(&work->rings, &work->rings_capacity, n_parts + 1, sizeof *work->rings))
        return false;
    for (size_t i = 0; i < n_parts; n += parts[i++].count) {
        if (parts[i].count < 3 || parts[i].count > DK_MEND_POINTS - n)
            return false;
        int32_t *from = xy + 2 * parts[i].start;
        work->rings[i] =
            (ring_span){(position *)from, parts[i].count, (dk_ring_area2(from, parts[i].count) < 0) != parts[i].hole};
    }
    if (!dk_grow(&work->edges, &work->edges_capacity, n + 1, sizeof *work->edges))
        return false;
    return find_touches(work, n_parts, &n) && list_steps(work, n) && walk(work, &n_found) &&
           assemble(work, n_found, ret_shape);
}
