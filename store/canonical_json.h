/* The pieces of canonical JSON (JCS, RFC 8785): one value has one text, so that a digest of the text is one of the
 * value. Objects are the caller's: members without blanks, in the order of dk_canonical_compare, no name twice. */
#ifndef DK_STORE_CANONICAL_JSON_H
#define DK_STORE_CANONICAL_JSON_H

#include "store/buf.h"

/* A JSON string with its quotes (section 3.2.2.2). The text stays as it is, also where it is not in a normal form of
 * Unicode. false, and nothing is appended: it is not UTF-8. */
bool dk_canonical_text(dk_buf *out, const char *text, size_t size);

/* A number as ECMAScript writes it (section 3.2.2.3): the fewest digits that read back as the same double, of those the
 * nearest; an exponent from 1e21 and below 1e-6. Whatever the locale. false, and nothing is appended: it is not finite.
 */
bool dk_canonical_number(dk_buf *out, double value);
/* An integer. Beyond ±2^53 a number would lose digits: then it is a string of them (RFC 8785 appendix D). */
void dk_canonical_integer(dk_buf *out, int64_t value);
/* A coordinate in degrees, rounded to 9 decimals (0.1 mm): as a number, the text of that decimal. |value| <= 360. */
void dk_canonical_degrees(dk_buf *out, double value);

/* The order of member names: by UTF-16 code units (section 3.2.3), which differs from that of bytes where one has
 * U+E000 to U+FFFF and the other a character beyond. Both are UTF-8. Negative, 0 or positive. */
int dk_canonical_compare(const char *a, size_t a_size, const char *b, size_t b_size);

#endif
