/* The attribute table of a shapefile: its header (Esri Shapefile Technical Description) and its encoding. */
#include "ingest/dbf.h"
#include "ingest/shapefile.h"
#include "ingest/source.h"
#include "ingest/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* One C field NAME of 6 bytes, one N field AREA of 4; records of 11 bytes. */
static size_t table(unsigned char *out, unsigned n_records, const char *const *texts)
{
    memset(out, 0, 97);
    out[0] = 3;
    out[4] = (unsigned char)n_records;
    out[8] = 97;
    out[10] = 11;
    memcpy(out + 32, "NAME", 4);
    out[32 + 11] = 'C';
    out[32 + 16] = 6;
    memcpy(out + 64, "AREA", 4);
    out[64 + 11] = 'N';
    out[64 + 16] = 4;
    out[96] = 0x0D;
    for (unsigned i = 0; i < n_records; i++) {
        unsigned char *record = out + 97 + 11 * i;
        memset(record, ' ', 11);
        memcpy(record + 1, texts[i], strnlen(texts[i], 6));
        memcpy(record + 7, "1.50", 4);
    }
    return 97 + 11 * n_records;
}

static void the_header(void **state)
{
    (void)state;
    unsigned char data[200];
    const char *const texts[] = {"a"};
    dk_dbf dbf;
    const size_t size = table(data, 1, texts);
    assert_int_equal(dk_dbf_parse(data, size, "t.dbf", &dbf, NULL), DK_OK);
    assert_int_equal(dbf.n_records, 1);
    assert_int_equal(dbf.n_fields, 2);
    assert_string_equal(dbf.fields[0].raw_name, "NAME");
    assert_int_equal(dbf.fields[1].type, 'N');
    assert_int_equal(dbf.fields[1].offset, 7);
    dk_dbf_finish(&dbf);
    dk_error err;
    assert_int_equal(dk_dbf_parse(data, 20, "t.dbf", &dbf, &err), DK_INVALID);
    assert_non_null(strstr(err.text, "t.dbf: the attribute table is cut off inside its header"));
    assert_int_equal(dk_dbf_parse(data, 50, "t.dbf", &dbf, &err), DK_INVALID);
    data[10] = 9; /* the second field ends behind the record */
    assert_int_equal(dk_dbf_parse(data, size, "t.dbf", &dbf, &err), DK_INVALID);
    assert_non_null(strstr(err.text, "field 2"));
    data[8] = 10;
    assert_int_equal(dk_dbf_parse(data, size, "t.dbf", &dbf, &err), DK_INVALID);
}

static dk_status examine(const unsigned char *data, size_t size, dk_encoding *ret_encoding, dk_error *err)
{
    char path[] = "/tmp/dk-dbf-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
    dk_dbf dbf;
    const dk_status status = dk_dbf_examine(path, NULL, 0, &dbf, ret_encoding, err);
    if (status == DK_OK)
        dk_dbf_finish(&dbf);
    unlink(path);
    return status;
}

static dk_encoding encoding_of(unsigned n, const char *const *texts)
{
    unsigned char data[400];
    dk_encoding encoding;
    assert_int_equal(examine(data, table(data, n, texts), &encoding, NULL), DK_OK);
    return encoding;
}

static void the_bytes_decide(void **state)
{
    (void)state;
    const char *const ascii[] = {"a", "b"}, *const utf8[] = {"征收", "a"}, *const gbk[] = {"a", "\xD5\xF7\xCA\xD5"};
    assert_int_equal(encoding_of(2, ascii), DK_ENCODING_UTF8);
    assert_int_equal(encoding_of(2, utf8), DK_ENCODING_UTF8);
    assert_int_equal(encoding_of(2, gbk), DK_ENCODING_GB18030);
    /* A full field that ends in half a character says nothing; a field that does and is not full says GB18030. */
    const char *const cut[] = {"ab征\xE6", "征收"}, *const not_cut[] = {"\xE5\xBE", "a"};
    assert_int_equal(encoding_of(2, cut), DK_ENCODING_UTF8);
    assert_int_equal(encoding_of(2, not_cut), DK_ENCODING_GB18030);
}

