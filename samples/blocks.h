/* Parcels: the region is cut by roads into blocks, a block into strips, a strip into fields. Within a block
 * neighbours share their borders vertex by vertex, also where the corner of one lies on the side of another. */
#ifndef DK_SAMPLES_BLOCKS_H
#define DK_SAMPLES_BLOCKS_H

#include "samples/place.h"

typedef struct gen_grid {
    const gen_region *region;
    double cell; /* m, from road to road */
    uint32_t columns, rows;
} gen_grid;

#define GEN_MAX_STRIPS 7
#define GEN_MAX_FIELDS 14

/* What a block is made of, without its geometry: cheap, so that parcels can be counted before they are drawn. */
typedef struct gen_block {
    uint32_t column, row;
    int n_strips;
    int n_fields[GEN_MAX_STRIPS];
    bool joined[GEN_MAX_STRIPS]; /* the strip's 2nd and 4th field are one parcel of two parts */
    int n_parcels;
    gen_random random; /* for its geometry */
} gen_block;

void gen_grid_init(gen_grid *grid, const gen_region *region, double cell);
gen_point gen_block_centre(const gen_grid *grid, uint32_t column, uint32_t row);
/* false: the block is not wholly in the region. */
bool gen_block_plan(const gen_grid *grid, uint32_t column, uint32_t row, gen_block *ret_block);

/* Draws the first n_parcels parcels of the block, strip by strip; each returns false to stop. shape is scratch
 * and holds the parcel during the call. false: stopped, or out of memory. */
typedef bool (*gen_parcel_fn)(const gen_shape *shape, int number, int strip, void *user);
bool gen_block_draw(const gen_grid *grid, const gen_block *block, int n_parcels, gen_shape *shape, gen_parcel_fn each,
                    void *user);

#endif
