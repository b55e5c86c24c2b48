#include "ingest/source_internal.h"

#include "ingest/crs.h"
#include "ingest/mining_txt.h"

#include "ingest/shapefile.h"
#include "store/text.h"

#include <cpl_error.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool dk_source_raw_extend(dk_source *source, size_t n)
{
    if (n > source->raw_capacity) {
        dk_cell *raw = realloc(source->raw, n * sizeof *raw);
        if (raw == NULL)
            return false;
        source->raw = raw;
        source->raw_capacity = n;
    }
    for (; source->n_raw < n; source->n_raw++)
        source->raw[source->n_raw] = (dk_cell){.text = ""};
    return true;
}

bool dk_source_raw_room(dk_source *source, size_t n)
{
    if (!dk_source_raw_extend(source, n))
        return false;
    source->n_raw = n;
    source->problem[0] = '\0';
    dk_buf_clear(&source->arena);
    return true;
}

const char *dk_source_raw_name(const dk_source *source, size_t raw_index)
{
    for (size_t i = 0; i < source->n_columns; i++)
        if (source->raw_index[i] == raw_index)
            return source->columns[i].name;
    return NULL;
}

void dk_source_bad_bytes(dk_source *source, size_t raw_index)
{
    if (source->problem[0] != '\0')
        return;
    const char *name = dk_source_raw_name(source, raw_index);
    char number[40];
    snprintf(number, sizeof number, "%zu", raw_index + 1);
    snprintf(source->problem, sizeof source->problem,
             "column %s: its bytes are not text in %s; correct them, or say which encoding it is with --encoding",
             name ? name : number, dk_encoding_name(dk_source_encoding(source)));
}

void dk_source_text(dk_source *source, size_t i, const char *text, size_t size, size_t width)
{
    dk_cell *cell = &source->raw[i];
    *cell = (dk_cell){.type = size > 0 ? DK_CELL_TEXT : DK_CELL_EMPTY, .text = text, .size = size};
    size_t ascii = 0;
    while (ascii < size && (unsigned char)text[ascii] < 0x80)
        ascii++;
    if (ascii == size && source->format != DK_FORMAT_CSV)
        return;
    if (source->encoding == DK_ENCODING_UTF8 && source->format != DK_FORMAT_CSV && dk_utf8_valid(text, size))
        return;
    const size_t at = source->arena.size;
    bool cut = false;
    /* The width of a field of characters is in bytes, but GDAL has taken off the blanks at its end: nothing is cut
     * then. */
    if (!dk_decode(source->decoder, text, size, width > 0 && size >= width, &source->arena, &cut))
        dk_source_bad_bytes(source, i);
    source->cut_texts += cut;
    cell->size = source->arena.size - at;
    cell->text = NULL;
    cell->integer = (int64_t)at;
    dk_buf_byte(&source->arena, 0);
}

dk_status dk_source_fix(dk_source *source, dk_error *err)
{
    if (source->arena.failed)
        return dk_fail(err, DK_NOMEM, "%s, row %lld: out of memory", source->path, (long long)source->row);
    for (size_t i = 0; i < source->n_raw; i++) {
        dk_cell *cell = &source->raw[i];
        if (cell->text == NULL) {
            cell->text = (const char *)source->arena.data + cell->integer;
            if (cell->type == DK_CELL_DATE)
                cell->size = strlen(cell->text);
        }
    }
    return DK_OK;
}

static dk_status csv_next(dk_source *source, dk_error *err)
{
    const dk_csv_cell *cells;
    size_t n;
    const dk_status status = dk_csv_next(source->csv, &source->row, &cells, &n, err);
    if (status != DK_OK)
        return status;
    if (!dk_source_raw_room(source, n))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    for (size_t i = 0; i < n; i++) {
        /* ="001": how text is written so that Excel leaves it alone. */
        const bool proof = cells[i].size >= 3 && memcmp(cells[i].data, "=\"", 2) == 0 &&
                           cells[i].data[cells[i].size - 1] == '"' &&
                           memchr(cells[i].data + 2, '"', cells[i].size - 3) == NULL;
        dk_source_text(source, i, cells[i].data + (proof ? 2 : 0), cells[i].size - (proof ? 3 : 0), 0);
    }
    source->n_read++;
    return dk_source_fix(source, err);
}

