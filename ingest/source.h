/* A source file opened: its columns, its coordinate system and its rows, one at a time, as UTF-8. */
#ifndef DK_INGEST_SOURCE_H
#define DK_INGEST_SOURCE_H

#include "ingest/cell.h"
#include "ingest/encoding.h"
#include "ingest/units.h"
#include "store/status.h"

#include <ogr_api.h>
#include <ogr_srs_api.h>

typedef enum dk_format {
    DK_FORMAT_SHAPEFILE = 0,
    DK_FORMAT_DBF, /* a .dbf without a .shp */
    DK_FORMAT_GPKG,
    DK_FORMAT_GEOJSON,
    DK_FORMAT_FLATGEOBUF,
    DK_FORMAT_FILEGDB, /* a folder */
    DK_FORMAT_MDB,     /* personal geodatabase, 个人地理数据库 */
    DK_FORMAT_KML,
    DK_FORMAT_GML,
    DK_FORMAT_MAPINFO, /* TAB, MIF */
    DK_FORMAT_DXF,
    DK_FORMAT_DWG,
    DK_FORMAT_VCT,
    DK_FORMAT_SHEET, /* XLSX, XLS, ODS */
    DK_FORMAT_CSV,
    DK_FORMAT_SURVEY_TXT /* coordinate TXT of 勘测定界, and 报盘 TXT of mining rights */
} dk_format;

typedef struct dk_column {
    const char *name; /* UTF-8, owned by the source */
    unsigned cut; /* the bytes that the format has for a name, if this one fills them and may have lost its end; or 0 */
    bool sheet;   /* comes from a sheet that was joined: its numbers went through Excel */
    bool optional;  /* the format has it whether or not anyone wants it: no mistake if no field knows it */
    bool made;      /* out of others, and not in the file */
    bool unit_over; /* the unit in brackets at its end is that of a head over several columns */
} dk_column;

typedef struct dk_source_options {
    const char *shown;           /* the path in messages; NULL: the path itself */
    const dk_encoding *encoding; /* NULL: the bytes decide */
    const char *layer;           /* of several; NULL: the only one */
    /* Whether a text names a column that is known, to find the header row of a table that has titles above it. */
    bool (*is_column)(const char *name, void *user);
    void *user;
    bool north_first;   /* of a coordinate TXT whose numbers do not tell; its geometries are east first in any case */
    bool want_geometry; /* false: geometries are not read, for records */
    bool want_lines;    /* of a drawing: its polylines are lines, closed or not; else outlines of polygons */
    bool holes;         /* of a drawing: an outline inside another is its hole */
    const char *crs;    /* what the user says that the coordinates are; NULL: the source is to say it */
} dk_source_options;

/* A row whose numbers do not tell whether they are decimal degrees or DDD.MMSS, read in the second way. */
typedef struct dk_other_reading {
    OGRGeometryH geometry; /* borrowed */
    size_t column;         /* of which this is then the cell */
    dk_cell cell;
} dk_other_reading;

typedef struct dk_source_row {
    int64_t number;        /* as the source counts: sheet and CSV rows with the header, others features from 1 */
    const dk_cell *cells;  /* one for each column; valid until the next row */
    OGRGeometryH geometry; /* borrowed, NULL if there is none */
    int epsg;              /* of the geometry, where the rows of the source say their own; else 0 */
    const dk_other_reading *other; /* NULL: there is no doubt how it is read */
    const dk_cell *wkt;            /* the text of a table's geometry column, NULL if there is none */
    const char *problem;           /* a sentence why the row cannot be read right, or NULL */
} dk_source_row;

typedef struct dk_source dk_source;

/* DK_INVALID etc. with a sentence that names path. Only these formats are opened: shapefile, GeoPackage, GeoJSON (also
 * line by line), FlatGeobuf, file geodatabase, personal geodatabase, KML, GML, MapInfo TAB and MIF, DXF, DWG of AutoCAD
 * 2000, VCT of 2007,
 * CSV, XLSX, XLS, ODS, TXT of 勘测定界 and of mining rights. */
dk_status dk_source_open(const char *path, const dk_source_options *options, dk_source **ret_source, dk_error *err);
/* Whether a file or folder of that name is of a format that dk_source_open reads. */
bool dk_source_format_of(const char *name, dk_format *ret_format);
void dk_source_close(dk_source *source); /* NULL-safe */

/* Gives each row the columns of a ledger, by its key (ingest/join.h); the join outlives the source. Once, before the
 * first row. A row without partner there has a problem. */
struct dk_join;
dk_status dk_source_join(dk_source *source, struct dk_join *join, dk_error *err);

const char *dk_source_path(const dk_source *source);
dk_format dk_source_format(const dk_source *source);
dk_encoding dk_source_encoding(const dk_source *source);
/* Whether files of its format are in one encoding or another; false: always UTF-8. */
bool dk_source_encoding_varies(const dk_source *source);
/* What was decided of a file whose bytes are text in either encoding; "": there is no doubt. */
const char *dk_source_encoding_note(const dk_source *source);
size_t dk_source_columns(const dk_source *source, const dk_column **ret_columns);
bool dk_source_has_geometry(const dk_source *source);
/* Whether rows may come that can be read in two ways (dk_other_reading). */
bool dk_source_may_doubt(const dk_source *source);
/* The column of a table that has it as text, which is none of dk_source_columns; NULL: there is none. */
const char *dk_source_geometry_column(const dk_source *source);
/* NULL: the source does not say, or nothing that is known. For GeoJSON without a crs member, WGS 84 (RFC 7946). */
OGRSpatialReferenceH dk_source_crs(const dk_source *source);
/* Why it does not, where the source tells: a sentence without the path. NULL: it does, or nothing is known. */
const char *dk_source_crs_problem(const dk_source *source);
/* Whether that is an old datum alone, in degrees though the coordinates are none, and why is dk_source_crs_problem. */
bool dk_source_datum_only(const dk_source *source);
/* Whether --crs names a zone of the old datum of which the file, or some of its rows, says none: it counts for those.
 */
bool dk_source_zone_given(const dk_source *source);
/* What was decided in reading it, one sentence a line, "" for most formats. Complete behind the last row. */
const char *dk_source_notes(dk_source *source);
/* Rows of a table that are no data, such as totals, and were left out so far; the notes name them. */
int64_t dk_source_left_out(const dk_source *source);
/* The units that a line above the header of a table gives for all its columns that say none. */
size_t dk_source_units(const dk_source *source, const dk_unit **ret_units);
/* From 0 to 1. */
double dk_source_progress(const dk_source *source);
/* Texts that were cut off at a field's width in the middle of a character, so far. */
int64_t dk_source_cut_texts(const dk_source *source);

/* Rows so far whose arcs the source has made into chords (ingest/arcs.h). */
int64_t dk_source_chorded(const dk_source *source);

/* DK_OK with a row, DK_END, or a failure of the whole file. */
dk_status dk_source_next(dk_source *source, dk_source_row *ret_row, dk_error *err);

/* For a row just read that has another reading: which of the two holds, and what it was decided by. Changes the row,
 * its cells and the source's notes. */
void dk_source_settle(dk_source *source, bool second, const char *why, dk_source_row *io_row);
/* It cannot be decided: the row gets a problem. */
void dk_source_unsettled(dk_source *source, const char *why, dk_source_row *io_row);

/* Registers GDAL and silences it; the last message of GDAL is kept for dk_gdal_message(). Once per process. */
void dk_gdal_start(void);
void dk_gdal_stop(void);

#endif
