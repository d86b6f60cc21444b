#include "runtime/core/travel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS        INT64_C(1000000)
#define TRAVEL_MS 2000
#define SEEN_BY   ((TRAVEL_MS + TRAVEL_MARGIN_MS) * MS)

/* What a single switch at the open position says when the door is not there. */
#define NOT_OPEN DOOR_POSITION_UNKNOWN

static struct travel with_sensor(void)
{
    struct travel travel;

    travel_init(&travel, true, TRAVEL_MS);
    return travel;
}

static void check(const struct travel *travel, enum door_position position, bool assumed)
{
    assert_int_equal(travel->position, position);
    assert_int_equal(travel->assumed, assumed);
}

static void without_a_sensor_the_whole_way_is_reckoned_from_time(void **state)
{
    static const struct {
        int64_t at_ms;
        enum door_position position;
    } table[] = {
        {0, DOOR_OPENING},
        {TRAVEL_MS - 1, DOOR_OPENING},
        {TRAVEL_MS, DOOR_OPEN},
        {TRAVEL_MS + TRAVEL_ASSUMED_OPEN_MS - 1, DOOR_OPEN},
        {TRAVEL_MS + TRAVEL_ASSUMED_OPEN_MS, DOOR_CLOSING},
        {2 * TRAVEL_MS + TRAVEL_ASSUMED_OPEN_MS - 1, DOOR_CLOSING},
        {2 * TRAVEL_MS + TRAVEL_ASSUMED_OPEN_MS, DOOR_CLOSED},
    };
    struct travel travel;

    (void)state;
    travel_init(&travel, false, TRAVEL_MS);
    check(&travel, DOOR_POSITION_UNKNOWN, false);
    travel_fired(&travel, 0);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        travel_tick(&travel, table[i].at_ms * MS);
        check(&travel, table[i].position, true);
    }
    assert_true(travel.until_ns == INT64_MAX);
}

static void one_late_look_catches_up_on_the_whole_way(void **state)
{
    struct travel travel;

    (void)state;
    travel_init(&travel, false, TRAVEL_MS);
    travel_fired(&travel, 0);
    travel_tick(&travel, 3600 * 1000 * MS);
    check(&travel, DOOR_CLOSED, true);
}

static void a_pulse_while_it_is_reckoned_open_keeps_it_open_longer(void **state)
{
    struct travel travel;

    (void)state;
    travel_init(&travel, false, TRAVEL_MS);
    travel_fired(&travel, 0);
    travel_tick(&travel, TRAVEL_MS * MS);
    travel_fired(&travel, 5000 * MS);
    travel_tick(&travel, (5000 + TRAVEL_ASSUMED_OPEN_MS) * MS - 1);
    check(&travel, DOOR_OPEN, true);
    travel_tick(&travel, (5000 + TRAVEL_ASSUMED_OPEN_MS) * MS);
    check(&travel, DOOR_CLOSING, true);
}

static void it_is_opening_after_the_pulse_until_the_sensor_sees_it_open(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    travel_read(&travel, NOT_OPEN, 0);
    check(&travel, DOOR_CLOSED, true);
    travel_fired(&travel, 0);
    check(&travel, DOOR_OPENING, true);
    assert_int_equal(travel_read(&travel, NOT_OPEN, 1000 * MS), TRAVEL_NO_NEWS);
    check(&travel, DOOR_OPENING, true);
    assert_int_equal(travel_read(&travel, DOOR_OPEN, 1500 * MS), TRAVEL_SEEN_OPEN);
    check(&travel, DOOR_OPEN, false);
    assert_int_equal(travel_read(&travel, DOOR_OPEN, 1600 * MS), TRAVEL_NO_NEWS);
}

static void a_switch_that_leaves_open_means_closing_and_then_shut(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    travel_read(&travel, DOOR_OPEN, 0);
    travel_read(&travel, NOT_OPEN, 100 * MS);
    check(&travel, DOOR_CLOSING, true);
    assert_int_equal(travel_tick(&travel, (100 + TRAVEL_MS) * MS - 1), TRAVEL_NO_NEWS);
    assert_int_equal(travel_tick(&travel, (100 + TRAVEL_MS) * MS), TRAVEL_SHUT);
    check(&travel, DOOR_CLOSED, true);
}

static void a_door_that_is_not_seen_in_time_is_taken_for_shut(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    travel_read(&travel, NOT_OPEN, 0);
    travel_fired(&travel, 0);
    assert_true(travel_seen_by_ns(&travel, 0) == SEEN_BY);
    travel_tick(&travel, SEEN_BY - 1);
    check(&travel, DOOR_OPENING, true);
    travel_tick(&travel, SEEN_BY);
    check(&travel, DOOR_CLOSED, true);
}

