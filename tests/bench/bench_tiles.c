/* How long tiles take: renders and gzips the tiles of a store's layer as the server does, without HTTP.
 * usage: bench_tiles STORE LAYER [SECONDS-PER-ZOOM [ZOOM]]
 * A line per zoom: tiles, features and bytes a tile, and the processor time of a tile in milliseconds, rendered and
 * gzipped. */
#include "store/query.h"
#include "tiler/tile_render.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_tiles STORE LAYER [SECONDS-PER-ZOOM [ZOOM]]\n");
        return 2;
    }
    const double seconds = argc > 3 ? atof(argv[3]) : 0.5;
    const int only = argc > 4 ? atoi(argv[4]) : -1;
    dk_error error = {0};
    dk_store *store = NULL;
    int64_t generation, rows;
    double bounds[4];
    if (dk_store_open(argv[1], DK_READ, &store, &error) != DK_OK ||
        dk_store_generation(store, &generation, &error) != DK_OK) {
        fprintf(stderr, "bench_tiles: %s\n", error.text);
        return 1;
    }
    const dk_kind *layer = dk_catalogue_kind(dk_store_catalogue(store), argv[2]);
    if (layer == NULL || dk_query_summary(store, layer, generation, &rows, bounds, &error) != DK_OK || rows == 0) {
        fprintf(stderr, "bench_tiles: no layer %s with rows\n", argv[2]);
        return 1;
    }
    uint32_t x0, y0, x1, y1;
    dk_world_from_lonlat(bounds[0], bounds[3], &x0, &y0);
    dk_world_from_lonlat(bounds[2], bounds[1], &x1, &y1);
    const dk_viewer viewer = dk_viewer_public();
    dk_render *render = dk_render_create();
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
    dk_buf tile;
    dk_buf_init(&tile);
    unsigned char *packed = NULL;
    size_t room = 0;
    printf("zoom  tiles  features     bytes    gzip   render ms   gzip ms   repaired  slivers\n");
    for (int z = only >= 0 ? only : layer->min_zoom; z <= (only >= 0 ? only : 18); z++) {
        dk_render_stats before = *dk_render_statistics(render);
        double rendering = 0, packing = 0;
        size_t n = 0, bytes = 0, gzipped = 0;
        uint64_t random = 88172645463325252u;
        const double start = now();
        while (now() - start < seconds || n == 0) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            const uint32_t wx = x0 + (uint32_t)((random & 0xffffffffu) % ((uint64_t)(x1 - x0) + 1));
            const uint32_t wy = y0 + (uint32_t)((random >> 32) % ((uint64_t)(y1 - y0) + 1));
            const dk_tile_address address = {z, wx >> (32 - z), wy >> (32 - z)};
            const double a = now();
            if (dk_render_tile(render, store, &layer, 1, &address, &viewer, generation, &tile, &error) != DK_OK) {
                fprintf(stderr, "bench_tiles: %s\n", error.text);
                return 1;
            }
            const double b = now();
            rendering += b - a;
            if (tile.size == 0)
                continue;
            if (tile.size > room) {
                room = tile.size * 2;
                packed = realloc(packed, room);
                if (packed == NULL)
                    return 1;
            }
            gzipped += libdeflate_gzip_compress(compressor, tile.data, tile.size, packed, room);
            packing += now() - b;
            bytes += tile.size;
            n++;
        }
        const dk_render_stats *after = dk_render_statistics(render);
        const double count = (double)n;
        printf("%4d %6zu %9.0f %9.0f %7.0f %11.3f %9.3f %10.2f %8.2f\n", z, n,
               (double)(after->features - before.features) / count, (double)bytes / count, (double)gzipped / count,
               rendering * 1e3 / count, packing * 1e3 / count, (double)(after->repaired - before.repaired) / count,
               (double)(after->slivers - before.slivers) / count);
    }
    free(packed);
    dk_buf_finish(&tile);
    libdeflate_free_compressor(compressor);
    dk_render_free(render);
    dk_store_close(store);
    return 0;
}
