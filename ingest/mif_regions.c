#include "ingest/mif_regions.h"

#include "ingest/dbf.h"
#include "ingest/file_blocks.h"
#include "store/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct pass {
    const char *path;
    enum { HEAD = 0, OUTSIDE, COUNT, POINTS, BEHIND } at;
    long n_rings, n_points; /* that are still to come */
    char line[256];         /* under way; of a longer one the beginning */
    size_t n_line;
    int64_t number; /* of it */
    dk_status failed;
    dk_error *err;
} pass;

static const char between[] = " \t,";

/* The next word of the line, or "" behind the last. */
static char *next_word(char **io_at)
{
    char *word = *io_at + strspn(*io_at, between);
    char *end = word + strcspn(word, between);
    *io_at = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return word;
}

static bool is_number(const char *word)
{
    const unsigned char *number;
    size_t n;
    const dk_dbf_number kind = dk_dbf_number_read((const unsigned char *)word, strlen(word), &number, &n);
    return kind == DK_DBF_WHOLE || kind == DK_DBF_DECIMAL;
}

/* -1: it is none. */
static long to_count(const char *word)
{
    return *word != '\0' && strspn(word, "0123456789") == strlen(word) ? strtol(word, NULL, 10) : -1;
}

static void refuse(pass *self, const char *word, const char *wanted)
{
    self->failed =
        dk_fail(self->err, DK_INVALID, "%s, line %lld: \"%.*s\" stands where %s; correct it, or export the table again",
                self->path, (long long)self->number, dk_utf8_fit(word, 30), word, wanted);
}

static void end_ring(pass *self)
{
    self->n_rings--;
    self->at = self->n_rings > 0 ? COUNT : BEHIND;
}

static void take_points(pass *self, char *word, char **io_at)
{
    for (int i = 0; i < 2 && self->failed == DK_OK; i++, word = next_word(io_at))
        if (!is_number(word))
            refuse(self, word, "a coordinate of a region must be");
    if (--self->n_points == 0)
        end_ring(self);
}

static void take_line(pass *self)
{
    self->line[self->n_line] = '\0';
    char *at = self->line, *word = next_word(&at);
    if (*word == '\0')
        return;
    switch (self->at) {
    case HEAD:
        self->at = strcasecmp(word, "Data") == 0 ? OUTSIDE : HEAD;
        return;
    case COUNT:
        self->n_points = to_count(word);
        if (self->n_points < 0)
            refuse(self, word, "the number of points of a ring must be");
        else if (self->n_points == 0)
            end_ring(self);
        else
            self->at = POINTS;
        return;
    case POINTS:
        take_points(self, word, &at);
        return;
    case BEHIND:
        if (strchr("+-.0123456789", *word) != NULL) {
            refuse(self, word, "a region is over, whose rings and points are more than it announces");
            return;
        }
        break;
    case OUTSIDE:
        break;
    }
    self->at = OUTSIDE;
    if (strcasecmp(word, "Region") != 0)
        return;
    self->n_rings = to_count(next_word(&at)); /* of another GDAL makes an error */
    if (self->n_rings > 0)
        self->at = COUNT;
}

static bool take(const char *block, size_t size, void *user)
{
    pass *self = user;
    for (size_t i = 0; i < size && self->failed == DK_OK; i++) {
        const char c = block[i];
        if (c == '\n' || c == '\r') {
            take_line(self);
            self->n_line = 0;
            self->number += c == '\n';
        } else if (self->n_line + 1 < sizeof self->line) {
            self->line[self->n_line++] = c;
        }
    }
    return self->failed == DK_OK;
}

dk_status dk_mif_regions_check(const char *file, const char *path, dk_error *err)
{
    pass self = {.path = path, .number = 1, .err = err};
    const dk_status status = dk_file_blocks(file, path, take, &self, err);
    if (status == DK_OK && self.failed == DK_OK)
        take_line(&self);
    return status != DK_OK ? status : self.failed;
}
