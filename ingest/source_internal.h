/* What source.c, source_mdb.c, source_mining.c, source_ogr.c with ogr_*.c, source_table.c with table_*.c, and
 * source_txt.c share; for them alone. */
#ifndef DK_INGEST_SOURCE_INTERNAL_H
#define DK_INGEST_SOURCE_INTERNAL_H

#include "ingest/csv.h"
#include "ingest/dbf.h"
#include "ingest/geojson_whole.h"
#include "ingest/kml_names.h"
#include "ingest/mid_rows.h"
#include "ingest/scratch.h"
#include "ingest/sheet.h"
#include "ingest/source.h"
#include "ingest/survey_txt.h"
#include "ingest/zones.h"

#include <gdal.h>

/* A reader of our own, of which source.c need not know more. */
typedef struct dk_own_reader {
    dk_status (*next)(dk_source *source, dk_error *err); /* as dk_source_next: sets raw, row, geometry and problem */
    void (*close)(dk_source *source);                    /* frees source->own */
    const char *(*notes)(dk_source *source);
    const char *(*crs_problem)(const dk_source *source);
    bool has_geometry;
} dk_own_reader;

/* Whether --crs names a zone of the datum of source->crs; or_degrees: or that datum in degrees. */
bool dk_source_names_zone(const dk_source *source, const char *crs, bool or_degrees);

/* What is noted of many cells: how many, and where the first stands. */
typedef struct dk_told_once {
    int64_t count, row;
    size_t raw_index;
} dk_told_once;

struct dk_source {
    char *path;          /* in messages */
    char *file;          /* to open */
    dk_scratch *scratch; /* where that is a copy */
    dk_format format;
    dk_encoding encoding;
    dk_encoding written_in;  /* the file that a copy in UTF-8 was made of */
    const char *either_note; /* of a file whose bytes are text in both encodings; else NULL */
    bool marked;             /* the copy has marks of ingest/geojson_text.h */
    dk_decoder *decoder;
    struct dk_source_table *table; /* of a sheet or CSV: the header is a row among the others (source_table.c) */
    bool want_geometry, want_lines;

    /* the row as it stands in the file */
    dk_cell *raw;
    size_t n_raw, raw_capacity;
    dk_buf arena; /* texts that had to be decoded */
    char problem[700];
    int64_t row;
    bool hidden; /* the row of a sheet is not shown there */

    dk_column *columns;
    size_t *raw_index; /* of each column */
    size_t n_columns;
    dk_cell *cells;
    int64_t header_row;
    size_t n_header;       /* cells of the header row, named or not */
    int wkt_index;         /* raw index of a CSV's geometry column; -1 */
    int boundary_index;    /* raw index of a column of mining boundaries; -1 */
    char *geometry_column; /* the name of either; owned */
    OGRGeometryH geometry; /* owned, from WKT or a coordinate TXT */
    int epsg;              /* of the geometry, where the row says its own */
    bool crs_given;        /* by the user: it counts for all rows, unless the file says an old datum */
    bool datum_only;       /* the file says an old datum, and not in which of its systems the coordinates are */
    bool zone_given;       /* by the user: for a file like that, or for rows of one that say no zone of it */
    const dk_zone_family *crs_datum; /* that the user names without a zone, by its code in degrees; else NULL */
    char crs_unknown[400];           /* why the file's own is not known, where it says one; "" else */
    const char *crs_name;            /* of the datum that the user says, with a zone or without; NULL: none */
    const dk_other_reading *other;   /* of the row */

