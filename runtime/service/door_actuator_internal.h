/*
 * What the files of the door actuator share. Private to door_actuator*.c.
 *
 *   door_actuator.c           the calls that other threads make
 *   door_actuator_bus.c       the door thread: waits for work, timers and sensors
 *   door_actuator_step.c      one door: health, pulse, sensor, the next command
 *   door_actuator_report.c    outcomes to the store, faults to the board
 *   door_actuator_commands.c  commands by id, as long as somebody may ask for them
 *
 * All doors of one driver type share a bus, that is one door thread, so a slow type cannot delay another's pulses.
 * There is one lock. It guards what other threads see, and no driver, store or board is called while it is held.
 */
#ifndef OSTLER_SERVICE_DOOR_ACTUATOR_INTERNAL_H
#define OSTLER_SERVICE_DOOR_ACTUATOR_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/core/pulse.h"
#include "runtime/core/travel.h"
#include "runtime/service/door_actuator.h"

#define NS_PER_MS        INT64_C(1000000)
#define BUSES_MAX        8
#define RECENT_MAX       1024 /* final commands that door_actuator_find() still knows */
#define COMMAND_BUCKETS  4096
#define DOOR_BUCKETS     512
#define AWAITING_MAX     256  /* fired commands of a door whose outcome the sensor still owes */
#define UNPOSTED_MAX     4096 /* outcomes that the store had no place for */
#define LATE_CHANGES_MAX 64   /* the same for openings nobody asked for, and events of faults */

/* A command from submission until its outcome is with the store and 1,024 later ones are final. Under the lock. */
struct command_node {
    struct door_command command;
    int64_t submitted_ns;
    int64_t deadline_ns; /* monotonic: not fired after that */
    int64_t seen_by_ns;  /* monotonic: the sensor must have seen the door open by then */
    struct command_node *next;      /* in the one list that it is in */
    struct command_node *hash_next;
    bool is_posted;
    bool is_recent;
};

struct command_list {
    struct command_node *head;
    struct command_node *tail;
    size_t count;
};

struct command_table {
    struct command_node *buckets[COMMAND_BUCKETS];
    struct command_node *recent[RECENT_MAX]; /* a ring */
    size_t finished;                         /* how many there ever were */
};

enum door_fault { FAULT_UNREACHABLE, FAULT_CHIP_MISSING, FAULT_LINE_BUSY, FAULT_RELAY_STUCK, FAULT_NOT_MOVED,
                  FAULT_MOVED_UNASKED, DOOR_FAULT_COUNT };

/* Somebody waits for a simulated door to take on a fault. */
struct simulation_request {
    const char *fault;
    enum ost_status status;
    bool is_done;
};

struct door {
    struct door_actuator *actuator;
    struct door_bus *bus;
    struct door_plan plan;
    struct door_driver *driver;
    char subject[FAULT_SUBJECT_BYTES]; /* "door/<garage>/<door>" */
    struct door *hash_next;

    /* the door thread's own */
    struct pulse pulse;
    struct travel travel;
    bool is_held;        /* the hardware is there, and ours */
    bool relay_is_stuck; /* it did not release */
    int64_t health_at_ns; /* next probe or acquire */
    int64_t read_at_ns;   /* next look at the sensor */
    int64_t checked_at_ms; /* wall time of the last probe */
    enum door_position told;       /* the last known position: policies were told of it */
    bool is_told_open;             /* that it opened, and not yet that it closed */
    bool has_cause;                /* of the opening that is to come, or came */
    enum door_cause cause;
    struct command_node *firing;   /* the relay is energised for it */
    struct command_list awaiting;  /* fired, not yet seen open */
    int watched_fd;                /* the sensor's descriptor in the bus's epoll; -1: none */
    int64_t raised_at_ms[DOOR_FAULT_COUNT]; /* wall; 0: not raised */
    int64_t next_ns;               /* when it wants its next step */
    size_t heap_index;

