/* Addresses and headers as clients send them, right and wrong (RFC 3986, 9110, 9112). */
#include "tiler/headers.h"
#include "tiler/request.h"
#include "tiler/request_log.h"
#include "tiler/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static dk_status parse(const char *uri, const char *base, dk_request *request, dk_error *err)
{
    return dk_request_parse(request, uri, base, err);
}

static void a_path_is_split_before_it_is_decoded(void **state)
{
    (void)state;
    dk_request r;
    assert_int_equal(parse("/collections/parcel/items/a%2Fb%20%E5%9C%B0+c", "", &r, NULL), DK_OK);
    assert_int_equal(r.n_path, 4);
    assert_string_equal(r.path[0], "collections");
    assert_string_equal(r.path[3], "a/b 地+c"); /* + is itself in a path */
    dk_request_finish(&r);
    assert_int_equal(parse("/", "", &r, NULL), DK_OK);
    assert_int_equal(r.n_path, 0);
    dk_request_finish(&r);
    assert_int_equal(parse("/a/", "", &r, NULL), DK_OK);
    assert_int_equal(r.n_path, 2);
    assert_string_equal(r.path[1], "");
    dk_request_finish(&r);
}

static void a_query_has_names_values_and_blanks(void **state)
{
    (void)state;
    dk_request r;
    assert_int_equal(parse("/search?q=a+b%2Bc&&limit=5&empty=&bare&x=a=b", "", &r, NULL), DK_OK);
    assert_int_equal(r.n_params, 5);
    assert_string_equal(dk_request_param(&r, "q"), "a b+c");
    assert_string_equal(dk_request_param(&r, "limit"), "5");
    assert_string_equal(dk_request_param(&r, "empty"), "");
    assert_string_equal(dk_request_param(&r, "bare"), "");
    assert_string_equal(dk_request_param(&r, "x"), "a=b");
    assert_null(dk_request_param(&r, "none"));
    dk_request_finish(&r);
}

static void what_is_wrong_with_an_address_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        dk_status status;
    } cases[] = {{"", DK_INVALID},
                 {"*", DK_INVALID},
                 {"collections", DK_INVALID},
                 {"/%", DK_INVALID},
                 {"/%1", DK_INVALID},
                 {"/%g1", DK_INVALID},
                 {"/%00", DK_INVALID},
                 {"/a%0d%0aSet-Cookie:x", DK_INVALID},
                 {"/%7f", DK_INVALID},
                 {"/\xff", DK_INVALID},
                 {"/%c1%81", DK_INVALID},
                 {"/?a=1&a=2", DK_INVALID},
                 {"/?a=1&%61=2", DK_INVALID},
                 {"/?=1", DK_INVALID},
                 {"/?a=%", DK_INVALID},
                 {"/?a=%ff", DK_INVALID},
                 {"/a#b", DK_INVALID},
                 {"/1/2/3/4/5/6/7/8/9", DK_NOT_FOUND},
                 {"//////////", DK_NOT_FOUND},
                 {"http://host", DK_OK},
                 {"http://host/a?b=c", DK_OK},
                 {"HTTP://host:80/a", DK_OK},
                 {"http:///a", DK_INVALID},
                 {"http://user@host/a", DK_INVALID},
                 {"http://host?b", DK_INVALID}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_request r;
        dk_error err = {0};
        assert_int_equal(parse(cases[i].uri, "", &r, &err), cases[i].status);
        if (cases[i].status != DK_OK)
            assert_true(err.text[0] != '\0');
        dk_request_finish(&r);
    }
    char *uri = malloc(DK_URI_MAX + 2);
    assert_non_null(uri);
    memset(uri, 'a', DK_URI_MAX + 1);
    uri[0] = '/';
    uri[DK_URI_MAX + 1] = '\0';
    dk_request r;
    assert_int_equal(parse(uri, "", &r, NULL), DK_LIMIT);
    dk_request_finish(&r);
    uri[DK_URI_MAX] = '\0';
    assert_int_equal(parse(uri, "", &r, NULL), DK_OK);
    dk_request_finish(&r);
    free(uri);
}

