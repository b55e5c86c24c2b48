/* Boundaries of mining rights as registries and notices write them into one text. Four forms are told apart by their
 * structure:
 *
 *   A  采矿权 区域坐标     N,  N rings of  n, n times 点号,X,Y,  上标高, 下标高, 描述, flag      1: 圈入, -1: 扣除
 *   B  探矿权 区域范围     N,  N rings of  n, n times a,b,  t1, t2, t3                          t2 0: exterior, else a
 * hole D  the table of a notice: a line or a part up to ; for each point, 点号 X Y; 标高 or 开采深度 in words, behind
 * the rings that they are of or, if they come before all, above them; 扣除 above the rings that are taken out; a ring
 * ends where 点号 starts again, at a blank line or such a word, or where one part holds a whole ring
 *
 * (C, the 报盘 TXT, is a file: ingest/mining_txt.h.) X is north in A; which number is north is decided by magnitude
 * everywhere: northings have 7 digits, eastings 6, or 8 with the zone before them; longitudes in China are 73 to 136,
 * latitudes 16 to 54. Degrees may be decimal, 110°00′28.20″, or packed as DDDMMSS or DDD.MMSS; the last looks like
 * decimal degrees unless a number has 60 minutes or seconds, and then only the place that comes out tells.
 *
 * Rings are slices of three dimensions: they may lie on top of each other, and each keeps its heights. */
#ifndef DK_INGEST_MINING_BOUNDARY_H
#define DK_INGEST_MINING_BOUNDARY_H

#include "ingest/zones.h"
#include "store/buf.h"
#include "store/status.h"

typedef struct dk_mining_ring {
    size_t first, n;    /* points; not closed */
    double top, bottom; /* 标高 in metres; NAN: not said */
    bool excluded;      /* 扣除 */
    size_t description; /* in dk_mining_boundary.texts, NUL-terminated; "" if there is none */
} dk_mining_ring;

typedef struct dk_mining_boundary {
    double *xy; /* pairs (east, north) in metres, the zone before the east if it was there, or (longitude, latitude) */
    size_t n_points, points_capacity;
    dk_mining_ring *rings;
    size_t n_rings, rings_capacity;
    dk_buf texts;
    bool degrees;
    bool doubtful; /* whether they are decimal degrees, as which xy has them, or DDD.MMSS cannot be told by the numbers
                    */
    int zone;      /* before the eastings; 0: none, or degrees */
    const dk_zone_family *datum; /* that a title of D names; NULL: none */
    dk_buf notes;                /* what was decided or is in conflict, one sentence a line */
} dk_mining_boundary;

void dk_mining_boundary_init(dk_mining_boundary *boundary);
void dk_mining_boundary_finish(dk_mining_boundary *boundary);

/* text: UTF-8. Replaces ret. DK_INVALID: a sentence says what is wrong and where in it. Every ring has 3 points or more
 * that differ; whether rings cross is not looked at. */
dk_status dk_mining_parse(const char *text, size_t size, dk_mining_boundary *ret, dk_error *err);
/* A line of a 报盘 TXT; its texts are UTF-8 under NFKC, trimmed, never NULL. */
typedef struct dk_mining_line {
    int64_t number; /* in the file, for sentences */
    bool ends_ring;
    const char *fields[4]; /* 点号, X, Y; of one that ends a ring: 上标高, 下标高, 描述, flag */
} dk_mining_line;
/* The same of such lines. Points behind the last line that ends a ring are a ring without heights that is in. */
dk_status dk_mining_from_lines(const dk_mining_line *lines, size_t n, dk_mining_boundary *ret, dk_error *err);

/* Takes the numbers of a doubtful boundary for DDD.MMSS. */
void dk_mining_take_minutes(dk_mining_boundary *boundary);

/* The rings as JSON, each with its heights, for who wants more than the outline:
 * [{"top":285,"bottom":8,"excluded":false,"description":"","points":[[x,y],…]},…] */
bool dk_mining_json(const dk_mining_boundary *boundary, dk_buf *out);

/* Whether a column of this name holds such texts. */
bool dk_mining_column(const char *name);

#endif
