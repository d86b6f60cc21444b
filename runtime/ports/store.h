/*
 * The store: what the device remembers, across power cuts.
 *
 * Writes are changes. A change is one durable unit: the store applies it whole or not at all, decides uniqueness
 * and capacity by itself, and says the result in change->result. Many changes may share one commit.
 * Reads see the latest commit, never wait for a writer, and may run on any thread.
 *
 * Life of a change: store_change_create(), fill in, then either
 *   commit  - wait for it: on OST_OK `result` is decided and durable;
 *   post    - hand it over: it is retried until it is decided, then on_done is called.
 * A change has two owners while it is under way; each drops its own reference with store_change_release().
 */
#ifndef OSTLER_PORTS_STORE_H
#define OSTLER_PORTS_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/core/decision.h"
#include "runtime/core/event.h"
#include "runtime/core/garage.h"
#include "runtime/core/policy.h"
#include "runtime/core/scope.h"
#include "runtime/core/session.h"

struct store;

/* ---- changes ---- */

enum store_change_kind {
    STORE_START,          /* a session begins */
    STORE_STOP,           /* a session ends */
    STORE_OPEN,           /* an explicit or manual opening */
    STORE_OUTCOME,        /* a door command is final, or a sensor saw an opening: the ledger line */
    STORE_PRICE,          /* the postponed price of an ended session */
    STORE_DECISION,       /* a decision alone, where it refused */
    STORE_ANSWER,         /* an idempotent answer alone */
    STORE_EVENT,          /* an event alone */
    STORE_LIST_ENTRY,     /* put or remove an entry of a list */
    STORE_GARAGE_STATE,   /* staff sets state or occupancy */
    STORE_MAINTENANCE,    /* staff sets or lifts a door's maintenance lock */
    STORE_TOKEN,          /* create or revoke a device token */
    STORE_POLICY,         /* add a revision, move deployments, mark a revision: together */
    STORE_PRUNE,          /* delete what is too old */
};

enum store_result {
    STORE_DONE,               /* it is stored */
    /* answers; nothing was stored */
    STORE_SAME_SESSION,       /* START: partner, garage, user and plate already active: change->session is that one */
    STORE_USER_ACTIVE,        /* START: the user has another running session */
    STORE_PLATE_ACTIVE,       /* START: the plate has a running session in this garage */
    STORE_GARAGE_FULL,
    STORE_GARAGE_CLOSED,
    STORE_GARAGE_SUSPENDED,
    STORE_NO_SUCH,            /* STOP, PRICE: no such session (of this partner); TOKEN, LIST_ENTRY: nothing to remove;
                               * GARAGE_STATE: no such garage */
    STORE_ALREADY_ENDED,      /* STOP: change->session is the ended session */
    STORE_TOO_MANY_OPENINGS,  /* OPEN */
    STORE_KEY_REPLAY,         /* the idempotency key has an answer to the same request: see `answer` */
    STORE_KEY_REUSED,         /* the idempotency key belongs to another request; ANSWER too never replaces that one's */
};

#define ANSWER_BYTES 8192
#define IDEMPOTENCY_KEY_BYTES 256
#define REQUEST_DIGEST_BYTES 32

/* An idempotency key and the answer stored with it, in the same commit as the effect. */
struct stored_answer {
    char partner_id[SLUG_BYTES];
    char key[IDEMPOTENCY_KEY_BYTES]; /* empty: the request has none, and nothing is stored */
    unsigned char digest[REQUEST_DIGEST_BYTES]; /* of method, path and body */
    int64_t stored_at_ms;
    unsigned http_status;
    char location[128];
    size_t length;
    char body[ANSWER_BYTES];
};

/* What a postponed price is reckoned from, with its NUL: the service proves that the longest fits. */
#define PENDING_INPUTS_BYTES 8192

/* Who did what, for staff's actions. */
struct audit_line {
    struct uuid id;
    int64_t at_ms;
    char actor[ACTOR_BYTES];
    char action[64];              /* "door.open", "session.stop", "list.put", "garage.state", ... */
    char subject[160];            /* "door/nassaukade/entry-1" */
    char reason[REASON_BYTES];
};

/* An opening of a door with its one cause: a line of the ledger. */
struct door_opening {
    struct uuid id;
    struct door_command command;  /* the cause, actor and times; command.id is nil where a sensor saw it unasked */
};

