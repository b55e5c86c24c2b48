/* What publishing writes into the publication log. Oracles: contents written out by hand, SHA-256 of OpenSSL over what
 * SQLite itself reads of the tables, and what is tampered with by hand. */
#include "tests/store_fixture.h"

#include "store/document.h"
#include "store/handle.h"
#include "store/log_keys.h"
#include "store/log_row.h"
#include "store/publication_check.h"
#include "store/publication_log.h"
#include "store/redact.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>

static void must(dk_status status, const fixture *f)
{
    if (status != DK_OK)
        fail_msg("%s", f->err.text);
}

static void sql(fixture *f, const char *text)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
    sqlite3_close(db);
}

static int64_t number(fixture *f, const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

static int64_t load_parcel(fixture *f, const char *id, const char *village, const char *owner, double west,
                           bool replace)
{
    unsigned char wkb[93];
    dk_load *load = load_begin(f, "parcel", replace);
    load_row(f, load, "parcel", wkb, square_wkb(wkb, west, 34.5, 0.001), "id", id, "project_id", "XM1", "division",
             "341321100", "village", village, "owner", owner, "phone", "13900001234", "area_ha", "#1.5", NULL);
    return load_finish(f, load);
}

/* One content after the other as the log has it, and whether each is its leaf. */
static void contents(fixture *f, dk_buf *out, int64_t *ret_size)
{
    dk_log *log;
    int64_t size;
    dk_buf_clear(out);
    must(dk_log_open(f->store, &log, &f->err), f);
    must(dk_log_refresh_at(log, generation_of(f), &size, &f->err), f);
    for (int64_t entry = 0; entry < size; entry++) {
        dk_log_record record;
        must(dk_log_read(log, entry, &record, &f->err), f);
        unsigned char leaf[32];
        dk_buf both;
        dk_buf_init(&both);
        dk_buf_append(&both, record.salt.bytes, 32);
        dk_buf_append(&both, record.content, record.size);
        SHA256(both.data, both.size, leaf);
        dk_buf_finish(&both);
        if (!record.erased)
            assert_memory_equal(leaf, record.leaf.bytes, 32);
        dk_buf_append(out, record.content, record.size);
        dk_buf_byte(out, '\n');
    }
    assert_non_null(dk_buf_cstr(out));
    dk_log_close(log);
    *ret_size = size;
}

/* The same without seals, which are as good as random. */
static void strip_seals(dk_buf *text)
{
    char *at = (char *)text->data;
    for (char *seal; (seal = strstr(at, ",\"sealed\":\"")) != NULL; at = seal)
        memmove(seal, strchr(seal + 11, '"') + 1, strlen(strchr(seal + 11, '"') + 1) + 1);
}

#define PARCEL(id, village, generation, feature, west, east)                                                           \
    "{\"event\":\"publish\",\"feature\":" feature ",\"fields\":{\"approval_no\":null,\"area_ha\":1.5,\"area_m2\":#,"   \
    "\"division\":\"341321100\",\"id\":\"" id "\",\"project_id\":\"XM1\",\"village\":\"" village                       \
    "\"},\"form\":1,\"generation\":" generation ",\"key\":\"XM1:" id                                                   \
    "\",\"kind\":\"parcel\",\"outline\":{\"coordinates\":[["                                                           \
    "[" west ",34.5],[" east ",34.5],[" east ",34.501],[" west ",34.501],[" west ",34.5]]],\"type\":\"Polygon\"}}\n"

static void each_row_is_an_entry_as_the_public_sees_it(void **state)
{
    fixture *f = *state;
    dk_buf all;
    int64_t size;
    dk_buf_init(&all);
    publish(f, load_parcel(f, "P1", "孙集村", "张三", 116.1, false));
    const int64_t second = load_parcel(f, "P1", "孙集新村", "张三", 116.1, true);
    publish(f, second);
    publish(f, load_parcel(f, "P2", "小村", "李四", 116.2, false));
    int64_t generation;
    must(dk_store_withdraw(f->store, second, "tester", "误发", NULL, NULL, &generation, &f->err), f);
    contents(f, &all, &size);
    assert_int_equal(size, 5);
    assert_null(strstr((const char *)all.data, "张三"));
    assert_null(strstr((const char *)all.data, "1390000"));
    strip_seals(&all);
    /* What the area must be is another test's. */
    char *text = (char *)all.data;
    for (char *area = text; (area = strstr(area, "\"area_m2\":")) != NULL;) {
        area += 10;
        memmove(area + 1, strchr(area, ','), strlen(strchr(area, ',')) + 1);
        *area = '#';
    }
    assert_string_equal(
        text,
        PARCEL("P1", "孙集村", "1", "1", "116.1", "116.101") PARCEL("P1", "孙集新村", "2", "1", "116.1", "116.101")
            PARCEL(
                "P2", "小村", "3", "3", "116.2",
                "116.201") "{\"event\":\"withdraw\",\"feature\":1,\"fields\":{},\"form\":1,\"generation\":4,\"key\":\"XM1:P1\","
                           "\"kind\":\"parcel\"}\n" PARCEL("P1", "孙集村", "4", "1", "116.1", "116.101"));
    assert_int_equal(findings(f), 0);
    dk_buf_finish(&all);
}

/* So many that other threads make their contents. */
static void thousands_of_rows_are_entries_in_their_order(void **state)
{
    enum { ROWS = 6001, CHANGED = 2500 };
    fixture *f = *state;
    dk_buf all;
    int64_t size, generation, batches[2];
    dk_buf_init(&all);
    for (int round = 0; round < 2; round++) { /* the second one takes the places of some of the first */
        unsigned char wkb[93];
        dk_load *load = load_begin(f, "parcel", round > 0);
        for (int i = 0; i < (round == 0 ? ROWS : CHANGED); i++) {
            char id[16];
            snprintf(id, sizeof id, "P%d", i);
            load_row(f, load, "parcel", wkb,
                     square_wkb(wkb, 116.1 + 0.0001 * (i % 1000), 34.5 + 0.0001 * (i / 1000), 0.00008), "id", id,
                     "project_id", "XM1", "division", "341321100", "village", round == 0 ? "孙集村" : "孙集新村",
                     "owner", "张三", NULL);
        }
        batches[round] = load_finish(f, load);
        publish(f, batches[round]);
    }
    contents(f, &all, &size); /* each is its leaf */
    assert_int_equal(size, ROWS + CHANGED);
    assert_int_equal(
        number(f, "SELECT count(*) FROM log_content WHERE kind='parcel' AND event='publish' AND row=entry+1"),
        ROWS + CHANGED);
    assert_int_equal(number(f, "SELECT count(DISTINCT salt)+count(DISTINCT seal) FROM log_content"),
                     2 * (ROWS + CHANGED));
    must(dk_store_withdraw(f->store, batches[1], "tester", "误发", NULL, NULL, &generation, &f->err), f);
    contents(f, &all, &size);
    assert_int_equal(size, ROWS + 3 * CHANGED);
    /* Each that goes is followed by what it had taken the place of. */
    assert_int_equal(
        number(f, "SELECT count(*) FROM log_content a JOIN log_content b ON b.entry=a.entry+1 JOIN row_parcel ra ON"
                  " ra.row=a.row JOIN row_parcel rb ON rb.row=b.row WHERE a.event='withdraw' AND b.event='publish'"
                  " AND ra.key=rb.key AND ra.row>rb.row AND a.generation=3"),
        CHANGED);
    assert_int_equal(findings(f), 0);
    dk_buf_finish(&all);
}

/* Catalogues cannot say so yet, for keys are public. */
static void a_kind_of_which_the_public_sees_nothing_is_not_in_it(void **state)
{
    fixture *f = *state;
    const dk_kind *parcel = dk_catalogue_kind(f->catalogue, "parcel");
    dk_kind kind = *parcel;
    dk_field fields[DK_MAX_FIELDS];
    memcpy(fields, parcel->fields, kind.n_fields * sizeof *fields);
    kind.fields = fields;
    assert_true(dk_log_has_kind(&kind));
    for (size_t i = 0; i < kind.n_fields; i++)
        fields[i].audience = DK_STAFF;
    assert_false(dk_log_has_kind(&kind));
}

static dk_checkpoint signed_now(fixture *f)
{
    dk_log *log;
    dk_buf note_text;
    dk_log_key *known;
    size_t n;
    int64_t size;
    uint64_t by;
    dk_checkpoint checkpoint;
    dk_note_key all[8];
    dk_buf_init(&note_text);
    must(dk_log_open(f->store, &log, &f->err), f);
    must(dk_log_checkpoint(log, INT64_MAX, &note_text, &size, &f->err), f);
    must(dk_log_keys_known(f->store, &known, &n, &f->err), f);
    for (size_t i = 0; i < n; i++)
        all[i] = known[i].key;
    must(dk_checkpoint_open((const char *)note_text.data, note_text.size, "dk.example/log", all, n, &by, &checkpoint,
                            &f->err),
         f);
    dk_log_keys_free(known, n);
    dk_buf_finish(&note_text);
    dk_log_close(log);
    return checkpoint;
}

/* Killed after its rows were committed: the log is as signed before, and goes on from there. */
static void a_publish_that_is_killed_leaves_no_entries(void **state)
{
    fixture *f = *state;
    char text[600];
    must(dk_log_keys_create(f->store, "dk.example/log", false, false, &f->err), f);
    publish(f, load_parcel(f, "P1", "孙集村", "张三", 116.1, false));
    const dk_checkpoint before = signed_now(f);
    assert_int_equal(before.size, 1);
    dk_load *load = load_begin(f, "approval", false);
    for (int i = 0; i < 600; i++) {
        char no[64];
        snprintf(no, sizeof no, "皖政地〔2020〕%d号", i + 1);
        load_row(f, load, "approval", NULL, 0, "approval_no", no, NULL);
    }
    const int64_t batch = load_finish(f, load);
    publish(f, batch);
    assert_int_equal(signed_now(f).size, 601);
    dk_store_close(f->store);
    snprintf(text, sizeof text,
             "DELETE FROM dikuai_generation WHERE number=2;DELETE FROM dikuai_summary WHERE generation=2;"
             "DELETE FROM log_generation WHERE generation=2;DELETE FROM log_checkpoint WHERE size=601;"
             "INSERT INTO dikuai_pending VALUES(2,'publish',%lld);UPDATE dikuai_batch SET state='staged' WHERE id=%lld",
             (long long)batch, (long long)batch);
    sql(f, text);
    /* Meanwhile a reader sees the log of the generation that is. */
    fixture_open(f, DK_READ);
    dk_log *log;
    int64_t size;
    must(dk_log_open(f->store, &log, &f->err), f);
    must(dk_log_refresh_at(log, generation_of(f), &size, &f->err), f);
    assert_int_equal(size, 1);
    dk_log_close(log);
    assert_int_equal(findings(f), 0);
    dk_store_close(f->store);
    fixture_open(f, DK_WRITE);
    assert_int_equal(number(f, "SELECT count(*) FROM log_leaf"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM log_content"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM log_tile"), 0);
    assert_int_equal(findings(f), 0);
    publish(f, batch);
    assert_int_equal(signed_now(f).size, 601);
    must(dk_log_open(f->store, &log, &f->err), f);
    must(dk_log_holds(log, &before, &f->err), f);
    dk_log_close(log);
    assert_int_equal(findings(f), 0);
}

static void keys_sign_rotate_and_are_refused_when_others_may_read_them(void **state)
{
    fixture *f = *state;
    char file[128], moved[140];
    bool signed_it = false;
    snprintf(file, sizeof file, "%s.log-key", f->path);
    snprintf(moved, sizeof moved, "%s.away", file);
    publish(f, load_parcel(f, "P1", "孙集村", "张三", 116.1, false));
    assert_int_equal(number(f, "SELECT count(*) FROM log_checkpoint"), 0);
    must(dk_log_keys_create(f->store, "dk.example/log", true, false, &f->err), f);
    struct stat info;
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(signed_now(f).size, 1);
    assert_int_equal(dk_log_keys_create(f->store, "dk.example/log", true, false, &f->err), DK_CONFLICT);
    const int64_t batch = load_parcel(f, "P2", "小村", "李四", 116.2, false);
    chmod(file, 0640);
    int64_t generation;
    assert_int_equal(dk_store_publish(f->store, batch, "t", NULL, NULL, &generation, &f->err), DK_CONFLICT);
    assert_non_null(strstr(f->err.text, "chmod 600"));
    chmod(file, 0600);
    /* Without the file it is kept unsigned, and signed later. */
    assert_int_equal(rename(file, moved), 0);
    publish(f, batch);
    assert_int_equal(signed_now(f).size, 1);
    assert_int_equal(rename(moved, file), 0);
    must(dk_log_keys_sign(f->store, &signed_it, &f->err), f);
    assert_true(signed_it);
    assert_int_equal(signed_now(f).size, 2);
    must(dk_log_keys_sign(f->store, &signed_it, &f->err), f);
    assert_false(signed_it);
    /* Both keys sign the size at which the new one begins. */
    must(dk_log_keys_rotate(f->store, moved, &f->err), f);
    dk_log_key *known;
    size_t n;
    must(dk_log_keys_known(f->store, &known, &n, &f->err), f);
    assert_int_equal(n, 4);
    assert_true(known[0].to_generation > 0 && known[1].to_generation > 0);
    assert_true(known[2].to_generation == 0 && known[3].to_generation == 0);
    dk_note_key all[4];
    for (size_t i = 0; i < 4; i++)
        all[i] = known[i].key;
    dk_log *log;
    dk_buf text;
    int64_t size;
    uint64_t by;
    dk_checkpoint checkpoint;
    dk_buf_init(&text);
    must(dk_log_open(f->store, &log, &f->err), f);
    must(dk_log_checkpoint(log, INT64_MAX, &text, &size, &f->err), f);
    must(dk_checkpoint_open((const char *)text.data, text.size, NULL, all, 4, &by, &checkpoint, &f->err), f);
    assert_int_equal(by, 15);
    dk_buf_finish(&text);
    dk_log_close(log);
    dk_log_keys_free(known, n);
    /* The old key is no longer taken. */
    const int64_t third = load_parcel(f, "P3", "小村", "李四", 116.3, false);
    assert_int_equal(dk_store_publish(f->store, third, "t", NULL, NULL, &generation, &f->err), DK_CONFLICT);
    must(dk_store_log_key(f->store, moved, &f->err), f);
    publish(f, third);
    assert_int_equal(signed_now(f).size, 3);
    assert_int_equal(findings(f), 0);
}

static void keep_sentence(const char *sentence, void *user)
{
    dk_buf_format(user, "%s\n", sentence);
}

static const char *said(fixture *f, dk_buf *out)
{
    int64_t n;
    dk_buf_clear(out);
    if (dk_store_check(f->store, keep_sentence, out, &n, &f->err) != DK_OK)
        dk_buf_format(out, "%s\n", f->err.text);
    return dk_buf_cstr(out);
}

static void what_the_log_says_and_the_store_does_not_is_named(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *change, *back, *said;
    } cases[] = {
        {"UPDATE row_parcel SET f_village='孙集坏村' WHERE key='XM1:P1'",
         "UPDATE row_parcel SET f_village='孙集村' WHERE key='XM1:P1'",
         "Entry 0 of the publication log (parcel, row 1) was changed"},
        {"UPDATE row_parcel SET f_owner='李四' WHERE key='XM1:P1'",
         "UPDATE row_parcel SET f_owner='张三' WHERE key='XM1:P1'",
         "Entry 0 of the publication log (parcel, row 1) was changed"}, /* what the public does not see */
        {"UPDATE row_parcel SET source_row=source_row+1 WHERE key='XM1:P1'",
         "UPDATE row_parcel SET source_row=source_row-1 WHERE key='XM1:P1'",
         "Entry 0 of the publication log (parcel, row 1) was changed"},
        {"UPDATE life_parcel SET died=1,born=0 WHERE row=1", "UPDATE life_parcel SET died=0,born=1 WHERE row=1",
         "parcel XM1:P1: entry 0 of the publication log says that it was published"},
        {"CREATE TABLE k AS SELECT * FROM log_content;DELETE FROM log_content WHERE entry=1",
         "INSERT INTO log_content SELECT * FROM k WHERE entry=1;DROP TABLE k",
         "Entry 1 of the publication log has lost what it is about, and no redaction names it"},
        {"UPDATE log_content SET row=2 WHERE entry=0", "UPDATE log_content SET row=1 WHERE entry=0",
         "parcel XM1:P1 (row 1) is published, and the newest entry of the publication log about it does not say so"},
        {"UPDATE log_generation SET size=1 WHERE generation=2", "UPDATE log_generation SET size=2 WHERE generation=2",
         "The publication log has entries behind those of its generations"},
        {"UPDATE log_key SET key=replace(key,'dk.example','dk.exbmple')",
         "UPDATE log_key SET key=replace(key,'dk.exbmple','dk.example')",
         "a public key of the publication log was changed"},
        {"UPDATE log_content SET generation=7 WHERE entry=0", "UPDATE log_content SET generation=1 WHERE entry=0",
         "Entry 0 of the publication log (parcel, row 1) was changed"},
        {"UPDATE log_content SET seal=zeroblob(32) WHERE entry=0", NULL,
         "Entry 0 of the publication log (parcel, row 1) was changed"},
    };
    dk_buf out;
    dk_buf_init(&out);
    must(dk_log_keys_create(f->store, "dk.example/log", false, false, &f->err), f);
    publish(f, load_parcel(f, "P1", "孙集村", "张三", 116.1, false));
    publish(f, load_parcel(f, "P2", "小村", "李四", 116.2, false));
    assert_string_equal(said(f, &out), "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sql(f, cases[i].change);
        if (strstr(said(f, &out), cases[i].said) == NULL)
            fail_msg("%s: %s", cases[i].change, (const char *)out.data);
        if (cases[i].back != NULL)
            sql(f, cases[i].back);
        if (cases[i].back != NULL && said(f, &out)[0] != '\0')
            fail_msg("%s: %s", cases[i].back, (const char *)out.data);
    }
    dk_buf_finish(&out);
}

