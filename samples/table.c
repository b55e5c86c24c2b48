#include "samples/output.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <gdal.h>
#include <ogr_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct gen_table {
    char *path;
    gen_table_format format;
    size_t n_columns;
    FILE *file;           /* CSV */
    GDALDatasetH dataset; /* XLSX */
    OGRLayerH layer;
};

static bool put_cell(const gen_table *table, const char *text)
{
    char *gbk = table->format == GEN_CSV_GBK ? CPLRecode(text, CPL_ENC_UTF8, "CP936") : NULL;
    const char *from = gbk ? gbk : text;
    /* Neither " nor , nor a line end is a byte of a character in GBK: looking byte by byte is safe. */
    const bool quote = strpbrk(from, "\",\r\n") != NULL;
    bool ok = !quote || fputc('"', table->file) != EOF;
    for (const char *c = from; ok && *c; c++)
        ok = (*c != '"' || fputc('"', table->file) != EOF) && fputc(*c, table->file) != EOF;
    if (ok && quote)
        ok = fputc('"', table->file) != EOF;
    CPLFree(gbk);
    return ok;
}

static bool put_line(const gen_table *table, const char *const *values)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if ((i > 0 && fputc(',', table->file) == EOF) || !put_cell(table, values[i] ? values[i] : ""))
            return gen_fail("%s: could not be written: is the disk full?", table->path);
    if (fputs("\r\n", table->file) == EOF) /* RFC 4180, and what Excel writes */
        return gen_fail("%s: could not be written: is the disk full?", table->path);
    return true;
}

static bool open_sheet(gen_table *table, const char *sheet, const char *const *columns)
{
    GDALDriverH driver = GDALGetDriverByName("XLSX");
    table->dataset = driver ? GDALCreate(driver, table->path, 0, 0, 0, GDT_Unknown, NULL) : NULL;
    table->layer = table->dataset ? GDALDatasetCreateLayer(table->dataset, sheet, NULL, wkbNone, NULL) : NULL;
    if (!table->layer)
        return gen_fail("%s: could not be made: %s", table->path, CPLGetLastErrorMsg());
    for (size_t i = 0; i < table->n_columns; i++) {
        OGRFieldDefnH field = OGR_Fld_Create(columns[i], OFTString);
        const OGRErr error = OGR_L_CreateField(table->layer, field, FALSE);
        OGR_Fld_Destroy(field);
        if (error != OGRERR_NONE)
            return gen_fail("%s: the column %s could not be made: %s", table->path, columns[i], CPLGetLastErrorMsg());
    }
    return true;
}

gen_table *gen_table_create(const char *path, gen_table_format format, const char *sheet, const char *const *columns,
                            size_t n_columns)
{
    gen_table *table = calloc(1, sizeof *table);
    if (!table || !(table->path = strdup(path))) {
        free(table);
        return NULL;
    }
    table->format = format;
    table->n_columns = n_columns;
    bool ok;
    unlink(path);
    if (format == GEN_XLSX) {
        ok = open_sheet(table, sheet, columns);
    } else {
        table->file = fopen(path, "wb");
        ok = table->file
                 ? (format != GEN_CSV_UTF8_BOM || fputs("\xef\xbb\xbf", table->file) != EOF) && put_line(table, columns)
                 : gen_fail("%s: could not be made", path);
    }
    if (!ok) {
        gen_table_close(table);
        return NULL;
    }
    return table;
}

bool gen_table_add(gen_table *table, const char *const *values)
{
    if (table->format != GEN_XLSX)
        return put_line(table, values);
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(table->layer));
    for (size_t i = 0; i < table->n_columns; i++)
        if (values[i] && values[i][0])
            OGR_F_SetFieldString(feature, (int)i, values[i]);
    const OGRErr error = OGR_L_CreateFeature(table->layer, feature);
    OGR_F_Destroy(feature);
    return error == OGRERR_NONE || gen_fail("%s: a row could not be written: %s", table->path, CPLGetLastErrorMsg());
}

bool gen_table_close(gen_table *table)
{
    if (!table)
        return false;
    bool ok = true;
    CPLErrorReset();
    if (table->dataset) {
        GDALClose(table->dataset);
        ok = CPLGetLastErrorType() < CE_Failure ||
             gen_fail("%s: could not be finished: %s", table->path, CPLGetLastErrorMsg());
    }
    if (table->file && fclose(table->file) != 0)
        ok = gen_fail("%s: could not be written: is the disk full?", table->path);
    free(table->path);
    free(table);
    return ok;
}
