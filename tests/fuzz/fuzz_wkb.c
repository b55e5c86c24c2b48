/* What is read as WKB has closed rings of finite coordinates whose parts follow each other; it survives a GeoPackage
 * blob unchanged and packing without losing a part; what GEOS repairs is valid. */
#include "fuzz_check.h"

#include <math.h>
#include <string.h>

#include "store/geometry.h"
#include "store/repair.h"

static void check_shape(const dk_shape *shape)
{
    size_t start = 0;
    for (size_t i = 0; i < shape->n_parts; i++) {
        const dk_part *const part = &shape->parts[i];
        CHECK(part->start == start && part->count > 0);
        start += part->count;
        CHECK(!part->hole || (i > 0 && shape->kind == DK_POLYGONS));
        const double *const first = shape->lonlat + 2 * part->start, *const last = first + 2 * (part->count - 1);
        if (shape->kind == DK_POLYGONS)
            CHECK(part->count >= 4 && first[0] == last[0] && first[1] == last[1]);
    }
    CHECK(start == shape->n_points);
    for (size_t i = 0; i < 2 * shape->n_points; i++)
        CHECK(isfinite(shape->lonlat[i]));
}

static void check_blob(const uint8_t *data, size_t size, const dk_shape *shape)
{
    dk_buf blob;
    dk_buf_init(&blob);
    dk_gpkg_append(data, size, shape, &blob);
    size_t inner_size = 0;
    const unsigned char *const inner = dk_gpkg_wkb(blob.data, blob.size, &inner_size);
    CHECK(inner != NULL && inner_size == size && memcmp(inner, data, size) == 0);
    dk_buf_finish(&blob);
}

static void check_packed(const dk_shape *shape)
{
    dk_buf bytes;
    dk_packed packed;
    dk_buf_init(&bytes);
    dk_packed_init(&packed);
    dk_packed_encode(shape, &bytes);
    CHECK(!bytes.failed);
    CHECK(dk_packed_decode(bytes.data, bytes.size, &packed) == DK_OK);
    CHECK(packed.kind == shape->kind && packed.n_parts == shape->n_parts && packed.n_points <= shape->n_points);
    for (size_t i = 0; i < packed.n_parts; i++)
        CHECK(packed.parts[i].hole == shape->parts[i].hole && packed.parts[i].count > 0);
    dk_buf_finish(&bytes);
    dk_packed_finish(&packed);
}

/* Degrees, or nearly: GEOS 3.11 leaks in its buffer when coordinates of 1e-300 and 1e300 meet, which is not ours to
 * find again with every run. */
static bool is_on_earth(const dk_shape *shape)
{
    for (size_t i = 0; i < 2 * shape->n_points; i++)
        if (shape->lonlat[i] != 0 && !(fabs(shape->lonlat[i]) >= 1e-6 && fabs(shape->lonlat[i]) <= 360))
            return false;
    return true;
}

static void check_repair(const uint8_t *data, size_t size)
{
    dk_geos *const geos = dk_geos_create();
    CHECK(geos != NULL);
    dk_buf repaired;
    dk_buf_init(&repaired);
    bool valid = false;
    char reason[200] = "";
    const dk_status status = dk_geos_valid(geos, data, size, &valid, reason, sizeof reason);
    CHECK(status == DK_OK || status == DK_INTERNAL);
    CHECK(status != DK_OK || valid || reason[0] != '\0');
    if (dk_geos_make_valid(geos, data, size, &repaired) == DK_OK) {
        valid = false;
        CHECK(dk_geos_valid(geos, repaired.data, repaired.size, &valid, reason, sizeof reason) == DK_OK && valid);
    } else {
        CHECK(repaired.size == 0);
    }
    dk_buf_finish(&repaired);
    dk_geos_free(geos);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t inner_size = 0;
    const unsigned char *const inner = dk_gpkg_wkb(data, size, &inner_size);
    if (inner != NULL)
        CHECK(inner > data && inner + inner_size == data + size);
    dk_shape shape;
    dk_error err = {.text = ""};
    dk_shape_init(&shape);
    const dk_status status = dk_shape_from_wkb(data, size, &shape, &err);
    if (status == DK_OK) {
        check_shape(&shape);
        check_blob(data, size, &shape);
        check_packed(&shape);
        if (size < 2048 && shape.kind == DK_POLYGONS && is_on_earth(&shape))
            check_repair(data, size);
    } else {
        CHECK(status == DK_CORRUPT && err.status == DK_CORRUPT && err.text[0] != '\0');
    }
    dk_shape_finish(&shape);
    return 0;
}
