/* A foreign CSV: every record's cells lie in memory, rows are counted from 1 in steps of one, and reading again gives
 * the same. */
#include "fuzz_check.h"

#include <string.h>

#include "ingest/csv.h"

static uint64_t read_through(dk_csv *csv, dk_status *ret_status)
{
    uint64_t sum = 0;
    int64_t row = 0, last = 0;
    const dk_csv_cell *cells;
    size_t n;
    dk_status status;
    while ((status = dk_csv_next(csv, &row, &cells, &n, NULL)) == DK_OK) {
        CHECK(row == last + 1 && n >= 1 && n <= DK_CSV_MAX_CELLS);
        last = row;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < cells[i].size; k++)
                sum = sum * 31 + (unsigned char)cells[i].data[k] + i;
    }
    *ret_status = status;
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_csv *csv = NULL;
    dk_status first, second;
    if (dk_csv_open_memory(data, size, NULL, &csv, NULL) != DK_OK)
        return 0;
    const uint64_t once = read_through(csv, &first);
    CHECK(dk_csv_rewind(csv, NULL) == DK_OK);
    CHECK(read_through(csv, &second) == once && first == second);
    dk_csv_close(csv);
    return 0;
}
