/* The field of a kind that says how disclosure stands (store/disclosure.h). */
#include "store/catalogue_clock.h"
#include "store/catalogue_parse.h"
#include "store/disclosure.h"

#include <string.h>

bool dk_parse_disclosure_words(dk_yaml *yaml, const yaml_node_t *computed, const yaml_node_t *values, dk_kind *kind,
                               const dk_field *field)
{
    char words[200] = "";
    bool all = field->n_values == DK_DISCLOSURE_WORDS;
    for (size_t i = 0; i < DK_DISCLOSURE_WORDS; i++) {
        size_t place = 0;
        while (place < field->n_values && strcmp(field->values[place], dk_disclosure_word(i)) != 0)
            place++;
        all = all && place < field->n_values;
        kind->disclosure_order[i] = (unsigned char)place;
        snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s", i > 0 ? ", " : "", dk_disclosure_word(i));
    }
    dk_yaml_enter(yaml, "computed");
    if (kind->disclosure_field >= 0)
        return dk_yaml_fail(yaml, computed, "'%s' says how disclosure stands already; remove one of them",
                            kind->fields[kind->disclosure_field].name);
    if (field->type != DK_FIELD_TEXT || !all)
        return dk_yaml_fail(
            yaml, values != NULL ? values : computed,
            "how disclosure stands needs type: text and each of these words once under 'values', first what "
            "matters most where obligations of a row stand differently: %s",
            words);
    dk_yaml_leave(yaml);
    return true;
}

static bool is_among(const dk_dated_rows *rows, size_t n, const dk_kind *kind, int field)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; rows[i].kind == kind && k < rows[i].where.n_fields; k++)
            if (rows[i].where.fields[k].field == field)
                return true;
    return false;
}

static bool is_read_by(const dk_obligation *o, const dk_kind *kind, int field)
{
    bool read = (o->item->applies_kind == kind && o->item->applies_field == field) ||
                is_among(o->events, o->n_events, kind, field) || is_among(o->proofs, o->n_proofs, kind, field);
    for (size_t i = 0; i < o->n_exemptions; i++)
        read = read || (o->exemptions[i].kind == kind && o->exemptions[i].field == field);
    return read;
}

/* What would be computed from a value that is computed last. NULL: nothing. */
static const char *reader_of(const dk_catalogue *catalogue, const dk_kind *kind, int field)
{
    for (size_t k = 0; k < catalogue->n_kinds; k++)
        for (size_t f = 0; f < catalogue->kinds[k].n_fields; f++) {
            const dk_field *other = &catalogue->kinds[k].fields[f];
            if ((other->inherit_kind == kind && other->inherit_field == field) ||
                (other->linked_kind == kind && other->linked_field == field))
                return other->name;
        }
    for (size_t i = 0; i < catalogue->n_obligations; i++)
        if (is_read_by(&catalogue->obligations[i], kind, field))
            return catalogue->obligations[i].id;
    return NULL;
}

static bool check_field(dk_catalogue_parser *parser, const dk_kind *kind)
{
    const dk_catalogue *catalogue = parser->catalogue;
    const yaml_node_t *node = parser->disclosure[kind->index];
    const char *name = kind->fields[kind->disclosure_field].name;
    const char *use = dk_parse_use(catalogue, kind, kind->disclosure_field);
    const char *reader = reader_of(catalogue, kind, kind->disclosure_field);
    bool any = false;
    for (size_t i = 0; i < catalogue->n_obligations; i++)
        any = any || catalogue->obligations[i].about == kind;
    if (!any)
        return dk_yaml_fail(&parser->yaml, node,
                            "no obligation is about %s, so that there is nothing to say; add one under "
                            "'obligations', or remove the field",
                            kind->name);
    if (use != NULL)
        return dk_yaml_fail(&parser->yaml, node,
                            "'%s' is in %s of %s, which does not change with the day; use another field for that", name,
                            use, kind->name);
    if (reader != NULL)
        return dk_yaml_fail(&parser->yaml, node,
                            "'%s' is computed from '%s', which changes with the day; nothing can be computed from it",
                            reader, name);
    return true;
}

bool dk_parse_disclosure_fields(dk_catalogue_parser *parser)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_catalogue *catalogue = parser->catalogue;
    for (size_t k = 0; k < catalogue->n_kinds; k++) {
        const dk_kind *kind = &catalogue->kinds[k];
        const bool layer = k < catalogue->n_layers;
        if (kind->disclosure_field < 0)
            continue;
        dk_yaml_enter(yaml, layer ? "layers" : "records");
        dk_yaml_enter_index(yaml, layer ? k : k - catalogue->n_layers);
        dk_yaml_enter(yaml, "fields");
        dk_yaml_enter_index(yaml, (size_t)kind->disclosure_field);
        dk_yaml_enter(yaml, "computed");
        if (!check_field(parser, kind))
            return false;
        for (int i = 0; i < 5; i++)
            dk_yaml_leave(yaml);
    }
    return true;
}
