/*
 * The door actuator with its real thread, over a driver and a store that the test holds in its hands.
 * Times are short but real; every wait is for a condition, with a deadline.
 */
#include "runtime/service/door_actuator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PULSE_MS     40
#define PATIENCE_MS  10000
#define OUTCOMES_MAX 4096

/* ---- a driver in the test's hands ---- */

struct bench_door {
    struct door_driver base;
    struct clock *clock;
    _Atomic bool energised;
    _Atomic unsigned pulses;
    _Atomic int64_t on_at_ns;
    _Atomic int64_t on_for_ns; /* of the last pulse */
    _Atomic int gone;          /* calls answer OST_UNAVAILABLE */
    _Atomic int held_by_other; /* acquire answers OST_BUSY */
    _Atomic int welded;
    _Atomic int position;
    _Atomic unsigned probes;
};

static struct clock clock_of_test;
static struct bench_door *last_made;

static struct bench_door *of(struct door_driver *driver)
{
    return (struct bench_door *)driver;
}

static enum ost_status bench_acquire(struct door_driver *driver, char problem[static REASON_BYTES])
{
    struct bench_door *door = of(driver);

    snprintf(problem, REASON_BYTES, "the bench says so");
    if (door->held_by_other)
        return OST_BUSY;
    return door->gone ? OST_UNAVAILABLE : OST_OK;
}

static enum ost_status bench_set_relay(struct door_driver *driver, bool energised)
{
    struct bench_door *door = of(driver);

    if (door->gone)
        return OST_UNAVAILABLE;
    if (energised && !door->energised) {
        door->pulses++;
        door->on_at_ns = clock_monotonic_ns(door->clock);
    }
    if (!energised && door->energised) {
        if (door->welded)
            return OST_IO;
        door->on_for_ns = clock_monotonic_ns(door->clock) - door->on_at_ns;
    }
    door->energised = energised;
    return OST_OK;
}

static enum ost_status bench_probe(struct door_driver *driver)
{
    of(driver)->probes++;
    return of(driver)->gone ? OST_UNAVAILABLE : OST_OK;
}

static enum ost_status bench_read(struct door_driver *driver, int64_t now_ms, enum door_position *out)
{
    (void)now_ms;
    if (of(driver)->gone)
        return OST_UNAVAILABLE;
    *out = (enum door_position)of(driver)->position;
    return OST_OK;
}

static void bench_destroy(struct door_driver *driver)
{
    free(driver);
}

static const struct door_driver_ops blind_ops = {
    .acquire = bench_acquire,
    .set_relay = bench_set_relay,
    .probe = bench_probe,
    .destroy = bench_destroy,
};

static const struct door_driver_ops seeing_ops = {
    .acquire = bench_acquire,
    .set_relay = bench_set_relay,
    .probe = bench_probe,
    .read_position = bench_read,
    .destroy = bench_destroy,
};

static enum ost_status create(const struct door_driver_ops *ops, struct door_driver **out)
{
    struct bench_door *door = calloc(1, sizeof(*door));

    if (!door)
        return OST_NO_MEMORY;
    door->base.ops = ops;
    door->clock = &clock_of_test;
    door->position = DOOR_CLOSED;
    last_made = door;
    *out = &door->base;
    return OST_OK;
}

static enum ost_status create_blind(const struct door_plan *plan, struct door_driver **out,
                                    char problem[static REASON_BYTES])
{
    (void)plan;
    (void)problem;
    return create(&blind_ops, out);
}

static enum ost_status create_seeing(const struct door_plan *plan, struct door_driver **out,
                                     char problem[static REASON_BYTES])
{
    (void)plan;
    (void)problem;
    return create(&seeing_ops, out);
}

static enum ost_status create_refused(const struct door_plan *plan, struct door_driver **out,
                                      char problem[static REASON_BYTES])
{
    (void)plan;
    (void)out;
    snprintf(problem, REASON_BYTES, "the bench refuses every plan");
    return OST_INVALID;
}

static const struct door_driver_type drivers[] = {
    {.name = "blind", .create = create_blind},
    {.name = "seeing", .create = create_seeing},
    {.name = "refused", .create = create_refused},
    {.name = NULL},
};

/* ---- a store that remembers what it was told ---- */

