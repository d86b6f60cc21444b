#include "runtime/http/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/base/log.h"

#define ROUND_MS 50

struct guard {
    unsigned count;
    unsigned per_address;
    struct clock *clock;
    struct worker *workers;
    _Atomic unsigned busy; /* workers with a connection */
    _Atomic int64_t heartbeat_ms;
    pthread_mutex_t lock;  /* of joining, and of counting addresses */
    pthread_t thread;
    _Atomic bool ending;
    struct metric *evictions;
    struct metric *refusals;
    struct metric *busy_now;
};

static int wake_signal(void)
{
    return SIGRTMIN + 3;
}

/* Does nothing: being delivered is what interrupts poll(2). */
static void woken(int signal)
{
    (void)signal;
}

/* Under the worker's lock, so that it cannot go on to a good request meanwhile. */
static void evict(struct guard *guard, struct worker *worker)
{
    pthread_kill(worker->thread, wake_signal());
    metric_add(guard->evictions, 1);
}

static bool is_overdue(const struct worker *worker, int64_t now_ms)
{
    if (worker->state == WORKER_READING)
        return now_ms - worker->since_ms > HEADERS_DEADLINE_MS;
    return worker->state == WORKER_BODY && now_ms - worker->since_ms > BODY_DEADLINE_MS;
}

/* Wake all that are overdue; of the others, say who waits longest. */
static struct worker *wake_overdue(struct guard *guard, int64_t now_ms)
{
    struct worker *longest = NULL;
    int64_t longest_since_ms = now_ms;

    for (unsigned i = 0; i < guard->count; i++) {
        struct worker *worker = &guard->workers[i];

        pthread_mutex_lock(&worker->lock);
        if (worker->is_alive && is_overdue(worker, now_ms)) {
            evict(guard, worker);
        } else if (worker->is_alive && worker->state == WORKER_READING && worker->since_ms < longest_since_ms) {
            longest = worker;
            longest_since_ms = worker->since_ms;
        }
        pthread_mutex_unlock(&worker->lock);
    }
    return longest;
}

static void *run(void *context)
{
    struct guard *guard = context;
    struct timespec round = {.tv_nsec = ROUND_MS * 1000000L};

    while (!atomic_load(&guard->ending)) {
        int64_t now_ms = clock_monotonic_ms(guard->clock);
        unsigned busy = atomic_load(&guard->busy);
        struct worker *longest = wake_overdue(guard, now_ms);

        metric_set(guard->busy_now, busy);
        for (unsigned free = guard->count - busy; longest && free < guard->count / 8; free++) {
            pthread_mutex_lock(&longest->lock);
            if (longest->is_alive && longest->state == WORKER_READING) {
                evict(guard, longest);
                longest->since_ms = now_ms; /* the next longest is looked for, until this one is gone */
            }
            pthread_mutex_unlock(&longest->lock);
            longest = wake_overdue(guard, now_ms);
        }
        atomic_store(&guard->heartbeat_ms, now_ms);
        nanosleep(&round, NULL);
    }
    return NULL;
}

enum ost_status guard_create(unsigned workers, unsigned per_address, struct clock *clock, struct metrics *metrics,
                             struct guard **out)
{
    struct guard *guard = calloc(1, sizeof(*guard));
    struct sigaction action = {.sa_handler = woken}; /* no SA_RESTART: that is the point */

    if (guard)
        guard->workers = calloc(workers, sizeof(*guard->workers));
    if (!guard || !guard->workers) {
        free(guard);
        return OST_NO_MEMORY;
    }
    guard->count = workers;
    guard->per_address = per_address > 0 ? per_address : workers / 2;
    guard->clock = clock;
    pthread_mutex_init(&guard->lock, NULL);
    for (unsigned i = 0; i < workers; i++)
        pthread_mutex_init(&guard->workers[i].lock, NULL);
    guard->evictions = metrics_register(metrics, METRIC_COUNTER, "ostler_http_evictions_total", "",
                                        "Connections ended because they were idle or slow.");
    guard->refusals = metrics_register(metrics, METRIC_COUNTER, "ostler_http_refused_connections_total", "",
                                       "Connections closed because their address has too many.");
    guard->busy_now = metrics_register(metrics, METRIC_GAUGE, "ostler_http_workers_busy", "",
                                       "HTTP workers that have a connection.");
    sigaction(wake_signal(), &action, NULL);
    atomic_store(&guard->heartbeat_ms, clock_monotonic_ms(clock));
    if (pthread_create(&guard->thread, NULL, run, guard) != 0) {
        free(guard->workers);
        free(guard);
        return OST_NO_MEMORY;
    }
    *out = guard;
    return OST_OK;
}

