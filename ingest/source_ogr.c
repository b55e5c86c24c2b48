/* Sources that GDAL reads. */
#include "ingest/source_internal.h"

#include "ingest/archive.h"
#include "ingest/flatgeobuf.h"
#include "ingest/geojson_crs.h"
#include "ingest/geojson_text.h"
#include "ingest/geojson_whole.h"
#include "ingest/gml_shapes.h"
#include "ingest/mapinfo.h"
#include "ingest/mif_regions.h"
#include "ingest/shape_rings.h"
#include "ingest/shapefile.h"
#include "ingest/units.h"
#include "ingest/values.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_http.h>
#include <cpl_string.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define KMZ_BYTES (512u << 20)

/* A file must not make us fetch another. */
static CPLHTTPResult *fetch_nothing(const char *url, CSLConstList options, GDALProgressFunc progress,
                                    void *progress_user, CPLHTTPFetchWriteFunc write, void *write_user, void *user)
{
    (void)url, (void)options, (void)progress, (void)progress_user, (void)write, (void)write_user, (void)user;
    CPLHTTPResult *result = CPLCalloc(1, sizeof *result);
    result->nStatus = 1;
    result->pszErrBuf = CPLStrdup("no address is asked for data");
    return result;
}

void dk_gdal_start(void)
{
    GDALAllRegister();
    CPLHTTPSetFetchCallback(fetch_nothing, NULL);
    CPLSetErrorHandler(CPLQuietErrorHandler); /* CPLGetLastErrorMsg keeps the last message */
    CPLSetConfigOption("SHAPE_RESTORE_SHX", "NO");
    CPLSetConfigOption("GML_SKIP_RESOLVE_ELEMS", "ALL");
    CPLSetConfigOption("LIBKML_READ_GROUND_OVERLAY", "NO"); /* a picture would be a row, its frame an outline */
    CPLSetConfigOption("GML_FIELDTYPES", "ALWAYS_STRING");  /* what looks like numbers may be 001 */
}

void dk_gdal_stop(void)
{
    GDALDestroyDriverManager();
    OSRCleanup();
}

/* What of GDAL's last message is of use, in brackets or behind a colon; "": nothing. Not where in GDAL it was, nor the
 * path again, which may be that of a copy, nor options of GDAL. */
static const char *useful_message(char ret[DK_ERROR_TEXT])
{
    const char *message = CPLGetLastErrorMsg() != NULL ? CPLGetLastErrorMsg() : "";
    const char *advice = strstr(message, " You may set ");
    if (strstr(message, "not recognized as") != NULL || strncmp(message, "Error occurred in", 17) == 0)
        message = "";
    const size_t size = advice != NULL && *message != '\0' ? (size_t)(advice - message) : strlen(message);
    snprintf(ret, DK_ERROR_TEXT, "%.*s", dk_utf8_fit(message, size < DK_ERROR_TEXT ? size : DK_ERROR_TEXT - 1),
             message);
    return ret;
}

const char *dk_gdal_message(void)
{
    const char *message = CPLGetLastErrorMsg();
    return message != NULL && message[0] != '\0' ? message : "no reason given";
}

/* What QGIS keeps for itself in a GeoPackage: styles of layers, and projects. */
static bool is_private(const dk_source *source, const char *name)
{
    return source->format == DK_FORMAT_GPKG &&
           (strcmp(name, "layer_styles") == 0 || strcmp(name, "qgis_projects") == 0);
}

static dk_status choose_layer(dk_source *source, const dk_source_options *options, dk_error *err)
{
    int n = 0;
    dk_buf names;
    dk_buf_init(&names);
    OGRLayerH only = NULL;
    for (int i = 0; i < GDALDatasetGetLayerCount(source->dataset); i++) {
        OGRLayerH layer = GDALDatasetGetLayer(source->dataset, i);
        const char *name = OGR_L_GetName(layer);
        if (is_private(source, name))
            continue;
        if (n++ > 0)
            dk_buf_text(&names, ", ");
        dk_buf_text(&names, name);
        only = layer;
        if (options->layer != NULL && strcmp(name, options->layer) == 0)
            source->layer = layer;
    }
    dk_status status = DK_OK;
    const char *list = dk_buf_cstr(&names);
    if (n == 0)
        status =
            dk_fail(err, DK_INVALID, "%s: there is no layer in it; the file is damaged: save it again", source->path);
    else if (options->layer != NULL && source->layer == NULL)
        status = dk_fail(err, DK_NOT_FOUND, "%s: there is no layer \"%s\"; there are: %s", source->path, options->layer,
                         list ? list : "");
    else if (options->layer == NULL && n == 1)
        source->layer = only;
    else if (options->layer == NULL)
        status = dk_fail(err, DK_INVALID, "%s: the file has %d layers; choose one with --layer: %s", source->path, n,
                         list ? list : "");
    dk_buf_finish(&names);
    return status;
}

/* Columns that the format gives every layer, of no meaning for parcels: not shown at all, unless someone wants them. */
static bool is_ornament(const dk_source *source, const char *name, const dk_source_options *options)
{
    static const char *const kml[] = {"timestamp", "begin",      "end",       "altitudeMode", "tessellate",
                                      "extrude",   "visibility", "drawOrder", "icon",         "snippet"};
    if (source->format != DK_FORMAT_KML || (options->is_column != NULL && options->is_column(name, options->user)))
        return false;
    for (size_t i = 0; i < sizeof kml / sizeof *kml; i++)
        if (strcmp(name, kml[i]) == 0)
            return true;
    return false;
}

/* Columns that the format or its usual writers add, for which a field is not missed. */
static bool is_added(const dk_source *source, const char *name)
{
    switch (source->format) {
    case DK_FORMAT_KML:
        return strcmp(name, "Name") == 0 || strcmp(name, "description") == 0;
    case DK_FORMAT_GML:
        return strcmp(name, "gml_id") == 0 || strcmp(name, "fid") == 0;
    case DK_FORMAT_FILEGDB:
        return strcmp(name, "OBJECTID") == 0 || strcasecmp(name, "SHAPE_Length") == 0 ||
               strcasecmp(name, "SHAPE_Area") == 0;
    default:
        return false;
    }
}

/* The field whose unit a field of a GML is: of <area uom="m2"> GDAL makes area and area_uom. -1: of none. */
static int unit_of(const dk_source *source, OGRFeatureDefnH defn, const char *name, const dk_source_options *options)
{
    static const char ending[] = "_uom";
    const size_t size = strlen(name), n = sizeof ending - 1;
    char whole[256];
    if (source->format != DK_FORMAT_GML || size <= n || size >= sizeof whole || strcmp(name + size - n, ending) != 0 ||
        (options->is_column != NULL && options->is_column(name, options->user)))
        return -1;
    memcpy(whole, name, size - n);
    whole[size - n] = '\0';
    return OGR_FD_GetFieldIndex(defn, whole);
}

/* Notes which fields have units. false: out of memory. */
static bool find_units(dk_source *source, OGRFeatureDefnH defn, size_t n, const dk_source_options *options)
{
    for (size_t i = 0; i < n; i++) {
        const int of = unit_of(source, defn, OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(defn, (int)i)), options);
        if (of >= 0 && source->units == NULL) {
            if ((source->units = malloc(n * sizeof *source->units)) == NULL)
                return false;
            for (size_t k = 0; k < n; k++)
                source->units[k] = -1;
        }
        if (of >= 0)
            source->units[of] = (int)i;
    }
    return true;
}

