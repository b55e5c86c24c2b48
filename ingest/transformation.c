#include "ingest/transformation.h"

#include "store/arena.h"
#include "store/catalogue_read_yaml.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { MOST_BYTES = 1 << 20, MOST_POINTS = 1000 };

typedef enum method { HELMERT7, PLANE4 } method;

struct dk_transformation {
    char name[160];
    dk_datum from;
    method method;
    bool opposite; /* coordinate_frame; counterclockwise */
    /* helmert7: x y z rx ry rz; plane4: east north rotation */
    double values[6], scale, tolerance;
    int from_epsg, to_epsg; /* 0: not said */
    double extent[4];       /* west, south, east, north */
    bool has_extent;
    dk_buf notes;
};

/* ---- the file ---- */

/* A number whose value no message shows. */
static bool secret(dk_yaml *yaml, const dk_yaml_key *key, double most, double *ret)
{
    const yaml_node_t *node = key->value;
    if (node == NULL)
        return true;
    char text[64], *end = NULL;
    bool good =
        node->type == YAML_SCALAR_NODE && node->data.scalar.length > 0 && node->data.scalar.length < sizeof text;
    if (good) {
        memcpy(text, node->data.scalar.value, node->data.scalar.length);
        text[node->data.scalar.length] = '\0';
        good = strspn(text, "+-.0123456789eE") == strlen(text);
    }
    if (good) {
        *ret = strtod(text, &end);
        good = *end == '\0' && isfinite(*ret) && fabs(*ret) <= most;
    }
    if (good)
        return true;
    dk_yaml_enter(yaml, key->name);
    dk_yaml_fail(yaml, node, "this is no number of at most %.0f to either side", most);
    dk_yaml_leave(yaml);
    return false;
}

/* Radians read as seconds of arc, or a ratio as parts per million, would turn and stretch by next to nothing, metres
 * off. */
static bool refuse_unit(dk_yaml *yaml, const dk_yaml_key *key, const char *why)
{
    dk_yaml_enter(yaml, key->name);
    dk_yaml_fail(yaml, key->value, "%s", why);
    dk_yaml_leave(yaml);
    return false;
}

static bool rotation_unit(dk_yaml *yaml, const dk_yaml_key *key, double value)
{
    return value == 0 || fabs(value) >= 1e-4 ||
           refuse_unit(
               yaml, key,
               "this is less than a ten-thousandth of a second of arc: if it is in radians, write it in seconds, of which a "
               "radian has 206265, else 0");
}

static bool scale_unit(dk_yaml *yaml, const dk_yaml_key *key, double value)
{
    if (value != 0 && fabs(value) < 1e-3)
        return refuse_unit(
            yaml, key,
            "this is less than a thousandth of a part per million: if it is a ratio, write it times 1000000, "
            "else 0");
    return value == 1 || fabs(value - 1) >= 1e-4 ||
           refuse_unit(yaml, key,
                       "this looks like a factor: write what is above 1 times 1000000, in parts per million");
}

static bool epsg(dk_yaml *yaml, const dk_yaml_key *key, int *ret)
{
    const char *text = NULL;
    if (!dk_yaml_key_text(yaml, key, &text) || text == NULL)
        return false;
    const char *code = strncasecmp(text, "EPSG:", 5) == 0 ? text + 5 : "";
    if (strlen(code) < 4 || strlen(code) > 6 || strspn(code, "0123456789") != strlen(code)) {
        dk_yaml_enter(yaml, key->name);
        dk_yaml_fail(yaml, key->value, "write it as EPSG:2384");
        dk_yaml_leave(yaml);
        return false;
    }
    *ret = atoi(code);
    return true;
}

/* A name that messages show: whole, and on one line. */
static bool read_name(dk_yaml *yaml, const dk_yaml_key *key, char *ret_name, size_t size)
{
    const char *text = NULL;
    if (key->value == NULL)
        return true;
    if (!dk_yaml_key_text(yaml, key, &text))
        return false;
    bool good = strlen(text) < size;
    for (const char *at = text; good && *at != '\0'; at++)
        good = (unsigned char)*at >= ' ' && *at != 0x7f;
    if (good) {
        memcpy(ret_name, text, strlen(text) + 1);
        return true;
    }
    dk_yaml_enter(yaml, key->name);
    dk_yaml_fail(yaml, key->value, "write one line of at most %zu bytes", size - 1);
    dk_yaml_leave(yaml);
    return false;
}

