#include "store/box_tree.h"

#include "store/index.h"

#include <stdlib.h>

enum { NODE = 16, MOST_LEVELS = 16 };

struct dk_box_tree {
    const dk_boxed *items;
    size_t n;
    size_t n_levels;
    size_t counts[MOST_LEVELS]; /* nodes of each level, from those above the items to the root */
    dk_world_box *levels[MOST_LEVELS];
};

static uint64_t middle(const dk_boxed *item)
{
    return dk_morton(item->box.x0 / 2 + item->box.x1 / 2, item->box.y0 / 2 + item->box.y1 / 2);
}

static int by_middle(const void *a, const void *b)
{
    const dk_boxed *one = a, *other = b;
    const uint64_t x = middle(one), y = middle(other);
    return x != y ? (x > y) - (x < y) : (one->row > other->row) - (one->row < other->row);
}

static bool meet(const dk_world_box *a, const dk_world_box *b)
{
    return a->x0 <= b->x1 && a->x1 >= b->x0 && a->y0 <= b->y1 && a->y1 >= b->y0;
}

static void widen(dk_world_box *box, const dk_world_box *by)
{
    box->x0 = by->x0 < box->x0 ? by->x0 : box->x0;
    box->y0 = by->y0 < box->y0 ? by->y0 : box->y0;
    box->x1 = by->x1 > box->x1 ? by->x1 : box->x1;
    box->y1 = by->y1 > box->y1 ? by->y1 : box->y1;
}

dk_box_tree *dk_box_tree_create(dk_boxed *items, size_t n)
{
    dk_box_tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL)
        return NULL;
    if (n > 1)
        qsort(items, n, sizeof *items, by_middle);
    tree->items = items;
    tree->n = n;
    for (size_t below = n; below > 1 || tree->n_levels == 0;) {
        const size_t count = (below + NODE - 1) / NODE, level = tree->n_levels;
        dk_world_box *boxes = calloc(count + 1, sizeof *boxes);
        if (boxes == NULL) {
            dk_box_tree_free(tree);
            return NULL;
        }
        for (size_t i = 0; i < below; i++) {
            const dk_world_box *box = level == 0 ? &items[i].box : &tree->levels[level - 1][i];
            if (i % NODE == 0)
                boxes[i / NODE] = *box;
            else
                widen(&boxes[i / NODE], box);
        }
        tree->levels[level] = boxes;
        tree->counts[level] = count;
        tree->n_levels++;
        below = count;
    }
    return tree;
}

void dk_box_tree_free(dk_box_tree *tree)
{
    for (size_t i = 0; tree != NULL && i < tree->n_levels; i++)
        free(tree->levels[i]);
    free(tree);
}

typedef struct asking {
    const dk_box_tree *tree;
    const dk_world_box *box;
    size_t from; /* the first item that counts */
    bool (*each)(size_t item, void *user);
    void *user;
} asking;

/* As deep as the tree has levels. span: items below a node of the level below. */
static bool ask(const asking *a, size_t level, size_t node, size_t span)
{
    const size_t below = level == 0 ? a->tree->n : a->tree->counts[level - 1];
    const size_t end = below - node * NODE < NODE ? below : (node + 1) * NODE;
    const size_t first = a->from / span > node * NODE ? a->from / span : node * NODE;
    for (size_t i = first; i < end; i++) {
        if (level == 0) {
            if (meet(&a->tree->items[i].box, a->box) && !a->each(i, a->user))
                return false;
        } else if (meet(&a->tree->levels[level - 1][i], a->box) && !ask(a, level - 1, i, span / NODE)) {
            return false;
        }
    }
    return true;
}

static void ask_all(const asking *a)
{
    size_t span = 1;
    for (size_t i = 1; i < a->tree->n_levels; i++)
        span *= NODE;
    ask(a, a->tree->n_levels - 1, 0, span);
}

void dk_box_tree_meet(const dk_box_tree *tree, const dk_world_box *box, bool (*each)(size_t item, void *user),
                      void *user)
{
    ask_all(&(asking){tree, box, 0, each, user});
}

void dk_box_tree_meet_behind(const dk_box_tree *tree, size_t item, bool (*each)(size_t item, void *user), void *user)
{
    ask_all(&(asking){tree, &tree->items[item].box, item + 1, each, user});
}
