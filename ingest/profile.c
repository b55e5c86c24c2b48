#include "ingest/profile.h"

#include "ingest/encoding.h"
#include "ingest/json.h"
#include "ingest/new_file.h"
#include "ingest/set_values.h"
#include "store/catalogue_read_yaml.h"

#include <errno.h>
#include <fnmatch.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MOST_ENTRIES = 1000, MOST_PATTERNS = 10000, MOST_PAIRS = 500, MOST_BYTES = 64 << 20 };

typedef struct entry {
    const char **patterns;
    size_t n_patterns;
    bool skip;
    dk_file_settings settings;
    size_t line;                                          /* in the profile */
    const size_t *field_lines, *set_lines, *merged_lines; /* of each pair */
    bool used, checked;
} entry;

struct dk_profile {
    dk_arena *arena;
    const char *path;
    locale_t characters; /* in which fnmatch(3) takes 镇 for one character and not for three; 0: there is none */
    entry *entries;
    size_t n_entries;
};

/* ---- reading ---- */

static bool read_pairs(dk_yaml *yaml, const dk_yaml_key *key, const dk_pair **ret_pairs, size_t *ret_n,
                       const size_t **ret_lines)
{
    size_t n = 0;
    if (key->value == NULL)
        return true;
    dk_yaml_enter(yaml, key->name);
    if (!dk_yaml_pairs(yaml, key->value, 1, MOST_PAIRS, &n))
        return false;
    dk_pair *pairs = dk_yaml_alloc(yaml, n, sizeof *pairs);
    size_t *lines = pairs != NULL ? dk_yaml_alloc(yaml, n, sizeof *lines) : NULL;
    if (lines == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *name, *value;
        dk_yaml_pair(yaml, key->value, i, &name, &value);
        if (!dk_yaml_text(yaml, name, &pairs[i].name) || !dk_yaml_text(yaml, value, &pairs[i].value))
            return false;
        pairs[i].written = NULL;
        lines[i] = name->start_mark.line + 1;
        for (size_t k = 0; k < i; k++)
            if (strcmp(pairs[k].name, pairs[i].name) == 0)
                return dk_yaml_fail(yaml, name, "%s stands here twice", dk_yaml_shown(yaml, pairs[i].name));
    }
    dk_yaml_leave(yaml);
    *ret_pairs = pairs;
    *ret_n = n;
    *ret_lines = lines;
    return true;
}

