#include "tests/bench/histogram.h"

static unsigned bucket_of(int64_t nanoseconds)
{
    uint64_t value = nanoseconds > 0 ? (uint64_t)nanoseconds : 0;
    unsigned exponent;
    unsigned bucket;

    if (value < HISTOGRAM_STEPS)
        return (unsigned)value;
    exponent = 63u - (unsigned)__builtin_clzll(value);
    bucket = (exponent - 5) * HISTOGRAM_STEPS + (unsigned)(value >> (exponent - 6)) - HISTOGRAM_STEPS;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The upper edge of a bucket. */
static int64_t edge_of(unsigned bucket)
{
    unsigned octave = bucket / HISTOGRAM_STEPS;

    if (octave == 0)
        return bucket + 1;
    return (int64_t)((uint64_t)(HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS + 1) << (octave - 1));
}

void histogram_add(struct histogram *histogram, int64_t nanoseconds)
{
    histogram->counts[bucket_of(nanoseconds)]++;
    histogram->total++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->counts[i] += from->counts[i];
    into->total += from->total;
}

int64_t histogram_quantile(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)((double)histogram->total * share);
    uint64_t seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > wanted)
            return edge_of(i);
    }
    return histogram->total ? edge_of(HISTOGRAM_BUCKETS - 1) : 0;
}
