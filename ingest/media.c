#include "ingest/media.h"

#include <string.h>
#include <strings.h>

static const char pdf[] = "application/pdf", jpeg[] = "image/jpeg", png[] = "image/png", tiff[] = "image/tiff",
                  ofd[] = "application/ofd";

static const struct ending {
    const char *text, *type;
} endings[] = {{".pdf", pdf},  {".jpg", jpeg},  {".jpeg", jpeg}, {".png", png},
               {".tif", tiff}, {".tiff", tiff}, {".ofd", ofd}};

const char *dk_media_of_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i].text) == 0)
            return endings[i].type;
    return NULL;
}

const char *dk_media_title(const char *type)
{
    return strcmp(type, pdf) == 0    ? "PDF"
           : strcmp(type, jpeg) == 0 ? "JPEG"
           : strcmp(type, png) == 0  ? "PNG"
           : strcmp(type, ofd) == 0  ? "OFD"
                                     : "TIFF";
}

static bool read_at(const dk_media_bytes *bytes, uint64_t offset, void *to, size_t size)
{
    return offset <= bytes->size && size <= bytes->size - offset && bytes->read(bytes->user, offset, to, size);
}

static dk_status cut_off(const char *what, const char *why, dk_error *err)
{
    return dk_fail(err, DK_INVALID, "is a %s that is cut off or damaged (%s); copy or scan it again", what, why);
}

/* ---- PDF ---- */

/* Readers look for the head in the first and for the end in the last 1024 bytes. */
#define PDF_REACH 1024

static dk_status inspect_pdf(const dk_media_bytes *bytes, dk_error *err)
{
    unsigned char tail[PDF_REACH];
    const size_t n = bytes->size < sizeof tail ? (size_t)bytes->size : sizeof tail;
    if (!read_at(bytes, bytes->size - n, tail, n))
        return cut_off("PDF", "it cannot be read to its end", err);
    if (memmem(tail, n, "%%EOF", 5) == NULL)
        return cut_off("PDF", "it has no end mark", err);
    return DK_OK;
}

/* ---- JPEG ---- */

#define JPEG_MAX_SEGMENTS 65536 /* before the picture, fill bytes counted too; cameras write some dozens */

static bool find_end_of_image(const dk_media_bytes *bytes, uint64_t from)
{
    unsigned char piece[16384];
    unsigned char last = 0;
    while (from < bytes->size) {
        const uint64_t left = bytes->size - from;
        const size_t n = left < sizeof piece ? (size_t)left : sizeof piece;
        if (!read_at(bytes, from, piece, n))
            return false;
        if (last == 0xFF && piece[0] == 0xD9)
            return true;
        const unsigned char *at = piece, *end = piece + n;
        while ((at = memchr(at, 0xFF, (size_t)(end - at))) != NULL) {
            if (++at < end && *at == 0xD9)
                return true;
        }
        last = piece[n - 1];
        from += n;
    }
    return false;
}

/* Segments up to the first scan, behind which FF D9 is the end of the image and nothing else. */
static dk_status inspect_jpeg(const dk_media_bytes *bytes, dk_error *err)
{
    uint64_t at = 2;
    for (long i = 0; i < JPEG_MAX_SEGMENTS; i++) {
        unsigned char head[4];
        if (!read_at(bytes, at, head, sizeof head))
            return cut_off("JPEG", "it ends before the picture begins", err);
        if (head[0] != 0xFF)
            return cut_off("JPEG", "its segments do not follow each other", err);
        if (head[1] == 0xFF) { /* fill */
            at++;
            continue;
        }
        const uint64_t length = (uint64_t)head[2] << 8 | head[3];
        if (length < 2 || head[1] == 0xD9)
            return cut_off("JPEG", "its segments do not follow each other", err);
        at += 2 + length;
        if (head[1] == 0xDA)
            return find_end_of_image(bytes, at) ? DK_OK : cut_off("JPEG", "the picture does not end", err);
    }
    return cut_off("JPEG", "it has more parts than a picture has", err);
}

/* ---- PNG ---- */

#define PNG_MAX_CHUNKS 1000000 /* of 8 KB each, as writers make them, that is more than any scan has */

static dk_status inspect_png(const dk_media_bytes *bytes, dk_error *err)
{
    uint64_t at = 8;
    for (long i = 0; i < PNG_MAX_CHUNKS; i++) {
        unsigned char head[8];
        if (!read_at(bytes, at, head, sizeof head))
            return cut_off("PNG", "it does not end with IEND", err);
        const uint64_t length =
            (uint64_t)head[0] << 24 | (uint64_t)head[1] << 16 | (uint64_t)head[2] << 8 | (uint64_t)head[3];
        if (length > INT32_MAX || (i == 0) != (memcmp(head + 4, "IHDR", 4) == 0))
            return cut_off("PNG", "its parts do not follow each other", err);
        at += 12 + length;
        if (at > bytes->size)
            return cut_off("PNG", "it does not end with IEND", err);
        if (memcmp(head + 4, "IEND", 4) == 0)
            return DK_OK;
    }
    return cut_off("PNG", "it has more parts than a picture has", err);
}

