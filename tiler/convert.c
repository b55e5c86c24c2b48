/* JOIN: stands in for the converter of the branch for downloads, which replaces this file. */
#include "tiler/convert.h"

dk_status dk_convert_upload(const dk_config *config, const void *data, size_t size, const char *suffix,
                            dk_buf *ret_geojson, dk_error *err)
{
    (void)config;
    (void)data;
    (void)size;
    (void)suffix;
    (void)ret_geojson;
    return dk_fail(err, DK_BUSY, "This server cannot read such files; send the area as GeoJSON or WKT.");
}
