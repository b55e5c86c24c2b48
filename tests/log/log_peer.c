/* What tests/log/log.test.mjs compares with others: writes what it is asked for by the store's own code.
 *   log_peer numbers        bits of doubles in hexadecimal, a line each -> canonical JSON
 *   log_peer degrees        the same -> coordinates
 *   log_peer fields         names in hexadecimal, a line each -> the content with these fields, each its place
 *   log_peer write DIR N    a log of N entries in a store, and all that it serves
 *   log_peer verify KEY     a note on standard input -> its text, if that key signed it */
#include "store/canonical_json.h"
#include "store/log_content.h"
#include "store/log_proof.h"
#include "store/log_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void must(dk_status status, const dk_error *error)
{
    if (status != DK_OK) {
        fprintf(stderr, "log_peer: %s\n", error->text);
        exit(1);
    }
}

static void write_lines(bool degrees)
{
    char line[64];
    dk_buf out;
    dk_buf_init(&out);
    while (fgets(line, sizeof line, stdin) != NULL) {
        const uint64_t bits = strtoull(line, NULL, 16);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (degrees)
            dk_canonical_degrees(&out, value);
        else if (!dk_canonical_number(&out, value))
            dk_buf_text(&out, "refused");
        dk_buf_byte(&out, '\n');
    }
    fwrite(out.data, 1, out.size, stdout);
    dk_buf_finish(&out);
}

static void write_fields(void)
{
    enum { MOST = 5000 };
    static char line[4096];
    dk_log_field *fields = calloc(MOST, sizeof *fields);
    size_t n = 0;
    while (fields != NULL && n < MOST && fgets(line, sizeof line, stdin) != NULL) {
        const size_t size = strspn(line, "0123456789abcdef") / 2;
        char *name = calloc(size + 1, 1);
        if (name == NULL)
            exit(1);
        for (size_t i = 0; i < size; i++) {
            unsigned byte;
            if (sscanf(line + 2 * i, "%2x", &byte) != 1)
                exit(1);
            name[i] = (char)byte;
        }
        fields[n].name = name;
        fields[n].value = dk_value_integer((int64_t)n);
        n++;
    }
    const dk_log_content content = {
        .event = "publish", .generation = 1, .feature = -1, .fields = fields, .n_fields = n};
    dk_buf out;
    dk_error error;
    dk_buf_init(&out);
    must(dk_log_content_write(&content, &out, &error), &error);
    fwrite(out.data, 1, out.size, stdout);
    dk_buf_finish(&out);
    for (size_t i = 0; i < n; i++)
        free((char *)(uintptr_t)fields[i].name);
    free(fields);
}

/* ---- a whole log ---- */

static void save(const char *dir, const char *name, const void *data, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (char *at = path + strlen(dir) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            exit(1);
        *at = '/';
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        fprintf(stderr, "log_peer: %s: cannot be written\n", path);
        exit(1);
    }
}

static void save_tile(dk_log *log, const char *dir, int level, int64_t index, int64_t size)
{
    const dk_log_tile tile = {level, index, dk_log_tile_width(level, index, size)};
    char path[DK_LOG_TILE_PATH];
    dk_buf bytes;
    dk_error error;
    if (tile.width == 0)
        return;
    dk_buf_init(&bytes);
    must(dk_log_tile_bytes(log, &tile, &bytes, &error), &error);
    dk_log_tile_path(&tile, path);
    save(dir, path, bytes.data, bytes.size);
    dk_buf_finish(&bytes);
}

static const char yaml[] =
    "title: t\npublisher: p\nmap_approval_no: none\nextent: [116, 34, 117, 35]\n"
    "layers:\n  - name: parcel\n    title: 地块\n    geometry: polygon\n    key: {field: id}\n    label: id\n"
    "    fields:\n      - {name: id, title: 编号, type: text, audience: public, required: true}\n";

static void add(dk_log *log, int64_t from, int64_t to)
{
    enum { BATCH = 1000 };
    dk_error error;
    while (from < to) {
        const size_t n = (size_t)(to - from < BATCH ? to - from : BATCH);
        dk_log_entry entries[BATCH];
        dk_buf texts[BATCH];
        int64_t first;
        for (size_t i = 0; i < n; i++) {
            char id[32];
            snprintf(id, sizeof id, "DK%06" PRId64, from + (int64_t)i);
            const dk_log_field field = {"id", dk_value_text(id)};
            const dk_log_content content = {.event = "publish",
                                            .generation = 1 + from / BATCH,
                                            .kind = "parcel",
                                            .key = id,
                                            .feature = from + (int64_t)i,
                                            .fields = &field,
                                            .n_fields = 1};
            dk_buf_init(&texts[i]);
            must(dk_log_content_write(&content, &texts[i], &error), &error);
            entries[i] = (dk_log_entry){
                .kind = "parcel", .row = from + (int64_t)i, .content = texts[i].data, .size = texts[i].size};
        }
        must(dk_log_add(log, entries, n, &first, &error), &error);
        for (size_t i = 0; i < n; i++)
            dk_buf_finish(&texts[i]);
        from += (int64_t)n;
    }
}

