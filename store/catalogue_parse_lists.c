/* Lists to print in a catalogue: which rows, in groups of what, with which columns. */
#include "store/catalogue_parse.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The audiences that a list may have; there are no others who ask (store/audience.h). */
static const char *const audiences[] = {"public", "staff"};

static bool parse_audience(dk_yaml *yaml, const dk_yaml_key *key, dk_audience *ret_audience)
{
    size_t choice = 0;
    if (!dk_yaml_key_choice(yaml, key, "an audience", audiences, COUNT(audiences), &choice))
        return false;
    *ret_audience = choice == 0 ? DK_PUBLIC : DK_STAFF;
    return true;
}

/* A column, kind.field: of the list's rows, or of its lines. */
static bool parse_column(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_list *list,
                         dk_list_column *ret_column)
{
    dk_yaml *yaml = &parser->yaml;
    if (!dk_parse_kind_field(parser, node, &ret_column->kind, &ret_column->field))
        return false;
    if (ret_column->kind != list->kind && ret_column->kind != list->lines)
        return dk_yaml_fail(yaml, node, "'%s' is neither what the list is of nor its lines; use a field of %s%s%s",
                            ret_column->kind->name, list->kind->name, list->lines != NULL ? " or " : "",
                            list->lines != NULL ? list->lines->name : "");
    if (ret_column->kind->fields[ret_column->field].audience > list->audience)
        return dk_yaml_fail(yaml, node,
                            "'%s' has audience: %s, which is less than those who see the list; leave it out",
                            ret_column->kind->fields[ret_column->field].name,
                            dk_audience_name(ret_column->kind->fields[ret_column->field].audience));
    return true;
}

