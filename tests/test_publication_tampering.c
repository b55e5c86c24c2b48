/* A forger with the store's file: one column of one row, or one bit anywhere in the cells of the tables that hold what
 * is published, is changed by SQLite's own command or in the bytes, and check must say so. */
#include "tests/store_fixture.h"

#include "store/document.h"
#include "store/handle.h"
#include "store/log_keys.h"
#include "store/publication_log.h"
#include "tests/sampled.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

typedef struct subject {
    fixture *f;
    bytes original;
    dk_checkpoint kept; /* before the tampering */
} subject;

static void must(dk_status status, const fixture *f)
{
    if (status != DK_OK)
        fail_msg("%s", f->err.text);
}

static bytes read_bytes(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &info), 0);
    bytes all = {malloc((size_t)info.st_size), (size_t)info.st_size};
    assert_int_equal(fread(all.data, 1, all.size, file), all.size);
    fclose(file);
    return all;
}

static void write_bytes(const char *path, const bytes *all)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(all->data, 1, all->size, file), all->size);
    assert_int_equal(fclose(file), 0);
}

static void keep_sentence(const char *sentence, void *user)
{
    dk_buf_format(user, "%s\n", sentence);
}

/* What check says of the file as it is; of a file that cannot be opened or read to the end, the failure. */
static const char *said(subject *s, dk_buf *out)
{
    dk_store *store = NULL;
    dk_error err = {0};
    int64_t n = 0;
    dk_buf_clear(out);
    dk_buf_text(out, "");
    dk_status status = dk_store_open(s->f->path, DK_READ, &store, &err);
    if (status == DK_OK)
        status = dk_store_check(store, keep_sentence, out, &n, &err);
    if (status != DK_OK)
        dk_buf_format(out, "%s\n", err.text);
    dk_store_close(store);
    const char *text = dk_buf_cstr(out);
    assert_non_null(text);
    return text;
}

/* Two parcels, one of them in two versions, approvals, a payment, a withdrawn batch, a document, two signed checkpoints
 * of more than one tile. */
static int setup(void **state)
{
    static subject s;
    if (fixture_setup(state) != 0)
        return -1;
    fixture *f = *state;
    s = (subject){.f = f};
    *state = &s;
    unsigned char wkb[93];
    /* Documents of approvals are public. */
    static const char head[] = "  - name: approval\n    title: 批复\n";
    char yaml[sizeof fixture_yaml + 40];
    const char *rest = strstr(fixture_yaml, head) + strlen(head);
    snprintf(yaml, sizeof yaml, "%.*s    documents: public\n%s", (int)(rest - fixture_yaml), fixture_yaml, rest);
    dk_store_close(f->store);
    unlink(f->path);
    must(dk_store_create(f->path, yaml, strlen(yaml), "fixture.yaml", &f->err), f);
    fixture_open(f, DK_WRITE);
    must(dk_log_keys_create(f->store, "dk.example/log", false, false, &f->err), f);
    for (int i = 0; i < 3; i++) {
        char id[8], village[32];
        snprintf(id, sizeof id, "P%d", i == 2 ? 1 : i + 1);
        snprintf(village, sizeof village, "第%d村", i);
        dk_load *load = load_begin(f, "parcel", true);
        load_row(f, load, "parcel", wkb, square_wkb(wkb, 116.1 + 0.01 * (i % 2), 34.5, 0.001), "id", id, "project_id",
                 "XM1", "approval_no", "皖政地〔2020〕1号", "division", "341321100", "village", village, "owner",
                 "张三", "phone", "13900001234", "area_ha", "#1.25", NULL);
        publish(f, load_finish(f, load));
    }
    dk_load *load = load_begin(f, "approval", false);
    for (int i = 0; i < 300; i++) {
        char no[64];
        snprintf(no, sizeof no, "皖政地〔2020〕%d号", i + 1);
        load_row(f, load, "approval", NULL, 0, "approval_no", no, "project_id", "XM1", "approved_on", "2020-05-05",
                 NULL);
    }
    publish(f, load_finish(f, load));
    load = load_begin(f, "notice", false);
    load_row(f, load, "notice", NULL, 0, "id", "N1", "project_id", "XM1", NULL);
    const int64_t batch = load_finish(f, load);
    int64_t generation;
    publish(f, batch);
    must(dk_store_withdraw(f->store, batch, "tester", "误发", NULL, NULL, &generation, &f->err), f);
    char scan[128];
    snprintf(scan, sizeof scan, "%s/scan.pdf", f->dir);
    write_bytes(scan, &(bytes){(unsigned char *)(uintptr_t) "%PDF-1.4 scan", 13});
    const int fd = open(scan, O_RDONLY);
    dk_document what = {.media_type = "application/pdf", .name = "批复.pdf", .actor = "t"};
    dk_attaching attaching = {
        .kind = dk_catalogue_kind(f->catalogue, "approval"), .title = "扫描件", .source = "scan.pdf"};
    bool new_one;
    must(dk_document_digest(fd, scan, what.sha256, &what.size, &f->err), f);
    must(dk_document_attach(f->store, fd, &attaching, "皖政地〔2020〕1号", &what, &new_one, &f->err), f);
    close(fd);
    publish(f, attaching.batch);
    dk_log *table;
    dk_buf note_text;
    dk_note note;
    int64_t size;
    dk_buf_init(&note_text);
    must(dk_log_open(f->store, &table, &f->err), f);
    must(dk_log_checkpoint(table, INT64_MAX, &note_text, &size, &f->err), f);
    must(dk_note_read((const char *)note_text.data, note_text.size, &note, &f->err), f);
    must(dk_checkpoint_read(note.text, note.text_size, &s.kept, &f->err), f);
    dk_note_finish(&note);
    dk_buf_finish(&note_text);
    dk_log_close(table);
    dk_store_close(f->store); /* the write-ahead log goes into the file */
    f->store = NULL;
    s.original = read_bytes(f->path);
    return 0;
}

