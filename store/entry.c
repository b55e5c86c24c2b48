/* What is decided about drawing a feature when it is published. Pieces: entry_pieces.c. */
#include "store/entry.h"

#include "store/entry_work.h"
#include "store/index.h"
#include "store/ring_valid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A part is drawn when the root of its area has this many units. */
#define PART_UNITS 4.0
/* The share of the area that may be drawn wrongly: parts that are left out, holes that are filled. */
#define WRONG_SHARE 0.02

/* Zooms by which a feature that does not round to valid rings comes later. */
#define MOST_WAITED 2

void dk_entry_shape_init(dk_entry_shape *shape)
{
    *shape = (dk_entry_shape){0};
}

void dk_entry_shape_finish(dk_entry_shape *shape)
{
    dk_buf_finish(&shape->drawings);
    free(shape->pieces);
    dk_entry_shape_init(shape);
}

dk_entry_work *dk_entry_work_create(void)
{
    return calloc(1, sizeof(dk_entry_work));
}

void dk_entry_work_free(dk_entry_work *work)
{
    if (work == NULL)
        return;
    dk_grid_shape_finish(&work->rounded);
    dk_valid_work_finish(&work->valid);
    dk_clip_work_finish(&work->clipping);
    dk_parts_finish(&work->source);
    dk_parts_finish(&work->joined);
    dk_outline_finish(&work->kept);
    dk_outline_finish(&work->piece);
    for (size_t i = 0; i <= DK_MAX_LEVEL; i++)
        dk_outline_finish(&work->full[i]);
    free(work->zooms);
    free(work->crossings);
    free(work->table);
    free(work);
}

/* The smallest zoom whose unit, 2^(20-z), is not larger. */
static int zoom_of_unit(double unit)
{
    if (!(unit > 0))
        return DK_FINEST_ZOOM;
    const double z = ceil(DK_FINEST_ZOOM - log2(unit));
    return z < 0 ? 0 : z > DK_FINEST_ZOOM ? DK_FINEST_ZOOM : (int)z;
}

static void measure_ring(const dk_outline *outline, const dk_part *part, double *ret_area, double *ret_perimeter)
{
    const uint32_t *xy = outline->xy + 2 * part->start;
    double area2 = 0, perimeter = 0;
    for (size_t i = 0; i < part->count; i++) {
        const size_t k = i + 1 == part->count ? 0 : i + 1;
        const double x = (double)xy[2 * i] - xy[0], y = (double)xy[2 * i + 1] - xy[1];
        const double u = (double)xy[2 * k] - xy[0], v = (double)xy[2 * k + 1] - xy[1];
        area2 += x * v - u * y;
        perimeter += hypot(u - x, v - y);
    }
    *ret_area = fabs(area2) / 2;
    *ret_perimeter = perimeter;
}

static int zoom_of_ring(double area, double perimeter)
{
    return zoom_of_unit(fmin(sqrt(area) / PART_UNITS, perimeter > 0 ? 2 * area / perimeter : 0));
}

typedef struct polygon_sizes {
    double area;
    int drawn;      /* from this zoom on no more than WRONG_SHARE of the area is drawn wrongly */
    size_t largest; /* the exterior of the largest part */
} polygon_sizes;

/* Sizes of all parts; their zooms into work->zooms. */
static void measure_polygons(dk_entry_work *work, const dk_outline *outline, int max_zoom, polygon_sizes *ret_sizes)
{
    double by_zoom[DK_FINEST_ZOOM + 1] = {0}, wrong = 0, total = 0, largest = -1;
    for (size_t i = 0; i < outline->n_parts;) {
        const size_t exterior = i;
        double area, perimeter;
        measure_ring(outline, &outline->parts[i], &area, &perimeter);
        double net = area;
        for (i++; i < outline->n_parts && outline->parts[i].hole; i++) {
            double hole, border;
            measure_ring(outline, &outline->parts[i], &hole, &border);
            const int zoom = zoom_of_ring(hole, border);
            work->zooms[i] = (uint8_t)(zoom < max_zoom ? zoom : max_zoom);
            by_zoom[zoom] += hole;
            wrong += hole;
            net -= hole;
        }
        net = net > 0 ? net : 0;
        const int zoom = zoom_of_ring(net, perimeter);
        work->zooms[exterior] = (uint8_t)(zoom < max_zoom ? zoom : max_zoom);
        by_zoom[zoom] += net;
        wrong += net;
        total += net;
        if (net > largest) {
            largest = net;
            ret_sizes->largest = exterior;
        }
    }
    int zoom = 0;
    while (zoom < DK_FINEST_ZOOM && (wrong -= by_zoom[zoom]) > WRONG_SHARE * total)
        zoom++;
    ret_sizes->drawn = zoom;
    ret_sizes->area = total;
}

