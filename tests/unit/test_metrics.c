#include <stdlib.h>
#include <string.h>

#include "runtime/base/metrics.h"
#include "runtime/base/suggest.h"
#include "tests/unit/check.h"

static void series_of_one_name_stand_under_one_type_line(void **state)
{
    struct metrics *metrics = metrics_create();
    struct metric *entry = metrics_register(metrics, METRIC_COUNTER, "ostler_openings_total", "kind=\"entry\"", "Openings.");
    char *text;

    (void)state;
    metrics_register(metrics, METRIC_GAUGE, "ostler_doors", "", "Doors.");
    metrics_register(metrics, METRIC_COUNTER, "ostler_openings_total", "kind=\"exit\"", "Openings.");
    assert_ptr_equal(entry, metrics_register(metrics, METRIC_COUNTER, "ostler_openings_total", "kind=\"entry\"", "Openings."));
    metric_add(entry, 2);
    assert_true(metrics_render(metrics, &text) > 0);
    assert_string_equal(text, "# HELP ostler_openings_total Openings.\n# TYPE ostler_openings_total counter\n"
                              "ostler_openings_total{kind=\"entry\"} 2\nostler_openings_total{kind=\"exit\"} 0\n"
                              "# HELP ostler_doors Doors.\n# TYPE ostler_doors gauge\nostler_doors 0\n");
    free(text);
    metrics_destroy(metrics);
}

static void histograms_count_upwards_with_the_bound_inside(void **state)
{
    struct metrics *metrics = metrics_create();
    struct metric *metric = metrics_register(metrics, METRIC_HISTOGRAM, "ostler_commit_seconds", "", "Commits.");
    char *text;

    (void)state;
    metric_observe_ns(metric, 100000);
    metric_observe_ns(metric, 100001);
    metric_observe_ns(metric, 20000000000);
    assert_true(metrics_render(metrics, &text) > 0);
    assert_non_null(strstr(text, "ostler_commit_seconds_bucket{le=\"0.0001\"} 1\n"));
    assert_non_null(strstr(text, "ostler_commit_seconds_bucket{le=\"0.0002\"} 2\n"));
    assert_non_null(strstr(text, "ostler_commit_seconds_bucket{le=\"10\"} 2\n"));
    assert_non_null(strstr(text, "ostler_commit_seconds_bucket{le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(text, "ostler_commit_seconds_count 3\n"));
    free(text);
    metrics_destroy(metrics);
}

static void what_was_probably_meant_is_suggested(void **state)
{
    static const char *const words[] = {"plate", "kind", "visits_today", NULL};

    (void)state;
    assert_string_equal(suggest("palte", words), "plate");
    assert_string_equal(suggest("Kind", words), "kind");
    assert_string_equal(suggest("visit_today", words), "visits_today");
    assert_null(suggest("entrance", words));
    assert_null(suggest("", words));
}

RUN(T(series_of_one_name_stand_under_one_type_line), T(histograms_count_upwards_with_the_bound_inside),
    T(what_was_probably_meant_is_suggested))
