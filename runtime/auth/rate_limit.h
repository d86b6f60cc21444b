/*
 * Requests per minute of each partner: a bucket that holds a minute's worth and refills evenly (the generic cell
 * rate algorithm, ITU-T I.371 annex A, which needs one time a partner and no timer).
 */
#ifndef OSTLER_AUTH_RATE_LIMIT_H
#define OSTLER_AUTH_RATE_LIMIT_H

#include <stdint.h>

#include "runtime/base/status.h"

struct rate_limit;

enum ost_status rate_limit_create(struct rate_limit **out) OST_MUST_CHECK;
void rate_limit_destroy(struct rate_limit *limit); /* accepts NULL */

/*
 * Count one request of a partner at now_ns (monotonic). per_minute 0: no limit. Any thread.
 * OST_BUSY: too many; *retry_after_s says when the next one is welcome (rounded up).
 * OST_NO_MEMORY: a partner that cannot be remembered is refused as a fault.
 */
enum ost_status rate_limit_take(struct rate_limit *limit, const char *partner_id, uint32_t per_minute, int64_t now_ns,
                                unsigned *retry_after_s) OST_MUST_CHECK;

#endif
