#include "ingest/rings.h"

#include <math.h>
#include <stdlib.h>

#define SAME 0.002 /* metres: borders that are drawn twice differ by so much */
#define METRES_OF_DEGREE 111320.0

double dk_metre_at(const double xy[2])
{
    const bool lon_first = xy[0] >= 73 && xy[0] <= 136 && xy[1] >= 3 && xy[1] <= 54,
               lat_first = xy[1] >= 73 && xy[1] <= 136 && xy[0] >= 3 && xy[0] <= 54;
    return lon_first || lat_first ? 1 / METRES_OF_DEGREE : 1;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Where the outline crosses a horizontal, sorted, relative to the first vertex. */
static size_t crossings(const dk_ring *ring, double y, double *out)
{
    const double x0 = ring->xy[0];
    size_t n = 0;
    for (size_t i = 0, j = ring->n - 1; i < ring->n; j = i++) {
        const double ay = ring->xy[2 * j + 1], by = ring->xy[2 * i + 1];
        if ((ay > y) != (by > y)) {
            const double ax = ring->xy[2 * j] - x0, bx = ring->xy[2 * i] - x0;
            out[n++] = ax + (bx - ax) * ((y - ay) / (by - ay));
        }
    }
    qsort(out, n, sizeof *out, ascending);
    return n;
}

/* The middle of the widest stretch inside, on a horizontal between two neighbouring heights of vertices. */
static bool place_inside(dk_ring *ring, dk_buf *scratch)
{
    const double middle = (ring->min_y + ring->max_y) / 2;
    double above = ring->max_y, below = ring->min_y, widest = 0;
    dk_buf_clear(scratch);
    double *xs = (double *)(void *)dk_buf_reserve(scratch, ring->n * sizeof *xs);
    if (xs == NULL)
        return false;
    for (size_t i = 0; i < ring->n; i++) {
        const double y = ring->xy[2 * i + 1];
        if (y > middle && y < above)
            above = y;
        if (y <= middle && y > below)
            below = y;
    }
    const double at = (above + below) / 2;
    const size_t n = crossings(ring, at, xs);
    for (size_t i = 0; i + 1 < n; i += 2)
        if (xs[i + 1] - xs[i] > widest) {
            widest = xs[i + 1] - xs[i];
            ring->inside_x = ring->xy[0] + (xs[i] + xs[i + 1]) / 2;
            ring->inside_y = at;
        }
    return widest > 0;
}

bool dk_ring_measure(dk_ring *ring, dk_buf *scratch)
{
    if (ring->n < 3)
        return false;
    const double *p = ring->xy;
    double sum = 0;
    ring->min_x = ring->max_x = p[0];
    ring->min_y = ring->max_y = p[1];
    for (size_t i = 1; i < ring->n; i++) {
        const double *a = p + 2 * i;
        ring->min_x = fmin(ring->min_x, a[0]), ring->max_x = fmax(ring->max_x, a[0]);
        ring->min_y = fmin(ring->min_y, a[1]), ring->max_y = fmax(ring->max_y, a[1]);
        if (i + 1 < ring->n) /* from the first vertex, which keeps the digits */
            sum += (a[0] - p[0]) * (a[3] - p[1]) - (a[2] - p[0]) * (a[1] - p[1]);
    }
    ring->area = fabs(sum) / 2;
    return ring->area > 0 && isfinite(ring->area) && place_inside(ring, scratch);
}

bool dk_ring_holds(const dk_ring *ring, double x, double y)
{
    bool inside = false;
    if (x < ring->min_x || x > ring->max_x || y < ring->min_y || y > ring->max_y)
        return false;
    for (size_t i = 0, j = ring->n - 1; i < ring->n; j = i++) {
        const double ax = ring->xy[2 * j] - x, ay = ring->xy[2 * j + 1] - y;
        const double bx = ring->xy[2 * i] - x, by = ring->xy[2 * i + 1] - y;
        if ((ay > 0) != (by > 0) && (ax * (by - ay) - ay * (bx - ax) > 0) == (by > ay))
            inside = !inside;
    }
    return inside;
}

double dk_ring_distance2(const dk_ring *ring, double x, double y)
{
    double nearest = INFINITY;
    for (size_t i = 0, j = ring->n - 1; i < ring->n; j = i++) {
        const double ax = ring->xy[2 * j] - x, ay = ring->xy[2 * j + 1] - y;
        const double dx = ring->xy[2 * i] - x - ax, dy = ring->xy[2 * i + 1] - y - ay, length = dx * dx + dy * dy;
        const double t = length > 0 ? fmin(1, fmax(0, -(ax * dx + ay * dy) / length)) : 0;
        const double ex = ax + t * dx, ey = ay + t * dy;
        nearest = fmin(nearest, ex * ex + ey * ey);
    }
    return nearest;
}

/* ---- index: by their western edges, with a tree of the easternmost of each stretch of them ---- */

struct dk_ring_index {
    const dk_ring *rings;
    size_t n, leaves; /* leaves: the power of two from n on */
    size_t *order;
    double *east; /* 2 * leaves; node i has the children 2i and 2i + 1 */
};

typedef struct western {
    double min_x;
    size_t ring;
} western;

static int by_west(const void *a, const void *b)
{
    return ascending(&((const western *)a)->min_x, &((const western *)b)->min_x);
}

dk_ring_index *dk_ring_index_create(const dk_ring *rings, size_t n)
{
    dk_ring_index *index = calloc(1, sizeof *index);
    western *sorted = calloc(n + 1, sizeof *sorted);
    if (index == NULL || sorted == NULL)
        goto failed;
    index->rings = rings;
    index->n = n;
    index->leaves = 1;
    while (index->leaves < n)
        index->leaves *= 2;
    index->order = calloc(n + 1, sizeof *index->order);
    index->east = calloc(2 * index->leaves, sizeof *index->east);
    if (index->order == NULL || index->east == NULL)
        goto failed;
    for (size_t i = 0; i < n; i++)
        sorted[i] = (western){rings[i].min_x, i};
    qsort(sorted, n, sizeof *sorted, by_west);
    for (size_t i = 0; i < index->leaves; i++) {
        if (i < n)
            index->order[i] = sorted[i].ring;
        index->east[index->leaves + i] = i < n ? rings[sorted[i].ring].max_x : -INFINITY;
    }
    for (size_t i = index->leaves; i-- > 1;)
        index->east[i] = fmax(index->east[2 * i], index->east[2 * i + 1]);
    free(sorted);
    return index;
failed:
    free(sorted);
    dk_ring_index_free(index);
    return NULL;
}

void dk_ring_index_free(dk_ring_index *index)
{
    if (index == NULL)
        return;
    free(index->order);
    free(index->east);
    free(index);
}

/* The leaves from `from` on, size of them, under the node. As deep as the logarithm of n. */
static void descend(const dk_ring_index *index, size_t node, size_t from, size_t size, double x, double y,
                    void (*each)(size_t ring, void *user), void *user)
{
    if (from >= index->n || index->east[node] < x || index->rings[index->order[from]].min_x > x)
        return;
    if (size == 1) {
        const size_t ring = index->order[from];
        if (dk_ring_holds(&index->rings[ring], x, y))
            each(ring, user);
        return;
    }
    descend(index, 2 * node, from, size / 2, x, y, each, user);
    descend(index, 2 * node + 1, from + size / 2, size / 2, x, y, each, user);
}

void dk_ring_index_at(const dk_ring_index *index, double x, double y, void (*each)(size_t ring, void *user), void *user)
{
    descend(index, 1, 0, index->leaves, x, y, each, user);
}

/* ---- nesting ---- */

typedef struct nesting {
    const dk_ring *rings;
    size_t ring;
    int outer;
} nesting;

static void found_around(size_t other, void *user)
{
    nesting *self = user;
    const dk_ring *in = &self->rings[self->ring], *out = &self->rings[other];
    const double same = SAME * dk_metre_at(in->xy);
    if (other == self->ring || out->area <= in->area || in->min_x < out->min_x - same ||
        in->max_x > out->max_x + same || in->min_y < out->min_y - same || in->max_y > out->max_y + same)
        return;
    if (self->outer < 0 || out->area < self->rings[self->outer].area)
        self->outer = (int)other;
}

bool dk_ring_nest(const dk_ring *rings, size_t n, int *ret_outer, int *ret_depth)
{
    dk_ring_index *index = dk_ring_index_create(rings, n);
    if (index == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        nesting at = {.rings = rings, .ring = i, .outer = -1};
        dk_ring_index_at(index, rings[i].inside_x, rings[i].inside_y, found_around, &at);
        ret_outer[i] = at.outer;
        ret_depth[i] = -1;
    }
    dk_ring_index_free(index);
    for (size_t i = 0; i < n;
         i++) { /* outwards to one that is known, which ends, as areas grow; then the same way again */
        int known = (int)i, steps = 0;
        while (known >= 0 && ret_depth[known] < 0) {
            known = ret_outer[known];
            steps++;
        }
        const int base = known < 0 ? -1 : ret_depth[known];
        for (int at = (int)i; at != known; at = ret_outer[at])
            ret_depth[at] = base + steps--;
    }
    return true;
}
