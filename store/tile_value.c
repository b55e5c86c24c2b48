#include "store/tile_value.h"

#include "store/hash.h"

#include <string.h>

/* Tags: field number << 3 | wire type (protobuf encoding): of the layer, then of the Value message. */
enum {
    LAYER_VALUES = 4 << 3 | 2,
    STRING_VALUE = 1 << 3 | 2,
    DOUBLE_VALUE = 3 << 3 | 1,
    UINT_VALUE = 5 << 3 | 0,
    SINT_VALUE = 6 << 3 | 0
};

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

void dk_tile_value_encode(const dk_value *value, dk_buf *out)
{
    dk_buf_clear(out);
    dk_buf_byte(out, LAYER_VALUES);
    if (value->type == DK_TEXT) {
        dk_buf_varint(out, 1 + varint_size(value->text.size) + value->text.size);
        dk_buf_byte(out, STRING_VALUE);
        dk_buf_varint(out, value->text.size);
        if (value->text.size > 0)
            dk_buf_append(out, value->text.data, value->text.size);
    } else if (value->type == DK_REAL) {
        uint64_t bits;
        memcpy(&bits, &value->real, 8);
        dk_buf_byte(out, 9);
        dk_buf_byte(out, DOUBLE_VALUE);
        for (int i = 0; i < 8; i++)
            dk_buf_byte(out, (unsigned char)(bits >> (8 * i)));
    } else {
        const bool negative = value->integer < 0;
        const uint64_t number = negative ? (uint64_t)value->integer << 1 ^ UINT64_MAX : (uint64_t)value->integer;
        dk_buf_varint(out, 1 + varint_size(number));
        dk_buf_byte(out, negative ? SINT_VALUE : UINT_VALUE);
        dk_buf_varint(out, number);
    }
}

bool dk_tile_value_is_text(const unsigned char *bytes, size_t size, const char *text, size_t text_size)
{
    const size_t length = varint_size(text_size), message = 1 + length + text_size;
    const size_t start = 1 + varint_size(message); /* of the message; the size tells apart all but its tag */
    return size == start + message && bytes[start] == STRING_VALUE &&
           memcmp(bytes + start + 1 + length, text, text_size) == 0;
}

bool dk_tile_value_fits(const unsigned char *bytes, size_t size)
{
    uint64_t length;
    if (size < 2 || bytes[0] != LAYER_VALUES)
        return false;
    if (bytes[1] < 0x80) /* most */
        return bytes[1] == size - 2;
    const unsigned char *at = bytes + 1;
    return dk_read_varint(&at, bytes + size, &length) && length == (uint64_t)(bytes + size - at);
}

dk_status dk_tile_value_decode(const unsigned char *bytes, size_t size, dk_value *ret_value)
{
    const unsigned char *at = bytes, *const end = bytes + size;
    uint64_t number;
    if (!dk_tile_value_fits(bytes, size))
        return DK_CORRUPT;
    at++;
    if (!dk_read_varint(&at, end, &number) || number == 0)
        return DK_CORRUPT;
    switch (*at++) {
    case STRING_VALUE:
        if (!dk_read_varint(&at, end, &number) || number != (uint64_t)(end - at))
            return DK_CORRUPT;
        *ret_value = (dk_value){.type = DK_TEXT, .text = {(const char *)at, (size_t)number}};
        return DK_OK;
    case DOUBLE_VALUE: {
        uint64_t bits = 0;
        if (end - at != 8)
            return DK_CORRUPT;
        for (int i = 0; i < 8; i++)
            bits |= (uint64_t)at[i] << (8 * i);
        ret_value->type = DK_REAL;
        memcpy(&ret_value->real, &bits, 8);
        return DK_OK;
    }
    case UINT_VALUE:
        if (!dk_read_varint(&at, end, &number) || at != end || number > INT64_MAX)
            return DK_CORRUPT;
        *ret_value = dk_value_integer((int64_t)number);
        return DK_OK;
    case SINT_VALUE:
        if (!dk_read_varint(&at, end, &number) || at != end || (number & 1) == 0)
            return DK_CORRUPT;
        *ret_value = dk_value_integer(-(int64_t)(number >> 1) - 1);
        return DK_OK;
    default:
        return DK_CORRUPT;
    }
}

uint32_t dk_tile_value_hash(const unsigned char *bytes, size_t size)
{
    return (uint32_t)(dk_hash64(bytes, size, 0) >> 32);
}
