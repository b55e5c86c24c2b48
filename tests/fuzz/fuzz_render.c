/* A block of any bytes is drawn into tiles around its first entry, or refused as damaged. What is drawn is a layer
 * whose length is right, and the same again. The first byte chooses the zoom and the tile matrix set. */
#include "fuzz_check.h"

#include "tiler/tile_render.h"

#include <string.h>

static void draw(dk_render *render, const dk_kind *layer, const dk_block *block, const dk_tile_address *tile,
                 dk_buf *out)
{
    const dk_status status = dk_render_block(render, layer, tile, block, out);
    CHECK(status == DK_OK || status == DK_CORRUPT);
    if (status != DK_OK || out->size == 0)
        return;
    const unsigned char *at = out->data, *const end = at + out->size;
    uint64_t size;
    CHECK(*at++ == 0x1a && dk_read_varint(&at, end, &size) && size == (uint64_t)(end - at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static dk_render *render;
    dk_block block;
    if (size == 0 || dk_block_open(data + 1, size - 1, &block) != DK_OK)
        return 0;
    if (render == NULL)
        render = dk_render_create(); /* kept, as the server keeps it */
    CHECK(render != NULL);
    dk_field fields[DK_MAX_FIELDS] = {{0}};
    for (size_t i = 0; i < DK_MAX_FIELDS; i++)
        fields[i] = (dk_field){.name = "f", .in_tiles = true};
    const dk_kind layer = {.name = "a", .fields = fields, .n_fields = DK_MAX_FIELDS, .division_field = -1};
    dk_buf first, second;
    dk_buf_init(&first);
    dk_buf_init(&second);
    const int z = data[0] % (DK_TILE_MAX_ZOOM + 1);
    const dk_world_box box = {block.heads[0].x0, block.heads[0].y0, block.heads[0].x1, block.heads[0].y1};
    dk_tile_address tile = {DK_WEBMERCATORQUAD, z, z == 0 ? 0 : box.x0 >> (32 - z), z == 0 ? 0 : box.y0 >> (32 - z)};
    if (data[0] & 0x80) {
        tile.set = DK_CGCS2000QUAD;
        tile.y = z == 0 ? 0 : dk_plate_y(box.y0) >> (32 - z);
    }
    if (dk_tile_exists(&tile)) {
        draw(render, &layer, &block, &tile, &first);
        draw(render, &layer, &block, &tile, &second);
        CHECK(first.size == second.size && (first.size == 0 || memcmp(first.data, second.data, first.size) == 0));
    }
    dk_buf_finish(&first);
    dk_buf_finish(&second);
    return 0;
}
