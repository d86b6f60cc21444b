/* bench-seed FILE COUNT: a database with so many running sessions. Other rows of theirs are as if pruned since. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/rows.h"
#include "tests/bench/database.h"
#include "tests/bench/sample.h"

static void insert(struct bench_database *database, int64_t garage, int64_t partner, uint64_t number)
{
    int64_t now_ms = clock_wall_ms(&database->clock);
    sqlite3_stmt *row = connection_statement(&database->connection, SQL_SESSION_START);
    struct sample sample;

    sample_make(number, &sample);
    bind_id(row, 1, uuid_make(&database->ids, now_ms));
    bind_integer(row, 3, garage);
    bind_integer(row, 4, partner);
    bind_text(row, 5, sample.user_id);
    bind_text(row, 6, sample.plate);
    bind_integer(row, 7, VISIT_VISITOR);
    bind_integer(row, 8, CLAIM_CONFIRMED);
    bind_integer(row, 9, now_ms);
    bind_integer(row, 10, 0);
    bind_text(row, 11, "in-0");
    bind_id(row, 12, uuid_make(&database->ids, now_ms));
    bind_id(row, 14, uuid_make(&database->ids, now_ms));
    if (connection_run(row) != SQLITE_DONE) {
        fprintf(stderr, "bench-seed: %s\n", sqlite3_errmsg(database->connection.database));
        exit(1);
    }
}

int main(int count, char **arguments)
{
    static struct bench_database database;
    struct garage_counter *garage;
    int64_t partner = 0;
    uint64_t sessions;

    if (count != 3) {
        fprintf(stderr, "usage: bench-seed FILE COUNT\n");
        return 2;
    }
    sessions = strtoull(arguments[2], NULL, 10);
    bench_database_open(&database, arguments[1]);
    /* One transaction in one go: the database is thrown away where it fails. */
    sqlite3_exec(database.connection.database,
                 "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000", NULL, NULL, NULL);
    bench_begin(&database);
    garage = counters_find(&database.counters, "north");
    if (apply_partner(&database.applier, "bench-0", &partner) != SQLITE_DONE)
        return 1;
    for (uint64_t i = 0; i < sessions; i++)
        insert(&database, garage->number, partner, i);
    garage->counts.occupied += (int64_t)sessions;
    garage->changed = true;
    bench_commit(&database);
    sqlite3_exec(database.connection.database, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    bench_database_close(&database);
    return 0;
}
