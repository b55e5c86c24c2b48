/* Transformations from old datums against published values, and against PROJ with pipelines that are written here. */
#include "ingest/transformation.h"

#include <math.h>
#include <proj.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static dk_status read_text(const char *text, dk_transformation **ret_transformation, dk_error *err)
{
    char path[] = "/tmp/dikuai-test-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    const dk_status status = dk_transformation_read(path, ret_transformation, err);
    if (status != DK_OK) /* the path is another each time: it is taken off */
        memmove(err->text, err->text + strlen(path), strlen(err->text + strlen(path)) + 1);
    unlink(path);
    return status;
}

static dk_transformation *accepted(const char *text)
{
    dk_transformation *transformation = NULL;
    dk_error err = {0};
    if (read_text(text, &transformation, &err) != DK_OK)
        fail_msg("%s", err.text);
    return transformation;
}

static void refused(const char *text, const char *because)
{
    dk_transformation *transformation = NULL;
    dk_error err = {0};
    assert_int_not_equal(read_text(text, &transformation, &err), DK_OK);
    if (strstr(err.text, because) == NULL)
        fail_msg("%s", err.text);
    assert_null(strstr(err.text, "1234567"));
}

/* Longitude and latitude in degrees through the steps, from an ellipsoid. */
static void through(const dk_transformation *transformation, double a, double rf, double lonlat[2])
{
    dk_buf steps;
    dk_buf_init(&steps);
    dk_buf_text(&steps, "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad");
    assert_true(dk_transformation_steps(transformation, a, rf, &steps));
    dk_buf_text(&steps, " +step +proj=unitconvert +xy_in=rad +xy_out=deg");
    PJ *pj = proj_create(NULL, dk_buf_cstr(&steps));
    assert_non_null(pj);
    const PJ_COORD to = proj_trans(pj, PJ_FWD, proj_coord(lonlat[0], lonlat[1], 0, 0));
    lonlat[0] = to.xy.x;
    lonlat[1] = to.xy.y;
    proj_destroy(pj);
    dk_buf_finish(&steps);
}

/* IOGP Publication 373-7-2, 4.3.3.1 and 4.3.3.2 (EPSG methods 9606 and 9607): 55° N 4° E of WGS 72 (6378135, 298.26) is
 * 55°00'00.090" N 4°00'00.554" E of WGS 84. The same parameters in the other convention have the opposite rotation. */
static void the_worked_example_of_iogp_in_both_conventions(void **state)
{
    (void)state;
    static const char *const files[] = {
        "{name: a, from: beijing54, method: helmert7, convention: position_vector, x: 0, y: 0, z: 4.5, rx: 0, ry: 0, "
        "rz: 0.554, scale: 0.219}",
        "{name: a, from: beijing54, to: cgcs2000, method: helmert7, convention: coordinate_frame, x: 0.0, y: 0.0, z: "
        "4.5, "
        "rx: 0.0, ry: 0.0, rz: -0.554, scale: 0.219}"};
    for (size_t i = 0; i < 2; i++) {
        dk_transformation *transformation = accepted(files[i]);
        double lonlat[2] = {4, 55};
        through(transformation, 6378135, 298.26, lonlat);
        assert_true(fabs((lonlat[0] - 4) * 3600 - 0.554) < 0.0006); /* published to a thousandth */
        assert_true(fabs((lonlat[1] - 55) * 3600 - 0.090) < 0.0006);
        dk_transformation_free(transformation);
    }
}

