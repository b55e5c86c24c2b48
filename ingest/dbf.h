/* The attribute table of a shapefile (dBASE III), read far enough to know its encoding and whether it is whole.
 * Form: Esri Shapefile Technical Description (1998), "Organization of the dBASE file"; dBASE III header of 32 bytes,
 * a field descriptor of 32 bytes each, 0x0D, then records of fixed width. */
#ifndef DK_INGEST_DBF_H
#define DK_INGEST_DBF_H

#include "ingest/encoding.h"

#define DK_DBF_MAX_FIELDS 2046

typedef struct dk_dbf_field {
    char raw_name[12]; /* the bytes as they stand, NUL-terminated */
    char type;         /* C, N, F, D, L … */
    unsigned width;    /* bytes in a record */
    size_t offset;     /* from the start of a record */
} dk_dbf_field;

typedef struct dk_dbf {
    uint32_t n_records;
    size_t header_size, record_size;
    dk_dbf_field *fields; /* owned */
    size_t n_fields;
} dk_dbf;

/* Reads the header from the first bytes of a file; size may be all of them or as many as are there.
 * DK_INVALID with a sentence that begins with path. */
dk_status dk_dbf_parse(const unsigned char *data, size_t size, const char *path, dk_dbf *ret_dbf, dk_error *err);
void dk_dbf_finish(dk_dbf *dbf);

/* What the texts seen so far can be. Zero it to start. */
typedef struct dk_dbf_scan {
    dk_utf8_check check;
} dk_dbf_scan;
void dk_dbf_scan_names(const dk_dbf *dbf, dk_dbf_scan *scan);
/* One record of dbf->record_size bytes. A character cut at the end of a full-width field speaks for neither. */
void dk_dbf_scan_record(const dk_dbf *dbf, const unsigned char *record, dk_dbf_scan *scan);

/* Opens the file, checks its length against its header and decides its encoding from all of its texts. */
dk_status dk_dbf_examine(const char *path, dk_dbf *ret_dbf, dk_encoding *ret_encoding, dk_error *err);

#endif
