/* What the catalogue says of time, as JSON: all that is needed to compute a scorecard again from public rows. */
#include "tiler/clock_json.h"

#include "store/catalogue_clock.h"
#include "store/clock.h"
#include "store/clock_turn.h"

#include <stdio.h>
#include <string.h>

static void member_day(dk_json *json, const char *name, int32_t day)
{
    char text[DK_DAY_TEXT];
    dk_json_member_text(json, name, day == DK_NO_DAY || day == DK_FAR_DAY ? NULL : dk_day_write(day, text));
}

static void member_bool(dk_json *json, const char *name, bool value)
{
    dk_json_key(json, name);
    dk_json_bool(json, value);
}

static void member_texts(dk_json *json, const char *name, const char *const *texts, size_t n)
{
    dk_json_key(json, name);
    dk_json_array_begin(json);
    for (size_t i = 0; i < n; i++)
        dk_json_text(json, texts[i]);
    dk_json_array_end(json);
}

static const char *field_name(const dk_kind *kind, int field)
{
    return field >= 0 ? kind->fields[field].name : NULL;
}

bool dk_sees_disclosure(const dk_context *ctx, const dk_kind *kind)
{
    return kind->disclosure_field >= 0 && dk_context_sees(ctx, kind) &&
           (dk_context_fields(ctx, kind) >> kind->disclosure_field & 1) != 0;
}

dk_status dk_write_right_until(dk_context *ctx)
{
    int32_t until;
    const dk_status status = dk_clock_right_until(ctx->worker->store, &ctx->viewer, &until, &ctx->error);
    if (status != DK_OK)
        return status;
    if (until != DK_FAR_DAY)
        member_day(&ctx->json, "disclosure_right_until", until);
    member_day(&ctx->json, "today", dk_clock_today(ctx->worker->store));
    return DK_OK;
}

/* {"kind", "where": {FIELD: [VALUE …]}, "date", "own_date", "end"}. own_date: the date is that of the kind, so a row
 * without one is there all the same; else a row without it was not published. */
static void write_dated_rows(dk_json *json, const dk_dated_rows *rows)
{
    dk_json_object_begin(json);
    dk_json_member_text(json, "kind", rows->kind->name);
    dk_json_key(json, "where");
    dk_json_object_begin(json);
    for (size_t i = 0; i < rows->where.n_fields; i++)
        member_texts(json, field_name(rows->kind, rows->where.fields[i].field), rows->where.fields[i].values,
                     rows->where.fields[i].n_values);
    dk_json_object_end(json);
    dk_json_member_text(json, "date", field_name(rows->kind, rows->date_field));
    member_bool(json, "own_date", rows->date_field == rows->kind->date_field);
    dk_json_member_text(json, "end", field_name(rows->kind, rows->end_field));
    dk_json_object_end(json);
}

static void member_period(dk_json *json, const char *name, const dk_period *period)
{
    dk_json_key(json, name);
    if (period->n < 0) {
        dk_json_null(json);
        return;
    }
    dk_json_object_begin(json);
    dk_json_member_integer(json, "n", period->n);
    member_bool(json, "working", period->working);
    dk_json_object_end(json);
}

static void write_condition(dk_json *json, const dk_kind *kind, int field, const char *const *values, size_t n,
                            const char *why)
{
    dk_json_object_begin(json);
    dk_json_member_text(json, "kind", kind->name);
    dk_json_member_text(json, "field", field_name(kind, field));
    member_texts(json, "values", values, n);
    if (why != NULL)
        dk_json_member_text(json, "why", why);
    dk_json_object_end(json);
}

static void write_obligation(dk_json *json, const dk_catalogue *catalogue, const dk_obligation *obligation)
{
    const dk_item *item = obligation->item;
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", obligation->id);
    dk_json_member_text(json, "item", item->id);
    dk_json_member_text(json, "about", obligation->about->name);
    dk_json_member_text(json, "basis", obligation->basis);
    dk_json_member_text(json, "unconfirmed", obligation->unconfirmed);
    member_bool(json, "enabled", obligation->enabled);
    dk_json_key(json, "regimes");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_regimes; i++)
        if (obligation->regimes >> i & 1)
            dk_json_text(json, catalogue->regimes[i].id);
    dk_json_array_end(json);
    dk_json_key(json, "events");
    dk_json_array_begin(json);
    for (size_t i = 0; i < obligation->n_events; i++)
        write_dated_rows(json, &obligation->events[i]);
    dk_json_array_end(json);
    dk_json_member_text(json, "take", obligation->take_last ? "last" : "first");
    member_bool(json, "before", obligation->before);
    member_bool(json, "scheduled", obligation->scheduled);
    member_period(json, "within", &obligation->within);
    member_period(json, "ahead", &obligation->ahead);
    member_period(json, "lasts", &obligation->lasts);
    member_period(json, "soon", &obligation->soon);
    dk_json_member_text(json, "calendar", obligation->calendar != NULL ? obligation->calendar->id : NULL);
    member_day(json, "from", obligation->from);
    member_day(json, "until", obligation->until);
    dk_json_key(json, "proved_by");
    dk_json_array_begin(json);
    for (size_t i = 0; i < obligation->n_proofs; i++)
        write_dated_rows(json, &obligation->proofs[i]);
    dk_json_array_end(json);
    dk_json_key(json, "applies");
    if (item->applies_kind != NULL)
        write_condition(json, item->applies_kind, item->applies_field, item->applies_values, item->n_applies_values,
                        NULL);
    else
        dk_json_null(json);
    dk_json_key(json, "exempt");
    dk_json_array_begin(json);
    for (size_t i = 0; i < obligation->n_exemptions; i++) {
        const dk_exemption *exemption = &obligation->exemptions[i];
        write_condition(json, exemption->kind, exemption->field, exemption->values, exemption->n_values,
                        exemption->why);
    }
    dk_json_array_end(json);
    dk_json_object_end(json);
}