struct list_entry {
    char list[SLUG_BYTES];
    char entry[USER_ID_BYTES];    /* a plate, a plate glob, or "user:" and a user id */
    int64_t valid_until_ms;       /* 0: for ever */
    char note[REASON_BYTES];
};

#define TOKEN_ID_BYTES 24
#define TOKEN_HASH_BYTES 32
struct device_token {
    char id[TOKEN_ID_BYTES];
    unsigned char hash[TOKEN_HASH_BYTES]; /* SHA-256 of the secret */
    char partner_id[SLUG_BYTES];
    scope_set scopes;
    int64_t created_at_ms;
    int64_t expires_at_ms;        /* 0: never */
    int64_t revoked_at_ms;        /* 0: not */
};

/* One immutable revision of a policy: all that decides what it says. */
struct policy_record {
    char name[SLUG_BYTES];
    int revision;                 /* from 1, without gaps */
    unsigned char sha256[32];     /* of all that follows up to `fail`: see policy_record_digest() of the catalog */
    char source[POLICY_SOURCE_MAX + 1];
    char spec[POLICY_SPEC_MAX + 1];
    char settings[POLICY_SETTINGS_BYTES]; /* a JSON object of the values that are not the source's own; "{}": none */
    bool has_order;               /* another order than the source asks for */
    int order;
    unsigned rights;              /* granted: bits 1 << enum policy_right */
    enum policy_fail fail;
    char author[ACTOR_BYTES];     /* as in struct audit_line; "folder": it came from the configuration's folder */
    char message[REASON_BYTES];
    int64_t created_at_ms;
    int64_t proven_at_ms;         /* a mark: it had its first 100 calls; 0: not yet */
    int64_t quarantined_at_ms;    /* a mark; 0: not */
};

/* Which revisions of a policy are in force. */
struct policy_deployment {
    char name[SLUG_BYTES];
    int live;                     /* runs and counts; 0: none (off, or only in shadow) */
    int shadow;                   /* runs beside it and changes nothing; 0: none */
    bool from_folder;             /* the configuration's folder put it there, and may change it again */
    int64_t activated_at_ms;      /* since when `live` is live */
};

/* A line of a policy's history. */
struct policy_activation {
    char name[SLUG_BYTES];
    int revision;                 /* 0: off */
    int previous;                 /* 0: none */
    enum policy_mode mode;
    enum policy_result result;
    char actor[ACTOR_BYTES];
    char message[REASON_BYTES];
    int64_t at_ms;
};

struct store_change;
/* Called once when a change is decided after its waiter left, or when it was posted. Writer thread: must be quick, must
 * not call the store except post(). status OST_OK: change->result counts. Does not own the change. */
typedef void store_done_fn(void *context, struct store_change *change, enum ost_status status);

struct store_change {
    enum store_change_kind kind;
    _Atomic unsigned references; /* managed by create and release */
    enum store_result result;    /* out, valid after OST_OK */
    store_done_fn *on_done;      /* may be NULL; set before commit or post */
    void *done_context;

