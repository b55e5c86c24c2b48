#include "ingest/vct.h"

#include "ingest/crs.h"
#include "ingest/rings.h"
#include "ingest/survey_crs.h"
#include "ingest/zones.h"
#include "store/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define JOIN_OFF 0.001 /* ends of lines so many metres apart are one place */
#define VALUE 96       /* bytes of a value of the head */
#define LISTED 12      /* layers in a sentence */
#define MAX_CODES 4096 /* feature codes, and tables */

typedef struct feature_code {
    char *code, *name, *table; /* table: "" for none */
    bool polygons, wanted;
    int64_t n; /* polygons of it */
} feature_code;

typedef struct table {
    char *name;
    char **fields;
    bool *numbers; /* of each field: its type is one of numbers */
    size_t n_fields;
} table;

/* A line that polygons may be made of. */
typedef struct edge {
    int64_t id;
    size_t first, n; /* of points; n 0: it is drawn in a way that is not read */
} edge;

typedef struct part {
    size_t first, n; /* of points */
} part;

typedef struct polygon {
    int64_t line, id;
    enum { COORDINATES, LINES, UNREAD } kind;
    size_t first, n; /* of parts or refs */
} polygon;

typedef struct attribute {
    int64_t id, line;
    size_t text; /* place in texts: the values, each with a NUL behind it */
    size_t n;    /* values that are kept; 0: their number does not fit */
    size_t found;
    bool bad, used; /* used: of a polygon that was read */
} attribute;

/* What the rows of a table begin and end with, which writers do differently. */
typedef enum row_form {
    ID_IS_FIELD,     /* 标识码 is the first field */
    ID_BEFORE,       /* it stands before the first field */
    ID_IS_FIELD_END, /* it is the first, and a separator stands behind the last, too */
    FORM_UNKNOWN     /* as many rows are of one form as of another */
} row_form;

struct dk_vct {
    dk_text_lines *lines;
    dk_encoding encoding;
    bool either;
    char *path;
    dk_text_line line;

    char mark[VALUE], version[VALUE], projection[VALUE], spheroid[VALUE], parameters[VALUE * 2];
    char x_axis[VALUE], y_axis[VALUE], offset[VALUE];
    char separator;
    bool swapped; /* x is north */

    feature_code *codes;
    size_t n_codes, codes_capacity;
    table *tables;
    size_t n_tables, tables_capacity;
    const table *table; /* of the layer; NULL for none */

    bool counting; /* the first reading */
    double *points;
    size_t n_points, points_capacity; /* in pairs; in doubles */
    edge *edges;
    size_t n_edges, edges_capacity;
    part *parts;
    size_t n_parts, parts_capacity;
    int64_t *refs;
    size_t n_refs, refs_capacity;
    polygon *polygons;
    size_t n_polygons, polygons_capacity;
    attribute *attributes;
    size_t n_attributes, attributes_capacity;
    row_form form;
    dk_buf texts;

    /* reading the polygons */
    size_t at;
    double *chain; /* pairs */
    size_t n_chain, chain_capacity;
    part *chain_parts; /* of chain */
    size_t n_chain_parts, chain_parts_capacity;
    dk_vct_ring *rings;
    size_t rings_capacity;
    dk_ring *shapes;
    size_t shapes_capacity;
    int *outer, *depth;
    size_t outer_capacity, depth_capacity;
    const char **values;
    dk_buf scratch;
    char problem[400];
    int64_t n_turned, n_without_row;

    int epsg;
    char crs_problem[700];
    dk_buf notes;
    bool noted;
};

/* ---- lines ---- */

static dk_status nomem(const dk_vct *vct, dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "%s: out of memory", vct->path);
}

/* The next line that is not blank, without blanks at its ends; DK_END behind the last. */
static dk_status next_line(dk_vct *vct, dk_error *err)
{
    bool remark = false;
    for (;;) {
        const dk_status status = dk_text_lines_next(vct->lines, &vct->line, err);
        if (status != DK_OK)
            return status;
        while (vct->line.size > 0 && (*vct->line.text == ' ' || *vct->line.text == '\t'))
            vct->line.text++, vct->line.size--;
        char *text = (char *)(uintptr_t)vct->line.text; /* the reader's own buffer */
        while (vct->line.size > 0 && (text[vct->line.size - 1] == ' ' || text[vct->line.size - 1] == '\t'))
            text[--vct->line.size] = '\0';
        if (strcasecmp(text, "CommentBegin") == 0)
            remark = true;
        else if (remark)
            remark = strcasecmp(text, "CommentEnd") != 0;
        else if (vct->line.size > 0)
            return DK_OK;
    }
}

/* The next line, which must be there. */
static dk_status need_line(dk_vct *vct, dk_error *err)
{
    const dk_status status = next_line(vct, err);
    return status == DK_END ? dk_fail(err, DK_INVALID, "%s: the file is cut off; copy or export it again", vct->path)
                            : status;
}

static dk_status damaged(const dk_vct *vct, const char *what, dk_error *err)
{
    return dk_text_line_damaged(&vct->line, vct->path, what, "the file is damaged: export it again", err);
}

static bool line_is(const dk_vct *vct, const char *word)
{
    return strcasecmp(vct->line.text, word) == 0;
}

/* Whether a line ends a section. A separator in it makes it a row. */
static bool is_end(const dk_vct *vct)
{
    const size_t size = vct->line.size;
    return size > 3 && strcasecmp(vct->line.text + size - 3, "End") == 0 &&
           memchr(vct->line.text, vct->separator, size) == NULL;
}

static bool parse_integer(const char *text, int64_t *ret_value)
{
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end == text || end[strspn(end, " \t")] != '\0' || errno != 0)
        return false;
    *ret_value = value;
    return true;
}

static dk_status need_integer(dk_vct *vct, const char *what, int64_t *ret_value, dk_error *err)
{
    const dk_status status = need_line(vct, err);
    if (status != DK_OK)
        return status;
    return parse_integer(vct->line.text, ret_value) ? DK_OK : damaged(vct, what, err);
}

/* X,Y[,Z] of the line. */
static bool parse_place(const dk_vct *vct, double *ret_x, double *ret_y)
{
    char *end;
    const double x = strtod(vct->line.text, &end);
    if (end == vct->line.text)
        return false;
    end += strspn(end, " \t");
    if (*end != vct->separator && *end != ',')
        return false;
    const char *second = end + 1;
    const double y = strtod(second, &end);
    end += strspn(end, " \t");
    if (end == second || (*end != '\0' && *end != vct->separator && *end != ',') || !isfinite(x) || !isfinite(y))
        return false;
    *ret_x = vct->swapped ? y : x;
    *ret_y = vct->swapped ? x : y;
    return true;
}

/* 点数 and as many places, kept unless counting. *ret_n 0 then. */
static dk_status read_points(dk_vct *vct, bool keep, size_t *ret_n, dk_error *err)
{
    int64_t n = 0;
    double x, y;
    dk_status status = need_integer(vct, "a number of points", &n, err);
    if (status == DK_OK && n < 1)
        status = damaged(vct, "a number of points", err);
    for (int64_t i = 0; i < n && status == DK_OK; i++) {
        status = need_line(vct, err);
        if (status == DK_OK && !parse_place(vct, &x, &y))
            status = damaged(vct, "X,Y of a point", err);
        if (status != DK_OK || !keep)
            continue;
        if (vct->n_points == DK_VCT_MAX_POINTS)
            return dk_fail(err, DK_LIMIT, "%s, line %lld: the layer has more than %d points; export it in parts",
                           vct->path, (long long)vct->line.number, DK_VCT_MAX_POINTS);
        if (!dk_grow(&vct->points, &vct->points_capacity, 2 * (vct->n_points + 1), sizeof *vct->points))
            return nomem(vct, err);
        vct->points[2 * vct->n_points] = x;
        vct->points[2 * vct->n_points + 1] = y;
        vct->n_points++;
    }
    if (status == DK_OK)
        *ret_n = keep ? (size_t)n : 0;
    return status;
}

