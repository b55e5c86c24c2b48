/* dikuai-tiler: serves a store over HTTP. Exit codes: 0 done, 1 the work failed, 2 wrong usage. */
#include "tiler/listening.h"
#include "tiler/server.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char default_listen[] = "127.0.0.1:8080";

static size_t default_threads(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 64 ? 64 : (size_t)n;
}

static void print_help(FILE *out)
{
    fprintf(
        out,
        "usage: dikuai-tiler STORE [options]\n"
        "\n"
        "Serves the map page, vector tiles and queries of a store that dikuai-ingest made.\n"
        "\n"
        "  --listen ADDR:PORT   address to listen on (default %s; port 0: any free one, printed)\n"
        "  --threads N          threads that answer (default %zu, one per processor)\n"
        "  --cache-size SIZE    memory for tiles, such as 512M or 2G (default 256M; 0: none)\n"
        "  --index-cache SIZE   memory for what tiles not yet made are made of (default 64M; 0: none)\n"
        "  --base-path PATH     path under which a proxy shows the server, such as /land\n"
        "  --token-file FILE    tokens besides those of dikuai-ingest token: lines TOKEN SCOPE NAME; SCOPE is the\n"
        "                       first digits of a division's code or *, and group: or request: may stand before it\n"
        "  --trust-proxy ADDR/BITS  a reverse proxy, whose X-Forwarded-For is believed; may be repeated\n"
        "  --proxy-user-header NAME  the header in which it names the user, such as X-Remote-User (those of\n"
        "                       dikuai-ingest token add --proxy-user); the proxy must overwrite what clients send\n"
        "  --plain-cookies      sessions without TLS, also where others than this machine can reach the server\n"
        "  --log-requests       a line on stderr for each request: its path and the names of its parameters\n"
        "  --tianditu-key KEY   key of the 天地图 basemap; without it the map has none\n"
        "  --temp-dir DIR       for files on their way, such as downloads (default $TMPDIR, else /var/tmp)\n"
        "  --download-rows N    rows that a download may have (default 2000000)\n"
        "  --download-size SIZE disk space for all downloads together (default 8G)\n"
        "  --download-seconds N time for a download, from its request to its last byte (default 1800)\n"
        "  --request-seconds N  time for a request to arrive, from the connection or the answer before (default 60)\n"
        "  --ingest PATH        dikuai-ingest, for GeoPackage, FlatGeobuf and Shapefile (default: beside this program)\n"
        "  --help, --version\n"
        "\n"
        "examples:\n"
        "  dikuai-tiler county.gpkg\n"
        "  dikuai-tiler county.gpkg --base-path /land --trust-proxy 127.0.0.1\n"
        "  curl -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/collections/parcel/items?limit=1\n",
        default_listen, default_threads());
}

static int usage(const char *message, const char *detail)
{
    fprintf(stderr, "dikuai-tiler: %s%s; dikuai-tiler --help shows how\n", message, detail);
    return 2;
}

static bool base_path_valid(const char *path)
{
    const size_t size = strlen(path);
    if (size == 0)
        return true;
    return path[0] == '/' && path[size - 1] != '/' && size < 200 && strstr(path, "//") == NULL &&
           path[strspn(path, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-")] == '\0';
}

/* The name of a header that no client, library or proxy gives another meaning. */
static bool header_name_valid(const char *name)
{
    static const char *const others[] = {"Authorization",     "Cookie",   "Host",   "Origin",         "X-Forwarded-For",
                                         "X-Forwarded-Proto", "X-Dikuai", "Accept", "Accept-Encoding"};
    const size_t size = strlen(name);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcasecmp(name, others[i]) == 0)
            return false;
    return size > 0 && size <= 100 && strncasecmp(name, "Sec-", 4) != 0 &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == '\0';
}

static bool key_valid(const char *key)
{
    const size_t size = strlen(key);
    return size > 0 && size <= 100 &&
           key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

/* A whole number, perhaps in units of 2^10, 2^20 or 2^30. */
static bool parse_size(const char *text, size_t *ret_size)
{
    static const char units[] = "KMG";
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9)
        return false;
    const char *unit = text[digits] != '\0' ? strchr(units, text[digits]) : NULL;
    if (text[digits] != '\0' && (unit == NULL || text[digits + 1] != '\0'))
        return false;
    *ret_size = strtoull(text, NULL, 10) << (unit != NULL ? 10 * (unit - units + 1) : 0);
    return true;
}

static bool parse_count(const char *text, size_t *ret_count)
{
    const size_t digits = strspn(text, "0123456789");
    *ret_count = digits > 0 && digits <= 12 && text[digits] == '\0' ? strtoull(text, NULL, 10) : 0;
    return *ret_count > 0;
}

/* /tmp may be memory, and downloads are large. */
static const char *default_temp_dir(void)
{
    const char *given = getenv("TMPDIR");
    return given != NULL && given[0] == '/' ? given : "/var/tmp";
}

static int serve(const dk_server_options *options)
{
    /* Blocked before any thread starts, so that only sigwait below gets them. */
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);

    dk_error error;
    dk_server *server = NULL;
    char address[300];
    if (dk_server_start(options, &server, address, sizeof address, &error) != DK_OK) {
        fprintf(stderr, "dikuai-tiler: %s\n", error.text);
        return 1;
    }
    printf("dikuai-tiler: serving %s on %s%s/\n", options->config.store_path, address, options->config.base_path);
    fflush(stdout);
    int received;
    while (sigwait(&stop, &received) != 0)
        ;
    dk_server_stop(server);
    return 0;
}

