/* What the files of the catalogue's parser share. Private to them. */
#ifndef DK_STORE_CATALOGUE_PARSE_H
#define DK_STORE_CATALOGUE_PARSE_H

#include "store/catalogue.h"
#include "store/catalogue_read_yaml.h"

typedef struct dk_catalogue_parser {
    dk_yaml yaml;
    dk_catalogue *catalogue;
    bool kept; /* it is one that a store has: what was accepted once must not keep it from being opened */
    /* Kept until all kinds and links are known. */
    const yaml_node_t *inherit[DK_MAX_KINDS][DK_MAX_FIELDS], *linked[DK_MAX_KINDS][DK_MAX_FIELDS];
    const yaml_node_t *disclosure[DK_MAX_KINDS]; /* of the field that is computed so */
} dk_catalogue_parser;

/* The audiences by name, in the order of their enum. */
extern const char *const dk_audience_names[DK_NEVER + 1];

/* References to what the catalogue declares: a field of the kind, a kind (a layer only), "kind.field". Each function
 * that returns bool here returns false after dk_yaml_fail. */
bool dk_parse_field_name(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind, int *ret_field);
bool dk_parse_kind_name(dk_catalogue_parser *parser, const yaml_node_t *node, bool layer, const dk_kind **ret_kind);
bool dk_parse_kind_field(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind **ret_kind,
                         int *ret_field);
bool dk_parse_linked(const dk_catalogue *catalogue, const dk_kind *a, const dk_kind *b);
/* What a field is in that must stay as it was loaded: "the key", "the division" or "a link"; NULL: nothing. */
const char *dk_parse_use(const dk_catalogue *catalogue, const dk_kind *kind, int field);
/* A field of the kind that is of type date. */
bool dk_parse_date_field(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *kind, int *ret_field);
/* Fails unless kind is about itself or linked to it. */
bool dk_parse_reachable(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *about,
                        const dk_kind *kind);
/* A value that a field is compared with; one that the field cannot have is a mistake. A list of them. */
bool dk_parse_check_value(dk_yaml *yaml, const yaml_node_t *node, const dk_field *field, const char *value);
bool dk_parse_values(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_field *field,
                     const char ***ret_values, size_t *ret_n);
/* {record, where, date}, reachable from about; date_field is -1 if neither the entry nor the kind names one. */
bool dk_parse_dated_rows(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *about,
                         dk_dated_rows *rows);
/* A list of min to 16 of them, under 'proved_by'. */
bool dk_parse_proofs(dk_catalogue_parser *parser, const yaml_node_t *node, const dk_kind *about, size_t min,
                     dk_dated_rows **ret_proofs, size_t *ret_n);

/* catalogue_parse_links.c. Links come after all kinds, inheritance after the links. NULL links: none. */
bool dk_parse_links(dk_catalogue_parser *parser, const yaml_node_t *links);
bool dk_parse_inheritance(dk_catalogue_parser *parser);
bool dk_parse_linked_fields(dk_catalogue_parser *parser); /* after inheritance */
void dk_parse_identifying(dk_catalogue *catalogue);       /* at the end: marks the fields that dk_parse_use knows */
bool dk_parse_totals(dk_catalogue_parser *parser, const yaml_node_t *totals, dk_kind *kind);

/* catalogue_parse_items.c. NULL: none. */
bool dk_parse_items(dk_catalogue_parser *parser, const yaml_node_t *items);
bool dk_parse_divisions(dk_catalogue_parser *parser, const yaml_node_t *divisions);

/* catalogue_parse_lists.c. After the links. NULL: none. */
bool dk_parse_lists(dk_catalogue_parser *parser, const yaml_node_t *lists);

/* catalogue_parse_clock.c. Calendars first, then regimes, both after the items. NULL: none. */
bool dk_parse_calendars(dk_catalogue_parser *parser, const yaml_node_t *calendars);
bool dk_parse_regimes(dk_catalogue_parser *parser, const yaml_node_t *regimes, const yaml_node_t *regime_by);
bool dk_parse_obligations(dk_catalogue_parser *parser, const yaml_node_t *obligations);
/* The documents behind the catalogue, when all else is read. Without partial, a calendar that has none is a mistake. */
bool dk_parse_calendar_documents(dk_catalogue_parser *parser, const yaml_node_t *calendars, bool partial);

/* catalogue_parse_disclosure.c. The field of a kind that says how disclosure stands: its words, as it is read; and,
 * when all else is known, that nothing is computed from it. */
bool dk_parse_disclosure_words(dk_yaml *yaml, const yaml_node_t *computed, const yaml_node_t *values, dk_kind *kind,
                               const dk_field *field);
bool dk_parse_disclosure_fields(dk_catalogue_parser *parser);

/* As dk_catalogue_parse, but calendars need not have a document: those without have no years. */
dk_status dk_catalogue_parse_partly(const char *yaml, size_t size, const char *origin, dk_catalogue **ret_catalogue,
                                    dk_error *err);
/* Checks the text of one calendar's file by itself, so that mistakes name it. */
dk_status dk_calendar_check(const char *text, size_t size, const char *origin, const char *id, dk_error *err);

#endif