/* Who checks has looked which generation is the newest before another process publishes. */
static void a_check_is_of_one_moment(void **state)
{
    fixture *f = *state;
    dk_publication_found found = {.findings = -1};
    dk_buf out;
    int64_t generation;
    dk_buf_init(&out);
    must(dk_log_keys_create(f->store, "dk.example/log", false, false, &f->err), f);
    publish(f, load_parcel(f, "P1", "孙集村", "张三", 116.1, false));
    must(dk_store_generation(f->store, &generation, &f->err), f);
    publish(f, load_parcel(f, "P2", "小村", "李四", 116.2, false));
    must(dk_publication_check(f->store, generation, NULL, 0, keep_sentence, &out, &found, &f->err), f);
    assert_string_equal(dk_buf_cstr(&out), "");
    assert_int_equal(found.findings, 0);
    assert_int_equal(found.rows, 2);
    dk_buf_finish(&out);
}

/* A row that is kept whole beside its entry, and then changed: its entry must be one that is made of it. */
static void a_kept_content_does_not_hide_a_changed_row(void **state)
{
    fixture *f = *state;
    dk_buf out;
    dk_log *log;
    dk_buf_init(&out);
    publish(f, load_parcel(f, "P1", "孙集村", "张三", 116.1, false));
    must(dk_log_open(f->store, &log, &f->err), f);
    must(dk_log_keep(log, "parcel", 1, &f->err), f);
    dk_log_close(log);
    sql(f, "UPDATE row_parcel SET f_village='坏村'");
    assert_non_null(strstr(said(f, &out), "does not say so"));
    dk_buf_finish(&out);
}

