#include "runtime/service/stop_json.h"

#include <string.h>

#define FORMAT 1
#define LAST_OF(last) ((last) + 1)

/* ---- reading: each false where the member is missing, too long, or out of its range ---- */

/* null is the nil id. */
static bool read_id(const struct json_value *object, const char *name, struct uuid *out)
{
    const struct json_value *value = json_member(object, name);

    *out = (struct uuid){0, 0};
    if (!value)
        return false;
    return json_kind(value) == JSON_IS_NULL || uuid_parse(json_as_string(value, NULL), out) == OST_OK;
}

static bool read_integer(const struct json_value *object, const char *name, int64_t *out)
{
    const struct json_value *value = json_member(object, name);

    *out = json_as_integer(value, 0);
    return value && json_kind(value) == JSON_IS_INTEGER;
}

/* One of `count` values from 0 on; -1: it is none. */
static int read_choice(const struct json_value *object, const char *name, int count)
{
    int64_t value;

    return read_integer(object, name, &value) && value >= 0 && value < count ? (int)value : -1;
}

/* ---- the session ---- */

static void write_door(struct json_writer *writer, const char *name, const struct session_door *door)
{
    json_name(writer, name);
    json_begin_object(writer);
    json_put_string(writer, "door", door->door_id);
    json_put_uuid(writer, "command", door->command_id);
    json_put_integer(writer, "status", door->command_status);
    json_put_string(writer, "reason", door->command_reason);
    json_end_object(writer);
}

static bool read_door(const struct json_value *value, struct session_door *door)
{
    int status = read_choice(value, "status", LAST_OF(COMMAND_FAILED));

    door->command_status = (enum command_status)status;
    return status >= 0 && json_copy_member(value, "door", door->door_id, sizeof(door->door_id)) &&
           read_id(value, "command", &door->command_id) &&
           json_copy_member(value, "reason", door->command_reason, sizeof(door->command_reason));
}

static void write_session(struct json_writer *writer, const struct session *session)
{
    json_begin_object(writer);
    json_put_uuid(writer, "id", session->id);
    json_put_string(writer, "garage", session->garage_id);
    json_put_string(writer, "partner", session->partner_id);
    json_put_string(writer, "user", session->user_id);
    json_put_string(writer, "plate", session->plate);
    json_put_integer(writer, "kind", session->kind);
    json_put_integer(writer, "claim", session->claim);
    json_put_integer(writer, "started", session->started_at_ms);
    json_put_integer(writer, "ended", session->ended_at_ms);
    json_put_integer(writer, "leaveBy", session->leave_by_ms);
    json_put_integer(writer, "end", session->end);
    write_door(writer, "entry", &session->entry);
    write_door(writer, "exit", &session->exit);
    json_put_uuid(writer, "decision", session->decision_id);
    json_put_uuid(writer, "stopDecision", session->stop_decision_id);
    json_name(writer, "price");
    price_write(writer, &session->price);
    json_put_boolean(writer, "pricePending", session->price_pending);
    json_end_object(writer);
}

static bool read_session(const struct json_value *value, struct session *session)
{
    int kind = read_choice(value, "kind", LAST_OF(VISIT_STAFF));
    int claim = read_choice(value, "claim", LAST_OF(CLAIM_UNCONFIRMED));
    int end = read_choice(value, "end", LAST_OF(END_BY_STAFF));

    if (kind < 0 || claim < 0 || end < 0)
        return false;
    session->kind = (enum visit_kind)kind;
    session->claim = (enum session_claim)claim;
    session->end = (enum session_end)end;
    session->status = SESSION_ENDING;
    session->price_pending = json_as_boolean(json_member(value, "pricePending"), false);
    return read_id(value, "id", &session->id) && !uuid_is_nil(session->id) &&
           json_copy_member(value, "garage", session->garage_id, sizeof(session->garage_id)) &&
           json_copy_member(value, "partner", session->partner_id, sizeof(session->partner_id)) &&
           json_copy_member(value, "user", session->user_id, sizeof(session->user_id)) &&
           json_copy_member(value, "plate", session->plate, sizeof(session->plate)) &&
           read_integer(value, "started", &session->started_at_ms) &&
           read_integer(value, "ended", &session->ended_at_ms) &&
           read_integer(value, "leaveBy", &session->leave_by_ms) &&
           read_door(json_member(value, "entry"), &session->entry) &&
           read_door(json_member(value, "exit"), &session->exit) &&
           read_id(value, "decision", &session->decision_id) &&
           read_id(value, "stopDecision", &session->stop_decision_id) && json_member(value, "price") &&
           price_read(json_member(value, "price"), &session->price) == OST_OK;
}

