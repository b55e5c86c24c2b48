#include "ingest/encoding.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct dk_decoder {
    dk_encoding encoding;
    iconv_t gb18030; /* (iconv_t)-1 for UTF-8 */
};

const char *dk_encoding_name(dk_encoding encoding)
{
    return encoding == DK_ENCODING_UTF8 ? "UTF-8" : "GB18030";
}

bool dk_encoding_parse(const char *name, dk_encoding *ret_encoding)
{
    static const char *const gb[] = {"GB18030", "GBK", "GB2312", "CP936", "936", "ANSI"};
    if (strcasecmp(name, "UTF-8") == 0 || strcasecmp(name, "UTF8") == 0) {
        *ret_encoding = DK_ENCODING_UTF8;
        return true;
    }
    for (size_t i = 0; i < sizeof gb / sizeof *gb; i++)
        if (strcasecmp(name, gb[i]) == 0) {
            *ret_encoding = DK_ENCODING_GB18030;
            return true;
        }
    return false;
}

bool dk_encoding_declared(const char *text, dk_encoding *ret_encoding)
{
    static const char *const gb[] = {
        "936", "GBK", "GB2312", "GB18030", "GB 18030", "54936", "WindowsSimpChinese"}; /* MapInfo's */
    static const char *const utf8[] = {"UTF-8", "UTF8", "65001"};
    for (size_t i = 0; i < sizeof utf8 / sizeof *utf8; i++)
        if (strcasestr(text, utf8[i]) != NULL) {
            *ret_encoding = DK_ENCODING_UTF8;
            return true;
        }
    for (size_t i = 0; i < sizeof gb / sizeof *gb; i++)
        if (strcasestr(text, gb[i]) != NULL) {
            *ret_encoding = DK_ENCODING_GB18030;
            return true;
        }
    return false;
}

const char *dk_encoding_either_note(const dk_encoding *declared)
{
    if (declared == NULL)
        return "the few letters beyond ASCII in it are text in UTF-8 and in GB18030, and it does not say which it is; "
               "UTF-8 was "
               "taken: if they look foreign, say --encoding GB18030";
    return *declared == DK_ENCODING_UTF8 ? ""
                                         : "the few letters beyond ASCII in it are text in UTF-8 and in GB18030; "
                                           "GB18030 was taken, as it says itself: "
                                           "if they look foreign, say --encoding UTF-8";
}

/* Table 3-7 of the Unicode standard: how many bytes follow a lead byte, and the range of the first of them. */
static bool lead(unsigned char byte, unsigned char *need, unsigned char *low, unsigned char *high)
{
    *low = 0x80, *high = 0xBF;
    if (byte >= 0xC2 && byte <= 0xDF) {
        *need = 1;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
        *need = 2;
        if (byte == 0xE0)
            *low = 0xA0;
        else if (byte == 0xED)
            *high = 0x9F;
    } else if (byte >= 0xF0 && byte <= 0xF4) {
        *need = 3;
        if (byte == 0xF0)
            *low = 0x90;
        else if (byte == 0xF4)
            *high = 0x8F;
    } else {
        return false;
    }
    return true;
}

void dk_utf8_check_add(dk_utf8_check *check, const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = data[i];
        if (check->need > 0) {
            check->is_wide |= check->need > 1;
            if (byte >= check->low && byte <= check->high) {
                check->need--;
                check->low = 0x80, check->high = 0xBF;
                if (check->need == 0 && check->is_wide)
                    check->wide++;
                else if (check->need == 0 && byte > 0xA0)
                    check->pairs[check->first - 0xC2] |= 1u << (byte - 0xA0);
                else if (check->need == 0)
                    check->other_pairs = true;
                continue;
            }
            dk_utf8_check_break(check);
        }
        if (byte >= 0x80) {
            check->beyond_ascii = true;
            check->is_wide = false;
            check->first = byte;
            if (!lead(byte, &check->need, &check->low, &check->high)) {
                check->need = 0;
                check->failed = true;
                check->wrong++;
            }
        }
    }
}

void dk_utf8_check_break(dk_utf8_check *check)
{
    if (check->need == 0)
        return;
    check->need = 0;
    check->failed = true;
    check->wrong++;
}

