/* Approval numbers, 文号: 皖政地〔2020〕123号 and the many ways in which it is written. */
#ifndef DK_STORE_APPROVAL_NO_H
#define DK_STORE_APPROVAL_NO_H

#include "store/buf.h"

/* Finds the numbers in a text and appends each in canonical form, agency〔year〕serial号, joined by 、 and in
 * the order written, repeats left out. Brackets 〔〕 [] ［］ () （） 【】 and 〖〗, full-width digits, blanks, leading
 * zeros of the serial and a missing 号 are all accepted; numbers may be joined by 、 ， , ; ； 和 or white space.
 * A text in which no number is recognised is appended as it is, folded (NFKC, blanks trimmed): it still links
 * to its equal. Returns how many numbers were recognised. */
size_t dk_approval_no_normalise(const char *text, size_t size, dk_buf *out);

/* Finds the numbers in the name of a file or folder, without its ending, and appends them as above; nothing where there is
 * none. Names also have them without brackets, but then with 号: 皖政地2020-123号, 皖政地2020_123号, 皖政地2020年第123号. */
size_t dk_approval_no_in_name(const char *name, size_t size, dk_buf *out);

/* Calls each for every number of a normalised text (parts between 、). Stops when it returns false. */
void dk_approval_no_each(const char *normalised, bool (*each)(const char *number, size_t size, void *user), void *user);

#endif
