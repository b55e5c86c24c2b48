/* What relates kinds and rows to each other in a catalogue: links, inheritance, linked fields, totals. */
#include "store/catalogue_parse.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Reads the name of a kind: of any, or of a layer only. */
bool dk_parse_kind_name(dk_catalogue_parser *parser, const yaml_node_t *node, bool layer, const dk_kind **ret_kind)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_catalogue *catalogue = parser->catalogue;
    const char *name = NULL;
    if (!dk_yaml_text(yaml, node, &name))
        return false;
    const dk_kind *kind = dk_catalogue_kind(catalogue, name);
    if (kind == NULL || (layer && kind->geometry == DK_NO_GEOMETRY)) {
        char choice[300];
        dk_yaml_choice(choice, sizeof choice, catalogue->kinds, layer ? catalogue->n_layers : catalogue->n_kinds,
                       sizeof *catalogue->kinds);
        return dk_yaml_fail(yaml, node, "'%s' is not a %s of this catalogue; use %s", dk_yaml_shown(yaml, name),
                            layer ? "layer" : "layer or record", choice[0] != '\0' ? choice : "one that it declares");
    }
    *ret_kind = kind;
    return true;
}

/* Reads "kind.field". */
bool dk_parse_kind_field(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind **ret_kind, int *ret_field)
{
    dk_yaml *yaml = &parser->yaml;
    const char *text = NULL;
    if (!dk_yaml_text(yaml, node, &text))
        return false;
    const char *dot = strchr(text, '.');
    char name[64] = "";
    if (dot != NULL && (size_t)(dot - text) < sizeof name)
        memcpy(name, text, (size_t)(dot - text));
    const dk_kind *kind = dk_catalogue_kind(parser->catalogue, name);
    const int field = kind != NULL && dot != NULL ? dk_kind_field(kind, dot + 1) : -1;
    if (dot == NULL)
        return dk_yaml_fail(yaml, node, "'%s' names no field of another kind; write kind.field",
                            dk_yaml_shown(yaml, text));
    char choice[300];
    if (kind == NULL) {
        dk_yaml_choice(choice, sizeof choice, parser->catalogue->kinds, parser->catalogue->n_kinds,
                       sizeof *parser->catalogue->kinds);
        return dk_yaml_fail(yaml, node, "'%s' begins with no layer or record of this catalogue; use %s",
                            dk_yaml_shown(yaml, text), choice);
    }
    if (field < 0) {
        dk_yaml_choice(choice, sizeof choice, kind->fields, kind->n_fields, sizeof *kind->fields);
        return dk_yaml_fail(yaml, node, "'%s' is not a field of %s; use %s", dk_yaml_shown(yaml, dot + 1), kind->name,
                            choice);
    }
    *ret_kind = kind;
    *ret_field = field;
    return true;
}

/* Links --------------------------------------------------------------------------------------------------------- */

/* A field of the kind, or the word key for the whole key where that is allowed. */
static bool parse_link_end(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind, bool key,
                           int *ret_end)
{
    if (key && node->type == YAML_SCALAR_NODE && strcmp((const char *)node->data.scalar.value, "key") == 0) {
        *ret_end = DK_LINK_KEY;
        return true;
    }
    return dk_parse_field_name(parser, node, kind, ret_end);
}

