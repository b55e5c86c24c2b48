/* Drawings: their polylines as outlines, and the texts that stand in them. Which file they come from is the business of
 * the readers (dxf.h, dwg.h). */
#ifndef DK_INGEST_DRAWING_H
#define DK_INGEST_DRAWING_H

#include "ingest/encoding.h"

#define DK_DRAWING_MAX_POINTS 10000000 /* of all outlines, arcs drawn */
#define DK_DRAWING_MAX_THINGS 2000000  /* outlines, and texts */

typedef struct dk_drawing dk_drawing;

typedef struct dk_drawing_outline {
    int64_t row;        /* ascending: of a DXF the line where it begins, of a DWG its number among the polylines */
    const char *handle; /* hexadecimal, "" if it has none */
    const char *layer;  /* UTF-8 */
    const char *text;   /* what stands in it or beside it, from top to bottom, blanks between; "" */
    int64_t bad_text;   /* the place of a text of it that is none in the encoding of the file; 0: all are */
    const double *xy;   /* n pairs, x before y, as drawn; of a closed one the last is not the first again */
    size_t n;
    bool closed;         /* says so, or ends within 1 mm of where it begins */
    const char *problem; /* a sentence why it cannot be read, or NULL */
    int outer;           /* the outline that it is a hole of, where holes are wanted; -1 */
    int next_hole;       /* its first hole; of a hole, the next one of the same outline; -1 */
} dk_drawing_outline;

typedef struct dk_drawing_wanted {
    const char *layer; /* NULL: the only one with such outlines */
    bool lines;        /* open ones too; else what is not closed is a problem */
    bool holes;        /* a closed outline inside another of the layer is its hole; else one of its own */
} dk_drawing_wanted;
/* Chooses the outlines of a layer, in the order of the file, and gives them their texts. Once. DK_NOT_FOUND, DK_INVALID
 * with a sentence that begins with the path of the file. */
dk_status dk_drawing_choose(dk_drawing *drawing, const dk_drawing_wanted *wanted, dk_error *err);
/* Those chosen; the pointers in them stay valid until it is closed. */
size_t dk_drawing_outlines(const dk_drawing *drawing, const dk_drawing_outline **ret_outlines);
/* What was left out and how texts were found, one sentence a line. */
const char *dk_drawing_notes(const dk_drawing *drawing);
dk_encoding dk_drawing_encoding(const dk_drawing *drawing);

typedef struct dk_drawing_place {
    char text[40];
} dk_drawing_place;
/* A place as a sentence names it: "line 12" of a DXF, "handle 2A" of a DWG. */
dk_drawing_place dk_drawing_place_of(const dk_drawing *drawing, int64_t place);

void dk_drawing_close(dk_drawing *drawing); /* NULL-safe */

#endif
