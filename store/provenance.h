/* Where a row comes from: the file, its SHA-256, the row in it, and what was repaired when it was loaded. For staff in
 * whose scope the row is, and nobody else. */
#ifndef DK_STORE_PROVENANCE_H
#define DK_STORE_PROVENANCE_H

#include "store/store.h"

/* One file of a source. */
typedef struct dk_source_file {
    const char *name; /* without the folder of the source */
    int64_t bytes;
    char sha256[65]; /* hexadecimal */
} dk_source_file;

/* A repair of polygons. Areas in square metres (store/area.h): the sum of the rings as they came, holes taken off, and
 * that of the result. */
typedef struct dk_repair {
    const char *rule;   /* a key such as self_intersection; NULL: nothing was repaired */
    const char *detail; /* what GEOS found, with longitude and latitude in degrees */
    double before_m2, after_m2;
} dk_repair;

typedef struct dk_origin {
    int64_t batch;
    const char *datum;  /* of the batch: how coordinates of an old datum became CGCS2000's; "": they were not of one */
    const char *source; /* as given to the load; of an absolute path the last part */
    int64_t source_row; /* as the source counts */
    const dk_source_file *files; /* of the source, the one that was named first; none for a pipe */
    size_t n_files;              /* at most DK_ORIGIN_FILES */
    int64_t files_in_all;
    dk_repair repair;
} dk_origin;

#define DK_ORIGIN_FILES 16

/* Calls each once with the origin of the row published under a key; what it points to is valid inside. DK_NOT_FOUND:
 * there is no such row, or the viewer sees no more of it than the public. */
dk_status dk_query_origin(dk_store *store, const dk_kind *kind, const char *key, const dk_viewer *viewer,
                          int64_t generation, void (*each)(const dk_origin *origin, void *user), void *user,
                          dk_error *err);

/* Sources of a batch, also of one that is being loaded, with the same bytes as one that came before and another name,
 * by which keys of their rows are qualified: what is in them is there twice. Each is called with the two and the batch
 * of the earlier. */
dk_status dk_source_copies(dk_store *store, const dk_kind *kind, int64_t batch,
                           void (*each)(const char *source, const char *earlier, int64_t batch, void *user), void *user,
                           dk_error *err);
/* Sources of a batch of a layer that came before under their name and with the same bytes, and have the outlines of
 * their rows under other keys now: the first row of each is looked at, and not of more than some twenty sources. Each
 * is called with the two keys and the earlier batch; false from it ends the search. */
dk_status dk_source_rekeyed(dk_store *store, const dk_kind *kind, int64_t batch,
                            bool (*each)(const char *source, const char *key, const char *earlier, int64_t batch,
                                         void *user),
                            void *user, dk_error *err);

#endif
