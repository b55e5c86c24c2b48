/* GeoJSON and WKT, read into a shape.
 *
 * GeoJSON is not read into a tree: a tree of a million positions takes more than half a gigabyte. An object is walked
 * once, which remembers where its coordinates stand; they are read when its type is known. */
#include "store/region_work.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct reader {
    const char *text, *at, *end;
    dk_shape *shape;
    dk_read_features *features;
    dk_error *err;
    bool degrees; /* the coordinates are said to be longitudes and latitudes, by nobody but the standard */
} reader;

static dk_status wrong(const reader *r, const char *what)
{
    return dk_fail(r->err, DK_INVALID, "Character %zu: %s", (size_t)(r->at - r->text) + 1, what);
}

static void skip_blanks(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool take(reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* A number of at most 18 digits, perhaps with a point, that together are a whole number of at most 2^53: the number is
 * then the quotient of two that a double has exactly, and so rounded once, as strtod rounds it. NULL: it is of another
 * kind, or ends with the text. */
static const char *read_plain(const char *at, const char *end, double *ret_number)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    const bool negative = at < end && *at == '-';
    uint64_t digits = 0;
    int n = 0, behind = -1;
    for (at += negative ? 1 : 0; at < end && n <= 18; at++) {
        if (*at >= '0' && *at <= '9') {
            digits = digits * 10 + (uint64_t)(*at - '0');
            n++;
            behind += behind >= 0 ? 1 : 0;
        } else if (*at == '.' && behind < 0) {
            behind = 0;
        } else {
            break;
        }
    }
    if (at == end || n == 0 || n > 18 || digits > UINT64_C(1) << 53 || isalnum((unsigned char)*at) || *at == '.')
        return NULL;
    const double number = (double)digits / powers[behind > 0 ? behind : 0];
    *ret_number = negative ? -number : number;
    return at;
}

/* A decimal number; hexadecimal, infinite and others that strtod knows are none. The text ends with a NUL. */
static dk_status read_number(reader *r, double *ret_number)
{
    skip_blanks(r);
    char *stop = NULL;
    const char *const begin = r->at;
    const char *const plain = read_plain(begin, r->end, ret_number);
    if (plain != NULL) {
        r->at = plain;
        return DK_OK;
    }
    const char *digits = begin < r->end && (*begin == '-' || *begin == '+') ? begin + 1 : begin;
    if (digits == r->end || !(isdigit((unsigned char)*digits) || *digits == '.') ||
        (digits + 1 < r->end && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')))
        return wrong(r, "a number is expected here.");
    *ret_number = strtod(begin, &stop);
    if (stop == begin || !isfinite(*ret_number))
        return wrong(r, "the number is not finite.");
    r->at = stop;
    return DK_OK;
}

/* ---- the shape ---- */

static dk_status add_position(reader *r, double x, double y)
{
    dk_shape *shape = r->shape;
    if (shape->n_points == DK_REGION_VERTICES)
        return dk_fail(r->err, DK_LIMIT,
                       "The geometry has more than %d vertices; simplify it, or ask for a part of it.",
                       DK_REGION_VERTICES);
    if (!dk_grow(&shape->lonlat, &shape->points_capacity, shape->n_points + 1, 2 * sizeof *shape->lonlat))
        return dk_fail(r->err, DK_NOMEM, "out of memory");
    shape->lonlat[2 * shape->n_points] = x;
    shape->lonlat[2 * shape->n_points + 1] = y;
    shape->n_points++;
    return DK_OK;
}

static dk_status close_part(reader *r, size_t start, dk_geometry_kind kind, bool hole)
{
    dk_shape *shape = r->shape;
    const size_t n = shape->n_points - start;
    if (kind == DK_POLYGONS) {
        const double *first = shape->lonlat + 2 * start, *last = shape->lonlat + 2 * (shape->n_points - 1);
        if (n < 4)
            return wrong(r, "a ring needs four positions, the last one equal to the first.");
        if (first[0] != last[0] || first[1] != last[1])
            return wrong(r, "the ring that ends here is not closed: its last position must equal its first.");
    }
    if (!dk_grow(&shape->parts, &shape->parts_capacity, shape->n_parts + 1, sizeof *shape->parts))
        return dk_fail(r->err, DK_NOMEM, "out of memory");
    shape->parts[shape->n_parts++] = (dk_part){start, n, hole};
    return DK_OK;
}

static dk_status begin_geometry(reader *r, dk_geometry_kind kind)
{
    dk_shape *shape = r->shape;
    if (shape->n_parts > 0 && (shape->kind != kind || kind != DK_POLYGONS))
        return dk_fail(r->err, DK_INVALID, "A question is about polygons or about one point; this has others too.");
    shape->kind = kind;
    return DK_OK;
}

/* ---- GeoJSON ---- */

/* Over a string, from behind its first quote; what is in it is compared as it is written. */
static dk_status read_string(reader *r, const char **ret_text, size_t *ret_size)
{
    if (!take(r, '"'))
        return wrong(r, "a text in quotes is expected here.");
    *ret_text = r->at;
    while (r->at < r->end && *r->at != '"') {
        if ((unsigned char)*r->at < 0x20)
            return wrong(r, "a control character stands in a text.");
        r->at += *r->at == '\\' && r->end - r->at > 1 ? 2 : 1;
    }
    if (r->at >= r->end)
        return wrong(r, "the text ends before its closing quote.");
    *ret_size = (size_t)(r->at - *ret_text);
    r->at++;
    return DK_OK;
}

static dk_status skip_word(reader *r)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t n = strlen(words[i]);
        if ((size_t)(r->end - r->at) >= n && memcmp(r->at, words[i], n) == 0) {
            r->at += n;
            return DK_OK;
        }
    }
    double number;
    return read_number(r, &number);
}

static dk_status skip_value(reader *r, int depth);

static dk_status skip_members(reader *r, bool object, int depth)
{
    const char *name;
    size_t size;
    const char close = object ? '}' : ']';
    dk_status status = DK_OK;
    r->at++;
    if (depth == 0)
        return dk_fail(r->err, DK_LIMIT, "The JSON is nested deeper than %d levels.", DK_REGION_DEPTH);
    if (take(r, close))
        return DK_OK;
    do {
        if (object && ((status = read_string(r, &name, &size)) != DK_OK ||
                       (!take(r, ':') && (status = wrong(r, "a colon is expected here.")) != DK_OK)))
            return status;
        if ((status = skip_value(r, depth - 1)) != DK_OK)
            return status;
    } while (take(r, ','));
    return take(r, close) ? DK_OK
                          : wrong(r, object ? "a comma or } is expected here." : "a comma or ] is expected here.");
}

static dk_status skip_value(reader *r, int depth)
{
    const char *text;
    size_t size;
    skip_blanks(r);
    if (r->at == r->end)
        return wrong(r, "the JSON ends too early.");
    if (*r->at == '{' || *r->at == '[')
        return skip_members(r, *r->at == '{', depth);
    return *r->at == '"' ? read_string(r, &text, &size) : skip_word(r);
}

static dk_status read_position(reader *r)
{
    double xy[2], more;
    if (!take(r, '['))
        return wrong(r, "a position [longitude, latitude] is expected here.");
    dk_status status = read_number(r, &xy[0]);
    if (status == DK_OK && !take(r, ','))
        status = wrong(r, "a position has two numbers.");
    if (status == DK_OK)
        status = read_number(r, &xy[1]);
    while (status == DK_OK && take(r, ','))
        status = read_number(r, &more);
    if (status == DK_OK && !take(r, ']'))
        status = wrong(r, "a comma or ] is expected here.");
    return status == DK_OK ? add_position(r, xy[0], xy[1]) : status;
}

static dk_status read_ring(reader *r, bool hole)
{
    const size_t start = r->shape->n_points;
    dk_status status = DK_OK;
    if (!take(r, '['))
        return wrong(r, "a ring, [[longitude, latitude], …], is expected here.");
    do {
        status = read_position(r);
    } while (status == DK_OK && take(r, ','));
    if (status == DK_OK && !take(r, ']'))
        status = wrong(r, "a comma or ] is expected here.");
    return status == DK_OK ? close_part(r, start, DK_POLYGONS, hole) : status;
}

/* An array of rings, or of polygons. */
static dk_status read_polygons(reader *r, bool several)
{
    bool first = true;
    dk_status status = DK_OK;
    if (!take(r, '['))
        return wrong(r, several ? "an array of polygons is expected here." : "an array of rings is expected here.");
    if (take(r, ']'))
        return wrong(r, "the polygon is empty.");
    do {
        status = several ? read_polygons(r, false) : read_ring(r, !first);
        first = false;
    } while (status == DK_OK && take(r, ','));
    if (status == DK_OK && !take(r, ']'))
        status = wrong(r, "a comma or ] is expected here.");
    return status;
}

static dk_status read_coordinates(reader *r, const char *type, size_t size)
{
    const bool point = size == 5 && memcmp(type, "Point", 5) == 0;
    const bool several = size == 12 && memcmp(type, "MultiPolygon", 12) == 0;
    if (!point && !several && !(size == 7 && memcmp(type, "Polygon", 7) == 0))
        return dk_fail(
            r->err, DK_INVALID,
            "A question is a Point, Polygon, MultiPolygon, a Feature or a FeatureCollection of them; this has the "
            "type \"%.*s\".",
            (int)(size < 40 ? size : 40), type);
    const size_t start = r->shape->n_points;
    dk_status status = begin_geometry(r, point ? DK_POINTS : DK_POLYGONS);
    if (status == DK_OK)
        status = point ? read_position(r) : read_polygons(r, several);
    return status == DK_OK && point ? close_part(r, start, DK_POINTS, false) : status;
}

typedef enum dk_level { ANY_OBJECT, ONE_FEATURE, ONE_GEOMETRY } dk_level;
static dk_status read_object(reader *r, int depth, dk_level level);

static dk_status read_features(reader *r, int depth)
{
    dk_status status = DK_OK;
    dk_read_features *features = r->features;
    if (!take(r, '['))
        return wrong(r, "an array of features is expected here.");
    if (take(r, ']'))
        return DK_OK;
    do {
        status = read_object(r, depth - 1, ONE_FEATURE);
        if (status == DK_OK && r->shape->n_parts > 0 &&
            (features->n == 0 || features->starts[features->n - 1] != r->shape->n_parts)) {
            if (!dk_grow(&features->starts, &features->capacity, features->n + 1, sizeof *features->starts))
                return dk_fail(r->err, DK_NOMEM, "out of memory");
            features->starts[features->n++] = r->shape->n_parts;
        }
    } while (status == DK_OK && take(r, ','));
    if (status == DK_OK && !take(r, ']'))
        status = wrong(r, "a comma or ] is expected here.");
    return status;
}

static bool is_text(const char *text, size_t size, const char *wanted)
{
    return strlen(wanted) == size && memcmp(text, wanted, size) == 0;
}

/* The member crs of the GeoJSON of 2008, which RFC 7946 took out and programs go on writing: one of another system
 * would be read tens of metres off, in Xian 1980 and Beijing 1954, which are in degrees as well. */
static dk_status check_crs(reader *r, const char *value)
{
    static const char *const degrees[] = {"CRS84", "CRS:84", "4490",
                                          "4326",  "4480",   "4979"}; /* the last two with heights */
    if (*value == 'n')
        return DK_OK;
    for (size_t i = 0; i < sizeof degrees / sizeof *degrees; i++) {
        const size_t n = strlen(degrees[i]);
        const char *at = memmem(value, (size_t)(r->at - value), degrees[i], n);
        if (at != NULL && !isdigit((unsigned char)at[-1]) && !isdigit((unsigned char)at[n]))
            return DK_OK;
    }
    r->at = value;
    return wrong(
        r,
        "the member crs names another system than longitude and latitude of CGCS2000 or WGS 84 (EPSG:4490, EPSG:4326, "
        "CRS84); transform the data, say the system with the parameter \"crs\", or take the member out if it is "
        "wrong.");
}

/* A geometry, a Feature or a FeatureCollection, as the level allows. The reader then stands behind it. Each is walked
 * before it is read, so that coordinates are gone over four times at most. */
static dk_status read_object(reader *r, int depth, dk_level level)
{
    const char *type = NULL, *coordinates = NULL, *geometry = NULL, *features = NULL, *value;
    size_t type_size = 0;
    dk_status status = DK_OK;
    skip_blanks(r);
    const char *const begin = r->at;
    if (depth <= 0)
        return dk_fail(r->err, DK_LIMIT, "The JSON is nested deeper than %d levels.", DK_REGION_DEPTH);
    if (!take(r, '{'))
        return wrong(r, "a GeoJSON object is expected here.");
    if (!take(r, '}')) {
        do {
            const char *name;
            size_t size;
            if ((status = read_string(r, &name, &size)) != DK_OK)
                return status;
            if (!take(r, ':'))
                return wrong(r, "a colon is expected here.");
            skip_blanks(r);
            if (is_text(name, size, "type") && r->at < r->end && *r->at == '"') {
                if ((status = read_string(r, &type, &type_size)) != DK_OK)
                    return status;
                continue;
            }
            if (is_text(name, size, "coordinates"))
                coordinates = r->at;
            else if (is_text(name, size, "geometry"))
                geometry = r->at;
            else if (is_text(name, size, "features"))
                features = r->at;
            value = r->at;
            if ((status = skip_value(r, depth - 1)) != DK_OK)
                return status;
            if (level == ANY_OBJECT && r->degrees && is_text(name, size, "crs") &&
                (status = check_crs(r, value)) != DK_OK)
                return status;
        } while (take(r, ','));
        if (!take(r, '}'))
            return wrong(r, "a comma or } is expected here.");
    }
    const char *const behind = r->at;
    r->at = begin;
    if (type == NULL)
        return wrong(r, "the object has no \"type\".");
    if (is_text(type, type_size, "FeatureCollection")) {
        if (level != ANY_OBJECT || features == NULL)
            return wrong(r, "the FeatureCollection has no \"features\", or stands where none can be.");
        r->at = features;
        status = read_features(r, depth - 1);
    } else if (is_text(type, type_size, "Feature")) {
        if (level == ONE_GEOMETRY || geometry == NULL)
            return wrong(r, "the Feature has no \"geometry\", or stands where none can be.");
        r->at = geometry;
        if (*geometry == 'n') { /* null: a feature without a place (RFC 7946, 3.2) */
            r->at = behind;
            return DK_OK;
        }
        status = read_object(r, depth - 1, ONE_GEOMETRY);
    } else {
        if (level == ONE_FEATURE || coordinates == NULL)
            return wrong(r, "the geometry has no \"coordinates\", or stands where a Feature must be.");
        r->at = coordinates;
        status = read_coordinates(r, type, type_size);
    }
    if (status == DK_OK)
        r->at = behind;
    return status;
}

/* ---- WKT ---- */

static bool take_word(reader *r, const char *word)
{
    skip_blanks(r);
    const size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || strncasecmp(r->at, word, n) != 0 ||
        ((size_t)(r->end - r->at) > n && isalpha((unsigned char)r->at[n])))
        return false;
    r->at += n;
    return true;
}

