#include "store/folded_key.h"

#include "store/text.h"

#include <string.h>

static bool has_terms(const dk_store *store, const dk_kind *kind, int field)
{
    return (store->indexed[kind->index] >> field & 1) != 0;
}

bool dk_key_is_folded(const dk_store *store, const dk_kind *kind, const dk_value *values)
{
    if (!has_terms(store, kind, kind->key_field))
        return false;
    for (size_t i = 0; i < kind->n_qualifiers; i++) {
        const dk_value *value = &values[kind->qualifiers[i]];
        if (value->type != DK_NULL &&
            (value->type != DK_TEXT || value->text.size > 0)) /* the first that there is, is in the key */
            return has_terms(store, kind, kind->qualifiers[i]);
    }
    return kind->n_qualifiers == 0 && !kind->qualify_by_source;
}

dk_status dk_key_folds_to(const char *key, const char *folded, dk_buf *memory, bool *ret_same, dk_error *err)
{
    dk_buf_clear(memory);
    dk_text_fold(key, strlen(key), memory);
    const char *own = dk_buf_cstr(memory);
    if (own == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    *ret_same = strcmp(own, folded) == 0;
    return DK_OK;
}

static dk_status give_rows(dk_store *store, const dk_kind *kind, const dk_post_text *terms, size_t n,
                           dk_status (*each)(int64_t row, void *user), void *user, dk_error *err)
{
    dk_post_join *join = dk_post_join_texts(store, kind, terms, n);
    dk_status status = join == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
    bool found = true;
    while (status == DK_OK && found) {
        dk_place place;
        status = dk_post_join_next(join, &place, &found, err);
        if (status == DK_OK && found)
            status = each(dk_place_row(place), user);
    }
    dk_post_join_free(join);
    return status;
}

dk_status dk_folded_key_rows(dk_store *store, const dk_kind *kind, const char *folded, const dk_post_text *also,
                             size_t n, dk_status (*each)(int64_t row, void *user), void *user, dk_error *err)
{
    dk_post_text terms[6];
    dk_status status = DK_OK;
    if (!has_terms(store, kind, kind->key_field) || n > 4)
        return DK_OK;
    for (size_t i = 0; i < n; i++)
        terms[i] = also[i];
    if (kind->n_qualifiers == 0) {
        terms[n] = (dk_post_text){kind->key_field, folded, strlen(folded)};
        return kind->qualify_by_source ? DK_OK : give_rows(store, kind, terms, n + 1, each, user, err);
    }
    /* Either part may have a colon of its own. */
    for (const char *colon = strchr(folded, ':'); status == DK_OK && colon != NULL; colon = strchr(colon + 1, ':')) {
        terms[n] = (dk_post_text){kind->key_field, colon + 1, strlen(colon + 1)};
        for (size_t i = 0; status == DK_OK && i < kind->n_qualifiers; i++) {
            if (!has_terms(store, kind, kind->qualifiers[i]))
                continue;
            terms[n + 1] = (dk_post_text){kind->qualifiers[i], folded, (size_t)(colon - folded)};
            status = give_rows(store, kind, terms, n + 2, each, user, err);
        }
    }
    return status;
}
