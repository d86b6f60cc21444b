#include <stdio.h>
#include <string.h>

#include "runtime/service/door_actuator_internal.h"

#define PROBE_EVERY_NS    (500 * NS_PER_MS)
#define ACQUIRE_EVERY_NS  (1000 * NS_PER_MS)
#define RETRY_SOON_NS     (50 * NS_PER_MS) /* right after the hardware was lost: a relay may be energised */
#define READ_MOVING_NS    (50 * NS_PER_MS) /* a sensor without a descriptor is looked at this often while things move */
#define READ_AT_REST_NS   (500 * NS_PER_MS)

static int64_t now_ns_of(const struct door *door)
{
    return clock_monotonic_ns(door->actuator->parts.clock);
}

static bool has_sensor(const struct door *door)
{
    return door->driver->ops->read_position != NULL;
}

/* ---- health ---- */

/* The hardware is gone. Who waits for it learns that now; nothing is fired again later. */
static void lose(struct door *door, const char *detail)
{
    struct command_node *node;

    door->is_held = false;
    bus_unwatch(door);
    pulse_end(&door->pulse, now_ns_of(door));
    travel_forget(&door->travel);
    door->health_at_ns = now_ns_of(door) + RETRY_SOON_NS;
    door_raise(door, FAULT_UNREACHABLE, detail);
    node = door->firing;
    door->firing = NULL;
    if (node)
        door_finish(door, node, COMMAND_FAILED, "door_unreachable");
    while ((node = command_list_take(&door->awaiting)) != NULL)
        door_finish(door, node, COMMAND_FAILED, "door_unreachable");
}

static void release(struct door *door)
{
    enum ost_status status = door->driver->ops->set_relay(door->driver, false);

    if (status == OST_UNAVAILABLE) {
        lose(door, "The hardware went away while its relay was to be released.");
        return;
    }
    door->relay_is_stuck = status != OST_OK;
    if (door->relay_is_stuck)
        door_raise(door, FAULT_RELAY_STUCK, "The relay does not release. It is told to again twice a second.");
    else
        door_clear(door, FAULT_RELAY_STUCK);
}

static void acquire(struct door *door, int64_t now_ns)
{
    char problem[REASON_BYTES] = "It does not answer.";
    enum ost_status status = door->driver->ops->acquire(door->driver, problem);

    if (status != OST_OK) {
        door->health_at_ns = now_ns + ACQUIRE_EVERY_NS;
        door_raise(door, FAULT_UNREACHABLE, problem);
        if (status == OST_BUSY)
            door_raise(door, FAULT_LINE_BUSY, problem);
        else
            door_clear(door, FAULT_LINE_BUSY);
        if (status == OST_UNAVAILABLE && door->plan.chip[0])
            door_raise(door, FAULT_CHIP_MISSING, problem);
        else
            door_clear(door, FAULT_CHIP_MISSING);
        return;
    }
    door->is_held = true;
    door->health_at_ns = now_ns + PROBE_EVERY_NS;
    door->read_at_ns = now_ns;
    release(door);
    if (!door->is_held)
        return;
    bus_watch(door);
    door_clear(door, FAULT_UNREACHABLE);
    door_clear(door, FAULT_CHIP_MISSING);
    door_clear(door, FAULT_LINE_BUSY);
}

static void keep_hold(struct door *door, int64_t now_ns)
{
    if (now_ns < door->health_at_ns)
        return;
    door->checked_at_ms = clock_wall_ms(door->actuator->parts.clock);
    if (!door->is_held) {
        acquire(door, now_ns);
        return;
    }
    door->health_at_ns = now_ns + PROBE_EVERY_NS;
    if (door->driver->ops->probe(door->driver) != OST_OK)
        lose(door, "The hardware does not answer any more.");
    else if (door->relay_is_stuck)
        release(door);
}

/* ---- where the door is ---- */

static void seen_open(struct door *door)
{
    struct door_actuator *actuator = door->actuator;
    int64_t now_ms = clock_wall_ms(actuator->parts.clock);

    pthread_mutex_lock(&actuator->lock);
    if (door->firing && door->firing->command.seen_open_at_ms == 0)
        door->firing->command.seen_open_at_ms = now_ms;
    for (struct command_node *node = door->awaiting.head; node; node = node->next)
        node->command.seen_open_at_ms = now_ms;
    pthread_mutex_unlock(&actuator->lock);
    door_clear(door, FAULT_NOT_MOVED);
}

