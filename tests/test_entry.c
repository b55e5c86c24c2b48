/* What is decided about drawing a feature, compared with trying it out. */
#include "store/entry.h"
#include "store/index.h"
#include "store/ring_valid.h"
#include "store/topology.h"

#include <geos_c.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t state;

static double uniform(double from, double to)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return from + (to - from) * (double)(state >> 11) / 9007199254740992.0;
}

/* A star around a centre, stretched and turned: round, spiky, or so thin that it falls onto a line at most zooms. */
static void make_ring(dk_outline *outline)
{
    const size_t n = (size_t)uniform(3, 24);
    const double size = exp(uniform(log(4), log(2e6))), thin = exp(uniform(log(0.001), 0)), turn = uniform(0, 6.2832);
    const double spiky = uniform(0, 1), x = 3.5e9, y = exp(uniform(log(1e8), log(2.1e9)));
    dk_outline_clear(outline);
    outline->kind = DK_POLYGONS;
    assert_true(dk_outline_reserve(outline, n));
    for (size_t i = 0; i < n; i++) {
        const double angle = 6.2831853 * ((double)i + uniform(0, 0.9)) / (double)n, r = size * uniform(1 - spiky, 1);
        const double a = r * cos(angle), b = thin * r * sin(angle);
        const uint32_t px = (uint32_t)(x + a * cos(turn) - b * sin(turn)),
                       py = (uint32_t)(y + a * sin(turn) + b * cos(turn));
        const size_t m = outline->n_points;
        if (m == 0 || ((px != outline->xy[2 * m - 2] || py != outline->xy[2 * m - 1]) &&
                       (px != outline->xy[0] || py != outline->xy[1])))
            dk_outline_put(outline, px, py, 0);
    }
    dk_outline_close(outline, 0, false);
    if (outline->n_points > 4 && uniform(0, 1) < 0.05) { /* one that crosses itself */
        uint32_t kept[2];
        memcpy(kept, outline->xy + 2, sizeof kept);
        memcpy(outline->xy + 2, outline->xy + 6, sizeof kept);
        memcpy(outline->xy + 6, kept, sizeof kept);
    }
}

/* The zooms at which the rounded rings are not valid, by looking at each. */
static uint32_t unsound_zooms(const dk_entry_shape *shape, int last, bool plate, dk_grid_shape *rounded,
                              dk_valid_work *valid)
{
    const dk_entry_head *head = &shape->head;
    const dk_world_box box = {head->x0, head->y0, head->x1, head->y1};
    dk_drawing drawing;
    uint32_t bits = 0;
    assert_int_equal(dk_drawing_open(shape->drawings.data, head->drawing_size, &drawing), DK_OK);
    for (int zoom = head->first_zoom; zoom <= last; zoom++) {
        const int64_t unit = INT64_C(1) << (DK_FINEST_ZOOM - zoom), y0 = plate ? dk_plate_y(box.y0) : box.y0;
        assert_int_equal(dk_drawing_round(&drawing, &box, zoom, plate, box.x0 & -unit, y0 & -unit, rounded), DK_OK);
        if (rounded->n_parts == 0 || !dk_rings_valid(rounded->xy, rounded->parts, rounded->n_parts, valid))
            bits |= UINT32_C(1) << zoom;
    }
    return bits;
}

static void unsound_zooms_are_those_at_which_rings_are_not_valid(void **unused)
{
    (void)unused;
    dk_topology *topology = dk_topology_create();
    dk_entry_work *work = dk_entry_work_create();
    dk_outline ring, generalised;
    dk_entry_shape shape;
    dk_grid_shape rounded = {0};
    dk_valid_work valid = {0};
    size_t n_unsound = 0;
    dk_outline_init(&ring);
    dk_outline_init(&generalised);
    dk_entry_shape_init(&shape);
    state = 20240601;
    for (size_t i = 0; i < 30000; i++) {
        size_t index;
        make_ring(&ring);
        dk_topology_clear(topology);
        assert_int_equal(dk_topology_add(topology, &ring, true, &index), DK_OK);
        assert_int_equal(dk_topology_build(topology), DK_OK);
        assert_int_equal(dk_topology_get(topology, index, &generalised), DK_OK);
        assert_int_equal(dk_entry_build(work, &generalised, 0, 4 + (int)(i % 17), &shape), DK_OK);
        const uint32_t drawn = UINT32_MAX << shape.head.first_zoom;
        const uint32_t web = unsound_zooms(&shape, DK_FINEST_ZOOM, false, &rounded, &valid);
        assert_int_equal(shape.head.unsound & drawn, web);
        assert_int_equal(shape.head.unsound_plate & drawn,
                         unsound_zooms(&shape, DK_FINEST_ZOOM, true, &rounded, &valid));
        n_unsound += web != 0;
    }
    assert_true(n_unsound > 3000 && n_unsound < 27000); /* both kinds came up */
    dk_grid_shape_finish(&rounded);
    dk_valid_work_finish(&valid);
    dk_entry_shape_finish(&shape);
    dk_outline_finish(&ring);
    dk_outline_finish(&generalised);
    dk_entry_work_free(work);
    dk_topology_free(topology);
}

