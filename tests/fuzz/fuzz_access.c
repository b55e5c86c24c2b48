/* What clients send to say who they are. The first byte chooses the reader: a Cookie header, the body of a sign-in as
 * JSON or as a form, a prefix of addresses, X-Forwarded-For, a token, or (B) an Authorization header, as it is and with
 * all of it as user and password. What is found lies in what was sent; what is an address is written and read again as
 * the same; a token of the right form is the only one with its sum; a password is found as it was, or not at all. */
#include "store/access_token.h"
#include "store/base64.h"
#include "tiler/credentials.h"
#include "tiler/proxies.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_cookie(const char *text)
{
    static const char *const names[] = {"__Host-dikuai", "dikuai-session", "a"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value;
        size_t n;
        if (!dk_cookie_find(text, names[i], &value, &n))
            continue;
        const size_t before = strlen(names[i]) + 1;
        check(value >= text + before && value + n <= text + strlen(text) && memchr(value, ';', n) == NULL);
        check(memcmp(value - before, names[i], before - 1) == 0 && value[-1] == '=');
        check(value == text + before || strchr("; \t", value[-(ptrdiff_t)before - 1]) != NULL);
    }
}

static void check_body(const char *text, size_t size, const char *type)
{
    char token[DK_SIGN_IN_TOKEN + 1];
    const bool found = dk_sign_in_token(text, size, type, token);
    check(found == (token[0] != '\0') && strlen(token) <= DK_SIGN_IN_TOKEN);
    for (const char *at = token; *at != '\0'; at++)
        check(*at > 0x20 && *at < 0x7f);
}

static void check_prefix(const char *text)
{
    dk_prefix prefix, again;
    char address[DK_ADDRESS_TEXT], written[DK_ADDRESS_TEXT + 16];
    if (!dk_prefix_read(text, &prefix))
        return;
    check(prefix.bits <= 128 && dk_prefix_covers(&prefix, &prefix.address));
    dk_address_text(&prefix.address, address);
    const bool v4 = dk_address_is_v4(&prefix.address) && prefix.bits >= 96;
    snprintf(written, sizeof written, "%s/%u", address, v4 ? prefix.bits - 96 : prefix.bits);
    if (!dk_address_is_v4(&prefix.address) || v4) {
        check(dk_prefix_read(written, &again));
        check(again.bits == prefix.bits && memcmp(&again.address, &prefix.address, sizeof again.address) == 0);
    }
    if (prefix.bits > 0) { /* the last bit of the prefix counts, the first behind it does not */
        dk_address other = prefix.address;
        other.bytes[(prefix.bits - 1) / 8] ^= (unsigned char)(0x80 >> (prefix.bits - 1) % 8);
        check(!dk_prefix_covers(&prefix, &other));
    }
    if (prefix.bits < 128) {
        dk_address other = prefix.address;
        other.bytes[prefix.bits / 8] ^= (unsigned char)(0x80 >> prefix.bits % 8);
        check(dk_prefix_covers(&prefix, &other));
    }
}

static void check_forwarded(const char *text)
{
    dk_prefix proxies[2];
    dk_address peer, stranger;
    check(dk_prefix_read("10.0.0.0/8", &proxies[0]) && dk_prefix_read("fd00::/8", &proxies[1]));
    check(dk_address_read("10.0.0.1", 8, &peer) && dk_address_read("192.0.2.1", 9, &stranger));
    const dk_address unmoved = dk_address_of_client(&stranger, text, proxies, 2);
    check(memcmp(&unmoved, &stranger, sizeof unmoved) == 0);
    dk_address_of_client(&peer, text, proxies, 2);
}

static void check_token(const char *text, size_t size)
{
    if (!dk_token_well_formed(text, size))
        return;
    char other[DK_TOKEN_SIZE];
    for (size_t i = 0; i < size; i++) {
        memcpy(other, text, size);
        other[i] ^= 1;
        check(!dk_token_well_formed(other, size));
    }
}

static void check_written(const char *text, size_t size)
{
    char token[DK_SIGN_IN_TOKEN + 1];
    dk_buf header;
    dk_buf_init(&header);
    dk_buf_text(&header, "Basic ");
    dk_base64_append(&header, text, size);
    const char *written = dk_buf_cstr(&header);
    if (written == NULL)
        abort();
    const dk_basic basic = dk_basic_token(written, token);
    check(basic != DK_BASIC_NOT && (basic == DK_BASIC_TOKEN) == (token[0] != '\0'));
    const char *colon = memchr(text, ':', size);
    if (basic == DK_BASIC_TOKEN) {
        check(colon != NULL);
        const char *password = colon + 1, *end = text + size;
        while (*password == ' ')
            password++;
        while (end[-1] == ' ')
            end--;
        check(strlen(token) == (size_t)(end - password) && memcmp(token, password, strlen(token)) == 0);
    }
    dk_buf_finish(&header);
}

static void check_basic(const char *text, size_t size)
{
    char token[DK_SIGN_IN_TOKEN + 1];
    const dk_basic basic = dk_basic_token(text, token);
    check((basic == DK_BASIC_TOKEN) == (token[0] != '\0') && strlen(token) <= DK_SIGN_IN_TOKEN);
    for (const char *at = token; *at != '\0'; at++)
        check(*at > 0x20 && *at < 0x7f);
    check_written(text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size); /* with a NUL in the place of the first byte, at the end */
    if (text == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] == 'B' ? 6 : data[0] % 6) {
    case 6:
        check_basic(text, size - 1);
        break;
    case 0:
        check_cookie(text);
        break;
    case 1:
        check_body(text, size - 1, "application/json");
        break;
    case 2:
        check_body(text, size - 1, "application/x-www-form-urlencoded");
        break;
    case 3:
        check_prefix(text);
        break;
    case 4:
        check_forwarded(text);
        break;
    default:
        check_token(text, size - 1);
    }
    free(text);
    return 0;
}
