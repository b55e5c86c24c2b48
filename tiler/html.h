/* A writer of HTML pages on a buffer (WHATWG HTML, UTF-8). Escaping is its business and nobody else's: every text goes
 * through dk_html_text or an attribute, and what dk_html_raw takes are literals of the program. Pages have no script
 * and no style of their own; the style sheet is web/pages.css, and response.c forbids the rest. */
#ifndef DK_TILER_HTML_H
#define DK_TILER_HTML_H

#include "tiler/http.h"

/* The page of the answer, on worker->body. */
typedef struct dk_html {
    dk_context *ctx; /* borrowed */
    dk_buf *buf;
} dk_html;

/* A step of the way to a page, from the map page on. path: from the base path on, without it; NULL: the page itself. */
typedef struct dk_crumb {
    const char *path, *title;
} dk_crumb;

/* Begins the answer: head, way and <main> with the heading title. body_class: of <body>, a literal. */
void dk_html_begin(dk_html *html, dk_context *ctx, const char *title, const char *body_class, const dk_crumb *crumbs,
                   size_t n_crumbs);
void dk_html_end(dk_html *html);

void dk_html_raw(dk_html *html, const char *literal);
void dk_html_text(dk_html *html, const char *text); /* NULL: nothing. Bytes that are no UTF-8 become U+FFFD */
void dk_html_text_n(dk_html *html, const char *text, size_t size);
void dk_html_number(dk_html *html, int64_t value); /* with separators of thousands */
/* <element>text</element>; element may have attributes, a literal. */
void dk_html_element(dk_html *html, const char *element, const char *text);
/* ` name="value"` within a tag that the caller has begun. */
void dk_html_attribute(dk_html *html, const char *name, const char *value);
/* ` name="PATH"` with the base path before it. */
void dk_html_address(dk_html *html, const char *name, const char *path);
/* <a href="PATH" type="TYPE">text</a>; type may be NULL. */
void dk_html_link(dk_html *html, const char *path, const char *type, const char *text);

/* A value of a field as people read it: numbers with separators and unit, dates as 2021年3月5日, http and https
 * addresses as links, how disclosure stands as the title of its word,
 * in <data value="WORD">. with_unit false: the heading names it. */
void dk_html_value(dk_html *html, const dk_field *field, const dk_value *value, bool with_unit);
void dk_html_quantity(dk_html *html, double value, const char *unit, bool with_unit);
void dk_html_date(dk_html *html, const char *date); /* YYYY-MM-DD; any other text as it is */
/* YYYY-MM-DDTHH:MM:SSZ as the time that it is in China, 2021年3月5日 09:08; any other text as it is. */
void dk_html_moment(dk_html *html, const char *moment);
/* 平方米 for m2; the unit itself where it has no other name. */
const char *dk_html_unit(const char *unit);

/* <tr> of a definition table: a heading cell and what follows until dk_html_fact_end. */
void dk_html_fact_begin(dk_html *html, const char *title);
void dk_html_fact_end(dk_html *html);
void dk_html_fact(dk_html *html, const char *title, const char *text);

#endif
