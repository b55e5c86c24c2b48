#include "store/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_CAPACITY = 64, VARINT_BYTES = 10, LARGE = 4 << 20, PAGE = 4096 };

void dk_buf_init(dk_buf *buf)
{
    *buf = (dk_buf){0};
}

void dk_buf_finish(dk_buf *buf)
{
    free(buf->data);
    dk_buf_init(buf);
}

void dk_buf_clear(dk_buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

unsigned char *dk_buf_give_away(dk_buf *buf)
{
    unsigned char *data = NULL;
    if (buf->size > 0) {
        data = realloc(buf->data, buf->size);
        if (data == NULL)
            data = buf->data;
        buf->data = NULL;
    }
    dk_buf_finish(buf);
    return data;
}

/* Large memory comes in huge pages, where the system has them: to fill it page by page takes three times as long. All
 * its pages, the first and the last too: of a mapping that is advised in part mremap(2) moves nothing, and realloc
 * copies. */
static void ask_for_huge_pages(unsigned char *data, size_t size)
{
    const uintptr_t start = (uintptr_t)data & ~(uintptr_t)(PAGE - 1);
    const uintptr_t end = ((uintptr_t)data + size + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    madvise((void *)start, end - start, MADV_HUGEPAGE);
}

static bool grow(dk_buf *buf, size_t n)
{
    if (n > (size_t)PTRDIFF_MAX - buf->size)
        return false;
    const size_t needed = buf->size + n;
    size_t capacity = buf->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buf->capacity;
    while (capacity < needed)
        capacity = capacity > (size_t)PTRDIFF_MAX / 2 ? needed : capacity * 2;
    unsigned char *data = realloc(buf->data, capacity);
    if (data == NULL)
        return false;
    if (capacity >= LARGE)
        ask_for_huge_pages(data, capacity);
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

unsigned char *dk_buf_reserve_grow(dk_buf *buf, size_t n)
{
    if (buf->failed)
        return NULL;
    /* also with n == 0 there is memory, so that NULL always means failure */
    if ((n > buf->capacity - buf->size || buf->data == NULL) && !grow(buf, n)) {
        buf->failed = true;
        return NULL;
    }
    return buf->data + buf->size;
}

void dk_buf_format(dk_buf *buf, const char *format, ...)
{
    unsigned char *to = dk_buf_reserve(buf, FIRST_CAPACITY);
    if (to == NULL)
        return;
    const size_t room = buf->capacity - buf->size;
    va_list args;
    va_start(args, format);
    int size = vsnprintf((char *)to, room, format, args);
    va_end(args);
    if (size >= 0 && (size_t)size >= room) {
        to = dk_buf_reserve(buf, (size_t)size + 1);
        if (to == NULL)
            return;
        va_start(args, format);
        size = vsnprintf((char *)to, (size_t)size + 1, format, args);
        va_end(args);
    }
    if (size < 0)
        buf->failed = true;
    else
        buf->size += (size_t)size;
}

void dk_buf_varint(dk_buf *buf, uint64_t value)
{
    unsigned char *const to = dk_buf_reserve(buf, VARINT_BYTES);
    if (to == NULL)
        return;
    size_t n = 0;
    for (; value >= 0x80u; value >>= 7)
        to[n++] = (unsigned char)(value | 0x80u);
    to[n++] = (unsigned char)value;
    buf->size += n;
}

void dk_buf_zigzag(dk_buf *buf, int64_t value)
{
    dk_buf_varint(buf, ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

bool dk_read_varint(const unsigned char **at, const unsigned char *end, uint64_t *ret_value)
{
    const unsigned char *from = *at;
    uint64_t value = 0;
    for (unsigned shift = 0; from < end && shift < 7 * VARINT_BYTES; shift += 7) {
        const unsigned char byte = *from++;
        /* the tenth byte holds one bit; more would be lost */
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7Fu) << shift;
        if (byte < 0x80u) {
            *at = from;
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool dk_read_zigzag(const unsigned char **at, const unsigned char *end, int64_t *ret_value)
{
    uint64_t value;
    if (!dk_read_varint(at, end, &value))
        return false;
    *ret_value = (int64_t)((value >> 1) ^ (0 - (value & 1)));
    return true;
}

const char *dk_buf_cstr(dk_buf *buf)
{
    unsigned char *to = dk_buf_reserve(buf, 1);
    if (to == NULL)
        return NULL;
    *to = '\0';
    return (const char *)buf->data;
}

bool dk_grow(void *array, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return true;
    size_t wanted = *capacity < 16 ? 16 : *capacity;
    while (wanted < needed)
        wanted = wanted > SIZE_MAX / 2 ? needed : wanted * 2;
    if (wanted > (size_t)PTRDIFF_MAX / size)
        return false;
    void *memory;
    memcpy(&memory, array, sizeof memory); /* array is the address of a pointer of any type */
    memory = realloc(memory, wanted * size);
    if (memory == NULL)
        return false;
    memcpy(array, &memory, sizeof memory);
    *capacity = wanted;
    return true;
}
