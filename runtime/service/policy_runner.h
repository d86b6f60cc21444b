/*
 * The policy runner: a thread for what policies do by themselves. It runs schedules, tells policies what happens to doors, and
 * does what the watch over them asks for (quarantine, marks).
 *
 * Missed runs of a schedule are not made up: one that is more than a minute late is left out and counted. Doors are looked at four
 * times a second, so the door threads know nothing of policies.
 */
#ifndef OSTLER_SERVICE_POLICY_RUNNER_H
#define OSTLER_SERVICE_POLICY_RUNNER_H

#include "runtime/service/door_actuator.h"
#include "runtime/service/session_desk.h"

struct policy_runner;

struct policy_runner_parts {
    struct clock *clock;
    struct uuid_generator *ids;
    struct store *store;
    struct site_registry *sites;
    struct session_desk *desk;
    struct door_actuator *doors;
    struct policy_catalog *policies;
    struct fault_board *faults;
    struct metrics *metrics;
};

/* Starts the thread. *out is ended with policy_runner_destroy(). OST_NO_MEMORY. */
enum ost_status policy_runner_create(const struct policy_runner_parts *parts, struct policy_runner **out) OST_MUST_CHECK;
void policy_runner_destroy(struct policy_runner *runner); /* accepts NULL; waits for the thread */

#endif