/* {Folder} or {project} is a slip: all rows would have it as their value. */
static bool check_placeholders(dk_yaml *yaml, const dk_yaml_key *key, const dk_pair *sets, size_t n_sets)
{
    for (size_t i = 0; i < n_sets; i++)
        for (const char *at = sets[i].value; (at = strchr(at, '{')) != NULL; at++) {
            const size_t size = strspn(at + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
            const yaml_node_t *name, *value;
            if (size == 0 || at[size + 1] != '}' || strncmp(at, "{folder}", 8) == 0 || strncmp(at, "{name}", 6) == 0)
                continue;
            dk_yaml_pair(yaml, key->value, i, &name, &value);
            dk_yaml_enter(yaml, key->name);
            return dk_yaml_fail(yaml, value, "%s is filled in by nothing; there are {folder} and {name}",
                                dk_yaml_shown(yaml, sets[i].value));
        }
    return true;
}

/* One text or a list of them. */
static bool read_patterns(dk_yaml *yaml, const dk_yaml_key *key, entry *to)
{
    if (key->value->type == YAML_SEQUENCE_NODE)
        return dk_yaml_key_texts(yaml, key, 1, MOST_PATTERNS, &to->patterns, &to->n_patterns);
    to->patterns = dk_yaml_alloc(yaml, 1, sizeof *to->patterns);
    to->n_patterns = 1;
    return to->patterns != NULL && dk_yaml_key_text(yaml, key, &to->patterns[0]);
}

/* A path that is not absolute begins where the profile is. */
static bool beside(dk_yaml *yaml, const char **path)
{
    const char *slash = strrchr(yaml->origin, '/');
    if (*path == NULL || **path == '/' || slash == NULL)
        return true;
    const size_t folder = (size_t)(slash - yaml->origin) + 1, size = strlen(*path);
    char *whole = dk_yaml_alloc(yaml, folder + size + 1, 1);
    if (whole == NULL)
        return false;
    memcpy(whole, yaml->origin, folder);
    memcpy(whole + folder, *path, size);
    *path = whole;
    return true;
}

static bool read_entry(dk_yaml *yaml, const yaml_node_t *node, entry *to)
{
    enum {
        MATCH,
        SKIP,
        CRS,
        ENCODING,
        LAYER,
        AXES,
        HOLES,
        TRANSFORMATION,
        ACCEPT,
        UNDRAWN,
        FIELDS,
        SET,
        MERGED,
        IGNORE
    };
    static const char *const axes[] = {"xy", "yx"};
    dk_yaml_key keys[] = {
        {"match", true, NULL},     {"skip", false, NULL},           {"crs", false, NULL},
        {"encoding", false, NULL}, {"layer", false, NULL},          {"axes", false, NULL},
        {"holes", false, NULL},    {"transformation", false, NULL}, {"accept_datum_error", false, NULL},
        {"undrawn", false, NULL},  {"fields", false, NULL},         {"set", false, NULL},
        {"merged", false, NULL},   {"ignore", false, NULL}};
    dk_file_settings *s = &to->settings;
    dk_column_options *columns = &s->columns;
    const char *encoding = NULL, **ignore = NULL;
    size_t axis = 0;
    if (!dk_yaml_mapping(yaml, node, keys, sizeof keys / sizeof *keys) || !read_patterns(yaml, &keys[MATCH], to) ||
        !dk_yaml_key_flag(yaml, &keys[SKIP], &to->skip) || !dk_yaml_key_text(yaml, &keys[CRS], &s->crs) ||
        !dk_yaml_key_text(yaml, &keys[ENCODING], &encoding) || !dk_yaml_key_text(yaml, &keys[LAYER], &s->layer) ||
        (keys[AXES].value != NULL && !dk_yaml_key_choice(yaml, &keys[AXES], "an order of axes", axes, 2, &axis)) ||
        !dk_yaml_key_flag(yaml, &keys[HOLES], &s->holes) ||
        !dk_yaml_key_text(yaml, &keys[TRANSFORMATION], &s->transformation) || !beside(yaml, &s->transformation) ||
        !dk_yaml_key_flag(yaml, &keys[ACCEPT], &s->accept_datum_error) ||
        !dk_yaml_key_flag(yaml, &keys[UNDRAWN], &s->undrawn) ||
        !read_pairs(yaml, &keys[FIELDS], &columns->fields, &columns->n_fields, &to->field_lines) ||
        !read_pairs(yaml, &keys[SET], &columns->sets, &columns->n_sets, &to->set_lines) ||
        !check_placeholders(yaml, &keys[SET], columns->sets, columns->n_sets) ||
        !read_pairs(yaml, &keys[MERGED], &columns->merged, &columns->n_merged, &to->merged_lines) ||
        (keys[IGNORE].value != NULL &&
         !dk_yaml_key_texts(yaml, &keys[IGNORE], 1, MOST_PAIRS, &ignore, &columns->n_ignore)))
        return false;
    columns->ignore = (const char *const *)ignore;
    s->axes_yx = axis == 1;
    if (s->crs != NULL && !dk_options_crs_good(s->crs))
        return dk_yaml_fail(yaml, keys[CRS].value, "write it as EPSG:N, for example EPSG:4527, or as gcj02");
    if (encoding != NULL && !dk_encoding_parse(encoding, &s->encoding))
        return dk_yaml_fail(yaml, keys[ENCODING].value, "it is UTF-8 or GB18030 (GBK, GB2312)");
    s->has_encoding = encoding != NULL;
    if (s->transformation != NULL && s->accept_datum_error)
        return dk_yaml_fail(yaml, keys[ACCEPT].value, "transformation and accept_datum_error exclude each other");
    for (size_t i = 0; i < columns->n_merged; i++)
        if (strcmp(columns->merged[i].value, "first") != 0 && strcmp(columns->merged[i].value, "each") != 0)
            return dk_yaml_fail(yaml, keys[MERGED].value, "%s: write first or each",
                                dk_yaml_shown(yaml, columns->merged[i].name));
    return true;
}

static bool read_root(dk_yaml *yaml, dk_profile *profile)
{
    dk_yaml_key keys[] = {{"files", true, NULL}};
    if (!dk_yaml_mapping(yaml, dk_yaml_root(yaml), keys, 1))
        return false;
    dk_yaml_enter(yaml, "files");
    if (!dk_yaml_list(yaml, keys[0].value, 1, MOST_ENTRIES, &profile->n_entries))
        return false;
    profile->entries = dk_yaml_alloc(yaml, profile->n_entries, sizeof *profile->entries);
    for (size_t i = 0; profile->entries != NULL && i < profile->n_entries; i++) {
        dk_yaml_enter_index(yaml, i);
        const yaml_node_t *element = dk_yaml_element(yaml, keys[0].value, i);
        profile->entries[i].line = element->start_mark.line + 1;
        if (!read_entry(yaml, element, &profile->entries[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return profile->entries != NULL;
}

static dk_status read_all(const char *path, dk_buf *out, dk_error *err)
{
    unsigned char block[16384];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dk_fail(err, errno == ENOENT ? DK_NOT_FOUND : DK_IO, "%s: %s", path,
                       errno == ENOENT ? "there is no such profile" : strerror(errno));
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0 && out->size <= DK_YAML_MAX_BYTES;)
        dk_buf_append(out, block, n);
    const bool failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return dk_fail(err, DK_IO, "%s: cannot be read", path);
    return out->failed ? dk_fail(err, DK_NOMEM, "%s: out of memory", path) : DK_OK;
}

dk_status dk_profile_read(const char *path, dk_profile **ret_profile, dk_error *err)
{
    dk_yaml yaml;
    dk_buf text;
    dk_buf_init(&text);
    dk_profile *profile = calloc(1, sizeof *profile);
    dk_status status = DK_OK;
    if (profile == NULL || (profile->arena = dk_arena_create(MOST_BYTES)) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    else if ((profile->path = dk_arena_text(profile->arena, path, strlen(path))) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    else
        profile->characters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (status == DK_OK)
        status = read_all(path, &text, err);
    if (status == DK_OK && (status = dk_yaml_load(&yaml, text.size > 0 ? (const char *)text.data : "", text.size, path,
                                                  "profile", "files", profile->arena, err)) == DK_OK) {
        if (!read_root(&yaml, profile))
            status = yaml.status;
        dk_yaml_finish(&yaml);
    }
    dk_buf_finish(&text);
    if (status == DK_OK)
        *ret_profile = profile;
    else
        dk_profile_free(profile);
    return status;
}

void dk_profile_free(dk_profile *profile)
{
    if (profile == NULL)
        return;
    dk_arena_free(profile->arena);
    if (profile->characters != (locale_t)0)
        freelocale(profile->characters);
    free(profile);
}

/* ---- which settings ---- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Endings are written in either case: .SHP, .shp. */
static bool fits(const char *pattern, const char *path)
{
    if (strchr(pattern, '/') == NULL)
        return fnmatch(pattern, base_of(path), FNM_CASEFOLD) == 0;
    if (*path == '/' && fnmatch(pattern, path, FNM_CASEFOLD) == 0)
        return true;
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (fnmatch(pattern, at, FNM_CASEFOLD) == 0)
            return true;
    }
    return false;
}

static entry *find(const dk_profile *profile, const char *path)
{
    entry *found = NULL;
    if (profile == NULL)
        return NULL;
    const locale_t before = uselocale(profile->characters); /* 0 changes nothing; of this thread */
    for (size_t i = 0; i < profile->n_entries && found == NULL; i++)
        for (size_t k = 0; k < profile->entries[i].n_patterns && found == NULL; k++)
            if (fits(profile->entries[i].patterns[k], path))
                found = &profile->entries[i];
    uselocale(before);
    return found;
}

static bool has(const dk_pair *pairs, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return true;
    return false;
}

/* The name of the folder that a file lies in, or of the ZIP, without its ending, as of the folder that it becomes when
 * it is unpacked. What its path does not say, as that of a.dxf and ./a.dxf, the file system does; "" if neither does.
 * The caller frees it. NULL: out of memory. */
static char *folder_of(const char *path)
{
    size_t size = (size_t)(base_of(path) - path);
    while (size > 0 && path[size - 1] == '/')
        size--;
    char *folder = size > 0 ? strndup(path, size) : strdup(path[0] == '/' ? "/" : ".");
    if (folder == NULL)
        return NULL;
    const char *last = base_of(folder);
    char *name = NULL;
    if (strcmp(last, ".") == 0 || strcmp(last, "..") == 0) {
        char *whole = realpath(folder, NULL);
        name = whole != NULL ? dk_path_text(base_of(whole)) : strdup("");
        free(whole);
    } else {
        name = strdup(last);
    }
    free(folder);
    const size_t length = name != NULL ? strlen(name) : 0;
    if (length > strlen(".zip") && strcasecmp(name + length - strlen(".zip"), ".zip") == 0)
        name[length - strlen(".zip")] = '\0';
    return name;
}

/* The text with {folder} and {name} in it filled in; the text itself where there are none. NULL: out of memory. */
static const char *fill_in(dk_arena *arena, const char *text, const char *path)
{
    const char *base = base_of(path), *dot = strrchr(base, '.');
    const size_t name_size = dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base);
    if (strstr(text, "{folder}") == NULL && strstr(text, "{name}") == NULL)
        return text;
    char *folder = folder_of(path);
    if (folder == NULL)
        return NULL;
    dk_buf out;
    dk_buf_init(&out);
    while (*text != '\0')
        if (strncmp(text, "{folder}", 8) == 0) {
            dk_buf_text(&out, folder);
            text += 8;
        } else if (strncmp(text, "{name}", 6) == 0) {
            dk_buf_append(&out, base, name_size);
            text += 6;
        } else {
            dk_buf_append(&out, text++, 1);
        }
    const char *filled = out.failed ? NULL : dk_arena_text(arena, out.size > 0 ? (const char *)out.data : "", out.size);
    dk_buf_finish(&out);
    free(folder);
    return filled;
}

/* The pairs given, and those of the entry that they do not name. path: fill values in; NULL: do not. */
static bool join_pairs(dk_arena *arena, const dk_pair *given, size_t n_given, const dk_pair *own, size_t n_own,
                       const char *path, const dk_pair **ret_pairs, size_t *ret_n)
{
    dk_pair *pairs = dk_arena_alloc(arena, n_given + n_own, sizeof *pairs);
    if (pairs == NULL)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < n_given; i++)
        pairs[n++] = given[i];
    for (size_t i = 0; i < n_own; i++) {
        if (has(given, n_given, own[i].name))
            continue;
        pairs[n] = own[i];
        if (path != NULL && (pairs[n].value = fill_in(arena, own[i].value, path)) == NULL)
            return false;
        if (pairs[n].value != own[i].value)
            pairs[n].written = own[i].value;
        n++;
    }
    *ret_pairs = pairs;
    *ret_n = n;
    return true;
}

dk_status dk_profile_settings(dk_profile *profile, const char *path, const dk_file_settings *given,
                              dk_file_settings *ret_settings, bool *ret_skip, dk_error *err)
{
    entry *found = find(profile, path);
    dk_file_settings s = *given;
    if (found != NULL)
        found->used = true;
    *ret_skip = found != NULL && found->skip;
    if (found == NULL || found->skip) {
        *ret_settings = s;
        return DK_OK;
    }
    const dk_file_settings *own = &found->settings;
    const dk_column_options *a = &given->columns, *b = &own->columns;
    if (s.crs == NULL)
        s.crs = own->crs;
    if (s.layer == NULL)
        s.layer = own->layer;
    if (s.transformation == NULL && !s.accept_datum_error) {
        s.transformation = own->transformation;
        s.accept_datum_error = own->accept_datum_error;
    }
    if (!s.has_encoding && own->has_encoding) {
        s.has_encoding = true;
        s.encoding = own->encoding;
    }
    if (!s.has_axes)
        s.axes_yx = own->axes_yx;
    s.holes |= own->holes;
    s.undrawn |= own->undrawn;
    const char **ignore = dk_arena_alloc(profile->arena, a->n_ignore + b->n_ignore, sizeof *ignore);
    if (ignore == NULL ||
        !join_pairs(profile->arena, a->fields, a->n_fields, b->fields, b->n_fields, NULL, &s.columns.fields,
                    &s.columns.n_fields) ||
        !join_pairs(profile->arena, a->sets, a->n_sets, b->sets, b->n_sets, path, &s.columns.sets, &s.columns.n_sets) ||
        !join_pairs(profile->arena, a->merged, a->n_merged, b->merged, b->n_merged, NULL, &s.columns.merged,
                    &s.columns.n_merged))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    for (size_t i = 0; i < a->n_ignore; i++)
        ignore[i] = a->ignore[i];
    for (size_t i = 0; i < b->n_ignore; i++)
        ignore[a->n_ignore + i] = b->ignore[i];
    s.columns.ignore = (const char *const *)ignore;
    s.columns.n_ignore = a->n_ignore + b->n_ignore;
    *ret_settings = s;
    return DK_OK;
}

/* Checks one pair of an entry, which stands in the line. */
static dk_status check_pair(const dk_profile *profile, const dk_kind *kind, const dk_column_options *pair, size_t line,
                            dk_error *err)
{
    dk_error reason = {0};
    const dk_status status = dk_set_values_check(kind, pair, &reason);
    return status == DK_OK ? DK_OK : dk_fail(err, status, "%s:%zu: %s", profile->path, line, reason.text);
}

size_t dk_profile_unused(const dk_profile *profile, size_t *ret_line)
{
    size_t n = 0;
    *ret_line = 0;
    for (size_t i = 0; profile != NULL && i < profile->n_entries; i++)
        if (!profile->entries[i].used && n++ == 0)
            *ret_line = profile->entries[i].line;
    return n;
}

dk_status dk_profile_check(dk_profile *profile, const char *path, const dk_kind *kind, dk_error *err)
{
    entry *found = find(profile, path);
    dk_status status = DK_OK;
    if (found == NULL || found->checked)
        return DK_OK;
    const dk_column_options *own = &found->settings.columns;
    for (size_t i = 0; i < own->n_fields && status == DK_OK; i++) {
        const dk_column_options field = {.fields = &own->fields[i], .n_fields = 1};
        status = check_pair(profile, kind, &field, found->field_lines[i], err);
    }
    for (size_t i = 0; i < own->n_sets && status == DK_OK; i++) {
        dk_pair pair = own->sets[i];
        if (strstr(pair.value, "{folder}") != NULL || strstr(pair.value, "{name}") != NULL)
            pair.value = ""; /* what it is filled in with may be good for some files and not for others */
        const dk_column_options set = {.sets = &pair, .n_sets = 1};
        status = check_pair(profile, kind, &set, found->set_lines[i], err);
    }
    for (size_t i = 0; i < own->n_merged && status == DK_OK; i++) {
        const dk_column_options merged = {.merged = &own->merged[i], .n_merged = 1};
        status = check_pair(profile, kind, &merged, found->merged_lines[i], err);
    }
    found->checked = status == DK_OK;
    return status;
}

/* ---- writing ---- */

typedef struct reading {
    char *path, *name; /* name: from what was given on, or the path where that is the name of another, too */
    char *how;         /* the lines below match: */
    bool alike;        /* as all others of this ending */
    bool written;
} reading;

struct dk_profile_writer {
    reading *readings;
    size_t n, capacity;
};

dk_profile_writer *dk_profile_writer_create(void)
{
    return calloc(1, sizeof(dk_profile_writer));
}

void dk_profile_writer_free(dk_profile_writer *writer)
{
    if (writer == NULL)
        return;
    for (size_t i = 0; i < writer->n; i++) {
        free(writer->readings[i].path);
        free(writer->readings[i].name);
        free(writer->readings[i].how);
    }
    free(writer->readings);
    free(writer);
}

/* A double-quoted scalar: JSON's strings are such. */
static void put_line(dk_buf *out, const char *key, const char *text)
{
    dk_buf_format(out, "    %s: ", key);
    dk_json_string(text, out);
    dk_buf_byte(out, '\n');
}

static void put_pair(dk_buf *out, const char *key, size_t n, const char *name, const char *value)
{
    if (n == 0)
        dk_buf_format(out, "    %s:\n", key);
    dk_buf_text(out, "      ");
    dk_json_string(name, out);
    dk_buf_text(out, ": ");
    dk_json_string(value, out);
    dk_buf_byte(out, '\n');
}

/* A path from the name of what was given on: in 资料/旧/a.csv of /data/资料/ that is 资料. "." and ".." are no names.
 */
static const char *from_given(const char *given, const char *path)
{
    size_t end = strlen(given);
    while (end > 1 && given[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && given[begin - 1] != '/')
        begin--;
    const bool name = strncmp(given + begin, ".", end - begin) != 0 && strncmp(given + begin, "..", end - begin) != 0;
    if (strncmp(given, path, end) != 0)
        return path;
    path += name ? begin : end;
    return path + strspn(path, "/");
}

/* how NULL: out of memory, as it gives. */
static bool add_reading(dk_profile_writer *writer, const char *given, const char *path, const char *how)
{
    if (how == NULL || !dk_grow(&writer->readings, &writer->capacity, writer->n + 1, sizeof *writer->readings))
        return false;
    reading *to = &writer->readings[writer->n++];
    *to = (reading){.path = dk_path_text(path), .name = dk_path_text(from_given(given, path)), .how = strdup(how)};
    return to->path != NULL && to->name != NULL && to->how != NULL;
}

bool dk_profile_writer_add(dk_profile_writer *writer, const char *given, const char *path,
                           const dk_file_settings *settings, const dk_kind *kind, const dk_column *columns,
                           const dk_mapping *mapping)
{
    const dk_column_options *said = &settings->columns;
    dk_buf out;
    dk_buf_init(&out);
    if (settings->crs != NULL)
        put_line(&out, "crs", settings->crs);
    if (settings->transformation != NULL) {
        char *whole = realpath(settings->transformation, NULL); /* the profile may be written elsewhere */
        put_line(&out, "transformation", whole != NULL ? whole : settings->transformation);
        free(whole);
    }
    if (settings->accept_datum_error)
        dk_buf_text(&out, "    accept_datum_error: true\n");
    if (settings->has_encoding)
        put_line(&out, "encoding", dk_encoding_name(settings->encoding));
    if (settings->layer != NULL)
        put_line(&out, "layer", settings->layer);
    if (settings->axes_yx)
        put_line(&out, "axes", "yx");
    if (settings->holes)
        dk_buf_text(&out, "    holes: true\n");
    if (settings->undrawn)
        dk_buf_text(&out, "    undrawn: true\n");
    size_t n = 0;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (mapping->column[i] >= 0 && !columns[mapping->column[i]].made)
            put_pair(&out, "fields", n++, kind->fields[i].name, columns[mapping->column[i]].name);
    for (size_t i = 0; i < said->n_sets; i++)
        put_pair(&out, "set", i, said->sets[i].name,
                 said->sets[i].written != NULL ? said->sets[i].written : said->sets[i].value);
    for (size_t i = 0; i < said->n_merged; i++)
        put_pair(&out, "merged", i, said->merged[i].name, said->merged[i].value);
    for (size_t i = 0; i < said->n_ignore; i++) {
        dk_buf_text(&out, i == 0 ? "    ignore:\n      - " : "      - ");
        dk_json_string(said->ignore[i], &out);
        dk_buf_byte(&out, '\n');
    }
    const bool ok = add_reading(writer, given, path, dk_buf_cstr(&out));
    dk_buf_finish(&out);
    return ok;
}

bool dk_profile_writer_skip(dk_profile_writer *writer, const char *given, const char *path)
{
    return add_reading(writer, given, path, "    skip: true\n");
}

static const char *ending_of(const char *path)
{
    const char *dot = strrchr(base_of(path), '.');
    return dot != NULL && dot > base_of(path) ? dot : "";
}

/* Whether all files of this ending were read in one way. */
static bool ending_alike(const dk_profile_writer *writer, const reading *of)
{
    if (*ending_of(of->path) == '\0')
        return false;
    for (size_t i = 0; i < writer->n; i++)
        if (strcasecmp(ending_of(writer->readings[i].path), ending_of(of->path)) == 0 &&
            strcmp(writer->readings[i].how, of->how) != 0)
            return false;
    return true;
}

/* Whether an entry that is called so would fit the path. */
static bool ends_in(const char *path, const char *name)
{
    const size_t size = strlen(path), end = strlen(name);
    return end <= size && strcasecmp(path + size - end, name) == 0 && (end == size || path[size - end - 1] == '/');
}

/* Whether the entry of another file, read in another way, would fit this one. */
static bool is_ambiguous(const dk_profile_writer *writer, const reading *of)
{
    for (size_t i = 0; i < writer->n; i++) {
        const reading *other = &writer->readings[i];
        if (other != of && !other->alike && ends_in(of->name, other->name) && strcmp(other->how, of->how) != 0)
            return true;
    }
    return false;
}

static int longest_first(const void *a, const void *b)
{
    const reading *one = *(reading *const *)a, *other = *(reading *const *)b;
    const size_t size = strlen(one->name), than = strlen(other->name);
    return size != than ? (size < than) - (size > than) : strcmp(one->name, other->name);
}

static void put_pattern(dk_buf *out, const char *before, const char *text)
{
    dk_buf pattern;
    dk_buf_init(&pattern);
    dk_buf_text(&pattern, before);
    for (; *text != '\0'; text++) {
        if (strchr("*?[]\\", *text) != NULL)
            dk_buf_byte(&pattern, '\\');
        dk_buf_append(&pattern, text, 1);
    }
    const char *whole = dk_buf_cstr(&pattern);
    if (whole == NULL)
        out->failed = true;
    else
        dk_json_string(whole, out);
    dk_buf_finish(&pattern);
}

/* The entry of a reading and all that are like it. */
static void put_entry(dk_profile_writer *writer, size_t first, dk_buf *out)
{
    reading *one = &writer->readings[first];
    if (one->alike) {
        dk_buf_text(out, "  - match: ");
        put_pattern(out, "*", ending_of(one->path));
        dk_buf_byte(out, '\n');
        for (size_t i = first; i < writer->n; i++)
            writer->readings[i].written |= strcasecmp(ending_of(writer->readings[i].path), ending_of(one->path)) == 0;
    } else {
        dk_buf_text(out, "  - match:\n");
        for (size_t i = first; i < writer->n; i++) {
            reading *at = &writer->readings[i];
            if (at->written || at->alike || strcmp(at->how, one->how) != 0)
                continue;
            dk_buf_text(out, "      - ");
            put_pattern(out, "", at->name);
            dk_buf_byte(out, '\n');
            at->written = true;
        }
    }
    dk_buf_text(out, one->how);
}

/* The first entry that fits counts: so those stand in front, the longest name first, which entries of others would fit.
 * Two files of one name from two folders of one name are told apart by their paths. */
static bool put_ambiguous(dk_profile_writer *writer, dk_buf *out)
{
    size_t n = 0;
    reading **found = calloc(writer->n + 1, sizeof(reading *));
    if (found == NULL)
        return false;
    for (size_t i = 0; i < writer->n; i++) {
        reading *at = &writer->readings[i];
        if (!at->alike && is_ambiguous(writer, at))
            found[n++] = at;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (i != k && strcasecmp(found[i]->name, found[k]->name) == 0 &&
                strcmp(found[i]->how, found[k]->how) != 0) {
                char *whole = strdup(found[i]->path);
                if (whole == NULL) {
                    free(found);
                    return false;
                }
                free(found[i]->name);
                found[i]->name = whole;
                break;
            }
    qsort(found, n, sizeof *found, longest_first);
    for (size_t i = 0; i < n; i++) {
        dk_buf_text(out, "  - match: ");
        put_pattern(out, "", found[i]->name);
        dk_buf_byte(out, '\n');
        dk_buf_text(out, found[i]->how);
        found[i]->written = true;
    }
    free(found);
    return true;
}

dk_status dk_profile_writer_write(dk_profile_writer *writer, const char *path, dk_error *err)
{
    dk_buf out;
    char *part = NULL;
    dk_buf_init(&out);
    dk_buf_text(&out, "# How files are read: dikuai-ingest load STORE NAME SOURCE... --profile THIS\nfiles:\n");
    for (size_t i = 0; i < writer->n; i++)
        writer->readings[i].alike = ending_alike(writer, &writer->readings[i]);
    const bool told_apart = put_ambiguous(writer, &out);
    for (size_t i = 0; i < writer->n; i++)
        if (!writer->readings[i].written)
            put_entry(writer, i, &out);
    dk_status status = DK_OK;
    FILE *file = NULL;
    if (!told_apart || out.failed || asprintf(&part, "%s.part", path) < 0) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        goto out;
    }
    file = dk_new_file(part, 0666);
    bool good = file != NULL && fwrite(out.data, 1, out.size, file) == out.size;
    int error = errno;
    if (file != NULL && fclose(file) != 0 && good) {
        good = false;
        error = errno;
    }
    if (good && rename(part, path) != 0) {
        good = false;
        error = errno;
    }
    if (!good) {
        if (file != NULL)
            unlink(part);
        status = dk_fail(err, error == ENOSPC ? DK_FULL : DK_IO, "%s: the profile cannot be written: %s", path,
                         strerror(error));
    }
out:
    free(part);
    dk_buf_finish(&out);
    return status;
}
