/* GCJ-02, the shifted longitudes and latitudes of the maps of Amap (高德), Tencent and others: some 500 m off in Anhui,
 * by another vector at each place. The official shift is not published. This is the public approximation, which fits
 * what such maps show within metres; positions that went through it are no better than that. */
#ifndef DK_INGEST_GCJ02_H
#define DK_INGEST_GCJ02_H

#include <stddef.h>

/* n pairs (longitude, latitude) in degrees, in place from GCJ-02 to WGS 84: the exact inverse of the shift below, by
 * iteration. Points outside of China, where nothing is shifted, and such that are not finite stay as they are. */
void dk_gcj02_undo(double *lonlat, size_t n);
/* One pair the other way: the shift itself. */
void dk_gcj02_shift(double lonlat[2]);

#endif
