/*
 * A policy decision as a plain value: what the policies of one trigger said about one visit, and why.
 */
#ifndef OSTLER_CORE_DECISION_H
#define OSTLER_CORE_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/uuid.h"
#include "runtime/core/garage.h"
#include "runtime/core/limits.h"
#include "runtime/core/money.h"
#include "runtime/core/session.h"

#define POLICIES_MAX 32
#define DECISION_REASONS_MAX 16
#define DECISION_NOTES_MAX 8
#define DECISION_ALARMS_MAX 4
#define DECISION_SHADOWS_MAX 4
#define LISTS_PER_VISIT_MAX 16

/* Stored as numbers: a new one goes before the count. */
enum policy_trigger {
    TRIGGER_SESSION_START,
    TRIGGER_SESSION_STOP,
    TRIGGER_DOOR_REQUEST,
    TRIGGER_AVAILABILITY,
    TRIGGER_DOOR_EVENT,
    TRIGGER_SCHEDULE,
    TRIGGER_HTTP,
    TRIGGER_COUNT
};

enum decision_outcome {
    DECISION_ALLOWED, /* by nobody's denial, or by an override */
    DECISION_DENIED,
    DECISION_BROKEN,  /* a policy could not answer; `reasons[0]` names it */
};

enum door_direction { DIRECTION_IN, DIRECTION_OUT };

/* What a policy is told of a door. */
enum door_happening { DOOR_HAS_OPENED, DOOR_HAS_CLOSED, DOOR_HAS_FAULT, DOOR_HAS_RECOVERED };

/* One thing that happened at a door: what the door threads tell, and policies hear. */
struct door_event {
    char garage_id[SLUG_BYTES];
    char door_id[SLUG_BYTES];
    enum door_happening happened;
    char fault[CODE_BYTES];  /* of HAS_FAULT and HAS_RECOVERED */
    bool has_cause;          /* of HAS_OPENED: somebody asked for it, or it is known that nobody did */
    enum door_cause cause;
    int64_t at_ms;           /* wall */
};
#define DOOR_EVENTS_MAX 256  /* that wait to be heard */

/* A call of a policy's own route. Borrowed for the call. */
struct policy_request {
    const char *method;             /* "GET" or "POST" */
    const struct json_value *query; /* an object of texts; NULL: there is none */
    const struct json_value *body;  /* NULL: there is none */
};

/*
 * What a policy may see: the visit of the policy contract, and for a door request the door. Everything comes in by value, so
 * that a recorded input gives the same answer for ever.
 */
struct policy_visit {
    const struct zone *zone; /* of the garage; borrowed for the call */
    int64_t now_ms;          /* wall */
    char plate[PLATE_BYTES];
    char country[4];         /* empty: unknown */
    enum visit_kind kind;
    char user_id[USER_ID_BYTES];
    char partner_id[SLUG_BYTES];
    char entrance[SLUG_BYTES];
    struct {
        char id[SLUG_BYTES];
        char name[128];
        char currency[CURRENCY_BYTES];
        char state[16];
        int64_t free;
        int64_t capacity;
        int64_t season_holders;
        int64_t season_inside;
    } garage;
    bool inside;             /* this plate has an active session here */
    int64_t last_exit_ms;    /* when the exit door last opened for it; 0: never */
    int64_t visits_today;    /* sessions that this plate started here since local midnight */
    char lists[LISTS_PER_VISIT_MAX][SLUG_BYTES]; /* names of the lists that it is on */
    unsigned list_count;
    /* session_stop: started, stayed; door_request: the rest */
    int64_t started_ms;      /* 0: not yet */
    int64_t stayed_ms;
    char session_id[UUID_TEXT_BYTES]; /* door_request; else empty */
    /* door_request */
    char door_id[SLUG_BYTES];
    enum door_kind door_kind;
    enum door_direction direction;
    unsigned openings;       /* explicit and implied ones of this door so far */
    /* door_event: door_id, door_kind, direction, and */
    enum door_happening happened;
    char fault[CODE_BYTES];  /* of DOOR_HAS_FAULT and DOOR_HAS_RECOVERED */
    char cause[24];          /* of DOOR_HAS_OPENED: as in the event contract */
    const struct policy_request *request; /* http */
    uint64_t seed;           /* for the policy's random() */
};

/* Where a rule spoke. */
struct decision_reason {
    enum { REASON_DENY, REASON_ALLOW, REASON_ALLOW_ALWAYS, REASON_BROKEN } verb; /* ALLOW_ALWAYS ends the asking as allowed */
    char policy[SLUG_BYTES];
    int revision;
    int line;                   /* 1-based line of the source; 0: unknown */
    char code[CODE_BYTES];      /* deny: its code; broken: cpu_limit, memory_limit, error, not_loaded */
    char text[REASON_BYTES];
};

