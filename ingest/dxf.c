#include "ingest/dxf.h"

#include "ingest/drawing_build.h"
#include "ingest/text_lines.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The entity under way. */
typedef struct entity {
    enum { OTHER = 0, LWPOLYLINE, POLYLINE, VERTEX, TEXT, MTEXT } type;
    int64_t line;
    size_t handle, layer;
    bool paper, mirrored, tilted, aligned, between, has_align;
    bool embedded; /* its groups are over: what follows are those of an object in it */
    int flags;
    double x, y, align_x, align_y, height, bulge;
    bool has_x;
    int64_t bad_line; /* of a value that is no number; 0: none */
    int64_t bad_text; /* of a name or text that cannot be decoded; 0: none */
} entity;

/* The file under way. */
typedef struct dxf {
    dk_text_lines *lines;
    const char *path;
    dk_text_line line;
    int code;
    dk_drawing *drawing;

    entity now, polyline; /* polyline: the POLYLINE whose vertices follow */
    bool in_polyline;
    dk_buf raw; /* of the text under way */
} dxf;

/* ---- pairs ---- */

static dk_status next_pair(dxf *self, dk_error *err)
{
    char *end;
    dk_status status = dk_text_lines_next(self->lines, &self->line, err);
    if (status == DK_OK) {
        errno = 0;
        const long code = strtol(self->line.text, &end, 10);
        const bool number = end != self->line.text && end[strspn(end, " \t")] == '\0';
        if (!number || code < -10 || code > 1071)
            return dk_text_line_damaged(&self->line, self->path, "a group code",
                                        "the drawing is damaged: save it as DXF again", err);
        self->code = (int)code;
        status = dk_text_lines_next(self->lines, &self->line, err);
    }
    if (status == DK_END)
        return dk_fail(err, DK_INVALID, "%s: the drawing is cut off: EOF is missing at its end; save or copy it again",
                       self->path);
    return status;
}

static bool value_is(const dxf *self, const char *word)
{
    const char *text = self->line.text + strspn(self->line.text, " \t");
    const size_t size = strlen(word);
    return strncmp(text, word, size) == 0 && text[size + strspn(text + size, " \t")] == '\0';
}

static double number(dxf *self)
{
    char *end;
    const double value = strtod(self->line.text, &end);
    if (end == self->line.text || end[strspn(end, " \t")] != '\0' || !isfinite(value)) {
        if (self->now.bad_line == 0)
            self->now.bad_line = self->line.number;
        return 0;
    }
    return value;
}

/* ---- entities ---- */

static dk_status end_outline(dxf *self, const entity *of, dk_error *err)
{
    char problem[100] = "";
    const bool in_space =
        of->type == POLYLINE && (of->flags & 8) != 0; /* in the plane of the map whatever its groups */
    if (of->bad_line != 0)
        snprintf(problem, sizeof problem, "line %lld: a coordinate is not a number", (long long)of->bad_line);
    const dk_drawing_polyline made = {.row = of->line,
                                      .place = of->line,
                                      .handle = of->handle,
                                      .layer = of->layer,
                                      .closed = (of->flags & 1) != 0,
                                      .mirrored = of->mirrored && !in_space,
                                      .tilted = of->tilted && !in_space,
                                      .in_space = in_space,
                                      .problem = problem[0] != '\0' ? problem : NULL,
                                      .bad_text = of->bad_text};
    return dk_drawing_end_outline(self->drawing, &made, err);
}

static dk_status add_vertex(dxf *self, const entity *of, dk_error *err)
{
    return dk_drawing_add_vertex(self->drawing, of->x, of->y, of->bulge, self->line.number, err);
}

/* A control character is written as a caret and a letter, a caret as one with a blank behind it (DXF Reference, "ASCII
 * Control Characters in DXF Files"). In an MTEXT other programs leave the caret of a fraction alone, \SA^B; */
