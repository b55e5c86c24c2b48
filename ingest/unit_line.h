/* What the lines above a table, its title and its heads say about units. */
#ifndef DK_INGEST_UNIT_LINE_H
#define DK_INGEST_UNIT_LINE_H

#include "ingest/units.h"

enum { DK_UNIT_LINE_MOST = 4 };

typedef struct dk_unit_line {
    dk_unit units[DK_UNIT_LINE_MOST]; /* one of a dimension; DK_UNIT_NONE where two contradict each other */
    size_t n;
    unsigned contradicted; /* a bit for each dimension of which there are two units */
    bool unclear;          /* something of money or area stands there that is no unit, or two units of one dimension */
} dk_unit_line;

/* Adds what one text says: 单位：万元、亩, 金额单位：人民币万元 面积单位：亩, 面积：亩 补偿总额：万元, 单位 万元,
 * (万元), 金额以万元计. text: under dk_text_fold. title: it is a title, which may end in (万元). Counted things (户,
 * 人) are passed over; an office is none, though its name begins as a unit does: 填报单位：万载县自然资源局. */
void dk_unit_line_read(const char *text, bool title, dk_unit_line *line);

#endif
