/* A selection: the published rows that a query asks for, as SQL. What gives rows, counts them, groups them or draws
 * them builds on it. Only for files that speak SQL.
 *
 * Rows come from where there are fewest: the posts of terms that filters want, the places that the cell index or the
 * terms give, or all rows. What the filters say is then tested row by row, on what the viewer sees. */
#ifndef DK_STORE_SELECTION_H
#define DK_STORE_SELECTION_H

#include "store/handle.h"
#include "store/posts.h"

/* ---- places as tables (place_table.c) ---- */

typedef struct dk_place_list {
    dk_place *places; /* sorted when SQL reads them */
    size_t n, capacity;
} dk_place_list;
/* What SQL reads as a table: a list, or what terms have in common, which is read once. */
typedef struct dk_place_source {
    const dk_place_list *list;
    dk_post_join *join; /* NULL: the list */
} dk_place_source;
#define DK_PLACES_POINTER "dk_places"
dk_status dk_places_register(sqlite3 *db, dk_error *err);
bool dk_place_list_add(dk_place_list *list, dk_place place);
void dk_place_list_sort(dk_place_list *list); /* and drops what is there twice */
void dk_place_list_finish(dk_place_list *list);

/* ---- selections (selection.c) ---- */

#define DK_SELECTION_TERMS 4

typedef struct dk_selection {
    dk_store *store;
    const dk_query *query;
    dk_view view;
    enum { DK_SELECT_ALL, DK_SELECT_TERMS, DK_SELECT_PLACES } driver;
    int64_t terms[DK_SELECTION_TERMS]; /* every row has them all */
    size_t n_terms;
    dk_place_list places;
    dk_place_source source;           /* what the SQL reads */
    int64_t after;                    /* only features beyond */
    bool moved;                       /* of all rows: some are not the first version of their feature */
    bool nothing;                     /* no row can match */
    int parameters[DK_QUERY_FILTERS]; /* the first of each filter in the SQL */
} dk_selection;

/* Decides where the rows come from. after: only features beyond. The query is borrowed, and the selection stays where
 * it is while a statement reads it. Caller calls dk_selection_finish in every case. */
dk_status dk_selection_begin(dk_selection *selection, dk_store *store, const dk_query *query, int64_t after,
                             dk_error *err);
void dk_selection_finish(dk_selection *selection);

/* Appends "SELECT <feature number> AS feature, COLUMNS FROM …". In columns, r is the row's table. The rows are in the
 * order of features if " ORDER BY 1" follows, without sorting. */
dk_status dk_selection_sql(dk_selection *selection, const char *columns, dk_buf *sql, dk_error *err);
/* Binds what the SQL made last needs, for one run. Parameters ?1 to ?DK_SELECTION_FREE are the caller's. */
#define DK_SELECTION_FREE 60
dk_status dk_selection_bind(dk_selection *selection, sqlite3_stmt *stmt, dk_error *err);

#endif
