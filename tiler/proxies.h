/* Addresses of clients, and which of them are trusted reverse proxies. */
#ifndef DK_TILER_PROXIES_H
#define DK_TILER_PROXIES_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/socket.h>

#define DK_PROXIES_MAX 16
#define DK_ADDRESS_TEXT 46

/* IPv6; an IPv4 address as ::ffff:a.b.c.d, as a socket of both kinds gives it. */
typedef struct dk_address {
    unsigned char bytes[16];
} dk_address;

/* Addresses that agree in their first bits. */
typedef struct dk_prefix {
    dk_address address;
    unsigned bits; /* of 128 */
} dk_prefix;

bool dk_address_of(const struct sockaddr *socket, dk_address *ret_address);
/* As written: 192.0.2.1, 2001:db8::1, also with a port and in brackets. Blanks around it are left out. */
bool dk_address_read(const char *text, size_t size, dk_address *ret_address);
bool dk_address_is_v4(const dk_address *address);
bool dk_address_is_loopback(const dk_address *address);
void dk_address_text(const dk_address *address, char ret_text[DK_ADDRESS_TEXT]);

/* ADDRESS or ADDRESS/BITS, of IPv4 or IPv6. Bits behind the prefix do not count. */
bool dk_prefix_read(const char *text, dk_prefix *ret_prefix);
bool dk_prefix_covers(const dk_prefix *prefix, const dk_address *address);
bool dk_prefixes_cover(const dk_prefix *prefixes, size_t n, const dk_address *address);

/* The client behind trusted proxies: of X-Forwarded-For (NULL: absent) the last address that is none of them, as far as
 * each was written by one. A peer that is not trusted is the client itself, whatever it says. */
dk_address dk_address_of_client(const dk_address *peer, const char *forwarded_for, const dk_prefix *proxies, size_t n);

#endif
