/* Inside the publication log: what log_table.c, log_sign.c and log_check.c share. */
#ifndef DK_STORE_LOG_WORK_H
#define DK_STORE_LOG_WORK_H

#include "store/handle.h"
#include "store/log_table.h"

typedef enum dk_log_stmt {
    DK_LOG_SIZE,             /* -> the number after the last entry */
    DK_LOG_ADD_LEAVES,       /* rows of entry, leaf (feed_table.h) */
    DK_LOG_ADD_CONTENTS,     /* rows of entry, kind, row, event, generation, salt, seal, content */
    DK_LOG_LEAF,             /* entry -> leaf */
    DK_LOG_LEAVES,           /* first, limit -> entry, leaf, in order */
    DK_LOG_CONTENT,          /* entry -> kind, row, salt, content, event, generation, seal */
    DK_LOG_KEEP,             /* entry, content */
    DK_LOG_OF_ROW,           /* kind, row, entry -> the next whose content is made of the row */
    DK_LOG_SIZE_AT,          /* generation -> entries */
    DK_LOG_COUNT,            /* generation, entries */
    DK_LOG_FIND,             /* kind, row, size -> the newest entry */
    DK_LOG_ERASE,            /* entry */
    DK_LOG_READ_TILE,        /* id -> hashes */
    DK_LOG_WRITE_TILE,       /* id, hashes */
    DK_LOG_READ_CHECKPOINT,  /* at most -> size, note */
    DK_LOG_SIGNED_AT,        /* size -> at */
    DK_LOG_WRITE_CHECKPOINT, /* size, note, at */
    DK_LOG_STMTS
} dk_log_stmt;

struct dk_log {
    dk_store *store;
    dk_log_tree *tree;
    struct dk_log_rows *rows;
    dk_buf content; /* of the record read last, made of its row */
    sqlite3_stmt *statements[DK_LOG_STMTS];
};

/* Prepared when first used; reset, and without bindings. Reset it after use, so that no snapshot is held. */
dk_status dk_log_stmt_of(dk_log *log, dk_log_stmt id, sqlite3_stmt **ret_stmt, dk_error *err);

#endif
