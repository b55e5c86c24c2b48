#include "ingest/geojson_whole.h"

#include "ingest/file_blocks.h"
#include "store/buf.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_SEPARATOR 0x1E

typedef struct records {
    char separator; /* 0: before the first byte */
    bool something; /* in the record under way */
    int64_t n;
} records;

static bool count_records(const char *block, size_t size, void *user)
{
    records *self = user;
    if (self->separator == 0)
        self->separator = block[0] == RECORD_SEPARATOR ? RECORD_SEPARATOR : '\n';
    for (size_t i = 0; i < size; i++) {
        if (self->something) {
            const char *end = memchr(block + i, self->separator, size - i);
            i = end != NULL ? (size_t)(end - block) : size;
            self->something = end == NULL;
        } else if ((unsigned char)block[i] > ' ') {
            self->something = true;
            self->n++;
        }
    }
    return true;
}

dk_status dk_geojson_records(const char *file, const char *path, int64_t *ret_n, dk_error *err)
{
    records found = {0};
    const dk_status status = dk_file_blocks(file, path, count_records, &found, err);
    if (status == DK_OK)
        *ret_n = found.n;
    return status;
}

typedef struct behind {
    int depth;
    bool in_text, escaped, ended;
    int64_t line, found; /* found: the line of what stands behind; 0: nothing yet */
} behind;

static bool look_behind(const char *block, size_t size, void *user)
{
    behind *self = user;
    for (size_t i = 0; i < size && self->found == 0; i++) {
        const char c = block[i];
        self->line += c == '\n';
        if (self->in_text) {
            self->in_text = self->escaped || c != '"';
            self->escaped = !self->escaped && c == '\\';
        } else if (self->ended) {
            self->found = (unsigned char)c > ' ' ? self->line : 0;
        } else if (c == '"') {
            self->in_text = true;
        } else if (c == '{' || c == '[') {
            self->depth++;
        } else if (c == '}' || c == ']') {
            self->ended = --self->depth <= 0;
        }
    }
    return self->found == 0;
}

dk_status dk_geojson_behind(const char *file, const char *path, int64_t *ret_line, dk_error *err)
{
    behind self = {.line = 1};
    const dk_status status = dk_file_blocks(file, path, look_behind, &self, err);
    if (status == DK_OK)
        *ret_line = self.found;
    return status;
}

/* ---- coordinates that are no numbers ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

typedef struct suspicion {
    char last; /* that is no blank, of the block before */
    bool found;
} suspicion;