/* To behind the line "0" that ends an object. */
static dk_status skip_object(dk_vct *vct, dk_error *err)
{
    dk_status status;
    while ((status = need_line(vct, err)) == DK_OK && !line_is(vct, "0"))
        if (is_end(vct))
            return damaged(vct, "the 0 that ends an object", err);
    return status;
}

static dk_status end_object(dk_vct *vct, dk_error *err)
{
    const dk_status status = need_line(vct, err);
    return status != DK_OK || line_is(vct, "0") ? status : damaged(vct, "the 0 that ends an object", err);
}

/* Splits the line at the separator; gives up to room pieces, trimmed, in place, and how many there are. */
static size_t split(dk_vct *vct, char **pieces, size_t room)
{
    char *at = (char *)(uintptr_t)vct->line.text; /* the reader's own buffer */
    size_t n = 0;
    for (bool more = true; more; n++) {
        char *end = strchr(at, vct->separator);
        more = end != NULL;
        if (end == NULL)
            end = at + strlen(at);
        char *next = end + 1;
        *end = '\0';
        while (*at == ' ' || *at == '\t')
            at++;
        while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
            *--end = '\0';
        if (n < room)
            pieces[n] = at;
        at = next;
    }
    return n;
}

/* ---- head, feature codes, table structures ---- */

static void take_head(dk_vct *vct)
{
    const struct {
        const char *key;
        char *to;
        size_t size;
    } keys[] = {{"DataMark", vct->mark, sizeof vct->mark},
                {"Version", vct->version, sizeof vct->version},
                {"Projection", vct->projection, sizeof vct->projection},
                {"Spheroid", vct->spheroid, sizeof vct->spheroid},
                {"Parameters", vct->parameters, sizeof vct->parameters},
                {"XAxisDirection", vct->x_axis, sizeof vct->x_axis},
                {"YAxisDirection", vct->y_axis, sizeof vct->y_axis},
                {"Offset", vct->offset, sizeof vct->offset}};
    const char *text = vct->line.text;
    const size_t key = strcspn(text, ":");
    if (text[key] != ':')
        return;
    const char *value = text + key + 1 + strspn(text + key + 1, " \t");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strlen(keys[i].key) == key && strncasecmp(text, keys[i].key, key) == 0) {
            snprintf(keys[i].to, keys[i].size, "%s", value);
            const size_t n = strlen(keys[i].to);
            keys[i].to[dk_utf8_fit(keys[i].to, n)] = '\0';
        }
    if (key == 9 && strncasecmp(text, "Separator", 9) == 0 && *value > ' ' && *value < 0x7F &&
        strchr("0123456789.-+", *value) == NULL)
        vct->separator = *value;
}

static dk_status check_head(dk_vct *vct, dk_error *err)
{
    const bool mark = strncasecmp(vct->mark, "CNSDTF-VCT", 10) == 0;
    if (!mark || strstr(vct->version, "2007") == NULL)
        return dk_fail(
            err, DK_INVALID,
            "%s: a VCT file of another structure than GB/T 17798-2007: its head says DataMark %s, Version %s; "
            "have it exported after GB/T 17798-2007, or as shapefile or file geodatabase",
            vct->path, vct->mark[0] ? vct->mark : "(nothing)", vct->version[0] ? vct->version : "(nothing)");
    const char x = vct->x_axis[0] ? vct->x_axis[0] : 'E', y = vct->y_axis[0] ? vct->y_axis[0] : 'N';
    vct->swapped = x == 'N' || x == 'n';
    if (!((x == 'E' || x == 'e') && (y == 'N' || y == 'n')) && !(vct->swapped && (y == 'E' || y == 'e')))
        return dk_fail(
            err, DK_INVALID,
            "%s: the head says XAxisDirection:%s and YAxisDirection:%s, and one of them must be E and the other N; "
            "export it so",
            vct->path, vct->x_axis, vct->y_axis);
    for (const char *at = vct->offset; *at != '\0'; at++)
        if (*at >= '1' && *at <= '9')
            return dk_fail(
                err, DK_INVALID,
                "%s: the head says Offset:%s, and coordinates with an offset are not read; export it without",
                vct->path, vct->offset);
    return DK_OK;
}

static dk_status read_head(dk_vct *vct, dk_error *err)
{
    dk_status status;
    while ((status = need_line(vct, err)) == DK_OK && !line_is(vct, "HeadEnd")) {
        if (is_end(vct) && strchr(vct->line.text, ':') == NULL)
            return damaged(vct, "HeadEnd", err);
        take_head(vct);
    }
    return status == DK_OK ? check_head(vct, err) : status;
}

static dk_status read_codes(dk_vct *vct, dk_error *err)
{
    dk_status status;
    char *pieces[8];
    while ((status = need_line(vct, err)) == DK_OK && !is_end(vct)) {
        const size_t n = split(vct, pieces, 8);
        if (n < 3)
            return damaged(vct, "要素代码,要素名称,几何类型", err);
        if (vct->n_codes == MAX_CODES)
            return dk_fail(err, DK_LIMIT, "%s, line %lld: more than %d feature codes; export the file in parts",
                           vct->path, (long long)vct->line.number, MAX_CODES);
        if (!dk_grow(&vct->codes, &vct->codes_capacity, vct->n_codes + 1, sizeof *vct->codes))
            return nomem(vct, err);
        feature_code *code = &vct->codes[vct->n_codes++];
        /* Some writers have a colour before the table, which is found by its name when tables are known. */
        *code = (feature_code){
            .code = strdup(pieces[0]), .name = strdup(pieces[1]), .polygons = strcasecmp(pieces[2], "Polygon") == 0};
        dk_buf rest;
        dk_buf_init(&rest);
        for (size_t i = 3; i < n && i < 8; i++)
            dk_buf_format(&rest, "%s%s", i > 3 ? "\n" : "", pieces[i]);
        const char *text = dk_buf_cstr(&rest);
        code->table = text != NULL ? strdup(text) : NULL;
        dk_buf_finish(&rest);
        if (code->code == NULL || code->name == NULL || code->table == NULL)
            return nomem(vct, err);
    }
    return status == DK_OK && !line_is(vct, "FeatureCodeEnd") ? damaged(vct, "FeatureCodeEnd", err) : status;
}

static bool is_number_type(const char *type)
{
    static const char *const types[] = {"Int", "Float", "Double", "Num", "Decimal", "Real"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncasecmp(type, types[i], strlen(types[i])) == 0)
            return true;
    return false;
}