struct bench_store {
    struct store base;
    pthread_mutex_t lock;
    bool is_busy;
    struct door_command outcomes[OUTCOMES_MAX];
    bool is_opening[OUTCOMES_MAX];
    size_t outcome_count;
    size_t fault_events;
};

static enum ost_status bench_post(struct store *store, struct store_change *change)
{
    struct bench_store *bench = (struct bench_store *)store;
    enum ost_status status = OST_OK;

    pthread_mutex_lock(&bench->lock);
    if (bench->is_busy) {
        status = OST_BUSY;
    } else if (change->kind == STORE_OUTCOME && bench->outcome_count < OUTCOMES_MAX) {
        bench->is_opening[bench->outcome_count] = change->u.outcome.is_opening;
        bench->outcomes[bench->outcome_count++] = change->u.outcome.opening.command;
    } else if (change->kind == STORE_EVENT) {
        bench->fault_events++;
    }
    pthread_mutex_unlock(&bench->lock);
    if (status == OST_OK)
        store_change_release(change);
    return status;
}

static const struct store_ops bench_store_ops = {.post = bench_post};

/* ---- one garage with one door ---- */

struct bench {
    struct uuid_generator ids;
    struct bench_store store;
    struct fault_board *faults;
    struct door_plan plan;
    struct garage garage;
    struct site site;
    struct door_actuator_parts parts;
    struct door_actuator *actuator;
    struct bench_door *door;
    struct queue *events;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    clock_init_system(&clock_of_test);
    uuid_generator_init(&bench->ids);
    bench->store.base.ops = &bench_store_ops;
    pthread_mutex_init(&bench->store.lock, NULL);
    bench->faults = fault_board_create(&clock_of_test, NULL);
    bench->plan = (struct door_plan){.garage_id = "g", .id = "d", .driver = "seeing", .pulse_ms = PULSE_MS,
                                     .gap_ms = 10, .travel_ms = 100, .command_expires_ms = 10000};
    bench->garage = (struct garage){.id = "g", .doors = &bench->plan, .door_count = 1};
    bench->site = (struct site){.garages = &bench->garage, .garage_count = 1};
    bench->parts = (struct door_actuator_parts){.clock = &clock_of_test, .ids = &bench->ids,
                                                .store = &bench->store.base,
                                                .faults = bench->faults, .drivers = drivers};
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    door_actuator_destroy(bench->actuator);
    queue_destroy(bench->events);
    fault_board_destroy(bench->faults);
    pthread_mutex_destroy(&bench->store.lock);
    uuid_generator_finish(&bench->ids);
    free(bench);
    return 0;
}

static void start(struct bench *bench, const char *driver)
{
    snprintf(bench->plan.driver, sizeof(bench->plan.driver), "%s", driver);
    assert_int_equal(door_actuator_create(&bench->parts, &bench->site, &bench->actuator), OST_OK);
    bench->door = last_made;
}

static struct door_command make_command(struct bench *bench)
{
    struct door_command command = {.garage_id = "g", .door_id = "d", .cause = CAUSE_SESSION};

    command.requested_at_ms = clock_wall_ms(&clock_of_test);
    command.id = uuid_make(&bench->ids, command.requested_at_ms);
    return command;
}

static struct uuid submit(struct bench *bench, int64_t lives_ms)
{
    struct door_command command = make_command(bench);

    assert_int_equal(door_actuator_submit(bench->actuator, &command, clock_monotonic_ms(&clock_of_test) + lives_ms),
                     OST_OK);
    return command.id;
}

static struct door_command await(struct bench *bench, struct uuid id)
{
    struct door_command command;

    assert_int_equal(
        door_actuator_await(bench->actuator, id, clock_monotonic_ms(&clock_of_test) + PATIENCE_MS, &command), OST_OK);
    return command;
}

static struct door_snapshot look(struct bench *bench)
{
    struct door_snapshot snapshot;

    assert_int_equal(door_actuator_snapshot(bench->actuator, "g", "d", &snapshot), OST_OK);
    return snapshot;
}

