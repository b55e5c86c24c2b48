/* Drawings as DXF in text form: their polylines as outlines, and the texts that stand in them.
 *
 * After the DXF Reference of AutoCAD 2012: pairs of lines, a group code and its value; of the section ENTITIES the
 * entities LWPOLYLINE, POLYLINE with VERTEX, TEXT and MTEXT in model space. GDAL 3.6 loses which polylines are closed,
 * and decodes by $DWGCODEPAGE; here the bytes decide. Arcs (group 42, bulge) become chords that leave them by 1 mm at
 * most. */
#ifndef DK_INGEST_DXF_H
#define DK_INGEST_DXF_H

#include "ingest/text_lines.h"

#define DK_DXF_MAX_POINTS 10000000 /* of all outlines, arcs drawn */
#define DK_DXF_MAX_THINGS 2000000  /* outlines, and texts */

typedef struct dk_dxf dk_dxf;

typedef struct dk_dxf_outline {
    int64_t line;       /* of the file, where it begins */
    const char *handle; /* group 5, "" if it has none */
    const char *layer;  /* UTF-8 */
    const char *text;   /* what stands in it or beside it, from top to bottom, blanks between; "" */
    int64_t bad_line;   /* of a text of it that is none in the encoding of the file; 0: all are */
    const double *xy;   /* n pairs; of a closed one the last is not the first again */
    size_t n;
    bool closed;         /* says so, or ends within 1 mm of where it begins */
    const char *problem; /* a sentence why it cannot be read, or NULL */
    int outer;           /* the outline that it is a hole of, where holes are wanted; -1 */
    int next_hole;       /* its first hole; of a hole, the next one of the same outline; -1 */
} dk_dxf_outline;

/* Reads all of it. DK_INVALID with a sentence that begins with path: no DXF, a binary one, cut off or damaged. */
dk_status dk_dxf_open(const char *path, const dk_encoding *encoding, dk_dxf **ret_dxf, dk_error *err);
/* The same over bytes in memory. */
dk_status dk_dxf_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_dxf **ret_dxf,
                             dk_error *err);
void dk_dxf_close(dk_dxf *dxf); /* NULL-safe */
dk_encoding dk_dxf_encoding(const dk_dxf *dxf);

typedef struct dk_dxf_wanted {
    const char *layer; /* NULL: the only one with such outlines */
    bool lines;        /* open ones too; else what is not closed is a problem */
    bool holes;        /* a closed outline inside another of the layer is its hole; else one of its own */
} dk_dxf_wanted;
/* Chooses the outlines of a layer, in the order of the file, and gives them their texts. Once. path: for messages. */
dk_status dk_dxf_choose(dk_dxf *dxf, const dk_dxf_wanted *wanted, const char *path, dk_error *err);
/* Those chosen; the pointers in them stay valid until it is closed. */
size_t dk_dxf_outlines(const dk_dxf *dxf, const dk_dxf_outline **ret_outlines);
/* What was left out and how texts were found, one sentence a line. */
const char *dk_dxf_notes(const dk_dxf *dxf);

#endif
