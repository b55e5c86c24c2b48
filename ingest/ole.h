/* A stream out of a compound file, [MS-CFB], which XLS is. */
#ifndef DK_INGEST_OLE_H
#define DK_INGEST_OLE_H

#include "store/buf.h"

/* Appends the first stream of one of these names (ASCII, NULL at the end of the list) to out. false: it is not there,
 * or the file is damaged; out may then hold a part of it. Never reads outside data, whatever it says. */
bool dk_ole_stream(const unsigned char *data, size_t size, const char *const *names, dk_buf *out);
/* Whether there is an entry of that name, such as EncryptedPackage. */
bool dk_ole_has(const unsigned char *data, size_t size, const char *name);

#endif
