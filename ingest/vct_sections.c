/* Reads the sections of a VCT file, line by line. */
#include "ingest/vct_work.h"

#include "store/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define JOIN_OFF 0.001 /* ends of lines so many metres apart are one place */
#define MAX_CODES 4096 /* feature codes, and tables */

/* ---- lines ---- */

dk_status dk_vct_nomem(const dk_vct *vct, dk_error *err)
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

bool dk_vct_parse_integer(const char *text, int64_t *ret_value)
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
    return dk_vct_parse_integer(vct->line.text, ret_value) ? DK_OK : damaged(vct, what, err);
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
            return dk_vct_nomem(vct, err);
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
            return dk_vct_nomem(vct, err);
        dk_vct_code *code = &vct->codes[vct->n_codes++];
        /* Some writers have a colour before the table, which is found by its name when tables are known. */
        *code = (dk_vct_code){
            .code = strdup(pieces[0]), .name = strdup(pieces[1]), .polygons = strcasecmp(pieces[2], "Polygon") == 0};
        dk_buf rest;
        dk_buf_init(&rest);
        for (size_t i = 3; i < n && i < 8; i++)
            dk_buf_format(&rest, "%s%s", i > 3 ? "\n" : "", pieces[i]);
        const char *text = dk_buf_cstr(&rest);
        code->table = text != NULL ? strdup(text) : NULL;
        dk_buf_finish(&rest);
        if (code->code == NULL || code->name == NULL || code->table == NULL)
            return dk_vct_nomem(vct, err);
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
            return dk_vct_nomem(vct, err);
        dk_vct_table *to = &vct->tables[vct->n_tables++];
        *to = (dk_vct_table){.name = strdup(pieces[0]),
                             .fields = calloc(DK_VCT_MAX_FIELDS, sizeof *to->fields),
                             .numbers = calloc(DK_VCT_MAX_FIELDS, sizeof *to->numbers)};
        if (to->name == NULL || to->fields == NULL || to->numbers == NULL)
            return dk_vct_nomem(vct, err);
        while ((status = need_line(vct, err)) == DK_OK && !line_is(vct, "0")) {
            if (is_end(vct) || split(vct, pieces, 2) < 2)
                return damaged(vct, "字段名,字段类型 or the 0 behind the last", err);
            if (to->n_fields == DK_VCT_MAX_FIELDS)
                return dk_fail(err, DK_LIMIT, "%s, line %lld: the table %s has more than %d fields", vct->path,
                               (long long)vct->line.number, to->name, DK_VCT_MAX_FIELDS);
            if ((to->fields[to->n_fields] = strdup(pieces[0])) == NULL)
                return dk_vct_nomem(vct, err);
            to->numbers[to->n_fields] = is_number_type(pieces[1]);
            to->n_fields++;
        }
        if (status != DK_OK)
            break;
    }
    return status == DK_OK && !line_is(vct, "TableStructureEnd") ? damaged(vct, "TableStructureEnd", err) : status;
}

dk_vct_table *dk_vct_find_table(const dk_vct *vct, const char *name, size_t size)
{
    for (size_t i = 0; i < vct->n_tables; i++)
        if (strlen(vct->tables[i].name) == size && strncasecmp(vct->tables[i].name, name, size) == 0)
            return &vct->tables[i];
    return NULL;
}

