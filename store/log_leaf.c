#include "store/log_leaf.h"

#include <openssl/rand.h>

dk_status dk_salt_make(dk_salt *ret_salt, dk_error *err)
{
    return dk_salts_make(ret_salt, 1, err);
}

dk_status dk_salts_make(dk_salt *ret_salts, size_t n, dk_error *err)
{
    if (RAND_priv_bytes((unsigned char *)ret_salts, (int)(n * sizeof *ret_salts)) != 1)
        return dk_fail(err, DK_INTERNAL,
                       "This machine gives no random numbers, without which nothing can be published; "
                       "see whether OpenSSL can read /dev/urandom.");
    return DK_OK;
}

dk_digest dk_log_leaf(dk_hasher *hasher, const dk_salt *salt, const void *content, size_t size)
{
    return dk_hasher_sum(hasher, salt->bytes, sizeof salt->bytes, content, size);
}
