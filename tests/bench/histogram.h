/* Latencies in logarithmic buckets: 64 to each doubling, so a quantile is right to 1.1 %. */
#ifndef OSTLER_TESTS_BENCH_HISTOGRAM_H
#define OSTLER_TESTS_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS   64
#define HISTOGRAM_BUCKETS (40 * HISTOGRAM_STEPS)

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
};

void histogram_add(struct histogram *histogram, int64_t nanoseconds);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The latency below which this share of all lies, in nanoseconds; 0 where there are none. */
int64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