static void refusals_say_where_without_values(void **state)
{
    (void)state;
#define SEVEN "name: a\nfrom: xian80\nmethod: helmert7\nconvention: position_vector\n"
#define REST "y: 1.1234567\nz: 1\nrx: 1\nry: 1\nrz: 1\nscale: 1\n"
    refused("", ":1: the transformation file is empty; write at least name, from, method and convention");
    refused(SEVEN "x: 12.1234567 m\n" REST, ":5: x: this is no number");
    refused(SEVEN "x: !secret 12.1234567\n" REST "q: 1\n", ":12: …: '…' is not a key here");
    refused("{name: a, from: xian80, x:12.1234567, y: 1}", "'…' is not a key here; use name");
    refused(SEVEN "x: 1\n12.1234567: 1\n" REST, ":6: …: '…' is not a key here");
    refused("- 12.1234567\n", ":1: is a list; write a mapping");
    refused("name: a\nfrom: x12.1234567\nmethod: helmert7\nscale: 1\n", ":2: from: '…' is not datum");
    refused("name: 12.1234567\nfrom: xian80\nmethod: helmert7\nscale: 1\n", ":1: name: … is a number here");
    refused(SEVEN "x: 1\n" REST "to: wgs84\n", ":12: to: '…' is not datum");
    refused(SEVEN "x: 1\n" REST "tolerance: -1\n", "tolerance: write metres above 0");
    refused(SEVEN "x: 1\n" REST "extent: [118, 31, 117, 32]\n", "extent: write west, south, east and north");
    refused(SEVEN "x: 1\n" REST "extent: [118.1234567, 31]\n", "extent:");
    refused(SEVEN "x: 1\n" REST "systems: {from: EPSG:999999, to: EPSG:4548}\n",
            "systems.from: EPSG:999999 is no coordinate system");
    refused(SEVEN "x: 1\n" REST "systems: {from: EPSG:2436, to: EPSG:4548}\n",
            "is of Beijing 1954, and Xian 1980 is needed");
    refused(SEVEN "x: 1\n\tbad: 12.1234567\n" REST, "this is not YAML");
    refused(SEVEN "x: 12.1234567\n" REST "x: 1\n", "is written twice");
    refused("name: \"a\\nb\"\nfrom: xian80\nmethod: helmert7\nscale: 1\n",
            ":1: name: write one line of at most 159 bytes");
    refused(
        SEVEN
        "x: 1\n" REST "systems: {from: EPSG:2384, to: EPSG:4548}\ncontrol_points:\n"
        "  - {name: '示例示例示例示例示例示例示例示例示例示例示例示例示例示例', from: [1.1234567, 1], to: [1, 1]}\n",
        ":14: control_points[0].name: write one line of at most 63 bytes");
    refused(SEVEN "x: [12.1234567]\n" REST, ":5: x: this is no number");
    /* 0.5" is 2.42e-6 rad; 4.4 ppm a factor of 1.0000044. */
    static const char *const others[][2] = {
        {"rx: 0.00000242\nscale: 4.4\n", ":10: rx: this is less than a ten-thousandth of a second"},
        {"rx: 0.5\nscale: 0.0000044\n", ":11: scale: this is less than a thousandth of a part"},
        {"rx: 0.5\nscale: -4.4e-6\n", ":11: scale: this is less than a thousandth of a part"},
        {"rx: 0.5\nscale: 1.0000044\n", ":11: scale: this looks like a factor"},
        {"rx: 0.5\nscale: 0.9999956\n", ":11: scale: this looks like a factor"}};
    char text[300];
    for (size_t i = 0; i < 5; i++) {
        snprintf(text, sizeof text, SEVEN "x: 1\ny: 1\nz: 1\nry: 0\nrz: 1\n%s", others[i][0]);
        refused(text, others[i][1]);
    }
    dk_transformation_free(accepted(SEVEN "x: 1\ny: 1\nz: 1\nrx: 0\nry: -0.0001\nrz: 1\nscale: 1\n"));
    dk_transformation_free(accepted(SEVEN "x: 1\ny: 1\nz: 1\nrx: 0\nry: 0\nrz: 1\nscale: -0.001\n"));
#undef SEVEN
#undef REST
}

static void a_folder_is_no_transformation_file(void **state)
{
    (void)state;
    dk_transformation *transformation = NULL;
    dk_error err = {0};
    assert_int_equal(dk_transformation_read("/tmp", &transformation, &err), DK_INVALID);
    assert_non_null(strstr(err.text, "/tmp: a folder"));
    assert_int_equal(dk_transformation_read("/nowhere/at/all", &transformation, &err), DK_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_example_of_iogp_in_both_conventions),
        cmocka_unit_test(refusals_say_where_without_values),
        cmocka_unit_test(a_folder_is_no_transformation_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
