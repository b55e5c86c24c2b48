/* Filters in CQL2: the standard's examples from both languages, and what filters find in a small table, compared with
 * SQL written by hand and with GEOS asked directly. */
#include "store/cql2_sql.h"
#include "store/cql2_tree.h"
#include "store/geometry.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <geos_c.h>

#include <cmocka.h>

static const char yaml[] =
    "title: t\npublisher: p\nmap_approval_no: none\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: plot\n    title: 地块\n    geometry: polygon\n    key: {field: id}\n    division: division\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: village, title: 村, type: text, audience: public}\n"
    "      - {name: approval_no, title: 文号, type: approval_no, audience: public}\n"
    "      - {name: former_no, title: 原文号, type: approval_no, audience: public}\n"
    "      - {name: division, title: 区划, type: division, audience: public}\n"
    "      - {name: area, title: 面积, type: number, audience: public}\n"
    "      - {name: declared, title: 申报, type: number, audience: public}\n"
    "      - {name: floors, title: 层数, type: integer, audience: public}\n"
    "      - {name: begun, title: 开工, type: date, audience: public}\n"
    "      - {name: ended, title: 竣工, type: date, audience: public}\n"
    "      - {name: owner, title: 户主, type: text, audience: staff}\n"
    "      - {name: phone, title: 电话, type: text}\n"
    "records:\n"
    "  - name: note\n    title: 记录\n    key: {field: id}\n"
    "    fields:\n"
    "      - {name: id, title: 编号, type: text, audience: public, required: true}\n"
    "      - {name: payee, title: 户主, type: text, audience: staff}\n"
    "divisions:\n"
    "  - {code: '341321', name: 砀山县}\n"
    "  - {code: '341321100', name: 砀城镇}\n"
    "  - {code: '341321101', name: 赵屯镇, successor: '341321100'}\n"
    "  - {code: '341322', name: 萧县}\n";

/* Columns as in row_plot; outlines are WKT. */
static const char *const rows[][13] = {
    /* id village approval_no former_no division area declared floors begun ended owner phone outline */
    {"A1", "一村", "皖政地〔2020〕1号", "皖政地〔2019〕9号", "341321100", "1.5", "1.5", "2", "2020-01-15", "2020-12-31",
     "张三", "1", "MULTIPOLYGON(((116 34,116.1 34,116.1 34.1,116 34.1,116 34)))"},
    {"A2", "Straße", "皖政地〔2020〕1号、国土资函〔2013〕620号", NULL, "341321101", "2.5", "2", "3", "2021-01-15", NULL,
     "李四", "2", "MULTIPOLYGON(((116.1 34,116.2 34,116.2 34.1,116.1 34.1,116.1 34)))"},
    {"A3", "papá", "皖政地〔2021〕12号", "皖政地〔2021〕12号", "341321100", "-7", "7", "-7", "2020-06-01", "2020-06-30",
     NULL, "3", "MULTIPOLYGON(((116.05 34.05,116.15 34.05,116.15 34.15,116.05 34.15,116.05 34.05)))"},
    {"A4", "100%_\\", NULL, NULL, "341322", NULL, "0", NULL, NULL, "2020-06-30", "王五", "4", NULL},
    {"A5", NULL, "旧档第3卷", NULL, NULL, "0", NULL, "0", "2020-01-15", "2020-06-01", "赵六", "5",
     "MULTIPOLYGON(((116.5 34.5,116.6 34.5,116.6 34.6,116.5 34.6,116.5 34.5),(116.52 34.52,116.58 34.52,116.58 "
     "34.58,116.52 34.58,116.52 34.52)),((116.8 34.8,116.9 34.8,116.9 34.9,116.8 34.8)))"},
    {"A6", "PAPA", "皖政地〔2020〕3号", NULL, "341321", "1e3", "1000", "9", "2022-04-16", "2023-04-16", "", "6",
     "MULTIPOLYGON(((116.2 34,116.3 34,116.3 34.1,116.2 34.1,116.2 34)))"},
};
enum { N_ROWS = sizeof rows / sizeof *rows, N_COLUMNS = 12 };

typedef struct table {
    dk_catalogue *catalogue;
    const dk_kind *plot;
    sqlite3 *db;
    GEOSContextHandle_t geos;
    GEOSGeometry *outlines[N_ROWS];
    dk_error err;
} table;

static void silent(const char *message, void *user)
{
    (void)message;
    (void)user;
}

