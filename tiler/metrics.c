/* /metrics: counters for the operator, in the text format of Prometheus (prometheus.io/docs/instrumenting/
 * exposition_formats). */
#include "store/clock.h"
#include "store/clock_turn.h"
#include "tiler/http.h"
#include "tiler/tile_cache.h"

#include <inttypes.h>

static void metric(dk_buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    dk_buf_format(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, type, name, value);
}

dk_status dk_get_metrics(dk_context *ctx)
{
    static const char *const params[] = {NULL};
    const int32_t today = dk_clock_today(ctx->worker->store);
    int32_t right_until = today;
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_clock_right_until(ctx->worker->store, NULL, &right_until, &ctx->error);
    if (status != DK_OK)
        return status;
    dk_buf *out = &ctx->worker->body;
    dk_cache_counts counts = {0};
    if (ctx->cache != NULL)
        dk_tile_cache_counts(ctx->cache, &counts);
    dk_sheet_cache_counts sheets = {0};
    if (ctx->sheets != NULL)
        dk_sheet_cache_count(ctx->sheets, &sheets);
    dk_buf_clear(out);
    metric(out, "dikuai_generation", "gauge", "The published generation that is served.",
           (uint64_t)ctx->worker->generation.number);
    metric(out, "dikuai_clock_behind_days", "gauge",
           "For so many days rows have not said how disclosure stands; dikuai-ingest clock.",
           right_until < today ? (uint64_t)(today - right_until) : 0);
    metric(out, "dikuai_tile_cache_hits_total", "counter", "Tiles that were in memory.", counts.hits);
    metric(out, "dikuai_tile_cache_misses_total", "counter", "Tiles that were rendered.", counts.misses);
    metric(out, "dikuai_tile_cache_waited_total", "counter", "Requests that waited for another's rendering.",
           counts.waited);
    metric(out, "dikuai_tile_cache_dropped_total", "counter", "Tiles dropped because a publication touched them.",
           counts.dropped);
    metric(out, "dikuai_tile_cache_evicted_total", "counter", "Tiles dropped for want of room.", counts.evicted);
    metric(out, "dikuai_tile_cache_entries", "gauge", "Tiles in memory.", counts.entries);
    metric(out, "dikuai_tile_cache_bytes", "gauge", "Bytes of tiles in memory.", counts.bytes);
    metric(out, "dikuai_index_cache_hits_total", "counter", "Cells of the index that were in memory.", sheets.hits);
    metric(out, "dikuai_index_cache_misses_total", "counter", "Cells of the index that were read from the store.",
           sheets.misses);
    metric(out, "dikuai_index_cache_bytes", "gauge", "Bytes of the index in memory.", sheets.bytes);
    ctx->answer.type = "text/plain; version=0.0.4; charset=utf-8";
    ctx->answer.revalidate = true;
    return DK_OK;
}