static dk_status sheet_next(dk_source *source, dk_error *err)
{
    dk_sheet_row row;
    const dk_status status = dk_sheet_next(source->sheet, &row, err);
    if (status != DK_OK)
        return status;
    if (!dk_source_raw_room(source, row.n))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", source->path);
    if (row.n > 0)
        memcpy(source->raw, row.cells, row.n * sizeof *row.cells);
    source->row = row.number;
    source->hidden = row.hidden;
    source->n_read++;
    if (row.problem != NULL)
        snprintf(source->problem, sizeof source->problem, "%s", row.problem);
    return DK_OK;
}

dk_status dk_source_raw_next(dk_source *source, dk_error *err)
{
    if (source->sheet != NULL)
        return sheet_next(source, err);
    if (source->survey != NULL)
        return dk_source_survey_next(source, err);
    if (source->reader != NULL)
        return source->reader->next(source, err);
    return source->csv != NULL ? csv_next(source, err) : dk_source_ogr_next(source, err);
}

/* ---- opening ---- */

typedef struct known_format {
    const char *extension;
    const char *advice; /* NULL: supported */
    dk_format format;
    const char *drivers[3];
} known_format;

static const known_format formats[] = {
    {"shp", NULL, DK_FORMAT_SHAPEFILE, {"ESRI Shapefile"}},
    {"dbf", NULL, DK_FORMAT_DBF, {"ESRI Shapefile"}},
    {"gpkg", NULL, DK_FORMAT_GPKG, {"GPKG"}},
    {"geojson", NULL, DK_FORMAT_GEOJSON, {"GeoJSON", "GeoJSONSeq"}},
    {"json", NULL, DK_FORMAT_GEOJSON, {"GeoJSON", "GeoJSONSeq"}},
    {"geojsonl", NULL, DK_FORMAT_GEOJSON, {"GeoJSONSeq", "GeoJSON"}},
    {"geojsons", NULL, DK_FORMAT_GEOJSON, {"GeoJSONSeq", "GeoJSON"}},
    {"ndjson", NULL, DK_FORMAT_GEOJSON, {"GeoJSONSeq", "GeoJSON"}},
    {"fgb", NULL, DK_FORMAT_FLATGEOBUF, {"FlatGeobuf"}},
    {"gdb", NULL, DK_FORMAT_FILEGDB, {"OpenFileGDB"}},
    {"mdb", NULL, DK_FORMAT_MDB, {NULL}},
    {"kml", NULL, DK_FORMAT_KML, {"LIBKML"}},
    {"kmz", NULL, DK_FORMAT_KML, {"LIBKML"}},
    {"gml", NULL, DK_FORMAT_GML, {"GML"}},
    {"tab", NULL, DK_FORMAT_MAPINFO, {"MapInfo File"}},
    {"mif", NULL, DK_FORMAT_MAPINFO, {"MapInfo File"}},
    {"dxf", NULL, DK_FORMAT_DXF, {NULL}},
    {"dwg", NULL, DK_FORMAT_DWG, {NULL}},
    {"vct", NULL, DK_FORMAT_VCT, {NULL}},
    {"csv", NULL, DK_FORMAT_CSV, {NULL}},
    {"tsv", NULL, DK_FORMAT_CSV, {NULL}},
    {"txt", NULL, DK_FORMAT_SURVEY_TXT, {NULL}},
    {"xlsx", NULL, DK_FORMAT_SHEET, {NULL}},
    {"xlsm", NULL, DK_FORMAT_SHEET, {NULL}},
    {"xls", NULL, DK_FORMAT_SHEET, {NULL}},
    {"ods", NULL, DK_FORMAT_SHEET, {NULL}},
    {"shx", "one part of a shapefile; give the .shp", 0, {NULL}},
    {"prj", "one part of a shapefile; give the .shp", 0, {NULL}},
    {"cpg", "one part of a shapefile; give the .shp", 0, {NULL}},
    {"zip", "no ZIP archive, in spite of its name; copy it again", 0, {NULL}},
    {"rar", "a RAR archive; unpack it and give the file inside", 0, {NULL}},
    {"gz", "a gzip file; unpack it and give the file inside", 0, {NULL}},
    {"tgz", "a gzip file; unpack it and give the file inside", 0, {NULL}},
    {"7z", "a 7z archive; unpack it and give the file inside", 0, {NULL}},
    {"accdb",
     "a database of Access 2007 or later; save it in Access as a database of 2002 to 2003 (.mdb), or export its tables "
     "as "
     "XLSX",
     0,
     {NULL}},
    {"ldb", "the lock of an Access database; give the .mdb", 0, {NULL}},
    {"mid", "one part of a MapInfo MIF; give the .mif", 0, {NULL}},
    {"dat", "one part of a MapInfo table; give the .tab", 0, {NULL}},
    {"map", "one part of a MapInfo table; give the .tab", 0, {NULL}},
    {"gdbtable", "one part of a file geodatabase; give the folder whose name ends in .gdb", 0, {NULL}},
    {"gdbtablx", "one part of a file geodatabase; give the folder whose name ends in .gdb", 0, {NULL}},
    {"doc", "a Word document; copy its table into a sheet and save that as XLSX", 0, {NULL}},
    {"docx", "a Word document; copy its table into a sheet and save that as XLSX", 0, {NULL}},
    {"pdf", "a PDF document; ask for the table as XLSX or the map as a shapefile", 0, {NULL}},
    {"et", "a WPS sheet; save it as XLSX", 0, {NULL}},
};