    /*
     * The parts that this kind uses, made by create() in the same block; NULL for a kind that does not use them.
     * A part whose id is nil (answer: whose key is empty) is not stored.
     */
    struct session *session;       /* START: the new session; out on SAME_SESSION: the running one. STOP: id and partner_id
                                    * (empty: staff, any partner) in, with exit, ended_at_ms, end, stop_decision_id, price and
                                    * price_pending; on ALREADY_ENDED the whole ended session out, on DONE as it was handed
                                    * in: its maker knows the rest. OPEN: its id (nil: manual). PRICE: id, price. DECISION:
                                    * whom it refused, by garage, partner, user and plate; its id where one runs */
    struct decision *decision;     /* START, STOP, OPEN, DECISION; each of its notes becomes an event */
    struct policy_visit *visit;    /* with it: the inputs that it was made from, kept where somebody was asked (the decision
                                    * names revisions, and now_ms is not 0). Of its zone the name is kept */
    struct door_command *command;  /* START, STOP, OPEN */
    struct event *event;           /* START, STOP, OUTCOME, PRICE, EVENT: given its sequence here */
    struct stored_answer *answer;  /* START, STOP, OPEN, ANSWER: to store; out on KEY_REPLAY: the stored one */
    struct audit_line *audit;      /* STOP, OPEN, LIST_ENTRY, GARAGE_STATE, MAINTENANCE */
    char *inputs;                  /* STOP with price_pending: the recorded inputs, JSON, of PENDING_INPUTS_BYTES */
    struct policy_record *record;  /* POLICY: a revision to add, whole (its number is the caller's: the next one; where that
                                    * exists, NO_SUCH); name empty: none */
    struct policy_activation *activation; /* POLICY: a line of history to add; name empty: none */
    union {
        struct {
            uint32_t spots;            /* START: the garage's capacity */
        } start;
        struct {
            unsigned openings_max;     /* OPEN of a session: at most so many in all, this one included */
            int64_t since_ms;          /* counted from then on (wall); 0: all */
        } open;
        struct {
            struct door_opening opening;
            bool has_command;          /* bring opening.command's row to its final state */
            bool is_opening;           /* write a ledger line */
        } outcome;
        struct {
            struct list_entry entry;
            bool remove;
        } list;
        struct {
            char garage_id[SLUG_BYTES];
            bool set_state;
            enum garage_state state;
            bool set_occupied;
            int64_t occupied;
        } garage;
        struct {
            char garage_id[SLUG_BYTES];
            char door_id[SLUG_BYTES];
            int64_t until_ms;          /* 0 lifts the lock */
            char reason[REASON_BYTES];
        } maintenance;
        struct {
            struct device_token token;
            bool revoke;               /* by token.id */
        } token;
        struct {
            struct policy_deployment deployments[POLICIES_MAX]; /* each replaces the one of its name */
            unsigned count;
            enum { POLICY_MARK_NONE, POLICY_MARK_PROVEN, POLICY_MARK_QUARANTINED } mark;
            char marked_name[SLUG_BYTES];
            int marked_revision;
            int64_t marked_at_ms;
        } policy;
        struct {
            int64_t sessions_before_ms;
            int64_t answers_before_ms;
            int64_t outbox_before_ms;  /* 0: keep */
            int64_t records_before_ms; /* decisions, commands, ledger, audit */
            int64_t locks_before_ms;   /* maintenance that ended */
            uint64_t decisions_max;    /* the newest so many decisions stay, whatever their age; 0: no bound */
            unsigned decisions_deleted; /* out: of `deleted`, those */
            unsigned rows_max;         /* of each table, so that one pruning is short */
            unsigned deleted;          /* out */
        } prune;
    } u;
};

/*
 * Order does not matter between a command and its outcome: an OUTCOME whose command has no row yet writes the row whole, in
 * its final state, and a START, STOP or OPEN whose command is there already leaves it. A command may be final from the
 * beginning (an exit in maintenance). ANSWER replaces an earlier answer of the same key and digest.
 */

/* A zeroed change with one reference. NULL without memory. Any thread. */
struct store_change *store_change_create(enum store_change_kind kind);
void store_change_retain(struct store_change *change);
void store_change_release(struct store_change *change); /* accepts NULL */

/* ---- reads ---- */

/* What the policies want to know about a visit beyond the request. */
struct visit_facts {
    bool inside;
    int64_t last_exit_ms;
    int64_t visits_today;
    enum visit_kind kind;              /* from the lists "staff", "season", "booking", in this order */
    /* Where it is on more, some are left out, but never one that makes a kind. */
    char lists[LISTS_PER_VISIT_MAX][SLUG_BYTES];
    unsigned list_count;
    int64_t season_holders;
};

struct garage_counts {
    int64_t occupied;
    int64_t season_inside;
    enum garage_state state;
};

struct opening_count {
    unsigned openings;                 /* whatever became of them, except those refused or failed */
    bool has_opened;                   /* at any time: one of its commands ended as opened or fired */
};

