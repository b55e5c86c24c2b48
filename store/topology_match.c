#include "store/topology_match.h"

#include "store/topology.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum {
    NEAR_BITS = 2, /* a cell of 4 units: what is within 2 lies in this cell or the next ones */
    FAR_BITS = 11, /* a bucket of 2048 units, 16 m: about the edge of a parcel */
    FIRST_HEADS = 1 << 12,
    FEW = 256, /* vertices: sooner looked at one by one than put into larger buckets */
    MANY = 8,  /* vertices a bucket that an edge passes */
    FREE_EDGES = 1 << 12
};

void dk_matching_finish(dk_matching *m)
{
    free(m->xy);
    free(m->matched);
    free(m->crowded);
    free(m->near.heads);
    free(m->near.next);
    free(m->far.heads);
    free(m->far.next);
    free(m->farther.heads);
    free(m->farther.next);
    free(m->free_edges);
    free(m->on);
    free(m->along);
    *m = (dk_matching){0};
}

void dk_matching_clear(dk_matching *m)
{
    m->n = 0;
    m->near.n_heads = m->far.n_heads = m->farther.n_heads = 0;
}

static inline size_t place(const struct dk_chains *chains, uint32_t x, uint32_t y)
{
    uint64_t hash = ((uint64_t)x << 32 | y) * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 32;
    return (size_t)(hash * UINT64_C(0xD6E8FEB86659FD93) >> 32) & (chains->n_heads - 1);
}

static inline void chain(struct dk_chains *chains, uint32_t vertex, uint32_t x, uint32_t y)
{
    const size_t at = place(chains, x, y);
    chains->next[vertex] = chains->heads[at];
    chains->heads[at] = vertex;
}

static bool make_chains(struct dk_chains *chains, unsigned bits, size_t n_heads, size_t n)
{
    if (!dk_grow(&chains->heads, &chains->heads_capacity, n_heads, sizeof *chains->heads) ||
        !dk_grow(&chains->next, &chains->next_capacity, n, sizeof *chains->next))
        return false;
    chains->n_heads = n_heads;
    chains->bits = bits;
    memset(chains->heads, 0xFF, n_heads * sizeof *chains->heads);
    return true;
}

static bool grow_near(dk_matching *m)
{
    const size_t n_heads = m->near.n_heads == 0 ? FIRST_HEADS : m->near.n_heads * 2;
    if (!make_chains(&m->near, NEAR_BITS, n_heads, n_heads))
        return false;
    for (size_t i = 0; i < m->n; i++)
        chain(&m->near, (uint32_t)i, m->xy[2 * i] >> NEAR_BITS, m->xy[2 * i + 1] >> NEAR_BITS);
    return true;
}

bool dk_matching_vertex(dk_matching *m, uint32_t x, uint32_t y, uint32_t *ret_vertex)
{
    if (m->n >= m->near.n_heads && !grow_near(m))
        return false;
    for (uint32_t i = m->near.heads[place(&m->near, x >> NEAR_BITS, y >> NEAR_BITS)]; i != NONE; i = m->near.next[i])
        if (m->xy[2 * (size_t)i] == x && m->xy[2 * (size_t)i + 1] == y) {
            *ret_vertex = i;
            return true;
        }
    if (m->n >= NONE - 1 || !dk_grow(&m->xy, &m->capacity, m->n + 1, 2 * sizeof *m->xy))
        return false;
    m->xy[2 * m->n] = x;
    m->xy[2 * m->n + 1] = y;
    chain(&m->near, (uint32_t)m->n, x >> NEAR_BITS, y >> NEAR_BITS);
    *ret_vertex = (uint32_t)m->n++;
    return true;
}