/* ---- the exit's command; what it did is told by its outcome ---- */

static void write_command(struct json_writer *writer, const struct door_command *command)
{
    json_begin_object(writer);
    json_put_uuid(writer, "id", command->id);
    json_put_string(writer, "garage", command->garage_id);
    json_put_string(writer, "door", command->door_id);
    json_put_integer(writer, "cause", command->cause);
    json_put_uuid(writer, "causeId", command->cause_id);
    json_put_string(writer, "partner", command->partner_id);
    json_put_string(writer, "actor", command->actor);
    json_put_string(writer, "note", command->note);
    json_put_boolean(writer, "degraded", command->degraded);
    json_put_integer(writer, "requested", command->requested_at_ms);
    json_put_integer(writer, "expires", command->expires_at_ms);
    json_put_integer(writer, "status", command->status);
    json_put_string(writer, "reason", command->reason);
    json_put_integer(writer, "finished", command->finished_at_ms);
    json_put_string(writer, "traceparent", command->traceparent);
    json_end_object(writer);
}

static bool read_command(const struct json_value *value, struct door_command *command)
{
    int cause = read_choice(value, "cause", LAST_OF(CAUSE_UNEXPLAINED));
    int status = read_choice(value, "status", LAST_OF(COMMAND_FAILED));

    if (cause < 0 || status < 0)
        return false;
    command->cause = (enum door_cause)cause;
    command->status = (enum command_status)status;
    command->degraded = json_as_boolean(json_member(value, "degraded"), true);
    return read_id(value, "id", &command->id) &&
           json_copy_member(value, "garage", command->garage_id, sizeof(command->garage_id)) &&
           json_copy_member(value, "door", command->door_id, sizeof(command->door_id)) &&
           read_id(value, "causeId", &command->cause_id) &&
           json_copy_member(value, "partner", command->partner_id, sizeof(command->partner_id)) &&
           json_copy_member(value, "actor", command->actor, sizeof(command->actor)) &&
           json_copy_member(value, "note", command->note, sizeof(command->note)) &&
           read_integer(value, "requested", &command->requested_at_ms) &&
           read_integer(value, "expires", &command->expires_at_ms) &&
           json_copy_member(value, "reason", command->reason, sizeof(command->reason)) &&
           read_integer(value, "finished", &command->finished_at_ms) &&
           json_copy_member(value, "traceparent", command->traceparent, sizeof(command->traceparent));
}

/* ---- the decision ---- */