/* A decision as it is remembered. */
struct stored_decision {
    struct uuid id;
    struct uuid session_id;            /* nil: it refused, and there is none */
    char garage_id[SLUG_BYTES];        /* empty: not known (nobody was asked) */
    enum policy_trigger trigger;
    enum decision_outcome outcome;
    int64_t decided_at_ms;
    int64_t cpu_ns;
    char traceparent[TRACEPARENT_BYTES];
    char revisions[3072];              /* JSON, see decision_write_revisions(); empty: nobody was asked */
    char reasons[8192];                /* JSON, see decision_write_reasons(); empty: nobody said anything */
    char result[4096];                 /* JSON, see decision_log.h; empty: no more than outcome and reasons */
    /* Whose it is: its own where it refused, else its session's. Empty: that is gone, or was erased. */
    char partner_id[SLUG_BYTES];
    char user_id[USER_ID_BYTES];
    char plate[PLATE_BYTES];
    /* What it was made from, with partner, user and plate as above and no zone. */
    bool has_inputs;
    char timezone[64];                 /* of the garage, then */
    struct policy_visit visit;
};

struct decision_filter {
    int64_t since_ms, until_ms;        /* wall; decided at or after, and before; 0: no bound */
    const char *policy;                /* was asked; NULL: any */
    bool has_trigger, has_outcome;
    enum policy_trigger trigger;
    enum decision_outcome outcome;
    bool oldest_first;
};

struct session_filter {
    const char *partner_id;            /* NULL: of all partners */
    const char *user_id;               /* the rest: NULL or a value */
    const char *garage_id;
    const char *plate;
    bool active, ended;                /* which tables; both: all */
};

/* Where a listing goes on: the order of the last row seen; INT64_MAX begins with the newest. */
typedef int64_t store_cursor;

struct maintenance_lock {
    char garage_id[SLUG_BYTES];
    char door_id[SLUG_BYTES];
    int64_t until_ms;
    char reason[REASON_BYTES];
};

struct pending_price {
    struct uuid session_id;
    char garage_id[SLUG_BYTES];
    char inputs[PENDING_INPUTS_BYTES]; /* JSON, as the STOP brought it */
};

/* How much room is left for writes. */
enum store_room {
    STORE_ROOM,          /* all writes */
    STORE_ROOM_RESERVE,  /* the reserve is in use: only stops, openings and outcomes */
    STORE_ROOM_NONE,     /* not even those: they wait in memory */
};

struct store_health {
    enum store_room room;
    bool writable;                     /* the writer runs, and its last commit went through */
    char problem[REASON_BYTES];        /* for people, where something is wrong */
    uint64_t commits;
    uint64_t changes;                  /* decided ones */
};

struct store_ops {
    /*
     * Apply a change durably and wait for it, until deadline_ms (monotonic).
     * OST_BUSY: the share of the queue for this kind is full; nothing was begun. OST_TIMEOUT: withdrawn before it began.
     * OST_UNCERTAIN: begun, not yet decided: the store keeps its reference and calls on_done.
     * OST_NO_SPACE: no room for this kind (see store_room); nothing was stored. OST_IO, OST_CORRUPT: nothing was stored.
     * OST_UNAVAILABLE: the store is closing.
     */
    enum ost_status (*commit)(struct store *store, struct store_change *change, int64_t deadline_ms);
    /*
     * Hand a change over (the caller's reference goes with it) to be applied in order with other posted ones, as soon as
     * it can be; faults are retried until it is decided or the store is destroyed. Never blocks. OST_BUSY: as many wait as
     * there may be (4,096); the change stays the caller's.
     */
    enum ost_status (*post)(struct store *store, struct store_change *change);

