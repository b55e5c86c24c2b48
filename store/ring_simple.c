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

/* Whether both of a lie below both of b. */
static bool below(double a0, double a1, double b0, double b1)
{
    return a0 < b0 && a0 < b1 && a1 < b0 && a1 < b1;
}

static bool apart(double a0, double a1, double b0, double b1)
{
    return below(a0, a1, b0, b1) || below(b0, b1, a0, a1);
}

bool dk_ring_surely_simple(const double *xy, size_t n)
{
    if (n < 4 || n - 1 > MOST_EDGES || xy[0] != xy[2 * n - 2] || xy[1] != xy[2 * n - 1])
        return false;
    const size_t edges = n - 1;
    for (size_t i = 0; i < edges; i++) {
        const double *a = xy + 2 * i;
        /* The next edge goes off to one side: it is neither without length nor back on this one. */
        if (sure_side(a, a + 2, i + 1 < edges ? a + 4 : xy + 2) == 0)
            return false;
        for (size_t k = i + 2; k < edges; k++) {
            const double *b = xy + 2 * k;
            if (i == 0 && k == edges - 1)
                continue; /* neighbours too */
            if (!apart(a[0], a[2], b[0], b[2]) && !apart(a[1], a[3], b[1], b[3]) && !beside(a, a + 2, b) &&
                !beside(b, b + 2, a))
                return false;
        }
    }
    return true;
}
