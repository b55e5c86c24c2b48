/* Lists that the catalogue declares (dk_list): rows in groups, each with its lines. */
#ifndef DK_STORE_LIST_H
#define DK_STORE_LIST_H

#include "store/query.h"

#define DK_LIST_ROWS 10000   /* rows of one list, at most */
#define DK_LIST_LINES 100000 /* and their lines */

/* The list of that id, if it is one of the viewer's; NULL: there is none, or it is another's. */
const dk_list *dk_list_find(const dk_catalogue *catalogue, const char *id, const dk_viewer *viewer);
bool dk_list_seen(const dk_list *list, const dk_viewer *viewer);

typedef struct dk_list_query {
    const dk_list *list;
    const dk_viewer *viewer; /* one who sees the list */
    int64_t generation;
    const char *by;       /* the group's value; NULL: all groups */
    const char *division; /* code, or the beginning of codes: rows in it; NULL: all divisions. One of both is needed */
    bool open_only;       /* only what is still open */
} dk_list_query;

typedef struct dk_list_line {
    const dk_row *row;                /* of the list's kind */
    const dk_row *line;               /* of its lines; NULL: it has none */
    dk_value values[DK_LIST_COLUMNS]; /* by column; what the viewer does not see is null */
    bool first;                       /* of its row */
    bool open;
} dk_list_line; /* valid inside the callback */
typedef dk_status (*dk_list_fn)(const dk_list_line *line, void *user);

/* Calls each for the lines, in the order of groups, keys of rows, and keys of lines; a row whose group's value the
 * viewer does not see is left out. DK_END from it stops, which is no failure. DK_LIMIT: more than DK_LIST_ROWS rows, or
 * DK_LIST_LINES lines. */
dk_status dk_list_lines(dk_store *store, const dk_list_query *query, dk_list_fn each, void *user, dk_error *err);

#endif
