/* Uploads through the child process: what comes back, what is said when it cannot be read, and that nothing stays. */
#include "tiler/convert.h"
#include "tiler/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char red_line[] =
    "[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n投影类型=高斯克吕格\n计量单位=米\n带号=39\n"
    "精度=0.001\n转换参数=,,,,,,\n[地块坐标]\n5,3.0000,DK001,地块1,面,,工业用地,,@\n"
    "J1,1,3521000.000,39520000.000\nJ2,1,3521000.000,39520200.000\nJ3,1,3521150.000,39520200.000\n"
    "J4,1,3521150.000,39520000.000\nJ1,1,3521000.000,39520000.000\n";

typedef struct world {
    dk_temp_root *root;
    dk_config config;
    char script[300];
} world;

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    const char *parent = getenv("TMPDIR");
    assert_non_null(w);
    assert_int_equal(dk_temp_root_create(parent != NULL ? parent : "/tmp", &w->root, NULL), DK_OK);
    w->config.ingest = getenv("DK_INGEST_PROGRAM");
    w->config.temp_folder = dk_temp_root_path(w->root);
    assert_non_null(w->config.ingest);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    size_t n = 0;
    DIR *folder = opendir(w->config.temp_folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        n += strncmp(entry->d_name, "job-", 4) == 0;
    closedir(folder);
    dk_temp_root_remove(w->root);
    free(w);
    return (int)n; /* what a conversion left */
}

/* A program in the place of dikuai-ingest. */
static void pretend(world *w, const char *text)
{
    snprintf(w->script, sizeof w->script, "%.280s/ingest", w->config.temp_folder);
    FILE *file = fopen(w->script, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(w->script, 0700), 0);
    w->config.ingest = w->script;
}

static dk_status convert(const world *w, const char *data, const char *suffix, dk_buf *out, dk_error *err)
{
    dk_buf_init(out);
    return dk_convert_upload(&w->config, data, strlen(data), suffix, out, err);
}

/* The corner is that of the published example of such a file. */
static void a_coordinate_txt_becomes_an_outline(void **state)
{
    dk_buf out;
    dk_error err;
    assert_int_equal(convert(*state, red_line, "txt", &out, &err), DK_OK);
    const char *text = dk_buf_cstr(&out);
    assert_non_null(strstr(text, "\"FeatureCollection\""));
    assert_non_null(strstr(text, "117.21122498, 31.811770426"));
    dk_buf_finish(&out);
}

static void what_cannot_be_read_is_a_sentence_for_the_sender(void **state)
{
    dk_buf out;
    dk_error err;
    assert_int_equal(convert(*state, "no coordinates", "txt", &out, &err), DK_INVALID);
    assert_int_equal(strncmp(err.text, "upload.txt: ", 12), 0);
    assert_null(strchr(err.text, '\n'));
    dk_buf_finish(&out);
    assert_int_equal(convert(*state, "PK no archive", "zip", &out, &err), DK_INVALID);
    dk_buf_finish(&out);
}

static void a_suffix_names_no_place(void **state)
{
    static const char *const bad[] = {"", "../x", "t/x", "TXT", "averylongsuffix", "a.b"};
    dk_buf out;
    dk_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(convert(*state, red_line, bad[i], &out, &err), DK_INVALID);
        dk_buf_finish(&out);
    }
}

static void without_a_program_nothing_is_converted(void **state)
{
    world *w = *state;
    dk_buf out;
    dk_error err;
    w->config.ingest = NULL;
    assert_int_equal(convert(w, red_line, "txt", &out, &err), DK_BUSY);
    dk_buf_finish(&out);
    w->config.ingest = "/nowhere/dikuai-ingest";
    assert_int_equal(convert(w, red_line, "txt", &out, &err), DK_IO);
    dk_buf_finish(&out);
}

static void a_program_that_dies_or_floods_is_bounded(void **state)
{
    world *w = *state;
    dk_buf out;
    dk_error err;
    pretend(w, "kill -9 $$");
    assert_int_equal(convert(w, red_line, "txt", &out, &err), DK_LIMIT);
    assert_null(strstr(err.text, "signal"));
    dk_buf_finish(&out);
    pretend(w, "while :; do head -c 1000000 /dev/zero; done");
    assert_int_equal(convert(w, red_line, "txt", &out, &err), DK_LIMIT);
    assert_true(out.size <= DK_CONVERT_RESULT_MAX);
    dk_buf_finish(&out);
    pretend(w, "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1");
    assert_int_equal(convert(w, red_line, "txt", &out, &err), DK_INVALID);
    assert_true(strlen(err.text) < DK_ERROR_TEXT);
    dk_buf_finish(&out);
    pretend(w, "exit 3");
    assert_int_equal(convert(w, red_line, "txt", &out, &err), DK_LIMIT);
    dk_buf_finish(&out);
}

/* Nothing of the server's is there: its environment, its descriptors, its folder. */
static void the_program_sees_nothing_of_the_server(void **state)
{
    world *w = *state;
    dk_buf out;
    dk_error err;
    setenv("DK_SECRET", "of the server", 1);
    const int fd = dup(1);
    assert_true(fd > 2);
    pretend(w, "env; ls /proc/self/fd | wc -l; pwd; ps -o sid= -p $$; echo $$");
    assert_int_equal(convert(w, red_line, "txt", &out, &err), DK_OK);
    close(fd);
    unsetenv("DK_SECRET");
    const char *text = dk_buf_cstr(&out);
    assert_null(strstr(text, "DK_SECRET"));
    assert_non_null(strstr(text, "/job-"));
    assert_non_null(strstr(text, "\n4\n")); /* 0, 1, 2 and that of ls itself */
    int session = 0, self = 0;
    const char *end = strrchr(text, '/'); /* of pwd, the last line but two */
    end = strchr(end, '\n');
    assert_int_equal(sscanf(end, "%d %d", &session, &self), 2);
    assert_int_equal(session, self);
    dk_buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_coordinate_txt_becomes_an_outline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_a_sentence_for_the_sender, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_suffix_names_no_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_program_nothing_is_converted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_program_that_dies_or_floods_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_program_sees_nothing_of_the_server, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
