#include "ingest/json.h"

#include "ingest/encoding.h"

#include <stdio.h>
#include <string.h>

void dk_json_string(const char *text, dk_buf *out)
{
    if (text == NULL) {
        dk_buf_text(out, "null");
        return;
    }
    dk_buf clean;
    dk_buf_init(&clean);
    dk_decoder *decoder = dk_decoder_create(DK_ENCODING_UTF8);
    if (decoder != NULL)
        dk_decode(decoder, text, strlen(text), false, &clean, NULL);
    dk_decoder_free(decoder);
    dk_buf_byte(out, '"');
    for (size_t i = 0; i < clean.size; i++) {
        const unsigned char c = clean.data[i];
        if (c == '"' || c == '\\') {
            dk_buf_byte(out, '\\');
            dk_buf_byte(out, c);
        } else if (c < 0x20) {
            dk_buf_format(out, "\\u%04x", c);
        } else {
            dk_buf_byte(out, c);
        }
    }
    dk_buf_byte(out, '"');
    out->failed = out->failed || clean.failed || decoder == NULL;
    dk_buf_finish(&clean);
}

bool dk_json_print(dk_buf *out)
{
    dk_buf_byte(out, '\n');
    const bool good = !out->failed && fwrite(out->data, 1, out->size, stdout) == out->size && fflush(stdout) == 0;
    dk_buf_finish(out);
    return good;
}
