/* A block: the entries whose home (store/shelf.h) is one cell, with the values of their tile attributes in a dictionary
 * of the block.
 *
 *     u32 magic and version   u32 n_entries   u32 n_values   u32 n_attributes   u32 offset of the end of the block
 *     u8  [n_attributes], padded to 4   the fields that have attributes, ascending
 *     dk_entry_head [n_entries]         by (Morton code of the box's north-west corner, feature, row)
 *     u32 [n_entries][n_attributes]     numbers of values; 0: null
 *     u32 [n_values + 1][2]             offsets in the block of the values 1 … n_values, and their hashes; then their
 * end values                            as a tile has them (store/tile_value.h), each with a NUL behind drawings, in
 * the order of the heads
 *
 * A block has an entry at least; offsets are from its beginning.
 * Blocks are never changed: publish writes new ones. */
#ifndef DK_STORE_BLOCK_H
#define DK_STORE_BLOCK_H

#include "store/catalogue.h"
#include "store/entry.h"
#include "store/tile_value.h"

/* Pointers into the bytes of an open block. */
typedef struct dk_block {
    const unsigned char *data;
    size_t size;
    uint32_t n_entries, n_values, n_attributes;
    const unsigned char *fields;     /* n_attributes field numbers */
    const dk_entry_head *heads;      /* n_entries */
    const unsigned char *attributes; /* u32 [n_entries][n_attributes], not aligned */
    const unsigned char *offsets;    /* u32 [n_values + 1][2], offset and hash, not aligned */
} dk_block;

/* Borrows data. DK_CORRUPT when header and sizes do not fit; entries and values are checked when they are read. O(1).
 */
dk_status dk_block_open(const void *data, size_t size, dk_block *ret_block);
/* The zoom from which on pieces stand for all drawings of a block, of which the first `size` bytes are given;
 * UINT8_MAX: never, or they do not tell. */
int dk_block_cut(const void *beginning, size_t size);
/* The drawing of entry i. */
dk_status dk_block_drawing(const dk_block *block, uint32_t i, dk_drawing *ret_drawing);
/* Value number `number`, 1 to n_values; 0 is DK_NULL. A text is borrowed from the block. */
dk_status dk_block_value(const dk_block *block, uint32_t number, dk_value *ret_value);
/* The same as it stands, borrowed; not of 0. Its length is checked and its content is not. */
dk_status dk_block_tile_value(const dk_block *block, uint32_t number, dk_tile_value *ret_value);
/* The hash that stands with it, not checked. */
static inline uint32_t dk_block_value_hash(const dk_block *block, uint32_t number)
{
    uint32_t hash;
    __builtin_memcpy(&hash, block->offsets + 8 * ((size_t)number - 1) + 4, 4);
    return hash;
}
size_t dk_block_values_size(const dk_block *block); /* bytes of all values */
/* The number of the value of entry i's attribute a (position in block->fields). */
static inline uint32_t dk_block_attribute(const dk_block *block, uint32_t i, uint32_t a)
{
    uint32_t number;
    __builtin_memcpy(&number, block->attributes + 4 * ((size_t)i * block->n_attributes + a), 4);
    return number;
}

/* Building: add entries, of other blocks or new ones, in any order; the bytes do not depend on it. */
typedef struct dk_block_builder dk_block_builder;
dk_block_builder *dk_block_builder_create(void);
void dk_block_builder_free(dk_block_builder *builder); /* NULL-safe */
/* Begins a block of entries of a layer: its attributes are the fields that go into tiles. */
void dk_block_begin(dk_block_builder *builder, const dk_kind *layer);
/* Copies an entry. head->drawing and division are set here. values: layer->n_fields of them, of which those that go
 * into tiles and the division are kept. */
dk_status dk_block_add(dk_block_builder *builder, const dk_entry_head *head, const void *drawing, size_t drawing_size,
                       const dk_value *values);
/* Copies entry i of a block of the same layer. DK_CONFLICT: that block was written when other fields went into tiles.
 */
dk_status dk_block_copy(dk_block_builder *builder, const dk_block *from, uint32_t i);
size_t dk_block_count(const dk_block_builder *builder);
/* Replaces out by the block's bytes; a block without entries has none. The values are in the order of their first use
 * by the sorted entries. */
dk_status dk_block_finish(dk_block_builder *builder, dk_buf *out);

#endif
