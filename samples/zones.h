/* Planning zones: a tessellation of the region without gaps or overlaps, drawn on a coarse lattice whose cells of the
 * same kind and town are merged, with villages as islands in holes. */
#ifndef DK_SAMPLES_ZONES_H
#define DK_SAMPLES_ZONES_H

#include "samples/place.h"

typedef enum gen_zone_kind {
    GEN_FARMLAND = 0, /* 永久基本农田 */
    GEN_ECOLOGY,      /* 生态保护红线 */
    GEN_TOWN,         /* 城镇开发边界 */
    GEN_VILLAGE,      /* 村庄建设区 */
    GEN_AGRICULTURE   /* 一般农业区 */
} gen_zone_kind;

typedef struct gen_zone {
    gen_zone_kind kind;
    const gen_division *town;
    size_t town_number;
} gen_zone;

/* Each returns false to stop; the result is false when stopped or out of memory. */
typedef bool (*gen_zone_fn)(const gen_shape *shape, const gen_zone *zone, void *user);
bool gen_zones_draw(const gen_region *region, gen_shape *shape, gen_zone_fn each, void *user);

#endif
