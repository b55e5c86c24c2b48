#include "store/catalogue_difference.h"

#include "store/buf.h"
#include "store/catalogue_clock.h"
#include "store/text.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEEPEST 24          /* a catalogue that was parsed is not so deep */
#define MOST_SHOWN 120      /* bytes of a value */
#define MOST_COMPARED 65536 /* bytes of two values, to show where they differ */

/* The catalogue, its calendars, and the end. */
#define MOST_DOCUMENTS (DK_MAX_CALENDARS + 2)

typedef struct side {
    yaml_document_t document; /* the one that is looked at: one of those below, which own it */
    yaml_document_t documents[MOST_DOCUMENTS];
    size_t n;
} side;

typedef struct comparing {
    side before, after;
    void (*tell)(const char *sentence, void *user);
    void *user;
    dk_buf sentence, value, other;
} comparing;

static const char *scalar(const yaml_node_t *node)
{
    return node != NULL && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

/* ---- reading ---- */

static size_t count(const yaml_node_t *node)
{
    return node == NULL                      ? 0
           : node->type == YAML_MAPPING_NODE ? (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start)
           : node->type == YAML_SEQUENCE_NODE
               ? (size_t)(node->data.sequence.items.top - node->data.sequence.items.start)
               : 0;
}

static const yaml_node_t *element(side *s, const yaml_node_t *node, size_t i)
{
    return yaml_document_get_node(&s->document, node->data.sequence.items.start[i]);
}

static const char *key_at(side *s, const yaml_node_t *node, size_t i)
{
    const char *key = scalar(yaml_document_get_node(&s->document, node->data.mapping.pairs.start[i].key));
    return key != NULL ? key : "";
}

static const yaml_node_t *value_at(side *s, const yaml_node_t *node, size_t i)
{
    return yaml_document_get_node(&s->document, node->data.mapping.pairs.start[i].value);
}

static const yaml_node_t *value_of(side *s, const yaml_node_t *node, const char *key)
{
    for (size_t i = 0; node != NULL && node->type == YAML_MAPPING_NODE && i < count(node); i++)
        if (strcmp(key_at(s, node, i), key) == 0)
            return value_at(s, node, i);
    return NULL;
}

/* By what an element of a list is told from the others; two divisions may have one name. false: by nothing. */
static bool identity(side *s, const yaml_node_t *node, dk_buf *out)
{
    static const char *const keys[] = {"code", "name", "id"};
    dk_buf_clear(out);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *own = scalar(value_of(s, node, keys[i]));
        if (own != NULL) {
            dk_buf_text(out, own);
            return dk_buf_cstr(out) != NULL;
        }
    }
    const char *from = scalar(value_of(s, node, "from")), *to = scalar(value_of(s, node, "to"));
    if (from == NULL || to == NULL)
        return false;
    dk_buf_format(out, "%s-%s", from, to);
    return dk_buf_cstr(out) != NULL;
}

static bool all_have_identity(side *s, const yaml_node_t *node, dk_buf *room)
{
    if (node != NULL && node->type != YAML_SEQUENCE_NODE)
        return false;
    for (size_t i = 0; i < count(node); i++)
        if (!identity(s, element(s, node, i), room))
            return false;
    return true;
}

static bool same(side *a, const yaml_node_t *x, side *b, const yaml_node_t *y, int depth)
{
    if (x == NULL || y == NULL || depth > DEEPEST)
        return x == NULL && y == NULL;
    if (x->type != y->type || count(x) != count(y))
        return false;
    if (x->type == YAML_SCALAR_NODE)
        return x->data.scalar.length == y->data.scalar.length &&
               memcmp(x->data.scalar.value, y->data.scalar.value, x->data.scalar.length) == 0;
    for (size_t i = 0; i < count(x); i++) {
        const yaml_node_t *own = x->type == YAML_MAPPING_NODE ? value_at(a, x, i) : element(a, x, i);
        const yaml_node_t *other = y->type == YAML_MAPPING_NODE ? value_of(b, y, key_at(a, x, i)) : element(b, y, i);
        if (!same(a, own, b, other, depth + 1))
            return false;
    }
    return true;
}

/* ---- telling ---- */

