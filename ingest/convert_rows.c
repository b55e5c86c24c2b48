#include "ingest/convert_rows.h"

#include "ingest/convert_dbf.h"
#include "ingest/source.h"
#include "ingest/source_internal.h"

#include <cpl_conv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS_OF_TRANSACTION = 100000, EPSG_CGCS2000 = 4490 };
#define SHAPEFILE_MOST INT32_MAX /* bytes of a .shp or .dbf */

static OGRwkbGeometryType type_of(dk_geometry_kind kind)
{
    return kind == DK_POLYGONS ? wkbMultiPolygon
           : kind == DK_LINES  ? wkbMultiLineString
           : kind == DK_POINTS ? wkbMultiPoint
                               : wkbNone;
}

static OGRFieldType field_type_of(dk_field_type type)
{
    return type == DK_FIELD_INTEGER  ? OFTInteger64
           : type == DK_FIELD_NUMBER ? OFTReal
           : type == DK_FIELD_DATE   ? OFTDate
                                     : OFTString;
}

static dk_status gdal_failed(const char *path, dk_error *err)
{
    return dk_fail(err, DK_IO, "%s cannot be written: %s", path, dk_gdal_message());
}

/* ---- the geometry of a row ---- */

static dk_status make_geometry(const dk_stream_head *head, const void *wkb, size_t size, OGRGeometryH *ret_geometry,
                               dk_error *err)
{
    OGRGeometryH geometry = NULL;
    *ret_geometry = NULL;
    if (size == 0 || head->geometry == DK_NO_GEOMETRY)
        return DK_OK;
    if (OGR_G_CreateFromWkb(wkb, NULL, &geometry, (int)size) != OGRERR_NONE || geometry == NULL)
        return dk_fail(err, DK_CORRUPT, "a geometry cannot be read: %s", dk_gdal_message());
    if (head->geometry == DK_POLYGONS)
        geometry = OGR_G_ForceToMultiPolygon(geometry);
    else if (head->geometry == DK_LINES)
        geometry = OGR_G_ForceToMultiLineString(geometry);
    else
        geometry = OGR_G_ForceToMultiPoint(geometry);
    *ret_geometry = geometry;
    return DK_OK;
}

/* ---- a layer of GDAL ---- */

typedef struct layer {
    const char *path;
    GDALDatasetH dataset;
    OGRLayerH layer;
    OGRSpatialReferenceH srs;
    bool transactions;
    int64_t rows;
} layer;

/* A name for a column that the format adds, which is none of the rows' own. */
static void free_name(const dk_stream_head *head, const char *wish, char *out, size_t size)
{
    snprintf(out, size, "%s", wish);
    for (size_t i = 0; i < head->n_columns;)
        if (strcasecmp(head->columns[i].name, out) == 0 && strlen(out) + 2 < size) {
            strcat(out, "_");
            i = 0;
        } else {
            i++;
        }
}

static dk_status open_layer(const dk_stream_head *head, const char *driver_name, const char *path, char **options,
                            layer *l, dk_error *err)
{
    GDALDriverH driver = GDALGetDriverByName(driver_name);
    *l = (layer){.path = path};
    if (driver == NULL)
        return dk_fail(err, DK_INTERNAL, "this GDAL has no %s driver", driver_name);
    l->srs = OSRNewSpatialReference(NULL);
    if (l->srs == NULL || OSRImportFromEPSG(l->srs, EPSG_CGCS2000) != OGRERR_NONE)
        return dk_fail(err, DK_INTERNAL, "PROJ does not know EPSG:4490: %s", dk_gdal_message());
    OSRSetAxisMappingStrategy(l->srs, OAMS_TRADITIONAL_GIS_ORDER);
    l->dataset = GDALCreate(driver, path, 0, 0, 0, GDT_Unknown, NULL);
    if (l->dataset == NULL)
        return gdal_failed(path, err);
    l->layer = GDALDatasetCreateLayer(l->dataset, head->name, head->geometry != DK_NO_GEOMETRY ? l->srs : NULL,
                                      type_of(head->geometry), options);
    return l->layer != NULL ? DK_OK : gdal_failed(path, err);
}

