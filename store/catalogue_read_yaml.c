#include "store/catalogue_read_yaml.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ten times what a catalogue with every village of a province needs; about 300 MB while it is read. */
#define MAX_EVENTS 2000000u
#define MAX_NESTING 32

/* Messages ------------------------------------------------------------------------------------------------------ */

void dk_yaml_enter(dk_yaml *yaml, const char *key)
{
    if (yaml->depth < sizeof yaml->path / sizeof *yaml->path)
        yaml->path[yaml->depth].key = key;
    yaml->depth++;
}

void dk_yaml_enter_index(dk_yaml *yaml, size_t index)
{
    if (yaml->depth < sizeof yaml->path / sizeof *yaml->path) {
        yaml->path[yaml->depth].key = NULL;
        yaml->path[yaml->depth].index = index;
    }
    yaml->depth++;
}

void dk_yaml_leave(dk_yaml *yaml)
{
    yaml->depth--;
}

static void add(char *out, size_t size, const char *text)
{
    const size_t used = strlen(out);
    if (used + 1 < size)
        snprintf(out + used, size - used, "%s", text);
}

bool dk_yaml_fail(dk_yaml *yaml, const yaml_node_t *node, const char *format, ...)
{
    char path[300] = "", message[640];
    for (size_t i = 0; i < yaml->depth && i < sizeof yaml->path / sizeof *yaml->path; i++) {
        char index[32];
        snprintf(index, sizeof index, "[%zu]", yaml->path[i].index);
        if (yaml->path[i].key != NULL && i > 0)
            add(path, sizeof path, ".");
        add(path, sizeof path, yaml->path[i].key != NULL ? yaml->path[i].key : index);
    }
    if (path[0] != '\0')
        add(path, sizeof path, ": ");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const size_t line = node != NULL ? node->start_mark.line + 1 : 1;
    yaml->status = dk_fail(yaml->err, DK_INVALID, "%s:%zu: %s%s", yaml->origin, line, path, message);
    return false;
}

const char *dk_yaml_shown(dk_yaml *yaml, const char *text)
{
    char *out = yaml->shown[yaml->n_shown++ % 4];
    const size_t size = sizeof yaml->shown[0];
    const size_t room = size - sizeof "…";
    if (yaml->secret)
        return "…";
    size_t n = strlen(text);
    const bool cut = n > room;
    if (cut)
        for (n = room; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
            n--;
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    snprintf(out + n, size - n, "%s", cut ? "…" : "");
    return out;
}

void dk_yaml_choice(char *out, size_t size, const void *names, size_t n, size_t stride)
{
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        const char *name = *(const char *const *)((const char *)names + i * stride);
        if (strlen(out) + strlen(name) + sizeof ", … or " > size) {
            add(out, size, ", …");
            return;
        }
        add(out, size, i == 0 ? "" : i + 1 == n ? " or " : ", ");
        add(out, size, name);
    }
}

void *dk_yaml_alloc(dk_yaml *yaml, size_t count, size_t size)
{
    void *memory = dk_arena_alloc(yaml->arena, count, size);
    if (memory == NULL)
        yaml->status = dk_fail(yaml->err, DK_LIMIT,
                               "%s: the %s needs more memory than it may have; leave out what is not needed, "
                               "or aliases (*name) that repeat large parts",
                               yaml->origin, yaml->what);
    return memory;
}

/* Loading ------------------------------------------------------------------------------------------------------- */

/* The line, counted from 1, in which a key is followed by the colon that keyboards for Chinese make: 0 if it is neither
 * the last nor the one before it. That such a text is no YAML shows in the line behind it. */
static size_t line_of_wide_colon(const char *text, size_t size, size_t last)
{
    size_t line = 1;
    for (size_t at = 0; at < size && line <= last; line++) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t next = end != NULL ? (size_t)(end - text) + 1 : size;
        while (at < next && (text[at] == ' ' || text[at] == '-'))
            at++;
        const size_t key = at;
        while (at < next && ((text[at] >= 'a' && text[at] <= 'z') || text[at] == '_'))
            at++;
        if (line + 1 >= last && at > key && next - at >= strlen("：") && memcmp(text + at, "：", strlen("：")) == 0)
            return line;
        at = next;
    }
    return 0;
}