/* Column names of the layer, for formats whose header is not a row. */
static dk_status name_columns(dk_source *source, const dk_source_options *options, dk_error *err)
{
    OGRFeatureDefnH defn = OGR_L_GetLayerDefn(source->layer);
    const size_t n = (size_t)OGR_FD_GetFieldCount(defn);
    const bool from_dbf = source->dbf.n_fields == n && n > 0 && source->format != DK_FORMAT_MAPINFO;
    source->columns = calloc(n > 0 ? n : 1, sizeof *source->columns);
    source->raw_index = calloc(n > 0 ? n : 1, sizeof *source->raw_index);
    source->cells = calloc(n > 0 ? n : 1, sizeof *source->cells);
    if (source->columns == NULL || source->raw_index == NULL || source->cells == NULL ||
        !find_units(source, defn, n, options))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i < n; i++) {
        const char *raw = from_dbf
                              ? source->dbf.fields[i].raw_name
                              : dk_kml_name(&source->kml_names, OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(defn, (int)i)));
        const size_t size = strlen(raw);
        if (is_ornament(source, raw, options) || unit_of(source, defn, raw, options) >= 0)
            continue;
        dk_buf name;
        dk_buf_init(&name);
        bool cut = false;
        const size_t limit = from_dbf ? 10 : source->format == DK_FORMAT_MAPINFO ? 31 : 0; /* bytes of a name */
        dk_decode(source->decoder, raw, size, limit > 0 && size + 1 >= limit, &name, &cut);
        dk_utf8_check check = {0};
        dk_utf8_check_add(&check, (const unsigned char *)raw, size);
        /* A writer that keeps characters whole stops a byte or two before the last. */
        const size_t full = limit - (!check.beyond_ascii ? 0 : source->encoding == DK_ENCODING_UTF8 ? 2 : 1);
        const char *text = dk_buf_cstr(&name);
        dk_column *column = &source->columns[source->n_columns];
        if (size == 0) {
            dk_buf_finish(&name);
            return dk_fail(err, DK_INVALID,
                           "%s: its column %zu has no name; the file is damaged: copy or export it again", source->path,
                           i + 1);
        }
        column->name = text ? strdup(text) : NULL;
        column->cut = limit > 0 && (cut || size >= full) ? (unsigned)limit : 0;
        column->optional = is_added(source, raw);
        source->raw_index[source->n_columns] = i;
        dk_buf_finish(&name);
        if (column->name == NULL)
            return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
        source->n_columns++;
    }
    return DK_OK;
}

/* What a shapefile says of its encoding, which is too often wrong to be believed where the bytes tell. */
static bool read_declared(const dk_source *source, dk_encoding *ret_encoding)
{
    char text[64] = "";
    char *name = dk_sibling(source->file, "cpg");
    FILE *file = name != NULL ? fopen(name, "rb") : NULL;
    if (file != NULL) {
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
    }
    free(name);
    if (dk_encoding_declared(text, ret_encoding))
        return true;
    *ret_encoding = DK_ENCODING_GB18030;
    return source->dbf.language == 0x4D || source->dbf.language == 0x7A; /* code page 936 */
}

