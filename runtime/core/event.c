#include "runtime/core/event.h"

#include <stdio.h>
#include <string.h>

#include "runtime/core/text_table.h"

static const char *const types[] = {
    "ostler.session.started.v1",
    "ostler.session.ended.v1",
    "ostler.door.opened.v1",
    "ostler.door.fault.v1",
    "ostler.policy.notified.v1",
    "ostler.policy.deployed.v1",
};

const char *event_type_text(enum event_type type)
{
    return TEXT_OF(types, type);
}

static void begin(struct event *event, enum event_type type, const char *garage_id, struct json_writer *data)
{
    memset(event, 0, offsetof(struct event, data));
    event->type = type;
    snprintf(event->garage_id, sizeof(event->garage_id), "%s", garage_id);
    json_writer_init(data, event->data, sizeof(event->data) - 1);
    json_begin_object(data);
}

/* The bounds of every text in it keep the data far below its size, so an overflow is our own mistake: an empty object. */
static void end(struct event *event, struct json_writer *data)
{
    json_end_object(data);
    if (data->overflow)
        data->length = (size_t)snprintf(event->data, sizeof(event->data), "{}");
    event->data_length = data->length;
    event->data[data->length] = '\0';
}

static void set_session_subject(struct event *event, const struct session *session)
{
    char id[UUID_TEXT_BYTES];

    uuid_format(session->id, id);
    snprintf(event->subject, sizeof(event->subject), "session/%s", id);
}

static void write_decision(struct json_writer *data, struct uuid id, const struct decision *decision)
{
    json_put_uuid(data, "decisionId", id);
    json_name(data, "policyRevisions");
    decision_write_revisions(data, decision);
}

void event_session_started(struct event *event, const struct session *session, const struct decision *decision,
                           const char *plate_hash)
{
    struct json_writer data;

    begin(event, EVENT_SESSION_STARTED, session->garage_id, &data);
    set_session_subject(event, session);
    json_put_uuid(&data, "sessionId", session->id);
    json_put_string(&data, "partnerId", session->partner_id);
    json_put_string(&data, "userId", session->user_id);
    json_put_string(&data, "plate", plate_hash);
    json_put_string(&data, "doorId", session->entry.door_id[0] ? session->entry.door_id : NULL);
    json_put_time(&data, "startedAt", session->started_at_ms);
    json_put_string(&data, "claim", session_claim_text(session->claim));
    write_decision(&data, session->decision_id, decision);
    end(event, &data);
}

void event_session_ended(struct event *event, const struct session *session, const struct decision *decision)
{
    struct json_writer data;

    begin(event, EVENT_SESSION_ENDED, session->garage_id, &data);
    set_session_subject(event, session);
    json_put_uuid(&data, "sessionId", session->id);
    json_put_string(&data, "partnerId", session->partner_id);
    json_put_string(&data, "userId", session->user_id);
    json_put_string(&data, "doorId", session->exit.door_id[0] ? session->exit.door_id : NULL);
    json_put_time(&data, "startedAt", session->started_at_ms);
    json_put_time(&data, "endedAt", session->ended_at_ms);
    json_put_string(&data, "endReason", session_end_text(session->end));
    json_put_integer(&data, "durationSeconds", session_stayed_ms(session, session->ended_at_ms) / 1000);
    json_name(&data, "price");
    price_write(&data, &session->price);
    if (session->price_pending)
        json_put_boolean(&data, "pricePending", true);
    write_decision(&data, session->stop_decision_id, decision);
    end(event, &data);
}

void event_door_opened(struct event *event, const struct door_command *command)
{
    struct json_writer data;

    begin(event, EVENT_DOOR_OPENED, command->garage_id, &data);
    snprintf(event->subject, sizeof(event->subject), "door/%s", command->door_id);
    snprintf(event->traceparent, sizeof(event->traceparent), "%s", command->traceparent);
    json_put_string(&data, "doorId", command->door_id);
    json_put_string(&data, "cause", door_cause_text(command->cause));
    json_put_uuid(&data, "causeId", command->cause_id);
    json_put_string(&data, "actor", command->actor[0] ? command->actor : NULL);
    json_put_string(&data, "outcome", command_status_text(command->status));
    json_put_time(&data, "requestedAt", command->requested_at_ms);
    json_put_time(&data, "relayFiredAt", command->relay_fired_at_ms);
    json_put_time(&data, "seenOpenAt", command->seen_open_at_ms);
    end(event, &data);
}

void event_door_fault(struct event *event, const char *garage_id, const char *door_id, const char *code,
                      const char *severity, int64_t raised_at_ms, int64_t cleared_at_ms)
{
    struct json_writer data;

    begin(event, EVENT_DOOR_FAULT, garage_id, &data);
    snprintf(event->subject, sizeof(event->subject), "door/%s", door_id);
    json_put_string(&data, "doorId", door_id);
    json_put_string(&data, "code", code);
    json_put_string(&data, "severity", severity);
    json_put_time(&data, "raisedAt", raised_at_ms);
    json_put_time(&data, "clearedAt", cleared_at_ms);
    end(event, &data);
}

static void put_revision(struct json_writer *data, const char *name, int revision)
{
    if (revision > 0)
        json_put_integer(data, name, revision);
    else
        json_put_null(data, name);
}

void event_policy_deployed(struct event *event, const char *garage_id, const char *name, int revision, const char *hash,
                           const char *author, enum policy_result result, int previous)
{
    struct json_writer data;

    begin(event, EVENT_POLICY_DEPLOYED, garage_id, &data);
    snprintf(event->subject, sizeof(event->subject), "policy/%s", name);
    json_put_string(&data, "name", name);
    put_revision(&data, "revision", revision);
    json_put_string(&data, "hash", hash);
    json_put_string(&data, "author", author);
    json_put_string(&data, "result", policy_result_text(result));
    put_revision(&data, "previous", previous);
    end(event, &data);
}

void event_policy_notified(struct event *event, const struct decision *decision, unsigned note, const char *garage_id,
                           struct uuid session_id)
{
    const struct policy_revision *author = decision_note_author(decision, note);
    struct json_writer data;

    begin(event, EVENT_POLICY_NOTIFIED, garage_id, &data);
    event->id = decision->note_ids[note];
    event->time_ms = decision->decided_at_ms;
    event->trust = decision->trust;
    snprintf(event->traceparent, sizeof(event->traceparent), "%s", decision->traceparent);
    snprintf(event->subject, sizeof(event->subject), "%s%s", author ? "policy/" : "policies", author ? author->name : "");
    json_put_string(&data, "name", author ? author->name : NULL);
    if (author)
        json_put_integer(&data, "revision", author->revision);
    else
        json_put_null(&data, "revision");
    json_put_string(&data, "text", decision->notes[note]);
    json_put_string(&data, "trigger", policy_trigger_text(decision->trigger));
    json_put_uuid(&data, "decisionId", decision->id);
    json_put_uuid(&data, "sessionId", session_id);
    end(event, &data);
}