static void take_out_carets(dk_buf *text, bool mtext)
{
    size_t to = 0;
    for (size_t i = 0; i < text->size; i++) {
        const unsigned char next = i + 1 < text->size ? text->data[i + 1] : 0;
        const bool letter = mtext ? next == 'I' || next == 'J' || next == 'M' : next >= '@' && next <= '_';
        const bool caret = text->data[i] == '^' && (next == ' ' || letter);
        text->data[to++] = !caret ? text->data[i] : next == ' ' ? '^' : ' ';
        i += caret;
    }
    text->size = to;
}

static dk_status add_label(dxf *self, const entity *of, dk_error *err)
{
    const bool aligned = of->type == TEXT && of->aligned && of->has_align;
    if (of->bad_line != 0 || self->raw.size == 0)
        return DK_OK; /* a text is no row: one without a place labels nothing */
    take_out_carets(&self->raw, of->type == MTEXT);
    dk_drawing_label made = {.x = aligned ? of->align_x : of->x,
                             .y = aligned ? of->align_y : of->y,
                             .height = of->height,
                             .text = (const char *)self->raw.data,
                             .size = self->raw.size,
                             .mtext = of->type == MTEXT,
                             .place = of->line,
                             .bad_text = of->bad_text};
    if (aligned && of->between) { /* from the one to the other */
        made.x = (of->x + of->align_x) / 2;
        made.y = (of->y + of->align_y) / 2;
    }
    if (of->mirrored && of->type == TEXT)
        made.x = -made.x;
    return dk_drawing_add_label(self->drawing, &made, err);
}

static dk_status end_polyline(dxf *self, dk_error *err)
{
    const entity *of = &self->polyline;
    self->in_polyline = false;
    if (of->paper) {
        dk_drawing_count_paper(self->drawing);
        return DK_OK;
    }
    if ((of->flags & (16 | 64)) != 0) {
        dk_drawing_count(self->drawing, "POLYLINE MESH");
        return DK_OK;
    }
    return end_outline(self, of, err);
}

static dk_status end_entity(dxf *self, dk_error *err)
{
    const entity *of = &self->now;
    dk_status status = DK_OK;
    switch (of->type) {
    case OTHER:
        break;
    case LWPOLYLINE:
        if (of->has_x)
            status = add_vertex(self, of, err);
        if (of->paper)
            dk_drawing_count_paper(self->drawing);
        else if (status == DK_OK)
            status = end_outline(self, of, err);
        break;
    case POLYLINE:
        self->polyline = *of;
        self->in_polyline = true;
        break;
    case VERTEX:
        if (of->bad_line != 0 && self->polyline.bad_line == 0)
            self->polyline.bad_line = of->bad_line;
        if (self->in_polyline && (of->flags & 16) == 0) /* 16: of the frame of a spline */
            status = add_vertex(self, of, err);
        break;
    case TEXT:
    case MTEXT:
        if (!of->paper)
            status = add_label(self, of, err);
        break;
    }
    self->now.type = OTHER;
    return status;
}

static dk_status begin_entity(dxf *self, dk_error *err)
{
    static const struct {
        const char *name;
        int type;
    } known[] = {
        {"LWPOLYLINE", LWPOLYLINE}, {"POLYLINE", POLYLINE}, {"VERTEX", VERTEX}, {"TEXT", TEXT}, {"MTEXT", MTEXT}};
    dk_status status = DK_OK;
    self->now = (entity){.line = self->line.number};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (value_is(self, known[i].name))
            self->now.type = known[i].type;
    if (self->in_polyline && self->now.type != VERTEX)
        status = end_polyline(self, err);
    if (self->now.type == LWPOLYLINE || self->now.type == POLYLINE)
        dk_drawing_begin_outline(self->drawing);
    dk_buf_clear(&self->raw);
    if (self->now.type == OTHER && !value_is(self, "SEQEND") && !value_is(self, "ATTRIB"))
        dk_drawing_count(self->drawing, self->line.text + strspn(self->line.text, " \t"));
    return status;
}

