/* Folders and archives as they lie on disks: what cannot be entered, links, names that come twice. */
#include "ingest/datasets.h"
#include "ingest/scans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static char root[] = "/tmp/dk-datasets-XXXXXX";
static uid_t before;

/* A folder of our own; permissions mean nothing to the superuser, so it is somebody else's who looks. */
static int set_up(void **state)
{
    (void)state;
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    before = geteuid();
    if (mkdtemp(root) == NULL || (before == 0 && (chmod(root, 0777) != 0 || seteuid(65534) != 0)))
        return -1;
    setenv("TMPDIR", root, 1); /* that of the tests may be for their own user only */
    return chdir(root);
}

static int tear_down(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", root, root);
    if (chdir("/") != 0 || (before == 0 && seteuid(0) != 0))
        return -1;
    return system(command);
}

static void put(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void le(unsigned char *to, unsigned long value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

/* A ZIP (APPNOTE 6.3.10) of stored files, each holding "x"; a name with a "/" at its end is a folder. */
static void put_zip(const char *path, const char *const *names, size_t n)
{
    unsigned char all[8000] = {0};
    size_t at = 0, offsets[8];
    for (size_t i = 0; i < 2 * n; i++) { /* the files, then the directory */
        const char *name = names[i % n];
        const size_t size = strlen(name), data = name[size - 1] == '/' ? 0 : 1, head = i < n ? 30 : 46;
        const unsigned long crc = data ? crc32(0, (const unsigned char *)"x", 1) : 0;
        unsigned char *to = all + at, *fields = to + (i < n ? 4 : 6);
        assert_true(n <= 8 && at + head + size + 100 < sizeof all);
        if (i < n)
            offsets[i] = at;
        le(to, i < n ? 0x04034b50 : 0x02014b50, 4);
        le(fields, 20, 2);
        le(fields + 10, crc, 4);
        le(fields + 14, data, 4);
        le(fields + 18, data, 4);
        le(fields + 22, size, 2);
        if (i >= n)
            le(to + 42, offsets[i - n], 4);
        memcpy(to + head, name, size);
        at += head + size;
        if (i < n && data)
            all[at++] = 'x';
        if (i == n - 1)
            offsets[7] = at;
    }
    unsigned char *end = all + at;
    le(end, 0x06054b50, 4);
    le(end + 8, n, 2);
    le(end + 10, n, 2);
    le(end + 12, at - offsets[7], 4);
    le(end + 16, offsets[7], 4);
    put(path, all, at + 22);
}

/* What is found: "name" or "name! problem", one a line, and the note. */
static const char *found_beside(const char *path, const char *store)
{
    static char text[2000];
    const dk_dataset *list;
    dk_datasets *sets = NULL;
    dk_error err = {0};
    if (dk_datasets_find(path, &(dk_datasets_options){.layer = true, .store = store}, &sets, &err) != DK_OK) {
        snprintf(text, sizeof text, "%s", err.text);
        return text;
    }
    const size_t n = dk_datasets_list(sets, &list);
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s%s\n", list[i].shown,
                               list[i].problem != NULL ? "! " : "", list[i].problem != NULL ? list[i].problem : "");
    snprintf(text + at, sizeof text - at, "%s", dk_datasets_note(sets));
    dk_datasets_free(sets);
    return text;
}

static const char *found(const char *path)
{
    return found_beside(path, NULL);
}

/* chmod 744 on a folder lets others list it and nothing more. */
static void a_folder_that_may_not_be_entered_is_named_and_keeps_nothing_else_out(void **state)
{
    (void)state;
    for (int mode = 0; mode <= 0400; mode += 0400) {
        assert_int_equal(mkdir("f", 0755), 0);
        assert_int_equal(mkdir("f/东乡", 0755), 0);
        put("f/a.geojson", "{}", 2);
        put("f/东乡/b.geojson", "{}", 2);
        assert_int_equal(chmod("f/东乡", (mode_t)mode), 0);
        assert_string_equal(found("f"),
                            "f/a.geojson\n"
                            "f/东乡! f/东乡: the folder cannot be read: Permission denied; see that this user may read "
                            "it and go into it\n");
        assert_int_equal(unlink("f/a.geojson"), 0);
        assert_string_equal(
            found("f"), "f: the folder holds no data with geometry that can be read, only: 东乡; f/东乡: the folder "
                        "cannot be read: Permission denied; see that this user may read it and go into it");
        assert_int_equal(chmod("f/东乡", 0755), 0);
        assert_int_equal(unlink("f/东乡/b.geojson"), 0);
        assert_int_equal(rmdir("f/东乡"), 0);
        assert_int_equal(rmdir("f"), 0);
    }
}

static void links_are_read_if_they_lead_to_files_and_else_named(void **state)
{
    (void)state;
    assert_int_equal(mkdir("f", 0755), 0);
    assert_int_equal(mkdir("f/村", 0755), 0);
    assert_int_equal(mkdir("other", 0755), 0);
    assert_int_equal(mkdir("other/库.gdb", 0755), 0);
    put("other/b.geojson", "{}", 2);
    assert_int_equal(symlink("../other/b.geojson", "f/b.geojson"), 0);
    assert_int_equal(symlink("../..", "f/村/all"), 0); /* outside: named */
    assert_int_equal(symlink("..", "f/村/up"), 0);     /* walked anyway */
    assert_int_equal(symlink("../other", "f/旧盘"), 0);
    assert_int_equal(symlink("/nowhere/c.geojson", "f/c.geojson"), 0);
    assert_int_equal(symlink("/nowhere/台账.xlsx", "f/台账.xlsx"), 0); /* which would not be read either */
    assert_string_equal(found("f"),
                        "f/b.geojson\n"
                        "f/c.geojson! f/c.geojson: is a link, and what it leads to cannot be read: No such file or "
                        "directory; bring that back, or remove the link\n"
                        "not read of it: 台账.xlsx, 旧盘 (a link to a folder), 村/all (a link to a folder)");
    assert_int_equal(unlink("f/b.geojson"), 0);
    assert_int_equal(unlink("f/c.geojson"), 0);
    assert_int_equal(symlink("../other/库.gdb", "f/库.gdb"), 0);
    assert_string_equal(found("f"),
                        "f/库.gdb\nnot read of it: 台账.xlsx, 旧盘 (a link to a folder), 村/all (a link to a folder)");
}

/* As programs unpack 红线.gdb.zip into a folder of the archive's name. */
static void a_geodatabase_in_a_folder_of_its_name_is_found(void **state)
{
    static const char *const entries[] = {"红线.gdb/", "红线.gdb/红线.gdb/a00000001.gdbtable",
                                          "红线.gdb/红线.gdb/a00000001.gdbtablx"};
    (void)state;
    assert_int_equal(mkdir("资料", 0755), 0);
    assert_int_equal(mkdir("资料/红线.gdb", 0755), 0);
    assert_int_equal(mkdir("资料/红线.gdb/红线.gdb", 0755), 0);
    put("资料/红线.gdb/红线.gdb/a00000001.gdbtable", "x", 1);
    assert_string_equal(found("资料"), "资料/红线.gdb/红线.gdb\n");
    assert_true(dk_datasets_holds("资料/红线.gdb/") && !dk_datasets_holds("资料/红线.gdb/红线.gdb"));
    assert_string_equal(found("资料/红线.gdb"), "资料/红线.gdb/红线.gdb\n");
    assert_string_equal(found("资料/红线.gdb/红线.gdb"), "资料/红线.gdb/红线.gdb\n");
    put_zip("红线.gdb.zip", entries, 3);
    assert_string_equal(found("红线.gdb.zip"), "红线.gdb.zip/红线.gdb/红线.gdb\n");
}

static void what_is_kept_beside_a_store_is_no_data_and_not_named(void **state)
{
    (void)state;
    static const char *const kept[] = {"县.gpkg",
                                       "县.gpkg-wal",
                                       "县.gpkg-shm",
                                       "县.gpkg-lock",
                                       "县.gpkg.access",
                                       "县.gpkg.access-wal",
                                       "县.gpkg.log-key",
                                       "县.gpkg.documents/00/ab",
                                       "县.gpkg.documents/incoming.geojson"};
    assert_int_equal(mkdir("f", 0755), 0);
    assert_int_equal(mkdir("f/旧", 0755), 0);
    assert_int_equal(mkdir("f/县.gpkg.documents", 0755), 0);
    assert_int_equal(mkdir("f/县.gpkg.documents/00", 0755), 0);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        char path[200];
        snprintf(path, sizeof path, "f/%s", kept[i]);
        put(path, "x", 1);
    }
    put("f/旧/县.gpkg", "x", 1); /* of the same name, and data */
    put("f/县.gpkg.docx", "x", 1);
    assert_int_equal(symlink("f/县.gpkg", "link.gpkg"), 0);
    assert_string_equal(found_beside("f", "f/县.gpkg"), "f/旧/县.gpkg\nnot read of it: 县.gpkg.docx");
    assert_string_equal(found_beside("f", "link.gpkg"), "f/旧/县.gpkg\nnot read of it: 县.gpkg.docx");
}

