/* Inside the sheets: the numbers of their rows, which sheet.c writes and sheet_scan.c reads. */
#ifndef DK_STORE_SHEET_ID_H
#define DK_STORE_SHEET_ID_H

#include "store/handle.h"

/* An id is, from above, 6 bits level (of blocks: shelf), the cell's Morton code, and the version. */
enum {
    DK_SHEET_CELL_BITS = 40,
    DK_SHEET_VERSION_BITS = 17,
    DK_SHEET_LEVEL_SHIFT = DK_SHEET_VERSION_BITS + DK_SHEET_CELL_BITS,
    DK_SHEET_LAST_LEVEL = 62
};
#define DK_SHEET_VERSION_MASK ((UINT64_C(1) << DK_SHEET_VERSION_BITS) - 1)
#define DK_SHEET_CELL_MASK ((UINT64_C(1) << DK_SHEET_CELL_BITS) - 1)

/* The id of version 0. */
static inline int64_t dk_sheet_first_id(int level, uint64_t cell)
{
    return (int64_t)((uint64_t)(unsigned)level << DK_SHEET_LEVEL_SHIFT | cell << DK_SHEET_VERSION_BITS);
}

static inline int64_t dk_sheet_last_id(int level, uint64_t cell)
{
    return dk_sheet_first_id(level, cell) | (int64_t)DK_SHEET_VERSION_MASK;
}

static inline int dk_sheet_level_of(int64_t id)
{
    return (int)((uint64_t)id >> DK_SHEET_LEVEL_SHIFT);
}

static inline uint64_t dk_sheet_cell_of(int64_t id)
{
    return (uint64_t)id >> DK_SHEET_VERSION_BITS & DK_SHEET_CELL_MASK;
}

/* The statement of a table of sheets; id: that of DK_SHEET_BLOCK. */
static inline dk_stmt_id dk_sheet_stmt(dk_stmt_id id, dk_sheet sheet)
{
    return (dk_stmt_id)((unsigned)id + (unsigned)sheet);
}

#endif
