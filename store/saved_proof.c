#include "store/saved_proof.h"

#include "store/base64.h"
#include "store/canonical_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void dk_saved_proof_init(dk_saved_proof *proof)
{
    memset(proof, 0, sizeof *proof);
    dk_buf_init(&proof->content);
    dk_buf_init(&proof->checkpoint);
}

void dk_saved_proof_finish(dk_saved_proof *proof)
{
    dk_buf_finish(&proof->content);
    dk_buf_finish(&proof->checkpoint);
}

/* ---- making ---- */

dk_status dk_saved_proof_make(dk_log *log, int64_t entry, int64_t size, bool with_content, dk_saved_proof *proof,
                              dk_error *err)
{
    dk_log_record record;
    if (entry < 0 || entry >= size)
        return dk_fail(err, DK_NOT_FOUND, "The publication log has no entry %" PRId64 ".", entry);
    dk_status status = dk_log_read(log, entry, &record, err);
    if (status != DK_OK)
        return status;
    proof->entry = entry;
    proof->size = size;
    proof->leaf = record.leaf;
    proof->erased = record.erased;
    proof->has_content = with_content && !record.erased;
    if (proof->has_content) /* what was public once and is not any more stays in its leaf */
        status = dk_log_record_public(log, &record, &proof->has_content, err);
    if (status != DK_OK)
        return status;
    dk_buf_clear(&proof->content);
    dk_buf_clear(&proof->checkpoint);
    if (proof->has_content) {
        proof->salt = record.salt;
        dk_buf_append(&proof->content, record.content, record.size);
    }
    int64_t signed_size = 0;
    status = dk_log_checkpoint(log, size, &proof->checkpoint, &signed_size, err); /* ends the reading of the record */
    if (status == DK_OK && signed_size > entry)
        proof->size = signed_size;
    else if (status == DK_OK || status == DK_NOT_FOUND)
        dk_buf_clear(&proof->checkpoint);
    if (status == DK_OK || status == DK_NOT_FOUND)
        status = dk_log_tree_root(dk_log_tree_of(log), proof->size, &proof->root, err);
    if (status == DK_OK)
        status = dk_log_tree_inclusion(dk_log_tree_of(log), entry, proof->size, &proof->proof, err);
    if (status == DK_OK && (proof->content.failed || proof->checkpoint.failed))
        status = dk_fail(err, DK_NOMEM, "out of memory");
    return status;
}

static void write_bytes(const char *name, const void *data, size_t size, dk_buf *out)
{
    dk_buf_format(out, ",\"%s\":\"", name);
    dk_base64_append(out, data, size);
    dk_buf_byte(out, '"');
}