static dk_status read_tables(dk_vct *vct, dk_error *err)
{
    dk_status status;
    char *pieces[2];
    while ((status = need_line(vct, err)) == DK_OK && !is_end(vct)) {
        split(vct, pieces, 1);
        if (vct->n_tables == MAX_CODES)
            return dk_fail(err, DK_LIMIT, "%s, line %lld: more than %d tables; export the file in parts", vct->path,
                           (long long)vct->line.number, MAX_CODES);
        if (!dk_grow(&vct->tables, &vct->tables_capacity, vct->n_tables + 1, sizeof *vct->tables))
            return nomem(vct, err);
        table *to = &vct->tables[vct->n_tables++];
        *to = (table){.name = strdup(pieces[0]),
                      .fields = calloc(DK_VCT_MAX_FIELDS, sizeof *to->fields),
                      .numbers = calloc(DK_VCT_MAX_FIELDS, sizeof *to->numbers)};
        if (to->name == NULL || to->fields == NULL || to->numbers == NULL)
            return nomem(vct, err);
        while ((status = need_line(vct, err)) == DK_OK && !line_is(vct, "0")) {
            if (is_end(vct) || split(vct, pieces, 2) < 2)
                return damaged(vct, "字段名,字段类型 or the 0 behind the last", err);
            if (to->n_fields == DK_VCT_MAX_FIELDS)
                return dk_fail(err, DK_LIMIT, "%s, line %lld: the table %s has more than %d fields", vct->path,
                               (long long)vct->line.number, to->name, DK_VCT_MAX_FIELDS);
            if ((to->fields[to->n_fields] = strdup(pieces[0])) == NULL)
                return nomem(vct, err);
            to->numbers[to->n_fields] = is_number_type(pieces[1]);
            to->n_fields++;
        }
        if (status != DK_OK)
            break;
    }
    return status == DK_OK && !line_is(vct, "TableStructureEnd") ? damaged(vct, "TableStructureEnd", err) : status;
}

static table *find_table(const dk_vct *vct, const char *name, size_t size)
{
    for (size_t i = 0; i < vct->n_tables; i++)
        if (strlen(vct->tables[i].name) == size && strncasecmp(vct->tables[i].name, name, size) == 0)
            return &vct->tables[i];
    return NULL;
}

/* Leaves of what stands behind a code's geometry type the name of its table. */
static void settle_tables(dk_vct *vct)
{
    for (size_t i = 0; i < vct->n_codes; i++) {
        char *rest = vct->codes[i].table;
        const char *found = NULL;
        for (char *at = rest; found == NULL;) {
            const size_t size = strcspn(at, "\n");
            const table *of = size > 0 ? find_table(vct, at, size) : NULL;
            if (of != NULL)
                found = of->name;
            if (at[size] == '\0')
                break;
            at += size + 1;
        }
        if (found != NULL && strlen(found) <= strlen(rest))
            memcpy(rest, found, strlen(found) + 1);
        else
            rest[0] = '\0';
    }
}

/* ---- objects ---- */

static feature_code *find_code(dk_vct *vct, const char *code)
{
    for (size_t i = 0; i < vct->n_codes; i++)
        if (strcmp(vct->codes[i].code, code) == 0)
            return &vct->codes[i];
    return NULL;
}

/* 标识码, 要素代码 and 图形表现; the first is the line at hand. *ret_code: NULL for one that the file does not declare.
 */
static dk_status read_object_head(dk_vct *vct, int64_t *ret_id, feature_code **ret_code, dk_error *err)
{
    if (!parse_integer(vct->line.text, ret_id))
        return damaged(vct, "标识码 of an object", err);
    dk_status status = need_line(vct, err);
    if (status != DK_OK)
        return status;
    *ret_code = find_code(vct, vct->line.text);
    return need_line(vct, err); /* how it is drawn */
}

static bool same_place(const double *a, const double *b)
{
    return hypot(a[0] - b[0], a[1] - b[1]) <= JOIN_OFF * dk_metre_at(a);
}

static dk_status read_line_object(dk_vct *vct, dk_error *err)
{
    int64_t type = 0, n_segments = 0, segment = 0;
    edge made = {.first = vct->n_points};
    feature_code *code;
    dk_status status = read_object_head(vct, &made.id, &code, err);
    if (status == DK_OK)
        status = need_integer(vct, "线的特征类型", &type, err);
    if (status != DK_OK)
        return status;
    bool read = type != 100 && !vct->counting;
    if (type != 100) {
        status = need_integer(vct, "the number of segments of a line", &n_segments, err);
        if (status == DK_OK && n_segments < 1)
            status = damaged(vct, "the number of segments of a line", err);
        for (int64_t i = 0; i < n_segments && status == DK_OK && read; i++) {
            size_t n = 0;
            status = need_integer(vct, "线段类型", &segment, err);
            read = segment == 11;
            if (status == DK_OK && read)
                status = read_points(vct, true, &n, err);
            if (made.n > 0 && n > 0) { /* it begins where the one before ends */
                const double *joint = vct->points + 2 * (vct->n_points - n);
                if (same_place(joint, joint - 2)) {
                    memmove(vct->points + 2 * (vct->n_points - n), vct->points + 2 * (vct->n_points - n + 1),
                            2 * (n - 1) * sizeof *vct->points);
                    vct->n_points--;
                    n--;
                }
            }
            made.n += n;
        }
    }
    if (status == DK_OK)
        status = read ? end_object(vct, err) : skip_object(vct, err);
    if (status != DK_OK || vct->counting)
        return status;
    if (!read || made.n < 2) {
        vct->n_points = made.first;
        made.n = 0;
    }
    if (vct->n_edges == DK_VCT_MAX_OBJECTS)
        return dk_fail(err, DK_LIMIT, "%s, line %lld: the file has more than %d lines; export it in parts", vct->path,
                       (long long)vct->line.number, DK_VCT_MAX_OBJECTS);
    if (!dk_grow(&vct->edges, &vct->edges_capacity, vct->n_edges + 1, sizeof *vct->edges))
        return nomem(vct, err);
    vct->edges[vct->n_edges++] = made;
    return DK_OK;
}

/* 圈数 and the rings. What is no simple ring makes all of it unread. */
static dk_status read_rings(dk_vct *vct, polygon *made, dk_error *err)
{
    int64_t n_rings = 0, type = 0;
    made->first = vct->n_parts;
    dk_status status = need_integer(vct, "the number of rings of a polygon", &n_rings, err);
    if (status == DK_OK && n_rings < 1)
        status = damaged(vct, "the number of rings of a polygon", err);
    for (int64_t i = 0; i < n_rings && status == DK_OK && made->kind == COORDINATES; i++) {
        part ring = {.first = vct->n_points};
        status = need_integer(vct, "the type of a ring", &type, err);
        if (status == DK_OK && type != 11)
            made->kind = UNREAD;
        if (status == DK_OK && type == 11)
            status = read_points(vct, true, &ring.n, err);
        if (status != DK_OK || type != 11)
            continue;
        if (!dk_grow(&vct->parts, &vct->parts_capacity, vct->n_parts + 1, sizeof *vct->parts))
            return nomem(vct, err);
        vct->parts[vct->n_parts++] = ring;
        made->n++;
    }
    if (status != DK_OK)
        return status;
    return made->kind == COORDINATES ? end_object(vct, err) : skip_object(vct, err);
}