static int teardown(void **state)
{
    subject *s = *state;
    char path[300];
    free(s->original.data);
    snprintf(path, sizeof path, "rm -rf '%s.documents'", s->f->path);
    if (system(path) != 0)
        return -1;
    *state = s->f;
    return fixture_teardown(state);
}

/* ---- by columns ---- */

static const char *const tables[] = {"row_parcel", "row_approval",   "life_parcel",       "life_approval",
                                     "log_leaf",   "log_content",    "log_tile",          "log_checkpoint",
                                     "log_key",    "log_generation", "dikuai_attachment", "dikuai_document"};

/* Columns that no entry speaks of. */
static bool told_elsewhere(const char *table, const char *column)
{
    static const char *const pairs[][2] = {
        {"log_checkpoint", "at"}, /* not signed: when, a checkpoint does not say */
        {"log_key", "number"},    /* an order only */
        {"log_key", "from_generation"}, {"log_key", "from_size"},
        {"log_key", "to_generation"},   {"dikuai_attachment", "attached_at"},
        {"dikuai_attachment", "actor"}, /* of its keeping, not of what it is */
        {"dikuai_attachment", "batch"}, {"dikuai_document", "rowid"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strcmp(table, pairs[i][0]) == 0 && strcmp(column, pairs[i][1]) == 0)
            return true;
    return false;
}

static void change_column(subject *s, const char *table, const char *column, const char *order)
{
    sqlite3 *db;
    char sql[1200], *message = NULL;
    assert_int_equal(sqlite3_open(s->f->path, &db), SQLITE_OK);
    const bool life = strncmp(table, "life_", 5) == 0; /* without rowid; of one that has not ended */
    snprintf(
        sql, sizeof sql,
        "UPDATE %s SET %s=CASE typeof(%s) WHEN 'text' THEN substr(%s,1,length(%s)-1)||CASE WHEN %s LIKE '%%x' THEN 'y'"
        " ELSE 'x' END WHEN 'blob' THEN CAST(CASE WHEN hex(substr(%s,1,1))='00' THEN x'01' ELSE x'00' END||"
        "substr(%s,2) AS BLOB) WHEN 'integer' THEN %s+1000000 WHEN 'real' THEN %s+0.001 ELSE 'x' END WHERE %s",
        table, column, column, column, column, column, column, column, column, column,
        strcmp(table, "dikuai_document") == 0 ? "1"
        : life                                ? "died=0 AND row=(SELECT row FROM life_parcel WHERE died=0)"
                                              : order);
    if (life)
        snprintf(sql + strlen(sql) - strlen("died=0 AND row=(SELECT row FROM life_parcel WHERE died=0)"), 200,
                 "died=0 AND row=(SELECT %s(row) FROM %s WHERE died=0)", order[0] == '1' ? "min" : "max", table);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_changes(db), 1);
    sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    sqlite3_close(db);
}

