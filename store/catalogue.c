#include "store/catalogue.h"
#include "store/arena.h"
#include "store/catalogue_read_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void dk_catalogue_free(dk_catalogue *catalogue)
{
    if (catalogue != NULL)
        dk_arena_free(catalogue->memory); /* the catalogue itself lies there too */
}

dk_status dk_catalogue_read(const char *path, dk_catalogue **ret_catalogue, char **ret_text, dk_error *err)
{
    dk_status status = DK_OK;
    char *text = NULL;
    size_t size = 0, capacity = 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return dk_fail(err, errno == ENOENT ? DK_NOT_FOUND : DK_IO, "%s: the catalogue cannot be opened: %s", path,
                       strerror(errno));
    for (;;) {
        if (capacity - size < 2) {
            const size_t wanted = capacity == 0 ? 65536 : capacity * 2;
            char *grown = realloc(text, wanted);
            if (grown == NULL) {
                status = dk_fail(err, DK_NOMEM, "%s: out of memory while reading the catalogue", path);
                goto out;
            }
            text = grown;
            capacity = wanted;
        }
        const ssize_t n = read(file, text + size, capacity - size - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            status = dk_fail(err, DK_IO, "%s: the catalogue cannot be read: %s", path, strerror(errno));
            goto out;
        }
        if (n == 0)
            break;
        size += (size_t)n;
        if (size > DK_YAML_MAX_BYTES)
            break; /* the parser refuses it */
    }
    text[size] = '\0';
    status = dk_catalogue_parse(text, size, path, ret_catalogue, err);
    if (status == DK_OK && ret_text != NULL) {
        *ret_text = text;
        text = NULL;
    }
out:
    free(text);
    close(file);
    return status;
}

const dk_kind *dk_catalogue_kind(const dk_catalogue *catalogue, const char *name)
{
    for (size_t i = 0; i < catalogue->n_kinds; i++)
        if (strcmp(catalogue->kinds[i].name, name) == 0)
            return &catalogue->kinds[i];
    return NULL;
}

int dk_kind_field(const dk_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->n_fields; i++)
        if (strcmp(kind->fields[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int compare_code(const void *key, const void *division)
{
    return strcmp(key, ((const dk_division *)division)->code);
}

const dk_division *dk_catalogue_division(const dk_catalogue *catalogue, const char *code)
{
    if (catalogue->n_divisions == 0)
        return NULL;
    return bsearch(code, catalogue->divisions, catalogue->n_divisions, sizeof *catalogue->divisions, compare_code);
}

const dk_link *dk_catalogue_link(const dk_catalogue *catalogue, const dk_kind *a, const dk_kind *b, bool *ret_reversed)
{
    for (size_t i = 0; i < catalogue->n_links; i++) {
        const dk_link *link = &catalogue->links[i];
        const bool reversed = link->from == b && link->to == a;
        if (!reversed && (link->from != a || link->to != b))
            continue;
        if (ret_reversed != NULL)
            *ret_reversed = reversed;
        return link;
    }
    return NULL;
}

bool dk_field_is_money(const dk_field *field)
{
    static const char *const units[] = {"yuan", "wan_yuan", "元", "万元", "亿元"};
    for (size_t i = 0; field->unit != NULL && i < sizeof units / sizeof *units; i++)
        if (strcmp(field->unit, units[i]) == 0)
            return field->type == DK_FIELD_NUMBER || field->type == DK_FIELD_INTEGER;
    return false;
}

const char *dk_audience_name(dk_audience audience)
{
    switch (audience) {
    case DK_PUBLIC:
        return "public";
    case DK_GROUP:
        return "group";
    case DK_ON_REQUEST:
        return "request";
    case DK_STAFF:
        return "staff";
    case DK_NEVER:
        break;
    }
    return "never";
}

const char *dk_field_type_name(dk_field_type type)
{
    switch (type) {
    case DK_FIELD_TEXT:
        break;
    case DK_FIELD_INTEGER:
        return "integer";
    case DK_FIELD_NUMBER:
        return "number";
    case DK_FIELD_DATE:
        return "date";
    case DK_FIELD_APPROVAL_NO:
        return "approval_no";
    case DK_FIELD_DIVISION:
        return "division";
    case DK_FIELD_URL:
        return "url";
    }
    return "text";
}
