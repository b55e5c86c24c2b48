#include "ingest/dxf.h"

#include "ingest/dxf_text.h"
#include "ingest/rings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARC_OFF 0.001       /* how far chords leave an arc, in units of the drawing */
#define ARC_CHORDS 720      /* of an arc, at most */
#define CLOSE_OFF 0.001     /* an end so near the beginning closes */
#define NEAR_HEIGHTS 3.0    /* a text so many of its heights beside an outline may be meant for it */
#define NEAR_PAIRS 50000000 /* of texts and outlines that are looked at for that */
#define KINDS 40            /* of other entities that are counted */
#define LISTED 12           /* layers in a sentence */

typedef struct shape {
    int64_t line;
    size_t handle, layer, problem; /* places in texts; problem 0: none */
    size_t first, n;               /* of points, in pairs */
    bool closed;
    int64_t bad_text; /* of its layer's name */
} shape;

typedef struct label {
    double x, y, height;
    size_t text;      /* place in texts */
    int64_t bad_line; /* of bytes that are none; 0: all are text */
} label;

typedef struct kind {
    char name[24];
    int64_t n;
} kind;

/* The entity under way. */
typedef struct entity {
    enum { OTHER = 0, LWPOLYLINE, POLYLINE, VERTEX, TEXT, MTEXT } type;
    int64_t line;
    size_t handle, layer;
    bool paper, mirrored, tilted, aligned, has_align;
    int flags;
    double x, y, align_x, align_y, height, bulge;
    bool has_x;
    int64_t bad_line; /* of a value that is no number; 0: none */
    int64_t bad_text; /* of a name or text that cannot be decoded; 0: none */
} entity;

typedef struct vertex {
    double x, y, bulge;
} vertex;

struct dk_dxf {
    dk_text_lines *lines;
    dk_encoding encoding;
    dk_decoder *gb18030;
    char *path;
    dk_text_line line;
    int code;

    dk_buf texts; /* NUL-terminated; the first is "" */
    double *points;
    size_t n_points, points_capacity; /* in pairs; capacity in doubles */
    shape *shapes;
    size_t n_shapes, shapes_capacity;
    label *labels;
    size_t n_labels, labels_capacity;
    kind kinds[KINDS];
    size_t n_kinds;

    entity now, polyline; /* polyline: the POLYLINE whose vertices follow */
    bool in_polyline;
    vertex *vertices; /* of the polyline under way */
    size_t n_vertices, vertices_capacity;
    dk_buf raw; /* of the text under way */

    dk_dxf_outline *outlines;
    size_t n_outlines;
    dk_buf notes;
};

/* ---- pairs ---- */

static dk_status next_pair(dk_dxf *dxf, dk_error *err)
{
    char *end;
    dk_status status = dk_text_lines_next(dxf->lines, &dxf->line, err);
    if (status == DK_OK) {
        errno = 0;
        const long code = strtol(dxf->line.text, &end, 10);
        const bool number = end != dxf->line.text && end[strspn(end, " \t")] == '\0';
        if (!number || code < -10 || code > 1071)
            return dk_text_line_damaged(&dxf->line, dxf->path, "a group code",
                                        "the drawing is damaged: save it as DXF again", err);
        dxf->code = (int)code;
        status = dk_text_lines_next(dxf->lines, &dxf->line, err);
    }
    if (status == DK_END)
        return dk_fail(err, DK_INVALID, "%s: the drawing is cut off: EOF is missing at its end; save or copy it again",
                       dxf->path);
    return status;
}

static bool value_is(const dk_dxf *dxf, const char *word)
{
    const char *text = dxf->line.text + strspn(dxf->line.text, " \t");
    const size_t size = strlen(word);
    return strncmp(text, word, size) == 0 && text[size + strspn(text + size, " \t")] == '\0';
}

static double number(dk_dxf *dxf)
{
    char *end;
    const double value = strtod(dxf->line.text, &end);
    if (end == dxf->line.text || end[strspn(end, " \t")] != '\0' || !isfinite(value)) {
        if (dxf->now.bad_line == 0)
            dxf->now.bad_line = dxf->line.number;
        return 0;
    }
    return value;
}

/* Keeps a text; gives its place. */
static size_t keep(dk_dxf *dxf, const char *text, size_t size, bool mtext)
{
    const size_t place = dxf->texts.size;
    dk_dxf_text(text, size, mtext, dxf->gb18030, &dxf->texts);
    dk_buf_byte(&dxf->texts, 0);
    return place;
}

