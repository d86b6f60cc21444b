/* One request on its way: what is checked before its handler, in this order, and how it is answered. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "runtime/base/log.h"
#include "runtime/base/sha256.h"
#include "runtime/http/exchange_internal.h"
#include "runtime/http/gate.h"
#include "runtime/http/headers.h"
#include "runtime/http/server_internal.h"
#include "runtime/http/validation.h"

/* A request on its way through the server's own checks. */
struct passage {
    struct http_server *server;
    struct http_exchange *exchange;
    const struct mg_request_info *info;
    const char *target; /* the raw path, or "*" */
    const char *query;  /* raw, or NULL */
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

static bool is_http_1_1(const struct passage *passage)
{
    return passage->info->http_version && strcmp(passage->info->http_version, "1.1") == 0;
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
    const char *connection = header(passage, "Connection");

    json_writer_init(&exchange->body, exchange->worker->buffer + HEAD_BYTES, RESPONSE_BYTES);
    if (id && header_request_id_is_sane(id))
        snprintf(exchange->request_id, sizeof(exchange->request_id), "%s", id);
    else
        uuid_format(uuid_make(passage->server->settings.ids, clock_wall_ms(passage->server->settings.clock)),
                    exchange->request_id);
    exchange->request.request_id = exchange->request_id;
    exchange->request.path = "";
    exchange->request.query = passage->query ? passage->query : "";
    exchange->request.traceparent = "";
    exchange->request.idempotency_key = "";
    exchange->request.context = passage->server->settings.context;
    exchange->is_head = passage->info->request_method && strcmp(passage->info->request_method, "HEAD") == 0;
    exchange->must_close = !guard_know(passage->server->guard, exchange->worker, passage->info->remote_addr) ||
                           guard_is_crowded(passage->server->guard) || atomic_load(&passage->server->draining) ||
                           !is_http_1_1(passage) || (connection && !header_keeps_alive(connection));
}

static bool pass_gate(struct passage *passage)
{
    struct gate_header headers[MG_MAX_HEADERS];
    struct gate_request request = {
        .target = strcmp(passage->target, "*") == 0 ? "/" : passage->target,
        .query = passage->query,
        .headers = headers,
        .header_count = (size_t)passage->info->num_headers,
    };

    passage->exchange->request.path = request.target; /* a refusal of the API's says no-store as well */
    for (int i = 0; i < passage->info->num_headers; i++)
        headers[i] = (struct gate_header){passage->info->http_headers[i].name, passage->info->http_headers[i].value};
    gate_judge(&request, &passage->gate);
    if (passage->gate.refused)
        return refuse(passage, passage->gate.problem, true);
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

/* `OPTIONS *` asks for the server as a whole; no other method has a use for it. */
static void answer_asterisk(struct passage *passage)
{
    const struct http_server_settings *settings = &passage->server->settings;
    unsigned allowed = 0;
    char methods[64];

    if (strcmp(passage->info->request_method, "OPTIONS") != 0) {
        refuse(passage, PROBLEM_MALFORMED_REQUEST, true);
        return;
    }
    for (size_t i = 0; i < settings->route_count; i++)
        allowed |= settings->routes[i].method;
    list_methods(allowed, methods);
    exchange_header(passage->exchange, "Allow", methods);
    exchange_send_empty(passage->exchange, 204);
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

    if (length > (passage->route->body == BODY_POLICY ? POLICY_BYTES_MAX : BODY_BYTES_MAX))
        return refuse(passage, PROBLEM_BODY_TOO_LARGE, true);
    if (expect && strcasecmp(expect, "100-continue") == 0 && length > 0 && is_http_1_1(passage))
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
        if (passage->route->body != BODY_REQUIRED && passage->route->body != BODY_POLICY)
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
        struct validation validation = {.count = 0};
        struct problem_extras extras = {.validation = &validation};

        validation_fail(&validation, "Idempotency-Key", "must be 1 to 255 visible ASCII characters");
        exchange_problem_with(passage->exchange, PROBLEM_VALIDATION_FAILED, NULL, &extras);
        return false;
    }
    request->idempotency_key = key;
    digest_request(passage);
    return true;
}

static void answer(struct passage *passage, bool is_last, char *body)
{
    struct http_exchange *exchange = passage->exchange;

    prepare(passage);
    exchange->must_close |= is_last;
    if (!pass_gate(passage))
        return;
    if (strcmp(passage->target, "*") == 0) {
        answer_asterisk(passage);
        return;
    }
    if (!find_route(passage))
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

/* A passage with an exchange to answer into. */
static void begin(struct passage *passage, struct http_server *server, struct mg_connection *connection,
                  struct http_exchange *exchange)
{
    *passage = (struct passage){
        .server = server, .exchange = exchange, .info = mg_get_request_info(connection), .target = ""};
    memset(exchange, 0, offsetof(struct http_exchange, path));
    exchange->query_used = 0;
    exchange->connection = connection;
    exchange->worker = mg_get_thread_pointer(connection);
    guard_enter(server->guard, exchange->worker, WORKER_HANDLING);
}

static void take_through(struct passage *passage, bool is_last)
{
    struct http_server *server = passage->server;
    int64_t began_ns = clock_monotonic_ns(server->settings.clock);
    char body[POLICY_BYTES_MAX + 1];

    atomic_fetch_add(&server->in_flight, 1);
    passage->exchange->request.site = site_registry_take(server->settings.sites);
    answer(passage, is_last, body);
    site_registry_put(server->settings.sites, passage->exchange->request.site);
    count(passage, began_ns);
    atomic_fetch_sub(&server->in_flight, 1);
}

unsigned passage_answer(struct http_server *server, struct mg_connection *connection)
{
    struct http_exchange exchange;
    struct passage passage;

    begin(&passage, server, connection, &exchange);
    passage.target = passage.info->local_uri_raw; /* of an absolute form it is the path, behind host and port */
    passage.query = passage.info->query_string;
    take_through(&passage, false);
    return exchange.status;
}

/* The path of a target in any form, with its query: "http://garage:80/livez?a" is "/livez?a". "" where it has none. */
static const char *path_of_target(const char *target)
{
    const char *scheme = target ? strstr(target, "://") : NULL;
    const char *path = target ? target : "";

    if (scheme && strcspn(target, "/?") > (size_t)(scheme - target))
        path = scheme + 3 + strcspn(scheme + 3, "/?");
    return path[0] == '/' ? path : "";
}

/* Copy a target that civetweb has not split; both are borrowed from the exchange. False: longer than the gate lets through. */
static bool split_target(struct passage *passage, const char *target)
{
    char *path = passage->exchange->path;
    bool fits = strlen(target) <= GATE_TARGET_MAX;
    char *query;

    snprintf(path, sizeof(passage->exchange->path), "%s", target);
    query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    passage->target = path;
    passage->query = query;
    return fits;
}

void passage_answer_last(struct http_server *server, struct mg_connection *connection)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    struct http_exchange exchange;
    struct passage passage;

    /* A request that we have seen has a path here; one that is still awaited has no target. */
    if (!info || !info->request_uri || info->local_uri_raw ||
        ((struct worker *)mg_get_thread_pointer(connection))->has_refused)
        return;
    begin(&passage, server, connection, &exchange);
    split_target(&passage, strcmp(info->request_uri, "*") == 0 ? "*" : path_of_target(info->request_uri));
    take_through(&passage, true);
}

/* What is wrong with a message of which civetweb could not even read the line. */
static const char *unread(const struct passage *passage)
{
    if (passage->info->request_uri)
        return NULL;
    return "The request line and headers are no HTTP, are longer than 64 KiB, or did not come in time.";
}

void passage_answer_unheard(struct http_server *server, struct mg_connection *connection)
{
    int64_t began_ns = clock_monotonic_ns(server->settings.clock);
    struct http_exchange exchange;
    struct passage passage;
    enum http_method method;
    bool fits;

    begin(&passage, server, connection, &exchange);
    exchange.worker->has_refused = true;
    fits = split_target(&passage, path_of_target(passage.info->request_uri));
    prepare(&passage);
    exchange.must_close = true;
    exchange.request.path = passage.target;
    if (!fits)
        exchange_problem(&exchange, PROBLEM_TARGET_TOO_LONG, NULL);
    else if (passage.target[0] && passage.info->request_method && passage.info->num_headers == 0 &&
             !parse_method(passage.info->request_method, &method))
        find_route(&passage); /* the line was fine but for its method, which civetweb reads no further than */
    else
        exchange_problem(&exchange, PROBLEM_MALFORMED_REQUEST, unread(&passage));
    count(&passage, began_ns);
}
