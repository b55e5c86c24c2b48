#include "samples/output.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_PER_TRANSACTION 100000

struct gen_layer {
    char *path;
    gen_format format;
    bool gbk, multi;
    GDALDatasetH dataset;
    OGRLayerH layer;
    const gen_column *columns;
    size_t n_columns, rows;
    unsigned char *wkb;
    size_t wkb_capacity;
};

bool gen_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("dikuai-samples: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

const char *gen_format_extension(gen_format format)
{
    static const char *const extensions[] = {"shp", "gpkg", "fgb", "geojson"};
    return extensions[format];
}

/* A Shapefile is several files: path with another extension. */
static char *sibling(const char *path, const char *extension)
{
    return strdup(CPLResetExtension(path, extension));
}

static void remove_existing(const char *path, gen_format format)
{
    static const char *const parts[] = {"shp", "shx", "dbf", "prj", "cpg"};
    if (format != GEN_SHAPEFILE) {
        unlink(path);
        return;
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *part = sibling(path, parts[i]);
        if (part)
            unlink(part);
        free(part);
    }
}

static bool create_columns(gen_layer *layer)
{
    for (size_t i = 0; i < layer->n_columns; i++) {
        const gen_column *c = &layer->columns[i];
        /* The layer is written byte for byte (ENCODING empty), so names are turned into GBK here as values are. */
        char *name = layer->gbk ? CPLRecode(c->name, CPL_ENC_UTF8, "CP936") : CPLStrdup(c->name);
        static const OGRFieldType types[] = {OFTString, OFTReal, OFTInteger, OFTDate};
        OGRFieldDefnH field = OGR_Fld_Create(name, types[c->type]);
        if (layer->format == GEN_SHAPEFILE && c->width > 0) {
            OGR_Fld_SetWidth(field, c->width);
            OGR_Fld_SetPrecision(field, c->precision);
        }
        const OGRErr error = OGR_L_CreateField(layer->layer, field, FALSE);
        OGR_Fld_Destroy(field);
        CPLFree(name);
        if (error != OGRERR_NONE)
            return gen_fail("%s: the column %s could not be made: %s", layer->path, c->name, CPLGetLastErrorMsg());
    }
    return true;
}

gen_layer *gen_layer_create(const char *path, gen_format format, const char *name, const gen_column *columns,
                            size_t n_columns, bool gbk, bool many)
{
    static const char *const drivers[] = {"ESRI Shapefile", "GPKG", "FlatGeobuf", "GeoJSON"};
    char **options = NULL;
    OGRSpatialReferenceH crs = NULL;
    bool ok = false;
    gen_layer *layer = calloc(1, sizeof *layer);
    if (!layer || !(layer->path = strdup(path)))
        goto out;
    layer->format = format;
    layer->columns = columns;
    layer->n_columns = n_columns;
    layer->gbk = gbk && format == GEN_SHAPEFILE;
    layer->multi = format == GEN_GEOPACKAGE || format == GEN_FLATGEOBUF;
    remove_existing(path, format);
    GDALDriverH driver = GDALGetDriverByName(drivers[format]);
    layer->dataset = driver ? GDALCreate(driver, path, 0, 0, 0, GDT_Unknown, NULL) : NULL;
    if (!layer->dataset) {
        gen_fail("%s: could not be made: %s", path, CPLGetLastErrorMsg());
        goto out;
    }
    crs = OSRNewSpatialReference(NULL);
    if (!crs || OSRImportFromEPSG(crs, 4527) != OGRERR_NONE) {
        gen_fail("EPSG:4527 is not known to PROJ: is proj-data installed?");
        goto out;
    }
    if (format == GEN_SHAPEFILE) {
        options = CSLSetNameValue(options, "ENCODING", layer->gbk ? "" : "UTF-8");
        options = CSLSetNameValue(options, "DBF_DATE_LAST_UPDATE", "2024-01-01"); /* the same bytes on any day */
    } else if (format == GEN_GEOPACKAGE) {
        options = CSLSetNameValue(options, "GEOMETRY_NAME", "geom");
        options = CSLSetNameValue(options, "SPATIAL_INDEX", many ? "NO" : "YES");
    } else if (format == GEN_FLATGEOBUF) {
        options = CSLSetNameValue(options, "SPATIAL_INDEX", "NO"); /* which would need memory for every feature */
    } else {
        options = CSLSetNameValue(options, "COORDINATE_PRECISION", "3");
    }
    layer->layer =
        GDALDatasetCreateLayer(layer->dataset, name, crs, layer->multi ? wkbMultiPolygon : wkbPolygon, options);
    if (!layer->layer) {
        gen_fail("%s: could not be made: %s", path, CPLGetLastErrorMsg());
        goto out;
    }
    ok = create_columns(layer);
    if (ok && GDALDatasetTestCapability(layer->dataset, ODsCTransactions))
        GDALDatasetStartTransaction(layer->dataset, FALSE);
out:
    CSLDestroy(options);
    if (crs)
        OSRRelease(crs);
    if (!ok && layer) {
        if (layer->dataset)
            GDALClose(layer->dataset);
        free(layer->path);
        free(layer);
        layer = NULL;
    }
    return layer;
}

static unsigned char *put32(unsigned char *to, uint32_t number)
{
    memcpy(to, &number, 4);
    return to + 4;
}

static unsigned char *put_head(unsigned char *to, uint32_t type)
{
    const uint16_t one = 1;
    *to = *(const unsigned char *)&one; /* byte order of this machine */
    return put32(to + 1, type);
}

/* WKB of the shape in the layer's buffer; its size, 0 if out of memory. */
static size_t to_wkb(gen_layer *layer, const gen_shape *shape)
{
    const bool multi = layer->multi || shape->n_parts > 1;
    const size_t size = 9 + shape->n_parts * 9 + shape->n_rings * 4 + shape->n_points * 16;
    if (size > layer->wkb_capacity) {
        unsigned char *wkb = realloc(layer->wkb, size * 2);
        if (!wkb)
            return 0;
        layer->wkb = wkb;
        layer->wkb_capacity = size * 2;
    }
    unsigned char *to = layer->wkb;
    if (multi)
        to = put32(put_head(to, 6), (uint32_t)shape->n_parts);
    for (size_t i = 0; i < shape->n_rings;) {
        size_t end = i + 1;
        while (end < shape->n_rings && !shape->rings[end].outer)
            end++;
        to = put32(put_head(to, 3), (uint32_t)(end - i));
        for (; i < end; i++) {
            const gen_ring *ring = &shape->rings[i];
            to = put32(to, (uint32_t)ring->n_points);
            memcpy(to, shape->points + ring->first, ring->n_points * sizeof *shape->points);
            to += ring->n_points * sizeof *shape->points;
        }
    }
    return (size_t)(to - layer->wkb);
}

static void set_value(const gen_layer *layer, OGRFeatureH feature, int i, const gen_value *value)
{
    const gen_column *column = &layer->columns[i];
    if (column->type == GEN_REAL) {
        OGR_F_SetFieldDouble(feature, i, value->number);
    } else if (column->type == GEN_INTEGER) {
        OGR_F_SetFieldInteger(feature, i, (int)value->number);
    } else if (!value->text || !value->text[0]) {
        OGR_F_SetFieldNull(feature, i);
    } else if (layer->gbk) {
        char *gbk = CPLRecode(value->text, CPL_ENC_UTF8, "CP936");
        OGR_F_SetFieldString(feature, i, gbk);
        CPLFree(gbk);
    } else {
        OGR_F_SetFieldString(feature, i, value->text);
    }
}

bool gen_layer_add(gen_layer *layer, const gen_shape *shape, const gen_value *values)
{
    OGRGeometryH geometry = NULL;
    const size_t size = to_wkb(layer, shape);
    if (size == 0 || OGR_G_CreateFromWkb(layer->wkb, NULL, &geometry, (int)size) != OGRERR_NONE)
        return gen_fail("%s: a shape could not be made: out of memory", layer->path);
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer->layer));
    for (size_t i = 0; i < layer->n_columns; i++)
        set_value(layer, feature, (int)i, &values[i]);
    OGR_F_SetGeometryDirectly(feature, geometry);
    const OGRErr error = OGR_L_CreateFeature(layer->layer, feature);
    OGR_F_Destroy(feature);
    if (error != OGRERR_NONE)
        return gen_fail("%s: a row could not be written: %s", layer->path, CPLGetLastErrorMsg());
    if (++layer->rows % ROWS_PER_TRANSACTION == 0 && GDALDatasetTestCapability(layer->dataset, ODsCTransactions) &&
        (GDALDatasetCommitTransaction(layer->dataset) != OGRERR_NONE ||
         GDALDatasetStartTransaction(layer->dataset, FALSE) != OGRERR_NONE))
        return gen_fail("%s: could not be written: %s", layer->path, CPLGetLastErrorMsg());
    return true;
}

