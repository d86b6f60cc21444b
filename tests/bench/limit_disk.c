/* bench-disk FILE SECONDS: append 16 KiB and fdatasync, over and over: what a commit costs at the least. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/histogram.h"

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int count, char **arguments)
{
    static struct histogram latency;
    static const char block[16384];
    int64_t began_ns = now_ns();
    int64_t before_ns = began_ns;
    int file;

    if (count != 3 || (file = open(arguments[1], O_CREAT | O_TRUNC | O_WRONLY, 0600)) < 0) {
        fprintf(stderr, "usage: bench-disk FILE SECONDS\n");
        return 2;
    }
    while ((double)(before_ns - began_ns) < atof(arguments[2]) * 1e9) {
        int64_t after_ns;

        if (write(file, block, sizeof(block)) != sizeof(block) || fdatasync(file) != 0) {
            perror("bench-disk");
            return 1;
        }
        after_ns = now_ns();
        histogram_add(&latency, after_ns - before_ns);
        before_ns = after_ns;
    }
    unlink(arguments[1]);
    printf("fsync_p50_us %.1f\nfsync_p99_us %.1f\n", (double)histogram_quantile(&latency, 0.5) / 1e3,
           (double)histogram_quantile(&latency, 0.99) / 1e3);
    return 0;
}
