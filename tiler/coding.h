/* The codings of an answer's body (RFC 9110, 8.4). */
#ifndef DK_TILER_CODING_H
#define DK_TILER_CODING_H

#include "store/buf.h"
#include "tiler/headers.h"

typedef struct dk_coder dk_coder; /* memory and tables, kept from body to body; one per thread */

dk_coder *dk_coder_create(void);     /* NULL: out of memory. Caller frees with dk_coder_free */
void dk_coder_free(dk_coder *coder); /* NULL-safe */

typedef enum dk_matter {
    DK_MATTER_TEXT, /* JSON, HTML and the like */
    DK_MATTER_TILE
} dk_matter;

/* Tiles of up to so many bytes are coded by tables that are there already, larger ones by tables of their own. */
#define DK_TILE_TABLES_MAX 262144

/* Replaces out by the coded body. false: it is not smaller than the body, or memory is short; out is then empty. The
 * same body gives the same bytes on the same machine (ISA-L may choose others on another kind of processor). */
bool dk_coder_code(dk_coder *coder, dk_coding coding, dk_matter matter, const void *data, size_t size, dk_buf *out);

/* The same where the body must be coded: however large it becomes. false: memory is short. */
bool dk_coder_must_code(dk_coder *coder, dk_coding coding, dk_matter matter, const void *data, size_t size,
                        dk_buf *out);

/* Content-Encoding; NULL for DK_IDENTITY. */
const char *dk_coding_name(dk_coding coding);

#endif
