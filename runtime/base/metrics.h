/*
 * Counters, gauges and histograms, and their Prometheus text (exposition format 0.0.4).
 *
 * Series are registered while the runtime is wired together and live as long as their registry; after that every
 * call is lock-free. Names start with ostler_ and carry their unit. No user and no plate is ever a label.
 */
#ifndef OSTLER_BASE_METRICS_H
#define OSTLER_BASE_METRICS_H

#include <stddef.h>
#include <stdint.h>

struct metrics;
struct metric;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metrics *metrics_create(void); /* aborts without memory: it runs at start only */
void metrics_destroy(struct metrics *metrics); /* accepts NULL */

/*
 * Register a series. name and help are literals; labels is the text between the braces ("kind=\"entry\"") and is copied;
 * "" for none. A histogram measures seconds, in buckets from 100 us to 10 s. The same name and labels again give
 * the same series. Any thread. Where metrics is NULL so is the series, and all calls on it are ignored: tests need no registry.
 */
struct metric *metrics_register(struct metrics *metrics, enum metric_type type, const char *name, const char *labels,
                                const char *help);

void metric_add(struct metric *metric, int64_t amount); /* counters and gauges; NULL is ignored */
void metric_set(struct metric *metric, int64_t value);  /* gauges */
void metric_observe_ns(struct metric *metric, int64_t nanoseconds); /* histograms */
int64_t metric_value(const struct metric *metric);      /* a histogram's count */

/* The whole text; *out is the caller's to free(). Returns its length, or 0 without memory. */
size_t metrics_render(struct metrics *metrics, char **out);

#endif
