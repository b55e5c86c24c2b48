#include "ingest/zones.h"

#include <stddef.h>
#include <string.h>

const dk_zone_family dk_cgcs2000 = {"CGCS2000", 4490, 4478, 4489, 4488, 4509};
static const dk_zone_family xian1980 = {"Xian 1980", 4610, 2314, 2325, 2324, 2345};
static const dk_zone_family beijing1954 = {"Beijing 1954", 4214, 21400, 21440, 2376, 2397};
static const dk_zone_family new_beijing = {"New Beijing", 4555, 0, 0, 0, 0};

static bool any_in(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcasestr(text, *words) != NULL)
            return true;
    return false;
}

/* 合肥2000独立坐标系 has its own origin or meridian: the number says which datum it was derived from. */
static bool is_local(const char *text)
{
    static const char *const local[] = {"独立", "地方坐标", "城市坐标", "城建坐标", "independent", "local", NULL};
    static const char *const national[] = {"国家", "大地", "CGCS", "Geodetic", "WGS", NULL};
    static const char *const places[] = {"地方", "城市", "城建", NULL};
    static const char *const before[] = {"国", "系", "统", "用", "为", "是", "标", "准", "面", "新", "转", "成", "到", NULL};
    const char *year = strstr(text, "2000");
    if (any_in(text, local))
        return true;
    if (year == NULL || any_in(text, national))
        return false;
    if (any_in(text, places))
        return true;
    if (year - text < 3 || !((unsigned char)year[-1] & 0x80))
        return false;
    char last[4] = {year[-3], year[-2], year[-1], '\0'}; /* a Chinese character: the name of a town, as in 合肥2000 */
    const bool punctuation = strncmp(last, "\xE3\x80", 2) == 0 || strncmp(last, "\xEF\xBC", 2) == 0;
    return !punctuation && !any_in(last, before);
}

/* Of the datums whose years a text may have in it. */
typedef struct years {
    bool d2000, d80, d54, d84;
} years;

/* false: none, or several. */
static bool find_year(const char *text, years *ret)
{
    *ret = (years){.d2000 = strstr(text, "2000") != NULL,
                   .d80 = strstr(text, "80") != NULL,
                   .d54 = strstr(text, "54") != NULL,
                   .d84 = strcasestr(text, "WGS") != NULL};
    return ret->d2000 + ret->d80 + ret->d54 + ret->d84 == 1;
}

bool dk_zone_names_local(const char *text)
{
    years found;
    return find_year(text, &found) && is_local(text);
}

const dk_zone_family *dk_zone_family_named(const char *text)
{
    years found;
    if (!find_year(text, &found) || is_local(text))
        return NULL;
    if (found.d80)
        return &xian1980;
    if (found.d54)
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
