/* Writing the files: layers through GDAL, tables as CSV or XLSX. A function that fails has printed why. */
#ifndef DK_SAMPLES_OUTPUT_H
#define DK_SAMPLES_OUTPUT_H

#include "samples/place.h"

typedef enum gen_format { GEN_SHAPEFILE, GEN_GEOPACKAGE, GEN_FLATGEOBUF, GEN_GEOJSON } gen_format;
const char *gen_format_extension(gen_format format);

typedef enum gen_type { GEN_TEXT, GEN_REAL, GEN_INTEGER, GEN_DATE } gen_type;
typedef struct gen_column {
    const char *name; /* UTF-8 */
    gen_type type;
    int width, precision; /* of a Shapefile's column, bytes and digits */
} gen_column;

/* A value of a column: text for GEN_TEXT and GEN_DATE (YYYY-MM-DD; NULL or "" is no value), number otherwise. */
typedef struct gen_value {
    const char *text;
    double number;
} gen_value;

typedef struct gen_layer gen_layer;
/* path has the format's extension; a file there is replaced. gbk: a Shapefile in GBK, without a .cpg and without a
 * language byte, as old desktop tools leave it. many: leaves out what costs most (a GeoPackage's spatial index). */
gen_layer *gen_layer_create(const char *path, gen_format format, const char *name, const gen_column *columns,
                            size_t n_columns, bool gbk, bool many);
bool gen_layer_add(gen_layer *layer, const gen_shape *shape, const gen_value *values);
bool gen_layer_close(gen_layer *layer); /* NULL-safe: false */

/* A table of texts. */
typedef enum gen_table_format { GEN_CSV_UTF8, GEN_CSV_UTF8_BOM, GEN_CSV_GBK, GEN_XLSX } gen_table_format;
typedef struct gen_table gen_table;
gen_table *gen_table_create(const char *path, gen_table_format format, const char *sheet, const char *const *columns,
                            size_t n_columns);
bool gen_table_add(gen_table *table, const char *const *values); /* n_columns; NULL is empty */
bool gen_table_close(gen_table *table);                          /* NULL-safe: false */

/* Prints "dikuai-samples: …" to stderr; false, so that a failure is one line. */
bool gen_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
