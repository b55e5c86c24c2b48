/* What sources say stands in reports: keys, reasons, notes and outlines. Whatever it is, HTML has as many tags as with
 * harmless text of the same length, no quote is left open in JSON, and nothing of a field that is not public is said,
 * nor of what a reason of a file quotes. */
#include "ingest/reason.h"
#include "ingest/report.h"
#include "tests/fuzz/fuzz_check.h"

#include <string.h>

static dk_field fields[] = {{.name = "id", .title = "编号", .audience = DK_PUBLIC},
                            {.name = "owner", .title = "权利人", .audience = DK_STAFF}};
static const dk_kind kind = {
    .name = "parcel", .title = "地块", .geometry = DK_POLYGONS, .fields = fields, .n_fields = 2, .division_field = -1};
static const dk_catalogue catalogue = {.title = "目录"};

/* Of what a reason of a file quotes nothing is left. */
static void check_quotes(const char *reason)
{
    CHECK(reason != NULL);
    for (const char *at = strchr(reason, '"'); at != NULL; at = strchr(at + 5, '"'))
        CHECK(strncmp(at, "\"...\"", 5) == 0);
}

/* Texts of the input, parted by line ends: key, reason, note, source, title. A point of an outline is made of each. */
static void fill(dk_report *report, const char *bytes, size_t size, bool harmless)
{
    char text[5][200];
    double lonlat[2 * DK_MAP_POINTS];
    size_t n_points = 0;
    memset(text, 0, sizeof text);
    for (size_t i = 0, part = 0, at = 0; i < size; i++) {
        if (n_points < DK_MAP_POINTS) {
            lonlat[2 * n_points] = 116 + (unsigned char)bytes[i] / 100.0;
            lonlat[2 * n_points + 1] = 30 + (double)(i % 97) / 100.0;
            n_points++;
        }
        if (bytes[i] == '\n' || bytes[i] == 0) {
            part = (part + 1) % 5;
            at = strlen(text[part]);
        } else if (at + 1 < sizeof *text) {
            text[part][at++] = harmless ? 'x' : bytes[i];
        }
    }
    dk_buf shown;
    dk_buf_init(&shown);
    dk_reason_public(text[1], &kind, NULL, NULL, 0, &shown);
    const char *reason = dk_buf_cstr(&shown);
    CHECK(reason != NULL);
    if (strncmp(text[1], "owner:", 6) == 0 || strncmp(text[1], "owner ", 6) == 0)
        CHECK(strstr(reason, "owner (权利人)") == reason && strstr(reason, "is not public") != NULL);
    dk_buf file;
    dk_buf_init(&file);
    dk_reason_of_file(text[1], "", &file);
    check_quotes(dk_buf_cstr(&file));
    dk_buf_finish(&file);
    dk_report_begin(report, &catalogue, &kind);
    const dk_reject reject = {.source = text[3],
                              .key = text[0],
                              .reason = harmless ? "x" : reason,
                              .source_row = 7,
                              .outline = lonlat,
                              .n_points = n_points};
    CHECK(dk_report_reject(report, &reject));
    CHECK(dk_report_note(report, text[2]) && dk_report_source_begin(report, text[3]) &&
          dk_report_source_file(report, text[4], 5, "00"));
    memcpy(report->title, text[4], sizeof text[4]);
    dk_buf_finish(&shown);
}

static size_t count(const dk_buf *text, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < text->size; i++)
        n += text->data[i] == (unsigned char)c;
    return n;
}

/* RFC 8259: strings are closed, hold no control characters, and brackets outside of them are paired. */
static void check_json(const dk_buf *json)
{
    char open[64];
    size_t depth = 0;
    bool string = false;
    for (size_t i = 0; i < json->size; i++) {
        const unsigned char c = json->data[i];
        if (string) {
            CHECK(c >= 0x20);
            i += c == '\\';
            string = c != '"';
        } else if (c == '"') {
            string = true;
        } else if (c == '{' || c == '[') {
            CHECK(depth < sizeof open);
            open[depth++] = (char)c;
        } else if (c == '}' || c == ']') {
            CHECK(depth > 0 && open[--depth] == (c == '}' ? '{' : '['));
        }
    }
    CHECK(!string && depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_buf out[2];
    size_t tags[2];
    for (int harmless = 0; harmless < 2; harmless++) {
        dk_report report;
        fill(&report, (const char *)data, size, harmless == 1);
        dk_buf_init(&out[harmless]);
        dk_report_html(&report, &out[harmless]);
        CHECK(!out[harmless].failed);
        tags[harmless] = count(&out[harmless], '<');
        CHECK(count(&out[harmless], '>') >= tags[harmless]);
        dk_buf_clear(&out[harmless]);
        dk_report_json(&report, &out[harmless]);
        CHECK(!out[harmless].failed);
        check_json(&out[harmless]);
        dk_buf_finish(&out[harmless]);
        dk_report_finish(&report);
    }
    CHECK(tags[0] == tags[1]);
    return 0;
}
