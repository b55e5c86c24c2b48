#include "ingest/zones.h"

#include <stddef.h>
#include <string.h>

const dk_zone_family dk_cgcs2000 = {"CGCS2000", 4490, 4478, 4489, 4488, 4509};
static const dk_zone_family xian1980 = {"Xian 1980", 4610, 2314, 2325, 2324, 2345};
static const dk_zone_family beijing1954 = {"Beijing 1954", 4214, 21400, 21440, 2376, 2397};
static const dk_zone_family new_beijing = {"New Beijing", 4555, 4555, 4566, 4736, 4757};

static bool any_in(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcasestr(text, *words) != NULL)
            return true;
    return false;
}

/* A year as digits of its own: not the 80 of 3810331.80 or of 2380. Of 1980 it is where the 19 begins. NULL: none. */
static const char *year_in(const char *text, const char *year)
{
    for (const char *at = text; (at = strstr(at, year)) != NULL; at++) {
        const char *from = year[0] != '2' && at - text >= 2 && strncmp(at - 2, "19", 2) == 0 ? at - 2 : at;
        const char before = from > text ? from[-1] : ' ', behind = at[strlen(year)];
        if ((before < '0' || before > '9') && before != '.' && (behind < '0' || behind > '9'))
            return from;
    }
    return NULL;
}

/* The Chinese characters that end at a place, without punctuation among them: their bytes. */
static size_t chinese_before(const char *text, const char *end)
{
    size_t n = 0;
    while (end - n - text >= 3) {
        const unsigned char *at = (const unsigned char *)end - n - 3;
        if (at[0] < 0xE3 || at[0] > 0xE9 ||
            (at[0] == 0xE3 && at[1] == 0x80)) /* 。〔 and their like; ，： begin with EF */
            break;
        n += 3;
    }
    return n;
}

static bool ends_in(const char *run, size_t size, const char *const *words)
{
    for (; *words != NULL; words++) {
        const size_t n = strlen(*words);
        if (n <= size && memcmp(run + size - n, *words, n) == 0)
            return true;
    }
    return false;
}

/* Whether the name of a town stands before a year, as in 合肥2000 and 肥东县80; not what a sentence or a title has
 * there. */
static bool is_place(const char *text, const char *year)
{
    static const char *const towns[] = {"无为", NULL}; /* which end as a sentence may */
    static const char *const before[] = {"中国", "我国", "全国", "系", "统",   "用", "为", "是", "标",   "准",
                                         "面",   "新",   "转",   "成", "到",   "点", "围", "矿", "矿区", "矿界",
                                         "边界", "界址", "直角", "角", "投影", "带", "度", "球", "斯",   "表",
                                         "附图", "纸",   "的",   "即", "按",   "以", "采", "于", "据",   "料",
                                         "果",   "程",   "及",   "和", "与",   "或", "含", "米", NULL};
    static const char *const alone[] = {"国", "原", "老", "旧", "图", "年", "属", "取", "从", "由", "自", "在", NULL};
    const size_t size = chinese_before(text, year);
    const char *run = year - size;
    if (size == 0)
        return false;
    if (ends_in(run, size, towns))
        return true;
    return !ends_in(run, size, before) && !(size == 3 && ends_in(run, size, alone));
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

/* 合肥2000独立坐标系 has its own origin or meridian: the number says which datum it was derived from. */
static bool is_local(const char *text, const years *found)
{
    static const char *const local[] = {"独立", "地方坐标", "城市坐标", "城建坐标", "independent", "local", NULL};
    static const char *const national[] = {"国家", "大地", "CGCS", "Geodetic", "WGS", NULL};
    static const char *const old[] = {"西安", "北京", "Xian", "Xi'an", "Beijing", "Peking", "克拉索", "Krass", NULL};
    static const char *const places[] = {"地方", "城市", "城建", NULL};
    const char *year = year_in(text, found->d2000 ? "2000" : found->d80 ? "80" : "54");
    if (any_in(text, local))
        return true;
    if (year == NULL || any_in(text, national) || (!found->d2000 && any_in(text, old)))
        return false;
    return any_in(text, places) || is_place(text, year);
}

bool dk_zone_names_local(const char *text)
{
    years found;
    return find_year(text, &found) && is_local(text, &found);
}

const dk_zone_family *dk_zone_family_named(const char *text)
{
    years found;
    if (!find_year(text, &found) || is_local(text, &found))
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
    if (family == &new_beijing && !six) { /* of which EPSG had numbered others when it came to these */
        if (prefixed && zone <= 29)
            return 4627 + zone;
        if (!prefixed && zone >= 44)
            return zone == 44 ? 4812 : 4822;
    }
    return zone + (prefixed ? (six ? family->zone6 : family->zone3) : six ? family->bare6 : family->bare3);
}
