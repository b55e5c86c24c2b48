/* A foreign cell, for a field of each type: a value of that type, or one sentence why not. The first byte chooses
 * whether it came from a sheet and whether its column has a unit. */
#include "fuzz_check.h"

#include <math.h>
#include <string.h>

#include "ingest/unit_line.h"
#include "ingest/values.h"
#include "store/text.h"

static void check_value(const dk_field *field, const dk_value *value, const char *text)
{
    switch (field->type) {
    case DK_FIELD_DATE:
        CHECK(value->type == DK_TEXT && dk_date_valid(text));
        break;
    case DK_FIELD_NUMBER:
        CHECK(value->type == DK_REAL && isfinite(value->real));
        break;
    case DK_FIELD_INTEGER:
        CHECK(value->type == DK_INTEGER);
        break;
    default:
        CHECK(value->type == DK_TEXT && strlen(text) == value->text.size && value->text.size > 0);
        CHECK(text[0] != ' ' && text[value->text.size - 1] != ' ');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const dk_field_type types[] = {DK_FIELD_TEXT,        DK_FIELD_INTEGER,  DK_FIELD_NUMBER, DK_FIELD_DATE,
                                          DK_FIELD_APPROVAL_NO, DK_FIELD_DIVISION, DK_FIELD_URL};
    if (size < 1 || size > 4096 || memchr(data + 1, 0, size - 1) != NULL)
        return 0;
    char text[4097];
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (!dk_utf8_valid(text, size - 1)) /* sources hand out UTF-8 alone */
        return 0;
    const dk_cell cell = {.type = DK_CELL_TEXT, .text = text, .size = size - 1};
    dk_value_context context = {.spreadsheet = data[0] & 1};
    if (data[0] & 2)
        CHECK(dk_unit_parse("亩", strlen("亩"), &context.column_unit));
    dk_buf memory;
    dk_buf_init(&memory);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const dk_field field = {.name = "f", .type = types[i], .unit = data[0] & 4 ? "ha" : NULL};
        dk_value value = {0};
        size_t offset = 0;
        char problem[120] = "";
        if (!dk_value_from_cell(&field, &cell, &context, &memory, &value, &offset, problem, sizeof problem))
            CHECK(problem[0] != '\0');
        else if (value.type != DK_NULL)
            check_value(&field, &value, value.type == DK_TEXT ? (const char *)memory.data + offset : "");
    }
    dk_buf_clear(&memory);
    dk_unit_line line = {.n = 0};
    dk_text_fold(text, size - 1, &memory);
    dk_unit_line_read(dk_buf_cstr(&memory), data[0] & 8, &line);
    CHECK(line.n <= DK_UNIT_LINE_MOST);
    dk_buf_finish(&memory);
    return 0;
}
