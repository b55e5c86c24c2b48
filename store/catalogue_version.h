/* The versions of the catalogue that a store has had. Each came with a generation (dikuai_catalogue) and stays, for
 * what was published under it is proved by it (store/log_row.h). A version may be held back by others
 * (dikuai_stricter): while a new catalogue is being brought in, the one before is in force, and of it only what the new
 * one shows, too. */
#ifndef DK_STORE_CATALOGUE_VERSION_H
#define DK_STORE_CATALOGUE_VERSION_H

#include "store/store.h"

/* The catalogue that is in force in a generation (of the transaction under way, too), and since which. Caller frees. */
dk_status dk_catalogue_at(dk_store *store, int64_t generation, dk_catalogue **ret_catalogue, int64_t *ret_since,
                          dk_error *err);
/* Its text, freed with free(). *ret_held_back: other versions hold it back. */
dk_status dk_catalogue_text_at(dk_store *store, int64_t generation, char **ret_text, size_t *ret_size,
                               bool *ret_held_back, dk_error *err);
/* Whether the version that came with a generation is held back. */
dk_status dk_catalogue_held_back(dk_store *store, int64_t since, bool *ret_held_back, dk_error *err);
/* The generation in which the next version came, INT64_MAX: it is in force still. */
dk_status dk_catalogue_until(dk_store *store, int64_t generation, int64_t *ret_until, dk_error *err);

/* Writes a version that holds from a generation on. held_back_by, if not NULL, is another text that holds it back,
 * after those that held back the version of `before`. Within the caller's transaction. */
dk_status dk_catalogue_add_version(dk_store *store, int64_t generation, const char *text, size_t size,
                                   const char *held_back_by, size_t held_back_size, int64_t before, dk_error *err);

#endif
