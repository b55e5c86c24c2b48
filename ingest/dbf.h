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
    bool binary;       /* of a TAB: its bytes are a number or a date, though its type is C */
} dk_dbf_field;

typedef struct dk_dbf {
    uint32_t n_records;
    size_t header_size, record_size;
    unsigned char language; /* what byte 29 says of its texts */
    bool either;            /* its texts may be UTF-8 or GB18030 (dk_utf8_check_either) */
    dk_dbf_field *fields;   /* owned */
    size_t n_fields;
} dk_dbf;

/* Reads the header from the first bytes of a file; size may be all of them or as many as are there.
 * DK_INVALID with a sentence that begins with path. */
dk_status dk_dbf_parse(const unsigned char *data, size_t size, const char *path, dk_dbf *ret_dbf, dk_error *err);
void dk_dbf_finish(dk_dbf *dbf);

/* Why what stands in a field of a record cannot be read, and what to do: memos are kept in another file, and types of
 * dBASE 7 and Visual FoxPro (I, B, Y, T …) are no texts. A lasting sentence; NULL: it can, or there is nothing. */
const char *dk_dbf_unread(const dk_dbf_field *field, const unsigned char *data);

/* What stands in a field of numbers (N, F): dBASE writes digits, a point and a sign, others an exponent, too. */
typedef enum dk_dbf_number {
    DK_DBF_NONE = 0, /* blanks or NULs */
    DK_DBF_WHOLE,    /* digits, with a sign or without */
    DK_DBF_DECIMAL,
    DK_DBF_ASTERISKS, /* dBASE's for a number that had no room; GDAL's, and so QGIS's, for none */
    DK_DBF_NO_NUMBER
} dk_dbf_number;
/* ret_text, ret_size: without the blanks around it; up to the first NUL. */
dk_dbf_number dk_dbf_number_read(const unsigned char *field, size_t width, const unsigned char **ret_text,
                                 size_t *ret_size);
/* Whether something stands behind the first NUL of a field but blanks and more of them. */
bool dk_dbf_text_goes_on(const unsigned char *field, size_t width);

/* What the texts seen so far can be. Zero it to start. */
typedef struct dk_dbf_scan {
    dk_utf8_check check;
} dk_dbf_scan;
void dk_dbf_scan_names(const dk_dbf *dbf, dk_dbf_scan *scan);
/* One record of dbf->record_size bytes. A character cut at the end of a full-width field speaks for neither. */
void dk_dbf_scan_record(const dk_dbf *dbf, const unsigned char *record, dk_dbf_scan *scan);

/* Opens the file, checks its length against its header and decides its encoding from all of its texts. binary: of each
 * of n_binary fields, as of dk_dbf_field; not heeded if the table has another number of them. */
dk_status dk_dbf_examine(const char *path, const bool *binary, size_t n_binary, dk_dbf *ret_dbf,
                         dk_encoding *ret_encoding, dk_error *err);

/* The records of a table as they stand in the file. path: already examined; dbf outlives it. */
typedef struct dk_dbf_rows dk_dbf_rows;
dk_status dk_dbf_rows_open(const char *path, const dk_dbf *dbf, dk_dbf_rows **ret_rows, dk_error *err);
void dk_dbf_rows_close(dk_dbf_rows *rows); /* NULL-safe */
/* dbf->record_size bytes, until the next call; from 0 on, one after the other costs least. NULL: they cannot be read.
 */
const unsigned char *dk_dbf_rows_at(dk_dbf_rows *rows, uint32_t record);

#endif
