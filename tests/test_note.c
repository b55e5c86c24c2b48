/* Oracles: the example of golang.org/x/mod/sumdb/note (package documentation), the examples of C2SP tlog-checkpoint and
 * tlog-proof, RFC 8032 section 7.1, and for SM2 the example of GM/T 0003.5-2012 annex A (GB/T 32918.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include <cmocka.h>

#include "store/base64.h"
#include "store/checkpoint.h"
#include "store/log_proof.h"

static const char neumann_public[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char neumann_private[] = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
static const char neumann_text[] = "If you think cryptography is the answer to your problem,\n"
                                   "then you don't know what your problem is.\n";
static const char neumann_line[] =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static dk_note_key public_key(const char *text)
{
    dk_note_key key;
    dk_error error;
    if (dk_note_key_read(text, strlen(text), &key, &error) != DK_OK)
        fail_msg("%s", error.text);
    return key;
}

static dk_note_key private_key(const char *text)
{
    dk_note_key key;
    dk_error error;
    if (dk_note_key_read_private(text, strlen(text), &key, &error) != DK_OK)
        fail_msg("%s", error.text);
    return key;
}

static dk_note_key made(const char *name, dk_note_algorithm algorithm)
{
    dk_note_key key;
    dk_error error;
    if (dk_note_key_make(name, algorithm, &key, &error) != DK_OK)
        fail_msg("%s", error.text);
    return key;
}

/* What a note says of keys: the bits, or the sentence. */
static dk_status verify(const char *text, size_t size, const dk_note_key *keys, size_t n, uint64_t *ret_signed,
                        dk_error *error)
{
    dk_note note;
    dk_status status = dk_note_read(text, size, &note, error);
    if (status != DK_OK)
        return status;
    status = dk_note_verify(&note, keys, n, ret_signed, error);
    dk_note_finish(&note);
    return status;
}

static void the_example_of_the_go_package(void **state)
{
    (void)state;
    dk_note_key keys[] = {private_key(neumann_private), public_key(neumann_public)};
    assert_string_equal(keys[0].name, "PeterNeumann");
    assert_int_equal(keys[0].id, 0xc74f20a3);
    assert_true(keys[0].secret);
    assert_false(keys[1].secret);
    dk_buf note, text;
    dk_buf_init(&note);
    dk_buf_init(&text);
    assert_int_equal(dk_note_sign(neumann_text, strlen(neumann_text), keys, 1, &note, NULL), DK_OK);
    char expected[400];
    snprintf(expected, sizeof expected, "%s\n%s", neumann_text, neumann_line);
    assert_string_equal(dk_buf_cstr(&note), expected);
    uint64_t signers;
    assert_int_equal(verify(expected, strlen(expected), keys, 2, &signers, NULL), DK_OK);
    assert_int_equal(signers, 3);
    assert_int_equal(dk_note_key_write(&keys[0], &text, NULL), DK_OK);
    assert_string_equal(dk_buf_cstr(&text), neumann_public);
    dk_buf_clear(&text);
    assert_int_equal(dk_note_key_write_private(&keys[0], &text, NULL), DK_OK);
    assert_string_equal(dk_buf_cstr(&text), neumann_private);
    dk_error error;
    assert_int_equal(dk_note_key_write_private(&keys[1], &text, &error), DK_INVALID);
    dk_buf_clear(&note);
    assert_int_equal(dk_note_sign(neumann_text, strlen(neumann_text), keys + 1, 1, &note, &error), DK_INVALID);
    dk_buf_finish(&note);
    dk_buf_finish(&text);
    dk_note_key_finish(&keys[0]);
    dk_note_key_finish(&keys[1]);
}

