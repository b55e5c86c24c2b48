/* What is taken for whole is one of the five types; a refusal has a sentence; no byte outside the file is asked for. */
#include "fuzz_check.h"

#include <string.h>

#include "ingest/media.h"

typedef struct memory {
    const uint8_t *data;
    size_t size;
} memory;

static bool read_memory(void *user, uint64_t offset, void *to, size_t size)
{
    const memory *from = user;
    CHECK(offset <= from->size && size <= from->size - offset);
    memcpy(to, from->data + offset, size);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory from = {data, size};
    const dk_media_bytes bytes = {read_memory, &from, size};
    dk_media media = {0};
    dk_error err = {0};
    if (dk_media_inspect(&bytes, &media, &err) != DK_OK) {
        CHECK(err.status == DK_INVALID && err.text[0] != '\0' && media.type == NULL);
        return 0;
    }
    const bool is_tiff = strcmp(media.type, "image/tiff") == 0, is_pdf = strcmp(media.type, "application/pdf") == 0;
    const bool is_ofd = strcmp(media.type, "application/ofd") == 0;
    CHECK(is_tiff || is_pdf || is_ofd || strcmp(media.type, "image/png") == 0 || strcmp(media.type, "image/jpeg") == 0);
    CHECK(is_pdf || is_ofd ? media.pages == 0 : is_tiff ? media.pages >= 1 && media.pages <= 10000 : media.pages == 1);
    CHECK(strlen(dk_media_title(media.type)) >= 3);
    return 0;
}
