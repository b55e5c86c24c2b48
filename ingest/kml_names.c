#include "ingest/kml_names.h"

#include "ingest/archive.h"
#include "ingest/kml_shapes.h"
#include "store/buf.h"
#include "store/hash.h"

#include <errno.h>
#include <expat.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFIX "dikuai_data_"

enum {
    MAX_NAMES = 4096,
    PLACES = 2 * MAX_NAMES, /* of the table that finds them */
    MAX_TAG = 1 << 20       /* bytes of a start tag that is written anew */
};

/* Names with a table that finds them. */
typedef struct name_table {
    char **names;
    size_t n, capacity;
    uint16_t places[PLACES]; /* numbers of the names from 1, by hash; 0: empty */
} name_table;

typedef struct pass {
    XML_Parser parser;
    const char *path;
    dk_kml_names *names;
    name_table data;          /* of Data: those of `names` at the end */
    name_table fields;        /* of SimpleField and SimpleData */
    bool declared[MAX_NAMES]; /* of each: it is that of a SimpleField */
    size_t n_undeclared, n_schemas;
    bool *renamed; /* of each name; NULL: they are still collected */
    dk_kml_shapes shapes;
    bool split;        /* some innerBoundaryIs have several rings */
    bool typed;        /* some SimpleField are of another type than texts */
    char boundary[64]; /* the innerBoundaryIs under way as it is written, with its prefix; "": one too long */
    FILE *from, *to;
    int64_t at; /* of from */
    dk_buf tag;
    dk_status failed;
    dk_error *err;
} pass;

