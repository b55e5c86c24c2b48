/* Threads that compute groups (store/index_group.h) while another one reads and writes them: one less than there are
 * processors. With one processor there are none, and all is done by who takes. */
#ifndef DK_STORE_INDEX_AHEAD_H
#define DK_STORE_INDEX_AHEAD_H

#include "store/index_group.h"

typedef struct dk_ahead dk_ahead;

/* layer is borrowed. NULL: out of memory. Caller frees with dk_ahead_free. No thread is started before two groups wait.
 */
dk_ahead *dk_ahead_create(const dk_kind *layer);
/* Waits for groups under way, which still belong to the caller. NULL-safe. */
void dk_ahead_free(dk_ahead *ahead);

/* How many groups may be on their way at once. */
size_t dk_ahead_room(const dk_ahead *ahead);
/* Borrows a group until it is taken. No more than there is room for. */
void dk_ahead_give(dk_ahead *ahead, dk_group *group);
/* Waits until a group that was given is computed; whoever waits computes too. */
void dk_ahead_take(dk_ahead *ahead, dk_group *group);

#endif
