#include "tiler/route.h"

#include <string.h>

/* What a route does not say of itself is false. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* * stands for any segment that is not empty, *.json for one that ends so and has something before it. The first
 * pattern that fits is taken. */
static const struct {
    const char *pattern[DK_PATH_MAX];
    dk_route route;
} routes[] = {
    /* Tiles first: they are asked for most. */
    {{"xyz", "*", "*", "*", "*"}, {dk_get_tile, true, .audit = "tiles"}},
    {{"collections", "*", "tiles", "*", "*", "*", "*"}, {dk_get_tile, true, .audit = "tiles"}},
    {{NULL}, {dk_get_landing, true, .anyone = true}},
    {{"web", "*"}, {dk_get_asset, false, .anyone = true}},
    {{"styles", "*.json"}, {dk_get_style, true, .anyone = true}},
    {{"batches"}, {dk_get_batches, true}},
    {{"batches", "*"}, {dk_get_batch, true}},
    {{"batches", "*", "changes"}, {dk_get_batch_changes, true, .audit = "changes"}},
    {{"batches", "*", "documents"}, {dk_get_batch_documents, true}},
    {{"batches", "*", "documents", "*"}, {dk_get_batch_document, true, .audit = "document"}},
    {{"calendars", "*"}, {dk_get_calendar, true}},
    {{"catalogue"}, {dk_get_catalogue, true}},
    {{"due"}, {dk_get_due, true, .calendar = true}},
    {{"healthz"}, {dk_get_health, true, .anyone = true}},
    {{"conformance"}, {dk_get_conformance, true}},
    {{"api"}, {dk_get_api, true}},
    {{"collections"}, {dk_get_collections, true}},
    {{"collections", "*"}, {dk_get_collection, true}},
    {{"collections", "*", "schema"}, {dk_get_schema, true}},
    {{"collections", "*", "queryables"}, {dk_get_queryables, true}},
    {{"collections", "*", "sortables"}, {dk_get_sortables, true}},
    {{"collections", "*", "items"}, {dk_get_items, true, .audit = "items"}},
    {{"collections", "*", "statistics"}, {dk_get_statistics, true, .audit = "statistics"}},
    {{"collections", "*", "items", "*"}, {dk_get_item, true, .audit = "item"}},
    {{"collections", "*", "items", "*", "dossier"}, {dk_get_dossier, true, .audit = "dossier"}},
    {{"collections", "*", "items", "*", "overlaps"}, {dk_get_item_overlaps, true, .audit = "overlaps"}},
    {{"collections", "*", "items", "*", "proof"}, {dk_get_item_proof, true}},
    {{"collections", "*", "items", "*", "*"}, {dk_get_linked, true, .audit = "linked"}},
    {{"collections", "*", "tiles"}, {dk_get_tilesets, true}},
    {{"collections", "*", "tiles", "*"}, {dk_get_tileset, true}},
    {{"tileMatrixSets"}, {dk_get_tile_matrix_sets, true}},
    {{"tileMatrixSets", "*"}, {dk_get_tile_matrix_set, true}},
    {{"documents", "*"}, {dk_get_document, true, .audit = "document"}},
    {{"metrics"}, {dk_get_metrics, true}},
    {{"session"}, {dk_get_session, true, true}},
    {{"overlaps"}, {dk_get_overlaps, true, true, .audit = "overlaps"}},
    {{"scorecard"}, {dk_get_scorecard, true}},
    {{"scorecard", "rows"}, {dk_get_scorecard_rows, true}},
    {{"search"}, {dk_get_search, true, .audit = "search"}},
    {{"lists"}, {dk_get_lists, true}},
    {{"lists", "*"}, {dk_get_list, true, .audit = "list"}},
    {{"log", "checkpoint"}, {dk_get_log_checkpoint, true}},
    {{"log", "keys"}, {dk_get_log_keys, true}},
    {{"log", "proof"}, {dk_get_log_proof, true}},
    {{"log", "consistency"}, {dk_get_log_consistency, true}},
    {{"log", "tile", "*", "*"}, {dk_get_log_tile, true}},
    {{"log", "tile", "*", "*", "*"}, {dk_get_log_tile, true}},
    {{"log", "tile", "*", "*", "*", "*"}, {dk_get_log_tile, true}},
    {{"log", "tile", "*", "*", "*", "*", "*"}, {dk_get_log_tile, true}},
    {{"log", "tile", "*", "*", "*", "*", "*", "*"}, {dk_get_log_tile, true}},
    {{"xyz", "*.json"}, {dk_get_tilejson, true}},
};

static bool fits(const char *pattern, const char *segment)
{
    if (pattern[0] != '*')
        return strcmp(pattern, segment) == 0;
    const size_t ending = strlen(pattern + 1), size = strlen(segment);
    return size > ending && strcmp(segment + size - ending, pattern + 1) == 0;
}

const dk_route *dk_route_find(const dk_request *request)
{
    const size_t n_path = request->n_path;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        /* Most have another number of segments. */
        if ((n_path > 0 && routes[i].pattern[n_path - 1] == NULL) ||
            (n_path < DK_PATH_MAX && routes[i].pattern[n_path] != NULL))
            continue;
        size_t n = 0;
        while (n < n_path && fits(routes[i].pattern[n], request->path[n]))
            n++;
        if (n == n_path)
            return &routes[i].route;
    }
    return NULL;
}
