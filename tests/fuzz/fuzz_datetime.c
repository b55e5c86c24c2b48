/* The parameter datetime: bytes from anyone. What is read is days in order. */
#include "tests/fuzz/fuzz_check.h"
#include "tiler/datetime.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    dk_datetime found, again;
    dk_error error;
    if (dk_datetime_read(text, &found, &error) == DK_OK) {
        CHECK(strlen(found.first) == 0 || strlen(found.first) == 10);
        CHECK(strlen(found.last) == 0 || strlen(found.last) == 10);
        CHECK(found.first[0] == '\0' || found.last[0] == '\0' || strcmp(found.first, found.last) <= 0);
        char written[24] = "";
        strcat(strcat(strcat(written, found.first), "/"), found.last);
        CHECK(dk_datetime_read(written, &again, &error) == DK_OK);
        CHECK(strcmp(again.first, found.first) == 0 && strcmp(again.last, found.last) == 0);
    } else {
        CHECK(strstr(error.text, "\"datetime\"") != NULL);
    }
    free(text);
    return 0;
}
