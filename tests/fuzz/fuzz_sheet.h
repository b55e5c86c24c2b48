/* What holds for every sheet that opens. */
#include "fuzz_check.h"

#include <string.h>

#include "ingest/sheet.h"
#include "store/text.h"

static void read_sheet(dk_sheet *sheet)
{
    dk_sheet_row row;
    int64_t last = 0;
    size_t most = 0;
    while (dk_sheet_next(sheet, &row, NULL) == DK_OK) {
        CHECK(row.number > last && row.number <= 1048576);
        CHECK(row.n <= 16384);
        last = row.number;
        bool any = row.problem != NULL;
        for (size_t i = 0; i < row.n; i++) {
            const dk_cell *cell = &row.cells[i];
            any |= cell->type != DK_CELL_EMPTY;
            if (cell->type != DK_CELL_TEXT && cell->type != DK_CELL_DATE) {
                CHECK(cell->size == 0 && cell->text[0] == '\0');
                continue;
            }
            CHECK(cell->text[cell->size] == '\0' && dk_utf8_valid(cell->text, cell->size));
            if (cell->type == DK_CELL_DATE)
                CHECK(cell->size == 10);
        }
        CHECK(any);
        CHECK(row.problem == NULL || dk_utf8_valid(row.problem, strlen(row.problem)));
        if (++most == 3000) /* rows may repeat a million times, which says nothing new */
            break;
    }
    const dk_sheet_merge *merges;
    const size_t n = dk_sheet_merges(sheet, &merges);
    for (size_t i = 0; i < n; i++)
        CHECK(merges[i].first_row >= 1 && merges[i].last_row >= merges[i].first_row &&
              merges[i].last_column >= merges[i].first_column);
}