/* Repeat until the condition holds; fail after PATIENCE_MS. */
#define EVENTUALLY(condition)                                                                                          \
    do {                                                                                                               \
        struct timespec pause = {.tv_nsec = 1000000};                                                                  \
        int64_t give_up_ms = clock_monotonic_ms(&clock_of_test) + PATIENCE_MS;                                         \
        while (!(condition) && clock_monotonic_ms(&clock_of_test) < give_up_ms)                                        \
            nanosleep(&pause, NULL);                                                                                   \
        assert_true(condition);                                                                                        \
    } while (0)

static bool has_fault(struct bench *bench, const char *code)
{
    struct door_snapshot snapshot = look(bench);

    for (unsigned i = 0; i < snapshot.fault_count; i++) {
        if (strcmp(snapshot.faults[i], code) == 0)
            return true;
    }
    return false;
}

static size_t outcomes(struct bench *bench)
{
    size_t count;

    pthread_mutex_lock(&bench->store.lock);
    count = bench->store.outcome_count;
    pthread_mutex_unlock(&bench->store.lock);
    return count;
}

static void set_store_busy(struct bench *bench, bool is_busy)
{
    pthread_mutex_lock(&bench->store.lock);
    bench->store.is_busy = is_busy;
    pthread_mutex_unlock(&bench->store.lock);
}

/* The next thing that is told of the door. */
static struct door_event hear(struct bench *bench)
{
    struct door_event event = {.at_ms = 0};

    assert_int_equal(queue_pop(bench->events, PATIENCE_MS, &event), OST_OK);
    assert_string_equal(event.door_id, "d");
    return event;
}

static void listen_to(struct bench *bench, size_t places)
{
    assert_int_equal(queue_create(places, sizeof(struct door_event), &bench->events), OST_OK);
    bench->parts.events = bench->events;
}

/* ---- the rules ---- */

static void a_command_is_one_pulse_of_the_planned_length(void **state)
{
    struct bench *bench = *state;
    struct door_command command;

    start(bench, "blind");
    command = await(bench, submit(bench, 5000));
    assert_int_equal(command.status, COMMAND_FIRED);
    assert_true(command.relay_fired_at_ms >= command.requested_at_ms);
    assert_int_equal(bench->door->pulses, 1);
    assert_false(bench->door->energised);
    assert_true(bench->door->on_for_ns >= PULSE_MS * INT64_C(1000000));
    assert_true(bench->door->on_for_ns < (PULSE_MS + 1000) * INT64_C(1000000));
}

static void the_outcome_reaches_the_store_once_with_its_ledger_line(void **state)
{
    struct bench *bench = *state;
    struct uuid id;

    start(bench, "blind");
    id = submit(bench, 5000);
    await(bench, id);
    EVENTUALLY(outcomes(bench) == 1);
    assert_true(uuid_equal(bench->store.outcomes[0].id, id));
    assert_int_equal(bench->store.outcomes[0].status, COMMAND_FIRED);
    assert_true(bench->store.is_opening[0]);
}

static void nothing_moves_at_start_and_at_the_end(void **state)
{
    struct bench *bench = *state;

    start(bench, "seeing");
    EVENTUALLY(bench->door->probes > 0);
    assert_int_equal(bench->door->pulses, 0);
}

static void commands_fire_in_order_with_a_gap_between(void **state)
{
    struct bench *bench = *state;
    struct uuid ids[5];
    int64_t before_ms = 0;

    start(bench, "blind");
    for (int i = 0; i < 5; i++)
        ids[i] = submit(bench, 5000);
    for (int i = 0; i < 5; i++) {
        struct door_command command = await(bench, ids[i]);

        assert_true(command.relay_fired_at_ms >= before_ms + (i ? PULSE_MS + 10 - 2 : 0));
        before_ms = command.relay_fired_at_ms;
    }
    assert_int_equal(bench->door->pulses, 5);
}

static void the_same_command_handed_in_twice_fires_once(void **state)
{
    struct bench *bench = *state;
    struct door_command command = make_command(bench);
    int64_t deadline_ms = clock_monotonic_ms(&clock_of_test) + 5000;

    start(bench, "blind");
    assert_int_equal(door_actuator_submit(bench->actuator, &command, deadline_ms), OST_OK);
    assert_int_equal(door_actuator_submit(bench->actuator, &command, deadline_ms), OST_OK);
    await(bench, command.id);
    await(bench, submit(bench, 5000));
    assert_int_equal(bench->door->pulses, 2);
}

