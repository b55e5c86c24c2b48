/* What can be read of a block lies in it; copied into a new block it is a normal form, which copying again does not
 * change. */
#include "fuzz_check.h"

#include "store/block.h"

#include <string.h>

static void read_entry(const dk_block *block, uint32_t i)
{
    dk_drawing drawing;
    if (dk_block_drawing(block, i, &drawing) == DK_OK && drawing.n_points > 0)
        CHECK(drawing.xy >= block->data &&
              drawing.xy + (size_t)drawing.n_points * (drawing.wide ? 8 : 4) <= block->data + block->size);
    for (uint32_t a = 0; a < block->n_attributes; a++) {
        dk_value value;
        if (dk_block_value(block, dk_block_attribute(block, i, a), &value) == DK_OK && value.type == DK_TEXT)
            CHECK((const unsigned char *)value.text.data + value.text.size < block->data + block->size &&
                  value.text.data[value.text.size] == 0);
    }
}

/* Copies what can be copied; returns how many entries that were. */
static size_t copy(dk_block_builder *builder, const dk_kind *layer, const dk_block *block, dk_buf *out)
{
    dk_block_begin(builder, layer);
    for (uint32_t i = 0; i < block->n_entries; i++) {
        const dk_status status = dk_block_copy(builder, block, i);
        CHECK(status == DK_OK || status == DK_CORRUPT);
    }
    CHECK(dk_block_finish(builder, out) == DK_OK);
    return dk_block_count(builder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_block block, copied;
    if (dk_block_open(data, size, &block) != DK_OK)
        return 0;
    dk_field fields[DK_MAX_FIELDS] = {{0}};
    const dk_kind layer = {.fields = fields, .n_fields = DK_MAX_FIELDS, .division_field = -1};
    for (uint32_t a = 0; a < block.n_attributes; a++)
        fields[block.fields[a]].in_tiles = true;
    for (uint32_t i = 0; i < block.n_entries; i++)
        read_entry(&block, i);

    dk_block_builder *builder = dk_block_builder_create();
    CHECK(builder != NULL);
    dk_buf first, second;
    dk_buf_init(&first);
    dk_buf_init(&second);
    const size_t n = copy(builder, &layer, &block, &first);
    CHECK((n == 0) == (first.size == 0));
    if (n > 0) {
        CHECK(dk_block_open(first.data, first.size, &copied) == DK_OK && copied.n_entries == n);
        CHECK(copy(builder, &layer, &copied, &second) == n);
        CHECK(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    }
    dk_buf_finish(&first);
    dk_buf_finish(&second);
    dk_block_builder_free(builder);
    return 0;
}