/* reindex fills what a row inherits: it is published once more, and what was published before stays provable. */
static void reindex_publishes_again_what_it_changes(void **state)
{
    fixture *f = *state;
    int64_t size;
    dk_buf all;
    dk_buf_init(&all);
    dk_load *load = load_begin(f, "compensation", false);
    load_row(f, load, "compensation", NULL, 0, "id", "B1", "approval_no", "皖政地〔2022〕7号", "parcel_id", "XM1:P1",
             "total", "#5", NULL);
    publish(f, load_finish(f, load));
    publish(f, load_parcel(f, "P1", "孙集村", "张三", 116.1, false));
    must(dk_store_reindex(f->store, NULL, NULL, &f->err), f);
    contents(f, &all, &size);
    assert_int_equal(size, 3);
    char *first = (char *)all.data, *third = strstr(strstr(first, "\n") + 1, "\n") + 1;
    assert_non_null(strstr(third, "\"kind\":\"compensation\""));
    assert_non_null(strstr(third, "\"project_id\":\"XM1\""));
    *strstr(first, "\n") = '\0';
    assert_non_null(strstr(first, "\"project_id\":null"));
    assert_int_equal(findings(f), 0);
    must(dk_store_reindex(f->store, NULL, NULL, &f->err), f);
    contents(f, &all, &size);
    assert_int_equal(size, 3);
    dk_buf_finish(&all);
}

