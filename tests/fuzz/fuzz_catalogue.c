/* The catalogue's parser: whatever the bytes, it gives a catalogue that holds together or one sentence; and what
 * compares it with another one. */
#include "store/audience.h"
#include "store/catalogue.h"
#include "store/catalogue_difference.h"
#include "store/catalogue_stricter.h"
#include "store/coarse.h"
#include "store/obligation.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void look_through(const dk_catalogue *catalogue)
{
    require(catalogue->n_kinds > 0 && catalogue->n_kinds <= DK_MAX_KINDS && catalogue->n_layers <= catalogue->n_kinds);
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const dk_kind *kind = &catalogue->kinds[i];
        require(kind->index == i && dk_catalogue_kind(catalogue, kind->name) == kind);
        require((kind->geometry != DK_NO_GEOMETRY) == (i < catalogue->n_layers));
        require(kind->n_fields > 0 && kind->n_fields <= DK_MAX_FIELDS && kind->key_field < (int)kind->n_fields);
        const dk_viewer public = dk_viewer_public();
        const dk_view view = dk_view_of(kind, &public);
        require(view.inside == view.outside && kind->audience < DK_NEVER);
        require((view.inside >> kind->key_field & 1) == (kind->audience == DK_PUBLIC));
        require(dk_kind_seen(kind, &public) == (kind->audience == DK_PUBLIC) &&
                (view.inside & view.masked_inside) == 0);
        require(kind->public_coarse >= 0 && kind->public_coarse <= DK_COARSEST);
        for (size_t f = 0; f < kind->n_fields; f++) {
            const dk_field *field = &kind->fields[f];
            require(dk_kind_field(kind, field->name) == (int)f && field->title != NULL);
            require(field->audience >= kind->audience);
            for (int a = 0; a < DK_NEVER; a++)
                require(field->masks[a] == DK_MASK_HIDDEN ||
                        (field->type == DK_FIELD_TEXT && a < (int)field->audience));
            require(field->audience != DK_NEVER || !(field->in_tiles || field->in_search));
            require((field->inherit_kind != NULL) == (field->inherit_field >= 0));
        }
    }
    for (size_t i = 0; i < catalogue->n_links; i++) {
        const dk_link *link = &catalogue->links[i];
        bool reversed = false;
        require(link->n_rules > 0);
        require(dk_catalogue_link(catalogue, link->to, link->from, &reversed) == link && reversed);
    }
    for (size_t i = 0; i < catalogue->n_items; i++)
        require(catalogue->items[i].subject_kind != NULL && catalogue->items[i].title != NULL);
    for (size_t i = 0; i < catalogue->n_lists; i++) {
        const dk_list *list = &catalogue->lists[i];
        require(list->n_columns > 0 && list->n_columns <= DK_LIST_COLUMNS && list->open_column < (int)list->n_columns);
        for (size_t k = 0; k < list->n_columns; k++) {
            const dk_list_column *column = &list->columns[k];
            require(column->kind == list->kind || column->kind == list->lines);
            require(column->kind->fields[column->field].audience <= list->audience && list->audience < DK_NEVER);
        }
    }
    for (size_t i = 0; i < catalogue->n_divisions; i++)
        require(dk_catalogue_division(catalogue, catalogue->divisions[i].code) == &catalogue->divisions[i]);
}

static const char other[] = "title: a\npublisher: b\nextent: [116, 34, 117, 35]\n"
                            "layers:\n"
                            "  - name: parcel\n    title: p\n    geometry: polygon\n    key: {field: id}\n"
                            "    fields:\n"
                            "      - {name: id, title: i, type: text, audience: public}\n"
                            "      - {name: owner, title: o, type: text, audience: staff, mask: {public: name}}\n"
                            "divisions: [{code: '341321', name: d}]\n";

static void count_sentence(const char *sentence, void *user)
{
    require(sentence[0] != '\0' && strchr(sentence, '\n') == NULL);
    ++*(size_t *)user;
}