    /* under the lock */
    struct command_list queued;
    int64_t maintenance_until_ms;
    struct simulation_request *simulation;
    struct door_snapshot view;
    bool is_woken;
    struct door *next_woken;
};

struct door_bus {
    struct door_actuator *actuator;
    const struct door_driver_type *type;
    pthread_t thread;
    bool is_running;
    int epoll_fd;
    int wake_fd;
    struct door **heap; /* all its doors, the one that is next at the top */
    size_t heap_count;
    _Atomic int64_t heartbeat_ms;
    struct door *woken; /* under the lock */
    bool is_stopping;   /* under the lock */
};

struct door_actuator {
    struct door_actuator_parts parts;
    struct door *doors;
    size_t door_count;
    struct door *door_buckets[DOOR_BUCKETS];
    struct door_bus buses[BUSES_MAX];
    size_t bus_count;
    struct metric *outcomes[COMMAND_FAILED + 1]; /* by final status */
    struct metric *fire_delay;
    struct metric *unreachable_now;
    struct metric *events_dropped;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* a command became final, or a simulation request was done */
    struct command_table commands;
    struct command_list unposted;
    struct store_change *late[LATE_CHANGES_MAX];
    size_t late_count;
};

/* ---- door_actuator_commands.c; all under the lock ---- */

void command_list_append(struct command_list *list, struct command_node *node);
void command_list_prepend(struct command_list *list, struct command_node *node);
struct command_node *command_list_take(struct command_list *list); /* NULL: empty */
void commands_add(struct command_table *table, struct command_node *node);
struct command_node *commands_find(struct command_table *table, struct uuid id); /* NULL: not known */
void commands_final(struct command_table *table, struct command_node *node);  /* keeps it among the recent ones */
void commands_posted(struct command_table *table, struct command_node *node); /* frees it where it is not among them */
void commands_free_all(struct command_table *table);

/* ---- door_actuator_report.c; door threads, not under the lock ---- */

/* Give a command its final state and queue its outcome for the store. */
void door_finish(struct door *door, struct command_node *node, enum command_status status, const char *reason);
/* Tell policies what happened; fault: its code, or "". */
void door_tell(struct door *door, enum door_happening happened, const char *fault);
/* Tell them where the door is, if that is new. */
void door_tell_position(struct door *door);
/* A sensor saw an opening that nobody asked for. */
void door_report_unasked(struct door *door);
void door_raise(struct door *door, enum door_fault fault, const char *detail);
void door_clear(struct door *door, enum door_fault fault);
/* Hand to the store what it has room for. True: nothing is left. */
bool actuator_flush(struct door_actuator *actuator);
/* The codes of the faults that are raised, for the snapshot. */
void door_list_faults(const struct door *door, struct door_snapshot *view);

/* ---- door_actuator_step.c; door threads, not under the lock ---- */

/* Do all that is due at one door, and set door->next_ns. */
void door_step(struct door *door, bool is_stopping);
/* Bring door->view up to date. Under the lock. */
void door_update_view(struct door *door);
/* Its sensor's descriptor is readable, or (is_broken) reports an error. */
void door_sensor_ready(struct door *door, bool is_broken);
/* The thread ends: what is under way becomes final. The relay is released already. */
void door_give_up(struct door *door);

/* ---- door_actuator_bus.c ---- */

enum ost_status bus_init(struct door_bus *bus, struct door_actuator *actuator, const struct door_driver_type *type);
enum ost_status bus_start(struct door_bus *bus) OST_MUST_CHECK;
/* Waits until pulses that run are over, then ends the thread. Harmless where it does not run. */
void bus_stop(struct door_bus *bus);
void bus_finish(struct door_bus *bus);
/* Have a door stepped soon. Under the lock; true: call bus_kick() after it. */
bool bus_wake(struct door_bus *bus, struct door *door);
void bus_kick(struct door_bus *bus);
/* Door thread: (un)watch the descriptor of a door's sensor. */
void bus_watch(struct door *door);
void bus_unwatch(struct door *door);

#endif
