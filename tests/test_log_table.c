/* The publication log in a store. Oracles: SQLite's own command of the file's bytes, and what is tampered with by hand.
 */
#include "tests/store_fixture.h"

#include "store/log_table.h"

#include <sqlite3.h>

enum { SIZE = 700 };

typedef struct subject {
    fixture *f;
    dk_log *log;
    dk_note_key keys[2];
} subject;

static void must(dk_status status, const dk_error *error)
{
    if (status != DK_OK)
        fail_msg("%s", error->text);
}

static void sql(subject *s, const char *text)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(s->f->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    sqlite3_close(db);
}

static void add(subject *s, int first, int n)
{
    dk_log_entry entries[SIZE];
    static char texts[SIZE][64];
    int64_t number;
    assert_true(n <= SIZE);
    for (int i = 0; i < n; i++) {
        const int size =
            snprintf(texts[i], sizeof texts[i], "{\"n\":%d,\"secret\":\"Kanarienvogel %d\"}", first + i, first + i);
        entries[i] =
            (dk_log_entry){.kind = "parcel", .row = 1000 + first + i, .content = texts[i], .size = (size_t)size};
    }
    must(dk_log_add(s->log, entries, (size_t)n, &number, &s->f->err), &s->f->err);
    assert_int_equal(number, first);
}

static int setup(void **state)
{
    static subject s;
    if (fixture_setup(state) != 0)
        return -1;
    s = (subject){.f = *state};
    *state = &s;
    dk_error *error = &s.f->err;
    if (dk_log_open(s.f->store, &s.log, error) != DK_OK ||
        dk_note_key_make("dk.example.gov.cn/log", DK_NOTE_ED25519, &s.keys[0], error) != DK_OK ||
        dk_note_key_make("dk.example.gov.cn/log", DK_NOTE_SM2, &s.keys[1], error) != DK_OK) {
        print_error("%s\n", error->text);
        return -1;
    }
    add(&s, 0, 300);
    must(dk_log_sign(s.log, s.keys, 2, "2026-01-01T00:00:00Z", error), error);
    add(&s, 300, 1);
    add(&s, 301, SIZE - 301);
    must(dk_log_sign(s.log, s.keys, 2, "2026-01-02T00:00:00Z", error), error);
    return 0;
}

static int teardown(void **state)
{
    subject *s = *state;
    dk_log_close(s->log);
    dk_note_key_finish(&s->keys[0]);
    dk_note_key_finish(&s->keys[1]);
    *state = s->f;
    return fixture_teardown(state);
}

static dk_checkpoint checkpoint_at(subject *s, int64_t at_most)
{
    dk_buf note;
    int64_t size;
    uint64_t signers;
    dk_checkpoint checkpoint;
    dk_buf_init(&note);
    must(dk_log_checkpoint(s->log, at_most, &note, &size, &s->f->err), &s->f->err);
    must(dk_checkpoint_open((const char *)note.data, note.size, "dk.example.gov.cn/log", s->keys, 2, &signers,
                            &checkpoint, &s->f->err),
         &s->f->err);
    assert_int_equal(signers, 3);
    assert_int_equal(checkpoint.size, size);
    dk_buf_finish(&note);
    return checkpoint;
}

