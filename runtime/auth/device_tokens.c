#include "runtime/auth/device_tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "runtime/auth/rate_limit.h"
#include "runtime/base/log.h"
#include "runtime/base/sha256.h"

#define PREFIX "ost_"
#define SECRET_BYTES 32

struct device_token_authenticator {
    struct authenticator base; /* first: an authenticator pointer is a pointer to this */
    struct store *store;
    struct clock *clock;
    struct rate_limit *limit;
    struct metric *denied;
    struct metric *limited;
};

/* base64url without padding, RFC 4648 section 5. */
static void encode(const unsigned char *bytes, size_t length, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0;
    unsigned held = 0;

    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 6; held -= 6)
            *text++ = digits[bits >> (held - 6) & 63];
    }
    if (held > 0)
        *text++ = digits[bits << (6 - held) & 63];
    *text = '\0';
}

static void hash_token(const char *text, size_t length, unsigned char hash[TOKEN_HASH_BYTES])
{
    struct sha256_piece piece = {text, length};

    sha256(&piece, 1, hash);
}

void device_token_make(const char *partner_id, scope_set scopes, int64_t now_ms, int64_t expires_at_ms,
                       struct device_token *token, char text[DEVICE_TOKEN_TEXT_BYTES])
{
    unsigned char random[SECRET_BYTES + 8];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        log_error("auth", "the system has no randomness for a token");
        abort();
    }
    memset(token, 0, sizeof(*token));
    memcpy(text, PREFIX, sizeof(PREFIX));
    encode(random, SECRET_BYTES, text + strlen(PREFIX));
    hash_token(text, strlen(text), token->hash);
    snprintf(token->id, sizeof(token->id), "tok_%02x%02x%02x%02x%02x%02x%02x%02x", random[32], random[33], random[34],
             random[35], random[36], random[37], random[38], random[39]);
    snprintf(token->partner_id, sizeof(token->partner_id), "%s", partner_id);
    token->scopes = scopes;
    token->created_at_ms = now_ms;
    token->expires_at_ms = expires_at_ms;
    explicit_bzero(random, sizeof(random));
}

static enum ost_status authenticate(struct authenticator *authenticator, const struct site *site,
                                    const char *credential, size_t length, struct caller *out)
{
    struct device_token_authenticator *self = (struct device_token_authenticator *)authenticator;
    unsigned char hash[TOKEN_HASH_BYTES];
    const struct partner *partner;
    struct device_token token;
    enum ost_status status = OST_NOT_FOUND;

    if (length == DEVICE_TOKEN_TEXT_BYTES - 1 && memcmp(credential, PREFIX, strlen(PREFIX)) == 0) {
        hash_token(credential, length, hash);
        status = self->store->ops->find_token(self->store, hash, &token);
    }
    if (status != OST_OK && status != OST_NOT_FOUND)
        return status;
    partner = status == OST_OK ? site_find_partner(site, token.partner_id) : NULL;
    /* A clock that was reset by a power cut must not bring an expired token back: judged by the latest time known. */
    if (!partner || token.revoked_at_ms != 0 ||
        (token.expires_at_ms != 0 && token.expires_at_ms <= clock_judging_ms(self->clock))) {
        metric_add(self->denied, 1);
        return OST_DENIED;
    }
    snprintf(out->partner_id, sizeof(out->partner_id), "%s", token.partner_id);
    snprintf(out->actor, sizeof(out->actor), "%s/%s", token.partner_id, token.id);
    out->scopes = token.scopes & partner->scopes;
    return OST_OK;
}

static enum ost_status admit(struct authenticator *authenticator, const struct site *site, const struct caller *caller,
                             unsigned *retry_after_s)
{
    struct device_token_authenticator *self = (struct device_token_authenticator *)authenticator;
    const struct partner *partner = site_find_partner(site, caller->partner_id);
    enum ost_status status;

    if (!partner)
        return OST_DENIED;
    status = rate_limit_take(self->limit, caller->partner_id, partner->requests_per_minute,
                             clock_monotonic_ns(self->clock), retry_after_s);
    if (status == OST_BUSY)
        metric_add(self->limited, 1);
    return status;
}

static void destroy(struct authenticator *authenticator)
{
    struct device_token_authenticator *self = (struct device_token_authenticator *)authenticator;

    rate_limit_destroy(self->limit);
    free(self);
}

static const struct authenticator_ops device_token_ops = {
    .authenticate = authenticate,
    .admit = admit,
    .destroy = destroy,
};

enum ost_status device_token_authenticator_create(struct store *store, struct clock *clock, struct metrics *metrics,
                                                  struct authenticator **out)
{
    struct device_token_authenticator *self = calloc(1, sizeof(*self));

    if (!self || rate_limit_create(&self->limit) != OST_OK) {
        free(self);
        return OST_NO_MEMORY;
    }
    self->base.ops = &device_token_ops;
    self->store = store;
    self->clock = clock;
    self->denied = metrics_register(metrics, METRIC_COUNTER, "ostler_auth_denied_total", "", "Requests with a bad credential.");
    self->limited = metrics_register(metrics, METRIC_COUNTER, "ostler_auth_rate_limited_total", "", "Requests over their partner's limit.");
    *out = &self->base;
    return OST_OK;
}