/* Half of the world and more does not fit onto the grid of zoom 20, where it has to be looked at tile by tile. */
static void an_outline_around_the_world_is_unsound_where_it_is_too_wide_for_the_grid(void **unused)
{
    (void)unused;
    dk_entry_work *work = dk_entry_work_create();
    dk_outline ring;
    dk_entry_shape shape;
    dk_outline_init(&ring);
    dk_entry_shape_init(&shape);
    for (uint32_t times = 0; times < 4; times++) {
        const uint32_t width = UINT32_C(1000000000) << (times < 2 ? times : 2); /* 84, 168 and 335 degrees */
        const uint32_t n = 40;
        dk_outline_clear(&ring);
        ring.kind = DK_POLYGONS;
        assert_true(dk_outline_reserve(&ring, 2 * n));
        for (uint32_t i = 0; i < n; i++)
            dk_outline_put(&ring, 1000 + width / n * i, UINT32_C(1500000000) + i % 2 * 1000000, 0);
        for (uint32_t i = n; i > 0; i--)
            dk_outline_put(&ring, 1000 + width / n * (i - 1), UINT32_C(1600000000) + i % 2 * 1000000, 0);
        dk_outline_close(&ring, 0, false);
        assert_int_equal(dk_entry_build(work, &ring, 0, 20, &shape), DK_OK);
        const uint32_t too_wide = times < 2 ? 0 : UINT32_C(1) << DK_FINEST_ZOOM;
        assert_int_equal(shape.head.unsound, too_wide);
        assert_int_equal(shape.head.unsound_plate, too_wide);
    }
    dk_entry_shape_finish(&shape);
    dk_outline_finish(&ring);
    dk_entry_work_free(work);
}

/* Two polygons, one with a hole, vertices and parts of zooms 3 to 9: at each zoom what is left reads as what was kept
 * by hand. */
static void a_drawing_of_a_zoom_has_what_is_shown_there(void **unused)
{
    (void)unused;
    enum { PARTS = 3 };
    static const size_t counts[PARTS] = {8, 4, 5};
    static const uint8_t part_zooms[PARTS] = {3, 6, 8};
    for (int wide = 0; wide < 2; wide++) {
        dk_outline outline;
        dk_buf all, some;
        dk_drawing from, to;
        dk_outline_init(&outline);
        dk_buf_init(&all);
        dk_buf_init(&some);
        outline.kind = DK_POLYGONS;
        assert_true(dk_outline_reserve(&outline, 17));
        for (uint32_t p = 0, i = 0; p < PARTS; p++) {
            const size_t start = outline.n_points;
            for (size_t k = 0; k < counts[p]; k++, i++)
                dk_outline_put(&outline, 1000 + i * (wide ? 100000 : 7), 2000 + i * i, (uint8_t)(3 + i * 5 % 7));
            dk_outline_close(&outline, start, p == 1);
        }
        const dk_world_box box = dk_outline_box(&outline);
        dk_drawing_encode(&outline, &box, part_zooms, &all);
        assert_int_equal(dk_drawing_open(all.data, all.size, &from), DK_OK);
        assert_int_equal(from.wide, wide);
        for (int zoom = 2; zoom <= 10; zoom++) {
            dk_buf_clear(&some);
            dk_buf_byte(&some, 0xee); /* it is appended */
            dk_drawing_at_zoom(&from, zoom, &some);
            assert_int_equal(dk_drawing_open(some.data + 1, some.size - 1, &to), DK_OK);
            assert_true(to.kind == from.kind && to.wide == from.wide);
            uint32_t parts = 0, points = 0;
            for (uint32_t p = 0, i = 0; p < PARTS; p++) {
                uint32_t kept = 0;
                for (size_t k = 0; k < counts[p]; k++, i++) {
                    if (part_zooms[p] > zoom || 3 + i * 5 % 7 > (uint32_t)zoom)
                        continue;
                    uint32_t xy[2] = {0};
                    if (wide) {
                        memcpy(xy, to.xy + 8 * (size_t)points, 8);
                    } else {
                        uint16_t narrow[2];
                        memcpy(narrow, to.xy + 4 * (size_t)points, 4);
                        xy[0] = narrow[0], xy[1] = narrow[1];
                    }
                    assert_int_equal(box.x0 + xy[0], 1000 + i * (wide ? 100000 : 7));
                    assert_int_equal(box.y0 + xy[1], 2000 + i * i);
                    assert_int_equal(to.zooms[points], 3 + i * 5 % 7);
                    points++, kept++;
                }
                if (part_zooms[p] > zoom)
                    continue;
                uint32_t head;
                memcpy(&head, to.counts + 4 * (size_t)parts, 4);
                assert_int_equal(head, kept << 1 | (p == 1));
                assert_int_equal(to.part_zooms[parts++], part_zooms[p]);
            }
            assert_int_equal(to.n_parts, parts);
            assert_int_equal(to.n_points, points);
            assert_int_equal(dk_drawing_points_at(&to, zoom), points);
        }
        dk_buf_finish(&all);
        dk_buf_finish(&some);
        dk_outline_finish(&outline);
    }
}

