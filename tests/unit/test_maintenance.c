/* Maintenance locks after a restart, with simulated doors and a store in memory whose locks can become unreadable. */
#include "runtime/service/maintenance.h"

#include <stdio.h>
#include <string.h>

#include "drivers/driver_table.h"
#include "tests/support/memory_store.h"
#include "tests/unit/check.h"

struct bench {
    struct clock clock;
    struct uuid_generator ids;
    struct store *inner;
    struct store store; /* the inner one, but for the reading of locks */
    struct store_ops ops;
    struct fault_board *faults;
    struct door_plan doors[2];
    struct garage garage;
    struct site site;
    struct maintenance maintenance;
};

static struct bench bench;
static bool is_unreadable;

static enum ost_status list_or_fail(struct store *store, int64_t now_ms, const struct maintenance_lock *after, size_t limit,
                                    struct maintenance_lock *out, size_t *count)
{
    (void)store;
    if (is_unreadable)
        return OST_IO;
    return bench.inner->ops->list_maintenance(bench.inner, now_ms, after, limit, out, count);
}

static int set_up(void **state)
{
    static const char *const garages[] = {"north"};
    struct door_actuator_parts parts = {.clock = &bench.clock, .ids = &bench.ids, .drivers = door_driver_table};
    struct door_plan plan = {.garage_id = "north", .driver = "simulated", .simulated_fault = "none", .pulse_ms = 40,
                             .gap_ms = 10, .travel_ms = 100, .command_expires_ms = 10000};

    (void)state;
    memset(&bench, 0, sizeof(bench));
    is_unreadable = false;
    clock_init_system(&bench.clock);
    uuid_generator_init(&bench.ids);
    bench.inner = memory_store_create(&bench.clock, garages, 1);
    bench.ops = *bench.inner->ops;
    bench.ops.list_maintenance = list_or_fail;
    bench.store.ops = &bench.ops;
    bench.faults = fault_board_create(&bench.clock, NULL);
    bench.doors[0] = bench.doors[1] = plan;
    bench.doors[0].kind = DOOR_ENTRY;
    strcpy(bench.doors[0].id, "entry");
    bench.doors[1].kind = DOOR_EXIT;
    strcpy(bench.doors[1].id, "exit");
    bench.garage = (struct garage){.id = "north", .doors = bench.doors, .door_count = 2};
    bench.site = (struct site){.garages = &bench.garage, .garage_count = 1};
    parts.store = bench.inner;
    parts.faults = bench.faults;
    bench.maintenance = (struct maintenance){.clock = &bench.clock, .store = &bench.store, .faults = bench.faults};
    return door_actuator_create(&parts, &bench.site, &bench.maintenance.doors) == OST_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    door_actuator_destroy(bench.maintenance.doors);
    fault_board_destroy(bench.faults);
    bench.inner->ops->destroy(bench.inner);
    uuid_generator_finish(&bench.ids);
    return 0;
}

static void lock(const char *door, int64_t for_ms)
{
    struct store_change *change = store_change_create(STORE_MAINTENANCE);

    strcpy(change->u.maintenance.garage_id, "north");
    snprintf(change->u.maintenance.door_id, SLUG_BYTES, "%s", door);
    change->u.maintenance.until_ms = clock_wall_ms(&bench.clock) + for_ms;
    assert_ok(bench.inner->ops->commit(bench.inner, change, clock_monotonic_ms(&bench.clock) + 1000));
    store_change_release(change);
}

static bool is_locked(const char *door)
{
    struct door_snapshot snapshot;

    assert_ok(door_actuator_snapshot(bench.maintenance.doors, "north", door, &snapshot));
    return snapshot.maintenance_until_ms != 0;
}

static bool is_raised(void)
{
    struct fault fault;

    return fault_board_list(bench.faults, &fault, 1) == 1 && fault.cleared_at_ms == 0;
}

static void a_lock_in_force_is_found_behind_many_that_ended(void **state)
{
    char door[16];

    (void)state;
    lock("exit", 60000);
    for (int i = 0; i < 200; i++) {
        snprintf(door, sizeof(door), "a%d", i);
        lock(door, -1000);
    }
    assert_true(maintenance_restore(&bench.maintenance, &bench.site));
    assert_true(is_locked("exit"));
    assert_false(is_locked("entry"));
    assert_false(is_raised());
}

static void more_locks_than_a_page_are_all_restored(void **state)
{
    char door[16];

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(door, sizeof(door), "a%d", i);
        lock(door, 60000);
    }
    lock("entry", 60000);
    lock("exit", 60000);
    assert_true(maintenance_restore(&bench.maintenance, &bench.site));
    assert_true(is_locked("entry"));
    assert_true(is_locked("exit"));
}

static void unreadable_locks_lock_entries_and_no_exit_until_they_are_read(void **state)
{
    (void)state;
    is_unreadable = true;
    assert_false(maintenance_restore(&bench.maintenance, &bench.site));
    assert_true(is_locked("entry"));
    assert_false(is_locked("exit"));
    assert_true(is_raised());
    assert_false(maintenance_restore(&bench.maintenance, &bench.site));
    is_unreadable = false;
    assert_true(maintenance_restore(&bench.maintenance, &bench.site));
    assert_false(is_locked("entry"));
    assert_false(is_raised());
}

static void a_technicians_lock_stays_when_the_others_are_lifted(void **state)
{
    (void)state;
    lock("entry", 60000);
    is_unreadable = true;
    assert_false(maintenance_restore(&bench.maintenance, &bench.site));
    is_unreadable = false;
    assert_true(maintenance_restore(&bench.maintenance, &bench.site));
    assert_true(is_locked("entry"));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
RUN(CASE(a_lock_in_force_is_found_behind_many_that_ended), CASE(more_locks_than_a_page_are_all_restored),
    CASE(unreadable_locks_lock_entries_and_no_exit_until_they_are_read),
    CASE(a_technicians_lock_stays_when_the_others_are_lifted))
