/* Drawings as DXF in text form.
 *
 * After the DXF Reference of AutoCAD 2012: pairs of lines, a group code and its value; of the section ENTITIES the
 * entities LWPOLYLINE, POLYLINE with VERTEX, TEXT and MTEXT in model space. GDAL 3.6 loses which polylines are closed,
 * and decodes by $DWGCODEPAGE; here the bytes decide. */
#ifndef DK_INGEST_DXF_H
#define DK_INGEST_DXF_H

#include "ingest/drawing.h"

/* Reads all of it. DK_INVALID with a sentence that begins with path: no DXF, a binary one, cut off or damaged. */
dk_status dk_dxf_open(const char *path, const dk_encoding *encoding, dk_drawing **ret_drawing, dk_error *err);
/* The same over bytes in memory. */
dk_status dk_dxf_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_drawing **ret_drawing,
                             dk_error *err);

#endif
