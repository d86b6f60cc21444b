#include "tests/contract/store_contract_bench.h"

#include <stdlib.h>
#include <string.h>

static const struct store_factory *stores;

void bench_use(const struct store_factory *factory)
{
    stores = factory;
}

int bench_set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    clock_init_system(&bench->clock);
    uuid_generator_init(&bench->ids);
    bench->store = stores->make(&bench->clock, &bench->ids);
    assert_non_null(bench->store);
    *state = bench;
    return 0;
}

int bench_tear_down(void **state)
{
    struct bench *bench = *state;

    bench->store->ops->destroy(bench->store);
    if (stores->clean_up)
        stores->clean_up();
    uuid_generator_finish(&bench->ids);
    free(bench);
    return 0;
}

/* ---- making changes ---- */

struct uuid new_id(struct bench *bench)
{
    return uuid_make(&bench->ids, clock_wall_ms(&bench->clock));
}

static void fill_command(struct bench *bench, struct door_command *command, const char *door, struct uuid session)
{
    command->id = new_id(bench);
    strcpy(command->garage_id, "nassaukade");
    strcpy(command->door_id, door);
    strcpy(command->partner_id, "parkapp");
    strcpy(command->actor, "partner/parkapp");
    command->cause = CAUSE_SESSION;
    command->cause_id = session;
    command->requested_at_ms = clock_wall_ms(&bench->clock);
    command->expires_at_ms = command->requested_at_ms + 10000;
}

static void fill_event(struct bench *bench, struct event *event, enum event_type type)
{
    event->id = new_id(bench);
    event->type = type;
    strcpy(event->garage_id, "nassaukade");
    strcpy(event->subject, "session/x");
    event->time_ms = clock_wall_ms(&bench->clock);
    strcpy(event->data, "{}");
    event->data_length = 2;
}

struct store_change *a_change(enum store_change_kind kind)
{
    struct store_change *change = store_change_create(kind);

    assert_non_null(change);
    return change;
}

struct store_change *a_start(struct bench *bench, const char *user, const char *plate)
{
    struct store_change *change = a_change(STORE_START);
    struct session *session = change->session;

    session->id = new_id(bench);
    strcpy(session->garage_id, "nassaukade");
    strcpy(session->partner_id, "parkapp");
    strcpy(session->user_id, user);
    strcpy(session->plate, plate);
    session->started_at_ms = clock_wall_ms(&bench->clock);
    strcpy(session->entry.door_id, "entry-1");
    change->u.start.spots = 100;
    fill_command(bench, change->command, "entry-1", session->id);
    session->entry.command_id = change->command->id;
    fill_event(bench, change->event, EVENT_SESSION_STARTED);
    return change;
}

struct store_change *a_stop(struct bench *bench, struct uuid session, const char *partner)
{
    struct store_change *change = a_change(STORE_STOP);

    change->session->id = session;
    strcpy(change->session->partner_id, partner);
    strcpy(change->session->exit.door_id, "exit-1");
    change->session->ended_at_ms = clock_wall_ms(&bench->clock);
    change->session->end = END_STOPPED;
    fill_command(bench, change->command, "exit-1", session);
    change->session->exit.command_id = change->command->id;
    fill_event(bench, change->event, EVENT_SESSION_ENDED);
    return change;
}

struct store_change *an_outcome(struct bench *bench, const struct door_command *command)
{
    struct store_change *change = a_change(STORE_OUTCOME);

    change->u.outcome.has_command = true;
    change->u.outcome.is_opening = true;
    change->u.outcome.opening.id = new_id(bench);
    change->u.outcome.opening.command = *command;
    change->u.outcome.opening.command.status = COMMAND_OPENED;
    change->u.outcome.opening.command.finished_at_ms = clock_wall_ms(&bench->clock);
    change->u.outcome.opening.command.relay_fired_at_ms = clock_wall_ms(&bench->clock);
    return change;
}

struct store_change *an_opening(struct bench *bench, struct uuid session)
{
    struct store_change *change = a_change(STORE_OPEN);

    change->session->id = session;
    change->u.open.openings_max = 3;
    fill_command(bench, change->command, "entry-1", session);
    change->command->is_explicit = true;
    return change;
}

void with_key(struct bench *bench, struct store_change *change, const char *key, unsigned char digest)
{
    strcpy(change->answer->partner_id, "parkapp");
    strcpy(change->answer->key, key);
    memset(change->answer->digest, digest, sizeof(change->answer->digest));
    change->answer->stored_at_ms = clock_wall_ms(&bench->clock);
    change->answer->http_status = 201;
    strcpy(change->answer->body, "{\"answer\":1}");
    change->answer->length = strlen(change->answer->body);
}

void with_audit(struct bench *bench, struct store_change *change, const char *reason)
{
    change->audit->id = new_id(bench);
    change->audit->at_ms = clock_wall_ms(&bench->clock);
    strcpy(change->audit->actor, "staff/t1");
    strcpy(change->audit->action, "garage.state");
    strcpy(change->audit->subject, "garage/nassaukade");
    strcpy(change->audit->reason, reason);
}

/* ---- committing them ---- */

enum ost_status commit(struct bench *bench, struct store_change *change)
{
    return bench->store->ops->commit(bench->store, change, clock_monotonic_ms(&bench->clock) + PATIENCE_MS);
}

enum store_result result_of(struct bench *bench, struct store_change *change)
{
    enum store_result result;

    assert_ok(commit(bench, change));
    result = change->result;
    store_change_release(change);
    return result;
}

struct uuid park(struct bench *bench, const char *user, const char *plate)
{
    struct store_change *change = a_start(bench, user, plate);
    struct uuid id = change->session->id;

    assert_int_equal(result_of(bench, change), STORE_DONE);
    return id;
}

int64_t occupied(struct bench *bench)
{
    struct garage_counts counts;

    assert_ok(bench->store->ops->garage_counts(bench->store, "nassaukade", &counts));
    return counts.occupied;
}
