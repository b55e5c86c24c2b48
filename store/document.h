/* Documents: scans of approvals, notices and the like, attached to rows by kind and key, so that they stay with a row
 * through its versions.
 *
 * Their bytes lie beside the store and not in it: an archive of scans has a hundred times the size of the rows, is
 * written once and never changed, and would make each copy of the store, each checkpoint and each VACUUM as slow as
 * itself. STORE.documents/ab/cdef… holds a file under the SHA-256 of its bytes (the first two digits are the folder),
 * so the same scan is kept once, and a name can be checked. Files are only added, and each is there before the store
 * says so: a backup that copies the store first and then the folder is whole, whatever is attached meanwhile.
 *
 * What one command attaches is a batch of its own, staged until it is published, and withdrawn as a whole; like rows,
 * attachments live in generations.
 *
 * Who sees them: store/audience.h, dk_view_document. */
#ifndef DK_STORE_DOCUMENT_H
#define DK_STORE_DOCUMENT_H

#include "store/id_list.h"
#include "store/sha256.h"
#include "store/store.h"

typedef struct dk_document {
    char sha256[DK_SHA256_HEX];
    int64_t size;            /* bytes */
    const char *media_type;  /* IANA: application/pdf … */
    int64_t pages;           /* 0: not known */
    const char *name;        /* of the file, UTF-8, as whoever attached it called it */
    dk_audience audience;    /* DK_PUBLIC: as the kind's (store/audience.h, dk_view_document) */
    const char *actor;       /* who attached it */
    const char *attached_at; /* UTC; given by dk_document_attach */
} dk_document;

/* ---- writing ---- */

/* The digest and size of an open file, from its beginning. path is for the message. DK_IO. */
dk_status dk_document_digest(int fd, const char *path, char ret_sha256[DK_SHA256_HEX], int64_t *ret_size,
                             dk_error *err);
/* What an earlier attach that was killed left half copied. A missing folder is no failure. */
void dk_documents_tidy(dk_store *store);
/* Whether there is a row of that key that is published or staged. */
dk_status dk_document_row_exists(dk_store *store, const dk_kind *kind, const char *key, bool *ret_exists,
                                 dk_error *err);
/* The batch of what a command attaches: made with the first document that is new. */
typedef struct dk_attaching {
    const dk_kind *kind;
    const char *title, *source; /* of the batch */
    bool publish;               /* it is to be published when all is attached: noted with it (asked.h) */
    int64_t batch;              /* 0: not made */
    dk_id_list there;           /* attachments that were there already; the caller finishes both lists */
    dk_id_list met;             /* of them, those for the same audience */
} dk_attaching;
/* Ties the file fd, whose digest and size are in what, to a row, in a staged batch. The bytes are copied and on the
 * disk before the store says so. The same bytes again change nothing, except that a lost file is put back. A store open
 * for reading keeps nothing and only says what is new. DK_CONFLICT: the file is not the one that the digest was taken
 * of, or is attached already where more see it than are to; the failure is the file's. All others are the store's:
 * DK_FULL, DK_IO … */
dk_status dk_document_attach(dk_store *store, int fd, dk_attaching *attaching, const char *key, const dk_document *what,
                             bool *ret_new, dk_error *err);
/* Of what the attach under way has met and not attached: how many are staged, and a batch of these. */
dk_status dk_attaching_staged(dk_store *store, const dk_attaching *attaching, int64_t *ret_staged, int64_t *ret_batch,
                              dk_error *err);
/* Of a publish or withdraw, in the transaction that makes its generation the current one: the documents of a batch come
 * or go with it. */
dk_status dk_documents_publish(dk_store *store, int64_t batch, int64_t generation, dk_error *err);
dk_status dk_documents_withdraw(dk_store *store, int64_t batch, int64_t generation, dk_error *err);

/* Deletes the file of a document that the store no longer knows. true also if there is none. */
bool dk_document_remove(dk_store *store, const char *sha256);

/* ---- reading ---- */

/* The documents of a published row that the viewer sees, by name; none if it sees none. Texts are valid inside the
 * callback, which returns false to stop and may not read the store. */
dk_status dk_query_documents(dk_store *store, const dk_kind *kind, const char *key, const dk_viewer *viewer,
                             int64_t generation, bool (*each)(const dk_document *document, void *user), void *user,
                             dk_error *err);
/* A document by its digest, as the viewer sees it at one of the rows that it is attached to, and its bytes, open for
 * reading at their beginning; what each was given is valid inside. The caller closes *ret_fd. DK_NOT_FOUND: there is
 * none that the viewer sees; DK_IO, DK_CORRUPT: its file is missing, or has another size. Its bytes are not looked at.
 */
dk_status dk_document_open(dk_store *store, const char *sha256, const dk_viewer *viewer, int64_t generation,
                           void (*each)(const dk_document *document, void *user), void *user, int *ret_fd,
                           dk_error *err);
/* A document that is attached to a row by a batch that waits to be published. */
typedef struct dk_waiting_document {
    dk_document document;
    const dk_kind *kind;
    const char *key; /* of the row */
    int64_t id;      /* in the order of attaching */
} dk_waiting_document;
/* Those of a staged batch, behind one of them (0: from the first), that staff may look at beforehand: of rows within
 * their scope, as these were written last. Texts are valid inside the callback, which returns false to stop and may not
 * read the store. None if there is no such batch. */
dk_status dk_documents_waiting(dk_store *store, int64_t batch, const dk_viewer *viewer, int64_t after,
                               bool (*each)(const dk_waiting_document *waiting, void *user), void *user, dk_error *err);
/* One of them by its digest, opened as dk_document_open does. */
dk_status dk_document_open_waiting(dk_store *store, int64_t batch, const char *sha256, const dk_viewer *viewer,
                                   void (*each)(const dk_document *document, void *user), void *user, int *ret_fd,
                                   dk_error *err);
/* Reads every file and tells of each that is missing or not what its name says. */
dk_status dk_documents_verify(dk_store *store, void (*tell)(const char *sentence, void *user), void *user,
                              dk_error *err);

#endif
