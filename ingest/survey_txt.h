/* 勘测定界 / 电子报盘 / 用地备案 coordinate TXT, parsed parcel by parcel from bytes:
 *
 *   [属性描述]                                              key=value lines: 坐标系, 几度分带, 带号, 计量单位 …
 *   [地块坐标]
 *   界址点数,地块面积,地块编号,地块名称,图形属性,图幅号,地块用途,地类编码[,图斑类型,地类,等别前,等别后,备注],@
 *   点号,地块圈号,X,Y                                       X north, Y east, in metres, as the format has it
 *
 * After 《建设项目用地红线坐标文件内容要求》, and lenient where the files of bureaus differ from it. What is not said
 * alike everywhere (which column is north, the zone, the unit of 地块面积, where a ring ends) is decided from the
 * numbers, and what was decided can be asked for. Rings are those of the geometry: a ring inside another is its hole,
 * whatever its 圈号. The file is read twice, so that what all of it shows is known before the first parcel. */
#ifndef DK_INGEST_SURVEY_TXT_H
#define DK_INGEST_SURVEY_TXT_H

#include "ingest/text_lines.h"

#define DK_SURVEY_MAX_POINTS 200000 /* of a parcel */
#define DK_SURVEY_MAX_RINGS 10000
#define DK_SURVEY_MAX_PROJECT_KEYS 32 /* of [项目信息] */

/* The values of a parcel's line, in the order of the format. */
enum {
    DK_SURVEY_POINT_COUNT = 0,
    DK_SURVEY_AREA,
    DK_SURVEY_ID,
    DK_SURVEY_NAME,
    DK_SURVEY_SHAPE,
    DK_SURVEY_SHEET,
    DK_SURVEY_PURPOSE,
    DK_SURVEY_LAND_CLASS,
    DK_SURVEY_PATCH_KIND,
    DK_SURVEY_LAND_CLASS_NAME,
    DK_SURVEY_GRADE_BEFORE,
    DK_SURVEY_GRADE_AFTER,
    DK_SURVEY_REMARK,
    DK_SURVEY_VALUES
};
/* 地块编号 and so on: the names of the standard. */
extern const char *const dk_survey_names[DK_SURVEY_VALUES];

typedef enum dk_survey_shape { DK_SURVEY_POLYGON = 0, DK_SURVEY_LINE, DK_SURVEY_POINTS } dk_survey_shape;

typedef struct dk_survey_point {
    double x, y;    /* east, north; or longitude, latitude */
    int64_t line;   /* of the file */
    uint32_t label; /* 点号: place of its text in the parcel's texts */
    int32_t circle; /* 圈号 */
} dk_survey_point;

typedef struct dk_survey_ring {
    size_t first, n; /* of the parcel's points; the point that closes it is not counted */
    int outer;       /* the ring that it is a hole of; -1: it is an exterior */
} dk_survey_ring;

typedef struct dk_survey_parcel {
    int64_t line;                         /* of the line that ends in @; of the first point where there is none */
    const char *values[DK_SURVEY_VALUES]; /* UTF-8, trimmed, never NULL */
    dk_survey_shape shape;
    const dk_survey_point *points;
    size_t n_points;
    const dk_survey_ring *rings; /* a line's or points' run of one 圈号 as well */
    size_t n_rings;
    const char *texts; /* points[i].label leads into it */
    bool degrees;
    int zone;              /* before the eastings; 0: none */
    int epsg;              /* of the parcel, where those of the file are in several zones; else 0 */
    double area_m2;        /* of the plane; 0 for lines and points */
    const char *area_text; /* 地块面积 with its unit, "2.8公顷"; "" if there is none */
    const char *problem;   /* one sentence with line and 点号 why it cannot be read, or NULL */
} dk_survey_parcel;

typedef struct dk_survey dk_survey;

/* DK_INVALID etc. with a sentence that names path; also when the file is no coordinate TXT.
 * north_first: said by the user for numbers that do not tell. Where numbers tell the contrary, parcels have a problem.
 */
dk_status dk_survey_open(const char *path, const dk_encoding *encoding, bool north_first, dk_survey **ret_survey,
                         dk_error *err);
/* The same over bytes in memory, which must outlive the reader. */
dk_status dk_survey_open_memory(const void *data, size_t size, const dk_encoding *encoding, bool north_first,
                                dk_survey **ret_survey, dk_error *err);
void dk_survey_close(dk_survey *survey); /* NULL-safe */

/* DK_OK with a parcel, which is valid until the next, DK_END, or a failure of the whole file. */
dk_status dk_survey_next(dk_survey *survey, dk_survey_parcel *ret_parcel, dk_error *err);

dk_encoding dk_survey_encoding(const dk_survey *survey);
bool dk_survey_either(const dk_survey *survey); /* its bytes are text in UTF-8 and in GB18030, and UTF-8 was taken */
double dk_survey_progress(const dk_survey *survey);
/* The EPSG code of the coordinate system that header and numbers agree on, that of one parcel where they are in several
 * zones; 0: they do not say one, and *ret_problem is a sentence why, without the path. The code may be of a datum that
 * is not accepted. */
int dk_survey_epsg(const dk_survey *survey, const char **ret_problem);
/* The coordinate system is another, which somebody says: the notes leave out what header and numbers told of it. */
void dk_survey_overrule(dk_survey *survey);
/* Whether a parcel of the file has this value. */
bool dk_survey_has(const dk_survey *survey, int value);
/* The pairs of [项目信息]. */
size_t dk_survey_project(const dk_survey *survey, const char *const **ret_keys, const char *const **ret_values);
/* What was decided and what was put right, one sentence a line. Complete when all parcels are read. */
const char *dk_survey_notes(dk_survey *survey);

#endif