/* ---- OFD ---- */

/* The end of a ZIP's central directory has 22 bytes and a comment of 65535 at most (APPNOTE 4.3.16). */
enum { ZIP_END = 22, ZIP_REACH = ZIP_END + 65535, ZIP_ENTRY = 46, OFD_MAX_PARTS = 65535 };

static uint64_t little(const unsigned char *from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | from[i - 1];
    return value;
}

/* Where the end of the central directory is, UINT64_MAX if nowhere. */
static uint64_t find_zip_end(const dk_media_bytes *bytes, unsigned char ret_end[ZIP_END])
{
    unsigned char piece[1024];
    const uint64_t lowest = bytes->size > ZIP_REACH ? bytes->size - ZIP_REACH : 0;
    for (uint64_t to = bytes->size; to >= lowest + ZIP_END;) { /* backwards, in pieces that overlap */
        const uint64_t from = to > lowest + sizeof piece ? to - sizeof piece : lowest;
        if (!read_at(bytes, from, piece, (size_t)(to - from)))
            return UINT64_MAX;
        for (size_t i = (size_t)(to - from) - ZIP_END + 1; i > 0; i--)
            if (memcmp(piece + i - 1, "PK\5\6", 4) == 0) {
                memcpy(ret_end, piece + i - 1, ZIP_END);
                return from + i - 1;
            }
        if (from == lowest)
            break;
        to = from + ZIP_END - 1;
    }
    return UINT64_MAX;
}

static dk_status inspect_ofd(const dk_media_bytes *bytes, dk_error *err)
{
    unsigned char end[ZIP_END], entry[ZIP_ENTRY], name[7];
    const uint64_t at_end = find_zip_end(bytes, end);
    if (at_end == UINT64_MAX)
        return cut_off("OFD", "its ZIP does not end", err);
    const uint64_t parts = little(end + 10, 2), start = little(end + 16, 4);
    uint64_t at = start;
    bool found = false;
    for (uint64_t i = 0; i < parts && i < OFD_MAX_PARTS; i++) {
        if (!read_at(bytes, at, entry, sizeof entry) || memcmp(entry, "PK\1\2", 4) != 0)
            return cut_off("OFD", "the list of its parts is broken", err);
        const uint64_t length = little(entry + 28, 2), offset = little(entry + 42, 4), packed = little(entry + 20, 4);
        if (offset > start || packed > start - offset)
            return cut_off("OFD", "a part lies beyond its end", err);
        found = found || (length == sizeof name && read_at(bytes, at + ZIP_ENTRY, name, sizeof name) &&
                          memcmp(name, "OFD.xml", sizeof name) == 0);
        at += ZIP_ENTRY + length + little(entry + 30, 2) + little(entry + 32, 2);
    }
    if (at > at_end)
        return cut_off("OFD", "the list of its parts is broken", err);
    if (!found)
        return dk_fail(err, DK_INVALID, "is a ZIP and no OFD (it has no OFD.xml); unpack it and attach what is in it");
    return DK_OK;
}

/* ---- TIFF ---- */

#define TIFF_MAX_PAGES 10000
#define TIFF_MAX_TAGS 4096 /* of a page */

enum { TAG_STRIP_OFFSETS = 273, TAG_STRIP_SIZES = 279, TAG_TILE_OFFSETS = 324, TAG_TILE_SIZES = 325 };

typedef struct tiff_file {
    const dk_media_bytes *bytes;
    bool little, big; /* byte order; BigTIFF */
} tiff_file;

static uint64_t number(const tiff_file *file, const unsigned char *from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | from[file->little ? size - 1 - i : i];
    return value;
}

/* The last value of a tag: an offset or size of the last strip or tile. false: it does not lie in the file. */
static bool last_value(const tiff_file *file, const unsigned char *tag, uint64_t *ret_value)
{
    const uint64_t type = number(file, tag + 2, 2);
    const size_t width = type == 3 ? 2 : type == 4 ? 4 : type == 16 ? 8 : 0; /* SHORT, LONG, LONG8 */
    const size_t room = file->big ? 8 : 4;
    const uint64_t count = number(file, tag + 4, room);
    const unsigned char *place = tag + 4 + room;
    unsigned char value[8];
    if (width == 0 || count == 0 || count > file->bytes->size / width)
        return false;
    if (count * width <= room) {
        *ret_value = number(file, place + (count - 1) * width, width);
        return true;
    }
    const uint64_t array = number(file, place, room);
    if (array > file->bytes->size || !read_at(file->bytes, array + (count - 1) * width, value, width))
        return false;
    *ret_value = number(file, value, width);
    return true;
}