typedef struct point {
    char name[64];
    double from[2], to[2]; /* east, north */
} point;

static bool read_pair(dk_yaml *yaml, const dk_yaml_key *key, double ret[2])
{
    size_t n;
    dk_yaml_enter(yaml, key->name);
    bool good = dk_yaml_list(yaml, key->value, 2, 2, &n);
    for (size_t i = 0; good && i < 2; i++) {
        const dk_yaml_key element = {i == 0 ? "east" : "north", true, dk_yaml_element(yaml, key->value, i)};
        good = secret(yaml, &element, 1e8, &ret[i]);
    }
    dk_yaml_leave(yaml);
    return good;
}

static bool read_points(dk_yaml *yaml, const dk_yaml_key *key, point **ret_points, size_t *ret_n)
{
    size_t n = 0;
    if (key->value == NULL)
        return true;
    dk_yaml_enter(yaml, key->name);
    bool good = dk_yaml_list(yaml, key->value, 1, MOST_POINTS, &n);
    point *points = good ? dk_yaml_alloc(yaml, n, sizeof *points) : NULL;
    good = good && points != NULL;
    for (size_t i = 0; good && i < n; i++) {
        dk_yaml_key keys[] = {{"name", false, NULL}, {"from", true, NULL}, {"to", true, NULL}};
        dk_yaml_enter_index(yaml, i);
        snprintf(points[i].name, sizeof points[i].name, "%zu", i + 1);
        good = dk_yaml_mapping(yaml, dk_yaml_element(yaml, key->value, i), keys, 3) &&
               read_name(yaml, &keys[0], points[i].name, sizeof points[i].name) &&
               read_pair(yaml, &keys[1], points[i].from) && read_pair(yaml, &keys[2], points[i].to);
        dk_yaml_leave(yaml);
    }
    dk_yaml_leave(yaml);
    *ret_points = points;
    *ret_n = n;
    return good;
}

static bool read_extent(dk_yaml *yaml, const dk_yaml_key *key, dk_transformation *self)
{
    static const char *const sides[] = {"west", "south", "east", "north"};
    size_t n;
    if (key->value == NULL)
        return true;
    dk_yaml_enter(yaml, key->name);
    bool good = dk_yaml_list(yaml, key->value, 4, 4, &n);
    for (size_t i = 0; good && i < 4; i++) {
        const dk_yaml_key side = {sides[i], true, dk_yaml_element(yaml, key->value, i)};
        good = secret(yaml, &side, i % 2 == 0 ? 180 : 90, &self->extent[i]);
    }
    if (good && (self->extent[0] >= self->extent[2] || self->extent[1] >= self->extent[3]))
        good = dk_yaml_fail(yaml, key->value, "write west, south, east and north in degrees, in this order");
    dk_yaml_leave(yaml);
    self->has_extent = true;
    return good;
}

static bool say_convention(dk_yaml *yaml, const yaml_node_t *node, method of)
{
    return dk_yaml_fail(
        yaml, node,
        of == HELMERT7
            ? "convention is missing: position_vector or coordinate_frame. The rotations have opposite signs in "
              "the two, and the wrong one is metres to hundreds of metres off; who gave the parameters knows"
            : "convention is missing: clockwise or counterclockwise, which way the rotation turns on a map");
}

