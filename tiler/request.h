/* The request target: path segments and query parameters, decoded. Nothing in here touches a file system. */
#ifndef DK_TILER_REQUEST_H
#define DK_TILER_REQUEST_H

#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>

#define DK_URI_MAX 8192   /* bytes of a request target */
#define DK_PATH_MAX 8     /* segments; no resource has more */
#define DK_PARAMS_MAX 100 /* query parameters: every field of a kind as a filter, and the reserved names */

typedef struct dk_param {
    const char *name, *value;
} dk_param;

typedef struct dk_request {
    const char *path[DK_PATH_MAX]; /* "/a/b" gives a, b; "/" none; "/a/" gives a and an empty segment */
    size_t n_path;
    dk_param params[DK_PARAMS_MAX]; /* in the order written; no name twice */
    size_t n_params;
    const char
        *authority; /* host and port of an absolute-form target, which count instead of Host; NULL: there is none */
    bool at_base;   /* the address is base_path itself, without the slash that the map page's addresses need */
    char *memory;   /* owns all texts above */
} dk_request;

/* Reads an origin-form or absolute-form target (RFC 9112, 3.2). A segment is decoded after the path is split, so %2F
 * is part of a segment. Every text is valid UTF-8 without control characters; in the query + is a blank.
 * base_path ("" or "/maps") is taken off the front where it is there.
 * DK_LIMIT: too long. DK_NOT_FOUND: more segments than any resource has. DK_INVALID: no host in an
 * absolute form, bad escape, bad UTF-8, a control character, a parameter twice; the message names it. Caller calls
 * dk_request_finish in every case. */
dk_status dk_request_parse(dk_request *request, const char *uri, const char *base_path, dk_error *err);
void dk_request_finish(dk_request *request);

/* NULL if the parameter is absent. */
const char *dk_request_param(const dk_request *request, const char *name);

#endif
