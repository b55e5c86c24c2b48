#include "store/note_key.h"

#include "store/base64.h"
#include "store/log_hash.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <utf8proc.h>

enum { SECRET = 32, ED25519_PUBLIC = 32, SM2_PUBLIC = 65, PUBLIC_MAX = SM2_PUBLIC, HALF = 32, ID_DIGITS = 8 };

static const char private_begin[] = "PRIVATE+KEY+", sm2_user[] = "1234567812345678";

/* What stands before the key's bytes. */
static const struct type {
    const char *bytes;
    size_t size, public_size;
} types[] = {
    [DK_NOTE_ED25519] = {"\x01", 1, ED25519_PUBLIC},
    [DK_NOTE_SM2] = {"\xff"
                     "dikuai SM2-SM3 v1",
                     18, SM2_PUBLIC},
};
enum { TYPES = sizeof types / sizeof *types };

/* ---- names and ids ---- */

bool dk_note_name_valid(const char *name, size_t size)
{
    if (size == 0 || size > DK_NOTE_NAME_MAX || !dk_utf8_valid(name, size))
        return false;
    for (size_t i = 0; i < size;) {
        utf8proc_int32_t c;
        const utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)name + i, (utf8proc_ssize_t)(size - i), &c);
        if (n <= 0 || c == '+')
            return false;
        switch (utf8proc_category(c)) {
        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
        case UTF8PROC_CATEGORY_CC:
            return false;
        default:
            break;
        }
        i += (size_t)n;
    }
    return true;
}

/* false: out of memory. */
static bool find_id(const char *name, dk_note_algorithm algorithm, const unsigned char *public_key, uint32_t *ret_id)
{
    const struct type *type = &types[algorithm];
    dk_buf text;
    dk_buf_init(&text);
    dk_buf_text(&text, name);
    dk_buf_byte(&text, '\n');
    dk_buf_append(&text, type->bytes, type->size);
    dk_buf_append(&text, public_key, type->public_size);
    dk_hasher hasher;
    dk_hasher_init(&hasher);
    bool good = !text.failed;
    if (good) {
        const dk_digest digest = dk_hasher_sum(&hasher, text.data, text.size, NULL, 0);
        good = !hasher.failed;
        *ret_id = (uint32_t)digest.bytes[0] << 24 | (uint32_t)digest.bytes[1] << 16 | (uint32_t)digest.bytes[2] << 8 |
                  digest.bytes[3];
    }
    dk_hasher_finish(&hasher);
    dk_buf_finish(&text);
    return good;
}

/* ---- OpenSSL's keys ---- */

/* The point of a private key: SM2 signs the public key with the text. NULL: it is none, or out of memory. */
static bool sm2_point(const unsigned char secret[SECRET], unsigned char ret_point[SM2_PUBLIC])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    BIGNUM *d = BN_secure_new(), *limit = BN_new();
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    /* 1 <= d <= n - 2, GB/T 32918.1 section 6.1 */
    const bool good =
        point != NULL && d != NULL && limit != NULL && BN_bin2bn(secret, SECRET, d) != NULL &&
        BN_copy(limit, EC_GROUP_get0_order(group)) != NULL && BN_sub_word(limit, 2) == 1 && !BN_is_zero(d) &&
        BN_cmp(d, limit) <= 0 && EC_POINT_mul(group, point, d, NULL, NULL, NULL) == 1 &&
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret_point, SM2_PUBLIC, NULL) == SM2_PUBLIC;
    EC_POINT_free(point);
    BN_clear_free(d);
    BN_free(limit);
    EC_GROUP_free(group);
    return good;
}