static void heed(struct door *door, enum travel_news news)
{
    switch (news) {
    case TRAVEL_NO_NEWS:
        break;
    case TRAVEL_SEEN_OPEN:
        seen_open(door);
        break;
    case TRAVEL_UNASKED:
        door_report_unasked(door);
        break;
    case TRAVEL_SHUT:
        door_clear(door, FAULT_MOVED_UNASKED);
        break;
    }
}

static bool is_moving(const struct door *door)
{
    return door->firing || door->awaiting.head || door->travel.position != DOOR_CLOSED;
}

static void look(struct door *door, int64_t now_ns)
{
    enum door_position seen;

    if (!door->is_held || !has_sensor(door) || now_ns < door->read_at_ns)
        return;
    if (door->driver->ops->read_position(door->driver, now_ns / NS_PER_MS, &seen) != OST_OK) {
        lose(door, "Its position sensor does not answer any more.");
        return;
    }
    heed(door, travel_read(&door->travel, seen, now_ns));
    /* With a descriptor the level is read now and then all the same: an edge can be lost. */
    door->read_at_ns = now_ns + (door->watched_fd < 0 && is_moving(door) ? READ_MOVING_NS : READ_AT_REST_NS);
}

void door_sensor_ready(struct door *door, bool is_broken)
{
    if (door->driver->ops->drain_events(door->driver) != OST_OK || is_broken)
        lose(door, "The hardware went away.");
    else
        door->read_at_ns = now_ns_of(door);
}

/* ---- the relay ---- */

static void await_outcome(struct door *door, struct command_node *node)
{
    if (!has_sensor(door))
        door_finish(door, node, COMMAND_FIRED, "");
    else
        command_list_append(&door->awaiting, node);
}

static void end_pulse(struct door *door, int64_t now_ns)
{
    struct command_node *node;

    if (!pulse_must_end(&door->pulse, now_ns))
        return;
    release(door);
    pulse_end(&door->pulse, now_ns_of(door));
    node = door->firing; /* NULL: the hardware was lost, and it is final already */
    door->firing = NULL;
    if (node)
        await_outcome(door, node);
}

/* The sensor's word on commands that were fired, the oldest first: their times are in order. */
static void settle(struct door *door, int64_t now_ns)
{
    while (door->awaiting.head) {
        struct command_node *node = door->awaiting.head;

        if (node->command.seen_open_at_ms == 0 && now_ns < node->seen_by_ns)
            return;
        command_list_take(&door->awaiting);
        if (node->command.seen_open_at_ms != 0) {
            door_finish(door, node, COMMAND_OPENED, "");
            continue;
        }
        door_raise(door, FAULT_NOT_MOVED, "The relay was fired, and the sensor did not see the door open.");
        door_finish(door, node, COMMAND_NOT_MOVED, "not_seen_open");
    }
}

static void fire(struct door *door, struct command_node *node)
{
    struct door_actuator *actuator = door->actuator;
    enum ost_status status = door->driver->ops->set_relay(door->driver, true);
    int64_t now_ns = now_ns_of(door);
    int64_t now_ms = clock_wall_ms(actuator->parts.clock);

    if (status == OST_UNAVAILABLE) {
        lose(door, "The hardware went away when its relay was to be fired.");
        door_finish(door, node, COMMAND_FAILED, "door_unreachable");
        return;
    }
    if (status != OST_OK) {
        door_finish(door, node, COMMAND_FAILED, "relay_failed");
        release(door); /* it may be half way */
        return;
    }
    pulse_begin(&door->pulse, now_ns);
    door->firing = node;
    door->has_cause = true;
    door->cause = node->command.cause;
    metric_observe_ns(actuator->fire_delay, now_ns - node->submitted_ns);
    pthread_mutex_lock(&actuator->lock);
    node->seen_by_ns = travel_seen_by_ns(&door->travel, now_ns);
    node->command.relay_fired_at_ms = now_ms;
    if (has_sensor(door) && door->travel.position == DOOR_OPEN)
        node->command.seen_open_at_ms = now_ms; /* it is held open, and stays so */
    pthread_mutex_unlock(&actuator->lock);
    travel_fired(&door->travel, now_ns);
    door->read_at_ns = now_ns;
    look(door, now_ns);
}

