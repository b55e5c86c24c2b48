#include "ingest/drawing_build.h"

#include "ingest/dxf_text.h"
#include "ingest/rings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARC_OFF 0.001       /* metres that chords leave an arc by */
#define ARC_CHORDS 720      /* of an arc, at most */
#define FURTHEST 1e12       /* coordinates beyond are none */
#define CLOSE_OFF 0.001     /* an end so many metres from the beginning closes */
#define NEAR_HEIGHTS 3.0    /* a text so many of its heights beside an outline may be meant for it */
#define NEAR_PAIRS 50000000 /* of texts and outlines that are looked at for that */
#define KINDS 40            /* of other entities that are counted */
#define LISTED 12           /* layers in a sentence */

typedef struct shape {
    int64_t row;
    size_t handle, layer, problem; /* places in texts; problem 0: none */
    size_t first, n;               /* of points, in pairs */
    bool closed, in_space;
    int64_t bad_text; /* of its layer's name */
} shape;

typedef struct label {
    double x, y, height;
    size_t text;      /* place in texts */
    int64_t bad_text; /* of bytes that are none; 0: all are text */
} label;

typedef struct kind {
    char name[24];
    int64_t n;
} kind;

typedef struct vertex {
    double x, y, bulge;
} vertex;

struct dk_drawing {
    char *path;
    dk_drawing_places places;
    dk_encoding encoding;
    dk_decoder *gb18030;

    dk_buf texts; /* NUL-terminated; the first is "" */
    double *points;
    size_t n_points, points_capacity; /* in pairs; capacity in doubles */
    shape *shapes;
    size_t n_shapes, shapes_capacity;
    label *labels;
    size_t n_labels, labels_capacity;
    kind kinds[KINDS];
    size_t n_kinds;
    int64_t n_paper;  /* polylines in paper space */
    vertex *vertices; /* of the polyline under way */
    size_t n_vertices, vertices_capacity;

    dk_drawing_outline *outlines;
    size_t n_outlines;
    dk_buf notes;
};

