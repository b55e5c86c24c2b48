#include "store/partners.h"

#include "store/handle.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_SIZE 4096

struct dk_partners {
    dk_store *store;
    const dk_kind *kind;
    /* By 64-bit hash of the values; direct mapped. */
    struct {
        uint64_t hash;
        bool linked;
    } cache[CACHE_SIZE];
};

dk_partners *dk_partners_create(dk_store *store, const dk_kind *kind)
{
    dk_partners *partners = calloc(1, sizeof *partners);
    if (partners != NULL) {
        partners->store = store;
        partners->kind = kind;
    }
    return partners;
}

void dk_partners_free(dk_partners *partners)
{
    free(partners);
}

static void hash_bytes(uint64_t *hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ bytes[i]) * UINT64_C(1099511628211);
    *hash = (*hash ^ 0xff) * UINT64_C(1099511628211);
}

/* Whether there is a value. */
static bool hash_side(int field, const char *key, const dk_value *values, uint64_t *hash)
{
    if (field == DK_LINK_KEY) {
        hash_bytes(hash, key, strlen(key));
        return true;
    }
    if (values[field].type == DK_TEXT) {
        hash_bytes(hash, values[field].text.data, values[field].text.size);
        return values[field].text.size > 0;
    }
    hash_bytes(hash, &values[field].type, sizeof values[field].type);
    if (values[field].type == DK_NULL)
        return false;
    hash_bytes(hash, &values[field].integer, sizeof values[field].integer);
    return true;
}

dk_status dk_partners_find(dk_partners *p, const dk_link *link, const char *key, const dk_value *values,
                           bool *ret_asked, bool *ret_linked, dk_error *err)
{
    const bool reversed = link->from != p->kind;
    const dk_kind *other = reversed ? link->from : link->to;
    uint64_t hash = UINT64_C(1469598103934665603) + (uint64_t)(link - p->store->catalogue->links);
    bool asked = false;
    for (size_t r = 0; r < link->n_rules; r++) {
        const dk_link_rule *rule = &link->rules[r];
        bool all = true; /* a rule of several pairs needs all of them */
        for (size_t m = 0; m < rule->n_match; m++)
            all &= hash_side(reversed ? rule->match[m].to : rule->match[m].from, key, values, &hash);
        if (rule->unless.from >= 0)
            hash_side(reversed ? rule->unless.to : rule->unless.from, key, values, &hash);
        asked |= all;
    }
    *ret_asked = asked;
    *ret_linked = false;
    if (!asked)
        return DK_OK;
    const size_t place = (size_t)((hash ^ hash >> 29) % CACHE_SIZE);
    if (p->cache[place].hash == hash) {
        *ret_linked = p->cache[place].linked;
        return DK_OK;
    }
    dk_key_list list = {0};
    const dk_status status = dk_linked_rows(p->store, p->kind, key, values, other, DK_ANY_GENERATION, 1, &list, err);
    *ret_linked = list.n > 0;
    dk_key_list_finish(&list);
    if (status == DK_OK) {
        p->cache[place].hash = hash;
        p->cache[place].linked = *ret_linked;
    }
    return status;
}
