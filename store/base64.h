/* Base 64 (RFC 4648 section 4), padded, in one line, and strict: one text for one sequence of bytes. */
#ifndef DK_STORE_BASE64_H
#define DK_STORE_BASE64_H

#include "store/buf.h"

void dk_base64_append(dk_buf *out, const void *data, size_t size);
/* Appends the bytes; false, and nothing is appended: another character, no padding, or bits that no byte has. */
bool dk_base64_read(const char *text, size_t size, dk_buf *out);
/* So many bytes and no others. */
bool dk_base64_read_exactly(const char *text, size_t size, unsigned char *ret_bytes, size_t n);

#endif
