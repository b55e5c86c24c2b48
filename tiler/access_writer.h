/* What the server writes to the access file (store/access.h), through one handle: the audit trail, sessions, when a
 * token was used. What must be there before an answer leaves is written at once; the rest is gathered and written by a
 * thread, within a second. May be used by several threads. */
#ifndef DK_TILER_ACCESS_WRITER_H
#define DK_TILER_ACCESS_WRITER_H

#include "store/access_audit.h"
#include "store/access_session.h"

#include <stddef.h>

typedef struct dk_access_writer dk_access_writer;

/* store_path is borrowed. The file is opened, or made, when something is first written. */
dk_status dk_access_writer_create(const char *store_path, dk_access_writer **ret_writer, dk_error *err);
void dk_access_writer_free(dk_access_writer *writer); /* writes what is left; NULL-safe */

/* Whether it can be written, now: else a sentence for the operator. */
dk_status dk_access_writer_try(dk_access_writer *writer, dk_error *err);

/* Writes an event; it is on the disk when this returns DK_OK. */
dk_status dk_access_writer_write(dk_access_writer *writer, const dk_audit *event, dk_error *err);
/* Keeps an event to be written soon. Not DK_OK: the file cannot be written, and nothing of what is not public may be
 * answered; what was kept before is still there, and tried again. Of tiles, those of one caller become one event. */
dk_status dk_access_writer_note(dk_access_writer *writer, const dk_audit *event, dk_error *err);
/* The same of a token's or session's use; a failure shows elsewhere. */
void dk_access_writer_used(dk_access_writer *writer, int64_t token, int64_t now);
void dk_access_writer_seen(dk_access_writer *writer, const unsigned char session[32], int64_t now);

/* Begins a session with its event, and ends one (text: of the cookie). */
dk_status dk_access_writer_begin_session(dk_access_writer *writer, int64_t token, const char *file,
                                         const dk_audit *event, char ret_text[DK_SESSION_SIZE + 1], dk_error *err);
dk_status dk_access_writer_end_session(dk_access_writer *writer, const char *text, size_t size, const dk_audit *event,
                                       dk_error *err);

#endif
