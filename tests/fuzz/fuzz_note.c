/* Notes, checkpoints and keys as anybody may hand them over. */
#include "store/base64.h"
#include "store/checkpoint.h"
#include "tests/fuzz/fuzz_check.h"

#include <string.h>

/* The example of golang.org/x/mod/sumdb/note; nobody can make another text of this key. */
static const char public_key[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char signed_text[] = "If you think cryptography is the answer to your problem,\n"
                                  "then you don't know what your problem is.\n";

static void a_sentence(dk_status status, const dk_error *error)
{
    CHECK(status == DK_INVALID || status == DK_LIMIT);
    CHECK(strlen(error->text) > 20);
}

static void as_note(const char *data, size_t size)
{
    dk_note note;
    dk_error error;
    dk_status status = dk_note_read(data, size, &note, &error);
    if (status != DK_OK) {
        a_sentence(status, &error);
        return;
    }
    dk_buf again;
    dk_buf_init(&again);
    dk_buf_append(&again, note.text, note.text_size);
    dk_buf_byte(&again, '\n');
    CHECK(note.n_lines > 0 && note.text_size > 0 && note.text[note.text_size - 1] == '\n');
    for (size_t i = 0; i < note.n_lines; i++) {
        const dk_note_line *line = &note.lines[i];
        unsigned char id[4] = {(unsigned char)(line->id >> 24), (unsigned char)(line->id >> 16),
                               (unsigned char)(line->id >> 8), (unsigned char)line->id};
        dk_buf bytes;
        dk_buf_init(&bytes);
        CHECK(dk_note_name_valid(line->name, line->name_size) && line->signature_size > 0);
        dk_buf_append(&bytes, id, sizeof id);
        dk_buf_append(&bytes, line->signature, line->signature_size);
        dk_buf_format(&again, "\xe2\x80\x94 %.*s ", (int)line->name_size, line->name);
        dk_base64_append(&again, bytes.data, bytes.size);
        dk_buf_byte(&again, '\n');
        dk_buf_finish(&bytes);
    }
    CHECK(again.size == size && memcmp(again.data, data, size) == 0);
    dk_note_key key;
    uint64_t signers;
    CHECK(dk_note_key_read(public_key, strlen(public_key), &key, &error) == DK_OK);
    status = dk_note_verify(&note, &key, 1, &signers, &error);
    if (status == DK_OK)
        CHECK(signers == 1 && note.text_size == strlen(signed_text) &&
              memcmp(note.text, signed_text, note.text_size) == 0);
    else
        a_sentence(status, &error);
    dk_note_key_finish(&key);
    dk_note_finish(&note);
    dk_buf_finish(&again);
}

static void as_checkpoint(const char *data, size_t size)
{
    dk_checkpoint checkpoint;
    dk_error error;
    const dk_status status = dk_checkpoint_read(data, size, &checkpoint, &error);
    if (status != DK_OK) {
        a_sentence(status, &error);
        return;
    }
    dk_buf again;
    dk_buf_init(&again);
    CHECK(checkpoint.size >= 0 && checkpoint.size <= DK_LOG_SIZE_MAX);
    CHECK(dk_checkpoint_write(&checkpoint, &again, &error) == DK_OK);
    CHECK(again.size <= size && memcmp(again.data, data, again.size) == 0);
    dk_buf_finish(&again);
}

static void as_key(const char *data, size_t size, bool secret)
{
    dk_note_key key;
    dk_error error;
    const dk_status status =
        secret ? dk_note_key_read_private(data, size, &key, &error) : dk_note_key_read(data, size, &key, &error);
    if (status != DK_OK) {
        a_sentence(status, &error);
        return;
    }
    dk_buf again;
    unsigned char signature[DK_NOTE_SIGNATURE];
    dk_buf_init(&again);
    CHECK((secret ? dk_note_key_write_private : dk_note_key_write)(&key, &again, &error) == DK_OK);
    CHECK(again.size == size && memcmp(again.data, data, size) == 0);
    CHECK((dk_note_key_sign(&key, "x", 1, signature, &error) == DK_OK) == secret);
    if (secret)
        CHECK(dk_note_key_verify(&key, "x", 1, signature, sizeof signature));
    dk_buf_finish(&again);
    dk_note_key_finish(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *data = (const char *)bytes;
    as_note(data, size);
    as_checkpoint(data, size);
    as_key(data, size, false);
    as_key(data, size, true);
    return 0;
}
