/* Rows as HTML pages: a page of a collection with its form, and a single row. */
#ifndef DK_TILER_ITEM_HTML_H
#define DK_TILER_ITEM_HTML_H

#include "tiler/html.h"

/* The request without the parameters whose value is empty, which a form sends for each of its fields. ret_request
 * borrows the texts of request and must not be finished. */
void dk_request_filled(const dk_request *request, dk_request *ret_request);

/* A table of rows. about: NULL, or the row that all are linked to: its kind and key (the request's). with_form: the
 * rows can be asked for by field. */
void dk_items_page_begin(dk_html *html, dk_context *ctx, const dk_kind *kind, const dk_kind *about, const char *key);
void dk_items_page_row(dk_html *html, const dk_row *row);
/* matched: rows in all, -1 if it is not counted. next: address of the next page, NULL: there is none. */
void dk_items_page_end(dk_html *html, const dk_kind *kind, bool with_form, int64_t matched, size_t returned,
                       const char *next);

/* The page of a row with links to what belongs to it. */
dk_status dk_item_page(dk_context *ctx, const dk_row *row);

/* Rows of a table of facts: each field that the viewer sees and that has a value. named: their cells have the fields'
 * names, for the script that compares them with the publication log. */
void dk_html_facts(dk_html *html, const dk_row *row, bool named);
/* Appends /collections/KIND. */
void dk_append_collection_path(dk_buf *out, const dk_kind *kind);

#endif
