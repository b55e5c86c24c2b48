#include "samples/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 砀山县 in 37 corners and Anhui in 72, drawn in by 250 m and by 4 km: only room for invented data, no boundary. */
static const gen_point county_outline[] = {
    {39434190, 3830790}, {39437710, 3830450}, {39442200, 3834890}, {39443520, 3834020}, {39447080, 3835810},
    {39447790, 3833110}, {39451480, 3831850}, {39455450, 3823890}, {39458350, 3823950}, {39462150, 3820400},
    {39459980, 3819220}, {39460150, 3817790}, {39465170, 3817490}, {39466020, 3812690}, {39463650, 3810210},
    {39465250, 3806530}, {39463780, 3805180}, {39465390, 3799080}, {39463780, 3795460}, {39460950, 3794720},
    {39454430, 3797030}, {39450960, 3794300}, {39448860, 3796170}, {39446380, 3794230}, {39444630, 3795060},
    {39441550, 3793840}, {39442230, 3796790}, {39440330, 3800050}, {39435660, 3801730}, {39431180, 3806260},
    {39427330, 3806330}, {39427740, 3808960}, {39422530, 3814010}, {39424300, 3818890}, {39426640, 3820440},
    {39426080, 3827750}, {39430790, 3825130},
};
static const gen_point province_outline[] = {
    {39309150, 3661780}, {39343550, 3666820}, {39350200, 3706080}, {39376460, 3716350}, {39370940, 3755860},
    {39378630, 3767500}, {39402680, 3760230}, {39420630, 3727940}, {39469620, 3748570}, {39464400, 3796460},
    {39427300, 3815460}, {39445040, 3830640}, {39458420, 3814510}, {39491970, 3804310}, {39511300, 3769730},
    {39556800, 3759620}, {39566720, 3728600}, {39602510, 3733500}, {39583090, 3678090}, {39595090, 3664670},
    {39609520, 3669310}, {39612640, 3635770}, {39626180, 3619430}, {39663030, 3619980}, {39675790, 3644130},
    {39701060, 3631580}, {39696060, 3600560}, {39679410, 3613250}, {39643710, 3610540}, {39652660, 3570440},
    {39628170, 3553860}, {39624670, 3534280}, {39653050, 3501070}, {39673450, 3495910}, {39673920, 3481590},
    {39657930, 3466600}, {39667390, 3455510}, {39720140, 3458870}, {39746570, 3436980}, {39732120, 3400730},
    {39710540, 3391400}, {39721290, 3367330}, {39677040, 3358940}, {39678460, 3319500}, {39640470, 3271120},
    {39614240, 3259050}, {39600040, 3277330}, {39554730, 3279190}, {39543210, 3306580}, {39519670, 3316740},
    {39503160, 3303570}, {39506250, 3290880}, {39473020, 3278960}, {39494180, 3314920}, {39468940, 3332580},
    {39453030, 3313150}, {39419970, 3305790}, {39413260, 3344940}, {39385280, 3398700}, {39413310, 3434320},
    {39394030, 3451720}, {39364660, 3454610}, {39349210, 3485630}, {39361600, 3505210}, {39399910, 3517930},
    {39402550, 3606720}, {39365550, 3593550}, {39335780, 3613420}, {39334430, 3639890}, {39309460, 3652170},
};

