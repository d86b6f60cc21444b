#include "runtime/core/session.h"

#include "runtime/core/text_table.h"

#define MINUTE_MS INT64_C(60000)

static const char *const statuses[] = {"active", "ending", "ended"};
static const char *const claims[] = {"confirmed", "lease", "unconfirmed"};
static const char *const ends[] = {"none", "stopped", "staff"};
static const char *const kinds[] = {"visitor", "season", "booking", "staff"};

const struct session_rules session_rules_default = {
    .entry_reopen_ms = 15 * MINUTE_MS,
    .exit_grace_ms = 15 * MINUTE_MS,
    .openings_max = 3,
    .pedestrian_max = 3,
    .pedestrian_window_ms = 10 * MINUTE_MS,
};

/* The doors that belong to this moment of a session; openings are counted afterwards. */
static enum opening_verdict door_verdict(const struct session *session, const struct session_rules *rules,
                                         enum door_kind kind, int64_t now_ms)
{
    bool in_grace = session->status != SESSION_ACTIVE && now_ms - session->ended_at_ms <= rules->exit_grace_ms;

    if (kind == DOOR_EXIT) {
        if (session->status == SESSION_ACTIVE)
            return OPENING_DOOR_NOT_ALLOWED; /* a stop opens it, and sets the price */
        return in_grace ? OPENING_ALLOWED : OPENING_SESSION_NOT_ACTIVE;
    }
    if (session->status != SESSION_ACTIVE)
        return OPENING_SESSION_NOT_ACTIVE;
    if (kind == DOOR_ENTRY && now_ms - session->started_at_ms > rules->entry_reopen_ms)
        return OPENING_DOOR_NOT_ALLOWED;
    return OPENING_ALLOWED;
}

enum opening_verdict session_may_open(const struct session *session, const struct session_rules *rules,
                                      enum door_kind kind, unsigned openings, int64_t now_ms)
{
    enum opening_verdict verdict = door_verdict(session, rules, kind, now_ms);
    unsigned most = kind == DOOR_PEDESTRIAN ? rules->pedestrian_max : rules->openings_max;

    if (verdict == OPENING_ALLOWED && openings >= most)
        return OPENING_TOO_MANY;
    return verdict;
}

int64_t session_stayed_ms(const struct session *session, int64_t at_ms)
{
    return at_ms > session->started_at_ms ? at_ms - session->started_at_ms : 0;
}

static void write_door(struct json_writer *writer, const char *name, const struct session_door *door)
{
    json_name(writer, name);
    if (!door->door_id[0]) {
        json_write_null(writer);
        return;
    }
    json_begin_object(writer);
    json_put_string(writer, "doorId", door->door_id);
    json_name(writer, "command");
    if (uuid_is_nil(door->command_id)) {
        json_write_null(writer);
    } else {
        json_begin_object(writer);
        json_put_uuid(writer, "commandId", door->command_id);
        json_put_string(writer, "status", command_status_text(door->command_status));
        if (door->command_reason[0])
            json_put_string(writer, "reason", door->command_reason);
        json_end_object(writer);
    }
    json_end_object(writer);
}

void session_write(struct json_writer *writer, const struct session *session, bool with_partner)
{
    json_begin_object(writer);
    json_put_uuid(writer, "sessionId", session->id);
    if (with_partner)
        json_put_string(writer, "partnerId", session->partner_id);
    json_put_string(writer, "garageId", session->garage_id);
    json_put_string(writer, "userId", session->user_id);
    json_put_string(writer, "licensePlate", session->plate);
    json_put_string(writer, "status", session_status_text(session->status));
    json_put_time(writer, "startedAt", session->started_at_ms);
    json_put_time(writer, "endedAt", session->ended_at_ms);
    json_put_string(writer, "claim", session_claim_text(session->claim));
    write_door(writer, "entryDoor", &session->entry);
    write_door(writer, "exitDoor", &session->exit);
    json_name(writer, "price");
    price_write(writer, &session->price);
    if (session->price_pending)
        json_put_boolean(writer, "pricePending", true);
    json_put_uuid(writer, "decisionId", session->decision_id);
    json_end_object(writer);
}

const char *session_status_text(enum session_status status)
{
    return TEXT_OF(statuses, status);
}

const char *session_claim_text(enum session_claim claim)
{
    return TEXT_OF(claims, claim);
}

const char *session_end_text(enum session_end end)
{
    return TEXT_OF(ends, end);
}

const char *visit_kind_text(enum visit_kind kind)
{
    return TEXT_OF(kinds, kind);
}

enum ost_status visit_kind_parse(const char *text, enum visit_kind *out)
{
    size_t value;
    enum ost_status status = VALUE_OF(kinds, text, &value);

    if (status == OST_OK)
        *out = (enum visit_kind)value;
    return status;
}
