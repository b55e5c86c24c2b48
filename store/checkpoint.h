/* Checkpoints of a log (C2SP tlog-checkpoint): the text of a signed note with what the log is called, how many entries
 * it has, and the root of their tree in base 64; a line each. Who keeps one can tell later whether the log still begins
 * with what it then had. */
#ifndef DK_STORE_CHECKPOINT_H
#define DK_STORE_CHECKPOINT_H

#include "store/log_verify.h"
#include "store/note.h"

typedef struct dk_checkpoint {
    char origin[DK_NOTE_NAME_MAX + 1]; /* of the log: best the name of its key */
    int64_t size;
    dk_digest root;
} dk_checkpoint;

/* Appends the text to be signed. DK_INVALID: an origin that is empty or no line of UTF-8. */
dk_status dk_checkpoint_write(const dk_checkpoint *checkpoint, dk_buf *out, dk_error *err);
/* Reads such a text, without signatures. Lines behind the third are left out (they are for others, and signed with it).
 * DK_INVALID: it is none. */
dk_status dk_checkpoint_read(const char *text, size_t size, dk_checkpoint *ret_checkpoint, dk_error *err);

/* Reads and checks a signed checkpoint of the log of this origin (NULL: of any); keys and ret_signed as in
 * dk_note_verify. */
dk_status dk_checkpoint_open(const char *note, size_t size, const char *origin, const dk_note_key *keys, size_t n,
                             uint64_t *ret_signed, dk_checkpoint *ret_checkpoint, dk_error *err);

#endif
