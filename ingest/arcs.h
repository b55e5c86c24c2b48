/* Circular arcs of sources made into chords (ISO 19125-1 has none). They leave the arc by 1 mm at most, turn by 1
 * degree at most (which costs an outline 0.005 % of the area between arc and chord), and are at most 720 to an arc; the
 * same arc of a neighbour, the other way round, gets the same points. */
#ifndef DK_INGEST_ARCS_H
#define DK_INGEST_ARCS_H

#include <ogr_api.h>
#include <stdbool.h>

/* The arc from a over b to c, or the circle through a and b if c is a; in degrees or metres. A line that the caller
 * destroys; NULL: out of memory. */
OGRGeometryH dk_arc_to_chords(const double a[2], const double b[2], const double c[2], bool degrees);

/* A copy without curves, which the caller destroys. NULL: out of memory, or more than 20 million points. */
OGRGeometryH dk_arcs_to_chords(OGRGeometryH geometry, bool degrees);

#endif
