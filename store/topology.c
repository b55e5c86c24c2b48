/* Generalisation: the graph of all borders, and their arcs. What is near each other is found in topology_match.c. */
#include "store/topology.h"

#include "store/topology_match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A ring, line or set of points of a feature. */
typedef struct path {
    size_t start, count; /* positions in ids, before and after edges are split */
    bool hole;
} path;

typedef struct feature {
    size_t first_path, n_paths;
    dk_geometry_kind kind;
    bool wanted;
} feature;

struct dk_topology {
    feature *features;
    size_t n_features, features_capacity;
    path *paths;
    size_t n_paths, paths_capacity;
    uint32_t *ids; /* vertices of dk_matching, path after path */
    size_t n_ids, ids_capacity;
    uint32_t *split; /* the same after edges were split */
    size_t n_split, split_capacity;
    uint32_t (*ends)[2]; /* of each vertex: up to two different neighbours */
    size_t ends_capacity;
    uint8_t *node; /* of each vertex: more than two, or an end */
    size_t node_capacity;
    dk_matching matching;
    /* of the arcs under way */
    uint32_t *ring;
    uint8_t *zoom;
    size_t ring_capacity, zoom_capacity;
    struct span {
        size_t from, to;
        double limit;
    } * stack;
    size_t stack_capacity;
};

#define NONE UINT32_MAX

dk_topology *dk_topology_create(void)
{
    return calloc(1, sizeof(dk_topology));
}

void dk_topology_free(dk_topology *topology)
{
    if (topology == NULL)
        return;
    free(topology->features);
    free(topology->paths);
    free(topology->ids);
    free(topology->split);
    free(topology->ends);
    free(topology->node);
    free(topology->ring);
    free(topology->zoom);
    free(topology->stack);
    dk_matching_finish(&topology->matching);
    free(topology);
}

void dk_topology_clear(dk_topology *topology)
{
    topology->n_features = topology->n_paths = topology->n_ids = topology->n_split = 0;
    dk_matching_clear(&topology->matching);
}

dk_status dk_topology_add(dk_topology *t, const dk_outline *outline, bool wanted, size_t *ret_index)
{
    if (!dk_grow(&t->features, &t->features_capacity, t->n_features + 1, sizeof *t->features) ||
        !dk_grow(&t->paths, &t->paths_capacity, t->n_paths + outline->n_parts, sizeof *t->paths) ||
        !dk_grow(&t->ids, &t->ids_capacity, t->n_ids + outline->n_points, sizeof *t->ids))
        return DK_NOMEM;
    *ret_index = t->n_features;
    t->features[t->n_features++] = (feature){t->n_paths, outline->n_parts, outline->kind, wanted};
    for (size_t i = 0; i < outline->n_parts; i++) {
        const dk_part *part = &outline->parts[i];
        t->paths[t->n_paths++] = (path){t->n_ids, part->count, part->hole};
        for (size_t k = part->start; k < part->start + part->count; k++)
            if (!dk_matching_vertex(&t->matching, outline->xy[2 * k], outline->xy[2 * k + 1], &t->ids[t->n_ids++]))
                return DK_NOMEM;
    }
    return DK_OK;
}

/* ---- the graph ---- */

static bool put_split(dk_topology *t, size_t start, uint32_t id)
{
    if (t->n_split > start && t->split[t->n_split - 1] == id)
        return true;
    if (!dk_grow(&t->split, &t->split_capacity, t->n_split + 1, sizeof *t->split))
        return false;
    t->split[t->n_split++] = id;
    return true;
}

