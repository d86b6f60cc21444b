/*
 * Door drivers: one relay, and what sensors say about the door behind it.
 *
 * All calls come from one door thread, one at a time, and return within 20 ms: a driver that can block has its
 * own thread. A driver never moves anything by itself: not on open, not on recovery, not on destroy.
 */
#ifndef OSTLER_PORTS_DOOR_DRIVER_H
#define OSTLER_PORTS_DOOR_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/core/door.h"
#include "runtime/core/garage.h"

struct door_driver;

struct door_driver_ops {
    /*
     * Mandatory. Take hold of the hardware with the relay released, or take it again after it was lost; harmless when it
     * is held already. Called at start and every second while the door is unreachable.
     * OST_UNAVAILABLE: not there (why is in problem, for people). OST_BUSY: somebody else holds the line.
     */
    enum ost_status (*acquire)(struct door_driver *driver, char problem[static REASON_BYTES]);
    /* Mandatory. Repeating the current value is harmless. OST_UNAVAILABLE: the hardware is gone; acquire() it again. */
    enum ost_status (*set_relay)(struct door_driver *driver, bool energised);
    /* Mandatory. Is the hardware still there? Cheap; called every 500 ms. OST_UNAVAILABLE: no. */
    enum ost_status (*probe)(struct door_driver *driver);
    /* Optional: NULL means that this door has no position sensor. Reads the level, not the edges. now_ms: monotonic. */
    enum ost_status (*read_position)(struct door_driver *driver, int64_t now_ms, enum door_position *out);
    /* Optional: a descriptor that becomes readable when a sensor changes; -1 while there is none. May change at acquire(). */
    int (*event_descriptor)(struct door_driver *driver);
    /* Optional, with event_descriptor: read what is there without blocking. OST_UNAVAILABLE: the hardware is gone. */
    enum ost_status (*drain_events)(struct door_driver *driver);
    /* Optional: NULL means that this is real hardware. OST_INVALID: no such fault. */
    enum ost_status (*simulate)(struct door_driver *driver, const char *fault);
    /* Mandatory. Releases the relay first, then frees the driver. */
    void (*destroy)(struct door_driver *driver);
};

struct door_driver {
    const struct door_driver_ops *ops;
};

/*
 * A driver as the driver table lists it. create() checks the plan and touches no hardware.
 * OST_INVALID: the plan lacks something or is wrong; problem says what, for people.
 */
struct door_driver_type {
    const char *name;
    enum ost_status (*create)(const struct door_plan *plan, struct door_driver **out, char problem[static REASON_BYTES]);
};

#endif
