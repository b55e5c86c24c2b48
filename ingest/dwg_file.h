/* A DWG of R2000 (AC1015) as a file: its objects by their handles, and its classes. After the Open Design Specification
 * for .dwg files (5.4: "R13-R15 DWG file format organization", "Classes", "Data Objects", "Object map"). Of the header
 * variables, previews and the second header nothing is read. */
#ifndef DK_INGEST_DWG_FILE_H
#define DK_INGEST_DWG_FILE_H

#include "ingest/dwg_bits.h"
#include "store/status.h"

#define DK_DWG_MAX_OBJECTS 10000000
#define DK_DWG_MAX_OBJECT (64u << 20) /* bytes of one object */

typedef struct dk_dwg_file dk_dwg_file;

typedef struct dk_dwg_object {
    uint64_t handle;
    uint32_t offset; /* in the file, bytes */
    uint16_t type;   /* the reader's */
    bool seen;       /* the reader's */
} dk_dwg_object;

/* DK_INVALID with a sentence that begins with path: no DWG, one of another version, cut off or damaged. DK_LIMIT. */
dk_status dk_dwg_file_open(const char *path, dk_dwg_file **ret_file, dk_error *err);
/* The same over bytes in memory, which must outlive it. */
dk_status dk_dwg_file_open_memory(const void *data, size_t size, dk_dwg_file **ret_file, dk_error *err);
void dk_dwg_file_close(dk_dwg_file *file); /* NULL-safe */
const char *dk_dwg_file_path(const dk_dwg_file *file);

/* What it says of its texts, by AutoCAD's numbers: 31 is GB2312, 39 is ANSI_936. */
unsigned dk_dwg_file_code_page(const dk_dwg_file *file);

/* All objects in the order of their handles, each handle once. */
size_t dk_dwg_file_objects(const dk_dwg_file *file, dk_dwg_object **ret_objects);
/* NULL: there is none of that handle. */
dk_dwg_object *dk_dwg_file_find(const dk_dwg_file *file, uint64_t handle);

/* The data of an object, from its type on; borrowed until the next call. */
typedef struct dk_dwg_data {
    const unsigned char *data;
    size_t size;
    bool intact; /* its checksum is right */
} dk_dwg_data;
dk_status dk_dwg_file_read(dk_dwg_file *file, const dk_dwg_object *object, dk_dwg_data *ret_data, dk_error *err);

/* The DXF name of a type from 500 on, NULL if there is none; whether it is drawn. */
const char *dk_dwg_file_class(const dk_dwg_file *file, unsigned type, bool *ret_entity);

/* Fails with the sentence that the drawing is damaged. handle 0: none in particular. */
dk_status dk_dwg_damaged(const char *path, uint64_t handle, const char *what, dk_error *err);

#endif