/* The head of the queue, with what is to become of it: COMMAND_FIRING, or final. NULL: nothing for now. */
static struct command_node *take_next(struct door *door, bool is_stopping, enum command_status *fate,
                                      const char **reason)
{
    struct door_actuator *actuator = door->actuator;
    int64_t now_ns = now_ns_of(door);
    struct command_node *node;

    pthread_mutex_lock(&actuator->lock);
    node = door->queued.head;
    *fate = COMMAND_REFUSED;
    if (!node) {
        *reason = "";
    } else if (now_ns >= node->deadline_ns) {
        *fate = COMMAND_EXPIRED;
        *reason = "deadline_passed";
    } else if (is_stopping) {
        *fate = COMMAND_EXPIRED;
        *reason = "shutting_down";
    } else if (clock_wall_ms(actuator->parts.clock) < door->maintenance_until_ms) {
        *reason = "door_in_maintenance";
    } else if (!door->is_held) {
        *fate = COMMAND_FAILED;
        *reason = "door_unreachable";
    } else if (door->relay_is_stuck) {
        *reason = "relay_stuck";
    } else if (pulse_may_begin(&door->pulse, now_ns) && door->awaiting.count < AWAITING_MAX) {
        *fate = COMMAND_FIRING;
        node->command.status = COMMAND_FIRING;
    } else {
        node = NULL;
    }
    if (node)
        command_list_take(&door->queued);
    pthread_mutex_unlock(&actuator->lock);
    return node;
}

static void serve_queue(struct door *door, bool is_stopping)
{
    struct command_node *node;
    enum command_status fate;
    const char *reason;

    while ((node = take_next(door, is_stopping, &fate, &reason)) != NULL) {
        if (fate == COMMAND_FIRING)
            fire(door, node);
        else
            door_finish(door, node, fate, reason);
    }
}

/* ---- the step ---- */

static struct simulation_request *begin_simulation(struct door *door)
{
    struct simulation_request *request;

    pthread_mutex_lock(&door->actuator->lock);
    request = door->simulation;
    pthread_mutex_unlock(&door->actuator->lock);
    if (!request)
        return NULL;
    request->status = door->driver->ops->simulate(door->driver, request->fault);
    door->health_at_ns = 0; /* its effect is seen in this very step */
    door->read_at_ns = 0;
    return request;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum door_health health_of(const struct door *door)
{
    if (!door->is_held)
        return DOOR_UNREACHABLE;
    return door->relay_is_stuck || door->raised_at_ms[FAULT_NOT_MOVED] != 0 ? DOOR_FAULTED : DOOR_OK;
}

void door_update_view(struct door *door)
{
    struct door_snapshot *view = &door->view;

    view->position = door->travel.position;
    view->assumed = door->travel.assumed;
    view->health = health_of(door);
    view->health_checked_at_ms = door->checked_at_ms;
    door_list_faults(door, view);
}

/* Let others see the door as it is now, and work out when it wants its next step. */
static void show(struct door *door, struct simulation_request *simulated)
{
    struct door_actuator *actuator = door->actuator;
    int64_t next_ns = earlier(door->health_at_ns, door->travel.until_ns);

    if (door->is_held && has_sensor(door))
        next_ns = earlier(next_ns, door->read_at_ns);
    if (door->awaiting.head)
        next_ns = earlier(next_ns, door->awaiting.head->seen_by_ns);
    pthread_mutex_lock(&actuator->lock);
    door_update_view(door);
    if (door->queued.head)
        next_ns = earlier(next_ns, door->queued.head->deadline_ns);
    if (door->queued.head || door->firing)
        next_ns = earlier(next_ns, pulse_next_ns(&door->pulse, now_ns_of(door)));
    if (simulated) {
        simulated->is_done = true;
        door->simulation = NULL;
        pthread_cond_broadcast(&actuator->changed);
    }
    pthread_mutex_unlock(&actuator->lock);
    door->next_ns = next_ns;
}

void door_step(struct door *door, bool is_stopping)
{
    int64_t now_ns = now_ns_of(door);
    struct simulation_request *simulated;

    end_pulse(door, now_ns); /* first: nothing keeps a relay energised for longer than it must be */
    simulated = begin_simulation(door);
    keep_hold(door, now_ns);
    look(door, now_ns);
    heed(door, travel_tick(&door->travel, now_ns));
    settle(door, now_ns);
    serve_queue(door, is_stopping);
    door_tell_position(door);
    show(door, simulated);
}

static struct command_node *take_queued(struct door *door)
{
    struct command_node *node;

    pthread_mutex_lock(&door->actuator->lock);
    node = command_list_take(&door->queued);
    pthread_mutex_unlock(&door->actuator->lock);
    return node;
}

void door_give_up(struct door *door)
{
    struct command_node *node;

    while ((node = command_list_take(&door->awaiting)) != NULL)
        door_finish(door, node, COMMAND_FIRED, ""); /* nobody will be there to see it open */
    while ((node = take_queued(door)) != NULL)
        door_finish(door, node, COMMAND_EXPIRED, "shutting_down");
}