static dk_status read_wkt_position(reader *r)
{
    double xy[2], more;
    dk_status status = read_number(r, &xy[0]);
    if (status == DK_OK)
        status = read_number(r, &xy[1]);
    for (int i = 0; status == DK_OK && i < 2; i++) {
        skip_blanks(r);
        if (r->at < r->end && *r->at != ',' && *r->at != ')')
            status = read_number(r, &more);
    }
    return status == DK_OK ? add_position(r, xy[0], xy[1]) : status;
}

static dk_status read_wkt_ring(reader *r, bool hole)
{
    const size_t start = r->shape->n_points;
    dk_status status = DK_OK;
    if (!take(r, '('))
        return wrong(r, "( is expected here.");
    do {
        status = read_wkt_position(r);
    } while (status == DK_OK && take(r, ','));
    if (status == DK_OK && !take(r, ')'))
        status = wrong(r, "a comma or ) is expected here.");
    return status == DK_OK ? close_part(r, start, DK_POLYGONS, hole) : status;
}

static dk_status read_wkt_polygons(reader *r, bool several)
{
    bool first = true;
    dk_status status = DK_OK;
    if (!take(r, '('))
        return wrong(r, "( is expected here.");
    do {
        status = several ? read_wkt_polygons(r, false) : read_wkt_ring(r, !first);
        first = false;
    } while (status == DK_OK && take(r, ','));
    if (status == DK_OK && !take(r, ')'))
        status = wrong(r, "a comma or ) is expected here.");
    return status;
}

