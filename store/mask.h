/* Masks, 脱敏: what is shown of a personal datum to those who may not see it. A mask keeps a form that the person
 * concerned knows again and from which nobody else learns the datum:
 *
 *   name       欧阳娜娜 -> 欧***      the first character, then one * for each further one, 1 to 7 of them
 *   id_number  341321199001011234 -> 341***********1234   the first three and the last four, one * for each between
 *   phone      13812345678 -> 138****5678   the first three and the last four of eleven digits or more
 *   account    6222020200112233445 -> ****3445   the last four
 *
 * What is too short for its mask (12 characters for a number of a person, 11 for a telephone, 8 for an account) is
 * **** whole. Blanks around a value do not count. The masks of numbers keep no character that is not one of the digits,
 * letters and signs of ASCII. */
#ifndef DK_STORE_MASK_H
#define DK_STORE_MASK_H

#include <stddef.h>

typedef enum dk_mask {
    DK_MASK_HIDDEN = 0, /* hidden: nothing is shown; the default */
    DK_MASK_NAME,
    DK_MASK_ID_NUMBER,
    DK_MASK_PHONE,
    DK_MASK_ACCOUNT,
    DK_MASKS
} dk_mask;

extern const char *const dk_mask_names[DK_MASKS]; /* as the catalogue writes them */

#define DK_MASK_SIZE 40 /* of what is shown, with its NUL */
/* Writes what is shown of a text of UTF-8, and returns its bytes without the NUL; 0: nothing. */
size_t dk_mask_text(dk_mask mask, const char *text, size_t size, char ret_shown[DK_MASK_SIZE]);

#endif
