#include "runtime/http/respond.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_DEPTH_MAX 16
#define LIST_BYTES (1024 * 1024)
#define LIMIT_DEFAULT 50
#define LIMIT_MAX 200

struct http_api *api_of(struct http_exchange *exchange)
{
    return exchange_request(exchange)->context;
}

struct json_document *respond_read_body(struct http_exchange *exchange, const char *const *members,
                                        struct validation *validation)
{
    const struct http_request *request = exchange_request(exchange);
    struct json_document *document;
    char error[128];

    if (json_parse(request->body ? request->body : "{}", request->body ? request->body_length : 2, JSON_DEPTH_MAX,
                   &document, error) != OST_OK) {
        exchange_problem(exchange, PROBLEM_MALFORMED_JSON, error);
        return NULL;
    }
    validation_object(validation, json_root(document), members);
    return document;
}

bool respond_invalid(struct http_exchange *exchange, const struct validation *validation)
{
    struct problem_extras extras = {.validation = validation};

    if (validation->count == 0)
        return false;
    exchange_problem_with(exchange, PROBLEM_VALIDATION_FAILED, NULL, &extras);
    return true;
}

/* Cursors are opaque: the order of the last row in hexadecimal. */
static bool parse_cursor(const char *text, store_cursor *from)
{
    char *end;

    if (strlen(text) != 15 || strspn(text, "0123456789abcdef") != 15)
        return false;
    *from = (store_cursor)strtoll(text, &end, 16);
    return *from > 0;
}

size_t respond_read_limit(struct http_exchange *exchange, struct validation *validation, bool *malformed)
{
    const char *text = exchange_query_value(exchange, "limit", malformed);
    size_t limit = LIMIT_DEFAULT;

    if (text)
        limit = strspn(text, "0123456789") == strlen(text) && strlen(text) < 5 ? (size_t)atoi(text) : 0;
    if (limit < 1 || limit > LIMIT_MAX)
        validation_fail(validation, "?limit", "must be a whole number from 1 to 200");
    return limit;
}

bool respond_read_page(struct http_exchange *exchange, struct validation *validation, struct page_request *page)
{
    bool malformed = false;
    const char *cursor = exchange_query_value(exchange, "cursor", &malformed);

    page->limit = respond_read_limit(exchange, validation, &malformed);
    page->from = INT64_MAX;
    if (cursor && !parse_cursor(cursor, &page->from))
        validation_fail(validation, "?cursor", "must be the nextCursor of an earlier answer");
    if (malformed)
        validation_fail(validation, "?", "the query has a parameter twice, or a bad escape");
    return !respond_invalid(exchange, validation);
}

/* The cursor is the index of the next item, which is never 0. */
bool respond_read_slice(struct http_exchange *exchange, size_t count, struct slice_request *slice)
{
    struct validation validation = {.count = 0};
    struct page_request page;

    if (!respond_read_page(exchange, &validation, &page))
        return false;
    slice->begin = page.from == INT64_MAX ? 0 : (size_t)page.from < count ? (size_t)page.from : count;
    slice->end = count - slice->begin > page.limit ? slice->begin + page.limit : count;
    slice->next = slice->end < count ? (store_cursor)slice->end : 0;
    return true;
}

struct json_writer *respond_begin_list(struct http_exchange *exchange, struct json_writer *list)
{
    return respond_begin_long_list(exchange, list, LIST_BYTES);
}

struct json_writer *respond_begin_long_list(struct http_exchange *exchange, struct json_writer *list, size_t bytes_max)
{
    char *bytes = malloc(bytes_max); /* what is not written to takes no memory */

    if (!bytes) {
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
        return NULL;
    }
    json_writer_init(list, bytes, bytes_max);
    json_begin_object(list);
    json_name(list, "items");
    json_begin_array(list);
    return list;
}

void respond_send_list(struct http_exchange *exchange, struct json_writer *list, store_cursor next)
{
    char cursor[20];

    json_end_array(list);
    snprintf(cursor, sizeof(cursor), "%015llx", (unsigned long long)next);
    json_put_string(list, "nextCursor", next > 0 ? cursor : NULL);
    json_end_object(list);
    if (list->overflow)
        exchange_problem(exchange, PROBLEM_INTERNAL_ERROR, NULL);
    else
        exchange_send(exchange, 200, "application/json", list->bytes, list->length);
    free(list->bytes);
}

void respond_status(struct http_exchange *exchange, enum ost_status status, enum problem_code when_not_found)
{
    if (status == OST_NOT_FOUND)
        exchange_problem(exchange, when_not_found, NULL);
    else if (status == OST_BUSY || status == OST_TIMEOUT)
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
    else
        exchange_problem(exchange, PROBLEM_STORAGE_UNAVAILABLE, NULL);
}

void respond_begin_call(struct http_exchange *exchange, struct desk_call *call)
{
    const struct http_request *request = exchange_request(exchange);
    struct http_api *api = api_of(exchange);

    memset(call, 0, sizeof(*call));
    call->site = request->site;
    call->caller = request->caller;
    call->traceparent = request->traceparent;
    call->idempotency_key = request->idempotency_key;
    memcpy(call->digest, request->digest, sizeof(call->digest));
    if (request->wait_ms <= 0)
        return;
    if (atomic_fetch_add(&api->waiting, 1) < api->workers / 8)
        call->wait_ms = request->wait_ms;
    else
        atomic_fetch_sub(&api->waiting, 1); /* a preference may be ignored; workers that wait serve nobody */
}

