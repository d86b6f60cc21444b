/* The decision log: what was decided, by which rule, on which inputs. */
#include <stdlib.h>
#include <string.h>

#include "runtime/core/decision_log.h"
#include "runtime/core/decision_summary.h"
#include "runtime/http/handlers.h"
#include "runtime/http/respond.h"

#define DECISION_JSON_BYTES (32 * 1024)

static void put_raw(struct json_writer *body, const char *name, const char *json, const char *otherwise)
{
    json_name(body, name);
    json_write_raw(body, json[0] ? json : otherwise, strlen(json[0] ? json : otherwise));
}

static void put_text_or_null(struct json_writer *body, const char *name, const char *text)
{
    json_put_string(body, name, text[0] ? text : NULL);
}

static void write_inputs(struct json_writer *body, const struct stored_decision *decision)
{
    json_name(body, "inputs");
    if (!decision->has_inputs) {
        json_write_null(body);
        return;
    }
    policy_visit_write(body, &decision->visit);
    put_text_or_null(body, "timezone", decision->timezone);
}

static void write_decision(struct json_writer *body, const struct stored_decision *decision)
{
    char summary[DECISION_SUMMARY_BYTES];

    decision_summary(decision->trigger, decision->outcome, decision->revisions, decision->reasons, decision->result, summary);
    json_begin_object(body);
    json_put_uuid(body, "decisionId", decision->id);
    json_put_uuid(body, "sessionId", decision->session_id);
    put_text_or_null(body, "garageId", decision->garage_id);
    json_put_string(body, "trigger", policy_trigger_text(decision->trigger));
    json_put_string(body, "outcome", decision_outcome_text(decision->outcome));
    json_put_string(body, "summary", summary);
    json_put_time(body, "decidedAt", decision->decided_at_ms);
    json_name(body, "cpuMicroseconds");
    json_write_real(body, (double)(decision->cpu_ns / 100) / 10);
    put_text_or_null(body, "traceparent", decision->traceparent);
    put_text_or_null(body, "partnerId", decision->partner_id);
    put_text_or_null(body, "userId", decision->user_id);
    put_text_or_null(body, "licensePlate", decision->plate);
    put_raw(body, "revisions", decision->revisions, "{}");
    put_raw(body, "reasons", decision->reasons, "[]");
    put_raw(body, "result", decision->result, "{}");
    write_inputs(body, decision);
    json_end_object(body);
}

void handle_decision_show(struct http_exchange *exchange)
{
    struct store *store = api_of(exchange)->store;
    struct stored_decision *decision = malloc(sizeof(*decision));
    enum ost_status status = decision ? store->ops->find_decision(store, respond_id(exchange, 0), decision) : OST_BUSY;

    if (status == OST_OK) {
        write_decision(exchange_body(exchange), decision);
        exchange_send_json(exchange, 200);
    } else {
        respond_status(exchange, status, PROBLEM_NOT_FOUND);
    }
    free(decision);
}

static void read_time(struct http_exchange *exchange, const char *name, const char *pointer, struct validation *validation, int64_t *out)
{
    bool malformed = false;
    const char *text = exchange_query_value(exchange, name, &malformed);

    if (malformed || (text && clock_parse(text, out) != OST_OK))
        validation_fail(validation, pointer, "must be a time such as 2026-11-22T10:00:00Z");
}

static void read_filter(struct http_exchange *exchange, struct validation *validation, struct decision_filter *filter)
{
    bool malformed = false;
    const char *trigger = exchange_query_value(exchange, "trigger", &malformed);
    const char *outcome = exchange_query_value(exchange, "outcome", &malformed);
    const char *order = exchange_query_value(exchange, "order", &malformed);

    read_time(exchange, "since", "?since", validation, &filter->since_ms);
    read_time(exchange, "until", "?until", validation, &filter->until_ms);
    filter->policy = exchange_query_value(exchange, "policy", &malformed);
    if (malformed || (filter->policy && !slug_is_valid(filter->policy)))
        validation_fail(validation, "?policy", "must be the name of a policy");
    filter->has_trigger = trigger != NULL;
    if (trigger && policy_trigger_parse(trigger, &filter->trigger) != OST_OK)
        validation_fail(validation, "?trigger", "must be session_start, session_stop, door_request, door_event or schedule");
    filter->has_outcome = outcome != NULL;
    if (outcome && decision_outcome_parse(outcome, &filter->outcome) != OST_OK)
        validation_fail(validation, "?outcome", "must be allowed, denied or broken");
    filter->oldest_first = order && strcmp(order, "oldest") == 0;
    if (order && !filter->oldest_first && strcmp(order, "newest") != 0)
        validation_fail(validation, "?order", "must be newest or oldest");
}

void handle_decision_list(struct http_exchange *exchange)
{
    struct store *store = api_of(exchange)->store;
    struct validation validation = {.count = 0};
    struct decision_filter filter = {.policy = NULL};
    struct stored_decision *decisions;
    struct page_request page;
    struct json_writer list;
    enum ost_status status;
    store_cursor next = 0;
    size_t count = 0;

    read_filter(exchange, &validation, &filter);
    if (!respond_read_page(exchange, &validation, &page))
        return;
    if (filter.oldest_first && page.from == INT64_MAX)
        page.from = 0;
    decisions = malloc(page.limit * sizeof(*decisions));
    status = decisions ? store->ops->list_decisions(store, &filter, page.from, page.limit, decisions, &count, &next) : OST_BUSY;
    if (status != OST_OK) {
        respond_status(exchange, status, PROBLEM_INTERNAL_ERROR);
    } else if (respond_begin_long_list(exchange, &list, (page.limit + 1) * DECISION_JSON_BYTES)) {
        for (size_t i = 0; i < count; i++)
            write_decision(&list, &decisions[i]);
        respond_send_list(exchange, &list, next);
    }
    free(decisions);
}
