#include "runtime/http/server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "runtime/base/log.h"
#include "runtime/http/server_internal.h"
#include "runtime/http/stack.h"

/* Of a request's line and headers. More than the gate lets through, so that the gate can say what is too long. */
#define HEAD_BYTES_READ "65536"

/* ---- civetweb's callbacks ---- */

static int on_request(struct mg_connection *connection)
{
    return (int)passage_answer(mg_get_user_data(mg_get_context(connection)), connection);
}

static void on_request_end(const struct mg_connection *connection, int status)
{
    struct http_server *server = mg_get_user_data(mg_get_context(connection));

    (void)status;
    guard_enter(server->guard, mg_get_thread_pointer(connection), WORKER_READING);
}

static int on_connection(const struct mg_connection *connection, void **data)
{
    struct http_server *server = mg_get_user_data(mg_get_context(connection));
    struct worker *worker = mg_get_thread_pointer(connection);

    (void)data;
    if (!worker)
        return 1;
    guard_admit(server->guard, worker);
    return 0;
}

/* The only callback for a target that civetweb does not take for its own; here the other side can still be written to. */
static void on_connection_closing(const struct mg_connection *connection)
{
    if (mg_get_thread_pointer(connection))
        passage_answer_last(mg_get_user_data(mg_get_context(connection)), (struct mg_connection *)(uintptr_t)connection);
}

static void on_connection_closed(const struct mg_connection *connection)
{
    struct http_server *server = mg_get_user_data(mg_get_context(connection));
    struct worker *worker = mg_get_thread_pointer(connection);

    if (worker)
        guard_release(server->guard, worker);
}

static void *on_thread(const struct mg_context *context, int type)
{
    struct http_server *server = mg_get_user_data(context);

    if (type != 1)
        return NULL;
    if (!stack_is_large_enough())
        atomic_store(&server->stack_too_small, true);
    return guard_join(server->guard);
}

static void on_thread_end(const struct mg_context *context, int type, void *worker)
{
    struct http_server *server = mg_get_user_data(context);

    if (type == 1 && worker)
        guard_leave(server->guard, worker);
}

/* What civetweb refuses by itself: a message that is no HTTP, or a method that it does not know. */
static int on_error(struct mg_connection *connection, int status, const char *message)
{
    log_debug("http", "civetweb refuses a request with %d: %s", status, message);
    passage_answer_unheard(mg_get_user_data(mg_get_context(connection)), connection);
    return 0;
}

static int on_log(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    log_debug("http", "civetweb: %s", message);
    return 1;
}

/* ---- life ---- */

static void register_metrics(struct http_server *server)
{
    const struct http_server_settings *settings = &server->settings;
    static const char *const methods[] = {[HTTP_GET] = "GET", [HTTP_POST] = "POST", [HTTP_PUT] = "PUT", [HTTP_DELETE] = "DELETE"};

    server->seconds = metrics_register(settings->metrics, METRIC_HISTOGRAM, "ostler_http_request_seconds", "",
                                       "Time from a request's headers to its answer.");
    for (size_t row = 0; row <= settings->route_count; row++) {
        for (int class = 1; class < STATUS_CLASSES; class++) {
            char labels[192];

            snprintf(labels, sizeof(labels), "method=\"%s\",route=\"%s\",status=\"%dxx\"",
                     row < settings->route_count ? methods[settings->routes[row].method] : "",
                     row < settings->route_count ? settings->routes[row].pattern : "none", class);
            server->requests[row * STATUS_CLASSES + (size_t)class] = metrics_register(
                settings->metrics, METRIC_COUNTER, "ostler_http_requests_total", labels, "Requests by route and status.");
        }
    }
}

