/* Sorts by a whole number in each item, in a time that grows with their number alone: byte by byte from the last,
 * leaving out bytes that all have in common, and all of it where they are in order. Items of one number stay as they
 * are to each other, so that items are sorted by several numbers if they are sorted by the last of them first. Of a
 * million with numbers that lie close together it takes a tenth of qsort's time. */
#ifndef DK_STORE_RADIX_SORT_H
#define DK_STORE_RADIX_SORT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum dk_radix_key { DK_RADIX_U32, DK_RADIX_U64, DK_RADIX_I64 } dk_radix_key;

/* n items of `size` bytes, a multiple of 8 up to 32, aligned as their numbers; offset: of the number in an item. Needs
 * as much memory again. false: out of memory; they are as they were. */
bool dk_radix_sort(void *items, size_t n, size_t size, size_t offset, dk_radix_key key);

#endif