static bool is_plain(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* Two names as GDAL would call them; 0: the same. For qsort, of pointers to names. */
static int compare_plain(const void *a, const void *b)
{
    const unsigned char *one = (const unsigned char *)**(char *const *const *)a,
                        *other = (const unsigned char *)**(char *const *const *)b;
    for (;; one++, other++) {
        const int x = *one == '\0' || is_plain(*one) ? *one : '_',
                  y = *other == '\0' || is_plain(*other) ? *other : '_';
        if (x != y || x == '\0')
            return x - y;
    }
}

static bool is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* Where a name stands in a table, or the empty place for it: a file may have it in each of a million placemarks. */
static size_t place_of(const name_table *table, const char *name)
{
    size_t at = dk_hash64(name, strlen(name), 0) % PLACES;
    while (table->places[at] != 0 && strcmp(table->names[table->places[at] - 1], name) != 0)
        at = (at + 1) % PLACES;
    return at;
}

static void stop(pass *self, dk_status status)
{
    self->failed = status;
    XML_StopParser(self->parser, XML_FALSE);
}

/* The number of a name in a table, from 1 on, where it is put if it is new; 0: the pass is stopped. */
static size_t collect(pass *self, name_table *table, const char *name)
{
    const size_t place = place_of(table, name);
    if (table->places[place] != 0)
        return table->places[place];
    if (table->n == MAX_NAMES) {
        stop(self, dk_fail(self->err, DK_LIMIT, "%s: its data have more than %d names; save it with fewer columns",
                           self->path, MAX_NAMES));
        return 0;
    }
    char *kept = strdup(name);
    if (kept == NULL || !dk_grow(&table->names, &table->capacity, table->n + 1, sizeof *table->names)) {
        free(kept);
        stop(self, dk_fail(self->err, DK_NOMEM, "%s: out of memory", self->path));
        return 0;
    }
    table->names[table->n++] = kept;
    return table->places[place] = (uint16_t)table->n;
}

static void collect_field(pass *self, const char *name, bool declared)
{
    const size_t number = collect(self, &self->fields, name);
    if (number > 0)
        self->declared[number - 1] |= declared;
}

/* Copies what stands before a place in the file. */
static bool copy_to(pass *self, int64_t place)
{
    char block[16384];
    while (self->at < place) {
        const int64_t left = place - self->at;
        const size_t size = left < (int64_t)sizeof block ? (size_t)left : sizeof block;
        if (fread(block, 1, size, self->from) != size || fwrite(block, 1, size, self->to) != size)
            return false;
        self->at += (int64_t)size;
    }
    return true;
}

/* Where the value of an attribute stands in a start tag, which expat has found to be one. */
static bool find_value(const char *tag, size_t size, const char *attribute, size_t *ret_start, size_t *ret_size)
{
    size_t at = 1;
    while (at < size && strchr(" \t\r\n/>", tag[at]) == NULL)
        at++;
    for (;;) {
        while (at < size && strchr(" \t\r\n", tag[at]) != NULL)
            at++;
        const size_t name = at;
        while (at < size && strchr("= \t\r\n/>", tag[at]) == NULL)
            at++;
        const size_t name_size = at - name;
        while (at < size && strchr("= \t\r\n", tag[at]) != NULL)
            at++;
        if (name_size == 0 || at >= size || (tag[at] != '"' && tag[at] != '\''))
            return false;
        const char *end = memchr(tag + at + 1, tag[at], size - at - 1);
        if (end == NULL)
            return false;
        *ret_start = at + 1;
        *ret_size = (size_t)(end - tag) - at - 1;
        if (name_size == strlen(attribute) && memcmp(tag + name, attribute, name_size) == 0)
            return true;
        at = (size_t)(end - tag) + 1;
    }
}

/* Copies what stands before the tag at hand, and gives the tag, which is not copied. NULL: it cannot be read. */
static const char *take_tag(pass *self, size_t *ret_size)
{
    const int64_t place = XML_GetCurrentByteIndex(self->parser);
    const int size = XML_GetCurrentByteCount(self->parser);
    dk_buf_clear(&self->tag);
    char *tag = size > 0 && size <= MAX_TAG ? (char *)dk_buf_reserve(&self->tag, (size_t)size) : NULL;
    if (tag == NULL || !copy_to(self, place) || fread(tag, 1, (size_t)size, self->from) != (size_t)size)
        return NULL;
    self->at = place + size;
    *ret_size = (size_t)size;
    return tag;
}

static void refuse_tag(pass *self)
{
    stop(self, dk_fail(self->err, DK_INVALID, "%s, line %lld: a tag cannot be read; save it again in UTF-8", self->path,
                       (long long)XML_GetCurrentLineNumber(self->parser)));
}

/* Writes the tag at hand with another value of an attribute. */
static void write_with(pass *self, const char *attribute, const char *value)
{
    size_t size, start, length;
    const char *tag = take_tag(self, &size);
    if (tag == NULL || !find_value(tag, size, attribute, &start, &length)) {
        refuse_tag(self);
        return;
    }
    fwrite(tag, 1, start, self->to);
    fputs(value, self->to);
    fwrite(tag + start + length, 1, size - start - length, self->to);
}

/* A further ring of an innerBoundaryIs gets one of its own. */
static void split_boundary(pass *self, char first)
{
    size_t size;
    const char *tag = take_tag(self, &size);
    if (tag == NULL || size < 2 || tag[0] != '<' || tag[1] != first || self->boundary[0] == '\0') {
        refuse_tag(self);
        return;
    }
    fprintf(self->to, "</%s><%s>", self->boundary, self->boundary);
    fwrite(tag, 1, size, self->to);
}

static const char *without_prefix(const char *element)
{
    const char *colon = strrchr(element, ':');
    return colon != NULL ? colon + 1 : element;
}

static bool good_shapes(pass *self)
{
    if (self->shapes.problem[0] == '\0')
        return true;
    stop(self, dk_fail(self->err, DK_INVALID, "%s, line %lld: %s", self->path,
                       (long long)XML_GetCurrentLineNumber(self->parser), self->shapes.problem));
    return false;
}

static const char *value_of(const XML_Char **attributes, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; attributes[i] != NULL; i += 2)
        if (strcmp(attributes[i], name) == 0)
            value = attributes[i + 1];
    return value;
}

/* The value of an attribute, of characters that are the same in every encoding of XML. */
static void write_value(pass *self, const char *text)
{
    while (*text != '\0') {
        uint32_t code = 0;
        size_t size = 1;
        for (; ((unsigned char)text[size] & 0xC0) == 0x80; size++)
            ;
        code = (unsigned char)text[0] & (size == 1 ? 0x7Fu : 0xFFu >> (size + 1));
        for (size_t i = 1; i < size; i++)
            code = code << 6 | ((unsigned char)text[i] & 0x3F);
        if (size == 1 && strchr("&<>\"'", *text) == NULL)
            fputc(*text, self->to);
        else
            fprintf(self->to, "&#%u;", code);
        text += size;
    }
}

/* GDAL passes over data that the Schema does not declare, as it leaves out dates in those that it writes itself: all of
 * them are declared at the end of each. */
static void declare_fields(pass *self, const char *schema)
{
    size_t size;
    const int prefix = (int)(without_prefix(schema) - schema);
    if (XML_GetCurrentByteCount(self->parser) == 0) /* <Schema/> */
        return;
    const char *tag = take_tag(self, &size);
    if (tag == NULL || size < 3 || tag[0] != '<' || tag[1] != '/') {
        refuse_tag(self);
        return;
    }
    for (size_t i = 0; i < self->fields.n; i++)
        if (!self->declared[i]) {
            fprintf(self->to, "<%.*sSimpleField type=\"string\" name=\"", prefix, schema);
            write_value(self, self->fields.names[i]);
            fputs("\"/>", self->to);
        }
    fwrite(tag, 1, size, self->to);
}

