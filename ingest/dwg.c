#include "ingest/dwg.h"

#include "ingest/drawing_build.h"
#include "ingest/dwg_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Types of objects. */
enum {
    TYPE_TEXT = 1,
    TYPE_VERTEX_2D = 10,
    TYPE_VERTEX_3D = 11,
    TYPE_POLYLINE_2D = 15,
    TYPE_POLYLINE_3D = 16,
    TYPE_MTEXT = 44,
    TYPE_BLOCK_HEADER = 49,
    TYPE_LAYER = 51,
    TYPE_LWPOLYLINE = 77,
    TYPE_PROXY_ENTITY = 498
};

enum { SPACE_OWNED = 0, SPACE_PAPER = 1, SPACE_MODEL = 2 };

typedef struct layer {
    uint64_t handle;
    size_t name; /* where it is kept */
    bool bad;    /* it is no text in the encoding of the file */
} layer;

typedef struct reader {
    dk_dwg_file *file;
    const char *path;
    dk_drawing *drawing;
    dk_decoder *decoder;
    dk_buf raw, text; /* a text as the file has it, and decoded */

    dk_dwg_object *objects; /* the file's */
    size_t n_objects;
    uint64_t model; /* the block of model space; 0: not found */
    layer *layers;  /* in the order of their handles */
    size_t n_layers, layers_capacity;
    int64_t n_polylines;
} reader;

/* What entities have in common. */
typedef struct entity {
    uint64_t handle;
    dk_dwg_bits own;     /* what follows of its data */
    dk_dwg_bits handles; /* its references that follow */
    unsigned space;
    uint64_t owner, layer, next; /* next: in its chain; 0: none */
} entity;

static dk_status damaged(const reader *self, uint64_t handle, const char *what, dk_error *err)
{
    return dk_dwg_damaged(self->path, handle, what, err);
}

static dk_status unreadable(const reader *self, uint64_t handle, dk_error *err)
{
    return damaged(self, handle, "the object cannot be read", err);
}

static dk_status no_memory(const reader *self, dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "%s: out of memory", self->path);
}

/* ---- objects ---- */

/* The type, where references begin, and the object's own handle. Its own data follow in bits. */
static bool begin_object(dk_dwg_bits *bits, unsigned *ret_type, uint64_t *ret_handle, dk_dwg_bits *ret_handles)
{
    *ret_type = dk_dwg_bs(bits);
    const uint32_t own_bits = dk_dwg_rl(bits);
    *ret_handle = dk_dwg_h(bits, 0);
    if (bits->failed || own_bits < bits->at || own_bits > bits->end)
        return false;
    *ret_handles = *bits;
    ret_handles->at = own_bits;
    bits->end = own_bits;
    return true;
}

/* Data of applications ("extended entity data"). */
static void skip_extended(dk_dwg_bits *bits, uint64_t handle)
{
    for (unsigned size; (size = dk_dwg_bs(bits)) != 0 && !bits->failed;) {
        dk_dwg_h(bits, handle);
        dk_dwg_skip(bits, 8 * (uint64_t)size);
    }
}

