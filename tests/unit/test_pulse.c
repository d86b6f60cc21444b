#include "runtime/core/pulse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/core/garage.h"

#define MS INT64_C(1000000)

static struct pulse begun_at_zero(int64_t on_ms, int64_t gap_ms)
{
    struct pulse pulse;

    pulse_init(&pulse, on_ms, gap_ms);
    pulse_begin(&pulse, 0);
    return pulse;
}

static void a_new_pulse_is_idle_and_may_begin(void **state)
{
    struct pulse pulse;

    (void)state;
    pulse_init(&pulse, 500, 300);
    assert_int_equal(pulse.phase, PULSE_IDLE);
    assert_true(pulse_may_begin(&pulse, 0));
    assert_false(pulse_must_end(&pulse, INT64_MAX));
    assert_true(pulse_next_ns(&pulse, 0) == INT64_MAX);
}

static void it_stays_energised_until_its_last_nanosecond(void **state)
{
    struct pulse pulse = begun_at_zero(500, 300);

    (void)state;
    assert_false(pulse_must_end(&pulse, 500 * MS - 1));
    assert_true(pulse_must_end(&pulse, 500 * MS));
    assert_true(pulse_next_ns(&pulse, 10 * MS) == 500 * MS);
}

static void another_may_not_begin_while_it_is_energised(void **state)
{
    struct pulse pulse = begun_at_zero(500, 0);

    (void)state;
    assert_false(pulse_may_begin(&pulse, 499 * MS));
    assert_false(pulse_may_begin(&pulse, 10000 * MS)); /* it must be released first, however late that is */
}

static void the_next_waits_for_the_whole_gap(void **state)
{
    struct pulse pulse = begun_at_zero(500, 300);

    (void)state;
    pulse_end(&pulse, 510 * MS);
    assert_false(pulse_may_begin(&pulse, 810 * MS - 1));
    assert_true(pulse_may_begin(&pulse, 810 * MS));
    assert_true(pulse_next_ns(&pulse, 600 * MS) == 810 * MS);
    assert_true(pulse_next_ns(&pulse, 810 * MS) == INT64_MAX);
}

static void ending_twice_does_not_lengthen_the_gap(void **state)
{
    struct pulse pulse = begun_at_zero(500, 300);

    (void)state;
    pulse_end(&pulse, 500 * MS);
    pulse_end(&pulse, 700 * MS);
    assert_true(pulse_may_begin(&pulse, 800 * MS));
}

static void no_configuration_makes_it_longer_than_the_maximum(void **state)
{
    static const struct {
        int64_t asked_ms, given_ms;
    } table[] = {{PULSE_MAX_MS, PULSE_MAX_MS}, {PULSE_MAX_MS + 1, PULSE_MAX_MS}, {INT64_MAX, PULSE_MAX_MS},
                 {500, 500}, {1, 1}, {0, 1}, {-5, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct pulse pulse = begun_at_zero(table[i].asked_ms, 0);

        assert_false(pulse_must_end(&pulse, table[i].given_ms * MS - 1));
        assert_true(pulse_must_end(&pulse, table[i].given_ms * MS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_pulse_is_idle_and_may_begin),
        cmocka_unit_test(it_stays_energised_until_its_last_nanosecond),
        cmocka_unit_test(another_may_not_begin_while_it_is_energised),
        cmocka_unit_test(the_next_waits_for_the_whole_gap),
        cmocka_unit_test(ending_twice_does_not_lengthen_the_gap),
        cmocka_unit_test(no_configuration_makes_it_longer_than_the_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
