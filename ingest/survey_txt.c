#include "ingest/survey_txt.h"

#include "ingest/survey_crs.h"
#include "ingest/survey_rings.h"
#include "ingest/units.h"
#include "ingest/values.h"
#include "ingest/zones.h"
#include "store/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 24    /* of a line; the format has 14 at most */
#define MAX_LABEL 60     /* bytes of a 点号 */
#define MAX_WHOLE 12     /* digits of a number before the point */
#define MAX_DECIMALS 400 /* and behind it; programs that calculate in decimals write a hundred */
#define AREA_AGREES 0.001
#define AREA_SIMILAR 100.0 /* 公顷 and 平方米 are 10000 apart: whichever is nearer than this was meant */

const char *const dk_survey_names[DK_SURVEY_VALUES] = {"界址点数", "地块面积", "地块编号", "地块名称", "记录图形属性",
                                                       "图幅号",   "地块用途", "地类编码", "图斑类型", "地类",
                                                       "等别前",   "等别后",   "备注"};

typedef enum section { SECTION_NONE = 0, SECTION_HEADER, SECTION_PROJECT, SECTION_PARCELS, SECTION_OTHER } section;

typedef enum order { ORDER_UNKNOWN = 0, ORDER_NORTH_FIRST, ORDER_EAST_FIRST } order;

typedef struct pair_kind {
    order order;
    bool degrees;
    int zone;
} pair_kind;

typedef enum area_unit { AREA_UNDECIDED = 0, AREA_SAID, AREA_HECTARES, AREA_SQUARE_METRES, AREA_MU } area_unit;

struct dk_survey {
    dk_text_lines *lines;
    char *path;
    bool north_first;
    bool scanning; /* the first reading */
    section section;

    dk_survey_header header;
    char *project_keys[DK_SURVEY_MAX_PROJECT_KEYS], *project_values[DK_SURVEY_MAX_PROJECT_KEYS];
    size_t n_project;

    /* the line of the next parcel, which ended the one before */
    dk_buf next_line;
    int64_t next_number;
    bool has_next, next_undecodable;

    /* the parcel under way */
    dk_survey_parcel parcel;
    dk_survey_header parcel_header; /* the one above it */
    dk_buf value_line, texts, folded, area_text;
    dk_survey_point *points;
    size_t n_points, points_capacity;
    dk_survey_rings rings;
    char problem[700];
    pair_kind kind;
    area_unit area_unit;
    double area_number;
    const char *area_unit_text;
    bool area_agrees;

    /* what all of the file shows */
    dk_survey_evidence evidence;
    int64_t n_parcels, n_north_first, n_east_first, n_hectares, n_square_metres, n_mu, n_agreeing, n_undecided;
    bool has[DK_SURVEY_VALUES];
    bool saw_mark, saw_end_mark; /* a section; a parcel's @ */
    bool secret;                 /* 转换参数 that are not zero */
    int64_t not_understood_line;
    int64_t height_line; /* of the first point with a fifth value; 0: none */
    int epsg;
    bool zones_apart; /* each parcel has its own */
    char epsg_problem[700];

    /* what the second reading put right */
    int64_t n_strays, n_misfits, n_without_mark;
    double misfit;
    dk_buf decided, notes;
    size_t decided_system; /* bytes of decided that are about the coordinate system */
    bool overruled;        /* which somebody else says */
};

/* ---- texts ---- */

/* Takes blanks off both ends, those of ASCII and U+3000. text is changed. */
static char *trim(char *text)
{
    size_t size = strlen(text);
    for (;;) {
        if (*text == ' ' || *text == '\t')
            text++, size--;
        else if (strncmp(text, "\xE3\x80\x80", 3) == 0)
            text += 3, size -= 3;
        else if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) /* files that were joined have marks in their middle */
            text += 3, size -= 3;
        else
            break;
    }
    for (;;) {
        if (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
            size--;
        else if (size >= 3 && memcmp(text + size - 3, "\xE3\x80\x80", 3) == 0)
            size -= 3;
        else
            break;
    }
    text[size] = '\0';
    return text;
}

/* Replaces a full-width character of three bytes by one of ASCII. */
static void narrow(char *text, const char *wide, char ascii)
{
    char *to = strstr(text, wide);
    for (const char *at = to; at != NULL && *at != '\0';) {
        const bool found = strncmp(at, wide, 3) == 0;
        *to++ = found ? ascii : *at;
        at += found ? 3 : 1;
    }
    if (to != NULL)
        *to = '\0';
}

/* Full-width digits, points and signs of a number. */
static void narrow_number(char *text)
{
    if (strstr(text, "\xEF\xBC") == NULL)
        return;
    char wide[4] = "\xEF\xBC\x90";
    for (int digit = 0; digit < 10; digit++) {
        wide[2] = (char)(0x90 + digit);
        narrow(text, wide, (char)('0' + digit));
    }
    narrow(text, "．", '.');
    narrow(text, "－", '-');
}

/* Tabs separate where no comma does. */
static void tabs_to_commas(char *text)
{
    if (strchr(text, ',') != NULL)
        return;
    for (; *text != '\0'; text++)
        if (*text == '\t')
            *text = ',';
}

