/* Clipping polygons to the square so that what the square cuts apart comes apart.
 *
 * One side at a time. The rings of a polygon that cross the side's line are cut into chains that lie inside. Along the
 * line, inside and outside of the polygon alternate, so its crossings in their order belong together two by two, and
 * the line between the two of a pair is the new border. Following chain, border, chain … closes the new rings. All of
 * them are exteriors: a hole that meets the line is open to it. Holes that do not meet it stay holes of the piece that
 * they lie in. */
#include "store/clip.h"

#include <stdlib.h>
#include <string.h>

typedef struct dk_chain {
    size_t start, count;   /* positions in dk_clip_work.xy, from the entering to the leaving point, both on the line */
    double enters, leaves; /* their places along the line */
    bool used;
    size_t next; /* the chain at whose beginning the border from this one's end arrives */
} dk_chain;

typedef struct dk_crossing {
    double place;
    size_t chain;
    bool leaves;
} dk_crossing;

static bool grow(void **memory, size_t *capacity, size_t need, size_t item)
{
    if (need <= *capacity)
        return true;
    const size_t larger = need + need / 2 + 64;
    if (larger > SIZE_MAX / item)
        return false;
    void *moved = realloc(*memory, larger * item);
    if (moved == NULL)
        return false;
    *memory = moved;
    *capacity = larger;
    return true;
}

void dk_clip_work_finish(dk_clip_work *work)
{
    dk_parts_finish(&work->turn[0]);
    dk_parts_finish(&work->turn[1]);
    free(work->xy);
    free(work->chains);
    free(work->crossings);
    free(work->whole);
    memset(work, 0, sizeof *work);
}

static double ring_area2(const double *xy, size_t n)
{
    double area = 0;
    for (size_t i = 0, j = n - 1; i < n; j = i++)
        area += (xy[2 * j] - xy[0]) * (xy[2 * i + 1] - xy[1]) - (xy[2 * i] - xy[0]) * (xy[2 * j + 1] - xy[1]);
    return area;
}

static bool inside_ring(const double *ring, size_t n, const double *position)
{
    bool in = false;
    for (size_t i = 0, j = n - 1; i < n; j = i++) {
        const double *a = ring + 2 * i, *b = ring + 2 * j;
        if ((a[1] > position[1]) != (b[1] > position[1]) &&
            position[0] < (b[0] - a[0]) * (position[1] - a[1]) / (b[1] - a[1]) + a[0])
            in = !in;
    }
    return in;
}

/* A line: what is kept has coordinate `axis` times sign below bound times sign. On the line is outside. */
typedef struct side {
    int axis;
    double bound, sign;
} side;

static bool kept(const side *line, const double *position)
{
    return position[line->axis] * line->sign < line->bound * line->sign;
}

static bool copy_ring(const double *xy, size_t n, bool hole, dk_parts *out)
{
    if (!dk_parts_reserve(out, n))
        return false;
    memcpy(out->xy + 2 * out->n_points, xy, n * 2 * sizeof *xy);
    const size_t start = out->n_points;
    out->n_points += n;
    dk_parts_close(out, start, hole);
    return true;
}

/* The crossing of the edge between a kept and another position, computed from the kept end in either direction. */
static double cross(const side *line, const double *in, const double *other, double *to)
{
    const double t = (line->bound - in[line->axis]) / (other[line->axis] - in[line->axis]);
    const double place = in[1 - line->axis] + t * (other[1 - line->axis] - in[1 - line->axis]);
    to[line->axis] = line->bound;
    to[1 - line->axis] = place;
    return place;
}

/* Cuts a ring that crosses the line, beginning at a position outside, into chains. Exteriors are walked one way round
 * and holes the other, so that the inside of the polygon is on the same hand everywhere. */
