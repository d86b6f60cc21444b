#include "runtime/service/session_desk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/base/sha256.h"
#include "runtime/service/desk_internal.h"

enum ost_status session_desk_create(const struct session_desk_parts *parts, struct session_desk **out)
{
    struct session_desk *desk = calloc(1, sizeof(*desk));
    pthread_condattr_t monotonic;

    if (!desk)
        return OST_NO_MEMORY;
    desk->parts = *parts;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&desk->departures_changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    desk->starts = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_sessions_started_total", "",
                                    "Sessions started.");
    desk->stops = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_sessions_ended_total", "",
                                   "Sessions ended.");
    desk->degraded = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_degraded_openings_total", "",
                                      "Exits opened although something of ours was broken.");
    desk->decisions_dropped = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_decisions_dropped_total", "",
                                               "Decisions that are no session's and could not be stored.");
    desk->ending_now = metrics_register(parts->metrics, METRIC_GAUGE, "ostler_sessions_ending", "",
                                        "Stops that were let out and wait in memory for room in the store.");
    if (parts->spill_path)
        snprintf(desk->spill_path, sizeof(desk->spill_path), "%s", parts->spill_path);
    desk_spill_read(desk);
    *out = desk;
    return OST_OK;
}

void session_desk_destroy(struct session_desk *desk)
{
    if (!desk)
        return;
    assert(!desk->running_keys);
    desk_spill_write(desk);
    for (struct departure *departure = desk->departures, *next; departure; departure = next) {
        next = departure->next;
        store_change_release(departure->unposted);
        free(departure);
    }
    for (struct unrecorded_opening *opening = desk->unrecorded, *next; opening; opening = next) {
        next = opening->next;
        store_change_release(opening->unposted);
        free(opening);
    }
    pthread_cond_destroy(&desk->departures_changed);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}

enum desk_verdict desk_store_verdict(enum ost_status status)
{
    return status == OST_BUSY || status == OST_TIMEOUT ? DESK_OVERLOADED : DESK_STORAGE_UNAVAILABLE;
}

void desk_make_command(struct session_desk *desk, const struct desk_call *call, const struct door_plan *door,
                       enum door_cause cause, int64_t now_ms, struct door_command *command)
{
    memset(command, 0, sizeof(*command));
    command->id = uuid_make(desk->parts.ids, now_ms);
    snprintf(command->garage_id, sizeof(command->garage_id), "%s", door->garage_id);
    snprintf(command->door_id, sizeof(command->door_id), "%s", door->id);
    snprintf(command->partner_id, sizeof(command->partner_id), "%s", call->caller->partner_id);
    snprintf(command->actor, sizeof(command->actor), "%s", call->caller->actor);
    snprintf(command->traceparent, sizeof(command->traceparent), "%s", call->traceparent);
    command->cause = cause;
    command->requested_at_ms = now_ms;
    command->expires_at_ms = now_ms + door->command_expires_ms;
    command->status = COMMAND_QUEUED;
}

int64_t desk_command_deadline(struct session_desk *desk, const struct door_plan *door)
{
    return clock_monotonic_ms(desk->parts.clock) + door->command_expires_ms;
}

void desk_record_outcome(struct session_desk *desk, const struct door_command *command)
{
    struct store *store = desk->parts.store;
    struct store_change *change = store_change_create(STORE_OUTCOME);

    if (!change) {
        log_error("desk", "no memory to record that a door command is %s", command_status_text(command->status));
        return;
    }
    change->u.outcome.opening.command = *command;
    change->u.outcome.has_command = true;
    if (store->ops->post(store, change) != OST_OK) {
        log_error("desk", "no place to record that a door command is %s; a restart will call it expired",
                  command_status_text(command->status));
        store_change_release(change);
    }
}

void desk_fire(struct session_desk *desk, struct door_command *command, int64_t deadline_ms)
{
    if (command_status_is_final(command->status))
        return;
    if (door_actuator_submit(desk->parts.doors, command, deadline_ms) == OST_OK)
        return;
    command->status = COMMAND_REFUSED;
    snprintf(command->reason, sizeof(command->reason), "door_busy");
    command->finished_at_ms = clock_wall_ms(desk->parts.clock);
    desk_record_outcome(desk, command);
}

/* True: *command is what the door thread says now. */
static bool await_door(struct session_desk *desk, const struct desk_call *call, struct door_command *command)
{
    int64_t deadline_ms = clock_monotonic_ms(desk->parts.clock) + call->wait_ms;
    struct door_command now;
    enum ost_status status;

    if (call->wait_ms <= 0 || command_status_is_final(command->status))
        return false;
    status = door_actuator_await(desk->parts.doors, command->id, deadline_ms, &now);
    if (status != OST_OK && status != OST_TIMEOUT)
        return false;
    *command = now;
    return true;
}