static size_t keep_problem(dk_dxf *dxf, const char *problem)
{
    const size_t place = dxf->texts.size;
    dk_buf_append(&dxf->texts, problem, strlen(problem) + 1);
    return place;
}

/* ---- outlines ---- */

static bool add_point(dk_dxf *dxf, double x, double y)
{
    if (!dk_grow(&dxf->points, &dxf->points_capacity, 2 * (dxf->n_points + 1), sizeof *dxf->points))
        return false;
    dxf->points[2 * dxf->n_points] = x;
    dxf->points[2 * dxf->n_points + 1] = y;
    dxf->n_points++;
    return true;
}

/* The vertex, and the chords of the arc to the next one; bulge: the tangent of a quarter of its angle. */
static bool add_segment(dk_dxf *dxf, const vertex *from, const vertex *to)
{
    const double b = from->bulge, dx = to->x - from->x, dy = to->y - from->y, chord = hypot(dx, dy);
    if (!add_point(dxf, from->x, from->y))
        return false;
    if (fabs(b) < 1e-9 || chord == 0 || !isfinite(b))
        return true;
    const double angle = 4 * atan(b), radius = chord * (1 + b * b) / (4 * fabs(b));
    const double step = radius > ARC_OFF ? 2 * acos(1 - ARC_OFF / radius) : 1;
    const double wanted = ceil(fabs(angle) / step);
    const int n = wanted < 1 ? 1 : wanted > ARC_CHORDS ? ARC_CHORDS : (int)wanted;
    /* The centre lies beside the middle of the chord, to its left for an arc that turns left by less than half. */
    const double off = (1 - b * b) / (4 * b);
    const double cx = (from->x + to->x) / 2 - off * dy, cy = (from->y + to->y) / 2 + off * dx;
    for (int i = 1; i < n; i++) {
        const double turn = angle * i / n, c = cos(turn), s = sin(turn), x = from->x - cx, y = from->y - cy;
        if (!add_point(dxf, cx + x * c - y * s, cy + x * s + y * c))
            return false;
    }
    return true;
}

static const char *outline_problem(const dk_dxf *dxf, const entity *of, char *out, size_t size)
{
    if (of->bad_line != 0) {
        snprintf(out, size, "line %lld: a coordinate is not a number", (long long)of->bad_line);
        return out;
    }
    if (of->tilted)
        return "it is drawn in a tilted plane (groups 210 to 230); flatten the drawing";
    if (dxf->n_vertices < 2)
        return "it has fewer than two vertices";
    return NULL;
}

static dk_status add_outline(dk_dxf *dxf, const entity *of, dk_error *err)
{
    char text[100];
    const size_t n = dxf->n_vertices;
    vertex *v = dxf->vertices;
    const char *problem = outline_problem(dxf, of, text, sizeof text);
    shape made = {
        .line = of->line, .handle = of->handle, .layer = of->layer, .first = dxf->n_points, .bad_text = of->bad_text};
    bool good = dk_grow(&dxf->shapes, &dxf->shapes_capacity, dxf->n_shapes + 1, sizeof *dxf->shapes);
    if (problem != NULL) {
        made.problem = keep_problem(dxf, problem);
        made.closed = true; /* whatever it is, it is not left out with the open ones */
    } else if (good) {
        const bool returns = n > 3 && hypot(v[0].x - v[n - 1].x, v[0].y - v[n - 1].y) <= CLOSE_OFF;
        made.closed = returns || ((of->flags & 1) != 0 && n > 1);
        const size_t segments = n - 1 + (made.closed && !returns);
        for (size_t i = 0; i < segments && good; i++)
            good = add_segment(dxf, &v[i], &v[(i + 1) % n]);
        if (!made.closed && good)
            good = add_point(dxf, v[n - 1].x, v[n - 1].y);
        for (size_t i = made.first; of->mirrored && i < dxf->n_points; i++)
            dxf->points[2 * i] = -dxf->points[2 * i]; /* seen from below: the x axis is the other way round */
        made.n = dxf->n_points - made.first;
    }
    if (!good)
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", dxf->path, (long long)of->line);
    if (dxf->n_points > DK_DXF_MAX_POINTS || dxf->n_shapes == DK_DXF_MAX_THINGS)
        return dk_fail(err, DK_LIMIT,
                       "%s, line %lld: the drawing has more than %d vertices or %d outlines; cut it in parts",
                       dxf->path, (long long)of->line, DK_DXF_MAX_POINTS, DK_DXF_MAX_THINGS);
    dxf->shapes[dxf->n_shapes++] = made;
    return DK_OK;
}

