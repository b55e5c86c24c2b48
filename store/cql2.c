/* Reading a filter: the tree, what it means to the viewer, and what the index may be asked for. */
#include "store/cql2.h"

#include "store/cql2_geometry.h"
#include "store/cql2_sql.h"
#include "store/cql2_tree.h"

#include <stdlib.h>

#define MOST_MEMORY (64u << 20)

/* Whether SQLite bears it; better known now than when rows are read. */
static dk_status try_sql(const dk_cql2 *filter, dk_error *err)
{
    dk_buf sql;
    int next = 0;
    dk_buf_init(&sql);
    const dk_status status = dk_cql2_sql(filter, 1, &sql, &next, err);
    dk_buf_finish(&sql);
    return status;
}

dk_status dk_cql2_read(const char *text, size_t size, dk_cql2_language language, const dk_kind *kind,
                       const dk_viewer *viewer, const dk_cql2_crs *crs, dk_cql2 **ret_filter, dk_error *err)
{
    dk_status status = DK_NOMEM;
    dk_cql2 *filter = calloc(1, sizeof *filter);
    if (filter == NULL || (filter->arena = dk_arena_create(MOST_MEMORY)) == NULL ||
        (filter->shapes = dk_cql2_shapes_create()) == NULL) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    filter->kind = kind;
    filter->view = dk_view_of(kind, viewer);
    if ((status = dk_cql2_tree_read(text, size, language, filter->arena, &filter->root, err)) != DK_OK)
        goto out;
    dk_cql2_reader reader = {.arena = filter->arena, .language = language, .text = text, .size = size, .err = err};
    if ((status = dk_cql2_check(&reader, filter, crs)) != DK_OK ||
        (status = dk_cql2_find_needs(filter, err)) != DK_OK || (status = try_sql(filter, err)) != DK_OK)
        goto out;
    *ret_filter = filter;
    filter = NULL;
out:
    dk_cql2_free(filter);
    return status;
}

void dk_cql2_free(dk_cql2 *filter)
{
    if (filter == NULL)
        return;
    dk_cql2_shapes_free(filter->shapes);
    dk_arena_free(filter->arena);
    free(filter);
}
