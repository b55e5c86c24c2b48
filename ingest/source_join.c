/* The columns of a ledger, as further columns of a source. */
#include "ingest/source_internal.h"

#include "ingest/columns.h"
#include "ingest/join.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool grow_columns(dk_source *source, size_t n)
{
    dk_column *columns = realloc(source->columns, n * sizeof *columns);
    if (columns != NULL)
        source->columns = columns;
    size_t *raw_index = realloc(source->raw_index, n * sizeof *raw_index);
    if (raw_index != NULL)
        source->raw_index = raw_index;
    dk_cell *cells = realloc(source->cells, n * sizeof *cells);
    if (cells != NULL)
        source->cells = cells;
    return columns != NULL && raw_index != NULL && cells != NULL;
}

/* A column of the source that the ledger has too gives way: its name then says where it is from. */
static bool step_back(dk_source *source, const dk_column *joined, size_t n_joined)
{
    for (size_t i = 0; i < source->n_columns; i++)
        for (size_t k = 0; k < n_joined && i != source->join_key; k++) {
            if (strcasecmp(source->columns[i].name, joined[k].name) != 0)
                continue;
            char *name = NULL;
            if (asprintf(&name, "%s (of the file itself)", source->columns[i].name) < 0)
                return false;
            free((void *)(uintptr_t)source->columns[i].name);
            source->columns[i].name = name;
            source->columns[i].optional = true;
            break;
        }
    return true;
}

static dk_status no_key(const dk_source *source, const dk_join *join, dk_error *err)
{
    dk_buf list;
    dk_buf_init(&list);
    for (size_t i = 0; i < source->n_columns; i++)
        dk_buf_format(&list, "%s%s", i > 0 ? ", " : "", source->columns[i].name);
    const char *names = dk_buf_cstr(&list);
    const dk_status status =
        dk_fail(err, DK_NOT_FOUND, "%s: --on %s: the file has no such column to find its rows in %s by; it has: %s",
                source->path, dk_join_on(join), dk_join_path(join), names ? names : "");
    dk_buf_finish(&list);
    return status;
}

dk_status dk_source_join(dk_source *source, dk_join *join, dk_error *err)
{
    const dk_column *joined;
    const size_t n = dk_join_columns(join, &joined);
    const size_t key = dk_column_find(source->columns, source->n_columns, dk_join_on(join));
    if (key == source->n_columns)
        return no_key(source, join, err);
    source->join_key = key;
    source->columns[key].optional = true; /* it has done its work, whether or not a field knows it */
    source->join_first = source->n_columns;
    if (!step_back(source, joined, n) || !grow_columns(source, source->n_columns + n + 1))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i < n; i++) {
        char *name = strdup(joined[i].name);
        if (name == NULL)
            return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
        source->columns[source->n_columns] = joined[i];
        source->columns[source->n_columns].name = name;
        source->columns[source->n_columns].sheet = dk_join_is_sheet(join);
        source->raw_index[source->n_columns++] = SIZE_MAX; /* no cell of the row itself */
    }
    source->join = join;
    return DK_OK;
}

dk_status dk_source_join_row(dk_source *source, dk_error *err)
{
    dk_join_row found;
    dk_buf key;
    bool nomem = false;
    const bool there = dk_join_find(source->join, &source->cells[source->join_key], &found, &nomem);
    if (nomem)
        return dk_fail(err, DK_NOMEM, "%s, row %lld: out of memory", source->path, (long long)source->row);
    if (there)
        for (size_t i = source->join_first; i < source->n_columns; i++)
            source->cells[i] = found.cells[i - source->join_first];
    if (source->problem[0] != '\0' || (there && found.problem == NULL && found.again == 0))
        return DK_OK;
    dk_buf_init(&key);
    dk_cell_append(&source->cells[source->join_key], &key);
    const char *text = dk_buf_cstr(&key);
    if (text == NULL)
        snprintf(source->problem, sizeof source->problem, "out of memory");
    else if (!there)
        snprintf(source->problem, sizeof source->problem, "no row of %s has \"%.*s\" in %s", dk_join_path(source->join),
                 dk_utf8_fit(text, 100), text, dk_join_key(source->join));
    else if (found.again != 0)
        snprintf(source->problem, sizeof source->problem,
                 "the rows %lld and %lld of %s both have \"%.*s\" in %s; leave one of them", (long long)found.number,
                 (long long)found.again, dk_join_path(source->join), dk_utf8_fit(text, 100), text,
                 dk_join_key(source->join));
    else
        snprintf(source->problem, sizeof source->problem, "row %lld of %s: %.*s", (long long)found.number,
                 dk_join_path(source->join), dk_utf8_fit(found.problem, 400), found.problem);
    source->problem[dk_utf8_fit(source->problem, sizeof source->problem)] = '\0';
    dk_buf_finish(&key);
    return DK_OK;
}
