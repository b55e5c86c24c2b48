/* The table that pinyin_table.py makes of pinyin.txt. Private to pinyin.c. */
#ifndef DK_STORE_PINYIN_TABLE_H
#define DK_STORE_PINYIN_TABLE_H

#include "store/pinyin.h"

#define DK_PINYIN_FIRST 0x3400
#define DK_PINYIN_LAST 0x9FFF

extern const char *const dk_pinyin_syllables[];               /* by number; 0 is none */
extern const uint16_t dk_pinyin_lists[][DK_PINYIN_READINGS]; /* numbers of syllables, 0 behind the last; list 0 is empty */
extern const uint16_t dk_pinyin_of[DK_PINYIN_LAST - DK_PINYIN_FIRST + 1]; /* number of a character's list */
typedef struct dk_pinyin_rare {
    uint32_t character;
    uint16_t list;
} dk_pinyin_rare;
extern const dk_pinyin_rare dk_pinyin_rares[]; /* characters elsewhere, in order */
extern const size_t dk_pinyin_n_rares;

#endif
