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
#include "runtime/base/sha256.h"
#include "runtime/http/exchange_internal.h"
#include "runtime/http/gate.h"
#include "runtime/http/guard.h"
#include "runtime/http/headers.h"
#include "runtime/http/stack.h"

#define STATUS_CLASSES 6

struct http_server {
    struct http_server_settings settings;
    struct guard *guard;
    struct mg_context *civetweb;
    char address[80];
    _Atomic unsigned in_flight;
    _Atomic bool draining;
    _Atomic bool stack_too_small;
    struct metric **requests; /* of each route and class of status; the last row is of no route */
    struct metric *seconds;
};

/* ---- one request ---- */

/* A request on its way through the server's own checks. */
struct passage {
    struct http_server *server;
    struct http_exchange *exchange;
    const struct mg_request_info *info;
    struct gate_result gate;
    const struct route *route;
    enum http_method method;
};

static const char *header(const struct passage *passage, const char *name)
{
    for (int i = 0; i < passage->info->num_headers; i++) {
        if (strcasecmp(passage->info->http_headers[i].name, name) == 0)
            return passage->info->http_headers[i].value;
    }
    return NULL;
}

static bool refuse(struct passage *passage, enum problem_code problem, bool close)
{
    passage->exchange->must_close |= close;
    exchange_problem(passage->exchange, problem, NULL);
    return false;
}

/* What is needed to answer at all, even to a request that is refused. */
static void prepare(struct passage *passage)
{
    struct http_exchange *exchange = passage->exchange;
    const char *id = header(passage, "X-Request-Id");

    json_writer_init(&exchange->body, exchange->worker->buffer + HEAD_BYTES, RESPONSE_BYTES);
    if (id && header_request_id_is_sane(id))
        snprintf(exchange->request_id, sizeof(exchange->request_id), "%s", id);
    else
        uuid_format(uuid_make(passage->server->settings.ids, clock_wall_ms(passage->server->settings.clock)),
                    exchange->request_id);
    exchange->request.request_id = exchange->request_id;
    exchange->request.path = "";
    exchange->request.query = passage->info->query_string ? passage->info->query_string : "";
    exchange->request.traceparent = "";
    exchange->request.idempotency_key = "";
    exchange->request.context = passage->server->settings.context;
    exchange->is_head = strcmp(passage->info->request_method, "HEAD") == 0;
    exchange->must_close = !guard_know(passage->server->guard, exchange->worker, passage->info->remote_addr) ||
                           guard_is_crowded(passage->server->guard) || atomic_load(&passage->server->draining) ||
                           strcmp(passage->info->http_version, "1.1") != 0;
}

static bool pass_gate(struct passage *passage)
{
    struct gate_header headers[MG_MAX_HEADERS];
    struct gate_request request = {
        .target = passage->info->request_uri ? passage->info->request_uri : "",
        .query = passage->info->query_string,
        .headers = headers,
        .header_count = (size_t)passage->info->num_headers,
    };

    for (int i = 0; i < passage->info->num_headers; i++)
        headers[i] = (struct gate_header){passage->info->http_headers[i].name, passage->info->http_headers[i].value};
    gate_judge(&request, &passage->gate);
    if (passage->gate.refused)
        return refuse(passage, passage->gate.problem, true);
    passage->exchange->request.path = request.target;
    return true;
}

static bool parse_method(const char *text, enum http_method *method)
{
    static const struct {
        const char *text;
        enum http_method method;
    } methods[] = {{"GET", HTTP_GET}, {"HEAD", HTTP_GET}, {"POST", HTTP_POST}, {"PUT", HTTP_PUT}, {"DELETE", HTTP_DELETE}};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strcmp(methods[i].text, text) == 0) {
            *method = methods[i].method;
            return true;
        }
    }
    return false;
}

static void list_methods(unsigned allowed, char text[64])
{
    text[0] = '\0';
    if (allowed & HTTP_GET)
        strcat(text, "GET, HEAD, ");
    if (allowed & HTTP_POST)
        strcat(text, "POST, ");
    if (allowed & HTTP_PUT)
        strcat(text, "PUT, ");
    if (allowed & HTTP_DELETE)
        strcat(text, "DELETE, ");
    if (text[0])
        text[strlen(text) - 2] = '\0';
}

