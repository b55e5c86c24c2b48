/* Whether two names lead to one file, before something is written. */
#ifndef DK_INGEST_PATHS_H
#define DK_INGEST_PATHS_H

#include "ingest/options.h"

#include <stdbool.h>

/* Whether a path is named like the store or one of the files that SQLite and dikuai keep beside it. */
bool dk_beside_store(const char *path, const char *store);
/* Whether two paths lead to one existing file. */
bool dk_same_file(const char *a, const char *b);
/* Whether a file that a load writes would be written over its store, what is kept beside it, or what the load is told
 * to read. */
bool dk_over_input(const char *path, const dk_options *options);
/* A path as it may be shown and kept: as given, and of an absolute one the last part. Borrowed from it. */
const char *dk_shown_path(const char *path);

#endif
