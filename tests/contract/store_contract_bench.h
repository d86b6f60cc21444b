/*
 * What the cases of the store contract share: a store on the bench and changes to make. Times are the system's; ids come
 * from the bench. A change that is returned is the caller's to commit and release; result_of() does both.
 */
#ifndef OSTLER_TESTS_STORE_CONTRACT_BENCH_H
#define OSTLER_TESTS_STORE_CONTRACT_BENCH_H

#include "tests/contract/store_contract.h"
#include "tests/unit/check.h"

#define PATIENCE_MS 20000
#define DAY_MS (24 * 3600 * INT64_C(1000))

struct bench {
    struct clock clock;
    struct uuid_generator ids;
    struct store *store;
};

/* Of each case: a new store from the factory of this run, as *state. */
void bench_use(const struct store_factory *factory);
int bench_set_up(void **state);
int bench_tear_down(void **state);
#define CASE(function) cmocka_unit_test_setup_teardown(function, bench_set_up, bench_tear_down)

/* ---- making changes: in the garage "nassaukade", of the partner "parkapp" ---- */

struct uuid new_id(struct bench *bench);
struct store_change *a_change(enum store_change_kind kind); /* zeroed; a case without memory fails here */
struct store_change *a_start(struct bench *bench, const char *user, const char *plate);
struct store_change *a_stop(struct bench *bench, struct uuid session, const char *partner);
/* An explicit opening of entry-1: the third of this session is the last. */
struct store_change *an_opening(struct bench *bench, struct uuid session);
/* The command opened the door just now, and a line of the ledger says so. */
struct store_change *an_outcome(struct bench *bench, const struct door_command *command);
void with_key(struct bench *bench, struct store_change *change, const char *key, unsigned char digest);
void with_audit(struct bench *bench, struct store_change *change, const char *reason);

/* ---- committing them ---- */

enum ost_status commit(struct bench *bench, struct store_change *change);
/* Commit, release, and the result. */
enum store_result result_of(struct bench *bench, struct store_change *change);
struct uuid park(struct bench *bench, const char *user, const char *plate);
/* The cars inside, as the store counts them. */
int64_t occupied(struct bench *bench);

/* ---- the rest of the cases, as store_contract_run() runs them after its own; the number of failed ones ---- */

int store_contract_run_records(const char *name); /* store_contract_records.c */
int store_contract_run_decisions(const char *name); /* store_contract_decisions.c */
int store_contract_run_lists(const char *name);   /* store_contract_lists.c */
int store_contract_run_queue(const char *name);   /* store_contract_queue.c */

#endif