static int64_t attach(fixture *f, const char *name, const char *text, dk_audience audience, bool open_to_all)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    const int fd = open(path, O_RDONLY);
    dk_document what = {.media_type = "application/pdf", .name = name, .actor = "t", .audience = audience, .pages = 2};
    /* As a catalogue with "documents: public" would say. */
    dk_kind *kind = (dk_kind *)(uintptr_t)dk_catalogue_kind(f->catalogue, "approval");
    kind->documents = open_to_all ? DK_PUBLIC : DK_STAFF;
    dk_attaching attaching = {.kind = kind, .title = "扫描件", .source = name};
    bool added;
    must(dk_document_digest(fd, path, what.sha256, &what.size, &f->err), f);
    must(dk_document_attach(f->store, fd, &attaching, "皖政地〔2020〕1号", &what, &added, &f->err), f);
    close(fd);
    assert_true(added);
    return attaching.batch;
}

static void documents_that_the_public_sees_are_entries(void **state)
{
    fixture *f = *state;
    dk_buf out;
    int64_t size, entry, generation;
    dk_buf_init(&out);
    dk_load *load = load_begin(f, "approval", false);
    load_row(f, load, "approval", NULL, 0, "approval_no", "皖政地〔2020〕1号", NULL);
    publish(f, load_finish(f, load));
    publish(f, attach(f, "a.pdf", "%PDF-1.4 staff", DK_PUBLIC, false));
    publish(f, attach(f, "b.pdf", "%PDF-1.4 narrowed", DK_STAFF, true));
    attach(f, "c.pdf", "%PDF-1.4 staged", DK_PUBLIC, true);
    assert_int_equal(number(f, "SELECT count(*) FROM log_leaf"), 1);
    /* The first is now what the public sees, and the log does not say so: a catalogue that changed. */
    assert_non_null(strstr(said(f, &out), "is published, and the publication log does not say so"));
    sql(f, "DELETE FROM dikuai_attachment WHERE name='a.pdf'");
    assert_null(strstr(said(f, &out), "publication log"));
    const int64_t batch = attach(f, "d.pdf", "abc", DK_PUBLIC, true);
    publish(f, batch);
    contents(f, &out, &size);
    assert_int_equal(size, 2);
    /* SHA-256 of "abc": FIPS 180-2, appendix B.1. */
    assert_non_null(strstr(
        (const char *)out.data,
        "\n{\"event\":\"document\",\"fields\":{\"media_type\":\"application/pdf\",\"name\":\"d.pdf\",\"pages\":2,"
        "\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"size\":3},"
        "\"form\":1,\"generation\":4,\"key\":\"皖政地〔2020〕1号\",\"kind\":\"approval\"}\n"));
    dk_log *table;
    must(dk_log_open(f->store, &table, &f->err), f);
    must(dk_publication_log_document_entry(table, number(f, "SELECT id FROM dikuai_attachment WHERE name='d.pdf'"),
                                           size, &entry, &f->err),
         f);
    assert_int_equal(entry, 1);
    assert_int_equal(dk_publication_log_document_entry(table, 77, size, &entry, &f->err), DK_NOT_FOUND);
    dk_log_close(table);
    sql(f, "UPDATE dikuai_attachment SET name='e.pdf' WHERE name='d.pdf'");
    assert_non_null(strstr(said(f, &out), "Entry 1 of the publication log says that a document ba7816bf"));
    sql(f, "UPDATE dikuai_attachment SET name='d.pdf' WHERE name='e.pdf'");
    must(dk_store_withdraw(f->store, batch, "tester", "误发", NULL, NULL, &generation, &f->err), f);
    contents(f, &out, &size);
    assert_int_equal(size, 3);
    assert_non_null(
        strstr((const char *)out.data, "{\"event\":\"document-withdrawn\",\"fields\":{\"sha256\":\"ba7816bf"));
    assert_null(strstr(said(f, &out), "publication log"));
    char command[200];
    snprintf(command, sizeof command, "rm -rf '%s.documents'", f->path);
    assert_int_equal(system(command), 0);
    dk_buf_finish(&out);
}

