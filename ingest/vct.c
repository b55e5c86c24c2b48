#include "ingest/vct_work.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LISTED 12 /* layers in a sentence */

/* ---- the layer ---- */

static const char *layer_of(const dk_vct_code *code)
{
    return code->table[0] != '\0' ? code->table : code->code;
}

/* Marks the codes of the layer. */
static dk_status choose_layer(dk_vct *vct, const char *layer, dk_error *err)
{
    size_t n_layers = 0;
    int64_t n_wanted = 0;
    const char *only = NULL;
    dk_buf list;
    dk_buf_init(&list);
    for (size_t i = 0; i < vct->n_codes; i++) {
        dk_vct_code *code = &vct->codes[i];
        if (code->n == 0)
            continue;
        bool known = false;
        for (size_t k = 0; k < i && !known; k++)
            known = vct->codes[k].n > 0 && strcmp(layer_of(&vct->codes[k]), layer_of(code)) == 0;
        if (!known && n_layers++ < LISTED)
            dk_buf_format(&list, "%s%s (%s)", n_layers > 1 ? ", " : "", layer_of(code), code->name);
        if (n_layers == 1)
            only = layer_of(code);
    }
    for (size_t i = 0; i < vct->n_codes; i++) {
        dk_vct_code *code = &vct->codes[i];
        code->wanted = layer != NULL ? strcmp(layer, code->code) == 0 || strcmp(layer, code->name) == 0 ||
                                           strcasecmp(layer, code->table) == 0
                                     : only != NULL && strcmp(layer_of(code), only) == 0;
        if (code->wanted && code->n > 0) {
            n_wanted += code->n;
            vct->table = dk_vct_find_table(vct, code->table, strlen(code->table));
        }
    }
    dk_status status = DK_OK;
    const char *names = dk_buf_cstr(&list);
    if (names == NULL)
        status = dk_vct_nomem(vct, err);
    else if (n_layers == 0)
        status = dk_fail(err, DK_INVALID, "%s: the file has no polygons", vct->path);
    else if (layer == NULL && n_layers > 1)
        status = dk_fail(err, DK_INVALID, "%s: the file has %zu layers of polygons; choose one with --layer: %s",
                         vct->path, n_layers, names);
    else if (n_wanted == 0)
        status = dk_fail(err, DK_NOT_FOUND, "%s: there are no polygons of a layer \"%s\"; there are: %s", vct->path,
                         layer ? layer : "", names);
    for (size_t i = 0; i < vct->n_codes && status == DK_OK; i++) /* by name, two codes of different tables */
        if (vct->codes[i].wanted && vct->codes[i].n > 0 &&
            dk_vct_find_table(vct, vct->codes[i].table, strlen(vct->codes[i].table)) != vct->table)
            status = dk_fail(err, DK_INVALID, "%s: \"%s\" names several layers; choose one with --layer: %s", vct->path,
                             layer ? layer : "", names);
    dk_buf_finish(&list);
    return status;
}

/* ---- opening ---- */

static dk_status read_twice(dk_vct *vct, const char *layer, dk_error *err)
{
    vct->counting = true;
    dk_status status = dk_vct_read_sections(vct, err);
    if (status != DK_OK)
        return status;
    if (vct->mark[0] == '\0')
        return dk_fail(err, DK_INVALID, "%s: the file has no head; export it again", vct->path);
    dk_vct_settle_tables(vct);
    status = choose_layer(vct, layer, err);
    if (status != DK_OK)
        return status;
    for (size_t i = 0; i < vct->n_codes; i++)
        vct->codes[i].n = 0;
    vct->counting = false;
    status = dk_text_lines_rewind(vct->lines, err);
    if (status == DK_OK)
        status = dk_vct_read_sections(vct, err);
    if (status != DK_OK)
        return status;
    dk_vct_order(vct);
    vct->values = calloc(DK_VCT_MAX_FIELDS, sizeof *vct->values);
    if (vct->values == NULL)
        return dk_vct_nomem(vct, err);
    dk_vct_decide_crs(vct);
    return DK_OK;
}