static dk_status syntax_error(const yaml_parser_t *parser, const char *text, size_t size, const char *origin,
                              const char *what, dk_error *err)
{
    const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
    if (parser->error == YAML_MEMORY_ERROR)
        return dk_fail(err, DK_NOMEM, "%s: out of memory while reading the %s", origin, what);
    if (parser->error == YAML_READER_ERROR) {
        size_t line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < size; i++)
            line += text[i] == '\n';
        return dk_fail(err, DK_INVALID, "%s:%zu: this is not UTF-8 text (%s); save the %s as UTF-8", origin, line,
                       problem, what);
    }
    const size_t wide = line_of_wide_colon(text, size, parser->problem_mark.line + 1);
    if (wide > 0)
        return dk_fail(err, DK_INVALID,
                       "%s:%zu: a full-width colon (：) stands behind the key; write a plain one and a blank (: )",
                       origin, wide);
    if (parser->context != NULL && strstr(parser->context, "scanning an alias") != NULL)
        return dk_fail(err, DK_INVALID, "%s:%zu: a value that begins with * needs quotes (\"*.shp\")", origin,
                       parser->context_mark.line + 1);
    char context[200] = "";
    if (parser->context != NULL)
        snprintf(context, sizeof context, " %s that begins in line %zu", parser->context,
                 parser->context_mark.line + 1);
    return dk_fail(err, DK_INVALID, "%s:%zu: this is not YAML: %s%s; correct the indentation, quotes or brackets there",
                   origin, parser->problem_mark.line + 1, problem, context);
}

/* A first pass over the events: whatever is too much is refused before a document of it is built. */
static dk_status check_bounds(const char *text, size_t size, const char *origin, const char *what, const char *least,
                              size_t most, dk_error *err)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return dk_fail(err, DK_NOMEM, "%s: out of memory while reading the %s", origin, what);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    dk_status status = DK_OK;
    size_t events = 0, documents = 0, depth = 0;
    for (bool end = false; status == DK_OK && !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = syntax_error(&parser, text, size, origin, what, err);
            break;
        }
        const size_t line = event.start_mark.line + 1;
        events++;
        if (event.type == YAML_DOCUMENT_START_EVENT && ++documents > most)
            status = most == 1
                         ? dk_fail(err, DK_INVALID, "%s:%zu: a second document begins here; keep one document in a %s",
                                   origin, line, what)
                         : dk_fail(err, DK_INVALID, "%s:%zu: the %s has more than %zu documents; leave out this one",
                                   origin, line, what, most);
        else if (event.type == YAML_MAPPING_START_EVENT || event.type == YAML_SEQUENCE_START_EVENT)
            depth++;
        else if (event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT)
            depth--;
        else if (event.type == YAML_STREAM_END_EVENT)
            end = true;
        if (status == DK_OK && depth > MAX_NESTING)
            status = dk_fail(err, DK_INVALID,
                             "%s:%zu: lists and mappings are nested more than %d deep; a %s "
                             "needs fewer, look for a bracket that is not closed",
                             origin, line, MAX_NESTING, what);
        if (status == DK_OK && events > MAX_EVENTS)
            status = dk_fail(err, DK_LIMIT,
                             "%s:%zu: the %s has more than %u values up to here; leave out "
                             "what is not needed",
                             origin, line, what, MAX_EVENTS);
        yaml_event_delete(&event);
    }
    if (status == DK_OK && documents == 0)
        status = dk_fail(err, DK_INVALID, "%s:1: the %s is empty; write at least %s", origin, what, least);
    yaml_parser_delete(&parser);
    return status;
}

/* Loads as many documents as check_bounds has counted at most; yaml->err is for what fails here. */
static dk_status load_documents(dk_yaml *yaml, const char *text, size_t size, size_t most, dk_error *err)
{
    dk_status status = DK_OK;
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return dk_fail(err, DK_NOMEM, "%s: out of memory while reading the %s", yaml->origin, yaml->what);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    for (size_t n = 0; n <= most && status == DK_OK; n++) {
        yaml_document_t document;
        if (!yaml_parser_load(&parser, &document)) {
            status = syntax_error(&parser, text, size, yaml->origin, yaml->what, err);
            break;
        }
        if (yaml_document_get_root_node(&document) == NULL) { /* the stream ends */
            yaml_document_delete(&document);
            break;
        }
        if (n == 0) {
            yaml->document = document;
            continue;
        }
        yaml_document_t *more = realloc(yaml->more, n * sizeof *more);
        if (more == NULL) {
            yaml_document_delete(&document);
            status = dk_fail(err, DK_NOMEM, "%s: out of memory while reading the %s", yaml->origin, yaml->what);
            break;
        }
        yaml->more = more;
        more[n - 1] = document;
        yaml->n_more = n;
    }
    yaml_parser_delete(&parser);
    if (status != DK_OK)
        dk_yaml_finish(yaml);
    return status;
}

