#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/base/thread.h"
#include "runtime/service/door_actuator_internal.h"

#define EVENTS_AT_ONCE 32
#define ROUND_MAX_MS   500 /* the heartbeat must beat */
#define FLUSH_AGAIN_MS 50  /* the store had no place: ask again */

/* ---- timers: a binary heap of all doors by their next step ---- */

static void put(struct door_bus *bus, size_t index, struct door *door)
{
    bus->heap[index] = door;
    door->heap_index = index;
}

/* The door's next_ns has changed: bring it to its place. */
static void reorder(struct door_bus *bus, struct door *door)
{
    size_t index = door->heap_index;

    while (index > 0 && bus->heap[(index - 1) / 2]->next_ns > door->next_ns) {
        put(bus, index, bus->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * index + 1;

        if (child + 1 < bus->heap_count && bus->heap[child + 1]->next_ns < bus->heap[child]->next_ns)
            child++;
        if (child >= bus->heap_count || bus->heap[child]->next_ns >= door->next_ns)
            break;
        put(bus, index, bus->heap[child]);
        index = child;
    }
    put(bus, index, door);
}

static void step(struct door *door, bool is_stopping)
{
    door_step(door, is_stopping);
    reorder(door->bus, door);
}

/* ---- waking ---- */

bool bus_wake(struct door_bus *bus, struct door *door)
{
    bool was_empty = bus->woken == NULL;

    if (door->is_woken)
        return false;
    door->is_woken = true;
    door->next_woken = bus->woken;
    bus->woken = door;
    return was_empty;
}

void bus_kick(struct door_bus *bus)
{
    uint64_t one = 1;

    while (write(bus->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ; /* EAGAIN: 2^64 - 2 kicks wait already, so it wakes anyhow */
}

static struct door *take_woken(struct door_bus *bus, bool *is_stopping)
{
    struct door *door;

    pthread_mutex_lock(&bus->actuator->lock);
    door = bus->woken;
    bus->woken = NULL;
    *is_stopping = bus->is_stopping;
    pthread_mutex_unlock(&bus->actuator->lock);
    return door;
}

static void step_woken(struct door_bus *bus, struct door *door, bool is_stopping)
{
    while (door) {
        struct door *next;

        pthread_mutex_lock(&bus->actuator->lock);
        next = door->next_woken;
        door->is_woken = false; /* before the step: what comes during it wakes it again */
        pthread_mutex_unlock(&bus->actuator->lock);
        step(door, is_stopping);
        door = next;
    }
}

/* ---- sensors ---- */

void bus_watch(struct door *door)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = door};
    const struct door_driver_ops *ops = door->driver->ops;
    int fd = ops->event_descriptor ? ops->event_descriptor(door->driver) : -1;

    door->watched_fd = -1;
    if (fd < 0)
        return;
    if (epoll_ctl(door->bus->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        door->watched_fd = fd;
    else /* looked at now and then instead */
        log_warning("door", "%s: its sensor cannot be watched: %s", door->subject, strerror(errno));
}

void bus_unwatch(struct door *door)
{
    struct epoll_event unused;

    /* Where the driver has closed it already, it has left the set by itself. */
    if (door->watched_fd >= 0)
        (void)epoll_ctl(door->bus->epoll_fd, EPOLL_CTL_DEL, door->watched_fd, &unused);
    door->watched_fd = -1;
}

static void take_kicks(struct door_bus *bus)
{
    uint64_t count;

    while (read(bus->wake_fd, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}

static int wait_ms(struct door_bus *bus, bool is_flushed)
{
    int64_t left_ns = bus->heap[0]->next_ns - clock_monotonic_ns(bus->actuator->parts.clock);
    int64_t most_ms = is_flushed ? ROUND_MAX_MS : FLUSH_AGAIN_MS;

    if (left_ns <= 0)
        return 0;
    if (left_ns >= most_ms * NS_PER_MS)
        return (int)most_ms;
    return (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS); /* never early: that would spin */
}

static void wait_for_work(struct door_bus *bus, bool is_flushed, bool is_stopping)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(bus->epoll_fd, events, EVENTS_AT_ONCE, wait_ms(bus, is_flushed));

    for (int i = 0; i < count; i++) {
        struct door *door = events[i].data.ptr;

        if (!door) {
            take_kicks(bus);
        } else if (door->watched_fd >= 0) { /* else it was lost earlier in this round */
            door_sensor_ready(door, (events[i].events & (EPOLLERR | EPOLLHUP)) != 0);
            step(door, is_stopping);
        }
    }
}

/* ---- the thread ---- */

static bool is_any_firing(const struct door_bus *bus)
{
    for (size_t i = 0; i < bus->heap_count; i++) {
        if (bus->heap[i]->firing)
            return true;
    }
    return false;
}

/* Each door once at most: sensors and new commands have their turn too. */
static void step_due(struct door_bus *bus, bool is_stopping)
{
    for (size_t i = 0; i < bus->heap_count; i++) {
        if (bus->heap[0]->next_ns > clock_monotonic_ns(bus->actuator->parts.clock))
            return;
        step(bus->heap[0], is_stopping);
    }
}

static void *run(void *argument)
{
    struct door_bus *bus = argument;
    struct clock *clock = bus->actuator->parts.clock;
    bool is_stopping = false;
    bool is_flushed = true;

    thread_set_nice(THREAD_NICE_DOOR);
    for (;;) {
        struct door *woken = take_woken(bus, &is_stopping);

        atomic_store(&bus->heartbeat_ms, clock_monotonic_ms(clock));
        step_woken(bus, woken, is_stopping);
        step_due(bus, is_stopping);
        is_flushed = actuator_flush(bus->actuator); /* after the relays: they wait for nobody */
        if (is_stopping && !is_any_firing(bus))
            break;
        wait_for_work(bus, is_flushed, is_stopping);
    }
    for (size_t i = 0; i < bus->heap_count; i++)
        door_give_up(bus->heap[i]);
    return NULL;
}

enum ost_status bus_init(struct door_bus *bus, struct door_actuator *actuator, const struct door_driver_type *type)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    bus->actuator = actuator;
    bus->type = type;
    bus->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bus->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bus->heap = calloc(actuator->door_count, sizeof(*bus->heap));
    if (!bus->heap)
        return OST_NO_MEMORY;
    if (bus->epoll_fd < 0 || bus->wake_fd < 0 ||
        epoll_ctl(bus->epoll_fd, EPOLL_CTL_ADD, bus->wake_fd, &event) != 0) {
        log_error("door", "no descriptors for a door thread: %s", strerror(errno));
        return OST_IO;
    }
    return OST_OK;
}

/* The first look at each door is taken here, before the thread runs: who asks after the start gets an answer. */
enum ost_status bus_start(struct door_bus *bus)
{
    size_t count = bus->heap_count;
    int error;

    for (size_t i = 0; i < count; i++)
        door_step(bus->heap[i], false);
    for (bus->heap_count = 0; bus->heap_count < count;) {
        put(bus, bus->heap_count, bus->heap[bus->heap_count]);
        bus->heap_count++;
        reorder(bus, bus->heap[bus->heap_count - 1]);
    }
    atomic_store(&bus->heartbeat_ms, clock_monotonic_ms(bus->actuator->parts.clock));
    error = pthread_create(&bus->thread, NULL, run, bus);
    if (error != 0) {
        log_error("door", "a door thread does not start: %s", strerror(error));
        return OST_NO_MEMORY;
    }
    bus->is_running = true;
    return OST_OK;
}

void bus_stop(struct door_bus *bus)
{
    if (!bus->is_running)
        return;
    pthread_mutex_lock(&bus->actuator->lock);
    bus->is_stopping = true;
    for (size_t i = 0; i < bus->actuator->door_count; i++) { /* not by the heap, which is the door thread's own */
        if (bus->actuator->doors[i].bus == bus)
            (void)bus_wake(bus, &bus->actuator->doors[i]);
    }
    pthread_mutex_unlock(&bus->actuator->lock);
    bus_kick(bus);
    pthread_join(bus->thread, NULL);
    bus->is_running = false;
}

void bus_finish(struct door_bus *bus)
{
    if (bus->epoll_fd >= 0)
        close(bus->epoll_fd);
    if (bus->wake_fd >= 0)
        close(bus->wake_fd);
    free(bus->heap);
}