/* "Common entity data" and "common entity handle data". */
static bool begin_entity(const dk_dwg_data *data, entity *ret_entity)
{
    entity e = {.own = dk_dwg_bits_of(data->data, data->size)};
    dk_dwg_bits *own = &e.own, *handles = &e.handles;
    unsigned type;
    if (!begin_object(own, &type, &e.handle, handles))
        return false;
    skip_extended(own, e.handle);
    if (dk_dwg_b(own) != 0) /* a picture of it */
        dk_dwg_skip(own, 8 * (uint64_t)dk_dwg_rl(own));
    e.space = dk_dwg_bb(own);
    const uint32_t n_reactors = dk_dwg_bl(own);
    const bool linked = dk_dwg_b(own) == 0;
    dk_dwg_bs(own); /* colour */
    dk_dwg_bd(own); /* scale of the line type */
    const unsigned line_type = dk_dwg_bb(own), plot_style = dk_dwg_bb(own);
    dk_dwg_bs(own); /* invisible */
    dk_dwg_rc(own); /* line weight */

    if (e.space == SPACE_OWNED)
        e.owner = dk_dwg_h(handles, e.handle);
    for (uint32_t i = 0; i < n_reactors && !handles->failed; i++)
        dk_dwg_h(handles, e.handle);
    dk_dwg_h(handles, e.handle); /* its dictionary */
    e.next = e.handle + 1;
    if (linked) {
        dk_dwg_h(handles, e.handle);
        e.next = dk_dwg_h(handles, e.handle);
    }
    e.layer = dk_dwg_h(handles, e.handle);
    if (line_type == 3)
        dk_dwg_h(handles, e.handle);
    if (plot_style == 3)
        dk_dwg_h(handles, e.handle);
    *ret_entity = e;
    return !own->failed && !handles->failed && e.space <= SPACE_MODEL;
}

static bool in_model(const reader *self, const entity *of)
{
    return of->space == SPACE_MODEL || (of->space == SPACE_OWNED && self->model != 0 && of->owner == self->model);
}

/* A text, into raw. */
static void take_text(reader *self, dk_dwg_bits *bits)
{
    const unsigned n = dk_dwg_bs(bits);
    dk_buf_clear(&self->raw);
    for (unsigned i = 0; i < n && !bits->failed; i++)
        dk_buf_byte(&self->raw, (unsigned char)dk_dwg_rc(bits));
    while (self->raw.size > 0 && self->raw.data[self->raw.size - 1] == 0) /* some programs end it so */
        self->raw.size--;
}

/* Decodes raw into text. false: some of it is no text. */
static bool decode(reader *self)
{
    dk_buf_clear(&self->text);
    return self->raw.size == 0 ||
           dk_decode(self->decoder, (const char *)self->raw.data, self->raw.size, false, &self->text, NULL);
}

/* The name of an entry of a table, into raw: "BLOCK HEADER (49)", "LAYER (51)". */
static bool take_name(reader *self, const dk_dwg_data *data)
{
    dk_dwg_bits own = dk_dwg_bits_of(data->data, data->size), handles;
    unsigned type;
    uint64_t handle;
    if (!begin_object(&own, &type, &handle, &handles))
        return false;
    skip_extended(&own, handle);
    dk_dwg_bl(&own); /* reactors */
    take_text(self, &own);
    return !own.failed;
}

typedef struct extrusion {
    bool tilted, mirrored;
} extrusion;

static extrusion take_vector(dk_dwg_bits *bits)
{
    const double x = dk_dwg_bd(bits), y = dk_dwg_bd(bits), z = dk_dwg_bd(bits);
    return (extrusion){.tilted = !(fabs(x) <= 1e-6 && fabs(y) <= 1e-6), .mirrored = z < 0};
}

static extrusion take_extrusion(dk_dwg_bits *bits)
{
    return dk_dwg_b(bits) != 0 ? (extrusion){false, false} : take_vector(bits);
}

static void take_thickness(dk_dwg_bits *bits)
{
    if (dk_dwg_b(bits) == 0)
        dk_dwg_bd(bits);
}

/* ---- texts ---- */

