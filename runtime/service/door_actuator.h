/*
 * The door actuator: owns every door's driver, and the door thread that alone calls them.
 *
 * It fires committed door commands, each once and within its deadline, keeps each door's state in memory for everybody
 * to read, and writes what became of a command to the store afterwards, without ever waiting for it.
 * No door moves but by a submitted command: not at start, reload, reconnect or stop.
 */
#ifndef OSTLER_SERVICE_DOOR_ACTUATOR_H
#define OSTLER_SERVICE_DOOR_ACTUATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/base/queue.h"
#include "runtime/base/status.h"
#include "runtime/base/uuid.h"
#include "runtime/core/decision.h"
#include "runtime/core/door.h"
#include "runtime/core/garage.h"
#include "runtime/ports/door_driver.h"
#include "runtime/ports/store.h"
#include "runtime/service/fault_board.h"

struct door_actuator;

#define DOOR_FAULTS_MAX 4
#define DOOR_QUEUE_MAX 256 /* commands that wait at one door; more cannot fire before they expire */

/* A door as the HTTP contract shows it. */
struct door_snapshot {
    char garage_id[SLUG_BYTES];
    char door_id[SLUG_BYTES];
    enum door_kind kind;
    enum door_position position;
    bool assumed;                 /* the position is reckoned from time, no sensor saw it */
    enum door_health health;
    int64_t health_checked_at_ms; /* wall */
    int64_t maintenance_until_ms; /* wall; 0: none */
    char faults[DOOR_FAULTS_MAX][CODE_BYTES];
    unsigned fault_count;
    bool simulated;
};

struct door_actuator_parts {
    struct clock *clock;
    struct uuid_generator *ids;
    struct store *store;
    struct fault_board *faults;
    struct metrics *metrics;
    /* Of struct door_event: all that happens is told there. Where it is full, that is counted and not told. NULL: nobody hears. */
    struct queue *events;
    /* The driver table; ends with a NULL name. */
    const struct door_driver_type *drivers;
};

/*
 * Create a driver for each door of the site and start the door thread. Hardware that is not there makes its door
 * unreachable, never this call fail. The parts must outlive the actuator; the site's doors are copied.
 * OST_INVALID: a plan that its driver refuses (logged). OST_NO_MEMORY.
 */
enum ost_status door_actuator_create(const struct door_actuator_parts *parts, const struct site *site,
                                     struct door_actuator **out) OST_MUST_CHECK;
/* Ends the door thread, releases every relay and frees all. Commands that wait become expired. Accepts NULL. */
void door_actuator_destroy(struct door_actuator *actuator);

/*
 * Hand a committed door command to the door thread; returns at once, not when the door moved. Any thread.
 * The command is copied; it is dropped, and recorded as expired, once deadline_ms (monotonic) has passed.
 * OST_BUSY: the door's queue is full, and nothing was queued. OST_NOT_FOUND: no such door.
 */
enum ost_status door_actuator_submit(struct door_actuator *actuator, const struct door_command *command,
                                     int64_t deadline_ms) OST_MUST_CHECK;

/* The door now, from memory. OST_NOT_FOUND. Any thread, never blocks for long. */
enum ost_status door_actuator_snapshot(struct door_actuator *actuator, const char *garage_id, const char *door_id,
                                       struct door_snapshot *out) OST_MUST_CHECK;

/*
 * The command as the door thread knows it: every one that is queued or firing, and the last 1,024 final ones.
 * OST_NOT_FOUND: neither. Any thread.
 */
enum ost_status door_actuator_find(struct door_actuator *actuator, struct uuid command_id,
                                   struct door_command *out) OST_MUST_CHECK;

/* Wait until the command is final, or deadline_ms (monotonic) passes (OST_TIMEOUT; *out is then its state so far). */
enum ost_status door_actuator_await(struct door_actuator *actuator, struct uuid command_id, int64_t deadline_ms,
                                    struct door_command *out) OST_MUST_CHECK;

/* Change the fault of a simulated door. OST_NOT_FOUND; OST_CONFLICT: it is real hardware; OST_INVALID: no such fault. */
enum ost_status door_actuator_simulate(struct door_actuator *actuator, const char *garage_id, const char *door_id,
                                       const char *fault) OST_MUST_CHECK;

/* Lock remote commands out until a wall time (0: no more). What is queued there becomes refused. OST_NOT_FOUND. */
enum ost_status door_actuator_maintain(struct door_actuator *actuator, const char *garage_id, const char *door_id,
                                       int64_t until_ms) OST_MUST_CHECK;

/* Monotonic time at which the door thread last made a round: for the watchdog. */
int64_t door_actuator_heartbeat_ms(struct door_actuator *actuator);

#endif