static int by_number(const void *a, const void *b)
{
    const double p = *(const double *)a, q = *(const double *)b;
    return p < q ? -1 : p > q;
}

/* The middle of the widest stretch inside a part on a line y; -1: the line does not meet it. */
static double widest_on_line(dk_entry_work *work, const dk_outline *outline, size_t exterior, double y, double *ret_x)
{
    size_t n = 0;
    for (size_t p = exterior; p < outline->n_parts && (p == exterior || outline->parts[p].hole); p++) {
        const dk_part *part = &outline->parts[p];
        const uint32_t *xy = outline->xy + 2 * part->start;
        for (size_t i = 0, k = part->count - 1; i < part->count; k = i++) {
            const double ay = xy[2 * k + 1], by = xy[2 * i + 1];
            if ((ay > y) == (by > y))
                continue;
            const double ax = xy[2 * k], bx = xy[2 * i];
            work->crossings[n++] = ax + (y - ay) / (by - ay) * (bx - ax);
        }
    }
    double widest = -1;
    if (n > 1)
        qsort(work->crossings, n, sizeof *work->crossings, by_number);
    for (size_t i = 0; i + 1 < n; i += 2)
        if (work->crossings[i + 1] - work->crossings[i] > widest) {
            widest = work->crossings[i + 1] - work->crossings[i];
            *ret_x = (work->crossings[i + 1] + work->crossings[i]) / 2;
        }
    return widest;
}

/* A position inside the largest part. */
static void place_label(dk_entry_work *work, const dk_outline *outline, size_t exterior, dk_entry_head *head)
{
    static const double heights[] = {0.5, 0.375, 0.625, 0.25, 0.75};
    const dk_part *part = &outline->parts[exterior];
    uint32_t south = 0, north = UINT32_MAX;
    for (size_t i = part->start; i < part->start + part->count; i++) {
        const uint32_t y = outline->xy[2 * i + 1];
        north = y < north ? y : north;
        south = y > south ? y : south;
    }
    double best = -1;
    head->label_x = part->count > 0 ? outline->xy[2 * part->start] : head->x0;
    head->label_y = part->count > 0 ? outline->xy[2 * part->start + 1] : head->y0;
    for (size_t i = 0; i < sizeof heights / sizeof *heights && south > north; i++) {
        /* Between two whole numbers, where no vertex is. */
        const double y = floor(north + (south - north) * heights[i]) + 0.5;
        double x = 0;
        const double width = widest_on_line(work, outline, exterior, y, &x);
        if (width > best * 1.1) { /* the middle unless another is clearly better */
            best = width;
            head->label_x = (uint32_t)x;
            head->label_y = (uint32_t)y;
        }
    }
}

static uint8_t class_of(double size)
{
    const double c = size > 1 ? floor(4 * log2(size)) : 0;
    return (uint8_t)(c > 127 ? 127 : c);
}