static dk_status add_columns(const dk_stream_head *head, layer *l, dk_error *err)
{
    for (size_t i = 0; i < head->n_columns; i++) {
        OGRFieldDefnH column = OGR_Fld_Create(head->columns[i].name, field_type_of(head->columns[i].type));
        OGR_Fld_SetAlternativeName(column, head->columns[i].title);
        const OGRErr failed = OGR_L_CreateField(l->layer, column, false);
        OGR_Fld_Destroy(column);
        if (failed != OGRERR_NONE)
            return gdal_failed(l->path, err);
    }
    return DK_OK;
}

static void set_value(OGRFeatureH feature, int i, dk_field_type type, const dk_value *value)
{
    int year, month, day;
    switch (value->type) {
    case DK_NULL:
        OGR_F_SetFieldNull(feature, i);
        break;
    case DK_INTEGER:
        OGR_F_SetFieldInteger64(feature, i, value->integer);
        break;
    case DK_REAL:
        OGR_F_SetFieldDouble(feature, i, value->real);
        break;
    case DK_TEXT:
        if (type == DK_FIELD_DATE && sscanf(value->text.data, "%4d-%2d-%2d", &year, &month, &day) == 3)
            OGR_F_SetFieldDateTime(feature, i, year, month, day, 0, 0, 0, 0);
        else
            OGR_F_SetFieldString(feature, i, value->text.data);
        break;
    }
}

static dk_status add_row(const dk_stream_head *head, layer *l, bool with_fields, const dk_value *values,
                         const void *wkb, size_t size, dk_error *err)
{
    OGRGeometryH geometry = NULL;
    dk_status status = make_geometry(head, wkb, size, &geometry, err);
    if (status != DK_OK)
        return status;
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(l->layer));
    if (feature == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; with_fields && i < head->n_columns; i++)
        set_value(feature, (int)i, head->columns[i].type, &values[i]);
    OGR_F_SetGeometryDirectly(feature, geometry);
    if (l->transactions && l->rows % ROWS_OF_TRANSACTION == 0) {
        if (l->rows > 0 && OGR_L_CommitTransaction(l->layer) != OGRERR_NONE)
            status = gdal_failed(l->path, err);
        if (status == DK_OK && OGR_L_StartTransaction(l->layer) != OGRERR_NONE)
            status = gdal_failed(l->path, err);
    }
    if (status == DK_OK && OGR_L_CreateFeature(l->layer, feature) != OGRERR_NONE)
        status = gdal_failed(l->path, err);
    l->rows++;
    OGR_F_Destroy(feature);
    return status;
}

/* The statement that gives a column its title. Names are letters, digits and _; a title may hold anything. */
static char *title_sql(const char *table, const char *column, const char *title)
{
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_format(&sql,
                  "INSERT OR IGNORE INTO gpkg_data_columns (table_name, column_name, name, title) VALUES ('%s', '%s', ",
                  table, column);
    for (int twice = 0; twice < 2; twice++) {
        dk_buf_byte(&sql, '\'');
        for (const char *at = title; *at != '\0'; at++) {
            if (*at == '\'')
                dk_buf_byte(&sql, '\'');
            dk_buf_byte(&sql, (unsigned char)*at);
        }
        dk_buf_text(&sql, twice == 0 ? "', " : "')");
    }
    const char *text = dk_buf_cstr(&sql);
    char *copy = text != NULL ? strdup(text) : NULL;
    dk_buf_finish(&sql);
    return copy;
}

static bool run_sql(layer *l, const char *sql)
{
    CPLErrorReset();
    OGRLayerH result = GDALDatasetExecuteSQL(l->dataset, sql, NULL, NULL);
    if (result != NULL)
        GDALDatasetReleaseResultSet(l->dataset, result);
    return CPLGetLastErrorType() < CE_Failure;
}

/* The titles of a GeoPackage's columns, in the Schema extension (OGC 12-128r17, F.9), of which GDAL 3.6 writes
 * nothing. Of two that are alike the second gets none: its names are unique. */
