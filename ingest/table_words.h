/* Words by which rows of a table are known to be none of its data. */
#ifndef DK_INGEST_TABLE_WORDS_H
#define DK_INGEST_TABLE_WORDS_H

#include "ingest/cell.h"

#include <stdbool.h>

/* A text without blanks, short enough to be one of these words; "" if it is longer. */
void dk_table_squeeze(const dk_cell *cell, char ret[64]);

/* Of a squeezed text: */
/* 合计, 周寨镇小计, 合计：12户, 合计大写：壹万元整, and 其中：耕地 below; but 合计户 may be a name. */
bool dk_is_total_word(const char *word);
/* 小计 and no more. */
bool dk_is_bare_total(const char *word);
/* 共12户, 总共4件: digits, and one character at most for what is counted. */
bool dk_is_count_word(const char *word);
/* 制表人, 联系电话, 注：, as stands below a table. */
bool dk_is_footer_word(const char *word);
/* 第1页, 第1页共2页. */
bool dk_is_page_word(const char *word);
/* 一、周寨镇 and （二）单独选址, as groups of rows are called. */
bool dk_is_ordinal(const char *word);

/* 汇总 below a table, 周寨镇 汇总 below a group: what spreadsheet programs write beside the sums that they make.
 * Without the blank it may end a title. */
bool dk_is_made_total(const dk_cell *cell);

#endif