/* Why a policy could not answer. */
enum policy_breach { BREACH_NONE, BREACH_ERROR, BREACH_CPU, BREACH_MEMORY, BREACH_NOT_LOADED, BREACH_COUNT };

/* A policy that was asked, and what that took. */
struct policy_revision {
    char name[SLUG_BYTES];
    int revision;
    enum policy_breach breach;
    int64_t cpu_ns;
    size_t memory_bytes; /* the most that its state had */
};

/* raise(): something about a door that staff should look at. */
struct decision_alarm {
    unsigned author;     /* the place in `revisions`, from 1 */
    char code[CODE_BYTES];
    char text[REASON_BYTES];
};

/* What would have been decided with a policy that runs in shadow: in the place of its live revision, or beside the others. */
struct shadow_verdict {
    char name[SLUG_BYTES];
    int revision;
    bool differs;        /* in outcome, code, leave-by, price or offer */
    enum policy_breach breach;
    enum decision_outcome outcome;
    char code[CODE_BYTES]; /* of the refusal that would have been shown */
    int line;
    int64_t leave_by_ms;
    int64_t price;       /* the total, in the minor unit */
    int64_t offer;       /* -1: none */
    int64_t cpu_ns;
};

struct decision {
    struct uuid id;
    enum policy_trigger trigger;
    enum decision_outcome outcome;
    int64_t decided_at_ms;
    struct decision_reason reasons[DECISION_REASONS_MAX]; /* the first is the one that is shown */
    unsigned reason_count;
    struct policy_revision revisions[POLICIES_MAX];       /* of every policy that was asked */
    unsigned revision_count;
    int64_t leave_by_ms;        /* wall; the earliest asked for; 0: none */
    struct price price;         /* session_stop */
    bool has_offer;             /* availability */
    int64_t offer;              /* the smallest */
    bool has_state;             /* schedule: set_garage_state(), the last one said */
    enum garage_state state;
    char state_reason[REASON_BYTES];
    unsigned state_author;      /* the place in `revisions`, from 1 */
    struct decision_alarm alarms[DECISION_ALARMS_MAX]; /* door_event: raise() */
    unsigned alarm_count;
    struct shadow_verdict shadows[DECISION_SHADOWS_MAX];
    unsigned shadow_count;
    unsigned shadows_skipped;   /* shadows that were not asked: no time for them */
    char notes[DECISION_NOTES_MAX][REASON_BYTES];         /* notify() */
    unsigned note_authors[DECISION_NOTES_MAX];            /* of each note: the place in `revisions`, from 1; 0: not said */
    unsigned note_count;
    int64_t cpu_ns;
    /* Of the request, set by who asked; each note becomes an event with its id. */
    char traceparent[TRACEPARENT_BYTES];
    enum clock_trust trust;
    struct uuid note_ids[DECISION_NOTES_MAX];
};

/* Did any policy break, so that its say is missing? */
bool decision_has_broken(const struct decision *decision);

/* Who said a note; NULL where nobody can tell. */
const struct policy_revision *decision_note_author(const struct decision *decision, unsigned note);

const char *policy_trigger_text(enum policy_trigger trigger);
enum ost_status policy_trigger_parse(const char *text, enum policy_trigger *out) OST_MUST_CHECK;
const char *door_happening_text(enum door_happening happening); /* "opened", "closed", "fault", "recovered" */
const char *policy_breach_text(enum policy_breach breach); /* "none", "error", "cpu_limit", "memory_limit", "not_loaded" */
const char *decision_outcome_text(enum decision_outcome outcome); /* "allowed", "denied", "broken" */
enum ost_status decision_outcome_parse(const char *text, enum decision_outcome *out) OST_MUST_CHECK;
/* {"opening-hours": 3, ...} */
void decision_write_revisions(struct json_writer *writer, const struct decision *decision);
/* [{"verb","policy","revision","line","code","text"}, ...] */
void decision_write_reasons(struct json_writer *writer, const struct decision *decision);

/*
 * The longest text of policy_visit_write(). Names, brackets, booleans and the words of enums are less than 768 bytes, 12
 * integers have 20 digits at most. Slugs, plates and ids need no escapes; each of a user's 128 printable characters takes
 * one byte more at most; a garage's name may be all escapes.
 */
#define POLICY_VISIT_JSON_BYTES                                                                                           \
    (768 + 12 * 20 + PLATE_BYTES + USER_ID_BYTES + 128 + 127 * 6 + (6 + LISTS_PER_VISIT_MAX) * (SLUG_BYTES + 2))

/* The recorded inputs of a decision as JSON, enough to run it again; the zone goes by the garage. */
void policy_visit_write(struct json_writer *writer, const struct policy_visit *visit);
/* OST_CORRUPT: not such a document. zone is left NULL for the caller to set. */
enum ost_status policy_visit_read(const struct json_value *value, struct policy_visit *out) OST_MUST_CHECK;

#endif
