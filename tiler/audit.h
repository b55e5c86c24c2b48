/* What is written to the audit trail of an answer to those who see more than the public. */
#ifndef DK_TILER_AUDIT_H
#define DK_TILER_AUDIT_H

#include "tiler/caller.h"
#include "tiler/http.h"

/* what: of dk_audit (store/access_audit.h). Of dossiers, exports and documents it is on the disk when this returns; of
 * the rest within a second. ctx->caller is not NULL. DK_IO, with a sentence for the client: it cannot be written, so
 * the answer may not be given. */
dk_status dk_audit_answer(dk_access_writer *writer, dk_context *ctx, const char *what);
/* That the file of an export was made whole, and with how many rows. */
void dk_audit_exported(dk_access_writer *writer, const dk_caller *caller, const char *kind, const char *format,
                       size_t rows);

#endif