static void ignore(const char *sentence, void *user)
{
    (void)user;
    fail_msg("%s", sentence);
}

static void a_redacted_row_leaves_its_place_only(void **state)
{
    fixture *f = *state;
    dk_redacted redacted;
    dk_buf out;
    dk_buf_init(&out);
    must(dk_log_keys_create(f->store, "dk.example/log", false, false, &f->err), f);
    publish(f, load_parcel(f, "P1", "孙集村", "张三", 116.1, false));
    publish(f, load_parcel(f, "P1", "孙集新村", "张三", 116.1, true));
    publish(f, load_parcel(f, "P2", "小村", "李四", 116.2, false));
    load_parcel(f, "P1", "孙集又一村", "张三", 116.1, true); /* staged */
    const dk_checkpoint before = signed_now(f);
    const dk_kind *parcel = dk_catalogue_kind(f->catalogue, "parcel");
    must(dk_store_redact(f->store, parcel, "XM1:P1", "t", "测试", true, ignore, NULL, &redacted, &f->err), f);
    assert_int_equal(redacted.generation, 0);
    assert_int_equal(redacted.versions, 3);
    assert_int_equal(redacted.entries, 2);
    assert_int_equal(generation_of(f), 3);
    must(dk_store_redact(f->store, parcel, "XM1:P1", "t", "测试", false, ignore, NULL, &redacted, &f->err), f);
    assert_int_equal(redacted.generation, 4);
    assert_false(redacted.log_kept);
    assert_string_equal(all_keys(f, "parcel").text, "XM1:P2");
    assert_int_equal(findings(f), 0);
    const dk_checkpoint after = signed_now(f);
    assert_int_equal(after.size, 4);
    dk_log *log;
    dk_log_record record;
    must(dk_log_open(f->store, &log, &f->err), f);
    must(dk_log_holds(log, &before, &f->err), f);
    must(dk_log_read(log, 0, &record, &f->err), f);
    assert_true(record.erased);
    must(dk_log_read(log, 3, &record, &f->err), f);
    dk_buf_append(&out, record.content, record.size);
    assert_string_equal(dk_buf_cstr(&out),
                        "{\"entries\":[0,1],\"event\":\"redact\",\"fields\":{},\"form\":1,\"generation\":4,"
                        "\"kind\":\"parcel\",\"reason\":\"测试\"}");
    dk_log_close(log);
    assert_int_equal(dk_store_redact(f->store, parcel, "XM1:P1", "t", "测试", false, ignore, NULL, &redacted, &f->err),
                     DK_NOT_FOUND);
    /* The number may be given anew. */
    publish(f, load_parcel(f, "P1", "新村", "王五", 116.3, false));
    assert_int_equal(findings(f), 0);
    dk_buf_finish(&out);
}