/* Leaves of what stands behind a code's geometry type the name of its table. */
void dk_vct_settle_tables(dk_vct *vct)
{
    for (size_t i = 0; i < vct->n_codes; i++) {
        char *rest = vct->codes[i].table;
        const char *found = NULL;
        for (char *at = rest; found == NULL;) {
            const size_t size = strcspn(at, "\n");
            const dk_vct_table *of = size > 0 ? dk_vct_find_table(vct, at, size) : NULL;
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

static dk_vct_code *find_code(dk_vct *vct, const char *code)
{
    for (size_t i = 0; i < vct->n_codes; i++)
        if (strcmp(vct->codes[i].code, code) == 0)
            return &vct->codes[i];
    return NULL;
}

/* 标识码, 要素代码 and 图形表现; the first is the line at hand. *ret_code: NULL for one that the file does not declare.
 */
static dk_status read_object_head(dk_vct *vct, int64_t *ret_id, dk_vct_code **ret_code, dk_error *err)
{
    if (!dk_vct_parse_integer(vct->line.text, ret_id))
        return damaged(vct, "标识码 of an object", err);
    dk_status status = need_line(vct, err);
    if (status != DK_OK)
        return status;
    *ret_code = find_code(vct, vct->line.text);
    return need_line(vct, err); /* how it is drawn */
}

bool dk_vct_same_place(const double *a, const double *b)
{
    return hypot(a[0] - b[0], a[1] - b[1]) <= JOIN_OFF * dk_metre_at(a);
}

static dk_status read_line_object(dk_vct *vct, dk_error *err)
{
    int64_t type = 0, n_segments = 0, segment = 0;
    dk_vct_edge made = {.first = vct->n_points};
    dk_vct_code *code;
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
                if (dk_vct_same_place(joint, joint - 2)) {
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
        return dk_vct_nomem(vct, err);
    vct->edges[vct->n_edges++] = made;
    return DK_OK;
}

/* 圈数 and the rings. What is no simple ring makes all of it unread. */
static dk_status read_rings(dk_vct *vct, dk_vct_outline *made, dk_error *err)
{
    int64_t n_rings = 0, type = 0;
    made->first = vct->n_parts;
    dk_status status = need_integer(vct, "the number of rings of a polygon", &n_rings, err);
    if (status == DK_OK && n_rings < 1)
        status = damaged(vct, "the number of rings of a polygon", err);
    for (int64_t i = 0; i < n_rings && status == DK_OK && made->kind == DK_VCT_COORDINATES; i++) {
        dk_vct_part ring = {.first = vct->n_points};
        status = need_integer(vct, "the type of a ring", &type, err);
        if (status == DK_OK && type != 11)
            made->kind = DK_VCT_UNREAD;
        if (status == DK_OK && type == 11)
            status = read_points(vct, true, &ring.n, err);
        if (status != DK_OK || type != 11)
            continue;
        if (!dk_grow(&vct->parts, &vct->parts_capacity, vct->n_parts + 1, sizeof *vct->parts))
            return dk_vct_nomem(vct, err);
        vct->parts[vct->n_parts++] = ring;
        made->n++;
    }
    if (status != DK_OK)
        return status;
    return made->kind == DK_VCT_COORDINATES ? end_object(vct, err) : skip_object(vct, err);
}

/* 线数 and the lines, up to the 0 that ends the object. A 0 among them ends a ring; whether it is counted differs. */
static dk_status read_refs(dk_vct *vct, dk_vct_outline *made, dk_error *err)
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
                return dk_vct_nomem(vct, err);
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
    dk_vct_outline made = {.line = vct->line.number, .kind = DK_VCT_COORDINATES};
    dk_vct_code *code = NULL;
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
        made.kind = of == 21 ? DK_VCT_LINES : DK_VCT_UNREAD;
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
        return dk_vct_nomem(vct, err);
    vct->polygons[vct->n_polygons++] = made;
    return DK_OK;
}

/* A row of the layer's table. */
static dk_status take_row(dk_vct *vct, dk_error *err)
{
    char *pieces[DK_VCT_MAX_FIELDS + 1];
    const size_t n_fields = vct->table->n_fields;
    dk_vct_row made = {.line = vct->line.number, .text = vct->texts.size, .bad = vct->line.undecodable};
    const size_t n = split(vct, pieces, DK_VCT_MAX_FIELDS + 1);
    if (!dk_vct_parse_integer(pieces[0], &made.id))
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
        return dk_vct_nomem(vct, err);
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
dk_status dk_vct_read_sections(dk_vct *vct, dk_error *err)
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
