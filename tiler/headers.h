/* Request header values, which are foreign bytes (RFC 9110). All texts may be NULL: the header is absent. */
#ifndef DK_TILER_HEADERS_H
#define DK_TILER_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum dk_coding { DK_IDENTITY, DK_GZIP, DK_ZSTD } dk_coding;

/* Accept-Encoding: the coding to answer in. q=0 forbids one; * stands for gzip and identity where they are not named. A
 * weight that is not one counts as 0. Of equal weights, a coding comes before identity. Where nothing that there is is
 * acceptable, identity (RFC 9110, 12.4.1: the field is disregarded; a 406 would be of no use to anyone). zstd only
 * where the client ranks it above gzip: in the time of gzip it makes tiles 1 to 3 % larger (tests/bench/README.md), and
 * browsers that name both rank them alike. */
dk_coding dk_best_coding(const char *accept_encoding);
/* The same between gzip and identity alone. */
bool dk_prefers_gzip(const char *accept_encoding);
/* Whether identity is forbidden, by its name or by * (RFC 9110, 12.5.3). */
bool dk_refuses_identity(const char *accept_encoding);

/* Accept: whether JSON is preferred over HTML, which is what a browser or a client that does not care gets. */
bool dk_prefers_json(const char *accept);

/* Accept: whether HTML is asked for by name and preferred over JSON (also GeoJSON and JSON Schema), which is what a
 * client that does not care gets. */
bool dk_prefers_html(const char *accept);

/* Accept: whether a calendar (text/calendar) is asked for by name and not less than JSON, which is what a client that
 * does not care gets. */
bool dk_prefers_calendar(const char *accept);

/* If-None-Match: whether it names the entity tag (with its quotes), by weak comparison, or is *. */
bool dk_none_match(const char *if_none_match, const char *etag);
/* If-Match: the same by strong comparison, where W/ names none. */
bool dk_strong_match(const char *if_match, const char *etag);

/* Range (RFC 9110, 14.2) of a body of so many bytes. Several ranges, other units and what is not one are passed over,
 * as the standard allows: the whole body answers them. */
typedef enum dk_range {
    DK_RANGE_WHOLE,
    DK_RANGE_PART,   /* *ret_first to *ret_last, both inside */
    DK_RANGE_OUTSIDE /* 416 */
} dk_range;
dk_range dk_range_of(const char *range, uint64_t size, uint64_t *ret_first, uint64_t *ret_last);

/* Authorization: the token of the Bearer scheme and its size, or NULL if the header has another form. */
const char *dk_bearer_token(const char *authorization, size_t *ret_size);

/* Host: whether it is one host, perhaps with a port (RFC 9110, 7.2; RFC 3986, 3.2.2), or nothing. A comma is none of a
 * host here, for two of them are what two lines look like that something on the way has put together. */
bool dk_host_valid(const char *host, size_t size);

/* X-Forwarded-Proto: whether it says https, in any case (RFC 3986, 3.1). */
bool dk_is_https(const char *forwarded_proto);

/* Host: whether it may be repeated in an address (letters, digits and . : - _ [ ] only). */
bool dk_host_plain(const char *host);

#endif
