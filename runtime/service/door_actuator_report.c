#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/door_actuator_internal.h"

static const struct {
    const char *code;
    enum fault_severity severity;
} fault_table[DOOR_FAULT_COUNT] = {
    [FAULT_UNREACHABLE] = {"door_unreachable", FAULT_ALARM},
    [FAULT_CHIP_MISSING] = {"chip_missing", FAULT_ALARM},
    [FAULT_LINE_BUSY] = {"line_busy", FAULT_ALARM},
    [FAULT_RELAY_STUCK] = {"relay_stuck", FAULT_ALARM},
    [FAULT_NOT_MOVED] = {"not_moved", FAULT_WARNING},
    [FAULT_MOVED_UNASKED] = {"moved_unasked", FAULT_ALARM},
};

/* ---- what policies hear ---- */

void door_tell(struct door *door, enum door_happening happened, const char *fault)
{
    struct door_actuator *actuator = door->actuator;
    struct door_event event = {.happened = happened, .at_ms = clock_wall_ms(actuator->parts.clock)};

    if (!actuator->parts.events)
        return;
    snprintf(event.garage_id, sizeof(event.garage_id), "%s", door->plan.garage_id);
    snprintf(event.door_id, sizeof(event.door_id), "%s", door->plan.id);
    snprintf(event.fault, sizeof(event.fault), "%s", fault);
    if (happened == DOOR_HAS_OPENED && door->has_cause) {
        event.has_cause = true;
        event.cause = door->cause;
    }
    if (queue_push(actuator->parts.events, &event) == OST_BUSY)
        metric_add(actuator->events_dropped, 1);
}

/* A door that is found open at a start did not open then, and one that did not get open does not close. */
void door_tell_position(struct door *door)
{
    enum door_position before = door->told, now = door->travel.position;

    if (now == before || now == DOOR_POSITION_UNKNOWN)
        return;
    door->told = now;
    if (now == DOOR_OPEN) {
        if (before != DOOR_POSITION_UNKNOWN || door->has_cause)
            door_tell(door, DOOR_HAS_OPENED, "");
        door->is_told_open = true;
    } else if (now == DOOR_CLOSED) {
        if (door->is_told_open)
            door_tell(door, DOOR_HAS_CLOSED, "");
        door->is_told_open = door->has_cause = false;
    }
}

static void stamp(struct door_actuator *actuator, struct event *event, int64_t now_ms)
{
    event->id = uuid_make(actuator->parts.ids, now_ms);
    event->time_ms = now_ms;
    event->trust = clock_trust(actuator->parts.clock);
}

/* ---- changes that are no command's outcome ---- */

/* Takes over the caller's reference. */
static void post(struct door_actuator *actuator, struct store_change *change)
{
    struct store *store = actuator->parts.store;
    bool is_kept = false;

    pthread_mutex_lock(&actuator->lock);
    if (actuator->late_count > 0 && actuator->late_count < LATE_CHANGES_MAX) { /* keeps the order */
        actuator->late[actuator->late_count++] = change;
        is_kept = true;
    }
    pthread_mutex_unlock(&actuator->lock);
    if (is_kept || store->ops->post(store, change) == OST_OK)
        return;
    pthread_mutex_lock(&actuator->lock);
    if (actuator->late_count < LATE_CHANGES_MAX) {
        actuator->late[actuator->late_count++] = change;
        is_kept = true;
    }
    pthread_mutex_unlock(&actuator->lock);
    if (is_kept)
        return;
    log_error("door", "no place to record what happened at a door: the store takes nothing");
    store_change_release(change);
}

/* True: nothing is left. */
static bool flush_late(struct door_actuator *actuator)
{
    struct store *store = actuator->parts.store;

    for (;;) {
        struct store_change *change = NULL;

        pthread_mutex_lock(&actuator->lock);
        if (actuator->late_count > 0) {
            change = actuator->late[0];
            actuator->late_count--;
            memmove(&actuator->late[0], &actuator->late[1], actuator->late_count * sizeof(actuator->late[0]));
        }
        pthread_mutex_unlock(&actuator->lock);
        if (!change)
            return true;
        if (store->ops->post(store, change) == OST_OK)
            continue;
        pthread_mutex_lock(&actuator->lock);
        if (actuator->late_count < LATE_CHANGES_MAX) {
            memmove(&actuator->late[1], &actuator->late[0], actuator->late_count * sizeof(actuator->late[0]));
            actuator->late[0] = change;
            actuator->late_count++;
            change = NULL;
        }
        pthread_mutex_unlock(&actuator->lock);
        if (change) {
            log_error("door", "no place to record what happened at a door: the store takes nothing");
            store_change_release(change);
        }
        return false;
    }
}

void door_report_unasked(struct door *door)
{
    struct door_actuator *actuator = door->actuator;
    struct store_change *change = store_change_create(STORE_OUTCOME);
    int64_t now_ms = clock_wall_ms(actuator->parts.clock);
    struct door_command *command;

    door->has_cause = true;
    door->cause = CAUSE_UNEXPLAINED;
    door_raise(door, FAULT_MOVED_UNASKED, "The sensor saw the door open, and nobody had asked for it.");
    if (!change) {
        log_error("door", "no memory to record an opening of %s that nobody asked for", door->subject);
        return;
    }
    command = &change->u.outcome.opening.command;
    snprintf(command->garage_id, sizeof(command->garage_id), "%s", door->plan.garage_id);
    snprintf(command->door_id, sizeof(command->door_id), "%s", door->plan.id);
    command->cause = CAUSE_UNEXPLAINED;
    command->requested_at_ms = now_ms;
    command->finished_at_ms = now_ms;
    command->seen_open_at_ms = now_ms;
    command->status = COMMAND_OPENED;
    change->u.outcome.opening.id = uuid_make(actuator->parts.ids, now_ms);
    change->u.outcome.is_opening = true;
    event_door_opened(change->event, command);
    stamp(actuator, change->event, now_ms);
    post(actuator, change);
}

