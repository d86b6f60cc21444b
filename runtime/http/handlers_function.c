/* on.http: policies as functions below /fn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http/handlers.h"
#include "runtime/http/respond.h"

#define FUNCTION_WAIT_MS 250
#define QUERY_JSON_BYTES 8192

struct call {
    struct policy_visit visit;
    struct policy_request request;
    struct policy_response response;
    struct decision decision;
    struct json_document *query, *body;
};

/* The policy that has this route; false: none has. */
static bool find_function(struct policy_lease *lease, const char *rest, struct policy_facts *out)
{
    struct policy_facts *facts = calloc(POLICIES_MAX, sizeof(*facts));
    size_t count = facts ? policy_lease_describe(lease, facts, POLICIES_MAX) : 0;
    bool found = false;

    for (size_t i = 0; i < count && i < POLICIES_MAX && !found; i++) {
        found = !facts[i].is_shadow && facts[i].route[0] && strcmp(facts[i].route + 1, rest) == 0;
        if (found)
            *out = facts[i];
    }
    free(facts);
    return found;
}

/* "a=1&b=2" as an object of texts. False: it cannot be decoded, or a name is there twice. */
static bool read_query(const char *query, struct json_document **out)
{
    char text[QUERY_JSON_BYTES], name[256], value[1024], error[128];
    struct json_writer writer;

    json_writer_init(&writer, text, sizeof(text));
    json_begin_object(&writer);
    while (*query) {
        size_t length = strcspn(query, "&"), name_length = strcspn(query, "=&");
        size_t value_at = name_length < length ? name_length + 1 : length;

        if (!exchange_percent_decode(query, name_length, true, name, sizeof(name)) ||
            !exchange_percent_decode(query + value_at, length - value_at, true, value, sizeof(value)))
            return false;
        if (length > 0) {
            json_write_name(&writer, name);
            json_write_string(&writer, value);
        }
        query += length + (query[length] == '&');
    }
    json_end_object(&writer);
    return !writer.overflow && json_parse(text, writer.length, 4, out, error) == OST_OK;
}

/* False: answered. */
static bool read_call(struct http_exchange *exchange, struct call *call)
{
    const struct http_request *request = exchange_request(exchange);
    char error[128];

    if (!read_query(request->query, &call->query)) {
        exchange_problem(exchange, PROBLEM_MALFORMED_REQUEST, "The query cannot be read, or has a name twice.");
        return false;
    }
    if (request->body && json_parse(request->body, request->body_length, 16, &call->body, error) != OST_OK) {
        exchange_problem(exchange, PROBLEM_MALFORMED_JSON, error);
        return false;
    }
    session_desk_fill_garage(api_of(exchange)->desk, &request->site->garages[0], &call->visit);
    snprintf(call->visit.partner_id, sizeof(call->visit.partner_id), "%s", request->caller->partner_id);
    call->request = (struct policy_request){.method = request->method == HTTP_POST ? "POST" : "GET",
                                            .query = json_root(call->query),
                                            .body = call->body ? json_root(call->body) : NULL};
    call->visit.request = &call->request;
    return true;
}

static void answer(struct http_exchange *exchange, const struct call *call)
{
    struct problem_extras extras = {.decision = &call->decision};

    if (call->decision.outcome != DECISION_ALLOWED)
        exchange_problem_with(exchange, PROBLEM_INTERNAL_ERROR, "The policy of this function broke.", &extras);
    else if (call->response.status == 0)
        exchange_send_empty(exchange, 204);
    else
        exchange_send(exchange, call->response.status, "application/json", call->response.body, call->response.length);
}

static void run(struct http_exchange *exchange, struct policy_lease *lease, const char *name, struct call *call)
{
    struct policy_question question = {.trigger = TRIGGER_HTTP, .visit = &call->visit, .only = name, .response = &call->response,
                                       .wait_ms = FUNCTION_WAIT_MS};

    if (policy_lease_ask(lease, &question, &call->decision) == OST_OK)
        answer(exchange, call);
    else
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
}

void handle_function(struct http_exchange *exchange)
{
    const struct http_request *request = exchange_request(exchange);
    struct policy_catalog *catalog = api_of(exchange)->policies;
    struct policy_lease *lease = policy_catalog_take(catalog);
    struct call *call = calloc(1, sizeof(*call));
    struct policy_facts facts;

    if (!call)
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
    else if (!find_function(lease, request->parameters[0], &facts))
        exchange_problem(exchange, PROBLEM_NOT_FOUND, NULL);
    else if (facts.scopes && !(facts.scopes & request->caller->scopes))
        exchange_problem(exchange, PROBLEM_INSUFFICIENT_SCOPE, NULL);
    else if (read_call(exchange, call))
        run(exchange, lease, facts.name, call);
    if (call) {
        json_free(call->query);
        json_free(call->body);
    }
    free(call);
    policy_catalog_put(catalog, lease);
}
