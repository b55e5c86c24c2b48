/* A list as a page to print: HTML without scripts. */
#ifndef DK_TILER_LIST_PAGE_H
#define DK_TILER_LIST_PAGE_H

#include "store/list.h"
#include "tiler/http.h"

/* Sums of a group or of all: as many as the list has columns. */
typedef struct dk_list_sums {
    dk_sum sums[DK_LIST_COLUMNS];
    int64_t values[DK_LIST_COLUMNS]; /* that went in */
    int64_t rows, lines, open;
} dk_list_sums;

void dk_list_page_begin(dk_buf *out, const dk_context *ctx, const dk_list_query *query);
void dk_list_page_group(dk_buf *out, const dk_list *list, const char *value); /* begins one */
void dk_list_page_line(dk_buf *out, const dk_list *list, const dk_list_line *line, int64_t number);
void dk_list_page_group_end(dk_buf *out, const dk_list *list, const dk_list_sums *sums);
void dk_list_page_end(dk_buf *out, const dk_list *list, const dk_list_sums *all, size_t n_groups);

#endif
