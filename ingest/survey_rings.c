#include "ingest/survey_rings.h"

#include "store/buf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRAY_POINTS 2    /* so few points of one 圈号 are no ring */
#define NEAR_METRES 1.0   /* a 点号 that comes again so near closes its ring */
#define SAME_METRES 0.002 /* coordinates are written to millimetres */
#define CLEAR_TIMES 250   /* that distance so often, half a metre, is no imprecision */
#define METRES_PER_DEGREE 111000.0
#define NEST_EDGES 200000000 /* that are looked at to find what lies in what: some seconds */
#define SAMPLES 16           /* vertices of a ring that are asked whether they lie in another */

void dk_survey_rings_finish(dk_survey_rings *rings)
{
    free(rings->rings);
    *rings = (dk_survey_rings){0};
}

static bool same_place(const dk_survey_point *a, const dk_survey_point *b)
{
    return a->x == b->x && a->y == b->y;
}

/* Behind the last of the points from start on that have its 圈号. */
static size_t circle_end(const dk_survey_point *points, size_t n, size_t start)
{
    size_t end = start + 1;
    while (end < n && points[end].circle == points[start].circle)
        end++;
    return end;
}

/* Whether all of [from, to) are of one 圈号, which *ret_circle gets, but for runs too short to be rings. */
static bool one_circle(const dk_survey_point *points, size_t from, size_t to, int32_t *ret_circle, bool *ret_stray)
{
    size_t longest = 0, at = from;
    int32_t circle = points[from].circle;
    while (at < to) {
        const size_t end = circle_end(points, to, at);
        if (end - at > longest) {
            longest = end - at;
            circle = points[at].circle;
        }
        at = end;
    }
    *ret_stray = longest < to - from;
    *ret_circle = circle;
    for (at = from; at < to; at = circle_end(points, to, at))
        if (points[at].circle != circle && circle_end(points, to, at) - at > STRAY_POINTS)
            return false;
    return true;
}

/* Behind the run of one 圈号 that starts there, over short runs of another in its middle. */
static size_t run_end(const dk_survey_point *points, size_t n, size_t start, bool *ret_stray)
{
    size_t end = circle_end(points, n, start);
    while (end < n) {
        const size_t other = circle_end(points, n, end);
        if (other - end > STRAY_POINTS || other == n || points[other].circle != points[start].circle)
            break;
        end = circle_end(points, n, other);
        *ret_stray = true;
    }
    return end;
}

static bool add_ring(dk_survey_rings *rings, size_t first, size_t n)
{
    if (!dk_grow(&rings->rings, &rings->capacity, rings->n + 1, sizeof *rings->rings))
        return false;
    rings->rings[rings->n++] = (dk_survey_ring){.first = first, .n = n, .outer = -1};
    return true;
}

typedef struct placed {
    double x, y;
    size_t point;
} placed;

static int by_place(const void *a, const void *b)
{
    const placed *one = a, *other = b;
    if (one->x != other->x)
        return one->x < other->x ? -1 : 1;
    if (one->y != other->y)
        return one->y < other->y ? -1 : 1;
    return (one->point > other->point) - (one->point < other->point);
}

/* Of each point the next at the same place, n: none; the caller frees. NULL: out of memory. Looking for it ring by ring
 * would be quadratic where nothing is closed. */
static size_t *find_returns(const dk_survey_point *points, size_t n)
{
    size_t *returns = calloc(n + 1, sizeof *returns);
    placed *order = calloc(n + 1, sizeof *order);
    if (returns != NULL && order != NULL) {
        for (size_t i = 0; i < n; i++)
            order[i] = (placed){points[i].x, points[i].y, i};
        qsort(order, n, sizeof *order, by_place);
        for (size_t i = 0; i < n; i++)
            returns[order[i].point] =
                i + 1 < n && same_place(&points[order[i].point], &points[order[i + 1].point]) ? order[i + 1].point : n;
    } else {
        free(returns);
        returns = NULL;
    }
    free(order);
    return returns;
}

/* Where the points from start on return to the first of them, three or more behind it; end or more: not before it. */
static size_t return_of(const size_t *returns, size_t start, size_t end)
{
    size_t k = start < end ? returns[start] : end;
    while (k < start + 3 && k < end)
        k = returns[k];
    return k;
}

/* Whether the point belongs to the ring behind it, which may begin or pass where another began: the 圈号 of that one,
 * which is not circle, goes on behind it. If what goes on is a ring without it, it only bears the wrong number. */
static bool is_of_next(const dk_survey_point *points, const size_t *returns, size_t n, size_t point, int32_t circle)
{
    size_t first = point;
    if (points[point].circle == circle)
        return false;
    while (first > 0 && points[first - 1].circle == points[point].circle)
        first--;
    const size_t end = circle_end(points, n, point);
    return end - first > STRAY_POINTS && return_of(returns, point + 1, end) >= end;
}