/* The box of what is wanted, with what may lie on its edges. */
static dk_world_box wanted_box(const dk_topology *t)
{
    const uint32_t margin = 2 * DK_MATCH_UNITS;
    dk_world_box box = {UINT32_MAX, UINT32_MAX, 0, 0};
    for (size_t f = 0; f < t->n_features; f++) {
        const feature *it = &t->features[f];
        for (size_t i = it->first_path; it->wanted && i < it->first_path + it->n_paths; i++)
            for (size_t k = t->paths[i].start; k < t->paths[i].start + t->paths[i].count; k++) {
                const uint32_t *p = t->matching.xy + 2 * (size_t)dk_matched(&t->matching, t->ids[k]);
                box.x0 = p[0] < box.x0 ? p[0] : box.x0, box.x1 = p[0] > box.x1 ? p[0] : box.x1;
                box.y0 = p[1] < box.y0 ? p[1] : box.y0, box.y1 = p[1] > box.y1 ? p[1] : box.y1;
            }
    }
    box.x0 = box.x0 > margin ? box.x0 - margin : 0, box.y0 = box.y0 > margin ? box.y0 - margin : 0;
    box.x1 = box.x1 < UINT32_MAX - margin ? box.x1 + margin : UINT32_MAX;
    box.y1 = box.y1 < UINT32_MAX - margin ? box.y1 + margin : UINT32_MAX;
    return box;
}

static bool meets(const dk_topology *t, uint32_t a, uint32_t b, const dk_world_box *box)
{
    const uint32_t *p = t->matching.xy + 2 * (size_t)a, *q = t->matching.xy + 2 * (size_t)b;
    return (p[0] < q[0] ? p[0] : q[0]) <= box->x1 && (p[0] > q[0] ? p[0] : q[0]) >= box->x0 &&
           (p[1] < q[1] ? p[1] : q[1]) <= box->y1 && (p[1] > q[1] ? p[1] : q[1]) >= box->y0;
}

/* Replaces positions by those that they are matched with, and splits edges where other vertices lie on them: those that
 * meet a box. */
static bool split_path(dk_topology *t, path *p, dk_geometry_kind kind, const dk_world_box *box)
{
    const uint32_t *ids = t->ids + p->start;
    const size_t start = t->n_split, n = p->count;
    for (size_t i = 0; i < n; i++) {
        const uint32_t a = dk_matched(&t->matching, ids[i]);
        if (!put_split(t, start, a))
            return false;
        if (kind == DK_POINTS || n < 2 || (kind == DK_LINES && i + 1 == n))
            continue;
        const uint32_t b = dk_matched(&t->matching, ids[i + 1 == n ? 0 : i + 1]);
        const uint32_t *on;
        size_t n_on;
        if (a == b || !meets(t, a, b, box))
            continue;
        if (!dk_matching_on_edge(&t->matching, a, b, &on, &n_on))
            return false;
        for (size_t k = 0; k < n_on; k++)
            if (!put_split(t, start, on[k]))
                return false;
    }
    if (kind == DK_POLYGONS)
        while (t->n_split > start + 1 && t->split[t->n_split - 1] == t->split[start])
            t->n_split--;
    p->start = start;
    p->count = t->n_split - start;
    return true;
}

static void join(dk_topology *t, uint32_t a, uint32_t b)
{
    uint32_t *ends = t->ends[a];
    if (ends[0] == NONE || ends[0] == b)
        ends[0] = b;
    else if (ends[1] == NONE || ends[1] == b)
        ends[1] = b;
    else
        t->node[a] = 1;
}

static void join_path(dk_topology *t, const path *p, dk_geometry_kind kind)
{
    const uint32_t *ids = t->split + p->start;
    if (kind == DK_POINTS || p->count < 2)
        return;
    for (size_t i = 0; i < p->count; i++) {
        if (i + 1 == p->count && kind == DK_LINES)
            break;
        const uint32_t next = ids[i + 1 == p->count ? 0 : i + 1];
        join(t, ids[i], next);
        join(t, next, ids[i]);
    }
    if (kind == DK_LINES)
        t->node[ids[0]] = t->node[ids[p->count - 1]] = 1;
}

dk_status dk_topology_build(dk_topology *t)
{
    t->n_split = 0;
    if (!dk_matching_build(&t->matching))
        return DK_NOMEM;
    const dk_world_box box = wanted_box(t);
    for (size_t f = 0; f < t->n_features; f++)
        for (size_t i = 0; i < t->features[f].n_paths; i++)
            if (!split_path(t, &t->paths[t->features[f].first_path + i], t->features[f].kind, &box))
                return DK_NOMEM;
    const size_t n = t->matching.n;
    if (!dk_grow(&t->ends, &t->ends_capacity, n, sizeof *t->ends) ||
        !dk_grow(&t->node, &t->node_capacity, n, sizeof *t->node))
        return DK_NOMEM;
    if (n > 0) {
        memset(t->ends, 0xFF, n * sizeof *t->ends);
        memset(t->node, 0, n);
    }
    for (size_t f = 0; f < t->n_features; f++)
        for (size_t i = 0; i < t->features[f].n_paths; i++)
            join_path(t, &t->paths[t->features[f].first_path + i], t->features[f].kind);
    for (size_t i = 0; i < n; i++)
        t->node[i] |= t->ends[i][0] == NONE || t->ends[i][1] == NONE;
    return DK_OK;
}