/* GDAL leaves no .cpg when it recodes nothing; the language byte (29) is cleared whatever it wrote. */
static bool clear_language(const char *path)
{
    char *dbf = sibling(path, "dbf"), *cpg = sibling(path, "cpg");
    bool ok = false;
    if (dbf && cpg) {
        unlink(cpg);
        FILE *file = fopen(dbf, "r+b");
        ok = file && fseek(file, 29, SEEK_SET) == 0 && fputc(0, file) != EOF;
        if (file && fclose(file) != 0)
            ok = false;
    }
    free(dbf);
    free(cpg);
    return ok || gen_fail("%s: its .dbf could not be written", path);
}

bool gen_layer_close(gen_layer *layer)
{
    if (!layer)
        return false;
    CPLErrorReset();
    bool ok = true;
    if (GDALDatasetTestCapability(layer->dataset, ODsCTransactions))
        ok = GDALDatasetCommitTransaction(layer->dataset) == OGRERR_NONE;
    GDALClose(layer->dataset);
    if (!ok || CPLGetLastErrorType() >= CE_Failure)
        ok = gen_fail("%s: could not be finished: %s", layer->path, CPLGetLastErrorMsg());
    else if (layer->gbk)
        ok = clear_language(layer->path);
    free(layer->wkb);
    free(layer->path);
    free(layer);
    return ok;
}
