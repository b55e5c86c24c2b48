/* The catalogue: which layers, records, fields, links and disclosure items there are, and who may see what.
 *
 * Written in YAML (README, "The catalogue"; JSON Schema in catalogue.schema.json), read once, then immutable:
 * any number of threads may read one catalogue. The programs know no field name that it does not declare. */
#ifndef DK_STORE_CATALOGUE_H
#define DK_STORE_CATALOGUE_H

#include "store/mask.h"
#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Audiences from the widest to the narrowest: a viewer sees a field whose audience is not above its own. */
typedef enum dk_audience {
    DK_PUBLIC = 0, /* public: everyone */
    DK_GROUP,      /* group, 特定群体: members of the village concerned */
    DK_ON_REQUEST, /* request, 依申请 */
    DK_STAFF,      /* staff, within a division scope */
    DK_NEVER       /* never: only the owner's own export; the default of a field */
} dk_audience;

typedef enum dk_field_type {
    DK_FIELD_TEXT = 0,
    DK_FIELD_INTEGER,
    DK_FIELD_NUMBER,
    DK_FIELD_DATE,        /* text YYYY-MM-DD */
    DK_FIELD_APPROVAL_NO, /* text; one or more 文号 in canonical form, joined by 、 (store/approval_no.h) */
    DK_FIELD_DIVISION,    /* text of 6, 9 or 12 digits */
    DK_FIELD_URL
} dk_field_type;

typedef enum dk_computed {
    DK_NOT_COMPUTED = 0,
    DK_COMPUTED_AREA,        /* area: 图斑椭球面积 in square metres (store/area.h) */
    DK_COMPUTED_PLANAR_AREA, /* planar_area: 平面面积 in square metres (store/planar.h) */
    DK_COMPUTED_DISCLOSURE   /* disclosure: how the obligations about the row stand (store/disclosure.h) */
} dk_computed;

/* What a value says of the rows that are linked: see dk_field.linked_kind. */
typedef enum dk_linked_as {
    DK_LINKED_STATE = 0, /* state: values[0] if all of them have the field, [1] if some have, [2] if none has */
    DK_LINKED_MIN,       /* min: its least value */
    DK_LINKED_MAX,       /* max: its greatest value */
    DK_LINKED_ONLY       /* only: its value, if all of them have the same */
} dk_linked_as;

/* Upper bounds, so that a set of fields is a 64-bit mask and a hostile catalogue stays small. */
#define DK_MAX_FIELDS 63
#define DK_MAX_KINDS 32

struct dk_kind;

typedef struct dk_field {
    const char *name;  /* [a-z][a-z0-9_]*, at most 60 bytes */
    const char *title; /* Chinese title */
    const char *unit;  /* ha, m2, km2, yuan, yuan/mu … or NULL */
    dk_field_type type;
    dk_audience audience;
    dk_mask masks[DK_NEVER]; /* by audience below the field's: what it is shown instead of nothing */
    bool public_amount;      /* money, and yet each single amount is public, though totals sum it up */
    bool in_tiles;           /* goes into vector tiles (for the audiences that may see it) */
    bool in_search;          /* found by /search */
    bool indexed;            /* filters on it are looked up */
    bool pinyin;          /* found by /search also by its sound (store/pinyin.h): names of villages, places, people */
    bool required;        /* a row without it is rejected */
    bool identifies;      /* rows are called, found or linked by it: it is of the key, the division, or of a link */
    dk_computed computed; /* filled by dikuai */
    double declares_area_m2; /* >0: this field declares the area in units of so many square metres (ha: 10000) and is
                                compared */
    const char **aliases;    /* column names that sources use, compared without regard to case */
    size_t n_aliases;
    const char **values; /* allowed values; none: any */
    size_t n_values;
    /* When the source leaves it empty, the value is taken over a link: from that kind's field. Else NULL, -1. */
    const struct dk_kind *inherit_kind;
    int inherit_field;
    /* The value follows from that field of the rows of that kind that are linked, whatever comes and goes there; the
     * source does not give it (store/linked.h). Else NULL, -1. */
    const struct dk_kind *linked_kind;
    int linked_field;
    dk_linked_as linked_as;
} dk_field;

