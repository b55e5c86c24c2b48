/* The keys that sign the publication log: private ones in a file beside the store and never in it, public ones in the
 * store with the generations in which they hold.
 *
 * The file, STORE.log-key unless the caller says another, has one private key a line (store/note_key.h): an Ed25519 key
 * and perhaps, behind it, one of SM2, of the same name. Its owner alone may read it; it may be a pipe.
 *
 *   log_key   number, key, from_generation, from_size, to_generation (0: it holds still)
 *
 * What the public key vouches for: that whoever had the private one said of the log that it had these entries, in this
 * order. Not that they are true, nor that nothing was left out, nor when; and a key that the store itself shows vouches
 * for nothing to somebody who does not trust the store: he needs it by another way. */
#ifndef DK_STORE_LOG_KEYS_H
#define DK_STORE_LOG_KEYS_H

#include "store/log_table.h"

#define DK_LOG_SIGNERS 2 /* keys in a file */

typedef struct dk_log_signers {
    dk_note_key keys[DK_LOG_SIGNERS];
    size_t n;
} dk_log_signers;

/* The file that publishing takes keys from; path is copied. */
dk_status dk_store_log_key(dk_store *store, const char *path, dk_error *err);

/* Reads a file of private keys; repeats nothing of it. DK_NOT_FOUND: there is no such file. DK_CONFLICT: others may
 * read it. */
dk_status dk_log_signers_read(const char *path, dk_log_signers *ret_signers, dk_error *err);
/* Those of the store's file, if there is one: else none. DK_CONFLICT: they are not the keys that the store knows. */
dk_status dk_log_signers_of(dk_store *store, dk_log_signers *ret_signers, dk_error *err);
void dk_log_signers_finish(dk_log_signers *signers);
/* Whether the log as it is has a checkpoint that all of these signed. */
dk_status dk_log_signed(dk_log *log, const dk_log_signers *signers, bool *ret_signed, dk_error *err);

/* A public key that the store knows, or knew. */
typedef struct dk_log_key {
    dk_note_key key;
    int64_t from_generation, from_size, to_generation; /* 0: until now */
} dk_log_key;
/* In the order in which they came. Caller frees with dk_log_keys_free. */
dk_status dk_log_keys_known(dk_store *store, dk_log_key **ret_keys, size_t *ret_n, dk_error *err);
void dk_log_keys_free(dk_log_key *keys, size_t n);

/* Makes keys of this name, writes them to the store's file, which must not be there, and signs the log as it is.
 * replace: although the store has keys, which were lost; nothing then says that the new ones are its owner's.
 * DK_CONFLICT: it has keys, or the file is there. */
dk_status dk_log_keys_create(dk_store *store, const char *name, bool sm2, bool replace, dk_error *err);
/* Takes new keys of the same name and types: both sign the log as it is, so that who trusts the old may trust the new.
 * The new ones are written to the file `into` (NULL: they replace the old ones in theirs). */
dk_status dk_log_keys_rotate(dk_store *store, const char *into, dk_error *err);
/* Signs the log as it is, unless that is signed. DK_NOT_FOUND: there is no key. */
dk_status dk_log_keys_sign(dk_store *store, bool *ret_signed, dk_error *err);

#endif
