#include "ingest/doubt.h"

#include "store/division.h"

#include <geos_c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Degrees, some hundred metres: outlines of divisions are coarse, and the two readings lie kilometres apart. */
#define NEAR 0.002

struct dk_outlines {
    dk_store *store;
    const dk_kind *layer;
    GEOSContextHandle_t geos;
    GEOSWKBReader *reader;
    char code[13]; /* whose outline is at hand */
    GEOSGeometry *outline;
    dk_buf wkb;
};

static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

dk_status dk_outlines_open(const char *store, const dk_kind *kind, dk_outlines **ret_outlines, dk_error *err)
{
    dk_store *second = NULL;
    *ret_outlines = NULL;
    const dk_status status = dk_store_open(store, DK_READ, &second, err);
    if (status != DK_OK)
        return status;
    const dk_kind *layer = dk_division_layer(dk_store_catalogue(second));
    if (layer == NULL || kind->division_field < 0 || strcmp(layer->name, kind->name) == 0) {
        dk_store_close(second);
        return DK_OK;
    }
    dk_outlines *outlines = calloc(1, sizeof *outlines);
    if (outlines == NULL) {
        dk_store_close(second);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    outlines->store = second;
    outlines->layer = layer;
    dk_buf_init(&outlines->wkb);
    outlines->geos = GEOS_init_r();
    if (outlines->geos != NULL) {
        GEOSContext_setErrorMessageHandler_r(outlines->geos, ignore, NULL);
        GEOSContext_setNoticeMessageHandler_r(outlines->geos, ignore, NULL);
        outlines->reader = GEOSWKBReader_create_r(outlines->geos);
    }
    if (outlines->reader == NULL) {
        dk_outlines_close(outlines);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    *ret_outlines = outlines;
    return DK_OK;
}

void dk_outlines_close(dk_outlines *outlines)
{
    if (outlines == NULL)
        return;
    if (outlines->outline != NULL)
        GEOSGeom_destroy_r(outlines->geos, outlines->outline);
    if (outlines->reader != NULL)
        GEOSWKBReader_destroy_r(outlines->geos, outlines->reader);
    if (outlines->geos != NULL)
        GEOS_finish_r(outlines->geos);
    dk_buf_finish(&outlines->wkb);
    dk_store_close(outlines->store);
    free(outlines);
}

/* The outline of the division, NULL if there is none, which is the outlines' own. */
static dk_status find_outline(dk_outlines *outlines, const char *code, const GEOSGeometry **ret_outline, dk_error *err)
{
    *ret_outline = NULL;
    if (outlines == NULL || code[0] == '\0' || strlen(code) >= sizeof outlines->code)
        return DK_OK;
    if (strcmp(outlines->code, code) != 0) {
        const dk_status status = dk_division_outline(outlines->store, outlines->layer, code, &outlines->wkb, err);
        if (status != DK_OK)
            return status;
        if (outlines->outline != NULL)
            GEOSGeom_destroy_r(outlines->geos, outlines->outline);
        outlines->outline = outlines->wkb.size > 0 ? GEOSWKBReader_read_r(outlines->geos, outlines->reader,
                                                                          outlines->wkb.data, outlines->wkb.size)
                                                   : NULL;
        snprintf(outlines->code, sizeof outlines->code, "%s", code);
    }
    *ret_outline = outlines->outline;
    return DK_OK;
}

static bool lies_in(dk_outlines *outlines, const GEOSGeometry *outline, const dk_buf *wkb)
{
    double distance = -1;
    GEOSGeometry *row = GEOSWKBReader_read_r(outlines->geos, outlines->reader, wkb->data, wkb->size);
    const bool known = row != NULL && GEOSDistance_r(outlines->geos, outline, row, &distance) == 1;
    if (row != NULL)
        GEOSGeom_destroy_r(outlines->geos, row);
    return known && distance <= NEAR;
}

/* One reading in degrees, and what is wrong with it. */
static dk_status try_reading(dk_geometry_reader *reader, OGRGeometryH geometry, int epsg, dk_buf *wkb,
                             dk_geometry_fault *ret_fault, dk_error *err)
{
    const int64_t repaired = reader->repaired, stripped = reader->zone_stripped, added = reader->zone_added;
    char problem[480];
    OGRGeometryH copy = OGR_G_Clone(geometry);
    if (copy == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    const dk_status status = dk_geometry_read(reader, copy, epsg, wkb, ret_fault, problem, sizeof problem, err);
    OGR_G_DestroyGeometry(copy);
    reader->repaired = repaired; /* the one that holds is counted when it is read */
    reader->zone_stripped = stripped;
    reader->zone_added = added;
    return status;
}

dk_status dk_doubt_settle(dk_geometry_reader *reader, dk_outlines *outlines, const char *division, OGRGeometryH first,
                          OGRGeometryH second, int epsg, dk_verdict *ret_verdict, char *ret_why, size_t size,
                          dk_error *err)
{
    dk_buf wkb[2];
    const OGRGeometryH geometries[2] = {first, second};
    const GEOSGeometry *outline = NULL;
    dk_geometry_fault faults[2] = {DK_GEOMETRY_BAD, DK_GEOMETRY_BAD};
    bool good[2];
    dk_status status = DK_OK;
    for (int i = 0; i < 2; i++) {
        dk_buf_init(&wkb[i]);
        if (status == DK_OK)
            status = try_reading(reader, geometries[i], epsg, &wkb[i], &faults[i], err);
    }
    *ret_verdict = DK_VERDICT_UNDECIDED;
    if (status != DK_OK)
        goto out;
    good[0] = faults[0] == DK_GEOMETRY_GOOD;
    good[1] = faults[1] == DK_GEOMETRY_GOOD;
    if (good[0] != good[1]) {
        *ret_verdict = good[0] ? DK_VERDICT_FIRST : DK_VERDICT_SECOND;
        snprintf(ret_why, size, "the other way it would lie outside of the catalogue's extent");
        goto out;
    }
    if (!good[0] && faults[0] != DK_GEOMETRY_OUTSIDE) { /* what is wrong is wrong either way, and is told */
        *ret_verdict = DK_VERDICT_FIRST;
        ret_why[0] = '\0';
        goto out;
    }
    if (!good[0]) {
        snprintf(ret_why, size, "either way it lies outside of the catalogue's extent");
        goto out;
    }
    status = find_outline(outlines, division, &outline, err);
    if (status != DK_OK)
        goto out;
    if (outline == NULL) {
        snprintf(ret_why, size, "%s",
                 outlines == NULL
                     ? "either way it lies in the catalogue's extent, and there are no divisions to compare with"
                 : division[0] == '\0'
                     ? "either way it lies in the catalogue's extent, and the row has no division"
                     : "either way it lies in the catalogue's extent, and its division has no outline");
        goto out;
    }
    for (int i = 0; i < 2; i++)
        good[i] = lies_in(outlines, outline, &wkb[i]);
    if (good[0] != good[1])
        *ret_verdict = good[0] ? DK_VERDICT_FIRST : DK_VERDICT_SECOND;
    snprintf(ret_why, size, "%s %s",
             good[0] != good[1] ? "the other way it would lie outside of its division"
             : good[0]          ? "either way it lies in its division"
                                : "either way it lies outside of its division",
             division);
out:
    dk_buf_finish(&wkb[0]);
    dk_buf_finish(&wkb[1]);
    return status;
}
