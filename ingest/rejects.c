#include "ingest/rejects.h"

#include "ingest/new_file.h"
#include "ingest/values.h"
#include "store/text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

struct dk_rejects {
    char *path;
    char *part; /* where it is written until it is whole; NULL: path is a pipe or device, written directly */
    bool held;  /* or when all is known, for what is in a pipe cannot be taken back */
    FILE *file;
    char *header_of; /* path of the source whose columns the last header names */
};

dk_rejects *dk_rejects_create(const char *path)
{
    dk_rejects *rejects = calloc(1, sizeof *rejects);
    if (rejects == NULL)
        return NULL;
    struct stat info;
    const bool direct = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
    rejects->path = strdup(path);
    if (rejects->path == NULL || (!direct && asprintf(&rejects->part, "%s.part", path) < 0)) {
        free(rejects->path);
        free(rejects);
        return NULL;
    }
    return rejects;
}

/* RFC 4180: a cell with a separator, quote or line end stands in quotes, quotes within are doubled. */
static void put(FILE *file, const char *text, size_t size)
{
    if (memchr(text, ',', size) == NULL && memchr(text, '"', size) == NULL && memchr(text, '\n', size) == NULL &&
        memchr(text, '\r', size) == NULL) {
        fwrite(text, 1, size, file);
        return;
    }
    putc('"', file);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"')
            putc('"', file);
        putc(text[i], file);
    }
    putc('"', file);
}

static dk_status failed(const dk_rejects *rejects, dk_error *err)
{
    const int error = errno;
    return dk_fail(err, error == ENOSPC ? DK_FULL : DK_IO,
                   "%s: the rejects file cannot be written: %s; choose another place "
                   "with --rejects FILE",
                   rejects->path, strerror(error));
}

static dk_status begin(dk_rejects *rejects, dk_error *err)
{
    if (rejects->file != NULL)
        return DK_OK;
    /* What a source says is as private as the store. */
    const bool direct = rejects->part == NULL && !rejects->held;
    const int fd = direct ? open(rejects->path, O_WRONLY | O_CLOEXEC) : -1;
    rejects->file = rejects->part != NULL ? dk_new_file(rejects->part, 0600)
                    : rejects->held       ? tmpfile()
                    : fd >= 0             ? fdopen(fd, "wb")
                                          : NULL;
    if (rejects->file == NULL) {
        const dk_status status = failed(rejects, err);
        if (fd >= 0)
            close(fd);
        return status;
    }
    fputs(BYTE_ORDER_MARK, rejects->file);
    return DK_OK;
}

void dk_rejects_hold(dk_rejects *rejects)
{
    rejects->held = rejects->part == NULL;
}

off_t dk_rejects_place(const dk_rejects *rejects)
{
    return rejects->file != NULL ? ftello(rejects->file) : 0;
}