static void write_notes(struct json_writer *writer, const struct decision *decision)
{
    json_begin_array(writer);
    for (unsigned i = 0; i < decision->note_count; i++) {
        json_begin_object(writer);
        json_put_uuid(writer, "id", decision->note_ids[i]);
        json_put_integer(writer, "author", decision->note_authors[i]);
        json_put_string(writer, "text", decision->notes[i]);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static bool read_notes(const struct json_value *notes, struct decision *decision)
{
    if (!notes || json_length(notes) > DECISION_NOTES_MAX)
        return false;
    for (unsigned i = 0; i < json_length(notes); i++) {
        const struct json_value *note = json_element(notes, i);
        int author = read_choice(note, "author", POLICIES_MAX + 1);

        if (author < 0 || !read_id(note, "id", &decision->note_ids[i]) ||
            !json_copy_member(note, "text", decision->notes[i], sizeof(decision->notes[i])))
            return false;
        decision->note_authors[i] = (unsigned)author;
        decision->note_count++;
    }
    return true;
}

static void write_revisions(struct json_writer *writer, const struct decision *decision)
{
    json_begin_array(writer);
    for (unsigned i = 0; i < decision->revision_count; i++) {
        json_begin_object(writer);
        json_put_string(writer, "name", decision->revisions[i].name);
        json_put_integer(writer, "revision", decision->revisions[i].revision);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static bool read_revisions(const struct json_value *revisions, struct decision *decision)
{
    if (!revisions || json_length(revisions) > POLICIES_MAX)
        return false;
    for (unsigned i = 0; i < json_length(revisions); i++) {
        struct policy_revision *policy = &decision->revisions[decision->revision_count++];
        int64_t revision;

        if (!json_copy_member(json_element(revisions, i), "name", policy->name, sizeof(policy->name)) ||
            !read_integer(json_element(revisions, i), "revision", &revision))
            return false;
        policy->revision = (int)revision;
    }
    return true;
}

static bool read_reasons(const struct json_value *reasons, struct decision *decision)
{
    static const char *const verbs[] = {"deny", "allow", "allow_always", "broken"};

    if (!reasons || json_length(reasons) > DECISION_REASONS_MAX)
        return false;
    for (unsigned i = 0; i < json_length(reasons); i++) {
        struct decision_reason *reason = &decision->reasons[decision->reason_count++];
        const struct json_value *each = json_element(reasons, i);
        const char *verb = json_as_string(json_member(each, "verb"), NULL);
        int64_t revision, line;
        int which = 0;

        while (verb && which < 4 && strcmp(verb, verbs[which]) != 0)
            which++;
        if (!verb || which == 4 || !json_copy_member(each, "policy", reason->policy, sizeof(reason->policy)) ||
            !read_integer(each, "revision", &revision) || !read_integer(each, "line", &line) ||
            !json_copy_member(each, "code", reason->code, sizeof(reason->code)) ||
            !json_copy_member(each, "text", reason->text, sizeof(reason->text)))
            return false;
        reason->verb = which;
        reason->revision = (int)revision;
        reason->line = (int)line;
    }
    return true;
}

static void write_decision(struct json_writer *writer, const struct decision *decision)
{
    json_begin_object(writer);
    json_put_uuid(writer, "id", decision->id);
    json_put_integer(writer, "trigger", decision->trigger);
    json_put_integer(writer, "outcome", decision->outcome);
    json_put_integer(writer, "at", decision->decided_at_ms);
    json_put_integer(writer, "cpu", decision->cpu_ns);
    json_put_integer(writer, "trust", decision->trust);
    json_put_string(writer, "traceparent", decision->traceparent);
    json_name(writer, "revisions");
    write_revisions(writer, decision);
    json_name(writer, "reasons");
    decision_write_reasons(writer, decision);
    json_name(writer, "notes");
    write_notes(writer, decision);
    json_end_object(writer);
}

static bool read_decision(const struct json_value *value, struct decision *decision)
{
    int trigger = read_choice(value, "trigger", TRIGGER_COUNT);
    int outcome = read_choice(value, "outcome", LAST_OF(DECISION_BROKEN));
    int trust = read_choice(value, "trust", LAST_OF(CLOCK_UNSYNCED));

    if (trigger < 0 || outcome < 0 || trust < 0)
        return false;
    decision->trigger = (enum policy_trigger)trigger;
    decision->outcome = (enum decision_outcome)outcome;
    decision->trust = (enum clock_trust)trust;
    return read_id(value, "id", &decision->id) && read_integer(value, "at", &decision->decided_at_ms) &&
           read_integer(value, "cpu", &decision->cpu_ns) &&
           json_copy_member(value, "traceparent", decision->traceparent, sizeof(decision->traceparent)) &&
           read_revisions(json_member(value, "revisions"), decision) &&
           read_reasons(json_member(value, "reasons"), decision) && read_notes(json_member(value, "notes"), decision);
}

/* ---- event and audit ---- */

static void write_event(struct json_writer *writer, const struct event *event)
{
    json_begin_object(writer);
    json_put_uuid(writer, "id", event->id);
    json_put_integer(writer, "type", event->type);
    json_put_string(writer, "garage", event->garage_id);
    json_put_string(writer, "subject", event->subject);
    json_put_integer(writer, "time", event->time_ms);
    json_put_integer(writer, "trust", event->trust);
    json_put_string(writer, "traceparent", event->traceparent);
    json_put_string(writer, "data", event->data);
    json_end_object(writer);
}

static bool read_event(const struct json_value *value, struct event *event)
{
    int type = read_choice(value, "type", LAST_OF(EVENT_POLICY_NOTIFIED));
    int trust = read_choice(value, "trust", LAST_OF(CLOCK_UNSYNCED));

    if (type < 0 || trust < 0 || !json_copy_member(value, "data", event->data, sizeof(event->data)))
        return false;
    event->type = (enum event_type)type;
    event->trust = (enum clock_trust)trust;
    event->data_length = strlen(event->data);
    return read_id(value, "id", &event->id) &&
           json_copy_member(value, "garage", event->garage_id, sizeof(event->garage_id)) &&
           json_copy_member(value, "subject", event->subject, sizeof(event->subject)) &&
           read_integer(value, "time", &event->time_ms) &&
           json_copy_member(value, "traceparent", event->traceparent, sizeof(event->traceparent));
}

static void write_audit(struct json_writer *writer, const struct audit_line *audit)
{
    json_begin_object(writer);
    json_put_uuid(writer, "id", audit->id);
    json_put_integer(writer, "at", audit->at_ms);
    json_put_string(writer, "actor", audit->actor);
    json_put_string(writer, "action", audit->action);
    json_put_string(writer, "subject", audit->subject);
    json_put_string(writer, "reason", audit->reason);
    json_end_object(writer);
}

static bool read_audit(const struct json_value *value, struct audit_line *audit)
{
    return read_id(value, "id", &audit->id) && read_integer(value, "at", &audit->at_ms) &&
           json_copy_member(value, "actor", audit->actor, sizeof(audit->actor)) &&
           json_copy_member(value, "action", audit->action, sizeof(audit->action)) &&
           json_copy_member(value, "subject", audit->subject, sizeof(audit->subject)) &&
           json_copy_member(value, "reason", audit->reason, sizeof(audit->reason));
}

/* ---- the whole ---- */

void stop_json_write(struct json_writer *writer, const struct store_change *change, const struct session *session)
{
    json_begin_object(writer);
    json_put_integer(writer, "format", FORMAT);
    json_put_boolean(writer, "anyPartner", change->session->partner_id[0] == '\0');
    json_name(writer, "session");
    write_session(writer, session);
    json_name(writer, "command");
    write_command(writer, change->command);
    json_name(writer, "decision");
    write_decision(writer, change->decision);
    json_name(writer, "event");
    write_event(writer, change->event);
    json_name(writer, "audit");
    write_audit(writer, change->audit);
    json_put_string(writer, "inputs", change->inputs);
    json_end_object(writer);
}

enum ost_status stop_json_read(const struct json_value *value, struct store_change *change, struct session *session)
{
    struct session *stored = change->session;

    if (json_as_integer(json_member(value, "format"), 0) != FORMAT ||
        !read_session(json_member(value, "session"), session) ||
        !read_command(json_member(value, "command"), change->command) ||
        !read_decision(json_member(value, "decision"), change->decision) ||
        !read_event(json_member(value, "event"), change->event) ||
        !read_audit(json_member(value, "audit"), change->audit) ||
        !json_copy_member(value, "inputs", change->inputs, PENDING_INPUTS_BYTES))
        return OST_CORRUPT;
    *stored = *session;
    stored->status = SESSION_ENDED;
    if (json_as_boolean(json_member(value, "anyPartner"), false))
        stored->partner_id[0] = '\0';
    return OST_OK;
}
