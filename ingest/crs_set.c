#include "ingest/crs_set.h"

#include "store/buf.h"

#include <stdlib.h>
#include <string.h>

typedef struct member {
    int code;
    dk_status status; /* why there is none, with text */
    char *text;
    dk_crs crs;
    dk_transformer *transformer;
} member;

struct dk_crs_set {
    const dk_crs_policy *policy;
    member **members; /* which do not move */
    size_t n, capacity;
};

dk_status dk_crs_set_create(const dk_crs_policy *policy, dk_crs_set **ret_set, dk_error *err)
{
    dk_crs_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    set->policy = policy;
    *ret_set = set;
    return DK_OK;
}

void dk_crs_set_free(dk_crs_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->n; i++) {
        dk_transformer_free(set->members[i]->transformer);
        explicit_bzero(&set->members[i]->crs, sizeof set->members[i]->crs); /* its pipeline may hold secrets */
        free(set->members[i]->text);
        free(set->members[i]);
    }
    free(set->members);
    free(set);
}

static dk_status add_member(dk_crs_set *set, int code, member **ret_member, dk_error *err)
{
    dk_error why = {0};
    member *made = calloc(1, sizeof *made);
    if (made == NULL || !dk_grow(&set->members, &set->capacity, set->n + 1, sizeof(member *))) {
        free(made);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    made->code = code;
    made->status = dk_crs_from_epsg(code, "the geometry", set->policy, &made->crs, &why);
    if (made->status == DK_OK)
        made->status = dk_transformer_create(&made->crs, &made->transformer, &why);
    if (made->status != DK_OK)
        made->text = strdup(why.text);
    set->members[set->n++] = made;
    *ret_member = made;
    return DK_OK;
}

dk_status dk_crs_set_get(dk_crs_set *set, int code, const dk_crs **ret_crs, dk_transformer **ret_transformer,
                         dk_error *err)
{
    member *found = NULL;
    for (size_t i = 0; i < set->n && found == NULL; i++)
        if (set->members[i]->code == code)
            found = set->members[i];
    if (found == NULL) {
        const dk_status status = add_member(set, code, &found, err);
        if (status != DK_OK)
            return status;
    }
    if (found->status != DK_OK)
        return dk_fail(err, found->status, "%s", found->text != NULL ? found->text : "out of memory");
    *ret_crs = &found->crs;
    *ret_transformer = found->transformer;
    return DK_OK;
}

const char *dk_crs_set_stamp(const dk_crs_set *set, size_t number)
{
    for (size_t i = 0; i < set->n; i++) {
        const member *own = set->members[i];
        bool again = own->status != DK_OK || own->crs.stamp[0] == '\0';
        for (size_t k = 0; k < i && !again; k++)
            again = set->members[k]->status == DK_OK && strcmp(set->members[k]->crs.stamp, own->crs.stamp) == 0;
        if (!again && number-- == 0)
            return own->crs.stamp;
    }
    return NULL;
}
