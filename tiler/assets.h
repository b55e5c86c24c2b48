/* Files embedded at build time by embed.py: the map page and the styles. */
#ifndef DK_TILER_ASSETS_H
#define DK_TILER_ASSETS_H

#include <stddef.h>

typedef struct dk_asset {
    const char *folder; /* web or styles */
    const char *name;   /* as in the address */
    const char *type;   /* Content-Type */
    const char *etag;   /* from the content, without quotes */
    const unsigned char *data, *data_end;
    const unsigned char *gzip, *gzip_end;
} dk_asset;

extern const dk_asset dk_assets[];
extern const size_t dk_n_assets;

/* NULL if there is none of that name. */
const dk_asset *dk_asset_find(const char *folder, const char *name);

#endif
