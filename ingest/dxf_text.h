/* The texts of drawings as one reads them. After the DXF Reference: control codes %%d, Unicode as \U+5730, multi-byte
 * characters as \M+5B5D8 (5: GBK), and in MTEXT the codes of its format. */
#ifndef DK_INGEST_DXF_TEXT_H
#define DK_INGEST_DXF_TEXT_H

#include "ingest/encoding.h"

/* Appends text (size bytes of UTF-8) in plain UTF-8, on one line, without blanks at its ends. gb18030 decodes \M+5. */
void dk_dxf_text(const char *text, size_t size, bool mtext, dk_decoder *gb18030, dk_buf *out);

#endif
