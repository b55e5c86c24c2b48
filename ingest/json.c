#include "ingest/json.h"

#include "ingest/encoding.h"

#include <stdio.h>
#include <string.h>

/* The code of a character that YAML does not take as it is, or that some programs end a line at: DEL to U+009F, U+2028
 * and U+2029; its bytes in *ret_size. 0: another. */
static unsigned to_escape(const unsigned char *at, size_t left, size_t *ret_size)
{
    *ret_size = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : 3;
    if (at[0] == 0x7F)
        return 0x7F;
    if (left >= 2 && at[0] == 0xC2 && at[1] < 0xA0)
        return at[1];
    return left >= 3 && at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9) ? 0x2000u + (at[2] & 0x3F)
                                                                                           : 0;
}

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
        size_t size;
        const unsigned code = to_escape(clean.data + i, clean.size - i, &size);
        if (code != 0) {
            dk_buf_format(out, "\\u%04x", code);
            i += size - 1;
        } else if (c == '"' || c == '\\') {
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
