/* The report as one page of HTML that needs nothing else: to be read by who has to decide about the batch, and printed.
 */
#include "ingest/report.h"
#include "store/day.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char style[] =
    "body{font:15px/1.6 'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei',sans-serif;color:#1d2129;margin:24px "
    "auto;max-width:960px;padding:0 16px}"
    "h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:28px 0 6px;border-bottom:1px solid #c9cdd4}"
    ".sub{color:#4e5969;margin:0 0 16px}.verdict{font-size:17px;padding:10px 14px;border-left:5px solid "
    "#00874d;background:#f2faf6}"
    ".verdict.bad{border-color:#c9372c;background:#fdf3f2}"
    "table{border-collapse:collapse;width:100%;margin:6px 0}th,td{border:1px solid #d5d8de;padding:3px "
    "8px;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere;min-width:5.5em}th{background:#f4f5f7;font-weight:600;white-space:"
    "nowrap}td.n{"
    "min-width:0;text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}td.bad{color:#c9372c;font-weight:600}"
    "code{font-size:12px;color:#4e5969;overflow-wrap:anywhere}.small{font-size:13px;color:#4e5969}"
    "svg{width:100%;border:1px solid #d5d8de;background:#fff}svg .row{fill:#d3d9e0;stroke:#8d97a5;stroke-width:.5}"
    "svg path.reject{fill:#f3b5af;stroke:#c9372c;stroke-width:1}svg g.reject circle{fill:#c9372c;fill-opacity:.55}"
    "svg g.reject text{font-size:12px;fill:#8a1f16;paint-order:stroke;stroke:#fff;stroke-width:3px}"
    "svg .overlap circle{fill:#e58a00;fill-opacity:.7}svg .scale{fill:none;stroke:#1d2129}svg text{font-size:12px}"
    ".key span{display:inline-block;width:12px;height:12px;margin:0 4px 0 14px;vertical-align:-1px}"
    "@media "
    "print{body{margin:0;max-width:none;font-size:12px}h2{break-after:avoid}tr{break-inside:avoid}svg{break-inside:"
    "avoid}}";

static void text(const char *words, dk_buf *out)
{
    dk_html_text(words, out);
}

static void count_row(const dk_report *report, const char *name, const char *title, dk_buf *out)
{
    dk_buf_format(out, "<tr><td>%s <code>%s</code></td><td class=\"n\">%" PRId64 "</td></tr>", title, name,
                  dk_report_counted(report, name));
}

/* Files that were left out stand among the rejected rows, and are counted apart. */
static int64_t files_left_out(const dk_report *report)
{
    return dk_report_counted(report, "files_failed");
}

static int64_t found(const dk_report *report, const dk_report_table *table)
{
    return table->count - (table == &report->tables[0] ? files_left_out(report) : 0);
}

/* "本批内部重叠", or with the kind that lacks "没有对应的 用地批复". */
static void table_title(const dk_report_table *table, dk_buf *out)
{
    text(table->title, out);
    if (table->other != NULL) {
        dk_buf_text(out, "“");
        text(table->other->title, out);
        dk_buf_text(out, "”");
    }
}

/* What is found and stands in no table. */
static const struct {
    const char *count, *title;
} other_faults[] = {{"files_failed", "未能读取的文件"}, {"overlap_unknown", "未能计算的重叠"}};
enum { OTHER_FAULTS = sizeof other_faults / sizeof *other_faults };