static void the_base_path_is_taken_off_where_it_stands(void **state)
{
    (void)state;
    dk_request r;
    assert_int_equal(parse("/land/maps/catalogue?x=1", "/land/maps", &r, NULL), DK_OK);
    assert_int_equal(r.n_path, 1);
    assert_string_equal(r.path[0], "catalogue");
    dk_request_finish(&r);
    assert_int_equal(parse("/land/maps/", "/land/maps", &r, NULL), DK_OK);
    assert_int_equal(r.n_path, 0);
    assert_false(r.at_base);
    dk_request_finish(&r);
    assert_int_equal(parse("/land/maps", "/land/maps", &r, NULL), DK_OK);
    assert_true(r.at_base);
    dk_request_finish(&r);
    assert_int_equal(parse("/land/mapsmore", "/land/maps", &r, NULL), DK_OK);
    assert_int_equal(r.n_path, 2);
    assert_false(r.at_base);
    dk_request_finish(&r);
}

static dk_status (*handler_of(const char *uri))(dk_context *)
{
    dk_request r;
    assert_int_equal(parse(uri, "", &r, NULL), DK_OK);
    const dk_route *route = dk_route_find(&r);
    dk_request_finish(&r);
    return route != NULL ? route->handler : NULL;
}

static void every_address_leads_to_its_resource(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        dk_status (*handler)(dk_context *);
    } cases[] = {{"/", dk_get_landing},
                 {"/?f=json", dk_get_landing},
                 {"/web/app.js", dk_get_asset},
                 {"/styles/default.json", dk_get_style},
                 {"/catalogue", dk_get_catalogue},
                 {"/healthz", dk_get_health},
                 {"/collections", dk_get_collections},
                 {"/collections/parcel", dk_get_collection},
                 {"/collections/parcel/items", dk_get_items},
                 {"/collections/parcel/items/X", dk_get_item},
                 {"/collections/parcel/items/dossier", dk_get_item},
                 {"/collections/parcel/items/X/dossier", dk_get_dossier},
                 {"/collections/parcel/items/X/approval", dk_get_linked},
                 {"/search", dk_get_search},
                 {"/xyz/parcel.json", dk_get_tilejson},
                 {"/xyz/parcel,zone/1/2/3.mvt", dk_get_tile},
                 {"/xyz/.json", NULL},
                 {"/styles/.json", NULL},
                 {"/web/", NULL},
                 {"/web", NULL},
                 {"/collections/", NULL},
                 {"/collections/parcel/", NULL},
                 {"/collections//items", NULL},
                 {"/collections/parcel/item", NULL},
                 {"/collections/parcel/items/X/approval/Y", NULL},
                 {"/xyz/parcel", NULL},
                 {"/xyz/parcel/1/2", NULL},
                 {"/CATALOGUE", NULL},
                 {"/..", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_ptr_equal(handler_of(cases[i].uri), cases[i].handler);
}

static void gzip_only_where_it_is_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool expected;
    } cases[] = {{NULL, false},
                 {"", false},
                 {"gzip", true},
                 {"GZip", true},
                 {"x-gzip", true},
                 {"deflate, gzip", true},
                 {"gzip;q=0", false},
                 {"gzip; q=0.0", false},
                 {"gzip;q=0.001", true},
                 {"gzip;q=1.000", true},
                 {"gzip;q=1.001", false},
                 {"gzip;q=2", false},
                 {"gzip;q=", false},
                 {"gzip;q=x", false},
                 {"gzip ; Q=0.5", true},
                 {"*", true},
                 {"*;q=0", false},
                 {"*;q=0, gzip", true},
                 {"*, gzip;q=0", false},
                 {"identity", false},
                 {"gzipped", false},
                 {"br,,  ,gzip", true},
                 {";", false},
                 {",", false},
                 {"gzip;level=9;q=0", false},
                 {"gzip;level=9", true},
                 {"identity;q=0, *;q=0.5", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dk_prefers_gzip(cases[i].header) != cases[i].expected)
            fail_msg("Accept-Encoding: %s", cases[i].header);
}

