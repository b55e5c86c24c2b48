#include "tiler/publication.h"

#include "store/base64.h"
#include "store/log_keys.h"
#include "store/log_row.h"
#include "store/publication_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TILE_SECONDS 3600 /* a full tile never changes; but a cache must not outlive a redaction by more */
#define NOTHING "The publication log has nothing at this address."

dk_status dk_context_log(dk_context *ctx, dk_log **ret_log, int64_t *ret_size)
{
    dk_worker *worker = ctx->worker;
    dk_status status = DK_OK;
    if (worker->log == NULL)
        status = dk_log_open(worker->store, &worker->log, &ctx->error);
    if (status == DK_OK)
        status = dk_log_refresh_at(worker->log, worker->generation.number, ret_size, &ctx->error);
    if (status == DK_OK)
        *ret_log = worker->log;
    return status;
}

dk_status dk_publication_find(dk_context *ctx, const dk_kind *kind, const char *key, int64_t *ret_entry)
{
    dk_log *log = NULL;
    int64_t size = 0;
    if (!dk_log_has_kind(kind))
        return dk_fail(&ctx->error, DK_NOT_FOUND, "The publication log has no entries about \"%s\".", kind->name);
    const dk_status status = dk_context_log(ctx, &log, &size);
    return status == DK_OK ? dk_publication_log_entry(log, ctx->worker->store, kind, key,
                                                      ctx->worker->generation.number, size, ret_entry, &ctx->error)
                           : status;
}

/* ---- /log ---- */

dk_status dk_get_log_checkpoint(dk_context *ctx)
{
    static const char *const params[] = {NULL};
    dk_log *log = NULL;
    int64_t size = 0, signed_size;
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_log(ctx, &log, &size);
    if (status != DK_OK)
        return status;
    ctx->answer.type = "text/plain; charset=utf-8";
    return dk_log_checkpoint(log, size, &ctx->worker->body, &signed_size, &ctx->error);
}

/* The segments from "tile" on name it. */
dk_status dk_get_log_tile(dk_context *ctx)
{
    static const char *const params[] = {NULL};
    const dk_request *request = ctx->request;
    char path[DK_LOG_TILE_PATH];
    size_t n = 0;
    dk_log_tile tile;
    dk_log *log = NULL;
    int64_t size = 0;
    for (size_t i = 1; i < request->n_path; i++) {
        const int more = snprintf(path + n, sizeof path - n, i > 1 ? "/%s" : "%s", request->path[i]);
        if (more < 0 || (size_t)more >= sizeof path - n)
            return dk_fail(&ctx->error, DK_NOT_FOUND, NOTHING);
        n += (size_t)more;
    }
    if (!dk_log_tile_read_path(path, n, &tile))
        return dk_fail(&ctx->error, DK_NOT_FOUND, NOTHING);
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_log(ctx, &log, &size);
    if (status != DK_OK)
        return status;
    ctx->answer.type = "application/octet-stream";
    ctx->answer.max_age = TILE_SECONDS;
    return dk_log_tile_bytes(log, &tile, &ctx->worker->body, &ctx->error);
}

static bool read_number(const dk_context *ctx, const char *name, int64_t *ret_number)
{
    const char *text = dk_request_param(ctx->request, name);
    const size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return false;
    *ret_number = strtoll(text, NULL, 10);
    return true;
}

/* Of an entry by its number: that it stands there. What it is about is only shown of redactions: rows of older versions
 * may have been withdrawn. */
