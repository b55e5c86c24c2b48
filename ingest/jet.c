#include "ingest/jet.h"

#include "ingest/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE DK_JET_PAGE
#define CATALOGUE 2 /* the page that defines MSysObjects */
#define OFFSET 0x1FFF
#define MOVED 0x4000   /* of a row's place: its bytes lie elsewhere, four bytes say where */
#define DELETED 0x8000 /* or, where a moved row lies, only reached from there */
#define HOPS 8
#define BITS ((PAGE - 4) * 8) /* of a page of a usage map */
#define MEND "open it in Access and choose Compact and Repair, or copy it again"

enum { PAGE_DATA = 1, PAGE_DEFINITION = 2, PAGE_MAP = 5 };

typedef struct entry {
    char *name;
    uint32_t page; /* of its definition */
} entry;

struct dk_jet {
    char *path;
    int fd;                    /* -1: in memory */
    const unsigned char *data; /* in memory */
    uint64_t size;
    uint32_t n_pages;
    entry *entries;
    size_t n_entries, entries_capacity;
    const char **names;
};

struct dk_jet_table {
    dk_jet *jet;
    char *name;
    uint32_t page;
    dk_jet_column *columns;
    size_t n_columns;
    unsigned n_variable;
    uint32_t n_rows;

    dk_buf map;                    /* the pages that it owns */
    uint32_t at;                   /* the next bit of it */
    unsigned char map_page[PAGE];  /* of bits, where the map has them there */
    uint32_t map_page_index;       /* which; from 1 */
    unsigned char rows_page[PAGE]; /* at hand */
    unsigned row, n_page_rows;
    unsigned char other[PAGE], long_page[PAGE];
    uint32_t long_page_number; /* that long_page is; 0: none */

    int64_t n_read;
    uint64_t long_bytes; /* of long values so far */
    dk_jet_value *values;
    size_t *places; /* of each value in arena; SIZE_MAX: it points elsewhere */
    dk_buf arena, scratch;
};

static unsigned u16(const unsigned char *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8;
}

static uint32_t u32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t u64(const unsigned char *at)
{
    return (uint64_t)u32(at) | (uint64_t)u32(at + 4) << 32;
}

static dk_status nomem(const dk_jet *jet, dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "%s: out of memory", jet->path);
}

static dk_status damaged(const dk_jet_table *table, const char *what, dk_error *err)
{
    return dk_fail(err, DK_INVALID, "%s: the table %s is damaged (%s); " MEND, table->jet->path, table->name, what);
}

/* ---- pages ---- */