static dk_status add_titles(const dk_stream_head *head, layer *l, dk_error *err)
{
    bool good =
        run_sql(l, "CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, extension_name "
                   "TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE "
                   "(table_name, column_name, extension_name))") &&
        run_sql(l, "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name "
                   "TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc "
                   "PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name))") &&
        run_sql(l, "CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT "
                   "NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive "
                   "BOOLEAN, description TEXT, CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, "
                   "value))") &&
        run_sql(l, "INSERT INTO gpkg_extensions SELECT name, NULL, 'gpkg_schema', "
                   "'http://www.geopackage.org/spec121/#extension_schema', 'read-write' FROM sqlite_master WHERE "
                   "name IN ('gpkg_data_columns', 'gpkg_data_column_constraints')");
    for (size_t i = 0; good && i < head->n_columns; i++) {
        char *sql = title_sql(head->name, head->columns[i].name, head->columns[i].title);
        good = sql != NULL && run_sql(l, sql);
        free(sql);
    }
    return good ? DK_OK : gdal_failed(l->path, err);
}

/* What is only written when a data set is closed may fail then. */
static dk_status close_layer(layer *l, dk_status status, dk_error *err)
{
    if (status == DK_OK && l->transactions && l->rows > 0 && OGR_L_CommitTransaction(l->layer) != OGRERR_NONE)
        status = gdal_failed(l->path, err);
    CPLErrorReset();
    if (l->dataset != NULL)
        GDALClose(l->dataset);
    if (status == DK_OK && CPLGetLastErrorType() >= CE_Failure)
        status = gdal_failed(l->path, err);
    if (l->srs != NULL)
        OSRDestroySpatialReference(l->srs);
    return status;
}

/* ---- rows that are looked at twice ---- */

/* Copies the rows into a file without a name, and opens them there. */
static dk_status keep_rows(int from, int *ret_fd, dk_error *err)
{
    static const char name[] = "rows-XXXXXX";
    char path[sizeof name], *bytes = malloc(256 << 10);
    memcpy(path, name, sizeof name);
    const int fd = bytes != NULL ? mkostemp(path, O_CLOEXEC) : -1;
    dk_status status = bytes == NULL ? dk_fail(err, DK_NOMEM, "out of memory")
                       : fd < 0      ? dk_fail(err, DK_IO, "a temporary file cannot be made: %s", strerror(errno))
                                     : DK_OK;
    if (fd >= 0)
        unlink(path);
    while (status == DK_OK) {
        const ssize_t n = read(from, bytes, 256 << 10);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = dk_fail(err, DK_IO, "the rows cannot be read: %s", strerror(errno));
        if (n <= 0)
            break;
        for (ssize_t done = 0; status == DK_OK && done < n;) {
            const ssize_t w = write(fd, bytes + done, (size_t)(n - done));
            if (w > 0)
                done += w;
            else if (w == 0 || errno != EINTR)
                status = dk_fail(err,
                                 errno == EFBIG    ? DK_LIMIT
                                 : errno == ENOSPC ? DK_FULL
                                                   : DK_IO,
                                 "the rows cannot be kept for a while: %s", strerror(errno));
        }
    }
    free(bytes);
    if (status == DK_OK && lseek(fd, 0, SEEK_SET) != 0)
        status = dk_fail(err, DK_IO, "the rows cannot be read again: %s", strerror(errno));
    if (status != DK_OK && fd >= 0)
        close(fd);
    if (status == DK_OK)
        *ret_fd = fd;
    return status;
}

/* Calls each for all rows of fd. */
typedef dk_status (*row_fn)(const dk_stream_head *head, const dk_value *values, const void *wkb, size_t size,
                            void *user, dk_error *err);
static dk_status each_row(int fd, row_fn each, void *user, dk_error *err)
{
    dk_row_stream *stream = NULL;
    dk_value values[DK_MAX_FIELDS];
    const void *wkb;
    size_t size;
    dk_status status = dk_row_stream_open(fd, &stream, err);
    while (status == DK_OK && (status = dk_row_stream_next(stream, values, &wkb, &size, err)) == DK_OK)
        status = each(dk_row_stream_columns(stream), values, wkb, size, user, err);
    dk_row_stream_close(stream);
    return status == DK_END ? DK_OK : status;
}

/* ---- GeoPackage ---- */