/* One directory, which is a page; *at goes to the next, 0 behind the last. *used: bytes of directories so far, which do
 * not overlap and so are not more than the file has: a circle ends by it. */
static bool read_page(const tiff_file *file, uint64_t *at, uint64_t *used)
{
    unsigned char field[20];
    const size_t count_size = file->big ? 8 : 2, tag_size = file->big ? 20 : 12, offset_size = file->big ? 8 : 4;
    if (!read_at(file->bytes, *at, field, count_size))
        return false;
    const uint64_t n = number(file, field, count_size);
    uint64_t offset = 0, size = 0, place = *at + count_size;
    bool has_offset = false, has_size = false;
    if (n == 0 || n > TIFF_MAX_TAGS || (*used += n * tag_size) > file->bytes->size)
        return false;
    for (uint64_t i = 0; i < n; i++, place += tag_size) {
        if (!read_at(file->bytes, place, field, tag_size))
            return false;
        const uint64_t tag = number(file, field, 2);
        if (tag == TAG_STRIP_OFFSETS || tag == TAG_TILE_OFFSETS) {
            if (!last_value(file, field, &offset))
                return false;
            has_offset = true;
        } else if (tag == TAG_STRIP_SIZES || tag == TAG_TILE_SIZES) {
            if (!last_value(file, field, &size))
                return false;
            has_size = true;
        }
    }
    if (has_offset && has_size && (offset > file->bytes->size || size > file->bytes->size - offset))
        return false;
    if (!read_at(file->bytes, place, field, offset_size))
        return false;
    *at = number(file, field, offset_size);
    return true;
}

static dk_status inspect_tiff(const dk_media_bytes *bytes, const unsigned char *head, int64_t *ret_pages, dk_error *err)
{
    tiff_file file = {bytes, head[0] == 'I', head[0] == 'I' ? head[2] == 43 : head[3] == 43};
    uint64_t at = file.big ? number(&file, head + 8, 8) : number(&file, head + 4, 4);
    int64_t pages = 0;
    uint64_t used = 0;
    for (; at != 0; pages++) {
        if (pages == TIFF_MAX_PAGES)
            return cut_off("TIFF", "its pages have no end", err);
        if (!read_page(&file, &at, &used))
            return cut_off("TIFF", "a page leads beyond its end", err);
    }
    if (pages == 0)
        return cut_off("TIFF", "it has no page", err);
    *ret_pages = pages;
    return DK_OK;
}

/* ---- any ---- */

dk_status dk_media_inspect(const dk_media_bytes *bytes, dk_media *ret_media, dk_error *err)
{
    static const unsigned char png_mark[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    unsigned char head[PDF_REACH] = {0};
    const size_t n = bytes->size < sizeof head ? (size_t)bytes->size : sizeof head;
    dk_media media = {0};
    dk_status status;
    if (bytes->size == 0)
        return dk_fail(err, DK_INVALID, "is empty; copy or scan it again");
    if (!read_at(bytes, 0, head, n))
        return dk_fail(err, DK_INVALID, "cannot be read");
    if (n >= 3 && head[0] == 0xFF && head[1] == 0xD8 && head[2] == 0xFF) {
        media = (dk_media){jpeg, 1};
        status = inspect_jpeg(bytes, err);
    } else if (n >= sizeof png_mark && memcmp(head, png_mark, sizeof png_mark) == 0) {
        media = (dk_media){png, 1};
        status = inspect_png(bytes, err);
    } else if (n >= 16 && (memcmp(head, "II*\0", 4) == 0 || memcmp(head, "MM\0*", 4) == 0 ||
                           memcmp(head, "II+\0\x08\0\0\0", 8) == 0 || memcmp(head, "MM\0+\0\x08\0\0", 8) == 0)) {
        media.type = tiff;
        status = inspect_tiff(bytes, head, &media.pages, err);
    } else if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0) {
        media.type = ofd;
        status = inspect_ofd(bytes, err);
    } else if (memmem(head, n, "%PDF-", 5) != NULL) {
        media.type = pdf;
        status = inspect_pdf(bytes, err);
    } else {
        status = dk_fail(err, DK_INVALID, "is none of PDF, OFD, JPEG, PNG and TIFF by its bytes");
    }
    if (status == DK_OK)
        *ret_media = media;
    return status;
}