/* What stands in the log for good: neither the row's key, nor its number alone, however it is typed. */
static void a_reason_does_not_say_which_row_it_was(void **state)
{
    fixture *f = *state;
    dk_redacted redacted;
    publish(f, load_parcel(f, "DK-4711", "孙集村", "欧阳修", 116.1, false));
    const dk_kind *parcel = dk_catalogue_kind(f->catalogue, "parcel");
    static const struct {
        const char *reason, *words;
    } cases[] = {{"XM1:DK-4711误公开", "the key of the row"},
                 {"DK-4711误公开", "says in id ("},
                 {"dk-4711 误公开", "says in id ("},
                 {"ＤＫ－４７１１误公开", "says in id ("},
                 {"欧阳修误公开", "says in owner ("}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(dk_store_redact(f->store, parcel, "XM1:DK-4711", "t", cases[i].reason, false, ignore, NULL,
                                         &redacted, &f->err),
                         DK_INVALID);
        assert_non_null(strstr(f->err.text, cases[i].words));
        assert_null(strstr(f->err.text, "4711"));
    }
    assert_string_equal(all_keys(f, "parcel").text, "XM1:DK-4711");
    must(dk_store_redact(f->store, parcel, "XM1:DK-4711", "t", "孙集村的一块误公开", false, ignore, NULL, &redacted,
                         &f->err),
         f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_row_is_an_entry_as_the_public_sees_it),
        TEST(thousands_of_rows_are_entries_in_their_order),
        TEST(a_kind_of_which_the_public_sees_nothing_is_not_in_it),
        TEST(a_publish_that_is_killed_leaves_no_entries),
        TEST(keys_sign_rotate_and_are_refused_when_others_may_read_them),
        TEST(what_the_log_says_and_the_store_does_not_is_named),
        TEST(a_check_is_of_one_moment),
        TEST(a_kept_content_does_not_hide_a_changed_row),
        TEST(reindex_publishes_again_what_it_changes),
        TEST(documents_that_the_public_sees_are_entries),
        TEST(a_redacted_row_leaves_its_place_only),
        TEST(a_reason_does_not_say_which_row_it_was),
    };
    return cmocka_run_group_tests_name("publication_log", tests, NULL, NULL);
}
