#include "tiler/listening.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_SIZE = 256 };

static dk_status split_address(const char *listen, char *host, size_t host_size, const char **ret_port, dk_error *err)
{
    const char *colon = strrchr(listen, ':');
    const size_t digits = colon != NULL ? strspn(colon + 1, "0123456789") : 0;
    if (colon == NULL || colon == listen || digits == 0 || digits > 5 || colon[1 + digits] != '\0' ||
        strtoul(colon + 1, NULL, 10) > 65535)
        return dk_fail(err, DK_INVALID,
                       "--listen %s: an address is ADDR:PORT with a port from 0 to 65535, such as 127.0.0.1:8080",
                       listen);
    const char *start = listen;
    size_t size = (size_t)(colon - listen);
    if (start[0] == '[' && size >= 2 && start[size - 1] == ']') {
        start++;
        size -= 2;
    }
    if (size == 0 || size >= host_size)
        return dk_fail(err, DK_INVALID, "--listen %s: the address is empty or too long", listen);
    memcpy(host, start, size);
    host[size] = '\0';
    *ret_port = colon + 1;
    return DK_OK;
}

dk_status dk_listen_check(const char *listen, dk_error *err)
{
    char host[HOST_SIZE];
    const char *port;
    return split_address(listen, host, sizeof host, &port, err);
}

dk_status dk_listen(const char *listen_text, int *ret_socket, char *ret_address, size_t size, dk_error *err)
{
    char host[HOST_SIZE];
    const char *port = "";
    dk_status status = split_address(listen_text, host, sizeof host, &port, err);
    if (status != DK_OK)
        return status;
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const int problem = getaddrinfo(host, port, &hints, &found);
    if (problem != 0)
        return dk_fail(err, DK_INVALID, "--listen %s: the address %s is not known: %s", listen_text, host,
                       gai_strerror(problem));
    const int one = 1;
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        status = dk_fail(err, DK_IO, "no socket can be opened: %s", strerror(errno));
        goto out;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 1024) != 0) {
        const int number = errno;
        status =
            number == EADDRINUSE
                ? dk_fail(err, DK_CONFLICT,
                          "port %s of %s is in use by another program; choose another with --listen %s:PORT", port,
                          host, host)
            : number == EACCES
                ? dk_fail(err, DK_IO,
                          "port %s of %s needs more rights than this user has; choose one from 1024 on with --listen",
                          port, host)
            : number == EADDRNOTAVAIL
                ? dk_fail(err, DK_IO, "%s is no address of this machine; choose one with --listen", host)
                : dk_fail(err, DK_IO, "%s cannot be listened on: %s", listen_text, strerror(number));
        goto out;
    }
    struct sockaddr_storage bound;
    socklen_t bound_size = sizeof bound;
    char port_text[8];
    if (getsockname(fd, (struct sockaddr *)&bound, &bound_size) != 0 ||
        getnameinfo((struct sockaddr *)&bound, bound_size, host, sizeof host, port_text, sizeof port_text,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        status = dk_fail(err, DK_IO, "the port cannot be found out: %s", strerror(errno));
        goto out;
    }
    const bool v6 = bound.ss_family == AF_INET6;
    snprintf(ret_address, size, "http://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port_text);
    *ret_socket = fd;
out:
    if (status != DK_OK && fd >= 0)
        close(fd);
    freeaddrinfo(found);
    return status;
}