/* The first by (x, y) of the positions within DK_MATCH_UNITS, itself among them. */
static uint32_t first_near(const dk_matching *m, uint32_t vertex)
{
    const uint32_t x = m->xy[2 * (size_t)vertex], y = m->xy[2 * (size_t)vertex + 1];
    const uint32_t x0 = x > DK_MATCH_UNITS ? x - DK_MATCH_UNITS : 0, y0 = y > DK_MATCH_UNITS ? y - DK_MATCH_UNITS : 0;
    const uint32_t y1 = y < UINT32_MAX - DK_MATCH_UNITS ? y + DK_MATCH_UNITS : UINT32_MAX;
    uint32_t best = vertex, best_x = x, best_y = y;
    for (uint32_t cx = x0 >> NEAR_BITS; cx <= x >> NEAR_BITS; cx++) /* what lies further east is not lower */
        for (uint32_t cy = y0 >> NEAR_BITS; cy <= y1 >> NEAR_BITS; cy++)
            for (uint32_t i = m->near.heads[place(&m->near, cx, cy)]; i != NONE; i = m->near.next[i]) {
                const uint32_t px = m->xy[2 * (size_t)i], py = m->xy[2 * (size_t)i + 1];
                if (px >= x0 && px <= x && py >= y0 && py <= y1 && (px < best_x || (px == best_x && py < best_y)))
                    best = i, best_x = px, best_y = py;
            }
    return best;
}

/* ---- positions in a row, each near the next: a circle that was digitised every 5 mm ---- */

/* A different number for each position, in no order that has to do with where they lie: so which of them stay is
 * decided by the few around each, not by where the row begins, of which another feature's neighbours may be only a
 * part. */
static uint64_t rank_of(const dk_matching *m, uint32_t vertex)
{
    uint64_t z = (uint64_t)m->xy[2 * (size_t)vertex] << 32 | m->xy[2 * (size_t)vertex + 1];
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Of the positions within DK_MATCH_UNITS that stay, the first by rank; NONE: none of them does. */
static uint32_t near_that_stays(const dk_matching *m, uint32_t vertex)
{
    const uint32_t x = m->xy[2 * (size_t)vertex], y = m->xy[2 * (size_t)vertex + 1];
    const uint32_t x0 = x > DK_MATCH_UNITS ? x - DK_MATCH_UNITS : 0, y0 = y > DK_MATCH_UNITS ? y - DK_MATCH_UNITS : 0;
    const uint32_t x1 = x < UINT32_MAX - DK_MATCH_UNITS ? x + DK_MATCH_UNITS : UINT32_MAX;
    const uint32_t y1 = y < UINT32_MAX - DK_MATCH_UNITS ? y + DK_MATCH_UNITS : UINT32_MAX;
    uint32_t best = NONE;
    for (uint32_t cx = x0 >> NEAR_BITS; cx <= x1 >> NEAR_BITS; cx++)
        for (uint32_t cy = y0 >> NEAR_BITS; cy <= y1 >> NEAR_BITS; cy++)
            for (uint32_t i = m->near.heads[place(&m->near, cx, cy)]; i != NONE; i = m->near.next[i]) {
                const uint32_t px = m->xy[2 * (size_t)i], py = m->xy[2 * (size_t)i + 1];
                if (px >= x0 && px <= x1 && py >= y0 && py <= y1 && m->matched[i] == i &&
                    (best == NONE || rank_of(m, i) < rank_of(m, best)))
                    best = i;
            }
    return best;
}

static int by_rank(const void *a, const void *b)
{
    const struct dk_crowded *x = a, *y = b;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static bool is_far(const dk_matching *m, uint32_t a, uint32_t b)
{
    const uint32_t *p = m->xy + 2 * (size_t)a, *q = m->xy + 2 * (size_t)b;
    const uint32_t dx = p[0] > q[0] ? p[0] - q[0] : q[0] - p[0], dy = p[1] > q[1] ? p[1] - q[1] : q[1] - p[1];
    return dx > DK_MATCH_MOST || dy > DK_MATCH_MOST;
}

/* Where one would move further than DK_MATCH_MOST, all that would become the same one stay, unless one of lower rank
 * that stays is near them. */
static bool part_rows(dk_matching *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->matched[i] != i && is_far(m, (uint32_t)i, m->matched[i])) {
            if (!dk_grow(&m->crowded, &m->crowded_capacity, n + 1, sizeof *m->crowded))
                return false;
            m->crowded[n++].vertex = m->matched[i];
        }
    if (n == 0) /* nearly always */
        return true;
    for (size_t i = 0; i < n; i++)
        m->matched[m->crowded[i].vertex] = NONE; /* the one that all would become is none */
    n = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->matched[i] == NONE || m->matched[m->matched[i]] == NONE) {
            if (!dk_grow(&m->crowded, &m->crowded_capacity, n + 1, sizeof *m->crowded))
                return false;
            m->crowded[n++] = (struct dk_crowded){rank_of(m, (uint32_t)i), (uint32_t)i};
        }
    for (size_t i = 0; i < n; i++)
        m->matched[m->crowded[i].vertex] = NONE;
    qsort(m->crowded, n, sizeof *m->crowded, by_rank);
    for (size_t i = 0; i < n; i++) {
        const uint32_t vertex = m->crowded[i].vertex, near = near_that_stays(m, vertex);
        m->matched[vertex] = near != NONE ? near : vertex;
    }
    return true;
}

