/*
 * The policy runner: a thread for what policies do by themselves. It runs schedules, tells policies what happens to doors, and
 * does what the watch over them asks for (quarantine, marks).
 *
 * Missed runs of a schedule are not made up: one that is more than a minute late is left out and counted. No moment is run
 * twice, also where the wall clock is set back.
 */
#ifndef OSTLER_SERVICE_POLICY_RUNNER_H
#define OSTLER_SERVICE_POLICY_RUNNER_H

#include "runtime/base/queue.h"
#include "runtime/service/session_desk.h"

struct policy_runner;

struct policy_runner_parts {
    struct clock *clock;
    struct uuid_generator *ids;
    struct store *store;
    struct site_registry *sites;
    struct session_desk *desk;
    struct queue *door_events; /* of struct door_event; door_actuator.h fills it */
    struct policy_catalog *policies;
    struct fault_board *faults;
    struct metrics *metrics;
};

/* Without its thread. The parts must outlive it. *out is ended with policy_runner_destroy(). OST_NO_MEMORY. */
enum ost_status policy_runner_create(const struct policy_runner_parts *parts, struct policy_runner **out) OST_MUST_CHECK;
/* Start the thread: a round when something happens at a door, and four a second. OST_NO_MEMORY. */
enum ost_status policy_runner_start(struct policy_runner *runner) OST_MUST_CHECK;
/* Accepts NULL; closes the queue, waits for the thread. */
void policy_runner_destroy(struct policy_runner *runner);

/* All that is due now. The thread's; where it was not started, a test's. */
void policy_runner_round(struct policy_runner *runner);

/* Monotonic time at which the thread last began something: for the watchdog. */
int64_t policy_runner_heartbeat_ms(struct policy_runner *runner);

#endif
