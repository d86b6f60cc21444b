/*
 * Pruning: deletes what is older than it has to be kept.
 *
 * Age is told by the wall clock, and a clock that is years ahead would have everything deleted at once. So the rule is:
 *   - While a time source disciplines the clock (CLOCK_SYNCED), it is believed.
 *   - A clock that says less than what is stored (CLOCK_UNSYNCED) deletes nothing.
 *   - Else (CLOCK_HOLDOVER: a device without a time source, or one that has not reached it yet) what is stored must bear the
 *     clock out: since the start wall time moved as the monotonic clock did, and from now back for as long as records are kept,
 *     no PRUNING_HOLE_MS went by without a door command. A clock that jumped ahead leaves a hole between the records
 *     before the jump and those after it, or now; and the hole stays, so that a restart does not make it forgotten. When it is
 *     as old as records get, what lies behind it is too old by any clock.
 * While the rule holds pruning up, a warning says so. A garage that was closed for longer than that waits for a time source.
 */
#ifndef OSTLER_SERVICE_PRUNING_H
#define OSTLER_SERVICE_PRUNING_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/ports/store.h"
#include "runtime/service/fault_board.h"

#define PRUNING_DAY_MS     (24 * 3600 * INT64_C(1000))
#define PRUNING_HOLE_MS    (35 * PRUNING_DAY_MS)
#define PRUNING_RECORDS_MS (400 * PRUNING_DAY_MS) /* decisions, commands, ledger, audit are kept so long */

struct pruning {
    struct clock *clock;
    struct store *store;
    struct fault_board *faults;
    int64_t keep_past_sessions_ms;
    int64_t keep_outbox_ms; /* 0: an upstream acknowledges it */
    uint64_t decisions_max; /* whatever their age; 0: no bound */
    struct metric *decisions_pruned; /* counts those that had to go for their number; may be NULL */
    /* its own */
    int64_t offset_ms; /* wall less monotonic time, when it was last believed */
    int64_t next_ms;   /* monotonic */
};

/* At the start, with the members above filled in. */
void pruning_begin(struct pruning *pruning);
/* Where it is time and the clock is believed: delete some. One thread. */
void pruning_run(struct pruning *pruning);

#endif