static bool parse_rule(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_link *link, dk_link_rule *rule)
{
    enum { R_MATCH, R_UNLESS, R_COUNT };
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[R_COUNT] = {[R_MATCH] = {"match", true, NULL}, [R_UNLESS] = {"unless", false, NULL}};
    if (!dk_yaml_mapping(yaml, node, keys, R_COUNT))
        return false;
    rule->unless.from = rule->unless.to = -1;
    const yaml_node_t *from, *to;
    dk_yaml_enter(yaml, "match");
    if (!dk_yaml_pairs(yaml, keys[R_MATCH].value, 1, COUNT(rule->match), &rule->n_match))
        return false;
    for (size_t i = 0; i < rule->n_match; i++) {
        dk_yaml_pair(yaml, keys[R_MATCH].value, i, &from, &to);
        if (!parse_link_end(parser, from, link->from, true, &rule->match[i].from) ||
            !parse_link_end(parser, to, link->to, true, &rule->match[i].to))
            return false;
    }
    dk_yaml_leave(yaml);
    if (keys[R_UNLESS].value == NULL)
        return true;
    size_t n = 0;
    dk_yaml_enter(yaml, "unless");
    if (!dk_yaml_pairs(yaml, keys[R_UNLESS].value, 1, 1, &n))
        return false;
    dk_yaml_pair(yaml, keys[R_UNLESS].value, 0, &from, &to);
    if (!parse_link_end(parser, from, link->from, false, &rule->unless.from) ||
        !parse_link_end(parser, to, link->to, false, &rule->unless.to))
        return false;
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_link(dk_catalogue_parser *parser, const yaml_node_t *node, size_t position, dk_link *link)
{
    enum { L_FROM, L_TO, L_ON, L_COUNT };
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[L_COUNT] = {
        [L_FROM] = {"from", true, NULL}, [L_TO] = {"to", true, NULL}, [L_ON] = {"on", true, NULL}};
    if (!dk_yaml_mapping(yaml, node, keys, L_COUNT))
        return false;
    dk_yaml_enter(yaml, "from");
    if (!dk_parse_kind_name(parser, keys[L_FROM].value, false, &link->from))
        return false;
    dk_yaml_leave(yaml);
    dk_yaml_enter(yaml, "to");
    if (!dk_parse_kind_name(parser, keys[L_TO].value, false, &link->to))
        return false;
    dk_yaml_leave(yaml);
    if (link->from == link->to)
        return dk_yaml_fail(yaml, node, "links %s to itself; a link joins two kinds", link->from->name);
    for (size_t i = 0; i < position; i++) {
        const dk_link *other = &parser->catalogue->links[i];
        if ((other->from == link->from && other->to == link->to) ||
            (other->from == link->to && other->to == link->from))
            return dk_yaml_fail(yaml, node,
                                "%s and %s are linked by links[%zu] already; add its rules to that one's "
                                "'on'",
                                link->from->name, link->to->name, i);
    }
    size_t n_rules = 0;
    dk_yaml_enter(yaml, "on");
    if (!dk_yaml_list(yaml, keys[L_ON].value, 1, 16, &n_rules))
        return false;
    link->rules = dk_yaml_alloc(yaml, n_rules, sizeof *link->rules);
    if (link->rules == NULL)
        return false;
    for (; link->n_rules < n_rules; link->n_rules++) {
        dk_yaml_enter_index(yaml, link->n_rules);
        if (!parse_rule(parser, dk_yaml_element(yaml, keys[L_ON].value, link->n_rules), link,
                        &link->rules[link->n_rules]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

bool dk_parse_links(dk_catalogue_parser *parser, const yaml_node_t *links)
{
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    size_t n = 0;
    if (links == NULL)
        return true;
    dk_yaml_enter(yaml, "links");
    if (!dk_yaml_list(yaml, links, 0, DK_MAX_KINDS * (DK_MAX_KINDS - 1) / 2, &n))
        return false;
    catalogue->links = dk_yaml_alloc(yaml, n, sizeof *catalogue->links);
    if (catalogue->links == NULL)
        return false;
    for (; catalogue->n_links < n; catalogue->n_links++) {
        const size_t i = catalogue->n_links;
        dk_yaml_enter_index(yaml, i);
        if (!parse_link(parser, dk_yaml_element(yaml, links, i), i, &catalogue->links[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

bool dk_parse_linked(const dk_catalogue *catalogue, const dk_kind *a, const dk_kind *b)
{
    bool reversed;
    return dk_catalogue_link(catalogue, a, b, &reversed) != NULL;
}

static bool same_unit(const dk_field *a, const dk_field *b)
{
    return a->unit == NULL || b->unit == NULL ? a->unit == b->unit : strcmp(a->unit, b->unit) == 0;
}

static bool parse_inherit(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind, dk_field *field)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_kind *other = NULL;
    int index = -1;
    if (!dk_parse_kind_field(parser, node, &other, &index))
        return false;
    const dk_field *inherited = &other->fields[index];
    if (!dk_parse_linked(parser->catalogue, kind, other))
        return dk_yaml_fail(yaml, node, "%s and %s are not linked; add a link between them under 'links'", kind->name,
                            other->name);
    if (inherited->type != field->type)
        return dk_yaml_fail(yaml, node, "'%s' is of type %s and this field of type %s; give both the same type",
                            inherited->name, dk_field_type_name(inherited->type), dk_field_type_name(field->type));
    if (!same_unit(inherited, field) && parser->kept) /* it was never filled */
        return true;
    if (!same_unit(inherited, field))
        return dk_yaml_fail(yaml, node, "'%s' is in %s and this field in %s; give both the same unit", inherited->name,
                            inherited->unit != NULL ? inherited->unit : "no unit",
                            field->unit != NULL ? field->unit : "no unit");
    if (inherited->audience > field->audience) /* or the value would get out this way */
        return dk_yaml_fail(yaml, node,
                            "'%s' has audience: %s and would be shown to %s here; narrow this field's "
                            "audience",
                            inherited->name, dk_audience_name(inherited->audience), dk_audience_name(field->audience));
    field->inherit_kind = other;
    field->inherit_field = index;
    return true;
}

bool dk_parse_inheritance(dk_catalogue_parser *parser)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_catalogue *catalogue = parser->catalogue;
    for (size_t k = 0; k < catalogue->n_kinds; k++) {
        dk_kind *kind = &catalogue->kinds[k];
        const bool layer = k < catalogue->n_layers;
        for (size_t f = 0; f < kind->n_fields; f++) {
            if (parser->inherit[k][f] == NULL)
                continue;
            dk_yaml_enter(yaml, layer ? "layers" : "records");
            dk_yaml_enter_index(yaml, layer ? k : k - catalogue->n_layers);
            dk_yaml_enter(yaml, "fields");
            dk_yaml_enter_index(yaml, f);
            dk_yaml_enter(yaml, "inherit");
            if (!parse_inherit(parser, parser->inherit[k][f], kind, &kind->fields[f]))
                return false;
            for (int i = 0; i < 5; i++)
                dk_yaml_leave(yaml);
        }
    }
    return true;
}

/* Linked fields ------------------------------------------------------------------------------------------------- */

/* What a row is called by and linked by is there before what it is linked to. */
const char *dk_parse_use(const dk_catalogue *catalogue, const dk_kind *kind, int field)
{
    if (field == kind->key_field)
        return "the key";
    for (size_t i = 0; i < kind->n_qualifiers; i++)
        if (field == kind->qualifiers[i])
            return "the key";
    if (field == kind->division_field)
        return "the division";
    for (size_t l = 0; l < catalogue->n_links; l++) {
        const dk_link *link = &catalogue->links[l];
        if (link->from != kind && link->to != kind)
            continue;
        for (size_t r = 0; r < link->n_rules; r++) {
            const dk_link_rule *rule = &link->rules[r];
            bool used = field == (link->from == kind ? rule->unless.from : rule->unless.to);
            for (size_t m = 0; m < rule->n_match; m++)
                used |= field == (link->from == kind ? rule->match[m].from : rule->match[m].to);
            if (used)
                return "a link";
        }
    }
    return NULL;
}

void dk_parse_identifying(dk_catalogue *catalogue)
{
    for (size_t k = 0; k < catalogue->n_kinds; k++) {
        dk_kind *kind = &catalogue->kinds[k];
        for (size_t f = 0; f < kind->n_fields; f++)
            kind->fields[f].identifies = dk_parse_use(catalogue, kind, (int)f) != NULL;
    }
}

/* Whether the value can be made of the source's field. */
static bool check_linked_type(dk_yaml *yaml, const yaml_node_t *as, const dk_field *field, const dk_field *source)
{
    if (field->linked_as == DK_LINKED_STATE) {
        if (field->type == DK_FIELD_TEXT && field->n_values == 3)
            return true;
        return dk_yaml_fail(yaml, as,
                            "a state needs type: text and three values; write values: [all, some, none] in your words, "
                            "for rows all, some or none of whose %s have %s",
                            field->linked_kind->name, source->name);
    }
    if (source->type != field->type || !same_unit(source, field))
        return dk_yaml_fail(yaml, as,
                            "'%s' is of type %s%s%s and this field of type %s%s%s; give both the same type and unit",
                            source->name, dk_field_type_name(source->type), source->unit != NULL ? ", unit " : "",
                            source->unit != NULL ? source->unit : "", dk_field_type_name(field->type),
                            field->unit != NULL ? ", unit " : "", field->unit != NULL ? field->unit : "");
    if (field->linked_as != DK_LINKED_ONLY && field->type != DK_FIELD_DATE && field->type != DK_FIELD_NUMBER &&
        field->type != DK_FIELD_INTEGER)
        return dk_yaml_fail(yaml, as,
                            "'%s' is of type %s; only dates, integers and numbers have a least and a greatest "
                            "value, use only or state",
                            source->name, dk_field_type_name(source->type));
    return true;
}

static bool parse_linked_field(dk_catalogue_parser *parser, const yaml_node_t *node, dk_kind *kind, dk_field *field)
{
    enum { L_FIELD, L_AS, L_COUNT };
    static const char *const ways[] = {"state", "min", "max", "only"};
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[L_COUNT] = {[L_FIELD] = {"field", true, NULL}, [L_AS] = {"as", true, NULL}};
    const dk_kind *other = NULL;
    int index = -1;
    size_t as = 0;
    if (!dk_yaml_mapping(yaml, node, keys, L_COUNT))
        return false;
    dk_yaml_enter(yaml, "field");
    if (!dk_parse_kind_field(parser, keys[L_FIELD].value, &other, &index))
        return false;
    const dk_field *source = &other->fields[index];
    const char *use = dk_parse_use(parser->catalogue, kind, (int)(field - kind->fields));
    if (!dk_parse_linked(parser->catalogue, kind, other))
        return dk_yaml_fail(yaml, keys[L_FIELD].value,
                            "%s and %s are not linked; add a link between them under 'links'", kind->name, other->name);
    if (parser->linked[other->index][index] != NULL)
        return dk_yaml_fail(yaml, keys[L_FIELD].value,
                            "'%s' follows from linked rows itself; name the field that it "
                            "follows from",
                            source->name);
    if (use != NULL)
        return dk_yaml_fail(yaml, keys[L_FIELD].value,
                            "'%s' is in %s of %s, which does not follow from linked rows; "
                            "use another field for that",
                            field->name, use, kind->name);
    if (source->audience > field->audience) /* or the value would get out this way, and so would that there is one */
        return dk_yaml_fail(yaml, keys[L_FIELD].value,
                            "'%s' has audience: %s and would be shown to %s here; narrow this field's audience",
                            source->name, dk_audience_name(source->audience), dk_audience_name(field->audience));
    if (other->audience > DK_PUBLIC && kind->audience == DK_PUBLIC) /* whatever the field's own audience is */
        return dk_yaml_fail(
            yaml, keys[L_FIELD].value,
            "%s has audience: %s, and each of them that comes or goes would make a new entry about %s in the "
            "publication log, which everyone reads; leave it out: who sees both finds them linked",
            other->name, dk_audience_name(other->audience), kind->name);
    if (source->audience != DK_PUBLIC && field->audience != DK_NEVER && kind->division_field >= 0 &&
        other->division_field < 0)
        return dk_yaml_fail(yaml, keys[L_FIELD].value,
                            "'%s' has audience: %s, and a %s is in no division, so that staff of a division would see "
                            "here what they do not see there; name the division of %s, or write audience: never",
                            source->name, dk_audience_name(source->audience), other->name, other->name);
    dk_yaml_leave(yaml);
    if (!dk_yaml_key_choice(yaml, &keys[L_AS], "a way to sum up linked rows", ways, COUNT(ways), &as))
        return false;
    field->linked_kind = other;
    field->linked_field = index;
    field->linked_as = (dk_linked_as)as;
    dk_yaml_enter(yaml, "as");
    if (!check_linked_type(yaml, keys[L_AS].value, field, source))
        return false;
    dk_yaml_leave(yaml);
    kind->has_linked = true;
    parser->catalogue->kinds[other->index].feeds_linked = true;
    return true;
}

bool dk_parse_linked_fields(dk_catalogue_parser *parser)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_catalogue *catalogue = parser->catalogue;
    for (size_t k = 0; k < catalogue->n_kinds; k++) {
        dk_kind *kind = &catalogue->kinds[k];
        const bool layer = k < catalogue->n_layers;
        for (size_t f = 0; f < kind->n_fields; f++) {
            const dk_field *field = &kind->fields[f];
            const bool follows =
                field->inherit_kind != NULL && parser->linked[field->inherit_kind->index][field->inherit_field] != NULL;
            if (parser->linked[k][f] == NULL && !follows)
                continue;
            dk_yaml_enter(yaml, layer ? "layers" : "records");
            dk_yaml_enter_index(yaml, layer ? k : k - catalogue->n_layers);
            dk_yaml_enter(yaml, "fields");
            dk_yaml_enter_index(yaml, f);
            dk_yaml_enter(yaml, follows ? "inherit" : "linked");
            if (follows) /* what is taken at the load would not follow */
                return dk_yaml_fail(yaml, parser->inherit[k][f],
                                    "'%s' follows from linked rows itself; name the field that it follows from",
                                    field->inherit_kind->fields[field->inherit_field].name);
            if (!parse_linked_field(parser, parser->linked[k][f], kind, &kind->fields[f]))
                return false;
            for (int i = 0; i < 5; i++)
                dk_yaml_leave(yaml);
        }
    }
    return true;
}

/* Totals ------------------------------------------------------------------------------------------------------------
 */

/* A list of different fields of the kind, for a total. */
static bool parse_total_fields(dk_catalogue_parser *parser, const dk_yaml_key *key, const dk_kind *kind, size_t max,
                               int *ret_fields, size_t *ret_n)
{
    dk_yaml *yaml = &parser->yaml;
    const char **names = NULL;
    if (!dk_yaml_key_texts(yaml, key, 1, max, &names, ret_n))
        return false;
    dk_yaml_enter(yaml, key->name);
    for (size_t i = 0; i < *ret_n; i++) {
        dk_yaml_enter_index(yaml, i);
        if (!dk_parse_field_name(parser, dk_yaml_element(yaml, key->value, i), kind, &ret_fields[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

enum { LEAST_ROWS = 5 }; /* of a group whose sum of money is told to those who may not see the single amounts */

/* 千元 has not counted from the first: a store may have it. */
static bool is_money(const dk_catalogue_parser *parser, const dk_field *field)
{
    return dk_field_is_money(field) && !(parser->kept && strcmp(field->unit, "千元") == 0);
}

static bool parse_total(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind, dk_total *total)
{
    enum { T_BY, T_SUM, T_MIN_ROWS, T_AUDIENCE, T_COUNT };
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_key keys[T_COUNT] = {
        [T_BY] = {"by", true, NULL},
        [T_SUM] = {"sum", true, NULL},
        [T_MIN_ROWS] = {"min_rows", false, NULL},
        [T_AUDIENCE] = {"audience", true, NULL},
    };
    size_t audience = DK_NEVER;
    long min_rows = 5;
    if (!dk_yaml_mapping(yaml, node, keys, T_COUNT) ||
        !parse_total_fields(parser, &keys[T_BY], kind, COUNT(total->by), total->by, &total->n_by) ||
        !parse_total_fields(parser, &keys[T_SUM], kind, COUNT(total->sum), total->sum, &total->n_sum) ||
        !dk_yaml_key_choice(yaml, &keys[T_AUDIENCE], "an audience", dk_audience_names, COUNT(dk_audience_names),
                            &audience))
        return false;
    if (keys[T_MIN_ROWS].value != NULL) {
        dk_yaml_enter(yaml, "min_rows");
        if (!dk_yaml_integer(yaml, keys[T_MIN_ROWS].value, 1, 1000000000, &min_rows))
            return false;
        dk_yaml_leave(yaml);
    }
    total->audience = (dk_audience)audience;
    total->min_rows = min_rows;
    for (size_t i = 0; i < total->n_sum; i++) {
        const dk_field *field = &kind->fields[total->sum[i]];
        if (min_rows >= LEAST_ROWS || total->audience >= field->audience || !is_money(parser, field))
            continue;
        dk_yaml_enter(yaml, "min_rows");
        return dk_yaml_fail(
            yaml, keys[T_MIN_ROWS].value,
            "'%s' is an amount of money that this total's audience does not see in single rows: groups of "
            "fewer than %d rows are not shown to them; use %d or more",
            field->name, LEAST_ROWS, LEAST_ROWS);
    }
    for (size_t i = 0; i < total->n_by; i++) {
        const dk_field *field = &kind->fields[total->by[i]];
        if (field->audience > total->audience) { /* the groups' values are shown as they are */
            dk_yaml_enter(yaml, "by");
            dk_yaml_enter_index(yaml, i);
            return dk_yaml_fail(yaml, dk_yaml_element(yaml, keys[T_BY].value, i),
                                "'%s' has audience: %s and would be "
                                "shown to %s; group by other fields or narrow the total's audience",
                                field->name, dk_audience_names[field->audience], dk_audience_names[total->audience]);
        }
    }
    for (size_t i = 0; i < total->n_sum; i++) {
        const dk_field *field = &kind->fields[total->sum[i]];
        const bool number = field->type == DK_FIELD_NUMBER || field->type == DK_FIELD_INTEGER;
        if (number && (field->audience != DK_NEVER || total->audience == DK_NEVER))
            continue;
        dk_yaml_enter(yaml, "sum");
        dk_yaml_enter_index(yaml, i);
        const yaml_node_t *element = dk_yaml_element(yaml, keys[T_SUM].value, i);
        if (!number)
            return dk_yaml_fail(yaml, element, "'%s' is of type %s; sum fields of type number or integer", field->name,
                                dk_field_type_name(field->type));
        return dk_yaml_fail(yaml, element, "'%s' has audience: never, so its sums are shown to nobody; remove it",
                            field->name);
    }
    return true;
}

/* Whose rows are summed up for the public are single payments, which it does not see. */
static bool check_amounts(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind,
                          const dk_total *total)
{
    for (size_t i = 0; i < total->n_sum; i++) {
        const dk_field *field = &kind->fields[total->sum[i]];
        if (is_money(parser, field) && field->audience == DK_PUBLIC && !field->public_amount)
            return dk_yaml_fail(
                &parser->yaml, node,
                "'%s' is an amount of money, of which the public sees sums alone; give it a narrower audience, "
                "such as staff, or public_amount: true where each single amount is public by law",
                field->name);
    }
    return true;
}

/* Whether fine's groups are those of coarse told apart by one more field: what is withheld of such keeps silent about
 * the rest (totals.c). */
static bool refines(const dk_total *fine, const dk_total *coarse)
{
    return fine->n_by == coarse->n_by + 1 && memcmp(fine->by, coarse->by, coarse->n_by * sizeof *coarse->by) == 0;
}

/* The field that both sum up for someone who does not see it in single rows; -1. */
static int hidden_in_both(const dk_kind *kind, const dk_total *a, const dk_total *b)
{
    const dk_audience narrower = a->audience > b->audience ? a->audience : b->audience;
    for (size_t i = 0; i < a->n_sum; i++)
        for (size_t j = 0; j < b->n_sum; j++)
            if (a->sum[i] == b->sum[j] && kind->fields[a->sum[i]].audience > narrower)
                return a->sum[i];
    return -1;
}

/* Two sums over other groups of the same rows: one less the other may be the amount of a single row. */
static bool check_differences(dk_yaml *yaml, const yaml_node_t *node, const dk_kind *kind, size_t last)
{
    const dk_total *total = &kind->totals[last];
    size_t n = 0;
    for (size_t i = 0; i < last; i++) {
        const dk_total *other = &kind->totals[i];
        const int field = hidden_in_both(kind, total, other);
        if (field < 0)
            continue;
        if (++n > 1 || total->audience != other->audience || (!refines(total, other) && !refines(other, total)))
            return dk_yaml_fail(
                yaml, node,
                "'%s' is summed up by other groups in totals[%zu] too, and the one less the other may be "
                "what a single row says; keep one of them, or two of the same audience, of which one is "
                "'by' the fields of the other and one more at the end",
                kind->fields[field].name, i);
    }
    return true;
}

bool dk_parse_totals(dk_catalogue_parser *parser, const yaml_node_t *node, dk_kind *kind)
{
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_enter(yaml, "totals");
    if (!dk_yaml_list(yaml, node, 0, 16, &kind->n_totals))
        return false;
    kind->totals = dk_yaml_alloc(yaml, kind->n_totals, sizeof *kind->totals);
    if (kind->totals == NULL)
        return false;
    for (size_t i = 0; i < kind->n_totals; i++) {
        dk_yaml_enter_index(yaml, i);
        if (!parse_total(parser, dk_yaml_element(yaml, node, i), kind, &kind->totals[i]) ||
            !check_amounts(parser, dk_yaml_element(yaml, node, i), kind, &kind->totals[i]) ||
            !check_differences(yaml, dk_yaml_element(yaml, node, i), kind, i))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}