static bool find_route(struct passage *passage)
{
    struct http_exchange *exchange = passage->exchange;
    const struct http_server_settings *settings = &passage->server->settings;
    enum http_method method = (enum http_method)0;
    unsigned allowed;
    char methods[64];

    parse_method(passage->info->request_method, &method);
    passage->method = method;
    passage->route = route_find(settings->routes, settings->route_count, method, exchange->request.path,
                                exchange->request.parameters, exchange->parameters, sizeof(exchange->parameters), &allowed);
    /* A body that nobody will read would be taken for the next request. */
    exchange->must_close |= !passage->route && passage->gate.content_length > 0;
    if (passage->route)
        return true;
    if (allowed == 0)
        return refuse(passage, PROBLEM_NOT_FOUND, false);
    list_methods(allowed, methods);
    exchange_header(exchange, "Allow", methods);
    return refuse(passage, PROBLEM_METHOD_NOT_ALLOWED, false);
}

static bool refuse_credential(struct passage *passage, enum problem_code problem, const char *challenge)
{
    exchange_header(passage->exchange, "WWW-Authenticate", challenge);
    return refuse(passage, problem, passage->gate.content_length > 0);
}

static bool authorise(struct passage *passage)
{
    static const char bad_token[] = "Bearer error=\"invalid_token\"";
    const struct http_server_settings *settings = &passage->server->settings;
    struct http_exchange *exchange = passage->exchange;
    const char *credential = passage->gate.authorization ? header_bearer(passage->gate.authorization) : NULL;
    unsigned retry_after_s = 0;
    enum ost_status status;

    if (passage->route->open)
        return true;
    if (!credential || passage->gate.authorization_twice)
        return refuse_credential(passage, PROBLEM_INVALID_TOKEN, bad_token);
    status = settings->authenticator->ops->authenticate(settings->authenticator, exchange->request.site, credential,
                                                        strlen(credential), &exchange->caller);
    if (status == OST_DENIED)
        return refuse_credential(passage, PROBLEM_INVALID_TOKEN, bad_token);
    if (status != OST_OK)
        return refuse(passage, PROBLEM_STORAGE_UNAVAILABLE, passage->gate.content_length > 0);
    exchange->request.caller = &exchange->caller;
    if (!(exchange->caller.scopes & passage->route->any_of))
        return refuse_credential(passage, PROBLEM_INSUFFICIENT_SCOPE, "Bearer error=\"insufficient_scope\"");
    status = settings->authenticator->ops->admit(settings->authenticator, exchange->request.site, &exchange->caller,
                                                 &retry_after_s);
    if (status == OST_BUSY) {
        struct problem_extras extras = {.retry_after_s = retry_after_s};

        exchange->must_close |= passage->gate.content_length > 0;
        exchange_problem_with(exchange, PROBLEM_RATE_LIMITED, NULL, &extras);
        return false;
    }
    return status == OST_OK || refuse(passage, PROBLEM_OVERLOADED, passage->gate.content_length > 0);
}

