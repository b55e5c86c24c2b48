#include "store/note.h"

#include "store/base64.h"
#include "store/text.h"

#include <stdlib.h>
#include <string.h>

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a blank */
enum { DASH = sizeof dash - 1, ID = 4 };

/* UTF-8 without control characters but newlines. */
static bool plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\n')
            return false;
    return dk_utf8_valid(text, size);
}

void dk_note_finish(dk_note *note)
{
    free(note->lines);
    free(note->bytes);
    *note = (dk_note){.text = NULL};
}

/* One line without its newline; its bytes go behind the *n_bytes that are there. */
static dk_status read_line(const char *line, size_t size, dk_note *note, dk_buf *work, size_t *n_bytes, dk_error *err)
{
    const size_t number = note->n_lines + 1;
    const char *name = line + DASH, *end = line + size;
    if (size < DASH || memcmp(line, dash, DASH) != 0)
        return dk_fail(err, DK_INVALID, "Line %zu behind the note's text does not begin with a dash, as signatures do.",
                       number);
    const char *blank = memchr(name, ' ', (size_t)(end - name));
    if (blank == NULL || !dk_note_name_valid(name, (size_t)(blank - name)))
        return dk_fail(err, DK_INVALID, "Signature %zu of the note does not name its key.", number);
    dk_buf_clear(work);
    if (!dk_base64_read(blank + 1, (size_t)(end - blank - 1), work) || (!work->failed && work->size <= ID))
        return dk_fail(err, DK_INVALID, "Signature %zu of the note is not base 64 of a key's id and a signature.",
                       number);
    if (work->failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    unsigned char *bytes = note->bytes + *n_bytes;
    memcpy(bytes, work->data, work->size);
    *n_bytes += work->size;
    note->lines[note->n_lines++] = (dk_note_line){
        .name = name,
        .name_size = (size_t)(blank - name),
        .id = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3],
        .signature = bytes + ID,
        .signature_size = work->size - ID,
    };
    return DK_OK;
}

dk_status dk_note_read(const char *data, size_t size, dk_note *ret_note, dk_error *err)
{
    if (size > DK_NOTE_SIZE_MAX)
        return dk_fail(err, DK_LIMIT, "The note has %zu bytes; dikuai reads notes of up to %d.", size,
                       DK_NOTE_SIZE_MAX);
    if (!plain(data, size))
        return dk_fail(err, DK_INVALID, "This is no signed note: it is not UTF-8, or has control characters.");
    size_t text_size = size;
    while (text_size >= 2 && !(data[text_size - 1] == '\n' && data[text_size - 2] == '\n'))
        text_size--;
    /* "text\n" "\n" "signatures\n" */
    if (text_size < 2 || text_size == size || data[size - 1] != '\n')
        return dk_fail(err, DK_INVALID,
                       "This is no signed note: it must be a text, an empty line, and lines with signatures.");
    dk_note note = {.text = data, .text_size = text_size - 1};
    dk_buf work;
    dk_buf_init(&work);
    dk_status status = DK_OK;
    size_t n_bytes = 0, n_lines = 0;
    for (size_t i = text_size; i < size; i++)
        n_lines += data[i] == '\n';
    if (n_lines > DK_NOTE_LINES_MAX)
        return dk_fail(err, DK_LIMIT, "The note has %zu signatures; dikuai reads notes with up to %d.", n_lines,
                       DK_NOTE_LINES_MAX);
    note.lines = calloc(n_lines, sizeof *note.lines);
    note.bytes = malloc(size); /* base 64 is longer than what it stands for */
    if (note.lines == NULL || note.bytes == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    for (const char *at = data + text_size, *end = data + size; at < end && status == DK_OK;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        status = read_line(at, (size_t)(newline - at), &note, &work, &n_bytes, err);
        at = newline + 1;
    }
    dk_buf_finish(&work);
    if (status == DK_OK)
        *ret_note = note;
    else
        dk_note_finish(&note);
    return status;
}

static bool made_by(const dk_note_line *line, const dk_note_key *key)
{
    return line->id == key->id && line->name_size == strlen(key->name) &&
           memcmp(line->name, key->name, line->name_size) == 0;
}

dk_status dk_note_verify(const dk_note *note, const dk_note_key *keys, size_t n, uint64_t *ret_signed, dk_error *err)
{
    uint64_t signers = 0;
    if (n > DK_NOTE_KEYS_MAX)
        return dk_fail(err, DK_LIMIT, "A note is checked with %d keys at most.", DK_NOTE_KEYS_MAX);
    for (size_t l = 0; l < note->n_lines; l++)
        for (size_t k = 0; k < n; k++) {
            const dk_note_line *line = &note->lines[l];
            if (!made_by(line, &keys[k]))
                continue;
            if (!dk_note_key_verify(&keys[k], note->text, note->text_size, line->signature, line->signature_size))
                return dk_fail(err, DK_INVALID, "The signature of %s is wrong: the note was changed, or is not theirs.",
                               keys[k].name);
            signers |= UINT64_C(1) << k;
        }
    if (signers == 0)
        return dk_fail(err, DK_INVALID,
                       "None of the keys that you trust signed the note; ask its owner for the key in force.");
    *ret_signed = signers;
    return DK_OK;
}

static dk_status append_signature(const char *text, size_t size, const dk_note_key *key, dk_buf *out, dk_error *err)
{
    unsigned char bytes[ID + DK_NOTE_SIGNATURE];
    const dk_status status = dk_note_key_sign(key, text, size, bytes + ID, err);
    if (status != DK_OK)
        return status;
    for (int i = 0; i < ID; i++)
        bytes[i] = (unsigned char)(key->id >> (24 - 8 * i));
    dk_buf_format(out, "%s%s ", dash, key->name);
    dk_base64_append(out, bytes, sizeof bytes);
    dk_buf_byte(out, '\n');
    return out->failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

dk_status dk_note_sign(const char *text, size_t size, const dk_note_key *keys, size_t n, dk_buf *out, dk_error *err)
{
    if (size == 0 || text[size - 1] != '\n' || !plain(text, size))
        return dk_fail(err, DK_INVALID,
                       "A text to be signed is UTF-8 without control characters and ends with a newline.");
    if (n == 0 || n > DK_NOTE_LINES_MAX)
        return dk_fail(err, DK_INVALID, "A note needs a key to sign it, and has %d signatures at most.",
                       DK_NOTE_LINES_MAX);
    dk_status status = DK_OK;
    dk_buf_append(out, text, size);
    dk_buf_byte(out, '\n');
    for (size_t i = 0; i < n && status == DK_OK; i++)
        status = append_signature(text, size, &keys[i], out, err);
    return status;
}

dk_status dk_note_add(const char *data, size_t size, const dk_note_key *key, dk_buf *out, dk_error *err)
{
    dk_note note;
    dk_status status = dk_note_read(data, size, &note, err);
    if (status != DK_OK)
        return status;
    if (note.n_lines == DK_NOTE_LINES_MAX)
        status = dk_fail(err, DK_LIMIT, "The note has as many signatures as it may have.");
    if (status == DK_OK) {
        dk_buf_append(out, data, size);
        status = append_signature(note.text, note.text_size, key, out, err);
    }
    dk_note_finish(&note);
    return status;
}
