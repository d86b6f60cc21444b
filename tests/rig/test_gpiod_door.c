/* The gpiod driver on a real GPIO chip of the kernel's simulator: the drivers' contract, and what only it must do. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/gpiod_door.h"
#include "tests/contract/door_driver_contract.h"
#include "tests/rig/wires.h"

#define RELAY  0
#define SENSOR 1

static const struct door_plan plan_with_sensor = {
    .garage_id = "g",
    .id = "d",
    .driver = "gpiod",
    .chip = RIG_CHIP,
    .relay = {.name = "relay-sim-0"},
    .open_sensor = {.name = "relay-sim-1"},
};

static struct door_plan plan_without_sensor(void)
{
    struct door_plan plan = plan_with_sensor;

    memset(&plan.open_sensor, 0, sizeof(plan.open_sensor));
    return plan;
}

static bool relay_is_on(struct driver_bench *bench, struct door_driver *driver)
{
    (void)driver;
    return wire_level(RELAY) == (bench->plan.relay.active_low ? 0 : 1);
}

static void unplug(struct driver_bench *bench, struct door_driver *driver)
{
    (void)bench;
    (void)driver;
    chip_unplug();
}

static void plug(struct driver_bench *bench, struct door_driver *driver)
{
    (void)bench;
    (void)driver;
    chip_plug();
}

static void bring_open(struct driver_bench *bench, struct door_driver *driver)
{
    (void)bench;
    (void)driver;
    wire_pull(SENSOR, true);
}

static int run_contract(const char *name, struct door_plan plan)
{
    struct driver_bench bench = {
        .create = gpiod_door_create,
        .plan = plan,
        .has_sensor = plan.open_sensor.name[0] != '\0',
        .relay_is_on = relay_is_on,
        .unplug = unplug,
        .plug = plug,
        .bring_open = bring_open,
    };
    int failed = run_door_driver_contract(&bench, name);

    wire_pull(SENSOR, false);
    return failed;
}

/* ---- only the gpiod one ---- */

static struct door_driver *make(const struct door_plan *plan)
{
    char problem[REASON_BYTES] = "";
    struct door_driver *driver = NULL;

    if (gpiod_door_create(plan, &driver, problem) != OST_OK)
        fail_msg("%s", problem);
    return driver;
}

static void put_away(struct door_driver *driver)
{
    driver->ops->destroy(driver);
    wire_pull(SENSOR, false);
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, timeout_ms) == 1;
}

static enum door_position position_of(struct door_driver *driver)
{
    enum door_position position = DOOR_CLOSING;

    assert_int_equal(driver->ops->read_position(driver, 0, &position), OST_OK);
    return position;
}

static void a_held_line_is_busy_and_its_holder_is_named(void **state)
{
    struct door_plan plan = plan_without_sensor();
    struct door_driver *first = make(&plan);
    struct door_driver *second = make(&plan);
    char problem[REASON_BYTES] = "";

    (void)state;
    assert_int_equal(first->ops->acquire(first, problem), OST_OK);
    assert_int_equal(second->ops->acquire(second, problem), OST_BUSY);
    assert_non_null(strstr(problem, "relay-sim-0"));
    assert_non_null(strstr(problem, "ostler d"));
    put_away(first);
    assert_int_equal(second->ops->acquire(second, problem), OST_OK);
    put_away(second);
}

static void a_busy_sensor_leaves_the_relay_free(void **state)
{
    struct door_plan other = plan_without_sensor();
    struct door_plan only_relay = plan_without_sensor();
    struct door_driver *holder, *door, *third;
    char problem[REASON_BYTES] = "";

    (void)state;
    strcpy(other.relay.name, "relay-sim-1");
    holder = make(&other);
    door = make(&plan_with_sensor);
    third = make(&only_relay);
    assert_int_equal(holder->ops->acquire(holder, problem), OST_OK);
    assert_int_equal(door->ops->acquire(door, problem), OST_BUSY);
    assert_non_null(strstr(problem, "relay-sim-1"));
    assert_int_equal(third->ops->acquire(third, problem), OST_OK);
    put_away(third);
    put_away(door);
    put_away(holder);
}

static void a_line_can_be_an_offset_in_digits(void **state)
{
    struct door_plan plan = plan_without_sensor();
    struct door_driver *driver;
    char problem[REASON_BYTES];

    (void)state;
    strcpy(plan.relay.name, "3");
    driver = make(&plan);
    assert_int_equal(driver->ops->acquire(driver, problem), OST_OK);
    assert_int_equal(driver->ops->set_relay(driver, true), OST_OK);
    assert_int_equal(wire_level(3), 1);
    put_away(driver);
}

static void what_is_not_there_is_named(void **state)
{
    static const struct {
        const char *chip, *line, *named;
    } table[] = {
        {"no-such-chip", "relay-sim-0", "no-such-chip"},
        {RIG_CHIP, "no-such-line", "no-such-line"},
        {RIG_CHIP, "8", "8"}, /* the first offset beyond the chip */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct door_plan plan = plan_without_sensor();
        char problem[REASON_BYTES] = "";
        struct door_driver *driver;

        strcpy(plan.chip, table[i].chip);
        strcpy(plan.relay.name, table[i].line);
        driver = make(&plan);
        assert_int_equal(driver->ops->acquire(driver, problem), OST_UNAVAILABLE);
        assert_non_null(strstr(problem, table[i].named));
        assert_int_equal(driver->ops->probe(driver), OST_UNAVAILABLE);
        put_away(driver);
    }
}

