/* Proofs and dossiers that somebody saved, and tiles of a mirrored log. */
#include "store/log_mirror.h"
#include "store/saved_proof.h"
#include "tests/fuzz/fuzz_check.h"

#include <string.h>

static void count(const char *sentence, void *user)
{
    size_t *n = user;
    CHECK(strlen(sentence) > 10);
    (*n)++;
}

static void as_saved(const char *data, size_t size, const dk_note_key *key)
{
    dk_saved_found found;
    dk_checkpoint newer, older = {.origin = "fuzz.example/log", .size = 1};
    dk_error error = {0};
    size_t told = 0;
    const dk_saved_kind kind = dk_saved_kind_of(data, size);
    dk_status status = dk_saved_verify(data, size, key, 1, count, &told, &found, &error);
    CHECK(kind != DK_SAVED_NOTHING || status == DK_INVALID);
    if (status == DK_OK) {
        CHECK(found.findings == (int64_t)told);
        /* Nobody has the private key, so nothing is vouched for; a dossier may have no proofs at all. */
        CHECK(told > 0 || (kind == DK_SAVED_DOSSIER && found.proofs == 0));
    } else {
        CHECK(strlen(error.text) > 10);
    }
    status = dk_saved_consistency(data, size, &older, key, 1, &newer, &error);
    CHECK(status != DK_OK);
}

static void as_tile(const unsigned char *data, size_t size)
{
    dk_digest hashes[DK_LOG_TILE_WIDTH];
    dk_hasher hasher;
    if (size == 0)
        return;
    const unsigned width = data[0] + 1u;
    dk_hasher_init(&hasher);
    const bool tile = dk_log_mirror_hashes(false, data + 1, size - 1, width, &hasher, hashes);
    CHECK(!tile || size - 1 >= width * sizeof *hashes);
    const bool bundle = dk_log_mirror_hashes(true, data + 1, size - 1, width, &hasher, hashes);
    CHECK(!bundle || size - 1 >= width * 2);
    CHECK(!hasher.failed);
    dk_hasher_finish(&hasher);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static dk_note_key key;
    static bool made;
    if (!made) {
        dk_error error;
        CHECK(dk_note_key_make("fuzz.example/log", DK_NOTE_ED25519, &key, &error) == DK_OK);
        made = true;
    }
    as_saved((const char *)bytes, size, &key);
    as_tile(bytes, size);
    return 0;
}
