#include "runtime/base/clock.h"
#include "runtime/base/zone.h"
#include "tests/unit/check.h"

static struct zone *amsterdam;

static int open_zone(void **state)
{
    (void)state;
    return zone_create("Europe/Amsterdam", &amsterdam) == OST_OK ? 0 : -1;
}

static int close_zone(void **state)
{
    (void)state;
    zone_destroy(amsterdam);
    return 0;
}

static int64_t utc(const char *text)
{
    int64_t wall_ms = 0;

    assert_ok(clock_parse(text, &wall_ms));
    return wall_ms;
}

static void assert_local(const char *utc_text, int hour, int minute, int offset_s)
{
    struct local_time local;

    zone_local_time(amsterdam, utc(utc_text), &local);
    assert_int_equal(local.hour, hour);
    assert_int_equal(local.minute, minute);
    assert_int_equal(local.offset_s, offset_s);
}

static void clocks_skip_an_hour_in_march(void **state)
{
    (void)state;
    assert_local("2026-03-29T00:59:59.999Z", 1, 59, 3600);
    assert_local("2026-03-29T01:00:00.000Z", 3, 0, 7200);
}

static void clocks_repeat_an_hour_in_october(void **state)
{
    (void)state;
    assert_local("2026-10-25T00:59:59.999Z", 2, 59, 7200);
    assert_local("2026-10-25T01:00:00.000Z", 2, 0, 3600);
}

static void a_skipped_time_is_behind_the_gap(void **state)
{
    struct local_time local = {.year = 2026, .month = 3, .day = 29, .hour = 1, .minute = 59, .second = 59, .millisecond = 999};

    (void)state;
    assert_int_equal(zone_wall_ms(amsterdam, &local), utc("2026-03-29T00:59:59.999Z"));
    local = (struct local_time){.year = 2026, .month = 3, .day = 29, .hour = 2};
    assert_int_equal(zone_wall_ms(amsterdam, &local), utc("2026-03-29T01:00:00.000Z"));
    local.minute = 30;
    assert_true(zone_wall_ms(amsterdam, &local) >= utc("2026-03-29T01:00:00.000Z"));
    local = (struct local_time){.year = 2026, .month = 3, .day = 29, .hour = 3};
    assert_int_equal(zone_wall_ms(amsterdam, &local), utc("2026-03-29T01:00:00.000Z"));
}

static void of_a_time_that_comes_twice_the_first_is_meant(void **state)
{
    struct local_time local = {.year = 2026, .month = 10, .day = 25, .hour = 2};

    (void)state;
    assert_int_equal(zone_wall_ms(amsterdam, &local), utc("2026-10-25T00:00:00.000Z"));
    local.minute = 59;
    assert_int_equal(zone_wall_ms(amsterdam, &local), utc("2026-10-25T00:59:00.000Z"));
    local = (struct local_time){.year = 2026, .month = 10, .day = 25, .hour = 3};
    assert_int_equal(zone_wall_ms(amsterdam, &local), utc("2026-10-25T02:00:00.000Z"));
}

static void the_leap_day_is_a_day_like_others(void **state)
{
    struct local_time local;

    (void)state;
    zone_local_time(amsterdam, utc("2028-02-28T23:00:00.007Z"), &local);
    assert_int_equal(local.month, 2);
    assert_int_equal(local.day, 29);
    assert_int_equal(local.weekday, 2);
    assert_int_equal(local.day_of_year, 60);
    assert_int_equal(local.millisecond, 7);
    assert_int_equal(zone_wall_ms(amsterdam, &local), utc("2028-02-28T23:00:00.007Z"));
    zone_local_time(amsterdam, utc("2028-02-29T23:00:00.000Z"), &local);
    assert_int_equal(local.month, 3);
    assert_int_equal(local.day, 1);
    zone_local_time(amsterdam, utc("2027-02-28T23:00:00.000Z"), &local);
    assert_int_equal(local.month, 3);
    assert_int_equal(local.day, 1);
    zone_local_time(amsterdam, utc("2028-12-31T22:59:59.000Z"), &local);
    assert_int_equal(local.day_of_year, 366);
    assert_int_equal(local.weekday, 7);
}

static void times_before_1970_keep_their_milliseconds(void **state)
{
    struct local_time local;

    (void)state;
    zone_local_time(amsterdam, -1, &local);
    assert_int_equal(local.year, 1970);
    assert_int_equal(local.hour, 0);
    assert_int_equal(local.minute, 59);
    assert_int_equal(local.second, 59);
    assert_int_equal(local.millisecond, 999);
    assert_int_equal(zone_wall_ms(amsterdam, &local), -1);
}

static void an_unknown_zone_is_not_found(void **state)
{
    struct zone *zone = amsterdam;

    (void)state;
    assert_int_equal(zone_create("Europe/Atlantis", &zone), OST_NOT_FOUND);
    assert_int_equal(zone_create("../../etc/passwd", &zone), OST_NOT_FOUND);
    assert_ptr_equal(zone, amsterdam);
    zone_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(clocks_skip_an_hour_in_march), T(clocks_repeat_an_hour_in_october), T(a_skipped_time_is_behind_the_gap),
        T(of_a_time_that_comes_twice_the_first_is_meant), T(the_leap_day_is_a_day_like_others),
        T(times_before_1970_keep_their_milliseconds), T(an_unknown_zone_is_not_found),
    };

    return cmocka_run_group_tests(tests, open_zone, close_zone);
}