static void write_overview(const dk_report *report, dk_buf *out)
{
    dk_buf_text(out, "<h2>汇总</h2><table><tr><th>入库</th><th>行数</th></tr>");
    count_row(report, "read", "读取", out);
    count_row(report, "loaded", "新增", out);
    count_row(report, "replaced", "替换", out);
    count_row(report, "unchanged", "与库中相同，未变", out);
    if (dk_report_counted(report, "left_out") > 0)
        count_row(report, "left_out", "合计、表头等非数据行", out);
    dk_buf_text(out, "</table><table><tr><th>检查</th><th>发现</th></tr>");
    for (size_t i = 0; i < report->n_tables; i++) {
        const dk_report_table *table = &report->tables[i];
        dk_buf_text(out, "<tr><td>");
        table_title(table, out);
        dk_buf_format(out, " <code>%s%s%s</code>", table->check, table->other != NULL ? ":" : "",
                      table->other != NULL ? table->other->name : "");
        if (table->remark != NULL)
            dk_buf_format(out, " <span class=\"small\">%s</span>", table->remark);
        if (!table->not_made && table->passed_over > 0)
            dk_buf_format(out, " <span class=\"small\">另有 %" PRId64 " 行%s，未核对</span>", table->passed_over,
                          table->lacking);
        if (table->not_made)
            dk_buf_text(out, "</td><td class=\"n\">—</td></tr>");
        else
            dk_buf_format(out, "</td><td class=\"n%s\">%" PRId64 "</td></tr>",
                          table->fault && found(report, table) > 0 ? " bad" : "", found(report, table));
        for (size_t k = 0; i == 0 && k < OTHER_FAULTS; k++)
            if (dk_report_counted(report, other_faults[k].count) > 0)
                dk_buf_format(out, "<tr><td>%s <code>%s</code></td><td class=\"n bad\">%" PRId64 "</td></tr>",
                              other_faults[k].title, other_faults[k].count,
                              dk_report_counted(report, other_faults[k].count));
    }
    dk_buf_text(out, "</table>");
}

static void write_kinds(const dk_report *report, dk_buf *out)
{
    dk_buf_format(out, "<table><tr><th>类别</th><th>%s</th></tr>",
                  files_left_out(report) > 0 ? "行数、文件数" : "行数");
    for (size_t i = 0; i < report->n_kinds; i++)
        dk_buf_format(out, "<tr><td>%s <code>%s</code></td><td class=\"n\">%" PRId64 "</td></tr>",
                      report->kinds[i].title, report->kinds[i].name, report->kinds[i].count);
    dk_buf_text(out, "</table>");
}

static void write_cell(const dk_report *report, const dk_report_column *column, const char *cell, dk_buf *out)
{
    const bool number = column->type != 's' && column->type != 'k';
    dk_buf_text(out, number ? "<td class=\"n\">" : "<td>");
    if (strcmp(column->name, "row") == 0 && strcmp(cell, "0") == 0)
        cell = "整个文件";
    const int field = strcmp(column->name, "field") == 0 ? dk_kind_field(report->kind, cell) : -1;
    if (column->type == 'k') {
        const size_t size = strcspn(cell, " ");
        text(cell[size] != '\0' ? cell + size + 1 : cell, out);
    } else {
        text(field >= 0 ? report->kind->fields[field].title : cell, out);
    }
    dk_buf_text(out, "</td>");
}

static void write_table(const dk_report *report, const dk_report_table *table, dk_buf *out)
{
    if (table->count == 0 || table->not_made)
        return;
    const size_t shown = table->n_rows < DK_REPORT_HTML_ROWS ? table->n_rows : DK_REPORT_HTML_ROWS;
    dk_buf_text(out, "<h2>");
    table_title(table, out);
    dk_buf_format(out, "：%" PRId64, found(report, table));
    if (found(report, table) < table->count)
        dk_buf_format(out, "，%s：%" PRId64, other_faults[0].title, table->count - found(report, table));
    dk_buf_text(out, "</h2>");
    if (table == &report->tables[0])
        write_kinds(report, out);
    if (table->count > (int64_t)shown) {
        dk_buf_format(out, "<p class=\"small\">列出前 %zu 条，其余 %" PRId64 " 条未列", shown,
                      table->count - (int64_t)shown);
        if (table == &report->tables[0] && report->rejects != NULL) {
            dk_buf_text(out, "；全部见 ");
            text(report->rejects, out);
        } else if (table != &report->tables[0] || table->n_rows > shown) {
            dk_buf_format(out, "；JSON 报告列至 %d 条", DK_REPORT_ROWS);
        }
        dk_buf_text(out, "。</p>");
    }
    dk_buf_text(out, "<table><tr>");
    for (size_t c = 0; c < table->n_columns; c++)
        dk_buf_format(out, "<th>%s</th>", table->columns[c].title);
    dk_buf_text(out, "</tr>");
    const char *cell = (const char *)table->cells.data;
    for (size_t i = 0; i < shown; i++) {
        dk_buf_text(out, "<tr>");
        for (size_t c = 0; c < table->n_columns; c++) {
            write_cell(report, &table->columns[c], cell, out);
            cell += strlen(cell) + 1;
        }
        dk_buf_text(out, "</tr>\n");
    }
    dk_buf_text(out, "</table>");
}

