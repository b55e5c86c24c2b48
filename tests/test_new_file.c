/* Files of which only their owner is to know, in a folder in which others may have put something under their names
 * before. */
#include "ingest/new_file.h"
#include "ingest/rejects.h"
#include "ingest/report.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static const char *in_folder(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", folder, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    const char *shared = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/dk-new-file-XXXXXX", shared != NULL ? shared : "/tmp");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"r.json", "r.json.part", "r.csv", "r.csv.part", "other", "target", "link"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i], path));
    return rmdir(folder);
}

/* A file that all may read, which is called other as well. */
static void leave_open_file(const char *name)
{
    char path[128], other[128];
    const int fd = open(in_folder(name, path), O_WRONLY | O_CREAT | O_EXCL, 0666);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0666), 0);
    close(fd);
    unlink(in_folder("other", other));
    assert_int_equal(link(path, other), 0);
}

/* It is its owner's, has no other name, and what was there stayed empty. */
static void assert_own(const char *name)
{
    char path[128];
    struct stat info;
    assert_int_equal(stat(in_folder(name, path), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(info.st_nlink, 1);
    assert_true(info.st_size > 0);
    assert_int_equal(stat(in_folder("other", path), &info), 0);
    assert_int_equal(info.st_size, 0);
}

static void a_report_is_its_owners(void **state)
{
    (void)state;
    char path[128];
    dk_error err = {0};
    dk_buf text;
    dk_buf_init(&text);
    dk_buf_text(&text, "{}");
    leave_open_file("r.json.part");
    assert_int_equal(dk_report_put(in_folder("r.json", path), &text, &err), DK_OK);
    assert_own("r.json");
    leave_open_file("r.json.part");
    assert_int_equal(dk_report_put(path, &text, &err), DK_OK); /* over the one before */
    assert_own("r.json");
    dk_buf_finish(&text);
}

static void so_are_rejects(void **state)
{
    (void)state;
    char path[128];
    dk_error err = {0};
    leave_open_file("r.csv.part");
    dk_rejects *rejects = dk_rejects_create(in_folder("r.csv", path));
    assert_non_null(rejects);
    assert_int_equal(dk_rejects_add_file(rejects, "a.shp", "cut off", &err), DK_OK);
    assert_int_equal(dk_rejects_finish(rejects, &err), DK_OK);
    dk_rejects_close(rejects);
    assert_own("r.csv");
}

static void a_link_is_not_followed_and_a_folder_is_an_error(void **state)
{
    (void)state;
    char path[128], target[128];
    struct stat info;
    assert_int_equal(symlink(in_folder("target", target), in_folder("link", path)), 0);
    FILE *file = dk_new_file(path, 0600);
    assert_non_null(file);
    fclose(file);
    assert_int_equal(stat(target, &info), -1);
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_null(dk_new_file(folder, 0600));
    assert_true(errno == EISDIR || errno == EPERM); /* of Linux, and of POSIX */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_its_owners),
        cmocka_unit_test(so_are_rejects),
        cmocka_unit_test(a_link_is_not_followed_and_a_folder_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
