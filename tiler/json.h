/* A JSON writer (RFC 8259) on a buffer: commas and escapes are its business. */
#ifndef DK_TILER_JSON_H
#define DK_TILER_JSON_H

#include "store/buf.h"
#include "store/value.h"

typedef struct dk_json {
    dk_buf *buf;   /* borrowed */
    bool separate; /* the next element needs a comma before it */
} dk_json;

void dk_json_init(dk_json *json, dk_buf *buf);
void dk_json_object_begin(dk_json *json);
void dk_json_object_end(dk_json *json);
void dk_json_array_begin(dk_json *json);
void dk_json_array_end(dk_json *json);
/* name: of the program or a catalogue, whose names are plain ASCII: nothing in it is escaped. */
void dk_json_key(dk_json *json, const char *name);
/* Bytes that are not UTF-8 become U+FFFD. text NULL is null. */
void dk_json_text(dk_json *json, const char *text);
void dk_json_text_n(dk_json *json, const char *text, size_t size);
void dk_json_integer(dk_json *json, int64_t value);
/* The shortest decimal that reads back as the same double; what is not finite is null. */
void dk_json_number(dk_json *json, double value);
/* A coordinate in degrees: at most 9 decimals (0.1 mm), no exponent. */
void dk_json_degrees(dk_json *json, double value);
/* A coordinate in metres: at most 4 decimals (0.1 mm), no exponent. */
void dk_json_metres(dk_json *json, double value);
/* [x, y] of such coordinates. */
void dk_json_position(dk_json *json, const double position[2], bool degrees);
void dk_json_bool(dk_json *json, bool value);
void dk_json_null(dk_json *json);
void dk_json_value(dk_json *json, const dk_value *value);
/* A value that is JSON already: literals of the program. */
void dk_json_raw(dk_json *json, const char *literal);

/* "name": value in one call. */
void dk_json_member_text(dk_json *json, const char *name, const char *text);
void dk_json_member_integer(dk_json *json, const char *name, int64_t value);

#endif
