/* What the files of the catalogue's parser share. Private to them. */
#ifndef DK_STORE_CATALOGUE_PARSE_H
#define DK_STORE_CATALOGUE_PARSE_H

#include "store/catalogue.h"
#include "store/catalogue_read_yaml.h"

typedef struct dk_catalogue_parser {
    dk_yaml yaml;
    dk_catalogue *catalogue;
    /* Kept until all kinds and links are known. */
    const yaml_node_t *inherit[DK_MAX_KINDS][DK_MAX_FIELDS], *linked[DK_MAX_KINDS][DK_MAX_FIELDS];
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

/* catalogue_parse_links.c. Links come after all kinds, inheritance after the links. NULL links: none. */
bool dk_parse_links(dk_catalogue_parser *parser, const yaml_node_t *links);
bool dk_parse_inheritance(dk_catalogue_parser *parser);
bool dk_parse_linked_fields(dk_catalogue_parser *parser); /* after inheritance */
bool dk_parse_totals(dk_catalogue_parser *parser, const yaml_node_t *totals, dk_kind *kind);

/* catalogue_parse_items.c. NULL: none. */
bool dk_parse_items(dk_catalogue_parser *parser, const yaml_node_t *items);
bool dk_parse_divisions(dk_catalogue_parser *parser, const yaml_node_t *divisions);

/* catalogue_parse_lists.c. After the links. NULL: none. */
bool dk_parse_lists(dk_catalogue_parser *parser, const yaml_node_t *lists);

#endif