/* Whether no source gives the field: it is computed, or follows from linked rows. */
static inline bool dk_field_derived(const dk_field *field)
{
    return field->computed != DK_NOT_COMPUTED || field->linked_kind != NULL;
}

/* Whether it holds amounts of money; prices, such as yuan/mu, are none. */
bool dk_field_is_money(const dk_field *field);

/* Whether it changes while the row stays as it was loaded: with linked rows, or with the day. */
static inline bool dk_field_follows(const dk_field *field)
{
    return field->linked_kind != NULL || field->computed == DK_COMPUTED_DISCLOSURE;
}

/* Whether it is computed from the geometry. */
static inline bool dk_field_measured(const dk_field *field)
{
    return field->computed == DK_COMPUTED_AREA || field->computed == DK_COMPUTED_PLANAR_AREA;
}

/* Words for how disclosure stands (store/disclosure.h). */
#define DK_DISCLOSURE_WORDS 9

/* Totals that a kind shows to audiences that may not see its single rows' sums. */
typedef struct dk_total {
    int by[4]; /* field indices; rows with equal values form a group */
    size_t n_by;
    int sum[16]; /* fields that are summed */
    size_t n_sum;
    int64_t min_rows; /* groups of fewer rows are not shown */
    dk_audience audience;
} dk_total;

/* A figure of each cell of a layer's grid: a sum of a field that the public sees, or the number of rows with one of its
 * values. All measures of a field follow each other, its values in their order. */
typedef struct dk_grid_measure {
    int field;
    int value;        /* rows with field.values[value] are counted; -1: the field, an integer or number, is summed up */
    const char *name; /* of the attribute in tiles: the field's, or FIELD_VALUE */
} dk_grid_measure;

typedef enum dk_geometry_kind { DK_NO_GEOMETRY = 0, DK_POLYGONS, DK_LINES, DK_POINTS } dk_geometry_kind;

/* A layer (geometry is not DK_NO_GEOMETRY) or a kind of record. */
typedef struct dk_kind {
    const char *name;
    const char *title;
    size_t index; /* position in dk_catalogue.kinds; layers come first */
    const struct dk_catalogue *catalogue;
    dk_geometry_kind geometry;
    dk_audience audience; /* rows are seen by this one and those above it, within their scope; no field is below it */
    dk_field *fields;
    size_t n_fields;
    /* The key of a row is its key field, qualified as "<first non-empty qualifier>:<key field>" if there are
     * qualifiers. */
    int key_field;
    int qualifiers[4]; /* field indices in order of preference */
    size_t n_qualifiers;
    bool qualify_by_source; /* last resort: the base name of the source file */
    int division_field; /* gives the staff scope of a row; -1: none, such a row has no scope but the whole store's */
    int date_field;     /* the event date, for timelines, or where a validity begins; -1: none */
    int date_end_field; /* where it ends, empty: it does not; -1: date_field is a single day */
    int label_field;    /* what to call a row; -1: its key */
    int classify_field; /* layers: what its rows are told apart by in totals of areas, such as 永久基本农田; -1: none */
    int min_zoom, max_zoom;    /* tiles, layers only; min_zoom is DK_FINEST_ZOOM (20) at most */
    dk_audience documents;     /* who may see what is attached to its rows; DK_STAFF unless the catalogue says more */
    double public_precision_m; /* layers: whoever is not staff of a row sees its outline no finer; 0: as it is */
    int public_coarse;         /* the grid for it: cells of 2^n world units (store/coarse.h); 0: none */
    bool public_zoomed;        /* tiles for the public end before max_zoom: */
    int public_max_zoom;       /* there */
    bool draw_all;             /* every feature is drawn from min_zoom on, however small and however full a tile gets */
    dk_grid_measure *grid_measures; /* what the layer's grid says besides count and area */
    size_t n_grid_measures;         /* DK_GRID_MAX_SUMS (store/grid.h) at most */
    dk_total *totals;
    size_t n_totals;
    int disclosure_field;                                /* how its obligations stand; -1: no such field */
    unsigned char disclosure_order[DK_DISCLOSURE_WORDS]; /* the place of each word among the field's values */
    bool has_linked;              /* some field follows from linked rows, or from the day (dk_field_follows) */
    bool feeds_linked;            /* fields of other kinds follow from its rows */
    const char **ignored_columns; /* columns of sources that are known and not loaded, such as OBJECTID */
    size_t n_ignored_columns;
} dk_kind;