static dk_status start(dk_text_lines *lines, const char *path, const char *layer, dk_vct **ret_vct, dk_error *err)
{
    dk_status status;
    dk_vct *vct = calloc(1, sizeof *vct);
    if (vct == NULL) {
        dk_text_lines_close(lines);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    vct->lines = lines;
    vct->encoding = dk_text_lines_encoding(lines);
    vct->either = dk_text_lines_either(lines);
    vct->separator = ',';
    vct->path = strdup(path);
    status = vct->path != NULL ? read_twice(vct, layer, err) : dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    dk_text_lines_close(lines);
    vct->lines = NULL;
    if (status != DK_OK)
        dk_vct_close(vct);
    else
        *ret_vct = vct;
    return status;
}

dk_status dk_vct_open(const char *path, const dk_encoding *encoding, const char *layer, dk_vct **ret_vct, dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open(path, encoding, &lines, err);
    return status == DK_OK ? start(lines, path, layer, ret_vct, err) : status;
}

dk_status dk_vct_open_memory(const void *data, size_t size, const dk_encoding *encoding, const char *layer,
                             dk_vct **ret_vct, dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open_memory(data, size, encoding, &lines, err);
    return status == DK_OK ? start(lines, "(memory)", layer, ret_vct, err) : status;
}

void dk_vct_close(dk_vct *vct)
{
    if (vct == NULL)
        return;
    for (size_t i = 0; i < vct->n_codes; i++) {
        free(vct->codes[i].code);
        free(vct->codes[i].name);
        free(vct->codes[i].table);
    }
    for (size_t i = 0; i < vct->n_tables; i++) {
        for (size_t k = 0; k < vct->tables[i].n_fields; k++)
            free(vct->tables[i].fields[k]);
        free(vct->tables[i].fields);
        free(vct->tables[i].numbers);
        free(vct->tables[i].name);
    }
    free(vct->codes);
    free(vct->tables);
    free(vct->points);
    free(vct->edges);
    free(vct->parts);
    free(vct->refs);
    free(vct->polygons);
    free(vct->attributes);
    free(vct->chain);
    free(vct->chain_parts);
    free(vct->rings);
    free(vct->shapes);
    free(vct->outer);
    free(vct->depth);
    free(vct->values);
    dk_buf_finish(&vct->texts);
    dk_buf_finish(&vct->scratch);
    dk_buf_finish(&vct->notes);
    free(vct->path);
    free(vct);
}

dk_encoding dk_vct_encoding(const dk_vct *vct)
{
    return vct->encoding;
}

bool dk_vct_either(const dk_vct *vct)
{
    return vct->either;
}

size_t dk_vct_fields(const dk_vct *vct, const char *const **ret_names)
{
    static const char *const none[] = {NULL};
    *ret_names = vct->table != NULL ? (const char *const *)vct->table->fields : none;
    return vct->table != NULL ? vct->table->n_fields : 0;
}

size_t dk_vct_polygons(const dk_vct *vct)
{
    return vct->n_polygons;
}

int dk_vct_epsg(const dk_vct *vct, const char **ret_problem)
{
    *ret_problem = vct->epsg == 0 ? vct->crs_problem : NULL;
    return vct->epsg;
}

/* ---- notes ---- */

void dk_vct_overrule(dk_vct *vct)
{
    dk_buf_clear(&vct->notes); /* of the rest there is none before the end */
}

/* Rows of the table without a polygon. Those of a table that other codes have, too, may be of these. */
static size_t count_unused(const dk_vct *vct)
{
    size_t n = 0;
    for (size_t i = 0; i < vct->n_codes; i++)
        if (vct->table == NULL || (!vct->codes[i].wanted && strcasecmp(vct->codes[i].table, vct->table->name) == 0))
            return 0;
    for (size_t i = 0; i < vct->n_attributes; i++)
        n += !vct->attributes[i].used;
    return n;
}

const char *dk_vct_notes(dk_vct *vct)
{
    if (vct->at == vct->n_polygons && !vct->noted) {
        vct->noted = true;
        if (vct->n_turned > 0)
            dk_buf_format(&vct->notes, "%lld lines are named in the wrong direction, and were turned\n",
                          (long long)vct->n_turned);
        if (vct->n_without_row > 0)
            dk_buf_format(&vct->notes, "%lld polygons have no row in table %s\n", (long long)vct->n_without_row,
                          vct->table->name);
        const size_t n_unused = count_unused(vct);
        if (n_unused > 0)
            dk_buf_format(&vct->notes, "%zu rows of table %s have no polygon, and were not read\n", n_unused,
                          vct->table->name);
    }
    const char *text = dk_buf_cstr(&vct->notes);
    return text != NULL ? text : "";
}
