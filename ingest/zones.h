/* The Gauss-Krüger zones of China: their EPSG codes, and the datums that texts name. */
#ifndef DK_INGEST_ZONES_H
#define DK_INGEST_ZONES_H

#include <stdbool.h>

/* The systems on one datum. */
typedef struct dk_zone_family {
    const char *name;
    int geographic; /* EPSG code in degrees */
    int zone6, bare6, zone3,
        bare3; /* EPSG codes of zones are these plus the zone's number, but for some (dk_zone_epsg) */
} dk_zone_family;
extern const dk_zone_family dk_cgcs2000;

/* The datum that a text names: 2000国家大地坐标系, 西安80 … WGS 84 counts as CGCS2000, as everywhere in dikuai. NULL:
 * none, several, one that is not known, or a local system (合肥2000独立坐标系). */
const dk_zone_family *dk_zone_family_named(const char *text);
/* Whether a text names a local system instead, derived from one of them, such as 合肥2000独立坐标系. */
bool dk_zone_names_local(const char *text);
/* The family that has this EPSG code in degrees, EPSG:4326 being CGCS2000's; NULL: none. */
const dk_zone_family *dk_zone_family_of_degrees(int epsg);

int dk_zone_band(int zone);     /* 3 or 6 degrees; 0: no zone of China */
int dk_zone_meridian(int zone); /* the central one, degrees */
/* The EPSG code of a zone of China, with its number before the eastings or without. */
int dk_zone_epsg(const dk_zone_family *family, int zone, bool prefixed);

#endif
