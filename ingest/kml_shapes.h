/* The shapes of a KML, as OGC 07-147r2 has them: a Placemark has one geometry, a Polygon one outerBoundaryIs, each
 * boundary one LinearRing, and coordinates are places of two or three numbers. Where there is more, GDAL keeps the
 * last, and of a number what it can read, without a word. */
#ifndef DK_INGEST_KML_SHAPES_H
#define DK_INGEST_KML_SHAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file under way, from its beginning on; all 0 at first. */
typedef struct dk_kml_shapes {
    /* So far, but for those in an Update of others; overlays: pictures that are laid on the map; links: to other files.
     */
    int64_t n_placemarks, n_overlays, n_links;
    char problem[400]; /* a sentence about the file; "": none so far */

    int depth, placemark, update, at_boundary; /* of elements; where these begin, placemark and update 0: in none */
    char name[96];                             /* of the placemark; NUL-terminated */
    size_t n_name;
    bool in_name;
    int n_geometries, n_outer, n_inner, n_rings; /* of the placemark, the polygon, the boundary */
    enum { NO_BOUNDARY = 0, OUTER, INNER } boundary;

    bool in_coordinates, comma, blank; /* behind the last number of the place */
    char number[64];                   /* under way; of a longer one the beginning */
    size_t n_number;
    int n_numbers; /* of the place under way */
    bool loose;    /* blanks stand behind a comma of it */
} dk_kml_shapes;

/* The beginning of an element, by its name without a prefix. true: a further ring in one innerBoundaryIs, which needs
 * one of its own. */
bool dk_kml_shapes_start(dk_kml_shapes *shapes, const char *element);
void dk_kml_shapes_end(dk_kml_shapes *shapes, const char *element);
void dk_kml_shapes_text(dk_kml_shapes *shapes, const char *text, size_t size);

#endif
