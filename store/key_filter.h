/* Which keys may have come before: those that have are always known, of others few are taken for such (a filter after
 * B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970). With it a first load asks the store
 * for next to none of its keys. */
#ifndef DK_STORE_KEY_FILTER_H
#define DK_STORE_KEY_FILTER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct dk_key_filter dk_key_filter;

/* 8 MB, of which nothing is touched yet: behind a million keys one in a thousand is taken for one that came before,
 * behind ten million one in fifteen. NULL: out of memory. */
dk_key_filter *dk_key_filter_create(void);
void dk_key_filter_free(dk_key_filter *filter); /* NULL-safe */

/* Asks memory for what dk_key_filter_came will look at, which lies anywhere in those 8 MB. */
void dk_key_filter_fetch(const dk_key_filter *filter, const char *key, size_t size);
/* Whether the key may have come before; from now on it has. */
bool dk_key_filter_came(dk_key_filter *filter, const char *key, size_t size);

#endif
