#include "tiler/field_lines.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct joining {
    const char *name;
    size_t name_size, size;
    char *at; /* NULL: only the size is looked for */
} joining;

static enum MHD_Result join(void *user, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                            size_t value_size)
{
    joining *j = user;
    (void)kind;
    if (key_size != j->name_size || strncasecmp(key, j->name, key_size) != 0 || value == NULL)
        return MHD_YES;
    if (j->at != NULL) {
        memcpy(j->at, value, value_size);
        j->at += value_size;
        *j->at++ = ',';
    }
    j->size += value_size + 1;
    return MHD_YES;
}

const char *dk_field_lines(struct MHD_Connection *connection, const char *name, unsigned lines, char **joined)
{
    if (lines == 0)
        return NULL;
    if (lines == 1)
        return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    joining j = {.name = name, .name_size = strlen(name)};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, join, &j);
    if (j.size == 0 || (*joined = malloc(j.size)) == NULL)
        return NULL;
    j.at = *joined;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, join, &j);
    j.at[-1] = '\0'; /* the last comma */
    return *joined;
}
