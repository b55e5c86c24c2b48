#include "store/room.h"

/* The buffer of a tile: 64 of its 4096 units (tiler/tile_matrix.h). */
#define BUFFER_SHIFT 6
/* Rounding to plate units and back may be one off. */
#define PLATE_SLACK 2

static uint32_t last_row(dk_room_set set, int zoom)
{
    const int bits = set == DK_ROOM_PLATE && zoom > 0 ? zoom - 1 : zoom; /* the plate is half as high as wide */
    return (UINT32_C(1) << bits) - 1;
}

/* The tiles of a zoom (1 or more) that an interval meets, with `more` units beyond each tile's edges; the edge itself
 * is drawn, too. */
static void tiles_met(uint32_t low, uint32_t high, uint32_t more, int zoom, uint32_t last, uint32_t *ret_first,
                      uint32_t *ret_last)
{
    const int shift = 32 - zoom;
    const uint64_t end = ((uint64_t)high + more) >> shift;
    *ret_first = low > more ? (low - more - 1) >> shift : 0;
    *ret_last = end < last ? (uint32_t)end : last;
}

/* The interval within the tile of a position and those beside it; *ret_first, *ret_last: these. */
static void within_ring(uint32_t *low, uint32_t *high, uint32_t position, int zoom, uint32_t *ret_first,
                        uint32_t *ret_last)
{
    const int shift = 32 - zoom;
    const uint32_t own = position >> shift, last = last_row(DK_ROOM_MERCATOR, zoom);
    *ret_first = own > 0 ? own - 1 : 0;
    *ret_last = own < last ? own + 1 : last;
    const uint32_t from = *ret_first << shift, to = (uint32_t)((((uint64_t)*ret_last + 1) << shift) - 1);
    *low = *low < from ? from : *low > to ? to : *low;
    *high = *high > to ? to : *high < from ? from : *high;
}

static void bound(uint32_t *first, uint32_t *last, uint32_t least, uint32_t most)
{
    *first = *first < least ? least : *first;
    *last = *last > most ? most : *last;
}

/* Of rows of the world that lie within the ring already. */
static void plate_rows(uint32_t y0, uint32_t y1, int zoom, uint32_t *ret_first, uint32_t *ret_last)
{
    const uint32_t more = (UINT32_C(1) << (32 - zoom) >> BUFFER_SHIFT) + PLATE_SLACK;
    tiles_met(dk_plate_y(y0), dk_plate_y(y1), more, zoom, last_row(DK_ROOM_PLATE, zoom), ret_first, ret_last);
}

static bool stays_around(uint32_t low, uint32_t high, uint32_t position, int shift)
{
    const uint32_t own = position >> shift;
    return (low >> shift) + 1 >= own && high >> shift <= own + 1;
}

int dk_room_zoom(const dk_entry_head *head, int zoom)
{
    if (zoom >= head->cut_zoom || head->last_zoom != UINT8_MAX)
        return zoom;
    while (zoom > head->first_zoom && zoom > 0 &&
           !(stays_around(head->x0, head->x1, head->label_x, 32 - zoom) &&
             stays_around(head->y0, head->y1, head->label_y, 32 - zoom)))
        zoom--;
    return zoom;
}

/* The tiles that a box meets. */
static dk_cell_range box_tiles(uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1, int zoom, dk_room_set set)
{
    const uint32_t buffer = UINT32_C(1) << (32 - zoom) >> BUFFER_SHIFT, last = last_row(DK_ROOM_MERCATOR, zoom);
    dk_cell_range range;
    tiles_met(x0, x1, buffer, zoom, last, &range.x0, &range.x1);
    if (set == DK_ROOM_PLATE)
        plate_rows(y0, y1, zoom, &range.y0, &range.y1);
    else
        tiles_met(y0, y1, buffer, zoom, last, &range.y0, &range.y1);
    return range;
}