static void write_regimes(dk_json *json, const dk_catalogue *catalogue)
{
    dk_json_key(json, "regimes");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_regimes; i++) {
        const dk_regime *regime = &catalogue->regimes[i];
        dk_json_object_begin(json);
        dk_json_member_text(json, "id", regime->id);
        dk_json_member_text(json, "title", regime->title);
        member_day(json, "from", regime->from);
        member_day(json, "until", regime->until);
        dk_json_key(json, "steps");
        dk_json_array_begin(json);
        for (size_t j = 0; j < regime->n_steps; j++)
            dk_json_text(json, regime->steps[j]->id);
        dk_json_array_end(json);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    dk_json_key(json, "regime_by");
    dk_json_object_begin(json);
    for (size_t i = 0; i < catalogue->n_regime_by; i++) {
        const dk_regime_by *by = &catalogue->regime_by[i];
        dk_json_key(json, by->kind->name);
        dk_json_array_begin(json);
        for (size_t j = 0; j < by->n_sources; j++) {
            dk_json_object_begin(json);
            dk_json_member_text(json, "kind", by->sources[j].kind->name);
            dk_json_member_text(json, "field", field_name(by->sources[j].kind, by->sources[j].field));
            dk_json_object_end(json);
        }
        dk_json_array_end(json);
    }
    dk_json_object_end(json);
}

void dk_write_clock(dk_context *ctx)
{
    dk_json *json = &ctx->json;
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    if (catalogue->n_obligations == 0)
        return;
    dk_json_key(json, "calendars");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_calendars; i++) {
        const dk_calendar *calendar = &catalogue->calendars[i];
        char path[120];
        snprintf(path, sizeof path, "/calendars/%s", calendar->id);
        dk_json_object_begin(json);
        dk_json_member_text(json, "id", calendar->id);
        dk_json_member_text(json, "title", calendar->title);
        dk_json_key(json, "links");
        dk_json_array_begin(json);
        dk_write_link(ctx, "item", path, "application/json", calendar->title);
        dk_json_array_end(json);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    write_regimes(json, catalogue);
    dk_json_key(json, "obligations");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_obligations; i++)
        write_obligation(json, catalogue, &catalogue->obligations[i]);
    dk_json_array_end(json);
}

/* The days of a year that are not as the week has them: working weekends, or weekdays off. */
static void write_days(dk_json *json, const char *name, const dk_working_year *year, bool working)
{
    char text[DK_DAY_TEXT];
    dk_json_key(json, name);
    dk_json_array_begin(json);
    for (int i = 0; i < year->n_days; i++) {
        const bool is = year->working[i / 64] >> (i % 64) & 1, week = dk_day_weekday(year->first + i) <= 5;
        if (is == working && is != week)
            dk_json_text(json, dk_day_write(year->first + i, text));
    }
    dk_json_array_end(json);
}

dk_status dk_get_calendar(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const dk_calendar *calendar = NULL;
    dk_json *json = &ctx->json;
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status != DK_OK)
        return status;
    for (size_t i = 0; i < catalogue->n_calendars; i++)
        if (strcmp(catalogue->calendars[i].id, ctx->request->path[1]) == 0)
            calendar = &catalogue->calendars[i];
    if (calendar == NULL)
        return dk_fail(&ctx->error, DK_NOT_FOUND, "There is no such calendar.");
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", calendar->id);
    dk_json_member_text(json, "title", calendar->title);
    dk_json_member_text(json, "source", calendar->source);
    dk_json_key(json, "years");
    dk_json_array_begin(json);
    for (size_t i = 0; i < calendar->days.n_years; i++) {
        const dk_working_year *year = &calendar->days.years[i];
        dk_json_object_begin(json);
        dk_json_member_integer(json, "year", year->year);
        write_days(json, "off", year, false);
        write_days(json, "work", year, true);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    dk_json_object_end(json);
    return DK_OK;
}
