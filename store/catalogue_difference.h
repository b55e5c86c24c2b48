/* What changes from one catalogue's text to another's, for people: one sentence for each change, in their words:
 *
 *   title: 砀山县 -> 砀山县（示例）
 *   layer parcel: zooms [6, 16] -> [6, 18]
 *   field compensation.payee: audience staff -> public
 *   field parcel.note: new {title: 备注, type: text}
 *   link notice-parcel: removed
 *   division 341321105: name 周寨乡 -> 周寨镇
 *
 * It compares the texts as YAML, and so tells of whatever a catalogue may say, also what this program does not know. */
#ifndef DK_STORE_CATALOGUE_DIFFERENCE_H
#define DK_STORE_CATALOGUE_DIFFERENCE_H

#include "store/status.h"

#include <stddef.h>

/* Both are catalogues that were parsed without a mistake. The sentence is valid inside the callback. */
dk_status dk_catalogue_difference(const char *before, size_t before_size, const char *after, size_t after_size,
                                  void (*tell)(const char *sentence, void *user), void *user, dk_error *err);

#endif
