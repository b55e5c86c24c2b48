/* A foreign DBF: the header is refused or describes fields that lie inside a record; every record can be scanned, and
 * what a scan calls UTF-8 decodes as UTF-8. */
#include "fuzz_check.h"

#include <string.h>

#include "ingest/dbf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_dbf dbf;
    dk_error err;
    if (dk_dbf_parse(data, size, "fuzz.dbf", &dbf, &err) != DK_OK) {
        CHECK(strncmp(err.text, "fuzz.dbf: ", 10) == 0);
        return 0;
    }
    CHECK(dbf.n_fields <= DK_DBF_MAX_FIELDS && dbf.header_size <= size);
    for (size_t i = 0; i < dbf.n_fields; i++) {
        CHECK(strlen(dbf.fields[i].raw_name) <= 11);
        CHECK(dbf.fields[i].offset + dbf.fields[i].width <= dbf.record_size);
    }
    dk_dbf_scan scan = {0};
    dk_dbf_scan_names(&dbf, &scan);
    dk_decoder *decoder = dk_decoder_create(DK_ENCODING_UTF8), *gb = dk_decoder_create(DK_ENCODING_GB18030);
    CHECK(decoder != NULL && gb != NULL);
    dk_buf out;
    dk_buf_init(&out);
    size_t at = dbf.header_size;
    for (int n = 0; n < 100 && size - at >= dbf.record_size; n++, at += dbf.record_size) {
        dk_dbf_scan one = {0};
        dk_dbf_scan_record(&dbf, data + at, &one);
        for (size_t i = 0; i < dbf.n_fields; i++) {
            const char *text = (const char *)data + at + dbf.fields[i].offset;
            const size_t width = dbf.fields[i].width, used = strnlen(text, width);
            dk_buf_clear(&out);
            const bool good = dk_decode(decoder, text, used, used == width, &out, NULL);
            const unsigned char *number;
            size_t size_of_number;
            const dk_dbf_number kind =
                dk_dbf_number_read(data + at + dbf.fields[i].offset, width, &number, &size_of_number);
            CHECK(number >= data + at + dbf.fields[i].offset && size_of_number <= width);
            CHECK((kind == DK_DBF_NONE) == (size_of_number == 0));
            dk_dbf_text_goes_on(data + at + dbf.fields[i].offset, width);
            if (dbf.fields[i].type == 'C' && !one.check.failed)
                CHECK(good);
            dk_buf_clear(&out);
            dk_decode(gb, text, used, used == width, &out, NULL);
            dk_utf8_check check = {0};
            dk_utf8_check_add(&check, out.data, out.size);
            CHECK(dk_utf8_check_end(&check));
        }
    }
    dk_buf_finish(&out);
    dk_decoder_free(decoder);
    dk_decoder_free(gb);
    dk_dbf_finish(&dbf);
    return 0;
}