/* The fields between commas, trimmed. More than MAX_FIELDS are counted but not kept. text is changed. */
static size_t split(char *text, char **fields)
{
    size_t n = 0;
    for (char *at = text;;) {
        char *comma = strchr(at, ',');
        if (comma != NULL)
            *comma = '\0';
        if (n < MAX_FIELDS)
            fields[n] = trim(at);
        n++;
        if (comma == NULL)
            return n;
        at = comma + 1;
    }
}

/* A decimal number without exponent: what a spreadsheet has put into scientific notation has lost its digits. */
static bool number(const char *text, double *ret)
{
    const char *at = text + (*text == '-' || *text == '+');
    const size_t digits = strspn(at, "0123456789");
    size_t decimals = 0;
    if (at[digits] == '.')
        decimals = strspn(at + digits + 1, "0123456789");
    if (digits + decimals == 0 || digits > MAX_WHOLE || decimals > MAX_DECIMALS ||
        at[digits + (at[digits] == '.') + decimals] != '\0')
        return false;
    *ret = strtod(text, NULL); /* the programs keep the C locale */
    return true;
}

/* Whether a text that is none for number() has too many digits and nothing else against it. */
static bool is_too_long(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    const size_t digits = strspn(at, "0123456789"), point = at[digits] == '.',
                 decimals = point ? strspn(at + digits + 1, "0123456789") : 0;
    return at[digits + point + decimals] == '\0' && (digits > MAX_WHOLE || decimals > MAX_DECIMALS);
}

static bool whole(const char *text, int64_t *ret)
{
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits] != '\0')
        return false;
    *ret = strtoll(text, NULL, 10);
    return true;
}

/* So many bytes of a text for "%.*s", at most 40, cut at a character. */
static int shown(const char *text)
{
    size_t size = strnlen(text, 41);
    if (size > 40)
        for (size = 40; size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80;)
            size--;
    return (int)size;
}

#define SHOWN(text) shown(text), text

