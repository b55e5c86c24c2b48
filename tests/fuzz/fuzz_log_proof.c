/* Proofs, names of tiles and bundles as anybody may hand them over. */
#include "store/log_proof.h"
#include "store/log_tile.h"
#include "tests/fuzz/fuzz_check.h"

#include <string.h>

static void as_file(const char *data, size_t size, bool inclusion)
{
    dk_log_proof_file file;
    dk_error error;
    const dk_status status =
        inclusion ? dk_log_proof_read(data, size, &file, &error) : dk_log_consistency_read(data, size, &file, &error);
    if (status != DK_OK) {
        CHECK(status == DK_INVALID || status == DK_LIMIT);
        CHECK(strlen(error.text) > 20);
        return;
    }
    dk_buf again;
    dk_buf_init(&again);
    CHECK(file.number >= 0 && file.proof.n <= DK_LOG_PROOF_MAX && file.checkpoint_size > 0);
    CHECK((inclusion ? dk_log_proof_write(file.number, &file.proof, file.extra.data, file.extra.size, file.checkpoint,
                                          file.checkpoint_size, &again, &error)
                     : dk_log_consistency_write(file.number, &file.proof, file.checkpoint, file.checkpoint_size, &again,
                                                &error)) == DK_OK);
    CHECK(again.size == size && memcmp(again.data, data, size) == 0);
    dk_buf_finish(&again);
    dk_log_proof_file_finish(&file);
}

static void as_path(const char *data, size_t size)
{
    dk_log_tile tile;
    char path[DK_LOG_TILE_PATH];
    if (!dk_log_tile_read_path(data, size, &tile))
        return;
    CHECK(tile.level >= DK_LOG_ENTRIES && tile.level < DK_LOG_LEVELS && tile.index >= 0 && tile.width > 0 &&
          tile.width <= 256);
    dk_log_tile_path(&tile, path);
    CHECK(strlen(path) == size && memcmp(path, data, size) == 0);
    CHECK(dk_log_tile_width(tile.level, tile.index, DK_LOG_SIZE_MAX) <= 256);
}

static void as_bundle(const unsigned char *data, size_t size)
{
    const unsigned char *at = data, *end = data + size, *entry;
    size_t n, total = 0;
    dk_buf again;
    dk_buf_init(&again);
    while (dk_log_bundle_next(&at, end, &entry, &n)) {
        CHECK(entry + n == at && at <= end);
        CHECK(dk_log_bundle_add(&again, entry, n));
        total += 2 + n;
    }
    CHECK(total == again.size && (total == 0 || memcmp(again.data, data, total) == 0));
    dk_buf_finish(&again);
}

/* Two numbers, two hashes, and a proof of the rest. What holds for a root holds for no other. */
static void as_proof(const unsigned char *data, size_t size)
{
    int64_t numbers[2];
    dk_digest hashes[2];
    dk_log_proof proof = {.n = 0};
    const size_t head = sizeof numbers + sizeof hashes;
    if (size < head)
        return;
    memcpy(numbers, data, sizeof numbers);
    memcpy(hashes, data + sizeof numbers, sizeof hashes);
    proof.n = (size - head) / DK_DIGEST_SIZE;
    memcpy(proof.hashes, data + head, (proof.n < DK_LOG_PROOF_MAX ? proof.n : DK_LOG_PROOF_MAX) * DK_DIGEST_SIZE);
    dk_hasher hasher;
    dk_hasher_init(&hasher);
    for (int flip = 0; flip < 2; flip++) {
        const bool in = dk_log_verify_inclusion(&hasher, &hashes[0], numbers[0], numbers[1], &proof, &hashes[1]);
        const bool held = dk_log_verify_consistency(&hasher, numbers[0], &hashes[0], numbers[1], &hashes[1], &proof);
        hashes[1].bytes[7] ^= 1;
        if (in)
            CHECK(!dk_log_verify_inclusion(&hasher, &hashes[0], numbers[0], numbers[1], &proof, &hashes[1]));
        if (held && numbers[0] > 0) /* every log begins with the empty one */
            CHECK(!dk_log_verify_consistency(&hasher, numbers[0], &hashes[0], numbers[1], &hashes[1], &proof));
        hashes[1].bytes[7] ^= 1;
        for (int i = 0; i < 2; i++) /* small ones, too */
            numbers[i] &= 1023;
    }
    CHECK(!hasher.failed);
    dk_hasher_finish(&hasher);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    as_file((const char *)bytes, size, true);
    as_file((const char *)bytes, size, false);
    as_path((const char *)bytes, size);
    as_bundle(bytes, size);
    as_proof(bytes, size);
    return 0;
}
