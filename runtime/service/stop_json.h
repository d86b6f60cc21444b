/* A stop's change as one JSON object, so that a stop which the store could not take outlives the process. */
#ifndef OSTLER_SERVICE_STOP_JSON_H
#define OSTLER_SERVICE_STOP_JSON_H

#include "runtime/base/json.h"
#include "runtime/ports/store.h"

#define STOP_JSON_BYTES (128 * 1024) /* the longest has less, all its texts escaped */

/*
 * session: as it was answered, with its partner. The idempotent answer is left out: a repeated stop finds the session ended,
 * and opens nothing.
 */
void stop_json_write(struct json_writer *writer, const struct store_change *change, const struct session *session);
/* Into a new change of kind STOP, and the session. OST_CORRUPT: not such an object; both are then of no use. */
enum ost_status stop_json_read(const struct json_value *value, struct store_change *change,
                               struct session *session) OST_MUST_CHECK;

#endif
