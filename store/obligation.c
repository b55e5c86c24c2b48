#include "store/obligation.h"

#include "store/text.h"

#include <stdio.h>
#include <string.h>

/* Names --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *title;
} disclosures[DK_DISCLOSURES] = {
    [DK_WAITING] = {"waiting", "未到期"},
    [DK_DUE] = {"due", "待公开"},
    [DK_MET] = {"met", "已按期公开"},
    [DK_LATE] = {"late", "逾期公开"},
    [DK_SHORT] = {"short", "公示期不足"},
    [DK_MISSING] = {"missing", "逾期未公开"},
    [DK_NOT_APPLICABLE] = {"not_applicable", "不适用"},
    [DK_UNKNOWN] = {"unknown", "无法计算"},
};

const char *dk_disclosure_name(dk_disclosure state)
{
    return disclosures[state].name;
}

const char *dk_disclosure_title(dk_disclosure state)
{
    return disclosures[state].title;
}

bool dk_disclosure_named(const char *name, dk_disclosure *ret_state)
{
    for (int i = 0; i < DK_DISCLOSURES; i++)
        if (strcmp(disclosures[i].name, name) == 0) {
            *ret_state = (dk_disclosure)i;
            return true;
        }
    return false;
}

const dk_regime *dk_regime_said(const dk_catalogue *catalogue, const dk_field *field, const char *text)
{
    int32_t day;
    if (field->type != DK_FIELD_DATE)
        return dk_catalogue_regime_titled(catalogue, text);
    return dk_day_read(text, &day) ? dk_catalogue_regime_on(catalogue, day) : NULL;
}

bool dk_shown_read(const dk_dated_rows *proof, const char *from, const char *until, dk_shown *ret_shown)
{
    dk_shown shown = {DK_NO_DAY, DK_FAR_DAY};
    if (!dk_day_read(from, &shown.from) && proof->date_field != proof->kind->date_field)
        return false;
    dk_day_read(until, &shown.until);
    *ret_shown = shown;
    return true;
}

/* Limits -------------------------------------------------------------------------------------------------------- */

static const dk_working_calendar *days_of(const dk_obligation *obligation)
{
    return &obligation->calendar->days;
}

/* n periods' days after day, or before it. A period of working days has a calendar. */
static bool count(const dk_obligation *obligation, dk_period period, int32_t day, int direction, int32_t *ret_day,
                  int *ret_missing)
{
    if (period.working)
        return dk_working_days_from(days_of(obligation), day, direction * period.n, ret_day, ret_missing);
    *ret_day = day + direction * period.n;
    return true;
}

/* The last day from which what lasts is complete on the day `by`. */
static bool begin_by(const dk_obligation *obligation, int32_t by, int32_t *ret_day, int *ret_missing)
{
    int32_t first;
    if (!obligation->lasts.working) {
        *ret_day = by - obligation->lasts.n;
        return true;
    }
    if (!dk_working_days_from(days_of(obligation), by + 1, -obligation->lasts.n, &first, ret_missing))
        return false;
    *ret_day = first - 1;
    return true;
}

static bool due_day(const dk_obligation *obligation, int32_t event, int32_t *ret_due, int *ret_missing)
{
    if (obligation->before)
        return count(obligation, obligation->ahead, event, -1, ret_due, ret_missing) &&
               (obligation->lasts.n < 0 || begin_by(obligation, *ret_due, ret_due, ret_missing));
    if (!count(obligation, obligation->within, event, 1, ret_due, ret_missing))
        return false;
    if (obligation->within.working || obligation->within.n == 0 || obligation->calendar == NULL)
        return true;
    return dk_working_day_not_before(days_of(obligation), *ret_due, ret_due, ret_missing);
}

/* The outcome ---------------------------------------------------------------------------------------------------- */

static void give_reason(dk_outcome *outcome, dk_disclosure final, dk_reason_of_outcome reason, int32_t detail,
                        int32_t known_from)
{
    outcome->final = final;
    outcome->reason = reason;
    outcome->detail = detail;
    outcome->known_from = known_from;
}