dk_status dk_drawing_create(const char *path, dk_drawing_places places, dk_encoding encoding, dk_drawing **ret_drawing,
                            dk_error *err)
{
    dk_drawing *drawing = calloc(1, sizeof *drawing);
    if (drawing == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    drawing->places = places;
    drawing->encoding = encoding;
    drawing->path = strdup(path);
    drawing->gb18030 = dk_decoder_create(DK_ENCODING_GB18030);
    dk_buf_byte(&drawing->texts, 0);
    if (drawing->path == NULL || drawing->gb18030 == NULL || drawing->texts.failed) {
        dk_drawing_close(drawing);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    *ret_drawing = drawing;
    return DK_OK;
}

void dk_drawing_close(dk_drawing *drawing)
{
    if (drawing == NULL)
        return;
    dk_decoder_free(drawing->gb18030);
    free(drawing->path);
    dk_buf_finish(&drawing->texts);
    dk_buf_finish(&drawing->notes);
    free(drawing->points);
    free(drawing->shapes);
    free(drawing->labels);
    free(drawing->vertices);
    for (size_t i = 0; i < drawing->n_outlines; i++)
        free((void *)(uintptr_t)drawing->outlines[i].text);
    free(drawing->outlines);
    free(drawing);
}

dk_encoding dk_drawing_encoding(const dk_drawing *drawing)
{
    return drawing->encoding;
}

dk_drawing_place dk_drawing_place_of(const dk_drawing *drawing, int64_t place)
{
    dk_drawing_place made;
    if (drawing->places == DK_DRAWING_HANDLES)
        snprintf(made.text, sizeof made.text, "handle %llX", (unsigned long long)place);
    else
        snprintf(made.text, sizeof made.text, "line %lld", (long long)place);
    return made;
}

static dk_status no_memory(const dk_drawing *drawing, int64_t place, dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "%s, %s: out of memory", drawing->path, dk_drawing_place_of(drawing, place).text);
}

/* ---- what readers put in ---- */

size_t dk_drawing_keep(dk_drawing *drawing, const char *text, size_t size, bool mtext)
{
    const size_t place = drawing->texts.size;
    dk_dxf_text(text, size, mtext, drawing->gb18030, &drawing->texts);
    dk_buf_byte(&drawing->texts, 0);
    return place;
}

bool dk_drawing_kept(const dk_drawing *drawing)
{
    return !drawing->texts.failed;
}

static bool add_point(dk_drawing *drawing, double x, double y)
{
    if (!dk_grow(&drawing->points, &drawing->points_capacity, 2 * (drawing->n_points + 1), sizeof *drawing->points))
        return false;
    drawing->points[2 * drawing->n_points] = x;
    drawing->points[2 * drawing->n_points + 1] = y;
    drawing->n_points++;
    return true;
}

/* The vertex, and the chords of the arc to the next one; bulge: the tangent of a quarter of its angle. chord_off: how
 * far they may leave it, in units of the drawing. */
static bool add_segment(dk_drawing *drawing, const vertex *from, const vertex *to, double chord_off)
{
    const double b = from->bulge, dx = to->x - from->x, dy = to->y - from->y, chord = hypot(dx, dy);
    if (!add_point(drawing, from->x, from->y))
        return false;
    if (fabs(b) < 1e-9 || chord == 0 || !isfinite(b))
        return true;
    const double angle = 4 * atan(b), radius = chord * (1 + b * b) / (4 * fabs(b));
    const double step = radius > chord_off ? 2 * acos(1 - chord_off / radius) : 1;
    const double wanted = ceil(fabs(angle) / step);
    const int n = wanted < 1 ? 1 : wanted > ARC_CHORDS ? ARC_CHORDS : (int)wanted;
    /* The centre lies beside the middle of the chord, to its left for an arc that turns left by less than half. */
    const double off = (1 - b * b) / (4 * b);
    const double cx = (from->x + to->x) / 2 - off * dy, cy = (from->y + to->y) / 2 + off * dx;
    for (int i = 1; i < n; i++) {
        const double turn = angle * i / n, c = cos(turn), s = sin(turn), x = from->x - cx, y = from->y - cy;
        if (!add_point(drawing, cx + x * c - y * s, cy + x * s + y * c))
            return false;
    }
    return true;
}

void dk_drawing_begin_outline(dk_drawing *drawing)
{
    drawing->n_vertices = 0;
}

dk_status dk_drawing_add_vertex(dk_drawing *drawing, double x, double y, double bulge, int64_t place, dk_error *err)
{
    if (drawing->n_vertices == DK_DRAWING_MAX_POINTS)
        return dk_fail(err, DK_LIMIT, "%s, %s: the polyline has more than %d vertices; cut it in parts", drawing->path,
                       dk_drawing_place_of(drawing, place).text, DK_DRAWING_MAX_POINTS);
    if (!dk_grow(&drawing->vertices, &drawing->vertices_capacity, drawing->n_vertices + 1, sizeof *drawing->vertices))
        return no_memory(drawing, place, err);
    drawing->vertices[drawing->n_vertices++] = (vertex){x, y, bulge};
    return DK_OK;
}

/* So that all that is reckoned from them is finite. */
static bool all_in_bounds(const dk_drawing *drawing)
{
    for (size_t i = 0; i < drawing->n_vertices; i++) {
        const vertex *at = &drawing->vertices[i];
        if (!(fabs(at->x) < FURTHEST) || !(fabs(at->y) < FURTHEST) || !(fabs(at->bulge) < FURTHEST))
            return false;
    }
    return true;
}

dk_status dk_drawing_end_outline(dk_drawing *drawing, const dk_drawing_polyline *of, dk_error *err)
{
    const size_t n = drawing->n_vertices;
    vertex *v = drawing->vertices;
    const char *problem = of->problem               ? of->problem
                          : of->tilted              ? "it is drawn in a tilted plane; flatten the drawing"
                          : n < 2                   ? "it has fewer than two vertices"
                          : !all_in_bounds(drawing) ? "a coordinate of it is not a number, or beyond all bounds"
                                                    : NULL;
    shape made = {.row = of->row,
                  .handle = of->handle,
                  .layer = of->layer,
                  .first = drawing->n_points,
                  .in_space = of->in_space,
                  .bad_text = of->bad_text};
    bool good = dk_grow(&drawing->shapes, &drawing->shapes_capacity, drawing->n_shapes + 1, sizeof *drawing->shapes);
    if (problem != NULL) {
        made.problem = drawing->texts.size;
        dk_buf_append(&drawing->texts, problem, strlen(problem) + 1);
        made.closed = true; /* whatever it is, it is not left out with the open ones */
    } else if (good) {
        const double metre = dk_metre_at((const double[]){v[0].x, v[0].y});
        const bool returns = n > 3 && hypot(v[0].x - v[n - 1].x, v[0].y - v[n - 1].y) <= CLOSE_OFF * metre;
        made.closed = returns || of->closed;
        const size_t segments = n - 1 + (made.closed && !returns);
        for (size_t i = 0; i < segments && good && drawing->n_points <= DK_DRAWING_MAX_POINTS; i++)
            good = add_segment(drawing, &v[i], &v[(i + 1) % n], ARC_OFF * metre);
        if (!made.closed && good)
            good = add_point(drawing, v[n - 1].x, v[n - 1].y);
        for (size_t i = made.first; of->mirrored && i < drawing->n_points; i++)
            drawing->points[2 * i] = -drawing->points[2 * i];
        made.n = drawing->n_points - made.first;
    }
    if (!good)
        return no_memory(drawing, of->place, err);
    if (drawing->n_points > DK_DRAWING_MAX_POINTS || drawing->n_shapes == DK_DRAWING_MAX_THINGS)
        return dk_fail(err, DK_LIMIT, "%s, %s: the drawing has more than %d vertices or %d outlines; cut it in parts",
                       drawing->path, dk_drawing_place_of(drawing, of->place).text, DK_DRAWING_MAX_POINTS,
                       DK_DRAWING_MAX_THINGS);
    drawing->shapes[drawing->n_shapes++] = made;
    return DK_OK;
}

dk_status dk_drawing_add_label(dk_drawing *drawing, const dk_drawing_label *of, dk_error *err)
{
    if (drawing->n_labels == DK_DRAWING_MAX_THINGS)
        return dk_fail(err, DK_LIMIT, "%s, %s: the drawing has more than %d texts; cut it in parts", drawing->path,
                       dk_drawing_place_of(drawing, of->place).text, DK_DRAWING_MAX_THINGS);
    if (!dk_grow(&drawing->labels, &drawing->labels_capacity, drawing->n_labels + 1, sizeof *drawing->labels))
        return no_memory(drawing, of->place, err);
    label made = {.x = of->x, .y = of->y, .height = of->height, .bad_text = of->bad_text};
    made.text = dk_drawing_keep(drawing, of->text, of->size, of->mtext);
    if (!drawing->texts.failed && drawing->texts.data[made.text] != '\0')
        drawing->labels[drawing->n_labels++] = made;
    return DK_OK;
}

void dk_drawing_count(dk_drawing *drawing, const char *name)
{
    size_t i = 0;
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ") != strlen(name) ||
        strlen(name) >= sizeof drawing->kinds[0].name)
        name = "of unknown kind";
    while (i < drawing->n_kinds && strncmp(drawing->kinds[i].name, name, sizeof drawing->kinds[i].name - 1) != 0)
        i++;
    if (i == drawing->n_kinds && drawing->n_kinds < KINDS)
        snprintf(drawing->kinds[drawing->n_kinds++].name, sizeof drawing->kinds[i].name, "%s", name);
    if (i < KINDS)
        drawing->kinds[i].n++;
}