static dk_status write_gpkg(int fd, const char *path, dk_error *err)
{
    char fid[80], geom[80], identifier[600];
    dk_row_stream *stream = NULL;
    dk_value values[DK_MAX_FIELDS];
    const void *wkb;
    size_t size;
    layer l = {0};
    dk_status status = dk_row_stream_open(fd, &stream, err);
    if (status != DK_OK)
        return status;
    const dk_stream_head *head = dk_row_stream_columns(stream);
    /* The file is new and thrown away if it fails: nothing has to survive a crash. */
    CPLSetConfigOption("OGR_SQLITE_SYNCHRONOUS", "OFF");
    CPLSetConfigOption("OGR_SQLITE_JOURNAL", "OFF");
    strcpy(fid, "FID=");
    strcpy(geom, "GEOMETRY_NAME=");
    free_name(head, "fid", fid + 4, sizeof fid - 4);
    free_name(head, "geom", geom + 14, sizeof geom - 14);
    snprintf(identifier, sizeof identifier, "IDENTIFIER=%s", head->title);
    char *options[] = {fid, geom, identifier, NULL};
    status = open_layer(head, "GPKG", path, options, &l, err);
    if (status == DK_OK)
        status = add_columns(head, &l, err);
    if (status == DK_OK)
        status = add_titles(head, &l, err);
    l.transactions = true;
    while (status == DK_OK && (status = dk_row_stream_next(stream, values, &wkb, &size, err)) == DK_OK)
        status = add_row(head, &l, true, values, wkb, size, err);
    status = close_layer(&l, status == DK_END ? DK_OK : status, err);
    dk_row_stream_close(stream);
    return status;
}

/* ---- FlatGeobuf ---- */

static dk_status count_undrawn(const dk_stream_head *head, const dk_value *values, const void *wkb, size_t size,
                               void *user, dk_error *err)
{
    (void)head;
    (void)values;
    (void)wkb;
    (void)err;
    *(int64_t *)user += size == 0;
    return DK_OK;
}

/* GDAL leaves out rows without geometry, and says nothing of it: so there must be none. */
static dk_status write_fgb(int kept, const char *path, dk_error *err)
{
    dk_row_stream *stream = NULL;
    dk_value values[DK_MAX_FIELDS];
    const void *wkb;
    size_t size;
    layer l = {0};
    int64_t undrawn = 0;
    dk_status status = each_row(kept, count_undrawn, &undrawn, err);
    if (status == DK_OK && undrawn > 0)
        status = dk_fail(
            err, DK_LIMIT,
            "FlatGeobuf holds no rows without an outline, and %lld of these have none yet (无图形); take f=gpkg, "
            "shp or csv, or give a bbox, in which they are not.",
            (long long)undrawn);
    if (status == DK_OK && lseek(kept, 0, SEEK_SET) != 0)
        status = dk_fail(err, DK_IO, "the rows cannot be read again: %s", strerror(errno));
    if (status == DK_OK)
        status = dk_row_stream_open(kept, &stream, err);
    if (status != DK_OK)
        return status;
    const dk_stream_head *head = dk_row_stream_columns(stream);
    char index[] = "SPATIAL_INDEX=YES", folder[] = "TEMPORARY_DIR=.";
    char *options[] = {index, folder, NULL};
    status = open_layer(head, "FlatGeobuf", path, options, &l, err);
    if (status == DK_OK)
        status = add_columns(head, &l, err);
    while (status == DK_OK && (status = dk_row_stream_next(stream, values, &wkb, &size, err)) == DK_OK)
        status = add_row(head, &l, true, values, wkb, size, err);
    status = close_layer(&l, status == DK_END ? DK_OK : status, err);
    dk_row_stream_close(stream);
    return status;
}

/* ---- Shapefile ---- */

typedef struct measuring {
    dk_dbf_widths *widths;
    uint64_t shape_bytes;
    int64_t rows, undrawn;
} measuring;

static dk_status measure_row(const dk_stream_head *head, const dk_value *values, const void *wkb, size_t size,
                             void *user, dk_error *err)
{
    measuring *m = user;
    (void)wkb;
    if (m->rows == 0 && dk_dbf_widths_create(head, &m->widths) != DK_OK)
        return dk_fail(err, DK_NOMEM, "out of memory");
    m->rows++;
    m->undrawn += size == 0;
    m->shape_bytes += size + 64; /* not less than what it takes there */
    return dk_dbf_widths_row(m->widths, values, err);
}

typedef struct shaping {
    layer l;
    dk_dbf_writer *dbf;
} shaping;

static dk_status shape_row(const dk_stream_head *head, const dk_value *values, const void *wkb, size_t size, void *user,
                           dk_error *err)
{
    shaping *s = user;
    const dk_status status = add_row(head, &s->l, false, values, wkb, size, err);
    return status == DK_OK ? dk_dbf_writer_row(s->dbf, values, err) : status;
}

