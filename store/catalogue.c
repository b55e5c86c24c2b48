#include "store/catalogue.h"
#include "store/arena.h"
#include "store/buf.h"
#include "store/catalogue_clock.h"
#include "store/catalogue_parse.h"

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

/* Reads a file to its end, or a little past the most that a YAML text may have. what: it is a "catalogue" or
 * "calendar". *ret_text has a NUL behind it; freed with free(). */
static dk_status read_file(const char *path, const char *what, char **ret_text, size_t *ret_size, dk_error *err)
{
    dk_status status = DK_OK;
    char *text = NULL;
    size_t size = 0, capacity = 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return dk_fail(err, errno == ENOENT ? DK_NOT_FOUND : DK_IO, "%s: the %s cannot be opened: %s", path, what,
                       strerror(errno));
    for (;;) {
        if (capacity - size < 2) {
            const size_t wanted = capacity == 0 ? 65536 : capacity * 2;
            char *grown = realloc(text, wanted);
            if (grown == NULL) {
                status = dk_fail(err, DK_NOMEM, "%s: out of memory while reading the %s", path, what);
                goto out;
            }
            text = grown;
            capacity = wanted;
        }
        const ssize_t n = read(file, text + size, capacity - size - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            status = dk_fail(err, DK_IO, "%s: the %s cannot be read: %s", path, what, strerror(errno));
            goto out;
        }
        if (n == 0)
            break;
        size += (size_t)n;
        if (size > DK_YAML_MAX_BYTES)
            break; /* the parser refuses it */
    }
    text[size] = '\0';
    *ret_text = text;
    *ret_size = size;
    text = NULL;
out:
    free(text);
    close(file);
    return status;
}

/* Whether a document that is known to be one says where it begins. */
static bool begins_by_itself(const char *text)
{
    for (const char *at = text; at != NULL; at = strstr(at, "\n---")) {
        at += *at == '\n';
        if (strncmp(at, "---", 3) == 0 && (at[3] == '\0' || strchr(" \t\r\n", at[3]) != NULL))
            return true;
    }
    return false;
}

/* Appends a calendar's file as a further document. */
static dk_status append_calendar(const char *path, const dk_calendar *calendar, dk_buf *text, dk_error *err)
{
    char *read = NULL;
    size_t size = 0;
    dk_buf name;
    dk_buf_init(&name);
    const char *slash = calendar->file[0] == '/' ? NULL : strrchr(path, '/');
    if (slash != NULL)
        dk_buf_append(&name, path, (size_t)(slash - path) + 1);
    dk_buf_text(&name, calendar->file);
    const char *file = dk_buf_cstr(&name);
    dk_status status = file == NULL ? dk_fail(err, DK_NOMEM, "%s: out of memory while reading the catalogue", path)
                                    : read_file(file, "calendar", &read, &size, err);
    if (status == DK_NOT_FOUND)
        status = dk_fail(err, DK_NOT_FOUND,
                         "%s: there is no such file; put the years of calendar %s there, or correct its "
                         "'file' in %s",
                         file, calendar->id, path);
    if (status == DK_OK)
        status = dk_calendar_check(read, size, file, calendar->id, err);
    if (status == DK_OK) {
        const char *from = size >= 3 && memcmp(read, "\xef\xbb\xbf", 3) == 0 ? read + 3 : read;
        dk_buf_text(text, begins_by_itself(from) ? "\n...\n" : "\n...\n---\n");
        dk_buf_text(text, from);
        if (text->size > DK_YAML_MAX_BYTES)
            status = dk_fail(err, DK_LIMIT,
                             "%s: with its calendars the catalogue has more than %u MiB; leave out what is "
                             "not needed",
                             path, DK_YAML_MAX_BYTES >> 20);
        else if (text->failed)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory while reading the catalogue", path);
    }
    free(read);
    dk_buf_finish(&name);
    return status;
}

dk_status dk_catalogue_read(const char *path, dk_catalogue **ret_catalogue, char **ret_text, dk_error *err)
{
    char *read = NULL;
    size_t size = 0;
    dk_catalogue *catalogue = NULL;
    dk_buf text;
    dk_buf_init(&text);
    dk_status status = read_file(path, "catalogue", &read, &size, err);
    if (status == DK_OK)
        status = dk_catalogue_parse_partly(read, size, path, &catalogue, err);
    if (status != DK_OK)
        goto out;
    dk_buf_append(&text, read, size);
    size_t appended = 0;
    for (size_t i = 0; i < catalogue->n_calendars && status == DK_OK; i++)
        if (catalogue->calendars[i].days.n_years == 0) {
            status = append_calendar(path, &catalogue->calendars[i], &text, err);
            appended++;
        }
    const char *whole = status == DK_OK ? dk_buf_cstr(&text) : NULL;
    if (status == DK_OK && whole == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory while reading the catalogue", path);
    if (status == DK_OK && appended > 0) {
        dk_catalogue_free(catalogue);
        catalogue = NULL;
        status = dk_catalogue_parse(whole, text.size, path, &catalogue, err);
    }
    if (status == DK_OK && ret_text != NULL) {
        *ret_text = strdup(whole);
        if (*ret_text == NULL)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory while reading the catalogue", path);
    }
    if (status == DK_OK) {
        *ret_catalogue = catalogue;
        catalogue = NULL;
    }
out:
    dk_catalogue_free(catalogue);
    dk_buf_finish(&text);
    free(read);
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
    static const char *const units[] = {"yuan", "wan_yuan", "元", "千元", "万元", "亿元"};
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
