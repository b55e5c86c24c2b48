/* Drawings as DWG of R2000 (AC1015), as AutoCAD 2000 to 2002 write them and later programs on request.
 *
 * After the Open Design Specification for .dwg files (5.4, "Data Objects"), whose headings comments name: the entities
 * LWPOLYLINE, POLYLINE (2D and 3D) with its vertices, TEXT and MTEXT in model space, and the names of layers. GDAL 3.6
 * loses which polylines are closed, and decodes texts by the code page of the file; here the bytes decide. */
#ifndef DK_INGEST_DWG_H
#define DK_INGEST_DWG_H

#include "ingest/drawing.h"

/* Reads all of it; outlines are in the order of their handles. DK_INVALID with a sentence that begins with path: no
 * DWG, one of another version, cut off or damaged; DK_LIMIT. */
dk_status dk_dwg_open(const char *path, const dk_encoding *encoding, dk_drawing **ret_drawing, dk_error *err);
/* The same over bytes in memory. */
dk_status dk_dwg_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_drawing **ret_drawing,
                             dk_error *err);

#endif