static void on_data(pass *self, const char *name)
{
    char plain[40];
    if (self->renamed == NULL) {
        collect(self, &self->data, name);
        return;
    }
    const size_t number = self->data.places[place_of(&self->data, name)];
    if (number == 0 || !self->renamed[number - 1])
        return;
    snprintf(plain, sizeof plain, PREFIX "%zu", number - 1);
    write_with(self, "name", plain);
}

static void on_start(void *user, const XML_Char *element, const XML_Char **attributes)
{
    pass *self = user;
    const char *name = without_prefix(element);
    if (self->failed != DK_OK)
        return;
    const bool split = dk_kml_shapes_start(&self->shapes, name);
    if (!good_shapes(self))
        return;
    self->split |= split;
    if (strcmp(name, "innerBoundaryIs") == 0)
        snprintf(self->boundary, sizeof self->boundary, "%s", strlen(element) < sizeof self->boundary ? element : "");
    const char *data = strcmp(name, "Data") == 0 ? value_of(attributes, "name") : NULL;
    const char *type = strcmp(name, "SimpleField") == 0 ? value_of(attributes, "type") : NULL;
    const bool typed = type != NULL && strcmp(type, "string") != 0;
    self->typed |= typed;
    if (self->renamed == NULL && (strcmp(name, "SimpleField") == 0 || strcmp(name, "SimpleData") == 0)) {
        const char *field = value_of(attributes, "name");
        if (field != NULL && *field != '\0')
            collect_field(self, field, name[6] == 'F');
    }
    if (data != NULL)
        on_data(self, data);
    else if (self->renamed != NULL && typed)
        write_with(self, "type", "string");
    else if (self->renamed != NULL && split)
        split_boundary(self, element[0]);
}

static void on_end(void *user, const XML_Char *element)
{
    pass *self = user;
    if (self->failed != DK_OK)
        return;
    const char *name = without_prefix(element);
    dk_kml_shapes_end(&self->shapes, name);
    if (!good_shapes(self) || strcmp(name, "Schema") != 0)
        return;
    self->n_schemas += XML_GetCurrentByteCount(self->parser) > 0;
    if (self->renamed != NULL && self->n_undeclared > 0)
        declare_fields(self, element);
}

static void on_text(void *user, const XML_Char *text, int size)
{
    pass *self = user;
    if (self->failed != DK_OK)
        return;
    dk_kml_shapes_text(&self->shapes, text, (size_t)size);
    good_shapes(self);
}

/* GDAL refuses one. */
static void on_doctype(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public_id,
                       int internal)
{
    (void)name, (void)system, (void)public_id, (void)internal;
    XML_StopParser(((pass *)user)->parser, XML_FALSE);
}

/* What is no XML, GDAL would read into memory several times to say so, without the line. A document type and an
 * encoding that Expat does not know are left to GDAL. */
static dk_status refused(pass *self)
{
    const enum XML_Error error = XML_GetErrorCode(self->parser);
    if (self->failed != DK_OK || error == XML_ERROR_ABORTED || error == XML_ERROR_UNKNOWN_ENCODING)
        return self->failed;
    if (error == XML_ERROR_NO_MEMORY)
        return dk_fail(self->err, DK_NOMEM, "%s: out of memory", self->path);
    return dk_fail(
        self->err, DK_INVALID,
        "%s: cannot be read as KML; the file is damaged, or of another format than its name says (line %lld: %s); "
        "save it again in UTF-8",
        self->path, (long long)XML_GetCurrentLineNumber(self->parser), XML_ErrorString(error));
}

