/* The budget of tiles while it is kept up (budget.c): the tiles, layers and features under way, what is in a tile, and
 * how layers share it. Private to budget*.c. */
#ifndef DK_STORE_BUDGET_WORK_H
#define DK_STORE_BUDGET_WORK_H

#include "store/handle.h"
#include "store/index_work.h"
#include "store/overview.h"
#include "store/room.h"
#include "store/tile_list.h"
#include "store/weights.h"

enum { DK_BUDGET_CLASSES = 128, DK_BUDGET_TIES = 256 };

/* A feature in the tile under way that is counted elsewhere, too: in another tile, or at later zooms, at which it is
 * settled. */
typedef struct dk_budget_guest {
    uint64_t label; /* Morton code of the position */
    dk_rank rank;
    bool elsewhere, later;
} dk_budget_guest;

/* A layer, and what it has in the room under way. Weights are in 1/DK_WEIGHT_SCALE bytes. */
typedef struct dk_budget_share {
    const dk_kind *layer;
    uint64_t raised[DK_ROOM_SETS];      /* the zooms at which some tile has a threshold, or had one before */
    int64_t classes[DK_BUDGET_CLASSES]; /* what is drawn, by size class, */
    int64_t (*ties)[DK_BUDGET_TIES];    /* and each by the rest of the rank; valid where the class has any */
    int64_t sum, settled, all; /* what is drawn or not by the threshold; what is settled; and both with all vertices, */
    int64_t open;              /* of it what is not settled */
    int64_t undrawn;           /* bytes */
    int64_t grid;              /* bytes that its grid may take in the tile */
    bool any;
    dk_world_box box; /* of what takes up room here and is drawn */
    dk_budget_guest *guests;
    size_t n_guests, guests_capacity;
    dk_buf old; /* the sheet that there is */
    dk_rank before, now;
    dk_threshold_range range; /* the budgets for which it is that */
} dk_budget_share;

/* A tile in which what is left out of a layer may be other than before. */
typedef struct dk_budget_recount {
    size_t share;
    uint64_t tile;
} dk_budget_recount;

/* A threshold that was read lately, and whether something is counted with it. */
enum { DK_KEPT_RANKS = 1024 };
typedef struct dk_kept_rank {
    const dk_kind *layer; /* NULL: none */
    uint32_t x, y;
    uint8_t zoom, set;
    dk_rank rank;
    bool counts;
} dk_kept_rank;

/* What is not drawn yet, in bytes, by the quarter of a tile of WebMercatorQuad in which it has its label: north west,
 * north east, south west, south east. */
enum { DK_KEPT_QUARTERS = 512 };
typedef struct dk_kept_quarters {
    const dk_kind *layer; /* NULL: none */
    uint32_t x, y;
    uint8_t zoom;
    int64_t bytes[4];
} dk_kept_quarters;

typedef struct dk_budget {
    dk_store *store;
    int64_t generation; /* that is written */
    int64_t sees;       /* whose sheets are read; DK_NEWEST: those of the change under way */
    dk_error *err;
    dk_budget_share *shares; /* the first is the layer's in which features came or went */
    size_t n_shares;
    dk_budget_recount *recounts;
    size_t n_recounts, recounts_capacity;
    dk_budget_recount *later; /* what is left out of larger zooms, too: label positions instead of tiles */
    size_t n_later, later_capacity;
    dk_tile_list changed[DK_ROOM_SETS]; /* whose thresholds are others than before, at the zoom under way */
    dk_kept_rank kept[DK_KEPT_RANKS];
    dk_kept_quarters quarters[DK_KEPT_QUARTERS];
    /* of the tile under way */
    int zoom;
    dk_room_set set;
    uint32_t x, y;
    dk_budget_share *scanned;
    bool gathering; /* what is left out, instead of weighing, */
    bool verifying; /* and only for the overview */
    int64_t n_left_out;
    dk_grid grid;
    dk_buf bytes;
    dk_overview *overview;
} dk_budget;

extern const dk_sheet dk_raised_sheets[DK_ROOM_SETS];

dk_status dk_budget_no_memory(dk_budget *b); /* DK_NOMEM */

/* ---- what is in a tile (budget_weigh.c) ---- */

/* The threshold in a raised sheet. */
dk_rank dk_budget_rank_in(const void *data, size_t size);
/* Where the threshold of a tile is kept, if it is. */
dk_kept_rank *dk_budget_kept_place(dk_budget *b, const dk_kind *layer, dk_room_set set, int zoom, uint32_t x,
                                   uint32_t y);
/* *ret_kept is valid until the next is read. */
dk_status dk_budget_read_kept(dk_budget *b, const dk_budget_share *s, dk_room_set set, int zoom, uint32_t x, uint32_t y,
                              const dk_kept_rank **ret_kept);
dk_status dk_budget_read_rank(dk_budget *b, const dk_budget_share *s, dk_room_set set, int zoom, uint32_t x, uint32_t y,
                              dk_rank *ret_rank);
/* Whether a feature is drawn at the zoom under way. */
dk_status dk_budget_has_room(dk_budget *b, const dk_budget_share *s, const dk_entry_head *head, bool *ret_room);
/* What an entry brings to the grid, but for the number of its cell. */
dk_status dk_budget_count_entry(dk_budget *b, const dk_kind *layer, const dk_block *block, uint32_t i,
                                dk_grid_cell *ret_cell);
/* The overview of what is drawn of the tile under way, and its grid of what is not; where all is there is no overview.
 */
dk_status dk_budget_gather(dk_budget *b, dk_budget_share *s);

/* What a share has in the tile under way: of small zooms the sums are known, else it is scanned. */
dk_status dk_budget_read_share(dk_budget *b, dk_budget_share *s, uint64_t tile);
/* The same, scanned: with classes and guests. */
dk_status dk_budget_weigh(dk_budget *b, dk_budget_share *s);
/* *ret_kept is valid until the next is read. */
dk_status dk_budget_read_quarters(dk_budget *b, const dk_budget_share *s, uint32_t x, uint32_t y,
                                  const dk_kept_quarters **ret_kept);
/* What is not drawn yet and may take up room in the tiles within the one under way when it is: what has its label in
 * them or, at the next zoom, in a tile of WebMercatorQuad beside them (room.h). */
dk_status dk_budget_read_undrawn(dk_budget *b, dk_budget_share *s);

/* ---- what each layer may have of it (budget_share.c); bytes ---- */

/* What the grid of a share may take in the tile under way: nothing where nothing of the layer is. */
dk_status dk_budget_read_grid_bytes(dk_budget *b, dk_budget_share *s);
/* Where all of a tile weighs no more, there is room for it in every tile. */
int64_t dk_budget_enough(const dk_budget *b);
/* What a layer may weigh in the tile under way, whatever others do. */
int64_t dk_budget_own_most(const dk_budget *b, const dk_budget_share *s);
/* What no layer may weigh more than, so that all together keep within the budget. */
int64_t dk_budget_fair_share(const dk_budget *b);
/* The rank below which nothing is drawn; 0: all is. */
void dk_budget_find_threshold(dk_budget_share *s, int64_t most);

#endif