void guard_destroy(struct guard *guard)
{
    if (!guard)
        return;
    atomic_store(&guard->ending, true);
    pthread_join(guard->thread, NULL);
    for (unsigned i = 0; i < guard->count; i++) {
        pthread_mutex_destroy(&guard->workers[i].lock);
        free(guard->workers[i].buffer);
    }
    pthread_mutex_destroy(&guard->lock);
    free(guard->workers);
    free(guard);
}

struct worker *guard_join(struct guard *guard)
{
    struct worker *joined = NULL;

    pthread_mutex_lock(&guard->lock);
    for (unsigned i = 0; i < guard->count && !joined; i++) {
        struct worker *worker = &guard->workers[i];

        pthread_mutex_lock(&worker->lock);
        if (!worker->is_alive) {
            if (!worker->buffer)
                worker->buffer = malloc(GUARD_BUFFER_BYTES);
            if (worker->buffer) {
                worker->is_alive = true;
                worker->thread = pthread_self();
                worker->state = WORKER_FREE;
                joined = worker;
            }
        }
        pthread_mutex_unlock(&worker->lock);
    }
    pthread_mutex_unlock(&guard->lock);
    return joined;
}

void guard_leave(struct guard *guard, struct worker *worker)
{
    (void)guard;
    pthread_mutex_lock(&worker->lock);
    worker->is_alive = false;
    pthread_mutex_unlock(&worker->lock);
}

void guard_enter(struct guard *guard, struct worker *worker, enum worker_state state)
{
    pthread_mutex_lock(&worker->lock);
    worker->state = state;
    worker->since_ms = clock_monotonic_ms(guard->clock);
    pthread_mutex_unlock(&worker->lock);
}

void guard_admit(struct guard *guard, struct worker *worker)
{
    pthread_mutex_lock(&guard->lock);
    worker->has_connection = true;
    worker->has_refused = false;
    worker->address[0] = '\0';
    atomic_fetch_add(&guard->busy, 1);
    pthread_mutex_unlock(&guard->lock);
    guard_enter(guard, worker, WORKER_READING);
}

bool guard_know(struct guard *guard, struct worker *worker, const char *address)
{
    unsigned count = 0;

    if (worker->address[0])
        return true; /* counted with its first request; only its own thread writes it */
    pthread_mutex_lock(&guard->lock);
    snprintf(worker->address, sizeof(worker->address), "%s", address);
    for (unsigned i = 0; i < guard->count; i++)
        count += guard->workers[i].has_connection && strcmp(guard->workers[i].address, address) == 0;
    pthread_mutex_unlock(&guard->lock);
    if (count <= guard->per_address)
        return true;
    metric_add(guard->refusals, 1);
    return false;
}

void guard_release(struct guard *guard, struct worker *worker)
{
    pthread_mutex_lock(&guard->lock);
    if (worker->has_connection) {
        worker->has_connection = false;
        atomic_fetch_sub(&guard->busy, 1);
    }
    pthread_mutex_unlock(&guard->lock);
    guard_enter(guard, worker, WORKER_FREE);
}

bool guard_is_crowded(const struct guard *guard)
{
    return atomic_load(&guard->busy) > guard->count / 4 * 3;
}

unsigned guard_busy(const struct guard *guard)
{
    return atomic_load(&guard->busy);
}

int64_t guard_heartbeat_ms(const struct guard *guard)
{
    return atomic_load(&guard->heartbeat_ms);
}