static void what_was_published_is_proved(void **state)
{
    subject *s = *state;
    dk_hasher hasher;
    dk_hasher_init(&hasher);
    dk_log_tree *tree = dk_log_tree_of(s->log);
    const dk_checkpoint first = checkpoint_at(s, 699), last = checkpoint_at(s, INT64_MAX);
    assert_int_equal(first.size, 300);
    assert_int_equal(last.size, SIZE);
    dk_log_proof proof;
    must(dk_log_tree_consistency(tree, first.size, last.size, &proof, &s->f->err), &s->f->err);
    assert_true(dk_log_verify_consistency(&hasher, first.size, &first.root, last.size, &last.root, &proof));
    for (int64_t row = 1000; row < 1000 + SIZE; row += 23) {
        int64_t entry;
        dk_log_record record;
        must(dk_log_find(s->log, "parcel", row, last.size, &entry, &s->f->err), &s->f->err);
        must(dk_log_read(s->log, entry, &record, &s->f->err), &s->f->err);
        assert_string_equal(record.kind, "parcel");
        assert_int_equal(record.row, row);
        char expected[64];
        snprintf(expected, sizeof expected, "{\"n\":%d,\"secret\":\"Kanarienvogel %d\"}", (int)row - 1000,
                 (int)row - 1000);
        assert_int_equal(record.size, strlen(expected));
        assert_memory_equal(record.content, expected, record.size);
        const dk_digest leaf = dk_log_leaf(&hasher, &record.salt, record.content, record.size);
        assert_memory_equal(leaf.bytes, record.leaf.bytes, 32);
        const dk_digest hash = dk_hasher_leaf(&hasher, leaf.bytes, 32);
        must(dk_log_tree_inclusion(tree, entry, last.size, &proof, &s->f->err), &s->f->err);
        assert_true(dk_log_verify_inclusion(&hasher, &hash, entry, last.size, &proof, &last.root));
    }
    int64_t entry;
    assert_int_equal(dk_log_find(s->log, "parcel", 1300, 300, &entry, NULL), DK_NOT_FOUND);
    assert_int_equal(dk_log_find(s->log, "zone", 1000, SIZE, &entry, NULL), DK_NOT_FOUND);
    dk_log_record record;
    assert_int_equal(dk_log_read(s->log, SIZE, &record, &s->f->err), DK_NOT_FOUND);
    assert_int_equal(dk_log_read(s->log, -1, &record, &s->f->err), DK_NOT_FOUND);
    dk_hasher_finish(&hasher);
}

static void keep_sentence(const char *sentence, void *user)
{
    dk_buf_format(user, "%s\n", sentence);
}

/* What checking says, and how much it found. */
static dk_log_found check(subject *s, dk_buf *said)
{
    dk_log_found found;
    int64_t size;
    dk_buf_clear(said);
    must(dk_log_refresh(s->log, &size, &s->f->err), &s->f->err);
    must(dk_log_check(s->log, s->keys, 2, keep_sentence, said, &found, &s->f->err), &s->f->err);
    return found;
}

static void a_sound_log_has_no_findings(void **state)
{
    subject *s = *state;
    dk_buf said;
    dk_buf_init(&said);
    const dk_log_found found = check(s, &said);
    assert_string_equal(dk_buf_cstr(&said), "");
    assert_int_equal(found.entries, SIZE);
    assert_int_equal(found.erased, 0);
    assert_int_equal(found.checkpoints, 2);
    assert_int_equal(found.findings, 0);
    dk_buf_finish(&said);
}

