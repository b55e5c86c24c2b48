/* XLS: [MS-XLS] (BIFF8, Excel 97 to 2003), and BIFF5 of Excel 5 and 95, whose texts are bytes in the system's code
 * page. The workbook stream is read whole and its cells are sorted, as their order is the writer's affair. */
#include "ingest/sheet_internal.h"

#include "ingest/encoding.h"
#include "ingest/ole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    R_FORMULA = 0x06,
    R_EOF = 0x0A,
    R_DATEMODE = 0x22,
    R_FILEPASS = 0x2F,
    R_CONTINUE = 0x3C,
    R_COLINFO = 0x7D,
    R_BOUNDSHEET = 0x85,
    R_MULRK = 0xBD,
    R_RSTRING = 0xD6,
    R_XF = 0xE0,
    R_MERGEDCELLS = 0xE5,
    R_SST = 0xFC,
    R_LABELSST = 0xFD,
    R_NUMBER = 0x203,
    R_LABEL = 0x204,
    R_BOOLERR = 0x205,
    R_STRING = 0x207,
    R_ROW = 0x208,
    R_RK = 0x27E,
    R_FORMAT = 0x41E,
    R_BOF = 0x809
};

typedef struct span {
    size_t start, size; /* in texts */
} span;

typedef struct cell {
    uint32_t row;
    uint16_t column, style;
    dk_cell_type type; /* REAL may still be a date by its style */
    double number;
    span text;
} cell;

typedef struct format_code {
    unsigned id;
    dk_sheet_format format;
} format_code;

typedef struct xls {
    dk_sheet *sheet;
    dk_buf stream, texts;
    bool biff8;
    dk_decoder *decoder; /* of BIFF5's bytes */
    span *strings;
    size_t n_strings, strings_capacity;
    format_code *formats;
    size_t n_formats, formats_capacity;
    dk_sheet_format *styles;
    size_t n_styles, styles_capacity;
    uint32_t *positions; /* of the sheets in the stream */
    size_t n_positions, positions_capacity;
    cell *cells;
    size_t n_cells, cells_capacity, at;
    unsigned char hidden[(UINT16_MAX + 1) / 8]; /* a bit for each row */
} xls;

/* A record, and reading on in those that continue it. */
typedef struct record {
    const unsigned char *stream;
    size_t size, at, end; /* of the stream; where reading is; end of the record */
    unsigned id;
} record;

static unsigned u16(const unsigned char *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8;
}

static uint32_t u32(const unsigned char *at)
{
    return (uint32_t)u16(at) | (uint32_t)u16(at + 2) << 16;
}

