/* Folding of texts before they are compared or searched. */
#ifndef DK_STORE_TEXT_H
#define DK_STORE_TEXT_H

#include "store/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Strict UTF-8 (RFC 3629): no overlong forms, no surrogates. */
bool dk_utf8_valid(const char *text, size_t size);

/* Appends text under NFKC, case-folded, white space runs made one blank and trimmed at both ends. What is ignorable
 * (zero-width characters, a byte order mark) is left out: this is NFKC_Casefold of UAX #44.
 * Invalid UTF-8 is appended as U+FFFD. Folding what is folded changes nothing. */
void dk_text_fold(const char *text, size_t size, dk_buf *out);
/* Whether folding would make a digit of what is none of a number: the mark of a note, as in 12① and 35.6². Full-width
 * digits are digits, and behind a letter one belongs to a unit (m²). */
bool dk_text_has_raised_digit(const char *text, size_t size);
/* The same without case folding: for texts that are shown. */
void dk_text_tidy(const char *text, size_t size, dk_buf *out);

/* The places that a text takes on a terminal, by East Asian Width (UAX #11): wide and full-width characters take two,
 * combining ones none. Bytes that are no UTF-8 take one each. */
size_t dk_text_places(const char *text);

/* A division code: digits, and 6, 9 or 12 of them. */
bool dk_division_code_valid(const char *code);

/* A date YYYY-MM-DD of the proleptic Gregorian calendar that exists. */
bool dk_date_valid(const char *date);

/* What a spreadsheet that opens a CSV would take for a number or date and give back as something else: an 18-digit
 * number loses its last three digits, 001 its zeros, 1-2 becomes a day in January. Written ="001" it is left alone. */
bool dk_text_mangled(const char *text, size_t size);

/* Whether the text is the value, or lists it among others, separated by 、 ； ， ; or commas, and by blanks beside
 * them. */
bool dk_text_lists(const char *text, const char *value);

/* Copies as much of a text as fits, with a NUL behind it, and returns the size of the whole: snprintf with "%.*s" does
 * the same, and takes six times as long in a process whose libraries have modifiers of their own for printf
 * (libquadmath, which GDAL brings along). */
size_t dk_text_copy(char *out, size_t out_size, const char *text, size_t size);

/* Puts a question mark in the place of each control character, and of each byte that is no UTF-8: messages quote what
 * stands in foreign files, and are printed on terminals. */
void dk_text_clean(char *text);
/* How many bytes of a text, max at most, are whole characters: for "%.*s" in messages. */
int dk_utf8_fit(const char *text, size_t max);

#endif
