#include "runtime/core/door.h"

#include "runtime/core/text_table.h"

static const char *const kinds[] = {"entry", "exit", "pedestrian"};
static const char *const positions[] = {"unknown", "closed", "opening", "open", "closing"};
static const char *const healths[] = {"ok", "unreachable", "faulted", "maintenance", "not_commissioned"};
static const char *const causes[] = {"session", "manual", "test", "schedule", "fire", "request_to_exit", "unexplained"};
static const char *const command_statuses[] = {"queued",    "firing",  "opened",  "fired",
                                               "not_moved", "expired", "refused", "failed"};

bool command_status_is_final(enum command_status status)
{
    return status != COMMAND_QUEUED && status != COMMAND_FIRING;
}

bool command_counts_as_opening(const struct door_command *command)
{
    return command->relay_fired_at_ms > 0;
}

void door_command_write(struct json_writer *writer, const struct door_command *command)
{
    json_begin_object(writer);
    json_put_uuid(writer, "commandId", command->id);
    json_put_string(writer, "doorId", command->door_id);
    json_put_string(writer, "garageId", command->garage_id);
    json_put_string(writer, "cause", door_cause_text(command->cause));
    json_put_time(writer, "requestedAt", command->requested_at_ms);
    json_put_time(writer, "expiresAt", command->expires_at_ms);
    json_put_string(writer, "status", command_status_text(command->status));
    json_put_string(writer, "reason", command->reason[0] ? command->reason : NULL);
    json_put_time(writer, "finishedAt", command->finished_at_ms);
    json_put_time(writer, "relayFiredAt", command->relay_fired_at_ms);
    json_put_time(writer, "seenOpenAt", command->seen_open_at_ms);
    json_end_object(writer);
}

const char *door_kind_text(enum door_kind kind)
{
    return TEXT_OF(kinds, kind);
}

const char *door_position_text(enum door_position position)
{
    return TEXT_OF(positions, position);
}

const char *door_health_text(enum door_health health)
{
    return TEXT_OF(healths, health);
}

const char *door_cause_text(enum door_cause cause)
{
    return TEXT_OF(causes, cause);
}

const char *command_status_text(enum command_status status)
{
    return TEXT_OF(command_statuses, status);
}

enum ost_status door_kind_parse(const char *text, enum door_kind *out)
{
    size_t value;
    enum ost_status status = VALUE_OF(kinds, text, &value);

    if (status == OST_OK)
        *out = (enum door_kind)value;
    return status;
}

enum ost_status door_cause_parse(const char *text, enum door_cause *out)
{
    size_t value;
    enum ost_status status = VALUE_OF(causes, text, &value);

    if (status == OST_OK)
        *out = (enum door_cause)value;
    return status;
}

enum ost_status command_status_parse(const char *text, enum command_status *out)
{
    size_t value;
    enum ost_status status = VALUE_OF(command_statuses, text, &value);

    if (status == OST_OK)
        *out = (enum command_status)value;
    return status;
}