void desk_await_and_store(struct session_desk *desk, struct desk_key *key, struct session_door *door,
                          struct desk_answer *answer)
{
    struct door_command command_before = answer->command;
    struct session_door door_before = {.door_id = ""};

    if (!await_door(desk, key->call, &answer->command))
        return;
    if (door) {
        door_before = *door;
        desk_show_command(door, &answer->command);
    }
    if (answer->verdict == DESK_ENDING || desk_key_store(desk, key, answer))
        return;
    answer->command = command_before;
    if (door)
        *door = door_before;
}

void desk_stamp_event(struct session_desk *desk, const struct desk_call *call, struct event *event, int64_t now_ms)
{
    event->id = uuid_make(desk->parts.ids, now_ms);
    event->time_ms = now_ms;
    event->trust = clock_trust(desk->parts.clock);
    if (call)
        snprintf(event->traceparent, sizeof(event->traceparent), "%s", call->traceparent);
}

void desk_show_command(struct session_door *door, const struct door_command *command)
{
    door->command_id = command->id;
    door->command_status = command->status;
    memcpy(door->command_reason, command->reason, sizeof(door->command_reason));
}

void desk_plate_hash(struct session_desk *desk, const char *plate, char text[SHA256_TEXT_BYTES])
{
    unsigned char digest[SHA256_BYTES];

    sha256_hmac(desk->parts.plate_key, plate, strlen(plate), digest);
    sha256_format(digest, text);
}

void desk_audit(struct session_desk *desk, const struct desk_call *call, const char *action, const char *subject,
                const char *reason, struct audit_line *audit)
{
    audit->at_ms = clock_wall_ms(desk->parts.clock);
    audit->id = uuid_make(desk->parts.ids, audit->at_ms);
    snprintf(audit->actor, sizeof(audit->actor), "%s", call->caller->actor);
    snprintf(audit->action, sizeof(audit->action), "%s", action);
    snprintf(audit->subject, sizeof(audit->subject), "%s", subject);
    snprintf(audit->reason, sizeof(audit->reason), "%s", reason);
}

/* ---- the newest state known ---- */

bool desk_find_ending(struct session_desk *desk, struct uuid session_id, struct session *out)
{
    bool found = false;

    pthread_mutex_lock(&desk->lock);
    for (struct departure *departure = desk->departures; departure; departure = departure->next) {
        if (departure->phase == DEPARTURE_ENDING && uuid_equal(departure->session_id, session_id)) {
            *out = departure->session;
            found = true;
            break;
        }
    }
    pthread_mutex_unlock(&desk->lock);
    return found;
}

static void overlay_command(struct session_desk *desk, struct session_door *door)
{
    struct door_command command;

    if (uuid_is_nil(door->command_id) || command_status_is_final(door->command_status))
        return;
    if (door_actuator_find(desk->parts.doors, door->command_id, &command) == OST_OK)
        desk_show_command(door, &command);
}

void session_desk_overlay(struct session_desk *desk, struct session *session)
{
    struct session ending;

    if (session->status == SESSION_ACTIVE && desk_find_ending(desk, session->id, &ending))
        *session = ending;
    overlay_command(desk, &session->entry);
    overlay_command(desk, &session->exit);
}

enum ost_status session_desk_find(struct session_desk *desk, const char *partner_id, struct uuid id,
                                  struct session *out)
{
    struct store *store = desk->parts.store;
    struct session session;
    enum ost_status status = OST_OK;

    if (!desk_find_ending(desk, id, &session))
        status = store->ops->find_session(store, id, &session);
    if (status != OST_OK)
        return status;
    if (partner_id && strcmp(session.partner_id, partner_id) != 0)
        return OST_NOT_FOUND; /* another partner's session does not exist */
    session_desk_overlay(desk, &session);
    *out = session;
    return OST_OK;
}

enum ost_status session_desk_counts(struct session_desk *desk, const struct garage *garage, struct garage_counts *out)
{
    struct store *store = desk->parts.store;
    struct garage_counts counts;
    enum ost_status status = store->ops->garage_counts(store, garage->id, &counts);

    if (status != OST_OK)
        return status;
    if (atomic_load_explicit(&desk->ending_count, memory_order_relaxed) > 0) {
        pthread_mutex_lock(&desk->lock);
        for (struct departure *departure = desk->departures; departure; departure = departure->next) {
            if (departure->phase != DEPARTURE_ENDING || strcmp(departure->session.garage_id, garage->id) != 0)
                continue;
            counts.occupied -= counts.occupied > 0;
            counts.season_inside -= departure->session.kind == VISIT_SEASON && counts.season_inside > 0;
        }
        pthread_mutex_unlock(&desk->lock);
    }
    *out = counts;
    return OST_OK;
}
