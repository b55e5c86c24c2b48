/* Threads that make the leaves of entries about rows while another one writes lives and facts: each has a connection of its own, which
 * sees what was committed. What one of them cannot make, a row that is not committed yet or that cannot be read, is left to
 * who takes, who can say why. */
#ifndef DK_STORE_LOG_AHEAD_H
#define DK_STORE_LOG_AHEAD_H

#include "store/log_row.h"

typedef struct dk_log_maker dk_log_maker; /* what one thread makes them with */
/* Borrows the store. */
dk_status dk_log_maker_open(dk_store *store, dk_log_maker **ret_maker, dk_error *err);
void dk_log_maker_close(dk_log_maker *maker); /* NULL-safe */
/* Salts are there; errors as of dk_log_row_content. */
dk_status dk_log_make(dk_log_maker *maker, dk_log_task *task, dk_error *err);

typedef struct dk_log_ahead dk_log_ahead;
/* For rows that do not change while there is one: one thread less than there are processors. NULL: there is one processor only, or
 * no thread or connection can be had; then it is done without. */
dk_log_ahead *dk_log_ahead_start(const char *path);
/* Waits for what is under way. NULL-safe. */
void dk_log_ahead_stop(dk_log_ahead *ahead);
/* The first n of these tasks may be made; they stay where they are until the last of them is taken. n grows from call to call, and
 * begins anew once all of them were taken. */
void dk_log_ahead_give(dk_log_ahead *ahead, dk_log_task *tasks, size_t n);
/* Waits until a task that was given is made, and makes some meanwhile. Tasks are taken in their order. */
dk_status dk_log_ahead_take(dk_log_ahead *ahead, dk_log_maker *maker, size_t number, dk_error *err);
/* All were taken: the next ones are given from the first place on. */
void dk_log_ahead_clear(dk_log_ahead *ahead);

#endif