bool dk_utf8_check_meant(const dk_utf8_check *check)
{
    return check->wrong + (check->need > 0) <= check->wide / 10;
}

bool dk_utf8_check_either(const dk_utf8_check *check)
{
    /* °, ± and ² beside numbers: nothing else would be 掳, 卤 and 虏. */
    const uint32_t signs = UINT32_C(7) << (0xB0 - 0xA0);
    unsigned n = 0;
    bool letters = (check->pairs[0] & ~signs) != 0;
    for (size_t i = 1; i < sizeof check->pairs / sizeof *check->pairs; i++)
        letters |= check->pairs[i] != 0;
    if (!letters)
        return false;
    for (size_t i = 0; i < sizeof check->pairs / sizeof *check->pairs; i++)
        n += (unsigned)__builtin_popcount(check->pairs[i]);
    return dk_utf8_check_end(check) && check->wide == 0 && !check->other_pairs && n > 0 && n <= 8;
}

bool dk_utf8_check_end(const dk_utf8_check *check)
{
    return !check->failed && check->need == 0;
}

size_t dk_utf8_cut(const unsigned char *data, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        const unsigned char byte = data[size - back];
        if (byte < 0x80)
            return 0;
        if (byte >= 0xC0) {
            unsigned char need, low, high;
            if (!lead(byte, &need, &low, &high) || need < back)
                return 0;
            if (back > 1 && (data[size - back + 1] < low || data[size - back + 1] > high))
                return 0;
            return back;
        }
    }
    return 0;
}

dk_decoder *dk_decoder_create(dk_encoding encoding)
{
    dk_decoder *decoder = malloc(sizeof *decoder);
    if (decoder == NULL)
        return NULL;
    decoder->encoding = encoding;
    decoder->gb18030 = (iconv_t)-1;
    if (encoding == DK_ENCODING_GB18030) {
        decoder->gb18030 = iconv_open("UTF-8", "GB18030");
        if (decoder->gb18030 == (iconv_t)-1) {
            free(decoder);
            return NULL;
        }
    }
    return decoder;
}

void dk_decoder_free(dk_decoder *decoder)
{
    if (decoder == NULL)
        return;
    if (decoder->gb18030 != (iconv_t)-1)
        iconv_close(decoder->gb18030);
    free(decoder);
}

static const char replacement[] = "\xEF\xBF\xBD";

static bool decode_utf8(const unsigned char *data, size_t size, dk_buf *out)
{
    bool good = true;
    size_t at = 0;
    while (at < size) {
        size_t run = at;
        while (run < size && data[run] < 0x80)
            run++;
        dk_buf_append(out, data + at, run - at);
        at = run;
        if (at == size)
            break;
        unsigned char need, low, high;
        size_t have = 1;
        bool whole = false;
        if (lead(data[at], &need, &low, &high)) {
            while (have <= need && at + have < size && data[at + have] >= low && data[at + have] <= high) {
                low = 0x80, high = 0xBF;
                have++;
            }
            whole = have == (size_t)need + 1;
        }
        if (whole) {
            dk_buf_append(out, data + at, have);
        } else {
            dk_buf_text(out, replacement);
            good = false;
        }
        at += have;
    }
    return good;
}

static bool decode_gb18030(iconv_t converter, const char *data, size_t size, bool may_be_cut, dk_buf *out,
                           bool *ret_cut)
{
    bool good = true;
    char *in = (char *)(uintptr_t)data; /* iconv's prototype lacks const; it does not write there */
    size_t left = size;
    iconv(converter, NULL, NULL, NULL, NULL);
    while (left > 0) {
        if (*(const unsigned char *)in < 0x80) { /* iconv costs more per call than per byte */
            size_t run = 1;
            while (run < left && (unsigned char)in[run] < 0x80)
                run++;
            dk_buf_append(out, in, run);
            in += run, left -= run;
            continue;
        }
        const size_t room = left * 4 + 16;
        unsigned char *start = dk_buf_reserve(out, room);
        if (start == NULL)
            return false;
        char *to = (char *)start;
        size_t to_left = room;
        const size_t result = iconv(converter, &in, &left, &to, &to_left);
        out->size += room - to_left;
        if (result != (size_t)-1)
            break;
        if (errno == EINVAL && may_be_cut) {
            *ret_cut = true;
            break;
        }
        if (errno == E2BIG)
            continue;
        dk_buf_text(out, replacement);
        good = false;
        in++, left--;
    }
    return good;
}