/* ---- the verdict ---- */

static void add_fault(int64_t count, size_t *n, dk_buf *out)
{
    dk_buf_format(out, " %" PRId64, count);
    ++*n;
}

/* One sentence: whether the batch can go out as it is. */
static void write_verdict(const dk_report *report, dk_buf *out)
{
    const bool waits = report->dry_run || (report->batch > 0 && strcmp(report->state, "published") != 0 &&
                                           strcmp(report->state, "withdrawn") != 0);
    const size_t before = out->size;
    size_t n = 0;
    dk_buf_text(out, "<p class=\"verdict bad\">");
    dk_buf_text(out, waits ? "发布前请核对：" : "请核对：");
    for (size_t i = 0; i < report->n_tables; i++) {
        const dk_report_table *table = &report->tables[i];
        if (!table->fault || table->not_made || found(report, table) <= 0)
            continue;
        dk_buf_text(out, n > 0 ? "；" : "");
        table_title(table, out);
        add_fault(found(report, table), &n, out);
    }
    for (size_t k = 0; k < OTHER_FAULTS; k++)
        if (dk_report_counted(report, other_faults[k].count) > 0) {
            dk_buf_format(out, "%s%s", n > 0 ? "；" : "", other_faults[k].title);
            add_fault(dk_report_counted(report, other_faults[k].count), &n, out);
        }
    if (n == 0) {
        out->size = before;
        dk_buf_text(out, "<p class=\"verdict\">");
        dk_buf_text(out, report->checked        ? "各项检查未发现错误"
                         : report->n_tables > 1 ? "检查没有做完"
                                                : "与库中相同，没有要检查的数据");
    }
    dk_buf_text(out, "。</p>");
}

static void write_map(const dk_report *report, dk_buf *out)
{
    const size_t before = out->size;
    dk_buf_text(out, "<h2>位置</h2>");
    const size_t empty = out->size;
    dk_report_map_svg(&report->map, out);
    if (out->size == empty) {
        out->size = before;
        return;
    }
    dk_buf_text(out, "<p class=\"key small\"><span style=\"background:#d3d9e0\"></span>本批入库<span "
                     "style=\"background:#c9372c\"></span>未入库<span style=\"background:#e58a00\"></span>重叠处");
    const dk_report_map *map = &report->map;
    const int64_t nowhere = found(report, &report->tables[0]) - (map->n[DK_MAP_REJECT] - map->left_out[DK_MAP_REJECT]);
    if (nowhere > 0)
        dk_buf_format(out, "　未入库的行中 %" PRId64 " 行没有可用坐标，或因过多未画", nowhere);
    if (map->left_out[DK_MAP_OVERLAP] > 0)
        dk_buf_format(out, "　重叠处中 %" PRId64 " 处因过多未画", map->left_out[DK_MAP_OVERLAP]);
    dk_buf_text(out, "</p>");
}

static void write_sources(const dk_report *report, dk_buf *out)
{
    dk_buf_text(out, "<h2>来源文件</h2><table><tr><th>文件</th><th>字节</th><th>SHA-256</th></tr>");
    size_t n = 0;
    for (size_t i = 0; i < report->n_sources; i++)
        for (size_t k = 0; k < report->sources[i].n_files; k++) {
            if (n++ >= DK_REPORT_HTML_ROWS)
                continue;
            const dk_source_file *file = &report->sources[i].files[k];
            dk_buf_text(out, "<tr><td>");
            text(file->name, out);
            dk_buf_format(out, "</td><td class=\"n\">%" PRId64 "</td><td><code>%s</code></td></tr>", file->bytes,
                          file->sha256);
        }
    dk_buf_text(out, "</table>");
    if (n > DK_REPORT_HTML_ROWS)
        dk_buf_format(out, "<p class=\"small\">另有 %zu 个文件，见 JSON 报告。</p>", n - DK_REPORT_HTML_ROWS);
}

