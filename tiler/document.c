/* Documents by the digest of their bytes: what is attached to rows (store/document.h). */
#include "store/document.h"

#include "tiler/http.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The types that attach takes; a store from elsewhere may say others. */
static const char *safe_type(const char *media_type)
{
    static const char *const types[] = {"application/pdf", "application/ofd", "image/jpeg", "image/png", "image/tiff"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(media_type, types[i]) == 0)
            return types[i];
    return "application/octet-stream";
}

/* RFC 6266 with RFC 8187: the name as it is, and one of plain characters for who knows no more. */
static void write_disposition(const dk_document *document, char *out, size_t size)
{
    dk_buf encoded;
    const char *slash = strrchr(document->name, '/');
    const char *name = slash != NULL ? slash + 1 : document->name;
    const char *dot = strrchr(name, '.');
    const size_t ending =
        dot != NULL ? strspn(dot + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") : 0;
    const bool plain = dot != NULL && ending > 0 && ending <= 5 && dot[1 + ending] == '\0';
    dk_buf_init(&encoded);
    dk_append_encoded(&encoded, name);
    const char *text = dk_buf_cstr(&encoded);
    const int n = snprintf(out, size, "inline; filename=\"%.16s%s\"; filename*=UTF-8''%s", document->sha256,
                           plain ? dot : "", text != NULL ? text : "");
    if (text == NULL || n < 0 || (size_t)n >= size)
        snprintf(out, size, "inline; filename=\"%.16s%s\"", document->sha256, plain ? dot : "");
    dk_buf_finish(&encoded);
}

static void keep(const dk_document *document, void *user)
{
    dk_context *ctx = user;
    ctx->answer.type = safe_type(document->media_type);
    ctx->answer.stored.size = (uint64_t)document->size;
    snprintf(ctx->answer.stored.etag, sizeof ctx->answer.stored.etag, "\"%s\"", document->sha256);
    write_disposition(document, ctx->answer.stored.disposition, sizeof ctx->answer.stored.disposition);
}

/* What is not what its name says is shown to nobody. A file that was looked at is known by what changes when it does.
 */
static bool is_whole(dk_worker *worker, int fd, const char *sha256)
{
    struct stat info;
    char found[DK_SHA256_HEX];
    int64_t size = 0;
    if (fstat(fd, &info) != 0)
        return false;
    const dk_verified_file file = {.device = info.st_dev,
                                   .inode = info.st_ino,
                                   .size = info.st_size,
                                   .modified = info.st_mtim,
                                   .changed = info.st_ctim};
    for (size_t i = 0; i < DK_VERIFIED_FILES; i++) {
        const dk_verified_file *known = &worker->verified[i];
        if (known->device == file.device && known->inode == file.inode && known->size == file.size &&
            known->modified.tv_sec == file.modified.tv_sec && known->modified.tv_nsec == file.modified.tv_nsec &&
            known->changed.tv_sec == file.changed.tv_sec && known->changed.tv_nsec == file.changed.tv_nsec &&
            strcmp(known->sha256, sha256) == 0)
            return true;
    }
    if (dk_document_digest(fd, "a document", found, &size, NULL) != DK_OK || strcmp(found, sha256) != 0)
        return false;
    dk_verified_file *place = &worker->verified[worker->next_verified++ % DK_VERIFIED_FILES];
    *place = file;
    memcpy(place->sha256, found, sizeof found);
    return true;
}

/* Answers with what was opened. */
static dk_status give(dk_context *ctx, dk_status status, const char *sha256, int fd)
{
    if (status == DK_NOT_FOUND)
        return dk_fail(&ctx->error, DK_NOT_FOUND, "There is no such document.");
    if (status != DK_OK)
        return status;
    if (!is_whole(ctx->worker, fd, sha256)) {
        close(fd);
        return dk_fail(&ctx->error, DK_CORRUPT,
                       "the document %s is damaged: its bytes are not those of its name; restore it from a backup",
                       sha256);
    }
    ctx->answer.stored.is = true;
    ctx->answer.stored.fd = fd;
    return DK_OK;
}

static const char *const no_params[] = {NULL};

dk_status dk_get_document(dk_context *ctx)
{
    const char *sha256 = ctx->request->path[1];
    int fd = -1;
    dk_status status = dk_context_params(ctx, no_params);
    if (status != DK_OK)
        return status;
    status = dk_document_open(ctx->worker->store, sha256, &ctx->viewer, ctx->worker->generation.number, keep, ctx, &fd,
                              &ctx->error);
    return give(ctx, status, sha256, fd);
}

dk_status dk_answer_waiting_document(dk_context *ctx, int64_t batch, const char *sha256)
{
    int fd = -1;
    dk_status status = dk_context_params(ctx, no_params);
    if (status != DK_OK)
        return status;
    status = dk_document_open_waiting(ctx->worker->store, batch, sha256, &ctx->viewer, keep, ctx, &fd, &ctx->error);
    return give(ctx, status, sha256, fd);
}
