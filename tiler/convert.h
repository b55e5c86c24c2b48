/* Conversions by `dikuai-ingest convert`, a child process: the server itself has no GDAL, and what reads foreign bytes
 * is apart from it. The child has a session and a private folder of its own, an empty environment and no descriptor but
 * the three given; it bounds its own memory, processor time, files and system calls before it reads a byte
 * (ingest/confine.h), and is killed when its time is over. */
#ifndef DK_TILER_CONVERT_H
#define DK_TILER_CONVERT_H

#include "store/buf.h"
#include "tiler/http.h"

#define DK_CONVERT_UPLOAD_SECONDS 20
#define DK_CONVERT_RESULT_MAX (64u << 20) /* bytes of GeoJSON that an upload may become */

/* The program that is meant: given (--ingest), or beside the program that runs, or in ../ingest, as it is built. Caller
 * frees *ret_path. DK_NOT_FOUND with a sentence. */
dk_status dk_convert_find(const char *given, char **ret_path, dk_error *err);

/* Outlines of an uploaded file as a GeoJSON FeatureCollection in EPSG:4490 degrees (lon, lat). suffix: what kind of
 * file it is, as its name ends: zip, txt, geojson, gpkg … DK_INVALID and DK_LIMIT have a sentence for the one who sent
 * it; DK_BUSY: there is no dikuai-ingest, with a sentence for anyone; else it is for the log. Blocks for as long as it
 * takes. */
dk_status dk_convert_upload(const dk_config *config, const void *data, size_t size, const char *suffix,
                            dk_buf *ret_geojson, dk_error *err);

/* A conversion of rows (store/row_stream.h) under way. */
typedef struct dk_convert dk_convert;

typedef struct dk_convert_options {
    const char *folder;  /* to work in; the file is made there */
    const char *to;      /* gpkg, fgb, shp */
    const char *output;  /* name of the file */
    uint64_t most_bytes; /* of a file */
    double seconds;
    bool (*gone)(void *user); /* asked now and then: whether nobody waits for it any more */
    void *user;
} dk_convert_options;

dk_status dk_convert_start(const dk_config *config, const dk_convert_options *options, dk_convert **ret_convert,
                           dk_error *err);
dk_status dk_convert_write(dk_convert *convert, const void *data, size_t size, dk_error *err);
/* Nothing follows: waits until the file is there. */
dk_status dk_convert_end(dk_convert *convert, dk_error *err);
/* Ends it if it is under way. NULL-safe. */
void dk_convert_free(dk_convert *convert);

#endif
