/* What single request headers mean. Values come raw; every function copes with any text. */
#ifndef OSTLER_HTTP_HEADERS_H
#define OSTLER_HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X-Request-Id: 1..128 visible ASCII characters without quotes and backslashes. */
bool header_request_id_is_sane(const char *value);
/* W3C Trace Context, version 00: lower-case hexadecimal, neither id all zero. */
bool header_traceparent_is_valid(const char *value);
/* Idempotency-Key: 1..255 visible ASCII characters. */
bool header_idempotency_key_is_valid(const char *value);
/* Prefer (RFC 7240): the wait preference in milliseconds, at most 10,000; 0 where there is none. */
int64_t header_prefer_wait_ms(const char *value);
/* Content-Type: application/json, with any parameters. */
bool header_is_json(const char *value);
/* Connection: the connection may stay open; civetweb keeps it for none but "keep-alive", once the header is there. */
bool header_keeps_alive(const char *value);
/* Authorization: what follows "Bearer " (RFC 6750, the scheme in any case), or NULL. */
const char *header_bearer(const char *value);

#endif
