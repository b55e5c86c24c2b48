/* Profiles that a load saved: read again, each file has what it was read with. */
#include "ingest/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const dk_kind kind = {.name = "parcel"};
static const char *text_of_profile;

typedef struct file {
    const char *given, *path,
        *layer; /* as the command named it, as it was found, and how it was read; NULL: left out */
} file;

/* The profile that it writes. Frees it. */
static dk_profile *read_back(dk_profile_writer *writer)
{
    static char text[4000];
    char path[] = "/tmp/dk-profile-XXXXXX";
    dk_profile *profile = NULL;
    dk_error err = {0};
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(dk_profile_writer_write(writer, path, &err), DK_OK);
    dk_profile_writer_free(writer);
    FILE *from = fopen(path, "rb");
    assert_non_null(from);
    text[fread(text, 1, sizeof text - 1, from)] = '\0';
    fclose(from);
    text_of_profile = text;
    if (dk_profile_read(path, &profile, &err) != DK_OK)
        print_error("%s\n%s", err.text, text);
    unlink(path);
    assert_non_null(profile);
    return profile;
}

static dk_profile *saved(const file *files, size_t n)
{
    dk_mapping mapping = {0};
    dk_profile_writer *writer = dk_profile_writer_create();
    assert_non_null(writer);
    for (size_t i = 0; i < n; i++) {
        const dk_file_settings settings = {.layer = files[i].layer};
        assert_true(files[i].layer == NULL ? dk_profile_writer_skip(writer, files[i].given, files[i].path)
                                           : dk_profile_writer_add(writer, files[i].given, files[i].path, &settings,
                                                                   &kind, NULL, &mapping));
    }
    return read_back(writer);
}

/* NULL: no entry fits. "skip": it is left out. */
static const char *layer_of(dk_profile *profile, const char *path)
{
    const dk_file_settings none = {0};
    dk_file_settings settings = {0};
    bool skip = false;
    dk_error err = {0};
    assert_int_equal(dk_profile_settings(profile, path, &none, &settings, &skip, &err), DK_OK);
    return skip ? "skip" : settings.layer;
}

static void each_has_its_own(const file *files, size_t n)
{
    dk_profile *profile = saved(files, n);
    for (size_t i = 0; i < n; i++) {
        const char *layer = layer_of(profile, files[i].path);
        if (layer == NULL || strcmp(layer, files[i].layer) != 0)
            print_error("%s: %s\n%s", files[i].path, layer != NULL ? layer : "no entry", text_of_profile);
        assert_string_equal(layer, files[i].layer);
    }
    dk_profile_free(profile);
}

static void a_folder_is_found_again_wherever_it_lies(void **state)
{
    (void)state;
    static const char *const given[] = {"/data/资料/", "/data/资料", "资料", "./资料/", "../x/资料//", "/data/./资料"};
    static const char *const folder[] = {"/data/资料", "/data/资料", "资料", "./资料", "../x/资料", "/data/./资料"};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        char a[100], b[100], zip[100];
        snprintf(a, sizeof a, "%s/a.dxf", folder[i]);
        snprintf(b, sizeof b, "%s/旧/b.dxf", folder[i]);
        snprintf(zip, sizeof zip, "%s/包.zip/里/c.dxf", folder[i]);
        const file files[] = {{given[i], a, "红线"}, {given[i], b, "地块"}, {given[i], zip, "线"}};
        each_has_its_own(files, 3);
        dk_profile *profile = saved(files, 3);
        for (size_t k = 0; k < sizeof folder / sizeof *folder; k++) {
            snprintf(b, sizeof b, "%s/旧/b.dxf", folder[k]);
            snprintf(zip, sizeof zip, "%s/包.zip/里/c.dxf", folder[k]);
            assert_string_equal(layer_of(profile, b), "地块");
            assert_string_equal(layer_of(profile, zip), "线");
        }
        assert_null(layer_of(profile, "/data/别的/a.dxf"));
        dk_profile_free(profile);
    }
    static const file here[] = {{".", "./a.dxf", "甲"}, {".", "./旧/a.dxf", "乙"}, {"..", "../旧/b.dxf", "丙"}};
    each_has_its_own(here, 3);
}

