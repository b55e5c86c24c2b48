#include "store/apart.h"

#include "store/buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More pairs of edges than this are left to GEOS. */
#define MOST_PAIRS 1000000

typedef struct dk_apart_edge {
    double from[2], to[2];
    double box[4];
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

void dk_box_edges(const double *lonlat, const dk_part *parts, size_t n_parts, double *ret_boxes)
{
    for (size_t p = 0; p < n_parts; p++) {
        const double *at = lonlat + 2 * parts[p].start;
        const size_t edges = parts[p].count - 1;
        for (size_t first = 0; first < edges; first += DK_BOXED_EDGES, ret_boxes += 4) {
            const size_t end = edges - first < DK_BOXED_EDGES ? edges : first + DK_BOXED_EDGES;
            double west = at[2 * first], south = at[2 * first + 1], east = west, north = south;
            for (size_t i = first + 1; i <= end; i++) {
                west = at[2 * i] < west ? at[2 * i] : west;
                south = at[2 * i + 1] < south ? at[2 * i + 1] : south;
                east = at[2 * i] > east ? at[2 * i] : east;
                north = at[2 * i + 1] > north ? at[2 * i + 1] : north;
            }
            ret_boxes[0] = west, ret_boxes[1] = south, ret_boxes[2] = east, ret_boxes[3] = north;
        }
    }
}

static bool meet(const double a[4], const double b[4])
{
    return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

/* Those of consecutive edges whose boxes meet a box. */
static bool gather_run(dk_apart_work *work, int which, const double *at, size_t count, const double box[4])
{
    for (size_t i = 0; i < count; i++, at += 2) {
        const double west = at[0] < at[2] ? at[0] : at[2], east = at[0] < at[2] ? at[2] : at[0];
        const double south = at[1] < at[3] ? at[1] : at[3], north = at[1] < at[3] ? at[3] : at[1];
        if (east < box[0] || west > box[2] || north < box[1] || south > box[3])
            continue;
        if (!dk_grow(&work->edges[which], &work->capacity[which], work->n[which] + 1, sizeof *work->edges[which]))
            return false;
        work->edges[which][work->n[which]++] =
            (dk_apart_edge){{at[0], at[1]}, {at[2], at[3]}, {west, south, east, north}, false, false};
    }
    return true;
}

/* The edges of a whose boxes meet a box. */
static bool gather(dk_apart_work *work, int which, const dk_turned *of, const double box[4])
{
    const double *boxes = of->boxes;
    work->n[which] = 0;
    for (size_t p = 0; p < of->n_parts; p++) {
        const double *at = of->lonlat + 2 * of->parts[p].start;
        const size_t edges = of->parts[p].count - 1, step = boxes != NULL ? DK_BOXED_EDGES : edges;
        for (size_t first = 0; first < edges; first += step, boxes += boxes != NULL ? 4 : 0)
            if ((boxes == NULL || meet(boxes, box)) &&
                !gather_run(work, which, at + 2 * first, edges - first < step ? edges - first : step, box))
                return false;
    }
    return true;
}

/* The bound is that of J. R. Shewchuk's first test, ccwerrboundA, doubled. */
int dk_side(const double *a, const double *b, const double *p)
{
    const double left = (a[0] - p[0]) * (b[1] - p[1]), right = (a[1] - p[1]) * (b[0] - p[0]);
    const double sum = fabs(left) + fabs(right), determinant = left - right;
    return determinant > 7e-16 * sum ? 1 : determinant < -7e-16 * sum ? -1 : 0;
}

static bool same(const double a[2], const double b[2])
{
    return a[0] == b[0] && a[1] == b[1];
}

/* Whether two edges have nothing in common but, perhaps, an end of both. */
static bool edges_apart(dk_apart_edge *a, dk_apart_edge *b)
{
    const bool head_tail = same(a->to, b->from), tail_head = same(a->from, b->to);
    const bool heads = same(a->to, b->to), tails = same(a->from, b->from);
    if (head_tail && tail_head) {
        a->shared = b->shared = true; /* a border: one on either side */
        return true;
    }
    if (heads && tails)
        return false; /* both on the same side */
    if (head_tail || tail_head || heads || tails) {
        a->touched = b->touched = true;
        /* They may lie one on the other only if the free end of one is on the line of the other. */
        return dk_side(a->from, a->to, head_tail || tails ? b->to : b->from) != 0;
    }
    const int b0 = dk_side(a->from, a->to, b->from), b1 = dk_side(a->from, a->to, b->to);
    if (b0 != 0 && b0 == b1)
        return true;
    const int a0 = dk_side(b->from, b->to, a->from), a1 = dk_side(b->from, b->to, a->to);
    return a0 != 0 && a0 == a1;
}

bool dk_turned_holds(const dk_turned *of, const double *p)
{
    bool in = false; /* even-odd */
    const double *boxes = of->boxes;
    if (p[0] < of->bounds[0] || p[0] > of->bounds[2] || p[1] < of->bounds[1] || p[1] > of->bounds[3])
        return false;
    for (size_t part = 0; part < of->n_parts; part++) {
        const double *ring = of->lonlat + 2 * of->parts[part].start;
        const size_t edges = of->parts[part].count - 1, step = boxes != NULL ? DK_BOXED_EDGES : edges;
        for (size_t first = 0; first < edges; first += step, boxes += boxes != NULL ? 4 : 0) {
            if (boxes != NULL && (boxes[1] > p[1] || boxes[3] < p[1] || boxes[2] < p[0]))
                continue;
            const double *at = ring + 2 * first;
            for (size_t i = edges - first < step ? edges - first : step; i > 0; i--, at += 2)
                if ((at[1] > p[1]) != (at[3] > p[1]) &&
                    p[0] < at[0] + (at[2] - at[0]) * ((p[1] - at[1]) / (at[3] - at[1])))
                    in = !in;
        }
    }
    return in;
}

/* Where the borders do not cross, a stretch of one between two places where they touch is inside the other or outside
 * as a whole; its first edge tells. */
static bool stretches_outside(const dk_apart_work *work, int which, const dk_turned *other)
{
    for (size_t i = 0; i < work->n[which]; i++) {
        const dk_apart_edge *edge = &work->edges[which][i];
        const double middle[2] = {(edge->from[0] + edge->to[0]) / 2, (edge->from[1] + edge->to[1]) / 2};
        if (edge->touched && !edge->shared && dk_turned_holds(other, middle))
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
        const double middle[2] = {(xy[0] + xy[2]) / 2, (xy[1] + xy[3]) / 2};
        if (within && dk_turned_holds(other, middle))
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
        for (size_t j = 0; j < work->n[1]; j++) {
            dk_apart_edge *other = &work->edges[1][j];
            if (other->box[2] < one->box[0] || other->box[0] > one->box[2] || other->box[3] < one->box[1] ||
                other->box[1] > one->box[3])
                continue;
            if (!edges_apart(one, other))
                return false;
        }
    }
    return stretches_outside(work, 0, b) && stretches_outside(work, 1, a) && rings_outside(a, b, box) &&
           rings_outside(b, a, box);
}