static const char supported[] =
    "shapefile, GeoPackage, GeoJSON, FlatGeobuf, file geodatabase, personal geodatabase (MDB), KML, GML, "
    "MapInfo TAB and MIF, DXF, DWG of AutoCAD 2000, VCT of 2007, CSV, XLSX, XLS, ODS, coordinate TXT and 报盘 TXT";

static const known_format *format_of(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') /* a folder, as shells complete it */
        end--;
    size_t dot = end;
    while (dot > 0 && path[dot - 1] != '/' && path[dot - 1] != '.')
        dot--;
    if (dot == 0 || path[dot - 1] != '.')
        return NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strlen(formats[i].extension) == end - dot && strncasecmp(path + dot, formats[i].extension, end - dot) == 0)
            return &formats[i];
    return NULL;
}

/* A copy that lost its tables opens as a geodatabase without layers, which would say little. */
static dk_status check_geodatabase(const char *path, bool folder, dk_error *err)
{
    static const char first[] = "/a00000001.gdbtable";
    struct stat info;
    char *table = malloc(strlen(path) + sizeof first);
    if (table == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    memcpy(table, path, strlen(path));
    memcpy(table + strlen(path), first, sizeof first);
    const bool there = folder && stat(table, &info) == 0 && S_ISREG(info.st_mode);
    free(table);
    return there ? DK_OK
                 : dk_fail(err, DK_INVALID,
                           "%s: not a file geodatabase: that is a folder with files a00000001.gdbtable and so on; copy "
                           "the whole folder again",
                           path);
}

bool dk_source_format_of(const char *name, dk_format *ret_format)
{
    const known_format *format = format_of(name);
    if (format == NULL || format->advice != NULL)
        return false;
    *ret_format = format->format;
    return true;
}

/* What is read in a temporary folder is named by where it came from: both paths end alike, so what stands before is put
 * in the place of what stands there. */
static void show_path(const char *file, const char *shown, dk_error *err)
{
    size_t n = strlen(file), m = strlen(shown);
    if (err == NULL || strcmp(file, shown) == 0)
        return;
    while (n > 0 && m > 0 && file[n - 1] == shown[m - 1])
        n--, m--;
    dk_buf text;
    dk_buf_init(&text);
    for (const char *at = err->text; *at != '\0' && n > 0;) {
        const char *found = memmem(at, strlen(at), file, n);
        if (found == NULL) {
            dk_buf_text(&text, at);
            break;
        }
        dk_buf_append(&text, at, (size_t)(found - at));
        dk_buf_append(&text, shown, m);
        at = found + n;
    }
    const char *whole = dk_buf_cstr(&text);
    if (whole != NULL && n > 0)
        dk_fail(err, err->status, "%s", whole);
    dk_buf_finish(&text);
}

static dk_status check_path(const char *path, const known_format **ret_format, dk_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return dk_fail(err, errno == ENOENT ? DK_NOT_FOUND : DK_IO, "%s: %s", path,
                       errno == ENOENT ? "there is no such file" : strerror(errno));
    const known_format *format = format_of(path);
    if (format != NULL && format->advice != NULL)
        return dk_fail(err, DK_INVALID, "%s: this is %s", path, format->advice);
    if (format != NULL && format->format == DK_FORMAT_FILEGDB) {
        *ret_format = format;
        return check_geodatabase(path, S_ISDIR(info.st_mode), err);
    }
    if (!S_ISREG(info.st_mode))
        return dk_fail(err, DK_INVALID, "%s: not a regular file; give a file of one of these formats: %s", path,
                       supported);
    if (info.st_size == 0)
        return dk_fail(err, DK_INVALID, "%s: the file is empty; copy it again", path);
    if (format == NULL) {
        CPLErrorReset();
        GDALDriverH driver = GDALIdentifyDriver(path, NULL);
        const char *name = driver ? GDALGetDriverShortName(driver) : NULL;
        return dk_fail(err, DK_INVALID, "%s: %s%s%s; save it as one of these, with their usual file name endings: %s",
                       path, name ? "the format is " : "the format is not known", name ? name : "",
                       name ? ", which is not read" : "", supported);
    }
    *ret_format = format;
    return DK_OK;
}

/* What --crs says to rows that have something to say themselves. */
static void take_crs(dk_source *source, const char *text)
{
    const dk_crs_policy any = {.any_datum = true};
    dk_crs crs;
    if (text == NULL || dk_crs_from_text(text, &any, &crs, NULL) != DK_OK)
        return;
    source->crs_given = true;
    if (!crs.gcj02)
        source->crs_name = dk_datum_name(crs.datum == DK_DATUM_WGS84 ? DK_DATUM_CGCS2000 : crs.datum);
    if (strncasecmp(text, "EPSG:", 5) == 0)
        source->crs_datum = dk_zone_family_of_degrees(atoi(text + 5));
}

bool dk_source_names_zone(const dk_source *source, const char *text, bool or_degrees)
{
    const dk_crs_policy any = {.any_datum = true};
    dk_crs of_file = {0}, given = {0};
    return text != NULL && dk_crs_from_srs(source->crs, "", &any, &of_file, NULL) == DK_OK &&
           dk_crs_from_text(text, &any, &given, NULL) == DK_OK && of_file.datum == given.datum &&
           (or_degrees || !given.degrees);
}

dk_status dk_source_open(const char *path, const dk_source_options *options, dk_source **ret_source, dk_error *err)
{
    const known_format *format = NULL;
    const char *shown = options->shown != NULL ? options->shown : path;
    dk_status status = check_path(path, &format, err);
    if (status != DK_OK) {
        show_path(path, shown, err);
        return status;
    }
    dk_source *source = calloc(1, sizeof *source);
    if (source == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    dk_buf_init(&source->arena);
    dk_buf_init(&source->said);
    dk_buf_init(&source->unparsed);
    source->wkt_index = source->boundary_index = -1;
    source->format = format->format;
    source->want_geometry = options->want_geometry;
    take_crs(source, options->crs);
    source->want_lines = options->want_lines;
    source->path = strdup(shown);
    source->file = strdup(path);
    if (source->path == NULL || source->file == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    } else if (source->format == DK_FORMAT_CSV) {
        status = dk_csv_open(path, options->encoding, &source->csv, err);
        if (status == DK_OK) {
            source->encoding = dk_csv_encoding(source->csv);
            if (dk_csv_either(source->csv))
                source->either_note = dk_encoding_either_note(NULL);
            source->decoder = dk_decoder_create(source->encoding);
            if (source->decoder == NULL)
                status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        }
    } else if (source->format == DK_FORMAT_SHEET) {
        status = dk_sheet_open(path, options->layer, &source->sheet, err);
    } else if (source->format == DK_FORMAT_SURVEY_TXT) {
        status = dk_mining_txt_is(path, options->encoding) ? dk_source_mining_txt_open(source, options, err)
                                                           : dk_source_survey_open(source, options, err);
    } else if (source->format == DK_FORMAT_DXF || source->format == DK_FORMAT_DWG) {
        status = dk_source_drawing_open(source, options, err);
    } else if (source->format == DK_FORMAT_VCT) {
        status = dk_source_vct_open(source, options, err);
    } else if (source->format == DK_FORMAT_MDB) {
        status = dk_source_mdb_open(source, options, err);
    } else {
        const char *drivers[4] = {format->drivers[0], format->drivers[1], format->drivers[2], NULL};
        status = dk_source_ogr_open(source, drivers, options, err);
    }
    if (status == DK_OK && (source->csv != NULL || source->sheet != NULL))
        status = dk_source_table_open(source, options, err);
    if (status != DK_OK) {
        show_path(path, shown, err);
        if (source->file != NULL)
            show_path(source->file, shown, err); /* where it is a copy */
        dk_source_close(source);
        return status == DK_END ? DK_INVALID : status;
    }
    *ret_source = source;
    return DK_OK;
}

void dk_source_close(dk_source *source)
{
    if (source == NULL)
        return;
    if (source->feature != NULL)
        OGR_F_Destroy(source->feature);
    if (source->dataset != NULL)
        GDALClose(source->dataset);
    if (source->crs != NULL)
        OSRRelease(source->crs);
    if (source->geometry != NULL)
        OGR_G_DestroyGeometry(source->geometry);
    if (source->reader != NULL)
        source->reader->close(source);
    dk_csv_close(source->csv);
    dk_sheet_close(source->sheet);
    dk_source_table_close(source->table);
    dk_source_mining_close(source->mining);
    free(source->geometry_column);
    dk_survey_close(source->survey);
    free(source->survey_values);
    dk_geojson_holes_finish(&source->holes);
    dk_geojson_holes_finish(&source->undrawn);
    dk_kml_names_finish(&source->kml_names);
    dk_dbf_rows_close(source->dbf_rows);
    dk_mid_rows_close(source->mid_rows);
    dk_dbf_finish(&source->dbf);
    dk_buf_finish(&source->said);
    dk_buf_finish(&source->unparsed);
    dk_decoder_free(source->decoder);
    for (size_t i = 0; i < source->n_columns; i++)
        free((void *)(uintptr_t)source->columns[i].name);
    free(source->columns);
    free(source->raw_index);
    free(source->cells);
    free(source->units);
    free(source->raw);
    dk_buf_finish(&source->arena);
    dk_scratch_remove(source->scratch);
    free(source->file);
    free(source->path);
    free(source);
}

/* ---- reading ---- */

static const char *skip_blanks(const char *text)
{
    for (;;) {
        text += strspn(text, " \t\r\n");
        const size_t wide = strncmp(text, "\xE3\x80\x80", 3) == 0 ? 3 : strncmp(text, "\xC2\xA0", 2) == 0 ? 2 : 0;
        if (wide == 0)
            return text;
        text += wide;
    }
}

/* What begins as a number in a WKT and is none, of which OGR would take the beginning: 3521150.5O, 3521150-5. NULL:
 * there is none. */
static const char *find_no_number(const char *text, const char *end, size_t *ret_size)
{
    static const char between[] = " \t\r\n,()";
    for (const char *at = text + strspn(text, between); at < end; at += strspn(at, between)) {
        const unsigned char *number;
        size_t size = strcspn(at, between), n;
        if (strchr("+-.0123456789", *at) != NULL &&
            dk_dbf_number_read((const unsigned char *)at, size, &number, &n) == DK_DBF_NO_NUMBER) {
            *ret_size = size;
            return at;
        }
        at += size;
    }
    return NULL;
}

static void read_wkt(dk_source *source)
{
    if (source->geometry != NULL)
        OGR_G_DestroyGeometry(source->geometry);
    source->geometry = NULL;
    if (source->wkt_index < 0 || (size_t)source->wkt_index >= source->n_raw || !source->want_geometry)
        return;
    const dk_cell *cell = &source->raw[source->wkt_index];
    if (dk_cell_blank(cell))
        return;
    char *text = (char *)(uintptr_t)cell->text; /* read only, though the prototype is not const */
    CPLErrorReset();
    if (OGR_G_CreateFromWkt(&text, NULL, &source->geometry) != OGRERR_NONE) {
        source->geometry = NULL;
        if (source->problem[0] == '\0')
            snprintf(source->problem, sizeof source->problem,
                     "the geometry is no WKT, such as POLYGON((x y, ...)): \"%.*s\"", dk_utf8_fit(cell->text, 40),
                     cell->text);
        return;
    }
    /* OGR stops where the first geometry ends. */
    const char *rest = skip_blanks(text);
    const char *last = rest;
    while (*last == ';' ||
           *last == ')') /* a mark as a statement ends, or one bracket too many: nothing is lost with them */
        last = skip_blanks(last + 1);
    size_t size = 0;
    const char *no_number = *last == '\0' ? find_no_number(cell->text, text, &size) : NULL;
    if (*last == '\0' && no_number == NULL)
        return;
    OGR_G_DestroyGeometry(source->geometry);
    source->geometry = NULL;
    if (no_number != NULL && source->problem[0] == '\0')
        snprintf(source->problem, sizeof source->problem, "the geometry has \"%.*s\", which is no number; correct it",
                 dk_utf8_fit(no_number, size < 40 ? size : 40), no_number);
    else if (source->problem[0] == '\0')
        snprintf(
            source->problem, sizeof source->problem,
            "behind the end of the geometry stands more: \"%.*s\"; write several polygons as one MULTIPOLYGON(((x y, "
            "...)), ((x y, ...))), and nothing else",
            dk_utf8_fit(rest, 40), rest);
}

dk_status dk_source_next(dk_source *source, dk_source_row *ret_row, dk_error *err)
{
    dk_status status = source->table != NULL ? dk_source_table_next(source, err) : dk_source_raw_next(source, err);
    if (status != DK_OK) {
        if (status != DK_END)
            show_path(source->file, source->path, err);
        return status;
    }
    for (size_t i = 0; i < source->n_columns; i++) {
        const size_t from = source->raw_index[i];
        source->cells[i] = from < source->n_raw ? source->raw[from] : (dk_cell){.text = ""};
    }
    if (source->join != NULL && (status = dk_source_join_row(source, err)) != DK_OK)
        return status;
    if (source->mining != NULL)
        dk_source_mining_read(source);
    else if (source->csv != NULL)
        read_wkt(source);
    ret_row->number = source->row;
    ret_row->cells = source->cells;
    ret_row->geometry = NULL;
    ret_row->epsg = source->epsg;
    ret_row->other = source->other;
    if (source->mining != NULL)
        ret_row->geometry = source->geometry;
    else if (source->want_geometry && source->sheet == NULL)
        ret_row->geometry = source->feature == NULL ? source->geometry : OGR_F_GetGeometryRef(source->feature);
    const int geometry = source->mining != NULL ? source->boundary_index : source->wkt_index;
    ret_row->wkt = geometry >= 0 && (size_t)geometry < source->n_raw ? &source->raw[geometry] : NULL;
    ret_row->problem = source->problem[0] != '\0' ? source->problem : NULL;
    return DK_OK;
}

const char *dk_source_geometry_column(const dk_source *source)
{
    return source->geometry_column;
}

const char *dk_source_path(const dk_source *source)
{
    return source->path;
}

dk_format dk_source_format(const dk_source *source)
{
    return source->format;
}

dk_encoding dk_source_encoding(const dk_source *source)
{
    return source->written_in != DK_ENCODING_UTF8 ? source->written_in : source->encoding;
}

bool dk_source_encoding_varies(const dk_source *source)
{
    switch (source->format) {
    case DK_FORMAT_SHAPEFILE:
    case DK_FORMAT_DBF:
    case DK_FORMAT_MAPINFO:
    case DK_FORMAT_DXF:
    case DK_FORMAT_DWG:
    case DK_FORMAT_VCT:
    case DK_FORMAT_CSV:
    case DK_FORMAT_SURVEY_TXT:
        return true;
    case DK_FORMAT_GEOJSON:
        return source->written_in != DK_ENCODING_UTF8;
    default:
        return false;
    }
}

const char *dk_source_encoding_note(const dk_source *source)
{
    return source->either_note != NULL ? source->either_note : "";
}

size_t dk_source_columns(const dk_source *source, const dk_column **ret_columns)
{
    *ret_columns = source->columns;
    return source->n_columns;
}

bool dk_source_may_doubt(const dk_source *source)
{
    return source->mining != NULL;
}

bool dk_source_has_geometry(const dk_source *source)
{
    if (source->mining != NULL)
        return true;
    if (source->csv != NULL)
        return source->wkt_index >= 0;
    if (source->survey != NULL)
        return true;
    if (source->reader != NULL)
        return source->reader->has_geometry;
    return source->format != DK_FORMAT_SHEET && OGR_L_GetGeomType(source->layer) != wkbNone;
}

OGRSpatialReferenceH dk_source_crs(const dk_source *source)
{
    return source->crs;
}

bool dk_source_datum_only(const dk_source *source)
{
    return source->datum_only;
}

bool dk_source_zone_given(const dk_source *source)
{
    return source->zone_given;
}

int64_t dk_source_cut_texts(const dk_source *source)
{
    return source->cut_texts;
}

int64_t dk_source_chorded(const dk_source *source)
{
    return source->chorded;
}

const char *dk_source_crs_problem(const dk_source *source)
{
    const char *problem = source->crs_unknown[0] != '\0' ? source->crs_unknown : NULL;
    if (source->survey != NULL)
        dk_survey_epsg(source->survey, &problem);
    else if (source->mining != NULL)
        problem = dk_source_mining_crs_problem(source);
    else if (source->reader != NULL)
        problem = source->reader->crs_problem(source);
    return problem;
}

const char *dk_source_notes(dk_source *source)
{
    if (source->reader != NULL)
        return source->reader->notes(source);
    return source->survey != NULL  ? dk_survey_notes(source->survey)
           : source->table != NULL ? dk_source_table_notes(source)
                                   : dk_source_ogr_notes(source);
}

double dk_source_progress(const dk_source *source)
{
    if (source->survey != NULL)
        return dk_survey_progress(source->survey);
    if (source->csv != NULL)
        return dk_csv_progress(source->csv);
    if (source->sheet != NULL)
        return dk_sheet_progress(source->sheet);
    return source->n_total > 0 ? (double)source->n_read / (double)source->n_total : 0;
}
