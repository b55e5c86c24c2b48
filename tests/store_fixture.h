/* A small store for tests: parcels, approvals, notices and compensation in a temporary folder. */
#ifndef DK_TESTS_STORE_FIXTURE_H
#define DK_TESTS_STORE_FIXTURE_H

#include "store/load.h"
#include "store/query.h"
#include "store/store.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char fixture_yaml[] =
    "title: t\npublisher: p\nmap_approval_no: none\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: parcel\n    title: 地块\n    geometry: polygon\n"
    "    key: {field: id, qualify: [project_id, source]}\n    division: division\n    label: id\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true, tiles: true, search: true}\n"
    "      - {name: project_id, title: 项目, type: text, audience: public, tiles: true}\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public, search: true}\n"
    "      - {name: division, title: 区划, type: division, audience: public, tiles: true}\n"
    "      - {name: village, title: 村, type: text, audience: public, search: true}\n"
    "      - {name: owner, title: 户主, type: text, audience: staff, tiles: true, search: true}\n"
    "      - {name: phone, title: 电话, type: text}\n"
    "      - {name: area_ha, title: 面积, type: number, unit: ha, audience: public, declares_area: true}\n"
    "      - {name: area_m2, title: 椭球面积, type: number, unit: m2, audience: public, computed: area}\n"
    "records:\n"
    "  - name: approval\n    title: 批复\n    key: {field: approval_no}\n    date: approved_on\n"
    "    fields:\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public, required: true, search: true}\n"
    "      - {name: project_id, title: 项目, type: text, audience: public}\n"
    "      - {name: approved_on, title: 日期, type: date, audience: public}\n"
    "  - name: notice\n    title: 公告\n    key: {field: id}\n    date: published_on\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: project_id, title: 项目, type: text, audience: public}\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public}\n"
    "      - {name: published_on, title: 日期, type: date, audience: public}\n"
    "  - name: compensation\n    title: 补偿\n    key: {field: id, qualify: [approval_no]}\n    division: division\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: parcel_id, title: 地块, type: text, audience: public, required: true}\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public}\n"
    "      - {name: project_id, title: 项目, type: text, audience: public, inherit: parcel.project_id}\n"
    "      - {name: division, title: 区划, type: division, audience: public, inherit: parcel.division}\n"
    "      - {name: collective, title: 集体, type: text, audience: public}\n"
    "      - {name: group_no, title: 组, type: integer, audience: public}\n"
    "      - {name: payee, title: 户主, type: text, audience: staff}\n"
    "      - {name: total, title: 总额, type: number, audience: staff}\n"
    "    totals:\n"
    "      - {by: [project_id], sum: [total], min_rows: 3, audience: public}\n"
    "      - {by: [project_id, collective], sum: [total], min_rows: 3, audience: public}\n"
    "links:\n"
    "  - from: parcel\n    to: approval\n    on:\n"
    "      - match: {approval_no: approval_no}\n"
    "      - {match: {project_id: project_id}, unless: {approval_no: approval_no}}\n"
    "  - from: notice\n    to: parcel\n    on:\n"
    "      - match: {approval_no: approval_no}\n"
    "      - {match: {project_id: project_id}, unless: {approval_no: approval_no}}\n"
    "  - from: compensation\n    to: parcel\n    on:\n"
    "      - match: {parcel_id: key}\n"
    "      - match: {parcel_id: id, approval_no: approval_no}\n"
    "divisions:\n"
    "  - {code: '341321', name: 砀山县}\n"
    "  - {code: '341321100', name: 砀城镇}\n"
    "  - {code: '341321101', name: 赵屯镇}\n";

typedef struct fixture {
    char dir[64];
    char path[96];
    dk_store *store;
    const dk_catalogue *catalogue;
    dk_error err;
} fixture;

static inline void fixture_open(fixture *f, dk_open_mode mode)
{
    const dk_status status = dk_store_open(f->path, mode, &f->store, &f->err);
    if (status != DK_OK)
        fail_msg("%s", f->err.text);
    f->catalogue = dk_store_catalogue(f->store);
}

/* A store of a catalogue, in a folder of its own. */
static inline int fixture_begin(void **state, const char *yaml)
{
    fixture *f = calloc(1, sizeof *f);
    const char *parent = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/dikuai-test-XXXXXX", parent != NULL && strlen(parent) < 40 ? parent : "/tmp");
    if (mkdtemp(f->dir) == NULL)
        return -1;
    snprintf(f->path, sizeof f->path, "%s/a.dk", f->dir);
    if (dk_store_create(f->path, yaml, strlen(yaml), "fixture.yaml", &f->err) != DK_OK) {
        print_error("%s\n", f->err.text);
        return -1;
    }
    fixture_open(f, DK_WRITE);
    *state = f;
    return 0;
}

