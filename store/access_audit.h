/* The audit trail: who of those that see more than the public has read or taken away what, who tried to come in, who
 * gave and took tokens. It holds names and keys of rows, and of a question which fields it was about, never the words
 * that were looked for; addresses only of those who sign in or fail to. It is personal data of the staff itself: it is
 * kept until dk_audit_forget. */
#ifndef DK_STORE_ACCESS_AUDIT_H
#define DK_STORE_ACCESS_AUDIT_H

#include "store/access.h"

typedef struct dk_audit {
    int64_t id;          /* given when it is written; never used again, so that a gap shows */
    int64_t at;          /* seconds since 1970 */
    int64_t token;       /* 0: a line of a token file, or nobody */
    const char *name;    /* of the token; "" : nobody is known */
    const char *way;     /* token, session, proxy; ingest: the command line */
    const char *what;    /* dossier, item, items, linked, search, list, statistics, overlaps, tiles, export, exported,
                            document, changes, login, logout, failed, limited, token-add, token-revoke, forget */
    const char *kind;    /* of the rows, or the list; NULL: none */
    const char *key;     /* of the row; a document, a batch; who gave or took a token; NULL: none */
    const char *detail;  /* names of a question's parameters; a format; NULL: none */
    int64_t rows;        /* given; of tiles how many there were; -1: not known */
    const char *address; /* NULL: not kept */
} dk_audit;

/* Adds an event; id is not looked at. It is there for good when the transaction around it ends, or at once. */
dk_status dk_audit_add(dk_access *access, const dk_audit *event, dk_error *err);

/* A group of them, in one transaction. */
dk_status dk_audit_begin(dk_access *access, dk_error *err);
dk_status dk_audit_end(dk_access *access, dk_status status, dk_error *err); /* dk_access_end */

/* Those from a second on and before another (0: open), of a name (NULL: all), in order, until each returns false. */
dk_status dk_audit_list(dk_access *access, int64_t from, int64_t before, const char *name,
                        bool (*each)(const dk_audit *event, void *user), void *user, dk_error *err);
/* Takes away those before a second, and overwrites them; that this was done is the newest event. */
dk_status dk_audit_forget(dk_access *access, int64_t before, const char *actor, int64_t *ret_n, dk_error *err);

#endif
