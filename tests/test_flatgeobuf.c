/* Rows of a FlatGeobuf, counted in a file and in memory. */
#include "ingest/flatgeobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { N = 700 };

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

static void put(bytes *to, uint64_t number, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to->data[to->size++] = (unsigned char)(number >> 8 * i);
}

/* The head of version 3 without an index, and features of the given sizes: what is in them does not count. */
static bytes file_of(const uint32_t *sizes, uint64_t announced)
{
    size_t room = 200;
    for (size_t i = 0; i < N; i++)
        room += 4 + sizes[i];
    bytes file = {calloc(1, room), 0};
    assert_non_null(file.data);
    memcpy(file.data, "fgb\3fgb\0", 8);
    file.size = 8;
    put(&file, 48, 4); /* the table Header: its place, a vtable of ten fields, the vtable's distance, features_count,
                          index_node_size */
    put(&file, 32, 4);
    put(&file, 24, 2);
    put(&file, 16, 2);
    for (size_t field = 0; field < 10; field++)
        put(&file, field == 8 ? 4 : field == 9 ? 12 : 0, 2);
    put(&file, 0, 4); /* up to the table */
    put(&file, 28, 4);
    put(&file, announced, 8);
    put(&file, 0, 2);
    put(&file, 0, 2);
    for (size_t i = 0; i < N; i++) {
        put(&file, sizes[i], 4);
        file.size += sizes[i];
    }
    return file;
}

static dk_status examine_file(const bytes *file, size_t size, uint64_t *ret_rows)
{
    char path[] = "/tmp/dk-fgb-XXXXXX";
    const int fd = mkstemp(path);
    dk_error err;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file->data, size), (ssize_t)size);
    close(fd);
    const dk_status status = dk_flatgeobuf_examine(path, ret_rows, &err);
    unlink(path);
    return status;
}

static void rows_are_counted_wherever_what_was_read_ends(void **state)
{
    (void)state;
    uint32_t sizes[N];
    for (size_t i = 0; i < N; i++) /* small ones, and some that are larger than what is read at a time */
        sizes[i] = i % 97 == 5 ? 70000 : i % 13 == 3 ? 32760 + (uint32_t)(i % 17) : 8 + (uint32_t)(i * 37 % 900);
    bytes file = file_of(sizes, N);
    uint64_t rows = 0;
    dk_error err;
    assert_int_equal(dk_flatgeobuf_examine_memory(file.data, file.size, "m", &rows, &err), DK_OK);
    assert_int_equal(rows, N);
    rows = 0;
    assert_int_equal(examine_file(&file, file.size, &rows), DK_OK);
    assert_int_equal(rows, N);
    static const size_t less[] = {1, 3, 500, 40000, 100000};
    for (size_t i = 0; i < sizeof less / sizeof *less; i++)
        assert_int_equal(examine_file(&file, file.size - less[i], &rows), DK_INVALID);
    assert_int_equal(examine_file(&file, 9, &rows), DK_INVALID);
    assert_int_equal(examine_file(&file, 0, &rows), DK_INVALID);
    free(file.data);
    file = file_of(sizes, N + 1);
    assert_int_equal(examine_file(&file, file.size, &rows), DK_INVALID);
    free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_counted_wherever_what_was_read_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
