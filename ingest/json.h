/* Writing JSON (RFC 8259) for the summary lines. */
#ifndef DK_INGEST_JSON_H
#define DK_INGEST_JSON_H

#include "store/buf.h"

/* Appends a string with its quotes; NULL is written as null. Invalid UTF-8 becomes U+FFFD. */
void dk_json_string(const char *text, dk_buf *out);
/* Prints the buffer as one line to stdout and finishes it. false: out of memory or stdout failed. */
bool dk_json_print(dk_buf *out);

#endif