bool dk_decode(dk_decoder *decoder, const char *data, size_t size, bool may_be_cut, dk_buf *out, bool *ret_cut)
{
    bool cut = false;
    bool good;
    if (decoder->encoding == DK_ENCODING_UTF8) {
        const size_t tail = may_be_cut ? dk_utf8_cut((const unsigned char *)data, size) : 0;
        cut = tail > 0;
        good = decode_utf8((const unsigned char *)data, size - tail, out);
    } else {
        good = decode_gb18030(decoder->gb18030, data, size, may_be_cut, out, &cut);
    }
    if (ret_cut != NULL)
        *ret_cut = cut;
    return good;
}

/* Lines in which characters of three bytes and more are whole UTF-8, which a text in GB18030 has hardly ever, and lines
 * that are none: where the former are more, a few were pasted in from elsewhere, and they are wrong, not all others. */
typedef struct line_count {
    uint64_t good, bad;
    uint64_t wrong, wide; /* of the check when the line began */
} line_count;

static void end_line(line_count *lines, const dk_utf8_check *check)
{
    lines->bad += check->wrong > lines->wrong;
    lines->good += check->wrong == lines->wrong && check->wide > lines->wide;
    lines->wrong = check->wrong;
    lines->wide = check->wide;
}

dk_status dk_text_scan_file(FILE *file, const char *path, const dk_encoding *given, const char *as,
                            dk_text_scan *ret_scan, dk_error *err)
{
    unsigned char block[65536];
    dk_utf8_check check = {0};
    line_count lines = {0};
    dk_text_scan scan = {0};
    size_t got;
    while ((got = fread(block, 1, sizeof block, file)) > 0) {
        if (scan.size == 0) {
            if (got >= 2 && ((block[0] == 0xFF && block[1] == 0xFE) || (block[0] == 0xFE && block[1] == 0xFF)))
                return dk_fail(err, DK_INVALID, "%s: the text is UTF-16; save it as %s and load that", path, as);
            scan.has_bom = got >= 3 && memcmp(block, "\xEF\xBB\xBF", 3) == 0;
        }
        if (memchr(block, 0, got) != NULL)
            return dk_fail(err, DK_INVALID, "%s: not a text: it holds NUL bytes; save it as %s and load that", path,
                           as);
        scan.size += got;
        for (size_t from = 0; from < got;) {
            const unsigned char *end = memchr(block + from, '\n', got - from);
            const size_t to = end != NULL ? (size_t)(end - block) + 1 : got;
            dk_utf8_check_add(&check, block + from, to - from);
            if (end != NULL)
                end_line(&lines, &check);
            from = to;
        }
    }
    end_line(&lines, &check);
    if (ferror(file))
        return dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
    if (scan.size == 0)
        return dk_fail(err, DK_INVALID, "%s: the file is empty; copy it again", path);
    scan.encoding = given != NULL                                                           ? *given
                    : scan.has_bom || dk_utf8_check_meant(&check) || lines.good > lines.bad ? DK_ENCODING_UTF8
                                                                                            : DK_ENCODING_GB18030;
    scan.either = given == NULL && !scan.has_bom && dk_utf8_check_either(&check);
    *ret_scan = scan;
    return DK_OK;
}

char *dk_path_text(const char *path)
{
    dk_decoder *decoder = NULL;
    dk_buf out;
    dk_buf_init(&out);
    for (const char *part = path; !out.failed;) {
        const size_t size = strcspn(part, "/");
        if (dk_utf8_valid(part, size))
            dk_buf_append(&out, part, size);
        else if (decoder != NULL || (decoder = dk_decoder_create(DK_ENCODING_GB18030)) != NULL)
            dk_decode(decoder, part, size, false, &out, NULL);
        else
            out.failed = true;
        if (part[size] == '\0')
            break;
        dk_buf_byte(&out, '/');
        part += size + 1;
    }
    const char *text = dk_buf_cstr(&out);
    char *copy = text != NULL ? strdup(text) : NULL;
    dk_decoder_free(decoder);
    dk_buf_finish(&out);
    return copy;
}