/* ret_whole: it is XML to its end. */
static dk_status run(pass *self, const char *file, bool *ret_whole)
{
    static const size_t piece = 1 << 16;
    dk_status status = DK_OK;
    FILE *in = fopen(file, "rb");
    *ret_whole = false;
    self->shapes = (dk_kml_shapes){0};
    self->parser = XML_ParserCreate(NULL);
    if (in == NULL) {
        status = dk_fail(self->err, DK_IO, "%s: cannot be opened: %s", self->path, strerror(errno));
        goto out;
    }
    if (self->parser == NULL) {
        status = dk_fail(self->err, DK_NOMEM, "%s: out of memory", self->path);
        goto out;
    }
    XML_SetUserData(self->parser, self);
    XML_SetElementHandler(self->parser, on_start, on_end);
    XML_SetCharacterDataHandler(self->parser, on_text);
    XML_SetStartDoctypeDeclHandler(self->parser, on_doctype);
    for (bool last = false; !last;) {
        void *data = XML_GetBuffer(self->parser, (int)piece);
        if (data == NULL) {
            status = dk_fail(self->err, DK_NOMEM, "%s: out of memory", self->path);
            goto out;
        }
        const size_t got = fread(data, 1, piece, in);
        last = got < piece;
        if (XML_ParseBuffer(self->parser, (int)got, last) != XML_STATUS_OK) {
            status = refused(self);
            goto out;
        }
    }
    *ret_whole = true;
out:
    if (in != NULL)
        fclose(in);
    if (self->parser != NULL)
        XML_ParserFree(self->parser);
    return status;
}

/* Which names GDAL would spoil. false: out of memory. */
static bool choose(const dk_kml_names *names, bool *renamed, size_t *ret_n)
{
    char ***sorted = calloc(names->n + 1, sizeof *sorted);
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < names->n; i++) {
        sorted[i] = &names->names[i];
        renamed[i] = !is_ascii(names->names[i]) || strncmp(names->names[i], PREFIX, strlen(PREFIX)) == 0;
    }
    qsort(sorted, names->n, sizeof *sorted, compare_plain);
    for (size_t i = 1; i < names->n; i++)
        if (compare_plain(&sorted[i - 1], &sorted[i]) == 0)
            renamed[sorted[i - 1] - names->names] = renamed[sorted[i] - names->names] = true;
    free(sorted);
    *ret_n = 0;
    for (size_t i = 0; i < names->n; i++)
        *ret_n += renamed[i];
    return true;
}

/* What a file holds, before any of it is written. */
static dk_status collect_all(pass *self, const char *file, bool *ret_whole)
{
    const dk_status status = run(self, file, ret_whole);
    self->names->n_placemarks += self->shapes.n_placemarks;
    self->names->n_overlays += self->shapes.n_overlays;
    self->names->n_links += self->shapes.n_links;
    self->names->whole &= *ret_whole;
    return status;
}

/* By its stem GDAL calls the layer of a Document without a name. */
static void name_copy(const char *file, char *ret_name, size_t size)
{
    const char *slash = strrchr(file, '/'), *base = slash != NULL ? slash + 1 : file, *dot = strrchr(base, '.');
    const int n = snprintf(ret_name, size, "%.*s.kml", dot != NULL ? (int)(dot - base) : (int)strlen(base), base);
    if (n < 0 || (size_t)n >= size || !dk_scratch_name_good(ret_name))
        snprintf(ret_name, size, "copy.kml");
}

static dk_status write_copy(pass *self, const char *file, const char *name, dk_scratch *scratch)
{
    bool whole = false;
    dk_status status = dk_scratch_file(scratch, name, &self->to, self->err);
    if (status != DK_OK)
        return status;
    self->from = fopen(file, "rb");
    if (self->from == NULL)
        status = dk_fail(self->err, DK_IO, "%s: cannot be opened: %s", self->path, strerror(errno));
    else
        status = run(self, file, &whole);
    if (status == DK_OK) {
        char block[16384];
        for (size_t got; (got = fread(block, 1, sizeof block, self->from)) > 0;)
            fwrite(block, 1, got, self->to);
        if (!whole || ferror(self->from))
            status = dk_fail(self->err, DK_IO, "%s: cannot be read", self->path);
    }
    const bool bad = ferror(self->to) != 0;
    if ((fclose(self->to) != 0 || bad) && status == DK_OK)
        status = dk_fail(self->err, DK_FULL, "%s: no room for a copy of it in the temporary folder", self->path);
    if (self->from != NULL)
        fclose(self->from);
    return status;
}

static bool has_ending(const char *name, const char *ending)
{
    const size_t size = strlen(name), n = strlen(ending);
    return size >= n && strcasecmp(name + size - n, ending) == 0;
}