/* ---- arcs ---- */

static inline double position_x(const dk_topology *t, uint32_t id)
{
    return t->matching.xy[2 * (size_t)id];
}

static inline double position_y(const dk_topology *t, uint32_t id)
{
    return t->matching.xy[2 * (size_t)id + 1];
}

/* By (x, y). */
static bool lower(const dk_topology *t, uint32_t a, uint32_t b)
{
    const uint32_t *p = t->matching.xy + 2 * (size_t)a, *q = t->matching.xy + 2 * (size_t)b;
    return p[0] != q[0] ? p[0] < q[0] : p[1] < q[1];
}

/* The first zoom at which a distance is more than DK_TOLERANCE units. */
static uint8_t zoom_of(double distance)
{
    if (!(distance > 0))
        return DK_FINEST_ZOOM;
    int e;
    const double m = frexp(distance / DK_TOLERANCE, &e); /* distance / tolerance = m 2^e, 0.5 <= m < 1 */
    /* 2^(20-z) < m 2^e: z > 20 - e - log2 m */
    const int z = DK_FINEST_ZOOM - e + (m > 0.5 ? 1 : 2);
    return (uint8_t)(z < 0 ? 0 : z > DK_FINEST_ZOOM ? DK_FINEST_ZOOM : z);
}

/* Square of the distance of p from the segment a-b. */
static double distance2(double px, double py, double ax, double ay, double bx, double by)
{
    const double dx = bx - ax, dy = by - ay, x = px - ax, y = py - ay;
    const double length2 = dx * dx + dy * dy, along = x * dx + y * dy;
    if (along <= 0 || length2 == 0)
        return x * x + y * y;
    if (along >= length2) {
        const double u = px - bx, v = py - by;
        return u * u + v * v;
    }
    const double across = x * dy - y * dx;
    return across * across / length2;
}

/* Douglas and Peucker over ring[from..to], whose ends are kept. step: +1, or -1 when the arc is walked from its end. */
static bool simplify(dk_topology *t, size_t from, size_t to)
{
    const bool backward = lower(t, t->ring[to], t->ring[from]);
    size_t depth = 0;
    if (!dk_grow(&t->stack, &t->stack_capacity, 1, sizeof *t->stack))
        return false;
    t->stack[depth++] = (struct span){from, to, INFINITY};
    while (depth > 0) {
        const struct span s = t->stack[--depth];
        if (s.to - s.from < 2)
            continue;
        /* In the canonical direction, so that both sides of a border compute the same numbers and, of vertices that
         * are equally far, choose the same. */
        const uint32_t a = t->ring[backward ? s.to : s.from], b = t->ring[backward ? s.from : s.to];
        const double ax = position_x(t, a), ay = position_y(t, a), bx = position_x(t, b), by = position_y(t, b);
        double farthest = -1;
        size_t at = s.from + 1;
        for (size_t k = 1; k < s.to - s.from; k++) {
            const size_t i = backward ? s.to - k : s.from + k;
            const double d = distance2(position_x(t, t->ring[i]), position_y(t, t->ring[i]), ax, ay, bx, by);
            if (d > farthest) {
                farthest = d;
                at = i;
            }
        }
        const double limit = fmin(s.limit, farthest);
        t->zoom[at] = zoom_of(sqrt(limit));
        if (!dk_grow(&t->stack, &t->stack_capacity, depth + 2, sizeof *t->stack))
            return false;
        t->stack[depth++] = (struct span){s.from, at, limit};
        t->stack[depth++] = (struct span){at, s.to, limit};
    }
    return true;
}

