/* Status codes and messages, shared by every function of dikuai that can fail.
 *
 * A function returns a dk_status and writes its results through ret_ pointers, which it leaves untouched
 * on failure. Where it takes a dk_error, that holds one plain sentence on failure: what is wrong, where
 * (file, row, key), and what to do. err may be NULL. */
#ifndef DK_STORE_STATUS_H
#define DK_STORE_STATUS_H

typedef enum dk_status {
    DK_OK = 0,
    DK_END,       /* a cursor has no further row */
    DK_NOMEM,     /* out of memory */
    DK_IO,        /* a file could not be read or written */
    DK_FULL,      /* the disk is full */
    DK_CORRUPT,   /* a store or a blob does not have the form it must have */
    DK_VERSION,   /* a store of another version of the format */
    DK_BUSY,      /* another process is writing to the store */
    DK_NOT_FOUND, /* no such row, batch, layer, field or file */
    DK_INVALID,   /* the input is wrong; the message says how */
    DK_CONFLICT,  /* the change would replace or contradict what is there */
    DK_LIMIT,     /* a bound on size, rows or time was reached */
    DK_INTERNAL,  /* a fault of dikuai */
    DK_STATUS_COUNT
} dk_status;

#define DK_ERROR_TEXT 1024

typedef struct dk_error {
    dk_status status;
    char text[DK_ERROR_TEXT]; /* UTF-8, NUL-terminated, cut at a character */
} dk_error;

/* What a status means, in a few English words. Never NULL, also for numbers that are no status. */
const char *dk_status_text(dk_status status);

/* Writes the message and returns status, so that a failure is one line: return dk_fail(err, DK_IO, …). */
dk_status dk_fail(dk_error *err, dk_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
