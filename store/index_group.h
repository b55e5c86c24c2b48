/* A group of rows on its way into the cell index: what is read of them, and the entries that follow from that. The
 * second step needs no store, so that it can be done by another thread (store/index_ahead.h).
 *
 *     dk_group_clear   dk_group_target | dk_group_context …   dk_group_compute   entries, pieces */
#ifndef DK_STORE_INDEX_GROUP_H
#define DK_STORE_INDEX_GROUP_H

#include "store/handle.h"

/* The entry of a target. */
typedef struct dk_group_entry {
    dk_entry_head head; /* row and feature as they came; drawing: in dk_group.drawings */
    int level;          /* of its block, and that level's cell */
    uint64_t cell;
    uint64_t hash; /* of its drawing */
    size_t n_points;
    size_t values; /* in dk_group.values, layer->n_fields of them */
    size_t pieces, n_pieces;
    bool damaged; /* its geometry cannot be read: there is no entry */
} dk_group_entry;

/* A piece of a large outline, an entry of its own in a block of pieces. */
typedef struct dk_group_piece {
    dk_entry_head head; /* drawing: in dk_group.drawings */
    int shelf;
    uint64_t cell;
    size_t entry; /* whose it is */
} dk_group_piece;

typedef struct dk_group {
    dk_group_entry *entries; /* one for each target, in the order in which they came */
    size_t n_entries, entries_capacity;
    dk_group_piece *pieces;
    size_t n_pieces, pieces_capacity;
    dk_value *values; /* texts lie in .texts; in place once it is computed */
    size_t n_values, values_capacity;
    dk_buf drawings, texts;
    struct dk_group_outline {
        size_t wkb, size; /* in .wkb */
        size_t entry;     /* the target's, or SIZE_MAX: there to be matched with */
        int64_t row;
        size_t number; /* the topology's, while it is computed */
    } * outlines;
    size_t n_outlines, outlines_capacity;
    dk_buf wkb;

    int64_t damaged_context; /* a row that was there to be matched with, and cannot be read; 0: none */
    dk_status status;        /* of dk_group_compute */
    dk_error error;
    enum { DK_GROUP_WAITS, DK_GROUP_UNDER_WAY, DK_GROUP_DONE } state; /* store/index_ahead.h */
} dk_group;                                                           /* Zero-initialised is empty */

#define DK_GROUP_KEPT 4000000 /* memory for larger groups is let go behind them */

void dk_group_clear(dk_group *group); /* keeps the memory */
void dk_group_finish(dk_group *group);

/* Copies a row whose entry is wanted, or one that is there to be matched with. DK_NOMEM. */
dk_status dk_group_target(dk_group *group, const dk_kind *layer, const dk_stored_row *row);
dk_status dk_group_context(dk_group *group, const dk_stored_row *row);

/* Bytes that were read for it; may be asked while it is computed. */
size_t dk_group_bytes(const dk_group *group);

typedef struct dk_group_work dk_group_work;   /* memory, kept from group to group; one per thread */
dk_group_work *dk_group_work_create(void);    /* NULL: out of memory. Caller frees with dk_group_work_free */
void dk_group_work_free(dk_group_work *work); /* NULL-safe */

/* Generalises all of it together and makes the entries of the targets. The outcome is in status and error; a row that
 * cannot be read is no failure, but told of: a target as damaged, another one in damaged_context. */
void dk_group_compute(dk_group *group, dk_group_work *work, const dk_kind *layer);

uint64_t dk_hash_bytes(const void *data, size_t size);

#endif