/* RFC 9110, 12.5.3 */
static void the_weight_of_identity_counts(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        dk_coding best;
        bool refused;
    } cases[] = {{NULL, DK_IDENTITY, false},
                 {"", DK_IDENTITY, false},
                 {"br", DK_IDENTITY, false},
                 {"gzip", DK_GZIP, false},
                 {"gzip;q=0.001", DK_GZIP, false},
                 {"gzip;q=0.1, identity;q=0.9", DK_IDENTITY, false},
                 {"identity;q=0.9, gzip;q=0.1, zstd;q=0.2", DK_IDENTITY, false},
                 {"identity, gzip", DK_GZIP, false},
                 {"identity;q=0.5, gzip;q=0.5", DK_GZIP, false},
                 {"identity;q=0.5, gzip;q=0.1, zstd;q=0.6", DK_ZSTD, false},
                 {"zstd;q=0.5, identity;q=0.5", DK_ZSTD, false},
                 {"gzip;q=0.1, *;q=0.5", DK_IDENTITY, false},
                 {"gzip;q=0.1, *;q=0.5, identity;q=0", DK_GZIP, true},
                 {"identity;q=0, gzip", DK_GZIP, true},
                 {"IDENTITY;q=0.000, gzip;q=0.2", DK_GZIP, true},
                 {"gzip;q=0.5, *;q=0", DK_GZIP, true},
                 {"zstd;q=0.5, *;q=0", DK_ZSTD, true},
                 {"*;q=0, identity;q=0.1", DK_IDENTITY, false},
                 {"*;q=0", DK_IDENTITY, true},
                 {"identity;q=0", DK_IDENTITY, true},
                 {"identity;q=0, br", DK_IDENTITY, true},
                 {"identity;q=0, *", DK_GZIP, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dk_best_coding(cases[i].header) != cases[i].best ||
            dk_refuses_identity(cases[i].header) != cases[i].refused)
            fail_msg("Accept-Encoding: %s", cases[i].header);
}

static void entity_tags_compare_whole(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool expected;
    } cases[] = {{NULL, false},         {"", false},    {"\"a\"", true}, {"W/\"a\"", true}, {"\"b\", \"a\"", true},
                 {"\"ab\"", false},     {"\"a", false}, {"a", false},    {"*", true},       {"\"b\",W/\"c\"", false},
                 {"\"b\" \"a\"", true}, {"W/", false},  {"\"", false},   {"\"\"", false},   {"\"x,\"a\"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dk_none_match(cases[i].header, "\"a\"") != cases[i].expected)
            fail_msg("If-None-Match: %s", cases[i].header);
}

static void if_match_takes_no_weak_tag(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool expected;
    } cases[] = {
        {NULL, false},           {"", false}, {"\"a\"", true},           {"W/\"a\"", false}, {"\"b\", \"a\"", true},
        {"W/\"a\",\"a\"", true}, {"*", true}, {"\"b\", W/\"a\"", false}, {"\"ab\"", false},  {"a", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dk_strong_match(cases[i].header, "\"a\"") != cases[i].expected)
            fail_msg("If-Match: %s", cases[i].header);
}

static void json_before_html_only_where_it_is_preferred(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool expected;
    } cases[] = {{NULL, false},
                 {"", false},
                 {"*/*", false},
                 {"text/html", false},
                 {"application/json", true},
                 {"application/*", true},
                 {"text/*, application/json;q=0.9", false},
                 {"text/html;q=0.8, application/json", true},
                 {"application/json;q=0.1, */*;q=0.1", false},
                 {"*/*;q=0.5, application/json", true},
                 {"application/json;q=0", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dk_prefers_json(cases[i].header) != cases[i].expected)
            fail_msg("Accept: %s", cases[i].header);
}

static void a_bearer_token_is_taken_from_its_scheme_only(void **state)
{
    (void)state;
    size_t size = 0;
    const char *token = dk_bearer_token("bearer \t abc.def ", &size);
    assert_non_null(token);
    assert_int_equal(size, 7);
    assert_memory_equal(token, "abc.def", 7);
    assert_null(dk_bearer_token(NULL, &size));
    assert_null(dk_bearer_token("", &size));
    assert_null(dk_bearer_token("Bearer", &size));
    assert_null(dk_bearer_token("Bearer  ", &size));
    assert_null(dk_bearer_token("Bearerabc", &size));
    assert_null(dk_bearer_token("Basic abc", &size));
    assert_true(dk_is_https("https") && dk_is_https("HTTPS"));
    assert_false(dk_is_https("http") || dk_is_https("https2") || dk_is_https("") || dk_is_https(NULL));
    assert_true(dk_host_plain("127.0.0.1:8080"));
    assert_true(dk_host_plain("[::1]:8080"));
    assert_false(dk_host_plain("a b"));
    assert_false(dk_host_plain("a\"b"));
    assert_false(dk_host_plain("a/b"));
    assert_false(dk_host_plain(""));
    assert_false(dk_host_plain(NULL));
}

