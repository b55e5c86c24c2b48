/* A text file line by line as UTF-8: the bytes decide between UTF-8 and GB18030; a line ends with LF, CR LF or CR
 * alone. No more than one line is held in memory. */
#ifndef DK_INGEST_TEXT_LINES_H
#define DK_INGEST_TEXT_LINES_H

#include "ingest/encoding.h"

#define DK_TEXT_MAX_LINE (64u << 10) /* bytes in the file */

typedef struct dk_text_lines dk_text_lines;

typedef struct dk_text_line {
    const char *text; /* UTF-8, without its end, with a NUL behind it; borrowed until the next line */
    size_t size;
    int64_t number;   /* from 1 */
    bool undecodable; /* some of its bytes are no text in the file's encoding; U+FFFD stands for them */
} dk_text_line;

/* Opens a file; scans all of it for its encoding unless that is given. DK_INVALID: empty, UTF-16, not a text. */
dk_status dk_text_lines_open(const char *path, const dk_encoding *encoding, dk_text_lines **ret_lines, dk_error *err);
/* The same over bytes in memory, which must outlive the reader. */
dk_status dk_text_lines_open_memory(const void *data, size_t size, const dk_encoding *encoding,
                                    dk_text_lines **ret_lines, dk_error *err);
void dk_text_lines_close(dk_text_lines *lines); /* NULL-safe */
dk_encoding dk_text_lines_encoding(const dk_text_lines *lines);
/* Whether its bytes are text in the other encoding, too, and none was given. */
bool dk_text_lines_either(const dk_text_lines *lines);
dk_status dk_text_lines_rewind(dk_text_lines *lines, dk_error *err);
/* The next line, DK_END behind the last, DK_LIMIT for one that is longer than DK_TEXT_MAX_LINE. */
dk_status dk_text_lines_next(dk_text_lines *lines, dk_text_line *ret_line, dk_error *err);
/* Takes off the quotes that a spreadsheet puts around a line with commas when it saves the file as a text. */
void dk_text_line_unquote(dk_text_line *line);
/* DK_INVALID with the sentence that a line stands where something else must be, and what to do. It quotes what of the
 * line can be read. */
dk_status dk_text_line_damaged(const dk_text_line *line, const char *path, const char *wanted, const char *remedy,
                               dk_error *err);
/* How far the reader is, from 0 to 1. */
double dk_text_lines_progress(const dk_text_lines *lines);

#endif
