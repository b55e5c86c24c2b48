/* Polygons of a VCT file from what was read: lines in their order, holes in their exteriors, values of the table. */
#include "ingest/vct_work.h"

#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the rows of the table ---- */

static bool is_number(const char *text)
{
    char *end;
    (void)strtod(text, &end);
    return end != text && end[strspn(end, " \t")] == '\0';
}

/* Of a row with a value more than there are fields: whether its second is 标识码 again, its last is empty, and how many
 * values are no numbers where fields are, if the first field is the first value and if it is the second. */
static void look_at_row(const dk_vct *vct, const dk_vct_row *row, bool *ret_twice, bool *ret_empty, size_t wrong[2])
{
    const char *text = (const char *)vct->texts.data + row->text;
    const bool *numbers = vct->table->numbers;
    for (size_t i = 0; i < row->n; i++, text += strlen(text) + 1) {
        int64_t id;
        if (i == 1)
            *ret_twice = dk_vct_parse_integer(text, &id) && id == row->id;
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
        const dk_vct_row *row = &vct->attributes[i];
        bool twice = false, empty = false;
        n_whole += row->n > 0 && row->n == vct->table->n_fields;
        if (row->n <= vct->table->n_fields)
            continue;
        look_at_row(vct, row, &twice, &empty, wrong);
        n_more++;
        n_ended += empty && !twice;
    }
    if (n_more > n_whole && n_ended == n_more && wrong[1] > wrong[0])
        vct->form = DK_VCT_ID_IS_FIELD_END;
    else if (n_more > n_whole)
        vct->form = DK_VCT_ID_BEFORE;
    else
        vct->form = n_more > 0 && n_more == n_whole ? DK_VCT_FORM_UNKNOWN : DK_VCT_ID_IS_FIELD;
}

static int edge_by_id(const void *a, const void *b)
{
    const int64_t x = ((const dk_vct_edge *)a)->id, y = ((const dk_vct_edge *)b)->id;
    return (x > y) - (x < y);
}

static int attribute_by_id(const void *a, const void *b)
{
    const dk_vct_row *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

void dk_vct_order(dk_vct *vct)
{
    if (vct->n_edges > 0)
        qsort(vct->edges, vct->n_edges, sizeof *vct->edges, edge_by_id);
    if (vct->table != NULL)
        settle_rows(vct);
    if (vct->n_attributes > 0)
        qsort(vct->attributes, vct->n_attributes, sizeof *vct->attributes, attribute_by_id);
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
    vct->chain_parts[vct->n_chain_parts++] = (dk_vct_part){.first = first, .n = vct->n_chain - first};
    return true;
}

static const dk_vct_edge *find_edge(const dk_vct *vct, int64_t id)
{
    const dk_vct_edge key = {.id = id};
    return vct->n_edges == 0 ? NULL : bsearch(&key, vct->edges, vct->n_edges, sizeof *vct->edges, edge_by_id);
}

/* The rings from the lines in their order. A problem is left in vct->problem. false: out of memory. */
static bool chain_lines(dk_vct *vct, const dk_vct_outline *of)
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
        const dk_vct_edge *found = ref == INT64_MIN ? NULL : find_edge(vct, ref < 0 ? -ref : ref);
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
            const bool fits = dk_vct_same_place(from, turned ? end : xy);
            if (!fits && dk_vct_same_place(from, turned ? xy : end)) {
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
        if (vct->n_chain - first > 3 &&
            dk_vct_same_place(vct->chain + 2 * first, vct->chain + 2 * (vct->n_chain - 1))) {
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

static bool copy_rings(dk_vct *vct, const dk_vct_outline *of)
{
    for (size_t i = 0; i < of->n; i++) {
        const dk_vct_part *from = &vct->parts[of->first + i];
        const size_t first = vct->n_chain;
        if (!add_to_chain(vct, vct->points + 2 * from->first, from->n, false))
            return false;
        if (!dk_vct_same_place(vct->chain + 2 * first, vct->chain + 2 * (vct->n_chain - 1)) &&
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
        const dk_vct_part *from = &vct->chain_parts[i];
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
static void find_values(dk_vct *vct, const dk_vct_outline *of)
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
    const dk_vct_row *row = &vct->attributes[low];
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
    if (vct->form == DK_VCT_FORM_UNKNOWN || (vct->form == DK_VCT_ID_IS_FIELD && more) ||
        (vct->form == DK_VCT_ID_BEFORE && !more)) {
        snprintf(vct->problem, sizeof vct->problem,
                 "its row in table %s (line %lld) has %zu values, and %s have %zu; is a value missing, or is there a "
                 "separator in one?",
                 vct->table->name, (long long)row->line, row->n,
                 vct->form == DK_VCT_FORM_UNKNOWN ? "as many others" : "most others", more ? n : n + 1);
        return;
    }
    const char *text = (const char *)vct->texts.data + row->text;
    if (vct->form == DK_VCT_ID_BEFORE)
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
    const dk_vct_outline *of = &vct->polygons[vct->at++];
    bool good = true;
    vct->n_chain = vct->n_chain_parts = 0;
    vct->problem[0] = '\0';
    find_values(vct, of);
    if (vct->problem[0] == '\0' && of->kind == DK_VCT_UNREAD)
        snprintf(
            vct->problem, sizeof vct->problem,
            "it is made of circles, ellipses or other polygons, which is not read; export it with its coordinates");
    if (vct->problem[0] == '\0')
        good = of->kind == DK_VCT_LINES ? chain_lines(vct, of) : copy_rings(vct, of);
    if (good && vct->problem[0] == '\0')
        good = make_rings(vct);
    if (!good)
        return dk_vct_nomem(vct, err);
    vct->problem[dk_utf8_fit(vct->problem, sizeof vct->problem)] = '\0';
    *ret_polygon = (dk_vct_polygon){.line = of->line,
                                    .id = of->id,
                                    .rings = vct->rings,
                                    .n_rings = vct->problem[0] == '\0' ? vct->n_chain_parts : 0,
                                    .values = vct->values,
                                    .problem = vct->problem[0] != '\0' ? vct->problem : NULL};
    return DK_OK;
}
