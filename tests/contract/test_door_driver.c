/* The drivers' contract on the simulated door, and the faults that only it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/driver_table.h"
#include "drivers/simulated_door.h"
#include "tests/contract/door_driver_contract.h"

#define TRAVEL_MS 50

/* The simulated relay, seen from outside: only an edge counts as a pulse. */
static bool relay_is_on(struct driver_bench *bench, struct door_driver *driver)
{
    unsigned before = simulated_door_pulses(driver);
    bool was_on;

    (void)bench;
    (void)driver->ops->set_relay(driver, true);
    was_on = simulated_door_pulses(driver) == before;
    if (!was_on)
        (void)driver->ops->set_relay(driver, false);
    return was_on;
}

static void unplug(struct driver_bench *bench, struct door_driver *driver)
{
    (void)bench;
    assert_int_equal(driver->ops->simulate(driver, "unreachable"), OST_OK);
}

static void plug(struct driver_bench *bench, struct door_driver *driver)
{
    (void)bench;
    assert_int_equal(driver->ops->simulate(driver, "none"), OST_OK);
}

static void bring_open(struct driver_bench *bench, struct door_driver *driver)
{
    (void)bench;
    assert_int_equal(driver->ops->set_relay(driver, true), OST_OK);
    assert_int_equal(driver->ops->set_relay(driver, false), OST_OK);
}

static struct driver_bench simulated = {
    .create = simulated_door_create,
    .plan = {.garage_id = "g", .id = "d", .driver = "simulated", .travel_ms = TRAVEL_MS, .simulated_fault = "none"},
    .has_sensor = true,
    .relay_is_on = relay_is_on,
    .unplug = unplug,
    .plug = plug,
    .bring_open = bring_open,
};

/* ---- only the simulated one ---- */

static int make(void **state)
{
    char problem[REASON_BYTES];

    return simulated_door_create(&simulated.plan, (struct door_driver **)state, problem) == OST_OK ? 0 : -1;
}

static int unmake(void **state)
{
    struct door_driver *driver = *state;

    driver->ops->destroy(driver);
    return 0;
}

static enum door_position at(struct door_driver *driver, int64_t now_ms)
{
    enum door_position position = DOOR_POSITION_UNKNOWN;

    assert_int_equal(driver->ops->read_position(driver, now_ms, &position), OST_OK);
    return position;
}

static void push(struct door_driver *driver)
{
    assert_int_equal(driver->ops->set_relay(driver, true), OST_OK);
    assert_int_equal(driver->ops->set_relay(driver, false), OST_OK);
}

static void it_opens_stays_open_and_is_closed_by_its_controller(void **state)
{
    static const struct {
        int64_t at_ms;
        enum door_position position;
    } table[] = {
        {0, DOOR_OPENING},
        {TRAVEL_MS - 1, DOOR_OPENING},
        {TRAVEL_MS, DOOR_OPEN},
        {TRAVEL_MS + SIMULATED_OPEN_MS - 1, DOOR_OPEN},
        {TRAVEL_MS + SIMULATED_OPEN_MS, DOOR_CLOSING},
        {2 * TRAVEL_MS + SIMULATED_OPEN_MS - 1, DOOR_CLOSING},
        {2 * TRAVEL_MS + SIMULATED_OPEN_MS, DOOR_CLOSED},
    };
    struct door_driver *driver = *state;

    assert_int_equal(at(driver, -1), DOOR_CLOSED);
    push(driver);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(at(driver, table[i].at_ms), table[i].position);
}

static void a_push_while_it_closes_turns_it_round(void **state)
{
    struct door_driver *driver = *state;
    int64_t closing_ms = TRAVEL_MS + SIMULATED_OPEN_MS;

    push(driver);
    at(driver, 0);
    assert_int_equal(at(driver, closing_ms + 10), DOOR_CLOSING);
    push(driver);
    assert_int_equal(at(driver, closing_ms + 10), DOOR_OPENING);
    assert_int_equal(at(driver, closing_ms + 19), DOOR_OPENING);
    assert_int_equal(at(driver, closing_ms + 20), DOOR_OPEN);
}

