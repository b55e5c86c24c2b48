/* Prints all that ingest/jet.c reads of an Access database, for tests that compare it with other readers: a line of
 * JSON for each table, with "table", "rows" as its definition counts them, "columns" and their "types", and one for
 * each of its rows, an array: numbers as texts, dates as YYYY-MM-DD, bytes in hexadecimal. */
#include <inttypes.h>
#include <stdio.h>

#include "ingest/jet.h"
#include "ingest/json.h"

static void add_value(const dk_jet_column *column, const dk_jet_value *value, dk_buf *out)
{
    int year, month, day;
    dk_buf text;
    dk_buf_init(&text);
    switch (column->type) {
    case DK_JET_BOOL:
    case DK_JET_BYTE:
    case DK_JET_INT:
    case DK_JET_LONG:
        dk_buf_format(&text, "%" PRId64, dk_jet_integer(column, value));
        break;
    case DK_JET_SINGLE:
    case DK_JET_DOUBLE:
        dk_buf_format(&text, "%.17g", dk_jet_real(column, value));
        break;
    case DK_JET_DATE:
        if (dk_jet_date(value, &year, &month, &day))
            dk_buf_format(&text, "%04d-%02d-%02d", year, month, day);
        break;
    case DK_JET_MONEY:
    case DK_JET_NUMERIC:
    case DK_JET_GUID:
        dk_jet_text(column, value, &text);
        break;
    case DK_JET_TEXT:
    case DK_JET_MEMO:
        dk_buf_append(&text, value->data, value->size);
        break;
    default:
        for (size_t i = 0; i < value->size; i++)
            dk_buf_format(&text, "%02x", value->data[i]);
    }
    dk_json_string(dk_buf_cstr(&text), out);
    dk_buf_finish(&text);
}

static dk_status print_table(dk_jet *jet, const char *name, dk_error *err)
{
    dk_jet_table *table = NULL;
    dk_jet_column *columns;
    const dk_jet_value *values;
    bool bad;
    dk_buf line;
    dk_status status = dk_jet_table_open(jet, name, &table, err);
    if (status != DK_OK)
        return status;
    const size_t n = dk_jet_columns(table, &columns);
    dk_buf_init(&line);
    dk_buf_text(&line, "{\"table\":");
    dk_json_string(name, &line);
    dk_buf_format(&line, ",\"rows\":%" PRId64 ",\"columns\":[", dk_jet_rows(table));
    for (size_t i = 0; i < n; i++) {
        dk_buf_text(&line, i > 0 ? "," : "");
        dk_json_string(columns[i].name, &line);
    }
    dk_buf_text(&line, "],\"types\":[");
    for (size_t i = 0; i < n; i++)
        dk_buf_format(&line, "%s%d", i > 0 ? "," : "", columns[i].type);
    dk_buf_text(&line, "]}");
    puts(dk_buf_cstr(&line));
    while ((status = dk_jet_next(table, &values, &bad, err)) == DK_OK) {
        dk_buf_clear(&line);
        dk_buf_byte(&line, '[');
        for (size_t i = 0; i < n; i++) {
            dk_buf_text(&line, i > 0 ? "," : "");
            if (bad || values[i].bad)
                dk_buf_text(&line, "\"damaged\"");
            else if (values[i].null)
                dk_buf_text(&line, "null");
            else
                add_value(&columns[i], &values[i], &line);
        }
        dk_buf_byte(&line, ']');
        puts(dk_buf_cstr(&line));
    }
    dk_buf_finish(&line);
    dk_jet_table_close(table);
    return status == DK_END ? DK_OK : status;
}

int main(int argc, char **argv)
{
    dk_jet *jet = NULL;
    dk_error err = {0};
    const char *const *names;
    dk_status status = argc == 2 ? dk_jet_open(argv[1], &jet, &err) : dk_fail(&err, DK_INVALID, "usage: jet_rows FILE");
    const size_t n = status == DK_OK ? dk_jet_tables(jet, &names) : 0;
    for (size_t i = 0; i < n && status == DK_OK; i++)
        status = print_table(jet, names[i], &err);
    dk_jet_close(jet);
    if (status != DK_OK)
        fprintf(stderr, "%s\n", err.text);
    return status == DK_OK ? 0 : 1;
}
