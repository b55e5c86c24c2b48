#include "store/catalogue_parse.h"

#include "store/catalogue_clock.h"
#include "store/coarse.h"
#include "store/grid.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
/* A tile's unit is one world unit at this zoom (DK_FINEST_ZOOM of store/outline.h): nothing finer is stored. */
#define MOST_MIN_ZOOM 20

/* Several times what 16 MiB of YAML become, and a bound on what its aliases can be made to write out. */
#define MAX_MEMORY ((size_t)128 << 20)

const char *const dk_audience_names[DK_NEVER + 1] = {"public", "group", "request", "staff", "never"};

/* Names that URLs, tiles, answers and the store's tables use for something else. */
static const char *const reserved_fields[] = {"key",   "feature", "generation", "limit",          "after",
                                              "bbox",  "f",       "q",          "geom",           "fid",
                                              "batch", "born",    "died",       "division_scope", "source"};
static const char *const reserved_prefixes[] = {"dk_", "gpkg_", "rtree_", "sqlite_"};

bool dk_parse_field_name(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind, int *ret_field)
{
    dk_yaml *yaml = &parser->yaml;
    const char *name = NULL;
    if (!dk_yaml_text(yaml, node, &name))
        return false;
    const int field = dk_kind_field(kind, name);
    if (field < 0) {
        char choice[300];
        dk_yaml_choice(choice, sizeof choice, kind->fields, kind->n_fields, sizeof *kind->fields);
        return dk_yaml_fail(yaml, node, "'%s' is not a field of %s; use %s", dk_yaml_shown(yaml, name), kind->name,
                            choice);
    }
    *ret_field = field;
    return true;
}

/* Fields -------------------------------------------------------------------------------------------------------- */

enum {
    F_NAME,
    F_TITLE,
    F_TYPE,
    F_UNIT,
    F_AUDIENCE,
    F_REQUIRED,
    F_SEARCH,
    F_PINYIN,
    F_INDEX,
    F_TILES,
    F_COMPUTED,
    F_DECLARES_AREA,
    F_ALIASES,
    F_VALUES,
    F_INHERIT,
    F_LINKED,
    F_MASK,
    F_PUBLIC_AMOUNT,
    F_COUNT
};

static const char *const field_types[] = {"text", "integer", "number", "date", "approval_no", "division", "url"};

/* Reads declares_area and computed, most of which make a field an area. */
static bool parse_area(dk_yaml *yaml, const dk_yaml_key *keys, const dk_kind *kind, dk_field *field)
{
    static const struct {
        const char *unit;
        double m2;
    } units[] = {{"ha", 10000}, {"m2", 1}, {"km2", 1e6}, {"mu", 2000.0 / 3}};
    bool declares = false;
    if (!dk_yaml_key_flag(yaml, &keys[F_DECLARES_AREA], &declares))
        return false;
    if (keys[F_COMPUTED].value != NULL) {
        static const char *const computations[] = {"area", "planar_area", "disclosure"}; /* in the order of the enum */
        size_t computation;
        if (!dk_yaml_key_choice(yaml, &keys[F_COMPUTED], "something that is computed", computations,
                                COUNT(computations), &computation))
            return false;
        field->computed = (dk_computed)(DK_COMPUTED_AREA + computation);
    }
    if (!declares && !dk_field_measured(field))
        return true;
    const dk_yaml_key *key = &keys[declares ? F_DECLARES_AREA : F_COMPUTED];
    dk_yaml_enter(yaml, key->name);
    if (kind->geometry != DK_POLYGONS)
        return dk_yaml_fail(yaml, key->value, "only polygons have an area; remove '%s' or use geometry: polygon",
                            key->name);
    if (field->type != DK_FIELD_NUMBER)
        return dk_yaml_fail(yaml, key->value, "an area needs type: number; correct the type or remove '%s'", key->name);
    if (declares && (field->computed || keys[F_INHERIT].value != NULL))
        return dk_yaml_fail(yaml, key->value, "a declared area comes from the source alone; remove '%s' or '%s'",
                            key->name, keys[field->computed ? F_COMPUTED : F_INHERIT].name);
    if (field->computed && keys[F_INHERIT].value != NULL)
        return dk_yaml_fail(yaml, key->value, "a computed field inherits nothing; remove 'computed' or 'inherit'");
    if (field->computed && field->unit != NULL && strcmp(field->unit, "m2") != 0)
        return dk_yaml_fail(yaml, key->value, "the area is computed in square metres; use unit: m2");
    if (declares) {
        size_t i = 0;
        while (i < COUNT(units) && (field->unit == NULL || strcmp(units[i].unit, field->unit) != 0))
            i++;
        if (i == COUNT(units))
            return dk_yaml_fail(yaml, key->value, "a declared area needs its unit; use unit: ha, m2, km2 or mu");
        field->declares_area_m2 = units[i].m2;
    }
    dk_yaml_leave(yaml);
    return true;
}

/* Reads what audiences below the field's are shown of it. Each holds for the audiences above it, too, up to the next.
 */