static void tampering_is_found_and_named(void **state)
{
    subject *s = *state;
    static const struct {
        const char *change, *said;
    } cases[] = {
        {"UPDATE log_content SET content=CAST(replace(content,'Kanarienvogel','Kanarienvogal') AS BLOB) WHERE "
         "entry=123",
         "Entry 123 of the publication log (parcel, row 1123) was changed"},
        {"UPDATE log_content SET salt=zeroblob(32) WHERE entry=5",
         "Entry 5 of the publication log (parcel, row 1005) was changed"},
        {"UPDATE log_content SET salt=x'00' WHERE entry=6", "the content of entry 6 of the publication log"},
        {"UPDATE log_leaf SET leaf=zeroblob(32) WHERE entry=300",
         "its entries 256 to 511 (tile/0/001) are not those whose hash level 1 has"},
        {"UPDATE log_leaf SET leaf=zeroblob(32) WHERE entry=650",
         "Checkpoint of 700 entries: The first 700 entries of the publication log are not those of the checkpoint"},
        {"UPDATE log_leaf SET leaf=x'1234' WHERE entry=300",
         "entry 300 of the publication log is missing or was changed"},
        {"DELETE FROM log_leaf WHERE entry=256", "entry 256 of the publication log is missing or was changed"},
        {"DELETE FROM log_leaf WHERE entry=699",
         "Checkpoint of 700 entries: The publication log has 699 entries, and a checkpoint says that it had 700"},
        {"UPDATE log_tile SET hashes=zeroblob(64)",
         "its entries 0 to 255 (tile/0/000) are not those whose hash level 1 has"},
        {"DELETE FROM log_tile", "tile of level 1 0 of the publication log is missing or was changed"},
        {"UPDATE log_checkpoint SET note=replace(note,'700','600') WHERE size=700",
         "Checkpoint of 700 entries: The signature of dk.example.gov.cn/log is wrong"},
        {"UPDATE log_checkpoint SET note=(SELECT note FROM log_checkpoint WHERE size=300) WHERE size=700",
         "The checkpoint of 700 entries says that it is one of 300"},
        {"UPDATE log_checkpoint SET note='' WHERE size=300", "Checkpoint of 300 entries: This is no signed note"},
    };
    dk_buf said;
    dk_buf_init(&said);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* what is changed is kept beside it */
        sql(s, "CREATE TABLE k1 AS SELECT * FROM log_leaf; CREATE TABLE k2 AS SELECT * FROM log_content;"
               "CREATE TABLE k3 AS SELECT * FROM log_tile; CREATE TABLE k4 AS SELECT * FROM log_checkpoint");
        sql(s, cases[i].change);
        const dk_log_found found = check(s, &said);
        if (found.findings == 0 || strstr(dk_buf_cstr(&said), cases[i].said) == NULL)
            fail_msg("%s: %s", cases[i].change, dk_buf_cstr(&said));
        sql(s, "DELETE FROM log_leaf; INSERT INTO log_leaf SELECT * FROM k1; DELETE FROM log_content;"
               "INSERT INTO log_content SELECT * FROM k2; DELETE FROM log_tile; INSERT INTO log_tile SELECT * FROM k3;"
               "DELETE FROM log_checkpoint; INSERT INTO log_checkpoint SELECT * FROM k4;"
               "DROP TABLE k1; DROP TABLE k2; DROP TABLE k3; DROP TABLE k4");
    }
    assert_int_equal(check(s, &said).findings, 0);
    dk_buf_finish(&said);
}

/* A forger with the whole store: he changes a row, its leaf, and all tiles above. A checkpoint that somebody kept, and
 * the store's own, refuse. */
static void a_kept_checkpoint_refuses_a_log_that_was_made_anew(void **state)
{
    subject *s = *state;
    const dk_checkpoint kept = checkpoint_at(s, 300);
    must(dk_log_holds(s->log, &kept, &s->f->err), &s->f->err);
    sql(s, "CREATE TABLE kept AS SELECT * FROM log_checkpoint; DELETE FROM log_leaf; DELETE FROM log_content; DELETE "
           "FROM log_tile");
    int64_t size;
    must(dk_log_refresh(s->log, &size, &s->f->err), &s->f->err);
    assert_int_equal(size, 0);
    assert_int_equal(dk_log_holds(s->log, &kept, &s->f->err), DK_CONFLICT);
    assert_non_null(strstr(s->f->err.text, "The publication log has 0 entries, and a checkpoint says that it had 300"));
    add(s, 0, SIZE);
    assert_int_equal(dk_log_holds(s->log, &kept, &s->f->err), DK_CONFLICT);
    assert_non_null(
        strstr(s->f->err.text, "The first 300 entries of the publication log are not those of the checkpoint"));
    assert_int_equal(dk_log_sign(s->log, s->keys, 1, "2026-01-03T00:00:00Z", &s->f->err), DK_CONFLICT);
}

static void bytes_of_the_file(subject *s, dk_buf *out)
{
    dk_buf_clear(out);
    FILE *file = fopen(s->f->path, "rb");
    assert_non_null(file);
    unsigned char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
        dk_buf_append(out, piece, n);
    fclose(file);
}

