/* The disclosure clock of a catalogue: calendars, regimes and obligations. */
#include "store/catalogue_clock.h"
#include "store/catalogue_parse.h"
#include "store/day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A period of ten years; whatever is longer is a slip of the pen. */
#define MAX_PERIOD 3650
/* The years that a calendar may have. */
#define FIRST_YEAR 1949
#define LAST_YEAR 2199

/* Reads an id and checks that no earlier entry of this list has it; n entries, stride bytes apart, each with its id
 * first. */
static bool parse_id(dk_yaml *yaml, const dk_yaml_key *key, const char *list, const void *entries, size_t n,
                     size_t stride, const char **ret_id)
{
    if (!dk_yaml_key_name(yaml, key, ret_id))
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(*(const char *const *)((const char *)entries + i * stride), *ret_id) == 0) {
            dk_yaml_enter(yaml, key->name);
            return dk_yaml_fail(yaml, key->value, "'%s' is the id of %s[%zu] already; choose another", *ret_id, list,
                                i);
        }
    return true;
}

/* NULL leaves *ret_day. */
static bool parse_day(dk_yaml *yaml, const dk_yaml_key *key, int32_t *ret_day)
{
    const char *text = NULL;
    if (!dk_yaml_key_text(yaml, key, &text))
        return false;
    if (text == NULL || dk_day_read(text, ret_day))
        return true;
    dk_yaml_enter(yaml, key->name);
    return dk_yaml_fail(yaml, key->value, "'%s' is not a date of the calendar; write YYYY-MM-DD",
                        dk_yaml_shown(yaml, text));
}

/* The first day not after the last. */
static bool check_days(dk_yaml *yaml, const dk_yaml_key *until_key, int32_t from, int32_t until)
{
    char first[DK_DAY_TEXT], last[DK_DAY_TEXT];
    if (from <= until)
        return true;
    dk_yaml_enter(yaml, until_key->name);
    return dk_yaml_fail(yaml, until_key->value, "%s is before from, %s; correct one of them", dk_day_write(until, last),
                        dk_day_write(from, first));
}

/* Calendars ----------------------------------------------------------------------------------------------------- */

