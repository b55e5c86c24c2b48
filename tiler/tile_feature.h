/* One feature's geometry into a tile. Used by tile_render.c. */
#ifndef DK_TILER_TILE_FEATURE_H
#define DK_TILER_TILE_FEATURE_H

#include "store/clip.h"
#include "store/repair.h"
#include "store/ring_valid.h"
#include "tiler/mvt.h"
#include "tiler/tile_cut.h"
#include "tiler/tile_mend.h"
#include "tiler/tile_render.h"

/* How a feature comes onto the tile's grid: position p becomes (p - origin) / 2^shift, rounded, halves up. */
typedef struct dk_tile_frame {
    dk_tile_address tile;
    bool plate;                 /* y by dk_plate_y first */
    int zoom;                   /* at which vertices are chosen: the tile's, DK_FINEST_ZOOM at most */
    int shift;                  /* DK_FINEST_ZOOM - z; negative where a tile's unit is finer than the world's */
    int64_t origin_x, origin_y; /* the tile's corner, world or plate units */
    dk_world_box box;           /* the tile and its buffer, world coordinates */
    int64_t low_x, low_y, high_x, high_y; /* the same relative to the origin, in the frame's units */
} dk_tile_frame;

dk_tile_frame dk_tile_frame_of(const dk_tile_address *tile);

typedef struct dk_feature_work {
    dk_geos *geos;
    dk_parts source, joined; /* unrounded tile units: the feature, and what lies in the tile and its buffer */
    dk_parts pieces;         /* of one feature, when several cells of it meet the tile */
    dk_clip_work clipping;
    dk_cut_work cutting;
    dk_grid_shape grid, snapped, cut, together;
    dk_valid_work valid;
    dk_mend_work mending;
    dk_render_stats stats;
} dk_feature_work;

void dk_feature_work_finish(dk_feature_work *work);

/* Writes the geometry of an entry into the feature that is begun in mvt; nothing when it does not lie in the tile. */
dk_status dk_draw_entry(dk_feature_work *work, dk_mvt *mvt, const dk_tile_frame *frame, const dk_entry_head *head,
                        const dk_drawing *drawing);
/* The same of an outline in world coordinates that is in no index, of all its vertices. It may be invalid. */
dk_status dk_draw_outline(dk_feature_work *work, dk_mvt *mvt, const dk_tile_frame *frame, const dk_outline *outline);
/* A piece of a feature whose other pieces may meet the tile too: clipped and kept in work->pieces. level, cell_y: its
 * cell. */
dk_status dk_draw_piece(dk_feature_work *work, const dk_tile_frame *frame, const dk_entry_head *head,
                        const dk_drawing *drawing, int level, uint32_t cell_y);
/* Instead, where it can be done: writes a piece that is all that a tile shows of its feature. *ret_drawn false: nothing
 * is written, the piece has to be kept. */
dk_status dk_draw_sound_piece(dk_feature_work *work, dk_mvt *mvt, const dk_tile_frame *frame, const dk_entry_head *head,
                              const dk_drawing *drawing, bool *ret_drawn);
/* Writes the kept pieces, joined, and forgets them. */
dk_status dk_draw_pieces(dk_feature_work *work, dk_mvt *mvt, dk_geometry_kind kind);

#endif
