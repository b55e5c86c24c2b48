/* What a handler of one resource works with. A handler reads the request, writes its answer into the worker's body
 * and returns DK_OK; any other status becomes a problem document (RFC 9457): DK_NOT_FOUND 404, DK_INVALID 400,
 * DK_LIMIT 413, DK_BUSY 503, the rest 500. The sentence in ctx->error is shown for 400, 404 and 413 only. */
#ifndef DK_TILER_HTTP_H
#define DK_TILER_HTTP_H

#include "store/query.h"
#include "tiler/caller.h"
#include "tiler/crs.h"
#include "tiler/json.h"
#include "tiler/request.h"
#include "tiler/store_pool.h"

#include <stdatomic.h>

#define DK_LIMIT_DEFAULT 100
#define DK_LIMIT_MAX 10000
#define DK_BODY_MAX (64u << 20) /* bytes of rows after which a page is cut and continues at its next link */

/* Of the whole server; immutable while it runs. */
typedef struct dk_config {
    const char *store_path;
    const char *base_path;     /* "" or "/maps" */
    const char *tianditu_key;  /* NULL: no basemap */
    const char *user_header;   /* in which a trusted proxy names the user; NULL: none */
    dk_access_writer *writer;  /* of the audit trail */
    size_t cache_size;         /* bytes of tiles kept in memory; 0: none */
    size_t index_cache_size;   /* bytes of the cell index kept in memory; 0: none */
    atomic_int *converting;    /* uploads that are being converted, each by a thread that waits for it, */
    int most_converting;       /* and how many there may be, so that others are answered meanwhile */
    bool log_requests;         /* a line on stderr for each: request_log.h */
    const char *ingest;        /* path of dikuai-ingest, for conversions; NULL: there is none */
    const char *temp_folder;   /* private (tiler/temp_folder.h); NULL: none yet */
    size_t download_rows;      /* that a download may have */
    size_t download_size;      /* bytes of temporary files of all downloads together */
    unsigned download_seconds; /* from its request until its last byte is sent */
} dk_config;

typedef struct dk_answer {
    unsigned status;  /* HTTP */
    const char *type; /* Content-Type; NULL: no body */
    const void *data; /* the body; NULL: worker->body */
    size_t size;
    dk_matter matter; /* what it is of, for its coding */
    const void *gzip; /* the same, gzipped beforehand; NULL: made when wanted */
    size_t gzip_size;
    bool fixed;         /* data and gzip outlive the answer and are the same for every viewer */
    bool revalidate;    /* a cache must ask each time: what tells the state of the server */
    bool vary_accept;   /* the choice of this answer looked at Accept */
    bool vary_scheme;   /* it holds whole addresses, whose scheme is that of X-Forwarded-Proto */
    bool vary_site;     /* it is the public's because another site's page asked, whatever the browser sent along */
    bool no_store;      /* no cache may keep it: an answer to POST */
    bool page;          /* the map page: gets the Content-Security-Policy */
    bool document;      /* a page of html.h: gets a stricter one */
    bool scripted;      /* one that has a script of ours */
    unsigned max_age;   /* seconds for which the public may cache it; 0: a minute */
    const dk_crs *crs;  /* of the coordinates in the answer; NULL: it has none */
    const char *etag;   /* of a fixed body, without quotes */
    char location[256]; /* "" : none */
    struct dk_stored {  /* a file instead of a body: response.h, dk_respond_stored */
        bool is;
        int fd; /* owned */
        uint64_t size;
        char etag[72], disposition[1024];
    } stored;
    uint64_t kinds;     /* of a tile: bits of the kinds that it shows */
    int64_t generation; /* of a tile: the one that it shows */
} dk_answer;

/* What was POSTed. */
typedef struct dk_upload {
    const void *data; /* NULL: nothing was */
    size_t size;
    const char *type; /* Content-Type or NULL */
    bool coded;       /* Content-Encoding: compressed, or as this server does not know it */
} dk_upload;

