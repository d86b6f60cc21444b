#include "runtime/base/clock.h"
#include "runtime/base/zone.h"
#include "tests/unit/check.h"

static int64_t at(const char *text)
{
    int64_t wall_ms = 0;

    assert_ok(clock_parse(text, &wall_ms));
    return wall_ms;
}

static void times_are_written_as_rfc_3339(void **state)
{
    char text[CLOCK_TEXT_BYTES];

    (void)state;
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format(at("2028-02-29T23:59:59.999Z"), text);
    assert_string_equal(text, "2028-02-29T23:59:59.999Z");
    clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void offsets_are_understood_and_nonsense_is_not(void **state)
{
    static const char *const bad[] = {"", "2026-11-22", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z",
                                      "2026-11-22T10:00:00", "2026-11-22T10:00:00.Z", "2026-11-22T10:00:00Zx"};
    int64_t wall_ms;

    (void)state;
    assert_int_equal(at("2026-11-22T11:00:00+01:00"), at("2026-11-22T10:00:00.000Z"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(clock_parse(bad[i], &wall_ms), OST_INVALID);
}

static void a_clock_before_what_is_stored_is_not_trusted_and_does_not_judge(void **state)
{
    struct clock clock;
    int64_t future_ms;

    (void)state;
    clock_init_system(&clock);
    future_ms = clock_wall_ms(&clock) + 3600000;
    clock_raise_floor(&clock, future_ms);
    assert_int_equal(clock_trust(&clock), CLOCK_UNSYNCED);
    assert_int_equal(clock_judging_ms(&clock), future_ms);
    clock_raise_floor(&clock, future_ms - 1000); /* only ever raised */
    assert_int_equal(clock_judging_ms(&clock), future_ms);
}

static void both_nights_of_summer_time_have_their_offsets(void **state)
{
    struct zone *zone;
    struct local_time local;

    (void)state;
    assert_ok(zone_create("Europe/Amsterdam", &zone));
    zone_local_time(zone, at("2026-03-29T00:59:59Z"), &local);
    assert_int_equal(local.hour, 1);
    zone_local_time(zone, at("2026-03-29T01:00:00Z"), &local);
    assert_int_equal(local.hour, 3);
    zone_local_time(zone, at("2026-10-25T00:30:00Z"), &local);
    assert_int_equal(local.hour, 2);
    assert_int_equal(local.weekday, 7);
    local = (struct local_time){.year = 2026, .month = 3, .day = 29, .hour = 2, .minute = 30}; /* skipped */
    assert_int_equal(zone_wall_ms(zone, &local), at("2026-03-29T01:30:00Z"));
    local = (struct local_time){.year = 2026, .month = 10, .day = 25, .hour = 2, .minute = 30}; /* comes twice */
    assert_int_equal(zone_wall_ms(zone, &local), at("2026-10-25T00:30:00Z"));
    zone_destroy(zone);
}

static void a_zone_that_is_none_is_not_found(void **state)
{
    struct zone *zone;

    (void)state;
    assert_int_equal(zone_create("Europe/Atlantis", &zone), OST_NOT_FOUND);
}

RUN(T(times_are_written_as_rfc_3339), T(offsets_are_understood_and_nonsense_is_not),
    T(a_clock_before_what_is_stored_is_not_trusted_and_does_not_judge), T(both_nights_of_summer_time_have_their_offsets),
    T(a_zone_that_is_none_is_not_found))