static void save_proofs(dk_log *log, const char *dir, const int64_t *sizes, size_t n_sizes)
{
    dk_buf checkpoint, out;
    dk_error error;
    int64_t size;
    char name[80];
    dk_log_proof proof;
    dk_buf_init(&checkpoint);
    dk_buf_init(&out);
    must(dk_log_checkpoint(log, INT64_MAX, &checkpoint, &size, &error), &error);
    for (int64_t entry = 0; entry < size; entry += entry < 10 || entry > size - 5 ? 1
                                                   : 997 < size - 5 - entry       ? 997
                                                                                  : size - 4 - entry) {
        dk_log_record record;
        dk_buf_clear(&out);
        must(dk_log_tree_inclusion(dk_log_tree_of(log), entry, size, &proof, &error), &error);
        must(dk_log_read(log, entry, &record, &error), &error);
        dk_buf extra;
        dk_buf_init(&extra);
        dk_buf_append(&extra, record.salt.bytes, DK_SALT_SIZE);
        dk_buf_append(&extra, record.content, record.size);
        must(dk_log_proof_write(entry, &proof, extra.data, extra.size, (const char *)checkpoint.data, checkpoint.size,
                                &out, &error),
             &error);
        dk_buf_finish(&extra);
        snprintf(name, sizeof name, "inclusion/%" PRId64 ".tlog-proof", entry);
        save(dir, name, out.data, out.size);
    }
    for (size_t i = 0; i < n_sizes; i++) {
        dk_buf_clear(&out);
        must(dk_log_tree_consistency(dk_log_tree_of(log), sizes[i], size, &proof, &error), &error);
        must(dk_log_consistency_write(sizes[i], &proof, (const char *)checkpoint.data, checkpoint.size, &out, &error),
             &error);
        snprintf(name, sizeof name, "consistency/%" PRId64, sizes[i]);
        save(dir, name, out.data, out.size);
    }
    dk_buf_finish(&checkpoint);
    dk_buf_finish(&out);
}

static void write_log(const char *dir, int64_t size)
{
    char path[512], name[80];
    dk_store *store;
    dk_log *log;
    dk_error error;
    dk_note_key keys[2];
    dk_buf text;
    dk_buf_init(&text);
    snprintf(path, sizeof path, "%s/store.gpkg", dir);
    must(dk_store_create(path, yaml, strlen(yaml), "log_peer", &error), &error);
    must(dk_store_open(path, DK_WRITE, &store, &error), &error);
    must(dk_log_open(store, &log, &error), &error);
    must(dk_note_key_make("dk.example.gov.cn/log", DK_NOTE_ED25519, &keys[0], &error), &error);
    must(dk_note_key_make("dk.example.gov.cn/log", DK_NOTE_SM2, &keys[1], &error), &error);
    must(dk_note_key_write(&keys[0], &text, &error), &error);
    save(dir, "key", text.data, text.size);

    const int64_t sizes[] = {1, 2, 255, 256, 257, 5000, size};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    int64_t at = 0;
    for (size_t i = 0; i < SIZES; i++) {
        add(log, at, sizes[i]);
        at = sizes[i];
        must(dk_log_sign(log, keys, 2, "2026-01-01T00:00:00Z", &error), &error);
        dk_buf_clear(&text);
        int64_t signed_size;
        must(dk_log_checkpoint(log, at, &text, &signed_size, &error), &error);
        snprintf(name, sizeof name, "checkpoint/%" PRId64, at);
        save(dir, name, text.data, text.size);
        for (int level = DK_LOG_ENTRIES; level < DK_LOG_LEVELS; level++) {
            const int64_t hashes = at >> (level > 0 ? 8 * level : 0);
            for (int64_t index = at == size ? 0 : hashes / DK_LOG_TILE_WIDTH; index <= hashes / DK_LOG_TILE_WIDTH;
                 index++)
                save_tile(log, dir, level, index, at);
        }
    }
    save_proofs(log, dir, sizes, SIZES);
    dk_log_found found;
    must(dk_log_check(log, keys, 2, NULL, NULL, &found, &error), &error);
    if (found.findings != 0 || found.checkpoints != SIZES)
        exit(1);
    dk_log_close(log);
    dk_store_close(store);
    dk_note_key_finish(&keys[0]);
    dk_note_key_finish(&keys[1]);
    dk_buf_finish(&text);
}

static void verify(const char *key_text)
{
    static char data[1 << 16];
    const size_t size = fread(data, 1, sizeof data, stdin);
    dk_note note;
    dk_note_key key;
    dk_error error;
    uint64_t signers;
    must(dk_note_key_read(key_text, strlen(key_text), &key, &error), &error);
    must(dk_note_read(data, size, &note, &error), &error);
    must(dk_note_verify(&note, &key, 1, &signers, &error), &error);
    fwrite(note.text, 1, note.text_size, stdout);
    dk_note_finish(&note);
    dk_note_key_finish(&key);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "numbers") == 0 || strcmp(what, "degrees") == 0)
        write_lines(what[0] == 'd');
    else if (strcmp(what, "fields") == 0)
        write_fields();
    else if (strcmp(what, "write") == 0 && argc == 4)
        write_log(argv[2], strtoll(argv[3], NULL, 10));
    else if (strcmp(what, "verify") == 0 && argc == 3)
        verify(argv[2]);
    else
        return 2;
    return 0;
}