/* Where it stands, and its text into raw: "TEXT (1)". */
static bool take_text_entity(reader *self, dk_dwg_bits *own, dk_drawing_label *ret_label)
{
    const unsigned absent = dk_dwg_rc(own);
    if ((absent & 1) == 0)
        dk_dwg_rd(own); /* elevation */
    const double x = dk_dwg_rd(own), y = dk_dwg_rd(own);
    double aligned_x = x, aligned_y = y;
    if ((absent & 2) == 0) {
        aligned_x = dk_dwg_dd(own, x);
        aligned_y = dk_dwg_dd(own, y);
    }
    const extrusion plane = take_extrusion(own);
    take_thickness(own);
    if ((absent & 4) == 0)
        dk_dwg_rd(own); /* oblique angle */
    if ((absent & 8) == 0)
        dk_dwg_rd(own); /* rotation */
    ret_label->height = dk_dwg_rd(own);
    if ((absent & 0x10) == 0)
        dk_dwg_rd(own); /* width */
    take_text(self, own);
    if ((absent & 0x20) == 0)
        dk_dwg_bs(own); /* generation */
    const unsigned horizontal = (absent & 0x40) == 0 ? dk_dwg_bs(own) : 0;
    const unsigned vertical = (absent & 0x80) == 0 ? dk_dwg_bs(own) : 0;
    const bool aligned = horizontal != 0 || vertical != 0;
    const bool between = horizontal == 3 || horizontal == 5; /* aligned, fit: from the one to the other */
    ret_label->x = (between ? (x + aligned_x) / 2 : aligned ? aligned_x : x) * (plane.mirrored ? -1 : 1);
    ret_label->y = between ? (y + aligned_y) / 2 : aligned ? aligned_y : y;
    return !own->failed;
}

/* "MTEXT (44)". */
static bool take_mtext(reader *self, dk_dwg_bits *own, dk_drawing_label *ret_label)
{
    ret_label->x = dk_dwg_bd(own);
    ret_label->y = dk_dwg_bd(own);
    dk_dwg_bd(own);
    take_vector(own); /* extrusion */
    take_vector(own); /* along its lines */
    dk_dwg_bd(own);   /* width */
    ret_label->height = dk_dwg_bd(own);
    dk_dwg_bs(own); /* attachment */
    dk_dwg_bs(own); /* direction */
    dk_dwg_bd(own); /* extent */
    dk_dwg_bd(own);
    take_text(self, own);
    ret_label->mtext = true;
    return !own->failed;
}

static dk_status read_text(reader *self, unsigned type, const dk_dwg_data *data, uint64_t handle, entity *ret_entity,
                           dk_drawing_label *ret_label, dk_error *err)
{
    *ret_label = (dk_drawing_label){.place = (int64_t)handle};
    const bool good =
        begin_entity(data, ret_entity) && (type == TYPE_TEXT ? take_text_entity(self, &ret_entity->own, ret_label)
                                                             : take_mtext(self, &ret_entity->own, ret_label));
    return good ? DK_OK : unreadable(self, handle, err);
}

static dk_status add_text(reader *self, unsigned type, const dk_dwg_data *data, uint64_t handle, dk_error *err)
{
    entity e;
    dk_drawing_label made;
    const dk_status status = read_text(self, type, data, handle, &e, &made, err);
    if (status != DK_OK || !in_model(self, &e) || !isfinite(made.x) || !isfinite(made.y))
        return status; /* a text is no row: one without a place labels nothing */
    if (!isfinite(made.height))
        made.height = 0;
    made.bad_text = decode(self) ? 0 : (int64_t)handle;
    made.text = dk_buf_cstr(&self->text);
    made.size = self->text.size;
    if (made.text == NULL)
        return no_memory(self, err);
    return made.size > 0 ? dk_drawing_add_label(self->drawing, &made, err) : DK_OK;
}

/* ---- polylines ---- */

static const layer *find_layer(const reader *self, uint64_t handle)
{
    size_t low = 0, high = self->n_layers;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (self->layers[middle].handle < handle)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->n_layers && self->layers[low].handle == handle ? &self->layers[low] : NULL;
}

/* Of the polyline under way. made: what is known of it already. */
static dk_status end_polyline(reader *self, const entity *of, dk_drawing_polyline made, dk_error *err)
{
    char handle[20];
    const layer *on = find_layer(self, of->layer);
    if (on == NULL)
        return damaged(self, of->handle, "the layer of the polyline is missing", err);
    snprintf(handle, sizeof handle, "%llX", (unsigned long long)of->handle);
    made.row = ++self->n_polylines;
    made.place = (int64_t)of->handle;
    made.handle = dk_drawing_keep(self->drawing, handle, strlen(handle), false);
    made.layer = on->name;
    made.bad_text = on->bad ? (int64_t)on->handle : 0;
    return dk_drawing_end_outline(self->drawing, &made, err);
}