/* 线数 and the lines, up to the 0 that ends the object. A 0 among them ends a ring; whether it is counted differs. */
static dk_status read_refs(dk_vct *vct, polygon *made, dk_error *err)
{
    int64_t announced = 0, n = 0, n_zero = 0;
    made->first = vct->n_refs;
    dk_status status = need_integer(vct, "the number of lines of a polygon", &announced, err);
    if (status == DK_OK && announced < 1)
        status = damaged(vct, "the number of lines of a polygon", err);
    while (status == DK_OK && (status = need_line(vct, err)) == DK_OK) {
        if (line_is(vct, "0") && (n >= announced || n + n_zero >= announced))
            break;
        if (is_end(vct) || n >= announced)
            return damaged(vct, "标识码 of a line of the polygon, or the 0 behind the last", err);
        for (char *at = (char *)(uintptr_t)vct->line.text; *at != '\0';) {
            char *end;
            errno = 0;
            const int64_t id = strtoll(at, &end, 10);
            if (end == at || errno != 0)
                return damaged(vct, "标识码 of a line of the polygon", err);
            end += strspn(end, " \t");
            if (*end != '\0' && *end != vct->separator && *end != ',')
                return damaged(vct, "标识码 of a line of the polygon", err);
            at = *end == '\0' ? end : end + 1 + strspn(end + 1, " \t");
            n += id != 0;
            n_zero += id == 0;
            if (vct->n_refs == 4 * (size_t)DK_VCT_MAX_OBJECTS)
                return dk_fail(err, DK_LIMIT, "%s, line %lld: the polygons have too many lines; export them in parts",
                               vct->path, (long long)vct->line.number);
            if (!dk_grow(&vct->refs, &vct->refs_capacity, vct->n_refs + 1, sizeof *vct->refs))
                return nomem(vct, err);
            vct->refs[vct->n_refs++] = id;
        }
    }
    made->n = vct->n_refs - made->first;
    return status;
}

static dk_status read_polygon_object(dk_vct *vct, dk_error *err)
{
    int64_t type = 0;
    double x, y;
    polygon made = {.line = vct->line.number, .kind = COORDINATES};
    feature_code *code = NULL;
    dk_status status = read_object_head(vct, &made.id, &code, err);
    if (status == DK_OK && code == NULL)
        return dk_fail(
            err, DK_INVALID,
            "%s, line %lld: the polygon %lld has a 要素代码 that FeatureCode does not declare; export the file "
            "again",
            vct->path, (long long)made.line, (long long)made.id);
    if (status == DK_OK)
        code->n++;
    if (status == DK_OK)
        status = need_integer(vct, "面的特征类型", &type, err);
    if (status == DK_OK && type != 1 && type != 100)
        status = damaged(vct, "面的特征类型 (1 or 100)", err);
    if (status == DK_OK)
        status = need_line(vct, err);
    if (status == DK_OK && !parse_place(vct, &x, &y))
        status = damaged(vct, "标识点 X,Y of a polygon", err);
    if (status != DK_OK)
        return status;
    const bool wanted = !vct->counting && code->wanted;
    if (type == 1) {
        status = wanted ? read_rings(vct, &made, err) : skip_object(vct, err);
    } else {
        int64_t of = 0;
        status = need_integer(vct, "间接坐标面的构成类型 (21 or 22)", &of, err);
        made.kind = of == 21 ? LINES : UNREAD;
        if (status == DK_OK) /* always: a 0 among the lines may stand alone, and ends no object */
            status = of == 21 ? read_refs(vct, &made, err) : skip_object(vct, err);
        if (!wanted && of == 21)
            vct->n_refs = made.first;
    }
    if (status != DK_OK || !wanted)
        return status;
    if (vct->n_polygons == DK_VCT_MAX_OBJECTS)
        return dk_fail(err, DK_LIMIT, "%s, line %lld: the layer has more than %d polygons; export it in parts",
                       vct->path, (long long)vct->line.number, DK_VCT_MAX_OBJECTS);
    if (!dk_grow(&vct->polygons, &vct->polygons_capacity, vct->n_polygons + 1, sizeof *vct->polygons))
        return nomem(vct, err);
    vct->polygons[vct->n_polygons++] = made;
    return DK_OK;
}

/* A row of the layer's table. */
static dk_status take_row(dk_vct *vct, dk_error *err)
{
    char *pieces[DK_VCT_MAX_FIELDS + 1];
    const size_t n_fields = vct->table->n_fields;
    attribute made = {.line = vct->line.number, .text = vct->texts.size, .bad = vct->line.undecodable};
    const size_t n = split(vct, pieces, DK_VCT_MAX_FIELDS + 1);
    if (!parse_integer(pieces[0], &made.id))
        return damaged(vct, "标识码 of a row", err);
    made.found = n;
    if (n == n_fields || n == n_fields + 1)
        for (size_t i = 0; i < n; i++, made.n++)
            dk_buf_append(&vct->texts, pieces[i], strlen(pieces[i]) + 1);
    if (vct->texts.size > DK_VCT_MAX_ATTRIBUTE_BYTES || vct->n_attributes == DK_VCT_MAX_OBJECTS)
        return dk_fail(err, DK_LIMIT, "%s, line %lld: the table %s is too large; export the layer in parts", vct->path,
                       (long long)vct->line.number, vct->table->name);
    if (vct->texts.failed ||
        !dk_grow(&vct->attributes, &vct->attributes_capacity, vct->n_attributes + 1, sizeof *vct->attributes))
        return nomem(vct, err);
    vct->attributes[vct->n_attributes++] = made;
    return DK_OK;
}

static dk_status read_attributes(dk_vct *vct, dk_error *err)
{
    dk_status status;
    while ((status = need_line(vct, err)) == DK_OK && !line_is(vct, "AttributeEnd")) {
        const bool wanted = !vct->counting && vct->table != NULL && strcasecmp(vct->line.text, vct->table->name) == 0;
        while ((status = need_line(vct, err)) == DK_OK && !line_is(vct, "TableEnd")) {
            if (line_is(vct, "AttributeEnd"))
                return damaged(vct, "TableEnd", err);
            if (wanted && (status = take_row(vct, err)) != DK_OK)
                return status;
        }
        if (status != DK_OK)
            break;
    }
    return status;
}

static dk_status read_objects(dk_vct *vct, const char *end, dk_status (*read)(dk_vct *vct, dk_error *err),
                              dk_error *err)
{
    dk_status status;
    while ((status = need_line(vct, err)) == DK_OK && !line_is(vct, end)) {
        if (is_end(vct))
            return damaged(vct, end, err);
        status = read(vct, err);
        if (status != DK_OK)
            return status;
    }
    return status;
}

static dk_status skip_section(dk_vct *vct, dk_error *err)
{
    char end[80];
    dk_status status;
    snprintf(end, sizeof end, "%.*sEnd", (int)(vct->line.size - 5), vct->line.text);
    while ((status = need_line(vct, err)) == DK_OK && !line_is(vct, end))
        ;
    return status;
}

