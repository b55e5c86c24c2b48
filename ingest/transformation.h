/* A transformation from an old datum to CGCS2000, with the parameters that a surveying authority hands out for one
 * area. They are secret where they are exact (DESIGN: never stored, logged or shown), so no message repeats a value of
 * the file, and only its name and how well it fits its control points leave this module.
 *
 *     name: 砀山县 1980西安转2000            # what the batch says about its rows
 *     from: xian80                           # beijing54, new_beijing
 *     to: cgcs2000                           # may be left out: there is no other
 *     method: helmert7                       # or plane4
 *     convention: position_vector            # or coordinate_frame: the opposite signs of the rotations. Must be said
 *     x: …  y: …  z: …                       # metres
 *     rx: …  ry: …  rz: …                    # seconds of arc
 *     scale: …                               # parts per million
 *     extent: [west, south, east, north]     # degrees in which it holds; rows outside are rejected (everywhere unless
 * said) tolerance: 0.5                         # metres, of the control points (0.5 unless said) systems: {from:
 * EPSG:2384, to: EPSG:4548}   # of the control points and of plane4; without the zone in the eastings control_points:
 *       - {name: G1, from: [east, north], to: [east, north]}
 *
 * plane4 has, instead of x to rz:
 *     convention: clockwise                  # or counterclockwise, on a map with north up
 *     east: …  north: …                      # metres
 *     rotation: …                            # seconds of arc
 *
 * Formulas: IOGP Guidance Note 7-2, 4.3.3 (helmert7), by PROJ's helmert; plane4 is a similarity in the plane. */
#ifndef DK_INGEST_TRANSFORMATION_H
#define DK_INGEST_TRANSFORMATION_H

#include "ingest/crs.h"
#include "store/buf.h"
#include "store/status.h"

/* Reads the file, which may be a pipe, and checks its control points. DK_INVALID: a sentence with file, line and key,
 * without values. */
dk_status dk_transformation_read(const char *path, dk_transformation **ret_transformation, dk_error *err);
void dk_transformation_free(dk_transformation *transformation); /* NULL-safe; wipes the parameters */

const char *dk_transformation_name(const dk_transformation *transformation);
dk_datum dk_transformation_from(const dk_transformation *transformation);
/* What to tell: the residuals of the control points, and whether others can read the file. One sentence a line. */
const char *dk_transformation_notes(dk_transformation *transformation);
/* The EPSG code of the plane that plane4 holds in; 0: helmert7, which holds everywhere. */
int dk_transformation_plane(const dk_transformation *transformation);

/* West, south, east, north in degrees of CGCS2000 in which it holds; NULL: not said. */
const double *dk_transformation_extent(const dk_transformation *transformation);

/* Appends the steps of a PROJ pipeline. helmert7: from longitude and latitude on the old datum, whose ellipsoid is
 * given, to those of CGCS2000, both in radians. plane4: from the old plane to longitude and latitude in radians. */
bool dk_transformation_steps(const dk_transformation *transformation, double semi_major, double inverse_flattening,
                             dk_buf *out);

#endif
