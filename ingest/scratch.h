/* A private temporary folder, for what must be a file before it can be read: unpacked archives and tables whose head is
 * rewritten. Only its owner can look into it. It lies in $TMPDIR, else in /tmp, and what is written there is bounded.
 */
#ifndef DK_INGEST_SCRATCH_H
#define DK_INGEST_SCRATCH_H

#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct dk_scratch dk_scratch;

dk_status dk_scratch_create(dk_scratch **ret_scratch, dk_error *err);
/* Removes the folders of loads that were killed: those of this user whose lock nobody holds. One that is in use, by
 * whichever process, is never touched. Failures do no harm. */
void dk_scratch_sweep(void);
/* The folder with all that is in it is gone afterwards. NULL-safe. */
void dk_scratch_remove(dk_scratch *scratch);
const char *dk_scratch_path(const dk_scratch *scratch);

/* Makes a new file of that name, whose parts are separated by "/", with the folders that it lies in. The caller closes
 * it. DK_INVALID: the name leads elsewhere, or is there already; DK_FULL, DK_IO with a sentence. */
dk_status dk_scratch_file(dk_scratch *scratch, const char *name, FILE **ret_file, dk_error *err);
/* The path of a name in it, also of one with parts that are too long for the system: they are shortened, alike for all
 * names that differ in their ending only. Caller frees. NULL: out of memory. */
char *dk_scratch_join(const dk_scratch *scratch, const char *name);
/* A symbolic link of that name, which has no "/", to an existing file elsewhere. */
dk_status dk_scratch_link(dk_scratch *scratch, const char *name, const char *target, dk_error *err);

/* Whether a name stays inside the folder: relative, no part empty, "." or "..", no control character. */
bool dk_scratch_name_good(const char *name);

#endif
