/* A profile: how files are read, by their names, worked out once and used again (--profile, --save-profile).
 *
 *     files:
 *       - match: "*.dxf"                     # a name, with * ? [ ]; with a / the end of the path
 *         crs: EPSG:4527                     # and so on as on the command line: encoding, layer, axes, holes,
 *         layer: 征地红线                    # transformation, accept_datum_error, undrawn
 *         fields: {id: 文字}                 # field: column
 *         set: {division: "341321", project_id: "{folder}"}
 *         merged: {total: first}
 *         ignore: [句柄]
 *       - match: ["旧/?*", "说明*.txt"]
 *         skip: true                         # these are not read, and named
 *
 * The first entry that fits a path counts. {folder} and {name} in a value of set are the folder, or the ZIP without
 * its ending, that the file lies in and its name without ending. What the command line says comes first; its lists and
 * those of the entry are joined. A path of a transformation is looked for beside the profile. */
#ifndef DK_INGEST_PROFILE_H
#define DK_INGEST_PROFILE_H

#include "ingest/options.h"

typedef struct dk_profile dk_profile;

/* DK_INVALID: a sentence with file, line and key. */
dk_status dk_profile_read(const char *path, dk_profile **ret_profile, dk_error *err);
void dk_profile_free(dk_profile *profile); /* NULL-safe */

/* How the file of a path is read: what is given, and what the first entry that fits adds. Texts and lists live as long
 * as the profile and what is given. profile may be NULL. */
dk_status dk_profile_settings(dk_profile *profile, const char *path, const dk_file_settings *given,
                              dk_file_settings *ret_settings, bool *ret_skip, dk_error *err);

/* How many entries were the first that fits for none of the paths asked about; *ret_line: where the first of them
 * stands. profile may be NULL. */
size_t dk_profile_unused(const dk_profile *profile, size_t *ret_line);

/* Whether the first entry that fits a path names fields that the kind has, and values that they take, where these are
 * not filled in for each file. DK_INVALID, DK_NOT_FOUND: a sentence with file and line. profile may be NULL. */
dk_status dk_profile_check(dk_profile *profile, const char *path, const dk_kind *kind, dk_error *err);

/* Collects how files were read, to write it as a profile. */
typedef struct dk_profile_writer dk_profile_writer;
dk_profile_writer *dk_profile_writer_create(void);      /* NULL: out of memory */
void dk_profile_writer_free(dk_profile_writer *writer); /* NULL-safe */
/* given: the file, folder or archive as it was named to be loaded; path: the file, which is that or begins with it;
 * mapping: which columns were found for the fields; those that nobody named are written too. false: out of memory. */
bool dk_profile_writer_add(dk_profile_writer *writer, const char *given, const char *path,
                           const dk_file_settings *settings, const dk_kind *kind, const dk_column *columns,
                           const dk_mapping *mapping);
/* The same of a file that the profile in use leaves out. */
bool dk_profile_writer_skip(dk_profile_writer *writer, const char *given, const char *path);
/* Replaces the file. Entries are by ending where all files of it were read alike, else by the names of files from what
 * was given on, wherever that lies. Read again, each file has what it was read with. DK_IO, DK_FULL. */
dk_status dk_profile_writer_write(dk_profile_writer *writer, const char *path, dk_error *err);

#endif