void respond_end_call(struct http_exchange *exchange, const struct desk_call *call, const struct desk_answer *answer)
{
    if (call->wait_ms <= 0)
        return;
    atomic_fetch_sub(&api_of(exchange)->waiting, 1);
    if ((answer->verdict == DESK_DONE || answer->verdict == DESK_ENDING) && !uuid_is_nil(answer->command.id))
        exchange_header(exchange, "Preference-Applied", "wait"); /* what had happened before was not waited for */
}

/* The one table from the desk's refusals and faults to problems. */
static enum problem_code problem_of(enum desk_verdict verdict)
{
    switch (verdict) {
    case DESK_GARAGE_NOT_FOUND:
        return PROBLEM_GARAGE_NOT_FOUND;
    case DESK_DOOR_NOT_FOUND:
        return PROBLEM_DOOR_NOT_FOUND;
    case DESK_SESSION_NOT_FOUND:
        return PROBLEM_SESSION_NOT_FOUND;
    case DESK_DOOR_INDICATION_REQUIRED:
        return PROBLEM_DOOR_INDICATION_REQUIRED;
    case DESK_DOOR_NOT_ENTRY:
        return PROBLEM_DOOR_NOT_ENTRY;
    case DESK_DOOR_NOT_EXIT:
        return PROBLEM_DOOR_NOT_EXIT;
    case DESK_SESSION_ALREADY_ACTIVE:
        return PROBLEM_SESSION_ALREADY_ACTIVE;
    case DESK_PLATE_ALREADY_ACTIVE:
        return PROBLEM_PLATE_ALREADY_ACTIVE;
    case DESK_GARAGE_FULL:
        return PROBLEM_GARAGE_FULL;
    case DESK_GARAGE_CLOSED:
        return PROBLEM_GARAGE_CLOSED;
    case DESK_GARAGE_SUSPENDED:
        return PROBLEM_GARAGE_SUSPENDED;
    case DESK_DOOR_IN_MAINTENANCE:
        return PROBLEM_DOOR_IN_MAINTENANCE;
    case DESK_DENIED_BY_POLICY:
        return PROBLEM_DENIED_BY_POLICY;
    case DESK_SESSION_NOT_ACTIVE:
        return PROBLEM_SESSION_NOT_ACTIVE;
    case DESK_DOOR_NOT_ALLOWED:
        return PROBLEM_DOOR_NOT_ALLOWED;
    case DESK_TOO_MANY_OPENINGS:
        return PROBLEM_TOO_MANY_OPENINGS;
    case DESK_KEY_REUSED:
        return PROBLEM_IDEMPOTENCY_KEY_REUSED;
    case DESK_KEY_IN_PROGRESS:
        return PROBLEM_IDEMPOTENCY_IN_PROGRESS;
    case DESK_DOOR_UNREACHABLE:
        return PROBLEM_DOOR_UNREACHABLE;
    case DESK_POLICY_UNAVAILABLE:
        return PROBLEM_POLICY_UNAVAILABLE;
    case DESK_STORAGE_UNAVAILABLE:
        return PROBLEM_STORAGE_UNAVAILABLE;
    case DESK_OVERLOADED:
    case DESK_FLEET_UNAVAILABLE:
        return PROBLEM_OVERLOADED;
    case DESK_DONE:
    case DESK_REPEATED:
    case DESK_REPLAYED:
    case DESK_ENDING:
        break;
    }
    return PROBLEM_INTERNAL_ERROR;
}

void respond_desk(struct http_exchange *exchange, const struct desk_answer *answer, desk_render_fn *render)
{
    struct problem_extras extras = {.decision = NULL};
    char location[128] = "";
    unsigned status;

    switch (answer->verdict) {
    case DESK_DONE:
    case DESK_REPEATED:
    case DESK_ENDING:
        status = render(answer, exchange_body(exchange), location);
        if (location[0])
            exchange_header(exchange, "Location", location);
        exchange_send_json(exchange, status);
        break;
    case DESK_REPLAYED:
        exchange_header(exchange, "Idempotent-Replayed", "true");
        if (answer->replay.location[0])
            exchange_header(exchange, "Location", answer->replay.location);
        exchange_send(exchange, answer->replay.http_status, "application/json", answer->replay.body, answer->replay.length);
        break;
    case DESK_DENIED_BY_POLICY:
    case DESK_POLICY_UNAVAILABLE:
        extras.decision = &answer->decision;
        exchange_problem_with(exchange, problem_of(answer->verdict), answer->detail, &extras);
        break;
    default:
        exchange_problem(exchange, problem_of(answer->verdict), answer->detail);
        break;
    }
}

bool caller_has(const struct http_exchange *exchange, enum scope scope)
{
    return (exchange_request(exchange)->caller->scopes & scope) != 0;
}

struct uuid respond_id(struct http_exchange *exchange, size_t index)
{
    struct uuid id = {0, 0};

    if (uuid_parse(exchange_request(exchange)->parameters[index], &id) != OST_OK)
        id = (struct uuid){0, 0};
    return id;
}