/* As the tests of the Go package mangle them. */
static void a_key_that_was_mangled_is_refused(void **state)
{
    (void)state;
    const char *const whole[] = {neumann_public, neumann_private};
    for (int which = 0; which < 2; which++) {
        dk_status (*read)(const char *, size_t, dk_note_key *, dk_error *) =
            which == 0 ? dk_note_key_read : dk_note_key_read_private;
        char text[128];
        dk_note_key key;
        dk_error error;
        const size_t n = strlen(whole[which]);
        memcpy(text, whole[which], n + 1);
        for (size_t i = 0; i <= n; i++)
            for (size_t j = i; j <= n; j++)
                if (i != 0 || j != n)
                    assert_int_equal(read(text + i, j - i, &key, &error), DK_INVALID);
        for (size_t i = 0; i < n; i++) {
            text[i]++;
            assert_int_equal(read(text, n, &key, &error), DK_INVALID);
            text[i]--;
            /* nothing of a private key is repeated */
            if (which == 1)
                assert_null(strstr(error.text, "AYEKFALVFGyNhPJEMzD1QIDr"));
        }
    }
    dk_note_key key;
    dk_error error;
    static const char long_key[] = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
    assert_int_equal(dk_note_key_read(long_key, strlen(long_key), &key, &error), DK_INVALID);
    static const char unknown[] = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_int_equal(dk_note_key_read(unknown, strlen(unknown), &key, &error), DK_INVALID);
    assert_string_equal(
        error.text, "The public key of PeterNeumann is of a type that dikuai does not know; it knows Ed25519 and SM2.");
}

static void names_of_keys(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "dk.example.gov.cn/log", "砀山县/公开日志", "a-b_c"};
    static const char *const bad[] = {"",
                                      "a b",
                                      "a+b",
                                      "a\tb",
                                      "a\nb",
                                      "a\xc2\xa0"
                                      "b",
                                      "a\xe3\x80\x80"
                                      "b",
                                      "a\xe2\x80\xa8",
                                      "\xc2\x85",
                                      "a\xff"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(dk_note_name_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(dk_note_name_valid(bad[i], strlen(bad[i])));
    char name[300];
    memset(name, 'x', sizeof name);
    assert_true(dk_note_name_valid(name, 255));
    assert_false(dk_note_name_valid(name, 256));
    dk_note_key key;
    dk_error error;
    assert_int_equal(dk_note_key_make("a b", DK_NOTE_ED25519, &key, &error), DK_INVALID);
}

static void unhex(const char *hex, unsigned char *bytes)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (unsigned char)byte;
    }
}

/* The key "example" of bytes that a standard publishes. */
static dk_note_key published_key(const char *type, const char *public_hex, const char *private_hex)
{
    unsigned char bytes[160], digest[32], text[200] = "example\n";
    char hash[9];
    dk_buf written;
    const size_t type_size = strlen(type), public_size = strlen(public_hex) / 2;
    memcpy(bytes, type, type_size);
    unhex(public_hex, bytes + type_size);
    memcpy(text + 8, bytes, type_size + public_size);
    SHA256(text, 8 + type_size + public_size, digest);
    snprintf(hash, sizeof hash, "%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
    dk_buf_init(&written);
    dk_buf_format(&written, "%sexample+%s+", private_hex != NULL ? "PRIVATE+KEY+" : "", hash);
    if (private_hex != NULL)
        unhex(private_hex, bytes + type_size);
    dk_base64_append(&written, bytes, type_size + (private_hex != NULL ? strlen(private_hex) / 2 : public_size));
    const dk_note_key key =
        private_hex != NULL ? private_key(dk_buf_cstr(&written)) : public_key(dk_buf_cstr(&written));
    dk_buf_finish(&written);
    return key;
}

/* RFC 8032 section 7.1, TEST 1 to 3. */
static void ed25519_signs_as_rfc_8032_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *secret, *public, *message, *signature;
    } tests[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bb"
         "e246551"
         "41438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302"
         "aeeb00d"
         "291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed"
         "28dc027"
         "beceea1ec40a"},
    };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        unsigned char message[2], wanted[64], given[64];
        const size_t size = strlen(tests[i].message) / 2;
        dk_note_key key = published_key("\x01", tests[i].public, tests[i].secret),
                    other = published_key("\x01", tests[i].public, NULL);
        unhex(tests[i].message, message);
        unhex(tests[i].signature, wanted);
        assert_int_equal(dk_note_key_sign(&key, message, size, given, NULL), DK_OK);
        assert_memory_equal(given, wanted, 64);
        assert_true(dk_note_key_verify(&other, message, size, wanted, 64));
        assert_false(dk_note_key_verify(&other, message, size, wanted, 63));
        dk_note_key_finish(&key);
        dk_note_key_finish(&other);
    }
}

