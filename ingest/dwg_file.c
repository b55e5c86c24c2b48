#include "ingest/dwg_file.h"

#include "store/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CODE_PAGE_AT 0x13
#define LOCATORS_AT 0x15
#define MAX_LOCATORS 32
#define WINDOW (256u << 10) /* bytes of the file that are kept at a time, where no object has more */
#define JUMP (8u << 10)     /* the same where objects are not one behind the other */
#define CLASSES_FIRST 500
#define MAX_CLASSES 5000
#define SMALLEST_CLASS 13 /* bits */
#define CLASS_ENTITY 0x1F2

typedef struct class
{
    unsigned type;
    bool entity;
    char name[32]; /* cut where it is longer */
} class;

struct dk_dwg_file {
    char *path;
    int fd; /* -1: in memory */
    const unsigned char *memory;
    uint64_t size;

    unsigned char *window;
    size_t window_capacity, window_size;
    uint64_t window_at;

    dk_dwg_object *objects;
    size_t n_objects, objects_capacity;
    uint64_t n_read; /* bytes of objects; the reader may read each a few times */
    unsigned code_page;
    class *classes;
    size_t n_classes, classes_capacity;
};

typedef struct section {
    uint64_t at, size;
} section;

dk_status dk_dwg_damaged(const char *path, uint64_t handle, const char *what, dk_error *err)
{
    static const char advice[] = "copy it again, or repair it (RECOVER in AutoCAD) and save it again";
    return handle == 0 ? dk_fail(err, DK_INVALID, "%s: the drawing is damaged or cut off: %s; %s", path, what, advice)
                       : dk_fail(err, DK_INVALID, "%s, handle %llX: the drawing is damaged: %s; %s", path,
                                 (unsigned long long)handle, what, advice);
}

static dk_status damaged(const dk_dwg_file *file, const char *what, dk_error *err)
{
    return dk_dwg_damaged(file->path, 0, what, err);
}

/* ---- bytes ---- */

