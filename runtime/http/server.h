/*
 * The HTTP host: civetweb with what it lacks (guard, gate, stacks, deadlines). It knows nothing of parking.
 */
#ifndef OSTLER_HTTP_SERVER_H
#define OSTLER_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/base/status.h"
#include "runtime/base/uuid.h"
#include "runtime/http/route.h"
#include "runtime/ports/authenticator.h"
#include "runtime/service/site_registry.h"

struct http_server;

struct http_server_settings {
    const char *listen;               /* "127.0.0.1:8080", "[::1]:8080"; port 0 takes a free one */
    unsigned workers;                 /* 8..1024 */
    unsigned connections_per_address; /* 0: half of the workers */
    const struct route *routes;
    size_t route_count;
    struct authenticator *authenticator;
    struct site_registry *sites;
    struct uuid_generator *ids;       /* for request ids */
    struct clock *clock;
    struct metrics *metrics;
    void *context;                    /* handed to every handler */
};

/*
 * Bind, check the workers' stacks, and serve. OST_BUSY: the address is in use. OST_INVALID: not an address.
 * OST_UNAVAILABLE: civetweb did not start (logged).
 */
enum ost_status http_server_start(const struct http_server_settings *settings, struct http_server **out) OST_MUST_CHECK;
/* "127.0.0.1:43123": where it really listens. Borrowed. */
const char *http_server_address(const struct http_server *server);
/* Requests in flight, and workers with a connection. Any thread. */
unsigned http_server_in_flight(const struct http_server *server);
/* From now on new requests are answered 503 shutting_down, and connections close. Any thread. */
void http_server_drain(struct http_server *server);
/* Drain, wait at most patience_ms for requests in flight, then stop and free. Accepts NULL. */
void http_server_stop(struct http_server *server, int64_t patience_ms);
/* Monotonic time of the guard's last round: for the watchdog. */
int64_t http_server_heartbeat_ms(const struct http_server *server);

#endif
