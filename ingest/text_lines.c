#include "ingest/text_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct dk_text_lines {
    FILE *file;
    char *path;
    dk_encoding encoding;
    dk_decoder *decoder;
    bool has_bom, either;
    int64_t number;
    uint64_t size, consumed;
    dk_buf raw, decoded;
};

static dk_status scan(dk_text_lines *lines, const dk_encoding *encoding, dk_error *err)
{
    dk_text_scan found;
    const dk_status status = dk_text_scan_file(lines->file, lines->path, encoding, "UTF-8 or ANSI", &found, err);
    if (status != DK_OK)
        return status;
    lines->encoding = found.encoding;
    lines->has_bom = found.has_bom;
    lines->either = found.either;
    lines->size = found.size;
    lines->decoder = dk_decoder_create(lines->encoding);
    if (lines->decoder == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", lines->path);
    return dk_text_lines_rewind(lines, err);
}

static dk_status start(FILE *file, const char *path, const dk_encoding *encoding, dk_text_lines **ret_lines,
                       dk_error *err)
{
    dk_status status = DK_OK;
    dk_text_lines *lines = calloc(1, sizeof *lines);
    if (lines == NULL) {
        fclose(file);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    lines->file = file;
    dk_buf_init(&lines->raw);
    dk_buf_init(&lines->decoded);
    lines->path = strdup(path);
    if (lines->path == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status == DK_OK)
        status = scan(lines, encoding, err);
    if (status != DK_OK)
        dk_text_lines_close(lines);
    else
        *ret_lines = lines;
    return status;
}

dk_status dk_text_lines_open(const char *path, const dk_encoding *encoding, dk_text_lines **ret_lines, dk_error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    struct stat info;
    if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
        fclose(file);
        return dk_fail(err, DK_INVALID, "%s: not a regular file", path);
    }
    return start(file, path, encoding, ret_lines, err);
}

dk_status dk_text_lines_open_memory(const void *data, size_t size, const dk_encoding *encoding,
                                    dk_text_lines **ret_lines, dk_error *err)
{
    if (size == 0)
        return dk_fail(err, DK_INVALID, "the text is empty");
    FILE *file = fmemopen((void *)(uintptr_t)data, size, "rb");
    if (file == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    return start(file, "(memory)", encoding, ret_lines, err);
}

void dk_text_lines_close(dk_text_lines *lines)
{
    if (lines == NULL)
        return;
    fclose(lines->file);
    dk_decoder_free(lines->decoder);
    dk_buf_finish(&lines->raw);
    dk_buf_finish(&lines->decoded);
    free(lines->path);
    free(lines);
}

dk_encoding dk_text_lines_encoding(const dk_text_lines *lines)
{
    return lines->encoding;
}

bool dk_text_lines_either(const dk_text_lines *lines)
{
    return lines->either;
}

dk_status dk_text_lines_rewind(dk_text_lines *lines, dk_error *err)
{
    const int bom = lines->has_bom ? 3 : 0;
    if (fseek(lines->file, bom, SEEK_SET) != 0)
        return dk_fail(err, DK_IO, "%s: cannot be read: %s", lines->path, strerror(errno));
    lines->number = 0;
    lines->consumed = (uint64_t)bom;
    return DK_OK;
}

double dk_text_lines_progress(const dk_text_lines *lines)
{
    return (double)lines->consumed / (double)lines->size;
}

dk_status dk_text_lines_next(dk_text_lines *lines, dk_text_line *ret_line, dk_error *err)
{
    dk_buf_clear(&lines->raw);
    int c = getc_unlocked(lines->file);
    if (c == EOF) {
        if (ferror(lines->file))
            return dk_fail(err, DK_IO, "%s: cannot be read: %s", lines->path, strerror(errno));
        return DK_END;
    }
    lines->number++;
    /* In GB18030 neither CR nor LF is ever a later byte of a character. */
    for (; c != EOF && c != '\n' && c != '\r'; c = getc_unlocked(lines->file)) {
        if (lines->raw.size == DK_TEXT_MAX_LINE)
            return dk_fail(err, DK_LIMIT, "%s, line %lld: the line is over %u KiB; this is no coordinate file",
                           lines->path, (long long)lines->number, DK_TEXT_MAX_LINE >> 10);
        dk_buf_byte(&lines->raw, (unsigned char)c);
    }
    lines->consumed += lines->raw.size + (c != EOF);
    if (c == '\r') {
        c = getc_unlocked(lines->file);
        if (c == '\n')
            lines->consumed++;
        else if (c != EOF)
            ungetc(c, lines->file);
    }
    dk_text_line line = {.number = lines->number};
    dk_buf *text = &lines->raw;
    bool ascii = true;
    for (size_t i = 0; i < text->size && ascii; i++)
        ascii = text->data[i] < 0x80;
    if (!ascii) {
        dk_buf_clear(&lines->decoded);
        line.undecodable =
            !dk_decode(lines->decoder, (const char *)text->data, text->size, false, &lines->decoded, NULL);
        text = &lines->decoded;
    }
    line.text = dk_buf_cstr(text);
    line.size = text->size;
    if (line.text == NULL || lines->raw.failed)
        return dk_fail(err, DK_NOMEM, "%s, line %lld: out of memory", lines->path, (long long)lines->number);
    *ret_line = line;
    return DK_OK;
}

void dk_text_line_unquote(dk_text_line *line)
{
    char *text = (char *)(uintptr_t)line->text; /* the reader's own buffer */
    size_t end = line->size, n = 0;
    while (end > 0 && (text[end - 1] == '\t' || text[end - 1] == ' '))
        end--;
    if (end < 2 || text[0] != '"' || text[end - 1] != '"')
        return;
    for (size_t i = 1; i + 1 < end; i++) /* a quote in it is written twice */
        if (text[i] == '"' && (i + 2 == end || text[++i] != '"'))
            return;
    for (size_t i = 1; i + 1 < end; i++) {
        i += text[i] == '"';
        text[n++] = text[i];
    }
    text[n] = '\0';
    line->size = n;
}

dk_status dk_text_line_damaged(const dk_text_line *line, const char *path, const char *wanted, const char *remedy,
                               dk_error *err)
{
    bool readable = !line->undecodable;
    for (size_t i = 0; i < line->size && i < 40; i++)
        readable = readable && ((unsigned char)line->text[i] >= ' ' || line->text[i] == '\t');
    const int shown = dk_utf8_fit(line->text, 40);
    if (!readable)
        return dk_fail(err, DK_INVALID, "%s, line %lld: what is no text stands where %s must be; %s", path,
                       (long long)line->number, wanted, remedy);
    if (line->text[strspn(line->text, " \t")] == '\0')
        return dk_fail(err, DK_INVALID, "%s, line %lld: nothing stands where %s must be; %s", path,
                       (long long)line->number, wanted, remedy);
    return dk_fail(err, DK_INVALID, "%s, line %lld: \"%.*s%s\" stands where %s must be; %s", path,
                   (long long)line->number, shown, line->text, (size_t)shown < line->size ? "..." : "", wanted, remedy);
}