/* All of the file, once. */
static dk_status read_sections(dk_vct *vct, dk_error *err)
{
    bool head = false;
    dk_status status;
    while ((status = next_line(vct, err)) == DK_OK) {
        if (!head && !line_is(vct, "HeadBegin"))
            return dk_fail(err, DK_INVALID,
                           "%s: not a VCT exchange file: it does not begin with HeadBegin; export it again, after "
                           "GB/T 17798-2007, or as shapefile",
                           vct->path);
        head = true;
        if (line_is(vct, "HeadBegin"))
            status = vct->counting ? read_head(vct, err) : skip_section(vct, err);
        else if (line_is(vct, "FeatureCodeBegin"))
            status = vct->counting ? read_codes(vct, err) : skip_section(vct, err);
        else if (line_is(vct, "TableStructureBegin"))
            status = vct->counting ? read_tables(vct, err) : skip_section(vct, err);
        else if (line_is(vct, "LineBegin"))
            status = vct->counting ? skip_section(vct, err) : read_objects(vct, "LineEnd", read_line_object, err);
        else if (line_is(vct, "PolygonBegin"))
            status = read_objects(vct, "PolygonEnd", read_polygon_object, err);
        else if (line_is(vct, "AttributeBegin"))
            status = vct->counting ? skip_section(vct, err) : read_attributes(vct, err);
        else if (vct->line.size > 5 && vct->line.size < 60 &&
                 strcasecmp(vct->line.text + vct->line.size - 5, "Begin") == 0)
            status = skip_section(vct, err);
        else
            return damaged(vct, "the beginning of a section", err);
        if (status != DK_OK)
            return status;
    }
    return status == DK_END ? DK_OK : status;
}

/* ---- the layer ---- */

static const char *layer_of(const feature_code *code)
{
    return code->table[0] != '\0' ? code->table : code->code;
}

/* Marks the codes of the layer. */
static dk_status choose_layer(dk_vct *vct, const char *layer, dk_error *err)
{
    size_t n_layers = 0;
    int64_t n_wanted = 0;
    const char *only = NULL;
    dk_buf list;
    dk_buf_init(&list);
    for (size_t i = 0; i < vct->n_codes; i++) {
        feature_code *code = &vct->codes[i];
        if (code->n == 0)
            continue;
        bool known = false;
        for (size_t k = 0; k < i && !known; k++)
            known = vct->codes[k].n > 0 && strcmp(layer_of(&vct->codes[k]), layer_of(code)) == 0;
        if (!known && n_layers++ < LISTED)
            dk_buf_format(&list, "%s%s (%s)", n_layers > 1 ? ", " : "", layer_of(code), code->name);
        if (n_layers == 1)
            only = layer_of(code);
    }
    for (size_t i = 0; i < vct->n_codes; i++) {
        feature_code *code = &vct->codes[i];
        code->wanted = layer != NULL ? strcmp(layer, code->code) == 0 || strcmp(layer, code->name) == 0 ||
                                           strcasecmp(layer, code->table) == 0
                                     : only != NULL && strcmp(layer_of(code), only) == 0;
        if (code->wanted && code->n > 0) {
            n_wanted += code->n;
            vct->table = find_table(vct, code->table, strlen(code->table));
        }
    }
    dk_status status = DK_OK;
    const char *names = dk_buf_cstr(&list);
    if (names == NULL)
        status = nomem(vct, err);
    else if (n_layers == 0)
        status = dk_fail(err, DK_INVALID, "%s: the file has no polygons", vct->path);
    else if (layer == NULL && n_layers > 1)
        status = dk_fail(err, DK_INVALID, "%s: the file has %zu layers of polygons; choose one with --layer: %s",
                         vct->path, n_layers, names);
    else if (n_wanted == 0)
        status = dk_fail(err, DK_NOT_FOUND, "%s: there are no polygons of a layer \"%s\"; there are: %s", vct->path,
                         layer ? layer : "", names);
    for (size_t i = 0; i < vct->n_codes && status == DK_OK; i++) /* by name, two codes of different tables */
        if (vct->codes[i].wanted && vct->codes[i].n > 0 &&
            find_table(vct, vct->codes[i].table, strlen(vct->codes[i].table)) != vct->table)
            status = dk_fail(err, DK_INVALID, "%s: \"%s\" names several layers; choose one with --layer: %s", vct->path,
                             layer ? layer : "", names);
    dk_buf_finish(&list);
    return status;
}

static int edge_by_id(const void *a, const void *b)
{
    const int64_t x = ((const edge *)a)->id, y = ((const edge *)b)->id;
    return (x > y) - (x < y);
}

static int attribute_by_id(const void *a, const void *b)
{
    const attribute *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

/* ---- the coordinate system ---- */

/* What family_of of survey_crs.c knows it by; "" for what is not known. */
static const char *system_of(const char *spheroid)
{
    const char *values = strchr(spheroid, ',');
    const double axis = values != NULL ? strtod(values + 1, NULL) : 0;
    if (strstr(spheroid, "2000") != NULL)
        return "CGCS2000";
    if (strstr(spheroid, "84") != NULL)
        return "WGS84";
    const bool grs80 = axis == 6378137; /* GRS 1980 is another ellipsoid than that of Xian 1980 */
    if (!grs80 && (strcasestr(spheroid, "IAG") != NULL || strstr(spheroid, "1980") != NULL ||
                   strstr(spheroid, "西安") != NULL || axis == 6378140))
        return "西安80";
    if (strcasestr(spheroid, "Kras") != NULL || strstr(spheroid, "1954") != NULL ||
        strstr(spheroid, "克拉索") != NULL || strstr(spheroid, "北京") != NULL || axis == 6378245)
        return "北京54";
    return "";
}

/* A head has no place for the name of the system, and writers put it beside the ellipsoid. */
static bool names_local(const char *spheroid)
{
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(spheroid, ","), spheroid);
    return dk_zone_names_local(name);
}

/* Before an easting; 0: none. */
static int zone_of(double x)
{
    return x >= 1e7 && x < 1e8 ? (int)(x / 1e6) : 0;
}

static void look_at(dk_survey_evidence *evidence, const dk_survey_header *header, double x, double y)
{
    if (fabs(x) <= 180 && fabs(y) <= 90)
        evidence->n_degrees++;
    else
        dk_survey_count_zone(evidence, header, zone_of(x), 1);
}

static bool is_gauss(const char *projection)
{
    return projection[0] == '\0' || strstr(projection, "高斯") != NULL || strcasestr(projection, "Gauss") != NULL;
}

/* The next of the numbers in Parameters; *ret_none: a text, or nothing. */
static double next_parameter(const char **io_at, bool *ret_none)
{
    char *end;
    const double value = strtod(*io_at, &end);
    *ret_none = end == *io_at;
    *io_at += strcspn(*io_at, ",;");
    *io_at += **io_at != '\0';
    return value;
}

/* The central meridian in degrees; 0: none that is a zone's. */
static int meridian_in(const char *parameters)
{
    for (const char *at = parameters; *at != '\0';) {
        bool none;
        const double value = next_parameter(&at, &none);
        if (!none && value >= 72 && value <= 138 && fmod(value, 3) == 0)
            return (int)value;
    }
    return 0;
}

/* What may stand in Parameters below 1000: 0 and 1, the meridian, 3 or 6 degrees, the zone's number, a flattening. */
static bool is_small_parameter(double value, int meridian, bool *ret_zone)
{
    const bool whole = value == floor(value);
    const int number = whole && value > 0 && value < 1000 ? (int)value : 0, band = dk_zone_band(number);
    *ret_zone = band != 0 && (meridian == 0 || dk_zone_meridian(number) == meridian);
    return fabs(value) < 1.1 || *ret_zone || number == 3 || number == 6 || (number != 0 && number == meridian) ||
           (meridian == 0 && value >= 72 && value <= 138) || (value > 298 && value < 299);
}