/* "LWPLINE". */
static dk_status read_lwpolyline(reader *self, const dk_dwg_data *data, uint64_t handle, dk_error *err)
{
    entity e;
    extrusion plane = {false, false};
    if (!begin_entity(data, &e))
        return unreadable(self, handle, err);
    if (!in_model(self, &e)) {
        if (e.space == SPACE_PAPER)
            dk_drawing_count_paper(self->drawing);
        return DK_OK;
    }
    dk_dwg_bits *own = &e.own;
    const unsigned flags = dk_dwg_bs(own);
    if (flags & 4)
        dk_dwg_bd(own); /* width */
    if (flags & 8)
        dk_dwg_bd(own); /* elevation */
    if (flags & 2)
        dk_dwg_bd(own); /* thickness */
    if (flags & 1)
        plane = take_vector(own);
    const uint32_t n = dk_dwg_bl(own), n_bulges = flags & 16 ? dk_dwg_bl(own) : 0;
    if (flags & 32)
        dk_dwg_bl(own); /* widths, which come last */
    /* The bulges stand behind all points: a second look runs ahead of the first. */
    dk_dwg_bits bulges = *own;
    double x = 0, y = 0;
    for (uint32_t i = 0; i < n && !bulges.failed; i++) {
        x = i == 0 ? dk_dwg_rd(&bulges) : dk_dwg_dd(&bulges, x);
        y = i == 0 ? dk_dwg_rd(&bulges) : dk_dwg_dd(&bulges, y);
    }
    dk_drawing_begin_outline(self->drawing);
    dk_status status = bulges.failed || n_bulges > n ? unreadable(self, handle, err) : DK_OK;
    for (uint32_t i = 0; i < n && status == DK_OK; i++) {
        x = i == 0 ? dk_dwg_rd(own) : dk_dwg_dd(own, x);
        y = i == 0 ? dk_dwg_rd(own) : dk_dwg_dd(own, y);
        status =
            dk_drawing_add_vertex(self->drawing, x, y, i < n_bulges ? dk_dwg_bd(&bulges) : 0, (int64_t)handle, err);
    }
    if (status == DK_OK && bulges.failed)
        status = unreadable(self, handle, err);
    if (status != DK_OK)
        return status;
    const dk_drawing_polyline made = {.closed = (flags & 512) != 0, .tilted = plane.tilted, .mirrored = plane.mirrored};
    return end_polyline(self, &e, made, err);
}

/* One of the chain of a polyline: "VERTEX (2D) (10)", "VERTEX (3D) (11)". */
static dk_status read_vertex(reader *self, uint64_t handle, const entity *of, bool in_space, uint64_t *ret_next,
                             const char **ret_problem, dk_error *err)
{
    dk_dwg_object *object = dk_dwg_file_find(self->file, handle);
    dk_dwg_data data;
    entity e;
    *ret_problem = NULL;
    if (object == NULL || object->type != (in_space ? TYPE_VERTEX_3D : TYPE_VERTEX_2D))
        *ret_problem = "its vertices do not follow one another; repair the drawing (AUDIT) and save it again";
    else if (object->seen)
        *ret_problem = "its vertices lead in a circle; repair the drawing (AUDIT) and save it again";
    if (*ret_problem != NULL)
        return DK_OK;
    object->seen = true;
    const dk_status status = dk_dwg_file_read(self->file, object, &data, err);
    if (status != DK_OK)
        return status;
    if (!begin_entity(&data, &e))
        return unreadable(self, handle, err);
    if (e.space == SPACE_OWNED && e.owner != of->handle) {
        *ret_problem = "one of its vertices belongs to another object; repair the drawing (AUDIT) and save it again";
        return DK_OK;
    }
    const unsigned flags = dk_dwg_rc(&e.own);
    const double x = dk_dwg_bd(&e.own), y = dk_dwg_bd(&e.own);
    double bulge = 0;
    dk_dwg_bd(&e.own);
    if (!in_space) {
        if (!(dk_dwg_bd(&e.own) < 0)) /* a negative width is that of both ends */
            dk_dwg_bd(&e.own);
        bulge = dk_dwg_bd(&e.own);
    }
    if (e.own.failed)
        return unreadable(self, handle, err);
    *ret_next = e.next;
    return (flags & 16) != 0 ? DK_OK /* of the frame of a spline */
                             : dk_drawing_add_vertex(self->drawing, x, y, bulge, (int64_t)handle, err);
}

