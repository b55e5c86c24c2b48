/* Which bytes a source's texts are written in, and their decoding to UTF-8.
 *
 * Bureaus' files are UTF-8 or GB18030 (which contains GBK and GB2312), and what a .cpg or a DBF's language byte says
 * about it is wrong too often to be believed: the bytes decide. */
#ifndef DK_INGEST_ENCODING_H
#define DK_INGEST_ENCODING_H

#include "store/buf.h"
#include "store/status.h"
#include "store/text.h"

#include <stdio.h>

typedef enum dk_encoding { DK_ENCODING_UTF8 = 0, DK_ENCODING_GB18030 } dk_encoding;

const char *dk_encoding_name(dk_encoding encoding);
/* From what a user writes: UTF-8, UTF8, GBK, GB2312, GB18030, CP936, in any case. false: none of these. */
bool dk_encoding_parse(const char *name, dk_encoding *ret_encoding);
/* The same from what a file says of itself, anywhere in a text such as "ANSI 936" or "ANSI_936". */
bool dk_encoding_declared(const char *text, dk_encoding *ret_encoding);
/* For a text that may be either: what was taken, UTF-8 or what the file declares (declared NULL: it does not), and what
 * to do if that is wrong. A sentence without the path. */
const char *dk_encoding_either_note(const dk_encoding *declared);

/* Strict UTF-8 (RFC 3629) over a text that arrives in pieces. Zero it to start. */
typedef struct dk_utf8_check {
    unsigned char need;      /* continuation bytes still to come */
    unsigned char low, high; /* the range of the next one */
    bool failed;
    bool is_wide;         /* the character under way has three bytes or more */
    bool beyond_ascii;    /* a byte above 0x7F was seen */
    uint64_t wide, wrong; /* characters of three bytes and more; places that are no UTF-8 */
    /* characters of two bytes: which of those that GB2312 has, too, by their first byte; whether there are others */
    unsigned char first;
    bool other_pairs;
    uint32_t pairs[30];
} dk_utf8_check;
void dk_utf8_check_add(dk_utf8_check *check, const unsigned char *data, size_t size);
/* Whether all of it was UTF-8 and the last character is whole. */
bool dk_utf8_check_end(const dk_utf8_check *check);
/* What comes next is another text: a character that is not whole counts as wrong. */
void dk_utf8_check_break(dk_utf8_check *check);
/* Whether it is UTF-8, or a damaged text in it: ten characters of three bytes and more for each place that is wrong.
 * Chinese in GB18030 hardly ever has one, and read as that a damaged UTF-8 would be another text throughout. */
bool dk_utf8_check_meant(const dk_utf8_check *check);
/* Whether it may as well be Chinese in GB2312: all that is beyond ASCII are pairs of bytes that both encodings have,
 * and so few different ones (8 at most; one of seven characters of GB2312 is such a pair) that it may be chance. The
 * signs of m² and 45° alone are none. */
bool dk_utf8_check_either(const dk_utf8_check *check);
/* Bytes of an incomplete but so far correct character at the end of data: 0 to 3. */
size_t dk_utf8_cut(const unsigned char *data, size_t size);
/* What a text file is by its bytes, all of which are read once, from where the file stands. given: the encoding that
 * the user says, or NULL. as: what to save it as, for the sentence. DK_INVALID for UTF-16, NUL bytes and an empty file,
 * DK_IO; the sentence begins with path. UTF-8 is also a text in which most lines with Chinese are whole in it: the
 * others are wrong. */
typedef struct dk_text_scan {
    dk_encoding encoding;
    bool has_bom;  /* EF BB BF at its beginning */
    bool either;   /* dk_utf8_check_either, and the user does not say */
    uint64_t size; /* bytes */
} dk_text_scan;
dk_status dk_text_scan_file(FILE *file, const char *path, const dk_encoding *given, const char *as,
                            dk_text_scan *ret_scan, dk_error *err);

typedef struct dk_decoder dk_decoder;
dk_decoder *dk_decoder_create(dk_encoding encoding); /* NULL: out of memory or no converter. dk_decoder_free */
void dk_decoder_free(dk_decoder *decoder);           /* NULL-safe */
/* Appends data as UTF-8. Returns false if some bytes could not be decoded; U+FFFD then stands for each of them.
 * may_be_cut: the text fills a field of fixed width, so an incomplete last character is dropped without complaint;
 * *ret_cut (may be NULL) says that it was. */
bool dk_decode(dk_decoder *decoder, const char *data, size_t size, bool may_be_cut, dk_buf *out, bool *ret_cut);

/* A path or a name of a file as text: each of its parts is UTF-8 or, as on a bureau's old disks, GB18030, as its bytes
 * say. The caller frees it. NULL: out of memory. */
char *dk_path_text(const char *path);

#endif