static bool read_page(const dk_jet *jet, uint32_t number, unsigned char *to)
{
    if (number >= jet->n_pages)
        return false;
    const uint64_t from = (uint64_t)number * PAGE;
    if (jet->fd < 0) {
        memcpy(to, jet->data + from, PAGE);
        return true;
    }
    for (size_t done = 0; done < PAGE;) {
        const ssize_t n = pread(jet->fd, to + done, PAGE - done, (off_t)(from + done));
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Rows stand from the end of a page to its front. */
static bool find_row(const unsigned char *page, unsigned row, unsigned *ret_flags, const unsigned char **ret_data,
                     size_t *ret_size)
{
    const unsigned n = u16(page + 12);
    if (page[0] != PAGE_DATA || row >= n || 14 + 2 * n > PAGE)
        return false;
    const unsigned place = u16(page + 14 + 2 * row), from = place & OFFSET;
    const unsigned end = row == 0 ? PAGE : u16(page + 12 + 2 * row) & OFFSET;
    if (from < 14 + 2 * n || from > end || end > PAGE)
        return false;
    *ret_flags = place & ~(unsigned)OFFSET;
    *ret_data = page + from;
    *ret_size = end - from;
    return true;
}

/* place: the page in the upper three bytes, the row in the lowest. */
static bool find_place(const dk_jet *jet, uint32_t place, unsigned char *page, unsigned *ret_flags,
                       const unsigned char **ret_data, size_t *ret_size)
{
    return read_page(jet, place >> 8, page) && find_row(page, place & 0xFF, ret_flags, ret_data, ret_size);
}

/* ---- texts ---- */

static void add_character(uint32_t c, dk_buf *out)
{
    unsigned char bytes[4];
    size_t n = 1;
    if (c < 0x80) {
        bytes[0] = (unsigned char)c;
    } else if (c < 0x800) {
        bytes[0] = (unsigned char)(0xC0 | c >> 6);
        bytes[1] = (unsigned char)(0x80 | (c & 0x3F));
        n = 2;
    } else if (c < 0x10000) {
        bytes[0] = (unsigned char)(0xE0 | c >> 12);
        bytes[1] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        bytes[2] = (unsigned char)(0x80 | (c & 0x3F));
        n = 3;
    } else {
        bytes[0] = (unsigned char)(0xF0 | c >> 18);
        bytes[1] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
        bytes[2] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        bytes[3] = (unsigned char)(0x80 | (c & 0x3F));
        n = 4;
    }
    dk_buf_append(out, bytes, n);
}

/* UTF-16, or behind FF FE pieces of one byte a character and of UTF-16 in turn, with a NUL byte between them. false:
 * half a character, or a NUL that is not among those at the end with which Visual Basic fills texts. */
static bool decode(const unsigned char *data, size_t size, dk_buf *out)
{
    bool single = size >= 2 && data[0] == 0xFF && data[1] == 0xFE;
    const bool pieces = single;
    uint32_t high = 0;
    for (size_t at = pieces ? 2 : 0; at < size;) {
        if (pieces && data[at] == 0) {
            single = !single;
            at++;
            continue;
        }
        if (!single && at + 2 > size)
            return false;
        const uint32_t unit = single ? data[at] : u16(data + at);
        at += single ? 1 : 2;
        const bool is_low = unit >= 0xDC00 && unit < 0xE000;
        if (unit == 0 && !pieces) {
            while (at < size && data[at] == 0)
                at++;
            return at == size && high == 0;
        }
        if (unit == 0 || is_low != (high != 0))
            return false;
        if (unit >= 0xD800 && unit < 0xDC00) {
            high = unit;
        } else {
            add_character(is_low ? 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00) : unit, out);
            high = 0;
        }
    }
    return high == 0;
}

/* ---- definitions ---- */

/* All pages of a definition, without their heads: so what the description has at place n lies at n - 8. */
static dk_status read_definition(dk_jet_table *table, dk_buf *out, dk_error *err)
{
    unsigned char page[PAGE];
    uint32_t next = table->page;
    do {
        if (!read_page(table->jet, next, page) || page[0] != PAGE_DEFINITION || out->size > DK_JET_MAX_DEFINITION)
            return damaged(table, "its definition is not there", err);
        dk_buf_append(out, page + 8, PAGE - 8);
        next = u32(page + 4);
    } while (next != 0);
    return out->failed ? nomem(table->jet, err) : DK_OK;
}

static dk_status read_columns(dk_jet_table *table, const dk_buf *definition, dk_error *err)
{
    const unsigned char *data = definition->data;
    const uint64_t n = u16(data + 45 - 8), n_indexes = u32(data + 51 - 8);
    uint64_t at = 63 - 8 + 12 * n_indexes;
    table->n_rows = u32(data + 16 - 8);
    table->n_variable = u16(data + 43 - 8);
    if (n == 0 || n > DK_JET_MAX_COLUMNS || at + 25 * n > definition->size)
        return damaged(table, "its definition has no columns", err);
    table->columns = calloc(n, sizeof *table->columns);
    table->values = calloc(n, sizeof *table->values);
    table->places = calloc(n, sizeof *table->places);
    if (table->columns == NULL || table->values == NULL || table->places == NULL)
        return nomem(table->jet, err);
    for (size_t i = 0; i < n; i++, at += 25) {
        const unsigned char *from = data + at;
        table->columns[i] = (dk_jet_column){.type = from[0],
                                            .wanted = true,
                                            .number = u16(from + 5),
                                            .variable = u16(from + 7),
                                            .flags = from[15],
                                            .scale = from[12],
                                            .offset = u16(from + 21),
                                            .size = u16(from + 23)};
    }
    for (size_t i = 0; i < n; i++) {
        const size_t size = at + 2 <= definition->size ? u16(data + at) : 0;
        if (size == 0 || at + 2 + size > definition->size)
            return damaged(table, "a column has no name", err);
        dk_buf_clear(&table->scratch);
        if (!decode(data + at + 2, size, &table->scratch))
            return damaged(table, "the name of a column is no text", err);
        const char *name = dk_buf_cstr(&table->scratch);
        table->columns[i].name = name != NULL ? strdup(name) : NULL;
        if (table->columns[i].name == NULL)
            return nomem(table->jet, err);
        table->n_columns++;
        at += 2 + size;
    }
    return DK_OK;
}

static dk_status open_table(dk_jet *jet, const char *name, uint32_t page, dk_jet_table **ret_table, dk_error *err)
{
    dk_buf definition;
    const unsigned char *map;
    size_t size;
    unsigned flags;
    dk_jet_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return nomem(jet, err);
    dk_buf_init(&definition);
    dk_buf_init(&table->map);
    dk_buf_init(&table->arena);
    dk_buf_init(&table->scratch);
    table->jet = jet;
    table->page = page;
    table->name = strdup(name);
    dk_status status = table->name == NULL ? nomem(jet, err) : read_definition(table, &definition, err);
    if (status == DK_OK)
        status = read_columns(table, &definition, err);
    if (status == DK_OK &&
        (!find_place(jet, u32(definition.data + 55 - 8), table->other, &flags, &map, &size) || size < 5))
        status = damaged(table, "the map of its pages is not there", err);
    if (status == DK_OK) {
        dk_buf_append(&table->map, map, size);
        if (table->map.failed)
            status = nomem(jet, err);
    }
    dk_buf_finish(&definition);
    if (status != DK_OK)
        dk_jet_table_close(table);
    else
        *ret_table = table;
    return status;
}

void dk_jet_table_close(dk_jet_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->n_columns; i++)
        free((void *)(uintptr_t)table->columns[i].name);
    free(table->columns);
    free(table->values);
    free(table->places);
    dk_buf_finish(&table->map);
    dk_buf_finish(&table->arena);
    dk_buf_finish(&table->scratch);
    free(table->name);
    free(table);
}

