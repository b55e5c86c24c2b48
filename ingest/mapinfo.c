#include "ingest/mapinfo.h"

#include "ingest/shapefile.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Whether a line begins with the word, in any case; *ret_rest is what follows the blanks behind it. */
static bool begins(const char *line, size_t size, const char *word, size_t *ret_rest)
{
    const size_t n = strlen(word);
    size_t at = 0;
    while (at < size && (line[at] == ' ' || line[at] == '\t'))
        at++;
    if (size - at < n || strncasecmp(line + at, word, n) != 0)
        return false;
    at += n;
    if (at < size && !isspace((unsigned char)line[at]))
        return false;
    while (at < size && (line[at] == ' ' || line[at] == '\t'))
        at++;
    *ret_rest = at;
    return true;
}

/* Notes the name of a character set that begins at data[at], in quotes or not. */
static void note_charset(dk_mapinfo_head *head, const char *data, size_t at, size_t end)
{
    if (at < end && data[at] == '"')
        at++;
    size_t size = 0;
    while (at + size < end && data[at + size] != '"' && (unsigned char)data[at + size] > ' ')
        size++;
    if (size == 0 || head->n_charsets == sizeof head->charset / sizeof *head->charset)
        return;
    head->charset[head->n_charsets] = at;
    head->charset_size[head->n_charsets++] = size;
    if (size != 7 || strncasecmp(data + at, "Neutral", 7) != 0)
        head->neutral = false;
}

static void note_type(dk_mapinfo_head *head, const char *data, size_t at, size_t end)
{
    size_t n = 0;
    if (at < end && data[at] == '"')
        at++;
    for (; at < end && isalnum((unsigned char)data[at]) && n + 1 < sizeof head->type; at++)
        head->type[n++] = (char)toupper((unsigned char)data[at]);
    head->type[n] = '\0';
    for (; at + 7 < end; at++) {
        size_t rest;
        if ((data[at] == ' ' || data[at] == '\t') && begins(data + at, end - at, "Charset", &rest)) {
            note_charset(head, data, at + rest, end);
            break;
        }
    }
}

/* The next word of a line from at on, a name in quotes as one; *ret_size 0: there is none. Behind it. */
static size_t next_word(const char *line, size_t size, size_t at, size_t *ret_from, size_t *ret_size)
{
    while (at < size && (line[at] == ' ' || line[at] == '\t'))
        at++;
    const bool quoted = at < size && line[at] == '"';
    at += quoted;
    *ret_from = at;
    while (at < size && (quoted ? line[at] != '"' : strchr(" \t(;,", line[at]) == NULL))
        at++;
    *ret_size = at - *ret_from;
    return at + (quoted && at < size);
}

static size_t number_at(const char *text, size_t at, size_t end)
{
    size_t number = 0;
    for (; at < end && isdigit((unsigned char)text[at]) && number < 100000; at++)
        number = number * 10 + (size_t)(text[at] - '0');
    return number;
}

/* A line below Fields: NAME Type (…) Index 1 ; false: it is none. */
static bool note_field(dk_mapinfo_head *head, const char *line, size_t size)
{
    size_t from, n;
    const size_t behind = next_word(line, size, 0, &from, &n);
    if (n > 0)
        next_word(line, size, behind, &from, &n);
    if (n == 0 || head->n_fields == DK_MAPINFO_MAX_FIELDS)
        return false;
    const bool text =
        (n == 4 && strncasecmp(line + from, "Char", n) == 0) || (n == 7 && strncasecmp(line + from, "Decimal", n) == 0);
    head->binary[head->n_fields++] = !text;
    return true;
}

/* CoordSys Earth Projection 8, … Affine Units "m", A, B, C, D, E, F; as MAPINFOW.PRJ writes it, 1000 is added to the
 * projection, and 3000 where bounds follow, too. */
static bool is_affine(const char *line, size_t size)
{
    size_t rest;
    for (size_t at = 1; at < size; at++) {
        if (isalnum((unsigned char)line[at - 1]))
            continue;
        if (begins(line + at, size - at, "Affine", &rest))
            return true;
        if (begins(line + at, size - at, "Projection", &rest)) {
            at += rest;
            const size_t number = number_at(line, at, size);
            if (number / 1000 == 1 || number / 1000 == 3)
                return true;
        }
    }
    return false;
}

