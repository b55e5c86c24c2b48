/* Opening what GDAL reads: what has to be known of each format before, so that nothing in it is passed over. */
#include "ingest/ogr_internal.h"

#include "ingest/archive.h"
#include "ingest/flatgeobuf.h"
#include "ingest/geojson_crs.h"
#include "ingest/geojson_text.h"
#include "ingest/geojson_whole.h"
#include "ingest/gml_shapes.h"
#include "ingest/mapinfo.h"
#include "ingest/mif_regions.h"
#include "ingest/shapefile.h"
#include "ingest/values.h"

#include <cpl_error.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define KMZ_BYTES (512u << 20)

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

/* A KMZ is a ZIP, which GDAL unpacks into memory, its parts as they are needed: they must be whole, and not too much.
 */
static dk_status check_kmz(const dk_source *source, dk_error *err)
{
    dk_archive *archive = NULL;
    const dk_archive_entry *entries;
    uint64_t whole = 0;
    FILE *nowhere = NULL;
    if (!dk_is_kmz(source->file))
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
        dk_is_kmz(source->file)
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
        dk_gdal_useful_message(message);
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
