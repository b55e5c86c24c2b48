/* A filter as SQL: for files that speak it. Nothing that a request says becomes part of the text; its values are bound,
 * its names are those of the catalogue. */
#ifndef DK_STORE_CQL2_SQL_H
#define DK_STORE_CQL2_SQL_H

#include "store/buf.h"
#include "store/cql2.h"

#include <sqlite3.h>

/* Appends an expression over a row of row_K under the alias r that is 1, 0 or NULL, in brackets, with parameters ?first
 * and on; *ret_next is the first number that it does not use. A filter always gives the same text. */
dk_status dk_cql2_sql(const dk_cql2 *filter, int first, dk_buf *sql, int *ret_next, dk_error *err);
/* Binds those parameters. They point into the filter: clear the bindings before it is freed. */
dk_status dk_cql2_bind(const dk_cql2 *filter, int first, sqlite3_stmt *stmt, dk_error *err);

/* Registers the functions that such SQL uses, once for each connection. catalogue: whose divisions have successors;
 * must outlive the connection. */
dk_status dk_cql2_functions(sqlite3 *db, const dk_catalogue *catalogue, dk_error *err);

/* Appends the outline of the row r as the viewer sees it: a GeoPackage geometry. */
void dk_outline_sql(const dk_kind *kind, const dk_view *view, dk_buf *sql);
/* Appends a condition, with AND before it, that holds for the rows r that the viewer sees; nothing where those are all.
 */
void dk_in_view_sql(const dk_kind *kind, const dk_view *view, dk_buf *sql);
/* Appends the value of a field as the viewer sees it: r.f_x where it is visible in every row, NULL where in none, else
 * a CASE that looks at the row's division. What is masked is NULL. */
void dk_visible_sql(const dk_kind *kind, const dk_view *view, int field, dk_buf *sql);

#endif
