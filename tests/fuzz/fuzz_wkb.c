/* What is read as WKB has closed rings of finite coordinates whose parts follow each other; it survives a GeoPackage
 * blob unchanged and generalising without losing a part; what GEOS repairs is valid. */
#include "fuzz_check.h"

#include <math.h>
#include <string.h>

#include "store/entry.h"
#include "store/repair.h"
#include "store/topology.h"

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

/* What publish makes of it: an outline, generalised, drawn, and cut to pieces. */
static void check_entry(const dk_shape *shape)
{
    dk_outline outline, matched;
    dk_entry_shape entry;
    dk_drawing drawing;
    size_t index = 0;
    dk_outline_init(&outline);
    dk_outline_init(&matched);
    dk_entry_shape_init(&entry);
    dk_topology *const topology = dk_topology_create();
    dk_entry_work *const work = dk_entry_work_create();
    CHECK(topology != NULL && work != NULL);
    CHECK(dk_outline_from_shape(shape, &outline) == DK_OK);
    CHECK(outline.n_parts == shape->n_parts && outline.n_points <= 256 * shape->n_points);
    CHECK(dk_topology_add(topology, &outline, true, &index) == DK_OK && dk_topology_build(topology) == DK_OK);
    CHECK(dk_topology_get(topology, index, &matched) == DK_OK && matched.n_parts == shape->n_parts);
    CHECK(dk_entry_build(work, &matched, 6, 16, &entry) == DK_OK);
    CHECK(entry.head.first_zoom >= 6 && entry.head.first_zoom <= 16 && entry.level >= 0);
    CHECK(dk_drawing_open(entry.drawings.data, entry.head.drawing_size, &drawing) == DK_OK);
    for (size_t i = 0; i < entry.n_pieces; i++)
        CHECK(dk_drawing_open(entry.drawings.data + entry.pieces[i].drawing, entry.pieces[i].drawing_size, &drawing) ==
              DK_OK);
    dk_entry_work_free(work);
    dk_topology_free(topology);
    dk_entry_shape_finish(&entry);
    dk_outline_finish(&outline);
    dk_outline_finish(&matched);
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
        check_entry(&shape);
        if (size < 2048 && shape.kind == DK_POLYGONS && is_on_earth(&shape))
            check_repair(data, size);
    } else {
        CHECK(status == DK_CORRUPT && err.status == DK_CORRUPT && err.text[0] != '\0');
    }
    dk_shape_finish(&shape);
    return 0;
}