static void a_slow_door_was_asked_for_all_the_same(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    travel_read(&travel, NOT_OPEN, 0);
    travel_fired(&travel, 0);
    travel_tick(&travel, SEEN_BY);
    assert_int_equal(travel_read(&travel, DOOR_OPEN, 4 * SEEN_BY), TRAVEL_SEEN_OPEN);
}

static void later_than_that_nobody_asked_for_it(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    travel_read(&travel, NOT_OPEN, 0);
    travel_fired(&travel, 0);
    travel_tick(&travel, SEEN_BY);
    assert_int_equal(travel_read(&travel, DOOR_OPEN, 4 * SEEN_BY + 1), TRAVEL_UNASKED);
}

static void an_opening_from_shut_without_a_pulse_is_unasked(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    travel_read(&travel, NOT_OPEN, 0);
    assert_int_equal(travel_read(&travel, DOOR_OPEN, 1), TRAVEL_UNASKED);
}

static void one_pulse_does_not_excuse_a_second_opening(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    travel_read(&travel, NOT_OPEN, 0);
    travel_fired(&travel, 0);
    travel_read(&travel, DOOR_OPEN, 100 * MS);
    travel_read(&travel, NOT_OPEN, 200 * MS);
    travel_tick(&travel, (200 + TRAVEL_MS) * MS);
    assert_int_equal(travel_read(&travel, DOOR_OPEN, (201 + TRAVEL_MS) * MS), TRAVEL_UNASKED);
}

static void a_bouncing_switch_is_one_opening(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    travel_read(&travel, NOT_OPEN, 0);
    travel_fired(&travel, 0);
    assert_int_equal(travel_read(&travel, DOOR_OPEN, 100 * MS), TRAVEL_SEEN_OPEN);
    for (int64_t at_ms = 101; at_ms < 140; at_ms++)
        assert_int_not_equal(travel_read(&travel, at_ms % 2 ? NOT_OPEN : DOOR_OPEN, at_ms * MS), TRAVEL_UNASKED);
}

static void a_door_found_open_at_the_start_is_no_unasked_opening(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    assert_int_equal(travel_read(&travel, DOOR_OPEN, 0), TRAVEL_SEEN_OPEN);
    travel_forget(&travel);
    check(&travel, DOOR_POSITION_UNKNOWN, false);
    assert_int_equal(travel_read(&travel, DOOR_OPEN, 1), TRAVEL_SEEN_OPEN);
}

static void a_sensor_that_sees_all_positions_is_believed_in_all(void **state)
{
    struct travel travel = with_sensor();

    (void)state;
    travel_read(&travel, DOOR_CLOSED, 0);
    check(&travel, DOOR_CLOSED, false);
    assert_int_equal(travel_read(&travel, DOOR_OPENING, 1), TRAVEL_UNASKED);
    check(&travel, DOOR_OPENING, false);
    assert_int_equal(travel_read(&travel, DOOR_OPEN, 2), TRAVEL_SEEN_OPEN);
    assert_int_equal(travel_read(&travel, DOOR_CLOSING, 3), TRAVEL_NO_NEWS);
    assert_int_equal(travel_read(&travel, DOOR_CLOSED, 4), TRAVEL_SHUT);
    travel_fired(&travel, 5);
    assert_int_equal(travel_read(&travel, DOOR_OPENING, 6), TRAVEL_NO_NEWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_sensor_the_whole_way_is_reckoned_from_time),
        cmocka_unit_test(one_late_look_catches_up_on_the_whole_way),
        cmocka_unit_test(a_pulse_while_it_is_reckoned_open_keeps_it_open_longer),
        cmocka_unit_test(it_is_opening_after_the_pulse_until_the_sensor_sees_it_open),
        cmocka_unit_test(a_switch_that_leaves_open_means_closing_and_then_shut),
        cmocka_unit_test(a_door_that_is_not_seen_in_time_is_taken_for_shut),
        cmocka_unit_test(a_slow_door_was_asked_for_all_the_same),
        cmocka_unit_test(later_than_that_nobody_asked_for_it),
        cmocka_unit_test(an_opening_from_shut_without_a_pulse_is_unasked),
        cmocka_unit_test(one_pulse_does_not_excuse_a_second_opening),
        cmocka_unit_test(a_bouncing_switch_is_one_opening),
        cmocka_unit_test(a_door_found_open_at_the_start_is_no_unasked_opening),
        cmocka_unit_test(a_sensor_that_sees_all_positions_is_believed_in_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
