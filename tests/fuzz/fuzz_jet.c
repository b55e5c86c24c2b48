/* A foreign Access database: each table ends behind as many rows as its definition counts, or fails with a sentence;
 * texts are UTF-8 without NUL, dates and decimals are such, and long values are no more than the file. */
#include "fuzz_check.h"

#include <string.h>

#include "ingest/jet.h"
#include "store/text.h"

static void check_value(const dk_jet_column *column, const dk_jet_value *value, dk_buf *text, uint64_t *io_long)
{
    int year, month, day;
    CHECK(!value->bad || value->null);
    if (value->null)
        return;
    CHECK(column->wanted || column->type == DK_JET_BOOL);
    dk_buf_clear(text);
    switch (column->type) {
    case DK_JET_BOOL:
        CHECK(dk_jet_integer(column, value) == 0 || dk_jet_integer(column, value) == 1);
        break;
    case DK_JET_BYTE:
    case DK_JET_INT:
    case DK_JET_LONG:
        CHECK(dk_jet_integer(column, value) >= INT32_MIN && dk_jet_integer(column, value) <= INT32_MAX);
        break;
    case DK_JET_SINGLE:
    case DK_JET_DOUBLE:
        (void)dk_jet_real(column, value);
        break;
    case DK_JET_MONEY:
    case DK_JET_NUMERIC: {
        dk_jet_text(column, value, text);
        const char *digits = dk_buf_cstr(text);
        digits += digits[0] == '-';
        const size_t whole = strspn(digits, "0123456789");
        CHECK(whole > 0 && (digits[whole] == '\0' || digits[whole] == '.'));
        if (digits[whole] == '.') {
            const size_t part = strspn(digits + whole + 1, "0123456789");
            CHECK(part > 0 && digits[whole + 1 + part] == '\0' && digits[whole + part] != '0');
        }
        break;
    }
    case DK_JET_GUID:
        dk_jet_text(column, value, text);
        CHECK(text->size == 38);
        break;
    case DK_JET_DATE:
        if (dk_jet_date(value, &year, &month, &day))
            CHECK(year >= 99 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
        break;
    case DK_JET_TEXT:
    case DK_JET_MEMO:
        CHECK(value->data[value->size] == '\0' && strlen((const char *)value->data) == value->size);
        CHECK(dk_utf8_valid((const char *)value->data, value->size));
        break;
    case DK_JET_OLE:
        *io_long += value->size;
        break;
    default:
        for (size_t i = 0; i < value->size; i++)
            text->failed = text->failed || value->data == NULL;
    }
}

static void read_table(dk_jet *jet, const char *name, size_t file_size)
{
    dk_jet_table *table = NULL;
    dk_jet_column *columns;
    const dk_jet_value *values;
    dk_error err = {0};
    dk_buf text;
    uint64_t n_long = 0;
    int64_t n_rows = 0;
    bool bad = false;
    dk_status status = dk_jet_table_open(jet, name, &table, &err);
    if (status != DK_OK) {
        CHECK(status == DK_INVALID && strncmp(err.text, "memory: ", 8) == 0 &&
              dk_utf8_valid(err.text, strlen(err.text)));
        return;
    }
    dk_buf_init(&text);
    const size_t n = dk_jet_columns(table, &columns);
    CHECK(n > 0 && n <= DK_JET_MAX_COLUMNS);
    for (size_t i = 0; i < n; i++) {
        CHECK(dk_utf8_valid(columns[i].name, strlen(columns[i].name)));
        CHECK(dk_jet_column_of(table, columns[i].name) <= (int)i);
        columns[i].wanted = i != 3;
    }
    while ((status = dk_jet_next(table, &values, &bad, &err)) == DK_OK) {
        n_rows++;
        for (size_t i = 0; i < n; i++)
            check_value(&columns[i], &values[i], &text, &n_long);
    }
    CHECK(status == DK_END ? n_rows == dk_jet_rows(table)
                           : status == DK_INVALID && strncmp(err.text, "memory: ", 8) == 0);
    CHECK(n_long <= 2 * (uint64_t)file_size && (uint64_t)n_rows <= file_size);
    dk_buf_finish(&text);
    dk_jet_table_close(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_jet *jet = NULL;
    dk_error err = {0};
    const char *const *names;
    const dk_status status = dk_jet_open_memory(data, size, &jet, &err);
    if (status != DK_OK) {
        CHECK(status == DK_INVALID && strncmp(err.text, "memory: ", 8) == 0);
        return 0;
    }
    const size_t n = dk_jet_tables(jet, &names);
    for (size_t i = 0; i < n && i < 100; i++) {
        CHECK(dk_utf8_valid(names[i], strlen(names[i])) && dk_jet_find(jet, names[i]) != NULL);
        read_table(jet, names[i], size);
    }
    dk_jet_close(jet);
    return 0;
}