dk_status dk_yaml_load_stream(dk_yaml *yaml, const char *text, size_t size, const char *origin, const char *what,
                              const char *least, size_t most, dk_arena *arena, dk_error *err)
{
    if (size > DK_YAML_MAX_BYTES)
        return dk_fail(err, DK_LIMIT, "%s: the %s has more than %u MiB; leave out what is not needed", origin, what,
                       DK_YAML_MAX_BYTES >> 20);
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* libyaml keeps it when told the encoding */
        text += 3;
        size -= 3;
    }
    dk_status status = check_bounds(text, size, origin, what, least, most, err);
    if (status != DK_OK)
        return status;
    memset(yaml, 0, sizeof *yaml);
    yaml->origin = origin;
    yaml->what = what;
    yaml->err = err;
    yaml->arena = arena;
    return load_documents(yaml, text, size, most, err);
}

dk_status dk_yaml_load(dk_yaml *yaml, const char *text, size_t size, const char *origin, const char *what,
                       const char *least, dk_arena *arena, dk_error *err)
{
    return dk_yaml_load_stream(yaml, text, size, origin, what, least, 1, arena, err);
}

void dk_yaml_finish(dk_yaml *yaml)
{
    yaml_document_delete(&yaml->document);
    for (size_t i = 0; i < yaml->n_more; i++)
        yaml_document_delete(&yaml->more[i]);
    free(yaml->more);
    yaml->more = NULL;
    yaml->n_more = 0;
}

static yaml_document_t *current(dk_yaml *yaml)
{
    return yaml->current == 0 ? &yaml->document : &yaml->more[yaml->current - 1];
}

const yaml_node_t *dk_yaml_root(dk_yaml *yaml)
{
    return yaml_document_get_root_node(current(yaml));
}

void dk_yaml_turn_to(dk_yaml *yaml, size_t i)
{
    yaml->current = i;
}

/* Values -------------------------------------------------------------------------------------------------------- */

/* Aliases let few bytes stand for many values; what is read of them is counted. */
static bool visit(dk_yaml *yaml, const yaml_node_t *node, size_t n)
{
    yaml->visits += n;
    if (yaml->visits <= MAX_EVENTS)
        return true;
    dk_yaml_fail(yaml, node, "the %s has too many values when its aliases (*name) are written out; write fewer of them",
                 yaml->what);
    yaml->status = DK_LIMIT;
    if (yaml->err != NULL)
        yaml->err->status = DK_LIMIT;
    return false;
}

static const char *node_kind(const yaml_node_t *node)
{
    return node->type == YAML_MAPPING_NODE    ? "a mapping"
           : node->type == YAML_SEQUENCE_NODE ? "a list"
                                              : "a single value";
}

static bool check_kind(dk_yaml *yaml, const yaml_node_t *node, yaml_node_type_t type, const char *wanted)
{
    if (!visit(yaml, node, 1))
        return false;
    if (node->type != type)
        return dk_yaml_fail(yaml, node, "is %s; write %s", node_kind(node), wanted);
    const char *tag = type == YAML_MAPPING_NODE    ? YAML_DEFAULT_MAPPING_TAG
                      : type == YAML_SEQUENCE_NODE ? YAML_DEFAULT_SEQUENCE_TAG
                                                   : YAML_DEFAULT_SCALAR_TAG;
    if (node->tag != NULL && strcmp((const char *)node->tag, tag) != 0)
        return dk_yaml_fail(yaml, node, "has the YAML tag %s, and a %s has none; remove it",
                            dk_yaml_shown(yaml, (const char *)node->tag), yaml->what);
    return true;
}

