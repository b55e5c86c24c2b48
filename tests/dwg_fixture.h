/* A DWG of R2000 written by hand, bit by bit, after the Open Design Specification for .dwg files (5.4); it shares no
 * code with the reader. For unit tests and the fuzz target. */
#ifndef DK_TESTS_DWG_FIXTURE_H
#define DK_TESTS_DWG_FIXTURE_H

#include "store/buf.h"

#include <string.h>

/* ---- bits ---- */

typedef struct pen {
    dk_buf bytes;
    size_t n; /* bits */
} pen;

static inline void put(pen *to, uint64_t value, unsigned n)
{
    for (unsigned i = n; i-- > 0;) {
        if (to->n % 8 == 0)
            dk_buf_byte(&to->bytes, 0);
        to->bytes.data[to->n / 8] |= (unsigned char)((value >> i & 1) << (7 - to->n % 8));
        to->n++;
    }
}
static inline void put_raw(pen *to, uint64_t value, unsigned bytes) /* little-endian */
{
    for (unsigned i = 0; i < bytes; i++)
        put(to, value >> 8 * i & 0xFF, 8);
}
static inline void put_rd(pen *to, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_raw(to, bits, 8);
}
static inline void put_bs(pen *to, unsigned value)
{
    put(to, value == 0 ? 2 : value == 256 ? 3 : value < 256 ? 1 : 0, 2);
    if (value != 0 && value != 256)
        put_raw(to, value, value < 256 ? 1 : 2);
}
static inline void put_bl(pen *to, uint32_t value)
{
    put(to, value == 0 ? 2 : value < 256 ? 1 : 0, 2);
    if (value != 0)
        put_raw(to, value, value < 256 ? 1 : 4);
}
static inline void put_bd(pen *to, double value)
{
    put(to, value == 0 ? 2 : value == 1 ? 1 : 0, 2);
    if (value != 0 && value != 1)
        put_rd(to, value);
}
static inline void put_h(pen *to, unsigned code, uint64_t value)
{
    unsigned size = 0;
    while (size < 8 && value >> 8 * size != 0)
        size++;
    put(to, code, 4);
    put(to, size, 4);
    for (unsigned i = size; i-- > 0;)
        put(to, value >> 8 * i & 0xFF, 8);
}
static inline void put_text(pen *to, const char *text)
{
    put_bs(to, (unsigned)strlen(text));
    for (; *text != '\0'; text++)
        put(to, (unsigned char)*text, 8);
}
static inline void put_pen(pen *to, const pen *from)
{
    for (size_t i = 0; i < from->n; i++)
        put(to, from->bytes.data[i / 8] >> (7 - i % 8) & 1, 1);
}
static inline void pen_free(pen *which)
{
    dk_buf_finish(&which->bytes);
    *which = (pen){0};
}

/* CRC-16 of the polynomial 0x8005, reflected, one bit after the other. */
static inline uint16_t crc_of(const unsigned char *data, size_t size)
{
    uint16_t crc = 0xC0C1;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int k = 0; k < 8; k++)
            crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1);
    }
    return crc;
}

/* ---- the file ---- */

#define BY_HAND_MOST 400

typedef struct by_hand {
    dk_buf objects;
    uint64_t handles[BY_HAND_MOST];
    size_t offsets[BY_HAND_MOST]; /* in objects */
    size_t n;
    int wrong;        /* this object gets a wrong checksum, -1: none, -2: all */
    size_t per_piece; /* objects in a piece of the map; 0: all */
} by_hand;

static inline by_hand by_hand_new(void)
{
    return (by_hand){.wrong = -1};
}

/* data: from the type on. */
static inline void by_hand_object(by_hand *file, uint64_t handle, const unsigned char *data, size_t size)
{
    const size_t at = file->objects.size;
    size_t rest = size;
    if (file->n == BY_HAND_MOST)
        return;
    do {
        const unsigned word = (unsigned)(rest & 0x7FFF) | (rest > 0x7FFF ? 0x8000 : 0);
        dk_buf_byte(&file->objects, (unsigned char)word);
        dk_buf_byte(&file->objects, (unsigned char)(word >> 8));
        rest >>= 15;
    } while (rest > 0);
    dk_buf_append(&file->objects, data, size);
    const bool wrong = file->wrong == -2 || file->wrong == (int)file->n;
    const unsigned crc = crc_of(file->objects.data + at, file->objects.size - at) ^ wrong;
    dk_buf_byte(&file->objects, (unsigned char)crc);
    dk_buf_byte(&file->objects, (unsigned char)(crc >> 8));
    file->handles[file->n] = handle;
    file->offsets[file->n++] = at;
}

static inline void by_hand_mc(dk_buf *to, uint64_t value, bool with_sign)
{
    const uint64_t last = with_sign ? 0x3F : 0x7F;
    for (; value > last; value >>= 7)
        dk_buf_byte(to, (unsigned char)(value | 0x80));
    dk_buf_byte(to, (unsigned char)value);
}