static bool parse_mask(dk_yaml *yaml, const yaml_node_t *node, const dk_kind *kind, dk_field *field)
{
    dk_yaml_key keys[DK_NEVER];
    bool any = false;
    dk_mask mask = DK_MASK_HIDDEN;
    for (int i = 0; i < DK_NEVER; i++)
        keys[i] = (dk_yaml_key){dk_audience_names[i], false, NULL};
    dk_yaml_enter(yaml, "mask");
    if (field->type != DK_FIELD_TEXT)
        return dk_yaml_fail(yaml, node, "only a field of type text has a mask; remove 'mask' or correct the type");
    if (!dk_yaml_mapping(yaml, node, keys, DK_NEVER))
        return false;
    for (int i = 0; i < DK_NEVER; i++) {
        size_t choice = 0;
        if (keys[i].value != NULL) {
            any = true;
            if (!dk_yaml_key_choice(yaml, &keys[i], "a mask", dk_mask_names, DK_MASKS, &choice))
                return false;
            dk_yaml_enter(yaml, keys[i].name);
            if (i >= (int)field->audience)
                return dk_yaml_fail(yaml, keys[i].value,
                                    "the field has audience: %s, so it is shown as it is here; "
                                    "a mask is for audiences below",
                                    dk_audience_names[field->audience]);
            if (i < (int)kind->audience)
                return dk_yaml_fail(yaml, keys[i].value,
                                    "the rows have audience: %s, so nothing is shown here; "
                                    "a mask is for those who see the row",
                                    dk_audience_names[kind->audience]);
            dk_yaml_leave(yaml);
            mask = (dk_mask)choice;
        }
        field->masks[i] = i < (int)field->audience ? mask : DK_MASK_HIDDEN;
    }
    if (!any)
        return dk_yaml_fail(yaml, node, "is empty; write the audience and its mask, such as {public: name}");
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_field(dk_catalogue_parser *parser, const yaml_node_t *node, dk_kind *kind, dk_field *field,
                        const yaml_node_t **ret_aliases)
{
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[F_COUNT] = {
        [F_NAME] = {"name", true, NULL},          [F_TITLE] = {"title", true, NULL},
        [F_TYPE] = {"type", true, NULL},          [F_UNIT] = {"unit", false, NULL},
        [F_AUDIENCE] = {"audience", false, NULL}, [F_REQUIRED] = {"required", false, NULL},
        [F_SEARCH] = {"search", false, NULL},     [F_TILES] = {"tiles", false, NULL},
        [F_COMPUTED] = {"computed", false, NULL}, [F_DECLARES_AREA] = {"declares_area", false, NULL},
        [F_ALIASES] = {"aliases", false, NULL},   [F_VALUES] = {"values", false, NULL},
        [F_INHERIT] = {"inherit", false, NULL},   [F_PINYIN] = {"pinyin", false, NULL},
        [F_INDEX] = {"index", false, NULL},       [F_LINKED] = {"linked", false, NULL},
        [F_MASK] = {"mask", false, NULL},         [F_PUBLIC_AMOUNT] = {"public_amount", false, NULL},
    };
    size_t type = 0, audience = DK_NEVER;
    field->inherit_field = field->linked_field = -1;
    if (!dk_yaml_mapping(yaml, node, keys, F_COUNT) || !dk_yaml_key_name(yaml, &keys[F_NAME], &field->name) ||
        !dk_yaml_key_text(yaml, &keys[F_TITLE], &field->title) ||
        !dk_yaml_key_choice(yaml, &keys[F_TYPE], "a type", field_types, COUNT(field_types), &type) ||
        !dk_yaml_key_text(yaml, &keys[F_UNIT], &field->unit) ||
        !dk_yaml_key_choice(yaml, &keys[F_AUDIENCE], "an audience", dk_audience_names, COUNT(dk_audience_names),
                            &audience) ||
        !dk_yaml_key_flag(yaml, &keys[F_REQUIRED], &field->required) ||
        !dk_yaml_key_flag(yaml, &keys[F_SEARCH], &field->in_search) ||
        !dk_yaml_key_flag(yaml, &keys[F_PINYIN], &field->pinyin) ||
        !dk_yaml_key_flag(yaml, &keys[F_INDEX], &field->indexed) ||
        !dk_yaml_key_flag(yaml, &keys[F_TILES], &field->in_tiles) ||
        !dk_yaml_key_flag(yaml, &keys[F_PUBLIC_AMOUNT], &field->public_amount) ||
        !dk_yaml_key_texts(yaml, &keys[F_ALIASES], 0, 200, &field->aliases, &field->n_aliases) ||
        !dk_yaml_key_texts(yaml, &keys[F_VALUES], 1, 1000, &field->values, &field->n_values))
        return false;
    field->type = (dk_field_type)type;
    field->audience = (dk_audience)audience;
    if (keys[F_MASK].value != NULL && !parse_mask(yaml, keys[F_MASK].value, kind, field))
        return false;
    if (field->audience < kind->audience) /* nobody sees a field without its row */
        field->audience = kind->audience;
    for (size_t i = 0; i < COUNT(reserved_fields); i++)
        if (strcmp(field->name, reserved_fields[i]) == 0) {
            dk_yaml_enter(yaml, "name");
            return dk_yaml_fail(yaml, keys[F_NAME].value, "'%s' is a reserved word; choose another name", field->name);
        }
    if (field->in_tiles && (kind->geometry == DK_NO_GEOMETRY || field->audience == DK_NEVER)) {
        dk_yaml_enter(yaml, "tiles");
        return dk_yaml_fail(
            yaml, keys[F_TILES].value,
            kind->geometry == DK_NO_GEOMETRY
                ? "a record has no place in tiles; remove 'tiles'"
                : "a field with audience: never cannot be in tiles; remove 'tiles' or name an audience");
    }
    if (field->in_search && field->audience == DK_NEVER) {
        dk_yaml_enter(yaml, "search");
        return dk_yaml_fail(yaml, keys[F_SEARCH].value,
                            "a field with audience: never cannot be searched; remove 'search' or name an audience");
    }
    if (field->indexed && (field->audience == DK_NEVER || field->type == DK_FIELD_NUMBER)) {
        dk_yaml_enter(yaml, "index");
        return dk_yaml_fail(yaml, keys[F_INDEX].value,
                            field->audience == DK_NEVER
                                ? "a field with audience: never is in no filter; remove 'index' or name an audience"
                                : "a number is compared, not looked up; remove 'index'");
    }
    if (field->pinyin && (!field->in_search || field->type != DK_FIELD_TEXT)) {
        dk_yaml_enter(yaml, "pinyin");
        return dk_yaml_fail(yaml, keys[F_PINYIN].value,
                            "only a field of type: text with search: true is found by its sound; remove 'pinyin' or "
                            "correct the others");
    }
    if (field->n_values > 0 && field->type != DK_FIELD_TEXT) {
        dk_yaml_enter(yaml, "values");
        return dk_yaml_fail(yaml, keys[F_VALUES].value,
                            "only a field of type: text has a list of values; remove 'values' or correct the type");
    }
    if (!parse_area(yaml, keys, kind, field))
        return false;
    if (field->computed == DK_COMPUTED_DISCLOSURE) {
        static const int others[] = {F_REQUIRED, F_DECLARES_AREA, F_INHERIT, F_LINKED};
        for (size_t i = 0; i < COUNT(others); i++)
            if (keys[others[i]].value != NULL) {
                dk_yaml_enter(yaml, "computed");
                return dk_yaml_fail(
                    yaml, keys[F_COMPUTED].value,
                    "how disclosure stands follows from the obligations alone; remove '%s' or 'computed'",
                    keys[others[i]].name);
            }
        if (!dk_parse_disclosure_words(yaml, keys[F_COMPUTED].value, keys[F_VALUES].value, kind, field))
            return false;
        kind->disclosure_field = (int)(field - kind->fields);
        kind->has_linked = true;
        parser->disclosure[kind->index] = keys[F_COMPUTED].value;
    }
    if (keys[F_LINKED].value != NULL) {
        static const int others[] = {F_REQUIRED, F_COMPUTED, F_DECLARES_AREA, F_INHERIT};
        for (size_t i = 0; i < COUNT(others); i++)
            if (keys[others[i]].value != NULL) {
                dk_yaml_enter(yaml, "linked");
                return dk_yaml_fail(yaml, keys[F_LINKED].value,
                                    "what follows from linked rows comes from them alone; remove '%s' or 'linked'",
                                    keys[others[i]].name);
            }
    }
    parser->inherit[kind->index][field - kind->fields] = keys[F_INHERIT].value;
    parser->linked[kind->index][field - kind->fields] = keys[F_LINKED].value;
    *ret_aliases = keys[F_ALIASES].value;
    return true;
}

/* Who claims a column of the sources. */
typedef struct claim {
    const char *column;
    size_t field; /* SIZE_MAX: the kind's list of columns to ignore */
    size_t alias; /* SIZE_MAX: the field's own name */
} claim;

static int compare_claims(const void *a, const void *b)
{
    const claim *x = a, *y = b;
    const int order = strcasecmp(x->column, y->column);
    if (order != 0)
        return order;
    if (x->field != y->field)
        return x->field < y->field ? -1 : 1;
    return (x->alias > y->alias) - (x->alias < y->alias);
}

/* A column that two fields claim would go to whichever comes first: it must be clear which. */
static bool check_columns(dk_yaml *yaml, const dk_kind *kind, const yaml_node_t *fields,
                          const yaml_node_t *const *aliases)
{
    size_t n = kind->n_fields + kind->n_ignored_columns;
    for (size_t i = 0; i < kind->n_fields; i++)
        n += kind->fields[i].n_aliases;
    claim *claims = malloc(n * sizeof *claims);
    if (claims == NULL) {
        yaml->status = dk_fail(yaml->err, DK_NOMEM, "%s: out of memory while reading the catalogue", yaml->origin);
        return false;
    }
    n = 0;
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        claims[n++] = (claim){field->name, i, SIZE_MAX};
        for (size_t k = 0; k < field->n_aliases; k++)
            claims[n++] = (claim){field->aliases[k], i, k};
    }
    for (size_t i = 0; i < kind->n_ignored_columns; i++)
        claims[n++] = (claim){kind->ignored_columns[i], SIZE_MAX, i};
    qsort(claims, n, sizeof *claims, compare_claims);
    bool good = true;
    for (size_t i = 1; i < n && good; i++) {
        const claim *first = &claims[i - 1], *second = &claims[i];
        if (strcasecmp(first->column, second->column) != 0 || first->field == second->field)
            continue;
        good = false;
        /* Blame an alias rather than a name or the ignored columns. */
        const claim *blame = second->field != SIZE_MAX && second->alias != SIZE_MAX ? second : first;
        const claim *other = blame == second ? first : second;
        const char *column = dk_yaml_shown(yaml, blame->column);
        if (blame->alias == SIZE_MAX) {
            dk_yaml_enter_index(yaml, blame->field);
            dk_yaml_fail(yaml, dk_yaml_element(yaml, fields, blame->field),
                         "the column '%s' is this field and among those to ignore; remove it from 'ignore'", column);
            continue;
        }
        dk_yaml_enter_index(yaml, blame->field);
        dk_yaml_enter(yaml, "aliases");
        dk_yaml_enter_index(yaml, blame->alias);
        const yaml_node_t *node = dk_yaml_element(yaml, aliases[blame->field], blame->alias);
        if (other->field == SIZE_MAX)
            dk_yaml_fail(yaml, node, "the column '%s' is also among those to ignore; keep one of them", column);
        else
            dk_yaml_fail(yaml, node, "the column '%s' belongs to the field %s already; keep one of them", column,
                         kind->fields[other->field].name);
    }
    free(claims);
    return good;
}

