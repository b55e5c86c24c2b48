/* The map picture of a report, as SVG: the batch's rows in grey, rejected ones in red, places of overlaps in orange.
 * North is up; degrees are drawn as long as they are in the middle of the picture. */
#ifndef DK_INGEST_REPORT_MAP_H
#define DK_INGEST_REPORT_MAP_H

#include "store/buf.h"
#include "store/geometry.h"

enum {
    DK_MAP_OUTLINES = 2000, /* with more rows than these, rows are squares where there are any */
    DK_MAP_POINTS = 64      /* of an outline that are kept */
};

typedef enum dk_map_class { DK_MAP_ROW, DK_MAP_REJECT, DK_MAP_OVERLAP, DK_MAP_CLASSES } dk_map_class;

typedef struct dk_report_map {
    dk_buf outlines[DK_MAP_CLASSES];                     /* uint32 n, then n pairs of degrees */
    dk_buf middles;                                      /* of the rows: pairs of floats */
    dk_buf labels;                                       /* of rejected rows, NUL-terminated, in their order */
    int64_t n[DK_MAP_CLASSES], left_out[DK_MAP_CLASSES]; /* left_out: of n, those that are too many to be drawn */
} dk_report_map;

void dk_report_map_finish(dk_report_map *map);
/* At most DK_MAP_POINTS positions of the outline with the largest box in a geometry (WKB, degrees); 0: there is none.
 */
size_t dk_map_outline(const void *wkb, size_t size, double *ret_lonlat);
void dk_report_map_add(dk_report_map *map, dk_map_class class, const double *lonlat, size_t n, const char *label);
/* Where the rejected rows are: those that are added behind a place are taken back. */
typedef struct dk_report_map_place {
    size_t outlines, labels;
    int64_t n, left_out;
} dk_report_map_place;
dk_report_map_place dk_report_map_mark(const dk_report_map *map);
void dk_report_map_undo(dk_report_map *map, const dk_report_map_place *place);
/* Appends the SVG element; nothing if there is nothing to draw. All text in it is escaped. */
void dk_report_map_svg(const dk_report_map *map, dk_buf *out);

/* Appends text with the five characters of HTML and XML escaped. */
void dk_html_text(const char *text, dk_buf *out);

#endif
