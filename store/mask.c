#include "store/mask.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

const char *const dk_mask_names[DK_MASKS] = {"hidden", "name", "id_number", "phone", "account"};

enum { MOST_STARS = 7, MOST_BETWEEN = 24 };

static const char all_hidden[] = "****";

/* Bytes of the character that begins here; of what is no UTF-8, one. */
static size_t character(const char *text, size_t size)
{
    const unsigned char first = (unsigned char)text[0];
    const size_t wanted = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1;
    if (wanted > size)
        return 1;
    for (size_t i = 1; i < wanted; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 1;
    return wanted;
}

/* Blanks and ideographic spaces at both ends are taken off. */
static void trim(const char **text, size_t *size)
{
    static const char wide[] = "\xE3\x80\x80";
    for (;;) {
        if (*size > 0 && strchr(" \t\r\n", (*text)[0]) != NULL && (*text)[0] != '\0')
            *text += 1, *size -= 1;
        else if (*size >= 3 && memcmp(*text, wide, 3) == 0)
            *text += 3, *size -= 3;
        else if (*size > 0 && strchr(" \t\r\n", (*text)[*size - 1]) != NULL && (*text)[*size - 1] != '\0')
            *size -= 1;
        else if (*size >= 3 && memcmp(*text + *size - 3, wide, 3) == 0)
            *size -= 3;
        else
            return;
    }
}

static size_t mask_name(const char *text, size_t size, char *shown)
{
    const size_t first = character(text, size);
    size_t stars = 0, n = 0;
    for (size_t at = first; at < size && stars < MOST_STARS; at += character(text + at, size - at))
        stars++;
    if (first > 1 || (unsigned char)text[0] < 0x80) { /* else no character that could be shown */
        memcpy(shown, text, first);
        n = first;
    }
    stars = stars > 0 ? stars : 1;
    memset(shown + n, '*', stars);
    return n + stars;
}

/* The first `head` and the last `tail` characters, and between them as many stars as there are characters, or four. */
static size_t mask_number(const char *text, size_t size, size_t head, size_t tail, size_t least, int between,
                          char *shown)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] > '~')
            goto hidden;
    if (size < least)
        goto hidden;
    size_t stars = between > 0 ? (size_t)between : size - head - tail;
    stars = stars > MOST_BETWEEN ? MOST_BETWEEN : stars;
    memcpy(shown, text, head);
    memset(shown + head, '*', stars);
    memcpy(shown + head + stars, text + size - tail, tail);
    return head + stars + tail;
hidden:
    memcpy(shown, all_hidden, sizeof all_hidden - 1);
    return sizeof all_hidden - 1;
}

size_t dk_mask_text(dk_mask mask, const char *text, size_t size, char ret_shown[DK_MASK_SIZE])
{
    size_t n = 0;
    trim(&text, &size);
    if (size == 0)
        mask = DK_MASK_HIDDEN;
    switch (mask) {
    case DK_MASK_NAME:
        n = mask_name(text, size, ret_shown);
        break;
    case DK_MASK_ID_NUMBER:
        n = mask_number(text, size, 3, 4, 12, 0, ret_shown);
        break;
    case DK_MASK_PHONE:
        n = mask_number(text, size, 3, 4, 11, 4, ret_shown);
        break;
    case DK_MASK_ACCOUNT:
        n = mask_number(text, size, 0, 4, 8, 4, ret_shown);
        break;
    case DK_MASK_HIDDEN:
    case DK_MASKS:
    default:
        break;
    }
    ret_shown[n] = '\0';
    return n;
}
