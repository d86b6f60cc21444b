/*
 * bench-sqlite FILE SECONDS GROUP...: the product's own starts and stops by SQLite alone, in one thread, so many in
 * each commit, with SQLite's own checkpoints (after 1,000 pages, on the commit path). A line for each group size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/database.h"
#include "tests/bench/histogram.h"

#define AHEAD 4096 /* sessions that run while it works */

static struct uuid running[AHEAD];
static size_t oldest, newest;
static uint64_t number = UINT64_C(1) << 40; /* none of the seeded ones */

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void one_change(struct bench_database *database, bool start)
{
    if (start || newest == oldest)
        running[newest++ % AHEAD] = bench_start(database, number++);
    else
        bench_stop(database, running[oldest++ % AHEAD]);
}

static void measure(struct bench_database *database, int group, double seconds)
{
    struct histogram *latency = calloc(1, sizeof(*latency));
    int64_t began_ns = now_ns();
    int64_t at_ns = began_ns;
    unsigned long changes = 0;

    if (!latency)
        exit(1);
    while ((double)(at_ns - began_ns) < seconds * 1e9) {
        int64_t before_ns = at_ns;

        bench_begin(database);
        for (int i = 0; i < group; i++)
            one_change(database, changes++ % 2 == 0);
        bench_commit(database);
        at_ns = now_ns();
        histogram_add(latency, at_ns - before_ns);
    }
    printf("sqlite_%d_per_second %.0f\nsqlite_%d_p50_us %.1f\nsqlite_%d_p99_us %.1f\n", group,
           (double)changes * 1e9 / (double)(at_ns - began_ns), group, (double)histogram_quantile(latency, 0.5) / 1e3,
           group, (double)histogram_quantile(latency, 0.99) / 1e3);
    free(latency);
}

int main(int count, char **arguments)
{
    static struct bench_database database;

    if (count < 4) {
        fprintf(stderr, "usage: bench-sqlite FILE SECONDS GROUP...\n");
        return 2;
    }
    bench_database_open(&database, arguments[1]);
    sqlite3_exec(database.connection.database, "PRAGMA wal_autocheckpoint = 1000", NULL, NULL, NULL);
    for (int i = 3; i < count; i++)
        measure(&database, atoi(arguments[i]), atof(arguments[2]));
    bench_database_close(&database);
    return 0;
}