static void write_notes(const dk_report *report, dk_buf *out)
{
    if (report->notes.size == 0)
        return;
    dk_buf_text(out, "<h2>程序提示</h2><ul class=\"small\">");
    for (size_t at = 0; at < report->notes.size;) {
        const char *note = (const char *)report->notes.data + at;
        dk_buf_text(out, "<li>");
        text(note, out);
        dk_buf_text(out, "</li>");
        at += strlen(note) + 1;
    }
    dk_buf_text(out, "</ul>");
}

static const char *state_title(const dk_report *report)
{
    static const char *const names[][2] = {{"staged", "已入库，待发布"},
                                           {"reviewed", "已审核，待发布"},
                                           {"rejected", "审核未通过"},
                                           {"published", "已发布"},
                                           {"withdrawn", "已撤回"}};
    if (report->dry_run)
        return "试运行，未入库";
    if (report->batch == 0)
        return "未入库";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(report->state, names[i][0]) == 0)
            return names[i][1];
    return report->state;
}

/* YYYY-MM-DDTHH:MM:SSZ as the time that it is in China. */
static void write_moment(const char *utc, dk_buf *out)
{
    enum { AHEAD = 8, HOURS = 24 };
    char date[DK_DAY_TEXT];
    int32_t day;
    int hour, minute;
    snprintf(date, sizeof date, "%.10s", utc);
    if (strlen(utc) < 10 || !dk_day_read(date, &day) || sscanf(utc + 10, "T%2d:%2d", &hour, &minute) != 2)
        return;
    hour += AHEAD;
    day += hour / HOURS;
    const int year = dk_day_year(day), month = dk_day_month(day), of_month = day - dk_day_of(year, month, 1) + 1;
    dk_buf_format(out, "%d年%d月%d日 %02d:%02d", year, month, of_month, hour % HOURS, minute);
}

void dk_report_html(const dk_report *report, dk_buf *out)
{
    dk_buf_text(out,
                "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\">"
                "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    text(report->title, out);
    dk_buf_text(out, " 质量报告</title><style>");
    dk_buf_text(out, style);
    dk_buf_text(out, "</style></head><body><h1>");
    text(report->kind->title, out);
    dk_buf_text(out, "质量报告</h1><p class=\"sub\">");
    text(report->catalogue->title, out);
    dk_buf_text(out, "　");
    text(report->title, out);
    if (report->batch > 0)
        dk_buf_format(out, "　批次 %" PRId64, report->batch);
    dk_buf_text(out, "　");
    text(state_title(report), out);
    if (report->batch > 0) {
        dk_buf_text(out, "　入库 ");
        write_moment(report->created_at, out);
    }
    dk_buf_text(out, "</p>");
    write_verdict(report, out);
    if (report->datum.size > 0) {
        dk_buf_text(out, "<p>坐标系：<span class=\"small\">");
        text((const char *)report->datum.data, out);
        dk_buf_text(out, "</span></p>");
    }
    write_overview(report, out);
    write_map(report, out);
    for (size_t i = 0; i < report->n_tables; i++)
        write_table(report, &report->tables[i], out);
    write_sources(report, out);
    write_notes(report, out);
    if (report->checked)
        dk_buf_format(
            out,
            "<p class=\"small\">重叠：整体或其中一块 1 平方米以上且平均宽度 0.1 米以上。面积不符：与椭球面积相差 1 平方米以上且 1 "
            "%% 以上。修复：面积变化不超过 0.1 %%。核对于第 %" PRId64 " 版数据，用时 %.1f 秒。</p>",
            report->generation, report->seconds);
    dk_buf_text(out, "</body></html>\n");
}