/* Parameters are the central meridian first, then scale, false easting (the zone before it or not), false northing and
 * numbers of the zone, in orders that differ: what each is, its size says. A false easting of 500 would be kilometres,
 * one of 39 a zone alone. false: they are those of no zone of China.
 */
static bool standard_parameters(const char *parameters)
{
    const int meridian = meridian_in(parameters);
    int zones = 0, eastings = 0;
    bool zone_before = false, zone_as_easting = false; /* a zone's number where a false northing follows */
    for (const char *at = parameters; *at != '\0';) {
        bool none, zone = false;
        const bool first = at == parameters;
        const double value = next_parameter(&at, &none), size = fabs(value);
        const bool axis = size > 6.35e6 && size < 6.38e6;
        const bool packed = first && value >= 720000 && value <= 1380000; /* DDDMMSS */
        if (none)
            continue;
        if (first && value >= 72 && value <= 138 && fmod(value, 3) != 0)
            return false;
        if (packed && fmod(value, 30000) != 0)
            return false;
        if (size > 0.9 && size < 1.1 && value != 1)
            return false;
        if (size < 1000 && !is_small_parameter(value, meridian, &zone))
            return false;
        if (size >= 1000 && !packed && !axis && (value < 0 || value >= 1e8 || fmod(value, 1e6) != 500000))
            return false;
        eastings += size >= 1000 && !packed && !axis;
        zone_as_easting |= zone_before && value == 0;
        zone_before = zone;
        zones += zone;
    }
    return eastings > 0 || (zones < 2 && !zone_as_easting);
}

static void decide_crs(dk_vct *vct)
{
    dk_survey_header header = {0};
    dk_survey_evidence evidence = {0};
    bool apart = false;
    snprintf(header.system, sizeof header.system, "%s", system_of(vct->spheroid));
    for (size_t i = 0; i < vct->n_points && header.band[0] == '\0';
         i++) /* the central meridian alone would say 3 degrees */
        if (zone_of(vct->points[2 * i]) >= 13 && zone_of(vct->points[2 * i]) <= 23)
            snprintf(header.band, sizeof header.band, "6");
    if (meridian_in(vct->parameters) > 0)
        snprintf(header.meridian, sizeof header.meridian, "%d", meridian_in(vct->parameters));
    for (size_t i = 0; i < vct->n_points; i++)
        look_at(&evidence, &header, vct->points[2 * i], vct->points[2 * i + 1]);
    if (evidence.n_degrees == 0 && !is_gauss(vct->projection)) {
        snprintf(vct->crs_problem, sizeof vct->crs_problem,
                 "the head says Projection:%s, where 高斯-克吕格 is expected; say what the coordinates are with --crs "
                 "EPSG:N",
                 vct->projection);
        return;
    }
    if (evidence.n_degrees == 0 && !standard_parameters(vct->parameters)) {
        snprintf(vct->crs_problem, sizeof vct->crs_problem,
                 "the head says Parameters:%s, where the central meridian of a zone, scale 1 and false easting 500000 "
                 "are expected; export it in a standard zone of CGCS2000, or say what the coordinates are with --crs "
                 "EPSG:N",
                 vct->parameters);
        return;
    }
    if (names_local(vct->spheroid)) {
        snprintf(vct->crs_problem, sizeof vct->crs_problem,
                 "the head says Spheroid:%s, a local coordinate system; have the data transformed to CGCS2000, or say "
                 "what the "
                 "coordinates are with --crs EPSG:N if they are not local",
                 vct->spheroid);
        return;
    }
    if (header.system[0] == '\0' && vct->n_points > 0) {
        dk_crs_suggest(vct->points[0], vct->points[1], vct->crs_problem, sizeof vct->crs_problem);
        return;
    }
    vct->epsg = dk_survey_decide(&header, &evidence, &apart, vct->crs_problem, sizeof vct->crs_problem, &vct->notes);
    if (apart && strcmp(header.system, "西安80") != 0 && strcmp(header.system, "北京54") != 0) {
        int first = 0, last = 99;
        while (evidence.n_zone[first] == 0)
            first++;
        while (evidence.n_zone[last] == 0)
            last--;
        vct->epsg = 0;
        snprintf(vct->crs_problem, sizeof vct->crs_problem,
                 "its eastings begin with several zones, among them %d and %d, and one system holds for all of a VCT; "
                 "have each zone exported to a file of its own, or load those of one zone with --crs",
                 first, last);
        dk_buf_clear(&vct->notes);
        return;
    }
    if (vct->epsg == 0 && vct->crs_problem[0] != '\0' && vct->n_points > 0) /* its sentences speak of another format */
        dk_crs_suggest(vct->points[0], vct->points[1], vct->crs_problem, sizeof vct->crs_problem);
}

/* ---- the rows of the table ---- */

static bool is_number(const char *text)
{
    char *end;
    (void)strtod(text, &end);
    return end != text && end[strspn(end, " \t")] == '\0';
}

/* Of a row with a value more than there are fields: whether its second is 标识码 again, its last is empty, and how many
 * values are no numbers where fields are, if the first field is the first value and if it is the second. */
static void look_at_row(const dk_vct *vct, const attribute *row, bool *ret_twice, bool *ret_empty, size_t wrong[2])
{
    const char *text = (const char *)vct->texts.data + row->text;
    const bool *numbers = vct->table->numbers;
    for (size_t i = 0; i < row->n; i++, text += strlen(text) + 1) {
        int64_t id;
        if (i == 1)
            *ret_twice = parse_integer(text, &id) && id == row->id;
        *ret_empty = text[0] == '\0';
        if (*ret_empty || is_number(text))
            continue;
        wrong[0] += i + 1 < row->n && numbers[i];
        wrong[1] += i > 0 && numbers[i - 1];
    }
}

/* A row that is a value short, or has a separator in one, is not to be read as one of another form, a column beside its
 * own: what most rows have holds for all. */
static void settle_rows(dk_vct *vct)
{
    size_t n_whole = 0, n_more = 0, n_ended = 0, wrong[2] = {0, 0};
    for (size_t i = 0; i < vct->n_attributes; i++) {
        const attribute *row = &vct->attributes[i];
        bool twice = false, empty = false;
        n_whole += row->n > 0 && row->n == vct->table->n_fields;
        if (row->n <= vct->table->n_fields)
            continue;
        look_at_row(vct, row, &twice, &empty, wrong);
        n_more++;
        n_ended += empty && !twice;
    }
    if (n_more > n_whole && n_ended == n_more && wrong[1] > wrong[0])
        vct->form = ID_IS_FIELD_END;
    else if (n_more > n_whole)
        vct->form = ID_BEFORE;
    else
        vct->form = n_more > 0 && n_more == n_whole ? FORM_UNKNOWN : ID_IS_FIELD;
}

/* ---- opening ---- */