static dk_status add_vertex(dk_dxf *dxf, double x, double y, double bulge, dk_error *err)
{
    if (dxf->n_vertices == DK_DXF_MAX_POINTS ||
        !dk_grow(&dxf->vertices, &dxf->vertices_capacity, dxf->n_vertices + 1, sizeof *dxf->vertices))
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", dxf->path, (long long)dxf->line.number);
    dxf->vertices[dxf->n_vertices++] = (vertex){x, y, bulge};
    return DK_OK;
}

static dk_status add_label(dk_dxf *dxf, const entity *of, dk_error *err)
{
    const bool aligned = of->type == TEXT && of->aligned && of->has_align;
    if (of->bad_line != 0 || dxf->raw.size == 0)
        return DK_OK; /* a text is no row: one without a place labels nothing */
    if (dxf->n_labels == DK_DXF_MAX_THINGS)
        return dk_fail(err, DK_LIMIT, "%s, line %lld: the drawing has more than %d texts; cut it in parts", dxf->path,
                       (long long)of->line, DK_DXF_MAX_THINGS);
    if (!dk_grow(&dxf->labels, &dxf->labels_capacity, dxf->n_labels + 1, sizeof *dxf->labels))
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", dxf->path, (long long)of->line);
    label made = {.x = aligned ? of->align_x : of->x,
                  .y = aligned ? of->align_y : of->y,
                  .height = of->height,
                  .bad_line = of->bad_text};
    if (of->mirrored && of->type == TEXT)
        made.x = -made.x;
    made.text = keep(dxf, (const char *)dxf->raw.data, dxf->raw.size, of->type == MTEXT);
    if (!dxf->texts.failed && dxf->texts.data[made.text] != '\0')
        dxf->labels[dxf->n_labels++] = made;
    return DK_OK;
}

static void count_other(dk_dxf *dxf, const char *name)
{
    size_t i = 0;
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ") != strlen(name) ||
        strlen(name) >= sizeof dxf->kinds[0].name)
        name = "of unknown kind";
    while (i < dxf->n_kinds && strncmp(dxf->kinds[i].name, name, sizeof dxf->kinds[i].name - 1) != 0)
        i++;
    if (i == dxf->n_kinds && dxf->n_kinds < KINDS)
        snprintf(dxf->kinds[dxf->n_kinds++].name, sizeof dxf->kinds[i].name, "%s", name);
    if (i < KINDS)
        dxf->kinds[i].n++;
}

/* ---- entities ---- */

static dk_status end_polyline(dk_dxf *dxf, dk_error *err)
{
    const entity *of = &dxf->polyline;
    dxf->in_polyline = false;
    if (of->paper)
        return DK_OK;
    if ((of->flags & (8 | 16 | 64)) != 0) { /* in space, or a mesh */
        count_other(dxf, of->flags & 8 ? "POLYLINE 3D" : "POLYLINE MESH");
        return DK_OK;
    }
    return add_outline(dxf, of, err);
}

static dk_status end_entity(dk_dxf *dxf, dk_error *err)
{
    const entity *of = &dxf->now;
    dk_status status = DK_OK;
    switch (of->type) {
    case OTHER:
        break;
    case LWPOLYLINE:
        if (of->has_x)
            status = add_vertex(dxf, of->x, of->y, of->bulge, err);
        if (status == DK_OK && !of->paper)
            status = add_outline(dxf, of, err);
        break;
    case POLYLINE:
        dxf->polyline = *of;
        dxf->in_polyline = true;
        break;
    case VERTEX:
        if (of->bad_line != 0 && dxf->polyline.bad_line == 0)
            dxf->polyline.bad_line = of->bad_line;
        if (dxf->in_polyline && (of->flags & 16) == 0) /* 16: of the frame of a spline */
            status = add_vertex(dxf, of->x, of->y, of->bulge, err);
        break;
    case TEXT:
    case MTEXT:
        if (!of->paper)
            status = add_label(dxf, of, err);
        break;
    }
    dxf->now.type = OTHER;
    return status;
}