static dk_status unpack(dk_archive *archive, const dk_archive_entry *entry, dk_scratch *scratch, const char *name,
                        char **ret_file, dk_error *err)
{
    FILE *to = NULL;
    dk_status status = dk_scratch_file(scratch, name, &to, err);
    if (status != DK_OK)
        return status;
    status = dk_archive_unpack(archive, entry, to, err);
    if (fclose(to) != 0 && status == DK_OK)
        status = dk_fail(err, DK_FULL, "%s: no room to unpack it in the temporary folder", entry->name);
    if (status == DK_OK && (*ret_file = dk_scratch_join(scratch, name)) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", entry->name);
    return status;
}

/* Looks through a KMZ. ret_kml: its KML, unpacked; NULL: it has several, of which GDAL makes one file. */
static dk_status collect_kmz(pass *self, const char *file, dk_scratch *scratch, char **ret_kml)
{
    dk_archive *archive = NULL;
    const dk_archive_entry *entries;
    size_t n_kml = 0;
    bool whole = false;
    *ret_kml = NULL;
    dk_status status = dk_archive_open(file, &archive, self->err);
    if (status != DK_OK)
        return status;
    const size_t n = dk_archive_entries(archive, &entries);
    for (size_t i = 0; i < n && status == DK_OK; i++) {
        char name[40];
        if (!has_ending(entries[i].name, ".kml"))
            continue;
        free(*ret_kml);
        *ret_kml = NULL;
        snprintf(name, sizeof name, "parts/%zu.kml", n_kml++);
        status = unpack(archive, &entries[i], scratch, name, ret_kml, self->err);
        if (status == DK_OK)
            status = collect_all(self, *ret_kml, &whole);
    }
    if (status != DK_OK || n_kml != 1 || !whole) {
        free(*ret_kml);
        *ret_kml = NULL;
    }
    dk_archive_close(archive);
    return status;
}

dk_status dk_kml_names_prepare(const char *file, const char *path, dk_kml_names *ret_names, char **ret_copy,
                               dk_scratch **ret_scratch, dk_error *err)
{
    const bool packed = has_ending(file, ".kmz");
    pass self = {.path = path, .names = ret_names, .err = err};
    dk_scratch *scratch = NULL;
    char *kml = NULL, name[256];
    bool *renamed = NULL, whole = false;
    size_t n_renamed = 0;
    dk_status status = DK_OK;
    *ret_copy = NULL;
    ret_names->whole = true;
    dk_buf_init(&self.tag);
    if (packed) {
        status = dk_scratch_create(&scratch, err);
        if (status == DK_OK)
            status = collect_kmz(&self, file, scratch, &kml);
    } else {
        status = collect_all(&self, file, &whole);
        if (status == DK_OK && whole && (kml = strdup(file)) == NULL)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    ret_names->names = self.data.names;
    ret_names->n = self.data.n;
    if (status != DK_OK)
        goto out;
    for (size_t i = 0; i < self.fields.n; i++)
        self.n_undeclared += !self.declared[i];
    if (self.n_schemas == 0) { /* nowhere to declare them */
        ret_names->n_unread = (int64_t)self.n_undeclared;
        self.n_undeclared = 0;
    }
    renamed = calloc(ret_names->n + 1, sizeof *renamed);
    if (renamed == NULL || !choose(ret_names, renamed, &n_renamed)) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        goto out;
    }
    const char *const what = n_renamed > 0           ? "the data in it have names beyond ASCII"
                             : self.split            ? "several rings stand in one innerBoundaryIs"
                             : self.typed            ? "it has fields of numbers"
                             : self.n_undeclared > 0 ? "it has data that no Schema declares"
                                                     : NULL;
    if (what != NULL && packed && kml == NULL && ret_names->whole) {
        status = dk_fail(err, DK_INVALID,
                         "%s: %s, which cannot be read in a KMZ of several KML; unpack it as a ZIP, and give the .kml",
                         path, what);
        goto out;
    }
    if (what == NULL || kml == NULL)
        goto out;
    self.renamed = renamed;
    name_copy(file, name, sizeof name);
    if (scratch == NULL)
        status = dk_scratch_create(&scratch, err);
    if (status == DK_OK)
        status = write_copy(&self, kml, name, scratch);
    if (status == DK_OK && (*ret_copy = dk_scratch_join(scratch, name)) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status == DK_OK) {
        *ret_scratch = scratch;
        scratch = NULL;
    }
out:
    for (size_t i = 0; i < self.fields.n; i++)
        free(self.fields.names[i]);
    free(self.fields.names);
    free(renamed);
    free(kml);
    dk_scratch_remove(scratch);
    dk_buf_finish(&self.tag);
    return status;
}

void dk_kml_names_finish(dk_kml_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->names[i]);
    free(names->names);
    *names = (dk_kml_names){0};
}

const char *dk_kml_name(const dk_kml_names *names, const char *column)
{
    char *end;
    if (strncmp(column, PREFIX, strlen(PREFIX)) != 0)
        return column;
    const char *number = column + strlen(PREFIX);
    const unsigned long i = strtoul(number, &end, 10);
    return end > number && *end == '\0' && i < names->n ? names->names[i] : column;
}