static dk_status read_twice(dk_vct *vct, const char *layer, dk_error *err)
{
    vct->counting = true;
    dk_status status = read_sections(vct, err);
    if (status != DK_OK)
        return status;
    if (vct->mark[0] == '\0')
        return dk_fail(err, DK_INVALID, "%s: the file has no head; export it again", vct->path);
    settle_tables(vct);
    status = choose_layer(vct, layer, err);
    if (status != DK_OK)
        return status;
    for (size_t i = 0; i < vct->n_codes; i++)
        vct->codes[i].n = 0;
    vct->counting = false;
    status = dk_text_lines_rewind(vct->lines, err);
    if (status == DK_OK)
        status = read_sections(vct, err);
    if (status != DK_OK)
        return status;
    if (vct->n_edges > 0)
        qsort(vct->edges, vct->n_edges, sizeof *vct->edges, edge_by_id);
    if (vct->table != NULL)
        settle_rows(vct);
    if (vct->n_attributes > 0)
        qsort(vct->attributes, vct->n_attributes, sizeof *vct->attributes, attribute_by_id);
    vct->values = calloc(DK_VCT_MAX_FIELDS, sizeof *vct->values);
    if (vct->values == NULL)
        return nomem(vct, err);
    decide_crs(vct);
    return DK_OK;
}

static dk_status start(dk_text_lines *lines, const char *path, const char *layer, dk_vct **ret_vct, dk_error *err)
{
    dk_status status;
    dk_vct *vct = calloc(1, sizeof *vct);
    if (vct == NULL) {
        dk_text_lines_close(lines);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    vct->lines = lines;
    vct->encoding = dk_text_lines_encoding(lines);
    vct->either = dk_text_lines_either(lines);
    vct->separator = ',';
    vct->path = strdup(path);
    status = vct->path != NULL ? read_twice(vct, layer, err) : dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    dk_text_lines_close(lines);
    vct->lines = NULL;
    if (status != DK_OK)
        dk_vct_close(vct);
    else
        *ret_vct = vct;
    return status;
}

dk_status dk_vct_open(const char *path, const dk_encoding *encoding, const char *layer, dk_vct **ret_vct, dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open(path, encoding, &lines, err);
    return status == DK_OK ? start(lines, path, layer, ret_vct, err) : status;
}

dk_status dk_vct_open_memory(const void *data, size_t size, const dk_encoding *encoding, const char *layer,
                             dk_vct **ret_vct, dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open_memory(data, size, encoding, &lines, err);
    return status == DK_OK ? start(lines, "(memory)", layer, ret_vct, err) : status;
}

void dk_vct_close(dk_vct *vct)
{
    if (vct == NULL)
        return;
    for (size_t i = 0; i < vct->n_codes; i++) {
        free(vct->codes[i].code);
        free(vct->codes[i].name);
        free(vct->codes[i].table);
    }
    for (size_t i = 0; i < vct->n_tables; i++) {
        for (size_t k = 0; k < vct->tables[i].n_fields; k++)
            free(vct->tables[i].fields[k]);
        free(vct->tables[i].fields);
        free(vct->tables[i].numbers);
        free(vct->tables[i].name);
    }
    free(vct->codes);
    free(vct->tables);
    free(vct->points);
    free(vct->edges);
    free(vct->parts);
    free(vct->refs);
    free(vct->polygons);
    free(vct->attributes);
    free(vct->chain);
    free(vct->chain_parts);
    free(vct->rings);
    free(vct->shapes);
    free(vct->outer);
    free(vct->depth);
    free(vct->values);
    dk_buf_finish(&vct->texts);
    dk_buf_finish(&vct->scratch);
    dk_buf_finish(&vct->notes);
    free(vct->path);
    free(vct);
}

dk_encoding dk_vct_encoding(const dk_vct *vct)
{
    return vct->encoding;
}

bool dk_vct_either(const dk_vct *vct)
{
    return vct->either;
}

size_t dk_vct_fields(const dk_vct *vct, const char *const **ret_names)
{
    static const char *const none[] = {NULL};
    *ret_names = vct->table != NULL ? (const char *const *)vct->table->fields : none;
    return vct->table != NULL ? vct->table->n_fields : 0;
}

size_t dk_vct_polygons(const dk_vct *vct)
{
    return vct->n_polygons;
}

int dk_vct_epsg(const dk_vct *vct, const char **ret_problem)
{
    *ret_problem = vct->epsg == 0 ? vct->crs_problem : NULL;
    return vct->epsg;
}

/* ---- polygons ---- */

static bool add_to_chain(dk_vct *vct, const double *xy, size_t n, bool turned)
{
    if (!dk_grow(&vct->chain, &vct->chain_capacity, 2 * (vct->n_chain + n), sizeof *vct->chain))
        return false;
    for (size_t i = 0; i < n; i++)
        memcpy(vct->chain + 2 * (vct->n_chain + i), xy + 2 * (turned ? n - 1 - i : i), 2 * sizeof *xy);
    vct->n_chain += n;
    return true;
}

/* Ends the ring that begins at chain point first, if there is one: its last point is its first. false: out of memory.
 */
static bool end_ring(dk_vct *vct, size_t first)
{
    if (!dk_grow(&vct->chain_parts, &vct->chain_parts_capacity, vct->n_chain_parts + 1, sizeof *vct->chain_parts))
        return false;
    vct->chain_parts[vct->n_chain_parts++] = (part){.first = first, .n = vct->n_chain - first};
    return true;
}

static const edge *find_edge(const dk_vct *vct, int64_t id)
{
    const edge key = {.id = id};
    return vct->n_edges == 0 ? NULL : bsearch(&key, vct->edges, vct->n_edges, sizeof *vct->edges, edge_by_id);
}

/* The rings from the lines in their order. A problem is left in vct->problem. false: out of memory. */
static bool chain_lines(dk_vct *vct, const polygon *of)
{
    size_t first = 0; /* of the ring under way */
    int64_t last = 0;
    for (size_t i = 0; i < of->n; i++) {
        const int64_t ref = vct->refs[of->first + i];
        const bool under_way = vct->n_chain > first;
        if (ref == 0 && !under_way)
            continue;
        if (ref == 0) {
            snprintf(vct->problem, sizeof vct->problem,
                     "the ring that ends with line %lld does not return to its beginning", (long long)last);
            return true;
        }
        const edge *found = ref == INT64_MIN ? NULL : find_edge(vct, ref < 0 ? -ref : ref);
        if (found == NULL || found->n == 0) {
            snprintf(vct->problem, sizeof vct->problem,
                     found == NULL
                         ? "its line %lld is not in the file; export the layer with its lines"
                         : "its line %lld is drawn with arcs or made of other lines, which is not read; export it "
                           "with straight lines",
                     (long long)ref);
            return true;
        }
        const double *xy = vct->points + 2 * found->first, *end = xy + 2 * (found->n - 1);
        bool turned = ref < 0;
        if (under_way) {
            const double *from = vct->chain + 2 * (vct->n_chain - 1);
            const bool fits = same_place(from, turned ? end : xy);
            if (!fits && same_place(from, turned ? xy : end)) {
                turned = !turned;
                vct->n_turned++;
            } else if (!fits) {
                snprintf(vct->problem, sizeof vct->problem, "its line %lld does not begin where line %lld ends",
                         (long long)ref, (long long)last);
                return true;
            }
            vct->n_chain--; /* the place where they join comes once */
        }
        if (!add_to_chain(vct, xy, found->n, turned))
            return false;
        last = ref;
        if (vct->n_chain - first > 3 && same_place(vct->chain + 2 * first, vct->chain + 2 * (vct->n_chain - 1))) {
            if (!end_ring(vct, first))
                return false;
            first = vct->n_chain;
        }
    }
    if (vct->n_chain > first)
        snprintf(vct->problem, sizeof vct->problem,
                 "the ring that ends with line %lld does not return to its beginning", (long long)last);
    return true;
}

static bool copy_rings(dk_vct *vct, const polygon *of)
{
    for (size_t i = 0; i < of->n; i++) {
        const part *from = &vct->parts[of->first + i];
        const size_t first = vct->n_chain;
        if (!add_to_chain(vct, vct->points + 2 * from->first, from->n, false))
            return false;
        if (!same_place(vct->chain + 2 * first, vct->chain + 2 * (vct->n_chain - 1)) &&
            !add_to_chain(vct, vct->points + 2 * from->first, 1, false))
            return false;
        if (!end_ring(vct, first))
            return false;
    }
    return true;
}

/* Rings from the chain, each with what it is a hole of. false: out of memory. */
static bool make_rings(dk_vct *vct)
{
    const size_t n = vct->n_chain_parts;
    if (!dk_grow(&vct->rings, &vct->rings_capacity, n, sizeof *vct->rings) ||
        !dk_grow(&vct->shapes, &vct->shapes_capacity, n, sizeof *vct->shapes) ||
        !dk_grow(&vct->outer, &vct->outer_capacity, n, sizeof *vct->outer) ||
        !dk_grow(&vct->depth, &vct->depth_capacity, n, sizeof *vct->depth))
        return false;
    for (size_t i = 0; i < n; i++) {
        const part *from = &vct->chain_parts[i];
        vct->shapes[i] = (dk_ring){.xy = vct->chain + 2 * from->first, .n = from->n - 1};
        if (!dk_ring_measure(&vct->shapes[i], &vct->scratch)) {
            if (vct->scratch.failed)
                return false;
            snprintf(vct->problem, sizeof vct->problem, "its ring %zu encloses nothing", i + 1);
            return true;
        }
    }
    if (!dk_ring_nest(vct->shapes, n, vct->outer, vct->depth))
        return false;
    for (size_t i = 0; i < n; i++)
        vct->rings[i] = (dk_vct_ring){
            .xy = vct->shapes[i].xy, .n = vct->shapes[i].n, .outer = vct->depth[i] % 2 == 1 ? vct->outer[i] : -1};
    return true;
}

/* The values of the polygon's row in the table. */
static void find_values(dk_vct *vct, const polygon *of)
{
    const size_t n = vct->table != NULL ? vct->table->n_fields : 0;
    for (size_t i = 0; i < n; i++)
        vct->values[i] = "";
    size_t low = 0, high = vct->n_attributes;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (vct->attributes[middle].id < of->id)
            low = middle + 1;
        else
            high = middle;
    }
    if (n == 0)
        return;
    if (low == vct->n_attributes || vct->attributes[low].id != of->id) {
        vct->n_without_row++;
        return;
    }
    const attribute *row = &vct->attributes[low];
    for (size_t i = low; i < vct->n_attributes && vct->attributes[i].id == of->id; i++)
        vct->attributes[i].used = true;
    if (row->n == 0) {
        snprintf(
            vct->problem, sizeof vct->problem,
            "its row in table %s (line %lld) has %zu values, and the table has %zu fields; is there a separator in a "
            "value?",
            vct->table->name, (long long)row->line, row->found, n);
        return;
    }
    const bool more = row->n > n;
    if (vct->form == FORM_UNKNOWN || (vct->form == ID_IS_FIELD && more) || (vct->form == ID_BEFORE && !more)) {
        snprintf(vct->problem, sizeof vct->problem,
                 "its row in table %s (line %lld) has %zu values, and %s have %zu; is a value missing, or is there a "
                 "separator in one?",
                 vct->table->name, (long long)row->line, row->n,
                 vct->form == FORM_UNKNOWN ? "as many others" : "most others", more ? n : n + 1);
        return;
    }
    const char *text = (const char *)vct->texts.data + row->text;
    if (vct->form == ID_BEFORE)
        text += strlen(text) + 1;
    for (size_t i = 0; i < n; i++, text += strlen(text) + 1) {
        vct->values[i] = text;
        if (row->bad && vct->problem[0] == '\0' && strstr(text, "\xEF\xBF\xBD") != NULL)
            snprintf(
                vct->problem, sizeof vct->problem,
                "column %s: its bytes (line %lld) are not text in %s; correct them, or say which encoding it is with "
                "--encoding",
                vct->table->fields[i], (long long)row->line, dk_encoding_name(vct->encoding));
    }
    if (low + 1 < vct->n_attributes && vct->attributes[low + 1].id == of->id && vct->problem[0] == '\0')
        snprintf(vct->problem, sizeof vct->problem, "table %s has two rows for it (lines %lld and %lld)",
                 vct->table->name, (long long)row->line, (long long)vct->attributes[low + 1].line);
}