static void stuck_it_clicks_and_stays_shut(void **state)
{
    struct door_driver *driver = *state;

    assert_int_equal(driver->ops->simulate(driver, "stuck"), OST_OK);
    push(driver);
    assert_int_equal(at(driver, 0), DOOR_CLOSED);
    assert_int_equal(at(driver, 10 * TRAVEL_MS), DOOR_CLOSED);
    assert_int_equal(simulated_door_pulses(driver), 1);
}

static void slow_it_takes_three_times_as_long(void **state)
{
    struct door_driver *driver = *state;

    assert_int_equal(driver->ops->simulate(driver, "slow"), OST_OK);
    push(driver);
    at(driver, 0);
    assert_int_equal(at(driver, SIMULATED_SLOW_FACTOR * TRAVEL_MS - 1), DOOR_OPENING);
    assert_int_equal(at(driver, SIMULATED_SLOW_FACTOR * TRAVEL_MS), DOOR_OPEN);
}

static void welded_its_relay_does_not_release_until_it_is_healed(void **state)
{
    struct door_driver *driver = *state;

    assert_int_equal(driver->ops->simulate(driver, "welded"), OST_OK);
    assert_int_equal(driver->ops->set_relay(driver, true), OST_OK);
    at(driver, 0);
    assert_int_equal(driver->ops->set_relay(driver, false), OST_IO);
    assert_int_equal(at(driver, TRAVEL_MS), DOOR_OPEN);
    assert_int_equal(at(driver, TRAVEL_MS + 10 * SIMULATED_OPEN_MS), DOOR_OPEN); /* nobody can close it */
    assert_int_equal(driver->ops->simulate(driver, "none"), OST_OK);
    assert_int_equal(driver->ops->set_relay(driver, false), OST_OK);
    assert_int_equal(at(driver, TRAVEL_MS + 11 * SIMULATED_OPEN_MS), DOOR_CLOSING);
}

static void bouncing_its_sensor_flickers_and_then_settles(void **state)
{
    struct door_driver *driver = *state;
    bool flickered = false;

    assert_int_equal(driver->ops->simulate(driver, "bouncing"), OST_OK);
    push(driver);
    at(driver, 0);
    for (int64_t now_ms = TRAVEL_MS; now_ms < TRAVEL_MS + SIMULATED_BOUNCE_MS; now_ms++)
        flickered |= at(driver, now_ms) != DOOR_OPEN;
    assert_true(flickered);
    for (int64_t now_ms = TRAVEL_MS + SIMULATED_BOUNCE_MS; now_ms < TRAVEL_MS + SIMULATED_OPEN_MS; now_ms += 10)
        assert_int_equal(at(driver, now_ms), DOOR_OPEN);
}

static void an_unknown_fault_in_the_plan_is_refused_with_the_names_that_there_are(void **state)
{
    struct door_plan plan = simulated.plan;
    struct door_driver *driver = NULL;
    char problem[REASON_BYTES] = "";

    (void)state;
    strcpy(plan.simulated_fault, "broken");
    assert_int_equal(simulated_door_create(&plan, &driver, problem), OST_INVALID);
    assert_non_null(strstr(problem, "bouncing"));
    assert_null(driver);
}

static void both_drivers_are_in_the_table(void **state)
{
    size_t count = 0;

    (void)state;
    for (const struct door_driver_type *type = door_driver_table; type->name; type++) {
        assert_non_null(type->create);
        count += strcmp(type->name, "simulated") == 0 || strcmp(type->name, "gpiod") == 0;
    }
    assert_int_equal(count, 2);
}

int main(void)
{
#define RULE(rule) cmocka_unit_test_setup_teardown(rule, make, unmake)
    const struct CMUnitTest own[] = {
        RULE(it_opens_stays_open_and_is_closed_by_its_controller),
        RULE(a_push_while_it_closes_turns_it_round),
        RULE(stuck_it_clicks_and_stays_shut),
        RULE(slow_it_takes_three_times_as_long),
        RULE(welded_its_relay_does_not_release_until_it_is_healed),
        RULE(bouncing_its_sensor_flickers_and_then_settles),
        cmocka_unit_test(an_unknown_fault_in_the_plan_is_refused_with_the_names_that_there_are),
        cmocka_unit_test(both_drivers_are_in_the_table),
    };
    int failed = run_door_driver_contract(&simulated, "every driver: simulated");

    return failed + cmocka_run_group_tests_name("simulated", own, NULL, NULL);
}