/* The bits of the zooms at which a drawing rounds to something that is not valid, or to nothing. */
dk_status dk_entry_unsound(dk_entry_work *work, const dk_drawing *drawing, const dk_world_box *box, int from, int to,
                           bool plate, uint32_t *ret_bits)
{
    const uint32_t width = box->x1 - box->x0, height = box->y1 - box->y0, longer = width > height ? width : height;
    uint32_t bits = 0;
    for (int zoom = from; zoom <= to; zoom++) {
        if (longer >> (DK_FINEST_ZOOM - zoom) >=
            INT32_MAX) { /* half the world has no place on the grid: each tile looks itself */
            bits |= UINT32_C(1) << zoom;
            continue;
        }
        const int64_t unit = INT64_C(1) << (DK_FINEST_ZOOM - zoom);
        const int64_t y0 = plate ? dk_plate_y(box->y0) : box->y0;
        if (dk_drawing_round(drawing, box, zoom, plate, box->x0 & -unit, y0 & -unit, &work->rounded) != DK_OK)
            return DK_NOMEM;
        const dk_grid_shape *r = &work->rounded;
        if (r->n_parts == 0 || !dk_rings_valid(r->xy, r->parts, r->n_parts, &work->valid))
            bits |= UINT32_C(1) << zoom;
    }
    *ret_bits = bits;
    return DK_OK;
}

typedef struct edge {
    double ax, ay, bx, by;
    double x0, y0, x1, y1; /* box */
} edge;

static inline double larger(double a, double b)
{
    return a > b ? a : b; /* inline, which fmax is not, for it looks at NaN */
}

static inline double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* Square of the distance of a position from an edge. */
static double distance2(double x, double y, const edge *e)
{
    const double dx = e->bx - e->ax, dy = e->by - e->ay, length2 = dx * dx + dy * dy;
    double along = (x - e->ax) * dx + (y - e->ay) * dy;
    along = length2 > 0 ? smaller(larger(along / length2, 0), 1) : 0;
    const double u = x - e->ax - along * dx, v = y - e->ay - along * dy;
    return u * u + v * v;
}

static double side(const edge *e, double x, double y)
{
    return (e->bx - e->ax) * (y - e->ay) - (e->by - e->ay) * (x - e->ax);
}

static double edges_distance2(const edge *a, const edge *b)
{
    if (side(a, b->ax, b->ay) * side(a, b->bx, b->by) <= 0 && side(b, a->ax, a->ay) * side(b, a->bx, a->by) <= 0)
        return 0; /* they cross, or are on one line, which is no harm */
    return smaller(smaller(distance2(a->ax, a->ay, b), distance2(a->bx, a->by, b)),
                   smaller(distance2(b->ax, b->ay, a), distance2(b->bx, b->by, a)));
}

/* How close edges of a single ring that have no end in common come to each other, `enough` if that is more; 0 where
 * this is not worth knowing. */
static double clearance(const dk_outline *outline, double enough)
{
    enum { MOST = 64 };
    edge edges[MOST];
    const size_t n = outline->n_points;
    if (outline->n_parts != 1 || outline->parts[0].hole || n < 4 || n > MOST)
        return 0;
    for (size_t i = 0; i < n; i++) {
        const size_t k = i + 1 < n ? i + 1 : 0;
        const double ax = (double)outline->xy[2 * i] - outline->xy[0], bx = (double)outline->xy[2 * k] - outline->xy[0];
        const double ay = (double)outline->xy[2 * i + 1] - outline->xy[1];
        const double by = (double)outline->xy[2 * k + 1] - outline->xy[1];
        edges[i] = (edge){ax, ay, bx, by, smaller(ax, bx), smaller(ay, by), larger(ax, bx), larger(ay, by)};
    }
    double closest = enough * enough;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 2; k < n && !(i == 0 && k == n - 1); k++) {
            const edge *a = &edges[i], *b = &edges[k];
            /* Most are farther apart in x or y alone. */
            const double x = larger(a->x0 - b->x1, b->x0 - a->x1), y = larger(a->y0 - b->y1, b->y0 - a->y1);
            const double apart = larger(x, y);
            if (!(apart > 0 && apart * apart >= closest))
                closest = smaller(closest, edges_distance2(a, b));
        }
    return sqrt(closest);
}

