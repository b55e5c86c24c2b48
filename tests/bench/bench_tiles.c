/* How long tiles take: renders and codes tiles of a store as the server does when nothing is cached, without HTTP, on
 * one core; and how long libdeflate level 1 takes for the same bytes. usage: bench_tiles STORE LAYER[,LAYER…] [-s
 * SECONDS] [-z FIRST[-LAST]] [-t FILE] [-a] [-l] [-4] [-k MB] -s  processor seconds a zoom (0.5) -z  zooms (those of
 * the first layer, 18 at most) -t  the tiles to draw, lines z/x/y, in whole rounds, so that each counts the same; else
 * tiles of random places in the first layer's box -a  every tile of the layers' box once, and the slowest and largest
 *   -l  instead, a line a tile: z/x/y, features, vertices, bytes, gzipped bytes, and the milliseconds of rendering and
 * of libdeflate, medians of three -4  CGCS2000Quad -k  megabytes of the index that are kept in memory (0), as by the
 * server's --index-cache A line a zoom: tiles that have something; features, vertices, bytes and gzipped bytes a tile;
 * processor milliseconds a tile, means, of rendering and of libdeflate; the median of rendering; the slowest tile
 * (rendering and the server's gzip) and the largest (gzipped); features repaired, those of them by GEOS, and slivers, a
 * tile; milliseconds of the server's gzip, and (rendering + that) / libdeflate's. */
#include "store/query.h"
#include "tiler/coding.h"
#include "tiler/tile_render.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct bench {
    dk_store *store;
    dk_render *render;
    struct libdeflate_compressor *compressor;
    dk_tile_layer layers[64];
    size_t n_layers;
    dk_tile_matrix_set set;
    dk_coder *coder;
    dk_buf tile, coded;
    unsigned char *packed;
    size_t room;
    /* of the zoom under way */
    double rendering, coding, packing, slowest, *times;
    size_t n, n_empty, times_capacity, bytes, gzipped, largest;
    bool list; /* a line a tile */
} bench;

/* The tile once. */
typedef struct timing {
    double rendering, coding, packing; /* seconds: of the server's rendering and gzip, and of libdeflate */
    size_t size;                       /* gzipped by the server */
} timing;

static bool draw_once(bench *b, const dk_tile_address *tile, timing *ret)
{
    const dk_viewer viewer = dk_viewer_public();
    dk_error error;
    int64_t generation;
    const double start = now();
    if (dk_render_tile(b->render, b->store, b->layers, b->n_layers, tile, &viewer, DK_NEWEST, &b->tile, &generation,
                       &error) != DK_OK) {
        fprintf(stderr, "bench_tiles: %s\n", error.text);
        return false;
    }
    const double rendered = now();
    const bool coded = dk_coder_code(b->coder, DK_GZIP, DK_MATTER_TILE, b->tile.data, b->tile.size, &b->coded);
    const double end = now();
    if (b->tile.size > b->room) {
        unsigned char *room = realloc(b->packed, b->tile.size * 2);
        if (room == NULL)
            return false;
        b->packed = room;
        b->room = b->tile.size * 2;
    }
    if (b->tile.size > 0)
        libdeflate_gzip_compress(b->compressor, b->tile.data, b->tile.size, b->packed, b->room);
    *ret = (timing){rendered - start, end - rendered, now() - end, coded ? b->coded.size : b->tile.size};
    return true;
}

