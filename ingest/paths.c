#include "ingest/paths.h"

#include <string.h>
#include <sys/stat.h>

bool dk_beside_store(const char *path, const char *store)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", "-lock", ".access", ".log-key"};
    const char *slash = strrchr(path, '/'), *store_slash = strrchr(store, '/');
    const char *name = slash ? slash + 1 : path, *store_name = store_slash ? store_slash + 1 : store;
    const size_t size = strlen(store_name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strncmp(name, store_name, size) == 0 && strcmp(name + size, endings[i]) == 0)
            return true; /* whatever the folder: such a name is a mistake anywhere */
    return false;
}

bool dk_same_file(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool dk_over_input(const char *path, const dk_options *options)
{
    const char *const others[] = {options->store, options->join, options->settings.transformation, options->profile,
                                  options->log_key};
    bool over = dk_beside_store(path, options->store);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        over |= others[i] != NULL && dk_same_file(path, others[i]);
    for (size_t i = 0; i < options->n_sources; i++)
        over |= dk_same_file(path, options->sources[i]);
    return over;
}

const char *dk_shown_path(const char *path)
{
    const char *last = path;
    for (const char *c = path; path[0] == '/' && *c != '\0'; c++)
        if (*c == '/' && c[1] != '/' && c[1] != '\0')
            last = c + 1;
    return last;
}
