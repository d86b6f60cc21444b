/* Trying a policy: one made-up visit, and all that the policy did. Nothing is stored or counted. */
#include <stdlib.h>
#include <string.h>

#include "runtime/core/decision_log.h"
#include "runtime/core/decision_summary.h"
#include "runtime/core/visit_context.h"
#include "runtime/http/handlers.h"
#include "runtime/http/handlers_policy.h"
#include "runtime/http/respond.h"

#define TRY_JSON_BYTES (512 * 1024)

struct attempt {
    struct deploy_answer answer;
    struct decision decision;
    struct policy_trace trace;
    struct policy_response response;
    struct policy_visit visit;
    struct policy_request request;
};

static void write_trace(struct json_writer *body, const struct policy_trace *trace)
{
    static const char *const kinds[] = {"line", "read", "said"};

    json_name(body, "trace");
    json_begin_array(body);
    for (size_t i = 0; i < trace->count && i < TRACE_STEPS_MAX; i++) {
        json_begin_object(body);
        json_put_integer(body, "line", trace->steps[i].line);
        json_put_string(body, "kind", kinds[trace->steps[i].kind]);
        json_put_string(body, "text", trace->steps[i].text);
        json_end_object(body);
    }
    json_end_array(body);
    json_put_boolean(body, "traceIsCut", trace->count > TRACE_STEPS_MAX);
}

static void write_summary(struct json_writer *body, const struct decision *decision)
{
    char revisions[3072], reasons[8192], result[DECISION_RESULT_BYTES], summary[DECISION_SUMMARY_BYTES];
    struct json_writer writer;

    json_writer_init(&writer, revisions, sizeof(revisions) - 1);
    decision_write_revisions(&writer, decision);
    revisions[writer.overflow ? 0 : writer.length] = '\0';
    json_writer_init(&writer, reasons, sizeof(reasons) - 1);
    decision_write_reasons(&writer, decision);
    reasons[writer.overflow ? 0 : writer.length] = '\0';
    json_writer_init(&writer, result, sizeof(result) - 1);
    result[decision_write_result(&writer, decision) && !writer.overflow ? writer.length : 0] = '\0';
    decision_summary(decision->trigger, decision->outcome, revisions, reasons, result, summary);
    json_put_string(body, "summary", summary);
    json_name(body, "reasons");
    json_write_raw(body, reasons[0] ? reasons : "[]", reasons[0] ? strlen(reasons) : 2);
    json_name(body, "result");
    json_write_raw(body, result[0] ? result : "{}", result[0] ? strlen(result) : 2);
}

static void answer_try(struct http_exchange *exchange, const struct attempt *attempt)
{
    const struct decision *decision = &attempt->decision;
    char *bytes = malloc(TRY_JSON_BYTES);
    struct json_writer body;

    if (!bytes) {
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
        return;
    }
    json_writer_init(&body, bytes, TRY_JSON_BYTES);
    json_begin_object(&body);
    json_put_string(&body, "outcome", decision_outcome_text(decision->outcome));
    write_summary(&body, decision);
    json_name(&body, "price");
    price_write(&body, &decision->price);
    json_name(&body, "notes");
    json_begin_array(&body);
    for (unsigned i = 0; i < decision->note_count; i++)
        json_write_string(&body, decision->notes[i]);
    json_end_array(&body);
    json_put_integer(&body, "revision", attempt->answer.revision);
    json_name(&body, "cpuMicroseconds");
    json_write_real(&body, (double)(decision->cpu_ns / 100) / 10);
    write_trace(&body, &attempt->trace);
    json_end_object(&body);
    if (body.overflow)
        exchange_problem(exchange, PROBLEM_INTERNAL_ERROR, NULL);
    else
        exchange_send(exchange, 200, "application/json", bytes, body.length);
    free(bytes);
}

/* Read the context; *trigger is the event's. */
static void read_context(struct http_exchange *exchange, struct validation *validation, const struct json_value *body,
                         struct attempt *attempt, enum policy_trigger *trigger)
{
    const struct site *site = exchange_request(exchange)->site;
    const char *event = validation_text(validation, body, "event", true);
    const struct json_value *context = json_member(body, "context");
    char why[VISIT_WHY_BYTES];

    *trigger = TRIGGER_SESSION_START;
    if (event && policy_trigger_parse(event, trigger) != OST_OK)
        validation_fail(validation, "/event", "must be a trigger: session_start, session_stop, door_request, availability, door_event, schedule or http");
    else if (visit_context_read(context, *trigger, clock_wall_ms(api_of(exchange)->clock), site->garages[0].zone, &attempt->visit,
                                &attempt->request, why) != OST_OK)
        validation_fail(validation, "/context", why);
}

void handle_policy_try(struct http_exchange *exchange)
{
    static const char *const members[] = {"source", "settings", "event", "context", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    struct attempt *attempt = document ? calloc(1, sizeof(*attempt)) : NULL;
    struct policy_question question = {.visit = attempt ? &attempt->visit : NULL, .response = attempt ? &attempt->response : NULL};
    struct try_request request = {.name = exchange_request(exchange)->parameters[0], .question = &question};

    if (!document)
        return;
    if (attempt && json_kind(json_root(document)) == JSON_IS_OBJECT) {
        read_context(exchange, &validation, json_root(document), attempt, &question.trigger);
        request.source = validation_text(&validation, json_root(document), "source", false);
        request.source_length = request.source ? strlen(request.source) : 0;
        request.settings = json_member(json_root(document), "settings");
        if (request.settings && json_kind(request.settings) != JSON_IS_OBJECT)
            validation_fail(&validation, "/settings", "must be an object");
    }
    if (!attempt) {
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
    } else if (!respond_invalid(exchange, &validation)) {
        struct deploy_answer *answer;

        policy_try(api_of(exchange)->policies, &request, &attempt->decision, &attempt->trace, &attempt->answer);
        if (attempt->answer.verdict == DEPLOY_DONE) {
            answer_try(exchange, attempt);
        } else if ((answer = malloc(sizeof(*answer)))) {
            *answer = attempt->answer;
            answer_deploy(exchange, answer, request.name);
        } else {
            exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
        }
    }
    free(attempt);
    json_free(document);
}
