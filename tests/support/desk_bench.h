/*
 * A session desk on the bench: the store in memory, simulated doors with the real door thread, policies of the rule host in
 * a folder that a test writes. Times are the system's and short; every wait is for a condition.
 *
 * The store fails as the test says: each fault below that is not OST_OK is what those calls answer instead of doing it.
 */
#ifndef OSTLER_TESTS_DESK_BENCH_H
#define OSTLER_TESTS_DESK_BENCH_H

#include <stdatomic.h>

#include "runtime/service/session_desk.h"
#include "tests/unit/check.h"

struct desk_faults { /* each an enum ost_status; the door thread reads them too */
    _Atomic int commit;
    _Atomic int post;
    _Atomic int count_openings;
    _Atomic int read_facts;
};

struct desk_bench {
    struct clock clock;
    struct uuid_generator ids;
    struct metrics *metrics;
    struct fault_board *faults;
    struct store *store;
    struct store_ops store_ops;         /* the memory store's, with the faults in between */
    const struct store_ops *memory_ops;
    struct desk_faults fail;
    struct policy_host *host;
    struct policy_catalog *policies;
    struct door_actuator *doors;
    struct session_desk *desk;
    struct site site;
    struct caller caller;
    struct desk_call call;              /* of the partner "parkapp", without a key */
    struct desk_answer answer;          /* of the last call */
    char folder[64];                    /* of the policies; the desk's spill file is beside them */
};

/* A cmocka set-up and tear-down: *state is the bench. The garage "nassaukade" has entry-1 and exit-1. */
int desk_bench_set_up(void **state);
int desk_bench_tear_down(void **state);
#define DESK_CASE(function) cmocka_unit_test_setup_teardown(function, desk_bench_set_up, desk_bench_tear_down)

/* A second exit, from the next desk_bench_restart() on. */
void desk_bench_add_exit(struct desk_bench *bench);
/* End the doors and the desk; start them (again) on the same store; both. */
void desk_bench_end(struct desk_bench *bench);
void desk_bench_begin(struct desk_bench *bench);
void desk_bench_restart(struct desk_bench *bench);

/* Put this text in force as the policy of that name, or take the policy away (NULL). */
void desk_bench_policy(struct desk_bench *bench, const char *name, const char *text);

/* Calls, answered in bench->answer. */
struct uuid desk_bench_start(struct desk_bench *bench, const char *user, const char *plate);
void desk_bench_stop(struct desk_bench *bench, struct uuid session);
void desk_bench_stop_with(struct desk_bench *bench, const struct stop_request *request);
void desk_bench_open(struct desk_bench *bench, struct uuid session, const char *door);
void desk_bench_key(struct desk_bench *bench, const char *key, unsigned char digest);

struct session desk_bench_session(struct desk_bench *bench, struct uuid session);
/* Is it raised now? */
bool desk_bench_has_fault(struct desk_bench *bench, const char *subject, const char *code);
/* The command's final state, as the store has it. */
struct door_command desk_bench_await(struct desk_bench *bench, struct uuid command);
/* The store does all that it is asked to again. */
void desk_bench_heal(struct desk_bench *bench);
/* The value of a metric without labels. */
long desk_bench_metric(struct desk_bench *bench, const char *name);

#endif
