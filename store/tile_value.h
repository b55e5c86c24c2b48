/* A value as it stands in a vector tile: the field `values` = 4 of a layer, with its length, and in it the Value
 * message (Mapbox Vector Tile 2.1, 4.1 and 4.4): a text is a string_value, a real a double_value, an integer a
 * uint_value or, below zero, a sint_value. Blocks (store/block.h) keep values like this, with their hash, so that a
 * tile only copies them. */
#ifndef DK_STORE_TILE_VALUE_H
#define DK_STORE_TILE_VALUE_H

#include "store/buf.h"
#include "store/status.h"
#include "store/value.h"

typedef struct dk_tile_value {
    const unsigned char *bytes;
    size_t size;
    uint32_t hash; /* dk_tile_value_hash of the bytes; a wrong one only makes a tile's table of values longer */
} dk_tile_value;

/* Replaces out by the bytes of a value that is not DK_NULL; out->failed: out of memory. */
void dk_tile_value_encode(const dk_value *value, dk_buf *out);
/* Whether the bytes, as dk_tile_value_encode makes them, are those of a text. */
bool dk_tile_value_is_text(const unsigned char *bytes, size_t size, const char *text, size_t text_size);
/* A text is borrowed, and ends with a NUL only if one follows the bytes. DK_CORRUPT: this is no such value. */
dk_status dk_tile_value_decode(const unsigned char *bytes, size_t size, dk_value *ret_value);
/* Whether the bytes begin with the field's tag and a length that is the rest. */
bool dk_tile_value_fits(const unsigned char *bytes, size_t size);
uint32_t dk_tile_value_hash(const unsigned char *bytes, size_t size);

#endif
