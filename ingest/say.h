/* Sentences to people, on a terminal. */
#ifndef DK_INGEST_SAY_H
#define DK_INGEST_SAY_H

#include <stdio.h>

/* Prints a sentence and a line end. It may repeat what stands in a file: control characters, which a terminal would
 * obey, and bytes that are no UTF-8 are shown as "?" (dk_text_clean). */
void dk_say(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