/* RFC 9110, 7.2: uri-host [ ":" port ], with the host and the port of RFC 3986, 3.2.2 and 3.2.3. */
static void a_host_is_one_host_with_a_port(void **state)
{
    (void)state;
    static const char *const hosts[] = {"",
                                        "a",
                                        "127.0.0.1:8080",
                                        "[::1]",
                                        "[2001:DB8::1]:443",
                                        "[::ffff:192.0.2.1]:80",
                                        "a_b.example.",
                                        "a:",
                                        "a:65535",
                                        "xn--fiq228c.example",
                                        "%E7%A0%80.example:1",
                                        "a!$&'()*+;=~b"};
    static const char *const others[] = {" a",
                                         "a b",
                                         "user@a",
                                         "user:pass@a",
                                         "a,b",
                                         "a, b",
                                         "a:x",
                                         "a:80:80",
                                         "a:-1",
                                         "a:65536",
                                         "a:99999999999999999999",
                                         ":80",
                                         "[::1",
                                         "::1",
                                         "[]x",
                                         "[g]",
                                         "a/b",
                                         "a?b",
                                         "a#b",
                                         "a\\b",
                                         "a\"b",
                                         "a<b",
                                         "\xe7\xa0\x80",
                                         "a\tb",
                                         "a%",
                                         "a%4",
                                         "a%zz",
                                         "http://a"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (!dk_host_valid(hosts[i], strlen(hosts[i])))
            fail_msg("Host: %s", hosts[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (dk_host_valid(others[i], strlen(others[i])))
            fail_msg("Host: %s", others[i]);
}

static void html_is_given_to_who_asks_for_it_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        bool html;
    } cases[] = {{NULL, false},
                 {"", false},
                 {"*/*", false},
                 {"application/json", false},
                 {"text/html", true},
                 {"text/*", true},
                 {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true},
                 {"text/html, application/json", false},
                 {"text/html;q=0.9, application/geo+json;q=0.8", true},
                 {"application/vnd.oai.openapi+json;version=3.0, text/html", false},
                 {"text/html;q=0", false},
                 {"text/html;q=0.5, */*;q=0.6", false},
                 {"application/*;q=0.4, TEXT/HTML;q=0.5", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dk_prefers_html(cases[i].accept) != cases[i].html)
            fail_msg("%s", cases[i].accept);
}

static void a_line_of_the_log_has_no_value_and_no_key(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *line;
    } cases[] = {{"/", "GET /\n"},
                 {"/collections/parcel/items?name=%E7%8E%8B&filter=a=1&limit=3",
                  "GET /collections/parcel/items?name&filter[3]&limit\n"},
                 {"/collections/parcel/items/secret/dossier", "GET /collections/parcel/items/*/dossier\n"},
                 {"/search?q=secret", "GET /search?q\n"},
                 {"/xyz/parcel/1/2/3.mvt", "GET /xyz/parcel/1/2/3.mvt\n"},
                 /* U+009B, which tells a terminal what to do (ECMA-48, 5.4) */
                 {"/a%C2%9B2J/%E5%9C%B0?%C2%9B0m=1", "GET /a\?\?2J/地?\?\?0m\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_request r;
        dk_buf line;
        dk_buf_init(&line);
        assert_int_equal(parse(cases[i].uri, "", &r, NULL), DK_OK);
        dk_request_line("GET", &r, &line);
        assert_string_equal(dk_buf_cstr(&line), cases[i].line);
        dk_buf_finish(&line);
        dk_request_finish(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_one_host_with_a_port),
        cmocka_unit_test(html_is_given_to_who_asks_for_it_by_name),
        cmocka_unit_test(a_line_of_the_log_has_no_value_and_no_key),
        cmocka_unit_test(a_path_is_split_before_it_is_decoded),
        cmocka_unit_test(a_query_has_names_values_and_blanks),
        cmocka_unit_test(what_is_wrong_with_an_address_is_said),
        cmocka_unit_test(the_base_path_is_taken_off_where_it_stands),
        cmocka_unit_test(every_address_leads_to_its_resource),
        cmocka_unit_test(gzip_only_where_it_is_accepted),
        cmocka_unit_test(the_weight_of_identity_counts),
        cmocka_unit_test(entity_tags_compare_whole),
        cmocka_unit_test(if_match_takes_no_weak_tag),
        cmocka_unit_test(json_before_html_only_where_it_is_preferred),
        cmocka_unit_test(a_bearer_token_is_taken_from_its_scheme_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