static const char *scalar(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

typedef enum plain_type { PLAIN_TEXT, PLAIN_NOTHING, PLAIN_TRUTH, PLAIN_NUMBER } plain_type;

static bool one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* YAML 1.2.2, 10.3.2: what a plain scalar is under the core schema. */
static plain_type plain_type_of(const yaml_node_t *node)
{
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const truth[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
    static const char *const special[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL};
    const char *at = scalar(node);
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return PLAIN_TEXT;
    if (one_of(at, nothing))
        return PLAIN_NOTHING;
    if (one_of(at, truth))
        return PLAIN_TRUTH;
    if (one_of(at, special) ||
        (strncmp(at, "0x", 2) == 0 && at[2] != '\0' && strspn(at + 2, "0123456789abcdefABCDEF") == strlen(at + 2)) ||
        (strncmp(at, "0o", 2) == 0 && at[2] != '\0' && strspn(at + 2, "01234567") == strlen(at + 2)))
        return PLAIN_NUMBER;
    at += *at == '+' || *at == '-';
    if (one_of(at, special) && at[1] != 'n' && at[1] != 'N')
        return PLAIN_NUMBER;
    const size_t whole = strspn(at, "0123456789");
    at += whole;
    size_t part = 0;
    if (*at == '.')
        part = strspn(++at, "0123456789");
    at += part;
    if (whole + part == 0)
        return PLAIN_TEXT;
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        const size_t exponent = strspn(at, "0123456789");
        if (exponent == 0)
            return PLAIN_TEXT;
        at += exponent;
    }
    return *at == '\0' ? PLAIN_NUMBER : PLAIN_TEXT;
}

static bool check_text(dk_yaml *yaml, const yaml_node_t *node)
{
    if (!check_kind(yaml, node, YAML_SCALAR_NODE, "a text"))
        return false;
    const char *text = scalar(node);
    const plain_type type = plain_type_of(node);
    if (node->data.scalar.length == 0 || type == PLAIN_NOTHING)
        return dk_yaml_fail(yaml, node, "is empty; write a text or leave it out");
    if (type != PLAIN_TEXT)
        return dk_yaml_fail(yaml, node, "%s is %s here, not a text; write it in quotes: '%s'",
                            dk_yaml_shown(yaml, text), type == PLAIN_NUMBER ? "a number" : "a truth value",
                            dk_yaml_shown(yaml, text));
    if (memchr(text, '\0', node->data.scalar.length) != NULL)
        return dk_yaml_fail(yaml, node, "holds a NUL character; remove it");
    return true;
}

bool dk_yaml_text(dk_yaml *yaml, const yaml_node_t *node, const char **ret_text)
{
    if (!check_text(yaml, node))
        return false;
    char *copy = dk_yaml_alloc(yaml, node->data.scalar.length + 1, 1);
    if (copy == NULL)
        return false;
    memcpy(copy, scalar(node), node->data.scalar.length);
    *ret_text = copy;
    return true;
}

bool dk_yaml_key_text(dk_yaml *yaml, const dk_yaml_key *key, const char **ret_text)
{
    if (key->value == NULL)
        return true;
    dk_yaml_enter(yaml, key->name);
    if (!dk_yaml_text(yaml, key->value, ret_text))
        return false;
    dk_yaml_leave(yaml);
    return true;
}

bool dk_yaml_mapping(dk_yaml *yaml, const yaml_node_t *node, dk_yaml_key *keys, size_t n_keys)
{
    if (!check_kind(yaml, node, YAML_MAPPING_NODE, "a mapping of keys and values (key: value)"))
        return false;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(current(yaml), pair->key);
        if (key->type != YAML_SCALAR_NODE)
            return dk_yaml_fail(yaml, key, "has a key that is %s; write a name", node_kind(key));
        size_t i = 0;
        while (i < n_keys && strcmp(scalar(key), keys[i].name) != 0)
            i++;
        const char *shown = dk_yaml_shown(yaml, scalar(key));
        dk_yaml_enter(yaml, shown);
        if (i == n_keys) {
            char choice[400];
            dk_yaml_choice(choice, sizeof choice, keys, n_keys, sizeof *keys);
            return dk_yaml_fail(yaml, key, "'%s' is not a key here; use %s", shown, choice);
        }
        if (keys[i].value != NULL)
            return dk_yaml_fail(yaml, key, "'%s' is written twice; keep one of them", shown);
        dk_yaml_leave(yaml);
        keys[i].value = yaml_document_get_node(current(yaml), pair->value);
    }
    for (size_t i = 0; i < n_keys; i++)
        if (keys[i].required && keys[i].value == NULL)
            return dk_yaml_fail(yaml, node, "'%s' is missing; add it", keys[i].name);
    return true;
}

