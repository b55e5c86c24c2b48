/* The texts of MapInfo tables (TAB, MIF), whose character set GDAL believes as they declare it: Chinese ones say
 * WindowsSimpChinese, Neutral or WindowsLatin1, whatever the bytes are. Declared Neutral, GDAL hands out the bytes.
 * Form: MapInfo Interchange Format, appendix J of the MapInfo Professional user's guide. */
#ifndef DK_INGEST_MAPINFO_H
#define DK_INGEST_MAPINFO_H

#include "ingest/dbf.h"
#include "ingest/encoding.h"
#include "ingest/scratch.h"

#define DK_MAPINFO_MAX_HEAD (1u << 20) /* bytes before a MIF's Data, or of a whole .tab */
#define DK_MAPINFO_MAX_FIELDS 256      /* a table has 250 at most */

typedef struct dk_mapinfo_head {
    size_t size;                        /* bytes of it: to behind the line Data of a MIF */
    size_t charset[4], charset_size[4]; /* where character sets are named, without quotes */
    size_t n_charsets;
    char delimiter;                     /* of the rows of a MIF */
    char type[32];                      /* of a TAB: NATIVE, DBF … in capitals */
    bool binary[DK_MAPINFO_MAX_FIELDS]; /* of a TAB: which fields the .dat has as bytes: all but Char and Decimal */
    size_t n_fields;
    bool neutral; /* all of them say Neutral, or there is none */
    bool affine; /* of a MIF: its coordinates are those of CoordSys turned, stretched or shifted, which GDAL passes over
                  */
} dk_mapinfo_head;

/* Reads the head of a .tab or .mif from its first bytes. DK_INVALID with a sentence that begins with path. */
dk_status dk_mapinfo_parse(const char *data, size_t size, bool tab, const char *path, dk_mapinfo_head *ret_head,
                           dk_error *err);
/* The head with every character set named Neutral. */
void dk_mapinfo_neutral(const char *data, const dk_mapinfo_head *head, dk_buf *out);

/* What stands beside the head. */
typedef struct dk_mapinfo_table {
    dk_encoding encoding;    /* as its bytes say, or where they are text in both, as the table does */
    const char *either_note; /* of one whose bytes are; NULL else */
    int64_t n_rows;          /* of a MIF, the lines of the .mid, each a row; 0: a TAB */
    char *rows_file;         /* owned: the .dat, .dbf or .mid */
    dk_dbf dbf;              /* of a TAB, whose rows have the form of a DBF */
    char delimiter;          /* between the fields of a .mid */
    bool affine;             /* as of dk_mapinfo_head, of a TAB too */
    char *
        copy; /* owned: a table to open instead, which GDAL does not decode by what it declares; NULL: none is needed */
    dk_scratch *scratch; /* where the copy is, to be removed by the caller; NULL: nowhere */
} dk_mapinfo_table;

/* Decides the encoding of a table (path: the .tab or .mif), and makes a copy beside it where GDAL would decode it by
 * what the table declares. What is owned in ret_table is the caller's. */
dk_status dk_mapinfo_prepare(const char *path, bool tab, dk_mapinfo_table *ret_table, dk_error *err);

#endif
