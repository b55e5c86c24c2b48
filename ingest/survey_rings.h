/* The rings of a parcel from its points as they stand in a coordinate TXT. For survey_txt.c alone. */
#ifndef DK_INGEST_SURVEY_RINGS_H
#define DK_INGEST_SURVEY_RINGS_H

#include "ingest/survey_txt.h"

typedef struct dk_survey_rings {
    dk_survey_ring *rings; /* owned; dk_survey_rings_finish */
    size_t n, capacity;
    size_t n_closing; /* points that close a ring */
    bool stray;       /* a 圈号 in the middle of a ring was another, and not heeded */
    double misfit;    /* how far the worst closing point lies from the first; 0: all closed exactly */
    double area;      /* exteriors without holes, in the square of the points' unit */
} dk_survey_rings;

void dk_survey_rings_finish(dk_survey_rings *rings);

/* Splits the points, which are one parcel's in the order of the file, and finds which ring is whose hole.
 * A ring ends where it returns to its first point; one that does not return ends where the 圈号 changes or where the
 * 点号 start again with that of its first point. false: it cannot be; ret_problem gets a sentence with lines and 点号.
 * DK_NOMEM through ret_nomem. */
bool dk_survey_rings_find(dk_survey_rings *rings, const dk_survey_point *points, size_t n, const char *texts,
                          dk_survey_shape shape, bool degrees, char *ret_problem, size_t problem_size, bool *ret_nomem);

#endif
