#include "store/clip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void dk_parts_init(dk_parts *parts)
{
    memset(parts, 0, sizeof *parts);
}

void dk_parts_finish(dk_parts *parts)
{
    free(parts->xy);
    free(parts->parts);
    free(parts->work);
    memset(parts, 0, sizeof *parts);
}

void dk_parts_clear(dk_parts *parts)
{
    parts->n_points = parts->n_parts = 0;
}

static bool grow(void **memory, size_t *capacity, size_t need, size_t item)
{
    if (need <= *capacity)
        return true;
    size_t larger = *capacity > 0 ? *capacity : 64;
    while (larger < need) {
        if (larger > SIZE_MAX / 4 / item)
            return false;
        larger *= 2;
    }
    void *moved = realloc(*memory, larger * item);
    if (moved == NULL)
        return false;
    *memory = moved;
    *capacity = larger;
    return true;
}

bool dk_parts_reserve(dk_parts *parts, size_t n)
{
    return grow((void **)&parts->xy, &parts->points_capacity, parts->n_points + n, 2 * sizeof(double)) &&
           grow((void **)&parts->parts, &parts->parts_capacity, parts->n_parts + 1, sizeof(dk_part));
}

void dk_parts_close(dk_parts *parts, size_t start, bool hole)
{
    parts->parts[parts->n_parts++] = (dk_part){start, parts->n_points - start, hole};
}

typedef struct extent {
    double x0, y0, x1, y1;
} extent;

static extent extent_of(const double *xy, size_t n)
{
    extent e = {xy[0], xy[1], xy[0], xy[1]};
    for (size_t i = 1; i < n; i++) {
        e.x0 = fmin(e.x0, xy[2 * i]);
        e.x1 = fmax(e.x1, xy[2 * i]);
        e.y0 = fmin(e.y0, xy[2 * i + 1]);
        e.y1 = fmax(e.y1, xy[2 * i + 1]);
    }
    return e;
}

/* Keeps what lies on the inner side of one line: coordinate `axis` times sign at most bound times sign. Returns the
 * number of positions written, at most 3 n / 2: of two edges that cross, one leads outside and loses its end. */
static size_t clip_half(const double *in, size_t n, int axis, double bound, double sign, double *out)
{
    if (n == 0)
        return 0;
    size_t written = 0;
    const double *a = in + 2 * (n - 1);
    bool a_inside = a[axis] * sign <= bound * sign;
    for (size_t i = 0; i < n; i++) {
        const double *b = in + 2 * i;
        const bool b_inside = b[axis] * sign <= bound * sign;
        if (a_inside != b_inside) {
            /* Computed from the inner end in both directions of travel, so that neighbours get the same point. */
            const double *from = a_inside ? a : b, *to = a_inside ? b : a;
            const double t = (bound - from[axis]) / (to[axis] - from[axis]);
            out[2 * written + axis] = bound;
            out[2 * written + 1 - axis] = from[1 - axis] + t * (to[1 - axis] - from[1 - axis]);
            written++;
        }
        if (b_inside) {
            out[2 * written] = b[0];
            out[2 * written + 1] = b[1];
            written++;
        }
        a = b;
        a_inside = b_inside;
    }
    return written;
}

bool dk_clip_ring(const double *xy, size_t n, bool hole, const dk_square *square, dk_parts *out)
{
    if (n < 3)
        return true;
    const extent e = extent_of(xy, n);
    if (e.x1 < square->low || e.x0 > square->high || e.y1 < square->low || e.y0 > square->high)
        return true;
    const size_t start = out->n_points;
    if (e.x0 >= square->low && e.x1 <= square->high && e.y0 >= square->low && e.y1 <= square->high) {
        if (!dk_parts_reserve(out, n))
            return false;
        memcpy(out->xy + 2 * start, xy, n * 2 * sizeof(double));
        out->n_points += n;
        dk_parts_close(out, start, hole);
        return true;
    }
    /* A pass writes at most one and a half positions per position read, and 1.5^4 is 5.06. */
    if (n > SIZE_MAX / 64)
        return false;
    const size_t room = n * 6 + 16;
    if (!dk_parts_reserve(out, room) || !grow((void **)&out->work, &out->work_capacity, room, 2 * sizeof(double)))
        return false;
    double *const result = out->xy + 2 * start;
    size_t m = clip_half(xy, n, 0, square->low, -1, out->work);
    m = clip_half(out->work, m, 0, square->high, 1, result);
    m = clip_half(result, m, 1, square->low, -1, out->work);
    m = clip_half(out->work, m, 1, square->high, 1, result);
    if (m >= 3) {
        out->n_points += m;
        dk_parts_close(out, start, hole);
    }
    return true;
}

/* Liang and Barsky: the part [t0, t1] of a segment inside, false if there is none. */
static bool clip_segment(const double *a, const double *b, const dk_square *square, double *ret_t0, double *ret_t1)
{
    double t0 = 0, t1 = 1;
    for (int axis = 0; axis < 2; axis++) {
        const double d = b[axis] - a[axis];
        const double to_low = square->low - a[axis], to_high = square->high - a[axis];
        if (d == 0) {
            if (to_low > 0 || to_high < 0)
                return false;
            continue;
        }
        const double enter = d > 0 ? to_low / d : to_high / d, leave = d > 0 ? to_high / d : to_low / d;
        t0 = fmax(t0, enter);
        t1 = fmin(t1, leave);
        if (t0 > t1)
            return false;
    }
    *ret_t0 = t0;
    *ret_t1 = t1;
    return true;
}

bool dk_clip_line(const double *xy, size_t n, const dk_square *square, dk_parts *out)
{
    size_t start = out->n_points;
    for (size_t i = 0; i + 1 < n; i++) {
        const double *a = xy + 2 * i, *b = a + 2;
        double t0, t1;
        if (!dk_parts_reserve(out, 2))
            return false;
        const bool inside = clip_segment(a, b, square, &t0, &t1);
        if (inside && (out->n_points == start || t0 > 0)) {
            if (out->n_points > start)
                dk_parts_close(out, start, false);
            start = out->n_points;
            if (!dk_parts_reserve(out, 2))
                return false;
            double *at = out->xy + 2 * out->n_points++;
            at[0] = a[0] + t0 * (b[0] - a[0]);
            at[1] = a[1] + t0 * (b[1] - a[1]);
        }
        if (inside) {
            double *at = out->xy + 2 * out->n_points++;
            at[0] = t1 < 1 ? a[0] + t1 * (b[0] - a[0]) : b[0];
            at[1] = t1 < 1 ? a[1] + t1 * (b[1] - a[1]) : b[1];
        }
        if ((!inside || t1 < 1) && out->n_points > start) {
            dk_parts_close(out, start, false);
            start = out->n_points;
        }
    }
    if (out->n_points > start) {
        if (!dk_parts_reserve(out, 0))
            return false;
        dk_parts_close(out, start, false);
    }
    return true;
}

bool dk_clip_points(const double *xy, size_t n, const dk_square *square, dk_parts *out)
{
    const size_t start = out->n_points;
    if (!dk_parts_reserve(out, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        const double *p = xy + 2 * i;
        if (p[0] >= square->low && p[0] <= square->high && p[1] >= square->low && p[1] <= square->high) {
            memcpy(out->xy + 2 * out->n_points, p, 2 * sizeof(double));
            out->n_points++;
        }
    }
    if (out->n_points > start)
        dk_parts_close(out, start, false);
    return true;
}
