/* Proofs as files that can be checked without the log:
 *
 * inclusion    C2SP tlog-proof, "c2sp.org/tlog-proof@v1": index, hashes and the checkpoint. Its "extra" is where a
 * saved dossier has what the leaf was made of. To be kept as *.tlog-proof. consistency  the request "add-checkpoint" of
 * C2SP tlog-witness: the old size, hashes and the newer checkpoint. The older root is the reader's own.
 *
 * Neither says that it holds: dk_checkpoint_open, then store/log_verify.h. */
#ifndef DK_STORE_LOG_PROOF_H
#define DK_STORE_LOG_PROOF_H

#include "store/log_verify.h"
#include "store/note.h"

#define DK_LOG_PROOF_FILE_MAX (1 << 24) /* bytes: extra data are a row and its outline */

typedef struct dk_log_proof_file {
    int64_t number;         /* inclusion: index of the entry; consistency: the old size */
    dk_log_proof proof;     /* of the tree of the checkpoint */
    dk_buf extra;           /* owned; empty: none */
    const char *checkpoint; /* borrowed from what was read: a signed note, not read yet */
    size_t checkpoint_size;
} dk_log_proof_file;

/* Append such a file; checkpoint is a signed note. */
dk_status dk_log_proof_write(int64_t index, const dk_log_proof *proof, const void *extra, size_t extra_size,
                             const char *checkpoint, size_t checkpoint_size, dk_buf *out, dk_error *err);
dk_status dk_log_consistency_write(int64_t old_size, const dk_log_proof *proof, const char *checkpoint,
                                   size_t checkpoint_size, dk_buf *out, dk_error *err);
/* Take one apart; data outlives ret_file, which is to be finished. DK_INVALID: it is none, DK_LIMIT: too large. */
dk_status dk_log_proof_read(const char *data, size_t size, dk_log_proof_file *ret_file, dk_error *err);
dk_status dk_log_consistency_read(const char *data, size_t size, dk_log_proof_file *ret_file, dk_error *err);
void dk_log_proof_file_finish(dk_log_proof_file *file);

#endif
