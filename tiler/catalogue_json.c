/* /catalogue: what the viewer may know of the catalogue. Fields that it may not see are not named anywhere in it. */
#include "store/disclosure.h"
#include "tiler/clock_json.h"
#include "tiler/http.h"

static void write_value_titles(dk_json *json, const dk_field *field)
{
    dk_json_key(json, "value_titles");
    dk_json_object_begin(json);
    for (size_t i = 0; i < field->n_values; i++)
        dk_json_member_text(json, field->values[i], dk_disclosure_value_title(field, field->values[i]));
    dk_json_object_end(json);
}

static void write_field(dk_json *json, const dk_field *field, bool masked)
{
    dk_json_object_begin(json);
    dk_json_member_text(json, "name", field->name);
    dk_json_member_text(json, "title", field->title);
    dk_json_member_text(json, "type", dk_field_type_name(field->type));
    if (field->unit != NULL)
        dk_json_member_text(json, "unit", field->unit);
    if (field->n_values > 0 && !masked) {
        dk_json_key(json, "values");
        dk_json_array_begin(json);
        for (size_t i = 0; i < field->n_values; i++)
            dk_json_text(json, field->values[i]);
        dk_json_array_end(json);
    }
    if (field->computed == DK_COMPUTED_DISCLOSURE) {
        dk_json_member_text(json, "computed", "disclosure");
        if (!masked)
            write_value_titles(json, field);
    }
    if (field->in_tiles && !masked) {
        dk_json_key(json, "tiles");
        dk_json_bool(json, true);
    }
    if (field->audience != DK_PUBLIC) /* only viewers who see it get here */
        dk_json_member_text(json, "audience", dk_audience_name(field->audience));
    if (masked) { /* in all rows; where the viewer sees some as they are, it can be asked for */
        dk_json_key(json, "masked");
        dk_json_bool(json, true);
    }
    dk_json_object_end(json);
}

/* The field's name, or null when there is none or the viewer may not see it. */
static void write_role(dk_json *json, const char *role, const dk_kind *kind, int field, uint64_t visible)
{
    dk_json_key(json, role);
    if (field >= 0 && (visible >> field & 1) != 0)
        dk_json_text(json, kind->fields[field].name);
    else
        dk_json_null(json);
}