/* ---- what is decided by size: rectangles, of which one knows everything ---- */

typedef struct rectangle {
    double width, height, hole_x, hole_y, hole_width, hole_height; /* 0: no hole */
    uint32_t x, y;                                                 /* north-west */
} rectangle;

static void put_rectangle(dk_outline *outline, double x, double y, double width, double height, bool hole)
{
    const size_t start = outline->n_points;
    assert_true(dk_outline_reserve(outline, 4));
    dk_outline_put(outline, (uint32_t)x, (uint32_t)y, 0);
    dk_outline_put(outline, (uint32_t)(x + width), (uint32_t)y, 0);
    dk_outline_put(outline, (uint32_t)(x + width), (uint32_t)(y + height), 0);
    dk_outline_put(outline, (uint32_t)x, (uint32_t)(y + height), 0);
    dk_outline_close(outline, start, hole);
}

/* The first zoom, 20 at most, at which a ring of this area and perimeter is drawn. */
static int drawn_from(double area, double perimeter)
{
    for (int zoom = 0; zoom < DK_FINEST_ZOOM; zoom++) {
        const double unit = ldexp(1, DK_FINEST_ZOOM - zoom);
        if (sqrt(area) >= 4 * unit && area >= unit * perimeter / 2)
            return zoom;
    }
    return DK_FINEST_ZOOM;
}