static bool read_root(dk_yaml *yaml, dk_transformation *self, point **ret_points, size_t *ret_n)
{
    static const char *const datums[] = {"xian80", "beijing54", "new_beijing"},
                             *const methods[] = {"helmert7", "plane4"}, *const targets[] = {"cgcs2000"},
                             *const conventions[2][2] = {{"position_vector", "coordinate_frame"},
                                                         {"clockwise", "counterclockwise"}};
    enum {
        NAME,
        FROM,
        TO,
        EXTENT,
        METHOD,
        CONVENTION,
        SCALE,
        TOLERANCE,
        SYSTEMS,
        POINTS,
        X,
        Y,
        Z,
        RX,
        RY,
        RZ,
        EAST,
        NORTH,
        ROTATION,
        KEYS
    };
    dk_yaml_key keys[KEYS] = {[NAME] = {"name", true, NULL},
                              [FROM] = {"from", true, NULL},
                              [TO] = {"to", false, NULL},
                              [EXTENT] = {"extent", false, NULL},
                              [METHOD] = {"method", true, NULL},
                              [CONVENTION] = {"convention", false, NULL},
                              [SCALE] = {"scale", true, NULL},
                              [TOLERANCE] = {"tolerance", false, NULL},
                              [SYSTEMS] = {"systems", false, NULL},
                              [POINTS] = {"control_points", false, NULL},
                              [X] = {"x", false, NULL},
                              [Y] = {"y", false, NULL},
                              [Z] = {"z", false, NULL},
                              [RX] = {"rx", false, NULL},
                              [RY] = {"ry", false, NULL},
                              [RZ] = {"rz", false, NULL},
                              [EAST] = {"east", false, NULL},
                              [NORTH] = {"north", false, NULL},
                              [ROTATION] = {"rotation", false, NULL}};
    const yaml_node_t *root = dk_yaml_root(yaml);
    size_t choice = 0, convention = 0, ignored;
    if (!dk_yaml_mapping(yaml, root, keys, KEYS) || !read_name(yaml, &keys[NAME], self->name, sizeof self->name) ||
        !dk_yaml_key_choice(yaml, &keys[TO], "datum", targets, 1, &ignored) ||
        !dk_yaml_key_choice(yaml, &keys[FROM], "datum", datums, 3, &choice))
        return false;
    self->from = (dk_datum)(DK_DATUM_XIAN80 + choice);
    if (!dk_yaml_key_choice(yaml, &keys[METHOD], "method", methods, 2, &choice))
        return false;
    self->method = choice == 0 ? HELMERT7 : PLANE4;
    if (keys[CONVENTION].value == NULL)
        return say_convention(yaml, root, self->method);
    if (!dk_yaml_key_choice(yaml, &keys[CONVENTION], "convention", conventions[choice], 2, &convention))
        return false;
    self->opposite = convention == 1;
    /* Of the other method none may be there: it would be passed over. */
    const int first = self->method == HELMERT7 ? X : EAST, last = self->method == HELMERT7 ? RZ : ROTATION;
    for (int k = X; k < KEYS; k++) {
        const bool wanted = k >= first && k <= last;
        if (wanted && keys[k].value == NULL)
            return dk_yaml_fail(yaml, root, "%s is missing, which %s needs", keys[k].name, methods[choice]);
        if (!wanted && keys[k].value != NULL)
            return dk_yaml_fail(yaml, keys[k].value, "%s is no parameter of %s", keys[k].name, methods[choice]);
        /* Metres between datums are hundreds; in a plane without zones they may be thousands. Rotations are seconds. */
        const bool rotation = (k >= RX && k <= RZ) || k == ROTATION;
        if (wanted && (!secret(yaml, &keys[k], rotation ? 36000 : 1e7, &self->values[k - first]) ||
                       (rotation && !rotation_unit(yaml, &keys[k], self->values[k - first]))))
            return false;
    }
    self->tolerance = 0.5;
    if (!secret(yaml, &keys[SCALE], 10000, &self->scale) || !scale_unit(yaml, &keys[SCALE], self->scale) ||
        !secret(yaml, &keys[TOLERANCE], 100, &self->tolerance) || !read_extent(yaml, &keys[EXTENT], self))
        return false;
    if (self->tolerance <= 0)
        return dk_yaml_fail(yaml, keys[TOLERANCE].value, "tolerance: write metres above 0");
    if (keys[SYSTEMS].value != NULL) {
        dk_yaml_key systems[] = {{"from", true, NULL}, {"to", true, NULL}};
        dk_yaml_enter(yaml, "systems");
        const bool good = dk_yaml_mapping(yaml, keys[SYSTEMS].value, systems, 2) &&
                          epsg(yaml, &systems[0], &self->from_epsg) && epsg(yaml, &systems[1], &self->to_epsg);
        dk_yaml_leave(yaml);
        if (!good)
            return false;
    }
    if (!read_points(yaml, &keys[POINTS], ret_points, ret_n))
        return false;
    if (self->from_epsg == 0 && (self->method == PLANE4 || *ret_n > 0))
        return dk_yaml_fail(
            yaml, root,
            "systems is missing: the plane coordinate systems of %s, such as {from: EPSG:2384, to: EPSG:4548}",
            self->method == PLANE4 ? "plane4" : "the control points");
    return true;
}

/* ---- control points ---- */