/* "POLYLINE (2D) (15)", "POLYLINE (3D) (16)". */
static dk_status read_polyline(reader *self, bool in_space, const dk_dwg_data *data, uint64_t handle, dk_error *err)
{
    entity e;
    extrusion plane = {false, false};
    if (!begin_entity(data, &e))
        return unreadable(self, handle, err);
    if (!in_model(self, &e)) {
        if (e.space == SPACE_PAPER)
            dk_drawing_count_paper(self->drawing);
        return DK_OK;
    }
    bool closed;
    if (in_space) {
        dk_dwg_rc(&e.own); /* kind of spline */
        closed = (dk_dwg_rc(&e.own) & 1) != 0;
    } else {
        closed = (dk_dwg_bs(&e.own) & 1) != 0;
        dk_dwg_bs(&e.own); /* kind of curve */
        dk_dwg_bd(&e.own); /* widths */
        dk_dwg_bd(&e.own);
        take_thickness(&e.own);
        dk_dwg_bd(&e.own); /* elevation */
        plane = take_extrusion(&e.own);
    }
    const uint64_t first = dk_dwg_h(&e.handles, handle), last = dk_dwg_h(&e.handles, handle);
    if (e.own.failed || e.handles.failed)
        return unreadable(self, handle, err);
    dk_drawing_polyline made = {
        .closed = closed, .tilted = plane.tilted, .mirrored = plane.mirrored, .in_space = in_space};
    dk_status status = DK_OK;
    bool more = first != 0 && last != 0; /* else it has no vertices */
    dk_drawing_begin_outline(self->drawing);
    for (uint64_t at = first, next = 0; more && status == DK_OK; at = next) {
        status = read_vertex(self, at, &e, in_space, &next, &made.problem, err);
        more = at != last && made.problem == NULL;
    }
    return status == DK_OK ? end_polyline(self, &e, made, err) : status;
}

/* ---- all of it ---- */

/* The word of the DXF Reference for a type of entities that is counted; NULL: it is none. */
static const char *name_of(const reader *self, unsigned type)
{
    static const char *const names[TYPE_LWPOLYLINE + 2] = {
        [3] = "ATTDEF",         [7] = "INSERT",         [8] = "INSERT",     [17] = "ARC",       [18] = "CIRCLE",
        [19] = "LINE",          [20] = "DIMENSION",     [21] = "DIMENSION", [22] = "DIMENSION", [23] = "DIMENSION",
        [24] = "DIMENSION",     [25] = "DIMENSION",     [26] = "DIMENSION", [27] = "POINT",     [28] = "3DFACE",
        [29] = "POLYLINE MESH", [30] = "POLYLINE MESH", [31] = "SOLID",     [32] = "TRACE",     [33] = "SHAPE",
        [34] = "VIEWPORT",      [35] = "ELLIPSE",       [36] = "SPLINE",    [37] = "REGION",    [38] = "3DSOLID",
        [39] = "BODY",          [40] = "RAY",           [41] = "XLINE",     [43] = "OLEFRAME",  [45] = "LEADER",
        [46] = "TOLERANCE",     [47] = "MLINE",         [74] = "OLE2FRAME", [78] = "HATCH"};
    bool drawn = true;
    if (type < sizeof names / sizeof *names)
        return names[type];
    if (type == TYPE_PROXY_ENTITY)
        return "ACAD_PROXY_ENTITY";
    const char *name = dk_dwg_file_class(self->file, type, &drawn);
    return drawn ? name : NULL;
}

