/* XLSX (ECMA-376, SpreadsheetML), written row by row into a ZIP: nothing is kept but the row at hand. Texts are inline
 * strings, because a table of shared ones would have to be kept whole. */
#include "tiler/json.h"
#include "tiler/row_writer.h"
#include "tiler/zip_stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ROWS = 1048576, /* of a sheet */
    MOST_TEXT = 32767,   /* UTF-16 units of a cell */
    MOST_NAME = 31 - 5,  /* of a sheet's name, with room for a number behind it */
    STYLE_TEXT = 1,
    STYLE_DATE = 2,
    STYLE_HEAD = 3 /* cellXfs below */
};
#define MOST_SHEET_BYTES (3u << 30) /* after which a new sheet begins: an entry holds 4 GiB */
#define XML_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006"
#define TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml."
#define RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

typedef struct xlsx_writer {
    dk_row_writer base;
    const dk_row_columns *columns;
    dk_zip_stream *zip;
    size_t sheets;                    /* begun so far */
    int64_t rows;                     /* of the sheet, those handed on */
    int64_t row;                      /* of the sheet, with those in the buffer */
    char reference[DK_MAX_FIELDS][4]; /* A, B … of each column */
} xlsx_writer;

/* ---- cells ---- */

/* XML text as ST_Xstring (ECMA-376, 22.9.2.19): characters that XML does not have are _xHHHH_. */
static void put_text(const char *text, size_t size, dk_buf *out)
{
    size_t plain = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        const char *entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
        /* also a text that only looks like one, and U+FFFE and U+FFFF */
        const bool coded = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
        const bool looks = c == '_' && i + 1 < size && text[i + 1] == 'x';
        const bool none =
            c == 0xEF && i + 2 < size && (unsigned char)text[i + 1] == 0xBF && (unsigned char)text[i + 2] >= 0xBE;
        if (entity == NULL && !coded && !looks && !none)
            continue;
        dk_buf_append(out, text + plain, i - plain);
        if (entity != NULL)
            dk_buf_text(out, entity);
        else if (none)
            dk_buf_text(out, "\xEF\xBF\xBD");
        else
            dk_buf_format(out, "_x%04X_", c);
        i += none ? 2 : 0;
        plain = i + 1;
    }
    dk_buf_append(out, text + plain, size - plain);
}

/* How much of a text a cell takes. */
static size_t fitting(const char *text, size_t size)
{
    size_t units = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        units += (c & 0xC0) == 0x80 ? 0 : c >= 0xF0 ? 2 : 1;
        if (units > MOST_TEXT)
            return i;
    }
    return size;
}

static void text_cell(const xlsx_writer *w, size_t column, int64_t row, int style, const char *text, size_t size,
                      dk_buf *out)
{
    dk_buf_format(out, "<c r=\"%s%lld\" s=\"%d\" t=\"inlineStr\"><is><t xml:space=\"preserve\">", w->reference[column],
                  (long long)row, style);
    put_text(text, size, out);
    dk_buf_text(out, "</t></is></c>");
}

long dk_xlsx_date(const char *text, size_t size)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    if (size != 10 || text[4] != '-' || text[7] != '-')
        return 0;
    for (size_t i = 0; i < 10; i++)
        if (i != 4 && i != 7 && (text[i] < '0' || text[i] > '9'))
            return 0;
    const int year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0';
    const int month = (text[5] - '0') * 10 + text[6] - '0', day = (text[8] - '0') * 10 + text[9] - '0';
    if (month < 1 || month > 12)
        return 0;
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day < 1 || day > before[month] - before[month - 1] + (leap && month == 2))
        return 0;
    const long whole = year - 1; /* years that are over, since the year 1 */
    const long days =
        whole * 365 + whole / 4 - whole / 100 + whole / 400 + before[month - 1] + (leap && month > 2) + day;
    const long serial = days - 693594; /* 1899-12-30 */
    return serial >= 61 ? serial : 0;
}

