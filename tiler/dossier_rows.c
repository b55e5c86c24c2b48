#include "tiler/dossier_rows.h"

#include <stdlib.h>
#include <string.h>

struct dk_row_chunk {
    dk_row_chunk *next;
    size_t used, size;
    max_align_t bytes[];
};

enum { CHUNK = 64 << 10 };

static void *allocate(dk_row_memory *memory, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    dk_row_chunk *chunk = memory->chunks;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        const size_t room = size > CHUNK ? size : CHUNK;
        chunk = malloc(sizeof *chunk + room);
        if (chunk == NULL)
            return NULL;
        *chunk = (dk_row_chunk){.next = memory->chunks, .used = 0, .size = room};
        memory->chunks = chunk;
    }
    void *result = (char *)chunk->bytes + chunk->used;
    chunk->used += size;
    return result;
}

static const char *copy_text(dk_row_memory *memory, const char *text, size_t size)
{
    char *copy = allocate(memory, size + 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

void dk_row_memory_finish(dk_row_memory *memory)
{
    for (dk_row_chunk *chunk = memory->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    memory->chunks = NULL;
}

void dk_row_list_finish(dk_row_list *list)
{
    free(list->rows);
    list->rows = NULL;
    list->n = list->capacity = 0;
}

bool dk_row_list_add(dk_row_list *list, dk_row_memory *memory, const dk_row *row)
{
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity > 0 ? list->capacity * 2 : 16;
        dk_row *rows = realloc(list->rows, capacity * sizeof *rows);
        if (rows == NULL)
            return false;
        list->rows = rows;
        list->capacity = capacity;
    }
    dk_row copy = *row;
    dk_value *values = allocate(memory, row->kind->n_fields * sizeof *values);
    copy.key = copy_text(memory, row->key, strlen(row->key));
    copy.label = copy_text(memory, row->label, strlen(row->label));
    if (values == NULL || copy.key == NULL || copy.label == NULL)
        return false;
    for (size_t i = 0; i < row->kind->n_fields; i++) {
        values[i] = row->values[i];
        if (values[i].type != DK_TEXT)
            continue;
        values[i].text.data = copy_text(memory, values[i].text.data, values[i].text.size);
        if (values[i].text.data == NULL)
            return false;
    }
    copy.values = values;
    if (row->wkb != NULL) {
        copy.wkb = (const unsigned char *)copy_text(memory, (const char *)row->wkb, row->wkb_size);
        if (copy.wkb == NULL)
            return false;
    }
    list->rows[list->n++] = copy;
    return true;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const dk_row *)a)->key, ((const dk_row *)b)->key);
}

void dk_row_list_sort(dk_row_list *list)
{
    if (list->n < 2)
        return;
    qsort(list->rows, list->n, sizeof *list->rows, by_key);
    size_t kept = 1;
    for (size_t i = 1; i < list->n; i++)
        if (strcmp(list->rows[i].key, list->rows[kept - 1].key) != 0)
            list->rows[kept++] = list->rows[i];
    list->n = kept;
}
