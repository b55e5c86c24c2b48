/* A table whose rows have the boundary of a mining right as a text (ingest/mining_boundary.h). */
#include "ingest/source_internal.h"

#include "ingest/mining_geometry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_NOTES = 20 };

struct dk_source_mining {
    dk_mining_boundary boundary;
    dk_buf json, notes;
    int64_t n_notes;
    size_t rings; /* the column that takes the rings as JSON */
};

dk_status dk_source_mining_open(dk_source *source, size_t rings, dk_error *err)
{
    struct dk_source_mining *mining = source->mining = calloc(1, sizeof *mining);
    if (mining == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    dk_mining_boundary_init(&mining->boundary);
    dk_buf_init(&mining->json);
    dk_buf_init(&mining->notes);
    mining->rings = rings;
    return DK_OK;
}

void dk_source_mining_close(struct dk_source_mining *mining)
{
    if (mining == NULL)
        return;
    dk_mining_boundary_finish(&mining->boundary);
    dk_buf_finish(&mining->json);
    dk_buf_finish(&mining->notes);
    free(mining);
}

/* The boundary's notes under the row's number. */
static void keep_notes(dk_source *source)
{
    struct dk_source_mining *mining = source->mining;
    const char *at = dk_buf_cstr(&mining->boundary.notes);
    while (at != NULL && *at != '\0') {
        const size_t size = strcspn(at, "\n");
        if (mining->n_notes++ < NAMED_NOTES)
            dk_buf_format(&mining->notes, "row %lld: %.*s\n", (long long)source->row, (int)size, at);
        at += size + (at[size] == '\n');
    }
}

void dk_source_mining_read(dk_source *source)
{
    struct dk_source_mining *mining = source->mining;
    dk_cell *rings = &source->cells[mining->rings];
    *rings = (dk_cell){.text = ""};
    if (source->geometry != NULL)
        OGR_G_DestroyGeometry(source->geometry);
    source->geometry = NULL;
    if ((size_t)source->boundary_index >= source->n_raw)
        return;
    const dk_cell *cell = &source->raw[source->boundary_index];
    if (dk_cell_blank(cell) || cell->type != DK_CELL_TEXT)
        return;
    dk_error err;
    dk_status status = dk_mining_parse(cell->text, cell->size, &mining->boundary, &err);
    if (status == DK_OK)
        status = dk_mining_geometry(&mining->boundary, &source->geometry, &err);
    if (status != DK_OK) {
        if (source->problem[0] == '\0')
            snprintf(source->problem, sizeof source->problem, "%s: %.600s", source->geometry_column, err.text);
        return;
    }
    keep_notes(source);
    dk_buf_clear(&mining->json);
    if (dk_mining_json(&mining->boundary, &mining->json) && dk_buf_cstr(&mining->json) != NULL)
        *rings = (dk_cell){.type = DK_CELL_TEXT, .text = (const char *)mining->json.data, .size = mining->json.size};
}

const char *dk_source_mining_notes(const dk_source *source)
{
    struct dk_source_mining *mining = source->mining;
    if (mining->n_notes > NAMED_NOTES) {
        dk_buf_format(&mining->notes, "and %lld more notes on boundaries\n", (long long)(mining->n_notes - NAMED_NOTES));
        mining->n_notes = NAMED_NOTES;
    }
    const char *text = dk_buf_cstr(&mining->notes);
    return text != NULL ? text : "";
}
