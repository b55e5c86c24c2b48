/* Names by their sound: readings as dictionaries and the places themselves have them. */
#include "store/pinyin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void names_of_places_are_found_by_how_they_are_read(void **state)
{
    (void)state;
    const struct {
        const char *name, *typed;
    } found[] = {
        {"亳州市", "bozhou"},    {"亳州市", "bzs"},      {"歙县", "shexian"},     {"歙县", "sx"},
        {"六安市", "luan"},      {"六安市", "liuan"},    {"六安市", "lu'an"},     {"六安市", "las"},
        {"砀山县", "dangshan"},  {"砀山县", "dsx"},      {"厦门市", "xiamen"},    {"大厦", "dasha"},
        {"长丰县", "changfeng"}, {"村长", "cunzhang"},   {"重庆市", "chongqing"}, {"重点", "zhongdian"},
        {"乐桥镇", "leqiao"},    {"音乐", "yinyue"},     {"朝阳", "chaoyang"},    {"朝霞", "zhaoxia"},
        {"蚌埠市", "bengbu"},    {"涡阳县", "guoyang"},  {"枞阳县", "zongyang"},  {"黟县", "yixian"},
        {"濉溪县", "suixi"},     {"埇桥区", "yongqiao"}, {"泗县", "sixian"},      {"颍上县", "yingshang"},
        {"吕集村", "lvji"},      {"吕集村", "LÜ JI"},    {"周寨镇", "zzz"},       {"周寨镇", "zhouzhaizhen"},
        {"周寨镇", "zhouzh"},    {"周寨镇", "ZZ"},       {"李庄镇薛楼村", "xlc"}, {"李庄镇薛楼村", "xuelou"},
        {"薛楼3组", "xl3z"},     {"三坝集村委会", "sbj"},
    };
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        char typed[DK_PINYIN_SOUND + 1];
        assert_true(dk_pinyin_typed(found[i].typed, strlen(found[i].typed), typed));
        if (!dk_pinyin_match(found[i].name, strlen(found[i].name), typed, NULL))
            fail_msg("%s is not found by %s", found[i].name, found[i].typed);
    }
    const struct {
        const char *name, *typed;
    } other[] = {
        {"周寨镇", "zzzz"}, {"周寨镇", "zlz"},   {"周寨镇", "zhouzi"}, {"周寨镇", "houz"},
        {"六安", "luanx"},  {"", "ab"},         {"2020", "er"},       {"薛楼", "xuelouc"},
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (dk_pinyin_match(other[i].name, strlen(other[i].name), other[i].typed, NULL))
            fail_msg("%s is found by %s", other[i].name, other[i].typed);
}

static void what_is_no_pinyin_is_not_taken_for_it(void **state)
{
    (void)state;
    const char *const none[] = {"", "z", "12", "周z", "zz-1", "a%", "…", "é", "z ", "''"};
    char typed[DK_PINYIN_SOUND + 1];
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (dk_pinyin_typed(none[i], strlen(none[i]), typed))
            fail_msg("%s is taken for pinyin", none[i]);
    char much[200];
    memset(much, 'z', sizeof much);
    assert_true(dk_pinyin_typed(much, sizeof much, typed));
    assert_int_equal(strlen(typed), DK_PINYIN_SOUND);
}

typedef struct sounds {
    const char *wanted;
    size_t n;
    bool found;
} sounds;

static bool compare_sound(const char *sound, size_t size, void *user)
{
    sounds *s = user;
    s->n++;
    s->found |= strncmp(sound, s->wanted, strlen(s->wanted)) == 0;
    assert_true(size <= DK_PINYIN_SOUND && strlen(sound) == size);
    return true;
}

/* What the index keeps is what the comparison finds: the beginnings of its sounds. */
static void the_sounds_of_a_name_begin_with_what_finds_it(void **state)
{
    (void)state;
    const struct {
        const char *name, *typed;
    } found[] = {
        {"周寨镇", "zzz"},       {"周寨镇", "zhouzhai"}, {"李庄镇薛楼村", "xlc"}, {"李庄镇薛楼村", "xuelouc"},
        {"六安市", "lu"},        {"六安市", "liuan"},    {"重庆路", "cql"},       {"重庆路", "zql"},
        {"长丰县朝阳村", "cycun"}, {"乐桥", "yq"},
    };
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        sounds s = {.wanted = found[i].typed};
        const bool expected = strcmp(found[i].typed, "cycun") != 0; /* initials and syllables are not mixed */
        dk_pinyin_sounds(found[i].name, strlen(found[i].name), compare_sound, &s);
        if (s.found != expected)
            fail_msg("%s by %s: %d", found[i].name, found[i].typed, s.found);
    }
    char many[600] = "";
    for (int i = 0; i < 40; i++)
        strcat(many, "重长乐朝");
    sounds s = {.wanted = "zz"};
    dk_pinyin_sounds(many, strlen(many), compare_sound, &s);
    assert_true(s.n <= 24 * 8);
}

static void readings_are_few_and_the_common_one_is_first(void **state)
{
    (void)state;
    const char *readings[DK_PINYIN_READINGS];
    assert_int_equal(dk_pinyin_readings(0x4EB3, readings), 1); /* 亳 */
    assert_string_equal(readings[0], "bo");
    assert_int_equal(dk_pinyin_readings(0x957F, readings), 2); /* 长 */
    assert_int_equal(dk_pinyin_readings(0x6751, readings), 1); /* 村 */
    assert_string_equal(readings[0], "cun");
    for (uint32_t c = 0; c < 0x40000; c += c < 0xA000 ? 1 : 7) {
        const size_t n = dk_pinyin_readings(c, readings);
        for (size_t i = 0; i < n; i++)
            assert_true(strlen(readings[i]) > 0 && strspn(readings[i], "abcdefghijklmnopqrstuvwxyz") == strlen(readings[i]));
        assert_true(n == 0 || c >= 0x3400 || c == 0x3007); /* 〇 */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_places_are_found_by_how_they_are_read),
        cmocka_unit_test(what_is_no_pinyin_is_not_taken_for_it),
        cmocka_unit_test(the_sounds_of_a_name_begin_with_what_finds_it),
        cmocka_unit_test(readings_are_few_and_the_common_one_is_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