/* secret NULL: of the public part alone. NULL: no point of the curve, or out of memory. */
static EVP_PKEY *sm2_key(const unsigned char *secret, const unsigned char point[SM2_PUBLIC])
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *d = secret != NULL ? BN_secure_new() : NULL;
    OSSL_PARAM *params = NULL;
    bool good = ctx != NULL && build != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
                OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0) == 1 &&
                OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, SM2_PUBLIC) == 1;
    if (good && secret != NULL)
        good = d != NULL && BN_bin2bn(secret, SECRET, d) != NULL &&
               OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1;
    if (good)
        params = OSSL_PARAM_BLD_to_param(build);
    if (params != NULL &&
        EVP_PKEY_fromdata(ctx, &pkey, secret != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(d);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* From a secret, and then with the public key that belongs to it, or from a public key. */
static EVP_PKEY *make_pkey(dk_note_algorithm algorithm, const unsigned char *secret,
                           unsigned char public_key[PUBLIC_MAX])
{
    if (algorithm == DK_NOTE_SM2)
        return secret == NULL || sm2_point(secret, public_key) ? sm2_key(secret, public_key) : NULL;
    if (secret == NULL)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_PUBLIC);
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, SECRET);
    size_t size = ED25519_PUBLIC;
    if (pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, public_key, &size) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    return pkey;
}

static bool get_public(const dk_note_key *key, unsigned char ret_public[PUBLIC_MAX])
{
    size_t size = PUBLIC_MAX;
    const bool good = key->algorithm == DK_NOTE_ED25519
                          ? EVP_PKEY_get_raw_public_key(key->pkey, ret_public, &size) == 1
                          : EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, ret_public,
                                                            PUBLIC_MAX, &size) == 1;
    return good && size == types[key->algorithm].public_size;
}

static bool get_secret(const dk_note_key *key, unsigned char ret_secret[SECRET])
{
    size_t size = SECRET;
    if (key->algorithm == DK_NOTE_ED25519)
        return EVP_PKEY_get_raw_private_key(key->pkey, ret_secret, &size) == 1 && size == SECRET;
    BIGNUM *d = NULL;
    const bool good = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d) == 1 &&
                      BN_bn2binpad(d, ret_secret, SECRET) == SECRET;
    BN_clear_free(d);
    return good;
}

void dk_note_key_finish(dk_note_key *key)
{
    EVP_PKEY_free(key->pkey);
    *key = (dk_note_key){.pkey = NULL};
}

/* ---- texts ---- */

/* The bytes behind the type: NULL where the type is unknown. */
static const unsigned char *behind_type(const dk_buf *bytes, size_t *ret_size, dk_note_algorithm *ret_algorithm)
{
    for (int t = 0; t < TYPES; t++)
        if (bytes->size >= types[t].size && memcmp(bytes->data, types[t].bytes, types[t].size) == 0) {
            *ret_size = bytes->size - types[t].size;
            *ret_algorithm = (dk_note_algorithm)t;
            return bytes->data + types[t].size;
        }
    return NULL;
}

static bool read_id(const char *text, size_t size, uint32_t *ret_id)
{
    uint32_t id = 0;
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        id = id << 4 | (uint32_t)digit;
    }
    *ret_id = id;
    return size == ID_DIGITS;
}

/* "NAME+HASH+KEY", the last of a secret or of a public key. */
static dk_status read_key(const char *text, size_t size, bool secret, dk_note_key *ret_key, dk_error *err)
{
    const char *what = secret ? "private" : "public";
    const char *end = text + size, *hash = memchr(text, '+', size);
    const char *base64 = hash != NULL ? memchr(hash + 1, '+', (size_t)(end - hash - 1)) : NULL;
    dk_note_key key = {.secret = secret};
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_status status = DK_OK;
    unsigned char public_key[PUBLIC_MAX];
    size_t left = 0;
    uint32_t id = 0, expected = 0;

    if (base64 == NULL || !dk_note_name_valid(text, (size_t)(hash - text)) ||
        !read_id(hash + 1, (size_t)(base64 - hash - 1), &id) ||
        !dk_base64_read(base64 + 1, (size_t)(end - base64 - 1), &bytes) || bytes.size == 0) {
        status = dk_fail(err, DK_INVALID,
                         "This is no %s key of a log, which reads %sNAME+HASH+KEY in one line; give it whole.", what,
                         secret ? private_begin : "");
        goto out;
    }
    if (bytes.failed) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    memcpy(key.name, text, (size_t)(hash - text));
    const unsigned char *own = behind_type(&bytes, &left, &key.algorithm);
    if (own == NULL) {
        status = dk_fail(err, DK_INVALID,
                         "The %s key of %s is of a type that dikuai does not know; it knows Ed25519 and SM2.", what,
                         key.name);
        goto out;
    }
    if (left != (secret ? SECRET : types[key.algorithm].public_size)) {
        status = dk_fail(err, DK_INVALID, "The %s key of %s has the wrong length; give it whole.", what, key.name);
        goto out;
    }
    if (!secret)
        memcpy(public_key, own, left);
    key.pkey = make_pkey(key.algorithm, secret ? own : NULL, public_key);
    if (key.pkey == NULL) {
        status =
            dk_fail(err, DK_INVALID, "The %s key of %s is no key of its type; give it as it was made.", what, key.name);
        goto out;
    }
    if (!find_id(key.name, key.algorithm, public_key, &expected)) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    if (id != expected) {
        status = dk_fail(err, DK_INVALID, "The %s key of %s does not go with its own hash; give it as it was made.",
                         what, key.name);
        goto out;
    }
    key.id = id;
    *ret_key = key;
    key.pkey = NULL;
out:
    EVP_PKEY_free(key.pkey);
    if (bytes.data != NULL)
        OPENSSL_cleanse(bytes.data, bytes.capacity);
    dk_buf_finish(&bytes);
    return status;
}

