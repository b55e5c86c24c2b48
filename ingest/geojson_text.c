#include "ingest/geojson_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUL_ESCAPE "\\u0000"

enum { BLOCK = 1 << 20 };

typedef struct scan {
    dk_utf8_check check;
    bool utf16, nul;
} scan;

/* Where \u0000 stands in a text of JSON, or NULL; \\u0000 is none. io_at: the first byte not yet looked at, which is
 * left on a backslash that what follows may belong to. */
static const char *find_nul(const char *text, size_t size, size_t *io_at)
{
    while (*io_at < size) {
        const char *found = memchr(text + *io_at, '\\', size - *io_at);
        if (found == NULL) {
            *io_at = size;
            return NULL;
        }
        *io_at = (size_t)(found - text);
        if (size - *io_at < sizeof NUL_ESCAPE - 1)
            return NULL;
        if (memcmp(found, NUL_ESCAPE, sizeof NUL_ESCAPE - 1) == 0)
            return found;
        *io_at += 2;
    }
    return NULL;
}

static dk_status scan_file(FILE *file, const char *path, scan *ret_scan, dk_error *err)
{
    scan found = {0};
    dk_status status = DK_OK;
    char *block = malloc(BLOCK);
    size_t kept = 0, got; /* kept: bytes at the end of the last block that may be the beginning of an escape */
    bool first = true;
    if (block == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    while ((got = fread(block + kept, 1, BLOCK - kept, file)) > 0) {
        const unsigned char *head = (const unsigned char *)block;
        if (first && got >= 2 && ((head[0] == 0xFF && head[1] == 0xFE) || (head[0] == 0xFE && head[1] == 0xFF)))
            found.utf16 = true;
        first = false;
        dk_utf8_check_add(&found.check, head + kept, got);
        size_t at = 0;
        const size_t size = kept + got;
        if (!found.nul)
            found.nul = find_nul(block, size, &at) != NULL;
        if (found.nul || at > size)
            at = size;
        kept = size - at;
        memmove(block, block + at, kept);
    }
    if (ferror(file))
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
    free(block);
    if (status == DK_OK)
        *ret_scan = found;
    return status;
}

/* Writes text with marks in place of escapes of NUL and, if some of it could not be decoded, of what stands for that.
 */
static void write_marked(const char *text, size_t size, bool bad, FILE *to)
{
    size_t from = 0;
    for (size_t at = 0; at < size;) {
        const size_t left = size - at;
        const char *mark = NULL;
        size_t n = 1;
        if (text[at] == '\\') {
            n = 2;
            if (left >= sizeof NUL_ESCAPE - 1 && memcmp(text + at, NUL_ESCAPE, sizeof NUL_ESCAPE - 1) == 0) {
                mark = DK_GEOJSON_NUL;
                n = sizeof NUL_ESCAPE - 1;
            }
        } else if (bad && left >= 3 && memcmp(text + at, "\xEF\xBF\xBD", 3) == 0) {
            mark = DK_GEOJSON_NO_TEXT;
            n = 3;
        }
        if (mark != NULL) {
            fwrite(text + from, 1, at - from, to);
            fputs(mark, to);
            from = at + n;
        }
        at += n;
    }
    if (from < size)
        fwrite(text + from, 1, size - from, to);
}

/* Bytes below 0x30 are never part of a longer character of UTF-8 or GB18030, nor of \u0000. */
static size_t whole(const char *block, size_t size)
{
    size_t n = size;
    while (n > 0 && (unsigned char)block[n - 1] >= 0x30)
        n--;
    return n > 0 ? n : size;
}

static dk_status write_copy(FILE *from, FILE *to, dk_encoding encoding, const char *path, dk_error *err)
{
    dk_status status = DK_OK;
    char *block = malloc(BLOCK);
    dk_decoder *decoder = dk_decoder_create(encoding);
    size_t kept = 0, got;
    dk_buf text;
    dk_buf_init(&text);
    if (block == NULL || decoder == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        goto out;
    }
    do {
        got = fread(block + kept, 1, BLOCK - kept, from);
        const size_t size = kept + got, now = got > 0 ? whole(block, size) : size;
        if (encoding == DK_ENCODING_UTF8) {
            write_marked(block, now, false, to); /* what is none in it is found row by row */
        } else {
            dk_buf_clear(&text);
            const bool good = dk_decode(decoder, block, now, false, &text, NULL);
            if (text.failed) {
                status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
                goto out;
            }
            write_marked((const char *)text.data, text.size, !good, to);
        }
        kept = size - now;
        memmove(block, block + now, kept);
    } while (got > 0);
    if (ferror(from))
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
    else if (ferror(to))
        status = dk_fail(err, DK_FULL, "%s: no room for a copy of it in UTF-8 in the temporary folder", path);
out:
    dk_buf_finish(&text);
    dk_decoder_free(decoder);
    free(block);
    return status;
}

/* By its ending GDAL tells GeoJSON from GeoJSON line by line. */
static void name_copy(const char *file, char *ret_name, size_t size)
{
    static const char *const endings[] = {"json", "geojsonl", "geojsons", "ndjson"};
    const char *dot = strrchr(file, '.');
    snprintf(ret_name, size, "copy.geojson");
    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0)
            snprintf(ret_name, size, "copy.%s", endings[i]);
}

dk_status dk_geojson_prepare(const char *file, const char *path, const dk_encoding *given, dk_encoding *ret_encoding,
                             char **ret_copy, dk_scratch **ret_scratch, dk_error *err)
{
    scan found;
    char name[32];
    dk_scratch *scratch = NULL;
    char *copy = NULL;
    FILE *to = NULL;
    FILE *from = fopen(file, "rb");
    *ret_copy = NULL;
    name_copy(file, name, sizeof name);
    if (from == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    dk_status status = scan_file(from, path, &found, err);
    if (status != DK_OK)
        goto out;
    const bool meant = given != NULL ? *given == DK_ENCODING_UTF8 : dk_utf8_check_meant(&found.check);
    const dk_encoding encoding =
        dk_utf8_check_end(&found.check) || found.utf16 || meant ? DK_ENCODING_UTF8 : DK_ENCODING_GB18030;
    *ret_encoding = encoding;
    if (found.utf16 || (encoding == DK_ENCODING_UTF8 && !found.nul))
        goto out;
    rewind(from);
    status = dk_scratch_create(&scratch, err);
    if (status == DK_OK)
        status = dk_scratch_file(scratch, name, &to, err);
    if (status == DK_OK)
        status = write_copy(from, to, encoding, path, err);
    if (to != NULL && fclose(to) != 0 && status == DK_OK)
        status = dk_fail(err, DK_FULL, "%s: no room for a copy of it in UTF-8 in the temporary folder", path);
    if (status == DK_OK && (copy = dk_scratch_join(scratch, name)) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status == DK_OK) {
        *ret_copy = copy;
        *ret_scratch = scratch;
        scratch = NULL;
    }
out:
    fclose(from);
    dk_scratch_remove(scratch);
    return status;
}
