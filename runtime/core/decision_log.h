/*
 * What the decision log keeps: the inputs of a decision, enough to make it again, and its result. What rarely varies - the garage
 * and who was asked - is a context of its own, so that a row on flash is short; of the rest, what is empty is left out. Whose the
 * visit was (plate, user, partner) is in neither: it goes by the session, and is erased with it.
 */
#ifndef OSTLER_CORE_DECISION_LOG_H
#define OSTLER_CORE_DECISION_LOG_H

#include "runtime/core/decision.h"

#define DECISION_CONTEXT_BYTES 1024
#define DECISION_INPUTS_BYTES 3072
#define DECISION_RESULT_BYTES 4096
#define ZONE_NAME_BYTES 64

/* {"id","name","currency","timezone","capacity"} of the visit's garage. */
void decision_write_context(struct json_writer *writer, const struct policy_visit *visit);
void decision_write_inputs(struct json_writer *writer, const struct policy_visit *visit);
/*
 * The other way: plate, user, partner and the zone are left for the caller. timezone: of the garage, then. OST_CORRUPT: these are
 * no such texts.
 */
enum ost_status decision_read_inputs(const char *context, const char *inputs, struct policy_visit *visit,
                                     char timezone[ZONE_NAME_BYTES]) OST_MUST_CHECK;

/* What there is beyond outcome and reasons: {"leaveBy","price","offer","state","alarms","notes","shadows"}. False: nothing. */
bool decision_write_result(struct json_writer *writer, const struct decision *decision);

#endif
