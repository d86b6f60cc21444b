/*
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), by OpenSSL behind a wall.
 */
#ifndef OSTLER_BASE_SHA256_H
#define OSTLER_BASE_SHA256_H

#include <stddef.h>

#define SHA256_BYTES 32
#define SHA256_TEXT_BYTES 65 /* as lower-case hexadecimal text, with its NUL */

/* A piece of what is hashed; pieces are hashed one after the other. */
struct sha256_piece {
    const void *bytes;
    size_t length;
};

/* Any thread. They abort where the library cannot hash at all. */
void sha256(const struct sha256_piece *pieces, size_t count, unsigned char digest[SHA256_BYTES]);
void sha256_hmac(const unsigned char key[SHA256_BYTES], const void *bytes, size_t length,
                 unsigned char digest[SHA256_BYTES]);
void sha256_format(const unsigned char digest[SHA256_BYTES], char text[SHA256_TEXT_BYTES]);

#endif
