#include "store/ring_simple.h"

#include <math.h>

enum { MOST_EDGES = 100 };

/* The side of the line a-b on which c lies: 1, -1, or 0 when rounding leaves it open. The bound is that of Shewchuk,
 * Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates, 1997, for ORIENT2D: (3 + 16 e) e
 * with e = 2^-53. */
static int sure_side(const double *a, const double *b, const double *c)
{
    const double left = (a[0] - c[0]) * (b[1] - c[1]), right = (a[1] - c[1]) * (b[0] - c[0]);
    const double det = left - right, sum = fabs(left) + fabs(right), bound = 3.3306690738754716e-16 * sum;
    if (!(sum > 1e-280)) /* the bound does not hold where products underflow */
        return 0;
    return det > bound ? 1 : -det > bound ? -1 : 0;
}

/* Whether both ends of an edge lie on one side of the line a-b. */
static bool beside(const double *a, const double *b, const double *edge)
{
    const int side = sure_side(a, b, edge);
    return side != 0 && side == sure_side(a, b, edge + 2);
}

typedef struct edge {
    double x0, y0, x1, y1; /* box */
} edge;

static inline edge box_of(const double *a)
{
    return (edge){a[0] < a[2] ? a[0] : a[2], a[1] < a[3] ? a[1] : a[3], a[0] < a[2] ? a[2] : a[0],
                  a[1] < a[3] ? a[3] : a[1]};
}

/* The edges behind number i, but its neighbours, of which the box meets its own. Without a branch, for which of them do
 * cannot be foreseen. */
static size_t near_edges(const edge *edges, size_t i, size_t n, unsigned char *ret_near)
{
    const edge a = edges[i];
    const size_t end = i == 0 ? n - 1 : n; /* the last is a neighbour of the first */
    size_t found = 0;
    for (size_t k = i + 2; k < end; k++) {
        ret_near[found] = (unsigned char)k;
        found +=
            (size_t)((edges[k].x0 <= a.x1) & (edges[k].x1 >= a.x0) & (edges[k].y0 <= a.y1) & (edges[k].y1 >= a.y0));
    }
    return found;
}

bool dk_ring_surely_simple(const double *xy, size_t n)
{
    edge edges[MOST_EDGES];
    unsigned char near[MOST_EDGES];
    if (n < 4 || n - 1 > MOST_EDGES || xy[0] != xy[2 * n - 2] || xy[1] != xy[2 * n - 1])
        return false;
    const size_t n_edges = n - 1;
    for (size_t i = 0; i < n_edges; i++) {
        const double *a = xy + 2 * i;
        /* The next edge goes off to one side: it is neither without length nor back on this one. */
        if (sure_side(a, a + 2, i + 1 < n_edges ? a + 4 : xy + 2) == 0)
            return false;
        edges[i] = box_of(a);
    }
    for (size_t i = 0; i < n_edges; i++) {
        const double *a = xy + 2 * i;
        const size_t n_near = near_edges(edges, i, n_edges, near);
        for (size_t k = 0; k < n_near; k++) {
            const double *b = xy + 2 * near[k];
            if (!beside(a, a + 2, b) && !beside(b, b + 2, a))
                return false;
        }
    }
    return true;
}