static void size_decides_from_which_zoom_parts_and_features_are_drawn(void **unused)
{
    (void)unused;
    enum { MOST = 4, ROUNDS = 3000 };
    dk_entry_work *work = dk_entry_work_create();
    dk_outline outline;
    dk_entry_shape shape;
    dk_outline_init(&outline);
    dk_entry_shape_init(&shape);
    state = 20260901;
    int later = 0, holes_later = 0;
    for (int round = 0; round < ROUNDS; round++) {
        rectangle r[MOST];
        const size_t n = 1 + (size_t)uniform(0, MOST);
        const int min_zoom = (int)uniform(0, 8), max_zoom = min_zoom + (int)uniform(0, 14);
        const double size = exp2(uniform(5, 20));
        double x = 3e9, total = 0, areas[MOST];
        size_t largest = 0;
        dk_outline_clear(&outline);
        outline.kind = DK_POLYGONS;
        for (size_t i = 0; i < n; i++) {
            r[i].width = floor(size * exp2(uniform(-4, 0))) + 6;
            r[i].height = floor(size * exp2(uniform(-4, 0))) + 6;
            const bool hole = uniform(0, 1) < 0.6;
            r[i].hole_width = hole ? floor(r[i].width * uniform(0.1, 0.6)) + 1 : 0;
            r[i].hole_height = hole ? floor(r[i].height * uniform(0.1, 0.6)) + 1 : 0;
            r[i].x = (uint32_t)x;
            r[i].y = (uint32_t)(1.7e9 + floor(uniform(0, size)));
            r[i].hole_x = r[i].x + 1 + floor((r[i].width - r[i].hole_width - 2) * uniform(0, 1));
            r[i].hole_y = r[i].y + 1 + floor((r[i].height - r[i].hole_height - 2) * uniform(0, 1));
            put_rectangle(&outline, r[i].x, r[i].y, r[i].width, r[i].height, false);
            if (hole)
                put_rectangle(&outline, r[i].hole_x, r[i].hole_y, r[i].hole_width, r[i].hole_height, true);
            areas[i] = r[i].width * r[i].height - r[i].hole_width * r[i].hole_height;
            total += areas[i];
            largest = areas[i] > areas[largest] ? i : largest;
            x += 2 * r[i].width + 2 * size;
        }
        /* Everything by going up from zoom 0. */
        int zooms[MOST], hole_zooms[MOST], expected = 0;
        for (size_t i = 0; i < n; i++) {
            zooms[i] = drawn_from(areas[i], 2 * (r[i].width + r[i].height));
            hole_zooms[i] = drawn_from(r[i].hole_width * r[i].hole_height, 2 * (r[i].hole_width + r[i].hole_height));
        }
        for (; expected < DK_FINEST_ZOOM; expected++) {
            double wrong = 0;
            for (size_t i = 0; i < n; i++) {
                wrong += zooms[i] > expected ? areas[i] : 0;
                wrong += hole_zooms[i] > expected ? r[i].hole_width * r[i].hole_height : 0;
            }
            if (sqrt(total) >= 8 * ldexp(1, DK_FINEST_ZOOM - expected) && wrong <= 0.02 * total)
                break;
        }
        expected = expected < min_zoom ? min_zoom : expected > max_zoom ? max_zoom : expected;

        assert_int_equal(dk_entry_build(work, &outline, min_zoom, max_zoom, &shape), DK_OK);
        const dk_entry_head *head = &shape.head;
        const int before = expected;
        while (expected < max_zoom && expected < before + 2 &&
               ((head->unsound | head->unsound_plate) >> expected & 1) != 0)
            expected++;
        assert_int_equal(head->first_zoom, expected);
        assert_int_equal(head->size_class, (int)floor(4 * log2(sqrt(total))));
        assert_int_equal(head->cut_zoom, UINT8_MAX);
        later += before < expected;
        dk_drawing drawing;
        assert_int_equal(dk_drawing_open(shape.drawings.data, head->drawing_size, &drawing), DK_OK);
        for (size_t i = 0, part = 0; i < n; i++) {
            assert_int_equal(drawing.part_zooms[part++], zooms[i] < max_zoom ? zooms[i] : max_zoom);
            if (r[i].hole_width > 0) {
                assert_int_equal(drawing.part_zooms[part++], hole_zooms[i] < max_zoom ? hole_zooms[i] : max_zoom);
                holes_later += hole_zooms[i] > zooms[i];
            }
        }
        /* The label lies in the largest, and not in its hole. */
        const rectangle *l = &r[largest];
        const double lx = head->label_x + 0.5, ly = head->label_y + 0.5;
        assert_true(lx > l->x && lx < l->x + l->width && ly > l->y && ly < l->y + l->height);
        assert_true(l->width < 40 || (lx > l->x + 1 && lx < l->x + l->width - 1));
        assert_false(lx > l->hole_x && lx < l->hole_x + l->hole_width && ly > l->hole_y &&
                     ly < l->hole_y + l->hole_height);
        /* The level: the deepest of which the box is a quarter of a cell at most, and that a tile of its first zoom
         * still reads. */
        const double longer = fmax((double)head->x1 - head->x0, (double)head->y1 - head->y0);
        int level = before + DK_LEVELS_BELOW < DK_MAX_LEVEL ? before + DK_LEVELS_BELOW : DK_MAX_LEVEL;
        while (level > 0 && (longer + 1) * 4 > ldexp(1, 32 - level))
            level--;
        assert_int_equal(shape.level, level);
    }
    assert_true(later > 0 && holes_later > 100);
    dk_entry_shape_finish(&shape);
    dk_outline_finish(&outline);
    dk_entry_work_free(work);
}

static void lines_are_drawn_by_their_length_and_points_from_the_first_zoom(void **unused)
{
    (void)unused;
    dk_entry_work *work = dk_entry_work_create();
    dk_outline outline;
    dk_entry_shape shape;
    dk_outline_init(&outline);
    dk_entry_shape_init(&shape);
    static const struct {
        uint32_t width, height;
        int first_zoom, size_class; /* 8 units of 2^(20-z); floor(4 log2) of the longer side */
    } lines[] = {
        {8 << 10, 5, 10, 52}, {5, 8 << 10, 10, 52}, {(8 << 10) - 1, 5, 11, 51}, {7, 7, 16, 11}, {1 << 30, 9, 3, 120},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        dk_outline_clear(&outline);
        outline.kind = DK_LINES;
        assert_true(dk_outline_reserve(&outline, 3));
        dk_outline_put(&outline, 1000, 2000, 0);
        dk_outline_put(&outline, 1000 + lines[i].width, 2000, 0);
        dk_outline_put(&outline, 1000 + lines[i].width, 2000 + lines[i].height, 0);
        dk_outline_close(&outline, 0, false);
        assert_int_equal(dk_entry_build(work, &outline, 3, 16, &shape), DK_OK);
        assert_int_equal(shape.head.first_zoom, lines[i].first_zoom);
        assert_int_equal(shape.head.size_class, lines[i].size_class);
        assert_int_equal(shape.head.label_x, 1000 + lines[i].width);
        assert_int_equal(shape.head.label_y, 2000);
        assert_int_equal(shape.head.unsound | shape.head.unsound_plate, 0);
    }
    dk_outline_clear(&outline);
    outline.kind = DK_POINTS;
    assert_true(dk_outline_reserve(&outline, 1));
    dk_outline_put(&outline, 77, 88, 0);
    dk_outline_close(&outline, 0, false);
    assert_int_equal(dk_entry_build(work, &outline, 3, 16, &shape), DK_OK);
    assert_int_equal(shape.head.first_zoom, 3);
    assert_true(shape.head.size_class < 16 && shape.head.label_x == 77 && shape.head.label_y == 88);
    dk_entry_shape_finish(&shape);
    dk_outline_finish(&outline);
    dk_entry_work_free(work);
}

