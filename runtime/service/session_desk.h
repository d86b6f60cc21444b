/*
 * The session desk: the use cases of a session - start, stop, open a door - with their checks in the contract's order.
 *
 * A refusal is a value (enum desk_verdict), a fault of ours too, as each has its own answer; the HTTP layer has one
 * table from verdicts to problems. All calls are for HTTP workers: they block on the store, with deadlines.
 */
#ifndef OSTLER_SERVICE_SESSION_DESK_H
#define OSTLER_SERVICE_SESSION_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/metrics.h"
#include "runtime/base/status.h"
#include "runtime/base/uuid.h"
#include "runtime/core/garage.h"
#include "runtime/ports/authenticator.h"
#include "runtime/ports/fleet_claim.h"
#include "runtime/ports/store.h"
#include "runtime/service/door_actuator.h"
#include "runtime/service/fault_board.h"
#include "runtime/service/policy_catalog.h"

struct session_desk;

struct session_desk_parts {
    struct clock *clock;
    struct uuid_generator *ids;
    struct store *store;
    struct door_actuator *doors;
    struct policy_catalog *policies;
    struct fleet_claim *claims; /* NULL: this device is the whole fleet */
    struct fault_board *faults;
    struct metrics *metrics;
    unsigned char plate_key[32]; /* of the keyed hash of plates in events */
    /* A file that keeps stops which the store could not take until the end; copied. NULL: none, they are only logged. */
    const char *spill_path;
};

/* Also posts the stops that the last run left in the spill file: so, before anybody calls. OST_NO_MEMORY. */
enum ost_status session_desk_create(const struct session_desk_parts *parts, struct session_desk **out) OST_MUST_CHECK;
/* After the store is destroyed or idle: late decisions of the store call back into the desk. Accepts NULL. */
void session_desk_destroy(struct session_desk *desk);

enum desk_verdict {
    DESK_DONE,              /* it happened, durably */
    DESK_REPEATED,          /* it had happened already: the same session or command, nothing new */
    DESK_REPLAYED,          /* the idempotency key's first answer: answer->replay */
    DESK_ENDING,            /* stop: let out, kept in memory until there is room (202) */
    /* refusals, in the contract's words */
    DESK_GARAGE_NOT_FOUND, DESK_DOOR_NOT_FOUND, DESK_SESSION_NOT_FOUND, DESK_DOOR_INDICATION_REQUIRED,
    DESK_DOOR_NOT_ENTRY, DESK_DOOR_NOT_EXIT, DESK_SESSION_ALREADY_ACTIVE, DESK_PLATE_ALREADY_ACTIVE,
    DESK_GARAGE_FULL, DESK_GARAGE_CLOSED, DESK_GARAGE_SUSPENDED, DESK_DOOR_IN_MAINTENANCE, DESK_DENIED_BY_POLICY,
    DESK_SESSION_NOT_ACTIVE, DESK_DOOR_NOT_ALLOWED, DESK_TOO_MANY_OPENINGS,
    DESK_KEY_REUSED, DESK_KEY_IN_PROGRESS,
    /* faults of ours, each with Retry-After */
    DESK_DOOR_UNREACHABLE, DESK_POLICY_UNAVAILABLE, DESK_STORAGE_UNAVAILABLE, DESK_OVERLOADED, DESK_FLEET_UNAVAILABLE,
};

/* What every call brings along. Texts are borrowed for the call. */
struct desk_call {
    const struct site *site;       /* borrowed for the whole request */
    const struct caller *caller;
    const char *traceparent;       /* "" where the request had none */
    const char *idempotency_key;   /* "" where the request had none */
    unsigned char digest[REQUEST_DIGEST_BYTES]; /* of method, path and body; where there is a key */
    int64_t wait_ms;               /* Prefer: wait, 0..10,000; 0: do not wait for the door */
};

struct desk_answer {
    enum desk_verdict verdict;
    struct session session;        /* DONE, REPEATED, ENDING of start and stop */
    struct door_command command;   /* of an opening; of start and stop: the implied one, where its id is not nil */
    struct decision decision;      /* DENIED_BY_POLICY, POLICY_UNAVAILABLE: says who and why */
    struct stored_answer replay;   /* REPLAYED */
    char detail[REASON_BYTES];     /* for people, where a fault has more to say */
};

