/* What a load counted, noted and rejected, kept with its batch so that its report can be written at any time. Written
 * between dk_load_begin and dk_load_finish; gone with a batch that is given up. For the owner of the store only. */
#ifndef DK_STORE_FACTS_H
#define DK_STORE_FACTS_H

#include "store/store.h"

#define DK_REJECTS_KEPT 1000 /* of a batch: the first ones */

typedef struct dk_reject {
    const char *source, *key, *reason;
    int64_t source_row;
    const double
        *outline; /* n_points pairs of longitude and latitude in degrees; NULL: it has none, or it lies nowhere */
    size_t n_points;
} dk_reject;

dk_status dk_facts_count(dk_store *store, int64_t batch, const char *name, int64_t value, dk_error *err);
dk_status dk_facts_note(dk_store *store, int64_t batch, int64_t number, const char *text, dk_error *err);
dk_status dk_facts_reject(dk_store *store, int64_t batch, int64_t number, const dk_reject *reject, dk_error *err);

/* Gives all of it, in the order in which it was written; texts are valid inside the callbacks, which return false when
 * out of memory. */
typedef struct dk_facts_reader {
    bool (*source)(const char *name, void *user); /* then the files of it */
    bool (*file)(const char *name, int64_t bytes, const char *sha256, void *user);
    bool (*count)(const char *name, int64_t value, void *user);
    bool (*note)(const char *text, void *user);
    bool (*reject)(const dk_reject *reject, void *user);
    void *user;
} dk_facts_reader;
dk_status dk_facts_read(dk_store *store, int64_t batch, const dk_facts_reader *reader, dk_error *err);

#endif
