/*
 * A parking session: one vehicle's stay, from start to stop, and the grace in which it may still leave.
 *
 * A plain value and the rules that move it. No clock, no storage, no locks: callers pass the time in.
 */
#ifndef OSTLER_CORE_SESSION_H
#define OSTLER_CORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/uuid.h"
#include "runtime/core/door.h"
#include "runtime/core/limits.h"
#include "runtime/core/money.h"

enum session_status {
    SESSION_ACTIVE,
    SESSION_ENDING, /* stopped and let out, but not yet on disk: shown only while the disk is full or stalled */
    SESSION_ENDED,
};

/* How sure it is that the user parks nowhere else in the fleet; the event contract's values. */
enum session_claim { CLAIM_CONFIRMED, CLAIM_LEASE, CLAIM_UNCONFIRMED };

enum session_end { END_NONE, END_STOPPED, END_BY_STAFF };

/* From the lists; the policy contract's values. */
enum visit_kind { VISIT_VISITOR, VISIT_SEASON, VISIT_BOOKING, VISIT_STAFF };

/* A door of the session and its implied opening. */
struct session_door {
    char door_id[SLUG_BYTES]; /* empty: none */
    struct uuid command_id;   /* nil: no command was made */
    enum command_status command_status;
    char command_reason[CODE_BYTES];
};

struct session {
    struct uuid id;
    char garage_id[SLUG_BYTES];
    char partner_id[SLUG_BYTES];
    char user_id[USER_ID_BYTES];
    char plate[PLATE_BYTES];
    enum visit_kind kind;
    enum session_status status;
    enum session_claim claim;
    int64_t started_at_ms; /* Unix time */
    int64_t ended_at_ms;   /* Unix time; 0 until ENDED (or ENDING) */
    int64_t leave_by_ms;   /* Unix time; 0: no policy asked */
    enum session_end end;
    struct session_door entry;
    struct session_door exit;
    struct uuid decision_id;      /* of the start */
    struct uuid stop_decision_id; /* nil until stopped */
    struct price price;
    bool price_pending;
};

/* Durations and counts of the HTTP contract's section 3, configurable for each garage. */
struct session_rules {
    int64_t entry_reopen_ms;        /* the entry door opens again this long after the start: 15 min */
    int64_t exit_grace_ms;          /* the exit door opens again this long after the stop: 15 min */
    unsigned openings_max;          /* a session and door in all, the implied one included: 3 */
    unsigned pedestrian_max;        /* pedestrian doors: 3 openings ... */
    int64_t pedestrian_window_ms;   /* ... in 10 min */
};
extern const struct session_rules session_rules_default;

/* What a session's explicit opening of a door comes to. */
enum opening_verdict { OPENING_ALLOWED, OPENING_SESSION_NOT_ACTIVE, OPENING_DOOR_NOT_ALLOWED, OPENING_TOO_MANY };

/*
 * May this session open a door of this kind at now_ms? openings counts the openings of that session and door so far
 * (of a pedestrian door: those in the window that ends now). Cannot fail.
 */
enum opening_verdict session_may_open(const struct session *session, const struct session_rules *rules,
                                      enum door_kind kind, unsigned openings, int64_t now_ms);

/* Milliseconds parked until at_ms, never negative even where the clock went back. */
int64_t session_stayed_ms(const struct session *session, int64_t at_ms);

/* The session as the HTTP contract's section 3 shows it. Staff also see the partner. */
void session_write(struct json_writer *writer, const struct session *session, bool with_partner);

const char *session_status_text(enum session_status status);
const char *session_claim_text(enum session_claim claim);
const char *session_end_text(enum session_end end); /* "none", "stopped", "staff" */
const char *visit_kind_text(enum visit_kind kind);
enum ost_status visit_kind_parse(const char *text, enum visit_kind *out) OST_MUST_CHECK;

#endif