void dk_drawing_count_paper(dk_drawing *drawing)
{
    drawing->n_paper++;
}

void dk_drawing_note(dk_drawing *drawing, const char *sentence)
{
    dk_buf_format(&drawing->notes, "%s\n", sentence);
}

/* ---- what is chosen ---- */

size_t dk_drawing_outlines(const dk_drawing *drawing, const dk_drawing_outline **ret_outlines)
{
    *ret_outlines = drawing->outlines;
    return drawing->n_outlines;
}

const char *dk_drawing_notes(const dk_drawing *drawing)
{
    return drawing->notes.data != NULL ? (const char *)drawing->notes.data : "";
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

static const char *text_at(const dk_drawing *drawing, size_t place)
{
    return (const char *)drawing->texts.data + place;
}

/* The layers with outlines, each once, sorted. NULL: out of memory. */
static layer *list_layers(const dk_drawing *drawing, bool lines, size_t *ret_n)
{
    size_t n = 0;
    layer *layers = calloc(drawing->n_shapes + 1, sizeof *layers);
    if (layers == NULL)
        return NULL;
    for (size_t i = 0; i < drawing->n_shapes; i++) {
        const bool wanted = drawing->shapes[i].closed || lines;
        layers[i] = (layer){text_at(drawing, drawing->shapes[i].layer), wanted, !wanted};
    }
    if (drawing->n_shapes > 0)
        qsort(layers, drawing->n_shapes, sizeof *layers, by_name);
    for (size_t i = 0; i < drawing->n_shapes; i++) {
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

/* 3 HATCH, 1 INSERT */
static void list_others(const dk_drawing *drawing, dk_buf *out)
{
    for (size_t i = 0; i < drawing->n_kinds; i++)
        dk_buf_format(out, "%s%lld %s", i > 0 ? ", " : "", (long long)drawing->kinds[i].n, drawing->kinds[i].name);
}

static dk_status find_layer(dk_drawing *drawing, const dk_drawing_wanted *wanted, const char **ret_layer, dk_error *err)
{
    size_t n = 0, n_wanted = 0, named = 0;
    const char *found = NULL;
    const char *what = wanted->lines ? "polylines" : "closed polylines";
    dk_buf list, others;
    layer *layers = list_layers(drawing, wanted->lines, &n);
    if (layers == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", drawing->path);
    dk_buf_init(&list);
    dk_buf_init(&others);
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
    list_others(drawing, &others);
    const char *names = dk_buf_cstr(&list), *there = dk_buf_cstr(&others);
    if (names == NULL || there == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", drawing->path);
    else if (wanted->layer != NULL && found == NULL)
        status = dk_fail(err, DK_NOT_FOUND, "%s: no polyline is on a layer \"%s\"; layers with %s: %s", drawing->path,
                         wanted->layer, what, n_wanted > 0 ? names : "none");
    else if (n_wanted == 0 && wanted->layer == NULL && drawing->n_paper > 0)
        status = dk_fail(
            err, DK_INVALID,
            "%s: the drawing has no %s (LWPOLYLINE, POLYLINE) in model space, and %lld polylines in paper space "
            "(on layouts), which has other coordinates; draw the outlines of the parcels in model space",
            drawing->path, what, (long long)drawing->n_paper);
    else if (n_wanted == 0 && wanted->layer == NULL)
        status =
            dk_fail(err, DK_INVALID,
                    "%s: the drawing has no %s (LWPOLYLINE, POLYLINE) in model space%s%s%s; close the outlines of the "
                    "parcels, explode blocks, and draw boundaries of hatches, before it is saved",
                    drawing->path, what, *there != '\0' ? " (but " : "", there, *there != '\0' ? ")" : "");
    else if (n_wanted > 1 && wanted->layer == NULL)
        status = dk_fail(err, DK_INVALID, "%s: %s are on %zu layers; choose one with --layer: %s", drawing->path, what,
                         n_wanted, names);
    int64_t elsewhere = 0;
    for (size_t i = 0; i < n && status == DK_OK; i++)
        if (layers[i].name != found && strcmp(layers[i].name, found) != 0)
            elsewhere += layers[i].n_wanted + layers[i].n_open;
    if (elsewhere > 0)
        dk_buf_format(&drawing->notes, "%lld polylines on other layers than %s were not read\n", (long long)elsewhere,
                      found);
    dk_buf_finish(&list);
    dk_buf_finish(&others);
    free(layers);
    *ret_layer = found;
    return status;
}

/* ---- texts ---- */

/* What a text is given to. */
typedef struct claim {
    double x, y;
    size_t text; /* place in texts */
    int64_t bad_text;
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
static dk_status claim_texts(dk_drawing *drawing, const dk_ring *rings, size_t n, claim *claims, size_t *ret_n,
                             dk_error *err)
{
    size_t n_claims = 0, n_free = 0, n_beside = 0;
    bool *labelled = calloc(n + 1, sizeof *labelled);
    claim *beside = calloc(n + 1, sizeof *beside);
    size_t *free_labels = calloc(drawing->n_labels + 1, sizeof *free_labels);
    dk_ring_index *index = dk_ring_index_create(rings, n);
    dk_status status = DK_OK;
    if (labelled == NULL || beside == NULL || free_labels == NULL || index == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", drawing->path);
        goto out;
    }
    for (size_t i = 0; i < drawing->n_labels; i++) {
        const label *at = &drawing->labels[i];
        search found = {.rings = rings};
        dk_ring_index_at(index, at->x, at->y, smallest, &found);
        if (found.found) {
            claims[n_claims++] =
                (claim){.x = at->x, .y = at->y, .text = at->text, .bad_text = at->bad_text, .ring = found.best};
            labelled[found.best] = true;
        } else {
            free_labels[n_free++] = i;
        }
    }
    const bool few = n == 0 || n_free <= NEAR_PAIRS / n;
    if (!few)
        dk_buf_text(&drawing->notes,
                    "texts beside outlines were not looked at, as there are too many: only those inside count\n");
    for (size_t i = 0; i < n_free && n > 0 && few; i++) {
        const label *at = &drawing->labels[free_labels[i]];
        claim made = {.x = at->x, .y = at->y, .text = at->text, .bad_text = at->bad_text};
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
        dk_buf_format(&drawing->notes, "%zu outlines have no text inside, and got the nearest one beside them\n",
                      n_beside);
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
static dk_status give_texts(dk_drawing *drawing, const dk_ring *rings, const size_t *outlines, size_t n, dk_error *err)
{
    size_t n_claims = 0, n_several = 0;
    dk_buf text;
    claim *claims = calloc(drawing->n_labels + n + 1, sizeof *claims);
    if (claims == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", drawing->path);
    dk_buf_init(&text);
    dk_status status = claim_texts(drawing, rings, n, claims, &n_claims, err);
    for (size_t i = 0; i < n_claims && status == DK_OK;) {
        const size_t ring = claims[i].ring, first = i;
        dk_drawing_outline *to = &drawing->outlines[outlines[ring]];
        dk_buf_clear(&text);
        for (; i < n_claims && claims[i].ring == ring; i++) {
            if (to->bad_text == 0)
                to->bad_text = claims[i].bad_text;
            dk_buf_format(&text, "%s%s", i > first ? " " : "", text_at(drawing, claims[i].text));
        }
        n_several += i > first + 1;
        const char *whole = dk_buf_cstr(&text);
        char *copy = whole != NULL ? strdup(whole) : NULL;
        if (copy == NULL)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", drawing->path);
        else
            to->text = copy;
    }
    if (n_several > 0)
        dk_buf_format(&drawing->notes, "%zu outlines hold several texts, which were joined from top to bottom\n",
                      n_several);
    dk_buf_finish(&text);
    free(claims);
    return status;
}

/* Holes go to the outline around them; the others are told from it in a note. */
static dk_status nest(dk_drawing *drawing, const dk_ring *rings, const size_t *outlines, size_t n, bool holes,
                      dk_error *err)
{
    size_t n_inside = 0;
    int *outer = calloc(n + 1, sizeof *outer), *depth = calloc(n + 1, sizeof *depth);
    dk_status status = DK_OK;
    if (outer == NULL || depth == NULL || !dk_ring_nest(rings, n, outer, depth))
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", drawing->path);
    for (size_t i = 0; i < n && status == DK_OK; i++) {
        n_inside += depth[i] > 0;
        if (!holes || depth[i] % 2 == 0)
            continue;
        dk_drawing_outline *hole = &drawing->outlines[outlines[i]], *around = &drawing->outlines[outlines[outer[i]]];
        hole->outer = (int)outlines[outer[i]];
        hole->next_hole = around->next_hole;
        around->next_hole = (int)outlines[i];
    }
    if (n_inside > 0 && !holes && status == DK_OK)
        dk_buf_format(
            &drawing->notes,
            "%zu outlines lie inside others and were read as parcels of their own; with --holes they are holes\n",
            n_inside);
    free(outer);
    free(depth);
    return status;
}

static void note_others(dk_drawing *drawing)
{
    if (drawing->n_kinds > 0) {
        dk_buf_text(&drawing->notes, "not read, as they are no polylines: ");
        list_others(drawing, &drawing->notes);
        dk_buf_byte(&drawing->notes, '\n');
    }
    if (drawing->n_paper > 0)
        dk_buf_format(&drawing->notes, "%lld polylines in paper space (on layouts) were not read\n",
                      (long long)drawing->n_paper);
}

dk_status dk_drawing_choose(dk_drawing *drawing, const dk_drawing_wanted *wanted, dk_error *err)
{
    const char *layer_name = NULL;
    dk_ring *rings = NULL;
    size_t *outlines = NULL, n = 0, n_in_space = 0;
    dk_buf scratch;
    dk_buf_init(&scratch);
    dk_status status = find_layer(drawing, wanted, &layer_name, err);
    if (status != DK_OK)
        goto out;
    drawing->outlines = calloc(drawing->n_shapes + 1, sizeof *drawing->outlines);
    rings = calloc(drawing->n_shapes + 1, sizeof *rings);
    outlines = calloc(drawing->n_shapes + 1, sizeof *outlines);
    if (drawing->outlines == NULL || rings == NULL || outlines == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", drawing->path);
        goto out;
    }
    for (size_t i = 0; i < drawing->n_shapes; i++) {
        const shape *from = &drawing->shapes[i];
        if (strcmp(text_at(drawing, from->layer), layer_name) != 0)
            continue;
        dk_drawing_outline *to = &drawing->outlines[drawing->n_outlines];
        *to = (dk_drawing_outline){.row = from->row,
                                   .handle = text_at(drawing, from->handle),
                                   .layer = text_at(drawing, from->layer),
                                   .xy = from->n > 0 ? drawing->points + 2 * from->first : NULL,
                                   .n = from->n,
                                   .bad_text = from->bad_text,
                                   .closed = from->closed,
                                   .problem = from->problem != 0 ? text_at(drawing, from->problem) : NULL,
                                   .outer = -1,
                                   .next_hole = -1};
        dk_ring ring = {.xy = to->xy, .n = to->n};
        if (to->problem == NULL && to->closed && !dk_ring_measure(&ring, &scratch) && !wanted->lines)
            to->problem = "it encloses nothing";
        else if (to->problem == NULL && !to->closed && !wanted->lines)
            to->problem = "it is not closed; close it in the drawing, or leave it out of the layer";
        if (to->problem == NULL && to->closed && ring.area > 0) {
            rings[n] = ring;
            outlines[n++] = drawing->n_outlines;
        }
        n_in_space += from->in_space;
        drawing->n_outlines++;
    }
    if (n_in_space > 0)
        dk_buf_format(&drawing->notes, "%zu polylines have a height at each vertex (3D), which was left out\n",
                      n_in_space);
    status = give_texts(drawing, rings, outlines, n, err);
    if (status == DK_OK && !wanted->lines)
        status = nest(drawing, rings, outlines, n, wanted->holes, err);
    note_others(drawing);
    for (size_t i = 0; i < drawing->n_outlines && status == DK_OK; i++)
        if (drawing->outlines[i].text == NULL && (drawing->outlines[i].text = strdup("")) == NULL)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", drawing->path);
    if (status == DK_OK && (scratch.failed || dk_buf_cstr(&drawing->notes) == NULL))
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", drawing->path);
out:
    dk_buf_finish(&scratch);
    free(rings);
    free(outlines);
    return status;
}