int main(int argc, char **argv)
{
    enum {
        LISTEN = 256,
        THREADS,
        CACHE_SIZE,
        INDEX_CACHE,
        BASE_PATH,
        TOKEN_FILE,
        TIANDITU_KEY,
        LOG_REQUESTS,
        TEMP_DIR,
        DOWNLOAD_ROWS,
        DOWNLOAD_SIZE,
        DOWNLOAD_SECONDS,
        REQUEST_SECONDS,
        INGEST,
        TRUST_PROXY,
        PROXY_USER_HEADER,
        PLAIN_COOKIES,
        HELP,
        VERSION
    };
    static const struct option long_options[] = {{"listen", required_argument, NULL, LISTEN},
                                                 {"threads", required_argument, NULL, THREADS},
                                                 {"cache-size", required_argument, NULL, CACHE_SIZE},
                                                 {"index-cache", required_argument, NULL, INDEX_CACHE},
                                                 {"base-path", required_argument, NULL, BASE_PATH},
                                                 {"token-file", required_argument, NULL, TOKEN_FILE},
                                                 {"tianditu-key", required_argument, NULL, TIANDITU_KEY},
                                                 {"log-requests", no_argument, NULL, LOG_REQUESTS},
                                                 {"temp-dir", required_argument, NULL, TEMP_DIR},
                                                 {"download-rows", required_argument, NULL, DOWNLOAD_ROWS},
                                                 {"download-size", required_argument, NULL, DOWNLOAD_SIZE},
                                                 {"download-seconds", required_argument, NULL, DOWNLOAD_SECONDS},
                                                 {"request-seconds", required_argument, NULL, REQUEST_SECONDS},
                                                 {"ingest", required_argument, NULL, INGEST},
                                                 {"trust-proxy", required_argument, NULL, TRUST_PROXY},
                                                 {"proxy-user-header", required_argument, NULL, PROXY_USER_HEADER},
                                                 {"plain-cookies", no_argument, NULL, PLAIN_COOKIES},
                                                 {"help", no_argument, NULL, HELP},
                                                 {"version", no_argument, NULL, VERSION},
                                                 {NULL, 0, NULL, 0}};
    dk_store_process_begin();
    dk_server_options options = {.config = {.base_path = "",
                                            .cache_size = (size_t)256 << 20,
                                            .index_cache_size = (size_t)64 << 20,
                                            .download_rows = 2000000,
                                            .download_size = (size_t)8 << 30,
                                            .download_seconds = 1800},
                                 .listen = default_listen,
                                 .threads = default_threads(),
                                 .request_seconds = 60,
                                 .temp_dir = default_temp_dir()};
    const char *token_file = NULL;
    dk_error error;
    dk_prefix proxies[DK_PROXIES_MAX];
    options.callers.proxies = proxies;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        char *end;
        size_t seconds;
        switch (option) {
        case LISTEN:
            options.listen = optarg;
            if (dk_listen_check(optarg, &error) != DK_OK)
                return usage(error.text, "");
            break;
        case THREADS:
            options.threads = strtoul(optarg, &end, 10);
            if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || options.threads < 1 ||
                options.threads > DK_THREADS_MAX)
                return usage("--threads takes a number from 1 to 256, not ", optarg);
            break;
        case CACHE_SIZE:
            if (!parse_size(optarg, &options.config.cache_size))
                return usage("--cache-size takes a number of bytes, perhaps with K, M or G behind, not ", optarg);
            break;
        case INDEX_CACHE:
            if (!parse_size(optarg, &options.config.index_cache_size))
                return usage("--index-cache takes a number of bytes, perhaps with K, M or G behind, not ", optarg);
            if (options.config.index_cache_size > 0 && options.config.index_cache_size < DK_SHEET_CACHE_LEAST)
                return usage("--index-cache needs 1M at least, or 0 for none, not ", optarg);
            break;
        case BASE_PATH:
            options.config.base_path = strcmp(optarg, "/") == 0 ? "" : optarg;
            if (!base_path_valid(options.config.base_path))
                return usage("--base-path takes a path such as /land, without a slash at its end, not ", optarg);
            break;
        case TOKEN_FILE:
            token_file = optarg;
            break;
        case TIANDITU_KEY:
            if (!key_valid(optarg))
                return usage("--tianditu-key takes a key of letters and digits", "");
            options.config.tianditu_key = optarg;
            break;
        case LOG_REQUESTS:
            options.config.log_requests = true;
            break;
        case TEMP_DIR:
            options.temp_dir = optarg;
            break;
        case DOWNLOAD_ROWS:
            if (!parse_count(optarg, &options.config.download_rows))
                return usage("--download-rows takes a number from 1 on, not ", optarg);
            break;
        case DOWNLOAD_SIZE:
            if (!parse_size(optarg, &options.config.download_size) || options.config.download_size == 0)
                return usage("--download-size takes a number of bytes, perhaps with K, M or G behind, not ", optarg);
            break;
        case DOWNLOAD_SECONDS:
            if (!parse_count(optarg, &seconds) || seconds > 1000000)
                return usage("--download-seconds takes a number from 1 to 1000000, not ", optarg);
            options.config.download_seconds = (unsigned)seconds;
            break;
        case REQUEST_SECONDS:
            if (!parse_count(optarg, &seconds) || seconds > 1000000)
                return usage("--request-seconds takes a number from 1 to 1000000, not ", optarg);
            options.request_seconds = (unsigned)seconds;
            break;
        case INGEST:
            options.config.ingest = optarg;
            break;
        case TRUST_PROXY:
            if (options.callers.n_proxies == DK_PROXIES_MAX)
                return usage("at most 16 --trust-proxy, not also ", optarg);
            if (!dk_prefix_read(optarg, &proxies[options.callers.n_proxies]))
                return usage("--trust-proxy takes an address such as 127.0.0.1 or 10.0.0.0/8, not ", optarg);
            options.callers.n_proxies++;
            break;
        case PROXY_USER_HEADER:
            if (!header_name_valid(optarg))
                return usage("--proxy-user-header takes a name that nothing else uses, such as X-Remote-User, not ",
                             optarg);
            options.callers.user_header = optarg;
            break;
        case PLAIN_COOKIES:
            options.callers.plain_cookies = true;
            break;
        case 'h':
        case HELP:
            print_help(stdout);
            return 0;
        case VERSION:
            printf("dikuai-tiler %s\n", DK_PROGRAM_VERSION);
            return 0;
        default:
            return usage("unknown option, or one without its value: ", argv[optind - 1]);
        }
    }
    if (argc - optind != 1)
        return usage(argc == optind ? "the STORE to serve is missing" : "one STORE is served, more are given", "");
    options.config.store_path = argv[optind];
    if (options.callers.user_header != NULL && options.callers.n_proxies == 0)
        return usage("--proxy-user-header needs --trust-proxy: from which address is it believed?", "");

    dk_tokens *tokens = NULL;
    bool exposed = false;
    if (token_file != NULL && dk_tokens_read(token_file, &tokens, &exposed, &error) != DK_OK) {
        fprintf(stderr, "dikuai-tiler: %s\n", error.text);
        return 1;
    }
    if (exposed)
        fprintf(stderr, "dikuai-tiler: other users of this machine can read %s; chmod 600 it\n", token_file);
    options.callers.tokens = tokens;
    const int status = serve(&options);
    dk_tokens_free(tokens);
    return status;
}
