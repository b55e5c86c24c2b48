#include "tiler/viewer.h"

#include "store/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_TOKEN = 256, MIN_TOKEN = 8, MAX_TOKENS = 10000 };

typedef struct token {
    unsigned char bytes[MAX_TOKEN]; /* padded with zeros, so that all comparisons are equally long */
    size_t size;
    dk_viewer viewer;
    char name[DK_TOKEN_FILE_NAME + 1];
} token;

struct dk_tokens {
    token *items;
    size_t n, capacity;
};

/* [AUDIENCE:]PREFIX */
static bool read_scope(const char *text, dk_viewer *ret_viewer)
{
    static const struct {
        const char *mark;
        dk_audience audience;
    } audiences[] = {{"group:", DK_GROUP}, {"request:", DK_ON_REQUEST}, {"staff:", DK_STAFF}};
    dk_audience audience = DK_STAFF;
    for (size_t i = 0; i < sizeof audiences / sizeof *audiences; i++)
        if (strncmp(text, audiences[i].mark, strlen(audiences[i].mark)) == 0) {
            audience = audiences[i].audience;
            text += strlen(audiences[i].mark);
            break;
        }
    return text[0] != '\0' && dk_viewer_scoped(audience, strcmp(text, "*") == 0 ? "" : text, ret_viewer);
}

/* The rest of a line, by which the trail calls them. */
static void read_name(const char *rest, size_t number, char ret_name[DK_TOKEN_FILE_NAME + 1])
{
    rest = rest != NULL ? rest + strspn(rest, " \t") : "";
    size_t size = strlen(rest);
    while (size > 0 && (rest[size - 1] == ' ' || rest[size - 1] == '\t'))
        size--;
    if (size == 0)
        snprintf(ret_name, DK_TOKEN_FILE_NAME + 1, "line %zu", number);
    else
        snprintf(ret_name, DK_TOKEN_FILE_NAME + 1, "%.*s",
                 dk_utf8_fit(rest, size < DK_TOKEN_FILE_NAME ? size : DK_TOKEN_FILE_NAME), rest);
    dk_text_clean(ret_name);
}

static dk_status add_line(dk_tokens *tokens, char *line, const char *path, size_t number, dk_error *err)
{
    char *save = NULL;
    line[strcspn(line, "#\r\n")] = '\0';
    const char *text = strtok_r(line, " \t", &save);
    if (text == NULL)
        return DK_OK;
    const char *prefix = strtok_r(NULL, " \t", &save);
    if (prefix == NULL)
        return dk_fail(
            err, DK_INVALID,
            "%s:%zu: a line is TOKEN DIVISION-PREFIX NAME; the division prefix is missing (* for the whole store)",
            path, number);
    const size_t size = strlen(text);
    if (size < MIN_TOKEN || size > MAX_TOKEN)
        return dk_fail(err, DK_INVALID, "%s:%zu: a token has %d to %d characters, this one has %zu", path, number,
                       MIN_TOKEN, MAX_TOKEN, size);
    if (tokens->n == MAX_TOKENS)
        return dk_fail(err, DK_LIMIT, "%s:%zu: more than %d tokens", path, number, MAX_TOKENS);
    if (tokens->n == tokens->capacity) {
        const size_t capacity = tokens->capacity > 0 ? tokens->capacity * 2 : 16;
        token *items = realloc(tokens->items, capacity * sizeof *items);
        if (items == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        tokens->items = items;
        tokens->capacity = capacity;
    }
    token *item = &tokens->items[tokens->n];
    memset(item, 0, sizeof *item);
    memcpy(item->bytes, text, size);
    item->size = size;
    if (!read_scope(prefix, &item->viewer))
        return dk_fail(err, DK_INVALID,
                       "%s:%zu: a division prefix has 1 to 12 digits, or is * for the whole store; staff:, request: or "
                       "group: may stand before it",
                       path, number);
    read_name(strtok_r(NULL, "", &save), number, item->name);
    tokens->n++;
    return DK_OK;
}

dk_status dk_tokens_read(const char *path, dk_tokens **ret_tokens, bool *ret_exposed, dk_error *err)
{
    char *line = NULL;
    size_t capacity = 0, number = 0;
    struct stat info;
    dk_status status = DK_OK;
    dk_tokens *tokens = calloc(1, sizeof *tokens);
    FILE *file = fopen(path, "r");
    if (tokens == NULL) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    if (file == NULL || fstat(fileno(file), &info) != 0) {
        status = dk_fail(err, DK_IO, "the token file %s cannot be read: %s", path, strerror(errno));
        goto out;
    }
    while (status == DK_OK && getline(&line, &capacity, file) >= 0)
        status = add_line(tokens, line, path, ++number, err);
    if (status == DK_OK && ferror(file))
        status = dk_fail(err, DK_IO, "the token file %s cannot be read: %s", path, strerror(errno));
    if (status == DK_OK && tokens->n == 0)
        status =
            dk_fail(err, DK_INVALID, "the token file %s holds no token; a line is TOKEN DIVISION-PREFIX NAME", path);
    if (status == DK_OK) {
        *ret_exposed = (info.st_mode & (S_IRWXG | S_IRWXO)) != 0;
        *ret_tokens = tokens;
        tokens = NULL;
    }
out:
    if (line != NULL)
        explicit_bzero(line, capacity);
    free(line);
    if (file != NULL)
        fclose(file);
    dk_tokens_free(tokens);
    return status;
}

void dk_tokens_free(dk_tokens *tokens)
{
    if (tokens == NULL)
        return;
    if (tokens->items != NULL)
        explicit_bzero(tokens->items, tokens->capacity * sizeof *tokens->items);
    free(tokens->items);
    free(tokens);
}

/* 0 if equal; always MAX_TOKEN steps. */
static unsigned difference(const token *item, const unsigned char *bytes, size_t size)
{
    unsigned d = (unsigned)(item->size ^ size);
    for (size_t i = 0; i < MAX_TOKEN; i++)
        d |= (unsigned)(item->bytes[i] ^ bytes[i]);
    return d;
}

bool dk_tokens_find(const dk_tokens *tokens, const char *text, size_t size, size_t *ret_place)
{
    if (tokens == NULL || size > MAX_TOKEN)
        return false;
    unsigned char bytes[MAX_TOKEN] = {0};
    memcpy(bytes, text, size);
    size_t found = tokens->n;
    for (size_t i = 0; i < tokens->n; i++) {
        const unsigned d = difference(&tokens->items[i], bytes, size);
        found = d == 0 ? i : found;
    }
    explicit_bzero(bytes, sizeof bytes);
    if (found == tokens->n)
        return false;
    *ret_place = found;
    return true;
}

bool dk_tokens_at(const dk_tokens *tokens, size_t place, dk_viewer *ret_viewer, const char **ret_name)
{
    if (tokens == NULL || place >= tokens->n)
        return false;
    *ret_viewer = tokens->items[place].viewer;
    *ret_name = tokens->items[place].name;
    return true;
}
