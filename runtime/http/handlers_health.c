#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http/handlers.h"
#include "runtime/http/respond.h"

extern const unsigned char openapi_document[];
extern const size_t openapi_document_length;

static void write_check(struct json_writer *body, const char *name, bool passes, const char *detail)
{
    json_name(body, name);
    json_begin_object(body);
    json_put_string(body, "status", passes ? "pass" : "fail");
    if (!passes)
        json_put_string(body, "detail", detail);
    json_end_object(body);
}

void handle_livez(struct http_exchange *exchange)
{
    struct json_writer *body = exchange_body(exchange);

    json_begin_object(body);
    json_put_string(body, "status", "pass");
    json_name(body, "checks");
    json_begin_object(body);
    json_end_object(body);
    json_end_object(body);
    exchange_send_json(exchange, 200);
}

static bool policies_are_loaded(struct http_api *api)
{
    struct policy_lease *lease = policy_catalog_take(api->policies);
    bool loaded = policy_catalog_generation(api->policies) > 0;

    policy_catalog_put(api->policies, lease);
    return loaded;
}

/* One dead door, or one broken policy, does not make the host unready: others can still be served, and cars let out. */
void handle_readyz(struct http_exchange *exchange)
{
    struct http_api *api = api_of(exchange);
    struct json_writer *body = exchange_body(exchange);
    struct store_health store;
    bool takes_writes, policies, drivers;

    api->store->ops->health(api->store, &store);
    takes_writes = store.writable && store.room == STORE_ROOM;
    policies = policies_are_loaded(api);
    drivers = clock_monotonic_ms(api->clock) - door_actuator_heartbeat_ms(api->doors) < 5000;
    json_begin_object(body);
    json_put_string(body, "status", takes_writes && policies && drivers ? "pass" : "fail");
    json_name(body, "checks");
    json_begin_object(body);
    write_check(body, "store", takes_writes, store.room == STORE_ROOM ? store.problem : "The disk or its quota is full.");
    write_check(body, "policies", policies, "The policies are not loaded yet.");
    write_check(body, "drivers", drivers, "The door thread does not answer.");
    json_end_object(body);
    json_end_object(body);
    exchange_send_json(exchange, takes_writes && policies && drivers ? 200 : 503);
}

void handle_metrics(struct http_exchange *exchange)
{
    char *text = NULL;
    size_t length = metrics_render(api_of(exchange)->metrics, &text);

    if (length == 0)
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
    else
        exchange_send(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text, length);
    free(text);
}

void handle_openapi(struct http_exchange *exchange)
{
    exchange_send(exchange, 200, "application/json", (const char *)openapi_document, openapi_document_length);
}

/* Our own texts only, which hold nothing that HTML would have to escape. */
void handle_problem_page(struct http_exchange *exchange)
{
    const struct problem_kind *kind = problem_find(exchange_request(exchange)->parameters[0]);
    char page[2048];
    int length;

    if (!kind) {
        exchange_problem(exchange, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    length = snprintf(page, sizeof(page),
                      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>%s</title>\n"
                      "<h1>%s</h1>\n<p><code>%s</code>, HTTP status %u%s</p>\n<p>%s</p>\n<p>%s</p>\n</html>\n",
                      kind->code, kind->title, kind->code, kind->status, kind->retryable ? ", worth trying again" : "",
                      kind->detail, kind->help);
    exchange_header(exchange, "Content-Security-Policy", "default-src 'none'");
    exchange_send(exchange, 200, "text/html; charset=utf-8", page, (size_t)length);
}