static bool in_number(char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

/* A null, a text of digits or a number alone in a list, wherever: few files have any, and the others need not be taken
 * apart. A number that began in the block before may be such. */
static bool suspect(const char *block, size_t size, void *user)
{
    suspicion *self = user;
    for (const char *at = block; !self->found && (at = memchr(at, 'n', size - (size_t)(at - block))) != NULL; at++) {
        const char *before = at;
        while (before > block && is_blank(before[-1]))
            before--;
        const char c = before > block ? before[-1] : self->last;
        self->found = c == '[' || c == ',';
    }
    for (const char *at = block; !self->found && (at = memchr(at, '"', size - (size_t)(at - block))) != NULL; at++) {
        const char *before = at;
        while (before > block && is_blank(before[-1]))
            before--;
        self->found = (before > block ? before[-1] : self->last) == '[';
    }
    for (const char *at = block; !self->found && (at = memchr(at, ']', size - (size_t)(at - block))) != NULL; at++) {
        const char *before = at;
        while (before > block && is_blank(before[-1]))
            before--;
        if (!in_number(before > block ? before[-1] : self->last))
            continue;
        while (before > block && (in_number(before[-1]) || is_blank(before[-1])))
            before--;
        self->found = before == block || before[-1] == '[';
    }
    size_t end = size;
    while (end > 0 && is_blank(block[end - 1]))
        end--;
    if (end > 0)
        self->last = block[end - 1];
    return !self->found;
}

/* How deep features stand in brackets: in the list of a FeatureCollection, or alone. The members of their geometries
 * are two deeper. */
enum { IN_COLLECTION = 2, ALONE = 0, DEEP = IN_COLLECTION + 2 };
typedef enum key { OTHER = 0, FEATURES, GEOMETRY, COORDINATES } key;

typedef struct walk {
    int base; /* of the two */
    int depth;
    bool in_text, escaped, failed, comma; /* comma: since the last [ */
    char last, text[16];                  /* last: that is no blank; text: the beginning of the one that ended last */
    size_t n_text;
    key keys[DEEP + 1]; /* by depth, the last */
    dk_geojson_holes *holes;
    bool undrawn; /* features without a geometry are looked for, and not holes */
    bool drawn;   /* the feature under way has one */
} walk;

static key key_of(const char *text, size_t size)
{
    static const char *const names[] = {
        [FEATURES] = "features", [GEOMETRY] = "geometry", [COORDINATES] = "coordinates"};
    for (size_t i = FEATURES; i <= COORDINATES; i++)
        if (strlen(names[i]) == size && memcmp(text, names[i], size) == 0)
            return (key)i;
    return OTHER;
}

static bool in_features(const walk *self)
{
    return self->base == ALONE || (self->depth >= IN_COLLECTION && self->keys[1] == FEATURES);
}

static bool in_coordinates(const walk *self)
{
    return self->depth > self->base + 2 && self->keys[self->base + 2] == COORDINATES &&
           self->keys[self->base + 1] == GEOMETRY && in_features(self);
}

/* The feature under way is one of those that are looked for. */
static bool add_hole(dk_geojson_holes *holes)
{
    if (holes->n_features == 0 || (holes->n > 0 && holes->rows[holes->n - 1] == holes->n_features))
        return true;
    if (!dk_grow(&holes->rows, &holes->capacity, holes->n + 1, sizeof *holes->rows))
        return false;
    holes->rows[holes->n++] = holes->n_features;
    return true;
}

static bool look_for_holes(const char *block, size_t size, void *user)
{
    walk *self = user;
    for (size_t i = 0; i < size; i++) {
        const char c = block[i];
        if (self->in_text) {
            self->in_text = self->escaped || c != '"';
            self->escaped = !self->escaped && c == '\\';
            if (self->in_text && self->n_text < sizeof self->text)
                self->text[self->n_text++] = c;
            continue;
        }
        if (is_blank(c))
            continue;
        const bool begins = self->last == '[' || self->last == ',';
        const bool other = begins && (c == '"' || c == 'n' || c == 't' || c == 'f' || c == '{');
        const bool alone = c == ']' && !self->comma && in_number(self->last); /* a position has two numbers at least */
        const bool hole = !self->undrawn && (other || alone) && in_coordinates(self);
        const bool undrawn =
            self->undrawn && c == '}' && self->depth == self->base + 1 && in_features(self) && !self->drawn;
        if ((hole || undrawn) && !add_hole(self->holes)) {
            self->failed = true;
            return false;
        }
        self->comma = c == ',' || (c != '[' && self->comma);
        const bool geometry = self->depth == self->base + 1 && self->last == ':' && self->keys[self->depth] == GEOMETRY;
        if (c == '"') {
            self->in_text = true;
            self->n_text = 0;
            self->drawn |= geometry; /* as a text, which programs make of it that forget what it is */
        } else if (c == '{' || c == '[') {
            const bool feature = c == '{' && self->depth == self->base && in_features(self);
            self->holes->n_features += feature;
            self->drawn = !feature && (self->drawn || geometry);
            if (++self->depth <= DEEP)
                self->keys[self->depth] = OTHER;
        } else if (c == '}' || c == ']') {
            if (self->last == '[' && self->depth == self->base + 3 && in_coordinates(self))
                self->drawn = false; /* coordinates that are an empty list may be taken for null (RFC 7946, 3.1) */
            self->depth -= self->depth > 0; /* of a line by itself, not of what others lack */
        } else if (c == ':' && self->depth >= 1 && self->depth <= DEEP) {
            self->keys[self->depth] = key_of(self->text, self->n_text);
        }
        self->last = c;
    }
    return true;
}

static dk_status walk_all(const char *file, const char *path, int base, bool undrawn, dk_geojson_holes *holes,
                          dk_error *err)
{
    walk self = {.base = base, .undrawn = undrawn, .holes = holes};
    const dk_status status = dk_file_blocks(file, path, look_for_holes, &self, err);
    return status == DK_OK && self.failed ? dk_fail(err, DK_NOMEM, "%s: out of memory", path) : status;
}

/* The list of a FeatureCollection, or else one feature or lines of them. */
static dk_status find(const char *file, const char *path, bool line_by_line, bool undrawn, dk_geojson_holes *ret_found,
                      dk_error *err)
{
    dk_status status = DK_OK;
    if (!line_by_line)
        status = walk_all(file, path, IN_COLLECTION, undrawn, ret_found, err);
    if (status == DK_OK && ret_found->n_features == 0)
        status = walk_all(file, path, ALONE, undrawn, ret_found, err);
    if (status != DK_OK)
        dk_geojson_holes_finish(ret_found);
    return status;
}

dk_status dk_geojson_find_holes(const char *file, const char *path, bool line_by_line, dk_geojson_holes *ret_holes,
                                dk_error *err)
{
    suspicion any = {0};
    *ret_holes = (dk_geojson_holes){0};
    const dk_status status = dk_file_blocks(file, path, suspect, &any, err);
    return status == DK_OK && any.found ? find(file, path, line_by_line, false, ret_holes, err) : status;
}

dk_status dk_geojson_find_undrawn(const char *file, const char *path, bool line_by_line, dk_geojson_holes *ret_undrawn,
                                  dk_error *err)
{
    *ret_undrawn = (dk_geojson_holes){0};
    return find(file, path, line_by_line, true, ret_undrawn, err);
}

void dk_geojson_holes_finish(dk_geojson_holes *holes)
{
    free(holes->rows);
    *holes = (dk_geojson_holes){0};
}