static const char sm2_type[] = "\xff"
                               "dikuai SM2-SM3 v1";
static const char sm2_secret[] = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";
static const char sm2_public[] = "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
                                 "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
static const char sm2_signature[] = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
                                    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA";

/* The signatures of SM2 have a random part, so ours are checked by the key that takes the published one. That the
 * private key is taken shows that its public part is the published one: the hash is of that. */
static void sm2_verifies_the_published_example(void **state)
{
    (void)state;
    static const char message[] = "message digest";
    unsigned char signature[64];
    dk_note_key key = published_key(sm2_type, sm2_public, NULL), own = published_key(sm2_type, sm2_public, sm2_secret);
    unhex(sm2_signature, signature);
    assert_true(dk_note_key_verify(&key, message, strlen(message), signature, 64));
    assert_true(dk_note_key_verify(&own, message, strlen(message), signature, 64));
    assert_false(dk_note_key_verify(&key, "message digesu", strlen(message), signature, 64));
    for (size_t bit = 0; bit < 512; bit++) {
        signature[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_false(dk_note_key_verify(&key, message, strlen(message), signature, 64));
        signature[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    memset(signature, 0, sizeof signature);
    assert_false(dk_note_key_verify(&key, message, strlen(message), signature, 64));
    unsigned char first[64];
    assert_int_equal(dk_note_key_sign(&own, message, strlen(message), first, NULL), DK_OK);
    assert_int_equal(dk_note_key_sign(&own, message, strlen(message), signature, NULL), DK_OK);
    assert_memory_not_equal(first, signature, 64);
    assert_true(dk_note_key_verify(&key, message, strlen(message), first, 64));
    assert_true(dk_note_key_verify(&key, message, strlen(message), signature, 64));
    dk_note_key_finish(&key);
    dk_note_key_finish(&own);
}

static void keys_that_no_curve_has_are_refused(void **state)
{
    (void)state;
    static const char *const secrets[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122", /* n - 1 */
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        unsigned char bytes[18 + 32];
        dk_buf text;
        dk_note_key key;
        dk_error error;
        dk_buf_init(&text);
        memcpy(bytes, sm2_type, 18);
        unhex(secrets[i], bytes + 18);
        dk_buf_text(&text, "PRIVATE+KEY+example+00000000+");
        dk_base64_append(&text, bytes, sizeof bytes);
        assert_int_equal(dk_note_key_read_private((const char *)text.data, text.size, &key, &error), DK_INVALID);
        assert_string_equal(error.text, "The private key of example is no key of its type; give it as it was made.");
        dk_buf_finish(&text);
    }
    unsigned char bytes[18 + 65];
    dk_buf text;
    dk_note_key key;
    dk_error error;
    dk_buf_init(&text);
    memcpy(bytes, sm2_type, 18);
    unhex(sm2_public, bytes + 18);
    bytes[50] ^= 1; /* a point beside the curve */
    dk_buf_text(&text, "example+00000000+");
    dk_base64_append(&text, bytes, sizeof bytes);
    assert_int_equal(dk_note_key_read((const char *)text.data, text.size, &key, &error), DK_INVALID);
    assert_string_equal(error.text, "The public key of example is no key of its type; give it as it was made.");
    dk_buf_finish(&text);
}

static void two_keys_sign_and_unknown_ones_are_no_matter(void **state)
{
    (void)state;
    dk_note_key keys[] = {made("dk.example.gov.cn/log", DK_NOTE_ED25519), made("dk.example.gov.cn/log", DK_NOTE_SM2),
                          made("witness.example", DK_NOTE_ED25519)};
    dk_buf note, more, text;
    dk_buf_init(&note);
    dk_buf_init(&more);
    dk_buf_init(&text);
    dk_error error;
    uint64_t signers;
    assert_int_equal(dk_note_sign("征收\n\n公告\n", strlen("征收\n\n公告\n"), keys, 2, &note, &error), DK_OK);
    assert_int_equal(dk_note_add((const char *)note.data, note.size, &keys[2], &more, &error), DK_OK);
    assert_int_equal(verify((const char *)more.data, more.size, keys, 3, &signers, &error), DK_OK);
    assert_int_equal(signers, 7);
    assert_int_equal(verify((const char *)more.data, more.size, keys + 2, 1, &signers, &error), DK_OK);
    assert_int_equal(signers, 1);
    assert_int_equal(verify((const char *)note.data, note.size, keys + 2, 1, &signers, &error), DK_INVALID);
    assert_string_equal(error.text,
                        "None of the keys that you trust signed the note; ask its owner for the key in force.");
    assert_int_equal(verify((const char *)note.data, note.size, keys, 0, &signers, &error), DK_INVALID);

    /* The text of both is the same, with the empty line in it. */
    dk_note read;
    assert_int_equal(dk_note_read((const char *)more.data, more.size, &read, &error), DK_OK);
    assert_int_equal(read.n_lines, 3);
    assert_int_equal(read.text_size, strlen("征收\n\n公告\n"));
    dk_note_finish(&read);

    /* A wrong signature of a known key counts, though another is right; of an unknown key it does not. */
    char *wrong = strdup((const char *)dk_buf_cstr(&more));
    char *last = strstr(wrong, "witness.example ") + strlen("witness.example ") + 20;
    *last = *last == 'A' ? 'B' : 'A';
    assert_int_equal(verify(wrong, strlen(wrong), keys, 3, &signers, &error), DK_INVALID);
    assert_string_equal(error.text,
                        "The signature of witness.example is wrong: the note was changed, or is not theirs.");
    assert_int_equal(verify(wrong, strlen(wrong), keys, 2, &signers, &error), DK_OK);
    assert_int_equal(signers, 3);
    free(wrong);

    /* A key is known by name and id: one of another name is another, though the id is the same. */
    char *renamed = strdup((const char *)dk_buf_cstr(&more));
    memcpy(strstr(renamed, "witness.example "), "witnest", 7);
    assert_int_equal(verify(renamed, strlen(renamed), keys + 2, 1, &signers, &error), DK_INVALID);
    assert_string_equal(error.text,
                        "None of the keys that you trust signed the note; ask its owner for the key in force.");
    assert_int_equal(verify(renamed, strlen(renamed), keys, 3, &signers, &error), DK_OK);
    assert_int_equal(signers, 3);
    free(renamed);

    /* Every byte of a signed text counts. */
    for (size_t i = 0; i < strlen("征收\n\n公告\n"); i++) {
        note.data[i] ^= 1;
        assert_int_equal(verify((const char *)note.data, note.size, keys, 3, &signers, &error), DK_INVALID);
        note.data[i] ^= 1;
    }

    /* Keys survive being written and read; their ids differ, though their names do not. */
    assert_int_not_equal(keys[0].id, keys[1].id);
    for (int i = 0; i < 2; i++) {
        dk_buf_clear(&text);
        assert_int_equal(dk_note_key_write_private(&keys[i], &text, NULL), DK_OK);
        dk_note_key again = private_key(dk_buf_cstr(&text));
        assert_int_equal(again.id, keys[i].id);
        dk_buf_clear(&text);
        assert_int_equal(dk_note_key_write(&again, &text, NULL), DK_OK);
        dk_note_key open = public_key(dk_buf_cstr(&text));
        assert_int_equal(verify((const char *)more.data, more.size, &open, 1, &signers, &error), DK_OK);
        dk_note_key_finish(&again);
        dk_note_key_finish(&open);
    }
    for (int i = 0; i < 3; i++)
        dk_note_key_finish(&keys[i]);
    dk_buf_finish(&note);
    dk_buf_finish(&more);
    dk_buf_finish(&text);
}

static void what_is_no_note_is_refused_in_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *said;
    } bad[] = {
        {"", "This is no signed note: it must be a text, an empty line, and lines with signatures."},
        {"text\n", "This is no signed note: it must be a text, an empty line, and lines with signatures."},
        {"text\n\n", "This is no signed note: it must be a text, an empty line, and lines with signatures."},
        {"text\n\n— a AAAAAAA=",
         "This is no signed note: it must be a text, an empty line, and lines with signatures."},
        {"text\t\n\n— a AAAAAAA=\n", "This is no signed note: it is not UTF-8, or has control characters."},
        {"text\xff\n\n— a AAAAAAA=\n", "This is no signed note: it is not UTF-8, or has control characters."},
        {"text\r\n\r\n— a AAAAAAA=\r\n", "This is no signed note: it is not UTF-8, or has control characters."},
        {"text\n\n- a AAAAAAA=\n", "Line 1 behind the note's text does not begin with a dash, as signatures do."},
        {"text\n\n— a AAAAAAA=\nmore\n", "Line 2 behind the note's text does not begin with a dash, as signatures do."},
        {"text\n\n— AAAAAAA=\n", "Signature 1 of the note does not name its key."},
        {"text\n\n—  AAAAAAA=\n", "Signature 1 of the note does not name its key."},
        {"text\n\n— a+b AAAAAAA=\n", "Signature 1 of the note does not name its key."},
        {"text\n\n— a AAAAAA==\n", "Signature 1 of the note is not base 64 of a key's id and a signature."},
        {"text\n\n— a AAAAAAB=\n", "Signature 1 of the note is not base 64 of a key's id and a signature."},
        {"text\n\n— a AAAAAAA\n", "Signature 1 of the note is not base 64 of a key's id and a signature."},
        {"text\n\n— a AAAAAAA= \n", "Signature 1 of the note is not base 64 of a key's id and a signature."},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dk_note note;
        dk_error error;
        assert_int_equal(dk_note_read(bad[i].text, strlen(bad[i].text), &note, &error), DK_INVALID);
        assert_string_equal(error.text, bad[i].said);
    }
    dk_note note;
    dk_error error;
    assert_int_equal(dk_note_read("a\n\n— a AAAAAAA=\n", strlen("a\n\n— a AAAAAAA=\n"), &note, &error), DK_OK);
    dk_note_finish(&note);
    dk_buf many;
    dk_buf_init(&many);
    dk_buf_text(&many, "a\n\n");
    for (int i = 0; i < 100; i++)
        dk_buf_text(&many, "— a AAAAAAA=\n");
    assert_int_equal(dk_note_read((const char *)many.data, many.size, &note, &error), DK_OK);
    dk_note_finish(&note);
    dk_buf_text(&many, "— a AAAAAAA=\n");
    assert_int_equal(dk_note_read((const char *)many.data, many.size, &note, &error), DK_LIMIT);
    assert_string_equal(error.text, "The note has 101 signatures; dikuai reads notes with up to 100.");
    while (many.size <= DK_NOTE_SIZE_MAX)
        dk_buf_text(&many, "— a AAAAAAA=\n");
    assert_int_equal(dk_note_read((const char *)many.data, many.size, &note, &error), DK_LIMIT);
    dk_buf_clear(&many);
    dk_note_key key = made("a", DK_NOTE_ED25519);
    assert_int_equal(dk_note_sign("a", 1, &key, 1, &many, &error), DK_INVALID);
    assert_int_equal(dk_note_sign("a\r\n", 3, &key, 1, &many, &error), DK_INVALID);
    assert_int_equal(dk_note_sign("", 0, &key, 1, &many, &error), DK_INVALID);
    assert_int_equal(dk_note_sign("a\n", 2, &key, 0, &many, &error), DK_INVALID);
    dk_note_key_finish(&key);
    dk_buf_finish(&many);
}

/* ---- checkpoints and files ---- */

/* The example of tlog-checkpoint. */
static const char sofa[] = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

static void the_checkpoint_of_the_specification(void **state)
{
    (void)state;
    dk_checkpoint checkpoint;
    dk_error error;
    dk_buf text;
    dk_buf_init(&text);
    assert_int_equal(dk_checkpoint_read(sofa, strlen(sofa), &checkpoint, &error), DK_OK);
    assert_string_equal(checkpoint.origin, "example.com/behind-the-sofa");
    assert_int_equal(checkpoint.size, 20852163);
    assert_memory_equal(checkpoint.root.bytes, "\x0a\xc5\x18\x6a\x91\x86\x3e\x8e", 8);
    assert_int_equal(dk_checkpoint_write(&checkpoint, &text, &error), DK_OK);
    assert_string_equal(dk_buf_cstr(&text), sofa);

    static const char *const bad[] = {
        "",
        "example.com\n",
        "example.com\n12\n",
        "\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "example.com\n012\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "example.com\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "example.com\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "example.com\n1 \nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "example.com\n4611686018427387905\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "example.com\n99999999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "example.com\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "example.com\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2==\n",
        "example.com\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "example.com\n1\n\n",
        "example.com\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
        "example.com\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nmore",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (dk_checkpoint_read(bad[i], strlen(bad[i]), &checkpoint, &error) != DK_INVALID)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(error.text, "no checkpoint"));
    }
    static const char extended[] = "example.com\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nan extension\n";
    assert_int_equal(dk_checkpoint_read(extended, strlen(extended), &checkpoint, &error), DK_OK);
    assert_int_equal(checkpoint.size, 0);
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "two\nlines");
    assert_int_equal(dk_checkpoint_write(&checkpoint, &text, &error), DK_INVALID);
    checkpoint.origin[0] = '\0';
    assert_int_equal(dk_checkpoint_write(&checkpoint, &text, &error), DK_INVALID);
    dk_buf_finish(&text);
}

