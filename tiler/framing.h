/* What the header of a request says of where it goes and where it ends (RFC 9112, 3.2, 5.1 and 6). A proxy in front
 * that reads it in another way than we do would take a part of one client's request for another's: what has two
 * meanings is refused. */
#ifndef DK_TILER_FRAMING_H
#define DK_TILER_FRAMING_H

#include <microhttpd.h>

typedef struct dk_framing {
    unsigned long long announced; /* Content-Length, 0 if there is none */
    unsigned accepts, encodings;  /* lines of Accept and Accept-Encoding, counted on the way: see field_lines.h */
} dk_framing;

/* The sentence of the 400 after which the connection is closed, or NULL. */
const char *dk_framing_fault(struct MHD_Connection *connection, const char *version, dk_framing *ret_framing);

#endif
