#include "tests/bench/histogram.h"
#include "tests/unit/check.h"

static void quantiles_are_right_to_two_percent(void **state)
{
    static struct histogram histogram;

    (void)state;
    for (int64_t i = 1; i <= 100000; i++)
        histogram_add(&histogram, i * 1000);
    for (int percent = 1; percent < 100; percent++) {
        int64_t exact = percent * INT64_C(1000000);
        int64_t found = histogram_quantile(&histogram, percent / 100.0);

        assert_true(found >= exact - exact / 50 && found <= exact + exact / 50);
    }
}

static void small_values_and_none_at_all_are_exact(void **state)
{
    static struct histogram histogram;

    (void)state;
    assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
    histogram_add(&histogram, 5);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 6);
}

RUN(T(quantiles_are_right_to_two_percent), T(small_values_and_none_at_all_are_exact))