/* ---- pieces of large outlines, by GEOS ---- */

static GEOSContextHandle_t geos;

/* A closed ring, or a line, of pairs. */
static GEOSGeometry *curve_of(const double *xy, size_t n, bool ring)
{
    GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(geos, (unsigned)(n + ring), 2);
    for (size_t i = 0; i < n + ring; i++)
        GEOSCoordSeq_setXY_r(geos, sequence, (unsigned)i, xy[2 * (i % n)], xy[2 * (i % n) + 1]);
    return ring ? GEOSGeom_createLinearRing_r(geos, sequence) : GEOSGeom_createLineString_r(geos, sequence);
}

typedef struct vertex {
    uint32_t x, y;
    int zoom;
} vertex;

static int by_position(const void *a, const void *b)
{
    const vertex *p = a, *q = b;
    return p->x != q->x ? (p->x < q->x ? -1 : 1) : (p->y > q->y) - (p->y < q->y);
}

/* The vertices of a drawing. */
static vertex *vertices_of(const dk_drawing *drawing, const dk_world_box *box)
{
    vertex *vertices = calloc(drawing->n_points + 1, sizeof *vertices);
    for (size_t i = 0; i < drawing->n_points; i++) {
        uint32_t at[2];
        uint16_t narrow[2];
        memcpy(at, drawing->xy + (drawing->wide ? 8 : 4) * i, drawing->wide ? 8 : 4);
        memcpy(narrow, at, 4);
        vertices[i] = (vertex){box->x0 + (drawing->wide ? at[0] : narrow[0]),
                               box->y0 + (drawing->wide ? at[1] : narrow[1]), drawing->zooms[i]};
    }
    return vertices;
}

/* What is kept at a zoom of an outline in the form of a drawing, as a valid geometry; rings of fewer than three
 * positions are none. */
static GEOSGeometry *geometry_at(const dk_drawing *drawing, const dk_world_box *box, int zoom)
{
    GEOSGeometry *members[64], *holes[64];
    unsigned n_members = 0, n_holes = 0;
    double *xy = malloc(2 * (drawing->n_points + 1) * sizeof *xy);
    vertex *vertices = vertices_of(drawing, box);
    GEOSGeometry *shell = NULL;
    for (size_t p = 0, i = 0; p <= drawing->n_parts; p++) {
        uint32_t head = 0;
        size_t n = 0;
        if (p < drawing->n_parts)
            memcpy(&head, drawing->counts + 4 * p, 4);
        for (size_t k = 0; k < head >> 1; k++, i++) {
            if (vertices[i].zoom > zoom)
                continue;
            xy[2 * n] = vertices[i].x;
            xy[2 * n++ + 1] = vertices[i].y;
        }
        assert_true(n_members < 63 && n_holes < 63);
        if (drawing->kind == DK_POLYGONS) {
            if ((head & 1) != 0) {
                if (n >= 3)
                    holes[n_holes++] = curve_of(xy, n, true);
                continue;
            }
            if (shell != NULL)
                members[n_members++] = GEOSGeom_createPolygon_r(geos, shell, holes, n_holes);
            n_holes = 0;
            shell = n >= 3 ? curve_of(xy, n, true) : NULL;
        } else if (drawing->kind == DK_LINES && n >= 2) {
            members[n_members++] = curve_of(xy, n, false);
        }
    }
    free(xy);
    free(vertices);
    GEOSGeometry *all = GEOSGeom_createCollection_r(
        geos, drawing->kind == DK_POLYGONS ? GEOS_MULTIPOLYGON : GEOS_MULTILINESTRING, members, n_members);
    GEOSGeometry *valid = GEOSMakeValid_r(geos, all);
    GEOSGeom_destroy_r(geos, all);
    return valid;
}

static GEOSGeometry *square_of(double x, double y, double side, double margin)
{
    return GEOSGeom_createRectangle_r(geos, x - margin, y - margin, x + side + margin, y + side + margin);
}

