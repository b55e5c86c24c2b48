/* One XML file inside an archive (XLSX, ODS), parsed as it is read: memory stays bounded whatever its length.
 * XML 1.0 by expat; a document type declaration, which these formats never have, is refused, so that no entity can
 * grow. */
#ifndef DK_INGEST_XML_PART_H
#define DK_INGEST_XML_PART_H

#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Called with the name without its prefix. attributes: name, value, name, value, …, NULL. */
typedef struct dk_xml_calls {
    void (*start)(void *user, const char *name, const char **attributes);
    void (*end)(void *user, const char *name);
    void (*text)(void *user, const char *text, size_t size); /* in pieces; may be NULL */
    void *user;
} dk_xml_calls;

typedef struct dk_xml_part dk_xml_part;

/* path: the archive; messages begin with it. DK_NOT_FOUND: it has no such member. */
dk_status dk_xml_part_open(const char *path, const char *member, const dk_xml_calls *calls, dk_xml_part **ret_part,
                           dk_error *err);
/* Parses on until a call pauses it (DK_OK), to the end (DK_END), or until a call fails it or the XML is wrong. */
dk_status dk_xml_part_run(dk_xml_part *part, dk_error *err);
void dk_xml_part_close(dk_xml_part *part); /* NULL-safe */

/* For use in calls. */
void dk_xml_part_pause(dk_xml_part *part);
void dk_xml_part_fail(dk_xml_part *part, dk_status status, const char *sentence); /* sentence: without the path */
/* Bytes parsed so far, of the member's size. */
double dk_xml_part_progress(const dk_xml_part *part);

/* Opens, parses all of it, closes. part_of (may be NULL) gets the part while it runs, for dk_xml_part_fail. */
dk_status dk_xml_part_read(const char *path, const char *member, const dk_xml_calls *calls, dk_xml_part **part_of,
                           dk_error *err);
/* The value of an attribute by its name without prefix, or NULL. */
const char *dk_xml_attribute(const char **attributes, const char *name);

#endif
