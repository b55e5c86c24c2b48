#include "tiler/proxies.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char v4_mark[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void from_v4(const void *bytes, dk_address *address)
{
    memcpy(address->bytes, v4_mark, sizeof v4_mark);
    memcpy(address->bytes + sizeof v4_mark, bytes, 4);
}

bool dk_address_of(const struct sockaddr *socket, dk_address *ret_address)
{
    if (socket == NULL)
        return false;
    if (socket->sa_family == AF_INET) {
        from_v4(&((const struct sockaddr_in *)(const void *)socket)->sin_addr, ret_address);
        return true;
    }
    if (socket->sa_family == AF_INET6) {
        memcpy(ret_address->bytes, &((const struct sockaddr_in6 *)(const void *)socket)->sin6_addr, 16);
        return true;
    }
    return false;
}

bool dk_address_is_v4(const dk_address *address)
{
    return memcmp(address->bytes, v4_mark, sizeof v4_mark) == 0;
}

bool dk_address_is_loopback(const dk_address *address)
{
    static const unsigned char one[16] = {[15] = 1};
    return dk_address_is_v4(address) ? address->bytes[12] == 127 : memcmp(address->bytes, one, sizeof one) == 0;
}

void dk_address_text(const dk_address *address, char ret_text[DK_ADDRESS_TEXT])
{
    const bool v4 = dk_address_is_v4(address);
    if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address->bytes + 12 : address->bytes, ret_text, DK_ADDRESS_TEXT) ==
        NULL)
        ret_text[0] = '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool dk_address_read(const char *text, size_t size, dk_address *ret_address)
{
    char copy[DK_ADDRESS_TEXT + 1];
    unsigned char bytes[16];
    while (size > 0 && is_blank(*text))
        text++, size--;
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    if (size > 0 && text[0] == '[') { /* [v6] or [v6]:port */
        const char *close = memchr(text, ']', size);
        if (close == NULL || (close + 1 < text + size && close[1] != ':'))
            return false;
        text++;
        size = (size_t)(close - text);
    } else if (memchr(text, '.', size) != NULL) { /* a.b.c.d:port, but not ::ffff:a.b.c.d */
        const char *colon = memchr(text, ':', size);
        if (colon != NULL && colon != text && memchr(text, '.', (size_t)(colon - text)) != NULL)
            size = (size_t)(colon - text);
    }
    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (strlen(copy) != size)
        return false;
    if (inet_pton(AF_INET, copy, bytes) == 1)
        from_v4(bytes, ret_address);
    else if (inet_pton(AF_INET6, copy, bytes) == 1)
        memcpy(ret_address->bytes, bytes, 16);
    else
        return false;
    return true;
}

bool dk_prefix_read(const char *text, dk_prefix *ret_prefix)
{
    const size_t size = strcspn(text, "/");
    dk_prefix prefix;
    if (size == 0 || is_blank(text[0]) || text[0] == '[' || is_blank(text[size - 1]) ||
        !dk_address_read(text, size, &prefix.address))
        return false;
    const bool v4 = memchr(text, ':', size) == NULL;
    const unsigned most = v4 ? 32 : 128;
    prefix.bits = most;
    if (text[size] == '/') {
        const char *number = text + size + 1;
        const size_t digits = strspn(number, "0123456789");
        if (digits == 0 || digits > 3 || number[digits] != '\0' || strtoul(number, NULL, 10) > most)
            return false;
        prefix.bits = (unsigned)strtoul(number, NULL, 10);
    } else if (text[size] != '\0') {
        return false;
    }
    if (v4 && !dk_address_is_v4(&prefix.address))
        return false;
    if (v4)
        prefix.bits += 96;
    *ret_prefix = prefix;
    return true;
}

bool dk_prefix_covers(const dk_prefix *prefix, const dk_address *address)
{
    const size_t whole = prefix->bits / 8;
    const unsigned rest = prefix->bits % 8;
    return memcmp(prefix->address.bytes, address->bytes, whole) == 0 &&
           (rest == 0 || (prefix->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0);
}

bool dk_prefixes_cover(const dk_prefix *prefixes, size_t n, const dk_address *address)
{
    for (size_t i = 0; i < n; i++)
        if (dk_prefix_covers(&prefixes[i], address))
            return true;
    return false;
}

dk_address dk_address_of_client(const dk_address *peer, const char *forwarded_for, const dk_prefix *proxies, size_t n)
{
    dk_address client = *peer;
    size_t end = forwarded_for != NULL ? strlen(forwarded_for) : 0;
    while (end > 0 && dk_prefixes_cover(proxies, n, &client)) {
        size_t begin = end;
        while (begin > 0 && forwarded_for[begin - 1] != ',')
            begin--;
        dk_address next;
        if (!dk_address_read(forwarded_for + begin, end - begin, &next))
            break; /* not an address: whoever wrote it is the last that is known */
        client = next;
        end = begin > 0 ? begin - 1 : 0;
    }
    return client;
}
