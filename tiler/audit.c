#include "tiler/audit.h"

#include <string.h>

/* Names of the parameters, and never what they say: a question may be a person's name. Of f, the format. */
static void write_detail(const dk_request *request, dk_buf *out)
{
    for (size_t i = 0; i < request->n_params; i++) {
        dk_buf_text(out, out->size > 0 ? " " : "");
        dk_buf_format(out, "%.60s", request->params[i].name);
        if (strcmp(request->params[i].name, "f") == 0)
            dk_buf_format(out, "=%.20s", request->params[i].value);
    }
}

dk_status dk_audit_answer(dk_access_writer *writer, dk_context *ctx, const char *what)
{
    const dk_request *request = ctx->request;
    const dk_caller *caller = ctx->caller;
    const bool of_row = request->n_path > 3 && strcmp(request->path[2], "items") == 0;
    const bool of_document = strcmp(what, "document") == 0; /* by its digest */
    const bool of_batch = strcmp(what, "changes") == 0;     /* by its number */
    const bool tiles = strcmp(what, "tiles") == 0, export = strcmp(what, "export") == 0;
    const bool now = export || strcmp(what, "dossier") == 0 || of_document;
    dk_buf detail;
    dk_buf_init(&detail);
    if (of_row && request->n_path > 4 && strcmp(what, "linked") == 0)
        dk_buf_format(&detail, "%s", request->path[4]);
    if (!tiles)
        write_detail(request, &detail);
    const dk_audit event = {.at = dk_access_now(),
                            .token = caller->token,
                            .name = caller->name,
                            .way = dk_way_name(caller->way),
                            .what = what,
                            .kind = request->n_path > 1 && !of_document && !of_batch ? request->path[1] : NULL,
                            .key = of_document ? request->path[request->n_path - 1]
                                   : of_batch  ? request->path[1]
                                   : of_row    ? request->path[3]
                                               : NULL,
                            .detail = detail.size > 0 ? dk_buf_cstr(&detail) : NULL,
                            .rows = tiles          ? 1
                                    : export       ? -1
                                    : ctx->counted ? (int64_t)ctx->rows
                                                   : -1};
    dk_error error = {0};
    dk_status status = detail.failed ? DK_NOMEM
                       : now         ? dk_access_writer_write(writer, &event, &error)
                                     : dk_access_writer_note(writer, &event, &error);
    dk_buf_finish(&detail);
    if (status == DK_OK)
        return DK_OK;
    return dk_fail(&ctx->error, DK_IO,
                   "The server cannot write its audit trail now, without which this is not shown; its "
                   "log says why.");
}

void dk_audit_exported(dk_access_writer *writer, const dk_caller *caller, const char *kind, const char *format,
                       size_t rows)
{
    dk_buf detail;
    dk_buf_init(&detail);
    dk_buf_format(&detail, "f=%s", format);
    const dk_audit event = {.at = dk_access_now(),
                            .token = caller->token,
                            .name = caller->name,
                            .way = dk_way_name(caller->way),
                            .what = "exported",
                            .kind = kind,
                            .detail = dk_buf_cstr(&detail),
                            .rows = (int64_t)rows};
    dk_access_writer_note(writer, &event, NULL);
    dk_buf_finish(&detail);
}
