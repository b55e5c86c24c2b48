/* Tokens: who may see more than the public, until when. A token is a random text that is shown once, when it is made;
 * or the name of a user whom a trusted reverse proxy has signed in, without a secret of ours. */
#ifndef DK_STORE_ACCESS_TOKEN_H
#define DK_STORE_ACCESS_TOKEN_H

#include "store/access.h"
#include "store/audience.h"

/* "dk_", 43 characters of base 64 for URLs (RFC 4648 section 5) with 256 random bits, and 6 with the CRC-32 (ISO-HDLC,
 * as in gzip, high byte first) of all that stands before: what a typing error changes is told without a look at the
 * file, and scanners that look for secrets in code find dk_[A-Za-z0-9_-]{49} without false alarms. */
#define DK_TOKEN_SIZE 52
#define DK_SECRET_HASH 32  /* bytes of SHA-256 */
#define DK_ACCESS_NAME 100 /* bytes */
#define DK_ACCESS_ACTOR 100

enum { DK_ROLE_REVIEW = 1, DK_ROLE_PUBLISH = 2 }; /* what a token may do besides reading; bits */

typedef struct dk_token {
    int64_t id;
    char name[DK_ACCESS_NAME + 1];
    bool proxy_user; /* no secret: the name of a user whom a proxy has signed in */
    dk_audience audience;
    char division[13]; /* as in dk_viewer */
    unsigned roles;
    int64_t created, expires, revoked; /* seconds since 1970; 0: does not expire, is not revoked */
    int64_t used;                      /* the day of the last use, as its first second in UTC; 0: never */
    char created_by[DK_ACCESS_ACTOR + 1], revoked_by[DK_ACCESS_ACTOR + 1];
} dk_token;

/* Whether a text has the form of a token, with the right sum. */
bool dk_token_well_formed(const char *text, size_t size);
/* SHA-256 of a token or session. */
void dk_secret_hash(const char *text, size_t size, unsigned char ret_hash[DK_SECRET_HASH]);
/* So many random bytes (1 to 64) in base 64 for URLs, with a NUL. false: the machine gives none. */
bool dk_secret_random(char *ret_text, size_t size, size_t n_bytes);

/* Whether a name can be one: UTF-8 without control characters and outer blanks, 1 to DK_ACCESS_NAME bytes, not digits
 * only. DK_INVALID with a sentence. */
dk_status dk_token_name_check(const char *name, dk_error *err);
/* "*" or the first 2, 4, 6, 9 or 12 digits of a division's code, as the prefix of dk_viewer. DK_INVALID with a
 * sentence. */
dk_status dk_token_scope_read(const char *text, char ret_division[13], dk_error *err);
bool dk_token_audience_read(const char *text, dk_audience *ret_audience); /* group, request or staff */

/* Adds a token; of `what`, id, created, revoked and used are not looked at. ret_text: the token, for once and never
 * again;
 * "" for a proxy user. DK_CONFLICT: a living one has the name. */
dk_status dk_token_add(dk_access *access, const dk_token *what, const char *actor, char ret_text[DK_TOKEN_SIZE + 1],
                       int64_t *ret_id, dk_error *err);
/* All that ever were, in order. */
dk_status dk_token_list(dk_access *access, bool (*each)(const dk_token *token, void *user), void *user, dk_error *err);
/* Ends the living one of that name, or the one of that number, and its sessions. DK_NOT_FOUND: there is none;
 * DK_CONFLICT: it has ended already. */
dk_status dk_token_revoke(dk_access *access, const char *name_or_id, const char *actor, dk_token *ret_token,
                          dk_error *err);

/* Those that live now, by what is known of them; DK_NOT_FOUND: none. Looking a secret up by its SHA-256 in a B-tree
 * tells by its time, at most, how far a hash agrees with one that is there; without a preimage nobody can steer that,
 * so nothing of the secret can be found bit by bit. */
dk_status dk_token_of_secret(dk_access *access, const char *text, size_t size, dk_token *ret_token, dk_error *err);
dk_status dk_token_of_user(dk_access *access, const char *name, dk_token *ret_token, dk_error *err);
dk_status dk_token_of_id(dk_access *access, int64_t id, dk_token *ret_token, dk_error *err);
bool dk_token_lives(const dk_token *token, int64_t now);

/* Notes the day on which it was used last. */
dk_status dk_token_used(dk_access *access, int64_t id, int64_t now, dk_error *err);

#endif