static enum ost_status start_civetweb(struct http_server *server)
{
    struct mg_callbacks callbacks = {
        .begin_request = on_request,
        .end_request = on_request_end,
        .log_message = on_log,
        .http_error = on_error,
        .connection_close = on_connection_closing,
        .init_thread = on_thread,
        .exit_thread = on_thread_end,
        .init_connection = on_connection,
        .connection_closed = on_connection_closed,
    };
    char workers[16];
    const char *options[] = {
        "listening_ports", server->settings.listen, "num_threads", workers, "enable_keep_alive", "yes",
        "keep_alive_timeout_ms", "5000", "request_timeout_ms", "3000", "tcp_nodelay", "1", "connection_queue", "64",
        "listen_backlog", "256", "decode_url", "no", "access_control_allow_methods", "", "enable_auth_domain_check", "no",
        "enable_directory_listing", "no", "max_request_size", HEAD_BYTES_READ, NULL,
    };
    struct mg_server_port port;

    snprintf(workers, sizeof(workers), "%u", server->settings.workers);
    server->civetweb = mg_start(&callbacks, server, options);
    if (!server->civetweb) {
        log_error("http", "cannot listen on %s: the address is in use, or is not one of this machine", server->settings.listen);
        return OST_BUSY;
    }
    if (atomic_load(&server->stack_too_small)) {
        log_error("http", "the workers' stacks are smaller than %zu bytes", STACK_BYTES_MIN);
        return OST_UNAVAILABLE;
    }
    if (mg_get_server_ports(server->civetweb, 1, &port) != 1)
        return OST_UNAVAILABLE;
    snprintf(server->address, sizeof(server->address), "%.*s:%d",
             (int)(strrchr(server->settings.listen, ':') - server->settings.listen), server->settings.listen, port.port);
    return OST_OK;
}

static bool address_is_valid(const char *listen)
{
    const char *colon = strrchr(listen, ':');
    char host[64];
    struct in6_addr parsed;
    size_t length = colon ? (size_t)(colon - listen) : 0;

    if (!colon || length == 0 || length >= sizeof(host) || strspn(colon + 1, "0123456789") != strlen(colon + 1) || !colon[1])
        return false;
    memcpy(host, listen, length);
    host[length] = '\0';
    if (host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        return inet_pton(AF_INET6, host + 1, &parsed) == 1;
    }
    return inet_pton(AF_INET, host, &parsed) == 1;
}

enum ost_status http_server_start(const struct http_server_settings *settings, struct http_server **out)
{
    struct http_server *server;
    enum ost_status status;

    if (!address_is_valid(settings->listen)) {
        log_error("http", "'%s' is not an address and a port such as 127.0.0.1:8080", settings->listen);
        return OST_INVALID;
    }
    server = calloc(1, sizeof(*server));
    if (server)
        server->requests = calloc((settings->route_count + 1) * STATUS_CLASSES, sizeof(*server->requests));
    if (!server || !server->requests) {
        free(server);
        return OST_NO_MEMORY;
    }
    server->settings = *settings;
    register_metrics(server);
    mg_init_library(0);
    status = guard_create(settings->workers, settings->connections_per_address, settings->clock, settings->metrics,
                          &server->guard);
    if (status == OST_OK)
        status = start_civetweb(server);
    if (status != OST_OK) {
        http_server_stop(server, 0);
        return status;
    }
    *out = server;
    return OST_OK;
}

const char *http_server_address(const struct http_server *server)
{
    return server->address;
}

unsigned http_server_in_flight(const struct http_server *server)
{
    return atomic_load(&server->in_flight);
}

void http_server_drain(struct http_server *server)
{
    atomic_store(&server->draining, true);
}

void http_server_stop(struct http_server *server, int64_t patience_ms)
{
    struct timespec pause = {.tv_nsec = 5000000};
    int64_t until_ms;

    if (!server)
        return;
    http_server_drain(server);
    until_ms = clock_monotonic_ms(server->settings.clock) + patience_ms;
    while (http_server_in_flight(server) > 0 && clock_monotonic_ms(server->settings.clock) < until_ms)
        nanosleep(&pause, NULL);
    if (server->civetweb)
        mg_stop(server->civetweb);
    guard_destroy(server->guard);
    mg_exit_library();
    free(server->requests);
    free(server);
}

int64_t http_server_heartbeat_ms(const struct http_server *server)
{
    return guard_heartbeat_ms(server->guard);
}
