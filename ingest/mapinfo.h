/* The texts of MapInfo tables (TAB, MIF), whose character set GDAL believes as they declare it: Chinese ones say
 * WindowsSimpChinese, Neutral or WindowsLatin1, whatever the bytes are. Declared Neutral, GDAL hands out the bytes.
 * Form: MapInfo Interchange Format, appendix J of the MapInfo Professional user's guide. */
#ifndef DK_INGEST_MAPINFO_H
#define DK_INGEST_MAPINFO_H

#include "ingest/dbf.h"
#include "ingest/encoding.h"
#include "ingest/scratch.h"

#define DK_MAPINFO_MAX_HEAD (1u << 20) /* bytes before a MIF's Data, or of a whole .tab */

typedef struct dk_mapinfo_head {
    size_t size;                        /* bytes of it: to behind the line Data of a MIF */
    size_t charset[4], charset_size[4]; /* where character sets are named, without quotes */
    size_t n_charsets;
    char type[32]; /* of a TAB: NATIVE, DBF … in capitals */
    bool neutral;  /* all of them say Neutral, or there is none */
} dk_mapinfo_head;

/* Reads the head of a .tab or .mif from its first bytes. DK_INVALID with a sentence that begins with path. */
dk_status dk_mapinfo_parse(const char *data, size_t size, bool tab, const char *path, dk_mapinfo_head *ret_head,
                           dk_error *err);
/* The head with every character set named Neutral. */
void dk_mapinfo_neutral(const char *data, const dk_mapinfo_head *head, dk_buf *out);

/* Decides the encoding of a table (path: the .tab or .mif) by its bytes and, where GDAL would decode them by what the
 * table declares, gives a table beside it in a scratch folder to open instead.
 * *ret_rows: of a MIF, the lines of the .mid, each a row; else left alone.
 * ret_table, *ret_rows_file: of a TAB, its table, whose form is that of a DBF, and the owned path of it; else left alone.
 * *ret_file: owned, NULL where the table can be opened itself; *ret_scratch likewise, removed by the caller. */
dk_status dk_mapinfo_prepare(const char *path, bool tab, dk_encoding *ret_encoding, int64_t *ret_rows, dk_dbf *ret_table,
                             char **ret_rows_file, char **ret_file, dk_scratch **ret_scratch, dk_error *err);

#endif