static void append_value(side *s, const yaml_node_t *node, int depth, dk_buf *out)
{
    if (node == NULL || depth > DEEPEST || out->size > MOST_COMPARED)
        return;
    if (node->type == YAML_SCALAR_NODE) {
        dk_buf_append(out, node->data.scalar.value, node->data.scalar.length);
        return;
    }
    const bool mapping = node->type == YAML_MAPPING_NODE;
    dk_buf_byte(out, mapping ? '{' : '[');
    for (size_t i = 0; i < count(node); i++) {
        if (i > 0)
            dk_buf_text(out, ", ");
        if (mapping)
            dk_buf_format(out, "%s: ", key_at(s, node, i));
        append_value(s, mapping ? value_at(s, node, i) : element(s, node, i), depth + 1, out);
    }
    dk_buf_byte(out, mapping ? '}' : ']');
}

/* On one line. out: where it is kept. */
static const char *written(side *s, const yaml_node_t *node, dk_buf *out)
{
    if (node == NULL)
        return "not given";
    dk_buf_clear(out);
    append_value(s, node, 0, out);
    char *text = dk_buf_cstr(out) != NULL ? (char *)out->data : NULL; /* a value may hold a NUL, and ends there */
    if (text == NULL)
        return "…";
    dk_text_clean(text);
    return text;
}

/* Of a text that was written from a place on, as much as is shown. */
static void append_cut(const char *text, size_t from, dk_buf *out)
{
    const size_t size = strlen(text + from);
    dk_buf_text(out, from > 0 ? "…" : "");
    dk_buf_append(out, text + from, size > MOST_SHOWN ? (size_t)dk_utf8_fit(text + from, MOST_SHOWN) : size);
    dk_buf_text(out, size > MOST_SHOWN ? "…" : "");
}

/* From where on two texts are shown, so that it is seen what is another in them: from the start, or from the part in
 * which they differ. */
static size_t shown_from(const char *a, const char *b)
{
    size_t same = 0;
    while (a[same] != '\0' && a[same] == b[same])
        same++;
    if (same < MOST_SHOWN)
        return 0;
    for (size_t from = same; from > same - MOST_SHOWN / 2; from--)
        if (strchr(" [{", a[from - 1]) != NULL && from >= 2 && (a[from - 1] != ' ' || a[from - 2] == ','))
            return from;
    while (same > 0 && ((unsigned char)a[same] & 0xC0) == 0x80)
        same--;
    return same;
}

static void tell(comparing *c)
{
    char *text = dk_buf_cstr(&c->sentence) != NULL ? (char *)c->sentence.data : NULL;
    if (text == NULL)
        return;
    dk_text_clean(text);
    c->tell(text, c->user);
}

/* label: "field parcel.id", "" of the catalogue itself. key NULL: all of it. */
static void tell_change(comparing *c, const char *label, const char *key, const yaml_node_t *before,
                        const yaml_node_t *after)
{
    dk_buf_clear(&c->sentence);
    if (label[0] != '\0')
        dk_buf_format(&c->sentence, "%s: ", label);
    if (key != NULL)
        dk_buf_format(&c->sentence, label[0] != '\0' ? "%s " : "%s: ", key);
    const char *old = written(&c->before, before, &c->value), *new = written(&c->after, after, &c->other);
    const size_t from = shown_from(old, new);
    append_cut(old, from, &c->sentence);
    dk_buf_text(&c->sentence, " -> ");
    append_cut(new, from, &c->sentence);
    tell(c);
}

static void tell_one(comparing *c, const char *label, const char *what, side *s, const yaml_node_t *node)
{
    dk_buf_clear(&c->sentence);
    dk_buf_format(&c->sentence, "%s: %s", label, what);
    if (node != NULL) {
        dk_buf_byte(&c->sentence, ' ');
        append_cut(written(s, node, &c->value), 0, &c->sentence);
    }
    tell(c);
}

/* "fields" of parcel, id -> "field parcel.id" */
static void make_label(const char *key, const char *owner, const char *name, dk_buf *out)
{
    const size_t size = strlen(key);
    dk_buf_clear(out);
    dk_buf_append(out, key, size > 1 && key[size - 1] == 's' ? size - 1 : size);
    dk_buf_format(out, owner[0] != '\0' ? " %s.%s" : " %s%s", owner, name);
}

static dk_status compare_mappings(comparing *c, const char *label, const char *owner, const yaml_node_t *before,
                                  const yaml_node_t *after, int depth);

