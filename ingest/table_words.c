#include "ingest/table_words.h"

#include <ctype.h>
#include <string.h>

void dk_table_squeeze(const dk_cell *cell, char ret[64])
{
    size_t n = 0;
    ret[0] = '\0';
    if (cell->type != DK_CELL_TEXT)
        return;
    for (size_t at = 0; at < cell->size && n < 63;) {
        const size_t blank = dk_blank_at(cell->text + at, cell->size - at);
        if (blank == 0)
            ret[n++] = cell->text[at];
        at += blank > 0 ? blank : 1;
    }
    ret[n] = '\0';
}

bool dk_is_count_word(const char *word)
{
    word += strncmp(word, "总", strlen("总")) == 0 ? strlen("总") : 0;
    if (strncmp(word, "共", strlen("共")) != 0)
        return false;
    word += strlen("共");
    const size_t digits = strspn(word, "0123456789");
    return digits > 0 && strlen(word + digits) <= strlen("户");
}

static const char *const total_words[] = {"合计", "小计", "总计", "共计", "累计"};
enum { N_TOTAL_WORDS = sizeof total_words / sizeof *total_words };

/* Bytes of a word without a colon at its end. */
static size_t before_colon(const char *word)
{
    const size_t size = strlen(word);
    if (size > 1 && word[size - 1] == ':')
        return size - 1;
    return size > strlen("：") && strcmp(word + size - strlen("："), "：") == 0 ? size - strlen("：") : size;
}

bool dk_is_bare_total(const char *word)
{
    const size_t size = before_colon(word);
    for (size_t i = 0; i < N_TOTAL_WORDS; i++)
        if (size == strlen(total_words[i]) && memcmp(word, total_words[i], size) == 0)
            return true;
    return false;
}

/* Whether what stands behind 合计 says more of a sum: of how many, in which words. */
static bool goes_on_total(const char *behind)
{
    static const char *const words[] = {":", "：", "(", "（", "大写", "人民币", "金额", "面积", "数"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(behind, words[i], strlen(words[i])) == 0)
            return true;
    return isdigit((unsigned char)*behind);
}

bool dk_is_total_word(const char *word)
{
    static const char part[] = "其中";
    const size_t size = before_colon(word), n_part = sizeof part - 1;
    if (strncmp(word, part, n_part) == 0 && (word[n_part] == ':' || strncmp(word + n_part, "：", strlen("：")) == 0))
        return true;
    for (size_t i = 0; i < N_TOTAL_WORDS; i++) {
        const size_t n = strlen(total_words[i]);
        if (size >= n && memcmp(word + size - n, total_words[i], n) == 0)
            return true;
        if (size > n && memcmp(word, total_words[i], n) == 0 && goes_on_total(word + n))
            return true;
    }
    return false;
}

bool dk_is_made_total(const dk_cell *cell)
{
    static const char word[] = "汇总";
    size_t size = cell->type == DK_CELL_TEXT ? cell->size : 0;
    while (size > 0 && cell->text[size - 1] == ' ')
        size--;
    return size >= sizeof word - 1 && memcmp(cell->text + size - (sizeof word - 1), word, sizeof word - 1) == 0 &&
           (size == sizeof word - 1 || cell->text[size - sizeof word] == ' ');
}

bool dk_is_page_word(const char *word)
{
    if (strncmp(word, "第", strlen("第")) != 0)
        return false;
    word += strlen("第");
    const size_t digits = strspn(word, "0123456789");
    return digits > 0 && strncmp(word + digits, "页", strlen("页")) == 0;
}

bool dk_is_footer_word(const char *word)
{
    static const char *const words[] = {
        "制表",     "填表",       "填报人",    "填报日期", "填报时间", "审核人",     "审核：",       "复核",
        "负责人",   "单位负责人", "经办",      "联系人",   "联系电话", "监督电话",   "举报电话",     "咨询电话",
        "公示单位", "公示时间",   "公示日期",  "公示期",   "日期：",   "日期:",      "注：",         "注:",
        "备注：",   "备注:",      "说明：",    "说明:",    "以下空白", "（以下空白", "(以下空白",    "编制单位",
        "编制人",   "填报单位",   "统计人",    "制单",     "校核",     "校对",       "数据来源",     "领导签",
        "单位盖章", "单位（盖章", "单位(盖章", "打印日期", "打印时间", "人民币大写", "人民币（大写", "人民币(大写",
        "大写金额", "大写：",     "大写:"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(word, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

/* Bytes of the Chinese numeral with which a text begins. */
static size_t numeral_at(const char *text)
{
    static const char *const numerals[] = {"一", "二", "三", "四", "五", "六", "七", "八", "九", "十"};
    for (size_t i = 0; i < sizeof numerals / sizeof *numerals; i++)
        if (strncmp(text, numerals[i], strlen(numerals[i])) == 0)
            return strlen(numerals[i]);
    return 0;
}

bool dk_is_ordinal(const char *word)
{
    const size_t open = *word == '(' ? 1 : strncmp(word, "（", strlen("（")) == 0 ? strlen("（") : 0;
    size_t n = open;
    for (size_t numeral; (numeral = numeral_at(word + n)) > 0;)
        n += numeral;
    if (n == open)
        return false;
    return open > 0 ? word[n] == ')' || strncmp(word + n, "）", strlen("）")) == 0
                    : strncmp(word + n, "、", strlen("、")) == 0;
}