/* One group of the entity under way. */
static dk_status take_group(dxf *self, dk_error *err)
{
    entity *e = &self->now;
    dk_status status = DK_OK;
    const bool text = e->type == TEXT || e->type == MTEXT;
    if (self->code ==
        101) /* "Embedded Object": the columns of a text of AutoCAD 2018, with 10, 11 and 40 of their own */
        e->embedded = true;
    if (e->embedded)
        return DK_OK;
    if (self->line.undecodable && e->bad_text == 0)
        e->bad_text = self->line.number;
    switch (self->code) {
    case 5:
        e->handle = dk_drawing_keep(self->drawing, self->line.text, self->line.size, false);
        break;
    case 8:
        e->layer = dk_drawing_keep(self->drawing, self->line.text, self->line.size, false);
        break;
    case 10:
        if (e->type == LWPOLYLINE && e->has_x)
            status = add_vertex(self, e, err);
        e->x = number(self);
        e->y = e->bulge = 0;
        e->has_x = true;
        break;
    case 20:
        e->y = number(self);
        break;
    case 11:
        e->align_x = number(self);
        e->has_align = true;
        break;
    case 21:
        e->align_y = number(self);
        break;
    case 40:
        if (text)
            e->height = number(self);
        break;
    case 42:
        if (!text)
            e->bulge = number(self);
        break;
    case 67:
        e->paper = number(self) != 0;
        break;
    case 70:
        e->flags = (int)strtol(self->line.text, NULL, 10);
        break;
    case 72:
    case 73:
        if (e->type == TEXT && number(self) != 0)
            e->aligned = true;
        if (e->type == TEXT && self->code == 72)
            e->between = number(self) == 3 || number(self) == 5; /* aligned, fit */
        break;
    case 210:
    case 220:
        if (fabs(number(self)) > 1e-6)
            e->tilted = true;
        break;
    case 230:
        e->mirrored = number(self) < 0;
        break;
    case 1:
    case 3: /* the pieces of a long text come first */
        if (text && self->raw.size < DK_TEXT_MAX_LINE)
            dk_buf_append(&self->raw, self->line.text, self->line.size);
        break;
    default:
        break;
    }
    return status;
}

static dk_status read_entities(dxf *self, dk_error *err)
{
    dk_status status = DK_OK;
    bool open = false; /* an entity is under way */
    while ((status = next_pair(self, err)) == DK_OK) {
        if (self->code != 0) {
            if (open && self->now.type != OTHER)
                status = take_group(self, err);
        } else {
            if (open)
                status = end_entity(self, err);
            if (status == DK_OK && (value_is(self, "ENDSEC") || value_is(self, "EOF")))
                break;
            if (status == DK_OK)
                status = begin_entity(self, err);
            open = true;
        }
        if (status == DK_OK && (!dk_drawing_kept(self->drawing) || self->raw.failed))
            status = dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", self->path, (long long)self->line.number);
        if (status != DK_OK)
            return status;
    }
    if (status == DK_OK && self->in_polyline)
        status = end_polyline(self, err);
    return status;
}

static dk_status read_all(dxf *self, dk_error *err)
{
    bool section = false, sections = false, entities = false, header;
    dk_status status;
    while ((status = next_pair(self, err)) == DK_OK) {
        header = self->code == 2 && section;
        section = self->code == 0 && value_is(self, "SECTION");
        sections = sections || section;
        if (!sections && self->code != 999) /* a remark */
            return dk_fail(err, DK_INVALID, "%s: not a DXF: it does not begin with a section; save the drawing as DXF",
                           self->path);
        if (header && value_is(self, "ENTITIES")) {
            entities = true;
            status = read_entities(self, err);
            if (status != DK_OK)
                return status;
        }
        if (self->code == 0 && value_is(self, "EOF"))
            break;
    }
    if (status == DK_OK && !entities)
        return dk_fail(err, DK_INVALID, "%s: the drawing has no section ENTITIES, so nothing is drawn; save it again",
                       self->path);
    if (status == DK_OK && !dk_drawing_kept(self->drawing))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
    return status;
}