dk_status dk_mapinfo_parse(const char *data, size_t size, bool tab, const char *path, dk_mapinfo_head *ret_head,
                           dk_error *err)
{
    dk_mapinfo_head head = {.neutral = true, .delimiter = '\t'};
    bool started = false, ended = false;
    size_t rest, n_fields = 0; /* which are announced */
    for (size_t at = 0; at < size && !ended;) {
        size_t line = 0;
        while (at + line < size && data[at + line] != '\n' && data[at + line] != '\r')
            line++;
        const char *text = data + at;
        if (head.n_fields < n_fields && line > 0 && !note_field(&head, text, line))
            n_fields = 0;
        if (tab ? begins(text, line, "!table", &rest) : begins(text, line, "Version", &rest))
            started = true;
        else if (begins(text, line, tab ? "!charset" : "Charset", &rest))
            note_charset(&head, data, at + rest, at + line);
        else if (tab && head.type[0] == '\0' && begins(text, line, "Type", &rest))
            note_type(&head, data, at + rest, at + line);
        else if (tab && head.n_fields == 0 && begins(text, line, "Fields", &rest))
            n_fields = number_at(text, rest, line);
        else if (!tab && begins(text, line, "Delimiter", &rest) && line >= rest + 2 && text[rest] == '"')
            head.delimiter = text[rest + 1];
        else if (!tab && begins(text, line, "CoordSys", &rest))
            head.affine = is_affine(text, line);
        ended = !tab && begins(text, line, "Data", &rest);
        at += line + (at + line < size);
        head.size = at;
    }
    if (!started || (!tab && !ended))
        return dk_fail(err, DK_INVALID, "%s: not a MapInfo %s: %s; export the table again", path, tab ? "table" : "MIF",
                       !started ? (tab ? "there is no line !table" : "there is no line Version")
                                : "there is no line Data behind its columns");
    if (tab && strcmp(head.type, "NATIVE") != 0 && strcmp(head.type, "DBF") != 0)
        return dk_fail(err, DK_INVALID,
                       "%s: a MapInfo table of type %s, which is not read; save a copy of it as a native table, or "
                       "export it as MIF",
                       path, head.type[0] ? head.type : "unknown");
    *ret_head = head;
    return DK_OK;
}

void dk_mapinfo_neutral(const char *data, const dk_mapinfo_head *head, dk_buf *out)
{
    size_t at = 0;
    for (size_t i = 0; i < head->n_charsets; i++) {
        dk_buf_append(out, data + at, head->charset[i] - at);
        dk_buf_text(out, "Neutral");
        at = head->charset[i] + head->charset_size[i];
    }
    dk_buf_append(out, data + at, head->size - at);
}

/* ---- files ---- */

static dk_status missing(const char *path, const char *part, dk_error *err)
{
    return dk_fail(err, DK_INVALID,
                   "%s: the .%s beside it is missing; a MapInfo table is several files that belong together (.tab, "
                   ".dat, .map, .id, or .mif and .mid): copy all of them",
                   path, part);
}

/* Lines that are not blank; a line end in quotes ends none. */
typedef struct line_count {
    int64_t n;
    bool quoted, filled;
} line_count;

static void count_lines(line_count *lines, const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const bool end = !lines->quoted && (data[i] == '\n' || data[i] == '\r');
        lines->quoted ^= data[i] == '"';
        lines->n += end && lines->filled;
        lines->filled = !end && (lines->filled || data[i] > ' ');
    }
}

/* Adds what the texts of the rows can be. ret_table: NULL for a MIF. */
static dk_status scan_rows(const char *path, const char *rows, const dk_mapinfo_head *head, dk_dbf *ret_table,
                           dk_utf8_check *check, int64_t *ret_rows, dk_error *err)
{
    if (ret_table != NULL) {
        dk_encoding encoding = DK_ENCODING_UTF8;
        const dk_status status = dk_dbf_examine(rows, head->binary, head->n_fields, ret_table, &encoding, err);
        if (status == DK_OK && encoding != DK_ENCODING_UTF8)
            check->wrong += check->wide + 1; /* it decides */
        check->beyond_ascii = true;          /* not told: the copy costs nothing, as the rows are only linked */
        return status;
    }
    FILE *file = fopen(rows, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", rows, strerror(errno));
    unsigned char block[16384];
    line_count lines = {0};
    size_t got;
    while ((got = fread(block, 1, sizeof block, file)) > 0) {
        dk_utf8_check_add(check, block, got);
        count_lines(&lines, block, got);
    }
    *ret_rows = lines.n + lines.filled;
    const bool bad = ferror(file) != 0;
    fclose(file);
    return bad ? dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno)) : DK_OK;
}

