/* World y (Web Mercator) to plate y (degrees of latitude) and back, by cubic Hermite segments. */
#include "store/geometry.h"

#include <math.h>
#include <pthread.h>

/* 2^12 segments of 2^20 units: the error of a cubic is below 10^-5 units. */
enum { SEGMENT_BITS = 20, SEGMENTS = 1 << (32 - SEGMENT_BITS) };

static double nodes[SEGMENTS + 1], slopes[SEGMENTS + 1]; /* plate y at a node, and its change over one segment */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    const double world = 4294967296.0;
    for (int i = 0; i <= SEGMENTS; i++) {
        const double t = M_PI * (1 - 2.0 * i / SEGMENTS); /* Mercator northing in radians */
        const double latitude = atan(sinh(t));
        nodes[i] = (M_PI / 2 - latitude) / (2 * M_PI) * world;
        /* d latitude / d t = 1 / cosh t; t falls by 2 pi over the world */
        slopes[i] = world / (2 * M_PI) / cosh(t) * (2 * M_PI / SEGMENTS);
    }
}

uint32_t dk_plate_y(uint32_t world_y)
{
    pthread_once(&once, make_table);
    const uint32_t i = world_y >> SEGMENT_BITS;
    const double s = (world_y & ((1u << SEGMENT_BITS) - 1)) / (double)(1u << SEGMENT_BITS);
    const double a = nodes[i], b = nodes[i + 1], p = slopes[i], q = slopes[i + 1];
    const double d = b - a;
    return (uint32_t)(a + s * (p + s * (3 * d - 2 * p - q + s * (p + q - 2 * d))) + 0.5);
}

uint32_t dk_world_y_of_plate(uint32_t plate_y)
{
    /* The exact inverse of the rounded function: by bisection, for it is asked of tile edges only. */
    uint64_t low = 0, high = UINT32_MAX;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (dk_plate_y((uint32_t)middle) < plate_y)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0) { /* the nearer of the two neighbours */
        const uint32_t above = dk_plate_y((uint32_t)low), below = dk_plate_y((uint32_t)low - 1);
        if (above > plate_y && above - plate_y > plate_y - below)
            low--;
    }
    return (uint32_t)low;
}
