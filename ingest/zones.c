#include "ingest/zones.h"

#include <stddef.h>
#include <string.h>

const dk_zone_family dk_cgcs2000 = {"CGCS2000", 4490, 4478, 4489, 4488, 4509};
static const dk_zone_family xian1980 = {"Xian 1980", 4610, 2314, 2325, 2324, 2345};
static const dk_zone_family beijing1954 = {"Beijing 1954", 4214, 21400, 21440, 2376, 2397};
static const dk_zone_family new_beijing = {"New Beijing", 4555, 0, 0, 0, 0};

const dk_zone_family *dk_zone_family_named(const char *text)
{
    const bool d2000 = strstr(text, "2000") != NULL, d80 = strstr(text, "80") != NULL, d54 = strstr(text, "54") != NULL,
               d84 = strcasestr(text, "WGS") != NULL;
    if (d2000 + d80 + d54 + d84 != 1)
        return NULL;
    if (d80)
        return &xian1980;
    if (d54)
        return strstr(text, "新") != NULL ? &new_beijing : &beijing1954;
    return &dk_cgcs2000;
}

const dk_zone_family *dk_zone_family_of_degrees(int epsg)
{
    static const dk_zone_family *const all[] = {&dk_cgcs2000, &xian1980, &beijing1954, &new_beijing};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->geographic == epsg)
            return all[i];
    return epsg == 4326 ? &dk_cgcs2000 : NULL;
}

int dk_zone_band(int zone)
{
    return zone >= 13 && zone <= 23 ? 6 : zone >= 25 && zone <= 45 ? 3 : 0;
}

int dk_zone_meridian(int zone)
{
    return dk_zone_band(zone) == 6 ? 6 * zone - 3 : 3 * zone;
}

int dk_zone_epsg(const dk_zone_family *family, int zone, bool prefixed)
{
    const bool six = dk_zone_band(zone) == 6;
    const int base = prefixed ? (six ? family->zone6 : family->zone3) : six ? family->bare6 : family->bare3;
    return base == 0 ? family->geographic : base + zone;
}
