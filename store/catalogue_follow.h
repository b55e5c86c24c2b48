/* What follows from a change of the catalogue, for all that a store keeps of its rows: the one place where it is said. */
#ifndef DK_STORE_CATALOGUE_FOLLOW_H
#define DK_STORE_CATALOGUE_FOLLOW_H

#include "store/store.h"

struct dk_publication_log;

/* Brings everything that is derived from rows up to the catalogue that the store has now, of `generation`; before: the one
 * that was in force. held_back: that one was held back by another, so that it may not say what is written in the log.
 * Costs what the change touches. Within the caller's transaction. */
dk_status dk_catalogue_follow(dk_store *store, const dk_catalogue *before, bool held_back, int64_t generation,
                              struct dk_publication_log *log, dk_progress progress, void *user, dk_error *err);

#endif