/* The event that counts; DK_NO_DAY: there is none. */
static int32_t event_day(const dk_obligation *obligation, const dk_obligation_facts *facts, int32_t as_of)
{
    int32_t event = DK_NO_DAY;
    for (size_t i = 0; i < facts->n_events; i++) {
        const int32_t day = facts->events[i];
        if (day == DK_NO_DAY || (day > as_of && !obligation->scheduled))
            continue;
        if (event == DK_NO_DAY || (obligation->take_last ? day > event : day < event))
            event = day;
    }
    return event;
}

/* Puts the best proof into the outcome, with its class in final; final stays if there is none. *ret_missing: a year
 * without which a proof cannot be judged, else 0. *ret_undated: some proof has no date. */
static void take_proofs(const dk_obligation *obligation, const dk_obligation_facts *facts, int32_t as_of,
                        dk_outcome *outcome, int *ret_missing, bool *ret_undated)
{
    bool any = false;
    *ret_missing = 0;
    *ret_undated = false;
    for (size_t i = 0; i < facts->n_proofs; i++) {
        dk_shown shown = facts->proofs[i];
        int32_t needed = DK_NO_DAY;
        *ret_undated |= shown.from == DK_NO_DAY;
        if (shown.from == DK_NO_DAY || shown.from > as_of)
            continue;
        if (shown.until == DK_NO_DAY || shown.until >= as_of)
            shown.until = DK_FAR_DAY;
        if (obligation->lasts.n > 0 && !count(obligation, obligation->lasts, shown.from, 1, &needed, ret_missing))
            continue;
        const dk_disclosure state = needed != DK_NO_DAY && shown.until < needed                ? DK_SHORT
                                    : outcome->event != DK_NO_DAY && shown.from > outcome->due ? DK_LATE
                                                                                               : DK_MET;
        if (any && (state > outcome->final || (state == outcome->final && shown.from >= outcome->shown_from)))
            continue; /* the enum has them in this order */
        any = true;
        outcome->final = state;
        outcome->shown_from = shown.from;
        outcome->shown_until = shown.until;
        outcome->needed_until = needed;
    }
    if (any)
        *ret_missing = 0;
}

static int32_t first_shown(const dk_obligation_facts *facts, int32_t as_of)
{
    int32_t first = DK_FAR_DAY;
    for (size_t i = 0; i < facts->n_proofs; i++)
        if (facts->proofs[i].from != DK_NO_DAY && facts->proofs[i].from <= as_of && facts->proofs[i].from < first)
            first = facts->proofs[i].from;
    return first;
}

void dk_obligation_outcome(const dk_obligation *obligation, const dk_obligation_facts *facts, int32_t as_of,
                           dk_outcome *ret_outcome)
{
    dk_outcome o = {.final = DK_WAITING,
                    .before = obligation->before,
                    .due = DK_NO_DAY,
                    .soon_from = DK_NO_DAY,
                    .shown_from = DK_NO_DAY,
                    .shown_until = DK_NO_DAY,
                    .needed_until = DK_NO_DAY};
    const int32_t first = first_shown(facts, as_of);
    int missing = 0;
    bool undated = false;
    o.event = event_day(obligation, facts, as_of);
    o.known_from = o.event == DK_NO_DAY ? DK_FAR_DAY : obligation->scheduled ? DK_NO_DAY : o.event;
    const int32_t something = o.known_from < first ? o.known_from : first; /* from then on there is something to say */
    if (!facts->applies) {
        give_reason(&o, DK_NOT_APPLICABLE, DK_WHY_CONDITION, 0, DK_NO_DAY);
        goto out;
    }
    if (facts->exemption >= 0) {
        give_reason(&o, DK_NOT_APPLICABLE, DK_WHY_EXEMPT, facts->exemption, DK_NO_DAY);
        goto out;
    }
    if (facts->regime != NULL) {
        const dk_catalogue *catalogue = obligation->about->catalogue;
        if ((obligation->regimes >> (facts->regime - catalogue->regimes) & 1) == 0) {
            give_reason(&o, DK_NOT_APPLICABLE, DK_WHY_REGIME, 0, DK_NO_DAY);
            goto out;
        }
    } else if (obligation->regimes != UINT32_MAX) {
        if (something != DK_FAR_DAY)
            give_reason(&o, DK_UNKNOWN, DK_WHY_NO_REGIME, 0, something);
        goto out;
    }
    if (o.event != DK_NO_DAY && (o.event < obligation->from || o.event > obligation->until)) {
        give_reason(&o, DK_NOT_APPLICABLE, DK_WHY_NOT_IN_FORCE, 0, DK_NO_DAY);
        goto out;
    }
    if (o.event != DK_NO_DAY && !due_day(obligation, o.event, &o.due, &missing)) {
        o.due = DK_NO_DAY;
        give_reason(&o, DK_UNKNOWN, DK_WHY_NO_YEAR, missing, something);
        goto out;
    }
    if (o.event != DK_NO_DAY && !count(obligation, obligation->soon, o.due, -1, &o.soon_from, &missing))
        o.soon_from = o.due;
    if (o.event != DK_NO_DAY)
        o.final = DK_MISSING;
    take_proofs(obligation, facts, as_of, &o, &missing, &undated);
    if (missing != 0) {
        give_reason(&o, DK_UNKNOWN, DK_WHY_NO_YEAR, missing, something);
    } else if (o.shown_from == DK_NO_DAY && undated && o.event != DK_NO_DAY) {
        give_reason(&o, DK_UNKNOWN, DK_WHY_NO_DATE, 0, o.known_from);
    } else if (o.shown_from != DK_NO_DAY && o.event == DK_NO_DAY && o.needed_until == DK_NO_DAY) {
        /* Of what is due before something one cannot say more until that comes; what was due after something that has
         * no date is there, in time or not. */
        if (obligation->before)
            o.final = DK_WAITING;
        else
            give_reason(&o, DK_UNKNOWN, DK_WHY_NO_EVENT, 0, o.shown_from);
    }
out:
    *ret_outcome = o;
}

