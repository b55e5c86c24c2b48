#include "store/shared_area.h"

#include "store/area.h"
#include "store/buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where an edge of the polygon and one of the other cross, as a place on one of them. */
typedef struct dk_crossing_of {
    size_t part, edge; /* of its ring */
    double along;      /* 0 to 1 of the edge */
    double x, y;
    bool enters; /* from here on this border is inside the other polygon */
} dk_crossing_of;

void dk_runs_finish(dk_runs *runs)
{
    free(runs->runs);
    *runs = (dk_runs){0};
}

bool dk_runs_make(const dk_turned *outline, dk_runs *ret_runs)
{
    dk_runs runs = {.outline = *outline};
    for (size_t p = 0; p < outline->n_parts; p++) {
        const double *xy = outline->lonlat + 2 * outline->parts[p].start;
        const size_t edges = outline->parts[p].count - 1;
        for (size_t first = 0; first < edges; first += DK_RUN_EDGES) {
            struct dk_run run = {{xy[2 * first], xy[2 * first + 1], xy[2 * first], xy[2 * first + 1]}, p, first, 0};
            run.count = edges - first < DK_RUN_EDGES ? edges - first : DK_RUN_EDGES;
            for (size_t i = first + 1; i <= first + run.count; i++) {
                run.box[0] = fmin(run.box[0], xy[2 * i]);
                run.box[1] = fmin(run.box[1], xy[2 * i + 1]);
                run.box[2] = fmax(run.box[2], xy[2 * i]);
                run.box[3] = fmax(run.box[3], xy[2 * i + 1]);
            }
            if (!dk_grow(&runs.runs, &runs.capacity, runs.n + 1, sizeof *runs.runs)) {
                dk_runs_finish(&runs);
                return false;
            }
            runs.runs[runs.n++] = run;
        }
    }
    *ret_runs = runs;
    return true;
}

void dk_shared_work_finish(dk_shared_work *work)
{
    free(work->own);
    free(work->others);
    *work = (dk_shared_work){0};
}

static bool boxes_meet(const double a[4], const double b[4])
{
    return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

/* Whether a position that is on no edge is inside, by the edges that a ray to the east meets. */
static bool inside_runs(const dk_runs *of, const double *p)
{
    bool in = false;
    for (size_t r = 0; r < of->n; r++) {
        const struct dk_run *run = &of->runs[r];
        if (run->box[1] > p[1] || run->box[3] < p[1] || run->box[2] < p[0])
            continue;
        const double *at = of->outline.lonlat + 2 * (of->outline.parts[run->part].start + run->first);
        for (size_t i = 0; i < run->count; i++, at += 2)
            if ((at[1] > p[1]) != (at[3] > p[1]) && p[0] < at[0] + (at[2] - at[0]) * ((p[1] - at[1]) / (at[3] - at[1])))
                in = !in;
    }
    return in;
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

static dk_shared find_crossings(dk_shared_work *work, const dk_runs *with, const dk_turned *polygon)
{
    work->n = 0;
    for (size_t r = 0; r < with->n; r++) {
        const struct dk_run *run = &with->runs[r];
        if (!boxes_meet(run->box, polygon->bounds))
            continue;
        for (size_t p = 0; p < polygon->n_parts; p++) {
            const double *a = polygon->lonlat + 2 * polygon->parts[p].start;
            for (size_t i = 0; i + 1 < polygon->parts[p].count; i++, a += 2) {
                const double box[4] = {fmin(a[0], a[2]), fmin(a[1], a[3]), fmax(a[0], a[2]), fmax(a[1], a[3])};
                if (!boxes_meet(box, run->box))
                    continue;
                const double *b = with->outline.lonlat + 2 * (with->outline.parts[run->part].start + run->first);
                for (size_t j = 0; j < run->count; j++, b += 2) {
                    if (fmin(b[0], b[2]) > box[2] || fmax(b[0], b[2]) < box[0] || fmin(b[1], b[3]) > box[3] ||
                        fmax(b[1], b[3]) < box[1])
                        continue;
                    const dk_shared result = cross(work, a, p, i, b, run->part, run->first + j);
                    if (result == DK_SHARED_UNCLEAR || result == DK_SHARED_NOMEM)
                        return result;
                }
            }
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

dk_shared dk_shared_area(dk_shared_work *work, const dk_runs *with, const dk_turned *polygon, double *ret_area_m2)
{
    if (!boxes_meet(with->outline.bounds, polygon->bounds))
        return DK_SHARED_NONE;
    const dk_shared crossed = find_crossings(work, with, polygon);
    if (crossed == DK_SHARED_UNCLEAR || crossed == DK_SHARED_NOMEM)
        return crossed;
    stretch s = {.origin = polygon->lonlat[2 * polygon->parts[0].start]};
    if (!sum_stretches(&s, polygon, work->own, work->n) || !sum_stretches(&s, &with->outline, work->others, work->n))
        return DK_SHARED_UNCLEAR;
    /* Rings that are not crossed lie inside the other polygon or outside as a whole. */
    bool whole = work->n == 0, any = work->n > 0;
    for (size_t p = 0; p < polygon->n_parts; p++) {
        if (is_crossed(work->own, work->n, p))
            continue;
        if (!inside_runs(with, polygon->lonlat + 2 * polygon->parts[p].start)) {
            whole = false;
            continue;
        }
        any = true;
        sum_ring(&s, polygon, p);
    }
    for (size_t p = 0; p < with->outline.n_parts; p++) {
        const double *first = with->outline.lonlat + 2 * with->outline.parts[p].start;
        if (!dk_turned_holds(polygon, first) || is_crossed(work->others, work->n, p))
            continue;
        any = true;
        whole = false; /* a hole of the other, or the other itself, in the polygon */
        sum_ring(&s, &with->outline, p);
    }
    if (!any)
        return DK_SHARED_NONE;
    *ret_area_m2 = s.sum;
    return whole ? DK_SHARED_WHOLE : s.sum >= 0 ? DK_SHARED_PART : DK_SHARED_UNCLEAR;
}
