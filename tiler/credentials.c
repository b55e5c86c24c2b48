#include "tiler/credentials.h"

#include "store/base64.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool dk_cookie_find(const char *header, const char *name, const char **ret_value, size_t *ret_size)
{
    const size_t name_size = strlen(name);
    for (const char *at = header; at != NULL && *at != '\0';) {
        while (is_blank(*at) || *at == ';')
            at++;
        const size_t size = strcspn(at, ";");
        const char *equals = memchr(at, '=', size);
        if (equals != NULL && (size_t)(equals - at) == name_size && memcmp(at, name, name_size) == 0) {
            const char *value = equals + 1;
            size_t n = (size_t)(at + size - value);
            while (n > 0 && is_blank(value[n - 1]))
                n--;
            *ret_value = value;
            *ret_size = n;
            return true;
        }
        at += size;
    }
    return false;
}

static bool is_type(const char *given, const char *type)
{
    const size_t size = strlen(type);
    return given != NULL && strncasecmp(given, type, size) == 0 &&
           (given[size] == '\0' || given[size] == ';' || is_blank(given[size]));
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The field token, decoded; false: absent, twice, too long or with a bad escape. */
static bool from_form(const char *body, size_t size, char *ret_token, size_t *ret_size)
{
    static const char name[] = "token=";
    const char *const end = body + size;
    bool found = false;
    for (const char *at = body; at < end;) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const char *stop = amp != NULL ? amp : end;
        if ((size_t)(stop - at) >= sizeof name - 1 && memcmp(at, name, sizeof name - 1) == 0) {
            if (found)
                return false;
            found = true;
            size_t n = 0;
            for (const char *c = at + sizeof name - 1; c < stop; c++) {
                char value = *c == '+' ? ' ' : *c;
                if (*c == '%') {
                    if (stop - c < 3 || hex_digit(c[1]) < 0 || hex_digit(c[2]) < 0)
                        return false;
                    value = (char)(hex_digit(c[1]) * 16 + hex_digit(c[2]));
                    c += 2;
                }
                if (n == DK_SIGN_IN_TOKEN)
                    return false;
                ret_token[n++] = value;
            }
            *ret_size = n;
        }
        at = amp != NULL ? amp + 1 : end;
    }
    return found;
}

static bool from_json(const char *body, size_t size, char *ret_token, size_t *ret_size)
{
    json_t *root = json_loadb(body, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *token = json_object_get(root, "token");
    const size_t n = json_string_length(token);
    const bool good = json_is_string(token) && n <= DK_SIGN_IN_TOKEN;
    if (good) {
        memcpy(ret_token, json_string_value(token), n);
        *ret_size = n;
    }
    json_decref(root);
    return good;
}

/* Leaves out the blanks around the token; false, and there is none: nothing is left, or it has other characters. */
static bool trim_token(char token[DK_SIGN_IN_TOKEN + 1], size_t n)
{
    size_t begin = 0;
    while (begin < n && is_blank(token[begin]))
        begin++;
    while (n > begin && (is_blank(token[n - 1]) || token[n - 1] == '\r' || token[n - 1] == '\n'))
        n--;
    bool good = n > begin;
    for (size_t i = begin; i < n && good; i++)
        good = token[i] > 0x20 && token[i] < 0x7f;
    if (good)
        memmove(token, token + begin, n - begin);
    token[good ? n - begin : 0] = '\0';
    return good;
}

bool dk_sign_in_token(const void *body, size_t size, const char *type, char ret_token[DK_SIGN_IN_TOKEN + 1])
{
    size_t n = 0;
    const bool good = size <= DK_SIGN_IN_BODY &&
                      (is_type(type, "application/json")                    ? from_json(body, size, ret_token, &n)
                       : is_type(type, "application/x-www-form-urlencoded") ? from_form(body, size, ret_token, &n)
                                                                            : false);
    return trim_token(ret_token, good ? n : 0);
}

/* USER:TOKEN */
static bool from_pair(const char *pair, size_t size, char ret_token[DK_SIGN_IN_TOKEN + 1])
{
    const char *colon = memchr(pair, ':', size);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)pair[i] < 0x20 || pair[i] == 0x7f)
            return false;
    if (colon == NULL || colon - pair > DK_BASIC_USER)
        return false;
    const size_t n = (size_t)(pair + size - (colon + 1));
    if (n > DK_SIGN_IN_TOKEN)
        return false;
    memcpy(ret_token, colon + 1, n);
    return trim_token(ret_token, n);
}

dk_basic dk_basic_token(const char *authorization, char ret_token[DK_SIGN_IN_TOKEN + 1])
{
    enum { MOST = (DK_BASIC_USER + 1 + DK_SIGN_IN_TOKEN + 2) / 3 * 4 };
    dk_buf pair;
    ret_token[0] = '\0';
    while (authorization != NULL && is_blank(*authorization))
        authorization++;
    if (authorization == NULL || strncasecmp(authorization, "Basic", 5) != 0 ||
        (authorization[5] != '\0' && !is_blank(authorization[5])))
        return DK_BASIC_NOT;
    authorization += 5;
    while (is_blank(*authorization))
        authorization++;
    size_t size = strlen(authorization);
    while (size > 0 && is_blank(authorization[size - 1]))
        size--;
    dk_buf_init(&pair);
    const bool good = size > 0 && size <= MOST && dk_base64_read(authorization, size, &pair) && !pair.failed &&
                      from_pair((const char *)pair.data, pair.size, ret_token);
    if (pair.size > 0)
        explicit_bzero(pair.data, pair.size);
    dk_buf_finish(&pair);
    return good ? DK_BASIC_TOKEN : DK_BASIC_MALFORMED;
}

/* Whether an origin's host and port are those of a Host header. A browser leaves the scheme's own port out of both, and
 * a proxy may write it (RFC 9110, 4.2.3: it is the same). */
static bool is_authority(const char *origin, const char *host, const char *own_port)
{
    const size_t port = strlen(own_port);
    size_t size = strlen(host);
    if (size > port && strcmp(host + size - port, own_port) == 0)
        size -= port;
    return size > 0 && strlen(origin) == size && strncasecmp(origin, host, size) == 0;
}

dk_site dk_site_of(const char *sec_fetch_site, const char *origin, const char *host, bool https)
{
    if (sec_fetch_site != NULL)
        return strcmp(sec_fetch_site, "same-origin") == 0 ? DK_SITE_OWN
               : strcmp(sec_fetch_site, "none") == 0      ? DK_SITE_UNKNOWN
                                                          : DK_SITE_OTHER;
    if (origin == NULL)
        return DK_SITE_UNKNOWN;
    const bool tls = strncasecmp(origin, "https://", 8) == 0;
    if (host == NULL || (!tls && (https || strncasecmp(origin, "http://", 7) != 0)))
        return DK_SITE_OTHER;
    return is_authority(origin + (tls ? 8 : 7), host, tls ? ":443" : ":80") ? DK_SITE_OWN : DK_SITE_OTHER;
}