    /* OST_NOT_FOUND, or a fault. Active and past sessions; commands' states are as stored (the door thread knows newer ones). */
    enum ost_status (*find_session)(struct store *store, struct uuid id, struct session *out);
    /*
     * From memory, for a stop while find_session() has a fault: out->id, garage_id, partner_id, status and started_at_ms (to
     * the second), the rest zeroed. OST_NOT_FOUND: it does not run, or is not in memory: soon after a start the 262,144 newest are.
     */
    enum ost_status (*find_running)(struct store *store, struct uuid id, struct session *out);
    enum ost_status (*find_active_by_user)(struct store *store, const char *partner_id, const char *user_id,
                                           struct session *out);
    enum ost_status (*find_active_by_plate)(struct store *store, const char *garage_id, const char *plate,
                                            struct session *out);
    /* Newest first; at most limit rows into out; *count says how many, *next where to go on (0: no more). */
    enum ost_status (*list_sessions)(struct store *store, const struct session_filter *filter, store_cursor from,
                                     size_t limit, struct session *out, size_t *count, store_cursor *next);
    enum ost_status (*read_facts)(struct store *store, const char *garage_id, const char *plate, const char *user_id,
                                  int64_t today_from_ms, int64_t now_ms, struct visit_facts *out);
    /* Of a session at a door: its openings since a wall time, and whether it ever opened. */
    enum ost_status (*count_openings)(struct store *store, struct uuid session_id, const char *door_id, int64_t since_ms,
                                      struct opening_count *out);
    enum ost_status (*find_decision)(struct store *store, struct uuid id, struct stored_decision *out);
    /* Newest first, or as the filter says; from: INT64_MAX (oldest first: 0) begins; else as list_sessions(). */
    enum ost_status (*list_decisions)(struct store *store, const struct decision_filter *filter, store_cursor from,
                                      size_t limit, struct stored_decision *out, size_t *count, store_cursor *next);
    enum ost_status (*count_decisions)(struct store *store, uint64_t *count);
    enum ost_status (*find_command)(struct store *store, struct uuid id, struct door_command *out);
    /* When the oldest door command of since_ms or later (wall) was made. OST_NOT_FOUND: there is none. */
    enum ost_status (*first_command_since)(struct store *store, int64_t since_ms, int64_t *made_at_ms);
    enum ost_status (*find_answer)(struct store *store, const char *partner_id, const char *key,
                                   struct stored_answer *out);
    enum ost_status (*list_openings)(struct store *store, store_cursor from, size_t limit, struct door_opening *out,
                                     size_t *count, store_cursor *next);
    enum ost_status (*list_audit)(struct store *store, store_cursor from, size_t limit, struct audit_line *out,
                                  size_t *count, store_cursor *next);
    /* Entries of one list, by entry text, after the text `after` ("" begins). */
    enum ost_status (*list_entries)(struct store *store, const char *list, const char *after, size_t limit,
                                    struct list_entry *out, size_t *count);
    enum ost_status (*find_token)(struct store *store, const unsigned char hash[TOKEN_HASH_BYTES],
                                  struct device_token *out);
    enum ost_status (*list_tokens)(struct store *store, size_t limit, struct device_token *out, size_t *count);
    /* The locks in force at now_ms (wall), by garage and door; the page after the lock `after` (NULL begins). */
    enum ost_status (*list_maintenance)(struct store *store, int64_t now_ms, const struct maintenance_lock *after,
                                        size_t limit, struct maintenance_lock *out, size_t *count);
    enum ost_status (*list_pending_prices)(struct store *store, store_cursor from, size_t limit,
                                           struct pending_price *out, size_t *count, store_cursor *next);

    /* A revision of a policy; 0: the newest (its source may be empty: it was only numbered). OST_NOT_FOUND. */
    enum ost_status (*find_policy)(struct store *store, const char *name, int revision, struct policy_record *out);
    /* The revision of a policy that has this digest. OST_NOT_FOUND. */
    enum ost_status (*find_policy_digest)(struct store *store, const char *name, const unsigned char sha256[32],
                                          int *revision);
    /* Newest first; before: revisions below this one (INT_MAX begins). */
    enum ost_status (*list_policy_revisions)(struct store *store, const char *name, int before, size_t limit,
                                             struct policy_record *out, size_t *count);
    /* By name; at most max. A policy that was ever deployed has one, also while it is off. */
    enum ost_status (*list_deployments)(struct store *store, struct policy_deployment *out, size_t max, size_t *count);
    /* Newest first; name NULL: of all policies. */
    enum ost_status (*list_activations)(struct store *store, const char *name, store_cursor from, size_t limit,
                                        struct policy_activation *out, size_t *count, store_cursor *next);

    /* From memory, never blocks, always equal to the last commit. OST_NOT_FOUND: no such garage was ever opened. */
    enum ost_status (*garage_counts)(struct store *store, const char *garage_id, struct garage_counts *out);
    void (*health)(struct store *store, struct store_health *out);
    /* A consistent copy of the whole store in a new file, while it is in use. */
    enum ost_status (*backup)(struct store *store, const char *path);
    /* Waits for what was committed and posted (at most 10 s), then frees all. */
    void (*destroy)(struct store *store);
};

struct store {
    const struct store_ops *ops;
};

#endif