/* Names of a table's columns, joined by commas. */
static void columns_of(subject *s, const char *table, char *ret, size_t size)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    char sql[120];
    assert_int_equal(sqlite3_open(s->f->path, &db), SQLITE_OK);
    snprintf(sql, sizeof sql, "SELECT group_concat(name) FROM pragma_table_info('%s')", table);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    snprintf(ret, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

static bool names_something(const char *text)
{
    return strstr(text, "parcel") != NULL || strstr(text, "approval") != NULL ||
           strstr(text, "ublication log") != NULL || strstr(text, "ntry ") != NULL ||
           strstr(text, "heckpoint") != NULL || strstr(text, "document") != NULL;
}

static void every_column_of_what_is_published_is_covered(void **state)
{
    subject *s = *state;
    dk_buf out;
    int changed = 0, met = 0;
    dk_buf_init(&out);
    assert_string_equal(said(s, &out), "");
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        char columns[600];
        columns_of(s, tables[t], columns, sizeof columns);
        for (char *at = columns, *column; (column = strsep(&at, ",")) != NULL;) {
            const bool few = strncmp(tables[t], "log_", 4) != 0;
            char first[120], last[120];
            snprintf(first, sizeof first, "1 AND rowid=(SELECT min(rowid) FROM %s)", tables[t]);
            snprintf(last, sizeof last, "2 AND rowid=(SELECT max(rowid) FROM %s)", tables[t]);
            for (int i = 0; i < (few ? 1 : 2); i++) {
                if (told_elsewhere(tables[t], column) || met++ % DK_STEP(4) != 0)
                    continue;
                change_column(s, tables[t], column, i == 0 ? first : last);
                if (!names_something(said(s, &out)))
                    fail_msg("%s.%s is changed (%d), and check says: %s", tables[t], column, i, (const char *)out.data);
                write_bytes(s->f->path, &s->original);
                changed++;
            }
        }
    }
    assert_true(met > 55 && changed >= DK_COUNT(met, 4));
    assert_string_equal(said(s, &out), "");
    dk_buf_finish(&out);
}

/* ---- by bits ---- */