/* One way in which rows of two kinds belong together: all pairs of fields share a value. */
#define DK_LINK_KEY (-2) /* instead of a field index: the row's whole key */
typedef struct dk_link_rule {
    struct {
        int from, to;
    } match[4]; /* field index or DK_LINK_KEY */
    size_t n_match;
    struct {
        int from, to;
    } unless; /* the rule does not hold when both rows have a value there; -1, -1: no such pair */
} dk_link_rule;

/* A link joins rows if any of its rules holds. It is read in both directions. */
typedef struct dk_link {
    const dk_kind *from, *to;
    dk_link_rule *rules;
    size_t n_rules;
} dk_link;

/* A condition on rows of one kind: each of these fields holds one of its values. A text that lists several (村公示栏；
 * 政府网站) holds each of them: dk_text_lists in store/text.h. */
#define DK_WHERE_FIELDS 4
typedef struct dk_where {
    struct {
        int field;
        const char **values;
        size_t n_values;
    } fields[DK_WHERE_FIELDS];
    size_t n_fields; /* 0: any row */
} dk_where;

/* Rows of a kind that say when something happened. */
typedef struct dk_dated_rows {
    const dk_kind *kind;
    dk_where where;
    int date_field; /* of type date; -1: they have none */
    int end_field;  /* proofs of obligations: until when it was shown, empty: it still is; -1: no such field */
} dk_dated_rows;

/* A disclosure item, 公开事项. Texts may be NULL. */
typedef struct dk_item {
    const char *id;
    const char *category; /* 一级事项 */
    const char *title;    /* 二级事项 */
    const char *content, *basis, *time_limit, *subject, *channel;
    const char *object;          /* 公开对象: 全社会, 特定群体 */
    const char *mode;            /* 公开方式: 主动公开, 依申请公开 */
    const char *level;           /* 公开层级 */
    const char *guide;           /* which catalogue of items it comes from: 2019 guide, law of 2021 … */
    const dk_kind *subject_kind; /* whose rows the item is about, e.g. parcel */
    /* The item applies when the linked record's field has one of the values; applies_kind NULL: always. */
    const dk_kind *applies_kind;
    int applies_field;
    const char **applies_values;
    size_t n_applies_values;
    /* It is proved (published) by such a record: one of that kind that is linked to the row, or the row itself. */
    dk_dated_rows *proofs;
    size_t n_proofs;
} dk_item;

/* A list to print: rows in groups of equal values, each with the rows that are linked to it, and what is still open. */
#define DK_LIST_COLUMNS 24
typedef struct dk_list_column {
    const dk_kind *kind; /* of the list's rows or of its lines */
    int field;
    bool summed;
} dk_list_column;
typedef struct dk_list {
    const char *id;
    const char *title;
    dk_audience audience; /* DK_PUBLIC, or DK_STAFF: rows in their scope only */
    const dk_kind *kind;
    int by;               /* a field of kind: rows with the same value are a group */
    const dk_kind *lines; /* linked to kind: a line for each of its rows; NULL: each row is one line */
    dk_list_column columns[DK_LIST_COLUMNS];
    size_t n_columns;
    int open_column;           /* a line without a value here is open; -1: none is */
    const char *open_title;    /* stands in its place */
    const char *missing_title; /* the same for a row that has no line yet; NULL: open_title */
} dk_list;