/* Both systems are planes of a Gauss-Krüger zone without its number in the eastings. */
static dk_status check_system(int code, dk_datum datum, const char *path, const char *key, dk_error *err)
{
    char text[24];
    dk_crs crs;
    snprintf(text, sizeof text, "EPSG:%d", code);
    const dk_crs_policy any = {.any_datum = true};
    if (dk_crs_from_text(text, &any, &crs, NULL) != DK_OK)
        return dk_fail(err, DK_INVALID, "%s: systems.%s: %s is no coordinate system of %s", path, key, text,
                       dk_datum_name(datum));
    if (crs.datum != datum)
        return dk_fail(err, DK_INVALID, "%s: systems.%s: %s is of %s, and %s is needed", path, key, crs.name,
                       dk_datum_name(crs.datum), dk_datum_name(datum));
    if (!crs.gauss || crs.zone != 0)
        return dk_fail(
            err, DK_INVALID,
            "%s: systems.%s: %s has the zone before its eastings or is no Gauss-Kruger plane; name the system without "
            "it, as scale and rotation would apply to it too",
            path, key, crs.name);
    return DK_OK;
}

static dk_status check_points(dk_transformation *self, const point *points, size_t n, const char *path, dk_error *err)
{
    char text[24];
    dk_crs from, to;
    dk_transformer *forth = NULL, *back = NULL;
    double worst = 0;
    if (n == 0) {
        dk_buf_format(&self->notes, "the transformation %s has no control points: nothing tells whether it is right\n",
                      self->name);
        return DK_OK;
    }
    const dk_crs_policy policy = {.transformation = self};
    snprintf(text, sizeof text, "EPSG:%d", self->from_epsg);
    dk_status status = dk_crs_from_text(text, &policy, &from, err);
    snprintf(text, sizeof text, "EPSG:%d", self->to_epsg);
    if (status == DK_OK)
        status = dk_crs_from_text(text, NULL, &to, err);
    if (status == DK_OK && (status = dk_transformer_create(&from, &forth, err)) == DK_OK)
        status = dk_transformer_create(&to, &back, err);
    if (status == DK_OK)
        dk_buf_format(&self->notes, "the transformation %s misses its control points by", self->name);
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        double a[2] = {points[i].from[0], points[i].from[1]}, b[2] = {points[i].to[0], points[i].to[1]};
        dk_transform(forth, a, 1);
        dk_transform(back, b, 1);
        const double north = (a[1] - b[1]) * 110900, east = (a[0] - b[0]) * 111320 * cos(b[1] * M_PI / 180);
        const double off = hypot(north, east);
        if (!(off <= self->tolerance)) {
            status = dk_fail(
                err, DK_INVALID,
                "%s: its control point %s is missed by %.3f m, more than the tolerance of %.3g m: the parameters, "
                "their convention or the point are wrong",
                path, points[i].name, isfinite(off) ? off : 1e9, self->tolerance);
            break;
        }
        worst = off > worst ? off : worst;
        if (i < 20)
            dk_buf_format(&self->notes, "%s %.3f m (%s)", i > 0 ? "," : "", off, points[i].name);
    }
    if (status == DK_OK)
        dk_buf_format(&self->notes, "%s; at most %.3f m\n", n > 20 ? " and so on" : "", worst);
    dk_transformer_free(forth);
    dk_transformer_free(back);
    memset(&from, 0, sizeof from);
    return status;
}

/* ---- reading ---- */

static dk_status read_file(const char *path, char **ret_text, size_t *ret_size, bool *ret_open, dk_error *err)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &info) != 0) {
        const int number = errno;
        if (file != NULL)
            fclose(file);
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(number));
    }
    if (S_ISDIR(info.st_mode)) {
        fclose(file);
        return dk_fail(err, DK_INVALID, "%s: a folder; give the YAML file with the parameters", path);
    }
    *ret_open = S_ISREG(info.st_mode) && (info.st_mode & 077) != 0;
    char *text = malloc(MOST_BYTES + 1);
    const size_t size = text != NULL ? fread(text, 1, MOST_BYTES + 1, file) : 0;
    const bool failed = ferror(file) != 0;
    fclose(file);
    if (text == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (failed || size > MOST_BYTES) {
        explicit_bzero(text, size);
        free(text);
        if (failed)
            return dk_fail(err, DK_IO, "%s: cannot be read to its end; copy it again", path);
        return dk_fail(
            err, DK_LIMIT,
            "%s: it has more than 1 MiB, as no transformation file has; give the YAML file with the parameters", path);
    }
    *ret_text = text;
    *ret_size = size;
    return DK_OK;
}