size_t dk_jet_columns(dk_jet_table *table, dk_jet_column **ret_columns)
{
    *ret_columns = table->columns;
    return table->n_columns;
}

int dk_jet_column_of(const dk_jet_table *table, const char *name)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (strcasecmp(table->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

int64_t dk_jet_rows(const dk_jet_table *table)
{
    return table->n_rows;
}

/* ---- rows ---- */

/* The next page of the table's own into rows_page. Each is met at most once, as a map has one bit for a page. */
static dk_status next_page(dk_jet_table *table, dk_error *err)
{
    const unsigned char *map = table->map.data;
    const size_t size = table->map.size;
    const bool wide = map[0] == 1;
    if (map[0] > 1)
        return damaged(table, "the map of its pages is of no known kind", err);
    const uint32_t end = wide ? (uint32_t)((size - 1) / 4 * BITS) : (uint32_t)((size - 5) * 8);
    while (table->at < end) {
        const uint32_t bit = table->at++;
        const unsigned char *bits = map + 5;
        uint32_t in = bit;
        if (wide) {
            const uint32_t index = bit / BITS, page = u32(map + 1 + 4 * index);
            if (page == 0) {
                table->at = (index + 1) * BITS;
                continue;
            }
            if (table->map_page_index != index + 1) {
                if (!read_page(table->jet, page, table->map_page) || table->map_page[0] != PAGE_MAP)
                    return damaged(table, "a part of the map of its pages is not there", err);
                table->map_page_index = index + 1;
            }
            bits = table->map_page + 4;
            in = bit % BITS;
        }
        if ((bits[in / 8] >> in % 8 & 1) == 0)
            continue;
        const uint64_t number = wide ? bit : (uint64_t)u32(map + 1) + bit;
        /* What is no page of its rows, or cut off, the count tells. */
        if (number >= table->jet->n_pages || !read_page(table->jet, (uint32_t)number, table->rows_page))
            continue;
        if (table->rows_page[0] != PAGE_DATA || u32(table->rows_page + 4) != table->page)
            continue;
        table->row = 0;
        table->n_page_rows = u16(table->rows_page + 12);
        return DK_OK;
    }
    return DK_END;
}

static unsigned fixed_size(const dk_jet_column *column)
{
    switch (column->type) {
    case DK_JET_BYTE:
        return 1;
    case DK_JET_INT:
        return 2;
    case DK_JET_LONG:
    case DK_JET_SINGLE:
        return 4;
    case DK_JET_MONEY:
    case DK_JET_DOUBLE:
    case DK_JET_DATE:
        return 8;
    case DK_JET_GUID:
        return 16;
    case DK_JET_NUMERIC:
        return 17;
    case DK_JET_TEXT: /* CHAR of SQL: blanks fill it up */
    case DK_JET_BINARY:
        return column->size;
    default:
        return 0;
    }
}

/* As find_place; values that follow each other stand in one page. */
static bool find_long(dk_jet_table *table, uint32_t place, const unsigned char **ret_data, size_t *ret_size)
{
    const uint32_t number = place >> 8;
    unsigned flags;
    if (number == 0 || number != table->long_page_number) {
        table->long_page_number = 0;
        if (!read_page(table->jet, number, table->long_page))
            return false;
        table->long_page_number = number;
    }
    return find_row(table->long_page, place & 0xFF, &flags, ret_data, ret_size) && (flags & DELETED) == 0;
}

/* Appends the bytes of a memo or OLE value, whose head stands in the row. */
static bool read_long(dk_jet_table *table, const unsigned char *head, size_t size, dk_buf *out)
{
    const unsigned char *part;
    size_t n;
    if (size < 12)
        return false;
    const uint32_t bits = u32(head);
    const size_t wanted = bits & 0x3FFFFFFF;
    uint32_t place = u32(head + 4);
    /* Each value has bytes of its own, so all of them cannot be more than the file. */
    table->long_bytes += wanted;
    if (wanted > DK_JET_MAX_VALUE || wanted > table->jet->size || table->long_bytes > 2 * table->jet->size)
        return false;
    if (bits & 0x80000000) {
        if (size - 12 < wanted)
            return false;
        dk_buf_append(out, head + 12, wanted);
        return true;
    }
    if (bits & 0x40000000) {
        if (!find_long(table, place, &part, &n) || n < wanted)
            return false;
        dk_buf_append(out, part, wanted);
        return true;
    }
    for (size_t done = 0; done < wanted;) {
        if (!find_long(table, place, &part, &n) || n <= 4 || n - 4 > wanted - done)
            return false;
        dk_buf_append(out, part + 4, n - 4);
        done += n - 4;
        place = u32(part);
        if ((place == 0) != (done == wanted))
            return false;
    }
    return true;
}

static void set_value(dk_jet_table *table, size_t i, const unsigned char *data, size_t size)
{
    const dk_jet_column *column = &table->columns[i];
    dk_jet_value *value = &table->values[i];
    const size_t at = table->arena.size;
    bool good = true;
    *value = (dk_jet_value){.data = data, .size = size};
    const bool is_long = column->type == DK_JET_MEMO || column->type == DK_JET_OLE;
    if (column->type != DK_JET_TEXT && !is_long) {
        good = column->type == DK_JET_BINARY || size >= fixed_size(column);
    } else if (column->type == DK_JET_MEMO) {
        dk_buf_clear(&table->scratch);
        good = read_long(table, data, size, &table->scratch) &&
               decode(table->scratch.data, table->scratch.size, &table->arena);
        table->arena.failed = table->arena.failed || table->scratch.failed;
    } else if (is_long) {
        good = read_long(table, data, size, &table->arena);
    } else {
        good = decode(data, size, &table->arena);
    }
    if (column->type == DK_JET_TEXT || is_long) {
        table->places[i] = at;
        value->size = table->arena.size - at;
        dk_buf_byte(&table->arena, 0);
    }
    if (!good)
        *value = (dk_jet_value){.null = true, .bad = true};
}

/* false: its parts do not fit together. */
static bool crack(dk_jet_table *table, const unsigned char *row, size_t size)
{
    static const unsigned char truth[2] = {0, 1};
    if (size < 2)
        return false;
    const size_t n = u16(row), mask_size = (n + 7) / 8;
    if (size < 2 + mask_size)
        return false;
    const unsigned char *mask = row + size - mask_size;
    size_t n_variable = 0, fixed_end = size - mask_size; /* where fixed values end at the latest */
    const unsigned char *offsets = NULL;                 /* of the first; those of the others stand before it */
    if (table->n_variable > 0) {
        if (size < 2 + mask_size + 4)
            return false;
        n_variable = u16(mask - 2);
        if (size < 2 + mask_size + 4 + 2 * n_variable)
            return false;
        offsets = mask - 4;
        fixed_end = u16(offsets);
        for (size_t i = 0; i < n_variable; i++)
            if (u16(offsets - 2 * i) > u16(offsets - 2 * (i + 1)))
                return false;
        if (u16(offsets - 2 * n_variable) > size - mask_size - 4 - 2 * n_variable)
            return false;
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        const dk_jet_column *column = &table->columns[i];
        const bool there = column->number < n && (mask[column->number / 8] >> column->number % 8 & 1) != 0;
        if (column->type == DK_JET_BOOL) {
            table->values[i] = (dk_jet_value){.data = &truth[there], .size = 1};
        } else if (!there || !column->wanted) {
            continue;
        } else if (column->flags & 1) {
            const size_t from = 2 + (size_t)column->offset, width = fixed_size(column);
            if (from + width > fixed_end)
                return false;
            set_value(table, i, row + from, width);
        } else if (column->variable < n_variable) {
            const unsigned char *at = offsets - 2 * (size_t)column->variable;
            set_value(table, i, row + u16(at), u16(at - 2) - u16(at));
        }
    }
    return true;
}

/* Where the bytes of a row lie that has moved, into other. */
static bool follow(dk_jet_table *table, unsigned flags, const unsigned char **io_data, size_t *io_size)
{
    for (int hops = 0; (flags & MOVED) != 0; hops++) {
        if (hops == HOPS || *io_size < 4)
            return false;
        if (!find_place(table->jet, u32(*io_data), table->other, &flags, io_data, io_size))
            return false;
    }
    return true;
}

dk_status dk_jet_next(dk_jet_table *table, const dk_jet_value **ret_values, bool *ret_bad, dk_error *err)
{
    const unsigned char *row;
    size_t size;
    unsigned flags;
    for (;;) {
        while (table->row >= table->n_page_rows) {
            const dk_status status = next_page(table, err);
            if (status == DK_END && table->n_read != table->n_rows)
                return dk_fail(
                    err, DK_INVALID,
                    "%s: the table %s counts %u rows, and %lld are there; the file is cut off, damaged or was "
                    "not closed: " MEND,
                    table->jet->path, table->name, table->n_rows, (long long)table->n_read);
            if (status != DK_OK)
                return status;
        }
        if (!find_row(table->rows_page, table->row, &flags, &row, &size))
            return damaged(table, "a page of its rows does not fit together", err);
        table->row++;
        if ((flags & DELETED) == 0)
            break;
    }
    table->n_read++;
    dk_buf_clear(&table->arena);
    for (size_t i = 0; i < table->n_columns; i++) {
        table->values[i] = (dk_jet_value){.null = true};
        table->places[i] = SIZE_MAX;
    }
    const bool good = follow(table, flags, &row, &size) && crack(table, row, size);
    if (table->arena.failed)
        return nomem(table->jet, err);
    for (size_t i = 0; i < table->n_columns; i++)
        if (!good)
            table->values[i] = (dk_jet_value){.null = true};
        else if (table->places[i] != SIZE_MAX && !table->values[i].null)
            table->values[i].data = table->arena.data + table->places[i];
    *ret_values = table->values;
    *ret_bad = !good;
    return DK_OK;
}

/* ---- the catalogue ---- */

static dk_status read_catalogue(dk_jet *jet, dk_error *err)
{
    dk_jet_table *table = NULL;
    dk_jet_column *columns;
    const dk_jet_value *values;
    bool bad;
    dk_status status = open_table(jet, "MSysObjects", CATALOGUE, &table, err);
    if (status != DK_OK)
        return status;
    const size_t n = dk_jet_columns(table, &columns);
    const int id = dk_jet_column_of(table, "Id"), name = dk_jet_column_of(table, "Name"),
              type = dk_jet_column_of(table, "Type");
    if (id < 0 || name < 0 || type < 0 || columns[id].type != DK_JET_LONG || columns[name].type != DK_JET_TEXT ||
        columns[type].type != DK_JET_INT)
        status = damaged(table, "it is no catalogue", err);
    for (size_t i = 0; i < n && status == DK_OK; i++)
        columns[i].wanted = (int)i == id || (int)i == name || (int)i == type;
    while (status == DK_OK && (status = dk_jet_next(table, &values, &bad, err)) == DK_OK) {
        if (bad || values[name].bad)
            status = damaged(table, "one of its rows does not fit together", err);
        else if (!values[id].null && !values[name].null && !values[type].null &&
                 dk_jet_integer(&columns[type], &values[type]) == 1) {
            if (jet->n_entries == DK_JET_MAX_TABLES)
                status = damaged(table, "it has more tables than Access can", err);
            else if (!dk_grow(&jet->entries, &jet->entries_capacity, jet->n_entries + 1, sizeof *jet->entries) ||
                     (jet->entries[jet->n_entries].name = strdup((const char *)values[name].data)) == NULL)
                status = nomem(jet, err);
            else
                jet->entries[jet->n_entries++].page = (uint32_t)dk_jet_integer(&columns[id], &values[id]) & 0xFFFFFF;
        }
    }
    dk_jet_table_close(table);
    if (status != DK_END)
        return status;
    jet->names = calloc(jet->n_entries + 1, sizeof *jet->names);
    if (jet->names == NULL)
        return nomem(jet, err);
    for (size_t i = 0; i < jet->n_entries; i++)
        jet->names[i] = jet->entries[i].name;
    return DK_OK;
}

/* RC4 with the key that the head of every database is kept under. */
static void decipher(unsigned char *data, size_t size)
{
    static const unsigned char key[4] = {0xC7, 0xDA, 0x39, 0x6B};
    unsigned char s[256];
    unsigned j = 0;
    for (unsigned i = 0; i < 256; i++)
        s[i] = (unsigned char)i;
    for (unsigned i = 0; i < 256; i++) {
        j = (j + s[i] + key[i % 4]) & 255;
        const unsigned char swap = s[i];
        s[i] = s[j], s[j] = swap;
    }
    j = 0;
    for (unsigned k = 0; k < size; k++) {
        const unsigned i = (k + 1) & 255;
        j = (j + s[i]) & 255;
        const unsigned char swap = s[i];
        s[i] = s[j], s[j] = swap;
        data[k] ^= s[(s[i] + s[j]) & 255];
    }
}

static dk_status check_head(dk_jet *jet, const unsigned char *head, size_t size, dk_error *err)
{
    unsigned char hidden[0x80];
    const bool ace = size >= 0x15 && memcmp(head + 4, "Standard ACE DB", 15) == 0;
    if (size < 0x15 || head[0] != 0 || (!ace && memcmp(head + 4, "Standard Jet DB", 15) != 0))
        return dk_fail(err, DK_INVALID, "%s: not an Access database, in spite of its name; copy it again", jet->path);
    if (ace || head[0x14] > 1)
        return dk_fail(err, DK_INVALID,
                       "%s: a database of Access 2007 or later, which is not read; save it in Access as a database of "
                       "2002 to 2003 (.mdb)",
                       jet->path);
    if (head[0x14] == 0)
        return dk_fail(err, DK_INVALID,
                       "%s: a database of Access 97 or earlier (Jet 3), which is not read; convert it in Access to the "
                       "format of 2000 or 2002 to 2003",
                       jet->path);
    if (jet->size % PAGE != 0 || jet->n_pages <= CATALOGUE)
        return dk_fail(err, DK_INVALID, "%s: the Access database is cut off; copy it again", jet->path);
    memcpy(hidden, head + 0x18, sizeof hidden);
    decipher(hidden, sizeof hidden);
    if (u32(hidden + 0x3E - 0x18) != 0)
        return dk_fail(err, DK_INVALID, "%s: the Access database is encrypted; decode it in Access, and load that",
                       jet->path);
    return DK_OK;
}

static dk_status open_jet(dk_jet *jet, dk_jet **ret_jet, dk_error *err)
{
    unsigned char head[PAGE] = {0};
    dk_status status = DK_OK;
    const size_t size = jet->size < PAGE ? (size_t)jet->size : PAGE;
    jet->n_pages = jet->size / PAGE > 0xFFFFFF ? 0xFFFFFF : (uint32_t)(jet->size / PAGE);
    if (jet->fd < 0)
        memcpy(head, jet->data, size);
    else if (pread(jet->fd, head, size, 0) != (ssize_t)size)
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", jet->path, strerror(errno));
    if (status == DK_OK)
        status = check_head(jet, head, size, err);
    if (status == DK_OK)
        status = read_catalogue(jet, err);
    if (status != DK_OK)
        dk_jet_close(jet);
    else
        *ret_jet = jet;
    return status;
}

dk_status dk_jet_open(const char *path, dk_jet **ret_jet, dk_error *err)
{
    struct stat info;
    dk_jet *jet = calloc(1, sizeof *jet);
    if (jet == NULL || (jet->path = strdup(path)) == NULL) {
        free(jet);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    jet->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (jet->fd < 0 || fstat(jet->fd, &info) != 0) {
        const dk_status status = dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
        dk_jet_close(jet);
        return status;
    }
    jet->size = (uint64_t)info.st_size;
    return open_jet(jet, ret_jet, err);
}

dk_status dk_jet_open_memory(const void *data, size_t size, dk_jet **ret_jet, dk_error *err)
{
    dk_jet *jet = calloc(1, sizeof *jet);
    if (jet == NULL || (jet->path = strdup("memory")) == NULL) {
        free(jet);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    jet->fd = -1;
    jet->data = data;
    jet->size = size;
    return open_jet(jet, ret_jet, err);
}

void dk_jet_close(dk_jet *jet)
{
    if (jet == NULL)
        return;
    if (jet->fd >= 0)
        close(jet->fd);
    for (size_t i = 0; i < jet->n_entries; i++)
        free(jet->entries[i].name);
    free(jet->entries);
    free(jet->names);
    free(jet->path);
    free(jet);
}

size_t dk_jet_tables(const dk_jet *jet, const char *const **ret_names)
{
    *ret_names = jet->names;
    return jet->n_entries;
}

static const entry *find_entry(const dk_jet *jet, const char *name)
{
    for (size_t i = 0; i < jet->n_entries; i++)
        if (strcasecmp(jet->entries[i].name, name) == 0)
            return &jet->entries[i];
    return NULL;
}

const char *dk_jet_find(const dk_jet *jet, const char *name)
{
    const entry *found = find_entry(jet, name);
    return found != NULL ? found->name : NULL;
}

dk_status dk_jet_table_open(dk_jet *jet, const char *name, dk_jet_table **ret_table, dk_error *err)
{
    const entry *found = find_entry(jet, name);
    if (found == NULL)
        return dk_fail(err, DK_NOT_FOUND, "%s: there is no table %s", jet->path, name);
    return open_table(jet, found->name, found->page, ret_table, err);
}

/* ---- values ---- */

int64_t dk_jet_integer(const dk_jet_column *column, const dk_jet_value *value)
{
    switch (column->type) {
    case DK_JET_INT:
        return (int16_t)u16(value->data);
    case DK_JET_LONG:
        return (int32_t)u32(value->data);
    default:
        return value->data[0];
    }
}

static double double_at(const unsigned char *at)
{
    const uint64_t bits = u64(at);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

double dk_jet_real(const dk_jet_column *column, const dk_jet_value *value)
{
    if (column->type != DK_JET_SINGLE)
        return double_at(value->data);
    const uint32_t bits = u32(value->data);
    float number;
    memcpy(&number, &bits, sizeof number);
    return dk_cell_single((double)number);
}

/* An integer of 128 bits, words from the highest on, with `scale` decimals. */
static void add_decimal(bool negative, uint32_t words[4], unsigned scale, dk_buf *out)
{
    char digits[64];
    size_t n = 0;
    bool more = true;
    while (more || n <= scale) {
        uint64_t rest = 0;
        more = false;
        for (int i = 0; i < 4; i++) {
            rest = rest << 32 | words[i];
            words[i] = (uint32_t)(rest / 10);
            rest %= 10;
            more = more || words[i] != 0;
        }
        digits[n++] = (char)('0' + rest);
    }
    size_t last = 0; /* decimals that are 0 say nothing */
    while (last < scale && digits[last] == '0')
        last++;
    bool zero = true;
    for (size_t i = 0; i < n; i++)
        zero = zero && digits[i] == '0';
    if (negative && !zero)
        dk_buf_byte(out, '-');
    for (size_t i = n; i-- > last;) {
        dk_buf_byte(out, (unsigned char)digits[i]);
        if (i == scale && i > last)
            dk_buf_byte(out, '.');
    }
}

void dk_jet_text(const dk_jet_column *column, const dk_jet_value *value, dk_buf *out)
{
    const unsigned char *d = value->data;
    if (column->type == DK_JET_MONEY) { /* in units of 1/10000 */
        const uint64_t bits = u64(d), size = bits >> 63 ? -bits : bits;
        add_decimal(bits >> 63, (uint32_t[4]){0, 0, (uint32_t)(size >> 32), (uint32_t)size}, 4, out);
    } else if (column->type == DK_JET_NUMERIC) {
        const unsigned scale = column->scale <= 38 ? column->scale : 38;
        add_decimal(d[0] & 0x80, (uint32_t[4]){u32(d + 1), u32(d + 5), u32(d + 9), u32(d + 13)}, scale, out);
    } else {
        dk_buf_format(out, "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", u32(d), u16(d + 4), u16(d + 6), d[8],
                      d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
    }
}

bool dk_jet_date(const dk_jet_value *value, int *ret_year, int *ret_month, int *ret_day)
{
    const double serial = double_at(value->data); /* days since 1899-12-30; what is behind the point is the time */
    if (!(serial > -657435 && serial < 2958466))
        return false;
    /* Days since 1 March of the year 0, in eras of 400 years. */
    const int days = (int)serial + 693899, era = days / 146097, of_era = days % 146097;
    const int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    *ret_day = of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = year + era * 400 + (month < 10 ? 0 : 1);
    return true;
}
