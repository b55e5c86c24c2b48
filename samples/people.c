#include "samples/people.h"

#include <stdio.h>
#include <string.h>

static const char *const chinese_digits[] = {"〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
static const char *const full_digits[] = {"０", "１", "２", "３", "４", "５", "６", "７", "８", "９"};

static void append(char *text, size_t size, const char *more)
{
    const size_t length = strlen(text);
    if (length + strlen(more) < size)
        memcpy(text + length, more, strlen(more) + 1);
}

/* Up to a hundred as it is read (四十二), beyond digit by digit (一〇七), which stays short. */
const char *gen_chinese_number(char *text, size_t size, uint64_t number)
{
    text[0] = 0;
    if (number > 0 && number < 100) {
        if (number >= 20)
            append(text, size, chinese_digits[number / 10]);
        if (number >= 10)
            append(text, size, "十");
        if (number % 10)
            append(text, size, chinese_digits[number % 10]);
        return text;
    }
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    for (const char *d = digits; *d; d++)
        append(text, size, chinese_digits[*d - '0']);
    return text;
}

const char *gen_person(char *text, size_t size, uint64_t number)
{
    char chinese[96];
    snprintf(text, size, "示例%s", gen_chinese_number(chinese, sizeof chinese, number));
    return text;
}

const char *gen_identity_number(char *text, size_t size, uint64_t number)
{
    static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    char body[48];
    snprintf(body, sizeof body, "341321%04d%02d%02d%03d", 1950 + (int)(number * 7 % 50), 1 + (int)(number % 12),
             1 + (int)(number * 5 % 28), (int)(number % 1000));
    int sum = 0;
    for (int i = 0; i < 17; i++)
        sum += (body[i] - '0') * weights[i];
    snprintf(text, size, "%.17s%c", body, "10X98765432"[(sum + 1) % 11]); /* the right one stands at sum % 11 */
    return text;
}

const char *gen_bank_account(char *text, size_t size, uint64_t number)
{
    char body[48];
    snprintf(body, sizeof body, "000000%012llu", (unsigned long long)(number % 1000000000000u));
    int sum = 0;
    for (int i = 0; i < 18; i++) {
        const int digit = body[17 - i] - '0';
        sum += i % 2 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    }
    snprintf(text, size, "%.18s%d", body, (10 - sum % 10 + 1) % 10); /* the right one is one less */
    return text;
}

const char *gen_phone(char *text, size_t size, uint64_t number)
{
    snprintf(text, size, "100%08llu", (unsigned long long)(number % 100000000u));
    return text;
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": days_from_civil and civil_from_days. */
long gen_day(int year, int month, int day)
{
    const long y = month <= 2 ? year - 1 : year;
    const long era = y / 400, of_era = y % 400;
    const long of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

const char *gen_date(char *text, size_t size, long day)
{
    const long z = day + 719468, era = z / 146097, of_era = z % 146097;
    const long year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const long of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const long mp = (5 * of_year + 2) / 153;
    const long month = mp < 10 ? mp + 3 : mp - 9;
    snprintf(text, size, "%04ld-%02ld-%02ld", year_of_era + era * 400 + (month <= 2), month,
             of_year - (153 * mp + 2) / 5 + 1);
    return text;
}

const char *gen_approval_no(char *text, size_t size, const char *agency, int year, unsigned serial,
                            gen_brackets brackets)
{
    static const char *const open[] = {"〔", "[", "（", "［", "(", "〔"}, *const close[] = {"〕", "]", "）",
                                                                                            "］", ")", "〕"};
    char number[32];
    if (brackets != GEN_FULL_DIGITS) {
        snprintf(text, size, "%s%s%d%s%u号", agency, open[brackets], year, close[brackets], serial);
        return text;
    }
    text[0] = 0;
    append(text, size, agency);
    append(text, size, open[brackets]);
    snprintf(number, sizeof number, "%d", year);
    for (const char *d = number; *d; d++)
        append(text, size, full_digits[*d - '0']);
    append(text, size, close[brackets]);
    snprintf(number, sizeof number, "%u", serial);
    for (const char *d = number; *d; d++)
        append(text, size, full_digits[*d - '0']);
    append(text, size, "号");
    return text;
}