static bool parse_fields(dk_catalogue_parser *parser, const yaml_node_t *node, dk_kind *kind)
{
    dk_yaml *yaml = &parser->yaml;
    const yaml_node_t *aliases[DK_MAX_FIELDS] = {NULL};
    dk_yaml_enter(yaml, "fields");
    if (!dk_yaml_list(yaml, node, 1, DK_MAX_FIELDS, &kind->n_fields))
        return false;
    kind->fields = dk_yaml_alloc(yaml, kind->n_fields, sizeof *kind->fields);
    if (kind->fields == NULL)
        return false;
    for (size_t i = 0; i < kind->n_fields; i++) {
        dk_yaml_enter_index(yaml, i);
        const yaml_node_t *field = dk_yaml_element(yaml, node, i);
        if (!parse_field(parser, field, kind, &kind->fields[i], &aliases[i]))
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(kind->fields[k].name, kind->fields[i].name) == 0)
                return dk_yaml_fail(yaml, field, "'%s' is the name of fields[%zu] already; choose another",
                                    kind->fields[i].name, k);
        dk_yaml_leave(yaml);
    }
    if (!check_columns(yaml, kind, node, aliases))
        return false;
    dk_yaml_leave(yaml);
    return true;
}

/* Kinds --------------------------------------------------------------------------------------------------------- */

