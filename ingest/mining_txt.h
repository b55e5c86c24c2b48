/* 报盘 TXT of mining rights, form C of ingest/mining_boundary.h, as the registration software of 采矿权 writes it:
 *
 *   [登记项目]                              a section; a second one of this name begins another right
 *   ***…项目内容***                         decoration
 *   矿山名称=…                              key=value
 *   坐标系统=2                              2: Xian 1980; or a name
 *   矿区范围拐点坐标与标高的总行数= 5       of the lines XY that follow
 *   XY001=1,2588801.00,39438457.00          点号, X (north), Y (east, with its zone), not closed
 *   XY005=标高,220,100,,1                   上标高, 下标高, 描述, flag (1 圈入, -1 扣除): ends a ring
 *
 * It is told from the coordinate TXT of 勘测定界 (ingest/survey_txt.h) by what stands in it. The file is read twice, so
 * that all keys are known before the first right. */
#ifndef DK_INGEST_MINING_TXT_H
#define DK_INGEST_MINING_TXT_H

#include "ingest/mining_boundary.h"
#include "ingest/text_lines.h"

#define DK_MINING_TXT_MAX_KEYS 256
#define DK_MINING_TXT_MAX_LINES 20000 /* XY, of a right; the software allows 1000 points */

typedef struct dk_mining_right {
    int64_t line;              /* where it begins */
    const char *const *values; /* of each key, UTF-8, "" where it says nothing; valid until the next right */
    int epsg; /* of what 坐标系统 says and the numbers show; 0, or of an old datum alone: one of them does not, and why
                 not: */
    char system_problem[300];
    const char *problem; /* a sentence why its boundary cannot be read, or NULL */
} dk_mining_right;

typedef struct dk_mining_txt dk_mining_txt;

/* Whether the lines of a text are of this form and not of 勘测定界; false also for what cannot be read. */
bool dk_mining_txt_is(const char *path, const dk_encoding *encoding);
/* DK_INVALID etc. with a sentence that names path. */
dk_status dk_mining_txt_open(const char *path, const dk_encoding *encoding, dk_mining_txt **ret_txt, dk_error *err);
/* The same over bytes in memory, which must outlive the reader. */
dk_status dk_mining_txt_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_mining_txt **ret_txt,
                                    dk_error *err);
void dk_mining_txt_close(dk_mining_txt *txt); /* NULL-safe */

size_t dk_mining_txt_keys(const dk_mining_txt *txt, const char *const **ret_keys);
/* DK_OK with a right and its boundary, which holds if there is no problem; DK_END; or a failure of the whole file. */
dk_status dk_mining_txt_next(dk_mining_txt *txt, dk_mining_boundary *boundary, dk_mining_right *ret_right,
                             dk_error *err);

dk_encoding dk_mining_txt_encoding(const dk_mining_txt *txt);
bool dk_mining_txt_either(const dk_mining_txt *txt);    /* its bytes are text in UTF-8 and in GB18030 */
int64_t dk_mining_txt_rights(const dk_mining_txt *txt); /* how many there are */
/* The code of the first right that is on an old datum, else of the first that has one; 0 with a sentence, without the
 * path, if one has none. On an old datum with a sentence, too, if a right does not say its zone. */
int dk_mining_txt_epsg(const dk_mining_txt *txt, const char **ret_problem);
/* What was left out and what contradicts itself, one sentence a line. Complete when all rights are read. */
const char *dk_mining_txt_notes(dk_mining_txt *txt);

#endif
