/* The operations of the server, from which /api is written: as OpenAPI 3.0 and as a page. */
#ifndef DK_TILER_API_H
#define DK_TILER_API_H

#include "tiler/http.h"

/* Query parameters: bits of dk_api_operation.params. The texts are in api.c. */
enum {
    DK_API_F = 1,
    DK_API_LIMIT = 1 << 1, /* of pages of rows */
    DK_API_AFTER = 1 << 2,
    DK_API_BBOX = 1 << 3, /* with bbox-crs */
    DK_API_CRS = 1 << 4,
    DK_API_ROWS = 1 << 5,   /* which rows, as item_query.c reads it: datetime, filter … */
    DK_API_FIELDS = 1 << 6, /* a parameter for each field that the viewer sees */
    DK_API_PROOF = 1 << 7,  /* f of proofs: json or tlog-proof */
    DK_API_FEATURE = 1 << 8,
    DK_API_PAGES = 1 << 9,  /* sortby, properties … */
    DK_API_SUMS = 1 << 10,  /* of statistics */
    DK_API_FILES = 1 << 11, /* f, of items also the formats of downloads */
    DK_API_TABLE = 1 << 12, /* f: json or csv */
    DK_API_LIST = 1 << 13,  /* also the fields that lists are grouped by */
    DK_API_PLACE = 1 << 14, /* of /overlaps */
    DK_API_LAYERS = 1 << 15,
    DK_API_WHEN = 1 << 16,   /* of the scorecard and its rows: division, period … */
    DK_API_GROUPS = 1 << 17, /* by */
    DK_API_STATE = 1 << 18,  /* of its rows, required */
    DK_API_DUE = 1 << 19,
    DK_API_ENTRY = 1 << 20, /* of the log, required */
    DK_API_OLD = 1 << 21,   /* the same */
    DK_API_CHANGES = 1 << 22,
    DK_API_LEVEL = 1 << 23, /* of the scorecard and its rows */
    DK_API_HITS = 1 << 24,  /* of /search: q, required, and how many hits */
    DK_API_MET = 1 << 25,   /* limit of overlaps */
    DK_API_PART = 1 << 26,  /* limit of what a batch has */
    DK_API_BOX = 1 << 27,   /* bbox in degrees, without bbox-crs */
    DK_API_ALL = 1 << 28,   /* of /batches */
    DK_API_DOSSIER = 1 << 29,
    DK_API_TILE = 1 << 30, /* f of tiles */
};
#define DK_API_AREA 0x80000000u /* crs of an area that is posted; more than an enum's constants may be */

typedef struct dk_api_operation {
    const char *path; /* from the base path on; %s stands for the collection's name */
    const char *id;   /* operationId; of a collection's operation its name comes behind a dot */
    const char *summary;
    const char *type;   /* of the answer, first choice */
    const char *schema; /* name among components/schemas; NULL: none is given */
    unsigned params;
    bool html; /* also as a page */
    bool layers_only;
    const char *method; /* post, delete; NULL: get */
    const char *body;   /* of a post: the content of its requestBody, JSON */
} dk_api_operation;

/* Operations of the whole server, and those that every collection has; NULL behind the last. */
const dk_api_operation *dk_api_server_operation(size_t index);
const dk_api_operation *dk_api_collection_operation(size_t index);

/* Whether the viewer has the operation: lists and batches are for some only, and to others there is nothing there. */
bool dk_api_offers(dk_context *ctx, const dk_api_operation *operation);

typedef struct dk_api_param {
    unsigned bit;
    const char *name, *title;
    bool required;
    const char *schema; /* JSON, NULL: the coordinate systems */
} dk_api_param;
const dk_api_param *dk_api_param_at(size_t index);

/* The page. */
void dk_api_page(dk_context *ctx);

#endif
