#include "tests/contract/door_driver_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct fixture {
    struct driver_bench *bench;
    struct door_driver *driver;
    char problem[REASON_BYTES];
};

static struct driver_bench *bench_under_test;
static struct fixture fixture;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static int make(void **state)
{
    fixture = (struct fixture){.bench = bench_under_test};
    *state = &fixture;
    return fixture.bench->create(&fixture.bench->plan, &fixture.driver, fixture.problem) == OST_OK ? 0 : -1;
}

static int unmake(void **state)
{
    struct fixture *it = *state;

    if (it->driver)
        it->driver->ops->destroy(it->driver);
    return 0;
}

static enum ost_status acquire(struct fixture *it)
{
    return it->driver->ops->acquire(it->driver, it->problem);
}

static bool is_on(struct fixture *it)
{
    return it->bench->relay_is_on(it->bench, it->driver);
}

static void all_mandatory_calls_are_there(void **state)
{
    struct fixture *it = *state;
    const struct door_driver_ops *ops = it->driver->ops;

    assert_non_null(ops->acquire);
    assert_non_null(ops->set_relay);
    assert_non_null(ops->probe);
    assert_non_null(ops->destroy);
    assert_int_equal(ops->read_position != NULL, it->bench->has_sensor);
    assert_int_equal(ops->event_descriptor != NULL, ops->drain_events != NULL);
}

static void taking_hold_moves_nothing(void **state)
{
    struct fixture *it = *state;

    assert_int_equal(acquire(it), OST_OK);
    assert_false(is_on(it));
    assert_int_equal(it->driver->ops->probe(it->driver), OST_OK);
}

static void taking_hold_again_is_harmless(void **state)
{
    struct fixture *it = *state;

    assert_int_equal(acquire(it), OST_OK);
    assert_int_equal(acquire(it), OST_OK);
    assert_int_equal(it->driver->ops->set_relay(it->driver, true), OST_OK);
    assert_true(is_on(it));
}

static void the_relay_does_what_it_is_told_and_repeating_is_harmless(void **state)
{
    struct fixture *it = *state;

    assert_int_equal(acquire(it), OST_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(it->driver->ops->set_relay(it->driver, true), OST_OK);
        assert_int_equal(it->driver->ops->set_relay(it->driver, true), OST_OK);
        assert_true(is_on(it));
        assert_int_equal(it->driver->ops->set_relay(it->driver, false), OST_OK);
        assert_int_equal(it->driver->ops->set_relay(it->driver, false), OST_OK);
        assert_false(is_on(it));
    }
}

static void without_hardware_every_call_says_unavailable(void **state)
{
    struct fixture *it = *state;
    enum door_position position = DOOR_CLOSING;

    assert_int_equal(acquire(it), OST_OK);
    it->bench->unplug(it->bench, it->driver);
    assert_int_equal(it->driver->ops->probe(it->driver), OST_UNAVAILABLE);
    assert_int_equal(it->driver->ops->set_relay(it->driver, true), OST_UNAVAILABLE);
    assert_int_equal(it->driver->ops->set_relay(it->driver, false), OST_UNAVAILABLE);
    if (it->bench->has_sensor)
        assert_int_equal(it->driver->ops->read_position(it->driver, now_ms(), &position), OST_UNAVAILABLE);
    assert_int_equal(position, DOOR_CLOSING); /* untouched on failure */
    if (it->driver->ops->event_descriptor)
        assert_int_equal(it->driver->ops->drain_events(it->driver), OST_UNAVAILABLE);
    it->problem[0] = '\0';
    assert_int_equal(acquire(it), OST_UNAVAILABLE);
    assert_true(it->problem[0] != '\0');
    it->bench->plug(it->bench, it->driver);
}

static void hardware_that_came_back_is_taken_with_its_relay_released(void **state)
{
    struct fixture *it = *state;

    assert_int_equal(acquire(it), OST_OK);
    it->bench->unplug(it->bench, it->driver);
    assert_int_equal(it->driver->ops->probe(it->driver), OST_UNAVAILABLE);
    it->bench->plug(it->bench, it->driver);
    assert_int_equal(acquire(it), OST_OK);
    assert_false(is_on(it));
    assert_int_equal(it->driver->ops->set_relay(it->driver, true), OST_OK);
    assert_true(is_on(it));
}

static void hardware_lost_in_a_pulse_comes_back_released(void **state)
{
    struct fixture *it = *state;

    assert_int_equal(acquire(it), OST_OK);
    assert_int_equal(it->driver->ops->set_relay(it->driver, true), OST_OK);
    it->bench->unplug(it->bench, it->driver);
    assert_int_equal(it->driver->ops->probe(it->driver), OST_UNAVAILABLE);
    it->bench->plug(it->bench, it->driver);
    assert_int_equal(acquire(it), OST_OK);
    assert_false(is_on(it));
}

static void the_sensor_sees_the_open_door(void **state)
{
    struct fixture *it = *state;
    enum door_position position = DOOR_CLOSING;

    if (!it->bench->has_sensor)
        skip();
    assert_int_equal(acquire(it), OST_OK);
    assert_int_equal(it->driver->ops->read_position(it->driver, now_ms(), &position), OST_OK);
    assert_int_not_equal(position, DOOR_OPEN);
    it->bench->bring_open(it->bench, it->driver);
    for (int64_t give_up_ms = now_ms() + 5000; position != DOOR_OPEN && now_ms() < give_up_ms;)
        assert_int_equal(it->driver->ops->read_position(it->driver, now_ms(), &position), OST_OK);
    assert_int_equal(position, DOOR_OPEN);
}

static void draining_without_events_does_not_block(void **state)
{
    struct fixture *it = *state;
    int64_t began_ms;

    if (!it->driver->ops->drain_events)
        skip();
    assert_int_equal(acquire(it), OST_OK);
    assert_true(it->driver->ops->event_descriptor(it->driver) >= 0);
    began_ms = now_ms();
    assert_int_equal(it->driver->ops->drain_events(it->driver), OST_OK);
    assert_true(now_ms() - began_ms < 500);
}

static void faults_that_it_does_not_know_are_invalid(void **state)
{
    struct fixture *it = *state;

    if (!it->driver->ops->simulate)
        skip();
    assert_int_equal(it->driver->ops->simulate(it->driver, "on-fire"), OST_INVALID);
    assert_int_equal(it->driver->ops->simulate(it->driver, "none"), OST_OK);
}

int run_door_driver_contract(struct driver_bench *bench, const char *name)
{
#define RULE(rule) cmocka_unit_test_setup_teardown(rule, make, unmake)
    const struct CMUnitTest rules[] = {
        RULE(all_mandatory_calls_are_there),
        RULE(taking_hold_moves_nothing),
        RULE(taking_hold_again_is_harmless),
        RULE(the_relay_does_what_it_is_told_and_repeating_is_harmless),
        RULE(without_hardware_every_call_says_unavailable),
        RULE(hardware_that_came_back_is_taken_with_its_relay_released),
        RULE(hardware_lost_in_a_pulse_comes_back_released),
        RULE(the_sensor_sees_the_open_door),
        RULE(draining_without_events_does_not_block),
        RULE(faults_that_it_does_not_know_are_invalid),
    };

    bench_under_test = bench;
    return cmocka_run_group_tests_name(name, rules, NULL, NULL);
}