static void value_cell(const xlsx_writer *w, size_t column, const dk_field *field, const dk_value *value, int64_t row,
                       dk_buf *out)
{
    static const char cut[] = "…（过长，此处截断；全文见 CSV）";
    char digits[32];
    if (value->type == DK_NULL)
        return;
    if (value->type == DK_TEXT) {
        const long date = field->type == DK_FIELD_DATE ? dk_xlsx_date(value->text.data, value->text.size) : 0;
        if (date > 0) {
            dk_buf_format(out, "<c r=\"%s%lld\" s=\"%d\"><v>%ld</v></c>", w->reference[column], (long long)row,
                          STYLE_DATE, date);
            return;
        }
        size_t size = fitting(value->text.data, value->text.size);
        if (size == value->text.size) {
            text_cell(w, column, row, STYLE_TEXT, value->text.data, size, out);
            return;
        }
        dk_buf text;
        dk_buf_init(&text);
        size -= size < sizeof cut * 2 ? size : sizeof cut * 2;
        while (size > 0 && ((unsigned char)value->text.data[size] & 0xC0) == 0x80)
            size--;
        dk_buf_append(&text, value->text.data, size);
        dk_buf_text(&text, cut);
        text_cell(w, column, row, STYLE_TEXT, text.data != NULL ? (const char *)text.data : "", text.size, out);
        out->failed |= text.failed;
        dk_buf_finish(&text);
        return;
    }
    if (value->type == DK_INTEGER && (value->integer > DK_SHEET_WHOLE || value->integer < -DK_SHEET_WHOLE)) {
        snprintf(digits, sizeof digits, "%lld", (long long)value->integer);
        text_cell(w, column, row, STYLE_TEXT, digits, strlen(digits), out);
        return;
    }
    if (value->type == DK_REAL && !isfinite(value->real))
        return;
    dk_buf_format(out, "<c r=\"%s%lld\"><v>", w->reference[column], (long long)row);
    dk_json json;
    dk_json_init(&json, out);
    dk_json_value(&json, value);
    dk_buf_text(out, "</v></c>");
}

/* ---- sheets ---- */

/* Characters of a text that are wide count double. */
static int width_of(const dk_field *field, const char *head)
{
    int width = 0;
    for (const char *at = head; *at != '\0'; at++)
        width += ((unsigned char)*at & 0xC0) == 0x80 ? 0 : (unsigned char)*at >= 0xE0 ? 2 : 1;
    const int usual = field->type == DK_FIELD_APPROVAL_NO ? 24
                      : field->type == DK_FIELD_TEXT      ? 18
                      : field->type == DK_FIELD_URL       ? 30
                      : field->type == DK_FIELD_INTEGER   ? 9
                                                          : 14;
    width += 3;
    return width < usual ? usual : width > 60 ? 60 : width;
}

static dk_status put(xlsx_writer *w, const char *name, const char *text, dk_error *err)
{
    const dk_status status = dk_zip_stream_entry(w->zip, name, err);
    return status != DK_OK ? status : dk_zip_stream_write(w->zip, text, strlen(text), err);
}

static dk_status begin_sheet(xlsx_writer *w, dk_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "xl/worksheets/sheet%zu.xml", ++w->sheets);
    dk_status status = dk_zip_stream_entry(w->zip, name, err);
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_text(&out, XML_HEAD "<worksheet xmlns=\"" MAIN "\"><sheetViews><sheetView workbookViewId=\"0\">"
                               "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>"
                               "</sheetView></sheetViews>");
    if (w->columns->n > 0)
        dk_buf_text(&out, "<cols>");
    for (size_t i = 0; i < w->columns->n; i++)
        dk_buf_format(&out, "<col min=\"%zu\" max=\"%zu\" width=\"%d\" customWidth=\"1\"/>", i + 1, i + 1,
                      width_of(&w->columns->kind->fields[w->columns->field[i]], dk_row_column_head(w->columns, i)));
    if (w->columns->n > 0)
        dk_buf_text(&out, "</cols>");
    dk_buf_text(&out, "<sheetData><row r=\"1\">");
    for (size_t i = 0; i < w->columns->n; i++) {
        const char *head = dk_row_column_head(w->columns, i);
        text_cell(w, i, 1, STYLE_HEAD, head, strlen(head), &out);
    }
    dk_buf_text(&out, "</row>");
    if (status == DK_OK)
        status =
            out.failed ? dk_fail(err, DK_NOMEM, "out of memory") : dk_zip_stream_write(w->zip, out.data, out.size, err);
    dk_buf_finish(&out);
    return status;
}