/* The area, or of lines the length, of what two have in common or not in common. */
static double measure(const GEOSGeometry *a, const GEOSGeometry *b, bool in_common)
{
    GEOSGeometry *both = in_common ? GEOSIntersection_r(geos, a, b) : GEOSSymDifference_r(geos, a, b);
    double area = 0, length = 0;
    assert_non_null(both);
    GEOSArea_r(geos, both, &area);
    if (area == 0)
        GEOSLength_r(geos, both, &length);
    GEOSGeom_destroy_r(geos, both);
    return area > 0 ? area : length;
}

/* A piece has the outline's vertices with the zooms that they have there, and others, of zoom 0, only where it was cut,
 * beyond its cell by its margin. Gives how many of them lie in the cell. */
static size_t compare_vertices(const vertex *known, size_t n_known, const vertex *vertices, size_t n, double x,
                               double y, double side)
{
    size_t in_cell = 0;
    for (size_t i = 0; i < n; i++) {
        const vertex *was = bsearch(&vertices[i], known, n_known, sizeof *known, by_position);
        const double dx = fabs(vertices[i].x - x - side / 2), dy = fabs(vertices[i].y - y - side / 2);
        assert_true(fmax(dx, dy) <= side / 2 + side / 32 + 1);
        if (was == NULL)
            assert_true(vertices[i].zoom == 0 && fmax(dx, dy) >= side / 2 + side / 32 - 1);
        else
            assert_int_equal(vertices[i].zoom, was->zoom);
        in_cell += vertices[i].x >= x && vertices[i].x < x + side && vertices[i].y >= y && vertices[i].y < y + side;
    }
    return in_cell;
}

/* Also a cell into whose margin alone the outline comes has a piece, or tiles beside their border would end sooner than
 * their neighbours. */
static void assert_every_cell_has_its_piece(const dk_entry_shape *shape, const dk_outline *outline,
                                            const GEOSGeometry *drawn)
{
    const int level = shape->head.cut_zoom;
    const double side = ldexp(1, 32 - level);
    size_t n_margins = 0;
    for (uint32_t y = (shape->head.y0 >> (32 - level)) - 1; y <= (shape->head.y1 >> (32 - level)) + 1; y++)
        for (uint32_t x = (shape->head.x0 >> (32 - level)) - 1; x <= (shape->head.x1 >> (32 - level)) + 1; x++) {
            GEOSGeometry *cell = square_of(x * side, y * side, side, 0),
                         *wide = square_of(x * side, y * side, side, side / 32);
            const bool meets = outline->kind != DK_POINTS && GEOSIntersects_r(geos, drawn, wide);
            size_t n = 0;
            for (size_t i = 0; i < shape->n_pieces; i++)
                n += shape->pieces[i].level == level && shape->pieces[i].cell_x == x && shape->pieces[i].cell_y == y;
            assert_true(n <= 1 && n >= meets);
            n_margins += meets && !GEOSIntersects_r(geos, drawn, cell);
            GEOSGeom_destroy_r(geos, cell);
            GEOSGeom_destroy_r(geos, wide);
        }
    assert_true(outline->kind == DK_POINTS || n_margins > 0); /* there are such */
}

/* Every piece is what of the outline lies in its cell and a margin of 1/32; and at each zoom from the first on that has
 * pieces they make up the outline, cell by cell. */