/* Looks from a place on and then from the start: what follows on each other does so in both lists, mostly. */
static const yaml_node_t *find(side *s, const yaml_node_t *list, const char *name, size_t from, size_t *ret_at,
                               dk_buf *room)
{
    for (size_t n = count(list), k = 0; k < n; k++) {
        const size_t i = (from + k) % n;
        if (identity(s, element(s, list, i), room) && strcmp((const char *)room->data, name) == 0) {
            *ret_at = i;
            return element(s, list, i);
        }
    }
    return NULL;
}

/* Lists of what has names: of divisions there may be tens of thousands. */
static dk_status compare_lists(comparing *c, const char *key, const char *owner, const yaml_node_t *before,
                               const yaml_node_t *after, int depth)
{
    dk_buf name, other, label;
    dk_buf_init(&name);
    dk_buf_init(&other);
    dk_buf_init(&label);
    dk_status status = DK_OK;
    bool moved = false;
    size_t next = 0; /* where the next one is looked for */
    for (size_t i = 0; status == DK_OK && i < count(before); i++) {
        const yaml_node_t *own = element(&c->before, before, i), *now = NULL;
        size_t at = 0;
        identity(&c->before, own, &name);
        const char *text = dk_buf_cstr(&name);
        if (text != NULL)
            now = find(&c->after, after, text, next, &at, &other);
        make_label(key, owner, text != NULL ? text : "", &label);
        const char *shown_label = dk_buf_cstr(&label);
        if (text == NULL || shown_label == NULL)
            status = DK_NOMEM;
        else if (now == NULL)
            tell_one(c, shown_label, "removed", NULL, NULL);
        else
            status = compare_mappings(c, shown_label, text, own, now, depth + 1);
        moved = moved || (now != NULL && at < next);
        next = now != NULL ? at + 1 : next;
    }
    next = 0;
    for (size_t i = 0; status == DK_OK && i < count(after); i++) {
        const yaml_node_t *own = element(&c->after, after, i);
        size_t at;
        identity(&c->after, own, &name);
        const char *text = dk_buf_cstr(&name);
        if (text == NULL) {
            status = DK_NOMEM;
            break;
        }
        if (find(&c->before, before, text, next, &at, &other) != NULL) {
            next = at + 1;
            continue;
        }
        make_label(key, owner, text, &label);
        const char *shown_label = dk_buf_cstr(&label);
        if (shown_label == NULL)
            status = DK_NOMEM;
        else
            tell_one(c, shown_label, "new", &c->after, own);
    }
    if (status == DK_OK && moved) {
        dk_buf_clear(&label);
        dk_buf_format(&label, owner[0] != '\0' ? "%s of %s" : "%s%s", key, owner);
        if (dk_buf_cstr(&label) != NULL)
            tell_one(c, (const char *)label.data, "in another order", NULL, NULL);
    }
    dk_buf_finish(&name);
    dk_buf_finish(&other);
    dk_buf_finish(&label);
    return status;
}

static dk_status compare_values(comparing *c, const char *label, const char *owner, const char *key,
                                const yaml_node_t *before, const yaml_node_t *after, int depth)
{
    if (same(&c->before, before, &c->after, after, 0))
        return DK_OK;
    const yaml_node_t *either = before != NULL ? before : after;
    if (depth < DEEPEST && either->type == YAML_SEQUENCE_NODE && all_have_identity(&c->before, before, &c->value) &&
        all_have_identity(&c->after, after, &c->value))
        return compare_lists(c, key, owner, before, after, depth);
    tell_change(c, label, key, before, after);
    return DK_OK;
}

static dk_status compare_mappings(comparing *c, const char *label, const char *owner, const yaml_node_t *before,
                                  const yaml_node_t *after, int depth)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < count(before); i++) {
        const char *key = key_at(&c->before, before, i);
        status = compare_values(c, label, owner, key, value_at(&c->before, before, i), value_of(&c->after, after, key),
                                depth);
    }
    for (size_t i = 0; status == DK_OK && i < count(after); i++) {
        const char *key = key_at(&c->after, after, i);
        if (value_of(&c->before, before, key) == NULL)
            status = compare_values(c, label, owner, key, NULL, value_at(&c->after, after, i), depth);
    }
    return status;
}

/* All documents of the text; the first is the one that is looked at. */
static bool load(side *s, const char *text, size_t size)
{
    yaml_parser_t parser;
    bool good = true;
    if (!yaml_parser_initialize(&parser))
        return false;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    while (good && s->n < MOST_DOCUMENTS) {
        yaml_document_t *document = &s->documents[s->n];
        good = yaml_parser_load(&parser, document) != 0;
        if (!good)
            break;
        s->n++;
        if (yaml_document_get_root_node(document) == NULL)
            break; /* the stream ends */
    }
    yaml_parser_delete(&parser);
    if (s->n > 0)
        s->document = s->documents[0];
    return good && s->n > 0;
}