/* What is summed may be hidden in the single rows: its titles are told here, or nobody could read the totals. */
static void write_totals(dk_context *ctx, const dk_kind *kind)
{
    dk_json *json = &ctx->json;
    dk_json_key(json, "totals");
    dk_json_array_begin(json);
    for (size_t i = 0; i < kind->n_totals; i++) {
        const dk_total *total = &kind->totals[i];
        if (!dk_view_total(total, &ctx->viewer))
            continue;
        dk_json_object_begin(json);
        dk_json_key(json, "by");
        dk_json_array_begin(json);
        for (size_t j = 0; j < total->n_by; j++)
            dk_json_text(json, kind->fields[total->by[j]].name);
        dk_json_array_end(json);
        dk_json_key(json, "sums");
        dk_json_array_begin(json);
        for (size_t j = 0; j < total->n_sum; j++) {
            const dk_field *field = &kind->fields[total->sum[j]];
            dk_json_object_begin(json);
            dk_json_member_text(json, "name", field->name);
            dk_json_member_text(json, "title", field->title);
            if (field->unit != NULL)
                dk_json_member_text(json, "unit", field->unit);
            dk_json_object_end(json);
        }
        dk_json_array_end(json);
        dk_json_member_integer(json, "min_rows", total->min_rows);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
}

/* The fields that the grid sums up or counts by their values: a cell without a count of a value has none such. */
static void write_grid(dk_json *json, const dk_kind *kind, uint64_t visible)
{
    int before = -1;
    dk_json_key(json, "grid");
    dk_json_array_begin(json);
    for (size_t i = 0; i < kind->n_grid_measures; i++) { /* those of a field stand together */
        const int field = kind->grid_measures[i].field;
        if (field != before && (visible >> field & 1) != 0)
            dk_json_text(json, kind->fields[field].name);
        before = field;
    }
    dk_json_array_end(json);
}

static dk_status write_kind(dk_context *ctx, const dk_kind *kind)
{
    dk_json *json = &ctx->json;
    const uint64_t visible = dk_context_fields(ctx, kind), shown = dk_context_shown(ctx, kind);
    dk_summary own;
    const dk_summary *const summary = &own;
    const dk_status status = dk_context_summary(ctx, kind, &own);
    if (status != DK_OK)
        return status;
    dk_json_object_begin(json);
    dk_json_member_text(json, "name", kind->name);
    dk_json_member_text(json, "title", kind->title);
    if (kind->geometry != DK_NO_GEOMETRY)
        dk_json_member_text(json, "geometry",
                            kind->geometry == DK_POLYGONS ? "polygon"
                            : kind->geometry == DK_LINES  ? "line"
                                                          : "point");
    write_role(json, "label", kind, kind->label_field, shown);
    write_role(json, "classify", kind, kind->classify_field, visible);
    write_role(json, "date", kind, kind->date_field, visible);
    if (kind->date_end_field >= 0)
        write_role(json, "date_end", kind, kind->date_end_field, visible);
    dk_json_member_integer(json, "count", summary->rows);
    if (summary->undrawn > 0)
        dk_json_member_integer(json, "undrawn", summary->undrawn);
    if (kind->geometry != DK_NO_GEOMETRY) {
        dk_json_key(json, "zooms");
        dk_json_array_begin(json);
        dk_json_integer(json, kind->min_zoom);
        dk_json_integer(json, dk_context_max_zoom(ctx, kind));
        dk_json_array_end(json);
        write_grid(json, kind, visible);
    }
    dk_json_key(json, "fields");
    dk_json_array_begin(json);
    for (size_t i = 0; i < kind->n_fields; i++)
        if ((shown >> i & 1) != 0)
            write_field(json, &kind->fields[i], (visible >> i & 1) == 0);
    dk_json_array_end(json);
    if (kind->n_totals > 0)
        write_totals(ctx, kind);
    dk_json_object_end(json);
    return DK_OK;
}

static void write_item(dk_json *json, const dk_item *item)
{
    const struct {
        const char *name, *text;
    } members[] = {{"id", item->id},           {"category", item->category}, {"title", item->title},
                   {"content", item->content}, {"basis", item->basis},       {"time_limit", item->time_limit},
                   {"subject", item->subject}, {"channel", item->channel},   {"object", item->object},
                   {"mode", item->mode},       {"level", item->level},       {"guide", item->guide}};
    dk_json_object_begin(json);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (members[i].text != NULL)
            dk_json_member_text(json, members[i].name, members[i].text);
    dk_json_member_text(json, "about", item->subject_kind != NULL ? item->subject_kind->name : NULL);
    dk_json_object_end(json);
}

static bool sees_field(const dk_context *ctx, const dk_kind *kind, int field)
{
    return field == DK_LINK_KEY ? dk_context_fields(ctx, kind) >> kind->key_field & 1
                                : dk_context_fields(ctx, kind) >> field & 1;
}

static void write_pair(dk_json *json, const dk_link *link, int from, int to)
{
    dk_json_key(json, from == DK_LINK_KEY ? "key" : link->from->fields[from].name);
    dk_json_text(json, to == DK_LINK_KEY ? "key" : link->to->fields[to].name);
}

/* By what rows belong together, so that who has them can join them: rules of fields that the viewer may ask about. */
static void write_rules(dk_context *ctx, const dk_link *link)
{
    dk_json *json = &ctx->json;
    dk_json_key(json, "on");
    dk_json_array_begin(json);
    for (size_t i = 0; i < link->n_rules; i++) {
        const dk_link_rule *rule = &link->rules[i];
        const bool excepted = rule->unless.from >= 0 || rule->unless.from == DK_LINK_KEY;
        bool seen =
            !excepted || (sees_field(ctx, link->from, rule->unless.from) && sees_field(ctx, link->to, rule->unless.to));
        for (size_t j = 0; j < rule->n_match; j++)
            seen = seen && sees_field(ctx, link->from, rule->match[j].from) &&
                   sees_field(ctx, link->to, rule->match[j].to);
        if (!seen)
            continue;
        dk_json_object_begin(json);
        dk_json_key(json, "match");
        dk_json_object_begin(json);
        for (size_t j = 0; j < rule->n_match; j++)
            write_pair(json, link, rule->match[j].from, rule->match[j].to);
        dk_json_object_end(json);
        if (excepted) {
            dk_json_key(json, "unless");
            dk_json_object_begin(json);
            write_pair(json, link, rule->unless.from, rule->unless.to);
            dk_json_object_end(json);
        }
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
}

dk_status dk_get_catalogue(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_json *json = &ctx->json;
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status != DK_OK)
        return status;

    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "title", catalogue->title);
    dk_json_member_text(json, "publisher", catalogue->publisher);
    dk_json_member_text(json, "map_approval_no", catalogue->map_approval_no);
    dk_json_key(json, "extent");
    dk_json_array_begin(json);
    for (int i = 0; i < 4; i++)
        dk_json_degrees(json, catalogue->extent[i]);
    dk_json_array_end(json);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    dk_json_member_text(json, "published_at", ctx->worker->generation.at);
    for (size_t i = 0; i < catalogue->n_kinds; i++)
        if (dk_sees_disclosure(ctx, &catalogue->kinds[i])) {
            if ((status = dk_write_right_until(ctx)) != DK_OK)
                return status;
            break;
        }
    dk_json_key(json, "viewer");
    dk_json_object_begin(json);
    dk_json_member_text(json, "audience", dk_audience_name(ctx->viewer.audience));
    dk_json_member_text(json, "division", ctx->viewer.audience == DK_PUBLIC ? NULL : ctx->viewer.division);
    dk_json_object_end(json);
    dk_json_key(json, "config");
    dk_json_object_begin(json);
    dk_json_member_text(json, "tianditu_key", ctx->config->tianditu_key);
    dk_json_object_end(json);

    for (int records = 0; records < 2; records++) {
        const size_t first = records ? catalogue->n_layers : 0,
                     end = records ? catalogue->n_kinds : catalogue->n_layers;
        dk_json_key(json, records ? "records" : "layers");
        dk_json_array_begin(json);
        for (size_t i = first; i < end; i++)
            if (dk_context_sees(ctx, &catalogue->kinds[i]) && (status = write_kind(ctx, &catalogue->kinds[i])) != DK_OK)
                return status;
        dk_json_array_end(json);
    }
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_links; i++) {
        const dk_link *link = &catalogue->links[i];
        if (!dk_context_sees(ctx, link->from) || !dk_context_sees(ctx, link->to))
            continue;
        dk_json_object_begin(json);
        dk_json_member_text(json, "from", link->from->name);
        dk_json_member_text(json, "to", link->to->name);
        write_rules(ctx, link);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    dk_json_key(json, "items");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_items; i++) {
        const dk_item *item = &catalogue->items[i];
        if (item->subject_kind == NULL || dk_context_sees(ctx, item->subject_kind))
            write_item(json, item);
    }
    dk_json_array_end(json);
    dk_write_clock(ctx);
    dk_json_object_end(json);
    return DK_OK;
}
