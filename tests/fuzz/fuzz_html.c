/* Texts of rows and of addresses on their way into a page: nothing of them is markup, and the page stays UTF-8. */
#include "store/text.h"
#include "tests/fuzz/fuzz_check.h"
#include "tiler/html.h"

#include <string.h>

static bool begins_entity(const char *text)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (strncmp(text, entities[i], strlen(entities[i])) == 0)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_buf buf;
    dk_buf_init(&buf);
    dk_html html = {NULL, &buf};
    dk_html_text_n(&html, (const char *)data, size);
    const char *text = dk_buf_cstr(&buf);
    CHECK(text != NULL && strlen(text) == buf.size); /* no NUL is left */
    CHECK(dk_utf8_valid(text, buf.size));
    for (const char *at = text; *at != '\0'; at++) {
        CHECK(strchr("<>\"'", *at) == NULL);
        CHECK(*at != '&' || begins_entity(at));
        CHECK((unsigned char)*at >= 0x20 || *at == '\n' || *at == '\t');
    }
    if (size > 0 && size < 64 && data[size - 1] == '\0') { /* a text as rows have it */
        const dk_value value = dk_value_text((const char *)data);
        const dk_field field = {.type = (dk_field_type)(data[0] % (DK_FIELD_URL + 1))};
        dk_buf_clear(&buf);
        dk_html_value(&html, &field, &value, true);
        text = dk_buf_cstr(&buf);
        CHECK(text != NULL && dk_utf8_valid(text, buf.size));
        CHECK(strstr(text, "javascript:") == NULL || strstr(text, "href=\"javascript:") == NULL);
    }
    dk_buf_finish(&buf);
    return 0;
}
