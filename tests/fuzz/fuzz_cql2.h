/* A filter, read and asked of a small table by a public viewer and by one of a township. SQLite must bear its SQL; each
 * row gives 1, 0 or NULL; NOT of it gives the opposite; a row that it finds has what the index is told that it must
 * have. A refusal is one sentence in UTF-8. */
#ifndef DK_TESTS_FUZZ_CQL2_H
#define DK_TESTS_FUZZ_CQL2_H

#include "fuzz_check.h"

#include <string.h>

#include "store/cql2_sql.h"
#include "store/geometry.h"
#include "store/handle.h"
#include "store/text.h"

static const char fuzz_yaml[] =
    "title: t\npublisher: p\nmap_approval_no: none\nextent: [116, 34, 117, 35]\n"
    "layers:\n"
    "  - name: p\n    title: t\n    geometry: polygon\n    key: {field: id}\n    division: d\n"
    "    fields:\n"
    "      - {name: id, title: t, type: text, audience: public, required: true}\n"
    "      - {name: a, title: t, type: approval_no, audience: public}\n"
    "      - {name: d, title: t, type: division, audience: public}\n"
    "      - {name: x, title: t, type: number, audience: public}\n"
    "      - {name: n, title: t, type: integer, audience: public}\n"
    "      - {name: b, title: t, type: date, audience: public}\n"
    "      - {name: e, title: t, type: date, audience: public}\n"
    "      - {name: o, title: t, type: text, audience: staff}\n"
    "divisions:\n"
    "  - {code: '341321', name: a}\n"
    "  - {code: '341321100', name: b}\n"
    "  - {code: '341321101', name: c, successor: '341321100'}\n";
static const char fuzz_rows[] =
    "INSERT INTO row_p "
    "VALUES(1,?1,'A','皖政地〔2020〕1号、皖政地〔2020〕2号','341321100',1.5,2,'2020-01-15','2020-12-31','o');"
    "INSERT INTO row_p VALUES(2,?1,'ß','皖政地〔2020〕1号','341321101',-2,-9223372036854775808,'2021-01-15',NULL,'p');"
    "INSERT INTO row_p VALUES(3,?1,'é','x','341322',0,0,NULL,NULL,NULL);"
    "INSERT INTO row_p VALUES(4,?1,'',NULL,NULL,NULL,NULL,'2020-02-29','2020-02-29','');";
enum { FUZZ_ROWS = 4 };
static const double fuzz_corners[3][2] = {{0, 0}, {116.1, 34}, {-180, -90}}; /* of squares; row 4 has no outline */

static sqlite3 *fuzz_db;
static const dk_kind *fuzz_kind;

static inline void fuzz_begin(void)
{
    static dk_catalogue *catalogue; /* as long as the process */
    dk_error err;
    if (fuzz_db != NULL)
        return;
    CHECK(dk_catalogue_parse(fuzz_yaml, strlen(fuzz_yaml), "f", &catalogue, &err) == DK_OK);
    fuzz_kind = dk_catalogue_kind(catalogue, "p");
    CHECK(sqlite3_open(":memory:", &fuzz_db) == SQLITE_OK);
    CHECK(dk_cql2_functions(fuzz_db, catalogue, &err) == DK_OK);
    CHECK(sqlite3_exec(
              fuzz_db,
              "CREATE TABLE row_p(row INTEGER PRIMARY KEY,geom BLOB,f_id TEXT,f_a TEXT,f_d TEXT,f_x REAL,f_n INTEGER,"
              "f_b DATE,f_e DATE,f_o TEXT)",
              NULL, NULL, NULL) == SQLITE_OK);
    const char *sql = fuzz_rows;
    for (int i = 0; i < FUZZ_ROWS; i++) {
        sqlite3_stmt *stmt;
        dk_buf blob;
        dk_buf_init(&blob);
        if (i < 3) {
            const double w = fuzz_corners[i][0], s = fuzz_corners[i][1];
            const double ring[10] = {w, s, w + 1, s, w + 1, s + 1, w, s + 1, w, s};
            unsigned char wkb[102] = {1, 6, 0, 0, 0, 1, 0, 0, 0, 1, 3, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0};
            dk_shape shape;
            memcpy(wkb + 22, ring, sizeof ring);
            dk_shape_init(&shape);
            CHECK(dk_shape_from_wkb(wkb, sizeof wkb, &shape, &err) == DK_OK);
            dk_gpkg_append(wkb, sizeof wkb, &shape, &blob);
            dk_shape_finish(&shape);
        } else {
            dk_gpkg_append_empty(DK_POLYGONS, &blob);
        }
        CHECK(sqlite3_prepare_v2(fuzz_db, sql, -1, &stmt, &sql) == SQLITE_OK);
        sqlite3_bind_blob(stmt, 1, blob.data, (int)blob.size, SQLITE_TRANSIENT);
        CHECK(sqlite3_step(stmt) == SQLITE_DONE);
        sqlite3_finalize(stmt);
        dk_buf_finish(&blob);
    }
}

