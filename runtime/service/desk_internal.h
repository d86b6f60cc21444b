/*
 * What the files of the session desk share. Private to session_desk.c and desk_*.c.
 */
#ifndef OSTLER_SERVICE_DESK_INTERNAL_H
#define OSTLER_SERVICE_DESK_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/service/session_desk.h"

#define START_DEADLINE_MS 5000 /* a start waits this long for its commit */
#define STOP_DEADLINE_MS 1500  /* then the car is let out, and the stop is kept in memory */
#define POLICY_WAIT_MS 250     /* for a free policy instance */
#define ANSWERS_KEPT_MS (24 * 3600 * INT64_C(1000)) /* HTTP contract: a key is known for 24 h */

/*
 * A stop that is under way (a second one of the same session waits for it), and then, where the store could not
 * take it, one that waits for room: the car is out, the change is with the store or, if that is full, still here.
 */
struct departure {
    struct departure *next;
    struct uuid session_id;
    enum { DEPARTURE_STOPPING, DEPARTURE_ENDING } phase;
    bool decided;                     /* the store decided while the worker was giving up */
    enum ost_status decided_status;
    struct session session;           /* ENDING: as answered */
    struct store_change *unposted;    /* ENDING: the change that the store had no place for */
    struct session_desk *desk;
};

/* An opening that was fired before it could be recorded; counted, and its key known, until it is. */
struct unrecorded_opening {
    struct unrecorded_opening *next;
    struct session_desk *desk;
    struct uuid session_id;
    char door_id[SLUG_BYTES];
    struct store_change *unposted;
    struct stored_answer answer;      /* its key is empty until it was fired, and where the request has none */
};

/* An idempotency key whose request is running. */
struct running_key {
    struct running_key *next;
    char partner_id[SLUG_BYTES];
    char key[IDEMPOTENCY_KEY_BYTES];
};

/* The policies that pending prices wait for; "" where it is not known which. */
struct desk_awaited {
    char names[POLICIES_MAX][SLUG_BYTES];
    unsigned count;
};

struct session_desk {
    struct session_desk_parts parts;
    pthread_mutex_t lock; /* a leaf: nothing is called through a port while it is held */
    pthread_cond_t departures_changed;
    struct departure *departures;
    _Atomic unsigned ending_count; /* of them, those that wait for room */
    struct unrecorded_opening *unrecorded;
    struct running_key *running_keys;
    struct desk_awaited awaited; /* housekeeping's own */
    char spill_path[4096];       /* empty: none */
    bool spill_is_used;          /* it has lines; housekeeping's own, between create and destroy */
    _Atomic unsigned decisions_waiting; /* refused ones that the store has and did not decide */
    _Atomic int64_t season_holders; /* see session_desk_refresh() */
    struct metric *decisions_dropped;
    struct metric *starts;
    struct metric *stops;
    struct metric *degraded;
    struct metric *ending_now;
};

/* ---- idempotency: desk_keys.c ---- */

/* A key from its first look to the answer. */
struct desk_key {
    const struct desk_call *call;
    desk_render_fn *render;
    struct running_key running;
    bool is_running;
};

/*
 * Begin a call: true, and the caller goes on and ends with desk_key_end(). False: *out is the answer (replay, reused, in
 * progress, or the store could not say; with `despite_faults` that last one lets the caller go on).
 */
bool desk_key_begin(struct session_desk *desk, struct desk_key *key, const struct desk_call *call,
                    desk_render_fn *render, bool despite_faults, struct desk_answer *out);
void desk_key_end(struct session_desk *desk, struct desk_key *key);
/* Render the answer into a change's stored_answer, where the call has a key. */
void desk_key_render(struct session_desk *desk, const struct desk_key *key, const struct desk_answer *answer,
                     struct stored_answer *stored);
/* Store the answer alone: for a 2xx that changes nothing. What cannot be stored is judged anew next time. */
bool desk_key_store(struct session_desk *desk, const struct desk_key *key, const struct desk_answer *answer);
/* The store's own verdicts on a key, as an answer. True: *out is decided. */
bool desk_key_verdict(const struct store_change *change, struct desk_answer *out);

/* ---- shared steps: session_desk.c ---- */

/* A fault of the store as a verdict. */
enum desk_verdict desk_store_verdict(enum ost_status status);
/* Fill a command for a door of this site. */
void desk_make_command(struct session_desk *desk, const struct desk_call *call, const struct door_plan *door,
                       enum door_cause cause, int64_t now_ms, struct door_command *command);
/* Hand a committed command to the door thread. What it has no place for is recorded as refused. */
void desk_fire(struct session_desk *desk, struct door_command *command, int64_t deadline_ms);
/*
 * Wait for the answer's command where the caller prefers to, and store the answer with what became of it, so that its
 * replay tells the same. Where that cannot be stored the answer stays as it was. door: the session's view of it, or NULL.
 */
void desk_await_and_store(struct session_desk *desk, struct desk_key *key, struct session_door *door,
                          struct desk_answer *answer);
/* The moment after which a command is dropped. */
int64_t desk_command_deadline(struct session_desk *desk, const struct door_plan *door);
/* Post a command's final state, which no door thread will report. */
void desk_record_outcome(struct session_desk *desk, const struct door_command *command);
/* Stamp an event that has its type and data. */
void desk_stamp_event(struct session_desk *desk, const struct desk_call *call, struct event *event, int64_t now_ms);
/* Copy a command's state into the session's view of its door. */
void desk_show_command(struct session_door *door, const struct door_command *command);
void desk_plate_hash(struct session_desk *desk, const char *plate, char text[65]);
/* A staff action's audit line. */
void desk_audit(struct session_desk *desk, const struct desk_call *call, const char *action, const char *subject,
                const char *reason, struct audit_line *audit);