/* The companions of a shapefile, or a table that stands alone. */
static dk_status examine_shapefile(dk_source *source, const dk_source_options *options, dk_error *err)
{
    uint64_t n_shapes = 0;
    char *dbf = NULL;
    dk_status status = DK_OK;
    if (source->format == DK_FORMAT_SHAPEFILE)
        status = dk_shapefile_examine(source->file, &n_shapes, err);
    else
        status = dk_shapefile_check_ending(source->file, err);
    if (status != DK_OK)
        return status;
    dbf = source->format == DK_FORMAT_SHAPEFILE ? dk_sibling(source->file, "dbf") : strdup(source->file);
    if (dbf == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    dk_encoding found = DK_ENCODING_UTF8;
    status = dk_dbf_examine(dbf, NULL, 0, &source->dbf, &found, err);
    if (status == DK_OK) {
        dk_encoding declared;
        if (source->dbf.either && options->encoding == NULL) {
            const bool says = read_declared(source, &declared);
            found = says ? declared : found;
            source->either_note = dk_encoding_either_note(says ? &declared : NULL);
        }
        source->encoding = options->encoding ? *options->encoding : found;
        if (source->format == DK_FORMAT_SHAPEFILE && n_shapes != source->dbf.n_records)
            status =
                dk_fail(err, DK_INVALID,
                        "%s: %llu shapes in the .shx and %u rows in the .dbf; the .shp, .shx and .dbf do not belong "
                        "together: copy all of them again",
                        source->path, (unsigned long long)n_shapes, source->dbf.n_records);
    }
    if (status == DK_OK)
        status = dk_dbf_rows_open(dbf, &source->dbf, &source->dbf_rows, err);
    free(dbf);
    return status;
}

static dk_status prepare_mapinfo(dk_source *source, const dk_source_options *options, dk_error *err)
{
    const size_t size = strlen(source->path);
    const bool tab = size >= 3 && strcasecmp(source->path + size - 3, "tab") == 0;
    dk_mapinfo_table table = {0};
    dk_status status = tab || !source->want_geometry ? DK_OK : dk_mif_regions_check(source->file, source->path, err);
    if (status == DK_OK)
        status = dk_mapinfo_prepare(source->file, tab, &table, err);
    if (status != DK_OK)
        return status;
    source->n_announced = table.n_rows;
    source->dbf = table.dbf;
    source->scratch = table.scratch;
    source->affine = table.affine;
    source->encoding = options->encoding ? *options->encoding : table.encoding;
    source->either_note = options->encoding == NULL ? table.either_note : NULL;
    if (table.copy != NULL) {
        free(source->file);
        source->file = table.copy;
    }
    status = tab ? dk_dbf_rows_open(table.rows_file, &source->dbf, &source->dbf_rows, err)
                 : dk_mid_rows_open(table.rows_file, table.delimiter, &source->mid_rows, err);
    free(table.rows_file);
    return status;
}

static bool is_kmz(const char *file)
{
    const size_t size = strlen(file);
    return size >= 4 && strcasecmp(file + size - 4, ".kmz") == 0;
}

/* A KMZ is a ZIP, which GDAL unpacks into memory, its parts as they are needed: they must be whole, and not too much.
 */
static dk_status check_kmz(const dk_source *source, dk_error *err)
{
    dk_archive *archive = NULL;
    const dk_archive_entry *entries;
    uint64_t whole = 0;
    FILE *nowhere = NULL;
    if (!is_kmz(source->file))
        return DK_OK;
    dk_status status = dk_archive_open(source->file, &archive, err);
    if (status != DK_OK)
        return status;
    const size_t n = dk_archive_entries(archive, &entries);
    bool kml = false;
    for (size_t i = 0; i < n; i++) {
        const size_t end = strlen(entries[i].name);
        whole += entries[i].size;
        kml |= end >= 4 && strcasecmp(entries[i].name + end - 4, ".kml") == 0;
    }
    if (!kml)
        status = dk_fail(err, DK_INVALID, "%s: there is no .kml in it; copy or export it again", source->path);
    else if (whole > KMZ_BYTES)
        status =
            dk_fail(err, DK_LIMIT, "%s: the KMZ unpacks to more than %u MiB; unpack it as a ZIP, and give the .kml",
                    source->path, KMZ_BYTES >> 20);
    else if ((nowhere = fopen("/dev/null", "wb")) == NULL)
        status = dk_fail(err, DK_IO, "%s: /dev/null cannot be opened", source->path);
    for (size_t i = 0; i < n && status == DK_OK; i++)
        status = dk_archive_unpack(archive, &entries[i], nowhere, err);
    if (nowhere != NULL)
        fclose(nowhere);
    dk_archive_close(archive);
    return status;
}

static dk_status prepare_kml(dk_source *source, dk_error *err)
{
    char *copy = NULL;
    dk_status status = check_kmz(source, err);
    if (status == DK_OK)
        status = dk_kml_names_prepare(source->file, source->path, &source->kml_names, &copy, &source->scratch, err);
    if (copy != NULL) {
        free(source->file);
        source->file = copy;
    }
    return status;
}

/* Behind it all texts are UTF-8. */
static dk_status prepare_geojson(dk_source *source, const dk_source_options *options, dk_error *err)
{
    char *copy = NULL;
    const dk_status status = dk_geojson_prepare(source->file, source->path, options->encoding, &source->written_in,
                                                &copy, &source->scratch, err);
    if (copy != NULL) {
        free(source->file);
        source->file = copy;
        source->marked = true;
    }
    return status;
}

/* Entities of a GML: GDAL leaves out those that are kept elsewhere, and says nothing. They can be declared before the
 * root element only. Every other byte of UTF-16 is 0. */
static dk_status check_gml(const dk_source *source, dk_error *err)
{
    static const char mark[] = "<!DOCTYPE";
    char head[sizeof mark] = "";
    size_t n = 0; /* bytes of the tag under way, from its < on */
    bool comment = false, found = false, root = false;
    char last[2] = "";
    FILE *file = fopen(source->file, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", source->path, strerror(errno));
    for (int c; !found && !root && (c = getc_unlocked(file)) != EOF;) {
        if (c == 0)
            continue;
        if (comment) {
            comment = !(c == '>' && last[0] == '-' && last[1] == '-');
        } else if (c == '<') {
            head[0] = '<';
            n = 1;
        } else if (n > 0 && n < sizeof mark - 1) {
            head[n++] = (char)c;
            head[n] = '\0';
            comment = strcmp(head, "<!--") == 0;
            found = strcmp(head, mark) == 0;
            root = n == 2 && c != '!' && c != '?';
            if (comment || c == '>')
                n = 0;
        }
        last[0] = last[1];
        last[1] = (char)c;
    }
    fclose(file);
    return found
               ? dk_fail(
                     err, DK_INVALID,
                     "%s: the file declares entities (<!DOCTYPE), which are not followed; export it again without them",
                     source->path)
               : DK_OK;
}

/* A .gfs beside a GML is what GDAL or QGIS once found in it, or in another of its name: GDAL would read the columns
 * that it names, and 001 as the number that it calls it. The file is read where there is none, with its schema. */
static dk_status leave_gfs(dk_source *source, dk_error *err)
{
    char *gfs = dk_sibling(source->file, "gfs"), *schema = dk_sibling(source->file, "xsd"), *link = NULL;
    const char *slash = strrchr(source->file, '/'), *base = slash != NULL ? slash + 1 : source->file;
    dk_status status = gfs != NULL ? dk_scratch_create(&source->scratch, err) : DK_OK;
    if (gfs != NULL && status == DK_OK)
        status = dk_scratch_link(source->scratch, base, source->file, err);
    if (gfs != NULL && schema != NULL && status == DK_OK) {
        slash = strrchr(schema, '/');
        status = dk_scratch_link(source->scratch, slash != NULL ? slash + 1 : schema, schema, err);
    }
    if (gfs != NULL && status == DK_OK && (link = dk_scratch_join(source->scratch, base)) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    if (link != NULL) {
        free(source->file);
        source->file = link;
    }
    free(gfs);
    free(schema);
    return status;
}

/* What people call the format of a driver. */
static const char *name_of(const char *driver)
{
    static const char *const names[][2] = {
        {"ESRI Shapefile", "shapefile"},     {"GPKG", "GeoPackage"}, {"GeoJSONSeq", "GeoJSON line by line"},
        {"OpenFileGDB", "file geodatabase"}, {"LIBKML", "KML"},      {"MapInfo File", "MapInfo table"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(driver, names[i][0]) == 0)
            return names[i][1];
    return driver;
}

/* Other formats of JSON, as ArcGIS writes one unless it is told not to. NULL: none of them. */
static const char *other_json(const dk_source *source)
{
    GDALDriverH driver = source->format == DK_FORMAT_GEOJSON ? GDALIdentifyDriver(source->file, NULL) : NULL;
    const char *name = driver != NULL ? GDALGetDriverShortName(driver) : "";
    if (strcmp(name, "ESRIJSON") == 0)
        return "Esri JSON, which is not read; export it as GeoJSON (Features To JSON with GeoJSON ticked), or as a shapefile";
    return strcmp(name, "TopoJSON") == 0 ? "TopoJSON, which is not read; export it as GeoJSON" : NULL;
}

/* MapInfo's datum 1017 is Xian 1980, whose ellipsoid GDAL's driver does not know: it leaves the size of WGS 84, metres
 * off. */
static bool mend_mapinfo_datum(OGRSpatialReferenceH crs)
{
    const char *datum = OSRGetAttrValue(crs, "DATUM", 0), *ellipsoid = OSRGetAttrValue(crs, "SPHEROID", 0);
    if (datum == NULL || ellipsoid == NULL || strcmp(datum, "Xian_1980") != 0 || strcmp(ellipsoid, "unknown") != 0)
        return true;
    return OSRSetGeogCS(crs, "Xian 1980", "Xian_1980", "IAG 1975", 6378140, 298.257, "Greenwich", 0, "degree",
                        0.0174532925199433) == OGRERR_NONE;
}

/* Of a GML whose geometries name several systems GDAL says none, and one given for all of them would be wrong for some.
 */
static dk_status check_one_crs(const dk_source *source, dk_error *err)
{
    enum { LOOKED_AT = 100 }; /* features, of which the first names one where any does */
    bool named = false;
    for (int i = 0; i < LOOKED_AT && !named; i++) {
        OGRFeatureH feature = OGR_L_GetNextFeature(source->layer);
        if (feature == NULL)
            break;
        OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
        named = geometry != NULL && OGR_G_GetSpatialReference(geometry) != NULL;
        OGR_F_Destroy(feature);
    }
    OGR_L_ResetReading(source->layer);
    return named
               ? dk_fail(
                     err, DK_INVALID,
                     "%s: its geometries name several coordinate systems (srsName), and one holds for all of a file; put "
                     "those of each system into a file of its own",
                     source->path)
               : DK_OK;
}

/* Of GeoJSON the member crs counts, where it has one. */
static dk_status read_crs(dk_source *source, dk_error *err)
{
    OGRSpatialReferenceH crs = OGR_L_GetSpatialRef(source->layer);
    dk_status status = DK_OK;
    dk_buf said;
    dk_buf_init(&said);
    if (source->format == DK_FORMAT_GEOJSON)
        status = dk_geojson_crs_text(source->file, source->path, &said, err);
    else if (source->format == DK_FORMAT_GML && crs == NULL)
        status = check_one_crs(source, err);
    const char *text = said.size > 0 ? dk_buf_cstr(&said) : NULL;
    if (status == DK_OK && said.size > 0 && text == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    } else if (status == DK_OK && text != NULL) {
        source->crs = dk_geojson_crs(text, said.size);
        size_t shown = 0;
        for (size_t i = 0; i < said.size; i++) /* with quotes of its own around it */
            if (text[i] != '"')
                said.data[shown++] = said.data[i];
        said.data[shown] = '\0';
        if (source->crs == NULL)
            snprintf(source->crs_unknown, sizeof source->crs_unknown,
                     "its member crs says \"%.*s\", which is no coordinate system that is known; say what the "
                     "coordinates are "
                     "with --crs EPSG:N, for example --crs EPSG:4490 (CGCS2000 degrees)",
                     dk_utf8_fit(text, 160), text);
    } else if (status == DK_OK && source->affine) {
        snprintf(source->crs_unknown, sizeof source->crs_unknown,
                 "its CoordSys has an affine transformation, so that its coordinates are those of a local system; have "
                 "the data "
                 "transformed to CGCS2000, or say what the coordinates are with --crs EPSG:N");
    } else if (status == DK_OK && crs != NULL) {
        source->crs = OSRClone(crs);
        if (source->crs == NULL || (source->format == DK_FORMAT_MAPINFO && !mend_mapinfo_datum(source->crs)))
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    }
    dk_buf_finish(&said);
    return status;
}

/* GDAL reads of several objects the first alone, unless they stand on lines of their own; and of lines those that it
 * can. */
static dk_status check_whole_geojson(dk_source *source, dk_error *err)
{
    int64_t line = 0;
    dk_status status = DK_OK;
    source->line_by_line = strcmp(GDALGetDriverShortName(GDALGetDatasetDriver(source->dataset)), "GeoJSONSeq") == 0;
    if (source->line_by_line)
        status = dk_geojson_records(source->file, source->path, &source->n_announced, err);
    else if (source->n_total <= 1) /* behind a FeatureCollection GDAL complains itself */
        status = dk_geojson_behind(source->file, source->path, &line, err);
    if (status == DK_OK && line > 0)
        status = dk_fail(
            err, DK_INVALID,
            "%s, line %lld: more stands behind the first object of the file, and would not be read; put all features "
            "into one FeatureCollection, or each whole on a line of its own",
            source->path, (long long)line);
    if (status == DK_OK && source->want_geometry)
        status = dk_geojson_find_holes(source->file, source->path, source->line_by_line, &source->holes, err);
    if (status == DK_OK && source->holes.n > 0 && source->holes.n_features != source->n_total)
        status = dk_fail(err, DK_INVALID,
                         "%s: %zu of its geometries have something else than numbers among their coordinates, such as "
                         "null, and what "
                         "stands in the list of features is not all features; correct it",
                         source->path, source->holes.n);
    return status;
}

/* Of several Documents GDAL reads the last, and of a KMZ with several KML what the first of them links to, if it finds
 * it. */
static dk_status check_whole_kml(const dk_source *source, dk_error *err)
{
    int64_t n = 0;
    for (int i = 0; i < GDALDatasetGetLayerCount(source->dataset); i++)
        n += OGR_L_GetFeatureCount(GDALDatasetGetLayer(source->dataset, i), 1);
    if (!source->kml_names.whole || n >= source->kml_names.n_placemarks)
        return DK_OK;
    const long long all = source->kml_names.n_placemarks, lost = all - n;
    return dk_fail(
        err, DK_INVALID,
        is_kmz(source->file)
            ? "%s: of its %lld placemarks %lld would not be read, as they are in a KML to which the first of the KMZ "
              "does not lead; unpack it as a ZIP, and give each .kml"
            : "%s: of its %lld placemarks %lld would not be read, as they stand in several Documents or in none; put "
              "all into one Document",
        source->path, all, lost);
}

/* Whether a table of a file geodatabase is there; ending: that of its file. */
static bool has_table(const dk_source *source, int64_t number, const char *ending)
{
    struct stat info;
    char *path = NULL;
    const int size = asprintf(&path, "%s/a%08llx.%s", source->file, (unsigned long long)number, ending);
    const bool there = size >= 0 && stat(path, &info) == 0;
    if (size >= 0)
        free(path);
    return there;
}

/* GDAL leaves out a layer whose table is missing or compressed, and says nothing. GDB_SystemCatalog names all tables by
 * the numbers of their files. */
static dk_status check_tables(const dk_source *source, dk_error *err)
{
    dk_status status = DK_OK;
    OGRLayerH catalogue = GDALDatasetGetLayerByName(source->dataset, "GDB_SystemCatalog");
    const int name = catalogue != NULL ? OGR_FD_GetFieldIndex(OGR_L_GetLayerDefn(catalogue), "Name") : -1;
    for (OGRFeatureH row; name >= 0 && status == DK_OK && (row = OGR_L_GetNextFeature(catalogue)) != NULL;
         OGR_F_Destroy(row)) {
        const char *table = OGR_F_GetFieldAsString(row, name);
        const int64_t number = OGR_F_GetFID(row);
        if (strncmp(table, "GDB_", 4) == 0 || has_table(source, number, "gdbtable"))
            continue;
        status =
            has_table(source, number, "cdf")
                ? dk_fail(
                      err, DK_INVALID,
                      "%s: its layer or table %s is compressed (CDF), which is not read; uncompress the geodatabase in "
                      "ArcGIS, or choose another layer with --layer",
                      source->path, table)
                : dk_fail(
                      err, DK_INVALID,
                      "%s: its layer or table %s is missing, as there is no file a%08llx.gdbtable; copy the whole folder "
                      "again, or choose another layer with --layer",
                      source->path, table, (unsigned long long)number);
    }
    CPLErrorReset();
    return status;
}

dk_status dk_source_ogr_open(dk_source *source, const char *const *drivers, const dk_source_options *options,
                             dk_error *err)
{
    static const char *const raw[] = {"ENCODING=", NULL};
    uint64_t rows = 0;
    char message[DK_ERROR_TEXT];
    static const char *const json[] = {"DATE_AS_STRING=YES", NULL};
    static const char *const gml[] = {"WRITE_GFS=NO", "DOWNLOAD_SCHEMA=NO", "EXPOSE_GML_ID=NO", "EXPOSE_FID=NO", NULL};
    const bool dbf = source->format == DK_FORMAT_SHAPEFILE || source->format == DK_FORMAT_DBF;
    dk_status status;
    if (dbf && (status = examine_shapefile(source, options, err)) != DK_OK)
        return status;
    if (source->format == DK_FORMAT_KML && (status = prepare_kml(source, err)) != DK_OK)
        return status;
    if (source->format == DK_FORMAT_GEOJSON && (status = prepare_geojson(source, options, err)) != DK_OK)
        return status;
    if (source->format == DK_FORMAT_GML && ((status = check_gml(source, err)) != DK_OK ||
                                            (status = dk_gml_shapes_check(source->file, source->path, err)) != DK_OK ||
                                            (status = leave_gfs(source, err)) != DK_OK))
        return status;
    if (source->format == DK_FORMAT_FLATGEOBUF && (status = dk_flatgeobuf_examine(source->file, &rows, err)) != DK_OK)
        return status;
    if (source->format == DK_FORMAT_MAPINFO && (status = prepare_mapinfo(source, options, err)) != DK_OK)
        return status;
    if (GDALGetDriverByName(drivers[0]) == NULL)
        return dk_fail(err, DK_INVALID,
                       "%s: the GDAL of this machine has no driver %s; install one that has it, or save the data as "
                       "GeoPackage",
                       source->path, drivers[0]);
    CPLErrorReset();
    source->dataset = GDALOpenEx(source->file, GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, drivers,
                                 dbf                                   ? raw
                                 : source->format == DK_FORMAT_GEOJSON ? json
                                 : source->format == DK_FORMAT_GML     ? gml
                                                                       : NULL,
                                 NULL);
    if (source->dataset == NULL) {
        useful_message(message);
        const char *other = other_json(source);
        if (other != NULL)
            return dk_fail(err, DK_INVALID, "%s: this is %s", source->path, other);
        return dk_fail(
            err, DK_INVALID,
            "%s: cannot be read as %s; the file is damaged, or of another format than its name says%s%s%s; save it "
            "again%s",
            source->path, name_of(drivers[0]), message[0] ? " (" : "", message, message[0] ? ")" : "",
            source->format == DK_FORMAT_KML || source->format == DK_FORMAT_GML ? " in UTF-8" : "");
    }
    status = source->format == DK_FORMAT_KML ? check_whole_kml(source, err) : DK_OK;
    if (source->format == DK_FORMAT_FILEGDB &&
        (options->layer == NULL || GDALDatasetGetLayerByName(source->dataset, options->layer) == NULL))
        status = check_tables(source, err);
    if (status == DK_OK)
        status = choose_layer(source, options, err);
    if (status != DK_OK)
        return status;
    source->decoder = dk_decoder_create(source->encoding);
    if (source->decoder == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    source->n_total = OGR_L_GetFeatureCount(source->layer, 0);
    if (source->format == DK_FORMAT_FILEGDB && OGR_FD_GetFieldCount(OGR_L_GetLayerDefn(source->layer)) == 0 &&
        CPLGetLastErrorType() == CE_Failure) /* GDAL shows a layer without fields and rows */
        return dk_fail(
            err, DK_INVALID,
            "%s: its layer %s cannot be read: it is damaged, or has fields of the types that ArcGIS Pro 3.2 brought "
            "(Big Integer, Date Only, Time Only, Timestamp Offset); copy the whole folder again, or export the layer "
            "with fields of other types",
            source->path, OGR_L_GetName(source->layer));
    if (source->format == DK_FORMAT_FILEGDB && strstr(dk_gdal_message(), "possibly ignoring features") != NULL)
        return dk_fail(err, DK_INVALID,
                       "%s: its .gdbtablx knows fewer rows than the .gdbtable says; copy the whole folder again",
                       source->path);
    if (source->format == DK_FORMAT_GEOJSON && source->n_total == 0 &&
        OGR_FD_GetFieldCount(OGR_L_GetLayerDefn(source->layer)) == 0) /* whose columns are those of its rows */
        return dk_fail(err, DK_INVALID, "%s: the file has no rows; is it the right one, and whole?", source->path);
    if (source->format == DK_FORMAT_GEOJSON && (status = check_whole_geojson(source, err)) != DK_OK)
        return status;
    if (source->format == DK_FORMAT_FLATGEOBUF)
        source->n_announced = (int64_t)rows;
    else if (source->format == DK_FORMAT_GPKG || source->format == DK_FORMAT_FILEGDB)
        source->n_announced = source->n_total;
    if (source->want_geometry && (status = read_crs(source, err)) != DK_OK)
        return status;
    if (!source->want_geometry) {
        const char *ignored[] = {"OGR_GEOMETRY", NULL};
        OGR_L_SetIgnoredFields(source->layer, ignored);
    }
    status = name_columns(source, options, err);
    CPLErrorReset();
    return status;
}

/* dk_source_text does not copy what is valid: this does, of a text that will not last as long as the row. */
static void own_text(dk_source *source, dk_cell *cell, const char *text)
{
    if (cell->text != text)
        return;
    cell->text = NULL;
    cell->integer = (int64_t)source->arena.size;
    dk_buf_append(&source->arena, text, strlen(text) + 1);
}

static void tell_once(dk_source *source, size_t i, dk_told_once *io_told)
{
    if (io_told->count++ == 0) {
        io_told->row = source->row;
        io_told->raw_index = i;
    }
}

static void set_raw_text(dk_source *source, size_t i, const unsigned char *text, size_t size, bool no_number)
{
    dk_cell *cell = &source->raw[i];
    *cell = (dk_cell){.type = DK_CELL_TEXT, .integer = (int64_t)source->arena.size, .no_number = no_number};
    dk_decode(source->decoder, (const char *)text, size, false, &source->arena, NULL);
    cell->size = source->arena.size - (size_t)cell->integer;
    dk_buf_byte(&source->arena, 0);
}

/* "Value '7号' of field LAYER.FIELD parsed incompletely to integer 7." is what GDAL says of a number that its schema
 * promises and that is none, or has no room. Kept for the row at hand. */
static void CPL_STDCALL keep_unparsed(CPLErr level, CPLErrorNum code, const char *message)
{
    static const char begin[] = "Value '", middle[] = "' of field ", end[] = " parsed incompletely to ";
    dk_source *source = CPLGetErrorHandlerUserData();
    const char *stop = NULL, *field = NULL;
    (void)level, (void)code;
    if (strncmp(message, begin, sizeof begin - 1) != 0)
        return;
    for (const char *at = message; (at = strstr(at, end)) != NULL; at++)
        stop = at;
    for (const char *at = message; stop != NULL && (at = strstr(at, middle)) != NULL && at < stop; at++)
        field = at + sizeof middle - 1;
    if (field == NULL)
        return;
    const char *value = message + sizeof begin - 1, *layer = OGR_L_GetName(source->layer);
    const size_t size = (size_t)(field - value) - (sizeof middle - 1), n = strlen(layer) + 1;
    dk_buf name;
    dk_buf_init(&name);
    if ((size_t)(stop - field) > n)
        dk_buf_append(&name, field + n, (size_t)(stop - field) - n);
    const char *text = dk_buf_cstr(&name);
    const int i = text != NULL ? OGR_FD_GetFieldIndex(OGR_L_GetLayerDefn(source->layer), text) : -1;
    if (i >= 0) {
        dk_buf_append(&source->unparsed, &i, sizeof i);
        dk_buf_append(&source->unparsed, value, size);
        dk_buf_byte(&source->unparsed, 0);
    }
    dk_buf_finish(&name);
}

/* The next feature of a GML, whose schema says which fields are numbers. */
static OGRFeatureH next_of_schema(dk_source *source)
{
    dk_buf_clear(&source->unparsed);
    CPLPushErrorHandlerEx(keep_unparsed, source);
    OGRFeatureH feature = OGR_L_GetNextFeature(source->layer);
    CPLPopErrorHandler();
    return feature;
}

/* A number that has no room counts as it stands. */
static void set_unparsed(dk_source *source)
{
    for (size_t at = 0; at < source->unparsed.size;) {
        int i;
        memcpy(&i, source->unparsed.data + at, sizeof i);
        const unsigned char *text = source->unparsed.data + at + sizeof i;
        const size_t size = strlen((const char *)text);
        const unsigned char *number;
        size_t n;
        const dk_dbf_number kind = dk_dbf_number_read(text, size, &number, &n);
        set_raw_text(source, (size_t)i, text, size, kind != DK_DBF_WHOLE && kind != DK_DBF_DECIMAL);
        at += sizeof i + size + 1;
    }
}

/* A field of numbers of a DBF or a MIF, of which GDAL takes what it can: of 1.5x 1.5, of abc 0. true: the cell is set.
 */
static bool set_raw_number(dk_source *source, size_t i, OGRFieldType type, const unsigned char *field, size_t width)
{
    dk_cell *cell = &source->raw[i];
    const unsigned char *text;
    size_t size;
    char number[256];
    switch (dk_dbf_number_read(field, width, &text, &size)) {
    case DK_DBF_NONE:
        return true;
    case DK_DBF_ASTERISKS:
        tell_once(source, i, &source->asterisks);
        return true;
    case DK_DBF_WHOLE:
        if (type != OFTInteger || size > 18)
            return false;
        memcpy(number, text, size); /* in a MIF it may be beyond what the column holds */
        number[size] = '\0';
        cell->type = DK_CELL_INTEGER;
        cell->integer = strtoll(number, NULL, 10);
        return true;
    case DK_DBF_DECIMAL:
        if (type == OFTReal || size >= sizeof number)
            return false;
        memcpy(number, text, size); /* in a column of whole numbers */
        number[size] = '\0';
        cell->type = DK_CELL_REAL;
        cell->real = CPLAtof(number);
        return true;
    case DK_DBF_NO_NUMBER:
        break;
    }
    set_raw_text(source, i, text, size, true);
    return true;
}

static bool is_number_type(OGRFieldType type)
{
    return type == OFTReal || type == OFTInteger || type == OFTInteger64;
}

/* Whether a number, as far as GDAL can read it, is the one that it has read. */
static bool number_fits(const dk_mid_field *field, double read, bool whole)
{
    const unsigned char *text;
    size_t size;
    char copy[64];
    const dk_dbf_number kind = dk_dbf_number_read(field->text, field->size, &text, &size);
    if ((kind != DK_DBF_WHOLE && kind != DK_DBF_DECIMAL) || size >= sizeof copy)
        return true;
    memcpy(copy, text, size);
    copy[size] = '\0';
    const double there = CPLAtof(copy), bound = whole ? 1 : 1e-9 * fmax(1, fabs(there));
    return (whole && fabs(there) >= INT32_MAX) || fabs(there - read) < bound;
}

/* The same of a text, which may be cut; one with marks that are quoted in ways of its own is not looked at. */
static bool text_fits(const dk_mid_field *field, const char *read)
{
    size_t size = field->size, n = strlen(read);
    const unsigned char *text = field->text;
    for (; size > 0 && *text <= ' '; size--)
        text++;
    for (; n > 0 && (unsigned char)*read <= ' '; n--)
        read++;
    if (memchr(text, '"', size) != NULL || memchr(text, '\\', size) != NULL || memchr(text, 0, size) != NULL)
        return true;
    return (size == 0) == (n == 0) && memcmp(text, read, size < n ? size : n) == 0;
}

/* Whether the row of a .mid is that of the feature: what GDAL can read is the same in both. */
static bool mid_fits(dk_source *source, OGRFeatureDefnH defn, const dk_mid_field *fields, size_t n)
{
    bool fits = true;
    for (size_t i = 0; i < n && fits; i++) {
        const OGRFieldType type = OGR_Fld_GetType(OGR_FD_GetFieldDefn(defn, (int)i));
        if (is_number_type(type))
            fits = number_fits(&fields[i], OGR_F_GetFieldAsDouble(source->feature, (int)i), type != OFTReal);
        else if (type == OFTString)
            fits = text_fits(&fields[i], OGR_F_GetFieldAsString(source->feature, (int)i));
    }
    return fits;
}

/* A field of a MIF as its .mid has it, where GDAL reads less of it. true: the cell is set. */
static bool set_mid_cell(dk_source *source, size_t i, OGRFieldType type)
{
    const dk_mid_field *field = &source->mid[i];
    if (is_number_type(type))
        return set_raw_number(source, i, type, field->text, field->size);
    if ((type != OFTDate && type != OFTDateTime && type != OFTTime) || field->size == 0 ||
        OGR_F_IsFieldSetAndNotNull(source->feature, (int)i))
        return false;
    set_raw_text(source, i, field->text, field->size, false); /* a date written otherwise than YYYYMMDD */
    return true;
}

/* What a copy of a GeoJSON says of its original. */
static void find_marks(dk_source *source, size_t i, const char *text)
{
    const char *name = dk_source_raw_name(source, i);
    if (strstr(text, DK_GEOJSON_NO_TEXT) != NULL)
        dk_source_bad_bytes(source, i);
    else if (strstr(text, DK_GEOJSON_NUL) != NULL && source->problem[0] == '\0')
        snprintf(source->problem, sizeof source->problem,
                 "column %s: a NUL character (\\u0000) stands in its text; take it out", name != NULL ? name : "?");
}

/* Of a whole number with more digits than it has room for GDAL makes the largest of a GeoJSON's. */
static void set_integer(dk_source *source, size_t i, int64_t number)
{
    dk_cell *cell = &source->raw[i];
    if (source->format == DK_FORMAT_GEOJSON && (number == INT64_MAX || number == INT64_MIN)) {
        cell->type = DK_CELL_TEXT;
        cell->unread =
            "a whole number of more than 18 digits, which is not read as a number; write it as a text, in quotes";
    } else {
        cell->type = DK_CELL_INTEGER;
        cell->integer = number;
    }
}

static bool is_list(OGRFieldType type)
{
    return type == OFTStringList || type == OFTIntegerList || type == OFTInteger64List || type == OFTRealList;
}

/* The values of an array of a GeoJSON, or of an element that a GML has several times, as a cell of a ledger has them.
 */
static void set_list(dk_source *source, size_t i, OGRFieldType type)
{
    static const char between[] = "、";
    const int field = (int)i;
    int n = 0;
    dk_buf text;
    dk_buf_init(&text);
    if (type == OFTStringList) {
        char **texts = OGR_F_GetFieldAsStringList(source->feature, field);
        for (; texts != NULL && texts[n] != NULL; n++)
            dk_buf_format(&text, "%s%s", n > 0 ? between : "", texts[n]);
    } else if (type == OFTRealList) {
        const double *numbers = OGR_F_GetFieldAsDoubleList(source->feature, field, &n);
        for (int k = 0; k < n; k++)
            dk_buf_format(&text, "%s%.15g", k > 0 ? between : "", numbers[k]);
    } else if (type == OFTInteger64List) {
        const GIntBig *numbers = OGR_F_GetFieldAsInteger64List(source->feature, field, &n);
        for (int k = 0; k < n; k++)
            dk_buf_format(&text, "%s%lld", k > 0 ? between : "", (long long)numbers[k]);
    } else {
        const int *numbers = OGR_F_GetFieldAsIntegerList(source->feature, field, &n);
        for (int k = 0; k < n; k++)
            dk_buf_format(&text, "%s%d", k > 0 ? between : "", numbers[k]);
    }
    const char *whole = dk_buf_cstr(&text);
    if (whole == NULL) {
        source->arena.failed = true;
    } else {
        dk_source_text(source, i, whole, text.size, 0);
        if (source->marked)
            find_marks(source, i, whole);
        own_text(source, &source->raw[i], whole);
    }
    dk_buf_finish(&text);
}

static void set_cell(dk_source *source, size_t i, OGRFieldType type)
{
    dk_cell *cell = &source->raw[i];
    const int field = (int)i;
    *cell = (dk_cell){.type = DK_CELL_EMPTY, .text = "", .size = 0};
    if (source->record != NULL) {
        const dk_dbf_field *raw = &source->dbf.fields[i];
        /* Of a TAB, whose whole numbers, dates and the like are binary and said to be texts, decimals alone are texts.
         */
        const bool tab = source->format == DK_FORMAT_MAPINFO;
        const char *unread = tab ? NULL : dk_dbf_unread(raw, source->record + raw->offset);
        if (unread != NULL) {
            *cell = (dk_cell){.type = DK_CELL_TEXT, .text = "", .unread = unread};
            return;
        }
        const bool number = (raw->type == 'N' || raw->type == 'F') && (!tab || is_number_type(type));
        if ((number || (raw->type == 'C' && (!tab || type == OFTString))) &&
            dk_dbf_text_goes_on(source->record + raw->offset, raw->width))
            tell_once(source, i, &source->nuls);
        if (number && set_raw_number(source, i, type, source->record + raw->offset, raw->width))
            return;
    }
    if (source->mid != NULL && set_mid_cell(source, i, type))
        return;
    /* One call of GDAL instead of two, which ask for the field's definition again. */
    const OGRField *value = OGR_F_GetRawFieldRef(source->feature, field);
    if (OGR_RawField_IsUnset(value) || OGR_RawField_IsNull(value))
        return;
    switch (type) {
    case OFTInteger:
        set_integer(source, i, value->Integer);
        break;
    case OFTInteger64:
        set_integer(source, i, value->Integer64);
        break;
    case OFTReal:
        cell->type = DK_CELL_REAL;
        cell->real = value->Real;
        if (OGR_Fld_GetSubType(OGR_F_GetFieldDefnRef(source->feature, field)) == OFSTFloat32)
            cell->real = dk_cell_single(cell->real);
        break;
    case OFTDate:
    case OFTDateTime: {
        int year, month, day, hour, minute, second, zone;
        char date[64];
        if (!OGR_F_GetFieldAsDateTime(source->feature, field, &year, &month, &day, &hour, &minute, &second, &zone))
            break;
        const int size = snprintf(date, sizeof date, "%04d-%02d-%02d", year, month, day);
        /* 100 is UTC, and 1 more a quarter of an hour. A GeoPackage always says UTC, also of what is none (OGC
         * 12-128r17, table 1); a file geodatabase keeps the time of where it is, of which GDAL says UTC. */
        const bool zoned = zone > 1 && source->format != DK_FORMAT_GPKG && source->format != DK_FORMAT_FILEGDB;
        if (type == OFTDateTime && zoned && size == 10)
            dk_date_in_china(date, hour * 60 + minute, (zone - 100) * 15);
        dk_source_text(source, i, date, (size_t)size, 0);
        own_text(source, cell, date);
        cell->type = DK_CELL_DATE;
        break;
    }
    default: {
        if (type != OFTString && is_list(type)) {
            set_list(source, i, type);
            break;
        }
        const char *text =
            type == OFTString ? value->String : OGR_F_GetFieldAsString(source->feature, field); /* of times a text */
        const size_t width = i < source->dbf.n_fields && source->format != DK_FORMAT_MAPINFO
                                 ? source->dbf.fields[i].width
                             : source->format == DK_FORMAT_MAPINFO
                                 ? (size_t)OGR_Fld_GetWidth(OGR_F_GetFieldDefnRef(source->feature, field))
                                 : 0;
        dk_source_text(source, i, text, strlen(text), width);
        if (source->marked)
            find_marks(source, i, text);
        if (type != OFTString) /* of times GDAL makes a text, which the next such field takes the place of */
            own_text(source, cell, text);
        break;
    }
    }
}

/* Writes behind what stands in a cell of a GML the unit that its uom says, as a cell of a ledger may have it: m2, or
 * the end of an address or a name that ends so. */
static void add_unit(dk_source *source, size_t i)
{
    dk_cell *cell = &source->raw[i];
    dk_unit unit;
    dk_buf text, said;
    const char *name = OGR_F_GetFieldAsString(source->feature, source->units[i]);
    for (const char *mark; (mark = strpbrk(name, "/:#")) != NULL;)
        name = mark + 1;
    if (cell->type == DK_CELL_EMPTY || *name == '\0')
        return;
    dk_buf_init(&text);
    dk_buf_init(&said);
    dk_text_fold(name, strlen(name), &said);
    if (cell->type == DK_CELL_INTEGER)
        dk_buf_format(&text, "%lld", (long long)cell->integer);
    else if (cell->type == DK_CELL_REAL)
        dk_buf_format(&text, "%.15g", cell->real);
    else
        dk_buf_append(&text, cell->text != NULL ? cell->text : (const char *)source->arena.data + cell->integer,
                      cell->size);
    dk_buf_append(&text, said.data, said.size);
    if (text.failed || said.failed)
        source->arena.failed = true;
    else if (dk_unit_parse((const char *)said.data, said.size, &unit))
        set_raw_text(source, i, text.data, text.size, false);
    else
        *cell = (dk_cell){
            .type = DK_CELL_TEXT, .text = "", .unread = "its unit (uom) is none that is known; say m2, ha, km2 or 亩"};
    dk_buf_finish(&text);
    dk_buf_finish(&said);
}

/* The count of a GeoPackage is a note of GDAL's (gpkg_ogr_contents), which other programs forget to keep: whether rows
 * are lost SQLite knows. */
static bool is_whole_geopackage(dk_source *source)
{
    if (source->format != DK_FORMAT_GPKG)
        return false;
    OGRLayerH answer =
        GDALDatasetExecuteSQL(source->dataset, "SELECT quick_check FROM pragma_quick_check(1)", NULL, NULL);
    if (answer == NULL)
        return false;
    OGRFeatureH line = OGR_L_GetNextFeature(answer);
    const bool whole = line != NULL && strcmp(OGR_F_GetFieldAsString(line, 0), "ok") == 0;
    if (line != NULL)
        OGR_F_Destroy(line);
    GDALDatasetReleaseResultSet(source->dataset, answer);
    return whole;
}

/* Lines of a GeoJSON line by line of which GDAL made no feature. */
static dk_status lines_lost(const dk_source *source, dk_error *err)
{
    char first[48] = "";
    if (source->passed_over > 0)
        snprintf(first, sizeof first, ", the first of them row %lld", (long long)source->passed_over);
    return dk_fail(err, DK_INVALID,
                   "%s: of its %lld lines %lld are no whole feature%s; correct them or take them out, or export the "
                   "file again, each "
                   "feature on a line of its own",
                   source->path, (long long)source->n_announced, (long long)(source->n_announced - source->n_read),
                   first);
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* A row of a GeoJSON of which GDAL gives no geometry: whether it has none, or one that GDAL cannot read. */
static dk_status check_undrawn(dk_source *source, dk_error *err)
{
    if (!source->undrawn_known) {
        const dk_status status =
            dk_geojson_find_undrawn(source->file, source->path, source->line_by_line, &source->undrawn, err);
        if (status != DK_OK)
            return status;
        source->undrawn_known = true;
    }
    const dk_geojson_holes *undrawn = &source->undrawn;
    const int64_t all = source->line_by_line ? source->n_announced : source->n_total;
    if (undrawn->n_features == all && source->problem[0] == '\0' &&
        (undrawn->n == 0 ||
         bsearch(&source->n_read, undrawn->rows, undrawn->n, sizeof *undrawn->rows, by_number) == NULL))
        snprintf(
            source->problem, sizeof source->problem,
            "its geometry cannot be read: it is no object with a type of GeoJSON's and the lists in lists that are its "
            "coordinates (a Polygon is a list of rings, a ring a list of positions); correct it in the source");
    return DK_OK;
}

/* Puts rings that run the wrong way in the order that is meant. */
static dk_status order_rings(dk_source *source, dk_error *err)
{
    OGRGeometryH geometry = OGR_F_GetGeometryRef(source->feature), ordered = NULL;
    if (geometry == NULL)
        return DK_OK;
    if (dk_shape_rings_order(geometry, &ordered) != DK_OK ||
        (ordered != NULL && OGR_F_SetGeometryDirectly(source->feature, ordered) != OGRERR_NONE))
        return dk_fail(err, DK_NOMEM, "%s, row %lld: out of memory", source->path, (long long)source->row);
    if (ordered != NULL)
        tell_once(source, 0, &source->turned);
    return DK_OK;
}

dk_status dk_source_ogr_next(dk_source *source, dk_error *err)
{
    if (source->feature != NULL)
        OGR_F_Destroy(source->feature);
    CPLErrorReset();
    source->feature = source->format == DK_FORMAT_GML ? next_of_schema(source) : OGR_L_GetNextFeature(source->layer);
    if (source->unparsed.failed)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    const bool passed_over = source->line_by_line && strncmp(dk_gdal_message(), "JSON parsing error", 18) == 0;
    if (passed_over && source->passed_over == 0) /* a line of blanks, too, which is no loss */
        source->passed_over = source->n_read + 1;
    if (source->feature == NULL) {
        if (source->line_by_line && source->n_read < source->n_announced)
            return lines_lost(source, err);
        if (passed_over)
            return DK_END;
        if (CPLGetLastErrorType() == CE_Failure || CPLGetLastErrorType() == CE_Fatal) {
            char message[DK_ERROR_TEXT];
            useful_message(message);
            return dk_fail(err, DK_INVALID,
                           "%s: reading stops after %lld rows%s%s; the file is damaged: copy or export it again",
                           source->path, (long long)source->n_read, message[0] ? ": " : "", message);
        }
        if (source->n_read < source->n_announced && !is_whole_geopackage(source))
            return dk_fail(
                err, DK_INVALID,
                "%s: %lld rows are in it, fewer than the %lld that it announces; the file is damaged: copy or "
                "export it again",
                source->path, (long long)source->n_read, (long long)source->n_announced);
        return DK_END;
    }
    source->n_read++;
    /* A GeoJSON is parsed ahead of its rows, so that of which one GDAL complains is not said. */
    const bool complained = CPLGetLastErrorType() == CE_Failure && !passed_over &&
                            (source->format != DK_FORMAT_GEOJSON || source->line_by_line);
    const bool unread =
        source->want_geometry && complained && (source->line_by_line || OGR_F_GetGeometryRef(source->feature) == NULL);
    const bool hole = source->next_hole < source->holes.n && source->holes.rows[source->next_hole] == source->n_read;
    source->next_hole += hole;
    const int64_t fid = OGR_F_GetFID(source->feature);
    switch (source->format) {
    case DK_FORMAT_SHAPEFILE:
    case DK_FORMAT_DBF:
        source->row = fid + 1;
        break;
    case DK_FORMAT_GPKG:
    case DK_FORMAT_FILEGDB:
        source->row = fid;
        break;
    default:
        source->row = source->n_read;
    }
    const int n = OGR_F_GetFieldCount(source->feature);
    if (!dk_source_raw_room(source, (size_t)n))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    if (hole || (unread && source->line_by_line)) /* GDAL leaves out the ring, the part or all of it */
        snprintf(source->problem, sizeof source->problem,
                 "its geometry cannot be read whole: among its coordinates stands something else than numbers, such as "
                 "null, or a "
                 "number alone; correct it in the source");
    else if (unread)
        snprintf(source->problem, sizeof source->problem,
                 "its geometry cannot be read; the file is damaged: copy or export it again");
    if (source->format == DK_FORMAT_GEOJSON && source->want_geometry && OGR_F_GetGeometryRef(source->feature) == NULL) {
        const dk_status status = check_undrawn(source, err);
        if (status != DK_OK)
            return status;
    }
    if (source->format == DK_FORMAT_SHAPEFILE && source->want_geometry) {
        const dk_status status = order_rings(source, err);
        if (status != DK_OK)
            return status;
    }
    const int64_t first = source->format == DK_FORMAT_MAPINFO; /* the number of the first record */
    if (source->dbf_rows != NULL && source->dbf.n_fields == (size_t)n && fid >= first &&
        (source->record = dk_dbf_rows_at(source->dbf_rows, (uint32_t)(fid - first))) == NULL)
        return dk_fail(err, DK_IO, "%s, row %lld: its attributes cannot be read", source->path, (long long)source->row);
    OGRFeatureDefnH defn = OGR_L_GetLayerDefn(source->layer);
    source->mid = source->mid_rows != NULL ? dk_mid_rows_next(source->mid_rows, (size_t)n) : NULL;
    if (source->mid != NULL && !mid_fits(source, defn, source->mid, (size_t)n)) {
        source->mid = NULL; /* read otherwise than GDAL does: that counts, as for all other fields */
        dk_mid_rows_close(source->mid_rows);
        source->mid_rows = NULL;
    }
    for (int i = 0; i < n; i++)
        set_cell(source, (size_t)i, OGR_Fld_GetType(OGR_FD_GetFieldDefn(defn, i)));
    set_unparsed(source);
    for (int i = 0; i < n && source->units != NULL; i++)
        if (source->units[i] >= 0)
            add_unit(source, (size_t)i);
    return dk_source_fix(source, err);
}

const char *dk_source_ogr_notes(dk_source *source)
{
    dk_buf *said = &source->said;
    dk_buf_clear(said);
    if (source->written_in != DK_ENCODING_UTF8)
        dk_buf_format(said, "its texts are in %s, not in UTF-8 as those of a GeoJSON should be, and were decoded\n",
                      dk_encoding_name(source->written_in));
    if (source->kml_names.n_overlays > 0)
        dk_buf_format(said, "%lld pictures that are laid on the map (GroundOverlay) were not read\n",
                      (long long)source->kml_names.n_overlays);
    if (source->turned.count > 0)
        dk_buf_format(
            said,
            "the rings of %lld polygons run the wrong way, of the first in row %lld: which are holes was told by which "
            "lies in which\n",
            (long long)source->turned.count, (long long)source->turned.row);
    if (source->kml_names.n_links > 0 && !is_kmz(source->path)) /* in a KMZ they are followed, or the file is refused */
        dk_buf_format(said, "%lld links to other files (NetworkLink) were not followed; load what they lead to, too\n",
                      (long long)source->kml_names.n_links);
    if (source->kml_names.n_unread > 0)
        dk_buf_format(said,
                      "%lld columns of data (SimpleData) were not read, as the file has no Schema that declares them\n",
                      (long long)source->kml_names.n_unread);
    if (source->asterisks.count > 0)
        dk_buf_format(
            said,
            "%lld numbers are nothing but asterisks, the first in row %lld, column %s: they are taken as empty%s, so look at "
            "them\n",
            (long long)source->asterisks.count, (long long)source->asterisks.row,
            dk_source_raw_name(source, source->asterisks.raw_index),
            source->format == DK_FORMAT_MAPINFO ? "; they stand for a number that had no room"
                                                : ", as QGIS means it; dBASE means a number that had no room");
    if (source->nuls.count > 0)
        dk_buf_format(
            said,
            "%lld texts hold a NUL byte, the first in row %lld, column %s, and what stands behind it was left "
            "out; correct it if it is no rubbish\n",
            (long long)source->nuls.count, (long long)source->nuls.row,
            dk_source_raw_name(source, source->nuls.raw_index));
    return said->size > 0 ? dk_buf_cstr(said) : "";
}
