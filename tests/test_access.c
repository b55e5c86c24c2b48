/* Clients' addresses, attempts, cookies and from which site a request comes. */
#include "store/access_token.h"
#include "tiler/attempts.h"
#include "tiler/credentials.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static dk_address address(const char *text)
{
    dk_address result;
    if (!dk_address_read(text, strlen(text), &result))
        fail_msg("%s is an address", text);
    return result;
}

static bool covers(const char *prefix, const char *text)
{
    dk_prefix p;
    assert_true(dk_prefix_read(prefix, &p));
    const dk_address a = address(text);
    return dk_prefix_covers(&p, &a);
}

static void prefixes_cover_what_ipcalc_says(void **state)
{
    (void)state;
    assert_true(covers("10.0.0.0/8", "10.255.255.255"));
    assert_false(covers("10.0.0.0/8", "11.0.0.0"));
    assert_true(covers("192.168.4.0/22", "192.168.7.255"));
    assert_false(covers("192.168.4.0/22", "192.168.8.0"));
    assert_true(covers("192.0.2.77", "192.0.2.77"));
    assert_false(covers("192.0.2.77", "192.0.2.76"));
    assert_true(covers("0.0.0.0/0", "8.8.8.8"));
    assert_false(covers("0.0.0.0/0", "2001:db8::1")); /* all of IPv4 is not all */
    assert_true(covers("::/0", "2001:db8::1"));
    assert_true(covers("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(covers("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(covers("127.0.0.0/8", "::ffff:127.0.0.1")); /* how a socket of both kinds gives an IPv4 peer */
    dk_prefix p;
    static const char *const wrong[] = {"",           "/8",    "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",  "10.0.0/8",
                                        "::1/129",    "proxy", "10.0.0.1 ",   "[::1]/64",  "10.0.0.0/8/8", "1.2.3.4:80",
                                        "10.0.0.0/8x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (strcmp(wrong[i], "1.2.3.4:80") != 0 && dk_prefix_read(wrong[i], &p))
            fail_msg("%s is no prefix", wrong[i]);
}

static void the_client_is_the_last_that_no_proxy_wrote(void **state)
{
    (void)state;
    dk_prefix proxies[2];
    assert_true(dk_prefix_read("10.0.0.0/8", &proxies[0]) && dk_prefix_read("2001:db8:ffff::/48", &proxies[1]));
    static const struct {
        const char *peer, *header, *client;
    } table[] = {
        {"192.0.2.1", "198.51.100.1", "192.0.2.1"}, /* no proxy: its header is its own invention */
        {"10.0.0.1", NULL, "10.0.0.1"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"}, /* the first was there before the proxy */
        {"10.0.0.1", "198.51.100.1, 10.0.0.7", "198.51.100.1"},
        {"10.0.0.1", "198.51.100.1,10.0.0.7 , 2001:db8:ffff::1", "198.51.100.1"},
        {"10.0.0.1", "198.51.100.1:4711", "198.51.100.1"},
        {"10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"},
        {"10.0.0.1", "unknown", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"},
        {"10.0.0.1", ",,,", "10.0.0.1"},
        {"10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const dk_address peer = address(table[i].peer), wanted = address(table[i].client);
        const dk_address client = dk_address_of_client(&peer, table[i].header, proxies, 2);
        if (memcmp(&client, &wanted, sizeof client) != 0)
            fail_msg("line %zu of the table", i + 1);
    }
}

static void failures_come_back_with_time_and_are_each_clients_own(void **state)
{
    (void)state;
    dk_attempts *attempts = dk_attempts_create(3, 10);
    const dk_address a = address("192.0.2.1"), b = address("192.0.2.2"), c = address("2001:db8::1"),
                     d = address("2001:db8::ffff"), e = address("2001:db8:0:1::1");
    bool first;
    for (int i = 0; i < 3; i++)
        assert_int_equal(dk_attempts_failed(attempts, &a, 100, &first), 0);
    assert_int_equal(dk_attempts_failed(attempts, &a, 100, &first), 10);
    assert_true(first);
    assert_int_equal(dk_attempts_failed(attempts, &a, 104, &first), 6);
    assert_false(first);
    assert_int_equal(dk_attempts_failed(attempts, &b, 104, &first), 0);
    assert_int_equal(dk_attempts_failed(attempts, &a, 111, &first), 0);
    assert_int_equal(dk_attempts_failed(attempts, &a, 111, &first), 9);
    for (int i = 0; i < 3; i++)
        assert_int_equal(dk_attempts_failed(attempts, &c, 200, &first), 0);
    assert_int_not_equal(dk_attempts_failed(attempts, &d, 200, &first), 0); /* the same 64 bits */
    assert_int_equal(dk_attempts_failed(attempts, &e, 200, &first), 0);
    /* Far more clients than there is room for do not push out one who fails all the time. */
    double now = 300;
    for (uint32_t i = 0; i < 50000; i++) {
        dk_address other = address("203.0.113.1");
        memcpy(other.bytes + 12, &i, 4);
        dk_attempts_failed(attempts, &other, now += 0.0001, &first);
        if (i % 100 == 0 && dk_attempts_failed(attempts, &a, now, &first) == 0 && i > 300)
            fail_msg("after %u others it begins anew", i);
    }
    dk_attempts_free(attempts);
}

static const char *cookie(const char *header, const char *name)
{
    static char copy[100];
    const char *value;
    size_t size;
    if (!dk_cookie_find(header, name, &value, &size))
        return NULL;
    memcpy(copy, value, size);
    copy[size] = '\0';
    return copy;
}

static void a_cookie_is_found_by_its_whole_name(void **state)
{
    (void)state;
    assert_string_equal(cookie("a=1; dikuai-session=x-_Y; b=2", "dikuai-session"), "x-_Y");
    assert_string_equal(cookie("dikuai-session=", "dikuai-session"), "");
    assert_string_equal(cookie("dikuai-session=1;dikuai-session=2", "dikuai-session"), "1");
    assert_string_equal(cookie(";; \t dikuai-session=a=b \t; c", "dikuai-session"), "a=b");
    assert_null(cookie("xdikuai-session=1; dikuai-sessions=2; dikuai-session; Dikuai-Session=3", "dikuai-session"));
    assert_null(cookie("__Host-dikuai", "__Host-dikuai"));
    assert_null(cookie("", "a"));
    assert_null(cookie(NULL, "a"));
}

static void a_token_is_read_from_json_and_forms(void **state)
{
    (void)state;
    char token[DK_SIGN_IN_TOKEN + 1];
    static const char form[] = "application/x-www-form-urlencoded; charset=UTF-8", json[] = "application/json";
    static const struct {
        const char *body, *type, *token;
    } table[] = {
        {"{\"token\":\"dk_a\"}", json, "dk_a"},
        {" {\"x\":[1],\"token\" : \" dk_\\u0061 \"} ", json, "dk_a"},
        {"{\"token\":\"a\",\"token\":\"b\"}", json, NULL},
        {"{\"token\":\"a\\u0000b\"}", json, NULL},
        {"{\"token\":\"地\"}", json, NULL},
        {"[\"token\"]", json, NULL},
        {"{\"token\":\"a\"}", form, NULL},
        {"{\"token\":\"a\"}", "text/plain", NULL},
        {"{\"token\":\"a\"}", NULL, NULL},
        {"{\"token\":\"a\"}", "application/jsonp", NULL},
        {"token=dk_%2Da%2b&x=1", form, "dk_-a+"},
        {"x=token=1&token=+a+", form, "a"},
        {"token=a&token=a", form, NULL},
        {"token=%", form, NULL},
        {"token=%0", form, NULL},
        {"token=a%00b", form, NULL},
        {"token=", form, NULL},
        {"tokens=a", form, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const bool good = dk_sign_in_token(table[i].body, strlen(table[i].body), table[i].type, token);
        if (good != (table[i].token != NULL) || strcmp(token, good ? table[i].token : "") != 0)
            fail_msg("line %zu of the table gives \"%s\"", i + 1, token);
    }
}

static void a_password_is_read_from_basic(void **state)
{
    (void)state;
    char token[DK_SIGN_IN_TOKEN + 1], header[1200];
    /* The first two are the examples of RFC 7617 (2 and 2.1): Aladdin:open sesame is no token for its blank, test:123£
     * for its sign; the rest was encoded by coreutils' base64. */
    static const struct {
        const char *header;
        dk_basic basic;
        const char *token;
    } table[] = {
        {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", DK_BASIC_MALFORMED, ""},
        {"Basic dGVzdDoxMjPCow==", DK_BASIC_MALFORMED, ""},
        {"Basic OmRrX2E=", DK_BASIC_TOKEN, "dk_a"},           /* :dk_a */
        {"basic  546L5LqUOmRrX2E= ", DK_BASIC_TOKEN, "dk_a"}, /* 王五:dk_a */
        {"BASIC\tdTpkazphOg==", DK_BASIC_TOKEN, "dk:a:"},     /* u:dk:a: */
        {"Basic dTogZGtfYSA=", DK_BASIC_TOKEN, "dk_a"},       /* "u: dk_a " */
        {"Basic dTo=", DK_BASIC_MALFORMED, ""},               /* u: */
        {"Basic ZGtfYQ==", DK_BASIC_MALFORMED, ""},           /* dk_a */
        {"Basic dTpkawBh", DK_BASIC_MALFORMED, ""},           /* u:dk NUL a */
        {"Basic dQA6ZGtfYQ==", DK_BASIC_MALFORMED, ""},       /* u NUL :dk_a */
        {"Basic dTpka19hCg==", DK_BASIC_MALFORMED, ""},       /* u:dk_a and a line feed */
        {"Basic OmRrX2E", DK_BASIC_MALFORMED, ""},
        {"Basic OmRrX2F=", DK_BASIC_MALFORMED, ""}, /* bits of no byte */
        {"Basic OmRr_2E=", DK_BASIC_MALFORMED, ""},
        {"Basic OmRr X2E=", DK_BASIC_MALFORMED, ""},
        {"Basic", DK_BASIC_MALFORMED, ""},
        {"Basic ====", DK_BASIC_MALFORMED, ""},
        {"Basic\x01OmRrX2E=", DK_BASIC_NOT, ""},
        {"Basics OmRrX2E=", DK_BASIC_NOT, ""},
        {"Bearer dk_a", DK_BASIC_NOT, ""},
        {"", DK_BASIC_NOT, ""},
        {NULL, DK_BASIC_NOT, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (dk_basic_token(table[i].header, token) != table[i].basic || strcmp(token, table[i].token) != 0)
            fail_msg("line %zu of the table gives \"%s\"", i + 1, token);
    /* dTph is u:a, YWFh is aaa. */
    for (size_t groups = 80; groups <= 90; groups++) {
        size_t size = (size_t)snprintf(header, sizeof header, "Basic dTph");
        for (size_t g = 0; g < groups; g++)
            size += (size_t)snprintf(header + size, sizeof header - size, "YWFh");
        const bool fits = 1 + 3 * groups <= DK_SIGN_IN_TOKEN;
        assert_int_equal(dk_basic_token(header, token), fits ? DK_BASIC_TOKEN : DK_BASIC_MALFORMED);
        assert_int_equal(strlen(token), fits ? 1 + 3 * groups : 0);
    }
}

static void the_site_is_what_the_browser_says_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *fetch, *origin, *host;
        bool https;
        dk_site site;
    } table[] = {
        {NULL, NULL, "a.cn", true, DK_SITE_UNKNOWN},
        {"same-origin", NULL, "a.cn", true, DK_SITE_OWN},
        {"same-origin", "https://a.cn", "other.cn", true, DK_SITE_OWN}, /* a proxy that changes Host */
        {"none", NULL, "a.cn", true, DK_SITE_UNKNOWN},
        {"same-site", "https://b.a.cn", "a.cn", true, DK_SITE_OTHER},
        {"cross-site", NULL, "a.cn", true, DK_SITE_OTHER},
        {"cross-site", "https://a.cn", "a.cn", true, DK_SITE_OTHER},
        {"Same-Origin", NULL, "a.cn", true, DK_SITE_OTHER},
        {"", NULL, "a.cn", true, DK_SITE_OTHER},
        {NULL, "https://a.cn", "a.cn", true, DK_SITE_OWN},
        {NULL, "https://A.cn:8443", "a.cn:8443", true, DK_SITE_OWN},
        {NULL, "http://a.cn", "a.cn", false, DK_SITE_OWN},
        {NULL, "http://a.cn", "a.cn", true, DK_SITE_OTHER}, /* someone on the way, without TLS */
        {NULL, "https://a.cn.evil", "a.cn", true, DK_SITE_OTHER},
        {NULL, "https://a.cn:8443", "a.cn", true, DK_SITE_OTHER},
        {NULL, "https://a.cn", "a.cn:443", true, DK_SITE_OWN}, /* nginx's $host:$server_port */
        {NULL, "http://a.cn", "A.cn:80", false, DK_SITE_OWN},
        {NULL, "http://[::1]", "[::1]:80", false, DK_SITE_OWN},
        {NULL, "http://a.cn", "a.cn:443", false, DK_SITE_OTHER},
        {NULL, "https://a.cn", "a.cn:80", true, DK_SITE_OTHER},
        {NULL, "https://a.cn", "a.cn:8443", true, DK_SITE_OTHER},
        {NULL, "https://", ":443", true, DK_SITE_OTHER},
        {NULL, "null", "null", true, DK_SITE_OTHER},
        {NULL, "https://", "", true, DK_SITE_OTHER},
        {NULL, "https://a.cn", NULL, true, DK_SITE_OTHER},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (dk_site_of(table[i].fetch, table[i].origin, table[i].host, table[i].https) != table[i].site)
            fail_msg("line %zu of the table", i + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_cover_what_ipcalc_says),
        cmocka_unit_test(the_client_is_the_last_that_no_proxy_wrote),
        cmocka_unit_test(failures_come_back_with_time_and_are_each_clients_own),
        cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
        cmocka_unit_test(a_token_is_read_from_json_and_forms),
        cmocka_unit_test(a_password_is_read_from_basic),
        cmocka_unit_test(the_site_is_what_the_browser_says_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