/* The departure of a session that waits for room, copied. Under no lock. */
bool desk_find_ending(struct session_desk *desk, struct uuid session_id, struct session *out);

/* ---- decisions: desk_decisions.c ---- */

/* Stamp a decision that was just made with what it carries of its request. */
void desk_stamp_decision(struct session_desk *desk, const struct desk_call *call, struct decision *decision,
                         int64_t now_ms);
/*
 * Record a decision that refused: nothing else of the request is stored, and its id was told to the caller. Never waited for;
 * it is dropped, and counted, where the store is full or has many of them to do. session: whom it refused.
 */
void desk_record_refusal(struct session_desk *desk, const struct session *session, const struct policy_visit *visit,
                         const struct decision *decision);

/* ---- what policies see: desk_visit.c ---- */

/* The visit of a start, stop or door request. A fault of the store is returned, with the rest filled in. */
enum ost_status desk_fill_visit(struct session_desk *desk, const struct garage *garage, const struct session *session,
                                int64_t now_ms, struct policy_visit *visit);

/* ---- what a pending price is reckoned from: desk_inputs.c ---- */

struct desk_inputs {
    struct policy_visit visit; /* its zone goes by the garage */
    bool is_incomplete;        /* what the policies would have seen could not be read: it is read when it is priced */
    /* The policies that listened to the stop; not known where their folder could not be read, or one had no proper name. */
    bool policies_are_known;
    struct policy_revision policies[POLICIES_MAX];
    unsigned policy_count;
};

/* Note the policies of a set that listen to a stop. */
void desk_inputs_note_policies(struct desk_inputs *inputs, struct policy_lease *lease);
/* As JSON; it always fits. */
void desk_inputs_write(const struct desk_inputs *inputs, char text[static PENDING_INPUTS_BYTES]);
/* OST_CORRUPT: not such a text. */
enum ost_status desk_inputs_read(const char *text, struct desk_inputs *out) OST_MUST_CHECK;
/*
 * Can the policies of this set price what those at the stop could not? Each of them is needed, whole, in its revision of then
 * or a later one. False: *awaited is the name of the first that is missing, "" where that is not known.
 */
bool desk_inputs_can_be_priced(const struct desk_inputs *inputs, struct policy_lease *lease, char awaited[SLUG_BYTES]);

/* ---- one stop of a session at a time: desk_departure.c ---- */

/*
 * Become the one stop of this session: DESK_DONE, and *out is the departure, to be ended or kept. DESK_ENDING: it was let out
 * already, and *ending is the session. DESK_OVERLOADED: another stop of it did not come to an end in time, or no memory.
 */
enum desk_verdict desk_departure_begin(struct session_desk *desk, struct uuid session_id, struct departure **out,
                                       struct session *ending);
void desk_departure_end(struct session_desk *desk, struct departure *departure); /* accepts NULL */
/* The store could take a departure's change after its worker had left, or not. A store_done_fn. */
void desk_departure_decided(void *context, struct store_change *change, enum ost_status status);
/* UNCERTAIN may turn out to be decided just now: then it is an answer after all. */
enum ost_status desk_departure_settle(struct session_desk *desk, struct departure *departure, enum ost_status status);
/*
 * The car is let out, the store does not have the stop: keep it until it has. False: it has it just now, and the departure is
 * still the caller's to end.
 */
bool desk_departure_keep(struct session_desk *desk, struct departure *departure, const struct session *session,
                         struct store_change *change, enum ost_status why);

/* One of the last run: listed as ending, with its change (retained) for desk_repost(). OST_CONFLICT: it is listed already. */
enum ost_status desk_departure_restore(struct session_desk *desk, const struct session *session,
                                       struct store_change *change) OST_MUST_CHECK;

/* ---- stops that outlive the process: desk_spill.c ---- */

void desk_spill_read(struct session_desk *desk);  /* at create: restore and post what the last run left */
void desk_spill_tidy(struct session_desk *desk);  /* housekeeping: empty the file once all of it is recorded */
void desk_spill_write(struct session_desk *desk); /* at destroy: keep what the store could not take */

/* ---- exits that open although something of ours is broken: desk_alarms.c ---- */

/*
 * A door was told to open: degraded says why that was not in order, for people, or is NULL. Each degraded opening is
 * counted, and raises the alarm `degraded_opening` of its door; the door's next opening that is in order clears it.
 */
void desk_note_opening(struct session_desk *desk, const struct door_plan *door, const struct door_command *command,
                       const char *degraded);

/* ---- openings before they are recorded: desk_unrecorded.c ---- */

/* List one before its commit, so that a late decision of the store always finds it. NULL without memory. */
struct unrecorded_opening *desk_unrecorded_list(struct session_desk *desk, struct uuid session_id, const char *door_id);
/* The store decided: it is recorded, and the entry is freed, or has to be tried again. A store_done_fn. */
void desk_unrecorded_decided(void *context, struct store_change *change, enum ost_status status);
/* It is fired and not recorded: keep its answer and, unless the writer has it, its change. */
void desk_unrecorded_keep(struct session_desk *desk, struct unrecorded_opening *opening, struct store_change *change,
                          bool with_writer, const struct stored_answer *answer);
unsigned desk_unrecorded_count(struct session_desk *desk, struct uuid session_id, const char *door_id);
/* The answer of one that has this key. */
bool desk_unrecorded_answer(struct session_desk *desk, const char *partner_id, const char *key,
                            struct stored_answer *out);

/* Give what the store had no place for to it again. Housekeeping. */
void desk_repost(struct session_desk *desk);

#endif