/* The first problem of a parcel is the one that is told. */
static void problem(dk_survey *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void problem(dk_survey *s, const char *format, ...)
{
    va_list args;
    if (s->problem[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(s->problem, sizeof s->problem, format, args);
    va_end(args);
}

/* ---- the header ---- */

static section section_of(const char *line)
{
    if (strstr(line, "属性描述") != NULL)
        return SECTION_HEADER;
    if (strstr(line, "地块坐标") != NULL)
        return SECTION_PARCELS;
    return strstr(line, "项目信息") != NULL ? SECTION_PROJECT : SECTION_OTHER;
}

/* Transformation parameters may be classified: they are neither kept nor shown, only noticed. */
static bool holds_parameters(const char *value)
{
    return strpbrk(value, "123456789") != NULL;
}

static dk_status project_pair(dk_survey *s, const char *key, const char *value, dk_error *err)
{
    for (size_t i = 0; i < DK_SURVEY_VALUES; i++)
        if (strcmp(key, dk_survey_names[i]) == 0)
            return DK_OK; /* a parcel says it itself */
    for (size_t i = 0; i < s->n_project; i++)
        if (strcmp(s->project_keys[i], key) == 0) {
            if (strcmp(s->project_values[i], value) != 0)
                return dk_fail(
                    err, DK_INVALID,
                    "%s: [项目信息] has %s twice with different values; put each project into a file of its own",
                    s->path, key);
            return DK_OK;
        }
    if (s->n_project == DK_SURVEY_MAX_PROJECT_KEYS)
        return dk_fail(err, DK_LIMIT, "%s: [项目信息] has more than %d keys", s->path, DK_SURVEY_MAX_PROJECT_KEYS);
    char *own_key = strdup(key), *own_value = strdup(value);
    if (own_key == NULL || own_value == NULL) {
        free(own_key);
        free(own_value);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", s->path);
    }
    s->project_keys[s->n_project] = own_key;
    s->project_values[s->n_project++] = own_value;
    return DK_OK;
}

/* Each header says the zone of the parcels below it anew. */
static void forget_zone(dk_survey_header *header)
{
    header->band[0] = header->zone[0] = header->meridian[0] = '\0';
}

static dk_status header_pair(dk_survey *s, char *line, int64_t number_of_line, dk_error *err)
{
    dk_survey_header *h = &s->header;
    const struct {
        const char *key;
        char *value;
    } known[] = {{"坐标系", h->system},     {"坐标系统", h->system},     {"几度分带", h->band},
                 {"分带", h->band},         {"带号", h->zone},           {"中央子午线", h->meridian},
                 {"中央经线", h->meridian}, {"投影类型", h->projection}, {"计量单位", h->unit}};
    char *equals = strchr(line, '=');
    *equals = '\0';
    const char *key = trim(line);
    char *value = trim(equals + 1);
    if (s->section == SECTION_PROJECT)
        return project_pair(s, key, value, err);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(key, known[i].key) != 0 || value[0] == '\0')
            continue;
        if (known[i].value != h->system && known[i].value != h->projection)
            narrow_number(value);
        if (strlen(value) >= DK_SURVEY_HEADER_TEXT)
            return dk_fail(err, DK_INVALID, "%s, line %lld: the value of %s is too long", s->path,
                           (long long)number_of_line, key);
        if (known[i].value[0] != '\0' && strcmp(known[i].value, value) != 0)
            return dk_fail(
                err, DK_INVALID,
                "%s, line %lld: %s=%s, but further up it is %s; put the parcels of each header into a file of "
                "their own",
                s->path, (long long)number_of_line, key, value, known[i].value);
        memcpy(known[i].value, value, strlen(value) + 1);
    }
    return DK_OK;
}

/* ---- a parcel's line and its points ---- */

/* What the magnitude of two numbers says: latitudes and longitudes of China do not overlap, nor do northings of seven
 * digits and eastings of six, or of eight with a zone before them. */
static pair_kind kind_of(double first, double second, bool north_first)
{
    const bool lon[2] = {first >= 73 && first <= 136, second >= 73 && second <= 136};
    const bool lat[2] = {first >= 3 && first <= 54, second >= 3 && second <= 54};
    const bool north[2] = {first >= 1e6 && first < 1e7, second >= 1e6 && second < 1e7};
    const bool bare[2] = {first >= 1e5 && first < 1e6, second >= 1e5 && second < 1e6};
    const bool zoned[2] = {first >= 1e7 && first < 1e8, second >= 1e7 && second < 1e8};
    pair_kind kind = {0};
    if ((lat[0] && lon[1]) || (lon[0] && lat[1])) {
        kind.degrees = true;
        kind.order = lat[0] ? ORDER_NORTH_FIRST : ORDER_EAST_FIRST;
    } else if ((north[0] && (bare[1] || zoned[1])) || (bare[0] && zoned[1])) {
        kind.order = ORDER_NORTH_FIRST;
    } else if ((north[1] && (bare[0] || zoned[0])) || (bare[1] && zoned[0])) {
        kind.order = ORDER_EAST_FIRST;
    } else if (bare[0] && bare[1] && north_first) { /* south of 9°N */
        kind.order = ORDER_NORTH_FIRST;
    }
    if (zoned[0] || zoned[1])
        kind.zone = (int)((zoned[0] ? first : second) / 1e6);
    return kind;
}

static void begin_parcel(dk_survey *s, int64_t line)
{
    s->parcel = (dk_survey_parcel){.line = line};
    s->parcel_header = s->header;
    for (size_t i = 0; i < DK_SURVEY_VALUES; i++)
        s->parcel.values[i] = "";
    s->problem[0] = '\0';
    s->n_points = 0;
    s->kind = (pair_kind){0};
    s->rings.n = s->rings.n_closing = 0;
    s->rings.area = s->rings.misfit = 0;
    s->rings.stray = false;
    dk_buf_clear(&s->texts);
    dk_buf_byte(&s->texts, 0); /* the label "" */
}

static bool is_shape(const char *text)
{
    return strcmp(text, "面") == 0 || strcmp(text, "线") == 0 || strcmp(text, "点") == 0;
}

/* Without a trailing @, a line that has the form of a parcel's. */
static bool looks_like_parcel(char *const *fields, size_t n)
{
    return n >= 8 && n <= MAX_FIELDS && is_shape(fields[DK_SURVEY_SHAPE]);
}

/* A full-width @ at the end of a line; elsewhere it may stand in a name. */
static void narrow_mark(char *text)
{
    static const char wide[] = "＠";
    char *last = NULL;
    for (char *at = strstr(text, wide); at != NULL; at = strstr(at + 1, wide))
        last = at;
    if (last == NULL)
        return;
    const char *behind = last + sizeof wide - 1;
    while (*behind == ' ' || *behind == '\t' || *behind == ',' || strncmp(behind, "\xE3\x80\x80", 3) == 0)
        behind += *behind == '\xE3' ? 3 : 1;
    if (*behind == '\0')
        narrow(last, wide, '@');
}

static void read_values(dk_survey *s, int64_t line, bool undecodable)
{
    char *fields[MAX_FIELDS];
    char *text = (char *)s->value_line.data;
    narrow_mark(text);
    char *mark = strrchr(text, '@');
    if (mark != NULL && *trim(mark + 1) == '\0')
        *mark = '\0';
    else
        s->n_without_mark += !s->scanning;
    /* A full-width comma separates only where there are not enough others: it may stand in a name. */
    size_t commas = 0;
    for (const char *at = text; *at != '\0'; at++)
        commas += *at == ',';
    if (commas < DK_SURVEY_LAND_CLASS)
        narrow(text, "，", ',');
    tabs_to_commas(text);
    size_t n = split(text, fields);
    while (n > 0 && n <= MAX_FIELDS && fields[n - 1][0] == '\0')
        n--;
    if (n > DK_SURVEY_VALUES)
        problem(
            s,
            "line %lld: the parcel's line has %zu values before @, at most %d are expected; is there a comma in one of "
            "them?",
            (long long)line, n, DK_SURVEY_VALUES);
    for (size_t i = 0; i < n && i < DK_SURVEY_VALUES; i++)
        s->parcel.values[i] = fields[i];
    const char *shape = s->parcel.values[DK_SURVEY_SHAPE];
    if (undecodable)
        problem(s, "line %lld: its bytes are not text in %s; correct them, or say which encoding it is with --encoding",
                (long long)line, dk_encoding_name(dk_survey_encoding(s)));
    if (shape[0] != '\0' && !is_shape(shape))
        problem(
            s,
            "line %lld: the fifth value is \"%.*s\", where 点, 线 or 面 is expected; is a comma missing or too many?",
            (long long)line, SHOWN(shape));
    s->parcel.shape = strcmp(shape, "线") == 0   ? DK_SURVEY_LINE
                      : strcmp(shape, "点") == 0 ? DK_SURVEY_POINTS
                                                 : DK_SURVEY_POLYGON;
}

static dk_status add_point(dk_survey *s, char *const *fields, int64_t line, dk_error *err)
{
    double first, second;
    int64_t circle = 1;
    narrow_number(fields[1]);
    narrow_number(fields[2]);
    narrow_number(fields[3]);
    const char *label = fields[0];
    if (strlen(label) > MAX_LABEL) {
        problem(s, "line %lld: 点号 is longer than %d bytes", (long long)line, MAX_LABEL);
        return DK_OK;
    }
    if (is_too_long(fields[2]) || is_too_long(fields[3])) {
        const char *shown_field = is_too_long(fields[2]) ? fields[2] : fields[3];
        problem(
            s,
            "line %lld, %s: \"%.*s%s\" has more digits than a coordinate (%d before the point, %d behind it); write it "
            "with fewer",
            (long long)line, label, SHOWN(shown_field), strlen(shown_field) > 40 ? "…" : "", MAX_WHOLE, MAX_DECIMALS);
        return DK_OK;
    }
    if (!number(fields[2], &first) || !number(fields[3], &second)) {
        problem(s, "line %lld, %s: \"%.*s\" and \"%.*s\" should be two numbers, X and Y", (long long)line, label,
                SHOWN(fields[2]), SHOWN(fields[3]));
        return DK_OK;
    }
    if (fields[1][0] != '\0' && !whole(fields[1], &circle)) {
        problem(s, "line %lld, %s: 圈号 \"%.*s\" is no number", (long long)line, label, SHOWN(fields[1]));
        return DK_OK;
    }
    if (s->n_points == DK_SURVEY_MAX_POINTS) {
        problem(s, "line %lld: it has more than %d points", (long long)line, DK_SURVEY_MAX_POINTS);
        return DK_OK;
    }
    const pair_kind kind = kind_of(first, second, s->north_first);
    if (kind.order == ORDER_UNKNOWN)
        problem(s,
                "line %lld, %s: (%.*s, %.*s) are no northing and easting in metres, and no latitude and longitude in "
                "degrees",
                (long long)line, label, SHOWN(fields[2]), SHOWN(fields[3]));
    else if (kind.order == ORDER_EAST_FIRST && s->north_first)
        problem(s, "line %lld, %s: (%.*s, %.*s) has the easting first; load it without --axes yx", (long long)line,
                label, SHOWN(fields[2]), SHOWN(fields[3]));
    else if (s->kind.order == ORDER_UNKNOWN)
        s->kind = kind;
    else if (s->kind.degrees != kind.degrees || s->kind.zone != kind.zone || s->kind.order != kind.order)
        problem(s, "line %lld, %s: (%.*s, %.*s) is of another %s than the points above it", (long long)line, label,
                SHOWN(fields[2]), SHOWN(fields[3]),
                s->kind.degrees != kind.degrees ? "unit"
                : s->kind.order != kind.order   ? "axis order"
                                                : "zone");
    if (!dk_grow(&s->points, &s->points_capacity, s->n_points + 1, sizeof *s->points))
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", s->path, (long long)line);
    const bool east_first = kind.order == ORDER_EAST_FIRST;
    dk_survey_point *point = &s->points[s->n_points++];
    *point = (dk_survey_point){.x = east_first ? first : second,
                               .y = east_first ? second : first,
                               .line = line,
                               .label = (uint32_t)s->texts.size,
                               .circle = (int32_t)circle};
    dk_buf_append(&s->texts, label, strlen(label) + 1);
    return DK_OK;
}

/* ---- a whole parcel ---- */

static void check_count(dk_survey *s)
{
    const char *text = s->parcel.values[DK_SURVEY_POINT_COUNT];
    int64_t said;
    if (text[0] == '\0' || s->problem[0] != '\0')
        return;
    if (!whole(text, &said)) {
        problem(s, "line %lld: the first value is \"%.*s\", where 界址点数, a number, is expected",
                (long long)s->parcel.line, SHOWN(text));
        return;
    }
    /* Files count the points that close rings or not, and write them or not. */
    const int64_t n = (int64_t)s->n_points, closing = (int64_t)s->rings.n_closing;
    const int64_t open = s->parcel.shape == DK_SURVEY_POLYGON ? (int64_t)s->rings.n - closing : 0;
    if (said != n && said != n - closing && said != n + open)
        problem(s, "line %lld: 界址点数 is %lld, but %lld points follow%s; is a row missing or too many?",
                (long long)s->parcel.line, (long long)said, (long long)n,
                closing > 0 ? " (with those that close a ring)" : "");
}

static bool area_agrees(const dk_survey *s, double square_metres)
{
    return fabs(square_metres - s->parcel.area_m2) <= AREA_AGREES * s->parcel.area_m2 + 0.5;
}

/* 地块面积 against the area of the points. 亩 is no unit of the format and only 15 to a 公顷: it must agree exactly. */
static void read_area(dk_survey *s)
{
    const char *text = s->parcel.values[DK_SURVEY_AREA];
    const char *unit_text = "";
    dk_unit unit;
    s->area_unit = AREA_UNDECIDED;
    s->area_agrees = false;
    s->area_number = NAN;
    dk_buf_clear(&s->folded);
    if (text[0] == '\0')
        return;
    dk_text_fold(text, strlen(text), &s->folded);
    const char *folded = dk_buf_cstr(&s->folded);
    double area;
    if (folded == NULL || !dk_number_from_text(folded, &area, &unit_text))
        return; /* as it stands: the field says what is wrong with it */
    s->area_number = area;
    double square_metres = 0;
    if (unit_text[0] != '\0') {
        const dk_unit base = {DK_UNIT_AREA, 1, 1};
        s->area_unit = AREA_SAID;
        if (!dk_unit_parse(unit_text, strlen(unit_text), &unit) || !dk_unit_convert(area, &unit, &base, &square_metres))
            return;
    } else if (area > 0 && s->parcel.area_m2 > 0) {
        const double in_hectares = area * 10000 / s->parcel.area_m2, in_metres = area / s->parcel.area_m2;
        if (!area_agrees(s, area * 10000) && !area_agrees(s, area) && area_agrees(s, area * 2000 / 3))
            s->area_unit = AREA_MU;
        else if (in_hectares > 1 / AREA_SIMILAR && in_hectares < AREA_SIMILAR)
            s->area_unit = AREA_HECTARES;
        else if (in_metres > 1 / AREA_SIMILAR && in_metres < AREA_SIMILAR)
            s->area_unit = AREA_SQUARE_METRES;
        square_metres = s->area_unit == AREA_HECTARES ? area * 10000 : s->area_unit == AREA_MU ? area * 2000 / 3 : area;
    }
    s->area_agrees = s->area_unit != AREA_UNDECIDED && area_agrees(s, square_metres);
}

/* The unit of a number that the geometry does not tell is that of the file's other parcels, else 公顷 as the format has
 * it. */
static bool name_area(dk_survey *s)
{
    const char *text = s->parcel.values[DK_SURVEY_AREA];
    dk_buf_clear(&s->area_text);
    dk_buf_text(&s->area_text, text);
    if (!isnan(s->area_number) && s->area_unit != AREA_SAID) {
        const bool metres = s->area_unit == AREA_SQUARE_METRES ||
                            (s->area_unit == AREA_UNDECIDED && s->n_square_metres > 0 && s->n_hectares == 0);
        dk_buf_text(&s->area_text, s->area_unit == AREA_MU ? "亩" : metres ? "平方米" : "公顷");
    }
    s->parcel.area_text = dk_buf_cstr(&s->area_text);
    return s->parcel.area_text != NULL;
}

static dk_status end_parcel(dk_survey *s, dk_error *err)
{
    dk_survey_parcel *p = &s->parcel;
    bool nomem = false;
    char why[500];
    if (s->n_points == 0)
        problem(s, "line %lld: no point rows (点号,圈号,X,Y) follow the parcel's line", (long long)p->line);
    if (s->problem[0] == '\0' &&
        !dk_survey_rings_find(&s->rings, s->points, s->n_points, (const char *)s->texts.data, p->shape, s->kind.degrees,
                              why, sizeof why, &nomem) &&
        !nomem)
        problem(s, "%s", why);
    if (nomem || s->texts.failed || s->value_line.failed)
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", s->path, (long long)p->line);
    check_count(s);
    if (s->problem[0] == '\0' && p->shape == DK_SURVEY_POLYGON) {
        p->area_m2 = s->rings.area;
        if (s->kind.degrees) {
            const double rad = M_PI / 180;
            p->area_m2 *= 111320.0 * 110900.0 * cos(s->points[0].y * rad); /* near enough to tell units apart */
        }
    }
    read_area(s);
    if (!name_area(s))
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", s->path, (long long)p->line);
    p->points = s->points;
    p->n_points = s->n_points;
    p->rings = s->rings.rings;
    p->n_rings = s->problem[0] == '\0' ? s->rings.n : 0;
    p->texts = (const char *)s->texts.data;
    p->degrees = s->kind.degrees;
    p->zone = s->kind.zone;
    if (s->zones_apart && p->zone > 0) {
        p->epsg = dk_zone_epsg(dk_zone_family_named(s->header.system), p->zone, true);
    } else if (s->zones_apart) {
        const int said = dk_survey_zone_said(&s->parcel_header, why, sizeof why);
        p->epsg = said > 0 ? dk_zone_epsg(dk_zone_family_named(s->header.system), said, false) : 0;
    }
    p->problem = s->problem[0] != '\0' ? s->problem : NULL;
    return DK_OK;
}

/* ---- lines ---- */

static bool copy_line(dk_buf *to, const char *text, size_t size)
{
    dk_buf_clear(to);
    dk_buf_append(to, text, size + 1);
    return !to->failed;
}

static dk_status keep_next(dk_survey *s, const dk_text_line *line, dk_error *err)
{
    if (!copy_line(&s->next_line, line->text, line->size))
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", s->path, (long long)line->number);
    s->next_number = line->number;
    s->next_undecodable = line->undecodable;
    s->has_next = true;
    return DK_OK;
}

/* Whether the line ends in @. */
static bool ends_in_mark(const char *text)
{
    const char *mark = strrchr(text, '@');
    if (mark == NULL)
        return false;
    mark++;
    while (*mark == ' ' || *mark == '\t' || *mark == ',' || strncmp(mark, "\xE3\x80\x80", 3) == 0)
        mark += *mark == '\xE3' ? 3 : 1;
    return *mark == '\0';
}

/* The first colon of a pair that has one for =, as in 带号：39. */
static void colon_to_equals(char *text)
{
    static const char wide[] = "：";
    char *colon = strchr(text, ':'), *found = strstr(text, wide);
    if (found != NULL && (colon == NULL || found < colon)) {
        *found = '=';
        memmove(found + 1, found + sizeof wide - 1, strlen(found + sizeof wide - 1) + 1);
    } else if (colon != NULL) {
        *colon = '=';
    }
}

/* Who made the list stands below its last parcel. */
static bool is_footer(const char *text)
{
    static const char *const words[] = {"制表", "填表", "审核", "复核", "负责人", "单位负责人", "经办", "测量", "检查"};
    if (strstr(text, "：") == NULL && strchr(text, ':') == NULL)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

/* Fields of a line that began with a tab, which may stand before the line or behind a first field that is empty: then
 * one is missing. empty: a text that is. Their number. */
static size_t add_first(char **fields, size_t n, char *empty)
{
    int64_t circle;
    const bool point = n == 3 || (n == 4 && fields[1][0] != '\0' && (!whole(fields[1], &circle) || circle >= 10000));
    const bool parcel =
        n >= 7 && n < MAX_FIELDS && is_shape(fields[DK_SURVEY_SHAPE - 1]) && !looks_like_parcel(fields, n);
    if (!point && !parcel)
        return n;
    memmove(fields + 1, fields, n * sizeof *fields);
    fields[0] = empty;
    return n + 1;
}

/* One line. *ret_ended: it ends the parcel under way; in_parcel: there is one. */
static dk_status take_line(dk_survey *s, const dk_text_line *line, bool *in_parcel, bool *ret_ended, dk_error *err)
{
    char *fields[MAX_FIELDS];
    if (!copy_line(&s->folded, line->text, line->size))
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", s->path, (long long)line->number);
    char *text = trim((char *)s->folded.data);
    if (text[0] == '\0' || strcmp(text, "\x1A") == 0) /* DOS ends a text with it */
        return DK_OK;
    if (text[0] == '[' || strncmp(text, "【", 3) == 0 || strncmp(text, "［", 3) == 0) {
        s->section = section_of(text);
        if (s->section == SECTION_HEADER)
            forget_zone(&s->header);
        s->saw_mark |= s->section != SECTION_OTHER;
        *ret_ended = *in_parcel;
        return DK_OK;
    }
    narrow_mark(text);
    if (ends_in_mark(text)) {
        s->saw_end_mark = true;
        *ret_ended = *in_parcel;
        return keep_next(s, line, err);
    }
    const char *parameters = strstr(text, "转换参数");
    if (parameters !=
        NULL) { /* wherever it stands: a pair of the project would become a column, another line be quoted */
        s->secret |= holds_parameters(parameters);
        return DK_OK;
    }
    const bool parcels = s->section == SECTION_PARCELS;
    if (!parcels && s->section != SECTION_OTHER && !*in_parcel) {
        narrow(text, "＝", '=');
        if (s->section == SECTION_HEADER && strchr(text, '=') == NULL)
            colon_to_equals(text);
        if (strchr(text, '=') != NULL)
            return header_pair(s, text, line->number, err);
    }
    narrow(text, "，", ',');
    const bool tab_first =
        (parcels || *in_parcel) && text > (char *)s->folded.data && text[-1] == '\t' && strchr(text, ',') == NULL;
    char *empty = text + strlen(text);
    if (parcels || *in_parcel)
        tabs_to_commas(text);
    size_t n = split(text, fields);
    if (tab_first)
        n = add_first(fields, n, empty);
    if (looks_like_parcel(fields, n)) {
        *ret_ended = *in_parcel;
        return keep_next(s, line, err);
    }
    while (n > 4 && n <= MAX_FIELDS && fields[n - 1][0] == '\0')
        n--;
    double x;
    if (n == 5)
        narrow_number(fields[4]);
    const bool high = n == 5 && number(fields[4], &x);
    bool point = n == 4 || high;
    if (point && !parcels && !*in_parcel) { /* without the marks of the format, only what can be nothing else */
        narrow_number(fields[2]);
        narrow_number(fields[3]);
        point = number(fields[2], &x) && number(fields[3], &x);
    }
    if (!point && ((!parcels && !*in_parcel) || is_footer(fields[0]))) {
        if (s->not_understood_line == 0)
            s->not_understood_line = line->number;
        return DK_OK;
    }
    if (!*in_parcel) {
        begin_parcel(s, line->number);
        *in_parcel = true;
    }
    if (line->undecodable)
        problem(s, "line %lld: its bytes are not text in %s", (long long)line->number,
                dk_encoding_name(dk_survey_encoding(s)));
    if (high && s->height_line == 0)
        s->height_line = line->number;
    if (point)
        return add_point(s, fields, line->number, err);
    problem(s, "line %lld: \"%.*s\" with %zu value%s is neither a parcel's line, which ends in @, nor 点号,圈号,X,Y",
            (long long)line->number, SHOWN(fields[0]), n, n == 1 ? "" : "s");
    return DK_OK;
}

static dk_status read_parcel(dk_survey *s, dk_error *err)
{
    bool in_parcel = false, ended = false;
    dk_status status = DK_OK;
    dk_text_line line;
    while (!ended) {
        if (s->has_next && !in_parcel) {
            s->has_next = false;
            if (!copy_line(&s->value_line, (const char *)s->next_line.data, s->next_line.size - 1))
                return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", s->path, (long long)s->next_number);
            begin_parcel(s, s->next_number);
            read_values(s, s->next_number, s->next_undecodable);
            in_parcel = true;
        }
        status = dk_text_lines_next(s->lines, &line, err);
        if (status == DK_END && in_parcel)
            break;
        if (status == DK_OK)
            dk_text_line_unquote(&line);
        if (status == DK_OK)
            status = take_line(s, &line, &in_parcel, &ended, err);
        if (status != DK_OK)
            return status;
    }
    return end_parcel(s, err);
}

/* ---- the two readings ---- */

static void count_evidence(dk_survey *s)
{
    const dk_survey_parcel *p = &s->parcel;
    dk_survey_evidence *e = &s->evidence;
    s->n_parcels++;
    for (size_t i = 0; i < DK_SURVEY_VALUES; i++)
        s->has[i] |= p->values[i][0] != '\0';
    if (p->problem != NULL)
        return;
    s->n_north_first += s->kind.order == ORDER_NORTH_FIRST;
    s->n_east_first += s->kind.order == ORDER_EAST_FIRST;
    if (p->degrees) {
        if (e->n_degrees++ == 0)
            e->degrees_line = p->line;
    } else {
        dk_survey_count_zone(e, &s->parcel_header, p->zone, p->line);
    }
    if (isnan(s->area_number))
        return;
    s->n_hectares += s->area_unit == AREA_HECTARES;
    s->n_square_metres += s->area_unit == AREA_SQUARE_METRES;
    s->n_mu += s->area_unit == AREA_MU;
    s->n_undecided += s->area_unit == AREA_UNDECIDED;
    s->n_agreeing += s->area_agrees;
}

static void note_axes(const dk_survey *s, dk_buf *out)
{
    static const char *const names[2][2] = {{"northing before easting", "easting before northing"},
                                            {"latitude before longitude", "longitude before latitude"}};
    const char *const *name = names[s->evidence.n_degrees > 0];
    if (s->n_north_first > 0 && s->n_east_first > 0)
        dk_buf_format(out,
                      "the order of the columns differs: %lld parcels have %s, %lld %s; each was read as its numbers "
                      "tell\n",
                      (long long)s->n_north_first, name[0], (long long)s->n_east_first, name[1]);
    else if (s->n_north_first + s->n_east_first > 0)
        dk_buf_format(out, "the columns are %s, as the numbers tell\n", name[s->n_east_first > 0]);
}

static void note_area(const dk_survey *s, dk_buf *out)
{
    const long long told = (long long)(s->n_hectares + s->n_square_metres);
    if (s->n_hectares > 0 && s->n_square_metres > 0)
        dk_buf_format(
            out, "地块面积 is in 公顷 for %lld parcels and in 平方米 for %lld, as the areas of their points tell\n",
            (long long)s->n_hectares, (long long)s->n_square_metres);
    else if (told > 0)
        dk_buf_format(out,
                      "地块面积 is in %s, as the areas of the points of %lld parcels tell (%lld agree within 0.1 %%)\n",
                      s->n_hectares > 0 ? "公顷" : "平方米", told, (long long)s->n_agreeing);
    if (s->n_mu > 0)
        dk_buf_format(
            out, "地块面积 of %lld parcels is in 亩, which is not the format's: as the areas of their points tell\n",
            (long long)s->n_mu);
    if (s->n_undecided > 0)
        dk_buf_format(
            out, "地块面积 of %lld parcels agrees with no unit; it was read as %s\n", (long long)s->n_undecided,
            s->n_square_metres > 0 && s->n_hectares == 0 ? "平方米, as of the others" : "公顷, as the format has it");
}

static void note_decided(dk_survey *s)
{
    dk_buf *out = &s->decided;
    if (s->epsg != 0 && !s->zones_apart && s->evidence.n_metres + s->evidence.n_degrees > 0)
        dk_buf_format(out, "the file's coordinate system is EPSG:%d, from 坐标系=%s and %s\n", s->epsg,
                      s->header.system,
                      s->evidence.n_degrees > 0 ? "the numbers, which are degrees"
                      : s->evidence.n_bare > 0  ? "带号 or 中央子午线 of the header"
                                                : "the zone before the eastings");
    s->decided_system = out->size;
    note_axes(s, out);
    note_area(s, out);
    if (s->secret)
        dk_buf_text(
            out, "the header holds 转换参数, which may be classified: they were neither used nor kept; take them out "
                 "before the file is passed on\n");
    if (s->height_line > 0)
        dk_buf_format(
            out,
            "rows of points have a fifth value (the first is line %lld), which was taken as a height and left "
            "out\n",
            (long long)s->height_line);
    if (s->not_understood_line > 0)
        dk_buf_format(out, "line %lld, and perhaps others outside of the parcels, was not understood and left out\n",
                      (long long)s->not_understood_line);
}

static dk_status scan(dk_survey *s, dk_error *err)
{
    dk_status status;
    s->scanning = true;
    while ((status = read_parcel(s, err)) == DK_OK)
        count_evidence(s);
    if (status != DK_END)
        return status;
    if (s->n_parcels == 0)
        return dk_fail(
            err, DK_INVALID,
            s->saw_mark || s->saw_end_mark
                ? "%s: the coordinate TXT has no parcels behind [地块坐标]"
                : "%s: this is a text file, but no coordinate TXT (勘测定界 or 报备, with lines 点号,圈号,X,Y); save "
                  "tables as CSV",
            s->path);
    s->epsg = dk_survey_decide(&s->header, &s->evidence, &s->zones_apart, s->epsg_problem, sizeof s->epsg_problem,
                               &s->decided);
    note_decided(s);
    s->scanning = false;
    forget_zone(&s->header);
    s->section = SECTION_NONE;
    s->has_next = false;
    return dk_text_lines_rewind(s->lines, err);
}

static dk_status start(dk_text_lines *lines, const char *path, bool north_first, dk_survey **ret_survey, dk_error *err)
{
    dk_status status = DK_OK;
    dk_survey *s = calloc(1, sizeof *s);
    if (s == NULL) {
        dk_text_lines_close(lines);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    s->lines = lines;
    s->north_first = north_first;
    s->path = strdup(path);
    status = s->path == NULL ? dk_fail(err, DK_NOMEM, "%s: out of memory", path) : scan(s, err);
    if (status == DK_OK && s->decided.failed)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status != DK_OK)
        dk_survey_close(s);
    else
        *ret_survey = s;
    return status;
}

dk_status dk_survey_open(const char *path, const dk_encoding *encoding, bool north_first, dk_survey **ret_survey,
                         dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open(path, encoding, &lines, err);
    return status == DK_OK ? start(lines, path, north_first, ret_survey, err) : status;
}

dk_status dk_survey_open_memory(const void *data, size_t size, const dk_encoding *encoding, bool north_first,
                                dk_survey **ret_survey, dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open_memory(data, size, encoding, &lines, err);
    return status == DK_OK ? start(lines, "(memory)", north_first, ret_survey, err) : status;
}

void dk_survey_close(dk_survey *s)
{
    if (s == NULL)
        return;
    dk_text_lines_close(s->lines);
    for (size_t i = 0; i < s->n_project; i++) {
        free(s->project_keys[i]);
        free(s->project_values[i]);
    }
    dk_buf_finish(&s->next_line);
    dk_buf_finish(&s->value_line);
    dk_buf_finish(&s->texts);
    dk_buf_finish(&s->folded);
    dk_buf_finish(&s->area_text);
    dk_buf_finish(&s->decided);
    dk_buf_finish(&s->notes);
    dk_survey_rings_finish(&s->rings);
    free(s->points);
    free(s->path);
    free(s);
}

dk_status dk_survey_next(dk_survey *s, dk_survey_parcel *ret_parcel, dk_error *err)
{
    const dk_status status = read_parcel(s, err);
    if (status != DK_OK)
        return status;
    if (s->parcel.problem == NULL) {
        s->n_strays += s->rings.stray;
        s->n_misfits += s->rings.misfit > 0;
        s->misfit = fmax(s->misfit, s->rings.misfit);
    }
    *ret_parcel = s->parcel;
    return DK_OK;
}

dk_encoding dk_survey_encoding(const dk_survey *s)
{
    return dk_text_lines_encoding(s->lines);
}

bool dk_survey_either(const dk_survey *s)
{
    return dk_text_lines_either(s->lines);
}

double dk_survey_progress(const dk_survey *s)
{
    return dk_text_lines_progress(s->lines);
}

int dk_survey_epsg(const dk_survey *s, const char **ret_problem)
{
    *ret_problem = s->epsg_problem[0] != '\0' ? s->epsg_problem : NULL;
    return s->epsg;
}

bool dk_survey_has(const dk_survey *s, int value)
{
    return s->has[value];
}

size_t dk_survey_project(const dk_survey *s, const char *const **ret_keys, const char *const **ret_values)
{
    *ret_keys = (const char *const *)s->project_keys;
    *ret_values = (const char *const *)s->project_values;
    return s->n_project;
}

void dk_survey_overrule(dk_survey *s)
{
    s->overruled = true;
}

const char *dk_survey_notes(dk_survey *s)
{
    const size_t from = s->overruled ? s->decided_system : 0;
    dk_buf_clear(&s->notes);
    if (s->decided.size > from)
        dk_buf_append(&s->notes, s->decided.data + from, s->decided.size - from);
    if (s->n_without_mark > 0)
        dk_buf_format(&s->notes, "the lines of %lld parcels lack the @ at their end\n", (long long)s->n_without_mark);
    if (s->n_strays > 0)
        dk_buf_format(&s->notes,
                      "%lld parcels have a 圈号 in the middle of a ring that is not the ring's; it was not heeded\n",
                      (long long)s->n_strays);
    if (s->n_misfits > 0)
        dk_buf_format(
            &s->notes,
            "rings of %lld parcels close beside their first point, by up to %.3f m; the first point was kept\n",
            (long long)s->n_misfits, s->misfit);
    const char *text = dk_buf_cstr(&s->notes);
    return text != NULL ? text : "";
}
