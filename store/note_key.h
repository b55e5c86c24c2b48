/* Keys that sign notes (C2SP signed-note), as text:
 *
 *   public   NAME+HASH+KEY              a "verifier key"
 *   private  PRIVATE+KEY+NAME+HASH+KEY  to be kept in a file that only its owner reads
 *
 * HASH is the key's id in 8 hexadecimal digits, KEY is base 64 of the signature type and the key's bytes. Both forms
 * are those of golang.org/x/mod/sumdb/note, with which anybody can check.
 *
 * Signature types:
 *   0x01  Ed25519 (RFC 8032): the type of every public log. Public key and seed have 32 bytes, signatures 64.
 *   0xff  "dikuai SM2-SM3 v1": an extension for owners who must sign with the national algorithms. C2SP leaves 0xff to
 *         types that it has not assigned, followed by a longer identifier, here those 17 bytes. SM2 with SM3
 *         (GB/T 32918.2-2016, on the curve of GB/T 32918.5) and the user id of GM/T 0009, "1234567812345678". Public
 * key: 0x04 || x || y, 65 bytes; private: 32 bytes; signature: r || s, 64 bytes. Others ignore it, as they must ignore
 * what they do not know, so it never stands alone: a second signature beside Ed25519.
 *
 * id = the first four bytes of SHA-256(NAME || 0x0a || type || public key). */
#ifndef DK_STORE_NOTE_KEY_H
#define DK_STORE_NOTE_KEY_H

#include "store/buf.h"
#include "store/status.h"

#define DK_NOTE_NAME_MAX 255 /* bytes of a key's name */
#define DK_NOTE_SIGNATURE 64 /* bytes of a signature, of either type */

typedef enum dk_note_algorithm { DK_NOTE_ED25519, DK_NOTE_SM2 } dk_note_algorithm;

typedef struct dk_note_key {
    char name[DK_NOTE_NAME_MAX + 1];
    uint32_t id;
    dk_note_algorithm algorithm;
    bool secret; /* it can sign */
    void *pkey;  /* owned: EVP_PKEY of OpenSSL */
} dk_note_key;

/* A name of a key: UTF-8 of 1 to 255 bytes without blanks (of all Unicode), control characters and "+". Best is the
 * address of the log without https://, e.g. "dk.example.gov.cn/log". */
bool dk_note_name_valid(const char *name, size_t size);

/* Each gives a key to be finished. DK_INVALID: the text is none, or its parts contradict each other. Messages repeat
 * nothing of a private key. */
dk_status dk_note_key_read(const char *text, size_t size, dk_note_key *ret_key, dk_error *err);
dk_status dk_note_key_read_private(const char *text, size_t size, dk_note_key *ret_key, dk_error *err);
/* A new one. */
dk_status dk_note_key_make(const char *name, dk_note_algorithm algorithm, dk_note_key *ret_key, dk_error *err);
void dk_note_key_finish(dk_note_key *key);

/* Append the key's text. DK_INVALID: it is not secret. */
dk_status dk_note_key_write(const dk_note_key *key, dk_buf *out, dk_error *err);
dk_status dk_note_key_write_private(const dk_note_key *key, dk_buf *out, dk_error *err);

/* Of bytes, whatever they are. Notes: store/note.h. */
dk_status dk_note_key_sign(const dk_note_key *key, const void *data, size_t size,
                           unsigned char ret_signature[DK_NOTE_SIGNATURE], dk_error *err);
/* Whether it is the key's; false also when out of memory. */
bool dk_note_key_verify(const dk_note_key *key, const void *data, size_t size, const unsigned char *signature,
                        size_t signature_size);

#endif