static inline int fixture_setup(void **state)
{
    return fixture_begin(state, fixture_yaml);
}

static inline int fixture_teardown(void **state)
{
    fixture *f = *state;
    dk_store_close(f->store);
    DIR *dir = opendir(f->dir);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", f->dir, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(f->dir);
    free(f);
    return 0;
}

/* A square as WKB: little endian polygon of one closed ring of five points. Returns its size, 93. */
static inline size_t square_wkb(unsigned char wkb[93], double west, double south, double size)
{
    const double ring[10] = {west,         south, west + size,  south, west + size,
                             south + size, west,  south + size, west,  south};
    const unsigned char head[13] = {1, 3, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0};
    memcpy(wkb, head, sizeof head);
    memcpy(wkb + sizeof head, ring, sizeof ring);
    return 93;
}

/* A load that is written row by row. */
static inline dk_load *load_begin(fixture *f, const char *kind, bool replace)
{
    dk_load *load = NULL;
    const dk_load_options options = {.source = "dir/source.csv", .replace = replace};
    if (dk_load_begin(f->store, dk_catalogue_kind(f->catalogue, kind), &options, &load, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return load;
}

/* Values are name, text pairs up to NULL; a text that starts with # is a number. */
static inline dk_row_report load_row(fixture *f, dk_load *load, const char *kind_name, const void *wkb, size_t wkb_size,
                                     ...)
{
    static int64_t source_row;
    const dk_kind *kind = dk_catalogue_kind(f->catalogue, kind_name);
    dk_value values[DK_MAX_FIELDS];
    for (size_t i = 0; i < kind->n_fields; i++)
        values[i] = dk_value_null();
    va_list args;
    va_start(args, wkb_size);
    for (const char *name; (name = va_arg(args, const char *)) != NULL;) {
        const char *text = va_arg(args, const char *);
        const int field = dk_kind_field(kind, name);
        assert_true(field >= 0);
        values[field] = text[0] != '#'                                 ? dk_value_text(text)
                        : kind->fields[field].type == DK_FIELD_INTEGER ? dk_value_integer(atoll(text + 1))
                                                                       : dk_value_real(atof(text + 1));
    }
    va_end(args);
    dk_row_report report;
    if (dk_load_row(load, values, wkb, wkb_size, NULL, ++source_row, &report, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return report;
}

static inline int64_t load_finish(fixture *f, dk_load *load)
{
    int64_t batch = -1;
    if (dk_load_finish(load, &batch, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return batch;
}

static inline int64_t publish(fixture *f, int64_t batch)
{
    int64_t generation = -1;
    if (dk_store_publish(f->store, batch, "tester", NULL, NULL, &generation, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return generation;
}

static inline int64_t generation_of(fixture *f)
{
    int64_t generation = -1;
    assert_int_equal(dk_store_generation(f->store, &generation, &f->err), DK_OK);
    return generation;
}

/* Keys of rows, joined by blanks. */
typedef struct keys {
    char text[4096];
    size_t n;
} keys;

static inline bool keys_add(const dk_row *row, void *user)
{
    keys *k = user;
    const size_t used = strlen(k->text);
    snprintf(k->text + used, sizeof k->text - used, "%s%s", k->n++ ? " " : "", row->key);
    return true;
}

static inline keys linked_keys(fixture *f, const char *kind, const char *key, const char *other)
{
    keys k = {0};
    const dk_viewer viewer = dk_viewer_public();
    if (dk_query_linked(f->store, dk_catalogue_kind(f->catalogue, kind), key, dk_catalogue_kind(f->catalogue, other),
                        &viewer, generation_of(f), NULL, 10000, false, keys_add, &k, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return k;
}

static inline keys all_keys(fixture *f, const char *kind)
{
    keys k = {0};
    const dk_viewer viewer = dk_viewer_public();
    const dk_query query = {.kind = dk_catalogue_kind(f->catalogue, kind),
                            .viewer = &viewer,
                            .generation = generation_of(f),
                            .limit = 10000};
    dk_buf next;
    dk_buf_init(&next);
    if (dk_query_page(f->store, &query, keys_add, &k, &next, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    dk_buf_finish(&next);
    return k;
}

static inline void print_finding(const char *sentence, void *user)
{
    (void)user;
    print_error("finding: %s\n", sentence);
}

static inline int64_t findings(fixture *f)
{
    int64_t n = -1;
    if (dk_store_check(f->store, print_finding, NULL, &n, &f->err) != DK_OK)
        fail_msg("%s", f->err.text);
    return n;
}

#endif