static void a_signed_checkpoint_is_of_one_log(void **state)
{
    (void)state;
    dk_note_key key = made("example.com/behind-the-sofa", DK_NOTE_ED25519);
    dk_checkpoint checkpoint;
    dk_error error;
    dk_buf note;
    uint64_t signers;
    dk_buf_init(&note);
    assert_int_equal(dk_note_sign(sofa, strlen(sofa), &key, 1, &note, &error), DK_OK);
    const char *data = (const char *)note.data;
    assert_int_equal(dk_checkpoint_open(data, note.size, key.name, &key, 1, &signers, &checkpoint, &error), DK_OK);
    assert_int_equal(checkpoint.size, 20852163);
    assert_int_equal(dk_checkpoint_open(data, note.size, NULL, &key, 1, &signers, &checkpoint, &error), DK_OK);
    assert_int_equal(dk_checkpoint_open(data, note.size, "other", &key, 1, &signers, &checkpoint, &error), DK_INVALID);
    assert_string_equal(error.text, "This is a checkpoint of the log example.com/behind-the-sofa, not of other.");
    assert_int_equal(dk_checkpoint_open(sofa, strlen(sofa), NULL, &key, 1, &signers, &checkpoint, &error), DK_INVALID);
    dk_buf_clear(&note);
    assert_int_equal(dk_note_sign("no\ncheckpoint\n", 14, &key, 1, &note, &error), DK_OK);
    assert_int_equal(
        dk_checkpoint_open((const char *)note.data, note.size, NULL, &key, 1, &signers, &checkpoint, &error),
        DK_INVALID);
    dk_buf_finish(&note);
    dk_note_key_finish(&key);
}

