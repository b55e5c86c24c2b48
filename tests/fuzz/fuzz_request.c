/* The request target: bytes from anyone. The first byte chooses the base path. What is taken is UTF-8 without control
 * characters, and encoding it again gives an address that means the same. */
#include "store/buf.h"
#include "store/text.h"
#include "tiler/http.h"
#include "tiler/route.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_text(const char *text)
{
    check(dk_utf8_valid(text, strlen(text)));
    for (const char *at = text; *at != '\0'; at++)
        check((unsigned char)*at >= 0x20 && *at != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *base = data[0] % 2 ? "/land" : "";
    char *uri = malloc(size);
    if (uri == NULL)
        return 0;
    memcpy(uri, data + 1, size - 1);
    uri[size - 1] = '\0';
    dk_request request, again;
    dk_error error = {0};
    if (dk_request_parse(&request, uri, base, &error) != DK_OK) {
        check(error.text[0] != '\0');
    } else {
        dk_route_find(&request);
        dk_buf address;
        dk_buf_init(&address);
        for (size_t i = 0; i < request.n_path; i++) {
            check_text(request.path[i]);
            dk_buf_byte(&address, '/');
            dk_append_encoded(&address, request.path[i]);
        }
        if (request.n_path == 0)
            dk_buf_byte(&address, '/');
        for (size_t i = 0; i < request.n_params; i++) {
            check_text(request.params[i].name);
            check_text(request.params[i].value);
            dk_buf_byte(&address, i > 0 ? '&' : '?');
            dk_append_encoded(&address, request.params[i].name);
            dk_buf_byte(&address, '=');
            dk_append_encoded(&address, request.params[i].value);
        }
        const char *text = dk_buf_cstr(&address);
        if (text != NULL && strlen(text) <= DK_URI_MAX) {
            check(dk_request_parse(&again, text, "", NULL) == DK_OK);
            check(again.n_path == request.n_path && again.n_params == request.n_params);
            for (size_t i = 0; i < request.n_path; i++)
                check(strcmp(again.path[i], request.path[i]) == 0);
            for (size_t i = 0; i < request.n_params; i++)
                check(strcmp(again.params[i].name, request.params[i].name) == 0 &&
                      strcmp(again.params[i].value, request.params[i].value) == 0);
            dk_request_finish(&again);
        }
        dk_buf_finish(&address);
    }
    dk_request_finish(&request);
    free(uri);
    return 0;
}
