/* What is decoded lies in its box and its parts follow each other; encoding it as a shape gives a normal form, which
 * decoding and encoding no longer change. */
#include "fuzz_check.h"

#include <string.h>

#include "store/geometry.h"

/* Frees nothing: the caller finishes shape. */
static void to_shape(const dk_packed *packed, dk_shape *shape)
{
    dk_shape_finish(shape);
    shape->kind = packed->kind;
    shape->lonlat = calloc(packed->n_points + packed->n_parts + 1, 2 * sizeof *shape->lonlat);
    shape->parts = calloc(packed->n_parts + 1, sizeof *shape->parts);
    CHECK(shape->lonlat != NULL && shape->parts != NULL);
    for (size_t i = 0; i < packed->n_parts; i++) {
        const dk_part *const part = &packed->parts[i];
        const size_t closing = packed->kind == DK_POLYGONS;
        shape->parts[i] = (dk_part){shape->n_points, part->count + closing, part->hole};
        for (size_t k = 0; k < part->count + closing; k++, shape->n_points++) {
            const int32_t *const xy = packed->xy + 2 * (part->start + k % part->count);
            double *const to = shape->lonlat + 2 * shape->n_points;
            dk_lonlat_from_world((double)packed->box.x0 + xy[0], (double)packed->box.y0 + xy[1], &to[0], &to[1]);
        }
    }
    shape->n_parts = packed->n_parts;
}

static void check_decoded(const dk_packed *packed, const uint8_t *data, size_t size)
{
    dk_world_box box;
    CHECK(dk_packed_box(data, size, &box) == DK_OK && memcmp(&box, &packed->box, sizeof box) == 0);
    size_t start = 0;
    for (size_t i = 0; i < packed->n_parts; i++) {
        CHECK(packed->parts[i].start == start && packed->parts[i].count > 0);
        CHECK(!packed->parts[i].hole || (i > 0 && packed->kind == DK_POLYGONS));
        start += packed->parts[i].count;
    }
    CHECK(start == packed->n_points);
    for (size_t i = 0; i < packed->n_points; i++) {
        CHECK(packed->xy[2 * i] >= 0 && (uint32_t)packed->xy[2 * i] <= box.x1 - box.x0);
        CHECK(packed->xy[2 * i + 1] >= 0 && (uint32_t)packed->xy[2 * i + 1] <= box.y1 - box.y0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_packed packed;
    dk_shape shape;
    dk_buf first, second;
    dk_packed_init(&packed);
    dk_shape_init(&shape);
    dk_buf_init(&first);
    dk_buf_init(&second);
    if (dk_packed_decode(data, size, &packed) == DK_OK) {
        check_decoded(&packed, data, size);
        to_shape(&packed, &shape);
        dk_packed_encode(&shape, &first);
        CHECK(!first.failed && dk_packed_decode(first.data, first.size, &packed) == DK_OK);
        check_decoded(&packed, first.data, first.size);
        to_shape(&packed, &shape);
        dk_packed_encode(&shape, &second);
        CHECK(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    } else {
        CHECK(packed.n_points == 0 && packed.n_parts == 0);
    }
    dk_packed_finish(&packed);
    dk_shape_finish(&shape);
    dk_buf_finish(&first);
    dk_buf_finish(&second);
    return 0;
}