dk_status dk_get_log_proof(dk_context *ctx)
{
    static const char *const params[] = {"entry", "f", NULL};
    dk_log *log = NULL;
    int64_t size = 0, entry = 0;
    dk_log_record record;
    dk_saved_proof proof;
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status == DK_OK && !read_number(ctx, "entry", &entry))
        status = dk_fail(&ctx->error, DK_INVALID, "The parameter \"entry\" is the number of an entry.");
    if (status == DK_OK)
        status = dk_context_log(ctx, &log, &size);
    if (status != DK_OK)
        return status;
    if (entry >= size)
        return dk_fail(&ctx->error, DK_NOT_FOUND, NOTHING);
    if ((status = dk_log_read(log, entry, &record, &ctx->error)) != DK_OK)
        return status;
    const bool redaction = !record.erased && strcmp(record.kind, "+redact") == 0;
    dk_saved_proof_init(&proof);
    status = dk_saved_proof_make(log, entry, size, redaction, &proof, &ctx->error);
    if (status == DK_OK) {
        dk_answer_json(ctx, "application/json");
        dk_buf_byte(&ctx->worker->body, '{');
        status = dk_saved_proof_json(&proof, &ctx->worker->body, &ctx->error);
        dk_buf_byte(&ctx->worker->body, '}');
    }
    dk_saved_proof_finish(&proof);
    return status;
}

/* That the newest checkpoint begins with an older one. */
dk_status dk_get_log_consistency(dk_context *ctx)
{
    static const char *const params[] = {"old", NULL};
    dk_log *log = NULL;
    int64_t size = 0, old = 0, signed_size = 0;
    dk_log_proof proof;
    dk_buf checkpoint;
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK && !read_number(ctx, "old", &old))
        status =
            dk_fail(&ctx->error, DK_INVALID, "The parameter \"old\" is the number of entries of an older checkpoint.");
    if (status == DK_OK)
        status = dk_context_log(ctx, &log, &size);
    if (status != DK_OK)
        return status;
    dk_buf_init(&checkpoint);
    status = dk_log_checkpoint(log, size, &checkpoint, &signed_size, &ctx->error);
    if (status == DK_OK && old > signed_size)
        status = dk_fail(&ctx->error, DK_NOT_FOUND, "The newest checkpoint has %" PRId64 " entries only.", signed_size);
    if (status == DK_OK)
        status = dk_log_tree_consistency(dk_log_tree_of(log), old, signed_size, &proof, &ctx->error);
    if (status == DK_OK) {
        ctx->answer.type = "text/plain; charset=utf-8";
        status = dk_log_consistency_write(old, &proof, (const char *)checkpoint.data, checkpoint.size,
                                          &ctx->worker->body, &ctx->error);
    }
    dk_buf_finish(&checkpoint);
    return status;
}

/* The public keys, with what they are for: to be compared with what the owner says elsewhere. */
dk_status dk_get_log_keys(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    dk_log_key *keys = NULL;
    size_t n = 0;
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status == DK_OK)
        status = dk_log_keys_known(ctx->worker->store, &keys, &n, &ctx->error);
    if (status != DK_OK)
        return status;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_key(json, "keys");
    dk_json_array_begin(json);
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        dk_buf text;
        dk_buf_init(&text);
        status = dk_note_key_write(&keys[i].key, &text, &ctx->error);
        dk_json_object_begin(json);
        dk_json_key(json, "key");
        dk_json_text_n(json, (const char *)text.data, text.size);
        dk_json_member_text(json, "type", keys[i].key.algorithm == DK_NOTE_SM2 ? "SM2" : "Ed25519");
        dk_json_member_integer(json, "from_generation", keys[i].from_generation);
        dk_json_member_integer(json, "from_size", keys[i].from_size);
        if (keys[i].to_generation > 0)
            dk_json_member_integer(json, "to_generation", keys[i].to_generation);
        dk_json_object_end(json);
        dk_buf_finish(&text);
    }
    dk_json_array_end(json);
    dk_json_object_end(json);
    dk_log_keys_free(keys, n);
    return status;
}

/* ---- the proof of a row ---- */

static dk_status make_proof(dk_context *ctx, const dk_kind *kind, const char *key, dk_saved_proof *proof)
{
    dk_log *log = NULL;
    int64_t size = 0, entry = 0;
    dk_status status = dk_publication_find(ctx, kind, key, &entry);
    if (status == DK_OK)
        status = dk_context_log(ctx, &log, &size);
    return status == DK_OK ? dk_saved_proof_make(log, entry, size, true, proof, &ctx->error) : status;
}

