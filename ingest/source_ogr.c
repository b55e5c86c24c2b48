/* Sources that GDAL reads: GDAL itself, and their rows one by one. */
#include "ingest/ogr_internal.h"

#include "ingest/geojson_whole.h"
#include "ingest/shape_rings.h"
#include "store/text.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_http.h>
#include <cpl_string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

const char *dk_gdal_useful_message(char ret[DK_ERROR_TEXT])
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

bool dk_is_kmz(const char *file)
{
    const size_t size = strlen(file);
    return size >= 4 && strcasecmp(file + size - 4, ".kmz") == 0;
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
        dk_source_tell_once(source, 0, &source->turned);
    return DK_OK;
}

dk_status dk_source_ogr_next(dk_source *source, dk_error *err)
{
    if (source->feature != NULL)
        OGR_F_Destroy(source->feature);
    CPLErrorReset();
    source->feature =
        source->format == DK_FORMAT_GML ? dk_ogr_next_of_schema(source) : OGR_L_GetNextFeature(source->layer);
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
            dk_gdal_useful_message(message);
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
    dk_ogr_set_cells(source, (size_t)n);
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
    if (source->kml_names.n_links > 0 &&
        !dk_is_kmz(source->path)) /* in a KMZ they are followed, or the file is refused */
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
