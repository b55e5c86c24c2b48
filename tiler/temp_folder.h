/* The server's private folder for files on their way: uploads, and downloads that need a file. Only its owner can look
 * into it; it goes when the server stops, and what a killed server left is removed by the next. */
#ifndef DK_TILER_TEMP_FOLDER_H
#define DK_TILER_TEMP_FOLDER_H

#include "store/status.h"

typedef struct dk_temp_root dk_temp_root;

/* Makes it in parent, and removes those there that no server uses. */
dk_status dk_temp_root_create(const char *parent, dk_temp_root **ret_root, dk_error *err);
const char *dk_temp_root_path(const dk_temp_root *root);
void dk_temp_root_remove(dk_temp_root *root); /* NULL-safe */

/* A new folder in the root; caller removes it, which frees the path. NULL-safe. */
dk_status dk_temp_folder_make(const char *root, char **ret_path, dk_error *err);
void dk_temp_folder_remove(char *path);

#endif
