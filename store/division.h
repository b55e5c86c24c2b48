/* Where divisions lie, for who asks whether rows lie in theirs. A catalogue may have a layer of them (行政区): the
 * first layer of polygons whose key is a division code and nothing else. */
#ifndef DK_STORE_DIVISION_H
#define DK_STORE_DIVISION_H

#include "store/buf.h"
#include "store/store.h"

/* NULL: the catalogue has none. */
const dk_kind *dk_division_layer(const dk_catalogue *catalogue);

/* Replaces out with the outline (WKB, degrees) of the division with this code that is published now or, where there is
 * none, of its successor, else of the one around it: 12, 9, then 6 digits, each also with 0 behind it up to 12. Empty:
 * there is none. */
dk_status dk_division_outline(dk_store *store, const dk_kind *layer, const char *code, dk_buf *out, dk_error *err);

/* Whether a code may be in the store: it is listed, or the catalogue lists no division of its length below its longest
 * listed prefix (one that names only the county accepts every village in it). Right-padding with 000 is looked through.
 */
bool dk_division_known(const dk_catalogue *catalogue, const char *code);

#endif