static void unload(side *s)
{
    for (size_t i = 0; i < s->n; i++)
        yaml_document_delete(&s->documents[i]);
}

/* Turns to the document of a calendar, and gives its root; NULL: there is none. */
static const yaml_node_t *calendar_of(side *s, const char *id)
{
    for (size_t i = 1; i < s->n; i++) {
        s->document = s->documents[i];
        const yaml_node_t *root = yaml_document_get_root_node(&s->document);
        const yaml_node_t *own = root != NULL && root->type == YAML_MAPPING_NODE ? value_of(s, root, "calendar") : NULL;
        if (own != NULL && own->type == YAML_SCALAR_NODE && strcmp(scalar(own), id) == 0)
            return root;
    }
    return NULL;
}

/* What stands in the calendar's document, its years one by one. That a calendar is new or gone is told of 'calendars'.
 */
static dk_status compare_calendar(comparing *c, const char *id)
{
    const yaml_node_t *before = calendar_of(&c->before, id), *after = calendar_of(&c->after, id);
    if (before == NULL || after == NULL)
        return DK_OK;
    dk_buf label;
    dk_buf_init(&label);
    dk_buf_format(&label, "calendar %s", id);
    dk_status status = dk_buf_cstr(&label) == NULL ? DK_NOMEM : DK_OK;
    for (int turn = 0; status == DK_OK && turn < 2; turn++) {
        side *own = turn == 0 ? &c->before : &c->after;
        const yaml_node_t *root = turn == 0 ? before : after;
        for (size_t i = 0; status == DK_OK && i < count(root); i++) {
            const char *key = key_at(own, root, i);
            const yaml_node_t *x = value_of(&c->before, before, key), *y = value_of(&c->after, after, key);
            if (turn == 1 && x != NULL)
                continue;
            if (x != NULL && y != NULL && x->type == YAML_MAPPING_NODE && y->type == YAML_MAPPING_NODE)
                status = compare_mappings(c, (const char *)label.data, "", x, y, 0);
            else
                status = compare_values(c, (const char *)label.data, "", key, x, y, 0);
        }
    }
    dk_buf_finish(&label);
    return status;
}

static dk_status compare_calendars(comparing *c)
{
    dk_status status = DK_OK;
    for (size_t i = 1; status == DK_OK && i < c->before.n; i++) {
        c->before.document = c->before.documents[i];
        const yaml_node_t *root = yaml_document_get_root_node(&c->before.document);
        const yaml_node_t *id =
            root != NULL && root->type == YAML_MAPPING_NODE ? value_of(&c->before, root, "calendar") : NULL;
        if (id != NULL && id->type == YAML_SCALAR_NODE)
            status = compare_calendar(c, scalar(id));
    }
    return status;
}

dk_status dk_catalogue_difference(const char *before, size_t before_size, const char *after, size_t after_size,
                                  void (*to_tell)(const char *sentence, void *user), void *user, dk_error *err)
{
    comparing c = {.tell = to_tell, .user = user};
    dk_buf_init(&c.sentence);
    dk_buf_init(&c.value);
    dk_buf_init(&c.other);
    dk_status status = load(&c.before, before, before_size) && load(&c.after, after, after_size) ? DK_OK : DK_INVALID;
    const yaml_node_t *own = status == DK_OK ? yaml_document_get_root_node(&c.before.document) : NULL;
    const yaml_node_t *other = status == DK_OK ? yaml_document_get_root_node(&c.after.document) : NULL;
    if (own == NULL || other == NULL || own->type != YAML_MAPPING_NODE || other->type != YAML_MAPPING_NODE)
        status = dk_fail(err, DK_INVALID, "one of the catalogues to be compared is none");
    else if ((status = compare_mappings(&c, "", "", own, other, 0)) != DK_OK ||
             (status = compare_calendars(&c)) != DK_OK || c.sentence.failed || c.value.failed || c.other.failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    unload(&c.before);
    unload(&c.after);
    dk_buf_finish(&c.sentence);
    dk_buf_finish(&c.value);
    dk_buf_finish(&c.other);
    return status;
}