/* ---- outcomes of commands ---- */

/* OST_NO_MEMORY, OST_BUSY: not now. */
static enum ost_status post_outcome(struct door_actuator *actuator, const struct door_command *command)
{
    struct store *store = actuator->parts.store;
    struct store_change *change = store_change_create(STORE_OUTCOME);
    int64_t now_ms = clock_wall_ms(actuator->parts.clock);
    enum ost_status status;

    if (!change)
        return OST_NO_MEMORY;
    change->u.outcome.opening.command = *command;
    change->u.outcome.has_command = true;
    if (command_counts_as_opening(command)) {
        change->u.outcome.opening.id = uuid_make(actuator->parts.ids, now_ms);
        change->u.outcome.is_opening = true;
        event_door_opened(change->event, command);
        stamp(actuator, change->event, now_ms);
    }
    status = store->ops->post(store, change);
    if (status != OST_OK)
        store_change_release(change);
    return status;
}

bool actuator_flush(struct door_actuator *actuator)
{
    for (;;) {
        struct command_node *node;

        pthread_mutex_lock(&actuator->lock);
        node = command_list_take(&actuator->unposted);
        pthread_mutex_unlock(&actuator->lock);
        if (!node)
            return flush_late(actuator);
        /* Final and out of every list: nobody changes it any more. */
        if (post_outcome(actuator, &node->command) != OST_OK) {
            pthread_mutex_lock(&actuator->lock);
            command_list_prepend(&actuator->unposted, node);
            pthread_mutex_unlock(&actuator->lock);
            return false;
        }
        pthread_mutex_lock(&actuator->lock);
        commands_posted(&actuator->commands, node);
        pthread_mutex_unlock(&actuator->lock);
    }
}

void door_finish(struct door *door, struct command_node *node, enum command_status status, const char *reason)
{
    struct door_actuator *actuator = door->actuator;
    struct command_node *dropped = NULL;
    int64_t now_ms = clock_wall_ms(actuator->parts.clock);

    metric_add(actuator->outcomes[status], 1);
    pthread_mutex_lock(&actuator->lock);
    door_update_view(door); /* who waits for the command then finds its door as it left it */
    node->command.status = status;
    snprintf(node->command.reason, sizeof(node->command.reason), "%s", reason);
    node->command.finished_at_ms = now_ms;
    commands_final(&actuator->commands, node);
    if (actuator->unposted.count >= UNPOSTED_MAX) {
        dropped = command_list_take(&actuator->unposted);
        commands_posted(&actuator->commands, dropped);
    }
    command_list_append(&actuator->unposted, node);
    pthread_cond_broadcast(&actuator->changed);
    pthread_mutex_unlock(&actuator->lock);
    if (dropped)
        log_error("door", "%d outcomes wait for the store: the oldest is dropped; a restart will call it expired",
                  UNPOSTED_MAX);
}

/* ---- faults ---- */

static void post_fault_event(struct door *door, enum door_fault fault, int64_t raised_at_ms, int64_t cleared_at_ms)
{
    struct door_actuator *actuator = door->actuator;
    struct store_change *change = store_change_create(STORE_EVENT);
    int64_t now_ms = clock_wall_ms(actuator->parts.clock);

    if (!change) {
        log_error("door", "no memory for the event of a fault at %s", door->subject);
        return;
    }
    event_door_fault(change->event, door->plan.garage_id, door->plan.id, fault_table[fault].code,
                     fault_table[fault].severity == FAULT_ALARM ? "alarm" : "warning", raised_at_ms, cleared_at_ms);
    stamp(actuator, change->event, now_ms);
    post(actuator, change);
}

void door_raise(struct door *door, enum door_fault fault, const char *detail)
{
    struct door_actuator *actuator = door->actuator;

    fault_board_raise(actuator->parts.faults, door->subject, fault_table[fault].code, fault_table[fault].severity,
                      detail);
    if (door->raised_at_ms[fault] != 0)
        return;
    door->raised_at_ms[fault] = clock_wall_ms(actuator->parts.clock);
    if (fault == FAULT_UNREACHABLE)
        metric_add(actuator->unreachable_now, 1);
    door_tell(door, DOOR_HAS_FAULT, fault_table[fault].code);
    post_fault_event(door, fault, door->raised_at_ms[fault], 0);
}

void door_clear(struct door *door, enum door_fault fault)
{
    struct door_actuator *actuator = door->actuator;
    int64_t raised_at_ms = door->raised_at_ms[fault];

    if (raised_at_ms == 0)
        return;
    door->raised_at_ms[fault] = 0;
    if (fault == FAULT_UNREACHABLE)
        metric_add(actuator->unreachable_now, -1);
    door_tell(door, DOOR_HAS_RECOVERED, fault_table[fault].code);
    fault_board_clear(actuator->parts.faults, door->subject, fault_table[fault].code);
    post_fault_event(door, fault, raised_at_ms, clock_wall_ms(actuator->parts.clock));
}

void door_list_faults(const struct door *door, struct door_snapshot *view)
{
    view->fault_count = 0;
    for (int fault = 0; fault < DOOR_FAULT_COUNT && view->fault_count < DOOR_FAULTS_MAX; fault++) {
        if (door->raised_at_ms[fault] != 0)
            snprintf(view->faults[view->fault_count++], CODE_BYTES, "%s", fault_table[fault].code);
    }
}
