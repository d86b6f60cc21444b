/*
 * Device tokens: credentials made on the device for partners and staff, and the authenticator that judges them.
 *
 * A token is "ost_" and 256 random bits as base64url. It is shown once; only its SHA-256 is kept. With that much
 * randomness a plain hash needs no salt and no stretching, and can be looked up by index.
 */
#ifndef OSTLER_AUTH_DEVICE_TOKENS_H
#define OSTLER_AUTH_DEVICE_TOKENS_H

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/base/status.h"
#include "runtime/ports/authenticator.h"
#include "runtime/ports/store.h"

#define DEVICE_TOKEN_TEXT_BYTES 48 /* "ost_", 43 characters, NUL */

/*
 * Make a token: fills *token (which is what is stored) and text (which is shown once). Any thread.
 * Aborts if the system has no randomness. expires_at_ms 0: never.
 */
void device_token_make(const char *partner_id, scope_set scopes, int64_t now_ms, int64_t expires_at_ms,
                       struct device_token *token, char text[DEVICE_TOKEN_TEXT_BYTES]);

/* Authenticates device tokens against the store, and limits each partner's requests. OST_NO_MEMORY. */
enum ost_status device_token_authenticator_create(struct store *store, struct clock *clock, struct metrics *metrics,
                                                  struct authenticator **out) OST_MUST_CHECK;

#endif
