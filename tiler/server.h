/* The HTTP server: libmicrohttpd with a pool of threads, each answering from its own handle on the store. */
#ifndef DK_TILER_SERVER_H
#define DK_TILER_SERVER_H

#include "tiler/http.h"

typedef struct dk_server dk_server;

typedef struct dk_server_options {
    dk_config config; /* texts are borrowed until dk_server_stop */
    dk_caller_options
        callers;        /* the same; store_path is the config's, plain_cookies also where only this machine listens */
    const char *listen; /* as dk_listen takes it */
    size_t threads;     /* 1 to DK_THREADS_MAX */
    unsigned request_seconds; /* from a connection, or the answer before, until all of a request is there; 1 or more */
    const char *temp_dir;     /* in which temporary files are made. config.ingest: as the user says it, or NULL */
} dk_server_options;

#define DK_THREADS_MAX 256

/* Opens the store, binds the address and begins to answer. Messages are sentences for the user: a port in use, an
 * address of another machine, a store that cannot be read. ret_address gets http://ADDR:PORT, with the port chosen. */
dk_status dk_server_start(const dk_server_options *options, dk_server **ret_server, char *ret_address, size_t size,
                          dk_error *err);

/* Takes no new connections, lets the requests that are under way finish (for 10 seconds at most), then frees. */
void dk_server_stop(dk_server *server);

#endif
