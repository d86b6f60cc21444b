#include "runtime/base/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Upper bounds of a histogram's buckets in nanoseconds, 1-2-5 from 100 us to 10 s; one more for the rest. */
static const int64_t bounds_ns[] = {
    100000,    200000,    500000,    1000000,   2000000,   5000000,    10000000,   20000000,
    50000000,  100000000, 200000000, 500000000, 1000000000, 2000000000, 5000000000, 10000000000,
};
#define BOUNDS (sizeof(bounds_ns) / sizeof(bounds_ns[0]))

struct metric {
    struct metric *next; /* in the order of registration; series of one name stand together */
    enum metric_type type;
    const char *name;
    const char *help;
    char *labels;
    _Atomic int64_t value; /* a histogram's count */
    _Atomic int64_t sum_ns;
    _Atomic int64_t buckets[BOUNDS + 1];
};

struct metrics {
    pthread_mutex_t lock; /* of the list; the values are atomic */
    struct metric *first;
};

struct metrics *metrics_create(void)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));

    if (!metrics)
        abort();
    pthread_mutex_init(&metrics->lock, NULL);
    return metrics;
}

void metrics_destroy(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (struct metric *metric = metrics->first, *next; metric; metric = next) {
        next = metric->next;
        free(metric->labels);
        free(metric);
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static struct metric *metric_create(enum metric_type type, const char *name, const char *labels, const char *help)
{
    struct metric *metric = calloc(1, sizeof(*metric));

    if (metric)
        metric->labels = strdup(labels);
    if (!metric || !metric->labels)
        abort();
    metric->type = type;
    metric->name = name;
    metric->help = help;
    return metric;
}

struct metric *metrics_register(struct metrics *metrics, enum metric_type type, const char *name, const char *labels,
                                const char *help)
{
    struct metric **link;
    struct metric *metric;

    if (!metrics)
        return NULL; /* every call on it is ignored */
    pthread_mutex_lock(&metrics->lock);
    link = &metrics->first;
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    while (*link && strcmp((*link)->name, name) == 0 && strcmp((*link)->labels, labels) != 0)
        link = &(*link)->next;
    metric = *link;
    if (!metric || strcmp(metric->name, name) != 0) {
        metric = metric_create(type, name, labels, help);
        metric->next = *link;
        *link = metric;
    }
    pthread_mutex_unlock(&metrics->lock);
    return metric;
}

void metric_add(struct metric *metric, int64_t amount)
{
    if (metric)
        atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
    if (metric)
        atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metric_observe_ns(struct metric *metric, int64_t nanoseconds)
{
    size_t bucket = 0;

    if (!metric)
        return;
    while (bucket < BOUNDS && nanoseconds > bounds_ns[bucket])
        bucket++;
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->sum_ns, nanoseconds, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->value, 1, memory_order_relaxed);
}

int64_t metric_value(const struct metric *metric)
{
    return metric ? atomic_load_explicit(&metric->value, memory_order_relaxed) : 0;
}

static void render_histogram(FILE *out, const struct metric *metric)
{
    const char *comma = metric->labels[0] ? "," : "";
    int64_t below = 0;

    for (size_t i = 0; i < BOUNDS; i++) {
        below += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        fprintf(out, "%s_bucket{%s%sle=\"%g\"} %lld\n", metric->name, metric->labels, comma, (double)bounds_ns[i] / 1e9,
                (long long)below);
    }
    below += atomic_load_explicit(&metric->buckets[BOUNDS], memory_order_relaxed);
    fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", metric->name, metric->labels, comma, (long long)below);
    fprintf(out, "%s_sum%s%s%s %.9f\n", metric->name, comma[0] ? "{" : "", metric->labels, comma[0] ? "}" : "",
            (double)atomic_load_explicit(&metric->sum_ns, memory_order_relaxed) / 1e9);
    fprintf(out, "%s_count%s%s%s %lld\n", metric->name, comma[0] ? "{" : "", metric->labels, comma[0] ? "}" : "",
            (long long)below);
}

size_t metrics_render(struct metrics *metrics, char **out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    const char *name = "";
    size_t length = 0;
    FILE *text = open_memstream(out, &length);

    if (!text)
        return 0;
    pthread_mutex_lock(&metrics->lock);
    for (const struct metric *metric = metrics->first; metric; metric = metric->next) {
        if (strcmp(metric->name, name) != 0)
            fprintf(text, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                    types[metric->type]);
        name = metric->name;
        if (metric->type == METRIC_HISTOGRAM)
            render_histogram(text, metric);
        else
            fprintf(text, "%s%s%s%s %lld\n", metric->name, metric->labels[0] ? "{" : "", metric->labels,
                    metric->labels[0] ? "}" : "", (long long)metric_value(metric));
    }
    pthread_mutex_unlock(&metrics->lock);
    if (fclose(text) != 0) {
        free(*out);
        *out = NULL;
        return 0;
    }
    return length;
}