/* path.shp -> path.dbf */
static dk_status beside(const char *path, const char *ending, char **ret_path, dk_error *err)
{
    return asprintf(ret_path, "%.*s.%s", (int)(strlen(path) - 4), path, ending) < 0
               ? dk_fail(err, DK_NOMEM, "out of memory")
               : DK_OK;
}

static dk_status write_shp(int kept, const char *path, dk_error *err)
{
    measuring m = {0};
    shaping s = {0};
    char *dbf = NULL, *cpg = NULL;
    dk_row_stream *stream = NULL; /* for its head, which the rows may be none behind */
    const size_t length = strlen(path);
    if (length < 5 || strcmp(path + length - 4, ".shp") != 0)
        return dk_fail(err, DK_INVALID, "--output %s: the name of a shapefile ends in .shp", path);
    dk_status status = each_row(kept, measure_row, &m, err);
    if (status == DK_OK && lseek(kept, 0, SEEK_SET) != 0)
        status = dk_fail(err, DK_IO, "the rows cannot be read again: %s", strerror(errno));
    if (status == DK_OK)
        status = dk_row_stream_open(kept, &stream, err);
    if (status == DK_OK && m.widths == NULL && dk_dbf_widths_create(dk_row_stream_columns(stream), &m.widths) != DK_OK)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK && (m.shape_bytes > SHAPEFILE_MOST || dk_dbf_size(m.widths, m.rows) > SHAPEFILE_MOST))
        status =
            dk_fail(err, DK_LIMIT,
                    "A shapefile holds 2 GB, and these %lld rows need more; take f=gpkg, or narrow them with a filter "
                    "or bbox.",
                    (long long)m.rows);
    char type[] = "SHPT=POLYGON";
    char index[] = "SPATIAL_INDEX=NO";
    if (status == DK_OK) {
        const dk_stream_head *head = dk_row_stream_columns(stream);
        char lines[] = "SHPT=ARC", points[] = "SHPT=MULTIPOINT";
        char *options[] = {head->geometry == DK_LINES    ? lines
                           : head->geometry == DK_POINTS ? points
                                                         : type,
                           index, NULL};
        status = open_layer(head, "ESRI Shapefile", path, options, &s.l, err);
    }
    /* GDAL's .dbf, which gets a column of numbers, is replaced by our own. */
    char *own = NULL;
    if (status == DK_OK)
        status = beside(path, "dbf", &dbf, err);
    if (status == DK_OK)
        status = beside(path, "cpg", &cpg, err);
    if (status == DK_OK)
        status = beside(path, "own", &own, err);
    if (status == DK_OK)
        status = dk_dbf_writer_open(m.widths, own, m.rows, &s.dbf, err);
    if (status == DK_OK && lseek(kept, 0, SEEK_SET) != 0)
        status = dk_fail(err, DK_IO, "the rows cannot be read again: %s", strerror(errno));
    if (status == DK_OK)
        status = each_row(kept, shape_row, &s, err);
    status = close_layer(&s.l, status, err);
    if (status == DK_OK)
        status = dk_dbf_writer_end(s.dbf, err);
    if (status == DK_OK && rename(own, dbf) != 0)
        status = dk_fail(err, DK_IO, "%s: %s", dbf, strerror(errno));
    if (status == DK_OK)
        status = dk_dbf_write_cpg(m.widths, cpg, err);
    if (status == DK_OK)
        status = dk_dbf_write_notes(m.widths, "说明.txt", m.rows, m.undrawn, err);
    dk_dbf_writer_free(s.dbf);
    dk_dbf_widths_free(m.widths);
    dk_row_stream_close(stream);
    free(dbf);
    free(cpg);
    free(own);
    return status;
}

dk_status dk_convert_rows(int fd, const char *to, const char *path, dk_error *err)
{
    int kept = -1;
    if (strcmp(to, "gpkg") == 0)
        return write_gpkg(fd, path, err);
    dk_status status = keep_rows(fd, &kept, err);
    if (status != DK_OK)
        return status;
    status = strcmp(to, "fgb") == 0 ? write_fgb(kept, path, err) : write_shp(kept, path, err);
    close(kept);
    return status;
}