static dk_status read_wkt(reader *r)
{
    const bool point = take_word(r, "POINT"), several = !point && take_word(r, "MULTIPOLYGON");
    if (!point && !several && !take_word(r, "POLYGON"))
        return wrong(r, "a question in WKT is a POINT, POLYGON or MULTIPOLYGON.");
    const bool dimension = take_word(r, "ZM") || take_word(r, "Z") || take_word(r, "M");
    (void)dimension;
    if (take_word(r, "EMPTY"))
        return wrong(r, "the geometry is empty.");
    dk_status status = begin_geometry(r, point ? DK_POINTS : DK_POLYGONS);
    if (status == DK_OK && point) {
        if (!take(r, '('))
            return wrong(r, "( is expected here.");
        status = read_wkt_position(r);
        if (status == DK_OK && !take(r, ')'))
            status = wrong(r, ") is expected here.");
        return status == DK_OK ? close_part(r, 0, DK_POINTS, false) : status;
    }
    return status == DK_OK ? read_wkt_polygons(r, several) : status;
}

dk_status dk_region_parse(dk_region_format format, const char *text, size_t size, bool degrees, dk_shape *shape,
                          dk_read_features *features, dk_error *err)
{
    /* strtod must find an end: the last number may be the last thing there is. */
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    memcpy(copy, text, size);
    copy[size] = '\0';
    reader r = {copy, copy, copy + size, shape, features, err, degrees};
    shape->n_points = shape->n_parts = 0;
    if (size >= 3 && memcmp(copy, "\xEF\xBB\xBF", 3) == 0)
        r.at += 3;
    dk_status status = format == DK_REGION_WKT ? read_wkt(&r) : read_object(&r, DK_REGION_DEPTH, ANY_OBJECT);
    skip_blanks(&r);
    if (status == DK_OK && r.at != r.end)
        status = wrong(&r, "something follows behind the geometry.");
    if (status == DK_OK && shape->n_parts == 0)
        status = dk_fail(err, DK_INVALID, "There is no geometry in it.");
    free(copy);
    return status;
}