/* Whether the 点号 start anew at a point, so that it is the first of another ring that is not closed either, though it
 * lies where the one from start on began: the second 点号 comes behind it, elsewhere, and what follows is no ring
 * without it. io_end: 0, and kept for the next point. */
static bool begins_anew(const dk_survey_point *points, const char *texts, const size_t *returns, size_t n, size_t start,
                        size_t point, size_t *io_end)
{
    const char *first = texts + points[start].label, *second = texts + points[start + 1].label;
    if (point + 1 >= n || *first == '\0' || strcmp(first, second) == 0 || /* all may have one, which says nothing */
        strcmp(texts + points[point].label, first) != 0 || strcmp(texts + points[point + 1].label, second) != 0)
        return false;
    if (*io_end <= point + 1)
        *io_end = circle_end(points, n, point + 1);
    return !same_place(&points[point + 1], &points[start + 1]) && return_of(returns, point + 1, n) >= *io_end;
}

/* Where the ring that starts there closes exactly; n: nowhere. */
static size_t closing_point(const dk_survey_point *points, const char *texts, const size_t *returns, size_t n,
                            size_t start, bool *ret_stray)
{
    int32_t circle;
    size_t end = 0;
    const size_t k = return_of(returns, start, n);
    if (k == n || !one_circle(points, start, k + 1, &circle, ret_stray) || is_of_next(points, returns, n, k, circle))
        return n;
    for (size_t i = start + 3; i <= k; i++) /* the next ring may also pass there */
        if (begins_anew(points, texts, returns, n, start, i, &end))
            return n;
    return k;
}

/* Where the 点号 of the first point comes again before end; end: nowhere. */
static size_t repeated_label(const dk_survey_point *points, const char *texts, size_t start, size_t end)
{
    const char *label = texts + points[start].label;
    for (size_t k = start + 1; k < end && *label != '\0'; k++)
        if (strcmp(texts + points[k].label, label) == 0)
            return k >= start + 3 ? k : end;
    return end;
}

/* Whether the 点号 start anew at a place where the first comes again: the second comes behind it, or nothing, which is
 * told. */
static bool starts_again(const dk_survey_point *points, const char *texts, size_t start, size_t again, size_t end)
{
    return again + 1 == end || strcmp(texts + points[again + 1].label, texts + points[start + 1].label) == 0;
}

static bool split_polygon(dk_survey_rings *rings, const dk_survey_point *points, size_t n, const char *texts,
                          bool degrees)
{
    bool good = false;
    size_t *returns = find_returns(points, n);
    if (returns == NULL)
        return false;
    size_t end = 0; /* of the run of one 圈号 that was looked at last */
    int32_t circle = 0;
    for (size_t start = 0; start < n && rings->n <= DK_SURVEY_MAX_RINGS;) {
        bool stray = false;
        const size_t close = closing_point(points, texts, returns, n, start, &stray);
        if (close < n) {
            if (!add_ring(rings, start, close - start))
                goto out;
            rings->stray |= stray;
            rings->n_closing++;
            start = close + 1;
            /* The closing point written twice. */
            while (start < n && same_place(&points[start], &points[close]) &&
                   (start + 1 == n || points[start + 1].circle != points[start].circle)) {
                rings->n_closing++;
                start++;
            }
            continue;
        }
        if (start >= end || points[start].circle != circle) {
            end = run_end(points, n, start, &rings->stray);
            circle = points[start].circle;
        }
        size_t again = repeated_label(points, texts, start, end);
        const double off = again < end ? hypot(points[again].x - points[start].x, points[again].y - points[start].y) *
                                             (degrees ? METRES_PER_DEGREE : 1)
                                       : 0;
        if (off > NEAR_METRES && !starts_again(points, texts, start, again, end))
            again = end; /* a 点号 that stands there twice by mistake */
        size_t run = 0;
        const bool anew = again < end && begins_anew(points, texts, returns, n, start, again, &run);
        if (!add_ring(rings, start, again - start))
            goto out;
        start = again;
        if (again < end && off <= NEAR_METRES && !anew) {
            rings->misfit = fmax(rings->misfit, off);
            rings->n_closing++;
            start++;
        }
    }
    good = true;
out:
    free(returns);
    return good;
}

static bool split_runs(dk_survey_rings *rings, const dk_survey_point *points, size_t n, dk_survey_shape shape)
{
    for (size_t start = 0; start < n && rings->n <= DK_SURVEY_MAX_RINGS;) {
        const size_t end = shape == DK_SURVEY_LINE ? circle_end(points, n, start) : n;
        if (!add_ring(rings, start, end - start))
            return false;
        start = end;
    }
    return true;
}

