/*
 * The guard: a worker of civetweb owns a connection until it closes, so idle, silent and slow connections would starve the
 * others. The guard knows what each worker does and since when, and wakes one past its deadline out of its poll(2) by a
 * signal, upon which civetweb closes that connection.
 */
#ifndef OSTLER_HTTP_GUARD_H
#define OSTLER_HTTP_GUARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/base/status.h"

#define HEADERS_DEADLINE_MS 5000 /* from the connection, or the last answer, to the end of the headers */
#define BODY_DEADLINE_MS 5000    /* in all, not for each byte */

struct guard;

enum worker_state {
    WORKER_FREE,    /* no connection */
    WORKER_READING, /* waits for a request, or reads its headers */
    WORKER_BODY,
    WORKER_HANDLING, /* ours: never disturbed */
};

/* One worker thread's place. Its own thread moves it; the guard looks. */
struct worker {
    pthread_mutex_t lock;
    pthread_t thread;
    bool is_alive;
    enum worker_state state;
    int64_t since_ms;  /* monotonic */
    char address[48];  /* of the connection's other side */
    bool has_connection;
    bool has_refused;  /* its own thread's: the connection got its last answer, before that was a request to us */
    char *buffer;      /* the worker's own, for answers: GUARD_BUFFER_BYTES */
};
#define GUARD_BUFFER_BYTES (72 * 1024)

enum ost_status guard_create(unsigned workers, unsigned per_address, struct clock *clock, struct metrics *metrics,
                             struct guard **out) OST_MUST_CHECK;
void guard_destroy(struct guard *guard); /* accepts NULL; ends its thread */

/* From a worker's own thread. worker_join(): NULL where there are more threads than places. */
struct worker *guard_join(struct guard *guard);
void guard_leave(struct guard *guard, struct worker *worker);
/* A connection begins. */
void guard_admit(struct guard *guard, struct worker *worker);
/*
 * A request of the connection tells its address (civetweb does not know it before). False: the address has more
 * connections than it may, and this one is to be closed with its answer.
 */
bool guard_know(struct guard *guard, struct worker *worker, const char *address);
void guard_release(struct guard *guard, struct worker *worker);
void guard_enter(struct guard *guard, struct worker *worker, enum worker_state state);

/* More than 3/4 of the workers have a connection: answers ask to close theirs. */
bool guard_is_crowded(const struct guard *guard);
unsigned guard_busy(const struct guard *guard);
int64_t guard_heartbeat_ms(const struct guard *guard);

#endif