/* On a day ------------------------------------------------------------------------------------------------------- */

dk_disclosure dk_outcome_state(const dk_outcome *o, int32_t day)
{
    const bool known = o->known_from <= day;
    if (o->final == DK_NOT_APPLICABLE)
        return DK_NOT_APPLICABLE;
    if (o->final == DK_UNKNOWN)
        return known ? DK_UNKNOWN : DK_WAITING;
    if (o->shown_from == DK_NO_DAY || o->shown_from > day)
        return !known ? DK_WAITING : day <= o->due ? DK_DUE : DK_MISSING;
    const bool late = known && o->event != DK_NO_DAY && o->shown_from > o->due;
    if (o->needed_until == DK_NO_DAY)
        return !known ? (o->before ? DK_WAITING : DK_UNKNOWN) : late ? DK_LATE : DK_MET;
    if (o->shown_until < day && o->shown_until < o->needed_until)
        return DK_SHORT;
    return late ? DK_LATE : day < o->needed_until ? DK_DUE : DK_MET;
}

bool dk_outcome_soon(const dk_outcome *o, int32_t day)
{
    return dk_outcome_state(o, day) == DK_DUE && (o->shown_from == DK_NO_DAY || o->shown_from > day) &&
           day >= o->soon_from;
}

/* The days from one to another, the first not counted; -1: not known. */
static int32_t days_between(const dk_obligation *obligation, bool working, int32_t from, int32_t to)
{
    int32_t n = 0;
    int missing;
    if (from == DK_NO_DAY || to == DK_NO_DAY || from == DK_FAR_DAY || to == DK_FAR_DAY)
        return -1;
    if (!working)
        return to - from;
    return dk_working_days_between(days_of(obligation), from, to, &n, &missing) ? n : -1;
}

static int32_t at_least_1(int32_t n)
{
    return n == 0 ? 1 : n;
}

