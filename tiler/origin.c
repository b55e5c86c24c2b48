/* Where a row comes from: file, SHA-256, row and repairs, for staff in whose scope it is. */
#include "store/provenance.h"
#include "tiler/http.h"

static void write_origin(const dk_origin *origin, void *user)
{
    dk_json *json = user;
    dk_json_key(json, "origin");
    dk_json_object_begin(json);
    dk_json_member_integer(json, "batch", origin->batch);
    dk_json_member_text(json, "source", origin->source);
    dk_json_member_integer(json, "row", origin->source_row);
    if (origin->datum[0] != '\0')
        dk_json_member_text(json, "datum", origin->datum);
    dk_json_key(json, "files");
    dk_json_array_begin(json);
    for (size_t i = 0; i < origin->n_files; i++) {
        dk_json_object_begin(json);
        dk_json_member_text(json, "name", origin->files[i].name);
        dk_json_member_integer(json, "bytes", origin->files[i].bytes);
        dk_json_member_text(json, "sha256", origin->files[i].sha256);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    dk_json_member_integer(json, "files_in_all", origin->files_in_all);
    if (origin->repair.rule != NULL) {
        const dk_value before = dk_value_real(origin->repair.before_m2), after = dk_value_real(origin->repair.after_m2);
        dk_json_key(json, "repaired");
        dk_json_object_begin(json);
        dk_json_member_text(json, "rule", origin->repair.rule);
        dk_json_member_text(json, "found", origin->repair.detail);
        dk_json_key(json, "area_before_m2");
        dk_json_value(json, &before);
        dk_json_key(json, "area_after_m2");
        dk_json_value(json, &after);
        dk_json_object_end(json);
    }
    dk_json_object_end(json);
}

dk_status dk_write_origin(dk_context *ctx, const dk_row *row)
{
    if (ctx->viewer.audience < DK_STAFF)
        return DK_OK;
    const dk_status status = dk_query_origin(ctx->worker->store, row->kind, row->key, &ctx->viewer,
                                             ctx->worker->generation.number, write_origin, &ctx->json, &ctx->error);
    return status == DK_NOT_FOUND ? DK_OK : status; /* out of scope */
}
