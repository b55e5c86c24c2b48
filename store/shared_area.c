#include "store/shared_area.h"

#include "store/area.h"
#include "store/buf.h"
#include "store/geos_time.h"

#include <stdlib.h>

enum {
    CHUNK = 8,                  /* edges that are looked for in the tree together */
    TESTS_BEFORE_CLOCK = 100000 /* half a millisecond */
};

/* Where an edge of the polygon and one of the other cross, as a place on one of them. */
typedef struct dk_crossing_of {
    size_t part, edge; /* of its ring */
    double along;      /* 0 to 1 of the edge */
    double x, y;
    bool enters; /* from here on this border is inside the other polygon */
} dk_crossing_of;

void dk_shared_work_finish(dk_shared_work *work)
{
    free(work->own);
    free(work->others);
    *work = (dk_shared_work){0};
}

static double lesser(double a, double b)
{
    return a < b ? a : b;
}

static double greater(double a, double b)
{
    return a > b ? a : b;
}

static bool boxes_meet(const double a[4], const double b[4])
{
    return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

/* Of a position in the bounds that is on no edge. */
static dk_within place_in(const dk_turned *of, const double *p)
{
    bool in = false;
    for (size_t part = 0; part < of->n_parts; part++) {
        const double *at = of->lonlat + 2 * of->parts[part].start;
        for (size_t i = 0; i + 1 < of->parts[part].count; i++, at += 2) {
            const int meets = dk_edge_meets_ray(at, p);
            if (meets < 0)
                return DK_UNCLEAR;
            in = in != (meets > 0);
        }
    }
    return in ? DK_WITHIN : DK_OUTSIDE;
}

/* Notes where an edge crosses another; false: it is not clear. */
static dk_shared cross(dk_shared_work *work, const double *a, size_t a_part, size_t a_edge, const double *b,
                       size_t b_part, size_t b_edge)
{
    const int b0 = dk_side(a, a + 2, b), b1 = dk_side(a, a + 2, b + 2);
    if (b0 != 0 && b0 == b1)
        return DK_SHARED_NONE;
    const int a0 = dk_side(b, b + 2, a), a1 = dk_side(b, b + 2, a + 2);
    if (a0 != 0 && a0 == a1)
        return DK_SHARED_NONE;
    if (b0 == 0 || b1 == 0 || a0 == 0 || a1 == 0)
        return DK_SHARED_UNCLEAR;
    if (work->n == DK_MOST_CROSSINGS)
        return DK_SHARED_MANY;
    if (!dk_grow(&work->own, &work->own_capacity, work->n + 1, sizeof *work->own) ||
        !dk_grow(&work->others, &work->others_capacity, work->n + 1, sizeof *work->others))
        return DK_SHARED_NOMEM;
    const double ax = a[2] - a[0], ay = a[3] - a[1], bx = b[2] - b[0], by = b[3] - b[1];
    const double across = ax * by - ay * bx;
    const double t = ((b[0] - a[0]) * by - (b[1] - a[1]) * bx) / across;
    const double u = ((b[0] - a[0]) * ay - (b[1] - a[1]) * ax) / across;
    if (!(t >= 0 && t <= 1 && u >= 0 && u <= 1))
        return DK_SHARED_UNCLEAR;
    const double x = a[0] + t * ax, y = a[1] + t * ay;
    work->own[work->n] = (dk_crossing_of){a_part, a_edge, t, x, y, a1 > 0};
    work->others[work->n++] = (dk_crossing_of){b_part, b_edge, u, x, y, b1 > 0};
    return DK_SHARED_PART;
}

/* Some consecutive edges of the polygon, and the runs of the other that are near them. */
typedef struct chunk {
    dk_shared_work *work;
    const double *from;
    size_t part, first, count;
    double box[4];
    dk_shared result; /* NONE, or why it stopped */
} chunk;

static bool cross_run(const dk_edge_run *run, void *user)
{
    chunk *c = user;
    dk_shared_work *work = c->work;
    const double *b = run->from;
    work->tests += c->count * run->count;
    if (work->tests > TESTS_BEFORE_CLOCK) {
        work->tests = 0;
        if (dk_geos_late()) {
            c->result = DK_SHARED_UNCLEAR;
            return false;
        }
    }
    for (size_t j = 0; j < run->count; j++, b += 2) {
        const double box[4] = {lesser(b[0], b[2]), lesser(b[1], b[3]), greater(b[0], b[2]), greater(b[1], b[3])};
        if (!boxes_meet(box, c->box))
            continue;
        const double *a = c->from;
        for (size_t i = 0; i < c->count; i++, a += 2) {
            if ((a[0] < box[0] && a[2] < box[0]) || (a[0] > box[2] && a[2] > box[2]) ||
                (a[1] < box[1] && a[3] < box[1]) || (a[1] > box[3] && a[3] > box[3]))
                continue;
            const dk_shared result = cross(work, a, c->part, c->first + i, b, run->part, run->first + j);
            if (result == DK_SHARED_NONE || result == DK_SHARED_PART)
                continue;
            c->result = result;
            return false;
        }
    }
    return true;
}

static dk_shared find_crossings(dk_shared_work *work, const dk_edge_tree *with, const dk_turned *polygon)
{
    work->n = 0;
    for (size_t p = 0; p < polygon->n_parts; p++) {
        const double *xy = polygon->lonlat + 2 * polygon->parts[p].start;
        const size_t edges = polygon->parts[p].count - 1;
        for (size_t first = 0; first < edges; first += CHUNK) {
            const double *from = xy + 2 * first;
            chunk c = {work,
                       from,
                       p,
                       first,
                       edges - first < CHUNK ? edges - first : CHUNK,
                       {from[0], from[1], from[0], from[1]},
                       DK_SHARED_NONE};
            for (size_t i = 1; i <= c.count; i++) {
                c.box[0] = lesser(c.box[0], from[2 * i]);
                c.box[1] = lesser(c.box[1], from[2 * i + 1]);
                c.box[2] = greater(c.box[2], from[2 * i]);
                c.box[3] = greater(c.box[3], from[2 * i + 1]);
            }
            if (!dk_edge_tree_near(with, c.box, cross_run, &c))
                return c.result;
        }
    }
    return work->n > 0 ? DK_SHARED_PART : DK_SHARED_NONE;
}

static int along_border(const void *a, const void *b)
{
    const dk_crossing_of *x = a, *y = b;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    if (x->edge != y->edge)
        return x->edge < y->edge ? -1 : 1;
    return (x->along > y->along) - (x->along < y->along);
}

/* The part of the sum that a stretch of a border gives. */
typedef struct stretch {
    double origin; /* longitude that is counted from */
    double at[2], sum;
} stretch;

static void go_to(stretch *s, double x, double y)
{
    s->sum += dk_edge_area_m2(s->at[0] - s->origin, s->at[1], x - s->origin, y);
    s->at[0] = x;
    s->at[1] = y;
}

/* Along a border from one crossing to the next, which lies behind it. */
static void follow(stretch *s, const dk_turned *of, const dk_crossing_of *from, const dk_crossing_of *to)
{
    const dk_part *part = &of->parts[from->part];
    const size_t edges = part->count - 1;
    s->at[0] = from->x;
    s->at[1] = from->y;
    size_t edge = from->edge;
    /* Round the ring if the next one lies before it, be it on the same edge. */
    size_t steps =
        to->edge > edge || (to->edge == edge && to->along > from->along) ? to->edge - edge : to->edge + edges - edge;
    for (; steps > 0; steps--) {
        edge = edge + 1 == edges ? 0 : edge + 1;
        const double *p = of->lonlat + 2 * (part->start + edge);
        go_to(s, p[0], p[1]);
    }
    go_to(s, to->x, to->y);
}

/* What of a border lies inside the other polygon, where they cross; false: crossings do not alternate. */
static bool sum_stretches(stretch *s, const dk_turned *of, dk_crossing_of *crossings, size_t n)
{
    if (n > 1)
        qsort(crossings, n, sizeof *crossings, along_border);
    for (size_t first = 0; first < n;) {
        size_t end = first;
        while (end < n && crossings[end].part == crossings[first].part)
            end++;
        for (size_t i = first; i < end; i++) {
            const dk_crossing_of *next = &crossings[i + 1 < end ? i + 1 : first];
            if (crossings[i].enters == next->enters)
                return false;
            if (crossings[i].enters)
                follow(s, of, &crossings[i], next);
        }
        first = end;
    }
    return true;
}

static void sum_ring(stretch *s, const dk_turned *of, size_t part)
{
    const double *p = of->lonlat + 2 * of->parts[part].start;
    s->at[0] = p[0];
    s->at[1] = p[1];
    for (size_t i = 1; i < of->parts[part].count; i++)
        go_to(s, p[2 * i], p[2 * i + 1]);
}

static bool is_crossed(const dk_crossing_of *crossings, size_t n, size_t part)
{
    size_t low = 0, high = n; /* they are sorted */
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (crossings[middle].part < part)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && crossings[low].part == part;
}

dk_shared dk_shared_area(dk_shared_work *work, const dk_edge_tree *tree, const dk_turned *polygon, double *ret_area_m2)
{
    const dk_turned *with = dk_edge_tree_outline(tree);
    if (!boxes_meet(with->bounds, polygon->bounds))
        return DK_SHARED_NONE;
    const dk_shared crossed = find_crossings(work, tree, polygon);
    if (crossed != DK_SHARED_NONE && crossed != DK_SHARED_PART)
        return crossed;
    stretch s = {.origin = polygon->lonlat[2 * polygon->parts[0].start]};
    if (!sum_stretches(&s, polygon, work->own, work->n) || !sum_stretches(&s, with, work->others, work->n))
        return DK_SHARED_UNCLEAR;
    /* Rings that are not crossed lie inside the other polygon or outside as a whole. */
    bool whole = work->n == 0, any = work->n > 0;
    for (size_t p = 0; p < polygon->n_parts; p++) {
        if (is_crossed(work->own, work->n, p))
            continue;
        const dk_within within = dk_edge_tree_position(tree, polygon->lonlat + 2 * polygon->parts[p].start);
        if (within == DK_UNCLEAR)
            return DK_SHARED_UNCLEAR;
        if (within == DK_OUTSIDE) {
            whole = false;
            continue;
        }
        any = true;
        sum_ring(&s, polygon, p);
    }
    for (size_t p = 0; p < with->n_parts; p++) {
        const double *first = with->lonlat + 2 * with->parts[p].start;
        if (first[0] < polygon->bounds[0] || first[0] > polygon->bounds[2] || first[1] < polygon->bounds[1] ||
            first[1] > polygon->bounds[3] || is_crossed(work->others, work->n, p))
            continue;
        const dk_within within = place_in(polygon, first);
        if (within == DK_UNCLEAR)
            return DK_SHARED_UNCLEAR;
        if (within == DK_OUTSIDE)
            continue;
        any = true;
        whole = false; /* a hole of the other, or the other itself, in the polygon */
        sum_ring(&s, with, p);
    }
    if (!any)
        return DK_SHARED_NONE;
    *ret_area_m2 = s.sum;
    return whole ? DK_SHARED_WHOLE : s.sum >= 0 ? DK_SHARED_PART : DK_SHARED_UNCLEAR;
}
