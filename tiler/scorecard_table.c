/* The scorecard as CSV and XLSX, by the writers of downloads. */
#include "tiler/row_writer.h"
#include "tiler/scorecard.h"

#include "store/obligation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dk_scorecard_sheet {
    dk_context *ctx;
    dk_kind kind; /* whose fields are the columns */
    dk_field fields[DK_MAX_FIELDS];
    dk_row_columns columns;
    dk_row_writer *writer;
    dk_buf rows;
    size_t waiting;
    dk_status status;
};

static dk_status to_body(void *user, const void *data, size_t size, dk_error *err)
{
    dk_buf *body = user;
    dk_buf_append(body, data, size);
    return body->failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

dk_status dk_scorecard_sheet_begin(dk_context *ctx, bool xlsx, const char *title, const dk_scorecard_column *columns,
                                   size_t n_columns, dk_scorecard_sheet **ret_sheet)
{
    dk_scorecard_sheet *sheet = calloc(1, sizeof *sheet);
    if (sheet == NULL)
        return dk_fail(&ctx->error, DK_NOMEM, "out of memory");
    sheet->ctx = ctx;
    sheet->kind = (dk_kind){.name = "scorecard", .title = title, .fields = sheet->fields, .n_fields = n_columns};
    sheet->columns.kind = &sheet->kind;
    for (size_t i = 0; i < n_columns; i++) {
        sheet->fields[i] = (dk_field){.name = columns[i].name, .title = columns[i].title, .type = columns[i].type};
        sheet->columns.field[sheet->columns.n++] = (int)i;
    }
    dk_buf_init(&sheet->rows);
    dk_buf_clear(&ctx->worker->body);
    const dk_sink sink = {to_body, &ctx->worker->body};
    sheet->writer = xlsx ? dk_xlsx_writer_create(&sheet->columns, &sink) : dk_csv_writer_create(&sheet->columns, &sink);
    if (sheet->writer == NULL) {
        free(sheet);
        return dk_fail(&ctx->error, DK_NOMEM, "out of memory");
    }
    ctx->answer.type = xlsx ? "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
                            : "text/csv; charset=utf-8; header=present";
    *ret_sheet = sheet;
    return DK_OK;
}

static void send_rows(dk_scorecard_sheet *sheet, bool last)
{
    if (sheet->status == DK_OK)
        sheet->status = sheet->writer->send(sheet->writer, &sheet->rows, last, &sheet->ctx->error);
    sheet->waiting = 0;
}

void dk_scorecard_sheet_row(dk_scorecard_sheet *sheet, const dk_value *values)
{
    const uint64_t all = sheet->kind.n_fields < 64 ? (UINT64_C(1) << sheet->kind.n_fields) - 1 : UINT64_MAX;
    const dk_row row = {.kind = &sheet->kind, .values = values, .visible = all};
    if (sheet->status == DK_OK)
        sheet->status = sheet->writer->row(sheet->writer, &row, &sheet->rows, &sheet->ctx->error);
    if (++sheet->waiting == DK_ROWS_AT_ONCE)
        send_rows(sheet, false);
}

dk_status dk_scorecard_sheet_end(dk_scorecard_sheet *sheet, dk_status status)
{
    if (sheet == NULL)
        return status;
    if (status == DK_OK)
        send_rows(sheet, true);
    if (status == DK_OK)
        status = sheet->status;
    sheet->writer->free(sheet->writer);
    dk_buf_finish(&sheet->rows);
    free(sheet);
    return status;
}

/* ---- the figures ---- */

static dk_value text_value(const char *text)
{
    return text == NULL ? (dk_value){.type = DK_NULL} : (dk_value){.type = DK_TEXT, .text = {text, strlen(text)}};
}

static dk_value share_value(double share)
{
    return isnan(share) ? (dk_value){.type = DK_NULL} : (dk_value){.type = DK_REAL, .real = share};
}

enum { C_RANK, C_CODE, C_DIVISION, C_PERIOD, C_OBLIGATION, C_REGIME, C_REQUIRED };

static void write_group(dk_scorecard_sheet *sheet, const dk_catalogue *catalogue, const dk_score_query *query,
                        const dk_scorecard_group *group, bool total)
{
    static const dk_disclosure states[] = {DK_MET, DK_LATE,    DK_SHORT,          DK_MISSING,
                                           DK_DUE, DK_WAITING, DK_NOT_APPLICABLE, DK_UNKNOWN};
    dk_value values[C_REQUIRED + 12] = {{0}};
    dk_buf period, division;
    dk_buf_init(&period);
    dk_buf_init(&division);
    dk_scorecard_group_period(query, &group->score, &period);
    if (group->rank > 0)
        values[C_RANK] = (dk_value){.type = DK_INTEGER, .integer = group->rank};
    if (total) {
        values[C_DIVISION] = text_value("合计");
    } else {
        if (query->level > 0) {
            values[C_CODE] = text_value(group->score.division);
            dk_scorecard_division_title(catalogue, query, group->score.division, &division);
            values[C_DIVISION] = text_value(division.size > 0 ? dk_buf_cstr(&division) : NULL);
        }
        if (period.size > 0)
            values[C_PERIOD] = text_value(dk_buf_cstr(&period));
        if (query->by_obligation)
            values[C_OBLIGATION] = text_value(group->score.obligation->item->title);
        if (query->by_regime && group->score.regime != NULL)
            values[C_REGIME] = text_value(group->score.regime->title);
    }
    dk_value *at = &values[C_REQUIRED];
    *at++ = (dk_value){.type = DK_INTEGER, .integer = group->required};
    *at++ = (dk_value){.type = DK_INTEGER, .integer = group->disclosed};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        *at++ = (dk_value){.type = DK_INTEGER, .integer = group->score.n[states[i]]};
    *at++ = share_value(dk_scorecard_completeness(group));
    *at++ = share_value(dk_scorecard_timeliness(group));
    dk_scorecard_sheet_row(sheet, values);
    dk_buf_finish(&period);
    dk_buf_finish(&division);
}

dk_status dk_scorecard_table(dk_context *ctx, const dk_scorecard_question *asked)
{
    static const dk_scorecard_column columns[] = {{"rank", "名次", DK_FIELD_INTEGER},
                                                  {"division", "行政区划代码", DK_FIELD_DIVISION},
                                                  {"division_name", "行政区", DK_FIELD_TEXT},
                                                  {"period", "期间", DK_FIELD_TEXT},
                                                  {"obligation", "事项", DK_FIELD_TEXT},
                                                  {"regime", "适用程序", DK_FIELD_TEXT},
                                                  {"required", "应公开", DK_FIELD_INTEGER},
                                                  {"disclosed", "已公开", DK_FIELD_INTEGER},
                                                  {"met", "按期公开", DK_FIELD_INTEGER},
                                                  {"late", "逾期公开", DK_FIELD_INTEGER},
                                                  {"short", "公示期不足", DK_FIELD_INTEGER},
                                                  {"missing", "逾期未公开", DK_FIELD_INTEGER},
                                                  {"due", "待公开", DK_FIELD_INTEGER},
                                                  {"waiting", "未到期", DK_FIELD_INTEGER},
                                                  {"not_applicable", "不适用", DK_FIELD_INTEGER},
                                                  {"unknown", "无法计算", DK_FIELD_INTEGER},
                                                  {"completeness", "完整率", DK_FIELD_NUMBER},
                                                  {"timeliness", "及时率", DK_FIELD_NUMBER}};
    dk_scorecard card;
    dk_scorecard_sheet *sheet = NULL;
    dk_status status = dk_scorecard_read(ctx, &asked->query, &card);
    if (status != DK_OK)
        return status;
    status = dk_scorecard_sheet_begin(ctx, asked->format == DK_SCORECARD_XLSX, "公开情况", columns,
                                      sizeof columns / sizeof *columns, &sheet);
    for (size_t i = 0; status == DK_OK && i < card.n; i++)
        write_group(sheet, ctx->worker->catalogue, &asked->query, &card.groups[i], false);
    if (status == DK_OK)
        write_group(sheet, ctx->worker->catalogue, &asked->query, &card.total, true);
    dk_scorecard_finish(&card);
    return dk_scorecard_sheet_end(sheet, status);
}