/* 资料.zip is often unpacked into 资料/资料. */
static void a_file_does_not_take_what_another_of_its_name_was_read_with(void **state)
{
    (void)state;
    static const file nested[] = {{"资料", "资料/1.txt", "一"},
                                  {"资料", "资料/资料/1.txt", "二"},
                                  {"资料", "资料/资料/资料/1.txt", "一"},
                                  {"资料", "资料/旧/1.txt", "三"},
                                  {"资料", "资料/2.txt", "二"}};
    each_has_its_own(nested, 5);
    static const file alone[] = {
        {"1.txt", "1.txt", "一"}, {"旧/1.txt", "旧/1.txt", "二"}, {"新/1.TXT", "新/1.TXT", "三"}};
    each_has_its_own(alone, 3);
    static const file twins[] = {{"/a/资料", "/a/资料/1.txt", "一"}, {"/bb/资料", "/bb/资料/1.txt", "二"}};
    each_has_its_own(twins, 2);
}

static void names_are_no_patterns(void **state)
{
    (void)state;
    static const file odd[] = {{"f", "f/a[1].txt", "一"},
                               {"f", "f/a1.txt", "二"},
                               {"f", "f/a*.txt", "三"},
                               {"f", "f/a\\?.txt", "四"},
                               {"f", "f/\"引\" : #号\t\x7f.txt", "五"},
                               {"f", "f/\xC2\x85\xE2\x80\xA8.txt", "六"}};
    each_has_its_own(odd, 6);
}

static void files_of_one_ending_that_were_read_alike_are_one_entry(void **state)
{
    (void)state;
    static const file alike[] = {{"f", "f/a.dxf", "红线"}, {"f", "f/b.DXF", "红线"}, {"f", "f/c.csv", "甲"}};
    dk_profile *profile = saved(alike, 3);
    assert_string_equal(layer_of(profile, "别的.Dxf"), "红线");
    assert_string_equal(layer_of(profile, "/x/别的.csv"), "甲");
    assert_null(layer_of(profile, "f/c.txt"));
    dk_profile_free(profile);
}

/* As 说明*.txt of the profile that the load was given. */
static void what_was_left_out_is_left_out_again(void **state)
{
    (void)state;
    static const file files[] = {{"f", "f/a.txt", "勘测"}, {"f", "f/说明.txt", NULL}, {"f", "f/旧.dwg", NULL}};
    dk_profile *profile = saved(files, 3);
    assert_string_equal(layer_of(profile, "f/a.txt"), "勘测");
    assert_string_equal(layer_of(profile, "f/说明.txt"), "skip");
    assert_string_equal(layer_of(profile, "g/别的.dwg"), "skip");
    dk_profile_free(profile);
}

static dk_file_settings settings_of(dk_profile *profile, const char *path)
{
    const dk_file_settings none = {0};
    dk_file_settings settings = {0};
    bool skip = false;
    dk_error err = {0};
    assert_int_equal(dk_profile_settings(profile, path, &none, &settings, &skip, &err), DK_OK);
    return settings;
}

static dk_profile *saved_with(const dk_file_settings *settings)
{
    dk_mapping mapping = {0};
    dk_profile_writer *writer = dk_profile_writer_create();
    assert_non_null(writer);
    assert_true(dk_profile_writer_add(writer, "XM-01", "XM-01/a.txt", settings, &kind, NULL, &mapping));
    return read_back(writer);
}

