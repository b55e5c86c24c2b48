/* What a source was when it was loaded, and whether it still is. */
#include "ingest/fingerprint.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" /* FIPS 180-2, appendix B.1 */

static char root[] = "/tmp/dk-fingerprint-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    return mkdtemp(root) == NULL ? -1 : chdir(root);
}

static int tear_down(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return chdir("/") != 0 ? -1 : system(command);
}

/* A file with a time of its own: two writes within one tick of a file system's clock have the same. */
static void put(const char *name, const char *text, time_t time)
{
    const struct timespec times[2] = {{time, 0}, {time, 0}};
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static dk_fingerprint listed(const char *path)
{
    dk_fingerprint found = {0};
    dk_error err = {0};
    if (dk_fingerprint_list(path, &found, &err) != DK_OK)
        fail_msg("%s", err.text);
    return found;
}

static void the_parts_of_a_shapefile_are_hashed_in_any_case(void **state)
{
    (void)state;
    dk_error err = {0};
    put("a.SHP", "abc", 1);
    put("a.dbf", "", 1);
    put("a.Prj", "x", 1);
    put("a.txt", "x", 1);
    put("ab.dbf", "x", 1);
    dk_fingerprint found = listed("a.SHP");
    assert_int_equal(dk_fingerprint_hash(&found, NULL, &err), DK_OK);
    assert_int_equal(found.n_files, 3);
    assert_string_equal(found.files[0].name, "a.SHP");
    assert_string_equal(found.files[0].sha256, ABC);
    assert_int_equal(found.files[0].bytes, 3);
    assert_string_equal(found.files[1].name, "a.Prj");
    assert_string_equal(found.files[2].name, "a.dbf");
    dk_fingerprint_finish(&found);
}

static const char *change_told(const dk_fingerprint *of, const char *shown)
{
    static dk_error err;
    err = (dk_error){0};
    return dk_fingerprint_unchanged(of, shown, &err) == DK_OK ? "" : err.text;
}

static void whatever_is_done_to_a_file_meanwhile_is_told(void **state)
{
    (void)state;
    put("a.shp", "abc", 1000);
    put("a.dbf", "abc", 1000);
    dk_fingerprint found = listed("a.shp");
    assert_string_equal(change_told(&found, "d/a.shp"), "");
    put("a.cpg", "UTF-8", 2000); /* which nobody asked for when it was opened */
    assert_string_equal(change_told(&found, "d/a.shp"), "");
    put("a.dbf", "abd", 1001);
    assert_string_equal(change_told(&found, "d/a.shp"),
                        "d/a.shp: a.dbf was changed while it was read; load it again when nobody writes to it");
    put("a.dbf", "abc", 1000); /* on FAT it has another inode when it is looked at again */
    assert_int_equal(rename("a.dbf", "kept"), 0);
    put("a.dbf", "abc", 1000);
    assert_string_equal(change_told(&found, "d/a.shp"), "");
    put("new", "xyz", 1001); /* of the same size */
    assert_int_equal(rename("new", "a.shp"), 0);
    assert_string_equal(change_told(&found, "d/a.shp"),
                        "d/a.shp: was changed while it was read; load it again when nobody writes to it");
    dk_fingerprint_finish(&found);
    found = listed("a.shp");
    put("a.shp", "abcd", 1000);
    assert_string_not_equal(change_told(&found, "a.shp"), "");
    dk_fingerprint_finish(&found);
    found = listed("a.shp");
    assert_int_equal(unlink("a.dbf"), 0);
    assert_string_not_equal(change_told(&found, "a.shp"), "");
    dk_fingerprint_finish(&found);
}

static void an_archive_counts_for_what_is_in_it_and_locks_for_nothing(void **state)
{
    (void)state;
    put("a.zip", "abc", 1000);
    dk_fingerprint found = listed("a.zip/里/b.csv");
    assert_int_equal(found.n_files, 1);
    put("a.zip", "abd", 1001);
    assert_string_equal(change_told(&found, "a.zip/里/b.csv"),
                        "a.zip/里/b.csv: a.zip was changed while it was read; load it again when nobody writes to it");
    dk_fingerprint_finish(&found);
    assert_int_equal(mkdir("库.gdb", 0755), 0);
    put("库.gdb/a00000001.gdbtable", "abc", 1000);
    put("库.gdb/_gdb.PC1.1234.sr.lock", "", 1000);
    found = listed("库.gdb");
    assert_int_equal(found.n_files, 2);
    assert_int_equal(unlink("库.gdb/_gdb.PC1.1234.sr.lock"), 0);
    assert_string_equal(change_told(&found, "库.gdb"), "");
    put("库.gdb/a00000001.gdbtable", "abd", 1001);
    assert_string_equal(
        change_told(&found, "库.gdb"),
        "库.gdb: a00000001.gdbtable was changed while it was read; load it again when nobody writes to it");
    dk_fingerprint_finish(&found);
    assert_int_equal(mkfifo("pipe.csv", 0600), 0);
    found = listed("pipe.csv");
    assert_int_equal(found.n_files, 0);
    dk_fingerprint_finish(&found);
}

static void hashing_ends_when_nobody_wants_it(void **state)
{
    (void)state;
    const atomic_bool stop = true;
    dk_error err = {0};
    put("a.geojson", "abc", 1);
    dk_fingerprint found = listed("a.geojson");
    assert_int_equal(dk_fingerprint_hash(&found, &stop, &err), DK_LIMIT);
    assert_string_equal(found.files[0].sha256, "");
    dk_fingerprint_finish(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_parts_of_a_shapefile_are_hashed_in_any_case, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whatever_is_done_to_a_file_meanwhile_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_archive_counts_for_what_is_in_it_and_locks_for_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hashing_ends_when_nobody_wants_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