dk_cell_range dk_rooms_of(const dk_entry_head *head, int zoom, dk_room_set set)
{
    if (zoom == 0)
        return (dk_cell_range){0, 0, 0, 0};
    const int shift = 32 - zoom;
    dk_cell_range range;
    if (zoom >= head->cut_zoom || head->last_zoom != UINT8_MAX) {
        range.x0 = range.x1 = head->label_x >> shift;
        range.y0 = range.y1 = (set == DK_ROOM_PLATE ? dk_plate_y(head->label_y) : head->label_y) >> shift;
        bound(&range.y0, &range.y1, 0, last_row(set, zoom));
        return range;
    }
    uint32_t x0 = head->x0, y0 = head->y0, x1 = head->x1, y1 = head->y1, least_x, most_x, least_y, most_y;
    within_ring(&x0, &x1, head->label_x, zoom, &least_x, &most_x);
    within_ring(&y0, &y1, head->label_y, zoom, &least_y, &most_y);
    range = box_tiles(x0, y0, x1, y1, zoom, set);
    bound(&range.x0, &range.x1, least_x, most_x);
    if (set == DK_ROOM_MERCATOR)
        bound(&range.y0, &range.y1, least_y, most_y);
    return range;
}

dk_cell_range dk_rooms_met(const dk_entry_head *head, int zoom, dk_room_set set)
{
    return zoom == 0 ? (dk_cell_range){0, 0, 0, 0} : box_tiles(head->x0, head->y0, head->x1, head->y1, zoom, set);
}

double dk_room_share(const dk_entry_head *head, int zoom)
{
    const double side = (double)(UINT64_C(1) << (32 - zoom)),
                 around = ((double)head->x1 - head->x0 + ((double)head->y1 - head->y0)) / 2;
    return around > side ? side / around : 1;
}

dk_cell_range dk_rooms_near(uint32_t label_x, uint32_t label_y, uint64_t reach, int zoom, bool around)
{
    if (zoom == 0)
        return (dk_cell_range){0, 0, 0, 0};
    const uint32_t most = UINT32_MAX, size = reach < most ? (uint32_t)reach : most;
    const uint64_t east = (uint64_t)label_x + size, south = (uint64_t)label_y + size;
    uint32_t x0 = label_x > size ? label_x - size : 0, x1 = east < most ? (uint32_t)east : most;
    uint32_t y0 = label_y > size ? label_y - size : 0, y1 = south < most ? (uint32_t)south : most;
    uint32_t least_x, most_x, least_y, most_y;
    if (!around)
        return box_tiles(x0, y0, x1, y1, zoom, DK_ROOM_MERCATOR);
    within_ring(&x0, &x1, label_x, zoom, &least_x, &most_x);
    within_ring(&y0, &y1, label_y, zoom, &least_y, &most_y);
    dk_cell_range range = box_tiles(x0, y0, x1, y1, zoom, DK_ROOM_MERCATOR);
    bound(&range.x0, &range.x1, least_x, most_x);
    bound(&range.y0, &range.y1, least_y, most_y);
    return range;
}

void dk_rooms_plate_rows(uint32_t first, uint32_t last, int zoom, uint32_t *ret_first, uint32_t *ret_last)
{
    *ret_first = *ret_last = 0;
    if (zoom > 0)
        plate_rows(first << (32 - zoom), (uint32_t)((((uint64_t)last + 1) << (32 - zoom)) - 1), zoom, ret_first,
                   ret_last);
}

dk_world_box dk_room_box(dk_room_set set, int zoom, uint32_t x, uint32_t y)
{
    const uint64_t size = UINT64_C(1) << (32 - zoom), more = size >> BUFFER_SHIFT, most = UINT32_MAX;
    const uint64_t west = x * size, north = y * size, east = west + size + more, south = north + size + more;
    dk_world_box box = {(uint32_t)(west > more ? west - more : 0), (uint32_t)(north > more ? north - more : 0),
                        (uint32_t)(east < most ? east : most), (uint32_t)(south < most ? south : most)};
    if (set == DK_ROOM_PLATE) {
        const uint32_t y0 = dk_world_y_of_plate(box.y0), y1 = dk_world_y_of_plate(box.y1);
        box.y0 = y0 > 2 * PLATE_SLACK ? y0 - 2 * PLATE_SLACK : 0;
        box.y1 = y1 < most - 2 * PLATE_SLACK ? y1 + 2 * PLATE_SLACK : UINT32_MAX;
    }
    return box;
}
