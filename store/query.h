/* Reading rows. Everything here takes a viewer and gives only what it may see: a hidden field is DK_NULL and its
 * bit in dk_row.visible is clear, and nothing can be asked about it. */
#ifndef DK_STORE_QUERY_H
#define DK_STORE_QUERY_H

#include "store/geometry.h"
#include "store/store.h"

typedef struct dk_row {
    const dk_kind *kind;
    uint64_t feature; /* stable number of the row, the same in all its versions; the id in tiles */
    const char *key;
    const char *label;        /* what to call it, never NULL */
    const dk_value *values;   /* kind->n_fields; DK_NULL where not visible */
    uint64_t visible;         /* bit i: field i may be seen */
    const unsigned char *wkb; /* EPSG:4490 degrees (lon, lat); NULL for records or when not asked for */
    size_t wkb_size;
    double bounds[4]; /* west, south, east, north; layers only, and not where undrawn */
    bool undrawn;     /* 无图形: of a layer, and has no outline yet */
} dk_row;             /* all pointers are valid until the next call on the cursor or the end of the callback */

/* Called per row; returning false stops, which is not an error. */
typedef bool (*dk_row_fn)(const dk_row *row, void *user);

typedef struct dk_filter {
    int field;        /* one that the viewer sees in no row is DK_NOT_FOUND; rows in which it is hidden do not match */
    const char *text; /* equal to this, normalised like the field; numbers and dates as text */
} dk_filter;

typedef struct dk_query {
    const dk_kind *kind;
    const dk_viewer *viewer;
    int64_t generation;
    const double *bounds;     /* west, south, east, north: rows whose box meets it, 50,000 at most; NULL: all */
    const dk_filter *filters; /* all must hold */
    size_t n_filters;
    const char *after; /* key of the last row of the page before, NULL: from the start */
    size_t limit;      /* rows, 1 to 10000 */
    bool with_geometry;
} dk_query;

/* Rows in the order of their keys (bytes). */
dk_status dk_query_rows(dk_store *store, const dk_query *query, dk_row_fn each, void *user, dk_error *err);
/* How many rows match in all (after and limit left aside). */
dk_status dk_query_count(dk_store *store, const dk_query *query, int64_t *ret_count, dk_error *err);

/* One row by key: DK_NOT_FOUND if it is not published in that generation. each is called once. */
dk_status dk_query_row(dk_store *store, const dk_kind *kind, const char *key, const dk_viewer *viewer,
                       int64_t generation, bool with_geometry, dk_row_fn each, void *user, dk_error *err);
/* The same by the stable number, as a map click has it. */
dk_status dk_query_feature(dk_store *store, const dk_kind *kind, uint64_t feature, const dk_viewer *viewer,
                           int64_t generation, bool with_geometry, dk_row_fn each, void *user, dk_error *err);

/* The rows of kind `other` that are linked to this row, by key order, at most limit. DK_NOT_FOUND: no such row, or
 * the catalogue links the kinds in no direction. Links use fields whatever their audience; what is given is seen
 * through the viewer. */
dk_status dk_query_linked(dk_store *store, const dk_kind *kind, const char *key, const dk_kind *other,
                          const dk_viewer *viewer, int64_t generation, const char *after, size_t limit,
                          bool with_geometry, dk_row_fn each, void *user, dk_error *err);

/* One group of a total: values of its by fields and the sums. */
typedef struct dk_total_row {
    const dk_total *total;
    const dk_value *by; /* total->n_by */
    const double *sums; /* total->n_sum, NAN where no row has a value; NULL when suppressed */
    int64_t rows;       /* 0 when suppressed */
    bool suppressed;    /* fewer rows than total->min_rows */
} dk_total_row;
/* The totals of kind whose groups contain the rows linked to this parcel (or other row). */
dk_status dk_query_totals(dk_store *store, const dk_kind *kind, const char *key, const dk_kind *of,
                          const dk_viewer *viewer, int64_t generation,
                          bool (*each)(const dk_total_row *row, void *user), void *user, dk_error *err);

/* Number of published rows, of those among them that have no outline yet, and the box of the others (west, south, east,
 * north; only when there are such and it is a layer). */
dk_status dk_query_summary(dk_store *store, const dk_kind *kind, int64_t generation, int64_t *ret_rows,
                           int64_t *ret_undrawn, double ret_bounds[4], dk_error *err);

#endif
