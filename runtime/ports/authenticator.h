/*
 * Who calls: turns a bearer credential into a caller. Identity providers and device tokens stand behind the same port.
 */
#ifndef OSTLER_PORTS_AUTHENTICATOR_H
#define OSTLER_PORTS_AUTHENTICATOR_H

#include <stddef.h>

#include "runtime/base/status.h"
#include "runtime/core/garage.h"
#include "runtime/core/limits.h"
#include "runtime/core/scope.h"

struct authenticator;

struct caller {
    char partner_id[SLUG_BYTES];
    scope_set scopes;         /* what the credential says, cut down to what its partner may have */
    char actor[ACTOR_BYTES];  /* for audit and ledger: "<partner>/<token id>" */
};

struct authenticator_ops {
    /*
     * credential is what follows "Bearer ", of any content and length. The site says which partners there are.
     * OST_DENIED: unknown, malformed, expired, revoked, or of a partner that the site does not have.
     * Another status: it could not be judged (the caller answers 503, never 401). Any thread.
     */
    enum ost_status (*authenticate)(struct authenticator *authenticator, const struct site *site,
                                    const char *credential, size_t length, struct caller *out);
    /*
     * Count one request of the caller's partner against its limit. Any thread.
     * OST_BUSY: over the limit; *retry_after_s says when to come again.
     */
    enum ost_status (*admit)(struct authenticator *authenticator, const struct site *site, const struct caller *caller,
                             unsigned *retry_after_s);
    void (*destroy)(struct authenticator *authenticator);
};

struct authenticator {
    const struct authenticator_ops *ops;
};

#endif
