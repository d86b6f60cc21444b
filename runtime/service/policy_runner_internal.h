/*
 * What the files of the policy runner share. Private to policy_runner*.c; all of it is the runner's thread's.
 *
 *   policy_runner.c            the thread, and what is kept of a decision
 *   policy_runner_schedules.c  what is due at a time
 *   policy_runner_doors.c      what happens at doors, and the alarms that policies raise about it
 */
#ifndef OSTLER_SERVICE_POLICY_RUNNER_INTERNAL_H
#define OSTLER_SERVICE_POLICY_RUNNER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/core/policy.h"
#include "runtime/service/policy_runner.h"

#define RUNNER_WAIT_MS 250 /* for a free instance */

/* When a policy's schedule is due for a garage. */
struct due {
    char name[SLUG_BYTES], garage_id[SLUG_BYTES];
    struct policy_schedule schedule;
    int64_t at_ms; /* wall */
};

struct policy_runner {
    struct policy_runner_parts parts;
    pthread_t thread;
    bool has_thread;
    atomic_bool ending;
    _Atomic int64_t heartbeat_ms;

    /* of this round */
    const struct site *site;
    struct policy_lease *lease;

    struct due *due;
    size_t due_count;
    int64_t last_run_ms;   /* wall: no run is of a moment before */
    int64_t last_round_ms; /* wall; 0: there was none */
    struct metric *missed;
    struct metric *events_dropped;
};

void runner_beat(struct policy_runner *runner);
/* Keep what a policy said of its own accord, with what it was made from. */
void runner_record(struct policy_runner *runner, const struct garage *garage, const struct policy_visit *visit,
                   struct decision *decision);

/* Run what is due. is_new: the policies or the site changed, and what they want is planned anew. */
void schedules_run(struct policy_runner *runner, bool is_new, int64_t now_ms);

/* Ask the policies about what happened at a door. */
void doors_hear(struct policy_runner *runner, const struct door_event *event);
/* The policies or the site changed: alarms of policies or about doors that are gone are cleared. */
void doors_forget(struct policy_runner *runner);

#endif