/* ---- opening ---- */

/* What the header says of the encoding, $DWGCODEPAGE and, from AutoCAD 2007 on (AC1021), UTF-8 whatever that says.
 * false: nothing that is known. */
static bool read_declared(dk_text_lines *lines, dk_encoding *ret_encoding)
{
    enum { HEADER_LINES = 20000 };
    dk_text_line line;
    bool found = false, version = false, page = false;
    for (int i = 0; i < HEADER_LINES && dk_text_lines_next(lines, &line, NULL) == DK_OK; i++) {
        const char *text = line.text + strspn(line.text, " \t");
        if (version && strncmp(text, "AC1", 3) == 0 && strcmp(text, "AC1021") >= 0) {
            *ret_encoding = DK_ENCODING_UTF8;
            return true;
        }
        if (page && line.number % 2 == 0)
            found = dk_encoding_declared(text, ret_encoding);
        if (line.number % 2 == 0) { /* a value; the next one belongs to the variable that it names */
            version = strcmp(text, "$ACADVER") == 0;
            page = strcmp(text, "$DWGCODEPAGE") == 0;
            if (strcmp(text, "ENDSEC") == 0)
                break;
        }
    }
    return found;
}

/* Bytes that are text in both encodings: the header decides. Else the lines are as they were. */
static dk_status settle_encoding(const char *path, dk_text_lines **io_lines, const char **ret_note, dk_error *err)
{
    dk_encoding declared;
    *ret_note = NULL;
    if (!dk_text_lines_either(*io_lines))
        return DK_OK;
    const bool says = read_declared(*io_lines, &declared);
    *ret_note = dk_encoding_either_note(says ? &declared : NULL);
    if (!says || declared == dk_text_lines_encoding(*io_lines))
        return dk_text_lines_rewind(*io_lines, err);
    dk_text_lines_close(*io_lines);
    *io_lines = NULL;
    return dk_text_lines_open(path, &declared, io_lines, err);
}

static dk_status start(dk_text_lines *lines, const char *path, const char *note, dk_drawing **ret_drawing,
                       dk_error *err)
{
    dxf self = {.lines = lines, .path = path};
    dk_buf_init(&self.raw);
    dk_status status = dk_drawing_create(path, DK_DRAWING_LINES, dk_text_lines_encoding(lines), &self.drawing, err);
    if (status == DK_OK && note != NULL && *note != '\0')
        dk_drawing_note(self.drawing, note);
    if (status == DK_OK)
        status = read_all(&self, err);
    dk_text_lines_close(lines);
    dk_buf_finish(&self.raw);
    if (status != DK_OK)
        dk_drawing_close(self.drawing);
    else
        *ret_drawing = self.drawing;
    return status;
}

dk_status dk_dxf_open(const char *path, const dk_encoding *encoding, dk_drawing **ret_drawing, dk_error *err)
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
    const char *note = NULL;
    dk_status status = dk_text_lines_open(path, encoding, &lines, err);
    if (status == DK_OK && (status = settle_encoding(path, &lines, &note, err)) != DK_OK)
        dk_text_lines_close(lines);
    return status == DK_OK ? start(lines, path, note, ret_drawing, err) : status;
}

dk_status dk_dxf_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_drawing **ret_drawing,
                             dk_error *err)
{
    dk_text_lines *lines = NULL;
    const dk_status status = dk_text_lines_open_memory(data, size, encoding, &lines, err);
    return status == DK_OK ? start(lines, "(memory)", NULL, ret_drawing, err) : status;
}