/* The clearance that is enough for a ring to be sound at a zoom, in a plane that is scaled by `scale` and in which
 * vertices are moved by `moved` besides. What is left out moves a border by DK_TOLERANCE units at most, and rounding a
 * vertex by the root of 1/2: what is farther apart than 2 (0.5 + 0.7072) = 2.4144 units does not come to touch.
 * Neighbouring edges then meet in their common end alone, for the other end of each begins an edge that the neighbour
 * is far from; and a ring that fell onto a line would have edges that are nearer. */
static double clearance_at(int zoom, double scale, double moved)
{
    return (2.5 * (double)(UINT32_C(1) << (DK_FINEST_ZOOM - zoom)) + 2 * moved + 1) / scale;
}

/* The zoom from which on it is. */
static int zoom_of_clearance(double apart, double scale, double moved)
{
    int zoom = DK_FINEST_ZOOM + 1;
    while (zoom > 0 && apart > clearance_at(zoom - 1, scale, moved))
        zoom--;
    return zoom;
}

/* The vertices that are needed below a zoom. */
static bool keep_below(const dk_outline *outline, int zoom, dk_outline *ret_kept)
{
    dk_outline_clear(ret_kept);
    ret_kept->kind = outline->kind;
    for (size_t i = 0; i < outline->n_parts; i++) {
        const dk_part *part = &outline->parts[i];
        if (!dk_outline_reserve(ret_kept, part->count))
            return false;
        const size_t start = ret_kept->n_points;
        for (size_t k = part->start; k < part->start + part->count; k++)
            if (outline->zoom[k] < zoom)
                dk_outline_put(ret_kept, outline->xy[2 * k], outline->xy[2 * k + 1], outline->zoom[k]);
        dk_outline_close(ret_kept, start, part->hole);
    }
    return true;
}

/* The zoom from which pieces are used; 255: never. */
static int zoom_of_cut(const dk_outline *outline, const dk_world_box *box, int first_zoom)
{
    if (outline->n_points <= DK_PIECE_POINTS)
        return UINT8_MAX;
    const uint32_t width = box->x1 - box->x0, height = box->y1 - box->y0, longer = width > height ? width : height;
    int level = first_zoom;
    while (level <= DK_MAX_LEVEL && UINT64_C(1) << (32 - level) >= longer)
        level++;
    return level <= DK_MAX_LEVEL ? level : UINT8_MAX;
}

dk_status dk_entry_measure(dk_entry_work *work, const dk_outline *outline, int min_zoom, int max_zoom,
                           dk_entry_head *head)
{
    const dk_world_box box = dk_outline_box(outline);
    *head = (dk_entry_head){.x0 = box.x0, .y0 = box.y0, .x1 = box.x1, .y1 = box.y1, .last_zoom = UINT8_MAX};
    if (!dk_grow(&work->zooms, &work->zooms_capacity, outline->n_parts + 1, sizeof *work->zooms) ||
        !dk_grow(&work->crossings, &work->crossings_capacity, outline->n_points + 1, sizeof *work->crossings))
        return DK_NOMEM;
    memset(work->zooms, 0, outline->n_parts + 1);
    const uint32_t width = box.x1 - box.x0, height = box.y1 - box.y0;
    double size = width > height ? width : height;
    int first = min_zoom, natural;
    head->label_x = outline->n_points > 0 ? outline->xy[0] : 0;
    head->label_y = outline->n_points > 0 ? outline->xy[1] : 0;
    if (outline->kind == DK_POLYGONS) {
        polygon_sizes sizes = {0};
        measure_polygons(work, outline, max_zoom, &sizes);
        size = sqrt(sizes.area);
        natural = zoom_of_unit(size / DK_FIRST_UNITS);
        first = natural > sizes.drawn ? natural : sizes.drawn;
        if (outline->n_parts > 0)
            place_label(work, outline, sizes.largest, head);
    } else if (outline->kind == DK_LINES) {
        first = natural = zoom_of_unit(size / DK_FIRST_UNITS);
        const size_t middle = outline->n_points / 2;
        if (outline->n_points > 0) {
            head->label_x = outline->xy[2 * middle];
            head->label_y = outline->xy[2 * middle + 1];
        }
    } else {
        natural = min_zoom;
    }
    head->size_class =
        outline->kind == DK_POINTS
            ? (uint8_t)((head->label_x * UINT32_C(0x9E3779B1) ^ head->label_y * UINT32_C(0x85EBCA77)) >> 28)
            : class_of(size);
    first = first < min_zoom ? min_zoom : first > max_zoom ? max_zoom : first;
    first = first > DK_FINEST_ZOOM ? DK_FINEST_ZOOM : first;
    head->first_zoom = (uint8_t)first;
    return DK_OK;
}

