#include "ingest/convert_outlines.h"

#include "ingest/datasets.h"
#include "ingest/json.h"
#include "ingest/load_file.h"
#include "ingest/transformation.h"

#include <cpl_conv.h>
#include <stdlib.h>
#include <string.h>

/* What is read: polygons somewhere in China, and no attribute. The extent tells swapped axes and wrong zones. */
static const char catalogue_yaml[] = "title: outlines\n"
                                     "publisher: none\n"
                                     "map_approval_no: none\n"
                                     "extent: [73, 3, 136, 54]\n"
                                     "layers:\n"
                                     "  - name: outline\n"
                                     "    title: outline\n"
                                     "    geometry: polygon\n"
                                     "    key: {field: dikuai_key}\n"
                                     "    zooms: [6, 16]\n"
                                     "    fields:\n"
                                     "      - {name: dikuai_key, title: dikuai_key, type: text, audience: public}\n";

typedef struct collecting {
    const dk_kind *kind;
    const double *extent;
    dk_file_settings settings;
    const dk_transformation *transformation; /* NULL: none */
    FILE *out;
    dk_buf *notes;
    int64_t rows;
} collecting;

/* text: one sentence a line. path NULL: they name what they are about. */
static void add_notes(dk_buf *notes, const char *path, const char *text)
{
    while (text != NULL && *text != '\0') {
        const size_t size = strcspn(text, "\n");
        dk_buf_format(notes, "%s%s%.*s\n", path != NULL ? path : "", path != NULL ? ": " : "", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static dk_status write_feature(collecting *c, const char *path, const dk_ready_row *row, dk_error *err)
{
    OGRGeometryH geometry = NULL;
    char precision[] = "COORDINATE_PRECISION=9";
    char *options[] = {precision, NULL};
    if (OGR_G_CreateFromWkb(row->wkb, NULL, &geometry, (int)row->wkb_size) != OGRERR_NONE || geometry == NULL)
        return dk_fail(err, DK_INTERNAL, "%s, row %lld: its outline is lost", path, (long long)row->source.number);
    char *json = OGR_G_ExportToJsonEx(geometry, options);
    OGR_G_DestroyGeometry(geometry);
    dk_buf text;
    dk_buf_init(&text);
    dk_buf_format(&text, "%s{\"type\":\"Feature\",\"properties\":{\"source\":",
                  c->rows > 0 ? ",\n" : "{\"type\":\"FeatureCollection\",\"features\":[\n");
    dk_json_string(path, &text);
    dk_buf_format(&text, ",\"row\":%lld},\"geometry\":", (long long)row->source.number);
    dk_buf_text(&text, json != NULL ? json : "null");
    dk_buf_byte(&text, '}');
    CPLFree(json);
    c->rows++;
    const bool good = !text.failed && json != NULL;
    if (good)
        fwrite(text.data, 1, text.size, c->out);
    dk_buf_finish(&text);
    return good ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
}

static dk_status read_set(collecting *c, const dk_dataset *set, dk_error *err)
{
    const dk_load_file_options how = {
        .set = set, .kind = c->kind, .extent = c->extent, .settings = c->settings, .transformation = c->transformation};
    dk_load_file *file = NULL;
    dk_ready_row row;
    dk_status status = dk_load_file_start(&how, false, &file, err);
    if (status == DK_OK)
        status = dk_load_file_wait(file, err);
    while (status == DK_OK && (status = dk_load_file_next(file, &row, err)) == DK_OK) {
        const char *why = row.reasons != NULL ? row.reasons : row.wkb_size == 0 ? "there is no outline" : NULL;
        if (why != NULL)
            status = dk_fail(err, DK_INVALID, "%s, row %lld: %s", set->shown, (long long)row.source.number, why);
        else
            status = write_feature(c, set->shown, &row, err);
    }
    if (status == DK_END)
        add_notes(c->notes, set->shown, dk_load_file_notes(file));
    if (status == DK_END && dk_load_file_repaired(file) > 0)
        dk_buf_format(c->notes,
                      "%s: %lld outlines were not valid and were repaired, which changes areas by 0.1 %% at most\n",
                      set->shown, (long long)dk_load_file_repaired(file));
    dk_load_file_close(file);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_convert_outlines(const char *path, const dk_file_settings *settings, FILE *out, dk_buf *notes,
                              dk_error *err)
{
    static const char *const everything[] = {"*"};
    dk_catalogue *catalogue = NULL;
    dk_datasets *sets = NULL;
    dk_transformation *transformation = NULL;
    const dk_dataset *list;
    dk_status status = dk_catalogue_parse(catalogue_yaml, sizeof catalogue_yaml - 1, "outlines", &catalogue, err);
    if (status == DK_OK && settings->transformation != NULL)
        status = dk_transformation_read(settings->transformation, &transformation, err);
    if (status == DK_OK)
        status = dk_datasets_find(path, &(dk_datasets_options){.layer = true}, &sets, err);
    if (status == DK_OK) {
        collecting c = {.kind = catalogue->kinds,
                        .extent = catalogue->extent,
                        .settings = *settings,
                        .transformation = transformation,
                        .out = out,
                        .notes = notes};
        add_notes(notes, NULL, transformation != NULL ? dk_transformation_notes(transformation) : NULL);
        add_notes(notes, path, dk_datasets_note(sets));
        c.settings.columns = (dk_column_options){.ignore = everything, .n_ignore = 1};
        const size_t n = dk_datasets_list(sets, &list);
        for (size_t i = 0; i < n && status == DK_OK; i++)
            status = read_set(&c, &list[i], err);
        if (status == DK_OK && c.rows == 0)
            status = dk_fail(err, DK_INVALID, "%s: there is no outline in it", path);
        if (status == DK_OK) /* what is not whole is no document that could be taken for it */
            fputs("\n]}\n", out);
    }
    dk_datasets_free(sets);
    dk_transformation_free(transformation);
    dk_catalogue_free(catalogue);
    return status;
}
