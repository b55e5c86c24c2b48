#include "tiler/headers.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A weight (RFC 9110, 12.4.2) in thousandths; what is not one gives 0. */
static int weight(const char *text, size_t size)
{
    if (size == 0 || size > 5 || (text[0] != '0' && text[0] != '1') || (size > 1 && text[1] != '.'))
        return 0;
    int value = (text[0] - '0') * 1000;
    for (size_t i = 2, unit = 100; i < size; i++, unit /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        value += (text[i] - '0') * (int)unit;
    }
    return value <= 1000 ? value : 0;
}

/* Takes the next element of a list of names with parameters: its name, and its weight (1000 if there is none).
 * Returns where to go on, NULL at the end. */
static const char *next_element(const char *at, const char **ret_name, size_t *ret_size, int *ret_weight)
{
    while (is_blank(*at) || *at == ',')
        at++;
    if (*at == '\0')
        return NULL;
    const size_t size = strcspn(at, ",");
    const char *const end = at + size;
    const char *semicolon = memchr(at, ';', size);
    const char *name_end = semicolon != NULL ? semicolon : end;
    *ret_name = at;
    while (name_end > at && is_blank(name_end[-1]))
        name_end--;
    *ret_size = (size_t)(name_end - at);
    *ret_weight = 1000;
    while (semicolon != NULL) {
        const char *parameter = semicolon + 1;
        while (parameter < end && is_blank(*parameter))
            parameter++;
        semicolon = parameter < end ? memchr(parameter, ';', (size_t)(end - parameter)) : NULL;
        const char *stop = semicolon != NULL ? semicolon : end;
        while (stop > parameter && is_blank(stop[-1]))
            stop--;
        if (stop - parameter >= 2 && (parameter[0] == 'q' || parameter[0] == 'Q') && parameter[1] == '=')
            *ret_weight = weight(parameter + 2, (size_t)(stop - parameter - 2));
    }
    return end;
}

static bool equals(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && strncasecmp(text, word, size) == 0;
}

/* 0: not acceptable, or of identity, not named: acceptable, and after all that is named. */
typedef struct weights {
    int gzip, zstd, identity;
    bool refuses_identity;
} weights;

static weights weights_of(const char *accept_encoding)
{
    int gzip = -1, zstd = 0, identity = -1, any = -1, q;
    const char *name;
    size_t size;
    for (const char *at = accept_encoding; (at = next_element(at, &name, &size, &q)) != NULL;) {
        if (equals(name, size, "gzip") || equals(name, size, "x-gzip"))
            gzip = q;
        else if (equals(name, size, "zstd"))
            zstd = q;
        else if (equals(name, size, "identity"))
            identity = q;
        else if (equals(name, size, "*"))
            any = q;
    }
    gzip = gzip >= 0 ? gzip : any;
    identity = identity >= 0 ? identity : any;
    return (weights){gzip > 0 ? gzip : 0, zstd, identity > 0 ? identity : 0, identity == 0};
}

dk_coding dk_best_coding(const char *accept_encoding)
{
    if (accept_encoding == NULL)
        return DK_IDENTITY;
    const weights w = weights_of(accept_encoding);
    if (w.zstd > w.gzip && w.zstd >= w.identity)
        return DK_ZSTD;
    return w.gzip > 0 && w.gzip >= w.identity ? DK_GZIP : DK_IDENTITY;
}

bool dk_prefers_gzip(const char *accept_encoding)
{
    if (accept_encoding == NULL)
        return false;
    const weights w = weights_of(accept_encoding);
    return w.gzip > 0 && w.gzip >= w.identity;
}

bool dk_refuses_identity(const char *accept_encoding)
{
    return accept_encoding != NULL && weights_of(accept_encoding).refuses_identity;
}

bool dk_prefers_json(const char *accept)
{
    if (accept == NULL)
        return false;
    int json = -1, html = -1, application = -1, text = -1, any = 0, q;
    const char *name;
    size_t size;
    for (const char *at = accept; (at = next_element(at, &name, &size, &q)) != NULL;) {
        if (equals(name, size, "application/json"))
            json = q;
        else if (equals(name, size, "text/html"))
            html = q;
        else if (equals(name, size, "application/*"))
            application = q;
        else if (equals(name, size, "text/*"))
            text = q;
        else if (equals(name, size, "*/*"))
            any = q;
    }
    json = json >= 0 ? json : application >= 0 ? application : any;
    html = html >= 0 ? html : text >= 0 ? text : any;
    return json > html;
}

