/* Hits lie in the text, end and begin between characters, do not overlap, and are masked; a text without possible hits
 * has none; the same text between Chinese characters has the same numbers. */
#include "fuzz_check.h"

#include <string.h>

#include "store/personal_data.h"
#include "store/text.h"

typedef struct found {
    const char *text;
    size_t size, n, names, end, characters, counted;
    bool utf8;
} found;

static bool boundary(const found *f, size_t at)
{
    return at == f->size || ((unsigned char)f->text[at] & 0xC0) != 0x80;
}

static bool check_hit(const dk_personal_hit *hit, void *user)
{
    found *f = user;
    CHECK((unsigned)hit->kind < DK_PERSONAL_KINDS);
    CHECK(hit->size > 0 && hit->byte <= f->size && hit->size <= f->size - hit->byte);
    if (hit->kind == DK_PERSONAL_NAME) {
        f->names++;
    } else {
        CHECK(f->n == 0 || hit->byte >= f->end);
        f->end = hit->byte + hit->size;
        f->n++;
    }
    CHECK(!f->utf8 || (boundary(f, hit->byte) && boundary(f, hit->byte + hit->size)));
    CHECK(strlen(hit->masked) > 0 && strchr(hit->masked, '*') != NULL);
    CHECK(hit->size != strlen(hit->masked) || memcmp(hit->masked, f->text + hit->byte, hit->size) != 0);
    size_t characters = 0;
    for (size_t i = 0; f->utf8 && i < hit->byte; i++)
        characters += ((unsigned char)f->text[i] & 0xC0) != 0x80;
    CHECK(!f->utf8 || hit->character == characters);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 4096)
        return 0;
    const unsigned hints = data[0] & 31u;
    found f = {
        .text = (const char *)data + 1, .size = size - 1, .utf8 = dk_utf8_valid((const char *)data + 1, size - 1)};
    dk_personal_find(f.text, f.size, hints, check_hit, &f);
    CHECK(f.n + f.names == 0 || dk_personal_possible(f.text, f.size, hints));
    if (f.utf8 && f.size < 4000) {
        char between[4096];
        memcpy(between, "地。", 6);
        memcpy(between + 6, f.text, f.size);
        memcpy(between + 6 + f.size, "。地", 6);
        found again = {.text = between, .size = f.size + 12, .utf8 = true};
        dk_personal_find(again.text, again.size, hints, check_hit, &again);
        CHECK(again.n == f.n);
    }
    return 0;
}