/* The whole body behind the answer's own part of the buffer. False: answered, or the other side is gone. */
static bool read_body(struct passage *passage, char *body)
{
    struct http_exchange *exchange = passage->exchange;
    long long length = passage->gate.content_length;
    long long have = 0;
    const char *expect = header(passage, "Expect");

    if (length > BODY_BYTES_MAX)
        return refuse(passage, PROBLEM_BODY_TOO_LARGE, true);
    if (expect && strcasecmp(expect, "100-continue") == 0 && length > 0)
        mg_write(exchange->connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    guard_enter(passage->server->guard, exchange->worker, WORKER_BODY);
    while (have < length) {
        int got = mg_read(exchange->connection, body + have, (size_t)(length - have));

        if (got <= 0) {
            guard_enter(passage->server->guard, exchange->worker, WORKER_HANDLING);
            return refuse(passage, PROBLEM_MALFORMED_REQUEST, true); /* too slow, or gone */
        }
        have += got;
    }
    guard_enter(passage->server->guard, exchange->worker, WORKER_HANDLING);
    exchange->request.body = length > 0 ? body : NULL;
    exchange->request.body_length = (size_t)length;
    return true;
}

static bool take_body(struct passage *passage, char *body)
{
    const char *type = header(passage, "Content-Type");

    if (passage->gate.content_length <= 0) {
        if (passage->route->body != BODY_REQUIRED)
            return true;
        if (passage->gate.content_length < 0)
            return refuse(passage, PROBLEM_LENGTH_REQUIRED, true);
        passage->exchange->request.body = "";
        return !type || header_is_json(type) || refuse(passage, PROBLEM_UNSUPPORTED_MEDIA_TYPE, false);
    }
    if (passage->route->body != BODY_NONE && (!type || !header_is_json(type)))
        return refuse(passage, PROBLEM_UNSUPPORTED_MEDIA_TYPE, true);
    return read_body(passage, body);
}

static void digest_request(struct passage *passage)
{
    struct http_request *request = &passage->exchange->request;
    struct sha256_piece pieces[] = {
        {passage->info->request_method, strlen(passage->info->request_method) + 1},
        {request->path, strlen(request->path) + 1},
        {request->body ? request->body : "", request->body_length},
    };

    sha256(pieces, 3, request->digest);
}

static bool read_preferences(struct passage *passage)
{
    struct http_request *request = &passage->exchange->request;
    const char *traceparent = header(passage, "traceparent");
    const char *prefer = header(passage, "Prefer");
    const char *key = header(passage, "Idempotency-Key");

    if (traceparent && header_traceparent_is_valid(traceparent))
        request->traceparent = traceparent;
    if (prefer)
        request->wait_ms = header_prefer_wait_ms(prefer);
    if (!key || !passage->route->idempotent_key)
        return true;
    if (!header_idempotency_key_is_valid(key)) {
        exchange_problem(passage->exchange, PROBLEM_VALIDATION_FAILED,
                         "The Idempotency-Key must be 1 to 255 visible ASCII characters.");
        return false;
    }
    request->idempotency_key = key;
    digest_request(passage);
    return true;
}

static void answer(struct passage *passage, char *body)
{
    struct http_exchange *exchange = passage->exchange;

    prepare(passage);
    if (!pass_gate(passage) || !find_route(passage))
        return;
    if (atomic_load(&passage->server->draining)) {
        refuse(passage, PROBLEM_SHUTTING_DOWN, true);
        return;
    }
    if (!authorise(passage) || !take_body(passage, body) || !read_preferences(passage))
        return;
    exchange->request.method = passage->method;
    passage->route->handle(exchange);
    if (!exchange->answered) {
        log_error("http", "request %s: the handler of %s did not answer", exchange->request_id, passage->route->pattern);
        exchange_problem(exchange, PROBLEM_INTERNAL_ERROR, NULL);
    }
}

static void count(struct passage *passage, int64_t began_ns)
{
    struct http_server *server = passage->server;
    size_t row = passage->route ? (size_t)(passage->route - server->settings.routes) : server->settings.route_count;
    unsigned class = passage->exchange->status / 100;

    metric_add(server->requests[row * STATUS_CLASSES + (class < STATUS_CLASSES ? class : 0)], 1);
    metric_observe_ns(server->seconds, clock_monotonic_ns(server->settings.clock) - began_ns);
}

/* ---- civetweb's callbacks ---- */

static int on_request(struct mg_connection *connection)
{
    struct http_server *server = mg_get_user_data(mg_get_context(connection));
    int64_t began_ns = clock_monotonic_ns(server->settings.clock);
    struct http_exchange exchange;
    char body[BODY_BYTES_MAX + 1];
    struct passage passage = {.server = server, .exchange = &exchange, .info = mg_get_request_info(connection)};

    memset(&exchange, 0, offsetof(struct http_exchange, path));
    exchange.query_used = 0;
    exchange.connection = connection;
    exchange.worker = mg_get_thread_pointer(connection);
    guard_enter(server->guard, exchange.worker, WORKER_HANDLING);
    atomic_fetch_add(&server->in_flight, 1);
    exchange.request.site = site_registry_take(server->settings.sites);
    answer(&passage, body);
    site_registry_put(server->settings.sites, exchange.request.site);
    count(&passage, began_ns);
    atomic_fetch_sub(&server->in_flight, 1);
    return (int)exchange.status;
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

/* What civetweb refuses by itself, before there is a request: a line or headers that are no HTTP. */
static int on_error(struct mg_connection *connection, int status, const char *message)
{
    static const char body[] = "{\"type\":\"/problems/malformed-request\",\"title\":\"The request is malformed\",\"status\":400,"
                               "\"detail\":\"The request is malformed.\",\"code\":\"malformed_request\",\"retryable\":false}";

    (void)status;
    (void)message;
    mg_disable_connection_keep_alive(connection);
    mg_printf(connection,
              "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\n"
              "Connection: close\r\n\r\n%s",
              sizeof(body) - 1, body);
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
        "enable_directory_listing", "no", NULL,
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