static void a_command_past_its_deadline_is_dropped_and_recorded(void **state)
{
    struct bench *bench = *state;
    struct uuid late;

    start(bench, "blind");
    submit(bench, 5000);
    late = submit(bench, PULSE_MS / 4); /* the first one's pulse is longer than that */
    assert_int_equal(await(bench, late).status, COMMAND_EXPIRED);
    EVENTUALLY(outcomes(bench) == 2);
    assert_int_equal(bench->door->pulses, 1);
}

static void a_command_that_is_late_already_never_fires(void **state)
{
    struct bench *bench = *state;

    start(bench, "blind");
    assert_int_equal(await(bench, submit(bench, 0)).status, COMMAND_EXPIRED);
    assert_int_equal(bench->door->pulses, 0);
    EVENTUALLY(outcomes(bench) == 1);
    assert_false(bench->store.is_opening[0]);
}

static void a_full_queue_says_busy_and_takes_nothing(void **state)
{
    struct bench *bench = *state;
    struct door_command command;
    enum ost_status status = OST_OK;
    int taken = 0;

    bench->plan.pulse_ms = 1000;
    start(bench, "blind");
    while (status == OST_OK && taken <= DOOR_QUEUE_MAX + 1) {
        command = make_command(bench);
        status = door_actuator_submit(bench->actuator, &command, clock_monotonic_ms(&clock_of_test) + 500);
        taken += status == OST_OK;
    }
    assert_int_equal(status, OST_BUSY);
    assert_in_range(taken, DOOR_QUEUE_MAX, DOOR_QUEUE_MAX + 1);
    assert_int_equal(door_actuator_find(bench->actuator, command.id, &command), OST_NOT_FOUND);
}

static void an_unknown_door_or_command_is_not_found(void **state)
{
    struct bench *bench = *state;
    struct door_command command = make_command(bench);
    struct door_snapshot snapshot;

    start(bench, "blind");
    snprintf(command.door_id, sizeof(command.door_id), "other");
    assert_int_equal(door_actuator_submit(bench->actuator, &command, INT64_MAX), OST_NOT_FOUND);
    assert_int_equal(door_actuator_find(bench->actuator, command.id, &command), OST_NOT_FOUND);
    assert_int_equal(door_actuator_await(bench->actuator, command.id, 0, &command), OST_NOT_FOUND);
    assert_int_equal(door_actuator_snapshot(bench->actuator, "other", "d", &snapshot), OST_NOT_FOUND);
    assert_int_equal(door_actuator_simulate(bench->actuator, "g", "d", "none"), OST_CONFLICT);
}

static void waiting_ends_at_its_deadline_with_the_state_so_far(void **state)
{
    struct bench *bench = *state;
    struct door_command command;
    struct uuid id;

    bench->plan.travel_ms = 60000;
    start(bench, "seeing");
    id = submit(bench, 5000);
    assert_int_equal(door_actuator_await(bench->actuator, id, clock_monotonic_ms(&clock_of_test) + 20, &command),
                     OST_TIMEOUT);
    assert_false(command_status_is_final(command.status));
}

static void a_sensor_that_sees_it_open_makes_it_opened(void **state)
{
    struct bench *bench = *state;
    struct uuid id;
    struct door_command command;

    bench->plan.travel_ms = 20000;
    start(bench, "seeing");
    assert_int_equal(look(bench).position, DOOR_CLOSED);
    id = submit(bench, 5000);
    EVENTUALLY(bench->door->pulses == 1);
    bench->door->position = DOOR_OPEN;
    command = await(bench, id);
    assert_int_equal(command.status, COMMAND_OPENED);
    assert_true(command.seen_open_at_ms >= command.relay_fired_at_ms);
    EVENTUALLY(look(bench).position == DOOR_OPEN);
    assert_false(look(bench).assumed);
}

static void a_door_that_stays_shut_has_not_moved_and_is_faulted_until_it_opens(void **state)
{
    struct bench *bench = *state;

    start(bench, "seeing");
    assert_int_equal(await(bench, submit(bench, 5000)).status, COMMAND_NOT_MOVED);
    EVENTUALLY(look(bench).health == DOOR_FAULTED && has_fault(bench, "not_moved"));
    bench->door->position = DOOR_OPEN; /* late, but asked for */
    EVENTUALLY(look(bench).health == DOOR_OK);
    assert_int_equal(look(bench).fault_count, 0);
    assert_int_equal(outcomes(bench), 1);
}