/* 点号,编码,东,北,高程 in a .dat, as CASS writes it, is no part of a MapInfo table. */
static void parts_of_a_data_set_that_is_not_there_are_named(void **state)
{
    (void)state;
    static const char *const files[] = {"a.TAB", "a.dat", "a.MAP", "a.id", "b.mid", "坐标.dat", "c.mid", "c.dbf"};
    assert_int_equal(mkdir("f", 0755), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[100];
        snprintf(path, sizeof path, "f/%s", files[i]);
        put(path, "x", 1);
    }
    assert_string_equal(found("f"), "f/a.TAB\nnot read of it: b.mid, c.dbf, c.mid, 坐标.dat");
}

static void an_archive_with_a_name_twice_keeps_nothing_of_its_folder_out(void **state)
{
    (void)state;
    static const char *const twice[] = {"p.geojson", "q.geojson", "p.geojson"}, *const once[] = {"p.geojson"};
    assert_int_equal(mkdir("f", 0755), 0);
    put_zip("f/a.zip", twice, 3);
    put_zip("f/b.zip", once, 1);
    assert_string_equal(found("f"),
                        "f/a.zip! f/a.zip: p.geojson: there are two of this name in it; unpack it and give what is "
                        "needed\nf/b.zip/p.geojson\n");
    assert_string_equal(found("f/a.zip"),
                        "f/a.zip: p.geojson: there are two of this name in it; unpack it and give what is needed");
}