static void deleted_records_do_not_count(void **state)
{
    (void)state;
    unsigned char data[400];
    const char *const texts[] = {"征收", "\xD5\xF7\xCA\xD5"};
    dk_encoding encoding;
    const size_t size = table(data, 2, texts);
    data[97 + 11] = '*';
    assert_int_equal(examine(data, size, &encoding, NULL), DK_OK);
    assert_int_equal(encoding, DK_ENCODING_UTF8);
}

static void a_table_cut_off(void **state)
{
    (void)state;
    unsigned char data[400];
    const char *const texts[] = {"a", "b"};
    dk_encoding encoding;
    dk_error err;
    const size_t size = table(data, 2, texts);
    assert_int_equal(examine(data, size - 1, &encoding, &err), DK_INVALID);
    assert_non_null(strstr(err.text, "announces 2 records in 119 bytes, the file has 118"));
    assert_int_equal(dk_dbf_examine("/nonexistent.dbf", NULL, 0, &(dk_dbf){0}, &encoding, &err), DK_IO);
}

static dk_dbf_number number_of(const char *field, size_t width, const char *text)
{
    const unsigned char *found;
    size_t size;
    const dk_dbf_number kind = dk_dbf_number_read((const unsigned char *)field, width, &found, &size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(found, text, size);
    return kind;
}

/* dBASE III: N is digits with a point and a sign, right-justified; F of dBASE IV has an exponent, too. */
static void what_stands_in_a_field_of_numbers(void **state)
{
    (void)state;
    assert_int_equal(number_of("    12", 6, "12"), DK_DBF_WHOLE);
    assert_int_equal(number_of("-12   ", 6, "-12"), DK_DBF_WHOLE);
    assert_int_equal(number_of("  1.50", 6, "1.50"), DK_DBF_DECIMAL);
    assert_int_equal(number_of("   -.5", 6, "-.5"), DK_DBF_DECIMAL);
    assert_int_equal(number_of("    5.", 6, "5."), DK_DBF_DECIMAL);
    assert_int_equal(number_of("1.25000000000e+003", 18, "1.25000000000e+003"), DK_DBF_DECIMAL);
    assert_int_equal(number_of("      ", 6, ""), DK_DBF_NONE);
    assert_int_equal(number_of("\0\0\0\0\0\0", 6, ""), DK_DBF_NONE);
    assert_int_equal(number_of("******", 6, "******"), DK_DBF_ASTERISKS);
    const char *const none[] = {"abc", "1.5.5", "1.5x", "1,5", "*1",  "1*",  "-",
                                ".",   "+.",    "1e",   "1e+", "1 2", "--1", "nan"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(number_of(none[i], strlen(none[i]), none[i]), DK_DBF_NO_NUMBER);
    assert_int_equal(number_of("12\0x\0\0", 6, "12"), DK_DBF_WHOLE); /* padded with NULs, rubbish behind the first */
    assert_true(dk_dbf_text_goes_on((const unsigned char *)"12\0x\0\0", 6));
    assert_false(dk_dbf_text_goes_on((const unsigned char *)"12\0 \0\0", 6));
    assert_false(dk_dbf_text_goes_on((const unsigned char *)"123456", 6));
}

/* A table as Visual FoxPro writes it ("Table File Structure"): an integer, a double, a currency, a memo of four bytes
 * and one of ten digits, of which GDAL makes texts: 12.5 is a NUL first, and a memo the number of its block. */
static void what_is_no_text_is_no_value(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char type;
        unsigned char width;
    } fields[] = {{"NAME", 'C', 4}, {"WHOLE", 'I', 4}, {"DOUBLE", 'B', 8}, {"MONEY", 'Y', 8},
                  {"NOTE", 'M', 4}, {"MEMO", 'M', 10}, {"DAY", 'D', 8}};
    enum { FIELDS = sizeof fields / sizeof *fields, HEAD = 33 + 32 * FIELDS, RECORD = 47 };
    static const char first[] = " abcd\x0c\0\0\0\0\0\0\0\0\0\x29\x40\x10\x27\0\0\0\0\0\0\x08\0\0\0         120200615",
                      second[] = " efgh\x0c\0\0\0\0\0\0\0\0\0\x29\x40\x10\x27\0\0\0\0\0\0\0\0\0\0                  ";
    unsigned char data[HEAD + 2 * RECORD] = {0x30, 0, 0, 0, 2, 0, 0, 0, HEAD & 0xFF, HEAD >> 8, RECORD};
    char path[] = "/tmp/dk-vfp-XXXXXX.dbf";
    const dk_source_options options = {0};
    dk_source *source = NULL;
    dk_source_row row;
    dk_error err = {0};
    assert_int_equal(sizeof first - 1, RECORD);
    assert_int_equal(sizeof second - 1, RECORD);
    for (size_t i = 0; i < FIELDS; i++) {
        memcpy(data + 32 + 32 * i, fields[i].name, strlen(fields[i].name));
        data[32 + 32 * i + 11] = (unsigned char)fields[i].type;
        data[32 + 32 * i + 16] = fields[i].width;
    }
    data[HEAD - 1] = 0x0D;
    memcpy(data + HEAD, first, RECORD);
    memcpy(data + HEAD + RECORD, second, RECORD);
    const int fd = mkstemps(path, (int)strlen(".dbf"));
    assert_int_equal(write(fd, data, sizeof data), sizeof data);
    close(fd);
    if (dk_source_open(path, &options, &source, &err) != DK_OK || dk_source_next(source, &row, &err) != DK_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < FIELDS; i++) {
        const bool read = fields[i].type == 'C' || fields[i].type == 'D';
        const dk_field field = {.name = "field", .type = DK_FIELD_TEXT};
        const dk_value_context context = {0};
        char problem[300] = "";
        dk_value value;
        size_t at;
        dk_buf memory;
        dk_buf_init(&memory);
        assert_int_equal(
            dk_value_from_cell(&field, &row.cells[i], &context, &memory, &value, &at, problem, sizeof problem), read);
        assert_int_equal(strstr(problem, "is not read; save the table as XLSX or CSV") != NULL, !read);
        assert_int_equal(strstr(problem, "a memo") != NULL, fields[i].type == 'M');
        dk_buf_finish(&memory);
    }
    assert_int_equal(dk_source_next(source, &row, &err), DK_OK);
    assert_non_null(row.cells[2].unread);
    assert_null(row.cells[4].unread); /* no memo */
    assert_null(row.cells[5].unread);
    dk_source_close(source);
    unlink(path);
}

static void siblings_in_any_case(void **state)
{
    (void)state;
    char dir[] = "/tmp/dk-sibling-XXXXXX", path[100], upper[100], mixed[100];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.b.shp", dir);
    snprintf(upper, sizeof upper, "%s/a.b.SHX", dir);
    fclose(fopen(upper, "w"));
    char *found = dk_sibling(path, "shx");
    assert_string_equal(found, upper);
    free(found);
    assert_null(dk_sibling(path, "dbf"));
    assert_null(dk_sibling("/nonexistent/a.shp", "dbf"));
    /* GDAL would look for .prj and .PRJ. */
    dk_error err = {0};
    uint64_t records;
    assert_int_equal(dk_shapefile_check_ending(upper, &err), DK_OK);
    assert_int_equal(dk_shapefile_check_ending(path, &err), DK_OK);
    assert_int_equal(dk_shapefile_check_ending(NULL, &err), DK_OK);
    snprintf(mixed, sizeof mixed, "%s/a.b.Prj", dir);
    fclose(fopen(mixed, "w"));
    assert_int_equal(dk_shapefile_examine(path, &records, &err), DK_INVALID);
    assert_true(strstr(err.text, mixed) == err.text && strstr(err.text, "rename it so that it ends in .prj") != NULL);
    unlink(mixed);
    unlink(upper);
    rmdir(dir);
}

int main(void)
{
    dk_gdal_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header),
        cmocka_unit_test(the_bytes_decide),
        cmocka_unit_test(deleted_records_do_not_count),
        cmocka_unit_test(a_table_cut_off),
        cmocka_unit_test(what_stands_in_a_field_of_numbers),
        cmocka_unit_test(what_is_no_text_is_no_value),
        cmocka_unit_test(siblings_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