static void what_is_erased_is_in_the_file_no_more_and_the_log_holds(void **state)
{
    subject *s = *state;
    dk_buf bytes, said;
    dk_log_record record;
    dk_buf_init(&bytes);
    dk_buf_init(&said);
    must(dk_log_read(s->log, 321, &record, &s->f->err), &s->f->err);
    const dk_salt salt = record.salt;
    const dk_digest leaf = record.leaf;
    sql(s, "PRAGMA wal_checkpoint(PASSIVE)");
    bytes_of_the_file(s, &bytes);
    assert_non_null(memmem(bytes.data, bytes.size, "Kanarienvogel 321", 17));
    assert_non_null(memmem(bytes.data, bytes.size, salt.bytes, 32));
    must(dk_log_erase(s->log, 321, &s->f->err), &s->f->err);
    must(dk_log_erase(s->log, 321, &s->f->err), &s->f->err);
    assert_int_equal(dk_log_erase(s->log, SIZE, &s->f->err), DK_NOT_FOUND);
    assert_int_equal(dk_log_erase(s->log, -1, &s->f->err), DK_NOT_FOUND);
    must(dk_log_read(s->log, 321, &record, &s->f->err), &s->f->err);
    assert_true(record.erased);
    assert_memory_equal(record.leaf.bytes, leaf.bytes, 32);
    assert_int_equal(record.size, 0);
    int64_t size;
    must(dk_log_refresh(s->log, &size, &s->f->err), &s->f->err); /* ends the reading of the record */
    dk_log_close(s->log);
    sql(s, "PRAGMA wal_checkpoint(TRUNCATE)");
    bytes_of_the_file(s, &bytes);
    assert_null(memmem(bytes.data, bytes.size, "Kanarienvogel 321", 17));
    assert_null(memmem(bytes.data, bytes.size, salt.bytes, 32));
    assert_non_null(memmem(bytes.data, bytes.size, "Kanarienvogel 322", 17));
    must(dk_log_open(s->f->store, &s->log, &s->f->err), &s->f->err);
    const dk_log_found found = check(s, &said);
    assert_int_equal(found.findings, 0);
    assert_int_equal(found.erased, 1);
    dk_buf_finish(&bytes);
    dk_buf_finish(&said);
}

static void what_is_rolled_back_was_never_there(void **state)
{
    subject *s = *state;
    int64_t size;
    dk_buf said;
    dk_buf_init(&said);
    dk_log_close(s->log);
    dk_store_close(s->f->store);
    fixture_open(s->f, DK_WRITE);
    must(dk_log_open(s->f->store, &s->log, &s->f->err), &s->f->err);
    /* a number that is taken: the second entry fails, and with it the whole */
    sql(s, "INSERT INTO log_content VALUES(701,'x',0,NULL,NULL,zeroblob(32),NULL,x'00')");
    const dk_log_entry entries[] = {{.kind = "parcel", .row = 1, .content = "a", .size = 1},
                                    {.kind = "parcel", .row = 2, .content = "b", .size = 1}};
    int64_t first;
    assert_int_not_equal(dk_log_add(s->log, entries, 2, &first, &s->f->err), DK_OK);
    sql(s, "DELETE FROM log_content WHERE entry>=700; DELETE FROM log_leaf WHERE entry>=700");
    must(dk_log_refresh(s->log, &size, &s->f->err), &s->f->err);
    assert_int_equal(size, SIZE);
    must(dk_log_add(s->log, entries, 2, &first, &s->f->err), &s->f->err);
    assert_int_equal(first, SIZE);
    must(dk_log_sign(s->log, s->keys, 1, "2026-01-03T00:00:00Z", &s->f->err), &s->f->err);
    assert_int_equal(check(s, &said).findings, 0);
    dk_buf_finish(&said);
}

