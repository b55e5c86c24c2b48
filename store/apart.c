#include "store/apart.h"

#include "store/buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More pairs of edges than this are left to GEOS. */
#define MOST_PAIRS 1000000

typedef struct dk_apart_edge {
    double x0, y0, x1, y1;
    bool shared, touched; /* the other has the same edge; or a vertex at one of its ends */
} dk_apart_edge;

static double ring_area2(const double *xy, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < n; i++)
        sum += (xy[2 * i] - xy[0]) * (xy[2 * i + 3] - xy[1]) - (xy[2 * i + 2] - xy[0]) * (xy[2 * i + 1] - xy[1]);
    return sum;
}

void dk_turn_rings(double *lonlat, const dk_part *parts, size_t n_parts)
{
    for (size_t p = 0; p < n_parts; p++) {
        double *xy = lonlat + 2 * parts[p].start;
        if ((ring_area2(xy, parts[p].count) < 0) == parts[p].hole)
            continue;
        for (size_t i = 0, j = parts[p].count - 1; i < j; i++, j--) {
            const double x = xy[2 * i], y = xy[2 * i + 1];
            xy[2 * i] = xy[2 * j];
            xy[2 * i + 1] = xy[2 * j + 1];
            xy[2 * j] = x;
            xy[2 * j + 1] = y;
        }
    }
}

void dk_apart_work_finish(dk_apart_work *work)
{
    free(work->edges[0]);
    free(work->edges[1]);
    *work = (dk_apart_work){0};
}

/* The edges of a whose boxes meet a box. */
static bool gather(dk_apart_work *work, int which, const dk_turned *of, const double box[4])
{
    work->n[which] = 0;
    for (size_t p = 0; p < of->n_parts; p++) {
        const double *at = of->lonlat + 2 * of->parts[p].start;
        for (size_t i = 0; i + 1 < of->parts[p].count; i++, at += 2) {
            if (fmax(at[0], at[2]) < box[0] || fmin(at[0], at[2]) > box[2] || fmax(at[1], at[3]) < box[1] ||
                fmin(at[1], at[3]) > box[3])
                continue;
            if (!dk_grow(&work->edges[which], &work->capacity[which], work->n[which] + 1, sizeof *work->edges[which]))
                return false;
            work->edges[which][work->n[which]++] = (dk_apart_edge){at[0], at[1], at[2], at[3], false, false};
        }
    }
    return true;
}

/* On which side of the line from (ax, ay) to (bx, by) a position lies: 1 left, -1 right, 0 on it or not to be told. The
 * bound is that of J. R. Shewchuk's first test, ccwerrboundA, doubled. */
static int side(double ax, double ay, double bx, double by, double x, double y)
{
    const double left = (ax - x) * (by - y), right = (ay - y) * (bx - x);
    const double sum = fabs(left) + fabs(right), determinant = left - right;
    return determinant > 7e-16 * sum ? 1 : determinant < -7e-16 * sum ? -1 : 0;
}

/* Whether two edges have nothing in common but, perhaps, an end of both. */
static bool edges_apart(dk_apart_edge *a, dk_apart_edge *b)
{
    const bool head_tail = a->x1 == b->x0 && a->y1 == b->y0, tail_head = a->x0 == b->x1 && a->y0 == b->y1;
    const bool heads = a->x1 == b->x1 && a->y1 == b->y1, tails = a->x0 == b->x0 && a->y0 == b->y0;
    if (head_tail && tail_head) {
        a->shared = b->shared = true; /* a border: one on either side */
        return true;
    }
    if (heads && tails)
        return false; /* both on the same side */
    if (head_tail || tail_head || heads || tails) {
        a->touched = b->touched = true;
        /* They may lie one on the other only if the free end of one is on the line of the other. */
        const double x = head_tail || tails ? b->x1 : b->x0, y = head_tail || tails ? b->y1 : b->y0;
        return side(a->x0, a->y0, a->x1, a->y1, x, y) != 0;
    }
    const int b0 = side(a->x0, a->y0, a->x1, a->y1, b->x0, b->y0), b1 = side(a->x0, a->y0, a->x1, a->y1, b->x1, b->y1);
    if (b0 != 0 && b0 == b1)
        return true;
    const int a0 = side(b->x0, b->y0, b->x1, b->y1, a->x0, a->y0), a1 = side(b->x0, b->y0, b->x1, b->y1, a->x1, a->y1);
    return a0 != 0 && a0 == a1;
}

