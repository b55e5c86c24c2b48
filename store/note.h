/* Signed notes (C2SP signed-note): a text that ends with a newline, an empty line, and a line for each signature:
 *
 *   — NAME BASE64(key id || signature)
 *
 * The last empty line parts text and signatures. Signatures of keys that the reader does not know are no matter; those
 * of keys that he knows must hold, and there must be one. */
#ifndef DK_STORE_NOTE_H
#define DK_STORE_NOTE_H

#include "store/note_key.h"

#define DK_NOTE_SIZE_MAX (1 << 18) /* bytes: 16 signatures of a post-quantum type fit in several times */
#define DK_NOTE_LINES_MAX 100      /* signatures */
#define DK_NOTE_KEYS_MAX 64        /* that one call checks */

typedef struct dk_note_line {
    const char *name; /* borrowed */
    size_t name_size;
    uint32_t id;
    const unsigned char *signature;
    size_t signature_size;
} dk_note_line;

typedef struct dk_note {
    const char *text; /* borrowed from what was read; with its last newline */
    size_t text_size;
    dk_note_line *lines; /* owned */
    size_t n_lines;
    unsigned char *bytes; /* owned: what lines point to */
} dk_note;

/* Takes a note apart; data outlives ret_note, which is to be finished. Nothing of it may be believed before
 * dk_note_verify. DK_INVALID: it is none, DK_LIMIT: larger than the bounds above. */
dk_status dk_note_read(const char *data, size_t size, dk_note *ret_note, dk_error *err);
void dk_note_finish(dk_note *note);

/* Checks every signature of the n keys. *ret_signed: bit i is set if keys[i] signed it, at least one. DK_INVALID: a
 * signature of one of them is wrong, or none of them signed. */
dk_status dk_note_verify(const dk_note *note, const dk_note_key *keys, size_t n, uint64_t *ret_signed, dk_error *err);

/* Appends the note of a text with the signatures of n keys, in their order. DK_INVALID: a text that no note can have.
 */
dk_status dk_note_sign(const char *text, size_t size, const dk_note_key *keys, size_t n, dk_buf *out, dk_error *err);
/* Appends a note that is there, with one signature more behind its own, which are not checked. */
dk_status dk_note_add(const char *data, size_t size, const dk_note_key *key, dk_buf *out, dk_error *err);

#endif
