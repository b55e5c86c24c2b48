/* A growable byte buffer with a sticky failure: append without checking, then look at failed once. */
#ifndef DK_STORE_BUF_H
#define DK_STORE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct dk_buf {
    unsigned char *data; /* owned; NULL while empty */
    size_t size;         /* bytes used */
    size_t capacity;
    bool failed; /* an append did not fit in memory; everything after it was dropped */
} dk_buf;

void dk_buf_init(dk_buf *buf);
void dk_buf_finish(dk_buf *buf); /* frees; buf is as after init */
void dk_buf_clear(dk_buf *buf);  /* keeps the memory, forgets content and failure */

/* Gives the bytes away: size of them, to be freed by free(); NULL if empty. buf is as after init. */
unsigned char *dk_buf_give_away(dk_buf *buf);

/* Makes room for n further bytes and returns where they go, NULL on failure. Does not change size. */
unsigned char *dk_buf_reserve_grow(dk_buf *buf, size_t n); /* the rest of dk_buf_reserve */
static inline unsigned char *dk_buf_reserve(dk_buf *buf, size_t n)
{
    return n < buf->capacity - buf->size && !buf->failed ? buf->data + buf->size : dk_buf_reserve_grow(buf, n);
}
static inline void dk_buf_append(dk_buf *buf, const void *data, size_t n)
{
    unsigned char *to = dk_buf_reserve(buf, n);
    if (to == NULL || n == 0)
        return;
    memcpy(to, data, n);
    buf->size += n;
}
/* Without the NUL. */
static inline void dk_buf_text(dk_buf *buf, const char *text)
{
    dk_buf_append(buf, text, strlen(text));
}
static inline void dk_buf_byte(dk_buf *buf, unsigned char byte)
{
    unsigned char *to = dk_buf_reserve(buf, 1);
    if (to == NULL)
        return;
    *to = byte;
    buf->size++;
}
void dk_buf_format(dk_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Base-128 little-endian integers as in Protocol Buffers; zigzag for signed ones. */
void dk_buf_varint(dk_buf *buf, uint64_t value);
void dk_buf_zigzag(dk_buf *buf, int64_t value);

/* Reads a varint at *at, not beyond end, and advances *at. false when it is cut off or longer than 10 bytes. */
bool dk_read_varint(const unsigned char **at, const unsigned char *end, uint64_t *ret_value);
bool dk_read_zigzag(const unsigned char **at, const unsigned char *end, int64_t *ret_value);

/* The text with a terminating NUL (which size does not count), NULL on failure. Valid until the next append. */
const char *dk_buf_cstr(dk_buf *buf);

/* Makes an array hold needed elements of size bytes, at least doubling it. array is the address of the pointer to it.
 * false when out of memory, then nothing has changed. */
bool dk_grow(void *array, size_t *capacity, size_t needed, size_t size);

#endif