/* The example of tlog-proof, with whole signatures in place of its abbreviated ones. */
static void the_proof_of_the_specification(void **state)
{
    (void)state;
    static const char text[] = "c2sp.org/tlog-proof@v1\n"
                               "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6\n"
                               "index 73894\n"
                               "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"
                               "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"
                               "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n"
                               "RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n"
                               "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n"
                               "\n"
                               "example.com/fancylog\n"
                               "109482\n"
                               "sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n"
                               "\n"
                               "— example.com/fancylog hI2DJwAA\n";
    dk_log_proof_file file;
    dk_error error;
    dk_buf again;
    dk_buf_init(&again);
    assert_int_equal(dk_log_proof_read(text, strlen(text), &file, &error), DK_OK);
    assert_int_equal(file.number, 73894);
    assert_int_equal(file.proof.n, 5);
    assert_memory_equal(file.proof.hashes[4].bytes, "\x00\x70\xa2\xa1", 4);
    assert_int_equal(file.extra.size, strlen("age-v1.2.1-darwin-arm64.tar.gz"));
    assert_memory_equal(file.extra.data, "age-v1.2.1-darwin-arm64.tar.gz", file.extra.size);
    assert_memory_equal(file.checkpoint, "example.com/fancylog\n109482\n", 28);
    assert_int_equal(dk_log_proof_write(file.number, &file.proof, file.extra.data, file.extra.size, file.checkpoint,
                                        file.checkpoint_size, &again, &error),
                     DK_OK);
    assert_string_equal(dk_buf_cstr(&again), text);
    dk_log_proof_file_finish(&file);

    /* The other file: old size and no first line. */
    dk_buf_clear(&again);
    dk_buf_format(&again, "old 20852014\n%s", strstr(text, "gSKy"));
    assert_int_equal(dk_log_consistency_read((const char *)again.data, again.size, &file, &error), DK_OK);
    assert_int_equal(file.number, 20852014);
    assert_int_equal(file.proof.n, 5);
    dk_buf written;
    dk_buf_init(&written);
    assert_int_equal(
        dk_log_consistency_write(file.number, &file.proof, file.checkpoint, file.checkpoint_size, &written, &error),
        DK_OK);
    assert_int_equal(written.size, again.size);
    assert_memory_equal(written.data, again.data, again.size);
    dk_log_proof_file_finish(&file);
    assert_int_equal(dk_log_proof_read((const char *)again.data, again.size, &file, &error), DK_INVALID);
    assert_int_equal(dk_log_consistency_read(text, strlen(text), &file, &error), DK_INVALID);

    /* Cut off anywhere before the checkpoint, it is none. */
    const size_t whole = (size_t)(strstr(text, "example.com/fancylog") - text);
    for (size_t n = 0; n <= whole; n++) {
        assert_int_equal(dk_log_proof_read(text, n, &file, &error), DK_INVALID);
        assert_true(strlen(error.text) > 20);
    }
    static const char *const bad[] = {
        "c2sp.org/tlog-proof@v1\nextra \nindex 1\n\nx", "c2sp.org/tlog-proof@v1\nextra *\nindex 1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 01\n\nx",        "c2sp.org/tlog-proof@v2\nindex 1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx",   "c2sp.org/tlog-proof@v1 \nindex 1\n\nx",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(dk_log_proof_read(bad[i], strlen(bad[i]), &file, &error), DK_INVALID);
    dk_buf_clear(&again);
    dk_buf_text(&again, "c2sp.org/tlog-proof@v1\nindex 1\n");
    for (int i = 0; i < 65; i++)
        dk_buf_text(&again, "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n");
    dk_buf_text(&again, "\nx");
    assert_int_equal(dk_log_proof_read((const char *)again.data, again.size, &file, &error), DK_INVALID);
    assert_string_equal(error.text, "The proof has more than 64 hashes, which none needs.");
    dk_buf_finish(&again);
    dk_buf_finish(&written);
}

/* RFC 4648 section 10. */
static void base_64_of_the_rfc(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xfb\xff\xbf", "+/+/"}};
    static const char *const bad[] = {"Z",    "Zg",   "Zg=",   "Zg==Zg==", "Zh==", "Zm9=", "Zm8=Zm8=", "=",
                                      "====", "Z===", "Zm 9v", "Zm9v\n",   "Zm9-", "Zm9_", "Zg=A"};
    dk_buf buf;
    dk_buf_init(&buf);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        dk_buf_clear(&buf);
        dk_base64_append(&buf, pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(dk_buf_cstr(&buf), pairs[i][1]);
        dk_buf_clear(&buf);
        assert_true(dk_base64_read(pairs[i][1], strlen(pairs[i][1]), &buf));
        assert_string_equal(dk_buf_cstr(&buf), pairs[i][0]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dk_buf_clear(&buf);
        if (dk_base64_read(bad[i], strlen(bad[i]), &buf))
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(buf.size, 0);
    }
    dk_buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_64_of_the_rfc),
        cmocka_unit_test(the_example_of_the_go_package),
        cmocka_unit_test(a_key_that_was_mangled_is_refused),
        cmocka_unit_test(names_of_keys),
        cmocka_unit_test(ed25519_signs_as_rfc_8032_has_it),
        cmocka_unit_test(sm2_verifies_the_published_example),
        cmocka_unit_test(keys_that_no_curve_has_are_refused),
        cmocka_unit_test(two_keys_sign_and_unknown_ones_are_no_matter),
        cmocka_unit_test(what_is_no_note_is_refused_in_a_sentence),
        cmocka_unit_test(the_checkpoint_of_the_specification),
        cmocka_unit_test(a_signed_checkpoint_is_of_one_log),
        cmocka_unit_test(the_proof_of_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
