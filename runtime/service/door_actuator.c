#include "runtime/service/door_actuator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/base/log.h"
#include "runtime/service/door_actuator_internal.h"

#define FLUSH_PATIENCE_MS 2000 /* at the end, for a store that is busy */

/* ---- the doors ---- */

/* FNV-1a over both names. */
static size_t door_bucket(const char *garage_id, const char *door_id)
{
    uint32_t hash = 2166136261u;

    for (const char *at = garage_id; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    hash = (hash ^ '/') * 16777619u;
    for (const char *at = door_id; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    return hash % DOOR_BUCKETS;
}

/* NULL: no such door. The set of doors never changes, so no lock is needed. */
static struct door *find_door(struct door_actuator *actuator, const char *garage_id, const char *door_id)
{
    struct door *door = actuator->door_buckets[door_bucket(garage_id, door_id)];

    while (door && (strcmp(door->plan.id, door_id) != 0 || strcmp(door->plan.garage_id, garage_id) != 0))
        door = door->hash_next;
    return door;
}

static const struct door_driver_type *find_driver(const struct door_driver_type *type, const char *name)
{
    for (; type->name; type++) {
        if (strcmp(type->name, name) == 0)
            return type;
    }
    return NULL;
}

/* One bus a driver type. */
static enum ost_status find_bus(struct door_actuator *actuator, const struct door_driver_type *type,
                                struct door_bus **out)
{
    for (size_t i = 0; i < actuator->bus_count; i++) {
        if (actuator->buses[i].type == type) {
            *out = &actuator->buses[i];
            return OST_OK;
        }
    }
    if (actuator->bus_count == BUSES_MAX) {
        log_error("door", "more than %d types of drivers are in use", BUSES_MAX);
        return OST_TOO_LARGE;
    }
    *out = &actuator->buses[actuator->bus_count++];
    return bus_init(*out, actuator, type);
}

static void init_view(struct door *door)
{
    struct door_snapshot *view = &door->view;

    snprintf(view->garage_id, sizeof(view->garage_id), "%s", door->plan.garage_id);
    snprintf(view->door_id, sizeof(view->door_id), "%s", door->plan.id);
    view->kind = door->plan.kind;
    view->health = DOOR_UNREACHABLE;
    view->simulated = door->driver->ops->simulate != NULL;
}

static enum ost_status add_door(struct door_actuator *actuator, struct door *door, const struct door_plan *plan)
{
    const struct door_driver_type *type = find_driver(actuator->parts.drivers, plan->driver);
    size_t bucket = door_bucket(plan->garage_id, plan->id);
    char problem[REASON_BYTES] = "";
    enum ost_status status;

    door->actuator = actuator;
    door->plan = *plan;
    door->watched_fd = -1;
    snprintf(door->subject, sizeof(door->subject), "door/%s/%s", plan->garage_id, plan->id);
    if (!type) {
        log_error("door", "%s: there is no driver \"%s\"", door->subject, plan->driver);
        return OST_INVALID;
    }
    status = type->create(plan, &door->driver, problem);
    if (status != OST_OK) {
        log_error("door", "%s: %s", door->subject, problem[0] ? problem : ost_status_text(status));
        return status;
    }
    pulse_init(&door->pulse, plan->pulse_ms, plan->gap_ms);
    travel_init(&door->travel, door->driver->ops->read_position != NULL, plan->travel_ms);
    init_view(door);
    status = find_bus(actuator, type, &door->bus);
    if (status != OST_OK)
        return status;
    door->bus->heap[door->bus->heap_count++] = door;
    door->hash_next = actuator->door_buckets[bucket];
    actuator->door_buckets[bucket] = door;
    return OST_OK;
}

static enum ost_status add_doors(struct door_actuator *actuator, const struct site *site)
{
    struct door *door = actuator->doors;

    for (size_t g = 0; g < site->garage_count; g++) {
        for (size_t d = 0; d < site->garages[g].door_count; d++, door++) {
            enum ost_status status = add_door(actuator, door, &site->garages[g].doors[d]);

            if (status != OST_OK)
                return status;
        }
    }
    return OST_OK;
}

/* ---- life ---- */

static void register_metrics(struct door_actuator *actuator)
{
    struct metrics *metrics = actuator->parts.metrics;

    for (int status = COMMAND_OPENED; status <= COMMAND_FAILED; status++) {
        char label[64];

        snprintf(label, sizeof(label), "outcome=\"%s\"", command_status_text((enum command_status)status));
        actuator->outcomes[status] = metrics_register(metrics, METRIC_COUNTER, "ostler_door_commands_total", label,
                                                      "Door commands that became final.");
    }
    actuator->fire_delay = metrics_register(metrics, METRIC_HISTOGRAM, "ostler_door_fire_delay_seconds", "",
                                            "From the submission of a door command to its pulse.");
    actuator->events_dropped = metrics_register(metrics, METRIC_COUNTER, "ostler_door_events_dropped_total", "",
                                                "What happened at doors and policies were not told, as too much happened at once.");
    actuator->unreachable_now = metrics_register(metrics, METRIC_GAUGE, "ostler_doors_unreachable", "",
                                                 "Doors whose hardware does not answer now.");
}

static struct door_actuator *allocate(const struct door_actuator_parts *parts, const struct site *site)
{
    struct door_actuator *actuator = calloc(1, sizeof(*actuator));
    pthread_condattr_t monotonic;

    if (!actuator)
        return NULL;
    actuator->parts = *parts;
    for (size_t i = 0; i < BUSES_MAX; i++)
        actuator->buses[i].epoll_fd = actuator->buses[i].wake_fd = -1;
    for (size_t g = 0; g < site->garage_count; g++)
        actuator->door_count += site->garages[g].door_count;
    actuator->doors = calloc(actuator->door_count + 1, sizeof(*actuator->doors));
    if (!actuator->doors) {
        free(actuator);
        return NULL;
    }
    pthread_mutex_init(&actuator->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&actuator->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    register_metrics(actuator);
    return actuator;
}

enum ost_status door_actuator_create(const struct door_actuator_parts *parts, const struct site *site,
                                     struct door_actuator **out)
{
    struct door_actuator *actuator = allocate(parts, site);
    enum ost_status status;

    if (!actuator)
        return OST_NO_MEMORY;
    status = add_doors(actuator, site);
    for (size_t i = 0; i < actuator->bus_count && status == OST_OK; i++)
        status = bus_start(&actuator->buses[i]);
    if (status != OST_OK) {
        door_actuator_destroy(actuator);
        return status;
    }
    *out = actuator;
    return OST_OK;
}

/* What the door threads could not hand over any more. */
static void flush_patiently(struct door_actuator *actuator)
{
    struct timespec pause = {.tv_nsec = 10 * NS_PER_MS};

    for (int waited_ms = 0; !actuator_flush(actuator) && waited_ms < FLUSH_PATIENCE_MS; waited_ms += 10)
        nanosleep(&pause, NULL);
    if (actuator->unposted.count > 0 || actuator->late_count > 0)
        log_error("door", "%zu outcomes and %zu events of doors could not be recorded: the store takes nothing",
                  actuator->unposted.count, actuator->late_count);
    for (size_t i = 0; i < actuator->late_count; i++)
        store_change_release(actuator->late[i]);
}

void door_actuator_destroy(struct door_actuator *actuator)
{
    if (!actuator)
        return;
    for (size_t i = 0; i < actuator->bus_count; i++)
        bus_stop(&actuator->buses[i]);
    for (size_t i = 0; i < actuator->door_count; i++) {
        struct door_driver *driver = actuator->doors[i].driver;

        if (driver)
            driver->ops->destroy(driver);
    }
    flush_patiently(actuator);
    for (size_t i = 0; i < actuator->bus_count; i++)
        bus_finish(&actuator->buses[i]);
    commands_free_all(&actuator->commands);
    pthread_cond_destroy(&actuator->changed);
    pthread_mutex_destroy(&actuator->lock);
    free(actuator->doors);
    free(actuator);
}

/* ---- commands ---- */

enum ost_status door_actuator_submit(struct door_actuator *actuator, const struct door_command *command,
                                     int64_t deadline_ms)
{
    struct door *door = find_door(actuator, command->garage_id, command->door_id);
    struct command_node *node;
    enum ost_status status = OST_OK;
    bool must_kick = false;

    if (!door)
        return OST_NOT_FOUND;
    node = calloc(1, sizeof(*node));
    if (!node)
        return OST_NO_MEMORY;
    node->command = *command;
    node->command.status = COMMAND_QUEUED;
    node->submitted_ns = clock_monotonic_ns(actuator->parts.clock);
    node->deadline_ns = deadline_ms < INT64_MAX / NS_PER_MS ? deadline_ms * NS_PER_MS : INT64_MAX;
    pthread_mutex_lock(&actuator->lock);
    if (commands_find(&actuator->commands, command->id)) {
        /* Handed in twice: it fires once. */
    } else if (door->queued.count >= DOOR_QUEUE_MAX) {
        status = OST_BUSY;
    } else {
        commands_add(&actuator->commands, node);
        command_list_append(&door->queued, node);
        node = NULL;
        must_kick = bus_wake(door->bus, door);
    }
    pthread_mutex_unlock(&actuator->lock);
    if (must_kick)
        bus_kick(door->bus);
    free(node);
    return status;
}

enum ost_status door_actuator_find(struct door_actuator *actuator, struct uuid command_id, struct door_command *out)
{
    struct command_node *node;

    pthread_mutex_lock(&actuator->lock);
    node = commands_find(&actuator->commands, command_id);
    if (node)
        *out = node->command;
    pthread_mutex_unlock(&actuator->lock);
    return node ? OST_OK : OST_NOT_FOUND;
}

/* The deadline on the clock that pthread_cond_timedwait() looks at. */
static struct timespec wait_until(struct door_actuator *actuator, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - clock_monotonic_ms(actuator->parts.clock);
    struct timespec until;

    if (left_ms < 0)
        left_ms = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += left_ms / 1000;
    until.tv_nsec += left_ms % 1000 * NS_PER_MS;
    if (until.tv_nsec >= 1000 * NS_PER_MS) {
        until.tv_nsec -= 1000 * NS_PER_MS;
        until.tv_sec++;
    }
    return until;
}

enum ost_status door_actuator_await(struct door_actuator *actuator, struct uuid command_id, int64_t deadline_ms,
                                    struct door_command *out)
{
    struct timespec until = wait_until(actuator, deadline_ms);
    enum ost_status status = OST_OK;
    struct command_node *node;
    int waited = 0;

    pthread_mutex_lock(&actuator->lock);
    for (;;) {
        node = commands_find(&actuator->commands, command_id); /* anew each time: it may be forgotten meanwhile */
        if (!node || command_status_is_final(node->command.status) || waited == ETIMEDOUT)
            break;
        waited = pthread_cond_timedwait(&actuator->changed, &actuator->lock, &until);
    }
    if (!node)
        status = OST_NOT_FOUND;
    else if (!command_status_is_final(node->command.status))
        status = OST_TIMEOUT;
    if (node)
        *out = node->command;
    pthread_mutex_unlock(&actuator->lock);
    return status;
}

/* ---- doors ---- */

enum ost_status door_actuator_snapshot(struct door_actuator *actuator, const char *garage_id, const char *door_id,
                                       struct door_snapshot *out)
{
    struct door *door = find_door(actuator, garage_id, door_id);
    int64_t now_ms = clock_wall_ms(actuator->parts.clock);

    if (!door)
        return OST_NOT_FOUND;
    pthread_mutex_lock(&actuator->lock);
    *out = door->view;
    out->maintenance_until_ms = now_ms < door->maintenance_until_ms ? door->maintenance_until_ms : 0;
    pthread_mutex_unlock(&actuator->lock);
    if (out->maintenance_until_ms != 0)
        out->health = DOOR_IN_MAINTENANCE;
    return OST_OK;
}

enum ost_status door_actuator_simulate(struct door_actuator *actuator, const char *garage_id, const char *door_id,
                                       const char *fault)
{
    struct door *door = find_door(actuator, garage_id, door_id);
    struct simulation_request request = {.fault = fault};
    bool must_kick;

    if (!door)
        return OST_NOT_FOUND;
    if (!door->driver->ops->simulate)
        return OST_CONFLICT;
    pthread_mutex_lock(&actuator->lock);
    while (door->simulation)
        pthread_cond_wait(&actuator->changed, &actuator->lock);
    door->simulation = &request;
    must_kick = bus_wake(door->bus, door);
    pthread_mutex_unlock(&actuator->lock);
    if (must_kick)
        bus_kick(door->bus);
    pthread_mutex_lock(&actuator->lock);
    while (!request.is_done)
        pthread_cond_wait(&actuator->changed, &actuator->lock);
    pthread_mutex_unlock(&actuator->lock);
    return request.status;
}

enum ost_status door_actuator_maintain(struct door_actuator *actuator, const char *garage_id, const char *door_id,
                                       int64_t until_ms)
{
    struct door *door = find_door(actuator, garage_id, door_id);
    bool must_kick;

    if (!door)
        return OST_NOT_FOUND;
    pthread_mutex_lock(&actuator->lock);
    door->maintenance_until_ms = until_ms;
    must_kick = bus_wake(door->bus, door);
    pthread_mutex_unlock(&actuator->lock);
    if (must_kick)
        bus_kick(door->bus);
    return OST_OK;
}

int64_t door_actuator_heartbeat_ms(struct door_actuator *actuator)
{
    int64_t oldest_ms = clock_monotonic_ms(actuator->parts.clock);

    for (size_t i = 0; i < actuator->bus_count; i++) {
        int64_t beat_ms = atomic_load(&actuator->buses[i].heartbeat_ms);

        if (beat_ms < oldest_ms)
            oldest_ms = beat_ms;
    }
    return oldest_ms;
}