/* Even-odd, for a position that is on no edge. */
static bool inside(const dk_turned *of, double x, double y)
{
    bool in = false;
    if (x < of->bounds[0] || x > of->bounds[2] || y < of->bounds[1] || y > of->bounds[3])
        return false;
    for (size_t p = 0; p < of->n_parts; p++) {
        const double *at = of->lonlat + 2 * of->parts[p].start;
        for (size_t i = 0; i + 1 < of->parts[p].count; i++, at += 2)
            if ((at[1] > y) != (at[3] > y) && x < at[0] + (at[2] - at[0]) * ((y - at[1]) / (at[3] - at[1])))
                in = !in;
    }
    return in;
}

/* Where the borders do not cross, a stretch of one between two places where they touch is inside the other or outside
 * as a whole; its first edge tells. */
static bool stretches_outside(const dk_apart_work *work, int which, const dk_turned *other)
{
    for (size_t i = 0; i < work->n[which]; i++) {
        const dk_apart_edge *edge = &work->edges[which][i];
        if (edge->touched && !edge->shared && inside(other, (edge->x0 + edge->x1) / 2, (edge->y0 + edge->y1) / 2))
            return false;
    }
    return true;
}

/* A ring that touches nothing is inside the other or outside as a whole. Of one that does, the first position is as
 * good as any: on the border it may be taken for inside, and then GEOS decides. */
static bool rings_outside(const dk_turned *of, const dk_turned *other, const double box[4])
{
    for (size_t p = 0; p < of->n_parts; p++) {
        const double *xy = of->lonlat + 2 * of->parts[p].start;
        bool within = true;
        for (size_t i = 0; within && i < of->parts[p].count; i++)
            within = xy[2 * i] >= box[0] && xy[2 * i] <= box[2] && xy[2 * i + 1] >= box[1] && xy[2 * i + 1] <= box[3];
        if (within && inside(other, (xy[0] + xy[2]) / 2, (xy[1] + xy[3]) / 2))
            return false;
    }
    return true;
}

bool dk_polygons_apart(dk_apart_work *work, const dk_turned *a, const dk_turned *b)
{
    const double box[4] = {fmax(a->bounds[0], b->bounds[0]), fmax(a->bounds[1], b->bounds[1]),
                           fmin(a->bounds[2], b->bounds[2]), fmin(a->bounds[3], b->bounds[3])};
    if (box[0] >= box[2] || box[1] >= box[3])
        return true;
    if (!gather(work, 0, a, box) || !gather(work, 1, b, box) ||
        (work->n[0] > 0 && work->n[1] > MOST_PAIRS / work->n[0]))
        return false;
    for (size_t i = 0; i < work->n[0]; i++) {
        dk_apart_edge *one = &work->edges[0][i];
        const double west = fmin(one->x0, one->x1), east = fmax(one->x0, one->x1);
        const double south = fmin(one->y0, one->y1), north = fmax(one->y0, one->y1);
        for (size_t j = 0; j < work->n[1]; j++) {
            dk_apart_edge *other = &work->edges[1][j];
            if (fmax(other->x0, other->x1) < west || fmin(other->x0, other->x1) > east ||
                fmax(other->y0, other->y1) < south || fmin(other->y0, other->y1) > north)
                continue;
            if (!edges_apart(one, other))
                return false;
        }
    }
    return stretches_outside(work, 0, b) && stretches_outside(work, 1, a) && rings_outside(a, b, box) &&
           rings_outside(b, a, box);
}
