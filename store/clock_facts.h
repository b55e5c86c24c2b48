/* The facts of a row: what the obligations about its kind are computed from, gathered from the row and from the rows
 * that are linked to it; and their bytes, in which stores keep them.
 *
 * Equal facts have equal bytes: days are sorted, and what cannot make a difference on any day is left out (of several
 * events, where the first one counts, all others; of what need not be shown for long, all but the earliest proof).
 * Limits and calendars are no part of them. */
#ifndef DK_STORE_CLOCK_FACTS_H
#define DK_STORE_CLOCK_FACTS_H

#include "store/clock.h"
#include "store/handle.h"

/* The enabled obligations about a kind, in the order of the catalogue. */
size_t dk_clock_obligations(const dk_catalogue *catalogue, const dk_kind *kind,
                            const dk_obligation *ret_obligations[DK_MAX_OBLIGATIONS]);
/* The kinds that facts of rows of a kind are read from, as bits by their index, itself among them; 0: no enabled
 * obligation is about it. */
uint32_t dk_clock_sources(const dk_catalogue *catalogue, const dk_kind *kind);
/* Which fields of the row itself its facts depend on: those that are read and those that links compare; and whether
 * links compare its key. Rows that agree in all of these have the same facts. */
void dk_clock_depends(const dk_catalogue *catalogue, const dk_kind *kind, uint64_t *ret_fields, bool *ret_key);

/* ---- gathering ---- */

/* For rows of a kind; keeps memory from row to row. NULL: out of memory. Caller frees with dk_clock_gatherer_free. */
typedef struct dk_clock_gatherer dk_clock_gatherer;
dk_clock_gatherer *dk_clock_gatherer_create(dk_store *store, const dk_kind *kind);
void dk_clock_gatherer_free(dk_clock_gatherer *gatherer); /* NULL-safe */
/* The facts of a row with these stored values, by the rows that are published in a generation. Replaces ret_bytes. */
dk_status dk_clock_gather(dk_clock_gatherer *gatherer, const char *key, const dk_value *values, int64_t generation,
                          dk_buf *ret_bytes, dk_error *err);

/* ---- facts from their bytes ---- */

typedef struct dk_clock_facts {
    size_t n; /* obligations */
    const dk_obligation *obligations[DK_MAX_OBLIGATIONS];
    dk_obligation_facts facts[DK_MAX_OBLIGATIONS];
    const dk_regime *regime;
    uint32_t layout; /* of what the bytes say, as the catalogue's obligations give it */
    int32_t *days;   /* of events; memory, kept from one set to the next */
    dk_shown *shown;
    size_t n_days, days_capacity, n_shown, shown_capacity;
} dk_clock_facts; /* Large: not for a stack. Zero-initialised, then dk_clock_facts_of */

void dk_clock_facts_of(dk_clock_facts *facts, const dk_catalogue *catalogue, const dk_kind *kind);
void dk_clock_facts_finish(dk_clock_facts *facts);
/* DK_CORRUPT: these are no facts of the kind. DK_NOT_FOUND: they are those of an earlier catalogue's obligations.
 * DK_NOMEM. */
dk_status dk_clock_facts_read(dk_clock_facts *facts, const dk_catalogue *catalogue, const void *bytes, size_t size);

#endif
