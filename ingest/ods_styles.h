/* The number formats of an ODS: OpenDocument 1.2 part 1, 16.27 (data styles), 16.2 (styles) and 19.469
 * (style:data-style-name). */
#ifndef DK_INGEST_ODS_STYLES_H
#define DK_INGEST_ODS_STYLES_H

#include "ingest/sheet_internal.h"

typedef struct dk_ods_styles dk_ods_styles;

dk_ods_styles *dk_ods_styles_create(void);      /* NULL: out of memory */
void dk_ods_styles_free(dk_ods_styles *styles); /* NULL-safe */

/* The elements of styles.xml and of content.xml as they come, without prefix; those of other parts than office:styles
 * and the automatic styles of content.xml are passed over. automatic: they are content.xml's. false: out of memory, or
 * more styles than DK_ODS_MAX_STYLES. */
#define DK_ODS_MAX_STYLES (1u << 17)
bool dk_ods_styles_start(dk_ods_styles *styles, bool automatic, const char *name, const char **attributes);
bool dk_ods_styles_end(dk_ods_styles *styles, const char *name);
void dk_ods_styles_text(dk_ods_styles *styles, const char *text, size_t size);
/* When all have come. */
void dk_ods_styles_resolve(dk_ods_styles *styles);

/* A cell style by its name; DK_ODS_NO_STYLE: there is none. */
#define DK_ODS_NO_STYLE SIZE_MAX
size_t dk_ods_style_find(const dk_ods_styles *styles, const char *name);
/* What a cell of such a style makes of a number; NULL: nothing of its own. It lives as long as styles. */
const dk_sheet_format *dk_ods_style_format(const dk_ods_styles *styles, size_t style, double number);

#endif
