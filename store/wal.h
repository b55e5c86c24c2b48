/* The write-ahead log of a store, for its writer: brought into the file while it grows, so that it stays short.
 *
 * SQLite's own checkpoints never wait. While tiles are read all the time, some reader always looks at the log, which
 * then never begins anew and grows by all that is written. So from a size on the writer waits for those who read now;
 * who comes later reads the file alone and is not in the way, and nobody waits for the writer. */
#ifndef DK_STORE_WAL_H
#define DK_STORE_WAL_H

#include "store/handle.h"

/* For writers, once after opening; without memory for it the log is left to SQLite. */
void dk_wal_keep_short(dk_store *store);
/* Brings into the file what waited for the end. Before the handle is closed, after its statements; does nothing for
 * readers. */
void dk_wal_end(dk_store *store);

#endif