/* A copy of the table with a neutral head: the head anew, a MIF's data behind it, the other files as links. */
static dk_status copy_neutral(const char *path, bool tab, FILE *from, const char *data, const dk_mapinfo_head *head,
                              char **ret_file, dk_scratch **ret_scratch, dk_error *err)
{
    static const char *const parts[2][6] = {{"mid", NULL}, {"dat", "map", "id", "ind", "dbf", NULL}};
    dk_buf neutral;
    FILE *to = NULL;
    dk_scratch *scratch = NULL;
    char *file = NULL, block[65536];
    dk_buf_init(&neutral);
    dk_mapinfo_neutral(data, head, &neutral);
    dk_status status = dk_scratch_create(&scratch, err);
    if (status == DK_OK)
        status = dk_scratch_file(scratch, tab ? "t.tab" : "t.mif", &to, err);
    if (status != DK_OK)
        goto out;
    bool good = !neutral.failed && fwrite(neutral.data, 1, neutral.size, to) == neutral.size;
    good = good && fseek(from, (long)head->size, SEEK_SET) == 0;
    for (size_t got; good && (got = fread(block, 1, sizeof block, from)) > 0;)
        good = fwrite(block, 1, got, to) == got;
    good = fclose(to) == 0 && good && !ferror(from);
    if (!good) {
        status = dk_fail(err, DK_FULL,
                         "%s: cannot be copied into the temporary folder; set TMPDIR to a folder with room", path);
        goto out;
    }
    for (size_t i = 0; parts[tab][i] != NULL && status == DK_OK; i++) {
        char name[8];
        char *other = dk_sibling(path, parts[tab][i]);
        snprintf(name, sizeof name, "t.%s", parts[tab][i]);
        if (other != NULL)
            status = dk_scratch_link(scratch, name, other, err);
        free(other);
    }
    file = dk_scratch_join(scratch, tab ? "t.tab" : "t.mif");
    if (status == DK_OK && file == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status == DK_OK) {
        *ret_file = file;
        *ret_scratch = scratch;
        file = NULL;
        scratch = NULL;
    }
out:
    free(file);
    dk_scratch_remove(scratch);
    dk_buf_finish(&neutral);
    return status;
}

/* The header block of a .map of version 500 and later has 1024 bytes, and the parameters of an affine transformation
 * behind the first 512, where a byte says whether they hold; earlier versions know none. */
static bool map_is_affine(const char *path)
{
    unsigned char header[0x201];
    FILE *file = fopen(path, "rb");
    const bool whole = file != NULL && fread(header, 1, sizeof header, file) == sizeof header;
    if (file != NULL)
        fclose(file);
    return whole && (header[0x104] | header[0x105] << 8) >= 500 && header[0x200] != 0;
}

/* The bytes are text in both encodings: what the table says of its character set decides, if it says one of them. */
static void settle_encoding(dk_mapinfo_table *table, const char *data, const dk_mapinfo_head *head)
{
    dk_encoding declared = DK_ENCODING_UTF8;
    bool says = false;
    for (size_t i = 0; i < head->n_charsets && !says; i++) {
        char name[40];
        const size_t size = head->charset_size[i] < sizeof name ? head->charset_size[i] : sizeof name - 1;
        snprintf(name, sizeof name, "%.*s", (int)size, data + head->charset[i]);
        says = dk_encoding_declared(name, &declared);
    }
    table->encoding = declared;
    table->either_note = dk_encoding_either_note(says ? &declared : NULL);
}

dk_status dk_mapinfo_prepare(const char *path, bool tab, dk_mapinfo_table *ret_table, dk_error *err)
{
    dk_status status = DK_OK;
    dk_mapinfo_head head;
    char *data = NULL, *rows = NULL;
    dk_utf8_check check = {0};
    dk_mapinfo_table table = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    data = malloc(DK_MAPINFO_MAX_HEAD);
    if (data == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        goto out;
    }
    const size_t size = fread(data, 1, DK_MAPINFO_MAX_HEAD, file);
    status = dk_mapinfo_parse(data, size, tab, path, &head, err);
    if (status != DK_OK)
        goto out;
    const bool dbf = strcmp(head.type, "DBF") == 0;
    if (dbf) /* which says of each field itself what it is */
        head.n_fields = 0;
    const char *part = !tab ? "mid" : dbf ? "dbf" : "dat";
    rows = dk_sibling(path, part);
    if (rows == NULL) {
        status = missing(path, part, err);
        goto out;
    }
    for (size_t i = 0; tab && i < 2; i++) {
        static const char *const shapes[] = {"map", "id"};
        char *other = dk_sibling(path, shapes[i]);
        if (other == NULL)
            status = missing(path, shapes[i], err);
        else if (i == 0)
            table.affine = map_is_affine(other);
        free(other);
        if (status != DK_OK)
            goto out;
    }
    dk_utf8_check_add(&check, (const unsigned char *)data, head.size);
    dk_utf8_check_break(&check); /* a name cut in the middle of a character must not spoil what follows */
    status = scan_rows(path, rows, &head, tab ? &table.dbf : NULL, &check, &table.n_rows, err);
    if (status != DK_OK)
        goto out;
    table.encoding = dk_utf8_check_meant(&check) ? DK_ENCODING_UTF8 : DK_ENCODING_GB18030;
    /* The texts of a TAB were looked at apart from its head. */
    if (tab ? table.dbf.either && check.wide == 0 && check.wrong == 0 : dk_utf8_check_either(&check))
        settle_encoding(&table, data, &head);
    table.delimiter = head.delimiter;
    table.affine |= head.affine;
    if (!head.neutral && check.beyond_ascii)
        status = copy_neutral(path, tab, file, data, &head, &table.copy, &table.scratch, err);
    if (status == DK_OK) {
        table.rows_file = rows;
        rows = NULL;
        *ret_table = table;
        table.dbf = (dk_dbf){0};
    }
out:
    dk_dbf_finish(&table.dbf);
    free(data);
    free(rows);
    fclose(file);
    return status;
}
