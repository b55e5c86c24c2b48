/* Posts: which rows have a term, as lists of places in the order of features, packed into blocks (posts.c). */
#ifndef DK_STORE_POSTS_H
#define DK_STORE_POSTS_H

#include "store/handle.h"

#define DK_POST_BLOCK 128 /* places in a block, but for a feature of more versions */

/* ---- reading ---- */

/* The places of a term from `from` on, at most `most`: fewer if there are no more. */
dk_status dk_post_seek(dk_store *store, const dk_kind *kind, int64_t term, dk_place from, dk_place *ret_places,
                       size_t most, size_t *ret_n, dk_error *err);
/* The last place of a term. */
dk_status dk_post_last(dk_store *store, const dk_kind *kind, int64_t term, dk_place *ret_place, bool *ret_found,
                       dk_error *err);

/* The places that have every one of n terms (n > 0), one after the other: features beyond `after`. NULL: out of memory.
 * Caller frees. */
typedef struct dk_post_join dk_post_join;
dk_post_join *dk_post_join_create(dk_store *store, const dk_kind *kind, const int64_t *terms, size_t n, int64_t after);
/* The same of terms by their folded texts, which are borrowed until the join is freed; of one that no row has there are
 * no places. */
typedef struct dk_post_text {
    int field;
    const char *text;
    size_t size;
} dk_post_text;
dk_post_join *dk_post_join_texts(dk_store *store, const dk_kind *kind, const dk_post_text *texts, size_t n);
dk_status dk_post_join_next(dk_post_join *join, dk_place *ret_place, bool *ret_found, dk_error *err);
/* The same, but from a place on. */
dk_status dk_post_join_seek(dk_post_join *join, dk_place to, dk_place *ret_place, bool *ret_found, dk_error *err);
void dk_post_join_free(dk_post_join *join); /* NULL-safe */

/* ---- writing ---- */

typedef struct dk_post {
    int64_t term;
    dk_place place;
} dk_post;
/* Adds posts, which are in the order of terms and places; what is there already stays. Terms from new_from on have none
 * yet. */
dk_status dk_posts_add(dk_store *store, const dk_kind *kind, const dk_post *posts, size_t n, int64_t new_from,
                       dk_error *err);
/* Takes the posts of rows first_row to last_row away; goes through all of the kind's. */
dk_status dk_posts_drop(dk_store *store, const dk_kind *kind, int64_t first_row, int64_t last_row, dk_error *err);
/* The same of single rows, in any order, in one walk. */
dk_status dk_posts_drop_rows(dk_store *store, const dk_kind *kind, const int64_t *rows, size_t n, dk_error *err);

/* ---- checking ---- */

/* A number of a post. The sum of those of all posts tells whether they are those that they should be. */
uint64_t dk_post_number(const dk_post *post);
/* row: of a post, which does not exist; 0: a block is damaged. The first 20. *ret_sum: of the posts of rows below
 * `before`, if nothing was found. */
typedef void (*dk_post_finding_fn)(int64_t row, void *user);
dk_status dk_posts_verify(dk_store *store, const dk_kind *kind, int64_t before, dk_post_finding_fn finding, void *user,
                          uint64_t *ret_sum, dk_error *err);

#endif