static void an_opening_nobody_asked_for_is_ledgered_as_unexplained(void **state)
{
    struct bench *bench = *state;

    start(bench, "seeing");
    bench->door->position = DOOR_OPEN;
    EVENTUALLY(outcomes(bench) == 1);
    assert_int_equal(bench->store.outcomes[0].cause, CAUSE_UNEXPLAINED);
    assert_true(uuid_is_nil(bench->store.outcomes[0].id));
    assert_true(bench->store.is_opening[0]);
    EVENTUALLY(has_fault(bench, "moved_unasked"));
    bench->door->position = DOOR_CLOSED;
    EVENTUALLY(look(bench).fault_count == 0);
    assert_int_equal(bench->door->pulses, 0);
}

static void hardware_that_goes_away_is_unreachable_within_two_seconds_and_comes_back(void **state)
{
    struct bench *bench = *state;
    int64_t gone_ms;

    start(bench, "seeing");
    assert_int_equal(look(bench).health, DOOR_OK);
    gone_ms = clock_monotonic_ms(&clock_of_test);
    bench->door->gone = 1;
    EVENTUALLY(look(bench).health == DOOR_UNREACHABLE);
    assert_true(clock_monotonic_ms(&clock_of_test) - gone_ms < 2000);
    assert_true(has_fault(bench, "door_unreachable"));
    assert_int_equal(await(bench, submit(bench, 5000)).status, COMMAND_FAILED);
    bench->door->gone = 0;
    EVENTUALLY(look(bench).health == DOOR_OK);
    assert_int_equal(look(bench).fault_count, 0);
    assert_int_equal(bench->door->pulses, 0);
    EVENTUALLY(bench->store.fault_events == 2); /* raised and cleared */
}

static void a_command_whose_hardware_vanishes_in_the_pulse_fails_and_is_not_fired_again(void **state)
{
    struct bench *bench = *state;
    struct door_command command;
    struct uuid id;

    bench->plan.pulse_ms = 300;
    start(bench, "blind");
    id = submit(bench, 5000);
    EVENTUALLY(bench->door->energised);
    bench->door->gone = 1;
    command = await(bench, id);
    assert_int_equal(command.status, COMMAND_FAILED);
    assert_string_equal(command.reason, "door_unreachable");
    bench->door->gone = 0;
    EVENTUALLY(look(bench).health == DOOR_OK);
    assert_int_equal(bench->door->pulses, 1);
    assert_false(bench->door->energised); /* released as soon as it was back */
}

static void a_line_that_somebody_else_holds_is_named_so(void **state)
{
    struct bench *bench = *state;

    start(bench, "blind");
    bench->door->held_by_other = 1;
    bench->door->gone = 1;
    EVENTUALLY(has_fault(bench, "line_busy"));
    assert_int_equal(look(bench).health, DOOR_UNREACHABLE);
}

static void a_relay_that_does_not_release_fires_no_more_until_it_does(void **state)
{
    struct bench *bench = *state;

    start(bench, "blind");
    bench->door->welded = 1;
    assert_int_equal(await(bench, submit(bench, 5000)).status, COMMAND_FIRED);
    EVENTUALLY(look(bench).health == DOOR_FAULTED && has_fault(bench, "relay_stuck"));
    assert_int_equal(await(bench, submit(bench, 5000)).status, COMMAND_REFUSED);
    bench->door->welded = 0;
    EVENTUALLY(look(bench).health == DOOR_OK);
    assert_false(bench->door->energised);
    assert_int_equal(bench->door->pulses, 1);
}

static void maintenance_refuses_what_waits_and_what_comes(void **state)
{
    struct bench *bench = *state;
    int64_t until_ms = clock_wall_ms(&clock_of_test) + 60000;
    struct door_command command;

    start(bench, "blind");
    assert_int_equal(door_actuator_maintain(bench->actuator, "g", "d", until_ms), OST_OK);
    assert_int_equal(look(bench).health, DOOR_IN_MAINTENANCE);
    assert_true(look(bench).maintenance_until_ms == until_ms);
    command = await(bench, submit(bench, 5000));
    assert_int_equal(command.status, COMMAND_REFUSED);
    assert_string_equal(command.reason, "door_in_maintenance");
    assert_int_equal(door_actuator_maintain(bench->actuator, "g", "d", 0), OST_OK);
    assert_int_equal(look(bench).health, DOOR_OK);
    assert_int_equal(await(bench, submit(bench, 5000)).status, COMMAND_FIRED);
    assert_int_equal(bench->door->pulses, 1);
}

