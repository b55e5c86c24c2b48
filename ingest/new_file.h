/* Files that are written beside their place until they are whole. */
#ifndef DK_INGEST_NEW_FILE_H
#define DK_INGEST_NEW_FILE_H

#include <stdio.h>
#include <sys/types.h>

/* Opens a file of that mode for writing. What has the name already is removed and not written into: it may be readable
 * for others, have another name besides, or be a link. NULL: errno says why. */
FILE *dk_new_file(const char *path, mode_t mode);

#endif
