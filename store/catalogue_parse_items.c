/* The disclosure items and divisions of a catalogue. */
#include "store/catalogue_parse.h"
#include "store/succession.h"
#include "store/text.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Disclosure items ---------------------------------------------------------------------------------------------- */

bool dk_parse_check_value(dk_yaml *yaml, const yaml_node_t *node, const dk_field *field, const char *value)
{
    for (size_t i = 0; i < field->n_values; i++)
        if (strcmp(field->values[i], value) == 0)
            return true;
    if (field->n_values == 0)
        return true;
    char choice[300];
    dk_yaml_choice(choice, sizeof choice, field->values, field->n_values, sizeof *field->values);
    return dk_yaml_fail(yaml, node, "'%s' is not a value of %s; use %s", dk_yaml_shown(yaml, value), field->name,
                        choice);
}

bool dk_parse_values(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_field *field,
                     const char ***ret_values, size_t *ret_n)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_yaml_key key = {field->name, true, node};
    if (!dk_yaml_key_texts(yaml, &key, 1, 100, ret_values, ret_n))
        return false;
    dk_yaml_enter(yaml, field->name);
    for (size_t i = 0; i < *ret_n; i++) {
        dk_yaml_enter_index(yaml, i);
        if (!dk_parse_check_value(yaml, dk_yaml_element(yaml, node, i), field, (*ret_values)[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

bool dk_parse_reachable(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *about, const dk_kind *kind)
{
    if (kind == about || dk_parse_linked(parser->catalogue, about, kind))
        return true;
    return dk_yaml_fail(&parser->yaml, node, "%s and %s are not linked; add a link between them under 'links'",
                        about->name, kind->name);
}

static bool parse_applies(dk_catalogue_parser *parser, const yaml_node_t *node, dk_item *item)
{
    dk_yaml *yaml = &parser->yaml;
    const yaml_node_t *name, *values;
    size_t n = 0;
    dk_yaml_enter(yaml, "applies");
    if (!dk_yaml_pairs(yaml, node, 1, 1, &n))
        return false;
    dk_yaml_pair(yaml, node, 0, &name, &values);
    if (!dk_parse_kind_field(parser, name, &item->applies_kind, &item->applies_field) ||
        !dk_parse_reachable(parser, name, item->subject_kind, item->applies_kind) ||
        !dk_parse_values(parser, values, &item->applies_kind->fields[item->applies_field], &item->applies_values,
                         &item->n_applies_values))
        return false;
    dk_yaml_leave(yaml);
    return true;
}

/* One value or a list of them. */
static bool parse_where_values(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_field *field,
                               const char ***ret_values, size_t *ret_n)
{
    dk_yaml *yaml = &parser->yaml;
    if (node->type == YAML_SEQUENCE_NODE)
        return dk_parse_values(parser, node, field, ret_values, ret_n);
    const char **value = dk_yaml_alloc(yaml, 1, sizeof *value);
    if (value == NULL)
        return false;
    dk_yaml_enter(yaml, field->name);
    if (!dk_yaml_text(yaml, node, value) || !dk_parse_check_value(yaml, node, field, *value))
        return false;
    dk_yaml_leave(yaml);
    *ret_values = value;
    *ret_n = 1;
    return true;
}

static bool parse_where(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind, dk_where *where)
{
    dk_yaml *yaml = &parser->yaml;
    size_t n = 0;
    dk_yaml_enter(yaml, "where");
    if (!dk_yaml_pairs(yaml, node, 1, DK_WHERE_FIELDS, &n))
        return false;
    for (; where->n_fields < n; where->n_fields++) {
        const size_t i = where->n_fields;
        const yaml_node_t *name, *values;
        dk_yaml_pair(yaml, node, i, &name, &values);
        if (!dk_parse_field_name(parser, name, kind, &where->fields[i].field) ||
            !parse_where_values(parser, values, &kind->fields[where->fields[i].field], &where->fields[i].values,
                                &where->fields[i].n_values))
            return false;
    }
    dk_yaml_leave(yaml);
    return true;
}

bool dk_parse_date_field(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind, int *ret_field)
{
    if (!dk_parse_field_name(parser, node, kind, ret_field))
        return false;
    const dk_field *field = &kind->fields[*ret_field];
    if (field->type != DK_FIELD_DATE)
        return dk_yaml_fail(&parser->yaml, node, "'%s' is of type %s; use a field of type date", field->name,
                            dk_field_type_name(field->type));
    return true;
}

bool dk_parse_dated_rows(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *about,
                         dk_dated_rows *rows)
{
    enum { P_RECORD, P_WHERE, P_DATE, P_COUNT };
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[P_COUNT] = {
        [P_RECORD] = {"record", true, NULL}, [P_WHERE] = {"where", false, NULL}, [P_DATE] = {"date", false, NULL}};
    rows->end_field = -1;
    if (!dk_yaml_mapping(yaml, node, keys, P_COUNT))
        return false;
    dk_yaml_enter(yaml, "record");
    if (!dk_parse_kind_name(parser, keys[P_RECORD].value, false, &rows->kind) ||
        !dk_parse_reachable(parser, keys[P_RECORD].value, about, rows->kind))
        return false;
    dk_yaml_leave(yaml);
    rows->date_field = rows->kind->date_field;
    if (keys[P_WHERE].value != NULL && !parse_where(parser, keys[P_WHERE].value, rows->kind, &rows->where))
        return false;
    if (keys[P_DATE].value == NULL)
        return true;
    dk_yaml_enter(yaml, "date");
    if (!dk_parse_date_field(parser, keys[P_DATE].value, rows->kind, &rows->date_field))
        return false;
    dk_yaml_leave(yaml);
    return true;
}

bool dk_parse_proofs(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *about, size_t min,
                     dk_dated_rows **ret_proofs, size_t *ret_n)
{
    dk_yaml *yaml = &parser->yaml;
    size_t n = 0;
    dk_yaml_enter(yaml, "proved_by");
    if (!dk_yaml_list(yaml, node, min, 16, &n))
        return false;
    dk_dated_rows *proofs = dk_yaml_alloc(yaml, n, sizeof *proofs);
    if (proofs == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        dk_yaml_enter_index(yaml, i);
        if (!dk_parse_dated_rows(parser, dk_yaml_element(yaml, node, i), about, &proofs[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    *ret_proofs = proofs;
    *ret_n = n;
    return true;
}

static bool parse_item(dk_catalogue_parser *parser, const yaml_node_t *node, size_t position, dk_item *item)
{
    enum {
        I_ID,
        I_CATEGORY,
        I_TITLE,
        I_CONTENT,
        I_BASIS,
        I_TIME_LIMIT,
        I_SUBJECT,
        I_CHANNEL,
        I_OBJECT,
        I_MODE,
        I_LEVEL,
        I_GUIDE,
        I_ABOUT,
        I_APPLIES,
        I_PROVED_BY,
        I_COUNT
    };
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[I_COUNT] = {
        [I_ID] = {"id", true, NULL},
        [I_CATEGORY] = {"category", false, NULL},
        [I_TITLE] = {"title", true, NULL},
        [I_CONTENT] = {"content", false, NULL},
        [I_BASIS] = {"basis", false, NULL},
        [I_TIME_LIMIT] = {"time_limit", false, NULL},
        [I_SUBJECT] = {"subject", false, NULL},
        [I_CHANNEL] = {"channel", false, NULL},
        [I_OBJECT] = {"object", false, NULL},
        [I_MODE] = {"mode", false, NULL},
        [I_LEVEL] = {"level", false, NULL},
        [I_GUIDE] = {"guide", false, NULL},
        [I_ABOUT] = {"about", true, NULL},
        [I_APPLIES] = {"applies", false, NULL},
        [I_PROVED_BY] = {"proved_by", false, NULL},
    };
    item->applies_field = -1;
    if (!dk_yaml_mapping(yaml, node, keys, I_COUNT) || !dk_yaml_key_name(yaml, &keys[I_ID], &item->id))
        return false;
    for (size_t i = 0; i < position; i++)
        if (strcmp(parser->catalogue->items[i].id, item->id) == 0) {
            dk_yaml_enter(yaml, "id");
            return dk_yaml_fail(yaml, keys[I_ID].value, "'%s' is the id of items[%zu] already; choose another",
                                item->id, i);
        }
    const char **const texts[I_COUNT] = {
        [I_CATEGORY] = &item->category, [I_TITLE] = &item->title,           [I_CONTENT] = &item->content,
        [I_BASIS] = &item->basis,       [I_TIME_LIMIT] = &item->time_limit, [I_SUBJECT] = &item->subject,
        [I_CHANNEL] = &item->channel,   [I_OBJECT] = &item->object,         [I_MODE] = &item->mode,
        [I_LEVEL] = &item->level,       [I_GUIDE] = &item->guide,
    };
    for (size_t i = 0; i < I_COUNT; i++)
        if (texts[i] != NULL && !dk_yaml_key_text(yaml, &keys[i], texts[i]))
            return false;
    dk_yaml_enter(yaml, "about");
    if (!dk_parse_kind_name(parser, keys[I_ABOUT].value, false, &item->subject_kind))
        return false;
    dk_yaml_leave(yaml);
    if (keys[I_APPLIES].value != NULL && !parse_applies(parser, keys[I_APPLIES].value, item))
        return false;
    return keys[I_PROVED_BY].value == NULL ||
           dk_parse_proofs(parser, keys[I_PROVED_BY].value, item->subject_kind, 0, &item->proofs, &item->n_proofs);
}

bool dk_parse_items(dk_catalogue_parser *parser, const yaml_node_t *items)
{
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    size_t n = 0;
    if (items == NULL)
        return true;
    dk_yaml_enter(yaml, "items");
    if (!dk_yaml_list(yaml, items, 0, 1000, &n))
        return false;
    catalogue->items = dk_yaml_alloc(yaml, n, sizeof *catalogue->items);
    if (catalogue->items == NULL)
        return false;
    for (; catalogue->n_items < n; catalogue->n_items++) {
        const size_t i = catalogue->n_items;
        dk_yaml_enter_index(yaml, i);
        if (!parse_item(parser, dk_yaml_element(yaml, items, i), i, &catalogue->items[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

/* Divisions ----------------------------------------------------------------------------------------------------- */

enum { D_CODE, D_NAME, D_VALID_FROM, D_VALID_TO, D_SUCCESSOR, D_COUNT };

static bool fold_name(dk_yaml *yaml, dk_division *division)
{
    dk_buf folded;
    dk_buf_init(&folded);
    dk_text_fold(division->name, strlen(division->name), &folded);
    const char *text = dk_buf_cstr(&folded);
    const bool same = text != NULL && strcmp(text, division->name) == 0; /* as most are */
    char *copy = same || text == NULL ? NULL : dk_yaml_alloc(yaml, folded.size + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, folded.size + 1);
    else if (text == NULL)
        yaml->status = dk_fail(yaml->err, DK_NOMEM, "%s: out of memory while reading the catalogue", yaml->origin);
    division->folded = same ? division->name : copy;
    dk_buf_finish(&folded);
    return division->folded != NULL;
}

static bool parse_division(dk_yaml *yaml, const yaml_node_t *node, dk_division *division)
{
    dk_yaml_key keys[D_COUNT] = {
        [D_CODE] = {"code", true, NULL},
        [D_NAME] = {"name", true, NULL},
        [D_VALID_FROM] = {"valid_from", false, NULL},
        [D_VALID_TO] = {"valid_to", false, NULL},
        [D_SUCCESSOR] = {"successor", false, NULL},
    };
    const char **const texts[D_COUNT] = {
        [D_CODE] = &division->code,
        [D_NAME] = &division->name,
        [D_VALID_FROM] = &division->valid_from,
        [D_VALID_TO] = &division->valid_to,
        [D_SUCCESSOR] = &division->successor,
    };
    if (!dk_yaml_mapping(yaml, node, keys, D_COUNT))
        return false;
    for (size_t i = 0; i < D_COUNT; i++) {
        if (!dk_yaml_key_text(yaml, &keys[i], texts[i]))
            return false;
        const char *text = *texts[i];
        if (text == NULL || i == D_NAME)
            continue;
        dk_yaml_enter(yaml, keys[i].name);
        const bool date = i == D_VALID_FROM || i == D_VALID_TO;
        if (date ? !dk_date_valid(text) : !dk_division_code_valid(text))
            return dk_yaml_fail(yaml, keys[i].value, "'%s' is not %s", dk_yaml_shown(yaml, text),
                                date ? "a date of the calendar; write YYYY-MM-DD"
                                     : "a division code; write 6, 9 or 12 digits");
        dk_yaml_leave(yaml);
    }
    if (division->valid_from != NULL && division->valid_to != NULL &&
        strcmp(division->valid_from, division->valid_to) > 0) {
        dk_yaml_enter(yaml, "valid_to");
        return dk_yaml_fail(yaml, keys[D_VALID_TO].value, "%s is before valid_from, %s; correct one of them",
                            division->valid_to, division->valid_from);
    }
    return fold_name(yaml, division);
}

/* A division with its place in the list, to say where a mistake is after sorting. */
typedef struct placed_division {
    dk_division division;
    size_t place;
} placed_division;

static int compare_placed(const void *a, const void *b)
{
    const placed_division *x = a, *y = b;
    const int order = strcmp(x->division.code, y->division.code);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static int compare_successor(const void *a, const void *b)
{
    const dk_division *x = *(const dk_division *const *)a, *y = *(const dk_division *const *)b;
    const int order = strcmp(x->successor, y->successor);
    return order != 0 ? order : strcmp(x->code, y->code);
}

/* The divisions are sorted. */
static bool sort_successors(dk_yaml *yaml, dk_catalogue *catalogue)
{
    size_t n = 0;
    for (size_t i = 0; i < catalogue->n_divisions; i++)
        n += catalogue->divisions[i].successor != NULL;
    catalogue->by_successor = dk_yaml_alloc(yaml, n, sizeof *catalogue->by_successor);
    if (catalogue->by_successor == NULL)
        return false;
    for (size_t i = 0; i < catalogue->n_divisions; i++)
        if (catalogue->divisions[i].successor != NULL)
            catalogue->by_successor[catalogue->n_successors++] = &catalogue->divisions[i];
    if (n > 1)
        qsort(catalogue->by_successor, n, sizeof *catalogue->by_successor, compare_successor);
    return true;
}

/* The value of a key of a mapping that dk_yaml_mapping has accepted. */
static const yaml_node_t *value_of(dk_yaml *yaml, const yaml_node_t *node, const char *name)
{
    const size_t n = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *key, *value;
        dk_yaml_pair(yaml, node, i, &key, &value);
        if (strcmp((const char *)key->data.scalar.value, name) == 0)
            return value;
    }
    return node;
}

static bool check_divisions(dk_yaml *yaml, const yaml_node_t *list, const dk_catalogue *catalogue,
                            const placed_division *sorted)
{
    for (size_t i = 0; i < catalogue->n_divisions; i++) {
        const dk_division *division = &sorted[i].division;
        const yaml_node_t *node = dk_yaml_element(yaml, list, sorted[i].place);
        dk_yaml_enter_index(yaml, sorted[i].place);
        if (i > 0 && strcmp(sorted[i - 1].division.code, division->code) == 0) {
            dk_yaml_enter(yaml, "code");
            return dk_yaml_fail(yaml, value_of(yaml, node, "code"),
                                "'%s' is the code of divisions[%zu] already; keep "
                                "one of them",
                                division->code, sorted[i - 1].place);
        }
        if (division->successor != NULL && (strcmp(division->successor, division->code) == 0 ||
                                            dk_catalogue_division(catalogue, division->successor) == NULL)) {
            dk_yaml_enter(yaml, "successor");
            return dk_yaml_fail(yaml, value_of(yaml, node, "successor"),
                                "'%s' is not the code of another division in "
                                "this list; add that division or correct the code",
                                division->successor);
        }
        const dk_division *next = division;
        for (int steps = 0; next != NULL && next->successor != NULL; steps++) {
            if (steps == DK_MOST_SUCCESSORS) {
                dk_yaml_enter(yaml, "successor");
                return dk_yaml_fail(
                    yaml, value_of(yaml, node, "successor"),
                    "more than %d codes follow each other from here, or they go in a circle; name the code "
                    "of today",
                    DK_MOST_SUCCESSORS);
            }
            next = dk_catalogue_division(catalogue, next->successor);
        }
        dk_yaml_leave(yaml);
    }
    return true;
}

bool dk_parse_divisions(dk_catalogue_parser *parser, const yaml_node_t *divisions)
{
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    size_t n = 0;
    if (divisions == NULL)
        return true;
    dk_yaml_enter(yaml, "divisions");
    if (!dk_yaml_list(yaml, divisions, 0, 300000, &n))
        return false;
    catalogue->divisions = dk_yaml_alloc(yaml, n, sizeof *catalogue->divisions);
    if (catalogue->divisions == NULL)
        return false;
    placed_division *sorted = calloc(n + 1, sizeof *sorted);
    if (sorted == NULL) {
        yaml->status = dk_fail(yaml->err, DK_NOMEM, "%s: out of memory while reading the catalogue", yaml->origin);
        return false;
    }
    bool good = true;
    for (size_t i = 0; i < n && good; i++) {
        dk_yaml_enter_index(yaml, i);
        sorted[i].place = i;
        good = parse_division(yaml, dk_yaml_element(yaml, divisions, i), &sorted[i].division);
        if (good)
            dk_yaml_leave(yaml);
    }
    if (good) {
        qsort(sorted, n, sizeof *sorted, compare_placed);
        for (size_t i = 0; i < n; i++)
            catalogue->divisions[i] = sorted[i].division;
        catalogue->n_divisions = n;
        good = check_divisions(yaml, divisions, catalogue, sorted) && sort_successors(yaml, catalogue);
    }
    free(sorted);
    if (good)
        dk_yaml_leave(yaml);
    return good;
}