dk_status dk_note_key_read(const char *text, size_t size, dk_note_key *ret_key, dk_error *err)
{
    return read_key(text, size, false, ret_key, err);
}

dk_status dk_note_key_read_private(const char *text, size_t size, dk_note_key *ret_key, dk_error *err)
{
    const size_t begin = sizeof private_begin - 1;
    if (size < begin || memcmp(text, private_begin, begin) != 0)
        return dk_fail(err, DK_INVALID, "A private key of a log begins with %s; this is none.", private_begin);
    return read_key(text + begin, size - begin, true, ret_key, err);
}

static void write_parts(const dk_note_key *key, const unsigned char *own, size_t size, dk_buf *out)
{
    unsigned char bytes[32 + PUBLIC_MAX];
    const struct type *type = &types[key->algorithm];
    memcpy(bytes, type->bytes, type->size);
    memcpy(bytes + type->size, own, size);
    dk_buf_format(out, "%s+%08x+", key->name, (unsigned)key->id);
    dk_base64_append(out, bytes, type->size + size);
    OPENSSL_cleanse(bytes, sizeof bytes);
}

dk_status dk_note_key_write(const dk_note_key *key, dk_buf *out, dk_error *err)
{
    unsigned char public_key[PUBLIC_MAX];
    if (!get_public(key, public_key))
        return dk_fail(err, DK_INTERNAL, "OpenSSL does not give the public key of %s", key->name);
    write_parts(key, public_key, types[key->algorithm].public_size, out);
    return out->failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

dk_status dk_note_key_write_private(const dk_note_key *key, dk_buf *out, dk_error *err)
{
    unsigned char secret[SECRET];
    if (!key->secret)
        return dk_fail(err, DK_INVALID, "Of %s only the public key is here.", key->name);
    if (!get_secret(key, secret))
        return dk_fail(err, DK_INTERNAL, "OpenSSL does not give the private key of %s", key->name);
    dk_buf_text(out, private_begin);
    write_parts(key, secret, SECRET, out);
    OPENSSL_cleanse(secret, sizeof secret);
    return out->failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

dk_status dk_note_key_make(const char *name, dk_note_algorithm algorithm, dk_note_key *ret_key, dk_error *err)
{
    dk_note_key key = {.algorithm = algorithm, .secret = true};
    unsigned char public_key[PUBLIC_MAX];
    if (!dk_note_name_valid(name, strlen(name)))
        return dk_fail(err, DK_INVALID,
                       "A key's name is its log's address without https://, such as dk.example.gov.cn/log: "
                       "no blanks, no plus sign, 255 bytes at most.");
    memcpy(key.name, name, strlen(name));
    key.pkey =
        algorithm == DK_NOTE_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    if (key.pkey == NULL || !get_public(&key, public_key) || !find_id(key.name, algorithm, public_key, &key.id)) {
        EVP_PKEY_free(key.pkey);
        return dk_fail(err, DK_INTERNAL,
                       "OpenSSL makes no key of this type on this machine; see whether it was built with SM2.");
    }
    *ret_key = key;
    return DK_OK;
}

/* ---- signing ---- */

/* DER, as OpenSSL has it, to r || s and back. */
static bool from_der(const unsigned char *der, size_t size, unsigned char ret_signature[DK_NOTE_SIGNATURE])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)size);
    const bool good = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret_signature, HALF) == HALF &&
                      BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret_signature + HALF, HALF) == HALF;
    ECDSA_SIG_free(sig);
    return good;
}