static bool is_json(const char *name, size_t size)
{
    static const char *const names[] = {"application/json", "application/geo+json", "application/schema+json",
                                        "application/vnd.oai.openapi+json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (equals(name, size, names[i]))
            return true;
    return false;
}

bool dk_prefers_html(const char *accept)
{
    if (accept == NULL)
        return false;
    int json = -1, html = -1, application = -1, any = 0, q;
    const char *name;
    size_t size;
    for (const char *at = accept; (at = next_element(at, &name, &size, &q)) != NULL;) {
        if (is_json(name, size))
            json = q > json ? q : json;
        else if (equals(name, size, "text/html") || (html < 0 && equals(name, size, "text/*")))
            html = q;
        else if (equals(name, size, "application/*"))
            application = q;
        else if (equals(name, size, "*/*"))
            any = q;
    }
    json = json >= 0 ? json : application >= 0 ? application : any;
    return html > 0 && html > json;
}

bool dk_prefers_calendar(const char *accept)
{
    if (accept == NULL)
        return false;
    int json = 0, calendar = 0, q;
    const char *name;
    size_t size;
    for (const char *at = accept; (at = next_element(at, &name, &size, &q)) != NULL;) {
        if (is_json(name, size))
            json = q > json ? q : json;
        else if (equals(name, size, "text/calendar"))
            calendar = q;
    }
    return calendar > 0 && calendar >= json;
}

/* weak: W/ before a tag does not matter (RFC 9110, 8.8.3.2). */
static bool names_tag(const char *list, const char *etag, bool weak)
{
    if (list == NULL)
        return false;
    const size_t etag_size = strlen(etag);
    const char *at = list;
    for (;;) {
        while (is_blank(*at) || *at == ',')
            at++;
        if (*at == '\0')
            return false;
        if (*at == '*')
            return true;
        const bool is_weak = at[0] == 'W' && at[1] == '/';
        if (is_weak)
            at += 2;
        if (*at != '"')
            return false;
        const char *close = strchr(at + 1, '"');
        if (close == NULL)
            return false;
        if ((weak || !is_weak) && (size_t)(close + 1 - at) == etag_size && memcmp(at, etag, etag_size) == 0)
            return true;
        at = close + 1;
    }
}

bool dk_none_match(const char *if_none_match, const char *etag)
{
    return names_tag(if_none_match, etag, true);
}

bool dk_strong_match(const char *if_match, const char *etag)
{
    return names_tag(if_match, etag, false);
}

const char *dk_bearer_token(const char *authorization, size_t *ret_size)
{
    if (authorization == NULL)
        return NULL;
    while (is_blank(*authorization))
        authorization++;
    if (strncasecmp(authorization, "Bearer", 6) != 0 || !is_blank(authorization[6]))
        return NULL;
    authorization += 6;
    while (is_blank(*authorization))
        authorization++;
    size_t size = strlen(authorization);
    while (size > 0 && is_blank(authorization[size - 1]))
        size--;
    if (size == 0)
        return NULL;
    *ret_size = size;
    return authorization;
}

static bool is_host_byte(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || (c >= 'A' && c <= 'Z'))
        return true;
    switch (c) {
    case '_':
    case '~': /* unreserved */
    case '!':
    case '$':
    case '&':
    case '\'':
    case '(':
    case ')':
    case '*':
    case '+':
    case ';':
    case '=': /* sub-delims */
        return true;
    default:
        return false;
    }
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool dk_host_valid(const char *host, size_t size)
{
    const char *at = host;
    const char *const end = host + size;
    if (size == 0)
        return true;
    if (*at == '[') { /* IPv6 */
        at++;
        while (at < end && (is_hex(*at) || *at == ':' || *at == '.'))
            at++;
        if (at == end || *at++ != ']')
            return false;
    } else {
        while (at < end && (is_host_byte(*at) || (*at == '%' && end - at > 2 && is_hex(at[1]) && is_hex(at[2]))))
            at += *at == '%' ? 3 : 1;
    }
    if (at == end)
        return true;
    if (*at++ != ':' || at == host + 1)
        return false;
    unsigned port = 0;
    for (; at < end && *at >= '0' && *at <= '9' && port <= UINT16_MAX; at++)
        port = port * 10 + (unsigned)(*at - '0');
    return at == end && port <= UINT16_MAX;
}

bool dk_is_https(const char *forwarded_proto)
{
    return forwarded_proto != NULL && strcasecmp(forwarded_proto, "https") == 0;
}

bool dk_host_plain(const char *host)
{
    if (host == NULL || host[0] == '\0' || strlen(host) > 255)
        return false;
    return host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_[]")] == '\0';
}

/* Digits at *at, at most 18 of them; false if there are none. */
static bool take_number(const char **at, uint64_t *ret_value)
{
    const size_t n = strspn(*at, "0123456789");
    uint64_t value = 0;
    if (n == 0 || n > 18)
        return false;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (uint64_t)((*at)[i] - '0');
    *at += n;
    *ret_value = value;
    return true;
}

dk_range dk_range_of(const char *range, uint64_t size, uint64_t *ret_first, uint64_t *ret_last)
{
    static const char unit[] = "bytes=";
    uint64_t first = 0, last = UINT64_MAX;
    if (range == NULL || strncasecmp(range, unit, sizeof unit - 1) != 0)
        return DK_RANGE_WHOLE;
    const char *at = range + sizeof unit - 1;
    while (is_blank(*at))
        at++;
    const bool from = take_number(&at, &first);
    if (*at++ != '-')
        return DK_RANGE_WHOLE;
    const bool to = take_number(&at, &last);
    while (is_blank(*at))
        at++;
    if (*at != '\0' || (!from && !to) || (from && to && last < first))
        return DK_RANGE_WHOLE;
    if (!from) { /* the last so many bytes */
        if (last == 0 || size == 0)
            return DK_RANGE_OUTSIDE;
        first = last < size ? size - last : 0;
        last = size - 1;
    } else if (first >= size) {
        return DK_RANGE_OUTSIDE;
    }
    *ret_first = first;
    *ret_last = last < size ? last : size - 1;
    return DK_RANGE_PART;
}
