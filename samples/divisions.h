/* Divisions that the sample data names. */
#ifndef DK_SAMPLES_DIVISIONS_H
#define DK_SAMPLES_DIVISIONS_H

#include <stddef.h>

typedef struct gen_division {
    const char *code; /* 6, 9 or 12 digits */
    const char *name;
} gen_division;

typedef struct gen_county {
    gen_division division;
    double x, y; /* EPSG:4527, metres east (with the zone's prefix) and north */
} gen_county;

extern const gen_division gen_towns[]; /* of 砀山县, sorted by code */
extern const size_t gen_n_towns;
extern const gen_division gen_villages[]; /* of 砀山县, sorted by code */
extern const size_t gen_n_villages;
extern const gen_county gen_counties[]; /* of Anhui, sorted by code */
extern const size_t gen_n_counties;

#endif
