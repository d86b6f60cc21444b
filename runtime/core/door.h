/*
 * Doors and door commands: plain values. How a pulse runs is in core/pulse.h; who fires it, service/door_actuator.h.
 */
#ifndef OSTLER_CORE_DOOR_H
#define OSTLER_CORE_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/json.h"
#include "runtime/base/status.h"
#include "runtime/base/uuid.h"
#include "runtime/core/limits.h"

#define DOORS_PER_GARAGE_MAX 256

enum door_kind { DOOR_ENTRY, DOOR_EXIT, DOOR_PEDESTRIAN };

enum door_position { DOOR_POSITION_UNKNOWN, DOOR_CLOSED, DOOR_OPENING, DOOR_OPEN, DOOR_CLOSING };

enum door_health { DOOR_OK, DOOR_UNREACHABLE, DOOR_FAULTED, DOOR_IN_MAINTENANCE, DOOR_NOT_COMMISSIONED };

/* Why a door opened; the values of the event contract. */
enum door_cause {
    CAUSE_SESSION, CAUSE_MANUAL, CAUSE_TEST, CAUSE_SCHEDULE, CAUSE_FIRE, CAUSE_REQUEST_TO_EXIT, CAUSE_UNEXPLAINED
};

/* queued -> firing -> exactly one of the others; see the HTTP contract, section 4. */
enum command_status {
    COMMAND_QUEUED, COMMAND_FIRING,
    COMMAND_OPENED, COMMAND_FIRED, COMMAND_NOT_MOVED, COMMAND_EXPIRED, COMMAND_REFUSED, COMMAND_FAILED
};

/* An order to open one door once. Committed before it is fired; only the process that committed it fires it. */
struct door_command {
    struct uuid id;
    char garage_id[SLUG_BYTES];
    char door_id[SLUG_BYTES];
    enum door_cause cause;
    struct uuid cause_id;          /* the session, or nil where the cause has no id */
    char partner_id[SLUG_BYTES];   /* whose session; "staff" for a manual opening */
    char actor[ACTOR_BYTES];       /* who asked, for the ledger */
    char note[REASON_BYTES];       /* staff's reason; else empty */
    bool degraded;                 /* opened although something of ours was broken */
    bool is_explicit;              /* asked for by itself, not implied by a start or stop: counts against the session's */
    int64_t requested_at_ms;       /* wall */
    int64_t expires_at_ms;         /* wall, for people; the actuator keeps a monotonic deadline of its own */
    enum command_status status;
    char reason[CODE_BYTES];       /* why it is not a success, a code such as door_unreachable; else empty */
    int64_t finished_at_ms;        /* wall; 0 until final */
    int64_t relay_fired_at_ms;     /* wall; 0 where it was not */
    int64_t seen_open_at_ms;       /* wall; 0 where no sensor saw it */
    char traceparent[TRACEPARENT_BYTES];
};

bool command_status_is_final(enum command_status status);
/* Did the relay move, or may it have: does this belong in the ledger of openings? */
bool command_counts_as_opening(const struct door_command *command);

/* The command as the HTTP contract shows it: section 4's whole object. */
void door_command_write(struct json_writer *writer, const struct door_command *command);

/* The texts of the contracts: static strings; parse gives OST_INVALID for anything else. */
const char *door_kind_text(enum door_kind kind);
const char *door_position_text(enum door_position position);
const char *door_health_text(enum door_health health);
const char *door_cause_text(enum door_cause cause);
const char *command_status_text(enum command_status status);
enum ost_status door_kind_parse(const char *text, enum door_kind *out) OST_MUST_CHECK;
enum ost_status door_cause_parse(const char *text, enum door_cause *out) OST_MUST_CHECK;
enum ost_status command_status_parse(const char *text, enum command_status *out) OST_MUST_CHECK;

#endif
