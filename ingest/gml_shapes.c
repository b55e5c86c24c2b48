#include "ingest/gml_shapes.h"

#include "ingest/dbf.h"
#include "ingest/encoding.h"
#include "ingest/file_blocks.h"
#include "store/text.h"

#include <expat.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DEPTH = 64 }; /* elements below it are not looked at */

typedef struct level {
    bool boundary, polygon, several; /* several: it may have more than one geometry */
    int n_rings, n_exteriors, n_geometries;
} level;

typedef struct pass {
    XML_Parser parser;
    const char *path;
    level levels[DEPTH];
    int depth;
    bool in_numbers; /* of coordinates that are written as usual */
    char number[64]; /* under way; of a longer one the beginning */
    size_t n_number;
    dk_status failed;
    dk_error *err;
} pass;

static void refuse(pass *self, const char *what)
{
    if (self->failed != DK_OK)
        return;
    self->failed = dk_fail(self->err, DK_INVALID, "%s, line %lld: %s", self->path,
                           (long long)XML_GetCurrentLineNumber(self->parser), what);
    XML_StopParser(self->parser, XML_FALSE);
}

static bool is_one_of(const char *element, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(element, *names) == 0)
            return true;
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Tuples may be separated by other characters (GML 2), which GDAL knows. */
static bool is_usual(const XML_Char **attributes)
{
    for (size_t i = 0; attributes[i] != NULL; i += 2)
        if (strcmp(attributes[i], "decimal") == 0 || strcmp(attributes[i], "cs") == 0 ||
            strcmp(attributes[i], "ts") == 0)
            if (strcmp(attributes[i + 1], attributes[i][0] == 'd' ? "." : attributes[i][0] == 'c' ? "," : " ") != 0)
                return false;
    return true;
}

static void end_number(pass *self)
{
    const unsigned char *number;
    size_t n;
    char what[160];
    if (self->n_number == 0)
        return;
    self->number[self->n_number] = '\0';
    const dk_dbf_number kind = dk_dbf_number_read((const unsigned char *)self->number, self->n_number, &number, &n);
    self->n_number = 0;
    if (kind == DK_DBF_WHOLE || kind == DK_DBF_DECIMAL ||
        strcasecmp(self->number + (self->number[0] == '-'), "nan") == 0)
        return;
    snprintf(what, sizeof what, "among the coordinates stands \"%.*s\", which is no number; correct it",
             dk_utf8_fit(self->number, 30), self->number);
    refuse(self, what);
}

static void on_start(void *user, const XML_Char *element, const XML_Char **attributes)
{
    static const char *const boundaries[] = {"exterior", "interior", "outerBoundaryIs", "innerBoundaryIs", NULL};
    static const char *const surfaces[] = {
        "Polygon", "MultiPolygon", "MultiSurface", "Surface", "CompositeSurface", "MultiGeometry", NULL};
    static const char *const numbers[] = {"posList", "pos", "coordinates", NULL};
    pass *self = user;
    const char *colon = strrchr(element, ':'), *name = colon != NULL ? colon + 1 : element;
    level *above = self->depth > 0 && self->depth <= DEPTH ? &self->levels[self->depth - 1] : NULL;
    const bool boundary = is_one_of(name, boundaries);
    if (above != NULL && above->boundary && ++above->n_rings == 2)
        refuse(
            self,
            "a boundary of a polygon has several rings, of which one alone would be read; give each a boundary of its "
            "own");
    if (above != NULL && above->polygon && boundary && (name[0] == 'e' || name[0] == 'o') && ++above->n_exteriors == 2)
        refuse(self,
               "a polygon has several exteriors, of which one alone would be read; give each a Polygon of its own");
    if (above != NULL && !above->several && is_one_of(name, surfaces) && ++above->n_geometries == 2)
        refuse(self,
               "a property has several geometries, of which one alone would be read; put them into one MultiSurface");
    if (self->depth++ < DEPTH)
        self->levels[self->depth - 1] =
            (level){.boundary = boundary,
                    .polygon = strcmp(name, "Polygon") == 0 || strcmp(name, "PolygonPatch") == 0,
                    .several = ends_with(name, "embers") || ends_with(name, "atches")};
    self->in_numbers = is_one_of(name, numbers) && is_usual(attributes);
    self->n_number = 0;
}

static void on_end(void *user, const XML_Char *element)
{
    pass *self = user;
    (void)element;
    if (self->in_numbers)
        end_number(self);
    self->in_numbers = false;
    self->depth--;
}

static void on_text(void *user, const XML_Char *text, int size)
{
    pass *self = user;
    for (int i = 0; i < size && self->in_numbers; i++) {
        if (strchr(" \t\r\n,", text[i]) != NULL)
            end_number(self);
        else if (self->n_number + 1 < sizeof self->number)
            self->number[self->n_number++] = text[i];
    }
}

/* What is looked at is ASCII: any character does for what the two bytes of another are. */
static int any_character(void *data, const char *bytes)
{
    (void)data, (void)bytes;
    return 0x4E00;
}

/* Chinese encodings, which GDAL reads and Expat does not know; four bytes of GB18030 are twice two. */
static int on_encoding(void *user, const XML_Char *name, XML_Encoding *ret_encoding)
{
    dk_encoding declared;
    (void)user;
    if (!dk_encoding_declared(name, &declared) || declared != DK_ENCODING_GB18030)
        return XML_STATUS_ERROR;
    for (int byte = 0; byte < 256; byte++)
        ret_encoding->map[byte] = byte < 0x80 ? byte : byte == 0x80 || byte == 0xFF ? -1 : -2;
    ret_encoding->data = NULL;
    ret_encoding->convert = any_character;
    ret_encoding->release = NULL;
    return XML_STATUS_OK;
}

static bool parse(const char *block, size_t size, void *user)
{
    pass *self = user;
    return XML_Parse(self->parser, block, (int)size, 0) == XML_STATUS_OK;
}

dk_status dk_gml_shapes_check(const char *file, const char *path, dk_error *err)
{
    pass self = {.parser = XML_ParserCreate(NULL), .path = path, .err = err};
    if (self.parser == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    XML_SetUserData(self.parser, &self);
    XML_SetElementHandler(self.parser, on_start, on_end);
    XML_SetCharacterDataHandler(self.parser, on_text);
    XML_SetUnknownEncodingHandler(self.parser, on_encoding, NULL);
    const dk_status status = dk_file_blocks(file, path, parse, &self, err);
    XML_ParserFree(self.parser);
    return status != DK_OK ? status : self.failed;
}
