#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/coverage.h"

static const char head[] = "title: t\npublisher: p\nmap_approval_no: none\nextent: [116, 34, 117, 35]\n"
                           "layers:\n"
                           "  - name: parcel\n    title: 地块\n    geometry: polygon\n    key: {field: id}\n"
                           "    fields: [{name: id, title: 编号, type: text, audience: public, required: true},"
                           " {name: approval_no, title: 文号, type: approval_no, audience: public}]\n"
                           "records:\n";
static const char divisions[] = "divisions:\n"
                                "  - {code: '341302', name: 旧区, successor: '341303'}\n"
                                "  - {code: '341303', name: 次区, successor: '341399'}\n"
                                "  - {code: '341399', name: 新区}\n"
                                "  - {code: '341302100', name: 旧镇}\n"
                                "  - {code: '341322100', name: 边镇, successor: '341302100'}\n"
                                "  - {code: '341322100001', name: 边村}\n"
                                "  - {code: '341322101001', name: 迁村, successor: '341321105200'}\n"
                                "  - {code: '341321105200', name: 周寨村}\n"
                                "  - {code: '341323', name: 将撤县, valid_to: '2027-06-30', successor: '341324'}\n"
                                "  - {code: '341324', name: 将设区, valid_from: '2027-07-01'}\n";

static dk_catalogue *parse(const char *records)
{
    char yaml[4096];
    dk_catalogue *catalogue = NULL;
    dk_error err = {0};
    snprintf(yaml, sizeof yaml, "%s%s%s", head, records, divisions);
    if (dk_catalogue_parse(yaml, strlen(yaml), "test", &catalogue, &err) != DK_OK)
        fail_msg("%s", err.text);
    return catalogue;
}

static const char plain[] =
    "  - name: book\n    title: 簿\n    key: {field: id}\n"
    "    fields: [{name: id, title: 编号, type: text, audience: public, required: true}]\n"
    "  - name: paper\n    title: 文件\n    key: {field: no}\n"
    "    fields: [{name: no, title: 文号, type: approval_no, audience: public, required: true}]\n"
    "  - name: approval\n    title: 批复\n    key: {field: no}\n"
    "    fields: [{name: no, title: 文号, type: approval_no, audience: public, required: true}]\n"
    "links:\n  - {from: parcel, to: approval, on: [{match: {approval_no: no}}]}\n"
    "  - {from: parcel, to: book, on: [{match: {approval_no: id}}]}\n";

static void the_county_of_a_code_is_that_of_its_successor_on_the_day(void **state)
{
    (void)state;
    static const struct {
        const char *code, *county;
    } table[] = {
        {"341399", "341399"},       {"341302", "341399"}, /* twice */
        {"341302100", "341399"},                          /* by its county */
        {"341322100", "341399"},                          /* by its own, then by that one's county */
        {"341322100001", "341399"},                       /* by its town's */
        {"341322101001", "341321"}, {"341322102001", "341322"}, {"341321000000", "341321"}, {"110101", "110101"},
    };
    dk_catalogue *catalogue = parse(plain);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char county[7];
        dk_county_on(catalogue, table[i].code, "2026-12-01", county);
        assert_string_equal(county, table[i].county);
    }
    static const char *const days[][2] = {{"2027-06-30", "341323"}, {"2027-07-01", "341324"}};
    for (size_t i = 0; i < 2; i++) {
        char county[7];
        dk_county_on(catalogue, "341323100", days[i][0], county);
        assert_string_equal(county, days[i][1]);
    }
    dk_catalogue_free(catalogue);
}

static void progress_is_about_the_first_record_by_number_that_is_on_the_map(void **state)
{
    (void)state;
    dk_catalogue *catalogue = parse(plain);
    assert_string_equal(dk_coverage_kind(catalogue)->name, "approval");
    dk_catalogue_free(catalogue);
    catalogue = parse("  - name: book\n    title: 簿\n    key: {field: id}\n"
                      "    fields: [{name: id, title: 编号, type: text, audience: public, required: true}]\n");
    assert_null(dk_coverage_kind(catalogue));
    dk_catalogue_free(catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_county_of_a_code_is_that_of_its_successor_on_the_day),
        cmocka_unit_test(progress_is_about_the_first_record_by_number_that_is_on_the_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
