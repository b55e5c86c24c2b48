/* Threads that make the leaves of entries about rows while another one writes lives and facts: each has a connection of
 * its own, which sees what was committed. What one of them cannot make, a row that is not committed yet or that cannot
 * be read, is left to who takes, who can say why. */
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
/* For rows that do not change while there is one: one thread less than there are processors. Tasks are numbered one
 * after the other; number i stands in tasks[i % places], where it stays until it was taken, and `first` is the first to
 * come. NULL: there is one processor only, or no thread or connection can be had; then it is done without. */
dk_log_ahead *dk_log_ahead_start(const char *path, dk_log_task *tasks, size_t places, size_t first);
/* Waits for what is under way. NULL-safe. */
void dk_log_ahead_stop(dk_log_ahead *ahead);
/* Those below number `end` may be made. */
void dk_log_ahead_give(dk_log_ahead *ahead, size_t end);
/* Waits until a task that was given is made, and makes some meanwhile. Tasks are taken in their order. */
dk_status dk_log_ahead_take(dk_log_ahead *ahead, dk_log_maker *maker, size_t number, dk_error *err);

#endif