/*
 * Renders the body of a 2xx answer: the same bytes are stored with the idempotency key and sent. Called on the
 * worker's thread, before the commit and, with Prefer: wait, once more after it. Returns the HTTP status.
 */
typedef unsigned desk_render_fn(const struct desk_answer *answer, struct json_writer *body, char location[128]);

struct start_request {
    char garage_id[SLUG_BYTES];
    char user_id[USER_ID_BYTES];
    char plate[PLATE_BYTES];       /* normalised */
    char door_id[SLUG_BYTES];      /* empty: not said */
};
/* *out is heap-sized: keep it off small stacks. The implied door command is already on its way on return. */
void session_desk_start(struct session_desk *desk, const struct desk_call *call, const struct start_request *request,
                        desk_render_fn *render, struct desk_answer *out);

struct stop_request {
    struct uuid session_id;
    char door_id[SLUG_BYTES];      /* empty: not said */
    bool open_door;
    bool by_staff;                 /* any partner's session; reason is audited */
    char reason[REASON_BYTES];
};
void session_desk_stop(struct session_desk *desk, const struct desk_call *call, const struct stop_request *request,
                       desk_render_fn *render, struct desk_answer *out);

struct open_request {
    struct uuid session_id;
    char door_id[SLUG_BYTES];
};
void session_desk_open(struct session_desk *desk, const struct desk_call *call, const struct open_request *request,
                       desk_render_fn *render, struct desk_answer *out);

struct manual_open_request {
    char garage_id[SLUG_BYTES];
    char door_id[SLUG_BYTES];
    char reason[REASON_BYTES];
};
/* Staff opens a door: no session, no policy; maintenance and reachability still count. */
void session_desk_open_manually(struct session_desk *desk, const struct desk_call *call,
                                const struct manual_open_request *request, desk_render_fn *render,
                                struct desk_answer *out);

/*
 * The session as it is now: the store's, corrected by what is on its way (a stop that waits for room, commands that the
 * door thread has). partner_id NULL: staff. OST_NOT_FOUND, or a fault.
 */
enum ost_status session_desk_find(struct session_desk *desk, const char *partner_id, struct uuid id,
                                  struct session *out) OST_MUST_CHECK;
/* Correct a session that was read from the store in the same way. */
void session_desk_overlay(struct session_desk *desk, struct session *session);

/*
 * A visit with none but its garage and its time filled in, from memory: for what is asked of policies beside sessions. Season
 * holders are those of the last session_desk_refresh().
 */
void session_desk_fill_garage(struct session_desk *desk, const struct garage *garage, struct policy_visit *visit);
/*
 * Keep a decision that is no session's (of a schedule, or a door event) with what it was made from; each of its notes becomes an
 * event. It gets its id and time here. What the store has no room for is counted.
 */
void session_desk_record(struct session_desk *desk, const struct garage *garage, const struct policy_visit *visit,
                         struct decision *decision);
/* Housekeeping, every few seconds: what the above needs of the store. */
void session_desk_refresh(struct session_desk *desk, const struct site *site);
/* The spots that may be told to be free: what is free, or less where policies offer less. From memory; never negative. */
int64_t session_desk_offer(struct session_desk *desk, const struct garage *garage, const struct garage_counts *counts);

/* Occupancy as answered: the store's counters less the stops that wait for room. OST_NOT_FOUND: no such garage. */
enum ost_status session_desk_counts(struct session_desk *desk, const struct garage *garage,
                                    struct garage_counts *out) OST_MUST_CHECK;

/*
 * Price ended sessions whose price is pending. Housekeeping thread.
 * A session is priced only while each policy that listened to its stop is in force and works, in that revision or a later
 * one: an absent policy is no free parking. The others wait, with a fault `price_pending` of each policy that they wait for.
 * Returns how many were priced.
 */
size_t session_desk_price_pending(struct session_desk *desk, const struct site *site);

#endif