static dk_status end_sheet(xlsx_writer *w, dk_error *err)
{
    static const char end[] = "</sheetData></worksheet>";
    return dk_zip_stream_write(w->zip, end, sizeof end - 1, err);
}

/* ---- the other parts ---- */

/* A sheet's name has no []:*?/\ and is short (ECMA-376 leaves that to Excel). */
static void put_sheet_name(const xlsx_writer *w, size_t sheet, dk_buf *out)
{
    const char *title = w->columns->kind->title != NULL ? w->columns->kind->title : w->columns->kind->name;
    dk_buf name;
    dk_buf_init(&name);
    size_t units = 0;
    for (const char *at = title; *at != '\0'; at++) {
        const unsigned char c = (unsigned char)*at;
        units += (c & 0xC0) == 0x80 ? 0 : c >= 0xF0 ? 2 : 1;
        if (units > MOST_NAME)
            break;
        dk_buf_byte(&name, strchr("[]:*?/\\'", *at) != NULL ? '_' : c);
    }
    put_text(name.data != NULL ? (const char *)name.data : "", name.size, out);
    out->failed |= name.failed;
    dk_buf_finish(&name);
    if (sheet > 1)
        dk_buf_format(out, " (%zu)", sheet);
}

static dk_status put_rest(xlsx_writer *w, dk_error *err)
{
    dk_status status = DK_OK;
    dk_buf book, relations;
    dk_buf_init(&book);
    dk_buf_init(&relations);
    dk_buf_text(&book, XML_HEAD "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" RELATIONS "\"><sheets>");
    dk_buf_text(&relations, XML_HEAD "<Relationships xmlns=\"" PACKAGE "/relationships\">");
    for (size_t i = 1; i <= w->sheets; i++) {
        dk_buf_text(&book, "<sheet name=\"");
        put_sheet_name(w, i, &book);
        dk_buf_format(&book, "\" sheetId=\"%zu\" r:id=\"rId%zu\"/>", i, i);
        dk_buf_format(
            &relations,
            "<Relationship Id=\"rId%zu\" Type=\"" RELATIONS "/worksheet\" Target=\"worksheets/sheet%zu.xml\"/>", i, i);
    }
    dk_buf_text(&book, "</sheets></workbook>");
    dk_buf_format(&relations,
                  "<Relationship Id=\"rId%zu\" Type=\"" RELATIONS "/styles\" Target=\"styles.xml\"/></Relationships>",
                  w->sheets + 1);
    const char *book_text = dk_buf_cstr(&book), *relations_text = dk_buf_cstr(&relations);
    if (book_text == NULL || relations_text == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = put(w, "xl/workbook.xml", book_text, err);
    if (status == DK_OK)
        status = put(w, "xl/_rels/workbook.xml.rels", relations_text, err);
    dk_buf_finish(&book);
    dk_buf_finish(&relations);
    return status;
}

/* What is not named otherwise is a sheet: how many there will be is not known yet. */
static const char content_types[] =
    XML_HEAD "<Types xmlns=\"" PACKAGE "/content-types\">"
             "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
             "<Default Extension=\"xml\" ContentType=\"" TYPE "worksheet+xml\"/>"
             "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" TYPE "sheet.main+xml\"/>"
             "<Override PartName=\"/xl/styles.xml\" ContentType=\"" TYPE "styles+xml\"/></Types>";
static const char package_relations[] =
    XML_HEAD "<Relationships xmlns=\"" PACKAGE "/relationships\"><Relationship Id=\"rId1\" Type=\"" RELATIONS
             "/officeDocument\" Target=\"xl/workbook.xml\"/>"
             "</Relationships>";
/* 0 numbers, 1 texts (format @), 2 dates, 3 the header. */
static const char styles[] =
    XML_HEAD "<styleSheet xmlns=\"" MAIN "\">"
             "<numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/></numFmts>"
             "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"宋体\"/></font>"
             "<font><b/><sz val=\"11\"/><name val=\"宋体\"/></font></fonts>"
             "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>"
             "<fill><patternFill patternType=\"gray125\"/></fill></fills>"
             "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
             "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>"
             "<cellXfs count=\"4\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>"
             "<xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
             "<xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
             "<xf numFmtId=\"49\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" "
             "applyFont=\"1\"/></cellXfs>"
             "<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>"
             "</styleSheet>";

/* ---- rows ---- */

static dk_status xlsx_row(dk_row_writer *base, const dk_row *row, dk_buf *out, dk_error *err)
{
    xlsx_writer *w = (xlsx_writer *)base;
    (void)err;
    if (out->size == 0 && w->sheets > 0 &&
        (w->rows > MOST_ROWS - DK_ROWS_AT_ONCE || dk_zip_stream_entry_size(w->zip) > MOST_SHEET_BYTES))
        w->row = 1; /* the next sheet is begun when these are sent */
    w->row++;
    dk_buf_format(out, "<row r=\"%lld\">", (long long)w->row);
    for (size_t i = 0; i < w->columns->n; i++) {
        const int field = w->columns->field[i];
        value_cell(w, i, &row->kind->fields[field], &row->values[field], w->row, out);
    }
    dk_buf_text(out, "</row>");
    return DK_OK;
}

static dk_status xlsx_send(dk_row_writer *base, dk_buf *out, bool last, dk_error *err)
{
    xlsx_writer *w = (xlsx_writer *)base;
    dk_status status = DK_OK;
    if (out->failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (w->sheets == 0) {
        status = put(w, "[Content_Types].xml", content_types, err);
        if (status == DK_OK)
            status = put(w, "_rels/.rels", package_relations, err);
        if (status == DK_OK)
            status = put(w, "xl/styles.xml", styles, err);
        if (status == DK_OK)
            status = begin_sheet(w, err);
    } else if (w->row < w->rows) { /* counted anew */
        status = end_sheet(w, err);
        if (status == DK_OK)
            status = begin_sheet(w, err);
    }
    if (status == DK_OK)
        status = dk_zip_stream_write(w->zip, out->data, out->size, err);
    w->rows = w->row;
    dk_buf_clear(out);
    if (status == DK_OK && last)
        status = end_sheet(w, err);
    if (status == DK_OK && last)
        status = put_rest(w, err);
    return status == DK_OK && last ? dk_zip_stream_end(w->zip, err) : status;
}

static void xlsx_free(dk_row_writer *base)
{
    xlsx_writer *w = (xlsx_writer *)base;
    dk_zip_stream_free(w->zip);
    free(w);
}

dk_row_writer *dk_xlsx_writer_create(const dk_row_columns *columns, const dk_sink *sink)
{
    xlsx_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->base = (dk_row_writer){xlsx_row, xlsx_send, xlsx_free};
    w->columns = columns;
    w->rows = w->row = 1; /* the header */
    w->zip = dk_zip_stream_create(sink);
    for (size_t i = 0; i < columns->n; i++) {
        char *at = w->reference[i];
        if (i >= 26)
            *at++ = (char)('A' + i / 26 - 1);
        *at = (char)('A' + i % 26);
    }
    if (w->zip == NULL) {
        free(w);
        return NULL;
    }
    return &w->base;
}
