/* A proof that somebody keeps: what was published, and that it stands in the log that a checkpoint signs. Needs neither
 * store nor server to be checked.
 *
 * As JSON, an object; "…" is base 64:
 *
 *   entry       number of the entry
 *   erased      true: there is no content; it was taken away by a redaction
 *   content     the text that was published (store/log_content.h), and
 *   salt        "…" 32 bytes: SHA-256(salt || content) is the leaf
 *   leaf        "…" 32 bytes
 *   size, root  of the tree that the proof is for, "…"
 *   hashes      ["…"]: the proof of inclusion (RFC 9162 section 2.1.3)
 *   checkpoint  the signed note of that size and root; null: nothing that has this entry is signed yet
 *
 * As a file, *.tlog-proof (store/log_proof.h), whose "extra" is salt || content. */
#ifndef DK_STORE_SAVED_PROOF_H
#define DK_STORE_SAVED_PROOF_H

#include "store/log_proof.h"
#include "store/log_table.h"

typedef struct dk_saved_proof {
    int64_t entry, size;
    bool has_content, erased;
    dk_salt salt;
    dk_digest leaf, root;
    dk_log_proof proof;
    dk_buf content, checkpoint; /* owned; checkpoint empty: not signed */
} dk_saved_proof;

void dk_saved_proof_init(dk_saved_proof *proof);
void dk_saved_proof_finish(dk_saved_proof *proof);

/* Of an entry in a log of `size` entries: for the newest checkpoint that has it, else for the log as it is.
 * with_content false: what it is about is left out, as is what the catalogue in force shows the public no more.
 * DK_NOT_FOUND: no such entry. */
dk_status dk_saved_proof_make(dk_log *log, int64_t entry, int64_t size, bool with_content, dk_saved_proof *proof,
                              dk_error *err);

/* Append the members without the braces around them; a file. DK_NOT_FOUND of the file: nothing is signed yet. */
dk_status dk_saved_proof_json(const dk_saved_proof *proof, dk_buf *out, dk_error *err);
dk_status dk_saved_proof_file(const dk_saved_proof *proof, dk_buf *out, dk_error *err);

/* ---- checking what was saved ---- */

/* What a text is: a file *.tlog-proof, a proof in JSON, a dossier with its proofs, or a proof of consistency. */
typedef enum dk_saved_kind {
    DK_SAVED_NOTHING,
    DK_SAVED_FILE,
    DK_SAVED_JSON,
    DK_SAVED_DOSSIER,
    DK_SAVED_CONSISTENCY
} dk_saved_kind;
dk_saved_kind dk_saved_kind_of(const char *data, size_t size);

typedef struct dk_saved_found {
    int64_t proofs, erased, findings;
    dk_checkpoint checkpoint; /* of the last proof that held */
} dk_saved_found;

/* Checks a text of any of these kinds but consistency by the keys given, and tells of what does not hold. A dossier:
 * each of its proofs, and that its rows are what these say. DK_INVALID: it is none of them, with a sentence. */
dk_status dk_saved_verify(const char *data, size_t size, const dk_note_key *keys, size_t n,
                          void (*tell)(const char *sentence, void *user), void *user, dk_saved_found *ret_found,
                          dk_error *err);
/* Whether the log of a newer checkpoint, which is in the proof, begins with that of an older one. DK_CONFLICT: not. */
dk_status dk_saved_consistency(const char *data, size_t size, const dk_checkpoint *older, const dk_note_key *keys,
                               size_t n, dk_checkpoint *ret_newer, dk_error *err);

#endif
