#include "tests/bench/sample.h"

#include <stdio.h>

/* A bijection of 64 bits: SplitMix64's finaliser (Steele, Lea, Flood 2014). */
static uint64_t scatter(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

void sample_make(uint64_t number, struct sample *out)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
    uint64_t scattered = scatter(number + 1);

    snprintf(out->user_id, sizeof(out->user_id), "user-%016llx", (unsigned long long)scattered);
    for (int i = 0; i < 10; i++)
        out->plate[i] = digits[scattered >> (5 * i) & 31];
    out->plate[10] = '\0';
}
