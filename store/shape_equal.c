/* Two shapes drawn by the same positions, however their rings begin and turn: one format's writer starts a ring
 * elsewhere than another's, or turns it round, and it is the same parcel. */
#include "store/geometry.h"

#include <stdlib.h>
#include <string.h>

static bool same_point(const double *a, const double *b)
{
    return a[0] == b[0] && a[1] == b[1];
}

/* Rings of n positions (without the closing one): b from some start, forwards or backwards, is a. */
static bool same_ring(const double *a, const double *b, size_t n)
{
    for (size_t start = 0; start < n; start++) {
        if (!same_point(a, b + 2 * start))
            continue;
        size_t forwards = 1, backwards = 1;
        while (forwards < n && same_point(a + 2 * forwards, b + 2 * ((start + forwards) % n)))
            forwards++;
        while (backwards < n && same_point(a + 2 * backwards, b + 2 * ((start + n - backwards) % n)))
            backwards++;
        if (forwards == n || backwards == n)
            return true;
    }
    return false;
}

static bool same_part(const dk_shape *a, const dk_part *p, const dk_shape *b, const dk_part *q)
{
    if (p->count != q->count || p->hole != q->hole)
        return false;
    const double *x = a->lonlat + 2 * p->start, *y = b->lonlat + 2 * q->start;
    if (a->kind == DK_POLYGONS && p->count > 1)
        return same_ring(x, y, p->count - 1);
    return memcmp(x, y, p->count * 2 * sizeof *x) == 0;
}

bool dk_shape_equal(const dk_shape *a, const dk_shape *b)
{
    if (a->kind != b->kind || a->n_points != b->n_points || a->n_parts != b->n_parts)
        return false;
    bool *taken = calloc(a->n_parts + 1, sizeof *taken);
    bool equal = taken != NULL; /* without memory they are simply not shown to be equal */
    for (size_t i = 0; equal && i < a->n_parts; i++) {
        size_t j = i; /* mostly in the same order */
        size_t tried = 0;
        while (tried < b->n_parts && (taken[j] || !same_part(a, &a->parts[i], b, &b->parts[j]))) {
            j = (j + 1) % b->n_parts;
            tried++;
        }
        equal = tried < b->n_parts;
        if (equal)
            taken[j] = true;
    }
    free(taken);
    return equal;
}