static int set_up(void **state)
{
    table *t = calloc(1, sizeof *t);
    if (dk_catalogue_parse(yaml, strlen(yaml), "plots.yaml", &t->catalogue, &t->err) != DK_OK) {
        print_error("%s\n", t->err.text);
        return -1;
    }
    t->plot = dk_catalogue_kind(t->catalogue, "plot");
    t->geos = GEOS_init_r();
    GEOSContext_setErrorMessageHandler_r(t->geos, silent, NULL);
    if (sqlite3_open(":memory:", &t->db) != SQLITE_OK || dk_cql2_functions(t->db, t->catalogue, &t->err) != DK_OK)
        return -1;
    assert_int_equal(
        sqlite3_exec(
            t->db,
            "CREATE TABLE row_plot(row INTEGER PRIMARY KEY, geom BLOB, f_id TEXT, f_village TEXT, f_approval_no TEXT,"
            " f_former_no TEXT, f_division TEXT, f_area REAL, f_declared REAL, f_floors INTEGER, f_begun DATE,"
            " f_ended DATE, f_owner TEXT, f_phone TEXT); CREATE TABLE row_note(row INTEGER PRIMARY KEY, geom BLOB,"
            " f_id TEXT, f_payee TEXT); INSERT INTO row_note VALUES(1,NULL,'N1','甲')",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_stmt *insert;
    assert_int_equal(sqlite3_prepare_v2(t->db,
                                        "INSERT INTO row_plot VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
                                        -1, &insert, NULL),
                     SQLITE_OK);
    for (int i = 0; i < N_ROWS; i++) {
        dk_buf blob;
        dk_shape shape;
        dk_buf_init(&blob);
        dk_shape_init(&shape);
        sqlite3_bind_int(insert, 1, i + 1);
        if (rows[i][12] == NULL) {
            dk_gpkg_append_empty(DK_POLYGONS, &blob); /* 无图形 */
        } else {
            GEOSWKTReader *reader = GEOSWKTReader_create_r(t->geos);
            GEOSWKBWriter *writer = GEOSWKBWriter_create_r(t->geos);
            size_t size = 0;
            t->outlines[i] = GEOSWKTReader_read_r(t->geos, reader, rows[i][12]);
            unsigned char *wkb = GEOSWKBWriter_write_r(t->geos, writer, t->outlines[i], &size);
            assert_int_equal(dk_shape_from_wkb(wkb, size, &shape, &t->err), DK_OK);
            dk_gpkg_append(wkb, size, &shape, &blob);
            GEOSFree_r(t->geos, wkb);
            GEOSWKBWriter_destroy_r(t->geos, writer);
            GEOSWKTReader_destroy_r(t->geos, reader);
        }
        sqlite3_bind_blob(insert, 2, blob.data, (int)blob.size, SQLITE_TRANSIENT);
        for (int c = 0; c < N_COLUMNS; c++)
            sqlite3_bind_text(insert, c + 3, rows[i][c], -1, SQLITE_STATIC);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
        dk_shape_finish(&shape);
        dk_buf_finish(&blob);
    }
    sqlite3_finalize(insert);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    table *t = *state;
    for (int i = 0; i < N_ROWS; i++)
        if (t->outlines[i] != NULL)
            GEOSGeom_destroy_r(t->geos, t->outlines[i]);
    GEOS_finish_r(t->geos);
    sqlite3_close(t->db);
    dk_catalogue_free(t->catalogue);
    free(t);
    return 0;
}

/* ---- asking ---- */

typedef struct found {
    char text[64]; /* row numbers, as "1 2 5" */
} found;

static found run(table *t, const dk_cql2 *filter, const char *kind, const char *condition)
{
    found f = {""};
    dk_buf sql;
    int next = 0;
    sqlite3_stmt *stmt = NULL;
    dk_buf_init(&sql);
    dk_buf_format(&sql, "SELECT row FROM row_%s r WHERE r.row>=?1 AND ", kind);
    if (filter != NULL) {
        if (dk_cql2_sql(filter, 2, &sql, &next, &t->err) != DK_OK)
            fail_msg("%s", t->err.text);
    } else {
        dk_buf_text(&sql, condition);
    }
    dk_buf_text(&sql, " ORDER BY row");
    if (sqlite3_prepare_v2(t->db, dk_buf_cstr(&sql), -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %.500s", sqlite3_errmsg(t->db), dk_buf_cstr(&sql));
    sqlite3_bind_int(stmt, 1, 0);
    if (filter != NULL) {
        assert_int_equal(sqlite3_bind_parameter_count(stmt), next - 1);
        if (dk_cql2_bind(filter, 2, stmt, &t->err) != DK_OK)
            fail_msg("%s", t->err.text);
    }
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const size_t used = strlen(f.text);
        snprintf(f.text + used, sizeof f.text - used, "%s%d", used > 0 ? " " : "", sqlite3_column_int(stmt, 0));
    }
    if (code != SQLITE_DONE)
        fail_msg("%s", sqlite3_errmsg(t->db));
    sqlite3_finalize(stmt);
    dk_buf_finish(&sql);
    return f;
}

static dk_cql2 *read_as(table *t, const char *text, dk_cql2_language language, const char *kind,
                        const dk_viewer *viewer)
{
    dk_cql2 *filter = NULL;
    if (dk_cql2_read(text, strlen(text), language, dk_catalogue_kind(t->catalogue, kind), viewer, NULL, &filter,
                     &t->err) != DK_OK)
        fail_msg("%.300s\n%s", text, t->err.text);
    return filter;
}

static found find_as(table *t, const char *text, const dk_viewer *viewer)
{
    dk_cql2 *filter = read_as(t, text, text[0] == '{' ? DK_CQL2_JSON : DK_CQL2_TEXT, "plot", viewer);
    const found f = run(t, filter, "plot", NULL);
    dk_cql2_free(filter);
    return f;
}

static found find(table *t, const char *text)
{
    const dk_viewer viewer = dk_viewer_public();
    return find_as(t, text, &viewer);
}

/* The sentence with which a filter is refused. */
static const char *refusal_as(table *t, const char *text, dk_cql2_language language, const char *kind,
                              const dk_viewer *viewer)
{
    dk_cql2 *filter = NULL;
    const dk_status status = dk_cql2_read(text, strlen(text), language, dk_catalogue_kind(t->catalogue, kind), viewer,
                                          NULL, &filter, &t->err);
    if (status == DK_OK)
        fail_msg("this was not refused: %.300s", text);
    assert_true(status == DK_INVALID || status == DK_LIMIT);
    assert_null(filter);
    return t->err.text;
}

static const char *refusal(table *t, const char *text)
{
    const dk_viewer viewer = dk_viewer_public();
    return refusal_as(t, text, text[0] == '{' ? DK_CQL2_JSON : DK_CQL2_TEXT, "plot", &viewer);
}

static void same(table *t, const char *filter, const char *condition)
{
    const found by_filter = find(t, filter), by_hand = run(t, NULL, "plot", condition);
    if (strcmp(by_filter.text, by_hand.text) != 0)
        fail_msg("%s\nfinds \"%s\", and by hand \"%s\"", filter, by_filter.text, by_hand.text);
}

/* ---- the standard's examples ---- */

static void print_shape(const dk_cql2_shape *shape, dk_buf *out)
{
    dk_buf_format(out, "<%d", (int)shape->type);
    for (size_t i = 0; i < 2 * shape->n; i++)
        dk_buf_format(out, " %.17g", shape->xy[i]);
    for (size_t i = 0; i < shape->n_lines; i++)
        dk_buf_format(out, " l%zu", shape->line_ends[i]);
    for (size_t i = 0; i < shape->n_polygons; i++)
        dk_buf_format(out, " p%zu", shape->polygon_ends[i]);
    for (const dk_cql2_shape *member = shape->members; member != NULL; member = member->next)
        print_shape(member, out);
    dk_buf_text(out, ">");
}

static void print_tree(const dk_cql2_node *node, dk_buf *out)
{
    switch (node->op) {
    case DK_OP_TEXT:
    case DK_OP_DATE:
    case DK_OP_TIMESTAMP:
    case DK_OP_OPEN:
    case DK_OP_PROPERTY:
    case DK_OP_FUNCTION:
        dk_buf_format(out, "%d:%s", (int)node->op, node->text.data);
        break;
    case DK_OP_INTEGER:
        dk_buf_format(out, "%lld", (long long)node->integer);
        break;
    case DK_OP_REAL:
        dk_buf_format(out, "r%.17g", node->real);
        break;
    case DK_OP_BOOLEAN:
        dk_buf_text(out, node->boolean ? "true" : "false");
        break;
    case DK_OP_GEOMETRY:
        print_shape(node->shape, out);
        break;
    case DK_OP_BBOX:
        for (int i = 0; i < 4; i++)
            dk_buf_format(out, "b%.17g ", node->box[i]);
        break;
    case DK_OP_INTERVAL:
    case DK_OP_ARRAY:
        dk_buf_text(out, node->op == DK_OP_ARRAY ? "array" : "interval");
        break;
    default:
        dk_buf_text(out, dk_cql2_op_name(node->op));
    }
    if (node->first == NULL)
        return;
    dk_buf_text(out, "(");
    for (const dk_cql2_node *operand = node->first; operand != NULL; operand = operand->next) {
        print_tree(operand, out);
        dk_buf_text(out, operand->next != NULL ? "," : ")");
    }
}

static void tree_of(const char *name, const char *text, size_t size, dk_cql2_language language, dk_buf *out)
{
    dk_arena *arena = dk_arena_create(1 << 24);
    dk_cql2_node *root = NULL;
    dk_error err;
    if (dk_cql2_tree_read(text, size, language, arena, &root, &err) != DK_OK)
        fail_msg("%s: %s", name, err.text);
    print_tree(root, out);
    dk_arena_free(arena);
}

static char *take_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    if (end != NULL)
        *end = '\0';
    *at = end != NULL ? end + 1 : line + strlen(line);
    return line;
}

static void the_examples_of_the_standard_are_read_and_mean_the_same_in_both_languages(void **state)
{
    (void)state;
    char path[512];
    static char text[65536];
    snprintf(path, sizeof path, "%s/tests/cql2/examples.txt", getenv("DK_ROOT"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    int n = 0, n_json = 0;
    for (char *at = text; *at != '\0';) {
        const char *name = take_line(&at);
        if (name[0] == '\0' || name[0] == '#')
            continue;
        const char *filter = take_line(&at), *json = take_line(&at);
        dk_buf from_text, from_json;
        dk_buf_init(&from_text);
        dk_buf_init(&from_json);
        tree_of(name, filter, strlen(filter), DK_CQL2_TEXT, &from_text);
        n++;
        if (strcmp(json, "-") != 0) {
            tree_of(name, json, strlen(json), DK_CQL2_JSON, &from_json);
            assert_string_equal(dk_buf_cstr(&from_text), dk_buf_cstr(&from_json));
            n_json++;
        }
        dk_buf_finish(&from_text);
        dk_buf_finish(&from_json);
    }
    assert_true(n >= 75 && n_json >= 40);
}

static void expressions_bind_as_the_grammar_says(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"1+2*3-4=a", "=(-(+(1,*(2,3)),4),9:a)"},
        {"(1+2)*3=a", "=(*(+(1,2),3),9:a)"},
        {"2*3^2=a", "=(*(2,^(3,2)),9:a)"},
        {"-2^2=a", "=(^(-2,2),9:a)"},
        {"7 div 2 % 3/4=a", "=(/(%(div(7,2),3),4),9:a)"},
        {"-a<2--1", "<(*(-1,9:a),-(2,-1))"},
        {"a=1 OR b=2 AND NOT c=3", "or(=(9:a,1),and(=(9:b,2),not(=(9:c,3))))"},
        {"NOT a=1 AND b=2", "and(not(=(9:a,1)),=(9:b,2))"},
        {"a=1 AND b=2 AND c=3", "and(=(9:a,1),=(9:b,2),=(9:c,3))"},
        {"a BETWEEN 1 AND 2 AND b=3", "and(between(9:a,1,2),=(9:b,3))"},
        {"casei(Accenti(\"and\")) like 'x'", "like(casei(accenti(9:and)),0:x)"},
        {"面积>1.5e1", ">(9:面积,r15)"},
        {"a='it''s \\'q\\' \\n \\\\ \\%'", "=(9:a,0:it's 'q' \n \\ \\%)"},
        {"A_EQUALS((),('a',(1,2),(3)))", "a_equals(array,array(0:a,array(1,2),3))"},
        {"S_EQUALS(POINT Z(1 2 3),MULTIPOINT((1 2),(3 4)))", "s_equals(<1 1 2>,<4 1 2 3 4>)"},
        {"S_EQUALS(POINTZ(-1.5 +2 .3),LINESTRING(1 2,3 4))", "s_equals(<1 -1.5 2>,<2 1 2 3 4 l2>)"},
        {"T_EQUALS(INTERVAL(a,'..'),INTERVAL('2020-01-01','2020-01-02T00:00:00Z'))",
         "t_equals(interval(9:a,6:..),interval(4:2020-01-01,5:2020-01-02T00:00:00Z))"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        dk_buf out;
        dk_buf_init(&out);
        tree_of(pairs[i][0], pairs[i][0], strlen(pairs[i][0]), DK_CQL2_TEXT, &out);
        assert_string_equal(dk_buf_cstr(&out), pairs[i][1]);
        dk_buf_finish(&out);
    }
}

/* ---- what filters find ---- */

static void comparisons_find_what_sql_finds(void **state)
{
    static const char *const pairs[][2] = {
        {"TRUE", "1"},
        {"false", "0"},
        {"village='一村'", "f_village='一村'"},
        {"'一村'=village", "f_village='一村'"},
        {"village<>'一村'", "f_village<>'一村'"},
        {"NOT village='一村'", "NOT f_village='一村'"},
        {"village>'A' AND village<='Z'", "f_village>'A' AND f_village<='Z'"},
        {"area>1", "f_area>1"},
        {"area>=1.5 AND area<1e3", "f_area>=1.5 AND f_area<1000"},
        {"1<floors", "f_floors>1"},
        {"area IS NULL", "f_area IS NULL"},
        {"area IS NOT NULL", "f_area IS NOT NULL"},
        {"NOT (area>1)", "NOT f_area>1"},
        {"NOT (area>1 AND village='一村')", "NOT(f_area>1 AND f_village='一村')"},
        {"NOT (area>1 OR NOT village='一村')", "NOT(f_area>1 OR NOT f_village='一村')"},
        {"area>1 OR village='PAPA' AND floors=3", "f_area>1 OR (f_village='PAPA' AND f_floors=3)"},
        {"(area>1 OR village='PAPA') AND floors=9", "(f_area>1 OR f_village='PAPA') AND f_floors=9"},
        {"area BETWEEN 0 AND 2.5", "f_area BETWEEN 0 AND 2.5"},
        {"area NOT BETWEEN 0 AND 2.5", "f_area NOT BETWEEN 0 AND 2.5"},
        {"floors IN (2,3.0,-7)", "f_floors IN (2,3,-7)"},
        {"floors NOT IN (2,3)", "f_floors NOT IN (2,3)"},
        {"village IN ('PAPA','一村')", "f_village IN ('PAPA','一村')"},
        {"area=declared", "f_area=f_declared"},
        {"declared<area", "f_declared<f_area"},
        {"begun<ended", "f_begun<f_ended"},
        {"begun=DATE('2020-01-15')", "f_begun='2020-01-15'"},
        {"begun>=DATE('2020-06-01')", "f_begun>='2020-06-01'"},
        {"begun>'2020-06-01'", "f_begun>'2020-06-01'"},
        {"begun=TIMESTAMP('2020-01-15T23:00:00Z')", "f_begun='2020-01-15'"},
        {"begun<TIMESTAMP('2020-06-01T23:00:00Z')", "f_begun<'2020-06-01'"},
        {"begun IN (DATE('2020-01-15'),'2022-04-16')", "f_begun IN ('2020-01-15','2022-04-16')"},
        {"begun BETWEEN DATE('2020-01-15') AND DATE('2020-12-31')", "f_begun BETWEEN '2020-01-15' AND '2020-12-31'"},
        {"DATE('2020-01-01')<TIMESTAMP('2020-01-02T00:00:00Z')", "1"},
        {"TIMESTAMP('2020-01-02T00:00:00.50Z')=TIMESTAMP('2020-01-02T00:00:00.5Z')", "1"},
        {"TIMESTAMP('2020-01-02T00:00:00.5Z')>TIMESTAMP('2020-01-02T00:00:00Z')", "1"},
        {"(area>1)=TRUE", "f_area>1"},
        {"(area>1)<>(floors>2)", "(f_area>1)<>(f_floors>2)"},
        {"(area>1)<(floors>-8)", "(f_area>1)<(f_floors>-8)"},
        /* arithmetic */
        {"area+1>2", "f_area+1>2"},
        {"floors/2>1", "f_floors/2.0>1"},
        {"floors div 2=-3", "f_floors/2=-3"},
        {"floors % 2=-1", "f_floors%2=-1"},
        {"floors % 2.5=0.5", "f_floors=3"},
        {"floors^2=49", "f_floors=-7"},
        {"-floors=7", "f_floors=-7"},
        {"area/declared>1", "f_declared<>0 AND f_area/f_declared>1"},
        {"area/floors IS NULL", "f_area IS NULL OR f_floors=0"},
        {"area-declared-1>-1.6", "f_area-f_declared-1>-1.6"},
        {"2*(area-declared)=1", "f_id='A2'"},
        {"9223372036854775807+floors>0", "f_floors IS NOT NULL"},
        /* LIKE */
        {"village LIKE '%村'", "substr(f_village,-1)='村'"},
        {"village LIKE '_村'", "f_village='一村'"},
        {"village LIKE 'pap_'", "f_village='papá'"},
        {"village LIKE 'PAP%'", "f_village='PAPA'"},
        {"village LIKE '%a%'", "instr(f_village,'a')>0"},
        {"village LIKE '100\\%\\_%'", "f_id='A4'"},
        {"village LIKE '%\\\\\\\\'", "f_id='A4'"},
        {"village NOT LIKE '%a%'", "instr(f_village,'a')=0"},
        {"village LIKE ''", "f_village=''"},
        {"village LIKE '%'", "f_village IS NOT NULL"},
        /* case and accents */
        {"CASEI(village)=CASEI('STRASSE')", "f_id='A2'"},
        {"CASEI(village)=CASEI('papa')", "f_id='A6'"},
        {"ACCENTI(village)=ACCENTI('papa')", "f_id='A3'"},
        {"CASEI(ACCENTI(village))=accenti(casei('PAPÁ'))", "f_id IN ('A3','A6')"},
        {"CASEI(village) LIKE CASEI('%P_')", "f_id IN ('A3','A6')"},
        {"CASEI(village) IN (CASEI('STRASSE'),CASEI('Papá'))", "f_id IN ('A2','A3')"},
        {"village='pap\xC3\xA1' AND village='papa\xCC\x81'", "f_id='A3'"}, /* composed and apart */
        /* what is constant */
        {"'a'='a'", "1"},
        {"1>2", "0"},
        {"1 IS NULL", "0"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        same(*state, pairs[i][0], pairs[i][1]);
}

static void numbers_of_approvals_are_found_in_any_brackets_and_among_several(void **state)
{
    static const char *const pairs[][2] = {
        {"approval_no='皖政地[2020]1号'", "1 2"},
        {"'皖政地（2020）01号'=approval_no", "1 2"},
        {"approval_no='国土资函〔2013〕620号'", "2"},
        {"approval_no='皖政地[2020]1号、国土资函[2013]620号'", "2"},
        {"approval_no='皖政地〔2020〕'", ""},
        {"approval_no='旧档第3卷'", "5"},
        {"approval_no<>'皖政地[2020]1号'", "3 5 6"},
        {"NOT approval_no='皖政地[2020]1号'", "3 5 6"},
        {"approval_no IN ('国土资函[2013]620号','皖政地[2021]12号')", "2 3"},
        {"approval_no NOT IN ('国土资函[2013]620号','皖政地[2021]12号')", "1 5 6"},
        {"approval_no LIKE '皖政地[2020]1号'", "1 2"},
        {"approval_no LIKE '皖政地〔2020〕%'", "1 2 6"},
        {"approval_no=former_no", "3"},
        {"A_CONTAINS(approval_no,('皖政地[2020]1号'))", "1 2"},
        {"A_CONTAINS(approval_no,('皖政地[2020]1号','国土资函[2013]620号'))", "2"},
        {"A_EQUALS(approval_no,('国土资函[2013]620号','皖政地[2020]1号'))", "2"},
        {"A_EQUALS(approval_no,('皖政地[2020]1号','皖政地〔2020〕1号'))", "1"},
        {"A_CONTAINEDBY(approval_no,('皖政地[2020]1号','皖政地[2020]3号'))", "1 6"},
        {"A_CONTAINEDBY(('皖政地[2020]1号'),approval_no)", "1 2"},
        {"A_OVERLAPS(approval_no,('国土资函[2013]620号','皖政地[2020]3号'))", "2 6"},
        {"NOT A_OVERLAPS(approval_no,('国土资函[2013]620号','皖政地[2020]3号'))", "1 3 5"},
        {"A_EQUALS(approval_no,former_no)", "3"},
        {"A_CONTAINS(approval_no,())", "1 2 3 5 6"},
        {"A_EQUALS(('a',1,TRUE),(TRUE,'a',1.0,1))", "1 2 3 4 5 6"},
        {"A_CONTAINS(('a','b'),('b','c'))", ""},
        {"{\"op\":\"a_overlaps\",\"args\":[{\"property\":\"approval_no\"},[\"国土资函[2013]620号\"]]}", "2"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(find(*state, pairs[i][0]).text, pairs[i][1]);
}

static void a_division_is_found_under_its_successor_too(void **state)
{
    table *t = *state;
    assert_string_equal(find(t, "division='341321100'").text, "1 2 3");
    assert_string_equal(find(t, "division='341321101'").text, "2");
    assert_string_equal(find(t, "division<>'341321100'").text, "4 6");
    assert_string_equal(find(t, "division IN ('341321100','341322')").text, "1 2 3 4");
    assert_string_equal(find(t, "division LIKE '341321100'").text, "1 2 3");
    assert_string_equal(find(t, "division LIKE '3413211%'").text, "1 2 3");
}

static void temporal_functions_hold_as_owl_time_says(void **state)
{
    static const char *const pairs[][2] = {
        /* annex A.9, of dates */
        {"T_AFTER(begun,DATE('2020-06-01'))", "f_begun>'2020-06-01'"},
        {"T_BEFORE(begun,DATE('2020-06-01'))", "f_begun<'2020-06-01'"},
        {"T_DISJOINT(begun,DATE('2020-06-01'))", "f_begun<>'2020-06-01'"},
        {"T_EQUALS(begun,DATE('2020-06-01'))", "f_begun='2020-06-01'"},
        {"T_INTERSECTS(begun,DATE('2020-06-01'))", "f_begun='2020-06-01'"},
        {"T_AFTER(begun,INTERVAL('2020-01-01','2020-12-31'))", "f_begun>'2020-12-31'"},
        {"T_BEFORE(begun,INTERVAL('2020-06-01','2020-12-31'))", "f_begun<'2020-06-01'"},
        {"T_DISJOINT(begun,INTERVAL('2020-06-01','2020-12-31'))", "f_begun<'2020-06-01' OR f_begun>'2020-12-31'"},
        {"T_EQUALS(begun,INTERVAL('2020-01-01','2020-12-31'))", "0"},
        {"T_EQUALS(begun,INTERVAL('2020-06-01','2020-06-01'))", "f_begun='2020-06-01'"},
        {"T_INTERSECTS(begun,INTERVAL('2020-01-15','..'))", "f_begun>='2020-01-15'"},
        {"T_INTERSECTS(begun,INTERVAL('..','2020-06-01'))", "f_begun<='2020-06-01'"},
        {"T_INTERSECTS(begun,INTERVAL('..','..'))", "f_begun IS NOT NULL"},
        {"NOT T_INTERSECTS(begun,INTERVAL('2020-06-01','2020-12-31'))", "f_begun<'2020-06-01' OR f_begun>'2020-12-31'"},
        {"T_INTERSECTS(begun,INTERVAL('2020-06-01T12:00:00Z','2020-12-31T00:00:00Z'))",
         "f_begun BETWEEN '2020-06-01' AND '2020-12-31'"},
        /* intervals of fields; an end that is NULL leaves open what depends on it */
        {"T_AFTER(INTERVAL(begun,ended),INTERVAL('..','2021-12-31'))", "f_begun>'2021-12-31'"},
        {"T_BEFORE(INTERVAL(begun,ended),INTERVAL('2021-01-01','..'))", "f_ended<'2021-01-01'"},
        {"T_CONTAINS(INTERVAL(begun,ended),INTERVAL('2020-05-01','2020-05-31'))", "f_id IN ('A1','A5')"},
        {"T_DURING(INTERVAL(begun,ended),INTERVAL('2020-01-14','2020-07-01'))", "f_id IN ('A3','A5')"},
        {"T_FINISHEDBY(INTERVAL(begun,ended),INTERVAL('2020-06-15','2020-06-30'))", "f_id='A3'"},
        {"T_FINISHES(INTERVAL(begun,ended),INTERVAL('2020-01-01','2020-06-30'))", "f_id='A3'"},
        {"T_MEETS(INTERVAL(begun,ended),INTERVAL('2020-06-30','2020-07-30'))", "f_ended='2020-06-30'"},
        {"T_METBY(INTERVAL(begun,ended),INTERVAL('2020-01-01','2020-01-15'))", "f_id IN ('A1','A5')"},
        {"T_OVERLAPPEDBY(INTERVAL(begun,ended),INTERVAL('2020-01-01','2020-06-15'))", "f_id IN ('A1','A3')"},
        {"T_OVERLAPS(INTERVAL(begun,ended),INTERVAL('2020-05-01','2020-06-15'))", "f_id='A5'"},
        {"T_STARTEDBY(INTERVAL(begun,ended),INTERVAL('2020-01-15','2020-06-01'))", "f_id='A1'"},
        {"T_STARTS(INTERVAL(begun,ended),INTERVAL('2020-01-15','..'))", "f_id IN ('A1','A5')"},
        {"T_EQUALS(INTERVAL(begun,ended),INTERVAL('2020-06-01','2020-06-30'))", "f_id='A3'"},
        {"NOT T_STARTS(INTERVAL(begun,ended),INTERVAL('2020-01-15','..'))", "f_id IN ('A2','A3','A6')"},
        {"T_INTERSECTS(INTERVAL(begun,'..'),ended)", "f_begun<=f_ended"},
        {"T_DURING(INTERVAL('1969-07-20T20:17:40Z','1969-07-21T17:54:00Z'),INTERVAL('1969-07-16T13:32:00Z',"
         "'1969-07-24T16:50:35Z'))",
         "1"},
        {"{\"op\":\"t_during\",\"args\":[{\"interval\":[{\"property\":\"begun\"},{\"property\":\"ended\"}]},"
         "{\"interval\":[\"2020-01-14\",\"2020-07-01\"]}]}",
         "f_id IN ('A3','A5')"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        same(*state, pairs[i][0], pairs[i][1]);
}

/* What GEOS says of two geometries, each function asked on its own. */
static bool geos_says(table *t, const char *function, const GEOSGeometry *a, const GEOSGeometry *b)
{
    static const struct {
        const char *name;
        char (*ask)(GEOSContextHandle_t geos, const GEOSGeometry *a, const GEOSGeometry *b);
    } functions[] = {{"S_INTERSECTS", GEOSIntersects_r}, {"S_EQUALS", GEOSEquals_r},    {"S_DISJOINT", GEOSDisjoint_r},
                     {"S_TOUCHES", GEOSTouches_r},       {"S_WITHIN", GEOSWithin_r},    {"S_OVERLAPS", GEOSOverlaps_r},
                     {"S_CROSSES", GEOSCrosses_r},       {"S_CONTAINS", GEOSContains_r}};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, function) == 0)
            return functions[i].ask(t->geos, a, b) == 1;
    fail_msg("%s", function);
    return false;
}

static const char *const spatial_functions[] = {"S_INTERSECTS", "S_EQUALS",   "S_DISJOINT", "S_TOUCHES",
                                                "S_WITHIN",     "S_OVERLAPS", "S_CROSSES",  "S_CONTAINS"};

static void spatial_functions_agree_with_geos(void **state)
{
    table *t = *state;
    /* the literal, and what GEOS is asked about */
    static const char *const literals[][2] = {
        {"POINT(116.05 34.05)", NULL},
        {"POINT Z(116.1 34.05 12)", "POINT(116.1 34.05)"},
        {"MULTIPOINT((116.05 34.02),(116.55 34.55))", NULL},
        {"LINESTRING(116 34,116.1 34)", NULL},
        {"LINESTRING(115.9 34.05,116.35 34.05)", NULL},
        {"MULTILINESTRING((116.01 34.01,116.09 34.09),(116.25 33.9,116.25 34.2))", NULL},
        {"POLYGON((116 34,116.1 34,116.1 34.1,116 34.1,116 34))", NULL},
        {"POLYGON((115 33,117 33,117 35,115 35,115 33),(116.4 34.4,116.7 34.4,116.7 34.7,116.4 34.7,116.4 34.4))",
         NULL},
        {"POLYGON((116.53 34.53,116.57 34.53,116.57 34.57,116.53 34.57,116.53 34.53))", NULL},
        {"MULTIPOLYGON(((116.05 34.05,116.25 34.05,116.25 34.2,116.05 34.2,116.05 34.05)),((116.81 34.805,116.85 34.81,"
         "116.84 34.83,116.81 34.805)))",
         NULL},
        {"BBOX(116.0,34.0,116.2,34.1)", "POLYGON((116 34,116.2 34,116.2 34.1,116 34.1,116 34))"},
        {"BBOX(116.1,34.0,-5,116.2,34.1,5)", "POLYGON((116.1 34,116.2 34,116.2 34.1,116.1 34.1,116.1 34))"},
        {"BBOX(116.1,34.0,116.1,34.1)", "LINESTRING(116.1 34,116.1 34.1)"},
        {"BBOX(116.1,34.0,116.1,34.0)", "POINT(116.1 34)"},
        {"BBOX(116.25,34,116.15,35)", "MULTIPOLYGON(((116.25 34,180 34,180 35,116.25 35,116.25 34)),((-180 34,116.15 "
                                      "34,116.15 35,-180 35,-180 34)))"},
        {"GEOMETRYCOLLECTION(POLYGON((116 34,116.1 34,116.1 34.1,116 34.1,116 34)),POLYGON((116.1 34,116.2 34,116.2 "
         "34.1,"
         "116.1 34.1,116.1 34)))",
         "POLYGON((116 34,116.2 34,116.2 34.1,116 34.1,116 34))"},
        {"GEOMETRYCOLLECTION(POINT(116.05 34.02),GEOMETRYCOLLECTION(POINT(116.55 34.55)))",
         "MULTIPOINT((116.05 34.02),(116.55 34.55))"},
    };
    for (size_t k = 0; k < sizeof literals / sizeof *literals; k++) {
        GEOSWKTReader *reader = GEOSWKTReader_create_r(t->geos);
        GEOSGeometry *other =
            GEOSWKTReader_read_r(t->geos, reader, literals[k][1] != NULL ? literals[k][1] : literals[k][0]);
        GEOSWKTReader_destroy_r(t->geos, reader);
        assert_non_null(other);
        for (size_t f = 0; f < sizeof spatial_functions / sizeof *spatial_functions; f++)
            for (int turned = 0; turned < 4; turned++) { /* bit 0: the literal comes first, bit 1: NOT */
                char filter[600];
                found expected = {""};
                snprintf(filter, sizeof filter, "%s%s(%s,%s)", turned & 2 ? "NOT " : "", spatial_functions[f],
                         turned & 1 ? literals[k][0] : "geometry", turned & 1 ? "geom" : literals[k][0]);
                for (int i = 0; i < N_ROWS; i++) {
                    const size_t used = strlen(expected.text);
                    if (t->outlines[i] != NULL &&
                        geos_says(t, spatial_functions[f], turned & 1 ? other : t->outlines[i],
                                  turned & 1 ? t->outlines[i] : other) != ((turned & 2) != 0))
                        snprintf(expected.text + used, sizeof expected.text - used, "%s%d", used > 0 ? " " : "", i + 1);
                }
                const found f_found = find(t, filter);
                if (strcmp(f_found.text, expected.text) != 0)
                    fail_msg("%s finds \"%s\", GEOS \"%s\"", filter, f_found.text, expected.text);
            }
        GEOSGeom_destroy_r(t->geos, other);
    }
}

static void a_collection_of_several_dimensions_is_one_set_of_points(void **state)
{
    table *t = *state;
    /* Row 1 is the square 116..116.1, 34..34.1; row 3 overlaps it; rows 2 and 6 lie east of it. */
    static const char *const pairs[][2] = {
        {"S_INTERSECTS(geometry,GEOMETRYCOLLECTION(POINT(116.55 34.51),LINESTRING(116.25 33,116.25 33.9)))", "5"},
        {"S_DISJOINT(geometry,GEOMETRYCOLLECTION(POINT(116.55 34.51),LINESTRING(116.25 33,116.25 34.05)))", "1 2 3"},
        {"S_CONTAINS(geometry,GEOMETRYCOLLECTION(POINT(116.01 34.01),LINESTRING(116.02 34.02,116.03 34.03)))", "1"},
        {"S_WITHIN(GEOMETRYCOLLECTION(POINT(116.01 34.01),LINESTRING(116.02 34.02,116.03 34.03)),geometry)", "1"},
        {"S_CONTAINS(geometry,GEOMETRYCOLLECTION(POINT(116.01 34.01),LINESTRING(116.02 34.02,116.3 34.03)))", ""},
        {"S_WITHIN(geometry,GEOMETRYCOLLECTION(POINT(1 1),POLYGON((115.9 33.9,116.2 33.9,116.2 34.1,115.9 34.1,115.9 "
         "33.9))))",
         "1 2"},
        {"S_EQUALS(geometry,GEOMETRYCOLLECTION(POINT(116.05 34.05),POLYGON((116 34,116.1 34,116.1 34.1,116 34.1,116 "
         "34))))",
         "1"},
        {"S_EQUALS(geometry,GEOMETRYCOLLECTION(POINT(116.5 34.05),POLYGON((116 34,116.1 34,116.1 34.1,116 34.1,116 "
         "34))))",
         ""},
        {"S_TOUCHES(geometry,GEOMETRYCOLLECTION(POINT(116.2 34.05),LINESTRING(116.2 34,116.2 33)))", "2 6"},
        {"S_OVERLAPS(geometry,GEOMETRYCOLLECTION(POINT(1 1),POLYGON((116.05 34,116.25 34,116.25 34.1,116.05 "
         "34.1,116.05 34))))",
         "1 3 6"}, /* row 2 lies in it */
        {"S_CROSSES(geometry,GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(116.25 33,116.25 35)))", "6"},
        {"S_INTERSECTS(GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(2 2,3 3)),GEOMETRYCOLLECTION(POINT(2.5 "
         "2.5),LINESTRING(8 8,9 "
         "9)))",
         "1 2 3 4 5 6"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(find(t, pairs[i][0]).text, pairs[i][1]);
}

static void a_row_without_outline_has_no_geometry(void **state)
{
    table *t = *state;
    assert_string_equal(find(t, "geometry IS NULL").text, "4");
    assert_string_equal(find(t, "geom IS NOT NULL").text, "1 2 3 5 6");
    assert_string_equal(find(t, "S_INTERSECTS(geometry,geometry)").text, "1 2 3 5 6");
    assert_string_equal(find(t, "S_DISJOINT(geometry,geom)").text, "");
    assert_string_equal(find(t, "NOT S_DISJOINT(geometry,geom)").text, "1 2 3 5 6");
    assert_string_equal(
        find(t, "S_INTERSECTS(POINT(1 1),BBOX(0,0,2,2)) AND NOT S_WITHIN(BBOX(0,0,2,2),POINT(1 1))").text,
        "1 2 3 4 5 6");
}

/* What a filter says of each row: 1, 0 or -1 for NULL. */
static void answers_of(table *t, const char *text, int ret_answers[N_ROWS])
{
    const dk_viewer viewer = dk_viewer_public();
    dk_cql2 *filter = read_as(t, text, DK_CQL2_TEXT, "plot", &viewer);
    dk_buf sql;
    int next = 0;
    sqlite3_stmt *stmt = NULL;
    dk_buf_init(&sql);
    dk_buf_text(&sql, "SELECT ");
    assert_int_equal(dk_cql2_sql(filter, 1, &sql, &next, &t->err), DK_OK);
    dk_buf_text(&sql, " FROM row_plot r ORDER BY row");
    assert_int_equal(sqlite3_prepare_v2(t->db, dk_buf_cstr(&sql), -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(dk_cql2_bind(filter, 1, stmt, &t->err), DK_OK);
    for (int i = 0; i < N_ROWS; i++) {
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        ret_answers[i] = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? -1 : sqlite3_column_int(stmt, 0);
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&sql);
    dk_cql2_free(filter);
}

/* Table 1 of clause 6.2. */
static int and3(int a, int b)
{
    return a == 0 || b == 0 ? 0 : a == 1 && b == 1 ? 1 : -1;
}

static int not3(int a)
{
    return a == -1 ? -1 : 1 - a;
}

static int or3(int a, int b)
{
    return not3(and3(not3(a), not3(b)));
}

static void predicates_combine_by_the_truth_table_of_three_values(void **state)
{
    table *t = *state;
    static const char *const predicates[] = {"area>1",
                                             "approval_no='皖政地[2020]1号'",
                                             "division='341321100'",
                                             "village LIKE '%a%'",
                                             "begun IS NULL",
                                             "S_INTERSECTS(geometry,BBOX(116,34,116.2,34.1))",
                                             "T_BEFORE(INTERVAL(begun,ended),DATE('2020-12-31'))",
                                             "floors IN (2,3)",
                                             "A_OVERLAPS(approval_no,former_no)",
                                             "TRUE",
                                             "area/floors<1",
                                             "floors NOT BETWEEN 0 AND 5"};
    enum { N = sizeof predicates / sizeof *predicates };
    int single[N][N_ROWS];
    for (size_t i = 0; i < N; i++)
        answers_of(t, predicates[i], single[i]);
    /* the form of annex A.3.4, of every combination of two and some of four */
    for (size_t a = 0; a < N; a++)
        for (size_t b = 0; b < N; b++) {
            const size_t c = (a * 5 + b + 3) % N, d = (a + 7 * b + 1) % N;
            char text[800];
            int combined[N_ROWS];
            snprintf(text, sizeof text, "((NOT %s AND %s) OR (%s and NOT %s) or not (%s AND %s))", predicates[a],
                     predicates[b], predicates[c], predicates[d], predicates[a], predicates[d]);
            answers_of(t, text, combined);
            for (int i = 0; i < N_ROWS; i++) {
                const int p1 = single[a][i], p2 = single[b][i], p3 = single[c][i], p4 = single[d][i];
                assert_int_equal(combined[i], or3(or3(and3(not3(p1), p2), and3(p3, not3(p4))), not3(and3(p1, p4))));
            }
        }
}

/* The axes exchanged, as EPSG:4490 has them; or a plane in units of a thousandth of a degree from (116, 34). */
static dk_status exchange(void *user, double *xy, size_t n, dk_error *err)
{
    (void)err;
    for (size_t i = 0; i < n; i++) {
        const double x = xy[2 * i], y = xy[2 * i + 1];
        xy[2 * i] = user == NULL ? y : 116 + x / 1000;
        xy[2 * i + 1] = user == NULL ? x : 34 + y / 1000;
    }
    return DK_OK;
}

static found find_in(table *t, const char *text, const dk_cql2_crs *crs)
{
    dk_cql2 *filter = NULL;
    const dk_viewer viewer = dk_viewer_public();
    if (dk_cql2_read(text, strlen(text), DK_CQL2_TEXT, t->plot, &viewer, crs, &filter, &t->err) != DK_OK)
        return (found){"refused"};
    const found f = run(t, filter, "plot", NULL);
    dk_cql2_free(filter);
    return f;
}

static void geometries_are_in_the_coordinates_of_filter_crs(void **state)
{
    table *t = *state;
    const dk_cql2_crs turned = {exchange, NULL}, plane = {exchange, t};
    assert_string_equal(find_in(t, "S_INTERSECTS(geometry,POINT(34.01 116.01))", &turned).text, "1");
    assert_string_equal(find_in(t, "S_INTERSECTS(geometry,POINT(116.01 34.01))", &turned).text, "refused");
    assert_string_equal(find_in(t, "S_WITHIN(geometry,BBOX(34,116,34.1,116.2))", &turned).text, "1 2");
    assert_string_equal(find_in(t, "S_WITHIN(geometry,BBOX(34,116.25,34.1,116.2))", &turned).text, "1 2");
    assert_string_equal(find_in(t, "S_WITHIN(geometry,BBOX(34.1,116,34,116.2))", &turned).text, "refused");
    assert_string_equal(find_in(t, "S_INTERSECTS(geometry,POINT(10 10))", &plane).text, "1");
    assert_string_equal(find_in(t, "S_WITHIN(geometry,BBOX(-1,-1,201,101))", &plane).text, "1 2");
    assert_string_equal(find_in(t, "S_WITHIN(geometry,BBOX(201,-1,-1,101))", &plane).text, "refused");
}

/* ---- who sees what ---- */

static void of_a_hidden_field_nothing_is_learned(void **state)
{
    table *t = *state;
    char hidden[DK_ERROR_TEXT], unknown[DK_ERROR_TEXT];
    /* what stands before the name, and behind it */
    static const char *const forms[][2] = {
        {"", "='x'"}, {"area>1 AND ", " IS NULL"},   {"CASEI(", ") LIKE 'x%'"},
        {"", ">1"},   {"S_WITHIN(", ",POINT(1 1))"}, {"{\"op\":\"isNull\",\"args\":[{\"property\":\"", "\"}]}"}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (int k = 0; k < 2; k++) {
            char filter[200];
            snprintf(filter, sizeof filter, "%s%s%s", forms[i][0], k == 0 ? "owner" : "phone", forms[i][1]);
            snprintf(hidden, sizeof hidden, "%s", refusal(t, filter));
            snprintf(filter, sizeof filter, "%snosuc%s", forms[i][0], forms[i][1]);
            snprintf(unknown, sizeof unknown, "%s", refusal(t, filter));
            char *at = strstr(unknown, "nosuc");
            assert_non_null(at);
            memcpy(at, k == 0 ? "owner" : "phone", 5);
            assert_string_equal(hidden, unknown);
        }
    const dk_viewer viewer = dk_viewer_public();
    snprintf(hidden, sizeof hidden, "%s", refusal_as(t, "geometry IS NULL", DK_CQL2_TEXT, "note", &viewer));
    assert_non_null(strstr(hidden, "note has no property geometry"));
}

static void outside_the_viewers_divisions_a_hidden_field_is_null(void **state)
{
    table *t = *state;
    dk_viewer staff;
    assert_true(dk_viewer_staff("341321100", &staff));
    /* Row 2 is of a division that became part of the scope. */
    assert_string_equal(find_as(t, "owner<>'nobody'", &staff).text, "1 2");
    assert_string_equal(find_as(t, "owner IS NULL", &staff).text, "3 4 5 6");
    assert_string_equal(find_as(t, "owner='王五' OR area>100", &staff).text, "6");
    assert_string_equal(find_as(t, "NOT owner='王五'", &staff).text, "1 2");
    assert_string_equal(find_as(t, "owner LIKE '%'", &staff).text, "1 2");
    assert_string_equal(find_as(t, "CASEI(owner)=CASEI('张三')", &staff).text, "1");
    assert_string_equal(find_as(t, "owner IN ('张三','王五')", &staff).text, "1");
    assert_non_null(strstr(refusal_as(t, "phone='1'", DK_CQL2_TEXT, "plot", &staff), "no property phone"));
    assert_true(dk_viewer_staff("", &staff));
    assert_string_equal(find_as(t, "owner<>'nobody'", &staff).text, "1 2 4 5 6");
    /* A kind without divisions has no row in a scope. */
    assert_true(dk_viewer_staff("3413", &staff));
    assert_non_null(strstr(refusal_as(t, "payee='甲'", DK_CQL2_TEXT, "note", &staff), "no property payee"));
    const dk_viewer owner = {.audience = DK_NEVER};
    assert_string_equal(find_as(t, "phone='3'", &owner).text, "3");
}

/* ---- the index ---- */

static void expect_needs(table *t, const char *text, const char *expected)
{
    const dk_viewer viewer = dk_viewer_public();
    dk_cql2 *filter = read_as(t, text, DK_CQL2_TEXT, "plot", &viewer);
    dk_cql2_need needs[8];
    char line[400] = "";
    const size_t n = dk_cql2_needs(filter, needs, 8);
    for (size_t i = 0; i < n && i < 8; i++) {
        snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s:", i > 0 ? "; " : "",
                 t->plot->fields[needs[i].field].name);
        for (size_t k = 0; k < needs[i].n_texts; k++)
            snprintf(line + strlen(line), sizeof line - strlen(line), " %s", needs[i].texts[k]);
    }
    assert_string_equal(line, expected);
    dk_cql2_free(filter);
}

static void the_index_is_told_what_rows_must_have(void **state)
{
    table *t = *state;
    expect_needs(t, "village='Straße'", "village: strasse");
    expect_needs(t, "'Ａ村'=village AND area>1 AND floors=3", "village: a村; floors: 3");
    expect_needs(t, "village IN ('B','a') AND floors IN (1,2.0)", "village: b a; floors: 1 2");
    expect_needs(t, "approval_no='皖政地[2020]01号、国土资函[2013]620号'", "approval_no: 皖政地〔2020〕1号");
    expect_needs(t, "approval_no IN ('皖政地[2020]01号','旧档第3卷')", "approval_no: 皖政地〔2020〕1号 旧档第3卷");
    expect_needs(t, "division='341321100'", "division: 341321100 341321101");
    expect_needs(t, "begun=DATE('2020-01-15') AND begun IN ('2020-01-15')", "begun: 2020-01-15; begun: 2020-01-15");
    expect_needs(t, "begun=TIMESTAMP('2020-01-15T10:00:00Z')", "begun: 2020-01-15");
    expect_needs(t, "(village='a' AND (area>1 AND floors=1))", "village: a; floors: 1");
    expect_needs(t, "village='a' OR floors=1", "");
    expect_needs(t, "NOT village='a'", "");
    expect_needs(t, "village<>'a'", "");
    expect_needs(t, "CASEI(village)='a'", "");
    expect_needs(t, "village=' '", ""); /* a text of which nothing is left has no term */
    expect_needs(t, "floors=2.5", "");
    expect_needs(t, "area=2.5", "");
    expect_needs(t, "village=approval_no", "");
}

static void expect_bounds(table *t, const char *text, double west, double south, double east, double north)
{
    const dk_viewer viewer = dk_viewer_public();
    dk_cql2 *filter = read_as(t, text, DK_CQL2_TEXT, "plot", &viewer);
    double box[4] = {0};
    if (isnan(west)) {
        assert_false(dk_cql2_bounds(filter, box));
    } else {
        assert_true(dk_cql2_bounds(filter, box));
        if (box[0] != west || box[1] != south || box[2] != east || box[3] != north)
            fail_msg("%s: %g %g %g %g", text, box[0], box[1], box[2], box[3]);
    }
    dk_cql2_free(filter);
}

static void the_index_is_told_where_rows_must_be(void **state)
{
    table *t = *state;
    expect_bounds(t, "S_INTERSECTS(geometry,BBOX(1,2,3,4))", 1, 2, 3, 4);
    expect_bounds(t, "S_CONTAINS(POLYGON((0 0,4 0,4 3,0 0)),geometry) AND area>1", 0, 0, 4, 3);
    expect_bounds(t, "S_INTERSECTS(geometry,BBOX(170,2,-170,4))", -180, 2, 180, 4);
    expect_bounds(t, "S_INTERSECTS(geometry,GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(5 6,7 3)))", 1, 2, 7, 6);
    /* Within both: within what they share. Meeting both: a long row may reach from one to the other. */
    expect_bounds(t, "S_WITHIN(geometry,BBOX(0,0,5,5)) AND S_WITHIN(geometry,BBOX(3,3,9,9))", 3, 3, 5, 5);
    expect_bounds(t, "S_INTERSECTS(geometry,BBOX(0,0,5,5)) AND S_INTERSECTS(geometry,BBOX(8,8,9,9))", 8, 8, 9, 9);
    expect_bounds(t, "S_WITHIN(geometry,BBOX(0,0,5,5)) AND S_TOUCHES(geometry,BBOX(4,4,9,9))", 4, 4, 5, 5);
    expect_bounds(t, "S_DISJOINT(geometry,BBOX(0,0,5,5))", NAN, 0, 0, 0);
    expect_bounds(t, "NOT S_INTERSECTS(geometry,BBOX(0,0,5,5))", NAN, 0, 0, 0);
    expect_bounds(t, "S_INTERSECTS(geometry,BBOX(0,0,5,5)) OR area>1", NAN, 0, 0, 0);
    expect_bounds(t, "S_INTERSECTS(geometry,geometry)", NAN, 0, 0, 0);
}

/* ---- what is refused ---- */

static void a_refusal_names_the_place_and_what_to_do(void **state)
{
    static const char *const pairs[][2] = {
        {"", "character 1: the filter ends where a name or value is expected"},
        {"area >", "character 7: the filter ends"},
        {"area > 1 village", "character 10: AND, OR or the end is expected here"},
        {"村='一村", "character 3: the text that begins here has no closing quote"},
        {"village=\"一村\"", "character 9: plot has no property 一村"},
        {"area='1'", "area is a number, and '1' is a text; write a number without quotes"},
        {"village>1", "village is a text, and what stands here is a number"},
        {"begun>'soon'", "write a date as DATE('2020-12-31')"},
        {"begun>DATE('2020-02-30')", "character 12: a date is written as '2020-12-31', and must exist"},
        {"begun>TIMESTAMP('2020-02-03 08:00')", "a time is written in UTC"},
        {"T_DURING(begun,INTERVAL('2020-01-01','..'))", "relates intervals"},
        {"T_EQUALS(INTERVAL('2020-01-02','2020-01-01'),begun)", "ends before it begins"},
        {"T_EQUALS(INTERVAL('2020-01-02','2020-01-03T00:00:00Z'),begun)", "both ends of an interval"},
        {"village LIKE area", "the pattern of LIKE must be a text"},
        {"area LIKE '1%'", "a text is wanted here, and area is a number"},
        {"foo(area)=1", "character 1: there is no function foo here"},
        {"S_INTERSECTS(geometry,POINT(90 180))", "outside the world"}, /* annex A.8, s_intersects */
        {"S_INTERSECTS(geometry,POLYGON((0 0,2 2,2 0,0 2,0 0)))", "Self-intersection at longitude 1, latitude 1"},
        {"S_INTERSECTS(geometry,POLYGON((0 0,2 2,2 0,0 2)))", "is not closed"},
        {"S_INTERSECTS(geometry,POLYGON((0 0,2 2,0 0)))", "a ring of a polygon needs four positions"},
        {"S_INTERSECTS(geometry,LINESTRING(1 1))", "a line needs two positions"},
        {"S_INTERSECTS(geometry,BBOX(1,2,3))", "BBOX has 4 numbers"},
        {"S_INTERSECTS(geometry,BBOX(1,4,3,2))", "lies north of its north"},
        {"S_INTERSECTS(geometry,village)", "a geometry is wanted here, and village is a text"},
        {"S_INTERSECTS(geometry)", "takes 2 arguments, not 1"},
        {"geometry=POINT(1 1)", "compared by functions"},
        {"A_CONTAINS(village,('a'))", "an array is wanted here"},
        {"area AND floors>1", "a condition, such as area > 1, is wanted here, and area is a number"},
        {"area", "a condition"},
        {"NOT", "the filter ends"},
        {"area IN ()", "a name or value is expected here, not )"},
        {"and=1", "is a word of the language"},
        {"area>1e999", "too large"},
        {"floors=99999999999999999999", "too large"},
        {"(area>1", "a comma or closing bracket"},
        {"(area>1))", "character 9: AND, OR or the end is expected here, not )"},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"area\"}]}", "\"=\" has 1 operands in \"args\", and must have 2"},
        {"{\"op\":\"and\",\"args\":[true,{\"op\":\"=\",\"args\":[{\"property\":\"area\"},\"x\"]}]}",
         "the filter, args[1].args[1]: area is a number"},
        {"{\"op\":\"in\",\"args\":[{\"property\":\"area\"},[1,2,\"x\"]]}", "the filter, args[1][2]: area is a number"},
        {"{\"op\":\"=\",\"op\":\"<\",\"args\":[1,2]}", "an object has the same member twice"},
        {"{\"op\":\"=\",\"args\":[NaN,2]}", "line 1, column"},
        {"{\"op\":\"=\",\"args\":[1e999,2]}", "a number is too large"},
        {"{\"op\":\"=\",\"args\":[1,2]", "the JSON ends too early"},
        {"{\"op\":\"=\",\"args\":[1,2]} x", "something follows the end"},
        {"{\"op\":\"=\",\"args\":[null,2]}", "null is no value"},
        {"{\"op\":\"=\",\"args\":[{\"date\":3},2]}", "\"date\" must be a text"},
        {"{\"op\":\"s_within\",\"args\":[{\"property\":\"geometry\"},{\"type\":\"Circle\"}]}", "\"type\" of GeoJSON"},
        {"{\"op\":\"s_within\",\"args\":[{\"property\":\"geometry\"},{\"type\":\"Point\",\"coordinates\":[1,\"2\"]}]}",
         "a coordinate must be a number"},
        {"{}", "an object must have \"op\""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *sentence = refusal(*state, pairs[i][0]);
        if (strstr(sentence, pairs[i][1]) == NULL)
            fail_msg("%s\nis refused with: %s\nnot with: %s", pairs[i][0], sentence, pairs[i][1]);
    }
}

static void nothing_of_a_request_becomes_sql(void **state)
{
    table *t = *state;
    static const char *const names[] = {
        "f_phone", "r.f_phone",    "id; DROP TABLE row_plot; --", "1=1) OR (1", "row", "batch", "dk_in_scope", "*",
        "key",     "id) OR (phone"};
    char filter[300];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(filter, sizeof filter, "\"%s\"='x'", names[i]);
        assert_non_null(strstr(refusal(t, filter), "has no property"));
    }
    assert_non_null(
        strstr(refusal(t, "{\"op\":\"=\",\"args\":[{\"property\":\"id\\\"; DROP TABLE row_plot; --\"},\"x\"]}"),
               "has no property"));
    static const char *const values[] = {"'' OR 1=1 --", "'') OR (1=1", "''; DROP TABLE row_plot; --", "?1",
                                         "\\x27 OR 1"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(filter, sizeof filter, "village='%s'", values[i]);
        assert_string_equal(find(t, filter).text, "");
        snprintf(filter, sizeof filter,
                 "village IN ('%s') OR village LIKE '%s' OR CASEI(village)=CASEI('%s') OR approval_no='%s'"
                 " OR division='%s' OR A_OVERLAPS(approval_no,('%s'))",
                 values[i], values[i], values[i], values[i], values[i], values[i]);
        assert_string_equal(find(t, filter).text, "");
    }
    /* The text of the SQL depends on the form of a filter alone. */
    const dk_viewer viewer = dk_viewer_public();
    dk_buf sql[2];
    const char *const texts[2] = {"village='a' AND area>1", "village='''; DROP TABLE x; --' AND area>99"};
    for (int i = 0; i < 2; i++) {
        int next;
        dk_cql2 *one = read_as(t, texts[i], DK_CQL2_TEXT, "plot", &viewer);
        dk_buf_init(&sql[i]);
        assert_int_equal(dk_cql2_sql(one, 1, &sql[i], &next, &t->err), DK_OK);
        dk_cql2_free(one);
    }
    assert_string_equal(dk_buf_cstr(&sql[0]), dk_buf_cstr(&sql[1]));
    dk_buf_finish(&sql[0]);
    dk_buf_finish(&sql[1]);
}

/* ---- bounds ---- */

static void repeat(dk_buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dk_buf_text(out, text);
}

static void what_is_deep_or_large_is_answered_or_refused(void **state)
{
    table *t = *state;
    const dk_viewer viewer = dk_viewer_public();
    dk_buf text;
    dk_buf_init(&text);
    /* AND and OR in each other, as deep as may be */
    for (int k = 0; k < 40; k++)
        dk_buf_text(&text, k % 2 == 0 ? "(area>1 AND " : "(NOT ");
    repeat(&text, "(village='a' OR ", 38);
    dk_buf_text(&text, "TRUE");
    repeat(&text, ")", 40 + 38);
    find(t, dk_buf_cstr(&text));
    /* many beside each other */
    dk_buf_clear(&text);
    dk_buf_text(&text, "floors=0");
    for (int k = 1; k < 3300; k++)
        dk_buf_format(&text, " OR floors=%d", 1000 + k);
    assert_string_equal(find(t, dk_buf_cstr(&text)).text, "5");
    dk_buf_clear(&text);
    dk_buf_text(&text, "floors IN (0");
    for (int k = 1; k < 9000; k++)
        dk_buf_format(&text, ",%d", 1000 + k);
    dk_buf_text(&text, ")");
    assert_string_equal(find(t, dk_buf_cstr(&text)).text, "5");
    /* and too many, too deep, too long */
    static const struct {
        const char *begin, *part, *end;
        size_t n;
    } wrong[] = {{"TRUE", " AND TRUE", "", 10001},
                 {"", "(", "", 100000},
                 {"", "NOT ", "TRUE", 100000},
                 {"", "-", "1=1", 100000},
                 {"1", "+1", "=1", 5000},
                 {"", "CASEI(", "", 50000},
                 {"village=", "CASEI(", "'a'))))))))))", 10},
                 {"", "a(", "", 100000},
                 {"area=1", " ", "", 1 << 20},
                 {"", "[", "", 100000},
                 {"S_WITHIN(geometry,MULTIPOINT(1 1", ",1 1", "))", 100001},
                 {"S_WITHIN(geometry,", "GEOMETRYCOLLECTION(", "", 10000},
                 {"village LIKE '", "%a", "'", 10000}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        for (int json = 0; json < 2; json++) {
            dk_buf_clear(&text);
            dk_buf_text(&text, wrong[i].begin);
            repeat(&text, wrong[i].part, wrong[i].n);
            dk_buf_text(&text, wrong[i].end);
            refusal_as(t, dk_buf_cstr(&text), json ? DK_CQL2_JSON : DK_CQL2_TEXT, "plot", &viewer);
        }
    dk_buf_clear(&text);
    repeat(&text, "{\"op\":\"not\",\"args\":[", 20000);
    refusal_as(t, dk_buf_cstr(&text), DK_CQL2_JSON, "plot", &viewer);
    /* a long text, folded again and again */
    dk_buf_clear(&text);
    dk_buf_text(&text, "village=");
    repeat(&text, "ACCENTI(CASEI(", 4);
    dk_buf_text(&text, "'");
    repeat(&text, "ÉßA", 150000);
    dk_buf_text(&text, "'");
    repeat(&text, ")", 8);
    assert_string_equal(find(t, dk_buf_cstr(&text)).text, "");
    /* arithmetic that SQLite would not bear */
    dk_buf_clear(&text);
    repeat(&text, "(1-", 60);
    dk_buf_text(&text, "area");
    repeat(&text, ")", 60);
    dk_buf_text(&text, "=1");
    refusal_as(t, dk_buf_cstr(&text), DK_CQL2_TEXT, "plot", &viewer);
    dk_buf_finish(&text);
    assert_non_null(strstr(refusal(t, "village='\xFF'"), "UTF-8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_are_read_and_mean_the_same_in_both_languages),
        cmocka_unit_test(expressions_bind_as_the_grammar_says),
        cmocka_unit_test_setup_teardown(comparisons_find_what_sql_finds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_of_approvals_are_found_in_any_brackets_and_among_several, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_division_is_found_under_its_successor_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(temporal_functions_hold_as_owl_time_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(spatial_functions_agree_with_geos, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_collection_of_several_dimensions_is_one_set_of_points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_without_outline_has_no_geometry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(predicates_combine_by_the_truth_table_of_three_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(geometries_are_in_the_coordinates_of_filter_crs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_a_hidden_field_nothing_is_learned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outside_the_viewers_divisions_a_hidden_field_is_null, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_index_is_told_what_rows_must_have, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_index_is_told_where_rows_must_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_names_the_place_and_what_to_do, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_of_a_request_becomes_sql, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_deep_or_large_is_answered_or_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