typedef struct fuzz_need {
    const dk_cql2_need *need;
    bool found;
} fuzz_need;

static inline bool fuzz_look(const char *term, size_t size, void *user)
{
    fuzz_need *n = user;
    for (size_t i = 0; i < n->need->n_texts && !n->found; i++)
        n->found = strlen(n->need->texts[i]) == size && memcmp(n->need->texts[i], term, size) == 0;
    return !n->found;
}

static inline void fuzz_check_needs(const dk_cql2 *filter, sqlite3_stmt *stmt, int row)
{
    dk_cql2_need needs[64];
    double box[4];
    size_t n = dk_cql2_needs(filter, needs, 64);
    CHECK(n <= 64);
    for (size_t i = 0; i < n; i++) {
        const int column = needs[i].field + 2;
        const dk_value value = sqlite3_column_type(stmt, column) == SQLITE_INTEGER
                                   ? dk_value_integer(sqlite3_column_int64(stmt, column))
                                   : dk_value_text((const char *)sqlite3_column_text(stmt, column));
        fuzz_need look = {&needs[i], false};
        dk_terms_of(&fuzz_kind->fields[needs[i].field], &value, fuzz_look, &look);
        CHECK(look.found);
    }
    if (!dk_cql2_bounds(filter, box))
        return;
    CHECK(box[0] <= box[2] && box[1] <= box[3] && row < 4);
    CHECK(box[0] <= fuzz_corners[row - 1][0] + 1 && box[2] >= fuzz_corners[row - 1][0] &&
          box[1] <= fuzz_corners[row - 1][1] + 1 && box[3] >= fuzz_corners[row - 1][1]);
}

/* What the filter says of each row: 0, 1 or -1 for NULL. false: it was refused. */
static inline bool fuzz_ask(const char *text, size_t size, dk_cql2_language language, const dk_viewer *viewer,
                            int ret_answers[FUZZ_ROWS])
{
    dk_cql2 *filter = NULL;
    dk_error err = {0};
    dk_buf sql;
    int next = 0;
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_cql2_read(text, size, language, fuzz_kind, viewer, NULL, &filter, &err);
    if (status != DK_OK) {
        CHECK(status == DK_INVALID || status == DK_LIMIT);
        CHECK(strncmp(err.text, "the filter", 10) == 0 && dk_utf8_valid(err.text, strlen(err.text)));
        return false;
    }
    dk_buf_init(&sql);
    dk_buf_text(&sql, "SELECT ");
    CHECK(dk_cql2_sql(filter, 1, &sql, &next, &err) == DK_OK);
    dk_buf_text(&sql, ",r.row,r.f_id,r.f_a,r.f_d,r.f_x,r.f_n,r.f_b,r.f_e,r.f_o FROM row_p r ORDER BY r.row");
    CHECK(sqlite3_prepare_v2(fuzz_db, dk_buf_cstr(&sql), -1, &stmt, NULL) == SQLITE_OK);
    CHECK(sqlite3_bind_parameter_count(stmt) == next - 1);
    CHECK(dk_cql2_bind(filter, 1, stmt, &err) == DK_OK);
    for (int row = 1; row <= FUZZ_ROWS; row++) {
        CHECK(sqlite3_step(stmt) == SQLITE_ROW);
        const bool null = sqlite3_column_type(stmt, 0) == SQLITE_NULL;
        const int answer = null ? -1 : sqlite3_column_int(stmt, 0);
        CHECK(answer >= -1 && answer <= 1);
        ret_answers[row - 1] = answer;
        if (answer == 1)
            fuzz_check_needs(filter, stmt, row);
    }
    CHECK(sqlite3_step(stmt) == SQLITE_DONE);
    sqlite3_finalize(stmt);
    dk_buf_finish(&sql);
    dk_cql2_free(filter);
    return true;
}

static inline void fuzz_filter(const uint8_t *data, size_t size, dk_cql2_language language, const char *before,
                               const char *after)
{
    fuzz_begin();
    dk_viewer viewers[2] = {dk_viewer_public()};
    dk_viewer_staff("341321100", &viewers[1]);
    for (int v = 0; v < 2; v++) {
        int answers[FUZZ_ROWS], opposites[FUZZ_ROWS];
        dk_buf denied;
        dk_buf_init(&denied);
        dk_buf_text(&denied, before);
        dk_buf_append(&denied, data, size);
        dk_buf_text(&denied, after);
        if (fuzz_ask((const char *)data, size, language, &viewers[v], answers) &&
            fuzz_ask((const char *)denied.data, denied.size, language, &viewers[v], opposites))
            for (int i = 0; i < FUZZ_ROWS; i++)
                CHECK(answers[i] == -1 ? opposites[i] == -1 : opposites[i] == 1 - answers[i]);
        dk_buf_finish(&denied);
    }
}

#endif