/* Of two catalogues neither shows anything that the narrower of them does not. */
static void compare(const char *text, size_t size, const dk_catalogue *catalogue)
{
    dk_catalogue *narrow = NULL, *second = NULL;
    dk_error err = {0};
    size_t n = 0;
    require(dk_catalogue_difference(text, size, text, size, count_sentence, &n, &err) == DK_OK && n == 0);
    require(dk_catalogue_difference(text, size, other, strlen(other), count_sentence, &n, &err) == DK_OK);
    require(dk_catalogue_difference(other, strlen(other), text, size, count_sentence, &n, &err) == DK_OK);
    require(dk_catalogue_parse(other, strlen(other), "other.yaml", &second, &err) == DK_OK);
    if (dk_catalogue_parse(text, size, "fuzz.yaml", &narrow, &err) == DK_OK) {
        require(!dk_catalogue_hold_back(narrow, catalogue));
        dk_catalogue_hold_back(narrow, second);
        require(!dk_catalogue_hold_back(narrow, second) && !dk_catalogue_hold_back(narrow, catalogue));
        const dk_viewer public = dk_viewer_public();
        for (size_t i = 0; i < narrow->n_kinds; i++) {
            const dk_view view = dk_view_of(&narrow->kinds[i], &public),
                          wide = dk_view_of(&catalogue->kinds[i], &public);
            require((dk_view_fields(&view, NULL) & ~dk_view_fields(&wide, NULL)) == 0);
            require(!dk_kind_public_differs(&catalogue->kinds[i], &catalogue->kinds[i]));
        }
    }
    dk_catalogue_free(narrow);
    dk_catalogue_free(second);
}

static void look_at_the_clock(const dk_catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->n_calendars; i++) {
        const dk_working_calendar *days = &catalogue->calendars[i].days;
        require(days->n_years > 0);
        for (size_t y = 0; y < days->n_years; y++) {
            const dk_working_year *year = &days->years[y];
            int32_t n = 0;
            int missing = 0;
            require(y == 0 || days->years[y - 1].year < year->year);
            require(dk_working_days_between(days, year->first, year->first + year->n_days - 1, &n, &missing));
            bool first = false;
            require(dk_working_day(days, year->first, &first, &missing) && n + first == year->n_working);
        }
    }
    for (size_t i = 1; i < catalogue->n_regimes; i++)
        require(catalogue->regimes[i - 1].until < catalogue->regimes[i].from);
    for (size_t i = 0; i < catalogue->n_obligations; i++) {
        const dk_obligation *obligation = &catalogue->obligations[i];
        require(obligation->index == i && obligation->item->subject_kind == obligation->about);
        require(obligation->n_events > 0 && obligation->n_proofs > 0 && obligation->regimes != 0);
        require(obligation->before ? obligation->ahead.n >= 0 && obligation->within.n < 0
                                   : obligation->within.n >= 0 && obligation->ahead.n < 0);
        require(obligation->unconfirmed == NULL || !obligation->enabled);
        for (size_t k = 0; k < obligation->n_proofs; k++)
            require(obligation->proofs[k].kind->fields[obligation->proofs[k].date_field].audience == DK_PUBLIC);
        /* Whatever the limits: a state on every day, and sentences. */
        const int32_t event = 20000;
        const dk_shown shown = {20010, 20030};
        const dk_obligation_facts facts = {true,
                                           obligation->n_exemptions > 0 && i % 2 != 0 ? 0 : -1,
                                           dk_catalogue_regime_on(catalogue, event),
                                           &event,
                                           1,
                                           &shown,
                                           i % 3 != 0};
        dk_outcome outcome;
        char text[DK_STANDING_TEXT];
        dk_obligation_outcome(obligation, &facts, DK_FAR_DAY, &outcome);
        for (int32_t day = 19000; day < 21000; day += 37) {
            dk_standing standing;
            dk_outcome_standing(obligation, &outcome, day, &standing);
            require(standing.state < DK_DISCLOSURES && dk_standing_text(&standing, text)[0] != '\0');
            require(standing.state != DK_DUE || standing.day >= day);
        }
        require((dk_outcome_reason(obligation, &outcome, text)[0] == '\0') == (outcome.reason == DK_WHY_NOTHING));
        for (size_t k = 0; k < obligation->n_events; k++)
            require(obligation->events[k].kind->fields[obligation->events[k].date_field].type == DK_FIELD_DATE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    const dk_status status = dk_catalogue_parse((const char *)data, size, "fuzz.yaml", &catalogue, &err);
    if (status == DK_OK) {
        look_through(catalogue);
        compare((const char *)data, size, catalogue);
        look_at_the_clock(catalogue);
        dk_catalogue_free(catalogue);
    } else {
        require(catalogue == NULL && err.status == status && strncmp(err.text, "fuzz.yaml:", 10) == 0);
    }
    return 0;
}