static dk_status begin_entity(dk_dxf *dxf, dk_error *err)
{
    static const struct {
        const char *name;
        int type;
    } known[] = {
        {"LWPOLYLINE", LWPOLYLINE}, {"POLYLINE", POLYLINE}, {"VERTEX", VERTEX}, {"TEXT", TEXT}, {"MTEXT", MTEXT}};
    dk_status status = DK_OK;
    dxf->now = (entity){.line = dxf->line.number};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (value_is(dxf, known[i].name))
            dxf->now.type = known[i].type;
    if (dxf->in_polyline && dxf->now.type != VERTEX)
        status = end_polyline(dxf, err);
    if (dxf->now.type == LWPOLYLINE || dxf->now.type == POLYLINE)
        dxf->n_vertices = 0;
    dk_buf_clear(&dxf->raw);
    if (dxf->now.type == OTHER && !value_is(dxf, "SEQEND") && !value_is(dxf, "ATTRIB"))
        count_other(dxf, dxf->line.text + strspn(dxf->line.text, " \t"));
    return status;
}

/* One group of the entity under way. */
static dk_status take_group(dk_dxf *dxf, dk_error *err)
{
    entity *e = &dxf->now;
    dk_status status = DK_OK;
    const bool text = e->type == TEXT || e->type == MTEXT;
    if (dxf->line.undecodable && e->bad_text == 0)
        e->bad_text = dxf->line.number;
    switch (dxf->code) {
    case 5:
        e->handle = keep(dxf, dxf->line.text, dxf->line.size, false);
        break;
    case 8:
        e->layer = keep(dxf, dxf->line.text, dxf->line.size, false);
        break;
    case 10:
        if (e->type == LWPOLYLINE && e->has_x)
            status = add_vertex(dxf, e->x, e->y, e->bulge, err);
        e->x = number(dxf);
        e->y = e->bulge = 0;
        e->has_x = true;
        break;
    case 20:
        e->y = number(dxf);
        break;
    case 11:
        e->align_x = number(dxf);
        e->has_align = true;
        break;
    case 21:
        e->align_y = number(dxf);
        break;
    case 40:
        if (text)
            e->height = number(dxf);
        break;
    case 42:
        if (!text)
            e->bulge = number(dxf);
        break;
    case 67:
        e->paper = number(dxf) != 0;
        break;
    case 70:
        e->flags = (int)strtol(dxf->line.text, NULL, 10);
        break;
    case 72:
    case 73:
        if (e->type == TEXT && number(dxf) != 0)
            e->aligned = true;
        break;
    case 210:
    case 220:
        if (fabs(number(dxf)) > 1e-6)
            e->tilted = true;
        break;
    case 230:
        e->mirrored = number(dxf) < 0;
        break;
    case 1:
    case 3: /* the pieces of a long text come first */
        if (text && dxf->raw.size < DK_TEXT_MAX_LINE)
            dk_buf_append(&dxf->raw, dxf->line.text, dxf->line.size);
        break;
    default:
        break;
    }
    return status;
}

static dk_status read_entities(dk_dxf *dxf, dk_error *err)
{
    dk_status status = DK_OK;
    bool open = false; /* an entity is under way */
    while ((status = next_pair(dxf, err)) == DK_OK) {
        if (dxf->code != 0) {
            if (open && dxf->now.type != OTHER)
                status = take_group(dxf, err);
        } else {
            if (open)
                status = end_entity(dxf, err);
            if (status == DK_OK && (value_is(dxf, "ENDSEC") || value_is(dxf, "EOF")))
                break;
            if (status == DK_OK)
                status = begin_entity(dxf, err);
            open = true;
        }
        if (status == DK_OK && (dxf->texts.failed || dxf->raw.failed))
            status = dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", dxf->path, (long long)dxf->line.number);
        if (status != DK_OK)
            return status;
    }
    if (status == DK_OK && dxf->in_polyline)
        status = end_polyline(dxf, err);
    return status;
}