/* Pages of the tables, by SQLite's own account. */
static size_t pages_of(subject *s, const char *table, int64_t *ret_pages, size_t most, int *ret_page_size)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    size_t n = 0;
    assert_int_equal(sqlite3_open(s->f->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT pageno,pgsize FROM dbstat WHERE name=?1 AND pagetype='leaf'", -1, &stmt, NULL),
        SQLITE_OK);
    sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
    while (sqlite3_step(stmt) == SQLITE_ROW && n < most) {
        ret_pages[n++] = sqlite3_column_int64(stmt, 0);
        *ret_page_size = sqlite3_column_int(stmt, 1);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

/* What SQLite reads in a table, as one text; "": it does not read it. */
static void read_table(subject *s, const char *table, dk_buf *out)
{
    sqlite3 *db;
    sqlite3_stmt *stmt = NULL;
    char columns[600], sql[2000];
    dk_buf_clear(out);
    columns_of(s, table, columns, sizeof columns);
    size_t n = (size_t)snprintf(sql, sizeof sql, "SELECT ''");
    for (char *at = columns, *column; (column = strsep(&at, ",")) != NULL;)
        n += (size_t)snprintf(sql + n, sizeof sql - n, "||','||coalesce(hex(%s),0)", column);
    snprintf(sql + n, sizeof sql - n, " FROM %s", table);
    assert_int_equal(sqlite3_open(s->f->path, &db), SQLITE_OK);
    int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *row = (const char *)sqlite3_column_text(stmt, 0);
        dk_buf_text(out, row != NULL ? row : "NULL");
        code = SQLITE_OK;
    }
    if (code != SQLITE_DONE)
        dk_buf_clear(out);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

/* Some bits tell SQLite nothing, or nothing that anybody looks at: the type of a column that is the row's number, or
 * whether bytes are a text. */
static void every_bit_of_what_is_published_is_covered(void **state)
{
    subject *s = *state;
    static const char *const of[] = {"row_parcel", "row_approval", "log_leaf", "log_content", "log_tile"};
    dk_buf out;
    uint64_t random = 88172645463325252u;
    int changed = 0, void_bits = 0;
    dk_buf before, after;
    dk_buf_init(&out);
    dk_buf_init(&before);
    dk_buf_init(&after);
    for (size_t t = 0; t < sizeof of / sizeof *of; t++) {
        read_table(s, of[t], &before);
        int64_t pages[100];
        int page_size = 0;
        const size_t n = pages_of(s, of[t], pages, 100, &page_size);
        assert_true(n > 0);
        for (int i = 0; i < DK_COUNT(15, 3); i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            const size_t page = (size_t)(pages[random % n] - 1) * (size_t)page_size;
            const unsigned char *head = s->original.data + page;
            const size_t begin = (size_t)head[5] << 8 | head[6]; /* of the cells, of a page that is not the first */
            assert_true(head[1] == 0 && head[2] == 0);           /* no free block among them */
            const size_t at = page + begin + (size_t)(random >> 16) % ((size_t)page_size - begin);
            bytes all = {malloc(s->original.size), s->original.size};
            memcpy(all.data, s->original.data, all.size);
            all.data[at] ^= (unsigned char)(1u << (random >> 60 & 7));
            write_bytes(s->f->path, &all);
            free(all.data);
            if (said(s, &out)[0] == '\0')
                read_table(s, of[t], &after);
            if (out.size == 0 && after.size == before.size && memcmp(after.data, before.data, after.size) == 0)
                void_bits++;
            else if (out.size == 0)
                fail_msg("a bit of %s at %zu (page at %zu) is changed, and check says nothing", of[t], at, page);
            changed++;
        }
    }
    assert_int_equal(changed, DK_COUNT(75, 3));
    assert_true(void_bits < 10);
    dk_buf_finish(&before);
    dk_buf_finish(&after);
    write_bytes(s->f->path, &s->original);
    assert_string_equal(said(s, &out), "");
    /* And of the document's file. */
    char name[400];
    snprintf(name, sizeof name,
             "f=$(find '%s.documents' -type f); chmod 600 $f; printf X | dd of=$f bs=1 seek=3 conv=notrunc 2>/dev/null",
             s->f->path);
    assert_int_equal(system(name), 0);
    assert_non_null(strstr(said(s, &out), "is damaged: its bytes are not those of its name"));
    dk_buf_finish(&out);
}

/* A forger who makes the log anew: his store is sound in itself, with a key of his own, and a kept checkpoint refuses
 * it. */
static void a_log_that_was_made_anew_is_refused_by_a_kept_checkpoint(void **state)
{
    subject *s = *state;
    fixture *f = s->f;
    char path[200];
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE row_parcel SET f_village='坏村';DELETE FROM log_leaf;DELETE FROM log_content;"
                                  "DELETE FROM log_tile;DELETE FROM log_checkpoint;DELETE FROM log_key;"
                                  "UPDATE log_generation SET size=0;DELETE FROM dikuai_attachment;"
                                  "DELETE FROM dikuai_document",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    snprintf(path, sizeof path, "%s.log-key", f->path);
    unlink(path);
    fixture_open(f, DK_WRITE);
    must(dk_log_keys_create(f->store, s->kept.origin, false, false, &f->err), f);
    dk_publication_log *log;
    must(dk_publication_log_open(f->store, generation_of(f), &log, &f->err), f);
    must(dk_sql_begin(f->store, &f->err), f);
    for (size_t k = 0; k < 2; k++) {
        const dk_kind *kind = dk_catalogue_kind(f->catalogue, k == 0 ? "parcel" : "approval");
        for (int64_t row = k == 0 ? 2 : 1; row <= (k == 0 ? 3 : 300); row++)
            must(dk_publication_log_row(log, kind, row, DK_LOG_PUBLISH, &f->err), f);
    }
    must(dk_publication_log_finish(log, "2026-01-01T00:00:00Z", &f->err), f);
    must(dk_sql_commit(f->store, &f->err), f);
    dk_publication_log_close(log);
    dk_log *table;
    int64_t size;
    must(dk_log_open(f->store, &table, &f->err), f);
    must(dk_log_refresh(table, &size, &f->err), f);
    assert_int_equal(size, 302);
    assert_int_equal(dk_log_holds(table, &s->kept, &f->err), DK_CONFLICT);
    dk_log_close(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_column_of_what_is_published_is_covered, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_what_is_published_is_covered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_was_made_anew_is_refused_by_a_kept_checkpoint, setup, teardown),
    };
    return cmocka_run_group_tests_name("publication_tampering", tests, NULL, NULL);
}
