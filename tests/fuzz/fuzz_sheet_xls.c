/* A foreign XLS: rows ascend, texts are UTF-8, merged cells are in order, and what is read does not depend on what was
 * read before. */
#include "fuzz_sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_sheet *sheet = NULL;
    dk_error err;
    if (dk_sheet_open_xls_memory(data, size, NULL, &sheet, &err) != DK_OK) {
        CHECK(strncmp(err.text, "(memory): ", 10) == 0);
        return 0;
    }
    read_sheet(sheet);
    if (dk_sheet_rewind(sheet, NULL) == DK_OK)
        read_sheet(sheet);
    dk_sheet_close(sheet);
    return 0;
}
