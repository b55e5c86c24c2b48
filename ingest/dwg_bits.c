#include "ingest/dwg_bits.h"

#include <string.h>

dk_dwg_bits dk_dwg_bits_of(const unsigned char *data, size_t size)
{
    return (dk_dwg_bits){.data = data, .end = 8 * (uint64_t)size};
}

static bool have(dk_dwg_bits *bits, uint64_t n)
{
    if (!bits->failed && n <= bits->end - bits->at)
        return true;
    bits->failed = true;
    bits->at = bits->end;
    return false;
}

void dk_dwg_skip(dk_dwg_bits *bits, uint64_t n)
{
    if (have(bits, n))
        bits->at += n;
}

unsigned dk_dwg_b(dk_dwg_bits *bits)
{
    if (!have(bits, 1))
        return 0;
    const unsigned bit = bits->data[bits->at / 8] >> (7 - bits->at % 8) & 1;
    bits->at++;
    return bit;
}

unsigned dk_dwg_bb(dk_dwg_bits *bits)
{
    const unsigned high = dk_dwg_b(bits);
    return high << 1 | dk_dwg_b(bits);
}

unsigned dk_dwg_rc(dk_dwg_bits *bits)
{
    if (!have(bits, 8))
        return 0;
    const unsigned char *at = bits->data + bits->at / 8;
    const unsigned shift = bits->at % 8;
    bits->at += 8;
    return shift == 0 ? at[0] : ((unsigned)at[0] << shift | at[1] >> (8 - shift)) & 0xFF;
}

unsigned dk_dwg_rs(dk_dwg_bits *bits)
{
    const unsigned low = dk_dwg_rc(bits);
    return low | dk_dwg_rc(bits) << 8;
}

uint32_t dk_dwg_rl(dk_dwg_bits *bits)
{
    const uint32_t low = dk_dwg_rs(bits);
    return low | (uint32_t)dk_dwg_rs(bits) << 16;
}

static double from_bytes(uint64_t bytes)
{
    double value;
    memcpy(&value, &bytes, sizeof value);
    return value;
}

double dk_dwg_rd(dk_dwg_bits *bits)
{
    const uint64_t low = dk_dwg_rl(bits);
    return from_bytes(low | (uint64_t)dk_dwg_rl(bits) << 32);
}

unsigned dk_dwg_bs(dk_dwg_bits *bits)
{
    switch (dk_dwg_bb(bits)) {
    case 0:
        return dk_dwg_rs(bits);
    case 1:
        return dk_dwg_rc(bits);
    case 2:
        return 0;
    default:
        return 256;
    }
}

uint32_t dk_dwg_bl(dk_dwg_bits *bits)
{
    switch (dk_dwg_bb(bits)) {
    case 0:
        return dk_dwg_rl(bits);
    case 1:
        return dk_dwg_rc(bits);
    case 2:
        return 0;
    default:
        bits->failed = true;
        return 0;
    }
}

double dk_dwg_bd(dk_dwg_bits *bits)
{
    switch (dk_dwg_bb(bits)) {
    case 0:
        return dk_dwg_rd(bits);
    case 1:
        return 1;
    case 2:
        return 0;
    default:
        bits->failed = true;
        return 0;
    }
}

double dk_dwg_dd(dk_dwg_bits *bits, double usual)
{
    uint64_t bytes, middle;
    memcpy(&bytes, &usual, sizeof bytes);
    switch (dk_dwg_bb(bits)) {
    case 0:
        return usual;
    case 1: /* the lower four bytes */
        return from_bytes((bytes & 0xFFFFFFFF00000000) | dk_dwg_rl(bits));
    case 2: /* the fifth and sixth, then the lower four */
        middle = dk_dwg_rs(bits);
        return from_bytes((bytes & 0xFFFF000000000000) | middle << 32 | dk_dwg_rl(bits));
    default:
        return dk_dwg_rd(bits);
    }
}

uint64_t dk_dwg_h(dk_dwg_bits *bits, uint64_t own)
{
    const unsigned head = dk_dwg_rc(bits), code = head >> 4, size = head & 15;
    uint64_t value = 0;
    if (size > 8)
        bits->failed = true;
    for (unsigned i = 0; i < size && !bits->failed; i++)
        value = value << 8 | dk_dwg_rc(bits);
    switch (code) {
    case 0:
    case 2:
    case 3:
    case 4:
    case 5:
        return value;
    case 6:
        return own + 1;
    case 8:
        return own - 1;
    case 0xA:
        return own + value;
    case 0xC:
        return own - value;
    default:
        bits->failed = true;
        return 0;
    }
}

bool dk_dwg_mc(const unsigned char **at, const unsigned char *end, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 63 && *at < end; shift += 7) {
        const unsigned char byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool dk_dwg_mc_signed(const unsigned char **at, const unsigned char *end, int64_t *ret_value)
{
    int64_t value = 0;
    for (unsigned shift = 0; shift < 56 && *at < end; shift += 7) {
        const unsigned char byte = *(*at)++;
        if ((byte & 0x80) == 0) {
            value |= (int64_t)(byte & 0x3F) << shift;
            *ret_value = byte & 0x40 ? -value : value;
            return true;
        }
        value |= (int64_t)(byte & 0x7F) << shift;
    }
    return false;
}

bool dk_dwg_ms(const unsigned char **at, const unsigned char *end, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 45 && end - *at >= 2; shift += 15) {
        const unsigned word = (*at)[0] | (unsigned)(*at)[1] << 8;
        *at += 2;
        value |= (uint64_t)(word & 0x7FFF) << shift;
        if ((word & 0x8000) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

uint16_t dk_dwg_crc(uint16_t seed, const unsigned char *data, size_t size)
{
    static const uint16_t nibbles[16] = {0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
                                         0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400};
    uint16_t crc = seed;
    for (size_t i = 0; i < size; i++) {
        crc = (uint16_t)(crc >> 4 ^ nibbles[(crc ^ data[i]) & 15]);
        crc = (uint16_t)(crc >> 4 ^ nibbles[(crc ^ data[i] >> 4) & 15]);
    }
    return crc;
}