typedef struct dk_division {
    const char *code; /* 6, 9 or 12 digits */
    const char *name;
    const char *folded;                /* the name as it is compared with what is searched (store/text.h) */
    const char *valid_from, *valid_to; /* YYYY-MM-DD or NULL */
    const char *successor;             /* code or NULL */
} dk_division;

/* Who publishes what someone else has reviewed. An account is that of the operating system, or the token that was shown
 * (store/act.h). */
typedef enum dk_two_persons { DK_ONE_PERSON = 0, DK_TWO_NAMES, DK_TWO_ACCOUNTS, DK_TWO_TOKENS } dk_two_persons;

typedef struct dk_catalogue {
    const char *title;
    const char *publisher;
    const char *map_approval_no; /* 审图号 */
    double extent[4];            /* west, south, east, north in degrees, EPSG:4490 */
    dk_kind *kinds;
    size_t n_kinds, n_layers; /* kinds[0..n_layers) are the layers */
    dk_link *links;
    size_t n_links;
    dk_item *items;
    size_t n_items;
    dk_list *lists;
    size_t n_lists;
    /* The disclosure clock: store/catalogue_clock.h. */
    struct dk_calendar *calendars;
    size_t n_calendars;
    struct dk_regime *regimes; /* in the order of time */
    size_t n_regimes;
    struct dk_regime_by *regime_by;
    size_t n_regime_by;
    struct dk_obligation *obligations;
    size_t n_obligations;
    bool review_required;       /* no batch is published that nobody has reviewed */
    dk_two_persons two_persons; /* of names, names and accounts, or tokens; only with review_required */
    dk_division *divisions;     /* sorted by code; none: codes are checked for their form only */
    size_t n_divisions;
    const dk_division **by_successor; /* the divisions that have one, sorted by it and then by their own code */
    size_t n_successors;
    void *memory; /* owns every string and array above */
} dk_catalogue;

/* Parses YAML text: the catalogue, and behind it a document (---) for each calendar that it declares. origin names it
 * in messages ("FILE:12: layers[0].fields[3].type: …"). A mistake is DK_INVALID with file, line and key. Caller frees
 * with dk_catalogue_free. */
dk_status dk_catalogue_parse(const char *yaml, size_t size, const char *origin, dk_catalogue **ret_catalogue,
                             dk_error *err);
/* One that a store has: the same, but for what an earlier version accepted and this one refuses, which is as if it were
 * not there: an inherit between units that differ. */
dk_status dk_catalogue_parse_kept(const char *yaml, size_t size, const char *origin, dk_catalogue **ret_catalogue,
                                  dk_error *err);
/* Reads the file (at most 16 MiB) and the files of its calendars, and parses them; a calendar whose document is in the
 * catalogue's file already is taken from there. ret_text, if not NULL, gets the text of all, which dk_catalogue_parse
 * takes; freed with free(). */
dk_status dk_catalogue_read(const char *path, dk_catalogue **ret_catalogue, char **ret_text, dk_error *err);
void dk_catalogue_free(dk_catalogue *catalogue); /* NULL-safe */

/* Look-ups by name; NULL or -1 if there is none. */
const dk_kind *dk_catalogue_kind(const dk_catalogue *catalogue, const char *name);
int dk_kind_field(const dk_kind *kind, const char *name);
const dk_division *dk_catalogue_division(const dk_catalogue *catalogue, const char *code);
/* The link between two kinds in either direction; *ret_reversed says that a is its `to` side. */
const dk_link *dk_catalogue_link(const dk_catalogue *catalogue, const dk_kind *a, const dk_kind *b, bool *ret_reversed);

/* The name of an audience or type as the catalogue writes it: "public", "date" … */
const char *dk_audience_name(dk_audience audience);
const char *dk_field_type_name(dk_field_type type);

#endif
