/* VCT exchange files of GB/T 17798-2007 (地理空间数据交换格式), with polygons of coordinates and of lines.
 *
 *   HeadBegin … HeadEnd                            key:value, among them Version, XAxisDirection, Spheroid, Separator
 *   FeatureCodeBegin … FeatureCodeEnd              要素代码,要素名称,几何类型,属性表名
 *   TableStructureBegin … TableStructureEnd        表名,字段数 / 字段名,类型[,宽度[,小数]] / 0
 *   LineBegin … LineEnd                            标识码 / 要素代码 / 图形表现 / 1 / 线段数 / {11 / 点数 / {X,Y}} / 0
 *   PolygonBegin … PolygonEnd                      标识码 / 要素代码 / 图形表现 / 1 or 100 / 标识点 / …
 *       1    圈数 / {11 / 点数 / {X,Y}} / 0
 *       100  21 / 线数 / {线标识码, negative when reversed} / 0
 *   AttributeBegin … AttributeEnd                  表名 / {标识码,值 …} / TableEnd; 标识码 may be the first of the
 * fields
 *
 * One value a line; blank lines count for nothing. Other versions of VCT have another structure and are refused by
 * their head. The file is read twice, so that only the layer that is wanted is held in memory. */
#ifndef DK_INGEST_VCT_H
#define DK_INGEST_VCT_H

#include "ingest/text_lines.h"

#define DK_VCT_MAX_POINTS 20000000 /* of the lines and polygons of a layer */
#define DK_VCT_MAX_OBJECTS 5000000
#define DK_VCT_MAX_FIELDS 256
#define DK_VCT_MAX_ATTRIBUTE_BYTES (512u << 20) /* of a layer's table */

typedef struct dk_vct dk_vct;

typedef struct dk_vct_ring {
    const double *xy; /* n pairs (east, north); the last is not the first again */
    size_t n;
    int outer; /* the ring that it is a hole of; -1: it is an exterior */
} dk_vct_ring;

typedef struct dk_vct_polygon {
    int64_t line; /* of the file, where it begins */
    int64_t id;   /* 标识码 */
    const dk_vct_ring *rings;
    size_t n_rings;
    const char *const *values; /* of the fields, UTF-8; "" for all where it has no row in its table */
    const char *problem;       /* a sentence why it cannot be read, or NULL */
} dk_vct_polygon;

/* layer: 要素代码, 要素名称 or 属性表名; NULL for the only one with polygons. DK_INVALID with a sentence that begins
 * with path: no VCT, of another version, cut off, damaged. */
dk_status dk_vct_open(const char *path, const dk_encoding *encoding, const char *layer, dk_vct **ret_vct,
                      dk_error *err);
/* The same over bytes in memory, which must outlive the reader. */
dk_status dk_vct_open_memory(const void *data, size_t size, const dk_encoding *encoding, const char *layer,
                             dk_vct **ret_vct, dk_error *err);
void dk_vct_close(dk_vct *vct); /* NULL-safe */
dk_encoding dk_vct_encoding(const dk_vct *vct);
bool dk_vct_either(const dk_vct *vct); /* its bytes are text in UTF-8 and in GB18030 */

/* The names of the layer's fields. */
size_t dk_vct_fields(const dk_vct *vct, const char *const **ret_names);
size_t dk_vct_polygons(const dk_vct *vct);
/* The EPSG code that head and numbers agree on; 0: they do not say one, and *ret_problem is a sentence why, without the
 * path. The code may be of a datum that is not accepted. */
int dk_vct_epsg(const dk_vct *vct, const char **ret_problem);
/* The coordinate system is another, which somebody says: the notes leave out what was decided about it. Before the
 * first polygon. */
void dk_vct_overrule(dk_vct *vct);
/* DK_OK with a polygon, which is valid until the next, or DK_END. */
dk_status dk_vct_next(dk_vct *vct, dk_vct_polygon *ret_polygon, dk_error *err);
/* What was decided and left out, one sentence a line. Complete when all polygons are read. */
const char *dk_vct_notes(dk_vct *vct);

#endif
