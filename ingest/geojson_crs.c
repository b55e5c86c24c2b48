#include "ingest/geojson_crs.h"

#include "ingest/file_blocks.h"

#include <cpl_error.h>
#include <jansson.h>
#include <proj.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char member[] = "\"crs\"";

/* ---- where it stands ---- */

typedef struct finding {
    char before[sizeof member - 2]; /* the end of what came before, in which the word may have begun */
    size_t n_before;
    bool found;
} finding;

/* Whether the word stands anywhere in the file. Most have none, and are not looked at letter by letter. */
static bool find_word(const char *block, size_t size, void *user)
{
    finding *self = user;
    char joint[2 * sizeof self->before];
    const size_t head = size < sizeof self->before ? size : sizeof self->before, n = self->n_before + head;
    memcpy(joint, self->before, self->n_before);
    memcpy(joint + self->n_before, block, head);
    self->found =
        memmem(joint, n, member, sizeof member - 1) != NULL || memmem(block, size, member, sizeof member - 1) != NULL;
    /* A block shorter than the word leaves some of what came before it. */
    const char *end = size > head ? block + size : joint + n;
    self->n_before = size > head || n > sizeof self->before ? sizeof self->before : n;
    memcpy(self->before, end - self->n_before, self->n_before);
    return !self->found;
}

typedef struct place {
    int depth;                     /* of brackets; 1: the members of the object */
    bool in_text, escaped, inside; /* inside: the value of crs */
    char last[sizeof member];      /* the text that ended last, with its quotes, as far as there is room */
    size_t n_last;
} place;

/* A character of the file; false: the value, or the object, ends before it. */
static bool take(place *at, char c, dk_buf *out)
{
    if (!at->in_text && at->depth == 1 && (c == '}' || (c == ',' && at->inside)))
        return false;
    if (at->inside)
        dk_buf_byte(out, (unsigned char)c < ' ' ? ' ' : (unsigned char)c);
    if (at->in_text) {
        if (at->n_last < sizeof at->last)
            at->last[at->n_last++] = c;
        at->in_text = at->escaped || c != '"';
        at->escaped = !at->escaped && c == '\\';
    } else if (c == '"') {
        at->in_text = true;
        at->last[0] = c;
        at->n_last = 1;
    } else if (c == '{' || c == '[') {
        at->depth++;
    } else if (c == '}' || c == ']') {
        at->depth--;
    } else if (c == ':' && at->depth == 1 && !at->inside) {
        at->inside = at->n_last == sizeof member - 1 && memcmp(at->last, member, at->n_last) == 0;
    }
    return at->depth > 0 || c != ']';
}

typedef struct taking {
    place at;
    dk_buf *out;
    size_t start; /* of the value in out */
} taking;

static bool take_all(const char *block, size_t size, void *user)
{
    taking *self = user;
    bool more = true;
    for (size_t i = 0; i < size && more; i++)
        more = take(&self->at, block[i], self->out) && self->out->size - self->start < DK_GEOJSON_CRS_BYTES;
    return more;
}

dk_status dk_geojson_crs_text(const char *file, const char *path, dk_buf *out, dk_error *err)
{
    const size_t start = out->size;
    finding word = {0};
    taking value = {.out = out, .start = start};
    dk_status status = dk_file_blocks(file, path, find_word, &word, err);
    if (status == DK_OK && word.found)
        status = dk_file_blocks(file, path, take_all, &value, err);
    while (out->size > start && out->data[out->size - 1] == ' ')
        out->size--;
    size_t blanks = 0;
    while (start + blanks < out->size && out->data[start + blanks] == ' ')
        blanks++;
    if (blanks > 0) {
        memmove(out->data + start, out->data + start + blanks, out->size - start - blanks);
        out->size -= blanks;
    }
    if (out->size - start == 4 && memcmp(out->data + start, "null", 4) == 0)
        out->size = start;
    return status == DK_OK && out->failed ? dk_fail(err, DK_NOMEM, "%s: out of memory", path) : status;
}

/* ---- what it means ---- */

static bool is(const json_t *text, const char *word)
{
    return json_is_string(text) && strcasecmp(json_string_value(text), word) == 0;
}

/* The name of a system, CGCS2000 / 3-degree Gauss-Kruger zone 39, or its WKT: by PROJ, as GDAL would open a file of
 * that name. */
static bool from_words(OGRSpatialReferenceH srs, const char *name)
{
    PJ_CONTEXT *context = proj_context_create();
    if (context == NULL)
        return false;
    proj_log_level(context, PJ_LOG_NONE);
    PJ *crs = proj_create(context, name);
    const char *wkt = crs != NULL && proj_is_crs(crs) ? proj_as_wkt(context, crs, PJ_WKT2_2019, NULL) : NULL;
    char *text = (char *)(uintptr_t)wkt; /* read only, though the prototype is not const */
    const bool good = text != NULL && OSRImportFromWkt(srs, &text) == OGRERR_NONE;
    proj_destroy(crs);
    proj_context_destroy(context);
    return good;
}

static bool from_name(OGRSpatialReferenceH srs, const char *name)
{
    static const char *const codes[] = {"EPSG:", "urn:", "http://", "https://"}; /* of which no file is looked for */
    if (strcasestr(name, "CRS84") != NULL || strcasestr(name, "CRS:84") != NULL)
        return OSRImportFromEPSG(srs, 4326) == OGRERR_NONE; /* whose order in a GeoJSON is the same */
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strncasecmp(name, codes[i], strlen(codes[i])) == 0)
            return OSRSetFromUserInput(srs, name) == OGRERR_NONE;
    return from_words(srs, name);
}

/* The types of the GeoJSON of 2008 and of its drafts. */
static bool from_member(OGRSpatialReferenceH srs, const json_t *crs)
{
    const json_t *type = json_object_get(crs, "type"), *properties = json_object_get(crs, "properties");
    const json_t *code = json_object_get(properties, "code"), *name = NULL;
    if (is(type, "EPSG"))
        return OSRImportFromEPSG(srs, json_is_integer(code)  ? (int)json_integer_value(code)
                                      : json_is_string(code) ? atoi(json_string_value(code))
                                                             : 0) == OGRERR_NONE;
    if (is(type, "name"))
        name = json_object_get(properties, "name");
    else if (is(type, "OGC"))
        name = json_object_get(properties, "urn");
    return json_is_string(name) && from_name(srs, json_string_value(name));
}

OGRSpatialReferenceH dk_geojson_crs(const char *text, size_t size)
{
    json_t *crs = json_loadb(text, size, 0, NULL);
    OGRSpatialReferenceH srs = crs != NULL ? OSRNewSpatialReference(NULL) : NULL;
    if (srs != NULL && !from_member(srs, crs)) {
        OSRRelease(srs);
        srs = NULL;
    }
    json_decref(crs);
    CPLErrorReset();
    return srs;
}