/* The matched ones by buckets. */
static bool fill_buckets(dk_matching *m, struct dk_chains *chains, unsigned bits)
{
    size_t heads = FIRST_HEADS;
    while (heads < m->n)
        heads *= 2;
    if (!make_chains(chains, bits, heads, m->n))
        return false;
    for (size_t i = 0; i < m->n; i++)
        if (m->matched[i] == i)
            chain(chains, (uint32_t)i, m->xy[2 * i] >> bits, m->xy[2 * i + 1] >> bits);
    return true;
}

bool dk_matching_build(dk_matching *m)
{
    if (!dk_grow(&m->matched, &m->matched_capacity, m->n, sizeof *m->matched))
        return false;
    for (size_t i = 0; i < m->n; i++)
        m->matched[i] = first_near(m, (uint32_t)i);
    /* Each points to a lower one or to itself, so following them ends. */
    for (size_t i = 0; i < m->n; i++) {
        uint32_t at = m->matched[i];
        while (m->matched[at] != at)
            at = m->matched[at];
        m->matched[i] = at;
    }
    if (m->free_edges == NULL && (m->free_edges = malloc(FREE_EDGES * sizeof *m->free_edges)) == NULL)
        return false;
    memset(m->free_edges, 0xFF, FREE_EDGES * sizeof *m->free_edges); /* from NONE to NONE */
    return part_rows(m) && fill_buckets(m, &m->far, FAR_BITS);
}

typedef struct edge {
    uint32_t a, b; /* a is the lower by (x, y) */
    double ax, ay, dx, dy, length2;
    size_t n_on;
} edge;

static bool consider(dk_matching *m, edge *e, uint32_t vertex)
{
    if (vertex == e->a || vertex == e->b)
        return true;
    const double x = m->xy[2 * (size_t)vertex] - e->ax, y = m->xy[2 * (size_t)vertex + 1] - e->ay;
    const double along = x * e->dx + y * e->dy, across = x * e->dy - y * e->dx;
    if (along <= 0 || along >= e->length2 || across * across > DK_MATCH_UNITS * DK_MATCH_UNITS * e->length2)
        return true;
    if (!dk_grow(&m->on, &m->on_capacity, e->n_on + 1, sizeof *m->on) ||
        !dk_grow(&m->along, &m->along_capacity, e->n_on + 1, sizeof *m->along))
        return false;
    /* By insertion: there are hardly ever more than one or two. Equals in the order of (x, y). */
    size_t at = e->n_on++;
    const uint32_t *p = m->xy + 2 * (size_t)vertex;
    while (at > 0) {
        const uint32_t *q = m->xy + 2 * (size_t)m->on[at - 1];
        if (m->along[at - 1] < along || (m->along[at - 1] == along && (q[0] < p[0] || (q[0] == p[0] && q[1] < p[1]))))
            break;
        m->on[at] = m->on[at - 1];
        m->along[at] = m->along[at - 1];
        at--;
    }
    m->on[at] = vertex;
    m->along[at] = along;
    return true;
}

static inline bool consider_bucket(dk_matching *m, const struct dk_chains *chains, edge *e, uint32_t cx, uint32_t cy,
                                   unsigned bits)
{
    for (uint32_t i = chains->heads[place(chains, cx, cy)]; i != NONE; i = chains->next[i])
        if (m->xy[2 * (size_t)i] >> bits == cx && m->xy[2 * (size_t)i + 1] >> bits == cy && !consider(m, e, i))
            return false;
    return true;
}

static inline uint32_t bucket(double position, unsigned bits)
{
    return position <= 0 ? 0 : position >= UINT32_MAX ? UINT32_MAX >> bits : (uint32_t)position >> bits;
}

