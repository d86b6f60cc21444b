/*
 * The product's own tables and transactions without the product around them: what SQLite alone can do, and how a
 * database comes to hold millions of sessions.
 */
#ifndef OSTLER_TESTS_BENCH_DATABASE_H
#define OSTLER_TESTS_BENCH_DATABASE_H

#include "db/apply.h"
#include "runtime/base/clock.h"
#include "runtime/base/uuid.h"

struct bench_database {
    struct connection connection;
    struct counters counters;
    struct applier applier;
    struct clock clock;
    struct uuid_generator ids;
};

/* Open or make it, with the garage "north". Ends the program with a message where it cannot. */
void bench_database_open(struct bench_database *database, const char *path);
void bench_database_close(struct bench_database *database);
void bench_begin(struct bench_database *database);
void bench_commit(struct bench_database *database);

/* What a start is to the store: session, decision, door command, event. Its id. */
struct uuid bench_start(struct bench_database *database, uint64_t number);
void bench_stop(struct bench_database *database, struct uuid id);

#endif