/* The position between from and to that is farthest from ring[from]; of equals the lowest by (x, y). */
static size_t farthest_from(const dk_topology *t, size_t from, size_t to)
{
    const double ax = position_x(t, t->ring[from]), ay = position_y(t, t->ring[from]);
    double farthest = -1;
    size_t at = from;
    for (size_t i = from + 1; i < to; i++) {
        const double x = position_x(t, t->ring[i]) - ax, y = position_y(t, t->ring[i]) - ay, d = x * x + y * y;
        if (d > farthest || (d == farthest && lower(t, t->ring[i], t->ring[at]))) {
            farthest = d;
            at = i;
        }
    }
    return at;
}

/* An arc whose ends are kept; one that comes back to its beginning is cut at the vertex farthest from there. */
static bool simplify_arc(dk_topology *t, size_t from, size_t to)
{
    if (t->ring[from] != t->ring[to])
        return simplify(t, from, to);
    if (to - from < 2)
        return true;
    const size_t middle = farthest_from(t, from, to);
    t->zoom[middle] = 0;
    return simplify(t, from, middle) && simplify(t, middle, to);
}

/* Zooms of ring[0..n], closed rings with the first position repeated at the end. */
static bool simplify_path(dk_topology *t, size_t n)
{
    size_t last = 0;
    for (size_t i = 1; i <= n; i++) {
        if (i < n && !t->node[t->ring[i]])
            continue;
        if (i < n)
            t->zoom[i] = 0;
        if (!simplify_arc(t, last, i))
            return false;
        last = i;
    }
    return true;
}

/* The place where a ring is opened: its lowest node, or its lowest vertex if it has no node. */
static size_t opening(const dk_topology *t, const uint32_t *ids, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        const bool node = t->node[ids[i]], best_node = t->node[ids[best]];
        if (node != best_node ? node : lower(t, ids[i], ids[best]))
            best = i;
    }
    return best;
}

static dk_status get_path(dk_topology *t, const path *p, dk_geometry_kind kind, dk_outline *outline)
{
    const uint32_t *ids = t->split + p->start;
    const size_t n = p->count, start = outline->n_points;
    if (!dk_outline_reserve(outline, n) || !dk_grow(&t->ring, &t->ring_capacity, n + 1, sizeof *t->ring) ||
        !dk_grow(&t->zoom, &t->zoom_capacity, n + 1, sizeof *t->zoom))
        return DK_NOMEM;
    size_t open = 0;
    if (kind == DK_POLYGONS && n >= 3) {
        open = opening(t, ids, n);
        for (size_t i = 0; i < n; i++)
            t->ring[i] = ids[(open + i) % n];
        t->ring[n] = t->ring[0];
        memset(t->zoom, DK_FINEST_ZOOM, n + 1);
        t->zoom[0] = 0;
        if (!simplify_path(t, n))
            return DK_NOMEM;
    } else if (kind == DK_LINES && n >= 2) {
        memcpy(t->ring, ids, n * sizeof *ids);
        memset(t->zoom, DK_FINEST_ZOOM, n);
        t->zoom[0] = t->zoom[n - 1] = 0;
        if (!simplify_path(t, n - 1))
            return DK_NOMEM;
    } else {
        if (n > 0)
            memcpy(t->ring, ids, n * sizeof *ids);
        memset(t->zoom, 0, n + 1);
    }
    for (size_t i = 0; i < n; i++) {
        const size_t k = (i + n - open) % n;
        const uint32_t *at = t->matching.xy + 2 * (size_t)ids[i];
        dk_outline_put(outline, at[0], at[1], t->zoom[k]);
    }
    dk_outline_close(outline, start, p->hole);
    return DK_OK;
}

dk_status dk_topology_get(dk_topology *t, size_t index, dk_outline *ret_outline)
{
    dk_outline_clear(ret_outline);
    if (index >= t->n_features || !t->features[index].wanted)
        return DK_INVALID;
    const feature *f = &t->features[index];
    ret_outline->kind = f->kind;
    for (size_t i = 0; i < f->n_paths; i++) {
        const dk_status status = get_path(t, &t->paths[f->first_path + i], f->kind, ret_outline);
        if (status != DK_OK)
            return status;
    }
    return DK_OK;
}
