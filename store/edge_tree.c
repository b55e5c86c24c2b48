#include "store/edge_tree.h"

#include <stdlib.h>

enum { FANOUT = 8, MOST_LEVELS = 24 };

typedef struct node {
    double box[4];
    double from_y, to_y; /* of a chain, its ends */
    bool chain;          /* its edges are consecutive ones of a ring */
} node;

typedef struct leaf {
    size_t part, first;
    unsigned count;
} leaf;

struct dk_edge_tree {
    dk_turned outline;
    leaf *leaves;
    size_t n_levels;
    size_t starts[MOST_LEVELS], counts[MOST_LEVELS]; /* in nodes, from the leaves to the root */
    node *nodes;
};

static const double *edge_of(const dk_edge_tree *tree, const leaf *at)
{
    return tree->outline.lonlat + 2 * (tree->outline.parts[at->part].start + at->first);
}

static void widen(double box[4], double x0, double y0, double x1, double y1)
{
    box[0] = x0 < box[0] ? x0 : box[0];
    box[1] = y0 < box[1] ? y0 : box[1];
    box[2] = x1 > box[2] ? x1 : box[2];
    box[3] = y1 > box[3] ? y1 : box[3];
}

static void make_leaf(const dk_edge_tree *tree, const leaf *at, node *to)
{
    const double *xy = edge_of(tree, at), *last = xy + 2 * at->count;
    *to = (node){.box = {xy[0], xy[1], xy[0], xy[1]}, .from_y = xy[1], .to_y = last[1], .chain = true};
    for (xy += 2; xy <= last; xy += 2)
        widen(to->box, xy[0], xy[1], xy[0], xy[1]);
}

/* The part of the first and of the last leaf below a node tell whether it is a chain. */
static void make_node(const dk_edge_tree *tree, size_t level, size_t number, size_t leaves_below)
{
    const node *below = tree->nodes + tree->starts[level - 1];
    const size_t first = number * FANOUT;
    const size_t end = tree->counts[level - 1] - first < FANOUT ? tree->counts[level - 1] : first + FANOUT;
    const size_t first_leaf = number * leaves_below;
    const size_t last_leaf =
        tree->counts[0] - first_leaf < leaves_below ? tree->counts[0] - 1 : first_leaf + leaves_below - 1;
    node *to = &tree->nodes[tree->starts[level] + number];
    *to = below[first];
    for (size_t i = first + 1; i < end; i++)
        widen(to->box, below[i].box[0], below[i].box[1], below[i].box[2], below[i].box[3]);
    to->to_y = below[end - 1].to_y;
    to->chain = tree->leaves[first_leaf].part == tree->leaves[last_leaf].part;
}

dk_edge_tree *dk_edge_tree_create(const dk_turned *outline)
{
    dk_edge_tree *tree = calloc(1, sizeof *tree);
    size_t n_leaves = 0, n_nodes = 0;
    if (tree == NULL)
        return NULL;
    tree->outline = *outline;
    for (size_t p = 0; p < outline->n_parts; p++)
        n_leaves += (outline->parts[p].count - 1 + FANOUT - 1) / FANOUT;
    for (size_t count = n_leaves;; count = (count + FANOUT - 1) / FANOUT) {
        tree->starts[tree->n_levels] = n_nodes;
        tree->counts[tree->n_levels++] = count;
        n_nodes += count;
        if (count <= 1)
            break;
    }
    tree->leaves = calloc(n_leaves + 1, sizeof *tree->leaves);
    tree->nodes = calloc(n_nodes + 1, sizeof *tree->nodes);
    if (tree->leaves == NULL || tree->nodes == NULL) {
        dk_edge_tree_free(tree);
        return NULL;
    }
    size_t n = 0;
    for (size_t p = 0; p < outline->n_parts; p++) {
        const size_t edges = outline->parts[p].count - 1;
        for (size_t first = 0; first < edges; first += FANOUT, n++) {
            tree->leaves[n] = (leaf){p, first, (unsigned)(edges - first < FANOUT ? edges - first : FANOUT)};
            make_leaf(tree, &tree->leaves[n], &tree->nodes[n]);
        }
    }
    size_t leaves_below = 1;
    for (size_t level = 1; level < tree->n_levels; level++) {
        leaves_below *= FANOUT;
        for (size_t i = 0; i < tree->counts[level]; i++)
            make_node(tree, level, i, leaves_below);
    }
    return tree;
}

void dk_edge_tree_free(dk_edge_tree *tree)
{
    if (tree == NULL)
        return;
    free(tree->leaves);
    free(tree->nodes);
    free(tree);
}