/* The key stands in addresses, links and tiles that everyone sees who sees the row. */
static bool check_key_field(dk_yaml *yaml, const yaml_node_t *node, const dk_kind *kind, int field)
{
    if (kind->fields[field].audience <= kind->audience)
        return true;
    if (kind->audience > DK_PUBLIC)
        return dk_yaml_fail(yaml, node,
                            "'%s' has audience: %s, but the key of a row is in addresses that all see who see the row; "
                            "use a field with audience: %s",
                            kind->fields[field].name, dk_audience_names[kind->fields[field].audience],
                            dk_audience_names[kind->audience]);
    return dk_yaml_fail(yaml, node,
                        "'%s' has audience: %s, but the key of a row is in addresses that everyone sees; "
                        "use a field with audience: public",
                        kind->fields[field].name, dk_audience_names[kind->fields[field].audience]);
}

static bool parse_key(dk_catalogue_parser *parser, const yaml_node_t *node, dk_kind *kind)
{
    enum { K_FIELD, K_QUALIFY, K_COUNT };
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[K_COUNT] = {[K_FIELD] = {"field", true, NULL}, [K_QUALIFY] = {"qualify", false, NULL}};
    dk_yaml_enter(yaml, "key");
    if (!dk_yaml_mapping(yaml, node, keys, K_COUNT))
        return false;
    dk_yaml_enter(yaml, "field");
    if (!dk_parse_field_name(parser, keys[K_FIELD].value, kind, &kind->key_field) ||
        !check_key_field(yaml, keys[K_FIELD].value, kind, kind->key_field))
        return false;
    dk_yaml_leave(yaml);
    if (keys[K_QUALIFY].value != NULL) {
        size_t n = 0;
        const char **names = NULL;
        if (!dk_yaml_key_texts(yaml, &keys[K_QUALIFY], 1, COUNT(kind->qualifiers) + 1, &names, &n))
            return false;
        dk_yaml_enter(yaml, "qualify");
        for (size_t i = 0; i < n; i++) {
            const yaml_node_t *element = dk_yaml_element(yaml, keys[K_QUALIFY].value, i);
            dk_yaml_enter_index(yaml, i);
            if (strcmp(names[i], "source") == 0) {
                if (i + 1 < n)
                    return dk_yaml_fail(yaml, element, "'source' is the last resort; put it at the end of the list");
                kind->qualify_by_source = true;
            } else {
                int field = -1;
                if (!dk_parse_field_name(parser, element, kind, &field) || !check_key_field(yaml, element, kind, field))
                    return false;
                if (field == kind->key_field)
                    return dk_yaml_fail(yaml, element, "'%s' is the key's field and cannot qualify itself; remove it",
                                        names[i]);
                if (kind->n_qualifiers == COUNT(kind->qualifiers))
                    return dk_yaml_fail(yaml, element,
                                        "a key has at most %zu qualifying fields and then 'source'; "
                                        "remove some",
                                        COUNT(kind->qualifiers));
                kind->qualifiers[kind->n_qualifiers++] = field;
            }
            dk_yaml_leave(yaml);
        }
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

/* The value of a key that names a field, which must be of the type unless that is NULL. */
static bool parse_field_key(dk_catalogue_parser *parser, const dk_yaml_key *key, const dk_kind *kind,
                            const dk_field_type *type, int *ret_field)
{
    dk_yaml *yaml = &parser->yaml;
    *ret_field = -1;
    if (key->value == NULL)
        return true;
    dk_yaml_enter(yaml, key->name);
    if (!dk_parse_field_name(parser, key->value, kind, ret_field))
        return false;
    const dk_field *field = &kind->fields[*ret_field];
    if (type != NULL && field->type != *type)
        return dk_yaml_fail(yaml, key->value, "'%s' is of type %s; use a field of type %s", field->name,
                            field_types[field->type], field_types[*type]);
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_zooms(dk_yaml *yaml, const yaml_node_t *node, dk_kind *kind)
{
    long zoom[2];
    size_t n = 0;
    dk_yaml_enter(yaml, "zooms");
    if (!dk_yaml_list(yaml, node, 2, 2, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        dk_yaml_enter_index(yaml, i);
        if (!dk_yaml_integer(yaml, dk_yaml_element(yaml, node, i), 0, 22, &zoom[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    if (zoom[0] > zoom[1])
        return dk_yaml_fail(yaml, node, "the first zoom, %ld, is above the last, %ld; write [min, max]", zoom[0],
                            zoom[1]);
    if (zoom[0] > MOST_MIN_ZOOM)
        return dk_yaml_fail(yaml, node, "the first zoom, %ld, is above %d; write a lower one", zoom[0], MOST_MIN_ZOOM);
    kind->min_zoom = (int)zoom[0];
    kind->max_zoom = (int)zoom[1];
    dk_yaml_leave(yaml);
    return true;
}

/* A measure more; name: of the field, or FIELD_VALUE. */
static bool add_grid_measure(dk_yaml *yaml, const yaml_node_t *element, dk_kind *kind, int field, int value,
                             const char *name)
{
    bool taken = strcmp(name, "count") == 0 || strcmp(name, "area_m2") == 0;
    for (size_t i = 0; i < kind->n_grid_measures; i++)
        taken = taken || strcmp(kind->grid_measures[i].name, name) == 0;
    if (taken && value < 0)
        return dk_yaml_fail(yaml, element, "'%s' is in the grid already; leave it out", name);
    if (taken)
        return dk_yaml_fail(
            yaml, element,
            "the count of '%s' would be called '%s', as another figure of the grid is; give the field or "
            "the value another name",
            dk_yaml_shown(yaml, kind->fields[field].values[value]), dk_yaml_shown(yaml, name));
    kind->grid_measures[kind->n_grid_measures++] = (dk_grid_measure){field, value, name};
    return true;
}

/* The measures of a field: its sum, or a count for each of its values. */
static bool parse_grid_field(dk_catalogue_parser *parser, const yaml_node_t *element, dk_kind *kind)
{
    dk_yaml *yaml = &parser->yaml;
    int number = -1;
    if (!dk_parse_field_name(parser, element, kind, &number))
        return false;
    const dk_field *field = &kind->fields[number];
    const bool counts = field->type == DK_FIELD_TEXT;
    if (!counts && field->type != DK_FIELD_INTEGER && field->type != DK_FIELD_NUMBER)
        return dk_yaml_fail(yaml, element,
                            "'%s' is of type %s; a grid sums up integers and numbers, and counts rows by a text that "
                            "has a list of values",
                            field->name, field_types[field->type]);
    if (counts && field->n_values == 0)
        return dk_yaml_fail(yaml, element,
                            "'%s' is a text without a list of values, so there is nothing to count rows by; give the "
                            "field its 'values', or leave it out",
                            field->name);
    if (field->audience != DK_PUBLIC)
        return dk_yaml_fail(yaml, element, "'%s' is not public; a grid is, so it %s public fields only", field->name,
                            counts ? "counts rows by" : "sums up");
    for (size_t i = 0; i < kind->n_grid_measures; i++)
        if (kind->grid_measures[i].field == number)
            return dk_yaml_fail(yaml, element, "'%s' is in the list twice; keep one of them", field->name);
    const size_t more = counts ? field->n_values : 1;
    if (kind->n_grid_measures + more > DK_GRID_MAX_SUMS)
        return dk_yaml_fail(
            yaml, element,
            "with '%s' these are %zu figures, one for each number and one for each value of a text; a grid "
            "holds at most %d, so leave some fields out",
            field->name, kind->n_grid_measures + more, DK_GRID_MAX_SUMS);
    if (!counts)
        return add_grid_measure(yaml, element, kind, number, -1, field->name);
    for (size_t i = 0; i < field->n_values; i++) {
        const size_t size = strlen(field->name) + 1 + strlen(field->values[i]) + 1;
        char *name = dk_yaml_alloc(yaml, size, 1);
        if (name == NULL)
            return false;
        snprintf(name, size, "%s_%s", field->name, field->values[i]);
        if (!add_grid_measure(yaml, element, kind, number, (int)i, name))
            return false;
    }
    return true;
}

/* What the layer's grid says of fields. It is made of all features, so everyone must be allowed to see them. */
static bool parse_grid(dk_catalogue_parser *parser, const yaml_node_t *node, dk_kind *kind)
{
    dk_yaml *yaml = &parser->yaml;
    size_t n = 0;
    dk_yaml_enter(yaml, "grid");
    if (!dk_yaml_list(yaml, node, 1, DK_GRID_MAX_SUMS, &n))
        return false;
    kind->grid_measures = dk_yaml_alloc(yaml, DK_GRID_MAX_SUMS, sizeof *kind->grid_measures);
    if (kind->grid_measures == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        dk_yaml_enter_index(yaml, i);
        if (!parse_grid_field(parser, dk_yaml_element(yaml, node, i), kind))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

/* A field, or [from, to]: two. */
static bool parse_dates(dk_catalogue_parser *parser, const dk_yaml_key *key, dk_kind *kind)
{
    static const dk_field_type date = DK_FIELD_DATE;
    dk_yaml *yaml = &parser->yaml;
    kind->date_end_field = -1;
    if (key->value == NULL || key->value->type != YAML_SEQUENCE_NODE)
        return parse_field_key(parser, key, kind, &date, &kind->date_field);
    size_t n = 0;
    dk_yaml_enter(yaml, key->name);
    if (!dk_yaml_list(yaml, key->value, 2, 2, &n))
        return false;
    int *const fields[] = {&kind->date_field, &kind->date_end_field};
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *element = dk_yaml_element(yaml, key->value, i);
        dk_yaml_enter_index(yaml, i);
        if (!dk_parse_field_name(parser, element, kind, fields[i]))
            return false;
        const dk_field *field = &kind->fields[*fields[i]];
        if (field->type != DK_FIELD_DATE)
            return dk_yaml_fail(yaml, element, "'%s' is of type %s; use a field of type date", field->name,
                                field_types[field->type]);
        dk_yaml_leave(yaml);
    }
    if (kind->date_field == kind->date_end_field)
        return dk_yaml_fail(yaml, key->value, "begins and ends with the same field; write that field alone");
    dk_yaml_leave(yaml);
    return true;
}

static bool check_kind_name(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_kind *kinds = parser->catalogue->kinds;
    dk_yaml_enter(yaml, "name");
    for (size_t i = 0; i < COUNT(reserved_prefixes); i++)
        if (strncmp(kind->name, reserved_prefixes[i], strlen(reserved_prefixes[i])) == 0)
            return dk_yaml_fail(yaml, node, "'%s' begins with %s, as tables of the store do; choose another name",
                                kind->name, reserved_prefixes[i]);
    const size_t size = strlen(kind->name);
    if (size >= 5 && strcmp(kind->name + size - 5, "_grid") == 0)
        return dk_yaml_fail(yaml, node, "'%s' ends with _grid, as the grids of layers do; choose another name",
                            kind->name);
    for (size_t i = 0; i < kind->index; i++)
        if (strcmp(kinds[i].name, kind->name) == 0)
            return dk_yaml_fail(yaml, node, "'%s' is the name of another %s already; choose another", kind->name,
                                kinds[i].geometry != DK_NO_GEOMETRY ? "layer" : "kind of record");
    dk_yaml_leave(yaml);
    return true;
}

/* How the public sees a layer. */
static bool parse_public(dk_catalogue_parser *parser, const yaml_node_t *node, dk_kind *kind)
{
    enum { P_PRECISION, P_MAX_ZOOM, P_COUNT };
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[P_COUNT] = {[P_PRECISION] = {"precision", false, NULL}, [P_MAX_ZOOM] = {"max_zoom", false, NULL}};
    dk_yaml_enter(yaml, "public");
    if (!dk_yaml_mapping(yaml, node, keys, P_COUNT))
        return false;
    if (keys[P_PRECISION].value == NULL && keys[P_MAX_ZOOM].value == NULL)
        return dk_yaml_fail(yaml, node, "is empty; write precision: in metres, max_zoom:, or both");
    if (keys[P_PRECISION].value != NULL) {
        dk_yaml_enter(yaml, "precision");
        if (!dk_yaml_number(yaml, keys[P_PRECISION].value, 0.1, 100000, &kind->public_precision_m))
            return false;
        kind->public_coarse = dk_coarse_level(kind->public_precision_m, parser->catalogue->extent);
        dk_yaml_leave(yaml);
    }
    if (keys[P_MAX_ZOOM].value != NULL) {
        long zoom = 0;
        dk_yaml_enter(yaml, "max_zoom");
        if (!dk_yaml_integer(yaml, keys[P_MAX_ZOOM].value, kind->min_zoom, kind->max_zoom, &zoom))
            return false;
        kind->public_max_zoom = (int)zoom;
        kind->public_zoomed = true;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_kind(dk_catalogue_parser *parser, const yaml_node_t *node, bool layer, dk_kind *kind)
{
    enum {
        K_NAME,
        K_TITLE,
        K_KEY,
        K_FIELDS,
        K_DIVISION,
        K_DATE,
        K_LABEL,
        K_IGNORE,
        K_TOTALS,
        K_DOCUMENTS,
        K_AUDIENCE,
        K_RECORD_COUNT,
        K_GEOMETRY = K_RECORD_COUNT,
        K_ZOOMS,
        K_DRAW,
        K_GRID,
        K_CLASSIFY,
        K_PUBLIC,
        K_LAYER_COUNT
    };
    static const char *const geometries[] = {"polygon", "line", "point"};
    static const char *const draws[] = {"by-size", "all"};
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[K_LAYER_COUNT] = {
        [K_NAME] = {"name", true, NULL},
        [K_TITLE] = {"title", true, NULL},
        [K_KEY] = {"key", true, NULL},
        [K_FIELDS] = {"fields", true, NULL},
        [K_DIVISION] = {"division", false, NULL},
        [K_DATE] = {"date", false, NULL},
        [K_LABEL] = {"label", false, NULL},
        [K_IGNORE] = {"ignore", false, NULL},
        [K_TOTALS] = {"totals", false, NULL},
        [K_DOCUMENTS] = {"documents", false, NULL},
        [K_GEOMETRY] = {"geometry", true, NULL},
        [K_ZOOMS] = {"zooms", false, NULL},
        [K_DRAW] = {"draw", false, NULL},
        [K_GRID] = {"grid", false, NULL},
        [K_CLASSIFY] = {"classify", false, NULL},
        [K_AUDIENCE] = {"audience", false, NULL},
        [K_PUBLIC] = {"public", false, NULL},
    };
    size_t audience = DK_PUBLIC;
    if (!dk_yaml_mapping(yaml, node, keys, layer ? K_LAYER_COUNT : K_RECORD_COUNT) ||
        !dk_yaml_key_name(yaml, &keys[K_NAME], &kind->name) || !check_kind_name(parser, keys[K_NAME].value, kind) ||
        !dk_yaml_key_text(yaml, &keys[K_TITLE], &kind->title) ||
        !dk_yaml_key_texts(yaml, &keys[K_IGNORE], 0, 1000, &kind->ignored_columns, &kind->n_ignored_columns) ||
        !dk_yaml_key_choice(yaml, &keys[K_AUDIENCE], "an audience", dk_audience_names, DK_NEVER, &audience))
        return false;
    size_t documents = DK_STAFF; /* scans are as they came, with whatever stands on them */
    if (keys[K_DOCUMENTS].value != NULL && !dk_yaml_key_choice(yaml, &keys[K_DOCUMENTS], "an audience",
                                                               dk_audience_names, COUNT(dk_audience_names), &documents))
        return false;
    kind->documents = (dk_audience)documents;
    kind->audience = (dk_audience)audience;
    kind->disclosure_field = -1;
    if (layer) {
        size_t geometry = 0;
        if (!dk_yaml_key_choice(yaml, &keys[K_GEOMETRY], "a geometry", geometries, COUNT(geometries), &geometry))
            return false;
        kind->geometry = (dk_geometry_kind)(DK_POLYGONS + geometry);
        kind->min_zoom = 0;
        kind->max_zoom = 16;
        size_t draw = 0;
        if ((keys[K_ZOOMS].value != NULL && !parse_zooms(yaml, keys[K_ZOOMS].value, kind)) ||
            (keys[K_DRAW].value != NULL &&
             !dk_yaml_key_choice(yaml, &keys[K_DRAW], "a way to draw", draws, COUNT(draws), &draw)))
            return false;
        kind->draw_all = draw == 1;
        kind->public_max_zoom = kind->max_zoom;
        if (keys[K_PUBLIC].value != NULL && !parse_public(parser, keys[K_PUBLIC].value, kind))
            return false;
    }
    static const dk_field_type division = DK_FIELD_DIVISION;
    return parse_fields(parser, keys[K_FIELDS].value, kind) && parse_key(parser, keys[K_KEY].value, kind) &&
           parse_field_key(parser, &keys[K_DIVISION], kind, &division, &kind->division_field) &&
           parse_dates(parser, &keys[K_DATE], kind) &&
           parse_field_key(parser, &keys[K_LABEL], kind, NULL, &kind->label_field) &&
           parse_field_key(parser, &keys[K_CLASSIFY], kind, NULL, &kind->classify_field) &&
           (keys[K_TOTALS].value == NULL || dk_parse_totals(parser, keys[K_TOTALS].value, kind)) &&
           (!layer || keys[K_GRID].value == NULL || parse_grid(parser, keys[K_GRID].value, kind));
}

static bool parse_kinds(dk_catalogue_parser *parser, const yaml_node_t *layers, const yaml_node_t *records)
{
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    const struct {
        const char *key;
        const yaml_node_t *node;
    } lists[] = {{"layers", layers}, {"records", records}};
    size_t n[COUNT(lists)] = {0, 0};
    for (size_t i = 0; i < COUNT(lists); i++) {
        dk_yaml_enter(yaml, lists[i].key);
        if (lists[i].node != NULL && !dk_yaml_list(yaml, lists[i].node, 0, DK_MAX_KINDS, &n[i]))
            return false;
        if (i == 1 && n[0] + n[1] > DK_MAX_KINDS)
            return dk_yaml_fail(yaml, lists[i].node, "with %zu layers these are %zu kinds; keep at most %d together",
                                n[0], n[0] + n[1], DK_MAX_KINDS);
        dk_yaml_leave(yaml);
    }
    if (n[0] + n[1] == 0)
        return dk_yaml_fail(yaml, dk_yaml_root(yaml),
                            "the catalogue has neither layers nor records; write at least "
                            "one under 'layers' or 'records'");
    catalogue->n_layers = n[0];
    catalogue->n_kinds = n[0] + n[1];
    catalogue->kinds = dk_yaml_alloc(yaml, catalogue->n_kinds, sizeof *catalogue->kinds);
    if (catalogue->kinds == NULL)
        return false;
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const bool layer = i < n[0];
        const size_t position = layer ? i : i - n[0];
        catalogue->kinds[i].index = i;
        catalogue->kinds[i].catalogue = catalogue;
        dk_yaml_enter(yaml, lists[!layer].key);
        dk_yaml_enter_index(yaml, position);
        if (!parse_kind(parser, dk_yaml_element(yaml, lists[!layer].node, position), layer, &catalogue->kinds[i]))
            return false;
        dk_yaml_leave(yaml);
        dk_yaml_leave(yaml);
    }
    return true;
}

/* The catalogue ------------------------------------------------------------------------------------------------- */

static bool parse_extent(dk_yaml *yaml, const yaml_node_t *node, double extent[4])
{
    static const double limit[4] = {180, 90, 180, 90};
    size_t n = 0;
    dk_yaml_enter(yaml, "extent");
    if (!dk_yaml_list(yaml, node, 4, 4, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        dk_yaml_enter_index(yaml, i);
        if (!dk_yaml_number(yaml, dk_yaml_element(yaml, node, i), -limit[i], limit[i], &extent[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    if (extent[0] >= extent[2] || extent[1] >= extent[3])
        return dk_yaml_fail(yaml, node,
                            "is empty; write [west, south, east, north] in degrees, west below east and "
                            "south below north");
    dk_yaml_leave(yaml);
    return true;
}

/* NULL: not there. */
static bool parse_publication(dk_yaml *yaml, const yaml_node_t *node, dk_catalogue *catalogue)
{
    static const char *const reviews[] = {"optional", "required"};
    static const char *const persons[] = {"names", "accounts", "tokens"};
    dk_yaml_key keys[] = {{"review", true, NULL}, {"two_persons", false, NULL}};
    size_t review = 0, two = 0;
    if (node == NULL)
        return true;
    dk_yaml_enter(yaml, "publication");
    if (!dk_yaml_mapping(yaml, node, keys, COUNT(keys)) ||
        !dk_yaml_key_choice(yaml, &keys[0], "a review", reviews, COUNT(reviews), &review) ||
        !dk_yaml_key_choice(yaml, &keys[1], "a comparison", persons, COUNT(persons), &two))
        return false;
    if (keys[1].value != NULL && review == 0) {
        dk_yaml_enter(yaml, "two_persons");
        return dk_yaml_fail(yaml, keys[1].value, "without a review there is one person only; write review: required");
    }
    catalogue->review_required = review == 1;
    catalogue->two_persons = keys[1].value == NULL ? DK_ONE_PERSON : (dk_two_persons)(DK_TWO_NAMES + two);
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_catalogue(dk_catalogue_parser *parser, bool partial)
{
    enum {
        C_TITLE,
        C_PUBLISHER,
        C_MAP_APPROVAL_NO,
        C_EXTENT,
        C_LAYERS,
        C_RECORDS,
        C_LINKS,
        C_ITEMS,
        C_LISTS,
        C_DIVISIONS,
        C_PUBLICATION,
        C_CALENDARS,
        C_REGIMES,
        C_REGIME_BY,
        C_OBLIGATIONS,
        C_COUNT
    };
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    dk_yaml_key keys[C_COUNT] = {
        [C_TITLE] = {"title", true, NULL},
        [C_PUBLISHER] = {"publisher", true, NULL},
        [C_MAP_APPROVAL_NO] = {"map_approval_no", false, NULL},
        [C_EXTENT] = {"extent", true, NULL},
        [C_LAYERS] = {"layers", false, NULL},
        [C_RECORDS] = {"records", false, NULL},
        [C_LINKS] = {"links", false, NULL},
        [C_ITEMS] = {"items", false, NULL},
        [C_LISTS] = {"lists", false, NULL},
        [C_DIVISIONS] = {"divisions", false, NULL},
        [C_PUBLICATION] = {"publication", false, NULL},
        [C_CALENDARS] = {"calendars", false, NULL},
        [C_REGIMES] = {"regimes", false, NULL},
        [C_REGIME_BY] = {"regime_by", false, NULL},
        [C_OBLIGATIONS] = {"obligations", false, NULL},
    };
    return dk_yaml_mapping(yaml, dk_yaml_root(yaml), keys, C_COUNT) &&
           dk_yaml_key_text(yaml, &keys[C_TITLE], &catalogue->title) &&
           dk_yaml_key_text(yaml, &keys[C_PUBLISHER], &catalogue->publisher) &&
           dk_yaml_key_text(yaml, &keys[C_MAP_APPROVAL_NO], &catalogue->map_approval_no) &&
           parse_extent(yaml, keys[C_EXTENT].value, catalogue->extent) &&
           parse_publication(yaml, keys[C_PUBLICATION].value, catalogue) &&
           parse_kinds(parser, keys[C_LAYERS].value, keys[C_RECORDS].value) &&
           dk_parse_links(parser, keys[C_LINKS].value) && dk_parse_inheritance(parser) &&
           dk_parse_linked_fields(parser) && dk_parse_items(parser, keys[C_ITEMS].value) &&
           dk_parse_lists(parser, keys[C_LISTS].value) && dk_parse_divisions(parser, keys[C_DIVISIONS].value) &&
           dk_parse_calendars(parser, keys[C_CALENDARS].value) &&
           dk_parse_regimes(parser, keys[C_REGIMES].value, keys[C_REGIME_BY].value) &&
           dk_parse_obligations(parser, keys[C_OBLIGATIONS].value) && dk_parse_disclosure_fields(parser) &&
           dk_parse_calendar_documents(parser, keys[C_CALENDARS].value, partial);
}

/* kept: of a store, which an earlier version may have taken. */
static dk_status parse_text(const char *text, size_t size, const char *origin, bool partial, bool kept,
                            dk_catalogue **ret_catalogue, dk_error *err)
{
    if (origin == NULL)
        origin = "catalogue";
    dk_status status = DK_OK;
    dk_arena *arena = dk_arena_create(MAX_MEMORY);
    dk_catalogue_parser *parser = calloc(1, sizeof *parser);
    if (arena != NULL && parser != NULL)
        parser->catalogue = dk_arena_alloc(arena, 1, sizeof *parser->catalogue);
    if (parser == NULL || parser->catalogue == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory while reading the catalogue", origin);
        goto out;
    }
    parser->kept = kept;
    status = dk_yaml_load_stream(&parser->yaml, text, size, origin, "catalogue", "title, publisher, extent and layers",
                                 1 + DK_MAX_CALENDARS, arena, err);
    if (status != DK_OK)
        goto out;
    if (!parse_catalogue(parser, partial))
        status = parser->yaml.status;
    dk_yaml_finish(&parser->yaml);
    if (status != DK_OK)
        goto out;
    dk_parse_identifying(parser->catalogue);
    parser->catalogue->memory = arena;
    arena = NULL;
    *ret_catalogue = parser->catalogue;
out:
    free(parser);
    dk_arena_free(arena);
    return status;
}

dk_status dk_catalogue_parse(const char *text, size_t size, const char *origin, dk_catalogue **ret_catalogue,
                             dk_error *err)
{
    return parse_text(text, size, origin, false, false, ret_catalogue, err);
}

dk_status dk_catalogue_parse_kept(const char *text, size_t size, const char *origin, dk_catalogue **ret_catalogue,
                                  dk_error *err)
{
    return parse_text(text, size, origin, false, true, ret_catalogue, err);
}

dk_status dk_catalogue_parse_partly(const char *text, size_t size, const char *origin, dk_catalogue **ret_catalogue,
                                    dk_error *err)
{
    return parse_text(text, size, origin, true, false, ret_catalogue, err);
}
