/* Schedules and routes of policies, as plain values. */
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/core/policy.h"
#include "tests/unit/check.h"

static struct zone *zone;

static int begin(void **state)
{
    (void)state;
    return zone_create("Europe/Amsterdam", &zone) == OST_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    zone_destroy(zone);
    return 0;
}

/* The next run after a moment, both in UTC. */
static void assert_next(const char *text, const char *after, const char *expected)
{
    struct policy_schedule schedule;
    char why[160], next[CLOCK_TEXT_BYTES];
    int64_t after_ms;

    assert_ok(policy_schedule_parse(text, &schedule, why));
    assert_ok(clock_parse(after, &after_ms));
    clock_format(policy_schedule_next(&schedule, zone, after_ms), next);
    if (strcmp(next, expected) != 0)
        fail_msg("%s after %s is %s, not %s", text, after, next, expected);
}

static void a_time_of_day_comes_once_a_day(void **state)
{
    (void)state;
    assert_next("06:00", "2026-05-19T03:59:59.999Z", "2026-05-19T04:00:00.000Z");
    assert_next("06:00", "2026-05-19T04:00:00Z", "2026-05-20T04:00:00.000Z"); /* strictly later */
    assert_next("Mon-Fri 06:00", "2026-05-22T04:00:00Z", "2026-05-25T04:00:00.000Z"); /* Friday to Monday */
    assert_next("Sat,Sun 06:00", "2026-05-19T10:00:00Z", "2026-05-23T04:00:00.000Z");
    assert_next("06:00", "2028-02-28T12:00:00Z", "2028-02-29T05:00:00.000Z");
}

static void intervals_are_counted_from_local_midnight(void **state)
{
    (void)state;
    assert_next("every 15min", "2026-05-19T10:07:00Z", "2026-05-19T10:15:00.000Z");
    assert_next("every 2h", "2026-05-19T10:07:00Z", "2026-05-19T12:00:00.000Z");
    assert_next("every 7h", "2026-05-19T20:00:00Z", "2026-05-19T22:00:00.000Z"); /* the last of a day is shorter */
    assert_next("Mon every 1h", "2026-05-19T10:00:00Z", "2026-05-24T22:00:00.000Z");
}

/* 02:30 does not come on the night in spring, and comes twice on that in autumn. */
static void the_clocks_change_without_a_run_lost_or_made_twice(void **state)
{
    (void)state;
    assert_next("02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00.000Z");
    assert_next("02:30", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00.000Z");
    assert_next("02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00.000Z");
    assert_next("02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00.000Z");
}

static void what_is_no_schedule_says_what_one_looks_like(void **state)
{
    static const char *const texts[] = {"", "hourly", "every", "every 0min", "every 25h", "24:00", "6am", "Mon-Fri", "Mo 06:00", "06:00 Mon"};
    struct policy_schedule schedule;
    char why[160];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (policy_schedule_parse(texts[i], &schedule, why) != OST_INVALID)
            fail_msg("'%s' was taken for a schedule", texts[i]);
        assert_non_null(strstr(why, "every 15min"));
    }
}

static void a_route_is_lower_case_segments(void **state)
{
    (void)state;
    assert_true(policy_route_is_valid("/hello"));
    assert_true(policy_route_is_valid("/hours/today-2"));
    assert_false(policy_route_is_valid("hello"));
    assert_false(policy_route_is_valid("/"));
    assert_false(policy_route_is_valid("/a/"));
    assert_false(policy_route_is_valid("/a//b"));
    assert_false(policy_route_is_valid("/A"));
    assert_false(policy_route_is_valid("/-a"));
    assert_false(policy_route_is_valid("/a/../b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_of_day_comes_once_a_day),
        cmocka_unit_test(intervals_are_counted_from_local_midnight),
        cmocka_unit_test(the_clocks_change_without_a_run_lost_or_made_twice),
        cmocka_unit_test(what_is_no_schedule_says_what_one_looks_like),
        cmocka_unit_test(a_route_is_lower_case_segments),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