/* Twice the signed area, from the ring's first point, which keeps the digits. */
static double area_of(const dk_survey_point *points, const dk_survey_ring *ring)
{
    const dk_survey_point *p = points + ring->first;
    double sum = 0;
    for (size_t i = 1; i + 1 < ring->n; i++)
        sum += (p[i].x - p->x) * (p[i + 1].y - p->y) - (p[i + 1].x - p->x) * (p[i].y - p->y);
    return fabs(sum) / 2;
}

/* Whether all points lie on one line. A ring that crosses itself may have no area either, and is another mistake. */
static bool flat(const dk_survey_point *points, const dk_survey_ring *ring, double same)
{
    const dk_survey_point *p = points + ring->first;
    double length = 0, widest = 0;
    size_t far = 0;
    for (size_t i = 1; i < ring->n; i++) {
        const double distance = hypot(p[i].x - p->x, p[i].y - p->y);
        if (distance > length) {
            length = distance;
            far = i;
        }
    }
    for (size_t i = 1; i < ring->n; i++)
        widest = fmax(widest, fabs((p[far].x - p->x) * (p[i].y - p->y) - (p[i].x - p->x) * (p[far].y - p->y)));
    return widest <= same * length;
}

typedef struct box {
    double min_x, min_y, max_x, max_y;
} box;

static box box_of(const dk_survey_point *points, const dk_survey_ring *ring)
{
    const dk_survey_point *p = points + ring->first;
    box b = {p->x, p->y, p->x, p->y};
    for (size_t i = 1; i < ring->n; i++) {
        b.min_x = fmin(b.min_x, p[i].x), b.max_x = fmax(b.max_x, p[i].x);
        b.min_y = fmin(b.min_y, p[i].y), b.max_y = fmax(b.max_y, p[i].y);
    }
    return b;
}

/* Whether (x, y) lies inside the ring, and how far from its outline: exactly, or more than clear. */
static bool point_inside(const dk_survey_point *points, const dk_survey_ring *ring, double x, double y, double clear,
                         double *ret_distance)
{
    const dk_survey_point *p = points + ring->first;
    bool inside = false;
    double nearest = INFINITY;
    for (size_t i = 0, j = ring->n - 1; i < ring->n; j = i++) {
        const double ax = p[j].x - x, ay = p[j].y - y, bx = p[i].x - x, by = p[i].y - y;
        if ((ay > 0) != (by > 0) && (ax * (by - ay) - ay * (bx - ax) > 0) == (by > ay))
            inside = !inside;
        if ((ax > clear && bx > clear) || (ax < -clear && bx < -clear) || (ay > clear && by > clear) ||
            (ay < -clear && by < -clear))
            continue;
        const double dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
        double t = length > 0 ? -(ax * dx + ay * dy) / length : 0;
        t = fmin(1, fmax(0, t));
        const double ex = ax + t * dx, ey = ay + t * dy;
        nearest = fmin(nearest, ex * ex + ey * ey);
    }
    *ret_distance = sqrt(nearest);
    return inside;
}

/* Neighbouring parts differ by millimetres along what they share: the vertex or middle of an edge that lies farthest
 * from the other's outline decides. false: none lies apart from it, so the two are one ring twice. */
static bool ring_inside(const dk_survey_point *points, const dk_survey_ring *ring, const dk_survey_ring *other,
                        double same, bool *ret_inside, int64_t *edges)
{
    const dk_survey_point *p = points + ring->first;
    const size_t step = ring->n > SAMPLES ? ring->n / SAMPLES : 1;
    double farthest = same, distance;
    bool apart = false;
    for (size_t i = 0; i < ring->n; i += step) {
        const dk_survey_point *next = &p[(i + 1) % ring->n];
        for (int middle = 0; middle < 2; middle++) {
            const double x = middle ? (p[i].x + next->x) / 2 : p[i].x, y = middle ? (p[i].y + next->y) / 2 : p[i].y;
            const bool inside = point_inside(points, other, x, y, CLEAR_TIMES * same, &distance);
            *edges += (int64_t)other->n;
            if (distance > farthest) {
                farthest = distance;
                *ret_inside = inside;
                apart = true;
                if (distance > CLEAR_TIMES * same)
                    return true;
            }
        }
    }
    return apart;
}

/* A ring with what is asked of it when it is nested. */
typedef struct nested {
    double area;
    box box;
    size_t ring, depth; /* depth: how many it lies in */
} nested;

static int by_area_then_line(const void *a, const void *b)
{
    const nested *one = a, *other = b;
    if (one->area != other->area)
        return one->area < other->area ? 1 : -1;
    return (one->ring > other->ring) - (one->ring < other->ring);
}