/* *ret_der is to be freed by OPENSSL_free. */
static bool to_der(const unsigned char signature[DK_NOTE_SIGNATURE], unsigned char **ret_der, size_t *ret_size)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, HALF, NULL), *s = BN_bin2bn(signature + HALF, HALF, NULL);
    bool good = sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1;
    if (!good) {
        BN_free(r);
        BN_free(s);
    }
    *ret_der = NULL;
    const int size = good ? i2d_ECDSA_SIG(sig, ret_der) : -1;
    *ret_size = size > 0 ? (size_t)size : 0;
    ECDSA_SIG_free(sig);
    return size > 0;
}

/* A context for a key, with the user id that SM2 signs with the text; pkey_context is to be freed after it. */
static bool begin(const dk_note_key *key, bool sign, EVP_MD_CTX **ret_context, EVP_PKEY_CTX **ret_pkey_context)
{
    const char *digest = key->algorithm == DK_NOTE_SM2 ? "SM3" : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool good = context != NULL && pkey_context != NULL;
    if (good && key->algorithm == DK_NOTE_SM2)
        good = EVP_PKEY_CTX_set1_id(pkey_context, sm2_user, sizeof sm2_user - 1) == 1;
    if (good && key->algorithm == DK_NOTE_SM2)
        EVP_MD_CTX_set_pkey_ctx(context, pkey_context);
    if (good)
        good = (sign ? EVP_DigestSignInit_ex : EVP_DigestVerifyInit_ex)(context, NULL, digest, NULL, NULL, key->pkey,
                                                                        NULL) == 1;
    *ret_context = context;
    *ret_pkey_context = pkey_context;
    return good;
}

dk_status dk_note_key_sign(const dk_note_key *key, const void *data, size_t size,
                           unsigned char ret_signature[DK_NOTE_SIGNATURE], dk_error *err)
{
    unsigned char signature[128];
    size_t n = sizeof signature;
    EVP_MD_CTX *context;
    EVP_PKEY_CTX *pkey_context;
    if (!key->secret)
        return dk_fail(err, DK_INVALID, "Of %s only the public key is here, which cannot sign.", key->name);
    bool good = begin(key, true, &context, &pkey_context) && EVP_DigestSign(context, signature, &n, data, size) == 1;
    if (good && key->algorithm == DK_NOTE_SM2)
        good = from_der(signature, n, ret_signature);
    else if (good && n == DK_NOTE_SIGNATURE)
        memcpy(ret_signature, signature, n);
    else
        good = false;
    EVP_MD_CTX_free(context);
    EVP_PKEY_CTX_free(pkey_context);
    return good ? DK_OK : dk_fail(err, DK_INTERNAL, "OpenSSL does not sign with the key of %s", key->name);
}

bool dk_note_key_verify(const dk_note_key *key, const void *data, size_t size, const unsigned char *signature,
                        size_t signature_size)
{
    if (signature_size != DK_NOTE_SIGNATURE)
        return false;
    EVP_MD_CTX *context;
    EVP_PKEY_CTX *pkey_context;
    bool good = begin(key, false, &context, &pkey_context);
    if (good && key->algorithm == DK_NOTE_SM2) {
        unsigned char *der;
        size_t n;
        good = to_der(signature, &der, &n) && EVP_DigestVerify(context, der, n, data, size) == 1;
        OPENSSL_free(der);
    } else if (good) {
        good = EVP_DigestVerify(context, signature, DK_NOTE_SIGNATURE, data, size) == 1;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_CTX_free(pkey_context);
    return good;
}