static dk_status read_all(dk_dxf *dxf, dk_error *err)
{
    bool section = false, sections = false, entities = false, header;
    dk_status status;
    dk_buf_byte(&dxf->texts, 0);
    while ((status = next_pair(dxf, err)) == DK_OK) {
        header = dxf->code == 2 && section;
        section = dxf->code == 0 && value_is(dxf, "SECTION");
        sections = sections || section;
        if (!sections && dxf->code != 999) /* a remark */
            return dk_fail(err, DK_INVALID, "%s: not a DXF: it does not begin with a section; save the drawing as DXF",
                           dxf->path);
        if (header && value_is(dxf, "ENTITIES")) {
            entities = true;
            status = read_entities(dxf, err);
            if (status != DK_OK)
                return status;
        }
        if (dxf->code == 0 && value_is(dxf, "EOF"))
            break;
    }
    if (status == DK_OK && !entities)
        return dk_fail(err, DK_INVALID, "%s: the drawing has no section ENTITIES, so nothing is drawn; save it again",
                       dxf->path);
    if (status == DK_OK && dxf->texts.failed)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", dxf->path);
    return status;
}

/* ---- opening ---- */

static dk_status start(dk_text_lines *lines, const char *path, dk_dxf **ret_dxf, dk_error *err)
{
    dk_status status;
    dk_dxf *dxf = calloc(1, sizeof *dxf);
    if (dxf == NULL) {
        dk_text_lines_close(lines);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    dxf->lines = lines;
    dxf->encoding = dk_text_lines_encoding(lines);
    dxf->path = strdup(path);
    dxf->gb18030 = dk_decoder_create(DK_ENCODING_GB18030);
    if (dxf->path == NULL || dxf->gb18030 == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    else
        status = read_all(dxf, err);
    dk_text_lines_close(lines);
    dxf->lines = NULL;
    if (status != DK_OK)
        dk_dxf_close(dxf);
    else
        *ret_dxf = dxf;
    return status;
}

dk_status dk_dxf_open(const char *path, const dk_encoding *encoding, dk_dxf **ret_dxf, dk_error *err)
{
    static const char binary[] = "AutoCAD Binary DXF";
    char head[sizeof binary - 1];
    dk_text_lines *lines = NULL;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    const bool is_binary = fread(head, 1, sizeof head, file) == sizeof head && memcmp(head, binary, sizeof head) == 0;
    fclose(file);
    if (is_binary)
        return dk_fail(err, DK_INVALID, "%s: a binary DXF; save the drawing as DXF in text (ASCII) form", path);
    const dk_status status = dk_text_lines_open(path, encoding, &lines, err);
    return status == DK_OK ? start(lines, path, ret_dxf, err) : status;
}

dk_status dk_dxf_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_dxf **ret_dxf,
                             dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open_memory(data, size, encoding, &lines, err);
    return status == DK_OK ? start(lines, "(memory)", ret_dxf, err) : status;
}

void dk_dxf_close(dk_dxf *dxf)
{
    if (dxf == NULL)
        return;
    dk_decoder_free(dxf->gb18030);
    free(dxf->path);
    dk_buf_finish(&dxf->texts);
    dk_buf_finish(&dxf->raw);
    dk_buf_finish(&dxf->notes);
    free(dxf->points);
    free(dxf->shapes);
    free(dxf->labels);
    free(dxf->vertices);
    for (size_t i = 0; i < dxf->n_outlines; i++)
        free((void *)(uintptr_t)dxf->outlines[i].text);
    free(dxf->outlines);
    free(dxf);
}

dk_encoding dk_dxf_encoding(const dk_dxf *dxf)
{
    return dxf->encoding;
}

size_t dk_dxf_outlines(const dk_dxf *dxf, const dk_dxf_outline **ret_outlines)
{
    *ret_outlines = dxf->outlines;
    return dxf->n_outlines;
}

const char *dk_dxf_notes(const dk_dxf *dxf)
{
    return dxf->notes.data != NULL ? (const char *)dxf->notes.data : "";
}

/* ---- the layer ---- */

typedef struct layer {
    const char *name;
    int64_t n_wanted, n_open;
} layer;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const layer *)a)->name, ((const layer *)b)->name);
}

static const char *text_at(const dk_dxf *dxf, size_t place)
{
    return (const char *)dxf->texts.data + place;
}