static bool read_pairs(dk_yaml *yaml, const yaml_node_t *node, size_t min, size_t max, bool numbered, size_t *ret_n)
{
    if (!check_kind(yaml, node, YAML_MAPPING_NODE, "a mapping (name: value)"))
        return false;
    const size_t n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    if (n < min || n > max) {
        if (min == max)
            return dk_yaml_fail(yaml, node, "has %zu pairs; write exactly %zu", n, min);
        return dk_yaml_fail(yaml, node, "has %zu pairs; write %zu to %zu", n, min, max);
    }
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *key, *value;
        dk_yaml_pair(yaml, node, i, &key, &value);
        if (numbered ? !check_kind(yaml, key, YAML_SCALAR_NODE, "a number") : !check_text(yaml, key))
            return false;
        for (size_t k = 0; k < i; k++) {
            const yaml_node_t *other;
            dk_yaml_pair(yaml, node, k, &other, &value);
            if (strcmp(scalar(key), scalar(other)) == 0)
                return dk_yaml_fail(yaml, key, "'%s' is written twice; keep one of them",
                                    dk_yaml_shown(yaml, scalar(key)));
        }
    }
    *ret_n = n;
    return true;
}

bool dk_yaml_pairs(dk_yaml *yaml, const yaml_node_t *node, size_t min, size_t max, size_t *ret_n)
{
    return read_pairs(yaml, node, min, max, false, ret_n);
}

bool dk_yaml_numbered_pairs(dk_yaml *yaml, const yaml_node_t *node, size_t min, size_t max, size_t *ret_n)
{
    return read_pairs(yaml, node, min, max, true, ret_n);
}

void dk_yaml_pair(dk_yaml *yaml, const yaml_node_t *node, size_t i, const yaml_node_t **ret_key,
                  const yaml_node_t **ret_value)
{
    *ret_key = yaml_document_get_node(current(yaml), node->data.mapping.pairs.start[i].key);
    *ret_value = yaml_document_get_node(current(yaml), node->data.mapping.pairs.start[i].value);
}

bool dk_yaml_list(dk_yaml *yaml, const yaml_node_t *node, size_t min, size_t max, size_t *ret_n)
{
    if (!check_kind(yaml, node, YAML_SEQUENCE_NODE, "a list"))
        return false;
    const size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (n < min)
        return dk_yaml_fail(yaml, node, "has %zu %s; write at least %zu", n, n == 1 ? "entry" : "entries", min);
    if (n > max)
        return dk_yaml_fail(yaml, node, "has %zu %s; write at most %zu", n, n == 1 ? "entry" : "entries", max);
    *ret_n = n;
    return true;
}

const yaml_node_t *dk_yaml_element(dk_yaml *yaml, const yaml_node_t *node, size_t i)
{
    return yaml_document_get_node(current(yaml), node->data.sequence.items.start[i]);
}

typedef struct numbered_text {
    const char *text;
    size_t number;
} numbered_text;

