#include "tests/bench/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/sample.h"

#define PARTNER "bench-0"

static void must(bool good, const char *doing)
{
    if (good)
        return;
    fprintf(stderr, "bench: cannot %s\n", doing);
    exit(1);
}

void bench_database_open(struct bench_database *database, const char *path)
{
    static const char garages[][SLUG_BYTES] = {"north"};
    bool all_there = false;

    memset(database, 0, sizeof(*database));
    pthread_mutex_init(&database->counters.lock, NULL);
    clock_init_system(&database->clock);
    uuid_generator_init(&database->ids);
    must(connection_open(&database->connection, path, CONNECTION_WRITER) == OST_OK, "open the database");
    must(migrate(&database->connection) == OST_OK, "make the tables");
    must(counters_load(&database->counters, &database->connection, garages, 1, &all_there) == OST_OK && all_there,
         "load the counters");
    database->applier.connection = &database->connection;
    database->applier.counters = &database->counters;
}

void bench_database_close(struct bench_database *database)
{
    connection_close(&database->connection);
    uuid_generator_finish(&database->ids);
    pthread_mutex_destroy(&database->counters.lock);
}

void bench_begin(struct bench_database *database)
{
    must(connection_run(connection_statement(&database->connection, SQL_BEGIN)) == SQLITE_DONE, "begin");
}

void bench_commit(struct bench_database *database)
{
    must(counters_save(&database->counters, &database->connection) == SQLITE_DONE, "save the counters");
    must(connection_run(connection_statement(&database->connection, SQL_COMMIT)) == SQLITE_DONE, "commit");
    counters_publish(&database->counters);
}

static void apply(struct bench_database *database, struct store_change *change)
{
    must(apply_change(&database->applier, change) == SQLITE_DONE && change->result == STORE_DONE, "apply a change");
    store_change_release(change);
}

static void fill_common(struct bench_database *database, struct store_change *change, const char *door, int64_t now_ms)
{
    struct door_command *command = change->command;

    command->id = uuid_make(&database->ids, now_ms);
    strcpy(command->garage_id, "north");
    strcpy(command->door_id, door);
    strcpy(command->partner_id, PARTNER);
    strcpy(command->actor, "token:benchmark");
    command->cause = CAUSE_SESSION;
    command->cause_id = change->session->id;
    command->requested_at_ms = now_ms;
    command->expires_at_ms = now_ms + 10000;
    change->decision->id = uuid_make(&database->ids, now_ms);
    change->decision->decided_at_ms = now_ms;
    change->event->id = uuid_make(&database->ids, now_ms);
    change->event->time_ms = now_ms;
}

struct uuid bench_start(struct bench_database *database, uint64_t number)
{
    static const char plate_hash[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    struct store_change *change = store_change_create(STORE_START);
    int64_t now_ms = clock_wall_ms(&database->clock);
    struct sample sample;
    struct uuid id;

    must(change, "make a change");
    sample_make(number, &sample);
    change->session->id = id = uuid_make(&database->ids, now_ms);
    strcpy(change->session->garage_id, "north");
    strcpy(change->session->partner_id, PARTNER);
    strcpy(change->session->user_id, sample.user_id);
    strcpy(change->session->plate, sample.plate);
    change->session->started_at_ms = now_ms;
    strcpy(change->session->entry.door_id, "in-0");
    change->decision->trigger = TRIGGER_SESSION_START;
    fill_common(database, change, "in-0", now_ms);
    change->session->entry.command_id = change->command->id;
    change->session->decision_id = change->decision->id;
    event_session_started(change->event, change->session, change->decision, plate_hash);
    change->u.start.spots = UINT32_MAX;
    apply(database, change);
    return id;
}

void bench_stop(struct bench_database *database, struct uuid id)
{
    struct store_change *change = store_change_create(STORE_STOP);
    int64_t now_ms = clock_wall_ms(&database->clock);

    must(change, "make a change");
    change->session->id = id;
    strcpy(change->session->garage_id, "north");
    strcpy(change->session->partner_id, PARTNER);
    change->session->ended_at_ms = now_ms;
    change->session->end = END_STOPPED;
    strcpy(change->session->exit.door_id, "out-0");
    change->decision->trigger = TRIGGER_SESSION_STOP;
    fill_common(database, change, "out-0", now_ms);
    change->session->exit.command_id = change->command->id;
    change->session->stop_decision_id = change->decision->id;
    event_session_ended(change->event, change->session, change->decision);
    apply(database, change);
}
