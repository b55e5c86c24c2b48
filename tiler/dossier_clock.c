#include "tiler/dossier_clock.h"

#include <stdlib.h>
#include <string.h>

dk_status dk_dossier_read_clock(dk_dossier *d)
{
    const dk_context *ctx = d->ctx;
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    if (catalogue->n_obligations == 0)
        return DK_OK;
    d->clock = malloc(DK_MAX_OBLIGATIONS * sizeof *d->clock);
    if (d->clock == NULL)
        return dk_fail(&d->ctx->error, DK_NOMEM, "out of memory");
    const dk_row *row = &d->subject.rows[0];
    bool any = false;
    for (size_t i = 0; i < catalogue->n_obligations; i++)
        any = any || (catalogue->obligations[i].enabled && catalogue->obligations[i].about == row->kind);
    if (!any)
        return DK_OK;
    const int64_t generation = ctx->worker->generation.number;
    dk_status status = dk_clock_kept(ctx->worker->store, row->kind, row->feature, generation, d->as_of, d->clock,
                                     &d->n_clock, &d->regime, &d->ctx->error);
    if (status == DK_NOT_FOUND)
        status = dk_clock_of_row(ctx->worker->store, row->kind, row->key, generation, d->as_of, d->clock, &d->n_clock,
                                 &d->regime, &d->ctx->error);
    return status;
}

bool dk_dossier_concerns(const dk_dossier *d, const dk_item *item)
{
    bool about = false, applies = false;
    if (!dk_dossier_applies(d, item))
        return false;
    for (size_t i = 0; i < d->n_clock; i++)
        if (d->clock[i].obligation->item == item) {
            about = true;
            applies = applies || d->clock[i].outcome.final != DK_NOT_APPLICABLE;
        }
    return applies || !about;
}

static const char *words_of(const dk_clock_outcome *one, const dk_standing *standing, char out[DK_STANDING_TEXT])
{
    if (standing->state == DK_NOT_APPLICABLE || standing->state == DK_UNKNOWN) {
        dk_outcome_reason(one->obligation, &one->outcome, out);
        if (out[0] != '\0')
            return out;
    }
    return dk_standing_text(standing, out);
}

static void member_day(dk_json *json, const char *name, int32_t day)
{
    char text[DK_DAY_TEXT];
    dk_json_member_text(json, name, day == DK_NO_DAY || day == DK_FAR_DAY ? NULL : dk_day_write(day, text));
}

static void write_outcome(const dk_dossier *d, const dk_clock_outcome *one)
{
    dk_json *json = &d->ctx->json;
    char words[DK_STANDING_TEXT];
    dk_standing standing;
    dk_outcome_standing(one->obligation, &one->outcome, d->as_of, &standing);
    dk_json_object_begin(json);
    dk_json_member_text(json, "obligation", one->obligation->id);
    dk_json_member_text(json, "state", dk_disclosure_name(standing.state));
    dk_json_member_text(json, "title", dk_disclosure_title(standing.state));
    dk_json_member_text(json, "words", words_of(one, &standing, words));
    dk_json_key(json, "soon");
    dk_json_bool(json, standing.soon);
    member_day(json, "event", one->outcome.event);
    member_day(json, "due", one->outcome.due);
    member_day(json, "published", one->outcome.shown_from);
    member_day(json, "until", one->outcome.shown_until);
    dk_json_key(json, "days");
    if (standing.n >= 0)
        dk_json_integer(json, standing.n);
    else
        dk_json_null(json);
    dk_json_key(json, "working");
    dk_json_bool(json, standing.working);
    dk_json_member_text(json, "basis", one->obligation->basis);
    dk_json_object_end(json);
}

void dk_dossier_clock_json(const dk_dossier *d)
{
    dk_json *json = &d->ctx->json;
    char day[DK_DAY_TEXT];
    if (d->n_clock == 0)
        return;
    dk_json_member_text(json, "as_of", dk_day_write(d->as_of, day));
    dk_json_member_text(json, "regime", d->regime != NULL ? d->regime->title : NULL);
}

void dk_dossier_item_clock_json(const dk_dossier *d, const dk_item *item)
{
    bool any = false;
    for (size_t i = 0; i < d->n_clock; i++) {
        if (d->clock[i].obligation->item != item)
            continue;
        if (!any) {
            dk_json_key(&d->ctx->json, "clock");
            dk_json_array_begin(&d->ctx->json);
        }
        any = true;
        write_outcome(d, &d->clock[i]);
    }
    if (any)
        dk_json_array_end(&d->ctx->json);
}

static bool is_good(dk_disclosure state)
{
    return state == DK_MET;
}

static bool is_bad(dk_disclosure state)
{
    return state == DK_LATE || state == DK_SHORT || state == DK_MISSING;
}

bool dk_dossier_item_clock_html(const dk_dossier *d, dk_html *html, const dk_item *item)
{
    bool any = false;
    for (size_t i = 0; i < d->n_clock; i++) {
        const dk_clock_outcome *one = &d->clock[i];
        dk_standing standing;
        char words[DK_STANDING_TEXT];
        if (one->obligation->item != item)
            continue;
        dk_outcome_standing(one->obligation, &one->outcome, d->as_of, &standing);
        if (standing.state == DK_NOT_APPLICABLE)
            continue;
        dk_html_raw(html, is_good(standing.state)  ? "<span class=\"badge good\">"
                          : is_bad(standing.state) ? "<span class=\"badge bad\">"
                                                   : "<span class=\"badge\">");
        dk_html_text(html, dk_disclosure_title(standing.state));
        dk_html_raw(html, "</span> <span class=\"clock\">");
        const char *title = dk_disclosure_title(standing.state), *said = words_of(one, &standing, words);
        dk_html_text(html,
                     strncmp(said, title, strlen(title)) == 0 ? said + strlen(title) : said); /* the badge says it */
        dk_html_raw(html, "</span> ");
        any = true;
    }
    return any;
}

void dk_dossier_clock_sentence(const dk_dossier *d, dk_html *html)
{
    static const dk_disclosure told[] = {DK_MISSING, DK_LATE, DK_SHORT, DK_DUE};
    for (size_t t = 0; t < sizeof told / sizeof *told; t++) {
        int64_t n = 0;
        for (size_t i = 0; i < d->n_clock; i++)
            n += dk_outcome_state(&d->clock[i].outcome, d->as_of) == told[t];
        if (n == 0)
            continue;
        dk_html_text(html, dk_disclosure_title(told[t]));
        dk_html_raw(html, " ");
        dk_html_number(html, n);
        dk_html_raw(html, " 项。");
    }
}
