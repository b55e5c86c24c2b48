#include "tiler/conditions.h"

#include "tiler/headers.h"

#include <string.h>
#include <strings.h>

typedef struct search {
    const char *name, *etag;
    size_t name_size;
    bool (*names)(const char *list, const char *etag);
    bool found;
} search;

static enum MHD_Result look(void *user, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                            size_t value_size)
{
    search *s = user;
    (void)kind, (void)value_size;
    s->found = key_size == s->name_size && strncasecmp(key, s->name, key_size) == 0 && value != NULL &&
               s->names(value, s->etag);
    return s->found ? MHD_NO : MHD_YES;
}

/* Lines of one field are one list (RFC 9110, 5.3). Mostly there is one line or none: the others are only looked for
 * when the first, which the caller has, does not say it. */
static bool any_line(struct MHD_Connection *connection, const char *name, const char *first,
                     bool (*names)(const char *list, const char *etag), const char *etag)
{
    if (names(first, etag))
        return true;
    search s = {name, etag, strlen(name), names, false};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, look, &s);
    return s.found;
}

bool dk_client_has(struct MHD_Connection *connection, const char *etag)
{
    const char *first = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
    return first != NULL && any_line(connection, "If-None-Match", first, dk_none_match, etag);
}

bool dk_client_wants_other(struct MHD_Connection *connection, const char *etag)
{
    const char *first = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-Match");
    return first != NULL && !any_line(connection, "If-Match", first, dk_strong_match, etag);
}
