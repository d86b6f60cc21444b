/*
 * The fleet's word on "this user parks nowhere else". A device without an upstream is its own fleet and has no claim.
 */
#ifndef OSTLER_PORTS_FLEET_CLAIM_H
#define OSTLER_PORTS_FLEET_CLAIM_H

#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/core/session.h"

struct fleet_claim;

struct fleet_claim_ops {
    /*
     * Claim the user for this session; idempotent on session->id. Blocks until deadline_ms (monotonic) at most, then
     * follows the garage's offline rule. OST_CONFLICT: the user has a running session elsewhere.
     * OST_UNAVAILABLE: no answer, and the offline rule refuses. Any thread.
     */
    enum ost_status (*claim)(struct fleet_claim *claim, const struct session *session, int64_t deadline_ms,
                             enum session_claim *out);
    /* Give the claim of a session that did not come to be, or ended, back. Never blocks. Any thread. */
    void (*release)(struct fleet_claim *claim, const struct session *session);
    void (*destroy)(struct fleet_claim *claim);
};

struct fleet_claim {
    const struct fleet_claim_ops *ops;
};

#endif