static void compare_pieces(const dk_entry_shape *shape, const dk_outline *outline)
{
    dk_buf whole;
    dk_drawing drawing;
    dk_valid_work valid = {0};
    dk_grid_shape rounded = {0};
    const dk_world_box box = dk_outline_box(outline);
    const bool polygons = outline->kind == DK_POLYGONS;
    double covered[DK_FINEST_ZOOM + 1] = {0}, longest = 0;
    size_t n_leaves = 0;
    dk_buf_init(&whole);
    dk_drawing_encode(outline, &box, NULL, &whole);
    assert_int_equal(dk_drawing_open(whole.data, whole.size, &drawing), DK_OK);
    vertex *known = vertices_of(&drawing, &box);
    qsort(known, drawing.n_points, sizeof *known, by_position);
    GEOSGeometry *at[DK_FINEST_ZOOM + 1];
    for (int zoom = 0; zoom <= DK_FINEST_ZOOM; zoom++)
        at[zoom] = geometry_at(&drawing, &box, zoom);
    GEOSLength_r(geos, at[DK_FINEST_ZOOM], &longest);
    assert_in_range(shape->head.cut_zoom, 1, DK_MAX_LEVEL);
    for (size_t i = 0; i < shape->n_pieces; i++) {
        const dk_piece *piece = &shape->pieces[i];
        const bool leaf = piece->last_zoom != piece->level;
        const double side = ldexp(1, 32 - piece->level), x = piece->cell_x * side, y = piece->cell_y * side;
        dk_drawing cut;
        assert_int_equal(dk_drawing_open(shape->drawings.data + piece->drawing, piece->drawing_size, &cut), DK_OK);
        assert_true(piece->level >= shape->head.cut_zoom && (!leaf || piece->level % 2 == 0));
        assert_true(!leaf || piece->last_zoom > DK_FINEST_ZOOM);
        assert_true(!leaf || cut.n_points <= DK_LEAF_POINTS || piece->level == DK_MAX_LEVEL);
        n_leaves += leaf;
        vertex *vertices = vertices_of(&cut, &piece->box);
        const size_t in_cell = compare_vertices(known, drawing.n_points, vertices, cut.n_points, x, y, side);
        free(vertices);
        for (int zoom = piece->level; outline->kind == DK_POINTS && zoom <= piece->last_zoom && zoom <= DK_FINEST_ZOOM;
             zoom++)
            covered[zoom] += (double)in_cell;
        if (outline->kind == DK_POINTS)
            continue;
        GEOSGeometry *wide = square_of(x, y, side, side / 32), *cell = square_of(x, y, side, 0);
        GEOSGeometry *all = geometry_at(&cut, &piece->box, DK_FINEST_ZOOM),
                     *expected = GEOSIntersection_r(geos, at[leaf ? DK_FINEST_ZOOM : piece->level], wide);
        double length;
        GEOSLength_r(geos, expected, &length);
        /* Cut vertices are rounded, which turns the edges that they end: by half a unit here and there. */
        if (polygons)
            assert_true(measure(all, expected, false) <= length + 4);
        else
            assert_true(fabs(measure(all, wide, true) - length) <= 3);
        for (int zoom = piece->level; zoom <= piece->last_zoom && zoom <= DK_FINEST_ZOOM; zoom++) {
            GEOSGeometry *shown = geometry_at(&cut, &piece->box, zoom);
            covered[zoom] += measure(shown, cell, true);
            GEOSGeom_destroy_r(geos, shown);
        }
        uint32_t bits = 0;
        for (int zoom = piece->level; polygons && zoom <= piece->last_zoom && zoom <= DK_FINEST_ZOOM; zoom++) {
            const int64_t unit = INT64_C(1) << (DK_FINEST_ZOOM - zoom);
            assert_int_equal(dk_drawing_round(&cut, &piece->box, zoom, false, piece->box.x0 & -unit,
                                              piece->box.y0 & -unit, &rounded),
                             DK_OK);
            if (rounded.n_parts == 0 || !dk_rings_valid(rounded.xy, rounded.parts, rounded.n_parts, &valid))
                bits |= UINT32_C(1) << zoom;
        }
        assert_int_equal(piece->unsound, bits);
        GEOSGeom_destroy_r(geos, wide);
        GEOSGeom_destroy_r(geos, cell);
        GEOSGeom_destroy_r(geos, all);
        GEOSGeom_destroy_r(geos, expected);
    }
    assert_true(n_leaves > 4 && n_leaves < shape->n_pieces);
    /* The drawing itself serves the zooms before. */
    dk_drawing before;
    const int last = shape->head.cut_zoom - 1;
    assert_int_equal(dk_drawing_open(shape->drawings.data, shape->head.drawing_size, &before), DK_OK);
    assert_true(before.n_points < drawing.n_points / 2 || outline->kind == DK_POINTS);
    for (int zoom = shape->head.first_zoom; zoom <= last && outline->kind != DK_POINTS; zoom++) {
        GEOSGeometry *shown = geometry_at(&before, &box, zoom);
        assert_int_equal(GEOSEqualsExact_r(geos, shown, at[zoom], 0), 1);
        GEOSGeom_destroy_r(geos, shown);
    }
    if (polygons) { /* bits of zooms before the first say nothing */
        const uint32_t drawn = UINT32_MAX << shape->head.first_zoom;
        assert_int_equal(shape->head.unsound >> last, 1);
        assert_int_equal(shape->head.unsound & drawn, unsound_zooms(shape, last, false, &rounded, &valid));
        assert_int_equal(shape->head.unsound_plate & drawn, unsound_zooms(shape, last, true, &rounded, &valid));
    }
    assert_every_cell_has_its_piece(shape, outline, at[shape->head.cut_zoom]);
    for (int zoom = shape->head.cut_zoom; zoom <= DK_FINEST_ZOOM; zoom++) {
        double total = 0;
        if (polygons)
            GEOSArea_r(geos, at[zoom], &total);
        else if (outline->kind == DK_POINTS)
            total = drawing.n_points;
        else
            GEOSLength_r(geos, at[zoom], &total);
        /* Beside the cuts an edge may end elsewhere by what was simplified away. */
        const double slack = polygons ? longest * (1 + DK_TOLERANCE * ldexp(1, DK_FINEST_ZOOM - zoom))
                             : outline->kind == DK_LINES ? total / 200
                                                         : 0;
        assert_true(fabs(covered[zoom] - total) <= slack);
    }
    for (int zoom = 0; zoom <= DK_FINEST_ZOOM; zoom++)
        GEOSGeom_destroy_r(geos, at[zoom]);
    free(known);
    dk_grid_shape_finish(&rounded);
    dk_valid_work_finish(&valid);
    dk_buf_finish(&whole);
}