    GDALDatasetH dataset;
    OGRLayerH layer;
    OGRFeatureH feature;
    OGRSpatialReferenceH crs; /* owned */
    int64_t n_read, n_total;
    bool affine;         /* a MapInfo table whose coordinates are not those of the system that it names */
    bool line_by_line;   /* a GeoJSON of which each line is a row */
    int64_t passed_over; /* the first row of it that GDAL made nothing of; 0: none */
    dk_geojson_holes holes;
    size_t next_hole;
    dk_geojson_holes undrawn; /* from the first row without a geometry on */
    bool undrawn_known;
    int64_t n_announced; /* rows that the file itself says it has; 0: it does not say */
    dk_dbf dbf;
    dk_kml_names kml_names;
    int *units;            /* of a GML, of each raw cell: the field that has its unit (uom); -1: none. NULL: of none */
    dk_dbf_rows *dbf_rows; /* the same table as it stands in the file; NULL: none */
    const unsigned char *record;  /* of the row at hand; NULL: there is none */
    dk_mid_rows *mid_rows;        /* of a MIF, as they stand in the file; NULL: none, or GDAL's are others */
    const dk_mid_field *mid;      /* of the row at hand; NULL: there is none */
    dk_told_once asterisks, nuls; /* of its fields */
    dk_told_once turned;          /* polygons of a shapefile whose rings run the wrong way */
    dk_buf unparsed; /* of the row at hand: a field's index, an int, and the text that is no number of its */
    dk_buf said;     /* the notes */
    dk_csv *csv;
    dk_sheet *sheet;
    struct dk_source_mining *mining; /* of a table with boundary_index, or a 报盘 TXT */
    dk_survey *survey;
    int *survey_values;          /* of each raw cell: which value of a parcel, or -1 - i for pair i of [项目信息] */
    const dk_own_reader *reader; /* with its state; NULL for none */
    void *own;
    struct dk_join *join;        /* borrowed; NULL for none */
    size_t join_key, join_first; /* columns: the key, and the first of the ledger's */
    int64_t cut_texts;
    int64_t chorded; /* rows whose arcs it has made into chords itself */
};

/* Makes room for n raw cells, of a new row. false: out of memory. */
bool dk_source_raw_room(dk_source *source, size_t n);
/* The same for a row that has some: blank ones behind them. */
bool dk_source_raw_extend(dk_source *source, size_t n);
/* Sets raw cell i to a text: as it is when valid UTF-8 and of that encoding, else decoded into the arena. Until
 * dk_source_fix the text of a decoded cell is NULL. width: of a fixed field, 0 for none. */
void dk_source_text(dk_source *source, size_t i, const char *text, size_t size, size_t width);
/* Points the decoded cells into the arena, which no longer grows. */
dk_status dk_source_fix(dk_source *source, dk_error *err);
/* The name of that column, NULL if it has none. */
const char *dk_source_raw_name(const dk_source *source, size_t raw_index);
/* Remembers that a cell has bytes that cannot be decoded. */
void dk_source_bad_bytes(dk_source *source, size_t raw_index);

/* The next row of the file as it stands there, in raw, row and problem. */
dk_status dk_source_raw_next(dk_source *source, dk_error *err);

/* Finds the header and names the columns. The next row is then the first behind it. */
dk_status dk_source_table_open(dk_source *source, const dk_source_options *options, dk_error *err);
void dk_source_table_close(struct dk_source_table *table); /* NULL-safe */
/* The next row of data, merged cells filled in. */
dk_status dk_source_table_next(dk_source *source, dk_error *err);
const char *dk_source_table_notes(dk_source *source);

/* rings: the column that takes the rings as JSON. */
dk_status dk_source_mining_open(dk_source *source, size_t rings, dk_error *err);
void dk_source_mining_close(struct dk_source_mining *mining); /* NULL-safe */
/* Makes the geometry of the row just read and its cell of rings, or a problem. */
void dk_source_mining_read(dk_source *source);
const char *dk_source_mining_notes(dk_source *source);
const char *dk_source_mining_crs_problem(const dk_source *source);
/* The same of a 报盘 TXT; source->mining is then there even for records, which have no geometry. */
dk_status dk_source_mining_txt_open(dk_source *source, const dk_source_options *options, dk_error *err);

dk_status dk_source_ogr_open(dk_source *source, const char *const *drivers, const dk_source_options *options,
                             dk_error *err);
dk_status dk_source_ogr_next(dk_source *source, dk_error *err);
const char *dk_source_ogr_notes(dk_source *source);

dk_status dk_source_survey_open(dk_source *source, const dk_source_options *options, dk_error *err);
dk_status dk_source_survey_next(dk_source *source, dk_error *err);

dk_status dk_source_drawing_open(dk_source *source, const dk_source_options *options, dk_error *err);
dk_status dk_source_mdb_open(dk_source *source, const dk_source_options *options, dk_error *err);
dk_status dk_source_vct_open(dk_source *source, const dk_source_options *options, dk_error *err);

/* Sets the cells of the ledger's columns from the key of the row at hand. */
dk_status dk_source_join_row(dk_source *source, dk_error *err);

/* GDAL's last message, without a line end; "no reason given" if there is none. */
const char *dk_gdal_message(void);

#endif