const dk_turned *dk_edge_tree_outline(const dk_edge_tree *tree)
{
    return &tree->outline;
}

/* The nodes below a node, [*ret_first, *ret_end) of the level below. */
static void below(const dk_edge_tree *tree, size_t level, size_t number, size_t *ret_first, size_t *ret_end)
{
    const size_t count = tree->counts[level - 1];
    *ret_first = number * FANOUT;
    *ret_end = count - *ret_first < FANOUT ? count : *ret_first + FANOUT;
}

/* ---- what is near ---- */

typedef struct search {
    const dk_edge_tree *tree;
    const double *box;
    bool (*each)(const dk_edge_run *run, void *user);
    void *user;
} search;

static bool meet(const double a[4], const double b[4])
{
    return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

/* As deep as the tree has levels. The node itself meets the box. */
static bool look(const search *s, size_t level, size_t number)
{
    const dk_edge_tree *tree = s->tree;
    if (level == 0) {
        const leaf *at = &tree->leaves[number];
        const dk_edge_run run = {edge_of(tree, at), at->part, at->first, at->count};
        return s->each(&run, s->user);
    }
    size_t first, end;
    below(tree, level, number, &first, &end);
    for (const node *nodes = tree->nodes + tree->starts[level - 1]; first < end; first++)
        if (meet(nodes[first].box, s->box) && !look(s, level - 1, first))
            return false;
    return true;
}

bool dk_edge_tree_near(const dk_edge_tree *tree, const double box[4], bool (*each)(const dk_edge_run *run, void *user),
                       void *user)
{
    const search s = {tree, box, each, user};
    const size_t root = tree->n_levels - 1;
    return tree->counts[root] == 0 || !meet(tree->nodes[tree->starts[root]].box, box) || look(&s, root, 0);
}

/* ---- what is inside ---- */

typedef struct ray {
    const dk_edge_tree *tree;
    const double *from;
    bool in, unclear;
} ray;

/* Counts the edges that the ray meets. */
static void cast(ray *r, size_t level, size_t number)
{
    const node *at = &r->tree->nodes[r->tree->starts[level] + number];
    const double *p = r->from;
    if (at->box[1] > p[1] || at->box[3] <= p[1] || at->box[2] < p[0])
        return;
    if (at->chain && at->box[0] > p[0]) {
        /* All of it lies to the east: it meets the ray an odd number of times if its ends are on either side of it. */
        r->in = r->in != ((at->from_y > p[1]) != (at->to_y > p[1]));
        return;
    }
    if (level > 0) {
        size_t first, end;
        for (below(r->tree, level, number, &first, &end); first < end; first++)
            cast(r, level - 1, first);
        return;
    }
    const double *edge = edge_of(r->tree, &r->tree->leaves[number]);
    for (unsigned i = 0; i < r->tree->leaves[number].count; i++, edge += 2) {
        const int meets = dk_edge_meets_ray(edge, p);
        r->unclear = r->unclear || meets < 0;
        r->in = r->in != (meets > 0);
    }
}

dk_within dk_edge_tree_position(const dk_edge_tree *tree, const double position[2])
{
    ray r = {tree, position, false, false};
    if (tree->counts[0] > 0)
        cast(&r, tree->n_levels - 1, 0);
    return r.unclear ? DK_UNCLEAR : r.in ? DK_WITHIN : DK_OUTSIDE;
}

/* false: an edge may have something in common with the box. */
static bool avoids(const dk_edge_run *run, void *user)
{
    const double *box = user, *edge = run->from;
    for (size_t i = 0; i < run->count; i++, edge += 2) {
        if ((edge[0] < box[0] && edge[2] < box[0]) || (edge[0] > box[2] && edge[2] > box[2]) ||
            (edge[1] < box[1] && edge[3] < box[1]) || (edge[1] > box[3] && edge[3] > box[3]))
            continue;
        /* The four corners on one side of its line. */
        int sum = 0;
        for (int corner = 0; corner < 4; corner++) {
            const double at[2] = {box[corner & 1 ? 2 : 0], box[corner & 2 ? 3 : 1]};
            sum += dk_side(edge, edge + 2, at);
        }
        if (sum != 4 && sum != -4)
            return false;
    }
    return true;
}

dk_within dk_edge_tree_box(const dk_edge_tree *tree, const double box[4])
{
    double around[4] = {box[0], box[1], box[2], box[3]};
    if (!dk_edge_tree_near(tree, around, avoids, around))
        return DK_UNCLEAR;
    const double middle[2] = {box[0] + (box[2] - box[0]) / 2, box[1] + (box[3] - box[1]) / 2};
    return dk_edge_tree_position(tree, middle);
}
