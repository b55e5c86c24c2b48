#include "tiler/framing.h"

#include "tiler/headers.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct lines {
    unsigned hosts, lengths, codings;
    bool chunked, misnamed, folded, nowhere;
    dk_framing found;
} lines;

static bool is(const char *key, size_t size, const char *name)
{
    return size == strlen(name) && strncasecmp(key, name, size) == 0;
}

static bool is_host(const char *value, size_t size)
{
    while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t')) /* belong to the line */
        size--;
    return dk_host_valid(value, size);
}

/* A line that begins with a blank goes on with the one before (RFC 9112, 5.2). libmicrohttpd 0.9.75 puts it behind that
 * one's name, so that "Content-Leng: 5" and " th" would be a Content-Length; for this it copies the name, behind all
 * lines. */
static bool is_folded(const char *key, size_t key_size, const char *value)
{
    return value != NULL && (uintptr_t)value <= (uintptr_t)(key + key_size);
}

static enum MHD_Result count(void *user, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                             size_t value_size)
{
    lines *of = user;
    (void)kind;
    /* libmicrohttpd takes the name up to the colon, so that "Content-Length : 9" would be no Content-Length. */
    if (key_size > 0 && (key[key_size - 1] == ' ' || key[key_size - 1] == '\t'))
        of->misnamed = true;
    else if (is_folded(key, key_size, value))
        of->folded = true;
    else if (is(key, key_size, "Host"))
        of->hosts++, of->nowhere |= value != NULL && !is_host(value, value_size);
    else if (is(key, key_size, "Transfer-Encoding"))
        of->codings++, of->chunked = value != NULL && strcasecmp(value, "chunked") == 0;
    else if (is(key, key_size, "Content-Length"))
        of->lengths++, of->found.announced = value != NULL ? strtoull(value, NULL, 10) : 0;
    else if (is(key, key_size, "Accept"))
        of->found.accepts++;
    else if (is(key, key_size, "Accept-Encoding"))
        of->found.encodings++;
    return MHD_YES;
}

const char *dk_framing_fault(struct MHD_Connection *connection, const char *version, dk_framing *ret_framing)
{
    lines of = {0};
    const bool first = version != NULL && strcmp(version, "HTTP/1.0") == 0; /* some health checks of proxies */
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, count, &of);
    *ret_framing = of.found;
    if (of.misnamed)
        return "The request has a header line with a blank before its colon; send the colon right behind the name.";
    if (of.folded)
        return "The request has a header line that goes on in the next; send it in one line.";
    if (of.hosts == 0 && !first)
        return "A request of HTTP/1.1 has a Host line; send one.";
    if (of.hosts > 1)
        return "The request has several Host lines; send one.";
    if (of.nowhere)
        return "The Host line is not a host with or without a port, such as example.org:8080; send it without anything else.";
    if (of.codings > 0 && of.lengths > 0)
        return "The request has both Content-Length and Transfer-Encoding, so that its end is not certain; send one of them.";
    if (of.lengths > 1)
        return "The request has several Content-Length lines; send one.";
    if (of.codings > 1 || (of.codings > 0 && (!of.chunked || first)))
        return "Of Transfer-Encoding only chunked is understood, once and in HTTP/1.1.";
    return NULL;
}
