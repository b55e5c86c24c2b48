/* Mapbox Vector Tile 2.1 encoder (github.com/mapbox/vector-tile-spec/tree/master/2.1; section numbers below are its).
 *
 *     dk_mvt_layer_begin
 *       dk_mvt_feature_begin  dk_mvt_attribute …  dk_mvt_ring | dk_mvt_line | dk_mvt_points …  dk_mvt_feature_end
 *     dk_mvt_layer_end
 *
 * A feature is a small transaction: one that gets no geometry leaves nothing behind, not even its keys and values.
 * A layer without features is not written. Memory is kept from tile to tile. One encoder per thread. */
#ifndef DK_TILER_MVT_H
#define DK_TILER_MVT_H

#include "store/buf.h"
#include "store/tile_value.h"

#define DK_MVT_EXTENT 4096
#define DK_MVT_MAX_KEYS 64

typedef enum dk_mvt_type { DK_MVT_POINT = 1, DK_MVT_LINE = 2, DK_MVT_POLYGON = 3 } dk_mvt_type; /* 4.3.4 */

typedef struct dk_mvt dk_mvt;

dk_mvt *dk_mvt_create(void);   /* NULL: out of memory. Caller frees with dk_mvt_free */
void dk_mvt_free(dk_mvt *mvt); /* NULL-safe */

/* keys: n_keys names, borrowed until the layer ends; attributes name them by their position. */
void dk_mvt_layer_begin(dk_mvt *mvt, const char *name, const char *const *keys, size_t n_keys);
/* Appends the layer to the tile; false when out of memory (nothing is appended). */
bool dk_mvt_layer_end(dk_mvt *mvt, dk_buf *tile);

void dk_mvt_feature_begin(dk_mvt *mvt, uint64_t id, dk_mvt_type type);
/* DK_NULL is left out. A key at most once per feature. */
void dk_mvt_attribute(dk_mvt *mvt, size_t key, const dk_value *value);
/* The same in steps, for who meets a key or a value more than once: their numbers in the layer's tables, into which
 * they come if they are new and where they stay, so ask when the feature has its geometry. DK_MVT_NO_VALUE: out of
 * memory. Then the feature's tags (4.4), instead of attributes: pairs of varints (dk_mvt_put), key number and value
 * number; borrowed until the feature ends. */
#define DK_MVT_NO_VALUE UINT32_MAX
uint32_t dk_mvt_key(dk_mvt *mvt, size_t key); /* key < n_keys */
uint32_t dk_mvt_value(dk_mvt *mvt, const dk_tile_value *value);
/* Whether the tables are beyond the processor's caches. Then it is worth saying which values will be asked for, by
 * their hashes, before the first of them is; the layer has some already. */
bool dk_mvt_is_large(const dk_mvt *mvt);
void dk_mvt_expect_values(const dk_mvt *mvt, const uint32_t *hashes, size_t n);
void dk_mvt_tags(dk_mvt *mvt, const unsigned char *tags, size_t size);
/* Writes a varint of at most DK_MVT_PUT bytes; returns where it ends. */
#define DK_MVT_PUT 5
static inline unsigned char *dk_mvt_put(unsigned char *at, uint32_t value)
{
    while (value >= 0x80) {
        *at++ = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    *at++ = (unsigned char)value;
    return at;
}
bool dk_mvt_has_geometry(const dk_mvt *mvt);
/* Positions are tile units, x east, y south. A ring has 3 positions or more, is not closed, has no position twice in
 * a row and an area; it is turned to the winding of 4.3.4.4: exteriors positive by the surveyor's formula, holes
 * negative. Holes come after their exterior. */
void dk_mvt_ring(dk_mvt *mvt, const int32_t *xy, size_t n, bool hole);
void dk_mvt_line(dk_mvt *mvt, const int32_t *xy, size_t n);   /* 2 positions or more, none twice in a row */
void dk_mvt_points(dk_mvt *mvt, const int32_t *xy, size_t n); /* once per feature */
/* Keeps the feature if it got a geometry. */
bool dk_mvt_feature_end(dk_mvt *mvt);

/* Twice the signed area by the surveyor's formula; positive: clockwise as seen with y south. */
int64_t dk_ring_area2(const int32_t *xy, size_t n);

#endif
