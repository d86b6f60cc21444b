/*
 * Events: what leaves the device, as CloudEvents 1.0 (see the event contract). A plain value; the sequence is given by the
 * store, in the transaction that holds the change.
 */
#ifndef OSTLER_CORE_EVENT_H
#define OSTLER_CORE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"
#include "runtime/base/uuid.h"
#include "runtime/core/decision.h"
#include "runtime/core/door.h"
#include "runtime/core/limits.h"
#include "runtime/core/policy.h"
#include "runtime/core/session.h"

#define EVENT_DATA_BYTES 8192
#define EVENT_SUBJECT_BYTES 80

enum event_type { EVENT_SESSION_STARTED, EVENT_SESSION_ENDED, EVENT_DOOR_OPENED, EVENT_DOOR_FAULT, EVENT_POLICY_NOTIFIED,
                  EVENT_POLICY_DEPLOYED };

struct event {
    struct uuid id;
    enum event_type type;
    char garage_id[SLUG_BYTES];          /* source and partition key */
    char subject[EVENT_SUBJECT_BYTES];   /* "session/<id>", "door/<id>", "policy/<name>" */
    int64_t time_ms;                     /* wall */
    enum clock_trust trust;
    char traceparent[TRACEPARENT_BYTES]; /* empty: none */
    size_t data_length;
    char data[EVENT_DATA_BYTES];         /* JSON, data_length bytes and a NUL */
};

/* "ostler.session.started.v1" and so on: a static string. */
const char *event_type_text(enum event_type type);

/*
 * Fill the type, subject, garage and data of *event; id, time and trust are the caller's to set.
 * plate_hash: the keyed hash of the plate as hexadecimal text (clear text never leaves unless the tenant allows it).
 */
void event_session_started(struct event *event, const struct session *session, const struct decision *decision,
                           const char *plate_hash);
void event_session_ended(struct event *event, const struct session *session, const struct decision *decision);
void event_door_opened(struct event *event, const struct door_command *command);
void event_door_fault(struct event *event, const char *garage_id, const char *door_id, const char *code,
                      const char *severity, int64_t raised_at_ms, int64_t cleared_at_ms);
/* hash: hexadecimal text of the revision's SHA-256. revision 0: none is live, or what was rejected has no number. */
void event_policy_deployed(struct event *event, const char *garage_id, const char *name, int revision, const char *hash,
                           const char *author, enum policy_result result, int previous);
/* A note of a decision, whole: its id, time and trust are the decision's. session_id nil: there is no session. */
void event_policy_notified(struct event *event, const struct decision *decision, unsigned note, const char *garage_id,
                           struct uuid session_id);

#endif
