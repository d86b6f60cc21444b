/*
 * What every store must do, as cases: runtime/ports/store.h in sentences. A test program gives the factory and runs them.
 */
#ifndef OSTLER_TESTS_STORE_CONTRACT_H
#define OSTLER_TESTS_STORE_CONTRACT_H

#include "runtime/base/clock.h"
#include "runtime/base/uuid.h"
#include "runtime/ports/store.h"

/* A new, empty store that knows the garages "nassaukade" and "oostpoort". */
struct store_factory {
    struct store *(*make)(struct clock *clock, struct uuid_generator *ids);
    void (*clean_up)(void); /* after destroy; may be NULL */
};

/* Runs all cases; the number of failed ones. */
int store_contract_run(const char *name, const struct store_factory *factory);

#endif