typedef struct dk_context {
    const dk_config *config;
    const dk_request *request;
    dk_viewer viewer;
    const dk_caller *caller;        /* who the viewer is; NULL: the public */
    dk_worker *worker;              /* NULL for what needs no store */
    struct dk_tile_cache *cache;    /* NULL: none */
    dk_sheet_cache *sheets;         /* NULL: none */
    struct dk_row_sets *sets;       /* of filtered tiles */
    bool prefers_json;              /* by Accept, where HTML is the default */
    bool prefers_html;              /* by Accept, where JSON is the default */
    bool prefers_calendar;          /* the same */
    bool html;                      /* dk_context_format: the answer is HTML */
    const char *host;               /* NULL unless plain: see dk_host_plain */
    const char *scheme;             /* http or https, as the client sees it */
    const struct dk_change *change; /* dk_write_feature says of the row what changes (batches.c); NULL: nothing */
    bool row_links;                 /* dk_write_feature gives each row of a page its links self and describedby */
    dk_upload upload;               /* of a route that takes POST */
    size_t rows;                    /* in the answer, if they were counted: for the audit trail */
    bool counted;
    unsigned problem; /* HTTP status of a failure instead of the status's own, its sentence shown; 0: that one */
    dk_json json;     /* on worker->body */
    dk_answer answer;
    dk_error error;
} dk_context;

/* The handlers. Path segments behind the resource's name are in ctx->request->path. */
dk_status dk_get_landing(dk_context *ctx);
dk_status dk_get_asset(dk_context *ctx);
dk_status dk_get_style(dk_context *ctx);
dk_status dk_get_catalogue(dk_context *ctx);
dk_status dk_get_health(dk_context *ctx);
dk_status dk_get_collections(dk_context *ctx);
dk_status dk_get_collection(dk_context *ctx);
dk_status dk_get_items(dk_context *ctx);
dk_status dk_get_item(dk_context *ctx);
dk_status dk_get_linked(dk_context *ctx);
dk_status dk_get_statistics(dk_context *ctx);
dk_status dk_get_dossier(dk_context *ctx);
dk_status dk_get_search(dk_context *ctx);
dk_status dk_get_lists(dk_context *ctx);
dk_status dk_get_list(dk_context *ctx);
dk_status dk_get_tile(dk_context *ctx);
dk_status dk_get_tilejson(dk_context *ctx);
dk_status dk_get_tile_matrix_sets(dk_context *ctx);
dk_status dk_get_tile_matrix_set(dk_context *ctx);
dk_status dk_get_tilesets(dk_context *ctx);
dk_status dk_get_tileset(dk_context *ctx);
dk_status dk_get_metrics(dk_context *ctx);
dk_status dk_get_calendar(dk_context *ctx);
dk_status dk_get_due(dk_context *ctx);
bool dk_due_is_calendar(const dk_context *ctx); /* whether a calendar is asked for */
dk_status dk_get_scorecard(dk_context *ctx);
dk_status dk_get_scorecard_rows(dk_context *ctx);
dk_status dk_get_session(dk_context *ctx);
dk_status dk_get_conformance(dk_context *ctx);
dk_status dk_get_api(dk_context *ctx);
dk_status dk_get_queryables(dk_context *ctx);
dk_status dk_get_sortables(dk_context *ctx);
dk_status dk_get_schema(dk_context *ctx);
dk_status dk_get_document(dk_context *ctx);
/* Answers with a document that a batch is about to attach, if the viewer may look at it beforehand (document.c). */
dk_status dk_answer_waiting_document(dk_context *ctx, int64_t batch, const char *sha256);
dk_status dk_get_overlaps(dk_context *ctx);
dk_status dk_get_item_overlaps(dk_context *ctx);
dk_status dk_get_batches(dk_context *ctx);
dk_status dk_get_batch(dk_context *ctx);
dk_status dk_get_batch_changes(dk_context *ctx);
dk_status dk_get_batch_documents(dk_context *ctx);
dk_status dk_get_batch_document(dk_context *ctx);
dk_status dk_get_item_proof(dk_context *ctx);
dk_status dk_get_log_checkpoint(dk_context *ctx);
dk_status dk_get_log_tile(dk_context *ctx);
dk_status dk_get_log_proof(dk_context *ctx);
dk_status dk_get_log_consistency(dk_context *ctx);
dk_status dk_get_log_keys(dk_context *ctx);

/* ---- shared by the handlers: context.c ---- */

/* Appends what whole addresses of this server begin with: scheme and host, if the client's Host header is plain, and
 * the base path. */
