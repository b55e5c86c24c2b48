#include "ingest/set_values.h"

#include "ingest/values.h"

#include <stdlib.h>
#include <string.h>

/* How what is said is called where it is said. */
typedef struct words {
    const char *field, *set, *merged;
} words;
static const words of_command = {"--field", "--set", "--merged"}, of_profile = {"fields:", "set:", "merged:"};

static dk_status no_field(const dk_kind *kind, const char *option, const char *name, dk_error *err)
{
    dk_buf list;
    dk_buf_init(&list);
    for (size_t i = 0; i < kind->n_fields; i++)
        dk_buf_format(&list, "%s%s", i > 0 ? ", " : "", kind->fields[i].name);
    const char *names = dk_buf_cstr(&list);
    const dk_status status = dk_fail(err, DK_NOT_FOUND, "%s %s: %s has no such field; it has: %s", option, name,
                                     kind->name, names ? names : "");
    dk_buf_finish(&list);
    return status;
}

static dk_status derived(const dk_field *field, const char *option, dk_error *err)
{
    return dk_fail(err, DK_INVALID, "%s %s: this field %s", option, field->name,
                   field->computed ? "is computed from the geometry" : "follows from linked rows");
}

static dk_status parse_set(const dk_kind *kind, const dk_pair *pair, const char *option, dk_set_values *out,
                           size_t *places, dk_error *err)
{
    const int field = dk_kind_field(kind, pair->name);
    const dk_value_context context = {0};
    char problem[300];
    if (field < 0)
        return no_field(kind, option, pair->name, err);
    if (dk_field_derived(&kind->fields[field]))
        return derived(&kind->fields[field], option, err);
    if (out->is_set[field])
        return dk_fail(err, DK_INVALID, "%s %s is given twice", option, pair->name);
    const dk_cell cell = {.type = DK_CELL_TEXT, .text = pair->value, .size = strlen(pair->value)};
    if (!dk_value_from_cell(&kind->fields[field], &cell, &context, &out->texts, &out->values[field], &places[field],
                            problem, sizeof problem))
        return dk_fail(err, DK_INVALID, "%s %s: %s", option, pair->name, problem);
    out->is_set[field] = true;
    return DK_OK;
}

/* Of amounts alone: what else stands in a merged cell holds for each of its rows. */
static dk_status check_merged(const dk_kind *kind, const dk_column_options *columns, const char *option, size_t i,
                              dk_error *err)
{
    const char *name = columns->merged[i].name;
    const int field = dk_kind_field(kind, name);
    if (field < 0)
        return no_field(kind, option, name, err);
    if (!dk_field_is_amount(&kind->fields[field]))
        return dk_fail(err, DK_INVALID,
                       "%s %s: this field is no amount and no area, so a merged cell holds for each of its rows",
                       option, name);
    for (size_t j = 0; j < i; j++)
        if (strcmp(columns->merged[j].name, name) == 0)
            return dk_fail(err, DK_INVALID, "%s %s is given twice", option, name);
    return DK_OK;
}

static dk_status parse(const dk_kind *kind, const dk_column_options *columns, const words *say,
                       dk_set_values *ret_values, dk_error *err)
{
    dk_set_values out = {.values = calloc(kind->n_fields + 1, sizeof *out.values),
                         .is_set = calloc(kind->n_fields + 1, sizeof *out.is_set)};
    size_t *places = calloc(kind->n_fields + 1, sizeof *places);
    dk_status status = DK_OK;
    dk_buf_init(&out.texts);
    if (out.values == NULL || out.is_set == NULL || places == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; i < columns->n_fields && status == DK_OK; i++) {
        const int field = dk_kind_field(kind, columns->fields[i].name);
        if (field < 0)
            status = no_field(kind, say->field, columns->fields[i].name, err);
        else if (dk_field_derived(&kind->fields[field]))
            status = derived(&kind->fields[field], say->field, err);
    }
    for (size_t i = 0; i < columns->n_merged && status == DK_OK; i++)
        status = check_merged(kind, columns, say->merged, i, err);
    for (size_t i = 0; i < columns->n_sets && status == DK_OK; i++)
        status = parse_set(kind, &columns->sets[i], say->set, &out, places, err);
    for (size_t i = 0; i < kind->n_fields && status == DK_OK; i++)
        if (out.is_set[i] && out.values[i].type == DK_TEXT)
            out.values[i].text.data = (const char *)out.texts.data + places[i];
    free(places);
    if (status == DK_OK)
        *ret_values = out;
    else
        dk_set_values_finish(&out);
    return status;
}

dk_status dk_set_values_parse(const dk_kind *kind, const dk_column_options *columns, dk_set_values *ret_values,
                              dk_error *err)
{
    return parse(kind, columns, &of_command, ret_values, err);
}

dk_status dk_set_values_check(const dk_kind *kind, const dk_column_options *columns, dk_error *err)
{
    dk_set_values values = {0};
    const dk_status status = parse(kind, columns, &of_profile, &values, err);
    dk_set_values_finish(&values);
    return status;
}

void dk_set_values_finish(dk_set_values *values)
{
    free(values->values);
    free(values->is_set);
    dk_buf_finish(&values->texts);
    *values = (dk_set_values){0};
}