dk_status dk_saved_proof_json(const dk_saved_proof *proof, dk_buf *out, dk_error *err)
{
    bool written = true;
    dk_buf_format(out, "\"entry\":%" PRId64 ",\"erased\":%s", proof->entry, proof->erased ? "true" : "false");
    if (proof->has_content) {
        dk_buf_text(out, ",\"content\":");
        written = dk_canonical_text(out, (const char *)proof->content.data, proof->content.size);
        write_bytes("salt", proof->salt.bytes, DK_SALT_SIZE, out);
    }
    write_bytes("leaf", proof->leaf.bytes, DK_DIGEST_SIZE, out);
    dk_buf_format(out, ",\"size\":%" PRId64, proof->size);
    write_bytes("root", proof->root.bytes, DK_DIGEST_SIZE, out);
    dk_buf_text(out, ",\"hashes\":[");
    for (size_t i = 0; i < proof->proof.n; i++) {
        dk_buf_text(out, i > 0 ? ",\"" : "\"");
        dk_base64_append(out, proof->proof.hashes[i].bytes, DK_DIGEST_SIZE);
        dk_buf_byte(out, '"');
    }
    dk_buf_text(out, "],\"checkpoint\":");
    if (proof->checkpoint.size == 0)
        dk_buf_text(out, "null");
    else
        written = dk_canonical_text(out, (const char *)proof->checkpoint.data, proof->checkpoint.size) && written;
    if (!written)
        return dk_fail(err, DK_CORRUPT, "entry %" PRId64 " of the publication log is not UTF-8", proof->entry);
    return out->failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

dk_status dk_saved_proof_file(const dk_saved_proof *proof, dk_buf *out, dk_error *err)
{
    dk_buf extra;
    if (proof->checkpoint.size == 0)
        return dk_fail(err, DK_NOT_FOUND, "No signed checkpoint has this entry yet.");
    dk_buf_init(&extra);
    if (proof->has_content) {
        dk_buf_append(&extra, proof->salt.bytes, DK_SALT_SIZE);
        dk_buf_append(&extra, proof->content.data, proof->content.size);
    }
    const dk_status status =
        extra.failed ? dk_fail(err, DK_NOMEM, "out of memory")
                     : dk_log_proof_write(proof->entry, &proof->proof, extra.data, extra.size,
                                          (const char *)proof->checkpoint.data, proof->checkpoint.size, out, err);
    dk_buf_finish(&extra);
    return status;
}

/* ---- reading ---- */

static const char file_line[] = "c2sp.org/tlog-proof@v1\n";

dk_saved_kind dk_saved_kind_of(const char *data, size_t size)
{
    if (size >= strlen(file_line) && memcmp(data, file_line, strlen(file_line)) == 0)
        return DK_SAVED_FILE;
    if (size >= 4 && memcmp(data, "old ", 4) == 0)
        return DK_SAVED_CONSISTENCY;
    size_t at = 0;
    while (at < size && memchr(" \t\r\n", data[at], 4) != NULL)
        at++;
    if (at == size || data[at] != '{')
        return DK_SAVED_NOTHING;
    json_t *json = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
    const dk_saved_kind kind = json_object_get(json, "hashes") != NULL    ? DK_SAVED_JSON
                               : json_object_get(json, "subject") != NULL ? DK_SAVED_DOSSIER
                                                                          : DK_SAVED_NOTHING;
    json_decref(json);
    return kind;
}

static dk_status read_file(const char *data, size_t size, dk_saved_proof *proof, dk_error *err)
{
    dk_log_proof_file file;
    dk_checkpoint checkpoint;
    dk_note note;
    dk_status status = dk_log_proof_read(data, size, &file, err);
    if (status != DK_OK)
        return status;
    proof->entry = file.number;
    proof->proof = file.proof;
    dk_buf_append(&proof->checkpoint, file.checkpoint, file.checkpoint_size);
    if (file.extra.size >= DK_SALT_SIZE) {
        proof->has_content = true;
        memcpy(proof->salt.bytes, file.extra.data, DK_SALT_SIZE);
        dk_buf_append(&proof->content, file.extra.data + DK_SALT_SIZE, file.extra.size - DK_SALT_SIZE);
        dk_hasher hasher;
        dk_hasher_init(&hasher);
        proof->leaf = dk_log_leaf(&hasher, &proof->salt, proof->content.data, proof->content.size);
        if (hasher.failed)
            status = dk_fail(err, DK_NOMEM, "out of memory");
        dk_hasher_finish(&hasher);
    } else {
        status =
            dk_fail(err, DK_INVALID, "The proof does not have what was published; without that it proves nothing.");
    }
    if (status == DK_OK)
        status = dk_note_read(file.checkpoint, file.checkpoint_size, &note, err);
    if (status == DK_OK) {
        status = dk_checkpoint_read(note.text, note.text_size, &checkpoint, err);
        dk_note_finish(&note);
    }
    if (status == DK_OK) {
        proof->size = checkpoint.size;
        proof->root = checkpoint.root;
    }
    dk_log_proof_file_finish(&file);
    return status;
}

static bool read_bytes(const json_t *json, unsigned char *ret_bytes, size_t n)
{
    return json_is_string(json) &&
           dk_base64_read_exactly(json_string_value(json), json_string_length(json), ret_bytes, n);
}

static bool read_number(const json_t *json, int64_t *ret_number)
{
    *ret_number = json_integer_value(json);
    return json_is_integer(json) && *ret_number >= 0 && *ret_number <= DK_LOG_SIZE_MAX;
}

static dk_status read_json(const json_t *json, dk_saved_proof *proof, dk_error *err)
{
    const json_t *content = json_object_get(json, "content"), *checkpoint = json_object_get(json, "checkpoint");
    const json_t *hashes = json_object_get(json, "hashes");
    proof->erased = json_is_true(json_object_get(json, "erased"));
    proof->has_content = json_is_string(content);
    if (!read_number(json_object_get(json, "entry"), &proof->entry) ||
        !read_number(json_object_get(json, "size"), &proof->size) ||
        !read_bytes(json_object_get(json, "leaf"), proof->leaf.bytes, DK_DIGEST_SIZE) ||
        !read_bytes(json_object_get(json, "root"), proof->root.bytes, DK_DIGEST_SIZE) || !json_is_array(hashes))
        return dk_fail(err, DK_INVALID,
                       "This is no proof of a log: entry, size, leaf, root or hashes are missing or not "
                       "as they must be.");
    if (json_array_size(hashes) > DK_LOG_PROOF_MAX)
        return dk_fail(err, DK_INVALID, "The proof has more than %d hashes, which none needs.", DK_LOG_PROOF_MAX);
    proof->proof.n = json_array_size(hashes);
    for (size_t i = 0; i < proof->proof.n; i++)
        if (!read_bytes(json_array_get(hashes, i), proof->proof.hashes[i].bytes, DK_DIGEST_SIZE))
            return dk_fail(err, DK_INVALID, "Hash %zu of the proof is not 32 bytes in base 64.", i + 1);
    if (proof->has_content && !read_bytes(json_object_get(json, "salt"), proof->salt.bytes, DK_SALT_SIZE))
        return dk_fail(err, DK_INVALID, "The salt of the proof is not 32 bytes in base 64.");
    if (proof->has_content)
        dk_buf_append(&proof->content, json_string_value(content), json_string_length(content));
    if (json_is_string(checkpoint))
        dk_buf_append(&proof->checkpoint, json_string_value(checkpoint), json_string_length(checkpoint));
    return proof->content.failed || proof->checkpoint.failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

/* ---- checking ---- */

typedef struct checking {
    const dk_note_key *keys;
    size_t n;
    void (*tell)(const char *sentence, void *user);
    void *user;
    dk_saved_found found;
} checking;

__attribute__((format(printf, 2, 3))) static void tell(checking *c, const char *format, ...)
{
    char sentence[DK_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    c->found.findings++;
    c->tell(sentence, c->user);
}

static dk_status check_proof(checking *c, const dk_saved_proof *proof, dk_error *err)
{
    dk_hasher hasher;
    dk_checkpoint checkpoint = {.origin = ""};
    uint64_t signers = 0;
    dk_error why;
    dk_status status = DK_OK;
    const int64_t before = c->found.findings;
    dk_hasher_init(&hasher);
    c->found.proofs++;
    c->found.erased += proof->erased;
    const dk_digest leaf = dk_log_leaf(&hasher, &proof->salt, proof->content.data, proof->content.size);
    const dk_digest hash = dk_hasher_leaf(&hasher, proof->leaf.bytes, DK_DIGEST_SIZE);
    if (proof->has_content && !dk_digest_equal(&leaf, &proof->leaf))
        tell(c, "Entry %" PRId64 ": its content is not the one that was published.", proof->entry);
    if (!dk_log_verify_inclusion(&hasher, &hash, proof->entry, proof->size, &proof->proof, &proof->root))
        tell(c, "Entry %" PRId64 " is not in the tree of %" PRId64 " entries that its proof is for.", proof->entry,
             proof->size);
    if (hasher.failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    dk_hasher_finish(&hasher);
    if (status != DK_OK)
        return status;
    if (proof->checkpoint.size == 0)
        tell(c,
             "Entry %" PRId64 ": no checkpoint that has it was signed when this was saved, so nobody vouches for it.",
             proof->entry);
    else if (dk_checkpoint_open((const char *)proof->checkpoint.data, proof->checkpoint.size, NULL, c->keys, c->n,
                                &signers, &checkpoint, &why) != DK_OK)
        tell(c, "Entry %" PRId64 ": the checkpoint of its proof does not hold: %s", proof->entry, why.text);
    else if (checkpoint.size != proof->size || !dk_digest_equal(&checkpoint.root, &proof->root))
        tell(c, "Entry %" PRId64 ": its proof is for another tree than the one that its checkpoint signs.",
             proof->entry);
    if (before == c->found.findings)
        c->found.checkpoint = checkpoint;
    return DK_OK;
}

/* Whether a value of a content and one of a row as it was served are the same. */
static bool same_value(const json_t *content, const json_t *shown)
{
    if (json_is_null(content) || content == NULL)
        return shown == NULL || json_is_null(shown);
    if (json_is_string(content) && json_is_integer(shown)) { /* beyond what a double holds */
        char digits[32];
        snprintf(digits, sizeof digits, "%" PRId64, (int64_t)json_integer_value(shown));
        return strcmp(digits, json_string_value(content)) == 0;
    }
    if (json_is_number(content) && json_is_number(shown))
        return json_number_value(content) == json_number_value(shown);
    return json_equal(content, shown);
}

/* Coordinates are numbers with or without a point; the depth is that of GeoJSON, so that no text can make it deep.
 * Items are served with rings that turn as RFC 7946 wants them. */
static bool same_tree(const json_t *a, const json_t *b, int depth)
{
    if (!json_is_array(a))
        return same_value(a, b);
    const size_t n = json_array_size(a);
    if (!json_is_array(b) || json_array_size(b) != n || depth == 0)
        return false;
    bool same = true,
         turned = json_is_array(json_array_get(a, 0)) && json_is_number(json_array_get(json_array_get(a, 0), 0));
    for (size_t i = 0; same && i < n; i++)
        same = same_tree(json_array_get(a, i), json_array_get(b, i), depth - 1);
    for (size_t i = 0; !same && turned && i < n; i++)
        turned = same_tree(json_array_get(a, i), json_array_get(b, n - 1 - i), depth - 1);
    return same || turned;
}

/* A row as it was served against what its entry says. */
static void check_row(checking *c, const char *kind, const json_t *row, const json_t *content)
{
    const char *key = json_string_value(json_object_get(row, "id")), *name;
    const json_t *properties = json_object_get(row, "properties"), *fields = json_object_get(content, "fields");
    const json_t *outline = json_object_get(content, "outline"), *shown = json_object_get(row, "geometry");
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)fields, name,
                        value) if (!same_value(value, json_object_get(properties, name)))
        tell(c, "%s %.200s: %s is not what was published.", kind, key, name);
    if (json_is_object(shown) &&
        !(json_is_object(outline) && same_tree(json_object_get(outline, "type"), json_object_get(shown, "type"), 1) &&
          same_tree(json_object_get(outline, "coordinates"), json_object_get(shown, "coordinates"), 4)))
        tell(c, "%s %.200s: its outline is not what was published.", kind, key);
}

/* The content that the proofs have of a row; owned by the caller. NULL: none. */
static json_t *content_of(const json_t *proofs, const char *kind, const char *key)
{
    for (size_t i = 0; i < json_array_size(proofs); i++) {
        const json_t *text = json_object_get(json_array_get(proofs, i), "content");
        json_t *content =
            json_is_string(text) ? json_loadb(json_string_value(text), json_string_length(text), 0, NULL) : NULL;
        const char *of_kind = json_string_value(json_object_get(content, "kind"));
        const char *of_key = json_string_value(json_object_get(content, "key"));
        const char *event = json_string_value(json_object_get(content, "event"));
        if (of_kind != NULL && of_key != NULL && event != NULL && strcmp(of_kind, kind) == 0 &&
            strcmp(of_key, key) == 0 && strcmp(event, "publish") == 0)
            return content;
        json_decref(content);
    }
    return NULL;
}

/* whole: with its outline. */
static void check_served_row(checking *c, const char *kind, const json_t *row, bool whole, const json_t *proofs)
{
    const char *key = json_string_value(json_object_get(row, "id"));
    if (kind == NULL || key == NULL) {
        tell(c, "A row of the dossier does not say what it is: its kind or its id is missing.");
        return;
    }
    json_t *content = content_of(proofs, kind, key);
    if (content == NULL)
        tell(c, "%s %.200s: the dossier has no proof of it.", kind, key);
    else
        check_row(c, kind, row, content);
    if (whole && json_is_object(json_object_get(content, "outline")) &&
        !json_is_object(json_object_get(row, "geometry")))
        tell(c, "%s %.200s: its outline, which was published, is missing.", kind, key);
    json_decref(content);
}

enum { ROWS_MAX = 20000 }; /* more no dossier lists; each is looked for among all proofs */

static dk_status check_dossier(checking *c, const json_t *dossier, dk_error *err)
{
    const json_t *proofs = json_object_get(dossier, "proofs"), *linked = json_object_get(dossier, "linked");
    dk_status status = DK_OK;
    if (!json_is_array(proofs))
        return dk_fail(err, DK_INVALID, "This dossier has no proofs: save it with proofs=true in its address.");
    if (json_array_size(proofs) > ROWS_MAX)
        return dk_fail(err, DK_LIMIT, "The dossier has more than %d proofs.", ROWS_MAX);
    for (size_t i = 0; status == DK_OK && i < json_array_size(proofs); i++) {
        dk_saved_proof proof;
        dk_saved_proof_init(&proof);
        status = read_json(json_array_get(proofs, i), &proof, err);
        if (status == DK_OK)
            status = check_proof(c, &proof, err);
        dk_saved_proof_finish(&proof);
    }
    if (status != DK_OK)
        return status;
    check_served_row(c, json_string_value(json_object_get(dossier, "kind")), json_object_get(dossier, "subject"), true,
                     proofs);
    if (!json_is_array(linked))
        tell(c, "The rows linked to it are missing from the dossier.");
    size_t rows_seen = 0;
    for (size_t i = 0; i < json_array_size(linked); i++) {
        const json_t *group = json_array_get(linked, i), *rows = json_object_get(group, "rows");
        if (json_array_size(rows) > ROWS_MAX - rows_seen)
            return dk_fail(err, DK_LIMIT, "The dossier has more than %d rows.", ROWS_MAX);
        rows_seen += json_array_size(rows);
        for (size_t j = 0; j < json_array_size(rows); j++)
            check_served_row(c, json_string_value(json_object_get(group, "kind")), json_array_get(rows, j), false,
                             proofs);
    }
    return DK_OK;
}

dk_status dk_saved_verify(const char *data, size_t size, const dk_note_key *keys, size_t n,
                          void (*to_tell)(const char *sentence, void *user), void *user, dk_saved_found *ret_found,
                          dk_error *err)
{
    checking c = {.keys = keys, .n = n, .tell = to_tell, .user = user};
    dk_saved_proof proof;
    json_t *json = NULL;
    dk_status status = DK_OK;
    dk_saved_proof_init(&proof);
    const dk_saved_kind kind = dk_saved_kind_of(data, size);
    if (kind == DK_SAVED_JSON || kind == DK_SAVED_DOSSIER)
        json = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
    switch (kind) {
    case DK_SAVED_FILE:
        status = read_file(data, size, &proof, err);
        break;
    case DK_SAVED_JSON:
        status = read_json(json, &proof, err);
        break;
    case DK_SAVED_DOSSIER:
        status = check_dossier(&c, json, err);
        break;
    case DK_SAVED_CONSISTENCY:
    case DK_SAVED_NOTHING:
    default:
        status = dk_fail(err, DK_INVALID,
                         "This is no proof and no dossier that dikuai gave: neither a *.tlog-proof nor "
                         "its JSON.");
    }
    if (status == DK_OK && kind != DK_SAVED_DOSSIER)
        status = check_proof(&c, &proof, err);
    json_decref(json);
    dk_saved_proof_finish(&proof);
    if (status == DK_OK)
        *ret_found = c.found;
    return status;
}

dk_status dk_saved_consistency(const char *data, size_t size, const dk_checkpoint *older, const dk_note_key *keys,
                               size_t n, dk_checkpoint *ret_newer, dk_error *err)
{
    dk_log_proof_file file;
    dk_checkpoint newer;
    uint64_t signers;
    dk_hasher hasher;
    dk_status status = dk_log_consistency_read(data, size, &file, err);
    if (status != DK_OK)
        return status;
    dk_hasher_init(&hasher);
    status = dk_checkpoint_open(file.checkpoint, file.checkpoint_size, NULL, keys, n, &signers, &newer, err);
    if (status == DK_OK && strcmp(newer.origin, older->origin) != 0)
        status = dk_fail(err, DK_CONFLICT, "The checkpoints are of two logs, %s and %s.", older->origin, newer.origin);
    if (status == DK_OK && file.number != older->size)
        status = dk_fail(err, DK_INVALID,
                         "The proof is for a checkpoint of %" PRId64 " entries, and the older one is of %" PRId64 ".",
                         file.number, older->size);
    if (status == DK_OK &&
        !dk_log_verify_consistency(&hasher, older->size, &older->root, newer.size, &newer.root, &file.proof))
        status = dk_fail(err, DK_CONFLICT,
                         "The log of %" PRId64 " entries does not begin with the %" PRId64
                         " entries of the older checkpoint, or the proof is of another log.",
                         newer.size, older->size);
    dk_hasher_finish(&hasher);
    dk_log_proof_file_finish(&file);
    if (status == DK_OK)
        *ret_newer = newer;
    return status;
}
