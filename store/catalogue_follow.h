/* What follows from a change of the catalogue, for all that a store keeps of its rows: the one place where it is said.
 */
#ifndef DK_STORE_CATALOGUE_FOLLOW_H
#define DK_STORE_CATALOGUE_FOLLOW_H

#include "store/store.h"

struct dk_publication_log;

/* Brings everything that is derived from rows up to the catalogue that the store has now, of `generation`. before: the
 * one that was in force; base: the same without what held it back, by which what is derived was made once, NULL:
 * nothing did. Costs what the change touches. Within the caller's transaction. */
dk_status dk_catalogue_follow(dk_store *store, const dk_catalogue *before, const dk_catalogue *base, int64_t generation,
                              struct dk_publication_log *log, dk_progress progress, void *user, dk_error *err);

#endif