static double f64(const unsigned char *at)
{
    const uint64_t bits = (uint64_t)u32(at) | (uint64_t)u32(at + 4) << 32;
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* [MS-XLS] 2.5.217: 30 bits of a double or an integer, perhaps times 100. */
static double rk_number(uint32_t rk)
{
    double number;
    if (rk & 2) {
        number = (double)((int32_t)rk >> 2);
    } else {
        const uint64_t bits = (uint64_t)(rk & 0xFFFFFFFCu) << 32;
        memcpy(&number, &bits, sizeof number);
    }
    return rk & 1 ? number / 100 : number;
}

/* The record at a place of the stream; false: the stream ends. */
static bool record_at(const xls *self, size_t at, record *ret)
{
    if (at > self->stream.size || self->stream.size - at < 4)
        return false;
    const unsigned char *head = self->stream.data + at;
    const size_t size = u16(head + 2);
    if (self->stream.size - at - 4 < size)
        return false;
    *ret = (record){self->stream.data, self->stream.size, at + 4, at + 4 + size, u16(head)};
    return true;
}

static bool continued(record *r)
{
    if (r->size - r->end < 4 || u16(r->stream + r->end) != R_CONTINUE)
        return false;
    const size_t size = u16(r->stream + r->end + 2);
    if (r->size - r->end - 4 < size)
        return false;
    r->at = r->end + 4;
    r->end = r->at + size;
    return true;
}

static size_t left(const record *r)
{
    return r->end - r->at;
}

static bool take(record *r, unsigned char *to, size_t n)
{
    while (n > 0) {
        if (left(r) == 0 && !continued(r))
            return false;
        const size_t here = left(r) < n ? left(r) : n;
        if (to != NULL) {
            memcpy(to, r->stream + r->at, here);
            to += here;
        }
        r->at += here, n -= here;
    }
    return true;
}

static void put_utf8(dk_buf *out, uint32_t c)
{
    if (c < 0x80) {
        dk_buf_byte(out, (unsigned char)c);
    } else if (c < 0x800) {
        dk_buf_byte(out, (unsigned char)(0xC0 | c >> 6));
        dk_buf_byte(out, (unsigned char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        dk_buf_byte(out, (unsigned char)(0xE0 | c >> 12));
        dk_buf_byte(out, (unsigned char)(0x80 | (c >> 6 & 0x3F)));
        dk_buf_byte(out, (unsigned char)(0x80 | (c & 0x3F)));
    } else {
        dk_buf_byte(out, (unsigned char)(0xF0 | c >> 18));
        dk_buf_byte(out, (unsigned char)(0x80 | (c >> 12 & 0x3F)));
        dk_buf_byte(out, (unsigned char)(0x80 | (c >> 6 & 0x3F)));
        dk_buf_byte(out, (unsigned char)(0x80 | (c & 0x3F)));
    }
}

/* Characters of BIFF8, n of them, in one byte (Latin-1) or two (UTF-16) each. Where they go on in a further record,
 * that begins with the width anew. */
static bool take_characters(xls *self, record *r, size_t n, bool wide)
{
    uint32_t high = 0; /* the first half of a pair */
    while (n > 0) {
        if (left(r) == 0) {
            unsigned char flags;
            if (!continued(r) || !take(r, &flags, 1))
                return false;
            wide = flags & 1;
            continue;
        }
        uint32_t c;
        unsigned char bytes[2] = {0};
        if (!take(r, bytes, wide ? 2 : 1))
            return false;
        c = u16(bytes);
        n--;
        if (high != 0 && (c & 0xFC00u) == 0xDC00u) {
            put_utf8(&self->texts, 0x10000 + ((high - 0xD800) << 10) + (c - 0xDC00));
            high = 0;
            continue;
        }
        if (high != 0)
            put_utf8(&self->texts, 0xFFFD);
        high = (c & 0xFC00u) == 0xD800u ? c : 0;
        if (high == 0 && c != 0)
            put_utf8(&self->texts, (c & 0xFC00u) == 0xDC00u ? 0xFFFD : c);
    }
    if (high != 0)
        put_utf8(&self->texts, 0xFFFD);
    return true;
}

/* A text with its length in one or two bytes before it. */
static bool take_text(xls *self, record *r, size_t length_bytes, span *ret)
{
    unsigned char head[2] = {0};
    if (!take(r, head, length_bytes))
        return false;
    const size_t n = u16(head), start = self->texts.size;
    bool good;
    if (!self->biff8) {
        good = left(r) >= n;
        if (good)
            dk_decode(self->decoder, (const char *)r->stream + r->at, n, false, &self->texts, NULL);
        if (good)
            r->at += n;
    } else {
        unsigned char flags = 0, extra[4];
        size_t runs = 0, phonetic = 0;
        good = take(r, &flags, 1);
        if (good && (flags & 8) && (good = take(r, extra, 2)))
            runs = u16(extra);
        if (good && (flags & 4) && (good = take(r, extra, 4)))
            phonetic = u32(extra);
        good = good && take_characters(self, r, n, flags & 1);
        /* formatting and pronunciation behind the text; cut off at the end of the last record they do no harm */
        if (good && runs * 4 + phonetic > 0)
            good = take(r, NULL, runs * 4 + phonetic);
    }
    *ret = (span){start, self->texts.size - start};
    dk_buf_byte(&self->texts, 0);
    return good && !self->texts.failed;
}

/* ---- what holds for all sheets ---- */

static bool read_strings(xls *self, record *r)
{
    unsigned char head[8];
    if (!take(r, head, 8))
        return false;
    const size_t n = u32(head + 4);
    for (size_t i = 0; i < n; i++) {
        span text;
        if (!take_text(self, r, 2, &text) ||
            !dk_grow(&self->strings, &self->strings_capacity, self->n_strings + 1, sizeof *self->strings))
            return false;
        self->strings[self->n_strings++] = text;
    }
    return true;
}

static bool read_format(xls *self, record *r)
{
    unsigned char id[2];
    span code;
    if (!take(r, id, 2) || !take_text(self, r, self->biff8 ? 2 : 1, &code) ||
        !dk_grow(&self->formats, &self->formats_capacity, self->n_formats + 1, sizeof *self->formats))
        return false;
    const char *text = (const char *)self->texts.data + code.start;
    self->formats[self->n_formats++] = (format_code){u16(id), dk_sheet_format_of(u16(id), text)};
    return true;
}

static bool read_style(xls *self, record *r)
{
    unsigned char head[4];
    if (!take(r, head, 4) || !dk_grow(&self->styles, &self->styles_capacity, self->n_styles + 1, sizeof *self->styles))
        return false;
    const unsigned id = u16(head + 2);
    dk_sheet_format format = dk_sheet_format_of(id, NULL);
    for (size_t i = 0; i < self->n_formats; i++)
        if (self->formats[i].id == id)
            format = self->formats[i].format;
    self->styles[self->n_styles++] = format;
    return true;
}

static bool read_bound_sheet(xls *self, record *r, dk_error *err)
{
    unsigned char head[6];
    span name;
    if (!take(r, head, 6) || !take_text(self, r, 1, &name))
        return false;
    if ((head[5] & 0x0F) != 0) /* a chart or macros */
        return true;
    if (!dk_grow(&self->positions, &self->positions_capacity, self->n_positions + 1, sizeof *self->positions) ||
        dk_sheet_add_name(self->sheet, (const char *)self->texts.data + name.start, (head[4] & 3) != 0, err) != DK_OK)
        return false;
    self->positions[self->n_positions++] = u32(head);
    return true;
}

static dk_status damaged(const dk_sheet *sheet, dk_error *err)
{
    return dk_fail(err, DK_INVALID,
                   "%s: the workbook is damaged or cut off; open it in a spreadsheet program and save it "
                   "as XLSX",
                   sheet->path);
}

static dk_status read_globals(xls *self, dk_error *err)
{
    dk_sheet *sheet = self->sheet;
    record r;
    if (!record_at(self, 0, &r) || left(&r) < 4)
        return damaged(sheet, err);
    if (r.id != R_BOF || (u16(r.stream + r.at) != 0x600 && u16(r.stream + r.at) != 0x500))
        return dk_fail(err, DK_INVALID,
                       "%s: a workbook of Excel 4 or older; open it in a spreadsheet program and save it "
                       "as XLSX",
                       sheet->path);
    self->biff8 = u16(r.stream + r.at) == 0x600;
    self->decoder = dk_decoder_create(DK_ENCODING_GB18030); /* Chinese Windows; ASCII is the same everywhere */
    if (self->decoder == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path);
    for (size_t at = r.end; record_at(self, at, &r) && r.id != R_EOF; at = r.end) {
        bool good = true;
        const size_t end = r.end;
        if (r.id == R_FILEPASS)
            return dk_fail(err, DK_INVALID, "%s: the workbook is protected with a password; save it without one",
                           sheet->path);
        if (r.id == R_DATEMODE && left(&r) >= 2)
            sheet->day_zero = r.stream[r.at] != 0 ? DK_SHEET_1904 : 0;
        else if (r.id == R_FORMAT)
            good = read_format(self, &r);
        else if (r.id == R_XF)
            good = read_style(self, &r);
        else if (r.id == R_BOUNDSHEET)
            good = read_bound_sheet(self, &r, err);
        else if (r.id == R_SST)
            good = read_strings(self, &r);
        r.end = end; /* continuations are passed one by one */
        if (!good)
            return self->texts.failed ? dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path) : damaged(sheet, err);
    }
    return DK_OK;
}

/* ---- a sheet ---- */

enum { MAX_COLUMNS = 256 };

/* NULL: there is no such column, or out of memory. */
static cell *add_cell(xls *self, const unsigned char *head, dk_cell_type type)
{
    if (u16(head + 2) >= MAX_COLUMNS ||
        !dk_grow(&self->cells, &self->cells_capacity, self->n_cells + 1, sizeof *self->cells))
        return NULL;
    cell *c = &self->cells[self->n_cells++];
    *c = (cell){.row = u16(head), .column = (uint16_t)u16(head + 2), .style = (uint16_t)u16(head + 4), .type = type};
    return c;
}

static bool add_number(xls *self, const unsigned char *head, double number)
{
    cell *c = add_cell(self, head, DK_CELL_REAL);
    if (c != NULL)
        c->number = number;
    return c != NULL;
}

static bool add_span(xls *self, const unsigned char *head, span text)
{
    cell *c = add_cell(self, head, text.size > 0 ? DK_CELL_TEXT : DK_CELL_EMPTY);
    if (c != NULL)
        c->text = text;
    return c != NULL;
}

static bool add_word(xls *self, const unsigned char *head, const char *word)
{
    const span text = {self->texts.size, strlen(word)};
    dk_buf_append(&self->texts, word, text.size + 1);
    return !self->texts.failed && add_span(self, head, text);
}

/* The errors as Excel shows them, [MS-XLS] 2.5.10. */
static const char *error_word(unsigned code)
{
    switch (code) {
    case 0x00:
        return "#NULL!";
    case 0x07:
        return "#DIV/0!";
    case 0x0F:
        return "#VALUE!";
    case 0x17:
        return "#REF!";
    case 0x1D:
        return "#NAME?";
    case 0x24:
        return "#NUM!";
    default:
        return "#N/A";
    }
}

static bool add_formula(xls *self, record *r)
{
    const unsigned char *at = r->stream + r->at;
    if (left(r) < 14)
        return false;
    if (at[12] != 0xFF || at[13] != 0xFF)
        return add_number(self, at, f64(at + 6));
    if (at[6] == 1)
        return add_word(self, at, at[8] ? "TRUE" : "FALSE");
    if (at[6] == 2)
        return add_word(self, at, error_word(at[8]));
    if (at[6] != 0)
        return true; /* an empty text */
    /* The text stands in a STRING record soon behind it; an array formula's own record may come first. */
    record behind = *r;
    for (size_t n = 0; n < 4 && record_at(self, behind.end, &behind); n++)
        if (behind.id == R_STRING) {
            span text;
            return take_text(self, &behind, 2, &text) && add_span(self, at, text);
        }
    return true;
}

static bool add_merges(xls *self, const record *r)
{
    if (left(r) < 2)
        return false;
    const unsigned char *at = r->stream + r->at;
    const size_t n = u16(at);
    if ((left(r) - 2) / 8 < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const unsigned char *from = at + 2 + 8 * i;
        const dk_sheet_merge merge = {(int64_t)u16(from) + 1, (int64_t)u16(from + 2) + 1, u16(from + 4), u16(from + 6)};
        if (merge.last_row < merge.first_row || merge.last_column < merge.first_column)
            return false;
        if (!dk_sheet_add_merge(self->sheet, &merge))
            return false;
    }
    return true;
}

static bool read_record(xls *self, record *r)
{
    const unsigned char *at = r->stream + r->at;
    const size_t size = left(r);
    switch (r->id) {
    case R_NUMBER:
        return size >= 14 && add_number(self, at, f64(at + 6));
    case R_RK:
        return size >= 10 && add_number(self, at, rk_number(u32(at + 6)));
    case R_MULRK: {
        bool good = size >= 6;
        const unsigned first = good ? u16(at + 2) : 0;
        for (size_t i = 0; good && 4 + 6 * (i + 1) + 2 <= size; i++) {
            const unsigned column = first + (unsigned)i;
            const unsigned char head[6] = {
                at[0], at[1], (unsigned char)column, (unsigned char)(column >> 8), at[4 + 6 * i], at[5 + 6 * i]};
            good = add_number(self, head, rk_number(u32(at + 6 + 6 * i)));
        }
        return good;
    }
    case R_LABELSST: {
        if (size < 10 || u32(at + 6) >= self->n_strings)
            return false;
        return add_span(self, at, self->strings[u32(at + 6)]);
    }
    case R_LABEL:
    case R_RSTRING: {
        span text;
        if (size < 8)
            return false;
        r->at += 6;
        return take_text(self, r, 2, &text) && add_span(self, at, text);
    }
    case R_BOOLERR:
        return size >= 8 && add_word(self, at, at[7] ? error_word(at[6]) : at[6] ? "TRUE" : "FALSE");
    case R_FORMULA:
    case 0x206:
    case 0x406:
        return add_formula(self, r);
    case R_ROW: /* 2.4.221: fDyZero */
        if (size >= 13 && (at[12] & 0x20) != 0)
            self->hidden[u16(at) / 8] |= (unsigned char)(1u << u16(at) % 8);
        return true;
    case R_COLINFO: /* 2.4.53: fHidden */
        return size < 10 || (at[8] & 1) == 0 || dk_sheet_hide_columns(self->sheet, u16(at), u16(at + 2));
    case R_MERGEDCELLS:
        return add_merges(self, r);
    default:
        return true;
    }
}

static int by_place(const void *a, const void *b)
{
    const cell *one = a, *other = b;
    if (one->row != other->row)
        return one->row < other->row ? -1 : 1;
    return one->column < other->column ? -1 : one->column > other->column;
}

static dk_status start(dk_sheet *sheet, size_t index, dk_error *err)
{
    xls *self = sheet->own;
    record r;
    self->at = self->n_cells = 0;
    memset(self->hidden, 0, sizeof self->hidden);
    if (!record_at(self, self->positions[index], &r) || r.id != R_BOF)
        return damaged(sheet, err);
    int depth = 1; /* charts within the sheet have records of their own */
    bool sorted = true;
    while (depth > 0) {
        if (!record_at(self, r.end, &r))
            return damaged(sheet, err);
        const size_t end = r.end;
        depth += (r.id == R_BOF) - (r.id == R_EOF);
        if (depth == 1 && !read_record(self, &r))
            return self->texts.failed ? dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path) : damaged(sheet, err);
        r.end = end;
    }
    for (size_t i = 1; i < self->n_cells && sorted; i++)
        sorted = by_place(&self->cells[i - 1], &self->cells[i]) < 0;
    if (!sorted && self->n_cells > 0)
        qsort(self->cells, self->n_cells, sizeof *self->cells, by_place);
    return DK_OK;
}

static dk_status next(dk_sheet *sheet, dk_error *err)
{
    xls *self = sheet->own;
    if (self->at == self->n_cells)
        return DK_END;
    const uint32_t row = self->cells[self->at].row;
    dk_sheet_begin_row(sheet, (int64_t)row + 1, (self->hidden[row / 8] >> row % 8 & 1) != 0);
    bool added = true;
    for (; self->at < self->n_cells && self->cells[self->at].row == row && added; self->at++) {
        const cell *c = &self->cells[self->at];
        if (c->type == DK_CELL_REAL && c->style < self->n_styles)
            added = dk_sheet_add_number(sheet, c->column, c->number, &self->styles[c->style]);
        else if (c->type == DK_CELL_REAL)
            added = dk_sheet_add_cell(sheet, c->column, c->type, c->number, NULL, 0);
        else if (c->type == DK_CELL_TEXT)
            added = dk_sheet_add_cell(sheet, c->column, c->type, 0, (const char *)self->texts.data + c->text.start,
                                      c->text.size);
    }
    return added ? DK_OK : dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path);
}