/* The whole file into out. classes: names of entities that have the types from 500 on, up to NULL. */
static inline void by_hand_finish(by_hand *file, const char *const *classes, dk_buf *out)
{
    static const unsigned char end_of_header[16] = {0x95, 0xA0, 0x4E, 0x28, 0x99, 0x82, 0x1A, 0xE5,
                                                    0x5E, 0x41, 0xE0, 0x5F, 0x9D, 0x3A, 0x4D, 0x00};
    static const unsigned char begin_of_classes[16] = {0x8D, 0xA1, 0xC4, 0xB8, 0xC4, 0xA9, 0xF8, 0xC5,
                                                       0xC0, 0xDC, 0xF4, 0x5F, 0xE7, 0xCF, 0xB6, 0x8A};
    const size_t header = 0x15 + 4 + 3 * 9 + 2 + 16;
    pen names = {0}, head = {0};
    dk_buf map;
    dk_buf_init(&map);
    for (unsigned i = 0; classes != NULL && classes[i] != NULL; i++) {
        put_bs(&names, 500 + i);
        put_bs(&names, 0);
        put_text(&names, "ObjectDBX Classes");
        put_text(&names, "AcDbSomething");
        put_text(&names, classes[i]);
        put(&names, 0, 1);
        put_bs(&names, 0x1F2);
    }
    const size_t classes_size = 16 + 4 + names.bytes.size + 2 + 16, objects_at = header + classes_size;
    for (size_t i = 0; i < file->n;) {
        const size_t at = map.size, first = i;
        dk_buf_append(&map, "\0\0", 2);
        uint64_t handle = 0;
        size_t offset = 0;
        for (; i < file->n && (file->per_piece == 0 || i < first + file->per_piece) && map.size < at + 2000; i++) {
            if (i > first && file->handles[i] <= handle)
                break; /* another piece, as these ascend */
            const size_t place = objects_at + file->offsets[i];
            by_hand_mc(&map, file->handles[i] - handle, false);
            if (place >= offset) {
                by_hand_mc(&map, place - offset, true);
            } else {
                by_hand_mc(&map, offset - place, true);
                map.data[map.size - 1] |= 0x40;
            }
            handle = file->handles[i];
            offset = place;
        }
        map.data[at] = (unsigned char)((map.size - at) >> 8);
        map.data[at + 1] = (unsigned char)(map.size - at);
        const unsigned crc = crc_of(map.data + at, map.size - at);
        dk_buf_byte(&map, (unsigned char)(crc >> 8));
        dk_buf_byte(&map, (unsigned char)crc);
    }
    const unsigned end_crc = crc_of((const unsigned char *)"\0\2", 2);
    dk_buf_append(&map, "\0\2", 2);
    dk_buf_byte(&map, (unsigned char)(end_crc >> 8));
    dk_buf_byte(&map, (unsigned char)end_crc);

    for (const char *c = "AC1015"; *c != '\0'; c++)
        put(&head, (unsigned char)*c, 8);
    put_raw(&head, 0, 5);
    put_raw(&head, 6, 1); /* maintenance version */
    put_raw(&head, 1, 1);
    put_raw(&head, 0, 4);      /* no preview */
    put_raw(&head, 0x191B, 2); /* the program that wrote it */
    put_raw(&head, 39, 2);     /* ANSI_936 */
    put_raw(&head, 3, 4);
    const size_t places[3][2] = {{0, 0}, {header, classes_size}, {objects_at + file->objects.size, map.size}};
    for (unsigned i = 0; i < 3; i++) {
        put_raw(&head, i, 1);
        put_raw(&head, places[i][0], 4);
        put_raw(&head, places[i][1], 4);
    }
    put_raw(&head, crc_of(head.bytes.data, head.bytes.size) ^ 0xA598u, 2);
    dk_buf_append(out, head.bytes.data, head.bytes.size);
    dk_buf_append(out, end_of_header, 16);
    dk_buf_append(out, begin_of_classes, 16);
    for (unsigned i = 0; i < 4; i++)
        dk_buf_byte(out, (unsigned char)(names.bytes.size >> 8 * i));
    dk_buf_append(out, names.bytes.data, names.bytes.size);
    dk_buf_append(out, "\0\0", 2);
    for (unsigned i = 0; i < 16; i++)
        dk_buf_byte(out, (unsigned char)~begin_of_classes[i]);
    dk_buf_append(out, file->objects.data, file->objects.size);
    dk_buf_append(out, map.data, map.size);
    dk_buf_finish(&map);
    pen_free(&names);
    pen_free(&head);
}

static inline void by_hand_free(by_hand *file)
{
    dk_buf_finish(&file->objects);
}

#endif