/* As programs write them that are told to pack "." */
static void names_in_an_archive_may_begin_with_the_folder_itself(void **state)
{
    (void)state;
    static const char *const here[] = {"./", "./东乡/", "./东乡/p.geojson"}, *const up[] = {"./../p.geojson"},
                             *const twice[] = {"./p.geojson", "p.geojson"};
    put_zip("a.zip", here, 3);
    assert_string_equal(found("a.zip"), "a.zip/东乡/p.geojson\n");
    assert_string_equal(found("a.zip/东乡/p.geojson"), "a.zip/东乡/p.geojson\n");
    put_zip("b.zip", up, 1);
    assert_non_null(
        strstr(found("b.zip"), "b.zip: the name \"./../p.geojson\" in it is no name of a file inside the archive"));
    put_zip("c.zip", twice, 2);
    assert_non_null(strstr(found("c.zip"), "there are two of this name in it"));
}

/* Windows allows 255 characters; these are 300 bytes. */
#define LONG                                                                                                           \
    "关于砀山县二〇二〇年第三批次城镇建设用地征收土地的批复以及勘测定界图和被征收土地所有权人同意征收的意见与听证放弃书等附件之一关于砀山县二〇二〇年第三批次城镇建设用地征收土地的批复以及勘测定界图和被征"

static void names_that_are_too_long_for_this_system_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {LONG "/" LONG ".shp", LONG "/" LONG ".dbf", LONG "/" LONG "书.shp", LONG ".pdf",
                                        "Icon\r"};
    const dk_dataset *list;
    dk_datasets *sets = NULL;
    dk_scratch *scratch = NULL;
    dk_error err = {0};
    char *path = NULL;
    assert_true(strlen(LONG) > 255);
    put_zip("a.zip", names, 5);
    if (dk_datasets_find("a.zip", &(dk_datasets_options){.layer = true}, &sets, &err) != DK_OK)
        fail_msg("%s", err.text);
    assert_int_equal(dk_datasets_list(sets, &list), 2);
    assert_string_equal(list[0].shown, "a.zip/" LONG "/" LONG ".shp"); /* under its own name to all but the system */
    if (dk_dataset_ready(&list[0], &scratch, &path, &err) != DK_OK)
        fail_msg("%s", err.text);
    assert_int_equal(access(path, R_OK), 0);
    memcpy(path + strlen(path) - 3, "dbf", 3);
    assert_int_equal(access(path, R_OK), 0);
    free(path);
    dk_scratch_remove(scratch);
    assert_int_equal(dk_dataset_ready(&list[1], &scratch, &path, &err), DK_OK);
    assert_int_equal(access(path, R_OK), 0);
    memcpy(path + strlen(path) - 3, "dbf", 3);
    assert_int_not_equal(access(path, R_OK), 0); /* that of the other */
    free(path);
    dk_scratch_remove(scratch);
    dk_datasets_free(sets);
    static const char *const scale[] = {"1:2000/p.geojson"}, *const drive[] = {"C:/p.geojson"};
    put_zip("b.zip", scale, 1);
    assert_string_equal(found("b.zip"), "b.zip/1:2000/p.geojson\n");
    put_zip("c.zip", drive, 1);
    assert_non_null(strstr(found("c.zip"), "is no name of a file inside the archive"));
}

static void scans_that_cannot_be_reached_are_told_of(void **state)
{
    (void)state;
    dk_scans scans = {0};
    dk_error err = {0};
    assert_int_equal(mkdir("s", 0755), 0);
    put("s/皖政地〔2020〕1号.pdf", "x", 1);
    assert_int_equal(symlink("/nowhere/x.pdf", "s/皖政地〔2020〕2号.pdf"), 0); /* which opening tells of */
    assert_int_equal(dk_scans_add(&scans, "s", NULL, &err), DK_OK);
    assert_int_equal(scans.n, 2);
    dk_scans_finish(&scans);
    assert_int_equal(chmod("s", 0400), 0);
    assert_int_equal(dk_scans_add(&scans, "s", NULL, &err), DK_IO);
    assert_string_equal(err.text, "s: the folder cannot be read: Permission denied");
    dk_scans_finish(&scans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_that_may_not_be_entered_is_named_and_keeps_nothing_else_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(links_are_read_if_they_lead_to_files_and_else_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_geodatabase_in_a_folder_of_its_name_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_kept_beside_a_store_is_no_data_and_not_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_of_a_data_set_that_is_not_there_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_archive_with_a_name_twice_keeps_nothing_of_its_folder_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(names_in_an_archive_may_begin_with_the_folder_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_are_too_long_for_this_system_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scans_that_cannot_be_reached_are_told_of, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
