/* A static tree of boxes, for asking which of many meet one: boxes sorted by the Morton code of their middle, sixteen a
 * node. 40 bytes a box. */
#ifndef DK_STORE_BOX_TREE_H
#define DK_STORE_BOX_TREE_H

#include "store/geometry.h"

typedef struct dk_boxed {
    dk_world_box box;
    int64_t row; /* what it stands for; box trees do not look at it */
    bool own;
} dk_boxed;

typedef struct dk_box_tree dk_box_tree;

/* Sorts items, which are borrowed until the tree is freed. NULL: out of memory. */
dk_box_tree *dk_box_tree_create(dk_boxed *items, size_t n);
void dk_box_tree_free(dk_box_tree *tree); /* NULL-safe */
/* Calls each with the positions, ascending, of the items whose boxes meet this one; false from it stops. */
void dk_box_tree_meet(const dk_box_tree *tree, const dk_world_box *box, bool (*each)(size_t item, void *user),
                      void *user);
/* The same of the items behind one that meet its box: each pair once, if it is asked for each item. */
void dk_box_tree_meet_behind(const dk_box_tree *tree, size_t item, bool (*each)(size_t item, void *user), void *user);

#endif
