/* A table as someone may have drawn it, made of words that headers, units, sums and footers are made of, with merged
 * cells anywhere: every row below the header that has something of its own is given or counted as left out, in order,
 * up to a second table. */
#include "fuzz_check.h"

#include <cpl_error.h>
#include <cpl_vsi.h>
#include <ogr_api.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ingest/source.h"
#include "store/buf.h"
#include "store/text.h"

enum { COLUMNS = 6, ROWS = 40 };

static const char *const words[] = {"",         "编号",     "面积（亩）", "总额", "日期",   "合计", "小 计", "制表：王",
                                    "单位：元", "（万元）", "周寨村",     "费用", "标题行", "12",   "#REF!", "注：某"};

static bool is_column(const char *name, void *user)
{
    static const char *const known[] = {"编号", "面积（亩）", "总额", "日期", "费用总额"};
    (void)user;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

static void put(const char *archive, const dk_buf *content)
{
    char path[160];
    snprintf(path, sizeof path, "/vsizip/%s/content.xml", archive);
    VSILFILE *file = VSIFOpenL(path, "wb");
    CHECK(file != NULL);
    CHECK(VSIFWriteL(content->data, 1, content->size, file) == content->size);
    CHECK(VSIFCloseL(file) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool covered[ROWS][COLUMNS] = {{false}}, own[ROWS] = {false};
    size_t at = 0, rows = size / COLUMNS < ROWS ? size / COLUMNS : ROWS;
    dk_buf xml;
    dk_buf_init(&xml);
    dk_buf_text(&xml, "<d><table name='t'>");
    for (size_t r = 0; r < rows; r++) {
        dk_buf_text(&xml, "<table-row>");
        for (size_t c = 0; c < COLUMNS; c++) {
            const uint8_t byte = data[at++];
            if (covered[r][c]) {
                dk_buf_text(&xml, "<covered-table-cell/>");
                continue;
            }
            const char *word = words[byte % 16];
            size_t down = byte >> 4 & 3, across = byte >> 6 & 3;
            down = r + down < rows ? down : rows - 1 - r;
            across = c + across < COLUMNS ? across : COLUMNS - 1 - c;
            for (size_t y = 0; y <= down; y++)
                for (size_t x = 0; x <= across; x++)
                    if (covered[r + y][c + x])
                        down = across = 0;
            for (size_t y = 0; y <= down; y++)
                for (size_t x = 0; x <= across; x++)
                    covered[r + y][c + x] = true;
            own[r] |= *word != '\0';
            dk_buf_format(
                &xml,
                "<table-cell number-rows-spanned='%zu' number-columns-spanned='%zu' value-type='%s' value='12'><p>%s</p></table-cell>",
                down + 1, across + 1, strcmp(word, "12") == 0 ? "float" : "string", word);
        }
        dk_buf_text(&xml, "</table-row>");
    }
    dk_buf_text(&xml, "</table></d>");
    char archive[64];
    snprintf(archive, sizeof archive, "/tmp/dikuai-fuzz-%ld.ods", (long)getpid());
    unlink(archive);
    CPLSetErrorHandler(CPLQuietErrorHandler);
    put(archive, &xml);
    dk_buf_finish(&xml);
    dk_source *source = NULL;
    dk_error err;
    const dk_source_options options = {.is_column = is_column};
    if (dk_source_open(archive, &options, &source, &err) == DK_OK) {
        const dk_column *columns;
        const size_t n_columns = dk_source_columns(source, &columns);
        for (size_t i = 0; i < n_columns; i++)
            CHECK(columns[i].name[0] != '\0' && dk_utf8_valid(columns[i].name, strlen(columns[i].name)));
        dk_source_row row;
        dk_status status;
        int64_t last = 0, given = 0;
        while ((status = dk_source_next(source, &row, &err)) == DK_OK) {
            CHECK(row.number > last && row.number <= (int64_t)rows && own[row.number - 1]);
            last = row.number;
            given++;
            for (size_t i = 0; i < n_columns; i++) {
                CHECK(strlen(row.cells[i].text) == row.cells[i].size);
                CHECK(row.cells[i].merged_rows >= 0 && row.cells[i].merged_rows <= 4);
            }
        }
        const bool second = status == DK_INVALID && strstr(err.text, ": a second table begins here") != NULL;
        CHECK(status == DK_END || (second && strncmp(err.text, archive, strlen(archive)) == 0));
        /* The rows below some row that is the header's last. */
        int64_t below = 0;
        bool found = second;
        for (size_t r = rows; r-- > 0 && !found;) {
            found = below == given + dk_source_left_out(source) && own[r];
            below += own[r];
        }
        CHECK(found);
        CHECK(dk_utf8_valid(dk_source_notes(source), strlen(dk_source_notes(source))));
        dk_source_close(source);
    } else {
        CHECK(strncmp(err.text, archive, strlen(archive)) == 0);
    }
    unlink(archive);
    return 0;
}