/* LWPOLYLINE has been a class before it got a type. */
static unsigned resolve_type(const reader *self, unsigned type)
{
    bool drawn;
    const char *name = dk_dwg_file_class(self->file, type, &drawn);
    return name != NULL && (strcmp(name, "LWPOLYLINE") == 0 || strcmp(name, "LWPLINE") == 0) ? TYPE_LWPOLYLINE : type;
}

/* Goes through all objects: their types, whether they are whole, which block is model space, and in which encoding
 * texts and names of layers are. *ret_unproved: no checksum is right, so they are none. */
static dk_status look_through(reader *self, dk_utf8_check *check, bool *ret_unproved, dk_error *err)
{
    size_t n_wrong = 0;
    uint64_t wrong = 0;
    for (size_t i = 0; i < self->n_objects; i++) {
        dk_dwg_object *at = &self->objects[i];
        dk_dwg_data data;
        dk_status status = dk_dwg_file_read(self->file, at, &data, err);
        if (status != DK_OK)
            return status;
        if (!data.intact && n_wrong++ == 0)
            wrong = at->handle;
        dk_dwg_bits bits = dk_dwg_bits_of(data.data, data.size);
        const unsigned type = dk_dwg_bs(&bits);
        dk_dwg_rl(&bits);
        const uint64_t handle = dk_dwg_h(&bits, 0);
        if (bits.failed)
            return unreadable(self, at->handle, err);
        if (handle != at->handle)
            return damaged(self, at->handle, "another object stands where it must be", err);
        at->type = (uint16_t)resolve_type(self, type);
        self->raw.size = 0;
        if (at->type == TYPE_LAYER || at->type == TYPE_BLOCK_HEADER) {
            if (!take_name(self, &data))
                return unreadable(self, at->handle, err);
        } else if (at->type == TYPE_TEXT || at->type == TYPE_MTEXT) {
            entity e;
            dk_drawing_label text;
            if ((status = read_text(self, at->type, &data, at->handle, &e, &text, err)) != DK_OK)
                return status;
        }
        if (self->raw.failed)
            return no_memory(self, err);
        if (at->type == TYPE_BLOCK_HEADER && self->raw.size == strlen("*Model_Space") &&
            strncasecmp((const char *)self->raw.data, "*Model_Space", self->raw.size) == 0)
            self->model = at->handle;
        if (self->raw.size > 0) {
            dk_utf8_check_add(check, self->raw.data, self->raw.size);
            dk_utf8_check_break(check);
        }
    }
    *ret_unproved = n_wrong > 0 && n_wrong == self->n_objects;
    return n_wrong == 0 || *ret_unproved ? DK_OK : damaged(self, wrong, "the checksum of the object is wrong", err);
}

static dk_status read_layers(reader *self, dk_error *err)
{
    for (size_t i = 0; i < self->n_objects; i++) {
        const dk_dwg_object *at = &self->objects[i];
        dk_dwg_data data;
        if (at->type != TYPE_LAYER)
            continue;
        const dk_status status = dk_dwg_file_read(self->file, at, &data, err);
        if (status != DK_OK)
            return status;
        if (!take_name(self, &data))
            return unreadable(self, at->handle, err);
        layer made = {.handle = at->handle, .bad = !decode(self)};
        made.name = dk_drawing_keep(self->drawing, (const char *)self->text.data, self->text.size, false);
        if (self->text.failed ||
            !dk_grow(&self->layers, &self->layers_capacity, self->n_layers + 1, sizeof *self->layers))
            return no_memory(self, err);
        self->layers[self->n_layers++] = made;
    }
    return DK_OK;
}