/* size bytes at a place of the file, which has them; borrowed until the next call. */
static dk_status look(dk_dwg_file *file, uint64_t at, size_t size, const unsigned char **ret_data, dk_error *err)
{
    if (file->memory != NULL) {
        *ret_data = file->memory + at;
        return DK_OK;
    }
    if (at >= file->window_at && at + size <= file->window_at + file->window_size) {
        *ret_data = file->window + (at - file->window_at);
        return DK_OK;
    }
    const bool ahead = at >= file->window_at && at - file->window_at <= file->window_size + JUMP;
    const size_t least = ahead ? WINDOW : JUMP, room = size > least ? size : least;
    if (!dk_grow(&file->window, &file->window_capacity, room, 1))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", file->path);
    const size_t wanted = room < file->size - at ? room : (size_t)(file->size - at);
    file->window_size = 0;
    for (size_t have = 0; have < wanted;) {
        const ssize_t got = pread(file->fd, file->window + have, wanted - have, (off_t)(at + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dk_fail(err, DK_IO, "%s: cannot be read: %s", file->path, strerror(errno));
        if (got == 0)
            return dk_fail(err, DK_IO, "%s: the file became shorter while it was read; load it again", file->path);
        have += (size_t)got;
    }
    file->window_at = at;
    file->window_size = wanted;
    *ret_data = file->window;
    return DK_OK;
}

static bool lies_in(const dk_dwg_file *file, uint64_t at, uint64_t size)
{
    return at <= file->size && size <= file->size - at;
}

/* ---- header ---- */

static dk_status refuse_version(const dk_dwg_file *file, const unsigned char *magic, dk_error *err)
{
    static const struct {
        char magic[7];
        const char *program;
    } versions[] = {{"AC1009", "R11 or R12"}, {"AC1012", "R13"},  {"AC1014", "R14"},  {"AC1018", "2004"},
                    {"AC1021", "2007"},       {"AC1024", "2010"}, {"AC1027", "2013"}, {"AC1032", "2018"}};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (memcmp(magic, versions[i].magic, 6) == 0)
            return dk_fail(err, DK_INVALID,
                           "%s: a drawing in the DWG of AutoCAD %s (%s); of DWG only that of AutoCAD 2000 (AC1015) is "
                           "read: save the drawing as AutoCAD 2000 DWG, or as DXF, and load that",
                           file->path, versions[i].program, versions[i].magic);
    if (memcmp(magic, "AC10", 4) == 0 || memcmp(magic, "AC1.", 4) == 0 || memcmp(magic, "AC2.", 4) == 0)
        return dk_fail(
            err, DK_INVALID,
            "%s: a drawing in a DWG of unknown version; save it as AutoCAD 2000 DWG (AC1015), or as DXF, and "
            "load that",
            file->path);
    return dk_fail(err, DK_INVALID,
                   "%s: not an AutoCAD drawing, in spite of its name; copy it again, or save it as DXF", file->path);
}

static dk_status read_header(dk_dwg_file *file, section *ret_classes, section *ret_map, dk_error *err)
{
    static const unsigned char sentinel[16] = {0x95, 0xA0, 0x4E, 0x28, 0x99, 0x82, 0x1A, 0xE5,
                                               0x5E, 0x41, 0xE0, 0x5F, 0x9D, 0x3A, 0x4D, 0x00};
    const unsigned char *at;
    bool found[2] = {false, false};
    dk_status status = lies_in(file, 0, 6) ? look(file, 0, 6, &at, err) : DK_OK;
    if (status != DK_OK)
        return status;
    if (file->size < 6 || memcmp(at, "AC1015", 6) != 0)
        return refuse_version(file, file->size < 6 ? (const unsigned char *)"      " : at, err);
    if (!lies_in(file, LOCATORS_AT, 4))
        return damaged(file, "its header is not whole", err);
    if ((status = look(file, CODE_PAGE_AT, 2, &at, err)) != DK_OK)
        return status;
    file->code_page = (unsigned)at[0] | (unsigned)at[1] << 8;
    if ((status = look(file, LOCATORS_AT, 4, &at, err)) != DK_OK)
        return status;
    dk_dwg_bits bits = dk_dwg_bits_of(at, 4);
    const uint32_t n = dk_dwg_rl(&bits);
    const size_t size = 9 * (size_t)n + 2 + sizeof sentinel;
    if (n > MAX_LOCATORS || !lies_in(file, LOCATORS_AT + 4, size))
        return damaged(file, "its header is not whole", err);
    if ((status = look(file, LOCATORS_AT + 4, size, &at, err)) != DK_OK)
        return status;
    /* Programs do not agree on the checksum before the sentinel; what the locators lead to has its own. */
    if (memcmp(at + size - sizeof sentinel, sentinel, sizeof sentinel) != 0)
        return damaged(file, "its header does not end as it must", err);
    bits = dk_dwg_bits_of(at, 9 * (size_t)n);
    for (uint32_t i = 0; i < n; i++) {
        const unsigned number = dk_dwg_rc(&bits);
        const section place = {.at = dk_dwg_rl(&bits), .size = dk_dwg_rl(&bits)};
        if (number != 1 && number != 2)
            continue;
        if (!lies_in(file, place.at, place.size))
            return damaged(
                file, number == 1 ? "its classes would lie beyond its end" : "its object map would lie beyond its end",
                err);
        *(number == 1 ? ret_classes : ret_map) = place;
        found[number - 1] = true;
    }
    return found[0] && found[1] ? DK_OK : damaged(file, "its header names no classes or no object map", err);
}

/* ---- classes ---- */

static bool take_name(dk_dwg_bits *bits, char *out, size_t size)
{
    const unsigned n = dk_dwg_bs(bits);
    for (unsigned i = 0; i < n && !bits->failed; i++) {
        const char c = (char)dk_dwg_rc(bits);
        if (i + 1 < size)
            out[i] = c, out[i + 1] = '\0';
    }
    return !bits->failed;
}

static int by_type(const void *a, const void *b)
{
    const class *one = a, *other = b;
    return (one->type > other->type) - (one->type < other->type);
}

static dk_status read_classes(dk_dwg_file *file, const section *place, dk_error *err)
{
    static const unsigned char sentinel[16] = {0x8D, 0xA1, 0xC4, 0xB8, 0xC4, 0xA9, 0xF8, 0xC5,
                                               0xC0, 0xDC, 0xF4, 0x5F, 0xE7, 0xCF, 0xB6, 0x8A};
    const unsigned char *at;
    if (place->size < 20 || place->size > DK_DWG_MAX_OBJECT)
        return damaged(file, "its classes are not whole", err);
    const dk_status status = look(file, place->at, (size_t)place->size, &at, err);
    if (status != DK_OK)
        return status;
    dk_dwg_bits bits = dk_dwg_bits_of(at + 16, (size_t)place->size - 16);
    const uint32_t size = dk_dwg_rl(&bits);
    if (memcmp(at, sentinel, sizeof sentinel) != 0 || size > place->size - 20)
        return damaged(file, "its classes are not whole", err);
    bits.end = bits.at + 8 * (uint64_t)size;
    while (bits.end - bits.at >= SMALLEST_CLASS && file->n_classes < MAX_CLASSES) {
        class made = {.type = dk_dwg_bs(&bits)};
        char other[2];
        dk_dwg_bs(&bits);
        bool good = take_name(&bits, other, sizeof other) && take_name(&bits, other, sizeof other) &&
                    take_name(&bits, made.name, sizeof made.name);
        dk_dwg_b(&bits);
        made.entity = dk_dwg_bs(&bits) == CLASS_ENTITY;
        good = good && !bits.failed;
        if (made.type == 0) /* what fills the section up */
            break;
        if (!good || made.type < CLASSES_FIRST)
            return damaged(file, "its classes cannot be read", err);
        if (!dk_grow(&file->classes, &file->classes_capacity, file->n_classes + 1, sizeof *file->classes))
            return dk_fail(err, DK_NOMEM, "%s: out of memory", file->path);
        file->classes[file->n_classes++] = made;
    }
    if (file->n_classes > 0)
        qsort(file->classes, file->n_classes, sizeof *file->classes, by_type);
    return DK_OK;
}

const char *dk_dwg_file_class(const dk_dwg_file *file, unsigned type, bool *ret_entity)
{
    const class wanted = {.type = type};
    const class *found = type < CLASSES_FIRST || file->n_classes == 0
                             ? NULL
                             : bsearch(&wanted, file->classes, file->n_classes, sizeof *file->classes, by_type);
    if (found == NULL)
        return NULL;
    *ret_entity = found->entity;
    return found->name;
}

/* ---- the object map ---- */

static int by_handle(const void *a, const void *b)
{
    const dk_dwg_object *one = a, *other = b;
    return (one->handle > other->handle) - (one->handle < other->handle);
}

/* The objects of one piece of the map. */
static dk_status read_piece(dk_dwg_file *file, const unsigned char *at, const unsigned char *end, dk_error *err)
{
    uint64_t handle = 0;
    int64_t offset = 0;
    while (at < end) {
        uint64_t more;
        int64_t further;
        if (!dk_dwg_mc(&at, end, &more) || !dk_dwg_mc_signed(&at, end, &further))
            return damaged(file, "its object map is not whole", err);
        handle += more;
        if (handle < more || further > UINT32_MAX || further < -(int64_t)UINT32_MAX)
            return damaged(file, "its object map is not whole", err);
        offset += further;
        if (offset < 0 || (uint64_t)offset >= file->size)
            return dk_dwg_damaged(file->path, handle, "the object would lie beyond the end of the file", err);
        if (file->n_objects == DK_DWG_MAX_OBJECTS)
            return dk_fail(err, DK_LIMIT, "%s: the drawing has more than %d objects; cut it in parts", file->path,
                           DK_DWG_MAX_OBJECTS);
        if (!dk_grow(&file->objects, &file->objects_capacity, file->n_objects + 1, sizeof *file->objects))
            return dk_fail(err, DK_NOMEM, "%s: out of memory", file->path);
        file->objects[file->n_objects++] = (dk_dwg_object){.handle = handle, .offset = (uint32_t)offset};
    }
    return DK_OK;
}

static dk_status read_map(dk_dwg_file *file, const section *place, dk_error *err)
{
    const unsigned char *at;
    dk_status status = DK_OK;
    bool ended = false;
    for (uint64_t read = 0; !ended && status == DK_OK;) {
        if (place->size - read < 4)
            return damaged(file, "its object map is not whole", err);
        if ((status = look(file, place->at + read, 2, &at, err)) != DK_OK)
            return status;
        const size_t size = (size_t)at[0] << 8 | at[1]; /* of these two bytes and what follows, without the checksum */
        if (size < 2 || place->size - read < size + 2)
            return damaged(file, "its object map is not whole", err);
        if ((status = look(file, place->at + read, size + 2, &at, err)) != DK_OK)
            return status;
        if (dk_dwg_crc(DK_DWG_CRC_SEED, at, size) != (at[size] << 8 | at[size + 1]))
            return damaged(file, "the checksum of its object map is wrong", err);
        ended = size == 2;
        status = read_piece(file, at + 2, at + size, err);
        read += size + 2;
    }
    if (status != DK_OK)
        return status;
    bool sorted = true;
    for (size_t i = 1; i < file->n_objects && sorted; i++)
        sorted = file->objects[i].handle > file->objects[i - 1].handle;
    if (!sorted)
        qsort(file->objects, file->n_objects, sizeof *file->objects, by_handle);
    for (size_t i = 1; i < file->n_objects; i++)
        if (file->objects[i].handle == file->objects[i - 1].handle)
            return dk_dwg_damaged(file->path, file->objects[i].handle, "two objects have this handle", err);
    return DK_OK;
}

unsigned dk_dwg_file_code_page(const dk_dwg_file *file)
{
    return file->code_page;
}

size_t dk_dwg_file_objects(const dk_dwg_file *file, dk_dwg_object **ret_objects)
{
    *ret_objects = file->objects;
    return file->n_objects;
}

dk_dwg_object *dk_dwg_file_find(const dk_dwg_file *file, uint64_t handle)
{
    const dk_dwg_object wanted = {.handle = handle};
    return file->n_objects == 0 ? NULL
                                : bsearch(&wanted, file->objects, file->n_objects, sizeof *file->objects, by_handle);
}

/* ---- objects ---- */

dk_status dk_dwg_file_read(dk_dwg_file *file, const dk_dwg_object *object, dk_dwg_data *ret_data, dk_error *err)
{
    static const char beyond[] = "the object goes on beyond the end of the file";
    const unsigned char *begin = NULL;
    uint64_t size;
    const size_t head = lies_in(file, object->offset, 6) ? 6 : (size_t)(file->size - object->offset);
    dk_status status = look(file, object->offset, head, &begin, err);
    if (status != DK_OK)
        return status;
    const unsigned char *at = begin;
    if (!dk_dwg_ms(&at, begin + head, &size) || !lies_in(file, object->offset + (uint64_t)(at - begin), size + 2))
        return dk_dwg_damaged(file->path, object->handle, beyond, err);
    if (size > DK_DWG_MAX_OBJECT)
        return dk_fail(err, DK_LIMIT, "%s, handle %llX: the object has more than %u MiB; save the drawing as DXF",
                       file->path, (unsigned long long)object->handle, DK_DWG_MAX_OBJECT >> 20);
    /* Objects do not overlap: so one that claims to be large costs time only once. */
    file->n_read += size;
    if (file->n_read > 4 * file->size)
        return dk_dwg_damaged(file->path, object->handle, "objects lie over each other", err);
    const size_t before = (size_t)(at - begin);
    status = look(file, object->offset, before + (size_t)size + 2, &begin, err);
    if (status != DK_OK)
        return status;
    const unsigned char *end = begin + before + size;
    ret_data->data = begin + before;
    ret_data->size = (size_t)size;
    ret_data->intact = dk_dwg_crc(DK_DWG_CRC_SEED, begin, before + (size_t)size) == (end[0] | end[1] << 8);
    return DK_OK;
}

/* ---- opening ---- */

static dk_status start(dk_dwg_file *file, const char *path, dk_dwg_file **ret_file, dk_error *err)
{
    section classes = {0}, map = {0};
    file->path = strdup(path);
    dk_status status =
        file->path != NULL ? read_header(file, &classes, &map, err) : dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status == DK_OK)
        status = read_classes(file, &classes, err);
    if (status == DK_OK)
        status = read_map(file, &map, err);
    if (status != DK_OK)
        dk_dwg_file_close(file);
    else
        *ret_file = file;
    return status;
}

dk_status dk_dwg_file_open(const char *path, dk_dwg_file **ret_file, dk_error *err)
{
    struct stat info;
    dk_dwg_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    file->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0 || fstat(file->fd, &info) != 0) {
        const dk_status status = dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
        dk_dwg_file_close(file);
        return status;
    }
    file->size = (uint64_t)info.st_size;
    return start(file, path, ret_file, err);
}

dk_status dk_dwg_file_open_memory(const void *data, size_t size, dk_dwg_file **ret_file, dk_error *err)
{
    dk_dwg_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return dk_fail(err, DK_NOMEM, "(memory): out of memory");
    file->fd = -1;
    file->memory = data;
    file->size = size;
    return start(file, "(memory)", ret_file, err);
}

void dk_dwg_file_close(dk_dwg_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free(file->window);
    free(file->objects);
    free(file->classes);
    free(file);
}

const char *dk_dwg_file_path(const dk_dwg_file *file)
{
    return file->path;
}
