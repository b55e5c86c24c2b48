/* The scans that a path on the command line stands for, and the 文号 that each is named by. */
#ifndef DK_INGEST_SCANS_H
#define DK_INGEST_SCANS_H

#include "store/status.h"

#include <stddef.h>
#include <stdint.h>

#define DK_SCANS_MAX_FILES 200000 /* of some 500 bytes each in memory */
#define DK_SCANS_MAX_DEPTH 32

typedef struct dk_scan {
    char *path;    /* to open, as the system has it */
    char *shown;   /* the same in UTF-8, for people */
    char *name;    /* what to call the document: from the folder on that is named by the 文号, else the file's name */
    char *numbers; /* canonical, joined by 、 (store/approval_no.h); "" if neither the file nor a folder around it names
                      one */
} dk_scan;

typedef struct dk_scans {
    dk_scan *list; /* by path */
    size_t n, capacity;
} dk_scans;

/* Adds a file, or all files in a folder and the folders in it, that one included by its name. The file's own name comes
 * before that of the folder it lies in, that before the next one out. Hidden files and what systems keep beside others
 * (Thumbs.db) are left out, links to folders too. Names are UTF-8 or GB18030, as their bytes say. without: a folder
 * that is passed over wherever it lies, or NULL. DK_IO, DK_LIMIT with a sentence. */
dk_status dk_scans_add(dk_scans *scans, const char *path, const char *without, dk_error *err);
void dk_scans_finish(dk_scans *scans);

#endif