static dk_status read_entity(reader *self, const dk_dwg_object *at, dk_error *err)
{
    dk_dwg_data data;
    entity e;
    const char *name = NULL;
    const bool wanted = at->type == TYPE_TEXT || at->type == TYPE_MTEXT || at->type == TYPE_LWPOLYLINE ||
                        at->type == TYPE_POLYLINE_2D || at->type == TYPE_POLYLINE_3D;
    if (!wanted && (name = name_of(self, at->type)) == NULL)
        return DK_OK;
    const dk_status status = dk_dwg_file_read(self->file, at, &data, err);
    if (status != DK_OK)
        return status;
    switch (at->type) {
    case TYPE_TEXT:
    case TYPE_MTEXT:
        return add_text(self, at->type, &data, at->handle, err);
    case TYPE_LWPOLYLINE:
        return read_lwpolyline(self, &data, at->handle, err);
    case TYPE_POLYLINE_2D:
    case TYPE_POLYLINE_3D:
        return read_polyline(self, at->type == TYPE_POLYLINE_3D, &data, at->handle, err);
    default:
        if (!begin_entity(&data, &e) || in_model(self, &e))
            dk_drawing_count(self->drawing, name);
        return DK_OK;
    }
}

static dk_status read_all(reader *self, const dk_encoding *given, dk_error *err)
{
    dk_utf8_check check = {0};
    bool unproved = false;
    self->path = dk_dwg_file_path(self->file);
    self->n_objects = dk_dwg_file_objects(self->file, &self->objects);
    dk_status status = look_through(self, &check, &unproved, err);
    if (status != DK_OK)
        return status;
    const unsigned page = dk_dwg_file_code_page(self->file);
    const dk_encoding declared = DK_ENCODING_GB18030;
    const bool says = page == 31 || page == 39, either = given == NULL && dk_utf8_check_either(&check);
    const dk_encoding encoding = given != NULL                                      ? *given
                                 : dk_utf8_check_meant(&check) && !(either && says) ? DK_ENCODING_UTF8
                                                                                    : declared;
    self->decoder = dk_decoder_create(encoding);
    if (self->decoder == NULL)
        return no_memory(self, err);
    status = dk_drawing_create(self->path, DK_DRAWING_HANDLES, encoding, &self->drawing, err);
    if (status == DK_OK && either)
        dk_drawing_note(self->drawing, dk_encoding_either_note(says ? &declared : NULL));
    if (status == DK_OK && unproved)
        dk_drawing_note(self->drawing, "none of its objects has the right checksum, so that damage would not show");
    if (status == DK_OK)
        status = read_layers(self, err);
    for (size_t i = 0; i < self->n_objects && status == DK_OK; i++)
        status = read_entity(self, &self->objects[i], err);
    if (status == DK_OK && !dk_drawing_kept(self->drawing))
        status = no_memory(self, err);
    return status;
}

static dk_status start(dk_dwg_file *file, const dk_encoding *encoding, dk_drawing **ret_drawing, dk_error *err)
{
    reader self = {.file = file};
    dk_buf_init(&self.raw);
    dk_buf_init(&self.text);
    const dk_status status = read_all(&self, encoding, err);
    if (status == DK_OK)
        *ret_drawing = self.drawing;
    else
        dk_drawing_close(self.drawing);
    dk_decoder_free(self.decoder);
    dk_buf_finish(&self.raw);
    dk_buf_finish(&self.text);
    free(self.layers);
    dk_dwg_file_close(file);
    return status;
}

dk_status dk_dwg_open(const char *path, const dk_encoding *encoding, dk_drawing **ret_drawing, dk_error *err)
{
    dk_dwg_file *file = NULL;
    const dk_status status = dk_dwg_file_open(path, &file, err);
    return status == DK_OK ? start(file, encoding, ret_drawing, err) : status;
}

dk_status dk_dwg_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_drawing **ret_drawing,
                             dk_error *err)
{
    dk_dwg_file *file = NULL;
    const dk_status status = dk_dwg_file_open_memory(data, size, &file, err);
    return status == DK_OK ? start(file, encoding, ret_drawing, err) : status;
}
