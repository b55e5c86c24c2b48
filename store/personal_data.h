/* Personal data in a text: what must not be published by mistake (个人信息保护法 §28; 政府信息公开条例 §15). Pure
 * functions over UTF-8; which fields are looked through is decided by store/findings.h.
 *
 * A hit is strong when its form alone shows what it is (a check digit, a numbering plan), or when the text or the title
 * of the field says so; weak when a public number may well look like it. Numbers are found with spaces, dashes and
 * full-width digits, and never inside a longer run of digits: no mobile number is found in a licence number. */
#ifndef DK_STORE_PERSONAL_DATA_H
#define DK_STORE_PERSONAL_DATA_H

#include <stdbool.h>
#include <stddef.h>

typedef enum dk_personal_kind {
    DK_PERSONAL_ID,       /* 公民身份号码, 18 characters: GB 11643-1999, check digit by ISO 7064 MOD 11-2 */
    DK_PERSONAL_OLD_ID,   /* 15 digits, as given out until 1999; no check digit: weak unless a word says what it is */
    DK_PERSONAL_MOBILE,   /* 1[3-9] and nine digits, perhaps behind +86, 0086 or 0 */
    DK_PERSONAL_CARD,     /* 16 to 19 digits by Luhn (ISO/IEC 7812-1 Annex B); strong with a known issuer's beginning */
    DK_PERSONAL_LANDLINE, /* 0 and area, then 7 or 8 digits: offices publish theirs, so weak */
    DK_PERSONAL_EMAIL,    /* weak unless its name is a number (QQ, mobile) */
    DK_PERSONAL_PASSPORT, /* behind the word 护照 only */
    DK_PERSONAL_PLATE,    /* 机动车号牌, weak */
    DK_PERSONAL_NAME,     /* in fields of people only: DK_HINT_PERSON, DK_HINT_CONTACT */
    DK_PERSONAL_KINDS
} dk_personal_kind;

const char *dk_personal_kind_name(dk_personal_kind kind);  /* for programs: "id_number" … */
const char *dk_personal_kind_title(dk_personal_kind kind); /* for people: 身份证号 … */

/* What the title of a field says about its values; bits. */
#define DK_HINT_ID 1u       /* 身份证号, 证件号码 */
#define DK_HINT_PHONE 2u    /* 电话, 手机 */
#define DK_HINT_CARD 4u     /* 账号, 卡号 */
#define DK_HINT_PERSON 8u   /* 户主, 姓名, 受款人: a name is a strong hit */
#define DK_HINT_CONTACT 16u /* 联系人, 法定代表人: of who acts for a company, so weak */
unsigned dk_personal_hints(const char *title);

typedef struct dk_personal_hit {
    dk_personal_kind kind;
    bool strong;
    size_t byte, size; /* where it stands, in bytes */
    size_t character;  /* the same in characters, from 0 */
    char masked[64];   /* for reports and logs: "34**************34"; never the whole */
} dk_personal_hit;

/* Calls each for every hit, names first, then the rest from left to right; they do not overlap. each returns false to
 * stop. Text that is not UTF-8 is read as far as it is. Takes time in proportion to the size. */
void dk_personal_find(const char *text, size_t size, unsigned hints,
                      bool (*each)(const dk_personal_hit *hit, void *user), void *user);
/* Whether there may be a hit at all: for the many texts where there is none. */
bool dk_personal_possible(const char *text, size_t size, unsigned hints);

/* The rules, for who checks a single number. digits: n of them, values 0 to 9, the last of an 18-character one 10 for
 * X. */
bool dk_personal_id_valid(const unsigned char *digits, size_t n); /* 18: division, date and check digit; 15: without */
bool dk_personal_luhn_valid(const unsigned char *digits, size_t n);

#endif
