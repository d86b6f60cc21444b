#include "runtime/base/sha256.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>

#include "runtime/base/log.h"

static void must(int succeeded)
{
    if (succeeded != 1) {
        log_error("sha256", "the OpenSSL library cannot hash");
        abort();
    }
}

/* Asking for it by name each time would cost as much as a short hash. */
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *algorithm;
static EVP_MAC *hmac;

static void fetch(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(algorithm != NULL && hmac != NULL);
}

void sha256(const struct sha256_piece *pieces, size_t count, unsigned char digest[SHA256_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    pthread_once(&fetched, fetch);
    must(context != NULL);
    must(EVP_DigestInit_ex2(context, algorithm, NULL));
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(context, pieces[i].bytes, pieces[i].length));
    must(EVP_DigestFinal_ex(context, digest, NULL));
    EVP_MD_CTX_free(context);
}

void sha256_hmac(const unsigned char key[SHA256_BYTES], const void *bytes, size_t length,
                 unsigned char digest[SHA256_BYTES])
{
    char digest_name[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
                               OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context;
    size_t made = 0;

    pthread_once(&fetched, fetch);
    context = EVP_MAC_CTX_new(hmac);
    must(context != NULL);
    must(EVP_MAC_init(context, key, SHA256_BYTES, parameters));
    must(EVP_MAC_update(context, bytes, length));
    must(EVP_MAC_final(context, digest, &made, SHA256_BYTES) && made == SHA256_BYTES);
    EVP_MAC_CTX_free(context);
}

void sha256_format(const unsigned char digest[SHA256_BYTES], char text[SHA256_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < SHA256_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * SHA256_BYTES] = '\0';
}
