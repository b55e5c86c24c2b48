/* What tiles are made of, as deflate sees them: how often each of its symbols stands in tiles, for
 * tiler/tile_symbols.h. usage: bench_symbols NAME STORE:LAYER[,LAYER_grid…]:FIRST-LAST… A table of C, of a million: of
 * each zoom of each store up to TILES tiles of random places in the first layer's box that have something and at most
 * COUNTED bytes, as nearly all have. A tile four times as large counts twice as much. */
#include "store/query.h"
#include "tiler/tile_render.h"

#include <isa-l/igzip_lib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TILES = 200,
    TRIES = 4000,
    COUNTED = 65536,
    SYMBOLS = ISAL_DEF_LIT_LEN_SYMBOLS + ISAL_DEF_DIST_SYMBOLS,
    SUM = 1000000
};

typedef struct counting {
    dk_render *render;
    dk_buf tile;
    double counts[SYMBOLS], sum;
} counting;

static void count(counting *c)
{
    struct isal_huff_histogram seen;
    memset(&seen, 0, sizeof seen);
    isal_update_histogram(c->tile.data, (int)c->tile.size, &seen);
    const double weight = 1 / sqrt((double)c->tile.size);
    for (size_t i = 0; i < SYMBOLS; i++) {
        const uint64_t n = i < ISAL_DEF_LIT_LEN_SYMBOLS ? seen.lit_len_histogram[i]
                                                        : seen.dist_histogram[i - ISAL_DEF_LIT_LEN_SYMBOLS];
        c->counts[i] += weight * (double)n;
        c->sum += weight * (double)n;
    }
}

static uint32_t tile_of(uint32_t position, int z)
{
    return z == 0 ? 0 : position >> (32 - z);
}

static bool count_zoom(counting *c, dk_store *store, const dk_tile_layer *layers, size_t n_layers,
                       const dk_world_box *box, int z, dk_error *err)
{
    const dk_viewer viewer = dk_viewer_public();
    uint64_t random = 88172645463325252u;
    for (size_t tries = 0, n = 0; tries < TRIES && n < TILES; tries++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        const uint32_t x = box->x0 + (uint32_t)((random & 0xffffffffu) % ((uint64_t)(box->x1 - box->x0) + 1));
        const uint32_t y = box->y0 + (uint32_t)((random >> 32) % ((uint64_t)(box->y1 - box->y0) + 1));
        const dk_tile_address tile = {DK_WEBMERCATORQUAD, z, tile_of(x, z), tile_of(y, z)};
        int64_t generation;
        if (dk_render_tile(c->render, store, layers, n_layers, &tile, &viewer, DK_NEWEST, &c->tile, &generation, err) !=
            DK_OK)
            return false;
        if (c->tile.size > 0 && c->tile.size <= COUNTED) {
            count(c);
            n++;
        }
    }
    return true;
}

/* text: STORE:LAYERS:FIRST-LAST, which is cut up. */
static bool count_store(counting *c, char *text)
{
    char *zooms = strrchr(text, ':'), *names = NULL;
    if (zooms != NULL) {
        *zooms++ = '\0';
        names = strrchr(text, ':');
    }
    int first, last;
    if (names == NULL || sscanf(zooms, "%d-%d", &first, &last) != 2) {
        fprintf(stderr, "bench_symbols: STORE:LAYERS:FIRST-LAST is wanted\n");
        return false;
    }
    *names++ = '\0';
    dk_store *store = NULL;
    dk_error error = {0};
    dk_tile_layer layers[16];
    size_t n_layers = 0;
    int64_t generation, rows, undrawn;
    double bounds[4];
    bool ok = dk_store_open(text, DK_READ, &store, &error) == DK_OK &&
              dk_store_generation(store, &generation, &error) == DK_OK;
    for (char *name = strtok(names, ","); ok && name != NULL && n_layers < 16; name = strtok(NULL, ",")) {
        char *grid = strstr(name, "_grid");
        if (grid != NULL)
            *grid = '\0';
        const dk_kind *kind = dk_catalogue_kind(dk_store_catalogue(store), name);
        if (kind == NULL) {
            fprintf(stderr, "bench_symbols: no layer %s\n", name);
            ok = false;
        }
        layers[n_layers++] = (dk_tile_layer){.kind = kind, .grid = grid != NULL};
    }
    dk_world_box box;
    if (ok && n_layers > 0 &&
        dk_query_summary(store, layers[0].kind, generation, &rows, &undrawn, bounds, &error) == DK_OK) {
        dk_world_from_lonlat(bounds[0], bounds[3], &box.x0, &box.y0);
        dk_world_from_lonlat(bounds[2], bounds[1], &box.x1, &box.y1);
        for (int z = first; ok && z <= last; z++)
            ok = count_zoom(c, store, layers, n_layers, &box, z, &error);
    }
    if (!ok && error.text[0] != '\0')
        fprintf(stderr, "bench_symbols: %s\n", error.text);
    dk_store_close(store);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_symbols NAME STORE:LAYER[,LAYER_grid]:FIRST-LAST...\n");
        return 2;
    }
    counting c = {.render = dk_render_create()};
    if (c.render == NULL)
        return 1;
    dk_buf_init(&c.tile);
    bool ok = true;
    for (int i = 2; ok && i < argc; i++)
        ok = count_store(&c, argv[i]);
    if (ok && c.sum > 0) {
        printf("static const uint32_t %s[DK_DEFLATE_SYMBOLS] = {", argv[1]);
        for (size_t i = 0; i < SYMBOLS; i++)
            printf("%s%.0f,", i % 16 == 0 ? "\n    " : " ", c.counts[i] * SUM / c.sum);
        printf("\n};\n");
    }
    dk_buf_finish(&c.tile);
    dk_render_free(c.render);
    return ok && c.sum > 0 ? 0 : 1;
}