/* The layers with outlines, each once, sorted. NULL: out of memory. */
static layer *list_layers(const dk_dxf *dxf, bool lines, size_t *ret_n)
{
    size_t n = 0;
    layer *layers = calloc(dxf->n_shapes + 1, sizeof *layers);
    if (layers == NULL)
        return NULL;
    for (size_t i = 0; i < dxf->n_shapes; i++) {
        const bool wanted = dxf->shapes[i].closed || lines;
        layers[i] = (layer){text_at(dxf, dxf->shapes[i].layer), wanted, !wanted};
    }
    if (dxf->n_shapes > 0)
        qsort(layers, dxf->n_shapes, sizeof *layers, by_name);
    for (size_t i = 0; i < dxf->n_shapes; i++) {
        if (n > 0 && strcmp(layers[n - 1].name, layers[i].name) == 0) {
            layers[n - 1].n_wanted += layers[i].n_wanted;
            layers[n - 1].n_open += layers[i].n_open;
        } else {
            layers[n++] = layers[i];
        }
    }
    *ret_n = n;
    return layers;
}

static dk_status find_layer(dk_dxf *dxf, const dk_dxf_wanted *wanted, const char *path, const char **ret_layer,
                            dk_error *err)
{
    size_t n = 0, n_wanted = 0, named = 0;
    const char *found = NULL;
    const char *what = wanted->lines ? "polylines" : "closed polylines";
    dk_buf list;
    layer *layers = list_layers(dxf, wanted->lines, &n);
    if (layers == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    dk_buf_init(&list);
    for (size_t i = 0; i < n; i++) {
        const layer *at = &layers[i];
        const bool asked = wanted->layer != NULL && strcmp(at->name, wanted->layer) == 0;
        if (asked || (wanted->layer == NULL && at->n_wanted > 0))
            found = at->name;
        if (at->n_wanted == 0)
            continue;
        n_wanted++;
        if (named++ < LISTED)
            dk_buf_format(&list, "%s%s (%lld)", named > 1 ? ", " : "", at->name, (long long)at->n_wanted);
        else if (named == LISTED + 1)
            dk_buf_text(&list, " and more");
    }
    dk_status status = DK_OK;
    const char *names = dk_buf_cstr(&list);
    if (names == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    else if (wanted->layer != NULL && found == NULL)
        status = dk_fail(err, DK_NOT_FOUND, "%s: no polyline is on a layer \"%s\"; layers with %s: %s", path,
                         wanted->layer, what, n_wanted > 0 ? names : "none");
    else if (n_wanted == 0 && wanted->layer == NULL)
        status = dk_fail(err, DK_INVALID,
                         "%s: the drawing has no %s (LWPOLYLINE, POLYLINE) in model space; close the outlines of the "
                         "parcels, and explode blocks, before it is saved",
                         path, what);
    else if (n_wanted > 1 && wanted->layer == NULL)
        status = dk_fail(err, DK_INVALID, "%s: %s are on %zu layers; choose one with --layer: %s", path, what, n_wanted,
                         names);
    int64_t elsewhere = 0;
    for (size_t i = 0; i < n && status == DK_OK; i++)
        if (layers[i].name != found && strcmp(layers[i].name, found) != 0)
            elsewhere += layers[i].n_wanted + layers[i].n_open;
    if (elsewhere > 0)
        dk_buf_format(&dxf->notes, "%lld polylines on other layers than %s were not read\n", (long long)elsewhere,
                      found);
    dk_buf_finish(&list);
    free(layers);
    *ret_layer = found;
    return status;
}

/* ---- texts ---- */

/* What a text is given to. */
typedef struct claim {
    double x, y;
    size_t text; /* place in texts */
    int64_t bad_line;
    size_t ring;
    double distance2; /* from outside; 0: it stands inside */
} claim;

typedef struct search {
    const dk_ring *rings;
    size_t best;
    bool found;
} search;

static void smallest(size_t ring, void *user)
{
    search *self = user;
    if (!self->found || self->rings[ring].area < self->rings[self->best].area)
        self->best = ring;
    self->found = true;
}

/* The outline nearest to a text outside all of them, of those without a text of their own. */
static bool nearest(const label *of, const dk_ring *rings, size_t n, const bool *labelled, claim *ret_claim)
{
    const double reach = NEAR_HEIGHTS * of->height;
    bool found = false;
    ret_claim->distance2 = reach * reach;
    for (size_t i = 0; i < n; i++) {
        const dk_ring *ring = &rings[i];
        if (labelled[i] || of->x < ring->min_x - reach || of->x > ring->max_x + reach || of->y < ring->min_y - reach ||
            of->y > ring->max_y + reach)
            continue;
        const double distance2 = dk_ring_distance2(ring, of->x, of->y);
        if (distance2 <= ret_claim->distance2) {
            ret_claim->distance2 = distance2;
            ret_claim->ring = i;
            found = true;
        }
    }
    return found;
}

static int from_top(const void *a, const void *b)
{
    const claim *one = a, *other = b;
    if (one->ring != other->ring)
        return one->ring < other->ring ? -1 : 1;
    if (one->y != other->y)
        return one->y > other->y ? -1 : 1;
    return (one->x > other->x) - (one->x < other->x);
}

/* Texts inside rings, the smallest that each stands in, and then those beside rings that have none. */
static dk_status claim_texts(dk_dxf *dxf, const dk_ring *rings, size_t n, claim *claims, size_t *ret_n, dk_error *err)
{
    size_t n_claims = 0, n_free = 0, n_beside = 0;
    bool *labelled = calloc(n + 1, sizeof *labelled);
    claim *beside = calloc(n + 1, sizeof *beside);
    size_t *free_labels = calloc(dxf->n_labels + 1, sizeof *free_labels);
    dk_ring_index *index = dk_ring_index_create(rings, n);
    dk_status status = DK_OK;
    if (labelled == NULL || beside == NULL || free_labels == NULL || index == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", dxf->path);
        goto out;
    }
    for (size_t i = 0; i < dxf->n_labels; i++) {
        const label *at = &dxf->labels[i];
        search found = {.rings = rings};
        dk_ring_index_at(index, at->x, at->y, smallest, &found);
        if (found.found) {
            claims[n_claims++] =
                (claim){.x = at->x, .y = at->y, .text = at->text, .bad_line = at->bad_line, .ring = found.best};
            labelled[found.best] = true;
        } else {
            free_labels[n_free++] = i;
        }
    }
    const bool few = n == 0 || n_free <= NEAR_PAIRS / n;
    if (!few)
        dk_buf_text(&dxf->notes,
                    "texts beside outlines were not looked at, as there are too many: only those inside count\n");
    for (size_t i = 0; i < n_free && n > 0 && few; i++) {
        const label *at = &dxf->labels[free_labels[i]];
        claim made = {.x = at->x, .y = at->y, .text = at->text, .bad_line = at->bad_line};
        if (nearest(at, rings, n, labelled, &made) &&
            (beside[made.ring].text == 0 || made.distance2 < beside[made.ring].distance2))
            beside[made.ring] = made;
    }
    for (size_t i = 0; i < n; i++)
        if (beside[i].text != 0) {
            claims[n_claims++] = beside[i];
            n_beside++;
        }
    if (n_beside > 0)
        dk_buf_format(&dxf->notes, "%zu outlines have no text inside, and got the nearest one beside them\n", n_beside);
    if (n_claims > 0)
        qsort(claims, n_claims, sizeof *claims, from_top);
    *ret_n = n_claims;
out:
    dk_ring_index_free(index);
    free(labelled);
    free(beside);
    free(free_labels);
    return status;
}

/* outlines: the one of each ring. */
static dk_status give_texts(dk_dxf *dxf, const dk_ring *rings, const size_t *outlines, size_t n, dk_error *err)
{
    size_t n_claims = 0, n_several = 0;
    dk_buf text;
    claim *claims = calloc(dxf->n_labels + n + 1, sizeof *claims);
    if (claims == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", dxf->path);
    dk_buf_init(&text);
    dk_status status = claim_texts(dxf, rings, n, claims, &n_claims, err);
    for (size_t i = 0; i < n_claims && status == DK_OK;) {
        const size_t ring = claims[i].ring, first = i;
        dk_dxf_outline *to = &dxf->outlines[outlines[ring]];
        dk_buf_clear(&text);
        for (; i < n_claims && claims[i].ring == ring; i++) {
            if (to->bad_line == 0)
                to->bad_line = claims[i].bad_line;
            dk_buf_format(&text, "%s%s", i > first ? " " : "", text_at(dxf, claims[i].text));
        }
        n_several += i > first + 1;
        const char *whole = dk_buf_cstr(&text);
        char *copy = whole != NULL ? strdup(whole) : NULL;
        if (copy == NULL)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", dxf->path);
        else
            to->text = copy;
    }
    if (n_several > 0)
        dk_buf_format(&dxf->notes, "%zu outlines hold several texts, which were joined from top to bottom\n",
                      n_several);
    dk_buf_finish(&text);
    free(claims);
    return status;
}

/* Holes go to the outline around them; the others are told from it in a note. */
static dk_status nest(dk_dxf *dxf, const dk_ring *rings, const size_t *outlines, size_t n, bool holes, dk_error *err)
{
    size_t n_inside = 0;
    int *outer = calloc(n + 1, sizeof *outer), *depth = calloc(n + 1, sizeof *depth);
    dk_status status = DK_OK;
    if (outer == NULL || depth == NULL || !dk_ring_nest(rings, n, outer, depth))
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", dxf->path);
    for (size_t i = 0; i < n && status == DK_OK; i++) {
        n_inside += depth[i] > 0;
        if (!holes || depth[i] % 2 == 0)
            continue;
        dk_dxf_outline *hole = &dxf->outlines[outlines[i]], *around = &dxf->outlines[outlines[outer[i]]];
        hole->outer = (int)outlines[outer[i]];
        hole->next_hole = around->next_hole;
        around->next_hole = (int)outlines[i];
    }
    if (n_inside > 0 && !holes && status == DK_OK)
        dk_buf_format(
            &dxf->notes,
            "%zu outlines lie inside others and were read as parcels of their own; with --holes they are holes\n",
            n_inside);
    free(outer);
    free(depth);
    return status;
}

static void note_others(dk_dxf *dxf)
{
    for (size_t i = 0; i < dxf->n_kinds; i++)
        dk_buf_format(&dxf->notes, "%s%lld %s",
                      i > 0 ? ", " : "not read, as they are no polylines: ", (long long)dxf->kinds[i].n,
                      dxf->kinds[i].name);
    if (dxf->n_kinds > 0)
        dk_buf_byte(&dxf->notes, '\n');
}

dk_status dk_dxf_choose(dk_dxf *dxf, const dk_dxf_wanted *wanted, const char *path, dk_error *err)
{
    const char *layer_name = NULL;
    dk_ring *rings = NULL;
    size_t *outlines = NULL, n = 0;
    dk_buf scratch;
    dk_buf_init(&scratch);
    dk_status status = find_layer(dxf, wanted, path, &layer_name, err);
    if (status != DK_OK)
        goto out;
    dxf->outlines = calloc(dxf->n_shapes + 1, sizeof *dxf->outlines);
    rings = calloc(dxf->n_shapes + 1, sizeof *rings);
    outlines = calloc(dxf->n_shapes + 1, sizeof *outlines);
    if (dxf->outlines == NULL || rings == NULL || outlines == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        goto out;
    }
    for (size_t i = 0; i < dxf->n_shapes; i++) {
        const shape *from = &dxf->shapes[i];
        if (strcmp(text_at(dxf, from->layer), layer_name) != 0)
            continue;
        dk_dxf_outline *to = &dxf->outlines[dxf->n_outlines];
        *to = (dk_dxf_outline){.line = from->line,
                               .handle = text_at(dxf, from->handle),
                               .layer = text_at(dxf, from->layer),
                               .xy = from->n > 0 ? dxf->points + 2 * from->first : NULL,
                               .n = from->n,
                               .bad_line = from->bad_text,
                               .closed = from->closed,
                               .problem = from->problem != 0 ? text_at(dxf, from->problem) : NULL,
                               .outer = -1,
                               .next_hole = -1};
        dk_ring ring = {.xy = to->xy, .n = to->n};
        if (to->problem == NULL && to->closed && !dk_ring_measure(&ring, &scratch) && !wanted->lines)
            to->problem = "it encloses nothing";
        else if (to->problem == NULL && !to->closed && !wanted->lines)
            to->problem = "it is not closed; close it in the drawing, or leave it out of the layer";
        if (to->problem == NULL && to->closed && ring.area > 0) {
            rings[n] = ring;
            outlines[n++] = dxf->n_outlines;
        }
        dxf->n_outlines++;
    }
    status = give_texts(dxf, rings, outlines, n, err);
    if (status == DK_OK && !wanted->lines)
        status = nest(dxf, rings, outlines, n, wanted->holes, err);
    note_others(dxf);
    for (size_t i = 0; i < dxf->n_outlines && status == DK_OK; i++)
        if (dxf->outlines[i].text == NULL && (dxf->outlines[i].text = strdup("")) == NULL)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status == DK_OK && (scratch.failed || dk_buf_cstr(&dxf->notes) == NULL))
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
out:
    dk_buf_finish(&scratch);
    free(rings);
    free(outlines);
    return status;
}
