/* Invented names, numbers and dates. Nothing made here can be somebody's: names are numbers (示例十二), identity
 * numbers carry a wrong check character, accounts a wrong check digit, phones a prefix that no operator has. */
#ifndef DK_SAMPLES_PEOPLE_H
#define DK_SAMPLES_PEOPLE_H

#include <stddef.h>
#include <stdint.h>

/* Every function writes a NUL-terminated UTF-8 text into text[size], cut if it must be, and returns text. */
const char *gen_chinese_number(char *text, size_t size, uint64_t number);
const char *gen_person(char *text, size_t size, uint64_t number); /* 示例十二 */
/* 18 characters in the form of GB 11643 whose check character is wrong. */
const char *gen_identity_number(char *text, size_t size, uint64_t number);
/* 19 digits that fail the check of Luhn (ISO/IEC 7812). */
const char *gen_bank_account(char *text, size_t size, uint64_t number);
const char *gen_phone(char *text, size_t size, uint64_t number); /* 11 digits, 100… */

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back as YYYY-MM-DD. */
long gen_day(int year, int month, int day);
const char *gen_date(char *text, size_t size, long day);

/* Ways to write an approval number: the same for the reader, different as text. */
typedef enum gen_brackets {
    GEN_TORTOISE = 0, /* 〔〕 as the rules want */
    GEN_SQUARE,       /* [] */
    GEN_FULL_ROUND,   /* （） */
    GEN_FULL_SQUARE,  /* ［］ */
    GEN_ROUND,        /* () */
    GEN_FULL_DIGITS,  /* 〔〕 with full-width digits */
    GEN_N_BRACKETS
} gen_brackets;
const char *gen_approval_no(char *text, size_t size, const char *agency, int year, unsigned serial,
                            gen_brackets brackets);

#endif
