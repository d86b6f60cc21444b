/*
 * The housekeeping thread: prices what is pending, prunes what is too old (pruning.h), keeps the metrics of the store fresh.
 */
#ifndef OSTLER_SERVICE_HOUSEKEEPING_H
#define OSTLER_SERVICE_HOUSEKEEPING_H

#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/base/status.h"
#include "runtime/ports/store.h"
#include "runtime/service/fault_board.h"
#include "runtime/service/maintenance.h"
#include "runtime/service/session_desk.h"
#include "runtime/service/site_registry.h"

struct housekeeping;

struct housekeeping_parts {
    struct clock *clock;
    struct store *store;
    struct session_desk *desk;
    struct site_registry *sites;
    struct policy_catalog *policies;
    struct fault_board *faults;
    struct metrics *metrics;
    struct maintenance maintenance; /* as the start left it: what it could not read is read later */
    int64_t keep_past_sessions_ms;
    int64_t keep_outbox_ms; /* 0: an upstream acknowledges it */
    uint64_t decisions_max; /* of the decision log; 0: no bound */
};

/* Starts the thread; it wakes every second. *out is ended with housekeeping_destroy(). */
enum ost_status housekeeping_create(const struct housekeeping_parts *parts, struct housekeeping **out) OST_MUST_CHECK;
void housekeeping_destroy(struct housekeeping *housekeeping); /* accepts NULL; waits for the thread */
/* Monotonic time of its last round: for the watchdog. */
int64_t housekeeping_heartbeat_ms(struct housekeeping *housekeeping);

#endif