dk_status dk_entry_build(dk_entry_work *work, const dk_outline *outline, int min_zoom, int max_zoom,
                         dk_entry_shape *ret_shape)
{
    dk_entry_head *head = &ret_shape->head;
    ret_shape->n_pieces = 0;
    dk_buf_clear(&ret_shape->drawings);
    if (dk_entry_measure(work, outline, min_zoom, max_zoom, head) != DK_OK)
        return DK_NOMEM;
    const dk_world_box box = {head->x0, head->y0, head->x1, head->y1};
    const int first = head->first_zoom;
    const uint32_t height = box.y1 - box.y0;
    const int box_level = dk_cell_level(&box);
    int level = first + DK_LEVELS_BELOW;
    level = level > box_level - 2 ? box_level - 2 : level;
    level = level > DK_MAX_LEVEL ? DK_MAX_LEVEL : level;
    ret_shape->level = level < 0 ? 0 : level;

    const int cut = zoom_of_cut(outline, &box, first);
    head->cut_zoom = (uint8_t)cut;
    const dk_outline *drawn = outline;
    if (cut <= DK_MAX_LEVEL) {
        if (!keep_below(outline, cut, &work->kept))
            return DK_NOMEM;
        drawn = &work->kept;
    }
    dk_drawing_encode(drawn, &box, work->zooms, &ret_shape->drawings);
    dk_drawing drawing;
    if (ret_shape->drawings.failed)
        return DK_NOMEM;
    head->drawing_size = (uint32_t)ret_shape->drawings.size;
    dk_status status = dk_drawing_open(ret_shape->drawings.data, ret_shape->drawings.size, &drawing);
    if (status == DK_OK && outline->kind == DK_POLYGONS) {
        const int last = cut <= DK_MAX_LEVEL ? cut - 1 : DK_FINEST_ZOOM;
        uint32_t bits = 0, plate_bits = 0;
        /* From the zoom on at which the part is drawn. */
        /* Plate carree is flatter, and not straight: within a height h positions are off their chord by h^2 / 8 times
         * the second derivative, which is pi / 2^32 at most, and rounded. */
        const double moved = 1 + 1e-10 * (double)height * (double)height;
        const double flat = height > 0 ? ((double)dk_plate_y(box.y1) - dk_plate_y(box.y0) - 1) / height : 0;
        const double scale = fmin(fmax(flat, 1e-3), 1);
        const double enough = 1.001 * clearance_at(first, scale, moved);
        const double apart =
            drawn == outline && flat > 1e-3 && work->zooms[0] <= first ? clearance(outline, enough) : 0;
        const int sound = zoom_of_clearance(apart, 1, 0), plate_sound = zoom_of_clearance(apart, scale, moved);
        status = dk_entry_unsound(work, &drawing, &box, first, last < sound ? last : sound - 1, false, &bits);
        if (status == DK_OK)
            status = dk_entry_unsound(work, &drawing, &box, first, last < plate_sound ? last : plate_sound - 1, true,
                                      &plate_bits);
        head->unsound = bits;
        head->unsound_plate = plate_bits;
        /* What would have to be repaired in each tile waits for a zoom or two, counted in the grid. */
        for (int i = 0; i < MOST_WAITED && head->first_zoom < last && head->first_zoom < max_zoom &&
                        ((bits | plate_bits) >> head->first_zoom & 1) != 0;
             i++)
            head->first_zoom++;
    }
    if (status == DK_OK && cut <= DK_MAX_LEVEL)
        status = dk_entry_cut(work, outline, &box, cut, ret_shape);
    return status;
}