void dk_outcome_standing(const dk_obligation *obligation, const dk_outcome *o, int32_t day, dk_standing *ret_standing)
{
    /* The unit in which it must be begun; what must stay is counted in its own. */
    const dk_period limit = !obligation->before       ? obligation->within
                            : obligation->ahead.n > 0 ? obligation->ahead
                            : obligation->lasts.n > 0 ? obligation->lasts
                                                      : obligation->ahead;
    const bool lasting = obligation->lasts.working;
    dk_standing s = {.state = dk_outcome_state(o, day), .day = DK_NO_DAY, .n = -1, .working = limit.working};
    s.soon = dk_outcome_soon(o, day);
    switch (s.state) {
    case DK_DUE:
        s.being_shown = o->shown_from != DK_NO_DAY && o->shown_from <= day;
        s.day = s.being_shown ? o->needed_until : o->due;
        s.working = s.being_shown ? lasting : limit.working;
        s.n = days_between(obligation, s.working, day, s.day);
        break;
    case DK_MET:
        s.day = o->needed_until != DK_NO_DAY ? o->needed_until : o->shown_from;
        s.n = o->known_from <= day ? days_between(obligation, s.working, o->shown_from, o->due) : -1;
        break;
    case DK_LATE:
        s.day = o->shown_from;
        s.n = at_least_1(days_between(obligation, s.working, o->due, o->shown_from));
        break;
    case DK_SHORT:
        s.day = o->shown_until;
        s.working = lasting;
        s.n = at_least_1(days_between(obligation, lasting, o->shown_until, o->needed_until));
        break;
    case DK_MISSING:
        s.day = o->due;
        s.n = at_least_1(days_between(obligation, s.working, o->due, day));
        break;
    case DK_WAITING:
    case DK_NOT_APPLICABLE:
    case DK_UNKNOWN:
    default:
        break;
    }
    *ret_standing = s;
}

const char *dk_standing_text(const dk_standing *s, char out[DK_STANDING_TEXT])
{
    char day[DK_DAY_TEXT], n[40];
    dk_day_write(s->day, day);
    snprintf(n, sizeof n, "%d个%s", s->n, s->working ? "工作日" : "日历日");
    const bool counted = s->n > 0;
    switch (s->state) {
    case DK_DUE:
        snprintf(out, DK_STANDING_TEXT, s->being_shown ? "应公示至%s" : "应于%s前公开", day);
        break;
    case DK_MET:
        snprintf(out, DK_STANDING_TEXT, counted ? "已按期公开（%s，提前%s）" : "已按期公开（%s）", day, n);
        break;
    case DK_LATE:
        snprintf(out, DK_STANDING_TEXT, counted ? "逾期公开（%s，逾期%s）" : "逾期公开（%s）", day, n);
        break;
    case DK_SHORT:
        snprintf(out, DK_STANDING_TEXT, counted ? "公示期不足（公示至%s，少%s）" : "公示期不足（公示至%s）", day, n);
        break;
    case DK_MISSING:
        snprintf(out, DK_STANDING_TEXT, counted ? "逾期未公开（应于%s前公开，已逾期%s）" : "逾期未公开（应于%s前公开）",
                 day, n);
        break;
    case DK_WAITING:
    case DK_NOT_APPLICABLE:
    case DK_UNKNOWN:
    default:
        snprintf(out, DK_STANDING_TEXT, "%s", dk_disclosure_title(s->state));
        break;
    }
    return out;
}

const char *dk_outcome_reason(const dk_obligation *obligation, const dk_outcome *o, char out[DK_STANDING_TEXT])
{
    const char *why = "";
    out[0] = '\0';
    switch (o->reason) {
    case DK_WHY_CONDITION:
        why = "不符合该事项的适用条件";
        break;
    case DK_WHY_REGIME:
        why = "所适用的程序没有该事项";
        break;
    case DK_WHY_EXEMPT:
        why = obligation->exemptions[o->detail].why;
        break;
    case DK_WHY_NOT_IN_FORCE:
        why = "起算日不在规定的施行期间";
        break;
    case DK_WHY_NO_REGIME:
        why = "缺少判断适用程序的数据";
        break;
    case DK_WHY_NO_EVENT:
        why = "缺少起算日";
        break;
    case DK_WHY_NO_DATE:
        why = "公开记录没有日期";
        break;
    case DK_WHY_NO_YEAR:
        snprintf(out, DK_STANDING_TEXT, "%.*s缺少%d年的工作日", dk_utf8_fit(obligation->calendar->title, 300),
                 obligation->calendar->title, (int)o->detail);
        return out;
    case DK_WHY_NOTHING:
    default:
        break;
    }
    /* A catalogue's own words can be long; they are cut between characters. */
    size_t n = strlen(why);
    if (n >= DK_STANDING_TEXT)
        for (n = DK_STANDING_TEXT - 1; n > 0 && ((unsigned char)why[n] & 0xc0) == 0x80;)
            n--;
    memcpy(out, why, n);
    out[n] = '\0';
    return out;
}