static double middle(double a, double b, double c)
{
    const double low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

static bool list_tile(bench *b, const dk_tile_address *tile)
{
    const dk_render_stats before = *dk_render_statistics(b->render);
    timing t[3];
    for (int i = 0; i < 3; i++)
        if (!draw_once(b, tile, &t[i]))
            return false;
    const dk_render_stats *after = dk_render_statistics(b->render);
    if (b->tile.size > 0)
        printf("%d/%u/%u %.0f %.0f %zu %zu %.4f %.4f\n", tile->z, (unsigned)tile->x, (unsigned)tile->y,
               (double)(after->features - before.features) / 3, (double)(after->vertices - before.vertices) / 3,
               b->tile.size, t[0].size, middle(t[0].rendering, t[1].rendering, t[2].rendering) * 1e3,
               middle(t[0].packing, t[1].packing, t[2].packing) * 1e3);
    return true;
}

static bool draw(bench *b, const dk_tile_address *tile)
{
    timing t;
    if (b->list)
        return list_tile(b, tile);
    if (!draw_once(b, tile, &t))
        return false;
    if (b->tile.size == 0) {
        b->n_empty++;
        return true;
    }
    if (!dk_grow(&b->times, &b->times_capacity, b->n + 1, sizeof *b->times))
        return false;
    b->times[b->n++] = t.rendering;
    b->rendering += t.rendering;
    b->coding += t.coding;
    b->packing += t.packing;
    b->slowest = t.rendering + t.coding > b->slowest ? t.rendering + t.coding : b->slowest;
    b->bytes += b->tile.size;
    b->gzipped += t.size;
    b->largest = t.size > b->largest ? t.size : b->largest;
    return true;
}

static int by_time(const void *a, const void *b)
{
    const double p = *(const double *)a, q = *(const double *)b;
    return p < q ? -1 : p > q;
}

static void begin_zoom(bench *b)
{
    b->rendering = b->coding = b->packing = b->slowest = 0;
    b->n = b->n_empty = b->bytes = b->gzipped = b->largest = 0;
}

static void print_zoom(bench *b, int z, const dk_render_stats *before)
{
    const dk_render_stats *after = dk_render_statistics(b->render);
    const double n = b->n > 0 ? (double)b->n : 1;
    qsort(b->times, b->n, sizeof *b->times, by_time);
    printf("%4d %7zu %8.0f %8.0f %9.0f %8.0f %9.4f %8.4f %8.4f %8.2f %9zu %6.2f %6.2f %6.2f %8.4f %5.2f\n", z, b->n,
           (double)(after->features - before->features) / n, (double)(after->vertices - before->vertices) / n,
           (double)b->bytes / n, (double)b->gzipped / n, b->rendering * 1e3 / n, b->packing * 1e3 / n,
           b->n > 0 ? b->times[b->n / 2] * 1e3 : 0, b->slowest * 1e3, b->largest,
           (double)(after->repaired - before->repaired) / n, (double)(after->snapped - before->snapped) / n,
           (double)(after->slivers - before->slivers) / n, b->coding * 1e3 / n,
           b->packing > 0 ? (b->rendering + b->coding) / b->packing : 0);
    fflush(stdout);
}

/* Tiles of a file, of one zoom, in whole rounds until the time is over. */
static bool draw_listed(bench *b, const char *path, int z, double seconds)
{
    FILE *file = fopen(path, "r");
    dk_tile_address *tiles = NULL;
    size_t n = 0, capacity = 0;
    bool ok = file != NULL;
    for (unsigned tz, x, y; ok && fscanf(file, "%u/%u/%u", &tz, &x, &y) == 3;)
        if ((int)tz == z) {
            ok = dk_grow(&tiles, &capacity, n + 1, sizeof *tiles);
            if (ok)
                tiles[n++] = (dk_tile_address){b->set, z, x, y};
        }
    if (file != NULL)
        fclose(file);
    const double start = now();
    do
        for (size_t i = 0; ok && i < n; i++)
            ok = draw(b, &tiles[i]);
    while (ok && n > 0 && !b->list && now() - start < seconds);
    free(tiles);
    return ok;
}

static uint32_t tile_of(uint32_t position, int z)
{
    return z == 0 ? 0 : position >> (32 - z);
}

int main(int argc, char **argv)
{
    double seconds = 0.5;
    int first = -1, last = -1;
    const char *list = NULL;
    bool all = false;
    size_t kept = 0;
    dk_sheet_cache *sheets = NULL;
    bench b = {.set = DK_WEBMERCATORQUAD};
    for (int option; (option = getopt(argc, argv, "s:z:t:al4k:")) != -1;) {
        if (option == 's')
            seconds = atof(optarg);
        else if (option == 'z' && sscanf(optarg, "%d-%d", &first, &last) < 2)
            last = first;
        else if (option == 't')
            list = optarg;
        else if (option == 'a')
            all = true;
        else if (option == 'l')
            b.list = true;
        else if (option == '4')
            b.set = DK_CGCS2000QUAD;
        else if (option == 'k')
            kept = (size_t)atoi(optarg) << 20;
        else if (option == '?')
            return 2;
    }
    if (argc - optind < 2) {
        fprintf(
            stderr,
            "usage: bench_tiles STORE LAYER[,LAYER] [-s SECONDS] [-z FIRST[-LAST]] [-t FILE] [-a] [-l] [-4] [-k MB]\n");
        return 2;
    }
    dk_error error = {0};
    int64_t generation, rows, undrawn;
    double bounds[4];
    if (dk_store_open(argv[optind], DK_READ, &b.store, &error) != DK_OK ||
        dk_store_generation(b.store, &generation, &error) != DK_OK) {
        fprintf(stderr, "bench_tiles: %s\n", error.text);
        return 1;
    }
    if (kept > 0 && (sheets = dk_sheet_cache_create(kept)) == NULL)
        return 1;
    dk_index_share(b.store, sheets);
    for (char *name = strtok(argv[optind + 1], ","); name != NULL; name = strtok(NULL, ",")) {
        char *grid = strstr(name, "_grid");
        if (grid != NULL)
            *grid = '\0';
        const dk_kind *kind = dk_catalogue_kind(dk_store_catalogue(b.store), name);
        if (kind == NULL || b.n_layers == 64) {
            fprintf(stderr, "bench_tiles: no layer %s\n", name);
            return 1;
        }
        b.layers[b.n_layers++] = (dk_tile_layer){.kind = kind, .grid = grid != NULL};
    }
    if (b.n_layers == 0 ||
        dk_query_summary(b.store, b.layers[0].kind, generation, &rows, &undrawn, bounds, &error) != DK_OK || rows == 0)
        return 1;
    uint32_t x0, y0, x1, y1;
    dk_world_from_lonlat(bounds[0], bounds[3], &x0, &y0);
    dk_world_from_lonlat(bounds[2], bounds[1], &x1, &y1);
    if (b.set == DK_CGCS2000QUAD)
        y0 = dk_plate_y(y0), y1 = dk_plate_y(y1);
    b.render = dk_render_create();
    b.coder = dk_coder_create();
    b.compressor = libdeflate_alloc_compressor(1);
    if (b.render == NULL || b.coder == NULL || b.compressor == NULL)
        return 1;
    dk_buf_init(&b.tile);
    dk_buf_init(&b.coded);
    if (!b.list)
        printf("zoom   tiles features vertices     bytes     gzip render ms  libdefl   median  slowest   largest "
               "repair   geos sliver  gzip ms ratio\n");
    first = first >= 0 ? first : b.layers[0].grid ? 0 : b.layers[0].kind->min_zoom;
    last = last >= 0 ? last : 18;
    for (int z = first; z <= last; z++) {
        const dk_render_stats before = *dk_render_statistics(b.render);
        uint64_t random = 88172645463325252u;
        bool ok = true;
        begin_zoom(&b);
        const double start = now();
        if (list != NULL) {
            ok = draw_listed(&b, list, z, seconds);
        } else if (all) {
            for (uint32_t y = tile_of(y0, z); ok && y <= tile_of(y1, z); y++)
                for (uint32_t x = tile_of(x0, z); ok && x <= tile_of(x1, z); x++)
                    ok = draw(&b, &(dk_tile_address){b.set, z, x, y});
        } else {
            while (ok && (now() - start < seconds || b.n == 0) && now() - start < 10 * seconds + 1) {
                random ^= random << 13, random ^= random >> 7, random ^= random << 17;
                const uint32_t wx = x0 + (uint32_t)((random & 0xffffffffu) % ((uint64_t)(x1 - x0) + 1));
                const uint32_t wy = y0 + (uint32_t)((random >> 32) % ((uint64_t)(y1 - y0) + 1));
                ok = draw(&b, &(dk_tile_address){b.set, z, tile_of(wx, z), tile_of(wy, z)});
            }
        }
        if (!ok)
            return 1;
        if (!b.list)
            print_zoom(&b, z, &before);
    }
    free(b.packed);
    free(b.times);
    dk_buf_finish(&b.tile);
    dk_buf_finish(&b.coded);
    dk_coder_free(b.coder);
    libdeflate_free_compressor(b.compressor);
    dk_render_free(b.render);
    dk_store_close(b.store);
    dk_sheet_cache_free(sheets);
    return 0;
}
