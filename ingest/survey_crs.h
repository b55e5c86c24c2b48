/* The coordinate system of a coordinate TXT, from its header and its numbers. For survey_txt.c alone. */
#ifndef DK_INGEST_SURVEY_CRS_H
#define DK_INGEST_SURVEY_CRS_H

#include "store/buf.h"

#define DK_SURVEY_HEADER_TEXT 96

/* What [属性描述] says, trimmed UTF-8; "" where it says nothing. */
typedef struct dk_survey_header {
    char system[DK_SURVEY_HEADER_TEXT];     /* 坐标系 */
    char band[DK_SURVEY_HEADER_TEXT];       /* 几度分带 */
    char zone[DK_SURVEY_HEADER_TEXT];       /* 带号 */
    char meridian[DK_SURVEY_HEADER_TEXT];   /* 中央子午线 */
    char projection[DK_SURVEY_HEADER_TEXT]; /* 投影类型 */
    char unit[DK_SURVEY_HEADER_TEXT];       /* 计量单位 */
} dk_survey_header;

/* What the numbers of the parcels that can be read show, and the headers above them, which may differ in their zone. A
 * line is that of the first such parcel. */
typedef struct dk_survey_evidence {
    int64_t n_degrees, degrees_line;
    int64_t n_metres, metres_line;
    int64_t n_zone[100], zone_line[100];         /* parcels whose eastings begin with this zone */
    int64_t n_bare, bare_line;                   /* parcels whose eastings begin with none */
    int64_t n_bare_zone[46], bare_zone_line[46]; /* those of them whose header says this zone */
    int64_t unsaid_line; /* the first of them whose header does not say the zone, or says no zone's meridian; 0: none */
    char unsaid[700];    /* why not, if it contradicts itself */
    int64_t n_differing; /* parcels whose header says another zone than their eastings begin with */
    char differing_band[DK_SURVEY_HEADER_TEXT], differing_zone[DK_SURVEY_HEADER_TEXT]; /* what the first of them says */
} dk_survey_evidence;

/* The zone that a header says: 带号, or by 中央子午线. 0: none; -1: it contradicts itself, with a sentence. */
int dk_survey_zone_said(const dk_survey_header *header, char *ret_problem, size_t problem_size);
/* Adds a parcel in metres whose eastings begin with zone (0: none), under this header. */
void dk_survey_count_zone(dk_survey_evidence *evidence, const dk_survey_header *header, int zone, int64_t line);

/* The EPSG code; 0 with a sentence (problem_size bytes) that says what to pass. Where header and numbers differ and the
 * numbers decide, a sentence and a line end are appended to notes. A code of an old datum is returned as such, so that
 * it can be refused by its name. *ret_apart: the parcels are in several zones, and the code is that of one of them;
 * each then has that of dk_zone_epsg for its zone. */
int dk_survey_decide(const dk_survey_header *header, const dk_survey_evidence *evidence, bool *ret_apart,
                     char *ret_problem, size_t problem_size, dk_buf *notes);

#endif