dk_status dk_rejects_undo(dk_rejects *rejects, off_t place, dk_error *err)
{
    if (rejects->file == NULL || dk_rejects_place(rejects) == place)
        return DK_OK;
    const off_t kept = place > 0 ? place : (off_t)strlen(BYTE_ORDER_MARK);
    if (fflush(rejects->file) != 0 || ftruncate(fileno(rejects->file), kept) != 0 ||
        fseeko(rejects->file, kept, SEEK_SET) != 0)
        return failed(rejects, err);
    free(rejects->header_of); /* what comes next names its columns */
    rejects->header_of = place > 0 ? strdup("") : NULL;
    return place > 0 && rejects->header_of == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

dk_status dk_rejects_add_file(dk_rejects *rejects, const char *source, const char *reason, dk_error *err)
{
    const dk_status status = begin(rejects, err);
    if (status != DK_OK)
        return status;
    FILE *file = rejects->file;
    if (rejects->header_of == NULL)
        fputs("source,row,key,reason\r\n", file);
    free(rejects->header_of);
    rejects->header_of = strdup("");
    if (rejects->header_of == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    put(file, source, strlen(source));
    fputs(",,,", file);
    put(file, reason, strlen(reason));
    fputs("\r\n", file);
    return ferror(file) ? failed(rejects, err) : DK_OK;
}

/* A column of the row that the file has: none that was made, and none of a rejects file, which are written anew. */
static bool has_column(const dk_column *columns, size_t n, size_t i)
{
    return !columns[i].made && i >= dk_columns_of_rejects(columns, n);
}

static void put_header(FILE *file, const dk_rejects_source *from, const dk_source_row *row)
{
    const dk_column *columns;
    const size_t n = dk_source_columns(from->source, &columns);
    char unit[DK_UNIT_NAME];
    dk_buf text;
    dk_buf_init(&text);
    fputs("source,row,key,reason", file);
    for (size_t i = 0; i < n; i++) {
        if (!has_column(columns, n, i))
            continue;
        dk_buf_clear(&text);
        dk_buf_text(&text, columns[i].name);
        const char *over = columns[i].unit_over && from->mapping->units[i].dimension == DK_UNIT_NONE
                               ? strrchr(columns[i].name, '(')
                               : NULL;
        if (over != NULL) /* not of this column */
            text.size = (size_t)(over - columns[i].name);
        if (from->mapping->above[i] && dk_unit_name(&from->mapping->units[i], unit))
            dk_buf_format(&text, "(%s)", unit);
        putc(',', file);
        put(file, (const char *)text.data, text.size);
    }
    dk_buf_finish(&text);
    if (row->wkt != NULL) {
        const char *name = dk_source_geometry_column(from->source);
        putc(',', file);
        put(file, name, strlen(name));
    }
    fputs("\r\n", file);
}

/* Whether a cell of a sheet counts days, in a column of days: in a CSV that is no day, and in a workbook one of another
 * system. */
static bool is_counted_day(const dk_rejects_source *from, size_t column, const dk_cell *cell, char ret_date[11])
{
    const dk_column *columns;
    dk_source_columns(from->source, &columns);
    return from->kind->fields[from->mapping->field[column]].type == DK_FIELD_DATE &&
           (columns[column].sheet || dk_source_format(from->source) == DK_FORMAT_SHEET) &&
           dk_date_from_count(cell, ret_date);
}

/* Whether a column holds texts: no field of numbers or dates takes it. */
static bool is_text(const dk_rejects_source *from, size_t column)
{
    const int field = from->mapping->field[column];
    const dk_field_type type = field >= 0 ? from->kind->fields[field].type : DK_FIELD_TEXT;
    return type != DK_FIELD_NUMBER && type != DK_FIELD_INTEGER && type != DK_FIELD_DATE;
}

/* Whether who corrects it in a spreadsheet program would not find there what stands here: 1 instead of 001, the
 * beginning of a number of 18 digits. */
static bool is_mangled(const dk_cell *cell, const dk_buf *text)
{
    const bool as_it_is = cell->type == DK_CELL_REAL && cell->size == 0 &&
                          (text->size <= 11 || cell->real != floor(cell->real)); /* a number all the same */
    return cell->type != DK_CELL_DATE && !as_it_is && text->size > 0 &&
           dk_text_mangled((const char *)text->data, text->size);
}

static void put_cell(FILE *file, const dk_rejects_source *from, size_t column, const dk_cell *cell, dk_buf *text)
{
    const int field = from->mapping->field[column];
    const dk_merged whose =
        field < 0 ? DK_MERGED_OWN
                  : dk_merged_amount(&from->kind->fields[field], cell, from->options->merged, from->options->n_merged);
    char unit[DK_UNIT_NAME], date[11];
    putc(',', file);
    if (whose == DK_MERGED_OTHERS)
        return;
    if (field >= 0 && is_counted_day(from, column, cell, date)) {
        fputs(date, file);
        return;
    }
    dk_cell written = *cell;
    if (cell->type == DK_CELL_REAL && !is_text(from, column))
        written.size = 0; /* the number, and not what the sheet shows before it */
    if (cell->no_day && !is_text(from, column))
        written.size = strlen("2020-06"); /* nor the day, which is not shown */
    dk_buf_clear(text);
    dk_cell_append(&written, text);
    if (cell->unit != NULL && written.size == 0 && (cell->type == DK_CELL_INTEGER || cell->type == DK_CELL_REAL) &&
        dk_unit_name(cell->unit, unit))
        dk_buf_text(text, unit);
    if (is_text(from, column) && is_mangled(&written, text)) {
        fputs("\"=\"\"", file);
        fwrite(text->data, 1, text->size, file);
        fputs("\"\"\"", file);
        return;
    }
    if (whose == DK_MERGED_UNSAID) /* no number, or each of the rows would load with all of it */
        dk_buf_format(text, " (one cell of %lld rows)", (long long)cell->merged_rows);
    if (cell->divided &&
        from->mapping->units[column].num != from->mapping->units[column].den) /* nor one of that unit */
        dk_buf_text(text, " (shown divided)");
    if (text->size > 0)
        put(file, (const char *)text->data, text->size);
}

dk_status dk_rejects_add(dk_rejects *rejects, const dk_rejects_source *from, const dk_source_row *row, const char *key,
                         const char *reason, dk_error *err)
{
    const dk_column *columns;
    const char *path = dk_source_path(from->source);
    const size_t n = dk_source_columns(from->source, &columns);
    const dk_status status = begin(rejects, err);
    if (status != DK_OK)
        return status;
    FILE *file = rejects->file;
    if (rejects->header_of == NULL || strcmp(rejects->header_of, path) != 0) {
        put_header(file, from, row);
        free(rejects->header_of);
        rejects->header_of = strdup(path);
        if (rejects->header_of == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
    }
    dk_buf text;
    dk_buf_init(&text);
    if (dk_columns_of_rejects(columns, n) > 0) { /* again: where it came from stays */
        dk_cell_append(&row->cells[0], &text);
        put(file, (const char *)text.data, text.size);
        dk_buf_clear(&text);
        dk_cell_append(&row->cells[1], &text);
        putc(',', file);
        put(file, (const char *)text.data, text.size);
        putc(',', file);
    } else {
        put(file, path, strlen(path));
        fprintf(file, ",%lld,", (long long)row->number);
    }
    put(file, key, strlen(key));
    putc(',', file);
    put(file, reason, strlen(reason));
    for (size_t i = 0; i < n; i++)
        if (has_column(columns, n, i))
            put_cell(file, from, i, &row->cells[i], &text);
    dk_buf_finish(&text);
    if (row->wkt != NULL) {
        putc(',', file);
        put(file, row->wkt->text, row->wkt->size);
    }
    fputs("\r\n", file);
    return ferror(file) ? failed(rejects, err) : DK_OK;
}

const char *dk_rejects_path(const dk_rejects *rejects)
{
    return rejects->path;
}

/* To the pipe or device. */
static bool hand_over(const dk_rejects *rejects)
{
    char bytes[16384];
    size_t n = 0;
    const int fd = open(rejects->path, O_WRONLY | O_CLOEXEC);
    FILE *to = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (to == NULL) {
        const int error = errno;
        if (fd >= 0)
            close(fd);
        errno = error;
        return false;
    }
    rewind(rejects->file); /* with what is not written yet */
    while ((n = fread(bytes, 1, sizeof bytes, rejects->file)) > 0 && fwrite(bytes, 1, n, to) == n)
        ;
    const bool whole = n == 0 && !ferror(rejects->file);
    return fclose(to) == 0 && whole;
}

dk_status dk_rejects_finish(dk_rejects *rejects, dk_error *err)
{
    if (rejects->file == NULL)
        return DK_OK;
    const bool given = !rejects->held || hand_over(rejects);
    const int error = errno;
    const int failure = fclose(rejects->file);
    rejects->file = NULL;
    if (!given)
        errno = error;
    if (!given || failure != 0 || (rejects->part != NULL && rename(rejects->part, rejects->path) != 0)) {
        const dk_status status = failed(rejects, err);
        if (rejects->part != NULL)
            unlink(rejects->part);
        return status;
    }
    return DK_OK;
}

void dk_rejects_close(dk_rejects *rejects)
{
    if (rejects == NULL)
        return;
    if (rejects->file != NULL) {
        fclose(rejects->file);
        if (rejects->part != NULL)
            unlink(rejects->part);
    }
    free(rejects->header_of);
    free(rejects->part);
    free(rejects->path);
    free(rejects);
}

char *dk_rejects_default_path(const char *store, const char *title)
{
    static const char ending[] = ".rejects.csv";
    const char *slash = strrchr(store, '/');
    const size_t folder = slash ? (size_t)(slash - store) + 1 : 0;
    size_t name = strlen(title);
    if (name > 200) { /* file names hold 255 bytes; cut at a character */
        name = 200;
        while (name > 0 && ((unsigned char)title[name] & 0xC0) == 0x80)
            name--;
    }
    char *path = malloc(folder + name + sizeof ending);
    if (path == NULL)
        return NULL;
    memcpy(path, store, folder);
    for (size_t i = 0; i < name; i++)
        path[folder + i] = title[i] == '/' || (unsigned char)title[i] < 0x20 ? '_' : title[i];
    if (name > 0 && path[folder] == '.')
        path[folder] = '_';
    memcpy(path + folder + name, ending, sizeof ending);
    return path;
}