static bool cut_ring(dk_clip_work *work, const double *xy, size_t n, bool hole, size_t outside, const side *line)
{
    /* Each chain has two positions of its own, and there are n / 2 chains at most. */
    if (!grow((void **)&work->xy, &work->xy_capacity, work->n_xy + 2 * n + 2, 2 * sizeof(double)))
        return false;
    const bool backwards = (ring_area2(xy, n) < 0) != hole;
    const double *before = xy + 2 * outside;
    bool was_kept = false;
    dk_chain *chain = NULL;
    size_t at = outside;
    for (size_t i = 1; i <= n; i++) {
        if (backwards)
            at = at > 0 ? at - 1 : n - 1;
        else
            at = at + 1 < n ? at + 1 : 0;
        const double *here = xy + 2 * at;
        const bool is_kept = kept(line, here);
        if (is_kept && !was_kept) {
            if (!grow((void **)&work->chains, &work->chains_capacity, work->n_chains + 1, sizeof *chain))
                return false;
            chain = &work->chains[work->n_chains++];
            *chain = (dk_chain){.start = work->n_xy};
            chain->enters = cross(line, here, before, work->xy + 2 * work->n_xy++);
        }
        if (is_kept) {
            memcpy(work->xy + 2 * work->n_xy++, here, 2 * sizeof *here);
        } else if (was_kept) {
            chain->leaves = cross(line, before, here, work->xy + 2 * work->n_xy++);
            chain->count = work->n_xy - chain->start;
        }
        before = here;
        was_kept = is_kept;
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const dk_crossing *p = a, *q = b;
    return p->place < q->place ? -1 : p->place > q->place;
}

/* Finds where the border leads from each chain's end. */
static dk_clip_result pair_chains(dk_clip_work *work)
{
    if (work->n_chains == 1) {
        work->chains[0].next = 0;
        return DK_CLIP_DONE;
    }
    const size_t n = 2 * work->n_chains;
    if (!grow((void **)&work->crossings, &work->crossings_capacity, n, sizeof *work->crossings))
        return DK_CLIP_NOMEM;
    for (size_t i = 0; i < work->n_chains; i++) {
        work->crossings[2 * i] = (dk_crossing){work->chains[i].enters, i, false};
        work->crossings[2 * i + 1] = (dk_crossing){work->chains[i].leaves, i, true};
    }
    qsort(work->crossings, n, sizeof *work->crossings, by_place);
    for (size_t i = 0; i < n; i += 2) {
        const dk_crossing *a = &work->crossings[i], *b = a + 1;
        /* Where crossings coincide their order says nothing. */
        if (a->leaves == b->leaves || (i > 0 && a[-1].place == a->place))
            return DK_CLIP_UNCLEAR;
        const dk_crossing *leaving = a->leaves ? a : b, *entering = a->leaves ? b : a;
        work->chains[leaving->chain].next = entering->chain;
    }
    return DK_CLIP_DONE;
}

/* One polygon, parts first to end of in, against one line. */
static dk_clip_result clip_polygon(dk_clip_work *work, const dk_parts *in, size_t first, size_t end, const side *line,
                                   dk_parts *out)
{
    work->n_xy = work->n_chains = 0;
    work->n_whole = 0;
    bool exterior_cut = false;
    for (size_t i = first; i < end; i++) {
        const double *xy = in->xy + 2 * in->parts[i].start;
        const size_t n = in->parts[i].count;
        size_t n_kept = 0, outside = 0;
        for (size_t j = 0; j < n; j++)
            if (kept(line, xy + 2 * j))
                n_kept++;
            else
                outside = j;
        if (n_kept == 0) {
            if (i == first)
                return DK_CLIP_DONE; /* the exterior, and so all of it, lies outside */
            continue;
        }
        if (n_kept < n) {
            exterior_cut |= i == first;
            if (!cut_ring(work, xy, n, in->parts[i].hole, outside, line))
                return DK_CLIP_NOMEM;
        } else if (i > first) {
            if (!grow((void **)&work->whole, &work->whole_capacity, work->n_whole + 1, sizeof *work->whole))
                return DK_CLIP_NOMEM;
            work->whole[work->n_whole++] = i;
        }
    }
    if (work->n_chains == 0) { /* no ring crosses: holes outside a kept exterior would be no valid polygon's */
        for (size_t i = first; i < end; i++)
            if (!copy_ring(in->xy + 2 * in->parts[i].start, in->parts[i].count, in->parts[i].hole, out))
                return DK_CLIP_NOMEM;
        return DK_CLIP_DONE;
    }
    if (!exterior_cut)
        return DK_CLIP_UNCLEAR; /* a hole reaches beyond its exterior */
    const dk_clip_result paired = pair_chains(work);
    if (paired != DK_CLIP_DONE)
        return paired;
    for (size_t i = 0; i < work->n_chains; i++) {
        if (work->chains[i].used)
            continue;
        const size_t start = out->n_points;
        for (size_t c = i; !work->chains[c].used; c = work->chains[c].next) {
            dk_chain *chain = &work->chains[c];
            if (!dk_parts_reserve(out, chain->count))
                return DK_CLIP_NOMEM;
            memcpy(out->xy + 2 * out->n_points, work->xy + 2 * chain->start, chain->count * 2 * sizeof(double));
            out->n_points += chain->count;
            chain->used = true;
        }
        dk_parts_close(out, start, false);
        const size_t count = out->n_points - start;
        size_t left = 0; /* holes that lie in another piece */
        for (size_t h = 0; h < work->n_whole; h++) {
            const dk_part *part = &in->parts[work->whole[h]];
            const double *hole = in->xy + 2 * part->start;
            if (work->n_chains > 1 && !inside_ring(out->xy + 2 * start, count, hole))
                work->whole[left++] = work->whole[h];
            else if (!copy_ring(hole, part->count, true, out))
                return DK_CLIP_NOMEM;
        }
        work->n_whole = left;
    }
    return work->n_whole == 0 ? DK_CLIP_DONE : DK_CLIP_UNCLEAR; /* a hole in no piece is no valid polygon's */
}

/* Whether any position lies outside; where none does, clipping would but copy. */
static bool reaches(const dk_parts *parts, const side *line)
{
    for (size_t i = 0; i < parts->n_points; i++)
        if (!kept(line, parts->xy + 2 * i))
            return true;
    return false;
}

static dk_clip_result clip_to_sides(dk_clip_work *work, const dk_parts *in, const side *sides, int n_sides,
                                    const dk_parts **ret_out)
{
    const dk_parts *from = in;
    for (int s = 0; s < n_sides; s++) {
        if (!reaches(from, &sides[s]))
            continue;
        dk_parts *to = &work->turn[from == &work->turn[0]];
        dk_parts_clear(to);
        for (size_t first = 0, end; first < from->n_parts; first = end) {
            for (end = first + 1; end < from->n_parts && from->parts[end].hole; end++)
                ;
            const dk_clip_result result = clip_polygon(work, from, first, end, &sides[s], to);
            if (result != DK_CLIP_DONE)
                return result;
        }
        from = to;
    }
    *ret_out = from;
    return DK_CLIP_DONE;
}

dk_clip_result dk_clip_polygons(dk_clip_work *work, const dk_parts *in, const dk_square *square,
                                const dk_parts **ret_out)
{
    const side sides[4] = {{0, square->low, -1}, {0, square->high, 1}, {1, square->low, -1}, {1, square->high, 1}};
    return clip_to_sides(work, in, sides, 4, ret_out);
}

dk_clip_result dk_clip_polygons_to_rows(dk_clip_work *work, const dk_parts *in, double low, double high,
                                        const dk_parts **ret_out)
{
    const side sides[2] = {{1, low, -1}, {1, high, 1}};
    return clip_to_sides(work, in, sides, 2, ret_out);
}
