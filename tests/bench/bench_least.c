/* The least that a server on libmicrohttpd can do: answers ready-made, one look-up a request and nothing else. What it
 * has more requests a second than dikuai-tiler, dikuai could gain at most. usage: bench_least FOLDER HEADERS THREADS
 * PATHS. PATHS: a file with a path a line, whose bytes are in FOLDER/PATH.gz; HEADERS: those of an answer of dikuai, as
 * curl -D writes them. Prints its address and serves until it is stopped.
 *
 * As dikuai: connections are accepted by a thread of its own, in turn for each of the others, without the pacing that a
 * system may have; the bytes of an answer are fetched ahead; and after 32 answers a thread lets others run. */
#include "store/hash.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
    SLOTS = 16384,
    LINE = 64,
    AHEAD = 12 << 10,
    HEADERS = 28 * LINE,
    ANSWERS_A_TURN = 32,
    CONNECTION_MEMORY = 16 << 10,
    CONNECTIONS = 2000,
    TEXT = 1024
};

typedef struct answer {
    char *path; /* NULL: no answer has this slot */
    struct MHD_Response *response;
    const char *bytes;
    size_t size;
} answer;

/* The slot of a path, or the one that it would have. */
static answer *slot_of(answer *slots, const char *path)
{
    size_t i = dk_hash64(path, strlen(path), 0) % SLOTS;
    while (slots[i].path != NULL && strcmp(slots[i].path, path) != 0)
        i = (i + 1) % SLOTS;
    return &slots[i];
}

static void fetch_ahead(const answer *a)
{
    const size_t n = a->size < AHEAD ? a->size : AHEAD;
    for (size_t i = 0; i < HEADERS; i += LINE)
        __builtin_prefetch((const char *)a->response + i, 0, 3);
    for (size_t i = 0; i < n; i += LINE)
        __builtin_prefetch(a->bytes + i, 0, 2);
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *body, size_t *body_size, void **again)
{
    static _Thread_local unsigned count;
    (void)method, (void)version, (void)body, (void)body_size;
    if (*again == NULL) {
        *again = user;
        return MHD_YES;
    }
    if (++count % ANSWERS_A_TURN == 0)
        sched_yield();
    const answer *found = slot_of(user, url);
    if (found->path == NULL)
        return MHD_NO;
    fetch_ahead(found);
    return MHD_queue_response(connection, MHD_HTTP_OK, found->response);
}

static bool read_answer(const char *name, answer *ret_answer)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        return false;
    struct MHD_Response *response = NULL;
    char *bytes = NULL;
    long size = 0;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0 &&
        (bytes = malloc((size_t)size)) != NULL && fread(bytes, 1, (size_t)size, file) == (size_t)size)
        response = MHD_create_response_from_buffer((size_t)size, bytes, MHD_RESPMEM_MUST_FREE);
    fclose(file);
    if (response == NULL) {
        free(bytes);
        return false;
    }
    *ret_answer = (answer){.response = response, .bytes = bytes, .size = (size_t)size};
    return true;
}

/* All but those that libmicrohttpd writes itself. */
static bool add_headers(struct MHD_Response *response, const char *name)
{
    char line[TEXT];
    FILE *file = fopen(name, "r");
    if (file == NULL)
        return false;
    while (fgets(line, sizeof line, file) != NULL) {
        char *colon = strstr(line, ": ");
        line[strcspn(line, "\r\n")] = '\0';
        if (colon == NULL)
            continue;
        *colon = '\0';
        if (strcasecmp(line, "Date") != 0 && strcasecmp(line, "Content-Length") != 0)
            MHD_add_response_header(response, line, colon + 2);
    }
    fclose(file);
    return true;
}

/* At most half of the slots are filled. */
static bool read_answers(const char *folder, const char *headers, const char *paths, answer *slots)
{
    char path[TEXT], name[2 * TEXT];
    FILE *file = fopen(paths, "r");
    bool good = file != NULL;
    for (size_t n = 0; good && n < SLOTS / 2 && fgets(path, sizeof path, file) != NULL; n++) {
        path[strcspn(path, "\n")] = '\0';
        snprintf(name, sizeof name, "%s%s.gz", folder, path);
        answer *slot = slot_of(slots, path);
        good = read_answer(name, slot) && add_headers(slot->response, headers) && (slot->path = strdup(path)) != NULL;
        if (!good)
            fprintf(stderr, "bench_least: %s or %s cannot be read\n", name, headers);
    }
    if (file != NULL)
        fclose(file);
    return good;
}

int main(int argc, char **argv)
{
    static answer slots[SLOTS];
    static const char plainly[] = "reno";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (argc != 5) {
        fprintf(stderr, "usage: bench_least FOLDER HEADERS THREADS PATHS\n");
        return 2;
    }
    if (!read_answers(argv[1], argv[2], argv[4], slots))
        return 1;
    const unsigned threads = (unsigned)strtoul(argv[3], NULL, 10);
    const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, handle,
        slots, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS, threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, MHD_OPTION_END);
    if (daemon == NULL || listening < 0 || bind(listening, (struct sockaddr *)&address, size) != 0 ||
        listen(listening, CONNECTIONS) != 0 || getsockname(listening, (struct sockaddr *)&address, &size) != 0) {
        perror("bench_least");
        return 1;
    }
    printf("bench_least: on http://127.0.0.1:%u/\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        struct sockaddr_in client;
        size = sizeof client;
        const int fd = accept4(listening, (struct sockaddr *)&client, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plainly, sizeof plainly - 1);
        MHD_add_connection(daemon, fd, (struct sockaddr *)&client, size);
    }
}