static double progress(const dk_sheet *sheet)
{
    const xls *self = sheet->own;
    return self->n_cells > 0 ? (double)self->at / (double)self->n_cells : 1;
}

static void close_xls(dk_sheet *sheet)
{
    xls *self = sheet->own;
    if (self == NULL)
        return;
    dk_buf_finish(&self->stream);
    dk_buf_finish(&self->texts);
    dk_decoder_free(self->decoder);
    free(self->strings);
    free(self->formats);
    free(self->styles);
    free(self->positions);
    free(self->cells);
    free(self);
}

dk_status dk_sheet_open_xls(dk_sheet *sheet, const unsigned char *data, size_t size, dk_error *err)
{
    static const dk_sheet_reader reader = {start, next, progress, close_xls};
    static const char *const streams[] = {"Workbook", "Book", NULL};
    xls *self = calloc(1, sizeof *self);
    if (self == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", sheet->path);
    dk_buf_init(&self->stream);
    dk_buf_init(&self->texts);
    self->sheet = sheet;
    sheet->own = self;
    sheet->reader = &reader;
    if (dk_ole_stream(data, size, streams, &self->stream))
        return read_globals(self, err);
    if (dk_ole_has(data, size, "EncryptedPackage"))
        return dk_fail(err, DK_INVALID, "%s: the workbook is protected with a password; save it without one",
                       sheet->path);
    return damaged(sheet, err);
}