static bool parse_columns(dk_catalogue_parser *parser, const yaml_node_t *node, dk_list *list)
{
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_enter(yaml, "columns");
    if (!dk_yaml_list(yaml, node, 1, COUNT(list->columns), &list->n_columns))
        return false;
    for (size_t i = 0; i < list->n_columns; i++) {
        dk_yaml_enter_index(yaml, i);
        if (!parse_column(parser, dk_yaml_element(yaml, node, i), list, &list->columns[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_sums(dk_catalogue_parser *parser, const yaml_node_t *node, dk_list *list)
{
    dk_yaml *yaml = &parser->yaml;
    size_t n = 0;
    dk_yaml_enter(yaml, "sum");
    if (!dk_yaml_list(yaml, node, 1, COUNT(list->columns), &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *element = dk_yaml_element(yaml, node, i);
        dk_list_column wanted;
        dk_yaml_enter_index(yaml, i);
        if (!dk_parse_kind_field(parser, element, &wanted.kind, &wanted.field))
            return false;
        size_t at = 0;
        while (at < list->n_columns &&
               (list->columns[at].kind != wanted.kind || list->columns[at].field != wanted.field))
            at++;
        if (at == list->n_columns)
            return dk_yaml_fail(yaml, element, "what is summed must be a column; add it to 'columns' or leave it out");
        const dk_field *field = &wanted.kind->fields[wanted.field];
        if (field->type != DK_FIELD_INTEGER && field->type != DK_FIELD_NUMBER)
            return dk_yaml_fail(yaml, element, "'%s' is of type %s; only integers and numbers can be summed",
                                field->name, dk_field_type_name(field->type));
        list->columns[at].summed = true;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

/* What makes a line open: a column of it without a value. */
static bool parse_open(dk_catalogue_parser *parser, const yaml_node_t *node, dk_list *list)
{
    enum { O_FIELD, O_TITLE, O_MISSING, O_COUNT };
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[O_COUNT] = {
        [O_FIELD] = {"field", true, NULL}, [O_TITLE] = {"title", true, NULL}, [O_MISSING] = {"missing", false, NULL}};
    dk_list_column column;
    dk_yaml_enter(yaml, "open");
    if (!dk_yaml_mapping(yaml, node, keys, O_COUNT) || !dk_yaml_key_text(yaml, &keys[O_TITLE], &list->open_title) ||
        !dk_yaml_key_text(yaml, &keys[O_MISSING], &list->missing_title))
        return false;
    dk_yaml_enter(yaml, "field");
    if (!parse_column(parser, keys[O_FIELD].value, list, &column))
        return false;
    size_t at = 0;
    while (at < list->n_columns && (list->columns[at].kind != column.kind || list->columns[at].field != column.field))
        at++;
    if (at == list->n_columns)
        return dk_yaml_fail(yaml, keys[O_FIELD].value,
                            "the title stands where the value is missing; add the field to 'columns'");
    list->open_column = (int)at;
    dk_yaml_leave(yaml);
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_list(dk_catalogue_parser *parser, const yaml_node_t *node, size_t position, dk_list *list)
{
    enum { L_ID, L_TITLE, L_AUDIENCE, L_OF, L_BY, L_LINES, L_COLUMNS, L_SUM, L_OPEN, L_COUNT };
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[L_COUNT] = {
        [L_ID] = {"id", true, NULL},
        [L_TITLE] = {"title", true, NULL},
        [L_AUDIENCE] = {"audience", true, NULL},
        [L_OF] = {"of", true, NULL},
        [L_BY] = {"by", true, NULL},
        [L_LINES] = {"lines", false, NULL},
        [L_COLUMNS] = {"columns", true, NULL},
        [L_SUM] = {"sum", false, NULL},
        [L_OPEN] = {"open", false, NULL},
    };
    list->open_column = -1;
    if (!dk_yaml_mapping(yaml, node, keys, L_COUNT) || !dk_yaml_key_name(yaml, &keys[L_ID], &list->id) ||
        !dk_yaml_key_text(yaml, &keys[L_TITLE], &list->title) ||
        !parse_audience(yaml, &keys[L_AUDIENCE], &list->audience))
        return false;
    for (size_t i = 0; i < position; i++)
        if (strcmp(parser->catalogue->lists[i].id, list->id) == 0) {
            dk_yaml_enter(yaml, "id");
            return dk_yaml_fail(yaml, keys[L_ID].value, "'%s' is the id of lists[%zu] already; choose another",
                                list->id, i);
        }
    dk_yaml_enter(yaml, "of");
    if (!dk_parse_kind_name(parser, keys[L_OF].value, false, &list->kind))
        return false;
    dk_yaml_leave(yaml);
    dk_yaml_enter(yaml, "by");
    if (!dk_parse_field_name(parser, keys[L_BY].value, list->kind, &list->by))
        return false;
    const dk_field *by = &list->kind->fields[list->by];
    if (by->type != DK_FIELD_TEXT || by->audience > list->audience)
        return dk_yaml_fail(yaml, keys[L_BY].value,
                            "a list is grouped by a field of type text that those who see it may see");
    if (strcmp(by->name, "division") == 0 || strcmp(by->name, "open") == 0)
        return dk_yaml_fail(yaml, keys[L_BY].value, "'%s' is a parameter of lists; group by another field", by->name);
    dk_yaml_leave(yaml);
    if (keys[L_LINES].value != NULL) {
        dk_yaml_enter(yaml, "lines");
        if (!dk_parse_kind_name(parser, keys[L_LINES].value, false, &list->lines))
            return false;
        if (list->lines == list->kind || !dk_parse_linked(parser->catalogue, list->kind, list->lines))
            return dk_yaml_fail(yaml, keys[L_LINES].value,
                                "%s and %s are not linked; add a link between them under 'links'", list->kind->name,
                                list->lines->name);
        if (list->lines->audience > list->audience)
            return dk_yaml_fail(yaml, keys[L_LINES].value,
                                "%s has audience: %s, which is less than those who see the list; leave it out",
                                list->lines->name, dk_audience_name(list->lines->audience));
        dk_yaml_leave(yaml);
    }
    return parse_columns(parser, keys[L_COLUMNS].value, list) &&
           (keys[L_SUM].value == NULL || parse_sums(parser, keys[L_SUM].value, list)) &&
           (keys[L_OPEN].value == NULL || parse_open(parser, keys[L_OPEN].value, list));
}

bool dk_parse_lists(dk_catalogue_parser *parser, const yaml_node_t *lists)
{
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    size_t n = 0;
    if (lists == NULL)
        return true;
    dk_yaml_enter(yaml, "lists");
    if (!dk_yaml_list(yaml, lists, 0, 32, &n))
        return false;
    catalogue->lists = dk_yaml_alloc(yaml, n, sizeof *catalogue->lists);
    if (catalogue->lists == NULL)
        return false;
    for (; catalogue->n_lists < n; catalogue->n_lists++) {
        const size_t i = catalogue->n_lists;
        dk_yaml_enter_index(yaml, i);
        if (!parse_list(parser, dk_yaml_element(yaml, lists, i), i, &catalogue->lists[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}
