#include "ingest/dbf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned u16(const unsigned char *data)
{
    return (unsigned)data[0] | (unsigned)data[1] << 8;
}

static uint32_t u32(const unsigned char *data)
{
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

dk_status dk_dbf_parse(const unsigned char *data, size_t size, const char *path, dk_dbf *ret_dbf, dk_error *err)
{
    if (size < 33)
        return dk_fail(err, DK_INVALID,
                       "%s: the attribute table is cut off inside its header (%zu bytes); copy the file again", path,
                       size);
    dk_dbf dbf = {
        .n_records = u32(data + 4), .header_size = u16(data + 8), .record_size = u16(data + 10), .language = data[29]};
    if (dbf.header_size < 33 || dbf.record_size < 1)
        return dk_fail(err, DK_INVALID,
                       "%s: not a dBASE table: its header says %zu bytes of header and %zu a record; copy it again",
                       path, dbf.header_size, dbf.record_size);
    if (dbf.header_size > size)
        return dk_fail(err, DK_INVALID,
                       "%s: the attribute table is cut off inside its header (%zu of %zu bytes); copy the file again",
                       path, size, dbf.header_size);
    const size_t room = (dbf.header_size - 33) / 32;
    dbf.fields = calloc(room > 0 ? room : 1, sizeof *dbf.fields);
    if (dbf.fields == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    size_t offset = 1; /* the deletion mark */
    for (size_t i = 0; i < room && i < DK_DBF_MAX_FIELDS; i++) {
        const unsigned char *from = data + 32 + i * 32;
        if (from[0] == 0x0D)
            break;
        dk_dbf_field *field = &dbf.fields[dbf.n_fields];
        memcpy(field->raw_name, from, 11);
        field->type = (char)from[11];
        /* C fields over 255 bytes keep the upper byte where others keep the decimals. */
        field->width = field->type == 'C' ? (unsigned)from[16] | (unsigned)from[17] << 8 : from[16];
        if (field->type == 'C' && offset + field->width > dbf.record_size)
            field->width = from[16];
        field->offset = offset;
        offset += field->width;
        if (offset > dbf.record_size) {
            free(dbf.fields);
            return dk_fail(err, DK_INVALID,
                           "%s: field %zu ends behind the end of a record of %zu bytes; export the layer again", path,
                           i + 1, dbf.record_size);
        }
        dbf.n_fields++;
    }
    *ret_dbf = dbf;
    return DK_OK;
}

void dk_dbf_finish(dk_dbf *dbf)
{
    free(dbf->fields);
    *dbf = (dk_dbf){0};
}

static void scan_text(const unsigned char *text, size_t size, bool full, dk_dbf_scan *scan)
{
    dk_utf8_check_add(&scan->check, text, size);
    if (full)
        scan->check.need = 0;
    dk_utf8_check_break(&scan->check);
}

void dk_dbf_scan_names(const dk_dbf *dbf, dk_dbf_scan *scan)
{
    for (size_t i = 0; i < dbf->n_fields; i++) {
        const char *name = dbf->fields[i].raw_name;
        const size_t size = strnlen(name, 11);
        scan_text((const unsigned char *)name, size, size >= 10, scan);
    }
}

void dk_dbf_scan_record(const dk_dbf *dbf, const unsigned char *record, dk_dbf_scan *scan)
{
    for (size_t i = 0; i < dbf->n_fields; i++) {
        const dk_dbf_field *field = &dbf->fields[i];
        if (field->type != 'C' || field->binary)
            continue;
        const unsigned char *text = record + field->offset;
        size_t size = field->width;
        const bool full = size > 0 && text[size - 1] != ' ' && text[size - 1] != 0;
        const unsigned char *nul = memchr(text, 0, size); /* some writers pad with NUL, and leave rubbish behind it */
        if (nul != NULL)
            size = (size_t)(nul - text);
        scan_text(text, size, full && nul == NULL, scan);
    }
}

static bool is_padding(unsigned char byte)
{
    return byte == ' ' || byte == 0 || byte == '\t';
}

static size_t digits(const unsigned char *text, size_t size, size_t at)
{
    size_t n = 0;
    while (at + n < size && text[at + n] >= '0' && text[at + n] <= '9')
        n++;
    return n;
}

dk_dbf_number dk_dbf_number_read(const unsigned char *field, size_t width, const unsigned char **ret_text,
                                 size_t *ret_size)
{
    while (width > 0 && *field != 0 && is_padding(*field))
        field++, width--;
    const unsigned char *nul = width > 0 ? memchr(field, 0, width) : NULL; /* with rubbish behind it, at times */
    size_t size = nul != NULL ? (size_t)(nul - field) : width;
    while (size > 0 && is_padding(field[size - 1]))
        size--;
    *ret_text = field;
    *ret_size = size;
    if (size == 0)
        return DK_DBF_NONE;
    size_t at = 0;
    while (at < size && field[at] == '*')
        at++;
    if (at == size)
        return DK_DBF_ASTERISKS;
    at = field[0] == '+' || field[0] == '-';
    const size_t whole = digits(field, size, at);
    at += whole;
    if (at == size && whole > 0)
        return DK_DBF_WHOLE;
    size_t decimals = 0;
    if (at < size && field[at] == '.') {
        decimals = digits(field, size, at + 1);
        at += 1 + decimals;
    }
    if (whole + decimals == 0)
        return DK_DBF_NO_NUMBER;
    if (at < size && (field[at] == 'e' || field[at] == 'E')) {
        at++;
        at += at < size && (field[at] == '+' || field[at] == '-');
        const size_t exponent = digits(field, size, at);
        if (exponent == 0)
            return DK_DBF_NO_NUMBER;
        at += exponent;
    }
    return at == size ? DK_DBF_DECIMAL : DK_DBF_NO_NUMBER;
}

const char *dk_dbf_unread(const dk_dbf_field *field, const unsigned char *data)
{
    size_t i = 0;
    if (strchr("CNFDL", field->type) != NULL)
        return NULL;
    /* Of ten digits it is a block of the file of memos, also in a B of dBASE; Visual FoxPro writes four bytes. */
    const bool memo = strchr("MGPW", field->type) != NULL || (field->type == 'B' && field->width == 10);
    while (memo && i < field->width && (is_padding(data[i]) || data[i] == '0'))
        i++;
    if (memo && i == field->width)
        return NULL;
    return memo ? "a memo, whose text stands in another file (DBT, FPT) and is not read; save the table as XLSX or CSV"
                : "its column is of a type of Visual FoxPro or dBASE 7, which is not read; save the table as XLSX or "
                  "CSV";
}

bool dk_dbf_text_goes_on(const unsigned char *field, size_t width)
{
    const unsigned char *nul = width > 0 ? memchr(field, 0, width) : NULL;
    if (nul == NULL)
        return false;
    for (const unsigned char *at = nul; at < field + width; at++)
        if (!is_padding(*at))
            return true;
    return false;
}

/* So much of it is no UTF-8 that what follows need not be read. */
static bool is_decided(const dk_dbf_scan *scan)
{
    return scan->check.wrong > 1000 && scan->check.wrong > scan->check.wide;
}

/* Whether a record stands there: not deleted, and not mere padding. data: room for one. */
static bool is_record(FILE *file, uint64_t at, unsigned char *data, size_t size)
{
    if (fseeko(file, (off_t)at, SEEK_SET) != 0 || fread(data, 1, size, file) != size || data[0] != ' ')
        return false;
    for (size_t i = 1; i < size; i++)
        if (data[i] < ' ')
            return false;
        else if (data[i] > ' ')
            return true;
    return false;
}

dk_status dk_dbf_examine(const char *path, const bool *binary, size_t n_binary, dk_dbf *ret_dbf,
                         dk_encoding *ret_encoding, dk_error *err)
{
    dk_status status = DK_OK;
    dk_dbf dbf = {0};
    unsigned char *data = NULL;
    dk_dbf_scan scan = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    struct stat info;
    if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
        status = dk_fail(err, DK_INVALID, "%s: not a regular file", path);
        goto out;
    }
    data = malloc(65536);
    if (data == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        goto out;
    }
    const size_t got = fread(data, 1, 65536, file);
    status = dk_dbf_parse(data, got, path, &dbf, err);
    if (status != DK_OK)
        goto out;
    for (size_t i = 0; i < dbf.n_fields && n_binary == dbf.n_fields; i++)
        dbf.fields[i].binary = binary[i];
    const uint64_t whole = (uint64_t)dbf.header_size + (uint64_t)dbf.n_records * dbf.record_size;
    if ((uint64_t)info.st_size < whole) {
        status = dk_fail(err, DK_INVALID,
                         "%s: the attribute table is cut off: its header announces %u records in %llu bytes, the file "
                         "has %llu; copy it again, with the files of the same name beside it",
                         path, dbf.n_records, (unsigned long long)whole, (unsigned long long)info.st_size);
        goto out;
    }
    if ((uint64_t)info.st_size >= whole + dbf.record_size && is_record(file, whole, data, dbf.record_size)) {
        status = dk_fail(
            err, DK_INVALID,
            "%s: its header announces %u records, and more follow behind them; open the table and save it again, "
            "or copy it again with the files of the same name beside it",
            path, dbf.n_records);
        goto out;
    }
    dk_dbf_scan_names(&dbf, &scan);
    if (fseek(file, (long)dbf.header_size, SEEK_SET) != 0) {
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
        goto out;
    }
    for (uint32_t i = 0; i < dbf.n_records && !is_decided(&scan); i++) {
        if (fread(data, 1, dbf.record_size, file) != dbf.record_size) {
            status = dk_fail(err, DK_IO, "%s: record %u cannot be read: %s", path, i + 1,
                             ferror(file) ? strerror(errno) : "the file ends");
            goto out;
        }
        if (data[0] != '*') /* deleted records hold leftovers */
            dk_dbf_scan_record(&dbf, data, &scan);
    }
    *ret_encoding = dk_utf8_check_meant(&scan.check) ? DK_ENCODING_UTF8 : DK_ENCODING_GB18030;
    dbf.either = dk_utf8_check_either(&scan.check);
    *ret_dbf = dbf;
    dbf.fields = NULL;
out:
    free(dbf.fields);
    free(data);
    fclose(file);
    return status;
}

struct dk_dbf_rows {
    FILE *file;
    const dk_dbf *dbf;
    uint64_t next; /* the record at which the file stands */
    unsigned char *data;
};

dk_status dk_dbf_rows_open(const char *path, const dk_dbf *dbf, dk_dbf_rows **ret_rows, dk_error *err)
{
    dk_dbf_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL || (rows->data = malloc(dbf->record_size)) == NULL) {
        dk_dbf_rows_close(rows);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    rows->dbf = dbf;
    rows->next = UINT64_MAX;
    rows->file = fopen(path, "rb");
    if (rows->file == NULL) {
        dk_dbf_rows_close(rows);
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    setvbuf(rows->file, NULL, _IOFBF, 65536);
    *ret_rows = rows;
    return DK_OK;
}

void dk_dbf_rows_close(dk_dbf_rows *rows)
{
    if (rows == NULL)
        return;
    if (rows->file != NULL)
        fclose(rows->file);
    free(rows->data);
    free(rows);
}

const unsigned char *dk_dbf_rows_at(dk_dbf_rows *rows, uint32_t record)
{
    const dk_dbf *dbf = rows->dbf;
    if (rows->next != record &&
        fseeko(rows->file, (off_t)(dbf->header_size + (uint64_t)record * dbf->record_size), SEEK_SET) != 0)
        return NULL;
    rows->next = (uint64_t)record + 1;
    if (fread(rows->data, 1, dbf->record_size, rows->file) == dbf->record_size)
        return rows->data;
    rows->next = UINT64_MAX;
    return NULL;
}