static void a_reader_sees_what_was_added_when_it_looks_again(void **state)
{
    subject *s = *state;
    dk_store *store;
    dk_log *reader;
    int64_t size;
    dk_digest before, after, again;
    must(dk_store_open(s->f->path, DK_READ, &store, &s->f->err), &s->f->err);
    must(dk_log_open(store, &reader, &s->f->err), &s->f->err);
    must(dk_log_tree_root(dk_log_tree_of(reader), SIZE, &before, &s->f->err), &s->f->err);
    add(s, SIZE, 300);
    assert_int_equal(dk_log_tree_size(dk_log_tree_of(reader)), SIZE);
    must(dk_log_refresh(reader, &size, &s->f->err), &s->f->err);
    assert_int_equal(size, SIZE + 300);
    must(dk_log_tree_root(dk_log_tree_of(reader), SIZE, &again, &s->f->err), &s->f->err);
    must(dk_log_tree_root(dk_log_tree_of(reader), SIZE + 300, &after, &s->f->err), &s->f->err);
    assert_memory_equal(before.bytes, again.bytes, 32);
    assert_memory_not_equal(before.bytes, after.bytes, 32);
    const dk_log_entry entry = {.kind = "parcel", .row = 1, .content = "a", .size = 1};
    assert_int_not_equal(dk_log_add(reader, &entry, 1, &size, &s->f->err), DK_OK);
    dk_log_close(reader);
    dk_store_close(store);
}

static void tiles_are_as_wide_as_the_log_has_them(void **state)
{
    subject *s = *state;
    dk_buf bytes;
    dk_buf_init(&bytes);
    static const struct {
        dk_log_tile tile;
        size_t size; /* 0: none */
    } cases[] = {
        {{0, 0, 256}, 8192},
        {{0, 2, 188}, 188 * 32},
        {{0, 2, 1}, 32},
        {{0, 2, 189}, 0},
        {{0, 2, 256}, 0},
        {{0, 3, 1}, 0},
        {{1, 0, 2}, 64},
        {{1, 0, 3}, 0},
        {{2, 0, 1}, 0},
        {{DK_LOG_ENTRIES, 0, 256}, 256 * 34},
        {{DK_LOG_ENTRIES, 2, 188}, 188 * 34},
        {{DK_LOG_ENTRIES, 2, 189}, 0},
        {{0, 0, 0}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_buf_clear(&bytes);
        assert_int_equal(dk_log_tile_bytes(s->log, &cases[i].tile, &bytes, &s->f->err),
                         cases[i].size > 0 ? DK_OK : DK_NOT_FOUND);
        assert_int_equal(bytes.size, cases[i].size);
    }
    dk_buf_finish(&bytes);
}

static void an_empty_log_signs_that_it_is_empty(void **state)
{
    subject *s = *state;
    dk_buf note;
    int64_t size;
    dk_buf_init(&note);
    sql(s, "DELETE FROM log_leaf; DELETE FROM log_content; DELETE FROM log_tile; DELETE FROM log_checkpoint");
    must(dk_log_refresh(s->log, &size, &s->f->err), &s->f->err);
    assert_int_equal(dk_log_checkpoint(s->log, INT64_MAX, &note, &size, &s->f->err), DK_NOT_FOUND);
    assert_int_equal(dk_log_sign(s->log, s->keys, 0, "", &s->f->err), DK_INVALID);
    must(dk_log_sign(s->log, s->keys, 1, "2026-01-01T00:00:00Z", &s->f->err), &s->f->err);
    must(dk_log_checkpoint(s->log, INT64_MAX, &note, &size, &s->f->err), &s->f->err);
    /* base 64 of SHA-256 of nothing */
    static const char begin[] = "dk.example.gov.cn/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n";
    assert_memory_equal(note.data, begin, strlen(begin));
    dk_buf_finish(&note);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_published_is_proved),
        TEST(a_sound_log_has_no_findings),
        TEST(tampering_is_found_and_named),
        TEST(a_kept_checkpoint_refuses_a_log_that_was_made_anew),
        TEST(what_is_erased_is_in_the_file_no_more_and_the_log_holds),
        TEST(what_is_rolled_back_was_never_there),
        TEST(a_reader_sees_what_was_added_when_it_looks_again),
        TEST(tiles_are_as_wide_as_the_log_has_them),
        TEST(an_empty_log_signs_that_it_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