static int compare_numbered(const void *a, const void *b)
{
    const numbered_text *x = a, *y = b;
    const int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

bool dk_yaml_key_texts(dk_yaml *yaml, const dk_yaml_key *key, size_t min, size_t max, const char ***ret_texts,
                       size_t *ret_n)
{
    if (key->value == NULL)
        return true;
    size_t n = 0;
    dk_yaml_enter(yaml, key->name);
    if (!dk_yaml_list(yaml, key->value, min, max, &n))
        return false;
    const char **texts = dk_yaml_alloc(yaml, n, sizeof *texts);
    if (texts == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        dk_yaml_enter_index(yaml, i);
        if (!dk_yaml_text(yaml, dk_yaml_element(yaml, key->value, i), &texts[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    numbered_text *sorted = malloc((n + 1) * sizeof *sorted);
    if (sorted == NULL) {
        yaml->status = dk_fail(yaml->err, DK_NOMEM, "%s: out of memory while reading the %s", yaml->origin, yaml->what);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = (numbered_text){texts[i], i};
    qsort(sorted, n, sizeof *sorted, compare_numbered);
    size_t repeated = n;
    for (size_t i = 1; i < n; i++)
        if (strcmp(sorted[i].text, sorted[i - 1].text) == 0 && sorted[i].number < repeated)
            repeated = sorted[i].number;
    free(sorted);
    if (repeated < n) {
        dk_yaml_enter_index(yaml, repeated);
        return dk_yaml_fail(yaml, dk_yaml_element(yaml, key->value, repeated),
                            "'%s' is in the list twice; keep one of them", dk_yaml_shown(yaml, texts[repeated]));
    }
    dk_yaml_leave(yaml);
    *ret_texts = texts;
    *ret_n = n;
    return true;
}

bool dk_yaml_key_name(dk_yaml *yaml, const dk_yaml_key *key, const char **ret_name)
{
    const char *name = NULL;
    if (!dk_yaml_key_text(yaml, key, &name))
        return false;
    const size_t n = strlen(name);
    if (name[0] >= 'a' && name[0] <= 'z' && n <= 60 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n) {
        *ret_name = name;
        return true;
    }
    dk_yaml_enter(yaml, key->name);
    return dk_yaml_fail(yaml, key->value, "'%s' is not a name; use a letter a-z and then at most 59 of a-z, 0-9 and _",
                        dk_yaml_shown(yaml, name));
}

bool dk_yaml_key_flag(dk_yaml *yaml, const dk_yaml_key *key, bool *ret_flag)
{
    if (key->value == NULL)
        return true;
    dk_yaml_enter(yaml, key->name);
    if (!check_kind(yaml, key->value, YAML_SCALAR_NODE, "true or false"))
        return false;
    if (plain_type_of(key->value) != PLAIN_TRUTH)
        return dk_yaml_fail(yaml, key->value, "'%s' is neither true nor false; write one of them, without quotes",
                            dk_yaml_shown(yaml, scalar(key->value)));
    dk_yaml_leave(yaml);
    *ret_flag = scalar(key->value)[0] == 't' || scalar(key->value)[0] == 'T';
    return true;
}

bool dk_yaml_number(dk_yaml *yaml, const yaml_node_t *node, double min, double max, double *ret_number)
{
    if (!check_kind(yaml, node, YAML_SCALAR_NODE, "a number"))
        return false;
    const char *text = scalar(node);
    char *end = NULL;
    const double number = strtod(text, &end);
    if (plain_type_of(node) != PLAIN_NUMBER || *end != '\0' || !isfinite(number))
        return dk_yaml_fail(yaml, node, "'%s' is not a number; write digits, without quotes",
                            dk_yaml_shown(yaml, text));
    if (number < min || number > max)
        return dk_yaml_fail(yaml, node, "%s is out of range; use %.15g to %.15g", dk_yaml_shown(yaml, text), min, max);
    *ret_number = number;
    return true;
}

bool dk_yaml_integer(dk_yaml *yaml, const yaml_node_t *node, long min, long max, long *ret_integer)
{
    double number = 0;
    if (!dk_yaml_number(yaml, node, (double)min, (double)max, &number))
        return false;
    if (number != floor(number))
        return dk_yaml_fail(yaml, node, "%s is not a whole number; use %ld to %ld", dk_yaml_shown(yaml, scalar(node)),
                            min, max);
    *ret_integer = (long)number;
    return true;
}

bool dk_yaml_key_choice(dk_yaml *yaml, const dk_yaml_key *key, const char *what, const char *const *names, size_t n,
                        size_t *ret_position)
{
    if (key->value == NULL)
        return true;
    dk_yaml_enter(yaml, key->name);
    if (!check_text(yaml, key->value))
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(scalar(key->value), names[i]) == 0) {
            dk_yaml_leave(yaml);
            *ret_position = i;
            return true;
        }
    char choice[300];
    dk_yaml_choice(choice, sizeof choice, names, n, sizeof *names);
    return dk_yaml_fail(yaml, key->value, "'%s' is not %s; use %s", dk_yaml_shown(yaml, scalar(key->value)), what,
                        choice);
}