void dk_append_base(dk_context *ctx, dk_buf *out);

/* Begins a JSON answer. type: JSON media type. */
void dk_answer_json(dk_context *ctx, const char *type);

/* The kind of that name; DK_NOT_FOUND when there is none or the viewer may see none of its fields: the same words. */
dk_status dk_context_kind(dk_context *ctx, const char *name, const dk_kind **ret_kind);
/* Bits of the fields that the viewer may see in some row, and so may ask about. */
uint64_t dk_context_fields(const dk_context *ctx, const dk_kind *kind);
/* The same and those of which they are shown a mask: for answers only. */
uint64_t dk_context_shown(const dk_context *ctx, const dk_kind *kind);
bool dk_context_sees(const dk_context *ctx, const dk_kind *kind);
/* Whether some of a layer's outlines are shown coarse, and the last zoom of its tiles. */
bool dk_context_coarse(const dk_context *ctx, const dk_kind *layer);
int dk_context_max_zoom(const dk_context *ctx, const dk_kind *layer);
/* How many rows the viewer sees, and where. */
dk_status dk_context_summary(dk_context *ctx, const dk_kind *kind, dk_summary *ret_summary);

/* DK_INVALID, naming the parameter, unless each is one of names (NULL-terminated). */
dk_status dk_context_params(dk_context *ctx, const char *const *names);
/* The parameter limit, from 1 to max; fallback when absent. */
dk_status dk_context_limit(dk_context *ctx, size_t fallback, size_t max, size_t *ret_limit);
/* The same for a page of rows, where more than max is max: whoever asks for more gets pages (OGC API Features, Part 1,
 * version 1.0.1, requirement 22 C). */
dk_status dk_context_page_limit(dk_context *ctx, size_t fallback, size_t max, size_t *ret_limit);
/* The parameter f, where only JSON is to be had. */
dk_status dk_context_json_only(dk_context *ctx);
/* The parameter f, json or html, or else Accept: sets ctx->html, and answer.vary_accept if Accept decided. */
dk_status dk_context_format(dk_context *ctx);
/* The parameter crs: sets answer.crs, CRS84 if it is absent. */
dk_status dk_context_crs(dk_context *ctx);

/* {"rel", "href", "type", "title"}; the address is base path + path. title may be NULL. */
void dk_write_link(dk_context *ctx, const char *rel, const char *path, const char *type, const char *title);
/* The same with scheme and host before it, if the client's Host header is plain: for the links that GDAL and QGIS
 * follow, neither of which resolves an address against that of the document. */
void dk_write_link_whole(dk_context *ctx, const char *rel, const char *path, const char *type, const char *title);
/* As dk_write_link, of an address in which {variables} are to be filled in: "templated" says so (OGC 17-083r4, link).
 */
void dk_write_link_template(dk_context *ctx, const char *rel, const char *path, const char *type, const char *title);
/* Links self and alternate of a resource in JSON and HTML. path: of the resource, perhaps with a query, without f. */
void dk_write_own_links(dk_context *ctx, const char *path, const char *json_type);
/* Appends the request's own address: path and query, without the parameters named in without (NULL-terminated). */
void dk_append_own_address(dk_buf *out, const dk_request *request, const char *const *without);
/* Appends a text percent-encoded as a path segment or query value (RFC 3986 unreserved stays). */
void dk_append_encoded(dk_buf *out, const char *text);
/* Appends /collections/KIND/items/KEY. */
void dk_append_item_path(dk_buf *out, const dk_kind *kind, const char *key);

/* ---- geojson.c ---- */

/* F of the contract, with coordinates in answer.crs (NULL: CRS84). single: an answer of its own, with its generation
 * and all links; else, if ctx->row_links, with those to itself and its dossier. DK_INVALID where it lies too far from
 * the system. */
dk_status dk_write_feature(dk_context *ctx, const dk_row *row, bool single);
/* A box (west, south, east, north) as a JSON array in answer.crs. */
dk_status dk_write_box(dk_context *ctx, const double bounds[4]);
/* The member "origin" of the row's object, where the viewer may know it: store/provenance.h. */
dk_status dk_write_origin(dk_context *ctx, const dk_row *row);

#endif