dk_status dk_transformation_read(const char *path, dk_transformation **ret_transformation, dk_error *err)
{
    char *text = NULL;
    size_t size = 0, n = 0;
    bool open = false;
    point *points = NULL;
    dk_yaml yaml;
    dk_arena *arena = dk_arena_create(MOST_BYTES * 16);
    dk_transformation *self = calloc(1, sizeof *self);
    if (self == NULL || arena == NULL) {
        free(self);
        dk_arena_free(arena);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    dk_buf_init(&self->notes);
    dk_status status = read_file(path, &text, &size, &open, err);
    if (status != DK_OK)
        goto out;
    status =
        dk_yaml_load(&yaml, text, size, path, "transformation file", "name, from, method and convention", arena, err);
    if (status == DK_OK) {
        yaml.secret = true;
        if (!read_root(&yaml, self, &points, &n))
            status = yaml.status;
        dk_yaml_finish(&yaml);
    }
    if (status == DK_OK && open)
        dk_buf_format(&self->notes, "others than its owner can read %s, whose parameters must not spread: chmod 600\n",
                      path);
    if (status == DK_OK && self->from_epsg != 0 &&
        (status = check_system(self->from_epsg, self->from, path, "from", err)) == DK_OK)
        status = check_system(self->to_epsg, DK_DATUM_CGCS2000, path, "to", err);
    if (status == DK_OK)
        status = check_points(self, points, n, path, err);
    if (status == DK_OK) {
        *ret_transformation = self;
        self = NULL;
    }
out:
    if (text != NULL)
        explicit_bzero(text, size);
    free(text);
    dk_arena_free(arena);
    dk_transformation_free(self);
    return status;
}

void dk_transformation_free(dk_transformation *transformation)
{
    if (transformation == NULL)
        return;
    dk_buf_finish(&transformation->notes);
    explicit_bzero(transformation, sizeof *transformation);
    free(transformation);
}

const char *dk_transformation_name(const dk_transformation *transformation)
{
    return transformation->name;
}

dk_datum dk_transformation_from(const dk_transformation *transformation)
{
    return transformation->from;
}

const char *dk_transformation_notes(dk_transformation *transformation)
{
    const char *text = dk_buf_cstr(&transformation->notes);
    return text != NULL ? text : "";
}

int dk_transformation_plane(const dk_transformation *transformation)
{
    return transformation->method == PLANE4 ? transformation->from_epsg : 0;
}

const double *dk_transformation_extent(const dk_transformation *transformation)
{
    return transformation->has_extent ? transformation->extent : NULL;
}

/* ---- steps ---- */

bool dk_transformation_steps(const dk_transformation *self, double semi_major, double inverse_flattening, dk_buf *out)
{
    const double *v = self->values;
    if (self->method == HELMERT7) {
        dk_buf_format(
            out,
            " +step +proj=cart +a=%.10g +rf=%.12g +step +proj=helmert +x=%.12g +y=%.12g +z=%.12g +rx=%.12g +ry=%.12g "
            "+rz=%.12g +s=%.12g +convention=%s +step +inv +proj=cart +ellps=GRS80",
            semi_major, inverse_flattening, v[0], v[1], v[2], v[3], v[4], v[5], self->scale,
            self->opposite ? "coordinate_frame" : "position_vector");
        return !out->failed;
    }
    /* PROJ turns clockwise, and takes the scale as a factor. */
    dk_buf_format(out, " +step +proj=helmert +x=%.12g +y=%.12g +s=%.15g +theta=%.12g", v[0], v[1],
                  1 + self->scale * 1e-6, self->opposite ? -v[2] : v[2]);
    char text[24];
    dk_crs to;
    snprintf(text, sizeof text, "EPSG:%d", self->to_epsg);
    if (dk_crs_from_text(text, NULL, &to, NULL) != DK_OK)
        return false;
    /* Its pipeline without the first word and the last step, which makes degrees. */
    const char *start = strstr(to.pipeline, "+step"), *end = strstr(to.pipeline, " +step +proj=unitconvert +xy_in=rad");
    if (start == NULL || end == NULL)
        return false;
    dk_buf_byte(out, ' ');
    dk_buf_append(out, start, (size_t)(end - start));
    return !out->failed;
}
