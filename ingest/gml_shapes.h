/* The shapes of a GML (OGC 03-105r1, 10.5; 02-069, 4.3): a boundary has one ring, a Polygon one exterior, a property
 * one geometry, and coordinates are numbers. Of more GDAL takes the first, and of a number what it can read, without a
 * word. */
#ifndef DK_INGEST_GML_SHAPES_H
#define DK_INGEST_GML_SHAPES_H

#include "store/status.h"

/* DK_INVALID with a sentence that names path and line. What is no XML, or in an encoding that expat does not know, is
 * not looked at. */
dk_status dk_gml_shapes_check(const char *file, const char *path, dk_error *err);

#endif
