/* Users and plates of the benchmarks: spread as real ones are, so that no index is spared by their order. */
#ifndef OSTLER_TESTS_BENCH_SAMPLE_H
#define OSTLER_TESTS_BENCH_SAMPLE_H

#include <stdint.h>

struct sample {
    char user_id[32];
    char plate[12];
};

/* The same number gives the same one for ever, another number another one. */
void sample_make(uint64_t number, struct sample *out);

#endif
