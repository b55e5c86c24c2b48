/* Approval numbers, 文号: 皖政地〔2020〕123号 and the many ways in which it is written. */
#ifndef DK_STORE_APPROVAL_NO_H
#define DK_STORE_APPROVAL_NO_H

#include "store/buf.h"

/* Finds the numbers in a text and appends each in canonical form, agency〔year〕serial号, joined by 、 and in
 * the order written, repeats left out. Brackets 〔〕 [] ［］ () （） 【】 〖〗 {} <> 〈〉 《》 「」 and 『』,
 * full-width digits, blanks (also between the characters of an agency, 皖 政 地), leading zeros of the serial and a
 * missing 号 are all accepted; numbers may be joined by 、 ， , ; ； 和 or white space. A text in which no number is
 * recognised is appended as it is, folded (NFKC, blanks trimmed): it still links to its equal. Returns how many numbers
 * were recognised. */
size_t dk_approval_no_normalise(const char *text, size_t size, dk_buf *out);

/* What a cell that is to hold numbers says besides them, in UTF-8 and cut off where there is no room. */
typedef struct dk_approval_rest {
    char left[128]; /* what was left out, pieces joined by " … "; 文, 文件, 文号, punctuation and what joins numbers are
                       nothing */
    bool matters;   /* and it is more than a word for the document, such as 批复: a part of the number perhaps */
    char range[64]; /* a number such as 皖政地〔2020〕134-136号, which may be several */
    bool none;      /* no number was recognised, and the text is kept */
} dk_approval_rest;

/* The same as dk_approval_no_normalise, and tells what is left; the texts are empty where no number was recognised. */
size_t dk_approval_no_read(const char *text, size_t size, dk_buf *out, dk_approval_rest *ret_rest);

/* Finds the numbers in the name of a file or folder, without its ending, and appends them as above; nothing where there
 * is none. Names also have them without brackets, but then with 号: 皖政地2020-123号, 皖政地2020_123号,
 * 皖政地2020年第123号. What is 123号之一 there stays so, for it is another document than 123号. */
size_t dk_approval_no_in_name(const char *name, size_t size, dk_buf *out);

/* Calls each for every number of a normalised text (parts between 、). Stops when it returns false. */
void dk_approval_no_each(const char *normalised, bool (*each)(const char *number, size_t size, void *user), void *user);

#endif