static bool box_inside(const box *in, const box *out, double same)
{
    return in->min_x >= out->min_x - same && in->max_x <= out->max_x + same && in->min_y >= out->min_y - same &&
           in->max_y <= out->max_y + same;
}

/* Rings of even depth are exteriors, those of odd depth holes of the smallest that they are in. The larger come first:
 * so the last before a ring that contains it is that smallest one, and its depth is known. */
static bool nest(dk_survey_rings *rings, const dk_survey_point *points, bool degrees, nested *order, char *ret_problem,
                 size_t problem_size)
{
    const double same = SAME_METRES / (degrees ? METRES_PER_DEGREE : 1);
    int64_t edges = 0;
    qsort(order, rings->n, sizeof *order, by_area_then_line);
    for (size_t i = 0; i < rings->n; i++) {
        dk_survey_ring *ring = &rings->rings[order[i].ring];
        const nested *parent = NULL;
        for (size_t j = i; j-- > 0 && parent == NULL;) {
            dk_survey_ring *other = &rings->rings[order[j].ring];
            bool inside = false;
            if (!box_inside(&order[i].box, &order[j].box, same))
                continue;
            if (!ring_inside(points, ring, other, same, &inside, &edges) &&
                order[j].area - order[i].area <= 1e-3 * order[j].area) {
                const bool first = order[i].ring < order[j].ring;
                const dk_survey_ring *a = first ? ring : other, *b = first ? other : ring;
                snprintf(ret_problem, problem_size, "the ring that starts in line %lld is the one of line %lld again",
                         (long long)points[b->first].line, (long long)points[a->first].line);
                return false;
            }
            if (inside)
                parent = &order[j];
            if (edges > NEST_EDGES) {
                snprintf(ret_problem, problem_size,
                         "its %zu rings are intertwined so much that it is not told which lies in which; give the "
                         "parcel as a shapefile, or as several parcels",
                         rings->n);
                return false;
            }
        }
        order[i].depth = parent != NULL ? parent->depth + 1 : 0;
        const bool hole = order[i].depth % 2 == 1;
        ring->outer = hole ? (int)parent->ring : -1;
        rings->area += hole ? -order[i].area : order[i].area;
    }
    return true;
}

bool dk_survey_rings_find(dk_survey_rings *rings, const dk_survey_point *points, size_t n, const char *texts,
                          dk_survey_shape shape, bool degrees, char *ret_problem, size_t problem_size, bool *ret_nomem)
{
    bool good = false;
    nested *order = NULL;
    *ret_nomem = false;
    rings->n = rings->n_closing = 0;
    rings->stray = false;
    rings->misfit = rings->area = 0;
    if (!(shape == DK_SURVEY_POLYGON ? split_polygon(rings, points, n, texts, degrees)
                                     : split_runs(rings, points, n, shape)))
        goto nomem;
    if (rings->n > DK_SURVEY_MAX_RINGS) {
        snprintf(ret_problem, problem_size, "it has more than %d rings", DK_SURVEY_MAX_RINGS);
        goto out;
    }
    for (size_t i = 0; i < rings->n; i++) {
        const dk_survey_ring *ring = &rings->rings[i];
        const size_t least = shape == DK_SURVEY_POLYGON ? 3 : shape == DK_SURVEY_LINE ? 2 : 1;
        const dk_survey_point *first = &points[ring->first];
        if (ring->n < least) {
            snprintf(
                ret_problem, problem_size,
                "line %lld, %s: its ring (圈号 %d) has %zu point%s; a row is missing, or the 圈号 or a coordinate of "
                "the rows around it is wrong",
                (long long)first->line, texts + first->label, first->circle, ring->n, ring->n == 1 ? "" : "s");
            goto out;
        }
    }
    if (shape == DK_SURVEY_POLYGON && rings->n > 0) {
        order = calloc(rings->n, sizeof *order);
        if (order == NULL)
            goto nomem;
        const double same = SAME_METRES / (degrees ? METRES_PER_DEGREE : 1);
        for (size_t i = 0; i < rings->n; i++) {
            const dk_survey_ring *ring = &rings->rings[i];
            order[i] = (nested){.area = area_of(points, ring), .box = box_of(points, ring), .ring = i};
            if (flat(points, ring, same)) {
                const dk_survey_point *first = &points[ring->first];
                snprintf(ret_problem, problem_size, "line %lld, %s: the ring that starts here encloses nothing",
                         (long long)first->line, texts + first->label);
                goto out;
            }
        }
        if (!nest(rings, points, degrees, order, ret_problem, problem_size))
            goto out;
    }
    good = true;
    goto out;
nomem:
    *ret_nomem = true;
out:
    free(order);
    return good;
}