static void a_store_without_room_delays_no_pulse_and_loses_no_outcome(void **state)
{
    struct bench *bench = *state;

    start(bench, "blind");
    set_store_busy(bench, true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(await(bench, submit(bench, 5000)).status, COMMAND_FIRED);
    assert_int_equal(outcomes(bench), 0);
    set_store_busy(bench, false);
    EVENTUALLY(outcomes(bench) == 3);
}

static void the_end_waits_for_a_running_pulse_and_expires_what_waits(void **state)
{
    struct bench *bench = *state;

    bench->plan.pulse_ms = 200;
    start(bench, "blind");
    submit(bench, 5000);
    EVENTUALLY(bench->door->energised);
    submit(bench, 5000);
    door_actuator_destroy(bench->actuator);
    bench->actuator = NULL;
    assert_int_equal(bench->store.outcome_count, 2);
    for (int i = 0; i < 2; i++) {
        const struct door_command *command = &bench->store.outcomes[i];

        assert_int_equal(command->status, command->relay_fired_at_ms ? COMMAND_FIRED : COMMAND_EXPIRED);
    }
    assert_int_not_equal(bench->store.is_opening[0], bench->store.is_opening[1]);
}

static void a_plan_that_its_driver_refuses_is_invalid(void **state)
{
    struct bench *bench = *state;

    snprintf(bench->plan.driver, sizeof(bench->plan.driver), "refused");
    assert_int_equal(door_actuator_create(&bench->parts, &bench->site, &bench->actuator), OST_INVALID);
    snprintf(bench->plan.driver, sizeof(bench->plan.driver), "unheard-of");
    assert_int_equal(door_actuator_create(&bench->parts, &bench->site, &bench->actuator), OST_INVALID);
    assert_null(bench->actuator);
}

static void only_the_latest_thousand_final_commands_are_remembered(void **state)
{
    struct bench *bench = *state;
    struct door_command command;
    struct uuid first, last = {0};

    start(bench, "blind");
    first = submit(bench, 0);
    await(bench, first);
    for (int i = 0; i < 1024; i++)
        await(bench, last = submit(bench, 0));
    assert_int_equal(door_actuator_find(bench->actuator, first, &command), OST_NOT_FOUND);
    assert_int_equal(door_actuator_find(bench->actuator, last, &command), OST_OK);
    EVENTUALLY(outcomes(bench) == 1025);
}

static void the_heart_beats_while_nothing_happens(void **state)
{
    struct bench *bench = *state;
    int64_t before_ms;

    start(bench, "blind");
    before_ms = door_actuator_heartbeat_ms(bench->actuator);
    EVENTUALLY(door_actuator_heartbeat_ms(bench->actuator) > before_ms);
}

static void an_opening_is_told_with_its_cause_and_then_its_end(void **state)
{
    struct bench *bench = *state;
    struct door_event event;

    listen_to(bench, 8);
    start(bench, "seeing");
    submit(bench, 5000);
    EVENTUALLY(bench->door->pulses == 1);
    bench->door->position = DOOR_OPEN;
    event = hear(bench);
    assert_int_equal(event.happened, DOOR_HAS_OPENED);
    assert_true(event.has_cause);
    assert_int_equal(event.cause, CAUSE_SESSION);
    bench->door->position = DOOR_CLOSED;
    assert_int_equal(hear(bench).happened, DOOR_HAS_CLOSED);
}

static void a_door_that_nobody_asked_is_told_with_its_fault(void **state)
{
    struct bench *bench = *state;
    struct door_event event;

    listen_to(bench, 8);
    start(bench, "seeing");
    EVENTUALLY(look(bench).position == DOOR_CLOSED);
    bench->door->position = DOOR_OPEN;
    event = hear(bench);
    assert_int_equal(event.happened, DOOR_HAS_FAULT);
    assert_string_equal(event.fault, "moved_unasked");
    event = hear(bench);
    assert_int_equal(event.happened, DOOR_HAS_OPENED);
    assert_int_equal(event.cause, CAUSE_UNEXPLAINED);
    bench->door->position = DOOR_CLOSED;
    event = hear(bench);
    assert_int_equal(event.happened, DOOR_HAS_RECOVERED);
    assert_string_equal(event.fault, "moved_unasked");
    assert_int_equal(hear(bench).happened, DOOR_HAS_CLOSED);
}

/* It was open before anybody looked; and it did not open while the relay was fired in vain. */
static void what_did_not_happen_is_not_told(void **state)
{
    struct bench *bench = *state;
    struct door_event event;

    listen_to(bench, 8);
    start(bench, "seeing");
    EVENTUALLY(look(bench).position == DOOR_CLOSED);
    assert_int_equal(await(bench, submit(bench, 5000)).status, COMMAND_NOT_MOVED);
    event = hear(bench);
    assert_int_equal(event.happened, DOOR_HAS_FAULT);
    assert_string_equal(event.fault, "not_moved");
    EVENTUALLY(look(bench).position == DOOR_CLOSED);
    door_actuator_destroy(bench->actuator);
    bench->actuator = NULL;
    assert_int_equal(queue_length(bench->events), 0);
}

static void a_door_that_nobody_hears_moves_all_the_same(void **state)
{
    struct bench *bench = *state;

    bench->plan.travel_ms = 1;
    listen_to(bench, 1);
    bench->parts.metrics = metrics_create();
    start(bench, "seeing");
    for (int i = 0; i < 2; i++) {
        bench->door->position = DOOR_OPEN;
        EVENTUALLY(look(bench).position == DOOR_OPEN);
        bench->door->position = DOOR_CLOSED;
        EVENTUALLY(look(bench).position == DOOR_CLOSED);
    }
    assert_int_equal(queue_length(bench->events), 1);
    door_actuator_destroy(bench->actuator);
    bench->actuator = NULL;
    assert_true(metric_value(metrics_register(bench->parts.metrics, METRIC_COUNTER, "ostler_door_events_dropped_total", "", "")) > 0);
    metrics_destroy(bench->parts.metrics);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        RULE(a_command_is_one_pulse_of_the_planned_length),
        RULE(the_outcome_reaches_the_store_once_with_its_ledger_line),
        RULE(nothing_moves_at_start_and_at_the_end),
        RULE(commands_fire_in_order_with_a_gap_between),
        RULE(the_same_command_handed_in_twice_fires_once),
        RULE(a_command_past_its_deadline_is_dropped_and_recorded),
        RULE(a_command_that_is_late_already_never_fires),
        RULE(a_full_queue_says_busy_and_takes_nothing),
        RULE(an_unknown_door_or_command_is_not_found),
        RULE(waiting_ends_at_its_deadline_with_the_state_so_far),
        RULE(a_sensor_that_sees_it_open_makes_it_opened),
        RULE(a_door_that_stays_shut_has_not_moved_and_is_faulted_until_it_opens),
        RULE(an_opening_nobody_asked_for_is_ledgered_as_unexplained),
        RULE(hardware_that_goes_away_is_unreachable_within_two_seconds_and_comes_back),
        RULE(a_command_whose_hardware_vanishes_in_the_pulse_fails_and_is_not_fired_again),
        RULE(a_line_that_somebody_else_holds_is_named_so),
        RULE(a_relay_that_does_not_release_fires_no_more_until_it_does),
        RULE(maintenance_refuses_what_waits_and_what_comes),
        RULE(a_store_without_room_delays_no_pulse_and_loses_no_outcome),
        RULE(the_end_waits_for_a_running_pulse_and_expires_what_waits),
        RULE(a_plan_that_its_driver_refuses_is_invalid),
        RULE(only_the_latest_thousand_final_commands_are_remembered),
        RULE(the_heart_beats_while_nothing_happens),
        RULE(an_opening_is_told_with_its_cause_and_then_its_end),
        RULE(a_door_that_nobody_asked_is_told_with_its_fault),
        RULE(what_did_not_happen_is_not_told),
        RULE(a_door_that_nobody_hears_moves_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