uint64_t gen_next(gen_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t gen_hash(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
    gen_random random = {.state = seed};
    random.state ^= gen_next(&random) + a;
    random.state ^= gen_next(&random) + b;
    random.state ^= gen_next(&random) + c;
    return gen_next(&random);
}

double gen_unit(uint64_t hash)
{
    return (double)(hash >> 11) * 0x1p-53;
}

double gen_between(gen_random *random, double low, double high)
{
    return low + (high - low) * gen_unit(gen_next(random));
}

int gen_pick(gen_random *random, int low, int high)
{
    return low + (int)(gen_next(random) % (uint64_t)(high - low + 1));
}

void gen_shape_clear(gen_shape *shape)
{
    shape->n_points = shape->n_rings = shape->n_parts = 0;
}

void gen_shape_free(gen_shape *shape)
{
    free(shape->points);
    free(shape->rings);
    memset(shape, 0, sizeof *shape);
}

static bool reserve_points(gen_shape *shape)
{
    if (shape->n_points < shape->points_capacity)
        return true;
    const size_t capacity = shape->points_capacity ? shape->points_capacity * 2 : 256;
    gen_point *points = realloc(shape->points, capacity * sizeof *points);
    if (!points)
        return false;
    shape->points = points;
    shape->points_capacity = capacity;
    return true;
}

bool gen_shape_begin_ring(gen_shape *shape, bool outer)
{
    if (shape->n_rings == shape->rings_capacity) {
        const size_t capacity = shape->rings_capacity ? shape->rings_capacity * 2 : 8;
        gen_ring *rings = realloc(shape->rings, capacity * sizeof *rings);
        if (!rings)
            return false;
        shape->rings = rings;
        shape->rings_capacity = capacity;
    }
    shape->rings[shape->n_rings++] = (gen_ring){.first = shape->n_points, .outer = outer};
    if (outer)
        shape->n_parts++;
    return true;
}

bool gen_shape_add(gen_shape *shape, gen_point point)
{
    gen_ring *ring = &shape->rings[shape->n_rings - 1];
    if (ring->n_points > 0) {
        const gen_point last = shape->points[shape->n_points - 1];
        if (last.x == point.x && last.y == point.y)
            return true;
    }
    if (!reserve_points(shape))
        return false;
    shape->points[shape->n_points++] = point;
    ring->n_points++;
    return true;
}

/* Twice the signed area; relative to the first point, because the coordinates are large. */
static double ring_area2(const gen_shape *shape, const gen_ring *ring)
{
    const gen_point *p = shape->points + ring->first;
    double sum = 0;
    for (size_t i = 1; i + 1 < ring->n_points; i++)
        sum += (p[i].x - p[0].x) * (p[i + 1].y - p[0].y) - (p[i + 1].x - p[0].x) * (p[i].y - p[0].y);
    return sum;
}

bool gen_shape_end_ring(gen_shape *shape)
{
    gen_ring *ring = &shape->rings[shape->n_rings - 1];
    const gen_point first = shape->points[ring->first], last = shape->points[shape->n_points - 1];
    if (first.x != last.x || first.y != last.y) {
        if (!reserve_points(shape))
            return false;
        shape->points[shape->n_points++] = first;
        ring->n_points++;
    }
    if ((ring_area2(shape, ring) > 0) != ring->outer) {
        gen_point *p = shape->points + ring->first;
        for (size_t i = 0, j = ring->n_points - 1; i < j; i++, j--) {
            const gen_point swap = p[i];
            p[i] = p[j];
            p[j] = swap;
        }
    }
    return true;
}

static double side_of(gen_point a, gen_point b, gen_point c)
{
    return (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
}

bool gen_shape_crosses(const gen_shape *shape)
{
    for (size_t r = 0; r < shape->n_rings; r++) {
        const gen_point *p = shape->points + shape->rings[r].first;
        const size_t n = shape->rings[r].n_points;
        for (size_t i = 0; i + 1 < n; i++)
            for (size_t k = i + 2; k + 1 < n; k++)
                if ((i > 0 || k + 2 < n) && side_of(p[i], p[i + 1], p[k]) * side_of(p[i], p[i + 1], p[k + 1]) <= 0 &&
                    side_of(p[k], p[k + 1], p[i]) * side_of(p[k], p[k + 1], p[i + 1]) <= 0)
                    return true;
    }
    return false;
}

double gen_shape_area(const gen_shape *shape)
{
    double sum = 0;
    for (size_t i = 0; i < shape->n_rings; i++)
        sum += ring_area2(shape, &shape->rings[i]) / 2;
    return sum;
}

void gen_region_init(gen_region *region, bool province, uint64_t seed)
{
    memset(region, 0, sizeof *region);
    region->province = province;
    region->seed = seed;
    region->outline = province ? province_outline : county_outline;
    region->n_outline = province ? sizeof province_outline / sizeof province_outline[0]
                                 : sizeof county_outline / sizeof county_outline[0];
    const gen_point *p = region->outline;
    region->min_x = region->max_x = p[0].x;
    region->min_y = region->max_y = p[0].y;
    double sum = 0;
    for (size_t i = 0, j = region->n_outline - 1; i < region->n_outline; j = i++) {
        region->min_x = fmin(region->min_x, p[i].x);
        region->max_x = fmax(region->max_x, p[i].x);
        region->min_y = fmin(region->min_y, p[i].y);
        region->max_y = fmax(region->max_y, p[i].y);
        sum += (p[j].x - p[0].x) * (p[i].y - p[0].y) - (p[i].x - p[0].x) * (p[j].y - p[0].y);
    }
    region->area = fabs(sum) / 2;
}

bool gen_region_contains(const gen_region *region, gen_point point)
{
    bool inside = false;
    const gen_point *p = region->outline;
    for (size_t i = 0, j = region->n_outline - 1; i < region->n_outline; j = i++)
        if ((p[i].y > point.y) != (p[j].y > point.y) &&
            point.x < (p[j].x - p[i].x) * (point.y - p[i].y) / (p[j].y - p[i].y) + p[i].x)
            inside = !inside;
    return inside;
}

double gen_noise(uint64_t seed, gen_point at, double length)
{
    const double u = at.x / length, v = at.y / length;
    const double iu = floor(u), iv = floor(v);
    const uint64_t i = (uint64_t)(int64_t)iu, j = (uint64_t)(int64_t)iv;
    const double a = gen_unit(gen_hash(seed, i, j, 0)), b = gen_unit(gen_hash(seed, i + 1, j, 0)),
                 c = gen_unit(gen_hash(seed, i, j + 1, 0)), d = gen_unit(gen_hash(seed, i + 1, j + 1, 0));
    double s = u - iu, t = v - iv;
    s = s * s * (3 - 2 * s);
    t = t * t * (3 - 2 * t);
    return 2 * ((a + (b - a) * s) * (1 - t) + (c + (d - c) * s) * t) - 1;
}

gen_point gen_warp(const gen_region *region, gen_point point)
{
    /* The steepest slope is 2 * 1.5 * 90 / 3000 = 0.09: far from folding. */
    const double x = point.x + 90 * gen_noise(region->seed + 101, point, 3000);
    const double y = point.y + 90 * gen_noise(region->seed + 102, point, 3000);
    return (gen_point){round(x * 1000) / 1000, round(y * 1000) / 1000};
}

static double distance(gen_point a, double x, double y)
{
    return sqrt((a.x - x) * (a.x - x) + (a.y - y) * (a.y - y));
}

/* Towns stand on a loose lattice of 4 x 4 over the county's box, the county seat in its middle. */
static gen_point town_centre(const gen_region *region, size_t town)
{
    static const unsigned char cells[16] = {5, 0, 11, 1, 9, 2, 3, 4, 7, 13, 14, 15, 10, 6, 8, 12};
    const unsigned cell = cells[town % 16];
    const double jitter_x = gen_unit(gen_hash(region->seed, 201, town, 0)),
                 jitter_y = gen_unit(gen_hash(region->seed, 202, town, 0));
    return (gen_point){region->min_x + ((cell % 4) + 0.3 + 0.4 * jitter_x) / 4 * (region->max_x - region->min_x),
                       region->min_y + ((cell / 4) + 0.3 + 0.4 * jitter_y) / 4 * (region->max_y - region->min_y)};
}

gen_place gen_place_of(const gen_region *region, gen_point point)
{
    gen_place place = {.town_distance = HUGE_VAL};
    if (region->province) {
        for (size_t i = 0; i < gen_n_counties; i++) {
            const double d = distance(point, gen_counties[i].x, gen_counties[i].y);
            if (d < place.town_distance) {
                place.town_distance = d;
                place.town = place.village = &gen_counties[i].division;
                place.town_number = i;
            }
        }
        return place;
    }
    gen_point centre = {0, 0};
    for (size_t i = 0; i < gen_n_towns; i++) {
        const gen_point c = town_centre(region, i);
        const double d = distance(point, c.x, c.y);
        if (d < place.town_distance) {
            place.town_distance = d;
            place.town = place.village = &gen_towns[i];
            place.town_number = i;
            centre = c;
        }
    }
    double nearest = HUGE_VAL;
    for (size_t i = 0; i < gen_n_villages; i++) {
        if (strncmp(gen_villages[i].code, place.town->code, 9) != 0)
            continue;
        const double dx = gen_unit(gen_hash(region->seed, 203, i, 0)) - 0.5,
                     dy = gen_unit(gen_hash(region->seed, 204, i, 0)) - 0.5;
        const double d = distance(point, centre.x + dx * 12000, centre.y + dy * 12000);
        if (d < nearest) {
            nearest = d;
            place.village = &gen_villages[i];
        }
    }
    return place;
}