/* A ring with bays, or the line along it, backward for a hole. */
static void put_bays(dk_outline *outline, double x, double y, double radius, size_t n, bool hole)
{
    const size_t start = outline->n_points;
    assert_true(dk_outline_reserve(outline, n));
    for (size_t i = 0; i < n; i++) {
        const double angle = 6.283185307 * (double)(hole ? n - i : i) / (double)n;
        const double r = radius * (1 + 0.25 * sin(7 * angle) + 0.04 * sin(61 * angle) + 0.002 * sin(577 * angle));
        dk_outline_put(outline, (uint32_t)(x + r * cos(angle)), (uint32_t)(y + r * sin(angle)), 0);
    }
    dk_outline_close(outline, start, hole);
}

static void pieces_of_a_large_outline_are_what_lies_in_their_cells(void **unused)
{
    (void)unused;
    geos = GEOS_init_r();
    dk_topology *topology = dk_topology_create();
    dk_entry_work *work = dk_entry_work_create();
    dk_outline outline, generalised;
    dk_entry_shape shape;
    dk_outline_init(&outline);
    dk_outline_init(&generalised);
    dk_entry_shape_init(&shape);
    /* Its west and north, of the line, and its east and south, of the polygon, lie just beside borders of cells. */
    static const dk_geometry_kind kinds[] = {DK_POLYGONS, DK_LINES, DK_POINTS};
    for (int kind = 0; kind < 3; kind++) {
        const double side = 8388608, x = 405 * side, y = 203 * side;
        size_t index;
        dk_outline_clear(&outline);
        outline.kind = kinds[kind];
        put_bays(&outline, x, y, 5e6, 5000, false);
        if (kind == 0) {
            put_bays(&outline, x - 6e5, y, 1.5e6, 1500, true);
            put_bays(&outline, x + 8e6, y + 2e6, 2e5, 200, false);
        }
        const dk_world_box box = dk_outline_box(&outline);
        for (size_t i = 0; i < outline.n_points; i++) {
            outline.xy[2 * i] += (uint32_t)(kind == 0 ? x + side - 9e4 - box.x1 : x - side + 9e4 - box.x0);
            outline.xy[2 * i + 1] += (uint32_t)(kind == 0 ? y + side - 9e4 - box.y1 : y - side + 9e4 - box.y0);
        }
        if (kind == 0) { /* two islands in the lake whose borders are one in the units of zoom 8, of 4096 */
            const double middle = floor((outline.xy[0] - 5.6e6) / 4096) * 4096;
            put_rectangle(&outline, middle + 100 - 3e5, outline.xy[1], 3e5, 4e5, false);
            put_rectangle(&outline, middle + 1600, outline.xy[1], 3e5, 4e5, false);
        }
        dk_topology_clear(topology);
        assert_int_equal(dk_topology_add(topology, &outline, true, &index), DK_OK);
        assert_int_equal(dk_topology_build(topology), DK_OK);
        assert_int_equal(dk_topology_get(topology, index, &generalised), DK_OK);
        assert_int_equal(dk_entry_build(work, &generalised, 6, 16, &shape), DK_OK);
        compare_pieces(&shape, &generalised);
    }
    dk_entry_shape_finish(&shape);
    dk_outline_finish(&outline);
    dk_outline_finish(&generalised);
    dk_entry_work_free(work);
    dk_topology_free(topology);
    GEOS_finish_r(geos);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outline_around_the_world_is_unsound_where_it_is_too_wide_for_the_grid),
        cmocka_unit_test(a_drawing_of_a_zoom_has_what_is_shown_there),
        cmocka_unit_test(size_decides_from_which_zoom_parts_and_features_are_drawn),
        cmocka_unit_test(lines_are_drawn_by_their_length_and_points_from_the_first_zoom),
        cmocka_unit_test(pieces_of_a_large_outline_are_what_lies_in_their_cells),
        cmocka_unit_test(unsound_zooms_are_those_at_which_rings_are_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
