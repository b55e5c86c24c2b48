#include "tiler/request.h"

#include "store/text.h"
#include "tiler/headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes text[0..size) to *at with a terminating NUL and advances *at behind it. */
static dk_status decode(const char *text, size_t size, bool form, char **at, const char *what, const char **ret_text,
                        dk_error *err)
{
    char *const start = *at;
    char *out = start;
    bool ascii = true;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            if (size - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
                return dk_fail(
                    err, DK_INVALID,
                    "The %s has a %% that two hexadecimal digits do not follow; write %%25 for a percent sign.", what);
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else if (form && c == '+') {
            c = ' ';
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return dk_fail(err, DK_INVALID, "The %s contains a control character.", what);
        ascii = ascii && (unsigned char)c < 0x80;
        *out++ = c;
    }
    if (!ascii && !dk_utf8_valid(start, (size_t)(out - start)))
        return dk_fail(err, DK_INVALID, "The %s is not UTF-8; percent-encode its UTF-8 bytes.", what);
    *out++ = '\0';
    *at = out;
    *ret_text = start;
    return DK_OK;
}

static dk_status parse_path(dk_request *request, const char *path, size_t size, char **at, dk_error *err)
{
    if (size == 1) /* "/" */
        return DK_OK;
    const char *const end = path + size;
    for (const char *segment = path + 1;;) {
        const char *slash = memchr(segment, '/', (size_t)(end - segment));
        const char *stop = slash != NULL ? slash : end;
        if (request->n_path == DK_PATH_MAX)
            return dk_fail(err, DK_NOT_FOUND, "There is nothing at this address.");
        const dk_status status =
            decode(segment, (size_t)(stop - segment), false, at, "path", &request->path[request->n_path], err);
        if (status != DK_OK)
            return status;
        request->n_path++;
        if (slash == NULL)
            return DK_OK;
        segment = slash + 1;
    }
}

static dk_status parse_query(dk_request *request, const char *query, char **at, dk_error *err)
{
    while (*query != '\0') {
        const size_t size = strcspn(query, "&");
        if (size > 0) {
            const char *equals = memchr(query, '=', size);
            const size_t name_size = equals != NULL ? (size_t)(equals - query) : size;
            dk_param param = {"", ""};
            if (request->n_params == DK_PARAMS_MAX)
                return dk_fail(err, DK_INVALID, "The query has more than %d parameters.", DK_PARAMS_MAX);
            dk_status status = decode(query, name_size, true, at, "query", &param.name, err);
            if (status == DK_OK && equals != NULL)
                status = decode(equals + 1, size - name_size - 1, true, at, "query", &param.value, err);
            if (status != DK_OK)
                return status;
            if (param.name[0] == '\0')
                return dk_fail(err, DK_INVALID, "The query has a parameter without a name.");
            if (dk_request_param(request, param.name) != NULL)
                return dk_fail(err, DK_INVALID, "The parameter \"%.100s\" is given twice; give it once.", param.name);
            request->params[request->n_params++] = param;
        }
        query += size;
        if (*query == '&')
            query++;
    }
    return DK_OK;
}

dk_status dk_request_parse(dk_request *request, const char *uri, const char *base_path, dk_error *err)
{
    request->n_path = request->n_params = 0; /* the parameters' places are not cleared for each request */
    request->at_base = false;
    request->authority = NULL;
    request->memory = NULL;
    const size_t uri_size = strnlen(uri, DK_URI_MAX + 1);
    if (uri_size > DK_URI_MAX)
        return dk_fail(err, DK_LIMIT, "The address is longer than %d bytes.", DK_URI_MAX);
    if (memchr(uri, '#', uri_size) != NULL)
        return dk_fail(err, DK_INVALID, "The address contains a #; percent-encode it as %%23.");
    const char *authority = NULL;
    size_t authority_size = 0;
    if (*uri != '/' && (strncasecmp(uri, "http://", 7) == 0 || strncasecmp(uri, "https://", 8) == 0)) {
        authority = strchr(uri, ':') + 3;
        authority_size = strcspn(authority, "/?");
        if (authority_size == 0 || !dk_host_valid(authority, authority_size))
            return dk_fail(err, DK_INVALID,
                           "The address names no host; behind http:// comes one, such as example.org:8080.");
        uri = authority + authority_size;
        if (*uri == '\0')
            uri = "/";
    }
    if (*uri != '/')
        return dk_fail(err, DK_INVALID, "The address does not begin with a slash.");
    /* Decoding never lengthens a text, but each needs a NUL besides. */
    request->memory = malloc(uri_size + DK_PATH_MAX + 2 * DK_PARAMS_MAX + 8);
    if (request->memory == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    char *at = request->memory;
    if (authority != NULL) {
        memcpy(at, authority, authority_size);
        at[authority_size] = '\0';
        request->authority = at;
        at += authority_size + 1;
    }

    size_t path_size = strcspn(uri, "?");
    const char *query = uri[path_size] == '?' ? uri + path_size + 1 : "";

    const size_t base_size = strlen(base_path);
    request->at_base = base_size > 0 && path_size == base_size && memcmp(uri, base_path, base_size) == 0;
    if (base_size > 0 && path_size > base_size && memcmp(uri, base_path, base_size) == 0 && uri[base_size] == '/') {
        uri += base_size;
        path_size -= base_size;
    }
    const dk_status status = parse_path(request, uri, path_size, &at, err);
    return status != DK_OK ? status : parse_query(request, query, &at, err);
}

void dk_request_finish(dk_request *request)
{
    free(request->memory);
    request->memory = NULL;
}

const char *dk_request_param(const dk_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_params; i++)
        if (strcmp(request->params[i].name, name) == 0)
            return request->params[i].value;
    return NULL;
}