static void plans_that_lack_something_are_refused(void **state)
{
    struct door_plan plans[4];
    struct door_driver *driver = NULL;
    char problem[REASON_BYTES];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        plans[i] = plan_with_sensor;
    plans[0].chip[0] = '\0';
    plans[1].relay.name[0] = '\0';
    strcpy(plans[2].open_sensor.bias, "sideways");
    strcpy(plans[3].open_sensor.name, plans[3].relay.name);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(gpiod_door_create(&plans[i], &driver, problem), OST_INVALID);
    assert_null(driver);
}

static void an_edge_makes_the_descriptor_readable_until_it_is_drained(void **state)
{
    struct door_driver *driver = make(&plan_with_sensor);
    char problem[REASON_BYTES];
    int fd;

    (void)state;
    assert_int_equal(driver->ops->event_descriptor(driver), -1);
    assert_int_equal(driver->ops->acquire(driver, problem), OST_OK);
    fd = driver->ops->event_descriptor(driver);
    assert_false(is_readable(fd, 50));
    assert_int_equal(position_of(driver), DOOR_POSITION_UNKNOWN);
    wire_pull(SENSOR, true);
    assert_true(is_readable(fd, 5000));
    assert_int_equal(driver->ops->drain_events(driver), OST_OK);
    assert_int_equal(position_of(driver), DOOR_OPEN);
    assert_false(is_readable(fd, 50));
    put_away(driver);
}

static void an_active_low_sensor_is_open_at_a_low_level(void **state)
{
    struct door_plan plan = plan_with_sensor;
    struct door_driver *driver;
    char problem[REASON_BYTES];

    (void)state;
    plan.open_sensor.active_low = true;
    wire_pull(SENSOR, true);
    driver = make(&plan);
    assert_int_equal(driver->ops->acquire(driver, problem), OST_OK);
    assert_int_equal(position_of(driver), DOOR_POSITION_UNKNOWN);
    wire_pull(SENSOR, false);
    assert_true(is_readable(driver->ops->event_descriptor(driver), 5000));
    assert_int_equal(position_of(driver), DOOR_OPEN);
    put_away(driver);
}

static void a_bounce_shorter_than_the_debounce_time_is_not_seen(void **state)
{
    struct door_plan plan = plan_with_sensor;
    struct door_driver *driver;
    char problem[REASON_BYTES];
    int fd;

    (void)state;
    plan.open_sensor.debounce_ms = 300;
    driver = make(&plan);
    assert_int_equal(driver->ops->acquire(driver, problem), OST_OK);
    fd = driver->ops->event_descriptor(driver);
    wire_pull(SENSOR, true);
    wire_pull(SENSOR, false);
    assert_false(is_readable(fd, 700));
    wire_pull(SENSOR, true);
    assert_true(is_readable(fd, 5000));
    put_away(driver);
}

static void a_flickering_sensor_does_not_hold_the_door_thread(void **state)
{
    struct door_driver *driver = make(&plan_with_sensor);
    char problem[REASON_BYTES];
    int64_t began_ms;

    (void)state;
    assert_int_equal(driver->ops->acquire(driver, problem), OST_OK);
    for (int i = 0; i < 100; i++)
        wire_pull(SENSOR, i % 2 == 0);
    began_ms = rig_now_ms();
    for (int i = 0; i < 10; i++)
        assert_int_equal(driver->ops->drain_events(driver), OST_OK);
    assert_true(rig_now_ms() - began_ms < 1000);
    assert_false(is_readable(driver->ops->event_descriptor(driver), 50));
    put_away(driver);
}

static void letting_go_in_a_pulse_releases_the_relay_first(void **state)
{
    struct door_plan plan = plan_without_sensor();
    struct door_driver *driver = make(&plan);
    char problem[REASON_BYTES];

    (void)state;
    assert_int_equal(driver->ops->acquire(driver, problem), OST_OK);
    assert_int_equal(driver->ops->set_relay(driver, true), OST_OK);
    put_away(driver);
    assert_int_equal(wire_level(RELAY), 0);
}

int main(void)
{
    const struct CMUnitTest own[] = {
        cmocka_unit_test(a_held_line_is_busy_and_its_holder_is_named),
        cmocka_unit_test(a_busy_sensor_leaves_the_relay_free),
        cmocka_unit_test(a_line_can_be_an_offset_in_digits),
        cmocka_unit_test(what_is_not_there_is_named),
        cmocka_unit_test(plans_that_lack_something_are_refused),
        cmocka_unit_test(an_edge_makes_the_descriptor_readable_until_it_is_drained),
        cmocka_unit_test(an_active_low_sensor_is_open_at_a_low_level),
        cmocka_unit_test(a_bounce_shorter_than_the_debounce_time_is_not_seen),
        cmocka_unit_test(a_flickering_sensor_does_not_hold_the_door_thread),
        cmocka_unit_test(letting_go_in_a_pulse_releases_the_relay_first),
    };
    struct door_plan active_low = plan_with_sensor;
    int failed = 0;

    active_low.relay.active_low = true;
    failed += run_contract("every driver: gpiod with a sensor", plan_with_sensor);
    failed += run_contract("every driver: gpiod without a sensor", plan_without_sensor());
    failed += run_contract("every driver: gpiod, active low", active_low);
    failed += cmocka_run_group_tests_name("gpiod", own, NULL, NULL);
    return failed;
}
