#include "tiler/scorecard.h"

#include "store/day.h"
#include "store/obligation.h"

#include <math.h>
#include <string.h>

static void write_definitions(dk_json *json)
{
    dk_json_key(json, "definitions");
    dk_json_array_begin(json);
    for (size_t i = 0; i < DK_SCORECARD_FIGURES; i++) {
        dk_json_object_begin(json);
        dk_json_member_text(json, "name", dk_scorecard_figures[i].name);
        dk_json_member_text(json, "title", dk_scorecard_figures[i].title);
        dk_json_member_text(json, "definition", dk_scorecard_figures[i].definition);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
}

static void write_regimes(dk_json *json, const dk_catalogue *catalogue)
{
    char day[DK_DAY_TEXT];
    dk_json_key(json, "regimes");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_regimes; i++) {
        const dk_regime *regime = &catalogue->regimes[i];
        dk_json_object_begin(json);
        dk_json_member_text(json, "id", regime->id);
        dk_json_member_text(json, "title", regime->title);
        dk_json_member_text(json, "from", regime->from == DK_NO_DAY ? NULL : dk_day_write(regime->from, day));
        dk_json_member_text(json, "until", regime->until == DK_FAR_DAY ? NULL : dk_day_write(regime->until, day));
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
}

static void write_obligation(dk_json *json, const dk_catalogue *catalogue, const dk_obligation *obligation)
{
    dk_buf limit;
    dk_buf_init(&limit);
    dk_scorecard_limit(obligation, &limit);
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", obligation->id);
    dk_json_member_text(json, "item", obligation->item->id);
    dk_json_member_text(json, "title", obligation->item->title);
    dk_json_member_text(json, "about", obligation->about->name);
    dk_json_member_text(json, "basis", obligation->basis);
    dk_json_member_text(json, "limit", dk_buf_cstr(&limit));
    dk_json_key(json, "regimes");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_regimes; i++)
        if (obligation->regimes >> i & 1)
            dk_json_text(json, catalogue->regimes[i].id);
    dk_json_array_end(json);
    dk_json_object_end(json);
    dk_buf_finish(&limit);
}

static void write_share(dk_json *json, const char *name, double share)
{
    dk_json_key(json, name);
    if (isnan(share))
        dk_json_null(json);
    else
        dk_json_number(json, share);
}

static void write_figures(dk_json *json, const dk_scorecard_group *group)
{
    dk_json_member_integer(json, "required", group->required);
    dk_json_member_integer(json, "disclosed", group->disclosed);
    dk_json_key(json, "states");
    dk_json_object_begin(json);
    for (int i = 0; i < DK_DISCLOSURES; i++)
        dk_json_member_integer(json, dk_disclosure_name((dk_disclosure)i), group->score.n[i]);
    dk_json_object_end(json);
    write_share(json, "completeness", dk_scorecard_completeness(group));
    write_share(json, "timeliness", dk_scorecard_timeliness(group));
}

static void write_division(dk_context *ctx, const char *code)
{
    dk_json *json = &ctx->json;
    dk_json_key(json, "division");
    if (code[0] == '\0') {
        dk_json_null(json);
        return;
    }
    dk_json_object_begin(json);
    dk_json_member_text(json, "code", code);
    dk_json_member_text(json, "name", dk_scorecard_division_name(ctx->worker->catalogue, code));
    dk_json_object_end(json);
}

/* An address for each state of which there are rows. whole: of all groups. */
static void write_rows_links(dk_context *ctx, const dk_scorecard_question *asked, const dk_scorecard_group *group,
                             bool whole)
{
    dk_json *json = &ctx->json;
    dk_json_key(json, "rows");
    dk_json_object_begin(json);
    for (int i = 0; i < DK_DISCLOSURES; i++) {
        if (group->score.n[i] == 0)
            continue;
        dk_buf path;
        dk_buf_init(&path);
        dk_scorecard_rows_path(ctx, asked, whole ? NULL : &group->score, (dk_disclosure)i, &path);
        dk_json_member_text(json, dk_disclosure_name((dk_disclosure)i), dk_buf_cstr(&path));
        dk_buf_finish(&path);
    }
    dk_json_object_end(json);
}

static void write_group(dk_context *ctx, const dk_scorecard_question *asked, const dk_scorecard_group *group)
{
    dk_json *json = &ctx->json;
    const dk_score_query *query = &asked->query;
    dk_json_object_begin(json);
    if (query->level > 0)
        write_division(ctx, group->score.division);
    if (query->by != DK_SCORE_ALL) {
        dk_buf period;
        dk_buf_init(&period);
        dk_scorecard_group_period(query, &group->score, &period);
        dk_json_member_text(json, "period", period.size > 0 ? dk_buf_cstr(&period) : NULL);
        dk_buf_finish(&period);
    }
    if (query->by_obligation)
        dk_json_member_text(json, "obligation", group->score.obligation->id);
    if (query->by_regime)
        dk_json_member_text(json, "regime", group->score.regime != NULL ? group->score.regime->id : NULL);
    write_figures(json, group);
    if (group->rank > 0)
        dk_json_member_integer(json, "rank", group->rank);
    write_rows_links(ctx, asked, group, false);
    dk_json_object_end(json);
}

dk_status dk_scorecard_json(dk_context *ctx, const dk_scorecard_question *asked)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const dk_score_query *query = &asked->query;
    dk_json *json = &ctx->json;
    char day[DK_DAY_TEXT];
    dk_scorecard card;
    const dk_status status = dk_scorecard_read(ctx, query, &card);
    if (status != DK_OK)
        return status;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "publisher", catalogue->publisher);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    dk_json_member_text(json, "as_of", dk_day_write(query->as_of, day));
    dk_json_member_text(json, "from", query->from == DK_NO_DAY ? NULL : dk_day_write(query->from, day));
    dk_json_member_text(json, "until", query->until == DK_FAR_DAY ? NULL : dk_day_write(query->until, day));
    write_division(ctx, query->division);
    dk_json_member_integer(json, "level", query->level);
    write_definitions(json);
    write_regimes(json, catalogue);
    dk_json_key(json, "obligations");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_obligations; i++)
        if (catalogue->obligations[i].enabled && (query->only == NULL || query->only == &catalogue->obligations[i]) &&
            (query->about == NULL || query->about == catalogue->obligations[i].about))
            write_obligation(json, catalogue, &catalogue->obligations[i]);
    dk_json_array_end(json);
    dk_json_key(json, "groups");
    dk_json_array_begin(json);
    for (size_t i = 0; i < card.n; i++)
        write_group(ctx, asked, &card.groups[i]);
    dk_json_array_end(json);
    dk_json_key(json, "total");
    dk_json_object_begin(json);
    write_figures(json, &card.total);
    write_rows_links(ctx, asked, &card.total, true);
    dk_json_object_end(json);
    dk_json_object_end(json);
    dk_scorecard_finish(&card);
    return DK_OK;
}
