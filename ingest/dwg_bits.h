/* The codes in which a DWG of R2000 writes its values, bit by bit: Open Design Specification for .dwg files
 * (5.4, "Bit codes and data definitions"). */
#ifndef DK_INGEST_DWG_BITS_H
#define DK_INGEST_DWG_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where reading is. Beyond the end every value is 0, and failed says so. */
typedef struct dk_dwg_bits {
    const unsigned char *data; /* borrowed */
    uint64_t at, end;          /* in bits, the first is the highest of its byte */
    bool failed;               /* a value lay beyond the end, or has a code that does not exist */
} dk_dwg_bits;

dk_dwg_bits dk_dwg_bits_of(const unsigned char *data, size_t size);
void dk_dwg_skip(dk_dwg_bits *bits, uint64_t n); /* n bits */

unsigned dk_dwg_b(dk_dwg_bits *bits);              /* one bit */
unsigned dk_dwg_bb(dk_dwg_bits *bits);             /* two */
unsigned dk_dwg_rc(dk_dwg_bits *bits);             /* raw: a byte, */
unsigned dk_dwg_rs(dk_dwg_bits *bits);             /* two, little-endian, */
uint32_t dk_dwg_rl(dk_dwg_bits *bits);             /* four, */
double dk_dwg_rd(dk_dwg_bits *bits);               /* eight of IEEE 754 */
unsigned dk_dwg_bs(dk_dwg_bits *bits);             /* bit-coded: a short, as unsigned, */
uint32_t dk_dwg_bl(dk_dwg_bits *bits);             /* a long, */
double dk_dwg_bd(dk_dwg_bits *bits);               /* a double, */
double dk_dwg_dd(dk_dwg_bits *bits, double usual); /* a double of which some bytes may be as usual */
/* A handle reference: absolute, or from the handle of the object that holds it. */
uint64_t dk_dwg_h(dk_dwg_bits *bits, uint64_t own);

/* Modular: seven bits a byte, the lowest first. From *at on, which is advanced, not beyond end. false: cut off, or too
 * large. */
bool dk_dwg_mc(const unsigned char **at, const unsigned char *end, uint64_t *ret_value);
bool dk_dwg_mc_signed(const unsigned char **at, const unsigned char *end, int64_t *ret_value);
/* The same, fifteen bits in two bytes: the size of an object. */
bool dk_dwg_ms(const unsigned char **at, const unsigned char *end, uint64_t *ret_value);

#define DK_DWG_CRC_SEED 0xC0C1
/* The "8-bit CRC", which has 16: polynomial x^16 + x^15 + x^2 + 1, the lowest bit first. */
uint16_t dk_dwg_crc(uint16_t seed, const unsigned char *data, size_t size);

#endif