/* Whether the viewer sees the row at all: by its kind and its being published. */
dk_status dk_get_item_proof(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    const dk_kind *kind = NULL;
    dk_saved_proof proof;
    const char *format = dk_request_param(ctx->request, "f");
    const bool file = format != NULL && strcmp(format, "tlog-proof") == 0;
    dk_status status = dk_context_kind(ctx, ctx->request->path[1], &kind);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK && format != NULL && !file && strcmp(format, "json") != 0)
        status = dk_fail(&ctx->error, DK_INVALID, "The parameter \"f\" can be json or tlog-proof here.");
    if (status != DK_OK)
        return status;
    dk_saved_proof_init(&proof);
    status = make_proof(ctx, kind, ctx->request->path[3], &proof);
    if (status == DK_NOT_FOUND)
        dk_fail(&ctx->error, DK_NOT_FOUND, "The publication log has no entry about such an item.");
    if (status == DK_OK && file) {
        ctx->answer.type = "text/plain; charset=utf-8";
        status = dk_saved_proof_file(&proof, &ctx->worker->body, &ctx->error);
    } else if (status == DK_OK) {
        dk_answer_json(ctx, "application/json");
        dk_buf_byte(&ctx->worker->body, '{');
        status = dk_saved_proof_json(&proof, &ctx->worker->body, &ctx->error);
        dk_buf_byte(&ctx->worker->body, '}');
    }
    dk_saved_proof_finish(&proof);
    return status;
}

/* ---- dossiers ---- */

static dk_status write_proofs_of(dk_dossier *d, const dk_row_list *list)
{
    dk_json *json = &d->ctx->json;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < list->n && i < DK_DOSSIER_ROWS_LISTED; i++) {
        dk_saved_proof proof;
        dk_saved_proof_init(&proof);
        status = make_proof(d->ctx, list->kind, list->rows[i].key, &proof);
        if (status == DK_OK) {
            dk_json_object_begin(json);
            status = dk_saved_proof_json(&proof, json->buf, &d->ctx->error);
            json->separate = true;
            dk_json_object_end(json);
        } else if (status == DK_NOT_FOUND) { /* not the public's */
            status = DK_OK;
        }
        dk_saved_proof_finish(&proof);
    }
    return status;
}

dk_status dk_publication_dossier(dk_dossier *d, bool all)
{
    dk_context *ctx = d->ctx;
    dk_json *json = &ctx->json;
    const dk_row *subject = &d->subject.rows[0];
    int64_t entry = 0;
    dk_status status = dk_publication_find(ctx, subject->kind, subject->key, &entry);
    if (status == DK_NOT_FOUND)
        return DK_OK;
    if (status != DK_OK)
        return status;
    dk_json_key(json, "proof");
    dk_json_object_begin(json);
    dk_json_member_integer(json, "entry", entry);
    dk_buf path;
    dk_buf_init(&path);
    dk_buf_text(&path, ctx->config->base_path);
    dk_append_item_path(&path, subject->kind, subject->key);
    dk_buf_text(&path, "/proof");
    dk_json_key(json, "href");
    dk_json_text_n(json, (const char *)path.data, path.size);
    json->buf->failed |= path.failed;
    dk_buf_finish(&path);
    dk_json_object_end(json);
    if (!all)
        return DK_OK;
    dk_json_key(json, "proofs");
    dk_json_array_begin(json);
    status = write_proofs_of(d, &d->subject);
    for (size_t i = 0; status == DK_OK && i < DK_MAX_KINDS; i++)
        if (d->linked[i].kind != NULL)
            status = write_proofs_of(d, &d->linked[i]);
    dk_json_array_end(json);
    return status;
}

