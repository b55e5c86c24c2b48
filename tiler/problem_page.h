/* What is said to who asked with a browser and is refused: a page without scripts, like the others (html.h). */
#ifndef DK_TILER_PROBLEM_PAGE_H
#define DK_TILER_PROBLEM_PAGE_H

#include "store/buf.h"

/* Appends the page. status: HTTP, 400 and above. detail: the sentence that programs get, in English. */
void dk_write_problem_page(dk_buf *page, const char *base_path, unsigned status, const char *detail);

#endif