/* The project of another folder is another one. */
static void what_follows_from_names_of_files_does_so_again(void **state)
{
    (void)state;
    static const dk_pair sets[] = {{.name = "project_id", .value = "{folder}"},
                                   {.name = "division", .value = "341321"}};
    const dk_file_settings told = {.columns = {.sets = sets, .n_sets = 2}};
    dk_profile *first = saved_with(&told);
    const dk_file_settings used = settings_of(first, "XM-01/a.txt");
    assert_string_equal(used.columns.sets[0].value, "XM-01");
    dk_profile *second = saved_with(&used);
    const dk_file_settings again = settings_of(second, "XM-02/b.txt");
    assert_int_equal(again.columns.n_sets, 2);
    assert_string_equal(again.columns.sets[0].value, "XM-02");
    assert_string_equal(again.columns.sets[1].value, "341321");
    /* Unpacked or not, it is the same project. */
    assert_string_equal(settings_of(second, "资料/XM-03.ZIP/b.txt").columns.sets[0].value, "XM-03");
    assert_string_equal(settings_of(second, "资料/XM-03.zip/XM-04/b.txt").columns.sets[0].value, "XM-04");
    dk_profile_free(first);
    dk_profile_free(second);
}

/* A slip in a profile is the profile's: no file that it is about is to be called unreadable. */
static void fields_that_there_are_not_are_told_with_their_line(void **state)
{
    (void)state;
    static dk_field fields[] = {{.name = "id"},
                                {.name = "approved_on", .type = DK_FIELD_DATE},
                                {.name = "area_m2", .type = DK_FIELD_NUMBER, .computed = DK_COMPUTED_AREA}};
    static const dk_kind parcel = {.name = "parcel", .fields = fields, .n_fields = 3};
    static const char text[] = "files:\n"
                               "  - match: a\n"
                               "    fields: {id: A,\n"
                               "             idd: B}\n"
                               "  - match: b\n"
                               "    set:\n"
                               "      id: \"{folder}\"\n"
                               "      approved_on: '2020.6'\n"
                               "  - match: c\n"
                               "    fields: {area_m2: MJ}\n"
                               "  - match: d\n"
                               "    merged: {approved_on: first}\n"
                               "  - {match: e, fields: {id: A}, set: {approved_on: \"{name}\"}}\n"
                               "  - {match: f, skip: true, set: {nothing: A}}\n";
    static const struct {
        const char *path, *said; /* NULL: it is good */
    } cases[] = {{"x/a", ":4: fields: idd: parcel has no such field; it has: id, approved_on, area_m2"},
                 {"x/b", ":8: set: approved_on: \"2020.6\" is no date; write it as 2020-06-15"},
                 {"x/c", ":10: fields: area_m2: this field is computed from the geometry"},
                 {"x/d", ":12: merged: approved_on: this field is no amount"},
                 {"x/e", NULL},
                 {"x/none", NULL}};
    char path[] = "/tmp/dk-profile-XXXXXX";
    const int fd = mkstemp(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    dk_profile *profile = NULL;
    dk_error err = {0};
    assert_int_equal(dk_profile_read(path, &profile, &err), DK_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dk_status status = dk_profile_check(profile, cases[i].path, &parcel, &err);
        assert_int_equal(status == DK_OK, cases[i].said == NULL);
        if (cases[i].said == NULL)
            continue;
        assert_memory_equal(err.text, path, strlen(path));
        assert_memory_equal(err.text + strlen(path), cases[i].said, strlen(cases[i].said));
    }
    dk_profile_free(profile);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_found_again_wherever_it_lies),
        cmocka_unit_test(a_file_does_not_take_what_another_of_its_name_was_read_with),
        cmocka_unit_test(names_are_no_patterns),
        cmocka_unit_test(what_follows_from_names_of_files_does_so_again),
        cmocka_unit_test(fields_that_there_are_not_are_told_with_their_line),
        cmocka_unit_test(what_was_left_out_is_left_out_again),
        cmocka_unit_test(files_of_one_ending_that_were_read_alike_are_one_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