dk_status dk_publication_page(dk_dossier *d, dk_html *html)
{
    dk_context *ctx = d->ctx;
    const dk_row *subject = &d->subject.rows[0];
    dk_digest entry_leaf = {{0}};
    dk_log *log = NULL;
    int64_t size = 0, entry = 0, signed_size = 0;
    char at[24] = "";
    dk_status status = dk_publication_find(ctx, subject->kind, subject->key, &entry);
    if (status == DK_NOT_FOUND)
        return DK_OK;
    dk_buf path, leaf, checkpoint;
    dk_buf_init(&path);
    dk_buf_init(&leaf);
    dk_buf_init(&checkpoint);
    if (status == DK_OK)
        status = dk_context_log(ctx, &log, &size);
    if (status == DK_OK)
        status = dk_log_leaf_at(log, entry, &entry_leaf, &ctx->error);
    /* The proof itself is for who asks for it: it costs as much as the rest of the page. */
    if (status == DK_OK &&
        (status = dk_log_checkpoint(log, size, &checkpoint, &signed_size, &ctx->error)) == DK_NOT_FOUND)
        status = DK_OK;
    const bool is_signed = status == DK_OK && signed_size > entry;
    if (is_signed)
        status = dk_log_signed_at(log, signed_size, at, &ctx->error);
    dk_append_item_path(&path, subject->kind, subject->key);
    dk_buf_text(&path, "/proof");
    dk_base64_append(&leaf, entry_leaf.bytes, DK_DIGEST_SIZE);
    const char *address = dk_buf_cstr(&path), *digest = dk_buf_cstr(&leaf);
    if (status == DK_OK && (address == NULL || digest == NULL))
        status = dk_fail(&ctx->error, DK_NOMEM, "out of memory");
    if (status == DK_OK) {
        ctx->answer.scripted = true;
        dk_html_raw(html, "<section class=\"proof\"");
        dk_html_address(html, "data-proof", address);
        dk_html_address(html, "data-keys", "/log/keys");
        dk_html_raw(html, ">\n<h2>公开日志</h2>\n<table class=\"facts\"><tbody>\n");
        dk_html_fact_begin(html, "条目");
        dk_html_raw(html, "第 ");
        dk_html_number(html, entry);
        dk_html_raw(html, " 条，共 ");
        dk_html_number(html, is_signed ? signed_size : size);
        dk_html_raw(html, " 条");
        dk_html_fact_end(html);
        dk_html_fact_begin(html, "签署时间");
        if (at[0] != '\0')
            dk_html_moment(html, at);
        else
            dk_html_raw(html, "尚未签署");
        dk_html_fact_end(html);
        dk_html_fact_begin(html, "摘要");
        dk_html_raw(html, "<code>");
        dk_html_text(html, digest);
        dk_html_raw(html, "</code>");
        dk_html_fact_end(html);
        dk_html_fact_begin(html, "核验");
        dk_html_raw(html, "<span class=\"verdict\" role=\"status\">未核验（需要浏览器脚本）</span>");
        dk_html_fact_end(html);
        dk_html_raw(html, "</tbody></table>\n");
        if (is_signed) {
            dk_buf_text(&path, "?f=tlog-proof");
            address = dk_buf_cstr(&path);
            dk_html_raw(html, "<p class=\"hint\">保存<a download=\"");
            dk_html_text(html, subject->key);
            dk_html_raw(html, ".tlog-proof\"");
            dk_html_address(html, "href", address != NULL ? address : "");
            dk_html_raw(html, ">存证文件</a>，日后可用 <code>dikuai-ingest verify</code> 离线核验。</p>\n");
        }
        dk_html_raw(html, "</section>\n<script type=\"module\"");
        dk_html_address(html, "src", "/web/verify.js");
        dk_html_raw(html, "></script>\n");
    }
    dk_buf_finish(&path);
    dk_buf_finish(&leaf);
    dk_buf_finish(&checkpoint);
    return status;
}