dk_status dk_vct_next(dk_vct *vct, dk_vct_polygon *ret_polygon, dk_error *err)
{
    if (vct->at == vct->n_polygons)
        return DK_END;
    const polygon *of = &vct->polygons[vct->at++];
    bool good = true;
    vct->n_chain = vct->n_chain_parts = 0;
    vct->problem[0] = '\0';
    find_values(vct, of);
    if (vct->problem[0] == '\0' && of->kind == UNREAD)
        snprintf(
            vct->problem, sizeof vct->problem,
            "it is made of circles, ellipses or other polygons, which is not read; export it with its coordinates");
    if (vct->problem[0] == '\0')
        good = of->kind == LINES ? chain_lines(vct, of) : copy_rings(vct, of);
    if (good && vct->problem[0] == '\0')
        good = make_rings(vct);
    if (!good)
        return nomem(vct, err);
    vct->problem[dk_utf8_fit(vct->problem, sizeof vct->problem)] = '\0';
    *ret_polygon = (dk_vct_polygon){.line = of->line,
                                    .id = of->id,
                                    .rings = vct->rings,
                                    .n_rings = vct->problem[0] == '\0' ? vct->n_chain_parts : 0,
                                    .values = vct->values,
                                    .problem = vct->problem[0] != '\0' ? vct->problem : NULL};
    return DK_OK;
}

void dk_vct_overrule(dk_vct *vct)
{
    dk_buf_clear(&vct->notes); /* of the rest there is none before the end */
}

/* Rows of the table without a polygon. Those of a table that other codes have, too, may be of these. */
static size_t count_unused(const dk_vct *vct)
{
    size_t n = 0;
    for (size_t i = 0; i < vct->n_codes; i++)
        if (vct->table == NULL || (!vct->codes[i].wanted && strcasecmp(vct->codes[i].table, vct->table->name) == 0))
            return 0;
    for (size_t i = 0; i < vct->n_attributes; i++)
        n += !vct->attributes[i].used;
    return n;
}

const char *dk_vct_notes(dk_vct *vct)
{
    if (vct->at == vct->n_polygons && !vct->noted) {
        vct->noted = true;
        if (vct->n_turned > 0)
            dk_buf_format(&vct->notes, "%lld lines are named in the wrong direction, and were turned\n",
                          (long long)vct->n_turned);
        if (vct->n_without_row > 0)
            dk_buf_format(&vct->notes, "%lld polygons have no row in table %s\n", (long long)vct->n_without_row,
                          vct->table->name);
        const size_t n_unused = count_unused(vct);
        if (n_unused > 0)
            dk_buf_format(&vct->notes, "%zu rows of table %s have no polygon, and were not read\n", n_unused,
                          vct->table->name);
    }
    const char *text = dk_buf_cstr(&vct->notes);
    return text != NULL ? text : "";
}
