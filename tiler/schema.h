/* What the fields of a collection are, as JSON Schema: for /schema, /queryables, /sortables and the API's description.
 */
#ifndef DK_TILER_SCHEMA_H
#define DK_TILER_SCHEMA_H

#include "tiler/http.h"

/* "type", "format", "enum", "title" and units of a field as an object, valid in JSON Schema 2020-12 and OpenAPI 3.0.
 * role: x-ogc-role (OGC 23-058r2, 7), NULL: none. titled: also the titles of values that have some, as "oneOf" of
 * "const", which OpenAPI 3.0 does not know. */
void dk_write_field_schema(dk_json *json, const dk_field *field, const char *role, bool titled);

/* The words of the standards: geometry-polygon-or-multipolygon … ; NULL for records. */
const char *dk_geometry_format(const dk_kind *kind);
/* text, integer … in Chinese. */
const char *dk_field_type_title(dk_field_type type);

#endif