bool dk_parse_calendars(dk_catalogue_parser *parser, const yaml_node_t *calendars)
{
    enum { C_ID, C_TITLE, C_FILE, C_COUNT };
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    size_t n = 0;
    if (calendars == NULL)
        return true;
    dk_yaml_enter(yaml, "calendars");
    if (!dk_yaml_list(yaml, calendars, 0, DK_MAX_CALENDARS, &n))
        return false;
    catalogue->calendars = dk_yaml_alloc(yaml, n, sizeof *catalogue->calendars);
    if (catalogue->calendars == NULL)
        return false;
    for (; catalogue->n_calendars < n; catalogue->n_calendars++) {
        const size_t i = catalogue->n_calendars;
        dk_calendar *calendar = &catalogue->calendars[i];
        dk_yaml_key keys[C_COUNT] = {
            [C_ID] = {"id", true, NULL}, [C_TITLE] = {"title", true, NULL}, [C_FILE] = {"file", true, NULL}};
        dk_yaml_enter_index(yaml, i);
        if (!dk_yaml_mapping(yaml, dk_yaml_element(yaml, calendars, i), keys, C_COUNT) ||
            !parse_id(yaml, &keys[C_ID], "calendars", catalogue->calendars, i, sizeof *catalogue->calendars,
                      &calendar->id) ||
            !dk_yaml_key_text(yaml, &keys[C_TITLE], &calendar->title) ||
            !dk_yaml_key_text(yaml, &keys[C_FILE], &calendar->file))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

/* Reads MM-DD at the beginning of a text. */
static bool month_and_day(const char *text, int year, int32_t *ret_day)
{
    for (int i = 0; i < 5; i++)
        if (i == 2 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
            return false;
    const int month = (text[0] - '0') * 10 + text[1] - '0', day = (text[3] - '0') * 10 + text[4] - '0';
    if (month < 1 || month > 12 || day < 1 || day > dk_days_of_month(year, month))
        return false;
    *ret_day = dk_day_of(year, month, day);
    return true;
}

/* Sets the days of a list, MM-DD or MM-DD/MM-DD; said are those that stand in this list, 1, or in the one before, 2. */
static bool parse_days(dk_yaml *yaml, const dk_yaml_key *key, bool working, unsigned char said[366],
                       dk_working_year *year)
{
    static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"};
    size_t n = 0;
    if (key->value == NULL)
        return true;
    dk_yaml_enter(yaml, key->name);
    if (!dk_yaml_list(yaml, key->value, 0, 366, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *node = dk_yaml_element(yaml, key->value, i);
        const char *text = NULL;
        int32_t first = 0, last = 0;
        char shown[DK_DAY_TEXT];
        dk_yaml_enter_index(yaml, i);
        if (!dk_yaml_text(yaml, node, &text))
            return false;
        const size_t size = strlen(text);
        const bool range = size == 11 && text[5] == '/';
        if ((size != 5 && !range) || !month_and_day(text, year->year, &first) ||
            !month_and_day(range ? text + 6 : text, year->year, &last))
            return dk_yaml_fail(yaml, node,
                                "'%s' is no day of %d; write MM-DD, or MM-DD/MM-DD from the first to the last",
                                dk_yaml_shown(yaml, text), year->year);
        if (last < first)
            return dk_yaml_fail(yaml, node, "%s ends before it begins; write the first day and then the last", text);
        for (int32_t day = first; day <= last; day++) {
            unsigned char *before = &said[day - year->first];
            const int weekday = dk_day_weekday(day);
            if (*before == 1)
                return dk_yaml_fail(yaml, node, "%s is in the list twice; keep one of them",
                                    dk_day_write(day, shown) + 5);
            if (*before == 2)
                return dk_yaml_fail(yaml, node, "%s is a day off as well; keep it in one of the lists",
                                    dk_day_write(day, shown) + 5);
            if (working && weekday <= 5)
                return dk_yaml_fail(yaml, node,
                                    "%s is a %s, a working day anyway; here stand Saturdays and Sundays that are "
                                    "worked, remove it or correct the year",
                                    dk_day_write(day, shown), weekdays[weekday - 1]);
            *before = 1;
            dk_working_year_set(year, day, working);
        }
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    for (size_t i = 0; i < 366; i++)
        said[i] = said[i] != 0 ? 2 : 0;
    return true;
}

static int compare_years(const void *a, const void *b)
{
    const dk_working_year *x = a, *y = b;
    return (x->year > y->year) - (x->year < y->year);
}

static bool parse_years(dk_yaml *yaml, const yaml_node_t *node, dk_working_calendar *days)
{
    enum { Y_OFF, Y_WORK, Y_COUNT };
    size_t n = 0;
    dk_yaml_enter(yaml, "years");
    if (!dk_yaml_numbered_pairs(yaml, node, 1, LAST_YEAR - FIRST_YEAR + 1, &n))
        return false;
    days->years = dk_yaml_alloc(yaml, n, sizeof *days->years);
    if (days->years == NULL)
        return false;
    for (; days->n_years < n; days->n_years++) {
        const yaml_node_t *name, *lists;
        dk_yaml_key keys[Y_COUNT] = {[Y_OFF] = {"off", true, NULL}, [Y_WORK] = {"work", false, NULL}};
        unsigned char said[366] = {0};
        long number = 0;
        dk_working_year *year = &days->years[days->n_years];
        dk_yaml_pair(yaml, node, days->n_years, &name, &lists);
        if (!dk_yaml_integer(yaml, name, FIRST_YEAR, LAST_YEAR, &number))
            return false;
        for (size_t i = 0; i < days->n_years; i++)
            if (days->years[i].year == number)
                return dk_yaml_fail(yaml, name, "%ld is written twice; keep one of them", number);
        dk_working_year_begin(year, (int)number);
        dk_yaml_enter(yaml, (const char *)name->data.scalar.value);
        if (!dk_yaml_mapping(yaml, lists, keys, Y_COUNT) || !parse_days(yaml, &keys[Y_OFF], false, said, year) ||
            !parse_days(yaml, &keys[Y_WORK], true, said, year))
            return false;
        dk_yaml_leave(yaml);
    }
    qsort(days->years, n, sizeof *days->years, compare_years);
    dk_yaml_leave(yaml);
    return true;
}

/* The keys of a calendar's document. */
enum { F_CALENDAR, F_TITLE, F_SOURCE, F_YEARS, F_COUNT };

static bool parse_calendar_document(dk_yaml *yaml, dk_yaml_key keys[F_COUNT], const char **ret_id)
{
    static const dk_yaml_key known[F_COUNT] = {[F_CALENDAR] = {"calendar", true, NULL},
                                               [F_TITLE] = {"title", false, NULL},
                                               [F_SOURCE] = {"source", false, NULL},
                                               [F_YEARS] = {"years", true, NULL}};
    const char *title = NULL;
    memcpy(keys, known, sizeof known);
    return dk_yaml_mapping(yaml, dk_yaml_root(yaml), keys, F_COUNT) &&
           dk_yaml_key_text(yaml, &keys[F_CALENDAR], ret_id) && dk_yaml_key_text(yaml, &keys[F_TITLE], &title);
}

bool dk_parse_calendar_documents(dk_catalogue_parser *parser, const yaml_node_t *calendars, bool partial)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_catalogue *catalogue = parser->catalogue;
    for (size_t i = 1; i <= yaml->n_more; i++) {
        dk_yaml_key keys[F_COUNT];
        const char *id = NULL;
        dk_yaml_turn_to(yaml, i);
        yaml->what = "calendar";
        if (!parse_calendar_document(yaml, keys, &id))
            return false;
        size_t c = 0;
        while (c < catalogue->n_calendars && strcmp(catalogue->calendars[c].id, id) != 0)
            c++;
        dk_yaml_enter(yaml, "calendar");
        if (c == catalogue->n_calendars)
            return dk_yaml_fail(
                yaml, keys[F_CALENDAR].value,
                "'%s' is not a calendar of this catalogue; add it under 'calendars' or leave this document out",
                dk_yaml_shown(yaml, id));
        dk_calendar *calendar = &catalogue->calendars[c];
        if (calendar->days.n_years > 0)
            return dk_yaml_fail(yaml, keys[F_CALENDAR].value, "'%s' has a document already; keep one of them", id);
        dk_yaml_leave(yaml);
        if (!dk_yaml_key_text(yaml, &keys[F_SOURCE], &calendar->source) ||
            !parse_years(yaml, keys[F_YEARS].value, &calendar->days))
            return false;
    }
    dk_yaml_turn_to(yaml, 0);
    yaml->what = "catalogue";
    for (size_t c = 0; c < catalogue->n_calendars && !partial; c++) {
        if (catalogue->calendars[c].days.n_years > 0)
            continue;
        dk_yaml_enter(yaml, "calendars");
        dk_yaml_enter_index(yaml, c);
        return dk_yaml_fail(yaml, dk_yaml_element(yaml, calendars, c),
                            "the document of this calendar, %s, is missing; append the file behind a line ---",
                            dk_yaml_shown(yaml, catalogue->calendars[c].file));
    }
    return true;
}

dk_status dk_calendar_check(const char *text, size_t size, const char *origin, const char *id, dk_error *err)
{
    dk_arena *arena = dk_arena_create((size_t)16 << 20);
    if (arena == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory while reading the calendar", origin);
    dk_yaml yaml;
    dk_status status = dk_yaml_load(&yaml, text, size, origin, "calendar", "calendar and years", arena, err);
    if (status == DK_OK) {
        dk_yaml_key keys[F_COUNT];
        dk_working_calendar days = {0};
        const char *said = NULL, *source = NULL;
        bool good = parse_calendar_document(&yaml, keys, &said) && dk_yaml_key_text(&yaml, &keys[F_SOURCE], &source);
        if (good && strcmp(said, id) != 0) {
            dk_yaml_enter(&yaml, "calendar");
            good =
                dk_yaml_fail(&yaml, keys[F_CALENDAR].value,
                             "'%s' is another calendar than the catalogue names for this file; write %s or correct the "
                             "catalogue",
                             dk_yaml_shown(&yaml, said), id);
        }
        if (!good || !parse_years(&yaml, keys[F_YEARS].value, &days))
            status = yaml.status;
        dk_yaml_finish(&yaml);
    }
    dk_arena_free(arena);
    return status;
}

/* Regimes ------------------------------------------------------------------------------------------------------- */

/* The item of that id; NULL after a failure. */
static const dk_item *parse_item_id(dk_catalogue_parser *parser, const yaml_node_t *node)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_catalogue *catalogue = parser->catalogue;
    const char *id = NULL;
    if (!dk_yaml_text(yaml, node, &id))
        return NULL;
    for (size_t i = 0; i < catalogue->n_items; i++)
        if (strcmp(catalogue->items[i].id, id) == 0)
            return &catalogue->items[i];
    char choice[300];
    dk_yaml_choice(choice, sizeof choice, catalogue->items, catalogue->n_items, sizeof *catalogue->items);
    dk_yaml_fail(yaml, node, "'%s' is not an item of this catalogue; use %s", dk_yaml_shown(yaml, id),
                 choice[0] != '\0' ? choice : "one that it declares");
    return NULL;
}

static bool parse_steps(dk_catalogue_parser *parser, const yaml_node_t *node, dk_regime *regime)
{
    dk_yaml *yaml = &parser->yaml;
    size_t n = 0;
    dk_yaml_enter(yaml, "steps");
    if (!dk_yaml_list(yaml, node, 0, 1000, &n))
        return false;
    regime->steps = dk_yaml_alloc(yaml, n, sizeof *regime->steps);
    if (regime->steps == NULL)
        return false;
    for (; regime->n_steps < n; regime->n_steps++) {
        const yaml_node_t *element = dk_yaml_element(yaml, node, regime->n_steps);
        dk_yaml_enter_index(yaml, regime->n_steps);
        const dk_item *item = parse_item_id(parser, element);
        if (item == NULL)
            return false;
        for (size_t i = 0; i < regime->n_steps; i++)
            if (regime->steps[i] == item)
                return dk_yaml_fail(yaml, element, "'%s' is in the list twice; keep one of them", item->id);
        regime->steps[regime->n_steps] = item;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_regime(dk_catalogue_parser *parser, const yaml_node_t *node, size_t position, dk_regime *regime)
{
    enum { R_ID, R_TITLE, R_FROM, R_UNTIL, R_STEPS, R_COUNT };
    dk_yaml *yaml = &parser->yaml;
    const dk_regime *regimes = parser->catalogue->regimes;
    char shown[DK_DAY_TEXT];
    dk_yaml_key keys[R_COUNT] = {
        [R_ID] = {"id", true, NULL},        [R_TITLE] = {"title", true, NULL},  [R_FROM] = {"from", position > 0, NULL},
        [R_UNTIL] = {"until", false, NULL}, [R_STEPS] = {"steps", false, NULL},
    };
    regime->from = DK_NO_DAY;
    regime->until = DK_FAR_DAY;
    if (!dk_yaml_mapping(yaml, node, keys, R_COUNT) ||
        !parse_id(yaml, &keys[R_ID], "regimes", regimes, position, sizeof *regimes, &regime->id) ||
        !dk_yaml_key_text(yaml, &keys[R_TITLE], &regime->title) || !parse_day(yaml, &keys[R_FROM], &regime->from) ||
        !parse_day(yaml, &keys[R_UNTIL], &regime->until) ||
        !check_days(yaml, &keys[R_UNTIL], regime->from, regime->until))
        return false;
    for (size_t i = 0; i < position; i++)
        if (strcmp(regimes[i].title, regime->title) == 0) {
            dk_yaml_enter(yaml, "title");
            return dk_yaml_fail(yaml, keys[R_TITLE].value, "'%s' is the title of regimes[%zu] already; choose another",
                                dk_yaml_shown(yaml, regime->title), i);
        }
    if (position > 0 && regimes[position - 1].until >= regime->from) {
        dk_yaml_enter(yaml, "from");
        return dk_yaml_fail(
            yaml, keys[R_FROM].value,
            "regimes[%zu] holds until %s; let it end before this one begins, and write them in the order "
            "of time",
            position - 1,
            regimes[position - 1].until == DK_FAR_DAY ? "further notice"
                                                      : dk_day_write(regimes[position - 1].until, shown));
    }
    return keys[R_STEPS].value == NULL || parse_steps(parser, keys[R_STEPS].value, regime);
}

/* What an obligation, and the regime that decides on it, is read from must be there for everyone. */
static bool check_public(dk_yaml *yaml, const yaml_node_t *node, const dk_kind *kind, int field)
{
    const bool of_kind = kind->audience != DK_PUBLIC || field < 0;
    const dk_audience audience = of_kind ? kind->audience : kind->fields[field].audience;
    if (audience == DK_PUBLIC)
        return true;
    return dk_yaml_fail(
        yaml, node,
        "'%s' has audience: %s, but what is due is told from what everyone sees alone, so that anyone can "
        "check it; use what is public",
        of_kind ? kind->name : kind->fields[field].name, dk_audience_name(audience));
}

/* kind.field, reachable from about, public. */
static bool parse_source(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *about,
                         const dk_kind **ret_kind, int *ret_field)
{
    return dk_parse_kind_field(parser, node, ret_kind, ret_field) &&
           dk_parse_reachable(parser, node, about, *ret_kind) &&
           check_public(&parser->yaml, node, *ret_kind, *ret_field);
}

/* A field that tells the regime: a date, or a text whose values are titles of regimes. */
static bool check_regime_field(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_field *field)
{
    const dk_catalogue *catalogue = parser->catalogue;
    if (field->type != DK_FIELD_DATE && field->type != DK_FIELD_TEXT)
        return dk_yaml_fail(&parser->yaml, node,
                            "'%s' is of type %s; use a date, or a text that is the title of a regime", field->name,
                            dk_field_type_name(field->type));
    for (size_t i = 0; i < field->n_values; i++)
        if (dk_catalogue_regime_titled(catalogue, field->values[i]) == NULL)
            return dk_yaml_fail(&parser->yaml, node,
                                "'%s', a value of %s, is not the title of a regime; correct one of the two",
                                dk_yaml_shown(&parser->yaml, field->values[i]), field->name);
    return true;
}

static bool parse_regime_by(dk_catalogue_parser *parser, const yaml_node_t *node)
{
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    size_t n = 0;
    dk_yaml_enter(yaml, "regime_by");
    if (!dk_yaml_pairs(yaml, node, 1, DK_MAX_KINDS, &n))
        return false;
    catalogue->regime_by = dk_yaml_alloc(yaml, n, sizeof *catalogue->regime_by);
    if (catalogue->regime_by == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        dk_regime_by *by = &catalogue->regime_by[i];
        const yaml_node_t *name, *sources;
        dk_yaml_pair(yaml, node, i, &name, &sources);
        if (!dk_parse_kind_name(parser, name, false, &by->kind))
            return false;
        dk_yaml_enter(yaml, by->kind->name);
        if (!dk_yaml_list(yaml, sources, 1, DK_REGIME_SOURCES, &by->n_sources))
            return false;
        for (size_t k = 0; k < by->n_sources; k++) {
            const yaml_node_t *source = dk_yaml_element(yaml, sources, k);
            dk_yaml_enter_index(yaml, k);
            if (!parse_source(parser, source, by->kind, &by->sources[k].kind, &by->sources[k].field) ||
                !check_regime_field(parser, source, &by->sources[k].kind->fields[by->sources[k].field]))
                return false;
            dk_yaml_leave(yaml);
        }
        dk_yaml_leave(yaml);
        catalogue->n_regime_by = i + 1;
    }
    dk_yaml_leave(yaml);
    return true;
}

bool dk_parse_regimes(dk_catalogue_parser *parser, const yaml_node_t *regimes, const yaml_node_t *regime_by)
{
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    size_t n = 0;
    if (regimes != NULL) {
        dk_yaml_enter(yaml, "regimes");
        if (!dk_yaml_list(yaml, regimes, 0, DK_MAX_REGIMES, &n))
            return false;
        catalogue->regimes = dk_yaml_alloc(yaml, n, sizeof *catalogue->regimes);
        if (catalogue->regimes == NULL)
            return false;
        for (; catalogue->n_regimes < n; catalogue->n_regimes++) {
            const size_t i = catalogue->n_regimes;
            dk_yaml_enter_index(yaml, i);
            if (!parse_regime(parser, dk_yaml_element(yaml, regimes, i), i, &catalogue->regimes[i]))
                return false;
            dk_yaml_leave(yaml);
        }
        dk_yaml_leave(yaml);
    }
    if (regime_by == NULL)
        return true;
    if (catalogue->n_regimes == 0) {
        dk_yaml_enter(yaml, "regime_by");
        return dk_yaml_fail(yaml, regime_by,
                            "the catalogue has no regimes; add them under 'regimes' or remove 'regime_by'");
    }
    return parse_regime_by(parser, regime_by);
}

/* Obligations --------------------------------------------------------------------------------------------------- */

/* "15 working days", "30 days". */
static bool parse_period(dk_yaml *yaml, const dk_yaml_key *key, long min, dk_period *ret_period)
{
    static const struct {
        const char *text;
        bool working;
    } units[] = {{" days", false}, {" day", false}, {" working days", true}, {" working day", true}};
    const char *text = NULL;
    if (!dk_yaml_key_text(yaml, key, &text))
        return false;
    if (text == NULL)
        return true;
    const size_t digits = strspn(text, "0123456789");
    const long n = digits > 0 && digits <= 5 ? strtol(text, NULL, 10) : -1;
    size_t unit = 0;
    while (unit < COUNT(units) && strcmp(text + digits, units[unit].text) != 0)
        unit++;
    dk_yaml_enter(yaml, key->name);
    if (n < 0 || unit == COUNT(units))
        return dk_yaml_fail(yaml, key->value, "'%s' is not a period; write, for example, 15 working days or 30 days",
                            dk_yaml_shown(yaml, text));
    if (n < min || n > MAX_PERIOD)
        return dk_yaml_fail(yaml, key->value, "%s is out of range; write %ld to %d days", text, min, MAX_PERIOD);
    dk_yaml_leave(yaml);
    *ret_period = (dk_period){(int32_t)n, units[unit].working};
    return true;
}

static bool check_rows_public(dk_yaml *yaml, const yaml_node_t *node, const dk_dated_rows *rows)
{
    if (!check_public(yaml, node, rows->kind, -1))
        return false;
    for (size_t i = 0; i < rows->where.n_fields; i++)
        if (!check_public(yaml, node, rows->kind, rows->where.fields[i].field))
            return false;
    return rows->date_field < 0 || check_public(yaml, node, rows->kind, rows->date_field);
}

static bool check_has_date(dk_yaml *yaml, const yaml_node_t *node, const dk_dated_rows *rows)
{
    if (rows->date_field >= 0)
        return true;
    return dk_yaml_fail(yaml, node, "%s has no date of its own; name a field of type date: {record: %s, date: …}",
                        rows->kind->name, rows->kind->name);
}

static bool parse_event(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *about,
                        dk_dated_rows *event)
{
    dk_yaml *yaml = &parser->yaml;
    if (node->type != YAML_SCALAR_NODE)
        return dk_parse_dated_rows(parser, node, about, event) && check_has_date(yaml, node, event) &&
               check_rows_public(yaml, node, event);
    event->end_field = -1;
    if (!parse_source(parser, node, about, &event->kind, &event->date_field))
        return false;
    const dk_field *field = &event->kind->fields[event->date_field];
    if (field->type != DK_FIELD_DATE)
        return dk_yaml_fail(yaml, node, "'%s' is of type %s; use a field of type date", field->name,
                            dk_field_type_name(field->type));
    return true;
}

static bool parse_events(dk_catalogue_parser *parser, const dk_yaml_key *key, dk_obligation *obligation)
{
    dk_yaml *yaml = &parser->yaml;
    dk_yaml_enter(yaml, key->name);
    if (key->value->type != YAML_SEQUENCE_NODE) {
        obligation->n_events = 1;
        if (!parse_event(parser, key->value, obligation->about, &obligation->events[0]))
            return false;
    } else {
        if (!dk_yaml_list(yaml, key->value, 1, DK_MAX_EVENTS, &obligation->n_events))
            return false;
        for (size_t i = 0; i < obligation->n_events; i++) {
            dk_yaml_enter_index(yaml, i);
            if (!parse_event(parser, dk_yaml_element(yaml, key->value, i), obligation->about, &obligation->events[i]))
                return false;
            dk_yaml_leave(yaml);
        }
    }
    dk_yaml_leave(yaml);
    return true;
}

/* A list of {when: {kind.field: [values]}, why: text}. */
static bool parse_exemptions(dk_catalogue_parser *parser, const yaml_node_t *node, dk_obligation *obligation)
{
    enum { E_WHEN, E_WHY, E_COUNT };
    dk_yaml *yaml = &parser->yaml;
    size_t n = 0, pairs = 0;
    dk_yaml_enter(yaml, "exempt");
    if (!dk_yaml_list(yaml, node, 0, 16, &n))
        return false;
    obligation->exemptions = dk_yaml_alloc(yaml, n, sizeof *obligation->exemptions);
    if (obligation->exemptions == NULL)
        return false;
    for (; obligation->n_exemptions < n; obligation->n_exemptions++) {
        dk_exemption *exemption = &obligation->exemptions[obligation->n_exemptions];
        dk_yaml_key keys[E_COUNT] = {[E_WHEN] = {"when", true, NULL}, [E_WHY] = {"why", true, NULL}};
        const yaml_node_t *name, *values;
        dk_yaml_enter_index(yaml, obligation->n_exemptions);
        if (!dk_yaml_mapping(yaml, dk_yaml_element(yaml, node, obligation->n_exemptions), keys, E_COUNT) ||
            !dk_yaml_key_text(yaml, &keys[E_WHY], &exemption->why))
            return false;
        dk_yaml_enter(yaml, "when");
        if (!dk_yaml_pairs(yaml, keys[E_WHEN].value, 1, 1, &pairs))
            return false;
        dk_yaml_pair(yaml, keys[E_WHEN].value, 0, &name, &values);
        if (!parse_source(parser, name, obligation->about, &exemption->kind, &exemption->field) ||
            !dk_parse_values(parser, values, &exemption->kind->fields[exemption->field], &exemption->values,
                             &exemption->n_values))
            return false;
        dk_yaml_leave(yaml);
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

enum {
    O_ID,
    O_ITEM,
    O_AFTER,
    O_BEFORE,
    O_TAKE,
    O_SCHEDULED,
    O_WITHIN,
    O_AHEAD,
    O_LASTS,
    O_ENDS,
    O_CALENDAR,
    O_PROVED_BY,
    O_EXEMPT,
    O_FROM,
    O_UNTIL,
    O_BASIS,
    O_UNCONFIRMED,
    O_ENABLED,
    O_SOON,
    O_COUNT
};

static bool parse_obligation_item(dk_catalogue_parser *parser, const dk_yaml_key *key, dk_obligation *obligation)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_catalogue *catalogue = parser->catalogue;
    dk_yaml_enter(yaml, "item");
    const dk_item *item = obligation->item = parse_item_id(parser, key->value);
    if (item == NULL)
        return false;
    obligation->about = item->subject_kind;
    obligation->basis = item->basis;
    if (!check_public(yaml, key->value, obligation->about, -1))
        return false;
    if (item->applies_kind != NULL && !check_public(yaml, key->value, item->applies_kind, item->applies_field))
        return false;
    for (size_t r = 0; r < catalogue->n_regimes; r++)
        for (size_t s = 0; s < catalogue->regimes[r].n_steps; s++)
            if (catalogue->regimes[r].steps[s] == item)
                obligation->regimes |= UINT32_C(1) << r;
    if (obligation->regimes != 0 && dk_catalogue_regime_by(catalogue, obligation->about) == NULL)
        return dk_yaml_fail(
            yaml, key->value,
            "'%s' is a step of some regimes, but nothing says which holds for a %s; add %s under 'regime_by'", item->id,
            obligation->about->name, obligation->about->name);
    if (obligation->regimes == 0)
        obligation->regimes = UINT32_MAX;
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_obligation_proofs(dk_catalogue_parser *parser, const dk_yaml_key keys[O_COUNT],
                                    dk_obligation *obligation)
{
    dk_yaml *yaml = &parser->yaml;
    const dk_item *item = obligation->item;
    const dk_yaml_key *blamed = keys[O_PROVED_BY].value != NULL ? &keys[O_PROVED_BY] : &keys[O_ITEM];
    dk_dated_rows *proofs = NULL;
    if (keys[O_PROVED_BY].value != NULL) {
        if (!dk_parse_proofs(parser, keys[O_PROVED_BY].value, obligation->about, 1, &proofs, &obligation->n_proofs))
            return false;
    } else { /* a copy, for it may have another end_field */
        proofs = dk_yaml_alloc(yaml, item->n_proofs, sizeof *proofs);
        if (proofs == NULL)
            return false;
        if (item->n_proofs > 0)
            memcpy(proofs, item->proofs, item->n_proofs * sizeof *proofs);
        obligation->n_proofs = item->n_proofs;
    }
    obligation->proofs = proofs;
    dk_yaml_enter(yaml, blamed->name);
    if (obligation->n_proofs == 0)
        return dk_yaml_fail(yaml, blamed->value, "nothing proves '%s'; add 'proved_by' here or to the item", item->id);
    for (size_t i = 0; i < obligation->n_proofs; i++)
        if (!check_has_date(yaml, blamed->value, &proofs[i]) || !check_rows_public(yaml, blamed->value, &proofs[i]))
            return false;
    dk_yaml_leave(yaml);
    if (keys[O_ENDS].value == NULL)
        return true;
    dk_yaml_enter(yaml, "ends");
    if (obligation->lasts.n < 0)
        return dk_yaml_fail(yaml, keys[O_ENDS].value,
                            "only what is shown for some time ends; add 'lasts' or remove 'ends'");
    for (size_t i = 0; i < obligation->n_proofs; i++)
        if (!dk_parse_date_field(parser, keys[O_ENDS].value, proofs[i].kind, &proofs[i].end_field) ||
            !check_public(yaml, keys[O_ENDS].value, proofs[i].kind, proofs[i].end_field))
            return false;
    dk_yaml_leave(yaml);
    return true;
}

static bool parse_limits(dk_yaml *yaml, const dk_yaml_key keys[O_COUNT], dk_obligation *obligation)
{
    const dk_yaml_key *event = &keys[obligation->before ? O_BEFORE : O_AFTER];
    const int wrong = obligation->before ? O_WITHIN : O_AHEAD;
    obligation->within.n = obligation->ahead.n = obligation->lasts.n = -1;
    obligation->soon = (dk_period){5, false};
    if (keys[wrong].value != NULL) {
        dk_yaml_enter(yaml, keys[wrong].name);
        return dk_yaml_fail(yaml, keys[wrong].value, "goes with '%s' alone; write '%s' or change '%s'",
                            obligation->before ? "after" : "before", obligation->before ? "ahead" : "within",
                            event->name);
    }
    if (!parse_period(yaml, &keys[O_WITHIN], 0, &obligation->within) ||
        !parse_period(yaml, &keys[O_AHEAD], 0, &obligation->ahead) ||
        !parse_period(yaml, &keys[O_LASTS], 1, &obligation->lasts) ||
        !parse_period(yaml, &keys[O_SOON], 0, &obligation->soon))
        return false;
    dk_yaml_enter(yaml, event->name);
    if (!obligation->before && obligation->within.n < 0)
        return dk_yaml_fail(yaml, event->value,
                            "says after what, but not within how long; add within: 15 working days");
    if (obligation->before && obligation->ahead.n < 0 && obligation->lasts.n < 0)
        return dk_yaml_fail(yaml, event->value,
                            "says before what, but neither how long ahead nor for how long; add 'ahead' or 'lasts'");
    dk_yaml_leave(yaml);
    if (obligation->before && obligation->ahead.n < 0)
        obligation->ahead = (dk_period){0, false};
    return true;
}

static bool parse_calendar_of(dk_catalogue_parser *parser, const dk_yaml_key keys[O_COUNT], dk_obligation *obligation)
{
    static const int periods[] = {O_WITHIN, O_AHEAD, O_LASTS, O_SOON};
    dk_yaml *yaml = &parser->yaml;
    const dk_catalogue *catalogue = parser->catalogue;
    const bool working[] = {obligation->within.working, obligation->ahead.working, obligation->lasts.working,
                            obligation->soon.working};
    const char *id = NULL;
    if (!dk_yaml_key_text(yaml, &keys[O_CALENDAR], &id))
        return false;
    for (size_t i = 0; i < COUNT(periods) && id == NULL; i++)
        if (working[i]) {
            dk_yaml_enter(yaml, keys[periods[i]].name);
            return dk_yaml_fail(yaml, keys[periods[i]].value, "working days are counted in a calendar; add 'calendar'");
        }
    if (id == NULL)
        return true;
    for (size_t i = 0; i < catalogue->n_calendars; i++)
        if (strcmp(catalogue->calendars[i].id, id) == 0) {
            obligation->calendar = &catalogue->calendars[i];
            return true;
        }
    char choice[300];
    dk_yaml_enter(yaml, "calendar");
    dk_yaml_choice(choice, sizeof choice, catalogue->calendars, catalogue->n_calendars, sizeof *catalogue->calendars);
    return dk_yaml_fail(yaml, keys[O_CALENDAR].value, "'%s' is not a calendar of this catalogue; use %s",
                        dk_yaml_shown(yaml, id), choice[0] != '\0' ? choice : "one that it declares under 'calendars'");
}

static bool parse_obligation(dk_catalogue_parser *parser, const yaml_node_t *node, size_t position,
                             dk_obligation *obligation)
{
    static const char *const takes[] = {"first", "last"};
    dk_yaml *yaml = &parser->yaml;
    const dk_obligation *obligations = parser->catalogue->obligations;
    dk_yaml_key keys[O_COUNT] = {
        [O_ID] = {"id", true, NULL},
        [O_ITEM] = {"item", true, NULL},
        [O_AFTER] = {"after", false, NULL},
        [O_BEFORE] = {"before", false, NULL},
        [O_TAKE] = {"take", false, NULL},
        [O_SCHEDULED] = {"scheduled", false, NULL},
        [O_WITHIN] = {"within", false, NULL},
        [O_AHEAD] = {"ahead", false, NULL},
        [O_LASTS] = {"lasts", false, NULL},
        [O_ENDS] = {"ends", false, NULL},
        [O_CALENDAR] = {"calendar", false, NULL},
        [O_PROVED_BY] = {"proved_by", false, NULL},
        [O_EXEMPT] = {"exempt", false, NULL},
        [O_FROM] = {"from", false, NULL},
        [O_UNTIL] = {"until", false, NULL},
        [O_BASIS] = {"basis", false, NULL},
        [O_UNCONFIRMED] = {"unconfirmed", false, NULL},
        [O_ENABLED] = {"enabled", false, NULL},
        [O_SOON] = {"soon", false, NULL},
    };
    size_t take = 0;
    obligation->index = position;
    obligation->enabled = true;
    obligation->from = DK_NO_DAY;
    obligation->until = DK_FAR_DAY;
    if (!dk_yaml_mapping(yaml, node, keys, O_COUNT) ||
        !parse_id(yaml, &keys[O_ID], "obligations", obligations, position, sizeof *obligations, &obligation->id) ||
        !parse_obligation_item(parser, &keys[O_ITEM], obligation))
        return false;
    if ((keys[O_AFTER].value == NULL) == (keys[O_BEFORE].value == NULL))
        return dk_yaml_fail(yaml, node,
                            keys[O_AFTER].value == NULL ? "names no event; add 'after' or 'before'"
                                                        : "has both 'after' and 'before'; keep one of them");
    obligation->before = keys[O_BEFORE].value != NULL;
    if (!parse_limits(yaml, keys, obligation) ||
        !parse_events(parser, &keys[obligation->before ? O_BEFORE : O_AFTER], obligation) ||
        !dk_yaml_key_choice(yaml, &keys[O_TAKE], "a choice", takes, COUNT(takes), &take) ||
        !dk_yaml_key_flag(yaml, &keys[O_SCHEDULED], &obligation->scheduled) ||
        !parse_calendar_of(parser, keys, obligation) || !parse_obligation_proofs(parser, keys, obligation) ||
        (keys[O_EXEMPT].value != NULL && !parse_exemptions(parser, keys[O_EXEMPT].value, obligation)) ||
        !parse_day(yaml, &keys[O_FROM], &obligation->from) || !parse_day(yaml, &keys[O_UNTIL], &obligation->until) ||
        !check_days(yaml, &keys[O_UNTIL], obligation->from, obligation->until) ||
        !dk_yaml_key_text(yaml, &keys[O_BASIS], &obligation->basis) ||
        !dk_yaml_key_text(yaml, &keys[O_UNCONFIRMED], &obligation->unconfirmed) ||
        !dk_yaml_key_flag(yaml, &keys[O_ENABLED], &obligation->enabled))
        return false;
    obligation->take_last = take == 1;
    if (obligation->unconfirmed != NULL && obligation->enabled) {
        dk_yaml_enter(yaml, "unconfirmed");
        return dk_yaml_fail(
            yaml, keys[O_UNCONFIRMED].value,
            "what is not confirmed is not held against anyone; add enabled: false, or remove this when it is "
            "confirmed");
    }
    return true;
}

bool dk_parse_obligations(dk_catalogue_parser *parser, const yaml_node_t *obligations)
{
    dk_yaml *yaml = &parser->yaml;
    dk_catalogue *catalogue = parser->catalogue;
    size_t n = 0;
    if (obligations == NULL)
        return true;
    dk_yaml_enter(yaml, "obligations");
    if (!dk_yaml_list(yaml, obligations, 0, DK_MAX_OBLIGATIONS, &n))
        return false;
    catalogue->obligations = dk_yaml_alloc(yaml, n, sizeof *catalogue->obligations);
    if (catalogue->obligations == NULL)
        return false;
    for (; catalogue->n_obligations < n; catalogue->n_obligations++) {
        const size_t i = catalogue->n_obligations;
        dk_yaml_enter_index(yaml, i);
        if (!parse_obligation(parser, dk_yaml_element(yaml, obligations, i), i, &catalogue->obligations[i]))
            return false;
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    return true;
}

/* Look-ups ------------------------------------------------------------------------------------------------------ */

const dk_regime *dk_catalogue_regime_on(const dk_catalogue *catalogue, int32_t day)
{
    for (size_t i = 0; i < catalogue->n_regimes; i++)
        if (day != DK_NO_DAY && catalogue->regimes[i].from <= day && day <= catalogue->regimes[i].until)
            return &catalogue->regimes[i];
    return NULL;
}

const dk_regime *dk_catalogue_regime_titled(const dk_catalogue *catalogue, const char *title)
{
    for (size_t i = 0; i < catalogue->n_regimes; i++)
        if (strcmp(catalogue->regimes[i].title, title) == 0)
            return &catalogue->regimes[i];
    return NULL;
}

const dk_regime_by *dk_catalogue_regime_by(const dk_catalogue *catalogue, const dk_kind *kind)
{
    for (size_t i = 0; i < catalogue->n_regime_by; i++)
        if (catalogue->regime_by[i].kind == kind)
            return &catalogue->regime_by[i];
    return NULL;
}

const dk_obligation *dk_catalogue_obligation(const dk_catalogue *catalogue, const char *id)
{
    for (size_t i = 0; i < catalogue->n_obligations; i++)
        if (strcmp(catalogue->obligations[i].id, id) == 0)
            return &catalogue->obligations[i];
    return NULL;
}
