/* What a reader of drawings puts into one. Arcs become chords that leave them by 1 mm at most. */
#ifndef DK_INGEST_DRAWING_BUILD_H
#define DK_INGEST_DRAWING_BUILD_H

#include "ingest/drawing.h"

typedef enum dk_drawing_places { DK_DRAWING_LINES, DK_DRAWING_HANDLES } dk_drawing_places;

/* path: for messages. dk_drawing_close. */
dk_status dk_drawing_create(const char *path, dk_drawing_places places, dk_encoding encoding, dk_drawing **ret_drawing,
                            dk_error *err);

/* Keeps a text (UTF-8, size bytes, with the codes of dxf_text.h) and returns where, for what follows. 0 is "". */
size_t dk_drawing_keep(dk_drawing *drawing, const char *text, size_t size, bool mtext);
/* Whether memory was enough for all that was kept. */
bool dk_drawing_kept(const dk_drawing *drawing);

/* The vertices of the polyline under way: in its plane, x before y. bulge: the tangent of a quarter of the angle of the
 * arc to the next one, positive to the left. place: where the file has it. */
void dk_drawing_begin_outline(dk_drawing *drawing);
dk_status dk_drawing_add_vertex(dk_drawing *drawing, double x, double y, double bulge, int64_t place, dk_error *err);

typedef struct dk_drawing_polyline {
    int64_t row, place;
    size_t handle, layer; /* where they are kept */
    bool closed;          /* it says so */
    bool mirrored;        /* seen from below: its x axis is the other way round */
    bool tilted;          /* its plane is not that of the map */
    bool in_space;        /* each vertex has a height, which is left out */
    const char *problem;  /* why it cannot be read, or NULL */
    int64_t bad_text;     /* the place of its layer's name if that is no text; 0 */
} dk_drawing_polyline;
dk_status dk_drawing_end_outline(dk_drawing *drawing, const dk_drawing_polyline *of, dk_error *err);

/* A text that stands at x, y, as many units high. */
typedef struct dk_drawing_label {
    double x, y, height;
    const char *text; /* UTF-8 with its codes */
    size_t size;
    bool mtext;
    int64_t place, bad_text;
} dk_drawing_label;
dk_status dk_drawing_add_label(dk_drawing *drawing, const dk_drawing_label *of, dk_error *err);

/* Another entity: it is counted by its name in the words of the DXF Reference. */
void dk_drawing_count(dk_drawing *drawing, const char *name);
/* A polyline in paper space, which is none of the data: they are counted. */
void dk_drawing_count_paper(dk_drawing *drawing);
/* A sentence for the notes. */
void dk_drawing_note(dk_drawing *drawing, const char *sentence);

#endif