/* The buckets that the edge passes, column by column. */
static inline bool walk_buckets(dk_matching *m, const struct dk_chains *chains, edge *e, unsigned bits)
{
    const double x0 = e->ax - DK_MATCH_UNITS, x1 = e->ax + e->dx + DK_MATCH_UNITS; /* dx >= 0 */
    const double size = (double)(UINT64_C(1) << bits);
    for (uint32_t cx = bucket(x0, bits); cx <= bucket(x1, bits); cx++) {
        /* The part of the edge over this column, a little wider. */
        const double west = cx * size - DK_MATCH_UNITS, east = (cx + 1.0) * size + DK_MATCH_UNITS;
        double from = 0, to = 1;
        if (e->dx > 0) {
            from = (west - e->ax) / e->dx;
            to = (east - e->ax) / e->dx;
            from = from < 0 ? 0 : from > 1 ? 1 : from;
            to = to < 0 ? 0 : to > 1 ? 1 : to;
        }
        const double y0 = e->ay + from * e->dy, y1 = e->ay + to * e->dy;
        const uint32_t low = bucket((y0 < y1 ? y0 : y1) - DK_MATCH_UNITS - 1, bits);
        const uint32_t high = bucket((y0 > y1 ? y0 : y1) + DK_MATCH_UNITS + 1, bits);
        for (uint32_t cy = low; cy <= high; cy++)
            if (!consider_bucket(m, chains, e, cx, cy, bits))
                return false;
    }
    return true;
}

/* Buckets of which an edge over all that there is passes about as many as the root of the number of vertices. */
static bool walk_farther(dk_matching *m, edge *e)
{
    if (m->farther.n_heads == 0) {
        uint32_t x0 = UINT32_MAX, y0 = UINT32_MAX, x1 = 0, y1 = 0;
        for (size_t i = 0; i < m->n; i++) {
            const uint32_t x = m->xy[2 * i], y = m->xy[2 * i + 1];
            x0 = x < x0 ? x : x0, x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0, y1 = y > y1 ? y : y1;
        }
        const uint64_t extent = x1 - x0 > y1 - y0 ? x1 - x0 : y1 - y0;
        unsigned bits = FAR_BITS;
        while ((extent >> bits) * (extent >> bits) > m->n)
            bits++;
        if (!fill_buckets(m, &m->farther, bits))
            return false;
    }
    return walk_buckets(m, &m->farther, e, m->farther.bits);
}

static struct dk_free_edge *free_edge(const dk_matching *m, uint32_t a, uint32_t b)
{
    const uint64_t hash = ((uint64_t)a << 32 | b) * UINT64_C(0x9E3779B97F4A7C15);
    return &m->free_edges[(hash ^ hash >> 32) >> 20 & (FREE_EDGES - 1)];
}

bool dk_matching_on_edge(dk_matching *m, uint32_t a, uint32_t b, const uint32_t **ret_on, size_t *ret_n)
{
    const uint32_t *p = m->xy + 2 * (size_t)a, *q = m->xy + 2 * (size_t)b;
    const bool swapped = q[0] < p[0] || (q[0] == p[0] && q[1] < p[1]);
    const uint32_t *low = swapped ? q : p, *high = swapped ? p : q;
    struct dk_free_edge *known = free_edge(m, swapped ? b : a, swapped ? a : b);
    edge e = {.a = swapped ? b : a,
              .b = swapped ? a : b,
              .ax = low[0],
              .ay = low[1],
              .dx = (double)high[0] - low[0],
              .dy = (double)high[1] - low[1]};
    *ret_on = m->on;
    *ret_n = 0;
    if (known->a == e.a && known->b == e.b)
        return true;
    e.length2 = e.dx * e.dx + e.dy * e.dy;
    const double height = e.dy < 0 ? -e.dy : e.dy;
    bool ok = true;
    if ((e.dx + height) / (1 << FAR_BITS) <= (double)m->n / MANY)
        ok = walk_buckets(m, &m->far, &e, FAR_BITS);
    else if (m->n >= FEW) /* nearly all of so many buckets are empty */
        ok = walk_farther(m, &e);
    else
        for (size_t i = 0; ok && i < m->n; i++)
            ok = m->matched[i] != i || consider(m, &e, (uint32_t)i);
    for (size_t i = 0; swapped && i < e.n_on / 2; i++) {
        const uint32_t other = m->on[i];
        m->on[i] = m->on[e.n_on - 1 - i];
        m->on[e.n_on - 1 - i] = other;
    }
    if (ok && e.n_on == 0)
        *known = (struct dk_free_edge){e.a, e.b};
    *ret_on = m->on;
    *ret_n = e.n_on;
    return ok;
}
