/* Pinyin of names: how a text can be typed by its sound, as the initials of its characters or in full, without tones.
 * Readings are those of the Unihan database (pinyin.txt); a character with several is found by each of them, for which one
 * a name has nobody can tell: 六安 is lu'an, 亳州 bozhou, 重 zhong or chong. */
#ifndef DK_STORE_PINYIN_H
#define DK_STORE_PINYIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DK_PINYIN_READINGS 4 /* of a character, at most */
#define DK_PINYIN_SOUND 40   /* bytes of a sound, at most: what is typed is compared up to there */

/* The readings of a character, the first the most common; 0: it has none. v stands for ü: lv. */
size_t dk_pinyin_readings(uint32_t character, const char *ret_readings[DK_PINYIN_READINGS]);

/* What is typed, as it is compared: small letters and digits without blanks and apostrophes, ü as v, cut at
 * DK_PINYIN_SOUND. false: there is something else in it, or no letter, or less than two characters: it is no pinyin. */
bool dk_pinyin_typed(const char *text, size_t size, char ret_typed[DK_PINYIN_SOUND + 1]);

/* Whether a text can be typed so, from its first or a later Chinese character on: by initials, or by whole syllables of
 * which the last may be cut. ret_from, if not NULL, is the number of characters before. */
bool dk_pinyin_match(const char *text, size_t size, const char *typed, size_t *ret_from);

/* Calls each with the sounds of a text: from each of its first Chinese characters on the initials, and the whole syllables,
 * in at most four ways of reading it, each cut at DK_PINYIN_SOUND. What is typed is the beginning of one of them. Stops when
 * it returns false. */
void dk_pinyin_sounds(const char *text, size_t size, bool (*each)(const char *sound, size_t size, void *user),
                      void *user);

#endif
