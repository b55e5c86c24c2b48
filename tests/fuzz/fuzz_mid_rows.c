/* The foreign .mid of a MIF, behind the number of its fields and its delimiter: the fields of a row lie one behind the
 * other, and have no more bytes than the file. */
#include "fuzz_check.h"

#include <string.h>
#include <unistd.h>

#include "ingest/mid_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/dk-fuzz-XXXXXX.mid";
    dk_mid_rows *rows = NULL;
    dk_error err = {0};
    if (size < 2)
        return 0;
    const size_t n = 1 + data[0] % 8;
    const int fd = mkstemps(path, 4);
    CHECK(fd >= 0 && write(fd, data + 2, size - 2) == (ssize_t)(size - 2));
    close(fd);
    CHECK(dk_mid_rows_open(path, (char)data[1], &rows, &err) == DK_OK);
    size_t bytes = 0;
    for (size_t row = 0; row <= size; row++) {
        const dk_mid_field *fields = dk_mid_rows_next(rows, n);
        for (size_t i = 0; fields != NULL && i < n; i++) {
            bytes += fields[i].size;
            CHECK(i == 0 || fields[i].text > fields[i - 1].text + fields[i - 1].size || fields[i].size == 0);
        }
    }
    CHECK(bytes <= size);
    dk_mid_rows_close(rows);
    unlink(path);
    return 0;
}
