/* Header values: bytes from anyone. Accept-Encoding, Accept, If-None-Match, If-Match, Authorization, Host. */
#include "tiler/headers.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    const size_t length = strlen(text);
    /* Nothing that does not name gzip or * in any case can mean gzip. */
    if (dk_prefers_gzip(text) && strpbrk(text, "*gG") == NULL)
        abort();
    /* Whatever is better than identity is so because it was named, or all are by *. */
    if (dk_best_coding(text) != DK_IDENTITY && strpbrk(text, "*gGzZ") == NULL)
        abort();
    if (dk_refuses_identity(text) && strpbrk(text, "*iI") == NULL)
        abort();
    /* JSON is preferred to HTML or the other way round, or neither; HTML only by its name. */
    if (dk_prefers_html(text) && (dk_prefers_json(text) || strpbrk(text, "tT") == NULL))
        abort();
    if (dk_none_match(text, "\"0123456789abcdef\"") && strchr(text, '*') == NULL &&
        strstr(text, "\"0123456789abcdef\"") == NULL)
        abort();
    if (dk_strong_match(text, "\"0123456789abcdef\"") && !dk_none_match(text, "\"0123456789abcdef\""))
        abort();
    size_t token_size = 0;
    const char *token = dk_bearer_token(text, &token_size);
    if (token != NULL && (token_size == 0 || token < text || token + token_size > text + length))
        abort();
    dk_host_plain(text);
    if (dk_host_valid(text, length) && strpbrk(text, " ,@/\"<>") != NULL)
        abort();
    free(text);
    return 0;
}
